/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bank 0, settings page and backup of Nordic's bootloaders; MBR, SoftDevice and bootloader as filler. */
#include "drivers/board/program_nordic.h"

#include "base/bytes.h"
#include "base/error.h"
#include "image/legacy_settings.h"
#include "image/nordic_image.h"
#include "image/nordic_settings.h"
#include "image/softdevice.h"

#include <string.h>

#define MBR_BOOTLOADER_AT                                                                                    \
    0xff8u /* words of the MBR page: where the bootloader is, where its parameter page */
#define MBR_PARAMETER_AT 0xffcu
#define FILLER_BOOTLOADER_BYTES (22u * 1024)

static const struct rig_nordic_layout *map_of(const struct rig_probe *probe)
{
    return &probe->layout->nordic;
}

static bool program_at(struct rig_probe *probe, guint32 at, const guint8 *bytes, gsize n_bytes,
                       GError **error)
{
    return probe->ops->program(probe, probe->layout->devices[0].name, at, bytes, n_bytes, error);
}

/* A page that begins with these bytes, and is erased behind them. at 0: there is none. */
static bool program_page(struct rig_probe *probe, guint32 at, const guint8 *bytes, gsize n_bytes,
                         GError **error)
{
    g_autofree guint8 *page = g_malloc(map_of(probe)->page_bytes);

    if (at == 0)
        return true;
    memset(page, 0xff, map_of(probe)->page_bytes);
    if (n_bytes)
        memcpy(page, bytes, n_bytes);
    return program_at(probe, at, page, map_of(probe)->page_bytes, error);
}

/* --- settings --- */

static bool program_secure_settings(struct rig_probe *probe, const struct rig_board_image *image,
                                    GError **error)
{
    const struct rig_nordic_layout *map = map_of(probe);
    guint32 crc = rig_nordic_crc32(0, image->bytes, image->n_bytes);
    struct rig_nordic_settings settings;
    guint8 page[RIG_NORDIC_SETTINGS_BYTES];

    rig_nordic_settings_generate(&settings, image->fw_version, map->bootloader_version,
                                 (guint32)image->n_bytes, crc);
    settings.validations[RIG_NORDIC_APPLICATION].type = RIG_NORDIC_VALIDATE_CRC;
    rig_put_le32(settings.validations[RIG_NORDIC_APPLICATION].bytes, crc);
    if (map->sdk < RIG_NORDIC_SDK(15, 1, 0)) {
        settings.version = 1;
        rig_nordic_settings_seal(&settings);
        rig_nordic_settings_encode_1(&settings, page);
        return program_page(probe, map->settings, page, RIG_NORDIC_SETTINGS_1_BYTES, error);
    }
    rig_nordic_settings_seal(&settings);
    rig_nordic_settings_encode(&settings, page);
    return program_page(probe, map->settings, page, sizeof page, error) &&
           program_page(probe, map->backup, page, sizeof page, error);
}

static bool program_legacy_settings(struct rig_probe *probe, const struct rig_board_image *image,
                                    GError **error)
{
    const struct rig_nordic_layout *map = map_of(probe);
    const struct rig_legacy_settings settings = {.bank_0 = RIG_LEGACY_BANK_APPLICATION,
                                                 .bank_1 = RIG_LEGACY_BANK_INVALID,
                                                 .bank_0_bytes = (guint32)image->n_bytes};
    guint8 bytes[RIG_LEGACY_SETTINGS_BYTES];

    rig_legacy_settings_encode(&settings, map->adafruit, bytes);
    return program_page(probe, map->settings, bytes, sizeof bytes, error);
}

/* --- a set-up --- */

static bool check_image(const struct rig_probe *probe, const struct rig_board_image *image, GError **error)
{
    const struct rig_slot *bank = &probe->layout->slots[0];

    if (image->slot != 0) {
        g_set_error(
            error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
            "with %s a board is set up with an application in bank 0 (slot0) alone: bank 1 holds what "
            "an update brought there",
            rig_bootloader_family_name(probe->layout->family));
        return false;
    }
    if (image->n_bytes <= bank->n_bytes)
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                "an application of %" G_GSIZE_FORMAT " bytes does not fit bank 0 (%u bytes)", image->n_bytes,
                bank->n_bytes);
    return false;
}

bool rig_board_program_nordic(struct rig_probe *probe, const struct rig_board_setup *setup, GError **error)
{
    const struct rig_nordic_layout *map = map_of(probe);
    const struct rig_board_image *image = setup->n_images ? &setup->images[0] : NULL;

    if (!setup->confirmed) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED, "%s knows no image on trial",
                    rig_bootloader_family_name(probe->layout->family));
        return false;
    }
    for (gsize i = 0; i < setup->n_images; i++)
        if (!check_image(probe, &setup->images[i], error))
            return false;
    if (!image)
        return program_page(probe, map->settings, NULL, 0, error) &&
               program_page(probe, map->backup, NULL, 0, error);
    if (!program_at(probe, map->bank_0, image->bytes, image->n_bytes, error))
        return false;
    return probe->layout->family == RIG_BOOTLOADER_NORDIC_LEGACY
               ? program_legacy_settings(probe, image, error)
               : program_secure_settings(probe, image, error);
}

/* --- what an update finds there --- */

static bool program_softdevice(struct rig_probe *probe, GError **error)
{
    const struct rig_nordic_layout *map = map_of(probe);
    const struct rig_known_softdevice *known = rig_softdevice_by_firmware_id(map->softdevice_id);
    struct rig_softdevice figures = {.flash_bytes = map->softdevice_bytes,
                                     .firmware_id = map->softdevice_id,
                                     .version = map->softdevice_version};
    guint32 n_bytes = map->softdevice_bytes - MIN(map->softdevice_bytes, RIG_SOFTDEVICE_AT);
    g_autofree guint8 *bytes = NULL;

    if (map->softdevice_bytes == 0)
        return true;
    if (known && known->figures.flash_bytes == map->softdevice_bytes) {
        figures = known->figures;
        n_bytes = known->file_bytes;
    }
    bytes = g_malloc(n_bytes);
    if (!rig_softdevice_fill(&figures, bytes, n_bytes)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                    "a SoftDevice of 0x%x bytes cannot be: it is too short", map->softdevice_bytes);
        return false;
    }
    rig_nordic_seal(bytes, n_bytes);
    return program_at(probe, RIG_SOFTDEVICE_AT, bytes, n_bytes, error);
}

bool rig_board_program_nordic_base(struct rig_probe *probe, GError **error)
{
    const struct rig_nordic_layout *map = map_of(probe);
    guint32 n_bootloader = MIN(map->bootloader_bytes, FILLER_BOOTLOADER_BYTES);
    g_autofree guint8 *bootloader = g_malloc(n_bootloader);
    guint8 word[4];

    rig_nordic_make_bootloader(map->bootloader_version, 0, bootloader, n_bootloader);
    rig_put_le32(word, map->bootloader);
    if (!program_softdevice(probe, error) ||
        !program_at(probe, map->bootloader, bootloader, n_bootloader, error) ||
        !program_at(probe, MBR_BOOTLOADER_AT, word, sizeof word, error))
        return false;
    rig_put_le32(word, map->parameter_page);
    return map->parameter_page == 0 || program_at(probe, MBR_PARAMETER_AT, word, sizeof word, error);
}
