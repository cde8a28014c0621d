/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/intake.h"

#include <errno.h>

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
    if (intake->subject->overrun)
        intake->subject->overrun(intake->objects);
}

int intake_query(const struct intake *intake)
{
    return intake->subject->query ? intake->subject->query(intake->objects) : 0;
}

/* Why a dump lacks something: it had no memory, or no room in the quota. */
static int no_memory(const struct intake *intake)
{
    return intake->quota && intake->quota->refused ? -EDQUOT : -ENOMEM;
}

static void take_dump_line(struct intake *intake, const struct nlmsghdr *message)
{
    int r = 0;

    if (intake->dump_error != -EDQUOT)
        r = count_malformed(intake, intake->subject->dump_line(intake->objects, message));
    /* Something came or went while the kernel collected them. */
    if (r == -ENOENT && !intake->dump_error)
        intake->dump_error = -EINTR;
    if (r == -ENOMEM)
        intake->dump_error = no_memory(intake);
    /* What is gone makes room for the next dump. */
    if (intake->dump_error == -EDQUOT)
        intake->subject->dump_line_without_room(intake->objects, message);
}

static void take_dump_end(struct intake *intake, int kernel_error)
{
    bool had_room = intake->dump_error != -EDQUOT;
    int error = kernel_error ? kernel_error : intake->dump_error;
    size_t before = intake->subject->count(intake->objects);
    struct dump_verdict verdict;
    int r = intake->subject->dump_end(intake->objects, error, intake->alone, &verdict);

    intake->dumping = false;
    intake->settling = true;
    if (r < 0)
        error = no_memory(intake);
    intake->dump =
        (struct standing_dump){.error = had_room ? error : -EDQUOT,
                               .made_room = intake->subject->count(intake->objects) < before,
                               .lines = verdict.lines,
                               .empty = verdict.empty,
                               .missing = verdict.missing,
                               .native = verdict.native};
}

static void take_notification(struct intake *intake, const struct nlmsghdr *message)
{
    int ifindex = 0;
    int r = count_malformed(intake, intake->subject->notified(intake->objects, message, &ifindex));

    if (r == -ENOMSG)
        return;
    intake->counters->notifications++;
    standing_notified(intake->standing, ifindex);
    if (r < 0)
        lose(intake);
    /* It shows a change without a notification: of a link that this one names, or a removal. */
    if (!intake->settling && intake_query(intake))
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
    take_reconciled(intake, intake->subject->unanswered(intake->objects, intake->asked, refused));
}

/* A kernel that never answered a query does not do so. */
void intake_unanswered(struct intake *intake)
{
    take_no_answer(intake, !intake->was_answered);
}

/* The answer to a query for one link. One that can't be read, or has no room, is none: to query the
 * link again at once would bring the same. */
static void take_answer(struct intake *intake, const struct nlmsghdr *message)
{
    int r = intake->subject->answered(intake->objects, intake->asked, message);

    intake->was_answered = true;
    standing_answered(intake->standing);
    if (count_malformed(intake, r) < 0) {
        int dropped = intake->subject->unanswered(intake->objects, intake->asked, false);

        r = r == -ENOMEM ? r : dropped;
    }
    take_reconciled(intake, r);
}

static bool is_passing(int error)
{
    return error == -ENOBUFS || error == -ENOMEM || error == -EBUSY || error == -EINTR ||
           error == -EAGAIN;
}

static void take_error(struct intake *intake, int error)
{
    if (error != -ENODEV) {
        take_no_answer(intake, !is_passing(error));
        return;
    }
    intake->was_answered = true;
    standing_answered(intake->standing);
    take_reconciled(intake, intake->subject->answered(intake->objects, intake->asked, NULL));
}

void intake_beside(struct intake *intake, enum rtnl_event event)
{
    if (event == RTNL_NOTIFICATION || event == RTNL_OVERRUN || event == RTNL_MALFORMED)
        intake->alone = false;
}

void intake_receive(struct intake *intake, enum rtnl_event event, const struct nlmsghdr *message,
                    int error)
{
    switch (event) {
    case RTNL_NOTIFICATION:
        take_notification(intake, message);
        break;
    case RTNL_DUMP_LINE:
        take_dump_line(intake, message);
        break;
    case RTNL_DUMP_DONE:
    case RTNL_DUMP_FAILED:
        take_dump_end(intake, error);
        break;
    case RTNL_ANSWER:
        take_answer(intake, message);
        break;
    case RTNL_ERROR:
        take_error(intake, error);
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
    intake->subject->dump_begin(intake->objects);
}

void intake_reset(struct intake *intake)
{
    intake->dumping = intake->settling = intake->was_answered = false;
    intake->subject->reset(intake->objects);
}
