/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sources and diagnostics: what is refused before parsing, how places look, what is nearest. And the golden
 * files: broken scenarios beside the very text that a person gets to read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scenario/small_language.h"

static char *format_one(const char *text, struct rig_mark at, guint width, const char *hint, bool colour)
{
    g_autoptr(rig_source) source = rig_source_from_text("f.yaml", text);
    struct rig_diagnostics diagnostics;
    char *shown;

    rig_diagnostics_init(&diagnostics);
    rig_diagnostics_add(&diagnostics, source, at, width, hint, "wrong");
    shown = rig_diagnostics_format(&diagnostics, colour);
    rig_diagnostics_clear(&diagnostics);
    return shown;
}

static void assert_format(const char *text, struct rig_mark at, guint width, const char *hint,
                          const char *expected)
{
    g_autofree char *shown = format_one(text, at, width, hint, false);

    assert_string_equal(shown, expected);
}

static void a_diagnostic_shows_line_and_caret(void **state)
{
    (void)state;
    assert_format("a\nbc: 20\n", (struct rig_mark){2, 5}, 2, "did you mean '20s'?",
                  "f.yaml:2:5: error: wrong\n   2 | bc: 20\n     |     ^^ did you mean '20s'?\n");
    assert_format("a", (struct rig_mark){0, 0}, 0, "a hint", "f.yaml: error: wrong\n  a hint\n");
    assert_format("a\n", (struct rig_mark){2, 1}, 0, NULL, "f.yaml:2:1: error: wrong\n   2 | \n     | ^\n");
    assert_format("a\n", (struct rig_mark){9, 9}, 5, NULL, "f.yaml:9:9: error: wrong\n");
}

static void carets_align_below_tabs_and_wide_text(void **state)
{
    (void)state;
    assert_format("a:\tx", (struct rig_mark){1, 4}, 1, NULL,
                  "f.yaml:1:4: error: wrong\n   1 | a: x\n     |    ^\n");
    assert_format("\xe6\xbc\xa2\xe5\xad\x97: x", (struct rig_mark){1, 5}, 1, NULL,
                  "f.yaml:1:5: error: wrong\n   1 | \xe6\xbc\xa2\xe5\xad\x97: x\n     |       ^\n");
    assert_format("\xe6\xbc\xa2: x", (struct rig_mark){1, 1}, 1, NULL,
                  "f.yaml:1:1: error: wrong\n   1 | \xe6\xbc\xa2: x\n     | ^^\n");
    assert_format("e\xcc\x81: x", (struct rig_mark){1, 5}, 1, NULL,
                  "f.yaml:1:5: error: wrong\n   1 | e\xcc\x81: x\n     |    ^\n");
}

static void nothing_in_a_file_can_steer_the_terminal(void **state)
{
    g_autofree char *shown =
        format_one("a: \"\033[31m\xe2\x80\xae\"", (struct rig_mark){1, 1}, 1, "\033]0;x\a", false);

    (void)state;
    assert_null(strchr(shown, '\033'));
    assert_null(strchr(shown, '\a'));
    assert_null(strstr(shown, "\xe2\x80\xae"));
}

static void a_long_line_is_cut_around_the_place(void **state)
{
    g_autofree char *line = g_strnfill(100000, 'a');
    g_autofree char *shown = NULL;

    (void)state;
    line[50000] = 'b';
    shown = format_one(line, (struct rig_mark){1, 50001}, 1, NULL, false);
    assert_true(strlen(shown) < 400);
    assert_ptr_equal(strchr(strstr(shown, "b"), 'b'), strstr(shown, "b"));
    assert_int_equal(strrchr(shown, '^') - strrchr(shown, '|'), strchr(shown, 'b') - strstr(shown, "| ") - 0);
}

static void colour_comes_only_when_asked(void **state)
{
    g_autofree char *plain = format_one("a\n", (struct rig_mark){1, 1}, 1, NULL, false);
    g_autofree char *coloured = format_one("a\n", (struct rig_mark){1, 1}, 1, NULL, true);

    (void)state;
    assert_null(strchr(plain, '\033'));
    assert_non_null(strstr(coloured, "\033[1;31merror:\033[0m"));
}

static void diagnostics_are_sorted_and_told_once(void **state)
{
    g_autoptr(rig_source) b = rig_source_from_text("b.yaml", "x\ny\n");
    g_autoptr(rig_source) a = rig_source_from_text("a.yaml", "x\n");
    struct rig_diagnostics diagnostics;
    g_autofree char *shown = NULL;

    (void)state;
    rig_diagnostics_init(&diagnostics);
    rig_diagnostics_add(&diagnostics, b, (struct rig_mark){2, 1}, 1, NULL, "second");
    rig_diagnostics_add(&diagnostics, b, (struct rig_mark){1, 1}, 1, NULL, "first");
    rig_diagnostics_add(&diagnostics, b, (struct rig_mark){1, 1}, 1, NULL, "first");
    rig_diagnostics_add(&diagnostics, a, (struct rig_mark){1, 1}, 1, NULL, "other");
    assert_int_equal(diagnostics.items->len, 3);
    assert_int_equal(diagnostics.n_added, 4);
    shown = rig_diagnostics_format(&diagnostics, false);
    rig_diagnostics_clear(&diagnostics);
    assert_true(strstr(shown, "a.yaml") < strstr(shown, "first"));
    assert_true(strstr(shown, "first") < strstr(shown, "second"));
}

static void more_than_fifty_of_a_file_are_counted(void **state)
{
    g_autoptr(rig_source) source = rig_source_from_text("m.yaml", "x\n");
    struct rig_diagnostics diagnostics;
    g_autofree char *shown = NULL;

    (void)state;
    rig_diagnostics_init(&diagnostics);
    for (guint i = 0; i < 5000; i++)
        rig_diagnostics_add(&diagnostics, source, (struct rig_mark){1, i + 1}, 1, NULL, "wrong");
    assert_int_equal(diagnostics.items->len, RIG_DIAGNOSTICS_KEPT);
    shown = rig_diagnostics_format(&diagnostics, false);
    rig_diagnostics_clear(&diagnostics);
    assert_non_null(strstr(shown, "m.yaml:1:50: error"));
    assert_null(strstr(shown, "m.yaml:1:51: error"));
    assert_true(g_str_has_suffix(shown, "m.yaml: and 4950 more\n"));
}

static void the_nearest_word_is_near(void **state)
{
    static const char *const words[] = {"upload", "reset", "expect-boot", "on", "a"};

    (void)state;
    assert_string_equal(rig_nearest("uplaod", words, 5), "upload");
    assert_string_equal(rig_nearest("Reset", words, 5), "reset");
    assert_string_equal(rig_nearest("expect_boot", words, 5), "expect-boot");
    assert_null(rig_nearest("elephant", words, 5));
    assert_null(rig_nearest("", words, 5));
    assert_null(rig_nearest("z", words, 5));
    assert_null(rig_nearest("upload", NULL, 0));
}

static void assert_bytes_refused(const void *bytes, gsize n_bytes, const char *expected)
{
    g_autoptr(GError) error = NULL;

    assert_null(rig_source_from_bytes("f", bytes, n_bytes, &error));
    assert_string_equal(error->message, expected);
}

static void bytes_that_are_no_text_are_refused_with_their_place(void **state)
{
    (void)state;
    assert_bytes_refused("a: 1\nb: \xff\n", 9, "is not UTF-8: byte 0xff at line 2, column 4");
    assert_bytes_refused("a\nb\0c", 5, "is not text: a NUL byte at line 2, column 2");
    assert_bytes_refused("\xff\xfe"
                         "a",
                         3, "is UTF-16; save it as UTF-8");
    assert_bytes_refused("\xed\xa0\x80", 3, "is not UTF-8: byte 0xed at line 1, column 1");
}

static void a_byte_order_mark_is_left_out(void **state)
{
    g_autoptr(rig_source) source = rig_source_from_bytes("f",
                                                         "\xef\xbb\xbf"
                                                         "a: 1\n",
                                                         8, NULL);

    (void)state;
    assert_string_equal(source->text, "a: 1\n");
    assert_int_equal(rig_source_mark(source, 3).column, 4);
}

static void a_file_of_100_megabytes_is_refused_by_its_size(void **state)
{
    g_autofree char *path = NULL;
    g_autoptr(GError) error = NULL;
    int file = g_file_open_tmp("rig-large-XXXXXX", &path, NULL);
    bool is_refused;

    (void)state;
    assert_true(file >= 0);
    assert_int_equal(ftruncate(file, 100 * 1024 * 1024), 0);
    close(file);
    is_refused = rig_source_read(path, &error) == NULL;
    g_remove(path);
    assert_true(is_refused);
    assert_string_equal(error->message, "is larger than 1024 KiB");
}

static void a_fifo_is_refused_and_not_waited_for(void **state)
{
    g_autofree char *directory = g_dir_make_tmp("rig-fifo-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "f.yaml", NULL);
    g_autoptr(GError) error = NULL;

    (void)state;
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_null(rig_source_read(path, &error));
    g_remove(path);
    g_rmdir(directory);
    assert_string_equal(error->message, "is not a plain file");
}

/* RIG_GOLDEN_WRITE=1 writes the expected texts anew; look at the difference before it is committed. */
static void compare_golden(const char *directory, const char *name)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_autofree char *stem = g_strndup(path, strlen(path) - strlen(".yaml"));
    g_autofree char *expected_path = g_strconcat(stem, ".expected", NULL);
    g_autofree char *expected = NULL;
    g_autofree char *shown = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(rig_source) source = rig_source_read(path, &error);
    struct rig_diagnostics diagnostics;

    rig_diagnostics_init(&diagnostics);
    if (source) {
        g_autoptr(rig_source) named = g_steal_pointer(&source);

        g_free(named->path);
        named->path = g_strdup(name);
        assert_null(rig_scenario_from_source(g_steal_pointer(&named), &small_language, &diagnostics));
    } else {
        rig_diagnostics_add_path(&diagnostics, name, error->message);
    }
    shown = rig_diagnostics_format(&diagnostics, false);
    rig_diagnostics_clear(&diagnostics);
    if (g_getenv("RIG_GOLDEN_WRITE"))
        assert_true(g_file_set_contents(expected_path, shown, -1, NULL));
    assert_true(g_file_get_contents(expected_path, &expected, NULL, NULL));
    if (strcmp(shown, expected) != 0)
        print_error("%s:\n%s", name, shown);
    assert_string_equal(shown, expected);
}

static void broken_files_get_the_golden_diagnostics(void **state)
{
    static const char directory[] = RIG_SOURCE_DIR "/fixtures/yaml";
    g_autoptr(GDir) entries = g_dir_open(directory, 0, NULL);
    guint n_compared = 0;
    const char *name;

    (void)state;
    assert_non_null(entries);
    while ((name = g_dir_read_name(entries))) {
        if (!g_str_has_suffix(name, ".yaml"))
            continue;
        compare_golden(directory, name);
        n_compared++;
    }
    assert_true(n_compared >= 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_diagnostic_shows_line_and_caret),
        cmocka_unit_test(carets_align_below_tabs_and_wide_text),
        cmocka_unit_test(nothing_in_a_file_can_steer_the_terminal),
        cmocka_unit_test(a_long_line_is_cut_around_the_place),
        cmocka_unit_test(colour_comes_only_when_asked),
        cmocka_unit_test(diagnostics_are_sorted_and_told_once),
        cmocka_unit_test(more_than_fifty_of_a_file_are_counted),
        cmocka_unit_test(the_nearest_word_is_near),
        cmocka_unit_test(bytes_that_are_no_text_are_refused_with_their_place),
        cmocka_unit_test(a_byte_order_mark_is_left_out),
        cmocka_unit_test(a_file_of_100_megabytes_is_refused_by_its_size),
        cmocka_unit_test(a_fifo_is_refused_and_not_waited_for),
        cmocka_unit_test(broken_files_get_the_golden_diagnostics),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
