/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The probe role over OpenOCD: power and examination, is it the chip that was expected, reset and halt,
 * memory, flash, and what runs on the board as far as a debug probe can tell. */
#include "drivers/probe/openocd_probe.h"

#include "base/error.h"
#include "base/file.h"
#include "base/words.h"
#include "drivers/probe/nordic_view.h"
#include "drivers/probe/slot_view.h"

#include <glib/gstdio.h>
#include <string.h>

#define SMALL_READ_BYTES 256u
#define EXAMINE_TRIES 3
#define DUMP_MS 120000u
#define STATE_MS 3000
#define BOOT_TOLD_US (2 * G_USEC_PER_SEC)
#define MAX_SAMPLES 16
#define UPDATER_STAYS_US (2 * G_USEC_PER_SEC)
#define FAREWELL_MS 1000u
#define PROGRAM_MS 120000u
#define MAX_PROGRAM_BYTES (4u * 1024 * 1024)
#define FLASH_ADDRESS 0u /* of the internal flash, in the memory map */
#define DWT_PCSR 0xe000101cu
#define NO_SAMPLE 0xffffffffu /* [SPEC ARMv7-M DWT_PCSR]: halted, or in reset */

static struct rig_openocd_probe *self(struct rig_probe *probe)
{
    return (struct rig_openocd_probe *)probe;
}

/* --- is it the board that it is taken for? Only reads: nothing is halted for it --- */

static bool read_number(struct rig_openocd_probe *probe, guint32 *number, GError **error, const char *command)
{
    g_autofree char *text = NULL;
    char *end = NULL;
    guint64 value;

    if (!rig_openocd_command(probe->openocd, RIG_OPENOCD_COMMAND_MS, &text, error, "%s", command))
        return false;
    value = g_ascii_strtoull(text, &end, 0);
    if (end != text && value <= G_MAXUINT32)
        return *number = (guint32)value, true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "openocd: '%s' answered '%.60s', no number", command,
                text);
    return false;
}

#define UNTOUCHED                                                                                            \
    "it was not halted, erased or programmed; put the right board there, or correct the bench file"

static bool check_word(struct rig_openocd_probe *probe, const struct rig_chip_word *word, const char *wanted,
                       GError **error)
{
    g_autofree char *command = g_strdup_printf("read_memory 0x%x 32 1", word->address);
    g_autofree char *seen = NULL;
    guint32 value;

    if (!read_number(probe, &value, error, command)) {
        g_prefix_error(error, "cannot tell whether the board is %s: ", wanted);
        return false;
    }
    if ((value & word->mask) == word->value)
        return true;
    seen = rig_chip_describe(word->address, value);
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "the board at this probe is %s, not %s: " UNTOUCHED, seen,
                wanted);
    return false;
}

static bool check_chip(struct rig_openocd_probe *probe, GError **error)
{
    const char *name = probe->config.expect_chip;
    g_autofree char *wanted = name ? g_strdup_printf("an %s", name) : NULL;
    g_autofree char *names = NULL;
    struct rig_chip_word word;

    if (!name)
        return true;
    if (rig_chip_find(name, &word))
        return check_word(probe, &word, wanted, error);
    names = rig_chip_names();
    g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "no chip '%s' is known; there are: %s", name, names);
    return false;
}

static bool check_own_word(struct rig_openocd_probe *probe, GError **error)
{
    const struct rig_chip_word *word = &probe->config.expect_word;
    g_autofree char *wanted = g_strdup_printf("one with 0x%08x there", word->value);

    return word->mask == 0 || check_word(probe, word, wanted, error);
}

static bool check_dpidr(struct rig_openocd_probe *probe, GError **error)
{
    guint32 wanted = probe->config.expect_dpidr;
    guint32 seen;

    if (wanted == 0)
        return true;
    if (!read_number(probe, &seen, error, "[[target current] cget -dap] dpreg 0"))
        return false;
    if (seen == wanted)
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE,
                "the debug port at this probe is 0x%08x, not 0x%08x: " UNTOUCHED, seen, wanted);
    return false;
}

static bool check_identity(struct rig_openocd_probe *probe, GError **error)
{
    return check_dpidr(probe, error) && check_chip(probe, error) && check_own_word(probe, error);
}

/* --- power and examination --- */

static bool do_command(struct rig_openocd_probe *probe, GError **error, const char *text)
{
    return rig_openocd_command(probe->openocd, RIG_OPENOCD_COMMAND_MS, NULL, error, "%s", text);
}

/* A TAP that lost its power is in its reset state, and openocd does not know that. */
#define FIND_TAPS "if {[transport select] eq {jtag}} {jtag arp_init}; "

/* Nordic's control access port stays open when the others are closed. [SRC openocd tcl/target/nrf52.cfg] */
#define READ_CTRL_AP                                                                                         \
    "format {%s %s} [[[target current] cget -dap] apreg 1 0xfc] [[[target current] cget -dap] apreg 1 0x0c]"
#define CTRL_AP_IDR 0x02880000u
#define OPENS_MS 3000 /* so long firmware may take to its start, a swap not counted */

#define AP_LOCKED                                                                                            \
    "the chip's debug port is closed by its AP lock (APPROTECT), as after a power cut until the firmware "   \
    "opens it: use firmware that opens it at its start, with UICR.APPROTECT to match, or erase the chip "    \
    "through its CTRL-AP (nrf52_recover of openocd; all flash and UICR are lost): "
/* The firmware that would open it does not run. */
#define AP_LOCKED_IN_RESET                                                                                   \
    "a board without power is looked at while it is held in reset, and its AP lock (APPROTECT) keeps the "   \
    "debug port closed there: put 'power-on:' before it, or say 'reset-pin: false' in the bench: "

static bool is_ap_locked(struct rig_openocd_probe *probe)
{
    g_autofree char *answer = NULL;
    char *rest = NULL;
    guint64 idr;

    if (!rig_openocd_is_started(probe->openocd) ||
        !rig_openocd_command(probe->openocd, RIG_OPENOCD_COMMAND_MS, &answer, NULL, "%s", READ_CTRL_AP))
        return false;
    idr = g_ascii_strtoull(answer, &rest, 0);
    return idr == CTRL_AP_IDR && (g_ascii_strtoull(rest, NULL, 0) & 1) == 0;
}

/* After power came back a target that failed a reset stays "not examined" for ever; so it is examined each
 * time. A dead adapter is cured by a new openocd only. */
static bool find_target(struct rig_openocd_probe *probe, GError **error)
{
    bool fresh = !rig_openocd_is_started(probe->openocd);

    for (guint round = 0; round < 2; round++) {
        for (guint i = 0; i < EXAMINE_TRIES; i++) {
            g_clear_error(error);
            if (rig_openocd_command(probe->openocd, RIG_OPENOCD_COMMAND_MS, NULL, error,
                                    "poll off; " FIND_TAPS "[target current] arp_examine; poll"))
                return true;
            if (!rig_openocd_is_started(probe->openocd))
                break;
        }
        if (fresh || is_ap_locked(probe))
            return false;
        rig_openocd_end(probe->openocd);
        fresh = true;
    }
    return false;
}

static bool examine(struct rig_openocd_probe *probe, GError **error)
{
    const struct rig_openocd_config *config = &probe->config;
    bool locked;

    do {
        g_clear_error(error);
        if (find_target(probe, error)) {
            probe->opens_until_us = 0;
            return true;
        }
        locked = is_ap_locked(probe);
        if (locked && probe->opens_until_us == 0)
            probe->opens_until_us = g_get_monotonic_time() + OPENS_MS * 1000;
    } while (locked && g_get_monotonic_time() < probe->opens_until_us);
    if (locked)
        g_prefix_error(error, AP_LOCKED);
    else if (config->port)
        g_prefix_error(error,
                       "if the board has power, restart the openocd at %s:%u (a lost adapter needs that): ",
                       config->host ? config->host : "127.0.0.1", config->port);
    return false;
}

/* The pin is driven by hand here only; resets of a running board go through the core. */
static bool hold_reset(struct rig_openocd_probe *probe, bool hold, GError **error)
{
    return do_command(probe, error,
                      hold ? "poll off; reset_config srst_only; adapter assert srst; reset_config none"
                           : "reset_config srst_only; adapter deassert srst; reset_config none");
}

/* Of a target that was examined before, openocd does not look for the access port again: its reads fail. */
static bool find_in_reset(struct rig_openocd_probe *probe, GError **error)
{
    if (do_command(probe, error, FIND_TAPS "[target current] arp_examine; read_memory 0 32 1"))
        return check_identity(probe, error);
    if (is_ap_locked(probe))
        g_prefix_error(error, AP_LOCKED_IN_RESET);
    return false;
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
    if (find_in_reset(probe, error))
        return true;
    (void)!rig_openocd_probe_end_peek(probe, NULL);
    return false;
}

bool rig_openocd_probe_end_peek(struct rig_openocd_probe *probe, GError **error)
{
    if (!probe->peeking)
        return true;
    probe->peeking = false;
    return probe->supply.set(probe->supply.user, false, error) && hold_reset(probe, false, error);
}

bool rig_openocd_need_target(struct rig_openocd_probe *probe, const char *what, GError **error)
{
    if (!probe->powered) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE,
                    "cannot %s a board without power: put 'power-on:' before it", what);
        return false;
    }
    /* A caller that wants no reason still needs the attempts told apart. */
    if (!probe->examined || !rig_openocd_is_started(probe->openocd)) {
        g_autoptr(GError) cause = NULL;

        probe->forwards_rtt = false;
        probe->examined = examine(probe, &cause) && check_identity(probe, &cause);
        if (!probe->examined)
            g_propagate_error(error, g_steal_pointer(&cause));
    }
    return probe->examined;
}

static void await_boot(struct rig_openocd_probe *probe)
{
    probe->told_until_us = probe->boots_are_told ? g_get_monotonic_time() + BOOT_TOLD_US : 0;
    probe->in_bootloader_since_us = 0;
    if (probe->boots_are_silent)
        rig_openocd_probe_saw_boot(probe);
}

void rig_openocd_probe_power(struct rig_openocd_probe *probe, bool on)
{
    if (on && !probe->powered) {
        probe->boot_by_power = true;
        probe->boots_at_resume = false;
        await_boot(probe);
    }
    if (!on && probe->powered && rig_openocd_is_started(probe->openocd))
        (void)!do_command(probe, NULL, probe->forwards_rtt ? "poll off; rtt stop" : "poll off");
    probe->forwards_rtt = false;
    probe->powered = on;
    probe->examined = false;
    probe->opens_until_us = 0;
}

void rig_openocd_probe_saw_boot(struct rig_openocd_probe *probe)
{
    probe->n_boots++;
    if (!probe->boot_by_power)
        probe->n_resets++;
    probe->boot_by_power = false;
    probe->told_until_us = 0;
    probe->in_bootloader_since_us = 0;
}

/* What failed may have taken the adapter along: the next command looks first. */
static bool control(struct rig_openocd_probe *probe, const char *what, GError **error, const char *text)
{
    if (!rig_openocd_need_target(probe, what, error))
        return false;
    probe->examined = do_command(probe, error, text);
    return probe->examined;
}

/* A target that was seen in reset stays so for openocd until polls catch up; a halt would be taken for one of
 * a `reset halt` then, and never be done. */
#define LEAVE_RESET                                                                                          \
    "poll; set rig_n 0; "                                                                                    \
    "while {[[target current] curstate] eq {reset} && $rig_n < 20} {poll; incr rig_n}"

static bool probe_halt(struct rig_probe *base, GError **error)
{
    return control(self(base), "halt", error, LEAVE_RESET "; halt");
}

/* A core that runs already is no error, as it is none to halt one that stands. */
static bool probe_resume(struct rig_probe *base, GError **error)
{
    struct rig_openocd_probe *probe = self(base);

    if (probe->boots_at_resume)
        await_boot(probe);
    probe->boots_at_resume = false;
    return control(probe, "resume", error, "poll; if {[[target current] curstate] eq {halted}} {resume}");
}

static bool probe_reset_halt(struct rig_probe *base, GError **error)
{
    struct rig_openocd_probe *probe = self(base);

    if (probe->supply.catch_up)
        probe->supply.catch_up(probe->supply.user);
    probe->told_until_us = 0;
    probe->boots_at_resume = control(probe, "reset", error, "reset halt");
    return probe->boots_at_resume;
}

static char *read_state(struct rig_openocd_probe *probe, GError **error)
{
    char *state = NULL;

    return rig_openocd_command(probe->openocd, RIG_OPENOCD_COMMAND_MS, &state, error,
                               "poll; [target current] curstate")
               ? state
               : NULL;
}

/* `reset run` leaves the state at "reset" until polls catch up. */
static bool wait_until_running(struct rig_openocd_probe *probe, GError **error)
{
    gint64 deadline_us = g_get_monotonic_time() + STATE_MS * 1000;
    g_autofree char *state = NULL;

    do {
        g_clear_pointer(&state, g_free);
        if (!(state = read_state(probe, error)))
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

    if (probe->supply.catch_up)
        probe->supply.catch_up(probe->supply.user);
    await_boot(probe);
    return control(probe, "reset", error, "reset run") && wait_until_running(probe, error);
}

static char *file_path(const struct rig_openocd_probe *probe, const char *name)
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
    g_autofree char *path = file_path(probe, "dump.bin");
    g_autofree char *word = rig_tcl_quote(path);
    g_autofree char *bytes = NULL;
    gsize n_read = 0;
    bool ok;

    g_unlink(path);
    if (!rig_openocd_command(probe->openocd, DUMP_MS, NULL, error, "dump_image %s 0x%x %" G_GSIZE_FORMAT,
                             word, address, n_bytes))
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
    if (probe->powered ? !rig_openocd_need_target(probe, "read", error) : !peek(probe, error))
        return false;
    return n_bytes <= SMALL_READ_BYTES ? read_small(probe, address, into, n_bytes, error)
                                       : read_large(probe, address, into, n_bytes, error);
}

/* An openocd that died or hung is worth a second one, and so is one whose adapter went away and came back: a
 * read does no harm twice. A board without power is not. */
static bool worth_another_try(struct rig_openocd_probe *probe)
{
    g_autofree char *state = NULL;

    if (!probe->examined)
        return false;
    if (!rig_openocd_is_started(probe->openocd))
        return true;
    state = read_state(probe, NULL);
    return (!state || g_str_equal(state, "unknown")) &&
           (!probe->supply.has_power || probe->supply.has_power(probe->supply.user));
}

bool rig_openocd_probe_read_memory(struct rig_openocd_probe *probe, guint32 address, guint8 *into,
                                   gsize n_bytes, GError **error)
{
    g_autoptr(GError) cause = NULL;

    if (read_once(probe, address, into, n_bytes, &cause))
        return true;
    if (worth_another_try(probe)) {
        probe->examined = false;
        return read_once(probe, address, into, n_bytes, error);
    }
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

static bool probe_read_memory(struct rig_probe *base, guint32 address, guint8 *into, gsize n_bytes,
                              GError **error)
{
    struct rig_openocd_probe *probe = self(base);

    /* A look at a board that is off is for its flash: what its registers say in reset means nothing. */
    return rig_openocd_need_target(probe, "read memory of", error) &&
           rig_openocd_probe_read_memory(probe, address, into, n_bytes, error);
}

static bool probe_write_word(struct rig_probe *base, guint32 address, guint32 word, GError **error)
{
    struct rig_openocd_probe *probe = self(base);

    return rig_openocd_need_target(probe, "write memory of", error) &&
           rig_openocd_command(probe->openocd, RIG_OPENOCD_COMMAND_MS, NULL, error, "mww 0x%x 0x%x", address,
                               word);
}

bool rig_openocd_probe_voltage(struct rig_openocd_probe *probe, guint *mv, GError **error)
{
    g_autofree char *adapter = NULL;
    g_autofree char *answer = NULL;
    guint8 bytes[8];

    if (!rig_openocd_command(probe->openocd, RIG_OPENOCD_COMMAND_MS, &adapter, error, "adapter name"))
        return false;
    if (g_str_equal(adapter, "st-link")) {
        if (!rig_openocd_command(probe->openocd, RIG_OPENOCD_COMMAND_MS, &answer, error,
                                 "st-link cmd 8 0xf7"))
            return false;
        if (rig_openocd_parse_bytes(answer, bytes, sizeof bytes) && rig_openocd_stlink_voltage(bytes, mv))
            return true;
    } else if (g_str_equal(adapter, "jlink")) {
        if (!rig_openocd_command(probe->openocd, RIG_OPENOCD_COMMAND_MS, &answer, error, "jlink hwstatus"))
            return false;
        if (rig_openocd_parse_jlink_voltage(answer, mv))
            return true;
    } else {
        g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                    "the adapter '%s' does not measure the target's voltage", adapter);
        return false;
    }
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "the adapter '%s' told no target voltage: '%.80s'",
                adapter, answer);
    return false;
}

bool rig_openocd_probe_proves_death(struct rig_openocd_probe *probe, char *proof, gsize n_proof)
{
    guint mv;

    if (!probe->openocd || !rig_openocd_is_started(probe->openocd) ||
        !rig_openocd_probe_voltage(probe, &mv, NULL) || mv > RIG_OPENOCD_DEAD_MV)
        return false;
    g_snprintf(proof, n_proof, "probe: %u mV at the target", mv);
    return true;
}

/* --- flash --- */

/* The device, with the range inside it. */
static const struct rig_flash_device *find_device(const struct rig_openocd_probe *probe, const char *name,
                                                  guint32 offset, gsize n_bytes, GError **error)
{
    const struct rig_flash_device *device = rig_layout_device(probe->probe.layout, name);

    if (device && offset < device->n_bytes && n_bytes <= device->n_bytes - offset)
        return device;
    if (device)
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "%s flash has no %" G_GSIZE_FORMAT " bytes at 0x%x",
                    name, n_bytes, offset);
    else
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "this board has no flash device '%s'", name);
    return NULL;
}

static bool probe_read(struct rig_probe *base, const char *device, guint32 offset, guint8 *into,
                       gsize n_bytes, GError **error)
{
    struct rig_openocd_probe *probe = self(base);

    return find_device(probe, device, offset, n_bytes, error) &&
           (n_bytes == 0 ||
            rig_openocd_probe_read_memory(probe, FLASH_ADDRESS + offset, into, n_bytes, error));
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
    g_autofree char *path = file_path(probe, "program.bin");
    g_autofree char *word = rig_tcl_quote(path);
    bool ok;

    if (!rig_file_replace(path, RIG_FILE_PUBLIC, bytes, n_bytes, error))
        return false;
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
        return peek(probe, error) && do_command(probe, error,
                                                "mww 0xe000edf0 0xa05f0003; reset_config srst_only; adapter "
                                                "deassert srst; reset_config none; wait_halt 2000");
    if (!rig_openocd_need_target(probe, "program", error) || !(state = read_state(probe, error)))
        return false;
    *was_running = !g_str_equal(state, "halted");
    return !*was_running || probe->probe.ops->halt(&probe->probe, error);
}

/* What is erased as one. */
static guint32 page_size(const struct rig_flash_device *device)
{
    guint32 n_bytes = 0;

    for (guint i = 0; i < device->n_runs; i++)
        n_bytes = MAX(n_bytes, device->runs[i].sector_bytes);
    return n_bytes;
}

static bool probe_program(struct rig_probe *base, const char *name, guint32 offset, const guint8 *bytes,
                          gsize n_bytes, GError **error)
{
    struct rig_openocd_probe *probe = self(base);
    const struct rig_flash_device *device = find_device(probe, name, offset, n_bytes, error);
    guint32 page_bytes, first, skip;
    gsize n_total;
    bool was_running;

    if (!device)
        return false;
    page_bytes = page_size(device);
    if (!g_str_equal(name, "internal") || n_bytes > MAX_PROGRAM_BYTES) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED, "openocd cannot program %s flash of this board",
                    name);
        return false;
    }
    first = offset / page_bytes * page_bytes;
    skip = offset - first;
    n_total = (skip + n_bytes + page_bytes - 1) / page_bytes * page_bytes;
    if (!stand_still(probe, &was_running, error) ||
        !program_pages(probe, FLASH_ADDRESS + first, n_total, skip, bytes, n_bytes, page_bytes, error))
        return false;
    return !was_running || do_command(probe, error, "resume");
}

/* --- what runs --- */

/* Where the core is; a running core gives a sample each time. */
static bool sample_pc(struct rig_openocd_probe *probe, guint32 *pc, GError **error)
{
    guint8 bytes[4];

    if (!rig_openocd_probe_read_memory(probe, DWT_PCSR, bytes, sizeof bytes, error))
        return false;
    *pc = (guint32)bytes[0] | (guint32)bytes[1] << 8 | (guint32)bytes[2] << 16 | (guint32)bytes[3] << 24;
    return true;
}

static bool is_in(guint32 pc, guint32 begin, guint32 n_bytes)
{
    return pc >= FLASH_ADDRESS + begin && pc - FLASH_ADDRESS - begin < n_bytes;
}

/* Application and updater both sleep in the SoftDevice: only a sample from elsewhere says which of them runs.
 */
static bool sample_outside(struct rig_openocd_probe *probe, const struct rig_nordic_layout *map, guint32 *pc)
{
    for (guint i = 0; i < MAX_SAMPLES && is_in(*pc, 0, map->bank_0); i++)
        if (!sample_pc(probe, pc, NULL))
            return false;
    return !is_in(*pc, 0, map->bank_0);
}

/* A bootloader that stays is the updater: its boot takes less, or has an activation on record. */
static enum rig_run_state nordic_state(struct rig_openocd_probe *probe, const struct rig_board_view *view,
                                       guint32 pc)
{
    const struct rig_nordic_layout *map = &probe->probe.layout->nordic;
    gint64 now_us = g_get_monotonic_time();

    if (pc == NO_SAMPLE || !sample_outside(probe, map, &pc))
        return RIG_STATE_BOOTING;
    if (!is_in(pc, map->bootloader, map->bootloader_bytes)) {
        probe->in_bootloader_since_us = 0;
        return now_us < probe->told_until_us || !view->has_image ? RIG_STATE_BOOTING : RIG_STATE_RUNNING;
    }
    if (probe->in_bootloader_since_us == 0)
        probe->in_bootloader_since_us = now_us;
    return now_us - probe->in_bootloader_since_us < UPDATER_STAYS_US || rig_nordic_activates(&probe->probe)
               ? RIG_STATE_BOOTING
               : RIG_STATE_UPDATER;
}

/* A probe knows the place where the core is, not what it does there: in slot 0 is "running", elsewhere is the
 * bootloader at work; with no image to go to, the bootloader has stopped. A hung application looks like a
 * running one. */
static bool probe_view(struct rig_probe *base, struct rig_board_view *view, GError **error)
{
    struct rig_openocd_probe *probe = self(base);
    const struct rig_slot *slot = &base->layout->slots[0];
    guint32 pc, again = 0, base_address = FLASH_ADDRESS + slot->device_offset;
    g_autoptr(GError) cause = NULL;
    g_autofree char *state = NULL;

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
    if (probe->still_is_hung && pc != NO_SAMPLE && sample_pc(probe, &again, NULL) && again == pc) {
        view->state = RIG_STATE_HUNG;
        return rig_probe_look_at_image(base, 0, view, error);
    }
    if (!rig_probe_look_at_image(base, 0, view, error))
        return false;
    if (pc == NO_SAMPLE && (state = read_state(probe, NULL)) && g_str_equal(state, "halted"))
        view->state = RIG_STATE_HALTED;
    else if (base->layout->family != RIG_BOOTLOADER_MCUBOOT)
        view->state = nordic_state(probe, view, pc);
    else if (pc != NO_SAMPLE && pc >= base_address && pc - base_address < slot->n_bytes)
        view->state = g_get_monotonic_time() < probe->told_until_us ? RIG_STATE_BOOTING : RIG_STATE_RUNNING;
    else
        view->state = view->has_image || pc == NO_SAMPLE ? RIG_STATE_BOOTING : RIG_STATE_NO_IMAGE;
    return true;
}

static const struct rig_probe_ops ops = {
    .name = "openocd",
    .reset = probe_reset,
    .view = probe_view,
    .read = probe_read,
    .program = probe_program,
    .halt = probe_halt,
    .resume = probe_resume,
    .reset_halt = probe_reset_halt,
    .read_memory = probe_read_memory,
    .write_word = probe_write_word,
};

bool rig_openocd_probe_open(struct rig_openocd_probe *probe, const struct rig_openocd_config *config,
                            const struct rig_layout *layout, const char *folder, GError **error)
{
    *probe = (struct rig_openocd_probe){.probe = {.ops = &ops, .layout = layout}, .config = *config};
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
    /* Others may go on with a server that is not ours. */
    if (probe->config.port && probe->openocd && rig_openocd_is_started(probe->openocd))
        (void)!rig_openocd_command(probe->openocd, FAREWELL_MS, NULL, NULL, "poll on");
    g_clear_pointer(&probe->openocd, rig_openocd_free);
    g_clear_pointer(&probe->folder, g_free);
    probe->powered = probe->examined = probe->peeking = false;
}
