/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/program.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As much of a file as is read; the kernel reads no more of a script's first line. */
#define HEAD_SIZE 256

/* A program has a dozen. */
#define SEGMENTS_MAX 64

static bool is_executable(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

static bool find(const char *name, char path[PATH_MAX])
{
    const char *folders = getenv("PATH");

    if (strchr(name, '/') || !folders)
        return snprintf(path, PATH_MAX, "%s", name) < PATH_MAX;
    while (true) {
        size_t length = strcspn(folders, ":");

        if (snprintf(path, PATH_MAX, "%.*s%s%s", (int)length, folders, length > 0 ? "/" : "",
                     name) < PATH_MAX &&
            is_executable(path))
            return true;
        if (folders[length] == '\0')
            return false;
        folders += length + 1;
    }
}

static bool gains_privilege(const char *path)
{
    struct stat status;

    if (stat(path, &status) < 0)
        return false;
    return ((status.st_mode & S_ISUID) && status.st_uid != getuid()) ||
           ((status.st_mode & S_ISGID) && status.st_gid != getgid());
}

/* The loader is named by a segment of its own. */
static bool has_loader(int fd, const Elf64_Ehdr *header)
{
    Elf64_Phdr segments[SEGMENTS_MAX];
    size_t count = header->e_phnum < SEGMENTS_MAX ? header->e_phnum : SEGMENTS_MAX;
    ssize_t n = pread(fd, segments, count * sizeof(segments[0]), (off_t)header->e_phoff);

    if (header->e_phentsize != sizeof(segments[0]) || n != (ssize_t)(count * sizeof(segments[0])))
        return true;
    for (size_t i = 0; i < count; i++)
        if (segments[i].p_type == PT_INTERP)
            return true;
    return false;
}

static const char *objection_to_binary(int fd, const char *path, const char head[HEAD_SIZE])
{
    Elf64_Ehdr header;

    memcpy(&header, head, sizeof(header));
    if (header.e_ident[EI_CLASS] != ELFCLASS64)
        return "is for another architecture";
    if (!has_loader(fd, &header))
        return "is statically linked";
    return gains_privilege(path) ? "gains privileges" : NULL;
}

/* The interpreter that a script's first line names; false if it names none. */
static bool take_interpreter(const char head[HEAD_SIZE + 1], char path[PATH_MAX])
{
    const char *start = head + 2 + strspn(head + 2, " \t");
    size_t length = strcspn(start, " \t\n");

    return length > 0 && snprintf(path, PATH_MAX, "%.*s", (int)length, start) < PATH_MAX;
}

/* What kind of file it is; *script is left as a path if it is for an interpreter. */
static const char *object_to(const char *path, char interpreter[PATH_MAX])
{
    char head[HEAD_SIZE + 1] = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const char *objection = NULL;
    ssize_t n;

    interpreter[0] = '\0';
    if (fd < 0)
        return NULL;
    n = read(fd, head, HEAD_SIZE);
    if (n >= (ssize_t)sizeof(Elf64_Ehdr) && memcmp(head, ELFMAG, SELFMAG) == 0)
        objection = objection_to_binary(fd, path, head);
    else if (n > 2 && memcmp(head, "#!", 2) == 0 && !take_interpreter(head, interpreter))
        interpreter[0] = '\0';
    close(fd);
    return objection;
}

bool program_gains_privilege(const char *name)
{
    char path[PATH_MAX];

    return find(name, path) && gains_privilege(path);
}

const char *program_objection_to_preload(const char *name)
{
    char path[PATH_MAX], interpreter[PATH_MAX], ignored[PATH_MAX];
    const char *objection;

    if (!find(name, path))
        return NULL;
    objection = object_to(path, interpreter);
    return !objection && interpreter[0] != '\0' ? object_to(interpreter, ignored) : objection;
}
