/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What explorations amount to, from their events. */
#include "report/exploration.h"

#include "path/path_event.h"

#include <string.h>

static void free_judgement(gpointer at)
{
    struct rig_judgement *judgement = at;

    g_free(judgement->name);
    g_free(judgement->about);
    g_free(judgement->text);
    g_free(judgement->path);
    g_free(judgement);
}

void rig_exploration_result_free(struct rig_exploration_result *exploration)
{
    if (!exploration)
        return;
    g_free(exploration->step);
    g_free(exploration->life);
    g_free(exploration->forms);
    g_free(exploration->why_open);
    g_ptr_array_unref(exploration->judgements);
    g_free(exploration);
}

static char *copy_text(const struct rig_event *event, enum rig_event_key key)
{
    const char *text = rig_event_get_text(event, key);

    return g_strdup(text ? text : "");
}

static char *joined(const struct rig_event *event, enum rig_event_key key, const char *between)
{
    const GPtrArray *words = rig_event_get_list(event, key);
    GString *text = g_string_new(NULL);

    for (guint i = 0; words && i < words->len; i++)
        g_string_append_printf(text, "%s%s", i ? between : "", (const char *)g_ptr_array_index(words, i));
    return g_string_free(text, FALSE);
}

static struct rig_judgement *announce(struct rig_exploration_result *exploration,
                                      const struct rig_event *entry)
{
    struct rig_judgement *judgement = g_new0(struct rig_judgement, 1);
    const char *not_judged = rig_event_get_text(entry, RIG_KEY_NOT_JUDGED);

    judgement->name = copy_text(entry, RIG_KEY_NAME);
    judgement->about = copy_text(entry, RIG_KEY_ABOUT);
    judgement->verdict = not_judged ? RIG_VERDICT_SKIP : RIG_VERDICT_NONE;
    judgement->text = not_judged ? g_strdup_printf("not judged: %s", not_judged) : g_strdup("");
    g_ptr_array_add(exploration->judgements, judgement);
    return judgement;
}

static void take_start(struct rig_attempt *attempt, const struct rig_event *event)
{
    const GPtrArray *invariants = rig_event_get_maps(event, RIG_KEY_INVARIANTS);
    struct rig_exploration_result *exploration;

    if (attempt->explorations->len >= RIG_EXPLORATIONS_MAX) {
        attempt->n_left_out++;
        return;
    }
    exploration = g_new0(struct rig_exploration_result, 1);
    exploration->step = copy_text(event, RIG_KEY_STEP);
    exploration->life = joined(event, RIG_KEY_LIFE, ",");
    exploration->forms = joined(event, RIG_KEY_FORMS, ", ");
    exploration->why_open = g_strdup("");
    exploration->judgements = g_ptr_array_new_with_free_func(free_judgement);
    for (guint i = 0; invariants && i < invariants->len && i < RIG_JUDGEMENTS_MAX; i++)
        announce(exploration, g_ptr_array_index(invariants, i));
    g_ptr_array_add(attempt->explorations, exploration);
}

static struct rig_judgement *judgement_named(struct rig_exploration_result *exploration,
                                             const struct rig_event *entry)
{
    const char *name = rig_event_get_text(entry, RIG_KEY_NAME);

    for (guint i = 0; i < exploration->judgements->len; i++) {
        struct rig_judgement *judgement = g_ptr_array_index(exploration->judgements, i);

        if (g_strcmp0(judgement->name, name) == 0)
            return judgement;
    }
    return exploration->judgements->len < RIG_JUDGEMENTS_MAX ? announce(exploration, entry) : NULL;
}

static void take_judgement(struct rig_judgement *judgement, const struct rig_event *entry)
{
    g_free(judgement->text);
    g_free(judgement->path);
    judgement->text = copy_text(entry, RIG_KEY_TEXT);
    judgement->path = g_strdup(rig_event_get_text(entry, RIG_KEY_PATH));
    judgement->verdict = rig_verdict_from_word(rig_event_get_text(entry, RIG_KEY_VERDICT));
    if (judgement->verdict == RIG_VERDICT_NONE)
        judgement->verdict = RIG_VERDICT_ERROR;
    judgement->n_cuts = MAX(rig_event_get_count(entry, RIG_KEY_N_CUTS, 0), 0);
    judgement->n_states = MAX(rig_event_get_count(entry, RIG_KEY_STATES, 0), 0);
}

static void take_counts(struct rig_exploration_result *exploration, const struct rig_event *event)
{
    struct {
        enum rig_event_key key;
        gint64 *count;
    } counts[] = {
        {RIG_KEY_CONTENTS, &exploration->n_contents}, {RIG_KEY_NODES, &exploration->n_nodes},
        {RIG_KEY_CUTS, &exploration->n_cuts},         {RIG_KEY_TORN_CUTS, &exploration->n_torn_cuts},
        {RIG_KEY_BOOTS, &exploration->n_boots},       {RIG_KEY_LONGEST, &exploration->longest},
        {RIG_KEY_BYTES, &exploration->n_bytes},       {RIG_KEY_ELAPSED_US, &exploration->elapsed_us},
    };

    for (guint i = 0; i < G_N_ELEMENTS(counts); i++)
        *counts[i].count = MAX(rig_event_get_count(event, counts[i].key, 0), 0);
    exploration->counted = rig_event_get_count(event, RIG_KEY_CONTENTS, -1) >= 0;
    exploration->closed = rig_event_get_flag(event, RIG_KEY_CLOSED, false);
    g_free(exploration->why_open);
    exploration->why_open = copy_text(event, RIG_KEY_WHY_OPEN);
}

static struct rig_exploration_result *open_one(const struct rig_attempt *attempt,
                                               const struct rig_event *event)
{
    const char *step = rig_event_get_text(event, RIG_KEY_STEP);

    for (guint i = attempt->explorations->len; i > 0; i--) {
        struct rig_exploration_result *exploration = g_ptr_array_index(attempt->explorations, i - 1);

        if (!exploration->ended && g_strcmp0(exploration->step, step) == 0)
            return exploration;
    }
    return NULL;
}

static void settle(struct rig_exploration_result *exploration, const char *why)
{
    for (guint i = 0; i < exploration->judgements->len; i++) {
        struct rig_judgement *judgement = g_ptr_array_index(exploration->judgements, i);

        if (judgement->verdict != RIG_VERDICT_NONE)
            continue;
        judgement->verdict = RIG_VERDICT_ERROR;
        g_free(judgement->text);
        judgement->text = g_strdup(why);
    }
}

static void take_end(struct rig_attempt *attempt, const struct rig_event *event)
{
    const GPtrArray *invariants = rig_event_get_maps(event, RIG_KEY_INVARIANTS);
    struct rig_exploration_result *exploration = open_one(attempt, event);

    if (!exploration)
        return;
    exploration->ended = true;
    take_counts(exploration, event);
    for (guint i = 0; invariants && i < invariants->len; i++) {
        const struct rig_event *entry = g_ptr_array_index(invariants, i);
        struct rig_judgement *judgement = judgement_named(exploration, entry);

        if (judgement)
            take_judgement(judgement, entry);
    }
    settle(exploration, "the journal does not say what came of it");
}

static void take_path(struct rig_attempt *attempt, const struct rig_event *event)
{
    struct rig_path *path = attempt->paths->len < RIG_PATHS_MAX ? rig_path_from_event(event) : NULL;

    if (path)
        g_ptr_array_add(attempt->paths, path);
    else
        attempt->n_left_out++;
}

void rig_attempt_take_exploration(struct rig_attempt *attempt, const struct rig_event *event)
{
    if (event->kind == RIG_EVENT_EXPLORE_START)
        take_start(attempt, event);
    else if (event->kind == RIG_EVENT_EXPLORE_END)
        take_end(attempt, event);
    else if (event->kind == RIG_EVENT_PATH)
        take_path(attempt, event);
}

void rig_attempt_settle_explorations(struct rig_attempt *attempt, const char *why)
{
    for (guint i = 0; i < attempt->explorations->len; i++)
        settle(g_ptr_array_index(attempt->explorations, i), why);
}

static void append_elapsed(GString *out, gint64 us)
{
    if (us < 1000 * 1000)
        g_string_append_printf(out, "%.1f ms", (double)us / 1e3);
    else
        g_string_append_printf(out, "%.2f s", (double)us / 1e6);
}

static void append_history(GString *line, const struct rig_exploration_result *exploration)
{
    if (exploration->n_nodes != exploration->n_contents)
        g_string_append_printf(line, " (%" G_GINT64_FORMAT " with what was promised before)",
                               exploration->n_nodes);
}

char *rig_exploration_line(const struct rig_exploration_result *exploration)
{
    GString *line = g_string_new(NULL);

    if (!exploration->counted)
        return g_string_free(
            g_string_append(line, exploration->ended ? "one path was played" : "the exploration did not end"),
            FALSE);
    if (exploration->closed)
        g_string_append(line, "closed: ");
    else
        g_string_append_printf(line, "NOT closed, %s: ", exploration->why_open);
    g_string_append_printf(line, "%" G_GINT64_FORMAT " flash contents", exploration->n_contents);
    append_history(line, exploration);
    g_string_append_printf(line,
                           ", %" G_GINT64_FORMAT
                           " places of a power cut (%s), longest chain%s %" G_GINT64_FORMAT " cut%s, ",
                           exploration->n_cuts, exploration->forms, exploration->closed ? "" : " so far",
                           exploration->longest, exploration->longest == 1 ? "" : "s");
    append_elapsed(line, exploration->elapsed_us);
    return g_string_free(line, FALSE);
}

char *rig_replay_with_cuts(const char *replay, const char *path)
{
    static const char option[] = " --cuts ";
    const char *at = replay ? strstr(replay, option) : NULL;
    const char *end = at ? strchr(at + sizeof option - 1, ' ') : NULL;

    if (!replay)
        return NULL;
    if (!at)
        return g_strconcat(replay, option, path, NULL);
    return g_strdup_printf("%.*s%s%s%s", (int)(at - replay), replay, option, path, end ? end : "");
}
