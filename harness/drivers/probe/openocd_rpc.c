/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Talking to OpenOCD over its TCL interface. */
#include "drivers/probe/openocd_rpc.h"

#include "base/bytes.h"
#include "base/error.h"
#include "transport/process.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define FRAME_END '\x1a'
#define DEFAULT_START_MS 10000u
#define STOP_MS 300u
#define LOG_TAIL_BYTES 4096
#define MAX_VERSION_PART 9999u
#define MAX_VOLTS 100u

/* --- what answers mean --- */

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

bool rig_openocd_stlink_voltage(const guint8 answer[8], guint *mv)
{
    guint64 reference = rig_get_le32(answer);
    guint64 half = rig_get_le32(answer + 4);

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

/* --- the client --- */

struct rig_openocd {
    struct rig_openocd_config config;
    struct rig_process *process;   /* NULL: none started */
    struct rig_stream *connection; /* to a running server */
    guint session;
    long log_start; /* where this session's part of the log begins */
};

struct rig_openocd *rig_openocd_new(const struct rig_openocd_config *config)
{
    struct rig_openocd *openocd = g_new0(struct rig_openocd, 1);

    openocd->config = *config;
    return openocd;
}

bool rig_openocd_is_started(const struct rig_openocd *openocd)
{
    return openocd->process || openocd->connection;
}

guint rig_openocd_session(const struct rig_openocd *openocd)
{
    return rig_openocd_is_started(openocd) ? openocd->session : 0;
}

void rig_openocd_end(struct rig_openocd *openocd)
{
    if (openocd->process)
        rig_process_stop(openocd->process, STOP_MS);
    g_clear_pointer(&openocd->process, rig_process_free);
    g_clear_pointer(&openocd->connection, rig_stream_free);
}

void rig_openocd_free(struct rig_openocd *openocd)
{
    if (!openocd)
        return;
    rig_openocd_end(openocd);
    g_free(openocd);
}

static long log_size(const struct rig_openocd *openocd)
{
    FILE *file = openocd->config.log_path ? fopen(openocd->config.log_path, "re") : NULL;
    long size = 0;

    if (file && fseek(file, 0, SEEK_END) == 0)
        size = ftell(file);
    if (file)
        fclose(file);
    return size < 0 ? 0 : size;
}

static char *log_tail(const struct rig_openocd *openocd)
{
    FILE *file = openocd->config.log_path ? fopen(openocd->config.log_path, "re") : NULL;
    long size = log_size(openocd);
    long from = MAX(openocd->log_start, size - LOG_TAIL_BYTES);
    char *tail = g_malloc0(LOG_TAIL_BYTES + 1);

    if (file && fseek(file, from, SEEK_SET) == 0 && fread(tail, 1, LOG_TAIL_BYTES, file) == 0)
        tail[0] = '\0';
    if (file)
        fclose(file);
    return tail;
}

/* The last line that says "Error:", NULL: none. What else the log holds is for people. */
static char *last_error(const struct rig_openocd *openocd)
{
    g_autofree char *tail = log_tail(openocd);
    g_auto(GStrv) lines = g_strsplit(tail, "\n", -1);
    char *found = NULL;

    for (char **line = lines; *line; line++) {
        if (!g_str_has_prefix(*line, "Error:"))
            continue;
        g_free(found);
        found = g_strstrip(g_strdup(*line + strlen("Error:")));
    }
    return found;
}

static void set_error(const struct rig_openocd *openocd, GError **error, const char *what)
{
    g_autofree char *reason = last_error(openocd);
    const char *log = openocd->config.log_path;

    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "openocd: %s%s%s%s%s%s", what, reason ? ": " : "",
                reason ? reason : "", log ? " (its log: " : "", log ? log : "", log ? ")" : "");
}

static struct rig_stream *stream_of(const struct rig_openocd *openocd)
{
    return openocd->process ? rig_process_stream(openocd->process) : openocd->connection;
}

static bool start(struct rig_openocd *openocd, GError **error)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();

    g_ptr_array_add(argv, (gpointer)(openocd->config.program ? openocd->config.program : "openocd"));
    for (const char *const *argument = openocd->config.arguments; argument && *argument; argument++)
        g_ptr_array_add(argv, (gpointer)*argument);
    g_ptr_array_add(argv, (gpointer) "-c");
    g_ptr_array_add(argv, (gpointer) "gdb_port disabled; telnet_port disabled; tcl_port pipe");
    g_ptr_array_add(argv, NULL);
    openocd->log_start = log_size(openocd);
    openocd->process = rig_process_start((const char *const *)argv->pdata, openocd->config.log_path, error);
    if (!openocd->process)
        g_prefix_error(error, "openocd: install the package 'openocd': ");
    return openocd->process != NULL;
}

static bool reach(struct rig_openocd *openocd, GError **error)
{
    guint start_ms = openocd->config.start_ms ? openocd->config.start_ms : DEFAULT_START_MS;

    if (openocd->config.port == 0)
        return start(openocd, error);
    openocd->log_start = log_size(openocd);
    openocd->connection = rig_stream_connect_tcp(openocd->config.host ? openocd->config.host : "127.0.0.1",
                                                 openocd->config.port, start_ms, error);
    if (!openocd->connection)
        g_prefix_error(error, "openocd: ");
    return openocd->connection != NULL;
}

/* The wire is unusable after this: a late answer would be taken for the next command's. */
static void give_up(struct rig_openocd *openocd, GError **error, const char *command, const char *why)
{
    g_autofree char *what = NULL;
    g_autofree char *state = NULL;

    if (openocd->process && rig_process_is_alive(openocd->process))
        rig_process_stop(openocd->process, STOP_MS);
    state = openocd->process ? rig_process_describe(openocd->process) : g_strdup("was disconnected");
    what = g_strdup_printf("'%s': %s; it %s", command, why, state);
    set_error(openocd, error, what);
    rig_openocd_end(openocd);
}

static bool exchange(struct rig_openocd *openocd, guint timeout_ms, const char *command, GByteArray **answer,
                     GError **error)
{
    g_autofree char *frame =
        g_strdup_printf("format {%%d %%s} [catch {%s} rig_m] $rig_m%c", command, FRAME_END);
    g_autoptr(GError) cause = NULL;
    enum rig_stream_outcome outcome;

    if (!rig_stream_write(stream_of(openocd), frame, strlen(frame), timeout_ms, &cause)) {
        give_up(openocd, error, command, cause->message);
        return false;
    }
    outcome = rig_stream_read_frame(stream_of(openocd), FRAME_END, timeout_ms, answer);
    if (outcome != RIG_STREAM_FRAME)
        give_up(openocd, error, command, rig_stream_outcome_text(outcome));
    return outcome == RIG_STREAM_FRAME;
}

static bool run(struct rig_openocd *openocd, guint timeout_ms, const char *command, char **result,
                GError **error)
{
    g_autoptr(GByteArray) answer = NULL;
    const char *value;
    gint64 code;

    if (!exchange(openocd, timeout_ms, command, &answer, error))
        return false;
    if (!rig_openocd_parse_result((const char *)answer->data, &code, &value)) {
        give_up(openocd, error, command, "it answered with something else than a result");
        return false;
    }
    if (code != 0) {
        g_autofree char *what = g_strdup_printf("'%s' failed with code %d%s%.200s", command, (int)code,
                                                *value ? ": " : "", value);

        set_error(openocd, error, what);
        return false;
    }
    if (result)
        *result = g_strdup(value);
    return true;
}

/* greeting: "VERSION|TARGETS". */
static bool check_greeting(const struct rig_openocd *openocd, const char *greeting, GError **error)
{
    const char *targets = strchr(greeting, '|');
    struct rig_openocd_version version;
    g_autofree char *what = NULL;

    if (!targets || !rig_openocd_parse_version(greeting, &version))
        what = g_strdup_printf("what answers is no openocd: it calls itself '%.60s'", greeting);
    else if (!rig_openocd_version_will_do(&version))
        what = g_strdup_printf(
            "version %u.%u.%u is too old, 0.12.0 or a newer one is needed: install the package "
            "'openocd' of Debian 12 or a newer build, and put it first in PATH",
            version.major, version.minor, version.patch);
    else if (!targets[1])
        what = g_strdup("its configuration names no target: it needs a 'target create' line");
    if (what)
        set_error(openocd, error, what);
    return !what;
}

bool rig_openocd_ready(struct rig_openocd *openocd, GError **error)
{
    guint start_ms = openocd->config.start_ms ? openocd->config.start_ms : DEFAULT_START_MS;
    g_autofree char *greeting = NULL;

    if (rig_openocd_is_started(openocd))
        return true;
    if (!reach(openocd, error))
        return false;
    openocd->session++;
    if (run(openocd, start_ms, "format {%s|%s} [version] [target names]", &greeting, error) &&
        check_greeting(openocd, greeting, error))
        return true;
    rig_openocd_end(openocd);
    return false;
}

bool rig_openocd_command(struct rig_openocd *openocd, guint timeout_ms, char **result, GError **error,
                         const char *format, ...)
{
    g_autofree char *command = NULL;
    va_list arguments;

    va_start(arguments, format);
    command = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    return rig_openocd_ready(openocd, error) && run(openocd, timeout_ms, command, result, error);
}
