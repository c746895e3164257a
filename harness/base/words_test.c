/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Words of lines: what is quoted comes back, and is one word of one line for whoever reads it. */
#include "base/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void what_breaks_a_line_is_none(void **state)
{
    (void)state;
    assert_true(rig_is_line("a\tb"));
    assert_false(rig_is_line("a\nb"));
    assert_false(rig_is_line("\x7f"));
}

static void braces_and_brackets_of_tcl_are_escaped(void **state)
{
    g_autofree char *word = rig_tcl_quote("/tmp/a {b} [exit] $x;\n\"\\");
    g_autofree char *empty = rig_tcl_quote("");

    (void)state;
    assert_string_equal(word, "/tmp/a\\ \\{b\\}\\ \\[exit\\]\\ \\$x\\;\\n\\\"\\\\");
    assert_string_equal(empty, "{}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_breaks_a_line_is_none),
        cmocka_unit_test(braces_and_brackets_of_tcl_are_escaped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
