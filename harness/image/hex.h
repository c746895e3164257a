/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Intel HEX in and out. GLib-free. Format facts: [SPEC Intel, Hexadecimal Object File Format Specification,
 * revision A, 1988]. */
#ifndef RIG_IMAGE_HEX_H
#define RIG_IMAGE_HEX_H

#include "image/build.h"

struct rig_hex {
    struct rig_bytes contents; /* from the lowest address to the highest, gaps filled */
    uint32_t base_address;
    bool has_start;
    uint32_t start; /* of record 03 (CS:IP as written) or 05 */
};

/* What is wrong, and in which line (1-based; 0: the file as a whole). why is static storage. */
struct rig_hex_fault {
    size_t line;
    const char *why;
};

/* By content: the first character that is no blank is a colon followed by two hexadecimal digits. */
bool rig_hex_looks_like(const void *text, size_t n_bytes);

/* Reads a whole file. Records 00 to 05; checksums, an end record and nothing after it are demanded; two
 * records for one address are an error. The span from the lowest to the highest address is bounded by
 * max_bytes, and its gaps hold `erased`. On success free into->contents with rig_bytes_clear. */
bool rig_hex_read(const void *text, size_t n_bytes, uint32_t max_bytes, uint8_t erased, struct rig_hex *into,
                  struct rig_hex_fault *fault);

/* The same, and what stands outside of from .. to - 1 is passed over: registers behind the flash, an MBR
 * before a program. to: up to 2^32. */
bool rig_hex_read_within(const void *text, size_t n_bytes, uint32_t from, uint64_t to, uint32_t max_bytes,
                         uint8_t erased, struct rig_hex *into, struct rig_hex_fault *fault);

/* Where a file's bytes are, in ascending order; what lies less than min_gap bytes apart is one piece. The
 * file is checked as above. false also when there are more than max pieces. */
struct rig_hex_piece {
    uint32_t address;
    uint64_t end; /* one past the last byte */
};
bool rig_hex_pieces(const void *text, size_t n_bytes, uint32_t min_gap, struct rig_hex_piece *into,
                    size_t max, size_t *n_pieces, struct rig_hex_fault *fault);

/* Records of 16 bytes, lines end with a line feed. false when base_address + n_bytes passes 4 GiB or memory
 * is short. */
bool rig_hex_write(const uint8_t *bytes, size_t n_bytes, uint32_t base_address, struct rig_bytes *text);

#endif
