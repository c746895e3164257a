/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ATT bearer: requests and their answers, MTU, notifications, indications, what a client knows of the
 * table. [SPEC Core Vol 3 Part F; Part G 2.5.2.1, 7] */
#include "sim/chip/host/internal.h"

#include "base/bytes.h"

#include <string.h>

#define TRANSACTION_TIMEOUT_US 30000000u
#define ROBUST_CACHING 0x01
#define KEPT_FREE_FRAMES 8u /* of the queue, for answers and pairing beside notifications */

void att_reset(struct sim_stack *stack)
{
    memset(&stack->att, 0, sizeof stack->att);
    stack->att.mtu = ATT_MIN_MTU;
}

static enum rig_att_error exchange_mtu(struct sim_stack *stack, const uint8_t *parameters, size_t n_bytes,
                                       struct att_reply *reply, uint16_t *at)
{
    uint16_t own = stack->ble->config.mtu, theirs;

    (void)at;
    if (n_bytes != 2)
        return RIG_ATT_ERROR_INVALID_PDU;
    if (stack->att.mtu_exchanged)
        return RIG_ATT_ERROR_NOT_SUPPORTED;
    own = own < ATT_MIN_MTU ? ATT_MIN_MTU : own > SIM_BLE_MAX_MTU ? SIM_BLE_MAX_MTU : own;
    theirs = rig_get_le16(parameters);
    if (theirs < ATT_MIN_MTU)
        return RIG_ATT_ERROR_INVALID_PDU;
    stack->att.mtu_exchanged = true;
    rig_put_le16(reply->bytes + 1, own);
    reply->n_bytes = 3;
    stack->att.mtu = theirs < own ? theirs : own;
    stack->ble->mtu = stack->att.mtu;
    stack_tell(stack, "mtu %u", stack->att.mtu);
    return RIG_ATT_OK;
}

struct request {
    uint8_t opcode;
    bool by_number; /* means something else to a client with an old table */
    att_request serve;
};

static const struct request *find_request(uint8_t opcode)
{
    static const struct request requests[] = {
        {RIG_ATT_EXCHANGE_MTU_REQUEST, false, exchange_mtu},
        {RIG_ATT_FIND_INFORMATION_REQUEST, false, att_find_information},
        {RIG_ATT_FIND_BY_TYPE_VALUE_REQUEST, false, att_find_by_type_value},
        {RIG_ATT_READ_BY_TYPE_REQUEST, false, att_read_by_type},
        {RIG_ATT_READ_REQUEST, true, att_read},
        {RIG_ATT_READ_BLOB_REQUEST, true, att_read_blob},
        {RIG_ATT_READ_MULTIPLE_REQUEST, true, att_read_multiple},
        {RIG_ATT_READ_BY_GROUP_TYPE_REQUEST, false, att_read_by_group_type},
        {RIG_ATT_WRITE_REQUEST, true, att_write},
    };

    for (unsigned i = 0; i < sizeof requests / sizeof *requests; i++)
        if (requests[i].opcode == opcode)
            return &requests[i];
    return NULL;
}

/* [SPEC Part G 2.5.2.1] A client that asked for it is told once that its table is old; its next request says
 * that it has understood. */
static bool out_of_sync(struct sim_stack *stack, const struct request *request)
{
    struct att *att = &stack->att;

    if (!att->unaware)
        return false;
    if (att->out_of_sync_told) {
        att->unaware = att->out_of_sync_told = false;
        att_keep(stack);
        return false;
    }
    if (!request->by_number || !(att->client_features & ROBUST_CACHING))
        return false;
    att->out_of_sync_told = true;
    return true;
}

static void send_error(struct sim_stack *stack, uint8_t opcode, uint16_t at, enum rig_att_error error)
{
    uint8_t pdu[5] = {RIG_ATT_ERROR_RESPONSE, opcode, 0, 0, (uint8_t)error};

    rig_put_le16(pdu + 2, at);
    hci_send_frame(stack, RIG_L2CAP_CID_ATT, pdu, sizeof pdu);
}

static void take_request(struct sim_stack *stack, const uint8_t *pdu, size_t n_bytes)
{
    const struct request *request = find_request(pdu[0]);
    struct att_reply reply = {.n_bytes = 1};
    enum rig_att_error error = RIG_ATT_ERROR_NOT_SUPPORTED;
    struct att_reply *forced = &stack->forced_answer;
    uint16_t at = 0;

    if (forced->n_bytes > 0) {
        hci_send_frame(stack, RIG_L2CAP_CID_ATT, forced->bytes, forced->n_bytes);
        forced->n_bytes = 0;
        return;
    }
    if (request)
        error = out_of_sync(stack, request) ? RIG_ATT_ERROR_OUT_OF_SYNC
                                            : request->serve(stack, pdu + 1, n_bytes - 1, &reply, &at);
    if (error != RIG_ATT_OK) {
        send_error(stack, pdu[0], at, error);
        return;
    }
    reply.bytes[0] = (uint8_t)(pdu[0] + 1);
    if (stack->ble->config.misbehaves & SIM_BLE_CUTS_ATT_ANSWERS && reply.n_bytes > 2)
        reply.n_bytes = 2;
    hci_send_frame(stack, RIG_L2CAP_CID_ATT, reply.bytes, reply.n_bytes);
    misbehave_after_att_answer(stack);
}

/* A command has no answer: what cannot be done is not done. */
static void take_command(struct sim_stack *stack, const uint8_t *pdu, size_t n_bytes)
{
    const struct sim_gatt_attribute *attribute;
    uint16_t at = 0;

    if (pdu[0] != RIG_ATT_WRITE_COMMAND ||
        (stack->att.unaware && stack->att.client_features & ROBUST_CACHING))
        return;
    attribute = n_bytes >= 3 ? sim_gatt_find(&stack->table, rig_get_le16(pdu + 1)) : NULL;
    if (attribute && attribute->source == SIM_GATT_FROM_FIRMWARE &&
        att_take_write(stack, false, pdu + 1, n_bytes - 1, &at) != RIG_ATT_OK)
        stack_tell(stack, "a write command was dropped");
}

static void confirmed(struct sim_stack *stack)
{
    if (!stack->att.indicating)
        return;
    stack->att.indicating = false;
    if (!stack->att.indicates_change) {
        sim_ble_take_confirmation(stack->ble);
        return;
    }
    stack->att.unaware = stack->att.out_of_sync_told = false;
    att_keep(stack);
}

void att_receive(struct sim_stack *stack, const uint8_t *pdu, size_t n_bytes)
{
    if (n_bytes > stack->att.mtu)
        return;
    if (pdu[0] == RIG_ATT_CONFIRMATION)
        confirmed(stack);
    else if (pdu[0] & RIG_ATT_COMMAND_BIT)
        take_command(stack, pdu, n_bytes);
    else if (!(pdu[0] & 1)) /* requests are even, answers odd: nobody asked for one */
        take_request(stack, pdu, n_bytes);
}

/* --- notifications and indications --- */

static void awaits_confirmation(struct sim_stack *stack, bool of_change)
{
    stack->att.indicating = true;
    stack->att.indicates_change = of_change;
    stack->att.confirm_due_us = stack->now_us + TRANSACTION_TIMEOUT_US;
}

static void send_value(struct sim_stack *stack, const struct sim_pdu *sent)
{
    uint8_t pdu[SIM_BLE_MAX_MTU] = {sent->acknowledged ? RIG_ATT_INDICATION : RIG_ATT_NOTIFICATION};
    size_t n_bytes = sent->n_bytes > stack->att.mtu - 3u ? stack->att.mtu - 3u : sent->n_bytes;

    rig_put_le16(pdu + 1, stack->table.value[sent->characteristic]);
    memcpy(pdu + 3, sent->value, n_bytes);
    if (hci_send_frame(stack, RIG_L2CAP_CID_ATT, pdu, 3 + n_bytes) && sent->acknowledged)
        awaits_confirmation(stack, false);
}

static void deliver(void *user, const struct sim_pdu *pdu)
{
    struct sim_stack *stack = user;

    if (pdu->direction == SIM_PDU_WRITES)
        stack->write_error = (enum rig_att_error)sim_ble_take_write(
            stack->ble, pdu->characteristic, pdu->acknowledged, pdu->value, pdu->n_bytes);
    else
        send_value(stack, pdu);
}

static void hang_up(void *user, uint8_t reason)
{
    link_end(user, reason);
}

static void vanish(void *user)
{
    link_vanish(user);
}

static struct sim_pdu_way way_of(struct sim_stack *stack)
{
    return (struct sim_pdu_way){.deliver = deliver, .hang_up = hang_up, .vanish = vanish, .user = stack};
}

enum rig_att_error att_pass(struct sim_stack *stack, const struct sim_pdu *pdu)
{
    struct sim_pdu_way way = way_of(stack);
    uint32_t n_struck = stack->faults.n_struck;
    char text[SIM_PDU_STRIKE_TEXT_BYTES];

    stack->write_error = RIG_ATT_OK;
    sim_pdu_faults_pass(&stack->faults, stack->now_us, pdu, &way);
    if (stack->faults.n_struck != n_struck) {
        sim_pdu_strike_text(&stack->faults.last, text, sizeof text);
        stack_tell(stack, SIM_PDU_STRIKE_PREFIX "%s", text);
    }
    return stack->write_error;
}

void att_release(struct sim_stack *stack)
{
    struct sim_pdu_way way = way_of(stack);

    sim_pdu_faults_release(&stack->faults, stack->now_us, &way);
}

/* One indication at a time [SPEC Part F 3.4.7.2]: what comes behind it waits. */
static void send_arrived(struct sim_stack *stack)
{
    const struct sim_ble_packet *next;

    while (hci_room_frames(stack) > KEPT_FREE_FRAMES && (next = sim_ble_arrived(stack->ble)) &&
           !(next->indicated && stack->att.indicating)) {
        const struct sim_ble_packet packet = *next;

        sim_ble_drop_arrived(stack->ble);
        if (!stack->link.silent)
            att_pass(stack, &(struct sim_pdu){.direction = SIM_PDU_NOTIFICATIONS,
                                              .characteristic = packet.characteristic,
                                              .acknowledged = packet.indicated,
                                              .value = packet.bytes,
                                              .n_bytes = packet.n_bytes});
    }
}

void att_indicate_change(struct sim_stack *stack)
{
    stack->att.change_pending = stack->table.service_changed != 0;
}

static void send_change(struct sim_stack *stack)
{
    uint8_t pdu[7] = {RIG_ATT_INDICATION};
    struct att *att = &stack->att;

    if (!att->change_pending || att->indicating || !(att->ccc[stack->table.service_changed_ccc] & 2))
        return;
    rig_put_le16(pdu + 1, stack->table.service_changed);
    rig_put_le16(pdu + 3, 0x0001);
    rig_put_le16(pdu + 5, 0xffff);
    if (!hci_send_frame(stack, RIG_L2CAP_CID_ATT, pdu, sizeof pdu))
        return;
    att->change_pending = false;
    awaits_confirmation(stack, true);
}

void att_tick(struct sim_stack *stack)
{
    if (!stack->link.up)
        return;
    send_change(stack);
    send_arrived(stack);
    if (stack->att.indicating && stack->now_us >= stack->att.confirm_due_us) {
        /* [SPEC Part F 3.3.3] No more ATT on this bearer: nothing is left but to hang up. */
        stack->att.indicating = false;
        stack_tell(stack, "an indication was not confirmed");
        link_end(stack, RIG_HCI_ERROR_REMOTE_USER);
    }
}

uint64_t att_due_us(const struct sim_stack *stack)
{
    return stack->link.up && stack->att.indicating ? stack->att.confirm_due_us : STACK_NEVER;
}

/* --- what outlives the link --- */

void att_keep(struct sim_stack *stack)
{
    struct sim_bond *bond = stack_bond(stack);

    if (!bond || !stack->link.encrypted)
        return;
    memcpy(bond->ccc, stack->att.ccc, sizeof bond->ccc);
    bond->client_features = stack->att.client_features;
    if (!stack->att.unaware) {
        bond->knows_table = true;
        memcpy(bond->table_hash, stack->table.hash, sizeof bond->table_hash);
    }
}

static void resubscribe(struct sim_stack *stack)
{
    for (unsigned i = 0; i < SIM_GATT_MAX_CHARACTERISTICS; i++)
        if (stack->table.value[i] && stack->table.ccc[i] != SIM_GATT_NO_CCC)
            (void)sim_ble_take_subscription(stack->ble, i,
                                            (enum sim_gatt_subscription)stack->att.ccc[stack->table.ccc[i]]);
}

void att_restore(struct sim_stack *stack)
{
    struct sim_bond *bond = stack_bond(stack);
    struct att *att = &stack->att;

    if (!bond || !stack->link.encrypted)
        return;
    if (bond->knows_table) {
        memcpy(att->ccc, bond->ccc, sizeof att->ccc);
        att->client_features = bond->client_features;
        att->unaware = memcmp(bond->table_hash, stack->table.hash, sizeof bond->table_hash) != 0;
        if (att->unaware)
            att_indicate_change(stack);
        resubscribe(stack);
    }
    att_keep(stack);
}
