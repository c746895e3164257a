/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What runs on a board, as far as a debug probe can tell. */
#include "drivers/probe/openocd_private.h"

#include "drivers/probe/slot_view.h"

#define DWT_PCSR 0xe000101cu
#define NO_SAMPLE 0xffffffffu /* [SPEC ARMv7-M DWT_PCSR]: halted, or in reset */

/* Where the core is; a running core gives a sample each time. */
static bool sample_pc(struct rig_openocd_probe *probe, guint32 *pc, GError **error)
{
    guint8 bytes[4];

    if (!rig_openocd_probe_read_memory(probe, DWT_PCSR, bytes, sizeof bytes, error))
        return false;
    *pc = (guint32)bytes[0] | (guint32)bytes[1] << 8 | (guint32)bytes[2] << 16 | (guint32)bytes[3] << 24;
    return true;
}

/* A probe knows the place where the core is, not what it does there: in slot 0 is "running", elsewhere is the
 * bootloader at work; with no image to go to, the bootloader has stopped. A hung application looks like a
 * running one. */
bool rig_openocd_view(struct rig_probe *base, struct rig_board_view *view, GError **error)
{
    struct rig_openocd_probe *probe = rig_openocd_of(base);
    const struct rig_slot *slot = &probe->layout->slots[0];
    guint32 pc, again = 0, base_address = probe->layout->devices[0].address + slot->device_offset;
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
    if (probe->layout->still_is_hung && pc != NO_SAMPLE && sample_pc(probe, &again, NULL) && again == pc) {
        view->state = RIG_STATE_HUNG;
        return rig_probe_look_at_image(base, view, error);
    }
    if (!rig_probe_look_at_image(base, view, error))
        return false;
    if (pc == NO_SAMPLE && (state = rig_openocd_state(probe, NULL)) && g_str_equal(state, "halted"))
        view->state = RIG_STATE_HALTED;
    else if (pc != NO_SAMPLE && pc >= base_address && pc - base_address < slot->n_bytes)
        view->state = g_get_monotonic_time() < probe->told_until_us ? RIG_STATE_BOOTING : RIG_STATE_RUNNING;
    else
        view->state = view->has_image || pc == NO_SAMPLE ? RIG_STATE_BOOTING : RIG_STATE_NO_IMAGE;
    return true;
}
