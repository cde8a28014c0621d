/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/call.h"

#include <errno.h>
#include <string.h>

#include "protocol/json.h"

static void take_flag(struct call *call, const char *name, bool *ret)
{
    const json_t *value = json_object_get(call->message, name);

    if (!value || json_is_null(value))
        return;
    if (json_is_boolean(value))
        *ret = json_is_true(value);
    else
        call->wrong = name;
}

static void take_method(struct call *call)
{
    const char *method = call_text(json_object_get(call->message, "method"));

    if (method)
        call->method = method;
    else
        call->wrong = "method";
}

static void take_members(struct call *call)
{
    json_t *parameters = json_object_get(call->message, "parameters");
    bool upgrade = false;

    call->method = "";
    if (json_is_object(parameters))
        call->parameters = parameters;
    else if (parameters && !json_is_null(parameters))
        call->wrong = "parameters";
    take_flag(call, "more", &call->more);
    take_flag(call, "oneway", &call->oneway);
    take_flag(call, "upgrade", &upgrade);
    /* There is no other protocol to go on with. */
    if (upgrade)
        call->wrong = "upgrade";
    take_method(call);
}

int call_parse(const char *text, size_t length, size_t depth_max, struct call *ret)
{
    struct json_limits limits = {
        .depth = depth_max, .values = CALL_VALUES_MAX, .string = CALL_STRING_MAX};
    struct call call = {0};
    int r =
        json_read(text, length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &limits, &call.message);

    if (r < 0)
        return r;
    if (!json_is_object(call.message)) {
        call_clear(&call);
        return -EBADMSG;
    }
    take_members(&call);
    *ret = call;
    return 0;
}

void call_clear(struct call *call)
{
    json_decref(call->message);
    *call = (struct call){0};
}

json_t *call_parameter(const struct call *call, const char *name)
{
    json_t *value = json_object_get(call->parameters, name);

    return json_is_null(value) ? NULL : value;
}

const char *call_text(const json_t *value)
{
    const char *text = json_string_value(value);

    return text && strlen(text) == json_string_length(value) ? text : NULL;
}
