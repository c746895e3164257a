/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Boards and images that are not the default ones: what fits them runs, what does not is skipped, and none of it
 * fails. */
#include "tests/process/process.h"

static void write_own_image(const struct place *place)
{
    GString *payload = g_string_new(NULL);

    while (payload->len < 20000)
        g_string_append_printf(payload, "no personality %u\n", (guint)payload->len);
    place_write(place, "payload.txt", payload->str);
    g_string_free(payload, TRUE);
    place_expect(place, 0, NULL,
                 "bootrig image make --version 2.0.0 --sign ecdsa-p256 payload.txt --output made.bin");
}

static void expect_own_image(const struct place *place, const char *image, const char *then)
{
    g_autofree char *text =
        g_strdup_printf("scenario: own\nimages:\n  old: 1.0.0\n  new: {file: made.bin%s}\n"
                        "setup:\n  - board: {slot0: old}\n  - connect:\nsteps:\n  - upload: new\n"
                        "  - mark: {image: new, as: test}\n  - smp-reset:\n  - expect-boot: %s\n",
                        image, then);

    place_write(place, "own.yaml", text);
    place_expect(place, 0, "1 passed", "bootrig run own.yaml");
}

static void an_image_made_elsewhere_runs_and_behaves_as_it_is_told(void **state)
{
    write_own_image(*state);
    expect_own_image(*state, "", "{image: new, confirmed: false}");
    expect_own_image(*state, ", behaviour: confirms", "{image: new, confirmed: true}");
    expect_own_image(*state, ", behaviour: crashes", "{image: old, within: 60s}");
    expect_own_image(*state, ", behaviour: hangs, watchdog: 2s", "{image: old, within: 60s}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(an_image_made_elsewhere_runs_and_behaves_as_it_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
