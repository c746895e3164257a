/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hostile settings pages: whatever two pages hold is read without harm, and comes back as it was. */
#include "image/nordic_settings.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void take(const uint8_t **bytes, size_t *n_bytes, uint8_t page[RIG_NORDIC_SETTINGS_BYTES])
{
    size_t n_now = *n_bytes < RIG_NORDIC_SETTINGS_BYTES ? *n_bytes : RIG_NORDIC_SETTINGS_BYTES;
    memset(page, 0xff, RIG_NORDIC_SETTINGS_BYTES);
    memcpy(page, *bytes, n_now);
    *bytes += n_now;
    *n_bytes -= n_now;
}

static void check_page(const uint8_t page[RIG_NORDIC_SETTINGS_BYTES])
{
    uint8_t back[RIG_NORDIC_SETTINGS_BYTES];
    struct rig_nordic_settings settings;
    struct rig_nordic_peer peer;
    char name[RIG_NORDIC_MAX_NAME_BYTES + 1];
    rig_nordic_settings_decode(page, &settings);
    rig_nordic_settings_encode(&settings, back);
    if (memcmp(back, page, sizeof back) != 0)
        abort();
    (void)rig_nordic_peer_decode(settings.peer_data, &peer);
    (void)rig_nordic_name_decode(settings.name, name);
    if (memchr(name, '\0', sizeof name) == NULL)
        abort();
    rig_nordic_settings_convert(&settings);
    rig_nordic_settings_seal(&settings);
    rig_nordic_settings_encode(&settings, back);
    if (settings.crc != 0xffffffff && rig_nordic_page_check(back) != RIG_NORDIC_PAGE_VALID)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    uint8_t main_page[RIG_NORDIC_SETTINGS_BYTES], backup[RIG_NORDIC_SETTINGS_BYTES];
    struct rig_nordic_settings chosen;
    take(&bytes, &n_bytes, main_page);
    take(&bytes, &n_bytes, backup);
    check_page(main_page);
    check_page(backup);
    rig_nordic_settings_choose(main_page, backup, &chosen);
    bool either = rig_nordic_page_check(backup) == RIG_NORDIC_PAGE_VALID ||
                  rig_nordic_page_check(main_page) == RIG_NORDIC_PAGE_VALID ||
                  rig_nordic_page_check(main_page) == RIG_NORDIC_PAGE_BAD_VALIDATION;
    if (!either && (chosen.version != 2 || chosen.banks[0].code != RIG_NORDIC_BANK_INVALID))
        abort();
    return 0;
}
