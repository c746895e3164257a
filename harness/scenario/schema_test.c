/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Each type out of raw text, and each trap that YAML or a tired person sets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scenario/small_language.h"

/* One field of the verb `types`, read from "field: <yaml>". */
struct reading {
    struct rig_source *source;
    struct rig_document *document;
    struct rig_diagnostics diagnostics;
    struct rig_record *record;
    char *shown;
};

static struct reading read_text(const char *text)
{
    struct reading reading = {.source = rig_source_from_text("t.yaml", text)};

    rig_diagnostics_init(&reading.diagnostics);
    reading.document = rig_document_parse(reading.source, &reading.diagnostics);
    if (reading.document)
        reading.record = rig_record_read(rig_document_root(reading.document), &small_types_shape, NULL,
                                         &reading.diagnostics);
    reading.shown = rig_diagnostics_format(&reading.diagnostics, false);
    return reading;
}

static void done(struct reading *reading)
{
    rig_record_free(reading->record);
    rig_document_free(reading->document);
    rig_diagnostics_clear(&reading->diagnostics);
    rig_source_free(reading->source);
    g_free(reading->shown);
}

static void assert_count(const char *text, const char *field, guint64 expected)
{
    struct reading reading = read_text(text);
    const struct rig_value *value;

    assert_string_equal(reading.shown, "");
    value = rig_record_get(reading.record, field);
    assert_non_null(value);
    assert_true(value->count == expected);
    done(&reading);
}

static void assert_text(const char *text, const char *field, const char *expected)
{
    struct reading reading = read_text(text);

    assert_string_equal(reading.shown, "");
    assert_string_equal(small_text(reading.record, field), expected);
    done(&reading);
}

static void assert_refused(const char *text, const char *message, const char *hint)
{
    struct reading reading = read_text(text);

    if (!strstr(reading.shown, message) || (hint && !strstr(reading.shown, hint)))
        print_error("wanted: %s / %s\ngot: %s\n", message, hint ? hint : "", reading.shown);
    assert_non_null(strstr(reading.shown, message));
    if (hint)
        assert_non_null(strstr(reading.shown, hint));
    else
        assert_null(strstr(reading.shown, "^ "));
    done(&reading);
}

static void the_message_for_a_missing_unit_is_the_promised_one(void **state)
{
    struct reading reading = read_text("duration: 20\n");

    (void)state;
    assert_string_equal(reading.shown, "t.yaml:1:11: error: 'duration' wants a duration with a unit\n"
                                       "   1 | duration: 20\n"
                                       "     |           ^^ did you mean '20s'?\n");
    done(&reading);
}

static void flags_are_true_or_false_only(void **state)
{
    static const char *const meant[][2] = {{"yes", "true"},    {"on", "true"},  {"True", "true"},
                                           {"1", "true"},      {"no", "false"}, {"off", "false"},
                                           {"FALSE", "false"}, {"0", "false"},  {"n", "false"}};
    struct reading reading = read_text("flag: true\n");

    (void)state;
    assert_true(small_flag(reading.record, "flag"));
    done(&reading);
    reading = read_text("text: x\n");
    assert_false(small_flag(reading.record, "flag"));
    done(&reading);
    for (gsize i = 0; i < G_N_ELEMENTS(meant); i++) {
        g_autofree char *text = g_strdup_printf("flag: %s\n", meant[i][0]);
        g_autofree char *message = g_strdup_printf("error: '%s' is not true or false", meant[i][0]);
        g_autofree char *hint = g_strdup_printf("did you mean '%s'?", meant[i][1]);

        assert_refused(text, message, hint);
    }
    assert_refused("flag: maybe\n", "'maybe' is not true or false", NULL);
    assert_refused("flag: ~\n", "'~' is not true or false", NULL);
}

static void words_that_yaml_takes_for_booleans_are_words_here(void **state)
{
    (void)state;
    assert_text("choice: off\n", "choice", "off");
    assert_text("choice: no\n", "choice", "no");
    assert_text("text: on\n", "text", "on");
    assert_text("name: no\n", "name", "no");
    assert_text("text: null\n", "text", "null");
    assert_text("text: ~\n", "text", "~");
    assert_text("text: ''\n", "text", "");
    assert_text("text: \"a # b: c\"\n", "text", "a # b: c");
}

static void a_version_with_a_trailing_zero_keeps_it(void **state)
{
    struct reading reading = read_text("version: 1.10\n");
    const struct rig_value *version = rig_record_get(reading.record, "version");

    (void)state;
    assert_int_equal(version->version.major, 1);
    assert_int_equal(version->version.minor, 10);
    assert_int_equal(version->version.revision, 0);
    assert_string_equal(version->text, "1.10");
    done(&reading);
    assert_text("text: 1.10\n", "text", "1.10");
    assert_refused("version: v1.2.3\n", "wants a version such as 1.2.3", "did you mean '1.2.3'?");
    assert_refused("version: 1.2.3.4\n", "wants a version", NULL);
    assert_refused("version: 1.900.0\n", "wants a version", NULL);
    assert_refused("version: 1e3\n", "wants a version", NULL);
    assert_refused("version: 2\n", "wants a version", "did you mean '2.0'?");
}

static void an_address_is_not_a_number_in_base_sixty(void **state)
{
    struct reading reading = read_text("address: 12:34:56:11:22:33\n");
    static const guint8 expected[6] = {0x12, 0x34, 0x56, 0x11, 0x22, 0x33};

    (void)state;
    assert_string_equal(reading.shown, "");
    assert_memory_equal(rig_record_get(reading.record, "address")->address, expected, 6);
    done(&reading);
    assert_refused("address: 12-34-56-aa-bb-CC\n", "wants an address", "did you mean '12:34:56:aa:bb:CC'?");
    assert_refused("address: 12:34:56:11:22\n", "wants an address", NULL);
    assert_refused("address: 12:34:56:11:22:33:44\n", "wants an address", NULL);
    assert_refused("address: 12:34:56:11:22:3g\n", "wants an address", NULL);
    assert_refused("count: 12:30\n", "'count' wants a whole number", NULL);
}

static void a_leading_zero_is_refused_and_not_octal(void **state)
{
    (void)state;
    assert_count("count: 0\n", "count", 0);
    assert_refused("count: 010\n", "'count' may not begin with 0", "did you mean 10 or 0x8?");
    assert_refused("count: 08\n", "'count' may not begin with 0", "did you mean 8?");
    assert_refused("count: 00\n", "'count' may not begin with 0", "did you mean 0 or 0x0?");
    assert_refused("count: 0o17\n", "'count' wants a whole number", "did you mean '15'?");
}

static void counts_are_decimal_or_hex(void **state)
{
    (void)state;
    assert_count("count: 1000000\n", "count", 1000000);
    assert_count("count: \"10\"\n", "count", 10);
    assert_count("count: 0x10\n", "count", 16);
    assert_count("any-count: 0xFFFFFFFF\n", "any-count", G_MAXUINT32);
    assert_count("any-count: 4294967295\n", "any-count", G_MAXUINT32);
    assert_refused("any-count: 18446744073709551616\n", "is too large", NULL);
    assert_refused("any-count: 0x10000000000000000\n", "1 to 16 hex digits", NULL);
    assert_refused("count: 0x\n", "1 to 16 hex digits", NULL);
    assert_refused("count: 1000001\n", "must be at most 1000000", NULL);
    assert_refused("count: 1e3\n", "'count' wants a whole number", "did you mean '1000'?");
    assert_refused("count: 1_000\n", "'count' wants a whole number", "did you mean '1000'?");
    assert_refused("count: 1.0\n", "'count' wants a whole number", NULL);
    assert_refused("count: +5\n", "without '+'", "did you mean '5'?");
    assert_refused("count: -5\n", "'count' may not be negative", NULL);
    assert_refused("count: 5 apples\n", "'count' wants a whole number", NULL);
    assert_refused("count: '5 '\n", "'count' wants a whole number", "there is a space at an end of it");
    assert_refused("count: ~\n", "'count' wants a whole number", NULL);
    assert_refused("count: null\n", "'count' wants a whole number", NULL);
    assert_refused("count: .inf\n", "'count' wants a whole number", NULL);
    assert_refused("count:\n", "'count' has no value", NULL);
    assert_refused("count: ''\n", "'count' wants a whole number", NULL);
    assert_refused("count: [1]\n", "'count' wants a whole number, not a list", NULL);
    assert_refused("count: {a: 1}\n", "'count' wants a whole number, not a map", NULL);
}

static void integers_may_be_negative(void **state)
{
    struct reading reading = read_text("integer: -9223372036854775807\n");

    (void)state;
    assert_true(rig_record_get(reading.record, "integer")->integer == -G_MAXINT64);
    done(&reading);
    assert_refused("integer: 9223372036854775808\n", "is too large", NULL);
    assert_refused("integer: --5\n", "wants a whole number", NULL);
    assert_refused("integer: -010\n", "may not begin with 0", "did you mean 10 or 0x8?");
}

static void durations_have_units(void **state)
{
    (void)state;
    assert_count("duration: 0\n", "duration", 0);
    assert_count("duration: 40ms\n", "duration", 40000);
    assert_count("duration: 7us\n", "duration", 7);
    assert_count("duration: 1.5s\n", "duration", 1500000);
    assert_count("duration: 2min\n", "duration", 120000000);
    assert_refused("duration: 20 s\n", "wants a duration with a unit", "did you mean '20s'?");
    assert_refused("duration: 20S\n", "wants a duration with a unit", "did you mean '20s'?");
    assert_refused("duration: 5 seconds\n", "wants a duration with a unit", "did you mean '5s'?");
    assert_refused("duration: 5m\n", "wants a duration with a unit", "did you mean '5min'?");
    assert_refused("duration: 5\xc2\xb5s\n", "wants a duration with a unit", "did you mean '5us'?");
    assert_refused("duration: 5h\n", "wants a duration with a unit", NULL);
    assert_refused("duration: -5s\n", "may not be negative", NULL);
    assert_refused("duration: 0.5us\n", "is finer than one microsecond", NULL);
    assert_refused("duration: 1e3s\n", "wants a duration with a unit", NULL);
    assert_refused("duration: 99999999999999999999s\n", "is too large", NULL);
    assert_refused("duration: 99999999999999999min\n", "is too large", NULL);
    assert_refused("duration: soon\n", "wants a duration with a unit, such as 40ms", NULL);
    assert_refused("duration: .5s\n", "wants a duration with a unit, such as 40ms", NULL);
}

static void sizes_have_binary_units(void **state)
{
    (void)state;
    assert_count("size: 112KiB\n", "size", 112 * 1024);
    assert_count("size: 16MiB\n", "size", 16 * 1024 * 1024);
    assert_count("size: 1.5KiB\n", "size", 1536);
    assert_count("size: 9B\n", "size", 9);
    assert_count("size: 0\n", "size", 0);
    assert_refused("size: 64kB\n", "wants a size with a unit", "did you mean '64KiB'?");
    assert_refused("size: 64KB\n", "wants a size with a unit", "did you mean '64KiB'?");
    assert_refused("size: 64k\n", "wants a size with a unit", "did you mean '64KiB'?");
    assert_refused("size: 1MB\n", "wants a size with a unit", "did you mean '1MiB'?");
    assert_refused("size: 1024\n", "wants a size with a unit", "did you mean '1024B'?");
    assert_refused("size: 17MiB\n", "must be at most 16MiB", NULL);
    assert_refused("size: 0.3B\n", "is finer than one byte", NULL);
    assert_refused("size: 18446744073709551615MiB\n", "is too large", NULL);
}

static void probabilities_are_in_percent(void **state)
{
    struct reading reading = read_text("probability: 0.5%\n");

    (void)state;
    assert_float_equal(rig_record_get(reading.record, "probability")->probability, 0.005, 1e-12);
    done(&reading);
    assert_refused("probability: 5 %\n", "wants a probability in percent", "did you mean '5%'?");
    assert_refused("probability: 0.05\n", "wants a probability in percent", "did you mean '5%'?");
    assert_refused("probability: 50\n", "wants a probability in percent", "did you mean '50%'?");
    assert_refused("probability: 101%\n", "is more than 100%", NULL);
    assert_refused("probability: -1%\n", "may not be negative", NULL);
}

static void hex_is_whole_bytes(void **state)
{
    struct reading reading = read_text("hex: 0a00 0009\n");
    static const guint8 expected[] = {0x0a, 0, 0, 9};
    gsize n_bytes = 0;

    (void)state;
    assert_memory_equal(g_bytes_get_data(rig_record_get(reading.record, "hex")->bytes, &n_bytes), expected,
                        4);
    assert_int_equal(n_bytes, 4);
    done(&reading);
    assert_refused("hex: 0a0\n", "wants bytes in hex", NULL);
    assert_refused("hex: 0x0a\n", "wants bytes in hex", "did you mean '0a'?");
    assert_refused("hex: zz\n", "wants bytes in hex", NULL);
}

static void letters_of_other_scripts_are_named(void **state)
{
    (void)state;
    assert_refused("count: \xef\xbc\x91\xef\xbc\x92\n", "is the character U+FF11", "did you mean '12'?");
    assert_refused("choice: t\xd0\xb5st\n", "is the character U+0435", "did you mean 'test'?");
    assert_refused("c\xd0\xbeunt: 1\n", "'types' has no 'c\xd0\xbeunt'", "did you mean 'count'?");
    assert_refused("count: \xc2\xa0"
                   "5\n",
                   "is the character U+00A0", "did you mean");
}

static void choices_and_keywords_are_exact(void **state)
{
    (void)state;
    assert_text("choice: test\n", "choice", "test");
    assert_refused("choice: Test\n", "'choice' wants one of: test, permanent, off, no",
                   "did you mean 'test'?");
    assert_refused("choice: tset\n", "'choice' wants one of", "did you mean 'test'?");
    assert_refused("choice: elephant\n", "'choice' wants one of", NULL);
    assert_text("place: middle\n", "place", "middle");
    assert_count("place: 7\n", "place", 7);
    assert_refused("place: midle\n", "'place' wants a whole number, or one of: middle, last",
                   "did you mean 'middle'?");
}

static void names_are_plain(void **state)
{
    (void)state;
    assert_text("name: a.b_c-1\n", "name", "a.b_c-1");
    assert_refused("name: a b\n", "wants a name", "did you mean 'a-b'?");
    assert_refused("name: ''\n", "wants a name", NULL);
    assert_refused("name: -a\n", "wants a name", NULL);
}

static void a_lone_value_is_a_list_of_one(void **state)
{
    struct reading reading = read_text("counts: 5\n");

    (void)state;
    assert_int_equal(rig_record_get(reading.record, "counts")->items->len, 1);
    done(&reading);
    reading = read_text("counts: [1, 2]\n");
    assert_int_equal(rig_record_get(reading.record, "counts")->items->len, 2);
    done(&reading);
    assert_refused("counts: [1, [2]]\n", "wants a whole number, not a list", NULL);
    assert_refused("counts:\n", "'counts' has no value", NULL);
}

static void a_variant_has_exactly_one_key(void **state)
{
    struct reading reading = read_text("fault: {drop: {chunk: last}}\n");
    const struct rig_value *drop = NULL;

    (void)state;
    assert_string_equal(rig_record_variant(rig_record_get(reading.record, "fault")->record, &drop)->name,
                        "drop");
    assert_string_equal(small_text(drop->record, "chunk"), "last");
    done(&reading);
    assert_refused("fault: {drop: , delay: }\n", "wants a map with exactly one key", "it has: drop, delay");
    assert_refused("fault: {}\n", "wants a map with exactly one key", "it has: drop, delay");
    assert_refused("fault: drop\n", "wants a map with one key", "did you mean '{drop: }'?");
    assert_refused("fault: {dorp: }\n", "'fault' has no 'dorp'", "did you mean 'drop'?");
}

static void all_errors_of_a_map_come_at_once(void **state)
{
    struct reading reading = read_text("flag: yes\ncount: x\nduratoin: 5s\nwhere: {chunk: -1, by: 5}\n");

    (void)state;
    assert_int_equal(reading.diagnostics.items->len, 5);
    done(&reading);
}

static void a_dollar_is_text_where_there_are_no_variables(void **state)
{
    (void)state;
    assert_text("text: $HOME\n", "text", "$HOME");
}

static void a_shorthand_takes_the_lone_value(void **state)
{
    (void)state;
    assert_text("just text\n", "text", "just text");
}

/* Old names are read as the new ones; the notes say so, once each, and are no errors. */
static void former_names_are_read_with_a_note(void **state)
{
    struct reading reading = read_text("release: 1.2.3\nchoice: for-good\n");

    (void)state;
    assert_int_equal(reading.diagnostics.n_added, 0);
    assert_string_equal(rig_record_get(reading.record, "version")->text, "1.2.3");
    assert_string_equal(rig_record_get(reading.record, "choice")->keyword, "permanent");
    assert_string_equal(reading.shown,
                        "t.yaml:1:1: note: 'release' is now called 'version'\n"
                        "   1 | release: 1.2.3\n"
                        "     | ^^^^^^^ the next version no longer reads the old name\n"
                        "t.yaml:2:9: note: 'for-good' is now called 'permanent'\n"
                        "   2 | choice: for-good\n"
                        "     |         ^^^^^^^^ the next version no longer reads the old name\n");
    done(&reading);
}

static void an_old_name_beside_the_new_one_is_an_error(void **state)
{
    static const char *const texts[] = {"release: 1.2.3\nversion: 1.2.4\n",
                                        "version: 1.2.4\nrelease: 1.2.3\n"};

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        struct reading reading = read_text(texts[i]);

        assert_int_equal(reading.diagnostics.items->len, 1);
        assert_non_null(
            strstr(reading.shown, "error: 'version' stands beside 'release', which it was called before"));
        done(&reading);
    }
}

static void a_wrong_value_under_an_old_name_is_an_error_of_the_field(void **state)
{
    struct reading reading = read_text("release: soon\n");

    (void)state;
    assert_int_equal(reading.diagnostics.items->len, 1);
    assert_non_null(strstr(reading.shown, "1:10: error: 'version' wants a version"));
    done(&reading);
}

static void a_removed_key_says_what_to_do(void **state)
{
    struct reading reading = read_text("colour: red\n");

    (void)state;
    assert_string_equal(reading.shown, "t.yaml:1:1: error: 'types' has no 'colour'\n"
                                       "   1 | colour: red\n"
                                       "     | ^^^^^^ take it out: there is one only\n");
    done(&reading);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_message_for_a_missing_unit_is_the_promised_one),
        cmocka_unit_test(flags_are_true_or_false_only),
        cmocka_unit_test(words_that_yaml_takes_for_booleans_are_words_here),
        cmocka_unit_test(a_version_with_a_trailing_zero_keeps_it),
        cmocka_unit_test(an_address_is_not_a_number_in_base_sixty),
        cmocka_unit_test(a_leading_zero_is_refused_and_not_octal),
        cmocka_unit_test(counts_are_decimal_or_hex),
        cmocka_unit_test(integers_may_be_negative),
        cmocka_unit_test(durations_have_units),
        cmocka_unit_test(sizes_have_binary_units),
        cmocka_unit_test(probabilities_are_in_percent),
        cmocka_unit_test(hex_is_whole_bytes),
        cmocka_unit_test(letters_of_other_scripts_are_named),
        cmocka_unit_test(choices_and_keywords_are_exact),
        cmocka_unit_test(names_are_plain),
        cmocka_unit_test(a_lone_value_is_a_list_of_one),
        cmocka_unit_test(a_variant_has_exactly_one_key),
        cmocka_unit_test(all_errors_of_a_map_come_at_once),
        cmocka_unit_test(a_dollar_is_text_where_there_are_no_variables),
        cmocka_unit_test(a_shorthand_takes_the_lone_value),
        cmocka_unit_test(former_names_are_read_with_a_note),
        cmocka_unit_test(an_old_name_beside_the_new_one_is_an_error),
        cmocka_unit_test(a_wrong_value_under_an_old_name_is_an_error_of_the_field),
        cmocka_unit_test(a_removed_key_says_what_to_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
