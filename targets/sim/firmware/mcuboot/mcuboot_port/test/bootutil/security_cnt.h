/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECURITY_CNT_STAND_IN_H
#define SECURITY_CNT_STAND_IN_H

#include "bootutil.h"

fih_ret boot_nv_security_counter_init(void);
fih_ret boot_nv_security_counter_get(uint32_t image, fih_int *security_counter);
int32_t boot_nv_security_counter_update(uint32_t image, uint32_t value);
fih_ret boot_nv_security_counter_is_update_possible(uint32_t image, uint32_t value);
int32_t boot_nv_security_counter_lock(uint32_t image);

#endif
