/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The replacement of strerrorname_np(), beside the C library's own where it has one. */
#include "tests/unit/support.h"

#include <string.h>

#define strerrorname_np replacement
const char *replacement(int error);
#include "protocol/strerrorname_np.c"
#undef strerrorname_np

static void errors_have_the_names_of_their_constants(void **state)
{
    (void)state;
    assert_string_equal(replacement(EACCES), "EACCES");
    assert_string_equal(replacement(EAGAIN), "EAGAIN");
    assert_string_equal(replacement(ENOPROTOOPT), "ENOPROTOOPT");
    assert_string_equal(replacement(0), "0");
}

static void a_number_that_is_no_error_has_no_name(void **state)
{
    (void)state;
    assert_null(replacement(-1));
    assert_null(replacement(4095));
    assert_null(replacement(41)); /* a hole */
}

#ifdef HAVE_STRERRORNAME_NP
static void each_name_is_the_one_of_the_c_library(void **state)
{
    (void)state;
    for (int error = 0; error < 4096; error++) {
        const char *name = replacement(error);

        /* A newer one may know more errors. */
        if (name)
            assert_string_equal(name, strerrorname_np(error));
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_have_the_names_of_their_constants),
        cmocka_unit_test(a_number_that_is_no_error_has_no_name),
#ifdef HAVE_STRERRORNAME_NP
        cmocka_unit_test(each_name_is_the_one_of_the_c_library),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
