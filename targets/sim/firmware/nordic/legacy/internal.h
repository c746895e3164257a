/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What boot and updater of the legacy bootloader share. */
#ifndef SIM_NORDIC_LEGACY_INTERNAL_H
#define SIM_NORDIC_LEGACY_INTERNAL_H

#include "sim/firmware/nordic/legacy/bootloader.h"

#define SIM_LEGACY_BLANK 0xffffffffu

#define SIM_LEGACY_MAX_PAGE_BYTES 4096u

/* What an update may use from bank 0 on. */
uint32_t sim_legacy_region_bytes(const struct sim_legacy_config *config, uint32_t bank_0);
enum sim_status sim_legacy_crc(const struct sim_flash *flash, uint32_t at, uint32_t n_bytes, uint16_t *crc);

#endif
