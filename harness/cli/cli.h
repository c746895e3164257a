/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line: subcommands, shipped files, exit codes. */
#ifndef RIG_CLI_CLI_H
#define RIG_CLI_CLI_H

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

enum rig_exit {
    RIG_EXIT_PASSED = 0,
    RIG_EXIT_FAILED = 1,
    RIG_EXIT_ERROR = 2, /* the rig, or bad usage */
    RIG_EXIT_INTERRUPTED = 3,
    RIG_EXIT_NOTHING = 4,
};

/* Each takes its own argv (argv[0] = the subcommand's name) and returns an exit code. */
int rig_cli_run(int argc, char **argv);
int rig_cli_replay(int argc, char **argv);
int rig_cli_check(int argc, char **argv);
int rig_cli_list(int argc, char **argv);
int rig_cli_steps(int argc, char **argv);
int rig_cli_schema(int argc, char **argv);
int rig_cli_completion(int argc, char **argv);
int rig_cli_image(int argc, char **argv);
int rig_cli_package(int argc, char **argv);
int rig_cli_report(int argc, char **argv);
int rig_cli_sim(int argc, char **argv);
int rig_cli_target(int argc, char **argv);
int rig_cli_power(int argc, char **argv);
int rig_cli_bench_command(int argc, char **argv);
int rig_cli_bond(int argc, char **argv);
int rig_cli_doctor(int argc, char **argv);
int rig_cli_capture(int argc, char **argv);

/* A subcommand as help, man page and completion know it. */
struct rig_command {
    const char *name;
    const char *about;
    int (*run)(int argc, char **argv);
};
extern const struct rig_command rig_commands[];
extern const gsize rig_n_commands;

/* A folder of the shipped files ("scenarios", "targets"): below $BOOTRIG_DATA_DIR, beside an installed
 * binary, or in the source tree the binary was built from. Owned by the caller. */
char *rig_data_path(const char *folder);

/* Parses options into place; --help prints it and ends the process. Remaining arguments stay in argv. The
 * error, RIG_ERROR_USAGE, names the command that tells what there is. */
bool rig_cli_parse_options(int *argc, char ***argv, const GOptionEntry *entries, const char *usage,
                           const char *summary, const char *description,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same with the error told on stderr; on --help prints it. Returns true to go on; else *exit_code is set.
 * remaining arguments stay in argv. */
bool rig_cli_parse(int *argc, char ***argv, const GOptionEntry *entries, const char *usage,
                   const char *summary, const char *description, int *exit_code);

/* "bootrig: message" on stderr; frees the error; returns RIG_EXIT_ERROR. */
int rig_cli_fail(GError *error);

G_END_DECLS

#endif
