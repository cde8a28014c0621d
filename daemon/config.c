/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/config.h"

#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <ini.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/option.h"

#define SECOND INT64_C(1000000)

#define MEMBER(member) offsetof(struct config, member), sizeof(((struct config *)0)->member)

/* All options: the command line, the file and the help follow this table. */
static const struct option_row rows[] = {
    {"socket", "Socket", "Path", OPTION_PATH, MEMBER(socket), 0, 0, DEFAULT_SOCKET,
     "socket that consumers connect to", true},
    {"socket-mode", "Socket", "Mode", OPTION_MODE, MEMBER(socket_mode), 0, 0777, "0666",
     "access mode of the socket", true},
    {"source", "Source", "Mode", OPTION_SOURCE, MEMBER(source.standing.mode), 0, 0, "auto",
     "trust the subscription, or poll; auto decides by itself", true},
    {"budget", "Source", "Budget", OPTION_SHARE, MEMBER(budget_ppm), 100, 1000000, "0.5%",
     "share of one CPU that polling may use", false},
    {"interval-min", "Source", "IntervalMin", OPTION_TIME, MEMBER(interval_min_usec), SECOND / 100,
     3600 * SECOND, "50ms", "minimum interval between polls", false},
    {"interval-max", "Source", "IntervalMax", OPTION_TIME, MEMBER(interval_max_usec), SECOND / 100,
     3600 * SECOND, "5s", "maximum interval between polls", false},
    {"audit-interval", "Source", "AuditInterval", OPTION_TIME, MEMBER(source.standing.audit_usec),
     SECOND / 100, 86400 * SECOND, "60s",
     "interval between dumps that verify a trusted subscription", false},
    {"receive-buffer", "Source", "ReceiveBuffer", OPTION_SIZE, MEMBER(source.receive_buffer), 1024,
     INT64_C(1) << 30, "16M", "size of the receive buffer of the netlink socket", true},
    {"history-size", "History", "Size", OPTION_SIZE, MEMBER(history_bytes), 1024, INT64_C(1) << 40,
     "8M", "memory for past events", false},
    {"sessions-max", "Limits", "SessionsMax", OPTION_COUNT, MEMBER(limits.users.sessions), 1,
     1000000, "3072", "maximum number of connections", false},
    {"sessions-per-user-max", "Limits", "SessionsPerUserMax", OPTION_COUNT,
     MEMBER(limits.users.sessions_per_user), 1, 1000000, "1024",
     "maximum number of connections per user ID", false},
    {"namespaces-max", "Limits", "NamespacesMax", OPTION_COUNT, MEMBER(namespaces.namespaces), 0,
     1000000, "2048", "maximum number of entered network namespaces", false},
    {"namespaces-per-user-max", "Limits", "NamespacesPerUserMax", OPTION_COUNT,
     MEMBER(namespaces.namespaces_per_user), 0, 1000000, "1000",
     "maximum number of entered network namespaces per user ID", false},
    {"namespaces-memory-max", "Limits", "NamespacesMemoryMax", OPTION_SIZE,
     MEMBER(namespaces.bytes), 1024, INT64_C(1) << 40, "64M",
     "memory for the links of entered network namespaces", false},
    {"request-max", "Limits", "RequestMax", OPTION_SIZE, MEMBER(limits.request), 256, 1 << 30,
     "40K", "size of a request, and of those pending on a connection", false},
    {"json-depth-max", "Limits", "JsonDepthMax", OPTION_COUNT, MEMBER(limits.json_depth), 3, 1000,
     "16", "maximum nesting depth of the JSON of a request", false},
    {"log-level", "Log", "Level", OPTION_LEVEL, MEMBER(log_level), 0, 0, "info",
     "lowest priority to log", false},
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

/* Values that getopt gives for options that stand outside the table. */
enum { GIVE_HELP = 'h', GIVE_VERSION = 'V', TAKE_FILE = ROW_COUNT + 256, CHECK_ONLY };

/* A file that is being read. */
struct reading {
    const char *path;
    FILE *file;
    int line;
    struct config *config;
    struct config_error *error; /* of the first mistake */
    int failed;                 /* its line; 0 for none */
};

__attribute__((format(printf, 2, 3))) static void explain(struct config_error *error,
                                                          const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(error->text, sizeof(error->text), format, arguments);
    va_end(arguments);
}

/* where: what the option is called at the place from which the value came. */
static int set(const struct option_row *row, const char *where, const char *value,
               struct config *config, struct config_error *error)
{
    char expected[160];
    int r = option_set(row, value, config);

    if (r >= 0)
        return 0;
    option_describe(row, expected, sizeof(expected));
    explain(error, "%s: \"%s\" %s; expected %s", where, value,
            r == -ERANGE ? "is out of range" : "is not valid", expected);
    return -EINVAL;
}

static void set_defaults(struct config *config)
{
    *config = (struct config){0};
    for (size_t i = 0; i < ROW_COUNT; i++)
        (void)option_set(&rows[i], rows[i].fallback, config);
}

static const struct option_row *find_key(const char *section, const char *key)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (strcmp(rows[i].section, section) == 0 && strcmp(rows[i].key, key) == 0)
            return &rows[i];
    return NULL;
}

static void fail_reading(struct reading *reading, const char *what)
{
    if (reading->failed && reading->failed <= reading->line)
        return;
    explain(reading->error, "%s:%d: %s", reading->path, reading->line, what);
    reading->failed = reading->line;
}

static int on_pair(void *user, const char *section, const char *key, const char *value)
{
    struct reading *reading = user;
    const struct option_row *row = find_key(section, key);
    struct config_error error;
    char text[256];

    if (!row) {
        snprintf(text, sizeof(text), "unknown option %s in section [%s]; see --help", key, section);
        fail_reading(reading, text);
        return 0;
    }
    if (set(row, key, value, reading->config, &error) < 0) {
        fail_reading(reading, error.text);
        return 0;
    }
    return 1;
}

/* Lines for the library, which does not pass their numbers to on_pair(). */
static char *read_line(char *line, int size, void *user)
{
    struct reading *reading = user;

    if (!fgets(line, size, reading->file))
        return NULL;
    reading->line++;
    if (!strchr(line, '\n') && !feof(reading->file))
        fail_reading(reading, "the line is too long");
    return line;
}

static int read_open_file(struct reading *reading)
{
    int line = ini_parse_stream(read_line, reading, on_pair, reading);

    if (ferror(reading->file)) {
        explain(reading->error, "%s cannot be read", reading->path);
        return -EIO;
    }
    if (line > 0) {
        reading->line = line;
        fail_reading(reading, "expected a [section], Option=value or a comment");
    }
    return reading->failed ? -EBADMSG : 0;
}

/* A file that need not be there counts as empty then. */
static int read_file(const char *path, bool must_exist, struct config *config,
                     struct config_error *error)
{
    struct reading reading = {.path = path, .config = config, .error = error};
    int r;

    reading.file = fopen(path, "re");
    if (!reading.file) {
        r = -errno;
        if (r == -ENOENT && !must_exist)
            return 0;
        explain(error, "%s: %s", path, strerror(-r));
        return r;
    }
    r = read_open_file(&reading);
    fclose(reading.file);
    return r;
}

static int is_conf(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    return entry->d_name[0] != '.' && length > 5 &&
           strcmp(entry->d_name + length - 5, ".conf") == 0;
}

static int read_file_in(const char *folder, const char *name, struct config *config,
                        struct config_error *error)
{
    char *path;
    int r;

    if (asprintf(&path, "%s/%s", folder, name) < 0)
        return -ENOMEM;
    r = read_file(path, true, config, error);
    free(path);
    return r;
}

static int read_folder(const char *path, struct config *config, struct config_error *error)
{
    struct dirent **entries;
    int count = scandir(path, &entries, is_conf, alphasort);
    int r = count < 0 ? -errno : 0;

    if (r == -ENOENT || r == -ENOTDIR)
        return 0;
    if (r < 0)
        explain(error, "%s: %s", path, strerror(-r));
    for (int i = 0; i < count; i++) {
        if (r >= 0)
            r = read_file_in(path, entries[i]->d_name, config, error);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return r;
}

/* path is NULL for the default. */
static int read_files(const char *path, struct config *config, struct config_error *error)
{
    const char *file = path ? path : DEFAULT_CONFIG;
    char *folder;
    int r = read_file(file, path != NULL, config, error);

    if (r < 0)
        return r;
    if (asprintf(&folder, "%s.d", file) < 0)
        return -ENOMEM;
    r = read_folder(folder, config, error);
    free(folder);
    return r;
}

static int read_environment(struct config *config, struct config_error *error)
{
    const char *socket = getenv("LINKWATCH_SOCKET");

    /* An empty one counts as none, for all programs. */
    return socket && *socket ? set(&rows[0], "LINKWATCH_SOCKET", socket, config, error) : 0;
}

static void make_long_options(struct option options[ROW_COUNT + 5])
{
    size_t n = 0;

    for (; n < ROW_COUNT; n++)
        options[n] = (struct option){rows[n].name, required_argument, NULL, (int)n + 256};
    options[n++] = (struct option){"config", required_argument, NULL, TAKE_FILE};
    options[n++] = (struct option){"check-config", no_argument, NULL, CHECK_ONLY};
    options[n++] = (struct option){"help", no_argument, NULL, GIVE_HELP};
    options[n++] = (struct option){"version", no_argument, NULL, GIVE_VERSION};
    options[n] = (struct option){0};
}

/* What the command line says, to be applied after the files. */
struct command_line {
    const char *values[ROW_COUNT];
    const char *file;
    enum config_request request;
};

static void take_option(struct command_line *line, int option)
{
    if (option == TAKE_FILE)
        line->file = optarg;
    else if (option == CHECK_ONLY)
        line->request = CONFIG_CHECK;
    else if (option == GIVE_HELP)
        line->request = CONFIG_HELP;
    else if (option == GIVE_VERSION)
        line->request = CONFIG_VERSION;
    else
        line->values[option - 256] = optarg;
}

static int parse_command_line(int argc, char **argv, struct command_line *line,
                              struct config_error *error)
{
    struct option options[ROW_COUNT + 5];
    int option;

    make_long_options(options);
    opterr = 0;
    optind = 0; /* from the start, also the second time */
    while ((option = getopt_long(argc, argv, ":hV", options, NULL)) != -1) {
        if (option == ':' || option == '?') {
            explain(error,
                    option == ':' ? "%s requires a value; see --help"
                                  : "unknown option %s; see --help",
                    argv[optind - 1]);
            return -EINVAL;
        }
        take_option(line, option);
    }
    if (optind < argc) {
        explain(error, "unexpected argument %s; see --help", argv[optind]);
        return -EINVAL;
    }
    return 0;
}

static int apply_command_line(const struct command_line *line, struct config *config,
                              struct config_error *error)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        char where[64];

        if (!line->values[i])
            continue;
        snprintf(where, sizeof(where), "--%s", rows[i].name);
        if (set(&rows[i], where, line->values[i], config, error) < 0)
            return -EINVAL;
    }
    return 0;
}

static int check_together(const struct config *config, struct config_error *error)
{
    if (config->interval_min_usec <= config->interval_max_usec)
        return 0;
    explain(error, "the minimum interval between polls (interval-min, [Source] IntervalMin=) is "
                   "longer than the maximum (interval-max, IntervalMax=)");
    return -EINVAL;
}

int config_read(int argc, char **argv, struct config *ret, enum config_request *ret_request,
                struct config_error *ret_error)
{
    struct command_line line = {.request = CONFIG_RUN};
    struct config config;
    int r;

    explain(ret_error, "out of memory");
    set_defaults(&config);
    r = parse_command_line(argc, argv, &line, ret_error);
    if (r >= 0 && (line.request == CONFIG_RUN || line.request == CONFIG_CHECK))
        r = read_files(line.file, &config, ret_error);
    if (r >= 0)
        r = read_environment(&config, ret_error);
    if (r >= 0)
        r = apply_command_line(&line, &config, ret_error);
    if (r >= 0)
        r = check_together(&config, ret_error);
    if (r < 0)
        return r;
    *ret = config;
    *ret_request = line.request;
    return 0;
}

static void print_row(FILE *to, const struct option_row *row)
{
    char bounds[80];

    option_bounds(row, bounds, sizeof(bounds));
    fprintf(to, "  --%s %s, [%s] %s=\n        %s\n        (%s; default %s)\n", row->name,
            option_placeholder(row), row->section, row->key, row->help, bounds, row->fallback);
}

void config_print_help(FILE *to)
{
    fputs("Usage: linkwatchd [OPTION]...\n\n"
          "Publish link (network interface) events on a Unix socket, whether or not the\n"
          "kernel permits subscribing to them.\n\n"
          "Options, and what they are called in the configuration file:\n",
          to);
    for (size_t i = 0; i < ROW_COUNT; i++)
        print_row(to, &rows[i]);
    fputs("\nOther options:\n"
          "  --config FILE\n        configuration file\n        (default " DEFAULT_CONFIG ")\n"
          "  --check-config\n        check the configuration and exit\n"
          "  -h, --help\n        print this help and exit\n"
          "  -V, --version\n        print the version and exit\n"
          "\nThe default of --socket can be set in the environment, as LINKWATCH_SOCKET.\nSee "
          "linkwatchd(8).\n",
          to);
}

static bool differs(const struct option_row *row, const struct config *a, const struct config *b)
{
    return memcmp((const char *)a + row->offset, (const char *)b + row->offset, row->size) != 0;
}

size_t config_needs_restart(const struct config *before, const struct config *after, char *text,
                            size_t size)
{
    size_t count = 0, length = 0;

    if (size > 0)
        *text = '\0';
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (!rows[i].needs_restart || !differs(&rows[i], before, after))
            continue;
        if (length < size)
            length +=
                (size_t)snprintf(text + length, size - length, "%s[%s] %s=", count > 0 ? ", " : "",
                                 rows[i].section, rows[i].key);
        count++;
    }
    return count;
}
