/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which request an armed fault strikes, how often, and that chance is repeatable. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/update/faults.h"

#define N_CHUNKS 10u

/* Ten chunks of 100 bytes; requests 0 and 11 are none. Bit i of the result: request i was struck. */
static guint32 struck(struct rig_faults *faults, enum rig_fault_kind kind)
{
    guint32 bits = 0;

    for (guint message = 0; message < N_CHUNKS + 2; message++) {
        struct rig_request_tag tag = {.message = message, .n_message_bytes = 120};

        if (message > 0 && message <= N_CHUNKS) {
            tag.upload = true;
            tag.chunk = message - 1;
            tag.offset = 100 * tag.chunk;
            tag.n_bytes = 100;
            tag.total = 100 * N_CHUNKS;
        }
        if (rig_faults_strike(faults, kind, &tag))
            bits |= 1u << message;
    }
    return bits;
}

static guint32 struck_by(struct rig_fault fault)
{
    struct rig_faults *faults = rig_faults_new(7);
    guint32 bits;

    rig_faults_push(faults, &fault);
    bits = struck(faults, fault.kind);
    rig_faults_free(faults);
    return bits;
}

static void each_choice_strikes_its_request_and_no_other(void **state)
{
    static const struct {
        struct rig_fault fault;
        guint32 bits;
    } rows[] = {
        {{.choice = RIG_FAULT_AT_CHUNK, .n = 0}, 1u << 1},
        {{.choice = RIG_FAULT_AT_CHUNK, .n = 9}, 1u << 10},
        {{.choice = RIG_FAULT_AT_CHUNK, .n = 10}, 0},
        {{.choice = RIG_FAULT_AT_MIDDLE}, 1u << 6},
        {{.choice = RIG_FAULT_AT_LAST}, 1u << 10},
        {{.choice = RIG_FAULT_AT_BYTE, .n = 0}, 1u << 1},
        {{.choice = RIG_FAULT_AT_BYTE, .n = 99}, 1u << 1},
        {{.choice = RIG_FAULT_AT_BYTE, .n = 100}, 1u << 2},
        {{.choice = RIG_FAULT_AT_BYTE, .n = 999}, 1u << 10},
        {{.choice = RIG_FAULT_AT_BYTE, .n = 1000}, 0},
        {{.choice = RIG_FAULT_AT_MESSAGE, .n = 0}, 1u << 0},
        {{.choice = RIG_FAULT_AT_MESSAGE, .n = 11}, 1u << 11},
        {{.choice = RIG_FAULT_BY_PROBABILITY, .probability = 1}, 0x7fe},
        {{.choice = RIG_FAULT_BY_PROBABILITY, .probability = 0}, 0},
    };

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
        assert_int_equal(struck_by(rows[i].fault), rows[i].bits);
}

static void what_a_message_has_no_place_for_does_not_strike_it(void **state)
{
    static const enum rig_fault_kind kinds[] = {RIG_FAULT_CORRUPT, RIG_FAULT_TRUNCATE};
    static const struct {
        guint32 at;
        bool strikes;
    } rows[] = {{0, true}, {119, true}, {120, false}, {4000, false}, {G_MAXUINT32, true}};

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(rows) * G_N_ELEMENTS(kinds); i++) {
        struct rig_request_tag tag = {.n_message_bytes = 120};
        struct rig_faults *faults = rig_faults_new(1);
        struct rig_fault fault = {.kind = kinds[i % 2], .choice = RIG_FAULT_AT_MESSAGE, .at = rows[i / 2].at};

        rig_faults_push(faults, &fault);
        assert_int_equal(rig_faults_strike(faults, fault.kind, &tag) != NULL, rows[i / 2].strikes);
        assert_int_equal(rig_faults_pop(faults, 1), rows[i / 2].strikes);
        rig_faults_free(faults);
    }
}

static void it_happens_no_more_often_than_it_may(void **state)
{
    struct rig_faults *faults = rig_faults_new(1);

    (void)state;
    rig_faults_push(faults, &(struct rig_fault){.choice = RIG_FAULT_AT_CHUNK, .n = 3, .n_times = 2});
    for (guint i = 0; i < 5; i++)
        assert_int_equal(struck(faults, RIG_FAULT_DROP), i < 2 ? 1u << 4 : 0);
    assert_int_equal(rig_faults_pop(faults, 1), 2);
    rig_faults_push(faults, &(struct rig_fault){.choice = RIG_FAULT_AT_CHUNK, .n = 3, .n_times = 0});
    for (guint i = 0; i < 5; i++)
        assert_int_equal(struck(faults, RIG_FAULT_DROP), 1u << 4);
    assert_int_equal(rig_faults_pop(faults, 1), 5);
    rig_faults_free(faults);
}

static void a_fault_strikes_by_its_own_kind_only(void **state)
{
    (void)state;
    for (guint armed = 0; armed < RIG_FAULT_N_KINDS; armed++) {
        struct rig_faults *faults = rig_faults_new(1);

        rig_faults_push(faults,
                        &(struct rig_fault){.kind = (enum rig_fault_kind)armed, .choice = RIG_FAULT_AT_LAST});
        for (guint asked = 0; asked < RIG_FAULT_N_KINDS; asked++)
            assert_int_equal(struck(faults, (enum rig_fault_kind)asked), asked == armed ? 1u << 10 : 0);
        rig_faults_free(faults);
    }
}

static void the_faults_pushed_last_end_first(void **state)
{
    struct rig_faults *faults = rig_faults_new(1);

    (void)state;
    rig_faults_push(faults, &(struct rig_fault){.choice = RIG_FAULT_AT_CHUNK, .n = 0});
    rig_faults_push(faults, &(struct rig_fault){.choice = RIG_FAULT_AT_CHUNK, .n = 1});
    rig_faults_push(faults, &(struct rig_fault){.choice = RIG_FAULT_AT_CHUNK, .n = 2});
    assert_int_equal(struck(faults, RIG_FAULT_DROP), 0xe);
    assert_int_equal(rig_faults_pop(faults, 2), 2);
    assert_int_equal(struck(faults, RIG_FAULT_DROP), 0x2);
    assert_int_equal(rig_faults_pop(faults, 9), 2);
    assert_int_equal(struck(faults, RIG_FAULT_DROP), 0);
    rig_faults_free(faults);
}

static guint count_by_chance(guint64 seed, guint32 *first)
{
    struct rig_faults *faults = rig_faults_new(seed);
    guint n = 0;

    rig_faults_push(faults, &(struct rig_fault){.choice = RIG_FAULT_BY_PROBABILITY, .probability = 0.3});
    for (guint round = 0; round < 100; round++) {
        guint32 bits = struck(faults, RIG_FAULT_DROP);

        if (round == 0)
            *first = bits;
        n += (guint)__builtin_popcount(bits);
    }
    rig_faults_free(faults);
    return n;
}

static void chance_is_the_same_for_the_same_seed_and_near_its_probability(void **state)
{
    guint32 first, again, other;
    guint n = count_by_chance(42, &first);

    (void)state;
    assert_in_range(n, 230, 370); /* of 1000 chunks at 30 % */
    assert_int_equal(count_by_chance(42, &again), n);
    assert_int_equal(first, again);
    assert_int_not_equal(count_by_chance(G_GUINT64_CONSTANT(42) << 32, &other) ^ (guint)other,
                         n ^ (guint)first);
}

static void every_kind_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (guint i = 0; i < RIG_FAULT_N_KINDS; i++)
        for (guint j = 0; j < i; j++)
            assert_string_not_equal(rig_fault_kind_name((enum rig_fault_kind)i),
                                    rig_fault_kind_name((enum rig_fault_kind)j));
    assert_string_equal(rig_fault_kind_name((enum rig_fault_kind)RIG_FAULT_N_KINDS), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_choice_strikes_its_request_and_no_other),
        cmocka_unit_test(what_a_message_has_no_place_for_does_not_strike_it),
        cmocka_unit_test(it_happens_no_more_often_than_it_may),
        cmocka_unit_test(a_fault_strikes_by_its_own_kind_only),
        cmocka_unit_test(the_faults_pushed_last_end_first),
        cmocka_unit_test(chance_is_the_same_for_the_same_seed_and_near_its_probability),
        cmocka_unit_test(every_kind_has_a_name_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
