/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The smallest firmware: the worked example of firmware.h. Its bootloader starts the application when a word
 * in flash is right, and else waits for one under a name of its own; both are told by the same service. */
#ifndef SIM_FIRMWARE_EXAMPLE_EXAMPLE_H
#define SIM_FIRMWARE_EXAMPLE_EXAMPLE_H

#include "sim/firmware/firmware.h"

/* The word stands at the start of the last sector of the internal flash, least significant byte first. */
#define SIM_EXAMPLE_WORD 0x600dc0deu
#define SIM_EXAMPLE_WAITS "example-waits" /* the bootloader's name, at address + 1 */

#define SIM_EXAMPLE_SERVICE "6e40f001-0f1a-4c6e-9a5c-1d2f3a4b5c6d"
/* Written with response: 01 and the four bytes of a word that is to be kept, 02 to reset. Anything else is
 * ATT error SIM_EXAMPLE_REFUSED. */
#define SIM_EXAMPLE_COMMAND "6e40f002-0f1a-4c6e-9a5c-1d2f3a4b5c6d"
/* Of the application only: 01 and a status (00: done) when a word was written, by notification or indication;
 * read: how many were written since the start. */
#define SIM_EXAMPLE_STATUS "6e40f003-0f1a-4c6e-9a5c-1d2f3a4b5c6d"
#define SIM_EXAMPLE_REFUSED 0x80

/* Its configuration is NULL. The account of a boot is NULL. */
extern const struct sim_firmware sim_example;

#endif
