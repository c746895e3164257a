/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nordic DFU in the values of attributes: control points of the secure and the legacy protocol, packets, and
 * the buttonless characteristics. Facts: [SRC nRF5 SDK 17.0.2 nrf_dfu_req_handler.c, ble_dfu.h; SDK 11
 * dfu_types.h]. */
#include "protocol/ble/parts.h"

#include "base/bytes.h"

#include <string.h>

#define LEGACY_RESPONSE 0x10u
#define LEGACY_RECEIPT 0x11u
#define SECURE_RESPONSE 0x60u
#define BUTTONLESS_RESPONSE 0x20u
#define EXTENDED_ERROR 0x0bu
#define SUCCESS 1u
/* Receive buffers of the nRF51 bootloaders [SRC SDK 11 hci_mem_pool_internal.h]. */
#define LEGACY_POOL_PACKETS 8u

struct word {
    uint8_t code;
    const char *text, *remedy; /* remedy NULL: nothing to add */
};

static const struct word *find(const struct word *words, size_t n_words, uint8_t code)
{
    for (size_t i = 0; i < n_words; i++) {
        if (words[i].code == code)
            return &words[i];
    }
    return NULL;
}
#define FIND(words, code) find(words, sizeof words / sizeof *words, code)

static const struct word secure_ops[] = {
    {0x00, "protocol version", NULL}, {0x01, "create object", NULL},    {0x02, "set PRN", NULL},
    {0x03, "get CRC", NULL},          {0x04, "execute", NULL},          {0x06, "select object", NULL},
    {0x07, "get MTU", NULL},          {0x08, "write object", NULL},     {0x09, "ping", NULL},
    {0x0A, "hardware version", NULL}, {0x0B, "firmware version", NULL}, {0x0C, "abort", NULL},
};

static const struct word secure_results[] = {
    {0x00, "invalid code", NULL},
    {0x01, "success", NULL},
    {0x02, "operation not supported", "bootloaders over BLE leave out version, MTU and ping"},
    {0x03, "invalid parameter",
     "a size of 0, one that is no whole page before the last object, or more bytes than were created"},
    {0x04, "insufficient resources", "the object or the firmware is larger than the bootloader takes"},
    {0x05, "invalid object",
     "the init packet does not decode, its signature is wrong for the bootloader's key, or the boot "
     "validation "
     "failed; make the package with the key and for the kind that the bootloader was built with"},
    {0x07, "unsupported object type", NULL},
    {0x08, "operation not permitted in this state",
     "an object was not complete, or data came before a valid init packet: select, and begin again from "
     "there"},
    {0x0A, "operation failed", "as a rule the signature in the init packet has not 64 bytes"},
};

static const struct word extended_errors[] = {
    {0x00, "no extended code", NULL},
    {0x01, "invalid extended code", NULL},
    {0x02, "wrong command format", NULL},
    {0x03, "unknown command", NULL},
    {0x04, "init command invalid",
     "type, sizes, hardware or firmware version are missing in the init packet"},
    {0x05, "firmware version too low",
     "the bootloader takes no older version: raise the version in the package"},
    {0x06, "hardware version mismatch", "the package is for another chip: 52 for nRF52, 51 for nRF51"},
    {0x07, "SoftDevice not accepted",
     "the package names other SoftDevices than the board has: give the right firmware id when packing"},
    {0x08, "signature missing", "the bootloader takes signed packages only"},
    {0x09, "wrong hash type", "it must be SHA-256"},
    {0x0A, "hash failed", NULL},
    {0x0B, "wrong signature type", "it must be ECDSA P-256"},
    {0x0C, "verification failed",
     "the image that arrived is not the one of the init packet: bytes were lost, or the two do not belong "
     "together"},
    {0x0D, "insufficient space", NULL},
    {0x0E, "this firmware is there already", NULL},
};

static const struct word legacy_ops[] = {
    {0x01, "start", NULL},
    {0x02, "init parameters", NULL},
    {0x03, "receive firmware", NULL},
    {0x04, "validate", NULL},
    {0x05, "activate and reset", NULL},
    {0x06, "reset", NULL},
    {0x07, "report received size", NULL},
    {0x08, "set PRN", NULL},
};

static const struct word legacy_results[] = {
    {1, "success", NULL},
    {2, "invalid state", "an operation out of its order: reset the bootloader and begin again"},
    {3, "not supported",
     "a start packet that has not 12 bytes, a size that is no multiple of 4, or an application together with "
     "a "
     "SoftDevice"},
    {4, "data size exceeds limit", "the image is larger than the bank, or more came than was announced"},
    {5, "CRC error", "what arrived is not what the init packet names: bytes were lost; send it again"},
    {6, "operation failed", NULL},
};

static const struct word buttonless_ops[] = {
    {0x01, "enter bootloader", NULL},
    {0x02, "set advertising name", NULL},
};

static const struct word buttonless_results[] = {
    {0x00, "invalid operation", NULL},
    {0x01, "success", NULL},
    {0x02, "operation not supported", "an application that shares its bond takes no name"},
    {0x04, "operation failed",
     "with bonds: the peer data of the last update are still marked as used; start the application once by a "
     "normal "
     "boot through the bootloader, and try again"},
    {0x05, "advertising name invalid", "1 to 20 bytes are taken"},
    {0x06, "busy", "an operation is still running: wait, and ask again"},
    {0x07, "not bonded", "pair first"},
};

static void add_word(struct rig_line *line, const struct word *word, const char *what, uint8_t code)
{
    if (word)
        rig_line_add(line, " %s", word->text);
    else
        rig_line_add(line, " %s 0x%02x", what, code);
}

static void explain(struct rig_ble_reading *reading, const struct word *word)
{
    struct rig_line line = rig_line_begin(reading->explanation, sizeof reading->explanation);

    if (word)
        rig_line_add(&line, "%s%s%s", word->text, word->remedy ? ": " : "", word->remedy ? word->remedy : "");
}

/* ---- secure ---- */

static void tell_secure_request(struct rig_ble_dfu *dfu, struct rig_ble_cursor *cursor, struct rig_line *line)
{
    uint8_t op = rig_ble_take8(cursor);

    add_word(line, FIND(secure_ops, op), "operation", op);
    dfu->op = op;
    if (op == 0x01 || op == 0x06) {
        dfu->type = rig_ble_take8(cursor);
        rig_line_add(line, ", %s",
                     dfu->type == 1   ? "command (init packet)"
                     : dfu->type == 2 ? "data"
                                      : "unknown type");
    }
    if (op == 0x01 && cursor->n_left >= 4) {
        dfu->n_created = rig_get_le32(rig_ble_take(cursor, 4));
        dfu->n_sent = 0;
        rig_line_add(line, ", %u bytes", (unsigned)dfu->n_created);
    } else if (op == 0x02) {
        rig_line_add(line, " %u", rig_ble_take16(cursor));
    }
}

static void tell_crc(struct rig_ble_dfu *dfu, const uint8_t *at, size_t n_left, struct rig_line *line,
                     struct rig_ble_reading *reading)
{
    struct rig_line why = rig_line_begin(reading->explanation, sizeof reading->explanation);
    uint32_t offset;

    if (n_left < 8)
        return;
    offset = rig_get_le32(at);
    rig_line_add(line, ", offset %u, CRC 0x%08x", (unsigned)offset, (unsigned)rig_get_le32(at + 4));
    /* Only the init packet's offset counts from the begin of its object. */
    if (dfu->op == 0x03 && dfu->type == 1 && offset < dfu->n_sent)
        rig_line_add(&why,
                     "%u of the %u bytes that were written arrived: packets were lost; create the object "
                     "again, with a PRN or slower",
                     (unsigned)offset, (unsigned)dfu->n_sent);
    else if (dfu->op == 0x03 && dfu->type == 1 && offset < dfu->n_created)
        rig_line_add(&why,
                     "%u of %u bytes are there: the object is not complete, and execute will be refused",
                     (unsigned)offset, (unsigned)dfu->n_created);
}

static void tell_secure_response(struct rig_ble_dfu *dfu, struct rig_ble_cursor *cursor,
                                 struct rig_line *line, struct rig_ble_reading *reading)
{
    uint8_t op = rig_ble_take8(cursor), result = rig_ble_take8(cursor), extended;

    dfu->answered = dfu->op == op;
    rig_line_add(line, " response:");
    add_word(line, FIND(secure_ops, op), "operation", op);
    rig_line_add(line, ":");
    if (result == EXTENDED_ERROR && cursor->n_left) {
        extended = rig_ble_take8(cursor);
        add_word(line, FIND(extended_errors, extended), "extended error", extended);
        explain(reading, FIND(extended_errors, extended));
        return;
    }
    add_word(line, FIND(secure_results, result), "result", result);
    if (result != SUCCESS) {
        explain(reading, FIND(secure_results, result));
    } else if (op == 0x06 && cursor->n_left >= 12) {
        rig_line_add(line, ", at most %u bytes", (unsigned)rig_get_le32(cursor->at));
        tell_crc(dfu, cursor->at + 4, cursor->n_left - 4, line, reading);
    } else if (op == 0x03) {
        tell_crc(dfu, cursor->at, cursor->n_left, line, reading);
    }
}

/* ---- legacy ---- */

static void tell_legacy_request(struct rig_ble_dfu *dfu, struct rig_ble_cursor *cursor, struct rig_line *line)
{
    uint8_t op = rig_ble_take8(cursor), byte;

    add_word(line, FIND(legacy_ops, op), "operation", op);
    dfu->op = op;
    if (op == 0x01 && cursor->n_left) {
        byte = rig_ble_take8(cursor);
        rig_line_add(line, "%s%s%s", byte & 1 ? ", SoftDevice" : "", byte & 2 ? ", bootloader" : "",
                     byte & 4 ? ", application" : "");
    } else if (op == 0x02 && cursor->n_left) {
        rig_line_add(line, ", %s", rig_ble_take8(cursor) ? "complete" : "begin");
    } else if (op == 0x08) {
        dfu->prn = rig_ble_take16(cursor);
        rig_line_add(line, " %u", dfu->prn);
    }
    if (op == 0x01 || op == 0x03)
        dfu->n_sent = 0;
}

static void explain_legacy_failure(const struct rig_ble_dfu *dfu, uint8_t op, struct rig_ble_reading *reading)
{
    struct rig_line line = rig_line_begin(reading->explanation, sizeof reading->explanation);

    if (op == 0x03)
        rig_line_add(
            &line,
            "operation failed while receiving: packets came faster than the flash takes them (PRN %u; the "
            "bootloader has %u buffers); ask for a receipt after fewer packets, or send slower",
            dfu->prn, LEGACY_POOL_PACKETS);
    else
        rig_line_add(&line,
                     "operation failed: the bootloader refused the init packet (device type, revision or "
                     "SoftDevice of the package are not the board's)");
}

static void tell_legacy_response(struct rig_ble_dfu *dfu, struct rig_ble_cursor *cursor,
                                 struct rig_line *line, struct rig_ble_reading *reading)
{
    uint8_t op = rig_ble_take8(cursor), result = rig_ble_take8(cursor);

    rig_line_add(line, " response:");
    add_word(line, FIND(legacy_ops, op), "operation", op);
    rig_line_add(line, ":");
    add_word(line, FIND(legacy_results, result), "status", result);
    dfu->answered = dfu->op == op;
    if (op == 0x07 && cursor->n_left >= 4)
        rig_line_add(line, ", %u bytes", (unsigned)rig_get_le32(cursor->at));
    if (result == 6)
        explain_legacy_failure(dfu, op, reading);
    else if (result != SUCCESS)
        explain(reading, FIND(legacy_results, result));
}

/* ---- buttonless ---- */

static void tell_buttonless(struct rig_ble_dfu *dfu, struct rig_ble_cursor *cursor, struct rig_line *line)
{
    uint8_t op = rig_ble_take8(cursor);

    add_word(line, FIND(buttonless_ops, op), "operation", op);
    dfu->op = op;
    if (op != 0x02)
        return;
    rig_line_add(line, " \"");
    rig_ble_take8(cursor);
    rig_line_add_text(line, cursor->at, cursor->n_left, 20);
    rig_line_add(line, "\"");
}

static void tell_buttonless_response(struct rig_ble_dfu *dfu, struct rig_ble_cursor *cursor,
                                     struct rig_line *line, struct rig_ble_reading *reading)
{
    uint8_t op = rig_ble_take8(cursor), result = rig_ble_take8(cursor);
    struct rig_line why = rig_line_begin(reading->explanation, sizeof reading->explanation);

    rig_line_add(line, " response:");
    add_word(line, FIND(buttonless_ops, op), "operation", op);
    rig_line_add(line, ":");
    add_word(line, FIND(buttonless_results, result), "result", result);
    dfu->answered = dfu->op == op;
    if (result != SUCCESS)
        explain(reading, FIND(buttonless_results, result));
    else if (op == 0x01)
        rig_line_add(
            &why,
            dfu->buttonless_bonds
                ? "the board goes to its bootloader now: same address, encrypted with the bond; its "
                  "attributes are others than the application's"
                : "the board goes to its bootloader now: look for its own address + 1 in the last byte");
}

/* ---- all ---- */

static void read_control(struct rig_ble_dfu *dfu, unsigned half, struct rig_ble_cursor cursor,
                         struct rig_line *line, struct rig_ble_reading *reading)
{
    uint8_t first = cursor.n_left ? cursor.at[0] : 0;

    rig_line_add(line, ": DFU");
    if (half == 0) {
        dfu->answered = false;
        if (dfu->legacy)
            tell_legacy_request(dfu, &cursor, line);
        else
            tell_secure_request(dfu, &cursor, line);
    } else if (first == (dfu->legacy ? LEGACY_RESPONSE : SECURE_RESPONSE)) {
        rig_ble_take8(&cursor);
        if (dfu->legacy)
            tell_legacy_response(dfu, &cursor, line, reading);
        else
            tell_secure_response(dfu, &cursor, line, reading);
    } else if (dfu->legacy && first == LEGACY_RECEIPT && cursor.n_left >= 5) {
        rig_line_add(line, " receipt: %u bytes received", (unsigned)rig_get_le32(cursor.at + 1));
    } else {
        rig_line_add(line, " value that no control point sends");
    }
    if (cursor.over)
        rig_line_add(line, " (malformed: too short)");
}

static void read_packet(struct rig_ble_dfu *dfu, struct rig_ble_cursor cursor, struct rig_line *line)
{
    static const char *const sizes[] = {"SoftDevice", "bootloader", "application"};

    dfu->n_sent += (uint32_t)cursor.n_left;
    rig_line_add(line, ", %zu bytes: DFU packet", cursor.n_left);
    if (!dfu->legacy || dfu->op != 0x01 || cursor.n_left != 12)
        return;
    rig_line_add(line, ", sizes");
    for (size_t i = 0; i < 3; i++)
        rig_line_add(line, "%s %s %u", i ? "," : ":", sizes[i], (unsigned)rig_get_le32(cursor.at + 4 * i));
}

bool rig_ble_read_dfu(struct rig_ble_connection *connection, unsigned half, uint16_t handle,
                      struct rig_ble_cursor value, struct rig_line *line, struct rig_ble_reading *reading)
{
    struct rig_ble_dfu *dfu = &connection->dfu;

    if (handle == 0)
        return false;
    if (handle == dfu->control) {
        read_control(dfu, half, value, line, reading);
        return true;
    }
    if (handle == dfu->packet) {
        read_packet(dfu, value, line);
        return true;
    }
    if (handle != dfu->buttonless)
        return false;
    rig_line_add(line, ": DFU");
    dfu->answered = half == 1;
    if (half == 0)
        tell_buttonless(dfu, &value, line);
    else if (rig_ble_take8(&value) == BUTTONLESS_RESPONSE)
        tell_buttonless_response(dfu, &value, line, reading);
    if (value.over)
        rig_line_add(line, " (malformed: too short)");
    return true;
}

void rig_ble_learn_dfu(struct rig_ble_dfu *dfu, uint16_t value_handle, const char *name)
{
    bool known = name && strncmp(name, "Nordic ", 7) == 0;

    /* A table discovered anew: what the handle meant before is over. */
    if (dfu->control == value_handle)
        dfu->control = 0;
    if (dfu->packet == value_handle)
        dfu->packet = 0;
    if (dfu->buttonless == value_handle)
        dfu->buttonless = 0;
    if (!known)
        return;
    if (strstr(name, "control point"))
        dfu->control = value_handle;
    else if (strstr(name, "DFU packet"))
        dfu->packet = value_handle;
    else if (strstr(name, "buttonless"))
        dfu->buttonless = value_handle;
    if (strstr(name, "control point") || strstr(name, "DFU packet"))
        dfu->legacy = strstr(name, "legacy") != NULL;
    if (strstr(name, "buttonless"))
        dfu->buttonless_bonds = strstr(name, "with bonds") != NULL;
}

bool rig_ble_explain_dfu_end(const struct rig_ble_dfu *dfu, bool silent, struct rig_line *line)
{
    if (dfu->answered || dfu->op == 0)
        return false;
    if (dfu->buttonless && !dfu->control) {
        rig_line_add(
            line,
            dfu->op == 0x01
                ? "the board left without an answer to \"enter bootloader\": it may be in its bootloader all "
                  "the same; look for it there (own address + 1, or the same when bonded)"
                : "the board fell silent at \"set advertising name\": it writes the settings page then; "
                  "connect again, and ask again before entering the bootloader");
        return true;
    }
    if (dfu->legacy && dfu->op == 0x01 && dfu->n_sent == 0 && !silent) {
        rig_line_add(line,
                     "the application goes to its bootloader: it promises no answer to start, and comes back "
                     "as a bootloader (same address when bonded, else the last byte + 1)");
        return true;
    }
    if (dfu->legacy && dfu->op == 0x01 && dfu->n_sent > 0) {
        rig_line_add(
            line, "the link was lost while start was not answered: the bootloader erases the bank first, "
                  "which takes up to tens of seconds; a client must wait that long, and the board must keep "
                  "the link up meanwhile");
        return true;
    }
    if (dfu->legacy && (dfu->op == 0x05 || dfu->op == 0x06)) {
        rig_line_add(line, "the bootloader resets after \"%s\", as it must: it sends no answer",
                     dfu->op == 0x05 ? "activate and reset" : "reset");
        return true;
    }
    if (!dfu->legacy && dfu->control && dfu->op == 0x0C) {
        rig_line_add(line, "the bootloader resets after \"abort\", as it must: it sends no answer");
        return true;
    }
    return false;
}
