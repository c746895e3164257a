/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Generic steps over an update protocol that is not SMP: a control point (requests, answers by indication)
 * and raw data by write commands, on a board that is nothing but its two characteristics. */
#include "steps/verbs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SERVICE "6b2b0001-6f64-4c1e-9d5e-0b6f6f747269"
#define MAX_IMAGE_BYTES 65536u
#define PACKET_BYTES 200u
#define PACKETS_AT_ONCE 4u /* then the board is asked how much it has */
#define ANSWER_US 2000000u
#define AIR_US 1000u

static const struct rig_characteristic control = {"control", SERVICE, "6b2b0002-6f64-4c1e-9d5e-0b6f6f747269"};
static const struct rig_characteristic packets = {"packets", SERVICE, "6b2b0003-6f64-4c1e-9d5e-0b6f6f747269"};

/* --- the board --- */

struct device { /* plain: a copy is a snapshot */
    guint64 now_us;
    bool connected, subscribed;
    bool has_answer;
    guint8 answer[5]; /* op, number */
    guint32 n_bytes, total;
    guint8 image[MAX_IMAGE_BYTES];
};

struct board {
    struct rig_board board;
    struct rig_link link;
    struct device device;
    bool forgets; /* defect: a connection that ends takes the progress with it */
    guint n_connects;
};

static struct board *of_board(struct rig_board *board)
{
    return (struct board *)((char *)board - G_STRUCT_OFFSET(struct board, board));
}

static struct board *of_link(struct rig_link *link)
{
    return (struct board *)((char *)link - G_STRUCT_OFFSET(struct board, link));
}

static void answer(struct device *device, guint8 op, guint32 number)
{
    const guint32 little = GUINT32_TO_LE(number);

    device->answer[0] = op;
    memcpy(device->answer + 1, &little, sizeof little);
    device->has_answer = device->subscribed;
}

static guint32 number_in(const guint8 *bytes)
{
    guint32 little;

    memcpy(&little, bytes + 1, sizeof little);
    return GUINT32_FROM_LE(little);
}

/* 'b' total: begin, or go on with a transfer of that length; 'q': how much is there; 'p': anybody there? */
static void take_request(struct device *device, const guint8 *bytes)
{
    guint32 total = number_in(bytes);

    if (bytes[0] == 'b' && total <= MAX_IMAGE_BYTES) {
        if (total != device->total || device->n_bytes == total)
            device->n_bytes = 0;
        device->total = total;
    }
    answer(device, bytes[0], total > MAX_IMAGE_BYTES ? G_MAXUINT32 : device->n_bytes);
}

static void take_data(struct device *device, const guint8 *bytes, gsize n_bytes)
{
    if (n_bytes > device->total - device->n_bytes)
        return;
    memcpy(device->image + device->n_bytes, bytes, n_bytes);
    device->n_bytes += (guint32)n_bytes;
}

static bool link_connect(struct rig_link *link, const struct rig_link_connect *how,
                         enum rig_link_outcome *outcome, GError **error)
{
    struct board *board = of_link(link);

    (void)how, (void)error;
    board->n_connects += !board->device.connected;
    board->device.connected = true;
    *outcome = RIG_LINK_OK;
    return true;
}

static bool link_disconnect(struct rig_link *link, GError **error)
{
    struct board *board = of_link(link);

    (void)error;
    board->device.connected = board->device.subscribed = board->device.has_answer = false;
    if (board->forgets)
        board->device.n_bytes = 0;
    return true;
}

static bool link_subscribe(struct rig_link *link, const struct rig_characteristic *characteristic,
                           enum rig_subscription subscription, enum rig_link_outcome *outcome, GError **error)
{
    (void)error;
    *outcome = characteristic == &control && subscription != RIG_SUBSCRIBE_NOTIFY ? RIG_LINK_OK
                                                                                  : RIG_LINK_NO_PROPERTY;
    if (*outcome == RIG_LINK_OK)
        of_link(link)->device.subscribed = subscription == RIG_SUBSCRIBE_INDICATE;
    return true;
}

static bool link_write(struct rig_link *link, const struct rig_characteristic *characteristic,
                       enum rig_write_kind kind, const guint8 *bytes, gsize n_bytes,
                       enum rig_link_outcome *outcome, GError **error)
{
    struct device *device = &of_link(link)->device;

    (void)error;
    *outcome = !device->connected                                            ? RIG_LINK_LOST
               : (characteristic == &control) != (kind == RIG_WRITE_REQUEST) ? RIG_LINK_NO_PROPERTY
                                                                             : RIG_LINK_OK;
    if (*outcome != RIG_LINK_OK)
        return true;
    if (characteristic == &control)
        take_request(device, bytes);
    else
        take_data(device, bytes, n_bytes);
    return true;
}

static bool link_receive(struct rig_link *link, guint64 until_us, struct rig_link_packet *packet,
                         enum rig_link_outcome *outcome, GError **error)
{
    struct device *device = &of_link(link)->device;

    (void)error;
    *packet = (struct rig_link_packet){0};
    *outcome = RIG_LINK_OK;
    if (device->has_answer) {
        device->now_us += AIR_US;
        device->has_answer = false;
        *packet =
            (struct rig_link_packet){g_bytes_new(device->answer, sizeof device->answer), &control, true};
        return true;
    }
    *outcome = device->connected ? RIG_LINK_TIMEOUT : RIG_LINK_LOST;
    device->now_us = device->connected ? MAX(device->now_us, until_us) : device->now_us;
    return true;
}

static void link_state(struct rig_link *link, struct rig_link_state *state)
{
    const struct device *device = &of_link(link)->device;

    *state = (struct rig_link_state){.connected = device->connected,
                                     .subscribed = device->subscribed,
                                     .mtu = device->connected ? PACKET_BYTES + 3 : 0};
    g_strlcpy(state->text, device->connected ? "connected" : "disconnected by the host", sizeof state->text);
}

static guint64 now_us(struct rig_board *board)
{
    return of_board(board)->device.now_us;
}

static bool wait_until(struct rig_board *board, guint64 until_us, bool *happened, GError **error)
{
    (void)error;
    *happened = false;
    of_board(board)->device.now_us = MAX(of_board(board)->device.now_us, until_us);
    return true;
}

static GBytes *make_payload(const struct rig_board *board, const struct rig_payload_plan *plan, gsize n_bytes,
                            GError **error)
{
    guint8 *bytes = g_malloc(n_bytes);

    (void)board, (void)plan, (void)error;
    for (gsize i = 0; i < n_bytes; i++)
        bytes[i] = (guint8)(i * 7 + i / 256);
    return g_bytes_new_take(bytes, n_bytes);
}

static struct rig_snapshot *keep(struct rig_board *board, GError **error)
{
    (void)error;
    return (struct rig_snapshot *)g_memdup2(&of_board(board)->device, sizeof(struct device));
}

static bool rewind_to(struct rig_board *board, const struct rig_snapshot *snapshot, GError **error)
{
    (void)error;
    of_board(board)->device = *(const struct device *)snapshot;
    return true;
}

static void forget(struct rig_snapshot *snapshot)
{
    g_free(snapshot);
}

static const char *const capabilities[] = {"update", "rewind", NULL};
static const struct rig_board_ops board_ops = {.now_us = now_us, .wait = wait_until};
static const struct rig_board_application application = {.make_payload = make_payload};
static const struct rig_board_snapshots snapshots = {.keep = keep, .rewind = rewind_to, .forget = forget};
static const struct rig_link_ops link_ops = {.name = "two characteristics",
                                             .connect = link_connect,
                                             .disconnect = link_disconnect,
                                             .subscribe = link_subscribe,
                                             .write = link_write,
                                             .receive = link_receive,
                                             .state = link_state};

/* --- the protocol --- */

struct client {
    struct rig_update update;
    guint n_requests;
    bool all_sent; /* on the connection before: the board may have it all, and begin anew */
};

static void trace(struct rig_update *update, bool sent, const guint8 *bytes, gsize n_bytes, const char *fault)
{
    const struct rig_update_message message = {
        .sent = sent, .bytes = bytes, .n_bytes = n_bytes, .fault = fault};

    rig_update_tell(update, &message);
}

static void set_refused(struct rig_update_result *result, guint32 code)
{
    result->kind = RIG_UPDATE_REFUSED;
    result->code = code;
    g_snprintf(result->text, sizeof result->text, "the board refuses (%u)", code);
}

static bool ask(struct rig_update *update, guint8 op, guint32 argument, guint32 *number,
                struct rig_update_result *result, GError **error)
{
    const guint32 little = GUINT32_TO_LE(argument);
    struct rig_link_packet packet = {0};
    enum rig_link_outcome outcome;
    guint8 request[5] = {op};

    memcpy(request + 1, &little, sizeof little);
    trace(update, true, request, sizeof request, NULL);
    *result = (struct rig_update_result){.text = "ok"};
    if (!rig_update_write(update, &control, RIG_WRITE_REQUEST, request, sizeof request, &outcome, error) ||
        (outcome == RIG_LINK_OK &&
         !rig_update_receive(update, rig_update_now_us(update) + ANSWER_US, &packet, &outcome, error)))
        return false;
    if (outcome != RIG_LINK_OK) {
        rig_update_set_link_result(update, outcome, result);
        return true;
    }
    assert_true(packet.from == &control && packet.indicated);
    trace(update, false, g_bytes_get_data(packet.value, NULL), g_bytes_get_size(packet.value), NULL);
    *number = number_in(g_bytes_get_data(packet.value, NULL));
    g_bytes_unref(packet.value);
    if (*number == G_MAXUINT32)
        set_refused(result, 7);
    return true;
}

static bool send_data(struct client *client, const struct rig_update_transfer *transfer, guint64 at,
                      struct rig_update_report *report, struct rig_update_result *result, GError **error)
{
    struct rig_update *update = &client->update;
    struct rig_request_tag tag = {.upload = true,
                                  .chunk = (guint)(at / PACKET_BYTES),
                                  .offset = at,
                                  .n_bytes = MIN(PACKET_BYTES, transfer->n_bytes - at),
                                  .total = transfer->n_bytes,
                                  .message = client->n_requests++};
    struct rig_faults *faults = update->setting.faults;
    enum rig_link_outcome outcome = RIG_LINK_OK;
    bool ok = true;

    report->n_chunks = MAX(report->n_chunks, tag.chunk + 1);
    if (rig_faults_strike(faults, RIG_FAULT_DISCONNECT, &tag)) {
        outcome = RIG_LINK_LOST;
        ok = update->setting.board->link->ops->disconnect(update->setting.board->link, error);
    } else if (!rig_faults_strike(faults, RIG_FAULT_DROP, &tag)) {
        ok = rig_update_write(update, &packets, RIG_WRITE_COMMAND, transfer->bytes + at, tag.n_bytes,
                              &outcome, error);
    }
    if (outcome != RIG_LINK_OK)
        rig_update_set_link_result(update, outcome, result);
    return ok;
}

/* One connection. What the board has after a few packets is the only truth about progress. */
static bool transfer_once(struct client *client, const struct rig_update_transfer *transfer,
                          struct rig_update_report *report, struct rig_update_result *result, GError **error)
{
    guint64 kept = client->all_sent ? 0 : report->offset;
    guint32 there = 0;

    if (!ask(&client->update, 'b', (guint32)transfer->n_bytes, &there, result, error))
        return false;
    report->begin = there;
    client->all_sent = false;
    if (result->kind == RIG_UPDATE_DONE && there < kept && !report->acknowledged) {
        report->acknowledged = kept;
        report->went_on_at = there;
    }
    while (result->kind == RIG_UPDATE_DONE && there < transfer->n_bytes) {
        guint64 at = there;

        for (guint i = 0; i < PACKETS_AT_ONCE && at < transfer->n_bytes && result->kind == RIG_UPDATE_DONE;
             i++) {
            if (!send_data(client, transfer, at, report, result, error))
                return false;
            at += MIN(PACKET_BYTES, transfer->n_bytes - at);
            client->all_sent |= at == transfer->n_bytes;
        }
        if (result->kind == RIG_UPDATE_DONE && !ask(&client->update, 'q', 0, &there, result, error))
            return false;
        report->offset = result->kind == RIG_UPDATE_DONE ? there : report->offset;
    }
    return true;
}

static bool transfer(struct rig_update *update, const struct rig_update_transfer *transfer,
                     struct rig_update_report *report, struct rig_update_result *result, GError **error)
{
    *report = (struct rig_update_report){0};
    ((struct client *)update)->all_sent = false;
    for (;;) {
        struct rig_link_connect how = {.until_us = transfer->until_us};
        enum rig_link_outcome outcome;

        if (!transfer_once((struct client *)update, transfer, report, result, error))
            return false;
        if (result->kind != RIG_UPDATE_LINK || !transfer->resume || report->n_reconnects++ > 5)
            return true;
        if (!rig_update_connect(update, &how, &outcome, error))
            return false;
    }
}

static bool subscribe(struct rig_update *update, bool on, enum rig_link_outcome *outcome, GError **error)
{
    struct rig_link *link = update->setting.board->link;

    return link->ops->subscribe(link, &control, on ? RIG_SUBSCRIBE_INDICATE : RIG_SUBSCRIBE_NONE, outcome,
                                error);
}

static bool ping(struct rig_update *update, struct rig_update_result *result, GError **error)
{
    guint32 ignored;

    return ask(update, 'p', 0, &ignored, result, error);
}

static bool greet(struct rig_update *update, guint64 until_us, struct rig_update_result *result,
                  GError **error)
{
    (void)until_us;
    return ping(update, result, error);
}

static struct rig_update *make(void)
{
    struct client *client = g_new0(struct client, 1);

    return &client->update;
}

static void free_client(struct rig_update *update)
{
    g_free(update);
}

static void restart(struct rig_update *update)
{
    (void)update;
}

static void faults_ended(struct rig_update *update)
{
    ((struct client *)update)->n_requests = 0;
}

static GBytes *save(const struct rig_update *update)
{
    (void)update;
    return g_bytes_new(NULL, 0);
}

static void restore(struct rig_update *update, GBytes *saved)
{
    (void)update, (void)saved;
}

static bool look(const struct rig_update_packet *begin, struct rig_update_head *head)
{
    bool data = begin->characteristic == &packets;

    *head =
        (struct rig_update_head){.chunk = data, .silent = data, .n_bytes = begin->n_bytes, .text = "request"};
    if (!data && begin->n_bytes > 0)
        head->key = begin->bytes[0];
    return begin->n_bytes > 0;
}

static void describe(const struct rig_update_message *message, char *text, gsize room)
{
    g_snprintf(text, room, "%c %u", message->bytes[0], number_in(message->bytes));
}

static const char *const protocol_capabilities[] = {NULL};
static const struct rig_characteristic *const characteristics[] = {&control, &packets, NULL};
static const struct rig_update_protocol protocol = {.name = "two-pipes",
                                                    .options = protocol_capabilities,
                                                    .capabilities = protocol_capabilities,
                                                    .characteristics = characteristics,
                                                    .make = make,
                                                    .free = free_client,
                                                    .subscribe = subscribe,
                                                    .greet = greet,
                                                    .transfer = transfer,
                                                    .ping = ping,
                                                    .restart = restart,
                                                    .faults_ended = faults_ended,
                                                    .save = save,
                                                    .restore = restore,
                                                    .look = look,
                                                    .describe = describe};

/* --- scenarios --- */

#define LOSS_IN_IT                                                                                           \
    "- with-faults: [{disconnect: {chunk: middle}}]\n"                                                       \
    "    do: [{upload: {image: new, retry: resume, resumes-at: acknowledged}}]"
#define EACH_LOSS                                                                                            \
    "- each-link-loss:\n"                                                                                    \
    "      during: [{upload: {image: new, retry: resume, resumes-at: acknowledged}}]\n"                      \
    "      then: [{connect: }, {expect-link: {connected: true}}]"

static const struct {
    const char *steps;
    bool forgets;
    enum rig_verdict verdict;
    const char *says;
    guint least_connects; /* in all */
    bool whole;           /* the board has the image in the end */
    bool huge;            /* larger than the board takes */
} rows[] = {
    {"- upload: {image: new}", false, RIG_VERDICT_PASS, NULL, 1, true, false},
    {LOSS_IN_IT, false, RIG_VERDICT_PASS, NULL, 2, true, false},
    {LOSS_IN_IT, true, RIG_VERDICT_FAIL, "upload goes on at", 2, true, false},
    {"- with-faults: [{disconnect: {chunk: middle}}]\n    do: [{upload: {image: new, expect: link-lost}}]\n"
     "  - connect:\n  - upload: {image: new, resumes-at: acknowledged}",
     false, RIG_VERDICT_PASS, NULL, 2, true, false},
    {"- with-faults: [{disconnect: {chunk: middle}}]\n    do: [{upload: {image: new}}]", false,
     RIG_VERDICT_FAIL, "expected ok, seen link-lost", 1, false, false},
    {"- with-faults: [{disconnect: {chunk: 999}}]\n    do: [{upload: {image: new}}]", false,
     RIG_VERDICT_ERROR, "never struck", 1, true, false},
    {EACH_LOSS, false, RIG_VERDICT_PASS, NULL, 60, true, false},
    {EACH_LOSS, true, RIG_VERDICT_FAIL, "after the link was lost", 2, true, false},
    {"- upload: {image: new, expect: refused, rc: 7}", false, RIG_VERDICT_PASS, NULL, 1, false, true},
    {"- disconnect:\n  - upload: {image: new, expect: link-lost}", false, RIG_VERDICT_PASS, NULL, 1, false,
     false},
    {"- upload: {image: new}\n  - smp-echo: hello", false, RIG_VERDICT_SKIP,
     "the board speaks two-pipes, not SMP", 1, true, false},
    {"- upload: {image: new}\n  - confirm:", false, RIG_VERDICT_SKIP, "activated by their transfer", 1, true,
     false},
};

static struct rig_scenario *scenario_of(guint row)
{
    g_autofree char *text = g_strdup_printf("scenario: second-protocol\n"
                                            "images:\n"
                                            "  new: {version: 2.0.0, size: %s}\n"
                                            "steps:\n"
                                            "  - connect:\n"
                                            "  %s\n",
                                            rows[row].huge ? "80KiB" : "6KiB", rows[row].steps);
    struct rig_diagnostics diagnostics;
    struct rig_scenario *scenario;

    rig_diagnostics_init(&diagnostics);
    scenario =
        rig_scenario_from_source(rig_source_from_text("second.yaml", text), rig_language(), &diagnostics);
    if (!scenario)
        fail_msg("%s", rig_diagnostics_format(&diagnostics, false));
    rig_diagnostics_clear(&diagnostics);
    return scenario;
}

static void expect_whole(struct rig_run *run, const struct board *board, bool whole)
{
    const struct rig_built_image *image = rig_run_image(run, "new");
    gsize n_bytes;
    const guint8 *bytes = g_bytes_get_data(image->file, &n_bytes);

    assert_int_equal(board->device.n_bytes == n_bytes && memcmp(board->device.image, bytes, n_bytes) == 0,
                     whole);
}

static void play(guint row)
{
    struct board *board = g_new0(struct board, 1);
    struct rig_scenario *scenario = scenario_of(row);
    g_autoptr(rig_journal) journal = rig_journal_new(NULL, NULL);
    struct rig_image_store *images = rig_image_store_new();
    const struct rig_case *the_case = g_ptr_array_index(scenario->cases, 0);
    struct rig_run run;

    board->board = (struct rig_board){.ops = &board_ops,
                                      .link = &board->link,
                                      .protocol = &protocol,
                                      .application = &application,
                                      .snapshots = &snapshots,
                                      .capabilities = capabilities};
    board->link.ops = &link_ops;
    board->forgets = rows[row].forgets;
    rig_run_init(&run, the_case, &board->board, journal, images, 1, 1.0);
    rig_run_steps(&run, the_case->steps, "steps");
    if (run.trouble.verdict != rows[row].verdict ||
        (rows[row].says && !strstr(run.trouble.message, rows[row].says)))
        fail_msg("row %u: %s (%s)", row, rig_verdict_word(run.trouble.verdict), run.trouble.message);
    assert_true(board->n_connects >= rows[row].least_connects);
    expect_whole(&run, board, rows[row].whole);
    rig_run_clear(&run);
    rig_image_store_free(images);
    rig_scenario_free(scenario);
    g_free(board);
}

static void generic_steps_play_over_a_protocol_of_several_characteristics(void **state)
{
    (void)state;
    for (guint row = 0; row < G_N_ELEMENTS(rows); row++)
        play(row);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(generic_steps_play_over_a_protocol_of_several_characteristics)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
