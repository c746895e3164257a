/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What tests of the real binary share: a scratch folder to run in, runs with a deadline, what they left
 * behind. */
#ifndef RIG_TESTS_PROCESS_PROCESS_H
#define RIG_TESTS_PROCESS_PROCESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>

/* A scratch folder, current directory of every run; gone with all that is in it at the end. */
struct place {
    char *directory;
    char **environment; /* of the runs; PATH begins with the folder of the binary */
    guint64
        file_limit; /* RLIMIT_FSIZE of the runs in bytes: a write beyond fails as on a full disk; 0: none */
};

/* cmocka setup and teardown: *state is a struct place. */
int place_setup(void **state);
int place_teardown(void **state);
#define PROCESS_TEST(function) cmocka_unit_test_setup_teardown(function, place_setup, place_teardown)

/* A file below the folder. Text is written as it is; the result of path and read is the caller's. read: NULL
 * when there is none. */
char *place_path(const struct place *place, const char *name);
void place_write(const struct place *place, const char *name, const char *text);
char *place_read(const struct place *place, const char *name);

/* What one run did. */
struct outcome {
    int code; /* exit code, or minus the signal that ended it */
    char *out;
    char *err;
};
typedef struct outcome outcome;
void outcome_free(outcome *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(outcome, outcome_free)

/* Runs a command line (words as in a shell, no expansion) and waits; after PLACE_DEADLINE_S it gets SIGALRM.
 */
#define PLACE_DEADLINE_S 240
outcome *place_run(const struct place *place, const char *format, ...)
    G_GNUC_PRINTF(2, 3) G_GNUC_WARN_UNUSED_RESULT;
/* Runs it, demands the exit code and that `said` (may be NULL) stands somewhere in what it said. */
void place_expect(const struct place *place, int code, const char *said, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

/* Starts it and does not wait; its output goes to the files out.txt and err.txt. wait returns as
 * outcome.code. */
GPid place_start(const struct place *place, const char *format, ...) G_GNUC_PRINTF(2, 3);
int place_wait(GPid pid);

/* How a case ended, from the journal of a report folder ("reports/out"). Only final attempts unless `all`. */
struct ended {
    char *name;
    char *verdict;
    char *message; /* of a skip its reason; "" when there is none */
    char *replay;  /* "" when there is none */
    guint attempt;
    gint64 elapsed_us; /* board clock */
};
/* Appends the names of the cases that an event of the journal lists; a large run lists them in several. */
void place_list_names(JsonObject *event, GPtrArray *names);
GPtrArray *place_ended(const struct place *place, const char *folder, bool all) G_GNUC_WARN_UNUSED_RESULT;
const struct ended *ended_named(const GPtrArray *ended,
                                const char *name); /* fails the test when there is none */

/* The JUnit file is valid by reports/junit.xsd (strict: junit-strict.xsd). */
void place_expect_junit(const struct place *place, const char *name, bool strict);
guint count_text(const char *text, const char *piece);
void expect_text(const char *text, const char *piece);

/* Wall times, host and versions of the build replaced by fixed words: what is left depends on scenario and
 * seed only. */
char *normalised(const char *text);

/* Scenarios that the tests run. */
extern const char scenario_passing[]; /* "small": upload, mark, reset, boot; a matrix of two cases */
extern const char scenario_failing[]; /* "wrong-hope": expects an image that does not boot; has a cleanup that
                                         notes "cleanup ran" */
extern const char scenario_erring[];  /* "no-such-slot" */
extern const char scenario_flaky[];   /* "unlucky": fails or passes by the seed, as chunks are lost */
extern const char scenario_sweep[];   /* "long-sweep": cuts at every operation; cleanup notes "cleanup ran" */
extern const char
    scenario_losses[]; /* "many-losses": loses the link everywhere; cleanup notes "cleanup ran" */

#endif
