/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SMP client: single requests. The upload is in smp_upload.c. */
#include "drivers/update/smp_client.h"

#include "protocol/smp/contract.h"

#include <string.h>

#define ANSWER_US (2500u * 1000u)
#define SLOW_ANSWER_US (40u * 1000u * 1000u)

const char *rig_smp_result_name(enum rig_smp_result_kind kind)
{
    static const char *const names[] = {"ok",          "refused", "silence", "link-lost", "malformed-answer",
                                        "no-progress", "stopped"};

    return (guint)kind < G_N_ELEMENTS(names) ? names[kind] : "unknown";
}

void rig_smp_client_init(struct rig_smp_client *client, struct rig_board *board, struct rig_faults *faults,
                         rig_smp_trace trace, void *user)
{
    *client = (struct rig_smp_client){.version = 1, .answer_us = ANSWER_US, .slow_answer_us = SLOW_ANSWER_US};
    rig_smp_transport_init(&client->transport, board, faults, trace, user);
}

void rig_smp_client_clear(struct rig_smp_client *client)
{
    rig_smp_transport_clear(&client->transport);
}

struct rig_smp_request_id rig_smp_next_id(struct rig_smp_client *client)
{
    return (struct rig_smp_request_id){.version = client->version, .sequence = client->sequence++};
}

void rig_smp_set_link_result(struct rig_smp_client *client, enum rig_link_outcome outcome,
                             struct rig_smp_result *result)
{
    struct rig_link *link = client->transport.board->link;
    struct rig_link_state state;

    result->kind = outcome == RIG_LINK_TIMEOUT ? RIG_SMP_NO_ANSWER : RIG_SMP_LINK;
    result->link = outcome;
    if (outcome == RIG_LINK_TIMEOUT) {
        g_strlcpy(result->text, "no answer", sizeof result->text);
        if (rig_smp_transport_is_broken(&client->transport, result->text, sizeof result->text))
            result->kind = RIG_SMP_NONSENSE;
        rig_smp_transport_give_up(&client->transport);
        return;
    }
    link->ops->state(link, &state);
    g_strlcpy(result->text, state.text[0] ? state.text : rig_link_outcome_name(outcome), sizeof result->text);
}

void rig_smp_judge(GBytes *request, GBytes *answer, struct rig_smp_response *response,
                   struct rig_smp_result *result)
{
    gsize n_request, n_answer;
    const guint8 *asked = g_bytes_get_data(request, &n_request);
    const guint8 *bytes = g_bytes_get_data(answer, &n_answer);
    char why[RIG_SMP_WHY_BYTES];

    if (!rig_smp_answer_keeps(asked, n_request, bytes, n_answer, response, why, sizeof why)) {
        result->kind = RIG_SMP_NONSENSE;
        g_strlcpy(result->text, why, sizeof result->text);
        return;
    }
    result->error = response->error;
    if (!response->error.failed)
        return;
    result->kind = RIG_SMP_REFUSED;
    rig_smp_error_text(&response->error, result->text, sizeof result->text);
}

static bool await(struct rig_smp_client *client, guint64 until_us, struct rig_smp_response *response,
                  struct rig_smp_result *result, GError **error)
{
    g_autoptr(GBytes) message = NULL;
    g_autoptr(GBytes) request = NULL;
    enum rig_link_outcome outcome;

    if (!rig_smp_receive(&client->transport, until_us, &message, &request, &outcome, error))
        return false;
    if (outcome != RIG_LINK_OK)
        rig_smp_set_link_result(client, outcome, result);
    else
        rig_smp_judge(request, message, response, result);
    rig_smp_transport_give_up(&client->transport);
    return true;
}

bool rig_smp_exchange(struct rig_smp_client *client, const guint8 *request, gsize n_bytes, guint64 until_us,
                      struct rig_smp_response *response, struct rig_smp_result *result, GError **error)
{
    struct rig_smp_response own;
    enum rig_link_outcome outcome;

    memset(result, 0, sizeof *result);
    g_strlcpy(result->text, "ok", sizeof result->text);
    rig_smp_begin_raw(&client->transport, NULL);
    if (!rig_smp_send(&client->transport, request, n_bytes, NULL, &outcome, error))
        return false;
    if (outcome != RIG_LINK_OK) {
        rig_smp_set_link_result(client, outcome, result);
        return true;
    }
    return await(client, until_us, response ? response : &own, result, error);
}

bool rig_smp_learn_parameters(struct rig_smp_client *client, guint64 until_us, struct rig_smp_result *result,
                              GError **error)
{
    struct rig_smp_response response;
    guint8 request[64];
    gsize n_bytes = rig_smp_encode_parameters(rig_smp_next_id(client), request, sizeof request);

    client->buf_size = client->buf_count = 0;
    if (!rig_smp_exchange(client, request, n_bytes, until_us, &response, result, error))
        return false;
    if (result->kind == RIG_SMP_DONE && response.has_parameters) {
        client->buf_size = response.buf_size;
        client->buf_count = response.buf_count;
    }
    return true;
}
