/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The journal's writer: one write per event, console and link traffic bounded, a full disk survived. */
#include "report/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

struct listener {
    rig_journal_listener call;
    void *user;
};

/* One bounded stream of an attempt: its first lines were written, its last ones wait here. */
struct stream {
    guint n_seen;
    GQueue held; /* struct rig_event * */
};

struct rig_journal {
    char *path;
    int fd;
    bool line_was_cut; /* the file ends inside a line: the next one starts on a new one */
    GError *error;
    GString *line;
    GArray *listeners;
    gint64 next_number;
    gint64 case_index;
    guint attempt;
    struct stream console;
    struct stream link;
};

struct rig_journal *rig_journal_new(const char *path, GError **error)
{
    int fd = -1;
    struct rig_journal *journal;

    if (path) {
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
        if (fd < 0) {
            g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot write the journal %s: %s", path,
                        g_strerror(errno));
            return NULL;
        }
    }
    journal = g_new0(struct rig_journal, 1);
    journal->path = g_strdup(path);
    journal->fd = fd;
    journal->line = g_string_sized_new(1024);
    journal->listeners = g_array_new(FALSE, FALSE, sizeof(struct listener));
    journal->case_index = -1;
    g_queue_init(&journal->console.held);
    g_queue_init(&journal->link.held);
    return journal;
}

static void free_event(gpointer event)
{
    rig_event_free(event);
}

static void empty_stream(struct stream *stream)
{
    g_queue_clear_full(&stream->held, free_event);
    stream->n_seen = 0;
}

void rig_journal_free(struct rig_journal *journal)
{
    if (!journal)
        return;
    if (journal->fd >= 0)
        close(journal->fd);
    empty_stream(&journal->console);
    empty_stream(&journal->link);
    g_array_unref(journal->listeners);
    g_string_free(journal->line, TRUE);
    g_clear_error(&journal->error);
    g_free(journal->path);
    g_free(journal);
}

void rig_journal_listen(struct rig_journal *journal, rig_journal_listener listener, void *user)
{
    struct listener entry = {.call = listener, .user = user};

    g_array_append_val(journal->listeners, entry);
}

/* A disk may be full now and not later, so that each line is tried; a gap shows in the numbers. */
static void write_line(struct rig_journal *journal)
{
    gsize n_done = 0;

    while (n_done < journal->line->len) {
        ssize_t n = write(journal->fd, journal->line->str + n_done, journal->line->len - n_done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            if (!journal->error)
                g_set_error(&journal->error, RIG_ERROR, RIG_ERROR_IO, "cannot write the journal %s: %s",
                            journal->path, n < 0 ? g_strerror(errno) : "nothing was written");
            journal->line_was_cut |= n_done > 0;
            return;
        }
        n_done += (gsize)n;
    }
    journal->line_was_cut = false;
}

/* No reader takes a longer line: what it says in short must not be lost with its lists. */
static void put_in_line(struct rig_journal *journal, struct rig_event *event)
{
    gsize n_before;

    g_string_truncate(journal->line, 0);
    if (journal->line_was_cut)
        g_string_append_c(journal->line, '\n');
    n_before = journal->line->len;
    rig_event_write_json(event, journal->line);
    if (journal->line->len - n_before <= RIG_EVENT_MAX_LINE_BYTES)
        return;
    rig_event_shorten(event);
    g_string_truncate(journal->line, n_before);
    rig_event_write_json(event, journal->line);
}

static void publish(struct rig_journal *journal, struct rig_event *event)
{
    event->number = journal->next_number++;
    put_in_line(journal, event);
    if (journal->fd >= 0) {
        g_string_append_c(journal->line, '\n');
        write_line(journal);
    }
    for (guint i = 0; i < journal->listeners->len; i++) {
        const struct listener *entry = &g_array_index(journal->listeners, struct listener, i);

        entry->call(entry->user, event);
    }
    rig_event_free(event);
}

static struct stream *stream_of(struct rig_journal *journal, const struct rig_event *event)
{
    if (event->kind == RIG_EVENT_CONSOLE)
        return &journal->console;
    return event->kind == RIG_EVENT_LINK ? &journal->link : NULL;
}

static void hold_back(struct stream *stream, struct rig_event *event)
{
    g_queue_push_tail(&stream->held, event);
    if (stream->held.length > RIG_JOURNAL_TAIL_LINES)
        rig_event_free(g_queue_pop_head(&stream->held));
}

static guint n_left_out(const struct stream *stream, bool passed)
{
    guint n_late = stream->n_seen > RIG_JOURNAL_HEAD_LINES ? stream->n_seen - RIG_JOURNAL_HEAD_LINES : 0;

    return passed ? n_late : n_late - stream->held.length;
}

static void note_left_out(struct rig_journal *journal, gint64 at_us, bool passed)
{
    guint n_console = n_left_out(&journal->console, passed);
    guint n_link = n_left_out(&journal->link, passed);
    struct rig_event *note;

    if (n_console + n_link == 0)
        return;
    note = rig_event_new(RIG_EVENT_NOTE);
    note->at_us = at_us;
    note->case_index = journal->case_index;
    note->attempt = journal->attempt;
    rig_event_textf(note, RIG_KEY_TEXT, "%u console lines and %u link events were left out here", n_console,
                    n_link);
    rig_event_count(note, RIG_KEY_LEFT_OUT_CONSOLE, n_console);
    rig_event_count(note, RIG_KEY_LEFT_OUT_LINK, n_link);
    publish(journal, note);
}

/* Both streams in the order of their times, so that the end reads as it happened. */
static void flush_held(struct rig_journal *journal)
{
    GQueue *console = &journal->console.held;
    GQueue *link = &journal->link.held;

    while (console->length || link->length) {
        const struct rig_event *line = g_queue_peek_head(console);
        const struct rig_event *packet = g_queue_peek_head(link);
        bool take_console = line && (!packet || line->at_us <= packet->at_us);

        publish(journal, g_queue_pop_head(take_console ? console : link));
    }
}

static void settle_streams(struct rig_journal *journal, const struct rig_event *case_end)
{
    const char *verdict = rig_event_get_text(case_end, RIG_KEY_VERDICT);
    bool passed = g_strcmp0(verdict, "pass") == 0;

    note_left_out(journal, case_end->at_us, passed);
    if (!passed)
        flush_held(journal);
    empty_stream(&journal->console);
    empty_stream(&journal->link);
}

void rig_journal_emit(struct rig_journal *journal, gint64 at_us, struct rig_event *event)
{
    struct stream *stream = stream_of(journal, event);

    event->at_us = at_us;
    event->case_index = journal->case_index;
    event->attempt = journal->attempt;
    if (stream && journal->case_index >= 0 && ++stream->n_seen > RIG_JOURNAL_HEAD_LINES) {
        hold_back(stream, event);
        return;
    }
    if (event->kind == RIG_EVENT_CASE_END)
        settle_streams(journal, event);
    publish(journal, event);
}

void rig_journal_begin_case(struct rig_journal *journal, guint case_index, guint attempt)
{
    journal->case_index = case_index;
    journal->attempt = attempt;
    empty_stream(&journal->console);
    empty_stream(&journal->link);
}

void rig_journal_end_case(struct rig_journal *journal)
{
    journal->case_index = -1;
    journal->attempt = 0;
}

const GError *rig_journal_error(const struct rig_journal *journal)
{
    return journal->error;
}

const char *rig_journal_path(const struct rig_journal *journal)
{
    return journal->path;
}
