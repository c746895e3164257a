/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The info structure of SoftDevices, figures of published ones, filler. */
#include "image/softdevice.h"

#include "base/bytes.h"
#include "image/nordic_image.h"

#include <string.h>

/* Read from the info structures of the published hex files; of the first three the file's size is the most
 * that fits. */
static const struct rig_known_softdevice known[] = {
    {"s110-8.0.0", {0x18000, 0x0064, 110, 8000000}, 0x17000},
    {"s130-2.0.1", {0x1b000, 0x0087, 130, 2000001}, 0x1a000},
    {"s132-2.0.1", {0x1c000, 0x0088, 132, 2000001}, 0x1b000},
    {"s132-5.0.0", {0x23000, 0x009d, 132, 5000000}, 0x214a8},
    {"s132-6.1.1", {0x26000, 0x00b7, 132, 6001001}, 0x24150},
    {"s132-7.0.1", {0x26000, 0x00cb, 132, 7000001}, 0x248c0},
    {"s132-7.2.0", {0x26000, 0x0101, 132, 7002000}, 0x2496c},
    {"s140-6.1.1", {0x26000, 0x00b6, 140, 6001001}, 0x24de8},
    {"s140-7.0.1", {0x27000, 0x00ca, 140, 7000001}, 0x25598},
    {"s140-7.2.0", {0x27000, 0x0100, 140, 7002000}, 0x25634},
    {"s112-7.2.0", {0x19000, 0x0103, 112, 7002000}, 0x17fec},
    {"s113-7.2.0", {0x1c000, 0x0102, 113, 7002000}, 0x1a4ac},
};
#define N_KNOWN (sizeof known / sizeof known[0])

const char *const rig_softdevice_choices[] = {
    "none",       "s110-8.0.0", "s130-2.0.1", "s132-2.0.1", "s132-5.0.0", "s132-6.1.1", "s132-7.0.1",
    "s132-7.2.0", "s140-6.1.1", "s140-7.0.1", "s140-7.2.0", "s112-7.2.0", "s113-7.2.0", NULL};
_Static_assert(sizeof rig_softdevice_choices / sizeof rig_softdevice_choices[0] == N_KNOWN + 2,
               "a SoftDevice has a name that can be chosen");

bool rig_softdevice_decode(const uint8_t info[RIG_SOFTDEVICE_INFO_BYTES], struct rig_softdevice *softdevice)
{
    softdevice->flash_bytes = rig_get_le32(info + 0x08);
    softdevice->firmware_id = rig_get_le16(info + 0x0c);
    softdevice->id = info[0] > 0x10 ? rig_get_le32(info + 0x10) : 0;
    softdevice->version = info[0] > 0x14 ? rig_get_le32(info + 0x14) : 0;
    return rig_get_le32(info + 4) == RIG_SOFTDEVICE_MAGIC;
}

void rig_softdevice_encode(const struct rig_softdevice *softdevice, uint8_t info[RIG_SOFTDEVICE_INFO_BYTES])
{
    memset(info, 0, RIG_SOFTDEVICE_INFO_BYTES);
    info[0] = RIG_SOFTDEVICE_INFO_BYTES;
    rig_put_le32(info + 0x04, RIG_SOFTDEVICE_MAGIC);
    rig_put_le32(info + 0x08, softdevice->flash_bytes);
    rig_put_le16(info + 0x0c, softdevice->firmware_id);
    rig_put_le32(info + 0x10, softdevice->id);
    rig_put_le32(info + 0x14, softdevice->version);
}

bool rig_softdevice_fill(const struct rig_softdevice *softdevice, uint8_t *bytes, size_t n_bytes)
{
    if (n_bytes < RIG_SOFTDEVICE_INFO_AT + RIG_SOFTDEVICE_INFO_BYTES ||
        n_bytes > (size_t)softdevice->flash_bytes - RIG_SOFTDEVICE_AT ||
        softdevice->flash_bytes < RIG_SOFTDEVICE_AT)
        return false;
    uint32_t state = 0x9e3779b9u ^ (softdevice->firmware_id * 0x01000193u) ^ softdevice->version;
    for (size_t i = 0; i < n_bytes; i++) {
        state = state * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(state >> 24);
    }
    rig_softdevice_encode(softdevice, bytes + RIG_SOFTDEVICE_INFO_AT);
    rig_nordic_seal(bytes, n_bytes);
    return true;
}

const struct rig_known_softdevice *rig_softdevice_by_name(const char *name)
{
    for (size_t i = 0; i < N_KNOWN; i++)
        if (strcmp(known[i].name, name) == 0)
            return &known[i];
    return NULL;
}

const struct rig_known_softdevice *rig_softdevice_by_firmware_id(uint16_t firmware_id)
{
    for (size_t i = 0; i < N_KNOWN; i++)
        if (known[i].figures.firmware_id == firmware_id)
            return &known[i];
    return NULL;
}
