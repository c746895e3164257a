/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CMSDK UART, SysTick, reset, and the start of C. [SRC qemu hw/arm/mps2.c, hw/char/cmsdk-apb-uart.c; ARMv7-M
 * ARM] */
#include "firmware.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define UART 0x40004000u /* of SMP */
#ifndef CONSOLE
#define CONSOLE UART /* 0x40005000: a port of its own */
#endif
#define UART_TX_FULL 1u
#define UART_RX_FULL 2u
#define SYSTICK 0xe000e010u
#define VTOR 0xe000ed08u
#define AIRCR 0xe000ed0cu
#define CYCLES_PER_US 25u
#define ERASE_US_PER_PAGE 8000u
#define WRITE_US_PER_WORD 8u

int main(void);
extern uint32_t stack_top[], bss_start[], bss_end[], values_from[], values_start[], values_end[];
void reset_handler(void) __attribute__((noreturn));
static void fault_handler(void) __attribute__((noreturn));

__attribute__((used, section(".vectors"))) static const void *const vectors[16] = {
    stack_top,
    (void *)reset_handler,
    (void *)fault_handler,
    (void *)fault_handler,
    (void *)fault_handler,
    (void *)fault_handler,
    (void *)fault_handler,
};

void reset_handler(void)
{
    for (uint32_t *to = values_start, *from = values_from; to < values_end;)
        *to++ = *from++;
    for (uint32_t *to = bss_start; to < bss_end;)
        *to++ = 0;
    hardware_init();
    main();
    for (;;)
        ;
}

static void fault_handler(void)
{
    put_text("*** fault\r\n");
    for (;;)
        ;
}

void hardware_init(void)
{
    REGISTER(UART + 0x10) = REGISTER(CONSOLE + 0x10) = 16; /* divider: its smallest */
    REGISTER(UART + 0x08) = REGISTER(CONSOLE + 0x08) = 3;  /* send and receive */
    REGISTER(SYSTICK + 4) = 0xffffff;
    REGISTER(SYSTICK + 8) = 0;
    REGISTER(SYSTICK) = 5; /* runs, by the processor's clock */
}

void wait_us(uint32_t us)
{
    uint32_t start = REGISTER(SYSTICK + 8);

    while (((start - REGISTER(SYSTICK + 8)) & 0xffffff) < us * CYCLES_PER_US)
        ;
}

static void put(uint32_t port, const uint8_t *bytes, size_t n_bytes)
{
    for (const uint8_t *at = bytes; n_bytes > 0; at++, n_bytes--) {
        while (REGISTER(port + 4) & UART_TX_FULL)
            ;
        REGISTER(port) = *at;
    }
}

void put_bytes(const void *bytes, size_t n_bytes)
{
    put(UART, bytes, n_bytes);
}

void put_text(const char *text)
{
    put(CONSOLE, (const uint8_t *)text, text_length(text));
}

void put_number(uint32_t number)
{
    char digits[10];
    size_t n = 0;

    do
        digits[sizeof digits - ++n] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    put(CONSOLE, (const uint8_t *)digits + sizeof digits - n, n);
}

int get_byte(void)
{
    return REGISTER(UART + 4) & UART_RX_FULL ? (int)(REGISTER(UART) & 0xff) : -1;
}

void start_anew(void)
{
    REGISTER(AIRCR) = 0x05fa0004;
    for (;;)
        ;
}

void run_image(uint32_t table)
{
    const uint32_t *vector = (const uint32_t *)table;

    REGISTER(VTOR) = table;
    __asm__ volatile("msr msp, %0\n bx %1" : : "r"(vector[0]), "r"(vector[1]));
    __builtin_unreachable();
}

void flash_erase(uint32_t address, uint32_t n_bytes)
{
    for (uint32_t at = address; at < address + n_bytes; at += PAGE_BYTES) {
        for (uint32_t i = 0; i < PAGE_BYTES; i += 4) {
            *(volatile uint32_t *)(at + i) = 0xffffffff;
            if (i % 512 == 0)
                wait_us(ERASE_US_PER_PAGE / 8);
        }
    }
}

void flash_write(uint32_t address, const void *bytes, uint32_t n_bytes)
{
    const uint8_t *from = bytes;

    for (uint32_t i = 0; i < n_bytes; i++) {
        *(volatile uint8_t *)(address + i) &= from[i];
        if (i % 4 == 0)
            wait_us(WRITE_US_PER_WORD);
    }
}

void *memcpy(void *to, const void *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((volatile uint8_t *)to)[i] = ((const uint8_t *)from)[i];
    return to;
}

void *memset(void *to, int value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((volatile uint8_t *)to)[i] = (uint8_t)value;
    return to;
}

/* What the compiler calls them on this machine. [SPEC ARM RTABI] */
void __aeabi_memclr4(void *to, size_t n);
void __aeabi_memcpy4(void *to, const void *from, size_t n);

void __aeabi_memclr4(void *to, size_t n)
{
    memset(to, 0, n);
}

void __aeabi_memcpy4(void *to, const void *from, size_t n)
{
    memcpy(to, from, n);
}

int memcmp(const void *left, const void *right, size_t n)
{
    const uint8_t *a = left, *b = right;

    for (size_t i = 0; i < n; i++)
        if (a[i] != b[i])
            return a[i] - b[i];
    return 0;
}

size_t text_length(const char *text)
{
    size_t n = 0;

    while (text[n])
        n++;
    return n;
}
