/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Init packets of Nordic DFU, put together from the packets that carried them: what they say, and which of it
 * a bootloader refused. */
#include "protocol/ble/parts.h"

#include "base/bytes.h"
#include "image/init_packet.h"
#include "protocol/nordic/dfu.h"

#include <string.h>

void rig_ble_collect_init(struct rig_ble_dfu *dfu, const struct rig_ble_cursor *value)
{
    size_t room = sizeof dfu->init - dfu->n_init, n_bytes = value->n_left < room ? value->n_left : room;

    if (n_bytes > 0)
        memcpy(dfu->init + dfu->n_init, value->at, n_bytes);
    dfu->n_init = (uint16_t)(dfu->n_init + n_bytes);
}

static void add_softdevices(struct rig_line *line, const uint32_t *ids, size_t n_ids)
{
    for (size_t i = 0; i < n_ids; i++)
        rig_line_add(line, "%s0x%04x", i ? " " : "", (unsigned)ids[i]);
    if (n_ids == 0)
        rig_line_add(line, "none");
}

static void tell_secure(const struct rig_init_packet *packet, struct rig_line *line)
{
    const char *type = packet->type == RIG_INIT_EXTERNAL_APPLICATION
                           ? "external application"
                           : rig_dfu_firmware_name((enum rig_dfu_firmware)packet->type);

    rig_line_add(line, "%s", packet->has_type ? type : "no type");
    if (packet->has_fw_version)
        rig_line_add(line, " version %u", (unsigned)packet->fw_version);
    if (packet->has_hw_version)
        rig_line_add(line, ", hardware version %u", (unsigned)packet->hw_version);
    rig_line_add(line, ", SoftDevices ");
    add_softdevices(line, packet->sd_req, packet->n_sd_req);
    rig_line_add(line, ", %u bytes%s%s", (unsigned)(packet->app_size + packet->sd_size + packet->bl_size),
                 packet->is_debug ? ", debug" : "", packet->is_signed ? ", signed" : ", not signed");
}

void rig_ble_tell_init(const struct rig_ble_dfu *dfu, struct rig_line *line)
{
    struct rig_init_packet packet;
    enum rig_init_status status = rig_init_packet_decode(dfu->init, dfu->n_init, &packet);

    rig_line_add(line, ", init packet: ");
    if (status == RIG_INIT_OK)
        tell_secure(&packet, line);
    else
        rig_line_add(line, "%s", rig_init_status_text(status));
}

void rig_ble_explain_init(const struct rig_ble_dfu *dfu, uint8_t extended, struct rig_line *line)
{
    struct rig_init_packet packet;

    if (dfu->type != RIG_DFU_COMMAND_OBJECT || dfu->n_init == 0 ||
        rig_init_packet_decode(dfu->init, dfu->n_init, &packet) != RIG_INIT_OK)
        return;
    if (extended == RIG_DFU_EXT_FIRMWARE_VERSION && packet.has_fw_version) {
        rig_line_add(line, "; this one says version %u", (unsigned)packet.fw_version);
    } else if (extended == RIG_DFU_EXT_HARDWARE_VERSION && packet.has_hw_version) {
        rig_line_add(line, "; this one says %u", (unsigned)packet.hw_version);
    } else if (extended == RIG_DFU_EXT_SOFTDEVICE) {
        rig_line_add(line, "; this one names ");
        add_softdevices(line, packet.sd_req, packet.n_sd_req);
    } else if (extended == RIG_DFU_EXT_HASH_TYPE) {
        rig_line_add(line, "; this one has type %u", (unsigned)packet.hash_type);
    } else if (extended == RIG_DFU_EXT_SIGNATURE_TYPE) {
        rig_line_add(line, "; this one has type %u", (unsigned)packet.signature_type);
    }
}

void rig_ble_tell_legacy_init(const struct rig_ble_dfu *dfu, struct rig_line *line)
{
    uint32_t ids[RIG_LEGACY_INIT_MAX_SD_REQ];
    struct rig_legacy_init init;

    if (rig_legacy_init_decode(dfu->init, dfu->n_init, &init) != RIG_INIT_OK) {
        rig_line_add(line, "%u bytes that are no init packet", dfu->n_init);
        return;
    }
    for (size_t i = 0; i < init.n_sd_req; i++)
        ids[i] = init.sd_req[i];
    rig_line_add(line, "device type 0x%04x, revision 0x%04x, version 0x%08x, SoftDevices ", init.device_type,
                 init.device_revision, (unsigned)init.application_version);
    add_softdevices(line, ids, init.n_sd_req);
    if (init.n_extended_bytes == 2)
        rig_line_add(line, ", CRC 0x%04x", rig_get_le16(init.extended));
    else
        rig_line_add(line, ", %zu bytes more", init.n_extended_bytes);
}
