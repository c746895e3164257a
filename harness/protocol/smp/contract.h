/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an answer owes its request: header, form of the body, the keys of its command and their types, and
 * what follows from the request itself. The one place where an answer is judged. No I/O; GLib-free.
 * [SRC zephyr subsys/mgmt/mcumgr/smp/src/smp.c, grp/.../src, doc/services/device_mgmt/smp_groups; mcuboot
 * boot/boot_serial/src/boot_serial.c] */
#ifndef RIG_PROTOCOL_SMP_CONTRACT_H
#define RIG_PROTOCOL_SMP_CONTRACT_H

#include "protocol/smp/smp.h"

#define RIG_SMP_WHY_BYTES 160u

/* Judges a whole message against the request that it answers, as it was sent; request: at least
 * RIG_SMP_HEADER_BYTES; decoded: of the answer, by rig_smp_decode_response(). true: it keeps the protocol; an
 * error answer (rc, err) does so, too. false: `why` says what it breaks ("'off' is text, not a number"), cut
 * to room, and what was decoded is not to be used.
 *
 * Allowed on purpose, since servers do so: a lower header version than the request's (servers from before
 * version 1 answer all in version 0), definite and indefinite maps and arrays, keys that nobody knows, `rc` 0
 * beside a success (legacy builds, MCUboot's serial recovery), a state entry without hash beside that `rc` 0
 * (serial recovery built without hashes), version "<???>" (Zephyr, for an image it cannot read). */
bool rig_smp_answer_keeps(const uint8_t *request, size_t n_request, const uint8_t *answer, size_t n_answer,
                          const struct rig_smp_decoded *decoded, char *why, size_t room);

/* The request among bytes that went out, wherever it begins in them, whose group, sequence and command the
 * answer carries: several messages may have been sent in one packet, and a server reads what it takes for a
 * header. NULL: none. */
const uint8_t *rig_smp_find_request(const uint8_t *sent, size_t n_sent, const uint8_t *answer,
                                    size_t n_answer, size_t *n_request);

#endif
