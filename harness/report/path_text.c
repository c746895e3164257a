/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A path in words. */
#include "report/exploration.h"

#include "report/text.h"

#define SHOWN_FIRST 10u /* steps of a power-on */
#define SHOWN_LAST 12u

struct telling {
    GString *out;
    const char *indent;
    const struct rig_path *path;
    struct rig_path_state state;
    bool in_full;
};

static void G_GNUC_PRINTF(2, 3) say(struct telling *telling, const char *format, ...)
{
    g_autofree char *line = NULL;
    va_list arguments;

    va_start(arguments, format);
    line = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_string_append(telling->out, telling->indent);
    rig_text_plain(telling->out, line, true);
    g_string_append_c(telling->out, '\n');
}

/* Those that hold something, then the names of the empty ones. */
static void say_trailers(struct telling *telling)
{
    g_autoptr(GString) empty = g_string_new(NULL);
    const char *label = "trailers";

    for (guint i = 0; i < telling->path->areas->len; i++) {
        const struct rig_path_area *area = g_ptr_array_index(telling->path->areas, i);
        const struct rig_path_trailer *trailer = telling->state.trailers[i];
        g_autofree char *text = trailer ? rig_path_trailer_text(trailer) : NULL;

        if (trailer && rig_path_is_image_data(&telling->state, i)) {
            say(telling, "  %-8s   %s: image data", label, area->name);
        } else if (trailer && g_str_equal(text, "empty")) {
            g_string_append_printf(empty, "%s%s", empty->len ? ", " : "", area->name);
            continue;
        } else if (trailer) {
            say(telling, "  %-8s   %s: %s", label, area->name, text);
        }
        label = trailer ? "" : label;
    }
    if (empty->len)
        say(telling, "  %-8s   %s: empty", label, empty->str);
}

static char *number_text(const struct rig_path_step *step)
{
    if (step->n == 1)
        return g_strdup_printf("%" G_GINT64_FORMAT, step->first);
    return g_strdup_printf("%" G_GINT64_FORMAT "-%" G_GINT64_FORMAT, step->first, step->first + step->n - 1);
}

static void say_step(struct telling *telling, const struct rig_path_step *step)
{
    g_autofree char *number = number_text(step);

    if (step->kind == RIG_PATH_MORE)
        say(telling, "  %9s  ... %s", number, step->text);
    else
        say(telling, "  %9s  %s", number, step->text);
}

static void say_action(struct telling *telling, const struct rig_path_cycle *cycle)
{
    if (cycle->runs)
        say(telling, "  runs       %s%s%s", cycle->runs, cycle->action ? "; the application: " : "",
            cycle->action ? cycle->action : "");
}

static void say_operations(struct telling *telling, const struct rig_path_cycle *cycle,
                           const struct rig_path_step *step)
{
    for (gint64 i = step->first; i < step->first + step->n && i < cycle->operations->len; i++)
        say(telling, "  %9" G_GINT64_FORMAT "  %s", i, (const char *)g_ptr_array_index(cycle->operations, i));
}

/* Of many steps those at the begin, and those at the end, where the cut is. */
static bool is_shown(const struct telling *telling, guint i, guint n)
{
    return telling->in_full || n <= SHOWN_FIRST + SHOWN_LAST + 1 || i < SHOWN_FIRST || i + SHOWN_LAST >= n;
}

static void say_one_step(struct telling *telling, const struct rig_path_cycle *cycle, guint i)
{
    const struct rig_path_step *step = g_ptr_array_index(cycle->steps, i);
    guint n = cycle->steps->len;

    if (!is_shown(telling, i, n)) {
        if (i == SHOWN_FIRST)
            say(telling, "  %9s  ... %u more steps", "", n - SHOWN_FIRST - SHOWN_LAST);
    } else if (telling->in_full && cycle->operations->len > 0) {
        say_operations(telling, cycle, step);
    } else {
        say_step(telling, step);
    }
}

static void say_steps(struct telling *telling, const struct rig_path_cycle *cycle)
{
    bool told = false;

    for (guint i = 0; i < cycle->steps->len; i++) {
        const struct rig_path_step *step = g_ptr_array_index(cycle->steps, i);

        if (step->by_application && !told) {
            say_action(telling, cycle);
            told = true;
        }
        rig_path_follow(telling->path, step, &telling->state);
        say_one_step(telling, cycle, i);
    }
    if (!told)
        say_action(telling, cycle);
}

static void say_cycle(struct telling *telling, const struct rig_path_cycle *cycle)
{
    say(telling, "power-on %" G_GINT64_FORMAT "%s%s", cycle->number,
        cycle->decision ? ", the bootloader decides: " : "", cycle->decision ? cycle->decision : "");
    say_steps(telling, cycle);
    if (cycle->stop)
        say(telling, "  stops      %s", cycle->stop);
    if (cycle->cut)
        say(telling, "  POWER CUT  %s", cycle->cut);
    say_trailers(telling);
}

void rig_path_append_text(GString *out, const struct rig_path *path, bool in_full, const char *indent)
{
    struct telling telling = {.out = out, .indent = indent, .path = path, .in_full = in_full};

    rig_path_begin(path, &telling.state);
    say(&telling, "path %s", path->cuts);
    if (path->n_left_out)
        say(&telling, "  (%" G_GINT64_FORMAT " power-ons before these are not told)", path->n_left_out);
    say_trailers(&telling);
    for (guint i = 0; i < path->cycles->len; i++)
        say_cycle(&telling, g_ptr_array_index(path->cycles, i));
    for (guint i = 0; i < path->broken->len; i++) {
        const struct rig_path_broken *broken = &g_array_index(path->broken, struct rig_path_broken, i);

        say(&telling, "%s is broken: %s", broken->invariant, broken->text);
    }
}
