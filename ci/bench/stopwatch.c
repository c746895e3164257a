/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stopwatch N COMMAND...: runs a command N times without output; prints best and median wall time in us and
 * the largest RSS in KiB. A program of its own because a child inherits the high-water mark of the process
 * that starts it: a script's would be the script's. */
#define _DEFAULT_SOURCE /* wait4 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_RUNS 1000

static long now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000L + now.tv_nsec / 1000;
}

/* Wall time of one run; -1 when it did not end with 0. */
static long run_once(char **command, long *rss_kib)
{
    struct rusage usage;
    long started_us = now_us();
    int status;
    pid_t child = fork();

    if (child == 0) {
        int null = open("/dev/null", O_RDWR);

        dup2(null, STDOUT_FILENO);
        execvp(command[0], command);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child || status != 0)
        return -1;
    if (usage.ru_maxrss > *rss_kib)
        *rss_kib = usage.ru_maxrss;
    return now_us() - started_us;
}

static int by_size(const void *a, const void *b)
{
    long left = *(const long *)a, right = *(const long *)b;

    return (left > right) - (left < right);
}

int main(int argc, char **argv)
{
    long times_us[MAX_RUNS];
    long rss_kib = 0;
    int n_runs = argc > 2 ? atoi(argv[1]) : 0;

    if (n_runs < 1 || n_runs > MAX_RUNS) {
        fprintf(stderr, "usage: stopwatch N COMMAND...  (N from 1 to %d)\n", MAX_RUNS);
        return 2;
    }
    for (int i = 0; i < n_runs; i++) {
        times_us[i] = run_once(argv + 2, &rss_kib);
        if (times_us[i] < 0) {
            fprintf(stderr, "stopwatch: %s did not end with 0\n", argv[2]);
            return 1;
        }
    }
    qsort(times_us, (size_t)n_runs, sizeof *times_us, by_size);
    printf("%ld %ld %ld\n", times_us[0], times_us[n_runs / 2], rss_kib);
    return 0;
}
