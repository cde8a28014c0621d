/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/tracing/service.h"

#include "reach/timeout.h"
#include "reach/tracing/operation.h"

/* The least time between two reviews of all subscriptions, in milliseconds. */
#define REVIEW_TIME 1000

bool service_has_confined(const struct service *service)
{
    return !RB_EMPTY(&service->confined) || service->confines_all;
}

bool service_is_confined(const struct service *service, struct thread *thread)
{
    struct thread *other;

    if (service->confines_all || (!RB_EMPTY(&service->confined) &&
                                  process_set_has(&service->confined, thread_process(thread))))
        return true;
    if (service->confining == 0)
        return false;
    RB_FOREACH (other, threads, (struct threads *)&service->threads) {
        if (other->operation && other->operation->confines &&
            thread_process(other) == thread_process(thread))
            return true;
    }
    return false;
}

void service_confine(struct service *service, pid_t process)
{
    if (process_set_add(&service->confined, process) < 0)
        service->confines_all = true;
}

void service_review(struct service *service, pid_t process)
{
    service->review_pends = true;
    if (subscriptions_review_process(&service->serving.subscriptions, process))
        networks_review(service->networks);
}

int service_timeout(const struct service *service)
{
    return service->review_pends ? timeout_until(service->reviewed + REVIEW_TIME) : -1;
}

void service_review_all(struct service *service)
{
    if (service_timeout(service) != 0)
        return;
    service->review_pends = false;
    service->reviewed = timeout_clock();
    subscriptions_review(&service->serving.subscriptions);
    networks_review(service->networks);
}
