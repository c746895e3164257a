/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bringing a real board into the condition that a scenario starts from, through its probe. */
#include "drivers/assembled/assembled.h"

#include "base/error.h"
#include "drivers/board/program.h"

#include <string.h>

#define ATTACH_TRIES 5
#define ATTACH_AGAIN_US 200000

static char *value_text(const struct rig_value *value)
{
    if (value->keyword || value->text)
        return g_strdup(value->keyword ? value->keyword : value->text);
    if (value->type == RIG_TYPE_FLAG)
        return g_strdup(value->flag ? "true" : "false");
    return g_strdup_printf("%" G_GUINT64_FORMAT, value->count);
}

static bool is_same(const struct rig_value *wanted, const struct rig_value *has)
{
    g_autofree char *left = NULL;
    g_autofree char *right = NULL;

    if (wanted->is_list || !has)
        return wanted->is_list && wanted->items->len == 0;
    left = value_text(wanted);
    right = value_text(has);
    return g_str_equal(left, right);
}

/* The step's record has more fields than the options; only those are compared. */
static const struct rig_value *option_of(const struct rig_record *record, const char *name)
{
    for (gsize i = 0; i < record->shape->n_fields; i++)
        if (g_str_equal(record->shape->fields[i].name, name))
            return record->values[i];
    return NULL;
}

bool rig_assembled_accepts(const struct rig_target *target, const struct rig_record *options, GError **error)
{
    const struct rig_value *own = rig_record_get(target->record, "options");

    for (gsize i = 0; options && i < rig_board_options_shape.n_fields; i++) {
        const char *name = rig_board_options_shape.fields[i].name;
        const struct rig_value *wanted = option_of(options, name);
        const struct rig_value *has = own ? rig_record_get(own->record, name) : NULL;
        g_autofree char *text = NULL;
        g_autofree char *own_text = NULL;

        if (!wanted || is_same(wanted, has))
            continue;
        text = wanted->is_list ? g_strdup("...") : value_text(wanted);
        own_text = has ? value_text(has) : NULL;
        g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                    "the scenario wants '%s: %s'; target '%s' %s%s%s, and a real board cannot be told", name,
                    text, target->name, has ? "has '" : "does not say what it has", has ? own_text : "",
                    has ? "'" : "");
        return false;
    }
    return true;
}

/* A board takes its time from power to a debug port that answers. */
bool rig_assembled_catch(struct rig_assembled *board, GError **error)
{
    g_autoptr(GError) cause = NULL;

    for (guint i = 0; i < ATTACH_TRIES; i++) {
        g_clear_error(&cause);
        if (board->probe.probe.ops->reset_halt(&board->probe.probe, &cause))
            return true;
        if (board->board.interrupted && *board->board.interrupted)
            break;
        g_usleep(ATTACH_AGAIN_US);
    }
    g_propagate_prefixed_error(error, g_steal_pointer(&cause), "board '%s': ", board->config.entry->name);
    return false;
}

bool rig_assembled_set_up(struct rig_assembled *board, const struct rig_board_setup *setup, GError **error)
{
    struct rig_power *power = &board->power.power;
    gint64 at_us;
    char *line;

    if (!power->ops->set(power, true, error) || !rig_assembled_catch(board, error) ||
        !rig_board_program_slots(&board->probe.probe, setup, error) || !power->ops->set(power, false, error))
        return false;
    while ((line = rig_console_take(board->console, &at_us)))
        g_free(line);
    rig_openocd_probe_forget_boots(&board->probe);
    board->origin_us = g_get_monotonic_time();
    return true;
}
