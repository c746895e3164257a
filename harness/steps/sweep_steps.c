/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verb: each-power-cut: the same steps again and again, power cut at one place after the other; one verdict,
 * each cut on record. */
#include "drivers/probe/nordic_view.h"
#include "scenario/scalar.h"
#include "steps/cut.h"
#include "steps/sweep.h"
#include "steps/watch.h"

static const char *const at_words[] = {"every-operation", NULL};
static const char *const torn_choices[] = {"none", "half-write", "half-erase", NULL};

struct at_operations {
    const struct rig_numbers *operations;
    const guint32 *every;
    const guint32 *random;
    const struct rig_span *after; /* instants */
    guint64 step_us;
    const char *line;
    bool behind_last;
};
static const struct rig_field at_fields[] = {
    RIG_FIELD("operations", COUNT, struct at_operations, operations, .list = true,
              .about = "These flash operations, counted from 0 within `during`."),
    RIG_FIELD("every", COUNT, struct at_operations, every, .min = 1, .about = "Every n-th operation."),
    RIG_FIELD("random", COUNT, struct at_operations, random, .min = 1, .max = 100000,
              .about = "So many operations, chosen by the run's seed; on boards that cannot be cut at an "
                       "operation so many "
                       "instants in the time that `during` takes."),
    RIG_FIELD(
        "after", SPAN, struct at_operations, after, .max = 60000000,
        .about =
            "Instants from the begin of `during` on, such as 5ms..900ms; where a board cannot be cut at an "
            "operation."),
    RIG_FIELD("step", DURATION, struct at_operations, step_us, .default_text = "10ms", .min = 100,
              .max = 60000000, .about = "With `after`: from one instant to the next."),
    RIG_FIELD("line", LINE, struct at_operations, line, .min = 1, .max = RIG_CUT_LINE_BYTES,
              .about = "With `after`: instants count from a console line that holds this."),
    RIG_FIELD("behind-last", FLAG, struct at_operations, behind_last, .default_text = "true",
              .about =
                  "Also cut inside and behind the last operation, where what it writes may count already."),
};
static const char *const at_choices[] = {"operations", "every", "random", "after", NULL};
static const struct rig_rule at_rules[] = {
    {.field = "step", .kind = RIG_RULE_NEEDS, .other = "after"},
    {.field = "line", .kind = RIG_RULE_NEEDS, .other = "after"},
    {.field = "behind-last", .kind = RIG_RULE_NOT_BESIDE, .other = "after"},
    {0},
};
static const struct rig_shape at_shape = {RIG_SHAPE("at", at_fields, struct at_operations),
                                          .exactly_one = at_choices, .rules = at_rules};

struct sweep_arguments {
    const GPtrArray *during, *then;
    const struct at_operations *at; /* NULL: every operation */
    const char *at_word;
    const char *const *torn;
};
static const struct rig_field sweep_fields[] = {
    RIG_FIELD("during", STEPS, struct sweep_arguments, during, .required = true,
              .about = "What power is cut in. Each cut begins from the same board."),
    RIG_STRUCT_FIELD("at", RECORD, struct sweep_arguments, at, struct at_operations, &at_shape,
                     RIG_WORD(struct sweep_arguments, at_word), .choices = at_words,
                     .default_text = "every-operation", .about = "Where to cut."),
    RIG_FIELD("torn", CHOICE, struct sweep_arguments, torn, .list = true, .choices = torn_choices,
              .default_text = "none",
              .about = "`none`: cuts between operations; `half-write`, `half-erase`: also inside them."),
    RIG_FIELD("then", STEPS, struct sweep_arguments, then, .judges = true, .required = true,
              .about = "What must hold after power is back, for every cut."),
};
static const struct rig_rule sweep_rules[] = {
    {.field = "torn",
     .kind = RIG_RULE_NOT_BESIDE,
     .other = "at.after",
     .why = "instants fall inside of operations by themselves"},
    {0},
};
static const struct rig_shape sweep_shape = {
    RIG_SHAPE("each-power-cut", sweep_fields, struct sweep_arguments), .rules = sweep_rules};

/* --- at instants, and the account of which steps of the swap they hit --- */

#define MAX_INSTANTS 100000u
#define MAX_PLACES 4096u

struct instants {
    struct rig_sweep base;
    struct rig_run *run;
    const struct sweep_arguments *arguments;
    const struct at_operations *at;
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
static bool measure_time(struct instants *sweep)
{
    struct rig_run *run = sweep->run;
    g_autofree char *prefix = rig_sweep_prefix(&sweep->base, "during");
    guint64 start_us;
    GError *error = NULL;
    bool up;

    if (!rig_sweep_go_back(&sweep->base))
        return false;
    start_us = rig_run_now_us(run);
    rig_run_steps(run, sweep->arguments->during, prefix);
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

/* The place from settings pages, or from the trailers: in slot 0, with a scratch area for some time in that.
 */
static bool read_place(struct instants *sweep, guint *place, char *text, gsize n_text)
{
    struct rig_probe *probe = sweep->run->board->probe;
    guint n_slots = probe->layout->n_slots;
    struct rig_slot scratch = {0};
    const guint candidates[] = {0, n_slots};
    bool any = false;

    *place = 0;
    if (probe->layout->family != RIG_BOOTLOADER_MCUBOOT)
        return rig_nordic_progress(probe, place, &sweep->n_exist, text, n_text);
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

static void emit_instant(struct instants *sweep, guint64 after_us, const struct rig_cut_record *record,
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
    return (struct rig_cut_plan){.aim = sweep->at->line ? RIG_CUT_AT_CONSOLE : RIG_CUT_AFTER_TIME,
                                 .delay_us = after_us,
                                 .line = sweep->at->line};
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
static void play_instant(struct instants *sweep, guint64 after_us, struct rig_cut_record *record, char *place,
                         gsize n_place)
{
    struct rig_run *run = sweep->run;
    const struct rig_cut_plan plan = plan_of(sweep, after_us);
    g_autofree char *during = rig_sweep_prefix(&sweep->base, "during");
    g_autofree char *then = rig_sweep_prefix(&sweep->base, "then");
    GError *error = NULL;
    guint position;

    g_strlcpy(place, "the trailer cannot be read", n_place);
    if (!rig_sweep_go_back(&sweep->base) ||
        !rig_play_with_cut(run, sweep->arguments->during, during, &plan, rig_sweep_until_us(&sweep->base),
                           record) ||
        !is_proven(run, record, after_us))
        return;
    if (read_place(sweep, &position, place, n_place))
        g_hash_table_add(sweep->places, GUINT_TO_POINTER(position));
    rig_run_cut_event(run, record, place);
    rig_run_mark_boots(run);
    if (!run->board->power->ops->set(run->board->power, true, &error))
        rig_run_error(run, error);
    else
        rig_run_steps(run, sweep->arguments->then, then);
}

/* false: the sweep must end. */
static bool sweep_one_instant(struct instants *sweep, guint64 after_us)
{
    struct rig_run *run = sweep->run;
    struct rig_cut_record record = {0};
    char place[RIG_TRAILER_STATUS_TEXT_BYTES];
    bool first, go_on;

    run->muted++;
    play_instant(sweep, after_us, &record, place, sizeof place);
    run->muted--;
    emit_instant(sweep, after_us, &record, place);
    go_on = rig_sweep_take(&sweep->base, &first);
    if (first)
        sweep->first_failed_us = after_us;
    return go_on;
}

/* Behind what `during` does, nothing is cut but the wait for it. From a line on, the way there is not known.
 */
static bool begins_in_time(struct instants *sweep)
{
    const struct rig_span *after = sweep->at->after;
    g_autofree char *begin = NULL;
    g_autofree char *span = NULL;

    if (!after || sweep->at->line || after->begin_us <= sweep->span_us)
        return true;
    begin = rig_scalar_format(RIG_TYPE_DURATION, after->begin_us);
    span = rig_scalar_format(RIG_TYPE_DURATION, sweep->span_us);
    rig_run_error_text(
        sweep->run, "'after' begins at %s, and 'during' is over after %s: nothing would be cut", begin, span);
    return false;
}

static void sweep_span(struct instants *sweep, const struct rig_span *after)
{
    guint64 step_us = sweep->at->step_us;

    if ((after->end_us - after->begin_us) / step_us >= MAX_INSTANTS) {
        rig_run_error_text(sweep->run, "'after' has more than %u instants: take a larger 'step'",
                           MAX_INSTANTS);
        return;
    }
    for (guint64 at_us = after->begin_us; at_us <= after->end_us; at_us += step_us)
        if (!sweep_one_instant(sweep, at_us))
            return;
}

static void sweep_random_instants(struct instants *sweep, guint n)
{
    const guint32 words[2] = {(guint32)sweep->run->seed, (guint32)(sweep->run->seed >> 32)};
    g_autoptr(GRand) chance = g_rand_new_with_seed_array(words, 2);

    for (guint i = 0; i < n; i++)
        if (!sweep_one_instant(sweep, (guint64)(g_rand_double(chance) * (double)sweep->span_us)))
            return;
}

/* The first failing instant once more, on record. */
static void show_failed_instant(struct instants *sweep)
{
    struct rig_run *run = sweep->run;
    struct rig_cut_record record = {0};
    g_autofree char *after = rig_scalar_format(RIG_TYPE_DURATION, sweep->first_failed_us);
    g_autofree char *where = g_strdup_printf("after a power cut after %s", after);
    char place[RIG_TRAILER_STATUS_TEXT_BYTES];

    rig_run_note(run, "%u of %u cuts failed; the first of them again, on record:", sweep->base.n_failed,
                 sweep->base.n_played);
    run->cut_text = g_strdup(after);
    play_instant(sweep, sweep->first_failed_us, &record, place, sizeof place);
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
                        "%u power cuts, %u failed; steps of the %s that were hit: %u of %u (%.0f %%)%s",
                        sweep->base.n_played, sweep->base.n_failed,
                        run->board->layout.family == RIG_BOOTLOADER_MCUBOOT ? "swap" : "activation", n_hit,
                        sweep->n_exist, 100.0 * n_hit / sweep->n_exist,
                        sweep->base.n_failed >= RIG_SWEEP_MAX_FAILED ? "; the rest was not tried" : "");
    else
        rig_event_textf(event, RIG_KEY_TEXT, "%u power cuts, %u failed; none fell into %s",
                        sweep->base.n_played, sweep->base.n_failed,
                        run->board->layout.family == RIG_BOOTLOADER_MCUBOOT ? "a swap" : "an activation");
    rig_run_emit(run, event);
}

static void play_only_instant(struct instants *sweep)
{
    struct rig_run *run = sweep->run;
    struct rig_cut_record record = {0};
    char place[RIG_TRAILER_STATUS_TEXT_BYTES];

    if (!rig_sweep_may_replay(run, RIG_PLACE_INSTANT, "40ms"))
        return;
    run->cut_text = rig_cut_place_text(run->only_cut);
    play_instant(sweep, run->only_cut->after_us, &record, place, sizeof place);
    emit_instant(sweep, run->only_cut->after_us, &record, place);
}

static void sweep_instants(struct rig_run *run, const struct rig_step *step)
{
    const struct sweep_arguments *arguments = RIG_ARGUMENTS(step, struct sweep_arguments);
    struct instants sweep = {.run = run, .arguments = arguments, .at = arguments->at};

    if (!rig_sweep_begin(&sweep.base, run, step, RIG_RESTORE_SNAPSHOT))
        return;
    sweep.places = g_hash_table_new(NULL, NULL);
    if (run->only_cut) {
        play_only_instant(&sweep);
    } else if (measure_time(&sweep) && begins_in_time(&sweep)) {
        if (sweep.at->random)
            sweep_random_instants(&sweep, *sweep.at->random);
        else
            sweep_span(&sweep, sweep.at->after);
        emit_coverage(&sweep);
        if (sweep.base.n_failed && !rig_run_troubled(run))
            show_failed_instant(&sweep);
    }
    rig_sweep_end(&sweep.base);
    g_hash_table_unref(sweep.places);
}

/* --- at flash operations --- */

struct sweep {
    struct rig_sweep base;
    struct rig_run *run;
    const struct sweep_arguments *arguments;
    GArray *operations; /* struct rig_flash_write: those of the uncut run */
    guint n_of_form[3]; /* cuts that were played for each word of torn_choices */
    bool watched;       /* the cut that is played now goes on record operation by operation */
    struct rig_cut_place first_failed;
};

static void note_operation(void *user, const struct rig_flash_write *write)
{
    g_array_append_vals(user, write, 1);
}

/* No flash operation is a mistake in the scenario, unless the board broke down before its first one. */
static void complain_about_nothing(struct rig_run *run)
{
    struct rig_board_view view;
    GError *error = NULL;

    if (!run->board->probe->ops->view(run->board->probe, &view, &error)) {
        rig_run_error(run, error);
    } else if (view.state == RIG_STATE_HUNG || view.state == RIG_STATE_NO_IMAGE) {
        g_autofree char *seen = rig_run_describe_board(run, &view);

        rig_run_fail(run, "flash operations to cut", seen, "'during' did no flash operation");
    } else {
        rig_run_error_text(run, "'during' does no flash operation: there is nothing to cut");
    }
}

/* The uncut run tells how many operations there are, and proves that the steps pass with power. */
static bool measure(struct sweep *sweep)
{
    struct rig_run *run = sweep->run;
    struct rig_board *board = run->board;
    guint64 before = board->flash_watch->n_operations(board);
    g_autofree char *prefix = rig_sweep_prefix(&sweep->base, "during");

    rig_run_steps(run, sweep->arguments->during, prefix);
    if (rig_run_troubled(run) || !rig_run_settle(run, rig_sweep_until_us(&sweep->base), NULL, NULL))
        return false;
    board->flash_watch->operations(board, before, note_operation, sweep->operations);
    if (sweep->operations->len == 0)
        complain_about_nothing(run);
    return !rig_run_troubled(run);
}

/* "before operation 17 (write of 1024 bytes at internal 0xc400)": the operation as the uncut run did it.
 * Owned by the caller. */
static char *place_text(const struct sweep *sweep, const struct rig_cut_place *place)
{
    const struct rig_flash_write *write =
        &g_array_index(sweep->operations, struct rig_flash_write, place->operation);

    return g_strdup_printf("%s operation %" G_GUINT64_FORMAT " (%s of %u bytes at %s 0x%x)",
                           place->form == RIG_CUT_HALF    ? "inside"
                           : place->form == RIG_CUT_AFTER ? "after"
                                                          : "before",
                           place->operation, write->erase ? "erase" : "write", write->n_bytes, write->device,
                           write->offset);
}

static void emit_cut(struct sweep *sweep, const struct rig_cut_place *place,
                     const struct rig_trouble *trouble)
{
    const struct rig_flash_write *write =
        &g_array_index(sweep->operations, struct rig_flash_write, place->operation);
    g_autofree char *where = place_text(sweep, place);
    struct rig_event *event = rig_event_new(RIG_EVENT_CUT);

    rig_event_count(event, RIG_KEY_OPERATION, (gint64)place->operation);
    rig_event_text(event, RIG_KEY_FORM, rig_cut_form_name(place->form));
    rig_event_text(event, RIG_KEY_KIND, write->erase ? "erase" : "write");
    rig_event_text(event, RIG_KEY_DEVICE, write->device);
    rig_event_count(event, RIG_KEY_OFFSET, write->offset);
    rig_event_count(event, RIG_KEY_BYTES, write->n_bytes);
    rig_event_text(event, RIG_KEY_VERDICT, rig_verdict_word(trouble->verdict));
    rig_event_textf(event, RIG_KEY_TEXT, "power cut %s: %s", where,
                    trouble->message ? trouble->message : "ok");
    rig_journal_emit(sweep->run->journal, (gint64)rig_run_now_us(sweep->run), event);
}

static void tell_cut(struct sweep *sweep, const struct rig_cut_place *place)
{
    g_autofree char *where = place_text(sweep, place);

    rig_watch_cut(sweep->run->watch, where);
}

/* One cut from where the sweep began. What went wrong is left in run->trouble. */
static void play_cut(struct sweep *sweep, const struct rig_cut_place *place, struct rig_cut_record *record)
{
    struct rig_run *run = sweep->run;
    struct rig_cut_plan plan = {
        .aim = RIG_CUT_AT_OPERATION, .operation = place->operation, .form = place->form};
    g_autofree char *during = rig_sweep_prefix(&sweep->base, "during");
    g_autofree char *then = rig_sweep_prefix(&sweep->base, "then");
    GError *error = NULL;

    if (!rig_sweep_go_back(&sweep->base))
        return;
    if (sweep->watched)
        run->watch = rig_watch_new(run);
    if (!rig_play_with_cut(run, sweep->arguments->during, during, &plan, rig_sweep_until_us(&sweep->base),
                           record))
        return;
    if (!record->fell) {
        rig_run_error_text(run,
                           "the power cut at operation %" G_GUINT64_FORMAT
                           " never fell: the steps of 'during' are not repeatable",
                           place->operation);
        return;
    }
    tell_cut(sweep, place);
    g_ptr_array_set_size(run->console, 0);
    rig_run_mark_boots(run);
    if (!run->board->power->ops->set(run->board->power, true, &error))
        rig_run_error(run, error);
    else
        rig_run_steps(run, sweep->arguments->then, then);
}

/* Plays one cut with the flash watched; when it fails, what happened is told and drawn. */
static void play_watched(struct sweep *sweep, const struct rig_cut_place *place,
                         struct rig_cut_record *record)
{
    struct rig_run *run = sweep->run;
    struct rig_event *path = NULL;

    sweep->watched = true;
    play_cut(sweep, place, record);
    sweep->watched = false;
    if (run->trouble.verdict == RIG_VERDICT_FAIL)
        path =
            rig_watch_event(run->watch, run->cut_text, "each-power-cut",
                            "After every single power cut the steps of 'then' hold.", run->trouble.message);
    if (path)
        rig_run_emit(run, path);
    g_clear_pointer(&run->watch, rig_watch_free);
}

/* The word of `torn` that a cut at this place was played for. */
static guint form_index(const struct sweep *sweep, const struct rig_cut_place *place)
{
    bool erase = g_array_index(sweep->operations, struct rig_flash_write, place->operation).erase;

    return place->form != RIG_CUT_HALF ? 0 : erase ? 2 : 1;
}

/* Plays one cut without filling the journal; false when the sweep must end (rig error, interrupt). */
static bool sweep_one(struct sweep *sweep, const struct rig_cut_place *place)
{
    struct rig_run *run = sweep->run;
    struct rig_cut_record record = {0};
    bool first, go_on;

    run->muted++;
    play_cut(sweep, place, &record);
    run->muted--;
    emit_cut(sweep, place, &run->trouble);
    sweep->n_of_form[form_index(sweep, place)]++;
    go_on = rig_sweep_take(&sweep->base, &first);
    if (first)
        sweep->first_failed = *place;
    return go_on;
}

/* RRAM and MRAM have no erase that could be half done. */
static bool may_have_form(const struct rig_layout *layout, const char *form)
{
    bool erases = false;

    for (guint i = 0; i < layout->n_devices; i++)
        erases = erases || !layout->devices[i].no_erase;
    return erases || !g_str_equal(form, "half-erase");
}

/* A form of which there was no cut proved nothing; chance may leave one out now and then. */
static void expect_cuts_of_each_form(struct sweep *sweep)
{
    static const char *const lacking[] = {"a place between operations", "a write", "an erase"};

    if (rig_run_troubled(sweep->run) || sweep->base.n_failed)
        return;
    for (guint i = 0; torn_choices[i]; i++) {
        g_autofree char *text = NULL;

        if (!rig_words_have(sweep->arguments->torn, torn_choices[i]) || sweep->n_of_form[i] ||
            !may_have_form(&sweep->run->board->layout, torn_choices[i]))
            continue;
        text = g_strdup_printf("'torn: %s' cut nothing: %s is not among the places of 'at' in the %u flash "
                               "operations of 'during'",
                               torn_choices[i], lacking[i], sweep->operations->len);
        if (sweep->arguments->at && sweep->arguments->at->random && sweep->base.n_played)
            rig_run_note(sweep->run, "%s", text);
        else if (!rig_run_troubled(sweep->run))
            rig_run_error_text(sweep->run, "%s", text);
    }
}

static bool form_applies(const struct sweep *sweep, guint64 operation, enum rig_cut_form form)
{
    const char *const *torn = sweep->arguments->torn;
    bool erase = g_array_index(sweep->operations, struct rig_flash_write, operation).erase;
    bool last = operation + 1 == sweep->operations->len;

    if (last && form != RIG_CUT_BEFORE && sweep->arguments->at && !sweep->arguments->at->behind_last)
        return false;
    if (form == RIG_CUT_HALF)
        return rig_words_have(torn, erase ? "half-erase" : "half-write");
    /* After an operation is before the next one, but for the last. */
    return rig_words_have(torn, "none") && (form == RIG_CUT_BEFORE || last);
}

static bool sweep_operation(struct sweep *sweep, guint64 operation)
{
    if (operation >= sweep->operations->len) {
        rig_run_error_text(sweep->run, "there is no operation %" G_GUINT64_FORMAT ": 'during' does %u",
                           operation, sweep->operations->len);
        return false;
    }
    for (enum rig_cut_form form = RIG_CUT_BEFORE; form <= RIG_CUT_AFTER; form++) {
        struct rig_cut_place place = {.operation = operation, .form = form};

        if (form_applies(sweep, operation, form) && !sweep_one(sweep, &place))
            return false;
    }
    return true;
}

static void sweep_random(struct sweep *sweep, guint n)
{
    const guint32 words[2] = {(guint32)sweep->run->seed, (guint32)(sweep->run->seed >> 32)};
    g_autoptr(GRand) chance = g_rand_new_with_seed_array(words, 2);

    for (guint i = 0; i < n; i++)
        if (!sweep_operation(sweep, (guint64)g_rand_int_range(chance, 0, (gint32)sweep->operations->len)))
            return;
}

static void sweep_places(struct sweep *sweep)
{
    const struct at_operations *at = sweep->arguments->at;
    bool go_on = true;

    if (at && at->random) {
        sweep_random(sweep, *at->random);
        return;
    }
    for (gsize i = 0; go_on && at && at->operations && i < at->operations->n; i++)
        go_on = sweep_operation(sweep, at->operations->items[i]);
    for (guint64 i = 0; go_on && (!at || !at->operations) && i < sweep->operations->len;
         i += at && at->every ? *at->every : 1)
        go_on = sweep_operation(sweep, i);
}

/* Plays the first failing cut once more with everything on record, so that the report shows it from close by.
 */
static void show_failure(struct sweep *sweep)
{
    struct rig_run *run = sweep->run;
    struct rig_cut_record record = {0};
    g_autofree char *where = place_text(sweep, &sweep->first_failed);
    g_autofree char *place = g_strdup_printf("after a power cut %s", where);

    rig_run_note(run, "%u of %u cuts failed; the first of them again, on record:", sweep->base.n_failed,
                 sweep->base.n_played);
    run->cut_text = rig_cut_place_text(&sweep->first_failed);
    play_watched(sweep, &sweep->first_failed, &record);
    rig_sweep_blame(&sweep->base, place, "cuts");
}

static void play_only(struct sweep *sweep)
{
    struct rig_run *run = sweep->run;
    struct rig_cut_record record = {0};

    if (!rig_sweep_may_replay(run, RIG_PLACE_OPERATION, "17:half"))
        return;
    if (run->only_cut->operation >= sweep->operations->len) {
        rig_run_error_text(run, "there is no operation %" G_GUINT64_FORMAT ": 'during' does %u",
                           run->only_cut->operation, sweep->operations->len);
        return;
    }
    run->cut_text = rig_cut_place_text(run->only_cut);
    play_watched(sweep, run->only_cut, &record);
    emit_cut(sweep, run->only_cut, &run->trouble);
}

static bool has(const char *const *capabilities, const char *name)
{
    return g_strv_contains((const gchar *const *)capabilities, name);
}

static bool at_instants(const struct rig_step *step, const char *const *capabilities)
{
    const struct at_operations *at = RIG_ARGUMENTS(step, struct sweep_arguments)->at;

    return at && (at->after || (at->random && !has(capabilities, "power-cut-at-operation")));
}

static const char *lacks(const struct rig_step *step, const char *const *capabilities)
{
    if (!at_instants(step, capabilities))
        return !has(capabilities, "power-cut-at-operation") ? "power-cut-at-operation"
               : !has(capabilities, "rewind")               ? "rewind"
                                                            : NULL;
    return !has(capabilities, "power-cut-after-time")                      ? "power-cut-after-time"
           : !has(capabilities, "rewind") && !has(capabilities, "restore") ? "restore"
                                                                           : NULL;
}

static void run_each_power_cut(struct rig_run *run, const struct rig_step *step)
{
    struct sweep sweep = {
        .run = run,
        .arguments = RIG_ARGUMENTS(step, struct sweep_arguments),
        .operations = g_array_new(FALSE, FALSE, sizeof(struct rig_flash_write)),
    };

    if (at_instants(step, run->board->capabilities)) {
        g_array_unref(sweep.operations);
        sweep_instants(run, step);
        return;
    }
    if (rig_sweep_begin(&sweep.base, run, step, RIG_RESTORE_SNAPSHOT) && measure(&sweep)) {
        if (run->only_cut)
            play_only(&sweep);
        else
            sweep_places(&sweep);
        if (!run->only_cut)
            expect_cuts_of_each_form(&sweep);
        if (sweep.base.n_failed && !rig_run_troubled(run))
            show_failure(&sweep);
        if (!run->only_cut)
            rig_run_note(run, "%u power cuts in %u flash operations, %u failed%s", sweep.base.n_played,
                         sweep.operations->len, sweep.base.n_failed,
                         sweep.base.n_failed >= RIG_SWEEP_MAX_FAILED ? " (the rest was not tried)" : "");
    }
    rig_sweep_end(&sweep.base);
    g_array_unref(sweep.operations);
}

static const char *const needs_sweep[] = {"power", NULL};
const struct rig_verb rig_verb_each_power_cut = {
    .name = "each-power-cut",
    .family = "power",
    .about =
        "Plays `during` once uncut to count its flash operations, then again from the same board with "
        "power cut at each of them; after every cut "
        "power comes back and `then` must hold. With instants instead of operations it works on boards of a "
        "bench, too: their flash is put back through the probe before each cut, and after it the trailer "
        "tells which step of the swap it hit.",
    .shape = &sweep_shape,
    .within_us = 300u * 1000 * 1000,
    .needs = needs_sweep,
    .lacks = lacks,
    .example = "- each-power-cut:\n    during: [{reset: }]\n    then: [{expect-boot: {image: [old, new]}}]",
    .run = run_each_power_cut,
};
