/* SPDX-License-Identifier: Apache-2.0 */
/* In the place of MCUboot's headers, for the test of its port: as much of them as the port uses. */
#ifndef BOOTUTIL_STAND_IN_H
#define BOOTUTIL_STAND_IN_H

#include <stdint.h>

typedef int fih_ret;
typedef int fih_int;
#define FIH_SUCCESS 0
#define FIH_FAILURE (-1)
#define FIH_DECLARE(name, value) fih_ret name = (value)
#define FIH_CALL(function, result, ...) ((result) = function(__VA_ARGS__))
#define FIH_NOT_EQ(a, b) ((a) != (b))
#define FIH_RET(value) return (value)
#define fih_int_encode(value) (value)
#define BOOT_MAX_ALIGN 8

struct boot_rsp {
    uint8_t br_flash_dev_id;
    uint32_t br_image_off;
};
fih_ret boot_go(struct boot_rsp *answer);

#endif
