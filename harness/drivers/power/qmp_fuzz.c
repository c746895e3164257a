/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a line of QMP: no crash, and an answer has what its kind promises. */
#include "drivers/power/qmp.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct rig_qmp_line line;

    rig_qmp_line_read((const char *)bytes, n_bytes, &line);
    g_assert(line.kind != RIG_QMP_RETURN || line.value);
    g_assert(line.kind != RIG_QMP_EVENT || line.text);
    g_assert(line.kind != RIG_QMP_BAD || (!line.value && !line.text));
    rig_qmp_line_clear(&line);
    return 0;
}
