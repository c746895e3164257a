/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the package commands share: packages in files, keys. */
#ifndef RIG_CLI_PACKAGE_FILES_H
#define RIG_CLI_PACKAGE_FILES_H

#include "package/package.h"

G_BEGIN_DECLS

/* The larger subcommand. argv[0] is the name that --help shows ("bootrig package make"); the exit code is
 * returned. */
int rig_cli_package_make(char **argv);

/* Prints "bootrig package: <message>" to stderr. Returns RIG_IMAGE_EXIT_BAD. */
int rig_cli_package_complain(const GError *error);

bool rig_cli_package_save(const char *path, const struct rig_package *package,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A PEM file or "test:ecdsa-p256[:INDEX]"; for_signing: a private one. Free with rig_key_free. */
struct rig_key *rig_cli_package_key(const char *where, bool for_signing,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
