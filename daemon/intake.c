/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/intake.h"

#include <errno.h>
#include <linux/rtnetlink.h>

static int parse(struct intake *intake, const struct nlmsghdr *message, struct link **ret)
{
    int r = link_parse(message, ret);

    if (r >= 0 && !link_charge(*ret, intake->quota)) {
        link_unref(*ret);
        return -ENOMEM;
    }
    return r;
}

/* A message that does not get into the table, whatever the cause, is one that was lost: the next
 * dump brings its truth. */
static int count_malformed(struct intake *intake, int error)
{
    intake->counters->malformed += error == -EBADMSG;
    return error;
}

static void lose(struct intake *intake)
{
    standing_overrun(intake->standing);
    reconcile_overrun(intake->reconcile);
}

/* -ENOENT: it has just an index. */
static int read_dump_line(struct intake *intake, const struct nlmsghdr *message)
{
    uint64_t digest = 0;
    int ifindex;
    struct link *link;
    int r;

    /* Most lines are those of the dump before. */
    if (link_digest(message, &ifindex, &digest) >= 0 &&
        reconcile_dump_repeats(intake->reconcile, ifindex, digest))
        return 0;
    r = parse(intake, message, &link);
    if (r < 0)
        return r;
    r = reconcile_dump_line(intake->reconcile, link, digest);
    link_unref(link);
    return r;
}

static void take_dump_line(struct intake *intake, const struct nlmsghdr *message)
{
    int r;

    /* It has failed; what is in it would cost time for nothing. */
    if (intake->dump_error == -EDQUOT)
        return;
    r = count_malformed(intake, read_dump_line(intake, message));
    /* A link came or went while the kernel collected them. */
    if (r == -ENOENT && !intake->dump_error)
        intake->dump_error = -EINTR;
    if (r == -ENOMEM)
        intake->dump_error = intake->quota && intake->quota->refused ? -EDQUOT : r;
}

static void take_dump_end(struct intake *intake, int error)
{
    struct reconcile_verdict verdict;
    int r = reconcile_dump_end(intake->reconcile, error, intake->alone, &verdict);

    intake->dumping = false;
    intake->settling = true;
    intake->dump = (struct standing_dump){.error = r < 0 ? r : error,
                                          .lines = verdict.lines,
                                          .empty = verdict.empty,
                                          .missing = verdict.missing,
                                          .native = verdict.native};
}

/* *ret_ifindex is the link that it is about, untouched if it is about none. */
static int read_notification(struct intake *intake, const struct nlmsghdr *message,
                             int *ret_ifindex)
{
    struct link *link;
    int r = parse(intake, message, &link);

    if (r < 0)
        return r;
    *ret_ifindex = link->ifindex;
    if (message->nlmsg_type == RTM_DELLINK)
        r = reconcile_notified_gone(intake->reconcile, link);
    else
        r = reconcile_notified(intake->reconcile, link);
    link_unref(link);
    return r;
}

static void take_notification(struct intake *intake, const struct nlmsghdr *message)
{
    int ifindex = 0;
    int r = count_malformed(intake, read_notification(intake, message, &ifindex));

    if (r == -ENOMSG)
        return;
    intake->counters->notifications++;
    standing_notified(intake->standing, ifindex);
    if (r < 0)
        lose(intake);
    /* It shows a change without a notification: of a link that this one names, or a removal. */
    if (!intake->settling && reconcile_query(intake->reconcile))
        standing_dump_soon(intake->standing);
}

static void take_reconciled(struct intake *intake, int error)
{
    if (error < 0)
        lose(intake);
}

/* There is no answer. */
static void take_no_answer(struct intake *intake, bool refused)
{
    standing_answered(intake->standing);
    take_reconciled(intake, reconcile_unanswered(intake->reconcile, intake->asked, refused));
}

/* A kernel that never answered a query does not do so. */
void intake_unanswered(struct intake *intake)
{
    take_no_answer(intake, !intake->was_answered);
}

/* -EBADMSG if it is about another link. */
static int read_answer(struct intake *intake, const struct nlmsghdr *message)
{
    struct link *link;
    int r = parse(intake, message, &link);

    if (r < 0)
        return r;
    r = -EBADMSG;
    if (link->ifindex == intake->asked)
        r = reconcile_answered(intake->reconcile, intake->asked, link);
    link_unref(link);
    return r;
}

/* The answer to a query for one link. */
static void take_link(struct intake *intake, const struct nlmsghdr *message)
{
    int r = read_answer(intake, message);

    intake->was_answered = true;
    standing_answered(intake->standing);
    if (count_malformed(intake, r) < 0 && r != -ENOMEM)
        r = reconcile_unanswered(intake->reconcile, intake->asked, false);
    take_reconciled(intake, r);
}

static bool is_passing(int error)
{
    return error == -ENOBUFS || error == -ENOMEM || error == -EBUSY || error == -EINTR ||
           error == -EAGAIN;
}

static void take_no_link(struct intake *intake, int error)
{
    if (error != -ENODEV) {
        take_no_answer(intake, !is_passing(error));
        return;
    }
    intake->was_answered = true;
    standing_answered(intake->standing);
    take_reconciled(intake, reconcile_answered(intake->reconcile, intake->asked, NULL));
}

void intake_receive(void *user, enum rtnl_event event, const struct nlmsghdr *message, int error)
{
    struct intake *intake = user;

    if (event == RTNL_NOTIFICATION || event == RTNL_OVERRUN || event == RTNL_MALFORMED)
        intake->alone = false;
    switch (event) {
    case RTNL_NOTIFICATION:
        take_notification(intake, message);
        break;
    case RTNL_DUMP_LINE:
        take_dump_line(intake, message);
        break;
    case RTNL_DUMP_DONE:
    case RTNL_DUMP_FAILED:
        take_dump_end(intake, error ? error : intake->dump_error);
        break;
    case RTNL_LINK:
        take_link(intake, message);
        break;
    case RTNL_NO_LINK:
        take_no_link(intake, error);
        break;
    case RTNL_OVERRUN:
        intake->counters->overruns++;
        lose(intake);
        break;
    case RTNL_MALFORMED:
        intake->counters->malformed++;
        break;
    }
}

void intake_dump_begin(struct intake *intake, bool drained)
{
    intake->alone = drained;
    intake->dump_error = 0;
    if (intake->quota)
        intake->quota->refused = false;
    reconcile_dump_begin(intake->reconcile);
}

void intake_reset(struct intake *intake)
{
    intake->dumping = intake->settling = intake->was_answered = false;
    reconcile_reset(intake->reconcile);
}
