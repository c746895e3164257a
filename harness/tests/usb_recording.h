/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A USB session recorded by umockdev, played strictly: each transfer must be the next one of the recording.
 */
#ifndef RIG_TESTS_USB_RECORDING_H
#define RIG_TESTS_USB_RECORDING_H

#include "tests/usb_models.h"

struct usb_recording;

/* Lines `USBDEVFS_REAPURB rc type endpoint status flags buffer_length actual_length BYTES` of umockdev's
 * ioctl format [SRC umockdev src/ioctl_tree.c]; others are passed over. NULL: it cannot be read, *why
 * (static) says so. */
struct usb_recording *usb_recording_read(const char *path, const char **why);
void usb_recording_free(struct usb_recording *recording);
/* Its transfers are the model's from now on. */
void usb_recording_play(struct usb_recording *recording, struct usb_model *model);
/* What was not as recorded, or is left over; owned by the recording. NULL: all was played. */
const char *usb_recording_problem(struct usb_recording *recording);

#endif
