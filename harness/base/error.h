/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one error domain of the harness. A GError always means that the RIG could not do its job; a board that
 * misbehaves is an outcome, never a GError. Messages: what, on which thing; lower case, no full stop. */
#ifndef RIG_BASE_ERROR_H
#define RIG_BASE_ERROR_H

#include <glib.h>

G_BEGIN_DECLS

#define RIG_ERROR (rig_error_quark())
GQuark rig_error_quark(void);

enum rig_error_code {
    RIG_ERROR_USAGE,       /* the command line asks for something that does not exist */
    RIG_ERROR_INPUT,       /* a file says something that cannot be: place and remedy are in the message */
    RIG_ERROR_IO,          /* the operating system refused: file, disk, socket */
    RIG_ERROR_DEVICE,      /* a device of the bench (relay, probe, adapter) did not do its work */
    RIG_ERROR_UNSUPPORTED, /* this driver or target cannot do that */
    RIG_ERROR_INTERRUPTED, /* a person or the system asked the run to stop */
};

G_END_DECLS

#endif
