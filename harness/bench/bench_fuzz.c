/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a bench file: no crash; a refused file has a diagnostic, an accepted one has boards that can
 * be locked. */
#include "bench/bench.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct rig_source *source = rig_source_from_bytes("fuzz.yaml", bytes, n_bytes, NULL);
    struct rig_diagnostics diagnostics;
    struct rig_bench *bench;
    char *shown;

    if (!source)
        return 0;
    rig_diagnostics_init(&diagnostics);
    bench = rig_bench_from_source(source, &diagnostics);
    shown = rig_diagnostics_format(&diagnostics, false);
    g_assert(bench ? bench->boards->len > 0 && !*shown : *shown != '\0');
    for (guint i = 0; bench && i < bench->boards->len; i++)
        g_assert(((struct rig_bench_board *)bench->boards->pdata[i])->resources->len > 0);
    g_free(shown);
    rig_bench_free(bench);
    rig_diagnostics_clear(&diagnostics);
    return 0;
}
