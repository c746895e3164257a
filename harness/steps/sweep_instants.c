/* SPDX-License-Identifier: GPL-3.0-or-later */
/* each-power-cut over time: instants instead of flash operations, and the account of which steps of the swap
 * they hit. */
#include "steps/cut.h"
#include "steps/sweep.h"

#include "scenario/scalar.h"

#define MAX_INSTANTS 100000u
#define MAX_PLACES 4096u

struct instants {
    struct rig_sweep base;
    struct rig_run *run;
    const struct rig_step *step;
    const struct rig_record *at;
    guint64 span_us; /* of the uncut run */
    guint64 first_failed_us;
    GHashTable *places; /* set of swap status positions that were hit; 0 = nothing had started */
    guint n_exist;      /* places that there are; 0: not known */
};

static bool app_runs(void *user)
{
    struct rig_probe *probe = user;
    struct rig_board_view view;

    return probe->ops->view(probe, &view, NULL) && view.state != RIG_STATE_BOOTING &&
           view.state != RIG_STATE_OFF;
}

/* Proves that the steps pass with power, and tells how long the board is busy with them. */
static bool measure(struct instants *sweep)
{
    struct rig_run *run = sweep->run;
    g_autofree char *prefix = rig_sweep_prefix(&sweep->base, "during");
    guint64 start_us;
    GError *error = NULL;
    bool up;

    if (!rig_way_back_take(sweep->base.back))
        return false;
    start_us = rig_run_now_us(run);
    rig_run_steps(run, rig_record_get(sweep->step->arguments, "during")->steps, prefix);
    if (rig_run_troubled(run))
        return false;
    if (!rig_board_wait_for(run->board, rig_sweep_until_us(&sweep->base), app_runs, run->board->probe, &up,
                            &error)) {
        rig_run_error(run, error);
        return false;
    }
    sweep->span_us = rig_run_now_us(run) - start_us;
    return true;
}

/* How many places a swap of that size has; the order of its records is the bootloader's.
 * [SRC mcuboot boot/bootutil/src/swap_move.c, swap_scratch.c, swap_offset.c] */
static guint places_of(const struct rig_slot *slot, const struct rig_trailer *trailer, guint32 scratch_bytes)
{
    guint32 unit = slot->geometry.mode == RIG_SWAP_SCRATCH ? scratch_bytes : slot->sector_bytes;
    guint32 n_units = unit ? (trailer->swap_size + unit - 1) / unit : 0;

    if (trailer->swap_size_erased || n_units == 0 || n_units > MAX_PLACES)
        return 0;
    return n_units * (slot->geometry.mode == RIG_SWAP_OFFSET ? 2 : 3);
}

/* The place from the trailers: in slot 0, with a scratch area for some time in that. */
static bool read_place(struct instants *sweep, guint *place, char *text, gsize n_text)
{
    struct rig_probe *probe = sweep->run->board->probe;
    guint n_slots = probe->layout->n_slots;
    struct rig_slot scratch = {0};
    const guint candidates[] = {0, n_slots};
    bool any = false;

    *place = 0;
    (void)!rig_layout_slot(probe->layout, n_slots, &scratch);
    for (guint i = 0; i < G_N_ELEMENTS(candidates); i++) {
        struct rig_slot_reader reader;
        struct rig_image_source source;
        struct rig_trailer trailer;
        char status[RIG_TRAILER_STATUS_TEXT_BYTES];

        if (!rig_slot_open(sweep->run, candidates[i], &reader, &source) ||
            !rig_trailer_decode(&reader.slot.geometry, &source, &trailer))
            continue;
        if (!any)
            g_strlcpy(text, "nothing started", n_text);
        any = true;
        if (trailer.n_status_used == 0 || trailer.last_status < *place)
            continue;
        *place = trailer.last_status;
        rig_trailer_status_text(&reader.slot.geometry, &trailer, status);
        g_strlcpy(text, status, n_text);
        sweep->n_exist = MAX(sweep->n_exist, places_of(&reader.slot, &trailer, scratch.n_bytes));
    }
    return any;
}

static void emit_cut(struct instants *sweep, guint64 after_us, const struct rig_cut_record *record,
                     const char *place)
{
    const struct rig_trouble *trouble = &sweep->run->trouble;
    struct rig_event *event = rig_event_new(RIG_EVENT_CUT);
    g_autofree char *after = rig_scalar_format(RIG_TYPE_DURATION, after_us);

    rig_event_count(event, RIG_KEY_AFTER_US, (gint64)after_us);
    if (record->fell) {
        rig_event_count(event, RIG_KEY_AIMED_US, (gint64)record->aimed_us);
        rig_event_count(event, RIG_KEY_MEASURED_US, (gint64)record->at_us);
        rig_event_text(event, RIG_KEY_PROOF, record->proof);
        rig_event_text(event, RIG_KEY_PLACE, place);
    }
    rig_event_text(event, RIG_KEY_VERDICT, rig_verdict_word(trouble->verdict));
    rig_event_textf(event, RIG_KEY_TEXT, "power cut after %s (%s): %s", after, place,
                    trouble->message ? trouble->message : "ok");
    rig_journal_emit(sweep->run->journal, (gint64)rig_run_now_us(sweep->run), event);
}

static struct rig_cut_plan plan_of(const struct instants *sweep, guint64 after_us)
{
    const char *line = sweep->at ? rig_record_text(sweep->at, "line") : NULL;

    return (struct rig_cut_plan){
        .aim = line ? RIG_CUT_AT_CONSOLE : RIG_CUT_AFTER_TIME, .delay_us = after_us, .line = line};
}

static bool is_proven(struct rig_run *run, const struct rig_cut_record *record, guint64 after_us)
{
    if (record->fell && *record->proof)
        return true;
    rig_run_error_text(run,
                       record->fell ? "the power cut after %" G_GUINT64_FORMAT
                                      " us fell, but nothing proves that the board was dead"
                                    : "the power cut after %" G_GUINT64_FORMAT " us never fell",
                       after_us);
    return false;
}

/* What went wrong is left in run->trouble. */
static void play_cut(struct instants *sweep, guint64 after_us, struct rig_cut_record *record, char *place,
                     gsize n_place)
{
    struct rig_run *run = sweep->run;
    const struct rig_cut_plan plan = plan_of(sweep, after_us);
    g_autofree char *during = rig_sweep_prefix(&sweep->base, "during");
    g_autofree char *then = rig_sweep_prefix(&sweep->base, "then");
    GError *error = NULL;
    guint position;

    g_strlcpy(place, "the trailer cannot be read", n_place);
    if (!rig_way_back_take(sweep->base.back) ||
        !rig_play_with_cut(run, rig_record_get(sweep->step->arguments, "during")->steps, during, &plan,
                           rig_sweep_until_us(&sweep->base), record) ||
        !is_proven(run, record, after_us))
        return;
    if (read_place(sweep, &position, place, n_place))
        g_hash_table_add(sweep->places, GUINT_TO_POINTER(position));
    rig_run_cut_event(run, record, place);
    rig_run_mark_boots(run);
    if (!run->board->power->ops->set(run->board->power, true, &error))
        rig_run_error(run, error);
    else
        rig_run_steps(run, rig_record_get(sweep->step->arguments, "then")->steps, then);
}

/* false: the sweep must end. */
static bool sweep_one(struct instants *sweep, guint64 after_us)
{
    struct rig_run *run = sweep->run;
    struct rig_cut_record record = {0};
    char place[RIG_TRAILER_STATUS_TEXT_BYTES];
    bool first, go_on;

    run->muted++;
    play_cut(sweep, after_us, &record, place, sizeof place);
    run->muted--;
    emit_cut(sweep, after_us, &record, place);
    go_on = rig_sweep_take(&sweep->base, &first);
    if (first)
        sweep->first_failed_us = after_us;
    return go_on;
}

/* Behind what `during` does, nothing is cut but the wait for it. From a line on, the way there is not known.
 */
static bool begins_in_time(struct instants *sweep)
{
    const struct rig_value *after = rig_record_get(sweep->at, "after");
    g_autofree char *begin = NULL;
    g_autofree char *span = NULL;

    if (!after || rig_record_get(sweep->at, "line") || after->count <= sweep->span_us)
        return true;
    begin = rig_scalar_format(RIG_TYPE_DURATION, after->count);
    span = rig_scalar_format(RIG_TYPE_DURATION, sweep->span_us);
    rig_run_error_text(
        sweep->run, "'after' begins at %s, and 'during' is over after %s: nothing would be cut", begin, span);
    return false;
}

static void sweep_all(struct instants *sweep)
{
    const struct rig_value *after = rig_record_get(sweep->at, "after");
    const struct rig_value *random = rig_record_get(sweep->at, "random");
    const guint32 words[2] = {(guint32)sweep->run->seed, (guint32)(sweep->run->seed >> 32)};
    g_autoptr(GRand) chance = g_rand_new_with_seed_array(words, 2);
    guint64 step_us = rig_record_count(sweep->at, "step");

    for (guint64 i = 0; random && i < random->count; i++)
        if (!sweep_one(sweep, (guint64)(g_rand_double(chance) * (double)sweep->span_us)))
            return;
    if (after && (after->span.end_us - after->span.begin_us) / step_us >= MAX_INSTANTS) {
        rig_run_error_text(sweep->run, "'after' has more than %u instants: take a larger 'step'",
                           MAX_INSTANTS);
        return;
    }
    for (guint64 at_us = after ? after->span.begin_us : 1; after && at_us <= after->span.end_us;
         at_us += step_us)
        if (!sweep_one(sweep, at_us))
            return;
}

/* The first failing instant once more, on record. */
static void show_failure(struct instants *sweep)
{
    struct rig_run *run = sweep->run;
    struct rig_cut_record record = {0};
    g_autofree char *after = rig_scalar_format(RIG_TYPE_DURATION, sweep->first_failed_us);
    g_autofree char *where = g_strdup_printf("after a power cut after %s", after);
    char place[RIG_TRAILER_STATUS_TEXT_BYTES];

    rig_run_note(run, "%u of %u cuts failed; the first of them again, on record:", sweep->base.n_failed,
                 sweep->base.n_played);
    run->cut_text = g_strdup(after);
    play_cut(sweep, sweep->first_failed_us, &record, place, sizeof place);
    rig_sweep_blame(&sweep->base, where, "cuts");
}

static void emit_coverage(struct instants *sweep)
{
    struct rig_run *run = sweep->run;
    guint n_hit = g_hash_table_size(sweep->places) - g_hash_table_contains(sweep->places, NULL);
    struct rig_event *event = rig_event_new(RIG_EVENT_NOTE);

    rig_event_count(event, RIG_KEY_N_CUTS, sweep->base.n_played);
    rig_event_count(event, RIG_KEY_N_FAILED, sweep->base.n_failed);
    rig_event_count(event, RIG_KEY_N_PLACES_HIT, n_hit);
    if (sweep->n_exist)
        rig_event_count(event, RIG_KEY_N_PLACES, sweep->n_exist);
    if (sweep->n_exist)
        rig_event_textf(event, RIG_KEY_TEXT,
                        "%u power cuts, %u failed; steps of the swap that were hit: %u of %u (%.0f %%)%s",
                        sweep->base.n_played, sweep->base.n_failed, n_hit, sweep->n_exist,
                        100.0 * n_hit / sweep->n_exist,
                        sweep->base.n_failed >= RIG_SWEEP_MAX_FAILED ? "; the rest was not tried" : "");
    else
        rig_event_textf(event, RIG_KEY_TEXT, "%u power cuts, %u failed; none fell into a swap",
                        sweep->base.n_played, sweep->base.n_failed);
    rig_run_emit(run, event);
}

static void play_only(struct instants *sweep)
{
    struct rig_run *run = sweep->run;
    struct rig_cut_record record = {0};
    char place[RIG_TRAILER_STATUS_TEXT_BYTES];

    if (!rig_sweep_may_replay(run, RIG_PLACE_INSTANT, "40ms"))
        return;
    run->cut_text = rig_cut_place_text(run->only_cut);
    play_cut(sweep, run->only_cut->after_us, &record, place, sizeof place);
    emit_cut(sweep, run->only_cut->after_us, &record, place);
}

void rig_sweep_instants(struct rig_run *run, const struct rig_step *step)
{
    struct instants sweep = {.run = run, .step = step, .at = rig_record_get(step->arguments, "at")->record};

    if (!rig_sweep_begin(&sweep.base, run, step, RIG_BACK_BY_MOMENT))
        return;
    sweep.places = g_hash_table_new(NULL, NULL);
    if (run->only_cut) {
        play_only(&sweep);
    } else if (measure(&sweep) && begins_in_time(&sweep)) {
        sweep_all(&sweep);
        emit_coverage(&sweep);
        if (sweep.base.n_failed && !rig_run_troubled(run))
            show_failure(&sweep);
    }
    rig_sweep_end(&sweep.base);
    g_hash_table_unref(sweep.places);
}
