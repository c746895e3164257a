/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The account of a path in words. */
#include "report/exploration.h"

#include <string.h>

#include "report/text.h"

#define SHOWN_FIRST 10u /* steps of a power-on */
#define SHOWN_LAST 12u

static bool is_word(const char *text, const char *word)
{
    return g_strcmp0(text, word) == 0;
}

static void append_word(GString *out, const char *name, const char *value, const char *silent)
{
    if (value && !is_word(value, silent))
        g_string_append_printf(out, "%s%s %s", out->len ? ", " : "", name, value);
}

char *rig_path_trailer_text(const struct rig_path_trailer *trailer)
{
    GString *text = g_string_new(NULL);

    append_word(text, "magic", trailer->magic, "unset");
    append_word(text, "swap type", trailer->type, "none");
    append_word(text, "copy_done", trailer->copy_done, "unset");
    append_word(text, "image_ok", trailer->image_ok, "unset");
    if (trailer->status && !is_word(trailer->status, "nothing started"))
        g_string_append_printf(text, "%s%s", text->len ? ", " : "", trailer->status);
    if (text->len == 0)
        g_string_append(text, "empty");
    return g_string_free(text, FALSE);
}

struct account {
    GString *out;
    const char *indent;
    const struct rig_path_story *story;
    struct rig_path_now now;
    bool in_full;
};

static void G_GNUC_PRINTF(2, 3) say(struct account *account, const char *format, ...)
{
    g_autofree char *line = NULL;
    va_list arguments;

    va_start(arguments, format);
    line = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_string_append(account->out, account->indent);
    rig_text_plain(account->out, line, true);
    g_string_append_c(account->out, '\n');
}

/* Those that hold something, then the names of the empty ones. */
static void say_trailers(struct account *account)
{
    g_autoptr(GString) empty = g_string_new(NULL);
    const char *label = "trailers";

    for (guint i = 0; i < account->story->areas->len; i++) {
        const struct rig_path_area *area = g_ptr_array_index(account->story->areas, i);
        const struct rig_path_trailer *trailer = account->now.trailers[i];
        g_autofree char *text = trailer ? rig_path_trailer_text(trailer) : NULL;

        if (trailer && rig_path_is_image_data(&account->now, i)) {
            say(account, "  %-8s   %s: image data", label, area->name);
        } else if (trailer && g_str_equal(text, "empty")) {
            g_string_append_printf(empty, "%s%s", empty->len ? ", " : "", area->name);
            continue;
        } else if (trailer) {
            say(account, "  %-8s   %s: %s", label, area->name, text);
        }
        label = trailer ? "" : label;
    }
    if (empty->len)
        say(account, "  %-8s   %s: empty", label, empty->str);
}

static char *number_text(const struct rig_path_step *step)
{
    if (step->n == 1)
        return g_strdup_printf("%" G_GINT64_FORMAT, step->first);
    return g_strdup_printf("%" G_GINT64_FORMAT "-%" G_GINT64_FORMAT, step->first, step->first + step->n - 1);
}

static void say_step(struct account *account, const struct rig_path_step *step)
{
    g_autofree char *number = number_text(step);

    if (step->kind == RIG_PATH_MORE)
        say(account, "  %9s  ... %s", number, step->text);
    else
        say(account, "  %9s  %s", number, step->text);
}

static void say_action(struct account *account, const struct rig_path_leg *leg)
{
    if (leg->runs)
        say(account, "  runs       %s%s%s", leg->runs, leg->action ? "; the application: " : "",
            leg->action ? leg->action : "");
}

static void say_operations(struct account *account, const struct rig_path_leg *leg,
                           const struct rig_path_step *step)
{
    guint n = g_strv_length(leg->each);

    for (gint64 i = step->first; i < step->first + step->n && i < n; i++)
        say(account, "  %9" G_GINT64_FORMAT "  %s", i, leg->each[i]);
}

/* Of many steps those at the begin, and those at the end, where the cut is. */
static bool is_shown(const struct account *account, guint i, guint n)
{
    return account->in_full || n <= SHOWN_FIRST + SHOWN_LAST + 1 || i < SHOWN_FIRST || i + SHOWN_LAST >= n;
}

static void say_one_step(struct account *account, const struct rig_path_leg *leg, guint i)
{
    const struct rig_path_step *step = g_ptr_array_index(leg->steps, i);
    guint n = leg->steps->len;

    if (!is_shown(account, i, n)) {
        if (i == SHOWN_FIRST)
            say(account, "  %9s  ... %u more steps", "", n - SHOWN_FIRST - SHOWN_LAST);
    } else if (account->in_full && leg->each) {
        say_operations(account, leg, step);
    } else {
        say_step(account, step);
    }
}

static void say_steps(struct account *account, const struct rig_path_leg *leg)
{
    bool told = false;

    for (guint i = 0; i < leg->steps->len; i++) {
        const struct rig_path_step *step = g_ptr_array_index(leg->steps, i);

        if (step->app && !told) {
            say_action(account, leg);
            told = true;
        }
        rig_path_follow(account->story, step, &account->now);
        say_one_step(account, leg, i);
    }
    if (!told)
        say_action(account, leg);
}

static void say_leg(struct account *account, const struct rig_path_leg *leg)
{
    say(account, "power-on %" G_GINT64_FORMAT "%s%s", leg->number,
        leg->decision ? ", the bootloader decides: " : "", leg->decision ? leg->decision : "");
    say_steps(account, leg);
    if (leg->stop)
        say(account, "  stops      %s", leg->stop);
    if (leg->cut)
        say(account, "  POWER CUT  %s", leg->cut);
    say_trailers(account);
}

void rig_path_append_account(GString *out, const struct rig_path_story *story, bool in_full,
                             const char *indent)
{
    struct account account = {.out = out, .indent = indent, .story = story, .in_full = in_full};

    rig_path_begin(story, &account.now);
    say(&account, "path %s", story->path);
    if (story->n_left_out)
        say(&account, "  (%" G_GINT64_FORMAT " power-ons before these are not told)", story->n_left_out);
    say_trailers(&account);
    for (guint i = 0; i < story->legs->len; i++)
        say_leg(&account, g_ptr_array_index(story->legs, i));
    for (guint i = 0; i < story->broken->len; i++) {
        const struct rig_path_broken *broken = g_ptr_array_index(story->broken, i);

        say(&account, "%s is broken: %s", broken->invariant, broken->text);
    }
}
