/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The thread of a live capture: socket in, file out. */
#include "capture/capture.h"

#include "base/error.h"
#include "capture/monitor.h"
#include "capture/reading.h"
#include "capture/writer.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define FLUSH_MS 200         /* how long packets may wait in memory */
#define MAX_BATCH 256        /* packets between two looks at the marks */
#define MAX_LAST_BATCHES 200 /* after stop: a flood must not keep the thread */
#define TAIL_WAIT_US G_TIME_SPAN_SECOND

struct mark {
    gint64 unix_us;
    char *text;
};

struct rig_capture {
    int socket;
    int wake[2]; /* pipe: a byte makes the thread look at `asked` */
    int adapter;
    struct rig_capture_writer *writer; /* the thread's, until it ended */
    GThread *thread;

    GMutex mutex; /* over what follows */
    GCond flushed;
    GQueue marks; /* struct mark * */
    bool stopping;
    guint64 n_flushes_asked;
    guint64 n_flushes_done;
    struct rig_capture_written written;
};

static void free_mark(gpointer each)
{
    struct mark *mark = each;

    g_free(mark->text);
    g_free(mark);
}

static void wake(struct rig_capture *capture)
{
    /* A full pipe wakes the thread as well. */
    if (write(capture->wake[1], "", 1) < 0 && errno != EAGAIN)
        g_warning("capture: the thread cannot be woken: %s", g_strerror(errno));
}

static bool wanted(const struct rig_capture *capture, const struct rig_monitor_packet *packet)
{
    return capture->adapter < 0 || packet->index == capture->adapter ||
           packet->index == RIG_MONITOR_NO_INDEX || packet->opcode == RIG_MONITOR_NEW_INDEX ||
           packet->opcode == RIG_MONITOR_DELETE_INDEX;
}

/* Takes what the socket holds, but never so long that marks have to wait. Returns how many packets there
 * were. */
static guint drain(struct rig_capture *capture)
{
    struct rig_monitor_packet packet;
    guint n_taken = 0, n_kept = 0;

    while (n_taken < MAX_BATCH && rig_monitor_receive(capture->socket, &packet)) {
        n_taken++;
        if (!wanted(capture, &packet))
            continue;
        n_kept++;
        rig_capture_writer_put(capture->writer, &(struct rig_btsnoop_record){
                                                    .n_original = (guint32)packet.n_bytes,
                                                    .flags = (guint32)packet.index << 16 | packet.opcode,
                                                    .unix_us = packet.unix_us,
                                                    .bytes = packet.bytes,
                                                    .n_bytes = packet.n_bytes,
                                                });
    }
    if (n_taken)
        rig_capture_writer_set_lost(capture->writer, rig_monitor_drops(capture->socket));
    g_mutex_lock(&capture->mutex);
    capture->written.n_packets += n_kept;
    g_mutex_unlock(&capture->mutex);
    return n_taken;
}

static void put_marks(struct rig_capture *capture, GQueue *marks)
{
    guint8 note[512];
    struct mark *mark;

    while ((mark = g_queue_pop_head(marks))) {
        gsize n_bytes = rig_btsnoop_put_note(mark->text, note, sizeof note);

        rig_capture_writer_put(capture->writer,
                               &(struct rig_btsnoop_record){
                                   .n_original = (guint32)n_bytes,
                                   .flags = (guint32)RIG_MONITOR_NO_INDEX << 16 | RIG_MONITOR_USER_LOGGING,
                                   .unix_us = mark->unix_us,
                                   .bytes = note,
                                   .n_bytes = n_bytes,
                               });
        free_mark(mark);
    }
}

/* What others asked for since the last look. Returns true when it is time to end. */
static bool serve(struct rig_capture *capture, bool idle)
{
    GQueue marks = G_QUEUE_INIT;
    guint64 n_asked;
    bool stopping;

    g_mutex_lock(&capture->mutex);
    marks = capture->marks;
    g_queue_init(&capture->marks);
    capture->written.n_marks += marks.length;
    n_asked = capture->n_flushes_asked;
    stopping = capture->stopping;
    g_mutex_unlock(&capture->mutex);
    put_marks(capture, &marks);
    if (idle || stopping)
        rig_capture_writer_flush(capture->writer);
    g_mutex_lock(&capture->mutex);
    if (idle)
        capture->n_flushes_done = n_asked;
    g_cond_broadcast(&capture->flushed);
    g_mutex_unlock(&capture->mutex);
    return stopping;
}

static gpointer run(gpointer user)
{
    struct rig_capture *capture = user;
    bool stopping = false, idle = false;
    guint n_last = 0;

    while (!stopping || (!idle && n_last++ < MAX_LAST_BATCHES)) {
        struct pollfd fds[2] = {{capture->socket, POLLIN, 0}, {capture->wake[0], POLLIN, 0}};
        char byte[64];

        if (idle)
            poll(fds, 2, FLUSH_MS);
        while (read(capture->wake[0], byte, sizeof byte) > 0)
            ;
        /* The socket first: a mark comes after the packets that were there before it. */
        idle = drain(capture) < MAX_BATCH;
        stopping = serve(capture, idle);
        /* An adapter stack that went away makes the socket ready for ever. */
        if (idle && fds[0].revents & (POLLERR | POLLHUP | POLLNVAL))
            g_usleep(FLUSH_MS * 1000 / 10);
    }
    return NULL;
}

static void free_capture(struct rig_capture *capture)
{
    close(capture->socket);
    if (capture->wake[0] >= 0) {
        close(capture->wake[0]);
        close(capture->wake[1]);
    }
    g_queue_clear_full(&capture->marks, free_mark);
    g_mutex_clear(&capture->mutex);
    g_cond_clear(&capture->flushed);
    g_free(capture);
}

struct rig_capture *rig_capture_start_on(int socket, const char *path,
                                         const struct rig_capture_options *options, GError **error)
{
    static const struct rig_capture_options all = {.adapter = -1};
    struct rig_capture *capture = g_new0(struct rig_capture, 1);

    options = options ? options : &all;
    capture->socket = socket;
    capture->adapter = options->adapter;
    capture->wake[0] = capture->wake[1] = -1;
    g_mutex_init(&capture->mutex);
    g_cond_init(&capture->flushed);
    g_queue_init(&capture->marks);
    if (!rig_monitor_prepare(socket, capture->wake, error) ||
        !(capture->writer = rig_capture_writer_new(path, options->max_bytes, options->n_files, error))) {
        free_capture(capture);
        return NULL;
    }
    capture->thread = g_thread_new("capture", run, capture);
    return capture;
}

bool rig_capture_permitted(GError **error)
{
    int socket = rig_monitor_open(error);

    if (socket >= 0)
        close(socket);
    return socket >= 0;
}

struct rig_capture *rig_capture_start(const char *path, const struct rig_capture_options *options,
                                      GError **error)
{
    int socket = rig_monitor_open(error);

    return socket < 0 ? NULL : rig_capture_start_on(socket, path, options, error);
}

void rig_capture_mark(struct rig_capture *capture, const char *text)
{
    struct mark *mark = g_new(struct mark, 1);

    *mark = (struct mark){.unix_us = g_get_real_time(), .text = g_strdup(text)};
    g_mutex_lock(&capture->mutex);
    g_queue_push_tail(&capture->marks, mark);
    g_mutex_unlock(&capture->mutex);
    wake(capture);
}

/* true when all that was there at the call is in the file. */
static bool flush(struct rig_capture *capture)
{
    gint64 until_us = g_get_monotonic_time() + TAIL_WAIT_US;
    bool in_time = true;
    guint64 n_mine;

    g_mutex_lock(&capture->mutex);
    n_mine = ++capture->n_flushes_asked;
    g_mutex_unlock(&capture->mutex);
    wake(capture);
    g_mutex_lock(&capture->mutex);
    while (in_time && capture->n_flushes_done < n_mine)
        in_time = g_cond_wait_until(&capture->flushed, &capture->mutex, until_us);
    g_mutex_unlock(&capture->mutex);
    return in_time;
}

struct tail {
    GQueue said; /* struct rig_capture_said * */
    guint n_wanted;
    guint64 n_said;
};

static void free_said(gpointer each)
{
    struct rig_capture_said *said = each;

    g_free(said->text);
    g_free(said->explanation);
    g_free(said);
}

/* What every controller is told over and over says nothing about a board. */
static bool bookkeeping(const struct rig_capture_line *line)
{
    static const char *const spoken[] = {"LE Create Connection", "LE Extended Create Connection",
                                         "LE Start Encryption", "Disconnect handle"};

    if (line->layer != RIG_BLE_HCI || line->explanation)
        return false;
    if (line->direction == '>')
        return (g_str_has_prefix(line->text, "Command ") && g_str_has_suffix(line->text, ", success")) ||
               strstr(line->text, "Advertising Report") != NULL;
    for (guint i = 0; i < G_N_ELEMENTS(spoken); i++)
        if (g_str_has_prefix(line->text, spoken[i]))
            return false;
    return line->direction == '<';
}

static void keep(void *user, const struct rig_capture_line *line)
{
    struct tail *tail = user;
    struct rig_capture_said *said;

    if (line->layer == RIG_BLE_MARK || bookkeeping(line))
        return;
    said = g_new0(struct rig_capture_said, 1);
    said->unix_us = line->unix_us;
    said->text = line->controller == RIG_MONITOR_NO_INDEX
                     ? g_strdup(line->text)
                     : g_strdup_printf("hci%u %c %-5s %s", line->controller, line->direction,
                                       rig_ble_layer_name(line->layer), line->text);
    said->explanation = g_strdup(line->explanation);
    tail->n_said++;
    g_queue_push_tail(&tail->said, said);
    if (tail->said.length > tail->n_wanted)
        free_said(g_queue_pop_head(&tail->said));
}

/* The file before the last rotation counts too; it may have been removed. */
static bool read_files(struct rig_capture *capture, struct tail *tail, GError **error)
{
    const char *path = rig_capture_path(capture);
    g_autofree char *older = g_strdup_printf("%s.1", path);
    struct rig_capture_totals totals;

    if (rig_capture_writer_rotations(capture->writer) > 0)
        (void)!rig_capture_read(older, RIG_CAPTURE_AIR_LAYERS, keep, tail, &totals, NULL);
    return rig_capture_read(path, RIG_CAPTURE_AIR_LAYERS, keep, tail, &totals, error);
}

GPtrArray *rig_capture_tail(struct rig_capture *capture, guint n_lines, guint64 *n_said, GError **error)
{
    struct tail tail = {.said = G_QUEUE_INIT, .n_wanted = n_lines};
    GPtrArray *lines = g_ptr_array_new_with_free_func(free_said);
    struct rig_capture_said *said;
    bool ok;

    (void)flush(capture); /* late packets are missing then, no more */
    ok = read_files(capture, &tail, error);
    while ((said = g_queue_pop_head(&tail.said)))
        g_ptr_array_add(lines, said);
    *n_said = tail.n_said;
    if (ok)
        return lines;
    g_ptr_array_unref(lines);
    return NULL;
}

bool rig_capture_stop(struct rig_capture *capture, struct rig_capture_written *written, GError **error)
{
    bool ok;

    g_mutex_lock(&capture->mutex);
    capture->stopping = true;
    g_mutex_unlock(&capture->mutex);
    wake(capture);
    g_thread_join(capture->thread);
    capture->written.n_dropped = rig_capture_writer_lost(capture->writer);
    capture->written.n_rotations = rig_capture_writer_rotations(capture->writer);
    if (written)
        *written = capture->written;
    ok = rig_capture_writer_close(capture->writer, error);
    free_capture(capture);
    return ok;
}

const char *rig_capture_path(const struct rig_capture *capture)
{
    return rig_capture_writer_path(capture->writer);
}
