/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Running foreign code so that its end is always ours: signals on a stack of their own, a limit of processor
 * time, one way out. */
#define _XOPEN_SOURCE 700 /* sigaltstack */
#include "sim/boot/guest/services.h"

#include <stdio.h>
#include <sys/time.h>
#include <unistd.h>

#define SIGNAL_STACK_BYTES (64u * 1024u)

static const int caught[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGVTALRM};
#define N_CAUGHT (sizeof caught / sizeof caught[0])

/* A signal handler has no other way to know whose call it interrupts. Set for the time of a call only. */
static struct sim_guest *volatile running;

void guest_throw_out(struct sim_guest *guest, int signal_number)
{
    guest->signal_number = signal_number;
    siglongjmp(guest->way_out, 1);
}

static void on_signal(int number)
{
    struct sim_guest *guest = running;
    if (guest != NULL && number == SIGVTALRM && guest->in_service) {
        guest->expired = 1;
        return;
    }
    if (guest != NULL && !guest->in_service) {
        guest_throw_out(guest, number);
    }
    if (number == SIGVTALRM) {
        return;
    }
    /* Our own fault, not the guest's: die of it as one does. */
    signal(number, SIG_DFL);
    raise(number);
}

static void set_limit(uint64_t max_us)
{
    struct itimerval limit = {
        .it_value = {.tv_sec = (time_t)(max_us / 1000000), .tv_usec = (suseconds_t)(max_us % 1000000)}};
    setitimer(ITIMER_VIRTUAL, &limit, NULL);
}

static void switch_stderr(int fd)
{
    if (fd >= 0) {
        dup2(fd, STDERR_FILENO);
    }
}

void guest_contain(struct sim_guest *guest, void (*call)(struct sim_guest *guest, void *user), void *user)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
    struct sigaction before[N_CAUGHT];
    stack_t stack = {.ss_sp = guest->signal_stack, .ss_size = SIGNAL_STACK_BYTES};
    stack_t stack_before;
    sigemptyset(&action.sa_mask);
    guest->n_accesses = 0;
    guest->in_service = guest->expired = guest->signal_number = 0;
    sigaltstack(&stack, &stack_before);
    for (size_t i = 0; i < N_CAUGHT; i++) {
        sigaction(caught[i], &action, &before[i]);
    }
    fflush(stderr);
    switch_stderr(guest->null_fd);
    running = guest;
    set_limit(guest->max_us);
    if (sigsetjmp(guest->way_out, 1) == 0) {
        call(guest, user);
    }
    set_limit(0);
    running = NULL;
    switch_stderr(guest->error_fd);
    for (size_t i = 0; i < N_CAUGHT; i++) {
        sigaction(caught[i], &before[i], NULL);
    }
    sigaltstack(&stack_before, NULL);
}
