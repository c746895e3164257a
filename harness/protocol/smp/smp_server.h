/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The server's half of the codec: decoding requests the way Zephyr's handlers do, and building responses in
 * the indefinite form that Zephyr sends. For the simulated board and for explaining what a client sent.
 * GLib-free. Facts: [SRC zephyr subsys/mgmt/mcumgr/smp/src/smp.c, grp/.../src]. */
#ifndef RIG_PROTOCOL_SMP_SMP_SERVER_H
#define RIG_PROTOCOL_SMP_SMP_SERVER_H

#include "protocol/smp/cbor.h"
#include "protocol/smp/smp.h"

enum rig_smp_key {
    RIG_SMP_KEY_ECHO,  /* d */
    RIG_SMP_KEY_FORCE, /* bool or int */
    RIG_SMP_KEY_BOOT_MODE,
    RIG_SMP_KEY_FORMAT,
    RIG_SMP_KEY_QUERY,
    RIG_SMP_KEY_HASH,
    RIG_SMP_KEY_CONFIRM,
    RIG_SMP_KEY_IMAGE,
    RIG_SMP_KEY_LEN,
    RIG_SMP_KEY_OFF,
    RIG_SMP_KEY_SHA,
    RIG_SMP_KEY_CHUNK, /* data */
    RIG_SMP_KEY_UPGRADE,
    RIG_SMP_KEY_SLOT,
};
#define RIG_SMP_N_KEYS 14

struct rig_smp_value {
    bool present;
    uint64_t number;      /* integers and booleans */
    const uint8_t *bytes; /* strings: borrowed from the message */
    size_t n_bytes;
};
struct rig_smp_request {
    struct rig_smp_header header;
    struct rig_smp_value keys[RIG_SMP_N_KEYS];
};
/* Is there a command of this group and number that takes this op? (As in a full Zephyr build with the OS and
 * image groups.) */
bool rig_smp_command_known(uint16_t group, uint8_t command, uint8_t op);
/* Decodes header and body. The body is whatever follows the header, up to n_bytes: like the real server's
 * CBOR reader this one is not bounded by the header's length. MALFORMED: no map, a known key with the wrong
 * type or twice, a key that is no text, a number of a known key or a length in 8 bytes. SHORT: less than a
 * header. Keys that the command does not know are skipped. Commands whose handlers look at no body take any;
 * of a reset's body counts what comes before the fault. */
enum rig_smp_status rig_smp_decode_request(const uint8_t *bytes, size_t n_bytes,
                                           struct rig_smp_request *request);

/* Starts a response (header's place, open map) in the caller's bytes. */
struct rig_cbor_writer rig_smp_response_begin(uint8_t *into, size_t room);
/* Closes the map and writes the header that answers request. Returns the whole length, 0 on overflow. */
size_t rig_smp_response_finish(struct rig_cbor_writer *writer, const struct rig_smp_header *request);
/* A whole {"rc": n} or, with a reason that is not NULL, {"rc": n, "rsn": reason}. */
size_t rig_smp_encode_rc(const struct rig_smp_header *request, unsigned rc, const char *reason, uint8_t *into,
                         size_t room);
/* A whole {"err": {"group": g, "rc": n}}. */
size_t rig_smp_encode_group_error(const struct rig_smp_header *request, unsigned group, unsigned rc,
                                  uint8_t *into, size_t room);
/* The generic code that an error of a group becomes in header version 0. */
unsigned rig_smp_version0_rc(unsigned group, unsigned rc);

#endif
