/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes from a PPK2: as calibration, then as samples in pieces of any size. Whatever comes out is counted
 * once. */
#include "drivers/power/ppk2.h"

#include <math.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void count(void *user, guint64 at_us, const struct rig_ppk2_sample *sample)
{
    guint64 *n = user;

    g_assert(sample->sequence < 64 && !isnan(sample->microamperes));
    g_assert(at_us % RIG_PPK2_SAMPLE_US == 0);
    ++*n;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct rig_ppk2_calibration calibration;
    struct rig_ppk2_stream stream = {0};
    guint64 n = 0;
    gsize piece = n_bytes ? bytes[0] % 7 + 1 : 1;

    rig_ppk2_read_metadata(bytes, n_bytes, &calibration);
    for (gsize at = 0; at < n_bytes; at += piece)
        rig_ppk2_feed(&stream, &calibration, 3000, bytes + at, MIN(piece, n_bytes - at), count, &n);
    g_assert(n + stream.n_bad + stream.n_lost == stream.n_samples);
    g_assert(n + stream.n_bad == n_bytes / RIG_PPK2_SAMPLE_BYTES);
    return 0;
}
