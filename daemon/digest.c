/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/digest.h"

#include <string.h>

/* Each step can be undone, whatever the word: no difference is ever lost, only mixed. */
static uint64_t mix(uint64_t mixed, uint64_t word)
{
    mixed = (mixed ^ word) * UINT64_C(0x9E3779B97F4A7C15); /* 2^64 by the golden ratio */
    return mixed ^ (mixed >> 32);
}

static uint64_t word_at(const char *bytes, size_t length)
{
    uint64_t word = 0;

    memcpy(&word, bytes, length);
    return word;
}

uint64_t digest(const void *bytes, size_t length)
{
    const char *at = bytes;
    size_t left = length;
    uint64_t even = left, odd = 0;

    /* Two at a time, for neither has to wait for the other. */
    for (; left >= 16; left -= 16, at += 16) {
        even = mix(even, word_at(at, 8));
        odd = mix(odd, word_at(at + 8, 8));
    }
    if (left >= 8)
        even = mix(even, word_at(at, 8));
    odd = mix(odd, word_at(at + left / 8 * 8, left % 8));
    even = mix(mix(even, odd), left);
    return even ? even : 1;
}
