/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether each way to a board on a bench works, and whether its supply really feeds it. */
#include "drivers/wired/wired.h"

#include "base/error.h"
#include "drivers/update/update.h"

#include <string.h>

#define TALK_MS 3000 /* from power on to the first byte of the console */
#define LINK_US 10000000u
#define TICK_MS 10
#define CPUID 0xe000ed00u

struct check {
    struct rig_wired *board;
    const struct rig_wired_listener *listener;
};

static void say(const struct check *check, const char *path, const char *verdict, const char *text)
{
    check->listener->say(check->listener->user, path, verdict, text);
}

static void say_error(const struct check *check, const char *path, GError *error /* taken */,
                      const char *remedy)
{
    g_autofree char *text = g_strdup_printf("%s%s%s", error->message, *remedy ? "; " : "", remedy);

    say(check, path, "error", text);
    g_error_free(error);
}

static bool is_stopped(const struct check *check)
{
    return check->listener->stopped(check->listener->user);
}

static bool set(const struct check *check, bool on)
{
    struct rig_power *power = &check->board->power.power;
    GError *error = NULL;

    if (power->ops->set(power, on, &error))
        return true;
    say_error(check, "power", error,
              "'bootrig power list' shows what is attached, 'bootrig doctor' what is missing");
    return false;
}

/* Attaches without halting anything; another chip than the target's is refused there. */
static bool check_probe(const struct check *check)
{
    struct rig_openocd_probe *probe = &check->board->probe;
    const char *chip = check->board->config.target->spec->chip;
    g_autofree char *text = NULL;
    guint8 word[4];
    GError *error = NULL;
    guint mv = 0;

    if (!rig_openocd_probe_read_memory(probe, CPUID, word, sizeof word, &error)) {
        say_error(check, "probe", error,
                  "is SWD wired, is the board powered, does 'config' fit the adapter?");
        return false;
    }
    text = rig_openocd_probe_voltage(probe, &mv, NULL)
               ? g_strdup_printf("openocd attaches; %s%s%u mV at the target", chip ? chip : "",
                                 chip ? " as the target says; " : "", mv)
               : g_strdup_printf("openocd attaches%s%s%s", chip ? "; " : "", chip ? chip : "",
                                 chip ? " as the target says" : "");
    say(check, "probe", "ok", text);
    return true;
}

static void check_console(const struct check *check, gint64 on_us)
{
    struct rig_console *console = check->board->console;
    GError *error = NULL;

    while (rig_console_last_us(console) < on_us && rig_console_is_there(console, NULL) &&
           !is_stopped(check) && g_get_monotonic_time() < on_us + TALK_MS * 1000) {
        (void)!rig_wired_attend(check->board, NULL);
        rig_board_idle(&check->board->board, TICK_MS);
    }
    if (!rig_console_is_there(console, &error))
        say_error(check, "console", error, "");
    else if (rig_console_last_us(console) >= on_us)
        say(check, "console", "ok", "it talks after power on");
    else if (!is_stopped(check))
        say(check, "console", "error",
            check->board->rtt ? "silent for 3 s after power on: is there an RTT control block in the range "
                                "of 'rtt:', does the "
                                "firmware print?"
                              : "silent for 3 s after power on: is it wired, is the line rate right, does "
                                "the firmware print?");
}

/* Over Bluetooth; NULL: what the link says is enough. */
static const char *air_remedy(enum rig_link_outcome outcome)
{
    if (outcome == RIG_LINK_OK)
        return NULL;
    if (outcome == RIG_LINK_NOT_ENCRYPTED)
        return "its update service is there and wants a bond: scenarios pair by 'connect: {pair: true}'";
    if (outcome == RIG_LINK_NOT_FOUND)
        return "does its application run and advertise (an empty flash does not: a run programs it), and is "
               "that what "
               "'ble:' names? `bluetoothctl --timeout 10 scan le` shows what is heard";
    if (outcome == RIG_LINK_NO_SERVICE || outcome == RIG_LINK_NO_CHARACTERISTIC)
        return "is the application one with the SMP service? Cached services of another one go by 'refresh: "
               "true'";
    if (outcome == RIG_LINK_KEY_MISSING || outcome == RIG_LINK_KEY_DIFFERENT)
        return "forget this host's half of the bond: bootrig bond forget ADDRESS";
    return "is it in range, and has nobody else connected to it? 'bootrig doctor' looks at this host";
}

/* Which way it goes, and what became of it. */
static char *link_text(struct rig_link *link, enum rig_link_outcome outcome)
{
    int adapter = link->ops->adapter ? link->ops->adapter(link) : -1;
    g_autofree char *through = adapter >= 0 ? g_strdup_printf(" through hci%d", adapter) : g_strdup("");
    struct rig_link_state state = {0};

    link->ops->state(link, &state);
    return g_strdup_printf("%s%s: %s%s%s%s", link->ops->name, through, rig_link_outcome_name(outcome),
                           *state.text ? " (" : "", state.text, *state.text ? ")" : "");
}

static void judge_link(const struct check *check, struct rig_link *link, enum rig_link_outcome outcome)
{
    const char *remedy = link->ops->adapter ? air_remedy(outcome) : NULL;
    g_autofree char *text = link_text(link, outcome);
    g_autofree char *said = NULL;

    said = remedy ? g_strdup_printf("%s; %s", text, remedy) : g_strdup(text);
    say(check, "link", outcome == RIG_LINK_OK || outcome == RIG_LINK_NOT_ENCRYPTED ? "ok" : "error", said);
}

static void check_link(const struct check *check, struct rig_board *board)
{
    struct rig_link_connect how = {.until_us = board->ops->now_us(board) + LINK_US};
    enum rig_link_outcome outcome = RIG_LINK_OK;
    struct rig_update *update;
    GError *error = NULL;

    if (!board->link) {
        say(check, "link", "not checked", "the bench file has no 'link:' and no 'ble:' for this board");
        return;
    }
    update = rig_update_new(&(const struct rig_update_setting){.board = board});
    if (!rig_update_connect(update, &how, &outcome, &error))
        say_error(check, "link", error, "");
    else
        judge_link(check, board->link, outcome);
    rig_update_free(update);
}

void rig_wired_check_link(struct rig_board *board, const struct rig_wired_listener *listener)
{
    const struct check check = {.listener = listener};

    check_link(&check, board);
    if (board->link)
        rig_link_close(board->link);
}

/* Returns whether it was proven. */
static bool check_death(const struct check *check)
{
    struct rig_wired *board = check->board;
    struct rig_cut_record record = {0};
    g_autofree char *text = NULL;
    GError *error = NULL;

    rig_wired_call_witnesses(board);
    if (!rig_channel_off_with_proof(board->power.channel, &record, &error)) {
        say_error(check, "power", error, "");
        return false;
    }
    if (!*record.proof)
        rig_wired_prove_death(board, (gint64)record.at_us, record.proof, sizeof record.proof);
    text = *record.proof
               ? g_strdup_printf("%s: on, off; proof of death: %s", rig_channel_name(board->power.channel),
                                 record.proof)
               : g_strdup_printf(
                     "%s was switched off, and nothing says that the board is dead: it is fed from "
                     "elsewhere (USB, probe, UART pins), or the supply is not wired through this switch",
                     rig_channel_name(board->power.channel));
    say(check, "power", *record.proof ? "ok" : "error", text);
    (void)!set(check, false);
    return *record.proof;
}

static void check_comes_back(const struct check *check)
{
    guint8 word[4];
    GError *error = NULL;

    if (set(check, true) &&
        !rig_openocd_probe_read_memory(&check->board->probe, CPUID, word, sizeof word, &error))
        say_error(check, "power", error, "it did not come back after power on");
}

/* As the supply was found; where that is not known, off. */
static void leave(const struct check *check, bool was_on)
{
    struct rig_board *board = &check->board->board;
    GError *error = NULL;

    if (!board->ops->make_safe(board, &error)) {
        say_error(check, "power", error, "the board was NOT left without power");
        return;
    }
    if (was_on && check->board->attached)
        (void)!set(check, true);
}

static void check_attached(const struct check *check)
{
    struct rig_power *channel = check->board->power.channel;
    gint64 on_us = g_get_monotonic_time();
    bool probed;

    if (!channel)
        say(check, "power", "not checked", "the bench file has no 'power:' for this board");
    /* On from off: a console that talks at boot only has to be heard. */
    if (channel && (!set(check, false) || !set(check, true)))
        return;
    if (!channel)
        rig_openocd_probe_power(&check->board->probe, true);
    probed = !is_stopped(check) && check_probe(check);
    if (!is_stopped(check) && channel)
        check_console(check, on_us);
    if (!is_stopped(check) && probed)
        check_link(check, &check->board->board);
    if (!is_stopped(check) && channel && check_death(check))
        check_comes_back(check);
}

void rig_wired_check(struct rig_board *base, const struct rig_wired_listener *listener)
{
    struct rig_wired *board = (struct rig_wired *)base;
    const struct check check = {.board = board, .listener = listener};
    GError *error = NULL;
    bool was_on = false;

    if (!rig_wired_attach(board, &error)) {
        say_error(&check, "board", error, "");
        return;
    }
    if (board->power.channel && !board->power.channel->ops->is_on(board->power.channel, &was_on, NULL))
        was_on = false;
    check_attached(&check);
    leave(&check, was_on);
}
