/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Metadata text and samples of a PPK2. */
#include "drivers/power/ppk2_stream.h"

#include "base/bytes.h"

#include <math.h>
#include <string.h>

#define ADC_UNIT (1.8 / 163840)
#define MAX_NUMBER_CHARACTERS 40
#define MIN_RESISTOR_OHM 1e-6 /* it is divided by */

static void set_defaults(struct rig_ppk2_calibration *calibration)
{
    static const double resistors[RIG_PPK2_N_RANGES] = {1031.64, 101.65, 10.15, 0.94, 0.043};

    *calibration = (struct rig_ppk2_calibration){0};
    for (guint k = 0; k < RIG_PPK2_N_RANGES; k++) {
        calibration->r[k] = resistors[k];
        calibration->gs[k] = calibration->gi[k] = calibration->ug[k] = 1;
    }
}

/* false: no number, or one that calibration cannot be. */
static bool read_number(const char *at, const char *end, double *number)
{
    char text[MAX_NUMBER_CHARACTERS + 1];
    gsize n = (gsize)(end - at);
    char *stop;

    if (n > MAX_NUMBER_CHARACTERS)
        return false;
    memcpy(text, at, n);
    text[n] = '\0';
    g_strstrip(text);
    *number = g_ascii_strtod(text, &stop);
    return *text && !*stop && isfinite(*number) && fabs(*number) < 1e12;
}

static bool read_coefficient(struct rig_ppk2_calibration *calibration, const char *key, gsize n_key,
                             double number)
{
    const struct {
        const char *name;
        double *values;
    } families[] = {{"GS", calibration->gs}, {"GI", calibration->gi}, {"UG", calibration->ug},
                    {"R", calibration->r},   {"O", calibration->o},   {"S", calibration->s},
                    {"I", calibration->i}};
    guint digit = n_key > 1 ? (guint)(key[n_key - 1] - '0') : RIG_PPK2_N_RANGES;

    if (digit >= RIG_PPK2_N_RANGES)
        return false;
    for (guint k = 0; k < G_N_ELEMENTS(families); k++) {
        if (strlen(families[k].name) != n_key - 1 || memcmp(families[k].name, key, n_key - 1) != 0)
            continue;
        if (families[k].values != calibration->r || number > MIN_RESISTOR_OHM)
            families[k].values[digit] = number;
        return true;
    }
    return false;
}

/* "R0: 1031.64". The key is looked for at the end of what is before the colon: samples may stand before the
 * first line. */
static bool read_line(struct rig_ppk2_calibration *calibration, const char *line, const char *end)
{
    const char *colon = memchr(line, ':', (gsize)(end - line));
    const char *key = colon;
    double number = 0;
    bool has_number = colon && read_number(colon + 1, end, &number);
    gsize n_key;

    while (key && key > line && g_ascii_isalnum(key[-1]))
        key--;
    n_key = colon ? (gsize)(colon - key) : 0;
    if (n_key == 0)
        return false;
    if (n_key == 4 && memcmp(key, "mode", 4) == 0) {
        calibration->mode = has_number && (number == 1 || number == 2) ? (int)number : 0;
        return true;
    }
    return has_number ? read_coefficient(calibration, key, n_key, number)
                      : n_key == 10 && memcmp(key, "Calibrated", 10) == 0;
}

bool rig_ppk2_read_metadata(const guint8 *bytes, gsize n_bytes, struct rig_ppk2_calibration *calibration)
{
    const char *at = (const char *)bytes;
    const char *end = at + n_bytes;
    guint n_known = 0;

    set_defaults(calibration);
    while (at < end) {
        const char *stop = memchr(at, '\n', (gsize)(end - at));

        if (!stop)
            break;
        if (stop - at >= 3 && memcmp(at, "END", 3) == 0)
            return n_known > 0;
        n_known += read_line(calibration, at, stop > at && stop[-1] == '\r' ? stop - 1 : stop);
        at = stop + 1;
    }
    /* The firmware ends with END and no line break. */
    return n_known > 0 && end - at == 3 && memcmp(at, "END", 3) == 0;
}

bool rig_ppk2_decode(const struct rig_ppk2_calibration *calibration, guint millivolts,
                     const guint8 bytes[RIG_PPK2_SAMPLE_BYTES], struct rig_ppk2_sample *sample)
{
    guint32 word = rig_get_le32(bytes);
    guint range = word >> 14 & 7;
    double adc = (word & 0x3fff) * 4;
    double g;

    sample->sequence = word >> 18 & 0x3f;
    sample->logic = (guint8)(word >> 24);
    sample->microamperes = 0;
    if (range >= RIG_PPK2_N_RANGES)
        return false;
    g = (adc - calibration->o[range]) * (ADC_UNIT / calibration->r[range]);
    sample->microamperes = 1e6 * calibration->ug[range] *
                           (g * (calibration->gs[range] * g + calibration->gi[range]) +
                            (calibration->s[range] * (millivolts / 1000.0) + calibration->i[range]));
    return true;
}

static void take_sample(struct rig_ppk2_stream *stream, const struct rig_ppk2_calibration *calibration,
                        guint millivolts, rig_ppk2_sink sink, void *user)
{
    struct rig_ppk2_sample sample;
    bool good = rig_ppk2_decode(calibration, millivolts, stream->rest, &sample);

    if (stream->begun) {
        guint n_lost = (guint)(sample.sequence - stream->next_sequence) & 0x3f;

        stream->n_lost += n_lost;
        stream->n_samples += n_lost;
    }
    stream->begun = true;
    stream->next_sequence = (sample.sequence + 1) & 0x3f;
    if (good)
        sink(user, stream->n_samples * RIG_PPK2_SAMPLE_US, &sample);
    else
        stream->n_bad++;
    stream->n_samples++;
}

void rig_ppk2_feed(struct rig_ppk2_stream *stream, const struct rig_ppk2_calibration *calibration,
                   guint millivolts, const guint8 *bytes, gsize n_bytes, rig_ppk2_sink sink, void *user)
{
    for (gsize k = 0; k < n_bytes; k++) {
        stream->rest[stream->n_rest++] = bytes[k];
        if (stream->n_rest < RIG_PPK2_SAMPLE_BYTES)
            continue;
        stream->n_rest = 0;
        take_sample(stream, calibration, millivolts, sink, user);
    }
}
