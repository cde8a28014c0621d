/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/json.h"

#define HOUSE   "org.linkwatch."
#define OWN     HOUSE "Links."
#define SERVICE "org.varlink.service."

int wire_call(const char *method, json_t *parameters, bool more, char **ret, size_t *ret_size)
{
    json_t *call = parameters
                       ? json_pack("{s:s+, s:o}", "method", HOUSE, method, "parameters", parameters)
                       : NULL;
    char *text;

    if (call && more && json_object_set_new(call, "more", json_true()) < 0) {
        json_decref(call);
        call = NULL;
    }
    text = call ? json_dumps(call, JSON_COMPACT) : NULL;
    json_decref(call);
    if (!text)
        return -ENOMEM;
    *ret = text;
    *ret_size = strlen(text) + 1;
    return 0;
}

int wire_enter_call(char **ret, size_t *ret_size)
{
    return wire_call("Links.Enter", json_pack("{s:i}", "socket_fd", 0), false, ret, ret_size);
}

/* NULL for a member that is null, too. */
static json_t *member(const json_t *root, const char *name)
{
    json_t *value = json_object_get(root, name);

    return json_is_null(value) ? NULL : value;
}

static bool is_well_formed(const struct reply *reply)
{
    const json_t *error = member(reply->root, "error");
    const json_t *continues = member(reply->root, "continues");

    return json_is_object(reply->parameters) && (!error || json_is_string(error)) &&
           (!continues || json_is_boolean(continues));
}

int wire_parse(const char *message, size_t length, struct reply *ret)
{
    struct reply reply = {0};
    int r = json_read(message, length, JSON_REJECT_DUPLICATES, NULL, &reply.root);

    if (r < 0)
        return r;
    /* A reply without parameters is one with none. */
    if (json_is_object(reply.root) && !member(reply.root, "parameters") &&
        json_object_set_new(reply.root, "parameters", json_object()) < 0) {
        wire_clear(&reply);
        return -ENOMEM;
    }
    reply.parameters = json_object_get(reply.root, "parameters");
    if (!is_well_formed(&reply)) {
        wire_clear(&reply);
        return -EBADMSG;
    }
    reply.error = json_string_value(json_object_get(reply.root, "error"));
    reply.continues = json_is_true(json_object_get(reply.root, "continues"));
    *ret = reply;
    return 0;
}

void wire_clear(struct reply *reply)
{
    json_decref(reply->root);
    *reply = (struct reply){0};
}

static const struct {
    const char *name;
    int error;
    const char *words;
    const char *parameter; /* the one with the detail */
} errors[] = {
    {SERVICE "InvalidParameter", -EINVAL, "the daemon rejected a parameter", "parameter"},
    {SERVICE "MethodNotFound", -EOPNOTSUPP, "the daemon has no such method", "method"},
    {SERVICE "MethodNotImplemented", -EOPNOTSUPP, "the daemon has no such method", "method"},
    {SERVICE "InterfaceNotFound", -EOPNOTSUPP, "the daemon has no such interface", "interface"},
    {SERVICE "ExpectedMore", -EREMOTEIO, "the daemon expected the flag \"more\"", NULL},
    {SERVICE "PermissionDenied", -EACCES, "the daemon denied the request", NULL},
    {OWN "LimitReached", -EBUSY, "a limit of the daemon was reached", "limit"},
    {OWN "DumpFailed", -EIO, "the daemon cannot dump the links", "errno_name"},
    {OWN "NeverDumped", -ENODATA,
     "no links are known because the daemon has never been able to dump them", "errno_name"},
};

int wire_errno(const struct reply *reply)
{
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        if (strcmp(reply->error, errors[i].name) == 0)
            return errors[i].error;
    return -EREMOTEIO;
}

char *wire_error_text(const struct reply *reply)
{
    const char *reason = json_string_value(json_object_get(reply->parameters, "reason"));
    const char *detail = NULL;
    char *text;
    size_t i = 0;
    int n;

    while (i < sizeof(errors) / sizeof(errors[0]) && strcmp(reply->error, errors[i].name) != 0)
        i++;
    if (i == sizeof(errors) / sizeof(errors[0]))
        return asprintf(&text, "the daemon replied with %s", reply->error) < 0 ? NULL : text;
    if (errors[i].parameter)
        detail = json_string_value(json_object_get(reply->parameters, errors[i].parameter));
    n = asprintf(&text, "%s%s%s%s%s%s", errors[i].words, reason ? ": " : "", reason ? reason : "",
                 detail ? " (" : "", detail ? detail : "", detail ? ")" : "");
    return n < 0 ? NULL : text;
}
