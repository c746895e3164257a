/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Init packets of legacy DFU: fixed fields, SoftDevice ids, and what the version of the package adds. */
#include "image/init_packet.h"

#include <string.h>

#include "base/bytes.h"

#define FIXED_BYTES 10u /* up to and with the count of SoftDevice ids */

enum rig_init_status rig_legacy_init_decode(const uint8_t *bytes, size_t n_bytes,
                                            struct rig_legacy_init *init)
{
    size_t rest;

    *init = (struct rig_legacy_init){0};
    if (n_bytes < FIXED_BYTES)
        return RIG_INIT_MALFORMED;
    init->device_type = rig_get_le16(bytes);
    init->device_revision = rig_get_le16(bytes + 2);
    init->application_version = rig_get_le32(bytes + 4);
    init->n_sd_req = rig_get_le16(bytes + 8);
    if (n_bytes - FIXED_BYTES < 2 * init->n_sd_req)
        return RIG_INIT_MALFORMED;
    rest = n_bytes - FIXED_BYTES - 2 * init->n_sd_req;
    if (init->n_sd_req > RIG_LEGACY_INIT_MAX_SD_REQ || rest > RIG_LEGACY_INIT_MAX_EXTENDED_BYTES)
        return RIG_INIT_LIMIT;
    for (size_t i = 0; i < init->n_sd_req; i++)
        init->sd_req[i] = rig_get_le16(bytes + FIXED_BYTES + 2 * i);
    if (rest)
        memcpy(init->extended, bytes + FIXED_BYTES + 2 * init->n_sd_req, rest);
    init->n_extended_bytes = rest;
    return RIG_INIT_OK;
}

enum rig_init_status rig_legacy_init_encode(const struct rig_legacy_init *init,
                                            uint8_t into[RIG_LEGACY_INIT_MAX_BYTES], size_t *n_bytes)
{
    *n_bytes = 0;
    if (init->n_sd_req > RIG_LEGACY_INIT_MAX_SD_REQ ||
        init->n_extended_bytes > RIG_LEGACY_INIT_MAX_EXTENDED_BYTES)
        return RIG_INIT_TOO_LARGE;
    rig_put_le16(into, init->device_type);
    rig_put_le16(into + 2, init->device_revision);
    rig_put_le32(into + 4, init->application_version);
    rig_put_le16(into + 8, (uint16_t)init->n_sd_req);
    for (size_t i = 0; i < init->n_sd_req; i++)
        rig_put_le16(into + FIXED_BYTES + 2 * i, init->sd_req[i]);
    *n_bytes = FIXED_BYTES + 2 * init->n_sd_req;
    memcpy(into + *n_bytes, init->extended, init->n_extended_bytes);
    *n_bytes += init->n_extended_bytes;
    return RIG_INIT_OK;
}

uint16_t rig_legacy_crc16(uint16_t crc, const void *bytes, size_t n_bytes)
{
    const uint8_t *at = bytes;

    for (size_t i = 0; i < n_bytes; i++) {
        crc = (uint16_t)(crc >> 8 | crc << 8);
        crc ^= at[i];
        crc ^= (uint16_t)((crc & 0xff) >> 4);
        crc ^= (uint16_t)(crc << 12);
        crc ^= (uint16_t)((crc & 0xff) << 5);
    }
    return crc;
}
