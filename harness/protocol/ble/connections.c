/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is remembered between packets: connections, and bytes that come in pieces. */
#include "protocol/ble/parts.h"

#include "base/bytes.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t zeros[16];

const uint8_t *rig_ble_take(struct rig_ble_cursor *cursor, size_t n_bytes)
{
    const uint8_t *at = cursor->at;

    if (n_bytes > cursor->n_left) {
        cursor->over = true;
        cursor->n_left = 0;
        return zeros;
    }
    cursor->at += n_bytes;
    cursor->n_left -= n_bytes;
    return at;
}

uint8_t rig_ble_take8(struct rig_ble_cursor *cursor)
{
    return *rig_ble_take(cursor, 1);
}

uint16_t rig_ble_take16(struct rig_ble_cursor *cursor)
{
    return rig_get_le16(rig_ble_take(cursor, 2));
}

void rig_ble_pieces_drop(struct rig_ble_pieces *pieces)
{
    free(pieces->bytes);
    *pieces = (struct rig_ble_pieces){0};
}

bool rig_ble_pieces_begin(struct rig_ble_pieces *pieces, size_t n_wanted)
{
    rig_ble_pieces_drop(pieces);
    pieces->bytes = malloc(n_wanted ? n_wanted : 1);
    pieces->n_wanted = n_wanted;
    return pieces->bytes != NULL;
}

bool rig_ble_pieces_add(struct rig_ble_pieces *pieces, const uint8_t *bytes, size_t n_bytes)
{
    size_t room = pieces->n_wanted - pieces->n_bytes;
    size_t n_taken = n_bytes < room ? n_bytes : room;

    if (n_taken > 0)
        memcpy(pieces->bytes + pieces->n_bytes, bytes, n_taken);
    pieces->n_bytes += n_taken;
    return pieces->n_bytes == pieces->n_wanted;
}

static void clear(struct rig_ble_connection *connection)
{
    for (unsigned half = 0; half < 2; half++) {
        rig_ble_pieces_drop(&connection->halves[half].pdu);
        rig_ble_pieces_drop(&connection->halves[half].smp);
    }
    *connection = (struct rig_ble_connection){0};
}

/* The slot of this handle, else a free one, else the one that was silent for longest. */
static struct rig_ble_connection *slot(struct rig_ble_trace *trace, uint16_t controller, uint16_t handle)
{
    struct rig_ble_connection *oldest = &trace->connections[0];

    for (size_t i = 0; i < RIG_BLE_MAX_CONNECTIONS; i++) {
        struct rig_ble_connection *each = &trace->connections[i];

        if (each->used && each->open && each->controller == controller && each->handle == handle)
            return each;
        if (oldest->used && (!each->used || each->last_us < oldest->last_us))
            oldest = each;
    }
    clear(oldest);
    return oldest;
}

struct rig_ble_connection *rig_ble_connection(struct rig_ble_trace *trace, uint16_t controller,
                                              uint16_t handle)
{
    struct rig_ble_connection *connection = slot(trace, controller, handle);

    connection->used = connection->open = true;
    connection->controller = controller;
    connection->handle = handle;
    connection->last_us = trace->now_us;
    return connection;
}

struct rig_ble_connection *rig_ble_connected(struct rig_ble_trace *trace, uint16_t controller,
                                             uint16_t handle, const uint8_t address[6])
{
    struct rig_ble_connection *connection = slot(trace, controller, handle);
    uint64_t newest_us = 0;

    clear(connection);
    connection = rig_ble_connection(trace, controller, handle);
    connection->has_address = true;
    memcpy(connection->address, address, 6);
    for (size_t i = 0; i < RIG_BLE_MAX_CONNECTIONS; i++) {
        const struct rig_ble_connection *each = &trace->connections[i];

        if (each == connection || !each->used || !each->has_address || each->controller != controller ||
            memcmp(each->address, address, 6) != 0)
            continue;
        if (each->smp_value)
            connection->smp_value = each->smp_value;
        if (each->service_changed)
            connection->service_changed = each->service_changed;
        if (each->last_us < newest_us)
            continue;
        newest_us = each->last_us;
        connection->dfu = (struct rig_ble_dfu){.control = each->dfu.control,
                                               .packet = each->dfu.packet,
                                               .buttonless = each->dfu.buttonless,
                                               .version = each->dfu.version,
                                               .legacy = each->dfu.legacy,
                                               .buttonless_bonds = each->dfu.buttonless_bonds,
                                               .came = each->goes};
    }
    return connection;
}

struct rig_ble_trace *rig_ble_trace_new(void)
{
    return calloc(1, sizeof(struct rig_ble_trace));
}

void rig_ble_trace_free(struct rig_ble_trace *trace)
{
    if (!trace)
        return;
    for (size_t i = 0; i < RIG_BLE_MAX_CONNECTIONS; i++)
        clear(&trace->connections[i]);
    free(trace);
}
