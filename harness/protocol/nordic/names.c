/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The numbers of Nordic's DFU protocols in words. */
#include "protocol/nordic/dfu.h"

#define TEXT_OF(table, number)                                                                               \
    ((number) < sizeof(table) / sizeof *(table) && (table)[number] ? (table)[number] : "unknown")

const char *rig_dfu_op_name(uint8_t op)
{
    static const char *const names[] = {
        [RIG_DFU_VERSION] = "get protocol version",
        [RIG_DFU_CREATE] = "create object",
        [RIG_DFU_SET_PRN] = "set PRN",
        [RIG_DFU_GET_CRC] = "get CRC",
        [RIG_DFU_EXECUTE] = "execute object",
        [RIG_DFU_SELECT] = "select object",
        [RIG_DFU_GET_MTU] = "get MTU",
        [RIG_DFU_WRITE] = "write object",
        [RIG_DFU_PING] = "ping",
        [RIG_DFU_HARDWARE] = "get hardware version",
        [RIG_DFU_FIRMWARE] = "get firmware version",
        [RIG_DFU_ABORT] = "abort",
        [RIG_DFU_RESPONSE] = "response",
    };

    return TEXT_OF(names, op);
}

const char *rig_dfu_result_text(uint8_t result)
{
    static const char *const texts[] = {
        [RIG_DFU_INVALID] = "invalid op code",
        [RIG_DFU_SUCCESS] = "success",
        [RIG_DFU_NOT_SUPPORTED] = "op code not supported",
        [RIG_DFU_INVALID_PARAMETER] = "invalid parameter",
        [RIG_DFU_NO_RESOURCES] = "insufficient resources",
        [RIG_DFU_INVALID_OBJECT] = "invalid object",
        [RIG_DFU_UNSUPPORTED_TYPE] = "unsupported object type",
        [RIG_DFU_NOT_PERMITTED] = "operation not permitted in this state",
        [RIG_DFU_FAILED] = "operation failed",
        [RIG_DFU_EXTENDED] = "extended error",
    };

    return TEXT_OF(texts, result);
}

const char *rig_dfu_extended_text(uint8_t extended)
{
    static const char *const texts[] = {
        [RIG_DFU_EXT_NONE] = "no error",
        [RIG_DFU_EXT_INVALID] = "invalid error code",
        [RIG_DFU_EXT_COMMAND_FORMAT] = "wrong command format",
        [RIG_DFU_EXT_UNKNOWN_COMMAND] = "unknown command",
        [RIG_DFU_EXT_INIT_INVALID] = "init packet invalid",
        [RIG_DFU_EXT_FIRMWARE_VERSION] = "firmware version too low",
        [RIG_DFU_EXT_HARDWARE_VERSION] = "hardware version does not match",
        [RIG_DFU_EXT_SOFTDEVICE] = "SoftDevice not accepted",
        [RIG_DFU_EXT_SIGNATURE_MISSING] = "signature missing",
        [RIG_DFU_EXT_HASH_TYPE] = "wrong hash type",
        [RIG_DFU_EXT_HASH_FAILED] = "hash could not be computed",
        [RIG_DFU_EXT_SIGNATURE_TYPE] = "wrong signature type",
        [RIG_DFU_EXT_VERIFICATION] = "verification of the received image failed",
        [RIG_DFU_EXT_SPACE] = "insufficient space",
        [RIG_DFU_EXT_ALREADY_PRESENT] = "this firmware is there already",
    };

    return TEXT_OF(texts, extended);
}

const char *rig_buttonless_result_text(uint8_t result)
{
    static const char *const texts[] = {
        [RIG_BUTTONLESS_INVALID] = "invalid op code",
        [RIG_BUTTONLESS_SUCCESS] = "success",
        [RIG_BUTTONLESS_NOT_SUPPORTED] = "op code not supported",
        [RIG_BUTTONLESS_FAILED] = "operation failed",
        [RIG_BUTTONLESS_INVALID_NAME] = "advertising name invalid",
        [RIG_BUTTONLESS_BUSY] = "busy",
        [RIG_BUTTONLESS_NOT_BONDED] = "not bonded",
    };

    return TEXT_OF(texts, result);
}

const char *rig_legacy_op_name(uint8_t op)
{
    static const char *const names[] = {
        [RIG_LEGACY_START] = "start",
        [RIG_LEGACY_INIT] = "init packet",
        [RIG_LEGACY_RECEIVE] = "receive firmware",
        [RIG_LEGACY_VALIDATE] = "validate",
        [RIG_LEGACY_ACTIVATE] = "activate and reset",
        [RIG_LEGACY_RESET] = "reset",
        [RIG_LEGACY_REPORT_SIZE] = "report received size",
        [RIG_LEGACY_SET_PRN] = "set PRN",
        [RIG_LEGACY_RESPONSE] = "response",
        [RIG_LEGACY_RECEIPT] = "packet receipt",
    };

    return TEXT_OF(names, op);
}

const char *rig_legacy_status_text(uint8_t status)
{
    static const char *const texts[] = {
        [RIG_LEGACY_SUCCESS] = "success",
        [RIG_LEGACY_INVALID_STATE] = "invalid state",
        [RIG_LEGACY_NOT_SUPPORTED] = "not supported",
        [RIG_LEGACY_SIZE_LIMIT] = "data size exceeds limit",
        [RIG_LEGACY_CRC_ERROR] = "CRC error",
        [RIG_LEGACY_FAILED] = "operation failed",
    };

    return TEXT_OF(texts, status);
}

const char *rig_dfu_firmware_name(enum rig_dfu_firmware firmware)
{
    static const char *const names[] = {
        [RIG_DFU_APPLICATION] = "application",
        [RIG_DFU_SOFTDEVICE] = "softdevice",
        [RIG_DFU_BOOTLOADER] = "bootloader",
        [RIG_DFU_SOFTDEVICE_BOOTLOADER] = "softdevice-bootloader",
    };

    return TEXT_OF(names, (unsigned)firmware);
}
