/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reset, look, read and program over OpenOCD. */
#include "drivers/probe/openocd_probe.h"

#include "base/error.h"

#include <glib/gstdio.h>
#include <string.h>

#define DWT_PCSR 0xe000101cu
#define NO_SAMPLE 0xffffffffu /* [SPEC ARMv7-M DWT_PCSR]: halted, or in reset */
#define SMALL_READ_BYTES 256u
#define EXAMINE_TRIES 3
#define PROGRAM_MS 120000u
#define MAX_PROGRAM_BYTES (4u * 1024 * 1024)
#define STATE_MS 3000

static struct rig_openocd_probe *self(struct rig_probe *probe)
{
    return (struct rig_openocd_probe *)probe;
}

static bool command(struct rig_openocd_probe *probe, GError **error, const char *text)
{
    return rig_openocd_command(probe->openocd, RIG_OPENOCD_COMMAND_MS, NULL, error, "%s", text);
}

/* After power came back a target that failed a reset stays "not examined" for ever; so it is examined each
 * time. A dead adapter is cured by a new openocd only. */
static bool examine(struct rig_openocd_probe *probe, GError **error)
{
    bool fresh = !rig_openocd_is_started(probe->openocd);

    for (guint round = 0; round < 2; round++) {
        for (guint i = 0; i < EXAMINE_TRIES; i++) {
            g_clear_error(error);
            if (rig_openocd_command(probe->openocd, RIG_OPENOCD_COMMAND_MS, NULL, error,
                                    "poll off; [target current] arp_examine; poll"))
                return true;
            if (!rig_openocd_is_started(probe->openocd))
                break;
        }
        if (fresh)
            return false;
        rig_openocd_end(probe->openocd);
        fresh = true;
    }
    return false;
}

/* The pin is driven by hand here only; resets of a running board go through the core. */
static bool hold_reset(struct rig_openocd_probe *probe, bool hold, GError **error)
{
    return command(probe, error,
                   hold ? "poll off; reset_config srst_only; adapter assert srst; reset_config none"
                        : "reset_config srst_only; adapter deassert srst; reset_config none");
}

static bool peek(struct rig_openocd_probe *probe, GError **error)
{
    if (probe->peeking)
        return true;
    if (!probe->supply.set || !probe->openocd || !rig_openocd_is_started(probe->openocd)) {
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_DEVICE,
                            "a board without power cannot be read: put 'power-on:' before it");
        return false;
    }
    if (!hold_reset(probe, true, error) || !probe->supply.set(probe->supply.user, true, error))
        return false;
    probe->peeking = true;
    return rig_openocd_command(probe->openocd, RIG_OPENOCD_COMMAND_MS, NULL, error,
                               "[target current] arp_examine");
}

bool rig_openocd_probe_end_peek(struct rig_openocd_probe *probe, GError **error)
{
    if (!probe->peeking)
        return true;
    probe->peeking = false;
    return probe->supply.set(probe->supply.user, false, error) && hold_reset(probe, false, error);
}

static bool need_target(struct rig_openocd_probe *probe, const char *what, GError **error)
{
    if (!probe->powered) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE,
                    "cannot %s a board without power: put 'power-on:' before it", what);
        return false;
    }
    /* A caller that wants no reason still needs the attempts told apart. */
    if (!probe->examined || !rig_openocd_is_started(probe->openocd)) {
        g_autoptr(GError) cause = NULL;

        probe->examined = examine(probe, &cause);
        if (!probe->examined)
            g_propagate_error(error, g_steal_pointer(&cause));
    }
    return probe->examined;
}

void rig_openocd_probe_power(struct rig_openocd_probe *probe, bool on)
{
    if (on && !probe->powered)
        probe->boot_by_power = true;
    if (!on && probe->powered && rig_openocd_is_started(probe->openocd))
        (void)!command(probe, NULL, "poll off");
    probe->powered = on;
    probe->examined = false;
}

void rig_openocd_probe_saw_boot(struct rig_openocd_probe *probe)
{
    probe->n_boots++;
    if (!probe->boot_by_power)
        probe->n_resets++;
    probe->boot_by_power = false;
}

void rig_openocd_probe_forget_boots(struct rig_openocd_probe *probe)
{
    probe->n_boots = probe->n_resets = 0;
}

bool rig_openocd_probe_halt(struct rig_openocd_probe *probe, GError **error)
{
    return need_target(probe, "halt", error) && command(probe, error, "halt");
}

bool rig_openocd_probe_resume(struct rig_openocd_probe *probe, GError **error)
{
    return need_target(probe, "resume", error) && command(probe, error, "resume");
}

bool rig_openocd_probe_reset_halt(struct rig_openocd_probe *probe, GError **error)
{
    return need_target(probe, "reset", error) && command(probe, error, "reset halt");
}

/* `reset run` leaves the state at "reset" until polls catch up. */
static bool wait_until_running(struct rig_openocd_probe *probe, GError **error)
{
    gint64 deadline_us = g_get_monotonic_time() + STATE_MS * 1000;
    g_autofree char *state = NULL;

    do {
        g_clear_pointer(&state, g_free);
        if (!rig_openocd_command(probe->openocd, RIG_OPENOCD_COMMAND_MS, &state, error,
                                 "poll; [target current] curstate"))
            return false;
        if (g_str_equal(state, "running"))
            return true;
    } while (g_get_monotonic_time() < deadline_us);
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE,
                "openocd: the target is '%s' %d ms after 'reset run', not running", state, STATE_MS);
    return false;
}

static bool probe_reset(struct rig_probe *base, GError **error)
{
    struct rig_openocd_probe *probe = self(base);

    return need_target(probe, "reset", error) && command(probe, error, "reset run") &&
           wait_until_running(probe, error);
}

static char *file_of(const struct rig_openocd_probe *probe, const char *name)
{
    return g_build_filename(probe->folder, name, NULL);
}

static bool read_small(struct rig_openocd_probe *probe, guint32 address, guint8 *into, gsize n_bytes,
                       GError **error)
{
    g_autofree char *text = NULL;

    if (!rig_openocd_command(probe->openocd, RIG_OPENOCD_COMMAND_MS, &text, error,
                             "read_memory 0x%x 8 %" G_GSIZE_FORMAT, address, n_bytes))
        return false;
    if (rig_openocd_parse_bytes(text, into, n_bytes))
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE,
                "openocd: read_memory at 0x%x answered something else than %" G_GSIZE_FORMAT " bytes",
                address, n_bytes);
    return false;
}

static bool read_large(struct rig_openocd_probe *probe, guint32 address, guint8 *into, gsize n_bytes,
                       GError **error)
{
    g_autofree char *path = file_of(probe, "dump.bin");
    g_autofree char *bytes = NULL;
    gsize n_read = 0;
    bool ok;

    g_unlink(path);
    if (!rig_openocd_command(probe->openocd, PROGRAM_MS, NULL, error, "dump_image {%s} 0x%x %" G_GSIZE_FORMAT,
                             path, address, n_bytes))
        return false;
    ok = g_file_get_contents(path, &bytes, &n_read, NULL) && n_read == n_bytes;
    if (ok)
        memcpy(into, bytes, n_bytes);
    else
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE,
                    "openocd: dump_image of 0x%x wrote %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " bytes",
                    address, n_read, n_bytes);
    g_unlink(path);
    return ok;
}

static bool read_once(struct rig_openocd_probe *probe, guint32 address, guint8 *into, gsize n_bytes,
                      GError **error)
{
    if (probe->powered ? !need_target(probe, "read", error) : !peek(probe, error))
        return false;
    return n_bytes <= SMALL_READ_BYTES ? read_small(probe, address, into, n_bytes, error)
                                       : read_large(probe, address, into, n_bytes, error);
}

/* An openocd that died or hung is worth a second one: a read does no harm twice. */
bool rig_openocd_probe_read_memory(struct rig_openocd_probe *probe, guint32 address, guint8 *into,
                                   gsize n_bytes, GError **error)
{
    g_autoptr(GError) cause = NULL;

    if (read_once(probe, address, into, n_bytes, &cause))
        return true;
    if (probe->examined && !rig_openocd_is_started(probe->openocd))
        return read_once(probe, address, into, n_bytes, error);
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

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

static bool probe_read(struct rig_probe *base, const char *device, guint32 offset, guint8 *into,
                       gsize n_bytes, GError **error)
{
    struct rig_openocd_probe *probe = self(base);
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
    g_autofree char *path = file_of(probe, "program.bin");
    g_autoptr(GError) cause = NULL;
    bool ok;

    if (!g_file_set_contents(path, (const char *)bytes, (gssize)n_bytes, &cause)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "%s", cause->message);
        return false;
    }
    ok =
        rig_openocd_command(probe->openocd, PROGRAM_MS, NULL, error,
                            "flash erase_address 0x%x %" G_GSIZE_FORMAT, address, n_bytes) &&
        (all_erased(bytes, n_bytes) || rig_openocd_command(probe->openocd, PROGRAM_MS, NULL, error,
                                                           "flash write_image {%s} 0x%x bin", path, address));
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
        return peek(probe, error) && command(probe, error,
                                             "mww 0xe000edf0 0xa05f0003; reset_config srst_only; adapter "
                                             "deassert srst; reset_config none; wait_halt 2000");
    if (!need_target(probe, "program", error) ||
        !rig_openocd_command(probe->openocd, RIG_OPENOCD_COMMAND_MS, &state, error,
                             "poll; [target current] curstate"))
        return false;
    *was_running = !g_str_equal(state, "halted");
    return !*was_running || command(probe, error, "halt");
}

static bool probe_program(struct rig_probe *base, const char *device, guint32 offset, const guint8 *bytes,
                          gsize n_bytes, GError **error)
{
    struct rig_openocd_probe *probe = self(base);
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
    return !was_running || command(probe, error, "resume");
}

struct slot_reader {
    struct rig_probe *probe;
    struct rig_slot slot;
};

static bool read_slot(const void *user, uint32_t offset, void *into, size_t n_bytes)
{
    const struct slot_reader *reader = user;

    return probe_read(reader->probe, reader->slot.device, reader->slot.device_offset + offset, into, n_bytes,
                      NULL);
}

/* Where the core is; a running core gives a sample each time. */
static bool sample_pc(struct rig_openocd_probe *probe, guint32 *pc, GError **error)
{
    guint8 bytes[4];

    if (!rig_openocd_probe_read_memory(probe, DWT_PCSR, bytes, sizeof bytes, error))
        return false;
    *pc = (guint32)bytes[0] | (guint32)bytes[1] << 8 | (guint32)bytes[2] << 16 | (guint32)bytes[3] << 24;
    return true;
}

static void look_at_image(struct slot_reader *reader, struct rig_board_view *view)
{
    struct rig_image_source source = {.read = read_slot, .user = reader, .n_bytes = reader->slot.n_bytes};
    struct rig_image_layout layout;
    struct rig_trailer trailer;

    if (rig_image_read_layout(&source, reader->slot.n_bytes, &layout) != RIG_IMAGE_OK)
        return;
    view->has_image = true;
    view->version = layout.header.version;
    if (rig_image_stored_hash(&source, &layout, view->hash) != RIG_IMAGE_OK)
        memset(view->hash, 0, sizeof view->hash);
    view->confirmed = rig_trailer_decode(&reader->slot.geometry, &source, &trailer) &&
                      (trailer.magic != RIG_MAGIC_GOOD || trailer.image_ok == RIG_FLAG_SET);
}

/* A probe knows the place where the core is, not what it does there: in slot 0 is "running", elsewhere is the
 * bootloader at work; with no image to go to, the bootloader has stopped. A hung application looks like a
 * running one. */
static bool probe_view(struct rig_probe *base, struct rig_board_view *view, GError **error)
{
    struct rig_openocd_probe *probe = self(base);
    struct slot_reader reader = {.probe = base, .slot = probe->layout->slots[0]};
    guint32 pc, again = 0, base_address = probe->layout->devices[0].address + reader.slot.device_offset;
    g_autoptr(GError) cause = NULL;

    if (probe->supply.catch_up)
        probe->supply.catch_up(probe->supply.user);
    *view = (struct rig_board_view){
        .state = RIG_STATE_OFF, .n_boots = probe->n_boots, .n_resets = probe->n_resets};
    if (!probe->powered)
        return true;
    if (!sample_pc(probe, &pc, &cause)) {
        if (probe->supply.has_power && !probe->supply.has_power(probe->supply.user)) {
            rig_openocd_probe_power(probe, false);
            return true;
        }
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    if (probe->layout->still_is_hung && pc != NO_SAMPLE && sample_pc(probe, &again, NULL) && again == pc) {
        view->state = RIG_STATE_HUNG;
        look_at_image(&reader, view);
        return true;
    }
    look_at_image(&reader, view);
    if (pc != NO_SAMPLE && pc >= base_address && pc - base_address < reader.slot.n_bytes)
        view->state = RIG_STATE_RUNNING;
    else
        view->state = view->has_image || pc == NO_SAMPLE ? RIG_STATE_BOOTING : RIG_STATE_NO_IMAGE;
    return true;
}

static guint probe_n_slots(struct rig_probe *base)
{
    return self(base)->layout->n_slots;
}

static bool probe_slot(struct rig_probe *base, guint slot, struct rig_slot *into)
{
    const struct rig_openocd_layout *layout = self(base)->layout;

    if (slot > layout->n_slots || layout->slots[slot].n_bytes == 0)
        return false;
    *into = layout->slots[slot];
    return true;
}

static const struct rig_probe_ops ops = {
    .name = "openocd",
    .reset = probe_reset,
    .view = probe_view,
    .n_slots = probe_n_slots,
    .slot = probe_slot,
    .read = probe_read,
    .program = probe_program,
};

bool rig_openocd_probe_open(struct rig_openocd_probe *probe, const struct rig_openocd_config *config,
                            const struct rig_openocd_layout *layout, const char *folder, GError **error)
{
    *probe = (struct rig_openocd_probe){.probe = {.ops = &ops}, .layout = layout};
    if (strpbrk(folder, "{}\\\x1a")) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE,
                    "openocd cannot be told a path with braces or backslashes: '%s'", folder);
        return false;
    }
    probe->folder = g_canonicalize_filename(folder, NULL);
    probe->openocd = rig_openocd_new(config);
    return true;
}

void rig_openocd_probe_close(struct rig_openocd_probe *probe)
{
    g_clear_pointer(&probe->openocd, rig_openocd_free);
    g_clear_pointer(&probe->folder, g_free);
    probe->powered = probe->examined = probe->peeking = false;
}
