/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For tests: bluetoothd, an adapter and one board, made up on a private D-Bus. It lives in the events of the
 * board that the link under test waits on, so that one thread plays both sides. Knobs are set by tests; what
 * the link asked for is on record. */
#ifndef RIG_TESTS_BLUEZ_FAKE_H
#define RIG_TESTS_BLUEZ_FAKE_H

#include <gio/gio.h>

#include "drivers/board/board.h"

#define FAKE_ADDRESS "C0:FF:EE:52:84:00"
#define FAKE_ADAPTER "/org/bluez/hci0"
#define FAKE_DEVICE FAKE_ADAPTER "/dev_C0_FF_EE_52_84_00"
#define FAKE_SERVICE FAKE_DEVICE "/service000a"
#define FAKE_CHARACTERISTIC FAKE_SERVICE "/char000b"

/* What a method does instead of its work. */
struct bluez_fault {
    const char *method; /* NULL: the end of the list */
    const char *name;   /* D-Bus error; NULL with text NULL: no answer at all */
    const char *text;
    guint n_times;     /* 0: always */
    bool drops;        /* the connection is there for a moment before the error */
    const char *reply; /* instead of an error: this, in GVariant text */
};

/* A characteristic of the board. The first is SMP's; tests add others. */
#define FAKE_MAX_GATT 4
struct bluez_fake;
struct fake_gatt {
    const char *service, *service_uuid; /* path */
    const char *path, *uuid;
    const char *const *flags;
    const char *value; /* what ReadValue gives */
    struct bluez_fake *fake;
    int notify_fd, write_fd; /* our ends; -1: none */
    GSource *writer, *watcher;
    bool by_signal;
    bool is_there; /* bluetoothd has told of it */
    guint n_commands, n_requests;
};

/* A question to the agent. */
struct asked {
    struct bluez_fake *fake;
    GDBusMethodInvocation *call; /* Pair; NULL: a test asks */
    bool done;
};

struct bluez_fake {
    struct rig_board board;
    struct rig_link_place place;
    GTestDBus *daemon;
    GDBusConnection *connection;
    GDBusNodeInfo *node;
    GArray *objects; /* guint: registrations */
    volatile int interrupted;

    /* knobs */
    bool has_adapter, powered, blocked;
    bool advertises;
    const char *address; /* of the advertising */
    const char *name;
    bool twin; /* a second board with the same name */
    bool resolves;
    bool tells_late; /* of a connection and its services only when it is asked, as 5.66 does at times */
    bool has_smp;
    bool has_acquire;
    struct fake_gatt gatt[FAKE_MAX_GATT];
    guint n_gatt;
    guint16 mtu;
    const struct bluez_fault *faults;
    guint n_struck[32];
    guint fails_at; /* the call of this number in `calls`, 1 the first, is struck by fails_with; 0: none is */
    const struct bluez_fault *fails_with;
    bool paired;
    const char *asks;   /* agent's method that pairing calls; NULL: none */
    guint32 number;     /* passkey or number of that question */
    bool wants_pairing; /* StartNotify asks the agent for authorization, and hangs when that says no */
    bool silent;        /* the board does not answer what is written */

    /* state */
    bool owns_name, known, connected, resolved, scanning;
    char *agent_owner, *agent_capability;
    GPtrArray *calls;   /* char *: methods in the order they came */
    GPtrArray *written; /* GBytes */
    char *agent_error;  /* what the agent answered; NULL: yes */
    guint32 agent_number;
    guint32 shown; /* the passkey that the board's user was shown last, and how often one was */
    guint n_shown;
    struct asked unasked;
    guint n_dropped; /* notifications that did not fit the socket */
};

struct bluez_fake *bluez_fake_new(void);
void bluez_fake_free(struct bluez_fake *fake);

guint bluez_fake_count(const struct bluez_fake *fake, const char *method);
void bluez_fake_let_pass(struct bluez_fake *fake, guint for_ms);
/* The board's doings. */
void bluez_fake_notify(struct bluez_fake *fake, const void *bytes, gsize n_bytes);
void bluez_fake_notify_from(struct bluez_fake *fake, guint i, const void *bytes, gsize n_bytes);
void bluez_fake_drop(struct bluez_fake *fake); /* the connection ends */
/* Another characteristic, from the next connection on; texts and flags must outlive the fake. Returns its
 * index. */
guint bluez_fake_add(struct bluez_fake *fake, const struct fake_gatt *gatt);
/* Service Changed: one of them comes or goes while the board is connected. */
void bluez_fake_change(struct bluez_fake *fake, guint i, bool is_there);
/* The host's misfortunes. */
void bluez_fake_vanish(struct bluez_fake *fake); /* bluetoothd dies */
void bluez_fake_return(struct bluez_fake *fake); /* and is started again, with its bonds */
void bluez_fake_set_power(struct bluez_fake *fake, bool on);
void bluez_fake_unplug(struct bluez_fake *fake);
void bluez_fake_plug_in(struct bluez_fake *fake); /* again, without power */
/* Any signal, for example of wrong types; parameters in GVariant text. */
void bluez_fake_signal(struct bluez_fake *fake, const char *path, const char *interface, const char *name,
                       const char *parameters);
/* Asks the agent about another device; waits for the answer. */
void bluez_fake_ask(struct bluez_fake *fake, const char *method, const char *device);

#endif
