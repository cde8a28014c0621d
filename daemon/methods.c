#include "daemon/methods.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/call.h"
#include "daemon/filter.h"
#include "daemon/listing.h"
#include "daemon/message.h"
#include "protocol/interfaces.h"

#define SERVICE "org.varlink.service"
#define LINKS   "org.linkwatch.Links"

#define PARAMETERS_MAX 2

/* A Refresh that waits for its look. */
struct refresh {
    LIST_ENTRY(refresh) entry;
    struct source_waiter waiter;
    struct methods *methods;
    struct session *session;
};

/* A List whose answer is not complete yet. */
struct listed {
    LIST_ENTRY(listed) entry;
    struct session *session;
    struct listing *listing;
};

struct methods {
    struct methods_origin origin;
    LIST_HEAD(refreshes, refresh) refreshes;
    LIST_HEAD(listings, listed) listings;
};

/* A call that is being answered. All functions that answer: 0, or -errno, which closes
 * the session. */
struct request {
    struct methods *methods;
    struct session *session;
    const struct call *call;
};

static const struct {
    const char *name;
    const char *text;
} interfaces[] = {
    {SERVICE, interface_org_varlink_service},
    {LINKS, interface_org_linkwatch_Links},
};
#define INTERFACE_COUNT (sizeof(interfaces) / sizeof(interfaces[0]))

static int send_made(const struct request *request, int made, struct buffer *message)
{
    return made < 0 ? made : session_send(request->session, message);
}

static int reply(const struct request *request, json_t *parameters)
{
    struct buffer *message = NULL;
    int r;

    if (request->call->oneway) {
        json_decref(parameters);
        return 0;
    }
    r = message_reply(parameters, false, &message);
    return send_made(request, r, message);
}

/* name may be NULL: an error without parameters. */
static int fail(const struct request *request, const char *error, const char *name,
                const char *value)
{
    struct buffer *message = NULL;
    int r;

    if (request->call->oneway)
        return 0;
    r = message_error(error, name ? json_pack("{s:s}", name, value) : json_object(), &message);
    return send_made(request, r, message);
}

static int refuse_parameter(const struct request *request, const char *name)
{
    return fail(request, SERVICE ".InvalidParameter", "parameter", name);
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

static json_t *position_now(const struct methods *methods)
{
    const struct history *history = methods->origin.streams->history;

    return message_position(history_instance(history), history_newest(history));
}

static json_t *source_now(const struct methods *methods)
{
    struct source_state state;

    source_describe(methods->origin.source, &state);
    return message_source_state(&state);
}

static bool never_looked(const struct methods *methods)
{
    return source_report(methods->origin.source)->last_look == WATCH_NEVER;
}

/* That, and why, the kernel can't be looked at. What was never looked at is unknown, and not the
 * same as what is not there. */
static int look_failure(const struct methods *methods, struct buffer **ret)
{
    const struct watch_report *report = source_report(methods->origin.source);

    return message_error(never_looked(methods) ? LINKS ".NeverLooked" : LINKS ".LookFailed",
                         message_failure(report->look_reason, report->look_error), ret);
}

static int refuse_blindly(const struct request *request)
{
    struct buffer *message = NULL;
    int r = look_failure(request->methods, &message);

    return send_made(request, r, message);
}

static void on_listed(void *user, struct session *session, int error)
{
    struct listed *listed = user;

    LIST_REMOVE(listed, entry);
    free(listed);
    if (error)
        session_free(session);
    else
        session_resume(session);
}

/* Takes the filter. */
static int send_list(const struct request *request, struct filter *filter)
{
    struct methods *methods = request->methods;
    struct listed *listed = calloc(1, sizeof(*listed));
    json_t *members =
        json_pack("{s:o, s:o}", "position", position_now(methods), "source", source_now(methods));
    struct message_list list;
    int r = message_list_new(members, "links", &list);

    if (r < 0 || !listed) {
        filter_free(filter);
        message_list_clear(r < 0 ? NULL : &list);
        free(listed);
        return r < 0 ? r : -ENOMEM;
    }
    r = listing_start(request->session, methods->origin.streams->table, filter, &list, on_listed,
                      listed, &listed->listing);
    if (r <= 0) {
        free(listed);
        return r;
    }
    listed->session = request->session;
    LIST_INSERT_HEAD(&methods->listings, listed, entry);
    session_suspend(request->session);
    return 0;
}

static int list(const struct request *request)
{
    struct filter *filter;
    const char *wrong;
    int r = filter_new(call_parameter(request->call, "filter"), true, &filter, &wrong);

    if (r == -EINVAL)
        return refuse_parameter(request, wrong);
    if (r < 0)
        return r;
    if (!request->call->oneway && !never_looked(request->methods))
        return send_list(request, filter);
    filter_free(filter);
    return request->call->oneway ? 0 : refuse_blindly(request);
}

/* What is wrong with the position, NULL if nothing is. */
static const char *wrong_in_since(const json_t *since)
{
    if (!json_is_object(since) || json_object_size(since) > 2)
        return "since";
    if (!call_text(json_object_get(since, "instance")))
        return "since.instance";
    return json_is_integer(json_object_get(since, "sequence")) ? NULL : "since.sequence";
}

/* A stream as the call wants it; NULL, with the error told to *ret. */
static struct stream *new_stream(const struct request *request, struct filter *filter, int *ret)
{
    const json_t *since = call_parameter(request->call, "since");
    const char *wrong = since ? wrong_in_since(since) : NULL;
    struct stream *stream = wrong ? NULL : stream_new(request->methods->origin.streams, filter);

    if (!stream) {
        filter_free(filter);
        *ret = wrong ? refuse_parameter(request, wrong) : -ENOMEM;
        return NULL;
    }
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
    struct filter *filter;
    struct stream *stream;
    const char *wrong;
    int r;

    if (request->call->oneway)
        return 0;
    if (!request->call->more)
        return fail(request, SERVICE ".ExpectedMore", NULL, NULL);
    r = filter_new(call_parameter(request->call, "filter"), false, &filter, &wrong);
    if (r == -EINVAL)
        return refuse_parameter(request, wrong);
    if (r < 0)
        return r;
    stream = new_stream(request, filter, &r);
    if (!stream)
        return r;
    session_start_stream(request->session, stream);
    return 0;
}

static struct refresh *forget(struct refresh *refresh)
{
    LIST_REMOVE(refresh, entry);
    free(refresh);
    return NULL;
}

static void on_look(void *user, int error)
{
    struct refresh *refresh = user;
    struct methods *methods = refresh->methods;
    struct session *session = refresh->session;
    struct buffer *message = NULL;
    int r;

    forget(refresh);
    if (error)
        r = look_failure(methods, &message);
    else
        r = message_reply(json_pack("{s:o}", "position", position_now(methods)), false, &message);
    if (r >= 0)
        r = session_send(session, message);
    if (r >= 0)
        session_resume(session);
    else
        session_free(session);
}

static int refresh(const struct request *request)
{
    struct refresh *refresh;

    if (request->call->oneway) {
        source_look(request->methods->origin.source, NULL);
        return 0;
    }
    refresh = calloc(1, sizeof(*refresh));
    if (!refresh)
        return -ENOMEM;
    refresh->methods = request->methods;
    refresh->session = request->session;
    refresh->waiter.done = on_look;
    refresh->waiter.user = refresh;
    LIST_INSERT_HEAD(&request->methods->refreshes, refresh, entry);
    session_suspend(request->session);
    source_look(request->methods->origin.source, &refresh->waiter);
    return 0;
}

static int get_status(const struct request *request)
{
    return reply(request, status_describe(request->methods->origin.status));
}

static const struct method {
    const char *name;
    int (*answer)(const struct request *request);
    const char *parameters[PARAMETERS_MAX];
} methods_by_name[] = {
    {SERVICE ".GetInfo", get_info, {NULL}},
    {SERVICE ".GetInterfaceDescription", get_interface_description, {"interface"}},
    {LINKS ".List", list, {"filter"}},
    {LINKS ".Monitor", monitor, {"filter", "since"}},
    {LINKS ".Refresh", refresh, {NULL}},
    {LINKS ".GetStatus", get_status, {NULL}},
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
        bool known = false;

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
    return method->answer(request);
}

struct methods *methods_new(const struct methods_origin *origin)
{
    struct methods *methods = calloc(1, sizeof(*methods));

    if (!methods)
        return NULL;
    methods->origin = *origin;
    LIST_INIT(&methods->refreshes);
    LIST_INIT(&methods->listings);
    return methods;
}

struct methods *methods_free(struct methods *methods)
{
    free(methods);
    return NULL;
}

int methods_request(struct methods *methods, struct session *session, const char *message,
                    size_t length)
{
    const struct server_limits *limits = server_limits(methods->origin.status->server);
    struct call call;
    struct request request = {.methods = methods, .session = session, .call = &call};
    int r = call_parse(message, length, limits->json_depth, &call);

    if (r < 0)
        return r;
    r = answer(&request);
    call_clear(&call);
    return r;
}

static void cancel_refreshes(struct methods *methods, const struct session *session)
{
    struct refresh *refresh, *next;

    for (refresh = LIST_FIRST(&methods->refreshes); refresh; refresh = next) {
        next = LIST_NEXT(refresh, entry);
        if (refresh->session != session)
            continue;
        source_cancel(&refresh->waiter);
        forget(refresh);
    }
}

static void cancel_listing(struct methods *methods, const struct session *session)
{
    struct listed *listed, *next;

    for (listed = LIST_FIRST(&methods->listings); listed; listed = next) {
        next = LIST_NEXT(listed, entry);
        if (listed->session != session)
            continue;
        LIST_REMOVE(listed, entry);
        listing_free(listed->listing);
        free(listed);
    }
}

void methods_closed(struct methods *methods, const struct session *session)
{
    cancel_refreshes(methods, session);
    cancel_listing(methods, session);
}
