/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verb: each-link-loss: the same steps again and again, the connection lost at one packet after the other;
 * one verdict, each loss on record. */
#include "steps/loss.h"
#include "steps/sweep.h"

static const char *const at_words[] = {"every-packet", "every-phase", NULL};

static const struct rig_field at_fields[] = {
    {.name = "packets",
     .type = RIG_TYPE_COUNT,
     .list = true,
     .about = "At these packets, counted from 0 within `during`, writes and notifications together; their "
              "number stands for the place after the last."},
    {.name = "every", .type = RIG_TYPE_COUNT, .min = 1, .about = "At every n-th packet."},
    {.name = "random",
     .type = RIG_TYPE_COUNT,
     .min = 1,
     .max = 100000,
     .about = "At so many packets, chosen by the run's seed."},
    {.name = "phases",
     .type = RIG_TYPE_CHOICE,
     .list = true,
     .choices = rig_traffic_phases,
     .about =
         "Once in each of these phases, in the middle of it. `before` a message; `inside` it, between two "
         "writes; `waiting-after` it, while the board is at work on it, which only the host can do; "
         "`before-answer` and `inside-answer`; of requests that are no upload, and of the first, a later "
         "and the last chunk; `behind-last`: after the last packet."},
};
static const char *const at_ways[] = {"packets", "every", "random", "phases", NULL};
static const struct rig_shape at_shape = {
    .name = "at-packets", .fields = at_fields, .n_fields = G_N_ELEMENTS(at_fields), .exactly_one = at_ways};

static const struct rig_field sweep_fields[] = {
    {.name = "during",
     .type = RIG_TYPE_STEPS,
     .required = true,
     .about = "What the link is lost in. Each loss begins from the same board."},
    {.name = "at",
     .type = RIG_TYPE_RECORD,
     .shape = &at_shape,
     .choices = at_words,
     .default_text = "every-packet",
     .about = "Where to lose it. `every-packet`: before each write, before each notification and while the "
              "host waits for an answer, and after the last packet; `every-phase`: once in each phase that "
              "`during` has."},
    {.name = "by",
     .type = RIG_TYPE_CHOICE,
     .list = true,
     .choices = rig_loss_by_words,
     .default_text = "host",
     .about =
         "Who ends it. `host` disconnects; the `board` hangs up (HCI 0x13); in `silence` nothing is heard "
         "until the supervision timeout (HCI 0x08)."},
    {.name = "in-turn",
     .type = RIG_TYPE_FLAG,
     .default_text = "false",
     .about = "true: each place by the next one of `by`, instead of by all of them."},
    {.name = "then",
     .type = RIG_TYPE_STEPS,
     .judges = true,
     .required = true,
     .about =
         "What must hold afterwards, for every loss. The host knows by then that the link is gone, unless "
         "`during` made a new one."},
};
static const struct rig_shape sweep_shape = {
    .name = "each-link-loss", .fields = sweep_fields, .n_fields = G_N_ELEMENTS(sweep_fields)};

/* What became of the places of one phase. */
struct phase_account {
    guint n_places; /* that there are */
    guint n_losses;
    guint n_failed;
};

/* One place and who ends the link there. */
struct point {
    guint number; /* of the place in the traffic */
    struct rig_cut_place place;
};

struct losses {
    struct rig_sweep base;
    struct rig_traffic *traffic; /* of the round without a loss */
    struct phase_account phases[RIG_N_TRAFFIC_PHASES];
    guint turn;                          /* of `in-turn`: the next one of `by` */
    guint n_by[RIG_LOSS_BY_SILENCE + 1]; /* losses by each of enum rig_loss_by */
    struct point first_failed;
};

static const struct rig_value *argument(const struct losses *sweep, const char *name)
{
    return rig_record_get(sweep->base.step->arguments, name);
}

/* Proves that the steps pass over a link that stays, and counts their packets. */
static bool measure(struct losses *sweep)
{
    struct rig_run *run = sweep->base.run;
    g_autofree char *prefix = rig_sweep_prefix(&sweep->base, "during");

    if (!rig_play_counted(run, argument(sweep, "during")->steps, prefix, sweep->traffic))
        return false;
    if (rig_traffic_n_packets(sweep->traffic) == 0)
        rig_run_error_text(run,
                           "'during' sends and receives no packet: there is no place to lose the link at");
    for (guint number = 0; number < rig_traffic_n_places(sweep->traffic); number++)
        sweep->phases[rig_traffic_phase(sweep->traffic, number)].n_places++;
    return !rig_run_troubled(run);
}

static struct point point_of(const struct losses *sweep, guint number, enum rig_loss_by by)
{
    return (struct point){
        .number = number,
        .place = {.kind = RIG_PLACE_PACKET, .packet = rig_traffic_place(sweep->traffic, number), .by = by}};
}

static char *where_text(const struct losses *sweep, const struct point *point)
{
    static const char *const whom[] = {"by the host", "by the board (HCI 0x13)",
                                       "by a silent radio (HCI 0x08)"};
    g_autofree char *place = rig_traffic_text(sweep->traffic, point->number);

    return g_strdup_printf("%s %s", place, whom[point->place.by]);
}

static void emit_loss(struct losses *sweep, const struct point *point)
{
    struct rig_run *run = sweep->base.run;
    g_autofree char *name = rig_cut_place_text(&point->place);
    g_autofree char *where = where_text(sweep, point);
    struct rig_event *event = rig_event_new("loss");

    rig_event_text(event, "point", name);
    rig_event_text(event, "phase", rig_traffic_phases[rig_traffic_phase(sweep->traffic, point->number)]);
    rig_event_text(event, "by", rig_loss_by_words[point->place.by]);
    rig_event_text(event, "verdict", rig_verdict_word(run->trouble.verdict));
    rig_event_textf(event, "text", "link lost %s: %s", where,
                    run->trouble.message ? run->trouble.message : "ok");
    rig_journal_emit(run->journal, (gint64)rig_run_now_us(run), event);
}

/* What went wrong is left in run->trouble. */
static void play_loss(struct losses *sweep, const struct point *point)
{
    struct rig_run *run = sweep->base.run;
    const struct rig_loss_plan plan = {.place = point->place.packet,
                                       .n_before = rig_traffic_packet(sweep->traffic, point->number),
                                       .by = point->place.by};
    g_autofree char *during = rig_sweep_prefix(&sweep->base, "during");
    g_autofree char *then = rig_sweep_prefix(&sweep->base, "then");

    if (rig_way_back_take(sweep->base.back) &&
        rig_play_with_loss(run, argument(sweep, "during")->steps, during, &plan,
                           rig_sweep_until_us(&sweep->base)))
        rig_run_steps(run, argument(sweep, "then")->steps, then);
}

/* false: the sweep must end. */
static bool sweep_one(struct losses *sweep, guint number, enum rig_loss_by by)
{
    struct rig_run *run = sweep->base.run;
    const struct point point = point_of(sweep, number, by);
    struct phase_account *phase = &sweep->phases[rig_traffic_phase(sweep->traffic, number)];
    bool first, go_on;

    run->muted++;
    play_loss(sweep, &point);
    run->muted--;
    emit_loss(sweep, &point);
    phase->n_losses++;
    sweep->n_by[by]++;
    phase->n_failed += run->trouble.verdict == RIG_VERDICT_FAIL;
    go_on = rig_sweep_take(&sweep->base, &first);
    if (first)
        sweep->first_failed = point;
    return go_on;
}

static enum rig_loss_by by_at(const struct losses *sweep, guint i)
{
    const char *word = rig_list_item(argument(sweep, "by"), i)->keyword;

    for (guint by = RIG_LOSS_BY_HOST; by < RIG_LOSS_BY_SILENCE; by++)
        if (g_str_equal(word, rig_loss_by_words[by]))
            return (enum rig_loss_by)by;
    return RIG_LOSS_BY_SILENCE;
}

/* A board cannot be told to hang up while it is at work: it hangs up at packets. */
static bool can_end_it(const struct losses *sweep, guint number, enum rig_loss_by by)
{
    return by == RIG_LOSS_BY_HOST || rig_traffic_place(sweep->traffic, number).way != RIG_TRAFFIC_WAITING;
}

/* The next one whose turn it is and who can. false: the sweep must end. */
static bool sweep_in_turn(struct losses *sweep, guint number)
{
    guint n_by = rig_list_length(argument(sweep, "by"));

    for (guint i = 0; i < n_by; i++) {
        enum rig_loss_by by = by_at(sweep, sweep->turn++ % n_by);

        if (can_end_it(sweep, number, by))
            return sweep_one(sweep, number, by);
    }
    return true;
}

/* false: the sweep must end. */
static bool sweep_place(struct losses *sweep, guint number)
{
    bool go_on = true;

    if (rig_record_flag(sweep->base.step->arguments, "in-turn"))
        return sweep_in_turn(sweep, number);
    for (guint i = 0; go_on && i < rig_list_length(argument(sweep, "by")); i++)
        if (can_end_it(sweep, number, by_at(sweep, i)))
            go_on = sweep_one(sweep, number, by_at(sweep, i));
    return go_on;
}

/* All places of a packet. false: the sweep must end. */
static bool sweep_packet(struct losses *sweep, guint64 packet)
{
    guint n_packets = rig_traffic_n_packets(sweep->traffic);
    bool go_on = packet <= n_packets;

    if (!go_on)
        rig_run_error_text(sweep->base.run, "there is no packet %" G_GUINT64_FORMAT ": 'during' has %u",
                           packet, n_packets);
    for (guint number = 0; go_on && number < rig_traffic_n_places(sweep->traffic); number++)
        if (rig_traffic_packet(sweep->traffic, number) == packet)
            go_on = sweep_place(sweep, number);
    return go_on;
}

/* In the middle of it, where it is most like itself. */
static bool sweep_phase(struct losses *sweep, guint phase)
{
    guint left = sweep->phases[phase].n_places / 2;
    guint number = 0;

    if (sweep->phases[phase].n_places == 0) {
        rig_run_error_text(sweep->base.run, "'during' has no phase '%s': choose others, or '%s'",
                           rig_traffic_phases[phase], at_words[1]);
        return false;
    }
    while (rig_traffic_phase(sweep->traffic, number) != phase || left-- > 0)
        number++;
    return sweep_place(sweep, number);
}

static guint phase_named(const char *name)
{
    guint phase = 0;

    while (phase < RIG_PHASE_BEHIND_LAST && !g_str_equal(rig_traffic_phases[phase], name))
        phase++;
    return phase;
}

static void sweep_phases(struct losses *sweep, const struct rig_value *named)
{
    bool go_on = true;

    for (guint i = 0; go_on && i < rig_list_length(named); i++)
        go_on = sweep_phase(sweep, phase_named(rig_list_item(named, i)->keyword));
    for (guint phase = 0; go_on && !named && phase < RIG_N_TRAFFIC_PHASES; phase++)
        go_on = sweep->phases[phase].n_places == 0 || sweep_phase(sweep, phase);
}

static void sweep_packets(struct losses *sweep, const struct rig_record *choice)
{
    const struct rig_value *list = choice ? rig_record_get(choice, "packets") : NULL;
    const struct rig_value *every = choice ? rig_record_get(choice, "every") : NULL;
    const struct rig_value *random = choice ? rig_record_get(choice, "random") : NULL;
    guint64 seed = sweep->base.run->seed;
    const guint32 words[2] = {(guint32)seed, (guint32)(seed >> 32)};
    g_autoptr(GRand) chance = g_rand_new_with_seed_array(words, 2);
    guint n_packets = rig_traffic_n_packets(sweep->traffic);
    bool go_on = true;

    for (guint i = 0; go_on && i < rig_list_length(list); i++)
        go_on = sweep_packet(sweep, rig_list_item(list, i)->count);
    for (guint64 i = 0; go_on && random && i < random->count; i++)
        go_on = sweep_packet(sweep, (guint64)g_rand_int_range(chance, 0, (gint32)n_packets + 1));
    for (guint64 i = 0; go_on && !list && !random && i <= n_packets; i += every ? every->count : 1)
        go_on = sweep_packet(sweep, i);
}

static void sweep_all(struct losses *sweep)
{
    const struct rig_value *at = argument(sweep, "at");
    const struct rig_value *named = at->keyword ? NULL : rig_record_get(at->record, "phases");

    if (named || (at->keyword && g_str_equal(at->keyword, at_words[1])))
        sweep_phases(sweep, named);
    else
        sweep_packets(sweep, at->keyword ? NULL : at->record);
}

static void emit_phase(struct losses *sweep, guint index)
{
    const struct phase_account *phase = &sweep->phases[index];
    struct rig_event *event = rig_event_new("note");

    rig_event_text(event, "phase", rig_traffic_phases[index]);
    rig_event_count(event, "n_places", phase->n_places);
    rig_event_count(event, "n_losses", phase->n_losses);
    rig_event_count(event, "n_failed", phase->n_failed);
    rig_event_textf(event, "text", "%-28s places %5u, losses %5u, failed %5u", rig_traffic_phases[index],
                    phase->n_places, phase->n_losses, phase->n_failed);
    rig_run_emit(sweep->base.run, event);
}

static void emit_coverage(struct losses *sweep)
{
    struct rig_event *event = rig_event_new("note");
    guint n_phases = 0, n_hit = 0;

    for (guint i = 0; i < RIG_N_TRAFFIC_PHASES; i++) {
        n_phases += sweep->phases[i].n_places > 0;
        n_hit += sweep->phases[i].n_losses > 0;
        if (sweep->phases[i].n_places > 0)
            emit_phase(sweep, i);
    }
    rig_event_count(event, "n_losses", sweep->base.n_played);
    rig_event_count(event, "n_failed", sweep->base.n_failed);
    rig_event_count(event, "n_phases_hit", n_hit);
    rig_event_count(event, "n_phases", n_phases);
    rig_event_textf(
        event, "text", "the link was lost %u times in %u packets, in %u of %u phases; %u failed%s",
        sweep->base.n_played, rig_traffic_n_packets(sweep->traffic), n_hit, n_phases, sweep->base.n_failed,
        sweep->base.n_failed >= RIG_SWEEP_MAX_FAILED ? " (the rest was not tried)" : "");
    rig_run_emit(sweep->base.run, event);
}

/* One loss with everything on record. */
static void play_on_record(struct losses *sweep, const struct point *point)
{
    sweep->base.run->cut_text = rig_cut_place_text(&point->place);
    play_loss(sweep, point);
}

static bool is_random(const struct losses *sweep)
{
    const struct rig_value *at = argument(sweep, "at");

    return !at->keyword && rig_record_get(at->record, "random");
}

/* Whoever never ended the link proved nothing; chance may leave one out now and then. */
static void expect_losses_by_each(struct losses *sweep)
{
    struct rig_run *run = sweep->base.run;

    if (rig_run_troubled(run) || sweep->base.n_failed)
        return;
    for (guint i = 0; i < rig_list_length(argument(sweep, "by")); i++) {
        g_autofree char *text = NULL;

        if (sweep->n_by[by_at(sweep, i)])
            continue;
        text =
            g_strdup_printf("the link was never lost by '%s': there is no place for it among those of 'at'",
                            rig_loss_by_words[by_at(sweep, i)]);
        if (is_random(sweep) && sweep->base.n_played)
            rig_run_note(run, "%s", text);
        else if (!rig_run_troubled(run))
            rig_run_error_text(run, "%s", text);
    }
}

static void show_failure(struct losses *sweep)
{
    g_autofree char *where = where_text(sweep, &sweep->first_failed);
    g_autofree char *place = g_strdup_printf("after the link was lost %s", where);

    rig_run_note(sweep->base.run,
                 "%u of %u losses failed; the first of them again, on record:", sweep->base.n_failed,
                 sweep->base.n_played);
    play_on_record(sweep, &sweep->first_failed);
    rig_sweep_blame(&sweep->base, place, "losses");
}

static void play_only(struct losses *sweep)
{
    struct rig_run *run = sweep->base.run;
    struct point point = {.place = *run->only_cut};
    g_autofree char *name = rig_cut_place_text(run->only_cut);

    if (!rig_sweep_may_replay(run, RIG_PLACE_PACKET, "write:17:host"))
        return;
    if (!rig_traffic_number(sweep->traffic, &point.place.packet, &point.number) ||
        !can_end_it(sweep, point.number, point.place.by)) {
        rig_run_error_text(run, "there is no place '%s' in the %u packets of 'during'", name,
                           rig_traffic_n_packets(sweep->traffic));
        return;
    }
    play_on_record(sweep, &point);
    emit_loss(sweep, &point);
}

static void run_each_link_loss(struct rig_run *run, const struct rig_step *step)
{
    struct losses sweep = {.traffic = rig_traffic_new(run->update->protocol)};

    if (rig_sweep_begin(&sweep.base, run, step, RIG_BACK_WHOLLY) && measure(&sweep)) {
        if (run->only_cut) {
            play_only(&sweep);
        } else {
            sweep_all(&sweep);
            emit_coverage(&sweep);
            expect_losses_by_each(&sweep);
            if (sweep.base.n_failed && !rig_run_troubled(run))
                show_failure(&sweep);
        }
    }
    rig_sweep_end(&sweep.base);
    rig_traffic_free(sweep.traffic);
}

static const char *lacks(const struct rig_step *step, const char *const *capabilities)
{
    const struct rig_value *by = rig_record_get(step->arguments, "by");
    bool by_board = rig_list_has(by, "board") || rig_list_has(by, "silence");

    return by_board && !g_strv_contains((const gchar *const *)capabilities, "packet-faults") ? "packet-faults"
                                                                                             : NULL;
}

static const char *const needs_update[] = {"update", NULL};
const struct rig_verb rig_verb_each_link_loss = {
    .name = "each-link-loss",
    .family = "link",
    .about =
        "Plays `during` once over a link that stays to count its packets, then again from the same board "
        "with the link lost at each of them; after every loss `then` must hold. What `during` could not do "
        "without a link is no failure; an upload with `retry: resume` makes a new one and has to succeed. A "
        "board that cannot be rewound is brought back by the case's setup and the steps before this one.",
    .shape = &sweep_shape,
    .within_us = 300u * 1000 * 1000,
    .needs = needs_update,
    .lacks = lacks,
    .example =
        "- each-link-loss:\n    during: [{upload: {image: new, retry: resume, resumes-at: acknowledged}}]\n"
        "    by: [host, board, silence]\n    then: [{expect-slot: {slot: 1, image: new}}]",
    .run = run_each_link_loss,
};
