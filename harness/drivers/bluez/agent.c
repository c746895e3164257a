/* SPDX-License-Identifier: GPL-3.0-or-later */
/* org.bluez.Agent1 on our side of the bus: see agent.h. */
#include "drivers/bluez/agent.h"

#include "base/error.h"

#define AGENT_PATH "/bootrig/agent"
#define AGENT_MANAGER "org.bluez.AgentManager1"

struct rig_bluez_agent {
    struct rig_bluez_bus *bus;
    struct rig_bluez_agent_listener listener;
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

struct rig_bluez_agent *rig_bluez_agent_new(struct rig_bluez_bus *bus,
                                            const struct rig_bluez_agent_listener *listener)
{
    struct rig_bluez_agent *agent = g_new0(struct rig_bluez_agent, 1);

    agent->bus = bus;
    agent->listener = *listener;
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

void rig_bluez_agent_allow(struct rig_bluez_agent *agent, const char *device)
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

static void say(struct rig_bluez_agent *agent, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void say(struct rig_bluez_agent *agent, const char *format, ...)
{
    va_list arguments;
    g_autofree char *text = NULL;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    agent->listener.heard(agent->listener.user, text);
}

static void refuse(struct rig_bluez_agent *agent, GDBusMethodInvocation *call, const char *why)
{
    say(agent, "pairing: %s is answered no: %s", g_dbus_method_invocation_get_method_name(call), why);
    g_dbus_method_invocation_return_dbus_error(call, "org.bluez.Error.Rejected", why);
}

static void refuse_unwanted(struct rig_bluez_agent *agent, GDBusMethodInvocation *call)
{
    refuse(agent, call, "no step asked for it");
    agent->refused = true;
    if (!agent->device)
        rig_bluez_give_up(agent->bus);
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
    say(agent, "pairing: passkey %06u typed in", agent->answers.passkey);
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
    say(agent, "pairing: the number %06u is confirmed", number);
    g_dbus_method_invocation_return_value(call, NULL);
}

/* Told again for every key that is pressed on the board. */
static void show_passkey(struct rig_bluez_agent *agent, GVariant *parameters)
{
    guint32 passkey;
    guint16 n_entered;

    g_variant_get(parameters, "(&ouq)", NULL, &passkey, &n_entered);
    if (n_entered > 0)
        return;
    say(agent, "pairing: passkey %06u is shown", passkey);
    agent->listener.shown(agent->listener.user, passkey);
}

static void answer_display(struct rig_bluez_agent *agent, GDBusMethodInvocation *call, GVariant *parameters)
{
    const char *pin;

    if (g_variant_is_of_type(parameters, G_VARIANT_TYPE("(ouq)"))) {
        show_passkey(agent, parameters);
    } else {
        g_variant_get(parameters, "(&o&s)", NULL, &pin);
        say(agent, "pairing: PIN %s is shown", pin);
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
    g_main_context_push_thread_default(rig_bluez_bus_context(agent->bus));
    agent->object = g_dbus_connection_register_object(rig_bluez_bus_connection(agent->bus), AGENT_PATH,
                                                      agent->node->interfaces[0], &calls, agent, NULL, error);
    g_main_context_pop_thread_default(rig_bluez_bus_context(agent->bus));
    return agent->object != 0;
}

static bool ask(struct rig_bluez_agent *agent, const char *method, GVariant *parameters, guint64 until_us,
                GError **error)
{
    g_auto(rig_bluez_reply) reply = {0};

    if (!rig_bluez_call(agent->bus, "/org/bluez", AGENT_MANAGER, method, parameters, "()", until_us, &reply,
                        error))
        return false;
    if (reply.value || g_strcmp0(reply.error_name, "org.bluez.Error.AlreadyExists") == 0)
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "bluetoothd does not take the pairing agent (%s): %s",
                method, reply.error_text ? reply.error_text : "no reply before the deadline");
    return false;
}

bool rig_bluez_agent_register(struct rig_bluez_agent *agent, guint64 until_us, GError **error)
{
    guint generation = rig_bluez_bus_generation(agent->bus);

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
    GDBusConnection *connection = rig_bluez_bus_connection(agent->bus);

    if (agent->object && connection)
        g_dbus_connection_unregister_object(connection, agent->object);
    if (agent->generation && agent->generation == rig_bluez_bus_generation(agent->bus))
        rig_bluez_send(agent->bus, "/org/bluez", AGENT_MANAGER, "UnregisterAgent",
                       g_variant_new("(o)", AGENT_PATH));
    agent->object = 0;
    agent->generation = 0;
}
