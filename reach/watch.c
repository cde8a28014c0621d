#include "reach/watch.h"

#include <stdlib.h>

/* Programs subscribe soon after they made the socket, or never; some join one group after
 * the other. */
#define CALLS_MAX 2000

struct watch {
    struct watch *next;
    pid_t tid;
    int left;
};

struct watches {
    struct watch *first;
};

struct watches *watches_new(void)
{
    return calloc(1, sizeof(struct watches));
}

struct watches *watches_free(struct watches *list)
{
    if (!list)
        return NULL;
    while (list->first)
        watches_remove(list, list->first->tid);
    free(list);
    return NULL;
}

static struct watch *find(const struct watches *list, pid_t tid)
{
    for (struct watch *watch = list->first; watch; watch = watch->next)
        if (watch->tid == tid)
            return watch;
    return NULL;
}

void watches_add(struct watches *list, pid_t tid)
{
    struct watch *watch = find(list, tid);

    if (!watch) {
        watch = malloc(sizeof(*watch));
        if (!watch)
            return;
        *watch = (struct watch){.next = list->first, .tid = tid};
        list->first = watch;
    }
    watch->left = CALLS_MAX;
}

void watches_remove(struct watches *list, pid_t tid)
{
    for (struct watch **place = &list->first; *place; place = &(*place)->next) {
        struct watch *watch = *place;

        if (watch->tid == tid) {
            *place = watch->next;
            free(watch);
            return;
        }
    }
}

bool watches_has(const struct watches *list, pid_t tid)
{
    return find(list, tid);
}

void watches_count(struct watches *list, pid_t tid)
{
    struct watch *watch = find(list, tid);

    if (watch && --watch->left == 0)
        watches_remove(list, tid);
}
