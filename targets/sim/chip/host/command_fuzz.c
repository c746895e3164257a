/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines of the control socket that go to the Bluetooth stack ("link ...", "bond ..."), one after the other,
 * on a link that is up; afterwards the board must still work. */
#include "sim/chip/host/fuzz_air.h"

#include <stdlib.h>
#include <string.h>

#define MAX_LINES 32u
#define LINE_BYTES 600u

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void command(struct fuzz_air *air, const uint8_t *line, size_t n_bytes)
{
    static const char *const heads[] = {"link ", "bond ", "link fault ", "link send att "};
    char text[LINE_BYTES + 32], answer[SIM_STACK_ANSWER_BYTES], status[SIM_STACK_ANSWER_BYTES];
    size_t n_head = 0;

    /* A first byte below 4 saves the fuzzer finding the words. */
    if (n_bytes && line[0] < sizeof heads / sizeof heads[0]) {
        n_head = strlen(heads[line[0]]);
        memcpy(text, heads[line[0]], n_head);
        line++;
        n_bytes--;
    }
    if (n_bytes > LINE_BYTES)
        n_bytes = LINE_BYTES;
    memcpy(text + n_head, line, n_bytes);
    text[n_head + n_bytes] = '\0';
    if (sim_stack_command(air->stack, air->now_us, text, answer, sizeof answer) &&
        strncmp(answer, "ok", 2) != 0 && strncmp(answer, "error", 5) != 0)
        abort();
    sim_stack_status(air->stack, status, sizeof status);
    fuzz_air_run(air, 1000);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    const struct sim_stack_config config = {0};
    struct fuzz_air *air = fuzz_air_new(&config, SIM_BLE_OPEN, &(struct sim_ble_pairing){0});
    unsigned n_lines = 0;

    fuzz_air_connect(air);
    while (n_bytes > 0 && n_lines++ < MAX_LINES) {
        const uint8_t *end = memchr(bytes, '\n', n_bytes);
        size_t n_line = end ? (size_t)(end - bytes) : n_bytes;

        command(air, bytes, n_line);
        n_line += end != NULL;
        bytes += n_line;
        n_bytes -= n_line;
    }
    fuzz_air_free(air);
    return 0;
}
