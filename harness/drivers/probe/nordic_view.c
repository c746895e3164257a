/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings pages of Nordic's bootloaders through the probe. */
#include "drivers/probe/nordic_view.h"

#include <string.h>

static bool read_at(struct rig_probe *probe, guint32 at, guint8 *into, gsize n_bytes, GError **error)
{
    return probe->ops->read(probe, probe->layout->devices[0].name, at, into, n_bytes, error);
}

static bool has_layout_1(const struct rig_nordic_layout *map)
{
    return map->sdk < RIG_NORDIC_SDK(15, 1, 0);
}

/* A page of layout 1 ends before boot validations begin, and its CRC is the same. */
static void decode_page(const struct rig_nordic_layout *map, const guint8 *page,
                        struct rig_nordic_settings *settings)
{
    if (has_layout_1(map))
        rig_nordic_settings_decode_1(page, settings);
    else
        rig_nordic_settings_decode(page, settings);
}

static enum rig_nordic_page check_page(const struct rig_nordic_layout *map, const guint8 *page)
{
    enum rig_nordic_page state = rig_nordic_page_check(page);

    return state == RIG_NORDIC_PAGE_BAD_VALIDATION && has_layout_1(map) ? RIG_NORDIC_PAGE_VALID : state;
}

static bool look_secure(struct rig_probe *probe, struct rig_nordic_recorded *recorded, GError **error)
{
    const struct rig_nordic_layout *map = &probe->layout->nordic;
    guint8 main_page[RIG_NORDIC_SETTINGS_BYTES], backup[RIG_NORDIC_SETTINGS_BYTES];

    memset(backup, 0xff, sizeof backup);
    if (!read_at(probe, map->settings, main_page, sizeof main_page, error) ||
        (map->backup && !read_at(probe, map->backup, backup, sizeof backup, error)))
        return false;
    recorded->main_page = check_page(map, main_page);
    recorded->backup_page = check_page(map, backup);
    decode_page(map, main_page, &recorded->main_settings);
    decode_page(map, backup, &recorded->backup_settings);
    if (has_layout_1(map) && recorded->main_page == RIG_NORDIC_PAGE_VALID)
        recorded->settings = recorded->main_settings;
    else if (!has_layout_1(map))
        rig_nordic_settings_choose(main_page, map->backup ? backup : NULL, &recorded->settings);
    recorded->valid = recorded->settings.banks[0].code == RIG_NORDIC_BANK_APPLICATION;
    recorded->n_bytes = recorded->settings.banks[0].image_bytes;
    recorded->app_version = recorded->settings.app_version;
    return true;
}

static bool look_legacy(struct rig_probe *probe, struct rig_nordic_recorded *recorded, GError **error)
{
    const struct rig_nordic_layout *map = &probe->layout->nordic;
    guint8 bytes[RIG_LEGACY_SETTINGS_BYTES];

    if (!read_at(probe, map->settings, bytes, sizeof bytes, error))
        return false;
    rig_legacy_settings_decode(bytes, map->adafruit, &recorded->legacy);
    recorded->blank = rig_legacy_settings_blank(bytes);
    recorded->valid = recorded->legacy.bank_0 == RIG_LEGACY_BANK_APPLICATION;
    recorded->n_bytes = recorded->blank ? 0 : recorded->legacy.bank_0_bytes;
    return true;
}

bool rig_nordic_read_settings(struct rig_probe *probe, struct rig_nordic_recorded *recorded, GError **error)
{
    memset(recorded, 0, sizeof *recorded);
    return probe->layout->family == RIG_BOOTLOADER_NORDIC_LEGACY ? look_legacy(probe, recorded, error)
                                                                 : look_secure(probe, recorded, error);
}

bool rig_nordic_bank(struct rig_probe *probe, guint index, struct rig_slot *bank, GError **error)
{
    struct rig_layout layout = *probe->layout;
    struct rig_nordic_recorded recorded;

    if (!rig_nordic_read_settings(probe, &recorded, error))
        return false;
    rig_layout_move_bank_1(&layout, recorded.n_bytes);
    return index < layout.n_slots && rig_layout_slot(&layout, index, bank);
}

bool rig_nordic_activates(struct rig_probe *probe)
{
    struct rig_nordic_recorded recorded;

    if (!rig_nordic_read_settings(probe, &recorded, NULL))
        return true;
    if (probe->layout->family == RIG_BOOTLOADER_NORDIC_LEGACY)
        return recorded.legacy.bank_0 == RIG_LEGACY_BANK_SOFTDEVICE ||
               recorded.legacy.bank_1 == RIG_LEGACY_BANK_BOOTLOADER;
    return recorded.settings.banks[1].code != RIG_NORDIC_BANK_INVALID;
}

static bool legacy_progress(const struct rig_nordic_recorded *recorded, guint *place, guint *n_places,
                            char *text, gsize n_text)
{
    bool waits = recorded->legacy.bank_0 == RIG_LEGACY_BANK_SOFTDEVICE ||
                 recorded->legacy.bank_1 == RIG_LEGACY_BANK_BOOTLOADER;

    *place = waits ? 2 : recorded->valid ? 0 : 1;
    *n_places = MAX(*n_places, *place);
    g_strlcpy(text,
              waits             ? "SoftDevice or bootloader wait to be copied"
              : recorded->valid ? "nothing on record"
                                : "no valid application on record",
              n_text);
    return true;
}

bool rig_nordic_progress(struct rig_probe *probe, guint *place, guint *n_places, char *text, gsize n_text)
{
    const guint32 page = probe->layout->nordic.page_bytes;
    const struct rig_nordic_settings *settings;
    struct rig_nordic_recorded recorded;

    if (!rig_nordic_read_settings(probe, &recorded, NULL))
        return false;
    if (probe->layout->family == RIG_BOOTLOADER_NORDIC_LEGACY)
        return legacy_progress(&recorded, place, n_places, text, n_text);
    settings = &recorded.settings;
    *place = settings->command_size ? 1 : 0;
    g_strlcpy(text, *place ? "a transfer is on record" : "nothing on record", n_text);
    if (settings->banks[1].code != RIG_NORDIC_BANK_INVALID) {
        *place = 2 + settings->write_offset / page;
        *n_places = MAX(*n_places, 2 + settings->banks[1].image_bytes / page);
        g_snprintf(text, n_text, "%s waits, %u of %u bytes copied",
                   rig_nordic_bank_code_name(settings->banks[1].code), settings->write_offset,
                   settings->banks[1].image_bytes);
    }
    return true;
}

/* --- what runs --- */

static bool hash_bytes(struct rig_probe *probe, guint32 n_bytes, guint8 hash[RIG_IMAGE_HASH_BYTES],
                       GError **error)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree guint8 *bytes = g_malloc(MAX(n_bytes, 1));
    gsize n_hash = RIG_IMAGE_HASH_BYTES;

    if (!read_at(probe, probe->layout->nordic.bank_0, bytes, n_bytes, error))
        return false;
    g_checksum_update(checksum, bytes, (gssize)n_bytes);
    g_checksum_get_digest(checksum, hash, &n_hash);
    return true;
}

bool rig_nordic_look_at_image(struct rig_probe *probe, struct rig_board_view *view, GError **error)
{
    struct rig_nordic_recorded recorded;

    if (!rig_nordic_read_settings(probe, &recorded, error))
        return false;
    view->has_image =
        recorded.valid && recorded.n_bytes > 0 && recorded.n_bytes <= probe->layout->slots[0].n_bytes;
    if (!view->has_image)
        return true;
    view->confirmed = true;
    view->version = (struct rig_image_version){.major = (guint8)(recorded.app_version / 1000000u),
                                               .minor = (guint8)(recorded.app_version / 1000u % 1000u),
                                               .revision = (guint16)(recorded.app_version % 1000u)};
    return hash_bytes(probe, recorded.n_bytes, view->hash, error);
}

/* --- in words --- */

static void tell_bank(GString *text, guint index, const struct rig_nordic_bank *bank)
{
    g_string_append_printf(text, ", bank %u %s", index, rig_nordic_bank_code_name(bank->code));
    if (bank->image_bytes || bank->image_crc)
        g_string_append_printf(text, " (%u bytes, CRC %08x)", bank->image_bytes, bank->image_crc);
}

static const char *extra_text(enum rig_nordic_extra extra)
{
    return extra == RIG_NORDIC_EXTRA_VALID ? "valid" : extra == RIG_NORDIC_EXTRA_USED ? "used" : "erased";
}

static char *page_text(const char *name, enum rig_nordic_page page,
                       const struct rig_nordic_settings *settings)
{
    GString *text = g_string_new(NULL);
    char advertised[RIG_NORDIC_MAX_NAME_BYTES + 1];

    g_string_append_printf(text, "%s: %s", name, rig_nordic_page_text(page));
    if (page == RIG_NORDIC_PAGE_ERASED)
        return g_string_free(text, FALSE);
    g_string_append_printf(text, ", layout %u, application version %u, bootloader version %u",
                           settings->version, settings->app_version, settings->bootloader_version);
    tell_bank(text, 0, &settings->banks[0]);
    tell_bank(text, 1, &settings->banks[1]);
    if (settings->write_offset)
        g_string_append_printf(text, ", %u bytes copied of an activation", settings->write_offset);
    if (settings->command_size)
        g_string_append_printf(text, ", init packet of %u bytes stored, %u bytes received",
                               settings->command_size, settings->image_offset);
    g_string_append_printf(text, ", boot validation %s, peer data %s",
                           rig_nordic_validation_name(settings->validations[RIG_NORDIC_APPLICATION].type),
                           extra_text(rig_nordic_peer_decode(settings->peer_data, NULL)));
    if (rig_nordic_name_decode(settings->name, advertised) == RIG_NORDIC_EXTRA_VALID) {
        g_autofree char *safe = g_strescape(advertised, NULL);

        g_string_append_printf(text, ", name '%s'", safe);
    }
    return g_string_free(text, FALSE);
}

static char *legacy_text(const struct rig_nordic_recorded *recorded)
{
    const struct rig_legacy_settings *settings = &recorded->legacy;

    if (recorded->blank)
        return g_strdup("settings page: erased");
    return g_strdup_printf("settings page: bank 0 %s (%u bytes, CRC-16 %04x), bank 1 %s, to be copied: "
                           "SoftDevice %u bytes, bootloader %u bytes, application %u bytes, from 0x%x",
                           rig_legacy_bank_name(settings->bank_0), settings->bank_0_bytes,
                           settings->bank_0_crc, rig_legacy_bank_name(settings->bank_1),
                           settings->softdevice_bytes, settings->bootloader_bytes,
                           settings->application_bytes, settings->softdevice_start);
}

char **rig_nordic_settings_texts(struct rig_probe *probe)
{
    g_autoptr(GError) error = NULL;
    struct rig_nordic_recorded recorded;
    GPtrArray *texts = g_ptr_array_new();

    if (!rig_nordic_read_settings(probe, &recorded, &error)) {
        g_ptr_array_add(texts, g_strdup_printf("settings page: not read: %s", error->message));
    } else if (probe->layout->family == RIG_BOOTLOADER_NORDIC_LEGACY) {
        g_ptr_array_add(texts, legacy_text(&recorded));
    } else {
        g_ptr_array_add(texts, page_text("settings page", recorded.main_page, &recorded.main_settings));
        if (probe->layout->nordic.backup)
            g_ptr_array_add(texts, page_text("backup page", recorded.backup_page, &recorded.backup_settings));
    }
    g_ptr_array_add(texts, NULL);
    return (char **)g_ptr_array_free(texts, FALSE);
}
