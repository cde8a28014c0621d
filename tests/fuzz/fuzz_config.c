/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The configuration file: whatever is in it, it is read to the same values each time, all
 * within their bounds, or it is refused in one line of text. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/config.h"
#include "tests/fuzz/fuzz.h"
#include "tests/model/check.h"

/* A file without a name, at a path. */
struct file {
    int fd;
    char path[32];
};

static struct file make_file(const uint8_t *data, size_t size)
{
    struct file file = {.fd = memfd_create("linkwatchd.conf", MFD_CLOEXEC)};

    CHECK(file.fd >= 0);
    CHECK(write(file.fd, data, size) == (ssize_t)size);
    snprintf(file.path, sizeof(file.path), "/proc/self/fd/%d", file.fd);
    return file;
}

static int read_config(char *path, struct config *ret, struct config_error *ret_error)
{
    char name[] = "linkwatchd", option[] = "--config";
    char *arguments[] = {name, option, path, NULL};
    enum config_request request;

    return config_read(3, arguments, ret, &request, ret_error);
}

static void check_values(const struct config *config)
{
    const struct standing_config *standing = &config->source.standing;

    CHECK(config->socket[0] && memchr(config->socket, '\0', sizeof(config->socket)));
    CHECK(config->socket_mode <= 0777);
    CHECK(standing->mode < STANDING_MODE_COUNT);
    CHECK(config->budget_ppm >= 100 && config->budget_ppm <= 1000000);
    CHECK(config->interval_min_usec >= 10000);
    CHECK(config->interval_min_usec <= config->interval_max_usec);
    CHECK(config->interval_max_usec <= INT64_C(3600000000));
    CHECK(standing->audit_usec >= 10000 && standing->audit_usec <= INT64_C(86400000000));
    CHECK(config->history_bytes >= 1024);
    CHECK(config->namespaces.bytes >= 1024);
    CHECK(config->limits.users.sessions >= 1 && config->limits.users.sessions_per_user >= 1);
    CHECK(config->limits.request >= 256 && config->limits.request <= (size_t)1 << 30);
    CHECK(config->limits.json_depth >= 3 && config->limits.json_depth <= 1000);
    CHECK(config->source.receive_buffer >= 1024);
}

static void check_error(const struct config_error *error)
{
    CHECK(error->text[0]);
    CHECK(memchr(error->text, '\0', sizeof(error->text)));
    CHECK(!strchr(error->text, '\n'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct file file = make_file(data, size);
    struct config config, again;
    struct config_error error;
    int r = read_config(file.path, &config, &error);

    if (r < 0) {
        check_error(&error);
    } else {
        check_values(&config);
        CHECK(read_config(file.path, &again, &error) == 0);
        CHECK(config_needs_restart(&config, &again, NULL, 0) == 0);
    }
    close(file.fd);
    return 0;
}
