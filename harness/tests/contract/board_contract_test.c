/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every board owes (drivers/board/board.h): one clock, waiting, preparation, keeping and rewinding, a
 * safe end. */
#include "tests/contract/contract.h"

#include "base/error.h"
#include "drivers/update/smp/smp_client.h"
#include "tests/link_support.h"

static guint64 now(struct bench *bench)
{
    return bench->board->ops->now_us(bench->board);
}

static void waiting_ends_at_its_instant_and_the_clock_never_goes_back(void **state)
{
    struct bench *bench = *state;
    guint64 last_us, until_us;
    bool happened = true;

    bench_up(bench);
    last_us = now(bench);
    until_us = last_us + 2000000;
    while (happened) {
        assert_true(bench->board->ops->wait(bench->board, until_us, &happened, NULL));
        assert_true(now(bench) >= last_us);
        last_us = now(bench);
    }
    assert_true(last_us >= until_us);
}

static void an_interruption_ends_the_waiting_as_an_error_of_its_own(void **state)
{
    struct bench *bench = *state;
    volatile int interrupted = 1;
    g_autoptr(GError) error = NULL;
    bool happened;

    bench_up(bench);
    bench->board->interrupted = &interrupted;
    assert_false(bench->board->ops->wait(bench->board, now(bench) + 1000000, &happened, &error));
    assert_true(g_error_matches(error, RIG_ERROR, RIG_ERROR_INTERRUPTED));
    bench->board->interrupted = NULL;
}

static void preparing_leaves_no_trace_of_what_was_before(void **state)
{
    struct bench *bench = *state;
    struct rig_link_connect how = {.pair = true, .until_us = 30000000};
    enum rig_link_outcome outcome;
    struct rig_link_state link;

    bench_need(bench, "bonding");
    bench_prepare(bench, true);
    bench_up(bench);
    assert_true(connect_and_subscribe(bench->board->link, &how, &outcome, NULL));
    bench_prepare(bench, false);
    assert_int_equal(bench_view(bench).state, RIG_STATE_OFF);
    bench_up(bench);
    assert_int_equal(bench_view(bench).version.major, 1);
    assert_true(bench_view(bench).confirmed);
    bench->board->link->ops->state(bench->board->link, &link);
    assert_false(link.connected || link.bonded);
}

static void an_image_too_large_for_its_slot_is_an_error_of_the_rig(void **state)
{
    struct bench *bench = *state;
    g_autofree guint8 *bytes = g_malloc0(8 * 1024 * 1024);
    struct rig_board_image image = {.slot = 1, .bytes = bytes, .n_bytes = 8 * 1024 * 1024};
    struct rig_board_setup setup = {.images = &image, .n_images = 1, .confirmed = true};
    g_autoptr(GError) error = NULL;

    assert_false(bench->board->ops->prepare(bench->board, &setup, &error));
    assert_non_null(error);
}

static void a_kept_board_goes_on_from_its_snapshot(void **state)
{
    struct bench *bench = *state;
    struct rig_snapshot *snapshot;
    guint64 kept_us;

    bench_need(bench, "rewind");
    bench_prepare(bench, true);
    kept_us = now(bench);
    snapshot = bench->board->snapshots->keep(bench->board, NULL);
    for (guint i = 0; i < 2; i++) {
        bench_up(bench);
        assert_int_equal(bench_view(bench).version.major, 2);
        assert_int_equal(bench_view(bench).n_boots, 1);
        assert_true(bench->board->snapshots->rewind(bench->board, snapshot, NULL));
        assert_int_equal(now(bench), kept_us);
        assert_int_equal(bench_view(bench).state, RIG_STATE_OFF);
    }
    bench->board->snapshots->forget(snapshot);
}

static void the_safe_state_is_without_power_and_without_link(void **state)
{
    struct bench *bench = *state;
    struct rig_link_state link;

    bench_up(bench);
    bench_connect(bench);
    assert_true(bench->board->ops->make_safe(bench->board, NULL));
    assert_int_equal(bench_view(bench).state, RIG_STATE_OFF);
    bench->board->link->ops->state(bench->board->link, &link);
    assert_false(link.connected);
    assert_true(bench->board->ops->make_safe(bench->board, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waiting_ends_at_its_instant_and_the_clock_never_goes_back),
        cmocka_unit_test(an_interruption_ends_the_waiting_as_an_error_of_its_own),
        cmocka_unit_test(preparing_leaves_no_trace_of_what_was_before),
        cmocka_unit_test(an_image_too_large_for_its_slot_is_an_error_of_the_rig),
        cmocka_unit_test(a_kept_board_goes_on_from_its_snapshot),
        cmocka_unit_test(the_safe_state_is_without_power_and_without_link),
    };

    return contract_run(tests, G_N_ELEMENTS(tests));
}
