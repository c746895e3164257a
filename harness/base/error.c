/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The error domain's quark. */
#include "base/error.h"

G_DEFINE_QUARK(rig - error - quark, rig_error)
