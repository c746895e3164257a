/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `bootrig report`: any report again from a journal. */
#ifndef RIG_CLI_REPORT_COMMAND_H
#define RIG_CLI_REPORT_COMMAND_H

/* argv[0] is the word "report". 0 when everything that was asked for is written (whatever the verdicts say),
 * 2 otherwise; what is wrong is on standard error. With nothing asked for, the terminal report goes to
 * standard output. */
int rig_cli_report(int argc, char **argv);

#endif
