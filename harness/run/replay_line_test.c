/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What replay lines are put together of comes back from a shell's eyes as it went in. */
#include "base/shell.h"
#include "run/replay_line.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char *const nasty[] = {
    "plain",    "two words", "",      "it's",       "a;touch /tmp/x", "$(id)",
    "`id`",     "a\nb",      "\\",    "\"quoted\"", "*?[a]{b,c}",     "~/board.sock",
    "-dash",    "--case",    "a=b c", "#comment",   "tcp:\xc3\xa9",   "a\tb",
    "!history", "x>y|z&",    "'",     "''",         "a'b'c\\'d\"e"};

static void every_value_comes_back_from_the_shell(void **state)
{
    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(nasty); i++) {
        g_autoptr(GString) line = g_string_new("bootrig");
        g_auto(GStrv) words = NULL;
        g_autoptr(GError) error = NULL;
        bool dashed = nasty[i][0] == '-';

        rig_shell_append(line, "--hci", nasty[i]);
        rig_shell_append(line, NULL, nasty[i]);
        if (!g_shell_parse_argv(line->str, NULL, &words, &error))
            fail_msg("%s: %s", line->str, error->message);
        assert_int_equal(g_strv_length(words), 4);
        assert_string_equal(words[1], "--hci");
        assert_string_equal(words[2], nasty[i]);
        assert_string_equal(words[3] + (dashed ? 2 : 0), nasty[i]);
        assert_true(!dashed || g_str_has_prefix(words[3], "./-"));
    }
}

static void check_reach(char *value)
{
    char *defects[] = {value, value, NULL};
    const struct rig_replay_reach reach = {value, value, value,   value,
                                           value, value, defects, 0.12345678901234567};
    struct rig_replay_reach seen = {.timeout_scale = 1};
    const GOptionEntry entries[] = {
        {"link", 0, 0, G_OPTION_ARG_STRING, &seen.link, NULL, NULL},
        {"hci", 0, 0, G_OPTION_ARG_STRING, &seen.hci, NULL, NULL},
        {"adapter", 0, 0, G_OPTION_ARG_STRING, &seen.adapter, NULL, NULL},
        {"bench", 0, 0, G_OPTION_ARG_FILENAME, &seen.bench, NULL, NULL},
        {"board", 0, 0, G_OPTION_ARG_STRING, &seen.board, NULL, NULL},
        {"bootloader", 0, 0, G_OPTION_ARG_FILENAME, &seen.bootloader, NULL, NULL},
        {"defect", 0, 0, G_OPTION_ARG_STRING_ARRAY, &seen.defects, NULL, NULL},
        {"timeout-scale", 0, 0, G_OPTION_ARG_DOUBLE, &seen.timeout_scale, NULL, NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autofree char *text = rig_replay_reach_text(&reach);
    g_autofree char *line = g_strconcat("bootrig replay", text, NULL);
    const char **const values[] = {&seen.link,  &seen.hci,   &seen.adapter,
                                   &seen.bench, &seen.board, &seen.bootloader};
    g_auto(GStrv) words = NULL;

    assert_true(g_shell_parse_argv(line, NULL, &words, NULL));
    g_option_context_add_main_entries(context, entries, NULL);
    assert_true(g_option_context_parse_strv(context, &words, NULL));
    assert_int_equal(g_strv_length(words), 2);
    for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
        assert_non_null(*values[i]);
        assert_string_equal(*values[i], value);
        g_free((char *)*values[i]);
    }
    assert_int_equal(g_strv_length(seen.defects), 2);
    assert_string_equal(seen.defects[1], value);
    assert_true(seen.timeout_scale >= reach.timeout_scale && seen.timeout_scale <= reach.timeout_scale);
    g_strfreev(seen.defects);
}

static void every_way_to_reach_a_board_is_read_back_as_it_was(void **state)
{
    static const struct rig_replay_reach nothing = {.timeout_scale = 1};
    g_autofree char *none = rig_replay_reach_text(&nothing);

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(nasty); i++) {
        g_autofree char *value = g_strdup(nasty[i]);

        check_reach(value);
    }
    assert_string_equal(none, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_comes_back_from_the_shell),
        cmocka_unit_test(every_way_to_reach_a_board_is_read_back_as_it_was),
    };

    setlocale(LC_ALL, "C.UTF-8"); /* GOption wants the values in the locale's encoding */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
