/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A port of a USB hub as a supply; a USB 3 hub is two hubs, and VBUS falls only when both are off. */
#include "drivers/power/hub_port.h"

#include "base/error.h"

#include <string.h>

#define SETTLE_MS 150 /* a SuperSpeed hub's port needs that long to drop [SRC mvp/uhubctl] */
#define N_TRIES 3
#define PER_PORT 1
#define GANGED 0

struct hub_power {
    struct rig_channel channel;
    struct rig_hub *hub;
    struct rig_hub *pair; /* NULL: it has none */
    char *sysfs;
    guint8 number;
};

static bool switch_both(struct hub_power *power, bool on, GError **error)
{
    return (!power->pair || rig_hub_switch_port(power->pair, power->sysfs, power->number, on, error)) &&
           rig_hub_switch_port(power->hub, power->sysfs, power->number, on, error);
}

static bool hub_write(struct rig_channel *channel, bool on, GError **error)
{
    return switch_both((struct hub_power *)channel, on, error);
}

static bool hub_read(struct rig_channel *channel, bool *on, GError **error)
{
    struct hub_power *power = (struct hub_power *)channel;
    bool other = false;

    if (!rig_hub_port_powered(power->hub, power->number, on, error))
        return false;
    if (power->pair && !rig_hub_port_powered(power->pair, power->number, &other, error))
        return false;
    *on |= other;
    return true;
}

static bool hub_is_gone(struct rig_channel *channel)
{
    struct hub_power *power = (struct hub_power *)channel;

    return power->hub->usb->gone || (power->pair && power->pair->usb->gone);
}

static void hub_free(struct rig_channel *channel)
{
    struct hub_power *power = (struct hub_power *)channel;

    rig_hub_free(power->hub);
    rig_hub_free(power->pair);
    g_free(power->sysfs);
    g_free(power);
}

static const struct rig_channel_ops ops = {.name = "hub",
                                           .n_tries = N_TRIES,
                                           .settle_ms = SETTLE_MS,
                                           .write = hub_write,
                                           .read = hub_read,
                                           .is_gone = hub_is_gone,
                                           .free = hub_free};

/* The path behind the bus number: "1-4.2" -> "4.2"; a root hub has "". */
static const char *path_of(const char *port)
{
    const char *dash = strchr(port, '-');

    return dash ? dash + 1 : "";
}

static const char *below_top(const char *path)
{
    const char *dot = strchr(path, '.');

    return dot ? dot + 1 : "";
}

/* How well two hubs of one container fit: hubs with copied container ids are told apart by place [SRC
 * mvp/uhubctl]. */
static int score(const struct rig_usb_description *one, const struct rig_usb_description *other)
{
    const char *path = path_of(one->port);
    const char *other_path = path_of(other->port);
    int points = 0;

    if (strcmp(path, other_path) == 0)
        points += 4;
    else if (strcmp(below_top(path), below_top(other_path)) == 0)
        points += 2;
    if (abs(one->bus - other->bus) == 1)
        points += 1;
    return points;
}

static bool can_be_pair(const struct rig_hub *hub, const struct rig_usb_description *device,
                        const struct rig_hub *other, const struct rig_usb_description *other_device)
{
    if (!other->has_container || memcmp(hub->container, other->container, sizeof hub->container) != 0)
        return false;
    if (hub->n_ports != other->n_ports && hub->n_ports + other->n_ports > 3)
        return false;
    return !device->serial || !other_device->serial || strcmp(device->serial, other_device->serial) == 0;
}

/* true with *pair NULL: there is none. Two that fit equally well are an error: the wrong one would switch
 * somebody else's board. */
static bool find_pair(struct rig_usb_bus *bus, const struct rig_usb_description *device,
                      const struct rig_hub *hub, struct rig_hub **pair, GError **error)
{
    const struct rig_usb_match match = {.what = "a hub", .accepts = rig_hub_is_hub};
    g_autoptr(GPtrArray) devices = rig_usb_find_all(bus, &match, error);
    g_autoptr(rig_hub) best = NULL;
    int best_score = -1;
    bool tied = false;

    for (guint i = 0; devices && i < devices->len; i++) {
        const struct rig_usb_description *candidate = devices->pdata[i];
        g_autoptr(rig_hub) other = NULL;
        int points = score(device, candidate);

        if ((candidate->usb_version >= 0x0300) == hub->super_speed ||
            !(other = rig_hub_open(bus, candidate, NULL)) || !can_be_pair(hub, device, other, candidate) ||
            points < best_score)
            continue;
        tied = points == best_score;
        best_score = points;
        g_clear_pointer(&best, rig_hub_free);
        best = g_steal_pointer(&other);
    }
    if (tied)
        g_set_error(
            error, RIG_ERROR, RIG_ERROR_DEVICE,
            "two hubs fit as the other half of the hub at USB port %s; 'alone: true' switches this half only",
            device->port);
    if (!devices || tied)
        return false;
    *pair = g_steal_pointer(&best);
    return true;
}

/* The cable inside a 7- or 10-port hub: switching it would take half of the hub away. */
static bool leads_to_hub(struct rig_usb_bus *bus, const char *hub_port, guint number, bool *leads,
                         GError **error)
{
    g_autofree char *child = rig_hub_child_port(hub_port, number);
    const struct rig_usb_match match = {.what = "a hub", .port = child, .accepts = rig_hub_is_hub};
    g_autoptr(GPtrArray) devices = rig_usb_find_all(bus, &match, error);

    *leads = devices && devices->len > 0;
    return devices != NULL;
}

static bool check_port(struct rig_usb_bus *bus, const struct rig_hub *hub, guint number, bool ganged_allowed,
                       GError **error)
{
    bool leads = false;

    if (number > hub->n_ports) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                    "the hub at USB port %s has %u ports, there is no port %u", hub->port, hub->n_ports,
                    number);
        return false;
    }
    if (hub->switching != PER_PORT && !(hub->switching == GANGED && hub->n_ports == 1) && !ganged_allowed) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE,
                    "the hub at USB port %s says that it %s; 'ganged: true' tries all the same", hub->port,
                    hub->switching == GANGED ? "switches all its ports together" : "cannot switch its ports");
        return false;
    }
    if (!leads_to_hub(bus, hub->port, number, &leads, error))
        return false;
    if (leads)
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                    "port %u of the hub at USB port %s leads to another hub; that one's port is wanted",
                    number, hub->port);
    return !leads;
}

static struct rig_power *make(struct rig_power_host *host, const struct rig_usb_description *device,
                              const struct rig_record *arguments, GError **error)
{
    guint number = rig_record_u32(arguments, "channel");
    bool ganged = rig_record_flag(arguments, "ganged");
    g_autoptr(rig_hub) hub = rig_hub_open(host->usb, device, error);
    g_autoptr(rig_hub) pair = NULL;
    struct hub_power *power;

    if (!hub || !check_port(host->usb, hub, number, ganged, error))
        return NULL;
    if (!rig_record_flag(arguments, "alone") && hub->has_container &&
        !find_pair(host->usb, device, hub, &pair, error))
        return NULL;
    if (pair && !check_port(host->usb, pair, number, ganged, error))
        return NULL;
    power = g_new0(struct hub_power, 1);
    rig_channel_init(&power->channel, &ops,
                     g_strdup_printf("hub at USB port %s%s%s, port %u", hub->port,
                                     pair ? " with its other half at " : "", pair ? pair->port : "", number));
    power->hub = g_steal_pointer(&hub);
    power->pair = g_steal_pointer(&pair);
    power->sysfs = g_strdup(host->sysfs);
    power->number = (guint8)number;
    return &power->channel.power;
}

static struct rig_power *hub_open(struct rig_power_host *host, const struct rig_record *arguments,
                                  GError **error)
{
    const struct rig_usb_match match = {
        .what = "a hub", .port = rig_record_text(arguments, "hub"), .accepts = rig_hub_is_hub};
    struct rig_usb_bus *bus = rig_power_host_usb(host, error);
    struct rig_usb_description *device = bus ? rig_usb_find(bus, &match, error) : NULL;
    struct rig_power *power = device ? make(host, device, arguments, error) : NULL;

    rig_usb_description_free(device);
    return power;
}

static bool hub_list(struct rig_power_host *host, GPtrArray *found, GError **error)
{
    const struct rig_usb_match match = {.what = "a hub", .accepts = rig_hub_is_hub};
    struct rig_usb_bus *bus = rig_power_host_usb(host, error);
    g_autoptr(GPtrArray) devices = bus ? rig_usb_find_all(bus, &match, error) : NULL;

    for (guint i = 0; devices && i < devices->len; i++) {
        const struct rig_usb_description *device = devices->pdata[i];
        g_autoptr(rig_hub) hub = rig_hub_open(bus, device, NULL);
        struct rig_power_found *one;

        if (!hub || hub->switching != PER_PORT)
            continue;
        one = g_new0(struct rig_power_found, 1);
        one->what = g_strdup_printf("hub with %u switched ports at USB port %s%s%s", hub->n_ports,
                                    device->port, device->product_name ? ": " : "",
                                    device->product_name ? device->product_name : "");
        one->entry = g_strdup_printf("{hub: {hub: %s, channel: 1}}", device->port);
        g_ptr_array_add(found, one);
    }
    return devices != NULL;
}

const struct rig_power_driver rig_power_hub = {
    .name = "hub", .open = hub_open, .list = hub_list, .keeps_state = true};
