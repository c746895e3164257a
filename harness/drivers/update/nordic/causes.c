/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Failures of updates over Nordic's DFU by their cause, with what helps: what people met in the field. */
#include "drivers/update/nordic/nordic_client.h"

#include <string.h>

struct cause {
    guint8 op;
    guint32 code; /* as in struct rig_update_result */
    const char *text;
};

#define EXTENDED(code) ((guint32)RIG_DFU_EXTENDED << 8 | (code))

static const struct cause secure[] = {
    {RIG_DFU_CREATE, RIG_DFU_NOT_PERMITTED,
     "no init packet was accepted before, or more than it announces would come"},
    {RIG_DFU_CREATE, RIG_DFU_NO_RESOURCES, "the object is larger than the bootloader takes"},
    {RIG_DFU_CREATE, RIG_DFU_INVALID_PARAMETER,
     "objects of the image must be whole pages, but for the last one; none may be empty"},
    {RIG_DFU_EXECUTE, RIG_DFU_INVALID_OBJECT,
     "the init packet does not decode or its signature is not by the key that the bootloader was built with, "
     "or the boot validation failed"},
    {RIG_DFU_EXECUTE, RIG_DFU_FAILED, "a signature that has not 64 bytes"},
    {RIG_DFU_EXECUTE, RIG_DFU_NO_RESOURCES, "the firmware does not fit"},
    {RIG_DFU_EXECUTE, RIG_DFU_NOT_PERMITTED, "the object was not complete"},
    {RIG_DFU_EXECUTE, EXTENDED(RIG_DFU_EXT_INIT_INVALID),
     "type, size, hardware version or firmware version is missing in the init packet"},
    {RIG_DFU_EXECUTE, EXTENDED(RIG_DFU_EXT_FIRMWARE_VERSION),
     "the board has a newer one and takes no older version: raise the version in the package"},
    {RIG_DFU_EXECUTE, EXTENDED(RIG_DFU_EXT_HARDWARE_VERSION),
     "the package is for another board: the bootloader was built for another hardware version"},
    {RIG_DFU_EXECUTE, EXTENDED(RIG_DFU_EXT_SOFTDEVICE),
     "the SoftDevice of the board is not among those that the package names (0xfffe, any, is not honoured)"},
    {RIG_DFU_EXECUTE, EXTENDED(RIG_DFU_EXT_SIGNATURE_MISSING),
     "the bootloader takes signed packages only: make the package with its key"},
    {RIG_DFU_EXECUTE, EXTENDED(RIG_DFU_EXT_HASH_TYPE), "it must be SHA-256"},
    {RIG_DFU_EXECUTE, EXTENDED(RIG_DFU_EXT_SIGNATURE_TYPE), "it must be ECDSA P-256"},
    {RIG_DFU_EXECUTE, EXTENDED(RIG_DFU_EXT_VERIFICATION),
     "what arrived is not the image of the init packet; the board begins anew"},
};

static const struct cause buttonless[] = {
    {RIG_BUTTONLESS_ENTER, RIG_BUTTONLESS_FAILED,
     "the bond could not be handed over: the peer data of an earlier update are still marked as used (the "
     "application sees error 8), until the bootloader starts the application by a normal boot: reset the "
     "board "
     "once and update again; or the bootloader was built without bonds (NRF_DFU_BLE_REQUIRES_BONDS)"},
    {RIG_BUTTONLESS_ENTER, RIG_BUTTONLESS_NOT_BONDED,
     "the application hands a bond over and has none with this host: pair first, then update"},
    {RIG_BUTTONLESS_ENTER, RIG_BUTTONLESS_BUSY,
     "it is still at work on an operation before: wait, ask again"},
    {RIG_BUTTONLESS_ENTER, RIG_BUTTONLESS_NOT_SUPPORTED, "this application has no such operation"},
    {RIG_BUTTONLESS_SET_NAME, RIG_BUTTONLESS_NOT_SUPPORTED,
     "an application that hands its bond over takes no name"},
    {RIG_BUTTONLESS_SET_NAME, RIG_BUTTONLESS_INVALID_NAME, "1 to 20 bytes are taken"},
};

static const struct cause legacy[] = {
    {RIG_LEGACY_START, RIG_LEGACY_INVALID_STATE, "an update before was left off: reset the bootloader"},
    {RIG_LEGACY_START, RIG_LEGACY_NOT_SUPPORTED,
     "sizes must be multiples of 4, and an application cannot come with a SoftDevice or bootloader"},
    {RIG_LEGACY_START, RIG_LEGACY_SIZE_LIMIT, "the image is larger than the bank"},
    {RIG_LEGACY_INIT, RIG_LEGACY_FAILED,
     "device type, revision or SoftDevice of the package is not the board's"},
    {RIG_LEGACY_RECEIVE, RIG_LEGACY_FAILED,
     "packets came faster than the bootloader writes: its pool takes 8; let it send receipts (`prn`, 10 or "
     "less)"},
    {RIG_LEGACY_RECEIVE, RIG_LEGACY_SIZE_LIMIT, "more came than was announced"},
    {RIG_LEGACY_VALIDATE, RIG_LEGACY_CRC_ERROR,
     "what arrived is not the image of the init packet: packets were lost"},
};

static const char *find(const struct cause *causes, gsize n, guint8 op, guint32 code)
{
    for (gsize i = 0; i < n; i++)
        if (causes[i].op == op && causes[i].code == code)
            return causes[i].text;
    return NULL;
}

static const char *cause_of(enum rig_dfu_dialect dialect, guint8 op, guint32 code)
{
    switch (dialect) {
    case RIG_DFU_BUTTONLESS:
        return find(buttonless, G_N_ELEMENTS(buttonless), op, code);
    case RIG_DFU_LEGACY:
        return find(legacy, G_N_ELEMENTS(legacy), op, code);
    case RIG_DFU_SECURE:
    default:
        return find(secure, G_N_ELEMENTS(secure), op, code);
    }
}

guint32 rig_nordic_code(enum rig_dfu_dialect dialect, const struct rig_dfu_response *response)
{
    if (dialect == RIG_DFU_SECURE && response->result == RIG_DFU_EXTENDED)
        return EXTENDED(response->extended);
    return response->result;
}

void rig_nordic_set_refused(struct rig_nordic_client *client, const struct rig_dfu_response *response,
                            const struct rig_dfu_request *request, struct rig_update_result *result)
{
    enum rig_dfu_dialect dialect = client->door ? client->door->dialect : client->kind->dialect;
    guint32 code = rig_nordic_code(dialect, response);
    const char *cause = cause_of(dialect, response->op, code);
    char asked[96] = "", said[96];

    if (request)
        rig_dfu_describe(dialect, true, request->bytes, request->n_bytes, asked, sizeof asked);
    else
        g_strlcpy(asked, rig_dfu_op_of(dialect, response->op), sizeof asked);
    rig_dfu_describe_result(dialect, response, said, sizeof said);
    result->kind = RIG_UPDATE_REFUSED;
    result->code = code;
    g_snprintf(result->text, sizeof result->text, "%s: %s%s%s", asked, said, cause ? ": " : "",
               cause ? cause : "");
}

/* --- the link --- */

static const char *cause_of_outcome(const struct rig_nordic_client *client, enum rig_link_outcome outcome)
{
    switch (outcome) {
    case RIG_LINK_KEY_MISSING:
        if (client->entering)
            return "the bootloader does not know the bond that this host has with the application: have the "
                   "application hand it over, let the bootloader advertise at address + 1, or forget the "
                   "bond "
                   "on this host";
        return "this host has a key and the board has none: its bootloader may not know the bond of the "
               "application (hand it over, or let it advertise at address + 1), or an update erased the bond "
               "(keep pages for application data); else forget the bond on this host and pair anew";
    case RIG_LINK_KEY_DIFFERENT:
        return "both sides have keys and they differ: one side paired anew without the other; forget the "
               "bond "
               "on both";
    case RIG_LINK_PAIRING_REFUSED:
        return "the board has a bond with this host, which lost its half, and lets nobody pair a second time "
               "(allow_repairing off), or its bootloader runs, which never pairs: keep the keys between "
               "updates, or forget the bond on both sides";
    case RIG_LINK_NOT_ENCRYPTED:
        if (client->entering)
            return "this bootloader serves bonded hosts only (REQUIRES_BONDS), and was handed no bond of "
                   "this "
                   "host";
        return client->door && client->door->bonded
                   ? "the application takes updates of bonded hosts only, and this link is not encrypted: "
                     "pair "
                     "first (`connect: {pair: true}`)"
                   : "it wants the link encrypted: pair first, in the application";
    case RIG_LINK_NO_SERVICE:
    case RIG_LINK_NO_CHARACTERISTIC:
        return "neither the bootloader is there nor an application with a buttonless service (another way "
               "leads "
               "into the bootloader: a button, a register), or this host still has the table of what ran "
               "before";
    case RIG_LINK_NOT_FOUND:
        return client->entering
                   ? "it did not start, or advertises elsewhere: at the same address where the bond is "
                     "handed over, else at address + 1, of which the last byte alone counts (FF "
                     "becomes 00)"
                   : NULL;
    case RIG_LINK_TIMEOUT:
        if (!client->door || client->door->dialect != RIG_DFU_BUTTONLESS)
            return NULL;
        return client->door->bonded
                   ? "the application took the request and never said what came of it: its "
                     "hand-over of the bond does not end, as when this host bonded anew while "
                     "the peer data of an earlier update are marked as used; keep the keys "
                     "between updates, and reset the board once"
                   : "the application took the request and does not say what came of it";
    case RIG_LINK_LOST:
    case RIG_LINK_NOT_CONNECTED:
    case RIG_LINK_OK:
    case RIG_LINK_NO_PROPERTY:
    case RIG_LINK_TOO_LONG:
    case RIG_LINK_ATT_ERROR:
    default:
        return NULL;
    }
}

/* "CCC improperly configured" is what both kinds of board say to a request when nobody listens. */
static const char *cause_of_att(guint8 att_error)
{
    return att_error == RIG_DFU_ATT_CCC_IMPROPER
               ? "notifications or indications are not switched on: subscribe first"
           : att_error == 0x01 ? "the handle is of another table: this host still has the table of the "
                                 "application or bootloader before (no Service Changed came)"
           : att_error == 0x02 || att_error == 0x03
               ? "another attribute has the handle: this host still has the table of the application or "
                 "bootloader before (no Service Changed came)"
               : NULL;
}

void rig_nordic_explain(const struct rig_update *update, enum rig_link_outcome outcome, char *text,
                        gsize room)
{
    struct rig_link *link = update->setting.board->link;
    const char *cause = cause_of_outcome((const struct rig_nordic_client *)update, outcome);
    struct rig_link_state state;

    link->ops->state(link, &state);
    if (outcome == RIG_LINK_ATT_ERROR)
        cause = cause_of_att(state.att_error);
    g_strlcpy(text, cause ? cause : "", room);
}

void rig_nordic_set_link_result(struct rig_nordic_client *client, enum rig_link_outcome outcome,
                                const char *doing, struct rig_update_result *result)
{
    char cause[sizeof result->text];
    g_autofree char *said = NULL;

    *result = (struct rig_update_result){0};
    rig_update_set_link_result(&client->update, outcome, result);
    rig_nordic_explain(&client->update, outcome, cause, sizeof cause);
    said = g_strdup(result->text);
    g_snprintf(result->text, sizeof result->text, "%s: %s%s%s", doing, said, cause[0] ? ": " : "", cause);
}
