/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a failure and its steps look on a terminal: for terminal.c only. */
#ifndef RIG_REPORT_TERMINAL_FAILURE_H
#define RIG_REPORT_TERMINAL_FAILURE_H

#include "report/terminal.h"

enum rig_paint { RIG_PAINT_RED, RIG_PAINT_GREEN, RIG_PAINT_YELLOW, RIG_PAINT_DIM, RIG_PAINT_BOLD };

/* The text as it is, coloured when asked. */
void rig_paint(GString *out, bool colour, enum rig_paint paint, const char *text);
/* Several lines, each made plain and indented by two. */
void rig_terminal_append_indented(GString *out, const char *text);
void rig_terminal_append_failure(GString *out, const struct rig_terminal_options *options,
                                 const struct rig_attempt *attempt);
/* Every step with its expectations, then the notes, then the paths of power cuts in words. */
void rig_terminal_append_steps(GString *out, const struct rig_terminal_options *options,
                               const struct rig_attempt *attempt);

#endif
