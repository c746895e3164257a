/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Captures of attempts. */
#include "run/live_capture.h"

#include "capture/capture.h"

#include <string.h>

struct rig_live_capture {
    struct rig_capture *capture; /* NULL: none runs */
    bool complained;
};

/* Steps, and what the rig did to the board meanwhile, become marks between the packets. */
static void on_event(void *user, const struct rig_event *event)
{
    struct rig_live_capture *live = user;
    const char *text = rig_event_get_text(event, RIG_KEY_TEXT);
    const char *lead = NULL;
    g_autofree char *mark = NULL;

    if (!live->capture || !text)
        return;
    if (event->kind == RIG_EVENT_STEP_START)
        lead = rig_event_get_text(event, RIG_KEY_STEP);
    else if (event->kind == RIG_EVENT_POWER || event->kind == RIG_EVENT_FAULT ||
             event->kind == RIG_EVENT_LOSS)
        lead = event->word;
    if (!lead)
        return;
    mark = g_strdup_printf("%s: %s", lead, text);
    rig_capture_mark(live->capture, mark);
}

struct rig_live_capture *rig_live_capture_new(struct rig_journal *journal)
{
    struct rig_live_capture *live = g_new0(struct rig_live_capture, 1);

    rig_journal_listen(journal, on_event, live);
    return live;
}

void rig_live_capture_free(struct rig_live_capture *live)
{
    g_free(live);
}

void rig_live_capture_begin(struct rig_live_capture *live, struct rig_run *run)
{
    struct rig_link *link = run->board->link;
    struct rig_capture_options options = {0};
    g_autofree char *path = NULL;
    g_autoptr(GError) error = NULL;

    if (!link || !link->ops->adapter)
        return;
    options.adapter = link->ops->adapter(link);
    if (rig_capture_permitted(&error))
        path = rig_evidence_file(run->evidence, RIG_LIVE_CAPTURE_FILE, &error);
    if (path)
        live->capture = rig_capture_start(path, &options, &error);
    if (live->capture || live->complained)
        return;
    live->complained = true;
    rig_run_note(run, "%s", error->message);
}

/* The board's clock runs with the wall's where there is an adapter. */
static void emit_packet(struct rig_run *run, const struct rig_capture_said *said)
{
    gint64 ago_us = g_get_real_time() - said->unix_us;
    struct rig_event *event = rig_event_new(RIG_EVENT_PACKET);

    rig_event_text(event, RIG_KEY_TEXT, said->text);
    rig_event_text(event, RIG_KEY_MEANS, said->explanation);
    rig_journal_emit(run->journal, MAX((gint64)rig_run_now_us(run) - MAX(ago_us, 0), 0), event);
}

static void tell_last_packets(struct rig_live_capture *live, struct rig_run *run)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) last = NULL;
    guint64 n_said = 0;
    struct rig_event *note;

    last = rig_capture_tail(live->capture, RIG_LIVE_CAPTURE_PACKETS, &n_said, &error);
    if (!last) {
        rig_run_note(run, "the last packets cannot be told: %s", error->message);
        return;
    }
    if (n_said > last->len) {
        note = rig_event_new(RIG_EVENT_NOTE);
        rig_event_textf(note, RIG_KEY_TEXT, "%" G_GUINT64_FORMAT " packets before the last %u are in %s only",
                        n_said - last->len, last->len, rig_capture_path(live->capture));
        rig_event_count(note, RIG_KEY_LEFT_OUT_PACKETS, (gint64)(n_said - last->len));
        rig_run_emit(run, note);
    }
    for (guint i = 0; i < last->len; i++)
        emit_packet(run, g_ptr_array_index(last, i));
}

void rig_live_capture_end(struct rig_live_capture *live, struct rig_run *run)
{
    struct rig_capture *capture = live->capture;
    struct rig_capture_written written;
    g_autoptr(GError) error = NULL;

    if (!capture)
        return;
    if (rig_run_troubled(run))
        tell_last_packets(live, run);
    live->capture = NULL;
    if (!rig_capture_stop(capture, &written, &error))
        rig_run_note(run, "%s", error->message);
    else if (written.n_dropped)
        rig_run_note(run,
                     "the capture lost %" G_GUINT64_FORMAT " packets: this host was too slow to write them",
                     written.n_dropped);
}
