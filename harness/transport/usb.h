/* SPDX-License-Identifier: GPL-3.0-or-later */
/* USB devices by what they are and where they are plugged: find, open, control and interrupt transfers with
 * deadlines. */
#ifndef RIG_TRANSPORT_USB_H
#define RIG_TRANSPORT_USB_H

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

#define RIG_USB_MAX_TRANSFER_BYTES 4096
#define RIG_USB_NO_INTERFACE (-1)

/* One attached device as the kernel lists it; no transfer is needed to know this. Texts that a device does
 * not have are NULL. */
struct rig_usb_description {
    guint16 vendor;
    guint16 product;
    guint16 usb_version; /* bcdUSB: 0x0200, 0x0300 */
    guint8 device_class; /* 9 = hub */
    guint8 bus;
    char *port; /* where it is plugged, as the kernel names it: "1-1.4"; a root hub is "usb1". Stable across
                   replug. */
    char *manufacturer;
    char *product_name;
    char *serial;
};
void rig_usb_description_free(struct rig_usb_description *description);

/* The eight bytes of a control transfer but for its length. */
struct rig_usb_setup {
    guint8 request_type;
    guint8 request;
    guint16 value;
    guint16 index;
};

/* An open device. Blocking; one thread at a time. */
struct rig_usb;
struct rig_usb_ops {
    bool (*control)(struct rig_usb *usb, const struct rig_usb_setup *setup, guint8 *bytes, gsize n_bytes,
                    gsize *n_done, guint timeout_ms, GError **error);
    bool (*interrupt)(struct rig_usb *usb, guint8 endpoint, guint8 *bytes, gsize n_bytes, gsize *n_done,
                      guint timeout_ms, GError **error);
    bool (*claim)(struct rig_usb *usb, GError **error); /* both NULL: nobody contends for this device */
    void (*release)(struct rig_usb *usb);
    void (*free)(struct rig_usb *usb);
};
struct rig_usb {
    const struct rig_usb_ops *ops;
    char *name;          /* for messages: "16c0:05df at USB port 1-1.4" */
    bool gone;           /* it was unplugged; nothing will work any more */
    guint8 interrupt_in; /* endpoints of the claimed interface; 0 = it has none */
    guint8 interrupt_out;
};

/* A way to reach devices: the real one, or a made-up one in tests. */
struct rig_usb_bus;
struct rig_usb_bus_ops {
    /* struct rig_usb_description * of all attached devices; the caller owns the array. */
    GPtrArray *(*list)(struct rig_usb_bus *bus, GError **error);
    struct rig_usb *(*open)(struct rig_usb_bus *bus, const struct rig_usb_description *description,
                            int interface, GError **error);
    void (*free)(struct rig_usb_bus *bus);
};
struct rig_usb_bus {
    const struct rig_usb_bus_ops *ops;
};

/* The machine's own devices, through libusb. */
struct rig_usb_bus *rig_usb_bus_new(GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rig_usb_bus_free(struct rig_usb_bus *bus);
typedef struct rig_usb_bus rig_usb_bus;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_usb_bus, rig_usb_bus_free)

/* What is looked for. accepts may be NULL. */
struct rig_usb_match {
    const char *what;   /* for messages: "a USBRelay board" */
    const char *port;   /* NULL = anywhere */
    const char *serial; /* NULL = any */
    bool (*accepts)(const struct rig_usb_description *description);
};

/* struct rig_usb_description * of the devices that fit; may be empty. NULL = error. */
GPtrArray *rig_usb_find_all(struct rig_usb_bus *bus, const struct rig_usb_match *match,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Exactly one, else RIG_ERROR_DEVICE that names what was found instead. The caller owns it. */
struct rig_usb_description *rig_usb_find(struct rig_usb_bus *bus, const struct rig_usb_match *match,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Claims `interface` and takes it from a kernel driver (given back at the end); RIG_USB_NO_INTERFACE claims
 * none. A claim that is busy is tried again for two seconds (labgrid usb_hid_relay.py does so for one). */
struct rig_usb *rig_usb_open(struct rig_usb_bus *bus, const struct rig_usb_description *description,
                             int interface, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rig_usb_free(struct rig_usb *usb);
/* Lets other programs at the claimed interface until the next claim; an open device is claimed. No transfer
 * may be made meanwhile. A claim waits as opening does: RIG_ERROR_DEVICE when another program keeps it. */
void rig_usb_release(struct rig_usb *usb);
typedef struct rig_usb rig_usb;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_usb, rig_usb_free)

/* Both: n_bytes up to RIG_USB_MAX_TRANSFER_BYTES; a transfer that moved fewer bytes is no error, *n_done
 * tells; RIG_ERROR_DEVICE otherwise: no answer in time, a stall, unplugged (then usb->gone). */
bool rig_usb_control(struct rig_usb *usb, const struct rig_usb_setup *setup, guint8 *bytes, gsize n_bytes,
                     gsize *n_done, guint timeout_ms, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool rig_usb_interrupt(struct rig_usb *usb, guint8 endpoint, guint8 *bytes, gsize n_bytes, gsize *n_done,
                       guint timeout_ms, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
