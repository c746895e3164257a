/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Power and console of a machine in QEMU: off is the end of the process, and a cut is the instant at which it
 * stopped. */
#include "drivers/qemu/state.h"

#include "base/error.h"

#include <string.h>

static guint64 at_us_of(const struct rig_qemu_board *board, gint64 monotonic_us)
{
    return monotonic_us > board->origin_us ? (guint64)(monotonic_us - board->origin_us) : 0;
}

guint64 rig_qemu_board_now_us(struct rig_board *base)
{
    return at_us_of((struct rig_qemu_board *)base, g_get_monotonic_time());
}

/* --- the console --- */

static void take_line(struct rig_qemu_board *board, const char *line, gint64 at_us)
{
    const char *boot_line = rig_target_boot_line(board->target);

    if (boot_line && strstr(line, boot_line)) {
        board->n_boots++;
        board->n_resets += board->booted;
        board->booted = true;
        rig_link_board_gone(board->board.link, "disconnected: the board started anew");
    }
    if (board->board.listener.console)
        board->board.listener.console(board->board.listener.user, at_us_of(board, at_us), line);
}

static bool take_lines_of(struct rig_qemu_board *board, struct rig_console *console, bool all)
{
    bool any = false;
    gint64 at_us;
    char *line;

    while (console && (all || !any) && (line = rig_console_take(console, &at_us))) {
        take_line(board, line, at_us);
        g_free(line);
        any = true;
    }
    return any;
}

bool rig_qemu_take_lines(struct rig_qemu_board *board, bool all)
{
    return take_lines_of(board, board->console, all) || take_lines_of(board, board->wire, all);
}

static void close_port(struct rig_console **port, GSource **wake)
{
    if (*wake)
        g_source_destroy(*wake);
    g_clear_pointer(wake, g_source_unref);
    g_clear_pointer(port, rig_console_free);
}

void rig_qemu_close_console(struct rig_qemu_board *board)
{
    rig_link_close(board->board.link);
    board->place.console = NULL;
    close_port(&board->console, &board->console_wake);
    close_port(&board->wire, &board->wire_wake);
}

static bool open_port(struct rig_qemu_board *board, const char *path, struct rig_console **port,
                      GSource **wake, GError **error)
{
    const struct rig_console_place place = {.tty = path};

    *port = rig_console_open_at(&place, error);
    if (*port)
        *wake = rig_board_wake_on(&board->board, rig_console_fd(*port));
    return *port != NULL;
}

static bool open_console(struct rig_qemu_board *board, GError **error)
{
    struct rig_qemu_paths paths = rig_qemu_machine_paths(board->machine);

    if (!open_port(board, paths.console, &board->console, &board->console_wake, error) ||
        (paths.wire && !open_port(board, paths.wire, &board->wire, &board->wire_wake, error)))
        return false;
    board->place.console = board->wire ? board->wire : board->console;
    return true;
}

/* --- who stops the machine --- */

/* In the console's thread. */
static void heard(void *user, gint64 at_us)
{
    struct rig_qemu_power *power = user;

    g_mutex_lock(&power->lock);
    power->due_us = at_us + (gint64)power->delay_us;
    g_cond_signal(&power->changed);
    g_mutex_unlock(&power->lock);
}

/* With the lock held: whether the instant has come before the end of the stopper. */
static bool wait_for_instant(struct rig_qemu_power *power)
{
    while (!power->ends && (!power->due_us || g_get_monotonic_time() < power->due_us)) {
        if (power->due_us)
            (void)g_cond_wait_until(&power->changed, &power->lock, power->due_us);
        else
            g_cond_wait(&power->changed, &power->lock);
    }
    return !power->ends;
}

static gpointer stop_in_time(gpointer user)
{
    struct rig_qemu_power *power = user;

    g_mutex_lock(&power->lock);
    if (wait_for_instant(power)) {
        (void)!rig_qemu_machine_stop(power->owner->machine, &power->stop_error);
        power->stopped_us = g_get_monotonic_time();
    }
    g_mutex_unlock(&power->lock);
    return NULL;
}

static void start_stopper(struct rig_qemu_power *power)
{
    if (!power->armed || power->stopper || !rig_qemu_machine_is_on(power->owner->machine))
        return;
    power->ends = false;
    power->stopped_us = 0;
    power->stopper = g_thread_new("power cut", stop_in_time, power);
    if (power->line && !power->due_us)
        rig_console_watch(power->owner->console, power->line, heard, power);
}

static void end_stopper(struct rig_qemu_power *power)
{
    if (!power->stopper)
        return;
    if (power->owner->console)
        rig_console_forget(power->owner->console);
    g_mutex_lock(&power->lock);
    power->ends = true;
    g_cond_signal(&power->changed);
    g_mutex_unlock(&power->lock);
    g_thread_join(g_steal_pointer(&power->stopper));
}

/* --- on and off --- */

/* What it takes to start and to end a process is no time of the board's. */
static void stand_still(struct rig_qemu_board *board, gint64 since_us)
{
    gint64 lost_us = g_get_monotonic_time() - since_us;

    board->origin_us += lost_us;
    if (board->power.due_us)
        board->power.due_us += lost_us;
}

bool rig_qemu_switch_on(struct rig_qemu_board *board, bool run, GError **error)
{
    gint64 begin_us = g_get_monotonic_time();

    if (rig_qemu_machine_is_on(board->machine))
        return true;
    end_stopper(&board->power); /* of a machine that has died */
    if (!rig_qemu_machine_start(board->machine, error) || !open_console(board, error))
        return false;
    stand_still(board, begin_us);
    board->booted = false;
    board->halted = !run;
    start_stopper(&board->power);
    return !run || rig_qemu_machine_run(board->machine, error);
}

bool rig_qemu_switch_off(struct rig_qemu_board *board, gint64 *at_us, GError **error)
{
    bool ended;

    end_stopper(&board->power);
    ended = !rig_qemu_machine_is_on(board->machine) || rig_qemu_machine_freeze(board->machine, error);
    *at_us = g_get_monotonic_time();
    ended = ended && rig_qemu_machine_end(board->machine, error);
    stand_still(board, *at_us);
    (void)rig_qemu_take_lines(board, true);
    rig_link_board_gone(board->board.link, "disconnected: the board has no power");
    rig_qemu_close_console(board);
    return ended;
}

/* --- power --- */

static struct rig_qemu_power *power_self(struct rig_power *power)
{
    return (struct rig_qemu_power *)power;
}

gint64 rig_qemu_cut_due_us(struct rig_qemu_board *board)
{
    struct rig_qemu_power *power = &board->power;
    gint64 due_us;

    g_mutex_lock(&power->lock);
    due_us = power->armed && power->due_us ? power->due_us : G_MAXINT64;
    g_mutex_unlock(&power->lock);
    return due_us;
}

/* The board's clock stood still while the process ended, so that it shows the instant of the cut after it. */
void rig_qemu_notice_cut(struct rig_qemu_board *board)
{
    struct rig_qemu_power *power = &board->power;
    gint64 stopped_us, aimed_us, later_us, lost_us;

    g_mutex_lock(&power->lock);
    stopped_us = power->armed && !power->fell ? power->stopped_us : 0;
    aimed_us = power->due_us;
    g_mutex_unlock(&power->lock);
    if (!stopped_us)
        return;
    power->fell = rig_qemu_switch_off(board, &later_us, power->trouble ? NULL : &power->trouble);
    lost_us = later_us - stopped_us; /* since it stopped it has not lived */
    board->origin_us += MAX(lost_us, 0);
    power->at_us = stopped_us;
    power->late_us = stopped_us - aimed_us;
    power->cut_us = rig_qemu_board_now_us(&board->board);
    if (power->stop_error && !power->trouble)
        power->trouble = g_steal_pointer(&power->stop_error);
    power->armed = power->fell; /* a cut that failed is not tried again: disarm tells why */
}

static bool power_set(struct rig_power *power, bool on, GError **error)
{
    struct rig_qemu_board *board = power_self(power)->owner;
    gint64 at_us;

    return on ? rig_qemu_switch_on(board, true, error) : rig_qemu_switch_off(board, &at_us, error);
}

static bool power_is_on(struct rig_power *power, bool *on, GError **error)
{
    struct rig_qemu_board *board = power_self(power)->owner;

    rig_qemu_notice_cut(board);
    *on = rig_qemu_machine_is_on(board->machine);
    return !*on || rig_qemu_machine_is_alive(board->machine, error);
}

static void forget_cut(struct rig_qemu_power *power)
{
    end_stopper(power);
    g_clear_pointer(&power->line, g_free);
    g_clear_error(&power->trouble);
    g_clear_error(&power->stop_error);
    power->armed = power->fell = false;
    power->due_us = power->stopped_us = 0;
}

static bool power_arm(struct rig_power *base, const struct rig_cut_plan *plan, GError **error)
{
    struct rig_qemu_power *power = power_self(base);

    if (plan->aim != RIG_CUT_AFTER_TIME && plan->aim != RIG_CUT_AT_CONSOLE) {
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                            "a machine in QEMU does not tell its flash operations: a cut can be aimed at an "
                            "instant or at a console line");
        return false;
    }
    forget_cut(power);
    power->armed = true;
    power->delay_us = plan->delay_us;
    power->line = plan->aim == RIG_CUT_AT_CONSOLE ? g_strdup(plan->line) : NULL;
    power->due_us = power->line ? 0 : g_get_monotonic_time() + (gint64)plan->delay_us;
    start_stopper(power);
    return true;
}

static bool power_disarm(struct rig_power *base, struct rig_cut_record *record, GError **error)
{
    struct rig_qemu_power *power = power_self(base);
    GError *trouble;

    *record = (struct rig_cut_record){0};
    rig_qemu_notice_cut(power->owner);
    if (power->fell) {
        record->fell = true;
        record->at_us = power->cut_us;
        record->aimed_us = power->cut_us - MIN(power->cut_us, (guint64)MAX(power->late_us, 0));
        g_strlcpy(record->proof, "qemu: the machine stopped and its process has ended", sizeof record->proof);
    }
    trouble = g_steal_pointer(&power->trouble);
    forget_cut(power);
    if (!trouble)
        return true;
    g_propagate_error(error, trouble);
    return false;
}

static const struct rig_power_ops power_ops = {
    .name = "qemu process",
    .set = power_set,
    .is_on = power_is_on,
    .arm_cut = power_arm,
    .disarm_cut = power_disarm,
};

void rig_qemu_init_power(struct rig_qemu_board *board)
{
    board->power.power.ops = &power_ops;
    board->power.owner = board;
    g_mutex_init(&board->power.lock);
    g_cond_init(&board->power.changed);
}

void rig_qemu_clear_power(struct rig_qemu_board *board)
{
    forget_cut(&board->power);
    g_mutex_clear(&board->power.lock);
    g_cond_clear(&board->power.changed);
}
