/* SPDX-License-Identifier: Apache-2.0 */
/* Ledger boot: a small bootloader written as an example. It swaps two slots sector by sector over one buffer
 * sector and keeps a ledger of what it has done, in two more sectors. A new image runs on trial: unless it
 * confirms itself, the next boot swaps back.
 *
 * Images are MCUboot images with a SHA-256 (integrity only: this example checks no signature); requests come
 * as MCUboot's trailer: magic at the end of slot 1 = swap at the next boot, image_ok there = for good,
 * image_ok in slot 0 = the new image is confirmed.
 *
 * Working area: sector 0 is the buffer, sectors 1 and 2 hold the ledger. Slots: equal sectors, the last one
 * is the trailer's. */
#ifndef LEDGER_H
#define LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ledger_area { LEDGER_SLOT_0, LEDGER_SLOT_1, LEDGER_WORK };

/* What the port provides: the part's flash, by area. Offsets from the area's start. Calls that fail do not
 * return. */
void port_read(enum ledger_area area, uint32_t offset, void *into, uint32_t n_bytes);
void port_write(enum ledger_area area, uint32_t offset, const void *bytes, uint32_t n_bytes);
void port_erase(enum ledger_area area, uint32_t offset, uint32_t n_bytes);
void port_sha256(enum ledger_area area, uint32_t offset, uint32_t n_bytes, uint8_t digest[32]);
void port_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void port_assert_failed(const char *text, const char *file, int line);

#define LEDGER_ASSERT(condition) ((condition) ? (void)0 : port_assert_failed(#condition, __FILE__, __LINE__))

struct ledger_part {
    uint32_t slot_bytes;
    uint32_t sector_bytes;
    uint32_t write_bytes;
    uint8_t erased;
};

/* true: slot 0 holds an image that may run. */
bool ledger_boot(const struct ledger_part *part);

#endif
