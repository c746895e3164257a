/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The flash map of a simulated nRF5 board with one of Nordic's bootloaders. Everything lies in the internal
 * flash (SIM_FLASH_INTERNAL). GLib-free. Facts: [SRC nRF5 SDK 17.0.2 components/libraries/bootloader:
 * nrf_dfu_types.h, nrf_dfu_utils.c, nrf_bootloader_info.h; components/softdevice/mbr/headers/nrf_mbr.h]. */
#ifndef SIM_FIRMWARE_NORDIC_MAP_H
#define SIM_FIRMWARE_NORDIC_MAP_H

#include "image/softdevice.h"
#include "sim/chip/flash/flash.h"

struct sim_nordic_map {
    uint32_t page_bytes; /* 0x1000; nRF51: 0x400 */
    uint32_t flash_bytes;
    uint32_t bootloader_at;
    uint32_t bootloader_bytes;  /* the most that it may have */
    uint32_t settings_at;       /* the settings page */
    uint32_t parameter_page_at; /* the MBR's, which is the settings' backup from SDK 15.1 on; 0: none, as on
                                   nRF51 */
    uint32_t app_data_bytes;    /* below the bootloader: what DFU leaves alone */
};

/* The MBR's own words, at the end of its page. */
#define SIM_NORDIC_MBR_BOOTLOADER_AT 0xff8u
#define SIM_NORDIC_MBR_PARAMETER_AT 0xffcu

/* What the flash says of a SoftDevice that starts at `at`. false: no magic number there, or beyond the
 * flash. Without power as with it. */
bool sim_nordic_softdevice(const struct sim_flash *flash, uint32_t at, struct rig_softdevice *softdevice);
/* Where bank 0, the application's, starts: behind the SoftDevice; RIG_SOFTDEVICE_AT where there is none. */
uint32_t sim_nordic_bank_0(const struct sim_nordic_map *map, const struct sim_flash *flash);

#endif
