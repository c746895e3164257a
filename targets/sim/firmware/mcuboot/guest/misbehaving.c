/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tiny guests for the tests, one shared object each: GUEST_BOOT names the function that is its boot(). */
#include "sim/firmware/mcuboot/bootloader_abi.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HOST const struct bootloader_host *host
#define DECISION struct bootloader_decision *decision

/* What real guests have: initialised, zero, and with a pointer inside. */
static int n_boots = 7;
static volatile char big_state[20000];
static const char *volatile word = "first";

static void run_primary(HOST, DECISION)
{
    decision->verdict = BOOTLOADER_RUN;
    decision->device = host->areas[0].device;
    decision->offset = host->areas[0].offset;
}

void boot_well(HOST, DECISION)
{
    uint8_t bytes[32];

    host->log(host->user, 'I', "hello");
    host->read(host->user, host->areas[1].device, host->areas[1].offset, bytes, sizeof bytes);
    host->erase(host->user, host->areas[0].device, host->areas[0].offset, 4096);
    for (uint32_t i = 0; i < 4; i++)
        host->write(host->user, host->areas[0].device, host->areas[0].offset + i * 32, bytes, sizeof bytes);
    strcpy(decision->text, "copied 128 bytes");
    run_primary(host, decision);
}

void boot_nothing(HOST, DECISION)
{
    (void)host;
    strcpy(decision->text, "no image");
}

void boot_counts(HOST, DECISION)
{
    char line[80];

    snprintf(line, sizeof line, "boot %d %d %s", ++n_boots, big_state[19999], word);
    host->log(host->user, 'I', line);
    big_state[19999] = 1;
    word = "second";
    run_primary(host, decision);
}

void boot_allocates(HOST, DECISION)
{
    uint8_t *offered = host->alloc(host->user, 1000);
    uint8_t *volatile own =
        malloc(400 * 1000); /* volatile: compilers leave out allocations that nobody can see */
    uint8_t *volatile grown = realloc(own, 401 * 1000);

    if (!offered || !grown || offered[999] != 0 || host->alloc(host->user, 1000 * 1000))
        abort();
    memset(offered, 0xaa, 1000);
    memset(grown, 0xaa, 401 * 1000);
    printf("printed %d\n", 5);
    run_primary(host, decision);
}

void boot_asserts(HOST, DECISION)
{
    (void)decision;
    host->assert_failed(host->user, "dir/swap.c", 12, "swap_size != 0");
}

void boot_asserts_by_libc(HOST, DECISION)
{
    (void)decision;
    assert(host == NULL);
}

void boot_aborts(HOST, DECISION)
{
    (void)host;
    (void)decision;
    abort();
}

void boot_exits(HOST, DECISION)
{
    (void)host;
    (void)decision;
    exit(3);
}

void boot_writes_to_null(HOST, DECISION)
{
    volatile int *nowhere = (volatile int *)(uintptr_t)(host->n_areas * 0u);

    (void)decision;
    *nowhere = 1;
}

/* Where that lies is another place in each run. */
void boot_writes_to_code(HOST, DECISION)
{
    volatile int *code = (volatile int *)(uintptr_t)boot_well;

    (void)host;
    (void)decision;
    *code = 1;
}

void boot_reads_into_null(HOST, DECISION)
{
    (void)decision;
    host->read(host->user, 0, 0, NULL, 16);
}

void boot_sectors_into_null(HOST, DECISION)
{
    (void)decision;
    host->sector(host->user, 0, 0, NULL, NULL);
}

void boot_logs_null(HOST, DECISION)
{
    (void)decision;
    host->log(host->user, 'I', (const char *)(uintptr_t)16);
}

void boot_recalls_from_null(HOST, DECISION)
{
    int32_t verdict;

    (void)decision;
    host->recall(host->user, NULL, 16, &verdict);
}

void boot_forks(HOST, DECISION)
{
    (void)host;
    (void)decision;
    if (fork() == 0)
        for (;;)
            ;
}

void boot_divides_by_zero(HOST, DECISION)
{
    volatile int zero = 0;

    (void)host;
    decision->offset = (uint32_t)(1000 / zero);
}

void boot_traps(HOST, DECISION)
{
    (void)host;
    (void)decision;
    __builtin_trap();
}

static int deeper(HOST, volatile int *outer, int depth)
{
    volatile int pad[200];

    if (depth < 0)
        return 0;
    pad[0] = *outer + depth;
    if (depth % 50 == 0) {
        uint8_t byte[32];

        host->read(host->user, 0, 0, byte, sizeof byte);
    }
    return deeper(host, pad, depth + 1) + pad[0];
}

void boot_overflows(HOST, DECISION)
{
    volatile int start = 0;

    decision->offset = (uint32_t)deeper(host, &start, 0);
}

static int deeper_alone(volatile int *outer, int depth)
{
    volatile int pad[200];

    if (depth < 0)
        return 0;
    pad[0] = *outer + depth;
    return deeper_alone(pad, depth + 1) + pad[0];
}

void boot_overflows_alone(HOST, DECISION)
{
    volatile int start = 0;

    (void)host;
    decision->offset = (uint32_t)deeper_alone(&start, 0);
}

void boot_loops(HOST, DECISION)
{
    volatile int forever = 1;

    (void)host;
    (void)decision;
    while (forever)
        ;
}

void boot_loops_after_reading(HOST, DECISION)
{
    volatile int forever = 1;
    uint8_t bytes[32];

    (void)decision;
    host->read(host->user, host->areas[0].device, host->areas[0].offset, bytes, sizeof bytes);
    while (forever)
        ;
}

void boot_loops_reading(HOST, DECISION)
{
    uint8_t byte[32];

    (void)decision;
    for (;;)
        host->read(host->user, 0, 0, byte, sizeof byte);
}

void boot_waits(HOST, DECISION)
{
    (void)host;
    (void)decision;
    for (;;)
        pause();
}

void boot_writes_outside(HOST, DECISION)
{
    uint8_t bytes[32] = {0};

    (void)decision;
    host->write(host->user, host->areas[0].device, host->areas[0].offset - 32, bytes, sizeof bytes);
}

void boot_writes_over_an_end(HOST, DECISION)
{
    uint8_t bytes[64] = {0};
    const struct bootloader_area *last = &host->areas[host->n_areas - 1];

    (void)decision;
    host->write(host->user, last->device, last->offset + last->size_bytes - 32, bytes, sizeof bytes);
}

void boot_erases_outside(HOST, DECISION)
{
    (void)decision;
    host->erase(host->user, 0, 0, 4096);
}

void boot_writes_twice(HOST, DECISION)
{
    uint8_t bytes[32] = {0};

    (void)decision;
    host->erase(host->user, host->areas[0].device, host->areas[0].offset, 4096);
    host->write(host->user, host->areas[0].device, host->areas[0].offset, bytes, sizeof bytes);
    host->write(host->user, host->areas[0].device, host->areas[0].offset, bytes, sizeof bytes);
}

void boot_writes_misaligned(HOST, DECISION)
{
    uint8_t bytes[32] = {0};

    (void)decision;
    host->erase(host->user, host->areas[0].device, host->areas[0].offset, 4096);
    host->write(host->user, host->areas[0].device, host->areas[0].offset + 1, bytes, 3);
}

void boot_reads_beyond(HOST, DECISION)
{
    uint8_t byte;

    (void)decision;
    host->read(host->user, 0, host->devices[0].size_bytes, &byte, 1);
}

void boot_jumps_nowhere(HOST, DECISION)
{
    (void)host;
    decision->verdict = BOOTLOADER_RUN;
    decision->offset = 0xfffffff0u;
}

/* Shows what the services answer. */
void boot_uses_services(HOST, DECISION)
{
    uint8_t digest[BOOTLOADER_SHA256_BYTES];
    uint32_t start, n_bytes;
    int32_t verdict = -9;
    int32_t found = host->recall(host->user, "key", 3, &verdict);

    host->sha256(host->user, 0, host->areas[0].offset, 100, digest);
    host->sector(host->user, 0, host->areas[0].offset + 5000, &start, &n_bytes);
    snprintf(decision->text, sizeof decision->text, "%02x%02x %lx+%lx %d %d", digest[0], digest[31],
             (unsigned long)start, (unsigned long)n_bytes, (int)found, (int)verdict);
    host->remember(host->user, "key", 3, 77);
    host->remember(host->user, "kex", 3, 78);
    run_primary(host, decision);
}

/* What no signal handler can catch. */
void boot_smashes_the_heap(HOST, DECISION)
{
    memset((uint8_t *)host->user - 1024, 0x5a, 64 * 1024);
    run_primary(host, decision);
}

void boot_writes_anywhere(HOST, DECISION)
{
    uintptr_t around = (uintptr_t)host->user & ~(uintptr_t)7;
    uint32_t draw = 12345;

    for (int i = 0; i < 20000; i++) {
        draw = draw * 1664525u + 1013904223u;
        *(volatile uint64_t *)(around + 8 * (uintptr_t)(draw >> 19)) = draw;
    }
    run_primary(host, decision);
}

void boot_closes_files(HOST, DECISION)
{
    for (int file = 0; file < 1024; file++)
        close(file);
    run_primary(host, decision);
}

void boot_leaves(HOST, DECISION)
{
    (void)decision;
    host->erase(host->user, host->areas[1].device, host->areas[1].offset, 4096);
    syscall(SYS_exit_group, 0);
}

void boot_kills_itself(HOST, DECISION)
{
    (void)host;
    (void)decision;
    raise(SIGKILL);
}

void boot_kills_its_group(HOST, DECISION)
{
    (void)host;
    (void)decision;
    kill(0, SIGKILL);
}

void boot_is_deaf(HOST, DECISION)
{
    volatile int forever = 1;
    sigset_t all;

    (void)host;
    (void)decision;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    while (forever)
        ;
}

#ifndef GUEST_VERSION
#define GUEST_VERSION BOOTLOADER_ABI_VERSION
#endif
#ifndef GUEST_SYMBOL
#define GUEST_SYMBOL bootloader_guest
#endif

#ifdef GUEST_SWAP
static const struct bootloader_build build = {.n_bytes = sizeof build,
                                              .swap = GUEST_SWAP,
                                              .signatures = BOOTLOADER_SIGNATURE_ECDSA_P256 |
                                                            BOOTLOADER_SIGNATURE_ED25519,
                                              .max_align = 16,
                                              .n_images = 1};
#define GUEST_BUILD &build
#else
#define GUEST_BUILD NULL
#endif
/* As one that was compiled before there was `build`. */
#ifdef GUEST_OLD
#define GUEST_BYTES offsetof(struct bootloader_guest, build)
#else
#define GUEST_BYTES sizeof(struct bootloader_guest)
#endif

extern BOOTLOADER_EXPORT const struct bootloader_guest GUEST_SYMBOL;
BOOTLOADER_EXPORT const struct bootloader_guest GUEST_SYMBOL = {GUEST_VERSION, GUEST_BYTES, "tiny guest",
                                                                GUEST_BOOT, GUEST_BUILD};
