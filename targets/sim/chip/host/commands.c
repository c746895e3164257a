/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines of text from outside, and the state of the link as text. */
#include "sim/chip/host/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
