/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Probe role: what a debug probe would find on the simulated board. */
#include "drivers/sim/sim_driver.h"

#include "base/error.h"

#include <string.h>

static struct rig_sim *sim_of(struct rig_probe *probe)
{
    return ((struct rig_sim_probe *)probe)->sim;
}

static bool need_power(const struct rig_sim *sim, const char *what, GError **error)
{
    if (sim_board_powered(sim->sim))
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE,
                "cannot %s a board without power: put 'power-on:' before it", what);
    return false;
}

static bool need_debug(const struct rig_sim *sim, const char *what, GError **error)
{
    if (sim->debug)
        return need_power(sim, what, error);
    g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                "target '%s' has no debug port: its internal flash is not made of whole 4 KiB pages",
                sim->target->name);
    return false;
}

static bool sim_probe_reset(struct rig_probe *probe, GError **error)
{
    struct rig_sim *sim = sim_of(probe);

    if (!need_power(sim, "reset", error))
        return false;
    if (sim->debug)
        sim_debug_reset(sim->debug, false);
    else
        sim_board_reset(sim->sim);
    return true;
}

static bool sim_probe_reset_halt(struct rig_probe *probe, GError **error)
{
    struct rig_sim *sim = sim_of(probe);

    if (!need_debug(sim, "reset", error))
        return false;
    sim_debug_reset(sim->debug, true);
    return true;
}

static bool sim_probe_halt(struct rig_probe *probe, GError **error)
{
    struct rig_sim *sim = sim_of(probe);

    if (!need_debug(sim, "halt", error))
        return false;
    sim_debug_halt(sim->debug);
    return true;
}

static bool sim_probe_resume(struct rig_probe *probe, GError **error)
{
    struct rig_sim *sim = sim_of(probe);

    if (!need_debug(sim, "resume", error))
        return false;
    sim_debug_resume(sim->debug);
    return true;
}

static bool sim_probe_read_memory(struct rig_probe *probe, guint32 address, guint8 *into, gsize n_bytes,
                                  GError **error)
{
    struct rig_sim *sim = sim_of(probe);
    guint32 stopped_at = address;

    if (!need_debug(sim, "read memory of", error))
        return false;
    if (sim_debug_read(sim->debug, address, 1, into, n_bytes, &stopped_at) == SIM_DEBUG_OK)
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "cannot read memory at 0x%x: nothing is there",
                stopped_at);
    return false;
}

static bool sim_probe_view(struct rig_probe *probe, struct rig_board_view *view, GError **error)
{
    static const enum rig_run_state states[] = {
        [SIM_BOARD_OFF] = RIG_STATE_OFF,           [SIM_BOARD_BOOTING] = RIG_STATE_BOOTING,
        [SIM_BOARD_RUNNING] = RIG_STATE_RUNNING,   [SIM_BOARD_HUNG] = RIG_STATE_HUNG,
        [SIM_BOARD_NO_IMAGE] = RIG_STATE_NO_IMAGE,
    };
    struct sim_board_view seen = sim_board_view(sim_of(probe)->sim);

    (void)error;
    *view = (struct rig_board_view){
        .state = states[seen.state],
        .n_boots = seen.n_boots,
        .n_resets = seen.n_resets,
        .has_image = seen.image.has_image,
        .version = seen.image.version,
        .confirmed = seen.image.confirmed,
    };
    memcpy(view->hash, seen.image.hash, sizeof view->hash);
    if (view->state != RIG_STATE_OFF && sim_of(probe)->debug && sim_debug_stopped(sim_of(probe)->debug))
        view->state = RIG_STATE_HALTED;
    return true;
}

static bool device_index(const struct rig_sim *sim, const char *device, guint *index, GError **error)
{
    for (*index = 0; *index < sim->config.n_devices; ++*index)
        if (g_str_equal(sim->config.devices[*index].name, device))
            return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "this board has no flash device '%s'", device);
    return false;
}

static bool check(enum sim_status status, const char *what, const char *device, guint32 offset,
                  GError **error)
{
    if (status == SIM_OK)
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "cannot %s %s flash at 0x%x: %s", what, device, offset,
                sim_status_text(status));
    return false;
}

static bool sim_probe_read(struct rig_probe *probe, const char *device, guint32 offset, guint8 *into,
                           gsize n_bytes, GError **error)
{
    struct rig_sim *sim = sim_of(probe);
    guint index;

    return device_index(sim, device, &index, error) &&
           check(sim_flash_peek(sim_board_flash(sim->sim), index, offset, into, n_bytes), "read", device,
                 offset, error);
}

static bool sim_probe_program(struct rig_probe *probe, const char *device, guint32 offset,
                              const guint8 *bytes, gsize n_bytes, GError **error)
{
    struct rig_sim *sim = sim_of(probe);
    guint index;

    return device_index(sim, device, &index, error) &&
           check(sim_flash_poke(sim_board_flash(sim->sim), index, offset, bytes, n_bytes), "program", device,
                 offset, error);
}

static const struct rig_probe_ops ops = {
    .name = "simulated",
    .reset = sim_probe_reset,
    .view = sim_probe_view,
    .read = sim_probe_read,
    .program = sim_probe_program,
    .halt = sim_probe_halt,
    .resume = sim_probe_resume,
    .reset_halt = sim_probe_reset_halt,
    .read_memory = sim_probe_read_memory,
};

void rig_sim_probe_init(struct rig_sim_probe *probe, struct rig_sim *sim)
{
    *probe = (struct rig_sim_probe){.probe = {.ops = &ops, .layout = &sim->board.layout}, .sim = sim};
}
