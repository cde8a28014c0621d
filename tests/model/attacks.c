/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/model/attacks.h"

#include <stdio.h>
#include <string.h>

#define METHOD(name) "{\"method\":\"org.linkwatch.Links." name "\""
#define LIST         METHOD("List") ",\"more\":true}"
#define MONITOR      METHOD("Monitor") ",\"more\":true}"
#define GLOBS        256
/* What a request may be. */
#define LARGE 40000
/* A call is parsed in one: microseconds of one with so many globs, with as many values as may be,
 * and of the longest. */
#define PARSED        220
#define PARSED_VALUES 400
#define PARSED_LONG   1000

#define TEN_WORDS(word) word word word word word word word word word word
/* A string of 1000 bytes. */
#define WORDS "\"" TEN_WORDS(TEN_WORDS("xxxxxxxxxx")) "\""

static struct text list(void)
{
    return (struct text){LIST, sizeof(LIST)};
}

static struct text monitor(void)
{
    return (struct text){MONITOR, sizeof(MONITOR)};
}

static struct text list_and_status(void)
{
    static const char calls[] = LIST "\0" METHOD("GetStatus") "}";

    return (struct text){calls, sizeof(calls)};
}

static struct text list_metrics(void)
{
    static const char call[] = "{\"method\":\"io.systemd.Metrics.List\",\"more\":true}";

    return (struct text){call, sizeof(call)};
}

static struct text enter(void)
{
    static const char call[] = METHOD("Enter") ",\"parameters\":{\"socket_fd\":0}}";

    return (struct text){call, sizeof(call)};
}

static size_t put(char call[LARGE], size_t used, const char *text)
{
    return used + (size_t)snprintf(call + used, LARGE - used, "%s", text);
}

/* As many globs as may be, each of which takes long to find that it does not match. */
static struct text with_globs(char call[LARGE], const char *method)
{
    char glob[32];
    size_t used = put(call, 0, "{\"method\":\"org.linkwatch.Links.");

    used = put(call, used, method);
    used = put(call, used, "\",\"more\":true,\"parameters\":{\"filter\":{\"names\":[");
    for (int i = 0; i < GLOBS; i++) {
        snprintf(glob, sizeof(glob), "%s\"*a*a*a*a*a*ab%d\"", i ? "," : "", i);
        used = put(call, used, glob);
    }
    return (struct text){call, put(call, used, "]}}}") + 1};
}

static struct text costly_list(void)
{
    static char call[LARGE];

    return with_globs(call, "List");
}

static struct text costly_monitor(void)
{
    static char call[LARGE];

    return with_globs(call, "Monitor");
}

/* Text between two ends, with a NUL. */
static struct text fill(char call[LARGE], const char *begin, const char *each, const char *end)
{
    size_t used = put(call, 0, begin);

    while (used + strlen(each) + strlen(end) + 1 < LARGE)
        used = put(call, used, each);
    return (struct text){call, put(call, used, end) + 1};
}

static struct text half(void)
{
    static char call[LARGE];

    return (struct text){fill(call, "{\"method\":\"", " ", "").bytes, 3000};
}

/* Without an end. */
static struct text huge(void)
{
    static char call[LARGE];

    fill(call, "{\"method\":\"", "x", "");
    return (struct text){call, LARGE - 1000};
}

static struct text deep(void)
{
    static char call[LARGE];

    return fill(call, "", "{\"a\":", "");
}

static struct text long_text(void)
{
    static char call[LARGE];

    return fill(call, METHOD("List") ",\"parameters\":{\"x\":[", WORDS ",", "0]}}");
}

static struct text many_values(void)
{
    static char call[LARGE];

    return fill(call, "{\"a\":[", "{},", "0]}");
}

static struct text bad_text(void)
{
    static const char call[] = "{\"method\":\"\xff\xc0\x80\xed\xa0\x80\"}";

    return (struct text){call, sizeof(call)};
}

const struct attack attacks[] = {
    {.name = "come_and_go",
     .meaning = "that come, call and go",
     .call = list,
     .connections = 300,
     .lives = 1,
     .returns = true},
    {.name = "half_requests",
     .meaning = "that begin a request and never end it",
     .call = half,
     .connections = 300,
     .lives = 8,
     .returns = true},
    /* A connection that ends drops what was not read, a read for each 8 KiB. */
    {.name = "huge_request",
     .meaning = "that send a request without end",
     .call = huge,
     .connections = 20,
     .floods = true,
     .returns = true,
     .unit = 80},
    {.name = "deep_json",
     .meaning = "that send JSON nested as deep as it fits",
     .call = deep,
     .connections = 100,
     .reading = READS_ALL,
     .returns = true},
    {.name = "long_text",
     .meaning = "that send calls as long as they may be",
     .call = long_text,
     .connections = 100,
     .reading = READS_ALL,
     .unit = PARSED_LONG},
    {.name = "many_values",
     .meaning = "that send as many values as fit",
     .call = many_values,
     .connections = 100,
     .reading = READS_ALL,
     .returns = true,
     .unit = PARSED_VALUES},
    {.name = "bad_text",
     .meaning = "that send text which is not UTF-8",
     .call = bad_text,
     .connections = 100,
     .reading = READS_ALL,
     .returns = true},
    {.name = "costly_lists",
     .meaning = "that call List with a costly filter",
     .call = costly_list,
     .connections = 1,
     .reading = READS_ALL,
     .links = 300},
    {.name = "costly_monitors",
     .meaning = "with a stream each that has a costly filter",
     .call = costly_monitor,
     .connections = 100,
     .reading = READS_ALL,
     .links = 300,
     .unit = PARSED},
    {.name = "many_monitors",
     .meaning = "that call Monitor thousands of times",
     .call = monitor,
     .connections = 50,
     .floods = true,
     .lives = 50,
     .returns = true},
    {.name = "many_calls",
     .meaning = "that call and don't read the answers",
     .call = list_and_status,
     .connections = 50,
     .floods = true,
     .lives = 50,
     .returns = true},
    {.name = "slow_readers",
     .meaning = "with a stream each that they read byte by byte",
     .call = monitor,
     .connections = 100,
     .reading = READS_A_BYTE},
    {.name = "other_lists",
     .meaning = "that call List with a costly filter",
     .call = costly_list,
     .connections = 300,
     .reading = READS_ALL,
     .links = 300,
     .unit = PARSED},
    {.name = "other_reconnects",
     .meaning = "that are closed and made anew",
     .connections = 300,
     .lives = 1,
     .returns = true},
    {.name = "altnames",
     .meaning = "with a stream and a costly filter each, of a bridge with 200 altnames",
     .call = costly_monitor,
     .connections = 100,
     .reading = READS_ALL,
     .altnames = 200,
     .unit = PARSED},
    {.name = "metrics",
     .meaning = "that ask for the metrics of 2,000 links",
     .call = list_metrics,
     .connections = 100,
     .reading = READS_ALL,
     .links = 2000},
    /* All links are taken for a List in one, and let go. */
    {.name = "large_lists",
     .meaning = "that begin a List of 10,000 links and go",
     .call = list,
     .connections = 50,
     .lives = 4,
     .returns = true,
     .links = 10000,
     .unit = 600},
    /* The bytes of history are shared out anew among a user's 1,000. */
    {.name = "enter",
     .meaning = "that enter one namespace after the other",
     .call = enter,
     .connections = 100,
     .reading = READS_ALL,
     .passes = true,
     .steps = 1500,
     .unit = 200},
    {.name = NULL},
};
