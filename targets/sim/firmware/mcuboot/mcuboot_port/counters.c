/* SPDX-License-Identifier: Apache-2.0 */
/* Security counters of the device (MCUBOOT_HW_ROLLBACK_PROT): a log of {image, value} in the first area of
 * another role (`areas:` of the target file). The last value that is written counts; a torn one does not. */
#ifdef MCUBOOT_HW_ROLLBACK_PROT

#include "bootloader_abi.h"

#include <bootutil/fault_injection_hardening.h>
#include <bootutil/security_cnt.h>

#include <string.h>

#define ENTRY_BYTES 12u
#define MAX_UNIT_BYTES 32u

struct entry {
    uint32_t image, value, check;
};

/* Of port.c. */
const struct bootloader_host *port_host(void);

static const struct bootloader_area *store(void)
{
    const struct bootloader_host *host = port_host();

    for (uint32_t i = 0; i < host->n_areas; i++)
        if (host->areas[i].role == BOOTLOADER_ROLE_OTHER && host->areas[i].image == 0)
            return &host->areas[i];
    return NULL;
}

static uint32_t entry_bytes(const struct bootloader_area *area)
{
    uint32_t unit = port_host()->devices[area->device].write_bytes;

    return (ENTRY_BYTES + unit - 1) / unit * unit;
}

static uint32_t check_of(uint32_t image, uint32_t value)
{
    return ~(image * 0x9e3779b9u ^ value);
}

/* Returns where the next entry goes. */
static uint32_t scan(const struct bootloader_area *area, uint32_t image, uint32_t *value)
{
    const struct bootloader_host *host = port_host();
    uint8_t empty = (uint8_t)host->devices[area->device].erased_value;
    uint32_t at = 0;

    *value = 0;
    for (; at + entry_bytes(area) <= area->size_bytes; at += entry_bytes(area)) {
        struct entry entry, none;

        memset(&none, empty, sizeof none);
        if (host->read(host->user, area->device, area->offset + at, &entry, sizeof entry) != BOOTLOADER_OK ||
            memcmp(&entry, &none, sizeof entry) == 0)
            break;
        if (entry.image == image && entry.check == check_of(image, entry.value))
            *value = entry.value;
    }
    return at;
}

fih_ret boot_nv_security_counter_init(void)
{
    FIH_RET(store() ? FIH_SUCCESS : FIH_FAILURE);
}

fih_ret boot_nv_security_counter_get(uint32_t image, fih_int *security_counter)
{
    uint32_t value;

    if (!store())
        FIH_RET(FIH_FAILURE);
    scan(store(), image, &value);
    *security_counter = fih_int_encode((int)value);
    FIH_RET(FIH_SUCCESS);
}

int32_t boot_nv_security_counter_update(uint32_t image, uint32_t value)
{
    const struct bootloader_host *host = port_host();
    const struct bootloader_area *area = store();
    uint8_t unit[ENTRY_BYTES + MAX_UNIT_BYTES];
    uint32_t old, at;

    if (!area)
        return -1;
    at = scan(area, image, &old);
    if (value <= old)
        return value == old ? 0 : -1;
    if (entry_bytes(area) > area->size_bytes - at)
        return -1;
    memset(unit, (int)host->devices[area->device].erased_value, sizeof unit);
    memcpy(unit, &(struct entry){image, value, check_of(image, value)}, sizeof(struct entry));
    return host->write(host->user, area->device, area->offset + at, unit, entry_bytes(area));
}

/* With MCUBOOT_HW_ROLLBACK_PROT_COUNTER_LIMITED and ..._LOCK. */
fih_ret boot_nv_security_counter_is_update_possible(uint32_t image, uint32_t value)
{
    uint32_t old, at;

    if (!store())
        FIH_RET(FIH_FAILURE);
    at = scan(store(), image, &old);
    FIH_RET(value >= old && entry_bytes(store()) <= store()->size_bytes - at ? FIH_SUCCESS : FIH_FAILURE);
}

int32_t boot_nv_security_counter_lock(uint32_t image)
{
    (void)image;
    return 0;
}

#endif
