/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verb: explore: every sequence of power cuts from the board as it stands; one expectation per invariant, the
 * shortest path to a violation told operation by operation; all of it as events of the journal
 * (reports/journal.md). */
#define _GNU_SOURCE /* memmem */
#include "steps/verbs.h"

#include "base/error.h"
#include "explore/replay.h"
#include "path/path_event.h"
#include "steps/explore_subject.h"
#include "steps/explore_verdict.h"
#include "steps/fit.h"

#include <glib/gstdio.h>
#include <string.h>

static void add_words(struct rig_event *event, const struct rig_explore_plan *plan)
{
    const char *life[RIG_LIFE_MAX_ACTIONS + 1] = {NULL};
    const char *forms[4] = {"between operations", NULL, NULL, NULL};
    guint n_forms = 1;

    for (guint i = 0; i < plan->life.n_actions; i++)
        life[i] = rig_action_name(plan->life.actions[i]);
    if (plan->torn_write)
        forms[n_forms++] = "inside writes";
    if (plan->torn_erase)
        forms[n_forms] = "inside erases";
    rig_event_list(event, RIG_KEY_LIFE, life);
    rig_event_list(event, RIG_KEY_FORMS, forms);
}

/* Before anything is explored: a run that is killed must not look as if nothing had been asked. why_not: per
 * invariant, NULL when it is judged or was not asked for. */
static void explore_emit_start(struct rig_run *run, const struct rig_explore_plan *plan,
                               const char *const why_not[RIG_N_INVARIANTS])
{
    struct rig_event *event = rig_event_new(RIG_EVENT_EXPLORE_START);

    rig_event_text(event, RIG_KEY_STEP, run->step_id->str);
    add_words(event, plan);
    for (guint i = 0; i < RIG_N_INVARIANTS; i++) {
        struct rig_event *entry;

        if (!why_not[i] && !(plan->invariants >> i & 1))
            continue;
        entry = rig_event_append(event, RIG_KEY_INVARIANTS);
        rig_event_text(entry, RIG_KEY_NAME, rig_invariant_name((enum rig_invariant)i));
        rig_event_text(entry, RIG_KEY_ABOUT, rig_invariant_about((enum rig_invariant)i));
        rig_event_text(entry, RIG_KEY_NOT_JUDGED, why_not[i]);
    }
    rig_run_emit(run, event);
}

static void add_counts(struct rig_event *event, const struct rig_exploration *seen)
{
    rig_event_flag(event, RIG_KEY_CLOSED, seen->closed);
    rig_event_text(event, RIG_KEY_WHY_OPEN, seen->why_open);
    rig_event_count(event, RIG_KEY_CONTENTS, seen->n_contents);
    rig_event_count(event, RIG_KEY_NODES, (gint64)seen->n_nodes);
    rig_event_count(event, RIG_KEY_CUTS, (gint64)seen->n_edges);
    rig_event_count(event, RIG_KEY_TORN_CUTS, (gint64)seen->n_torn_edges);
    rig_event_count(event, RIG_KEY_BOOTS, (gint64)seen->n_boots);
    rig_event_count(event, RIG_KEY_LONGEST, seen->longest);
    rig_event_count(event, RIG_KEY_ELAPSED_US, seen->elapsed_us);
    rig_event_count(event, RIG_KEY_BYTES, (gint64)seen->n_bytes);
}

/* Each way in which it is broken. */
static void add_causes(struct rig_event *entry, const struct rig_exploration *seen,
                       enum rig_invariant invariant)
{
    for (guint i = 0; i < seen->findings->len; i++) {
        const struct rig_finding *finding = g_ptr_array_index(seen->findings, i);
        struct rig_event *cause;

        if (finding->invariant != invariant)
            continue;
        cause = rig_event_append(entry, RIG_KEY_FINDINGS);
        rig_event_text(cause, RIG_KEY_CAUSE, finding->cause);
        rig_event_count(cause, RIG_KEY_N_CUTS, finding->n_cuts);
        rig_event_count(cause, RIG_KEY_STATES, (gint64)finding->n_nodes);
        rig_event_text(cause, RIG_KEY_PATH, finding->path);
        rig_event_text(cause, RIG_KEY_TEXT, finding->complaint);
        if (finding->heals_after)
            rig_event_count(cause, RIG_KEY_HEALS_AFTER, finding->heals_after);
    }
}

static void add_verdict(struct rig_event *event, const struct rig_exploration *seen,
                        const struct rig_invariant_verdict *verdict)
{
    struct rig_event *entry = rig_event_append(event, RIG_KEY_INVARIANTS);

    rig_event_text(entry, RIG_KEY_NAME, rig_invariant_name(verdict->invariant));
    rig_event_text(entry, RIG_KEY_VERDICT, rig_verdict_word(verdict->verdict));
    rig_event_text(entry, RIG_KEY_TEXT, verdict->text);
    if (verdict->shown) {
        rig_event_text(entry, RIG_KEY_PATH, verdict->shown->path);
        rig_event_count(entry, RIG_KEY_N_CUTS, verdict->shown->n_cuts);
        rig_event_count(entry, RIG_KEY_STATES, (gint64)verdict->shown->n_nodes);
    }
    if (seen)
        add_causes(entry, seen, verdict->invariant);
}

/* seen NULL: one path was played, nothing was explored. */
static void explore_emit_end(struct rig_run *run, const struct rig_exploration *seen,
                             const struct rig_invariant_verdict *verdicts, guint n_verdicts)
{
    struct rig_event *event = rig_event_new(RIG_EVENT_EXPLORE_END);

    rig_event_text(event, RIG_KEY_STEP, run->step_id->str);
    if (seen)
        add_counts(event, seen);
    for (guint i = 0; i < n_verdicts; i++)
        add_verdict(event, seen, &verdicts[i]);
    rig_run_emit(run, event);
}

static const char *const life_words[] = {"upload", "test", "permanent", "confirm", "update", NULL};
static const char *const torn_words[] = {"none", "half-write", "half-erase", NULL};

struct explore_arguments {
    const char *old;
    const char *new;
    const char *second_old;
    const char *second_new;
    const char *const *life;
    const char *const *torn;
    const char *const *invariants;
    const struct rig_known_finding *const *finds;
    guint32 boots;
    const guint32 *erases;
    guint32 max_states;
    guint64 max_time_us;
    guint64 max_memory;
    bool may_stay_open;
};
static const struct rig_field explore_fields[] = {
    RIG_FIELD("old", IMAGE, struct explore_arguments, old, .required = true,
              .about = "The image that runs at the begin."),
    RIG_FIELD(
        "new", IMAGE, struct explore_arguments, new, .required = true,
        .about =
            "The image that is installed: in slot 1 already, or uploaded by the life cycle, or the package "
            "that is sent to the bootloader."),
    RIG_FIELD(
        "second-old", IMAGE, struct explore_arguments, second_old,
        .about = "On a board with two images: the second one beside `old`. The life cycle then acts on both, "
                 "one after "
                 "the other, and `allowed-image` says that old and new never run beside each other."),
    RIG_FIELD("second-new", IMAGE, struct explore_arguments, second_new,
              .about = "And the one beside `new`."),
    RIG_FIELD(
        "life", CHOICE, struct explore_arguments, life, .list = true, .in_order = true, .choices = life_words,
        .required = true,
        .about =
            "What is done, in this order; at any power-on nothing may be done as well. Power is cut in it, "
            "too. `upload`, `test`, `permanent`, `confirm`: by the application. `update`: the whole of "
            "it by a host, on a board whose bootloader takes it: the way into the bootloader, every "
            "byte, the resets in it."),
    RIG_FIELD("torn", CHOICE, struct explore_arguments, torn, .list = true, .choices = torn_words,
              .default_text = "none",
              .about =
                  "`none`: cuts between operations, always; `half-write`, `half-erase`: also inside them."),
    RIG_FIELD(
        "invariants", CHOICE, struct explore_arguments, invariants, .list = true,
        .choices = rig_invariant_choices, .default_text = "all",
        .about =
            "What must hold; all = those that can be judged here. What cannot be judged is told with the "
            "reason; nothing left to judge is an error."),
    RIG_STRUCT_FIELD(
        "finds", RECORD, struct explore_arguments, finds, struct rig_known_finding, &rig_finding_shape,
        .list = true,
        .about = "Findings that this board is known to have. The step fails when one of them is gone, needs "
                 "another number of cuts, or when there is another one."),
    RIG_FIELD("boots", COUNT, struct explore_arguments, boots, .min = 1, .max = 100, .default_text = "1",
              .about =
                  "For `boots`: an image must run after so many power-ons at the most; 1: after each one."),
    RIG_FIELD("erases", COUNT, struct explore_arguments, erases, .min = 1, .max = 65535,
              .about = "For `wear`: the most erases of one sector in one boot."),
    RIG_FIELD("max-states", COUNT, struct explore_arguments, max_states, .min = 1, .max = 10000000,
              .default_text = "1000000",
              .about = "Give up after so many flash contents; a run with `--resume` has as many again."),
    RIG_FIELD("max-time", DURATION, struct explore_arguments, max_time_us, .default_text = "10min",
              .about = "Give up after this time on the wall clock."),
    RIG_FIELD("max-memory", SIZE, struct explore_arguments, max_memory, .min = 1 << 20,
              .max = G_GUINT64_CONSTANT(1) << 40, .default_text = "1024MiB",
              .about = "Give up when so much memory is in use."),
    RIG_FIELD("may-stay-open", FLAG, struct explore_arguments, may_stay_open, .default_text = "false",
              .about = "true: a used-up budget is a note, not an error. What was not visited is not proved."),
};
static const char *const wear_words[] = {"wear", "all", NULL};
static const struct rig_rule explore_rules[] = {
    {.field = "erases", .kind = RIG_RULE_NEEDS, .other = "invariants", .others = wear_words},
    {.field = "second-old", .kind = RIG_RULE_NEEDS, .other = "second-new"},
    {.field = "second-new", .kind = RIG_RULE_NEEDS, .other = "second-old"},
    {0},
};
static const struct rig_shape explore_shape = {RIG_SHAPE("explore", explore_fields, struct explore_arguments),
                                               .rules = explore_rules};

/* A host sends an update to an updater; an application uploads and marks. */
static bool suits(struct rig_run *run, const struct rig_subject *subject, enum rig_action action)
{
    bool to_updater = subject->invariants >> RIG_INVARIANT_UPDATABLE & 1;

    if ((action == RIG_ACTION_UPDATE) == to_updater)
        return true;
    rig_run_unable(
        run,
        g_error_new(RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                    to_updater
                        ? "life: this board's bootloader is sent an 'update', its application does no '%s'"
                        : "life: this board has no updater that takes an '%s': upload and mark",
                    rig_action_name(action)));
    return false;
}

static bool take_life(struct rig_run *run, const char *const *words, const struct rig_subject *subject,
                      struct rig_life *life)
{
    if (g_strv_length((char **)words) > RIG_LIFE_MAX_ACTIONS) {
        rig_run_error_text(run, "a life cycle has at most %d actions", RIG_LIFE_MAX_ACTIONS);
        return false;
    }
    for (; *words; words++)
        for (guint action = 0; action < RIG_N_ACTIONS; action++)
            if (g_str_equal(*words, rig_action_name((enum rig_action)action))) {
                if (!suits(run, subject, (enum rig_action)action))
                    return false;
                life->actions[life->n_actions++] = (enum rig_action)action;
            }
    return true;
}

static void nothing_judged(struct rig_run *run, const char *const why_not[RIG_N_INVARIANTS])
{
    g_autoptr(GString) reasons = g_string_new(NULL);

    for (guint i = 0; i < RIG_N_INVARIANTS; i++)
        if (why_not[i])
            g_string_append_printf(reasons, "; %s: %s", rig_invariant_name((enum rig_invariant)i),
                                   why_not[i]);
    rig_run_error_text(run, "no invariant is left to judge%s", reasons->str);
}

/* Why an invariant cannot be judged with these images; NULL: it can. */
static const char *explored_why_not(const struct rig_explored *explored, enum rig_invariant invariant)
{
    static const guint32 of_new_image =
        1u << RIG_INVARIANT_UPDATE_HAPPENS | 1u << RIG_INVARIANT_REVERT_NOT_LOST |
        1u << RIG_INVARIANT_STAYS_INSTALLED | 1u << RIG_INVARIANT_CONFIRMED_BY_APPLICATION |
        1u << RIG_INVARIANT_BACKUP_INTACT | 1u << RIG_INVARIANT_UPDATABLE |
        1u << RIG_INVARIANT_SUCCESS_COMMITTED;

    if (of_new_image >> invariant & 1)
        return explored->never_runs;
    return invariant == RIG_INVARIANT_VERIFIED_ONLY ? explored->not_judged : NULL;
}

/* Those that were asked for and can be judged here; of the others, why not. */
static bool take_invariants(struct rig_run *run, const char *const *names,
                            const struct rig_explored *explored, struct rig_explore_plan *plan,
                            const char *why_not[RIG_N_INVARIANTS])
{
    guint32 wanted = rig_words_have(names, "all") ? plan->subject->invariants : 0;

    for (; *names; names++) {
        enum rig_invariant invariant;

        if (rig_invariant_from_name(*names, &invariant))
            wanted |= 1u << invariant;
    }
    for (guint i = 0; i < RIG_N_INVARIANTS; i++) {
        if (!(wanted >> i & 1))
            continue;
        if (i == RIG_INVARIANT_WEAR && plan->max_erases == 0)
            why_not[i] = "no bound ('erases') is given";
        else
            rig_invariant_applies((enum rig_invariant)i, plan->subject, &plan->life, &why_not[i]);
        if (!why_not[i])
            why_not[i] = explored_why_not(explored, (enum rig_invariant)i);
        plan->invariants |= why_not[i] ? 0 : 1u << i;
    }
    if (plan->invariants)
        return true;
    nothing_judged(run, why_not);
    return false;
}

/* "No crash." -> "No crash": the sentence goes on behind it. Owned by the caller. */
static char *expectation_of(enum rig_invariant invariant, bool known)
{
    const char *about = rig_invariant_about(invariant);

    return known ? g_strdup("broken as it is known to be, and not otherwise")
                 : g_strndup(about, strlen(about) - (g_str_has_suffix(about, ".") ? 1 : 0));
}

/* The board itself is as it was before: what a probe would read at the end of the path is told instead. */
static void keep_trailers(struct rig_run *run, const struct rig_path *path)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new();
    g_autoptr(GPtrArray) steps = rig_path_steps(path);
    struct rig_path_state state;

    if (run->path_trailers)
        return;
    rig_path_begin(path, &state);
    for (guint i = 0; i < steps->len; i++)
        rig_path_follow(path, g_ptr_array_index(steps, i), &state);
    for (guint i = 0; i < path->areas->len; i++) {
        const struct rig_path_area *area = g_ptr_array_index(path->areas, i);
        const struct rig_path_trailer *trailer = state.trailers[i];
        g_autofree char *size = NULL;

        if (!trailer)
            continue;
        if (!trailer->type) {
            g_autofree char *said = rig_path_trailer_text(trailer);

            g_ptr_array_add(texts, g_strdup_printf("%s after cuts=%s: %s", area->name, path->cuts, said));
            continue;
        }
        size = trailer->size ? g_strdup_printf("%" G_GINT64_FORMAT, trailer->size) : g_strdup("unset");
        g_ptr_array_add(texts, g_strdup_printf("%s after cuts=%s: magic %s, swap type %s, copy_done %s, "
                                               "image_ok %s, swap size %s, %s",
                                               area->name, path->cuts, trailer->magic, trailer->type,
                                               trailer->copy_done, trailer->image_ok, size, trailer->status));
    }
    g_ptr_array_add(texts, NULL);
    run->path_trailers = (char **)g_ptr_array_free(g_steal_pointer(&texts), FALSE);
}

static void break_by(struct rig_path *path, enum rig_invariant invariant, const char *complaint)
{
    rig_path_add_broken(path, rig_invariant_name(invariant), rig_invariant_about(invariant), complaint);
}

static void emit_path(struct rig_run *run, const struct rig_path *path, bool in_full)
{
    struct rig_event *event = rig_path_to_event(path, in_full);

    if (event)
        rig_run_emit(run, event);
    keep_trailers(run, path);
}

/* The path that shows a failure; NULL: it is none, or there is no path. */
static const char *path_of(const struct rig_invariant_verdict *verdict)
{
    return verdict->verdict == RIG_VERDICT_FAIL && verdict->shown ? verdict->shown->path : NULL;
}

/* Plays the path of a finding again, on record. Everything else that it breaks is told with it. */
static void tell_path(struct rig_run *run, const struct rig_explore_plan *plan, const char *cuts,
                      const struct rig_invariant_verdict *verdicts, guint n_verdicts)
{
    g_autoptr(GArray) cycles = rig_cuts_parse(cuts, NULL);
    struct rig_explore_plan told = *plan; /* it was judged before */
    struct sim_flash *flash = plan->subject->flash;
    struct sim_flash_content *content = sim_flash_keep(flash);
    g_auto(rig_replay) replay = {.fits = false};

    told.invariants = 0;
    if (cycles)
        rig_replay_play(&replay, &told, cycles);
    if (content)
        sim_flash_restore(flash, content);
    sim_flash_content_free(content);
    if (!replay.fits) {
        rig_run_error_text(run, "the path %s cannot be played again", cuts);
        return;
    }
    rig_path_set_origin(replay.path, run->step_id->str, cuts);
    for (guint i = 0; i < n_verdicts; i++)
        if (g_strcmp0(path_of(&verdicts[i]), cuts) == 0)
            break_by(replay.path, verdicts[i].invariant, verdicts[i].shown->complaint);
    emit_path(run, replay.path, false);
}

/* Invariants that one path breaks are told together, where the first of them is. */
static void tell_paths(struct rig_run *run, const struct rig_explore_plan *plan,
                       const struct rig_invariant_verdict *verdicts, guint n_verdicts)
{
    for (guint i = 0; i < n_verdicts; i++) {
        const char *cuts = path_of(&verdicts[i]);
        bool told = false;

        for (guint k = 0; k < i; k++)
            told |= g_strcmp0(path_of(&verdicts[k]), cuts) == 0;
        if (cuts && !told)
            tell_path(run, plan, cuts, verdicts, n_verdicts);
    }
}

/* What was not visited is not proved: only pass and fail are comparisons. */
static void tell_verdict(struct rig_run *run, const struct rig_invariant_verdict *verdict)
{
    bool ok = verdict->verdict == RIG_VERDICT_PASS;
    g_autofree char *what = g_strdup_printf("invariant %s", rig_invariant_name(verdict->invariant));
    g_autofree char *expected = expectation_of(verdict->invariant, verdict->expected);

    if (ok || verdict->verdict == RIG_VERDICT_FAIL)
        rig_run_expect(run, ok, what, expected, verdict->text);
    if (verdict->verdict == RIG_VERDICT_FAIL && verdict->shown && !run->path_text)
        run->path_text = g_strdup(verdict->shown->path);
}

static void judge_result(struct rig_run *run, const struct rig_explore_plan *plan,
                         const struct rig_exploration *seen, const GArray *expected, bool may_stay)
{
    struct rig_invariant_verdict verdicts[RIG_N_INVARIANTS];
    guint n = 0;

    for (guint i = 0; i < RIG_N_INVARIANTS; i++) {
        if (!(plan->invariants >> i & 1))
            continue;
        rig_judge_invariant(seen, (enum rig_invariant)i, expected, may_stay, &verdicts[n]);
        tell_verdict(run, &verdicts[n++]);
    }
    explore_emit_end(run, seen, verdicts, n);
    tell_paths(run, plan, verdicts, n);
    for (guint i = 0; i < n; i++)
        rig_invariant_verdict_clear(&verdicts[i]);
}

#define STATES_FOLDER "states"

/* Where the state of this exploration is kept below a run's folder. Owned by the caller. */
static char *state_path(const char *directory, const struct rig_explore_plan *plan)
{
    g_autofree char *fingerprint = rig_explore_fingerprint(plan);
    g_autofree char *name = g_strdup_printf("%.16s.explore", fingerprint);

    return g_build_filename(directory, STATES_FOLDER, name, NULL);
}

/* Plans where to keep a state, and which one to go on from. The strings are *keep_in and *go_on_from. */
static void plan_state(struct rig_run *run, struct rig_explore_plan *plan, char **keep_in, char **go_on_from)
{
    g_autofree char *folder = NULL;

    if (run->evidence) {
        *keep_in = state_path(rig_evidence_directory(run->evidence), plan);
        folder = g_path_get_dirname(*keep_in);
        if (g_mkdir_with_parents(folder, 0777) == 0)
            plan->keep_in = *keep_in;
    }
    if (!run->resume)
        return;
    *go_on_from =
        g_file_test(run->resume, G_FILE_TEST_IS_DIR) ? state_path(run->resume, plan) : g_strdup(run->resume);
    if (g_file_test(run->resume, G_FILE_TEST_IS_DIR) && !g_file_test(*go_on_from, G_FILE_TEST_EXISTS))
        rig_run_note(run, "'%s' has nothing to go on from for this exploration: it begins anew", run->resume);
    else
        plan->go_on_from = *go_on_from;
}

static void tell_state(struct rig_run *run, const struct rig_explore_plan *plan,
                       const struct rig_exploration *seen)
{
    g_autofree char *folder = plan->keep_in ? g_path_get_dirname(plan->keep_in) : NULL;

    if (seen->n_lost > 0)
        rig_run_note(run,
                     "%u worker processes ended before their time, although none of their boots alone does "
                     "that: the bootloader writes over memory that is not its own",
                     seen->n_lost);
    if (seen->is_kept)
        rig_run_note(run,
                     "what was found so far is kept in %s: --resume with it, or with the folder of these "
                     "reports, goes on from there",
                     plan->keep_in);
    else if (plan->keep_in)
        g_unlink(plan->keep_in);
    if (folder)
        g_rmdir(folder);
}

static void tell_unfinished(struct rig_run *run, const struct rig_exploration *seen, guint n_missing)
{
    g_autofree char *missing =
        n_missing ? g_strdup_printf("; %u of the findings that are expected %s not found so far", n_missing,
                                    n_missing == 1 ? "was" : "were")
                  : g_strdup("");

    rig_run_unfinished(run, "the exploration is not finished: %s%s", seen->why_open, missing);
}

/* Findings of what nobody can judge here are neither there nor gone. */
static void note_not_compared(struct rig_run *run, const struct rig_known_finding *const *finds,
                              guint32 judged)
{
    for (; finds && *finds; finds++)
        if (!(judged >> (*finds)->invariant & 1))
            rig_run_note(run, "the finding of '%s' that is expected is not compared: that is not judged here",
                         rig_invariant_name((*finds)->invariant));
}

/* What is expected of an invariant that nobody asks for would never be compared. */
static bool finds_what_is_asked(struct rig_run *run, const struct explore_arguments *arguments)
{
    const char *const *asked = arguments->invariants;

    for (guint i = 0; arguments->finds && arguments->finds[i] && !rig_words_have(asked, "all"); i++) {
        const char *name = rig_invariant_name(arguments->finds[i]->invariant);

        if (!rig_words_have(asked, name)) {
            rig_run_error_text(run, "'finds' has no effect: '%s' is not among the 'invariants'", name);
            return false;
        }
    }
    return true;
}

/* What was explored says something: at least one cut was played to its end, if any is possible. */
static void judge_extent(struct rig_run *run, const struct rig_exploration *seen, const GArray *expected,
                         bool may_stay)
{
    guint n_missing = rig_expected_missing(seen, expected);

    if (rig_run_troubled(run))
        return;
    if (seen->closed && seen->n_edges == 0 && expected->len == 0)
        rig_run_error_text(run, "nothing in this life cycle writes to the flash: power was cut nowhere");
    else if (!seen->closed && (!may_stay || n_missing > 0))
        tell_unfinished(run, seen, n_missing);
    else if (!seen->closed && seen->longest == 0)
        rig_run_unfinished(run,
                           "the exploration is not finished: %s before the board was switched on after a "
                           "power cut",
                           seen->why_open);
    else if (!seen->closed)
        rig_run_note(run, "not closed: %s", seen->why_open);
}

static void explore(struct rig_run *run, const struct explore_arguments *arguments,
                    const struct rig_explore_plan *plan)
{
    g_autoptr(GArray) expected = rig_expected_findings(arguments->finds, plan->invariants);
    g_autoptr(rig_exploration) seen = rig_explore(plan);
    bool interrupted = plan->interrupted && *plan->interrupted;
    bool may_stay = arguments->may_stay_open && !interrupted && !seen->trouble;

    note_not_compared(run, arguments->finds, plan->invariants);
    tell_state(run, plan, seen);
    judge_result(run, plan, seen, expected, may_stay);
    if (seen->trouble)
        rig_run_error_text(run, "the exploration ended early: %s", seen->trouble);
    judge_extent(run, seen, expected, may_stay);
}

static void judge_path(struct rig_run *run, const struct rig_explore_plan *plan,
                       const struct rig_replay *replay)
{
    struct rig_invariant_verdict verdicts[RIG_N_INVARIANTS];
    guint n = 0;

    for (guint i = 0; i < RIG_N_INVARIANTS; i++) {
        bool ok = !(replay->broken >> i & 1);

        if (!(plan->invariants >> i & 1))
            continue;
        verdicts[n] = (struct rig_invariant_verdict){
            .invariant = (enum rig_invariant)i,
            .verdict = ok ? RIG_VERDICT_PASS : RIG_VERDICT_FAIL,
            .text = g_strdup(ok ? "holds on this path" : replay->complaints[i])};
        if (!ok)
            break_by(replay->path, (enum rig_invariant)i, verdicts[n].text);
        tell_verdict(run, &verdicts[n++]);
    }
    explore_emit_end(run, NULL, verdicts, n);
    rig_path_set_origin(replay->path, run->step_id->str, run->only_path);
    emit_path(run, replay->path, true);
    for (guint i = 0; i < n; i++)
        rig_invariant_verdict_clear(&verdicts[i]);
}

static void play_only(struct rig_run *run, const struct rig_explore_plan *plan)
{
    GError *error = NULL;
    g_autoptr(GArray) cycles = rig_cuts_parse(run->only_path, &error);
    g_auto(rig_replay) replay = {.fits = false};

    if (!cycles) {
        rig_run_error(run, error);
        return;
    }
    run->path_text = g_strdup(run->only_path);
    rig_replay_play(&replay, plan, cycles);
    if (replay.fits)
        judge_path(run, plan, &replay);
    else
        rig_run_error_text(run, "the path %s does not fit this board: a cut of it is never reached",
                           run->only_path);
}

/* Somewhere on the board is the header of the image: an update that is under way moves it about. */
static bool is_there(const struct rig_subject *subject, const struct rig_explore_image *image)
{
    for (guint i = 0; i < subject->n_areas; i++) {
        const struct sim_area *area = &subject->areas[i];
        g_autofree guint8 *content = g_malloc(area->n_bytes);

        if (sim_flash_read(subject->flash, area->device, area->offset, content, area->n_bytes) == SIM_OK &&
            memmem(content, area->n_bytes, image->bytes, MIN(image->n_bytes, RIG_IMAGE_HEADER_BYTES)))
            return true;
    }
    return false;
}

/* Where slots start by their trailer, who marks has uploaded just before (explore/mcuboot.c). */
static bool is_uploaded(const struct rig_life *life, enum rig_swap_mode mode)
{
    if (rig_swap_mode_starts_by_trailer(mode))
        return true;
    for (guint i = 0; i < life->n_actions; i++)
        if (life->actions[i] == RIG_ACTION_UPLOAD || life->actions[i] == RIG_ACTION_UPDATE)
            return true;
    return false;
}

/* A board that was not given its images breaks no promise: that is the scenario's. */
static bool takes_its_images(struct rig_run *run, const struct rig_explore_plan *plan)
{
    const struct rig_explore_image *old = &plan->images[RIG_IMAGE_OLD];
    const struct rig_explore_image *new = &plan->images[RIG_IMAGE_NEW];

    if (!is_there(plan->subject, old))
        rig_run_error_text(run, "'old' is '%s', and that is in no slot of this board", old->name);
    else if (!is_uploaded(&plan->life, run->board->layout.mode) && !is_there(plan->subject, new))
        rig_run_error_text(run, "'new' is '%s': it is in no slot of this board, and 'life' has no 'upload'",
                           new->name);
    else if (!old->second_bytes &&
             old->n_bytes == new->n_bytes &&memcmp(old->bytes, new->bytes, old->n_bytes) == 0)
        rig_run_error_text(run, "'old' and 'new' are the same image: nothing tells which of them runs");
    return !rig_run_troubled(run);
}

static void explore_subject(struct rig_run *run, const struct explore_arguments *arguments,
                            const struct rig_explored *explored, struct rig_explore_plan *plan)
{
    const char *why_not[RIG_N_INVARIANTS] = {NULL};
    g_autofree char *keep_in = NULL;
    g_autofree char *go_on_from = NULL;

    if (!finds_what_is_asked(run, arguments) ||
        !take_life(run, arguments->life, plan->subject, &plan->life) || !takes_its_images(run, plan) ||
        !take_invariants(run, arguments->invariants, explored, plan, why_not))
        return;
    explore_emit_start(run, plan, why_not);
    if (run->only_path) {
        play_only(run, plan);
        return;
    }
    plan_state(run, plan, &keep_in, &go_on_from);
    explore(run, arguments, plan);
}

static struct rig_explore_plan plan_of(const struct rig_run *run, const struct explore_arguments *arguments)
{
    return (struct rig_explore_plan){
        .torn_write = rig_words_have(arguments->torn, "half-write"),
        .torn_erase = rig_words_have(arguments->torn, "half-erase"),
        .max_boots = arguments->boots,
        .max_erases = arguments->erases ? *arguments->erases : 0,
        .max_contents = arguments->max_states,
        .max_us = (gint64)arguments->max_time_us,
        .max_bytes = arguments->max_memory,
        .n_workers = run->n_workers,
        .interrupted = run->board->interrupted,
    };
}

static void run_explore(struct rig_run *run, const struct rig_step *step)
{
    const struct explore_arguments *arguments = RIG_ARGUMENTS(step, struct explore_arguments);
    struct rig_explore_plan plan = plan_of(run, arguments);
    const char *const names[RIG_N_EXPLORE_NAMES] = {arguments->old, arguments->new, arguments->second_old,
                                                    arguments->second_new};
    g_auto(rig_explored) explored = {.plan = &plan};

    if (run->board->subject->nordic ? rig_explored_nordic(run, names, &explored)
                                    : rig_explored_mcuboot(run, names, &explored))
        explore_subject(run, arguments, &explored, &plan);
}

/* What does not fit would be refused by each board, and `update-happens` broken by none of its faults. */
static char *explore_unfit(const struct rig_step *step, struct rig_fit *fit)
{
    const struct explore_arguments *arguments = RIG_ARGUMENTS(step, struct explore_arguments);
    const char *const images[] = {arguments->old, arguments->new, arguments->second_old,
                                  arguments->second_new};
    char *reason = NULL;

    for (guint i = 0; i < G_N_ELEMENTS(images) && !reason; i++)
        reason = images[i] ? rig_fit_no_room(fit, images[i], i < 2 ? 0 : 2) : NULL;
    return reason;
}

static const char *const needs_explore[] = {"explore", NULL};
const struct rig_verb rig_verb_explore = {
    .name = "explore",
    .family = "power",
    .about = "Visits every flash content that any sequence of power cuts can leave, from the board as it "
             "stands, until no new one appears: each "
             "invariant holds for all of them or is broken with the shortest sequence of cuts. The board "
             "itself is left as it is.",
    .shape = &explore_shape,
    .within_us = 600u * 1000 * 1000,
    .at_once = true,
    .needs = needs_explore,
    .unfit = explore_unfit,
    .example =
        "explore: {old: old, new: new, life: [upload, test, confirm], torn: [none, half-write, half-erase]}",
    .run = run_explore,
};
