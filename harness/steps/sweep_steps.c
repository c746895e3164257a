/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verb: each-power-cut: the same steps again and again, power cut at one place after the other; one verdict,
 * each cut on record. */
#include "steps/cut.h"
#include "steps/sweep.h"
#include "steps/watch.h"

static const char *const at_words[] = {"every-operation", NULL};
static const char *const torn_choices[] = {"none", "half-write", "half-erase", NULL};

static const struct rig_field at_fields[] = {
    {.name = "operations",
     .type = RIG_TYPE_COUNT,
     .list = true,
     .about = "These flash operations, counted from 0 within `during`."},
    {.name = "every", .type = RIG_TYPE_COUNT, .min = 1, .about = "Every n-th operation."},
    {.name = "random",
     .type = RIG_TYPE_COUNT,
     .min = 1,
     .max = 100000,
     .about =
         "So many operations, chosen by the run's seed; on boards that cannot be cut at an operation so many "
         "instants in the time that `during` takes."},
    {.name = "after",
     .type = RIG_TYPE_SPAN,
     .max = 60000000,
     .about = "Instants from the begin of `during` on, such as 5ms..900ms; where a board cannot be cut at an "
              "operation."},
    {.name = "step",
     .type = RIG_TYPE_DURATION,
     .default_text = "10ms",
     .min = 100,
     .max = 60000000,
     .about = "With `after`: from one instant to the next."},
    {.name = "line",
     .type = RIG_TYPE_LINE,
     .min = 1,
     .max = RIG_CUT_LINE_BYTES,
     .about = "With `after`: instants count from a console line that holds this."},
    {.name = "behind-last",
     .type = RIG_TYPE_FLAG,
     .default_text = "true",
     .about = "Also cut inside and behind the last operation, where what it writes may count already."},
};
static const char *const at_ways[] = {"operations", "every", "random", "after", NULL};
static const struct rig_rule at_rules[] = {
    {.field = "step", .kind = RIG_RULE_NEEDS, .other = "after"},
    {.field = "line", .kind = RIG_RULE_NEEDS, .other = "after"},
    {.field = "behind-last", .kind = RIG_RULE_NOT_BESIDE, .other = "after"},
    {0},
};
static const struct rig_shape at_shape = {.name = "at",
                                          .fields = at_fields,
                                          .n_fields = G_N_ELEMENTS(at_fields),
                                          .exactly_one = at_ways,
                                          .rules = at_rules};

static const struct rig_field sweep_fields[] = {
    {.name = "during",
     .type = RIG_TYPE_STEPS,
     .required = true,
     .about = "What power is cut in. Each cut begins from the same board."},
    {.name = "at",
     .type = RIG_TYPE_RECORD,
     .shape = &at_shape,
     .choices = at_words,
     .default_text = "every-operation",
     .about = "Where to cut."},
    {.name = "torn",
     .type = RIG_TYPE_CHOICE,
     .list = true,
     .choices = torn_choices,
     .default_text = "none",
     .about = "`none`: cuts between operations; `half-write`, `half-erase`: also inside them."},
    {.name = "then",
     .type = RIG_TYPE_STEPS,
     .judges = true,
     .required = true,
     .about = "What must hold after power is back, for every cut."},
};
static const struct rig_rule sweep_rules[] = {
    {.field = "torn",
     .kind = RIG_RULE_NOT_BESIDE,
     .other = "at.after",
     .why = "instants fall inside of operations by themselves"},
    {0},
};
static const struct rig_shape sweep_shape = {.name = "each-power-cut",
                                             .fields = sweep_fields,
                                             .n_fields = G_N_ELEMENTS(sweep_fields),
                                             .rules = sweep_rules};

struct sweep {
    struct rig_sweep base;
    struct rig_run *run;
    const struct rig_step *step;
    const GPtrArray *during;
    const GPtrArray *then;
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

    rig_run_steps(run, sweep->during, prefix);
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
    struct rig_event *event = rig_event_new("cut");

    rig_event_count(event, "operation", (gint64)place->operation);
    rig_event_text(event, "form", rig_cut_form_name(place->form));
    rig_event_text(event, "kind", write->erase ? "erase" : "write");
    rig_event_text(event, "device", write->device);
    rig_event_count(event, "offset", write->offset);
    rig_event_count(event, "bytes", write->n_bytes);
    rig_event_text(event, "verdict", rig_verdict_word(trouble->verdict));
    rig_event_textf(event, "text", "power cut %s: %s", where, trouble->message ? trouble->message : "ok");
    rig_journal_emit(sweep->run->journal, (gint64)rig_run_now_us(sweep->run), event);
}

static void tell_cut(struct sweep *sweep, const struct rig_cut_place *place)
{
    g_autofree char *where = place_text(sweep, place);

    rig_watch_cut(sweep->run->watch, where);
}

/* One cut from the kept moment on. What went wrong is left in run->trouble. */
static void play_cut(struct sweep *sweep, const struct rig_cut_place *place, struct rig_cut_record *record)
{
    struct rig_run *run = sweep->run;
    struct rig_cut_plan plan = {
        .aim = RIG_CUT_AT_OPERATION, .operation = place->operation, .form = place->form};
    g_autofree char *during = rig_sweep_prefix(&sweep->base, "during");
    g_autofree char *then = rig_sweep_prefix(&sweep->base, "then");
    GError *error = NULL;

    if (!rig_way_back_take(sweep->base.back))
        return;
    if (sweep->watched)
        run->watch = rig_watch_new(run);
    if (!rig_play_with_cut(run, sweep->during, during, &plan, rig_sweep_until_us(&sweep->base), record))
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
        rig_run_steps(run, sweep->then, then);
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

static bool is_random(const struct sweep *sweep)
{
    const struct rig_value *at = rig_record_get(sweep->step->arguments, "at");

    return at && !at->keyword && rig_record_get(at->record, "random");
}

/* A form of which there was no cut proved nothing; chance may leave one out now and then. */
static void expect_cuts_of_each_form(struct sweep *sweep)
{
    const struct rig_value *torn = rig_record_get(sweep->step->arguments, "torn");
    static const char *const lacking[] = {"a place between operations", "a write", "an erase"};

    if (rig_run_troubled(sweep->run) || sweep->base.n_failed)
        return;
    for (guint i = 0; torn_choices[i]; i++) {
        g_autofree char *text = NULL;

        if (!rig_list_has(torn, torn_choices[i]) || sweep->n_of_form[i])
            continue;
        text = g_strdup_printf("'torn: %s' cut nothing: %s is not among the places of 'at' in the %u flash "
                               "operations of 'during'",
                               torn_choices[i], lacking[i], sweep->operations->len);
        if (is_random(sweep) && sweep->base.n_played)
            rig_run_note(sweep->run, "%s", text);
        else if (!rig_run_troubled(sweep->run))
            rig_run_error_text(sweep->run, "%s", text);
    }
}

static bool wants_behind_last(const struct sweep *sweep)
{
    const struct rig_value *at = rig_record_get(sweep->step->arguments, "at");

    return !at || at->keyword || rig_record_flag(at->record, "behind-last");
}

static bool form_applies(const struct sweep *sweep, guint64 operation, enum rig_cut_form form,
                         const struct rig_value *torn)
{
    bool erase = g_array_index(sweep->operations, struct rig_flash_write, operation).erase;
    bool last = operation + 1 == sweep->operations->len;

    if (last && form != RIG_CUT_BEFORE && !wants_behind_last(sweep))
        return false;
    if (form == RIG_CUT_HALF)
        return rig_list_has(torn, erase ? "half-erase" : "half-write");
    /* After an operation is before the next one, but for the last. */
    return rig_list_has(torn, "none") && (form == RIG_CUT_BEFORE || last);
}

static bool sweep_operation(struct sweep *sweep, guint64 operation)
{
    const struct rig_value *torn = rig_record_get(sweep->step->arguments, "torn");

    if (operation >= sweep->operations->len) {
        rig_run_error_text(sweep->run, "there is no operation %" G_GUINT64_FORMAT ": 'during' does %u",
                           operation, sweep->operations->len);
        return false;
    }
    for (enum rig_cut_form form = RIG_CUT_BEFORE; form <= RIG_CUT_AFTER; form++) {
        struct rig_cut_place place = {.operation = operation, .form = form};

        if (form_applies(sweep, operation, form, torn) && !sweep_one(sweep, &place))
            return false;
    }
    return true;
}

static void sweep_places(struct sweep *sweep)
{
    const struct rig_value *at = rig_record_get(sweep->step->arguments, "at");
    const struct rig_record *choice = at && !at->keyword ? at->record : NULL;
    const struct rig_value *list = choice ? rig_record_get(choice, "operations") : NULL;
    const struct rig_value *every = choice ? rig_record_get(choice, "every") : NULL;
    const struct rig_value *random = choice ? rig_record_get(choice, "random") : NULL;
    const guint32 words[2] = {(guint32)sweep->run->seed, (guint32)(sweep->run->seed >> 32)};
    g_autoptr(GRand) chance = g_rand_new_with_seed_array(words, 2);
    bool go_on = true;

    for (guint i = 0; go_on && i < rig_list_length(list); i++)
        go_on = sweep_operation(sweep, rig_list_item(list, i)->count);
    for (guint64 i = 0; go_on && random && i < random->count; i++)
        go_on = sweep_operation(sweep, (guint64)g_rand_int_range(chance, 0, (gint32)sweep->operations->len));
    for (guint64 i = 0; go_on && !list && !random && i < sweep->operations->len;
         i += every ? every->count : 1)
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
    const struct rig_value *at = rig_record_get(step->arguments, "at");
    const struct rig_record *choice = at && !at->keyword ? at->record : NULL;

    return choice && (rig_record_get(choice, "after") ||
                      (rig_record_get(choice, "random") && !has(capabilities, "power-cut-at-operation")));
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
        .step = step,
        .during = rig_record_get(step->arguments, "during")->steps,
        .then = rig_record_get(step->arguments, "then")->steps,
        .operations = g_array_new(FALSE, FALSE, sizeof(struct rig_flash_write)),
    };

    if (at_instants(step, run->board->capabilities)) {
        g_array_unref(sweep.operations);
        rig_sweep_instants(run, step);
        return;
    }
    if (rig_sweep_begin(&sweep.base, run, step, RIG_BACK_BY_MOMENT) && measure(&sweep)) {
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
