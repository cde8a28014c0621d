/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/subjects.h"

#include <errno.h>

static void on_report(void *user, const struct standing_report *before,
                      const struct standing_report *after)
{
    struct subjects *subjects = user;

    subjects->handlers.reported(subjects->user, SUBJECT_LINKS, before, after);
}

/* As long as the addresses are not known, none were reported. */
static void on_address_report(void *user, const struct standing_report *before,
                              const struct standing_report *after)
{
    struct subjects *subjects = user;

    if (subjects->addresses_known)
        subjects->handlers.reported(subjects->user, SUBJECT_ADDRESSES, before, after);
}

static bool follow(struct subjects *subjects, enum subject_number number,
                   const struct subject *subject, void *objects, standing_handler handler)
{
    struct follower *follower = &subjects->followers[number];
    struct follower_config config = {.subject = subject,
                                     .objects = objects,
                                     .standing = subjects->config.standing,
                                     .budget = subjects->config.budget,
                                     .quota = subjects->config.quota};

    if (!objects || !follower_init(follower, &config, handler, subjects))
        return false;
    subjects->reports[number] = standing_report(follower->standing);
    return true;
}

bool subjects_init(struct subjects *subjects, const struct subjects_config *config,
                   const struct subjects_handlers *handlers, void *user)
{
    struct link_objects *links = &subjects->links;

    *subjects = (struct subjects){.config = *config,
                                  .handlers = *handlers,
                                  .user = user,
                                  .changes = {.followers = subjects->followers,
                                              .clock = config->clock,
                                              .changed = handlers->changed,
                                              .user = user}};
    links->quota = config->quota;
    links->table = table_new(changes_of_link, &subjects->changes);
    if (links->table)
        links->reconcile = reconcile_new(links->table, links->quota);
    return links->reconcile && follow(subjects, SUBJECT_LINKS, &link_subject, links, on_report);
}

void subjects_clear(struct subjects *subjects)
{
    if (subjects->addresses)
        subjects_end_addresses(subjects);
    follower_clear(&subjects->followers[SUBJECT_LINKS]);
    reconcile_free(subjects->links.reconcile);
    table_free(subjects->links.table);
}

struct follower *subjects_dumping(const struct subjects *subjects)
{
    FOREACH_FOLLOWER (follower, subjects)
        if (follower->intake.dumping)
            return follower;
    return NULL;
}

/* The one that a message is for. What stands for itself is for the one whose dump is under way; a
 * query is one for a link. */
static const struct follower *addressee(const struct subjects *subjects, enum rtnl_event event,
                                        const struct nlmsghdr *message)
{
    if (event == RTNL_DUMP_LINE || event == RTNL_DUMP_DONE || event == RTNL_DUMP_FAILED)
        return subjects_dumping(subjects);
    if (event != RTNL_NOTIFICATION)
        return &subjects->followers[SUBJECT_LINKS];
    FOREACH_FOLLOWER (follower, subjects)
        if (subject_has(follower->intake.subject, message))
            return follower;
    return NULL;
}

void subjects_receive(void *user, enum rtnl_event event, const struct nlmsghdr *message, int error)
{
    struct subjects *subjects = user;
    const struct follower *given = addressee(subjects, event, message);

    FOREACH_FOLLOWER (follower, subjects) {
        intake_beside(&follower->intake, event);
        if (follower == given || event == RTNL_OVERRUN)
            intake_receive(&follower->intake, event, message, error);
    }
}

/* --- addresses */

static bool begin_addresses(struct subjects *subjects)
{
    struct address_table *table =
        address_table_new(subjects->links.table, subjects->config.quota, subjects->config.clock,
                          changes_of_address, &subjects->changes);

    if (!follow(subjects, SUBJECT_ADDRESSES, &address_subject, table, on_address_report)) {
        address_table_free(table);
        return false;
    }
    subjects->addresses = subjects->changes.addresses = table;
    return true;
}

int subjects_want_addresses(struct subjects *subjects, int change)
{
    if (!subjects->addresses && !begin_addresses(subjects))
        return -ENOMEM;
    follower_want(&subjects->followers[SUBJECT_ADDRESSES], subjects->config.clock(), change);
    return 0;
}

void subjects_end_addresses(struct subjects *subjects)
{
    follower_clear(&subjects->followers[SUBJECT_ADDRESSES]);
    subjects->addresses = subjects->changes.addresses = address_table_free(subjects->addresses);
    subjects->addresses_known = false;
    subjects->reports[SUBJECT_ADDRESSES] = NULL;
    subjects->handlers.addresses_over(subjects->user);
}

void subjects_know_addresses(struct subjects *subjects)
{
    if (!subjects->addresses || subjects->addresses_known ||
        !subjects->followers[SUBJECT_ADDRESSES].has_dumped)
        return;
    subjects->addresses_known = true;
    address_table_report(subjects->addresses);
    subjects->handlers.addresses_known(subjects->user);
}

const struct address_table *subjects_addresses(const struct subjects *subjects)
{
    return subjects->addresses_known ? subjects->addresses : NULL;
}

/* --- requests */

struct subjects_request subjects_request_dump(struct subjects *subjects)
{
    struct subjects_request request = {.dump = {0}};

    FOREACH_FOLLOWER (follower, subjects)
        request.dump[follower - subjects->followers] =
            follower_request_dump(follower, subjects->config.clock());
    return request;
}

int subjects_dump_done(const struct subjects *subjects, const struct subjects_request *request)
{
    int done = 1;

    for (int i = 0; i < SUBJECT_COUNT && done == 1; i++)
        if (request->dump[i])
            done = dump_requests_result(&subjects->followers[i].requests, request->dump[i]);
    return done;
}

uint64_t subjects_dumps_done(const struct subjects *subjects)
{
    uint64_t ended = 0;

    FOREACH_FOLLOWER (follower, subjects)
        ended += follower->requests.ended;
    return ended;
}
