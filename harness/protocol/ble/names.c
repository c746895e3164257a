/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables of names. */
#include "protocol/ble/names.h"

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
#define FIND(table, number) find(table, sizeof table / sizeof *table, number)

static const struct entry reasons[] = {
    {0x00, "success"},
    {0x01, "unknown command"},
    {0x02, "unknown connection"},
    {0x03, "hardware failure"},
    {0x05, "authentication failure"},
    {0x06, "PIN or key missing"},
    {0x07, "memory exceeded"},
    {0x08, "supervision time-out"},
    {0x09, "connection limit exceeded"},
    {0x0B, "connection exists already"},
    {0x0C, "command disallowed"},
    {0x0D, "rejected: limited resources"},
    {0x0E, "rejected: security"},
    {0x11, "unsupported feature or parameter"},
    {0x12, "invalid parameters"},
    {0x13, "remote user terminated"},
    {0x14, "remote device low on resources"},
    {0x15, "remote device powers off"},
    {0x16, "terminated by local host"},
    {0x17, "repeated attempts"},
    {0x18, "pairing not allowed"},
    {0x1A, "unsupported remote feature"},
    {0x1F, "unspecified error"},
    {0x20, "unsupported link-layer parameter"},
    {0x22, "link-layer response time-out"},
    {0x23, "link-layer procedure collision"},
    {0x28, "instant passed"},
    {0x29, "pairing with unit key not supported"},
    {0x2A, "different transaction collision"},
    {0x2F, "insufficient security"},
    {0x3A, "controller busy"},
    {0x3B, "unacceptable connection parameters"},
    {0x3C, "advertising time-out"},
    {0x3D, "MIC failure"},
    {0x3E, "connection failed to be established"},
    {0x43, "limit reached"},
    {0x44, "cancelled by host"},
};

static const struct entry commands[] = {
    {0x0406, "Disconnect"},
    {0x041D, "Read Remote Version Information"},
    {0x0C01, "Set Event Mask"},
    {0x0C03, "Reset"},
    {0x0C13, "Write Local Name"},
    {0x0C14, "Read Local Name"},
    {0x0C33, "Host Buffer Size"},
    {0x0C35, "Host Number of Completed Packets"},
    {0x0C63, "Set Event Mask Page 2"},
    {0x0C6D, "Write LE Host Supported"},
    {0x1001, "Read Local Version Information"},
    {0x1002, "Read Local Supported Commands"},
    {0x1003, "Read Local Supported Features"},
    {0x1005, "Read Buffer Size"},
    {0x1009, "Read BD_ADDR"},
    {0x1405, "Read RSSI"},
    {0x2001, "LE Set Event Mask"},
    {0x2002, "LE Read Buffer Size"},
    {0x2003, "LE Read Local Supported Features"},
    {0x2005, "LE Set Random Address"},
    {0x2006, "LE Set Advertising Parameters"},
    {0x2007, "LE Read Advertising TX Power"},
    {0x2008, "LE Set Advertising Data"},
    {0x2009, "LE Set Scan Response Data"},
    {0x200A, "LE Set Advertising Enable"},
    {0x200B, "LE Set Scan Parameters"},
    {0x200C, "LE Set Scan Enable"},
    {0x200D, "LE Create Connection"},
    {0x200E, "LE Create Connection Cancel"},
    {0x200F, "LE Read Filter Accept List Size"},
    {0x2010, "LE Clear Filter Accept List"},
    {0x2011, "LE Add Device To Filter Accept List"},
    {0x2012, "LE Remove Device From Filter Accept List"},
    {0x2013, "LE Connection Update"},
    {0x2016, "LE Read Remote Features"},
    {0x2017, "LE Encrypt"},
    {0x2018, "LE Rand"},
    {0x2019, "LE Start Encryption"},
    {0x201A, "LE Long Term Key Request Reply"},
    {0x201B, "LE Long Term Key Request Negative Reply"},
    {0x201C, "LE Read Supported States"},
    {0x2020, "LE Remote Connection Parameter Request Reply"},
    {0x2021, "LE Remote Connection Parameter Request Negative Reply"},
    {0x2022, "LE Set Data Length"},
    {0x2023, "LE Read Suggested Default Data Length"},
    {0x2024, "LE Write Suggested Default Data Length"},
    {0x2025, "LE Read Local P-256 Public Key"},
    {0x2026, "LE Generate DHKey"},
    {0x2027, "LE Add Device To Resolving List"},
    {0x2028, "LE Remove Device From Resolving List"},
    {0x2029, "LE Clear Resolving List"},
    {0x202D, "LE Set Address Resolution Enable"},
    {0x202E, "LE Set Resolvable Private Address Time-out"},
    {0x202F, "LE Read Maximum Data Length"},
    {0x2031, "LE Set Default PHY"},
    {0x2032, "LE Set PHY"},
    {0x2035, "LE Set Advertising Set Random Address"},
    {0x2036, "LE Set Extended Advertising Parameters"},
    {0x2037, "LE Set Extended Advertising Data"},
    {0x2038, "LE Set Extended Scan Response Data"},
    {0x2039, "LE Set Extended Advertising Enable"},
    {0x203C, "LE Remove Advertising Set"},
    {0x203D, "LE Clear Advertising Sets"},
    {0x2041, "LE Set Extended Scan Parameters"},
    {0x2042, "LE Set Extended Scan Enable"},
    {0x2043, "LE Extended Create Connection"},
    {0x204E, "LE Set Privacy Mode"},
};

static const struct entry events[] = {
    {0x05, "Disconnection Complete"},
    {0x08, "Encryption Change"},
    {0x0C, "Read Remote Version Information Complete"},
    {0x0E, "Command Complete"},
    {0x0F, "Command Status"},
    {0x10, "Hardware Error"},
    {0x13, "Number of Completed Packets"},
    {0x1A, "Data Buffer Overflow"},
    {0x30, "Encryption Key Refresh Complete"},
    {0x3E, "LE Meta"},
    {0x57, "Authenticated Payload Time-out Expired"},
    {0x59, "Encryption Change (version 2)"},
    {0xFF, "vendor event"},
};

static const struct entry le_events[] = {
    {0x01, "LE Connection Complete"},         {0x02, "LE Advertising Report"},
    {0x03, "LE Connection Update Complete"},  {0x04, "LE Read Remote Features Complete"},
    {0x05, "LE Long Term Key Request"},       {0x06, "LE Remote Connection Parameter Request"},
    {0x07, "LE Data Length Change"},          {0x08, "LE Read Local P-256 Public Key Complete"},
    {0x09, "LE Generate DHKey Complete"},     {0x0A, "LE Enhanced Connection Complete"},
    {0x0B, "LE Directed Advertising Report"}, {0x0C, "LE PHY Update Complete"},
    {0x0D, "LE Extended Advertising Report"}, {0x11, "LE Scan Time-out"},
    {0x12, "LE Advertising Set Terminated"},  {0x13, "LE Scan Request Received"},
    {0x14, "LE Channel Selection Algorithm"},
};

static const struct entry att_opcodes[] = {
    {0x01, "Error Response"},
    {0x02, "Exchange MTU Request"},
    {0x03, "Exchange MTU Response"},
    {0x04, "Find Information Request"},
    {0x05, "Find Information Response"},
    {0x06, "Find By Type Value Request"},
    {0x07, "Find By Type Value Response"},
    {0x08, "Read By Type Request"},
    {0x09, "Read By Type Response"},
    {0x0A, "Read Request"},
    {0x0B, "Read Response"},
    {0x0C, "Read Blob Request"},
    {0x0D, "Read Blob Response"},
    {0x0E, "Read Multiple Request"},
    {0x0F, "Read Multiple Response"},
    {0x10, "Read By Group Type Request"},
    {0x11, "Read By Group Type Response"},
    {0x12, "Write Request"},
    {0x13, "Write Response"},
    {0x16, "Prepare Write Request"},
    {0x17, "Prepare Write Response"},
    {0x18, "Execute Write Request"},
    {0x19, "Execute Write Response"},
    {0x1B, "Notification"},
    {0x1D, "Indication"},
    {0x1E, "Confirmation"},
    {0x20, "Read Multiple Variable Request"},
    {0x21, "Read Multiple Variable Response"},
    {0x23, "Multiple Notification"},
    {0x52, "Write Command"},
    {0xD2, "Signed Write Command"},
};

static const struct entry att_errors[] = {
    {0x01, "invalid handle"},
    {0x02, "read not permitted"},
    {0x03, "write not permitted"},
    {0x04, "invalid PDU"},
    {0x05, "insufficient authentication"},
    {0x06, "request not supported"},
    {0x07, "invalid offset"},
    {0x08, "insufficient authorization"},
    {0x09, "prepare queue full"},
    {0x0A, "attribute not found"},
    {0x0B, "attribute not long"},
    {0x0C, "encryption key too short"},
    {0x0D, "invalid value length"},
    {0x0E, "unlikely error"},
    {0x0F, "insufficient encryption"},
    {0x10, "unsupported group type"},
    {0x11, "insufficient resources"},
    {0x12, "database out of sync"},
    {0x13, "value not allowed"},
    {0xFC, "write request rejected"},
    {0xFD, "CCC improperly configured"},
    {0xFE, "procedure in progress"},
    {0xFF, "out of range"},
};

static const struct entry sm_codes[] = {
    {0x01, "Pairing Request"},        {0x02, "Pairing Response"},      {0x03, "Pairing Confirm"},
    {0x04, "Pairing Random"},         {0x05, "Pairing Failed"},        {0x06, "Encryption Information"},
    {0x07, "Central Identification"}, {0x08, "Identity Information"},  {0x09, "Identity Address"},
    {0x0A, "Signing Information"},    {0x0B, "Security Request"},      {0x0C, "Pairing Public Key"},
    {0x0D, "Pairing DHKey Check"},    {0x0E, "Keypress Notification"},
};

static const struct entry sm_reasons[] = {
    {0x01, "passkey entry failed"},
    {0x02, "no out-of-band data"},
    {0x03, "authentication requirements"},
    {0x04, "confirm value failed"},
    {0x05, "pairing not supported"},
    {0x06, "encryption key size"},
    {0x07, "command not supported"},
    {0x08, "unspecified reason"},
    {0x09, "repeated attempts"},
    {0x0A, "invalid parameters"},
    {0x0B, "DHKey check failed"},
    {0x0C, "numeric comparison failed"},
    {0x0D, "BR/EDR pairing in progress"},
    {0x0E, "cross-transport key not allowed"},
    {0x0F, "key rejected"},
};

static const struct entry signals[] = {
    {0x01, "Command Reject"},
    {0x06, "Disconnection Request"},
    {0x07, "Disconnection Response"},
    {0x12, "Connection Parameter Update Request"},
    {0x13, "Connection Parameter Update Response"},
    {0x14, "LE Credit Based Connection Request"},
    {0x15, "LE Credit Based Connection Response"},
    {0x16, "Flow Control Credit"},
    {0x17, "Credit Based Connection Request"},
    {0x18, "Credit Based Connection Response"},
};

static const struct entry uuids[] = {
    {0x1800, "GAP service"},
    {0x1801, "GATT service"},
    {0x180A, "Device Information service"},
    {0x2800, "primary service"},
    {0x2801, "secondary service"},
    {0x2802, "include"},
    {0x2803, "characteristic"},
    {0x2902, "CCC descriptor"},
    {0x2A00, "Device Name"},
    {0x2A01, "Appearance"},
    {0x2A05, "Service Changed"},
    {0x2AA6, "Central Address Resolution"},
    {0x2B29, "Client Supported Features"},
    {0x2B2A, "Database Hash"},
    {0x2B3A, "Server Supported Features"},
    {0xFE59, "Nordic DFU service"},
};

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
