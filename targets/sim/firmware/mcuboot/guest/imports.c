/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a guest gets instead of functions of the C library that would end this process, fill its heap or write
 * into its output. */
#include "sim/firmware/mcuboot/guest/state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES 200

/* The C library's functions carry no argument of ours. They are called by a guest's code only while it runs,
 * but for its constructors. */
static struct sim_guest *guest_running(void)
{
    struct trap *trap = trap_running();

    return trap ? trap->user : NULL;
}

static void import_exit(int status)
{
    struct sim_guest *guest = guest_running();

    if (!guest)
        _Exit(status);
    guest_stop(guest, SIM_GUEST_EXIT, "it called exit(%d)", status);
}

static void import_abort(void)
{
    struct sim_guest *guest = guest_running();

    if (!guest)
        abort();
    guest_stop(guest, SIM_GUEST_ABORT, "it called abort()");
}

static void import_assert_fail(const char *text, const char *file, unsigned line, const char *function)
{
    struct sim_guest *guest = guest_running();

    (void)function;
    if (!guest)
        abort();
    guest->host.assert_failed(guest, file, (int32_t)line, text);
}

static void import_stack_smashed(void)
{
    struct sim_guest *guest = guest_running();

    if (!guest)
        abort();
    guest_stop(guest, SIM_GUEST_CRASH, "a buffer on its stack was overrun");
}

/* A block's size stands in front of it. */
#define BLOCK_HEADER_BYTES 16u

static bool is_in_arena(const struct sim_guest *guest, const void *block)
{
    return guest && (const uint8_t *)block >= guest->arena &&
           (const uint8_t *)block < guest->arena + guest->config.arena_bytes;
}

static void *import_malloc(size_t n_bytes)
{
    struct sim_guest *guest = guest_running();
    uint8_t *block;

    if (!guest)
        return malloc(n_bytes);
    if (n_bytes > SIZE_MAX - BLOCK_HEADER_BYTES ||
        !(block = guest_alloc(guest, n_bytes + BLOCK_HEADER_BYTES)))
        return NULL;
    memcpy(block, &n_bytes, sizeof n_bytes);
    return block + BLOCK_HEADER_BYTES;
}

static void *import_calloc(size_t n, size_t n_bytes)
{
    if (n_bytes != 0 && n > SIZE_MAX / n_bytes)
        return NULL;
    /* The arena is zero already. */
    return guest_running() ? import_malloc(n * n_bytes) : calloc(n, n_bytes);
}

static void import_free(void *block)
{
    /* Blocks of the arena go with the boot, blocks of constructors belong to every boot. */
    if (!guest_running())
        free(block);
}

static void *import_realloc(void *block, size_t n_bytes)
{
    struct sim_guest *guest = guest_running();
    size_t n_old;
    void *larger;

    if (!guest)
        return realloc(block, n_bytes);
    if (block && !is_in_arena(guest, block))
        guest_stop(guest, SIM_GUEST_CRASH, "realloc() of a block that this boot did not allocate");
    larger = import_malloc(n_bytes);
    if (!larger || !block)
        return larger;
    memcpy(&n_old, (uint8_t *)block - BLOCK_HEADER_BYTES, sizeof n_old);
    return memcpy(larger, block, n_old < n_bytes ? n_old : n_bytes);
}

/* Whole lines only are worth a console line; printf() pieces of one are lines of their own. */
static void say(char *text)
{
    struct sim_guest *guest = guest_running();
    char *rest = text;

    while (guest && rest && *rest) {
        char *end = strchr(rest, '\n');

        if (end)
            *end = '\0';
        if (*rest)
            guest->host.log(guest, 'I', rest);
        rest = end ? end + 1 : NULL;
    }
}

__attribute__((format(printf, 1, 0))) static int import_vprintf(const char *format, va_list arguments)
{
    char text[LINE_BYTES];
    int n = vsnprintf(text, sizeof text, format, arguments);

    say(text);
    return n;
}

__attribute__((format(printf, 1, 2))) static int import_printf(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int n = import_vprintf(format, arguments);
    va_end(arguments);
    return n;
}

__attribute__((format(printf, 2, 3))) static int import_printf_chk(int flag, const char *format, ...)
{
    va_list arguments;

    (void)flag;
    va_start(arguments, format);
    int n = import_vprintf(format, arguments);
    va_end(arguments);
    return n;
}

static int import_puts(const char *line)
{
    return import_printf("%s\n", line);
}

static int import_putchar(int character)
{
    return character;
}

#define REDIRECT(name, function)                                                                             \
    {                                                                                                        \
        name, (void (*)(void))function                                                                       \
    }

static const struct object_redirect redirects[] = {
    REDIRECT("exit", import_exit),
    REDIRECT("_exit", import_exit),
    REDIRECT("_Exit", import_exit),
    REDIRECT("quick_exit", import_exit),
    REDIRECT("abort", import_abort),
    REDIRECT("__assert_fail", import_assert_fail),
    REDIRECT("__stack_chk_fail", import_stack_smashed),
    REDIRECT("malloc", import_malloc),
    REDIRECT("calloc", import_calloc),
    REDIRECT("realloc", import_realloc),
    REDIRECT("free", import_free),
    REDIRECT("printf", import_printf),
    REDIRECT("__printf_chk", import_printf_chk),
    REDIRECT("vprintf", import_vprintf),
    REDIRECT("puts", import_puts),
    REDIRECT("putchar", import_putchar),
};

const struct object_redirect *guest_redirects(size_t *n_redirects)
{
    *n_redirects = sizeof redirects / sizeof *redirects;
    return redirects;
}
