/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/process_set.h"

#include <errno.h>
#include <stdlib.h>

static int compare(const struct process_entry *a, const struct process_entry *b)
{
    return (a->pid > b->pid) - (a->pid < b->pid);
}

RB_GENERATE(process_set, process_entry, node, compare)

static struct process_entry *find(const struct process_set *set, pid_t pid)
{
    struct process_entry wanted = {.pid = pid};

    return RB_FIND(process_set, (struct process_set *)set, &wanted);
}

int process_set_add(struct process_set *set, pid_t pid)
{
    struct process_entry *entry;

    if (find(set, pid))
        return 0;
    entry = malloc(sizeof(*entry));
    if (!entry)
        return -ENOMEM;
    entry->pid = pid;
    RB_INSERT(process_set, set, entry);
    return 1;
}

static void remove_entry(struct process_set *set, struct process_entry *entry)
{
    if (!entry)
        return;
    RB_REMOVE(process_set, set, entry);
    free(entry);
}

void process_set_remove(struct process_set *set, pid_t pid)
{
    remove_entry(set, find(set, pid));
}

void process_set_remove_all(struct process_set *set)
{
    while (!RB_EMPTY(set))
        remove_entry(set, RB_ROOT(set));
}

bool process_set_has(const struct process_set *set, pid_t pid)
{
    return find(set, pid);
}
