/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every link driver owes (drivers/link/link.h). */
#include "tests/contract/contract.h"

#include "base/error.h"
#include "drivers/update/smp/smp_client.h"
#include "tests/link_support.h"
#include "protocol/smp/smp.h"

#include <string.h>

static enum rig_link_outcome connect_until(struct bench *bench, guint16 mtu, bool pair, guint64 for_us)
{
    struct rig_link *link = bench->board->link;
    struct rig_link_connect how = {
        .mtu = mtu, .pair = pair, .until_us = bench->board->ops->now_us(bench->board) + for_us};
    enum rig_link_outcome outcome;

    assert_true(connect_and_subscribe(link, &how, &outcome, NULL));
    return outcome;
}

static struct rig_link_state state_of(struct bench *bench)
{
    struct rig_link_state state;

    bench->board->link->ops->state(bench->board->link, &state);
    return state;
}

static enum rig_link_outcome write_echo(struct bench *bench, const char *text)
{
    guint8 bytes[64];
    gsize n_bytes = rig_smp_encode_echo((struct rig_smp_request_id){.version = 1, .sequence = 9}, text, bytes,
                                        sizeof bytes);
    enum rig_link_outcome outcome;

    assert_true(bench->board->link->ops->write(bench->board->link, &rig_smp_characteristic, RIG_WRITE_COMMAND,
                                               bytes, n_bytes, &outcome, NULL));
    return outcome;
}

static enum rig_link_outcome receive(struct bench *bench, guint64 for_us, GBytes **packet)
{
    struct rig_link *link = bench->board->link;
    struct rig_link_packet came;
    enum rig_link_outcome outcome;

    assert_true(
        link->ops->receive(link, bench->board->ops->now_us(bench->board) + for_us, &came, &outcome, NULL));
    *packet = came.value;
    assert_true(!came.value || (came.from == &rig_smp_characteristic && !came.indicated));
    assert_int_equal(outcome == RIG_LINK_OK, *packet != NULL);
    return outcome;
}

static enum rig_link_outcome receive_nothing(struct bench *bench, guint64 for_us)
{
    GBytes *packet;
    enum rig_link_outcome outcome = receive(bench, for_us, &packet);

    assert_null(packet);
    return outcome;
}

static bool is_answered(struct bench *bench)
{
    g_autoptr(GBytes) packet = NULL;

    assert_int_equal(write_echo(bench, "there?"), RIG_LINK_OK);
    return receive(bench, 5000000, &packet) == RIG_LINK_OK;
}

static enum rig_link_outcome subscribe(struct bench *bench, const struct rig_characteristic *characteristic,
                                       enum rig_subscription subscription)
{
    struct rig_link *link = bench->board->link;
    enum rig_link_outcome outcome;

    assert_true(link->ops->subscribe(link, characteristic, subscription, &outcome, NULL));
    return outcome;
}

static enum rig_link_outcome write_to(struct bench *bench, const struct rig_characteristic *characteristic,
                                      enum rig_write_kind kind)
{
    struct rig_link *link = bench->board->link;
    enum rig_link_outcome outcome;

    assert_true(link->ops->write(link, characteristic, kind, (const guint8 *)"x", 1, &outcome, NULL));
    return outcome;
}

static enum rig_link_outcome read_from(struct bench *bench, const struct rig_characteristic *characteristic)
{
    struct rig_link *link = bench->board->link;
    enum rig_link_outcome outcome;
    GBytes *value = NULL;

    assert_true(link->ops->read(link, characteristic, &value, &outcome, NULL));
    assert_int_equal(value != NULL, outcome == RIG_LINK_OK);
    g_clear_pointer(&value, g_bytes_unref);
    return outcome;
}

static void a_board_without_power_is_not_found_until_the_deadline(void **state)
{
    struct bench *bench = *state;
    guint64 before_us = bench->board->ops->now_us(bench->board);

    assert_int_equal(connect_until(bench, 0, false, 3000000), RIG_LINK_NOT_FOUND);
    assert_true(bench->board->ops->now_us(bench->board) >= before_us + 3000000);
    assert_false(state_of(bench).connected);
}

static void the_state_without_a_connection_is_empty(void **state)
{
    struct rig_link_state seen;

    bench_up(*state);
    seen = state_of(*state);
    assert_false(seen.connected || seen.encrypted || seen.subscribed || seen.bonded);
    assert_int_equal(seen.mtu, 0);
}

static void a_connection_is_subscribed_and_keeps_to_the_mtu_asked_for(void **state)
{
    struct bench *bench = *state;

    bench_up(bench);
    assert_int_equal(connect_until(bench, 0, false, 20000000), RIG_LINK_OK);
    assert_true(state_of(bench).connected && state_of(bench).subscribed);
    assert_in_range(state_of(bench).mtu, 23, rig_board_can(bench->board, "ble") ? 517 : 4099);
    assert_true(bench->board->link->ops->disconnect(bench->board->link, NULL));
    assert_int_equal(connect_until(bench, 23, false, 20000000), RIG_LINK_OK);
    assert_int_equal(state_of(bench).mtu, 23);
}

static void connecting_twice_is_one_connection(void **state)
{
    bench_up(*state);
    bench_connect(*state);
    bench_connect(*state);
    assert_true(state_of(*state).connected && state_of(*state).subscribed);
}

static void a_write_is_answered_by_notifications_within_the_mtu(void **state)
{
    struct bench *bench = *state;
    guint8 joined[64];
    gsize n_joined = 0;
    struct rig_smp_response response;

    bench_need(bench, "chosen-mtu");
    bench_up(bench);
    assert_int_equal(connect_until(bench, 23, false, 20000000), RIG_LINK_OK);
    assert_int_equal(write_echo(bench, "eight ch"), RIG_LINK_OK);
    while (n_joined < 21) { /* 8 + bf 61 72 68 ... ff */
        g_autoptr(GBytes) packet = NULL;

        assert_int_equal(receive(bench, 5000000, &packet), RIG_LINK_OK);
        assert_in_range(g_bytes_get_size(packet), 1, 20);
        assert_true(n_joined + g_bytes_get_size(packet) <= sizeof joined);
        memcpy(joined + n_joined, g_bytes_get_data(packet, NULL), g_bytes_get_size(packet));
        n_joined += g_bytes_get_size(packet);
    }
    assert_int_equal(rig_smp_decode_response(joined, n_joined, &response), RIG_SMP_OK);
    assert_string_equal(response.echo, "eight ch");
}

static void nothing_to_receive_is_a_timeout_at_the_deadline(void **state)
{
    struct bench *bench = *state;
    guint64 before_us;

    bench_up(bench);
    bench_connect(bench);
    before_us = bench->board->ops->now_us(bench->board);
    assert_int_equal(receive_nothing(bench, 700000), RIG_LINK_TIMEOUT);
    assert_true(bench->board->ops->now_us(bench->board) >= before_us + 700000);
}

static void a_packet_beyond_the_mtu_is_too_long(void **state)
{
    struct bench *bench = *state;
    static const guint8 bytes[21];
    enum rig_link_outcome outcome;

    bench_up(bench);
    assert_int_equal(connect_until(bench, 23, false, 20000000), RIG_LINK_OK);
    assert_true(bench->board->link->ops->write(bench->board->link, &rig_smp_characteristic, RIG_WRITE_COMMAND,
                                               bytes, sizeof bytes, &outcome, NULL));
    assert_int_equal(outcome, RIG_LINK_TOO_LONG);
    assert_true(state_of(bench).connected);
}

static void without_a_connection_nothing_is_written_or_received(void **state)
{
    struct bench *bench = *state;
    enum rig_link_outcome outcome;

    bench_up(bench);
    bench_connect(bench);
    assert_true(bench->board->link->ops->disconnect(bench->board->link, NULL));
    assert_false(state_of(bench).connected);
    outcome = write_echo(bench, "gone");
    assert_true(outcome == RIG_LINK_LOST || outcome == RIG_LINK_NOT_CONNECTED);
    outcome = read_from(bench, &rig_smp_characteristic);
    assert_true(outcome == RIG_LINK_LOST || outcome == RIG_LINK_NOT_CONNECTED);
    outcome = subscribe(bench, &rig_smp_characteristic, RIG_SUBSCRIBE_NOTIFY);
    assert_true(outcome == RIG_LINK_LOST || outcome == RIG_LINK_NOT_CONNECTED);
    assert_int_equal(receive_nothing(bench, 1000000), RIG_LINK_LOST);
    assert_true(bench->board->link->ops->disconnect(bench->board->link, NULL)); /* once more is no error */
}

static void a_board_that_loses_power_loses_the_link_in_a_bounded_time(void **state)
{
    struct bench *bench = *state;

    bench_up(bench);
    bench_connect(bench);
    assert_true(bench->board->power->ops->set(bench->board->power, false, NULL));
    assert_int_equal(receive_nothing(bench, 35000000), RIG_LINK_LOST);
    assert_false(state_of(bench).connected);
    assert_int_not_equal(state_of(bench).text[0], 0);
}

static void notifications_come_only_while_subscribed(void **state)
{
    struct bench *bench = *state;
    GBytes *packet;

    bench_up(bench);
    bench_connect(bench);
    assert_int_equal(subscribe(bench, &rig_smp_characteristic, RIG_SUBSCRIBE_NONE), RIG_LINK_OK);
    assert_false(state_of(bench).subscribed);
    assert_int_equal(write_echo(bench, "off"), RIG_LINK_OK);
    assert_int_equal(receive_nothing(bench, 1000000), RIG_LINK_TIMEOUT);
    for (guint i = 0; i < 2; i++) /* once more is no error */
        assert_int_equal(subscribe(bench, &rig_smp_characteristic, RIG_SUBSCRIBE_NOTIFY), RIG_LINK_OK);
    assert_int_equal(write_echo(bench, "on"), RIG_LINK_OK);
    assert_int_equal(receive(bench, 5000000, &packet), RIG_LINK_OK);
    g_bytes_unref(packet);
}

static void a_connection_by_itself_subscribes_to_nothing(void **state)
{
    struct bench *bench = *state;
    struct rig_link *link = bench->board->link;

    bench_up(bench);
    for (guint i = 0; i < 2; i++) {
        struct rig_link_connect how = {.until_us = bench->board->ops->now_us(bench->board) + 20000000};
        enum rig_link_outcome outcome;

        assert_true(link->ops->connect(link, &how, &outcome, NULL));
        assert_int_equal(outcome, RIG_LINK_OK);
        assert_true(state_of(bench).connected);
        assert_false(state_of(bench).subscribed);
        assert_int_equal(subscribe(bench, &rig_smp_characteristic, RIG_SUBSCRIBE_NOTIFY), RIG_LINK_OK);
        assert_true(state_of(bench).subscribed); /* until the connection ends */
        assert_true(link->ops->disconnect(link, NULL));
        assert_false(state_of(bench).subscribed);
    }
}

static enum rig_link_outcome connect_where(struct bench *bench, enum rig_link_where where, const char *name,
                                           guint64 for_us)
{
    struct rig_link *link = bench->board->link;
    const struct rig_link_connect how = {
        .where = where, .name = name, .until_us = bench->board->ops->now_us(bench->board) + for_us};
    enum rig_link_outcome outcome;

    assert_true(link->ops->connect(link, &how, &outcome, NULL));
    assert_true(link->ops->disconnect(link, NULL));
    return outcome;
}

static void a_board_is_found_only_where_it_is_looked_for(void **state)
{
    struct bench *bench = *state;

    bench_need(bench, "ble");
    bench_up(bench);
    assert_int_equal(connect_where(bench, RIG_LINK_AT_ADDRESS, NULL, 20000000), RIG_LINK_OK);
    assert_int_equal(connect_where(bench, RIG_LINK_AT_EITHER_ADDRESS, NULL, 20000000), RIG_LINK_OK);
    assert_int_equal(connect_where(bench, RIG_LINK_AT_NEXT_ADDRESS, NULL, 500000), RIG_LINK_NOT_FOUND);
    assert_int_equal(connect_where(bench, RIG_LINK_BY_NAME, "somebody-else", 500000), RIG_LINK_NOT_FOUND);
    assert_true(strlen(state_of(bench).text) > 0);
    assert_int_equal(connect_where(bench, RIG_LINK_AS_CONFIGURED, NULL, 20000000), RIG_LINK_OK);
}

static void what_is_not_there_is_told(void **state)
{
    static const struct rig_characteristic no_service = {"nothing", "5f2a0001-6f64-4c1e-9d5e-0b6f6f747269",
                                                         RIG_SMP_CHARACTERISTIC_UUID};
    static const struct rig_characteristic no_characteristic = {"nothing", RIG_SMP_SERVICE_UUID,
                                                                "5f2a0002-6f64-4c1e-9d5e-0b6f6f747269"};
    static const struct {
        const struct rig_characteristic *characteristic;
        enum rig_link_outcome outcome;
    } rows[] = {{&no_service, RIG_LINK_NO_SERVICE}, {&no_characteristic, RIG_LINK_NO_CHARACTERISTIC}};
    struct bench *bench = *state;

    bench_up(bench);
    bench_connect(bench);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        assert_int_equal(subscribe(bench, rows[i].characteristic, RIG_SUBSCRIBE_NOTIFY), rows[i].outcome);
        assert_int_equal(write_to(bench, rows[i].characteristic, RIG_WRITE_COMMAND), rows[i].outcome);
        assert_int_equal(write_to(bench, rows[i].characteristic, RIG_WRITE_REQUEST), rows[i].outcome);
        assert_int_equal(read_from(bench, rows[i].characteristic), rows[i].outcome);
    }
    assert_true(is_answered(bench)); /* what is there is used as before */
}

static void what_a_characteristic_cannot_do_is_told(void **state)
{
    struct bench *bench = *state;

    bench_up(bench);
    bench_connect(bench);
    assert_int_equal(read_from(bench, &rig_smp_characteristic), RIG_LINK_NO_PROPERTY);
    assert_int_equal(write_to(bench, &rig_smp_characteristic, RIG_WRITE_REQUEST), RIG_LINK_NO_PROPERTY);
    assert_int_equal(subscribe(bench, &rig_smp_characteristic, RIG_SUBSCRIBE_INDICATE), RIG_LINK_NO_PROPERTY);
    assert_true(state_of(bench).subscribed);
    assert_true(is_answered(bench));
}

static void a_bond_is_used_by_the_next_connection_until_it_is_forgotten(void **state)
{
    struct bench *bench = *state;
    struct rig_link *link = bench->board->link;

    bench_need(bench, "bonding");
    bench_up(bench);
    assert_int_equal(connect_until(bench, 0, true, 30000000), RIG_LINK_OK);
    assert_true(state_of(bench).encrypted && state_of(bench).bonded && state_of(bench).subscribed);
    assert_true(link->ops->disconnect(link, NULL));
    assert_true(state_of(bench).bonded);
    assert_false(state_of(bench).encrypted);
    bench_connect(bench);
    assert_true(state_of(bench).encrypted);
    assert_true(link->ops->disconnect(link, NULL));
    for (guint i = 0; i < 2; i++) /* no bond is no error */
        assert_true(link->ops->forget_bond(link, NULL));
    bench_connect(bench);
    assert_false(state_of(bench).encrypted || state_of(bench).bonded);
}

static void an_open_connection_becomes_encrypted_when_pairing_is_asked_for(void **state)
{
    struct bench *bench = *state;

    bench_need(bench, "bonding");
    bench_up(bench);
    bench_connect(bench);
    assert_false(state_of(bench).encrypted);
    assert_int_equal(connect_until(bench, 0, true, 30000000), RIG_LINK_OK);
    assert_true(state_of(bench).encrypted && state_of(bench).subscribed);
}

static void a_board_that_lost_its_bond_is_told_by_key_missing(void **state)
{
    struct bench *bench = *state;
    struct rig_link *link = bench->board->link;

    bench_need(bench, "bonding");
    bench_up(bench);
    assert_int_equal(connect_until(bench, 0, true, 30000000), RIG_LINK_OK);
    assert_true(link->ops->disconnect(link, NULL));
    assert_true(bench->board->bonds->forget(bench->board, NULL));
    assert_int_equal(connect_until(bench, 0, false, 30000000), RIG_LINK_KEY_MISSING);
    assert_false(state_of(bench).connected);
    assert_true(state_of(bench).bonded); /* the host's half stays until it is told to forget */
}

static void pairing_wants_a_connection(void **state)
{
    struct bench *bench = *state;
    struct rig_link *link = bench->board->link;
    enum rig_link_outcome outcome;

    bench_need(bench, "bonding");
    bench_up(bench);
    assert_true(link->ops->pair(link, bench->board->ops->now_us(bench->board) + 5000000, &outcome, NULL));
    assert_int_equal(outcome, RIG_LINK_NOT_CONNECTED);
}

/* --- faults of single packets: the board's, on its link (drivers/board/board.h) --- */

static void arm(struct bench *bench, enum rig_packet_fault_kind kind, enum rig_packet_direction direction,
                guint first)
{
    struct rig_packet_fault fault = {
        .kind = kind, .direction = direction, .first = first, .n_times = 1, .at = RIG_PACKET_MIDDLE};

    assert_true(bench->board->packet_faults->arm(bench->board, &fault, NULL));
}

static struct rig_packet_report end_faults(struct bench *bench)
{
    struct rig_packet_report report;

    assert_true(bench->board->packet_faults->end(bench->board, &report, NULL));
    return report;
}

static void count_strike(void *user, guint64 at_us, const char *text)
{
    (void)at_us;
    assert_true(g_str_has_prefix(text, "write 1, ") || g_str_has_prefix(text, "notification 1, "));
    ++*(guint *)user;
}

static void a_board_without_packet_faults_says_so(void **state)
{
    struct bench *bench = *state;
    struct rig_packet_fault fault = {.n_times = 1};
    g_autoptr(GError) error = NULL;

    if (rig_board_can(bench->board, "packet-faults") || !bench->board->packet_faults)
        return;
    assert_false(bench->board->packet_faults->arm(bench->board, &fault, &error));
    assert_true(g_error_matches(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED));
}

static void a_lost_packet_is_lost_and_the_report_counts_it(void **state)
{
    struct bench *bench = *state;
    struct rig_packet_report report;
    guint n_told = 0;

    bench_need(bench, "packet-faults");
    bench_up(bench);
    bench_connect(bench);
    bench->board->listener = (struct rig_board_listener){.packet_fault = count_strike, .user = &n_told};
    arm(bench, RIG_PACKET_DROP, RIG_PACKET_WRITES, 1);
    arm(bench, RIG_PACKET_DROP, RIG_PACKET_NOTIFICATIONS, 1);
    arm(bench, RIG_PACKET_DROP, RIG_PACKET_WRITES, 99);
    assert_true(is_answered(bench));
    assert_false(is_answered(bench)); /* its write is lost */
    assert_false(is_answered(bench)); /* its notification is */
    assert_true(is_answered(bench));
    report = end_faults(bench);
    bench->board->listener = (struct rig_board_listener){0};
    assert_int_equal(report.n_faults, 3);
    assert_int_equal(report.n_struck[0], 1);
    assert_int_equal(report.n_struck[1], 1);
    assert_int_equal(report.n_struck[2], 0);
    assert_int_equal(report.n_writes, 4);
    assert_int_equal(report.n_notifications, 3);
    assert_int_equal(n_told, 2);
    assert_int_equal(end_faults(bench).n_faults, 0); /* none armed is no error */
}

static void the_board_hangs_up_in_the_place_of_a_packet(void **state)
{
    struct bench *bench = *state;
    struct rig_packet_report report;

    bench_need(bench, "packet-faults");
    bench_up(bench);
    bench_connect(bench);
    arm(bench, RIG_PACKET_DISCONNECT, RIG_PACKET_NOTIFICATIONS, 0);
    arm(bench, RIG_PACKET_DISCONNECT, RIG_PACKET_WRITES, 2);
    for (guint i = 0; i < 2; i++) {
        assert_int_equal(write_echo(bench, "hang up"), RIG_LINK_OK);
        if (i == 1) { /* the first write after the reconnection passes: counting goes on over it */
            g_autoptr(GBytes) packet = NULL;

            assert_int_equal(receive(bench, 5000000, &packet), RIG_LINK_OK);
            assert_int_equal(write_echo(bench, "hang up"), RIG_LINK_OK);
        }
        assert_int_equal(receive_nothing(bench, 10000000), RIG_LINK_LOST);
        assert_false(state_of(bench).connected);
        bench_connect(bench);
    }
    report = end_faults(bench);
    assert_int_equal(report.n_struck[0], 1);
    assert_int_equal(report.n_struck[1], 1);
    assert_true(is_answered(bench));
}

static void a_radio_that_goes_silent_ends_the_link_and_it_can_be_made_anew(void **state)
{
    struct bench *bench = *state;

    bench_need(bench, "packet-faults");
    bench_up(bench);
    bench_connect(bench);
    arm(bench, RIG_PACKET_LOST, RIG_PACKET_WRITES, 0);
    assert_int_equal(write_echo(bench, "silent"), RIG_LINK_OK);
    assert_int_equal(receive_nothing(bench, 35000000), RIG_LINK_LOST);
    assert_false(state_of(bench).connected);
    assert_non_null(strstr(state_of(bench).text, "timeout"));
    bench_connect(bench);
    assert_int_equal(end_faults(bench).n_struck[0], 1);
    assert_true(is_answered(bench));
}

static void packet_faults_end_with_a_new_preparation(void **state)
{
    struct bench *bench = *state;

    bench_need(bench, "packet-faults");
    arm(bench, RIG_PACKET_DROP, RIG_PACKET_WRITES, 0);
    bench_prepare(bench, false);
    assert_int_equal(end_faults(bench).n_faults, 0);
}

static void packet_faults_that_cannot_be_are_refused(void **state)
{
    static const struct rig_packet_fault wrong[] = {
        {.kind = RIG_PACKET_DELAY, .delay_ms = RIG_PACKET_MAX_DELAY_MS + 1},
        {.kind = RIG_PACKET_CORRUPT, .at = RIG_PACKET_MAX_AT + 1},
        {.kind = RIG_PACKET_N_KINDS},
    };
    static const struct rig_packet_fault one_more = {.n_times = 1};
    struct bench *bench = *state;
    g_autoptr(GError) error = NULL;

    bench_need(bench, "packet-faults");
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
        assert_false(bench->board->packet_faults->arm(bench->board, &wrong[i], &error));
        assert_true(g_error_matches(error, RIG_ERROR, RIG_ERROR_INPUT));
        g_clear_error(&error);
    }
    for (guint i = 0; i < RIG_PACKET_MAX_FAULTS; i++)
        arm(bench, RIG_PACKET_DROP, RIG_PACKET_WRITES, 1000 + i);
    assert_false(bench->board->packet_faults->arm(bench->board, &one_more, NULL));
    assert_int_equal(end_faults(bench).n_faults, RIG_PACKET_MAX_FAULTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_board_without_power_is_not_found_until_the_deadline),
        cmocka_unit_test(the_state_without_a_connection_is_empty),
        cmocka_unit_test(a_connection_is_subscribed_and_keeps_to_the_mtu_asked_for),
        cmocka_unit_test(connecting_twice_is_one_connection),
        cmocka_unit_test(a_write_is_answered_by_notifications_within_the_mtu),
        cmocka_unit_test(nothing_to_receive_is_a_timeout_at_the_deadline),
        cmocka_unit_test(a_packet_beyond_the_mtu_is_too_long),
        cmocka_unit_test(without_a_connection_nothing_is_written_or_received),
        cmocka_unit_test(a_board_that_loses_power_loses_the_link_in_a_bounded_time),
        cmocka_unit_test(notifications_come_only_while_subscribed),
        cmocka_unit_test(a_connection_by_itself_subscribes_to_nothing),
        cmocka_unit_test(a_board_is_found_only_where_it_is_looked_for),
        cmocka_unit_test(what_is_not_there_is_told),
        cmocka_unit_test(what_a_characteristic_cannot_do_is_told),
        cmocka_unit_test(a_bond_is_used_by_the_next_connection_until_it_is_forgotten),
        cmocka_unit_test(an_open_connection_becomes_encrypted_when_pairing_is_asked_for),
        cmocka_unit_test(a_board_that_lost_its_bond_is_told_by_key_missing),
        cmocka_unit_test(pairing_wants_a_connection),
        cmocka_unit_test(a_board_without_packet_faults_says_so),
        cmocka_unit_test(a_lost_packet_is_lost_and_the_report_counts_it),
        cmocka_unit_test(the_board_hangs_up_in_the_place_of_a_packet),
        cmocka_unit_test(a_radio_that_goes_silent_ends_the_link_and_it_can_be_made_anew),
        cmocka_unit_test(packet_faults_end_with_a_new_preparation),
        cmocka_unit_test(packet_faults_that_cannot_be_are_refused),
    };

    return contract_run(tests, G_N_ELEMENTS(tests));
}
