/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as an exported bond: refused with a word, or with two addresses and a key of 1 to 16 bytes. */
#include "drivers/bluez/bond_store.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    g_autoptr(GError) error = NULL;
    struct rig_bond *bond = rig_bond_from_text((const char *)bytes, n_bytes, "fuzz", &error);

    g_assert(bond ? strlen(bond->adapter) == 17 && strlen(bond->device) == 17 && bond->key_bytes >= 1 &&
                        bond->key_bytes <= 16
                  : error != NULL);
    rig_bond_free(bond);
    return 0;
}
