/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `bootrig power`: supplies of a bench by hand. */
#include "base/error.h"
#include "cli/bench_common.h"
#include "drivers/power/driver.h"

#include <stdio.h>
#include <string.h>

struct power_options {
    char *bench;
    int off_ms;
    int wait_s;
    gboolean times;
};

static bool note_keeping(const struct rig_bench_board *board)
{
    for (gsize i = 0; i < rig_n_power_drivers; i++)
        if (strcmp(rig_power_drivers[i]->name, board->power_driver->name) == 0)
            return rig_power_drivers[i]->keeps_state;
    return true;
}

static void print_state(const struct rig_bench_board *board, struct rig_power *power, bool on,
                        const char *more)
{
    printf("%s: %s%s%s (%s)\n", board->name, on ? "on" : "off", *more ? ", " : "", more,
           rig_channel_name(power));
}

static bool switch_on(const struct rig_bench_board *board, struct rig_power *power, GError **error)
{
    if (!power->ops->set(power, true, error))
        return false;
    print_state(board, power, true, "");
    if (!note_keeping(board))
        fprintf(stderr,
                "bootrig: board '%s': whether this supply stays on when its serial port is closed is up to "
                "its firmware\n",
                board->name);
    return true;
}

static bool switch_off(const struct rig_bench_board *board, struct rig_power *power, GError **error)
{
    struct rig_cut_record record;

    if (!rig_channel_off_with_proof(power, &record, error))
        return false;
    print_state(board, power, false, record.proof);
    return true;
}

static bool tell_status(const struct rig_bench_board *board, struct rig_power *power, GError **error)
{
    g_autoptr(GError) failure = NULL;
    bool on;

    if (power->ops->is_on(power, &on, &failure)) {
        print_state(board, power, on, "");
        return true;
    }
    if (!g_error_matches(failure, RIG_ERROR, RIG_ERROR_UNSUPPORTED)) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    printf("%s: unknown, %s\n", board->name, failure->message);
    return true;
}

/* A board on its way off and on again ends with power, also after an interrupt or when its death is not
 * proven. */
static bool cycle(const struct rig_bench_board *board, struct rig_power *power,
                  const struct power_options *options, GError **error)
{
    g_autoptr(GError) not_off = NULL;
    sigset_t before;
    bool is_on;

    rig_cli_hold_signals(&before);
    if (switch_off(board, power, &not_off))
        rig_cli_wait_held_ms((guint)options->off_ms);
    is_on = switch_on(board, power, not_off ? NULL : error);
    rig_cli_release_signals(&before);
    if (!not_off)
        return is_on;
    g_propagate_error(error, g_steal_pointer(&not_off));
    return false;
}

static bool act(const char *action, const struct rig_bench_board *board, struct rig_power *power,
                const struct power_options *options, GError **error)
{
    if (strcmp(action, "status") == 0)
        return tell_status(board, power, error);
    if (strcmp(action, "on") == 0)
        return switch_on(board, power, error);
    if (strcmp(action, "off") == 0)
        return switch_off(board, power, error);
    return cycle(board, power, options, error);
}

static bool act_on_board(const char *action, const struct rig_bench *bench, const char *name,
                         struct rig_power_host *host, const struct power_options *options, GError **error)
{
    const struct rig_bench_board *board = rig_bench_find(bench, name, error);
    g_autofree char *who = g_strdup_printf("bootrig power %s", action);
    g_autoptr(rig_lock) lock = NULL;
    g_autoptr(rig_power) power = NULL;
    gint64 start_us;
    bool ok;

    if (!board)
        return false;
    if (!board->power_driver) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "board '%s' has no 'power:' in the bench file",
                    board->name);
        return false;
    }
    lock = rig_cli_lock(board, who, (guint)options->wait_s, error);
    power = lock ? rig_power_open(host, board->power_driver, board->power, error) : NULL;
    start_us = g_get_monotonic_time();
    ok = power && act(action, board, power, options, error);
    if (ok && options->times)
        printf("%s: %s took %" G_GINT64_FORMAT " us\n", board->name, action,
               g_get_monotonic_time() - start_us);
    return ok;
}

static int list_supplies(struct rig_power_host *host)
{
    g_autofree char *problems = NULL;
    g_autoptr(GPtrArray) found = rig_power_list(host, &problems);

    for (guint i = 0; i < found->len; i++) {
        const struct rig_power_found *one = found->pdata[i];

        printf("%s%s%s\n    power: %s\n", one->what, one->state ? ": " : "", one->state ? one->state : "",
               one->entry);
    }
    if (found->len == 0)
        printf("no supply was found by looking at USB; serial relays, commands and QEMU cannot be found that "
               "way\n");
    if (problems)
        fprintf(stderr, "%s", problems);
    return problems ? RIG_EXIT_ERROR : found->len ? RIG_EXIT_PASSED : RIG_EXIT_NOTHING;
}

static int act_on_all(char **words, struct rig_power_host *host, const struct power_options *options)
{
    GError *error = NULL;
    g_autoptr(rig_bench) bench = rig_cli_bench(options->bench, &error);
    int exit_code = RIG_EXIT_PASSED;
    char **name = words + 1;

    if (!bench)
        return rig_cli_fail(error);
    do {
        if (!act_on_board(words[0], bench, *name, host, options, &error)) {
            exit_code = rig_cli_fail(error);
            error = NULL;
        }
    } while (*name && *++name);
    return exit_code;
}

int rig_cli_power(int argc, char **argv)
{
    static const char *const actions[] = {"on", "off", "cycle", "status", NULL};
    struct power_options options = {.off_ms = 1000};
    g_auto(GStrv) words = NULL;
    g_autofree char *bench = NULL;
    const GOptionEntry entries[] = {
        {"bench", 'b', 0, G_OPTION_ARG_FILENAME, &bench,
         "bench file (default: $BOOTRIG_BENCH, else bench.yaml)", "FILE"},
        {"off-time", 0, 0, G_OPTION_ARG_INT, &options.off_ms,
         "cycle: milliseconds without power (default 1000)", "MS"},
        {"wait", 'w', 0, G_OPTION_ARG_INT, &options.wait_s,
         "seconds to wait for a board that is in use (default 0)", "S"},
        {"times", 0, 0, G_OPTION_ARG_NONE, &options.times, "tell how long switching and verifying took",
         NULL},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &words, NULL, NULL},
        {0},
    };
    struct rig_power_host host;
    int exit_code;

    if (!rig_cli_parse(&argc, &argv, entries, "on|off|cycle|status [BOARD]... | list",
                       "Switches the supplies of a bench by hand.",
                       "A board needs no name when it is the only one of its bench. 'list' shows what is "
                       "attached, as lines for a bench file.\n"
                       "Exit codes: 0 done, 2 error, 4 'list' found nothing.",
                       &exit_code))
        return exit_code;
    options.bench = bench;
    if (!words || (!g_strv_contains(actions, words[0]) && strcmp(words[0], "list") != 0) ||
        options.off_ms < 0 || options.wait_s < 0) {
        fprintf(stderr,
                "bootrig: power wants on, off, cycle, status or list, and times that are not negative\n");
        return RIG_EXIT_ERROR;
    }
    rig_power_host_init(&host);
    exit_code = strcmp(words[0], "list") == 0 ? list_supplies(&host) : act_on_all(words, &host, &options);
    rig_power_host_clear(&host);
    return exit_code;
}
