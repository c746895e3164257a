/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Standard output that cannot be written is an error of every command: one place tells it, at the end. */
#ifndef RIG_CLI_STANDARD_OUTPUT_H
#define RIG_CLI_STANDARD_OUTPUT_H

/* Call first in main. Descriptors 0, 1 and 2 that are closed become /dev/null opened the wrong way round:
 * they still fail, and no report that is opened later becomes standard output. A file size limit (SIGXFSZ)
 * makes a write fail with EFBIG instead of ending the process. Whoever calls exit() in the middle (GLib does
 * for --help) gets exit code 2 when standard output was lost. */
void rig_cli_watch_standard_output(void);

/* Call last in main, with the exit code of the command. Flushes and closes standard output. When something of
 * it was lost, says so on stderr and returns 2 in place of 0 (all passed) and 4 (nothing to run); other codes
 * say something worse already. A reader that went away on purpose (`| head`) has lost nothing. */
int rig_cli_close_standard_output(int exit_code);

#endif
