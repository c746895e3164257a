/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A board on a desk: put together from an entry of a bench file (supply, probe, link, console, programs that
 * run beside it) and a target of kind `board`; on the wall's clock. */
#ifndef RIG_DRIVERS_WIRED_WIRED_H
#define RIG_DRIVERS_WIRED_WIRED_H

#include "bench/bench.h"
#include "bench/lock.h"
#include "bench/target.h"
#include "drivers/board/board.h"
#include "drivers/console/console.h"
#include "drivers/power/driver.h"
#include "drivers/probe/openocd_rtt.h"
#include "transport/process.h"

G_BEGIN_DECLS

struct rig_simulator;
struct rig_wired;
/* What a simulated board in a process of its own has beyond a bench (simulated.c). */
struct rig_simulator_ops {
    /* Describes the process that the set-up takes: bench and entry of the board's config. Not while attached.
     */
    bool (*plan)(struct rig_wired *board, const struct rig_board_setup *setup, GError **error);
    void (*add_words)(const struct rig_simulator *simulator, GHashTable *words); /* of the bench */
    /* The control connection, once the process runs, and the supply that it is; and its end. */
    bool (*connect)(struct rig_wired *board, GError **error);
    void (*disconnect)(struct rig_wired *board);
    /* What no bench says: how the board is found under its options. */
    void (*fill_place)(const struct rig_simulator *simulator, const struct rig_layout *layout,
                       struct rig_link_place *place);
    bool (*hold_button)(struct rig_wired *board, bool held, GError **error); /* with has_button */
    void (*take_events)(struct rig_wired *board);    /* strikes of faults, to the listener */
    void (*forget)(struct rig_simulator *simulator); /* what images of this case were taught */
    void (*free)(struct rig_simulator *simulator);
};
struct rig_simulator {
    const struct rig_simulator_ops *ops;
    guint speed;           /* board seconds per second */
    bool has_button;       /* its firmware knows one */
    bool comes_programmed; /* its images are in the flash from the start; else the probe puts them there */
};

/* All is borrowed and must outlive the board. */
struct rig_wired_config {
    const struct rig_bench *bench;
    const struct rig_bench_board *entry;
    const struct rig_target *target; /* of kind `board` */
    const char *program;             /* this bootrig: $bootrig of the bench file */
    const char *targets;             /* folder of the shipped targets: $targets */
    struct rig_lock *lock; /* of the entry; the supply's own channel is added when it is known. NULL: none is
                              needed */
    struct rig_simulator *simulator; /* simulated.h: makes bench and entry; taken over. NULL: none */
};

/* Nothing is started or opened yet; that is done by the first preparation. RIG_ERROR_UNSUPPORTED: the entry
 * lacks what a run cannot do without (probe, console). Free with board->ops->free. */
struct rig_board *rig_wired_board_new(const struct rig_wired_config *config,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Who hears what a check finds. verdict: "ok", "error", "not checked". stopped: somebody asked to stop; what
 * is left is then not checked. */
struct rig_wired_listener {
    void (*say)(void *user, const char *path, const char *verdict, const char *text);
    bool (*stopped)(void *user);
    void *user;
};
/* Tries each way to the board: supply with proof of death, probe and chip, console, link. Nothing is halted
 * or programmed. Afterwards the supply is as it was, or off. */
void rig_wired_check(struct rig_board *board, const struct rig_wired_listener *listener);
/* The link alone, of any board that has one and is under power: whether it is found, connects, and has the
 * update service. Nothing is paired; the link is closed afterwards. */
void rig_wired_check_link(struct rig_board *board, const struct rig_wired_listener *listener);
/* `ble:` of a bench file as a place; borrows its texts. */
void rig_wired_fill_ble(struct rig_link_place *place, const struct rig_ble_spec *ble);

/* --- shared by the files of this driver --- */

struct rig_program;
struct rig_firmware;

struct rig_wired_power {
    struct rig_power power;
    struct rig_wired *owner;
    struct rig_power *channel; /* NULL: the board has none, or it is not attached */
    bool on;
    bool armed;
    enum rig_cut_aim aim;
    guint64 delay_us; /* behind what is waited for */
    guint32 word_address;
    guint32 word_before;
    bool probe_saw; /* the probe read the board while it was alive */
    bool link_saw;  /* it was connected then */
    bool loss_told; /* probe and link know that the armed cut fell */
    GMutex lock;    /* of what follows: the console's thread writes it */
    bool triggered;
    gint64 aimed_us; /* monotonic; 0: not known yet */
    GError *trigger_error;
};

struct rig_wired {
    struct rig_board board;
    struct rig_wired_config config;
    struct rig_firmware *firmware; /* NULL: images come from files, or the simulated application is it */
    struct rig_key *key;
    struct rig_encrypt_key *encryption_key;
    const char **capabilities;
    struct rig_folder *temporary;
    const char *folder; /* its path; NULL: the board is not whole yet */
    char *openocd_log;
    char *console_log;

    /* While attached: */
    bool attached;
    bool lost; /* something went away: all is opened anew next time */
    GHashTable *words;
    struct rig_bench_entry *entry;
    GPtrArray *programs; /* struct rig_program * */
    struct rig_power_host host;
    struct rig_wired_power power;
    struct rig_power *button; /* what presses it: switched on; NULL: the bench has none */
    struct rig_openocd_probe probe;
    struct rig_openocd_config openocd;
    GPtrArray *openocd_arguments; /* char *, NULL-terminated */
    char *openocd_host;
    struct rig_link_place place;
    char *place_host;
    struct rig_console *console;
    struct rig_rtt *rtt; /* NULL: the console is a serial port */
    GSource *console_wake;
    gint64 origin_us;
};

/* Starts programs, opens supply, console, probe and link; nothing when that is done. */
bool rig_wired_attach(struct rig_wired *board, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The probe's way to the supply. */
void rig_wired_tell_probe(struct rig_wired *board);
void rig_wired_detach(struct rig_wired *board);
/* What has gone away meanwhile (console, a program): RIG_ERROR_DEVICE names it. */
bool rig_wired_is_whole(struct rig_wired *board, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Console lines that came, to the listener and to the count of boots. Returns whether there was one. */
bool rig_wired_take_lines(struct rig_wired *board, bool all);
/* The console through the probe; rtt: of the bench file. */
void rig_wired_open_rtt(struct rig_wired *board, const struct rig_rtt_spec *rtt);
/* Sees to it that lines come through the probe, if that is the console. */
bool rig_wired_attend(struct rig_wired *board, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* What the board said up to here has been taken. */
void rig_wired_catch_up(struct rig_wired *board);
/* Board seconds per second. */
guint rig_wired_speed(const struct rig_wired *board);
/* Board clock of a monotonic instant. */
guint64 rig_wired_at_us(const struct rig_wired *board, gint64 monotonic_us);

void rig_wired_power_init(struct rig_wired_power *power, struct rig_wired *owner);
void rig_wired_power_clear(struct rig_wired_power *power);
/* Looks whether an armed cut fell, or what it waits for happened; probe and link are told. */
void rig_wired_power_notice(struct rig_wired_power *power);
/* With a cut aimed at a word: one look at it. */
void rig_wired_power_poll(struct rig_wired_power *power);
/* Asked while the board lives: who never saw it alive cannot tell that it died. */
void rig_wired_call_witnesses(struct rig_wired *board);
/* Who beside the switch says that the board is dead; an empty text: nobody. */
void rig_wired_prove_death(struct rig_wired *board, gint64 off_us, char *proof, gsize n_bytes);

/* prepare.c, for the capability "restore". */
extern const struct rig_board_snapshots rig_wired_snapshots;

/* RIG_ERROR_UNSUPPORTED when the set-up wants other options than the board has. */
bool rig_wired_accepts(const struct rig_target *target, const struct rig_record *options,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool rig_wired_set_up(struct rig_wired *board, const struct rig_board_setup *setup,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A program of `start:`; returns when it is ready, with its words added. log_path: what it prints. */
struct rig_program *rig_program_start(const struct rig_bench *bench, const struct rig_start_spec *start,
                                      GHashTable *words, const char *log_path,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rig_program_free(struct rig_program *program); /* ends it */
bool rig_program_is_alive(struct rig_program *program, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What images are made of: `firmware:` of the target. NULL without an error: there is none. */
struct rig_firmware *rig_firmware_load(const struct rig_target *target, GError **error);
void rig_firmware_free(struct rig_firmware *firmware);
guint16 rig_firmware_header_bytes(const struct rig_firmware *firmware);
/* A payload as board->application->make_payload() owes it; firmware NULL: an error that says so. */
GBytes *rig_firmware_payload(const struct rig_firmware *firmware, const struct rig_target *target,
                             const struct rig_payload_plan *plan, gsize n_bytes, GError **error);

G_END_DECLS

#endif
