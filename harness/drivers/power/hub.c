/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A port of a USB hub as a supply; a USB 3 hub is two hubs, and VBUS falls only when both are off. */
#include "drivers/power/driver.h"

#include "base/bytes.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* [SRC torvalds/linux include/uapi/linux/usb/ch11.h; mvp/uhubctl uhubctl.c] */
#define TIMEOUT_MS 1000
#define CLASS_HUB 9
#define DESCRIPTOR_USB2 0x2900
#define DESCRIPTOR_SUPER 0x2a00
#define DESCRIPTOR_BOS 0x0f00
#define PORT_POWER 8
#define POWER_BIT_USB2 0x0100
#define POWER_BIT_SUPER 0x0200 /* on a USB 2 hub this bit means low speed */
#define MIN_DESCRIPTOR_BYTES 7
#define MAX_BOS_BYTES 256
#define CAPABILITY_TYPE 0x10
#define CAPABILITY_CONTAINER 0x04
#define CONTAINER_BYTES 20

#define CONTAINER_ID_BYTES 16

/* One hub by itself; a USB 3 hub is two of them. */
struct usb_hub {
    struct rig_usb *usb;
    char *port;       /* of the hub itself */
    bool super_speed; /* its status words have another layout */
    guint8 n_ports;
    guint8 switching; /* wHubCharacteristics bits 1..0: 0 ganged, 1 per port, 2 and 3 none */
    bool has_container;
    guint8 container[CONTAINER_ID_BYTES];
};
static void free_hub(struct usb_hub *hub);
typedef struct usb_hub usb_hub;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(usb_hub, free_hub)

static bool is_hub(const struct rig_usb_description *device)
{
    return device->device_class == CLASS_HUB;
}

static char *child_port(const char *hub_port, guint number)
{
    if (g_str_has_prefix(hub_port, "usb"))
        return g_strdup_printf("%s-%u", hub_port + strlen("usb"), number);
    return g_strdup_printf("%s.%u", hub_port, number);
}

static bool read_descriptor(struct usb_hub *hub, GError **error)
{
    struct rig_usb_setup setup = {.request_type = 0xa0,
                                  .request = 0x06,
                                  .value = hub->super_speed ? DESCRIPTOR_SUPER : DESCRIPTOR_USB2};
    guint8 bytes[64] = {0};
    gsize n = 0;

    if (!rig_usb_control(hub->usb, &setup, bytes, hub->super_speed ? 12 : sizeof bytes, &n, TIMEOUT_MS,
                         error))
        return false;
    if (n < MIN_DESCRIPTOR_BYTES || bytes[1] != setup.value >> 8 || bytes[2] == 0) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "%s: it has no good hub descriptor", hub->usb->name);
        return false;
    }
    hub->n_ports = bytes[2];
    hub->switching = rig_get_le16(bytes + 3) & 3;
    return true;
}

/* A hub of before USB 3 has no such descriptor and stalls; that is an answer, too. */
static void read_container(struct usb_hub *hub)
{
    const struct rig_usb_setup setup = {.request_type = 0x80, .request = 0x06, .value = DESCRIPTOR_BOS};
    guint8 bytes[MAX_BOS_BYTES] = {0};
    gsize n = 0;

    if (!rig_usb_control(hub->usb, &setup, bytes, sizeof bytes, &n, TIMEOUT_MS, NULL) || n < 5)
        return;
    for (gsize at = 5; at + 3 <= n && bytes[at] >= 3; at += bytes[at]) {
        if (bytes[at + 1] != CAPABILITY_TYPE || bytes[at + 2] != CAPABILITY_CONTAINER ||
            bytes[at] < CONTAINER_BYTES || at + CONTAINER_BYTES > n)
            continue;
        memcpy(hub->container, bytes + at + 4, sizeof hub->container);
        hub->has_container = true;
        return;
    }
}

static struct usb_hub *open_hub(struct rig_usb_bus *bus, const struct rig_usb_description *device,
                                GError **error)
{
    g_autoptr(usb_hub) hub = g_new0(struct usb_hub, 1);

    hub->usb = rig_usb_open(bus, device, RIG_USB_NO_INTERFACE, error);
    hub->port = g_strdup(device->port);
    hub->super_speed = device->usb_version >= 0x0300;
    if (!hub->usb || !read_descriptor(hub, error))
        return NULL;
    read_container(hub);
    return g_steal_pointer(&hub);
}

static void free_hub(struct usb_hub *hub)
{
    if (!hub)
        return;
    rig_usb_free(hub->usb);
    g_free(hub->port);
    g_free(hub);
}

static bool port_powered(struct usb_hub *hub, guint8 number, bool *on, GError **error)
{
    const struct rig_usb_setup setup = {.request_type = 0xa3, .request = 0x00, .index = number};
    guint8 status[4] = {0};
    gsize n = 0;

    if (!rig_usb_control(hub->usb, &setup, status, sizeof status, &n, TIMEOUT_MS, error))
        return false;
    if (n != sizeof status) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "%s: port status of %" G_GSIZE_FORMAT " bytes, not 4",
                    hub->usb->name, n);
        return false;
    }
    *on = (rig_get_le16(status) & (hub->super_speed ? POWER_BIT_SUPER : POWER_BIT_USB2)) != 0;
    return true;
}

/* /sys/bus/usb/devices/1-1.4:1.0/1-1.4-port2/disable; root hub: 3-0:1.0/usb3-port2/disable [SRC linux
 * sysfs-bus-usb] */
static char *disable_path(const struct usb_hub *hub, const char *sysfs, guint8 number)
{
    g_autofree char *interface = g_str_has_prefix(hub->port, "usb")
                                     ? g_strdup_printf("%s-0:1.0", hub->port + strlen("usb"))
                                     : g_strdup_printf("%s:1.0", hub->port);
    g_autofree char *port = g_strdup_printf("%s-port%u", hub->port, number);

    return g_build_filename(sysfs, "bus", "usb", "devices", interface, port, "disable", NULL);
}

/* 0, or an errno. */
static int write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    int code = 0;

    if (fd < 0)
        return errno;
    if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        code = errno ? errno : EIO;
    close(fd);
    return code;
}

static bool switch_port(struct usb_hub *hub, const char *sysfs, guint8 number, bool on, GError **error)
{
    struct rig_usb_setup setup = {
        .request_type = 0x23, .request = on ? 0x03 : 0x01, .value = PORT_POWER, .index = number};
    g_autofree char *path = disable_path(hub, sysfs, number);
    int code = write_text(path, on ? "0" : "1");
    guint8 none = 0;
    gsize n;

    if (code == 0)
        return true;
    if (code != ENOENT && code != ENODEV) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "%s: %s%s", path, g_strerror(code),
                    code == EACCES ? "; 'bootrig doctor' tells the udev rule" : "");
        return false;
    }
    return rig_usb_control(hub->usb, &setup, &none, 0, &n, TIMEOUT_MS, error);
}

#define SETTLE_MS 150 /* a SuperSpeed hub's port needs that long to drop [SRC mvp/uhubctl] */
#define N_TRIES 3
#define PER_PORT 1
#define GANGED 0

struct hub_power {
    struct rig_channel channel;
    struct usb_hub *hub;
    struct usb_hub *pair; /* NULL: it has none */
    char *sysfs;
    guint8 number;
};

static bool switch_both(struct hub_power *power, bool on, GError **error)
{
    return (!power->pair || switch_port(power->pair, power->sysfs, power->number, on, error)) &&
           switch_port(power->hub, power->sysfs, power->number, on, error);
}

static bool hub_write(struct rig_channel *channel, bool on, GError **error)
{
    return switch_both((struct hub_power *)channel, on, error);
}

static bool hub_read(struct rig_channel *channel, bool *on, GError **error)
{
    struct hub_power *power = (struct hub_power *)channel;
    bool other = false;

    if (!port_powered(power->hub, power->number, on, error))
        return false;
    if (power->pair && !port_powered(power->pair, power->number, &other, error))
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

    free_hub(power->hub);
    free_hub(power->pair);
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

static bool can_be_pair(const struct usb_hub *hub, const struct rig_usb_description *device,
                        const struct usb_hub *other, const struct rig_usb_description *other_device)
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
                      const struct usb_hub *hub, struct usb_hub **pair, GError **error)
{
    const struct rig_usb_match match = {.what = "a hub", .accepts = is_hub};
    g_autoptr(GPtrArray) devices = rig_usb_find_all(bus, &match, error);
    g_autoptr(usb_hub) best = NULL;
    int best_score = -1;
    bool tied = false;

    for (guint i = 0; devices && i < devices->len; i++) {
        const struct rig_usb_description *candidate = devices->pdata[i];
        g_autoptr(usb_hub) other = NULL;
        int points = score(device, candidate);

        if ((candidate->usb_version >= 0x0300) == hub->super_speed ||
            !(other = open_hub(bus, candidate, NULL)) || !can_be_pair(hub, device, other, candidate) ||
            points < best_score)
            continue;
        tied = points == best_score;
        best_score = points;
        g_clear_pointer(&best, free_hub);
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
    g_autofree char *child = child_port(hub_port, number);
    const struct rig_usb_match match = {.what = "a hub", .port = child, .accepts = is_hub};
    g_autoptr(GPtrArray) devices = rig_usb_find_all(bus, &match, error);

    *leads = devices && devices->len > 0;
    return devices != NULL;
}

static bool check_port(struct rig_usb_bus *bus, const struct usb_hub *hub, guint number, bool ganged_allowed,
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
                              const struct rig_hub_spec *spec, GError **error)
{
    guint number = spec->channel;
    bool ganged = spec->ganged;
    g_autoptr(usb_hub) hub = open_hub(host->usb, device, error);
    g_autoptr(usb_hub) pair = NULL;
    struct hub_power *power;

    if (!hub || !check_port(host->usb, hub, number, ganged, error))
        return NULL;
    if (!spec->alone && hub->has_container && !find_pair(host->usb, device, hub, &pair, error))
        return NULL;
    if (pair && !check_port(host->usb, pair, number, ganged, error))
        return NULL;
    power = g_new0(struct hub_power, 1);
    rig_channel_init(&power->channel, &ops,
                     g_strdup_printf("hub at USB port %s%s%s, port %u", hub->port,
                                     pair ? " with its other half at " : "", pair ? pair->port : "", number),
                     g_strdup_printf("USB port %s channel %u", hub->port, number));
    power->hub = g_steal_pointer(&hub);
    power->pair = g_steal_pointer(&pair);
    power->sysfs = g_strdup(host->sysfs);
    power->number = spec->channel;
    return &power->channel.power;
}

static struct rig_power *hub_open(struct rig_power_host *host, const struct rig_record *arguments,
                                  GError **error)
{
    const struct rig_hub_spec *spec = RIG_STRUCT(arguments, struct rig_hub_spec);
    const struct rig_usb_match match = {.what = "a hub", .port = spec->hub, .accepts = is_hub};
    struct rig_usb_description *device = rig_power_find_usb(host, &match, error);
    struct rig_power *power = device ? make(host, device, spec, error) : NULL;

    rig_usb_description_free(device);
    return power;
}

static struct rig_power_found *describe(struct rig_usb_bus *bus, const struct rig_usb_description *device)
{
    g_autoptr(usb_hub) hub = open_hub(bus, device, NULL);
    struct rig_power_found *one;

    if (!hub || hub->switching != PER_PORT)
        return NULL;
    one = g_new0(struct rig_power_found, 1);
    one->what =
        g_strdup_printf("hub with %u switched ports at USB port %s%s%s", hub->n_ports, device->port,
                        device->product_name ? ": " : "", device->product_name ? device->product_name : "");
    one->entry = g_strdup_printf("{hub: {hub: %s, channel: 1}}", device->port);
    return one;
}

static bool hub_list(struct rig_power_host *host, GPtrArray *found, GError **error)
{
    const struct rig_usb_match match = {.what = "a hub", .accepts = is_hub};

    return rig_power_list_usb(host, &match, describe, found, error);
}

const struct rig_power_driver rig_power_hub = {
    .name = "hub", .open = hub_open, .list = hub_list, .keeps_state = true};
