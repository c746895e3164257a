/* SPDX-License-Identifier: GPL-3.0-or-later */
/* umockdev in the kernel's place: device models behind /sys and /dev, reached through the real libusb. Runs
 * under umockdev-wrapper. */
#ifndef RIG_TESTS_USB_KERNEL_H
#define RIG_TESTS_USB_KERNEL_H

#include "drivers/power/driver.h"
#include "tests/usb_models.h"

#include <umockdev.h>

struct usb_kernel {
    UMockdevTestbed *testbed;
    UMockdevIoctlBase *handlers[USB_MODEL_MAX];
    struct usb_model models[USB_MODEL_MAX];
    struct usb_kernel_device {
        struct usb_model *model;
        GQueue *done; /* UMockdevIoctlData *: submitted and answered */
    } devices[USB_MODEL_MAX];
    struct rig_power_host host;
};

/* NULL: not under umockdev-wrapper. */
struct usb_kernel *usb_kernel_new(void);
/* models[i], which the caller has made, appears in /sys and /dev, and its node answers. */
void usb_kernel_plug_in(struct usb_kernel *kernel, guint i);
void usb_kernel_free(struct usb_kernel *kernel);

#endif
