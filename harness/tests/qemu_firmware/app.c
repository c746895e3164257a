/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The application: serves SMP over the console, and says a line now and then. */
#include "firmware.h"

int main(void);

int main(void)
{
    static uint8_t message[SMP_BUFFER_BYTES];
    struct image image;
    uint32_t n_served = 0;

    put_text("app: version ");
    if (image_read(SLOT0, &image))
        image_print_version(&image);
    put_text("\r\napp: SMP is served\r\n");
    for (;;) {
        int byte = get_byte();
        size_t n_bytes = byte < 0 ? 0 : frames_take((uint8_t)byte, message);
        bool reset = false;

        if (n_bytes == 0)
            continue;
        n_bytes = smp_serve(message, n_bytes, &reset);
        if (++n_served % 16 == 0)
            put_text("app: still here\r\n");
        frames_put(message, n_bytes);
        if (reset) {
            wait_us(20000);
            put_text("app: reset\r\n");
            start_anew();
        }
    }
}
