/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/client/hold_trial.h"

static char letter_of(const struct linkwatch_link *link)
{
    return "-dcu"[link_rank(link)];
}

__attribute__((format(printf, 2, 3))) static void write_down(struct trial *trial,
                                                             const char *format, ...)
{
    size_t length = strlen(trial->words);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(trial->words + length, sizeof(trial->words) - length, format, arguments);
    va_end(arguments);
}

static void write_event(struct trial *trial, const struct linkwatch_event *event)
{
    int64_t sequence;

    if (linkwatch_event_get_sequence(event, &sequence) >= 0)
        write_down(trial, "#%d", (int)sequence);
    if (linkwatch_event_flaps(event) > 0)
        write_down(trial, "*%d", (int)linkwatch_event_flaps(event));
    write_down(trial, "%c", linkwatch_event_more_follows(event) ? ',' : ' ');
}

static void write_link(struct trial *trial, const struct linkwatch_link *link,
                       const struct linkwatch_event *event)
{
    int64_t mtu;

    write_down(trial, "%d%c", linkwatch_link_ifindex(link), letter_of(link));
    assert_int_equal(linkwatch_link_get_integer(link, LINKWATCH_FIELD_MTU, &mtu), 0);
    if (mtu != 1500)
        write_down(trial, ":%d", (int)mtu);
    write_event(trial, event);
}

static void on_add(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    write_down(user, "+");
    write_link(user, link, event);
}

static void on_change(void *user, struct linkwatch_link *before, struct linkwatch_link *now,
                      linkwatch_fields fields, const struct linkwatch_event *event)
{
    assert_int_equal(linkwatch_link_compare(before, now), fields);
    write_down(user, "~");
    write_link(user, now, event);
}

static void on_remove(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    write_down(user, "-%d", linkwatch_link_ifindex(link));
    write_event(user, event);
}

static void on_address_add(void *user, struct linkwatch_address *address,
                           const struct linkwatch_event *event)
{
    write_down(user, "+@%d", linkwatch_address_ifindex(address));
    write_event(user, event);
}

static void on_address_remove(void *user, struct linkwatch_address *address,
                              const struct linkwatch_event *event)
{
    write_down(user, "-@%d", linkwatch_address_ifindex(address));
    write_event(user, event);
}

static const struct linkwatch_callbacks callbacks = {
    .size = sizeof(callbacks),
    .add = on_add,
    .change = on_change,
    .remove = on_remove,
    .address_add = on_address_add,
    .address_remove = on_address_remove,
};

void trial_expect(struct trial *trial, const char *words)
{
    assert_string_equal(trial->words, words);
    trial->words[0] = '\0';
}

json_t *trial_message(const struct trial *trial, const char *type)
{
    return input_message(type, trial->instance, trial->sequence);
}

void trial_send(struct trial *trial, json_t *json)
{
    input_send_new(&trial->state, json);
}

static json_t *link_json(struct spec spec)
{
    char name[16];
    json_t *json;

    snprintf(name, sizeof(name), "eth%d", spec.ifindex);
    json = input_link(spec.ifindex, spec.name ? spec.name : name, spec.rank,
                      spec.mtu ? spec.mtu : 1500);
    if (spec.master)
        json_object_set_new(json, "master_ifindex", json_integer(spec.master));
    if (spec.altname)
        json_object_set_new(json, "altnames", json_pack("[s]", spec.altname));
    return json;
}

json_t *trial_link_message(const struct trial *trial, const char *type, struct spec spec)
{
    json_t *json = trial_message(trial, type);

    json_object_set_new(json, "link", link_json(spec));
    return json;
}

void trial_report_due(struct trial *trial)
{
    assert_int_equal(mirror_state_report_due(&trial->state), 0);
}

void trial_event(struct trial *trial, const char *type, struct spec spec)
{
    trial->sequence++;
    trial_send(trial, trial_link_message(trial, type, spec));
    trial_report_due(trial);
}

void trial_flapping(struct trial *trial, struct spec spec, int flaps)
{
    json_t *json;

    trial->sequence++;
    json = trial_link_message(trial, "change", spec);
    json_object_set_new(json, "flaps", json_integer(flaps));
    trial_send(trial, json);
    trial_report_due(trial);
}

void trial_address_event(struct trial *trial, const char *type, int ifindex, int number)
{
    json_t *json;

    trial->sequence++;
    json = trial_message(trial, type);
    json_object_set_new(json, "address", input_address(ifindex, number));
    trial_send(trial, json);
    trial_report_due(trial);
}

void trial_pass(struct trial *trial, uint64_t time)
{
    assert_true(mirror_state_deadline(&trial->state) >= trial->state.now + time);
    trial->state.now += time;
    trial_report_due(trial);
}

void trial_expect_due_in(const struct trial *trial, uint64_t time)
{
    assert_int_equal(mirror_state_deadline(&trial->state), trial->state.now + time);
}

void trial_expect_quiet(const struct trial *trial)
{
    assert_true(mirror_state_deadline(&trial->state) == UINT64_MAX);
}

void trial_snapshot(struct trial *trial, size_t count, const struct spec *specs)
{
    for (size_t i = 0; i < count; i++)
        trial_send(trial, trial_link_message(trial, "snapshot", specs[i]));
    trial_send(trial, trial_message(trial, "ready"));
    trial_report_due(trial);
}

void trial_connect(struct trial *trial)
{
    json_decref(mirror_state_begin(&trial->state));
}

struct trial *trial_new(void **state, const char *glob)
{
    struct trial *trial = calloc(1, sizeof(*trial));
    struct linkwatch_filter *filter;

    assert_non_null(trial);
    *state = trial;
    assert_int_equal(linkwatch_filter_new(&filter), 0);
    if (glob)
        assert_int_equal(linkwatch_filter_add_name(filter, glob), 0);
    assert_int_equal(mirror_state_init(&trial->state, filter, &callbacks, trial), 0);
    linkwatch_filter_free(filter);
    trial->state.hold.times = (struct hold_times){.up = UP, .down = DOWN};
    trial->state.follows_addresses = true;
    trial->state.now = 1000 * SECOND;
    trial_connect(trial);
    return trial;
}

struct trial *trial_start_with(void **state, const char *glob, size_t count,
                               const struct spec *specs)
{
    struct trial *trial = trial_new(state, glob);

    trial_snapshot(trial, count, specs);
    trial->words[0] = '\0';
    return trial;
}

struct trial *trial_start(void **state)
{
    return trial_start_with(state, NULL, ARRAY(LINK(2, .rank = 'u')));
}

int trial_end(void **state)
{
    struct trial *trial = *state;

    mirror_state_clear(&trial->state);
    free(trial);
    return 0;
}
