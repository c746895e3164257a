/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a line of a simulated board's control socket, as far as it arms a cut of power. */
#include "drivers/sim/host.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    g_autofree char *line = g_strndup((const char *)bytes, n_bytes);
    g_auto(GStrv) words = g_strsplit(line, " ", -1);
    struct sim_cut cut;

    if (rig_sim_cut_parse(words, &cut)) {
        g_assert(memchr(cut.pattern, '\0', sizeof cut.pattern));
        g_assert(cut.delay_us <= 3600000000u && cut.operation <= G_MAXUINT32);
    }
    return 0;
}
