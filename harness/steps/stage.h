/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The stage that steps play on: one attempt of one case, its board, images, faults, and what went wrong
 * first. */
#ifndef RIG_STEPS_STAGE_H
#define RIG_STEPS_STAGE_H

#include "drivers/update/update.h"
#include "report/evidence.h"
#include "report/journal.h"
#include "report/model.h"
#include "scenario/scenario.h"
#include "steps/image_store.h"
#include "steps/traffic.h"

G_BEGIN_DECLS

/* The first thing that went wrong, and where. */
struct rig_trouble {
    enum rig_verdict verdict; /* PASS: nothing did; SKIP: the board turned out to be unable */
    bool interrupted;
    bool unfinished; /* ERROR: nothing is wrong but a budget that was too small */
    char *message;
    char *expected; /* may be NULL */
    char *seen;     /* may be NULL */
    const struct rig_step *step;
    char *step_id;
};
void rig_trouble_clear(struct rig_trouble *trouble);

/* Who ends a connection. */
enum rig_loss_by {
    RIG_LOSS_BY_HOST,    /* the host disconnects */
    RIG_LOSS_BY_BOARD,   /* the board hangs up, HCI 0x13 */
    RIG_LOSS_BY_SILENCE, /* the radio is silent until the supervision timeout, HCI 0x08 */
};
extern const char *const rig_loss_by_words[]; /* "host", "board", "silence"; NULL-terminated */

/* One place of a sweep. */
enum rig_cut_place_kind {
    RIG_PLACE_OPERATION, /* of flash, where power is cut */
    RIG_PLACE_INSTANT,   /* when it is */
    RIG_PLACE_PACKET,    /* where the connection ends */
};
struct rig_cut_place {
    enum rig_cut_place_kind kind;
    guint64 operation; /* OPERATION */
    enum rig_cut_form form;
    guint64 after_us;               /* INSTANT */
    struct rig_packet_place packet; /* PACKET */
    enum rig_loss_by by;
};
/* As a replay names it: "17:half", "40ms", "write:17:host", "notification:5:board", "waiting:5:host",
 * "end:silence". Owned by the caller. */
char *rig_cut_place_text(const struct rig_cut_place *place);

struct rig_run {
    const struct rig_case *the_case;
    struct rig_board *board;
    struct rig_journal *journal;
    struct rig_evidence *evidence; /* where files are kept; borrowed */
    struct rig_image_store *images;
    struct rig_faults *faults;
    bool packet_faults;               /* the board has some armed */
    struct rig_update *update;        /* the board's update protocol */
    struct rig_update *looker;        /* asks for looks (look.h); NULL: nobody looked so yet */
    struct rig_faults *looker_faults; /* none */
    guint64 seed;                     /* of this attempt */
    double timeout_scale;
    const struct rig_cut_place *only_cut; /* a replay plays this place of a sweep and no other; NULL = all */

    const char
        *only_path; /* a replay plays this path of an exploration and explores nothing; NULL = explore */

    guint n_workers;    /* of an exploration; 0 = as many as there are cores */
    const char *resume; /* an earlier run's folder, or a file: explorations go on from there; NULL = anew */

    bool in_setup; /* the board is only brought to where the case starts: what goes wrong is no verdict on it
                    */
    struct rig_trouble trouble;
    GPtrArray *also; /* char *: what went wrong after that */
    const struct rig_step *step;
    GString *step_id;        /* of the step that runs */
    guint muted;             /* inside a sweep: events of single steps are not written */
    char *cut_text;          /* the place that failed in a sweep, by rig_cut_place_text(); NULL */
    struct rig_watch *watch; /* tells what becomes of the flash; NULL: nobody does */
    char *path_text;         /* the cuts that an exploration found: "app,run,19,6,run"; NULL */
    char **path_trailers;    /* and the trailers that they leave, told instead of the board's; NULL */

    GPtrArray *console; /* char *: lines since the last reset or power step, the last RIG_RUN_CONSOLE_LINES */
    GPtrArray *characteristics; /* struct rig_characteristic *: named by steps, beside the update protocol's */
    GHashTable
        *flash_watches; /* name -> GPtrArray *: what was known of the flash at watch-flash (flash_steps.c) */
    guint boots_before; /* bootloader runs before the last reset or power step */
    guint resets_before;
    char *boot_stop; /* how the last bootloader run stopped short: assertion, crash, flash fault; NULL: it did
                        not */
    struct {
        const char *image; /* of the last upload, when it was broken off; NULL: it was not */
        guint64 at;        /* what the board had acknowledged of it, in bytes */
    } broken_off;
    enum rig_link_outcome last_link;
};
#define RIG_RUN_CONSOLE_LINES 2000

void rig_run_init(struct rig_run *run, const struct rig_case *the_case, struct rig_board *board,
                  struct rig_journal *journal, struct rig_image_store *images, guint64 seed,
                  double timeout_scale);
void rig_run_clear(struct rig_run *run);

guint64 rig_run_now_us(const struct rig_run *run);
/* The instant until which this step may wait. */
guint64 rig_run_deadline_us(const struct rig_run *run, const struct rig_step *step);
bool rig_run_troubled(const struct rig_run *run);

/* The board broke its promise: fail; in setup an error. The first trouble counts, later ones go into `also`.
 * expected and seen may be NULL. */
void rig_run_fail(struct rig_run *run, const char *expected, const char *seen, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
/* The rig could not do its job: error. Takes the GError. */
void rig_run_error(struct rig_run *run, GError *error);
/* Takes the GError: RIG_ERROR_UNSUPPORTED ends the case as skipped, with this reason; else as
 * rig_run_error().
 */
void rig_run_unable(struct rig_run *run, GError *error);
void rig_run_error_text(struct rig_run *run, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The same where nothing failed and a budget ended it: an error that does not outweigh failures. */
void rig_run_unfinished(struct rig_run *run, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* One comparison, on record; fails the step when not ok. Returns ok. */
bool rig_run_expect(struct rig_run *run, bool ok, const char *what, const char *expected, const char *seen);

/* Events; muted inside a sweep. */
void rig_run_note(struct rig_run *run, const char *format, ...) G_GNUC_PRINTF(2, 3);
void rig_run_power_event(struct rig_run *run, const char *what, const char *text, const char *proof);
void rig_run_fault_event(struct rig_run *run, const char *format, ...) G_GNUC_PRINTF(2, 3);
void rig_run_emit(struct rig_run *run, struct rig_event *event);

/* Runs steps one after the other until one is in trouble. prefix: "steps", "steps.3.do". */
void rig_run_steps(struct rig_run *run, const GPtrArray *steps, const char *prefix);

/* Whether the probe can tell what runs; else the rig is at fault, and no expectation of what runs is a fail.
 */
bool rig_run_can_look(struct rig_run *run);
/* The board is about to start anew: counts of boots and resets, and the console lines to expect, begin here.
 */
void rig_run_mark_boots(struct rig_run *run);
/* Waits until the board did not touch its flash for a while and is not booting, or `stop` holds. false:
 * trouble. */
bool rig_run_settle(struct rig_run *run, guint64 until_us, rig_board_condition stop, void *user);

/* Built image of this case. NULL: trouble (a rig error) is set. */
const struct rig_built_image *rig_run_image(struct rig_run *run, const char *name);
/* The name of this case's image with that hash, or NULL. */
const char *rig_run_image_by_hash(struct rig_run *run, const guint8 hash[RIG_IMAGE_HASH_BYTES]);

/* What runs now in one line: "v2 2.0.0 (unconfirmed)", "hung", "no bootable image". Owned by the caller. */
char *rig_run_describe_board(struct rig_run *run, const struct rig_board_view *view);
/* A slot of the board as a source of bytes, read through the probe. storage must outlive the source. */
struct rig_slot_reader {
    struct rig_probe *probe;
    struct rig_slot slot;
};
bool rig_slot_open(struct rig_run *run, guint index, struct rig_slot_reader *storage,
                   struct rig_image_source *source);

/* Trailers of all slots decoded, one line each, or those that the path of an exploration leaves;
 * NULL-terminated, owned by the caller. */
char **rig_run_trailers(struct rig_run *run);

G_END_DECLS

#endif
