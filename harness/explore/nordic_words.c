/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings pages of Nordic's bootloaders: which of them counts, and what they say. */
#include "explore/nordic.h"

#include <string.h>

bool rig_secure_page_is_bad(enum sim_secure_sdk sdk, const guint8 *page, bool as_backup)
{
    switch (rig_nordic_page_check(page)) {
    case RIG_NORDIC_PAGE_VALID:
        return false;
    case RIG_NORDIC_PAGE_BAD_VALIDATION:
        return as_backup && sdk == SIM_SECURE_SDK_15;
    case RIG_NORDIC_PAGE_ERASED:
    case RIG_NORDIC_PAGE_BAD_CRC:
        break;
    }
    return true;
}

static void decode(enum sim_secure_sdk sdk, const guint8 *page, struct rig_nordic_settings *settings)
{
    if (sdk == SIM_SECURE_SDK_15)
        rig_nordic_settings_decode(page, settings);
    else
        rig_nordic_settings_decode_1(page, settings);
}

void rig_secure_choose(enum sim_secure_sdk sdk, const guint8 *page, const guint8 *backup,
                       struct rig_nordic_settings *settings)
{
    if (sdk == SIM_SECURE_SDK_15)
        rig_nordic_settings_choose(page, backup, settings);
    else if (rig_secure_page_is_bad(sdk, page, false))
        *settings = (struct rig_nordic_settings){.version = 1};
    else
        decode(sdk, page, settings);
}

/* What the page is written for: the next thing that it tells the bootloader to do. */
static const char *purpose(const struct rig_nordic_settings *settings)
{
    if (settings->banks[1].code != RIG_NORDIC_BANK_INVALID)
        return settings->write_offset > 0 ? "copied" : "bank-1";
    if (settings->command_size > 0)
        return settings->image_offset_last > 0 ? "progress" : "init-packet";
    return settings->banks[0].code != RIG_NORDIC_BANK_INVALID ? "bank-0" : "nothing";
}

static void purpose_text(const struct rig_nordic_settings *settings, char *text, gsize n_text)
{
    const char *what = purpose(settings);

    if (g_str_equal(what, "copied"))
        g_snprintf(text, n_text, "%u of %u bytes are copied", settings->write_offset,
                   settings->banks[1].image_bytes);
    else if (g_str_equal(what, "bank-1"))
        g_snprintf(text, n_text, "bank 1 = %s, %u bytes, to be activated",
                   rig_nordic_bank_code_name(settings->banks[1].code), settings->banks[1].image_bytes);
    else if (g_str_equal(what, "progress"))
        g_snprintf(text, n_text, "%u bytes are received", settings->image_offset_last);
    else if (g_str_equal(what, "init-packet"))
        g_snprintf(text, n_text, "init packet accepted, bank 0 = %s",
                   rig_nordic_bank_code_name(settings->banks[0].code));
    else if (g_str_equal(what, "bank-0"))
        g_snprintf(text, n_text, "bank 0 = %s, %u bytes", rig_nordic_bank_code_name(settings->banks[0].code),
                   settings->banks[0].image_bytes);
    else
        g_strlcpy(text, "no application", n_text);
}

void rig_secure_page_words(enum sim_secure_sdk sdk, const guint8 *page, struct rig_path *path,
                           struct rig_path_trailer *record)
{
    struct rig_nordic_settings settings;
    char text[96];

    *record = (struct rig_path_trailer){
        .magic = rig_path_keep(path, rig_nordic_page_text(rig_nordic_page_check(page))), .status = ""};
    if (rig_secure_page_is_bad(sdk, page, false))
        return;
    decode(sdk, page, &settings);
    purpose_text(&settings, text, sizeof text);
    record->status = rig_path_keep(path, text);
    record->progress = rig_path_keep(path, purpose(&settings));
}

void rig_secure_page_field(enum sim_secure_sdk sdk, guint32 at, const struct sim_flash_operation *operation,
                           struct rig_subject_field *field)
{
    guint8 page[RIG_NORDIC_SETTINGS_BYTES];
    struct rig_nordic_settings settings;

    memset(page, 0xff, sizeof page);
    if (at >= sizeof page)
        return;
    memcpy(page + at, operation->bytes, MIN(operation->n_bytes, sizeof page - at));
    if (at == (sdk == SIM_SECURE_SDK_15 ? RIG_NORDIC_PEER_DATA_AT : RIG_NORDIC_PEER_DATA_1_AT))
        field->name = "peer-data";
    /* With the radio on the page is written in pieces, of which none tells what it is for. */
    if (at > 0 || operation->n_bytes < RIG_NORDIC_SETTINGS_1_BYTES / 2)
        return;
    decode(sdk, page, &settings);
    field->name = purpose(&settings);
    purpose_text(&settings, field->text, sizeof field->text);
}

/* Of one short name, as the text says it: "bank-0", "copy", "nothing". */
static const char *legacy_purpose(const struct rig_legacy_settings *settings)
{
    if (settings->bank_0 == RIG_LEGACY_BANK_SOFTDEVICE || settings->bank_1 == RIG_LEGACY_BANK_BOOTLOADER)
        return "copy";
    return settings->bank_0 == RIG_LEGACY_BANK_APPLICATION ? "bank-0" : "nothing";
}

static void legacy_text(const struct rig_legacy_settings *settings, char *text, gsize n_text)
{
    if (settings->bank_0 == RIG_LEGACY_BANK_SOFTDEVICE)
        g_snprintf(text, n_text, "SoftDevice of %u bytes at 0x%x, bootloader of %u bytes, to be copied",
                   settings->softdevice_bytes, settings->softdevice_start, settings->bootloader_bytes);
    else if (settings->bank_1 == RIG_LEGACY_BANK_BOOTLOADER)
        g_snprintf(text, n_text, "bootloader of %u bytes, to be copied", settings->bootloader_bytes);
    else if (settings->bank_0 == RIG_LEGACY_BANK_APPLICATION)
        g_snprintf(text, n_text, "bank 0 = application, %u bytes, CRC %s", settings->bank_0_bytes,
                   settings->bank_0_crc ? "to be checked" : "not checked");
    else
        g_strlcpy(text, "no application", n_text);
}

void rig_legacy_page_words(const guint8 *bytes, bool adafruit, struct rig_path *path,
                           struct rig_path_trailer *record)
{
    struct rig_legacy_settings settings;
    char text[96];

    *record = (struct rig_path_trailer){.magic = rig_legacy_settings_blank(bytes) ? "erased" : "written",
                                        .status = ""};
    if (rig_legacy_settings_blank(bytes))
        return;
    rig_legacy_settings_decode(bytes, adafruit, &settings);
    legacy_text(&settings, text, sizeof text);
    record->status = rig_path_keep(path, text);
    record->progress = rig_path_keep(path, legacy_purpose(&settings));
}

void rig_legacy_page_field(const guint8 *bytes, bool adafruit, struct rig_subject_field *field)
{
    struct rig_legacy_settings settings;

    rig_legacy_settings_decode(bytes, adafruit, &settings);
    field->name = legacy_purpose(&settings);
    legacy_text(&settings, field->text, sizeof field->text);
}
