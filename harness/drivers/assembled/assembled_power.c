/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Power role of a real board: the bench's channel, with probe, link and console told, and cuts aimed at
 * instants, console lines and words of memory. */
#include "drivers/assembled/assembled.h"

#include "base/error.h"

#include <string.h>

#define DISCHARGE_US (2 * 1000 * 1000) /* what capacitors may feed a board for */
#define DISCHARGE_TICK_MS 50

static struct rig_assembled_power *self(struct rig_power *power)
{
    return (struct rig_assembled_power *)power;
}

static bool need_board(struct rig_assembled *board, GError **error)
{
    return rig_assembled_is_whole(board, error) && rig_openocd_probe_end_peek(&board->probe, error);
}

/* Without a supply the reset line stands in for it: a board that is halted before its first instruction does
 * nothing. */
static bool set_without_supply(struct rig_assembled *board, bool on, GError **error)
{
    struct rig_probe *probe = &board->probe.probe;

    if (!board->probe.powered)
        rig_openocd_probe_power(&board->probe, true);
    if (on && board->power.on)
        return true;
    return on ? probe->ops->reset(probe, error) : probe->ops->reset_halt(probe, error);
}

static void tell_off(struct rig_assembled *board, const char *why)
{
    (void)rig_assembled_take_lines(board, true);
    if (board->board.link)
        rig_link_board_gone(board->board.link, why);
}

/* A target that answered before and answers still has power, whatever its relay says. Without that witness
 * the switch is believed. */
static bool is_dead(struct rig_assembled *board, bool answered, GError **error)
{
    gint64 until_us = g_get_monotonic_time() + DISCHARGE_US;
    bool answers = answered;

    while (answers && (answers = rig_assembled_probe_answers(board)) && g_get_monotonic_time() < until_us)
        rig_board_doze(&board->board, DISCHARGE_TICK_MS);
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
    struct rig_assembled_power *mine = self(power);
    struct rig_assembled *board = mine->owner;

    if (!need_board(board, error))
        return false;
    if (!mine->channel) {
        if (!set_without_supply(board, on, error))
            return false;
    } else {
        bool answered = !on && mine->on && rig_assembled_probe_answers(board);

        if (!on)
            rig_openocd_probe_power(&board->probe, false);
        (void)rig_assembled_take_lines(board, true);
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
    struct rig_assembled_power *mine = self(power);

    (void)error;
    if (mine->armed)
        rig_assembled_power_notice(mine);
    *on = mine->on;
    return true;
}

void rig_assembled_power_notice(struct rig_assembled_power *power)
{
    struct rig_assembled *board = power->owner;

    if (!power->armed || power->loss_told || !power->channel || !rig_channel_cut_is_over(power->channel))
        return;
    power->loss_told = true;
    power->on = false;
    rig_openocd_probe_power(&board->probe, false);
    (void)rig_assembled_take_lines(board, true);
}

/* Runs in the console's thread, or in the one that polls the word. */
static void trigger(void *user, gint64 at_us)
{
    struct rig_assembled_power *power = user;
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

void rig_assembled_call_witnesses(struct rig_assembled *board)
{
    struct rig_link_state state = {0};
    guint8 word[4];

    board->power.probe_saw =
        rig_openocd_probe_read_memory(&board->probe, 0xe000ed00u, word, sizeof word, NULL);
    if (board->board.link)
        board->board.link->ops->state(board->board.link, &state);
    board->power.link_saw = state.connected;
}

static bool read_word(struct rig_assembled_power *power, guint32 *word, GError **error)
{
    guint8 bytes[4];

    if (!rig_openocd_probe_read_memory(&power->owner->probe, power->word_address, bytes, sizeof bytes, error))
        return false;
    *word = (guint32)bytes[0] | (guint32)bytes[1] << 8 | (guint32)bytes[2] << 16 | (guint32)bytes[3] << 24;
    return true;
}

/* A read that fails is no change: the board may be in reset. */
void rig_assembled_power_poll(struct rig_assembled_power *power)
{
    guint32 word;

    if (power->armed && power->aim == RIG_CUT_AT_MEMORY && !power->triggered &&
        read_word(power, &word, NULL) && word != power->word_before)
        trigger(power, g_get_monotonic_time());
}

static bool arm(struct rig_assembled_power *power, const struct rig_cut_plan *plan, GError **error)
{
    struct rig_assembled *board = power->owner;

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
    struct rig_assembled_power *power = self(base);

    if (!need_board(power->owner, error))
        return false;
    if (!power->channel || power->armed) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "board '%s': %s", power->owner->config.entry->name,
                    power->armed ? "a cut is armed already" : "it has no supply that could be cut");
        return false;
    }
    rig_assembled_call_witnesses(power->owner);
    power->aim = plan->aim;
    power->delay_us = plan->delay_us;
    power->triggered = power->loss_told = false;
    power->aimed_us = 0;
    power->armed = arm(power, plan, error);
    return power->armed;
}

static bool power_disarm(struct rig_power *base, struct rig_cut_record *record, GError **error)
{
    struct rig_assembled_power *power = self(base);
    struct rig_assembled *board = power->owner;
    gint64 off_us;

    *record = (struct rig_cut_record){0};
    if (!power->armed)
        return true;
    rig_console_forget(board->console);
    rig_assembled_power_notice(power);
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
    off_us = (gint64)record->at_us;
    record->at_us = rig_assembled_at_us(board, off_us);
    record->aimed_us = power->aimed_us ? rig_assembled_at_us(board, power->aimed_us) : 0;
    if (!*record->proof)
        rig_assembled_prove_death(board, off_us, record->proof, sizeof record->proof);
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

void rig_assembled_power_init(struct rig_assembled_power *power, struct rig_assembled *owner)
{
    *power = (struct rig_assembled_power){.power = {.ops = &ops}, .owner = owner};
    g_mutex_init(&power->lock);
}

void rig_assembled_power_clear(struct rig_assembled_power *power)
{
    g_clear_error(&power->trigger_error);
    g_mutex_clear(&power->lock);
}
