/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nordic's legacy bootloader, and Adafruit's, as the subject of an exploration, and the host that updates it.
 */
#include "explore/nordic.h"

#include "base/bytes.h"
#include "explore/invariant.h"

#include <string.h>

#define UNRESERVED_DATA_PAGES                                                                                \
    2u /* where an application keeps its bonds, whatever the bootloader reserves                             \
        */

struct legacy {
    struct rig_nordic_subject nordic;
    struct sim_legacy_config config;
    struct sim_legacy state; /* the updater's RAM, while an action runs */
    struct sim_legacy_retained retained;
    struct sim_nordic_seal_memo memo;
    guint64 now_us;
    guint8 answer[SIM_LEGACY_MAX_ANSWER_BYTES]; /* the last one */
};

static struct legacy *self(struct rig_subject *subject)
{
    return (struct legacy *)subject;
}

/* ---- runs ---- */

static void power_on(struct legacy *legacy, struct sim_legacy_start *start)
{
    legacy->retained = (struct sim_legacy_retained){.gpregret = 0};
    legacy->now_us = 0;
    sim_legacy_boot(&legacy->config, legacy->nordic.subject.flash, &legacy->retained, start);
}

static enum rig_end end_of(enum sim_legacy_outcome outcome)
{
    switch (outcome) {
    case SIM_LEGACY_APPLICATION:
        return RIG_END_RUNS;
    case SIM_LEGACY_UPDATER:
        return RIG_END_UPDATER;
    case SIM_LEGACY_FAULT:
        return RIG_END_CRASH;
    case SIM_LEGACY_POWER_LOST:
        break;
    }
    return RIG_END_NO_IMAGE;
}

static void legacy_boot(struct rig_subject *subject, struct rig_end_report *report)
{
    struct legacy *legacy = self(subject);
    struct sim_legacy_start start;

    power_on(legacy, &start);
    report->end = end_of(start.outcome);
    report->device = SIM_FLASH_INTERNAL;
    report->offset = sim_legacy_bank_0(&legacy->config, subject->flash);
    if (start.outcome != SIM_LEGACY_APPLICATION)
        g_strlcpy(report->text, sim_legacy_reason_text(start.reason), sizeof report->text);
    if (start.copied_softdevice || start.copied_bootloader)
        g_snprintf(report->decision, sizeof report->decision, "copies the %s",
                   !start.copied_bootloader   ? "softdevice"
                   : !start.copied_softdevice ? "bootloader"
                                              : "softdevice and bootloader");
}

/* ---- the host ---- */

/* The last answer; what the flash has to do for it is done. */
static void let_it_work(struct legacy *legacy)
{
    struct sim_legacy *state = &legacy->state;

    sim_legacy_drain(&legacy->config, legacy->nordic.subject.flash, state);
    if (state->n_answers > 0)
        memcpy(legacy->answer, state->answers[state->n_answers - 1].bytes, sizeof legacy->answer);
    state->n_answers = 0;
}

static void control(struct legacy *legacy, const guint8 *bytes, gsize n_bytes)
{
    memset(legacy->answer, 0, sizeof legacy->answer);
    sim_legacy_control(&legacy->config, legacy->nordic.subject.flash, &legacy->state, bytes, n_bytes,
                       legacy->now_us);
    let_it_work(legacy);
}

static void packets(struct legacy *legacy, const guint8 *bytes, gsize n_bytes)
{
    for (gsize n_now; n_bytes > 0; bytes += n_now, n_bytes -= n_now) {
        n_now = MIN(n_bytes, RIG_LEGACY_PACKET_BYTES);
        sim_legacy_packet(&legacy->config, legacy->nordic.subject.flash, &legacy->state, bytes, n_now,
                          legacy->now_us);
        let_it_work(legacy);
    }
}

static bool succeeded(const struct legacy *legacy, enum rig_legacy_op op)
{
    return legacy->answer[0] == RIG_LEGACY_RESPONSE && legacy->answer[1] == op &&
           legacy->answer[2] == RIG_LEGACY_SUCCESS && !legacy->state.reset;
}

static bool start_transfer(struct legacy *legacy, const struct rig_explore_part *part)
{
    static const guint8 modes[] = {
        [RIG_DFU_APPLICATION] = RIG_LEGACY_APPLICATION,
        [RIG_DFU_SOFTDEVICE] = RIG_LEGACY_SOFTDEVICE,
        [RIG_DFU_BOOTLOADER] = RIG_LEGACY_BOOTLOADER,
        [RIG_DFU_SOFTDEVICE_BOOTLOADER] = RIG_LEGACY_SOFTDEVICE | RIG_LEGACY_BOOTLOADER,
    };
    const guint8 request[] = {RIG_LEGACY_START, modes[part->firmware]};
    guint32 n_bytes = (guint32)part->n_bytes;
    guint32 n_softdevice = part->firmware == RIG_DFU_SOFTDEVICE              ? n_bytes
                           : part->firmware == RIG_DFU_SOFTDEVICE_BOOTLOADER ? (guint32)part->softdevice_bytes
                                                                             : 0;
    guint32 n_application = part->firmware == RIG_DFU_APPLICATION ? n_bytes : 0;
    guint8 sizes[12];

    rig_put_le32(sizes, n_softdevice);
    rig_put_le32(sizes + 4, n_bytes - n_softdevice - n_application);
    rig_put_le32(sizes + 8, n_application);
    control(legacy, request, sizeof request);
    packets(legacy, sizes, sizeof sizes);
    return succeeded(legacy, RIG_LEGACY_START);
}

static bool send_init_packet(struct legacy *legacy, const struct rig_explore_part *part)
{
    static const guint8 begin[] = {RIG_LEGACY_INIT, 0}, complete[] = {RIG_LEGACY_INIT, 1};

    control(legacy, begin, sizeof begin);
    packets(legacy, part->init_packet, part->n_init_packet);
    control(legacy, complete, sizeof complete);
    return succeeded(legacy, RIG_LEGACY_INIT);
}

static bool send_firmware(struct legacy *legacy, const struct rig_explore_part *part)
{
    static const guint8 receive[] = {RIG_LEGACY_RECEIVE}, validate[] = {RIG_LEGACY_VALIDATE};

    control(legacy, receive, sizeof receive);
    packets(legacy, part->bytes, part->n_bytes);
    if (!succeeded(legacy, RIG_LEGACY_RECEIVE))
        return false;
    control(legacy, validate, sizeof validate);
    return succeeded(legacy, RIG_LEGACY_VALIDATE);
}

/* The link that drops is all the success that a host is told. */
static bool activate(struct legacy *legacy, bool last)
{
    static const guint8 request[] = {RIG_LEGACY_ACTIVATE};
    struct sim_flash *flash = legacy->nordic.subject.flash;

    sim_legacy_control(&legacy->config, flash, &legacy->state, request, sizeof request, legacy->now_us);
    if (last && legacy->state.disconnect)
        legacy->nordic.subject.promised_at = sim_flash_n_operations(flash);
    let_it_work(legacy);
    return legacy->state.reset && !legacy->state.fault && sim_flash_powered(flash);
}

/* The bond is handed over in RAM: the flash knows nothing of it. */
static bool enter_updater(struct legacy *legacy, struct sim_legacy_start *start)
{
    if (start->outcome == SIM_LEGACY_APPLICATION) {
        legacy->retained.gpregret = SIM_LEGACY_GPREGRET_DFU;
        sim_legacy_boot(&legacy->config, legacy->nordic.subject.flash, &legacy->retained, start);
    }
    return start->outcome == SIM_LEGACY_UPDATER && !start->serial_only;
}

static bool legacy_act(struct rig_subject *subject, enum rig_action action,
                       const struct rig_explore_image *image)
{
    struct legacy *legacy = self(subject);
    guint n_parts = legacy->nordic.update.n_parts;
    struct sim_legacy_start start;

    (void)image; /* it is in the package */
    if (action != RIG_ACTION_UPDATE)
        return false;
    power_on(legacy, &start);
    for (guint i = 0; i < n_parts; i++) {
        const struct rig_explore_part *part = &legacy->nordic.update.parts[i];

        if (!enter_updater(legacy, &start))
            return false;
        sim_legacy_enter(&legacy->config, &legacy->state, legacy->now_us);
        sim_legacy_link(&legacy->state, true);
        if (!start_transfer(legacy, part) || !send_init_packet(legacy, part) ||
            !send_firmware(legacy, part) || !activate(legacy, i + 1 == n_parts))
            return false;
        legacy->retained.gpregret = legacy->state.gpregret;
        if (i + 1 < n_parts)
            sim_legacy_boot(&legacy->config, subject->flash, &legacy->retained, &start);
    }
    return true;
}

/* ---- looks ---- */

static void legacy_look(struct rig_subject *subject, const struct rig_explore_image *images,
                        const struct rig_end_report *report, struct rig_seen *seen)
{
    rig_nordic_subject_look(&self(subject)->nordic, images, report, seen);
}

static void read_page(const struct legacy *legacy, guint8 bytes[RIG_LEGACY_SETTINGS_BYTES])
{
    memset(bytes, 0xff, RIG_LEGACY_SETTINGS_BYTES);
    (void)sim_flash_peek(legacy->nordic.subject.flash, SIM_FLASH_INTERNAL, legacy->config.map.settings_at,
                         bytes, RIG_LEGACY_SETTINGS_BYTES);
}

static void legacy_inspect(struct rig_subject *subject, struct rig_inspection *inspection)
{
    struct legacy *legacy = self(subject);
    guint8 bytes[RIG_LEGACY_SETTINGS_BYTES];

    read_page(legacy, bytes);
    inspection->no_settings = rig_legacy_settings_blank(bytes);
    inspection->data_lost = rig_nordic_subject_data_lost(&legacy->nordic);
}

/* The first two words of an image, as far as it is looked at: erased, there is none. */
static bool is_blank(const struct legacy *legacy, guint32 at)
{
    guint8 first[4] = {0};

    (void)sim_flash_peek(legacy->nordic.subject.flash, SIM_FLASH_INTERNAL, at, first, sizeof first);
    return rig_get_le32(first) == G_MAXUINT32;
}

static guint add_dead(struct sim_area *dead, guint n_dead, guint32 from, guint32 to)
{
    if (to <= from)
        return n_dead;
    dead[n_dead] = (struct sim_area){SIM_FLASH_INTERNAL, from, to - from};
    return n_dead + 1;
}

/* Bank 1 decides nothing; without an application, bank 0 nothing but whether its first words are erased. What
 * is unreserved data is looked at, and never dead. */
static guint dead_banks(const struct legacy *legacy, const struct rig_legacy_settings *settings,
                        struct sim_area *dead)
{
    const struct sim_flash *flash = legacy->nordic.subject.flash;
    guint32 bank_0 = sim_legacy_bank_0(&legacy->config, flash);
    guint32 from = sim_legacy_bank_1(&legacy->config, flash);

    if (bank_0 == 0)
        return 0;
    if (settings->bank_0 != RIG_LEGACY_BANK_APPLICATION || is_blank(legacy, bank_0))
        from = bank_0 + legacy->nordic.page_bytes;
    return from ? add_dead(dead, 0, from, legacy->nordic.data_at) : 0;
}

#define EQUAL G_MAXUINT32

/* A piece of the SoftDevice against its source: behind its first page that differs, or EQUAL. */
static guint32 behind_difference(const struct legacy *legacy, const struct rig_legacy_settings *settings,
                                 guint32 at, guint32 end)
{
    const struct sim_flash *flash = legacy->nordic.subject.flash;
    guint32 page_bytes = legacy->nordic.page_bytes;
    g_autofree guint8 *source = g_malloc(page_bytes);

    for (; at < end; at += page_bytes) {
        guint32 n_now = MIN(page_bytes, end - at);

        if (sim_flash_peek(flash, SIM_FLASH_INTERNAL, settings->softdevice_start + at - RIG_SOFTDEVICE_AT,
                           source, n_now) != SIM_OK ||
            !rig_flash_holds(flash, SIM_FLASH_INTERNAL, at, source, n_now & ~3u))
            return at + page_bytes;
    }
    return EQUAL;
}

/* A SoftDevice that reaches into its source goes in blocks, the lowest first, of which one that is equal says
 * that those before it are. The last one lies where the others come from. Its old info struct is looked at.
 */
static guint dead_blocks(const struct legacy *legacy, const struct rig_legacy_settings *settings,
                         struct sim_area *dead)
{
    guint32 page_bytes = legacy->nordic.page_bytes;
    guint32 distance = settings->softdevice_start - RIG_SOFTDEVICE_AT;
    guint32 block = distance / 2 - distance / 2 % page_bytes;
    guint32 second = RIG_SOFTDEVICE_AT + block, third = second + block;
    guint32 end = RIG_SOFTDEVICE_AT + settings->softdevice_bytes;
    guint32 info = RIG_SOFTDEVICE_AT + RIG_SOFTDEVICE_INFO_AT;
    guint32 in_third = behind_difference(legacy, settings, third, end);
    guint32 in_second = behind_difference(legacy, settings, second, third);
    guint32 in_first = behind_difference(legacy, settings, RIG_SOFTDEVICE_AT, second);
    guint8 size[4] = {0};
    guint n_dead;

    (void)sim_flash_peek(legacy->nordic.subject.flash, SIM_FLASH_INTERNAL, info + 8, size, sizeof size);
    /* The old one is made unfit at first, by the first page of either block. */
    if (rig_get_le32(size) < settings->softdevice_bytes) {
        in_second = second;
        in_first = RIG_SOFTDEVICE_AT;
    }
    if (block == 0 || third >= end || in_third == EQUAL || info >= second ||
        legacy->config.defects & (SIM_LEGACY_UNMASKED_SWAP | SIM_LEGACY_HALF_MASKED_SWAP))
        return 0;
    if (in_second == EQUAL)
        return end - third > distance ? 0 : add_dead(dead, 0, in_third, rig_round_up(end, page_bytes));
    n_dead = add_dead(dead, 0, in_second, third);
    n_dead = add_dead(dead, n_dead, in_first, info);
    return add_dead(dead, n_dead, MAX(in_first, info + page_bytes), second);
}

/* A SoftDevice that is copied from beyond its place is compared up to its first page that differs, and
 * copied from its begin: what is behind that page decides nothing. */
static guint dead_softdevice(const struct legacy *legacy, const struct rig_legacy_settings *settings,
                             struct sim_area *dead)
{
    guint32 end = RIG_SOFTDEVICE_AT + settings->softdevice_bytes;

    if (settings->softdevice_bytes > legacy->config.map.flash_bytes ||
        settings->softdevice_start > legacy->config.map.flash_bytes ||
        settings->softdevice_start <= RIG_SOFTDEVICE_AT)
        return 0;
    if (end > settings->softdevice_start)
        return dead_blocks(legacy, settings, dead);
    return add_dead(dead, 0, behind_difference(legacy, settings, RIG_SOFTDEVICE_AT, end),
                    rig_round_up(end, legacy->nordic.page_bytes));
}

/* What the MBR has begun to overwrite, it begins anew. */
static guint dead_bootloader(const struct legacy *legacy, struct sim_area *dead)
{
    guint32 page_bytes = legacy->nordic.page_bytes;
    guint32 at = legacy->config.map.bootloader_at;
    guint32 from, n_bytes;

    if (!sim_legacy_mbr_copies(&legacy->config, legacy->nordic.subject.flash, &from, &n_bytes) ||
        n_bytes > legacy->config.map.bootloader_bytes)
        return 0;
    return add_dead(dead, 0, at, at + (n_bytes + page_bytes - 1) / page_bytes * page_bytes);
}

static guint legacy_dead(struct rig_subject *subject, struct sim_area *dead)
{
    struct legacy *legacy = self(subject);
    guint8 bytes[RIG_LEGACY_SETTINGS_BYTES];
    struct rig_legacy_settings settings;
    guint n_dead = dead_bootloader(legacy, dead);

    read_page(legacy, bytes);
    rig_legacy_settings_decode(bytes, legacy->config.adafruit, &settings);
    if (settings.bank_0 == RIG_LEGACY_BANK_SOFTDEVICE)
        return n_dead + dead_softdevice(legacy, &settings, dead + n_dead);
    if (settings.bank_1 == RIG_LEGACY_BANK_BOOTLOADER)
        return n_dead;
    return n_dead + dead_banks(legacy, &settings, dead + n_dead);
}

/* ---- words ---- */

static guint32 record_start(struct rig_subject *subject, const struct sim_area *area)
{
    return area->offset == self(subject)->config.map.settings_at ? 0 : area->n_bytes;
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

/* bytes: RIG_LEGACY_SETTINGS_BYTES. */
static void legacy_page_words(const guint8 *bytes, bool adafruit, struct rig_path *path,
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

static bool record_read(struct rig_subject *subject, const struct sim_area *area, struct rig_path *path,
                        struct rig_path_trailer *record)
{
    struct legacy *legacy = self(subject);
    guint8 bytes[RIG_LEGACY_SETTINGS_BYTES];

    if (area->offset != legacy->config.map.settings_at)
        return false;
    read_page(legacy, bytes);
    legacy_page_words(bytes, legacy->config.adafruit, path, record);
    return true;
}

static void legacy_page_field(const guint8 *bytes, bool adafruit, struct rig_subject_field *field)
{
    struct rig_legacy_settings settings;

    rig_legacy_settings_decode(bytes, adafruit, &settings);
    field->name = legacy_purpose(&settings);
    legacy_text(&settings, field->text, sizeof field->text);
}

static void record_field(struct rig_subject *subject, const struct sim_area *area,
                         const struct sim_flash_operation *operation, struct rig_subject_field *field)
{
    struct legacy *legacy = self(subject);

    if (area->offset == legacy->config.map.settings_at && operation->offset == area->offset &&
        operation->n_bytes >= RIG_LEGACY_SETTINGS_BYTES)
        legacy_page_field(operation->bytes, legacy->config.adafruit, field);
}

/* ---- a subject ---- */

static void legacy_identify(struct rig_subject *subject, GChecksum *sum)
{
    struct legacy *legacy = self(subject);
    const struct sim_legacy_config *config = &legacy->config;
    const struct sim_nordic_map *map = &config->map;
    const guint64 numbers[] = {map->page_bytes,       map->flash_bytes,          map->bootloader_at,
                               map->bootloader_bytes, map->settings_at,          map->parameter_page_at,
                               map->app_data_bytes,   config->single_bank,       config->adafruit,
                               config->version,       config->device_type,       config->device_revision,
                               config->packet_bytes,  config->init_bytes,        config->n_buffers,
                               config->n_queued,      config->invalidates_first, config->defects};

    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
        rig_sum_number(sum, numbers[i]);
    rig_nordic_subject_identify(&legacy->nordic, sum);
}

static void legacy_free(struct rig_subject *subject)
{
    rig_nordic_subject_clear(&self(subject)->nordic);
    g_free(subject);
}

static const struct rig_subject_ops ops = {
    .boot = legacy_boot,
    .act = legacy_act,
    .look = legacy_look,
    .inspect = legacy_inspect,
    .dead = legacy_dead,
    .record_start = record_start,
    .record_read = record_read,
    .record_field = record_field,
    .identify = legacy_identify,
    .free = legacy_free,
};

static void list_areas(struct legacy *legacy)
{
    const struct sim_nordic_map *map = &legacy->config.map;
    struct rig_nordic_subject *nordic = &legacy->nordic;
    guint32 bank_0 = sim_legacy_bank_0(&legacy->config, nordic->subject.flash);
    guint32 bank_1 = sim_legacy_bank_1(&legacy->config, nordic->subject.flash);
    guint8 bytes[RIG_LEGACY_SETTINGS_BYTES];
    struct rig_legacy_settings settings;

    read_page(legacy, bytes);
    rig_legacy_settings_decode(bytes, legacy->config.adafruit, &settings);
    /* A SoftDevice takes the application's place, as everything does in one bank. */
    if (bank_1 == 0 || settings.bank_0 != RIG_LEGACY_BANK_APPLICATION ||
        nordic->update.parts[0].firmware == RIG_DFU_SOFTDEVICE ||
        nordic->update.parts[0].firmware == RIG_DFU_SOFTDEVICE_BOOTLOADER)
        nordic->subject.invariants &= ~(1u << RIG_INVARIANT_APPLICATION_KEPT);
    rig_nordic_subject_add_area(nordic, "bank 0", bank_0, bank_1 ? bank_1 : nordic->data_at, true);
    if (bank_1)
        rig_nordic_subject_add_area(nordic, "bank 1", bank_1, nordic->data_at, true);
    rig_nordic_subject_add_area(nordic, "settings", map->settings_at, map->settings_at + map->page_bytes,
                                true);
    if (map->parameter_page_at)
        rig_nordic_subject_add_area(nordic, "mbr parameters", map->parameter_page_at,
                                    map->parameter_page_at + map->page_bytes, true);
    rig_nordic_subject_add_system_areas(nordic, bank_0);
}

struct rig_subject *rig_subject_legacy(const struct sim_legacy_config *config, const struct sim_flash *flash,
                                       const struct rig_explore_package *package)
{
    struct legacy *legacy = g_new0(struct legacy, 1);
    struct rig_nordic_subject *nordic = &legacy->nordic;
    const struct sim_nordic_map *map = &config->map;
    guint32 reserved = map->app_data_bytes;

    nordic->subject.ops = &ops;
    legacy->config = *config;
    legacy->config.memo = &legacy->memo;
    nordic->data_at = map->bootloader_at - (reserved ? reserved : UNRESERVED_DATA_PAGES * map->page_bytes);
    nordic->bootloader_at = map->bootloader_at;
    nordic->bootloader_bytes = map->bootloader_bytes;
    nordic->page_bytes = map->page_bytes;
    nordic->data_is_open = reserved == 0;
    if (!rig_nordic_subject_init(nordic, flash, sim_legacy_bank_0(config, flash), package)) {
        g_free(legacy);
        return NULL;
    }
    list_areas(legacy);
    return &nordic->subject;
}
