/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a scenario in the language that ships: all verbs, fields and board options. A refused file has
 * a diagnostic. */
#include "steps/verbs.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct rig_source *source = rig_source_from_bytes("fuzz.yaml", bytes, n_bytes, NULL);
    struct rig_diagnostics diagnostics;
    struct rig_scenario *scenario;
    char *shown;

    if (!source)
        return 0;
    rig_diagnostics_init(&diagnostics);
    scenario = rig_scenario_from_source(source, rig_language(), &diagnostics);
    shown = rig_diagnostics_format(&diagnostics, false);
    g_assert(scenario || *shown != '\0');
    g_assert(g_utf8_validate(shown, -1, NULL));
    g_free(shown);
    rig_scenario_free(scenario);
    rig_diagnostics_clear(&diagnostics);
    return 0;
}
