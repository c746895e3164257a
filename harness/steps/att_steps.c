/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verbs for characteristics by their UUIDs, whatever they mean: att-read, att-write, att-subscribe,
 * expect-value, expect-services. */
#include "steps/verbs.h"

#include "base/error.h"

#include <string.h>

static const char *const needs_ble[] = {"ble", NULL};

/* What a step names. */
struct named {
    const char *service, *uuid;
};
#define FIELD_SERVICE(owner)                                                                                 \
    RIG_FIELD("service", UUID, owner, named.service, .required = true,                                       \
              .about = "UUID of the service that it is in; four digits: one of the Bluetooth SIG's.")
#define FIELD_CHARACTERISTIC(owner)                                                                          \
    RIG_FIELD("characteristic", UUID, owner, named.uuid, .required = true,                                   \
              .about = "UUID of the characteristic.")

static const char *const outcome_choices[] = {"ok",
                                              "timeout",
                                              "link-lost",
                                              "not-connected",
                                              "not-encrypted",
                                              "no-service",
                                              "no-characteristic",
                                              "no-property",
                                              "too-long",
                                              "att-error",
                                              "any",
                                              NULL};
static const char *const att_errors[] = {"att-error", "any", NULL};
static const char *const no_error[] = {"0", NULL};
static const char *const read_ok[] = {"ok", "any", NULL};

struct expected {
    const char *const *outcomes;
    guint8 error; /* of ATT; 0: any */
};
#define FIELD_EXPECT(owner)                                                                                  \
    RIG_FIELD("expect", CHOICE, owner, expected.outcomes, .list = true, .choices = outcome_choices,          \
              .default_text = "ok", .about = "What must come of it; several = any of them.")
#define FIELD_ERROR(owner)                                                                                   \
    RIG_FIELD("error", COUNT, owner, expected.error, .default_text = "0", .max = 255,                        \
              .about = "With `expect: att-error`: the error that the board must answer (from 0x80 on the "   \
                       "product's own); 0 = any.")
#define RULES_ERROR                                                                                          \
    {.field = "error", .kind = RIG_RULE_NEEDS, .other = "expect", .others = att_errors},                     \
    {                                                                                                        \
        .field = "error", .values = no_error, .kind = RIG_RULE_NOT_BESIDE, .other = "expect",                \
        .others = att_errors, .why = "no refusal has the code 0"                                             \
    }

/* As links know it: 36 lower-case characters. Owned by the caller. */
static char *long_uuid(const char *uuid)
{
    g_autofree char *lower = g_ascii_strdown(uuid, -1);

    return strlen(lower) == 4 ? g_strdup_printf("0000%s-0000-1000-8000-00805f9b34fb", lower)
                              : g_steal_pointer(&lower);
}

static bool is_named(const struct rig_characteristic *characteristic, const char *service, const char *uuid)
{
    return g_str_equal(characteristic->service, service) && g_str_equal(characteristic->uuid, uuid);
}

/* One name, one pointer: what comes is told apart by it. Those that the update protocol uses keep theirs. */
static const struct rig_characteristic *characteristic_of(struct rig_run *run, const struct named *named)
{
    const struct rig_characteristic *const *own = run->update->protocol->characteristics;
    g_autofree char *service = long_uuid(named->service);
    g_autofree char *uuid = long_uuid(named->uuid);
    struct rig_characteristic *found;

    for (; own && *own; own++)
        if (is_named(*own, service, uuid))
            return *own;
    for (guint i = 0; i < run->characteristics->len; i++) {
        found = g_ptr_array_index(run->characteristics, i);
        if (is_named(found, service, uuid))
            return found;
    }
    found = g_new0(struct rig_characteristic, 1);
    found->name = g_strdup(named->uuid);
    found->service = g_steal_pointer(&service);
    found->uuid = g_steal_pointer(&uuid);
    g_ptr_array_add(run->characteristics, found);
    return found;
}

static char *hex_of(GBytes *bytes)
{
    gsize n_bytes;
    const guint8 *at = g_bytes_get_data(bytes, &n_bytes);
    GString *text = g_string_new(n_bytes ? NULL : "no bytes");

    for (gsize i = 0; i < n_bytes; i++)
        g_string_append_printf(text, "%02x", at[i]);
    return g_string_free(text, FALSE);
}

/* "att-error (error 0x80)" */
static char *seen_text(struct rig_run *run, enum rig_link_outcome outcome)
{
    struct rig_link_state state;

    if (outcome == RIG_LINK_OK || outcome == RIG_LINK_NOT_CONNECTED)
        return g_strdup(rig_link_outcome_name(outcome));
    if (outcome == RIG_LINK_TIMEOUT)
        return g_strdup("timeout (nothing came)");
    run->board->link->ops->state(run->board->link, &state);
    if (outcome == RIG_LINK_ATT_ERROR)
        return g_strdup_printf("att-error (error 0x%02x)", state.att_error);
    return g_strdup_printf("%s (%s)", rig_link_outcome_name(outcome),
                           state.text[0] ? state.text : rig_link_outcome_name(outcome));
}

/* Links differ in how they say it. */
static bool is_connected(struct rig_run *run, enum rig_link_outcome *outcome)
{
    struct rig_link_state state;

    run->board->link->ops->state(run->board->link, &state);
    *outcome = RIG_LINK_NOT_CONNECTED;
    return state.connected;
}

static bool judge(struct rig_run *run, const struct expected *expected, const char *what,
                  enum rig_link_outcome outcome)
{
    g_autofree char *words = rig_words_text(expected->outcomes);
    g_autofree char *wanted =
        expected->error ? g_strdup_printf("%s with error 0x%02x", words, expected->error) : g_strdup(words);
    g_autofree char *seen = seen_text(run, outcome);
    bool ok = rig_words_have(expected->outcomes, "any") ||
              rig_words_have(expected->outcomes, rig_link_outcome_name(outcome));
    struct rig_link_state state;

    run->last_link = outcome;
    if (outcome != RIG_LINK_OK && rig_blame_host(run, what))
        return false;
    run->board->link->ops->state(run->board->link, &state);
    if (ok && outcome == RIG_LINK_ATT_ERROR && expected->error)
        ok = state.att_error == expected->error;
    return rig_run_expect(run, ok, what, wanted, seen);
}

static void record(struct rig_run *run, const char *direction, const char *doing,
                   const struct rig_characteristic *characteristic, GBytes *value)
{
    struct rig_event *event = rig_event_new(RIG_EVENT_LINK);
    g_autofree char *text = g_strdup_printf("%s %s", doing, characteristic->name);
    gsize n_bytes;
    const guint8 *bytes = g_bytes_get_data(value, &n_bytes);

    rig_event_text(event, RIG_KEY_DIR, direction);
    rig_event_hex(event, RIG_KEY_BYTES_HEX, bytes, n_bytes);
    rig_event_text(event, RIG_KEY_TEXT, text);
    rig_run_emit(run, event);
}

/* Compares bytes, on record. wanted NULL: whatever came is right. */
static void expect_bytes(struct rig_run *run, const struct rig_value *wanted, const char *what, GBytes *came)
{
    g_autofree char *expected = NULL;
    g_autofree char *seen = NULL;

    if (!wanted || rig_run_troubled(run))
        return;
    expected = hex_of(wanted->bytes);
    seen = came ? hex_of(came) : g_strdup("none");
    rig_run_expect(run, came && g_bytes_equal(came, wanted->bytes), what, expected, seen);
}

/* --- att-read --- */

struct read_arguments {
    struct named named;
    const struct rig_value *value;
    struct expected expected;
};
static const struct rig_field read_fields[] = {
    FIELD_SERVICE(struct read_arguments),
    FIELD_CHARACTERISTIC(struct read_arguments),
    RIG_FIELD("value", HEX, struct read_arguments, value,
              .about = "The bytes that it must have, all of them; without it any."),
    FIELD_EXPECT(struct read_arguments),
    FIELD_ERROR(struct read_arguments),
};
static const struct rig_rule read_rules[] = {
    RULES_ERROR, {.field = "value", .kind = RIG_RULE_NEEDS, .other = "expect", .others = read_ok}, {0}};
static const struct rig_shape read_shape = {RIG_SHAPE("att-read", read_fields, struct read_arguments),
                                            .rules = read_rules};

static void run_read(struct rig_run *run, const struct rig_step *step)
{
    const struct read_arguments *arguments = RIG_ARGUMENTS(step, struct read_arguments);
    const struct rig_characteristic *characteristic = characteristic_of(run, &arguments->named);
    g_autofree char *what = g_strdup_printf("reading %s", characteristic->name);
    struct rig_link *link = run->board->link;
    g_autoptr(GBytes) value = NULL;
    enum rig_link_outcome outcome;
    GError *error = NULL;

    if (is_connected(run, &outcome) && !link->ops->read(link, characteristic, &value, &outcome, &error)) {
        rig_run_unable(run, error);
        return;
    }
    if (value)
        record(run, "rx", "value of", characteristic, value);
    if (judge(run, &arguments->expected, what, outcome) && outcome == RIG_LINK_OK)
        expect_bytes(run, arguments->value, what, value);
}

const struct rig_verb rig_verb_att_read = {
    .name = "att-read",
    .family = "link",
    .about =
        "Reads a characteristic of the board's own over the connection that stands, and compares its value.",
    .shape = &read_shape,
    .within_us = 30u * 1000 * 1000,
    .at_once = true,
    .needs = needs_ble,
    .example = "att-read: {service: 180a, characteristic: 2a26, value: 31 2e 30 2e 30}",
    .run = run_read,
};

/* --- att-write --- */

struct write_arguments {
    struct named named;
    GBytes *value;
    bool response;
    struct expected expected;
};
static const struct rig_field write_fields[] = {
    FIELD_SERVICE(struct write_arguments),
    FIELD_CHARACTERISTIC(struct write_arguments),
    RIG_FIELD("value", HEX, struct write_arguments, value, .required = true,
              .about = "What is written, exactly so."),
    RIG_FIELD("response", FLAG, struct write_arguments, response, .default_text = "true",
              .about = "By a request, which the board answers. false: by a command: what it makes of that is "
                       "not told."),
    FIELD_EXPECT(struct write_arguments),
    FIELD_ERROR(struct write_arguments),
};
static const char *const responds[] = {"true", NULL};
static const struct rig_rule write_rules[] = {
    RULES_ERROR, {.field = "error", .kind = RIG_RULE_NEEDS, .other = "response", .others = responds}, {0}};
static const struct rig_shape write_shape = {RIG_SHAPE("att-write", write_fields, struct write_arguments),
                                             .rules = write_rules};

static void run_write(struct rig_run *run, const struct rig_step *step)
{
    const struct write_arguments *arguments = RIG_ARGUMENTS(step, struct write_arguments);
    const struct rig_characteristic *characteristic = characteristic_of(run, &arguments->named);
    g_autofree char *what = g_strdup_printf("writing %s", characteristic->name);
    enum rig_link_outcome outcome;
    GError *error = NULL;
    gsize n_bytes;
    const guint8 *bytes = g_bytes_get_data(arguments->value, &n_bytes);

    record(run, "tx", arguments->response ? "write to" : "command to", characteristic, arguments->value);
    if (is_connected(run, &outcome) &&
        !rig_update_write(run->update, characteristic,
                          arguments->response ? RIG_WRITE_REQUEST : RIG_WRITE_COMMAND, bytes, n_bytes,
                          &outcome, &error))
        rig_run_unable(run, error);
    else
        judge(run, &arguments->expected, what, outcome);
}

const struct rig_verb rig_verb_att_write = {
    .name = "att-write",
    .family = "link",
    .about = "Writes a characteristic of the board's own: a product's command that is no part of the update "
             "protocol.",
    .shape = &write_shape,
    .within_us = 30u * 1000 * 1000,
    .at_once = true,
    .needs = needs_ble,
    .example = "att-write: {service: 6d61696e-7465-6e61-6e63-650000000001, characteristic: "
               "6d61696e-7465-6e61-6e63-650000000002, value: 01}",
    .run = run_write,
};

/* --- att-subscribe, expect-value --- */

/* In the order of enum rig_subscription. */
static const char *const subscriptions[] = {"nothing", "notification", "indication", NULL};
struct subscribe_arguments {
    struct named named;
    enum rig_subscription by;
    struct expected expected;
};
static const struct rig_field subscribe_fields[] = {
    FIELD_SERVICE(struct subscribe_arguments),
    FIELD_CHARACTERISTIC(struct subscribe_arguments),
    RIG_FIELD("by", CHOICE, struct subscribe_arguments, by, .choices = subscriptions,
              .default_text = "notification",
              .about = "How its values shall come; `nothing` ends the subscription."),
    FIELD_EXPECT(struct subscribe_arguments),
    FIELD_ERROR(struct subscribe_arguments),
};
static const struct rig_rule subscribe_rules[] = {RULES_ERROR, {0}};
static const struct rig_shape subscribe_shape = {
    RIG_SHAPE("att-subscribe", subscribe_fields, struct subscribe_arguments), .rules = subscribe_rules};

static void run_subscribe(struct rig_run *run, const struct rig_step *step)
{
    const struct subscribe_arguments *arguments = RIG_ARGUMENTS(step, struct subscribe_arguments);
    const struct rig_characteristic *characteristic = characteristic_of(run, &arguments->named);
    g_autofree char *what = g_strdup_printf("subscription to %s", characteristic->name);
    struct rig_link *link = run->board->link;
    enum rig_link_outcome outcome;
    GError *error = NULL;

    if (is_connected(run, &outcome) &&
        !link->ops->subscribe(link, characteristic, arguments->by, &outcome, &error))
        rig_run_unable(run, error);
    else
        judge(run, &arguments->expected, what, outcome);
}

const struct rig_verb rig_verb_att_subscribe = {
    .name = "att-subscribe",
    .family = "link",
    .about = "Subscribes to a characteristic of the board's own; `expect-value` waits for what comes of it.",
    .shape = &subscribe_shape,
    .within_us = 30u * 1000 * 1000,
    .at_once = true,
    .needs = needs_ble,
    .example = "att-subscribe: {service: 180f, characteristic: 2a19, by: indication}",
    .run = run_subscribe,
};

static const char *const value_outcomes[] = {"ok", "timeout", "link-lost", "any", NULL};
static const char *const kinds[] = {"notification", "indication", NULL};
struct value_arguments {
    struct named named;
    const struct rig_value *value;
    const char *by;
    const char *const *outcomes;
};
static const struct rig_field value_fields[] = {
    FIELD_SERVICE(struct value_arguments),
    FIELD_CHARACTERISTIC(struct value_arguments),
    RIG_FIELD("value", HEX, struct value_arguments, value,
              .about = "The bytes that come next, all of them; without it any."),
    RIG_FIELD("by", CHOICE, struct value_arguments, by, .choices = kinds, .about = "How they must come."),
    RIG_FIELD("expect", CHOICE, struct value_arguments, outcomes, .list = true, .choices = value_outcomes,
              .default_text = "ok",
              .about = "`timeout`: nothing comes from it until the deadline, whatever else does."),
};
static const struct rig_rule value_rules[] = {
    {.field = "value", .kind = RIG_RULE_NEEDS, .other = "expect", .others = read_ok},
    {.field = "by", .kind = RIG_RULE_NEEDS, .other = "expect", .others = read_ok},
    {0}};
static const struct rig_shape value_shape = {RIG_SHAPE("expect-value", value_fields, struct value_arguments),
                                             .rules = value_rules};

static void judge_value(struct rig_run *run, const struct value_arguments *arguments, const char *what,
                        const struct rig_link_packet *packet, enum rig_link_outcome outcome)
{
    const struct expected expected = {.outcomes = arguments->outcomes};

    if (!judge(run, &expected, what, outcome) || outcome != RIG_LINK_OK)
        return;
    expect_bytes(run, arguments->value, what, packet->value);
    if (arguments->by && !rig_run_troubled(run))
        rig_run_expect(run, packet->indicated == g_str_equal(arguments->by, "indication"), what,
                       arguments->by, packet->indicated ? "indication" : "notification");
}

static void run_value(struct rig_run *run, const struct rig_step *step)
{
    const struct value_arguments *arguments = RIG_ARGUMENTS(step, struct value_arguments);
    const struct rig_characteristic *characteristic = characteristic_of(run, &arguments->named);
    g_autofree char *what = g_strdup_printf("value from %s", characteristic->name);
    struct rig_link_packet packet = {0};
    enum rig_link_outcome outcome;
    GError *error = NULL;

    if (!rig_update_receive_other(run->update, characteristic, rig_run_deadline_us(run, step), &packet,
                                  &outcome, &error)) {
        rig_run_error(run, error);
        return;
    }
    if (packet.value)
        record(run, "rx", packet.indicated ? "indication from" : "notification from", characteristic,
               packet.value);
    judge_value(run, arguments, what, &packet, outcome);
    g_clear_pointer(&packet.value, g_bytes_unref);
}

const struct rig_verb rig_verb_expect_value = {
    .name = "expect-value",
    .family = "expect",
    .about =
        "Waits for the next value from a characteristic that `att-subscribe` subscribed to. Each value is "
        "told once; those of a connection before are forgotten.",
    .shape = &value_shape,
    .within_us = 5u * 1000 * 1000,
    .needs = needs_ble,
    .example = "expect-value: {service: 180f, characteristic: 2a19, value: 64, within: 2s}",
    .run = run_value,
};

/* --- expect-services --- */

struct services_arguments {
    const char *const *present, *const *absent;
};
static const struct rig_field services_fields[] = {
    RIG_FIELD("present", UUID, struct services_arguments, present, .list = true,
              .about = "Services that the host knows of."),
    RIG_FIELD("absent", UUID, struct services_arguments, absent, .list = true,
              .about = "Services that it does not know of."),
};
static const char *const present_or_absent[] = {"present", "absent", NULL};
static const struct rig_shape services_shape = {
    RIG_SHAPE("expect-services", services_fields, struct services_arguments),
    .at_least_one = present_or_absent};

/* One look at what the host found. */
struct look {
    struct rig_link *link;
    const struct services_arguments *arguments;
    char **found; /* NULL: no connection */
};

static bool knows_as_wanted(const struct look *look, const char *const *uuids, bool wanted)
{
    bool all = true;

    for (; uuids && *uuids; uuids++) {
        g_autofree char *uuid = long_uuid(*uuids);

        all = all && g_strv_contains((const char *const *)look->found, uuid) == wanted;
    }
    return all;
}

static bool are_as_wanted(void *user)
{
    struct look *look = user;

    g_strfreev(look->found);
    look->found = look->link->ops->services(look->link);
    return look->found && knows_as_wanted(look, look->arguments->present, true) &&
           knows_as_wanted(look, look->arguments->absent, false);
}

static char *wanted_text(const struct services_arguments *arguments)
{
    GString *text = g_string_new(NULL);

    for (const char *const *uuid = arguments->present; uuid && *uuid; uuid++)
        g_string_append_printf(text, "%s%s", text->len ? ", " : "", *uuid);
    for (const char *const *uuid = arguments->absent; uuid && *uuid; uuid++)
        g_string_append_printf(text, "%sno %s", text->len ? ", " : "", *uuid);
    return g_string_free(text, FALSE);
}

static void run_services(struct rig_run *run, const struct rig_step *step)
{
    struct look look = {.link = run->board->link,
                        .arguments = RIG_ARGUMENTS(step, struct services_arguments)};
    g_autofree char *expected = wanted_text(look.arguments);
    g_auto(GStrv) found = NULL;
    g_autofree char *seen = NULL;
    GError *error = NULL;
    bool ok = false, waited;

    if (!look.link->ops->services) {
        rig_run_error_text(run, "the link '%s' has no services to look at", look.link->ops->name);
        return;
    }
    waited =
        rig_board_wait_for(run->board, rig_run_deadline_us(run, step), are_as_wanted, &look, &ok, &error);
    found = look.found;
    if (!waited) {
        rig_run_error(run, error);
        return;
    }
    if (!ok && rig_blame_host(run, "services"))
        return;
    seen = !found ? g_strdup("no connection") : *found ? g_strjoinv(", ", found) : g_strdup("none");
    rig_run_expect(run, ok, "services", expected, seen);
}

const struct rig_verb rig_verb_expect_services = {
    .name = "expect-services",
    .family = "expect",
    .about =
        "Waits until the host knows of these services of the board and not of those: what it found when it "
        "connected, or since then by Service Changed.",
    .shape = &services_shape,
    .within_us = 5u * 1000 * 1000,
    .needs = needs_ble,
    .example = "expect-services: {present: 6d61696e-7465-6e61-6e63-650000000001, absent: "
               "8d53dc1d-1db7-4cd3-868b-8a527460aa84}",
    .run = run_services,
};
