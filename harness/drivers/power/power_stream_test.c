/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PPK2 calibration and samples, LCUS frames: bytes in, numbers out. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "drivers/power/lcus.h"
#include "drivers/power/ppk2.h"

static void frames_are_those_of_the_vendors_table(void **state)
{
    static const guint8 expected[][4] = {{0xa0, 1, 1, 0xa2},
                                         {0xa0, 1, 0, 0xa1},
                                         {0xa0, 2, 1, 0xa3},
                                         {0xa0, 2, 0, 0xa2},
                                         {0xa0, 0x0f, 2, 0xb1}};
    guint8 frame[RIG_LCUS_FRAME_BYTES];

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(expected); i++) {
        rig_lcus_frame(expected[i][1], expected[i][2], frame);
        assert_memory_equal(frame, expected[i], sizeof frame);
    }
}

static void a_state_counts_when_its_whole_word_has_come(void **state)
{
    static const struct {
        const char *text;
        guint8 channel;
        bool found, on;
    } cases[] = {
        {"CH1: ON\r\nCH2: OFF\r\n", 1, true, true},
        {"CH1: ON\r\nCH2: OFF\r\n", 2, true, false},
        {"CH1:ON\r\n", 1, true, true},
        {"CH1: O", 1, false, false},
        {"CH1: ON", 1, false, false},
        {"CH1: OFF", 1, false, false},
        {"CH3: ON\r\n", 1, false, false},
        {"xxCH1: OFF \r", 1, true, false},
        {"CH1: ONE\r\n", 1, false, false},
        {"", 1, false, false},
    };

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        bool on = true;
        bool found = rig_lcus_state(cases[i].text, strlen(cases[i].text), cases[i].channel, &on);

        if (found != cases[i].found || (found && on != cases[i].on))
            fail_msg("'%s'", cases[i].text);
    }
}

static bool read_text(const char *text, struct rig_ppk2_calibration *calibration)
{
    return rig_ppk2_read_metadata((const guint8 *)text, strlen(text), calibration);
}

static void calibration_is_found_behind_left_over_samples(void **state)
{
    static const char bytes[] =
        "\x01\x80\xff\x0a\x00:\xfe"
        "Calibrated: 1\r\nR0: 1000.5\nGS1: -0.25\nUG4: 1.5\nO2: 3\nI3: -nan\nmode: 2\nHW: 9173\nEND\n";
    struct rig_ppk2_calibration calibration;

    (void)state;
    assert_true(rig_ppk2_read_metadata((const guint8 *)bytes, sizeof bytes - 1, &calibration));
    assert_true(calibration.r[0] == 1000.5);
    assert_true(calibration.r[1] == 101.65);
    assert_true(calibration.gs[1] == -0.25);
    assert_true(calibration.ug[4] == 1.5);
    assert_true(calibration.o[2] == 3);
    assert_true(calibration.i[3] == 0);
    assert_int_equal(calibration.mode, 2);
}

static void calibration_that_is_cut_or_none_is_not_taken(void **state)
{
    struct rig_ppk2_calibration calibration;

    (void)state;
    assert_false(read_text("R0: 1\nR1: 2\n", &calibration));
    assert_false(read_text("login:\nEND\n", &calibration));
    assert_false(read_text("R0: 1\nEN", &calibration));
    assert_true(read_text("R0: 1\nEND", &calibration));
    assert_true(read_text("R0: 0\nR1: -5\nR9: 1\nEND\n", &calibration));
    assert_true(calibration.r[0] == 1031.64 && calibration.r[1] == 101.65);
}

static guint32 word_of(guint32 adc, guint32 range, guint32 sequence, guint32 logic)
{
    return adc | range << 14 | sequence << 18 | logic << 24;
}

static void a_sample_is_decoded_by_the_formula(void **state)
{
    struct rig_ppk2_calibration calibration;
    struct rig_ppk2_sample sample;
    guint8 bytes[4];

    (void)state;
    assert_true(read_text("R1: 100\nO1: 40\nGS1: 0\nGI1: 2\nS1: 0.000001\nI1: 0.000002\nUG1: 3\nEND\n",
                          &calibration));
    rig_put_le32(bytes, word_of(1000, 1, 45, 0xa5));
    assert_true(rig_ppk2_decode(&calibration, 2000, bytes, &sample));
    /* g = (4000 - 40) * (1.8 / 163840) / 100 = 4.350586e-4; I = 3 * (2 g + 1e-6 * 2 + 2e-6) = 2.6223515e-3 A
     */
    assert_true(fabs(sample.microamperes - 2622.3516) < 0.001);
    assert_int_equal(sample.sequence, 45);
    assert_int_equal(sample.logic, 0xa5);
    rig_put_le32(bytes, word_of(0, 5, 0, 0));
    assert_false(rig_ppk2_decode(&calibration, 2000, bytes, &sample));
}

struct seen {
    guint n;
    guint64 last_us;
};

static void see(void *user, guint64 at_us, const struct rig_ppk2_sample *sample)
{
    struct seen *seen = user;

    (void)sample;
    seen->n++;
    seen->last_us = at_us;
}

static void lost_samples_move_the_clock_of_the_stream(void **state)
{
    static const guint8 sequences[] = {62, 63, 0, 1, 5, 6};
    struct rig_ppk2_calibration calibration;
    struct rig_ppk2_stream stream = {0};
    struct seen seen = {0};
    guint8 bytes[4 * sizeof sequences];

    (void)state;
    assert_true(read_text("R0: 1\nEND\n", &calibration));
    for (guint i = 0; i < sizeof sequences; i++)
        rig_put_le32(bytes + 4 * i, word_of(1, 0, sequences[i], 0));
    for (guint i = 0; i < sizeof bytes; i += 3)
        rig_ppk2_feed(&stream, &calibration, 3000, bytes + i, 3, see, &seen);
    assert_int_equal(seen.n, 6);
    assert_int_equal(stream.n_lost, 3);
    assert_int_equal(seen.last_us, 80);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_those_of_the_vendors_table),
        cmocka_unit_test(a_state_counts_when_its_whole_word_has_come),
        cmocka_unit_test(calibration_is_found_behind_left_over_samples),
        cmocka_unit_test(calibration_that_is_cut_or_none_is_not_taken),
        cmocka_unit_test(a_sample_is_decoded_by_the_formula),
        cmocka_unit_test(lost_samples_move_the_clock_of_the_stream),
    };

    return cmocka_run_group_tests_name("power streams", tests, NULL, NULL);
}
