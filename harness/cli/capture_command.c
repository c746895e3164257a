/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `bootrig capture`: shows a Bluetooth capture decoded and explained; records one. */
#include "cli/cli.h"
#include "cli/signals.h"

#include "base/error.h"
#include "capture/capture.h"
#include "capture/reading.h"
#include "transport/process.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char description[] =
    "bootrig capture show FILE     one line for each packet, decoded from HCI up to mcumgr SMP, and below it "
    "what it\n"
    "                              means, where that is known. FILE is btsnoop (of a run, of btmon -w, or "
    "the Bluetooth\n"
    "                              HCI snoop log of an Android phone), pcap or pcapng on HCI (Wireshark), or "
    "a "
    "text log of\n"
    "                              nRF Connect.\n"
    "bootrig capture record FILE [-- COMMAND [ARGUMENT]...]\n"
    "                              records what goes through this host's adapters until the command ends, or "
    "Ctrl-C.\n"
    "                              Needs CAP_NET_RAW (root). Wireshark opens the file. It holds keys when "
    "devices pair.\n\n"
    "Examples:\n"
    "  bootrig capture show btsnoop_hci.log --filter att,sm --last 50\n"
    "  bootrig capture show run.btsnoop --explained\n"
    "  bootrig capture record run.btsnoop -- bluetoothctl connect C0:FF:EE:00:00:01\n\n"
    "Exit codes: 0 done, 2 bad usage, not permitted, no capture or one without a packet, or one that is "
    "damaged "
    "or ends\n"
    "inside a packet (what is before is shown); record: that of the command.";

struct wishes {
    char *filter;
    int n_last;
    gboolean explained;
    int adapter;
    guint layers;
};

/* --- show --- */

struct show {
    const struct wishes *wishes;
    GQueue lines; /* char *; only with --last */
    gint64 begin_us;
    bool begun;
};

static void show_line(void *user, const struct rig_capture_line *line)
{
    struct show *show = user;
    g_autoptr(GString) text = NULL;

    if (!show->begun)
        show->begin_us = line->unix_us;
    show->begun = true;
    if (show->wishes->explained && !line->explanation && line->layer != RIG_BLE_MARK)
        return;
    text = g_string_new(NULL);
    rig_capture_append(text, line, show->begin_us);
    if (show->wishes->n_last == 0) {
        fputs(text->str, stdout);
        return;
    }
    g_queue_push_tail(&show->lines, g_string_free(g_steal_pointer(&text), FALSE));
    if (show->lines.length > (guint)show->wishes->n_last)
        g_free(g_queue_pop_head(&show->lines));
}

static void show_totals(const struct rig_capture_totals *totals)
{
    printf("%" G_GUINT64_FORMAT " packets in %.3f s, %" G_GUINT64_FORMAT " lines, %" G_GUINT64_FORMAT
           " explained",
           totals->n_records, (double)(totals->last_us - totals->first_us) / 1e6, totals->n_lines,
           totals->n_explained);
    if (totals->n_drops)
        printf("; %u packets were lost while capturing", totals->n_drops);
    if (totals->n_left_out)
        printf("; %" G_GUINT64_FORMAT " were left out: %s is not read here", totals->n_left_out,
               totals->left_out);
    if (totals->n_unread)
        printf("; %" G_GUINT64_FORMAT " could not be made out", totals->n_unread);
    printf("\n");
}

static int show(const char *path, const struct wishes *wishes)
{
    struct show show = {.wishes = wishes, .lines = G_QUEUE_INIT};
    struct rig_capture_totals totals;
    GError *error = NULL;
    bool ok = rig_capture_read(path, wishes->layers, show_line, &show, &totals, &error);
    char *line;

    while ((line = g_queue_pop_head(&show.lines))) {
        fputs(line, stdout);
        g_free(line);
    }
    if (ok || totals.n_records)
        show_totals(&totals);
    if (ok && totals.cut) {
        g_set_error(&error, RIG_ERROR, RIG_ERROR_INPUT,
                    "capture %s ends inside packet %" G_GUINT64_FORMAT
                    ": it was cut, or is still being written; what is before was shown",
                    path, totals.n_records + 1);
        ok = false;
    } else if (ok && totals.n_unread && totals.n_unread == totals.n_records) {
        g_set_error(&error, RIG_ERROR, RIG_ERROR_INPUT, "capture %s holds no packet that could be made out",
                    path);
        ok = false;
    } else if (ok && totals.n_records == 0) {
        g_set_error(&error, RIG_ERROR, RIG_ERROR_INPUT, "capture %s holds no packet", path);
        ok = false;
    }
    if (ok && (fflush(stdout) != 0 || ferror(stdout))) {
        g_set_error_literal(&error, RIG_ERROR, RIG_ERROR_IO, "cannot write to standard output");
        ok = false;
    }
    return ok ? RIG_EXIT_PASSED : rig_cli_fail(error);
}

/* --- record --- */

struct recording {
    GMainLoop *loop;
    GPid child;
    int exit_code;
};

static gboolean stop(gpointer user)
{
    struct recording *recording = user;

    recording->exit_code = RIG_EXIT_PASSED;
    if (recording->child)
        kill(recording->child, SIGTERM);
    else
        g_main_loop_quit(recording->loop);
    return G_SOURCE_CONTINUE;
}

static void child_ended(GPid child, gint status, gpointer user)
{
    struct recording *recording = user;

    g_spawn_close_pid(child);
    recording->child = 0;
    recording->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    g_main_loop_quit(recording->loop);
}

static void settle_in(gpointer parent)
{
    rig_process_settle_in((pid_t)GPOINTER_TO_INT(parent));
}

static bool record_while(char **command, struct recording *recording, GError **error)
{
    guint signals[2];
    bool ok = true;

    rig_cli_signal_sources(stop, recording, signals);
    recording->loop = g_main_loop_new(NULL, FALSE);
    if (command) {
        ok = g_spawn_async(NULL, command, NULL,
                           G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_CHILD_INHERITS_STDIN,
                           settle_in, GINT_TO_POINTER(getpid()), &recording->child, error);
        if (ok)
            g_child_watch_add(recording->child, child_ended, recording);
    }
    if (ok)
        g_main_loop_run(recording->loop);
    for (gsize i = 0; i < G_N_ELEMENTS(signals); i++)
        if (signals[i])
            g_source_remove(signals[i]);
    g_main_loop_unref(recording->loop);
    return ok;
}

static int record(const char *path, char **command, const struct wishes *wishes)
{
    const struct rig_capture_options options = {.adapter = wishes->adapter};
    struct recording recording = {0};
    struct rig_capture_written written;
    GError *error = NULL, *stop_error = NULL;
    struct rig_capture *capture = rig_capture_start(path, &options, &error);
    bool ok;

    if (!capture)
        return rig_cli_fail(error);
    ok = record_while(command, &recording, &error);
    if (!rig_capture_stop(capture, &written, &stop_error)) {
        ok = false;
        if (error)
            g_error_free(stop_error);
        else
            error = stop_error;
    }
    if (!ok)
        return rig_cli_fail(error);
    fprintf(stderr, "%s: %" G_GUINT64_FORMAT " packets, %" G_GUINT64_FORMAT " lost\n", path,
            written.n_packets, written.n_dropped);
    return recording.exit_code;
}

/* --- usage --- */

static bool parse_filter(struct wishes *wishes)
{
    g_auto(GStrv) names = g_strsplit(wishes->filter ? wishes->filter : "", ",", -1);

    wishes->layers = wishes->filter ? 0 : RIG_CAPTURE_AIR_LAYERS;
    if (wishes->filter && !*names) {
        fprintf(stderr, "bootrig: --filter names no layer\n");
        return false;
    }
    for (char **name = names; *name; name++) {
        enum rig_ble_layer layer = 0;

        while (layer < RIG_BLE_N_LAYERS && !g_str_equal(*name, rig_ble_layer_name(layer)))
            layer++;
        if (layer == RIG_BLE_N_LAYERS) {
            fprintf(stderr,
                    "bootrig: there is no layer '%s'; there are hci, l2cap, sm, att, smp, dfu, mark, log\n",
                    *name);
            return false;
        }
        wishes->layers |= 1u << layer;
        if (layer == RIG_BLE_ATT) /* mcumgr SMP and Nordic DFU are ATT too */
            wishes->layers |= 1u << RIG_BLE_SMP | 1u << RIG_BLE_DFU;
    }
    return true;
}

static int refuse(const char *why)
{
    fprintf(stderr, "bootrig: %s; 'bootrig capture --help' tells what there is\n", why);
    return RIG_EXIT_ERROR;
}

static int dispatch(int argc, char **argv, char **command, struct wishes *wishes)
{
    if (argc == 3 && g_str_equal(argv[1], "show") && !command) {
        if (wishes->n_last < 0)
            return refuse("--last wants a number of lines");
        return parse_filter(wishes) ? show(argv[2], wishes) : RIG_EXIT_ERROR;
    }
    if (argc == 3 && g_str_equal(argv[1], "record"))
        return record(argv[2], command, wishes);
    return refuse("capture wants 'show FILE' or 'record FILE'");
}

/* What follows "--" is another program's business. Returns NULL when there is nothing. */
static char **split_command(int *argc, char **argv)
{
    for (int i = 1; i < *argc; i++) {
        if (!g_str_equal(argv[i], "--"))
            continue;
        *argc = i;
        argv[i] = NULL;
        return argv[i + 1] ? argv + i + 1 : NULL;
    }
    return NULL;
}

static gboolean parse_adapter(const char *option, const char *value, gpointer user, GError **error)
{
    struct wishes *wishes = user;
    guint64 number;

    if (g_str_has_prefix(value, "hci") &&
        g_ascii_string_to_unsigned(value + 3, 10, 0, 0xfffe, &number, NULL)) {
        wishes->adapter = (int)number;
        return TRUE;
    }
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s wants an adapter such as hci0, not '%s'",
                option, value);
    return FALSE;
}

int rig_cli_capture(int argc, char **argv)
{
    struct wishes wishes = {.adapter = -1};
    char *adapter = NULL;
    const GOptionEntry entries[] = {
        {"last", 'n', 0, G_OPTION_ARG_INT, &wishes.n_last, "show: only the last N lines", "N"},
        {"filter", 'f', 0, G_OPTION_ARG_STRING, &wishes.filter,
         "show: only these layers (hci, l2cap, sm, att, smp, dfu; log: what bluetoothd wrote meanwhile), and "
         "marks",
         "LAYER[,LAYER]..."},
        {"explained", 'e', 0, G_OPTION_ARG_NONE, &wishes.explained,
         "show: only what means something, and marks", NULL},
        {"adapter", 'a', 0, G_OPTION_ARG_STRING, &adapter, "record: only this adapter", "hciN"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    char **command = split_command(&argc, argv);
    GError *error = NULL;
    int exit_code;

    if (!rig_cli_parse(&argc, &argv, entries, "show FILE | record FILE [-- COMMAND [ARGUMENT]...]",
                       "Bluetooth captures: decoded, explained, recorded.", description, &exit_code))
        return exit_code;
    if (adapter && !parse_adapter("--adapter", adapter, &wishes, &error))
        exit_code = rig_cli_fail(error);
    else
        exit_code = dispatch(argc, argv, command, &wishes);
    g_free(adapter);
    g_free(wishes.filter);
    return exit_code;
}
