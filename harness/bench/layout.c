/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The layout of a target: its slots and its scratch area, or what Nordic's bootloaders have in their place,
 * lie on its flash, and none in another. */
#include "bench/layout.h"

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
#define DEFAULT_RAM_START 0x20000000u
#define DEFAULT_RAM_BYTES (256u * 1024)

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
    {"sign", "ecdsa-p384", MCUBOOT},
    {"sign", "ed25519-sha512", MCUBOOT},
    {"sign", "ed25519-pure", MCUBOOT},
    {"key-in-image", NULL, MCUBOOT},
    {"sign", "ecdsa-p256", MCUBOOT | SECURE},
    {"encrypt", NULL, MCUBOOT},
    {"aes", NULL, MCUBOOT},
    {"save-enctlv", NULL, MCUBOOT},
    {"validate-primary", NULL, MCUBOOT},
    {"downgrade", "by-counter", MCUBOOT},
    {"downgrade", "by-version", MCUBOOT | SECURE},
    {"security-counter", NULL, MCUBOOT},
    {"security-counter-1", NULL, MCUBOOT},
    {"overwrite-fast", NULL, MCUBOOT},
    {"bootstrap", NULL, MCUBOOT},
    {"swap-fixes", NULL, MCUBOOT | LEGACY},
    {"max-align", NULL, MCUBOOT},
    {"max-sectors", NULL, MCUBOOT},
    {"ram-start", NULL, MCUBOOT},
    {"ram-size", NULL, MCUBOOT},
    {"minimal-scramble", NULL, MCUBOOT},
    {"logical-sector", NULL, MCUBOOT},
    {"verify-logical-sectors", NULL, MCUBOOT},
    {"serial-recovery", NULL, MCUBOOT},
    {"recovery-commands", NULL, MCUBOOT},
    {"recovery-buffer", NULL, MCUBOOT},
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
    {"maintenance", NULL, MCUBOOT},
    {"maintenance-entry", NULL, MCUBOOT},
    {"maintenance-time", NULL, MCUBOOT},
    {"maintenance-single", NULL, MCUBOOT},
    {"sdk", NULL, SECURE | LEGACY},
    {"sdk", "adafruit", LEGACY},
    {"softdevice", NULL, SECURE | LEGACY},
    {"banks", NULL, SECURE | LEGACY},
    {"banks", "forced-dual", SECURE},
    {"buttonless", NULL, SECURE | LEGACY},
    {"buttonless", "experimental", SECURE},
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

static bool options_can_be(const struct rig_layout *layout, const struct rig_options_spec *options,
                           GError **error)
{
    guint32 n_bytes = options->logical_sector ? *options->logical_sector : layout->logical_sector;

    if (n_bytes & (n_bytes - 1)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                    "'logical-sector' wants a power of two, and %u bytes are none", n_bytes);
        return false;
    }
    if (options->second_security_counter &&
        !(layout->n_slots > 2 && (options->security_counter || layout->has_security_counter))) {
        g_set_error_literal(
            error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
            "'security-counter-1' wants a board with two images, and 'security-counter' beside it");
        return false;
    }
    if (options->verify_logical_sectors && *options->verify_logical_sectors && n_bytes == 0) {
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                            "'verify-logical-sectors' wants 'logical-sector' beside it");
        return false;
    }
    return true;
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
    return options_can_be(layout, RIG_OPTIONS(options), error);
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

/* Family and map of a target, before its options; no `nordic:` in it: MCUboot. Flash devices are read
 * already. */
static void nordic_layout_read(const struct rig_target_spec *target, struct rig_layout *layout)
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

static void nordic_layout_apply(struct rig_layout *layout, const struct rig_options_spec *options)
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

static void complain_of_key(const struct rig_target_spec *target, struct rig_diagnostics *diagnostics,
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

/* Tells areas that lie beyond the flash, in each other or not on pages. */
static void nordic_layout_check(const struct rig_target_spec *target, const struct rig_layout *layout,
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
        complain_of_key(target, diagnostics, "bootloader",
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
            complain_of_key(target, diagnostics, region->key, beyond);
        if (region->begin % page || region->end % page)
            complain_of_key(target, diagnostics, region->key, uneven);
        for (guint k = 0; k < i; k++) {
            g_autofree char *both =
                g_strdup_printf("%s lies in part where %s does", region->name, regions[k].name);

            if (region->begin < regions[k].end && regions[k].begin < region->end)
                complain_of_key(target, diagnostics, region->key, both);
        }
    }
    if (nordic->bank_0 + 2ull * page + nordic->app_data_bytes > nordic->bootloader)
        complain_of_key(target, diagnostics, "bootloader",
                        "no room is left for an application before the bootloader");
    if (nordic->app_data_bytes % page)
        complain_of_key(target, diagnostics, "bootloader", "'app-data' is not made of whole pages");
}

#define MAX_DEVICE_BYTES (1u << 30)
#define MIN_ECC_BYTES 8u

/* Of the lists of a target: NULL-terminated, or NULL after an error. */
static guint length_of(gconstpointer list)
{
    guint n = 0;

    while (list && ((const gpointer *)list)[n])
        n++;
    return n;
}

static guint64 bytes_of(const struct rig_sector_run *run)
{
    return (guint64)run->sector_bytes * run->n_sectors;
}

static void read_device(const struct rig_flash_spec *spec, struct rig_flash_device *device)
{
    guint64 n_bytes = 0;

    *device = (struct rig_flash_device){
        .name = spec->device,
        .write_bytes = spec->write_bytes,
        .erased = spec->erased,
        .rewrite_refused = g_str_equal(spec->rewrite, "refused"),
        .no_erase = g_str_equal(spec->erase, "none"),
        .torn_is_error = g_str_equal(spec->torn, "ecc"),
        .write_us = spec->write_us,
        .erase_us = spec->erase_us,
        .n_runs = MIN(length_of(spec->sectors), RIG_LAYOUT_MAX_RUNS),
    };
    for (guint i = 0; i < device->n_runs; i++) {
        device->runs[i] = (struct rig_sector_run){.sector_bytes = spec->sectors[i]->n_bytes,
                                                  .n_sectors = spec->sectors[i]->n};
        n_bytes += bytes_of(&device->runs[i]);
    }
    device->n_bytes = (guint32)MIN(n_bytes, G_MAXUINT32);
}

static void read_area(const struct rig_layout *layout, const struct rig_area_spec *spec, const char *name,
                      struct rig_slot *slot)
{
    *slot = (struct rig_slot){
        .name = name,
        .device = spec->device,
        .device_offset = spec->offset,
        .n_bytes = spec->n_bytes,
    };
    while (slot->device_index < layout->n_devices &&
           !g_str_equal(layout->devices[slot->device_index].name, slot->device))
        slot->device_index++;
}

void rig_layout_read(const struct rig_target_spec *target, struct rig_layout *layout)
{
    static const char *const names[RIG_LAYOUT_MAX_SLOTS] = {"slot 0", "slot 1", "slot 2", "slot 3"};

    *layout = (struct rig_layout){.n_devices = MIN(length_of(target->flash), RIG_LAYOUT_MAX_DEVICES),
                                  .n_slots = MIN(length_of(target->slots), RIG_LAYOUT_MAX_SLOTS),
                                  .max_align = 8,
                                  .max_sectors = 128,
                                  .ram_start = DEFAULT_RAM_START,
                                  .ram_bytes = DEFAULT_RAM_BYTES,
                                  .aes_bits = 128,
                                  .mtu = RIG_LAYOUT_MAX_MTU};
    for (guint i = 0; i < layout->n_devices; i++) {
        read_device(target->flash[i], &layout->devices[i]);
        layout->max_align = MAX(layout->max_align, layout->devices[i].write_bytes);
    }
    for (guint i = 0; i < layout->n_slots; i++)
        read_area(layout, target->slots[i], names[i], &layout->slots[i]);
    layout->n_target_slots = layout->n_slots;
    if (target->scratch)
        read_area(layout, target->scratch, "scratch", &layout->scratch);
    layout->n_others = MIN(length_of(target->areas), RIG_LAYOUT_MAX_OTHERS);
    for (guint i = 0; i < layout->n_others; i++)
        read_area(layout, target->areas[i], target->areas[i]->name, &layout->others[i]);
    memcpy(layout->address, target->address->address, sizeof layout->address);
    nordic_layout_read(target, layout);
    if (target->options)
        rig_layout_apply(layout, target->options);
    else
        rig_layout_settle(layout);
}

static void apply_count(const guint32 *option, guint32 *count)
{
    if (option)
        *count = *option;
}

bool rig_layout_signs(const struct rig_layout *layout, const char *word, enum rig_key_kind *kind,
                      struct rig_signed_how *how)
{
    *kind = layout->signing;
    *how = layout->signed_how;
    if (g_str_equal(word, "target"))
        return layout->signing_needed;
    return rig_signing_from_name(word, kind, how);
}

void rig_layout_apply(struct rig_layout *layout, const struct rig_options_spec *options)
{
    if (options->swap)
        rig_swap_mode_from_name(options->swap, &layout->mode);
    if (options->sign && g_str_equal(options->sign, "none")) {
        layout->signing = RIG_KEY_ECDSA_P256; /* images are hashed as for this */
        layout->signed_how = (struct rig_signed_how){.key_in_image = layout->signed_how.key_in_image};
    }
    if (options->sign)
        layout->signing_needed = rig_signing_from_name(options->sign, &layout->signing, &layout->signed_how);
    if (options->key_in_image)
        layout->signed_how.key_in_image = *options->key_in_image;
    if (options->minimal_scramble)
        layout->minimal_scramble = *options->minimal_scramble;
    if (options->encrypt)
        rig_encrypt_kind_from_name(options->encrypt, &layout->encryption);
    if (options->aes)
        layout->aes_bits = g_str_equal(options->aes, "256") ? 256 : 128;
    if (options->save_enctlv)
        layout->save_enctlv = *options->save_enctlv;
    if (options->update_needs)
        layout->encryption_needed = !g_str_equal(options->update_needs, "nothing");
    if (options->updater)
        layout->may_move_address = g_str_equal(options->updater, "next-address");
    if (options->mtu)
        layout->mtu = *options->mtu;
    if (layout->family != RIG_BOOTLOADER_MCUBOOT)
        nordic_layout_apply(layout, options);
    apply_count(options->max_align, &layout->max_align);
    apply_count(options->max_sectors, &layout->max_sectors);
    apply_count(options->ram_start, &layout->ram_start);
    apply_count(options->ram_bytes, &layout->ram_bytes);
    apply_count(options->logical_sector, &layout->logical_sector);
    apply_count(options->security_counter, &layout->security_counter);
    apply_count(options->security_counter, &layout->second_security_counter);
    apply_count(options->second_security_counter, &layout->second_security_counter);
    layout->has_security_counter = layout->has_security_counter || options->security_counter;
    rig_layout_settle(layout);
}

/* The size of the sector that holds an offset; 0: beyond the end. */
static guint32 sector_at(const struct rig_flash_device *device, guint32 offset)
{
    for (guint i = 0; i < device->n_runs; i++) {
        guint64 n_bytes = bytes_of(&device->runs[i]);

        if (offset < n_bytes)
            return device->runs[i].sector_bytes;
        offset -= (guint32)n_bytes;
    }
    return 0;
}

static void settle_sectors(struct rig_slot *slot, const struct rig_flash_device *device)
{
    guint64 end = (guint64)slot->device_offset + slot->n_bytes;
    guint64 run_begin = 0, run_end;

    slot->sector_bytes = sector_at(device, slot->device_offset);
    slot->mixed_sectors = false;
    slot->erase_us = 0;
    for (guint i = 0; i < device->n_runs; i++, run_begin = run_end) {
        guint64 from = MAX(run_begin, slot->device_offset);
        guint64 until = MIN(run_begin + bytes_of(&device->runs[i]), end);

        run_end = run_begin + bytes_of(&device->runs[i]);
        if (from >= until)
            continue;
        slot->erase_us += device->no_erase ? (until - from) / device->write_bytes * device->write_us
                                           : (until - from) / device->runs[i].sector_bytes * device->erase_us;
        slot->mixed_sectors = slot->mixed_sectors || device->runs[i].sector_bytes != slot->sector_bytes;
    }
}

bool rig_layout_encrypts_as_told(const struct rig_layout *layout, const struct rig_options_spec *options)
{
    return layout->encryption != RIG_ENCRYPT_NONE || ((!options->aes || g_str_equal(options->aes, "128")) &&
                                                      (!options->save_enctlv || !*options->save_enctlv));
}

/* Of an image key in the trailers, see image/trailer.h. */
static guint32 key_bytes_of(const struct rig_layout *layout)
{
    if (layout->encryption == RIG_ENCRYPT_NONE)
        return 0;
    return layout->save_enctlv ? rig_encrypt_tlv_bytes(layout->encryption, layout->aes_bits)
                               : layout->aes_bits / 8;
}

static void settle_area(const struct rig_layout *layout, struct rig_slot *slot, guint32 max_sectors)
{
    const struct rig_flash_device *device = &layout->devices[slot->device_index];

    if (slot->n_bytes == 0 || slot->device_index >= layout->n_devices)
        return;
    settle_sectors(slot, device);
    slot->geometry = (struct rig_trailer_geometry){
        .mode = layout->mode,
        .slot_bytes = slot->n_bytes,
        .write_bytes = device->write_bytes,
        .max_align = layout->max_align,
        .max_sectors = max_sectors,
        .key_bytes = key_bytes_of(layout),
        .erased = device->erased,
    };
}

void rig_layout_settle(struct rig_layout *layout)
{
    if (layout->family != RIG_BOOTLOADER_MCUBOOT) {
        rig_layout_move_bank_1(layout, 0);
        return;
    }
    layout->n_slots =
        layout->mode == RIG_SWAP_SINGLE ? MIN(layout->n_target_slots, 1) : layout->n_target_slots;
    for (guint i = 0; i < layout->n_slots; i++) {
        settle_area(layout, &layout->slots[i], layout->max_sectors);
        layout->slots[i].image_offset = layout->mode != RIG_SWAP_OFFSET || i % 2 == 0 ? 0
                                        : layout->logical_sector                      ? layout->logical_sector
                                                                 : layout->slots[i].sector_bytes;
    }
    /* Its trailer keeps the status of one swap step only. */
    settle_area(layout, &layout->scratch, 1);
}

bool rig_layout_slot(const struct rig_layout *layout, guint index, struct rig_slot *slot)
{
    const struct rig_slot *found = index < layout->n_slots    ? &layout->slots[index]
                                   : index == layout->n_slots ? &layout->scratch
                                                              : NULL;

    if (!found || found->n_bytes == 0)
        return false;
    *slot = *found;
    return true;
}

const struct rig_flash_device *rig_layout_device(const struct rig_layout *layout, const char *name)
{
    for (guint i = 0; i < layout->n_devices; i++)
        if (g_str_equal(layout->devices[i].name, name))
            return &layout->devices[i];
    return NULL;
}

/* --- what no board can have --- */

struct check {
    const struct rig_target_spec *target;
    struct rig_diagnostics *diagnostics;
    const struct rig_record *options; /* NULL: none */
    struct rig_layout layout;
    guint n_areas; /* slots in their order, the scratch area, a foreign bootloader's own */
};

static guint first_other(const struct check *check)
{
    return check->layout.n_slots + (check->target->scratch ? 1 : 0);
}

static const struct rig_slot *area_at(const struct check *check, guint i)
{
    return i < check->layout.n_slots ? &check->layout.slots[i]
           : i < first_other(check)  ? &check->layout.scratch
                                     : &check->layout.others[i - first_other(check)];
}

static const char *name_of(const struct check *check, guint i)
{
    return area_at(check, i) == &check->layout.scratch ? "the scratch area" : area_at(check, i)->name;
}

static void complain(const struct check *check, const struct rig_node *node, char *message /* taken */)
{
    rig_diagnostics_add(check->diagnostics, node->source, node->start, 1, NULL, "%s", message);
    g_free(message);
}

static void complain_of_area(const struct check *check, guint i, char *message /* taken */)
{
    complain(check,
             i < check->layout.n_slots ? check->target->slots[i]->node
             : i < first_other(check)  ? check->target->scratch->node
                                       : check->target->areas[i - first_other(check)]->node,
             message);
}

static void check_numbers(const struct check *check)
{
    const struct rig_flash_spec *const *flash = check->target->flash;
    guint n_slots = length_of(check->target->slots);

    bool single = check->layout.mode == RIG_SWAP_SINGLE && n_slots == 1;

    if (check->layout.family == RIG_BOOTLOADER_MCUBOOT && !single && n_slots != 2 &&
        n_slots != RIG_LAYOUT_MAX_SLOTS)
        complain(check, rig_node_get(check->target->node, "slots"),
                 g_strdup("a board has 2 or 4 slots, or one with 'swap: single'"));
    for (guint i = 0; i < length_of(flash); i++) {
        const struct rig_flash_spec *entry = flash[i];

        if (length_of(entry->sectors) > RIG_LAYOUT_MAX_RUNS)
            complain(check, entry->node,
                     g_strdup_printf("a device has at most %d runs of sectors", RIG_LAYOUT_MAX_RUNS));
        if (i < check->layout.n_devices && check->layout.devices[i].n_bytes > MAX_DEVICE_BYTES)
            complain(check, entry->node, g_strdup("a device has at most 1 GiB"));
        if (g_str_equal(entry->torn, "ecc") && entry->write_bytes < MIN_ECC_BYTES)
            complain(check, entry->node,
                     g_strdup_printf("'torn: ecc' wants a write size of at least %u bytes", MIN_ECC_BYTES));
        for (guint k = 0; k < i; k++)
            if (g_str_equal(entry->device, flash[k]->device))
                complain(check, entry->node, g_strdup_printf("there are two devices '%s'", entry->device));
    }
}

/* The end of a device is the start of a sector that would follow. */
static bool is_boundary(const struct rig_flash_device *device, guint32 offset)
{
    guint64 at = 0;

    for (guint i = 0; i < device->n_runs; i++) {
        guint64 end = at + bytes_of(&device->runs[i]);

        if (offset < end)
            return (offset - at) % device->runs[i].sector_bytes == 0;
        at = end;
    }
    return offset == at;
}

static void check_place(const struct check *check, guint i)
{
    const struct rig_slot *area = area_at(check, i);
    const struct rig_flash_device *device = rig_layout_device(&check->layout, area->device);
    guint64 end = (guint64)area->device_offset + area->n_bytes;

    if (!device)
        complain_of_area(check, i,
                         g_strdup_printf("%s is on the device '%s', and 'flash' has none", name_of(check, i),
                                         area->device));
    else if (end > device->n_bytes)
        complain_of_area(check, i,
                         g_strdup_printf("%s ends at 0x%" G_GINT64_MODIFIER "x, and its device at 0x%x",
                                         name_of(check, i), end, device->n_bytes));
    else if (!is_boundary(device, area->device_offset) || !is_boundary(device, (guint32)end))
        complain_of_area(check, i, g_strdup_printf("%s is not made of whole sectors", name_of(check, i)));
}

static bool overlap(const struct rig_slot *a, const struct rig_slot *b)
{
    return g_str_equal(a->device, b->device) && a->device_offset < (guint64)b->device_offset + b->n_bytes &&
           b->device_offset < (guint64)a->device_offset + a->n_bytes;
}

static void check_overlap(const struct check *check, guint i)
{
    for (guint k = 0; k < i; k++)
        if (overlap(area_at(check, i), area_at(check, k)))
            complain_of_area(
                check, i,
                g_strdup_printf("%s lies in part where %s does", name_of(check, i), name_of(check, k)));
}

static void check_options(const struct check *check)
{
    const struct rig_node *node = rig_node_get(check->target->node, "options");
    g_autoptr(GError) error = NULL;

    if (check->options && !rig_layout_takes(&check->layout, check->options, &error))
        complain(check, node, g_strdup(error->message));
    if (check->layout.encryption == RIG_ENCRYPT_NONE && check->target->encryption_key)
        complain(check, rig_node_get(check->target->node, "encryption-key"),
                 g_strdup("'encryption-key' has no effect without the option 'encrypt'"));
    else if (check->options && !rig_layout_encrypts_as_told(&check->layout, RIG_OPTIONS(check->options)))
        complain(check, node, g_strdup(RIG_LAYOUT_NOT_ENCRYPTING));
}

void rig_layout_check(const struct rig_record *record, struct rig_diagnostics *diagnostics)
{
    const struct rig_target_spec *target = RIG_STRUCT(record, struct rig_target_spec);
    const struct rig_value *options = rig_record_get(record, "options");
    struct check check = {
        .target = target, .options = options ? options->record : NULL, .diagnostics = diagnostics};

    rig_layout_read(target, &check.layout);
    check.n_areas = first_other(&check) + check.layout.n_others;
    if (length_of(target->areas) > RIG_LAYOUT_MAX_OTHERS)
        complain(&check, target->areas[RIG_LAYOUT_MAX_OTHERS]->node,
                 g_strdup_printf("a bootloader has at most %d areas of its own", RIG_LAYOUT_MAX_OTHERS));
    check_numbers(&check);
    check_options(&check);
    if (target->nordic) {
        nordic_layout_check(target, &check.layout, diagnostics);
        return;
    }
    for (guint i = 0; i < check.n_areas; i++) {
        check_place(&check, i);
        check_overlap(&check, i);
    }
}
