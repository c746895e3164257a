/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Flash over OpenOCD: reading by device and offset, programming what changes. */
#include "drivers/probe/openocd_private.h"

#include "base/error.h"
#include "base/words.h"

#include <glib/gstdio.h>
#include <string.h>

#define PROGRAM_MS 120000u
#define MAX_PROGRAM_BYTES (4u * 1024 * 1024)

/* Index of the device, with the range inside it; -1 with an error. */
static int find_device(const struct rig_openocd_probe *probe, const char *device, guint32 offset,
                       gsize n_bytes, GError **error)
{
    const struct rig_openocd_layout *layout = probe->layout;

    for (guint i = 0; i < layout->n_devices; i++) {
        if (!g_str_equal(layout->devices[i].name, device))
            continue;
        if (offset < layout->devices[i].n_bytes && n_bytes <= layout->devices[i].n_bytes - offset)
            return (int)i;
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "%s flash has no %" G_GSIZE_FORMAT " bytes at 0x%x",
                    device, n_bytes, offset);
        return -1;
    }
    g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "this board has no flash device '%s'", device);
    return -1;
}

bool rig_openocd_flash_read(struct rig_probe *base, const char *device, guint32 offset, guint8 *into,
                            gsize n_bytes, GError **error)
{
    struct rig_openocd_probe *probe = rig_openocd_of(base);
    int index = find_device(probe, device, offset, n_bytes, error);

    return index >= 0 &&
           (n_bytes == 0 || rig_openocd_probe_read_memory(
                                probe, probe->layout->devices[index].address + offset, into, n_bytes, error));
}

static bool all_erased(const guint8 *bytes, gsize n_bytes)
{
    for (gsize i = 0; i < n_bytes; i++)
        if (bytes[i] != 0xff)
            return false;
    return true;
}

static bool write_pages(struct rig_openocd_probe *probe, guint32 address, const guint8 *bytes, gsize n_bytes,
                        GError **error)
{
    g_autofree char *path = rig_openocd_file(probe, "program.bin");
    g_autofree char *word = rig_tcl_quote(path);
    g_autoptr(GError) cause = NULL;
    bool ok;

    if (!g_file_set_contents(path, (const char *)bytes, (gssize)n_bytes, &cause)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "%s", cause->message);
        return false;
    }
    ok = rig_openocd_command(probe->openocd, PROGRAM_MS, NULL, error,
                             "flash erase_address 0x%x %" G_GSIZE_FORMAT, address, n_bytes) &&
         (all_erased(bytes, n_bytes) || rig_openocd_command(probe->openocd, PROGRAM_MS, NULL, error,
                                                            "flash write_image %s 0x%x bin", word, address));
    g_unlink(path);
    return ok;
}

/* Only runs of pages that change are erased and written: that is what costs time, and wear. */
static bool program_changes(struct rig_openocd_probe *probe, guint32 address, const guint8 *old,
                            const guint8 *wanted, gsize n_bytes, gsize page_bytes, GError **error)
{
    for (gsize at = 0; at < n_bytes;) {
        gsize end = at;
        bool blank = all_erased(wanted + at, page_bytes);

        while (end < n_bytes && memcmp(old + end, wanted + end, page_bytes) != 0 &&
               all_erased(wanted + end, page_bytes) == blank)
            end += page_bytes;
        if (end > at && !write_pages(probe, address + (guint32)at, wanted + at, end - at, error))
            return false;
        at = end > at ? end : at + page_bytes;
    }
    return true;
}

static bool program_pages(struct rig_openocd_probe *probe, guint32 start, gsize n_total, guint32 skip,
                          const guint8 *bytes, gsize n_bytes, gsize page_bytes, GError **error)
{
    g_autofree guint8 *old = g_malloc(n_total);
    g_autofree guint8 *wanted = NULL;
    g_autofree guint8 *seen = g_malloc(n_total);

    if (!rig_openocd_probe_read_memory(probe, start, old, n_total, error))
        return false;
    wanted = g_memdup2(old, n_total);
    memcpy(wanted + skip, bytes, n_bytes);
    if (!program_changes(probe, start, old, wanted, n_total, page_bytes, error) ||
        !rig_openocd_probe_read_memory(probe, start, seen, n_total, error))
        return false;
    if (memcmp(seen, wanted, n_total) == 0)
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "what was programmed at 0x%x reads back differently",
                start + skip);
    return false;
}

/* The core must stand still while its flash changes. A board that is off is held in reset instead, and
 * openocd takes a halt for granted only when it sees one: with the reset vector caught and the pin released,
 * it is halted before its first instruction. */
static bool stand_still(struct rig_openocd_probe *probe, bool *was_running, GError **error)
{
    g_autofree char *state = NULL;

    *was_running = false;
    if (!probe->powered)
        return rig_openocd_peek(probe, error) &&
               rig_openocd_do(probe, error,
                              "mww 0xe000edf0 0xa05f0003; reset_config srst_only; adapter "
                              "deassert srst; reset_config none; wait_halt 2000");
    if (!rig_openocd_need_target(probe, "program", error) || !(state = rig_openocd_state(probe, error)))
        return false;
    *was_running = !g_str_equal(state, "halted");
    return !*was_running || probe->probe.ops->halt(&probe->probe, error);
}

bool rig_openocd_flash_program(struct rig_probe *base, const char *device, guint32 offset,
                               const guint8 *bytes, gsize n_bytes, GError **error)
{
    struct rig_openocd_probe *probe = rig_openocd_of(base);
    int index = find_device(probe, device, offset, n_bytes, error);
    guint32 page_bytes, first, skip;
    gsize n_total;
    bool was_running;

    if (index < 0)
        return false;
    page_bytes = probe->layout->devices[index].page_bytes;
    if (!probe->layout->devices[index].programmable || n_bytes > MAX_PROGRAM_BYTES) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED, "openocd cannot program %s flash of this board",
                    device);
        return false;
    }
    first = offset / page_bytes * page_bytes;
    skip = offset - first;
    n_total = (skip + n_bytes + page_bytes - 1) / page_bytes * page_bytes;
    if (!stand_still(probe, &was_running, error) ||
        !program_pages(probe, probe->layout->devices[index].address + first, n_total, skip, bytes, n_bytes,
                       page_bytes, error))
        return false;
    return !was_running || rig_openocd_do(probe, error, "resume");
}
