/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Words of lines: what is quoted comes back, and is one word of one line for whoever reads it. */
#include "base/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const texts[] = {
    "plain",  "",        " ",          "two words", "a\nb",       "a\rb\x1b",     "\"",
    "\\",     "\\n",     "say \"hi\"", "tab\there", "ends in \\", "\xc3\xbc\xff", "{",
    "}",      "{}",      "[exit]",     "$x",        "a;b",        "#no comment",  "'",
    "`date`", "$(date)", "a{b}c \\{"};

static void each_text_is_one_word_and_comes_back(void **state)
{
    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *word = rig_word_quote(texts[i]);
        g_autofree char *line = g_strdup_printf("cut %s %s end", word, word);
        g_auto(GStrv) words = rig_words_split(line);

        assert_true(rig_is_line(line));
        assert_non_null(words);
        assert_int_equal(g_strv_length(words), 4);
        assert_string_equal(words[1], texts[i]);
        assert_string_equal(words[2], texts[i]);
    }
}

static void a_quote_without_an_end_is_no_line(void **state)
{
    g_auto(GStrv) spaced = rig_words_split("a  b ");

    (void)state;
    assert_null(rig_words_split("say \"hi"));
    assert_null(rig_words_split("\"a\"b"));
    assert_null(rig_words_split("\"a\\"));
    assert_int_equal(g_strv_length(spaced), 4);
    assert_string_equal(spaced[1], "");
}

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
        cmocka_unit_test(each_text_is_one_word_and_comes_back),
        cmocka_unit_test(a_quote_without_an_end_is_no_line),
        cmocka_unit_test(what_breaks_a_line_is_none),
        cmocka_unit_test(braces_and_brackets_of_tcl_are_escaped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
