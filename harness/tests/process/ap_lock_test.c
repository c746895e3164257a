/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole runs on a board whose debug port is closed by the AP lock of current nRF52s, through the unmodified
 * openocd. */
#include "process.h"

#include <string.h>

#define TARGET RIG_SOURCE_DIR "/targets/sim-process-nrf52840.yaml"

static const char looking[] = "scenario: looking\n"
                              "images: {old: {version: 1.0.0, size: 8KiB}}\n"
                              "setup: [board: {slot0: old}]\n"
                              "steps: [expect-slot: {slot: 0, magic: unset}]\n";
static const char booting[] = "scenario: booting\n"
                              "images: {old: {version: 1.0.0, size: 8KiB}}\n"
                              "setup: [board: {slot0: old}]\n"
                              "steps: [expect-boot: old]\n";
/* The port is opened by the application: what happens before its start is seen afterwards only. */
static const char cut_in_a_swap[] = "scenario: cut-in-a-swap\n"
                                    "images:\n"
                                    "  old: {version: 1.0.0, size: 10KiB}\n"
                                    "  new: {version: 2.0.0, size: 14KiB}\n"
                                    "setup:\n"
                                    "  - board: {slot0: old}\n"
                                    "  - program: {slot: 1, image: new, as: test}\n"
                                    "steps:\n"
                                    "  - cut-power: {line: \"Starting swap using\", plus: 100ms}\n"
                                    "    do: [{reset: }]\n"
                                    "  - expect-boot: {image: new, confirmed: false, boots: 1}\n"
                                    "  - expect-slot: {slot: 0, image: new, swap-type: revert}\n"
                                    "  - expect-slot: {slot: 1, image: old}\n";

/* Held in reset the board runs nothing that would open the port. */
static const char looking_without_power[] = "scenario: without-power\n"
                                            "images: {old: {version: 1.0.0, size: 8KiB}}\n"
                                            "setup: [board: {slot0: old}]\n"
                                            "steps:\n"
                                            "  - power-off:\n"
                                            "  - expect-slot: {slot: 0, magic: unset}\n";

static bool has_openocd(void)
{
    g_autofree char *openocd = g_find_program_in_path("openocd");

    if (!openocd)
        print_message("skipped: openocd is not installed (ci/setup --tests installs it)\n");
    return openocd != NULL;
}

static void write_target(const struct place *place, const char *approtect)
{
    g_autofree char *usual = NULL;
    g_autofree char *text = NULL;

    assert_true(g_file_get_contents(TARGET, &usual, NULL, NULL));
    text = g_strdup_printf("%sapprotect: %s\n", usual, approtect);
    place_write(place, "sim-process-nrf52840.yaml", text);
}

static void expect_told(const struct place *place, const char *name)
{
    g_autofree char *file = g_strdup_printf("%s.yaml", name);
    g_autoptr(outcome) ran = place_run(place, "bootrig run --target ./sim-process-nrf52840.yaml %s", file);
    g_autofree char *journal = place_read(place, "reports/out/journal.jsonl");
    g_autofree char *junit = place_read(place, "reports/out/junit.xml");
    g_autofree char *summary = place_read(place, "reports/out/summary.json");
    g_autoptr(GPtrArray) ended = place_ended(place, "reports/out", false);
    const char *told = ended_named(ended, name)->message;

    assert_int_equal(ran->code, 2);
    assert_string_equal(ended_named(ended, name)->verdict, "error");
    expect_text(told, "closed by its AP lock (APPROTECT)");
    expect_text(told, "nrf52_recover");
    expect_text(told, "Could not find MEM-AP to control the core");
    expect_text(ran->out, "MEM-AP");
    expect_text(journal, "\"trailers\":[\"slot 0: not read\",\"slot 1: not read\"]");
    expect_text(summary, "slot 0: not read");
    expect_text(junit, "slot 0: not read");
    if (strstr(summary, "magic unset") || strstr(junit, "magic unset") || strstr(ran->out, "no image"))
        fail_msg("what was not read is told as erased:\n%s\n%s", ran->out, summary);
}

static void a_slot_behind_a_port_that_stays_closed_is_an_error_and_its_trailer_not_read(void **state)
{
    if (!has_openocd())
        return;
    write_target(*state, "stays");
    place_write(*state, "looking.yaml", looking);
    expect_told(*state, "looking");
}

static void a_board_behind_a_port_that_stays_closed_is_no_board_without_image(void **state)
{
    if (!has_openocd())
        return;
    write_target(*state, "stays");
    place_write(*state, "booting.yaml", booting);
    expect_told(*state, "booting");
}

static void a_cut_in_a_swap_is_judged_once_the_firmware_has_opened_the_port_again(void **state)
{
    if (!has_openocd())
        return;
    write_target(*state, "firmware-opens");
    place_write(*state, "cut.yaml", cut_in_a_swap);
    place_expect(*state, 0, "1 passed", "bootrig run --target ./sim-process-nrf52840.yaml cut.yaml");
}

static void a_board_without_power_is_not_read_behind_the_lock_and_what_to_do_is_said(void **state)
{
    if (!has_openocd())
        return;
    write_target(*state, "firmware-opens");
    place_write(*state, "off.yaml", looking_without_power);
    place_expect(*state, 2, "put 'power-on:' before it, or say 'reset-pin: false'",
                 "bootrig run --target ./sim-process-nrf52840.yaml off.yaml");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(a_slot_behind_a_port_that_stays_closed_is_an_error_and_its_trailer_not_read),
        PROCESS_TEST(a_board_behind_a_port_that_stays_closed_is_no_board_without_image),
        PROCESS_TEST(a_board_without_power_is_not_read_behind_the_lock_and_what_to_do_is_said),
        PROCESS_TEST(a_cut_in_a_swap_is_judged_once_the_firmware_has_opened_the_port_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
