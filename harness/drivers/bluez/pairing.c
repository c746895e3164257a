/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pairing: the agent that answers bluetoothd's questions at once, by a script, and the host's half of the
 * bond. Questions about other devices than ours, and pairing that nobody asked for, are refused. [SRC bluez
 * doc/org.bluez.Agent.rst] */
#include "drivers/bluez/internal.h"

#include "base/error.h"

#define AGENT_PATH "/bootrig/agent"
#define AGENT_MANAGER "org.bluez.AgentManager1"
#define FORGET_US 10000000u
#define REFUSED_US 500000u /* what is done in spite of an error is told by then */
#define PAIRABLE_US 2000000u

struct rig_bluez_agent {
    struct rig_bluez_link *link;
    GDBusNodeInfo *node;
    guint object;     /* of the connection; 0: not exported */
    guint generation; /* of the daemon that knows us; 0: none */
    struct rig_link_answers answers;
    char *device; /* whose pairing is wanted; NULL: nobody's */
    bool refused; /* what nobody asked for */
};

static const char introspection[] =
    "<node><interface name='org.bluez.Agent1'>"
    "<method name='Release'/><method name='Cancel'/>"
    "<method name='RequestPinCode'><arg type='o' direction='in'/><arg type='s' direction='out'/></method>"
    "<method name='DisplayPinCode'><arg type='o' direction='in'/><arg type='s' direction='in'/></method>"
    "<method name='RequestPasskey'><arg type='o' direction='in'/><arg type='u' direction='out'/></method>"
    "<method name='DisplayPasskey'><arg type='o' direction='in'/><arg type='u' direction='in'/>"
    "<arg type='q' direction='in'/></method>"
    "<method name='RequestConfirmation'><arg type='o' direction='in'/><arg type='u' direction='in'/></method>"
    "<method name='RequestAuthorization'><arg type='o' direction='in'/></method>"
    "<method name='AuthorizeService'><arg type='o' direction='in'/><arg type='s' direction='in'/></method>"
    "</interface></node>";

struct rig_bluez_agent *rig_bluez_agent_new(struct rig_bluez_link *link)
{
    struct rig_bluez_agent *agent = g_new0(struct rig_bluez_agent, 1);

    agent->link = link;
    agent->node = g_dbus_node_info_new_for_xml(introspection, NULL);
    return agent;
}

void rig_bluez_agent_free(struct rig_bluez_agent *agent)
{
    if (!agent)
        return;
    rig_bluez_agent_withdraw(agent);
    g_dbus_node_info_unref(agent->node);
    g_free(agent->device);
    g_free(agent);
}

/* The device whose pairing is wanted now; NULL: none, everything is refused, and the call that waits is given
 * up: bluetoothd would let it wait for half a minute. */
static void allow(struct rig_bluez_agent *agent, const char *device)
{
    g_free(agent->device);
    agent->device = g_strdup(device);
}

void rig_bluez_agent_script(struct rig_bluez_agent *agent, const struct rig_link_answers *answers)
{
    if (agent->answers.io != answers->io)
        rig_bluez_agent_withdraw(agent);
    agent->answers = *answers;
}

static void refuse(struct rig_bluez_agent *agent, GDBusMethodInvocation *call, const char *why)
{
    rig_bluez_say(agent->link, true, "pairing: %s is answered no: %s",
                  g_dbus_method_invocation_get_method_name(call), why);
    g_dbus_method_invocation_return_dbus_error(call, "org.bluez.Error.Rejected", why);
}

static void refuse_unwanted(struct rig_bluez_agent *agent, GDBusMethodInvocation *call)
{
    refuse(agent, call, "no step asked for it");
    agent->refused = true;
    if (!agent->device)
        rig_bluez_give_up(agent->link->bus);
}

bool rig_bluez_agent_refused(struct rig_bluez_agent *agent)
{
    bool refused = agent->refused;

    agent->refused = false;
    return refused;
}

static void answer_passkey(struct rig_bluez_agent *agent, GDBusMethodInvocation *call)
{
    if (!agent->answers.has_passkey) {
        refuse(agent, call, "the scenario gives no passkey");
        return;
    }
    rig_bluez_say(agent->link, true, "pairing: passkey %06u typed in", agent->answers.passkey);
    g_dbus_method_invocation_return_value(call, g_variant_new("(u)", agent->answers.passkey));
}

static void answer_pin(struct rig_bluez_agent *agent, GDBusMethodInvocation *call)
{
    g_autofree char *pin = g_strdup_printf("%06u", agent->answers.passkey);

    if (agent->answers.has_passkey)
        g_dbus_method_invocation_return_value(call, g_variant_new("(s)", pin));
    else
        refuse(agent, call, "the scenario gives no passkey");
}

static void answer_comparison(struct rig_bluez_agent *agent, GDBusMethodInvocation *call,
                              GVariant *parameters)
{
    guint32 number;

    g_variant_get(parameters, "(&ou)", NULL, &number);
    if (agent->answers.has_passkey && agent->answers.passkey != number) {
        refuse(agent, call, "the numbers differ");
        return;
    }
    rig_bluez_say(agent->link, true, "pairing: the number %06u is confirmed", number);
    g_dbus_method_invocation_return_value(call, NULL);
}

/* Told again for every key that is pressed on the board. */
static void show_passkey(struct rig_bluez_agent *agent, GVariant *parameters)
{
    struct rig_board *board = agent->link->board;
    guint32 passkey;
    guint16 n_entered;

    g_variant_get(parameters, "(&ouq)", NULL, &passkey, &n_entered);
    if (n_entered > 0)
        return;
    rig_bluez_say(agent->link, true, "pairing: passkey %06u is shown", passkey);
    if (board->bonds && board->bonds->host_shows)
        board->bonds->host_shows(board, passkey);
}

static void answer_display(struct rig_bluez_agent *agent, GDBusMethodInvocation *call, GVariant *parameters)
{
    const char *pin;

    if (g_variant_is_of_type(parameters, G_VARIANT_TYPE("(ouq)"))) {
        show_passkey(agent, parameters);
    } else {
        g_variant_get(parameters, "(&o&s)", NULL, &pin);
        rig_bluez_say(agent->link, true, "pairing: PIN %s is shown", pin);
    }
    g_dbus_method_invocation_return_value(call, NULL);
}

static bool is_about_ours(const struct rig_bluez_agent *agent, GVariant *parameters)
{
    g_autoptr(GVariant) device = g_variant_get_child_value(parameters, 0);

    return g_strcmp0(g_variant_get_string(device, NULL), agent->device) == 0;
}

/* GDBus has checked the parameters against the introspection. */
static void on_call(GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                    const char *method, GVariant *parameters, GDBusMethodInvocation *call, gpointer user)
{
    struct rig_bluez_agent *agent = user;

    (void)connection, (void)sender, (void)path, (void)interface;
    if (g_str_equal(method, "Release") || g_str_equal(method, "Cancel"))
        g_dbus_method_invocation_return_value(call, NULL);
    else if (!is_about_ours(agent, parameters))
        refuse_unwanted(agent, call);
    else if (g_str_has_prefix(method, "Display"))
        answer_display(agent, call, parameters);
    else if (agent->answers.refuse)
        refuse(agent, call, "the scenario says no");
    else if (g_str_equal(method, "RequestPasskey"))
        answer_passkey(agent, call);
    else if (g_str_equal(method, "RequestPinCode"))
        answer_pin(agent, call);
    else if (g_str_equal(method, "RequestConfirmation"))
        answer_comparison(agent, call, parameters);
    else
        g_dbus_method_invocation_return_value(call, NULL);
}

static const char *capability(enum rig_link_io io)
{
    static const char *const names[] = {"NoInputNoOutput", "DisplayOnly", "KeyboardOnly", "DisplayYesNo",
                                        "KeyboardDisplay"};

    return (guint)io < G_N_ELEMENTS(names) ? names[io] : names[0];
}

static bool export(struct rig_bluez_agent *agent, GError **error)
{
    static const GDBusInterfaceVTable calls = {.method_call = on_call};

    if (agent->object)
        return true;
    g_main_context_push_thread_default(rig_bluez_bus_context(agent->link->bus));
    agent->object = g_dbus_connection_register_object(rig_bluez_bus_connection(agent->link->bus), AGENT_PATH,
                                                      agent->node->interfaces[0], &calls, agent, NULL, error);
    g_main_context_pop_thread_default(rig_bluez_bus_context(agent->link->bus));
    return agent->object != 0;
}

static bool ask(struct rig_bluez_agent *agent, const char *method, GVariant *parameters, guint64 until_us,
                GError **error)
{
    g_auto(rig_bluez_reply) reply = {0};

    if (!rig_bluez_call(agent->link->bus, "/org/bluez", AGENT_MANAGER, method, parameters, "()", until_us,
                        &reply, error))
        return false;
    if (reply.value || g_strcmp0(reply.error_name, "org.bluez.Error.AlreadyExists") == 0)
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "bluetoothd does not take the pairing agent (%s): %s",
                method, reply.error_text ? reply.error_text : "no reply before the deadline");
    return false;
}

bool rig_bluez_agent_register(struct rig_bluez_agent *agent, guint64 until_us, GError **error)
{
    guint generation = rig_bluez_bus_generation(agent->link->bus);

    if (generation && agent->generation == generation)
        return true;
    if (!export(agent, error) ||
        !ask(agent, "RegisterAgent", g_variant_new("(os)", AGENT_PATH, capability(agent->answers.io)),
             until_us, error) ||
        !ask(agent, "RequestDefaultAgent", g_variant_new("(o)", AGENT_PATH), until_us, error))
        return false;
    agent->generation = generation;
    return true;
}

void rig_bluez_agent_withdraw(struct rig_bluez_agent *agent)
{
    GDBusConnection *connection = rig_bluez_bus_connection(agent->link->bus);

    if (agent->object && connection)
        g_dbus_connection_unregister_object(connection, agent->object);
    if (agent->generation && agent->generation == rig_bluez_bus_generation(agent->link->bus))
        rig_bluez_send(agent->link->bus, "/org/bluez", AGENT_MANAGER, "UnregisterAgent",
                       g_variant_new("(o)", AGENT_PATH));
    agent->object = 0;
    agent->generation = 0;
}

/* --- the host's half of the bond --- */

bool rig_bluez_is_bonded(const struct rig_bluez_link *link)
{
    g_autofree char *device =
        link->device ? g_strdup(link->device) : rig_bluez_known_device(link, RIG_LINK_AS_CONFIGURED);

    /* "Bonded" is there from BlueZ 5.65 on. */
    return device && (rig_bluez_flag(link->bus, device, RIG_BLUEZ_DEVICE, "Bonded") ||
                      (!rig_bluez_property(link->bus, device, RIG_BLUEZ_DEVICE, "Bonded") &&
                       rig_bluez_flag(link->bus, device, RIG_BLUEZ_DEVICE, "Paired")));
}

static bool paired_or_gone(void *user)
{
    struct rig_bluez_link *link = user;

    return rig_bluez_flag(link->bus, link->device, RIG_BLUEZ_DEVICE, "Paired") ||
           !rig_bluez_is_connected(link);
}

static bool await_paired(struct rig_bluez_link *link, guint64 until_us, GError **error)
{
    bool ignored;

    return rig_board_wait_for(link->board, until_us, paired_or_gone, link, &ignored, error);
}

static bool is_pairable(void *user)
{
    struct rig_bluez_link *link = user;

    return !rig_bluez_property(link->bus, link->adapter, RIG_BLUEZ_ADAPTER, "Pairable") ||
           rig_bluez_flag(link->bus, link->adapter, RIG_BLUEZ_ADAPTER, "Pairable");
}

/* Without it the host pairs and keeps no key. bluetoothd (5.66) switches it off with the last agent, and may
 * forget to switch it on again when the next one comes at once. */
static bool make_pairable(struct rig_bluez_link *link, guint64 until_us, GError **error)
{
    guint64 soon_us = rig_bluez_within(link, PAIRABLE_US, until_us);
    g_auto(rig_bluez_reply) reply = {0};
    bool ignored;

    if (is_pairable(link))
        return true;
    return rig_bluez_call(link->bus, link->adapter, "org.freedesktop.DBus.Properties", "Set",
                          g_variant_new("(ssv)", RIG_BLUEZ_ADAPTER, "Pairable", g_variant_new_boolean(TRUE)),
                          "()", soon_us, &reply, error) &&
           rig_board_wait_for(link->board, soon_us, is_pairable, link, &ignored, error);
}

/* bluetoothd says no more than that it failed. */
static void tell_why_refused(struct rig_bluez_link *link)
{
    const struct rig_bluez_events *events = rig_bluez_monitor_events(link->monitor);

    if (events && events->pairing_reason)
        rig_link_pairing_text(events->pairing_reason, events->pairing_by_board, link->text,
                              sizeof link->text);
}

bool rig_bluez_pair(struct rig_bluez_link *link, guint64 until_us, enum rig_link_outcome *outcome,
                    GError **error)
{
    g_auto(rig_bluez_reply) reply = {0};
    bool ok;

    if (!rig_bluez_agent_register(link->agent, until_us, error) || !make_pairable(link, until_us, error))
        return false;
    rig_bluez_monitor_restart(link->monitor);
    allow(link->agent, link->device);
    ok = rig_bluez_call(link->bus, link->device, RIG_BLUEZ_DEVICE, "Pair", NULL, "()", until_us, &reply,
                        error);
    allow(link->agent, NULL);
    *outcome = RIG_LINK_OK;
    if (!ok)
        return false;
    if (reply.value)
        return await_paired(link, until_us, error);
    if (reply.timed_out)
        rig_bluez_send(link->bus, link->device, RIG_BLUEZ_DEVICE, "CancelPairing", NULL);
    if (!rig_bluez_judge_reply(link, "pairing", &reply, outcome, NULL, error))
        return false;
    /* An access that needed it may have paired by itself just before. */
    if (*outcome == RIG_LINK_PAIRING_REFUSED &&
        rig_bluez_flag(link->bus, link->device, RIG_BLUEZ_DEVICE, "Paired"))
        *outcome = RIG_LINK_OK;
    if (*outcome != RIG_LINK_OK)
        tell_why_refused(link);
    return true;
}

struct forgetting {
    struct rig_bluez_link *link;
    const char *device;
};

static bool is_gone(void *user)
{
    struct forgetting *forgetting = user;

    return !rig_bluez_has(forgetting->link->bus, forgetting->device, RIG_BLUEZ_DEVICE);
}

bool rig_bluez_forget(struct rig_bluez_link *link, GError **error)
{
    guint64 until_us = rig_bluez_now_us(link) + FORGET_US;
    g_autofree char *device = NULL;
    g_auto(rig_bluez_reply) reply = {0};
    struct forgetting forgetting = {.link = link};
    enum rig_link_outcome ignored;
    bool satisfied, refused;

    if (!rig_bluez_host_ready(link, until_us, error))
        return false;
    device = rig_bluez_known_device(link, RIG_LINK_AS_CONFIGURED);
    if (!device)
        return true;
    link->leaving = true;
    if (!rig_bluez_call(link->bus, link->adapter, RIG_BLUEZ_ADAPTER, "RemoveDevice",
                        g_variant_new("(o)", device), "()", until_us, &reply, error))
        return false;
    refused = reply.error_text && g_strcmp0(reply.error_name, "org.bluez.Error.DoesNotExist") != 0;
    if (!reply.value && !rig_bluez_judge_reply(link, "forgetting", &reply, &ignored, NULL, error))
        return false;
    forgetting.device = device;
    if (!rig_board_wait_for(link->board, refused ? rig_bluez_within(link, REFUSED_US, until_us) : until_us,
                            is_gone, &forgetting, &satisfied, error))
        return false;
    if (!satisfied && refused) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "bluetoothd does not forget %s: %s", device,
                    reply.error_text);
        return false;
    }
    g_clear_pointer(&link->device, g_free);
    return true;
}
