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
    guint32 n_known_pieces;
    gint32 sealed;
};

struct told_trace {
    guint32 n_operations;
    guint32 final;
    guint32 most_erases;
    guint32 n_steps;
    guint32 n_new_pieces;
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
    guint32 n_pieces_put;
    /* The other side: a copy of the head as it was when the parcel was opened */
    struct head seen;
    gsize at;
    GArray *numbers; /* guint32: ours, for each of the worker's own */
    GArray *pieces;  /* the same for pieces of rows */
    GArray *row;     /* guint32: our pieces of a trace */
    GArray *way;     /* struct rig_way_event */
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
    parcel->pieces = g_array_new(FALSE, FALSE, sizeof(guint32));
    parcel->row = g_array_new(FALSE, FALSE, sizeof(guint32));
    parcel->way = g_array_new(FALSE, FALSE, sizeof(struct rig_way_event));
    return parcel;
}

void rig_parcel_free(struct rig_parcel *parcel)
{
    if (!parcel)
        return;
    munmap(parcel->head, PARCEL_BYTES);
    g_array_unref(parcel->numbers);
    g_array_unref(parcel->pieces);
    g_array_unref(parcel->row);
    g_array_unref(parcel->way);
    g_free(parcel);
}

void rig_parcel_begin(struct rig_parcel *parcel, const struct rig_contents *contents,
                      const struct rig_recorder *recorder)
{
    parcel->head->n_known = rig_contents_count(contents);
    parcel->head->n_known_pieces = parcel->n_pieces_put = rig_rows_n_distinct(rig_recorder_rows(recorder));
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

static bool put_piece(struct rig_parcel *parcel, struct rig_row_piece piece)
{
    gsize n_bytes = piece.n * sizeof(guint32);

    return put(parcel, &piece.n, sizeof piece.n) && put(parcel, piece.after, n_bytes) &&
           (!piece.torn || put(parcel, piece.torn, n_bytes));
}

/* New pieces in full, then the numbers of all that the row consists of. */
static bool put_row(struct rig_parcel *parcel, const struct rig_recorder *recorder,
                    const struct rig_trace *trace)
{
    const struct rig_rows *rows = rig_recorder_rows(recorder);

    for (; parcel->n_pieces_put < rig_rows_n_distinct(rows); parcel->n_pieces_put++)
        if (!put_piece(parcel, rig_rows_piece_at(rows, parcel->n_pieces_put)))
            return false;
    for (guint32 k = 0; k < rig_rows_n_pieces(trace->n_operations); k++) {
        guint32 number = rig_recorder_piece(recorder, trace, k).number;

        if (!put(parcel, &number, sizeof number))
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
                              .n_new_pieces =
                                  rig_rows_n_distinct(rig_recorder_rows(recorder)) - parcel->n_pieces_put,
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
    if (!put_row(parcel, recorder, trace) ||
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

/* The next n numbers of contents, as ours. */
static bool take_numbers(struct rig_parcel *parcel, guint32 n, bool may_lack, guint32 *ours)
{
    const guint8 *list = next(parcel, n * sizeof(guint32));

    for (guint32 i = 0; list && i < n; i++) {
        guint32 theirs;

        memcpy(&theirs, list + i * sizeof theirs, sizeof theirs);
        if (!our_number(parcel, theirs, &ours[i]) || (ours[i] == RIG_CONTENT_NONE && !may_lack))
            return false;
    }
    return list != NULL;
}

static bool take_piece(struct rig_parcel *parcel, struct rig_rows *rows, bool has_torn)
{
    const guint8 *at = next(parcel, sizeof(guint32));
    guint32 after[RIG_ROW_PIECE], torn[RIG_ROW_PIECE];
    guint32 n, number;

    if (!at)
        return false;
    memcpy(&n, at, sizeof n);
    if (n == 0 || n > RIG_ROW_PIECE || !take_numbers(parcel, n, false, after) ||
        (has_torn && !take_numbers(parcel, n, true, torn)))
        return false;
    number = rig_rows_put_piece(rows, after, has_torn ? torn : NULL, n);
    g_array_append_val(parcel->pieces, number);
    return true;
}

static bool take_row(struct rig_parcel *parcel, const struct rig_rows *rows, guint32 n_operations,
                     guint32 *last)
{
    guint32 n_pieces = rig_rows_n_pieces(n_operations);
    const guint8 *list = next(parcel, (gsize)n_pieces * sizeof(guint32));

    g_array_set_size(parcel->row, n_pieces);
    for (guint32 k = 0; list && k < n_pieces; k++) {
        guint32 *number = &g_array_index(parcel->row, guint32, k);
        struct rig_row_piece piece;

        memcpy(number, list + (gsize)k * sizeof *number, sizeof *number);
        if (*number >= parcel->seen.n_known_pieces) {
            if (*number - parcel->seen.n_known_pieces >= parcel->pieces->len)
                return false;
            *number = g_array_index(parcel->pieces, guint32, *number - parcel->seen.n_known_pieces);
        }
        piece = rig_rows_piece_at(rows, *number);
        if (piece.n != rig_rows_piece_length(n_operations, k))
            return false;
        *last = piece.after[piece.n - 1];
    }
    return list != NULL;
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
           (told->image <= RIG_IMAGE_MIXED || told->image == RIG_IMAGE_UNKNOWN) &&
           told->n_text < MAX_TEXT_BYTES && told->n_operations <= PARCEL_BYTES / sizeof(guint32) &&
           told->has_torn == (rig_recorder_wants_torn(recorder) ? 1 : 0);
}

bool rig_parcel_take(struct rig_parcel *parcel, struct rig_contents *contents, struct rig_recorder *recorder,
                     const struct rig_task *task, struct rig_trace *trace)
{
    const guint8 *at = next(parcel, sizeof(struct told_trace));
    char text[MAX_TEXT_BYTES] = "";
    struct told_trace told;
    struct rig_rows *rows = rig_recorder_rows(recorder);
    struct rig_way_end end;
    guint32 last = task->content;

    if (!at)
        return false;
    memcpy(&told, at, sizeof told);
    if (!take_told(&told, recorder, trace) || !(at = next(parcel, told.n_text)))
        return false;
    memcpy(text, at, told.n_text);
    for (guint32 i = 0; i < told.n_steps; i++)
        if (!take_step(parcel, contents))
            return false;
    for (guint32 i = 0; i < told.n_new_pieces; i++)
        if (!take_piece(parcel, rows, told.has_torn))
            return false;
    if (!take_row(parcel, rows, told.n_operations, &last) || !our_number(parcel, told.final, &trace->final) ||
        trace->final != last || !take_way(parcel, contents, told.n_way, &end))
        return false;
    if (told.n_way > 0)
        rig_recorder_learn(recorder, task, parcel->way, &end);
    rig_recorder_adopt(recorder, trace, (const guint32 *)(const void *)parcel->row->data, text);
    return true;
}
