/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing and reading the parts of a replay command. */
#include "run/replay_line.h"

#include "base/error.h"
#include "base/words.h"
#include "scenario/scalar.h"

#include <string.h>

#define SHA_DIGITS 12

static void append_images(GString *line, struct rig_run *run)
{
    for (guint i = 0; i < run->the_case->images->len; i++) {
        const struct rig_image_plan *plan = g_ptr_array_index(run->the_case->images, i);
        const struct rig_built_image *image =
            rig_image_store_get(run->images, run->the_case, plan->name, run->board, NULL);
        g_autoptr(GString) claim = g_string_new(plan->name);

        if (!image)
            continue;
        g_string_append_c(claim, '=');
        for (guint byte = 0; byte < SHA_DIGITS / 2; byte++)
            g_string_append_printf(claim, "%02x", image->sha[byte]);
        rig_shell_append(line, "--image", claim->str);
    }
}

char *rig_replay_reach_text(const struct rig_replay_reach *reach)
{
    GString *text = g_string_new(NULL);
    const struct {
        const char *option, *value;
    } options[] = {{"--link", reach->link},   {"--hci", reach->hci},     {"--adapter", reach->adapter},
                   {"--bench", reach->bench}, {"--board", reach->board}, {"--bootloader", reach->bootloader}};
    char number[G_ASCII_DTOSTR_BUF_SIZE];

    for (guint i = 0; i < G_N_ELEMENTS(options); i++)
        if (options[i].value)
            rig_shell_append(text, options[i].option, options[i].value);
    for (char **defect = reach->defects; defect && *defect; defect++)
        rig_shell_append(text, "--defect", *defect);
    if (reach->timeout_scale < 1.0 || reach->timeout_scale > 1.0)
        rig_shell_append(text, "--timeout-scale",
                         g_ascii_dtostr(number, sizeof number, reach->timeout_scale));
    return g_string_free(text, FALSE);
}

char *rig_replay_line(const struct rig_run_plan *plan, struct rig_run *run, const char *target,
                      guint64 case_seed)
{
    GString *line = g_string_new("bootrig replay");
    g_autofree char *seed = g_strdup_printf("%" G_GUINT64_FORMAT, case_seed);

    rig_shell_append(line, NULL, run->the_case->scenario->source->path);
    rig_shell_append(line, "--case", run->the_case->name);
    rig_shell_append(line, "--target", target);
    rig_shell_append(line, "--case-seed", seed);
    if (run->cut_text)
        rig_shell_append(line, "--cut", run->cut_text);
    if (run->path_text)
        rig_shell_append(line, "--cuts", run->path_text);
    if (run->trouble.verdict != RIG_VERDICT_PASS)
        append_images(line, run);
    g_string_append(line, plan->replay_options ? plan->replay_options : "");
    return g_string_free(line, FALSE);
}

static bool parse_instant(const char *text, struct rig_cut_place *place)
{
    static const struct rig_field instant = {.name = "cut", .type = RIG_TYPE_DURATION, .max = 3600000000u};
    struct rig_scalar_problem problem = {0};
    struct rig_value value = {0};
    bool ok = rig_scalar_read(&instant, text, &value, &problem);

    rig_scalar_problem_clear(&problem);
    if (ok)
        *place = (struct rig_cut_place){.kind = RIG_PLACE_INSTANT, .after_us = value.count};
    return ok;
}

static bool parse_operation(const char *text, struct rig_cut_place *place)
{
    static const enum rig_cut_form forms[] = {RIG_CUT_BEFORE, RIG_CUT_HALF, RIG_CUT_AFTER};
    char *end = NULL;

    *place = (struct rig_cut_place){.kind = RIG_PLACE_OPERATION};
    place->operation = g_ascii_strtoull(text, &end, 10);
    if (!g_ascii_isdigit(*text) || *end != ':')
        return false;
    for (guint i = 0; i < G_N_ELEMENTS(forms); i++) {
        place->form = forms[i];
        if (g_str_equal(end + 1, rig_cut_form_name(forms[i])))
            return true;
    }
    return false;
}

static bool find_word(const char *const *words, const char *word, guint *at)
{
    for (*at = 0; words[*at]; ++*at)
        if (g_str_equal(word, words[*at]))
            return true;
    return false;
}

static bool parse_packet(const char *text, struct rig_cut_place *place)
{
    g_auto(GStrv) words = g_strsplit(text, ":", 4);
    guint n_words = g_strv_length(words);
    guint64 index = 0;
    guint kind, by;

    if (n_words < 2 || n_words > 3 || !find_word(rig_traffic_place_names, words[0], &kind) ||
        !find_word(rig_loss_by_words, words[n_words - 1], &by) ||
        (kind == RIG_TRAFFIC_END) != (n_words == 2) ||
        (n_words == 3 && !g_ascii_string_to_unsigned(words[1], 10, 0, G_MAXUINT32 - 1, &index, NULL)))
        return false;
    *place = (struct rig_cut_place){
        .kind = RIG_PLACE_PACKET,
        .packet = {.kind = (enum rig_traffic_place)kind, .index = (guint32)index},
        .by = (enum rig_loss_by)by,
    };
    return true;
}

bool rig_cut_place_parse(const char *text, struct rig_cut_place *place, GError **error)
{
    if (parse_instant(text, place) || parse_operation(text, place) || parse_packet(text, place))
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE,
                "'%s' is no place of a sweep: write OPERATION:before, OPERATION:half or OPERATION:after, an "
                "instant such as 40ms, or for a lost link write:N:host, notification:N:board, end:silence",
                text);
    return false;
}
