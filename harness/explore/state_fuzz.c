/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as the parts of a kept exploration: head and sum are made to fit, so that the reader goes in. */
#include "explore/search.h"

#include <string.h>

#define DIGITS 64u
#define N_SECTORS 4u

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void never_boots(struct rig_subject *subject, struct rig_end_report *report)
{
    (void)subject;
    *report = (struct rig_end_report){.end = RIG_END_NOT_RUN};
}

static GByteArray *whole(const struct search *search, const uint8_t *bytes, size_t n_bytes)
{
    const guint32 version = GUINT32_TO_LE(SEARCH_STATE_VERSION);
    GByteArray *file = g_byte_array_new();
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    guint8 digest[32];
    gsize n_digest = sizeof digest;

    g_byte_array_append(file, (const guint8 *)SEARCH_STATE_MAGIC, strlen(SEARCH_STATE_MAGIC));
    g_byte_array_append(file, (const guint8 *)&version, sizeof version);
    g_byte_array_append(file, (const guint8 *)search->fingerprint, DIGITS);
    g_byte_array_append(file, bytes, (guint)n_bytes);
    g_checksum_update(sum, file->data, file->len);
    g_checksum_get_digest(sum, digest, &n_digest);
    g_byte_array_append(file, digest, sizeof digest);
    return file;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    static const struct rig_subject_ops ops = {.boot = never_boots};
    const struct sim_flash_device_config device = {
        .name = "flash", .regions = {{4096, N_SECTORS}}, .n_regions = 1, .write_bytes = 4, .erased = 0xff};
    struct rig_subject subject = {.ops = &ops, .flash = sim_flash_new(&device, 1)};
    struct rig_exploration result = {0};
    struct rig_explore_plan plan = {.subject = &subject, .torn_write = true, .n_workers = 1};
    struct search search = {.result = &result};
    g_autoptr(GByteArray) file = NULL;
    g_autofree char *fingerprint = g_strnfill(DIGITS, '0');

    search_init(&search, &plan);
    search.fingerprint = fingerprint;
    file = whole(&search, bytes, n_bytes);
    (void)search_load_bytes(&search, file->data, file->len);
    search_clear(&search);
    sim_flash_free(subject.flash);
    return 0;
}
