/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests and responses of Nordic's DFU protocols: control points of the secure and the legacy bootloader,
 * the buttonless characteristics. Encode, decode, and one line for people. No I/O, no state; GLib-free.
 * Facts: as in dfu.h. */
#ifndef RIG_PROTOCOL_NORDIC_MESSAGE_H
#define RIG_PROTOCOL_NORDIC_MESSAGE_H

#include "protocol/nordic/dfu.h"

/* Whose control point a message is of. */
enum rig_dfu_dialect {
    RIG_DFU_SECURE,     /* RIG_DFU_CONTROL_UUID */
    RIG_DFU_BUTTONLESS, /* RIG_DFU_BUTTONLESS_UUID and the other two */
    RIG_DFU_LEGACY,     /* RIG_LEGACY_CONTROL_UUID */
};

#define RIG_DFU_MAX_REQUEST_BYTES 22u /* set name with the longest one */
struct rig_dfu_request {
    uint8_t bytes[RIG_DFU_MAX_REQUEST_BYTES];
    size_t n_bytes;
};

/* secure */
struct rig_dfu_request rig_dfu_request_of(uint8_t op); /* no parameters: get CRC, execute, abort, ... */
struct rig_dfu_request rig_dfu_create(enum rig_dfu_object object, uint32_t n_bytes);
struct rig_dfu_request rig_dfu_select(enum rig_dfu_object object);
/* op: RIG_DFU_SET_PRN or RIG_LEGACY_SET_PRN. */
struct rig_dfu_request rig_dfu_set_prn(uint8_t op, uint16_t n_packets);
/* op and one byte of parameter: ping, start, init packet begin and end. */
struct rig_dfu_request rig_dfu_request_with(uint8_t op, uint8_t parameter);
/* n_bytes: 1 to RIG_BUTTONLESS_MAX_NAME_BYTES are taken by boards; up to 20 by this. */
struct rig_dfu_request rig_buttonless_set_name(const char *name, size_t n_bytes);

enum rig_dfu_decoded {
    RIG_DFU_DECODED,
    RIG_DFU_SHORT,    /* fewer bytes than such a response has */
    RIG_DFU_LONG,     /* more */
    RIG_DFU_NO_ANSWER /* it does not begin as responses do */
};

/* What a response or receipt says; what it does not have is 0. */
struct rig_dfu_response {
    uint8_t op; /* that it answers; of a legacy receipt RIG_LEGACY_RECEIPT */
    bool success;
    uint8_t result;
    uint8_t extended;   /* secure, with result RIG_DFU_EXTENDED */
    uint32_t max_bytes; /* select: of an object of that type */
    uint32_t offset;    /* select, get CRC; legacy receipt and report: bytes received */
    uint32_t crc;       /* select, get CRC */
};
/* bytes: as they came, any of them. Of a response that is no success nothing follows the result (but the
 * extended code). */
enum rig_dfu_decoded rig_dfu_decode(enum rig_dfu_dialect dialect, const uint8_t *bytes, size_t n_bytes,
                                    struct rig_dfu_response *response);

/* Whether an answer is due to a request: some of the legacy protocol have none, nor has abort. */
bool rig_dfu_is_answered(enum rig_dfu_dialect dialect, const uint8_t *bytes, size_t n_bytes);
/* "create object" */
const char *rig_dfu_op_of(enum rig_dfu_dialect dialect, uint8_t op);

/* One line: "create data object, 4096 bytes", "select: at most 4096 bytes, has 0, CRC 00000000", "execute:
 * invalid object (0x05)". sent: a request; else what came. text is never empty when room is more than 1. */
void rig_dfu_describe(enum rig_dfu_dialect dialect, bool sent, const uint8_t *bytes, size_t n_bytes,
                      char *text, size_t room);
/* "hardware version mismatch (0x0b 0x06)", "invalid object (0x05)": of a response that is no success. */
void rig_dfu_describe_result(enum rig_dfu_dialect dialect, const struct rig_dfu_response *response,
                             char *text, size_t room);

#endif
