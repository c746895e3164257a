/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Options that `run` and `replay` share, and what is done with them. */
#ifndef RIG_CLI_RUN_OPTIONS_H
#define RIG_CLI_RUN_OPTIONS_H

#include "cli/cli.h"

G_BEGIN_DECLS

struct rig_run_options {
    char *target;
    char *link;
    char *hci;
    char *adapter;
    char *bench;
    char *board;
    char *tag_board;
    int lock_wait_s;
    char **defects;
    char *bootloader;
    char **names;
    char **cases;
    char **tags;
    char **skip_tags;
    int n_repeats;
    int n_retries;
    gboolean fail_fast;
    char *seed;
    char *case_seed;
    char *cut;
    char *cuts;
    int n_workers;
    char *resume;
    char **images;
    double timeout_scale;
    gboolean dry_run;
    char *output;
    char *junit;
    gboolean junit_strict;
    gboolean no_html;
    gboolean quiet;
    gboolean verbose;
    gboolean in_full; /* and every flash operation of a replayed path */
    char **paths;     /* what remains */
};
void rig_run_options_clear(struct rig_run_options *options);

/* Runs and reports. argv is for the record. */
int rig_run_with_options(const struct rig_run_options *options, const char *const *argv);

/* A run that was asked for and cannot begin: tells the error (taken) on stderr and in the reports, which
 * replace those of an earlier run. Of the options only `output`, `junit`, `junit_strict`, `no_html` and
 * `target` count. Returns the exit code. */
int rig_run_refuse_options(const struct rig_run_options *options, const char *const *argv, GError *error);

G_END_DECLS

#endif
