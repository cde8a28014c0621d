/* Threads that stop at each of their calls for a while: those that made an rtnetlink socket
 * where a filter above ours answers subscriptions before we see them. */
#ifndef REACH_WATCH_H
#define REACH_WATCH_H

#include <stdbool.h>
#include <sys/types.h>

struct watches;

struct watches *watches_new(void);
struct watches *watches_free(struct watches *list);

/* Without memory it isn't watched. */
void watches_add(struct watches *list, pid_t tid);
void watches_remove(struct watches *list, pid_t tid);
bool watches_has(const struct watches *list, pid_t tid);

/* It made a call. After many of them it isn't watched any more. */
void watches_count(struct watches *list, pid_t tid);

#endif
