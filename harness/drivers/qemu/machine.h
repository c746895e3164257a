/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A machine in QEMU whose flash outlives it: one process from power on to power off. Between them the content
 * of flash is kept here; it is put into the machine's memory before its first instruction and saved when
 * power goes. */
#ifndef RIG_DRIVERS_QEMU_MACHINE_H
#define RIG_DRIVERS_QEMU_MACHINE_H

#include "transport/process.h"

G_BEGIN_DECLS

#define RIG_QEMU_MAX_DEVICES 2
#define RIG_QEMU_MAX_FILES 8

struct rig_qemu_device { /* a flash device: a piece of the memory map */
    guint32 address;
    GByteArray *content; /* as it is without power */
};
/* All texts are borrowed and outlive the machine. */
struct rig_qemu_config {
    const char *program;                   /* "qemu-system-arm" */
    const char *machine;                   /* of QEMU's -machine */
    const char *cpu;                       /* NULL: the machine's own */
    const char *files[RIG_QEMU_MAX_FILES]; /* ELF, HEX: loaded anew at every reset */
    const char *const *arguments;          /* further ones, NULL-terminated; may be NULL */
    guint serial;                          /* which of the machine's serial ports is the console */
    guint wire;                            /* and which carries SMP; may be the same */
    const char *folder;                    /* for sockets, log and saved memory; short */
};

struct rig_qemu_machine;

/* devices: taken over in number and place; contents are made of n_bytes and the erased value. */
struct rig_qemu_machine *rig_qemu_machine_new(const struct rig_qemu_config *config);
void rig_qemu_machine_free(struct rig_qemu_machine *machine); /* ends it the hard way */
/* Adds a device of erased flash; at most RIG_QEMU_MAX_DEVICES. */
void rig_qemu_machine_add(struct rig_qemu_machine *machine, guint32 address, gsize n_bytes, guint8 erased);
void rig_qemu_machine_erase(struct rig_qemu_machine *machine); /* while it is off */

/* Power on: the process starts with its flash as it was, and stands before its first instruction. */
bool rig_qemu_machine_start(struct rig_qemu_machine *machine, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool rig_qemu_machine_run(struct rig_qemu_machine *machine, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Stops execution at once; the rest of a power cut may follow at leisure. */
bool rig_qemu_machine_freeze(struct rig_qemu_machine *machine, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same from another thread, while the machine is on: it alone may be called beside all others. */
bool rig_qemu_machine_stop(struct rig_qemu_machine *machine, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Power off: stops, saves flash, ends the process. Off already: nothing. */
bool rig_qemu_machine_end(struct rig_qemu_machine *machine, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool rig_qemu_machine_reset(struct rig_qemu_machine *machine, GError **error) G_GNUC_WARN_UNUSED_RESULT;

bool rig_qemu_machine_is_on(const struct rig_qemu_machine *machine);
/* RIG_ERROR_DEVICE: the process ended by itself, with its last words; its flash is as at power on then. */
bool rig_qemu_machine_is_alive(struct rig_qemu_machine *machine, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Paths; borrowed. */
struct rig_qemu_paths {
    const char *console; /* unix socket */
    const char *wire;    /* unix socket; NULL: the console is it */
    const char *log;
};
struct rig_qemu_paths rig_qemu_machine_paths(const struct rig_qemu_machine *machine);

/* Flash, with and without power. */
bool rig_qemu_machine_read(struct rig_qemu_machine *machine, guint device, guint32 offset, guint8 *into,
                           gsize n_bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool rig_qemu_machine_write(struct rig_qemu_machine *machine, guint device, guint32 offset,
                            const guint8 *bytes, gsize n_bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Any memory, while it is on. */
bool rig_qemu_machine_read_memory(struct rig_qemu_machine *machine, guint32 address, guint8 *into,
                                  gsize n_bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* RIG_ERROR_DEVICE: nothing is mapped at this address. */
bool rig_qemu_machine_has_memory(struct rig_qemu_machine *machine, guint32 address,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool rig_qemu_machine_pc(struct rig_qemu_machine *machine, guint32 *pc,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
