/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hostile input: broken YAML of every kind, files that are huge, missing or directories, images and keys that
 * are none. */
#include "process.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define HEAD "scenario: broken\n"

#define TWELVE "abcdefghijkl"
#define LONG_LINE TWELVE TWELVE TWELVE TWELVE TWELVE TWELVE TWELVE TWELVE

struct bad_text {
    const char *text;
    const char *said; /* a piece of the diagnostic, the place included where it matters */
};

static const struct bad_text bad_texts[] = {
    {"", "bad.yaml:1:"},
    {"# only a comment\n", "bad.yaml:1:"},
    {"just words\n", "bad.yaml:1:1: error:"},
    {"- a\n- list\n", "bad.yaml:1:1: error:"},
    {"scenario: [unclosed\n", "bad.yaml:"},
    {"scenario: {unclosed: map\n", "bad.yaml:"},
    {"scenario: \"unclosed\n", "bad.yaml:"},
    {"scenario: a\n---\nscenario: b\n", "bad.yaml:2:"},
    {"scenario: a\n\tsteps:\n", "bad.yaml:2:"},
    {HEAD "scenario: again\nsteps:\n  - note: x\n", "bad.yaml:2:1: error:"},
    {HEAD "stepz:\n  - note: x\n", "did you mean 'steps'"},
    {HEAD "steps:\n  - expect-bot: x\n", "did you mean 'expect-boot'"},
    {HEAD "steps:\n  - wait: 20\n", "bad.yaml:3:11: error:"},
    {HEAD "steps:\n  - wait: -3s\n", "bad.yaml:3:11: error:"},
    {HEAD "steps:\n  - wait: 99999999999999999999999s\n", "bad.yaml:3:11: error:"},
    {HEAD "steps:\n  - note: {text: a, text: b}\n", "bad.yaml:3:21: error:"},
    {HEAD "steps:\n  - note: a\n    wait: 3s\n", "bad.yaml:4:5: error:"},
    {HEAD "steps:\n  - upload: nowhere\n", "bad.yaml:3:13: error:"},
    {HEAD "steps:\n  - expect-console: \"a\\npower off\"\n",
     "bad.yaml:3:21: error: 'line' is a piece of one line"},
    {HEAD "steps:\n  - expect-console: \"\"\n", "bad.yaml:3:21: error: 'line' may not be an empty text"},
    {HEAD "steps:\n  - cut-power: {line: \"a\\npower off\"}\n    do: [{reset: }]\n",
     "bad.yaml:3:23: error: 'line' is a piece of one line"},
    {HEAD "steps:\n  - cut-power: {line: " LONG_LINE "}\n    do: [{reset: }]\n",
     "bad.yaml:3:23: error: 'line' has 95 bytes at the most, not 96"},
    {HEAD "steps:\n  - note: $nothing\n", "bad.yaml:3:11: error:"},
    {HEAD "steps: []\n", "bad.yaml:2:"},
    {HEAD "needs: [wings]\nsteps:\n  - note: x\n", "bad.yaml:2:9: error:"},
    {HEAD "steps:\n  - &a [*a]\n", "bad.yaml:3:"},
    {HEAD "steps:\n  - *nobody\n", "bad.yaml:3:"},
    {HEAD "steps:\n  - !!python/object x\n", "bad.yaml:3:"},
    {HEAD "steps:\n  - note: \"\\xff\\ud800\"\n", "bad.yaml:3:"},
    {"scenario: \xff\xfe\xfa\nsteps:\n  - note: x\n", "is not UTF-8: byte 0xff at line 1, column 11"},
    {"\xff\xfes\x01", "bad.yaml:"},
    {HEAD "matrix:\n  a: []\nsteps:\n  - note: x\n", "bad.yaml:3:"},
};

static void broken_yaml_of_every_kind_is_an_error_with_its_place(void **state)
{
    for (gsize i = 0; i < G_N_ELEMENTS(bad_texts); i++) {
        place_write(*state, "bad.yaml", bad_texts[i].text);
        place_expect(*state, 2, bad_texts[i].said, "bootrig check bad.yaml");
        place_expect(*state, 2, bad_texts[i].said, "bootrig run --no-html -q bad.yaml");
    }
}

static void a_capture_that_is_cut_or_empty_is_told_by_the_exit_code(void **state)
{
    static const char form[] = "bash -c 'head -c %u %s/fixtures/captures/wireshark.pcap >some.pcap; "
                               "exec %s capture show some.pcap'";

    place_expect(*state, 2, "ends inside packet 20", form, 1080, RIG_SOURCE_DIR, RIG_BINARY);
    place_expect(*state, 2, "holds no packet", form, 24, RIG_SOURCE_DIR, RIG_BINARY);
    place_expect(*state, 0, "20 packets", form, 1088, RIG_SOURCE_DIR, RIG_BINARY);
}

static void all_errors_of_a_file_come_at_once(void **state)
{
    g_autoptr(outcome) result = NULL;

    place_write(*state, "bad.yaml",
                HEAD "tagz: [a]\nsteps:\n  - wait: 20\n  - fly: high\n  - upload: nowhere\n");
    place_write(*state, "worse.yaml", HEAD "steps:\n  - reset: {with-in: 3s}\n");
    result = place_run(*state, "bootrig check bad.yaml worse.yaml");
    assert_int_equal(result->code, 2);
    expect_text(result->err, "bad.yaml:2:1: error:");
    expect_text(result->err, "bad.yaml:4:11: error:");
    expect_text(result->err, "bad.yaml:5:5: error:");
    expect_text(result->err, "bad.yaml:6:13: error:");
    expect_text(result->err, "worse.yaml:3:13: error:");
    expect_text(result->err, "4 |   - wait: 20");
}

/* Nine levels of nine aliases each: 9^9 nodes when somebody expands them. */
static void an_alias_bomb_does_not_explode(void **state)
{
    GString *text = g_string_new(HEAD "vars:\n  a0: &a0 [x, x, x, x, x, x, x, x, x]\n");

    for (int level = 1; level < 10; level++) {
        g_string_append_printf(text, "  a%d: &a%d [", level, level);
        for (int i = 0; i < 9; i++)
            g_string_append_printf(text, "%s*a%d", i ? ", " : "", level - 1);
        g_string_append(text, "]\n");
    }
    g_string_append(text, "steps:\n  - note: x\n");
    place_write(*state, "bomb.yaml", text->str);
    place_expect(*state, 2, "too many values in one file", "bootrig check bomb.yaml");
    g_string_free(text, TRUE);
}

static void nesting_without_end_is_refused(void **state)
{
    GString *text = g_string_new(HEAD "steps:\n  - note: ");

    for (int i = 0; i < 100000; i++)
        g_string_append_c(text, '[');
    place_write(*state, "deep.yaml", text->str);
    place_expect(*state, 2, "nested too deeply", "bootrig check deep.yaml");
    g_string_free(text, TRUE);
}

static void a_file_of_100_megabytes_is_refused_before_it_is_read(void **state)
{
    g_autofree char *path = place_path(*state, "huge.yaml");

    place_write(*state, "huge.yaml", HEAD);
    assert_int_equal(truncate(path, 100 * 1000 * 1000), 0);
    place_expect(*state, 2, "huge.yaml: error: is larger than 1024 KiB", "bootrig check huge.yaml");
    place_expect(*state, 2, "huge.yaml", "bootrig run -q huge.yaml");
}

static void a_matrix_of_a_million_cases_is_refused(void **state)
{
    GString *text = g_string_new(HEAD "matrix:\n");

    for (int axis = 0; axis < 6; axis++)
        g_string_append_printf(text, "  v%d: [a, b, c, d, e, f, g, h, i, j]\n", axis);
    g_string_append(text, "steps:\n  - note: \"$v0 $v1 $v2 $v3 $v4 $v5\"\n");
    place_write(*state, "many.yaml", text->str);
    place_expect(*state, 2, "more than 10000 cases", "bootrig check many.yaml");
    g_string_free(text, TRUE);
}

static void directories_and_devices_in_place_of_files_are_errors(void **state)
{
    g_autofree char *path = place_path(*state, "folder.yaml");

    assert_int_equal(g_mkdir(path, 0700), 0);
    place_write(*state, "fine.yaml", scenario_passing);
    place_expect(*state, 4, "nothing to run", "bootrig run folder.yaml");
    place_expect(*state, 2, "/dev/null", "bootrig check /dev/null");
    place_expect(*state, 2, "target './folder.yaml': is a directory",
                 "bootrig run -q --target ./folder.yaml fine.yaml");
    place_expect(*state, 2, "folder.yaml", "bootrig report folder.yaml");
}

static void image_files_that_are_none_are_rig_errors_of_their_case(void **state)
{
    static const struct {
        const char *file, *said;
    } files[] = {
        {"missing.bin", "missing.bin"},
        {"folder", "is a directory"},
        {"empty.bin", "is empty"},
        {"/dev/null", "/dev/null"},
    };
    g_autofree char *folder = place_path(*state, "folder");

    assert_int_equal(g_mkdir(folder, 0700), 0);
    place_write(*state, "empty.bin", "");
    place_write(*state, "noise.bin", "this is no image");
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *text =
            g_strdup_printf(HEAD "images:\n  a: {file: %s}\nsteps:\n  - board: {slot0: a}\n", files[i].file);

        place_write(*state, "file.yaml", text);
        place_expect(*state, 2, files[i].said, "bootrig run --no-html file.yaml");
    }
    /* Noise in a slot is no rig error: that is what some scenarios are about. */
    place_write(
        *state, "noise.yaml",
        HEAD "images:\n  a: {file: noise.bin}\nsteps:\n  - board: {slot0: a}\n  - expect-board: no-image\n");
    place_expect(*state, 0, "1 passed", "bootrig run --no-html noise.yaml");
}

static void keys_of_the_wrong_type_are_told_apart(void **state)
{
    place_expect(*state, 0, NULL, "bootrig image key make ed25519 -o ed.pem");
    place_write(*state, "payload.bin", "0123456789abcdef");
    place_write(*state, "noise.pem",
                "-----BEGIN PRIVATE KEY-----\nnot base64 at all\n-----END PRIVATE KEY-----\n");
    place_expect(*state, 0, NULL,
                 "bootrig image make payload.bin --version 1.0.0 --key test:ecdsa-p256 -o signed.bin");
    place_expect(*state, 0, NULL, "bootrig image verify signed.bin --key test:ecdsa-p256");
    place_expect(*state, 1, NULL, "bootrig image verify signed.bin --key ed.pem");
    place_expect(*state, 1, NULL, "bootrig image verify signed.bin --key test:ecdsa-p256:1");
    place_expect(*state, 2, "noise.pem", "bootrig image verify signed.bin --key noise.pem");
    place_expect(*state, 2, "nothing.pem", "bootrig image verify signed.bin --key nothing.pem");
    place_expect(*state, 2, NULL, "bootrig image verify signed.bin --key .");
    place_expect(*state, 2, NULL, "bootrig image verify signed.bin --key test:dsa-512");
    place_expect(*state, 2, NULL, "bootrig image verify . --key ed.pem");
    place_expect(*state, 2, "missing.bin", "bootrig image verify missing.bin");
}

/* Words of the version before: `check` and `run` tell their new names, and the verdict is that of the new
 * words. */
static void words_of_the_version_before_are_still_read(void **state)
{
    static const char *const commands[] = {"bootrig check old.yaml", "bootrig list old.yaml",
                                           "bootrig run --no-html -q old.yaml",
                                           "bootrig run --dry-run old.yaml"};

    place_write(*state, "old.yaml",
                "scenario: old\nimages: {old: 1.0.0}\nsetup:\n  - board: {slot0: old}\nsteps:\n"
                "  - connect:\n"
                "  - with-faults: [{spoil-response: {request: 0, as: no-cbor}}]\n"
                "    do: [{smp-echo: {text: x, expect: malformed-answer}}]\n"
                "  - mark-flash: start\n  - reset:\n  - expect-boot: {image: old}\n"
                "  - expect-flash: {since: start, untouched: slot0}\n");
    for (guint i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_autoptr(outcome) result = place_run(*state, "%s", commands[i]);

        assert_int_equal(result->code, 0);
        expect_text(result->err, "old.yaml:7:20: note: 'spoil-response' is now called 'corrupt-response'\n");
        expect_text(result->err, "old.yaml:9:5: note: 'mark-flash' is now called 'watch-flash'\n"
                                 "   9 |   - mark-flash: start\n"
                                 "     |     ^^^^^^^^^^ the next version no longer reads the old name\n");
    }
}

static void journals_that_are_none_are_no_pass(void **state)
{
    place_write(*state, "noise.jsonl", "this is no journal\n{\"ev\":7}\n[[[[\n");
    place_expect(*state, 2, "3 lines of the journal could not be read", "bootrig report noise.jsonl");
    place_expect(*state, 2, "0 passed, 0 failed, 1 errors", "bootrig report noise.jsonl");
    place_expect(*state, 2, "missing.jsonl", "bootrig report missing.jsonl");
    place_expect(*state, 2, NULL, "bootrig replay missing.jsonl");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(broken_yaml_of_every_kind_is_an_error_with_its_place),
        PROCESS_TEST(a_capture_that_is_cut_or_empty_is_told_by_the_exit_code),
        PROCESS_TEST(all_errors_of_a_file_come_at_once),
        PROCESS_TEST(an_alias_bomb_does_not_explode),
        PROCESS_TEST(nesting_without_end_is_refused),
        PROCESS_TEST(a_file_of_100_megabytes_is_refused_before_it_is_read),
        PROCESS_TEST(a_matrix_of_a_million_cases_is_refused),
        PROCESS_TEST(directories_and_devices_in_place_of_files_are_errors),
        PROCESS_TEST(image_files_that_are_none_are_rig_errors_of_their_case),
        PROCESS_TEST(keys_of_the_wrong_type_are_told_apart),
        PROCESS_TEST(words_of_the_version_before_are_still_read),
        PROCESS_TEST(journals_that_are_none_are_no_pass),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
