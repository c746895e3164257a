/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A made-up QEMU: its QMP socket, a machine that runs or not, and ways to misbehave. */
#ifndef RIG_TESTS_QMP_SERVER_H
#define RIG_TESTS_QMP_SERVER_H

#include <glib.h>

enum qmp_fault {
    QMP_FINE,
    QMP_NO_GREETING,
    QMP_GARBAGE,
    QMP_REFUSES,
    QMP_DIES_ON_STOP,
    QMP_ENDLESS_LINE,
    QMP_KEEPS_RUNNING,
    QMP_SILENT, /* from the greeting on */
    QMP_HALF    /* hangs up in the middle of the answer to `stop` */
};

struct qmp_server;
struct qmp_server *qmp_server_new(enum qmp_fault fault);
const char *qmp_server_path(const struct qmp_server *server);
/* Commands in their order, separated by blanks; the caller owns the text. */
char *qmp_server_heard(struct qmp_server *server);
void qmp_server_free(struct qmp_server *server);

#endif
