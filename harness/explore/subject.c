/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What all subjects have in common: words, and a plain look at the flash. */
#include "explore/subject.h"

#include <string.h>

static const char *end_text(enum rig_end end)
{
    switch (end) {
    case RIG_END_RUNS:
        return "an image runs";
    case RIG_END_NO_IMAGE:
        return "no bootable image";
    case RIG_END_ASSERT:
        return "assertion";
    case RIG_END_FLASH_FAULT:
        return "the flash refused an operation";
    case RIG_END_CRASH:
        return "crash";
    case RIG_END_LOOP:
        return "endless loop";
    case RIG_END_UPDATER:
        return "in the bootloader, waiting for an update";
    case RIG_END_NOT_RUN:
        return "not run";
    }
    return "unknown";
}

char *rig_end_sentence(enum rig_end end, const char *said)
{
    const char *text = end_text(end);

    if (g_str_has_prefix(said, text))
        return g_strdup(said);
    return g_strdup_printf("%s%s%s", text, *said ? ": " : "", said);
}

const char *rig_action_name(enum rig_action action)
{
    static const char *const names[RIG_N_ACTIONS] = {"upload", "test", "permanent", "confirm", "update"};

    return names[action];
}

bool rig_flash_holds(const struct sim_flash *flash, guint device, guint32 offset, const guint8 *bytes,
                     gsize n_bytes)
{
    guint8 found[SIM_FLASH_PAGE_BYTES];

    for (gsize n_now; n_bytes > 0; offset += (guint32)n_now, bytes += n_now, n_bytes -= n_now) {
        n_now = MIN(n_bytes, sizeof found);
        if (sim_flash_peek(flash, device, offset, found, n_now) != SIM_OK || memcmp(found, bytes, n_now) != 0)
            return false;
    }
    return true;
}

void rig_subject_look(struct rig_subject *subject,
                      const struct rig_explore_image images[RIG_N_EXPLORE_IMAGES],
                      const struct rig_end_report *report, struct rig_seen *seen)
{
    *seen = (struct rig_seen){.image = RIG_IMAGE_UNKNOWN};
    if (subject->ops->look) {
        subject->ops->look(subject, images, report, seen);
        return;
    }
    for (guint8 i = 0;
         i < RIG_N_EXPLORE_IMAGES && report->end == RIG_END_RUNS && seen->image == RIG_IMAGE_UNKNOWN; i++)
        if (rig_flash_holds(subject->flash, report->device, report->offset, images[i].bytes,
                            images[i].n_bytes))
            seen->image = i;
}

void rig_sum_number(GChecksum *sum, guint64 number)
{
    guint64 fixed = GUINT64_TO_LE(number);

    g_checksum_update(sum, (const guchar *)&fixed, sizeof fixed);
}

void rig_sum_bytes(GChecksum *sum, const guint8 *bytes, gsize n_bytes)
{
    rig_sum_number(sum, n_bytes);
    g_checksum_update(sum, bytes, (gssize)n_bytes);
}

struct sim_flash *rig_flash_copy(const struct sim_flash *flash, const struct sim_flash_device_config *further)
{
    struct sim_flash_device_config devices[SIM_FLASH_MAX_DEVICES];
    guint n_devices = sim_flash_n_devices(flash);
    struct sim_flash *copy;

    for (guint i = 0; i < n_devices; i++)
        devices[i] = *sim_flash_device(flash, i);
    if (further && n_devices < SIM_FLASH_MAX_DEVICES)
        devices[n_devices] = *further;
    copy = sim_flash_new(devices, n_devices + (further && n_devices < SIM_FLASH_MAX_DEVICES ? 1 : 0));
    for (guint i = 0; copy && i < n_devices; i++) {
        guint32 n_bytes = sim_flash_bytes(flash, i);
        g_autofree guint8 *bytes = g_malloc(n_bytes);

        sim_flash_peek(flash, i, 0, bytes, n_bytes);
        if (sim_flash_poke(copy, i, 0, bytes, n_bytes) != SIM_OK) {
            sim_flash_free(copy);
            return NULL;
        }
    }
    return copy;
}

void rig_subject_free(struct rig_subject *subject)
{
    if (subject)
        subject->ops->free(subject);
}
