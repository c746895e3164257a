/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Power role of a real board: the bench's channel, with probe, link and console told, and cuts aimed at
 * instants, console lines and words of memory. */
#include "drivers/wired/wired.h"

#include "base/error.h"

#include <string.h>

#define DISCHARGE_US (2 * 1000 * 1000) /* what capacitors may feed a board for */
#define DISCHARGE_TICK_MS 50
#define SILENCE_US 300000           /* so long a dead board's console must be silent */
#define STILL_IN_THE_WIRE_US 100000 /* what a USB serial port may hold back */
#define TALKED_US 1000000           /* the console counts as a witness when it spoke so shortly before */
#define LINK_LOSS_US 8000000        /* longest usual supervision timeout */
#define TICK_MS 10
#define TRIES 3
#define CPUID 0xe000ed00u
#define ANSWER_MS 8000

/* --- proof of death: who beside the switch says that the board has no power --- */

static bool probe_answers(struct rig_wired *board)
{
    return board->probe.openocd && rig_openocd_is_started(board->probe.openocd) &&
           rig_openocd_command(board->probe.openocd, ANSWER_MS, NULL, NULL, "read_memory 0x%x 32 1", CPUID);
}

/* A target that answered before and does not now. The adapter must still be there: its loss proves nothing.
 */
static bool probe_says(struct rig_wired *board)
{
    for (guint i = 0; i < TRIES; i++)
        if (rig_openocd_command(board->probe.openocd, ANSWER_MS, NULL, NULL, "read_memory 0x%x 32 1", CPUID))
            return false;
    return rig_openocd_is_started(board->probe.openocd);
}

static bool console_says(struct rig_wired *board, gint64 off_us, bool had_talked)
{
    gint64 from_us = off_us + STILL_IN_THE_WIRE_US;

    if (!had_talked)
        return false;
    while (g_get_monotonic_time() < from_us + SILENCE_US)
        rig_board_idle(&board->board, TICK_MS);
    return rig_console_last_us(board->console) <= from_us && rig_console_is_there(board->console, NULL);
}

static bool link_says(struct rig_wired *board, gint64 off_us)
{
    struct rig_link *link = board->board.link;
    struct rig_link_state state = {0};

    do {
        rig_board_idle(&board->board, TICK_MS);
        link->ops->state(link, &state);
    } while (state.connected && g_get_monotonic_time() < off_us + LINK_LOSS_US &&
             !(board->board.interrupted && *board->board.interrupted));
    return !state.connected;
}

void rig_wired_prove_death(struct rig_wired *board, gint64 off_us, char *proof, gsize n_bytes)
{
    gint64 last_us = rig_console_last_us(board->console);
    bool had_talked = last_us && last_us > off_us - TALKED_US;

    *proof = '\0';
    if (rig_openocd_probe_proves_death(&board->probe, proof, n_bytes))
        return;
    if (board->power.probe_saw) {
        /* A target that still answers outweighs every silence: the board is fed from elsewhere. */
        if (probe_says(board))
            g_strlcpy(proof, "probe: the target does not answer any more", n_bytes);
    } else if (console_says(board, off_us, had_talked)) {
        g_strlcpy(proof, "console: it fell silent", n_bytes);
    } else if (board->power.link_saw && link_says(board, off_us)) {
        g_strlcpy(proof, "link: the connection was lost", n_bytes);
    }
}

/* --- the role --- */

static struct rig_wired_power *self(struct rig_power *power)
{
    return (struct rig_wired_power *)power;
}

static bool need_board(struct rig_wired *board, GError **error)
{
    return rig_wired_is_whole(board, error) && rig_openocd_probe_end_peek(&board->probe, error);
}

/* Without a supply the reset line stands in for it: a board that is halted before its first instruction does
 * nothing. */
static bool set_without_supply(struct rig_wired *board, bool on, GError **error)
{
    struct rig_probe *probe = &board->probe.probe;

    if (!board->probe.powered)
        rig_openocd_probe_power(&board->probe, true);
    if (on && board->power.on)
        return true;
    return on ? probe->ops->reset(probe, error) : probe->ops->reset_halt(probe, error);
}

static void tell_off(struct rig_wired *board, const char *why)
{
    (void)rig_wired_take_lines(board, true);
    if (board->board.link)
        rig_link_board_gone(board->board.link, why);
}

/* A target that answered before and answers still has power, whatever its relay says. Without that witness
 * the switch is believed. */
static bool is_dead(struct rig_wired *board, bool answered, GError **error)
{
    gint64 until_us = g_get_monotonic_time() + DISCHARGE_US;
    bool answers = answered;

    while (answers && (answers = probe_answers(board)) && g_get_monotonic_time() < until_us)
        rig_board_idle(&board->board, DISCHARGE_TICK_MS);
    if (!answers)
        return true;
    g_set_error(
        error, RIG_ERROR, RIG_ERROR_DEVICE,
        "its supply was switched off, and the probe still reads the target: the relay does not switch, or "
        "the board is fed from elsewhere (USB, the probe)");
    return false;
}

static bool power_set(struct rig_power *power, bool on, GError **error)
{
    struct rig_wired_power *mine = self(power);
    struct rig_wired *board = mine->owner;

    if (!need_board(board, error))
        return false;
    if (!mine->channel) {
        if (!set_without_supply(board, on, error))
            return false;
    } else {
        bool answered = !on && mine->on && !board->config.simulator && probe_answers(board);

        if (!on)
            rig_openocd_probe_power(&board->probe, false);
        (void)rig_wired_take_lines(board, true);
        if (!mine->channel->ops->set(mine->channel, on, error) || !is_dead(board, answered, error)) {
            board->lost = true;
            g_prefix_error(error, "board '%s': ", board->config.entry->name);
            return false;
        }
        if (on)
            rig_openocd_probe_power(&board->probe, true);
    }
    mine->on = on;
    if (!on)
        tell_off(board, "disconnected: the board has no power");
    return true;
}

static bool power_is_on(struct rig_power *power, bool *on, GError **error)
{
    struct rig_wired_power *mine = self(power);

    (void)error;
    if (mine->armed)
        rig_wired_power_notice(mine);
    *on = mine->on;
    return true;
}

static bool cut_is_over(const struct rig_wired_power *power)
{
    bool on = true;

    if (!power->owner->config.simulator)
        return rig_channel_cut_is_over(power->channel);
    return power->channel->ops->is_on(power->channel, &on, NULL) && !on;
}

void rig_wired_power_notice(struct rig_wired_power *power)
{
    struct rig_wired *board = power->owner;

    if (!power->armed || power->loss_told || !power->channel || !cut_is_over(power))
        return;
    power->loss_told = true;
    power->on = false;
    rig_openocd_probe_power(&board->probe, false);
    (void)rig_wired_take_lines(board, true);
}

/* Runs in the console's thread, or in the one that polls the word. */
static void trigger(void *user, gint64 at_us)
{
    struct rig_wired_power *power = user;
    gint64 aimed_us = at_us + (gint64)power->delay_us;
    gint64 left_us = aimed_us - g_get_monotonic_time();
    const struct rig_cut_plan plan = {.aim = RIG_CUT_AFTER_TIME, .delay_us = (guint64)MAX(left_us, 0)};

    g_mutex_lock(&power->lock);
    if (!power->triggered) {
        power->triggered = true;
        power->aimed_us = aimed_us;
        if (!power->channel->ops->arm_cut(power->channel, &plan, &power->trigger_error))
            power->aimed_us = 0;
    }
    g_mutex_unlock(&power->lock);
}

void rig_wired_call_witnesses(struct rig_wired *board)
{
    struct rig_link_state state = {0};
    guint8 word[4];

    board->power.probe_saw =
        rig_openocd_probe_read_memory(&board->probe, 0xe000ed00u, word, sizeof word, NULL);
    if (board->board.link)
        board->board.link->ops->state(board->board.link, &state);
    board->power.link_saw = state.connected;
}

static bool read_word(struct rig_wired_power *power, guint32 *word, GError **error)
{
    guint8 bytes[4];

    if (!rig_openocd_probe_read_memory(&power->owner->probe, power->word_address, bytes, sizeof bytes, error))
        return false;
    *word = (guint32)bytes[0] | (guint32)bytes[1] << 8 | (guint32)bytes[2] << 16 | (guint32)bytes[3] << 24;
    return true;
}

/* A read that fails is no change: the board may be in reset. */
void rig_wired_power_poll(struct rig_wired_power *power)
{
    guint32 word;

    if (power->armed && power->aim == RIG_CUT_AT_MEMORY && !power->triggered &&
        read_word(power, &word, NULL) && word != power->word_before)
        trigger(power, g_get_monotonic_time());
}

static bool arm(struct rig_wired_power *power, const struct rig_cut_plan *plan, GError **error)
{
    struct rig_wired *board = power->owner;

    if (board->config.simulator)
        return power->channel->ops->arm_cut(power->channel, plan, error);
    switch (plan->aim) {
    case RIG_CUT_AFTER_TIME:
        power->triggered = true;
        power->aimed_us = g_get_monotonic_time() + (gint64)plan->delay_us;
        return power->channel->ops->arm_cut(power->channel, plan, error);
    case RIG_CUT_AT_CONSOLE:
        rig_console_watch(board->console, plan->line, trigger, power);
        return true;
    case RIG_CUT_AT_MEMORY:
        power->word_address = plan->address & ~3u;
        return read_word(power, &power->word_before, error);
    case RIG_CUT_AT_OPERATION:
        break;
    }
    g_set_error_literal(
        error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
        "a real board does not tell its flash operations: a cut can be aimed at an instant, at "
        "a console line or at a word of memory");
    return false;
}

static bool power_arm(struct rig_power *base, const struct rig_cut_plan *plan, GError **error)
{
    struct rig_wired_power *power = self(base);

    if (!need_board(power->owner, error))
        return false;
    if (!power->channel || power->armed) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "board '%s': %s", power->owner->config.entry->name,
                    power->armed ? "a cut is armed already" : "it has no supply that could be cut");
        return false;
    }
    if (!power->owner->config.simulator)
        rig_wired_call_witnesses(power->owner);
    power->aim = plan->aim;
    power->delay_us = plan->delay_us;
    power->triggered = power->loss_told = false;
    power->aimed_us = 0;
    power->armed = arm(power, plan, error);
    return power->armed;
}

static bool power_disarm(struct rig_power *base, struct rig_cut_record *record, GError **error)
{
    struct rig_wired_power *power = self(base);
    struct rig_wired *board = power->owner;
    gint64 off_us;

    *record = (struct rig_cut_record){0};
    if (!power->armed)
        return true;
    rig_console_forget(board->console);
    rig_wired_power_notice(power);
    power->armed = false;
    if (power->trigger_error) {
        g_propagate_error(error, g_steal_pointer(&power->trigger_error));
        return false;
    }
    if (!power->channel->ops->disarm_cut(power->channel, record, error)) {
        board->lost = true;
        g_prefix_error(error, "board '%s': ", board->config.entry->name);
        return false;
    }
    if (!record->fell)
        return true;
    if (board->config.simulator) {
        tell_off(board, "disconnected: the board lost its power");
        return true;
    }
    off_us = (gint64)record->at_us;
    record->at_us = rig_wired_at_us(board, off_us);
    record->aimed_us = power->aimed_us ? rig_wired_at_us(board, power->aimed_us) : 0;
    if (!*record->proof)
        rig_wired_prove_death(board, off_us, record->proof, sizeof record->proof);
    tell_off(board, "disconnected: the board lost its power");
    return true;
}

static const struct rig_power_ops ops = {
    .name = "bench",
    .set = power_set,
    .is_on = power_is_on,
    .arm_cut = power_arm,
    .disarm_cut = power_disarm,
};

void rig_wired_power_init(struct rig_wired_power *power, struct rig_wired *owner)
{
    *power = (struct rig_wired_power){.power = {.ops = &ops}, .owner = owner};
    g_mutex_init(&power->lock);
}

void rig_wired_power_clear(struct rig_wired_power *power)
{
    g_clear_error(&power->trigger_error);
    g_mutex_clear(&power->lock);
}

static void probe_catches_up(void *user)
{
    rig_wired_catch_up(user);
}

static bool probe_asks_for_power(void *user)
{
    struct rig_wired *board = user;

    rig_wired_power_notice(&board->power);
    return board->power.on;
}

static bool probe_switches_power(void *user, bool on, GError **error)
{
    struct rig_power *channel = ((struct rig_wired *)user)->power.channel;

    return channel->ops->set(channel, on, error);
}

void rig_wired_tell_probe(struct rig_wired *board)
{
    bool can_peek = board->power.channel && board->config.entry->spec->probe->reset_pin;

    board->probe.supply = (struct rig_openocd_supply){.catch_up = probe_catches_up,
                                                      .has_power = probe_asks_for_power,
                                                      .set = can_peek ? probe_switches_power : NULL,
                                                      .user = board};
}
