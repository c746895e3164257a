/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Link role: the simulated board's peripheral, reached in process. The host's half of the bond lives here. */
#include "drivers/sim/sim_driver.h"

#include "sim/chip/ble/ble.h"

#include <string.h>

static const struct sim_ble_central hosts[2] = {{.address = {0xb0, 0x07, 0x21, 0x60, 0x00, 0x01}},
                                                {.address = {0xb0, 0x07, 0x21, 0x60, 0x00, 0x02}}};

static const char *reason_text(guint8 hci_reason)
{
    switch (hci_reason) {
    case 0x05:
        return "authentication failure";
    case 0x06:
        return "PIN or key missing";
    case 0x08:
        return "supervision timeout";
    case 0x13:
        return "remote user terminated";
    case 0x16:
        return "terminated by the host";
    case 0x3d:
        return "MIC failure";
    default:
        return "unknown reason";
    }
}

static enum rig_link_outcome outcome_from(enum sim_ble_outcome outcome)
{
    static const enum rig_link_outcome outcomes[] = {
        [SIM_BLE_OK] = RIG_LINK_OK,
        [SIM_BLE_NOT_THERE] = RIG_LINK_NOT_FOUND,
        [SIM_BLE_NOT_CONNECTED] = RIG_LINK_LOST,
        [SIM_BLE_KEY_MISSING] = RIG_LINK_KEY_MISSING,
        [SIM_BLE_MIC_FAILURE] = RIG_LINK_KEY_DIFFERENT,
        [SIM_BLE_PAIRING_REFUSED] = RIG_LINK_PAIRING_REFUSED,
        [SIM_BLE_NO_ANSWER] = RIG_LINK_TIMEOUT,
        [SIM_BLE_NEEDS_ENCRYPTION] = RIG_LINK_NOT_ENCRYPTED,
        [SIM_BLE_TOO_LONG] = RIG_LINK_TOO_LONG,
        [SIM_BLE_NO_SERVICE] = RIG_LINK_NO_SERVICE,
        [SIM_BLE_NO_CHARACTERISTIC] = RIG_LINK_NO_CHARACTERISTIC,
        [SIM_BLE_NO_PROPERTY] = RIG_LINK_NO_PROPERTY,
        [SIM_BLE_ATT_ERROR] = RIG_LINK_ATT_ERROR,
    };

    return outcomes[outcome];
}

static struct rig_sim_link *self(struct rig_link *link)
{
    return (struct rig_sim_link *)link;
}

static void tell(struct rig_sim_link *link)
{
    struct rig_sim *sim = link->sim;

    if (sim->board.listener.link)
        sim->board.listener.link(sim->board.listener.user, rig_sim_now_us(sim), link->text);
}

static void set_text(struct rig_sim_link *link, enum rig_link_outcome outcome)
{
    g_strlcpy(link->text, rig_link_outcome_name(outcome), sizeof link->text);
}

void rig_sim_link_notice(struct rig_sim_link *link)
{
    guint8 reason;

    if (!link->up || sim_board_ble_connected(link->sim->sim))
        return;
    link->up = false;
    memset(link->subscribed, 0, sizeof link->subscribed);
    reason = sim_board_ble_last_reason(link->sim->sim);
    g_snprintf(link->text, sizeof link->text, "disconnected: %s (HCI 0x%02x)", reason_text(reason), reason);
    tell(link);
}

/* A board that is waited for where it is wanted. */
struct seeking {
    const struct sim_board *board;
    const struct sim_ble *radio;
    const struct rig_link_connect *how;
};

static bool is_where_wanted(const struct seeking *seeking)
{
    bool next = sim_board_ble_at_next_address(seeking->board);

    switch (seeking->how->where) {
    case RIG_LINK_AT_ADDRESS:
        return !next;
    case RIG_LINK_AT_NEXT_ADDRESS:
        return next;
    case RIG_LINK_BY_NAME:
        return g_strcmp0(sim_ble_name(seeking->radio), seeking->how->name) == 0;
    case RIG_LINK_AS_CONFIGURED:
    case RIG_LINK_AT_EITHER_ADDRESS:
    default:
        return true;
    }
}

static bool is_found(void *user)
{
    const struct seeking *seeking = user;

    return sim_board_ble_advertising(seeking->board) && is_where_wanted(seeking);
}

/* One that advertises elsewhere is a hint worth having. */
static void tell_not_found(struct rig_sim_link *link, const struct seeking *seeking)
{
    const char *where =
        rig_link_where_text(seeking->how->where ? seeking->how->where : RIG_LINK_AT_EITHER_ADDRESS);

    if (!sim_board_ble_advertising(seeking->board))
        g_strlcpy(link->text, "no advertising seen", sizeof link->text);
    else
        g_snprintf(link->text, sizeof link->text, "no advertising seen %s; it advertises as '%s' %s", where,
                   sim_ble_name(seeking->radio),
                   rig_link_where_text(sim_board_ble_at_next_address(seeking->board)
                                           ? RIG_LINK_AT_NEXT_ADDRESS
                                           : RIG_LINK_AT_ADDRESS));
    tell(link);
}

static void tell_pairing(struct rig_sim_link *link, enum sim_ble_outcome outcome,
                         const struct sim_ble_pairing_result *result)
{
    if (outcome == SIM_BLE_OK)
        g_strlcpy(link->text, "paired and bonded", sizeof link->text);
    else if (outcome == SIM_BLE_PAIRING_REFUSED)
        rig_link_pairing_text(result->reason, !result->central_failed, link->text, sizeof link->text);
    else if (outcome == SIM_BLE_NO_ANSWER)
        g_strlcpy(link->text, "pairing: nobody at the board answers", sizeof link->text);
    else
        set_text(link, outcome_from(outcome));
    tell(link);
}

static enum rig_link_outcome do_pair(struct rig_sim_link *link)
{
    const struct rig_link_answers *answers = &link->answers;
    const struct sim_ble_central_pairing central = {.io = (enum sim_ble_io)answers->io,
                                                    .refuses = answers->refuse,
                                                    .has_passkey = answers->has_passkey,
                                                    .passkey = answers->passkey};
    struct sim_ble_pairing_result result;
    enum sim_ble_outcome paired =
        sim_board_ble_pair(link->sim->sim, &central, link->keys[link->host].ltk, &result);

    if (paired == SIM_BLE_OK)
        link->keys[link->host].has_ltk = true;
    tell_pairing(link, paired, &result);
    return outcome_from(paired);
}

/* A bond is with an address. */
static bool has_key(const struct rig_sim_link *link)
{
    return link->keys[link->host].has_ltk && !sim_board_ble_at_next_address(link->sim->sim);
}

/* A host that holds a key encrypts at once, as every central does. */
static enum rig_link_outcome secure(struct rig_sim_link *link, bool pair)
{
    enum rig_link_outcome outcome = RIG_LINK_OK;

    if (has_key(link)) {
        outcome = outcome_from(sim_board_ble_encrypt(link->sim->sim, link->keys[link->host].ltk));
        if (outcome != RIG_LINK_OK)
            rig_sim_link_notice(link);
    } else if (pair) {
        outcome = do_pair(link);
    }
    return outcome;
}

/* What was notified before anybody listened. */
static void drop_notifications(struct sim_board *board)
{
    struct sim_ble_packet packet;

    while (sim_board_ble_receive(board, &packet))
        ;
}

/* The board's number of a characteristic. */
static enum rig_link_outcome find(const struct rig_sim_link *link,
                                  const struct rig_characteristic *characteristic, unsigned *number)
{
    return outcome_from(
        sim_board_ble_find(link->sim->sim, characteristic->service, characteristic->uuid, number));
}

/* What the board does not serve any more it has forgotten. */
static bool is_subscribed(const struct rig_sim_link *link)
{
    const struct sim_ble *radio = sim_board_ble(link->sim->sim);

    for (guint i = 0; i < G_N_ELEMENTS(link->subscribed); i++)
        if (link->subscribed[i] && radio->subscribed[i])
            return true;
    return false;
}

static void tell_refusal(struct rig_sim_link *link, enum rig_link_outcome outcome)
{
    if (outcome != RIG_LINK_OK && outcome != RIG_LINK_LOST)
        set_text(link, outcome);
}

static bool is_down(void *user)
{
    return !sim_board_ble_connected(((struct rig_sim *)user)->sim);
}

/* A request over a silent radio is not answered: this side learns of it by its supervision timeout. */
static bool settle(struct rig_sim_link *link, enum rig_link_outcome outcome, GError **error)
{
    const struct sim_ble *radio = sim_board_ble(link->sim->sim);
    bool ignored;

    if (outcome == RIG_LINK_LOST && radio->connected &&
        !rig_board_wait_for(&link->sim->board, radio->lost_us, is_down, link->sim, &ignored, error))
        return false;
    rig_sim_link_notice(link); /* the board may have hung up on it */
    return true;
}

/* The stack confirms an indication before it sends what its user writes then. */
static bool confirm_first(struct rig_sim_link *link, GError **error)
{
    const struct sim_ble *radio = sim_board_ble(link->sim->sim);
    struct rig_board *board = &link->sim->board;
    bool happened = true;

    while (happened && radio->connected && radio->confirm_us != SIM_BLE_NEVER)
        if (!board->ops->wait(board, radio->confirm_us, &happened, error))
            return false;
    return true;
}

static bool sim_link_subscribe(struct rig_link *base, const struct rig_characteristic *characteristic,
                               enum rig_subscription subscription, enum rig_link_outcome *outcome,
                               GError **error)
{
    static const enum sim_gatt_subscription hows[] = {[RIG_SUBSCRIBE_NONE] = SIM_GATT_UNSUBSCRIBED,
                                                      [RIG_SUBSCRIBE_NOTIFY] = SIM_GATT_NOTIFIED,
                                                      [RIG_SUBSCRIBE_INDICATE] = SIM_GATT_INDICATED};
    struct rig_sim_link *link = self(base);
    struct sim_board *board = link->sim->sim;
    unsigned number;

    (void)error;
    *outcome = find(link, characteristic, &number);
    if (*outcome != RIG_LINK_OK)
        return true;
    if (!is_subscribed(link))
        drop_notifications(board);
    *outcome = outcome_from(sim_board_ble_subscribe(board, number, hows[subscription]));
    if (*outcome == RIG_LINK_OK)
        link->subscribed[number] = subscription == RIG_SUBSCRIBE_NONE ? NULL : characteristic;
    else if (*outcome == RIG_LINK_NOT_ENCRYPTED && sim_board_ble_encrypted(board))
        g_strlcpy(link->text, "the board demands an authenticated bond", sizeof link->text);
    else
        set_text(link, *outcome);
    return settle(link, *outcome, error);
}

static enum rig_link_outcome establish(struct rig_sim_link *link, const struct rig_link_connect *how)
{
    enum rig_link_outcome outcome;

    sim_board_ble(link->sim->sim)->ignores_changes = how->ignores_changes;
    outcome = outcome_from(
        sim_board_ble_connect(link->sim->sim, &hosts[link->host], how->mtu ? how->mtu : SIM_BLE_MAX_MTU));

    if (outcome == RIG_LINK_OK) {
        link->up = true;
        outcome = secure(link, how->pair);
    }
    if (outcome != RIG_LINK_OK)
        return outcome;
    g_snprintf(link->text, sizeof link->text, "connected, ATT_MTU %u%s", sim_board_ble_mtu(link->sim->sim),
               sim_board_ble_encrypted(link->sim->sim) ? ", encrypted" : "");
    tell(link);
    return outcome;
}

/* A board with one link does not advertise while the other host has it. */
static bool refuse_other(struct rig_sim_link *link, const struct rig_link_connect *how,
                         enum rig_link_outcome *outcome, GError **error)
{
    bool ended = false;

    if (!rig_board_wait_for(&link->sim->board, how->until_us, is_down, link->sim, &ended, error))
        return false;
    if (ended)
        return link->link.ops->connect(&link->link, how, outcome, error);
    *outcome = RIG_LINK_NOT_FOUND;
    g_strlcpy(link->text, "no advertising seen; the other host is connected", sizeof link->text);
    tell(link);
    return true;
}

static bool sim_link_connect(struct rig_link *link, const struct rig_link_connect *how,
                             enum rig_link_outcome *outcome, GError **error)
{
    struct rig_sim_link *sim_link = self(link);
    const struct seeking seeking = {sim_link->sim->sim, sim_board_ble(sim_link->sim->sim), how};
    bool there = false;

    if (how->host != RIG_LINK_SAME_HOST && how->host != RIG_LINK_FIRST_HOST + sim_link->host &&
        sim_board_ble_connected(sim_link->sim->sim))
        return refuse_other(sim_link, how, outcome, error);
    if (how->host != RIG_LINK_SAME_HOST)
        sim_link->host = how->host == RIG_LINK_SECOND_HOST;
    if (sim_board_ble_connected(sim_link->sim->sim)) {
        *outcome =
            how->pair && !sim_board_ble_encrypted(sim_link->sim->sim) ? secure(sim_link, true) : RIG_LINK_OK;
        return true;
    }
    rig_sim_link_notice(sim_link);
    if (!rig_board_wait_for(&sim_link->sim->board, how->until_us, is_found, (void *)&seeking, &there, error))
        return false;
    *outcome = there ? establish(sim_link, how) : RIG_LINK_NOT_FOUND;
    if (!there)
        tell_not_found(sim_link, &seeking);
    return true;
}

static bool sim_link_pair(struct rig_link *link, guint64 until_us, enum rig_link_outcome *outcome,
                          GError **error)
{
    (void)until_us;
    (void)error;
    *outcome = sim_board_ble_connected(self(link)->sim->sim) ? do_pair(self(link)) : RIG_LINK_NOT_CONNECTED;
    return true;
}

static bool sim_link_disconnect(struct rig_link *link, GError **error)
{
    (void)error;
    sim_board_ble_disconnect(self(link)->sim->sim);
    rig_sim_link_notice(self(link));
    return true;
}

static bool sim_link_write(struct rig_link *base, const struct rig_characteristic *characteristic,
                           enum rig_write_kind kind, const guint8 *bytes, gsize n_bytes,
                           enum rig_link_outcome *outcome, GError **error)
{
    struct rig_sim_link *link = self(base);
    unsigned number;

    if (!confirm_first(link, error))
        return false;
    *outcome = find(link, characteristic, &number);
    if (*outcome == RIG_LINK_OK)
        *outcome = outcome_from(
            sim_board_ble_write(link->sim->sim, number, kind == RIG_WRITE_REQUEST, bytes, n_bytes));
    tell_refusal(link, *outcome);
    return settle(link, *outcome, error);
}

static bool sim_link_read(struct rig_link *base, const struct rig_characteristic *characteristic,
                          GBytes **value, enum rig_link_outcome *outcome, GError **error)
{
    struct rig_sim_link *link = self(base);
    guint8 bytes[SIM_BLE_MAX_MTU];
    unsigned number;
    gsize n_bytes;

    (void)error;
    *value = NULL;
    *outcome = find(link, characteristic, &number);
    if (*outcome == RIG_LINK_OK)
        *outcome = outcome_from(sim_board_ble_read(link->sim->sim, number, bytes, &n_bytes));
    if (*outcome == RIG_LINK_OK)
        *value = g_bytes_new(bytes, n_bytes);
    tell_refusal(link, *outcome);
    return settle(link, *outcome, error);
}

static char **sim_link_services(struct rig_link *base)
{
    const struct rig_sim_link *link = self(base);
    const struct sim_gatt_services *known = &sim_board_ble(link->sim->sim)->known;
    g_autoptr(GStrvBuilder) uuids = g_strv_builder_new();

    if (!sim_board_ble_connected(link->sim->sim))
        return NULL;
    for (guint i = 0; i < known->n; i++) {
        const char *uuid = known->characteristics[i].service;
        g_autofree char *wide =
            uuid && strlen(uuid) == 4 ? g_strdup_printf("0000%s-0000-1000-8000-00805f9b34fb", uuid) : NULL;

        if (uuid)
            g_strv_builder_add(uuids, wide ? wide : uuid);
    }
    return g_strv_builder_end(uuids);
}

static bool sim_link_receive(struct rig_link *link, guint64 until_us, struct rig_link_packet *packet,
                             enum rig_link_outcome *outcome, GError **error)
{
    struct rig_sim *sim = self(link)->sim;
    struct sim_ble_packet received;

    *packet = (struct rig_link_packet){0};
    for (;;) {
        bool happened = false;

        if (sim_board_ble_receive(sim->sim, &received)) {
            *packet = (struct rig_link_packet){.value = g_bytes_new(received.bytes, received.n_bytes),
                                               .from = self(link)->subscribed[received.characteristic],
                                               .indicated = received.indicated};
            *outcome = RIG_LINK_OK;
            return true;
        }
        *outcome = sim_board_ble_connected(sim->sim) ? RIG_LINK_TIMEOUT : RIG_LINK_LOST;
        if (*outcome == RIG_LINK_LOST)
            return true;
        if (!sim->board.ops->wait(&sim->board, until_us, &happened, error))
            return false;
        if (!happened)
            return true;
    }
}

static bool sim_link_forget_bond(struct rig_link *link, GError **error)
{
    (void)error;
    self(link)->keys[self(link)->host].has_ltk = false;
    sim_ble_forget_table(sim_board_ble(self(link)->sim->sim));
    return true;
}

static bool sim_link_answer(struct rig_link *link, const struct rig_link_answers *answers, GError **error)
{
    (void)error;
    self(link)->answers = *answers;
    return true;
}

static void sim_link_state(struct rig_link *link, struct rig_link_state *state)
{
    struct rig_sim_link *sim_link = self(link);
    struct sim_board *board = sim_link->sim->sim;

    memset(state, 0, sizeof *state);
    state->bonded = has_key(sim_link);
    g_strlcpy(state->text, sim_link->text, sizeof state->text);
    state->connected = sim_board_ble_connected(board);
    if (!state->connected)
        return;
    state->encrypted = sim_board_ble_encrypted(board);
    state->subscribed = is_subscribed(sim_link);
    state->att_error = sim_board_ble_att_error(board);
    state->mtu = sim_board_ble_mtu(board);
}

static const struct rig_link_ops ops = {
    .name = "simulated",
    .connect = sim_link_connect,
    .pair = sim_link_pair,
    .subscribe = sim_link_subscribe,
    .disconnect = sim_link_disconnect,
    .write = sim_link_write,
    .read = sim_link_read,
    .services = sim_link_services,
    .receive = sim_link_receive,
    .forget_bond = sim_link_forget_bond,
    .answer = sim_link_answer,
    .state = sim_link_state,
};

void rig_sim_link_init(struct rig_sim_link *link, struct rig_sim *sim)
{
    *link = (struct rig_sim_link){.link = {.ops = &ops}, .sim = sim};
}
