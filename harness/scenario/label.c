/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Short stable labels of values, for the names of cases: {drop: {chunk: 0}} is drop-chunk-0. */
#include <string.h>

#include "scenario/reader.h"

#define LABEL_MAX_BYTES 60

static void append_word(GString *label, const char *text)
{
    for (; *text && label->len < LABEL_MAX_BYTES; text = g_utf8_next_char(text))
        g_string_append_c(label, g_ascii_isalnum(*text) || strchr("._%+-", *text) ? *text : '-');
}

static void append_label(GString *label, const struct rig_node *node);

static void append_items(GString *label, const struct rig_node *node)
{
    for (guint i = 0; i < node->items->len && label->len < LABEL_MAX_BYTES; i++) {
        const struct rig_pair *pair = g_ptr_array_index(node->items, i);

        if (i > 0)
            g_string_append_c(label, '+');
        if (node->kind == RIG_NODE_LIST) {
            append_label(label, g_ptr_array_index(node->items, i));
        } else {
            append_word(label, pair->key->text);
            if (!pair->value->empty)
                g_string_append_c(label, '-');
            append_label(label, pair->value);
        }
    }
}

static void append_label(GString *label, const struct rig_node *node)
{
    if (node->kind == RIG_NODE_SCALAR)
        append_word(label, node->text);
    else
        append_items(label, node);
}

char *rig_label(const struct rig_node *node)
{
    GString *label = g_string_new(NULL);

    append_label(label, node);
    if (label->len == 0)
        g_string_append(label, "empty");
    return g_string_free(label, FALSE);
}
