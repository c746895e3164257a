/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Images for a real board: the user's own application binaries, one for each behaviour. */
#include "drivers/wired/wired.h"

#include "base/error.h"

#include <string.h>

#define MAX_FILE_BYTES (16u * 1024 * 1024)
#define MARK_BYTES 16u /* behind the application: two images of one version differ by it */

static const char *const behaviours[] = {"waits", "confirms", "crashes", "hangs"};

struct rig_firmware {
    guint16 header_bytes;
    GBytes *binaries[G_N_ELEMENTS(behaviours)]; /* NULL: the target names none */
};

static GBytes *read_binary(const struct rig_target *target, const char *path, gsize n_skip, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(target->source->path);
    g_autofree char *full = g_path_is_absolute(path) ? g_strdup(path) : g_build_filename(folder, path, NULL);
    g_autoptr(GMappedFile) file = NULL;
    g_autoptr(GError) cause = NULL;
    gsize n_bytes;

    file = g_file_test(full, G_FILE_TEST_IS_DIR) ? NULL : g_mapped_file_new(full, FALSE, &cause);
    n_bytes = file ? g_mapped_file_get_length(file) : 0;
    if (n_bytes > n_skip && n_bytes <= MAX_FILE_BYTES)
        return g_bytes_new(g_mapped_file_get_contents(file) + n_skip, n_bytes - n_skip);
    g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "target '%s': firmware '%s': %s", target->name, full,
                cause  ? cause->message
                : file ? "it is no binary of a useful size"
                       : "it is a directory");
    return NULL;
}

/* In the order of the behaviours. */
static const char *path_of(const struct rig_firmware_spec *spec, guint behaviour)
{
    const char *const paths[G_N_ELEMENTS(behaviours)] = {spec->waits, spec->confirms, spec->crashes,
                                                         spec->hangs};

    return paths[behaviour];
}

struct rig_firmware *rig_firmware_load(const struct rig_target *target, GError **error)
{
    const struct rig_firmware_spec *spec = target->spec->firmware;
    struct rig_firmware *firmware;
    gsize n_skip;

    if (!spec)
        return NULL;
    firmware = g_new0(struct rig_firmware, 1);
    /* Nordic's images have no header, and their binaries no room for one. */
    firmware->header_bytes = target->spec->nordic ? 0 : spec->header_bytes;
    n_skip = spec->room ? firmware->header_bytes : 0;
    for (guint i = 0; i < G_N_ELEMENTS(behaviours); i++) {
        const char *path = path_of(spec, i);

        if (!path || (firmware->binaries[i] = read_binary(target, path, n_skip, error)))
            continue;
        rig_firmware_free(firmware);
        return NULL;
    }
    return firmware;
}

void rig_firmware_free(struct rig_firmware *firmware)
{
    if (!firmware)
        return;
    for (guint i = 0; i < G_N_ELEMENTS(behaviours); i++)
        g_clear_pointer(&firmware->binaries[i], g_bytes_unref);
    g_free(firmware);
}

guint16 rig_firmware_header_bytes(const struct rig_firmware *firmware)
{
    return firmware->header_bytes;
}

/* The application, then bytes that follow from the seed up to the size that was asked for. */
static GBytes *pad(GBytes *binary, guint64 seed, gsize n_bytes)
{
    const guint32 words[2] = {(guint32)seed, (guint32)(seed >> 32)};
    g_autoptr(GRand) chance = g_rand_new_with_seed_array(words, 2);
    gsize n_binary;
    const guint8 *bytes = g_bytes_get_data(binary, &n_binary);
    /* Whole words: Nordic's flash drops a tail of less. */
    gsize n_total = (MAX(n_binary + MARK_BYTES, n_bytes) + 3) & ~(gsize)3;
    guint8 *padded = g_malloc(n_total);

    memcpy(padded, bytes, n_binary);
    for (gsize i = n_binary; i < n_total; i++)
        padded[i] = (guint8)g_rand_int(chance);
    return g_bytes_new_take(padded, n_total);
}

GBytes *rig_firmware_payload(const struct rig_firmware *firmware, const struct rig_target *target,
                             const struct rig_payload_plan *plan, gsize n_bytes, GError **error)
{
    for (guint i = 0; firmware && i < G_N_ELEMENTS(behaviours); i++)
        if (g_str_equal(behaviours[i], plan->behaviour) && firmware->binaries[i])
            return pad(firmware->binaries[i], plan->seed, n_bytes);
    if (!firmware)
        g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                    "target '%s' has no 'firmware:': its images come from files ('file: PATH')",
                    target->name);
    else
        g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                    "target '%s' has no firmware that '%s'; add it under 'firmware:'", target->name,
                    plan->behaviour);
    return NULL;
}
