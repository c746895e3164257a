/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The host ends a connection at the gate before its link; the board does it by a packet fault. */
#include "steps/loss.h"

#include "base/error.h"

/* What the gate saw of a round. */
struct watch {
    struct rig_run *run;
    struct rig_traffic *traffic;      /* NULL: only counted */
    const struct rig_loss_plan *plan; /* NULL: no loss */
    guint n_packets;
    guint32 n_of[2];  /* by way */
    guint n_restarts; /* of the transport, when the last packet up to the place was seen */
    bool too_many;
    bool fell;
};

static bool is_up_to_place(const struct watch *watch)
{
    const struct rig_loss_plan *plan = watch->plan;

    /* A notification in whose place the board hangs up never comes: the packet of its number is a later one.
     */
    if (plan->by != RIG_LOSS_BY_HOST && plan->place.way == RIG_TRAFFIC_NOTIFICATION)
        return watch->n_packets < plan->n_before;
    return watch->n_packets <= plan->n_before;
}

static bool passes(void *user, const struct rig_update_packet *packet)
{
    struct watch *watch = user;
    enum rig_traffic_way way = packet->sent ? RIG_TRAFFIC_WRITE : RIG_TRAFFIC_NOTIFICATION;
    guint32 index = watch->n_of[way]++;

    if (watch->traffic && !rig_traffic_add(watch->traffic, packet))
        watch->too_many = true;
    if (watch->plan && !watch->fell && is_up_to_place(watch))
        watch->n_restarts = watch->run->update->n_restarts;
    watch->n_packets++;
    if (!watch->plan || watch->fell || watch->plan->by != RIG_LOSS_BY_HOST || watch->plan->place.way != way ||
        watch->plan->place.index != index)
        return true;
    watch->fell = true;
    rig_run_fault_event(watch->run, "the host disconnects in the place of %s %u",
                        packet->sent ? "write" : "notification", index);
    return false;
}

static bool may_wait(void *user)
{
    struct watch *watch = user;
    const struct rig_loss_plan *plan = watch->plan;

    if (!plan || watch->fell || plan->place.way != RIG_TRAFFIC_WAITING ||
        watch->n_of[RIG_TRAFFIC_NOTIFICATION] != plan->place.index)
        return true;
    watch->fell = true;
    watch->n_restarts = watch->run->update->n_restarts;
    rig_run_fault_event(watch->run, "the host disconnects instead of waiting for notification %u",
                        plan->place.index);
    return false;
}

static void play_watched(struct watch *watch, const GPtrArray *steps, const char *prefix)
{
    struct rig_update *update = watch->run->update;

    watch->n_restarts = update->n_restarts;
    update->gate = (struct rig_update_gate){.passes = passes, .may_wait = may_wait, .user = watch};
    rig_run_steps(watch->run, steps, prefix);
    update->gate = (struct rig_update_gate){0};
}

bool rig_play_counted(struct rig_run *run, const GPtrArray *steps, const char *prefix,
                      struct rig_traffic *traffic)
{
    struct watch watch = {.run = run, .traffic = traffic};

    play_watched(&watch, steps, prefix);
    if (watch.too_many && !rig_run_troubled(run))
        rig_run_error_text(run, "'during' has more than %u packets: make its images smaller",
                           RIG_TRAFFIC_MAX_PACKETS);
    return !rig_run_troubled(run);
}

static bool arm(struct rig_run *run, const struct rig_packet_place *place, enum rig_loss_by by)
{
    const struct rig_packet_fault fault = {
        .kind = by == RIG_LOSS_BY_BOARD ? RIG_PACKET_DISCONNECT : RIG_PACKET_LOST,
        .direction = place->way == RIG_TRAFFIC_NOTIFICATION ? RIG_PACKET_NOTIFICATIONS : RIG_PACKET_WRITES,
        .first = place->index,
        .n_times = 1,
    };
    GError *error = NULL;

    if (!run->board->packet_faults) {
        rig_run_unable(run, g_error_new_literal(RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                                                "this board cannot be told to hang up at a packet"));
        return false;
    }
    run->update->corrupted = true;
    if (run->board->packet_faults->arm(run->board, &fault, &error))
        return true;
    rig_run_unable(run, error);
    return false;
}

static void disarm(struct watch *watch)
{
    struct rig_run *run = watch->run;
    struct rig_packet_report report = {0};
    GError *error = NULL;

    if (!run->board->packet_faults->end(run->board, &report, &error))
        rig_run_error(run, error);
    else
        watch->fell = report.n_faults > 0 && report.n_struck[report.n_faults - 1] > 0;
}

/* Behind the last packet there is none that a board could hang up in the place of: a question is one more. */
static void hang_up_at_a_question(struct watch *watch)
{
    static const struct rig_packet_place next = {RIG_TRAFFIC_WRITE, 0};
    struct rig_run *run = watch->run;
    struct rig_update_result ignored;
    GError *error = NULL;

    if (!arm(run, &next, watch->plan->by))
        return;
    if (!run->update->protocol->ping(run->update, &ignored, &error))
        rig_run_error(run, error);
    disarm(watch);
}

static void lose_behind_last(struct watch *watch)
{
    struct rig_run *run = watch->run;
    GError *error = NULL;

    watch->n_restarts = run->update->n_restarts;
    if (watch->plan->by != RIG_LOSS_BY_HOST) {
        hang_up_at_a_question(watch);
        return;
    }
    watch->fell = true;
    if (!run->board->link->ops->disconnect(run->board->link, &error))
        rig_run_error(run, error);
}

static void play_armed(struct watch *watch, const GPtrArray *steps, const char *prefix)
{
    struct rig_run *run = watch->run;
    bool behind_last = watch->plan->place.way == RIG_TRAFFIC_END;
    bool by_board = watch->plan->by != RIG_LOSS_BY_HOST && !behind_last;

    if (by_board && !arm(run, &watch->plan->place, watch->plan->by))
        return;
    play_watched(watch, steps, prefix);
    if (by_board)
        disarm(watch);
    else if (behind_last && !rig_run_troubled(run))
        lose_behind_last(watch);
}

static bool nobody_reconnected(const struct watch *watch)
{
    return watch->n_restarts == watch->run->update->n_restarts;
}

bool rig_play_with_loss(struct rig_run *run, const GPtrArray *steps, const char *prefix,
                        const struct rig_loss_plan *plan, guint64 until_us)
{
    struct watch watch = {.run = run, .plan = plan};

    play_armed(&watch, steps, prefix);
    if (watch.fell && run->trouble.verdict == RIG_VERDICT_FAIL && nobody_reconnected(&watch)) {
        rig_run_note(run, "the block ended there: %s", run->trouble.message);
        rig_trouble_clear(&run->trouble); /* steps cannot go on without a link: that is what was asked for */
    }
    if (rig_run_troubled(run))
        return false;
    if (!watch.fell) {
        rig_run_error_text(run, "the link was not lost: the steps of 'during' did not come to that packet");
        return false;
    }
    if (nobody_reconnected(&watch) && !rig_await_link_down(run, until_us))
        return false;
    rig_update_restart(run->update);
    return true;
}
