/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hostile answers of an openocd: every parser comes to an end within the text, and what it accepts is what it
 * says.
 */
#include "drivers/probe/openocd_rpc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAX_READ_BYTES 64u

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void check_bytes(const char *text)
{
    guint8 into[MAX_READ_BYTES + 1];
    guint n_accepted = 0;

    for (guint n = 1; n <= MAX_READ_BYTES; n++) {
        into[n] = 0xa5;
        n_accepted += rig_openocd_parse_bytes(text, into, n);
        if (into[n] != 0xa5)
            abort();
    }
    /* A text has one length. */
    if (n_accepted > 1)
        abort();
}

static void check_result(const char *text)
{
    const char *value = NULL;
    gint64 code;

    if (rig_openocd_parse_result(text, &code, &value) && (value <= text || value > text + strlen(text)))
        abort();
}

static void check_version(const char *text)
{
    struct rig_openocd_version version;

    if (rig_openocd_parse_version(text, &version) &&
        (version.major > 9999 || version.minor > 9999 || version.patch > 9999))
        abort();
    if (rig_openocd_version_will_do(&version) && version.major == 0 && version.minor < 12)
        abort();
}

static void check_voltage(const char *text, const uint8_t *bytes, size_t n_bytes)
{
    guint mv = 0;

    if (rig_openocd_parse_jlink_voltage(text, &mv) && mv >= 101000)
        abort();
    if (n_bytes >= 8 && rig_openocd_stlink_voltage(bytes, &mv) && mv > 100000)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    char *text = malloc(n_bytes + 1);

    if (!text)
        abort();
    memcpy(text, bytes, n_bytes);
    text[n_bytes] = '\0';
    check_result(text);
    check_bytes(text);
    check_version(text);
    check_voltage(text, bytes, n_bytes);
    free(text);
    return 0;
}
