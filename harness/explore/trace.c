/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Recording of uncut runs by the flash's observer. */
#include "explore/trace.h"

#include <string.h>

#define ERASE_UNIT_BYTES 256u /* no sector is smaller */

struct rig_recorder {
    struct rig_contents *contents;
    struct rig_subject *subject;
    const struct rig_explore_image *images;
    bool torn[2];   /* by enum sim_flash_kind */
    struct rig_rows *rows;
    GArray *after;  /* guint32, of the run that is recorded */
    GArray *halves; /* the same; not used when no torn operation is wanted */
    guint64 n_operations;
    GPtrArray *texts;
    guint64 n_torn;
    guint32 held; /* content of the subject's flash between runs */
    guint32 now;  /* and during one */
    guint16 *erases[SIM_FLASH_MAX_DEVICES];
    struct rig_trace *trace;
};

struct rig_recorder *rig_recorder_new(struct rig_contents *contents, struct rig_subject *subject,
                                      const struct rig_explore_image *images, bool torn_write,
                                      bool torn_erase)
{
    struct rig_recorder *recorder = g_new0(struct rig_recorder, 1);

    recorder->contents = contents;
    recorder->subject = subject;
    recorder->images = images;
    recorder->torn[SIM_FLASH_WRITE] = torn_write;
    recorder->torn[SIM_FLASH_ERASE] = torn_erase;
    recorder->rows = rig_rows_new(torn_write || torn_erase);
    recorder->after = g_array_sized_new(FALSE, FALSE, sizeof(guint32), 1024); /* never NULL inside */
    recorder->halves = g_array_new(FALSE, FALSE, sizeof(guint32));
    recorder->texts = g_ptr_array_new_with_free_func(g_free);
    recorder->held = RIG_CONTENT_NONE;
    for (guint i = 0; i < sim_flash_n_devices(subject->flash); i++)
        recorder->erases[i] = g_new0(guint16, sim_flash_bytes(subject->flash, i) / ERASE_UNIT_BYTES + 1);
    return recorder;
}

void rig_recorder_free(struct rig_recorder *recorder)
{
    if (!recorder)
        return;
    rig_rows_free(recorder->rows);
    g_array_unref(recorder->after);
    g_array_unref(recorder->halves);
    g_ptr_array_unref(recorder->texts);
    for (guint i = 0; i < SIM_FLASH_MAX_DEVICES; i++)
        g_free(recorder->erases[i]);
    g_free(recorder);
}

bool rig_recorder_wants_torn(const struct rig_recorder *recorder)
{
    return recorder->torn[0] || recorder->torn[1];
}

static bool within_areas(const struct rig_subject *subject, const struct sim_flash_operation *operation)
{
    for (guint i = 0; i < subject->n_areas; i++) {
        const struct sim_area *area = &subject->areas[i];

        if (area->device == operation->device && operation->offset >= area->offset &&
            operation->n_bytes <= area->n_bytes &&
            operation->offset - area->offset <= area->n_bytes - operation->n_bytes)
            return true;
    }
    return false;
}

static void count_erase(struct rig_recorder *recorder, const struct sim_flash_operation *operation)
{
    guint16 *n_erases = &recorder->erases[operation->device][operation->offset / ERASE_UNIT_BYTES];

    if (*n_erases < G_MAXUINT16)
        (*n_erases)++;
    recorder->trace->most_erases = MAX(recorder->trace->most_erases, *n_erases);
}

static void on_operation(void *user, const struct sim_flash_operation *operation)
{
    struct rig_recorder *recorder = user;
    struct rig_trace *trace = recorder->trace;
    guint32 before = recorder->now;

    if (operation->kind == SIM_FLASH_ERASE)
        count_erase(recorder, operation);
    else if (!rig_contents_is_erased(recorder->contents, before, operation->device, operation->offset,
                                     operation->n_bytes))
        trace->marks |= RIG_TRACE_OVERWRITES;
    if (!within_areas(recorder->subject, operation))
        trace->marks |= RIG_TRACE_OUTSIDE;
    recorder->now = rig_contents_after(recorder->contents, before, operation);
    g_array_append_val(recorder->after, recorder->now);
    if (rig_recorder_wants_torn(recorder)) {
        guint32 half = recorder->torn[operation->kind]
                           ? rig_contents_torn(recorder->contents, before, operation)
                           : RIG_CONTENT_NONE;

        g_array_append_val(recorder->halves, half);
    }
    trace->n_operations++;
}

static void start(struct rig_recorder *recorder, guint32 content, struct rig_trace *trace)
{
    struct sim_flash *flash = recorder->subject->flash;

    *trace = (struct rig_trace){.image = RIG_IMAGE_UNKNOWN};
    g_array_set_size(recorder->after, 0);
    g_array_set_size(recorder->halves, 0);
    rig_contents_load(recorder->contents, content, recorder->held, flash);
    recorder->now = content;
    recorder->trace = trace;
    sim_flash_power(flash, true);
    sim_flash_observe(flash, on_operation, recorder);
}

static void forget_erases(struct rig_recorder *recorder)
{
    for (guint i = 0; i < SIM_FLASH_MAX_DEVICES && recorder->erases[i]; i++)
        memset(recorder->erases[i], 0,
               (sim_flash_bytes(recorder->subject->flash, i) / ERASE_UNIT_BYTES + 1) * sizeof(guint16));
}

static void keep_row(struct rig_recorder *recorder, struct rig_trace *trace, const guint32 *after,
                     const guint32 *torn)
{
    trace->first = rig_rows_put(recorder->rows, after, torn, trace->n_operations);
    recorder->n_operations += trace->n_operations;
    for (guint32 i = 0; torn && i < trace->n_operations; i++)
        recorder->n_torn += torn[i] != RIG_CONTENT_NONE;
}

static void finish(struct rig_recorder *recorder)
{
    bool torn = rig_recorder_wants_torn(recorder);

    keep_row(recorder, recorder->trace, (const guint32 *)(void *)recorder->after->data,
             torn ? (const guint32 *)(void *)recorder->halves->data : NULL);
    sim_flash_observe(recorder->subject->flash, NULL, NULL);
    recorder->trace->final = recorder->held = recorder->now;
    if (recorder->trace->most_erases > 0)
        forget_erases(recorder);
    recorder->trace = NULL;
}

static guint8 image_at(const struct rig_recorder *recorder, guint device, guint32 offset)
{
    guint32 n_device = sim_flash_bytes(recorder->subject->flash, device);

    for (guint8 i = 0; i < RIG_N_EXPLORE_IMAGES; i++) {
        const struct rig_explore_image *image = &recorder->images[i];

        if (offset <= n_device && image->n_bytes <= n_device - offset &&
            rig_contents_holds(recorder->contents, recorder->now, device, offset, image->bytes,
                               image->n_bytes))
            return i;
    }
    return RIG_IMAGE_UNKNOWN;
}

static void keep_text(struct rig_recorder *recorder, struct rig_trace *trace, const char *text)
{
    trace->text = 0;
    if (!*text)
        return;
    g_ptr_array_add(recorder->texts, g_strdup(text));
    trace->text = recorder->texts->len;
}

static void look_at_end(struct rig_recorder *recorder, const struct rig_end_report *report)
{
    struct rig_subject *subject = recorder->subject;
    struct rig_trace *trace = recorder->trace;
    guint device;
    guint32 offset;

    trace->end = (guint8)report->end;
    keep_text(recorder, trace, report->text);
    if (report->end != RIG_END_RUNS || report->device >= sim_flash_n_devices(subject->flash))
        return;
    trace->image = image_at(recorder, report->device, report->offset);
    if (subject->ops->confirmed && subject->ops->confirmed(subject))
        trace->marks |= RIG_TRACE_CONFIRMED;
    if (trace->image == RIG_IMAGE_NEW && subject->ops->kept_copy &&
        subject->ops->kept_copy(subject, &device, &offset) &&
        image_at(recorder, device, offset) == RIG_IMAGE_OLD)
        trace->marks |= RIG_TRACE_COPY_KEPT;
}

void rig_record_boot(struct rig_recorder *recorder, guint32 content, struct rig_trace *trace)
{
    struct rig_end_report report = {.end = RIG_END_NO_IMAGE};

    start(recorder, content, trace);
    recorder->subject->ops->boot(recorder->subject, &report);
    look_at_end(recorder, &report);
    finish(recorder);
}

void rig_record_action(struct rig_recorder *recorder, guint32 content, enum rig_action action,
                       struct rig_trace *trace)
{
    const struct rig_explore_image *image = &recorder->images[RIG_IMAGE_NEW];

    start(recorder, content, trace);
    if (!recorder->subject->ops->act(recorder->subject, action, image->bytes, image->n_bytes))
        trace->marks |= RIG_TRACE_REFUSED;
    finish(recorder);
}

void rig_recorder_adopt(struct rig_recorder *recorder, struct rig_trace *trace, const guint32 *after,
                        const guint32 *torn, const char *text)
{
    keep_row(recorder, trace, after, torn);
    keep_text(recorder, trace, text);
}

struct rig_row_piece rig_recorder_piece(const struct rig_recorder *recorder, const struct rig_trace *trace,
                                        guint32 k)
{
    return rig_rows_piece(recorder->rows, trace->first, trace->n_operations, k);
}

guint32 rig_recorder_n_pieces(const struct rig_recorder *recorder)
{
    return rig_rows_n_listed(recorder->rows);
}

const char *rig_recorder_text(const struct rig_recorder *recorder, const struct rig_trace *trace)
{
    return trace->text ? g_ptr_array_index(recorder->texts, trace->text - 1) : "";
}

guint64 rig_recorder_n_operations(const struct rig_recorder *recorder)
{
    return recorder->n_operations;
}

guint64 rig_recorder_n_torn(const struct rig_recorder *recorder)
{
    return recorder->n_torn;
}

gsize rig_recorder_bytes(const struct rig_recorder *recorder)
{
    return rig_rows_bytes(recorder->rows);
}
