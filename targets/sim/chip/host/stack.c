/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The stack as its owner sees it, and the one connection: how it begins, what it lives by, the ways it ends;
 * the board behind it, which may die at any moment; L2CAP; commands as text. */
#include "sim/chip/host/internal.h"

#include "base/bytes.h"
#include "protocol/ble/codes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void stack_build_table(struct sim_stack *stack);
static void follow_table(struct sim_stack *stack);
static void link_vanish(struct sim_stack *stack);

#define ROLE_PERIPHERAL 1
#define REASON_LOW_RESOURCES 0x14

/* --- L2CAP over LE: frames out of ACL packets, the fixed channels, LE signalling. [SPEC Core Vol 3 Part A]
 * --- */

#define SIGNAL_MTU 23u
#define REJECT_NOT_UNDERSTOOD 0u
#define REJECT_MTU_EXCEEDED 1u

static void l2cap_reset(struct sim_stack *stack)
{
    memset(&stack->l2cap, 0, sizeof stack->l2cap);
}

static void reject(struct sim_stack *stack, uint8_t identifier, uint16_t reason, bool with_mtu)
{
    uint8_t pdu[8] = {RIG_L2CAP_COMMAND_REJECT, identifier, with_mtu ? 4 : 2, 0};

    rig_put_le16(pdu + 4, reason);
    rig_put_le16(pdu + 6, SIGNAL_MTU);
    hci_send_frame(stack, RIG_L2CAP_CID_SIGNALS, pdu, with_mtu ? 8 : 6);
}

/* Codes of answers: nothing is to be said to one that nobody asked for. */
static bool is_answer(uint8_t code)
{
    static const uint8_t answers[] = {0x01, 0x03, 0x05, 0x07, 0x09, 0x0b, 0x0d,
                                      0x0f, 0x11, 0x13, 0x15, 0x18, 0x1a};

    return memchr(answers, code, sizeof answers) != NULL;
}

static void take_signal(struct sim_stack *stack, const uint8_t *pdu, size_t n_bytes)
{
    /* One command in a frame; anything else is a bad frame and goes nowhere. */
    if (n_bytes < 4 || rig_get_le16(pdu + 2) != n_bytes - 4)
        return;
    if (n_bytes > SIGNAL_MTU) {
        reject(stack, pdu[1], REJECT_MTU_EXCEEDED, true);
    } else if (pdu[0] == RIG_L2CAP_CONNECTION_PARAMETER_UPDATE_RESPONSE && stack->l2cap.parameters_asked &&
               n_bytes == 6 && pdu[1] == stack->l2cap.identifier) {
        stack->l2cap.parameters_asked = false;
        stack_tell(stack, "connection parameters %s", rig_get_le16(pdu + 4) == 0 ? "accepted" : "rejected");
    } else if (!is_answer(pdu[0])) {
        reject(stack, pdu[1], REJECT_NOT_UNDERSTOOD, false);
    }
}

static void l2cap_ask_parameters(struct sim_stack *stack, uint16_t min, uint16_t max, uint16_t latency,
                                 uint16_t timeout_10ms)
{
    uint8_t pdu[12] = {RIG_L2CAP_CONNECTION_PARAMETER_UPDATE_REQUEST, 0, 8, 0};

    if (++stack->l2cap.identifier == 0)
        stack->l2cap.identifier = 1;
    pdu[1] = stack->l2cap.identifier;
    rig_put_le16(pdu + 4, min);
    rig_put_le16(pdu + 6, max);
    rig_put_le16(pdu + 8, latency);
    rig_put_le16(pdu + 10, timeout_10ms);
    stack->l2cap.parameters_asked = true;
    hci_send_frame(stack, RIG_L2CAP_CID_SIGNALS, pdu, sizeof pdu);
}

static void take_frame(struct sim_stack *stack, const uint8_t *frame, size_t n_bytes)
{
    const uint8_t *pdu = frame + RIG_L2CAP_HEADER_BYTES;
    size_t n_pdu = n_bytes - RIG_L2CAP_HEADER_BYTES;

    switch (rig_get_le16(frame + 2)) {
    case RIG_L2CAP_CID_ATT:
        if (n_pdu == 0 || stack->link.silent)
            break;
        follow_table(stack);
        stack->upper->att(stack, pdu, n_pdu);
        break;
    case RIG_L2CAP_CID_SIGNALS:
        take_signal(stack, pdu, n_pdu);
        break;
    case RIG_L2CAP_CID_SM:
        if (n_pdu > 0 && !stack->link.silent)
            stack->upper->security(stack, pdu, n_pdu);
        break;
    default: /* [SPEC Part A 2.1] channels that are not there: the frame is dropped */
        break;
    }
}

/* The header is whole: may the frame be? */
static void measure(struct l2cap *l2cap)
{
    size_t n_frame = RIG_L2CAP_HEADER_BYTES + rig_get_le16(l2cap->frame);

    l2cap->n_expected = n_frame;
    if (n_frame > sizeof l2cap->frame) {
        l2cap->n_skip = n_frame - l2cap->n_frame;
        l2cap->n_frame = l2cap->n_expected = 0;
    }
}

static size_t take_bytes(struct l2cap *l2cap, const uint8_t *bytes, size_t n_bytes)
{
    size_t n_wanted = l2cap->n_expected ? l2cap->n_expected : RIG_L2CAP_HEADER_BYTES;
    size_t n_taken = n_wanted - l2cap->n_frame < n_bytes ? n_wanted - l2cap->n_frame : n_bytes;

    memcpy(l2cap->frame + l2cap->n_frame, bytes, n_taken);
    l2cap->n_frame += n_taken;
    if (!l2cap->n_expected && l2cap->n_frame == RIG_L2CAP_HEADER_BYTES)
        measure(l2cap);
    return n_taken;
}

/* One ACL packet's payload; first: it begins a frame. */
static void l2cap_receive(struct sim_stack *stack, bool first, const uint8_t *bytes, size_t n_bytes)
{
    struct l2cap *l2cap = &stack->l2cap;
    size_t n_taken;

    if (first)
        l2cap->n_frame = l2cap->n_expected = l2cap->n_skip = 0;
    else if (l2cap->n_frame == 0 && l2cap->n_skip == 0)
        return; /* goes on with what never began */
    while (n_bytes > 0 && l2cap->n_skip == 0) {
        n_taken = take_bytes(l2cap, bytes, n_bytes);
        bytes += n_taken;
        n_bytes -= n_taken;
        if (!l2cap->n_expected || l2cap->n_frame < l2cap->n_expected)
            continue;
        n_taken = l2cap->n_expected;
        l2cap->n_frame = l2cap->n_expected = 0;
        take_frame(stack, l2cap->frame, n_taken);
        return; /* one frame in a packet: bytes behind it are nobody's */
    }
    l2cap->n_skip -= n_bytes < l2cap->n_skip ? n_bytes : l2cap->n_skip;
}

/* --- the connection --- */

static bool board_holds_link(const struct sim_stack *stack)
{
    return stack->ble->connected && stack->ble->alive;
}

static void hci_drop_frames(struct sim_stack *stack)
{
    stack->hci.n_frames = 0;
}

static void forget_link(struct sim_stack *stack)
{
    stack->ble->hung_up = 0;
    stack->link.up = stack->link.encrypted = stack->link.authenticated = stack->link.silent = false;
    stack->forced_answer.n_bytes = 0;
    hci_drop_frames(stack);
    l2cap_reset(stack);
    att_reset(stack);
    sm_reset(stack);
    sim_pdu_faults_drop_held(&stack->faults);
}

static void link_connected(struct sim_stack *stack, uint8_t status, uint16_t connection, uint8_t role,
                           const struct sim_peer *peer, uint16_t interval, uint16_t latency,
                           uint16_t timeout_10ms)
{
    struct link *link = &stack->link;
    uint8_t central[SIM_BLE_ADDRESS_BYTES];

    if (status != 0 || role != ROLE_PERIPHERAL)
        return;
    if (link->up) {
        hci_disconnect(stack, connection, REASON_LOW_RESOURCES);
        return;
    }
    memset(link, 0, sizeof *link);
    link->up = true;
    link->connection = connection;
    link->peer = *peer;
    link->interval = interval;
    link->latency = latency;
    link->timeout_10ms = timeout_10ms;
    stack->hci.advertising = false;
    for (unsigned i = 0; i < sizeof central; i++)
        central[i] = peer->bytes[sizeof central - 1 - i];
    stack_tell(stack, "connected: %02X:%02X:%02X:%02X:%02X:%02X", central[0], central[1], central[2],
               central[3], central[4], central[5]);
    stack_build_table(stack);
    l2cap_reset(stack);
    att_reset(stack);
    sm_reset(stack);
    /* It connected to the advertisement of a board that has died meanwhile: nobody is there. */
    if (sim_ble_connect(stack->ble, central, ATT_MIN_MTU) != SIM_BLE_OK)
        link_vanish(stack);
    else
        misbehave_at_connection(stack);
}

static void link_disconnected(struct sim_stack *stack, uint16_t connection, uint8_t reason)
{
    struct corpse *corpse = &stack->corpse;
    unsigned n_in_flight = stack->link.n_in_flight;

    if (corpse->there && corpse->connection == connection) {
        corpse->there = false;
        hci_buffers_freed(stack, corpse->n_in_flight);
    } else if (stack->link.up && stack->link.connection == connection) {
        stack_tell(stack, "disconnected: 0x%02x", reason);
        forget_link(stack);
        stack->link.last_reason = reason;
        sim_ble_disconnect(stack->ble, (enum sim_hci_reason)reason);
        hci_buffers_freed(stack, n_in_flight);
    }
}

static void link_encrypted(struct sim_stack *stack, uint16_t connection, uint8_t status, bool on)
{
    struct link *link = &stack->link;

    if (!link->up || link->connection != connection || status != 0)
        return;
    link->encrypted = on;
    stack->ble->encrypted = on && board_holds_link(stack);
    if (on) {
        sm_encrypted(stack);
        stack->ble->authenticated = stack->ble->encrypted && link->authenticated;
        att_restore(stack);
        sim_ble_take_encryption(stack->ble);
    }
}

static void link_updated(struct sim_stack *stack, uint8_t status, uint16_t connection, uint16_t interval,
                         uint16_t latency, uint16_t timeout_10ms)
{
    if (status != 0 || !stack->link.up || stack->link.connection != connection)
        return;
    stack->link.interval = interval;
    stack->link.latency = latency;
    stack->link.timeout_10ms = timeout_10ms;
}

static void link_completed(struct sim_stack *stack, uint16_t connection, unsigned n_packets)
{
    unsigned *n_in_flight = NULL;

    if (stack->link.up && stack->link.connection == connection)
        n_in_flight = &stack->link.n_in_flight;
    else if (stack->corpse.there && stack->corpse.connection == connection)
        n_in_flight = &stack->corpse.n_in_flight;
    if (!n_in_flight)
        return;
    if (n_packets > *n_in_flight)
        n_packets = *n_in_flight;
    *n_in_flight -= n_packets;
    hci_buffers_freed(stack, n_packets);
}

static void link_vanish(struct sim_stack *stack)
{
    struct corpse *corpse = &stack->corpse;

    if (!stack->link.up)
        return;
    stack_tell(stack, "the link is dead");
    forget_link(stack);
    stack->link.last_reason = RIG_HCI_ERROR_CONNECTION_TIMEOUT;
    sim_ble_disconnect(stack->ble, SIM_HCI_TIMEOUT);
    if (!stack->config.virtual_controller) {
        hci_open(stack);
        return;
    }
    /* A second death within the first one's timeout: the controller has no more than these two links. */
    if (corpse->there)
        hci_disconnect(stack, corpse->connection, RIG_HCI_ERROR_CONNECTION_TIMEOUT);
    *corpse = (struct corpse){.there = true,
                              .connection = stack->link.connection,
                              .n_in_flight = stack->link.n_in_flight,
                              .due_us = stack->now_us + (uint64_t)stack->link.timeout_10ms * 10000u};
}

/* An emulated controller reports an advertisement once, at its beginning or at that of a scan, and hosts miss
 * it; to begin anew takes the place of a real one's repetitions. [SRC bluez emulator/btdev.c] */
static bool is_stale(const struct sim_stack *stack)
{
    return stack->config.virtual_controller && stack->hci.advertising &&
           stack->now_us >= stack->hci.repeat_us;
}

/* What the board said before it ended the connection leaves first. */
static void link_hang_up(struct sim_stack *stack)
{
    att_tick(stack);
    if (hci_room_frames(stack) < HCI_MAX_FRAMES || stack->link.n_in_flight > 0)
        return;
    link_end(stack, stack->ble->hung_up);
    stack->ble->hung_up = 0;
    stack->link.ending = true;
}

static void link_tick(struct sim_stack *stack)
{
    struct corpse *corpse = &stack->corpse;

    if (stack->link.up && stack->ble->hung_up)
        link_hang_up(stack);
    else if (stack->link.up && !stack->link.ending && !board_holds_link(stack))
        link_vanish(stack);
    if (corpse->there && stack->now_us >= corpse->due_us) {
        corpse->due_us = STACK_NEVER;
        hci_disconnect(stack, corpse->connection, RIG_HCI_ERROR_CONNECTION_TIMEOUT);
    }
    hci_advertise(stack,
                  stack->ble->advertising && !stack->ble->alive && !stack->link.up && !is_stale(stack));
}

static uint64_t link_due_us(const struct sim_stack *stack)
{
    uint64_t due_us = stack->corpse.there ? stack->corpse.due_us : STACK_NEVER;

    if (stack->config.virtual_controller && stack->hci.advertising && stack->hci.repeat_us < due_us)
        due_us = stack->hci.repeat_us;
    return due_us;
}

static void stack_build_table(struct sim_stack *stack)
{
    struct sim_gatt_plan plan = {.service_changed = !stack->config.no_service_changed};

    sim_ble_services(stack->ble, &plan.services);
    plan.n_ahead = stack->config.table_moves ? stack->ports.version(stack->ports.user).minor % 4u
                                             : plan.services.n_ahead;
    stack->n_tables = stack->ble->n_tables;
    plan.service_changed = plan.service_changed && !plan.services.no_service_changed;
    sim_gatt_build(&stack->table, &plan);
}

/* The firmware may have changed its services since. */
static void follow_table(struct sim_stack *stack)
{
    struct sim_gatt_table before;

    if (stack->n_tables == stack->ble->n_tables)
        return;
    before = stack->table;
    stack_build_table(stack);
    att_take_table(stack, &before);
}

static const struct stack_upper upper = {
    .connected = link_connected,
    .disconnected = link_disconnected,
    .encrypted = link_encrypted,
    .updated = link_updated,
    .completed = link_completed,
    .vanish = link_vanish,
    .packet = l2cap_receive,
    .att = att_receive,
    .security = sm_receive,
    .key_request = sm_key_request,
};

struct sim_stack *sim_stack_new(struct sim_ble *ble, const struct sim_stack_config *config,
                                const struct sim_stack_ports *ports, const char **why)
{
    struct sim_stack *stack;

    if ((ble->config.address[0] & 0xc0) != 0xc0) {
        *why = "the board's address is not static random: its first two bits are not set";
        return NULL;
    }
    stack = calloc(1, sizeof *stack);
    if (!stack) {
        *why = "no memory";
        return NULL;
    }
    stack->ble = ble;
    stack->upper = &upper;
    ble->has_host = true;
    stack->config = *config;
    stack->ports = *ports;
    stack_build_table(stack);
    misbehave_advertising(stack);
    return stack;
}

void sim_stack_free(struct sim_stack *stack)
{
    free(stack);
}

void sim_stack_open(struct sim_stack *stack, uint64_t now_us)
{
    stack->now_us = now_us;
    stack->corpse.there = false;
    hci_open(stack);
}

void sim_stack_close(struct sim_stack *stack, uint64_t now_us)
{
    stack->now_us = now_us;
    stack->hci.state = HCI_CLOSED;
    stack->corpse.there = false;
    if (stack->link.up)
        link_disconnected(stack, stack->link.connection, SIM_HCI_TIMEOUT);
}

bool sim_stack_leave(struct sim_stack *stack, uint64_t now_us)
{
    stack->now_us = now_us;
    if (stack->hci.state != HCI_READY || !stack->config.virtual_controller)
        return false;
    link_vanish(stack);
    if (stack->corpse.there && stack->corpse.due_us != STACK_NEVER) {
        stack->corpse.due_us = STACK_NEVER;
        hci_disconnect(stack, stack->corpse.connection, SIM_HCI_TIMEOUT);
    }
    return stack->corpse.there;
}

void sim_stack_receive(struct sim_stack *stack, uint64_t now_us, const uint8_t *bytes, size_t n_bytes)
{
    stack->now_us = now_us;
    hci_receive(stack, bytes, n_bytes);
}

void sim_stack_tick(struct sim_stack *stack, uint64_t now_us)
{
    stack->now_us = now_us;
    hci_tick(stack);
    if (stack->hci.state != HCI_READY)
        return;
    link_tick(stack);
    if (stack->link.up)
        follow_table(stack);
    att_release(stack);
    att_tick(stack);
    sm_tick(stack);
}

static uint64_t att_due_us(const struct sim_stack *stack)
{
    return stack->link.up && stack->att.indicating ? stack->att.confirm_due_us : STACK_NEVER;
}

static uint64_t sm_due_us(const struct sim_stack *stack)
{
    return stack->link.up && stack->sm.phase != SM_IDLE && stack->sm.phase != SM_DEAD ? stack->sm.due_us
                                                                                      : STACK_NEVER;
}

static uint64_t hci_due_us(const struct sim_stack *stack)
{
    return stack->hci.waiting ? stack->hci.answer_due_us : STACK_NEVER;
}

uint64_t sim_stack_due_us(const struct sim_stack *stack)
{
    const uint64_t dues[] = {hci_due_us(stack), link_due_us(stack), att_due_us(stack), sm_due_us(stack),
                             sim_pdu_faults_due_us(&stack->faults)};
    uint64_t first = STACK_NEVER;

    for (unsigned i = 0; i < sizeof dues / sizeof *dues; i++)
        if (dues[i] < first)
            first = dues[i];
    return first;
}

const char *sim_stack_fault(const struct sim_stack *stack)
{
    return stack->hci.state == HCI_FAILED ? stack->hci.fault : NULL;
}

bool sim_stack_ready(const struct sim_stack *stack)
{
    return stack->hci.state == HCI_READY;
}

/* --- lines of text from outside, and the state of the link as text --- */

#define MAX_WORDS 8
#define MAX_LINE_BYTES 256

struct words {
    unsigned n;
    char *word[MAX_WORDS];
    char text[MAX_LINE_BYTES];
};

static bool split(const char *line, struct words *words)
{
    char *rest = words->text;
    char *word;

    words->n = 0;
    if (strlen(line) >= sizeof words->text)
        return false;
    memcpy(words->text, line, strlen(line) + 1);
    while ((word = strtok_r(rest, " ", &rest))) {
        if (words->n == MAX_WORDS)
            return false;
        words->word[words->n++] = word;
    }
    return true;
}

/* true when the line's words begin with these. */
static bool begins(const struct words *words, const char *first, const char *second)
{
    return words->n >= 2 && strcmp(words->word[0], first) == 0 && strcmp(words->word[1], second) == 0;
}

static bool number(const struct words *words, unsigned index, unsigned long max, unsigned *value)
{
    char *end;
    unsigned long result;

    if (index >= words->n || words->word[index][0] == '-')
        return false;
    result = strtoul(words->word[index], &end, 0);
    if (*end || end == words->word[index] || result > max)
        return false;
    *value = (unsigned)result;
    return true;
}

static const char *disconnect(struct sim_stack *stack, const struct words *words)
{
    unsigned reason;

    if (!number(words, 2, 0xff, &reason))
        return "error: 'link disconnect REASON', a reason is an HCI code such as 0x13";
    link_end(stack, (uint8_t)reason);
    return "ok";
}

static const char *parameters(struct sim_stack *stack, const struct words *words)
{
    unsigned min, max, latency, timeout;

    if (!number(words, 2, 0xffff, &min) || !number(words, 3, 0xffff, &max) ||
        !number(words, 4, 0xffff, &latency) || !number(words, 5, 0xffff, &timeout))
        return "error: 'link parameters MIN MAX LATENCY TIMEOUT'";
    l2cap_ask_parameters(stack, (uint16_t)min, (uint16_t)max, (uint16_t)latency, (uint16_t)timeout);
    return "ok";
}

static const char *silence(struct sim_stack *stack, const struct words *words)
{
    bool on = words->n == 3 && strcmp(words->word[2], "on") == 0;

    if (!on && !(words->n == 3 && strcmp(words->word[2], "off") == 0))
        return "error: 'link silent on' or 'link silent off'";
    stack->link.silent = on;
    return "ok";
}

static const char *passkey(struct sim_stack *stack, const struct words *words,
                           bool (*take)(struct sim_stack *stack, uint32_t passkey))
{
    if (words->n != 3 || strspn(words->word[2], "0123456789") != 6 || strlen(words->word[2]) != 6)
        return "error: 'link passkey DIGITS' and 'link host-shows DIGITS' want six digits";
    return take(stack, (uint32_t)strtoul(words->word[2], NULL, 10)) ? "ok"
                                                                    : "error: nobody asked for a passkey";
}

static const char *confirm(struct sim_stack *stack, const struct words *words)
{
    bool yes = words->n == 3 && strcmp(words->word[2], "yes") == 0;

    if (!yes && !(words->n == 3 && strcmp(words->word[2], "no") == 0))
        return "error: 'link confirm yes' or 'link confirm no'";
    return sm_answer_comparison(stack, yes) ? "ok" : "error: there is nothing to confirm";
}

static const char *arm(struct sim_stack *stack, const struct words *words)
{
    static const char usage[] =
        "error: 'link fault KIND writes|notifications N [COUNT] [VALUE]' or 'link fault none'; "
        "kinds: drop, duplicate, delay, corrupt, truncate, reorder, disconnect, lost";
    struct sim_pdu_fault fault = {.n_times = 1};

    if (words->n < 5 || words->n > 7 || !sim_pdu_fault_kind_from_name(words->word[2], &fault.kind) ||
        !number(words, 4, UINT32_MAX, &fault.first))
        return usage;
    if (strcmp(words->word[3], "notifications") == 0)
        fault.direction = SIM_PDU_NOTIFICATIONS;
    else if (strcmp(words->word[3], "writes") != 0)
        return usage;
    fault.has_value = words->n == 7;
    if ((words->n >= 6 && !number(words, 5, UINT32_MAX, &fault.n_times)) ||
        (words->n == 7 && !number(words, 6, 1000000, &fault.value)))
        return usage;
    return sim_pdu_faults_arm(&stack->faults, &fault) ? "ok" : "error: there are sixteen faults already";
}

static bool from_hex(const char *text, uint8_t *bytes, size_t room, size_t *n_bytes)
{
    size_t n_digits = strlen(text);

    if (n_digits % 2 || n_digits / 2 > room || strspn(text, "0123456789abcdefABCDEF") != n_digits)
        return false;
    for (size_t i = 0; i < n_digits / 2; i++) {
        char pair[3] = {text[2 * i], text[2 * i + 1], '\0'};

        bytes[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    *n_bytes = n_digits / 2;
    return true;
}

static const char *send_raw(struct sim_stack *stack, const struct words *words)
{
    static const char *const channels[] = {"att", "signalling", "security"};
    uint8_t pdu[MAX_LINE_BYTES / 2];
    size_t n_bytes;

    for (unsigned i = 0; words->n == 4 && i < 3; i++)
        if (strcmp(words->word[2], channels[i]) == 0 && from_hex(words->word[3], pdu, sizeof pdu, &n_bytes))
            return hci_send_frame(stack, (uint16_t)(RIG_L2CAP_CID_ATT + i), pdu, n_bytes) ? "ok"
                                                                                          : "error: no room";
    return "error: 'link send att|signalling|security HEX'";
}

static const char *answer_raw(struct sim_stack *stack, const struct words *words)
{
    struct att_reply *forced = &stack->forced_answer;

    if (words->n != 3 || !from_hex(words->word[2], forced->bytes, sizeof forced->bytes, &forced->n_bytes))
        return "error: 'link answer HEX'";
    return "ok";
}

static const char *advertise_raw(struct sim_stack *stack, const struct words *words)
{
    struct own_advertising own = {.used = true};

    if ((words->n != 3 && words->n != 4) ||
        !from_hex(words->word[2], own.advertisement, sizeof own.advertisement, &own.n_advertisement) ||
        (words->n == 4 &&
         !from_hex(words->word[3], own.scan_response, sizeof own.scan_response, &own.n_scan_response)))
        return "error: 'link advertising HEX [HEX]', at most 31 bytes each";
    stack->own_advertising = own;
    hci_set_advertising_bytes(stack);
    return "ok";
}

/* Commands that need a link. NULL: there is no such command. */
static const char *on_link(struct sim_stack *stack, const struct words *words)
{
    if (begins(words, "link", "disconnect"))
        return disconnect(stack, words);
    if (begins(words, "link", "parameters"))
        return parameters(stack, words);
    if (begins(words, "link", "silent"))
        return silence(stack, words);
    if (begins(words, "link", "lost"))
        return stack->upper->vanish(stack), "ok";
    if (begins(words, "link", "send"))
        return send_raw(stack, words);
    if (begins(words, "link", "answer"))
        return answer_raw(stack, words);
    if (begins(words, "link", "security"))
        return sm_ask_security(stack), "ok";
    if (begins(words, "link", "passkey"))
        return passkey(stack, words, sm_type_passkey);
    if (begins(words, "link", "host-shows"))
        return passkey(stack, words, sm_central_shows);
    if (begins(words, "link", "confirm"))
        return confirm(stack, words);
    if (begins(words, "link", "service-changed"))
        return att_indicate_change(stack), "ok";
    return NULL;
}

static const char *damage_bonds(struct sim_stack *stack)
{
    for (unsigned i = 0; i < SIM_BLE_MAX_BONDS; i++)
        stack->ble->bonds[i].ltk[0] ^= 1;
    return "ok";
}

/* Ends the faults, and says what came of them. */
static void end_faults(struct sim_stack *stack, char *answer, size_t room)
{
    const struct sim_pdu_faults *faults = &stack->faults;
    size_t n_bytes = (size_t)snprintf(
        answer, room, "ok writes=%u notifications=%u struck=", faults->n_passed[SIM_PDU_WRITES],
        faults->n_passed[SIM_PDU_NOTIFICATIONS]);

    for (unsigned i = 0; i < faults->n && n_bytes < room; i++)
        n_bytes += (size_t)snprintf(answer + n_bytes, room - n_bytes, "%s%u", i ? "," : "",
                                    faults->armed[i].n_struck);
    sim_pdu_faults_end(&stack->faults);
}

/* "ok N ADDRESS/TYPE ..." */
static void list_bonds(const struct sim_stack *stack, char *answer, size_t room)
{
    unsigned n_bonds = 0;
    size_t n_bytes;

    for (unsigned i = 0; i < SIM_BLE_MAX_BONDS; i++)
        n_bonds += stack->ble->bonds[i].used;
    n_bytes = (size_t)snprintf(answer, room, "ok %u", n_bonds);
    for (unsigned i = 0; i < SIM_BLE_MAX_BONDS; i++) {
        const struct sim_bond *bond = &stack->ble->bonds[i];
        const uint8_t *at = bond->address;

        if (bond->used && n_bytes < room)
            n_bytes += (size_t)snprintf(
                answer + n_bytes, room - n_bytes, " %02X:%02X:%02X:%02X:%02X:%02X/%s%s%s", at[0], at[1],
                at[2], at[3], at[4], at[5], bond->address_type ? "random" : "public",
                bond->secure ? ",secure" : "", bond->authenticated ? ",authenticated" : "");
    }
}

static const char *run(struct sim_stack *stack, const struct words *words)
{
    const char *answer;

    if (begins(words, "bond", "forget"))
        return sim_ble_forget_bonds(stack->ble), "ok";
    if (begins(words, "bond", "damage"))
        return damage_bonds(stack);
    if (words->n == 0 || strcmp(words->word[0], "link") != 0)
        return "error: there are: bond list, bond forget, bond damage";
    if (begins(words, "link", "fault"))
        return arm(stack, words);
    if (begins(words, "link", "advertising"))
        return advertise_raw(stack, words);
    if (!stack->link.up && words->n > 1)
        return "error: there is no link";
    answer = on_link(stack, words);
    return answer ? answer
                  : "error: there are: link disconnect, lost, silent, parameters, security, service-changed, "
                    "passkey, host-shows, "
                    "confirm, fault, send, answer, advertising";
}

bool sim_stack_command(struct sim_stack *stack, uint64_t now_us, const char *line, char *answer, size_t room)
{
    struct words words;

    if (strncmp(line, "link", 4) != 0 && strncmp(line, "bond", 4) != 0)
        return false;
    stack->now_us = now_us;
    if (strcmp(line, "bond list") == 0) {
        list_bonds(stack, answer, room);
        return true;
    }
    if (strcmp(line, "link fault none") == 0) {
        end_faults(stack, answer, room);
        return true;
    }
    snprintf(answer, room, "%s", split(line, &words) ? run(stack, &words) : "error: too long");
    return true;
}

/* To one characteristic at least. */
static bool sim_ble_subscribed(const struct sim_ble *ble)
{
    for (unsigned i = 0; i < SIM_GATT_MAX_CHARACTERISTICS; i++)
        if (ble->subscribed[i])
            return true;
    return false;
}

void sim_stack_status(const struct sim_stack *stack, char *text, size_t room)
{
    const struct link *link = &stack->link;
    const uint8_t *peer = link->peer.bytes;
    unsigned n_bonds = 0;
    int n_bytes;

    for (unsigned i = 0; i < SIM_BLE_MAX_BONDS; i++)
        n_bonds += stack->ble->bonds[i].used;
    n_bytes = snprintf(text, room,
                       " controller=%s advertising=%s bonds=%u faults-struck=%u link=%s last-reason=0x%02x",
                       stack->hci.state == HCI_READY        ? "ready"
                       : stack->hci.state == HCI_SETTING_UP ? "starting"
                                                            : "gone",
                       stack->hci.advertising ? "yes" : "no", n_bonds, stack->faults.n_struck,
                       link->up ? "up" : "down", link->last_reason);
    if (link->up && n_bytes > 0 && (size_t)n_bytes < room)
        snprintf(text + n_bytes, room - (size_t)n_bytes,
                 " central=%02X:%02X:%02X:%02X:%02X:%02X mtu=%u encrypted=%s authenticated=%s subscribed=%s "
                 "interval=%u latency=%u timeout=%u",
                 peer[5], peer[4], peer[3], peer[2], peer[1], peer[0], stack->att.mtu,
                 link->encrypted ? "yes" : "no", link->authenticated ? "yes" : "no",
                 sim_ble_subscribed(stack->ble) ? "yes" : "no", link->interval, link->latency,
                 link->timeout_10ms);
}
