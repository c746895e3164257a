/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the explorations of both of Nordic's bootloaders have in common: parts of a package, what stands
 * where, data that no update may touch. */
#include "explore/nordic.h"

#include "base/bytes.h"
#include "explore/invariant.h"

#include <string.h>

static GBytes *range(const struct sim_flash *flash, guint32 from, guint32 to)
{
    guint32 n_bytes = to > from ? to - from : 0;
    guint8 *bytes = g_malloc0(MAX(n_bytes, 1u));

    (void)sim_flash_peek(flash, SIM_FLASH_INTERNAL, from, bytes, n_bytes);
    return g_bytes_new_take(bytes, n_bytes);
}

/* Blank pages cannot be seen to be erased. */
static void mark_data(struct rig_nordic_subject *nordic)
{
    static const guint8 mark[] = {0x62, 0x6f, 0x6e, 0x64};

    for (guint32 at = nordic->data_at; at < nordic->bootloader_at; at += nordic->page_bytes) {
        guint8 first[sizeof mark] = {0};

        (void)sim_flash_peek(nordic->subject.flash, SIM_FLASH_INTERNAL, at, first, sizeof first);
        if (rig_get_le32(first) == G_MAXUINT32)
            (void)sim_flash_poke(nordic->subject.flash, SIM_FLASH_INTERNAL, at, mark, sizeof mark);
    }
    nordic->data = range(nordic->subject.flash, nordic->data_at, nordic->bootloader_at);
}

bool rig_nordic_subject_init(struct rig_nordic_subject *nordic, const struct sim_flash *flash, guint32 bank_0,
                             const struct rig_explore_package *update)
{
    struct rig_subject *subject = &nordic->subject;

    nordic->is_view = !update;
    subject->flash = update ? rig_flash_copy(flash, NULL) : (struct sim_flash *)flash; /* read only */
    if (!subject->flash)
        return false;
    subject->whole_device = G_MAXUINT;
    subject->record = "page";
    subject->places = "what this update may change";
    subject->invariants = RIG_INVARIANTS_OF_UPDATERS;
    if (update)
        nordic->update = *update;
    nordic->old_softdevice = range(flash, RIG_SOFTDEVICE_AT, bank_0);
    nordic->old_bootloader =
        range(flash, nordic->bootloader_at, nordic->bootloader_at + nordic->bootloader_bytes);
    if (update)
        mark_data(nordic);
    return true;
}

void rig_nordic_subject_clear(struct rig_nordic_subject *nordic)
{
    if (!nordic->is_view)
        sim_flash_free(nordic->subject.flash);
    g_clear_pointer(&nordic->old_softdevice, g_bytes_unref);
    g_clear_pointer(&nordic->old_bootloader, g_bytes_unref);
    g_clear_pointer(&nordic->data, g_bytes_unref);
}

void rig_nordic_subject_add_area(struct rig_nordic_subject *nordic, const char *name, guint32 from,
                                 guint32 to, bool open)
{
    struct rig_subject *subject = &nordic->subject;

    if (to <= from || subject->n_areas == RIG_SUBJECT_MAX_AREAS)
        return;
    subject->closed_areas |= open ? 0 : 1u << subject->n_areas;
    subject->area_names[subject->n_areas] = name;
    subject->areas[subject->n_areas++] = (struct sim_area){SIM_FLASH_INTERNAL, from, to - from};
}

static bool brings(const struct rig_nordic_subject *nordic, enum rig_dfu_firmware firmware)
{
    for (guint i = 0; i < nordic->update.n_parts; i++)
        if (nordic->update.parts[i].firmware == firmware ||
            nordic->update.parts[i].firmware == RIG_DFU_SOFTDEVICE_BOOTLOADER)
            return true;
    return false;
}

void rig_nordic_subject_add_system_areas(struct rig_nordic_subject *nordic, guint32 bank_0)
{
    rig_nordic_subject_add_area(nordic, "softdevice", RIG_SOFTDEVICE_AT, bank_0,
                                brings(nordic, RIG_DFU_SOFTDEVICE));
    rig_nordic_subject_add_area(nordic, "application data", nordic->data_at, nordic->bootloader_at,
                                nordic->data_is_open);
    rig_nordic_subject_add_area(nordic, "bootloader", nordic->bootloader_at,
                                nordic->bootloader_at + nordic->bootloader_bytes,
                                brings(nordic, RIG_DFU_BOOTLOADER));
    rig_nordic_subject_add_area(nordic, "mbr", 0, RIG_SOFTDEVICE_AT,
                                true); /* its own words are written once */
}

static bool holds(const struct rig_nordic_subject *nordic, guint32 at, GBytes *bytes)
{
    gsize n_bytes;
    const guint8 *data = g_bytes_get_data(bytes, &n_bytes);

    return rig_flash_holds(nordic->subject.flash, SIM_FLASH_INTERNAL, at, data, n_bytes);
}

bool rig_nordic_subject_data_lost(const struct rig_nordic_subject *nordic)
{
    return !holds(nordic, nordic->data_at, nordic->data);
}

#define EITHER 4u /* what is brought is what was there */

/* One region that a part replaces: OLD, NEW, EITHER or UNKNOWN. */
static guint8 region(const struct rig_nordic_subject *nordic, guint32 at, const guint8 *bytes, gsize n_bytes,
                     GBytes *old)
{
    gsize n_old;
    const guint8 *before = g_bytes_get_data(old, &n_old);

    if (rig_flash_holds(nordic->subject.flash, SIM_FLASH_INTERNAL, at, bytes, n_bytes))
        return n_bytes <= n_old && memcmp(before, bytes, n_bytes) == 0 ? EITHER : RIG_IMAGE_NEW;
    return holds(nordic, at, old) ? RIG_IMAGE_OLD : RIG_IMAGE_UNKNOWN;
}

static guint8 together(guint8 one, guint8 other)
{
    if (one == other || other == EITHER)
        return one;
    if (one == EITHER)
        return other;
    return one == RIG_IMAGE_UNKNOWN || other == RIG_IMAGE_UNKNOWN ? RIG_IMAGE_UNKNOWN : RIG_IMAGE_MIXED;
}

/* A part that is no application. */
static guint8 system_part(const struct rig_nordic_subject *nordic, const struct rig_explore_part *part)
{
    bool both = part->firmware == RIG_DFU_SOFTDEVICE_BOOTLOADER;
    gsize n_softdevice = both                                   ? part->softdevice_bytes
                         : part->firmware == RIG_DFU_SOFTDEVICE ? part->n_bytes
                                                                : 0;
    guint8 softdevice, bootloader;

    if (part->firmware == RIG_DFU_SOFTDEVICE || both)
        softdevice = region(nordic, RIG_SOFTDEVICE_AT, part->bytes, n_softdevice, nordic->old_softdevice);
    if (part->firmware == RIG_DFU_SOFTDEVICE)
        return softdevice;
    bootloader = region(nordic, nordic->bootloader_at, part->bytes + n_softdevice,
                        part->n_bytes - n_softdevice, nordic->old_bootloader);
    return both ? together(softdevice, bootloader) : bootloader;
}

/* The parts that are no application: OLD, NEW, MIXED, UNKNOWN, EITHER. */
static guint8 system_parts(const struct rig_nordic_subject *nordic)
{
    guint8 all = EITHER;

    for (guint i = 0; i < nordic->update.n_parts; i++)
        if (nordic->update.parts[i].firmware != RIG_DFU_APPLICATION)
            all = together(all, system_part(nordic, &nordic->update.parts[i]));
    return all;
}

static const struct rig_explore_part *application_part(const struct rig_nordic_subject *nordic)
{
    for (guint i = 0; i < nordic->update.n_parts; i++)
        if (nordic->update.parts[i].firmware == RIG_DFU_APPLICATION)
            return &nordic->update.parts[i];
    return NULL;
}

bool rig_subject_changes_nothing(const struct rig_subject *subject)
{
    const struct rig_nordic_subject *nordic = (const struct rig_nordic_subject *)subject;

    return !application_part(nordic) && system_parts(nordic) == EITHER;
}

/* An application on a damaged SoftDevice is none. */
void rig_nordic_subject_look(const struct rig_nordic_subject *nordic, const struct rig_explore_image *images,
                             const struct rig_end_report *report, struct rig_seen *seen)
{
    const struct rig_explore_part *application = application_part(nordic);
    const struct rig_explore_image *old = &images[RIG_IMAGE_OLD];
    const struct sim_flash *flash = nordic->subject.flash;
    guint8 system = system_parts(nordic);
    bool runs = report->end == RIG_END_RUNS;
    bool runs_old = runs && system != RIG_IMAGE_UNKNOWN &&
                    rig_flash_holds(flash, report->device, report->offset, old->bytes, old->n_bytes);

    if (!application)
        seen->image =
            (runs_old && system != EITHER) || (!runs && system == RIG_IMAGE_NEW) ? system : RIG_IMAGE_UNKNOWN;
    else if (runs_old)
        seen->image = RIG_IMAGE_OLD;
    else if (runs && system != RIG_IMAGE_UNKNOWN &&
             rig_flash_holds(flash, report->device, report->offset, application->bytes, application->n_bytes))
        seen->image = RIG_IMAGE_NEW;
}

void rig_nordic_subject_identify(const struct rig_nordic_subject *nordic, GChecksum *sum)
{
    rig_sum_number(sum, nordic->update.bonded);
    rig_sum_number(sum, nordic->update.n_parts);
    for (guint i = 0; i < nordic->update.n_parts; i++) {
        const struct rig_explore_part *part = &nordic->update.parts[i];

        rig_sum_number(sum, part->firmware);
        rig_sum_number(sum, part->softdevice_bytes);
        rig_sum_bytes(sum, part->init_packet, part->n_init_packet);
        rig_sum_bytes(sum, part->bytes, part->n_bytes);
    }
}
