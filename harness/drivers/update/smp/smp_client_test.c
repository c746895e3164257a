/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Single requests against a scripted link: time-outs, late and broken answers, cutting and joining, link
 * faults on record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/update/smp/smp_fake.h"

struct scene {
    struct fake *fake;
    struct rig_faults *faults;
    struct rig_smp_client *client;
    GString *trace; /* "sent+fault;..." of what was not plain */
};

static void on_trace(void *user, const struct rig_update_message *message)
{
    if (message->fault)
        g_string_append_printf(user, "%s %s;", message->sent ? "tx" : "rx", message->fault);
}

static struct scene open_scene(const struct fake_answer *script, guint n_script)
{
    struct scene scene = {
        .fake = fake_new(script, n_script), .faults = rig_faults_new(1), .trace = g_string_new(NULL)};

    return scene;
}

static void start(struct scene *scene)
{
    const struct rig_update_setting setting = {
        .board = &scene->fake->board, .faults = scene->faults, .trace = on_trace, .user = scene->trace};

    scene->client = rig_smp_client_of(rig_update_new(&setting));
}

static void close_scene(struct scene *scene)
{
    rig_update_free(&scene->client->update);
    rig_faults_free(scene->faults);
    fake_free(scene->fake);
    g_string_free(scene->trace, TRUE);
}

static struct rig_update_result echo(struct scene *scene, const char *text, struct rig_smp_response *response)
{
    struct rig_update_result result;
    guint8 request[512];
    gsize n_bytes = rig_smp_encode_echo(rig_smp_next_id(scene->client), text, request, sizeof request);

    assert_true(rig_smp_exchange(scene->client, request, n_bytes, scene->fake->now_us + 1000000, response,
                                 &result, NULL));
    return result;
}

static void an_answer_is_matched_to_its_request(void **state)
{
    struct scene scene = open_scene(NULL, 0);
    struct rig_smp_response response = {0};

    (void)state;
    start(&scene);
    assert_int_equal(echo(&scene, "hello", &response).kind, RIG_UPDATE_DONE);
    assert_string_equal(response.echo, "hello");
    close_scene(&scene);
}

static void silence_ends_at_the_deadline(void **state)
{
    static const struct fake_answer script[] = {{FAKE_SILENCE, 0}};
    struct scene scene = open_scene(script, 1);
    struct rig_update_result result;

    (void)state;
    start(&scene);
    result = echo(&scene, "hello", NULL);
    assert_int_equal(result.kind, RIG_UPDATE_NO_ANSWER);
    assert_string_equal(result.text, "no answer");
    assert_int_equal(scene.fake->now_us, 1000000);
    close_scene(&scene);
}

static void a_late_answer_is_not_taken_for_the_next_one(void **state)
{
    static const struct fake_answer script[] = {{FAKE_LATE, 1500000}};
    struct scene scene = open_scene(script, 1);
    struct rig_smp_response response = {0};

    (void)state;
    start(&scene);
    assert_int_equal(echo(&scene, "first", NULL).kind, RIG_UPDATE_NO_ANSWER);
    scene.fake->now_us = 1600000;
    assert_int_equal(echo(&scene, "second", &response).kind, RIG_UPDATE_DONE);
    assert_string_equal(response.echo, "second");
    assert_string_equal(scene.trace->str, "rx passed over: late, nobody waits for it any more;");
    close_scene(&scene);
}

static void a_body_that_is_no_cbor_is_a_malformed_answer(void **state)
{
    static const struct fake_answer script[] = {{FAKE_GARBAGE, 0}};
    struct scene scene = open_scene(script, 1);

    (void)state;
    start(&scene);
    assert_int_equal(echo(&scene, "hello", NULL).kind, RIG_UPDATE_MALFORMED);
    close_scene(&scene);
}

static void an_error_is_a_refusal_with_its_code(void **state)
{
    static const struct fake_answer script[] = {{FAKE_RC, 8}};
    struct scene scene = open_scene(script, 1);
    struct rig_update_result result;

    (void)state;
    start(&scene);
    result = echo(&scene, "hello", NULL);
    assert_int_equal(result.kind, RIG_UPDATE_REFUSED);
    assert_int_equal(result.code, 8);
    close_scene(&scene);
}

static void notifications_of_any_length_are_joined(void **state)
{
    static const struct fake_answer script[] = {
        {FAKE_IN_PIECES, 1}, {FAKE_IN_PIECES, 3}, {FAKE_IN_PIECES, 20}};
    struct scene scene = open_scene(script, 3);

    (void)state;
    start(&scene);
    for (guint i = 0; i < 3; i++) {
        struct rig_smp_response response = {0};

        assert_int_equal(echo(&scene, "a text of forty characters, or about it", &response).kind,
                         RIG_UPDATE_DONE);
        assert_string_equal(response.echo, "a text of forty characters, or about it");
    }
    close_scene(&scene);
}

static void half_an_answer_is_told_and_does_not_corrupt_the_next(void **state)
{
    static const struct fake_answer script[] = {{FAKE_BEGINNING, 10}};
    struct scene scene = open_scene(script, 1);
    struct rig_update_result result;

    (void)state;
    start(&scene);
    result = echo(&scene, "hello", NULL);
    assert_int_equal(result.kind, RIG_UPDATE_MALFORMED);
    assert_string_equal(result.text, "only the first 10 of 18 bytes of an answer came");
    assert_int_equal(echo(&scene, "again", NULL).kind, RIG_UPDATE_DONE);
    close_scene(&scene);
}

static void half_an_answer_is_silence_where_packets_are_corrupted_on_purpose(void **state)
{
    static const struct fake_answer script[] = {{FAKE_BEGINNING, 10}};
    struct scene scene = open_scene(script, 1);
    struct rig_update_result result;

    (void)state;
    start(&scene);
    scene.client->update.corrupted = true;
    result = echo(&scene, "hello", NULL);
    assert_int_equal(result.kind, RIG_UPDATE_NO_ANSWER);
    assert_string_equal(result.text, "only the first 10 of 18 bytes of an answer came");
    close_scene(&scene);
}

static void what_answers_no_request_is_told_where_the_answer_does_not_come(void **state)
{
    static const guint8 nonsense[] = {0xff, 0xff, 0x00, 0x01, 0xff, 0xff, 0xff, 0xff, 0xa0};
    static const struct fake_answer script[] = {{FAKE_PROPER, 0}, {FAKE_SILENCE, 0}, {FAKE_SILENCE, 0}};
    struct scene scene = open_scene(script, 3);
    struct rig_update_result result;

    (void)state;
    start(&scene);
    fake_post(scene.fake, nonsense, sizeof nonsense);
    assert_int_equal(echo(&scene, "hello", NULL).kind, RIG_UPDATE_DONE);
    fake_post(scene.fake, nonsense, sizeof nonsense);
    result = echo(&scene, "again", NULL);
    assert_int_equal(result.kind, RIG_UPDATE_MALFORMED);
    assert_string_equal(result.text,
                        "what came answers no request: op 7, group 65535, command 255, sequence 255");
    result = echo(&scene, "and again", NULL);
    assert_int_equal(result.kind, RIG_UPDATE_NO_ANSWER); /* nothing came since */
    assert_string_equal(scene.trace->str,
                        "rx passed over: it answers no request;rx passed over: it answers no request;");
    close_scene(&scene);
}

static void a_request_that_left_corrupted_is_answered_as_it_left(void **state)
{
    struct rig_fault fault = {
        .kind = RIG_FAULT_CORRUPT, .choice = RIG_FAULT_AT_MESSAGE, .n_times = 1, .at = 12};
    struct scene scene = open_scene(NULL, 0);

    (void)state;
    start(&scene);
    rig_faults_push(scene.faults, &fault);
    assert_int_equal(echo(&scene, "hello", NULL).kind,
                     RIG_UPDATE_DONE); /* an echo of what the board was sent */
    close_scene(&scene);
}

static void a_lost_link_is_told_in_the_words_of_the_stack(void **state)
{
    static const struct fake_answer script[] = {{FAKE_LINK_LOST, 0}};
    struct scene scene = open_scene(script, 1);

    (void)state;
    start(&scene);
    for (guint i = 0; i < 2; i++) { /* while waiting, then before sending */
        struct rig_update_result result = echo(&scene, "hello", NULL);

        assert_int_equal(result.kind, RIG_UPDATE_LINK);
        assert_int_equal(result.link, RIG_LINK_LOST);
        assert_string_equal(result.text, "gone (HCI 0x08)");
    }
    assert_int_equal(scene.fake->requests->len, 1);
    close_scene(&scene);
}

static void a_long_request_is_cut_to_what_one_write_carries(void **state)
{
    struct scene scene = open_scene(NULL, 0);
    char text[101];

    (void)state;
    start(&scene);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    scene.fake->mtu = 23;
    assert_int_equal(echo(&scene, text, NULL).kind, RIG_UPDATE_DONE);
    assert_int_equal(scene.fake->longest_write, 20);
    assert_int_equal(scene.fake->n_writes, 6); /* 8 + 1 + 2 + 2 + 100 bytes */
    close_scene(&scene);
}

static void parameters_are_learned_and_forgotten_with_an_old_server(void **state)
{
    static const struct fake_answer script[] = {{FAKE_PROPER, 0}, {FAKE_RC, 8}};
    struct scene scene = open_scene(script, 2);
    struct rig_update_result result;

    (void)state;
    start(&scene);
    assert_true(rig_smp_learn_parameters(scene.client, 1000000, &result, NULL));
    assert_int_equal(scene.client->buf_size, 384);
    assert_int_equal(scene.client->buf_count, 4);
    assert_true(rig_smp_learn_parameters(scene.client, 1000000, &result, NULL));
    assert_int_equal(result.kind, RIG_UPDATE_REFUSED);
    assert_int_equal(scene.client->buf_size, 0);
    assert_int_equal(scene.client->buf_count, 0);
    close_scene(&scene);
}

static void sequence_numbers_wrap_from_255_to_0(void **state)
{
    struct scene scene = open_scene(NULL, 0);

    (void)state;
    start(&scene);
    scene.client->sequence = 255;
    for (guint i = 0; i < 2; i++)
        assert_int_equal(echo(&scene, "hello", NULL).kind, RIG_UPDATE_DONE);
    assert_int_equal(((const guint8 *)g_bytes_get_data(fake_request(scene.fake, 0)->message, NULL))[6], 255);
    assert_int_equal(((const guint8 *)g_bytes_get_data(fake_request(scene.fake, 1)->message, NULL))[6], 0);
    close_scene(&scene);
}

/* One fault at the first request; what the server got of two echoes, and what the trace says. */
static void with_fault(struct scene *scene, enum rig_fault_kind kind, struct rig_update_result results[2])
{
    struct rig_fault fault = {
        .kind = kind, .choice = RIG_FAULT_AT_MESSAGE, .n_times = 1, .at = 9, .delay_us = 300000};

    start(scene);
    rig_faults_push(scene->faults, &fault);
    results[0] = echo(scene, "first", NULL);
    results[1] = echo(scene, "second", NULL);
    assert_int_equal(rig_faults_pop(scene->faults, 1), 1);
}

static void each_fault_does_what_its_name_says(void **state)
{
    static const struct {
        enum rig_fault_kind kind;
        enum rig_update_result_kind first, second;
        guint n_requests;
        const char *trace;
    } rows[] = {
        {RIG_FAULT_DROP, RIG_UPDATE_NO_ANSWER, RIG_UPDATE_DONE, 1, "tx dropped;"},
        {RIG_FAULT_DROP_RESPONSE, RIG_UPDATE_NO_ANSWER, RIG_UPDATE_DONE, 2, "rx dropped;"},
        {RIG_FAULT_DUPLICATE, RIG_UPDATE_DONE, RIG_UPDATE_DONE, 3,
         "tx duplicated;rx passed over: its request was answered before;"},
        {RIG_FAULT_DUPLICATE_RESPONSE, RIG_UPDATE_DONE, RIG_UPDATE_DONE, 2,
         "rx passed over: its request was answered before;"},
        {RIG_FAULT_DELAY, RIG_UPDATE_DONE, RIG_UPDATE_DONE, 2, "tx delayed;tx sent late;"},
        {RIG_FAULT_REORDER, RIG_UPDATE_DONE, RIG_UPDATE_DONE, 2, "tx held back;tx sent late;"},
        {RIG_FAULT_STOP_NOTIFICATIONS, RIG_UPDATE_NO_ANSWER, RIG_UPDATE_NO_ANSWER, 2,
         "rx not heard: notifications stopped;rx not heard: notifications stopped;"},
        {RIG_FAULT_DISCONNECT, RIG_UPDATE_LINK, RIG_UPDATE_LINK, 0, "tx not sent: link dropped;"},
    };

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct scene scene = open_scene(NULL, 0);
        struct rig_update_result results[2];

        with_fault(&scene, rows[i].kind, results);
        assert_int_equal(results[0].kind, rows[i].first);
        assert_int_equal(results[1].kind, rows[i].second);
        assert_int_equal(scene.fake->requests->len, rows[i].n_requests);
        assert_string_equal(scene.trace->str, rows[i].trace);
        close_scene(&scene);
    }
}

static void a_delayed_request_leaves_at_its_time(void **state)
{
    struct scene scene = open_scene(NULL, 0);
    struct rig_update_result results[2];

    (void)state;
    with_fault(&scene, RIG_FAULT_DELAY, results);
    assert_int_equal(fake_request(scene.fake, 0)->at_us, 300000);
    close_scene(&scene);
}

static void corrupt_flips_one_bit_of_the_chosen_byte(void **state)
{
    struct scene scene = open_scene(NULL, 0);
    struct rig_update_result results[2];
    guint8 plain[64];
    gsize n_plain = rig_smp_encode_echo((struct rig_smp_request_id){.version = 1, .sequence = 0}, "first",
                                        plain, sizeof plain);

    (void)state;
    with_fault(&scene, RIG_FAULT_CORRUPT, results);
    assert_int_equal(g_bytes_get_size(fake_request(scene.fake, 0)->message), n_plain);
    plain[9] ^= 0x10;
    assert_memory_equal(g_bytes_get_data(fake_request(scene.fake, 0)->message, NULL), plain, n_plain);
    assert_string_equal(scene.trace->str, "tx one bit flipped;");
    close_scene(&scene);
}

static void truncate_lets_only_the_beginning_leave(void **state)
{
    struct scene scene = open_scene(NULL, 0);
    struct rig_update_result results[2];

    (void)state;
    with_fault(&scene, RIG_FAULT_TRUNCATE, results);
    assert_int_equal(results[0].kind, RIG_UPDATE_NO_ANSWER);
    assert_string_equal(scene.trace->str, "tx truncated;");
    close_scene(&scene);
}

static void stopped_notifications_are_heard_again_when_the_faults_end(void **state)
{
    struct scene scene = open_scene(NULL, 0);
    struct rig_update_result results[2];

    (void)state;
    with_fault(&scene, RIG_FAULT_STOP_NOTIFICATIONS, results);
    rig_update_smp.faults_ended(&scene.client->update);
    assert_int_equal(echo(&scene, "third", NULL).kind, RIG_UPDATE_DONE);
    close_scene(&scene);
}

/* What a fault kept of the old connection neither leaves nor arrives on the new one. */
static void a_new_connection_begins_without_what_was_held_or_doubled(void **state)
{
    static const struct {
        enum rig_fault_kind kind;
        guint n_requests;
        const char *trace;
    } rows[] = {
        {RIG_FAULT_DELAY, 1, "tx delayed;"},
        {RIG_FAULT_DUPLICATE_RESPONSE, 2, ""},
    };

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct rig_fault fault = {
            .kind = rows[i].kind, .choice = RIG_FAULT_AT_MESSAGE, .n_times = 1, .delay_us = 1500000};
        struct scene scene = open_scene(NULL, 0);

        start(&scene);
        rig_faults_push(scene.faults, &fault);
        echo(&scene, "first", NULL);
        rig_update_restart(&scene.client->update);
        scene.fake->now_us = 1600000;
        assert_int_equal(echo(&scene, "second", NULL).kind, RIG_UPDATE_DONE);
        assert_int_equal(scene.fake->requests->len, rows[i].n_requests);
        assert_string_equal(scene.trace->str, rows[i].trace);
        close_scene(&scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_matched_to_its_request),
        cmocka_unit_test(silence_ends_at_the_deadline),
        cmocka_unit_test(a_late_answer_is_not_taken_for_the_next_one),
        cmocka_unit_test(a_body_that_is_no_cbor_is_a_malformed_answer),
        cmocka_unit_test(an_error_is_a_refusal_with_its_code),
        cmocka_unit_test(notifications_of_any_length_are_joined),
        cmocka_unit_test(half_an_answer_is_told_and_does_not_corrupt_the_next),
        cmocka_unit_test(half_an_answer_is_silence_where_packets_are_corrupted_on_purpose),
        cmocka_unit_test(what_answers_no_request_is_told_where_the_answer_does_not_come),
        cmocka_unit_test(a_request_that_left_corrupted_is_answered_as_it_left),
        cmocka_unit_test(a_lost_link_is_told_in_the_words_of_the_stack),
        cmocka_unit_test(a_long_request_is_cut_to_what_one_write_carries),
        cmocka_unit_test(parameters_are_learned_and_forgotten_with_an_old_server),
        cmocka_unit_test(sequence_numbers_wrap_from_255_to_0),
        cmocka_unit_test(each_fault_does_what_its_name_says),
        cmocka_unit_test(a_delayed_request_leaves_at_its_time),
        cmocka_unit_test(corrupt_flips_one_bit_of_the_chosen_byte),
        cmocka_unit_test(truncate_lets_only_the_beginning_leave),
        cmocka_unit_test(stopped_notifications_are_heard_again_when_the_faults_end),
        cmocka_unit_test(a_new_connection_begins_without_what_was_held_or_doubled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
