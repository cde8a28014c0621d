/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/methods.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/call.h"
#include "daemon/entered.h"
#include "daemon/filter.h"
#include "daemon/message.h"
#include "daemon/metric_replies.h"
#include "daemon/status.h"
#include "daemon/users.h"
#include "protocol/interfaces.h"

#define SERVICE    "org.varlink.service"
#define LINKS      "org.linkwatch.Links"
#define STATISTICS "org.linkwatch.Statistics"
#define METRICS    "io.systemd.Metrics"

#define PARAMETERS_MAX 4

/* A call that is being answered. All functions that answer: 0, or -errno, which closes
 * the connection. */
struct request {
    const struct methods *methods;
    struct caller *caller;
    const struct call *call;
    struct answer **ret;
};

static const struct {
    const char *name;
    const char *text;
} interfaces[] = {
    {SERVICE, interface_org_varlink_service},
    {LINKS, interface_org_linkwatch_Links},
    {STATISTICS, interface_org_linkwatch_Statistics},
    {METRICS, interface_io_systemd_Metrics},
};
#define INTERFACE_COUNT (sizeof(interfaces) / sizeof(interfaces[0]))

static int reply(const struct request *request, json_t *parameters)
{
    struct buffer *message = NULL;
    int r = message_reply(parameters, false, &message);

    return r < 0 ? r : answer_reply(message, request->ret);
}

/* name may be NULL: an error without parameters. */
static int fail(const struct request *request, const char *error, const char *name,
                const char *value)
{
    struct buffer *message = NULL;
    int r = message_error(error, name ? json_pack("{s:s}", name, value) : json_object(), &message);

    return r < 0 ? r : answer_reply(message, request->ret);
}

static int refuse_parameter(const struct request *request, const char *name)
{
    return fail(request, SERVICE ".InvalidParameter", "parameter", name);
}

/* member may be NULL: the parameter as a whole. */
static int refuse_member(const struct request *request, const char *parameter, const char *member)
{
    char *name;
    int r;

    if (!member)
        return refuse_parameter(request, parameter);
    if (asprintf(&name, "%s.%s", parameter, member) < 0)
        return -ENOMEM;
    r = refuse_parameter(request, name);
    free(name);
    return r;
}

static int get_info(const struct request *request)
{
    json_t *names = json_array();

    for (size_t i = 0; i < INTERFACE_COUNT; i++)
        if (json_array_append_new(names, json_string(interfaces[i].name)) < 0) {
            json_decref(names);
            return -ENOMEM;
        }
    return reply(request, json_pack("{s:s, s:s, s:s, s:s, s:o}", "vendor", "linkwatch", "product",
                                    PACKAGE_NAME, "version", PACKAGE_VERSION, "url", PACKAGE_URL,
                                    "interfaces", names));
}

static const char *interface_text(const char *name)
{
    for (size_t i = 0; i < INTERFACE_COUNT; i++)
        if (strcmp(interfaces[i].name, name) == 0)
            return interfaces[i].text;
    return NULL;
}

static int get_interface_description(const struct request *request)
{
    const char *name = call_text(call_parameter(request->call, "interface"));
    const char *text;

    if (!name)
        return refuse_parameter(request, "interface");
    text = interface_text(name);
    if (!text)
        return fail(request, SERVICE ".InterfaceNotFound", "interface", name);
    return reply(request, json_pack("{s:s}", "description", text));
}

static int expect_more(const struct request *request)
{
    return fail(request, SERVICE ".ExpectedMore", NULL, NULL);
}

/* A set of subjects, of links alone where nothing is said; 0 if it is none. */
static unsigned subjects_of(const json_t *names)
{
    unsigned subjects = 0;
    size_t i;
    json_t *value;

    if (!names)
        return SUBJECT_BIT(LINKS);
    if (!json_is_array(names) || json_array_size(names) > SUBJECT_COUNT)
        return 0;
    json_array_foreach (names, i, value) {
        const char *name = call_text(value);

        if (name && strcmp(name, "links") == 0)
            subjects |= SUBJECT_BIT(LINKS);
        else if (name && strcmp(name, "addresses") == 0)
            subjects |= SUBJECT_BIT(ADDRESSES);
        else
            return 0;
    }
    return subjects;
}

/* The filter of a call for links and addresses, in which types and fields may be refused. 1, or
 * what to return, NULL in *ret. */
static int read_filter(const struct request *request, bool objects_only, struct filter **ret)
{
    unsigned subjects = subjects_of(call_parameter(request->call, "subjects"));
    const char *wrong;
    int r;

    *ret = NULL;
    if (!request->call->more)
        return expect_more(request);
    if (!subjects)
        return refuse_parameter(request, "subjects");
    r = filter_new(call_parameter(request->call, "filter"), subjects, objects_only, ret, &wrong);
    if (r == -EINVAL)
        return refuse_member(request, "filter", wrong);
    return r < 0 ? r : 1;
}

static int list(const struct request *request)
{
    const struct caller *caller = request->caller;
    struct filter *filter;
    int r = read_filter(request, true, &filter);

    if (r <= 0)
        return r;
    return answer_list(caller->namespace, caller->user, filter, request->ret);
}

/* -EINVAL if it is no position; *ret_member is then what filter_new() would say. */
static int check_since(const json_t *since, const char **ret_member)
{
    const char *name;
    json_t *value;

    *ret_member = NULL;
    if (!json_is_object(since))
        return -EINVAL;
    json_object_foreach ((json_t *)since, name, value)
        if (!json_is_null(value) && strcmp(name, "instance") != 0 && strcmp(name, "sequence") != 0)
            *ret_member = name;
    if (!call_text(json_object_get(since, "instance")))
        *ret_member = "instance";
    else if (!json_is_integer(json_object_get(since, "sequence")))
        *ret_member = "sequence";
    return *ret_member ? -EINVAL : 0;
}

/* What is wrong with the parameters that say where a stream begins: 1 if nothing is, or what to
 * return. */
static int check_beginning(const struct request *request, const json_t *since, const json_t *oldest)
{
    const char *wrong;

    if (since && check_since(since, &wrong) < 0)
        return refuse_member(request, "since", wrong);
    if (oldest && (!json_is_boolean(oldest) || (since && json_is_true(oldest))))
        return refuse_parameter(request, "from_oldest");
    return 1;
}

/* A stream as the call wants it; NULL, with the error in *ret. */
static struct stream *new_stream(const struct request *request, struct filter *filter, int *ret)
{
    const json_t *since = call_parameter(request->call, "since");
    const json_t *oldest = call_parameter(request->call, "from_oldest");
    int r = check_beginning(request, since, oldest);
    struct stream *stream =
        r > 0 ? stream_new(namespace_streams(request->caller->namespace), filter) : NULL;

    if (!stream) {
        filter_free(filter);
        *ret = r > 0 ? -ENOMEM : r;
        return NULL;
    }
    if (json_is_true(oldest))
        stream_replay(stream);
    if (since && stream_resume(stream, json_string_value(json_object_get(since, "instance")),
                               json_integer_value(json_object_get(since, "sequence"))) < 0) {
        stream_free(stream);
        *ret = refuse_parameter(request, "since.sequence");
        return NULL;
    }
    return stream;
}

static int monitor(const struct request *request)
{
    struct namespace *namespace = request->caller->namespace;
    struct source *follows = NULL;
    struct filter *filter;
    struct stream *stream;
    int r = read_filter(request, false, &filter);

    if (r <= 0)
        return r;
    if (filter_subjects(filter) & SUBJECT_BIT(ADDRESSES))
        follows = namespace_source(namespace);
    stream = new_stream(request, filter, &r);
    if (!stream)
        return r;
    return answer_stream(namespace_news(namespace), stream, follows, request->ret);
}

static int refresh(const struct request *request)
{
    return answer_refresh(request->caller->namespace, request->ret);
}

/* The place of the descriptor among those that came with the call: there is one. */
static bool is_place(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) == 0;
}

static int enter(const struct request *request)
{
    struct caller *caller = request->caller;
    struct namespace *left = caller->namespace;
    int socket = caller->socket;
    const char *limit;
    int r;

    if (!is_place(call_parameter(request->call, "socket_fd")) || socket < 0)
        return refuse_parameter(request, "socket_fd");
    caller->socket = -1;
    r = entered_enter(request->methods->entered, caller->user, socket, &caller->namespace, &limit);
    if (r == -EINVAL)
        return refuse_parameter(request, "socket_fd");
    if (r == -EUSERS)
        return fail(request, LINKS ".LimitReached", "limit", limit);
    if (r < 0)
        return r;
    namespace_count(caller->namespace, 1);
    namespace_count(left, -1);
    return answer_enter(caller->namespace, request->ret);
}

static json_t *status(const struct request *request)
{
    return status_describe(request->caller->namespace, request->methods->started_usec);
}

static json_t *statistics(const struct request *request)
{
    const struct methods *methods = request->methods;

    return status_statistics(request->caller->namespace, methods->entered, methods->users,
                             methods->config);
}

static int get_status(const struct request *request)
{
    return reply(request, status(request));
}

static int get_statistics(const struct request *request)
{
    return reply(request, statistics(request));
}

static int list_metrics(const struct request *request)
{
    if (!request->call->more)
        return expect_more(request);
    return answer_metrics(request->caller->namespace, status(request), statistics(request),
                          request->ret);
}

static int describe_metrics(const struct request *request)
{
    struct buffer *replies;
    int r;

    if (!request->call->more)
        return expect_more(request);
    r = metric_replies_describe(&replies);
    return r < 0 ? r : answer_reply(replies, request->ret);
}

static const struct method {
    const char *name;
    int (*answer)(const struct request *request);
    const char *parameters[PARAMETERS_MAX];
} methods_by_name[] = {
    {SERVICE ".GetInfo", get_info, {NULL}},
    {SERVICE ".GetInterfaceDescription", get_interface_description, {"interface"}},
    {LINKS ".List", list, {"filter", "subjects"}},
    {LINKS ".Monitor", monitor, {"filter", "since", "subjects", "from_oldest"}},
    {LINKS ".Refresh", refresh, {NULL}},
    {LINKS ".Enter", enter, {"socket_fd"}},
    {LINKS ".GetStatus", get_status, {NULL}},
    {STATISTICS ".GetStatistics", get_statistics, {NULL}},
    {METRICS ".List", list_metrics, {NULL}},
    {METRICS ".Describe", describe_metrics, {NULL}},
};

static const struct method *find_method(const char *name)
{
    for (size_t i = 0; i < sizeof(methods_by_name) / sizeof(methods_by_name[0]); i++)
        if (strcmp(methods_by_name[i].name, name) == 0)
            return &methods_by_name[i];
    return NULL;
}

/* A parameter that the method does not have, NULL if there is none. */
static const char *unknown_parameter(const struct method *method, json_t *parameters)
{
    const char *name;
    json_t *value;

    json_object_foreach (parameters, name, value) {
        bool known = json_is_null(value);

        for (int i = 0; i < PARAMETERS_MAX && method->parameters[i]; i++)
            known |= strcmp(method->parameters[i], name) == 0;
        if (!known)
            return name;
    }
    return NULL;
}

static int refuse_method(const struct request *request)
{
    const char *method = request->call->method;
    const char *dot = strrchr(method, '.');
    char *interface = strndup(method, dot ? (size_t)(dot - method) : strlen(method));
    int r;

    if (!interface)
        return -ENOMEM;
    if (interface_text(interface))
        r = fail(request, SERVICE ".MethodNotFound", "method", method);
    else
        r = fail(request, SERVICE ".InterfaceNotFound", "interface", interface);
    free(interface);
    return r;
}

static int answer(const struct request *request)
{
    const struct method *method = find_method(request->call->method);
    const char *unknown;

    if (request->call->wrong)
        return refuse_parameter(request, request->call->wrong);
    if (!method)
        return refuse_method(request);
    unknown = unknown_parameter(method, request->call->parameters);
    if (unknown)
        return refuse_parameter(request, unknown);
    if (method->answer != enter && request->caller->socket >= 0)
        return refuse_parameter(request, "socket_fd");
    return method->answer(request);
}

int methods_answer(void *user, struct caller *caller, const char *message, size_t length,
                   struct answer **ret)
{
    const struct methods *methods = user;
    struct answer *given = NULL;
    struct call call;
    struct request request = {.methods = methods, .caller = caller, .call = &call, .ret = &given};
    int r = call_parse(message, length, methods->config->limits.json_depth, &call);

    if (r < 0)
        return r;
    r = answer(&request);
    /* Without a reply, only what it sets going counts. */
    if (call.oneway)
        given = answer_free(given);
    call_clear(&call);
    if (r >= 0)
        *ret = given;
    return r;
}
