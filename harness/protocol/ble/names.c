/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables of names. */
#include "protocol/ble/names.h"

#include "protocol/ble/codes.h"

#include <stddef.h>
#include <string.h>

struct entry {
    uint16_t number;
    const char *text;
};

static const char *find(const struct entry *entries, size_t n_entries, uint16_t number)
{
    for (size_t i = 0; i < n_entries; i++)
        if (entries[i].number == number)
            return entries[i].text;
    return NULL;
}
#define ENTRY(constant, number, text) {number, text},
#define FIND(table, number) find(table, sizeof table / sizeof *table, number)

static const struct entry reasons[] = {RIG_HCI_ERRORS(ENTRY)};
static const struct entry commands[] = {RIG_HCI_COMMANDS(ENTRY)};
static const struct entry events[] = {RIG_HCI_EVENTS(ENTRY)};
static const struct entry le_events[] = {RIG_HCI_LE_EVENTS(ENTRY)};
static const struct entry att_opcodes[] = {RIG_ATT_OPCODES(ENTRY)};
static const struct entry att_errors[] = {RIG_ATT_ERRORS(ENTRY)};
static const struct entry sm_codes[] = {RIG_SM_CODES(ENTRY)};
static const struct entry sm_reasons[] = {RIG_SM_REASONS(ENTRY)};
static const struct entry signals[] = {RIG_L2CAP_SIGNALS(ENTRY)};
static const struct entry uuids[] = {RIG_UUIDS(ENTRY)};

static const struct {
    uint8_t uuid[16];
    const char *text;
} long_uuids[] = {
    {{0x84, 0xaa, 0x60, 0x74, 0x52, 0x8a, 0x8b, 0x86, 0xd3, 0x4c, 0xb7, 0x1d, 0x1d, 0xdc, 0x53, 0x8d},
     "SMP service"},
    {{0x48, 0x7c, 0x99, 0x74, 0x11, 0x26, 0x9e, 0xae, 0x01, 0x4e, 0xce, 0xfb, 0x28, 0x78, 0x2e, 0xda},
     "SMP characteristic"},
    {{0x50, 0xea, 0xda, 0x30, 0x88, 0x83, 0xb8, 0x9f, 0x60, 0x4f, 0x15, 0xf3, 0x01, 0x00, 0xc9, 0x8e},
     "Nordic DFU control point"},
    {{0x50, 0xea, 0xda, 0x30, 0x88, 0x83, 0xb8, 0x9f, 0x60, 0x4f, 0x15, 0xf3, 0x02, 0x00, 0xc9, 0x8e},
     "Nordic DFU packet"},
    {{0x50, 0xea, 0xda, 0x30, 0x88, 0x83, 0xb8, 0x9f, 0x60, 0x4f, 0x15, 0xf3, 0x03, 0x00, 0xc9, 0x8e},
     "Nordic buttonless DFU"},
    {{0x50, 0xea, 0xda, 0x30, 0x88, 0x83, 0xb8, 0x9f, 0x60, 0x4f, 0x15, 0xf3, 0x04, 0x00, 0xc9, 0x8e},
     "Nordic buttonless DFU with bonds"},
    {{0x23, 0xd1, 0xbc, 0xea, 0x5f, 0x78, 0x23, 0x15, 0xde, 0xef, 0x12, 0x12, 0x30, 0x15, 0x00, 0x00},
     "Nordic legacy DFU service"},
    {{0x23, 0xd1, 0xbc, 0xea, 0x5f, 0x78, 0x23, 0x15, 0xde, 0xef, 0x12, 0x12, 0x31, 0x15, 0x00, 0x00},
     "Nordic legacy DFU control point"},
    {{0x23, 0xd1, 0xbc, 0xea, 0x5f, 0x78, 0x23, 0x15, 0xde, 0xef, 0x12, 0x12, 0x32, 0x15, 0x00, 0x00},
     "Nordic legacy DFU packet"},
    {{0x23, 0xd1, 0xbc, 0xea, 0x5f, 0x78, 0x23, 0x15, 0xde, 0xef, 0x12, 0x12, 0x33, 0x15, 0x00, 0x00},
     "Nordic legacy DFU status report"},
    {{0x23, 0xd1, 0xbc, 0xea, 0x5f, 0x78, 0x23, 0x15, 0xde, 0xef, 0x12, 0x12, 0x34, 0x15, 0x00, 0x00},
     "Nordic legacy DFU version"},
    {{0x50, 0xea, 0xda, 0x30, 0x88, 0x83, 0xb8, 0x9f, 0x60, 0x4f, 0x15, 0xf3, 0x01, 0x00, 0x40, 0x8e},
     "Nordic buttonless DFU, experimental"},
};

const char *rig_hci_reason_text(uint8_t code)
{
    return FIND(reasons, code);
}

const char *rig_hci_command_name(uint16_t opcode)
{
    return FIND(commands, opcode);
}

const char *rig_hci_event_name(uint8_t code)
{
    return FIND(events, code);
}

const char *rig_hci_le_event_name(uint8_t subevent)
{
    return FIND(le_events, subevent);
}

const char *rig_att_opcode_name(uint8_t opcode)
{
    return FIND(att_opcodes, opcode);
}

const char *rig_att_error_text(uint8_t code)
{
    const char *text = FIND(att_errors, code);

    return !text && code >= 0x80 && code <= 0x9f ? "application error" : text;
}

const char *rig_sm_code_name(uint8_t code)
{
    return FIND(sm_codes, code);
}

const char *rig_sm_reason_text(uint8_t reason)
{
    return FIND(sm_reasons, reason);
}

const char *rig_l2cap_signal_name(uint8_t code)
{
    return FIND(signals, code);
}

const char *rig_ble_uuid16_name(uint16_t uuid)
{
    return FIND(uuids, uuid);
}

const char *rig_ble_uuid128_name(const uint8_t uuid[16])
{
    for (size_t i = 0; i < sizeof long_uuids / sizeof *long_uuids; i++)
        if (memcmp(long_uuids[i].uuid, uuid, 16) == 0)
            return long_uuids[i].text;
    return NULL;
}
