/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing and reading paths. */
#include "explore/path.h"

#include "base/error.h"

#define MAX_LEGS 1000u

char *rig_path_text(const GArray *legs)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < legs->len; i++) {
        const struct rig_power_cycle *leg = &g_array_index(legs, struct rig_power_cycle, i);

        g_string_append(text, i ? "," : "");
        if (leg->form == RIG_CYCLE_RUN || leg->form == RIG_CYCLE_ACT)
            g_string_append(text, leg->form == RIG_CYCLE_RUN ? "run" : "app");
        else
            g_string_append_printf(text, "%u%s", leg->operation, leg->form == RIG_CYCLE_TORN ? "h" : "");
    }
    return g_string_free(text, FALSE);
}

static bool parse_leg(const char *text, struct rig_power_cycle *leg)
{
    char *end = NULL;
    guint64 operation;

    *leg = (struct rig_power_cycle){.form = g_str_equal(text, "app") ? RIG_CYCLE_ACT : RIG_CYCLE_RUN};
    if (g_str_equal(text, "app") || g_str_equal(text, "run"))
        return true;
    if (!g_ascii_isdigit(*text))
        return false;
    operation = g_ascii_strtoull(text, &end, 10);
    leg->operation = (guint32)operation;
    leg->form = *end == 'h' ? RIG_CYCLE_TORN : RIG_CYCLE_CUT;
    return operation < G_MAXUINT32 && (*end == '\0' || (*end == 'h' && end[1] == '\0'));
}

GArray *rig_path_parse(const char *text, GError **error)
{
    g_auto(GStrv) words = g_strsplit(text, ",", MAX_LEGS + 1);
    g_autoptr(GArray) legs = g_array_new(FALSE, FALSE, sizeof(struct rig_power_cycle));

    for (guint i = 0; words[i]; i++) {
        struct rig_power_cycle leg;

        if (i == MAX_LEGS || !parse_leg(g_strstrip(words[i]), &leg)) {
            g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE,
                        "'%s' is no path of cuts: write operation numbers, 'h' after a torn one, 'run' or "
                        "'app', with commas between",
                        text);
            return NULL;
        }
        g_array_append_val(legs, leg);
    }
    return g_steal_pointer(&legs);
}
