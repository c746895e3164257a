/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Faults of single PDUs: which PDU each strikes, what goes on in its place, what is held and for how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/chip/ble/pdu_faults.h"

#include <stdio.h>
#include <string.h>

/* What came out, in letters: a write of n bytes is "wN ", a notification "nN ". */
struct way_out {
    struct sim_pdu_faults faults;
    char seen[4096];
    uint8_t last[SIM_BLE_MAX_MTU];
    uint64_t now_us;
};

static void note(struct way_out *out, const char *what, unsigned number)
{
    size_t n = strlen(out->seen);

    snprintf(out->seen + n, sizeof out->seen - n, "%s%u ", what, number);
}

static void deliver(void *user, const struct sim_pdu *pdu)
{
    struct way_out *out = user;

    note(out, pdu->direction == SIM_PDU_WRITES ? "w" : "n", (unsigned)pdu->n_bytes);
    memcpy(out->last, pdu->value, pdu->n_bytes);
}

static void hang_up(void *user, uint8_t reason)
{
    struct way_out *out = user;

    note(out, "hung-up-", reason);
    sim_pdu_faults_drop_held(&out->faults);
}

static void vanish(void *user)
{
    struct way_out *out = user;

    note(out, "vanished-", 0);
    sim_pdu_faults_drop_held(&out->faults);
}

static struct sim_pdu_way way_of(struct way_out *out)
{
    return (struct sim_pdu_way){.deliver = deliver, .hang_up = hang_up, .vanish = vanish, .user = out};
}

static void pass(struct way_out *out, enum sim_pdu_direction direction, size_t n_bytes)
{
    static const uint8_t value[SIM_BLE_MAX_MTU + 1];
    struct sim_pdu_way way = way_of(out);

    sim_pdu_faults_pass(&out->faults, out->now_us,
                        &(struct sim_pdu){.direction = direction, .value = value, .n_bytes = n_bytes}, &way);
}

static void let_pass(struct way_out *out, uint64_t for_us)
{
    struct sim_pdu_way way = way_of(out);

    out->now_us += for_us;
    sim_pdu_faults_release(&out->faults, out->now_us, &way);
}

static void arm(struct way_out *out, enum sim_pdu_fault_kind kind, uint32_t first, uint32_t n_times)
{
    struct sim_pdu_fault fault = {.kind = kind, .first = first, .n_times = n_times};

    assert_true(sim_pdu_faults_arm(&out->faults, &fault));
}

static void arm_with(struct way_out *out, enum sim_pdu_fault_kind kind, uint32_t value)
{
    struct sim_pdu_fault fault = {.kind = kind, .n_times = 1, .has_value = true, .value = value};

    assert_true(sim_pdu_faults_arm(&out->faults, &fault));
}

static int set_up(void **state)
{
    struct way_out *out = *state ? *state : test_malloc(sizeof *out);

    memset(out, 0, sizeof *out);
    out->now_us = 5000000;
    *state = out;
    return 0;
}

static int tear_down(void **state)
{
    test_free(*state);
    return 0;
}

static void without_faults_everything_passes_and_is_counted(void **state)
{
    struct way_out *out = *state;

    pass(out, SIM_PDU_WRITES, 1);
    pass(out, SIM_PDU_NOTIFICATIONS, 2);
    pass(out, SIM_PDU_WRITES, 0);
    assert_string_equal(out->seen, "w1 n2 w0 ");
    assert_int_equal(out->faults.n_passed[SIM_PDU_WRITES], 2);
    assert_int_equal(out->faults.n_passed[SIM_PDU_NOTIFICATIONS], 1);
}

static void a_fault_strikes_the_pdus_that_it_names_and_no_others(void **state)
{
    struct way_out *out = *state;

    arm(out, SIM_PDU_DROP, 1, 2);
    for (size_t n = 1; n <= 4; n++) {
        pass(out, SIM_PDU_WRITES, n);
        pass(out, SIM_PDU_NOTIFICATIONS, n);
    }
    assert_string_equal(out->seen, "w1 n1 n2 n3 w4 n4 ");
    assert_int_equal(out->faults.armed[0].n_struck, 2);
    assert_int_equal(out->faults.n_struck, 2);
    assert_int_equal(out->faults.last.number, 2);
    assert_int_equal(out->faults.last.n_bytes, 3);
}

static void each_fault_counts_from_when_it_was_armed_and_the_first_due_one_strikes(void **state)
{
    struct way_out *out = *state;

    arm(out, SIM_PDU_DROP, 1, 1);
    pass(out, SIM_PDU_WRITES, 1);
    arm(out, SIM_PDU_DUPLICATE, 0, 2);
    pass(out, SIM_PDU_WRITES, 2);
    pass(out, SIM_PDU_WRITES, 3);
    assert_string_equal(out->seen, "w1 w3 w3 ");
    assert_int_equal(out->faults.armed[0].n_struck, 1);
    assert_int_equal(out->faults.armed[1].n_struck, 1);
    assert_int_equal(out->faults.last.fault, 1);
}

static void a_count_without_end_and_a_place_at_the_end_of_counting(void **state)
{
    struct way_out *out = *state;

    arm(out, SIM_PDU_DROP, UINT32_MAX, UINT32_MAX);
    pass(out, SIM_PDU_WRITES, 1);
    arm(out, SIM_PDU_DROP, 0, UINT32_MAX);
    pass(out, SIM_PDU_WRITES, 2);
    pass(out, SIM_PDU_WRITES, 3);
    assert_string_equal(out->seen, "w1 ");
}

static void ending_forgets_faults_and_counts_but_not_what_is_held(void **state)
{
    struct way_out *out = *state;

    arm_with(out, SIM_PDU_DELAY, 10);
    pass(out, SIM_PDU_WRITES, 1);
    sim_pdu_faults_end(&out->faults);
    assert_int_equal(out->faults.n_struck, 0);
    assert_int_equal(out->faults.n_passed[SIM_PDU_WRITES], 0);
    pass(out, SIM_PDU_WRITES, 2);
    let_pass(out, 10000);
    assert_string_equal(out->seen, "w2 w1 ");
    arm(out, SIM_PDU_DROP, 0, 1);
    assert_int_equal(out->faults.n_passed[SIM_PDU_WRITES], 0);
}

static void a_late_pdu_is_overtaken_and_goes_when_its_time_has_come(void **state)
{
    struct way_out *out = *state;

    arm_with(out, SIM_PDU_DELAY, 300);
    assert_true(sim_pdu_faults_due_us(&out->faults) == SIM_PDU_NEVER);
    pass(out, SIM_PDU_WRITES, 1);
    pass(out, SIM_PDU_WRITES, 2);
    assert_true(sim_pdu_faults_due_us(&out->faults) == out->now_us + 300000);
    let_pass(out, 299999);
    assert_string_equal(out->seen, "w2 ");
    let_pass(out, 1);
    assert_string_equal(out->seen, "w2 w1 ");
    assert_true(sim_pdu_faults_due_us(&out->faults) == SIM_PDU_NEVER);
}

static void a_pdu_held_back_goes_after_the_next_of_its_direction_or_after_a_second(void **state)
{
    struct way_out *out = *state;

    arm(out, SIM_PDU_REORDER, 0, 1);
    pass(out, SIM_PDU_WRITES, 1);
    pass(out, SIM_PDU_NOTIFICATIONS, 2);
    assert_string_equal(out->seen, "n2 ");
    pass(out, SIM_PDU_WRITES, 3);
    assert_string_equal(out->seen, "n2 w3 w1 ");
    arm(out, SIM_PDU_REORDER, 0, 1);
    pass(out, SIM_PDU_WRITES, 4);
    let_pass(out, SIM_PDU_REORDER_US);
    assert_string_equal(out->seen, "n2 w3 w1 w4 ");
    /* One that is lost lets it go as well. */
    arm(out, SIM_PDU_REORDER, 0, 1);
    arm(out, SIM_PDU_DROP, 1, 1);
    pass(out, SIM_PDU_WRITES, 5);
    pass(out, SIM_PDU_WRITES, 6);
    assert_string_equal(out->seen, "n2 w3 w1 w4 w5 ");
}

static void corrupted_and_cut_pdus_are_so_where_the_fault_says_or_in_the_middle(void **state)
{
    static const struct {
        uint32_t value;
        size_t place;
    } cases[] = {{0, 0}, {19, 19}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct way_out *out;
        char expected[16];

        set_up(state);
        out = *state;
        arm_with(out, SIM_PDU_CORRUPT, cases[i].value);
        pass(out, SIM_PDU_WRITES, 20);
        for (size_t at = 0; at < 20; at++)
            assert_int_equal(out->last[at] != 0, at == cases[i].place);
        sim_pdu_faults_end(&out->faults);
        out->seen[0] = '\0';
        arm_with(out, SIM_PDU_TRUNCATE, cases[i].value);
        pass(out, SIM_PDU_WRITES, 20);
        snprintf(expected, sizeof expected, "w%u ", (unsigned)cases[i].place);
        assert_string_equal(out->seen, expected);
    }
}

static void a_pdu_without_the_place_passes_whole_and_is_not_struck(void **state)
{
    static const enum sim_pdu_fault_kind kinds[] = {SIM_PDU_CORRUPT, SIM_PDU_TRUNCATE};

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct way_out *out;

        set_up(state);
        out = *state;
        arm_with(out, kinds[i], 20);
        pass(out, SIM_PDU_WRITES, 20);
        assert_string_equal(out->seen, "w20 ");
        for (size_t at = 0; at < 20; at++)
            assert_int_equal(out->last[at], 0);
        assert_int_equal(out->faults.n_struck, 0);
    }
}

static void an_empty_pdu_can_be_struck_in_every_way(void **state)
{
    for (unsigned kind = 0; kind < SIM_PDU_N_KINDS; kind++) {
        struct way_out *out;

        set_up(state);
        out = *state;
        arm(out, (enum sim_pdu_fault_kind)kind, 0, 1);
        pass(out, SIM_PDU_WRITES, 0);
        let_pass(out, SIM_PDU_REORDER_US);
        assert_int_equal(out->faults.n_struck, 1);
    }
}

static void the_link_ends_in_the_place_of_a_pdu_and_what_was_held_goes_nowhere(void **state)
{
    struct way_out *out = *state;

    arm_with(out, SIM_PDU_DELAY, 100);
    arm(out, SIM_PDU_DISCONNECT, 1, 1);
    arm(out, SIM_PDU_LOST, 2, 1);
    for (size_t n = 1; n <= 4; n++)
        pass(out, SIM_PDU_WRITES, n);
    let_pass(out, 200000);
    assert_string_equal(out->seen, "hung-up-19 vanished-0 w4 ");
}

static void more_than_can_be_held_is_lost(void **state)
{
    struct way_out *out = *state;

    arm(out, SIM_PDU_DELAY, 0, UINT32_MAX);
    for (unsigned i = 0; i <= SIM_PDU_MAX_HELD; i++)
        pass(out, SIM_PDU_WRITES, SIM_BLE_MAX_MTU);
    let_pass(out, 100000);
    assert_int_equal(strlen(out->seen), SIM_PDU_MAX_HELD * strlen("w517 "));
}

static void a_pdu_beyond_every_mtu_goes_nowhere(void **state)
{
    struct way_out *out = *state;

    arm(out, SIM_PDU_DUPLICATE, 0, 1);
    pass(out, SIM_PDU_WRITES, SIM_BLE_MAX_MTU + 1);
    assert_string_equal(out->seen, "");
    assert_int_equal(out->faults.n_struck, 0);
}

static void one_fault_too_many_is_refused(void **state)
{
    struct way_out *out = *state;
    struct sim_pdu_fault fault = {.n_times = 1};

    for (unsigned i = 0; i < SIM_PDU_MAX_FAULTS; i++)
        arm(out, SIM_PDU_DROP, i, 1);
    assert_false(sim_pdu_faults_arm(&out->faults, &fault));
    assert_int_equal(out->faults.n, SIM_PDU_MAX_FAULTS);
}

static void a_copy_goes_on_from_its_moment(void **state)
{
    struct way_out *out = *state;
    struct way_out copy;

    arm(out, SIM_PDU_DELAY, 0, 1);
    arm(out, SIM_PDU_DROP, 2, 1);
    pass(out, SIM_PDU_WRITES, 1);
    copy = *out;
    for (size_t n = 2; n <= 4; n++) {
        pass(out, SIM_PDU_WRITES, n);
        pass(&copy, SIM_PDU_WRITES, n);
    }
    let_pass(out, 100000);
    let_pass(&copy, 100000);
    assert_string_equal(out->seen, "w2 w4 w1 ");
    assert_string_equal(copy.seen, out->seen);
}

static void strikes_are_told_in_words_and_kinds_have_names(void **state)
{
    struct sim_pdu_strike strike = {0, SIM_PDU_LOST, SIM_PDU_NOTIFICATIONS, UINT32_MAX, SIM_BLE_MAX_MTU};
    char text[SIM_PDU_STRIKE_TEXT_BYTES];
    enum sim_pdu_fault_kind kind;

    (void)state;
    sim_pdu_strike_text(&strike, text, sizeof text);
    assert_string_equal(text, "notification 4294967295, 517 bytes: not passed on, the radio goes silent");
    for (unsigned i = 0; i < SIM_PDU_N_KINDS; i++) {
        assert_true(sim_pdu_fault_kind_from_name(sim_pdu_fault_kind_name((enum sim_pdu_fault_kind)i), &kind));
        assert_int_equal(kind, i);
    }
    assert_false(sim_pdu_fault_kind_from_name("melt", &kind));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_faults_everything_passes_and_is_counted),
        TEST(a_fault_strikes_the_pdus_that_it_names_and_no_others),
        TEST(each_fault_counts_from_when_it_was_armed_and_the_first_due_one_strikes),
        TEST(a_count_without_end_and_a_place_at_the_end_of_counting),
        TEST(ending_forgets_faults_and_counts_but_not_what_is_held),
        TEST(a_late_pdu_is_overtaken_and_goes_when_its_time_has_come),
        TEST(a_pdu_held_back_goes_after_the_next_of_its_direction_or_after_a_second),
        TEST(corrupted_and_cut_pdus_are_so_where_the_fault_says_or_in_the_middle),
        TEST(a_pdu_without_the_place_passes_whole_and_is_not_struck),
        TEST(an_empty_pdu_can_be_struck_in_every_way),
        TEST(the_link_ends_in_the_place_of_a_pdu_and_what_was_held_goes_nowhere),
        TEST(more_than_can_be_held_is_lost),
        TEST(a_pdu_beyond_every_mtu_goes_nowhere),
        TEST(one_fault_too_many_is_refused),
        TEST(a_copy_goes_on_from_its_moment),
        TEST(strikes_are_told_in_words_and_kinds_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
