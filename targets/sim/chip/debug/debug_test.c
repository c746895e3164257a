/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The debug port as registers and memory. Whole conversations with openocd are tested beside the probe
 * driver. */
#include "sim/chip/debug/fixture.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define DHCSR 0xe000edf0u
#define DEMCR 0xe000edfcu
#define AIRCR 0xe000ed0cu
#define NVMC_CONFIG 0x4001e504u
#define NVMC_ERASEPAGE 0x4001e508u
#define FREE_PAGE 0x30000u

static uint32_t word_at(struct debugged *debugged, uint32_t address)
{
    uint8_t bytes[4];
    uint32_t stopped_at;

    assert_int_equal(sim_debug_read(debugged->debug, address, 4, bytes, sizeof bytes, &stopped_at),
                     SIM_DEBUG_OK);
    return rig_get_le32(bytes);
}

static void set_word(struct debugged *debugged, uint32_t address, uint32_t value)
{
    uint8_t bytes[4];
    uint32_t stopped_at;

    rig_put_le32(bytes, value);
    assert_int_equal(sim_debug_write(debugged->debug, address, 4, bytes, sizeof bytes, &stopped_at),
                     SIM_DEBUG_OK);
}

static int open_board(void **state)
{
    *state = debugged_new();
    return 0;
}

static int close_board(void **state)
{
    debugged_free(*state);
    return 0;
}

static void test_power_up_requests_are_acknowledged(void **state)
{
    struct debugged *debugged = *state;
    uint32_t value;

    assert_int_equal(sim_debug_read_dp(debugged->debug, 0, &value), SIM_DEBUG_OK);
    assert_int_equal(value, SIM_DEBUG_DPIDR);
    assert_int_equal(sim_debug_write_dp(debugged->debug, 4, 0x50000000), SIM_DEBUG_OK);
    assert_int_equal(sim_debug_read_dp(debugged->debug, 4, &value), SIM_DEBUG_OK);
    assert_int_equal(value, 0xf0000000u);
}

static void test_tar_wraps_within_4_kib(void **state)
{
    struct debugged *debugged = *state;
    uint32_t value;

    assert_int_equal(sim_debug_write_ap(debugged->debug, 0, 0x00, 0x23000052), SIM_DEBUG_OK);
    assert_int_equal(sim_debug_write_ap(debugged->debug, 0, 0x04, 0x20000ffc), SIM_DEBUG_OK);
    assert_int_equal(sim_debug_write_ap(debugged->debug, 0, 0x0c, 0x11223344), SIM_DEBUG_OK);
    assert_int_equal(sim_debug_read_ap(debugged->debug, 0, 0x04, &value), SIM_DEBUG_OK);
    assert_int_equal(value, 0x20000000);
    assert_int_equal(word_at(debugged, 0x20000ffc), 0x11223344);
}

static void test_bytes_sit_in_their_lanes(void **state)
{
    struct debugged *debugged = *state;
    uint32_t value;

    set_word(debugged, 0x20000010, 0xddccbbaa);
    assert_int_equal(sim_debug_write_ap(debugged->debug, 0, 0x00, 0x23000050), SIM_DEBUG_OK);
    assert_int_equal(sim_debug_write_ap(debugged->debug, 0, 0x04, 0x20000012), SIM_DEBUG_OK);
    assert_int_equal(sim_debug_read_ap(debugged->debug, 0, 0x0c, &value), SIM_DEBUG_OK);
    assert_int_equal(value, 0x00cc0000);
}

static void test_packed_accesses_move_a_word_of_narrow_units(void **state)
{
    struct debugged *debugged = *state;
    uint32_t value;

    set_word(debugged, 0x20000010, 0xddccbbaa);
    set_word(debugged, 0x20000014, 0x44332211);
    assert_int_equal(sim_debug_write_ap(debugged->debug, 0, 0x00, 0x23000060), SIM_DEBUG_OK);
    assert_int_equal(sim_debug_write_ap(debugged->debug, 0, 0x04, 0x20000012), SIM_DEBUG_OK);
    assert_int_equal(sim_debug_read_ap(debugged->debug, 0, 0x0c, &value), SIM_DEBUG_OK);
    assert_int_equal(value, 0xddcc2211); /* each byte in the lane of its address */
    assert_int_equal(sim_debug_read_ap(debugged->debug, 0, 0x04, &value), SIM_DEBUG_OK);
    assert_int_equal(value, 0x20000016);
    assert_int_equal(sim_debug_write_ap(debugged->debug, 0, 0x00, 0x23000061), SIM_DEBUG_OK);
    assert_int_equal(sim_debug_write_ap(debugged->debug, 0, 0x04, 0x20000010), SIM_DEBUG_OK);
    assert_int_equal(sim_debug_write_ap(debugged->debug, 0, 0x0c, 0x12345678), SIM_DEBUG_OK);
    assert_int_equal(word_at(debugged, 0x20000010), 0x12345678);
}

static void test_the_console_is_a_ring_in_ram_that_loses_what_finds_no_room(void **state)
{
    struct debugged *debugged = *state;
    uint8_t bytes[16];
    uint32_t stopped_at, n_written;

    sim_debug_console(debugged->debug, "hello");
    assert_int_equal(sim_debug_read(debugged->debug, 0x20000400, 1, bytes, sizeof bytes, &stopped_at),
                     SIM_DEBUG_OK);
    assert_memory_equal(bytes, SIM_DEBUG_RTT_NAME "\0\0\0\0\0", 16);
    assert_int_equal(word_at(debugged, 0x20000424), 7);
    assert_int_equal(sim_debug_read(debugged->debug, word_at(debugged, 0x2000041c), 1, bytes, 7, &stopped_at),
                     SIM_DEBUG_OK);
    assert_memory_equal(bytes, "hello\r\n", 7);
    for (unsigned i = 0; i < 1000; i++)
        sim_debug_console(debugged->debug, "one line more");
    n_written = word_at(debugged, 0x20000424);
    assert_true(n_written > 4096 - 16 && n_written < 4096);
    set_word(debugged, 0x20000428, n_written); /* somebody has read it all */
    sim_debug_console(debugged->debug, "again");
    assert_int_equal(word_at(debugged, 0x20000424), (n_written + 7) % 4096);
}

static void test_a_hostile_debugger_cannot_break_the_console(void **state)
{
    struct debugged *debugged = *state;

    sim_debug_console(debugged->debug, "hello");
    set_word(debugged, 0x20000424, 0xffffffff);
    set_word(debugged, 0x20000428, 0x80000001);
    sim_debug_console(debugged->debug, "hello");
    set_word(debugged, 0x20000420, 0xffffffff); /* its length: set up anew */
    sim_debug_console(debugged->debug, "hello");
    assert_int_equal(word_at(debugged, 0x20000424), 7);
}

static void test_power_loss_takes_the_console_along(void **state)
{
    struct debugged *debugged = *state;

    sim_debug_console(debugged->debug, "hello");
    sim_board_power(debugged->bench.board, false);
    sim_debug_notice(debugged->debug);
    sim_debug_console(debugged->debug, "nobody hears");
    sim_board_power(debugged->bench.board, true);
    assert_int_equal(word_at(debugged, 0x20000400), 0);
}

static void test_what_was_saved_comes_back(void **state)
{
    struct debugged *debugged = *state;
    struct sim_debug *saved;

    set_word(debugged, 0x20000010, 1);
    saved = sim_debug_save(debugged->debug);
    set_word(debugged, 0x20000010, 2);
    set_word(debugged, 0x20001000, 3);
    sim_debug_halt(debugged->debug);
    sim_debug_restore(debugged->debug, saved);
    assert_int_equal(word_at(debugged, 0x20000010), 1);
    assert_int_equal(word_at(debugged, 0x20001000), 0);
    assert_false(sim_debug_stopped(debugged->debug));
    sim_debug_free(saved);
}

static void test_unmapped_access_sets_the_sticky_error_until_it_is_cleared(void **state)
{
    struct debugged *debugged = *state;
    uint8_t bytes[8];
    uint32_t value, stopped_at;

    assert_int_equal(sim_debug_read(debugged->debug, 0x50000000, 4, bytes, 8, &stopped_at), SIM_DEBUG_FAULT);
    assert_int_equal(stopped_at, 0x50000000);
    sim_debug_read_dp(debugged->debug, 4, &value);
    assert_true(value & 1u << 5);
    sim_debug_write_dp(debugged->debug, 0, 1u << 2);
    sim_debug_read_dp(debugged->debug, 4, &value);
    assert_false(value & 1u << 5);
    assert_int_equal(sim_debug_read(debugged->debug, 0xfffffffc, 4, bytes, 8, &stopped_at), SIM_DEBUG_FAULT);
    assert_int_equal(sim_debug_read(debugged->debug, 0x20000001, 4, bytes, 4, &stopped_at), SIM_DEBUG_FAULT);
}

static void test_a_read_over_the_end_of_flash_tells_where_it_stopped(void **state)
{
    struct debugged *debugged = *state;
    uint8_t bytes[8192];
    uint32_t stopped_at;

    assert_int_equal(sim_debug_read(debugged->debug, 64 * 4096 - 4096, 4, bytes, sizeof bytes, &stopped_at),
                     SIM_DEBUG_FAULT);
    assert_int_equal(stopped_at, 64 * 4096);
}

static void test_a_halted_board_stands_still_and_goes_on(void **state)
{
    struct debugged *debugged = *state;

    set_word(debugged, DHCSR, 0xa05f0003);
    assert_true(word_at(debugged, DHCSR) & 1u << 17);
    debugged_run(debugged, 5 * RIG_SECOND_US);
    assert_int_equal(sim_board_view(debugged->bench.board).state, SIM_BOARD_BOOTING);
    set_word(debugged, DHCSR, 0xa05f0001);
    assert_false(word_at(debugged, DHCSR) & 1u << 17);
    debugged_run(debugged, 5 * RIG_SECOND_US);
    assert_int_equal(sim_board_view(debugged->bench.board).state, SIM_BOARD_RUNNING);
}

static void test_dhcsr_without_its_key_does_nothing(void **state)
{
    struct debugged *debugged = *state;

    set_word(debugged, DHCSR, 0x12340003);
    assert_false(sim_debug_halted(debugged->debug));
}

static void test_reset_with_vector_catch_halts_before_the_bootloader(void **state)
{
    struct debugged *debugged = *state;

    debugged_run(debugged, 5 * RIG_SECOND_US);
    set_word(debugged, DHCSR, 0xa05f0001);
    set_word(debugged, DEMCR, 1);
    set_word(debugged, AIRCR, 0x05fa0004);
    assert_true(sim_debug_halted(debugged->debug));
    debugged_run(debugged, RIG_SECOND_US);
    assert_int_equal(sim_board_view(debugged->bench.board).n_boots, 1);
    assert_true(sim_debug_pc(debugged->debug) < 0x1000);
    assert_true(word_at(debugged, DHCSR) & 1u << 25);
    assert_false(word_at(debugged, DHCSR) & 1u << 25);
}

static void test_reset_needs_its_key(void **state)
{
    struct debugged *debugged = *state;

    debugged_run(debugged, 5 * RIG_SECOND_US);
    set_word(debugged, AIRCR, 0x00000004);
    debugged_run(debugged, 5 * RIG_SECOND_US);
    assert_int_equal(sim_board_view(debugged->bench.board).n_boots, 1);
    set_word(debugged, AIRCR, 0x05fa0004);
    debugged_run(debugged, 5 * RIG_SECOND_US);
    assert_int_equal(sim_board_view(debugged->bench.board).n_boots, 2);
}

static void test_the_held_reset_pin_keeps_the_board_from_booting(void **state)
{
    struct debugged *debugged = *state;

    debugged_run(debugged, 5 * RIG_SECOND_US);
    sim_debug_pin_reset(debugged->debug, true);
    debugged_run(debugged, 5 * RIG_SECOND_US);
    assert_int_equal(sim_board_view(debugged->bench.board).n_boots, 1);
    assert_true(word_at(debugged, DHCSR) & 1u << 25);
    assert_true(word_at(debugged, DHCSR) & 1u << 25);
    sim_debug_pin_reset(debugged->debug, false);
    debugged_run(debugged, 5 * RIG_SECOND_US);
    assert_int_equal(sim_board_view(debugged->bench.board).n_boots, 2);
}

static void test_core_registers_travel_through_dcrdr_while_halted(void **state)
{
    struct debugged *debugged = *state;

    set_word(debugged, DHCSR, 0xa05f0003);
    set_word(debugged, 0xe000edf8, 0xcafe);
    set_word(debugged, 0xe000edf4, 1u << 16 | 3);
    set_word(debugged, 0xe000edf8, 0);
    set_word(debugged, 0xe000edf4, 3);
    assert_int_equal(word_at(debugged, 0xe000edf8), 0xcafe);
    set_word(debugged, DHCSR, 0xa05f0001);
    set_word(debugged, 0xe000edf4, 4);
    assert_int_equal(word_at(debugged, 0xe000edf8), 0xcafe);
}

static void test_the_program_counter_tells_bootloader_from_application(void **state)
{
    struct debugged *debugged = *state;

    set_word(debugged, DHCSR, 0xa05f0003);
    assert_int_equal(word_at(debugged, 0xe000101c), 0xffffffff);
    set_word(debugged, DHCSR, 0xa05f0000);
    assert_true(word_at(debugged, 0xe000101c) < 0x200);
    debugged_run(debugged, 5 * RIG_SECOND_US);
    assert_true(word_at(debugged, 0xe000101c) >= 0x200);
}

static void test_flash_is_written_only_when_enabled_and_bits_only_clear(void **state)
{
    struct debugged *debugged = *state;

    set_word(debugged, FREE_PAGE, 0);
    assert_int_equal(word_at(debugged, FREE_PAGE), 0xffffffff);
    set_word(debugged, NVMC_CONFIG, 1);
    set_word(debugged, FREE_PAGE, 0x0ff0);
    set_word(debugged, FREE_PAGE, 0xff00);
    assert_int_equal(word_at(debugged, FREE_PAGE), 0x0f00);
    set_word(debugged, NVMC_CONFIG, 0);
    set_word(debugged, FREE_PAGE, 0);
    assert_int_equal(word_at(debugged, FREE_PAGE), 0x0f00);
}

static void test_a_page_is_erased_only_when_enabled_and_alone(void **state)
{
    struct debugged *debugged = *state;

    set_word(debugged, NVMC_CONFIG, 1);
    set_word(debugged, FREE_PAGE, 0);
    set_word(debugged, FREE_PAGE + 4096, 0);
    set_word(debugged, NVMC_ERASEPAGE, FREE_PAGE);
    assert_int_equal(word_at(debugged, FREE_PAGE), 0);
    set_word(debugged, NVMC_CONFIG, 2);
    set_word(debugged, NVMC_ERASEPAGE, FREE_PAGE);
    assert_int_equal(word_at(debugged, FREE_PAGE), 0xffffffff);
    assert_int_equal(word_at(debugged, FREE_PAGE + 4096), 0);
    set_word(debugged, NVMC_ERASEPAGE, 0xfffff000);
}

static void test_programming_is_no_operation_of_the_board(void **state)
{
    struct debugged *debugged = *state;
    uint64_t n_before = sim_flash_n_operations(sim_board_flash(debugged->bench.board));

    set_word(debugged, NVMC_CONFIG, 1);
    set_word(debugged, FREE_PAGE, 0);
    assert_int_equal(sim_flash_n_operations(sim_board_flash(debugged->bench.board)), n_before);
}

static void test_identity_registers_name_an_nrf52840(void **state)
{
    struct debugged *debugged = *state;

    assert_int_equal(word_at(debugged, 0x10000100), 0x52840);
    assert_int_equal(word_at(debugged, 0x10000010), 4096);
    assert_int_equal(word_at(debugged, 0x10000014), 64);
    assert_int_equal(word_at(debugged, 0xe000ed00), 0x410fc241);
}

static void test_a_board_without_power_does_not_answer_and_forgets_the_debugger(void **state)
{
    struct debugged *debugged = *state;
    uint32_t value, stopped_at;
    uint8_t bytes[4];

    set_word(debugged, 0x20000000, 0xcafe);
    set_word(debugged, DEMCR, 1);
    set_word(debugged, DHCSR, 0xa05f0003);
    sim_board_power(debugged->bench.board, false);
    assert_int_equal(sim_debug_vtref_mv(debugged->debug), 0);
    assert_int_equal(sim_debug_read_dp(debugged->debug, 0, &value), SIM_DEBUG_DEAD);
    assert_int_equal(sim_debug_read_ap(debugged->debug, 0, 0xfc, &value), SIM_DEBUG_DEAD);
    assert_int_equal(sim_debug_read(debugged->debug, 0, 4, bytes, 4, &stopped_at), SIM_DEBUG_DEAD);
    sim_board_power(debugged->bench.board, true);
    sim_debug_notice(debugged->debug);
    assert_false(sim_debug_halted(debugged->debug));
    assert_int_equal(word_at(debugged, 0x20000000), 0);
    assert_int_equal(word_at(debugged, DEMCR), 0);
    debugged_run(debugged, 5 * RIG_SECOND_US);
    assert_int_equal(sim_board_view(debugged->bench.board).state, SIM_BOARD_RUNNING);
}

#define board_test(f) cmocka_unit_test_setup_teardown(f, open_board, close_board)

/* APPROTECTSTATUS of the CTRL-AP: 0 = enabled. */
static void assert_closed(struct debugged *debugged, bool closed)
{
    uint32_t status, idr, stopped_at;
    uint8_t word[4];

    assert_int_equal(sim_debug_read_ap(debugged->debug, 1, 0x0c, &status), SIM_DEBUG_OK);
    assert_int_equal(status, !closed);
    assert_int_equal(sim_debug_read_ap(debugged->debug, 0, 0xfc, &idr), SIM_DEBUG_OK);
    assert_int_equal(idr != 0, !closed);
    assert_int_equal(sim_debug_read(debugged->debug, FREE_PAGE, 4, word, sizeof word, &stopped_at),
                     closed ? SIM_DEBUG_FAULT : SIM_DEBUG_OK);
}

static void test_power_on_closes_a_protected_port_until_the_firmware_or_an_erase_opens_it(void **state)
{
    struct debugged *debugged = *state;

    assert_closed(debugged, false);
    sim_debug_set_lock(debugged->debug, SIM_DEBUG_LOCK_FIRMWARE_OPENS);
    assert_closed(debugged, true);
    sim_debug_saw_boot(debugged->debug, false);
    assert_closed(debugged, true);
    sim_debug_saw_boot(debugged->debug, true);
    assert_closed(debugged, false);
    sim_debug_pin_reset(debugged->debug, true);
    sim_debug_pin_reset(debugged->debug, false);
    assert_closed(debugged, true);
    sim_debug_set_lock(debugged->debug, SIM_DEBUG_LOCK_STAYS);
    sim_debug_saw_boot(debugged->debug, true);
    assert_closed(debugged, true);
    assert_int_equal(sim_debug_write_ap(debugged->debug, 1, 0x04, 1), SIM_DEBUG_OK);
    assert_closed(debugged, false);
    assert_int_equal(word_at(debugged, 0xc000), 0xffffffff);
    sim_board_power(debugged->bench.board, false);
    sim_debug_notice(debugged->debug);
    sim_board_power(debugged->bench.board, true);
    sim_debug_notice(debugged->debug);
    assert_closed(debugged, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        board_test(test_power_up_requests_are_acknowledged),
        board_test(test_power_on_closes_a_protected_port_until_the_firmware_or_an_erase_opens_it),
        board_test(test_tar_wraps_within_4_kib),
        board_test(test_bytes_sit_in_their_lanes),
        board_test(test_packed_accesses_move_a_word_of_narrow_units),
        board_test(test_the_console_is_a_ring_in_ram_that_loses_what_finds_no_room),
        board_test(test_a_hostile_debugger_cannot_break_the_console),
        board_test(test_power_loss_takes_the_console_along),
        board_test(test_what_was_saved_comes_back),
        board_test(test_unmapped_access_sets_the_sticky_error_until_it_is_cleared),
        board_test(test_a_read_over_the_end_of_flash_tells_where_it_stopped),
        board_test(test_a_halted_board_stands_still_and_goes_on),
        board_test(test_dhcsr_without_its_key_does_nothing),
        board_test(test_reset_with_vector_catch_halts_before_the_bootloader),
        board_test(test_reset_needs_its_key),
        board_test(test_the_held_reset_pin_keeps_the_board_from_booting),
        board_test(test_core_registers_travel_through_dcrdr_while_halted),
        board_test(test_the_program_counter_tells_bootloader_from_application),
        board_test(test_flash_is_written_only_when_enabled_and_bits_only_clear),
        board_test(test_a_page_is_erased_only_when_enabled_and_alone),
        board_test(test_programming_is_no_operation_of_the_board),
        board_test(test_identity_registers_name_an_nrf52840),
        board_test(test_a_board_without_power_does_not_answer_and_forgets_the_debugger),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
