/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loading a shared object, keeping its variables as they are right after loading, and calling it. */
#define _GNU_SOURCE /* dl_iterate_phdr, dlinfo */
#include "sim/boot/guest/services.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIGNAL_STACK_BYTES (64u * 1024u)
#define DEFAULT_MAX_US 2000000u

struct hunt {
    struct sim_guest *guest;
    ElfW(Addr) base;
    const char *why; /* NULL: all is well */
};

static void keep_segment(struct hunt *hunt, uint8_t *at, size_t n_bytes)
{
    struct sim_guest *guest = hunt->guest;
    struct guest_segment *segment = &guest->segments[guest->n_segments];
    if (n_bytes == 0) {
        return;
    }
    if (guest->n_segments == GUEST_MAX_SEGMENTS || n_bytes > GUEST_MAX_SAVED_BYTES ||
        (segment->saved = malloc(n_bytes)) == NULL) {
        hunt->why = "its variables are too many to be put back";
        return;
    }
    segment->at = at;
    segment->n_bytes = n_bytes;
    memcpy(segment->saved, at, n_bytes);
    guest->n_segments++;
}

/* Writable segments, but for the part that the loader made read-only after relocation (RELRO: a prefix of the
 * first one). */
static int visit_object(struct dl_phdr_info *object, size_t n_bytes, void *user)
{
    struct hunt *hunt = user;
    ElfW(Addr) relro_start = 0, relro_end = 0;
    (void)n_bytes;
    if (object->dlpi_addr != hunt->base) {
        return 0;
    }
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &object->dlpi_phdr[i];
        if (header->p_type == PT_GNU_RELRO) {
            ElfW(Addr) page = (ElfW(Addr))sysconf(_SC_PAGESIZE);
            relro_start = header->p_vaddr;
            relro_end = (header->p_vaddr + header->p_memsz) / page * page;
        }
    }
    for (int i = 0; i < object->dlpi_phnum && hunt->why == NULL; i++) {
        const ElfW(Phdr) *header = &object->dlpi_phdr[i];
        if (header->p_type != PT_LOAD || !(header->p_flags & PF_W)) {
            continue;
        }
        ElfW(Addr) start = header->p_vaddr;
        ElfW(Addr) end = start + header->p_memsz;
        if (relro_end > start && relro_start <= start) {
            start = relro_end < end ? relro_end : end;
        }
        keep_segment(hunt, (uint8_t *)(object->dlpi_addr + start), end - start);
    }
    return 1;
}

static const char *keep_variables(struct sim_guest *guest)
{
    struct link_map *map = NULL;
    struct hunt hunt = {.guest = guest};
    if (dlinfo(guest->object, RTLD_DI_LINKMAP, &map) != 0) {
        return "its place in memory cannot be told";
    }
    hunt.base = map->l_addr;
    dl_iterate_phdr(visit_object, &hunt);
    return hunt.why;
}

static void *symbol(struct sim_guest *guest, const char *name)
{
    return dlsym(guest->object, name);
}

static const char *load(struct sim_guest *guest, const char *path)
{
    void (*about)(struct rig_about *);
    guest->object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (guest->object == NULL) {
        const char *why = dlerror();
        return why != NULL ? why : "it cannot be loaded";
    }
    /* POSIX's way to turn an object pointer into a function pointer. */
    *(void **)&about = symbol(guest, "rig_bootloader_about");
    *(void **)&guest->boot = symbol(guest, "rig_bootloader_boot");
    *(void **)&guest->mark = symbol(guest, "rig_bootloader_mark");
    *(void **)&guest->confirm = symbol(guest, "rig_bootloader_confirm");
    const char *why = keep_variables(guest);
    if (why != NULL) {
        return why;
    }
    if (about == NULL || guest->boot == NULL) {
        return "it does not export rig_bootloader_about and rig_bootloader_boot";
    }
    about(&guest->about);
    if (guest->about.abi_version != RIG_BOOTLOADER_ABI_VERSION) {
        return "it was made for another version of bootloader_abi.h";
    }
    if (!(guest->about.flags & RIG_BOOTLOADER_MCUBOOT_TRAILERS) &&
        (guest->mark == NULL || guest->confirm == NULL)) {
        return "it exports neither rig_bootloader_mark and rig_bootloader_confirm nor the flag "
               "RIG_BOOTLOADER_MCUBOOT_TRAILERS";
    }
    return NULL;
}

struct sim_guest *sim_guest_open(const char *path, char *why, size_t n_why)
{
    struct sim_guest *guest = calloc(1, sizeof *guest);
    if (guest == NULL) {
        snprintf(why, n_why, "out of memory");
        return NULL;
    }
    guest->max_us = DEFAULT_MAX_US;
    guest->verdicts = calloc(GUEST_N_VERDICTS, sizeof *guest->verdicts);
    guest->buffer = malloc(GUEST_BUFFER_BYTES);
    guest->signal_stack = malloc(SIGNAL_STACK_BYTES);
    guest->null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    guest->error_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    bool memory = guest->verdicts != NULL && guest->buffer != NULL && guest->signal_stack != NULL;
    const char *problem = memory ? load(guest, path) : "out of memory";
    if (problem != NULL) {
        snprintf(why, n_why, "%s", problem);
        sim_guest_close(guest);
        return NULL;
    }
    return guest;
}

void sim_guest_close(struct sim_guest *guest)
{
    if (guest == NULL) {
        return;
    }
    if (guest->object != NULL) {
        dlclose(guest->object);
    }
    for (unsigned i = 0; i < guest->n_segments; i++) {
        free(guest->segments[i].saved);
    }
    if (guest->null_fd >= 0) {
        close(guest->null_fd);
    }
    if (guest->error_fd >= 0) {
        close(guest->error_fd);
    }
    free(guest->verdicts);
    free(guest->buffer);
    free(guest->signal_stack);
    free(guest);
}

uint32_t sim_guest_flags(const struct sim_guest *guest)
{
    return guest->about.flags;
}

void sim_guest_limit(struct sim_guest *guest, uint64_t max_us)
{
    guest->max_us = max_us != 0 ? max_us : DEFAULT_MAX_US;
}

struct request {
    enum sim_guest_call call;
    struct rig_services services;
    struct sim_guest_run *run;
};

static void do_call(struct sim_guest *guest, void *user)
{
    struct request *request = user;
    switch (request->call) {
    case SIM_GUEST_BOOT:
        guest->boot(&request->services, &request->run->decision);
        return;
    case SIM_GUEST_MARK_TEST:
    case SIM_GUEST_MARK_PERMANENT:
        request->run->status = guest->mark(&request->services, request->call == SIM_GUEST_MARK_PERMANENT);
        return;
    case SIM_GUEST_CONFIRM:
        request->run->status = guest->confirm(&request->services);
        return;
    }
}

static void put_variables_back(struct sim_guest *guest)
{
    for (unsigned i = 0; i < guest->n_segments; i++) {
        memcpy(guest->segments[i].at, guest->segments[i].saved, guest->segments[i].n_bytes);
    }
}

void sim_guest_call(struct sim_guest *guest, struct sim_flash *flash,
                    const struct sim_area areas[RIG_N_AREAS], enum sim_guest_call call,
                    struct sim_guest_run *run)
{
    struct request request = {.call = call, .run = run};
    memset(run, 0, sizeof *run);
    guest->flash = flash;
    memcpy(guest->areas, areas, sizeof guest->areas);
    guest_fill_services(guest, &request.services);
    put_variables_back(guest);
    guest_contain(guest, do_call, &request);
    if (guest->signal_number == SIGVTALRM) {
        run->end = SIM_GUEST_LOOPED;
        snprintf(run->text, sizeof run->text, "no end after %u flash accesses", (unsigned)guest->n_accesses);
    } else if (guest->signal_number != 0) {
        run->end = SIM_GUEST_CRASHED;
        snprintf(run->text, sizeof run->text, "%s", strsignal(guest->signal_number));
    }
    if (run->end != SIM_GUEST_RETURNED) {
        run->status = -1;
        run->decision.what = RIG_DECISION_NONE;
    }
}
