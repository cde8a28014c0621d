/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/tracing/confined.h"

#include <stdlib.h>

#include "reach/process.h"

struct confined {
    pid_t *processes;
    size_t count;
    size_t room;
    bool all; /* there was no memory for one */
};

struct confined *confined_new(void)
{
    return calloc(1, sizeof(struct confined));
}

struct confined *confined_free(struct confined *list)
{
    if (!list)
        return NULL;
    free(list->processes);
    free(list);
    return NULL;
}

bool confined_is_empty(const struct confined *list)
{
    return list->count == 0 && !list->all;
}

static bool has_process(const struct confined *list, pid_t process)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->processes[i] == process)
            return true;
    return list->all;
}

void confined_add(struct confined *list, pid_t process)
{
    pid_t *processes;

    if (has_process(list, process))
        return;
    if (list->count == list->room) {
        size_t room = list->room > 0 ? 2 * list->room : 8;

        processes = reallocarray(list->processes, room, sizeof(*processes));
        if (!processes) {
            list->all = true;
            return;
        }
        list->processes = processes;
        list->room = room;
    }
    list->processes[list->count++] = process;
}

bool confined_has(const struct confined *list, pid_t tid)
{
    return !confined_is_empty(list) && has_process(list, process_of_thread(tid));
}

void confined_forget(struct confined *list, pid_t tid)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->processes[i] == tid) {
            list->processes[i] = list->processes[--list->count];
            return;
        }
}
