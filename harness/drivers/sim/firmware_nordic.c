/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What Nordic's two bootloaders have in common on the simulated board: room, and how a set-up comes into the
 * flash. */
#include "drivers/sim/firmware.h"

#include "base/error.h"
#include "drivers/board/program_nordic.h"

#define MAX_MTU 247u /* NRF_SDH_BLE_GATT_MAX_MTU_SIZE: their packets hold 244 bytes */

/* The banks of the layout know their room. */
bool rig_sim_find_nordic_room(struct rig_layout *layout, const char *target,
                              const struct rig_options_spec *chosen, GError **error)
{
    const struct rig_nordic_layout *nordic = &layout->nordic;

    (void)chosen;
    if (layout->mtu > MAX_MTU) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                    "'mtu: %u' cannot be on target '%s': Nordic's bootloaders agree to %u at most",
                    layout->mtu, target, MAX_MTU);
        return false;
    }
    if (nordic->bank_0 + 2ull * nordic->page_bytes + nordic->app_data_bytes <= nordic->bootloader &&
        nordic->app_data_bytes % nordic->page_bytes == 0)
        return true;
    g_set_error(
        error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
        "target '%s': SoftDevice (0x%x bytes), whole pages of app-data (0x%x bytes) and an application "
        "do not fit below the bootloader at 0x%x",
        target, nordic->softdevice_bytes, nordic->app_data_bytes, nordic->bootloader);
    return false;
}

bool rig_sim_program_nordic(struct rig_sim *sim, const struct rig_board_setup *setup, GError **error)
{
    struct rig_probe *probe = &sim->probe.probe;

    if (!rig_board_program_nordic_base(probe, error) || !rig_board_program_nordic(probe, setup, error))
        return false;
    rig_layout_move_bank_1(&sim->board.layout, setup->n_images ? (guint32)setup->images[0].n_bytes : 0);
    return true;
}
