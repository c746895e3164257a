/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The upload against a scripted server: whatever is answered, the server's offset rules, and the upload ends
 * in a bounded time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/update/smp/smp_fake.h"

struct uploading {
    struct fake *fake;
    struct rig_smp_client *client;
    guint8 image[FAKE_IMAGE_BYTES];
    guint8 sha[32];
    struct rig_update_transfer upload;
    struct rig_update_report report;
    struct rig_update_result result;
};

static void prepare(struct uploading *it, const struct fake_answer *script, guint n_script)
{
    memset(it, 0, sizeof *it);
    it->fake = fake_new(script, n_script);
    it->client =
        rig_smp_client_of(rig_update_new(&(const struct rig_update_setting){.board = &it->fake->board}));
    it->client->buf_size = it->fake->buf_size;
    it->client->buf_count = it->fake->buf_count;
    fake_fill_image(it->image);
    memset(it->sha, 0x5a, sizeof it->sha);
    it->upload = (struct rig_update_transfer){.bytes = it->image,
                                              .n_bytes = sizeof it->image,
                                              .sha = it->sha,
                                              .chunk_bytes = 100,
                                              .window = 1,
                                              .until_us = G_MAXUINT64};
}

static enum rig_update_result_kind run(struct uploading *it)
{
    assert_true(rig_update_smp.transfer(&it->client->update, &it->upload, &it->report, &it->result, NULL));
    return it->result.kind;
}

static void finish(struct uploading *it)
{
    rig_update_free(&it->client->update);
    fake_free(it->fake);
}

static void assert_image_is_whole(const struct uploading *it)
{
    assert_int_equal(it->fake->offset, FAKE_IMAGE_BYTES);
    assert_memory_equal(it->fake->image, it->image, FAKE_IMAGE_BYTES);
}

static void a_plain_upload_sends_each_byte_once_in_order(void **state)
{
    struct uploading it;

    (void)state;
    prepare(&it, NULL, 0);
    assert_int_equal(run(&it), RIG_UPDATE_DONE);
    assert_image_is_whole(&it);
    assert_int_equal(it.fake->requests->len, 10);
    for (guint i = 0; i < 10; i++) {
        assert_int_equal(fake_request(it.fake, i)->off, 100 * i);
        assert_int_equal(fake_request(it.fake, i)->n_data, 100);
        assert_int_equal(fake_request(it.fake, i)->has_len, i == 0);
        assert_int_equal(fake_request(it.fake, i)->has_sha, i == 0);
    }
    assert_int_equal(it.report.n_chunks, 10);
    assert_int_equal(it.report.n_resent + it.report.n_mismatches + it.report.n_reconnects, 0);
    assert_int_equal(it.report.begin, 0);
    finish(&it);
}

static void chunks_fill_what_one_write_carries_when_no_size_is_asked_for(void **state)
{
    struct uploading it;

    (void)state;
    prepare(&it, NULL, 0);
    it.upload.chunk_bytes = 0;
    assert_int_equal(run(&it), RIG_UPDATE_DONE);
    assert_int_equal(it.fake->longest_write, 244);
    assert_int_equal(it.fake->n_writes, it.fake->requests->len);
    finish(&it);
}

static void the_first_chunk_may_have_a_size_of_its_own(void **state)
{
    struct uploading it;

    (void)state;
    prepare(&it, NULL, 0);
    it.upload.first_chunk_bytes = 32;
    it.upload.chunk_bytes = 7;
    assert_int_equal(run(&it), RIG_UPDATE_DONE);
    assert_image_is_whole(&it);
    assert_int_equal(fake_request(it.fake, 0)->n_data, 32);
    assert_int_equal(fake_request(it.fake, 1)->n_data, 7);
    finish(&it);
}

static void the_window_is_what_is_asked_for_and_what_the_board_can_hold(void **state)
{
    static const struct {
        guint asked, buf_count, seen;
    } rows[] = {{1, 4, 1}, {2, 4, 2}, {3, 4, 3}, {9, 4, 3}, {4, 8, 4}, {4, 2, 1}, {4, 1, 1}, {4, 0, 1}};

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct uploading it;

        prepare(&it, NULL, 0);
        it.upload.window = rows[i].asked;
        it.client->buf_count = rows[i].buf_count;
        assert_int_equal(run(&it), RIG_UPDATE_DONE);
        assert_image_is_whole(&it);
        assert_int_equal(it.fake->most_waiting, rows[i].seen);
        finish(&it);
    }
}

static void nothing_follows_the_first_chunk_before_its_answer(void **state)
{
    struct uploading it;

    (void)state;
    prepare(&it, NULL, 0);
    it.upload.window = 3;
    assert_int_equal(run(&it), RIG_UPDATE_DONE);
    assert_int_equal(fake_request(it.fake, 1)->at_us, FAKE_AIR_US);
    finish(&it);
}

static void whatever_is_lost_late_or_doubled_the_image_is_whole(void **state)
{
    static const struct fake_answer kinds[] = {{FAKE_SILENCE, 0},    {FAKE_MUTE, 0},  {FAKE_LATE, 500000},
                                               {FAKE_LATE, 3000000}, {FAKE_TWICE, 0}, {FAKE_IN_PIECES, 5},
                                               {FAKE_FORGET, 0},     {FAKE_OFF, 0}};

    (void)state;
    for (guint kind = 0; kind < G_N_ELEMENTS(kinds); kind++) {
        for (guint place = 0; place < 10; place++) {
            for (guint window = 1; window <= 3; window++) {
                struct fake_answer script[10] = {{FAKE_PROPER, 0}};
                struct uploading it;

                script[place] = kinds[kind];
                prepare(&it, script, place + 1);
                it.upload.window = window;
                assert_int_equal(run(&it), RIG_UPDATE_DONE);
                assert_image_is_whole(&it);
                finish(&it);
            }
        }
    }
}

static void a_doubled_answer_is_no_mismatch_and_nothing_is_sent_again(void **state)
{
    static const struct fake_answer script[] = {{FAKE_PROPER, 0}, {FAKE_TWICE, 0}, {FAKE_TWICE, 0}};
    struct uploading it;

    (void)state;
    prepare(&it, script, 3);
    it.upload.window = 3;
    assert_int_equal(run(&it), RIG_UPDATE_DONE);
    assert_int_equal(it.report.n_mismatches, 0);
    assert_int_equal(it.report.n_resent, 0);
    assert_int_equal(it.fake->requests->len, 10);
    finish(&it);
}

static void an_offset_back_at_zero_brings_the_complete_first_chunk_again(void **state)
{
    static const struct fake_answer script[] = {
        {FAKE_PROPER, 0}, {FAKE_PROPER, 0}, {FAKE_PROPER, 0}, {FAKE_FORGET, 0}};
    struct uploading it;

    (void)state;
    prepare(&it, script, 4);
    assert_int_equal(run(&it), RIG_UPDATE_DONE);
    assert_image_is_whole(&it);
    assert_int_equal(fake_request(it.fake, 4)->off, 0);
    assert_true(fake_request(it.fake, 4)->has_len);
    assert_true(fake_request(it.fake, 4)->has_sha);
    assert_int_equal(it.report.n_mismatches, 1);
    finish(&it);
}

static void an_upload_that_the_server_remembers_goes_on_there(void **state)
{
    struct uploading it;

    (void)state;
    prepare(&it, NULL, 0);
    memcpy(it.fake->image, it.image, 650);
    it.fake->offset = 650;
    assert_int_equal(run(&it), RIG_UPDATE_DONE);
    assert_image_is_whole(&it);
    assert_int_equal(it.report.begin, 650);
    assert_int_equal(fake_request(it.fake, 1)->off, 650);
    assert_int_equal(it.fake->requests->len, 5);
    finish(&it);
}

/* The link ends in the place of answer `lost`, and the server takes up what it kept, or nothing of it. */
static void lose_link(struct uploading *it, guint lost, bool forgets)
{
    struct fake_answer script[12] = {{FAKE_PROPER, 0}};

    script[lost] = (struct fake_answer){FAKE_LINK_LOST, 0};
    if (forgets)
        script[lost + 1] = (struct fake_answer){FAKE_FORGET, 0};
    prepare(it, script, lost + 2);
    it->upload.resume = true;
    assert_int_equal(run(it), RIG_UPDATE_DONE);
    assert_image_is_whole(it);
    assert_int_equal(it->report.n_reconnects, 1);
}

static void a_server_that_goes_on_behind_what_it_acknowledged_has_forgotten_nothing(void **state)
{
    struct uploading it;

    (void)state;
    lose_link(&it, 4, false);
    assert_int_equal(it.report.begin, 400);
    assert_int_equal(it.report.acknowledged + it.report.went_on_at, 0);
    finish(&it);
}

static void a_server_that_goes_on_before_what_it_acknowledged_is_told_apart(void **state)
{
    struct uploading it;

    (void)state;
    lose_link(&it, 4, true);
    assert_int_equal(it.report.acknowledged, 400);
    assert_int_equal(it.report.went_on_at, 0);
    finish(&it);
}

static void a_server_that_may_have_had_the_last_chunk_may_begin_anew(void **state)
{
    struct uploading it;

    (void)state;
    lose_link(&it, 9, true);
    assert_int_equal(it.report.acknowledged, 0);
    finish(&it);
}

struct gate {
    guint n_seen, n_sent;
    guint shut_at; /* the packet in whose place the link ends */
};

static bool gate_passes(void *user, const struct rig_update_packet *packet)
{
    struct gate *gate = user;

    assert_non_null(packet->bytes);
    assert_true(packet->n_bytes > 0);
    gate->n_sent += packet->sent;
    return gate->n_seen++ != gate->shut_at;
}

static void a_gate_sees_every_packet_and_ends_the_link_in_the_place_of_any(void **state)
{
    (void)state;
    for (guint at = 0; at < 20; at++) {
        struct gate gate = {.shut_at = at};
        struct uploading it;

        prepare(&it, NULL, 0);
        it.client->update.gate = (struct rig_update_gate){.passes = gate_passes, .user = &gate};
        it.upload.resume = true;
        assert_int_equal(run(&it), RIG_UPDATE_DONE);
        assert_image_is_whole(&it);
        assert_int_equal(it.report.n_reconnects, 1);
        assert_int_equal(it.fake->n_connects, 1);
        assert_true(gate.n_seen >= 21 && gate.n_sent >= 11);
        finish(&it);
    }
}

/* One answer ends the upload at once, with this result. */
static void expect_end(struct fake_answer answer, enum rig_update_result_kind kind, const char *text)
{
    const struct fake_answer script[] = {{FAKE_PROPER, 0}, {FAKE_PROPER, 0}, answer};
    struct uploading it;

    prepare(&it, script, 3);
    assert_int_equal(run(&it), kind);
    assert_int_equal(it.fake->requests->len, 3);
    if (text)
        assert_string_equal(it.result.text, text);
    if (kind == RIG_UPDATE_REFUSED)
        assert_int_equal(it.result.code, answer.n);
    finish(&it);
}

static void an_answer_that_breaks_the_protocol_ends_the_upload(void **state)
{
    (void)state;
    expect_end((struct fake_answer){FAKE_OFF, FAKE_IMAGE_BYTES + 1}, RIG_UPDATE_MALFORMED,
               "the board wants an offset beyond the image");
    expect_end((struct fake_answer){FAKE_OFF, G_MAXUINT64}, RIG_UPDATE_MALFORMED,
               "the board wants an offset beyond the image");
    expect_end((struct fake_answer){FAKE_NO_OFF, 0}, RIG_UPDATE_MALFORMED, "'off' is missing");
    expect_end((struct fake_answer){FAKE_GARBAGE, 0}, RIG_UPDATE_MALFORMED, NULL);
}

static void half_an_answer_ends_the_upload_once_the_link_proves_alive(void **state)
{
    static const struct fake_answer script[] = {{FAKE_PROPER, 0}, {FAKE_BEGINNING, 9}};
    struct uploading it;

    (void)state;
    prepare(&it, script, 2);
    assert_int_equal(run(&it), RIG_UPDATE_MALFORMED);
    assert_non_null(strstr(it.result.text, "only the first 9 of"));
    finish(&it);
    prepare(&it, script, 2);
    it.client->update.corrupted = true;
    assert_int_equal(run(&it), RIG_UPDATE_DONE);
    assert_image_is_whole(&it);
    finish(&it);
}

static void what_answers_no_request_is_no_cause_of_a_later_silence(void **state)
{
    static const guint8 nonsense[] = {0xff, 0xff, 0x00, 0x01, 0xff, 0xff, 0xff, 0xff, 0xa0};
    static const struct fake_answer script[] = {{FAKE_PROPER, 0}, {FAKE_PROPER, 0}, {FAKE_SILENCE, 0}};
    struct uploading it;

    (void)state;
    prepare(&it, script, 3);
    fake_post(it.fake, nonsense, sizeof nonsense);
    assert_int_equal(run(&it), RIG_UPDATE_DONE);
    assert_image_is_whole(&it);
    finish(&it);
}

static void a_message_is_no_longer_than_a_datagram(void **state)
{
    struct uploading it;

    (void)state;
    prepare(&it, NULL, 0);
    it.fake->link.datagrams = true;
    it.fake->mtu = 103;
    it.upload.chunk_bytes = 300;
    it.upload.first_chunk_bytes = 32;
    assert_int_equal(run(&it), RIG_UPDATE_DONE);
    assert_image_is_whole(&it);
    assert_in_range(it.fake->longest_write, 90, 100);
    assert_int_equal(it.fake->n_writes, it.fake->requests->len);
    finish(&it);
}

static void an_error_ends_the_upload_with_its_code(void **state)
{
    (void)state;
    expect_end((struct fake_answer){FAKE_RC, 10}, RIG_UPDATE_REFUSED, NULL);
    expect_end((struct fake_answer){FAKE_GROUP_RC, 31}, RIG_UPDATE_REFUSED,
               "image group: the data overruns the declared size (31)");
}

static void an_offset_that_never_moves_is_given_up(void **state)
{
    struct fake_answer script[200];
    struct uploading it;

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(script); i++)
        script[i] = (struct fake_answer){i < 2 ? FAKE_PROPER : FAKE_OFF, 200};
    prepare(&it, script, G_N_ELEMENTS(script));
    assert_int_equal(run(&it), RIG_UPDATE_NO_PROGRESS);
    assert_in_range(it.fake->requests->len, 10, 60);
    assert_int_equal(it.report.offset, 200);
    finish(&it);
}

static void silence_is_given_up_after_as_many_failures_as_allowed(void **state)
{
    static const struct {
        guint allowed, requests;
    } rows[] = {{0, 5}, {1, 1}, {3, 3}};
    struct fake_answer script[20];

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(script); i++)
        script[i] = (struct fake_answer){FAKE_SILENCE, 0};
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct uploading it;

        prepare(&it, script, G_N_ELEMENTS(script));
        it.upload.max_failures = rows[i].allowed;
        assert_int_equal(run(&it), RIG_UPDATE_NO_ANSWER);
        assert_int_equal(it.fake->requests->len, rows[i].requests);
        finish(&it);
    }
}

static void progress_between_silences_pays_them_off(void **state)
{
    struct fake_answer script[18];
    struct uploading it;

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(script); i++)
        script[i] = (struct fake_answer){i % 2 ? FAKE_PROPER : FAKE_SILENCE, 0};
    prepare(&it, script, G_N_ELEMENTS(script));
    it.upload.max_failures = 2;
    assert_int_equal(run(&it), RIG_UPDATE_DONE);
    assert_image_is_whole(&it);
    finish(&it);
}

static void the_first_chunk_is_given_time_to_erase_the_slot(void **state)
{
    static const struct fake_answer script[] = {{FAKE_LATE, 30000000}};
    struct uploading it;

    (void)state;
    prepare(&it, script, 1);
    it.upload.max_failures = 1;
    assert_int_equal(run(&it), RIG_UPDATE_DONE);
    assert_int_equal(it.fake->requests->len, 10);
    finish(&it);
}

static void the_deadline_of_the_whole_upload_holds(void **state)
{
    static const struct fake_answer script[] = {{FAKE_PROPER, 0}, {FAKE_SILENCE, 0}};
    struct uploading it;

    (void)state;
    prepare(&it, script, 2);
    it.upload.until_us = 1000000;
    assert_int_equal(run(&it), RIG_UPDATE_NO_ANSWER);
    assert_int_equal(it.fake->now_us, 1000000);
    finish(&it);
}

static void it_leaves_off_where_it_is_told(void **state)
{
    struct uploading it;

    (void)state;
    prepare(&it, NULL, 0);
    it.upload.stop_at_byte = 301;
    assert_int_equal(run(&it), RIG_UPDATE_STOPPED);
    assert_int_equal(it.report.offset, 400);
    assert_int_equal(it.fake->offset, 400);
    finish(&it);
}

static void a_lost_link_ends_the_upload_unless_it_may_resume(void **state)
{
    static const struct fake_answer script[] = {
        {FAKE_PROPER, 0}, {FAKE_PROPER, 0}, {FAKE_PROPER, 0}, {FAKE_LINK_LOST, 0}};
    struct uploading it;

    (void)state;
    prepare(&it, script, 4);
    assert_int_equal(run(&it), RIG_UPDATE_LINK);
    assert_int_equal(it.fake->n_connects, 0);
    finish(&it);
    prepare(&it, script, 4);
    it.upload.resume = true;
    assert_int_equal(run(&it), RIG_UPDATE_DONE);
    assert_image_is_whole(&it);
    assert_int_equal(it.report.n_reconnects, 1);
    assert_int_equal(it.report.begin, 300);
    assert_int_equal(fake_request(it.fake, 4)->off,
                     0); /* the sha tells the server that it is the same file */
    assert_true(fake_request(it.fake, 4)->has_sha);
    assert_int_equal(fake_request(it.fake, 5)->off, 300);
    finish(&it);
}

static void a_board_that_is_gone_or_drops_every_link_is_given_up(void **state)
{
    struct fake_answer script[100];
    struct uploading it;

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(script); i++)
        script[i] = (struct fake_answer){FAKE_LINK_LOST, 0};
    prepare(&it, script, G_N_ELEMENTS(script));
    it.upload.resume = true;
    it.fake->n_connects_allowed = 0;
    assert_int_equal(run(&it), RIG_UPDATE_LINK);
    assert_int_equal(it.fake->n_connects, 1);
    finish(&it);
    prepare(&it, script, G_N_ELEMENTS(script));
    it.upload.resume = true;
    assert_int_equal(run(&it), RIG_UPDATE_LINK);
    assert_in_range(it.fake->n_connects, 2, 50);
    finish(&it);
}

static void a_packet_too_small_for_one_byte_fails_before_anything_is_sent(void **state)
{
    struct uploading it;

    (void)state;
    prepare(&it, NULL, 0);
    it.fake->mtu = 23;
    it.client->buf_size = it.client->buf_count = 0;
    assert_int_equal(run(&it), RIG_UPDATE_NO_PROGRESS);
    assert_int_equal(it.fake->n_writes, 0);
    finish(&it);
}

static void a_small_att_mtu_is_no_matter_where_the_board_joins_writes(void **state)
{
    struct uploading it;

    (void)state;
    prepare(&it, NULL, 0);
    it.fake->mtu = 23;
    assert_int_equal(run(&it), RIG_UPDATE_DONE);
    assert_image_is_whole(&it);
    assert_int_equal(it.fake->longest_write, 20);
    finish(&it);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_upload_sends_each_byte_once_in_order),
        cmocka_unit_test(chunks_fill_what_one_write_carries_when_no_size_is_asked_for),
        cmocka_unit_test(the_first_chunk_may_have_a_size_of_its_own),
        cmocka_unit_test(the_window_is_what_is_asked_for_and_what_the_board_can_hold),
        cmocka_unit_test(nothing_follows_the_first_chunk_before_its_answer),
        cmocka_unit_test(whatever_is_lost_late_or_doubled_the_image_is_whole),
        cmocka_unit_test(a_doubled_answer_is_no_mismatch_and_nothing_is_sent_again),
        cmocka_unit_test(an_offset_back_at_zero_brings_the_complete_first_chunk_again),
        cmocka_unit_test(an_upload_that_the_server_remembers_goes_on_there),
        cmocka_unit_test(a_server_that_goes_on_behind_what_it_acknowledged_has_forgotten_nothing),
        cmocka_unit_test(a_server_that_goes_on_before_what_it_acknowledged_is_told_apart),
        cmocka_unit_test(a_server_that_may_have_had_the_last_chunk_may_begin_anew),
        cmocka_unit_test(a_gate_sees_every_packet_and_ends_the_link_in_the_place_of_any),
        cmocka_unit_test(an_answer_that_breaks_the_protocol_ends_the_upload),
        cmocka_unit_test(half_an_answer_ends_the_upload_once_the_link_proves_alive),
        cmocka_unit_test(what_answers_no_request_is_no_cause_of_a_later_silence),
        cmocka_unit_test(a_message_is_no_longer_than_a_datagram),
        cmocka_unit_test(an_error_ends_the_upload_with_its_code),
        cmocka_unit_test(an_offset_that_never_moves_is_given_up),
        cmocka_unit_test(silence_is_given_up_after_as_many_failures_as_allowed),
        cmocka_unit_test(progress_between_silences_pays_them_off),
        cmocka_unit_test(the_first_chunk_is_given_time_to_erase_the_slot),
        cmocka_unit_test(the_deadline_of_the_whole_upload_holds),
        cmocka_unit_test(it_leaves_off_where_it_is_told),
        cmocka_unit_test(a_lost_link_ends_the_upload_unless_it_may_resume),
        cmocka_unit_test(a_board_that_is_gone_or_drops_every_link_is_given_up),
        cmocka_unit_test(a_packet_too_small_for_one_byte_fails_before_anything_is_sent),
        cmocka_unit_test(a_small_att_mtu_is_no_matter_where_the_board_joins_writes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
