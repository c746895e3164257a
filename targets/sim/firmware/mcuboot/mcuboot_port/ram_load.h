/* SPDX-License-Identifier: Apache-2.0 */
/* For builds with MCUBOOT_RAM_LOAD, by -include on the compile line: MCUboot takes RAM to begin at address 0,
 * here it is an array. */
#ifndef PORT_RAM_LOAD_H
#define PORT_RAM_LOAD_H

#include "bootutil_priv.h"

extern unsigned char port_ram[IMAGE_EXECUTABLE_RAM_SIZE];

#undef IMAGE_RAM_BASE
#define IMAGE_RAM_BASE ((uintptr_t)port_ram - IMAGE_EXECUTABLE_RAM_START)

#endif
