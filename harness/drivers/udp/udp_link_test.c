/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SMP over UDP against a scripted server: one datagram is one message, in both directions. */
#include "drivers/udp/udp_link.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <glib-unix.h>

#include "drivers/board/clock_board.h"
#include "drivers/update/smp/smp_client.h"
#include "tests/link_support.h"

/* How the server sends the answer to an echo: cut behind so many bytes (0: whole), with so many bytes behind.
 */
struct script {
    gsize cut, behind;
    bool garbage; /* instead of an answer */
};

struct stand {
    struct rig_board *board;
    struct rig_link_place place;
    struct rig_link *link;
    struct rig_smp_client *client;
    int server;
    GSource *source;
    struct script script;
    guint n_datagrams;
    gsize longest;
};

static void answer(const struct stand *stand, const guint8 *request, gsize n_bytes,
                   const struct sockaddr_in *peer)
{
    guint8 bytes[2048];
    const struct script *script = &stand->script;
    gsize n_first = script->cut ? script->cut : n_bytes + script->behind;

    memcpy(bytes, request, n_bytes);
    memset(bytes + n_bytes, 0, script->behind);
    bytes[0]++;
    bytes[10] = 'r'; /* after header, map head, text head */
    if (script->garbage)
        memset(bytes, 0xee, n_bytes);
    assert_true(sendto(stand->server, bytes, n_first, 0, (const struct sockaddr *)peer, sizeof *peer) >= 0);
    if (script->cut)
        assert_true(sendto(stand->server, bytes + script->cut, n_bytes - script->cut, 0,
                           (const struct sockaddr *)peer, sizeof *peer) >= 0);
}

static gboolean on_request(gint fd, GIOCondition condition, gpointer user)
{
    struct stand *stand = user;
    guint8 bytes[2048];
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    gssize n = recvfrom(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&peer, &length);

    (void)condition;
    assert_true(n > 10);
    stand->n_datagrams++;
    stand->longest = MAX(stand->longest, (gsize)n);
    answer(stand, bytes, (gsize)n, &peer);
    return G_SOURCE_CONTINUE;
}

static int open_stand(void **state)
{
    struct stand *stand = g_new0(struct stand, 1);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;

    stand->server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(stand->server, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(stand->server, (struct sockaddr *)&address, &length), 0);
    stand->board = rig_clock_board_new();
    stand->place =
        (struct rig_link_place){.kind = "udp", .host = "127.0.0.1", .port = ntohs(address.sin_port)};
    stand->link = stand->board->link = rig_udp_link_new(&stand->place, stand->board);
    stand->source = g_unix_fd_source_new(stand->server, G_IO_IN);
    g_source_set_callback(stand->source, G_SOURCE_FUNC(on_request), stand, NULL);
    g_source_attach(stand->source, stand->board->events);
    stand->client =
        rig_smp_client_of(rig_update_new(&(const struct rig_update_setting){.board = stand->board}));
    *state = stand;
    return 0;
}

static int close_stand(void **state)
{
    struct stand *stand = *state;

    rig_update_free(&stand->client->update);
    g_source_destroy(stand->source);
    g_source_unref(stand->source);
    rig_link_free(stand->link);
    stand->board->ops->free(stand->board);
    close(stand->server);
    g_free(stand);
    return 0;
}

static guint64 soon_us(const struct stand *stand, guint64 us)
{
    return stand->board->ops->now_us(stand->board) + us;
}

static enum rig_link_outcome attach(struct stand *stand, guint64 within_us)
{
    struct rig_link_connect how = {.until_us = soon_us(stand, within_us)};
    enum rig_link_outcome outcome;

    assert_true(connect_and_subscribe(stand->link, &how, &outcome, NULL));
    return outcome;
}

static struct rig_update_result echo(struct stand *stand, gsize n_text)
{
    g_autofree char *text = g_strnfill(n_text, 'x');
    struct rig_update_result result;
    guint8 request[RIG_SMP_MAX_MESSAGE_BYTES];
    gsize n_bytes = rig_smp_encode_echo(rig_smp_next_id(stand->client), text, request, sizeof request);

    assert_true(
        rig_smp_exchange(stand->client, request, n_bytes, soon_us(stand, 2000000), NULL, &result, NULL));
    return result;
}

static void a_datagram_is_an_answer_and_nothing_is_joined_to_it(void **state)
{
    static const struct {
        struct script script;
        const char *text; /* NULL: all is well */
    } rows[] = {
        {{0, 0, false}, NULL},
        {{12, 0, false}, "its header says 9 bytes of body, 4 came"},
        {{5, 0, false}, "5 bytes, shorter than an SMP header"},
        {{0, 3, false}, "its header says 9 bytes of body, 12 came"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct stand *stand = *state;
        struct rig_update_result result;

        stand->script = (struct script){0};
        assert_int_equal(attach(stand, 2000000), RIG_LINK_OK);
        stand->script = rows[i].script;
        result = echo(stand, 5);
        assert_int_equal(result.kind, rows[i].text ? RIG_UPDATE_MALFORMED : RIG_UPDATE_DONE);
        if (rows[i].text)
            assert_string_equal(result.text, rows[i].text);
        stand->link->ops->close(stand->link);
    }
}

static void an_empty_datagram_is_an_answer_of_no_bytes(void **state)
{
    struct stand *stand = *state;
    struct rig_update_result result;

    assert_int_equal(attach(stand, 2000000), RIG_LINK_OK);
    stand->script.cut = 17; /* the first one is whole, the second one empty */
    assert_int_equal(echo(stand, 5).kind, RIG_UPDATE_DONE);
    stand->script.cut = 0;
    result = echo(stand, 5);
    assert_int_equal(result.kind, RIG_UPDATE_MALFORMED);
    assert_string_equal(result.text, "0 bytes, shorter than an SMP header");
}

static void a_request_leaves_in_one_datagram_or_not_at_all(void **state)
{
    struct stand *stand = *state;
    struct rig_update_result result;

    assert_int_equal(attach(stand, 2000000), RIG_LINK_OK);
    stand->n_datagrams = 0;
    assert_int_equal(echo(stand, 1000).kind, RIG_UPDATE_DONE);
    assert_int_equal(stand->n_datagrams, 1);
    assert_int_equal(stand->longest, 1014);
    result = echo(stand, 1100);
    assert_int_equal(result.kind, RIG_UPDATE_LINK);
    assert_int_equal(result.link, RIG_LINK_TOO_LONG);
    assert_int_equal(stand->n_datagrams, 1);
}

static void what_answers_garbage_is_not_there(void **state)
{
    struct stand *stand = *state;
    struct rig_link_state link;

    stand->script.garbage = true;
    assert_int_equal(attach(stand, 50000), RIG_LINK_NOT_FOUND);
    stand->link->ops->state(stand->link, &link);
    assert_non_null(strstr(link.text, "breaks the protocol: op 6 does not answer op 2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_datagram_is_an_answer_and_nothing_is_joined_to_it, open_stand,
                                        close_stand),
        cmocka_unit_test_setup_teardown(an_empty_datagram_is_an_answer_of_no_bytes, open_stand, close_stand),
        cmocka_unit_test_setup_teardown(a_request_leaves_in_one_datagram_or_not_at_all, open_stand,
                                        close_stand),
        cmocka_unit_test_setup_teardown(what_answers_garbage_is_not_there, open_stand, close_stand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
