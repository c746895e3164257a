/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verb: each-link-loss: the same steps again and again, the connection lost at one packet after the other;
 * one verdict, each loss on record. */
#include "base/error.h"
#include "steps/sweep.h"

static const char *const at_words[] = {"every-packet", "every-phase", NULL};

struct at_packets {
    const struct rig_numbers *packets;
    const guint32 *every;
    const guint32 *random;
    const char *const *phases;
};
static const struct rig_field at_fields[] = {
    RIG_FIELD(
        "packets", COUNT, struct at_packets, packets, .list = true,
        .about = "At these packets, counted from 0 within `during`, writes and notifications together; their "
                 "number stands for the place after the last."),
    RIG_FIELD("every", COUNT, struct at_packets, every, .min = 1, .about = "At every n-th packet."),
    RIG_FIELD("random", COUNT, struct at_packets, random, .min = 1, .max = 100000,
              .about = "At so many packets, chosen by the run's seed."),
    RIG_FIELD(
        "phases", CHOICE, struct at_packets, phases, .list = true, .choices = rig_traffic_phases,
        .about =
            "Once in each of these phases, in the middle of it. `before` a message; `inside` it, between two "
            "writes; `waiting-after` it, while the board is at work on it, which only the host can do; "
            "`before-answer` and `inside-answer`; of requests that are no upload, and of the first, a later "
            "and the last chunk; `behind-last`: after the last packet."),
};
static const char *const at_choices[] = {"packets", "every", "random", "phases", NULL};
static const struct rig_shape at_shape = {RIG_SHAPE("at-packets", at_fields, struct at_packets),
                                          .exactly_one = at_choices};

struct loss_arguments {
    const GPtrArray *during, *then;
    const struct at_packets *at; /* NULL: the word */
    const char *at_word;
    const char *const *by;
    bool in_turn;
};
static const struct rig_field sweep_fields[] = {
    RIG_FIELD("during", STEPS, struct loss_arguments, during, .required = true,
              .about = "What the link is lost in. Each loss begins from the same board."),
    RIG_STRUCT_FIELD(
        "at", RECORD, struct loss_arguments, at, struct at_packets, &at_shape,
        RIG_WORD(struct loss_arguments, at_word), .choices = at_words, .default_text = "every-packet",
        .about =
            "Where to lose it. `every-packet`: before each write, before each notification and while the "
            "host waits for an answer, and after the last packet; `every-phase`: once in each phase that "
            "`during` has."),
    RIG_FIELD(
        "by", CHOICE, struct loss_arguments, by, .list = true, .choices = rig_loss_by_words,
        .default_text = "host",
        .about =
            "Who ends it. `host` disconnects; the `board` hangs up (HCI 0x13); in `silence` nothing is heard "
            "until the supervision timeout (HCI 0x08)."),
    RIG_FIELD("in-turn", FLAG, struct loss_arguments, in_turn, .default_text = "false",
              .about = "true: each place by the next one of `by`, instead of by all of them."),
    RIG_FIELD(
        "then", STEPS, struct loss_arguments, then, .judges = true, .required = true,
        .about =
            "What must hold afterwards, for every loss. The host knows by then that the link is gone, unless "
            "`during` made a new one."),
};
static const struct rig_shape sweep_shape = {
    RIG_SHAPE("each-link-loss", sweep_fields, struct loss_arguments)};

/* --- one round: the steps with the connection ending at one packet. The host ends it at the gate before its
 * link; the board does it by a packet fault. --- */

struct loss_plan {
    struct rig_packet_place place;
    guint n_before; /* packets that the host saw before it in the round without loss */
    enum rig_loss_by by;
};

/* What the gate saw of a round. */
struct round {
    struct rig_run *run;
    struct rig_traffic *traffic;  /* NULL: only counted */
    const struct loss_plan *plan; /* NULL: no loss */
    guint n_packets;
    guint32 n_of[2];  /* writes, notifications */
    guint n_restarts; /* of the transport, when the last packet up to the place was seen */
    bool too_many;
    bool fell;
};

static bool is_up_to_place(const struct round *round)
{
    const struct loss_plan *plan = round->plan;

    /* A notification in whose place the board hangs up never comes: the packet of its number is a later one.
     */
    if (plan->by != RIG_LOSS_BY_HOST && plan->place.kind == RIG_TRAFFIC_NOTIFICATION)
        return round->n_packets < plan->n_before;
    return round->n_packets <= plan->n_before;
}

static bool passes(void *user, const struct rig_update_packet *packet)
{
    struct round *round = user;
    enum rig_traffic_place kind = packet->sent ? RIG_TRAFFIC_WRITE : RIG_TRAFFIC_NOTIFICATION;
    guint32 index = round->n_of[kind]++;

    if (round->traffic && !rig_traffic_add(round->traffic, packet))
        round->too_many = true;
    if (round->plan && !round->fell && is_up_to_place(round))
        round->n_restarts = round->run->update->n_restarts;
    round->n_packets++;
    if (!round->plan || round->fell || round->plan->by != RIG_LOSS_BY_HOST ||
        round->plan->place.kind != kind || round->plan->place.index != index)
        return true;
    round->fell = true;
    rig_run_fault_event(round->run, "the host disconnects in the place of %s %u",
                        packet->sent ? "write" : "notification", index);
    return false;
}

static bool may_wait(void *user)
{
    struct round *round = user;
    const struct loss_plan *plan = round->plan;

    if (!plan || round->fell || plan->place.kind != RIG_TRAFFIC_WAITING ||
        round->n_of[RIG_TRAFFIC_NOTIFICATION] != plan->place.index)
        return true;
    round->fell = true;
    round->n_restarts = round->run->update->n_restarts;
    rig_run_fault_event(round->run, "the host disconnects instead of waiting for notification %u",
                        plan->place.index);
    return false;
}

static void play_gated(struct round *round, const GPtrArray *steps, const char *prefix)
{
    struct rig_update *update = round->run->update;

    round->n_restarts = update->n_restarts;
    update->gate = (struct rig_update_gate){.passes = passes, .may_wait = may_wait, .user = round};
    rig_run_steps(round->run, steps, prefix);
    update->gate = (struct rig_update_gate){0};
}

/* Plays the steps without a loss; their packets go into traffic. false: trouble, or more packets than are
 * kept, which is one. */
static bool play_counted(struct rig_run *run, const GPtrArray *steps, const char *prefix,
                         struct rig_traffic *traffic)
{
    struct round round = {.run = run, .traffic = traffic};

    play_gated(&round, steps, prefix);
    if (round.too_many && !rig_run_troubled(run))
        rig_run_error_text(run, "'during' has more than %u packets: make its images smaller",
                           RIG_TRAFFIC_MAX_PACKETS);
    return !rig_run_troubled(run);
}

static bool arm_at(struct rig_run *run, const struct rig_packet_place *place, enum rig_loss_by by)
{
    const struct rig_packet_fault fault = {
        .kind = by == RIG_LOSS_BY_BOARD ? RIG_PACKET_DISCONNECT : RIG_PACKET_LOST,
        .direction = place->kind == RIG_TRAFFIC_NOTIFICATION ? RIG_PACKET_NOTIFICATIONS : RIG_PACKET_WRITES,
        .first = place->index,
        .n_times = 1,
    };
    GError *error = NULL;

    if (!run->board->packet_faults) {
        rig_run_unable(run, g_error_new_literal(RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                                                "this board cannot be told to hang up at a packet"));
        return false;
    }
    run->update->corrupted = true;
    if (run->board->packet_faults->arm(run->board, &fault, &error))
        return true;
    rig_run_unable(run, error);
    return false;
}

static void disarm(struct round *round)
{
    struct rig_run *run = round->run;
    struct rig_packet_report report = {0};
    GError *error = NULL;

    if (!run->board->packet_faults->end(run->board, &report, &error))
        rig_run_error(run, error);
    else
        round->fell = report.n_faults > 0 && report.n_struck[report.n_faults - 1] > 0;
}

/* Behind the last packet there is none that a board could hang up in the place of: a question is one more. */
static void hang_up_at_a_question(struct round *round)
{
    static const struct rig_packet_place next = {RIG_TRAFFIC_WRITE, 0};
    struct rig_run *run = round->run;
    struct rig_update_result ignored;
    GError *error = NULL;

    if (!arm_at(run, &next, round->plan->by))
        return;
    if (!run->update->protocol->ping(run->update, &ignored, &error))
        rig_run_error(run, error);
    disarm(round);
}

static void lose_behind_last(struct round *round)
{
    struct rig_run *run = round->run;
    GError *error = NULL;

    round->n_restarts = run->update->n_restarts;
    if (round->plan->by != RIG_LOSS_BY_HOST) {
        hang_up_at_a_question(round);
        return;
    }
    round->fell = true;
    if (!run->board->link->ops->disconnect(run->board->link, &error))
        rig_run_error(run, error);
}

static void play_armed(struct round *round, const GPtrArray *steps, const char *prefix)
{
    struct rig_run *run = round->run;
    bool behind_last = round->plan->place.kind == RIG_TRAFFIC_END;
    bool by_board = round->plan->by != RIG_LOSS_BY_HOST && !behind_last;

    if (by_board && !arm_at(run, &round->plan->place, round->plan->by))
        return;
    play_gated(round, steps, prefix);
    if (by_board)
        disarm(round);
    else if (behind_last && !rig_run_troubled(run))
        lose_behind_last(round);
}

static bool nobody_reconnected(const struct round *round)
{
    return round->n_restarts == round->run->update->n_restarts;
}

/* Plays the steps with the loss. What they could not do over a connection that is gone is no trouble, as long
 * as nobody tried to connect again: the block ends there. A loss that did not fall is trouble (a rig error).
 * On return the host knows that the connection is gone, or the steps have made another one. false: trouble.
 */
static bool play_with_loss(struct rig_run *run, const GPtrArray *steps, const char *prefix,
                           const struct loss_plan *plan, guint64 until_us)
{
    struct round round = {.run = run, .plan = plan};

    play_armed(&round, steps, prefix);
    if (round.fell && run->trouble.verdict == RIG_VERDICT_FAIL && nobody_reconnected(&round)) {
        rig_run_note(run, "the block ended there: %s", run->trouble.message);
        rig_trouble_clear(&run->trouble); /* steps cannot go on without a link: that is what was asked for */
    }
    if (rig_run_troubled(run))
        return false;
    if (!round.fell) {
        rig_run_error_text(run, "the link was not lost: the steps of 'during' did not come to that packet");
        return false;
    }
    if (nobody_reconnected(&round) && !rig_await_link_down(run, until_us))
        return false;
    rig_update_restart(run->update);
    return true;
}

/* --- the sweep --- */

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
    const struct loss_arguments *arguments;
    struct rig_traffic *traffic; /* of the round without a loss */
    struct phase_account phases[RIG_N_TRAFFIC_PHASES];
    bool ends_by_itself; /* the board hangs up at the end of `during`: nobody can lose the link behind it */
    guint turn;          /* of `in-turn`: the next one of `by` */
    guint n_by[RIG_LOSS_BY_SILENCE + 1]; /* losses by each of enum rig_loss_by */
    struct point first_failed;
};

/* Proves that the steps pass over a link that stays, and counts their packets. */
static bool measure(struct losses *sweep)
{
    struct rig_run *run = sweep->base.run;
    g_autofree char *prefix = rig_sweep_prefix(&sweep->base, "during");
    struct rig_link_state state;

    if (!play_counted(run, sweep->arguments->during, prefix, sweep->traffic))
        return false;
    run->board->link->ops->state(run->board->link, &state);
    sweep->ends_by_itself = !state.connected;
    if (rig_traffic_n_packets(sweep->traffic) == 0)
        rig_run_error_text(run,
                           "'during' sends and receives no packet: there is no place to lose the link at");
    for (guint number = 0; number < rig_traffic_n_places(sweep->traffic) - sweep->ends_by_itself; number++)
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
    struct rig_event *event = rig_event_new(RIG_EVENT_LOSS);

    rig_event_text(event, RIG_KEY_POINT, name);
    rig_event_text(event, RIG_KEY_PHASE,
                   rig_traffic_phases[rig_traffic_phase(sweep->traffic, point->number)]);
    rig_event_text(event, RIG_KEY_BY, rig_loss_by_words[point->place.by]);
    rig_event_text(event, RIG_KEY_VERDICT, rig_verdict_word(run->trouble.verdict));
    rig_event_textf(event, RIG_KEY_TEXT, "link lost %s: %s", where,
                    run->trouble.message ? run->trouble.message : "ok");
    rig_journal_emit(run->journal, (gint64)rig_run_now_us(run), event);
}

/* What went wrong is left in run->trouble. */
static void play_loss(struct losses *sweep, const struct point *point)
{
    struct rig_run *run = sweep->base.run;
    const struct loss_plan plan = {.place = point->place.packet,
                                   .n_before = rig_traffic_packet(sweep->traffic, point->number),
                                   .by = point->place.by};
    g_autofree char *during = rig_sweep_prefix(&sweep->base, "during");
    g_autofree char *then = rig_sweep_prefix(&sweep->base, "then");

    if (rig_sweep_go_back(&sweep->base) &&
        play_with_loss(run, sweep->arguments->during, during, &plan, rig_sweep_until_us(&sweep->base)))
        rig_run_steps(run, sweep->arguments->then, then);
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

static enum rig_loss_by by_named(const char *word)
{
    for (guint by = RIG_LOSS_BY_HOST; by < RIG_LOSS_BY_SILENCE; by++)
        if (g_str_equal(word, rig_loss_by_words[by]))
            return (enum rig_loss_by)by;
    return RIG_LOSS_BY_SILENCE;
}

/* A board cannot be told to hang up while it is at work: it hangs up at packets. */
static bool can_end_it(const struct losses *sweep, guint number, enum rig_loss_by by)
{
    enum rig_traffic_place kind = rig_traffic_place(sweep->traffic, number).kind;

    return (by == RIG_LOSS_BY_HOST || kind != RIG_TRAFFIC_WAITING) &&
           (kind != RIG_TRAFFIC_END || !sweep->ends_by_itself);
}

/* The next one whose turn it is and who can. false: the sweep must end. */
static bool sweep_in_turn(struct losses *sweep, guint number)
{
    const char *const *by_words = sweep->arguments->by;
    guint n_by = g_strv_length((char **)by_words);

    for (guint i = 0; i < n_by; i++) {
        enum rig_loss_by by = by_named(by_words[sweep->turn++ % n_by]);

        if (can_end_it(sweep, number, by))
            return sweep_one(sweep, number, by);
    }
    return true;
}

/* false: the sweep must end. */
static bool sweep_place(struct losses *sweep, guint number)
{
    bool go_on = true;

    if (sweep->arguments->in_turn)
        return sweep_in_turn(sweep, number);
    for (const char *const *by = sweep->arguments->by; go_on && *by; by++)
        if (can_end_it(sweep, number, by_named(*by)))
            go_on = sweep_one(sweep, number, by_named(*by));
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

/* named NULL: each that there is. */
static void sweep_phases(struct losses *sweep, const char *const *named)
{
    bool go_on = true;

    for (guint i = 0; go_on && named && named[i]; i++)
        go_on = sweep_phase(sweep, phase_named(named[i]));
    for (guint phase = 0; go_on && !named && phase < RIG_N_TRAFFIC_PHASES; phase++)
        go_on = sweep->phases[phase].n_places == 0 || sweep_phase(sweep, phase);
}

static void sweep_random(struct losses *sweep, guint n)
{
    guint64 seed = sweep->base.run->seed;
    const guint32 words[2] = {(guint32)seed, (guint32)(seed >> 32)};
    g_autoptr(GRand) chance = g_rand_new_with_seed_array(words, 2);
    guint n_packets = rig_traffic_n_packets(sweep->traffic);

    for (guint i = 0; i < n; i++)
        if (!sweep_packet(sweep, (guint64)g_rand_int_range(chance, 0, (gint32)n_packets + 1)))
            return;
}

static void sweep_every(struct losses *sweep, guint step)
{
    guint n_packets = rig_traffic_n_packets(sweep->traffic);

    for (guint64 i = 0; i <= n_packets; i += step)
        if (!sweep_packet(sweep, i))
            return;
}

static void sweep_all(struct losses *sweep)
{
    const struct at_packets *at = sweep->arguments->at;
    bool go_on = true;

    if (!at && g_str_equal(sweep->arguments->at_word, at_words[1]))
        sweep_phases(sweep, NULL);
    else if (!at || at->every)
        sweep_every(sweep, at ? *at->every : 1);
    else if (at->phases)
        sweep_phases(sweep, at->phases);
    else if (at->random)
        sweep_random(sweep, *at->random);
    else
        for (gsize i = 0; go_on && i < at->packets->n; i++)
            go_on = sweep_packet(sweep, at->packets->items[i]);
}

static void emit_phase(struct losses *sweep, guint index)
{
    const struct phase_account *phase = &sweep->phases[index];
    struct rig_event *event = rig_event_new(RIG_EVENT_NOTE);

    rig_event_text(event, RIG_KEY_PHASE, rig_traffic_phases[index]);
    rig_event_count(event, RIG_KEY_N_PLACES, phase->n_places);
    rig_event_count(event, RIG_KEY_N_LOSSES, phase->n_losses);
    rig_event_count(event, RIG_KEY_N_FAILED, phase->n_failed);
    rig_event_textf(event, RIG_KEY_TEXT, "%-28s places %5u, losses %5u, failed %5u",
                    rig_traffic_phases[index], phase->n_places, phase->n_losses, phase->n_failed);
    rig_run_emit(sweep->base.run, event);
}

static void emit_coverage(struct losses *sweep)
{
    struct rig_event *event = rig_event_new(RIG_EVENT_NOTE);
    guint n_phases = 0, n_hit = 0;

    for (guint i = 0; i < RIG_N_TRAFFIC_PHASES; i++) {
        n_phases += sweep->phases[i].n_places > 0;
        n_hit += sweep->phases[i].n_losses > 0;
        if (sweep->phases[i].n_places > 0)
            emit_phase(sweep, i);
    }
    rig_event_count(event, RIG_KEY_N_LOSSES, sweep->base.n_played);
    rig_event_count(event, RIG_KEY_N_FAILED, sweep->base.n_failed);
    rig_event_count(event, RIG_KEY_N_PHASES_HIT, n_hit);
    rig_event_count(event, RIG_KEY_N_PHASES, n_phases);
    rig_event_textf(
        event, RIG_KEY_TEXT, "the link was lost %u times in %u packets, in %u of %u phases; %u failed%s",
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

/* Whoever never ended the link proved nothing; chance may leave one out now and then. */
static void expect_losses_by_each(struct losses *sweep)
{
    struct rig_run *run = sweep->base.run;
    bool random = sweep->arguments->at && sweep->arguments->at->random;

    if (rig_run_troubled(run) || sweep->base.n_failed)
        return;
    for (const char *const *by = sweep->arguments->by; *by; by++) {
        g_autofree char *text = NULL;

        if (sweep->n_by[by_named(*by)])
            continue;
        text = g_strdup_printf(
            "the link was never lost by '%s': there is no place for it among those of 'at'", *by);
        if (random && sweep->base.n_played)
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
    struct losses sweep = {.arguments = RIG_ARGUMENTS(step, struct loss_arguments),
                           .traffic = rig_traffic_new(run->update->protocol)};

    if (rig_sweep_begin(&sweep.base, run, step, RIG_RESTORE_ALL) && measure(&sweep)) {
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
    const char *const *by = RIG_ARGUMENTS(step, struct loss_arguments)->by;
    bool by_board = rig_words_have(by, "board") || rig_words_have(by, "silence");

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
