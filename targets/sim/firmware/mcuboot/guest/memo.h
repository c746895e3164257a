/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a guest's boots need not compute again: hashes of flash ranges and verdicts, kept by content. Tables
 * of fixed size in which a newer entry replaces an older one. */
#ifndef SIM_BOOT_GUEST_MEMO_H
#define SIM_BOOT_GUEST_MEMO_H

#include "sim/firmware/mcuboot/bootloader_abi.h"
#include "sim/chip/flash/flash.h"

struct guest_memo;
struct guest_memo *guest_memo_new(void); /* NULL: no memory */
void guest_memo_free(struct guest_memo *memo);

/* SHA-256 of a range, whatever the power. SIM_OUT_OF_RANGE. */
enum sim_status guest_memo_sha256(struct guest_memo *memo, const struct sim_flash *flash, unsigned device,
                                  uint32_t offset, uint32_t n_bytes, uint8_t digest[BOOTLOADER_SHA256_BYTES]);

/* n_bytes up to BOOTLOADER_MEMO_MAX_BYTES. */
bool guest_memo_recall(const struct guest_memo *memo, const void *key, size_t n_bytes, int32_t *verdict);
bool guest_memo_remember(struct guest_memo *memo, const void *key, size_t n_bytes,
                         int32_t verdict); /* false: no memory */

#endif
