/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A small firmware for QEMU's mps2-an385 (Cortex-M3), to test the qemu driver with: a bootloader that copies
 * a marked image over the running one, and an application that serves SMP over its console. It keeps to
 * MCUboot's formats of image header and trailer, but checks no hash and no signature: there is no crypto on
 * it. Freestanding C. */
#ifndef QEMU_FIRMWARE_H
#define QEMU_FIRMWARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The target file says the same (fixtures/qemu/mps2.yaml). */
#define SLOT0 0x0000c000u
#define SLOT1 0x0001c000u
#define SLOT_BYTES 0x10000u
#define PAGE_BYTES 4096u
#define TRAILER_BYTES PAGE_BYTES /* kept free of images */

/* hardware.c */
void hardware_init(void);
void wait_us(uint32_t us);
void put_bytes(const void *bytes, size_t n_bytes); /* to the port of SMP */
void put_text(const char *text);
void put_number(uint32_t number);
int get_byte(void); /* -1: none came */
void start_anew(void) __attribute__((noreturn));
void run_image(uint32_t vectors) __attribute__((noreturn));
/* Memory that behaves like NOR flash: erasing gives 0xff, writing clears bits, both take their time. */
void flash_erase(uint32_t address, uint32_t n_bytes);
void flash_write(uint32_t address, const void *bytes, uint32_t n_bytes);
void *memcpy(void *to, const void *from, size_t n);
void *memset(void *to, int value, size_t n);
int memcmp(const void *left, const void *right, size_t n);
size_t text_length(const char *text);

/* image.c: [SRC mcu-tools/mcuboot image.h, bootutil_misc.h] */
struct image {
    uint16_t header_bytes;
    uint32_t body_bytes;
    uint8_t version[8];  /* major, minor, revision LE, build LE */
    const uint8_t *hash; /* 32 bytes in its TLVs; NULL: none */
};
bool image_read(uint32_t slot, struct image *image);
/* The trailer of slot 1: 0 none, 2 test, 3 permanent. */
unsigned image_pending(void);
void image_mark(bool permanent);
void image_print_version(const struct image *image);

/* cbor.c */
struct reader {
    const uint8_t *at, *end;
    bool broken;
};
struct item {
    uint8_t major;  /* 0 unsigned, 2 bytes, 3 text, 5 map, 7 simple */
    uint32_t value; /* number, length, or simple value: 20 false, 21 true, 31 break */
    bool indefinite;
    const uint8_t *bytes; /* of bytes and text */
};
struct item cbor_next(struct reader *reader);
void cbor_skip(struct reader *reader, unsigned depth); /* one item with all it holds */
struct writer {
    uint8_t *at, *end;
};
void cbor_put(struct writer *writer, uint8_t major, uint32_t value);
void cbor_put_simple(struct writer *writer,
                     uint8_t simple); /* 0xbf map, 0x9f array, 0xff break, 0xf4 false, 0xf5 true */
void cbor_put_text(struct writer *writer, const char *text);
void cbor_put_bytes(struct writer *writer, uint8_t major, const void *bytes, uint32_t n_bytes);

/* smp.c */
#define SMP_BUFFER_BYTES 384u
/* Answers into the same buffer; returns its length. *reset: the board must start anew once the answer is out.
 */
size_t smp_serve(uint8_t *message, size_t n_bytes, bool *reset);

/* frames.c */
/* Takes one byte; returns the length of a whole message in `message`, else 0. */
size_t frames_take(uint8_t byte, uint8_t *message);
void frames_put(const uint8_t *message, size_t n_bytes);

#endif
