/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as Intel HEX. */
#include <stdlib.h>
#include <string.h>

#include "image/hex.h"

#define HEX_MAX_BYTES 0x10000u

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

/* What was read must be written and read to the same bytes. */
static void through_hex(const uint8_t *bytes, size_t n_bytes)
{
    struct rig_hex_fault fault = {0};
    struct rig_hex hex, again;
    struct rig_bytes text;

    if (!rig_hex_read(bytes, n_bytes, HEX_MAX_BYTES, 0xff, &hex, &fault)) {
        if (!fault.why)
            abort();
        return;
    }
    if (rig_hex_write(hex.contents.bytes, hex.contents.n_bytes, hex.base_address, &text)) {
        if (!rig_hex_read(text.bytes, text.n_bytes, HEX_MAX_BYTES, 0xff, &again, &fault) ||
            again.contents.n_bytes != hex.contents.n_bytes || again.base_address != hex.base_address ||
            memcmp(again.contents.bytes, hex.contents.bytes, hex.contents.n_bytes) != 0)
            abort();
        rig_bytes_clear(&again.contents);
    }
    rig_bytes_clear(&text);
    rig_bytes_clear(&hex.contents);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct rig_hex_piece pieces[8];
    struct rig_hex_fault fault = {0};
    size_t n_pieces;

    (void)rig_hex_looks_like(bytes, n_bytes);
    if (!rig_hex_pieces(bytes, n_bytes, 16, pieces, 8, &n_pieces, &fault) && !fault.why)
        abort();
    through_hex(bytes, n_bytes);
    return 0;
}
