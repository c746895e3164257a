/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which chip is on the other end of the probe: the words by which parts tell themselves apart. */
#ifndef RIG_DRIVERS_PROBE_CHIP_H
#define RIG_DRIVERS_PROBE_CHIP_H

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

/* A word of the memory map, (word & mask) == value. mask 0: nothing is expected. */
struct rig_chip_word {
    guint32 address;
    guint32 mask;
    guint32 value;
};

/* The word of a chip by its name ("nrf52840"); false: there is no such name here. FICR INFO.PART [DS nRF52840
 * PS 1.7, nRF5340 PS 1.3; SRC openocd src/flash/nor/nrf5.c] */
bool rig_chip_find(const char *name, struct rig_chip_word *word);
/* "nrf52805, nrf52810, ..."; owned by the caller. */
char *rig_chip_names(void);
/* What a value at that address says: "an nrf52833 (0x00052833 at 0x10000100)", or without a name where none
 * is known. Owned by the caller. */
char *rig_chip_describe(guint32 address, guint32 value);

G_END_DECLS

#endif
