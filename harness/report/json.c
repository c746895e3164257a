/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Results as a machine-readable summary. */
#include <json-glib/json-glib.h>
#include <string.h>

#include "report/exploration.h"
#include "report/output.h"
#include "report/page.h"
#include "report/picture.h"
#include "report/story.h"

static void text_member(JsonBuilder *out, const char *name, const char *text)
{
    if (!text)
        return;
    json_builder_set_member_name(out, name);
    json_builder_add_string_value(out, text);
}

static void count_member(JsonBuilder *out, const char *name, gint64 count)
{
    json_builder_set_member_name(out, name);
    json_builder_add_int_value(out, count);
}

static void flag_member(JsonBuilder *out, const char *name, bool flag)
{
    json_builder_set_member_name(out, name);
    json_builder_add_boolean_value(out, flag);
}

static void list_member(JsonBuilder *out, const char *name, char *const *texts)
{
    if (!*texts)
        return;
    json_builder_set_member_name(out, name);
    json_builder_begin_array(out);
    for (; *texts; texts++)
        json_builder_add_string_value(out, *texts);
    json_builder_end_array(out);
}

static void where_member(JsonBuilder *out, const struct rig_attempt *attempt)
{
    if (!attempt->where_file)
        return;
    json_builder_set_member_name(out, "where");
    json_builder_begin_object(out);
    text_member(out, "step", attempt->where_step);
    text_member(out, "file", attempt->where_file);
    count_member(out, "line", attempt->where_line);
    count_member(out, "column", attempt->where_column);
    text_member(out, "text", attempt->where_text);
    json_builder_end_object(out);
}

static void judgement_object(JsonBuilder *out, const struct rig_judgement *judgement)
{
    json_builder_begin_object(out);
    text_member(out, "name", judgement->name);
    text_member(out, "verdict", rig_verdict_word(judgement->verdict));
    text_member(out, "text", judgement->text);
    text_member(out, "path", judgement->path);
    if (judgement->path) {
        count_member(out, "n_cuts", judgement->n_cuts);
        count_member(out, "n_states", judgement->n_states);
    }
    json_builder_end_object(out);
}

static void exploration_counts(JsonBuilder *out, const struct rig_exploration_result *exploration)
{
    flag_member(out, "closed", exploration->closed);
    if (!exploration->closed)
        text_member(out, "why_open", exploration->why_open);
    count_member(out, "n_contents", exploration->n_contents);
    count_member(out, "n_nodes", exploration->n_nodes);
    count_member(out, "n_cuts", exploration->n_cuts);
    count_member(out, "n_torn_cuts", exploration->n_torn_cuts);
    count_member(out, "n_boots", exploration->n_boots);
    count_member(out, "longest_chain", exploration->longest);
    count_member(out, "elapsed_us", exploration->elapsed_us);
    count_member(out, "bytes", exploration->n_bytes);
}

static void explorations_member(JsonBuilder *out, const GPtrArray *explorations)
{
    if (explorations->len == 0)
        return;
    json_builder_set_member_name(out, "explorations");
    json_builder_begin_array(out);
    for (guint i = 0; i < explorations->len; i++) {
        const struct rig_exploration_result *exploration = g_ptr_array_index(explorations, i);

        json_builder_begin_object(out);
        text_member(out, "step", exploration->step);
        text_member(out, "life", exploration->life);
        text_member(out, "forms", exploration->forms);
        if (exploration->counted)
            exploration_counts(out, exploration);
        json_builder_set_member_name(out, "invariants");
        json_builder_begin_array(out);
        for (guint k = 0; k < exploration->judgements->len; k++)
            judgement_object(out, g_ptr_array_index(exploration->judgements, k));
        json_builder_end_array(out);
        json_builder_end_object(out);
    }
    json_builder_end_array(out);
}

/* Where the power was cut on the paths that are told, and the file in the folder of the evidence that shows
 * it. */
static void paths_member(JsonBuilder *out, const GPtrArray *paths, const GPtrArray *pictures)
{
    if (paths->len == 0)
        return;
    json_builder_set_member_name(out, "paths");
    json_builder_begin_array(out);
    for (guint i = 0; i < paths->len; i++) {
        const struct rig_path *path = g_ptr_array_index(paths, i);

        json_builder_begin_object(out);
        text_member(out, "step", path->step);
        text_member(out, "path", path->cuts);
        json_builder_set_member_name(out, "breaks");
        json_builder_begin_array(out);
        for (guint k = 0; k < path->broken->len; k++)
            json_builder_add_string_value(out,
                                          g_array_index(path->broken, struct rig_path_broken, k).invariant);
        json_builder_end_array(out);
        text_member(out, "picture", rig_picture_name(pictures, path));
        json_builder_end_object(out);
    }
    json_builder_end_array(out);
}

static void attempt_object(JsonBuilder *out, const struct rig_attempt *attempt, const GPtrArray *pictures)
{
    json_builder_begin_object(out);
    text_member(out, "verdict", rig_verdict_word(attempt->verdict));
    text_member(out, "wall", attempt->wall);
    text_member(out, "seed", attempt->seed);
    count_member(out, "elapsed_us", attempt->elapsed_us);
    count_member(out, "duration_ms", attempt->duration_ms);
    count_member(out, "n_steps", attempt->n_steps);
    count_member(out, "n_cuts", attempt->n_of[RIG_ENTRY_CUT]);
    count_member(out, "n_bad_cuts", attempt->n_bad_cuts);
    if (attempt->n_of[RIG_ENTRY_LOSS]) {
        count_member(out, "n_losses", attempt->n_of[RIG_ENTRY_LOSS]);
        count_member(out, "n_bad_losses", attempt->n_bad_losses);
    }
    text_member(out, "message", attempt->message);
    where_member(out, attempt);
    text_member(out, "expected", attempt->expected);
    text_member(out, "seen", attempt->seen);
    text_member(out, "replay", attempt->replay);
    list_member(out, "also", attempt->also);
    list_member(out, "trailers", attempt->trailers);
    list_member(out, "evidence", attempt->evidence);
    explorations_member(out, attempt->explorations);
    paths_member(out, attempt->paths, pictures);
    json_builder_end_object(out);
}

static void case_object(JsonBuilder *out, const struct rig_case_result *result, const GPtrArray *pictures)
{
    json_builder_begin_object(out);
    text_member(out, "id", result->id);
    text_member(out, "file", result->file);
    count_member(out, "line", result->line);
    text_member(out, "scenario", result->scenario);
    text_member(out, "name", result->name);
    list_member(out, "tags", result->tags);
    text_member(out, "verdict", rig_verdict_word(result->verdict));
    flag_member(out, "flaky", result->flaky);
    text_member(out, "skip_reason", result->skip_reason);
    json_builder_set_member_name(out, "attempts");
    json_builder_begin_array(out);
    for (guint i = 0; i < result->attempts->len; i++)
        attempt_object(out, g_ptr_array_index(result->attempts, i), pictures);
    json_builder_end_array(out);
    json_builder_end_object(out);
}

static void counts_member(JsonBuilder *out, const struct rig_results *results)
{
    struct rig_counts counts = rig_results_counts(results);

    json_builder_set_member_name(out, "counts");
    json_builder_begin_object(out);
    count_member(out, "cases", counts.n_cases);
    count_member(out, "passed", counts.n_passed);
    count_member(out, "failed", counts.n_failed);
    count_member(out, "errors", counts.n_errors);
    count_member(out, "skipped", counts.n_skipped);
    count_member(out, "flaky", counts.n_flaky);
    count_member(out, "not_run", counts.n_not_run);
    json_builder_end_object(out);
}

static void run_members(JsonBuilder *out, const struct rig_results *results)
{
    count_member(out, "format", 1);
    text_member(out, "version", results->version);
    text_member(out, "wall", results->wall);
    text_member(out, "target", results->target);
    text_member(out, "seed", results->seed);
    text_member(out, "host", results->host);
    list_member(out, "argv", results->argv);
    count_member(out, "exit_code", rig_results_exit_code(results));
    flag_member(out, "interrupted", results->interrupted);
    flag_member(out, "killed", results->killed);
    count_member(out, "duration_ms", results->duration_ms);
    json_builder_set_member_name(out, "properties");
    json_builder_begin_object(out);
    for (guint i = 0; i < results->properties->len; i++) {
        const struct rig_property *property = g_ptr_array_index(results->properties, i);

        text_member(out, property->name, property->value);
    }
    json_builder_end_object(out);
}

static void problems_member(JsonBuilder *out, const struct rig_results *results)
{
    json_builder_set_member_name(out, "problems");
    json_builder_begin_array(out);
    for (guint i = 0; i < results->problems->len; i++) {
        const struct rig_problem *problem = g_ptr_array_index(results->problems, i);

        json_builder_begin_object(out);
        text_member(out, "file", problem->file);
        text_member(out, "text", problem->text);
        json_builder_end_object(out);
    }
    json_builder_end_array(out);
}

static void remarks_member(JsonBuilder *out, const struct rig_results *results)
{
    g_auto(GStrv) remarks = rig_story_remarks(results);

    list_member(out, "remarks", remarks);
}

static char *pretty(JsonBuilder *builder)
{
    g_autoptr(JsonGenerator) generator = json_generator_new();
    g_autoptr(JsonNode) root = json_builder_get_root(builder);

    json_generator_set_root(generator, root);
    json_generator_set_pretty(generator, TRUE);
    return json_generator_to_data(generator, NULL);
}

/* One case at a time: the tree of a large run would need gigabytes. No text of JSON holds a newline, so that
 * each one begins a line of the layout. */
static void write_case(FILE *out, const struct rig_case_result *result, const GPtrArray *pictures)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    case_object(builder, result, pictures);
    text = pretty(builder);
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++)
        fprintf(out, "\n    %s", *line);
}

static void write_cases(FILE *out, const struct rig_results *results)
{
    g_autoptr(GPtrArray) pictures = rig_pictures_of(results);

    fputs(",\n  \"cases\" : [", out);
    for (guint i = 0; i < results->cases->len; i++) {
        if (i)
            fputc(',', out);
        write_case(out, g_ptr_array_index(results->cases, i), pictures);
    }
    fputs(results->cases->len ? "\n  ]" : "]", out);
}

bool rig_summary_write(FILE *out, const void *user, GError **error)
{
    const struct rig_results *results = user;
    g_autoptr(JsonBuilder) head = json_builder_new();
    g_autofree char *text = NULL;

    (void)error;
    json_builder_begin_object(head);
    run_members(head, results);
    counts_member(head, results);
    remarks_member(head, results);
    problems_member(head, results);
    json_builder_end_object(head);
    text = pretty(head);
    /* Without "\n}": the cases follow. */
    fwrite(text, 1, strlen(text) - 2, out);
    write_cases(out, results);
    fputs("\n}\n", out);
    return true;
}

char *rig_summary_json(const struct rig_results *results, gsize *n_bytes)
{
    return rig_output_text(rig_summary_write, results, n_bytes, NULL);
}
