/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The clients of Nordic's DFU against a scripted board: whatever is answered, the image arrives whole or the
 * transfer ends in a bounded time with a reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "drivers/update/nordic/nordic_fake.h"

struct sending {
    struct fake *fake;
    struct rig_update *update;
    struct rig_faults *faults;
    struct rig_update_part parts[2];
    struct rig_update_transfer transfer;
    struct rig_update_report report;
    struct rig_update_result result;
};

static void begin(struct sending *it, bool legacy, enum fake_application runs)
{
    enum rig_link_outcome outcome;
    struct rig_link_connect how = {0};

    memset(it, 0, sizeof *it);
    it->fake = fake_new(legacy, runs);
    it->fake->encrypted = runs == FAKE_BONDED;
    it->faults = rig_faults_new(1);
    it->update =
        rig_update_new(&(const struct rig_update_setting){.board = &it->fake->board, .faults = it->faults});
    it->parts[0] = (struct rig_update_part){.init_packet = fake_init(), .bytes = fake_image()};
    it->transfer = (struct rig_update_transfer){.parts = it->parts,
                                                .n_parts = 1,
                                                .n_bytes = FAKE_IMAGE_BYTES,
                                                .until_us = G_GUINT64_CONSTANT(3600000000)};
    assert_true(rig_update_connect(it->update, &how, &outcome, NULL));
    assert_int_equal(outcome, runs == FAKE_NO_DFU ? RIG_LINK_NO_CHARACTERISTIC : RIG_LINK_OK);
}

static void script(struct sending *it, const struct fake_answer *answers, guint n)
{
    it->fake->script = answers;
    it->fake->n_script = n;
}

static enum rig_update_result_kind play(struct sending *it)
{
    guint64 begin_us = it->fake->now_us;

    assert_true(it->update->protocol->transfer(it->update, &it->transfer, &it->report, &it->result, NULL));
    assert_true(it->result.text[0]);
    assert_true(it->fake->now_us - begin_us <= G_GUINT64_CONSTANT(3600000000));
    return it->result.kind;
}

static void end(struct sending *it)
{
    g_bytes_unref(it->parts[0].init_packet);
    g_bytes_unref(it->parts[0].bytes);
    rig_update_free(it->update);
    rig_faults_free(it->faults);
    fake_free(it->fake);
}

static void assert_arrived(struct sending *it)
{
    g_autoptr(GBytes) image = fake_image();

    if (!it->fake->activated)
        fail_msg("not activated: %s", it->result.text);
    assert_int_equal(it->report.offset, FAKE_IMAGE_BYTES);
    assert_false(it->fake->connected);
    /* A bootloader that keeps nothing has dropped the bytes with the link. */
    if (it->fake->image->len)
        assert_memory_equal(it->fake->image->data, g_bytes_get_data(image, NULL), FAKE_IMAGE_BYTES);
}

static void assert_says(const struct sending *it, const char *piece)
{
    if (!strstr(it->result.text, piece))
        fail_msg("'%s' does not say '%s'", it->result.text, piece);
}

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

static void a_legacy_bootloader_that_lost_a_packet_is_told_so(void **state)
{
    struct sending it;

    (void)state;
    begin(&it, true, FAKE_IN_BOOTLOADER);
    it.fake->loses_nth_packet = 20;
    assert_int_not_equal(play(&it), RIG_UPDATE_DONE);
    end(&it);
}

static void every_fault_of_a_message_is_overcome_or_told(void **state)
{
    static const struct {
        enum rig_fault_kind kind;
        bool overcome;
    } rows[] = {{RIG_FAULT_DROP, true},
                {RIG_FAULT_DROP_RESPONSE, true},
                {RIG_FAULT_DUPLICATE, true},
                {RIG_FAULT_DUPLICATE_RESPONSE, true},
                {RIG_FAULT_DELAY, true},
                {RIG_FAULT_REORDER, true},
                {RIG_FAULT_CORRUPT, true},
                {RIG_FAULT_TRUNCATE, true},
                {RIG_FAULT_STOP_NOTIFICATIONS, false},
                {RIG_FAULT_DISCONNECT, true}};

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        const struct rig_fault fault = {.kind = rows[i].kind,
                                        .choice = RIG_FAULT_AT_MIDDLE,
                                        .delay_us = 100000,
                                        .at = G_MAXUINT32,
                                        .n_times = 1};
        struct sending it;

        begin(&it, false, FAKE_IN_BOOTLOADER);
        it.transfer.resume = true;
        rig_faults_push(it.faults, &fault);
        if ((play(&it) == RIG_UPDATE_DONE) != rows[i].overcome)
            fail_msg("%s: %s", rig_fault_kind_name(rows[i].kind), it.result.text);
        assert_int_equal(rig_faults_pop(it.faults, 1), 1);
        if (rows[i].overcome)
            assert_arrived(&it);
        end(&it);
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
        assert_int_equal(it.report.acknowledged, 8192);
        assert_int_equal(it.report.went_on_at, keeps ? 4096 : 0);
        end(&it);
    }
}

static void without_resume_a_lost_link_ends_it(void **state)
{
    static const struct fake_answer ends[] = {{RIG_DFU_CREATE, 2, FAKE_LINK_LOST, 0, NULL}};
    struct sending it;

    (void)state;
    begin(&it, false, FAKE_IN_BOOTLOADER);
    script(&it, ends, G_N_ELEMENTS(ends));
    assert_int_equal(play(&it), RIG_UPDATE_LINK);
    assert_int_equal(it.result.link, RIG_LINK_LOST);
    assert_int_equal(it.report.n_reconnects, 0);
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

/* --- hostile answers --- */

static const guint8 too_short[] = {RIG_DFU_RESPONSE, RIG_DFU_SELECT, RIG_DFU_SUCCESS, 0, 0x10};
static const guint8 too_long[] = {RIG_DFU_RESPONSE, RIG_DFU_CREATE, RIG_DFU_SUCCESS, 0, 0, 0, 0};
static const guint8 no_answer[] = {0xff, 0xff, 0xff, 0xff};
static const guint8 other_op[] = {RIG_DFU_RESPONSE, RIG_DFU_PING, RIG_DFU_SUCCESS, 1};
static const guint8 no_room[] = {
    RIG_DFU_RESPONSE, RIG_DFU_SELECT, RIG_DFU_SUCCESS, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
static const guint8 one_byte[] = {RIG_DFU_RESPONSE};
#define OF(bytes) sizeof bytes, bytes

static const struct {
    bool legacy;
    struct fake_answer answer;
    enum rig_update_result_kind kind;
    guint32 code;
    const char *says;
} hostile[] = {
    {false, {RIG_DFU_SELECT, 0, FAKE_BYTES, OF(too_short)}, RIG_UPDATE_MALFORMED, 0, "too short"},
    {false, {RIG_DFU_CREATE, 0, FAKE_BYTES, OF(too_long)}, RIG_UPDATE_MALFORMED, 0, "too long"},
    {false, {RIG_DFU_CREATE, 1, FAKE_BYTES, OF(no_answer)}, RIG_UPDATE_MALFORMED, 0, "no DFU response"},
    {false, {RIG_DFU_EXECUTE, 0, FAKE_BYTES, OF(other_op)}, RIG_UPDATE_MALFORMED, 0, "response to ping"},
    {false, {RIG_DFU_EXECUTE, 1, FAKE_BYTES, OF(one_byte)}, RIG_UPDATE_MALFORMED, 0, "too short"},
    {false, {RIG_DFU_SELECT, 1, FAKE_BYTES, OF(no_room)}, RIG_UPDATE_MALFORMED, 0, "0 bytes"},
    {false, {RIG_DFU_GET_CRC, 0, FAKE_FLOOD, 5000, NULL}, RIG_UPDATE_MALFORMED, 0, "instead of its answer"},
    /* A CRC of nothing, an offset beyond, both once: the object is sent again. */
    {false, {RIG_DFU_GET_CRC, 1, FAKE_NUMBERS, 4096, NULL}, RIG_UPDATE_DONE, 0, "ok"},
    {false, {RIG_DFU_GET_CRC, 1, FAKE_NUMBERS, 0xffffffff, NULL}, RIG_UPDATE_DONE, 0, "ok"},
    {false, {RIG_DFU_SELECT, 0, FAKE_NUMBERS, 0xffffffff, NULL}, RIG_UPDATE_DONE, 0, "ok"},
    {false, {RIG_DFU_SELECT, 0, FAKE_NUMBERS, 70, NULL}, RIG_UPDATE_DONE, 0, "ok"},
    {false, {RIG_DFU_SELECT, 1, FAKE_NUMBERS, 5, NULL}, RIG_UPDATE_DONE, 0, "ok"},
    {false, {RIG_DFU_EXECUTE, 1, FAKE_TWICE, 0, NULL}, RIG_UPDATE_DONE, 0, "ok"},
    {false, {RIG_DFU_EXECUTE, 1, FAKE_SILENCE, 0, NULL}, RIG_UPDATE_DONE, 0, "ok"},
    {false, {RIG_DFU_GET_CRC, 1, FAKE_IGNORED, 0, NULL}, RIG_UPDATE_DONE, 0, "ok"},
    {false, {RIG_DFU_GET_CRC, 1, FAKE_LATE, 19000000, NULL}, RIG_UPDATE_DONE, 0, "ok"},
    {false, {RIG_DFU_CREATE, 1, FAKE_RESULT, 4, NULL}, RIG_UPDATE_REFUSED, 4, "insufficient resources"},
    {false, {RIG_DFU_EXECUTE, 0, FAKE_RESULT, 5, NULL}, RIG_UPDATE_REFUSED, 5, "signature"},
    {false, {RIG_DFU_EXECUTE, 0, FAKE_RESULT, 0x0b06, NULL}, RIG_UPDATE_REFUSED, 0x0b06, "hardware version"},
    {false, {RIG_DFU_EXECUTE, 3, FAKE_RESULT, 0x0b0c, NULL}, RIG_UPDATE_REFUSED, 0x0b0c, "verification"},
    {true, {RIG_LEGACY_START, 0, FAKE_RESULT, 4, NULL}, RIG_UPDATE_REFUSED, 4, "larger than the bank"},
    {true, {RIG_LEGACY_INIT, 1, FAKE_RESULT, 6, NULL}, RIG_UPDATE_REFUSED, 6, "SoftDevice"},
    {true, {RIG_LEGACY_RECEIVE, 0, FAKE_RESULT, 6, NULL}, RIG_UPDATE_REFUSED, 6, "prn"},
    {true, {RIG_LEGACY_VALIDATE, 0, FAKE_RESULT, 5, NULL}, RIG_UPDATE_REFUSED, 5, "packets were lost"},
    {true, {RIG_LEGACY_VALIDATE, 0, FAKE_BYTES, OF(no_answer)}, RIG_UPDATE_MALFORMED, 0, "no DFU response"},
    {true, {RIG_LEGACY_VALIDATE, 0, FAKE_LATE, 100000000, NULL}, RIG_UPDATE_DONE, 0, "ok"},
};

static void hostile_answers_end_in_a_verdict(void **state)
{
    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(hostile); i++) {
        struct sending it;
        enum rig_update_result_kind kind;

        begin(&it, hostile[i].legacy, FAKE_IN_BOOTLOADER);
        script(&it, &hostile[i].answer, 1);
        kind = play(&it);
        if (kind != hostile[i].kind || it.result.code != hostile[i].code)
            fail_msg("row %zu: %s: %s", i, rig_update_result_name(kind), it.result.text);
        assert_says(&it, hostile[i].says);
        if (kind == RIG_UPDATE_DONE)
            assert_arrived(&it);
        end(&it);
    }
}

static void a_board_that_is_always_wrong_ends_it(void **state)
{
    static struct fake_answer wrong[60];
    struct sending it;

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++)
        wrong[i] = (struct fake_answer){RIG_DFU_GET_CRC, i + 1, FAKE_NUMBERS, 4096, NULL};
    begin(&it, false, FAKE_IN_BOOTLOADER);
    script(&it, wrong, G_N_ELEMENTS(wrong));
    it.transfer.max_failures = 3;
    assert_int_equal(play(&it), RIG_UPDATE_NO_PROGRESS);
    assert_says(&it, "never arrives");
    assert_int_equal(it.report.n_mismatches, 3);
    end(&it);
}

static void a_board_that_does_not_answer_is_silent_after_as_many_times_as_asked_for(void **state)
{
    static struct fake_answer silent[10];
    struct sending it;

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(silent); i++)
        silent[i] = (struct fake_answer){RIG_DFU_SELECT, i, FAKE_IGNORED, 0, NULL};
    begin(&it, false, FAKE_IN_BOOTLOADER);
    script(&it, silent, G_N_ELEMENTS(silent));
    it.transfer.max_failures = 2;
    assert_int_equal(play(&it), RIG_UPDATE_NO_ANSWER);
    assert_int_equal(it.fake->n_requests[RIG_DFU_SELECT], 2);
    end(&it);
}

/* --- entry, by its cause --- */

static void every_answer_to_the_entry_is_told_by_its_cause(void **state)
{
    static const struct {
        enum fake_application runs;
        guint8 result;
        const char *says;
    } rows[] = {{FAKE_BONDED, RIG_BUTTONLESS_FAILED, "marked as used"},
                {FAKE_BONDED, RIG_BUTTONLESS_NOT_BONDED, "pair first"},
                {FAKE_OPEN, RIG_BUTTONLESS_BUSY, "busy"},
                {FAKE_EXPERIMENTAL, RIG_BUTTONLESS_NOT_SUPPORTED, "not supported"}};

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        const struct fake_answer refuses = {RIG_BUTTONLESS_ENTER, 0, FAKE_RESULT, rows[i].result, NULL};
        struct sending it;

        begin(&it, false, rows[i].runs);
        script(&it, &refuses, 1);
        assert_int_equal(play(&it), RIG_UPDATE_REFUSED);
        assert_int_equal(it.result.code, rows[i].result);
        assert_says(&it, rows[i].says);
        end(&it);
    }
}

static void an_entry_that_leads_nowhere_is_told_by_its_cause(void **state)
{
    static const struct fake_answer silent = {RIG_BUTTONLESS_ENTER, 0, FAKE_IGNORED, 0, NULL};
    static const struct fake_answer early = {RIG_BUTTONLESS_ENTER, 0, FAKE_LINK_LOST, 0, NULL};
    struct sending it;

    (void)state;
    begin(&it, false, FAKE_OPEN); /* no indication: asked once */
    script(&it, &silent, 1);
    assert_int_equal(play(&it), RIG_UPDATE_NO_ANSWER);
    assert_int_equal(it.fake->n_requests[RIG_BUTTONLESS_ENTER], 1);
    end(&it);
    begin(&it, false, FAKE_OPEN); /* reset without indication */
    script(&it, &early, 1);
    assert_int_equal(play(&it), RIG_UPDATE_LINK);
    end(&it);
    begin(&it, false, FAKE_OPEN); /* indication without reset */
    it.fake->never_resets = true;
    assert_int_equal(play(&it), RIG_UPDATE_NO_ANSWER);
    assert_says(&it, "does not hang up");
    end(&it);
    begin(&it, false, FAKE_BONDED); /* comes back as its application */
    it.fake->stays_in_application = true;
    assert_int_equal(play(&it), RIG_UPDATE_NO_PROGRESS);
    assert_says(&it, "came back as its application");
    end(&it);
    begin(&it, false, FAKE_OPEN); /* comes up elsewhere */
    it.fake->same_address = true;
    assert_int_equal(play(&it), RIG_UPDATE_LINK);
    assert_int_equal(it.result.link, RIG_LINK_NOT_FOUND);
    assert_says(&it, "address + 1");
    end(&it);
}

static void a_board_without_dfu_and_a_plain_image_are_told_apart(void **state)
{
    struct sending it;
    g_autoptr(GError) error = NULL;

    (void)state;
    begin(&it, false, FAKE_NO_DFU);
    assert_int_equal(play(&it), RIG_UPDATE_LINK);
    end(&it);
    begin(&it, false, FAKE_IN_BOOTLOADER);
    it.transfer.n_parts = 0;
    assert_false(it.update->protocol->transfer(it.update, &it.transfer, &it.report, &it.result, &error));
    assert_true(g_error_matches(error, RIG_ERROR, RIG_ERROR_INPUT));
    end(&it);
}

static void a_client_goes_back_with_its_board(void **state)
{
    struct sending it;
    g_autoptr(GBytes) saved = NULL;

    (void)state;
    begin(&it, false, FAKE_OPEN);
    saved = it.update->protocol->save(it.update);
    rig_update_restart(it.update);
    assert_int_equal(rig_nordic_client_of(it.update)->at, RIG_NORDIC_NOWHERE);
    it.update->protocol->restore(it.update, saved);
    assert_int_equal(play(&it), RIG_UPDATE_DONE);
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
        cmocka_unit_test(a_legacy_bootloader_that_lost_a_packet_is_told_so),
        cmocka_unit_test(every_fault_of_a_message_is_overcome_or_told),
        cmocka_unit_test(a_receipt_that_is_lost_is_asked_for_and_nothing_sent_again),
        cmocka_unit_test(an_object_that_was_created_and_left_is_created_again),
        cmocka_unit_test(a_lost_link_is_made_anew_and_the_board_says_where_to_go_on),
        cmocka_unit_test(without_resume_a_lost_link_ends_it),
        cmocka_unit_test(a_board_that_never_comes_back_ends_it),
        cmocka_unit_test(a_transfer_stops_where_it_is_asked_to),
        cmocka_unit_test(old_legacy_bootloaders_get_one_size_and_one_packet),
        cmocka_unit_test(hostile_answers_end_in_a_verdict),
        cmocka_unit_test(a_board_that_is_always_wrong_ends_it),
        cmocka_unit_test(a_board_that_does_not_answer_is_silent_after_as_many_times_as_asked_for),
        cmocka_unit_test(every_answer_to_the_entry_is_told_by_its_cause),
        cmocka_unit_test(an_entry_that_leads_nowhere_is_told_by_its_cause),
        cmocka_unit_test(a_board_without_dfu_and_a_plain_image_are_told_apart),
        cmocka_unit_test(a_client_goes_back_with_its_board),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
