/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fuzz target: any bytes as a journal. What was read holds together. */
#include "report/model.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    g_autoptr(rig_results) results = rig_results_from_bytes(bytes, n_bytes);

    for (guint i = 0; i < results->cases->len; i++) {
        const struct rig_case_result *result = g_ptr_array_index(results->cases, i);

        g_assert(result->name && g_utf8_validate(result->name, -1, NULL));
    }
    return 0;
}
