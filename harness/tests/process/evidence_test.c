/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files that a run keeps beside its reports: dumps of slots, openocd's log. */
#include "process.h"

#include <string.h>

#define SLOT_BYTES (128u * 1024)

static const char dumping[] = "scenario: dumping\n"
                              "about: Both slots are kept, one of them twice.\n"
                              "images: {old: {version: 1.0.0, size: 8KiB}}\n"
                              "setup: [board: {slot0: old}]\n"
                              "steps:\n"
                              "  - dump-slot: 0\n"
                              "  - dump-slot: {slot: 1, as: twice}\n"
                              "  - dump-slot: {slot: 1, as: twice}\n";
static const char beyond_ram[] = "scenario: beyond\n"
                                 "about: Nothing is at that address.\n"
                                 "images: {old: {version: 1.0.0, size: 8KiB}}\n"
                                 "setup: [board: {slot0: old}]\n"
                                 "steps: [expect-memory: {address: 0x50000000, word: 0}]\n";

static gsize size_of(const struct place *place, const char *name)
{
    g_autofree char *path = place_path(place, name);
    g_autofree char *bytes = NULL;
    gsize n_bytes = 0;

    return g_file_get_contents(path, &bytes, &n_bytes, NULL) ? n_bytes : 0;
}

static bool is_there(const struct place *place, const char *name)
{
    g_autofree char *path = place_path(place, name);

    return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void dumps_lie_below_evidence_whole_and_each_with_a_name_of_its_own(void **state)
{
    g_autofree char *journal = NULL;
    g_autofree char *summary = NULL;

    place_write(*state, "dumping.yaml", dumping);
    place_expect(*state, 0, NULL, "bootrig run dumping.yaml");
    assert_int_equal(size_of(*state, "reports/out/evidence/000-dumping/slot-0.bin"), SLOT_BYTES);
    assert_int_equal(size_of(*state, "reports/out/evidence/000-dumping/twice.bin"), SLOT_BYTES);
    assert_int_equal(size_of(*state, "reports/out/evidence/000-dumping/twice-2.bin"), SLOT_BYTES);
    journal = place_read(*state, "reports/out/journal.jsonl");
    expect_text(
        journal,
        "\"evidence\":[\"reports/out/evidence/000-dumping/slot-0.bin\","
        "\"reports/out/evidence/000-dumping/twice.bin\",\"reports/out/evidence/000-dumping/twice-2.bin\"]");
    summary = place_read(*state, "reports/out/summary.json");
    expect_text(summary, "evidence/000-dumping/twice-2.bin");
    place_expect(*state, 0, "version 1.0.0",
                 "bootrig image verify reports/out/evidence/000-dumping/slot-0.bin --key "
                 "test:ecdsa-p256");
}

static void folders_are_named_after_their_cases(void **state)
{
    g_autofree char *long_name = g_strnfill(300, 'x');
    g_autofree char *text = g_strdup_printf("scenario: odd\n"
                                            "images: {old: {version: 1.0.0, size: 8KiB}}\n"
                                            "matrix: {n: ['../up', 'a b/c', '%s']}\n"
                                            "setup: [board: {slot0: old}]\n"
                                            "steps: [dump-slot: 0, note: $n]\n",
                                            long_name);

    place_write(*state, "odd.yaml", text);
    place_expect(*state, 0, NULL, "bootrig run odd.yaml");
    assert_true(is_there(*state, "reports/out/evidence/000-odd-n-..-up/slot-0.bin"));
    assert_true(is_there(*state, "reports/out/evidence/001-odd-n-a-b-c/slot-0.bin"));
    assert_true(is_there(*state, "reports/out/evidence/002-odd-n-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                                 "xxxxxxxxxxxxxxxx/slot-0.bin"));
}

static void repeats_and_retries_do_not_mix(void **state)
{
    place_write(*state, "dumping.yaml", dumping);
    place_expect(*state, 0, NULL, "bootrig run dumping.yaml --repeat 2");
    assert_true(is_there(*state, "reports/out/evidence/000-dumping/slot-0.bin"));
    assert_true(is_there(*state, "reports/out/evidence/001-dumping-2/slot-0.bin"));
    place_write(*state, "failing.yaml",
                "scenario: failing\n"
                "about: It keeps a slot in each attempt.\n"
                "images: {old: {version: 1.0.0, size: 8KiB}}\n"
                "setup: [board: {slot0: old}]\n"
                "steps:\n"
                "  - dump-slot: 0\n"
                "  - expect-memory: {address: 0xc000, word: 0}\n");
    place_expect(*state, 1, NULL, "bootrig run failing.yaml --retries 1");
    assert_true(is_there(*state, "reports/out/evidence/000-failing/slot-0.bin"));
    assert_true(is_there(*state, "reports/out/evidence/000-failing-attempt-2/slot-0.bin"));
    assert_false(is_there(*state, "reports/out/evidence/001-failing"));
}

static void the_evidence_of_an_earlier_run_goes_and_other_files_stay(void **state)
{
    place_write(*state, "dumping.yaml", dumping);
    place_expect(*state, 0, NULL, "bootrig run dumping.yaml");
    place_write(*state, "reports/out/evidence/mine.txt", "of a person");
    place_write(*state, "reports/out/evidence/003/slot-0.bin", "of an older version");
    place_write(*state, "reports/out/evidence/mine/slot-0.bin", "of a person");
    place_write(*state, "reports/out/summary.json.0123abcd", "of a run that was killed while it wrote");
    place_write(*state, "reports/out/junit.xml.old", "of a person");
    place_write(*state, "passing.yaml", scenario_passing);
    place_expect(*state, 0, NULL, "bootrig run passing.yaml");
    assert_false(is_there(*state, "reports/out/evidence/000-dumping"));
    assert_true(is_there(*state, "reports/out/evidence/mine.txt"));
    assert_false(is_there(*state, "reports/out/evidence/003"));
    assert_false(is_there(*state, "reports/out/summary.json.0123abcd"));
    assert_true(is_there(*state, "reports/out/evidence/mine/slot-0.bin"));
    assert_true(is_there(*state, "reports/out/junit.xml.old"));
}

static void a_folder_that_cannot_be_made_is_an_error_of_the_rig(void **state)
{
    place_write(*state, "dumping.yaml", dumping);
    place_expect(*state, 0, NULL, "bootrig run dumping.yaml");
    place_write(*state, "other/evidence", "a file where the folder should be");
    place_expect(*state, 2, "cannot make the folder other/evidence/000-dumping",
                 "bootrig run dumping.yaml -o other");
}

static void openocds_log_is_kept_and_its_end_told_when_the_rig_was_at_fault(void **state)
{
    g_autofree char *openocd = g_find_program_in_path("openocd");
    g_autofree char *junit = NULL, *log = NULL;

    if (!openocd) {
        print_message("skipped: openocd is not installed (ci/setup --tests installs it)\n");
        skip();
    }
    place_write(*state, "beyond.yaml", beyond_ram);
    place_write(*state, "dumping.yaml", dumping);
    place_expect(*state, 2, "openocd.log ends with:",
                 "bootrig run beyond.yaml dumping.yaml --target sim-process-nrf52840");
    log = place_read(*state, "reports/out/evidence/000-beyond/openocd.log");
    assert_non_null(log);
    expect_text(log, "Open On-Chip Debugger");
    junit = place_read(*state, "reports/out/junit.xml");
    expect_text(junit, "[[ATTACHMENT|");
    expect_text(junit, "evidence/000-beyond/openocd.log");
    /* A case that passed has nothing to explain. */
    assert_false(is_there(*state, "reports/out/evidence/001-dumping/openocd.log"));
    assert_true(is_there(*state, "reports/out/evidence/001-dumping/slot-0.bin"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(dumps_lie_below_evidence_whole_and_each_with_a_name_of_its_own),
        PROCESS_TEST(folders_are_named_after_their_cases),
        PROCESS_TEST(repeats_and_retries_do_not_mix),
        PROCESS_TEST(the_evidence_of_an_earlier_run_goes_and_other_files_stay),
        PROCESS_TEST(a_folder_that_cannot_be_made_is_an_error_of_the_rig),
        PROCESS_TEST(openocds_log_is_kept_and_its_end_told_when_the_rig_was_at_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
