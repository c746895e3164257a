/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hub class requests and the kernel's port switch. */
#include "drivers/power/hub_port.h"

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

bool rig_hub_is_hub(const struct rig_usb_description *device)
{
    return device->device_class == CLASS_HUB;
}

char *rig_hub_child_port(const char *hub_port, guint number)
{
    if (g_str_has_prefix(hub_port, "usb"))
        return g_strdup_printf("%s-%u", hub_port + strlen("usb"), number);
    return g_strdup_printf("%s.%u", hub_port, number);
}

static bool read_descriptor(struct rig_hub *hub, GError **error)
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
static void read_container(struct rig_hub *hub)
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

struct rig_hub *rig_hub_open(struct rig_usb_bus *bus, const struct rig_usb_description *device,
                             GError **error)
{
    g_autoptr(rig_hub) hub = g_new0(struct rig_hub, 1);

    hub->usb = rig_usb_open(bus, device, RIG_USB_NO_INTERFACE, error);
    hub->port = g_strdup(device->port);
    hub->super_speed = device->usb_version >= 0x0300;
    if (!hub->usb || !read_descriptor(hub, error))
        return NULL;
    read_container(hub);
    return g_steal_pointer(&hub);
}

void rig_hub_free(struct rig_hub *hub)
{
    if (!hub)
        return;
    rig_usb_free(hub->usb);
    g_free(hub->port);
    g_free(hub);
}

bool rig_hub_port_powered(struct rig_hub *hub, guint8 number, bool *on, GError **error)
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
static char *disable_path(const struct rig_hub *hub, const char *sysfs, guint8 number)
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

bool rig_hub_switch_port(struct rig_hub *hub, const char *sysfs, guint8 number, bool on, GError **error)
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
