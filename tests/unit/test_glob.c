/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* glob: which names a name in a filter means. */
#include "tests/unit/support.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/glob.h"
#include "protocol/utf8.h"

static void assert_means(const char *glob, const char *name)
{
    if (!glob_matches(glob, name))
        fail_msg("%s doesn't match %s", glob, name);
}

static void assert_means_not(const char *glob, const char *name)
{
    if (glob_matches(glob, name))
        fail_msg("%s matches %s", glob, name);
}

static void a_name_means_the_link_that_is_called_exactly_so(void **state)
{
    static const char *const names[] = {"a[1]", "b\\x",   "*",      "?",     "[",
                                        "\\",   "a\\",    "[!a]",   "\\x41", "a[z-a]",
                                        "\xff", "a\\xff", "$(id>p)"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_means(names[i], names[i]);
}

static void a_name_means_what_it_matches_as_a_glob_too(void **state)
{
    (void)state;
    assert_means("a[1]", "a1");
    assert_means("a\\[1\\]", "a[1]");
    assert_means_not("a\\[1\\]", "a1");
    assert_means("eth*", "eth0");
    assert_means("*", "");
    assert_means("*.100", "eth0.100");
    assert_means_not("eth?", "eth10");
    assert_means("[!a]x", "bx");
    assert_means("[^a]x", "bx");
    assert_means("[]a]", "]");
    assert_means("[a-]", "-");
    assert_means_not("[a-c]", "-");
    assert_means("[\\]]", "]");
    assert_means("[[:digit:]x]", "7");
    assert_means_not("[[:digit:]]", "d");
    assert_means("[ab", "[ab");
    assert_means("\\*", "*");
    assert_means_not("\\*", "a");
    assert_means("b\\", "b\\");
}

static void a_character_is_one_of_utf8(void **state)
{
    (void)state;
    assert_means("?", "ä");
    assert_means_not("??", "ä");
    assert_means("w?n", "wän");
    assert_means("[ä-ü]x", "öx");
    assert_means_not("[ä-ü]x", "ax");
    assert_means("[!ä]", "😀");
    assert_means_not("*\\xa4", "ä");
    assert_means_not("\\xc3?", "ä");
}

static void bytes_that_are_not_utf8_are_characters_of_their_own(void **state)
{
    (void)state;
    assert_means("a?", "a\xff");
    assert_means("??", "\xe4\xb6");
    assert_means("a\\xff", "a\xff");
    assert_means_not("a\\xff", "a\xfe");
    assert_means_not("a\\xff", "axff");
    assert_means("[\\x80-\\xfe]", "\x90");
    assert_means_not("[\\x80-\\xfe]", "\xff");
    assert_means("a\xff*", "a\xff\xfe");
}

static void escapes_stand_for_what_linkwatchctl_shows_by_them(void **state)
{
    (void)state;
    assert_means("\\x1b[[]31m", "\x1b[31m");
    assert_means("\\u202ea", "\u202ea");
    assert_means("\\U0001f600", "😀");
    assert_means("\\xc3\\xa4", "ä");
    assert_means("b\\\\x", "b\\x");
    assert_means("\\u12", "u12");
    assert_means("\\xg", "xg");
    assert_means_not("\\ud800", "\xed\xa0\x80");
}

static void what_a_clean_copy_shows_means_the_name(void **state)
{
    srandom(1);
    (void)state;
    for (int round = 0; round < 20000; round++) {
        char name[16] = "";
        char clean[16 * UTF8_ESCAPE_SIZE];
        long length = 1 + random() % 15;

        for (long i = 0; i < length; i++)
            name[i] = (char)(1 + random() % 255);
        /* These have a meaning in a glob, and no escape of their own. */
        if (strpbrk(name, "*?["))
            continue;
        utf8_copy_clean(name, clean, sizeof(clean));
        assert_true(utf8_is_valid(clean));
        assert_means(clean, name);
    }
}

static void globs_without_escapes_are_those_of_fnmatch(void **state)
{
    static const char letters[] = "ab*?[]!-";

    srandom(1);
    (void)state;
    for (int round = 0; round < 300000; round++) {
        char glob[10] = "";
        char name[6] = "";

        for (long i = random() % 9; i >= 0; i--)
            glob[i] = letters[random() % 8];
        for (long i = random() % 5; i >= 0; i--)
            name[i] = letters[random() % 3];
        if (strcmp(glob, name) != 0 && glob_matches(glob, name) != (fnmatch(glob, name, 0) == 0))
            fail_msg("%s %s: fnmatch says %d", glob, name, fnmatch(glob, name, 0));
    }
}

static void an_escape_counts_as_one_character(void **state)
{
    (void)state;
    assert_int_equal(glob_length(""), 0);
    assert_int_equal(glob_length("eth*"), 4);
    assert_int_equal(glob_length("ä\\xff\\u202e\\U0001f600\\*\xff"), 6);
}

static void hostile_globs_take_no_time(void **state)
{
    static const char *const hostile[] = {"*a", "[", "*[", "*[[:alpha:]", "*[\\]", "*?"};
    char glob[4 * 128];
    char name[128];

    (void)state;
    memset(name, '[', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
        *glob = '\0';
        while (strlen(glob) < 120)
            strcat(glob, hostile[i]);
        strcat(glob, "b");
        /* A thousand times, so that more than the square would be seen. */
        for (int round = 0; round < 1000; round++)
            assert_false(glob_matches(glob, name));
    }
}

static void a_clean_copy_ends_where_there_is_no_room(void **state)
{
    char to[6];

    (void)state;
    utf8_copy_clean("abcdefg", to, sizeof(to));
    assert_string_equal(to, "abcde");
    utf8_copy_clean("abc\xff", to, sizeof(to));
    assert_string_equal(to, "abc");
    utf8_copy_clean("a\x1b", to, sizeof(to));
    assert_string_equal(to, "a\\x1b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_means_the_link_that_is_called_exactly_so),
        cmocka_unit_test(a_name_means_what_it_matches_as_a_glob_too),
        cmocka_unit_test(a_character_is_one_of_utf8),
        cmocka_unit_test(bytes_that_are_not_utf8_are_characters_of_their_own),
        cmocka_unit_test(escapes_stand_for_what_linkwatchctl_shows_by_them),
        cmocka_unit_test(what_a_clean_copy_shows_means_the_name),
        cmocka_unit_test(globs_without_escapes_are_those_of_fnmatch),
        cmocka_unit_test(an_escape_counts_as_one_character),
        cmocka_unit_test(hostile_globs_take_no_time),
        cmocka_unit_test(a_clean_copy_ends_where_there_is_no_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
