/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nordic's secure bootloader as the subject of an exploration, and the host that updates it. */
#include "explore/nordic.h"

#include "base/bytes.h"
#include "explore/invariant.h"
#include "image/key.h"

#include <string.h>

#define MAX_RESETS 64u /* in a row: what goes on longer never ends */
#define MAX_ATTEMPTS 3u

struct secure {
    struct rig_nordic_subject nordic;
    struct sim_secure_config config;
    struct sim_nordic_seal_memo memo;
    struct sim_secure_state state; /* the updater's RAM, while an action runs */
    struct sim_nordic_retained retained;
    guint64 now_us;
};

static struct secure *self(struct rig_subject *subject)
{
    return (struct secure *)subject;
}

static guint32 whole_pages(const struct sim_nordic_map *map, guint32 n_bytes)
{
    return (n_bytes + map->page_bytes - 1) / map->page_bytes * map->page_bytes;
}

/* ---- runs ---- */

/* From a reset to where the bootloader comes to rest: SIM_SECURE_RESET and _FAULT when it does not. */
static void start_up(struct secure *secure, struct sim_secure_start *start)
{
    struct sim_flash *flash = secure->nordic.subject.flash;

    for (guint i = 0; i < MAX_RESETS; i++) {
        sim_secure_boot(&secure->config, flash, &secure->retained, secure->now_us, &secure->state, start);
        if (start->outcome != SIM_SECURE_RESET && start->outcome != SIM_SECURE_FAULT)
            return;
    }
}

static void power_on(struct secure *secure, struct sim_secure_start *start)
{
    secure->retained = (struct sim_nordic_retained){.gpregret = 0};
    secure->now_us = 0;
    start_up(secure, start);
}

/* Nobody comes: the updater gives up in its time, and what is valid is started. */
static void wait_out(struct secure *secure, struct sim_secure_start *start)
{
    struct sim_secure_wish wish = {.kind = SIM_SECURE_SEND};

    for (guint64 next = secure->now_us; next != SIM_SECURE_NEVER && wish.kind != SIM_SECURE_DO_RESET;) {
        secure->now_us = next;
        next = sim_secure_due(&secure->config, &secure->state, secure->nordic.subject.flash, secure->now_us);
        while (wish.kind != SIM_SECURE_DO_RESET && sim_secure_next(&secure->state, &wish))
            ;
    }
    if (wish.kind == SIM_SECURE_DO_RESET)
        start_up(secure, start);
}

static enum rig_end end_of(enum sim_secure_outcome outcome)
{
    switch (outcome) {
    case SIM_SECURE_APPLICATION:
        return RIG_END_RUNS;
    case SIM_SECURE_UPDATER:
        return RIG_END_UPDATER;
    case SIM_SECURE_RESET:
    case SIM_SECURE_FAULT:
        return RIG_END_LOOP;
    case SIM_SECURE_DEAD:
        return RIG_END_CRASH;
    case SIM_SECURE_POWER_LOST:
        break;
    }
    return RIG_END_NO_IMAGE;
}

static void secure_boot(struct rig_subject *subject, struct rig_end_report *report)
{
    struct secure *secure = self(subject);
    struct sim_secure_start start;

    power_on(secure, &start);
    if (start.activated)
        g_snprintf(report->decision, sizeof report->decision, "activates the %s",
                   rig_nordic_bank_code_name(start.activated));
    if (start.outcome == SIM_SECURE_UPDATER && start.entry == SIM_SECURE_AFTER_ACTIVATION)
        wait_out(secure, &start);
    report->end = end_of(start.outcome);
    if (rig_end_is_up(report->end) && start.softdevice_damaged) { /* the radio is its */
        report->end = RIG_END_CRASH;
        start.why = "the SoftDevice is damaged";
    }
    report->device = SIM_FLASH_INTERNAL;
    report->offset = start.application_at;
    if (start.why)
        g_strlcpy(report->text, start.why, sizeof report->text);
}

/* ---- the host ---- */

/* The host during a transfer. */
struct host {
    struct secure *secure;
    guint8 answer[17];
    guint8 n_answer;
    bool last_execute; /* it ends the update when it succeeds */
    bool was_reset;
};

static void take_wishes(struct host *host)
{
    struct rig_subject *subject = &host->secure->nordic.subject;
    struct sim_secure_wish wish;

    while (sim_secure_next(&host->secure->state, &wish)) {
        if (wish.kind == SIM_SECURE_DO_RESET)
            host->was_reset = true;
        if (wish.kind != SIM_SECURE_SEND)
            continue;
        memcpy(host->answer, wish.bytes, sizeof host->answer);
        host->n_answer = wish.n_bytes;
        if (host->last_execute && wish.n_bytes >= 3 && wish.bytes[1] == RIG_DFU_EXECUTE &&
            wish.bytes[2] == RIG_DFU_SUCCESS)
            subject->promised_at = sim_flash_n_operations(subject->flash);
    }
}

/* Until the updater has nothing to do at once; until_reset: until it resets itself. */
static void let_it_work(struct host *host, bool until_reset)
{
    struct secure *secure = host->secure;
    struct sim_flash *flash = secure->nordic.subject.flash;

    take_wishes(host);
    while (!host->was_reset && sim_flash_powered(flash) && (until_reset || sim_secure_busy(&secure->state))) {
        guint64 next = sim_secure_due(&secure->config, &secure->state, flash, secure->now_us);

        take_wishes(host);
        if (next == SIM_SECURE_NEVER)
            return;
        if (sim_secure_busy(&secure->state)) /* else the next instant is the end of its patience */
            secure->now_us = MAX(next, secure->now_us);
    }
}

/* The answer's payload: from the byte behind the result on. NULL: none, or no success. */
static const guint8 *ask(struct host *host, const guint8 *request, gsize n_request, guint n_payload)
{
    struct secure *secure = host->secure;

    host->n_answer = 0;
    sim_secure_control(&secure->config, &secure->state, secure->nordic.subject.flash, request, n_request,
                       secure->now_us);
    let_it_work(host, false);
    return host->n_answer >= 3 + n_payload && host->answer[0] == RIG_DFU_RESPONSE &&
                   host->answer[1] == request[0] && host->answer[2] == RIG_DFU_SUCCESS
               ? host->answer + 3
               : NULL;
}

static bool send(struct host *host, const guint8 *bytes, gsize n_bytes)
{
    struct secure *secure = host->secure;

    for (gsize n_now; n_bytes > 0; bytes += n_now, n_bytes -= n_now) {
        n_now = MIN(n_bytes, SIM_SECURE_MAX_PACKET_BYTES);
        sim_secure_packet(&secure->config, &secure->state, secure->nordic.subject.flash, bytes, n_now,
                          secure->now_us);
        let_it_work(host, false);
    }
    return sim_flash_powered(secure->nordic.subject.flash);
}

struct progress {
    guint32 most, offset, crc;
};

static bool select_object(struct host *host, enum rig_dfu_object object, struct progress *progress)
{
    const guint8 request[] = {RIG_DFU_SELECT, (guint8)object};
    const guint8 *payload = ask(host, request, sizeof request, 12);

    if (payload)
        *progress =
            (struct progress){rig_get_le32(payload), rig_get_le32(payload + 4), rig_get_le32(payload + 8)};
    return payload != NULL;
}

static bool create(struct host *host, enum rig_dfu_object object, guint32 n_bytes)
{
    guint8 request[6] = {RIG_DFU_CREATE, (guint8)object};

    rig_put_le32(request + 2, n_bytes);
    return ask(host, request, sizeof request, 0) != NULL;
}

static bool arrived(struct host *host, guint32 offset, guint32 crc)
{
    const guint8 request[] = {RIG_DFU_GET_CRC};
    const guint8 *payload = ask(host, request, sizeof request, 8);

    return payload && rig_get_le32(payload) == offset && rig_get_le32(payload + 4) == crc;
}

static bool execute(struct host *host)
{
    const guint8 request[] = {RIG_DFU_EXECUTE};

    return ask(host, request, sizeof request, 0) != NULL;
}

/* What was sent before is gone on with; when that is not taken, it is sent anew. */
static bool send_init_packet(struct host *host, const struct rig_explore_part *part)
{
    guint32 crc = rig_nordic_crc32(0, part->init_packet, part->n_init_packet);
    struct progress progress;

    if (!select_object(host, RIG_DFU_COMMAND_OBJECT, &progress))
        return false;
    if (progress.offset == part->n_init_packet && progress.crc == crc && execute(host))
        return true;
    return create(host, RIG_DFU_COMMAND_OBJECT, (guint32)part->n_init_packet) &&
           send(host, part->init_packet, part->n_init_packet) &&
           arrived(host, (guint32)part->n_init_packet, crc) && execute(host);
}

static bool send_object(struct host *host, const struct rig_explore_part *part, guint32 from, guint32 n_bytes)
{
    bool last = from + n_bytes == part->n_bytes;

    for (guint i = 0; i < MAX_ATTEMPTS; i++) {
        if (!create(host, RIG_DFU_DATA_OBJECT, n_bytes) || !send(host, part->bytes + from, n_bytes))
            return false;
        if (!arrived(host, from + n_bytes, rig_nordic_crc32(0, part->bytes, from + n_bytes)))
            continue;
        host->last_execute =
            last && part == &host->secure->nordic.update.parts[host->secure->nordic.update.n_parts - 1];
        return execute(host);
    }
    return false;
}

/* Whole objects that are there and right are kept. */
static bool send_firmware(struct host *host, const struct rig_explore_part *part)
{
    struct progress progress;
    guint32 from;

    if (!select_object(host, RIG_DFU_DATA_OBJECT, &progress) || progress.most == 0)
        return false;
    from = progress.offset / progress.most * progress.most;
    if (from >= part->n_bytes || progress.offset > part->n_bytes ||
        (from > 0 && progress.crc != rig_nordic_crc32(0, part->bytes, progress.offset)))
        from = 0;
    for (; from < part->n_bytes; from += progress.most)
        if (!send_object(host, part, from, MIN(progress.most, (guint32)part->n_bytes - from)))
            return false;
    let_it_work(host, true);
    return host->was_reset;
}

/* The first part of a package that was installed before is refused for its version: there is nothing to do
 * for it. */
static bool is_there_already(const struct host *host, const struct rig_explore_part *part)
{
    return part + 1 < host->secure->nordic.update.parts + host->secure->nordic.update.n_parts &&
           host->n_answer >= 4 && host->answer[1] == RIG_DFU_EXECUTE && host->answer[2] == RIG_DFU_EXTENDED &&
           (host->answer[3] == RIG_DFU_EXT_FIRMWARE_VERSION || host->answer[3] == RIG_DFU_EXT_SOFTDEVICE);
}

static const struct rig_nordic_peer peer = {
    .irk = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
    .address = {1, 2, 3, 4, 5, 6},
    .ltk = {16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1},
    .key_flags = 0x21,
};

/* The buttonless way from the application; an updater that waits is there already. */
static bool enter_updater(struct secure *secure, struct sim_secure_start *start)
{
    if (start->outcome == SIM_SECURE_APPLICATION) {
        if (secure->nordic.update.bonded &&
            sim_secure_hand_over_peer(&secure->config, secure->nordic.subject.flash, &peer) !=
                SIM_SECURE_HANDED_OVER)
            return false;
        secure->retained.gpregret = SIM_NORDIC_GPREGRET_DFU;
        start_up(secure, start);
    }
    return start->outcome == SIM_SECURE_UPDATER;
}

static bool transfer(struct secure *secure, const struct rig_explore_part *part,
                     struct sim_secure_start *start)
{
    struct host host = {.secure = secure};

    sim_secure_linked(&secure->config, &secure->state, secure->nordic.subject.flash, true);
    if (!send_init_packet(&host, part))
        return is_there_already(&host, part);
    if (!send_firmware(&host, part))
        return false;
    if (part + 1 < secure->nordic.update.parts + secure->nordic.update.n_parts)
        start_up(secure, start);
    return true;
}

static bool secure_act(struct rig_subject *subject, enum rig_action action,
                       const struct rig_explore_image *image)
{
    struct secure *secure = self(subject);
    struct sim_secure_start start;

    (void)image; /* it is in the package */
    if (action != RIG_ACTION_UPDATE)
        return false;
    power_on(secure, &start);
    for (guint i = 0; i < secure->nordic.update.n_parts; i++)
        if (!enter_updater(secure, &start) || !transfer(secure, &secure->nordic.update.parts[i], &start))
            return false;
    return true;
}

/* ---- looks ---- */

static void secure_look(struct rig_subject *subject, const struct rig_explore_image *images,
                        const struct rig_end_report *report, struct rig_seen *seen)
{
    rig_nordic_subject_look(&self(subject)->nordic, images, report, seen);
}

static void read_page(const struct secure *secure, guint32 at, guint8 page[RIG_NORDIC_SETTINGS_BYTES])
{
    memset(page, 0xff, RIG_NORDIC_SETTINGS_BYTES);
    if (at > 0)
        (void)sim_flash_peek(secure->nordic.subject.flash, SIM_FLASH_INTERNAL, at, page,
                             RIG_NORDIC_SETTINGS_BYTES);
}

static bool has_backup(const struct secure *secure)
{
    return secure->config.sdk == SIM_SECURE_SDK_15 && secure->config.map.parameter_page_at > 0;
}

static bool secure_page_is_bad(enum sim_secure_sdk sdk, const guint8 *page, bool as_backup)
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

static void secure_inspect(struct rig_subject *subject, struct rig_inspection *inspection)
{
    struct secure *secure = self(subject);
    const struct sim_nordic_map *map = &secure->config.map;
    guint8 page[RIG_NORDIC_SETTINGS_BYTES];

    read_page(secure, map->settings_at, page);
    inspection->no_settings = secure_page_is_bad(secure->config.sdk, page, false);
    if (inspection->no_settings && has_backup(secure)) {
        read_page(secure, map->parameter_page_at, page);
        inspection->no_settings = secure_page_is_bad(secure->config.sdk, page, true);
    }
    inspection->data_lost = rig_nordic_subject_data_lost(&secure->nordic);
}

static void decode(enum sim_secure_sdk sdk, const guint8 *page, struct rig_nordic_settings *settings)
{
    if (sdk == SIM_SECURE_SDK_15)
        rig_nordic_settings_decode(page, settings);
    else
        rig_nordic_settings_decode_1(page, settings);
}

/* page and backup have RIG_NORDIC_SETTINGS_BYTES; backup NULL: there is none. */
static void secure_choose(enum sim_secure_sdk sdk, const guint8 *page, const guint8 *backup,
                          struct rig_nordic_settings *settings)
{
    if (sdk == SIM_SECURE_SDK_15)
        rig_nordic_settings_choose(page, backup, settings);
    else if (secure_page_is_bad(sdk, page, false))
        *settings = (struct rig_nordic_settings){.version = 1};
    else
        decode(sdk, page, settings);
}

/* The settings that the next power-on works with. */
static void chosen_settings(const struct secure *secure, struct rig_nordic_settings *settings)
{
    guint8 page[RIG_NORDIC_SETTINGS_BYTES], backup[RIG_NORDIC_SETTINGS_BYTES];

    read_page(secure, secure->config.map.settings_at, page);
    read_page(secure, secure->config.map.parameter_page_at, backup);
    secure_choose(secure->config.sdk, page, has_backup(secure) ? backup : NULL, settings);
}

/* While nothing is to be activated, nobody refers to what lies above the application - but to what a transfer
 * saved; without an application, to nothing from bank 0 on. SDK 12 copies more than an image has. */
static guint secure_dead(struct rig_subject *subject, struct sim_area *dead)
{
    struct secure *secure = self(subject);
    const struct sim_nordic_map *map = &secure->config.map;
    guint32 end = secure->nordic.data_at;
    guint32 from = sim_nordic_bank_0(map, subject->flash);
    struct rig_nordic_settings settings;
    bool has_progress;

    chosen_settings(secure, &settings);
    has_progress = settings.command_size > 0 && settings.image_offset_last > 0;
    if (settings.banks[1].code != RIG_NORDIC_BANK_INVALID || secure->config.sdk == SIM_SECURE_SDK_12)
        return 0;
    if (settings.banks[0].code != RIG_NORDIC_BANK_INVALID || has_progress)
        from += whole_pages(map, MIN(settings.banks[0].image_bytes, map->flash_bytes));
    if (has_progress)
        from += whole_pages(map, MIN(settings.image_offset_last, map->flash_bytes));
    if (from >= end)
        return 0;
    dead[0] = (struct sim_area){SIM_FLASH_INTERNAL, from, end - from};
    return 1;
}

/* ---- words ---- */

static bool is_settings(const struct secure *secure, const struct sim_area *area)
{
    return area->offset == secure->config.map.settings_at ||
           (area->offset == secure->config.map.parameter_page_at && has_backup(secure));
}

static guint32 record_start(struct rig_subject *subject, const struct sim_area *area)
{
    return is_settings(self(subject), area) ? 0 : area->n_bytes;
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

static void secure_page_words(enum sim_secure_sdk sdk, const guint8 *page, struct rig_path *path,
                              struct rig_path_trailer *record)
{
    struct rig_nordic_settings settings;
    char text[96];

    *record = (struct rig_path_trailer){
        .magic = rig_path_keep(path, rig_nordic_page_text(rig_nordic_page_check(page))), .status = ""};
    if (secure_page_is_bad(sdk, page, false))
        return;
    decode(sdk, page, &settings);
    purpose_text(&settings, text, sizeof text);
    record->status = rig_path_keep(path, text);
    record->progress = rig_path_keep(path, purpose(&settings));
}

static bool record_read(struct rig_subject *subject, const struct sim_area *area, struct rig_path *path,
                        struct rig_path_trailer *record)
{
    struct secure *secure = self(subject);
    guint8 page[RIG_NORDIC_SETTINGS_BYTES];

    if (!is_settings(secure, area))
        return false;
    read_page(secure, area->offset, page);
    secure_page_words(secure->config.sdk, page, path, record);
    return true;
}

/* at: of the write, from the begin of the page. */
static void secure_page_field(enum sim_secure_sdk sdk, guint32 at,
                              const struct sim_flash_operation *operation, struct rig_subject_field *field)
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

static void record_field(struct rig_subject *subject, const struct sim_area *area,
                         const struct sim_flash_operation *operation, struct rig_subject_field *field)
{
    if (is_settings(self(subject), area))
        secure_page_field(self(subject)->config.sdk, operation->offset - area->offset, operation, field);
}

/* ---- a subject ---- */

static void secure_identify(struct rig_subject *subject, GChecksum *sum)
{
    struct secure *secure = self(subject);
    const struct sim_secure_config *config = &secure->config;
    const struct sim_nordic_map *map = &config->map;
    const guint64 numbers[] = {map->page_bytes,
                               map->flash_bytes,
                               map->bootloader_at,
                               map->bootloader_bytes,
                               map->settings_at,
                               map->parameter_page_at,
                               map->app_data_bytes,
                               config->sdk,
                               config->banks,
                               config->hardware_version,
                               config->accepts_unsigned,
                               config->allows_downgrade,
                               config->debug,
                               config->saves_progress,
                               config->requires_bonds,
                               config->checks_app_signature,
                               config->enters_by_gpregret,
                               config->enters_by_settings,
                               config->always_checks_crc,
                               config->defects};

    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
        rig_sum_number(sum, numbers[i]);
    if (config->key)
        rig_sum_bytes(sum, rig_key_hash(config->key), RIG_IMAGE_HASH_BYTES);
    rig_nordic_subject_identify(&secure->nordic, sum);
}

static void secure_free(struct rig_subject *subject)
{
    rig_nordic_subject_clear(&self(subject)->nordic);
    g_free(subject);
}

static const struct rig_subject_ops ops = {
    .boot = secure_boot,
    .act = secure_act,
    .look = secure_look,
    .inspect = secure_inspect,
    .dead = secure_dead,
    .record_start = record_start,
    .record_read = record_read,
    .record_field = record_field,
    .identify = secure_identify,
    .free = secure_free,
};

/* Bank 1 begins where the application that is recorded now ends. */
static void list_areas(struct secure *secure)
{
    const struct sim_nordic_map *map = &secure->config.map;
    struct rig_nordic_subject *nordic = &secure->nordic;
    guint32 bank_0 = sim_nordic_bank_0(map, nordic->subject.flash);
    struct rig_nordic_settings settings;
    guint32 bank_1;

    chosen_settings(secure, &settings);
    /* Nothing is kept where there is nothing, or where an update takes its place at once. */
    if (secure->config.banks == SIM_SECURE_SINGLE || settings.banks[0].code == RIG_NORDIC_BANK_INVALID)
        nordic->subject.invariants &= ~(1u << RIG_INVARIANT_APPLICATION_KEPT);
    bank_1 = bank_0 + whole_pages(map, MIN(settings.banks[0].image_bytes, map->flash_bytes));
    bank_1 = MIN(bank_1, nordic->data_at);
    rig_nordic_subject_add_area(nordic, "bank 0", bank_0, bank_1, true);
    rig_nordic_subject_add_area(nordic, "bank 1", bank_1, nordic->data_at, true);
    rig_nordic_subject_add_area(nordic, "settings", map->settings_at, map->settings_at + map->page_bytes,
                                true);
    if (map->parameter_page_at)
        rig_nordic_subject_add_area(nordic, "backup", map->parameter_page_at,
                                    map->parameter_page_at + map->page_bytes, true);
    rig_nordic_subject_add_system_areas(nordic, bank_0);
}

struct rig_subject *rig_subject_secure(const struct sim_secure_config *config, const struct sim_flash *flash,
                                       const struct rig_explore_package *update)
{
    struct secure *secure = g_new0(struct secure, 1);
    struct rig_subject *subject = &secure->nordic.subject;
    const struct sim_nordic_map *map = &config->map;

    subject->ops = &ops;
    secure->config = *config;
    secure->config.seals = &secure->memo;
    secure->nordic.data_at = map->bootloader_at - map->app_data_bytes;
    secure->nordic.bootloader_at = map->bootloader_at;
    secure->nordic.bootloader_bytes = map->bootloader_bytes;
    secure->nordic.page_bytes = map->page_bytes;
    if (!rig_nordic_subject_init(&secure->nordic, flash, sim_nordic_bank_0(map, flash), update)) {
        g_free(secure);
        return NULL;
    }
    list_areas(secure);
    return subject;
}
