/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Traces on their accesses from a worker: numbers of contents are the worker's own above those that both
 * know; each new one is told by the step that leads to it. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "explore/result_buffer.h"

#include <string.h>
#include <sys/mman.h>

/* Address space; memory is taken as it is used. */
#define BUFFER_BYTES ((gsize)256 << 20)
#define MAX_TEXT_BYTES 128u

struct head {
    gsize n_used;
    gsize n_worker_bytes;
    guint64 sum;
    guint32 n_put;
    guint32 n_known; /* contents that both sides know */
    guint32 n_known_chunks;
    gint32 sealed;
};

struct told_trace {
    guint32 n_operations;
    guint32 final;
    guint32 most_erases;
    guint32 promised;
    guint32 n_steps;
    guint32 n_new_chunks;
    guint32 n_text;
    guint8 end;
    guint8 image;
    guint8 flags;
    guint8 has_torn;
    guint32 n_accesses; /* followed by the end, when there are any */
};

struct rig_result_buffer {
    struct head *head; /* shared; the contents of the buffer follow */
    /* Worker */
    guint32 n_steps_put;
    guint32 n_chunks_put;
    /* The other side: a copy of the head as it was when the buffer was opened */
    struct head seen;
    gsize at;
    GArray *numbers;  /* guint32: ours, for each of the worker's own */
    GArray *chunks;   /* the same for chunks of sequences */
    GArray *sequence; /* guint32: our chunks of a trace */
    GArray *accesses; /* struct rig_access */
};

static guint8 *bytes_of(const struct rig_result_buffer *buffer)
{
    return (guint8 *)(buffer->head + 1);
}

struct rig_result_buffer *rig_result_buffer_new(void)
{
    struct rig_result_buffer *buffer = g_new0(struct rig_result_buffer, 1);

    buffer->head =
        mmap(NULL, BUFFER_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (buffer->head == MAP_FAILED) {
        g_free(buffer);
        return NULL;
    }
    buffer->numbers = g_array_new(FALSE, FALSE, sizeof(guint32));
    buffer->chunks = g_array_new(FALSE, FALSE, sizeof(guint32));
    buffer->sequence = g_array_new(FALSE, FALSE, sizeof(guint32));
    buffer->accesses = g_array_new(FALSE, FALSE, sizeof(struct rig_access));
    return buffer;
}

void rig_result_buffer_free(struct rig_result_buffer *buffer)
{
    if (!buffer)
        return;
    munmap(buffer->head, BUFFER_BYTES);
    g_array_unref(buffer->numbers);
    g_array_unref(buffer->chunks);
    g_array_unref(buffer->sequence);
    g_array_unref(buffer->accesses);
    g_free(buffer);
}

void rig_result_buffer_begin(struct rig_result_buffer *buffer, const struct rig_contents *contents,
                             const struct rig_recorder *recorder)
{
    buffer->head->n_known = rig_contents_count(contents);
    buffer->head->n_known_chunks = buffer->n_chunks_put =
        rig_sequences_n_distinct(rig_recorder_sequences(recorder));
    buffer->n_steps_put = rig_contents_n_steps(contents);
}

/* NULL: no room. */
static void *reserve(struct rig_result_buffer *buffer, gsize n_bytes)
{
    gsize at = buffer->head->n_used;

    if (n_bytes > BUFFER_BYTES - sizeof *buffer->head - at)
        return NULL;
    buffer->head->n_used = at + n_bytes;
    return bytes_of(buffer) + at;
}

static bool put(struct rig_result_buffer *buffer, const void *bytes, gsize n_bytes)
{
    void *into = reserve(buffer, n_bytes);

    if (into && n_bytes > 0)
        memcpy(into, bytes, n_bytes);
    return into != NULL;
}

static bool put_step(struct rig_result_buffer *buffer, const struct rig_contents *contents, guint32 number)
{
    struct rig_content_step step = rig_contents_step(contents, number);
    guint8 *bytes;

    if (!put(buffer, &step, sizeof step))
        return false;
    if (step.kind != SIM_FLASH_WRITE)
        return true;
    bytes = reserve(buffer, step.n_bytes);
    if (bytes)
        rig_contents_read(contents, step.to, step.device, step.offset, bytes, step.n_bytes);
    return bytes != NULL;
}

static bool put_chunk(struct rig_result_buffer *buffer, struct rig_chunk chunk)
{
    gsize n_bytes = chunk.n * sizeof(guint32);

    return put(buffer, &chunk.n, sizeof chunk.n) && put(buffer, chunk.after, n_bytes) &&
           (!chunk.torn || put(buffer, chunk.torn, n_bytes));
}

/* New chunks in full, then the numbers of all that the sequence consists of. */
static bool put_sequence(struct rig_result_buffer *buffer, const struct rig_recorder *recorder,
                         const struct rig_trace *trace)
{
    const struct rig_sequences *sequences = rig_recorder_sequences(recorder);

    for (; buffer->n_chunks_put < rig_sequences_n_distinct(sequences); buffer->n_chunks_put++)
        if (!put_chunk(buffer, rig_sequences_chunk_at(sequences, buffer->n_chunks_put)))
            return false;
    for (guint32 k = 0; k < rig_sequence_n_chunks(trace->n_operations); k++) {
        guint32 number = rig_recorder_chunk(recorder, trace, k).number;

        if (!put(buffer, &number, sizeof number))
            return false;
    }
    return true;
}

bool rig_result_buffer_put(struct rig_result_buffer *buffer, const struct rig_contents *contents,
                           const struct rig_recorder *recorder, const struct rig_trace *trace)
{
    const char *text = rig_recorder_text(recorder, trace);
    guint32 n_steps = rig_contents_n_steps(contents);
    struct rig_known_end end;
    const GArray *accesses = rig_recorder_accesses(recorder, &end);
    struct told_trace told = {.n_operations = trace->n_operations,
                              .final = trace->final,
                              .most_erases = trace->most_erases,
                              .promised = trace->promised,
                              .n_steps = n_steps - buffer->n_steps_put,
                              .n_new_chunks = rig_sequences_n_distinct(rig_recorder_sequences(recorder)) -
                                              buffer->n_chunks_put,
                              .n_text = (guint32)MIN(strlen(text), MAX_TEXT_BYTES - 1),
                              .end = trace->end,
                              .image = trace->image,
                              .flags = trace->flags,
                              .has_torn = rig_recorder_wants_torn(recorder),
                              .n_accesses = accesses ? accesses->len : 0};

    if (!put(buffer, &told, sizeof told) || !put(buffer, text, told.n_text))
        return false;
    for (; buffer->n_steps_put < n_steps; buffer->n_steps_put++)
        if (!put_step(buffer, contents, buffer->n_steps_put))
            return false;
    if (!put_sequence(buffer, recorder, trace) ||
        (told.n_accesses > 0 && (!put(buffer, accesses->data, accesses->len * sizeof(struct rig_access)) ||
                                 !put(buffer, &end, sizeof end))))
        return false;
    __atomic_fetch_add(&buffer->head->n_put, 1, __ATOMIC_RELEASE);
    return true;
}

/* Against scribbled memory, not against malice: a sum over words that depends on their order. */
static guint64 sum_of(const guint8 *bytes, gsize n_bytes)
{
    guint64 sum = n_bytes;
    guint64 word = 0;

    for (; n_bytes >= sizeof word; bytes += sizeof word, n_bytes -= sizeof word) {
        memcpy(&word, bytes, sizeof word);
        sum = (sum ^ word) * 0x9e3779b97f4a7c15u;
        sum ^= sum >> 29;
    }
    word = 0;
    memcpy(&word, bytes, n_bytes);
    return (sum ^ word) * 0xbf58476d1ce4e5b9u;
}

void rig_result_buffer_seal(struct rig_result_buffer *buffer, gsize n_worker_bytes)
{
    buffer->head->n_worker_bytes = n_worker_bytes;
    buffer->head->sum = sum_of(bytes_of(buffer), buffer->head->n_used);
    __atomic_store_n(&buffer->head->sealed, 1, __ATOMIC_RELEASE);
}

guint rig_result_buffer_n_put(const struct rig_result_buffer *buffer)
{
    return __atomic_load_n(&buffer->head->n_put, __ATOMIC_ACQUIRE);
}

bool rig_result_buffer_open(struct rig_result_buffer *buffer)
{
    buffer->seen = *buffer->head;
    buffer->at = 0;
    return buffer->seen.sealed == 1 && buffer->seen.n_used <= BUFFER_BYTES - sizeof *buffer->head &&
           buffer->seen.sum == sum_of(bytes_of(buffer), buffer->seen.n_used);
}

gsize rig_result_buffer_bytes(const struct rig_result_buffer *buffer)
{
    return buffer->seen.n_used + buffer->seen.n_worker_bytes;
}

/* The next n_bytes; NULL: there are not so many. */
static const guint8 *next(struct rig_result_buffer *buffer, gsize n_bytes)
{
    const guint8 *at = bytes_of(buffer) + buffer->at;

    if (n_bytes > buffer->seen.n_used - buffer->at)
        return NULL;
    buffer->at += n_bytes;
    return at;
}

static bool our_number(const struct rig_result_buffer *buffer, guint32 theirs, guint32 *ours)
{
    guint32 n_known = buffer->seen.n_known;

    if (theirs != RIG_CONTENT_NONE && theirs >= n_known && theirs - n_known >= buffer->numbers->len)
        return false;
    *ours = theirs == RIG_CONTENT_NONE || theirs < n_known
                ? theirs
                : g_array_index(buffer->numbers, guint32, theirs - n_known);
    return true;
}

/* Their content is our content: new to us, or the one that we know. */
static bool match(struct rig_result_buffer *buffer, guint32 theirs, guint32 ours)
{
    guint32 known;

    if (our_number(buffer, theirs, &known))
        return known == ours;
    if (theirs - buffer->seen.n_known != buffer->numbers->len)
        return false;
    g_array_append_val(buffer->numbers, ours);
    return true;
}

static bool take_step(struct rig_result_buffer *buffer, struct rig_contents *contents)
{
    const guint8 *at = next(buffer, sizeof(struct rig_content_step));
    struct sim_flash_operation operation = {0};
    struct rig_content_step step;
    guint32 from;

    if (!at)
        return false;
    memcpy(&step, at, sizeof step);
    operation.kind = step.kind == SIM_FLASH_WRITE ? SIM_FLASH_WRITE : SIM_FLASH_ERASE;
    operation.device = step.device;
    operation.offset = step.offset;
    operation.n_bytes = step.n_bytes;
    if (!our_number(buffer, step.from, &from) || from >= rig_contents_count(contents) ||
        !rig_contents_has_range(contents, step.device, step.offset, step.n_bytes))
        return false;
    operation.bytes = operation.kind == SIM_FLASH_WRITE ? next(buffer, step.n_bytes) : NULL;
    if (operation.kind == SIM_FLASH_WRITE && !operation.bytes)
        return false;
    return match(buffer, step.to, rig_contents_after(contents, from, &operation)) &&
           (step.torn == RIG_CONTENT_NONE ||
            match(buffer, step.torn, rig_contents_torn(contents, from, &operation)));
}

/* The next n numbers of contents, as ours. */
static bool take_numbers(struct rig_result_buffer *buffer, guint32 n, bool may_lack, guint32 *ours)
{
    const guint8 *list = next(buffer, n * sizeof(guint32));

    for (guint32 i = 0; list && i < n; i++) {
        guint32 theirs;

        memcpy(&theirs, list + i * sizeof theirs, sizeof theirs);
        if (!our_number(buffer, theirs, &ours[i]) || (ours[i] == RIG_CONTENT_NONE && !may_lack))
            return false;
    }
    return list != NULL;
}

static bool take_chunk(struct rig_result_buffer *buffer, struct rig_sequences *sequences, bool has_torn)
{
    const guint8 *at = next(buffer, sizeof(guint32));
    guint32 after[RIG_CHUNK_CONTENTS], torn[RIG_CHUNK_CONTENTS];
    guint32 n, number;

    if (!at)
        return false;
    memcpy(&n, at, sizeof n);
    if (n == 0 || n > RIG_CHUNK_CONTENTS || !take_numbers(buffer, n, false, after) ||
        (has_torn && !take_numbers(buffer, n, true, torn)))
        return false;
    number = rig_sequences_put_chunk(sequences, after, has_torn ? torn : NULL, n);
    g_array_append_val(buffer->chunks, number);
    return true;
}

static bool take_sequence(struct rig_result_buffer *buffer, const struct rig_sequences *sequences,
                          guint32 n_operations, guint32 *last)
{
    guint32 n_chunks = rig_sequence_n_chunks(n_operations);
    const guint8 *list = next(buffer, (gsize)n_chunks * sizeof(guint32));

    g_array_set_size(buffer->sequence, n_chunks);
    for (guint32 k = 0; list && k < n_chunks; k++) {
        guint32 *number = &g_array_index(buffer->sequence, guint32, k);
        struct rig_chunk chunk;

        memcpy(number, list + (gsize)k * sizeof *number, sizeof *number);
        if (*number >= buffer->seen.n_known_chunks) {
            if (*number - buffer->seen.n_known_chunks >= buffer->chunks->len)
                return false;
            *number = g_array_index(buffer->chunks, guint32, *number - buffer->seen.n_known_chunks);
        }
        chunk = rig_sequences_chunk_at(sequences, *number);
        if (chunk.n != rig_sequence_chunk_length(n_operations, k))
            return false;
        *last = chunk.after[chunk.n - 1];
    }
    return list != NULL;
}

static bool is_access(const struct rig_contents *contents, const struct rig_access *access)
{
    return access->kind < RIG_ACCESS_END && access->content < rig_contents_count(contents) &&
           rig_contents_has_range(contents, access->device, access->offset, access->n_bytes);
}

static bool take_accesses(struct rig_result_buffer *buffer, const struct rig_contents *contents, guint32 n,
                          struct rig_known_end *end)
{
    const guint8 *at = next(buffer, (gsize)n * sizeof(struct rig_access));

    g_array_set_size(buffer->accesses, 0);
    if (!at || n == 0)
        return n == 0;
    g_array_append_vals(buffer->accesses, at, n);
    for (guint32 i = 0; i < n; i++) {
        struct rig_access *access = &g_array_index(buffer->accesses, struct rig_access, i);

        if (!our_number(buffer, access->content, &access->content) || !is_access(contents, access))
            return false;
    }
    if (!(at = next(buffer, sizeof *end)))
        return false;
    memcpy(end, at, sizeof *end);
    end->report.text[sizeof end->report.text - 1] = '\0';
    return rig_end_is_up(end->report.end) || end->report.end == RIG_END_NO_IMAGE;
}

static bool take_told(const struct told_trace *told, const struct rig_recorder *recorder,
                      struct rig_trace *trace)
{
    *trace = (struct rig_trace){.n_operations = told->n_operations,
                                .most_erases = told->most_erases,
                                .promised = told->promised,
                                .end = told->end,
                                .image = told->image,
                                .flags = told->flags};
    return told->end <= RIG_END_NOT_RUN && told->n_accesses <= BUFFER_BYTES / sizeof(struct rig_access) &&
           (told->image <= RIG_IMAGE_MIXED || told->image == RIG_IMAGE_UNKNOWN) &&
           told->n_text < MAX_TEXT_BYTES && told->n_operations <= BUFFER_BYTES / sizeof(guint32) &&
           told->has_torn == (rig_recorder_wants_torn(recorder) ? 1 : 0);
}

bool rig_result_buffer_take(struct rig_result_buffer *buffer, struct rig_contents *contents,
                            struct rig_recorder *recorder, const struct rig_task *task,
                            struct rig_trace *trace)
{
    const guint8 *at = next(buffer, sizeof(struct told_trace));
    char text[MAX_TEXT_BYTES] = "";
    struct told_trace told;
    struct rig_sequences *sequences = rig_recorder_sequences(recorder);
    struct rig_known_end end;
    guint32 last = task->content;

    if (!at)
        return false;
    memcpy(&told, at, sizeof told);
    if (!take_told(&told, recorder, trace) || !(at = next(buffer, told.n_text)))
        return false;
    memcpy(text, at, told.n_text);
    for (guint32 i = 0; i < told.n_steps; i++)
        if (!take_step(buffer, contents))
            return false;
    for (guint32 i = 0; i < told.n_new_chunks; i++)
        if (!take_chunk(buffer, sequences, told.has_torn))
            return false;
    if (!take_sequence(buffer, sequences, told.n_operations, &last) ||
        !our_number(buffer, told.final, &trace->final) || trace->final != last ||
        !take_accesses(buffer, contents, told.n_accesses, &end))
        return false;
    if (told.n_accesses > 0)
        rig_recorder_learn(recorder, task, buffer->accesses, &end);
    rig_recorder_adopt(recorder, trace, (const guint32 *)(const void *)buffer->sequence->data, text);
    return true;
}
