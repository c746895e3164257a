/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mcumgr SMP in the values of attributes: a message may come in several of them. */
#include "protocol/ble/parts.h"

#include "protocol/smp/smp.h"

#include <string.h>

#define MAX_PLAUSIBLE_GROUP 10u
#define FIRST_USER_GROUP 64u

/* Without the discovery in the trace the attribute is not known: a value is taken for SMP when its header is
 * one that a server would answer and a CBOR map follows. */
static bool looks_like_smp(const uint8_t *bytes, size_t n_bytes)
{
    struct rig_smp_header header;
    size_t n_here;

    if (n_bytes <= RIG_SMP_HEADER_BYTES)
        return false;
    rig_smp_header_decode(bytes, &header);
    n_here = n_bytes - RIG_SMP_HEADER_BYTES;
    return header.version <= 1 && header.op <= RIG_SMP_WRITE_RSP && header.flags == 0 &&
           header.length >= n_here && header.length <= RIG_BLE_MAX_SMP_BYTES &&
           (header.group <= MAX_PLAUSIBLE_GROUP || header.group == FIRST_USER_GROUP) &&
           bytes[RIG_SMP_HEADER_BYTES] >= 0xa0 && bytes[RIG_SMP_HEADER_BYTES] <= 0xbf;
}

static void tell(struct rig_ble_connection *connection, const uint8_t *bytes, size_t n_bytes,
                 struct rig_line *line, struct rig_ble_reading *reading)
{
    char text[256];
    struct rig_smp_header header;

    rig_smp_describe(bytes, n_bytes, NULL, text, sizeof text);
    rig_line_add(line, "SMP %s", text);
    if (n_bytes < RIG_SMP_HEADER_BYTES)
        return;
    rig_smp_header_decode(bytes, &header);
    if (header.op == RIG_SMP_WRITE && header.group == RIG_SMP_GROUP_OS && header.command == RIG_SMP_OS_RESET)
        connection->reset_asked = true;
    rig_ble_explain_smp(connection, bytes, n_bytes, reading);
}

static bool read_continuation(struct rig_ble_connection *connection, struct rig_ble_pieces *message,
                              const uint8_t *bytes, size_t n_bytes, struct rig_line *line,
                              struct rig_ble_reading *reading)
{
    size_t n_before = message->n_bytes;

    if (!rig_ble_pieces_add(message, bytes, n_bytes)) {
        rig_line_add(line, ", %zu bytes: SMP, bytes %zu to %zu of %zu", n_bytes, n_before, message->n_bytes,
                     message->n_wanted);
        return true;
    }
    rig_line_add(line, ", the last %zu of %zu bytes: ", n_bytes, message->n_wanted);
    tell(connection, message->bytes, message->n_bytes, line, reading);
    rig_ble_pieces_drop(message);
    return true;
}

static void explain_broken_off(size_t n_got, size_t n_promised, struct rig_ble_reading *reading)
{
    size_t n_before = strlen(reading->explanation);
    struct rig_line line =
        rig_line_begin(reading->explanation + n_before, sizeof reading->explanation - n_before);

    rig_line_add(&line, "%sthe message before broke off at %zu of %zu bytes: a piece was lost, ask again",
                 n_before ? "; " : "", n_got, n_promised);
}

bool rig_ble_read_smp(struct rig_ble_connection *connection, unsigned half, uint16_t handle,
                      const uint8_t *bytes, size_t n_bytes, struct rig_line *line,
                      struct rig_ble_reading *reading)
{
    struct rig_ble_half *mine = &connection->halves[half];
    bool known = handle != 0 && handle == connection->smp_value;
    size_t n_wanted, n_got = 0, n_promised = 0;
    struct rig_smp_header header;
    bool broken_off = false;

    if (mine->smp.bytes && mine->smp_handle == handle) {
        /* A new message where a piece was due: the rest of the old one was lost. */
        if (!looks_like_smp(bytes, n_bytes) || n_bytes == mine->smp.n_wanted - mine->smp.n_bytes)
            return read_continuation(connection, &mine->smp, bytes, n_bytes, line, reading);
        broken_off = true;
        n_got = mine->smp.n_bytes;
        n_promised = mine->smp.n_wanted;
        rig_line_add(line, " (the message before stays at %zu of %zu bytes)", n_got, n_promised);
    }
    rig_ble_pieces_drop(&mine->smp);
    if (!looks_like_smp(bytes, n_bytes) && !known)
        return false;
    if (n_bytes >= RIG_SMP_HEADER_BYTES) {
        rig_smp_header_decode(bytes, &header);
        n_wanted = RIG_SMP_HEADER_BYTES + (size_t)header.length;
        if (n_bytes < n_wanted && n_wanted <= RIG_BLE_MAX_SMP_BYTES &&
            rig_ble_pieces_begin(&mine->smp, n_wanted)) {
            mine->smp_handle = handle;
            rig_ble_pieces_add(&mine->smp, bytes, n_bytes);
            rig_line_add(line, ", %zu bytes: SMP, the first %zu of %zu bytes, seq %u", n_bytes, n_bytes,
                         n_wanted, header.sequence);
            return true;
        }
    }
    rig_line_add(line, ", %zu bytes: ", n_bytes);
    tell(connection, bytes, n_bytes, line, reading);
    if (broken_off)
        explain_broken_off(n_got, n_promised, reading);
    return true;
}
