/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of this folder share: the connections of a trace, and the readers of each layer. Private. */
#ifndef RIG_PROTOCOL_BLE_PARTS_H
#define RIG_PROTOCOL_BLE_PARTS_H

#include "protocol/ble/codes.h"
#include "protocol/ble/line.h"
#include "protocol/ble/trace.h"

#define RIG_BLE_MAX_CONNECTIONS 64
#define RIG_BLE_MAX_SMP_BYTES 16384u /* a longer mcumgr message is named, not put together */
#define RIG_BLE_MAX_PDU_BYTES 65539u /* L2CAP: length of 16 bits, header of 4 */
#define RIG_BLE_REQUEST_LIMIT_US 30000000u

/* Bytes that arrive in pieces. */
struct rig_ble_pieces {
    uint8_t *bytes; /* NULL: nothing is being put together */
    size_t n_bytes;
    size_t n_wanted;
    bool cut; /* the capture left bytes out */
};

/* One direction of a connection: 0 from the host to the air, 1 back. */
struct rig_ble_half {
    struct rig_ble_pieces pdu;
    struct rig_ble_pieces smp;
    uint16_t smp_handle;     /* attribute that carries `smp` */
    uint8_t request;         /* ATT request that waits for its answer from the other half; 0 = none */
    uint16_t request_handle; /* attribute it names; 0 when none or several */
    uint64_t request_us;
};

/* What the connection before to the same address ended in. */
enum rig_ble_dfu_came {
    RIG_BLE_DFU_ANY,
    RIG_BLE_DFU_TO_BOOTLOADER, /* the application said that it goes to its bootloader */
    RIG_BLE_DFU_TO_UPDATED,    /* the bootloader took a whole image */
};

/* A Nordic DFU server as far as the discovery and the control point showed it. */
struct rig_ble_dfu {
    uint16_t control, packet, buttonless, version; /* value handles, 0 = not seen */
    bool legacy, buttonless_bonds;
    bool discovered; /* in this connection; else the handles are those of an earlier one */
    enum rig_ble_dfu_came came;
    bool asked;                        /* control point or buttonless characteristic was written */
    bool asked_buttonless;             /* the latter last */
    uint8_t op;                        /* of the last request */
    bool answered, refused;            /* that request; refused: not with success */
    bool entered;                      /* "enter bootloader" was answered with success */
    uint64_t asked_us, awake_us;       /* of the last request; of the last that keeps a bootloader awake */
    uint8_t type;                      /* secure: of the object selected or created last */
    bool init_refused;                 /* secure: the init packet that is there was */
    uint16_t prn, n_odd;               /* n_odd: bytes of a data packet that is no multiple of 4, 0 = none */
    uint32_t n_created, n_sent, begin; /* bytes of the object, of packets since; where n_sent counts from */
    uint8_t init[512];                 /* of the init packet what came so far, as far as it has room */
    uint16_t n_init;
    bool knows_begin, resumed; /* resumed: select told a begin that was not 0, nothing executed since */
};

/* An SMP request that waits for its answer, or was answered last under its number. */
struct rig_ble_asked {
    bool waits;
    uint8_t version, op, command;
    uint16_t group;
};

struct rig_ble_connection {
    bool used, open;
    uint16_t controller;
    uint16_t handle;
    bool has_address;
    uint8_t address[6];
    uint64_t last_us;
    uint16_t smp_value;       /* attribute handle of the SMP characteristic, 0 = not seen in this trace */
    uint16_t service_changed; /* the same for Service Changed */
    bool encrypting;          /* LE Start Encryption was sent, no answer yet */
    bool encrypted;
    uint8_t encryption_status; /* of the last Encryption Change, 0 */
    uint8_t end_reason;        /* of the Disconnection Complete, 0 */
    bool reset_asked;          /* mcumgr os reset went out */
    uint8_t pairing_failed;    /* reason, 0 */
    uint16_t mtu_asked;        /* of the MTU request; 0 = none was seen */
    uint16_t mtu;              /* agreed; 0 = not known */
    struct rig_ble_dfu dfu;
    enum rig_ble_dfu_came goes;      /* when it has ended */
    struct rig_ble_asked asked[256]; /* SMP, by sequence number */
    uint64_t chunk_off;              /* of the last upload request */
    unsigned n_chunk_repeats;        /* how often it went out again without an answer between */
    bool pending_seen;               /* the last image state named a pending slot */
    struct rig_ble_half halves[2];
};

struct rig_ble_trace {
    struct rig_ble_connection connections[RIG_BLE_MAX_CONNECTIONS];
    uint64_t now_us;
};

/* The bytes that are left to read. Reading past the end gives zeros and sets `over`. */
struct rig_ble_cursor {
    const uint8_t *at;
    size_t n_left;
    bool over;
};
const uint8_t *rig_ble_take(struct rig_ble_cursor *cursor,
                            size_t n_bytes); /* never NULL for up to 16 bytes */
uint8_t rig_ble_take8(struct rig_ble_cursor *cursor);
uint16_t rig_ble_take16(struct rig_ble_cursor *cursor);

/* The connection with this handle, made when it is new (the oldest gives way); never NULL. */
struct rig_ble_connection *rig_ble_connection(struct rig_ble_trace *trace, uint16_t controller,
                                              uint16_t handle);
/* A connection was made: forgets what was there under the handle; takes over what an earlier connection to
 * the same address showed of the attributes. */
struct rig_ble_connection *rig_ble_connected(struct rig_ble_trace *trace, uint16_t controller,
                                             uint16_t handle, const uint8_t address[6]);
void rig_ble_pieces_drop(struct rig_ble_pieces *pieces);
/* Begins with room for n_wanted bytes. false: no memory. */
bool rig_ble_pieces_begin(struct rig_ble_pieces *pieces, size_t n_wanted);
/* Adds what fits. true when all that is wanted is there. */
bool rig_ble_pieces_add(struct rig_ble_pieces *pieces, const uint8_t *bytes, size_t n_bytes);

/* Each writes the text, and the layer when it is another than that of the caller. */
void rig_ble_read_command(struct rig_ble_trace *trace, const struct rig_ble_packet *packet,
                          struct rig_line *line, struct rig_ble_reading *reading);
bool rig_ble_read_event(struct rig_ble_trace *trace, const struct rig_ble_packet *packet,
                        struct rig_line *line, struct rig_ble_reading *reading);
void rig_ble_read_att(struct rig_ble_connection *connection, unsigned half, uint64_t now_us,
                      struct rig_ble_cursor pdu, struct rig_line *line, struct rig_ble_reading *reading);
/* A value that went to or came from attribute `handle`. true: it is mcumgr SMP, and is told. */
bool rig_ble_read_smp(struct rig_ble_connection *connection, unsigned half, uint16_t handle,
                      const uint8_t *bytes, size_t n_bytes, struct rig_line *line,
                      struct rig_ble_reading *reading);
/* The same for Nordic DFU; the text follows the attribute's handle. */
bool rig_ble_read_dfu(struct rig_ble_connection *connection, unsigned half, uint16_t handle,
                      struct rig_ble_cursor value, struct rig_line *line, struct rig_ble_reading *reading);
/* A characteristic was discovered; name "Nordic DFU packet", or NULL. */
void rig_ble_learn_dfu(struct rig_ble_dfu *dfu, uint16_t value_handle, const char *name);
/* What the end of the connection (its end_reason is set) means for the operation that was the last. false:
 * nothing. */
bool rig_ble_explain_dfu_end(const struct rig_ble_connection *connection, bool silent, struct rig_line *line);
/* Where a board goes when this connection has ended. */
enum rig_ble_dfu_came rig_ble_dfu_goes(const struct rig_ble_connection *connection);
/* What a missing key, and pairing that is not supported, mean on such a board. false: nothing of its own. */
bool rig_ble_explain_dfu_key(const struct rig_ble_dfu *dfu, struct rig_line *line);
bool rig_ble_explain_dfu_pairing(const struct rig_ble_dfu *dfu, struct rig_line *line);

#endif
