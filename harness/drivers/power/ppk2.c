/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nordic PPK2 as the supply: no command is acknowledged, so the current tells what happened. */
#include "drivers/power/driver.h"

#include "base/bytes.h"
#include "base/error.h"
#include "drivers/power/ppk2.h"
#include "transport/serial.h"

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

#define VENDOR 0x1915
#define PRODUCT 0xc00a
#define BAUD 115200 /* irrelevant to the device */
#define TIMEOUT_MS 1000
#define QUIET_MS 30
#define DRAIN_MS 2000
#define METADATA_MS 3000
#define STREAM_MS 1000 /* from the command until the first sample */
#define LEAD_MS 50     /* the stream starts so long before a cut, so that its beginning does not delay it */
#define BEFORE_US 5000 /* of current that is looked at before the cut */
#define DEAD_US 1000   /* so long the current must stay low */
#define DEATH_MS 2000  /* from the cut until the current must have fallen */
#define MAX_INTERFACES 4

/* [SRC pc-nrfconnect-ppk src/constants.ts] */
enum command {
    COMMAND_START = 0x06,
    COMMAND_STOP = 0x07,
    COMMAND_SWITCH = 0x0c,
    COMMAND_REGULATOR = 0x0d,
    COMMAND_MODE = 0x11,
    COMMAND_METADATA = 0x19,
};
#define MODE_SOURCE 2

struct ppk2 {
    struct rig_channel channel;
    struct rig_serial *serial;
    struct rig_ppk2_calibration calibration;
    guint millivolts;
    double dead_below_ua;
};

/* One observation of a cut, in the stream's time. */
struct death {
    double dead_below_ua;
    bool cut;         /* the command has gone out */
    double before_ua; /* mean before the cut */
    guint64 n_before;
    bool low;
    guint64 low_since_us;
    guint64 now_us;
    double last_ua;
};

static bool is_ppk2(const struct rig_usb_description *device)
{
    return device->vendor == VENDOR && device->product == PRODUCT;
}

static bool send_bytes(struct ppk2 *ppk2, const guint8 *bytes, gsize n_bytes, GError **error)
{
    return rig_serial_write(ppk2->serial, bytes, n_bytes, TIMEOUT_MS, error);
}

static bool stop_stream(struct ppk2 *ppk2, GError **error)
{
    const guint8 stop = COMMAND_STOP;

    return send_bytes(ppk2, &stop, 1, error) && rig_serial_drain(ppk2->serial, QUIET_MS, DRAIN_MS, error);
}

static bool read_calibration(struct ppk2 *ppk2, GError **error)
{
    const guint8 ask = COMMAND_METADATA;
    gint64 until_us = g_get_monotonic_time() + METADATA_MS * 1000;
    guint8 *bytes = g_malloc(RIG_PPK2_MAX_METADATA_BYTES);
    gsize n_bytes = 0;
    bool ok = send_bytes(ppk2, &ask, 1, error);
    bool complete = false;

    while (ok && !complete && n_bytes < RIG_PPK2_MAX_METADATA_BYTES && g_get_monotonic_time() < until_us) {
        gsize n = 0;

        ok = rig_serial_read(ppk2->serial, bytes + n_bytes, RIG_PPK2_MAX_METADATA_BYTES - n_bytes, TIMEOUT_MS,
                             &n, error);
        n_bytes += n;
        complete = ok && rig_ppk2_read_metadata(bytes, n_bytes, &ppk2->calibration);
    }
    g_free(bytes);
    if (ok && !complete)
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "serial port %s: %s", rig_serial_path(ppk2->serial),
                    n_bytes ? "what answers there is not a PPK2" : "the PPK2 does not answer");
    return ok && complete;
}

/* The order that works [SRC ppk2-api-python]: stop, drain, metadata, mode, voltage. It may still stream from
 * a program that died. */
static bool set_up(struct ppk2 *ppk2, GError **error)
{
    const guint8 mode[] = {COMMAND_MODE, MODE_SOURCE};
    const guint8 regulator[] = {COMMAND_REGULATOR, (guint8)(ppk2->millivolts >> 8), (guint8)ppk2->millivolts};

    return stop_stream(ppk2, error) && read_calibration(ppk2, error) &&
           send_bytes(ppk2, mode, sizeof mode, error) && send_bytes(ppk2, regulator, sizeof regulator, error);
}

static bool ppk2_write(struct rig_channel *channel, bool on, GError **error)
{
    struct ppk2 *ppk2 = (struct ppk2 *)channel;
    const guint8 regulator[] = {COMMAND_REGULATOR, (guint8)(ppk2->millivolts >> 8), (guint8)ppk2->millivolts};
    const guint8 command[] = {COMMAND_SWITCH, on};

    /* The voltage again: nobody acknowledged the first one, and switching on at an unknown voltage can
     * destroy a board. */
    return (!on || send_bytes(ppk2, regulator, sizeof regulator, error)) &&
           send_bytes(ppk2, command, sizeof command, error);
}

static void watch(void *user, guint64 at_us, const struct rig_ppk2_sample *sample)
{
    struct death *death = user;

    death->now_us = at_us;
    death->last_ua = sample->microamperes;
    if (!death->cut) {
        death->before_ua += (sample->microamperes - death->before_ua) / (double)++death->n_before;
        return;
    }
    if (sample->microamperes >= death->dead_below_ua)
        death->low = false;
    else if (!death->low) {
        death->low = true;
        death->low_since_us = at_us;
    }
}

struct observation {
    struct rig_ppk2_stream stream;
    struct death death;
    gint64 zero_us; /* host clock at the stream's beginning: the least delayed piece tells it best */
};

static bool observe(struct ppk2 *ppk2, struct observation *observation, bool *came, GError **error)
{
    guint8 bytes[4096];
    gint64 zero_us;
    gsize n = 0;

    if (!rig_serial_read(ppk2->serial, bytes, sizeof bytes, STREAM_MS, &n, error))
        return false;
    *came = n > 0;
    rig_ppk2_feed(&observation->stream, &ppk2->calibration, ppk2->millivolts, bytes, n, watch,
                  &observation->death);
    zero_us = g_get_monotonic_time() - (gint64)(observation->stream.n_samples * RIG_PPK2_SAMPLE_US);
    if (n > 0 && (observation->zero_us == 0 || zero_us < observation->zero_us))
        observation->zero_us = zero_us;
    return true;
}

/* Until there is a picture of the current before the cut, and until its time has come. */
static bool observe_before(struct ppk2 *ppk2, gint64 at_us, struct observation *observation, GError **error)
{
    const guint8 start = COMMAND_START;
    bool came = true;

    if (!send_bytes(ppk2, &start, 1, error))
        return false;
    while (came &&
           (observation->death.n_before < BEFORE_US / RIG_PPK2_SAMPLE_US || g_get_monotonic_time() < at_us))
        if (!observe(ppk2, observation, &came, error))
            return false;
    if (!came)
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "serial port %s: the PPK2 sends no samples",
                    rig_serial_path(ppk2->serial));
    return came;
}

static bool observe_death(struct ppk2 *ppk2, struct observation *observation, GError **error)
{
    gint64 until_us = g_get_monotonic_time() + DEATH_MS * 1000;
    struct death *death = &observation->death;
    bool came = true;

    while (came && !(death->low && death->now_us - death->low_since_us >= DEAD_US)) {
        if (g_get_monotonic_time() > until_us) {
            g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE,
                        "serial port %s: the PPK2 was switched off and still %.1f uA flow",
                        rig_serial_path(ppk2->serial), death->last_ua);
            return false;
        }
        if (!observe(ppk2, observation, &came, error))
            return false;
    }
    if (!came)
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "serial port %s: the stream of samples ended",
                    rig_serial_path(ppk2->serial));
    return came;
}

static bool ppk2_off_with_proof(struct rig_channel *channel, gint64 at_us, struct rig_cut_record *record,
                                GError **error)
{
    struct ppk2 *ppk2 = (struct ppk2 *)channel;
    struct observation observation = {.death = {.dead_below_ua = ppk2->dead_below_ua}};
    g_autoptr(GError) failure = NULL;
    bool seen = observe_before(ppk2, at_us, &observation, &failure);
    gint64 sent_us = g_get_monotonic_time();
    bool off;

    observation.death.cut = true;
    /* Off comes before evidence: a stream that fails must not leave the board alive. */
    off = ppk2_write(channel, false, seen ? &failure : NULL);
    seen = seen && off && observe_death(ppk2, &observation, &failure);
    if (!stop_stream(ppk2, seen ? &failure : NULL))
        seen = false;
    if (!seen) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    /* The two clocks are matched by pieces that come late; nothing falls before it was told to. */
    record->at_us = (guint64)MAX(sent_us, observation.zero_us + (gint64)observation.death.low_since_us);
    /* Where no current flowed before, its absence proves nothing. */
    if (observation.death.before_ua >= ppk2->dead_below_ua)
        g_snprintf(record->proof, sizeof record->proof, "ppk2: current fell from %.0f uA to %.1f uA",
                   observation.death.before_ua, observation.death.last_ua);
    return true;
}

static bool ppk2_is_gone(struct rig_channel *channel)
{
    return rig_serial_is_gone(((struct ppk2 *)channel)->serial);
}

static void ppk2_free(struct rig_channel *channel)
{
    rig_serial_free(((struct ppk2 *)channel)->serial);
    g_free(channel);
}

static const struct rig_channel_ops ops = {.name = "ppk2",
                                           .n_tries = 1,
                                           .write = ppk2_write,
                                           .write_off_with_proof = ppk2_off_with_proof,
                                           .lead_ms = LEAD_MS,
                                           .is_gone = ppk2_is_gone,
                                           .free = ppk2_free};

/* The first tty below an interface of the device: ".../1-1.4:1.1/tty/ttyACM0" -> "/dev/ttyACM0". */
static char *tty_of_interface(const struct rig_power_host *host, const char *port, guint interface)
{
    g_autofree char *name = g_strdup_printf("%s:1.%u", port, interface);
    g_autofree char *folder = g_build_filename(host->sysfs, "bus", "usb", "devices", name, "tty", NULL);
    g_autoptr(GDir) entries = g_dir_open(folder, 0, NULL);
    const char *tty = entries ? g_dir_read_name(entries) : NULL;

    return tty ? g_build_filename(host->dev, tty, NULL) : NULL;
}

/* Interface 1 is the one that the Python library takes; firmware with one port only has it elsewhere. */
static char *find_tty(struct rig_power_host *host, const char *serial, GError **error)
{
    static const guint order[MAX_INTERFACES] = {1, 0, 2, 3};
    const struct rig_usb_match match = {.what = "a PPK2", .serial = serial, .accepts = is_ppk2};
    struct rig_usb_description *device = rig_power_find_usb(host, &match, error);
    char *tty = NULL;

    for (guint k = 0; device && !tty && k < MAX_INTERFACES; k++)
        tty = tty_of_interface(host, device->port, order[k]);
    if (device && !tty)
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE,
                    "the PPK2 at USB port %s has no serial port; is the cdc_acm kernel module there?",
                    device->port);
    rig_usb_description_free(device);
    return tty;
}

static struct rig_power *ppk2_open(struct rig_power_host *host, const struct rig_record *arguments,
                                   GError **error)
{
    const struct rig_ppk2_spec *spec = RIG_STRUCT(arguments, struct rig_ppk2_spec);
    g_autofree char *tty = spec->tty ? g_strdup(spec->tty) : find_tty(host, spec->serial, error);
    g_autoptr(rig_serial) serial = tty ? rig_serial_open(tty, BAUD, error) : NULL;
    g_autofree char *device = NULL;
    struct ppk2 *ppk2;

    if (!serial)
        return NULL;
    ppk2 = g_new0(struct ppk2, 1);
    ppk2->serial = g_steal_pointer(&serial);
    ppk2->millivolts = spec->millivolts;
    ppk2->dead_below_ua = (double)spec->dead_below;
    device = rig_serial_device(tty);
    rig_channel_init(&ppk2->channel, &ops, g_strdup_printf("PPK2 at %s, %u mV", tty, ppk2->millivolts),
                     g_strdup_printf("serial-port %s", device));
    if (set_up(ppk2, error))
        return &ppk2->channel.power;
    rig_power_free(&ppk2->channel.power);
    return NULL;
}

static struct rig_power_found *describe(struct rig_usb_bus *bus, const struct rig_usb_description *device)
{
    struct rig_power_found *one = g_new0(struct rig_power_found, 1);
    const char *serial = device->serial;

    (void)bus;
    one->what = g_strdup_printf("PPK2 %s at USB port %s", serial ? serial : "without serial", device->port);
    one->entry = g_strdup_printf("{ppk2: {serial: %s, millivolts: 3000}}", serial ? serial : "?");
    return one;
}

static bool ppk2_list(struct rig_power_host *host, GPtrArray *found, GError **error)
{
    const struct rig_usb_match match = {.what = "a PPK2", .accepts = is_ppk2};

    return rig_power_list_usb(host, &match, describe, found, error);
}

const struct rig_power_driver rig_power_ppk2 = {.name = "ppk2", .open = ppk2_open, .list = ppk2_list};
