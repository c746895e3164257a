/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Explorations in the HTML page. */
#include "report/html_explore.h"

#include "report/picture.h"
#include "report/text.h"

static void escaped_line(GString *out, const char *text)
{
    g_autoptr(GString) plain = g_string_new(NULL);

    rig_text_plain(plain, text, true);
    rig_text_html(out, plain->str);
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

static void exploration(GString *out, const struct rig_exploration_result *result)
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

static void path(GString *out, const struct rig_case_result *result, const struct rig_path *told,
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

void rig_html_explorations(GString *out, const struct rig_case_result *result,
                           const struct rig_attempt *attempt, guint *n_pictures)
{
    for (guint i = 0; i < attempt->explorations->len; i++)
        exploration(out, g_ptr_array_index(attempt->explorations, i));
    for (guint i = 0; i < attempt->paths->len; i++)
        path(out, result, g_ptr_array_index(attempt->paths, i), n_pictures);
}

void rig_html_exploration_lines(GString *out, const struct rig_attempt *attempt)
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
