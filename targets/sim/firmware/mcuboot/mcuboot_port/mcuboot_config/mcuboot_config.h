/* SPDX-License-Identifier: Apache-2.0 */
/* What every host build of MCUboot needs. Your product's options come by -D on the compile line, or stand
 * here instead: take them from its Kconfig as boot/zephyr/include/mcuboot_config/mcuboot_config.h does. */
#ifndef MCUBOOT_CONFIG_H
#define MCUBOOT_CONFIG_H

#ifndef MCUBOOT_IMAGE_NUMBER
#define MCUBOOT_IMAGE_NUMBER 1
#endif
#ifndef MCUBOOT_MAX_IMG_SECTORS
#define MCUBOOT_MAX_IMG_SECTORS 128
#endif
/* Zephyr's default; -DPORT_KEEPS_PRIMARY_UNCHECKED is "CONFIG_BOOT_VALIDATE_SLOT0=n". */
#ifndef PORT_KEEPS_PRIMARY_UNCHECKED
#define MCUBOOT_VALIDATE_PRIMARY_SLOT
#endif
#define MCUBOOT_USE_FLASH_AREA_GET_SECTORS
#define MCUBOOT_HAVE_LOGGING 1
#define MCUBOOT_HAVE_ASSERT_H 1
#define MCUBOOT_USE_SNPRINTF 1
#define MCUBOOT_WATCHDOG_FEED() ((void)0)
#define MCUBOOT_CPU_IDLE() ((void)0)

/* Where images may be loaded to, in the addresses of their headers; ram_load.h says where that is here. */
#if defined(MCUBOOT_RAM_LOAD) && !defined(IMAGE_EXECUTABLE_RAM_START)
#define IMAGE_EXECUTABLE_RAM_START 0x20010000
#define IMAGE_EXECUTABLE_RAM_SIZE 0x20000
#endif

#if defined(MCUBOOT_DATA_SHARING) || defined(MCUBOOT_MEASURED_BOOT)
#include <stdint.h>
#define MCUBOOT_SHARED_DATA_SIZE 1024
#define MAX_BOOT_RECORD_SZ 100
extern unsigned char port_shared[MCUBOOT_SHARED_DATA_SIZE];
#define MCUBOOT_SHARED_DATA_BASE ((uintptr_t)port_shared)
#endif

#endif
