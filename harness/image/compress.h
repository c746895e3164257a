/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Compressed payloads: LZMA2, with a filter for ARM Thumb code or without. GLib-free; liblzma does the work.
 * Facts: [SRC mcu-tools/mcuboot scripts/imgtool/main.py create_lzma2_header(), image.py] */
#ifndef RIG_IMAGE_COMPRESS_H
#define RIG_IMAGE_COMPRESS_H

#include "image/mcuboot.h"

enum rig_compression {
    RIG_COMPRESSION_NONE,
    RIG_COMPRESSION_LZMA2,
    RIG_COMPRESSION_LZMA2_ARM_THUMB,
};

/* Two bytes that tell dictionary and properties, then the raw stream, as imgtool writes them; malloc'd, NULL
 * on failure. */
uint8_t *rig_compress(enum rig_compression compression, const uint8_t *bytes, size_t n_bytes,
                      size_t *n_compressed);

/* What a compressed image was before: all that its hash and signature were over. */
struct rig_unpacked_image {
    uint8_t *bytes; /* malloc'd; free with free() */
    size_t n_bytes;
};
/* plain: a source whose payload is not encrypted. max_bytes bounds what comes out. On failure *why is a
 * phrase (static storage): BAD_TLV (sizes that lie, or are missing), BAD_PAYLOAD, UNSUPPORTED (LZMA1),
 * READ_FAILED. */
enum rig_image_status rig_image_unpack(const struct rig_image_source *plain,
                                       const struct rig_image_layout *layout, uint32_t max_bytes,
                                       struct rig_unpacked_image *into, const char **why);

#endif
