/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The state of one bootloader run: console lines, and the first thing that stops it. */
#include "sim/firmware/mcuboot/boot/loader.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void boot_say(struct boot *boot, char level, const char *format, ...)
{
    char line[160];
    if (boot->log == NULL || boot->stopped) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    boot->log(boot->user, level, line);
    if (!sim_flash_powered(boot->flash)) {
        boot_flash_status(boot, SIM_POWER_LOST);
    }
}

void boot_assert_failed(struct boot *boot, const char *format, ...)
{
    if (boot->stopped) {
        return;
    }
    char reason[sizeof boot->result->assertion];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    boot_say(boot, 'E', "sim: ASSERTION FAIL: %s", reason);
    if (boot->stopped) {
        return;
    }
    snprintf(boot->result->assertion, sizeof boot->result->assertion, "%s", reason);
    boot->result->outcome = SIM_BOOT_ASSERT;
    boot->stopped = true;
}

void boot_flash_status(struct boot *boot, enum sim_status status)
{
    if (status == SIM_OK || boot->stopped) {
        return;
    }
    boot->stopped = true;
    boot->flash_status = status;
    if (boot->result == NULL) {
        return;
    }
    if (status == SIM_POWER_LOST) {
        boot->result->outcome = SIM_BOOT_POWER_LOST;
        return;
    }
    boot->result->outcome = SIM_BOOT_FLASH_FAULT;
    snprintf(boot->result->assertion, sizeof boot->result->assertion, "flash: %s", sim_status_text(status));
}

#define SHORTEST_PIECE 4u /* less says nothing */

bool sim_boot_prints(const char *piece)
{
    static const char *const stems[] = {
        "Bad image magic",
        "Booting MCUboot",
        "Boot source: ",
        "Bootloader chainload address offset",
        "Cannot upgrade: ",
        "Cleared image",
        "due to stuck revert",
        "Dependencies are not met",
        "Detected inconsistent status",
        "Failed reading image headers",
        "Failed reading sectors",
        "erased due to downgrade prevention",
        "Image has no security counter",
        "Image in the primary slot is not valid!",
        "Image in the secondary slot is not valid!",
        "Swap type: ",
        "Image security counter value",
        "lower than monotonic value",
        "Insufficient version in secondary slot",
        "Jumping to the first image slot",
        "Not enough free space to run swap upgrade",
        "Secondary header magic detected in first sector, wrong upload address?",
        "Starting swap using",
        "Unable to find bootable image",
        "ASSERTION FAIL",
    };
    if (strlen(piece) < SHORTEST_PIECE) {
        return false;
    }
    for (size_t i = 0; i < sizeof stems / sizeof *stems; i++) {
        if (strstr(stems[i], piece) != NULL || strstr(piece, stems[i]) != NULL) {
            return true;
        }
    }
    return false;
}

const struct sim_area *boot_area(const struct boot *boot, enum boot_slot slot)
{
    return slot == BOOT_PRIMARY ? &boot->config->primary[boot->current]
                                : &boot->config->secondary[boot->current];
}

const char *sim_boot_defect_name(unsigned bit)
{
    static const char *const names[SIM_BOOT_N_DEFECTS] = {
        "accepts-unsigned", "accepts-any-key", "skips-hash",           "never-reverts",
        "forgets-progress", "no-copy-done",    "ignores-downgrade",    "ignores-dependency",
        "confirms-itself",  "keeps-rejected",  "erases-primary-first", "accepts-oversized"};
    return bit < SIM_BOOT_N_DEFECTS ? names[bit] : NULL;
}
