/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The numbers of Nordic's DFU protocols over Bluetooth LE: secure (nRF5 SDK 12 to 17), buttonless entry into
 * it, legacy (SDK 4.3 to 11). All integers on the air are little endian. No I/O; GLib-free. Facts: [SRC nRF5
 * SDK 17.0.2 components/libraries/bootloader/dfu, components/ble/ble_services/ble_dfu; SDK 11
 * components/libraries/bootloader_dfu]. */
#ifndef RIG_PROTOCOL_NORDIC_DFU_H
#define RIG_PROTOCOL_NORDIC_DFU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- secure: GATT --- */

/* Service of bootloader and application alike: the bootloader's has control point and packet, the
 * application's one of the buttonless characteristics. */
#define RIG_DFU_SERVICE_UUID "0000fe59-0000-1000-8000-00805f9b34fb"
#define RIG_DFU_CONTROL_UUID "8ec90001-f315-4f60-9fb8-838830daea50"           /* write, notify */
#define RIG_DFU_PACKET_UUID "8ec90002-f315-4f60-9fb8-838830daea50"            /* write without response */
#define RIG_DFU_BUTTONLESS_UUID "8ec90003-f315-4f60-9fb8-838830daea50"        /* write, indicate; open */
#define RIG_DFU_BUTTONLESS_BONDED_UUID "8ec90004-f315-4f60-9fb8-838830daea50" /* write, indicate; encrypted  \
                                                                               */
/* SDK 12's: service and characteristic have one UUID; write, notify. */
#define RIG_DFU_BUTTONLESS_EXPERIMENTAL_UUID "8e400001-f315-4f60-9fb8-838830daea50"

/* ATT error of a write to a control point or buttonless characteristic whose CCC is not set: "CCC improperly
 * configured" [SPEC Core Supplement Part B 1.2]. */
#define RIG_DFU_ATT_CCC_IMPROPER 0xfd

/* --- secure: control point --- */

enum rig_dfu_op {
    RIG_DFU_VERSION = 0x00,
    RIG_DFU_CREATE = 0x01,  /* type u8, size u32 */
    RIG_DFU_SET_PRN = 0x02, /* u16, 0 = off */
    RIG_DFU_GET_CRC = 0x03, /* answer: offset u32, CRC u32 */
    RIG_DFU_EXECUTE = 0x04,
    RIG_DFU_SELECT = 0x06, /* type u8; answer: most bytes u32, offset u32, CRC u32 */
    RIG_DFU_GET_MTU = 0x07,
    RIG_DFU_WRITE = 0x08, /* serial only */
    RIG_DFU_PING = 0x09,
    RIG_DFU_HARDWARE = 0x0a,
    RIG_DFU_FIRMWARE = 0x0b,
    RIG_DFU_ABORT = 0x0c,    /* no answer */
    RIG_DFU_RESPONSE = 0x60, /* answers begin with it, the op and the result */
};
enum rig_dfu_object { RIG_DFU_COMMAND_OBJECT = 1, RIG_DFU_DATA_OBJECT = 2 };
enum rig_dfu_result {
    RIG_DFU_INVALID = 0x00,
    RIG_DFU_SUCCESS = 0x01,
    RIG_DFU_NOT_SUPPORTED = 0x02,
    RIG_DFU_INVALID_PARAMETER = 0x03,
    RIG_DFU_NO_RESOURCES = 0x04,
    RIG_DFU_INVALID_OBJECT = 0x05,
    RIG_DFU_UNSUPPORTED_TYPE = 0x07,
    RIG_DFU_NOT_PERMITTED = 0x08,
    RIG_DFU_FAILED = 0x0a,
    RIG_DFU_EXTENDED = 0x0b, /* one byte of enum rig_dfu_extended follows */
};
enum rig_dfu_extended {
    RIG_DFU_EXT_NONE = 0x00,
    RIG_DFU_EXT_INVALID = 0x01,
    RIG_DFU_EXT_COMMAND_FORMAT = 0x02,
    RIG_DFU_EXT_UNKNOWN_COMMAND = 0x03,
    RIG_DFU_EXT_INIT_INVALID = 0x04,
    RIG_DFU_EXT_FIRMWARE_VERSION = 0x05,
    RIG_DFU_EXT_HARDWARE_VERSION = 0x06,
    RIG_DFU_EXT_SOFTDEVICE = 0x07,
    RIG_DFU_EXT_SIGNATURE_MISSING = 0x08,
    RIG_DFU_EXT_HASH_TYPE = 0x09,
    RIG_DFU_EXT_HASH_FAILED = 0x0a,
    RIG_DFU_EXT_SIGNATURE_TYPE = 0x0b,
    RIG_DFU_EXT_VERIFICATION = 0x0c,
    RIG_DFU_EXT_SPACE = 0x0d,
    RIG_DFU_EXT_ALREADY_PRESENT = 0x0e,
};
#define RIG_DFU_MAX_RESPONSE_BYTES 17u
#define RIG_DFU_MAX_COMMAND_OBJECT_BYTES 512u /* 256 with settings of version 1 */
#define RIG_DFU_MAX_DATA_OBJECT_BYTES 4096u

/* --- buttonless --- */

enum rig_buttonless_op {
    RIG_BUTTONLESS_ENTER = 0x01,
    RIG_BUTTONLESS_SET_NAME = 0x02, /* length u8 (1..20), name; only of the one without bonds */
    RIG_BUTTONLESS_RESPONSE = 0x20, /* answers begin with it, the op and the result */
};
enum rig_buttonless_result {
    RIG_BUTTONLESS_INVALID = 0x00,
    RIG_BUTTONLESS_SUCCESS = 0x01,
    RIG_BUTTONLESS_NOT_SUPPORTED = 0x02,
    RIG_BUTTONLESS_FAILED = 0x04,
    RIG_BUTTONLESS_INVALID_NAME = 0x05,
    RIG_BUTTONLESS_BUSY = 0x06,
    RIG_BUTTONLESS_NOT_BONDED = 0x07,
};
#define RIG_BUTTONLESS_MAX_NAME_BYTES 20u

/* --- legacy --- */

/* Of bootloader and application alike: the application's has the control point only, and version 0x0001. */
#define RIG_LEGACY_SERVICE_UUID "00001530-1212-efde-1523-785feabcd123"
#define RIG_LEGACY_CONTROL_UUID "00001531-1212-efde-1523-785feabcd123" /* write, notify */
#define RIG_LEGACY_PACKET_UUID "00001532-1212-efde-1523-785feabcd123"  /* write without response */
#define RIG_LEGACY_VERSION_UUID "00001534-1212-efde-1523-785feabcd123" /* read, u16 */

enum rig_legacy_op {
    RIG_LEGACY_START = 0x01, /* mode u8, then sizes on the packet characteristic */
    RIG_LEGACY_INIT = 0x02,  /* 00 begin, 01 complete */
    RIG_LEGACY_RECEIVE = 0x03,
    RIG_LEGACY_VALIDATE = 0x04,
    RIG_LEGACY_ACTIVATE = 0x05, /* no answer, the link drops */
    RIG_LEGACY_RESET = 0x06,    /* likewise */
    RIG_LEGACY_REPORT_SIZE = 0x07,
    RIG_LEGACY_SET_PRN = 0x08,  /* u16, 0 = off */
    RIG_LEGACY_RESPONSE = 0x10, /* op, status */
    RIG_LEGACY_RECEIPT = 0x11,  /* bytes received u32 */
};
enum rig_legacy_mode { RIG_LEGACY_SOFTDEVICE = 1, RIG_LEGACY_BOOTLOADER = 2, RIG_LEGACY_APPLICATION = 4 };
enum rig_legacy_status {
    RIG_LEGACY_SUCCESS = 1,
    RIG_LEGACY_INVALID_STATE = 2,
    RIG_LEGACY_NOT_SUPPORTED = 3,
    RIG_LEGACY_SIZE_LIMIT = 4,
    RIG_LEGACY_CRC_ERROR = 5,
    RIG_LEGACY_FAILED = 6,
};
/* Values of the version characteristic. */
enum rig_legacy_version {
    RIG_LEGACY_BUTTONLESS_APPLICATION = 0x0001, /* SDK 7 on: not a bootloader */
    RIG_LEGACY_SDK7 = 0x0005,                   /* no bond sharing; CRC-16 in the init packet */
    RIG_LEGACY_SDK8 = 0x0006,                   /* bond sharing */
    RIG_LEGACY_SHA256 = 0x0007,
    RIG_LEGACY_SDK9 = 0x0008, /* SDK 9 to 11 */
};
#define RIG_LEGACY_PACKET_BYTES 20u

/* --- both --- */

/* What a package or a transfer carries; the numbers are those of the secure init packet. */
enum rig_dfu_firmware {
    RIG_DFU_APPLICATION = 0,
    RIG_DFU_SOFTDEVICE = 1,
    RIG_DFU_BOOTLOADER = 2,
    RIG_DFU_SOFTDEVICE_BOOTLOADER = 3, /* SoftDevice bytes, then bootloader bytes */
};

/* For people. "select", "0x33"; "operation not permitted in this state (0x08)", ...; never NULL, static.
 * Unknown numbers are "unknown". */
const char *rig_dfu_op_name(uint8_t op);
const char *rig_dfu_result_text(uint8_t result);
const char *rig_dfu_extended_text(uint8_t extended);
const char *rig_buttonless_result_text(uint8_t result);
const char *rig_legacy_op_name(uint8_t op);
const char *rig_legacy_status_text(uint8_t status);
const char *rig_dfu_firmware_name(enum rig_dfu_firmware firmware); /* "application", "softdevice",
                                                                      "bootloader", "softdevice-bootloader" */

#endif
