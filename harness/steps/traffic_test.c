/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packets become messages, places and phases; whatever a board sends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/update/smp/smp_client.h"
#include "steps/traffic.h"

static bool add(struct rig_traffic *traffic, bool sent, const guint8 *bytes, gsize n_bytes)
{
    const struct rig_update_packet packet = {sent, &rig_smp_characteristic, bytes, n_bytes};

    return rig_traffic_add(traffic, &packet);
}

/* One message in pieces. */
static void feed(struct rig_traffic *traffic, bool sent, const guint8 *bytes, gsize n_bytes, gsize piece)
{
    for (gsize at = 0; at < n_bytes; at += piece)
        assert_true(add(traffic, sent, bytes + at, MIN(piece, n_bytes - at)));
}

static void send_chunk(struct rig_traffic *traffic, guint8 sequence, gsize piece)
{
    static const guint8 data[40];
    const struct rig_smp_upload_chunk chunk = {.offset = sequence, .bytes = data, .n_bytes = sizeof data};
    guint8 message[256];
    gsize n_bytes =
        rig_smp_encode_upload((struct rig_smp_request_id){1, sequence}, &chunk, message, sizeof message);

    assert_true(n_bytes > 0);
    feed(traffic, true, message, n_bytes, piece);
}

static void answer(struct rig_traffic *traffic, guint8 sequence, gsize piece)
{
    const struct rig_smp_header header = {.version = 1,
                                          .op = RIG_SMP_WRITE_RSP,
                                          .length = 5,
                                          .group = RIG_SMP_GROUP_IMAGE,
                                          .sequence = sequence,
                                          .command = RIG_SMP_IMAGE_UPLOAD};
    guint8 message[RIG_SMP_HEADER_BYTES + 5] = {0};

    rig_smp_header_encode(&header, message);
    feed(traffic, false, message, sizeof message, piece);
}

static void send_echo(struct rig_traffic *traffic, guint8 sequence)
{
    guint8 message[64];
    gsize n_bytes =
        rig_smp_encode_echo((struct rig_smp_request_id){1, sequence}, "x", message, sizeof message);

    feed(traffic, true, message, n_bytes, n_bytes);
}

static void expect_place(const struct rig_traffic *traffic, guint number, const char *phase, const char *text)
{
    g_autofree char *seen = rig_traffic_text(traffic, number);

    assert_string_equal(rig_traffic_phases[rig_traffic_phase(traffic, number)], phase);
    assert_string_equal(seen, text);
}

static void an_upload_in_pieces_has_a_place_ahead_of_each_packet_and_while_an_answer_is_awaited(void **state)
{
    struct rig_traffic *traffic = rig_traffic_new(&rig_update_smp);

    (void)state;
    for (guint8 chunk = 0; chunk < 3; chunk++) {
        send_chunk(traffic, chunk, 50);
        answer(traffic, chunk, 10);
    }
    assert_int_equal(rig_traffic_n_packets(traffic), 12);
    assert_int_equal(rig_traffic_n_places(traffic), 12 + 3 + 1);
    expect_place(traffic, 0, "before-first-chunk", "before write 0 (chunk 1, piece 1 of 2)");
    expect_place(traffic, 1, "inside-first-chunk", "before write 1 (chunk 1, piece 2 of 2)");
    expect_place(traffic, 2, "waiting-after-first-chunk",
                 "waiting for notification 0 (answer to chunk 1, piece 1 of 2)");
    expect_place(traffic, 3, "before-answer-to-first-chunk",
                 "before notification 0 (answer to chunk 1, piece 1 of 2)");
    expect_place(traffic, 4, "inside-answer-to-first-chunk",
                 "before notification 1 (answer to chunk 1, piece 2 of 2)");
    expect_place(traffic, 5, "before-chunk", "before write 2 (chunk 2, piece 1 of 2)");
    expect_place(traffic, 11, "inside-last-chunk", "before write 5 (chunk 3, piece 2 of 2)");
    expect_place(traffic, 15, "behind-last", "after the last packet");
    assert_int_equal(rig_traffic_packet(traffic, 2), 2);
    assert_int_equal(rig_traffic_packet(traffic, 3), 2);
    assert_int_equal(rig_traffic_packet(traffic, 15), 12);
    rig_traffic_free(traffic);
}

static void answers_belong_to_the_request_of_their_number_whatever_is_in_flight(void **state)
{
    struct rig_traffic *traffic = rig_traffic_new(&rig_update_smp);

    (void)state;
    send_echo(traffic, 7);
    send_chunk(traffic, 8, 500);
    send_chunk(traffic, 9, 500);
    answer(traffic, 8, 500);
    answer(traffic, 7, 500);
    answer(traffic, 200, 500); /* to nothing */
    expect_place(traffic, 0, "before-request", "before write 0 (request 1: write os echo)");
    expect_place(traffic, 2, "before-last-chunk", "before write 2 (chunk 2, 2 requests unanswered)");
    expect_place(traffic, 4, "before-answer-to-first-chunk",
                 "before notification 0 (answer to chunk 1, 3 requests unanswered)");
    expect_place(traffic, 6, "before-answer-to-request",
                 "before notification 1 (answer to request 1: write os echo, 2 requests unanswered)");
    expect_place(traffic, 8, "before-answer-to-request", "before notification 2");
    rig_traffic_free(traffic);
}

static void each_place_is_found_again_by_its_name(void **state)
{
    const struct rig_packet_place beyond = {RIG_TRAFFIC_WRITE, 9};
    struct rig_traffic *traffic = rig_traffic_new(&rig_update_smp);
    guint number;

    (void)state;
    for (guint8 chunk = 0; chunk < 3; chunk++) {
        send_chunk(traffic, chunk, 20);
        answer(traffic, chunk, 4);
    }
    for (guint i = 0; i < rig_traffic_n_places(traffic); i++) {
        const struct rig_packet_place place = rig_traffic_place(traffic, i);

        assert_true(rig_traffic_number(traffic, &place, &number));
        assert_int_equal(number, i);
    }
    assert_true(rig_traffic_number(traffic, &beyond, &number)); /* three chunks of five writes */
    assert_false(
        rig_traffic_number(traffic, &(const struct rig_packet_place){RIG_TRAFFIC_WRITE, 999}, &number));
    assert_false(
        rig_traffic_number(traffic, &(const struct rig_packet_place){RIG_TRAFFIC_WAITING, 1}, &number));
    rig_traffic_free(traffic);
}

static void whatever_comes_every_packet_has_its_place(void **state)
{
    g_autoptr(GRand) chance = g_rand_new_with_seed(4);
    struct rig_traffic *traffic = rig_traffic_new(&rig_update_smp);
    guint8 bytes[64];

    (void)state;
    for (guint i = 0; i < 2000; i++) {
        gsize n_bytes = (gsize)g_rand_int_range(chance, 0, sizeof bytes + 1);

        for (gsize at = 0; at < n_bytes; at++)
            bytes[at] = (guint8)g_rand_int_range(chance, 0, i % 2 ? 256 : 3);
        assert_true(add(traffic, g_rand_boolean(chance), bytes, n_bytes));
    }
    assert_int_equal(rig_traffic_n_packets(traffic), 2000);
    for (guint i = 0; i < rig_traffic_n_places(traffic); i++) {
        g_autofree char *text = rig_traffic_text(traffic, i);

        assert_true(rig_traffic_phase(traffic, i) < RIG_N_TRAFFIC_PHASES);
        assert_true(strlen(text) > 0);
    }
    rig_traffic_free(traffic);
}

static void more_packets_than_are_kept_are_refused(void **state)
{
    struct rig_traffic *traffic = rig_traffic_new(&rig_update_smp);

    (void)state;
    for (guint i = 0; i < RIG_TRAFFIC_MAX_PACKETS; i++)
        assert_true(add(traffic, true, (const guint8 *)"\x0a", 1));
    assert_false(add(traffic, true, (const guint8 *)"\x0a", 1));
    assert_int_equal(rig_traffic_n_packets(traffic), RIG_TRAFFIC_MAX_PACKETS);
    rig_traffic_free(traffic);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_upload_in_pieces_has_a_place_ahead_of_each_packet_and_while_an_answer_is_awaited),
        cmocka_unit_test(answers_belong_to_the_request_of_their_number_whatever_is_in_flight),
        cmocka_unit_test(each_place_is_found_again_by_its_name),
        cmocka_unit_test(whatever_comes_every_packet_has_its_place),
        cmocka_unit_test(more_packets_than_are_kept_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
