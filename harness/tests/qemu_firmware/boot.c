/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bootloader: a marked image is copied over slot 0, however often it is interrupted; then slot 0 runs. */
#include "firmware.h"

int main(void);

/* The mark goes last: until then the next start copies again from the beginning. */
static void overwrite(void)
{
    for (uint32_t at = 0; at < SLOT_BYTES; at += PAGE_BYTES) {
        flash_erase(SLOT0 + at, PAGE_BYTES);
        if (at < SLOT_BYTES - TRAILER_BYTES)
            flash_write(SLOT0 + at, (const void *)(SLOT1 + at), PAGE_BYTES);
    }
    put_text("boot: copied\r\n");
    flash_erase(SLOT1 + SLOT_BYTES - TRAILER_BYTES, TRAILER_BYTES);
    flash_erase(SLOT1, PAGE_BYTES);
}

int main(void)
{
    struct image image;
    unsigned pending = image_pending();

    put_text("*** Booting bootrig test bootloader\r\n");
    put_text(pending == 3 ? "boot: swap type perm\r\n"
             : pending    ? "boot: swap type test\r\n"
                          : "boot: swap type none\r\n");
    if (pending && image_read(SLOT1, &image)) {
        overwrite();
    } else if (pending) {
        put_text("boot: no image behind the mark\r\n");
        flash_erase(SLOT1 + SLOT_BYTES - TRAILER_BYTES, TRAILER_BYTES);
    }
    if (!image_read(SLOT0, &image)) {
        put_text("boot: no bootable image\r\n");
        return 1;
    }
    put_text("boot: Jumping to the first image slot, version ");
    image_print_version(&image);
    put_text("\r\n");
    run_image(SLOT0 + image.header_bytes);
}
