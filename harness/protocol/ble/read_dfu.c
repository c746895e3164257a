/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nordic DFU in the values of attributes: control points of the secure and the legacy protocol, packets, init
 * packets put together from them, and the buttonless characteristics; and what the failures that people meet
 * with it look like. Facts: [SRC nRF5 SDK 17.0.2 nrf_dfu_req_handler.c, ble_dfu.h; SDK 11 dfu_types.h,
 * dfu_transport_ble.c]. */
#include "protocol/ble/parts.h"

#include "base/bytes.h"
#include "image/init_packet.h"
#include "protocol/nordic/dfu.h"

#include <inttypes.h>
#include <string.h>

/* The init packet: its next bytes; a secure one in words (", init packet: application version 2, ..."); what
 * it has that was refused by this extended error ("; this one says 51", or nothing); a legacy one in words.
 */
static void ble_collect_init(struct rig_ble_dfu *dfu, const struct rig_ble_cursor *value)
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

static void ble_tell_init(const struct rig_ble_dfu *dfu, struct rig_line *line)
{
    struct rig_init_packet packet;
    enum rig_init_status status = rig_init_packet_decode(dfu->init, dfu->n_init, &packet);

    rig_line_add(line, ", init packet: ");
    if (status == RIG_INIT_OK)
        tell_secure(&packet, line);
    else
        rig_line_add(line, "%s", rig_init_status_text(status));
}

static void ble_explain_init(const struct rig_ble_dfu *dfu, uint8_t extended, struct rig_line *line)
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

static void ble_tell_legacy_init(const struct rig_ble_dfu *dfu, struct rig_line *line)
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

/* Receive buffers of the nRF51 bootloaders [SRC SDK 11 hci_mem_pool_internal.h]. */
#define LEGACY_POOL_PACKETS 8u
/* What a bootloader waits for a create of the init packet or an executed object, and what a tool waits for an
 * indication before it gives up. */
#define INACTIVITY_US 119000000u
#define PATIENCE_US 4000000u

struct remedy {
    uint8_t code;
    const char *text;
};

static const char *find(const struct remedy *remedies, size_t n_remedies, uint8_t code)
{
    for (size_t i = 0; i < n_remedies; i++) {
        if (remedies[i].code == code)
            return remedies[i].text;
    }
    return NULL;
}
#define FIND(remedies, code) find(remedies, sizeof remedies / sizeof *remedies, code)

static const struct remedy secure_remedies[] = {
    {RIG_DFU_NOT_SUPPORTED, "bootloaders over BLE leave out version, MTU and ping"},
    {RIG_DFU_INVALID_PARAMETER,
     "a size of 0, one that is no whole page before the last object, or more bytes than were created"},
    {RIG_DFU_NO_RESOURCES, "the object or the firmware is larger than the bootloader takes"},
    {RIG_DFU_INVALID_OBJECT,
     "the init packet does not decode, its signature is wrong for the bootloader's key, or the boot "
     "validation failed; make the package with the key and for the kind that the bootloader was built with"},
    {RIG_DFU_NOT_PERMITTED,
     "an object was not complete, or data came before a valid init packet: select, and begin again from "
     "there"},
    {RIG_DFU_FAILED, "as a rule the signature in the init packet has not 64 bytes"},
};

static const struct remedy extended_remedies[] = {
    {RIG_DFU_EXT_INIT_INVALID, "type, sizes, hardware or firmware version are missing in the init packet"},
    {RIG_DFU_EXT_FIRMWARE_VERSION,
     "the bootloader takes no older version, and a bootloader only a newer one: raise the version in the "
     "package"},
    {RIG_DFU_EXT_HARDWARE_VERSION, "the package is for another chip: 52 for nRF52, 51 for nRF51"},
    {RIG_DFU_EXT_SOFTDEVICE,
     "the package names other SoftDevices than the board has: give the right firmware id when packing "
     "(0xFFFE, \"any\", counts for no application); after an update of the SoftDevice it means that this "
     "part is there already"},
    {RIG_DFU_EXT_SIGNATURE_MISSING, "the bootloader takes signed packages only"},
    {RIG_DFU_EXT_HASH_TYPE, "it must be SHA-256"},
    {RIG_DFU_EXT_SIGNATURE_TYPE, "it must be ECDSA P-256"},
    {RIG_DFU_EXT_VERIFICATION,
     "the image that arrived is not the one of the init packet: bytes were lost, or the two do not belong "
     "together"},
};

static const struct remedy legacy_remedies[] = {
    {RIG_LEGACY_INVALID_STATE, "an operation out of its order: reset the bootloader and begin again"},
    {RIG_LEGACY_NOT_SUPPORTED,
     "a start packet that has not 12 bytes, a size that is no multiple of 4, or an application together with "
     "a SoftDevice"},
    {RIG_LEGACY_SIZE_LIMIT, "the image is larger than the bank, or more came than was announced"},
    {RIG_LEGACY_CRC_ERROR, "what arrived is not what the init packet names: bytes were lost; send it again"},
};

static const struct remedy legacy_versions[] = {
    {RIG_LEGACY_BUTTONLESS_APPLICATION, "an application that can go to its bootloader, no bootloader"},
    {RIG_LEGACY_SDK7, "bootloader of SDK 7, knows no bonds"},
    {RIG_LEGACY_SDK8, "bootloader of SDK 8, takes over the bond"},
    {RIG_LEGACY_SHA256, "bootloader with SHA-256"},
    {RIG_LEGACY_SDK9, "bootloader of SDK 9 to 11"},
};

static const struct remedy buttonless_remedies[] = {
    {RIG_BUTTONLESS_NOT_SUPPORTED, "an application that shares its bond takes no name"},
    {RIG_BUTTONLESS_FAILED,
     "with bonds: the peer data of the last update are still marked as used (NRF_ERROR_INVALID_STATE, 8 in "
     "the application's log); start the application once by a normal boot through the bootloader, and try "
     "again"},
    {RIG_BUTTONLESS_INVALID_NAME, "1 to 20 bytes are taken"},
    {RIG_BUTTONLESS_BUSY, "the application still writes its flash: wait, and ask again"},
    {RIG_BUTTONLESS_NOT_BONDED, "pair first"},
};

static void add_name(struct rig_line *line, const char *name, const char *what, uint8_t code)
{
    if (strcmp(name, "unknown") != 0)
        rig_line_add(line, " %s", name);
    else
        rig_line_add(line, " %s 0x%02x", what, code);
}

static struct rig_line explanation(struct rig_ble_reading *reading)
{
    return rig_line_begin(reading->explanation, sizeof reading->explanation);
}

static void explain(struct rig_ble_reading *reading, const char *text, const char *remedy)
{
    struct rig_line line = explanation(reading);

    if (strcmp(text, "unknown") != 0)
        rig_line_add(&line, "%s%s%s", text, remedy ? ": " : "", remedy ? remedy : "");
}

/* ---- secure ---- */

/* An init packet that did not decode stays where select shows it as complete. */
static void explain_execute_again(const struct rig_ble_dfu *dfu, struct rig_ble_reading *reading)
{
    struct rig_line line = explanation(reading);

    if (dfu->type == RIG_DFU_COMMAND_OBJECT && dfu->init_refused)
        rig_line_add(&line, "this init packet was refused before, and select still shows it as complete: "
                            "create the object anew, or this goes on for ever");
}

static void create(struct rig_ble_dfu *dfu, uint32_t n_bytes)
{
    if (dfu->type == RIG_DFU_COMMAND_OBJECT) {
        dfu->begin = 0;
        dfu->knows_begin = true;
        dfu->init_refused = false;
        dfu->n_init = 0;
    } else if (dfu->resumed) { /* which object is begun anew is not known here */
        dfu->knows_begin = false;
    }
    dfu->n_created = n_bytes;
    dfu->n_sent = 0;
}

static void tell_secure_request(struct rig_ble_dfu *dfu, struct rig_ble_cursor *cursor, struct rig_line *line,
                                struct rig_ble_reading *reading)
{
    uint8_t op = rig_ble_take8(cursor);

    add_name(line, rig_dfu_op_name(op), "operation", op);
    dfu->op = op;
    if (op == RIG_DFU_CREATE || op == RIG_DFU_SELECT) {
        dfu->type = rig_ble_take8(cursor);
        rig_line_add(line, ", %s",
                     dfu->type == RIG_DFU_COMMAND_OBJECT ? "command (init packet)"
                     : dfu->type == RIG_DFU_DATA_OBJECT  ? "data"
                                                         : "unknown type");
    }
    if (op == RIG_DFU_CREATE && cursor->n_left >= 4) {
        create(dfu, rig_get_le32(rig_ble_take(cursor, 4)));
        rig_line_add(line, ", %u bytes", (unsigned)dfu->n_created);
    } else if (op == RIG_DFU_SET_PRN) {
        dfu->prn = rig_ble_take16(cursor);
        rig_line_add(line, " %u", dfu->prn);
    } else if (op == RIG_DFU_EXECUTE) {
        explain_execute_again(dfu, reading);
    }
}

static void explain_offset(const struct rig_ble_dfu *dfu, uint32_t offset, struct rig_ble_reading *reading)
{
    struct rig_line why = explanation(reading);
    uint32_t n_arrived = offset - dfu->begin;

    if (!dfu->knows_begin || offset < dfu->begin)
        return;
    if (n_arrived < dfu->n_sent)
        rig_line_add(&why,
                     "%u of the %u bytes that were written arrived: packets were lost; create the object "
                     "again, with a PRN or slower",
                     (unsigned)n_arrived, (unsigned)dfu->n_sent);
    else if (n_arrived < dfu->n_created)
        rig_line_add(&why,
                     "%u of %u bytes are there: the object is not complete, and execute will be refused",
                     (unsigned)n_arrived, (unsigned)dfu->n_created);
}

static uint32_t tell_crc(const uint8_t *at, struct rig_line *line)
{
    uint32_t offset = rig_get_le32(at);

    rig_line_add(line, ", offset %u, CRC 0x%08x", (unsigned)offset, (unsigned)rig_get_le32(at + 4));
    return offset;
}

static void tell_success(struct rig_ble_dfu *dfu, uint8_t op, const struct rig_ble_cursor *cursor,
                         struct rig_line *line, struct rig_ble_reading *reading)
{
    uint32_t offset;

    if (op == RIG_DFU_SELECT && cursor->n_left >= 12) {
        rig_line_add(line, ", at most %u bytes", (unsigned)rig_get_le32(cursor->at));
        dfu->begin = tell_crc(cursor->at + 4, line);
        dfu->knows_begin = true;
        dfu->resumed = dfu->begin > 0;
        dfu->n_sent = dfu->n_created = 0;
    } else if (op == RIG_DFU_GET_CRC && cursor->n_left >= 8) {
        offset = tell_crc(cursor->at, line);
        if (dfu->op == RIG_DFU_GET_CRC)
            explain_offset(dfu, offset, reading);
    } else if (op == RIG_DFU_EXECUTE && dfu->type == RIG_DFU_DATA_OBJECT) {
        dfu->begin += dfu->n_sent;
        dfu->resumed = false;
        dfu->n_sent = dfu->n_created = 0;
    }
}

/* A code that means several things means one of them after this operation on this object; NULL: no more than
 * in the table. */
static const char *remedy_by_request(const struct rig_ble_dfu *dfu, uint8_t op, uint8_t result)
{
    bool data = dfu->type == RIG_DFU_DATA_OBJECT;

    if (op == RIG_DFU_CREATE && data && result == RIG_DFU_NOT_PERMITTED)
        return "the bootloader holds no valid init packet (it was reset, or another one was begun), or has "
               "all "
               "of the image already: select and send the init packet again";
    if (op == RIG_DFU_CREATE && data && result == RIG_DFU_INVALID_OBJECT)
        return "the bootloader could not erase its flash";
    if (op == RIG_DFU_CREATE && data && result == RIG_DFU_INVALID_PARAMETER)
        return "an object of data is a whole page (4096 bytes), but for the last one of the image";
    if (op == RIG_DFU_EXECUTE && data && result == RIG_DFU_INVALID_OBJECT)
        return "the boot validation of the init packet does not fit the image, or is of a kind that the "
               "bootloader does not know";
    if (op == RIG_DFU_EXECUTE && result == RIG_DFU_NOT_PERMITTED)
        return "the object has not all of its bytes: packets were lost, or are still on their way; ask for "
               "the "
               "CRC before";
    return NULL;
}

static void explain_extended(const struct rig_ble_dfu *dfu, uint8_t extended, struct rig_ble_reading *reading)
{
    struct rig_line line;

    explain(reading, rig_dfu_extended_text(extended), FIND(extended_remedies, extended));
    if (reading->explanation[0]) {
        size_t n_said = strlen(reading->explanation);

        line = rig_line_begin(reading->explanation + n_said, sizeof reading->explanation - n_said);
        ble_explain_init(dfu, extended, &line);
    }
    if (extended != RIG_DFU_EXT_VERIFICATION || !dfu->n_odd)
        return;
    line = explanation(reading);
    rig_line_add(
        &line,
        "%s: packets of %u bytes were sent, which is no multiple of 4; flash drops the 1 to 3 bytes at "
        "the end of each, while the CRC counts them: send packets of %u bytes",
        rig_dfu_extended_text(extended), dfu->n_odd, dfu->n_odd & ~3u);
}

static void tell_secure_response(struct rig_ble_dfu *dfu, struct rig_ble_cursor *cursor,
                                 struct rig_line *line, struct rig_ble_reading *reading)
{
    uint8_t op = rig_ble_take8(cursor), result = rig_ble_take8(cursor), extended;
    const char *remedy = remedy_by_request(dfu, op, result);

    dfu->answered = dfu->op == op;
    dfu->refused = result != RIG_DFU_SUCCESS;
    rig_line_add(line, " response:");
    add_name(line, rig_dfu_op_name(op), "operation", op);
    rig_line_add(line, ":");
    if (dfu->refused && op == RIG_DFU_EXECUTE && dfu->type == RIG_DFU_COMMAND_OBJECT)
        dfu->init_refused = true;
    if (result == RIG_DFU_EXTENDED && cursor->n_left) {
        extended = rig_ble_take8(cursor);
        add_name(line, rig_dfu_extended_text(extended), "extended error", extended);
        explain_extended(dfu, extended, reading);
        return;
    }
    add_name(line, rig_dfu_result_text(result), "result", result);
    if (dfu->refused)
        explain(reading, rig_dfu_result_text(result), remedy ? remedy : FIND(secure_remedies, result));
    else
        tell_success(dfu, op, cursor, line, reading);
}

/* ---- legacy ---- */

static void tell_legacy_request(struct rig_ble_dfu *dfu, struct rig_ble_cursor *cursor, struct rig_line *line)
{
    uint8_t op = rig_ble_take8(cursor), byte;

    add_name(line, rig_legacy_op_name(op), "operation", op);
    dfu->op = op;
    if (op == RIG_LEGACY_START && cursor->n_left) {
        byte = rig_ble_take8(cursor);
        rig_line_add(line, "%s%s%s", byte & RIG_LEGACY_SOFTDEVICE ? ", SoftDevice" : "",
                     byte & RIG_LEGACY_BOOTLOADER ? ", bootloader" : "",
                     byte & RIG_LEGACY_APPLICATION ? ", application" : "");
    } else if (op == RIG_LEGACY_INIT && cursor->n_left) {
        bool complete = rig_ble_take8(cursor) != 0;

        rig_line_add(line, complete ? ", complete: " : ", begin");
        if (complete)
            ble_tell_legacy_init(dfu, line);
        else
            dfu->n_init = 0;
    } else if (op == RIG_LEGACY_SET_PRN) {
        dfu->prn = rig_ble_take16(cursor);
        rig_line_add(line, " %u", dfu->prn);
    }
    if (op == RIG_LEGACY_START || op == RIG_LEGACY_RECEIVE)
        dfu->n_sent = 0;
}

static void explain_legacy_failure(const struct rig_ble_dfu *dfu, uint8_t op, struct rig_ble_reading *reading)
{
    struct rig_line line = explanation(reading);

    if (op == RIG_LEGACY_RECEIVE)
        rig_line_add(
            &line,
            "operation failed while receiving: packets came faster than the flash takes them (PRN %u; the "
            "bootloader has %u buffers); ask for a receipt after fewer packets, or send slower",
            dfu->prn, LEGACY_POOL_PACKETS);
    else
        rig_line_add(&line,
                     "operation failed: the bootloader refused the init packet (device type, revision or "
                     "SoftDevice of the package are not the board's)");
}

static void tell_legacy_response(struct rig_ble_dfu *dfu, struct rig_ble_cursor *cursor,
                                 struct rig_line *line, struct rig_ble_reading *reading)
{
    uint8_t op = rig_ble_take8(cursor), result = rig_ble_take8(cursor);

    rig_line_add(line, " response:");
    add_name(line, rig_legacy_op_name(op), "operation", op);
    rig_line_add(line, ":");
    add_name(line, rig_legacy_status_text(result), "status", result);
    dfu->answered = dfu->op == op;
    if (op == RIG_LEGACY_REPORT_SIZE && cursor->n_left >= 4)
        rig_line_add(line, ", %u bytes", (unsigned)rig_get_le32(cursor->at));
    if (result == RIG_LEGACY_FAILED)
        explain_legacy_failure(dfu, op, reading);
    else if (result != RIG_LEGACY_SUCCESS)
        explain(reading, rig_legacy_status_text(result), FIND(legacy_remedies, result));
}

/* ---- buttonless ---- */

static const char *buttonless_op_name(uint8_t op)
{
    return op == RIG_BUTTONLESS_ENTER      ? "enter bootloader"
           : op == RIG_BUTTONLESS_SET_NAME ? "set advertising name"
                                           : "unknown";
}

static void tell_buttonless(struct rig_ble_dfu *dfu, struct rig_ble_cursor *cursor, struct rig_line *line)
{
    uint8_t op = rig_ble_take8(cursor);

    add_name(line, buttonless_op_name(op), "operation", op);
    dfu->op = op;
    if (op != RIG_BUTTONLESS_SET_NAME)
        return;
    rig_line_add(line, " \"");
    rig_ble_take8(cursor);
    rig_line_add_text(line, cursor->at, cursor->n_left, RIG_BUTTONLESS_MAX_NAME_BYTES);
    rig_line_add(line, "\"");
}

static void tell_buttonless_response(struct rig_ble_dfu *dfu, struct rig_ble_cursor *cursor,
                                     struct rig_line *line, struct rig_ble_reading *reading)
{
    uint8_t op = rig_ble_take8(cursor), result = rig_ble_take8(cursor);
    struct rig_line why = explanation(reading);

    rig_line_add(line, " response:");
    add_name(line, buttonless_op_name(op), "operation", op);
    rig_line_add(line, ":");
    add_name(line, rig_buttonless_result_text(result), "result", result);
    dfu->answered = dfu->op == op;
    if (result != RIG_BUTTONLESS_SUCCESS) {
        explain(reading, rig_buttonless_result_text(result), FIND(buttonless_remedies, result));
    } else if (op == RIG_BUTTONLESS_ENTER) {
        dfu->entered = true;
        rig_line_add(
            &why,
            dfu->buttonless_bonds
                ? "the board goes to its bootloader now: same address, encrypted with the bond; its "
                  "attributes are others than the application's"
                : "the board goes to its bootloader now: look for its own address + 1 in the last byte");
    }
}

/* ---- all ---- */

static void read_control(struct rig_ble_dfu *dfu, unsigned half, struct rig_ble_cursor cursor,
                         struct rig_line *line, struct rig_ble_reading *reading)
{
    uint8_t first = cursor.n_left ? cursor.at[0] : 0;

    rig_line_add(line, ": DFU");
    if (half == 0) {
        if (dfu->legacy)
            tell_legacy_request(dfu, &cursor, line);
        else
            tell_secure_request(dfu, &cursor, line, reading);
    } else if (first == (dfu->legacy ? RIG_LEGACY_RESPONSE : RIG_DFU_RESPONSE)) {
        rig_ble_take8(&cursor);
        if (dfu->legacy)
            tell_legacy_response(dfu, &cursor, line, reading);
        else
            tell_secure_response(dfu, &cursor, line, reading);
    } else if (dfu->legacy && first == RIG_LEGACY_RECEIPT && cursor.n_left >= 5) {
        rig_line_add(line, " receipt: %u bytes received", (unsigned)rig_get_le32(cursor.at + 1));
    } else {
        rig_line_add(line, " value that no control point sends");
    }
    if (cursor.over)
        rig_line_add(line, " (malformed: too short)");
}

static void read_packet(struct rig_ble_dfu *dfu, struct rig_ble_cursor cursor, struct rig_line *line)
{
    static const char *const sizes[] = {"SoftDevice", "bootloader", "application"};

    dfu->n_sent += (uint32_t)cursor.n_left;
    if (!dfu->legacy && dfu->type == RIG_DFU_DATA_OBJECT && cursor.n_left % 4 && cursor.n_left > 4)
        dfu->n_odd = (uint16_t)cursor.n_left;
    rig_line_add(line, ", %zu bytes: DFU packet", cursor.n_left);
    if (dfu->legacy ? dfu->op == RIG_LEGACY_INIT : dfu->type == RIG_DFU_COMMAND_OBJECT && dfu->n_created)
        ble_collect_init(dfu, &cursor);
    if (!dfu->legacy && dfu->type == RIG_DFU_COMMAND_OBJECT && dfu->n_created &&
        dfu->n_init == dfu->n_created)
        ble_tell_init(dfu, line);
    if (!dfu->legacy || dfu->op != RIG_LEGACY_START || cursor.n_left != 12)
        return;
    rig_line_add(line, ", sizes");
    for (size_t i = 0; i < 3; i++)
        rig_line_add(line, "%s %s %u", i ? "," : ":", sizes[i], (unsigned)rig_get_le32(cursor.at + 4 * i));
}

static void read_buttonless(struct rig_ble_dfu *dfu, unsigned half, struct rig_ble_cursor value,
                            struct rig_line *line, struct rig_ble_reading *reading)
{
    struct rig_line why = explanation(reading);

    rig_line_add(line, ": DFU");
    if (half == 0) {
        tell_buttonless(dfu, &value, line);
        if (dfu->came == RIG_BLE_DFU_TO_BOOTLOADER && !dfu->discovered)
            rig_line_add(&why, "the board is in its bootloader, and this side writes to an attribute of the "
                               "application: it holds an old table (GATT cache); discover again");
    } else if (rig_ble_take8(&value) == RIG_BUTTONLESS_RESPONSE) {
        tell_buttonless_response(dfu, &value, line, reading);
    }
    if (value.over)
        rig_line_add(line, " (malformed: too short)");
}

static void read_version(struct rig_ble_cursor value, struct rig_line *line)
{
    uint16_t version = rig_ble_take16(&value);
    const char *text = version <= UINT8_MAX ? FIND(legacy_versions, (uint8_t)version) : NULL;

    rig_line_add(line, ": DFU version 0x%04x", version);
    if (text)
        rig_line_add(line, " (%s)", text);
    if (value.over)
        rig_line_add(line, " (malformed: too short)");
}

/* A request that keeps a secure bootloader from giving up: nothing else does. */
static bool keeps_awake(const struct rig_ble_dfu *dfu)
{
    return (dfu->op == RIG_DFU_CREATE && dfu->type == RIG_DFU_COMMAND_OBJECT) ||
           (dfu->op == RIG_DFU_EXECUTE && dfu->type == RIG_DFU_DATA_OBJECT);
}

bool rig_ble_read_dfu(struct rig_ble_connection *connection, unsigned half, uint16_t handle,
                      struct rig_ble_cursor value, struct rig_line *line, struct rig_ble_reading *reading)
{
    struct rig_ble_dfu *dfu = &connection->dfu;
    bool request = half == 0 && handle && (handle == dfu->control || handle == dfu->buttonless);

    if (handle == 0)
        return false;
    if (request) {
        dfu->asked = true;
        dfu->asked_buttonless = handle == dfu->buttonless;
        dfu->answered = dfu->refused = dfu->entered = false;
        dfu->asked_us = connection->last_us;
        if (!dfu->awake_us)
            dfu->awake_us = connection->last_us;
    }
    if (handle == dfu->control) {
        read_control(dfu, half, value, line, reading);
        if (request && keeps_awake(dfu))
            dfu->awake_us = connection->last_us;
    } else if (handle == dfu->packet) {
        read_packet(dfu, value, line);
    } else if (handle == dfu->buttonless) {
        read_buttonless(dfu, half, value, line, reading);
    } else if (handle == dfu->version) {
        read_version(value, line);
    } else {
        return false;
    }
    return true;
}

void rig_ble_learn_dfu(struct rig_ble_dfu *dfu, uint16_t value_handle, const char *name)
{
    bool known = name && strncmp(name, "Nordic ", 7) == 0;

    /* A table discovered anew: what the handle meant before is over. */
    dfu->discovered = true;
    if (dfu->control == value_handle)
        dfu->control = 0;
    if (dfu->packet == value_handle)
        dfu->packet = 0;
    if (dfu->buttonless == value_handle)
        dfu->buttonless = 0;
    if (dfu->version == value_handle)
        dfu->version = 0;
    if (!known)
        return;
    if (strstr(name, "control point"))
        dfu->control = value_handle;
    else if (strstr(name, "DFU packet"))
        dfu->packet = value_handle;
    else if (strstr(name, "buttonless"))
        dfu->buttonless = value_handle;
    else if (strstr(name, "DFU version"))
        dfu->version = value_handle;
    if (strstr(name, "control point") || strstr(name, "DFU packet"))
        dfu->legacy = strstr(name, "legacy") != NULL;
    if (strstr(name, "buttonless"))
        dfu->buttonless_bonds = strstr(name, "with bonds") != NULL;
}

/* ---- what the end of a connection means ---- */

static bool legacy_jump(const struct rig_ble_dfu *dfu)
{
    return dfu->legacy && dfu->asked && !dfu->asked_buttonless && !dfu->answered &&
           dfu->op == RIG_LEGACY_START && dfu->n_sent == 0;
}

static bool last_execute(const struct rig_ble_dfu *dfu)
{
    return !dfu->legacy && dfu->asked && !dfu->asked_buttonless && dfu->answered &&
           dfu->op == RIG_DFU_EXECUTE && dfu->type == RIG_DFU_DATA_OBJECT;
}

enum rig_ble_dfu_came rig_ble_dfu_goes(const struct rig_ble_connection *connection)
{
    const struct rig_ble_dfu *dfu = &connection->dfu;
    bool hung_up = connection->end_reason == RIG_HCI_ERROR_REMOTE_USER;

    if (dfu->entered || legacy_jump(dfu))
        return RIG_BLE_DFU_TO_BOOTLOADER;
    if ((dfu->legacy && dfu->asked && !dfu->asked_buttonless && dfu->op == RIG_LEGACY_ACTIVATE) ||
        (last_execute(dfu) && hung_up && !dfu->refused))
        return RIG_BLE_DFU_TO_UPDATED;
    return dfu->came == RIG_BLE_DFU_TO_BOOTLOADER ? RIG_BLE_DFU_TO_BOOTLOADER : RIG_BLE_DFU_ANY;
}

static bool explain_buttonless_end(const struct rig_ble_connection *connection, struct rig_line *line)
{
    const struct rig_ble_dfu *dfu = &connection->dfu;
    const struct rig_ble_half *board = &connection->halves[1];
    uint64_t waited_us = connection->last_us - dfu->asked_us;
    bool host = connection->end_reason == RIG_HCI_ERROR_LOCAL_HOST;

    if (dfu->entered && host && board->request == RIG_ATT_INDICATION &&
        board->request_handle == dfu->buttonless) {
        rig_line_add(line, "the host ended the connection before it had confirmed the indication: the board "
                           "goes to its bootloader only upon the confirmation, and stays in its application");
        return true;
    }
    if (!dfu->asked_buttonless || dfu->answered)
        return false;
    if (host && waited_us >= PATIENCE_US)
        rig_line_add(line,
                     "no indication came in %" PRIu64 " s: is it switched on? With bonds, the application is "
                     "silent when storing the peer data does not end, or when this host's key is not the "
                     "one that the board has: forget the bond on both sides, or start the board once "
                     "through its bootloader",
                     waited_us / 1000000);
    else if (host)
        return false;
    else
        rig_line_add(
            line,
            dfu->op == RIG_BUTTONLESS_ENTER
                ? "the board left without an answer to \"enter bootloader\": it may be in its bootloader all "
                  "the same; look for it there (own address + 1, or the same when bonded)"
                : "the board fell silent at \"set advertising name\": it writes the settings page then; "
                  "connect again, and ask again before entering the bootloader");
    return true;
}

static bool explain_legacy_end(const struct rig_ble_dfu *dfu, bool silent, struct rig_line *line)
{
    if (!dfu->legacy || !dfu->asked || dfu->answered)
        return false;
    if (legacy_jump(dfu) && !silent) {
        rig_line_add(line,
                     "the application goes to its bootloader: it promises no answer to start, and comes back "
                     "as a bootloader (same address when bonded, else the last byte + 1)");
        return true;
    }
    if (dfu->op == RIG_LEGACY_START && dfu->n_sent > 0) {
        rig_line_add(
            line, "the link was lost while start was not answered: the bootloader erases the bank first, "
                  "which takes up to tens of seconds; a client must wait that long, and the board must keep "
                  "the link up meanwhile; its application is gone until a transfer is complete, unless the "
                  "bootloader has two banks");
        return true;
    }
    if (dfu->op == RIG_LEGACY_ACTIVATE || dfu->op == RIG_LEGACY_RESET) {
        rig_line_add(line, "the bootloader resets after \"%s\", as it must: it sends no answer",
                     rig_legacy_op_name(dfu->op));
        return true;
    }
    return false;
}

static bool explain_secure_end(const struct rig_ble_connection *connection, struct rig_line *line)
{
    const struct rig_ble_dfu *dfu = &connection->dfu;
    bool hung_up = connection->end_reason == RIG_HCI_ERROR_REMOTE_USER;

    if (dfu->legacy || !dfu->asked || dfu->asked_buttonless)
        return false;
    if (!dfu->answered && dfu->op == RIG_DFU_ABORT) {
        rig_line_add(line, "the bootloader resets after \"abort\", as it must: it sends no answer");
        return true;
    }
    if (hung_up && last_execute(dfu)) {
        rig_line_add(line,
                     dfu->refused
                         ? "the bootloader resets after the last execute, as it must, also when it refused "
                           "the image: progress is gone, the old application runs if there are two banks; "
                           "send the package from the init packet on"
                         : "the bootloader resets after the last execute, as it must; it wrote its settings "
                           "only after the answer: the version of the application tells whether the update "
                           "is committed");
        return true;
    }
    if (hung_up && connection->last_us - dfu->awake_us >= INACTIVITY_US) {
        rig_line_add(line, "the bootloader gives up after 120 s without a created init packet or an executed "
                           "object of data (packets and CRC requests do not count), and resets");
        return true;
    }
    return false;
}

bool rig_ble_explain_dfu_end(const struct rig_ble_connection *connection, bool silent, struct rig_line *line)
{
    return explain_buttonless_end(connection, line) || explain_legacy_end(&connection->dfu, silent, line) ||
           explain_secure_end(connection, line);
}

/* ---- keys ---- */

bool rig_ble_explain_dfu_key(const struct rig_ble_dfu *dfu, struct rig_line *line)
{
    if (dfu->came == RIG_BLE_DFU_TO_BOOTLOADER)
        rig_line_add(
            line, "the board is in its bootloader, which has no key of this bond: a host that drops such a "
                  "link (phones do) cannot update it. Remedies: an application that hands the bond over "
                  "(in RAM, or through the settings page), a bootloader that advertises at address + 1, or "
                  "forget the board on this host");
    else if (dfu->came == RIG_BLE_DFU_TO_UPDATED)
        rig_line_add(line,
                     "the application that was just installed has no key of this bond: the update erased it "
                     "(no pages are reserved for the application's data), or it keeps none. Reserve pages "
                     "(DFU_APP_DATA_RESERVED), or forget the board on this host and pair again");
    else
        return false;
    return true;
}

bool rig_ble_explain_dfu_pairing(const struct rig_ble_dfu *dfu, struct rig_line *line)
{
    if (dfu->came == RIG_BLE_DFU_TO_BOOTLOADER || (dfu->control && !dfu->buttonless && !dfu->legacy))
        rig_line_add(line,
                     "a Nordic bootloader never pairs: it only takes a bond that the application handed "
                     "over, from the host that has its key");
    else if (dfu->buttonless_bonds)
        rig_line_add(line,
                     "the board refuses a second bond with this host (allow_repairing is off), and this host "
                     "lost the key of the first: nrfutil bonds anew in each run and keeps no key. Keep the "
                     "key, or erase the bond on the board as well");
    else
        return false;
    return true;
}
