/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* subscription: four times as many sockets, each in a network namespace of its own, take about four
 * times the work. The modules that do it are compiled into this program once more, with a call of
 * count_work() at each branch. */
#include "tests/unit/count_work.h"
#include "tests/unit/support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reach/subscription.h"

#define FEW  50
#define MANY 200
/* Trees grow deeper, too. What is done for each pair takes 16 times the work. */
#define GROWTH_MAX 6

struct trial {
    struct subscriptions list;
    int sockets[MANY];
    uint64_t inodes[MANY];
    struct subscribers subscribers[MANY];
    int count;
};

static void make_socket(struct trial *trial, int n)
{
    struct sockaddr_nl address = {.nl_family = AF_NETLINK};
    struct stat status;

    trial->sockets[n] = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    assert_true(trial->sockets[n] >= 0);
    assert_int_equal(bind(trial->sockets[n], (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(fstat(trial->sockets[n], &status), 0);
    trial->inodes[n] = status.st_ino;
}

static void subscribe_all(struct trial *trial)
{
    const struct membership membership = {.wanted = RTMGRP_LINK};

    for (int n = 0; n < trial->count; n++) {
        const struct served_socket socket = {
            .inode = trial->inodes[n],
            .duplicate = fcntl(trial->sockets[n], F_DUPFD_CLOEXEC, 0),
            .process = getpid(),
            .fd = trial->sockets[n],
            .subscribers = &trial->subscribers[n],
        };

        assert_true(subscriptions_serve(&trial->list, &socket, &membership) >= 0);
    }
}

static void update_all(struct trial *trial)
{
    struct update *update = update_new(RTNLGRP_LINK, 0);

    assert_non_null(update);
    for (int n = 0; n < trial->count; n++) {
        struct exchange exchange;
        struct subscription *subscription = subscriptions_find(&trial->list, trial->inodes[n]);

        subscribers_send(&trial->subscribers[n], RTNLGRP_LINK, AUDIENCE_DENIED, update);
        assert_non_null(subscription);
        assert_int_equal(subscription_exchange(subscription, false, false, &exchange), 0);
        assert_int_equal(exchange.group, RTNLGRP_LINK);
        subscription_received(subscription);
    }
    update_unref(update);
}

/* A namespace whose last subscription is closed is let go of. */
static void close_all(struct trial *trial)
{
    for (int n = 0; n < trial->count; n++) {
        assert_false(LIST_EMPTY(&trial->subscribers[n].first));
        close(trial->sockets[n]);
        assert_true(subscriptions_review_one(&trial->list, trial->inodes[n]));
        assert_true(LIST_EMPTY(&trial->subscribers[n].first));
    }
    assert_true(subscriptions_is_empty(&trial->list));
}

static uint64_t work_of(int count)
{
    struct trial *trial = calloc(1, sizeof(*trial));
    uint64_t work;

    assert_non_null(trial);
    trial->count = count;
    subscriptions_begin(&trial->list);
    for (int n = 0; n < count; n++)
        make_socket(trial, n);
    work = work_counted();
    subscribe_all(trial);
    update_all(trial);
    close_all(trial);
    work = work_counted() - work;
    free(trial);
    return work;
}

static void the_work_grows_with_their_number(void **state)
{
    uint64_t few = work_of(FEW), many = work_of(MANY);

    (void)state;
    print_message("%ju steps for %d, %ju for %d\n", (uintmax_t)few, FEW, (uintmax_t)many, MANY);
    assert_true(few >= FEW);
    assert_true(many < GROWTH_MAX * few);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_work_grows_with_their_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
