/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a line of a simulated board's control socket: what is read is written as a line that reads the
 * same, and what arms a cut of power is within its bounds. */
#include "drivers/sim/host.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    g_autoptr(JsonObject) request = rig_control_read((const char *)bytes, n_bytes, NULL);
    g_autoptr(JsonObject) again = NULL;
    g_autofree char *line = NULL;
    g_autofree char *same = NULL;
    struct sim_cut cut;

    if (!request)
        return 0;
    if (rig_sim_cut_parse(request, &cut)) {
        g_assert(memchr(cut.pattern, '\0', sizeof cut.pattern));
        g_assert(cut.delay_us <= 3600000000u && cut.operation <= G_MAXUINT32);
    }
    line = rig_control_write(request);
    g_assert(strchr(line, '\n') == line + strlen(line) - 1);
    again = rig_control_read(line, strlen(line) - 1, NULL);
    if (again) { /* escapes may make a line longer than a line may be */
        same = rig_control_write(again);
        g_assert_cmpstr(line, ==, same);
    }
    return 0;
}
