/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/link_object.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/fields.h"
#include "protocol/glob.h"

#define X(id, name) \
    _Static_assert((int)LINKWATCH_FIELD_##id == (int)LINK_FIELD_##id, "fields have one number");
LINK_FIELDS(X)
#undef X
_Static_assert((int)LINKWATCH_FIELD_LINK_IFINDEX + 1 == (int)LINK_FIELD_COUNT,
               "no field is missing");

/* A name is a text whose bytes may stand beside it. */
enum form { NUMBER, TRUTH, TEXT, TEXTS, NAME, NAMES, INFO };

static const enum form forms[LINK_FIELD_COUNT] = {
    [LINK_FIELD_IFINDEX] = NUMBER,
    [LINK_FIELD_IFNAME] = NAME,
    [LINK_FIELD_ALTNAMES] = NAMES,
    [LINK_FIELD_IFALIAS] = TEXT,
    [LINK_FIELD_LINK_TYPE] = TEXT,
    [LINK_FIELD_FLAGS] = TEXTS,
    [LINK_FIELD_OPERSTATE] = TEXT,
    [LINK_FIELD_LINKMODE] = TEXT,
    [LINK_FIELD_CARRIER] = TRUTH,
    [LINK_FIELD_CARRIER_CHANGES] = NUMBER,
    [LINK_FIELD_CARRIER_UP_COUNT] = NUMBER,
    [LINK_FIELD_CARRIER_DOWN_COUNT] = NUMBER,
    [LINK_FIELD_MTU] = NUMBER,
    [LINK_FIELD_MIN_MTU] = NUMBER,
    [LINK_FIELD_MAX_MTU] = NUMBER,
    [LINK_FIELD_ADDRESS] = TEXT,
    [LINK_FIELD_BROADCAST] = TEXT,
    [LINK_FIELD_PERMADDR] = TEXT,
    [LINK_FIELD_MASTER] = NAME,
    [LINK_FIELD_LINK] = NAME,
    [LINK_FIELD_LINK_INDEX] = NUMBER,
    [LINK_FIELD_LINK_NETNSID] = NUMBER,
    [LINK_FIELD_GROUP] = TEXT,
    [LINK_FIELD_TXQLEN] = NUMBER,
    [LINK_FIELD_QDISC] = TEXT,
    [LINK_FIELD_PROMISCUITY] = NUMBER,
    [LINK_FIELD_NUM_TX_QUEUES] = NUMBER,
    [LINK_FIELD_NUM_RX_QUEUES] = NUMBER,
    [LINK_FIELD_PARENTBUS] = TEXT,
    [LINK_FIELD_PARENTDEV] = TEXT,
    [LINK_FIELD_LINKINFO] = INFO,
    [LINK_FIELD_MASTER_IFINDEX] = NUMBER,
    [LINK_FIELD_LINK_IFINDEX] = NUMBER,
};

struct value {
    int64_t number;   /* the number or truth; for TEXTS and NAMES, how many */
    const char *text; /* TEXT, NAME; for TEXTS and NAMES, one behind the other; for INFO,
                       * info_kind or NULL */
};

struct linkwatch_link {
    unsigned references;
    size_t bytes; /* of memory, with the JSON */
    linkwatch_fields known;
    struct value values[LINK_FIELD_COUNT];
    const char *slave_kind; /* for INFO, or NULL */
    char *json;
    char texts[]; /* what the values point at */
};

/* Puts texts one behind the other, or only finds how much room they need. */
struct writer {
    char *to; /* NULL to measure */
    size_t size;
};

static const char *put(struct writer *writer, const char *text)
{
    size_t size = strlen(text) + 1;
    char *to = writer->to ? memcpy(writer->to + writer->size, text, size) : NULL;

    writer->size += size;
    return to;
}

static bool is_known(const struct linkwatch_link *link, int field)
{
    return link->known & (UINT64_C(1) << field);
}

static int put_string(struct writer *writer, const json_t *json, const char **ret)
{
    if (!json_is_string(json))
        return -EBADMSG;
    *ret = put(writer, json_string_value(json));
    return 0;
}

static int digit_value(char digit)
{
    int c = tolower((unsigned char)digit);

    if (!isxdigit(c))
        return -EBADMSG;
    return isdigit(c) ? c - '0' : c - 'a' + 10;
}

/* Bytes, none of them NUL, from a string of two hexadecimal digits each. */
static int put_bytes(struct writer *writer, const json_t *json, const char **ret)
{
    const char *digits = json_string_value(json);
    char *to = writer->to ? writer->to + writer->size : NULL;
    size_t count = 0;

    if (!digits || !*digits)
        return -EBADMSG;
    for (; digits[2 * count]; count++) {
        int high = digit_value(digits[2 * count]);
        int low = digit_value(digits[2 * count + 1]);

        if (high < 0 || low < 0 || (high == 0 && low == 0))
            return -EBADMSG;
        if (to)
            to[count] = (char)(high << 4 | low);
    }
    if (to)
        to[count] = '\0';
    writer->size += count + 1;
    *ret = to;
    return 0;
}

static int read_texts(struct value *value, const json_t *json, struct writer *writer,
                      int (*put_one)(struct writer *, const json_t *, const char **))
{
    size_t i;
    json_t *element;

    if (!json_is_array(json))
        return -EBADMSG;
    value->number = (int64_t)json_array_size(json);
    value->text = NULL;
    json_array_foreach (json, i, element) {
        const char *text;
        int r = put_one(writer, element, &text);

        if (r < 0)
            return r;
        if (i == 0)
            value->text = text;
    }
    return 0;
}

/* What a name, or each of several, really is, where JSON couldn't hold it; NULL elsewhere. */
static const json_t *bytes_beside(const json_t *link, int field)
{
    const json_t *bytes = json_object_get(link, link_field_bytes_name((enum link_field)field));

    return json_is_null(bytes) ? NULL : bytes;
}

static int read_kind(const json_t *info, const char *name, const char **ret, struct writer *writer)
{
    const json_t *kind = json_object_get(info, name);

    if (!kind || json_is_null(kind))
        return 0;
    if (!json_is_string(kind))
        return -EBADMSG;
    *ret = put(writer, json_string_value(kind));
    return 0;
}

static int read_info(struct linkwatch_link *link, const json_t *json, struct writer *writer)
{
    int r;

    if (!json_is_object(json))
        return -EBADMSG;
    r = read_kind(json, "info_kind", &link->values[LINK_FIELD_LINKINFO].text, writer);
    if (r < 0)
        return r;
    return read_kind(json, "info_slave_kind", &link->slave_kind, writer);
}

static int read_value(struct linkwatch_link *link, int field, const json_t *json,
                      const json_t *bytes, struct writer *writer)
{
    struct value *value = &link->values[field];

    switch (forms[field]) {
    case NUMBER:
        value->number = json_integer_value(json);
        return json_is_integer(json) ? 0 : -EBADMSG;
    case TRUTH:
        value->number = json_is_true(json);
        return json_is_boolean(json) ? 0 : -EBADMSG;
    case TEXT:
        return put_string(writer, json, &value->text);
    case TEXTS:
        return read_texts(value, json, writer, put_string);
    case NAME:
        return bytes ? put_bytes(writer, bytes, &value->text)
                     : put_string(writer, json, &value->text);
    case NAMES:
        return bytes ? read_texts(value, bytes, writer, put_bytes)
                     : read_texts(value, json, writer, put_string);
    case INFO:
        return read_info(link, json, writer);
    }
    return -EBADMSG;
}

static int read_values(struct linkwatch_link *link, const json_t *json, struct writer *writer)
{
    for (int field = 0; field < LINK_FIELD_COUNT; field++) {
        const json_t *value = json_object_get(json, link_field_name((enum link_field)field));
        int r;

        if (!value || json_is_null(value))
            continue;
        r = read_value(link, field, value, bytes_beside(json, field), writer);
        if (r < 0)
            return r;
        link->known |= UINT64_C(1) << field;
    }
    return 0;
}

/* Everybody counts on these two. */
static bool is_usable(const struct linkwatch_link *link)
{
    int64_t index = link->values[LINK_FIELD_IFINDEX].number;

    return is_known(link, LINK_FIELD_IFINDEX) && index >= 1 && index <= INT_MAX &&
           is_known(link, LINK_FIELD_IFNAME) && link->values[LINK_FIELD_IFNAME].text[0];
}

int link_from_json(const json_t *json, struct linkwatch_link **ret)
{
    struct linkwatch_link measured = {0};
    struct writer writer = {0};
    struct linkwatch_link *link;
    int r;

    if (!json_is_object(json))
        return -EBADMSG;
    r = read_values(&measured, json, &writer);
    if (r < 0)
        return r;
    link = calloc(1, sizeof(*link) + writer.size);
    if (!link)
        return -ENOMEM;
    link->references = 1;
    link->bytes = sizeof(*link) + writer.size;
    writer = (struct writer){.to = link->texts};
    r = read_values(link, json, &writer);
    if (r >= 0 && !is_usable(link))
        r = -EBADMSG;
    if (r >= 0) {
        link->json = json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII);
        r = link->json ? 0 : -ENOMEM;
    }
    if (r >= 0)
        link->bytes += strlen(link->json) + 1;
    if (r < 0) {
        linkwatch_link_unref(link);
        return r;
    }
    *ret = link;
    return 0;
}

struct linkwatch_link *linkwatch_link_ref(struct linkwatch_link *link)
{
    __atomic_add_fetch(&link->references, 1, __ATOMIC_RELAXED);
    return link;
}

struct linkwatch_link *linkwatch_link_unref(struct linkwatch_link *link)
{
    if (!link || __atomic_sub_fetch(&link->references, 1, __ATOMIC_ACQ_REL) > 0)
        return NULL;
    free(link->json);
    free(link);
    return NULL;
}

int linkwatch_link_ifindex(const struct linkwatch_link *link)
{
    return (int)link->values[LINK_FIELD_IFINDEX].number;
}

const char *linkwatch_link_ifname(const struct linkwatch_link *link)
{
    return link->values[LINK_FIELD_IFNAME].text;
}

size_t link_bytes(const struct linkwatch_link *link)
{
    return link->bytes;
}

const char *linkwatch_link_json(const struct linkwatch_link *link)
{
    return link->json;
}

/* Whether a field of that number can have a value of that form, and the link has it. */
static int check_field(const struct linkwatch_link *link, int field, bool is_form)
{
    if (field < 0 || field >= LINK_FIELD_COUNT)
        return -ENODATA;
    if (!is_form)
        return -EINVAL;
    return is_known(link, field) ? 0 : -ENODATA;
}

static bool has_form(int field, enum form form)
{
    return field >= 0 && field < LINK_FIELD_COUNT && forms[field] == form;
}

int linkwatch_link_get_integer(const struct linkwatch_link *link, int field, int64_t *ret)
{
    int r = check_field(link, field, has_form(field, NUMBER));

    if (r >= 0)
        *ret = link->values[field].number;
    return r;
}

int linkwatch_link_get_boolean(const struct linkwatch_link *link, int field, bool *ret)
{
    int r = check_field(link, field, has_form(field, TRUTH));

    if (r >= 0)
        *ret = link->values[field].number;
    return r;
}

static int give_text(const char *text, const char **ret)
{
    if (!text)
        return -ENODATA;
    *ret = text;
    return 0;
}

int linkwatch_link_get_string(const struct linkwatch_link *link, int field, const char **ret)
{
    int r = check_field(link, field,
                        has_form(field, TEXT) || has_form(field, NAME) || has_form(field, INFO));

    return r < 0 ? r : give_text(link->values[field].text, ret);
}

int linkwatch_link_get_info_slave_kind(const struct linkwatch_link *link, const char **ret)
{
    return give_text(link->slave_kind, ret);
}

const char *link_next_text(const struct linkwatch_link *link, enum linkwatch_field field,
                           const char *text)
{
    const struct value *value = &link->values[field];
    const char *next = value->text;

    for (int64_t i = 0; i < value->number; i++) {
        if (!text)
            return next;
        if (next == text)
            text = NULL;
        next += strlen(next) + 1;
    }
    return NULL;
}

const char *linkwatch_link_next_altname(const struct linkwatch_link *link, const char *altname)
{
    return link_next_text(link, LINKWATCH_FIELD_ALTNAMES, altname);
}

const char *linkwatch_link_next_flag(const struct linkwatch_link *link, const char *flag)
{
    return link_next_text(link, LINKWATCH_FIELD_FLAGS, flag);
}

int linkwatch_link_has_flag(const struct linkwatch_link *link, const char *flag)
{
    const char *next = NULL;

    if (!is_known(link, LINK_FIELD_FLAGS))
        return -ENODATA;
    while ((next = linkwatch_link_next_flag(link, next)))
        if (strcmp(next, flag) == 0)
            return 1;
    return 0;
}

bool linkwatch_link_matches(const struct linkwatch_link *link, const char *name)
{
    const char *altname = NULL;

    if (glob_matches(name, linkwatch_link_ifname(link)))
        return true;
    while ((altname = linkwatch_link_next_altname(link, altname)))
        if (glob_matches(name, altname))
            return true;
    return false;
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_texts(const struct linkwatch_link *a, const struct linkwatch_link *b, int field)
{
    const char *in_a = NULL;
    const char *in_b = NULL;

    do {
        in_a = link_next_text(a, (enum linkwatch_field)field, in_a);
        in_b = link_next_text(b, (enum linkwatch_field)field, in_b);
    } while (in_a && in_b && strcmp(in_a, in_b) == 0);
    return !in_a && !in_b;
}

static bool same_value(const struct linkwatch_link *a, const struct linkwatch_link *b, int field)
{
    if (is_known(a, field) != is_known(b, field))
        return false;
    switch (forms[field]) {
    case NUMBER:
    case TRUTH:
        return a->values[field].number == b->values[field].number;
    case TEXT:
    case NAME:
        return same_text(a->values[field].text, b->values[field].text);
    case TEXTS:
    case NAMES:
        return same_texts(a, b, field);
    case INFO:
        return same_text(a->values[field].text, b->values[field].text) &&
               same_text(a->slave_kind, b->slave_kind);
    }
    return false;
}

linkwatch_fields linkwatch_link_compare(const struct linkwatch_link *a,
                                        const struct linkwatch_link *b)
{
    linkwatch_fields fields = 0;

    if (strcmp(a->json, b->json) == 0)
        return 0;
    for (int field = 0; field < LINK_FIELD_COUNT; field++)
        if (!same_value(a, b, field))
            fields |= UINT64_C(1) << field;
    return fields;
}

static bool went_back(const struct linkwatch_link *before, const struct linkwatch_link *now,
                      int field)
{
    return is_known(before, field) && is_known(now, field) &&
           now->values[field].number < before->values[field].number;
}

/* The address that a link was made with, as far as it is known; NULL if it isn't. */
static const char *own_address(const struct linkwatch_link *link)
{
    const char *permanent = link->values[LINK_FIELD_PERMADDR].text;

    return permanent ? permanent : link->values[LINK_FIELD_ADDRESS].text;
}

static bool addresses_are(const struct linkwatch_link *before, const struct linkwatch_link *now,
                          bool same)
{
    const char *old = own_address(before);
    const char *new = own_address(now);

    return old && new &&same_text(old, new) == same;
}

/* All evidence that both states have is weighed, as the daemon does. Counters only grow. The
 * kind of a link stays: two kinds are two links, unless the address stayed. Without a kind,
 * a link of another name and another address is another one. */
bool link_is_another(const struct linkwatch_link *before, const struct linkwatch_link *now)
{
    const char *kind = before->values[LINK_FIELD_LINKINFO].text;
    const char *new_kind = now->values[LINK_FIELD_LINKINFO].text;

    if (went_back(before, now, LINK_FIELD_CARRIER_CHANGES) ||
        went_back(before, now, LINK_FIELD_CARRIER_UP_COUNT) ||
        went_back(before, now, LINK_FIELD_CARRIER_DOWN_COUNT))
        return true;
    if (kind && new_kind)
        return !same_text(kind, new_kind) && !addresses_are(before, now, true);
    return !same_value(before, now, LINK_FIELD_IFNAME) && addresses_are(before, now, false);
}

const char *linkwatch_field_name(int field)
{
    return field >= 0 && field < LINK_FIELD_COUNT ? link_field_name((enum link_field)field) : NULL;
}

int linkwatch_field_from_name(const char *name)
{
    return link_field_from_name(name);
}

static char *format_texts(const struct linkwatch_link *link, int field)
{
    const char *text = NULL;
    char *line = NULL;
    size_t size;
    FILE *stream = open_memstream(&line, &size);

    if (!stream)
        return NULL;
    while ((text = link_next_text(link, (enum linkwatch_field)field, text)))
        fprintf(stream, "%s%s", ftell(stream) > 0 ? "," : "", text);
    if (fclose(stream) == 0)
        return line;
    free(line);
    return NULL;
}

static char *format_number(int64_t number)
{
    char *line;

    return asprintf(&line, "%lld", (long long)number) < 0 ? NULL : line;
}

static char *format_info(const char *kind, const char *slave_kind)
{
    char *line;
    int n = kind && slave_kind ? asprintf(&line, "%s, port of %s", kind, slave_kind)
            : slave_kind       ? asprintf(&line, "port of %s", slave_kind)
                               : asprintf(&line, "%s", kind ? kind : "");

    return n < 0 ? NULL : line;
}

int linkwatch_link_format(const struct linkwatch_link *link, int field, char **ret)
{
    const struct value *value;
    char *line = NULL;

    if (field < 0 || field >= LINK_FIELD_COUNT)
        return -EINVAL;
    if (!is_known(link, field))
        return -ENODATA;
    value = &link->values[field];
    switch (forms[field]) {
    case NUMBER:
        line = format_number(value->number);
        break;
    case TRUTH:
        line = strdup(value->number ? "yes" : "no");
        break;
    case TEXT:
    case NAME:
        line = strdup(value->text);
        break;
    case TEXTS:
    case NAMES:
        line = format_texts(link, field);
        break;
    case INFO:
        line = format_info(value->text, link->slave_kind);
        break;
    }
    if (!line)
        return -ENOMEM;
    *ret = line;
    return 0;
}
