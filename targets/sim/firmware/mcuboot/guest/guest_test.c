/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Foreign bootloaders that do everything wrong: each is an outcome with its words, and the process goes on.
 */
#include "sim/firmware/mcuboot/guest/guest.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#define PRIMARY_OFFSET 8192u
#define SLOT_BYTES 32768u

struct bench {
    struct sim_flash *flash;
    struct sim_guest *guest;
    struct sim_guest_result result;
    char log[512];
    bool cut_at_log;
};

static void on_log(void *user, char level, const char *line)
{
    struct bench *bench = user;
    size_t used = strlen(bench->log);

    snprintf(bench->log + used, sizeof bench->log - used, "%c:%s;", level, line);
    if (bench->cut_at_log)
        sim_flash_power(bench->flash, false);
}

static struct sim_guest_config config_of_tests(void)
{
    struct sim_guest_config config = {.max_flash_calls = 20000, .max_cpu_ms = 100};

    config.areas[config.n_areas++] = (struct bootloader_area){
        .role = BOOTLOADER_ROLE_PRIMARY, .offset = PRIMARY_OFFSET, .size_bytes = SLOT_BYTES};
    config.areas[config.n_areas++] = (struct bootloader_area){
        .role = BOOTLOADER_ROLE_SECONDARY, .offset = PRIMARY_OFFSET + SLOT_BYTES, .size_bytes = SLOT_BYTES};
    return config;
}

static void path_of(const char *name, char *path, size_t n_path)
{
    snprintf(path, n_path, "%s/guests/guest_%s.so", RIG_BINARY_DIR, name);
}

static void open_bench(struct bench *bench, const char *name)
{
    const struct sim_flash_device_config device = {.name = "internal",
                                                   .regions = {{4096, 32}},
                                                   .n_regions = 1,
                                                   .write_bytes = 4,
                                                   .erased = 0xff,
                                                   .rewrite_forbidden = true};
    struct sim_guest_config config = config_of_tests();
    char path[1024], why[200] = "";

    memset(bench, 0, sizeof *bench);
    path_of(name, path, sizeof path);
    bench->flash = sim_flash_new(&device, 1);
    assert_non_null(bench->flash);
    bench->guest = sim_guest_open(path, &config, why, sizeof why);
    if (!bench->guest)
        print_message("%s: %s\n", path, why);
    assert_non_null(bench->guest);
}

static void close_bench(struct bench *bench)
{
    sim_guest_free(bench->guest);
    sim_flash_free(bench->flash);
}

static enum sim_guest_outcome boot(struct bench *bench)
{
    bench->log[0] = '\0';
    sim_flash_power(bench->flash, true);
    sim_guest_boot(bench->guest, bench->flash, on_log, bench, &bench->result);
    return bench->result.outcome;
}

/* Addresses of the process change from run to run: nothing in the texts is that long. */
static bool has_raw_address(const char *text)
{
    for (const char *at = strstr(text, "0x"); at; at = strstr(at + 2, "0x"))
        if (strspn(at + 2, "0123456789abcdef") > 8)
            return true;
    return false;
}

/* Twice, since a guest that was thrown out must be as good as new. */
static void ends_as(const char *name, enum sim_guest_outcome outcome, const char *words)
{
    struct bench bench;

    open_bench(&bench, name);
    for (int i = 0; i < 2; i++) {
        assert_string_equal(sim_guest_outcome_text(boot(&bench)), sim_guest_outcome_text(outcome));
        assert_true(sim_guest_is_finding(outcome));
        assert_false(has_raw_address(bench.result.text));
        if (!strstr(bench.result.text, words))
            fail_msg("\"%s\" lacks \"%s\"", bench.result.text, words);
    }
    close_bench(&bench);
}

static void a_good_boot_hands_over_with_its_log_and_words(void **state)
{
    struct bench bench;

    (void)state;
    open_bench(&bench, "well");
    assert_int_equal(boot(&bench), SIM_GUEST_RUNS);
    assert_int_equal(bench.result.device, 0);
    assert_int_equal(bench.result.offset, PRIMARY_OFFSET);
    assert_string_equal(bench.result.text, "copied 128 bytes");
    assert_string_equal(bench.log, "I:hello;");
    assert_int_equal(sim_flash_n_operations(bench.flash), 5);
    assert_int_equal(bench.result.n_flash_calls, 7);
    assert_string_equal(sim_guest_name(bench.guest), "tiny guest");
    close_bench(&bench);
}

static void a_boot_without_an_image_says_so(void **state)
{
    struct bench bench;

    (void)state;
    open_bench(&bench, "nothing");
    assert_int_equal(boot(&bench), SIM_GUEST_NO_IMAGE);
    assert_string_equal(bench.result.text, "no image");
    close_bench(&bench);
}

static void a_cut_stops_the_guest_at_its_operation(void **state)
{
    static const enum sim_cut_form forms[] = {SIM_CUT_BEFORE, SIM_CUT_HALF, SIM_CUT_AFTER};
    struct bench bench;

    (void)state;
    open_bench(&bench, "well");
    for (unsigned cut = 0; cut < 5; cut++) {
        for (unsigned form = 0; form < 3; form++) {
            uint64_t n_before = sim_flash_n_operations(bench.flash);

            sim_flash_arm_cut(bench.flash, cut, forms[form]);
            assert_int_equal(boot(&bench), SIM_GUEST_POWER_LOST);
            assert_int_equal(sim_flash_n_operations(bench.flash) - n_before,
                             cut + (forms[form] != SIM_CUT_BEFORE));
        }
    }
    assert_int_equal(boot(&bench), SIM_GUEST_RUNS);
    close_bench(&bench);
}

static void a_cut_at_a_console_line_stops_the_guest_there(void **state)
{
    struct bench bench;

    (void)state;
    open_bench(&bench, "well");
    bench.cut_at_log = true;
    assert_int_equal(boot(&bench), SIM_GUEST_POWER_LOST);
    assert_int_equal(sim_flash_n_operations(bench.flash), 0);
    close_bench(&bench);
}

static void globals_are_fresh_at_every_boot(void **state)
{
    struct bench bench;

    (void)state;
    open_bench(&bench, "counts");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(boot(&bench), SIM_GUEST_RUNS);
        assert_string_equal(bench.log, "I:boot 8 0 first;");
    }
    assert_true(sim_guest_state_bytes(bench.guest) >= 20000);
    close_bench(&bench);
}

static void two_guests_of_one_file_do_not_share_globals(void **state)
{
    struct bench first, second;

    (void)state;
    open_bench(&first, "counts");
    assert_int_equal(boot(&first), SIM_GUEST_RUNS);
    open_bench(&second, "counts");
    assert_int_equal(boot(&second), SIM_GUEST_RUNS);
    assert_string_equal(second.log, "I:boot 8 0 first;");
    close_bench(&first);
    assert_int_equal(boot(&second), SIM_GUEST_RUNS);
    assert_string_equal(second.log, "I:boot 8 0 first;");
    close_bench(&second);
}

static void the_arena_is_empty_and_zero_at_every_boot(void **state)
{
    struct bench bench;

    (void)state;
    open_bench(&bench, "allocates");
    for (int i = 0; i < 5; i++) {
        assert_int_equal(boot(&bench), SIM_GUEST_RUNS);
        assert_string_equal(bench.log, "I:printed 5;");
    }
    close_bench(&bench);
}

static void services_answer_by_content_and_keep_verdicts_over_boots(void **state)
{
    struct bench bench;
    uint8_t zero = 0;

    (void)state;
    open_bench(&bench, "uses_services");
    assert_int_equal(boot(&bench), SIM_GUEST_RUNS);
    /* First and last byte of the SHA-256 of 100 bytes 0xff. */
    assert_string_equal(bench.result.text, "dad9 3000+1000 -2 -9");
    assert_int_equal(boot(&bench), SIM_GUEST_RUNS);
    assert_string_equal(bench.result.text, "dad9 3000+1000 0 77");
    assert_int_equal(sim_flash_poke(bench.flash, 0, PRIMARY_OFFSET + 50, &zero, 1), SIM_OK);
    assert_int_equal(boot(&bench), SIM_GUEST_RUNS);
    assert_null(strstr(bench.result.text, "dad9"));
    close_bench(&bench);
}

static void assertions_are_findings_in_their_own_words(void **state)
{
    (void)state;
    ends_as("asserts", SIM_GUEST_ASSERT, "swap_size != 0 (swap.c:12)");
    ends_as("asserts_by_libc", SIM_GUEST_ASSERT, "host == NULL (misbehaving.c:");
}

static void abort_and_exit_do_not_end_the_process(void **state)
{
    (void)state;
    ends_as("aborts", SIM_GUEST_ABORT, "abort()");
    ends_as("exits", SIM_GUEST_EXIT, "exit(3)");
    ends_as("forks", SIM_GUEST_CRASH, "it called fork(): a bootloader has one thread");
}

static void crashes_are_findings_with_address_and_place(void **state)
{
    (void)state;
    ends_as("writes_to_null", SIM_GUEST_CRASH, "(SIGSEGV) of 0x0 in guest_writes_to_null.so+0x");
    ends_as("writes_to_null", SIM_GUEST_CRASH, " (boot_writes_to_null+0x");
    ends_as("writes_to_code", SIM_GUEST_CRASH, "(SIGSEGV) of guest_writes_to_code.so+0x");
    ends_as("writes_to_code", SIM_GUEST_CRASH, " (boot_well+0x0) in guest_writes_to_code.so+0x");
    ends_as("divides_by_zero", SIM_GUEST_CRASH, "(SIGFPE) in guest_divides_by_zero.so+0x");
    ends_as("traps", SIM_GUEST_CRASH, " in guest_traps.so+0x");
}

static void a_bad_pointer_given_to_the_host_is_the_guests_crash(void **state)
{
    (void)state;
    ends_as("reads_into_null", SIM_GUEST_CRASH, "(SIGSEGV) of 0x0 in a function of the host");
    ends_as("sectors_into_null", SIM_GUEST_CRASH, "(SIGSEGV) of 0x0 in a function of the host");
    ends_as("logs_null", SIM_GUEST_CRASH, "(SIGSEGV) of 0x10 in ");
    ends_as("recalls_from_null", SIM_GUEST_CRASH, "(SIGSEGV) of 0x0 in ");
}

static void a_stack_overflow_is_told_from_a_crash(void **state)
{
    (void)state;
    ends_as("overflows", SIM_GUEST_STACK_OVERFLOW, "262144 bytes of stack");
    ends_as("overflows_alone", SIM_GUEST_STACK_OVERFLOW, "262144 bytes of stack");
}

static void endless_loops_end_by_flash_calls_by_time_and_when_blocked(void **state)
{
    (void)state;
    ends_as("loops_reading", SIM_GUEST_LOOP, "more flash calls than a boot may make");
    ends_as("loops", SIM_GUEST_LOOP, "no decision in the CPU time of a boot, without a call of the host");
    ends_as("loops_after_reading", SIM_GUEST_LOOP,
            "a boot after its call 1 of the host, read of 32 bytes at 0x2000 of the internal flash");
    ends_as("waits", SIM_GUEST_LOOP, "waits for something");
}

static uint64_t cpu_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

/* CPU time, of five loops where the first alone takes 500 ms. Also in processes that were forked before it.
 */
static void only_the_first_endless_loop_takes_all_its_time(void **state)
{
    static const char *const names[] = {"loops", "loops_after_reading"};
    struct sim_guest_config config = config_of_tests();
    char path[1024], why[200];

    (void)state;
    config.max_cpu_ms = 500;
    for (unsigned k = 0; k < 2; k++) {
        struct bench bench;
        char first[sizeof bench.result.text];

        open_bench(&bench, names[k]);
        sim_guest_free(bench.guest);
        path_of(names[k], path, sizeof path);
        bench.guest = sim_guest_open(path, &config, why, sizeof why);
        assert_non_null(bench.guest);
        assert_int_equal(boot(&bench), SIM_GUEST_LOOP);
        memcpy(first, bench.result.text, sizeof first);
        uint64_t before_ms = cpu_ms();
        for (int i = 0; i < 4; i++) {
            assert_int_equal(boot(&bench), SIM_GUEST_LOOP);
            assert_string_equal(bench.result.text, first);
        }
        assert_true(cpu_ms() - before_ms < 1000);
        close_bench(&bench);
    }
}

static void flash_faults_name_the_operation(void **state)
{
    (void)state;
    ends_as("writes_outside", SIM_GUEST_FLASH_FAULT,
            "write of 32 bytes at 0x1fe0 of the internal flash: outside the bootloader's areas");
    ends_as("writes_over_an_end", SIM_GUEST_FLASH_FAULT, "outside the bootloader's areas");
    ends_as("erases_outside", SIM_GUEST_FLASH_FAULT, "erase of 4096 bytes at 0x0");
    ends_as("writes_twice", SIM_GUEST_FLASH_FAULT,
            "write of 32 bytes at 0x2000 of the internal flash: written twice");
    ends_as("writes_misaligned", SIM_GUEST_FLASH_FAULT, "not aligned");
    ends_as("reads_beyond", SIM_GUEST_FLASH_FAULT, "outside the flash");
}

static void a_jump_to_nowhere_is_a_finding(void **state)
{
    (void)state;
    ends_as("jumps_nowhere", SIM_GUEST_BAD_DECISION, "0xfffffff0");
}

static void refuses(const char *path, const char *words)
{
    struct sim_guest_config config = config_of_tests();
    char why[300] = "";

    assert_null(sim_guest_open(path, &config, why, sizeof why));
    if (!strstr(why, words))
        fail_msg("\"%s\" lacks \"%s\"", why, words);
}

static void what_cannot_be_used_is_refused_with_the_reason(void **state)
{
    char path[1024];

    (void)state;
    path_of("of_version_2", path, sizeof path);
    refuses(path, "version 2 of bootloader_abi.h, this program version 1");
    path_of("without_symbol", path, sizeof path);
    refuses(path, "exports no symbol 'bootloader_guest'");
    path_of("without_boot", path, sizeof path);
    refuses(path, "not filled in");
    refuses("/nowhere/at/all.so", "cannot be opened");
    refuses("/", "not a file");
    refuses("/dev/zero", "not a file");
    refuses(RIG_SOURCE_DIR "/CMakeLists.txt", "no ELF file");
}

static void what_it_was_compiled_with_is_kept_and_an_older_guest_says_nothing(void **state)
{
    static const struct bootloader_build silent;
    struct sim_guest_config config = config_of_tests();
    static const char *const names[] = {"of_scratch", "well", "from_before"};
    char path[1024], why[300] = "";

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        path_of(names[i], path, sizeof path);
        struct sim_guest *guest = sim_guest_open(path, &config, why, sizeof why);

        assert_non_null(guest);
        if (i > 0) {
            assert_memory_equal(sim_guest_build(guest), &silent, sizeof silent);
        } else {
            assert_int_equal(sim_guest_build(guest)->swap, BOOTLOADER_SWAP_SCRATCH);
            assert_int_equal(sim_guest_build(guest)->max_align, 16);
        }
        sim_guest_free(guest);
    }
}

static void write_file(const char *path, const uint8_t *bytes, size_t n_bytes)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n_bytes, file), n_bytes);
    assert_int_equal(fclose(file), 0);
}

/* Without the section headers at its end a file can still be loaded; without more it must be refused. */
static void a_file_that_is_cut_short_is_refused_or_works(void **state)
{
    struct sim_guest_config config = config_of_tests();
    uint8_t bytes[65536];
    char path[1024], why[300];
    unsigned n_refused = 0;

    (void)state;
    path_of("well", path, sizeof path);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t n_bytes = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    path_of("cut_short", path, sizeof path);
    for (unsigned part = 1; part < 64; part++) {
        write_file(path, bytes, n_bytes * part / 64);
        struct sim_guest *guest = sim_guest_open(path, &config, why, sizeof why);
        n_refused += guest == NULL;
        sim_guest_free(guest);
    }
    assert_true(n_refused >= 16);
    write_file(path, bytes, 1000);
    refuses(path, "cut short or damaged");
    remove(path);
}

static void on_alarm(int number)
{
    (void)number;
}

static void handlers_signal_stack_and_timer_are_the_callers_again(void **state)
{
    struct sigaction before[NSIG], after;
    struct sigaction mine = {.sa_handler = on_alarm};
    stack_t stack_before, stack_after;
    struct itimerval timer = {{0, 0}, {1000, 0}}, timer_after;
    sigset_t mask_before, mask_after;
    struct bench bench;

    (void)state;
    open_bench(&bench, "writes_to_null");
    sigaction(SIGALRM, &mine, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
    for (int number = 1; number < 32; number++)
        sigaction(number, NULL, &before[number]);
    sigaltstack(NULL, &stack_before);
    sigprocmask(SIG_SETMASK, NULL, &mask_before);
    assert_int_equal(boot(&bench), SIM_GUEST_CRASH);
    for (int number = 1; number < 32; number++) {
        sigaction(number, NULL, &after);
        assert_ptr_equal(after.sa_handler, before[number].sa_handler);
        assert_int_equal(after.sa_flags, before[number].sa_flags);
    }
    sigaltstack(NULL, &stack_after);
    assert_ptr_equal(stack_after.ss_sp, stack_before.ss_sp);
    sigprocmask(SIG_SETMASK, NULL, &mask_after);
    assert_memory_equal(&mask_after, &mask_before, sizeof(unsigned long));
    getitimer(ITIMER_REAL, &timer_after);
    assert_true(timer_after.it_value.tv_sec >= 900);
    setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
    close_bench(&bench);
}

static void a_forked_worker_goes_on_with_the_guest_it_inherited(void **state)
{
    struct bench bench;
    int status;

    (void)state;
    open_bench(&bench, "loops");
    pid_t child = fork();
    if (child == 0)
        _exit(boot(&bench) == SIM_GUEST_LOOP ? 42 : 1);
    assert_int_equal(boot(&bench), SIM_GUEST_LOOP);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 42);
    close_bench(&bench);
}

static void boot_another(void *user, char level, const char *line)
{
    struct bench *bench = user;
    struct sim_guest_result result;

    (void)level;
    (void)line;
    sim_guest_boot(bench->guest, bench->flash, NULL, NULL, &result);
    snprintf(bench->log, sizeof bench->log, "%s", result.text);
}

static void a_guest_inside_a_guest_is_refused(void **state)
{
    struct bench outer, inner;

    (void)state;
    open_bench(&outer, "well");
    open_bench(&inner, "well");
    sim_guest_boot(outer.guest, outer.flash, boot_another, &inner, &outer.result);
    assert_int_equal(outer.result.outcome, SIM_GUEST_RUNS);
    assert_string_equal(inner.log, "another bootloader is running in this process");
    close_bench(&inner);
    close_bench(&outer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_boot_hands_over_with_its_log_and_words),
        cmocka_unit_test(a_boot_without_an_image_says_so),
        cmocka_unit_test(a_cut_stops_the_guest_at_its_operation),
        cmocka_unit_test(a_cut_at_a_console_line_stops_the_guest_there),
        cmocka_unit_test(globals_are_fresh_at_every_boot),
        cmocka_unit_test(two_guests_of_one_file_do_not_share_globals),
        cmocka_unit_test(the_arena_is_empty_and_zero_at_every_boot),
        cmocka_unit_test(services_answer_by_content_and_keep_verdicts_over_boots),
        cmocka_unit_test(assertions_are_findings_in_their_own_words),
        cmocka_unit_test(abort_and_exit_do_not_end_the_process),
        cmocka_unit_test(crashes_are_findings_with_address_and_place),
        cmocka_unit_test(a_bad_pointer_given_to_the_host_is_the_guests_crash),
        cmocka_unit_test(a_stack_overflow_is_told_from_a_crash),
        cmocka_unit_test(endless_loops_end_by_flash_calls_by_time_and_when_blocked),
        cmocka_unit_test(only_the_first_endless_loop_takes_all_its_time),
        cmocka_unit_test(flash_faults_name_the_operation),
        cmocka_unit_test(a_jump_to_nowhere_is_a_finding),
        cmocka_unit_test(what_cannot_be_used_is_refused_with_the_reason),
        cmocka_unit_test(what_it_was_compiled_with_is_kept_and_an_older_guest_says_nothing),
        cmocka_unit_test(a_file_that_is_cut_short_is_refused_or_works),
        cmocka_unit_test(handlers_signal_stack_and_timer_are_the_callers_again),
        cmocka_unit_test(a_forked_worker_goes_on_with_the_guest_it_inherited),
        cmocka_unit_test(a_guest_inside_a_guest_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
