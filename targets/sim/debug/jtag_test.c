/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The TAP and the JTAG-DP, moved pin by pin. */
#include "sim/debug/jtag.h"

#include "sim/debug/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define IR_ABORT 0x8u
#define IR_DPACC 0xau
#define IR_APACC 0xbu
#define IR_IDCODE 0xeu
#define IR_BYPASS 0xfu
#define DP_CTRL_STAT 0x4u
#define DP_SELECT 0x8u
#define DP_RDBUFF 0xcu
#define AP_CSW 0x0u
#define AP_TAR 0x4u
#define AP_DRW 0xcu

struct session {
    struct debugged *debugged;
    struct sim_jtag jtag;
};

static bool tick(struct session *session, bool tms, bool tdi)
{
    bool tdo;

    sim_jtag_pins(&session->jtag, false, tms, tdi);
    tdo = sim_jtag_tdo(&session->jtag);
    sim_jtag_pins(&session->jtag, true, tms, tdi);
    return tdo;
}

static void reset_tap(struct session *session)
{
    for (unsigned i = 0; i < 5; i++)
        tick(session, true, true);
    tick(session, false, false);
}

/* From Idle to a shift state, n bits through it, and back to Idle. */
static uint64_t scan(struct session *session, bool instruction, uint64_t out, unsigned n_bits)
{
    uint64_t in = 0;

    tick(session, true, false);
    if (instruction)
        tick(session, true, false);
    tick(session, false, false);
    tick(session, false, false);
    for (unsigned i = 0; i < n_bits; i++)
        in |= (uint64_t)tick(session, i + 1 == n_bits, out >> i & 1) << i;
    tick(session, true, false);
    tick(session, false, false);
    return in;
}

static uint64_t access_port(struct session *session, unsigned ir, unsigned address, uint32_t value, bool read)
{
    scan(session, true, ir, SIM_JTAG_IR_BITS);
    return scan(session, false, (uint64_t)value << 3 | (address >> 2) << 1 | read, 35);
}

static void write_port(struct session *session, unsigned ir, unsigned address, uint32_t value)
{
    assert_int_equal(access_port(session, ir, address, value, false) & 7, 2);
}

/* What is read comes with the scan after. */
static uint32_t read_port(struct session *session, unsigned ir, unsigned address)
{
    access_port(session, ir, address, 0, true);
    return (uint32_t)(access_port(session, IR_DPACC, DP_RDBUFF, 0, true) >> 3);
}

static int open_session(void **state)
{
    struct session *session = test_calloc(1, sizeof *session);

    session->debugged = debugged_new();
    session->jtag.debug = session->debugged->debug;
    reset_tap(session);
    *state = session;
    return 0;
}

static int close_session(void **state)
{
    debugged_free(((struct session *)*state)->debugged);
    test_free(*state);
    return 0;
}

static void test_after_reset_the_idcode_comes_out(void **state)
{
    assert_int_equal(scan(*state, false, 0, 32), SIM_DEBUG_JTAG_IDCODE);
}

static void test_the_instruction_register_captures_0001(void **state)
{
    assert_int_equal(scan(*state, true, IR_BYPASS, SIM_JTAG_IR_BITS), 1);
}

static void test_bypass_delays_by_one_bit(void **state)
{
    scan(*state, true, IR_BYPASS, SIM_JTAG_IR_BITS);
    assert_int_equal(scan(*state, false, 0x5a5, 12), (0x5a5 << 1) & 0xfff);
    scan(*state, true, 3, SIM_JTAG_IR_BITS); /* no instruction: bypass as well */
    assert_int_equal(scan(*state, false, 0x0f3, 12), (0x0f3 << 1) & 0xfff);
}

static void test_five_ones_reset_from_anywhere(void **state)
{
    struct session *session = *state;

    for (unsigned n = 0; n < 40; n++) {
        for (unsigned i = 0; i < n; i++)
            tick(session, (n * 2654435761u) >> (i % 30) & 1, i & 1);
        for (unsigned i = 0; i < 5; i++)
            tick(session, true, false);
        assert_int_equal(session->jtag.state, SIM_TAP_RESET);
    }
}

static void test_pausing_loses_no_bit(void **state)
{
    struct session *session = *state;
    uint32_t seen = 0;

    tick(session, true, false);
    tick(session, false, false);
    tick(session, false, false);
    for (unsigned i = 0; i < 32; i++) {
        seen |= (uint32_t)tick(session, true, false) << i; /* to Exit1 */
        tick(session, false, false);                       /* Pause */
        tick(session, true, false);                        /* Exit2 */
        tick(session, false, false);                       /* Shift again */
    }
    assert_int_equal(seen, SIM_DEBUG_JTAG_IDCODE);
}

static void test_power_up_is_acknowledged_over_dpacc(void **state)
{
    struct session *session = *state;

    write_port(session, IR_DPACC, DP_CTRL_STAT, 0x50000000);
    assert_int_equal(read_port(session, IR_DPACC, DP_CTRL_STAT), 0xf0000000u);
}

static void test_memory_is_written_and_read_over_apacc(void **state)
{
    struct session *session = *state;

    write_port(session, IR_DPACC, DP_SELECT, 0);
    write_port(session, IR_APACC, AP_CSW, 0x23000052);
    write_port(session, IR_APACC, AP_TAR, 0x20000100);
    write_port(session, IR_APACC, AP_DRW, 0xcafe1234);
    write_port(session, IR_APACC, AP_DRW, 0x5678beef);
    write_port(session, IR_APACC, AP_TAR, 0x20000100);
    assert_int_equal(read_port(session, IR_APACC, AP_DRW), 0xcafe1234);
    assert_int_equal(read_port(session, IR_APACC, AP_DRW), 0x5678beef);
    assert_int_equal(read_port(session, IR_APACC, AP_TAR), 0x20000108);
}

static void test_the_bank_of_the_access_port_comes_from_select(void **state)
{
    struct session *session = *state;

    write_port(session, IR_DPACC, DP_SELECT, 0xf0);
    assert_int_equal(read_port(session, IR_APACC, 0xc), 0x24770011);
    write_port(session, IR_DPACC, DP_SELECT, 0x00abcdf0); /* bits 23:8 are not for us */
    assert_int_equal(read_port(session, IR_APACC, 0xc), 0x24770011);
    write_port(session, IR_DPACC, DP_SELECT, 0x020000f0); /* there is no access port 2 */
    assert_int_equal(read_port(session, IR_APACC, 0xc), 0);
}

static void test_a_fault_stays_until_ctrl_stat_clears_it(void **state)
{
    struct session *session = *state;

    write_port(session, IR_APACC, AP_CSW, 0x23000052);
    write_port(session, IR_APACC, AP_TAR, 0x50000000);
    (void)read_port(session, IR_APACC, AP_DRW);
    assert_true(read_port(session, IR_DPACC, DP_CTRL_STAT) & 1u << 5);
    write_port(session, IR_APACC, AP_TAR, 0x20000000); /* does not go through */
    write_port(session, IR_DPACC, DP_CTRL_STAT, 0x50000020);
    assert_false(read_port(session, IR_DPACC, DP_CTRL_STAT) & 1u << 5);
    assert_int_equal(read_port(session, IR_APACC, AP_TAR), 0x50000000);
}

static void test_abort_clears_a_fault(void **state)
{
    struct session *session = *state;

    write_port(session, IR_APACC, AP_TAR, 0x50000000);
    (void)read_port(session, IR_APACC, AP_DRW);
    access_port(session, IR_ABORT, 0, 1, false);
    assert_false(read_port(session, IR_DPACC, DP_CTRL_STAT) & 1u << 5);
}

static void test_a_board_without_power_drives_nothing_and_wakes_in_reset(void **state)
{
    struct session *session = *state;

    scan(session, true, IR_DPACC, SIM_JTAG_IR_BITS);
    sim_board_power(session->debugged->bench.board, false);
    assert_int_equal(scan(session, false, 0, 32), 0xffffffff);
    sim_board_power(session->debugged->bench.board, true);
    assert_int_equal(session->jtag.state, SIM_TAP_RESET);
    tick(session, false, false);
    assert_int_equal(scan(session, false, 0, 32), SIM_DEBUG_JTAG_IDCODE);
}

static enum sim_bitbang_result take(struct session *session, const char *text, char *reply)
{
    size_t n_reply;
    enum sim_bitbang_result result =
        sim_bitbang_take(&session->jtag, (const uint8_t *)text, strlen(text), (uint8_t *)reply, &n_reply);

    reply[n_reply] = '\0';
    return result;
}

/* TAP reset by TMS, then 1-0-0 to Shift-DR, and the lowest byte of the IDCODE 0x4ba00477. */
static void test_bitbang_characters_move_the_pins(void **state)
{
    char reply[64];

    assert_int_equal(take(*state,
                          "2626262626"
                          "04"
                          "26"
                          "04"
                          "04"
                          "R04R04R04R04R04R04R04R",
                          reply),
                     SIM_BITBANG_SERVED);
    assert_string_equal(reply, "11101110");
}

static void test_bitbang_drives_both_reset_lines(void **state)
{
    struct session *session = *state;
    char reply[8];

    take(session, "26262600", reply);
    take(session, "t", reply);
    assert_int_equal(session->jtag.state, SIM_TAP_RESET);
    take(session, "s", reply);
    assert_true(sim_debug_stopped(session->debugged->debug));
    take(session, "r", reply);
    assert_false(sim_debug_stopped(session->debugged->debug));
}

static void test_bitbang_ends_with_q_and_at_garbage(void **state)
{
    char reply[8];

    assert_int_equal(take(*state, "BbRQ", reply), SIM_BITBANG_QUIT);
    assert_int_equal(strlen(reply), 1);
    assert_int_equal(take(*state, "R8", reply), SIM_BITBANG_BROKEN);
    assert_int_equal(take(*state, "GET / HTTP/1.0", reply), SIM_BITBANG_BROKEN);
}

#define session_test(f) cmocka_unit_test_setup_teardown(f, open_session, close_session)

int main(void)
{
    const struct CMUnitTest tests[] = {
        session_test(test_after_reset_the_idcode_comes_out),
        session_test(test_the_instruction_register_captures_0001),
        session_test(test_bypass_delays_by_one_bit),
        session_test(test_five_ones_reset_from_anywhere),
        session_test(test_pausing_loses_no_bit),
        session_test(test_power_up_is_acknowledged_over_dpacc),
        session_test(test_memory_is_written_and_read_over_apacc),
        session_test(test_the_bank_of_the_access_port_comes_from_select),
        session_test(test_a_fault_stays_until_ctrl_stat_clears_it),
        session_test(test_abort_clears_a_fault),
        session_test(test_a_board_without_power_drives_nothing_and_wakes_in_reset),
        session_test(test_bitbang_characters_move_the_pins),
        session_test(test_bitbang_drives_both_reset_lines),
        session_test(test_bitbang_ends_with_q_and_at_garbage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
