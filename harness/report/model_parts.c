/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Making and freeing the parts of the model, and its words. */
#include <string.h>

#include "report/exploration.h"
#include "report/model_parts.h"

const char *rig_verdict_word(enum rig_verdict verdict)
{
    static const char *const words[] = {"none", "pass", "fail", "error", "skip"};

    return verdict < G_N_ELEMENTS(words) ? words[verdict] : "none";
}

enum rig_verdict rig_verdict_from_word(const char *word)
{
    for (guint i = RIG_VERDICT_PASS; i <= RIG_VERDICT_SKIP; i++)
        if (g_strcmp0(word, rig_verdict_word(i)) == 0)
            return i;
    return RIG_VERDICT_NONE;
}

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

struct rig_step_result *rig_step_result_new(void)
{
    struct rig_step_result *step = g_new0(struct rig_step_result, 1);

    step->elapsed_us = -1;
    step->expectations = g_ptr_array_new_with_free_func(free_expectation);
    return step;
}

struct rig_attempt *rig_attempt_new(guint number)
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

struct rig_case_result *rig_case_result_new(guint index)
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

void rig_results_add_problem(struct rig_results *results, const char *file, const char *text)
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
