/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looking at a board, and setting it up, through its SMP server. */
#include "steps/look.h"

#include "base/error.h"
#include "drivers/update/smp/smp_client.h"

#include <string.h>

#define ASK_AGAIN_US (300u * 1000)
#define ONE_LOOK_US (3u * 1000 * 1000)
/* Servers answer a reset first and do it a moment later (Zephyr: 250 ms). */
#define GONE_US (1200u * 1000)
#define FIRST_LOOK_US (10u * 1000 * 1000)
#define ERASE_US (60u * 1000 * 1000)

const char *rig_look_lacks(const char *const *capabilities)
{
    bool sees = g_strv_contains(capabilities, "probe") || g_strv_contains(capabilities, "smp");

    return sees ? NULL : "probe";
}

bool rig_look_by_server(const struct rig_board *board)
{
    return !board->probe && board->link && rig_update_protocol_of(board) == &rig_update_smp;
}

static struct rig_smp_client *looker_of(struct rig_run *run)
{
    struct rig_update_setting setting = run->update->setting;

    if (!run->looker) {
        run->looker_faults = rig_faults_new(0);
        setting.faults = run->looker_faults;
        run->looker = rig_update_new(&setting);
    }
    return rig_smp_client_of(run->looker);
}

static bool is_connected(const struct rig_run *run)
{
    struct rig_link_state state;

    run->board->link->ops->state(run->board->link, &state);
    return state.connected;
}

static void hang_up(struct rig_run *run)
{
    GError *error = NULL;

    if (is_connected(run) && !run->board->link->ops->disconnect(run->board->link, &error))
        rig_run_error(run, error);
}

/* How much a message may hold. */
static bool greet(struct rig_run *run, guint64 until_us)
{
    struct rig_update_result result;
    GError *error = NULL;

    until_us = MIN(until_us, rig_run_now_us(run) + ONE_LOOK_US);
    if (rig_update_smp.greet(run->looker, until_us, &result, &error))
        return result.kind == RIG_UPDATE_DONE;
    rig_run_error(run, error);
    return false;
}

/* false: nobody is there, or trouble. */
static bool be_connected(struct rig_run *run, guint64 until_us)
{
    const struct rig_link_connect how = {.pair = run->board->demands.encryption, .until_us = until_us};
    enum rig_link_outcome outcome = RIG_LINK_OK;
    GError *error = NULL;

    if (is_connected(run))
        return true;
    if (!rig_update_connect(run->looker, &how, &outcome, &error)) {
        rig_run_error(run, error);
        return false;
    }
    return outcome == RIG_LINK_OK && greet(run, until_us);
}

/* On the connection that stands. false: no such answer, or trouble. */
static bool ask(struct rig_run *run, const guint8 *request, gsize n_bytes, guint64 until_us,
                struct rig_smp_response *response, struct rig_update_result *result)
{
    GError *error = NULL;

    if (!rig_smp_exchange(looker_of(run), request, n_bytes, until_us, response, result, &error)) {
        rig_run_error(run, error);
        return false;
    }
    return result->kind == RIG_UPDATE_DONE;
}

static bool ask_for_list(struct rig_run *run, guint64 until_us, struct rig_smp_response *list)
{
    struct rig_smp_client *looker = looker_of(run);
    struct rig_update_result result;
    guint8 request[64];
    gsize n_bytes = rig_smp_encode_image_list(rig_smp_next_id(looker), request, sizeof request);

    until_us = MIN(until_us, rig_run_now_us(run) + ONE_LOOK_US);
    return ask(run, request, n_bytes, until_us, list, &result) && list->has_images;
}

bool rig_look_list(struct rig_run *run, guint64 until_us, struct rig_smp_response *list)
{
    struct rig_smp_client *looker = looker_of(run);
    bool was_connected = is_connected(run);
    bool told;

    *list = (struct rig_smp_response){0};
    told = looker && be_connected(run, until_us) && ask_for_list(run, until_us, list);
    if (!was_connected)
        hang_up(run);
    return told && !rig_run_troubled(run);
}

const struct rig_smp_image_entry *rig_look_entry(const struct rig_smp_response *list, guint slot)
{
    for (gsize i = 0; i < list->n_images; i++)
        if (list->images[i].image == slot / 2 && list->images[i].slot == slot % 2)
            return &list->images[i];
    return NULL;
}

static const struct rig_smp_image_entry *active_entry(const struct rig_smp_response *list)
{
    for (gsize i = 0; i < list->n_images; i++)
        if (list->images[i].image == 0 && list->images[i].active)
            return &list->images[i];
    return NULL;
}

static void fill_view(const struct rig_smp_response *list, struct rig_board_view *view)
{
    const struct rig_smp_image_entry *entry = active_entry(list);
    unsigned major = 0, minor = 0, revision = 0, build = 0;

    *view = (struct rig_board_view){.state = RIG_STATE_RUNNING, .has_image = entry != NULL};
    if (!entry)
        return;
    (void)!sscanf(entry->version, "%3u.%3u.%5u.%10u", &major, &minor, &revision, &build);
    view->version = (struct rig_image_version){
        .major = (guint8)major, .minor = (guint8)minor, .revision = (guint16)revision, .build = build};
    memcpy(view->hash, entry->hash, MIN(sizeof view->hash, entry->hash_bytes));
    view->confirmed = entry->confirmed;
}

static bool never(void *user)
{
    (void)user;
    return false;
}

/* Lets the board be for a while. false: trouble. */
static bool let_be(struct rig_run *run, guint64 for_us)
{
    GError *error = NULL;
    bool satisfied;

    if (rig_board_wait_for(run->board, rig_run_now_us(run) + for_us, never, NULL, &satisfied, &error))
        return true;
    rig_run_error(run, error);
    return false;
}

bool rig_look_until(struct rig_run *run, guint64 until_us, rig_look_fits fits, void *user,
                    struct rig_board_view *view)
{
    do {
        struct rig_smp_response list;

        *view = (struct rig_board_view){.state = RIG_STATE_BOOTING};
        if (rig_look_list(run, until_us, &list)) {
            fill_view(&list, view);
            if (fits(user, view))
                return true;
        }
    } while (!rig_run_troubled(run) && rig_run_now_us(run) + ASK_AGAIN_US < until_us &&
             let_be(run, ASK_AGAIN_US));
    return false;
}

static bool answers(void *user, const struct rig_board_view *view)
{
    (void)user;
    return view->state == RIG_STATE_RUNNING;
}

bool rig_look_await_return(struct rig_run *run, guint64 until_us)
{
    struct rig_board_view view;

    if (!let_be(run, GONE_US))
        return false;
    hang_up(run);
    rig_update_restart(run->update);
    if (!rig_run_troubled(run) && !rig_look_until(run, until_us, answers, NULL, &view) &&
        !rig_run_troubled(run))
        rig_run_fail(run, "the update server answers again", "silence",
                     "the update server did not come back after a reset before the deadline");
    return !rig_run_troubled(run);
}

bool rig_look_reset(struct rig_run *run, guint64 until_us)
{
    struct rig_smp_client *looker = looker_of(run);
    struct rig_update_result result = {.kind = RIG_UPDATE_NO_ANSWER};
    guint8 request[64];
    gsize n_bytes = rig_smp_encode_reset(rig_smp_next_id(looker), true, false, request, sizeof request);

    if (be_connected(run, until_us) &&
        ask(run, request, n_bytes, MIN(until_us, rig_run_now_us(run) + ONE_LOOK_US), NULL, &result))
        return rig_look_await_return(run, until_us);
    if (!rig_run_troubled(run))
        rig_run_error_text(run, "the board was asked to reset itself, as nothing else can: %s",
                           result.kind == RIG_UPDATE_NO_ANSWER ? "no answer" : result.text);
    return false;
}

/* --- a set-up by updates --- */

static bool holds(const struct rig_smp_image_entry *entry, const struct rig_built_image *image)
{
    return entry && image && entry->hash_bytes == image->n_smp_hash && image->n_smp_hash &&
           memcmp(entry->hash, image->smp_hash, image->n_smp_hash) == 0;
}

static void not_so(struct rig_run *run, const char *what, const struct rig_built_image *image,
                   const char *why)
{
    if (!rig_run_troubled(run))
        rig_run_unable(run,
                       g_error_new(RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                                   "this board has nothing but its update server, and %s%s%s%s: %s", what,
                                   image ? " '" : "", image ? image->name : "", image ? "'" : "", why));
}

static bool send(struct rig_run *run, const struct rig_built_image *image, guint64 until_us)
{
    const struct rig_update_transfer transfer = {.bytes = g_bytes_get_data(image->file, NULL),
                                                 .n_bytes = g_bytes_get_size(image->file),
                                                 .image = image->index,
                                                 .window = 1,
                                                 .until_us = until_us};
    struct rig_update_report report;
    struct rig_update_result result;
    GError *error = NULL;

    if (!rig_update_smp.transfer(run->looker, &transfer, &report, &result, &error)) {
        rig_run_error(run, error);
        return false;
    }
    if (result.kind != RIG_UPDATE_DONE)
        not_so(run, "it does not take image", image, result.text);
    return !rig_run_troubled(run);
}

/* image NULL: the one that runs. */
static bool keep(struct rig_run *run, const struct rig_built_image *image, guint64 until_us)
{
    const struct rig_update_activation activation = {.hash = image ? image->smp_hash : NULL,
                                                     .n_hash = image ? image->n_smp_hash : 0,
                                                     .permanent = true,
                                                     .until_us = until_us};
    struct rig_update_result result;
    GError *error = NULL;

    if (!rig_update_smp.activate(run->looker, &activation, &result, &error)) {
        rig_run_error(run, error);
        return false;
    }
    if (result.kind != RIG_UPDATE_DONE)
        not_so(run, "it does not keep image", image, result.text);
    return !rig_run_troubled(run);
}

static bool erase(struct rig_run *run, guint64 until_us)
{
    struct rig_update_result result = {.kind = RIG_UPDATE_NO_ANSWER};
    guint8 request[64];
    gsize n_bytes = rig_smp_encode_erase(rig_smp_next_id(looker_of(run)), 1, request, sizeof request);

    if (!ask(run, request, n_bytes, MIN(until_us, rig_run_now_us(run) + ERASE_US), NULL, &result))
        not_so(run, "it does not erase slot 1", NULL,
               result.kind == RIG_UPDATE_NO_ANSWER ? "no answer" : result.text);
    return !rig_run_troubled(run);
}

static bool look_again(struct rig_run *run, guint64 until_us, struct rig_smp_response *list)
{
    if (be_connected(run, until_us) && ask_for_list(run, until_us, list))
        return true;
    if (!rig_run_troubled(run))
        rig_run_error_text(run, "the update server does not tell its images: no answer");
    return false;
}

static bool is_pending(const struct rig_smp_response *list)
{
    const struct rig_smp_image_entry *waiting = rig_look_entry(list, 1);

    return waiting && (waiting->pending || waiting->confirmed);
}

/* Whatever the case before left: an image on trial, one that waits for the next reset. */
static bool settle(struct rig_run *run, guint64 until_us, struct rig_smp_response *list)
{
    for (guint i = 0; i < 2 && is_pending(list); i++)
        if (!rig_look_reset(run, until_us) || !look_again(run, until_us, list))
            return false;
    return true;
}

static bool bring_to_run(struct rig_run *run, const struct rig_built_image *running, guint64 until_us,
                         struct rig_smp_response *list)
{
    if (holds(active_entry(list), running) && active_entry(list)->confirmed)
        return true;
    if (!holds(active_entry(list), running) &&
        (!send(run, running, until_us) || !keep(run, running, until_us) || !rig_look_reset(run, until_us) ||
         !look_again(run, until_us, list)))
        return false;
    if (!holds(active_entry(list), running)) {
        not_so(run, "it does not come to run image", running, "another one runs after the update");
        return false;
    }
    return active_entry(list)->confirmed || keep(run, NULL, until_us);
}

bool rig_look_set_up(struct rig_run *run, const struct rig_built_image *running,
                     const struct rig_built_image *waiting, guint64 until_us)
{
    struct rig_smp_response list = {0};
    struct rig_smp_client *looker = looker_of(run);

    hang_up(run);
    if (rig_run_troubled(run) || !looker ||
        !look_again(run, MIN(until_us, rig_run_now_us(run) + FIRST_LOOK_US), &list) ||
        !settle(run, until_us, &list) || !bring_to_run(run, running, until_us, &list) ||
        !erase(run, until_us) || (waiting && !send(run, waiting, until_us)))
        return false;
    hang_up(run);
    return !rig_run_troubled(run);
}
