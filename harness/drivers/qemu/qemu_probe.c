/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Probe role of a machine in QEMU, over its monitor. */
#include "drivers/qemu/qemu_board.h"

#include "base/error.h"
#include "drivers/probe/slot_view.h"

#include <string.h>

static struct rig_qemu_board *owner_of(struct rig_probe *probe)
{
    return ((struct rig_qemu_probe *)probe)->owner;
}

static bool probe_reset(struct rig_probe *probe, GError **error)
{
    struct rig_qemu_board *board = owner_of(probe);

    (void)rig_qemu_board_take_lines(board, true);
    if (!rig_qemu_machine_reset(board->machine, error))
        return false;
    rig_link_board_gone(board->board.link, "disconnected: the board was reset");
    if (!board->halted)
        return true;
    board->halted = false;
    return rig_qemu_machine_run(board->machine, error);
}

static bool probe_halt(struct rig_probe *probe, GError **error)
{
    owner_of(probe)->halted = rig_qemu_machine_freeze(owner_of(probe)->machine, error);
    return owner_of(probe)->halted;
}

static bool probe_resume(struct rig_probe *probe, GError **error)
{
    if (!rig_qemu_machine_run(owner_of(probe)->machine, error))
        return false;
    owner_of(probe)->halted = false;
    return true;
}

static bool probe_reset_halt(struct rig_probe *probe, GError **error)
{
    struct rig_qemu_board *board = owner_of(probe);

    if (!probe_halt(probe, error) || !rig_qemu_machine_reset(board->machine, error))
        return false;
    rig_link_board_gone(board->board.link, "disconnected: the board was reset");
    return true;
}

static enum rig_run_state state_at(struct rig_qemu_board *board, guint32 pc, bool has_image)
{
    guint32 base = board->target->spec->qemu->address;
    struct rig_slot slot;

    if (board->halted)
        return RIG_STATE_HALTED;
    if (rig_layout_slot(&board->board.layout, 0, &slot) && pc - base >= slot.device_offset &&
        pc - base - slot.device_offset < slot.n_bytes)
        return RIG_STATE_RUNNING;
    return has_image ? RIG_STATE_BOOTING : RIG_STATE_NO_IMAGE;
}

/* As with any probe: the place of the core tells a running application from a bootloader at work, and not a
 * hung one from a running one. */
static bool probe_view(struct rig_probe *probe, struct rig_board_view *view, GError **error)
{
    struct rig_qemu_board *board = owner_of(probe);
    guint32 pc;

    rig_qemu_power_notice(&board->power);
    (void)rig_qemu_board_take_lines(board, true);
    *view = (struct rig_board_view){
        .state = RIG_STATE_OFF, .n_boots = board->n_boots, .n_resets = board->n_resets};
    if (!rig_qemu_machine_is_on(board->machine))
        return true;
    if (!rig_qemu_machine_pc(board->machine, &pc, error))
        return false;
    if (!rig_probe_look_at_image(probe, view, error))
        return false;
    view->state = state_at(board, pc, view->has_image);
    return true;
}

static guint device_number(const char *device)
{
    return g_str_equal(device, "internal") ? 0 : 1;
}

static bool probe_read(struct rig_probe *probe, const char *device, guint32 offset, guint8 *into,
                       gsize n_bytes, GError **error)
{
    return rig_qemu_machine_read(owner_of(probe)->machine, device_number(device), offset, into, n_bytes,
                                 error);
}

static bool probe_program(struct rig_probe *probe, const char *device, guint32 offset, const guint8 *bytes,
                          gsize n_bytes, GError **error)
{
    return rig_qemu_machine_write(owner_of(probe)->machine, device_number(device), offset, bytes, n_bytes,
                                  error);
}

static bool probe_read_memory(struct rig_probe *probe, guint32 address, guint8 *into, gsize n_bytes,
                              GError **error)
{
    struct rig_qemu_machine *machine = owner_of(probe)->machine;

    return rig_qemu_machine_has_memory(machine, address, error) &&
           rig_qemu_machine_has_memory(machine, address + (guint32)n_bytes - 1, error) &&
           rig_qemu_machine_read_memory(machine, address, into, n_bytes, error);
}

static const struct rig_probe_ops ops = {
    .name = "qemu monitor",
    .reset = probe_reset,
    .view = probe_view,
    .read = probe_read,
    .program = probe_program,
    .halt = probe_halt,
    .resume = probe_resume,
    .reset_halt = probe_reset_halt,
    .read_memory = probe_read_memory,
};

void rig_qemu_probe_init(struct rig_qemu_probe *probe, struct rig_qemu_board *owner)
{
    *probe = (struct rig_qemu_probe){.probe = {.ops = &ops, .layout = &owner->board.layout}, .owner = owner};
}
