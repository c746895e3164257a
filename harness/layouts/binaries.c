/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The slots that programs for a chip stand in: bootloader and signed application, as HEX files or merged into
 * one. */
#include "layouts/foreign.h"

#include "base/error.h"
#include "image/hex.h"
#include "image/mcuboot.h"
#include "image/trailer.h"

#include <string.h>

#define MAX_BYTES (64u << 20)
#define FLASH_END 0x10000000u /* behind it are the registers of Nordic's chips, and RAM */
#define SECTOR_BYTES 4096u
#define FLASH_ALIGN (1u << 20) /* flash begins at a multiple of it */
#define MAX_IMAGES 2

struct found {
    guint32 address;
    guint32 n_bytes;    /* of the image */
    guint32 slot_bytes; /* up to the end of its trailer; 0: it was not padded */
    guint32 align;      /* of the trailer's magic */
};
struct search {
    struct found images[MAX_IMAGES];
    guint n;
    guint32 lowest, program_end; /* of all that is no image: the bootloader */
};

static bool read_source(const void *user, uint32_t offset, void *into, size_t n_bytes)
{
    const struct rig_bytes *bytes = user;

    if (offset > bytes->n_bytes || n_bytes > bytes->n_bytes - offset)
        return false;
    memcpy(into, bytes->bytes + offset, n_bytes);
    return true;
}

static void find_trailer(const struct rig_bytes *rest, guint32 from, struct found *found)
{
    static const guint32 aligns[] = {8, 16, 32};

    for (gsize at = (from + 7u) & ~7u; at + RIG_TRAILER_MAGIC_BYTES <= rest->n_bytes; at += 8)
        for (guint i = 0; i < G_N_ELEMENTS(aligns); i++) {
            guint8 magic[RIG_TRAILER_MAGIC_BYTES];

            rig_trailer_magic(aligns[i], magic);
            if (memcmp(rest->bytes + at, magic, sizeof magic) != 0)
                continue;
            found->slot_bytes = (guint32)at + RIG_TRAILER_MAGIC_BYTES;
            found->align = aligns[i];
            return;
        }
}

/* Whether an image begins there; what follows may be its padding and its trailer. */
static bool take_image(struct search *search, const struct rig_hex *hex, guint32 at, guint32 *end)
{
    struct rig_bytes rest = {hex->contents.bytes + at, hex->contents.n_bytes - at};
    struct rig_image_source source = {.read = read_source, .user = &rest, .n_bytes = (guint32)rest.n_bytes};
    struct rig_image_layout layout;
    struct found found = {.address = hex->base_address + at};

    if (search->n >= MAX_IMAGES || rig_image_read_layout(&source, UINT32_MAX, &layout) != RIG_IMAGE_OK)
        return false;
    found.n_bytes = layout.end;
    find_trailer(&rest, layout.end, &found);
    *end = at + (found.slot_bytes ? found.slot_bytes : found.n_bytes);
    search->images[search->n++] = found;
    return true;
}

static bool is_erased(const guint8 *bytes, guint32 n_bytes)
{
    for (guint32 i = 0; i < n_bytes; i++)
        if (bytes[i] != 0xff)
            return false;
    return true;
}

static void look_through(struct search *search, const struct rig_hex *hex)
{
    guint32 n_bytes = (guint32)hex->contents.n_bytes;

    search->lowest = MIN(search->lowest, hex->base_address);
    for (guint32 at = 0, end; at < n_bytes; at = end) {
        end = MIN(at + 4, n_bytes);
        if (!take_image(search, hex, at, &end) && search->n == 0 &&
            !is_erased(hex->contents.bytes + at, end - at))
            search->program_end = MAX(search->program_end, hex->base_address + end);
    }
}

static bool read_file(struct search *search, const char *path, GError **error)
{
    g_autofree char *text = NULL;
    struct rig_hex hex = {0};
    struct rig_hex_fault fault = {0};
    gsize n_bytes;

    if (!g_file_test(path, G_FILE_TEST_IS_REGULAR) || !g_file_get_contents(path, &text, &n_bytes, error)) {
        if (error && !*error)
            g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "'%s' is no plain file", path);
        return false;
    }
    if (!rig_hex_read_within(text, n_bytes, 0, FLASH_END, MAX_BYTES, 0xff, &hex, &fault)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "'%s', line %u: %s", path, (guint)fault.line,
                    fault.why);
        return false;
    }
    look_through(search, &hex);
    rig_bytes_clear(&hex.contents);
    return true;
}

static bool find_slots(struct search *search, GError **error)
{
    struct found *images = search->images;

    if (search->n == 0 || images[0].slot_bytes == 0) {
        g_set_error_literal(
            error, RIG_ERROR, RIG_ERROR_INPUT,
            search->n ? "the image has no trailer behind it, so nothing tells how large its slot is: "
                        "sign it with --pad or --confirm, or take the zephyr.dts of the build"
                      : "there is no MCUboot image in these files");
        return false;
    }
    if (search->program_end > images[0].address) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                    "the bootloader ends at 0x%x, in the slot of the image, which begins at 0x%x",
                    search->program_end, images[0].address);
        return false;
    }
    /* Without an image in it slot 1 is what Zephyr's partition tables have: as large, right behind. */
    if (search->n == 1)
        images[1] = (struct found){.address = images[0].address + images[0].slot_bytes};
    if (images[1].slot_bytes == 0)
        images[1].slot_bytes = images[0].slot_bytes;
    return true;
}

static char *write_target(const struct search *search)
{
    const struct found *images = search->images;
    guint32 base = search->lowest / FLASH_ALIGN * FLASH_ALIGN;
    guint64 end = MAX((guint64)images[0].address + images[0].slot_bytes,
                      (guint64)images[1].address + images[1].slot_bytes) -
                  base;
    guint32 n_sectors = MAX(images[0].slot_bytes, images[1].slot_bytes) / SECTOR_BYTES;

    return g_strdup_printf(
        "target: binaries\n"
        "about: Slots of programs for a chip, sectors of 4 KiB assumed%s\n"
        "kind: simulated\n"
        "flash:\n  - {device: internal, sectors: [{size: 4KiB, count: %" G_GUINT64_FORMAT "}], write: %uB}\n"
        "slots:\n  - {offset: %uB, size: %uB}\n  - {offset: %uB, size: %uB}\n"
        "options: {sign: none, validate-primary: true, max-align: %u, max-sectors: %u}\n",
        search->n == 1 ? ", and slot 1 as large behind slot 0" : "", (end + SECTOR_BYTES - 1) / SECTOR_BYTES,
        images[0].align > 8 ? images[0].align : 4, images[0].address - base, images[0].slot_bytes,
        images[1].address - base, images[1].slot_bytes, images[0].align, CLAMP(n_sectors, 2, 4096));
}

char *rig_layout_read_binaries(const char *const *paths, GError **error)
{
    struct search search = {.lowest = G_MAXUINT32};

    for (; *paths; paths++)
        if (!read_file(&search, *paths, error))
            return NULL;
    return find_slots(&search, error) ? write_target(&search) : NULL;
}
