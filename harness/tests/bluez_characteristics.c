/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Named characteristics over the real bluetoothd, beside the made-up one of bluez_link_test.c: the simulated
 * board with the example firmware at the other end of the air. Runs in the guest of ci/vm/run; see
 * harness/tests/links_bench.sh. bluez_characteristics SOCKET-OF-BTVIRT: one line for each check, exit code 1
 * when one fails. */
#include "base/bytes.h"
#include "drivers/bluez/bluez_link.h"
#include "drivers/board/clock_board.h"
#include "drivers/sim/radio.h"
#include "sim/chip/host/air.h"
#include "sim/firmware/example/example.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#define WORD_OFFSET (63u * 4096)
#define SOON_MS 5
#define CONNECT_US 60000000u
#define ANSWER_US 20000000u

static const struct rig_characteristic command = {"command", SIM_EXAMPLE_SERVICE, SIM_EXAMPLE_COMMAND};
static const struct rig_characteristic status = {"status", SIM_EXAMPLE_SERVICE, SIM_EXAMPLE_STATUS};
static const struct rig_characteristic nowhere = {"nowhere", "8d53dc1d-1db7-4cd3-868b-8a527460aa84",
                                                  "da2e7828-fbce-4e01-ae9e-261174997c48"};

static G_GNUC_NORETURN void give_up(const char *what, const char *why)
{
    printf("not ok: %s: %s\n", what, why);
    exit(1);
}

/* --- the board --- */

/* Its application runs: the word is there. */
static struct sim_board *make_board(void)
{
    const struct bench_config usual = air_board();
    struct sim_board_config config = {.n_devices = 1, .firmware = &sim_example, .ble = usual.ble};
    const char *why = NULL;
    struct sim_board *board;
    uint8_t word[4];

    config.devices[0] = usual.devices[0];
    rig_put_le32(word, SIM_EXAMPLE_WORD);
    board = sim_board_new(&config, &why);
    if (!board || sim_flash_poke(sim_board_flash(board), 0, WORD_OFFSET, word, sizeof word) != SIM_OK)
        give_up("board", why ? why : "flash");
    sim_board_power(board, true);
    return board;
}

/* On the real clock, until its parent ends. */
static G_GNUC_NORETURN void be_the_board(const char *socket)
{
    const struct sim_stack_config config = {0};
    struct sim_board *board = make_board();
    GError *error = NULL;
    struct rig_sim_radio *radio = rig_sim_radio_new(board, socket, &config, &error);
    gint64 start_us = g_get_monotonic_time();

    if (!radio)
        give_up("radio", error->message);
    for (;;) {
        struct pollfd readable = {.fd = rig_sim_radio_fd(radio), .events = POLLIN};

        while (sim_board_step(board, (uint64_t)(g_get_monotonic_time() - start_us)))
            continue;
        rig_sim_radio_tick(radio);
        if (poll(&readable, 1, SOON_MS) > 0)
            rig_sim_radio_serve(radio);
    }
}

/* --- the host --- */

struct seat {
    struct rig_board *clock;
    struct rig_link *link;
    guint n_failed;
};

static void tell(struct seat *seat, const char *what, bool good, enum rig_link_outcome outcome, GError *error)
{
    struct rig_link_state state;

    seat->link->ops->state(seat->link, &state);
    printf("%s: %s (%s, ATT error 0x%02x: %s)\n", good ? "ok" : "not ok", what,
           error ? error->message : rig_link_outcome_name(outcome), state.att_error, state.text);
    fflush(stdout);
    seat->n_failed += !good;
    g_clear_error(&error);
}

static void check_connect(struct seat *seat, const char *what)
{
    struct rig_link_connect how = {.until_us = seat->clock->ops->now_us(seat->clock) + CONNECT_US};
    enum rig_link_outcome outcome = RIG_LINK_OK;
    GError *error = NULL;
    bool ok = seat->link->ops->connect(seat->link, &how, &outcome, &error);

    tell(seat, what, ok && outcome == RIG_LINK_OK, outcome, error);
}

static void check_subscribe(struct seat *seat, const char *what, const struct rig_characteristic *named,
                            enum rig_subscription subscription, enum rig_link_outcome wanted)
{
    enum rig_link_outcome outcome = RIG_LINK_OK;
    GError *error = NULL;
    bool ok = seat->link->ops->subscribe(seat->link, named, subscription, &outcome, &error);

    tell(seat, what, ok && outcome == wanted, outcome, error);
}

static void check_write(struct seat *seat, const char *what, const struct rig_characteristic *named,
                        enum rig_write_kind kind, const guint8 *bytes, gsize n_bytes,
                        enum rig_link_outcome wanted)
{
    enum rig_link_outcome outcome = RIG_LINK_OK;
    GError *error = NULL;
    bool ok = seat->link->ops->write(seat->link, named, kind, bytes, n_bytes, &outcome, &error);

    tell(seat, what, ok && outcome == wanted, outcome, error);
}

static void check_att_error(struct seat *seat, guint8 wanted)
{
    struct rig_link_state state;

    seat->link->ops->state(seat->link, &state);
    tell(seat, "with the board's own code", state.att_error == wanted, RIG_LINK_ATT_ERROR, NULL);
}

static void check_status(struct seat *seat, const char *what)
{
    struct rig_link_packet packet = {0};
    enum rig_link_outcome outcome = RIG_LINK_OK;
    GError *error = NULL;
    bool ok = seat->link->ops->receive(seat->link, seat->clock->ops->now_us(seat->clock) + ANSWER_US, &packet,
                                       &outcome, &error);
    static const guint8 done[] = {0x01, 0x00};

    ok = ok && packet.value && packet.from == &status && !packet.indicated &&
         g_bytes_get_size(packet.value) == 2 &&
         memcmp(g_bytes_get_data(packet.value, NULL), done, sizeof done) == 0;
    tell(seat, what, ok, outcome, error);
    g_clear_pointer(&packet.value, g_bytes_unref);
}

static void check_read(struct seat *seat, const char *what, guint8 wanted)
{
    enum rig_link_outcome outcome = RIG_LINK_OK;
    GBytes *value = NULL;
    GError *error = NULL;
    bool ok = seat->link->ops->read(seat->link, &status, &value, &outcome, &error);

    ok = ok && value && g_bytes_get_size(value) == 1 &&
         *(const guint8 *)g_bytes_get_data(value, NULL) == wanted;
    tell(seat, what, ok, outcome, error);
    g_clear_pointer(&value, g_bytes_unref);
}

static void check_all(struct seat *seat)
{
    static const guint8 word[] = {0x01, 0x01, 0x02, 0x03, 0x04}, reset[] = {0x02}, nonsense[] = {0x7f};

    check_connect(seat, "a board with two characteristics is connected to");
    check_subscribe(seat, "a service that is missing", &nowhere, RIG_SUBSCRIBE_NOTIFY, RIG_LINK_NO_SERVICE);
    check_write(seat, "a write that wants no response where one is given", &command, RIG_WRITE_COMMAND,
                nonsense, 1, RIG_LINK_NO_PROPERTY);
    check_write(seat, "a request that the board refuses", &command, RIG_WRITE_REQUEST, nonsense, 1,
                RIG_LINK_ATT_ERROR);
    check_att_error(seat, SIM_EXAMPLE_REFUSED);
    check_subscribe(seat, "a subscription to notifications", &status, RIG_SUBSCRIBE_NOTIFY, RIG_LINK_OK);
    check_write(seat, "a request that is taken", &command, RIG_WRITE_REQUEST, word, sizeof word, RIG_LINK_OK);
    check_status(seat, "is answered by the other characteristic");
    check_read(seat, "which can be read", 1);
    check_subscribe(seat, "the end of the subscription", &status, RIG_SUBSCRIBE_NONE, RIG_LINK_OK);
    check_subscribe(seat, "and a new one", &status, RIG_SUBSCRIBE_NOTIFY, RIG_LINK_OK);
    check_write(seat, "another request", &command, RIG_WRITE_REQUEST, word, sizeof word, RIG_LINK_OK);
    check_status(seat, "is answered, too");
    /* The word is wrong now: the bootloader waits at the next address, with the command alone. */
    check_write(seat, "a reset", &command, RIG_WRITE_REQUEST, reset, sizeof reset, RIG_LINK_OK);
    (void)!seat->link->ops->disconnect(seat->link, NULL);
    check_connect(seat, "the bootloader at the next address is connected to");
    check_subscribe(seat, "it has not the other characteristic", &status, RIG_SUBSCRIBE_NOTIFY,
                    RIG_LINK_NO_CHARACTERISTIC);
    check_write(seat, "but the command", &command, RIG_WRITE_REQUEST, nonsense, 1, RIG_LINK_ATT_ERROR);
}

int main(int argc, char **argv)
{
    struct rig_link_place place = {
        .kind = "bluez", .adapter = "hci0", .address = "C0:FF:EE:00:00:42", .or_next_address = true};
    struct seat seat = {0};
    pid_t board;

    if (argc != 2)
        give_up("usage", "bluez_characteristics SOCKET");
    board = fork();
    if (board == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        be_the_board(argv[1]);
    }
    seat.clock = rig_clock_board_new();
    seat.link = rig_bluez_link_new(&place, seat.clock);
    check_all(&seat);
    rig_link_free(seat.link);
    seat.clock->ops->free(seat.clock);
    kill(board, SIGKILL);
    return seat.n_failed ? 1 : 0;
}
