/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What all sweeps share. */
#include "steps/sweep.h"

#include "base/error.h"
#include "scenario/scalar.h"

struct rig_restore_point {
    struct rig_run *run;
    struct rig_snapshot *snapshot; /* NULL: the setup is done anew */
    GPtrArray *before; /* struct rig_step *: the steps of the case before the sweep; NULL: moment */
    bool exact;
    /* What the run knows of the board, as it was when the sweep began. */
    guint boots_before, resets_before;
    GBytes *client; /* what the update protocol's client knew */
    const char *broken_off_image;
    guint64 broken_off_at;
};

static void point_free(struct rig_restore_point *point)
{
    if (!point)
        return;
    if (point->snapshot)
        point->run->board->snapshots->forget(point->snapshot);
    if (point->before)
        g_ptr_array_unref(point->before);
    g_bytes_unref(point->client);
    g_free(point);
}

/* The steps that stand before the one that runs; NULL: it stands in a block. */
static GPtrArray *steps_before(const struct rig_run *run)
{
    g_autoptr(GPtrArray) before = g_ptr_array_new();
    const GPtrArray *steps = run->the_case->steps;

    for (guint i = 0; i < steps->len; i++) {
        if (g_ptr_array_index(steps, i) == run->step)
            return g_steal_pointer(&before);
        g_ptr_array_add(before, g_ptr_array_index(steps, i));
    }
    return NULL;
}

static bool begin_anew(struct rig_restore_point *point)
{
    point->before = steps_before(point->run);
    if (!point->before)
        rig_run_unable(point->run,
                       g_error_new(RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                                   "this board cannot be rewound: here '%s' has to stand in 'steps', not in "
                                   "a block or in 'setup'",
                                   point->run->step->verb->name));
    return point->before != NULL;
}

static struct rig_restore_point *point_new(struct rig_run *run, enum rig_restore_kind kind)
{
    struct rig_restore_point *point = g_new0(struct rig_restore_point, 1);
    GError *error = NULL;
    bool ok;

    point->run = run;
    point->exact = rig_board_can(run->board, "rewind");
    point->boots_before = run->boots_before;
    point->resets_before = run->resets_before;
    point->client = run->update->protocol->save(run->update);
    point->broken_off_image = run->broken_off.image;
    point->broken_off_at = run->broken_off.at;
    if (point->exact || kind == RIG_RESTORE_SNAPSHOT) {
        point->snapshot = run->board->snapshots->keep(run->board, &error);
        ok = point->snapshot != NULL;
        if (!ok)
            rig_run_error(run, error);
    } else {
        ok = begin_anew(point);
    }
    if (!ok)
        g_clear_pointer(&point, point_free);
    return point;
}

static bool do_anew(struct rig_restore_point *point)
{
    struct rig_run *run = point->run;

    rig_run_steps(run, run->the_case->setup, "setup");
    rig_run_steps(run, point->before, "steps");
    return !rig_run_troubled(run);
}

bool rig_sweep_go_back(struct rig_sweep *sweep)
{
    struct rig_restore_point *point = sweep->begin;
    struct rig_run *run = point->run;
    GError *error = NULL;

    if (!point->snapshot)
        return do_anew(point);
    if (!run->board->snapshots->rewind(run->board, point->snapshot, &error)) {
        rig_run_error(run, error);
        return false;
    }
    rig_update_restart(run->update);
    run->broken_off.image = point->broken_off_image;
    run->broken_off.at = point->broken_off_at;
    run->update->protocol->restore(run->update, point->client);
    g_ptr_array_set_size(run->console, 0);
    if (point->exact) {
        run->boots_before = point->boots_before;
        run->resets_before = point->resets_before;
    } else {
        rig_run_mark_boots(run); /* the board has started anew */
    }
    return true;
}

bool rig_sweep_begin(struct rig_sweep *sweep, struct rig_run *run, const struct rig_step *step,
                     enum rig_restore_kind kind)
{
    *sweep = (struct rig_sweep){.run = run, .step = step, .first = {.verdict = RIG_VERDICT_PASS}};
    sweep->begin = point_new(run, kind);
    return sweep->begin != NULL;
}

void rig_sweep_end(struct rig_sweep *sweep)
{
    rig_trouble_clear(&sweep->first);
    g_clear_pointer(&sweep->begin, point_free);
}

guint64 rig_sweep_until_us(const struct rig_sweep *sweep)
{
    return rig_run_deadline_us(sweep->run, sweep->step);
}

char *rig_sweep_prefix(const struct rig_sweep *sweep, const char *field)
{
    return g_strdup_printf("%s.%s", sweep->run->step_id->str, field);
}

bool rig_sweep_take(struct rig_sweep *sweep, bool *first)
{
    struct rig_run *run = sweep->run;

    sweep->n_played++;
    *first = run->trouble.verdict == RIG_VERDICT_FAIL && sweep->n_failed == 0;
    if (run->trouble.verdict == RIG_VERDICT_FAIL) {
        sweep->n_failed++;
        if (*first) {
            sweep->first = run->trouble;
            run->trouble = (struct rig_trouble){.verdict = RIG_VERDICT_PASS};
        }
        rig_trouble_clear(&run->trouble);
        g_ptr_array_set_size(run->also, 0); /* the round that is shown will tell its own */
    }
    return !rig_run_troubled(run) && sweep->n_failed < RIG_SWEEP_MAX_FAILED;
}

void rig_sweep_blame(struct rig_sweep *sweep, const char *place, const char *rounds)
{
    struct rig_run *run = sweep->run;
    g_autofree char *message = NULL;

    if (run->trouble.interrupted)
        return;
    if (run->trouble.verdict != RIG_VERDICT_FAIL && sweep->begin->exact) {
        if (!rig_run_troubled(run))
            rig_run_error_text(run, "the failure %s does not come again when the round is played again",
                               place);
        return;
    }
    if (run->trouble.verdict != RIG_VERDICT_FAIL) {
        rig_run_note(run, "this time it did not fail: on this board no round is like another");
        rig_trouble_clear(&run->trouble);
        run->trouble = sweep->first;
        sweep->first = (struct rig_trouble){.verdict = RIG_VERDICT_PASS};
    }
    message = g_strdup_printf("%s: %s (%u of %u %s failed)", place, run->trouble.message, sweep->n_failed,
                              sweep->n_played, rounds);
    g_free(run->trouble.message);
    run->trouble.message = g_steal_pointer(&message);
}

bool rig_sweep_may_replay(struct rig_run *run, enum rig_cut_place_kind kind, const char *example)
{
    if (run->only_cut->kind == kind)
        return true;
    rig_run_error_text(run, "places of this sweep are named otherwise: write --cut %s", example);
    return false;
}

const char *const rig_loss_by_words[] = {"host", "board", "silence", NULL};

static char *packet_text(const struct rig_cut_place *place)
{
    const char *by = rig_loss_by_words[place->by];
    const char *point = rig_traffic_place_names[place->packet.kind];

    if (place->packet.kind == RIG_TRAFFIC_END)
        return g_strdup_printf("%s:%s", point, by);
    return g_strdup_printf("%s:%u:%s", point, place->packet.index, by);
}

char *rig_cut_place_text(const struct rig_cut_place *place)
{
    switch (place->kind) {
    case RIG_PLACE_INSTANT:
        return rig_scalar_format(RIG_TYPE_DURATION, place->after_us);
    case RIG_PLACE_PACKET:
        return packet_text(place);
    case RIG_PLACE_OPERATION:
    default:
        return g_strdup_printf("%" G_GUINT64_FORMAT ":%s", place->operation, rig_cut_form_name(place->form));
    }
}
