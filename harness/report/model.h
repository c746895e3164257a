/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a run amounts to: built from its events, live or read again, always by the same code. Every report
 * reads only this. */
#ifndef RIG_REPORT_MODEL_H
#define RIG_REPORT_MODEL_H

#include "report/event.h"

G_BEGIN_DECLS

/* Bounds. No verdict is lost at one: a run that is larger is refused before it begins, a journal that is
 * larger has a problem that says so; of what is only told, the rest is counted. */
#define RIG_RESULTS_MAX_CASES 1000000u
#define RIG_RESULTS_MAX_ATTEMPTS 100             /* of a case; later ones take the place of the last */
#define RIG_RESULTS_MAX_PASSED_BYTES (32u << 20) /* logs of attempts that passed, in a run */
#define RIG_RESULTS_MAX_BAD_BYTES (128u << 20)   /* logs and steps of all other attempts, in a run */
#define RIG_RESULTS_MAX_PATHS 1000               /* told paths of power cuts, in a run */
#define RIG_RESULTS_MAX_STEPS                                                                                \
    1000 /* of an attempt; failed ones are kept past it, up to twice as many in all */
#define RIG_RESULTS_MAX_EXPECTS 64   /* of a step; failed ones as above */
#define RIG_RESULTS_MAX_ENTRIES 2000 /* of an attempt: log entries of all kinds */
#define RIG_RESULTS_MAX_NOTES 1000   /* of the run */

struct rig_expectation {
    bool ok;
    char *what;
    char *expected;
    char *seen;
};

struct rig_step_result {
    char *id; /* "steps.3.do.1" */
    char *verb;
    char *text; /* the step on one line */
    char *file; /* may be NULL */
    guint line;
    guint column;
    gint64 start_us;
    gint64 elapsed_us; /* -1: it did not end */
    enum rig_verdict verdict;
    GPtrArray *expectations; /* struct rig_expectation * */
    guint n_expectations_left_out;
};

enum rig_entry_kind {
    RIG_ENTRY_CONSOLE,
    RIG_ENTRY_LINK,
    RIG_ENTRY_LINK_STATE,
    RIG_ENTRY_POWER,
    RIG_ENTRY_BOOT,
    RIG_ENTRY_FAULT,
    RIG_ENTRY_CUT,
    RIG_ENTRY_LOSS,
    RIG_ENTRY_TRAILER,
    RIG_ENTRY_NOTE,
    RIG_ENTRY_RETRY,
    RIG_ENTRY_PACKET,
};
#define RIG_N_ENTRY_KINDS (RIG_ENTRY_PACKET + 1)
const char *rig_entry_word(enum rig_entry_kind kind); /* the event's name */

/* One line of what happened; text is ready to be read by a person, as it came (terminal sequences and all).
 */
struct rig_entry {
    enum rig_entry_kind kind;
    gint64 at_us;
    char *text;  /* LINK: "tx image upload off=512 len=128" */
    char *extra; /* PACKET: what it means; NULL otherwise */
    bool bad;    /* LINK: a fault touched it; CUT, LOSS: its verdict is no pass */
};

struct rig_attempt {
    guint number;
    char *wall; /* may be NULL */
    char *seed; /* may be NULL */
    enum rig_verdict verdict;
    gint64 elapsed_us;  /* the board's clock */
    gint64 duration_ms; /* wall clock */
    char *message;      /* NULL when it passed */
    char *where_step;   /* place of the first problem; NULL/0 when none */
    char *where_file;
    char *where_text;
    guint where_line;
    guint where_column;
    char *expected;
    char *seen;
    char *replay;
    char *skip_reason;
    char **trailers;         /* NULL-terminated, never NULL */
    char **also;             /* later problems; NULL-terminated, never NULL */
    char **evidence;         /* files, relative to where the run was started; NULL-terminated, never NULL */
    GPtrArray *steps;        /* struct rig_step_result *, as started */
    GPtrArray *log;          /* struct rig_entry *, as they happened */
    GPtrArray *explorations; /* struct rig_exploration_result *, see report/exploration.h */
    GPtrArray *paths;        /* struct rig_path *: paths of power cuts that are told */
    guint n_of[RIG_N_ENTRY_KINDS]; /* how many happened, kept or not */
    guint n_steps;
    guint n_bad_cuts;
    guint n_bad_losses;
    guint n_left_out; /* log entries that the journal says, or this model finds, were not kept */
    bool ended;       /* its case-end was seen */
    bool is_settled;  /* nothing is added any more: what reports do not need is gone */
    bool unfinished;  /* ERROR: only a budget was too small */
};

struct rig_case_result {
    guint index;
    /* These are the results', shared by all cases that have them. */
    const char *id; /* "file.yaml::name" */
    const char *file;
    guint line;
    const char *scenario;
    const char *name;
    const char *about;   /* may be NULL */
    char **tags;         /* NULL-terminated, never NULL */
    GPtrArray *attempts; /* struct rig_attempt *; empty when it was not run */
    enum rig_verdict verdict;
    bool flaky;        /* passed after an attempt that did not */
    bool final;        /* nothing more comes */
    bool not_run;      /* the run ended before it: skipped after an interrupt or a failure, else an error */
    char *skip_reason; /* why it was not run; NULL otherwise */
};

/* The cases of one scenario file, in the order of the run. */
struct rig_suite {
    char *file;
    GPtrArray *cases; /* struct rig_case_result *, borrowed from the results */
};

/* Something that is wrong with the run itself: counts as one error. */
struct rig_problem {
    char *file; /* scenario file that did not load; NULL */
    char *text;
};

struct rig_property {
    char *name;
    char *value;
};

struct rig_counts {
    guint n_cases;
    guint n_passed; /* flaky ones are among them */
    guint n_failed;
    guint n_errors;     /* problems are among them */
    guint n_unfinished; /* errors that are nothing but an exploration whose budget ended */
    guint n_skipped;
    guint n_flaky;
    guint n_not_run; /* among the skipped ones or the errors */
};

struct rig_results {
    bool started; /* run-start was seen */
    bool ended;   /* run-end was seen */
    bool killed;  /* read again, and there is no run-end */
    bool interrupted;
    bool nothing_selected; /* a whole run without a case, and nothing else was wrong */
    bool refused;          /* run-error was seen: the run could not begin */
    char *version;
    char *wall;
    char **argv; /* NULL-terminated, never NULL */
    char *target;
    char *target_about;
    char *seed;
    char *host;
    double timeout_scale;
    gint64 duration_ms;
    GPtrArray *properties; /* struct rig_property * */
    GPtrArray *cases;      /* struct rig_case_result * */
    GPtrArray *suites;     /* struct rig_suite * */
    GPtrArray *problems;   /* struct rig_problem * */
    GPtrArray *notes;      /* struct rig_entry *: of the run, outside of cases */
    guint n_bad_lines;     /* lines of the file that are no events; the cut last one is not counted */
    bool last_line_cut;
    gint64 n_missing_events; /* gaps in the numbers: a disk was full */
    gint64 n_listed;         /* cases that run-start announces; -1: it does not say */
    guint n_unlisted_ends;   /* ends of cases that the journal does not list */
    guint n_repeated;        /* starts of the run, ends of attempts that come again */
    gint64 format;           /* of the journal; RIG_JOURNAL_FORMAT when it does not say */
    guint n_problems_left_out;
    gint64 next_number;            /* private */
    GHashTable *suite_of;          /* private */
    GStringChunk *texts;           /* private: of the cases */
    GHashTable *tags_of;           /* private: joined text -> char ** */
    struct rig_attempt *to_settle; /* private: ended, and every listener has heard of it at the next event */
    gint64 case_to_settle;         /* private */
    gsize n_passed_bytes;          /* private: kept so far */
    gsize n_bad_bytes;             /* private */
    guint n_paths;                 /* private */
    gsize max_passed_bytes; /* RIG_RESULTS_MAX_PASSED_BYTES; a test may set less before the first event */
    gsize max_bad_bytes;    /* RIG_RESULTS_MAX_BAD_BYTES; likewise */
};

struct rig_results *rig_results_new(void);
void rig_results_free(struct rig_results *results);
typedef struct rig_results rig_results;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_results, rig_results_free)

/* A rig_journal_listener whose user is a struct rig_results *. */
void rig_results_take(void *results, const struct rig_event *event);

/* Settles what never ended: the case in progress becomes an error ("the run was killed here"). Cases that did
 * not run are skipped when the run was interrupted or stopped at a failure, and errors otherwise. Call once,
 * after the last event; a live run calls it after `run-end`. */
void rig_results_finish(struct rig_results *results);

/* Reads a whole journal of any size, in bounded memory but for the results, and settles it. What is broken in
 * the file is counted, not refused. An error only when the file cannot be read at all (missing, a directory).
 */
struct rig_results *rig_results_from_journal(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same into results that are new. listener (may be NULL) hears each event after the results took it:
 * steps of attempts that passed are there only until the next event. */
bool rig_results_read(struct rig_results *results, const char *path,
                      void (*listener)(void *user, const struct rig_event *event), void *user,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
struct rig_results *rig_results_from_bytes(const void *bytes, gsize n_bytes) G_GNUC_WARN_UNUSED_RESULT;

struct rig_counts rig_results_counts(const struct rig_results *results);
/* 0 all passed, 1 some failed, 2 a rig error (it outweighs failures, unless it is
 * nothing but explorations that did not end), 3 interrupted, 4 nothing ran. */
int rig_results_exit_code(const struct rig_results *results);
/* The last attempt of a case, NULL when it was not run. Borrowed. */
const struct rig_attempt *rig_case_last_attempt(const struct rig_case_result *result);
/* The step that `where` names, or the last one that did not pass, or NULL. Borrowed. */
const struct rig_step_result *rig_attempt_culprit(const struct rig_attempt *attempt);

/* --- for results.c, which ends and reads what model.c builds --- */

/* An attempt that ended: what no report needs of it goes, and past the bounds of the run all that is only
 * told. */
void rig_results_settle_attempt(struct rig_results *results, struct rig_attempt *attempt);
/* One of the few problems that are found at the end: kept whatever the bound is. file may be NULL. */
void rig_results_conclude_problem(struct rig_results *results, const char *file, const char *text);
/* Verdict and flakiness of a case from its attempts. */
void rig_case_result_judge(struct rig_case_result *result);

G_END_DECLS

#endif
