/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Contract suites: what every driver of a role owes. A driver joins by one entry in drivers.c; what its board
 * cannot do is skipped. */
#ifndef RIG_TESTS_CONTRACT_CONTRACT_H
#define RIG_TESTS_CONTRACT_CONTRACT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/board/board.h"
#include "image/build.h"

struct contract_driver {
    const char *name;
    struct rig_board *(*make)(void **owner); /* asserts on failure; owner goes to release() */
    void (*release)(struct rig_board *board, void *owner);
    const char *program; /* what it needs beside us; without it the driver's tests are left out, and that is
                            said. NULL: nothing */
    const char
        *only;  /* the one role in which it differs from another driver of this list; NULL: every role */
    bool in_vm; /* it wants the real Bluetooth stack: tested in the guest of ci/vm/run only, and there nothing
                   else */
};
extern const struct contract_driver contract_drivers[];
extern const gsize contract_n_drivers;

/* One test's board: 1.0.0 in the primary slots; in slot 1, if `pending`, a 2.0.0 that is marked for test;
 * without power. */
struct bench {
    const struct contract_driver *driver;
    struct rig_board *board;
    void *owner;
    struct rig_bytes old_image, new_image; /* new_image: padded, marked for test */
    guint8 old_hash[RIG_IMAGE_HASH_BYTES];
};
void bench_prepare(struct bench *bench, bool pending);
/* Switches on and waits until the board is up. */
void bench_up(struct bench *bench);
void bench_connect(struct bench *bench);
void bench_let_pass(struct bench *bench, guint64 for_us);
void bench_need(const struct bench *bench, const char *capability); /* skips the test without it */
struct rig_board_view bench_view(struct bench *bench);

/* Runs the tests once per driver. The state of a test is its struct bench, prepared without a pending image.
 */
int contract_run(const struct CMUnitTest *tests, gsize n_tests);

#endif
