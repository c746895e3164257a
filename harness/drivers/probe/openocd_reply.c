/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parsers of openocd's answers. */
#include "drivers/probe/openocd_reply.h"

#include <string.h>

#define MAX_VERSION_PART 9999u
#define MAX_VOLTS 100u

bool rig_openocd_parse_result(const char *text, gint64 *code, const char **value)
{
    char *end = NULL;

    *code = g_ascii_strtoll(text, &end, 10);
    *value = end && *end == ' ' ? end + 1 : NULL;
    return end != text && *value;
}

bool rig_openocd_parse_bytes(const char *text, guint8 *into, gsize n_bytes)
{
    for (gsize i = 0; i < n_bytes; i++) {
        char *end = NULL;
        guint64 value = g_ascii_strtoull(text, &end, 0);

        if (end == text || value > 0xff)
            return false;
        into[i] = (guint8)value;
        text = end;
    }
    return text[strspn(text, " \r\n")] == '\0';
}

/* A bounded run of digits; *at goes behind it. */
static bool take_number(const char **at, guint max, guint *value)
{
    char *end = NULL;
    guint64 number;

    if (!g_ascii_isdigit(**at))
        return false;
    number = g_ascii_strtoull(*at, &end, 10);
    if (number > max)
        return false;
    *value = (guint)number;
    *at = end;
    return true;
}

bool rig_openocd_parse_version(const char *text, struct rig_openocd_version *version)
{
    static const char name[] = "Open On-Chip Debugger ";
    const char *at = strstr(text, name);

    *version = (struct rig_openocd_version){0};
    if (!at)
        return false;
    at += sizeof name - 1;
    if (!take_number(&at, MAX_VERSION_PART, &version->major) || *at++ != '.' ||
        !take_number(&at, MAX_VERSION_PART, &version->minor))
        return false;
    return *at != '.' || (at++, take_number(&at, MAX_VERSION_PART, &version->patch));
}

bool rig_openocd_version_will_do(const struct rig_openocd_version *version)
{
    return version->major > 0 || version->minor >= 12;
}

static guint32 word_at(const guint8 *bytes)
{
    return (guint32)bytes[0] | (guint32)bytes[1] << 8 | (guint32)bytes[2] << 16 | (guint32)bytes[3] << 24;
}

bool rig_openocd_stlink_voltage(const guint8 answer[8], guint *mv)
{
    guint64 reference = word_at(answer);
    guint64 half = word_at(answer + 4);

    if (reference == 0 || half * 2400 / reference > MAX_VOLTS * 1000)
        return false;
    *mv = (guint)(half * 2400 / reference);
    return true;
}

bool rig_openocd_parse_jlink_voltage(const char *text, guint *mv)
{
    static const char name[] = "VTarget = ";
    const char *at = strstr(text, name);
    guint volts, rest;

    if (!at)
        return false;
    at += sizeof name - 1;
    if (!take_number(&at, MAX_VOLTS, &volts) || *at++ != '.' || strspn(at, "0123456789") != 3 ||
        !take_number(&at, 999, &rest))
        return false;
    *mv = volts * 1000 + rest;
    return true;
}
