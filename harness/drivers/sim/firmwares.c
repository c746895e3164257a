/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of firmwares: a line each. */
#include "drivers/sim/firmware.h"

#include "base/error.h"
#include "sim/firmware/example/example.h"

/* The worked example has no options, no images and no protocol. */
const struct rig_sim_firmware rig_sim_example = {.firmware = &sim_example};

const struct rig_sim_firmware *const rig_sim_firmwares[] = {
    &rig_sim_mcuboot, &rig_sim_secure, &rig_sim_legacy, &rig_sim_example, NULL,
};

const struct rig_sim_firmware *rig_sim_firmware_of(const struct rig_target *target, GError **error)
{
    const char *wanted = target->spec->runs;
    g_autoptr(GString) names = g_string_new(NULL);

    for (guint i = 0; rig_sim_firmwares[i]; i++) {
        const char *name = rig_sim_firmwares[i]->firmware->name;

        if (g_str_equal(name, wanted))
            return rig_sim_firmwares[i];
        g_string_append_printf(names, "%s%s", i ? ", " : "", name);
    }
    g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "target '%s': there is no firmware '%s'; there are: %s",
                target->name, wanted, names->str);
    return NULL;
}
