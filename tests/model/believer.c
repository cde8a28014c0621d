/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/model/believer.h"

#include <string.h>

#include "tests/model/check.h"

void believer_init(struct believer *believer, believer_filter passes)
{
    *believer = (struct believer){.passes = passes, .picture = json_object()};
}

void believer_clear(struct believer *believer)
{
    json_decref(believer->picture);
    json_decref(believer->fresh);
    *believer = (struct believer){0};
}

static void start_anew(struct believer *believer)
{
    json_decref(believer->fresh);
    believer->fresh = json_object();
    believer->ready = believer->more_follows = false;
}

void believer_connects(struct believer *believer, bool resumes)
{
    believer->begins = true;
    believer->resumes = resumes;
    believer->ready = believer->more_follows = false;
    json_decref(believer->fresh);
    believer->fresh = resumes ? NULL : json_object();
}

static const char *text_in(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));

    CHECK(text);
    return text;
}

static bool passes(const struct believer *believer, const json_t *link)
{
    return !believer->passes || believer->passes(link);
}

static json_t *picture_of(const struct believer *believer)
{
    return believer->fresh ? believer->fresh : believer->picture;
}

struct key {
    char text[16];
};

static struct key key_of(int ifindex)
{
    struct key key;

    snprintf(key.text, sizeof(key.text), "%d", ifindex);
    return key;
}

static struct key key_of_link(const json_t *link)
{
    json_int_t ifindex = json_integer_value(json_object_get(link, "ifindex"));

    CHECK(ifindex > 0 && ifindex <= INT32_MAX);
    return key_of((int)ifindex);
}

/* Missing and null are the same: not known, or none. */
static bool same(const json_t *a, const json_t *b)
{
    a = json_is_null(a) ? NULL : a;
    b = json_is_null(b) ? NULL : b;
    return a == b || json_equal(a, b);
}

/* Each field that differs is in old with its value before, and no other is. */
static void check_old(const json_t *before, const json_t *after, const json_t *old)
{
    const char *name;
    json_t *value;

    CHECK(json_object_size(old) > 0);
    json_object_foreach ((json_t *)old, name, value)
        CHECK(same(json_object_get(before, name), value));
    json_object_foreach ((json_t *)before, name, value)
        CHECK(json_object_get(old, name) || same(value, json_object_get(after, name)));
    json_object_foreach ((json_t *)after, name, value)
        CHECK(json_object_get(old, name) || same(value, json_object_get(before, name)));
}

static void keep(const struct believer *believer, const json_t *link)
{
    json_t *picture = picture_of(believer);

    if (passes(believer, link))
        CHECK(json_object_set(picture, key_of_link(link).text, (json_t *)link) == 0);
    else
        json_object_del(picture, key_of_link(link).text);
}

static void take_change(const struct believer *believer, const json_t *link, const json_t *old)
{
    const json_t *held = json_object_get(picture_of(believer), key_of_link(link).text);

    CHECK(json_is_object(old));
    CHECK(held || believer->passes);
    if (held)
        check_old(held, link, old);
    keep(believer, link);
}

/* No link has the name or alternative name of another one, and each master is there. */
static void check_possible(const struct believer *believer)
{
    json_t *names = json_object();
    const char *key;
    json_t *link, *name;
    size_t i;

    json_object_foreach (picture_of(believer), key, link) {
        json_t *master = json_object_get(link, "master_ifindex");

        CHECK(!json_object_get(names, text_in(link, "ifname")));
        json_object_set_new(names, text_in(link, "ifname"), json_null());
        json_array_foreach (json_object_get(link, "altnames"), i, name) {
            CHECK(!json_object_get(names, json_string_value(name)));
            json_object_set_new(names, json_string_value(name), json_null());
        }
        if (!json_is_integer(master))
            continue;
        master =
            json_object_get(picture_of(believer), key_of((int)json_integer_value(master)).text);
        CHECK(master && strcmp(text_in(master, "ifname"), text_in(link, "master")) == 0);
    }
    json_decref(names);
}

static void take_event(struct believer *believer, const char *type, const json_t *parameters)
{
    const json_t *link = json_object_get(parameters, "link");
    const json_t *held = json_object_get(picture_of(believer), key_of_link(link).text);
    const char *learned = text_in(parameters, "learned");

    CHECK(strcmp(learned, "notification") == 0 || strcmp(learned, "dump") == 0);
    if (strcmp(type, "add") == 0) {
        CHECK(!held);
        CHECK(passes(believer, link));
        keep(believer, link);
    } else if (strcmp(type, "remove") == 0) {
        CHECK(held && json_equal(held, link));
        json_object_del(picture_of(believer), key_of_link(link).text);
    } else {
        CHECK(strcmp(type, "change") == 0);
        take_change(believer, link, json_object_get(parameters, "old"));
    }
}

static void take_ready(struct believer *believer, const json_t *parameters)
{
    CHECK(!believer->ready && (believer->fresh || !believer->more_follows));
    text_in(json_object_get(parameters, "source"), "standing");
    believer->ready = true;
    if (!believer->fresh)
        return;
    json_decref(believer->picture);
    believer->picture = believer->fresh;
    believer->fresh = NULL;
}

static void take_snapshot(struct believer *believer, const json_t *parameters)
{
    const json_t *link = json_object_get(parameters, "link");

    CHECK(believer->fresh);
    CHECK(passes(believer, link));
    CHECK(!json_object_get(believer->fresh, key_of_link(link).text));
    keep(believer, link);
}

/* With a filter, numbers are passed over, and while a snapshot comes; else none is. */
static void take_lost(struct believer *believer, const json_t *parameters, uint64_t sequence)
{
    const json_t *lost = json_object_get(parameters, "lost");
    const char *instance = text_in(parameters, "instance");
    bool known = strcmp(believer->instance, instance) == 0;
    uint64_t count = (uint64_t)json_integer_value(lost);

    CHECK(!known || json_is_integer(lost));
    if (known && !believer->fresh && !believer->passes)
        CHECK(count == sequence - believer->sequence);
    if (known)
        CHECK(count >= 1);
    believer->lost += count;
    start_anew(believer);
}

static void check_number(const struct believer *believer, const char *type, uint64_t sequence)
{
    bool skips = believer->fresh || believer->passes;

    if (strcmp(type, "lost") == 0 || (believer->begins && !believer->resumes))
        return;
    CHECK(sequence >= believer->sequence);
    if (strcmp(type, "snapshot") == 0 || strcmp(type, "ready") == 0)
        CHECK(skips || sequence == believer->sequence);
    else
        CHECK(skips ? sequence > believer->sequence : sequence == believer->sequence + 1);
}

static void take_parameters(struct believer *believer, const json_t *parameters)
{
    const char *type = text_in(parameters, "type");
    const char *instance = text_in(parameters, "instance");
    uint64_t sequence = (uint64_t)json_integer_value(json_object_get(parameters, "sequence"));
    bool more_follows = json_is_true(json_object_get(parameters, "more_follows"));

    CHECK(json_is_integer(json_object_get(parameters, "sequence")));
    check_number(believer, type, sequence);
    if (!believer->begins || (believer->resumes && strcmp(type, "lost") != 0))
        CHECK(strcmp(believer->instance, instance) == 0);
    /* Before ready no position can be resumed from; before the first dump there is none but the
     * source's. */
    CHECK(!believer->fresh || more_follows || !json_object_get(parameters, "link"));
    if (strcmp(type, "snapshot") == 0)
        take_snapshot(believer, parameters);
    else if (strcmp(type, "ready") == 0)
        take_ready(believer, parameters);
    else if (strcmp(type, "lost") == 0)
        take_lost(believer, parameters, sequence);
    else if (strcmp(type, "source") == 0)
        text_in(json_object_get(parameters, "source"), "standing");
    else
        take_event(believer, type, parameters);
    /* The snapshot is complete with "ready". */
    if (!believer->passes && believer->ready && !more_follows)
        check_possible(believer);
    believer->more_follows = more_follows;
    believer->sequence = sequence;
    believer->begins = false;
    snprintf(believer->instance, sizeof(believer->instance), "%s", instance);
}

void believer_take(struct believer *believer, const char *message, size_t length)
{
    json_t *reply = json_loadb(message, length, JSON_REJECT_DUPLICATES, NULL);

    CHECK(reply);
    if (json_object_get(reply, "error"))
        fprintf(stderr, "%.*s\n", (int)length, message);
    CHECK(!json_object_get(reply, "error"));
    CHECK(json_is_true(json_object_get(reply, "continues")));
    take_parameters(believer, json_object_get(reply, "parameters"));
    believer->messages++;
    json_decref(reply);
}

const json_t *believer_link(const struct believer *believer, int ifindex)
{
    return json_object_get(believer->picture, key_of(ifindex).text);
}
