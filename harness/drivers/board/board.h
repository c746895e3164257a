/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A board under test: its clock, its drivers by role, what it can do, and what can be prepared on it. Made by
 * a target. */
#ifndef RIG_DRIVERS_BOARD_BOARD_H
#define RIG_DRIVERS_BOARD_BOARD_H

#include "bench/layout.h"
#include "drivers/link/link.h"
#include "drivers/link/packet_fault.h"
#include "drivers/power/power.h"
#include "drivers/probe/probe.h"
#include "scenario/schema.h"

G_BEGIN_DECLS

struct rig_board;

#define RIG_PAYLOAD_MIN_BYTES 64

/* Things the board does that belong into the journal. Called from within rig_board_wait() and the drivers'
 * operations. */
struct rig_board_listener {
    void (*console)(void *user, guint64 at_us, const char *line);
    /* swap: NULL where the bootloader swaps nothing. */
    void (*boot)(void *user, guint64 at_us, const char *outcome, const char *swap, bool resumed,
                 guint64 n_operations, const char *text);
    void (*link)(void *user, guint64 at_us, const char *text);
    /* A fault of rig_board_packet_faults struck: "write 3, 20 bytes: lost". */
    void (*packet_fault)(void *user, guint64 at_us, const char *text);
    void *user;
};

/* What `board:` asks for. Images are borrowed for the call. */
struct rig_board_image {
    guint slot;
    const guint8 *bytes; /* Nordic: of the application alone */
    gsize n_bytes;
    guint32 fw_version; /* Nordic: what the settings page records */
};
struct rig_board_setup {
    const struct rig_board_image *images;
    gsize n_images;
    bool companions; /* images of the board that are not among these are healthy ones of the board's own */
    bool confirmed;  /* false: slot 0 is on trial (trailer says so), the next boot reverts */
    const struct rig_record *options; /* of rig_board_options_shape; NULL = the target's own */
    guint64 seed;
};

/* What the application of an image shall do, for boards that can be told. */
struct rig_payload_plan {
    const char *behaviour; /* "waits", "confirms", "crashes", "hangs" */
    guint32 self_test_us;
    guint32 watchdog_us;
    guint64 seed;
    guint32 fw_version; /* a.b.c as Nordic counts it, for an application that alone knows it; 0: not known */
};

/* What the target of its own accord, and not the step `board:`, demands beside a signature. A scenario that
 * says nothing of it gets images and links that are so. */
struct rig_board_demands {
    bool counter; /* images have a security counter, at least this one */
    guint32 least_counter;
    bool encryption; /* the update service is served over an encrypted link */
};

/* What every board has. */
struct rig_board_ops {
    guint64 (*now_us)(struct rig_board *board);
    /* Lets the next thing happen that is due no later than until_us; *happened is false when the clock
     * reached until_us instead. Errors: RIG_ERROR_INTERRUPTED, or a lost device. */
    bool (*wait)(struct rig_board *board, guint64 until_us, bool *happened, GError **error);
    /* Makes the board what `setup` says and leaves it without power. RIG_ERROR_UNSUPPORTED when this board
     * cannot be made so. */
    bool (*prepare)(struct rig_board *board, const struct rig_board_setup *setup, GError **error);
    /* Every driver at rest, power off: the safe state at the end. false: it could not be brought there. */
    bool (*make_safe)(struct rig_board *board, GError **error);
    void (*free)(struct rig_board *board);
};

/* What a board may have beside it: a pointer in struct rig_board, NULL where it has not. All functions of an
 * interface are there, but for those that say "may be NULL". */

/* The options of `board:`. */
struct rig_board_options {
    /* Takes over the options of a set-up (images, seed and the rest are not looked at), so that images can be
     * built before `prepare`. May be NULL: `prepare` without images does it. RIG_ERROR_UNSUPPORTED as there.
     */
    bool (*adopt)(struct rig_board *board, const struct rig_board_setup *setup, GError **error);
    /* What the board is with these options laid over its target's own (NULL: with those alone), and the
     * largest images that its bootloader takes then. Touches no device and changes nothing.
     * RIG_ERROR_UNSUPPORTED: it cannot be made so; the text says why. */
    bool (*describe)(const struct rig_board *board, const struct rig_record *options,
                     struct rig_layout *layout, GError **error);
};

/* The application of images that the rig makes. */
struct rig_board_application {
    /* A payload of n_bytes (at least RIG_PAYLOAD_MIN_BYTES), or of more where the board's own firmware is
     * larger. RIG_ERROR_UNSUPPORTED: this board has no such firmware. */
    GBytes *(*make_payload)(const struct rig_board *board, const struct rig_payload_plan *plan, gsize n_bytes,
                            GError **error);
    /* How the application of an image from a file behaves, by the image's hash, until the board is made safe;
     * for boards whose application is a model. May be NULL: the file's own firmware runs. */
    bool (*teach)(struct rig_board *board, const guint8 hash[RIG_IMAGE_HASH_BYTES],
                  const struct rig_payload_plan *plan, GError **error);
};

/* The board's half of its bonds. */
struct rig_board_bonds {
    bool (*forget)(struct rig_board *board, GError **error);
    /* Another key takes the place of each of the board's: both sides have keys, and they differ. */
    bool (*replace)(struct rig_board *board, GError **error);
    /* The host shows this passkey while it pairs: who sits before the board may type it there. Called from
     * within a wait; must be quick. May be NULL: nobody does. */
    void (*host_shows)(struct rig_board *board, guint32 passkey);
};

/* Faults of single packets between this host and the board, with the capability "packet-faults". They stay
 * over reconnections, resets and loss of power until they end all together, or the board is prepared anew; a
 * snapshot holds them and how many packets they have counted, the strikes that are reported do not go back
 * with it. Packets that a fault holds back still go when they have ended. A fault whose place never comes is
 * no error here. */
struct rig_board_packet_faults {
    /* RIG_ERROR_INPUT: a value is beyond its limit; RIG_ERROR_DEVICE: RIG_PACKET_MAX_FAULTS are armed
     * already, or the board is not prepared yet, or does not answer; RIG_ERROR_UNSUPPORTED: not over this
     * link. */
    bool (*arm)(struct rig_board *board, const struct rig_packet_fault *fault, GError **error);
    /* Ends all of them; none armed is no error. report: what they did; may be NULL. */
    bool (*end)(struct rig_board *board, struct rig_packet_report *report, GError **error);
};

/* Keeping a board as it is, and going back. With the capability "rewind" all of it goes back. With "restore"
 * only its flash does, through the probe, and the board starts anew; or it stands halted before its first
 * instruction, when its bootloader would have something to do. */
struct rig_snapshot;
struct rig_board_snapshots {
    struct rig_snapshot *(*keep)(struct rig_board *board, GError **error);
    bool (*rewind)(struct rig_board *board, const struct rig_snapshot *snapshot, GError **error);
    void (*forget)(struct rig_snapshot *snapshot); /* NULL is no snapshot */
};

/* What explorations and pictures of paths start from: the flash of a simulated board and what boots it. */
struct sim_boot_config; /* targets/sim/firmware/mcuboot/boot */
struct sim_flash;
struct sim_flash_operation;
struct sim_guest;
struct sim_secure_config; /* targets/sim/firmware/nordic/secure */
struct sim_legacy_config; /* targets/sim/firmware/nordic/legacy */
/* A board with one of Nordic's bootloaders; borrowed. */
struct rig_board_nordic {
    const struct sim_flash *flash;
    const struct sim_secure_config *secure; /* NULL: it is the legacy one */
    const struct sim_legacy_config *legacy;
    bool bonded; /* its application hands its bond to the bootloader */
};
struct rig_board_subject {
    /* NULL: the bootloader is none of Nordic's. */
    void (*nordic)(struct rig_board *board, struct rig_board_nordic *nordic);
    /* The next three are MCUboot's, NULL where there is none. Borrowed. Returns the foreign bootloader that
     * this board boots through, NULL = the model. */
    struct sim_guest *(*bootloader)(struct rig_board *board, const struct sim_boot_config **config,
                                    const struct sim_flash **flash);
    /* Whether a piece of a console line is how the bootloader model says something (see foreign_bootloader).
     */
    bool (*model_prints)(const char *piece);
    /* The security counter that the board has stored for an image. */
    guint32 (*security_counter)(const struct rig_board *board, guint image);
    /* Every flash operation from now on, after it happened, and whether the bootloader did it; NULL watcher:
     * no more. */
    void (*watch)(struct rig_board *board,
                  void (*watcher)(void *user, const struct sim_flash_operation *operation, bool booting),
                  void *user);
};

/* Flash operations that the board did, counted from its set-up; with the capability "flash-watch". */
struct rig_board_flash_watch {
    guint64 (*n_operations)(struct rig_board *board);
    /* Those after the first `since`. */
    void (*operations)(struct rig_board *board, guint64 since,
                       void (*each)(void *user, const struct rig_flash_write *write), void *user);
};

/* The logs of programs that work for this board, for the evidence of a case that did not pass. */
struct rig_board_logs {
    void (*each)(struct rig_board *board, void (*tell)(void *user, const char *name, const char *path),
                 void *user);
};

struct rig_update_protocol;

struct rig_board {
    const struct rig_board_ops *ops;
    /* Roles. What the console says goes to the listener. */
    struct rig_link *link;
    struct rig_power *power;
    struct rig_probe *probe;
    const struct rig_update_protocol *protocol; /* that it is updated by (drivers/update); NULL: SMP */
    struct rig_board_listener listener;
    /* Interfaces that it has or has not. */
    const struct rig_board_options *options;
    const struct rig_board_application *application;
    const struct rig_board_bonds *bonds;
    const struct rig_board_packet_faults *packet_faults;
    const struct rig_board_snapshots *snapshots;
    const struct rig_board_flash_watch *flash_watch;
    const struct rig_board_subject *subject;
    const struct rig_board_logs *logs;
    /* Holds the board's button down from now on, or lets it go; with the capability "button". NULL: nothing
     * reaches it. */
    bool (*hold_button)(struct rig_board *board, bool held, GError **error);
    /* A console line that somebody else read (SMP over the console does), before the listener hears of it;
     * NULL: the board does not care. */
    void (*heard)(struct rig_board *board, const char *line);
    const char *const *capabilities; /* NULL-terminated; what `needs` is checked against */
    struct rig_layout layout;        /* as the board was prepared last, or as its target is */
    bool silent_boots;               /* runs of the bootloader that the rig did not cause are not seen */
    bool blind_to_hangs;             /* a core that hangs looks to the probe like one that runs */
    const char *unplayable;          /* why no case is played on it; NULL: cases are */
    const struct rig_key *key;       /* private; NULL: the rig's test key of that kind */
    const struct rig_encrypt_key
        *encryption_key; /* what images are encrypted for; NULL: the rig's test key */
    struct rig_board_demands demands;
    /* The name of a bootloader of the user's own that a simulated board boots through; NULL: the model, or
     * real hardware. What the model prints is not what this one prints. Lives as long as the board. */
    const char *foreign_bootloader;
    bool own_trailers;    /* of that bootloader: it keeps its progress elsewhere than MCUboot does */
    guint16 header_bytes; /* of images made for this board; 0: as images have them by default */
    /* Boards on the wall's clock: sources of links, consoles and D-Bus hang here, and wait() dispatches them.
     * NULL: virtual time. */
    GMainContext *events;
    GError
        *broken; /* a source of `events` found the rig broken: the next rig_board_wait_for() says so; owned */
    volatile int *interrupted; /* set from outside: wait() fails with RIG_ERROR_INTERRUPTED */
};

/* What the target's own layout demands beside a signature, where the options of a scenario (NULL: none) do
 * not choose it. */
struct rig_options_spec; /* bench/target.h */
void rig_board_demand(struct rig_board *board, const struct rig_layout *own,
                      const struct rig_options_spec *options);
bool rig_board_can(const struct rig_board *board, const char *capability);

/* Lets things happen until `done` says so or the clock reaches until_us. true: *satisfied tells which. */
typedef bool (*rig_board_condition)(void *user);
bool rig_board_wait_for(struct rig_board *board, guint64 until_us, rig_board_condition done, void *user,
                        bool *satisfied, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether g_main_context_new(), which ends the program where it fails, would come about now. RIG_ERROR_IO:
 * the process has no file descriptor left. */
bool rig_board_can_have_events(GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* For wait() of boards with `events`: dispatches what is ready, or sleeps until something is, for max_ms at
 * most. */
void rig_board_idle(struct rig_board *board, guint max_ms);
/* Dispatches what is ready by now and does not sleep: what a console said up to here. */
void rig_board_catch_up(struct rig_board *board);
/* A file descriptor that ends a rig_board_idle() when it becomes readable; whoever waits reads it. Destroy
 * and unref the source before closing the descriptor. */
GSource *rig_board_wake_on(struct rig_board *board, int fd) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
