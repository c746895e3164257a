/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The probe of a machine in QEMU: its monitor. */
#include "drivers/qemu/state.h"

#include "drivers/probe/slot_view.h"

#include <string.h>

static struct rig_qemu_board *owner_of(struct rig_probe *probe)
{
    return ((struct rig_qemu_probe *)probe)->owner;
}

static bool probe_reset(struct rig_probe *probe, GError **error)
{
    struct rig_qemu_board *board = owner_of(probe);

    (void)rig_qemu_take_lines(board, true);
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

#define COMPARED_BYTES 1024u

static bool is_in_slot(const struct rig_qemu_board *board, guint index, guint32 pc)
{
    guint32 base = board->target->spec->qemu->address;
    struct rig_slot slot;

    return rig_layout_slot(&board->board.layout, index, &slot) && pc - base >= slot.device_offset &&
           pc - base - slot.device_offset < slot.n_bytes;
}

/* Whether what a slot holds lies in RAM, where its header says: its begin, since an application may use the
 * RAM behind its code. */
static bool is_loaded(struct rig_qemu_board *board, guint index)
{
    const struct rig_layout *layout = &board->board.layout;
    guint8 in_flash[COMPARED_BYTES], in_ram[COMPARED_BYTES];
    struct rig_image_header header;
    struct rig_slot slot;

    if (!rig_layout_slot(layout, index, &slot) ||
        !rig_qemu_machine_read(board->machine, slot.device_index, slot.device_offset, in_flash,
                               COMPARED_BYTES, NULL))
        return false;
    rig_image_header_decode(in_flash, &header);
    return header.load_address - layout->ram_start < layout->ram_bytes &&
           rig_qemu_machine_read_memory(board->machine, header.load_address, in_ram, COMPARED_BYTES, NULL) &&
           memcmp(in_flash, in_ram, COMPARED_BYTES) == 0;
}

/* By the place of the core: the slot whose image runs. */
static bool find_running(struct rig_qemu_board *board, guint32 pc, guint *slot)
{
    const struct rig_layout *layout = &board->board.layout;
    guint n_slots = rig_swap_mode_chooses_slot(layout->mode) ? 2 : 1;
    bool in_ram = rig_swap_mode_loads_ram(layout->mode);

    *slot = 0;
    if (in_ram && pc - layout->ram_start >= layout->ram_bytes)
        return false;
    for (guint i = 0; i < n_slots; i++)
        if (in_ram ? is_loaded(board, i) : is_in_slot(board, i, pc))
            return *slot = i, true;
    return false;
}

static enum rig_run_state state_of(const struct rig_qemu_board *board, bool runs, bool has_image)
{
    return board->halted ? RIG_STATE_HALTED
           : runs        ? RIG_STATE_RUNNING
           : has_image   ? RIG_STATE_BOOTING
                         : RIG_STATE_NO_IMAGE;
}

/* As with any probe: the place of the core tells a running application from a bootloader at work, and not a
 * hung one from a running one. */
static bool probe_view(struct rig_probe *probe, struct rig_board_view *view, GError **error)
{
    struct rig_qemu_board *board = owner_of(probe);
    guint32 pc;
    guint slot;
    bool runs;

    rig_qemu_notice_cut(board);
    (void)rig_qemu_take_lines(board, true);
    *view = (struct rig_board_view){
        .state = RIG_STATE_OFF, .n_boots = board->n_boots, .n_resets = board->n_resets};
    if (!rig_qemu_machine_is_on(board->machine))
        return true;
    if (!rig_qemu_machine_pc(board->machine, &pc, error))
        return false;
    runs = find_running(board, pc, &slot);
    if (!rig_probe_look_at_image(probe, slot, view, error))
        return false;
    view->state = state_of(board, runs, view->has_image);
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

static const struct rig_probe_ops probe_ops = {
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

void rig_qemu_init_probe(struct rig_qemu_board *owner)
{
    owner->probe =
        (struct rig_qemu_probe){.probe = {.ops = &probe_ops, .layout = &owner->board.layout}, .owner = owner};
}
