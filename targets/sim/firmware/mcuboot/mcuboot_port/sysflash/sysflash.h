/* SPDX-License-Identifier: Apache-2.0 */
/* MCUboot's flash areas by number; port.c knows them by role and image. */
#ifndef SYSFLASH_H
#define SYSFLASH_H

#define FLASH_AREA_IMAGE_PRIMARY(image) (1 + 2 * (image))
#if defined(MCUBOOT_SINGLE_APPLICATION_SLOT) || defined(MCUBOOT_SINGLE_APPLICATION_SLOT_RAM_LOAD)
#define FLASH_AREA_IMAGE_SECONDARY(image) FLASH_AREA_IMAGE_PRIMARY(image)
#else
#define FLASH_AREA_IMAGE_SECONDARY(image) (2 + 2 * (image))
#endif
#define FLASH_AREA_IMAGE_SCRATCH 100

#endif
