/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a PPK2 sends: its calibration as text, and 100000 samples a second. Decoding only, no I/O. */
#ifndef RIG_DRIVERS_POWER_PPK2_H
#define RIG_DRIVERS_POWER_PPK2_H

#include <glib.h>
#include <stdbool.h>

/* Formats and formula: [SRC NordicSemiconductor/pc-nrfconnect-ppk src/device/serialDevice.ts;
 * IRNAS/ppk2-api-python ppk2_api.py] */
#define RIG_PPK2_N_RANGES 5
#define RIG_PPK2_SAMPLE_US 10
#define RIG_PPK2_SAMPLE_BYTES 4
#define RIG_PPK2_MAX_METADATA_BYTES 8192

struct rig_ppk2_calibration {
    double r[RIG_PPK2_N_RANGES], gs[RIG_PPK2_N_RANGES], gi[RIG_PPK2_N_RANGES], o[RIG_PPK2_N_RANGES],
        s[RIG_PPK2_N_RANGES], i[RIG_PPK2_N_RANGES], ug[RIG_PPK2_N_RANGES];
    int mode; /* 1 ampere meter, 2 source; 0 = it did not say */
};

/* "key: value" lines up to a line END, anywhere in bytes that may begin with left-over samples. false: END
 * has not come, or nothing before it is metadata. Values that are no numbers (-nan) keep their default. */
bool rig_ppk2_read_metadata(const guint8 *bytes, gsize n_bytes, struct rig_ppk2_calibration *calibration);

struct rig_ppk2_sample {
    double microamperes; /* not smoothed: smoothing would move the cut */
    guint8 sequence;     /* modulo 64 */
    guint8 logic;        /* D0..D7 */
};
/* false: the bits name a range that does not exist. */
bool rig_ppk2_decode(const struct rig_ppk2_calibration *calibration, guint millivolts,
                     const guint8 bytes[RIG_PPK2_SAMPLE_BYTES], struct rig_ppk2_sample *sample);

/* The stream in pieces of any size; counts samples and those that were lost (by the sequence counter, so
 * modulo 64). */
struct rig_ppk2_stream {
    guint8 rest[RIG_PPK2_SAMPLE_BYTES];
    guint n_rest;
    bool begun;
    guint8 next_sequence;
    guint64 n_samples; /* lost ones included: the clock of the stream */
    guint64 n_lost;
    guint64 n_bad;
};
typedef void (*rig_ppk2_sink)(void *user, guint64 at_us, const struct rig_ppk2_sample *sample);
/* at_us given to the sink: since the first sample. */
void rig_ppk2_feed(struct rig_ppk2_stream *stream, const struct rig_ppk2_calibration *calibration,
                   guint millivolts, const guint8 *bytes, gsize n_bytes, rig_ppk2_sink sink, void *user);

#endif
