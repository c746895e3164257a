/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The clients of Nordic's DFU against a scripted board: whatever happens on the way, the image arrives whole
 * or the transfer ends with a reason. */
#include "drivers/update/nordic/nordic_stand.h"

/* --- what goes well --- */

static void an_image_is_sent_object_by_object(void **state)
{
    struct sending it;

    (void)state;
    begin(&it, false, FAKE_IN_BOOTLOADER);
    assert_int_equal(play(&it), RIG_UPDATE_DONE);
    assert_arrived(&it);
    assert_int_equal(it.fake->n_creates, 1 + 3); /* init packet; 4096, 4096, 1808 */
    assert_int_equal(it.report.n_resent + it.report.n_mismatches + it.report.n_reconnects, 0);
    assert_int_equal(it.report.n_chunks, 17 + 17 + 8);
    assert_int_equal(it.fake->n_connects, 1);
    end(&it);
}

static void receipts_and_small_packets_change_nothing(void **state)
{
    static const guint16 prns[] = {0, 1, 12, 1000};

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(prns); i++) {
        for (guint legacy = 0; legacy < 2; legacy++) {
            struct sending it;

            begin(&it, legacy, FAKE_IN_BOOTLOADER);
            it.fake->mtu = 23;
            it.transfer.prn = &prns[i];
            assert_int_equal(play(&it), RIG_UPDATE_DONE);
            assert_arrived(&it);
            assert_int_equal(it.report.n_chunks, legacy ? 500 : 205 + 205 + 91);
            if (legacy)
                assert_int_equal(it.fake->n_receipts, prns[i] ? 499 / prns[i] : 0);
            end(&it);
        }
    }
}

static void every_kind_of_application_gives_way_to_its_bootloader(void **state)
{
    static const struct {
        bool legacy;
        enum fake_application runs;
        enum rig_link_where where;
    } rows[] = {{false, FAKE_OPEN, RIG_LINK_AT_NEXT_ADDRESS},
                {false, FAKE_BONDED, RIG_LINK_AT_ADDRESS},
                {false, FAKE_EXPERIMENTAL, RIG_LINK_AT_NEXT_ADDRESS},
                {true, FAKE_LEGACY_APPLICATION, RIG_LINK_AT_EITHER_ADDRESS}};

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct sending it;

        begin(&it, rows[i].legacy, rows[i].runs);
        assert_int_equal(play(&it), RIG_UPDATE_DONE);
        assert_arrived(&it);
        assert_int_equal(it.fake->where, rows[i].where);
        assert_int_equal(it.fake->n_connects, 2);
        end(&it);
    }
}

static void a_host_that_still_has_the_old_table_looks_again(void **state)
{
    struct sending it;

    (void)state;
    begin(&it, false, FAKE_BONDED);
    it.fake->stale_us = 500000;
    assert_int_equal(play(&it), RIG_UPDATE_DONE);
    assert_arrived(&it);
    end(&it);
}

static void a_name_that_is_told_is_what_is_looked_for(void **state)
{
    const struct rig_update_entry entry = {.name = "Dfu01", .until_us = G_MAXUINT64};
    struct sending it;

    (void)state;
    begin(&it, false, FAKE_OPEN);
    assert_true(it.update->protocol->enter(it.update, &entry, &it.result, NULL));
    assert_int_equal(it.result.kind, RIG_UPDATE_DONE);
    assert_string_equal(it.fake->name, "Dfu01");
    assert_int_equal(it.fake->where, RIG_LINK_BY_NAME);
    end(&it);
    begin(&it, true, FAKE_LEGACY_APPLICATION);
    {
        g_autoptr(GError) error = NULL;

        assert_false(it.update->protocol->enter(it.update, &entry, &it.result, &error));
        assert_true(g_error_matches(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED));
    }
    end(&it);
}

static void two_parts_go_over_two_connections(void **state)
{
    struct sending it;

    (void)state;
    begin(&it, false, FAKE_OPEN);
    it.parts[1] = it.parts[0];
    it.parts[0].firmware = RIG_DFU_SOFTDEVICE_BOOTLOADER;
    it.transfer.n_parts = 2;
    it.transfer.n_bytes = 2 * FAKE_IMAGE_BYTES;
    assert_int_equal(play(&it), RIG_UPDATE_DONE);
    assert_int_equal(it.report.offset, 2 * FAKE_IMAGE_BYTES);
    assert_int_equal(it.report.n_chunks, 2 * 42);
    assert_int_equal(it.fake->n_connects, 4); /* application, bootloader, twice */
    end(&it);
}

/* --- what goes wrong on the way --- */

static void a_lost_packet_repeats_its_object(void **state)
{
    static const guint16 prns[] = {0, 4};

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(prns); i++) {
        struct sending it;

        begin(&it, false, FAKE_IN_BOOTLOADER);
        it.transfer.prn = &prns[i];
        it.fake->loses_nth_packet = 20; /* the third one of the second object */
        assert_int_equal(play(&it), RIG_UPDATE_DONE);
        assert_arrived(&it);
        assert_int_equal(it.report.n_mismatches, 1);
        assert_int_equal(it.fake->n_creates, 1 + 3 + 1);
        end(&it);
    }
}

static void who_did_not_choose_receipts_asks_for_them_after_a_loss(void **state)
{
    static const guint16 none = 0;

    (void)state;
    for (guint chosen = 0; chosen < 2; chosen++) {
        struct sending it;

        begin(&it, false, FAKE_IN_BOOTLOADER);
        it.transfer.prn = chosen ? &none : NULL;
        it.fake->loses_nth_packet = 20;
        assert_int_equal(play(&it), RIG_UPDATE_DONE);
        assert_arrived(&it);
        assert_int_equal(it.fake->n_receipts, chosen ? 0 : 2 + 1); /* the object again, and the last one */
        end(&it);
    }
}

static void a_legacy_bootloader_that_lost_a_packet_is_told_so(void **state)
{
    struct sending it;

    (void)state;
    begin(&it, true, FAKE_IN_BOOTLOADER);
    it.fake->loses_nth_packet = 20;
    assert_int_equal(play(&it), RIG_UPDATE_NO_PROGRESS);
    assert_says(&it, "packets were lost: the board has 380 of 400 bytes");
    end(&it);
}

static const struct {
    enum rig_fault_kind kind;
    bool overcome;
    guint n_mismatches;
    guint n_packets; /* that reached the board, without receipts: 43 when nothing is wrong, 17 of an object */
} faults[] = {{RIG_FAULT_DROP, true, 1, 59},
              {RIG_FAULT_DROP_RESPONSE, true, 0, 43},
              {RIG_FAULT_DUPLICATE, true, 1, 61},
              {RIG_FAULT_DUPLICATE_RESPONSE, true, 0, 43},
              {RIG_FAULT_DELAY, true, 1, 60},
              {RIG_FAULT_REORDER, true, 1, 60},
              {RIG_FAULT_CORRUPT, true, 1, 60},
              {RIG_FAULT_TRUNCATE, true, 1, 60},
              {RIG_FAULT_STOP_NOTIFICATIONS, false, 0, 0},
              {RIG_FAULT_DISCONNECT, true, 0, 0}};

static void strike(gsize i, guint16 prn)
{
    const struct rig_fault fault = {.kind = faults[i].kind,
                                    .choice = RIG_FAULT_AT_MIDDLE,
                                    .delay_us = 7000,
                                    .at = G_MAXUINT32,
                                    .n_times = 1};
    struct sending it;

    begin(&it, false, FAKE_IN_BOOTLOADER);
    it.transfer.resume = true;
    it.transfer.prn = &prn;
    rig_faults_push(it.faults, &fault);
    if ((play(&it) == RIG_UPDATE_DONE) != faults[i].overcome ||
        (prn == 0 && it.report.n_mismatches != faults[i].n_mismatches))
        fail_msg("%s: %s, %u mismatches", rig_fault_kind_name(faults[i].kind), it.result.text,
                 it.report.n_mismatches);
    assert_int_equal(rig_faults_pop(it.faults, 1), 1);
    if (prn == 0 && faults[i].n_packets)
        assert_int_equal(it.fake->n_packets, faults[i].n_packets);
    if (faults[i].overcome)
        assert_arrived(&it);
    end(&it);
}

static void every_fault_of_a_message_is_overcome_or_told(void **state)
{
    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(faults); i++) {
        strike(i, 0);
        strike(i, 4);
    }
}

static void a_receipt_that_is_lost_is_asked_for_and_nothing_sent_again(void **state)
{
    const struct rig_fault fault = {
        .kind = RIG_FAULT_DROP_RESPONSE, .choice = RIG_FAULT_AT_CHUNK, .n = 3, .n_times = 1};
    const guint16 prn = 4;
    struct sending it;

    (void)state;
    begin(&it, false, FAKE_IN_BOOTLOADER);
    it.transfer.prn = &prn;
    it.transfer.max_failures = 1;
    rig_faults_push(it.faults, &fault);
    assert_int_equal(play(&it), RIG_UPDATE_DONE);
    assert_arrived(&it);
    assert_int_equal(it.report.n_resent + it.report.n_mismatches, 0);
    assert_int_equal(it.fake->n_creates, 1 + 3);
    end(&it);
}

static void an_object_that_was_created_and_left_is_created_again(void **state)
{
    const struct rig_dfu_request create = rig_dfu_create(RIG_DFU_DATA_OBJECT, FAKE_MAX_OBJECT);
    struct rig_dfu_response response;
    struct sending it;

    (void)state;
    begin(&it, false, FAKE_IN_BOOTLOADER);
    it.transfer.stop_at_byte = 4096;
    assert_int_equal(play(&it), RIG_UPDATE_STOPPED);
    assert_int_equal(it.report.offset, 4096);
    assert_true(rig_nordic_ask(rig_nordic_client_of(it.update), &create, RIG_NORDIC_ANSWER_US, &response,
                               &it.result, NULL));
    it.transfer.stop_at_byte = 0;
    assert_int_equal(play(&it), RIG_UPDATE_DONE);
    assert_arrived(&it);
    assert_int_equal(it.report.begin, 4096);
    end(&it);
}

static void a_lost_link_is_made_anew_and_the_board_says_where_to_go_on(void **state)
{
    static const struct fake_answer ends[] = {{RIG_DFU_EXECUTE, 2, FAKE_LINK_LOST, 0, NULL}};

    (void)state;
    for (guint keeps = 0; keeps < 2; keeps++) {
        struct sending it;

        begin(&it, false, FAKE_IN_BOOTLOADER);
        script(&it, ends, G_N_ELEMENTS(ends)); /* of the second data object */
        it.fake->keeps_progress = keeps;
        it.transfer.resume = true;
        assert_int_equal(play(&it), RIG_UPDATE_DONE);
        assert_arrived(&it);
        assert_int_equal(it.report.n_reconnects, 1);
        assert_int_equal(it.report.begin, keeps ? 4096 : 0);
        /* The second object was there and not executed: that need not be kept. */
        assert_int_equal(it.report.acknowledged, keeps ? 0 : 4096);
        assert_int_equal(it.report.went_on_at, 0);
        end(&it);
    }
}

static void a_board_that_goes_on_where_it_was_lost_nothing(void **state)
{
    static const struct fake_answer ends[] = {{RIG_DFU_GET_CRC, 2, FAKE_LINK_LOST, 0, NULL}};
    struct sending it;

    (void)state;
    begin(&it, false, FAKE_IN_BOOTLOADER);
    script(&it, ends, G_N_ELEMENTS(ends)); /* of the second data object */
    it.fake->keeps_progress = true;
    it.transfer.resume = true;
    assert_int_equal(play(&it), RIG_UPDATE_DONE);
    assert_arrived(&it);
    assert_int_equal(it.report.begin, 4096);
    assert_int_equal(it.report.acknowledged, 0);
    end(&it);
}

static void the_last_answer_that_is_lost_may_mean_all_of_it(void **state)
{
    static const struct fake_answer ends[] = {{RIG_DFU_EXECUTE, 3, FAKE_LINK_LOST, 0, NULL}};
    struct sending it;

    (void)state;
    begin(&it, false, FAKE_IN_BOOTLOADER);
    script(&it, ends, G_N_ELEMENTS(ends));
    assert_int_equal(play(&it), RIG_UPDATE_LINK);
    assert_says(&it, "may have taken the image");
    end(&it);
    begin(&it, false, FAKE_IN_BOOTLOADER);
    script(&it, ends, G_N_ELEMENTS(ends));
    it.transfer.resume = true;
    assert_int_equal(play(&it), RIG_UPDATE_DONE);
    assert_arrived(&it);
    assert_int_equal(it.report.begin, 0);
    assert_int_equal(it.report.acknowledged, 0); /* it may have begun anew for a good reason */
    end(&it);
}

static void what_came_of_the_activation_is_looked_at(void **state)
{
    static const struct fake_answer before = {RIG_LEGACY_ACTIVATE, 0, FAKE_LINK_LOST, 0, NULL};
    static const struct fake_answer behind = {RIG_LEGACY_ACTIVATE, 0, FAKE_ACT_LOST, 0, NULL};
    const struct rig_fault fault = {
        .kind = RIG_FAULT_DISCONNECT, .choice = RIG_FAULT_AT_MESSAGE, .n = 514, .n_times = 1};
    struct sending it;

    (void)state;
    begin(&it, true, FAKE_IN_BOOTLOADER); /* the board had it: S16 */
    script(&it, &behind, 1);
    assert_int_equal(play(&it), RIG_UPDATE_DONE);
    assert_arrived(&it);
    assert_int_equal(it.fake->n_connects, 2);
    end(&it);
    begin(&it, true, FAKE_IN_BOOTLOADER); /* it had not */
    script(&it, &before, 1);
    assert_int_equal(play(&it), RIG_UPDATE_LINK);
    assert_int_equal(it.fake->n_connects, 2);
    assert_false(it.fake->activated);
    end(&it);
    begin(&it, true, FAKE_IN_BOOTLOADER); /* nor here, where this host ended the link */
    rig_faults_push(it.faults, &fault);
    assert_int_equal(play(&it), RIG_UPDATE_LINK);
    assert_int_equal(rig_faults_pop(it.faults, 1), 1);
    assert_int_equal(it.fake->n_requests[RIG_LEGACY_VALIDATE], 1);
    assert_int_equal(it.fake->n_connects, 1);
    end(&it);
}

static void a_link_that_is_lost_for_ever_ends_it(void **state)
{
    static struct fake_answer ends[60];
    struct sending it;

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(ends); i++)
        ends[i] = (struct fake_answer){RIG_DFU_SELECT, i, FAKE_LINK_LOST, 0, NULL};
    begin(&it, false, FAKE_IN_BOOTLOADER);
    script(&it, ends, G_N_ELEMENTS(ends));
    it.transfer.resume = true;
    assert_int_equal(play(&it), RIG_UPDATE_LINK);
    assert_int_equal(it.report.n_reconnects, 20);
    end(&it);
}

static void a_legacy_bootloader_is_asked_once(void **state)
{
    static const struct fake_answer silent = {RIG_LEGACY_VALIDATE, 0, FAKE_IGNORED, 0, NULL};
    struct sending it;

    (void)state;
    begin(&it, true, FAKE_IN_BOOTLOADER);
    script(&it, &silent, 1);
    assert_int_equal(play(&it), RIG_UPDATE_NO_ANSWER);
    assert_int_equal(it.fake->n_requests[RIG_LEGACY_VALIDATE], 1);
    end(&it);
}

static void an_object_may_be_smaller_than_the_most(void **state)
{
    struct sending it;

    (void)state;
    begin(&it, false, FAKE_IN_BOOTLOADER);
    it.transfer.object_bytes = 2048;
    assert_int_equal(play(&it), RIG_UPDATE_DONE);
    assert_arrived(&it);
    assert_int_equal(it.fake->n_creates, 1 + 5);
    end(&it);
}

static void a_board_that_has_nothing_where_it_should_have_an_object_gets_it_again(void **state)
{
    static const guint8 nothing[] = {
        RIG_DFU_RESPONSE, RIG_DFU_GET_CRC, RIG_DFU_SUCCESS, 0, 0, 0, 0, 0, 0, 0, 0};
    static const struct fake_answer empty = {RIG_DFU_GET_CRC, 2, FAKE_BYTES, sizeof nothing, nothing};
    struct sending it;

    (void)state;
    begin(&it, false, FAKE_IN_BOOTLOADER);
    script(&it, &empty, 1);
    assert_int_equal(play(&it), RIG_UPDATE_DONE);
    assert_arrived(&it);
    assert_int_equal(it.report.n_mismatches, 1);
    end(&it);
}

static void an_init_packet_that_is_there_and_refused_is_sent_anew(void **state)
{
    static const struct fake_answer refuses = {RIG_DFU_EXECUTE, 0, FAKE_RESULT, RIG_DFU_INVALID_OBJECT, NULL};
    g_autoptr(GBytes) init = fake_init();
    struct sending it;

    (void)state;
    begin(&it, false, FAKE_IN_BOOTLOADER);
    g_byte_array_append(it.fake->init, g_bytes_get_data(init, NULL), FAKE_INIT_BYTES);
    script(&it, &refuses, 1);
    assert_int_equal(play(&it), RIG_UPDATE_DONE);
    assert_arrived(&it);
    assert_int_equal(it.fake->n_creates, 1 + 3);
    end(&it);
}

static void a_board_that_takes_the_image_and_stays_is_told_so(void **state)
{
    for (guint legacy = 0; legacy < 2; legacy++) {
        struct sending it;

        (void)state;
        begin(&it, legacy, FAKE_IN_BOOTLOADER);
        it.fake->never_resets = true;
        assert_int_equal(play(&it), RIG_UPDATE_NO_ANSWER);
        assert_says(&it, "does not hang up");
        end(&it);
    }
}

static void a_legacy_bootloader_is_told_the_sizes_of_both(void **state)
{
    struct sending it;

    (void)state;
    begin(&it, true, FAKE_IN_BOOTLOADER);
    it.parts[0].firmware = RIG_DFU_SOFTDEVICE_BOOTLOADER;
    it.parts[0].n_bootloader_bytes = 3000;
    assert_int_equal(play(&it), RIG_UPDATE_DONE);
    assert_int_equal(it.fake->sizes[0], 7000);
    assert_int_equal(it.fake->sizes[1], 3000);
    assert_int_equal(it.fake->sizes[2], 0);
    end(&it);
}

static void only_an_old_legacy_bootloader_is_asked_in_the_old_way(void **state)
{
    static const struct {
        guint16 version;
        guint8 status;
    } rows[] = {{RIG_LEGACY_SDK9, RIG_LEGACY_NOT_SUPPORTED}, {0, RIG_LEGACY_SIZE_LIMIT}};

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        const struct fake_answer refuses = {RIG_LEGACY_START, 0, FAKE_RESULT, rows[i].status, NULL};
        struct sending it;

        begin(&it, true, FAKE_IN_BOOTLOADER);
        rig_nordic_client_of(it.update)->version = rows[i].version;
        script(&it, &refuses, 1);
        assert_int_equal(play(&it), RIG_UPDATE_REFUSED);
        assert_int_equal(it.result.code, rows[i].status);
        assert_int_equal(it.fake->n_requests[RIG_LEGACY_START], 1);
        end(&it);
    }
}

static void packets_are_whole_words(void **state)
{
    struct sending it;

    (void)state;
    begin(&it, false, FAKE_IN_BOOTLOADER);
    it.fake->mtu = 30; /* 27 bytes of room: 24 in a packet */
    assert_int_equal(play(&it), RIG_UPDATE_DONE);
    assert_arrived(&it);
    assert_int_equal(it.report.n_chunks, 171 + 171 + 76);
    end(&it);
}

static void without_resume_a_lost_link_ends_it(void **state)
{
    static const struct fake_answer ends[] = {{RIG_DFU_CREATE, 3, FAKE_LINK_LOST, 0, NULL}};
    struct sending it;

    (void)state;
    begin(&it, false, FAKE_IN_BOOTLOADER);
    script(&it, ends, G_N_ELEMENTS(ends));
    assert_int_equal(play(&it), RIG_UPDATE_LINK);
    assert_int_equal(it.result.link, RIG_LINK_LOST);
    assert_int_equal(it.report.n_reconnects, 0);
    assert_int_equal(it.report.offset, 4096); /* of the second object that is all that can be counted on */
    end(&it);
}

static void a_board_that_never_comes_back_ends_it(void **state)
{
    static const struct fake_answer ends[] = {{RIG_DFU_CREATE, 2, FAKE_LINK_LOST, 0, NULL}};
    struct sending it;

    (void)state;
    begin(&it, false, FAKE_IN_BOOTLOADER);
    script(&it, ends, G_N_ELEMENTS(ends));
    it.transfer.resume = true;
    it.fake->n_links_lost_allowed = 1;
    assert_int_equal(play(&it), RIG_UPDATE_LINK);
    assert_int_equal(it.result.link, RIG_LINK_NOT_FOUND);
    end(&it);
}

static void a_transfer_stops_where_it_is_asked_to(void **state)
{
    for (guint legacy = 0; legacy < 2; legacy++) {
        struct sending it;

        (void)state;
        begin(&it, legacy, FAKE_IN_BOOTLOADER);
        it.transfer.stop_at_byte = 5000;
        assert_int_equal(play(&it), RIG_UPDATE_STOPPED);
        assert_true(it.report.offset >= 5000 && it.report.offset < 5000 + 244);
        it.transfer.stop_at_byte = 0;
        if (!legacy) { /* over the same connection it goes on in the middle of an object */
            guint64 there = it.report.offset;

            assert_int_equal(play(&it), RIG_UPDATE_DONE);
            assert_arrived(&it);
            assert_int_equal(it.report.begin, there);
        } else { /* this one has to be reset, and takes the image anew */
            assert_int_equal(play(&it), RIG_UPDATE_DONE);
            assert_int_equal(it.fake->n_requests[RIG_LEGACY_RESET], 1);
        }
        end(&it);
    }
}

static void old_legacy_bootloaders_get_one_size_and_one_packet(void **state)
{
    struct sending it;

    (void)state;
    begin(&it, true, FAKE_IN_BOOTLOADER);
    it.fake->version = 0;
    /* It has to say so on the connection that stands. */
    rig_nordic_client_of(it.update)->version = 0;
    assert_int_equal(play(&it), RIG_UPDATE_DONE);
    assert_arrived(&it);
    assert_int_equal(it.fake->n_requests[RIG_LEGACY_START], 2);
    end(&it);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_is_sent_object_by_object),
        cmocka_unit_test(receipts_and_small_packets_change_nothing),
        cmocka_unit_test(every_kind_of_application_gives_way_to_its_bootloader),
        cmocka_unit_test(a_host_that_still_has_the_old_table_looks_again),
        cmocka_unit_test(a_name_that_is_told_is_what_is_looked_for),
        cmocka_unit_test(two_parts_go_over_two_connections),
        cmocka_unit_test(a_lost_packet_repeats_its_object),
        cmocka_unit_test(who_did_not_choose_receipts_asks_for_them_after_a_loss),
        cmocka_unit_test(a_legacy_bootloader_that_lost_a_packet_is_told_so),
        cmocka_unit_test(every_fault_of_a_message_is_overcome_or_told),
        cmocka_unit_test(a_receipt_that_is_lost_is_asked_for_and_nothing_sent_again),
        cmocka_unit_test(an_object_that_was_created_and_left_is_created_again),
        cmocka_unit_test(a_lost_link_is_made_anew_and_the_board_says_where_to_go_on),
        cmocka_unit_test(a_board_that_goes_on_where_it_was_lost_nothing),
        cmocka_unit_test(the_last_answer_that_is_lost_may_mean_all_of_it),
        cmocka_unit_test(what_came_of_the_activation_is_looked_at),
        cmocka_unit_test(a_link_that_is_lost_for_ever_ends_it),
        cmocka_unit_test(a_legacy_bootloader_is_asked_once),
        cmocka_unit_test(packets_are_whole_words),
        cmocka_unit_test(an_object_may_be_smaller_than_the_most),
        cmocka_unit_test(a_board_that_has_nothing_where_it_should_have_an_object_gets_it_again),
        cmocka_unit_test(an_init_packet_that_is_there_and_refused_is_sent_anew),
        cmocka_unit_test(a_board_that_takes_the_image_and_stays_is_told_so),
        cmocka_unit_test(a_legacy_bootloader_is_told_the_sizes_of_both),
        cmocka_unit_test(only_an_old_legacy_bootloader_is_asked_in_the_old_way),
        cmocka_unit_test(without_resume_a_lost_link_ends_it),
        cmocka_unit_test(a_board_that_never_comes_back_ends_it),
        cmocka_unit_test(a_transfer_stops_where_it_is_asked_to),
        cmocka_unit_test(old_legacy_bootloaders_get_one_size_and_one_packet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
