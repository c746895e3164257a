/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What links with several characteristics owe (drivers/link/link.h), on the example firmware: in process, and
 * by a small central over HCI with an emulated controller. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/sim/sim_driver.h"
#include "protocol/smp/smp.h"
#include "sim/chip/host/air.h"
#include "sim/firmware/example/example.h"

static const struct rig_characteristic command = {"command", SIM_EXAMPLE_SERVICE, SIM_EXAMPLE_COMMAND};
static const struct rig_characteristic status = {"status", SIM_EXAMPLE_SERVICE, SIM_EXAMPLE_STATUS};
static const struct rig_characteristic smp = {"SMP", RIG_SMP_SERVICE_UUID, RIG_SMP_CHARACTERISTIC_UUID};
static const struct rig_characteristic nobody = {"nobody", SIM_EXAMPLE_SERVICE, RIG_SMP_CHARACTERISTIC_UUID};

static const guint8 right_word[] = {0x01, 0xde, 0xc0, 0x0d, 0x60}, wrong_word[] = {0x01, 1, 2, 3, 4};
static const guint8 reset[] = {0x02}, nonsense[] = {0x07};

struct stand {
    struct rig_link *link;
    guint64 (*now_us)(const struct stand *stand);
    void (*pass)(struct stand *stand, guint64 for_us);
    void (*close)(struct stand *stand);
};

/* A board with the right word in its flash. */
static struct sim_board *new_board(enum sim_ble_security security)
{
    const struct bench_config usual = air_board();
    struct sim_board_config config = {.n_devices = 1, .firmware = &sim_example, .ble = usual.ble};
    struct sim_board *board;

    config.devices[0] = usual.devices[0];
    config.ble.security = security;
    board = sim_board_new(&config, NULL);
    assert_non_null(board);
    assert_int_equal(sim_flash_poke(sim_board_flash(board), 0,
                                    sim_flash_bytes(sim_board_flash(board), 0) - 4096, right_word + 1, 4),
                     SIM_OK);
    return board;
}

/* --- in process --- */

struct in_process {
    struct stand stand;
    struct rig_sim sim;
};

static guint64 process_now_us(const struct stand *stand)
{
    return sim_board_now_us(((const struct in_process *)stand)->sim.sim);
}

static guint64 sim_now_us(struct rig_board *board)
{
    return sim_board_now_us(((struct rig_sim *)board)->sim);
}

static bool sim_wait(struct rig_board *board, guint64 until_us, bool *happened, GError **error)
{
    (void)error;
    *happened = sim_board_step(((struct rig_sim *)board)->sim, until_us);
    return true;
}

static void process_pass(struct stand *stand, guint64 for_us)
{
    guint64 until_us = process_now_us(stand) + for_us;

    while (sim_board_step(((struct in_process *)stand)->sim.sim, until_us))
        ;
}

static void process_close(struct stand *stand)
{
    sim_board_free(((struct in_process *)stand)->sim.sim);
    g_free(stand);
}

static struct stand *open_in_process(enum sim_ble_security security)
{
    static const struct rig_board_ops ops = {.now_us = sim_now_us, .wait = sim_wait};
    struct in_process *process = g_new0(struct in_process, 1);

    process->sim.board.ops = &ops;
    process->sim.sim = new_board(security);
    rig_sim_link_init(&process->sim.link, &process->sim);
    process->stand = (struct stand){&process->sim.link.link, process_now_us, process_pass, process_close};
    sim_board_power(process->sim.sim, true);
    return &process->stand;
}

/* --- over HCI: a central that discovers as GATT says, and nothing more --- */

struct over_hci {
    struct stand stand;
    struct rig_link link;
    struct air air;
    GQueue packets;                             /* struct rig_link_packet * */
    const struct rig_characteristic *names[32]; /* by value handle, while subscribed to */
    guint8 att_error;
};

struct found {
    guint16 handle; /* of the value; its CCC is the next one */
    guint8 properties;
};

static struct over_hci *hci_of(struct rig_link *link)
{
    return (struct over_hci *)((char *)link - G_STRUCT_OFFSET(struct over_hci, link));
}

static void keep_packet(struct over_hci *hci, const struct air_pdu *pdu)
{
    struct rig_link_packet *packet = g_new0(struct rig_link_packet, 1);

    packet->indicated = pdu->bytes[0] == 0x1d;
    packet->from = hci->names[pdu->bytes[1]];
    packet->value = g_bytes_new(pdu->bytes + 3, pdu->n_bytes - 3u);
    g_queue_push_tail(&hci->packets, packet);
    if (packet->indicated)
        air_send_hex(&hci->air, AIR_ATT, "1e");
}

/* What came: notifications and indications are kept, the rest is an answer. NULL: none. */
static const struct air_pdu *take_answer(struct over_hci *hci)
{
    const struct air_pdu *pdu;

    while ((pdu = air_take(&hci->air, AIR_ATT)) && (pdu->bytes[0] == 0x1b || pdu->bytes[0] == 0x1d))
        keep_packet(hci, pdu);
    return pdu;
}

static const struct air_pdu *ask(struct over_hci *hci, const guint8 *request, gsize n_bytes)
{
    const struct air_pdu *answer;

    (void)take_answer(hci);
    air_send(&hci->air, AIR_ATT, request, n_bytes);
    answer = take_answer(hci);
    assert_non_null(answer);
    return answer;
}

static void uuid_bytes(const char *text, guint8 uuid[16])
{
    gsize n = 16;

    for (const char *at = text; *at; at++) {
        if (*at == '-')
            continue;
        uuid[--n] = (guint8)(g_ascii_xdigit_value(at[0]) << 4 | g_ascii_xdigit_value(at[1]));
        at++;
    }
}

/* Read By Group Type and Read By Type of declarations, one answer after the other. */
static bool next_declaration(struct over_hci *hci, guint8 opcode, guint16 type, guint16 from, guint16 to,
                             struct air_pdu *answer)
{
    const guint8 request[] = {
        opcode,       (guint8)from,       (guint8)(from >> 8), (guint8)to, (guint8)(to >> 8),
        (guint8)type, (guint8)(type >> 8)};

    if (from > to)
        return false;
    *answer = *ask(hci, request, sizeof request);
    return answer->bytes[0] == opcode + 1;
}

static bool find_service(struct over_hci *hci, const char *uuid, guint16 *from, guint16 *to)
{
    struct air_pdu answer;
    guint8 wanted[16];
    guint16 at = 1;

    uuid_bytes(uuid, wanted);
    while (next_declaration(hci, 0x10, 0x2800, at, 0xffff, &answer)) {
        for (guint i = 2; i + answer.bytes[1] <= answer.n_bytes; i += answer.bytes[1]) {
            *from = (guint16)(answer.bytes[i] | answer.bytes[i + 1] << 8);
            *to = (guint16)(answer.bytes[i + 2] | answer.bytes[i + 3] << 8);
            if (answer.bytes[1] == 20 && memcmp(answer.bytes + i + 4, wanted, 16) == 0)
                return true;
        }
        if (*to == 0xffff)
            return false;
        at = (guint16)(*to + 1);
    }
    return false;
}

static enum rig_link_outcome find(struct over_hci *hci, const struct rig_characteristic *characteristic,
                                  struct found *found)
{
    struct air_pdu answer;
    guint16 from = 0, to = 0;
    guint8 wanted[16];

    if (!hci->air.connected)
        return RIG_LINK_NOT_CONNECTED;
    if (!find_service(hci, characteristic->service, &from, &to))
        return RIG_LINK_NO_SERVICE;
    uuid_bytes(characteristic->uuid, wanted);
    while (next_declaration(hci, 0x08, 0x2803, from, to, &answer)) {
        assert_int_equal(answer.bytes[1], 21);
        *found = (struct found){(guint16)(answer.bytes[5] | answer.bytes[6] << 8), answer.bytes[4]};
        if (memcmp(answer.bytes + 7, wanted, 16) == 0)
            return RIG_LINK_OK;
        from = (guint16)(found->handle + 1);
    }
    return RIG_LINK_NO_CHARACTERISTIC;
}

static enum rig_link_outcome outcome_of(struct over_hci *hci, const struct air_pdu *answer)
{
    if (answer->bytes[0] != 0x01)
        return RIG_LINK_OK;
    hci->att_error = answer->bytes[4];
    return hci->att_error == 0x05 || hci->att_error == 0x0f ? RIG_LINK_NOT_ENCRYPTED : RIG_LINK_ATT_ERROR;
}

static bool hci_connect(struct rig_link *link, const struct rig_link_connect *how,
                        enum rig_link_outcome *outcome, GError **error)
{
    (void)how, (void)error;
    air_run_us(&hci_of(link)->air, 2 * G_USEC_PER_SEC);
    if (!hci_of(link)->air.connected)
        air_connect(&hci_of(link)->air);
    *outcome = RIG_LINK_OK;
    return true;
}

static bool hci_disconnect(struct rig_link *link, GError **error)
{
    (void)error;
    if (hci_of(link)->air.connected)
        air_disconnect(&hci_of(link)->air, 0x13);
    memset(hci_of(link)->names, 0, sizeof hci_of(link)->names);
    return true;
}

static bool hci_subscribe(struct rig_link *link, const struct rig_characteristic *characteristic,
                          enum rig_subscription subscription, enum rig_link_outcome *outcome, GError **error)
{
    static const guint8 needed[] = {0, SIM_GATT_NOTIFY, SIM_GATT_INDICATE};
    struct over_hci *hci = hci_of(link);
    struct found found;

    (void)error;
    *outcome = find(hci, characteristic, &found);
    if (*outcome == RIG_LINK_OK && (found.properties & needed[subscription]) != needed[subscription])
        *outcome = RIG_LINK_NO_PROPERTY;
    if (*outcome != RIG_LINK_OK)
        return true;
    const guint8 request[] = {0x12, (guint8)(found.handle + 1), 0, (guint8)subscription, 0};
    *outcome = outcome_of(hci, ask(hci, request, sizeof request));
    if (*outcome == RIG_LINK_OK)
        hci->names[found.handle] = subscription == RIG_SUBSCRIBE_NONE ? NULL : characteristic;
    return true;
}

static bool hci_write(struct rig_link *link, const struct rig_characteristic *characteristic,
                      enum rig_write_kind kind, const guint8 *bytes, gsize n_bytes,
                      enum rig_link_outcome *outcome, GError **error)
{
    struct over_hci *hci = hci_of(link);
    guint8 needed = kind == RIG_WRITE_REQUEST ? SIM_GATT_WRITE : SIM_GATT_WRITE_COMMAND;
    guint8 pdu[23] = {kind == RIG_WRITE_REQUEST ? 0x12 : 0x52};
    struct found found;

    (void)error;
    *outcome = find(hci, characteristic, &found);
    if (*outcome == RIG_LINK_OK && !(found.properties & needed))
        *outcome = RIG_LINK_NO_PROPERTY;
    if (*outcome == RIG_LINK_OK && n_bytes > sizeof pdu - 3)
        *outcome = RIG_LINK_TOO_LONG;
    if (*outcome != RIG_LINK_OK)
        return true;
    pdu[1] = (guint8)found.handle;
    memcpy(pdu + 3, bytes, n_bytes);
    if (kind == RIG_WRITE_REQUEST)
        *outcome = outcome_of(hci, ask(hci, pdu, n_bytes + 3));
    else
        air_send(&hci->air, AIR_ATT, pdu, n_bytes + 3);
    return true;
}

static bool hci_read(struct rig_link *link, const struct rig_characteristic *characteristic, GBytes **value,
                     enum rig_link_outcome *outcome, GError **error)
{
    struct over_hci *hci = hci_of(link);
    const struct air_pdu *answer;
    struct found found;

    (void)error;
    *value = NULL;
    *outcome = find(hci, characteristic, &found);
    if (*outcome == RIG_LINK_OK && !(found.properties & SIM_GATT_READ))
        *outcome = RIG_LINK_NO_PROPERTY;
    if (*outcome != RIG_LINK_OK)
        return true;
    const guint8 request[] = {0x0a, (guint8)found.handle, 0};
    answer = ask(hci, request, sizeof request);
    *outcome = outcome_of(hci, answer);
    if (*outcome == RIG_LINK_OK)
        *value = g_bytes_new(answer->bytes + 1, answer->n_bytes - 1u);
    return true;
}

static bool hci_receive(struct rig_link *link, guint64 until_us, struct rig_link_packet *packet,
                        enum rig_link_outcome *outcome, GError **error)
{
    struct over_hci *hci = hci_of(link);
    struct rig_link_packet *first;

    (void)error;
    *packet = (struct rig_link_packet){0};
    while (g_queue_is_empty(&hci->packets) && hci->air.connected && hci->air.now_us < until_us) {
        air_run_us(&hci->air, 10000);
        assert_null(take_answer(hci));
    }
    first = g_queue_pop_head(&hci->packets);
    *outcome = first ? RIG_LINK_OK : hci->air.connected ? RIG_LINK_TIMEOUT : RIG_LINK_LOST;
    if (first)
        *packet = *first;
    g_free(first);
    return true;
}

static void hci_state(struct rig_link *link, struct rig_link_state *state)
{
    struct over_hci *hci = hci_of(link);

    *state = (struct rig_link_state){
        .connected = hci->air.connected, .mtu = hci->air.connected ? 23 : 0, .att_error = hci->att_error};
    for (guint i = 0; i < G_N_ELEMENTS(hci->names); i++)
        state->subscribed |= hci->names[i] != NULL;
}

static guint64 hci_now_us(const struct stand *stand)
{
    return ((const struct over_hci *)stand)->air.now_us;
}

static void hci_pass(struct stand *stand, guint64 for_us)
{
    air_run_us(&((struct over_hci *)stand)->air, for_us);
}

static void hci_close(struct stand *stand)
{
    struct over_hci *hci = (struct over_hci *)stand;
    struct rig_link_packet *packet;

    while ((packet = g_queue_pop_head(&hci->packets))) {
        g_bytes_unref(packet->value);
        g_free(packet);
    }
    air_close(&hci->air);
    g_free(hci);
}

static struct stand *open_over_hci(enum sim_ble_security security)
{
    static const struct rig_link_ops ops = {.name = "HCI",
                                            .connect = hci_connect,
                                            .subscribe = hci_subscribe,
                                            .disconnect = hci_disconnect,
                                            .write = hci_write,
                                            .read = hci_read,
                                            .receive = hci_receive,
                                            .state = hci_state};
    struct over_hci *hci = g_new0(struct over_hci, 1);

    hci->link.ops = &ops;
    g_queue_init(&hci->packets);
    air_open_on(&hci->air, new_board(security), &(struct sim_stack_config){0});
    hci->stand = (struct stand){&hci->link, hci_now_us, hci_pass, hci_close};
    return &hci->stand;
}

/* --- the suite --- */

typedef struct stand *(*opener)(enum sim_ble_security security);
static const struct {
    const char *name;
    opener open;
} links[] = {{"in process", open_in_process}, {"over HCI", open_over_hci}};

static void connect_to(struct stand *stand)
{
    struct rig_link_connect how = {.until_us = stand->now_us(stand) + 10 * G_USEC_PER_SEC};
    enum rig_link_outcome outcome;

    assert_true(stand->link->ops->connect(stand->link, &how, &outcome, NULL));
    assert_int_equal(outcome, RIG_LINK_OK);
}

static struct rig_link_state state_of(struct stand *stand)
{
    struct rig_link_state state;

    stand->link->ops->state(stand->link, &state);
    return state;
}

static enum rig_link_outcome subscribe(struct stand *stand, const struct rig_characteristic *characteristic,
                                       enum rig_subscription subscription)
{
    enum rig_link_outcome outcome;

    assert_true(stand->link->ops->subscribe(stand->link, characteristic, subscription, &outcome, NULL));
    return outcome;
}

static enum rig_link_outcome write_as(struct stand *stand, const struct rig_characteristic *characteristic,
                                      enum rig_write_kind kind, const guint8 *bytes, gsize n_bytes)
{
    enum rig_link_outcome outcome;

    assert_true(stand->link->ops->write(stand->link, characteristic, kind, bytes, n_bytes, &outcome, NULL));
    return outcome;
}
#define REQUEST(stand, bytes) write_as(stand, &command, RIG_WRITE_REQUEST, bytes, sizeof bytes)

static enum rig_link_outcome read_from(struct stand *stand, const struct rig_characteristic *characteristic,
                                       guint8 *first)
{
    enum rig_link_outcome outcome;
    g_autoptr(GBytes) value = NULL;

    assert_true(stand->link->ops->read(stand->link, characteristic, &value, &outcome, NULL));
    assert_int_equal(value != NULL, outcome == RIG_LINK_OK);
    if (value)
        *first = *(const guint8 *)g_bytes_get_data(value, NULL);
    return outcome;
}

/* The status of a word that was written. */
static void expect_status(struct stand *stand, bool indicated)
{
    struct rig_link_packet packet;
    enum rig_link_outcome outcome;

    assert_true(stand->link->ops->receive(stand->link, stand->now_us(stand) + G_USEC_PER_SEC, &packet,
                                          &outcome, NULL));
    assert_int_equal(outcome, RIG_LINK_OK);
    assert_ptr_equal(packet.from, &status);
    assert_int_equal(packet.indicated, indicated);
    assert_int_equal(g_bytes_get_size(packet.value), 2);
    assert_memory_equal(g_bytes_get_data(packet.value, NULL), "\x01\x00", 2);
    g_bytes_unref(packet.value);
}

static void expect_nothing(struct stand *stand)
{
    struct rig_link_packet packet;
    enum rig_link_outcome outcome;

    assert_true(stand->link->ops->receive(stand->link, stand->now_us(stand) + G_USEC_PER_SEC, &packet,
                                          &outcome, NULL));
    assert_null(packet.value);
    assert_int_equal(outcome, RIG_LINK_TIMEOUT);
}

static void a_request_has_a_response_and_an_att_error_has_its_code(struct stand *stand)
{
    connect_to(stand);
    assert_int_equal(REQUEST(stand, right_word), RIG_LINK_OK);
    assert_int_equal(REQUEST(stand, nonsense), RIG_LINK_ATT_ERROR);
    assert_int_equal(state_of(stand).att_error, SIM_EXAMPLE_REFUSED);
    assert_true(state_of(stand).connected);
}

static void notifications_and_indications_are_told_apart(struct stand *stand)
{
    connect_to(stand);
    assert_int_equal(subscribe(stand, &status, RIG_SUBSCRIBE_NOTIFY), RIG_LINK_OK);
    assert_int_equal(REQUEST(stand, right_word), RIG_LINK_OK);
    expect_status(stand, false);
    assert_int_equal(subscribe(stand, &status, RIG_SUBSCRIBE_INDICATE), RIG_LINK_OK);
    for (guint i = 0; i < 2; i++) { /* a confirmation lets the next one come */
        assert_int_equal(REQUEST(stand, right_word), RIG_LINK_OK);
        expect_status(stand, true);
    }
}

static void without_a_subscription_nothing_comes(struct stand *stand)
{
    guint8 n_written = 0;

    connect_to(stand);
    assert_false(state_of(stand).subscribed);
    assert_int_equal(REQUEST(stand, right_word), RIG_LINK_OK);
    expect_nothing(stand);
    assert_int_equal(subscribe(stand, &status, RIG_SUBSCRIBE_INDICATE), RIG_LINK_OK);
    assert_true(state_of(stand).subscribed);
    assert_int_equal(subscribe(stand, &status, RIG_SUBSCRIBE_NONE), RIG_LINK_OK);
    assert_false(state_of(stand).subscribed);
    assert_int_equal(REQUEST(stand, right_word), RIG_LINK_OK);
    expect_nothing(stand);
    assert_int_equal(read_from(stand, &status, &n_written), RIG_LINK_OK);
    assert_int_equal(n_written, 2);
}

static void a_connection_that_ends_takes_its_subscriptions_with_it(struct stand *stand)
{
    connect_to(stand);
    assert_int_equal(subscribe(stand, &status, RIG_SUBSCRIBE_NOTIFY), RIG_LINK_OK);
    assert_true(stand->link->ops->disconnect(stand->link, NULL));
    assert_false(state_of(stand).subscribed);
    connect_to(stand);
    assert_int_equal(REQUEST(stand, right_word), RIG_LINK_OK);
    expect_nothing(stand);
}

static void what_a_characteristic_cannot_do_is_told(struct stand *stand)
{
    guint8 ignored;

    connect_to(stand);
    assert_int_equal(read_from(stand, &command, &ignored), RIG_LINK_NO_PROPERTY);
    assert_int_equal(write_as(stand, &command, RIG_WRITE_COMMAND, reset, 1), RIG_LINK_NO_PROPERTY);
    assert_int_equal(subscribe(stand, &command, RIG_SUBSCRIBE_NOTIFY), RIG_LINK_NO_PROPERTY);
    assert_int_equal(subscribe(stand, &command, RIG_SUBSCRIBE_INDICATE), RIG_LINK_NO_PROPERTY);
    assert_int_equal(write_as(stand, &status, RIG_WRITE_REQUEST, reset, 1), RIG_LINK_NO_PROPERTY);
}

static void what_is_not_there_is_told(struct stand *stand)
{
    guint8 ignored;

    connect_to(stand);
    assert_int_equal(subscribe(stand, &smp, RIG_SUBSCRIBE_NOTIFY), RIG_LINK_NO_SERVICE);
    assert_int_equal(write_as(stand, &smp, RIG_WRITE_COMMAND, reset, 1), RIG_LINK_NO_SERVICE);
    assert_int_equal(read_from(stand, &nobody, &ignored), RIG_LINK_NO_CHARACTERISTIC);
    assert_int_equal(subscribe(stand, &nobody, RIG_SUBSCRIBE_INDICATE), RIG_LINK_NO_CHARACTERISTIC);
}

/* The bootloader of a board without a right word tells the same service with one characteristic less. */
static void another_program_of_the_board_has_other_characteristics(struct stand *stand)
{
    connect_to(stand);
    assert_int_equal(subscribe(stand, &status, RIG_SUBSCRIBE_NOTIFY), RIG_LINK_OK);
    assert_int_equal(REQUEST(stand, wrong_word), RIG_LINK_OK);
    expect_status(stand, false);
    assert_int_equal(REQUEST(stand, reset), RIG_LINK_OK);
    stand->pass(stand, G_USEC_PER_SEC);
    assert_true(stand->link->ops->disconnect(stand->link, NULL));
    connect_to(stand);
    assert_int_equal(subscribe(stand, &status, RIG_SUBSCRIBE_NOTIFY), RIG_LINK_NO_CHARACTERISTIC);
    assert_int_equal(REQUEST(stand, right_word), RIG_LINK_OK);
}

static void what_demands_encryption_says_so_and_the_rest_is_open(struct stand *stand)
{
    guint8 ignored;

    connect_to(stand);
    assert_int_equal(REQUEST(stand, right_word), RIG_LINK_NOT_ENCRYPTED);
    assert_int_equal(read_from(stand, &status, &ignored), RIG_LINK_OK);
    assert_int_equal(subscribe(stand, &status, RIG_SUBSCRIBE_INDICATE), RIG_LINK_OK);
}

static const struct {
    const char *name;
    void (*play)(struct stand *stand);
    enum sim_ble_security security;
} suite[] = {
#define TEST(name, security)                                                                                 \
    {                                                                                                        \
#name, name, security                                                                                \
    }
    TEST(a_request_has_a_response_and_an_att_error_has_its_code, SIM_BLE_OPEN),
    TEST(notifications_and_indications_are_told_apart, SIM_BLE_OPEN),
    TEST(without_a_subscription_nothing_comes, SIM_BLE_OPEN),
    TEST(a_connection_that_ends_takes_its_subscriptions_with_it, SIM_BLE_OPEN),
    TEST(what_a_characteristic_cannot_do_is_told, SIM_BLE_OPEN),
    TEST(what_is_not_there_is_told, SIM_BLE_OPEN),
    TEST(another_program_of_the_board_has_other_characteristics, SIM_BLE_OPEN),
    TEST(what_demands_encryption_says_so_and_the_rest_is_open, SIM_BLE_ENCRYPTED),
};
#define N_TESTS G_N_ELEMENTS(suite)

static void play(void **state)
{
    guint number = GPOINTER_TO_UINT(*state);
    struct stand *stand = links[number / N_TESTS].open(suite[number % N_TESTS].security);

    suite[number % N_TESTS].play(stand);
    stand->close(stand);
}

int main(void)
{
    struct CMUnitTest tests[G_N_ELEMENTS(links) * N_TESTS];
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_ptr_array_add(names, g_strdup_printf("%s: %s", links[i / N_TESTS].name, suite[i % N_TESTS].name));
        tests[i] = (struct CMUnitTest){
            .name = g_ptr_array_index(names, i), .test_func = play, .initial_state = GUINT_TO_POINTER(i)};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
