/* SPDX-License-Identifier: Apache-2.0 */
/* In the place of MCUboot: asks the port for what Zephyr's flash map refuses, and for its counters, and
 * starts slot 0 when all answers are right. */
#include <bootutil/bootutil.h>
#include <bootutil/security_cnt.h>
#include <bootutil/sign_key.h>
#include <errno.h>
#include <flash_map_backend/flash_map_backend.h>
#include <mcuboot_config/mcuboot_assert.h>
#include <mcuboot_config/mcuboot_logging.h>
#include <sysflash/sysflash.h>

#define MAX_SECTORS 512

static void check_ranges(const struct flash_area *area)
{
    uint32_t size = flash_area_get_size(area), align = flash_area_align(area);
    struct flash_sector sector;
    uint8_t bytes[64];

    ASSERT(flash_area_read(area, size - 4, bytes, 4) == 0);
    ASSERT(flash_area_read(area, size, bytes, 0) == 0);
    ASSERT(flash_area_read(area, size - 4, bytes, 5) == -EINVAL);
    ASSERT(flash_area_read(area, size, bytes, 1) == -EINVAL);
    ASSERT(flash_area_read(area, 0xfffffffcu, bytes, 8) == -EINVAL); /* a sum that overflows */
    ASSERT(flash_area_write(area, size, bytes, align) == -EINVAL);
    ASSERT(flash_area_write(area, 0xfffffffcu, bytes, 2 * align) == -EINVAL);
    ASSERT(flash_area_erase(area, size, 4096) == -EINVAL);
    ASSERT(flash_area_erase(area, 0, size + 4096) == -EINVAL);
    ASSERT(flash_area_get_sector(area, size, &sector) == -ERANGE);
    ASSERT(flash_area_get_sector(area, size - 1, &sector) == 0);
    ASSERT(flash_sector_get_off(&sector) + flash_sector_get_size(&sector) == size);
}

static void check_sectors(const struct flash_area *area)
{
    static struct flash_sector sectors[MAX_SECTORS];
    uint32_t n = MAX_SECTORS, few, sum = 0;

    ASSERT(flash_area_get_sectors(flash_area_get_id(area), &n, sectors) == 0);
    for (uint32_t i = 0; i < n; i++) {
        ASSERT(flash_sector_get_off(&sectors[i]) == sum);
        sum += flash_sector_get_size(&sectors[i]);
    }
    ASSERT(sum == flash_area_get_size(area));
    few = n - 1;
    ASSERT(flash_area_get_sectors(flash_area_get_id(area), &few, sectors) == -ENOMEM);
    ASSERT(flash_area_get_sectors(77, &n, sectors) == -EINVAL);
}

static void check_ids(void)
{
    const struct flash_area *area;

    ASSERT(flash_area_open(77, &area) == -ENOENT);
    ASSERT(flash_area_id_from_multi_image_slot(0, 2) == -EINVAL);
    ASSERT(flash_area_id_from_image_slot(1) == FLASH_AREA_IMAGE_SECONDARY(0));
    ASSERT(flash_area_id_to_multi_image_slot(0, FLASH_AREA_IMAGE_SECONDARY(0)) == 1);
    ASSERT(flash_area_id_to_multi_image_slot(0, 77) == -1);
}

/* From boot to boot one more. */
static void check_counters(void)
{
    fih_int value = -1, again = -1, other = -1;

    ASSERT(boot_nv_security_counter_init() == FIH_SUCCESS);
    ASSERT(boot_nv_security_counter_get(0, &value) == FIH_SUCCESS && value >= 0);
    ASSERT(boot_nv_security_counter_update(0, (uint32_t)value + 1) == 0);
    ASSERT(boot_nv_security_counter_update(0, (uint32_t)value + 1) == 0);
    ASSERT(boot_nv_security_counter_update(0, (uint32_t)value) == -1);
    ASSERT(boot_nv_security_counter_get(0, &again) == FIH_SUCCESS && again == value + 1);
    ASSERT(boot_nv_security_counter_get(1, &other) == FIH_SUCCESS && other == 0);
    MCUBOOT_LOG_INF("the counter is %d", again);
}

fih_ret boot_go(struct boot_rsp *answer)
{
    const struct flash_area *area;

    ASSERT(bootutil_key_cnt == 1 && *bootutil_keys[0].len == 4 && bootutil_keys[0].key[3] == 0x37);
    ASSERT(flash_area_open(FLASH_AREA_IMAGE_PRIMARY(0), &area) == 0);
    check_ranges(area);
    check_sectors(area);
    check_ids();
    check_counters();
    answer->br_flash_dev_id = flash_area_get_device_id(area);
    answer->br_image_off = flash_area_get_off(area);
    return FIH_SUCCESS;
}
