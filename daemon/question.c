/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/question.h"

/* An answer takes less than a millisecond. The time until it is asked again doubles, and so
 * often it is asked in all. */
#define ANSWER_TIMEOUT INT64_C(100000)
#define ASKED_MAX      4

void question_set(struct question *question, int ifindex)
{
    if (question->ifindex != ifindex)
        question->asked = 0;
    question->ifindex = ifindex;
}

void question_asked(struct question *question, int64_t now)
{
    question->asked++;
    question->asked_at = now;
}

void question_answered(struct question *question)
{
    *question = (struct question){0};
}

int64_t question_next(const struct question *question)
{
    if (!question->ifindex)
        return INT64_MAX;
    if (!question->asked)
        return INT64_MIN;
    return question->asked_at + (ANSWER_TIMEOUT << (question->asked - 1));
}

bool question_is_due(const struct question *question, int64_t drained_at)
{
    return question->asked < ASKED_MAX && drained_at >= question_next(question);
}

bool question_is_hopeless(const struct question *question, int64_t drained_at)
{
    return question->asked >= ASKED_MAX && drained_at >= question_next(question);
}
