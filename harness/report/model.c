/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From events to results: the parts of the model, their bounds, one function for each kind of event. */
#include "report/model.h"

#include "report/exploration.h"

#include <string.h>

const char *rig_entry_word(enum rig_entry_kind kind)
{
    static const char *const words[RIG_N_ENTRY_KINDS] = {"console", "link",  "link-state", "power",
                                                         "boot",    "fault", "cut",        "loss",
                                                         "trailer", "note",  "retry",      "packet"};

    return kind < RIG_N_ENTRY_KINDS ? words[kind] : "note";
}

static void free_expectation(gpointer at)
{
    struct rig_expectation *expectation = at;

    g_free(expectation->what);
    g_free(expectation->expected);
    g_free(expectation->seen);
    g_free(expectation);
}

static void free_step(gpointer at)
{
    struct rig_step_result *step = at;

    g_free(step->id);
    g_free(step->verb);
    g_free(step->text);
    g_free(step->file);
    g_ptr_array_unref(step->expectations);
    g_free(step);
}

static void free_entry(gpointer at)
{
    struct rig_entry *entry = at;

    g_free(entry->text);
    g_free(entry->extra);
    g_free(entry);
}

static void free_attempt(gpointer at)
{
    struct rig_attempt *attempt = at;

    g_free(attempt->wall);
    g_free(attempt->seed);
    g_free(attempt->message);
    g_free(attempt->where_step);
    g_free(attempt->where_file);
    g_free(attempt->where_text);
    g_free(attempt->expected);
    g_free(attempt->seen);
    g_free(attempt->replay);
    g_free(attempt->skip_reason);
    g_strfreev(attempt->trailers);
    g_strfreev(attempt->also);
    g_strfreev(attempt->evidence);
    g_ptr_array_unref(attempt->steps);
    g_ptr_array_unref(attempt->log);
    g_ptr_array_unref(attempt->explorations);
    g_ptr_array_unref(attempt->paths);
    g_free(attempt);
}

static void free_case(gpointer at)
{
    struct rig_case_result *result = at;

    g_ptr_array_unref(result->attempts);
    g_free(result->skip_reason);
    g_free(result);
}

static void free_suite(gpointer at)
{
    struct rig_suite *suite = at;

    g_free(suite->file);
    g_ptr_array_unref(suite->cases);
    g_free(suite);
}

static void free_problem(gpointer at)
{
    struct rig_problem *problem = at;

    g_free(problem->file);
    g_free(problem->text);
    g_free(problem);
}

static void free_property(gpointer at)
{
    struct rig_property *property = at;

    g_free(property->name);
    g_free(property->value);
    g_free(property);
}

static gsize text_bytes(const char *text)
{
    return text ? strlen(text) + 24 : 0; /* and what an allocation costs */
}

static gsize log_bytes(const GPtrArray *log)
{
    gsize n = 0;

    for (guint i = 0; i < log->len; i++) {
        const struct rig_entry *entry = g_ptr_array_index(log, i);

        n += sizeof *entry + 24 + text_bytes(entry->text) + text_bytes(entry->extra);
    }
    return n;
}

static gsize steps_bytes(const GPtrArray *steps)
{
    gsize n = 0;

    for (guint i = 0; i < steps->len; i++) {
        const struct rig_step_result *step = g_ptr_array_index(steps, i);

        n += sizeof *step + 128 + text_bytes(step->id) + text_bytes(step->verb) + text_bytes(step->text) +
             text_bytes(step->file);
        for (guint k = 0; k < step->expectations->len; k++) {
            const struct rig_expectation *expectation = g_ptr_array_index(step->expectations, k);

            n += sizeof *expectation + 24 + text_bytes(expectation->what) +
                 text_bytes(expectation->expected) + text_bytes(expectation->seen);
        }
    }
    return n;
}

static void empty(GPtrArray **array, GDestroyNotify free_item)
{
    g_ptr_array_unref(*array);
    *array = g_ptr_array_new_with_free_func(free_item);
}

static void drop_steps(struct rig_attempt *attempt)
{
    empty(&attempt->steps, free_step);
}

static void drop_log(struct rig_attempt *attempt)
{
    attempt->n_left_out += attempt->log->len;
    empty(&attempt->log, free_entry);
}

static void bound_paths(struct rig_results *results, struct rig_attempt *attempt)
{
    guint n_kept = MIN(attempt->paths->len, RIG_RESULTS_MAX_PATHS - results->n_paths);

    attempt->n_left_out += attempt->paths->len - n_kept;
    g_ptr_array_set_size(attempt->paths, (gint)n_kept);
    results->n_paths += n_kept;
}

/* By the sizes of texts, so that a run and its journal read again come to the same. */
void rig_results_settle_attempt(struct rig_results *results, struct rig_attempt *attempt)
{
    bool good = attempt->verdict == RIG_VERDICT_PASS || attempt->verdict == RIG_VERDICT_SKIP;
    gsize *n_kept = good ? &results->n_passed_bytes : &results->n_bad_bytes;
    gsize limit = good ? results->max_passed_bytes : results->max_bad_bytes;

    attempt->is_settled = true;
    bound_paths(results, attempt);
    if (good)
        drop_steps(attempt);
    *n_kept += log_bytes(attempt->log) + steps_bytes(attempt->steps);
    if (*n_kept <= limit)
        return;
    *n_kept = limit;
    drop_log(attempt);
    drop_steps(attempt);
}

static struct rig_step_result *step_new(void)
{
    struct rig_step_result *step = g_new0(struct rig_step_result, 1);

    step->elapsed_us = -1;
    step->expectations = g_ptr_array_new_with_free_func(free_expectation);
    return step;
}

static struct rig_attempt *attempt_new(guint number)
{
    struct rig_attempt *attempt = g_new0(struct rig_attempt, 1);

    attempt->number = number;
    attempt->steps = g_ptr_array_new_with_free_func(free_step);
    attempt->log = g_ptr_array_new_with_free_func(free_entry);
    attempt->explorations = g_ptr_array_new_with_free_func((GDestroyNotify)rig_exploration_result_free);
    attempt->paths = g_ptr_array_new_with_free_func((GDestroyNotify)rig_path_free);
    attempt->trailers = g_new0(char *, 1);
    attempt->also = g_new0(char *, 1);
    attempt->evidence = g_new0(char *, 1);
    return attempt;
}

static struct rig_case_result *case_new(guint index)
{
    struct rig_case_result *result = g_new0(struct rig_case_result, 1);

    result->index = index;
    result->attempts = g_ptr_array_new_with_free_func(free_attempt);
    return result;
}

struct rig_results *rig_results_new(void)
{
    struct rig_results *results = g_new0(struct rig_results, 1);

    results->argv = g_new0(char *, 1);
    results->timeout_scale = 1.0;
    results->properties = g_ptr_array_new_with_free_func(free_property);
    results->cases = g_ptr_array_new_with_free_func(free_case);
    results->suites = g_ptr_array_new_with_free_func(free_suite);
    results->problems = g_ptr_array_new_with_free_func(free_problem);
    results->notes = g_ptr_array_new_with_free_func(free_entry);
    results->suite_of = g_hash_table_new(g_str_hash, g_str_equal);
    results->texts = g_string_chunk_new(65536);
    results->tags_of = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_strfreev);
    results->n_listed = -1;
    results->format = RIG_JOURNAL_FORMAT;
    results->max_passed_bytes = RIG_RESULTS_MAX_PASSED_BYTES;
    results->max_bad_bytes = RIG_RESULTS_MAX_BAD_BYTES;
    return results;
}

void rig_results_free(struct rig_results *results)
{
    if (!results)
        return;
    g_free(results->version);
    g_free(results->wall);
    g_strfreev(results->argv);
    g_free(results->target);
    g_free(results->target_about);
    g_free(results->seed);
    g_free(results->host);
    g_hash_table_unref(results->suite_of);
    g_ptr_array_unref(results->properties);
    g_ptr_array_unref(results->suites);
    g_ptr_array_unref(results->cases);
    g_ptr_array_unref(results->problems);
    g_ptr_array_unref(results->notes);
    g_hash_table_unref(results->tags_of);
    g_string_chunk_free(results->texts);
    g_free(results);
}

static void add_problem(struct rig_results *results, const char *file, const char *text)
{
    if (results->problems->len < RIG_RESULTS_MAX_NOTES)
        rig_results_conclude_problem(results, file, text);
    else
        results->n_problems_left_out++;
}

void rig_results_conclude_problem(struct rig_results *results, const char *file, const char *text)
{
    struct rig_problem *problem = g_new0(struct rig_problem, 1);

    problem->file = g_strdup(file);
    problem->text = g_strdup(text);
    g_ptr_array_add(results->problems, problem);
}

const struct rig_attempt *rig_case_last_attempt(const struct rig_case_result *result)
{
    return result->attempts->len ? g_ptr_array_index(result->attempts, result->attempts->len - 1) : NULL;
}

void rig_case_result_judge(struct rig_case_result *result)
{
    const struct rig_attempt *last = rig_case_last_attempt(result);

    result->flaky = false;
    result->verdict = last ? last->verdict : RIG_VERDICT_NONE;
    for (guint i = 0; last && last->verdict == RIG_VERDICT_PASS && i + 1 < result->attempts->len; i++) {
        const struct rig_attempt *earlier = g_ptr_array_index(result->attempts, i);

        result->flaky |= earlier->verdict == RIG_VERDICT_FAIL || earlier->verdict == RIG_VERDICT_ERROR;
    }
}

static char *copy_text(const struct rig_event *event, enum rig_event_key key)
{
    return g_strdup(rig_event_get_text(event, key));
}

static guint small_count(const struct rig_event *event, enum rig_event_key key)
{
    return (guint)CLAMP(rig_event_get_count(event, key, 0), 0, G_MAXINT);
}

static char **copy_list(const GPtrArray *list)
{
    GPtrArray *copy = g_ptr_array_new();

    for (guint i = 0; list && i < list->len; i++)
        g_ptr_array_add(copy, g_strdup(g_ptr_array_index(list, i)));
    g_ptr_array_add(copy, NULL);
    return (char **)g_ptr_array_free(copy, FALSE);
}

static void replace_list(char ***place, const GPtrArray *list)
{
    g_strfreev(*place);
    *place = copy_list(list);
}

static struct rig_suite *suite_named(struct rig_results *results, const char *file)
{
    struct rig_suite *suite = g_hash_table_lookup(results->suite_of, file);

    if (!suite) {
        suite = g_new0(struct rig_suite, 1);
        suite->file = g_strdup(file);
        suite->cases = g_ptr_array_new();
        g_ptr_array_add(results->suites, suite);
        g_hash_table_insert(results->suite_of, suite->file, suite);
    }
    return suite;
}

/* Shared by all cases that say the same. NULL when it is missing. */
static const char *shared_text(struct rig_results *results, const struct rig_event *event,
                               enum rig_event_key key)
{
    const char *text = rig_event_get_text(event, key);

    return text ? g_string_chunk_insert_const(results->texts, text) : NULL;
}

static const char *own_text(struct rig_results *results, const struct rig_event *event,
                            enum rig_event_key key)
{
    const char *text = rig_event_get_text(event, key);

    return text ? g_string_chunk_insert(results->texts, text) : NULL;
}

static char **shared_tags(struct rig_results *results, const GPtrArray *tags)
{
    g_autoptr(GString) joined = g_string_new(NULL);
    char **list;

    for (guint i = 0; tags && i < tags->len; i++)
        g_string_append_printf(joined, "%s\n", (const char *)g_ptr_array_index(tags, i));
    list = g_hash_table_lookup(results->tags_of, joined->str);
    if (!list) {
        list = copy_list(tags);
        g_hash_table_insert(results->tags_of, g_strdup(joined->str), list);
    }
    return list;
}

static void take_planned_case(struct rig_results *results, const struct rig_event *planned)
{
    struct rig_case_result *result = case_new(results->cases->len);
    gsize n_file;

    result->file = shared_text(results, planned, RIG_KEY_FILE);
    result->line = small_count(planned, RIG_KEY_LINE);
    result->scenario = shared_text(results, planned, RIG_KEY_SCENARIO);
    result->about = shared_text(results, planned, RIG_KEY_ABOUT);
    result->tags = shared_tags(results, rig_event_get_list(planned, RIG_KEY_TAGS));
    if (!result->file)
        result->file = g_string_chunk_insert_const(results->texts, "unknown");
    result->id = own_text(results, planned, RIG_KEY_ID);
    result->name = rig_event_get_text(planned, RIG_KEY_NAME);
    /* Its tail is the name, mostly. */
    n_file = strlen(result->file);
    if (result->id && result->name && g_str_has_prefix(result->id, result->file) &&
        g_str_has_prefix(result->id + n_file, "::") && g_str_equal(result->id + n_file + 2, result->name))
        result->name = result->id + n_file + 2;
    else
        result->name = own_text(results, planned, RIG_KEY_NAME);
    if (!result->name) {
        g_autofree char *name = g_strdup_printf("case %u", result->index);

        result->name = g_string_chunk_insert(results->texts, name);
    }
    if (!result->scenario)
        result->scenario = result->name;
    if (!result->id) {
        g_autofree char *id = g_strdup_printf("%s::%s", result->file, result->name);

        result->id = g_string_chunk_insert(results->texts, id);
    }
    g_ptr_array_add(results->cases, result);
    g_ptr_array_add(suite_named(results, result->file)->cases, result);
}

static void take_planned_cases(struct rig_results *results, const struct rig_event *event)
{
    const GPtrArray *cases = rig_event_get_maps(event, RIG_KEY_CASES);

    for (guint i = 0; cases && i < cases->len && results->cases->len < RIG_RESULTS_MAX_CASES; i++)
        take_planned_case(results, g_ptr_array_index(cases, i));
}

static void take_property(void *results, const char *key, const char *value)
{
    struct rig_property *property = g_new0(struct rig_property, 1);

    property->name = g_strdup(key);
    property->value = g_strdup(value);
    g_ptr_array_add(((struct rig_results *)results)->properties, property);
}

static void take_run_start(struct rig_results *results, const struct rig_event *event)
{
    const struct rig_event *properties = rig_event_get_map(event, RIG_KEY_PROPERTIES);

    if (results->started) {
        results->n_repeated++;
        return;
    }
    results->started = true;
    results->format = rig_event_get_count(
        event, RIG_KEY_FORMAT, rig_event_get_text(event, RIG_KEY_FORMAT_TEXT) ? 0 : RIG_JOURNAL_FORMAT);
    results->version = copy_text(event, RIG_KEY_VERSION);
    results->wall = copy_text(event, RIG_KEY_WALL);
    results->target = copy_text(event, RIG_KEY_TARGET);
    results->target_about = copy_text(event, RIG_KEY_TARGET_ABOUT);
    results->seed = copy_text(event, RIG_KEY_SEED);
    results->host = copy_text(event, RIG_KEY_HOST);
    results->timeout_scale = rig_event_get_real(event, RIG_KEY_TIMEOUT_SCALE, 1.0);
    replace_list(&results->argv, rig_event_get_list(event, RIG_KEY_ARGV));
    if (properties)
        rig_event_each_text(properties, take_property, results);
    results->n_listed = rig_event_get_count(event, RIG_KEY_N_CASES, -1);
    take_planned_cases(results, event);
}

static void take_load_error(struct rig_results *results, const struct rig_event *event)
{
    const char *text = rig_event_get_text(event, RIG_KEY_TEXT);

    add_problem(results, rig_event_get_text(event, RIG_KEY_FILE), text ? text : "the file could not be read");
}

static void take_run_error(struct rig_results *results, const struct rig_event *event)
{
    const char *text = rig_event_get_text(event, RIG_KEY_TEXT);

    results->refused = true;
    add_problem(results, NULL, text ? text : "the run could not begin");
}

static void take_run_end(struct rig_results *results, const struct rig_event *event)
{
    results->ended = true;
    results->interrupted = rig_event_get_flag(event, RIG_KEY_INTERRUPTED, false);
    results->duration_ms = MAX(rig_event_get_count(event, RIG_KEY_DURATION_MS, 0), 0);
}

static struct rig_case_result *case_of(struct rig_results *results, const struct rig_event *event)
{
    if (event->case_index < 0 || event->case_index >= (gint64)results->cases->len)
        return NULL;
    return g_ptr_array_index(results->cases, event->case_index);
}

static struct rig_attempt *attempt_of(struct rig_case_result *result, const struct rig_event *event)
{
    struct rig_attempt *attempt;

    if (result->attempts->len) {
        attempt = g_ptr_array_index(result->attempts, result->attempts->len - 1);
        if (attempt->number == event->attempt)
            return attempt;
    }
    if (result->attempts->len >= RIG_RESULTS_MAX_ATTEMPTS)
        g_ptr_array_set_size(result->attempts, RIG_RESULTS_MAX_ATTEMPTS - 1);
    attempt = attempt_new(event->attempt);
    g_ptr_array_add(result->attempts, attempt);
    return attempt;
}

static void take_case_start(struct rig_attempt *attempt, const struct rig_event *event)
{
    g_free(attempt->wall);
    g_free(attempt->seed);
    attempt->wall = copy_text(event, RIG_KEY_WALL);
    attempt->seed = copy_text(event, RIG_KEY_SEED);
}

static void take_step_start(struct rig_attempt *attempt, const struct rig_event *event)
{
    struct rig_step_result *step;

    attempt->n_steps++;
    if (attempt->steps->len >= RIG_RESULTS_MAX_STEPS * 2)
        return;
    step = step_new();
    step->id = copy_text(event, RIG_KEY_STEP);
    step->verb = copy_text(event, RIG_KEY_VERB);
    step->text = copy_text(event, RIG_KEY_TEXT);
    step->file = copy_text(event, RIG_KEY_FILE);
    step->line = small_count(event, RIG_KEY_LINE);
    step->column = small_count(event, RIG_KEY_COLUMN);
    step->start_us = event->at_us;
    g_ptr_array_add(attempt->steps, step);
}

/* From the end: the same step runs many times in a sweep of power cuts. */
static struct rig_step_result *step_of(const struct rig_attempt *attempt, const struct rig_event *event,
                                       guint *index)
{
    const char *id = rig_event_get_text(event, RIG_KEY_STEP);

    for (guint i = attempt->steps->len; id && i > 0; i--) {
        struct rig_step_result *step = g_ptr_array_index(attempt->steps, i - 1);

        *index = i - 1;
        if (step->elapsed_us < 0 && g_strcmp0(step->id, id) == 0)
            return step;
    }
    return NULL;
}

static void take_step_end(struct rig_attempt *attempt, const struct rig_event *event)
{
    guint index = 0;
    struct rig_step_result *step = step_of(attempt, event, &index);

    if (!step)
        return;
    step->verdict = rig_verdict_from_word(rig_event_get_text(event, RIG_KEY_VERDICT));
    step->elapsed_us = MAX(rig_event_get_count(event, RIG_KEY_ELAPSED_US, 0), 0);
    if (step->verdict == RIG_VERDICT_PASS && index >= RIG_RESULTS_MAX_STEPS)
        g_ptr_array_remove_index(attempt->steps, index);
}

static void take_expect(struct rig_attempt *attempt, const struct rig_event *event)
{
    guint index = 0;
    struct rig_step_result *step = step_of(attempt, event, &index);
    bool ok = rig_event_get_flag(event, RIG_KEY_OK, false);
    struct rig_expectation *expectation;

    if (!step)
        return;
    if (step->expectations->len >= RIG_RESULTS_MAX_EXPECTS * (ok ? 1u : 2u)) {
        step->n_expectations_left_out++;
        return;
    }
    expectation = g_new0(struct rig_expectation, 1);
    expectation->ok = ok;
    expectation->what = copy_text(event, RIG_KEY_WHAT);
    expectation->expected = copy_text(event, RIG_KEY_EXPECTED);
    expectation->seen = copy_text(event, RIG_KEY_SEEN);
    g_ptr_array_add(step->expectations, expectation);
}

static void take_where(struct rig_attempt *attempt, const struct rig_event *where)
{
    if (!where)
        return;
    attempt->where_step = copy_text(where, RIG_KEY_STEP);
    attempt->where_file = copy_text(where, RIG_KEY_FILE);
    attempt->where_text = copy_text(where, RIG_KEY_TEXT);
    attempt->where_line = small_count(where, RIG_KEY_LINE);
    attempt->where_column = small_count(where, RIG_KEY_COLUMN);
}

/* A journal that contradicts itself: a case cannot have passed when an invariant of its exploration did not.
 */
static void believe_the_worse(struct rig_attempt *attempt)
{
    for (guint i = 0; i < attempt->explorations->len; i++) {
        const struct rig_exploration_result *exploration = g_ptr_array_index(attempt->explorations, i);

        for (guint k = 0; k < exploration->judgements->len && attempt->verdict == RIG_VERDICT_PASS; k++) {
            const struct rig_judgement *judgement = g_ptr_array_index(exploration->judgements, k);

            if (judgement->verdict != RIG_VERDICT_FAIL && judgement->verdict != RIG_VERDICT_ERROR)
                continue;
            attempt->verdict = judgement->verdict;
            g_free(attempt->message);
            attempt->message = g_strdup_printf("the case was said to pass, but its invariant %s did not: %s",
                                               judgement->name, judgement->text);
        }
    }
}

static void take_case_end(struct rig_case_result *result, struct rig_attempt *attempt,
                          const struct rig_event *event)
{
    attempt->ended = true;
    attempt->verdict = rig_verdict_from_word(rig_event_get_text(event, RIG_KEY_VERDICT));
    if (attempt->verdict == RIG_VERDICT_NONE)
        attempt->verdict = RIG_VERDICT_ERROR;
    attempt->elapsed_us = MAX(rig_event_get_count(event, RIG_KEY_ELAPSED_US, 0), 0);
    attempt->duration_ms = MAX(rig_event_get_count(event, RIG_KEY_DURATION_MS, 0), 0);
    attempt->unfinished =
        attempt->verdict == RIG_VERDICT_ERROR && rig_event_get_flag(event, RIG_KEY_UNFINISHED, false);
    attempt->message = copy_text(event, RIG_KEY_MESSAGE);
    attempt->expected = copy_text(event, RIG_KEY_EXPECTED);
    attempt->seen = copy_text(event, RIG_KEY_SEEN);
    attempt->replay = copy_text(event, RIG_KEY_REPLAY);
    attempt->skip_reason = copy_text(event, RIG_KEY_SKIP_REASON);
    /* Here, not at the end of the run: the live terminal tells it now. */
    if (attempt->skip_reason) {
        g_free(result->skip_reason);
        result->skip_reason = g_strdup(attempt->skip_reason);
    }
    rig_attempt_settle_explorations(attempt,
                                    attempt->message ? attempt->message : "the exploration did not end");
    believe_the_worse(attempt);
    take_where(attempt, rig_event_get_map(event, RIG_KEY_WHERE));
    replace_list(&attempt->trailers, rig_event_get_list(event, RIG_KEY_TRAILER_TEXTS));
    replace_list(&attempt->also, rig_event_get_list(event, RIG_KEY_ALSO));
    replace_list(&attempt->evidence, rig_event_get_list(event, RIG_KEY_EVIDENCE));
    result->final = rig_event_get_flag(event, RIG_KEY_FINAL, true);
    rig_case_result_judge(result);
}

/* One round of a sweep. */
static bool is_round(enum rig_entry_kind kind)
{
    return kind == RIG_ENTRY_CUT || kind == RIG_ENTRY_LOSS;
}

static bool is_bad(const struct rig_event *event, enum rig_entry_kind kind)
{
    if (kind == RIG_ENTRY_LINK)
        return rig_event_get_text(event, RIG_KEY_FAULT) != NULL;
    if (kind == RIG_ENTRY_PACKET)
        return rig_event_get_text(event, RIG_KEY_MEANS) != NULL;
    return is_round(kind) && g_strcmp0(rig_event_get_text(event, RIG_KEY_VERDICT), "pass") != 0;
}

/* Where the kept text of a kind comes from: the line itself, or several keys put together. */
static char *entry_text(const struct rig_event *event, enum rig_entry_kind kind)
{
    const char *text =
        rig_event_get_text(event, kind == RIG_ENTRY_CONSOLE ? RIG_KEY_LINE_TEXT : RIG_KEY_TEXT);
    const char *fault = rig_event_get_text(event, RIG_KEY_FAULT);
    const char *lead = NULL;

    if (kind == RIG_ENTRY_LINK)
        lead = rig_event_get_text(event, RIG_KEY_DIR);
    else if (kind == RIG_ENTRY_POWER)
        lead = rig_event_get_text(event, RIG_KEY_WHAT);
    else if (kind == RIG_ENTRY_TRAILER)
        lead = rig_event_get_text(event, RIG_KEY_SLOT);
    else if (is_round(kind))
        lead = rig_event_get_text(event, RIG_KEY_VERDICT);
    return g_strconcat(lead ? lead : "", lead && text ? " " : "", text ? text : "", fault ? " (" : "",
                       fault ? fault : "", fault ? ")" : "", NULL);
}

static struct rig_entry *entry_from(const struct rig_event *event, enum rig_entry_kind kind)
{
    struct rig_entry *entry = g_new0(struct rig_entry, 1);

    entry->kind = kind;
    entry->at_us = event->at_us;
    entry->text = entry_text(event, kind);
    entry->extra = kind == RIG_ENTRY_PACKET ? copy_text(event, RIG_KEY_MEANS) : NULL;
    entry->bad = is_bad(event, kind);
    return entry;
}

static void take_entry(struct rig_attempt *attempt, const struct rig_event *event, enum rig_entry_kind kind)
{
    bool bad = is_bad(event, kind);
    guint limit = RIG_RESULTS_MAX_ENTRIES;

    attempt->n_of[kind]++;
    attempt->n_bad_cuts += kind == RIG_ENTRY_CUT && bad;
    attempt->n_bad_losses += kind == RIG_ENTRY_LOSS && bad;
    attempt->n_of[RIG_ENTRY_CONSOLE] += small_count(event, RIG_KEY_LEFT_OUT_CONSOLE);
    attempt->n_of[RIG_ENTRY_LINK] += small_count(event, RIG_KEY_LEFT_OUT_LINK);
    attempt->n_of[RIG_ENTRY_PACKET] += small_count(event, RIG_KEY_LEFT_OUT_PACKETS);
    attempt->n_left_out += small_count(event, RIG_KEY_LEFT_OUT_CONSOLE) +
                           small_count(event, RIG_KEY_LEFT_OUT_LINK) +
                           small_count(event, RIG_KEY_LEFT_OUT_PACKETS);
    /* Rounds of a sweep that pass must not push out the ones that fail, and nothing the last lines of
     * console, link and air. */
    if (is_round(kind) && !bad)
        limit = RIG_RESULTS_MAX_ENTRIES / 4;
    else if (kind != RIG_ENTRY_CONSOLE && kind != RIG_ENTRY_LINK && kind != RIG_ENTRY_PACKET)
        limit = RIG_RESULTS_MAX_ENTRIES / 2;
    if (attempt->log->len < limit && !attempt->is_settled)
        g_ptr_array_add(attempt->log, entry_from(event, kind));
    else
        attempt->n_left_out++;
}

static bool kind_of_entry(const char *word, enum rig_entry_kind *kind)
{
    for (guint i = 0; i < RIG_N_ENTRY_KINDS; i++)
        if (strcmp(word, rig_entry_word(i)) == 0) {
            *kind = i;
            return true;
        }
    return false;
}

static void take_in_case(struct rig_results *results, struct rig_case_result *result,
                         const struct rig_event *event)
{
    const char *word = event->word;
    struct rig_attempt *attempt = attempt_of(result, event);
    enum rig_entry_kind kind;

    if (kind_of_entry(word, &kind))
        take_entry(attempt, event, kind);
    else if (attempt->ended && event->kind == RIG_EVENT_CASE_END)
        results->n_repeated++;
    else if (attempt->is_settled)
        return;
    else if (event->kind == RIG_EVENT_STEP_START)
        take_step_start(attempt, event);
    else if (event->kind == RIG_EVENT_STEP_END)
        take_step_end(attempt, event);
    else if (event->kind == RIG_EVENT_EXPECT)
        take_expect(attempt, event);
    else if (event->kind == RIG_EVENT_CASE_START)
        take_case_start(attempt, event);
    else if (event->kind == RIG_EVENT_CASE_END) {
        take_case_end(result, attempt, event);
        results->to_settle = attempt;
        results->case_to_settle = event->case_index;
    } else
        rig_attempt_take_exploration(attempt, event);
}

/* Past 2^53 a number is no count of events. */
static void take_number(struct rig_results *results, const struct rig_event *event)
{
    if (event->number < results->next_number || event->number >= G_GINT64_CONSTANT(1) << 53)
        return;
    results->n_missing_events += event->number - results->next_number;
    results->next_number = event->number + 1;
}

static void take_of_run(struct rig_results *run, const struct rig_event *event)
{
    enum rig_entry_kind kind;

    if (event->kind == RIG_EVENT_RUN_START)
        take_run_start(run, event);
    else if (event->kind == RIG_EVENT_CASES)
        take_planned_cases(run, event);
    else if (event->kind == RIG_EVENT_LOAD_ERROR)
        take_load_error(run, event);
    else if (event->kind == RIG_EVENT_RUN_ERROR)
        take_run_error(run, event);
    else if (event->kind == RIG_EVENT_RUN_END)
        take_run_end(run, event);
    else if (kind_of_entry(event->word, &kind) && run->notes->len < RIG_RESULTS_MAX_NOTES)
        g_ptr_array_add(run->notes, entry_from(event, kind));
}

void rig_results_take(void *results, const struct rig_event *event)
{
    struct rig_results *run = results;
    struct rig_case_result *result = case_of(run, event);

    /* What still comes of the same attempt says that another one follows. */
    if (run->to_settle &&
        (event->case_index != run->case_to_settle || event->attempt != run->to_settle->number)) {
        rig_results_settle_attempt(run, run->to_settle);
        run->to_settle = NULL;
    }
    take_number(run, event);
    if (result)
        take_in_case(run, result, event);
    else if (event->case_index < 0)
        take_of_run(run, event);
    else
        run->n_unlisted_ends += event->kind == RIG_EVENT_CASE_END;
}
