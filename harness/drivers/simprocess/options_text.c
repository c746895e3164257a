/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Board options as YAML again: from typed values, so that variables of a scenario are resolved. */
#include "drivers/simprocess/process_board.h"

/* Board options have no other types than these and choices. */
static void add_value(GString *text, const struct rig_value *value)
{
    if (value->type == RIG_TYPE_FLAG)
        g_string_append(text, value->flag ? "true" : "false");
    else if (value->type == RIG_TYPE_SIZE)
        g_string_append_printf(text, "%" G_GUINT64_FORMAT "B", value->count);
    else if (value->type == RIG_TYPE_DURATION)
        g_string_append_printf(text, "%" G_GUINT64_FORMAT "us", value->count);
    else if (value->type == RIG_TYPE_COUNT)
        g_string_append_printf(text, "%" G_GUINT64_FORMAT, value->count);
    else
        g_string_append(text, value->keyword);
}

static void add_list(GString *text, const struct rig_value *value)
{
    g_string_append_c(text, '[');
    for (guint i = 0; i < value->items->len; i++) {
        g_string_append(text, i ? ", " : "");
        add_value(text, g_ptr_array_index(value->items, i));
    }
    g_string_append_c(text, ']');
}

char *rig_process_options_text(const struct rig_record *options)
{
    GString *text = g_string_new("{");

    for (gsize i = 0; options && i < rig_board_options_shape.n_fields; i++) {
        const char *name = rig_board_options_shape.fields[i].name;
        const struct rig_value *value = rig_record_get(options, name);

        if (!value)
            continue;
        g_string_append_printf(text, "%s%s: ", text->len > 1 ? ", " : "", name);
        if (value->is_list)
            add_list(text, value);
        else
            add_value(text, value);
    }
    g_string_append(text, "}\n");
    return g_string_free(text, FALSE);
}
