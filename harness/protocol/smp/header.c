/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The 8-byte header. */
#include "protocol/smp/smp.h"

#include "base/bytes.h"

void rig_smp_header_encode(const struct rig_smp_header *header, uint8_t bytes[RIG_SMP_HEADER_BYTES])
{
    bytes[0] = (uint8_t)((header->version & 3) << 3 | (header->op & 7));
    bytes[1] = header->flags;
    rig_put_be16(bytes + 2, header->length);
    rig_put_be16(bytes + 4, header->group);
    bytes[6] = header->sequence;
    bytes[7] = header->command;
}

void rig_smp_header_decode(const uint8_t bytes[RIG_SMP_HEADER_BYTES], struct rig_smp_header *header)
{
    header->version = bytes[0] >> 3 & 3;
    header->op = bytes[0] & 7;
    header->flags = bytes[1];
    header->length = rig_get_be16(bytes + 2);
    header->group = rig_get_be16(bytes + 4);
    header->sequence = bytes[6];
    header->command = bytes[7];
}
