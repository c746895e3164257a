/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Made-up USB devices that behave like the real ones, with faults on demand; reached through a made-up bus or
 * through libusb. */
#ifndef RIG_TESTS_USB_MODELS_H
#define RIG_TESTS_USB_MODELS_H

#include "transport/usb.h"

#define USB_MODEL_MAX 8
#define USB_MODEL_HUB_PORTS 4

enum usb_fault_kind {
    USB_NO_FAULT,
    USB_PROTOCOL_ERROR,
    USB_NO_ANSWER,
    USB_HALF_ANSWER,
    USB_WRONG_ANSWER,
    USB_GONE
};

struct usb_recording;

/* One device. Zero-initialise, then a usb_model_make_*(). */
struct usb_model {
    struct rig_usb_description about; /* texts are literals */
    guint8 interrupt_in, interrupt_out;
    /* Fill or take bytes; how many, or a negative errno. */
    int (*control)(struct usb_model *model, const struct rig_usb_setup *setup, guint8 *bytes, gsize n_bytes);
    int (*interrupt)(struct usb_model *model, guint8 endpoint, guint8 *bytes, gsize n_bytes);
    enum usb_fault_kind fault; /* of the transfers from fault_from on, n_faults of them; GONE stays */
    guint fault_from, n_faults;
    guint n_transfers;
    guint n_writes; /* commands that switch something */
    guint32 states; /* bit 0 = channel 1 is on */
    guint32 stuck;  /* channels that do not switch */
    char identity[6];
    guint8 answer[64];
    gsize n_answer;
    guint8 switching; /* hub: wHubCharacteristics bits 1..0 */
    guint8 container[16];
    bool has_container;
    const void
        *holder;    /* who has claimed its interface; NULL: nobody. A transfer of anybody else is -EBUSY */
    bool kept_busy; /* another program has */
    struct usb_recording *recording; /* what is played instead of the model; NULL: nothing */
    const char *sysfs_disable; /* hub: the file whose '1' means off for channel 2; NULL = requests only */
};

void usb_model_make_hid_relay(struct usb_model *model, const char *port, const char *identity);
void usb_model_make_lcus_hid(struct usb_model *model, const char *port);
void usb_model_make_ykush(struct usb_model *model, const char *port, guint16 product, const char *serial);
void usb_model_make_hub(struct usb_model *model, const char *port, guint8 bus, bool super_speed);
/* endpoint 0 = control (setup must be given). Faults are applied here. How many bytes, or a negative errno.
 */
int usb_model_transfer(struct usb_model *model, const struct rig_usb_setup *setup, guint8 endpoint,
                       guint8 *bytes, gsize n_bytes);

/* A bus with these devices; models outlive it. */
struct rig_usb_bus *usb_model_bus_new(struct usb_model *models, guint n_models);

#endif
