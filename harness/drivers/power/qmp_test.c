/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines of QMP: what nests too deeply is refused, brackets that nest nothing are not counted. */
#include "drivers/power/qmp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static enum rig_qmp_kind kind_of(const char *text)
{
    struct rig_qmp_line line;
    enum rig_qmp_kind kind;

    rig_qmp_line_read(text, strlen(text), &line);
    kind = line.kind;
    rig_qmp_line_clear(&line);
    return kind;
}

static void brackets_inside_of_strings_nest_nothing(void **state)
{
    g_autofree char *brackets = g_strnfill(500, '[');
    g_autofree char *in_string = g_strdup_printf("{\"return\": \"%s\"}", brackets);
    g_autofree char *escaped = g_strdup_printf("{\"return\": \"\\\"%s\\\\\"}", brackets);

    (void)state;
    assert_int_equal(kind_of(in_string), RIG_QMP_RETURN);
    assert_int_equal(kind_of(escaped), RIG_QMP_RETURN);
}

static void lists_beside_each_other_are_no_nesting(void **state)
{
    GString *text = g_string_new("{\"return\": [");

    (void)state;
    for (guint i = 0; i < 500; i++)
        g_string_append_printf(text, "%s{}", i ? ", " : "");
    g_string_append(text, "]}");
    assert_int_equal(kind_of(text->str), RIG_QMP_RETURN);
    g_string_free(text, TRUE);
}

static char *nested(guint n)
{
    g_autofree char *open = g_strnfill(n - 1, '[');
    g_autofree char *close = g_strnfill(n - 1, ']');

    return g_strdup_printf("{\"return\": %s%s}", open, close);
}

static void nesting_beyond_the_limit_is_no_line(void **state)
{
    g_autofree char *deep = nested(64);
    g_autofree char *deeper = nested(65);
    g_autofree char *open = g_strnfill(60000, '[');

    (void)state;
    assert_int_equal(kind_of(deep), RIG_QMP_RETURN);
    assert_int_equal(kind_of(deeper), RIG_QMP_BAD);
    assert_int_equal(kind_of(open), RIG_QMP_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(brackets_inside_of_strings_nest_nothing),
        cmocka_unit_test(lists_beside_each_other_are_no_nesting),
        cmocka_unit_test(nesting_beyond_the_limit_is_no_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
