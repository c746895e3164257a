/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The stage: trouble, events, running steps in order, and what steps look at: images, board, trailers. */
#include "steps/stage.h"

#include "drivers/probe/nordic_view.h"

#include "base/error.h"
#include "steps/watch.h"

#include <string.h>

#define QUIET_US (5u * 1000 * 1000) /* no flash operation for so long: the board has settled */

void rig_trouble_clear(struct rig_trouble *trouble)
{
    g_free(trouble->message);
    g_free(trouble->expected);
    g_free(trouble->seen);
    g_free(trouble->step_id);
    *trouble = (struct rig_trouble){.verdict = RIG_VERDICT_PASS};
}

static void on_console(void *user, guint64 at_us, const char *line)
{
    struct rig_run *run = user;
    struct rig_event *event;

    if (run->console->len >= RIG_RUN_CONSOLE_LINES)
        g_ptr_array_remove_index(run->console, 0);
    g_ptr_array_add(run->console, g_strdup(line));
    if (run->muted)
        return;
    event = rig_event_new(RIG_EVENT_CONSOLE);
    rig_event_text(event, RIG_KEY_LINE_TEXT, line);
    rig_journal_emit(run->journal, (gint64)at_us, event);
}

static bool stopped_short(const char *outcome)
{
    static const char *const outcomes[] = {"assert", "flash-fault", "crash", NULL};

    return g_strv_contains(outcomes, outcome);
}

static void on_boot(void *user, guint64 at_us, const char *outcome, const char *swap, bool resumed,
                    guint64 n_operations, const char *text)
{
    struct rig_run *run = user;
    struct rig_event *event;

    g_free(run->boot_stop);
    run->boot_stop = stopped_short(outcome) ? g_strdup(text) : NULL;
    rig_watch_boot(run->watch, outcome, swap, resumed, text);
    if (run->muted)
        return;
    event = rig_event_new(RIG_EVENT_BOOT);
    rig_event_textf(event, RIG_KEY_TEXT, "bootloader: %s%s%s%s, %" G_GUINT64_FORMAT " flash operations%s%s",
                    outcome, swap ? ", swap type " : "", swap ? swap : "", resumed ? " (resumed)" : "",
                    n_operations, *text ? "; " : "", text);
    rig_event_text(event, RIG_KEY_OUTCOME, outcome);
    if (swap)
        rig_event_text(event, RIG_KEY_SWAP, swap);
    rig_event_flag(event, RIG_KEY_RESUMED, resumed);
    rig_event_count(event, RIG_KEY_OPERATIONS, (gint64)n_operations);
    rig_journal_emit(run->journal, (gint64)at_us, event);
}

static void on_link(void *user, guint64 at_us, const char *text)
{
    struct rig_run *run = user;
    struct rig_link_state state;
    struct rig_event *event;

    if (run->muted)
        return;
    run->board->link->ops->state(run->board->link, &state);
    event = rig_event_new(RIG_EVENT_LINK_STATE);
    rig_event_text(event, RIG_KEY_TEXT, text);
    rig_event_flag(event, RIG_KEY_ENCRYPTED, state.encrypted);
    rig_event_flag(event, RIG_KEY_BONDED, state.bonded);
    rig_journal_emit(run->journal, (gint64)at_us, event);
}

/* "write 3, 20 bytes: lost" */
static void on_packet_fault(void *user, guint64 at_us, const char *text)
{
    struct rig_run *run = user;
    const char *fault = strstr(text, ": ");
    g_autofree char *packet = g_strdup_printf("packet: %.*s", (int)(fault ? fault - text : 0), text);
    struct rig_event *event;

    if (run->muted)
        return;
    event = rig_event_new(RIG_EVENT_LINK);
    rig_event_text(event, RIG_KEY_DIR, g_str_has_prefix(text, "write") ? "tx" : "rx");
    rig_event_text(event, RIG_KEY_TEXT, packet);
    rig_event_text(event, RIG_KEY_FAULT, fault ? fault + 2 : text);
    rig_journal_emit(run->journal, (gint64)at_us, event);
}

static void on_message(void *user, const struct rig_update_message *message)
{
    struct rig_run *run = user;
    struct rig_event *event;
    char text[256];

    if (run->muted)
        return;
    run->update->protocol->describe(message, text, sizeof text);
    event = rig_event_new(RIG_EVENT_LINK);
    rig_event_text(event, RIG_KEY_DIR, message->sent ? "tx" : "rx");
    rig_event_hex(event, RIG_KEY_BYTES_HEX, message->bytes, message->n_bytes);
    rig_event_text(event, RIG_KEY_TEXT, text);
    rig_event_text(event, RIG_KEY_FAULT, message->fault);
    rig_run_emit(run, event);
}

static void characteristic_free(gpointer item)
{
    struct rig_characteristic *characteristic = item;

    g_free((char *)characteristic->name);
    g_free((char *)characteristic->service);
    g_free((char *)characteristic->uuid);
    g_free(characteristic);
}

void rig_run_init(struct rig_run *run, const struct rig_case *the_case, struct rig_board *board,
                  struct rig_journal *journal, struct rig_image_store *images, guint64 seed,
                  double timeout_scale)
{
    *run = (struct rig_run){
        .the_case = the_case,
        .board = board,
        .journal = journal,
        .images = images,
        .faults = rig_faults_new(seed),
        .seed = seed,
        .timeout_scale = timeout_scale,
        .trouble = {.verdict = RIG_VERDICT_PASS},
        .also = g_ptr_array_new_with_free_func(g_free),
        .step_id = g_string_new(NULL),
        .console = g_ptr_array_new_with_free_func(g_free),
        .characteristics = g_ptr_array_new_with_free_func(characteristic_free),
        .flash_watches =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref),
    };
    run->update = rig_update_new(&(const struct rig_update_setting){.board = board,
                                                                    .faults = run->faults,
                                                                    .trace = on_message,
                                                                    .user = run,
                                                                    .timeout_scale = timeout_scale});
    board->listener = (struct rig_board_listener){.console = on_console,
                                                  .boot = on_boot,
                                                  .link = on_link,
                                                  .packet_fault = on_packet_fault,
                                                  .user = run};
}

void rig_run_clear(struct rig_run *run)
{
    run->board->listener = (struct rig_board_listener){0};
    rig_update_free(run->update);
    rig_update_free(run->looker);
    if (run->looker_faults)
        rig_faults_free(run->looker_faults);
    rig_faults_free(run->faults);
    rig_trouble_clear(&run->trouble);
    g_ptr_array_unref(run->also);
    g_free(run->boot_stop);
    g_ptr_array_unref(run->console);
    g_ptr_array_unref(run->characteristics);
    g_hash_table_unref(run->flash_watches);
    g_string_free(run->step_id, TRUE);
    g_free(run->cut_text);
    g_free(run->path_text);
    g_strfreev(run->path_trailers);
    rig_watch_free(run->watch);
}

guint64 rig_run_now_us(const struct rig_run *run)
{
    return run->board->ops->now_us(run->board);
}

guint64 rig_run_deadline_us(const struct rig_run *run, const struct rig_step *step)
{
    return rig_run_now_us(run) + (guint64)((double)step->within_us * run->timeout_scale);
}

bool rig_run_troubled(const struct rig_run *run)
{
    return run->trouble.verdict != RIG_VERDICT_PASS;
}

static void set_trouble(struct rig_run *run, enum rig_verdict verdict, const char *expected, const char *seen,
                        char *message /* taken */)
{
    bool unready = run->in_setup && verdict == RIG_VERDICT_FAIL;

    /* A skip says that nothing went wrong: what does go wrong afterwards is no detail of it. */
    if (run->trouble.verdict == RIG_VERDICT_SKIP && verdict != RIG_VERDICT_SKIP)
        rig_trouble_clear(&run->trouble);
    else if (rig_run_troubled(run)) {
        g_ptr_array_add(run->also, message);
        return;
    }
    run->trouble.verdict = unready ? RIG_VERDICT_ERROR : verdict;
    run->trouble.message =
        unready ? g_strdup_printf("setup did not come to where the case starts: %s", message) : message;
    if (unready)
        g_free(message);
    run->trouble.expected = g_strdup(expected);
    run->trouble.seen = g_strdup(seen);
    run->trouble.step = run->step;
    run->trouble.step_id = g_strdup(run->step_id->str);
}

void rig_run_fail(struct rig_run *run, const char *expected, const char *seen, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    set_trouble(run, RIG_VERDICT_FAIL, expected, seen, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

void rig_run_error(struct rig_run *run, GError *error)
{
    bool interrupted = g_error_matches(error, RIG_ERROR, RIG_ERROR_INTERRUPTED);
    bool first = !rig_run_troubled(run) || run->trouble.verdict == RIG_VERDICT_SKIP;

    set_trouble(run, RIG_VERDICT_ERROR, NULL, NULL, g_strdup(error->message));
    if (first && interrupted)
        run->trouble.interrupted = true;
    g_error_free(error);
}

void rig_run_unable(struct rig_run *run, GError *error)
{
    if (!g_error_matches(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED)) {
        rig_run_error(run, error);
        return;
    }
    set_trouble(run, RIG_VERDICT_SKIP, NULL, NULL, g_strdup(error->message));
    g_error_free(error);
}

void rig_run_error_text(struct rig_run *run, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    set_trouble(run, RIG_VERDICT_ERROR, NULL, NULL, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

void rig_run_unfinished(struct rig_run *run, const char *format, ...)
{
    bool first = !rig_run_troubled(run);
    va_list arguments;

    va_start(arguments, format);
    set_trouble(run, RIG_VERDICT_ERROR, NULL, NULL, g_strdup_vprintf(format, arguments));
    va_end(arguments);
    run->trouble.unfinished |= first;
}

void rig_run_emit(struct rig_run *run, struct rig_event *event)
{
    if (run->muted)
        rig_event_free(event);
    else
        rig_journal_emit(run->journal, (gint64)rig_run_now_us(run), event);
}

bool rig_run_expect(struct rig_run *run, bool ok, const char *what, const char *expected, const char *seen)
{
    if (!run->muted) {
        struct rig_event *event = rig_event_new(RIG_EVENT_EXPECT);

        rig_event_text(event, RIG_KEY_STEP, run->step_id->str);
        rig_event_flag(event, RIG_KEY_OK, ok);
        rig_event_text(event, RIG_KEY_WHAT, what);
        rig_event_text(event, RIG_KEY_EXPECTED, expected);
        rig_event_text(event, RIG_KEY_SEEN, seen);
        rig_run_emit(run, event);
    }
    if (!ok)
        rig_run_fail(run, expected, seen, "%s: expected %s, seen %s", what, expected, seen);
    return ok;
}

static void emit_text(struct rig_run *run, enum rig_event_kind kind, char *text /* taken */)
{
    struct rig_event *event = rig_event_new(kind);

    rig_event_text(event, RIG_KEY_TEXT, text);
    g_free(text);
    rig_run_emit(run, event);
}

void rig_run_note(struct rig_run *run, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    emit_text(run, RIG_EVENT_NOTE, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

void rig_run_power_event(struct rig_run *run, const char *what, const char *text, const char *proof)
{
    struct rig_event *event = rig_event_new(RIG_EVENT_POWER);

    rig_event_text(event, RIG_KEY_WHAT, what);
    rig_event_text(event, RIG_KEY_TEXT, text);
    rig_event_text(event, RIG_KEY_PROOF, proof);
    rig_run_emit(run, event);
}

void rig_run_fault_event(struct rig_run *run, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    emit_text(run, RIG_EVENT_FAULT, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

static void emit_step_start(struct rig_run *run, const struct rig_step *step)
{
    struct rig_event *event;

    if (run->muted)
        return;
    event = rig_event_new(RIG_EVENT_STEP_START);
    rig_event_text(event, RIG_KEY_STEP, run->step_id->str);
    rig_event_text(event, RIG_KEY_VERB, step->verb->name);
    rig_event_text(event, RIG_KEY_TEXT, step->text);
    rig_event_text(event, RIG_KEY_FILE, step->source->path);
    rig_event_count(event, RIG_KEY_LINE, step->at.line);
    rig_event_count(event, RIG_KEY_COLUMN, step->at.column);
    rig_run_emit(run, event);
}

static void emit_step_end(struct rig_run *run, const char *id, guint64 started_us)
{
    guint64 now_us = rig_run_now_us(run);
    struct rig_event *event;

    if (run->muted)
        return;
    event = rig_event_new(RIG_EVENT_STEP_END);
    rig_event_text(event, RIG_KEY_STEP, id);
    rig_event_text(event, RIG_KEY_VERDICT, rig_verdict_word(run->trouble.verdict));
    /* A step that prepares the board starts the clock anew. */
    rig_event_count(event, RIG_KEY_ELAPSED_US, (gint64)(now_us >= started_us ? now_us - started_us : now_us));
    rig_run_emit(run, event);
}

static void check_interrupt(struct rig_run *run)
{
    if (!run->board->interrupted || !*run->board->interrupted)
        return;
    rig_run_error(run, g_error_new_literal(RIG_ERROR, RIG_ERROR_INTERRUPTED, "interrupted"));
}

static void run_step(struct rig_run *run, const struct rig_step *step, const char *id)
{
    const struct rig_step *outer = run->step;
    g_autofree char *outer_id = g_strdup(run->step_id->str);
    guint64 started_us;

    run->step = step;
    g_string_assign(run->step_id, id);
    started_us = rig_run_now_us(run);
    emit_step_start(run, step);
    check_interrupt(run);
    if (!rig_run_troubled(run))
        step->verb->run(run, step);
    emit_step_end(run, id, started_us);
    run->step = outer;
    g_string_assign(run->step_id, outer_id);
}

void rig_run_steps(struct rig_run *run, const GPtrArray *steps, const char *prefix)
{
    for (guint i = 0; steps && i < steps->len && !rig_run_troubled(run); i++) {
        g_autofree char *id = g_strdup_printf("%s.%u", prefix, i);

        run_step(run, g_ptr_array_index(steps, i), id);
    }
}

struct settling {
    struct rig_run *run;
    guint64 n_operations;
    rig_board_condition stop;
    void *user;
};

static guint64 count_operations(struct rig_run *run)
{
    const struct rig_board_flash_watch *watch = run->board->flash_watch;

    return watch ? watch->n_operations(run->board) : 0;
}

static bool stirred(void *user)
{
    struct settling *settling = user;

    return (settling->stop && settling->stop(settling->user)) ||
           count_operations(settling->run) != settling->n_operations;
}

bool rig_run_settle(struct rig_run *run, guint64 until_us, rig_board_condition stop, void *user)
{
    struct settling settling = {.run = run, .stop = stop, .user = user};
    GError *error = NULL;
    bool again = true;

    while (again && rig_run_now_us(run) < until_us) {
        guint64 quiet_us = MIN(until_us, rig_run_now_us(run) + QUIET_US);

        settling.n_operations = count_operations(run);
        if (!rig_board_wait_for(run->board, quiet_us, stirred, &settling, &again, &error)) {
            rig_run_error(run, error);
            return false;
        }
        if (stop && stop(user))
            return true;
    }
    return true;
}

/* --- what steps look at --- */

const struct rig_built_image *rig_run_image(struct rig_run *run, const char *name)
{
    GError *error = NULL;
    const struct rig_built_image *image =
        rig_image_store_get(run->images, run->the_case, name, run->board, &error);

    if (!image)
        rig_run_unable(run, error);
    return image;
}

const char *rig_run_image_by_hash(struct rig_run *run, const guint8 hash[RIG_IMAGE_HASH_BYTES])
{
    for (guint i = 0; i < run->the_case->images->len; i++) {
        const struct rig_image_plan *plan = g_ptr_array_index(run->the_case->images, i);
        const struct rig_built_image *image =
            rig_image_store_get(run->images, run->the_case, plan->name, run->board, NULL);

        if (image && image->has_hash && memcmp(image->hash, hash, RIG_IMAGE_HASH_BYTES) == 0)
            return plan->name;
    }
    return NULL;
}

char *rig_run_describe_board(struct rig_run *run, const struct rig_board_view *view)
{
    const char *name = view->has_image ? rig_run_image_by_hash(run, view->hash) : NULL;
    char version[RIG_IMAGE_VERSION_TEXT_BYTES];

    if (view->state == RIG_STATE_HUNG && run->boot_stop)
        return g_strdup_printf("the bootloader stopped: %s", run->boot_stop);
    if (view->state != RIG_STATE_RUNNING || !view->has_image)
        return g_strdup(rig_run_state_name(view->state));
    rig_image_version_format(&view->version, version);
    /* A legacy bootloader of Nordic's records no version, and neither family knows a trial. */
    if (run->board->layout.family == RIG_BOOTLOADER_NORDIC_LEGACY)
        return g_strdup(name ? name : "an image that is not of this scenario");
    if (run->board->layout.family == RIG_BOOTLOADER_NORDIC_SECURE)
        return g_strdup_printf("%s %s", name ? name : "an image that is not of this scenario,", version);
    return g_strdup_printf("%s %s (%s)", name ? name : "an image that is not of this scenario,", version,
                           view->confirmed ? "confirmed" : "unconfirmed");
}

bool rig_run_can_look(struct rig_run *run)
{
    struct rig_probe *probe = run->board->probe;
    struct rig_board_view view;
    GError *error = NULL;

    if (!probe || probe->ops->view(probe, &view, &error))
        return true;
    rig_run_error(run, error);
    return false;
}

void rig_run_mark_boots(struct rig_run *run)
{
    struct rig_probe *probe = run->board->probe;
    struct rig_board_view view;
    bool seen = probe && probe->ops->view(probe, &view, NULL);

    /* A look at the board brings in lines that it said before. */
    g_ptr_array_set_size(run->console, 0);
    if (!seen)
        return;
    run->boots_before = view.n_boots;
    run->resets_before = view.n_resets;
}

static bool read_slot(const void *user, uint32_t offset, void *into, size_t n_bytes)
{
    const struct rig_slot_reader *reader = user;

    if (offset > reader->slot.n_bytes || n_bytes > reader->slot.n_bytes - offset)
        return false;
    return reader->probe->ops->read(reader->probe, reader->slot.device, reader->slot.device_offset + offset,
                                    into, n_bytes, NULL);
}

bool rig_slot_open(struct rig_run *run, guint index, struct rig_slot_reader *storage,
                   struct rig_image_source *source)
{
    storage->probe = run->board->probe;
    if (!storage->probe || !rig_layout_slot(storage->probe->layout, index, &storage->slot))
        return false;
    /* Bank 1 begins where the recorded application ends; unread, it stays where the set-up put it. */
    if (run->board->layout.family != RIG_BOOTLOADER_MCUBOOT)
        (void)!rig_nordic_bank(storage->probe, index, &storage->slot, NULL);
    *source = (struct rig_image_source){.read = read_slot, .user = storage, .n_bytes = storage->slot.n_bytes};
    return true;
}

static char *trailer_text(struct rig_run *run, guint index)
{
    struct rig_slot_reader reader;
    struct rig_image_source source;
    struct rig_trailer trailer;
    char status[RIG_TRAILER_STATUS_TEXT_BYTES];
    char size[16];

    if (!rig_slot_open(run, index, &reader, &source))
        return NULL;
    if (!rig_trailer_decode(&reader.slot.geometry, &source, &trailer))
        return g_strdup_printf("%s: not read", reader.slot.name);
    rig_trailer_status_text(&reader.slot.geometry, &trailer, status);
    g_snprintf(size, sizeof size, "%u", trailer.swap_size);
    return g_strdup_printf("%s: magic %s, swap type %s, copy_done %s, image_ok %s, swap size %s, %s",
                           reader.slot.name, rig_trailer_magic_name(trailer.magic),
                           rig_swap_type_name(trailer.swap_type), rig_trailer_flag_name(trailer.copy_done),
                           rig_trailer_flag_name(trailer.image_ok), trailer.swap_size_erased ? "unset" : size,
                           status);
}

char **rig_run_trailers(struct rig_run *run)
{
    struct rig_probe *probe = run->board->probe;
    GPtrArray *texts;

    if (run->path_trailers)
        return g_strdupv(run->path_trailers);
    if (probe && probe->layout->family != RIG_BOOTLOADER_MCUBOOT)
        return rig_nordic_settings_texts(probe);
    texts = g_ptr_array_new();
    for (guint i = 0; probe && i < probe->layout->n_slots; i++) {
        char *text = trailer_text(run, i);

        if (text)
            g_ptr_array_add(texts, text);
    }
    g_ptr_array_add(texts, NULL);
    return (char **)g_ptr_array_free(texts, FALSE);
}
