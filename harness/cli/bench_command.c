/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `bootrig bench`: list the boards of a bench and check every path to them. */
#include "base/error.h"
#include "cli/bench_common.h"
#include "drivers/wired/wired.h"
#include "drivers/bluez/bluez_link.h"
#include "drivers/board/clock_board.h"
#include "transport/serial.h"

#include <stdio.h>
#include <string.h>

#define TALK_MS 3000   /* after power on, for the first byte of the console */
#define SETTLE_MS 100  /* after power off: what is still in the driver's queue */
#define SILENCE_MS 300 /* so long a dead board's console must be silent */

static char *tags_text(const struct rig_bench_board *board)
{
    return board->spec->tags ? g_strjoinv(",", (char **)board->spec->tags) : g_strdup("");
}

static const char *link_text(const struct rig_bench_board *board)
{
    if (board->spec->link)
        return board->spec->link->udp ? "udp" : "serial";
    return board->spec->ble ? "ble" : "-";
}

static void print_board(const struct rig_bench_board *board)
{
    g_autofree char *tags = tags_text(board);
    const char *target = board->spec->target;

    printf("%-20s target: %s  tags: %s  power: %s  probe: %s  link: %s  console: %s\n", board->name,
           target ? target : "-", *tags ? tags : "-", board->power_driver ? board->power_driver->name : "-",
           board->spec->probe ? "yes" : "-", link_text(board), board->spec->console ? "yes" : "-");
}

static int list_bench(const struct rig_bench *bench)
{
    for (guint i = 0; i < bench->boards->len; i++)
        print_board(bench->boards->pdata[i]);
    return RIG_EXIT_PASSED;
}

/* What the checks of all boards share. */
struct bench_check {
    const struct rig_bench *bench;
    const char *program;
    const char *targets;
};

struct check {
    const struct rig_bench_board *board;
    struct rig_power *power;
    struct rig_serial *console;
    bool failed;
    bool talked; /* the console said something while the board had power */
};

static void say(struct check *check, const char *path, const char *verdict, const char *text)
{
    printf("%-20s %-8s %-12s %s\n", check->board->name, path, verdict, text);
    check->failed |= strcmp(verdict, "error") == 0;
}

static void say_error(struct check *check, const char *path, GError *error /* taken */)
{
    say(check, path, "error", error->message);
    g_error_free(error);
}

/* How many bytes come within the time; stops at the first piece. */
static bool listen_to(struct check *check, guint for_ms, gsize *n_bytes)
{
    GError *error = NULL;
    char bytes[256];

    *n_bytes = 0;
    if (rig_serial_read(check->console, bytes, sizeof bytes, for_ms, n_bytes, &error))
        return true;
    say_error(check, "console", error);
    g_clear_pointer(&check->console, rig_serial_free);
    return false;
}

static void say_path(void *user, const char *path, const char *verdict, const char *text)
{
    say(user, path, verdict, text);
}

static bool is_stopped(void *user)
{
    (void)user;
    return rig_cli_signal_is_held();
}

/* A board that is no more than a place on the air; it has power. */
static void check_air(struct check *check)
{
    const struct rig_wired_listener listener = {.say = say_path, .stopped = is_stopped, .user = check};
    const struct rig_ble_spec *ble = check->board->spec->ble;
    struct rig_link_place place = {.kind = "bluez"};
    struct rig_board *clock;

    if (!ble || check->board->spec->link)
        return;
    rig_wired_fill_ble(&place, ble);
    clock = rig_clock_board_new();
    clock->link = rig_bluez_link_new(&place, clock);
    rig_wired_check_link(clock, &listener);
    rig_link_free(clock->link);
    clock->ops->free(clock);
}

static bool check_on(struct check *check)
{
    GError *error = NULL;
    gsize n_bytes;

    if (!check->power->ops->set(check->power, true, &error)) {
        say_error(check, "power", error);
        return false;
    }
    if (!check->console || !listen_to(check, TALK_MS, &n_bytes)) {
        check_air(check);
        return true;
    }
    check->talked = n_bytes > 0;
    if (check->talked)
        say(check, "console", "ok", "it talks after power on");
    else
        say(check, "console", "error",
            "silent for 3 s after power on: is it wired, is the line rate right, does the firmware print?");
    check_air(check);
    return true;
}

/* The console as witness: a board that still talks is fed from elsewhere. */
static void check_silence(struct check *check, const char *switched)
{
    gsize n_bytes;
    g_autofree char *text = NULL;

    g_usleep(SETTLE_MS * 1000);
    if (!rig_serial_drain(check->console, 0, SETTLE_MS, NULL) || !listen_to(check, SILENCE_MS, &n_bytes)) {
        say(check, "power", "error",
            "the console still talks after power off: the board is fed from elsewhere (USB, probe, UART "
            "pins)");
        return;
    }
    if (n_bytes > 0) {
        say(check, "power", "error",
            "the console still talks after power off: the board is fed from elsewhere (USB, probe, UART "
            "pins)");
        return;
    }
    text = g_strdup_printf("%s; proof of death: the console fell silent", switched);
    say(check, "power", "ok", text);
}

static void check_off(struct check *check)
{
    struct rig_cut_record record;
    GError *error = NULL;
    g_autofree char *switched = g_strdup_printf("%s: on, off%s", rig_channel_name(check->power),
                                                ((struct rig_channel *)check->power)->ops->read
                                                    ? ", read back"
                                                    : " (this device cannot be read back)");
    g_autofree char *text = NULL;

    if (!rig_channel_off_with_proof(check->power, &record, &error)) {
        say_error(check, "power", error);
        return;
    }
    if (!*record.proof && check->console && check->talked) {
        check_silence(check, switched);
        return;
    }
    if (*record.proof)
        text = g_strdup_printf("%s; proof of death: %s", switched, record.proof);
    else
        text = g_strdup_printf("%s; that the board dies is not proven: nothing but the switch says so",
                               switched);
    say(check, "power", "ok", text);
}

/* As it was found; where that is not known, without power. */
static void check_power(struct check *check)
{
    GError *error = NULL;
    sigset_t before;
    bool was_on = false;
    bool known = check->power->ops->is_on(check->power, &was_on, NULL);

    rig_cli_hold_signals(&before);
    if (check_on(check))
        check_off(check);
    if (known && was_on && !check->power->ops->set(check->power, true, &error))
        say_error(check, "power", error);
    rig_cli_release_signals(&before);
}

static void open_console(struct check *check)
{
    const struct rig_console_spec *console = check->board->spec->console;
    GError *error = NULL;

    if (!console)
        return;
    if (console->rtt) {
        say(check, "console", "ok", "RTT, through the probe; not looked at here");
        return;
    }
    check->console = rig_serial_open(console->tty, console->baud, &error);
    if (!check->console)
        say_error(check, "console", error);
    else if (!check->board->power_driver)
        say(check, "console", "ok", "it opens; whether the board talks is not checked without 'power:'");
}

static struct rig_board *assemble(const struct bench_check *all, const struct rig_bench_board *board,
                                  struct rig_target **target, struct rig_lock *lock, GError **error)
{
    struct rig_wired_config config = {
        .bench = all->bench, .entry = board, .program = all->program, .targets = all->targets, .lock = lock};
    g_autofree char *name = rig_bench_target_path(all->bench, board);

    *target = rig_target_load(name, all->targets, error);
    config.target = *target;
    return *target ? rig_wired_board_new(&config, error) : NULL;
}

/* Every path of a board that says what it is. */
static void check_whole(struct check *check, const struct bench_check *all, struct rig_lock *lock)
{
    const struct rig_wired_listener listener = {.say = say_path, .stopped = is_stopped, .user = check};
    struct rig_target *target = NULL;
    struct rig_board *board;
    GError *error = NULL;
    sigset_t before;

    board = assemble(all, check->board, &target, lock, &error);
    if (!board) {
        say_error(check, "board", error);
    } else {
        rig_cli_hold_signals(&before);
        rig_wired_check(board, &listener);
        board->ops->free(board);
        rig_cli_release_signals(&before);
    }
    rig_target_free(target);
}

static bool is_whole(const struct rig_bench_board *board)
{
    return board->spec->target && board->spec->probe && board->spec->console;
}

static void check_board(const struct bench_check *all, const struct rig_bench_board *board,
                        struct rig_power_host *host, guint wait_s, bool *failed)
{
    struct check check = {.board = board};
    GError *error = NULL;
    g_autoptr(rig_lock) lock = rig_cli_lock(board, "bootrig bench check", wait_s, &error);

    if (!lock) {
        say_error(&check, "lock", error);
        *failed = true;
        return;
    }
    if (is_whole(board)) {
        check_whole(&check, all, lock);
        *failed |= check.failed;
        return;
    }
    open_console(&check);
    if (board->power_driver) {
        check.power = rig_power_open(host, board->power_driver, board->power, &error);
        if (check.power)
            check_power(&check);
        else
            say_error(&check, "power", error);
    } else {
        say(&check, "power", "not checked", "the bench file has no 'power:' for this board");
        check_air(&check);
    }
    if (board->spec->probe)
        say(&check, "probe", "not checked",
            "that takes 'target:' and 'console:' of the board beside 'probe:'");
    if (board->spec->link)
        say(&check, "link", "not checked", "that takes 'target:', 'probe:' and 'console:' of the board");
    rig_power_free(check.power);
    rig_serial_free(check.console);
    *failed |= check.failed;
}

static int check_bench(const struct rig_bench *bench, char **names, guint wait_s)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *targets = rig_data_path("targets");
    const struct bench_check all = {.bench = bench, .program = program, .targets = targets};
    struct rig_power_host host;
    bool failed = false;

    rig_power_host_init(&host);
    for (guint i = 0; i < bench->boards->len; i++) {
        const struct rig_bench_board *board = bench->boards->pdata[i];

        if (!*names || g_strv_contains((const char *const *)names, board->name))
            check_board(&all, board, &host, wait_s, &failed);
    }
    rig_power_host_clear(&host);
    return failed ? RIG_EXIT_ERROR : RIG_EXIT_PASSED;
}

int rig_cli_bench_command(int argc, char **argv)
{
    g_auto(GStrv) words = NULL;
    g_autofree char *path = NULL;
    int wait_s = 0;
    const GOptionEntry entries[] = {
        {"bench", 'b', 0, G_OPTION_ARG_FILENAME, &path,
         "bench file (default: $BOOTRIG_BENCH, else bench.yaml)", "FILE"},
        {"wait", 'w', 0, G_OPTION_ARG_INT, &wait_s, "seconds to wait for a board that is in use (default 0)",
         "S"},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &words, NULL, NULL},
        {0},
    };
    g_autoptr(rig_bench) bench = NULL;
    GError *error = NULL;
    int exit_code;

    if (!rig_cli_parse(
            &argc, &argv, entries, "list|check [BOARD]...",
            "Lists the boards of a bench and checks every path to them.",
            "'check' switches each board on and off, asks its probe, console and link, and wants a proof "
            "that it really dies; nothing is\nhalted or programmed, and afterwards the supply is as it "
            "was, or off.\n"
            "Exit codes: 0 all that was checked works, 2 something does not.",
            &exit_code))
        return exit_code;
    if (!words || (strcmp(words[0], "list") != 0 && strcmp(words[0], "check") != 0) || wait_s < 0) {
        fprintf(stderr, "bootrig: bench wants list or check\n");
        return RIG_EXIT_ERROR;
    }
    bench = rig_cli_bench(path, &error);
    for (char **name = words + 1; bench && *name; name++)
        if (!rig_bench_find(bench, *name, &error))
            return rig_cli_fail(error);
    if (!bench)
        return rig_cli_fail(error);
    return strcmp(words[0], "list") == 0 ? list_bench(bench) : check_bench(bench, words + 1, (guint)wait_s);
}
