/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loads and stores of fixed byte order, rounding. GLib-free, header only; no bounds are checked here. */
#ifndef RIG_BASE_BYTES_H
#define RIG_BASE_BYTES_H

#include <stdint.h>

static inline uint16_t rig_get_le16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t rig_get_le32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline uint16_t rig_get_be16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static inline void rig_put_le16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static inline void rig_put_le32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
    at[2] = (uint8_t)(value >> 16);
    at[3] = (uint8_t)(value >> 24);
}

static inline void rig_put_be16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/* unit must be a power of two; the sum must not overflow. */
static inline uint32_t rig_round_up(uint32_t value, uint32_t unit)
{
    return (value + unit - 1) & ~(unit - 1);
}

static inline uint32_t rig_round_down(uint32_t value, uint32_t unit)
{
    return value & ~(unit - 1);
}

#endif
