/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Traces on their way from a worker: numbers of contents are the worker's own above those that both know;
 * each new one is told by the step that leads to it. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "explore/parcel.h"

#include <string.h>
#include <sys/mman.h>

/* Address space; memory is taken as it is used. */
#define PARCEL_BYTES ((gsize)256 << 20)
#define MAX_TEXT_BYTES 128u

struct head {
    gsize n_used;
    gsize n_worker_bytes;
    guint64 sum;
    guint32 n_put;
    guint32 n_known; /* contents that both sides know */
    gint32 sealed;
};

struct told_trace {
    guint32 n_operations;
    guint32 final;
    guint32 most_erases;
    guint32 n_steps;
    guint32 n_text;
    guint8 end;
    guint8 image;
    guint8 marks;
    guint8 has_torn;
    guint32 n_way; /* events; followed by the end, when there are any */
};

struct rig_parcel {
    struct head *head; /* shared; the contents of the parcel follow */
    /* Worker */
    guint32 n_steps_put;
    /* The other side: a copy of the head as it was when the parcel was opened */
    struct head seen;
    gsize at;
    GArray *numbers; /* guint32: ours, for each of the worker's own */
    GArray *after;
    GArray *torn;
    GArray *way; /* struct rig_way_event */
};

static guint8 *bytes_of(const struct rig_parcel *parcel)
{
    return (guint8 *)(parcel->head + 1);
}

struct rig_parcel *rig_parcel_new(void)
{
    struct rig_parcel *parcel = g_new0(struct rig_parcel, 1);

    parcel->head =
        mmap(NULL, PARCEL_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (parcel->head == MAP_FAILED) {
        g_free(parcel);
        return NULL;
    }
    parcel->numbers = g_array_new(FALSE, FALSE, sizeof(guint32));
    parcel->after = g_array_new(FALSE, FALSE, sizeof(guint32));
    parcel->torn = g_array_new(FALSE, FALSE, sizeof(guint32));
    parcel->way = g_array_new(FALSE, FALSE, sizeof(struct rig_way_event));
    return parcel;
}

void rig_parcel_free(struct rig_parcel *parcel)
{
    if (!parcel)
        return;
    munmap(parcel->head, PARCEL_BYTES);
    g_array_unref(parcel->numbers);
    g_array_unref(parcel->after);
    g_array_unref(parcel->torn);
    g_array_unref(parcel->way);
    g_free(parcel);
}

void rig_parcel_begin(struct rig_parcel *parcel, const struct rig_contents *contents)
{
    parcel->head->n_known = rig_contents_count(contents);
    parcel->n_steps_put = rig_contents_n_steps(contents);
}

/* NULL: no room. */
static void *reserve(struct rig_parcel *parcel, gsize n_bytes)
{
    gsize at = parcel->head->n_used;

    if (n_bytes > PARCEL_BYTES - sizeof *parcel->head - at)
        return NULL;
    parcel->head->n_used = at + n_bytes;
    return bytes_of(parcel) + at;
}

static bool put(struct rig_parcel *parcel, const void *bytes, gsize n_bytes)
{
    void *into = reserve(parcel, n_bytes);

    if (into && n_bytes > 0)
        memcpy(into, bytes, n_bytes);
    return into != NULL;
}

static bool put_step(struct rig_parcel *parcel, const struct rig_contents *contents, guint32 number)
{
    struct rig_content_step step = rig_contents_step(contents, number);
    guint8 *bytes;

    if (!put(parcel, &step, sizeof step))
        return false;
    if (step.kind != SIM_FLASH_WRITE)
        return true;
    bytes = reserve(parcel, step.n_bytes);
    if (bytes)
        rig_contents_read(contents, step.to, step.device, step.offset, bytes, step.n_bytes);
    return bytes != NULL;
}

/* The contents after the operations, then the torn ones. */
static bool put_lists(struct rig_parcel *parcel, const struct rig_recorder *recorder,
                      const struct rig_trace *trace)
{
    guint32 n_pieces = rig_rows_n_pieces(trace->n_operations);

    for (guint32 k = 0; k < n_pieces; k++) {
        struct rig_row_piece piece = rig_recorder_piece(recorder, trace, k);

        if (!put(parcel, piece.after, piece.n * sizeof(guint32)))
            return false;
    }
    for (guint32 k = 0; k < n_pieces && rig_recorder_wants_torn(recorder); k++) {
        struct rig_row_piece piece = rig_recorder_piece(recorder, trace, k);

        if (!put(parcel, piece.torn, piece.n * sizeof(guint32)))
            return false;
    }
    return true;
}

bool rig_parcel_put(struct rig_parcel *parcel, const struct rig_contents *contents,
                    const struct rig_recorder *recorder, const struct rig_trace *trace)
{
    const char *text = rig_recorder_text(recorder, trace);
    guint32 n_steps = rig_contents_n_steps(contents);
    struct rig_way_end end;
    const GArray *way = rig_recorder_way(recorder, &end);
    struct told_trace told = {.n_operations = trace->n_operations,
                              .final = trace->final,
                              .most_erases = trace->most_erases,
                              .n_steps = n_steps - parcel->n_steps_put,
                              .n_text = (guint32)MIN(strlen(text), MAX_TEXT_BYTES - 1),
                              .end = trace->end,
                              .image = trace->image,
                              .marks = trace->marks,
                              .has_torn = rig_recorder_wants_torn(recorder),
                              .n_way = way ? way->len : 0};

    if (!put(parcel, &told, sizeof told) || !put(parcel, text, told.n_text))
        return false;
    for (; parcel->n_steps_put < n_steps; parcel->n_steps_put++)
        if (!put_step(parcel, contents, parcel->n_steps_put))
            return false;
    if (!put_lists(parcel, recorder, trace) ||
        (told.n_way > 0 && (!put(parcel, way->data, way->len * sizeof(struct rig_way_event)) ||
                            !put(parcel, &end, sizeof end))))
        return false;
    __atomic_fetch_add(&parcel->head->n_put, 1, __ATOMIC_RELEASE);
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

void rig_parcel_seal(struct rig_parcel *parcel, gsize n_worker_bytes)
{
    parcel->head->n_worker_bytes = n_worker_bytes;
    parcel->head->sum = sum_of(bytes_of(parcel), parcel->head->n_used);
    __atomic_store_n(&parcel->head->sealed, 1, __ATOMIC_RELEASE);
}

guint rig_parcel_n_put(const struct rig_parcel *parcel)
{
    return __atomic_load_n(&parcel->head->n_put, __ATOMIC_ACQUIRE);
}

bool rig_parcel_open(struct rig_parcel *parcel)
{
    parcel->seen = *parcel->head;
    parcel->at = 0;
    return parcel->seen.sealed == 1 && parcel->seen.n_used <= PARCEL_BYTES - sizeof *parcel->head &&
           parcel->seen.sum == sum_of(bytes_of(parcel), parcel->seen.n_used);
}

gsize rig_parcel_bytes(const struct rig_parcel *parcel)
{
    return parcel->seen.n_used + parcel->seen.n_worker_bytes;
}

/* The next n_bytes; NULL: there are not so many. */
static const guint8 *next(struct rig_parcel *parcel, gsize n_bytes)
{
    const guint8 *at = bytes_of(parcel) + parcel->at;

    if (n_bytes > parcel->seen.n_used - parcel->at)
        return NULL;
    parcel->at += n_bytes;
    return at;
}

static bool our_number(const struct rig_parcel *parcel, guint32 theirs, guint32 *ours)
{
    guint32 n_known = parcel->seen.n_known;

    if (theirs != RIG_CONTENT_NONE && theirs >= n_known && theirs - n_known >= parcel->numbers->len)
        return false;
    *ours = theirs == RIG_CONTENT_NONE || theirs < n_known
                ? theirs
                : g_array_index(parcel->numbers, guint32, theirs - n_known);
    return true;
}

/* Their content is our content: new to us, or the one that we know. */
static bool match(struct rig_parcel *parcel, guint32 theirs, guint32 ours)
{
    guint32 known;

    if (our_number(parcel, theirs, &known))
        return known == ours;
    if (theirs - parcel->seen.n_known != parcel->numbers->len)
        return false;
    g_array_append_val(parcel->numbers, ours);
    return true;
}

static bool take_step(struct rig_parcel *parcel, struct rig_contents *contents)
{
    const guint8 *at = next(parcel, sizeof(struct rig_content_step));
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
    if (!our_number(parcel, step.from, &from) || from >= rig_contents_count(contents) ||
        !rig_contents_has_range(contents, step.device, step.offset, step.n_bytes))
        return false;
    operation.bytes = operation.kind == SIM_FLASH_WRITE ? next(parcel, step.n_bytes) : NULL;
    if (operation.kind == SIM_FLASH_WRITE && !operation.bytes)
        return false;
    return match(parcel, step.to, rig_contents_after(contents, from, &operation)) &&
           (step.torn == RIG_CONTENT_NONE ||
            match(parcel, step.torn, rig_contents_torn(contents, from, &operation)));
}

static bool take_list(struct rig_parcel *parcel, guint32 n, bool may_lack, GArray *numbers)
{
    const guint8 *list = next(parcel, (gsize)n * sizeof(guint32));

    if (!list)
        return false;
    g_array_set_size(numbers, n);
    for (guint32 i = 0; i < n; i++) {
        guint32 *ours = &g_array_index(numbers, guint32, i);
        guint32 theirs;

        memcpy(&theirs, list + (gsize)i * sizeof theirs, sizeof theirs);
        if (!our_number(parcel, theirs, ours) || (*ours == RIG_CONTENT_NONE && !may_lack))
            return false;
    }
    return true;
}

static bool is_event(const struct rig_contents *contents, const struct rig_way_event *event)
{
    return event->kind < RIG_WAY_END && event->content < rig_contents_count(contents) &&
           rig_contents_has_range(contents, event->device, event->offset, event->n_bytes);
}

static bool take_way(struct rig_parcel *parcel, const struct rig_contents *contents, guint32 n,
                     struct rig_way_end *end)
{
    const guint8 *at = next(parcel, (gsize)n * sizeof(struct rig_way_event));

    g_array_set_size(parcel->way, 0);
    if (!at || n == 0)
        return n == 0;
    g_array_append_vals(parcel->way, at, n);
    for (guint32 i = 0; i < n; i++) {
        struct rig_way_event *event = &g_array_index(parcel->way, struct rig_way_event, i);

        if (!our_number(parcel, event->content, &event->content) || !is_event(contents, event))
            return false;
    }
    if (!(at = next(parcel, sizeof *end)))
        return false;
    memcpy(end, at, sizeof *end);
    end->report.text[sizeof end->report.text - 1] = '\0';
    return end->report.end == RIG_END_RUNS || end->report.end == RIG_END_NO_IMAGE;
}

static bool take_told(const struct told_trace *told, const struct rig_recorder *recorder,
                      struct rig_trace *trace)
{
    *trace = (struct rig_trace){.n_operations = told->n_operations,
                                .most_erases = told->most_erases,
                                .end = told->end,
                                .image = told->image,
                                .marks = told->marks};
    return told->end <= RIG_END_NOT_RUN && told->n_way <= PARCEL_BYTES / sizeof(struct rig_way_event) &&
           (told->image < RIG_N_EXPLORE_IMAGES || told->image == RIG_IMAGE_UNKNOWN) &&
           told->n_text < MAX_TEXT_BYTES && told->n_operations <= PARCEL_BYTES / sizeof(guint32) &&
           told->has_torn == (rig_recorder_wants_torn(recorder) ? 1 : 0);
}

bool rig_parcel_take(struct rig_parcel *parcel, struct rig_contents *contents, struct rig_recorder *recorder,
                     const struct rig_task *task, struct rig_trace *trace)
{
    const guint8 *at = next(parcel, sizeof(struct told_trace));
    char text[MAX_TEXT_BYTES] = "";
    struct told_trace told;
    struct rig_way_end end;
    guint32 n;

    if (!at)
        return false;
    memcpy(&told, at, sizeof told);
    if (!take_told(&told, recorder, trace) || !(at = next(parcel, told.n_text)))
        return false;
    memcpy(text, at, told.n_text);
    for (guint32 i = 0; i < told.n_steps; i++)
        if (!take_step(parcel, contents))
            return false;
    n = told.n_operations;
    if (!take_list(parcel, n, false, parcel->after) ||
        (told.has_torn && !take_list(parcel, n, true, parcel->torn)) ||
        !our_number(parcel, told.final, &trace->final) ||
        trace->final != (n > 0 ? g_array_index(parcel->after, guint32, n - 1) : task->content) ||
        !take_way(parcel, contents, told.n_way, &end))
        return false;
    if (told.n_way > 0)
        rig_recorder_learn(recorder, task, parcel->way, &end);
    rig_recorder_adopt(recorder, trace, (const guint32 *)(void *)parcel->after->data,
                       told.has_torn ? (const guint32 *)(void *)parcel->torn->data : NULL, text);
    return true;
}
