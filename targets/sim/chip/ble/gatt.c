/* SPDX-License-Identifier: GPL-3.0-or-later */
/* UUIDs; attribute numbers of a table, for a central whose table is not the board's any more. */
#include "sim/chip/ble/ble.h"

#include <string.h>

#define FIRST_ATTRIBUTE 14u /* behind GAP, and GATT with Service Changed */

/* [SPEC Core Vol 3 Part B 2.5.1] A short UUID stands for digits 5 to 8 of the base UUID. */
bool sim_gatt_same_uuid(const char *one, const char *other)
{
    static const char base[] = "0000xxxx-0000-1000-8000-00805f9b34fb";
    char wide[2][sizeof base];
    const char *const uuids[2] = {one, other};

    for (unsigned i = 0; i < 2; i++) {
        memcpy(wide[i], base, sizeof base);
        if (strlen(uuids[i]) == 4)
            memcpy(wide[i] + 4, uuids[i], 4);
        else if (strlen(uuids[i]) == sizeof base - 1)
            memcpy(wide[i], uuids[i], sizeof base);
        else
            return false;
    }
    return strcmp(wide[0], wide[1]) == 0;
}

static bool has_ccc(const struct sim_gatt_characteristic *entry)
{
    return entry->properties & (SIM_GATT_NOTIFY | SIM_GATT_INDICATE);
}

unsigned sim_gatt_number(const struct sim_gatt_services *services, unsigned characteristic)
{
    unsigned number = FIRST_ATTRIBUTE - (services->no_service_changed ? 3u : 0u);

    for (unsigned i = 0; i < characteristic; i++)
        number += (services->characteristics[i].service ? 1u : 0u) + 2u +
                  (has_ccc(&services->characteristics[i]) ? 1u : 0u);
    return number + (services->characteristics[characteristic].service ? 1u : 0u) + 1u;
}

struct sim_gatt_place sim_gatt_place_of(const struct sim_gatt_services *services, unsigned number)
{
    for (unsigned i = 0; i < services->n; i++) {
        unsigned value = sim_gatt_number(services, i);

        if (number == value)
            return (struct sim_gatt_place){SIM_GATT_VALUE, i};
        if (number == value + 1 && has_ccc(&services->characteristics[i]))
            return (struct sim_gatt_place){SIM_GATT_DESCRIPTOR, i};
        if (number + 2 >= value && number < value)
            return (struct sim_gatt_place){SIM_GATT_DECLARATION, i};
    }
    return (struct sim_gatt_place){SIM_GATT_NOWHERE, 0};
}
