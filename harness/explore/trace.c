/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Recording of uncut runs by the flash's observer. */
#include "explore/trace.h"

#include "explore/known_runs.h"

#include <string.h>

#define ERASE_UNIT_BYTES 256u /* no sector is smaller */

/* Bytes that the run knows since the last operation: a look at them again is nothing new. Only large ranges
 * are noted; an image's hash may be remembered or computed from its bytes, and that must look the same. */
#define MIN_COVERED_BYTES 2048u
#define MAX_COVERED 8u
struct covered {
    guint device;
    guint32 offset;
    guint32 n_bytes;
};

/* What stands at the end of a run, by its content. */
struct seen_image {
    guint device;
    guint32 offset;
    guint8 end;
    guint8 image;
    guint8 flags;
};

struct rig_recorder {
    struct rig_contents *contents;
    struct rig_subject *subject;
    const struct rig_explore_image *images;
    bool torn[2]; /* by enum sim_flash_kind */
    struct rig_sequences *sequences;
    GArray *after;  /* guint32, of the run that is recorded */
    GArray *halves; /* the same; not used when no torn operation is wanted */
    guint64 n_operations;
    GPtrArray *texts;
    guint64 n_torn;
    bool is_worker;
    guint32 held;                /* content of the subject's flash between runs */
    guint32 now;                 /* and during one */
    struct rig_known_runs *runs; /* NULL: none are kept */
    GArray *accesses;            /* struct rig_access, of the run that was executed last */
    struct rig_known_end known_end;
    bool learnable;
    struct covered covered[MAX_COVERED];
    guint n_covered;
    GHashTable *image_numbers; /* final content -> index + 1 into images_seen */
    GArray *images_seen;
    guint16 *erases[SIM_FLASH_MAX_DEVICES];
    guint64 n_counted;                          /* erases in this run */
    GArray *inspected;                          /* guint8 per content: flags, and IS_INSPECTED */
    GArray *settled;                            /* guint32 per content: + 1, 0 = not known */
    struct sim_area dead[RIG_SUBJECT_MAX_DEAD]; /* of the content that the run began with */
    guint n_dead;
    GByteArray *alive; /* per sector of each dead area: it was erased in this run */
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
    recorder->sequences = rig_sequences_new(torn_write || torn_erase);
    recorder->after = g_array_sized_new(FALSE, FALSE, sizeof(guint32), 1024); /* never NULL inside */
    recorder->halves = g_array_new(FALSE, FALSE, sizeof(guint32));
    recorder->texts = g_ptr_array_new_with_free_func(g_free);
    recorder->held = RIG_CONTENT_NONE;
    recorder->runs = rig_known_runs_new(contents);
    recorder->accesses = g_array_new(FALSE, FALSE, sizeof(struct rig_access));
    recorder->image_numbers = g_hash_table_new(NULL, NULL);
    recorder->images_seen = g_array_new(FALSE, FALSE, sizeof(struct seen_image));
    recorder->inspected = g_array_new(FALSE, TRUE, sizeof(guint8));
    recorder->settled = g_array_new(FALSE, TRUE, sizeof(guint32));
    recorder->alive = g_byte_array_new();
    for (guint i = 0; i < sim_flash_n_devices(subject->flash); i++)
        recorder->erases[i] = g_new0(guint16, sim_flash_bytes(subject->flash, i) / ERASE_UNIT_BYTES + 1);
    return recorder;
}

void rig_recorder_free(struct rig_recorder *recorder)
{
    if (!recorder)
        return;
    rig_sequences_free(recorder->sequences);
    g_array_unref(recorder->after);
    g_array_unref(recorder->halves);
    g_ptr_array_unref(recorder->texts);
    rig_known_runs_free(recorder->runs);
    g_array_unref(recorder->accesses);
    g_hash_table_unref(recorder->image_numbers);
    g_array_unref(recorder->images_seen);
    g_array_unref(recorder->inspected);
    g_array_unref(recorder->settled);
    g_byte_array_unref(recorder->alive);
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

        if (!(subject->closed_areas >> i & 1) && area->device == operation->device &&
            operation->offset >= area->offset && operation->n_bytes <= area->n_bytes &&
            operation->offset - area->offset <= area->n_bytes - operation->n_bytes)
            return true;
    }
    return false;
}

/* ---- what is dead ---- */

/* Loads a content and asks. */
static guint dead_of(struct rig_recorder *recorder, guint32 content, struct sim_area *dead)
{
    struct rig_subject *subject = recorder->subject;

    rig_contents_load(recorder->contents, content, recorder->held, subject->flash);
    recorder->held = content;
    return subject->ops->dead(subject, dead);
}

guint32 rig_recorder_settled(struct rig_recorder *recorder, guint32 content)
{
    struct sim_area dead[RIG_SUBJECT_MAX_DEAD];
    guint32 settled = content;
    guint n_dead;

    if (!recorder->subject->ops->dead)
        return content;
    if (recorder->settled->len <= content)
        g_array_set_size(recorder->settled, MAX(content + 1, recorder->settled->len * 2));
    if (g_array_index(recorder->settled, guint32, content))
        return g_array_index(recorder->settled, guint32, content) - 1;
    n_dead = dead_of(recorder, content, dead);
    for (guint i = 0; i < n_dead; i++) {
        const struct sim_flash_operation erase = {.kind = SIM_FLASH_ERASE,
                                                  .device = dead[i].device,
                                                  .offset = dead[i].offset,
                                                  .n_bytes = dead[i].n_bytes};

        settled = rig_contents_after(recorder->contents, settled, &erase);
    }
    g_array_index(recorder->settled, guint32, content) = settled + 1;
    return settled;
}

static void begin_dead(struct rig_recorder *recorder, guint32 content)
{
    guint n_units = 0;

    recorder->n_dead = 0;
    if (!recorder->subject->ops->dead)
        return;
    recorder->n_dead = dead_of(recorder, content, recorder->dead);
    for (guint i = 0; i < recorder->n_dead; i++)
        n_units += recorder->dead[i].n_bytes / ERASE_UNIT_BYTES;
    g_byte_array_set_size(recorder->alive, n_units);
    if (n_units > 0)
        memset(recorder->alive->data, 0, n_units);
}

/* Erased sectors live again. What is written to others goes over whatever stands there; what reads them says
 * that they are not dead. */
static void note_dead(struct rig_recorder *recorder, enum rig_access_kind kind, guint device, guint32 offset,
                      gsize n_bytes)
{
    bool erases = kind == RIG_ACCESS_ERASE;
    guint first = 0;

    for (guint i = 0; i < recorder->n_dead; i++) {
        const struct sim_area *dead = &recorder->dead[i];
        guint32 from = MAX(offset, dead->offset);
        guint64 to = MIN((guint64)offset + n_bytes, (guint64)dead->offset + dead->n_bytes);

        for (guint32 at = from; dead->device == device && at < to; at += ERASE_UNIT_BYTES) {
            guint8 *alive = &recorder->alive->data[first + (at - dead->offset) / ERASE_UNIT_BYTES];

            if (!erases && !*alive)
                recorder->trace->flags |=
                    kind == RIG_ACCESS_READ ? RIG_TRACE_READS_DEAD : RIG_TRACE_OVERWRITES;
            *alive |= erases;
        }
        first += dead->n_bytes / ERASE_UNIT_BYTES;
    }
}

/* ---- what a content says before it is booted ---- */

#define IS_INSPECTED 1u

static guint8 inspected(struct rig_recorder *recorder, guint32 content)
{
    struct rig_subject *subject = recorder->subject;
    struct rig_inspection inspection = {.no_settings = false};
    guint8 *known;

    if (!subject->ops->inspect)
        return 0;
    if (recorder->inspected->len <= content)
        g_array_set_size(recorder->inspected, MAX(content + 1, recorder->inspected->len * 2));
    known = &g_array_index(recorder->inspected, guint8, content);
    if (*known)
        return *known & (guint8)~IS_INSPECTED;
    rig_contents_load(recorder->contents, content, recorder->held, subject->flash);
    recorder->held = content;
    subject->ops->inspect(subject, &inspection);
    *known = (guint8)(IS_INSPECTED | (inspection.no_settings ? RIG_TRACE_NO_SETTINGS : 0) |
                      (inspection.data_lost ? RIG_TRACE_DATA_LOST : 0));
    return *known & (guint8)~IS_INSPECTED;
}

static void count_erase(struct rig_recorder *recorder, const struct sim_flash_operation *operation)
{
    guint16 *n_erases = &recorder->erases[operation->device][operation->offset / ERASE_UNIT_BYTES];

    recorder->n_counted++;
    if (*n_erases < G_MAXUINT16)
        (*n_erases)++;
    recorder->trace->most_erases = MAX(recorder->trace->most_erases, *n_erases);
}

/* One operation on the present content. */
static void step_on(struct rig_recorder *recorder, const struct sim_flash_operation *operation)
{
    guint32 before = recorder->now;
    guint32 half = RIG_CONTENT_NONE;

    if (recorder->torn[operation->kind] && operation->device != recorder->subject->whole_device)
        recorder->now = rig_contents_after_and_torn(recorder->contents, before, operation, &half);
    else
        recorder->now = rig_contents_after(recorder->contents, before, operation);
    g_array_append_val(recorder->after, recorder->now);
    if (rig_recorder_wants_torn(recorder))
        g_array_append_val(recorder->halves, half);
    recorder->trace->n_operations++;
}

static bool writes_over(const struct rig_recorder *recorder, const struct sim_flash_operation *operation)
{
    return operation->kind == SIM_FLASH_WRITE &&
           !sim_flash_device(recorder->subject->flash, operation->device)->no_erase &&
           !rig_contents_is_erased(recorder->contents, recorder->now, operation->device, operation->offset,
                                   operation->n_bytes);
}

static void note(struct rig_recorder *recorder, enum rig_access_kind kind, guint device, guint32 offset,
                 gsize n_bytes)
{
    struct rig_access access = {.kind = (guint8)kind,
                                .device = (guint8)device,
                                .offset = offset,
                                .n_bytes = (guint32)n_bytes,
                                .content = recorder->now};

    g_array_append_val(recorder->accesses, access);
}

static void on_operation(void *user, const struct sim_flash_operation *operation)
{
    struct rig_recorder *recorder = user;
    struct rig_trace *trace = recorder->trace;

    if (operation->kind == SIM_FLASH_ERASE)
        count_erase(recorder, operation);
    if (recorder->n_dead > 0)
        note_dead(recorder, operation->kind == SIM_FLASH_ERASE ? RIG_ACCESS_ERASE : RIG_ACCESS_WRITE,
                  operation->device, operation->offset, operation->n_bytes);
    if (writes_over(recorder, operation))
        trace->flags |= RIG_TRACE_OVERWRITES;
    if (!within_areas(recorder->subject, operation))
        trace->flags |= RIG_TRACE_OUTSIDE;
    step_on(recorder, operation);
    recorder->n_covered = 0;
    note(recorder, operation->kind == SIM_FLASH_ERASE ? RIG_ACCESS_ERASE : RIG_ACCESS_WRITE,
         operation->device, operation->offset, operation->n_bytes);
}

static void on_read(void *user, unsigned device, uint32_t offset, size_t n_bytes, bool refused)
{
    struct rig_recorder *recorder = user;

    if (refused)
        recorder->learnable = false;
    if (refused || n_bytes == 0)
        return;
    if (recorder->n_dead > 0)
        note_dead(recorder, RIG_ACCESS_READ, device, offset, n_bytes);
    if (!recorder->runs)
        return;
    for (guint i = 0; i < recorder->n_covered; i++) {
        const struct covered *known = &recorder->covered[i];

        if (known->device == device && offset >= known->offset && n_bytes <= known->n_bytes &&
            offset - known->offset <= known->n_bytes - n_bytes)
            return;
    }
    if (n_bytes >= MIN_COVERED_BYTES && recorder->n_covered < MAX_COVERED)
        recorder->covered[recorder->n_covered++] = (struct covered){device, offset, (guint32)n_bytes};
    note(recorder, RIG_ACCESS_READ, device, offset, n_bytes);
}

static void begin(struct rig_recorder *recorder, guint32 content, struct rig_trace *trace)
{
    *trace = (struct rig_trace){.image = RIG_IMAGE_UNKNOWN, .promised = RIG_NEVER_PROMISED};
    g_array_set_size(recorder->after, 0);
    g_array_set_size(recorder->halves, 0);
    g_array_set_size(recorder->accesses, 0);
    recorder->n_covered = 0;
    recorder->learnable = false;
    recorder->now = content;
    recorder->trace = trace;
}

static void start(struct rig_recorder *recorder, guint32 content, struct rig_trace *trace)
{
    struct sim_flash *flash = recorder->subject->flash;

    begin(recorder, content, trace);
    begin_dead(recorder, content);
    recorder->learnable = recorder->runs != NULL;
    rig_contents_load(recorder->contents, content, recorder->held, flash);
    sim_flash_power(flash, true);
    sim_flash_observe(flash, on_operation, recorder);
    sim_flash_observe_reads(flash, recorder->runs || recorder->n_dead > 0 ? on_read : NULL, recorder);
}

static void stop(struct rig_recorder *recorder)
{
    sim_flash_observe(recorder->subject->flash, NULL, NULL);
    sim_flash_observe_reads(recorder->subject->flash, NULL, NULL);
    recorder->held = recorder->now;
}

static void forget_erases(struct rig_recorder *recorder)
{
    recorder->n_counted = 0;
    for (guint i = 0; i < SIM_FLASH_MAX_DEVICES && recorder->erases[i]; i++)
        memset(recorder->erases[i], 0,
               (sim_flash_bytes(recorder->subject->flash, i) / ERASE_UNIT_BYTES + 1) * sizeof(guint16));
}

static void count_sequence(struct rig_recorder *recorder, const struct rig_trace *trace)
{
    recorder->n_operations += trace->n_operations;
    for (guint32 k = 0; k < rig_sequence_n_chunks(trace->n_operations); k++)
        recorder->n_torn +=
            rig_sequences_chunk(recorder->sequences, trace->first, trace->n_operations, k).n_torn;
}

static void finish(struct rig_recorder *recorder)
{
    bool torn = rig_recorder_wants_torn(recorder);

    recorder->trace->first = rig_sequences_put(
        recorder->sequences, (const guint32 *)(void *)recorder->after->data,
        torn ? (const guint32 *)(void *)recorder->halves->data : NULL, recorder->trace->n_operations);
    count_sequence(recorder, recorder->trace);
    recorder->trace->final = recorder->now;
    if (recorder->n_counted > 0)
        forget_erases(recorder);
    recorder->trace = NULL;
}

static void keep_text(struct rig_recorder *recorder, struct rig_trace *trace, const char *text)
{
    trace->text = 0;
    if (!*text)
        return;
    g_ptr_array_add(recorder->texts, g_strdup(text));
    trace->text = recorder->texts->len;
}

static struct seen_image find_image(struct rig_recorder *recorder, const struct rig_end_report *report)
{
    struct rig_seen seen;

    rig_contents_load(recorder->contents, recorder->now, recorder->held, recorder->subject->flash);
    recorder->held = recorder->now;
    rig_subject_look(recorder->subject, recorder->images, report, &seen);
    return (struct seen_image){.device = report->device,
                               .offset = report->offset,
                               .end = (guint8)report->end,
                               .image = seen.image,
                               .flags = (guint8)((seen.confirmed ? RIG_TRACE_CONFIRMED : 0) |
                                                 (seen.copy_kept ? RIG_TRACE_COPY_KEPT : 0))};
}

/* Many runs end with the same content. */
static struct seen_image known_image(struct rig_recorder *recorder, const struct rig_end_report *report)
{
    gpointer key = GSIZE_TO_POINTER((gsize)recorder->now + 1);
    guint index = GPOINTER_TO_UINT(g_hash_table_lookup(recorder->image_numbers, key));
    struct seen_image image;

    if (index > 0) {
        image = g_array_index(recorder->images_seen, struct seen_image, index - 1);
        if (image.device == report->device && image.offset == report->offset && image.end == report->end)
            return image;
    }
    image = find_image(recorder, report);
    g_array_append_val(recorder->images_seen, image);
    g_hash_table_insert(recorder->image_numbers, key, GUINT_TO_POINTER(recorder->images_seen->len));
    return image;
}

static void note_image(struct rig_recorder *recorder, const struct rig_end_report *report)
{
    struct rig_trace *trace = recorder->trace;
    struct seen_image image;

    trace->end = (guint8)report->end;
    keep_text(recorder, trace, report->text);
    if (!rig_end_is_up(report->end) || report->device >= sim_flash_n_devices(recorder->subject->flash))
        return;
    image = known_image(recorder, report);
    trace->image = image.image;
    trace->flags |= image.flags;
}

static guint root_of(const struct rig_task *task)
{
    return (guint)(task->action + 1);
}

/* Ends that may hang on more than what was read - a refused operation, a fault - are not learned. */
static void learn(struct rig_recorder *recorder, const struct rig_task *task,
                  const struct rig_end_report *report)
{
    const struct rig_trace *trace = recorder->trace;

    recorder->learnable &= !(trace->flags & (RIG_TRACE_OVERWRITES | RIG_TRACE_REFUSED)) &&
                           (rig_end_is_up(report->end) || report->end == RIG_END_NO_IMAGE);
    if (!recorder->learnable)
        return;
    recorder->known_end =
        (struct rig_known_end){.report = *report,
                               .promised = trace->promised,
                               .most_erases = trace->most_erases,
                               .flags = trace->flags & (RIG_TRACE_OUTSIDE | RIG_TRACE_READS_DEAD)};
    rig_recorder_learn(recorder, task, recorder->accesses, &recorder->known_end);
}

static void act(struct rig_recorder *recorder, enum rig_action action)
{
    struct rig_subject *subject = recorder->subject;
    guint64 before = sim_flash_n_operations(subject->flash);

    subject->promised_at = G_MAXUINT64;
    if (!subject->ops->act(subject, action, &recorder->images[RIG_IMAGE_NEW]))
        recorder->trace->flags |= RIG_TRACE_REFUSED;
    if (subject->promised_at != G_MAXUINT64)
        recorder->trace->promised = (guint32)(subject->promised_at - before);
}

static void note_boot(struct rig_recorder *recorder, guint32 content, const struct rig_end_report *report)
{
    note_image(recorder, report);
    recorder->trace->flags |= inspected(recorder, content);
}

void rig_trace_record(struct rig_recorder *recorder, const struct rig_task *task, struct rig_trace *trace)
{
    struct rig_end_report report = {.end = RIG_END_NO_IMAGE};
    struct rig_subject *subject = recorder->subject;

    start(recorder, task->content, trace);
    /* What runs in a sandbox is not seen to read. */
    recorder->learnable &= recorder->is_worker || !subject->ops->boot_here || task->action != RIG_TASK_BOOT;
    if (task->action == RIG_TASK_BOOT && recorder->is_worker && subject->ops->boot_here)
        subject->ops->boot_here(subject, &report);
    else if (task->action == RIG_TASK_BOOT)
        subject->ops->boot(subject, &report);
    else
        act(recorder, (enum rig_action)task->action);
    stop(recorder);
    learn(recorder, task, &report);
    if (task->action == RIG_TASK_BOOT)
        note_boot(recorder, task->content, &report);
    finish(recorder);
}

static guint32 apply_known(void *user, const struct sim_flash_operation *operation)
{
    struct rig_recorder *recorder = user;

    if (writes_over(recorder, operation)) {
        if (sim_flash_device(recorder->subject->flash, operation->device)->rewrite_forbidden)
            return RIG_CONTENT_NONE;
        recorder->trace->flags |= RIG_TRACE_OVERWRITES;
    }
    step_on(recorder, operation);
    return recorder->now;
}

bool rig_record_known(struct rig_recorder *recorder, const struct rig_task *task, struct rig_trace *trace)
{
    const struct rig_known_end *end;

    if (!recorder->runs)
        return false;
    begin(recorder, task->content, trace);
    end = rig_known_runs_follow(recorder->runs, root_of(task), task->content, apply_known, recorder);
    if (!end) {
        recorder->trace = NULL;
        return false;
    }
    trace->most_erases = end->most_erases;
    trace->flags |= end->flags;
    trace->promised = end->promised;
    if (task->action == RIG_TASK_BOOT)
        note_boot(recorder, task->content, &end->report);
    finish(recorder);
    return true;
}

void rig_recorder_forget_known_runs(struct rig_recorder *recorder)
{
    rig_known_runs_free(g_steal_pointer(&recorder->runs));
}

const GArray *rig_recorder_accesses(const struct rig_recorder *recorder, struct rig_known_end *end)
{
    *end = recorder->known_end;
    return recorder->learnable ? recorder->accesses : NULL;
}

void rig_recorder_learn(struct rig_recorder *recorder, const struct rig_task *task, const GArray *accesses,
                        const struct rig_known_end *end)
{
    if (recorder->runs)
        rig_known_runs_learn(recorder->runs, root_of(task),
                             (const struct rig_access *)(const void *)accesses->data, accesses->len, end);
}

void rig_recorder_adopt(struct rig_recorder *recorder, struct rig_trace *trace, const guint32 *chunks,
                        const char *text)
{
    trace->first =
        rig_sequences_put_listed(recorder->sequences, chunks, rig_sequence_n_chunks(trace->n_operations));
    count_sequence(recorder, trace);
    keep_text(recorder, trace, text);
}

struct rig_sequences *rig_recorder_sequences(const struct rig_recorder *recorder)
{
    return recorder->sequences;
}

struct rig_chunk rig_recorder_chunk(const struct rig_recorder *recorder, const struct rig_trace *trace,
                                    guint32 k)
{
    return rig_sequences_chunk(recorder->sequences, trace->first, trace->n_operations, k);
}

const char *rig_recorder_text(const struct rig_recorder *recorder, const struct rig_trace *trace)
{
    return trace->text ? g_ptr_array_index(recorder->texts, trace->text - 1) : "";
}

void rig_recorder_set_worker(struct rig_recorder *recorder)
{
    recorder->is_worker = true;
}

struct rig_recorder_counts rig_recorder_counts(const struct rig_recorder *recorder)
{
    return (struct rig_recorder_counts){.n_chunks = rig_sequences_n_listed(recorder->sequences),
                                        .n_operations = recorder->n_operations,
                                        .n_torn = recorder->n_torn};
}

gsize rig_recorder_bytes(const struct rig_recorder *recorder)
{
    return rig_sequences_bytes(recorder->sequences) +
           (recorder->runs ? rig_known_runs_bytes(recorder->runs) : 0) +
           recorder->images_seen->len * (sizeof(struct seen_image) + 3 * sizeof(gpointer));
}
