/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The clients of Nordic's DFU against a scripted board: whatever is answered, the transfer ends in a bounded
 * time with a verdict and its cause. */
#include "drivers/update/nordic/nordic_stand.h"

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
    assert_says(&it, "does not say");
    end(&it);
    begin(&it, false, FAKE_BONDED);
    script(&it, &silent, 1);
    assert_int_equal(play(&it), RIG_UPDATE_NO_ANSWER);
    assert_says(&it, "keep the keys");
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
    assert_says(&it, "connecting at address + 1");
    assert_says(&it, "FF becomes 00");
    end(&it);
}

static void connect_again(struct sending *it, enum rig_link_outcome wanted)
{
    const struct rig_link_connect how = {0};
    enum rig_link_outcome outcome;

    assert_true(rig_update_connect(it->update, &how, &outcome, NULL));
    assert_int_equal(outcome, wanted);
}

static void an_old_table_is_looked_at_again_once(void **state)
{
    static const struct fake_answer silent = {RIG_DFU_PING, 0, FAKE_IGNORED, 0, NULL};
    struct sending it;

    (void)state;
    begin(&it, false, FAKE_IN_BOOTLOADER);
    it.fake->n_att_errors = 1;
    connect_again(&it, RIG_LINK_OK);
    it.fake->n_att_errors = 2;
    connect_again(&it, RIG_LINK_ATT_ERROR);
    connect_again(&it, RIG_LINK_OK);
    /* A control point that does not answer may be an attribute of the application's. */
    assert_true(it.update->protocol->greet(it.update, G_MAXUINT64, &it.result, NULL));
    assert_int_equal(it.fake->n_requests[RIG_DFU_PING], 0);
    it.fake->bonded = true;
    script(&it, &silent, 1);
    it.fake->n_att_errors = 2;
    assert_true(it.update->protocol->greet(it.update, G_MAXUINT64, &it.result, NULL));
    assert_int_equal(it.fake->n_requests[RIG_DFU_PING], 1);
    assert_int_equal(it.result.kind, RIG_UPDATE_LINK);
    assert_says(&it, "handle");
    connect_again(&it, RIG_LINK_OK);
    assert_true(it.update->protocol->greet(it.update, G_MAXUINT64, &it.result, NULL));
    assert_int_equal(it.result.kind, RIG_UPDATE_DONE);
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
    assert_int_equal(rig_nordic_client_of(it.update)->at, RIG_NORDIC_AT_NOWHERE);
    assert_null(rig_nordic_client_of(it.update)->door);
    it.update->protocol->restore(it.update, saved);
    assert_int_equal(play(&it), RIG_UPDATE_DONE);
    end(&it);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_answers_end_in_a_verdict),
        cmocka_unit_test(a_board_that_is_always_wrong_ends_it),
        cmocka_unit_test(a_board_that_does_not_answer_is_silent_after_as_many_times_as_asked_for),
        cmocka_unit_test(every_answer_to_the_entry_is_told_by_its_cause),
        cmocka_unit_test(an_entry_that_leads_nowhere_is_told_by_its_cause),
        cmocka_unit_test(an_old_table_is_looked_at_again_once),
        cmocka_unit_test(a_board_without_dfu_and_a_plain_image_are_told_apart),
        cmocka_unit_test(a_client_goes_back_with_its_board),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
