/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of chips. */
#include "drivers/probe/chip.h"

#define NRF52_PART 0x10000100u /* FICR INFO.PART */
#define NRF53_PART 0x00ff020cu /* of the application core */

static const struct chip {
    const char *name;
    struct rig_chip_word word;
} chips[] = {
    {"nrf52805", {NRF52_PART, 0xffffffffu, 0x52805}}, {"nrf52810", {NRF52_PART, 0xffffffffu, 0x52810}},
    {"nrf52811", {NRF52_PART, 0xffffffffu, 0x52811}}, {"nrf52820", {NRF52_PART, 0xffffffffu, 0x52820}},
    {"nrf52832", {NRF52_PART, 0xffffffffu, 0x52832}}, {"nrf52833", {NRF52_PART, 0xffffffffu, 0x52833}},
    {"nrf52840", {NRF52_PART, 0xffffffffu, 0x52840}}, {"nrf5340", {NRF53_PART, 0xffffffffu, 0x5340}},
};

bool rig_chip_find(const char *name, struct rig_chip_word *word)
{
    for (gsize i = 0; i < G_N_ELEMENTS(chips); i++)
        if (g_ascii_strcasecmp(chips[i].name, name) == 0)
            return *word = chips[i].word, true;
    return false;
}

char *rig_chip_names(void)
{
    GString *names = g_string_new(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(chips); i++)
        g_string_append_printf(names, "%s%s", i ? ", " : "", chips[i].name);
    return g_string_free(names, FALSE);
}

char *rig_chip_describe(guint32 address, guint32 value)
{
    for (gsize i = 0; i < G_N_ELEMENTS(chips); i++)
        if (chips[i].word.address == address && (value & chips[i].word.mask) == chips[i].word.value)
            return g_strdup_printf("an %s (0x%08x at 0x%08x)", chips[i].name, value, address);
    return g_strdup_printf("a chip that says 0x%08x at 0x%08x", value, address);
}
