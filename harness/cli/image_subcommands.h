/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The subcommands of `bootrig image`, for their dispatcher only. Each takes its own arguments, argv[0] being
 * its name as --help shall show it ("bootrig image make"), and returns the exit code. */
#ifndef RIG_CLI_IMAGE_SUBCOMMANDS_H
#define RIG_CLI_IMAGE_SUBCOMMANDS_H

#include <glib.h>

enum rig_image_exit {
    RIG_IMAGE_EXIT_OK = 0,
    RIG_IMAGE_EXIT_NOT_VERIFIED = 1,
    RIG_IMAGE_EXIT_BAD = 2,
    RIG_IMAGE_EXIT_NOT_JUDGED = 4, /* verify: nothing wrong was found, not all could be checked */
};

int rig_cli_image_make(char **argv);
int rig_cli_image_info(char **argv);
int rig_cli_image_verify(char **argv);
int rig_cli_image_damage(char **argv);
int rig_cli_image_key(char **argv);

/* Prints "bootrig image: <message>" to stderr. Returns RIG_IMAGE_EXIT_BAD. */
int rig_cli_image_complain(const GError *error);

/* Parses the options out of *argv (a GStrv that shrinks to argv[0] and the plain arguments). description:
 * text below the options. */
G_GNUC_WARN_UNUSED_RESULT gboolean rig_cli_image_parse(char ***argv, const char *arguments,
                                                       const char *summary, const char *description,
                                                       const GOptionEntry *entries, GError **error);

#endif
