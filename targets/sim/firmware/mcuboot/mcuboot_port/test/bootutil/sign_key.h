/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGN_KEY_STAND_IN_H
#define SIGN_KEY_STAND_IN_H

#include <stdint.h>

struct bootutil_key {
    const uint8_t *key;
    const unsigned *len;
};
extern const struct bootutil_key bootutil_keys[];
extern const int bootutil_key_cnt;

#endif
