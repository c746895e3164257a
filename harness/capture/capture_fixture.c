/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Made-up captures. */
#include "capture/capture_fixture.h"

#include "protocol/smp/smp.h"

#include <string.h>

#define BEGIN_US G_GINT64_CONSTANT(1763713230123456)
#define HANDLE 0x40u
#define ATT 4
#define SM 6
#define SMP_VALUE 0x12

struct rig_made_capture rig_made_capture_new(enum rig_btsnoop_type type)
{
    struct rig_made_capture made = {.type = type, .bytes = g_byte_array_new(), .now_us = BEGIN_US};
    guint8 header[RIG_BTSNOOP_HEADER_BYTES];

    rig_btsnoop_put_header(type, header);
    g_byte_array_append(made.bytes, header, sizeof header);
    return made;
}

void rig_made_capture_clear(struct rig_made_capture *made)
{
    g_clear_pointer(&made->bytes, g_byte_array_unref);
}

static guint32 flags_of(enum rig_btsnoop_type type, enum rig_monitor_opcode opcode)
{
    bool received = opcode == RIG_MONITOR_EVENT || opcode == RIG_MONITOR_ACL_IN;
    bool control = opcode == RIG_MONITOR_EVENT || opcode == RIG_MONITOR_COMMAND;

    return type == RIG_BTSNOOP_MONITOR ? opcode : (guint32)received | (guint32)control << 1;
}

void rig_made_put(struct rig_made_capture *made, enum rig_monitor_opcode opcode, const guint8 *packet,
                  gsize n_bytes, gsize n_kept)
{
    static const guint8 h4[] = {[RIG_MONITOR_COMMAND] = 1,
                                [RIG_MONITOR_EVENT] = 4,
                                [RIG_MONITOR_ACL_OUT] = 2,
                                [RIG_MONITOR_ACL_IN] = 2};
    gsize n_type = made->type == RIG_BTSNOOP_UART;
    struct rig_btsnoop_record record = {.n_original = (guint32)(n_bytes + n_type),
                                        .n_bytes = n_kept + n_type,
                                        .flags = flags_of(made->type, opcode),
                                        .unix_us = made->now_us};
    guint8 head[RIG_BTSNOOP_RECORD_BYTES];

    made->now_us += 1000;
    rig_btsnoop_put_record(&record, head);
    g_byte_array_append(made->bytes, head, sizeof head);
    if (n_type)
        g_byte_array_append(made->bytes, &h4[opcode], 1);
    g_byte_array_append(made->bytes, packet, (guint)n_kept);
}

static GByteArray *from_hex(const char *hex)
{
    GByteArray *bytes = g_byte_array_new();

    for (; *hex; hex++) {
        guint8 byte;

        if (*hex == ' ')
            continue;
        byte = (guint8)(g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1]));
        g_byte_array_append(bytes, &byte, 1);
        hex++;
    }
    return bytes;
}

void rig_made_hex(struct rig_made_capture *made, enum rig_monitor_opcode opcode, const char *hex)
{
    g_autoptr(GByteArray) bytes = from_hex(hex);

    rig_made_put(made, opcode, bytes->data, bytes->len, bytes->len);
}

void rig_made_pdu(struct rig_made_capture *made, bool received, guint16 channel, const guint8 *pdu,
                  gsize n_bytes, gsize n_most)
{
    guint8 head[] = {(guint8)n_bytes, (guint8)(n_bytes >> 8), (guint8)channel, (guint8)(channel >> 8)};
    g_autoptr(GByteArray) whole = g_byte_array_new();

    g_byte_array_append(whole, head, sizeof head);
    g_byte_array_append(whole, pdu, (guint)n_bytes);
    for (gsize at = 0; at < whole->len; at += n_most) {
        gsize n_piece = MIN(n_most, whole->len - at);
        guint boundary = at ? 1 : received ? 2 : 0;
        guint8 acl[] = {HANDLE, (guint8)(boundary << 4), (guint8)n_piece, (guint8)(n_piece >> 8)};
        g_autoptr(GByteArray) packet = g_byte_array_new();

        g_byte_array_append(packet, acl, sizeof acl);
        g_byte_array_append(packet, whole->data + at, (guint)n_piece);
        rig_made_put(made, received ? RIG_MONITOR_ACL_IN : RIG_MONITOR_ACL_OUT, packet->data, packet->len,
                     packet->len);
    }
}

void rig_made_pdu_hex(struct rig_made_capture *made, bool received, guint16 channel, const char *hex)
{
    g_autoptr(GByteArray) pdu = from_hex(hex);

    rig_made_pdu(made, received, channel, pdu->data, pdu->len, 1000);
}

void rig_made_note(struct rig_made_capture *made, const char *text)
{
    guint8 note[256];
    gsize n_bytes = rig_btsnoop_put_note(text, note, sizeof note);

    if (made->type == RIG_BTSNOOP_MONITOR)
        rig_made_put(made, (enum rig_monitor_opcode)(RIG_MONITOR_USER_LOGGING | RIG_MONITOR_NO_INDEX << 16),
                     note, n_bytes, n_bytes);
}

/* One mcumgr message as values of the attribute, each of n_most bytes at most. */
static void put_smp(struct rig_made_capture *made, bool received, const guint8 *message, gsize n_bytes,
                    gsize n_most)
{
    for (gsize at = 0; at < n_bytes; at += n_most) {
        guint8 head[] = {received ? 0x1B : 0x52, SMP_VALUE, 0};
        gsize n_piece = MIN(n_most, n_bytes - at);
        g_autoptr(GByteArray) pdu = g_byte_array_new();

        g_byte_array_append(pdu, head, sizeof head);
        g_byte_array_append(pdu, message + at, (guint)n_piece);
        rig_made_pdu(made, received, ATT, pdu->data, pdu->len, 192);
    }
}

static void put_upload(struct rig_made_capture *made)
{
    static const guint8 payload[300];
    static const guint8 sha[32] = {0xab, 0xcd};
    struct rig_smp_upload_chunk chunk = {
        .total_bytes = 51384, .sha = sha, .bytes = payload, .n_bytes = sizeof payload};
    guint8 message[512];
    gsize n_bytes = rig_smp_encode_upload((struct rig_smp_request_id){.version = 1, .sequence = 7}, &chunk,
                                          message, sizeof message);

    put_smp(made, false, message, n_bytes, 244);
    rig_made_pdu_hex(made, true, ATT, "1b 1200 0b 00 0009 0001 07 01 bf 63 6f6666 19 012c ff");
}

static void put_connection(struct rig_made_capture *made)
{
    rig_made_hex(made, RIG_MONITOR_COMMAND,
                 "0d20 19 6000 6000 00 01 6655443322d1 00 1800 2800 0000 2a00 0000 0000");
    rig_made_hex(made, RIG_MONITOR_EVENT, "0f 04 00 01 0d20");
    rig_made_hex(made, RIG_MONITOR_EVENT, "3e 13 01 00 4000 00 01 6655443322d1 1800 0000 2a00 00");
}

static void put_discovery(struct rig_made_capture *made)
{
    rig_made_pdu_hex(made, false, ATT, "02 0502");
    rig_made_pdu_hex(made, true, ATT, "03 f700");
    rig_made_pdu_hex(made, false, ATT, "10 0100 ffff 0028");
    rig_made_pdu_hex(made, true, ATT, "11 06 0100 0500 0118");
    rig_made_pdu_hex(made, false, ATT, "08 1000 ffff 0328");
    rig_made_pdu_hex(made, true, ATT, "09 15 1100 14 1200 487c997411269eae014ecefb28782eda");
    rig_made_pdu_hex(made, false, ATT, "12 1300 0100");
    rig_made_pdu_hex(made, true, ATT, "13");
}

static void put_lost_bond(struct rig_made_capture *made)
{
    rig_made_note(made, "steps.3: connect");
    put_connection(made);
    rig_made_hex(made, RIG_MONITOR_COMMAND,
                 "1920 1c 4000 0000000000000000 0000 00112233445566778899aabbccddeeff");
    rig_made_hex(made, RIG_MONITOR_EVENT, "0f 04 00 01 1920");
    rig_made_hex(made, RIG_MONITOR_EVENT, "08 04 06 4000 00");
    rig_made_hex(made, RIG_MONITOR_COMMAND, "0604 03 4000 05");
    rig_made_hex(made, RIG_MONITOR_EVENT, "05 04 00 4000 05");
}

static void put_pairing(struct rig_made_capture *made)
{
    put_connection(made);
    rig_made_pdu_hex(made, false, ATT, "0a 1500");
    rig_made_pdu_hex(made, true, ATT, "01 0a 1500 05");
    rig_made_pdu_hex(made, false, SM, "01 03 00 0d 10 0b 0b");
    rig_made_pdu_hex(made, true, SM, "05 05");
    rig_made_pdu_hex(made, false, ATT, "0a 1500");
    rig_made_hex(made, RIG_MONITOR_EVENT, "05 04 00 4000 08");
    put_connection(made);
    rig_made_hex(made, RIG_MONITOR_EVENT, "05 04 00 4000 3d");
}

void rig_made_story(struct rig_made_capture *made)
{
    guint8 message[64];
    gsize n_bytes;

    rig_made_note(made, "steps.0: connect");
    put_connection(made);
    put_discovery(made);
    rig_made_note(made, "steps.1: upload: new");
    put_upload(made);
    rig_made_note(made, "steps.2: smp-reset:");
    n_bytes = rig_smp_encode_reset((struct rig_smp_request_id){.version = 1, .sequence = 8}, false, false,
                                   message, sizeof message);
    put_smp(made, false, message, n_bytes, 244);
    rig_made_hex(made, RIG_MONITOR_EVENT, "13 05 01 4000 0100");
    rig_made_hex(made, RIG_MONITOR_EVENT, "05 04 00 4000 08");
    put_lost_bond(made);
    put_pairing(made);
}
