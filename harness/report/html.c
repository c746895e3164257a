/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Results as one HTML page: no script, nothing loaded from elsewhere. */
#include <string.h>

#include "report/exploration.h"
#include "report/picture.h"
#include "report/output.h"
#include "report/page.h"
#include "report/story.h"
#include "report/text.h"

static const char page_style[] =
    ":root{color-scheme:light "
    "dark;--bg:#fff;--fg:#1c2024;--dim:#60646c;--line:#e0e3e8;--box:#f6f7f9;--pass:#1a7f43;--fail:#c4251b;"
    "--skip:#8a6100;--failbg:#fdeeec}"
    "@media(prefers-color-scheme:dark){:root{--bg:#14171a;--fg:#e4e7eb;--dim:#9aa1ab;--line:#2c3138;--box:#"
    "1c2025;--pass:#4cc27b;"
    "--fail:#ff7b72;--skip:#d9a93f;--failbg:#2a1b1b}}"
    "*{box-sizing:border-box}body{margin:0 auto;max-width:1080px;padding:28px "
    "20px;background:var(--bg);color:var(--fg);"
    "font:15px/1.5 system-ui,sans-serif}h1{font-size:22px;margin:0 0 2px}h2{font-size:16px;margin:32px 0 "
    "8px}h4{margin:12px 0 0}"
    ".dim{color:var(--dim)}.pass{color:var(--pass)}.fail,.error{color:var(--fail)}.skip,.flaky,.none{color:"
    "var(--skip)}"
    ".tiles{display:flex;flex-wrap:wrap;gap:10px;margin:18px 0}.tile{border:1px solid "
    "var(--line);border-radius:8px;"
    "padding:8px 16px;min-width:92px}.tile b{display:block;font-size:24px;line-height:1.25}"
    ".tile.zero b{color:var(--dim);font-weight:400}"
    ".bar{display:flex;height:6px;border-radius:3px;overflow:hidden;background:var(--line)}.bar "
    "i{display:block;min-width:3px}"
    "table{border-collapse:collapse;width:100%}td,th{padding:4px 10px 4px "
    "0;text-align:left;vertical-align:top;"
    "border-bottom:1px solid "
    "var(--line);overflow-wrap:anywhere}th{font-weight:600;color:var(--dim);font-size:13px}"
    "td.n,th.n{text-align:right;white-space:nowrap;padding:4px 0 4px "
    "10px}td.v+td{width:99%}td.v{min-width:64px;"
    "font-weight:600}td.t{"
    "white-space:nowrap}"
    "code,pre,.mono{font:13px/1.5 ui-monospace,monospace}pre{margin:6px 0;padding:10px "
    "12px;background:var(--box);"
    "border:1px solid "
    "var(--line);border-radius:6px;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere}"
    ".case{border:1px solid var(--line);border-left:4px solid var(--fail);border-radius:8px;padding:14px "
    "18px;margin:14px 0}"
    ".case.flaky{border-left-color:var(--skip);color:inherit}.case h3{margin:0 0 "
    "4px;font-size:15px;overflow-wrap:anywhere}"
    ".message{font-size:16px;margin:6px 0 10px}dl{display:grid;grid-template-columns:88px 1fr;gap:3px "
    "12px;margin:8px 0}"
    "dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere;white-space:pre-wrap}summary{cursor:pointer;"
    "margin:8px 0 2px}"
    "tr.bad td{background:var(--failbg)}.note{border-left:4px solid var(--skip);padding:4px 12px;margin:8px "
    "0}"
    ".picture{overflow-x:auto;margin:10px 0;border:1px solid var(--line);border-radius:6px;width:max-content;"
    "max-width:min(100vw - 100px,50vw + 440px);position:relative;background:var(--bg)}"
    "a{color:inherit}footer{margin-top:36px;color:var(--dim);font-size:13px}";

static void escaped(GString *out, const char *text)
{
    rig_text_html(out, text ? text : "");
}

static void escaped_line(GString *out, const char *text)
{
    g_autoptr(GString) plain = g_string_new(NULL);

    rig_text_plain(plain, text ? text : "", true);
    rig_text_html(out, plain->str);
}

static bool is_bad(enum rig_verdict verdict)
{
    return verdict == RIG_VERDICT_FAIL || verdict == RIG_VERDICT_ERROR;
}

static const char *word_of(const struct rig_case_result *result)
{
    return result->flaky ? "flaky" : rig_verdict_word(result->verdict);
}

static void tile(GString *out, const char *class, guint count, const char *label)
{
    g_string_append_printf(out, "<div class=\"tile%s\"><b class=\"%s\">%u</b>%s</div>\n",
                           count ? "" : " zero", class, count, label);
}

static void bar_part(GString *out, const char *colour, guint count)
{
    if (count)
        g_string_append_printf(out, "<i style=\"flex:%u;background:var(--%s)\"></i>", count, colour);
}

static void overview(GString *out, const struct rig_results *results)
{
    struct rig_counts counts = rig_results_counts(results);

    g_string_append(out, "<div class=\"tiles\">\n");
    tile(out, "pass", counts.n_passed, "passed");
    tile(out, "fail", counts.n_failed, "failed");
    tile(out, "error", counts.n_errors, "errors");
    tile(out, "skip", counts.n_skipped, "skipped");
    tile(out, "flaky", counts.n_flaky, "flaky");
    g_string_append(out, "</div>\n<div class=\"bar\">");
    bar_part(out, "fail", counts.n_failed + counts.n_errors);
    bar_part(out, "skip", counts.n_skipped);
    bar_part(out, "pass", counts.n_passed);
    g_string_append(out, "</div>\n");
}

static void heading(GString *out, const struct rig_results *results)
{
    g_autofree char *summary = rig_story_summary(results);
    g_auto(GStrv) remarks = rig_story_remarks(results);
    int code = rig_results_exit_code(results);
    const char *title = code == 0   ? "All passed"
                        : code == 3 ? "Interrupted"
                        : code == 4 ? "Nothing ran"
                        : code == 1 ? "The board failed"
                                    : "The rig had errors";

    g_string_append_printf(out, "<h1 class=\"%s\">%s</h1>\n<div class=\"dim\">",
                           code == 0   ? "pass"
                           : code == 4 ? "skip"
                                       : "fail",
                           title);
    escaped_line(out, results->target ? results->target : "unknown target");
    if (results->wall) {
        g_string_append(out, " · ");
        escaped_line(out, results->wall);
    }
    g_string_append_printf(out, " · %s</div>\n", summary);
    overview(out, results);
    for (char **remark = remarks; *remark; remark++) {
        g_string_append(out, "<p class=\"note\">");
        escaped(out, *remark);
        g_string_append(out, "</p>\n");
    }
}

static void problems(GString *out, const struct rig_results *results)
{
    for (guint i = 0; i < results->problems->len; i++) {
        const struct rig_problem *problem = g_ptr_array_index(results->problems, i);

        g_string_append(out, "<section class=\"case\"><h3><span class=\"error\">error</span> ");
        escaped_line(out, problem->file ? problem->file : "the run");
        g_string_append(out, "</h3><pre>");
        escaped(out, problem->text);
        g_string_append(out, "</pre></section>\n");
    }
}

static void term(GString *out, const char *name, const char *text)
{
    if (!text || !*text)
        return;
    g_string_append_printf(out, "<dt>%s</dt><dd>", name);
    escaped(out, text);
    g_string_append(out, "</dd>\n");
}

static void expectations(GString *out, const struct rig_step_result *step)
{
    for (guint i = 0; i < step->expectations->len; i++) {
        const struct rig_expectation *expectation = g_ptr_array_index(step->expectations, i);

        if (expectation->ok)
            continue;
        g_string_append(out, "<div class=\"dim\">");
        escaped_line(out, expectation->what);
        g_string_append(out, ": expected ");
        escaped_line(out, expectation->expected);
        g_string_append(out, ", seen ");
        escaped_line(out, expectation->seen);
        g_string_append(out, "</div>");
    }
    if (step->n_expectations_left_out)
        g_string_append_printf(out, "<div class=\"dim\">%u more were not kept</div>",
                               step->n_expectations_left_out);
}

/* "steps.2.then.0" stands inside "steps.2". */
static guint depth_of(const struct rig_step_result *step)
{
    guint n_dots = 0;

    for (const char *at = step->id; at && *at; at++)
        n_dots += *at == '.';
    return CLAMP(n_dots, 1, 17) / 2;
}

static void step_row(GString *out, const struct rig_step_result *step)
{
    const char *word = step->elapsed_us < 0 ? "open" : rig_verdict_word(step->verdict);
    bool bad = is_bad(step->verdict) || step->elapsed_us < 0;

    g_string_append_printf(
        out, "<tr%s><td class=\"v %s\">%s</td><td class=\"mono\" style=\"padding-left:%uem\">",
        bad ? " class=\"bad\"" : "", step->elapsed_us < 0 ? "error" : word, word, depth_of(step) * 2);
    escaped_line(out, step->text ? step->text : step->verb);
    expectations(out, step);
    g_string_append_printf(out, "</td><td class=\"n dim\">%s", step->line ? "line " : "");
    if (step->line)
        g_string_append_printf(out, "%u", step->line);
    g_string_append(out, "</td><td class=\"n mono dim\">");
    if (step->elapsed_us >= 0)
        g_string_append_printf(out, "%" G_GINT64_FORMAT ".%03d ms", step->elapsed_us / 1000,
                               (int)(step->elapsed_us % 1000));
    g_string_append(out, "</td></tr>\n");
}

static void steps(GString *out, const struct rig_attempt *attempt)
{
    if (!attempt->steps->len)
        return;
    g_string_append_printf(out, "<details open><summary>Steps (%u)</summary><table>\n", attempt->n_steps);
    for (guint i = 0; i < attempt->steps->len; i++)
        step_row(out, g_ptr_array_index(attempt->steps, i));
    g_string_append(out, "</table></details>\n");
}

static void log_lines(GString *out, const struct rig_attempt *attempt, const char *title,
                      bool (*wanted)(enum rig_entry_kind), bool open)
{
    g_autoptr(GString) lines = g_string_new(NULL);
    guint n_happened = 0;

    for (guint i = 0; i < RIG_N_ENTRY_KINDS; i++)
        n_happened += wanted(i) ? attempt->n_of[i] : 0;
    for (guint i = 0; i < attempt->log->len; i++) {
        const struct rig_entry *entry = g_ptr_array_index(attempt->log, i);

        if (!wanted(entry->kind))
            continue;
        g_string_append_printf(lines, "<span class=\"%s\">", entry->bad ? "fail" : "");
        rig_story_append_time(lines, entry->at_us);
        if (entry->kind != RIG_ENTRY_CONSOLE && entry->kind != RIG_ENTRY_LINK &&
            entry->kind != RIG_ENTRY_PACKET)
            g_string_append_printf(lines, "%-10s ", rig_entry_word(entry->kind));
        escaped_line(lines, entry->text);
        if (entry->kind == RIG_ENTRY_PACKET && entry->extra) {
            g_string_append_printf(lines, "\n%*s^ ", 14, "");
            escaped_line(lines, entry->extra);
        }
        g_string_append(lines, "</span>\n");
    }
    if (lines->len)
        g_string_append_printf(out, "<details%s><summary>%s (%u)</summary><pre>%s</pre></details>\n",
                               open ? " open" : "", title, n_happened, lines->str);
}

static bool is_console(enum rig_entry_kind kind)
{
    return kind == RIG_ENTRY_CONSOLE;
}

static bool is_link(enum rig_entry_kind kind)
{
    return kind == RIG_ENTRY_LINK;
}

static bool is_packet(enum rig_entry_kind kind)
{
    return kind == RIG_ENTRY_PACKET;
}

static bool is_other(enum rig_entry_kind kind)
{
    return !is_console(kind) && !is_link(kind) && !is_packet(kind);
}

static void judgement_row(GString *out, const struct rig_judgement *judgement)
{
    const char *word = rig_verdict_word(judgement->verdict);

    g_string_append_printf(out, "<tr%s><td class=\"v %s\">%s</td><td><b>",
                           judgement->verdict == RIG_VERDICT_FAIL ? " class=\"bad\"" : "", word, word);
    escaped_line(out, judgement->name);
    g_string_append(out, "</b> <span class=\"dim\">");
    escaped_line(out, judgement->about);
    g_string_append(out, "</span>");
    if (!g_str_equal(judgement->text, "holds")) {
        g_string_append(out, "<div>");
        escaped_line(out, judgement->text);
        g_string_append(out, "</div>");
    }
    g_string_append(out, "</td></tr>\n");
}

static void exploration_table(GString *out, const struct rig_exploration_result *result)
{
    g_autofree char *line = rig_exploration_line(result);

    g_string_append(out, "<h4>Exploration of every sequence of power cuts: ");
    escaped_line(out, result->life);
    g_string_append(out, "</h4>\n<p>");
    escaped_line(out, line);
    g_string_append(out, "</p>\n<table>\n");
    for (guint i = 0; i < result->judgements->len; i++)
        judgement_row(out, g_ptr_array_index(result->judgements, i));
    g_string_append(out, "</table>\n");
}

static void path_told(GString *out, const struct rig_case_result *result, const struct rig_path *told,
                      guint *n_pictures)
{
    g_autoptr(GString) words = g_string_new(NULL);

    if (*n_pictures < RIG_HTML_MAX_PICTURES) {
        g_string_append(out, "<div class=\"picture\">\n");
        rig_picture_append(out, told, result->id, ++*n_pictures);
        g_string_append(out, "</div>\n");
    } else {
        g_string_append(out,
                        "<p class=\"note\">This page has enough pictures; the one of this path is in the "
                        "folder of the evidence.</p>\n");
    }
    rig_path_append_text(words, told, false, "");
    g_string_append(out, "<details><summary>The path, operation by operation</summary><pre>");
    rig_text_html(out, words->str);
    g_string_append(out, "</pre></details>\n");
}

/* Results, invariants, and each path with its picture and in words. n_pictures: on the page so far. */
static void explorations(GString *out, const struct rig_case_result *result,
                         const struct rig_attempt *attempt, guint *n_pictures)
{
    for (guint i = 0; i < attempt->explorations->len; i++)
        exploration_table(out, g_ptr_array_index(attempt->explorations, i));
    for (guint i = 0; i < attempt->paths->len; i++)
        path_told(out, result, g_ptr_array_index(attempt->paths, i), n_pictures);
}

/* What the explorations of an attempt came to, for the row of its case. */
static void exploration_lines(GString *out, const struct rig_attempt *attempt)
{
    for (guint i = 0; i < attempt->explorations->len; i++) {
        const struct rig_exploration_result *result = g_ptr_array_index(attempt->explorations, i);
        g_autofree char *line = rig_exploration_line(result);

        g_string_append(out, "<div class=\"dim\">explored ");
        escaped_line(out, result->life);
        g_string_append(out, ": ");
        escaped_line(out, line);
        g_string_append(out, "</div>");
    }
}

static void attempt_details(GString *out, const struct rig_case_result *result,
                            const struct rig_attempt *attempt, guint *n_pictures)
{
    g_autofree char *place = rig_story_place(attempt);
    g_autofree char *trailers = g_strjoinv("\n", attempt->trailers);
    g_autofree char *also = g_strjoinv("\n", attempt->also);

    g_string_append(out, "<div class=\"message\">");
    escaped(out, rig_story_message(attempt));
    g_string_append(out, "</div>\n<dl>\n");
    term(out, "at", place);
    term(out, "expected", attempt->expected);
    term(out, "seen", attempt->seen);
    term(out, "also", also);
    term(out, rig_story_trailers_word(attempt), trailers);
    g_string_append(out, "</dl>\n");
    if (attempt->replay) {
        g_string_append(out, "<div class=\"dim\">Run exactly this again:</div><pre>");
        escaped(out, attempt->replay);
        g_string_append(out, "</pre>\n");
    }
    explorations(out, result, attempt, n_pictures);
    steps(out, attempt);
    log_lines(out, attempt, "Console", is_console, attempt->n_of[RIG_ENTRY_CONSOLE] <= 40);
    log_lines(out, attempt, "Link", is_link, false);
    log_lines(out, attempt, "Bluetooth packets", is_packet, false);
    log_lines(out, attempt, "Power, boots, faults", is_other, false);
}

static void case_details(GString *out, const struct rig_case_result *result, guint *n_pictures)
{
    g_string_append_printf(out,
                           "<section class=\"case%s\" id=\"case-%u\">\n<h3><span class=\"%s\">%s</span> ",
                           result->flaky ? " flaky" : "", result->index, word_of(result), word_of(result));
    escaped_line(out, result->id);
    g_string_append(out, "</h3>\n");
    if (result->about) {
        g_string_append(out, "<div class=\"dim\">");
        escaped(out, result->about);
        g_string_append(out, "</div>\n");
    }
    for (guint i = 0; i < result->attempts->len; i++) {
        const struct rig_attempt *attempt = g_ptr_array_index(result->attempts, i);

        if (!is_bad(attempt->verdict))
            continue;
        if (result->attempts->len > 1)
            g_string_append_printf(out, "<h4>Attempt %u of %u</h4>\n", i + 1, result->attempts->len);
        attempt_details(out, result, attempt, n_pictures);
    }
    g_string_append(out, "</section>\n");
}

static bool has_story(const struct rig_case_result *result)
{
    return (is_bad(result->verdict) && !result->not_run) || result->flaky;
}

static void case_row(GString *out, const struct rig_case_result *result)
{
    const struct rig_attempt *last = rig_case_last_attempt(result);
    bool has_details = has_story(result);

    g_string_append_printf(out, "<tr><td class=\"v %s\">%s</td><td>", word_of(result), word_of(result));
    if (has_details)
        g_string_append_printf(out, "<a href=\"#case-%u\">", result->index);
    escaped_line(out, result->name);
    if (has_details)
        g_string_append(out, "</a>");
    if (result->skip_reason) {
        g_string_append(out, " <span class=\"dim\">");
        escaped_line(out, result->skip_reason);
        g_string_append(out, "</span>");
    }
    if (last && last->n_of[RIG_ENTRY_CUT])
        g_string_append_printf(out, " <span class=\"dim\">%u power cuts</span>", last->n_of[RIG_ENTRY_CUT]);
    if (last && last->n_of[RIG_ENTRY_LOSS])
        g_string_append_printf(out, " <span class=\"dim\">%u losses of the link</span>",
                               last->n_of[RIG_ENTRY_LOSS]);
    if (last)
        exploration_lines(out, last);
    g_string_append(out, "</td><td class=\"n dim\">");
    if (last)
        g_string_append_printf(out, "%" G_GINT64_FORMAT " ms", last->duration_ms);
    g_string_append(out, "</td></tr>\n");
}

/* The page so far goes out: one of a large run is not kept in memory. */
static void pour(GString *out, FILE *to)
{
    fwrite(out->str, 1, out->len, to);
    g_string_truncate(out, 0);
}

static void case_tables(GString *out, const struct rig_results *results, FILE *to)
{
    for (guint i = 0; i < results->suites->len; i++) {
        const struct rig_suite *suite = g_ptr_array_index(results->suites, i);

        g_string_append(out, "<h2 class=\"mono\">");
        escaped_line(out, suite->file);
        g_string_append(out, "</h2>\n<table>\n");
        for (guint k = 0; k < suite->cases->len; k++) {
            case_row(out, g_ptr_array_index(suite->cases, k));
            pour(out, to);
        }
        g_string_append(out, "</table>\n");
    }
}

static void run_terms(GString *out, const struct rig_results *results)
{
    g_autofree char *command = g_strjoinv(" ", results->argv);

    g_string_append(out, "<h2>This run</h2>\n<dl>\n");
    term(out, "command", command);
    term(out, "target", results->target_about);
    term(out, "seed", results->seed);
    term(out, "host", results->host);
    g_string_append(out, "</dl>\n");
    if (!results->properties->len)
        return;
    g_string_append(out, "<table>\n");
    for (guint i = 0; i < results->properties->len; i++) {
        const struct rig_property *property = g_ptr_array_index(results->properties, i);

        g_string_append(out, "<tr><td class=\"dim t\">");
        escaped_line(out, property->name);
        g_string_append(out, "</td><td class=\"mono\">");
        escaped_line(out, property->value);
        g_string_append(out, "</td></tr>\n");
    }
    g_string_append(out, "</table>\n");
}

bool rig_html_write(FILE *to, const void *user, GError **error)
{
    const struct rig_results *results = user;
    g_autoptr(GString) out = g_string_sized_new(16384);
    guint n_pictures = 0;

    (void)error;
    g_string_append(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                         "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                         "style-src 'unsafe-inline'\">\n"
                         "<title>bootrig: ");
    escaped_line(out, results->target ? results->target : "report");
    g_string_append_printf(out, "</title>\n<style>%s</style></head><body>\n", page_style);
    heading(out, results);
    problems(out, results);
    for (guint i = 0; i < results->cases->len; i++) {
        const struct rig_case_result *result = g_ptr_array_index(results->cases, i);

        if (has_story(result))
            case_details(out, result, &n_pictures);
        pour(out, to);
    }
    case_tables(out, results, to);
    run_terms(out, results);
    g_string_append(out, "<footer>bootrig ");
    escaped_line(out, results->version);
    g_string_append(out, "</footer>\n</body></html>\n");
    pour(out, to);
    return true;
}

char *rig_html_page(const struct rig_results *results, gsize *n_bytes)
{
    return rig_output_text(rig_html_write, results, n_bytes, NULL);
}
