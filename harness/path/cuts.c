/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing and reading where power is cut. */
#include "path/cuts.h"

#include "base/error.h"

#define MAX_CYCLES 1000u

char *rig_cuts_text(const GArray *cycles)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < cycles->len; i++) {
        const struct rig_power_cycle *cycle = &g_array_index(cycles, struct rig_power_cycle, i);

        g_string_append(text, i ? "," : "");
        if (cycle->form == RIG_CYCLE_RUN || cycle->form == RIG_CYCLE_ACT)
            g_string_append(text, cycle->form == RIG_CYCLE_RUN ? "run" : "app");
        else
            g_string_append_printf(text, "%u%s", cycle->operation, cycle->form == RIG_CYCLE_TORN ? "h" : "");
    }
    return g_string_free(text, FALSE);
}

static bool parse_cycle(const char *text, struct rig_power_cycle *cycle)
{
    char *end = NULL;
    guint64 operation;

    *cycle = (struct rig_power_cycle){.form = g_str_equal(text, "app") ? RIG_CYCLE_ACT : RIG_CYCLE_RUN};
    if (g_str_equal(text, "app") || g_str_equal(text, "run"))
        return true;
    if (!g_ascii_isdigit(*text))
        return false;
    operation = g_ascii_strtoull(text, &end, 10);
    cycle->operation = (guint32)operation;
    cycle->form = *end == 'h' ? RIG_CYCLE_TORN : RIG_CYCLE_CUT;
    return operation < G_MAXUINT32 && (*end == '\0' || (*end == 'h' && end[1] == '\0'));
}

GArray *rig_cuts_parse(const char *text, GError **error)
{
    g_auto(GStrv) words = g_strsplit(text, ",", MAX_CYCLES + 1);
    g_autoptr(GArray) cycles = g_array_new(FALSE, FALSE, sizeof(struct rig_power_cycle));

    for (guint i = 0; words[i]; i++) {
        struct rig_power_cycle cycle;

        if (i == MAX_CYCLES || !parse_cycle(g_strstrip(words[i]), &cycle)) {
            g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE,
                        "'%s' is no path of cuts: write operation numbers, 'h' after a torn one, 'run' or "
                        "'app', with commas between",
                        text);
            return NULL;
        }
        g_array_append_val(cycles, cycle);
    }
    return g_steal_pointer(&cycles);
}
