/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The thread of a live capture: socket in, file out. */
#define _GNU_SOURCE /* SO_TIMESTAMP, pipe2 */
#include "capture/capture.h"

#include "base/bytes.h"
#include "base/error.h"
#include "capture/reading.h"
#include "transport/hci.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#define DEFAULT_FILE_BYTES (16u << 20)
#define DEFAULT_FILES 4u
#define MAX_FILES 1000u
#define BUFFER_BYTES (64u << 10)

/* --- a btsnoop file that is written record by record and rotated by size; one thread at a time --- */

struct writer {
    char *path;
    FILE *file; /* NULL after an error */
    guint64 max_bytes;
    guint64 n_bytes; /* of the current file */
    guint n_files;
    gint n_rotations;      /* read by other threads */
    guint32 n_lost_before; /* by whom the packets come from */
    guint64 n_lost_here;
    GError *error;
};

static void fail(struct writer *writer, int cause)
{
    if (!writer->error)
        g_set_error(&writer->error, RIG_ERROR, RIG_ERROR_IO, "capture %s cannot be written: %s", writer->path,
                    g_strerror(cause));
    if (writer->file)
        fclose(writer->file);
    writer->file = NULL;
}

static bool begin_file(struct writer *writer)
{
    guint8 header[RIG_BTSNOOP_HEADER_BYTES];

    rig_btsnoop_put_header(RIG_BTSNOOP_MONITOR, header);
    writer->file = fopen(writer->path, "wbe");
    if (!writer->file) {
        fail(writer, errno);
        return false;
    }
    setvbuf(writer->file, NULL, _IOFBF, BUFFER_BYTES);
    writer->n_bytes = sizeof header;
    if (fwrite(header, sizeof header, 1, writer->file) == 1 && fflush(writer->file) == 0)
        return true;
    fail(writer, errno);
    return false;
}

static char *numbered(const struct writer *writer, guint number)
{
    return number ? g_strdup_printf("%s.%u", writer->path, number) : g_strdup(writer->path);
}

static void rotate(struct writer *writer)
{
    if (fclose(writer->file) != 0) {
        writer->file = NULL;
        fail(writer, errno);
        return;
    }
    writer->file = NULL;
    for (guint i = writer->n_files - 1; i > 0; i--) {
        g_autofree char *from = numbered(writer, i - 1);
        g_autofree char *to = numbered(writer, i);

        if (g_rename(from, to) != 0 && errno != ENOENT) {
            fail(writer, errno);
            return;
        }
    }
    if (begin_file(writer))
        g_atomic_int_inc(&writer->n_rotations);
}

/* Frees the writer also when it returns false: the first error that writing met. */
static bool writer_close(struct writer *writer, GError **error)
{
    bool ok;

    if (writer->file && fclose(writer->file) != 0) {
        writer->file = NULL;
        fail(writer, errno);
    }
    ok = !writer->error;
    if (!ok)
        g_propagate_error(error, g_steal_pointer(&writer->error));
    g_free(writer->path);
    g_free(writer);
    return ok;
}

/* Makes the file with its header; older ones of the name, rotated ones too, are removed. 0: 16 MiB, 4 files.
 */
static struct writer *writer_new(const char *path, guint64 max_bytes, guint n_files, GError **error)
{
    struct writer *writer = g_new0(struct writer, 1);

    writer->path = g_strdup(path);
    writer->max_bytes = max_bytes ? max_bytes : DEFAULT_FILE_BYTES;
    writer->n_files = CLAMP(n_files ? n_files : DEFAULT_FILES, 1, MAX_FILES);
    for (guint i = 1; i < writer->n_files; i++) {
        g_autofree char *older = numbered(writer, i);

        (void)g_unlink(older);
    }
    if (begin_file(writer))
        return writer;
    (void)!writer_close(writer, error);
    return NULL;
}

/* Adds a record; number and n_drops of it are the writer's business. After a write error records are counted
 * as lost. */
static void writer_put(struct writer *writer, const struct rig_btsnoop_record *record)
{
    guint8 head[RIG_BTSNOOP_RECORD_BYTES];
    struct rig_btsnoop_record whole = *record;
    guint64 n_needed = sizeof head + record->n_bytes;

    if (writer->file && writer->n_bytes + n_needed > writer->max_bytes &&
        writer->n_bytes > RIG_BTSNOOP_HEADER_BYTES)
        rotate(writer);
    if (!writer->file) {
        writer->n_lost_here++;
        return;
    }
    whole.n_drops = (guint32)MIN(writer->n_lost_before + writer->n_lost_here, G_MAXUINT32);
    rig_btsnoop_put_record(&whole, head);
    writer->n_bytes += n_needed;
    if (fwrite(head, sizeof head, 1, writer->file) != 1 ||
        (record->n_bytes && fwrite(record->bytes, record->n_bytes, 1, writer->file) != 1)) {
        writer->n_lost_here++;
        fail(writer, errno);
    }
}

static void writer_flush(struct writer *writer)
{
    if (writer->file && fflush(writer->file) != 0)
        fail(writer, errno);
}

/* --- the kernel's monitor channel: packets with the kernel's time --- */

#define HEADER_BYTES 6u
#define SOCKET_BYTES (4 << 20)
#define MEMINFO_DROPS 8 /* SK_MEMINFO_DROPS, the last of 9 */

static int refuse(const char *why, GError **error)
{
    g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED, "no Bluetooth capture: %s", why);
    return -1;
}

struct monitor_packet {
    guint16 opcode; /* enum rig_monitor_opcode */
    guint16 index;
    gint64 unix_us;
    gsize n_bytes;
    guint8 bytes[65536];
};

/* Opens the channel of all adapters. -1 + RIG_ERROR_UNSUPPORTED: no Bluetooth in this kernel, or no right. */
static int monitor_open(GError **error)
{
    int fd = rig_hci_open(RIG_HCI_NO_ADAPTER, RIG_HCI_CHANNEL_MONITOR);

    if (fd >= 0)
        return fd;
    if (errno == EPERM || errno == EACCES)
        return refuse("not permitted; run as root, or give the program CAP_NET_RAW", error);
    return refuse(errno == EAFNOSUPPORT ? "this kernel has no Bluetooth (modprobe bluetooth)"
                                        : g_strerror(errno),
                  error);
}

/* Makes the socket non-blocking with times and a large buffer, and a non-blocking pipe. */
static bool monitor_prepare(int socket, int pipe_ends[2], GError **error)
{
    int on = 1, n_bytes = SOCKET_BYTES;

    if (pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) != 0 || fcntl(socket, F_SETFL, O_NONBLOCK) != 0) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "no Bluetooth capture: %s", g_strerror(errno));
        return false;
    }
    setsockopt(socket, SOL_SOCKET, SO_TIMESTAMP, &on, sizeof on);
    /* The first is for those who may; the second goes as far as the system's limit. */
    if (setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &n_bytes, sizeof n_bytes) != 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &n_bytes, sizeof n_bytes);
    return true;
}

static gint64 time_of(struct msghdr *message)
{
    struct timeval time;

    for (struct cmsghdr *each = CMSG_FIRSTHDR(message); each; each = CMSG_NXTHDR(message, each)) {
        if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_TIMESTAMP)
            continue;
        memcpy(&time, CMSG_DATA(each), sizeof time);
        return (gint64)time.tv_sec * 1000000 + time.tv_usec;
    }
    return g_get_real_time();
}

/* The next packet; false when none is there. Damaged ones are passed over. */
static bool monitor_receive(int socket, struct monitor_packet *packet)
{
    guint8 header[HEADER_BYTES];
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(struct timeval))];
    } control;

    for (;;) {
        struct iovec parts[2] = {{header, sizeof header}, {packet->bytes, sizeof packet->bytes}};
        struct msghdr message = {
            .msg_iov = parts, .msg_iovlen = 2, .msg_control = &control, .msg_controllen = sizeof control};
        ssize_t n_read = recvmsg(socket, &message, MSG_DONTWAIT);

        if (n_read < 0 && errno == EINTR)
            continue;
        if (n_read <= 0)
            return false;
        if ((gsize)n_read < HEADER_BYTES)
            continue;
        packet->opcode = rig_get_le16(header);
        packet->index = rig_get_le16(header + 2);
        packet->n_bytes = MIN((gsize)n_read - HEADER_BYTES, rig_get_le16(header + 4));
        packet->unix_us = time_of(&message);
        return true;
    }
}

/* How many packets the socket lost so far because nobody read them in time. */
static guint32 monitor_drops(int socket)
{
    guint32 memory[MEMINFO_DROPS + 1] = {0};
    socklen_t n_bytes = sizeof memory;

    if (getsockopt(socket, SOL_SOCKET, SO_MEMINFO, memory, &n_bytes) != 0 || n_bytes < sizeof memory)
        return 0;
    return memory[MEMINFO_DROPS];
}

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
    struct writer *writer; /* the thread's, until it ended */
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

static bool wanted(const struct rig_capture *capture, const struct monitor_packet *packet)
{
    return capture->adapter < 0 || packet->index == capture->adapter ||
           packet->index == RIG_MONITOR_NO_INDEX || packet->opcode == RIG_MONITOR_NEW_INDEX ||
           packet->opcode == RIG_MONITOR_DELETE_INDEX;
}

/* Takes what the socket holds, but never so long that marks have to wait. Returns how many packets there
 * were. */
static guint drain(struct rig_capture *capture)
{
    struct monitor_packet packet;
    guint n_taken = 0, n_kept = 0;

    while (n_taken < MAX_BATCH && monitor_receive(capture->socket, &packet)) {
        n_taken++;
        if (!wanted(capture, &packet))
            continue;
        n_kept++;
        writer_put(capture->writer, &(struct rig_btsnoop_record){
                                        .n_original = (guint32)packet.n_bytes,
                                        .flags = (guint32)packet.index << 16 | packet.opcode,
                                        .unix_us = packet.unix_us,
                                        .bytes = packet.bytes,
                                        .n_bytes = packet.n_bytes,
                                    });
    }
    if (n_taken)
        capture->writer->n_lost_before = monitor_drops(capture->socket);
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

        writer_put(capture->writer,
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
        writer_flush(capture->writer);
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
    if (!monitor_prepare(socket, capture->wake, error) ||
        !(capture->writer = writer_new(path, options->max_bytes, options->n_files, error))) {
        free_capture(capture);
        return NULL;
    }
    capture->thread = g_thread_new("capture", run, capture);
    return capture;
}

bool rig_capture_permitted(GError **error)
{
    int socket = monitor_open(error);

    if (socket >= 0)
        close(socket);
    return socket >= 0;
}

struct rig_capture *rig_capture_start(const char *path, const struct rig_capture_options *options,
                                      GError **error)
{
    int socket = monitor_open(error);

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

    if (g_atomic_int_get(&capture->writer->n_rotations) > 0)
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
    capture->written.n_dropped = capture->writer->n_lost_before + capture->writer->n_lost_here;
    capture->written.n_rotations = (guint)g_atomic_int_get(&capture->writer->n_rotations);
    if (written)
        *written = capture->written;
    ok = writer_close(capture->writer, error);
    free_capture(capture);
    return ok;
}

const char *rig_capture_path(const struct rig_capture *capture)
{
    return capture->writer->path;
}
