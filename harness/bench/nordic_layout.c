/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Flash maps of Nordic's bootloaders. */
#include "bench/nordic_layout.h"

#include "base/error.h"
#include "bench/option_fields.h"
#include "image/softdevice.h"

#include <string.h>

#define MBR_BYTES 0x1000u
#define NRF51_PAGE_BYTES 1024u
#define DEFAULT_APP_DATA_PAGES 3u
#define SECURE_MTU 247     /* NRF_SDH_BLE_GATT_MAX_MTU_SIZE of the SDK's example */
#define LEGACY_MTU 23      /* its SoftDevices know no other */
#define ANY_DEVICE 0xffffu /* device type of a legacy bootloader */

/* In the order of rig_choices_sdk. */
static const guint sdks[] = {600,  700,  800,  900,  1000, 1100, 1230, 1310, 1420,
                             1530, 1500, 1510, 1520, 1530, 1600, 1702, 1100};

const char *rig_bootloader_family_name(enum rig_bootloader_family family)
{
    static const char *const names[] = {"MCUboot", "Nordic's secure bootloader",
                                        "Nordic's legacy bootloader"};

    return (guint)family < G_N_ELEMENTS(names) ? names[family] : "unknown";
}

/* --- which options are whose --- */

#define MCUBOOT (1u << RIG_BOOTLOADER_MCUBOOT)
#define SECURE (1u << RIG_BOOTLOADER_NORDIC_SECURE)
#define LEGACY (1u << RIG_BOOTLOADER_NORDIC_LEGACY)

static const struct {
    const char *option;
    const char *value; /* NULL: any */
    guint families;
} meanings[] = {
    {"swap", NULL, MCUBOOT},
    {"sign", "rsa-2048", MCUBOOT},
    {"sign", "rsa-3072", MCUBOOT},
    {"sign", "ed25519", MCUBOOT},
    {"sign", "ecdsa-p256", MCUBOOT | SECURE},
    {"validate-primary", NULL, MCUBOOT},
    {"downgrade", "by-counter", MCUBOOT},
    {"downgrade", "by-version", MCUBOOT | SECURE},
    {"security-counter", NULL, MCUBOOT},
    {"overwrite-fast", NULL, MCUBOOT},
    {"swap-fixes", NULL, MCUBOOT | LEGACY},
    {"max-align", NULL, MCUBOOT},
    {"max-sectors", NULL, MCUBOOT},
    {"update-needs", "encryption", MCUBOOT},
    {"update-needs", "authentication", MCUBOOT},
    {"gatt-table", "moves", MCUBOOT},
    {"gatt-table", "moves-silently", MCUBOOT | SECURE},
    {"reassembly", NULL, MCUBOOT},
    {"buffer-size", NULL, MCUBOOT},
    {"buffers", NULL, MCUBOOT},
    {"parameters", NULL, MCUBOOT},
    {"original-protocol", NULL, MCUBOOT},
    {"erase-pending", NULL, MCUBOOT},
    {"progressive-erase", NULL, MCUBOOT},
    {"refuses-reset", NULL, MCUBOOT},
    {"updater", NULL, MCUBOOT},
    {"sdk", NULL, SECURE | LEGACY},
    {"sdk", "adafruit", LEGACY},
    {"softdevice", NULL, SECURE | LEGACY},
    {"banks", NULL, SECURE | LEGACY},
    {"banks", "forced-dual", SECURE},
    {"buttonless", NULL, SECURE | LEGACY},
    {"buttonless", "experimental", SECURE},
    {"button-held", NULL, SECURE | LEGACY},
    {"requires-bonds", NULL, SECURE},
    {"save-progress", NULL, SECURE},
    {"enters-by-pin-reset", NULL, SECURE},
    {"debug-bootloader", NULL, SECURE},
    {"hardware-version", NULL, SECURE | LEGACY},
    {"bootloader-version", NULL, SECURE},
    {"app-data", NULL, SECURE | LEGACY},
};

bool rig_layout_has_option(const struct rig_layout *layout, const char *option)
{
    for (guint i = 0; i < G_N_ELEMENTS(meanings); i++)
        if (!meanings[i].value && g_str_equal(meanings[i].option, option))
            return meanings[i].families & 1u << layout->family;
    return true;
}

/* The SDKs of the legacy bootloader come before those of the secure one. */
static bool fits_sdk(const struct rig_layout *layout, const char *sdk)
{
    guint64 major = g_ascii_strtoull(sdk, NULL, 10);

    return major == 0 || (layout->family == RIG_BOOTLOADER_NORDIC_LEGACY) == (major <= 11);
}

static bool refuse(const struct rig_layout *layout, const char *option, const char *value, GError **error)
{
    g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED, "the option '%s%s%s' has no meaning for %s", option,
                value ? ": " : "", value ? value : "", rig_bootloader_family_name(layout->family));
    return false;
}

bool rig_layout_takes(const struct rig_layout *layout, const struct rig_record *options, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(meanings); i++) {
        const struct rig_value *value = rig_record_get(options, meanings[i].option);

        if (value && !(meanings[i].families & 1u << layout->family) &&
            (!meanings[i].value || g_strcmp0(value->keyword, meanings[i].value) == 0))
            return refuse(layout, meanings[i].option, meanings[i].value, error);
    }
    if (layout->family != RIG_BOOTLOADER_MCUBOOT && RIG_OPTIONS(options)->sdk &&
        !fits_sdk(layout, RIG_OPTIONS(options)->sdk))
        return refuse(layout, "sdk", RIG_OPTIONS(options)->sdk, error);
    return true;
}

static guint place_of(const char *choice, const char *const *choices)
{
    guint i = 0;

    while (choices[i] && !g_str_equal(choices[i], choice))
        i++;
    return i;
}

/* Behind the SoftDevice; without one behind the MBR. */
static void set_softdevice(struct rig_nordic_layout *nordic, const struct rig_softdevice *softdevice)
{
    guint32 page = nordic->page_bytes;

    nordic->softdevice_bytes = softdevice->flash_bytes;
    nordic->softdevice_id = softdevice->firmware_id;
    nordic->softdevice_version = softdevice->version;
    nordic->bank_0 =
        softdevice->flash_bytes ? (softdevice->flash_bytes + page - 1) / page * page : nordic->mbr_bytes;
}

/* The settings of older SDKs have no backup. */
static void settle_backup(struct rig_layout *layout)
{
    struct rig_nordic_layout *nordic = &layout->nordic;

    nordic->backup = nordic->sdk >= RIG_NORDIC_SDK(15, 1, 0) ? nordic->parameter_page : 0;
}

static void choose_softdevice(struct rig_nordic_layout *nordic, const char *name)
{
    static const struct rig_softdevice none;
    const struct rig_known_softdevice *known = rig_softdevice_by_name(name);

    set_softdevice(nordic, known ? &known->figures : &none);
}

void rig_nordic_layout_read(const struct rig_target_spec *target, struct rig_layout *layout)
{
    const struct rig_nordic_spec *spec = target->nordic;
    struct rig_nordic_layout *nordic = &layout->nordic;
    struct rig_softdevice own = {0};

    if (!spec)
        return;
    layout->family = g_str_equal(target->protocol, "nordic-legacy") ? RIG_BOOTLOADER_NORDIC_LEGACY
                                                                    : RIG_BOOTLOADER_NORDIC_SECURE;
    layout->n_slots = 2;
    layout->mtu = layout->family == RIG_BOOTLOADER_NORDIC_LEGACY ? LEGACY_MTU : SECURE_MTU;
    nordic->page_bytes = layout->n_devices ? layout->devices[0].runs[0].sector_bytes : 0;
    nordic->page_bytes = nordic->page_bytes ? nordic->page_bytes : 4096;
    nordic->mbr_bytes = MBR_BYTES;
    nordic->bootloader = spec->bootloader;
    nordic->bootloader_bytes = spec->bootloader_bytes;
    nordic->settings = spec->settings;
    nordic->parameter_page = spec->backup ? *spec->backup : 0;
    nordic->hardware_version = nordic->page_bytes == NRF51_PAGE_BYTES ? 51 : 52;
    nordic->bootloader_version = 1;
    if (layout->family == RIG_BOOTLOADER_NORDIC_SECURE) {
        nordic->sdk = RIG_NORDIC_SDK(17, 0, 2);
        nordic->refuses_downgrade = true;
        nordic->app_data_bytes = DEFAULT_APP_DATA_PAGES * nordic->page_bytes;
        layout->signing_needed = true;
        layout->signing = RIG_KEY_ECDSA_P256;
    } else {
        nordic->sdk = RIG_NORDIC_SDK(11, 0, 0);
        nordic->hardware_version = ANY_DEVICE;
    }
    if (spec->softdevice_bytes)
        own = (struct rig_softdevice){
            .flash_bytes = *spec->softdevice_bytes,
            .firmware_id = (guint16)(spec->softdevice_id ? *spec->softdevice_id : 0),
            .version = spec->softdevice_version ? *spec->softdevice_version : 0,
        };
    set_softdevice(nordic, &own);
    settle_backup(layout);
}

void rig_nordic_layout_apply(struct rig_layout *layout, const struct rig_options_spec *options)
{
    struct rig_nordic_layout *nordic = &layout->nordic;

    if (options->sdk) {
        nordic->sdk = sdks[place_of(options->sdk, rig_choices_sdk)];
        nordic->adafruit = g_str_equal(options->sdk, "adafruit");
    }
    if (options->softdevice)
        choose_softdevice(nordic, options->softdevice);
    if (options->banks)
        nordic->banks = (enum rig_nordic_banks)place_of(options->banks, rig_choices_banks);
    if (options->buttonless)
        nordic->buttonless =
            (enum rig_nordic_buttonless)place_of(options->buttonless, rig_choices_buttonless);
    if (options->requires_bonds)
        nordic->requires_bonds = *options->requires_bonds;
    else if (options->buttonless && layout->family == RIG_BOOTLOADER_NORDIC_SECURE)
        nordic->requires_bonds = nordic->buttonless == RIG_NORDIC_BUTTONLESS_BONDED;
    if (options->save_progress)
        nordic->saves_progress = *options->save_progress;
    if (options->button_held)
        nordic->button_held = *options->button_held;
    if (options->enters_by_pin_reset)
        nordic->enters_by_pin_reset = *options->enters_by_pin_reset;
    if (options->debug_bootloader)
        nordic->debug = *options->debug_bootloader;
    if (options->downgrade)
        nordic->refuses_downgrade = !g_str_equal(options->downgrade, "allowed");
    if (options->hardware_version)
        nordic->hardware_version = *options->hardware_version;
    if (options->bootloader_version)
        nordic->bootloader_version = *options->bootloader_version;
    if (options->app_data_bytes)
        nordic->app_data_bytes = *options->app_data_bytes;
    layout->may_move_address = nordic->buttonless == RIG_NORDIC_BUTTONLESS_OPEN ||
                               nordic->buttonless == RIG_NORDIC_BUTTONLESS_EXPERIMENTAL;
    settle_backup(layout);
}

static void set_bank(struct rig_layout *layout, guint index, guint32 begin, guint32 end)
{
    static const char *const names[] = {"bank 0", "bank 1"};
    guint32 n_bytes = begin < end ? end - begin : 0;
    const struct rig_flash_device *device = &layout->devices[0];

    layout->slots[index] = (struct rig_slot){
        .name = names[index],
        .device = device->name,
        .device_offset = begin,
        .n_bytes = n_bytes,
        .geometry = {.slot_bytes = n_bytes, .write_bytes = device->write_bytes, .erased = device->erased},
        .sector_bytes = layout->nordic.page_bytes,
        .erase_us = (guint64)(n_bytes / layout->nordic.page_bytes) * device->erase_us,
        .room_bytes = n_bytes,
    };
}

void rig_layout_move_bank_1(struct rig_layout *layout, guint32 application_bytes)
{
    const struct rig_nordic_layout *nordic = &layout->nordic;
    guint32 page = nordic->page_bytes;
    guint32 app_data = MIN(nordic->app_data_bytes, nordic->bootloader);
    guint32 end = nordic->bootloader - app_data;
    guint32 room = end > nordic->bank_0 ? end - nordic->bank_0 : 0;
    guint32 bank_1 = nordic->bank_0;

    set_bank(layout, 0, nordic->bank_0, end);
    if (layout->family == RIG_BOOTLOADER_NORDIC_LEGACY) {
        guint32 half = room / (2 * page) * page;

        if (nordic->banks == RIG_NORDIC_SINGLE_BANK)
            bank_1 = end;
        else
            set_bank(layout, 0, nordic->bank_0, bank_1 = nordic->bank_0 + half);
        set_bank(layout, 1, bank_1, nordic->banks == RIG_NORDIC_SINGLE_BANK ? end : bank_1 + half);
        return;
    }
    application_bytes = MIN(application_bytes, room);
    bank_1 += (application_bytes + page - 1) / page * page;
    set_bank(layout, 1, bank_1, end);
}

bool rig_layout_region(const struct rig_layout *layout, const char *name, guint32 *begin, guint32 *n_bytes)
{
    const struct rig_nordic_layout *nordic = &layout->nordic;
    const struct {
        const char *name;
        guint32 begin, end;
    } regions[] = {
        {"mbr", 0, nordic->mbr_bytes},
        {"softdevice", nordic->mbr_bytes, nordic->softdevice_bytes},
        {"app-data", nordic->bootloader - MIN(nordic->app_data_bytes, nordic->bootloader),
         nordic->bootloader},
        {"bootloader", nordic->bootloader, nordic->bootloader + nordic->bootloader_bytes},
        {"settings", nordic->settings, nordic->settings + nordic->page_bytes},
        {"backup", nordic->parameter_page,
         nordic->parameter_page ? nordic->parameter_page + nordic->page_bytes : 0},
    };

    for (guint i = 0; layout->family != RIG_BOOTLOADER_MCUBOOT && i < G_N_ELEMENTS(regions); i++) {
        if (!g_str_equal(regions[i].name, name))
            continue;
        *begin = regions[i].begin;
        *n_bytes = regions[i].end > regions[i].begin ? regions[i].end - regions[i].begin : 0;
        return *n_bytes > 0;
    }
    return false;
}

/* --- what no board can have --- */

static void complain(const struct rig_target_spec *target, struct rig_diagnostics *diagnostics,
                     const char *key, const char *message)
{
    const struct rig_node *at = rig_node_get(target->nordic->node, key);

    at = at ? at : target->nordic->node;
    rig_diagnostics_add(diagnostics, at->source, at->start, 1, NULL, "%s", message);
}

struct region {
    const char *key; /* in the target; "bootloader" for what follows from others */
    const char *name;
    guint32 begin;
    guint64 end;
};

void rig_nordic_layout_check(const struct rig_target_spec *target, const struct rig_layout *layout,
                             struct rig_diagnostics *diagnostics)
{
    const struct rig_nordic_layout *nordic = &layout->nordic;
    const struct rig_flash_device *flash = &layout->devices[0];
    guint32 page = nordic->page_bytes;
    const struct region regions[] = {
        {"bootloader", "the bootloader", nordic->bootloader,
         (guint64)nordic->bootloader + nordic->bootloader_bytes},
        {"settings", "the settings page", nordic->settings, (guint64)nordic->settings + page},
        {"backup", "the MBR parameter page", nordic->parameter_page,
         nordic->parameter_page ? (guint64)nordic->parameter_page + page : 0},
        {"softdevice-size", "the SoftDevice", 0, nordic->bank_0},
    };

    if (layout->n_devices != 1 || !g_str_equal(flash->name, "internal") || flash->n_runs != 1 ||
        (page != 4096 && page != NRF51_PAGE_BYTES)) {
        complain(target, diagnostics, "bootloader",
                 "a Nordic board has one flash device, 'internal', of equal pages of 4 KiB or 1 KiB");
        return;
    }
    for (guint i = 0; i < G_N_ELEMENTS(regions); i++) {
        const struct region *region = &regions[i];
        g_autofree char *beyond =
            g_strdup_printf("%s ends at 0x%" G_GINT64_MODIFIER "x, and the flash at 0x%x", region->name,
                            region->end, flash->n_bytes);
        g_autofree char *uneven = g_strdup_printf("%s is not made of whole pages", region->name);

        if (region->end > flash->n_bytes)
            complain(target, diagnostics, region->key, beyond);
        if (region->begin % page || region->end % page)
            complain(target, diagnostics, region->key, uneven);
        for (guint k = 0; k < i; k++) {
            g_autofree char *both =
                g_strdup_printf("%s lies in part where %s does", region->name, regions[k].name);

            if (region->begin < regions[k].end && regions[k].begin < region->end)
                complain(target, diagnostics, region->key, both);
        }
    }
    if (nordic->bank_0 + 2ull * page + nordic->app_data_bytes > nordic->bootloader)
        complain(target, diagnostics, "bootloader",
                 "no room is left for an application before the bootloader");
    if (nordic->app_data_bytes % page)
        complain(target, diagnostics, "bootloader", "'app-data' is not made of whole pages");
}
