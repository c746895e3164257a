/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The legacy bootloader from a reset to its decision: what the MBR does before it, the copies of SoftDevice
 * and bootloader that were announced in the settings, the check of the application. */
#include "sim/firmware/nordic/legacy/internal.h"

#include "image/init_packet.h"

#include "base/bytes.h"

#include <string.h>

#define SOFTDEVICE_START RIG_SOFTDEVICE_AT
#define MAX_RESETS 8u
#define MAX_BLOCKS 32u
#define MBR_BYTES 0x1000u

const char *sim_legacy_defect_name(unsigned bit)
{
    static const char *const names[SIM_LEGACY_N_DEFECTS] = {
        "unmasked-swap", "half-masked-swap", "skips-crc",       "takes-any-init",   "keeps-offset",
        "silent-start",  "silent-overrun",   "erases-app-data", "erases-old-first", "stuck-in-updater",
    };

    return bit < SIM_LEGACY_N_DEFECTS ? names[bit] : NULL;
}

const char *sim_legacy_reason_text(enum sim_legacy_reason reason)
{
    switch (reason) {
    case SIM_LEGACY_NO_REASON:
        break;
    case SIM_LEGACY_VALID:
        return "the settings call bank 0 valid";
    case SIM_LEGACY_ASKED:
        return "asked for by GPREGRET";
    case SIM_LEGACY_BUTTON:
        return "the button is held";
    case SIM_LEGACY_NO_APPLICATION:
        return "no valid application";
    case SIM_LEGACY_CRC:
        return "CRC of the application differs";
    case SIM_LEGACY_NO_BOOTLOADER:
        return "no bootloader that is whole";
    case SIM_LEGACY_NO_SOFTDEVICE:
        return "no SoftDevice that is whole";
    case SIM_LEGACY_BAD_COPY:
        return "what is to be copied does not fit the flash";
    }
    return "";
}

struct sim_legacy_config sim_legacy_example(const struct sim_nordic_map *map)
{
    return (struct sim_legacy_config){.map = *map,
                                      .version = RIG_LEGACY_SDK9,
                                      .device_type = 0xffff,
                                      .device_revision = 0xffff,
                                      .packet_bytes = RIG_LEGACY_PACKET_BYTES,
                                      .init_bytes = SIM_LEGACY_MAX_INIT_BYTES,
                                      .n_buffers = 8,
                                      .n_queued = 10,
                                      .inactivity_us = 120000000,
                                      .erase_gap_us = 15000,
                                      .write_gap_us = map->page_bytes == 1024 ? 3700 : 1500};
}

const char *sim_legacy_check(const struct sim_legacy_config *config, const struct sim_flash *flash)
{
    const struct sim_nordic_map *map = &config->map;

    if (map->page_bytes == 0 || map->page_bytes > SIM_LEGACY_MAX_PAGE_BYTES ||
        (map->page_bytes & (map->page_bytes - 1)))
        return "a legacy bootloader needs pages of 1024 or 4096 bytes";
    if (map->flash_bytes > sim_flash_bytes(flash, SIM_FLASH_INTERNAL))
        return "a legacy bootloader's map is larger than the flash";
    if (map->bootloader_at % map->page_bytes || map->settings_at % map->page_bytes ||
        map->parameter_page_at % map->page_bytes || map->app_data_bytes % map->page_bytes)
        return "a legacy bootloader's map is not on pages";
    if (map->bootloader_at <= MBR_BYTES || map->app_data_bytes >= map->bootloader_at ||
        map->bootloader_bytes > map->flash_bytes - map->bootloader_at || map->bootloader_bytes == 0 ||
        map->settings_at > map->flash_bytes - map->page_bytes ||
        map->parameter_page_at > map->flash_bytes - map->page_bytes)
        return "a legacy bootloader's map reaches beyond the flash";
    if (config->n_buffers == 0 || config->n_buffers > SIM_LEGACY_MAX_BUFFERS || config->n_queued < 4 ||
        config->n_queued > SIM_LEGACY_MAX_QUEUED || config->packet_bytes > SIM_LEGACY_MAX_PACKET_BYTES ||
        config->packet_bytes < 12 || config->init_bytes > SIM_LEGACY_MAX_INIT_BYTES)
        return "a legacy bootloader has 1 to 16 buffers of 12 to 244 bytes and a queue of 4 to 16";
    return NULL;
}

/* --- what the flash says --- */

/* The size field of its info struct, whatever stands there: the real code looks at no magic. */
static uint32_t softdevice_end(const struct sim_flash *flash)
{
    uint8_t size[4];

    if (sim_flash_peek(flash, SIM_FLASH_INTERNAL, SOFTDEVICE_START + RIG_SOFTDEVICE_INFO_AT + 8, size,
                       sizeof size) != SIM_OK)
        return SIM_LEGACY_BLANK;
    return rig_get_le32(size);
}

uint32_t sim_legacy_bank_0(const struct sim_legacy_config *config, const struct sim_flash *flash)
{
    uint32_t end = softdevice_end(flash);

    return end % config->map.page_bytes == 0 && end > MBR_BYTES && end < config->map.bootloader_at ? end : 0;
}

uint32_t sim_legacy_region_bytes(const struct sim_legacy_config *config, uint32_t bank_0)
{
    uint32_t whole = config->map.bootloader_at - bank_0;

    return whole > config->map.app_data_bytes ? whole - config->map.app_data_bytes : 0;
}

uint32_t sim_legacy_bank_1(const struct sim_legacy_config *config, const struct sim_flash *flash)
{
    uint32_t bank_0 = sim_legacy_bank_0(config, flash);
    uint32_t whole = sim_legacy_region_bytes(config, bank_0);

    if (config->single_bank || bank_0 == 0)
        return 0;
    return bank_0 + (whole - whole % (2 * config->map.page_bytes)) / 2;
}

uint32_t sim_legacy_max_image_bytes(const struct sim_legacy_config *config, const struct sim_flash *flash)
{
    uint32_t bank_0 = sim_legacy_bank_0(config, flash);

    if (bank_0 == 0)
        return 0;
    return config->single_bank ? sim_legacy_region_bytes(config, bank_0)
                               : sim_legacy_bank_1(config, flash) - bank_0;
}

bool sim_legacy_read_settings(const struct sim_legacy_config *config, const struct sim_flash *flash,
                              struct rig_legacy_settings *settings)
{
    uint8_t bytes[RIG_LEGACY_SETTINGS_BYTES];

    if (sim_flash_read(flash, SIM_FLASH_INTERNAL, config->map.settings_at, bytes, sizeof bytes) != SIM_OK)
        return false;
    rig_legacy_settings_decode(bytes, config->adafruit, settings);
    return true;
}

static enum sim_status save(const struct sim_legacy_config *config, struct sim_flash *flash,
                            const struct rig_legacy_settings *settings)
{
    uint8_t bytes[RIG_LEGACY_SETTINGS_BYTES];
    enum sim_status status =
        sim_flash_erase(flash, SIM_FLASH_INTERNAL, config->map.settings_at, config->map.page_bytes);

    if (status != SIM_OK)
        return status;
    rig_legacy_settings_encode(settings, config->adafruit, bytes);
    return sim_flash_write(flash, SIM_FLASH_INTERNAL, config->map.settings_at, bytes, sizeof bytes);
}

static bool copy_is_pending(const struct rig_legacy_settings *settings)
{
    return settings->bank_0 == RIG_LEGACY_BANK_SOFTDEVICE || settings->bank_1 == RIG_LEGACY_BANK_BOOTLOADER;
}

enum sim_status sim_legacy_crc(const struct sim_flash *flash, uint32_t at, uint32_t n_bytes, uint16_t *crc)
{
    uint8_t bytes[SIM_LEGACY_MAX_PAGE_BYTES];

    *crc = 0xffff;
    while (n_bytes > 0) {
        uint32_t n = n_bytes < sizeof bytes ? n_bytes : (uint32_t)sizeof bytes;
        enum sim_status status = sim_flash_read(flash, SIM_FLASH_INTERNAL, at, bytes, n);

        if (status != SIM_OK)
            return status;
        *crc = rig_legacy_crc16(*crc, bytes, n);
        at += n;
        n_bytes -= n;
    }
    return SIM_OK;
}

/* --- one boot --- */

struct boot {
    const struct sim_legacy_config *config;
    struct sim_flash *flash;
    struct sim_legacy_retained *retained;
    struct sim_legacy_start *start;
    struct rig_legacy_settings settings;
    bool from_updater;
};

/* What a step of the boot came to. DIFFERS: the flash is not as the step wants it. */
enum result { DONE, DIFFERS, RESTARTED, ENDED };

static enum result stop(struct boot *boot, enum sim_legacy_outcome outcome, enum sim_legacy_reason reason)
{
    boot->start->outcome = outcome;
    boot->start->reason = reason;
    return ENDED;
}

static enum result check(struct boot *boot, enum sim_status status)
{
    if (status == SIM_OK)
        return DONE;
    return status == SIM_POWER_LOST ? stop(boot, SIM_LEGACY_POWER_LOST, SIM_LEGACY_NO_REASON)
                                    : stop(boot, SIM_LEGACY_FAULT, SIM_LEGACY_BAD_COPY);
}

static enum result load(struct boot *boot, uint32_t at, void *into, size_t n_bytes)
{
    return check(boot, sim_flash_read(boot->flash, SIM_FLASH_INTERNAL, at, into, n_bytes));
}

/* Whole words, as the MBR counts. */
static enum result compare(struct boot *boot, uint32_t one, uint32_t other, uint32_t n_bytes)
{
    uint8_t a[SIM_LEGACY_MAX_PAGE_BYTES], b[SIM_LEGACY_MAX_PAGE_BYTES];

    n_bytes &= ~3u;
    for (uint32_t done = 0; done < n_bytes;) {
        uint32_t n = n_bytes - done < sizeof a ? n_bytes - done : (uint32_t)sizeof a;

        if (load(boot, one + done, a, n) != DONE || load(boot, other + done, b, n) != DONE)
            return ENDED;
        if (memcmp(a, b, n) != 0)
            return DIFFERS;
        done += n;
    }
    return DONE;
}

static enum result erase_pages(struct boot *boot, uint32_t at, uint32_t n_bytes)
{
    uint32_t page_bytes = boot->config->map.page_bytes;

    for (uint32_t page = at - at % page_bytes; page < at + n_bytes; page += page_bytes)
        if (check(boot, sim_flash_erase(boot->flash, SIM_FLASH_INTERNAL, page, page_bytes)) != DONE)
            return ENDED;
    return DONE;
}

/* The MBR's copy: each page that is touched is erased whole, all of them before the first is written [DOC
 * nrf_mbr.h, sd_mbr_command_copy_sd_t]. */
static enum result copy(struct boot *boot, uint32_t to, uint32_t from, uint32_t n_bytes)
{
    uint32_t page_bytes = boot->config->map.page_bytes;
    uint8_t bytes[SIM_LEGACY_MAX_PAGE_BYTES];

    n_bytes &= ~3u;
    if (n_bytes > boot->config->map.flash_bytes || to > boot->config->map.flash_bytes - n_bytes ||
        from > boot->config->map.flash_bytes - n_bytes || to % 4 || from % 4)
        return stop(boot, SIM_LEGACY_FAULT, SIM_LEGACY_BAD_COPY);
    if (erase_pages(boot, to, n_bytes) != DONE)
        return ENDED;
    while (n_bytes > 0) {
        uint32_t room = page_bytes - to % page_bytes;
        uint32_t n = n_bytes < room ? n_bytes : room;

        if (load(boot, from, bytes, n) != DONE ||
            check(boot, sim_flash_write(boot->flash, SIM_FLASH_INTERNAL, to, bytes, n)) != DONE)
            return ENDED;
        to += n;
        from += n;
        n_bytes -= n;
    }
    return DONE;
}

/* --- SoftDevice --- */

/* From the end back: a block that is equal to its source means that all before it are. */
static enum result swap_block(struct boot *boot, uint32_t from, uint32_t to, uint32_t n_bytes, uint32_t block,
                              unsigned depth)
{
    enum result result = compare(boot, from, to, n_bytes);

    if (result != DIFFERS)
        return result;
    if (depth == MAX_BLOCKS) /* the real one runs out of stack */
        return stop(boot, SIM_LEGACY_FAULT, SIM_LEGACY_BAD_COPY);
    if (to > SOFTDEVICE_START) {
        result = swap_block(boot, from - block, to - block, block, block, depth + 1);
        if (result != DONE)
            return result;
    }
    boot->start->copied_softdevice = true;
    result = copy(boot, to, from, n_bytes);
    return result == DONE ? compare(boot, from, to, n_bytes) : result;
}

static bool overlaps(const struct boot *boot)
{
    return (uint32_t)(SOFTDEVICE_START + boot->settings.softdevice_bytes) > boot->settings.softdevice_start;
}

static uint32_t block_bytes(const struct boot *boot, enum sim_legacy_defect without_mask)
{
    uint32_t half = (boot->settings.softdevice_start - SOFTDEVICE_START) / 2;

    return boot->config->defects & (unsigned)without_mask ? half : half - half % boot->config->map.page_bytes;
}

static enum result swap_in_blocks(struct boot *boot, uint32_t block)
{
    uint32_t from = boot->settings.softdevice_start + 2 * block;
    uint32_t end = boot->settings.softdevice_start + boot->settings.softdevice_bytes;

    return swap_block(boot, from, SOFTDEVICE_START + 2 * block, end - from, block, 0);
}

static enum result softdevice_is_copied(struct boot *boot)
{
    if (boot->settings.softdevice_bytes == 0)
        return DONE;
    if (!overlaps(boot))
        return compare(boot, SOFTDEVICE_START, boot->settings.softdevice_start,
                       boot->settings.softdevice_bytes);
    if (softdevice_end(boot->flash) < boot->settings.softdevice_bytes)
        return DIFFERS;
    return swap_in_blocks(boot, block_bytes(boot, SIM_LEGACY_UNMASKED_SWAP | SIM_LEGACY_HALF_MASKED_SWAP));
}

static enum result copy_softdevice(struct boot *boot)
{
    uint32_t block = block_bytes(boot, SIM_LEGACY_UNMASKED_SWAP);

    if (boot->settings.softdevice_bytes == 0)
        return DONE;
    if (!overlaps(boot)) {
        boot->start->copied_softdevice = true;
        return copy(boot, SOFTDEVICE_START, boot->settings.softdevice_start, boot->settings.softdevice_bytes);
    }
    /* The old one must not pass for a whole one while it is overwritten. */
    if (softdevice_end(boot->flash) < boot->settings.softdevice_bytes &&
        (copy(boot, SOFTDEVICE_START + block, SOFTDEVICE_START + block, 4) != DONE ||
         copy(boot, SOFTDEVICE_START, SOFTDEVICE_START, 4) != DONE))
        return ENDED;
    return swap_in_blocks(boot, block);
}

/* --- bootloader, and the MBR's part --- */

static uint32_t received_bootloader(const struct boot *boot)
{
    if (boot->settings.softdevice_bytes != 0)
        return boot->settings.softdevice_start + boot->settings.softdevice_bytes;
    return boot->config->single_bank ? sim_legacy_bank_0(boot->config, boot->flash)
                                     : sim_legacy_bank_1(boot->config, boot->flash);
}

static enum result bootloader_is_copied(struct boot *boot)
{
    if (boot->settings.bootloader_bytes == 0)
        return DONE;
    return compare(boot, boot->config->map.bootloader_at, received_bootloader(boot),
                   boot->settings.bootloader_bytes);
}

/* The MBR keeps its command in a page of its own, and goes on by it after a loss of power: so its
 * documentation. Where an nRF51 keeps it is not told: here at the end of its own region. [GUESS] */
#define COMMAND_MARK 0x4c425043u
static uint32_t command_page(const struct sim_legacy_config *config)
{
    const struct sim_nordic_map *map = &config->map;

    return map->parameter_page_at ? map->parameter_page_at : MBR_BYTES - map->page_bytes;
}

bool sim_legacy_mbr_copies(const struct sim_legacy_config *config, const struct sim_flash *flash,
                           uint32_t *from, uint32_t *n_bytes)
{
    uint8_t bytes[16];

    if (sim_flash_peek(flash, SIM_FLASH_INTERNAL, command_page(config), bytes, sizeof bytes) != SIM_OK)
        return false;
    *from = rig_get_le32(bytes + 4);
    *n_bytes = rig_get_le32(bytes + 8);
    return rig_get_le32(bytes) == COMMAND_MARK &&
           rig_get_le32(bytes + 12) == (COMMAND_MARK ^ *from ^ *n_bytes);
}

static enum result erase_command(struct boot *boot)
{
    return check(boot, sim_flash_erase(boot->flash, SIM_FLASH_INTERNAL, command_page(boot->config),
                                       boot->config->map.page_bytes));
}

static enum result copy_bootloader(struct boot *boot)
{
    uint32_t from = received_bootloader(boot), n_bytes = boot->settings.bootloader_bytes & ~3u;
    uint8_t bytes[16];

    /* An nRF52's MBR answers NO_MEM without its page. */
    if (command_page(boot->config) < MBR_BYTES / 2 || n_bytes > boot->config->map.bootloader_bytes ||
        from == 0 || from > boot->config->map.flash_bytes - n_bytes)
        return stop(boot, SIM_LEGACY_FAULT, SIM_LEGACY_BAD_COPY);
    rig_put_le32(bytes, COMMAND_MARK);
    rig_put_le32(bytes + 4, from);
    rig_put_le32(bytes + 8, n_bytes);
    rig_put_le32(bytes + 12, COMMAND_MARK ^ from ^ n_bytes);
    if (erase_command(boot) != DONE ||
        check(boot, sim_flash_write(boot->flash, SIM_FLASH_INTERNAL, command_page(boot->config), bytes,
                                    sizeof bytes)) != DONE)
        return ENDED;
    return RESTARTED;
}

static enum result run_mbr(struct boot *boot)
{
    const struct sim_nordic_map *map = &boot->config->map;
    uint32_t from, n_bytes;
    uint8_t first[4];

    if (sim_flash_powered(boot->flash) && sim_legacy_mbr_copies(boot->config, boot->flash, &from, &n_bytes)) {
        boot->start->copied_bootloader = true;
        if (copy(boot, map->bootloader_at, from, n_bytes) != DONE || erase_command(boot) != DONE)
            return ENDED;
    }
    if (load(boot, map->bootloader_at, first, sizeof first) != DONE)
        return ENDED;
    if (rig_get_le32(first) == SIM_LEGACY_BLANK ||
        sim_nordic_seal_at(boot->flash, map->bootloader_at, map->bootloader_bytes, boot->config->memo) ==
            RIG_NORDIC_DAMAGED)
        return stop(boot, SIM_LEGACY_FAULT, SIM_LEGACY_NO_BOOTLOADER);
    return DONE;
}

/* --- the decision --- */

static enum result finish_copy(struct boot *boot)
{
    struct rig_legacy_settings next = {.bank_0 = boot->settings.bank_0,
                                       .bank_0_crc = boot->settings.bank_0_crc,
                                       .bank_0_bytes = boot->settings.bank_0_bytes,
                                       .bank_1 = RIG_LEGACY_BANK_INVALID};

    if (boot->settings.bank_0 == RIG_LEGACY_BANK_SOFTDEVICE) {
        next.bank_0 = RIG_LEGACY_BANK_INVALID;
        next.bank_0_crc = 0;
        next.bank_0_bytes = 0;
    }
    boot->settings = next;
    return check(boot, save(boot->config, boot->flash, &next));
}

/* Compared before, copied and compared after: an error resets the chip, and comes again after it. */
static enum result go_on_copying(struct boot *boot)
{
    enum result result = softdevice_is_copied(boot);

    if (result == DONE)
        result = bootloader_is_copied(boot);
    if (result != DIFFERS)
        return result;
    result = copy_softdevice(boot);
    if (result == DONE)
        result = softdevice_is_copied(boot);
    if (result == DONE && boot->settings.bootloader_bytes != 0)
        result = copy_bootloader(boot);
    return result == DIFFERS ? stop(boot, SIM_LEGACY_FAULT, SIM_LEGACY_BAD_COPY) : result;
}

static enum result need_softdevice(struct boot *boot)
{
    struct rig_softdevice softdevice;
    uint8_t first[4];

    if (load(boot, SOFTDEVICE_START, first, sizeof first) != DONE)
        return ENDED;
    if (rig_get_le32(first) == SIM_LEGACY_BLANK ||
        !sim_nordic_softdevice(boot->flash, SOFTDEVICE_START, &softdevice) ||
        sim_legacy_bank_0(boot->config, boot->flash) == 0 ||
        sim_nordic_seal_at(boot->flash, SOFTDEVICE_START,
                           sim_legacy_bank_0(boot->config, boot->flash) - SOFTDEVICE_START,
                           boot->config->memo) == RIG_NORDIC_DAMAGED)
        return stop(boot, SIM_LEGACY_FAULT, SIM_LEGACY_NO_SOFTDEVICE);
    return DONE;
}

/* A CRC of 0 is none: the settings of every update over the air have it. */
static enum result application_is_valid(struct boot *boot)
{
    uint32_t bank_0 = sim_legacy_bank_0(boot->config, boot->flash);
    uint8_t words[8];
    uint16_t crc;

    boot->start->reason = SIM_LEGACY_NO_APPLICATION;
    if (load(boot, bank_0, words, sizeof words) != DONE)
        return ENDED;
    if (rig_get_le32(words) == SIM_LEGACY_BLANK &&
        (!boot->config->adafruit || rig_get_le32(words + 4) == SIM_LEGACY_BLANK))
        return DIFFERS;
    if (boot->settings.bank_0 != RIG_LEGACY_BANK_APPLICATION)
        return DIFFERS;
    if (boot->settings.bank_0_crc != 0) {
        if (check(boot, sim_legacy_crc(boot->flash, bank_0, boot->settings.bank_0_bytes, &crc)) != DONE)
            return ENDED;
        boot->start->reason = SIM_LEGACY_CRC;
        if (crc != boot->settings.bank_0_crc)
            return DIFFERS;
    }
    boot->start->reason = SIM_LEGACY_VALID;
    return DONE;
}

static bool take_gpregret(struct boot *boot)
{
    uint8_t value = boot->retained->gpregret;
    bool asked =
        value == SIM_LEGACY_GPREGRET_DFU || (boot->config->adafruit && value == SIM_LEGACY_GPREGRET_OTA);

    if (asked && !(boot->config->defects & SIM_LEGACY_STUCK_IN_UPDATER))
        boot->retained->gpregret = 0;
    return asked;
}

/* Adafruit's has the radio on only when it was asked for; without that it waits on its serial port. */
static enum result decide(struct boot *boot, bool asked)
{
    enum result valid = application_is_valid(boot);
    bool button = boot->retained->button && !(boot->from_updater && valid == DONE);

    if (valid == ENDED)
        return ENDED;
    if (asked)
        boot->start->reason = SIM_LEGACY_ASKED;
    else if (button)
        boot->start->reason = SIM_LEGACY_BUTTON;
    boot->start->outcome = asked || button || valid != DONE ? SIM_LEGACY_UPDATER : SIM_LEGACY_APPLICATION;
    boot->start->serial_only = boot->start->outcome == SIM_LEGACY_UPDATER && boot->config->adafruit && !asked;
    return valid;
}

/* That the settings are saved ends an updater; after a copy they were saved before it began: it ends at its
 * first event, asked for or not. */
static enum result decide_after_copy(struct boot *boot, bool asked)
{
    enum result valid = decide(boot, asked);

    if (valid == DIFFERS)
        return RESTARTED;
    return valid == DONE ? stop(boot, SIM_LEGACY_APPLICATION, SIM_LEGACY_VALID) : ENDED;
}

static enum result run_once(struct boot *boot)
{
    enum result result = run_mbr(boot);
    bool asked;

    if (result != DONE)
        return result;
    asked = take_gpregret(boot);
    if (!sim_legacy_read_settings(boot->config, boot->flash, &boot->settings))
        return stop(boot, SIM_LEGACY_POWER_LOST, SIM_LEGACY_NO_REASON);
    if (copy_is_pending(&boot->settings)) {
        boot->from_updater = false;
        result = go_on_copying(boot);
        if (result == DONE)
            result = need_softdevice(boot);
        if (result == DONE)
            result = finish_copy(boot);
        return result == DONE ? decide_after_copy(boot, asked) : result;
    }
    result = need_softdevice(boot);
    if (result != DONE)
        return result;
    (void)decide(boot, asked);
    return ENDED;
}

void sim_legacy_boot(const struct sim_legacy_config *config, struct sim_flash *flash,
                     struct sim_legacy_retained *retained, struct sim_legacy_start *start)
{
    struct boot boot = {.config = config,
                        .flash = flash,
                        .retained = retained,
                        .start = start,
                        .from_updater = retained->from_updater};

    retained->from_updater = false;
    memset(start, 0, sizeof *start);
    while (run_once(&boot) == RESTARTED) {
        if (++start->n_resets == MAX_RESETS) {
            stop(&boot, SIM_LEGACY_FAULT, SIM_LEGACY_BAD_COPY);
            return;
        }
    }
}
