/* SPDX-License-Identifier: Apache-2.0 */
/* The lower half of the port of ledger boot to the bench: its six port functions over bootloader_abi.h. With
 * start.c and the flags in CMakeLists.txt that is all that a port takes. */
#include "port.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct bootloader_host *host;
static const struct bootloader_area *areas[3]; /* by enum ledger_area */

void port_read(enum ledger_area area, uint32_t offset, void *into, uint32_t n_bytes)
{
    host->read(host->user, areas[area]->device, areas[area]->offset + offset, into, n_bytes);
}

void port_write(enum ledger_area area, uint32_t offset, const void *bytes, uint32_t n_bytes)
{
    host->write(host->user, areas[area]->device, areas[area]->offset + offset, bytes, n_bytes);
}

void port_erase(enum ledger_area area, uint32_t offset, uint32_t n_bytes)
{
    host->erase(host->user, areas[area]->device, areas[area]->offset + offset, n_bytes);
}

void port_sha256(enum ledger_area area, uint32_t offset, uint32_t n_bytes, uint8_t digest[32])
{
    /* On the part this is a crypto library; here the bench computes it, once per content. */
    host->sha256(host->user, areas[area]->device, areas[area]->offset + offset, n_bytes, digest);
}

void port_say(const char *format, ...)
{
    char line[120];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    host->log(host->user, 'I', line);
}

void port_assert_failed(const char *text, const char *file, int line)
{
    host->assert_failed(host->user, file, line, text);
}

static void find_areas(void)
{
    for (uint32_t i = 0; i < host->n_areas; i++) {
        const struct bootloader_area *area = &host->areas[i];

        if (area->image != 0)
            continue;
        if (area->role == BOOTLOADER_ROLE_PRIMARY)
            areas[LEDGER_SLOT_0] = area;
        else if (area->role == BOOTLOADER_ROLE_SECONDARY)
            areas[LEDGER_SLOT_1] = area;
        else if (area->role == BOOTLOADER_ROLE_SCRATCH)
            areas[LEDGER_WORK] = area;
    }
}

static bool describe_part(struct ledger_part *part, struct bootloader_decision *decision)
{
    uint32_t start;

    if (!areas[LEDGER_SLOT_0] || !areas[LEDGER_SLOT_1] || !areas[LEDGER_WORK]) {
        strcpy(decision->text, "ledger boot needs two slots and a scratch area");
        return false;
    }
    part->slot_bytes = areas[LEDGER_SLOT_0]->size_bytes;
    part->write_bytes = host->devices[areas[LEDGER_SLOT_0]->device].write_bytes;
    part->erased = (uint8_t)host->devices[areas[LEDGER_SLOT_0]->device].erased_value;
    host->sector(host->user, areas[LEDGER_SLOT_0]->device, areas[LEDGER_SLOT_0]->offset, &start,
                 &part->sector_bytes);
    if (areas[LEDGER_SLOT_1]->size_bytes == part->slot_bytes &&
        areas[LEDGER_WORK]->size_bytes >= 3 * part->sector_bytes)
        return true;
    strcpy(decision->text, "ledger boot needs equal slots and a scratch area of three sectors");
    return false;
}

bool port_open(const struct bootloader_host *the_host, struct ledger_part *part,
               struct bootloader_decision *decision)
{
    host = the_host;
    find_areas();
    return describe_part(part, decision);
}

void port_jump(struct bootloader_decision *decision)
{
    decision->verdict = BOOTLOADER_RUN;
    decision->device = areas[LEDGER_SLOT_0]->device;
    decision->offset = areas[LEDGER_SLOT_0]->offset;
}
