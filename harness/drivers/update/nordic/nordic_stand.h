/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For tests: a client on the scripted board, and one transfer of it. */
#ifndef RIG_DRIVERS_UPDATE_NORDIC_NORDIC_STAND_H
#define RIG_DRIVERS_UPDATE_NORDIC_NORDIC_STAND_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "drivers/update/nordic/nordic_fake.h"

struct sending {
    struct fake *fake;
    struct rig_update *update;
    struct rig_faults *faults;
    struct rig_update_part parts[2];
    struct rig_update_transfer transfer;
    struct rig_update_report report;
    struct rig_update_result result;
};

static inline void begin(struct sending *it, bool legacy, enum fake_application runs)
{
    enum rig_link_outcome outcome;
    struct rig_link_connect how = {0};

    memset(it, 0, sizeof *it);
    it->fake = fake_new(legacy, runs);
    it->fake->encrypted = runs == FAKE_BONDED;
    it->faults = rig_faults_new(1);
    it->update =
        rig_update_new(&(const struct rig_update_setting){.board = &it->fake->board, .faults = it->faults});
    it->parts[0] = (struct rig_update_part){.init_packet = fake_init(), .bytes = fake_image()};
    it->transfer = (struct rig_update_transfer){.parts = it->parts,
                                                .n_parts = 1,
                                                .n_bytes = FAKE_IMAGE_BYTES,
                                                .until_us = G_GUINT64_CONSTANT(3600000000)};
    assert_true(rig_update_connect(it->update, &how, &outcome, NULL));
    assert_int_equal(outcome, runs == FAKE_NO_DFU ? RIG_LINK_NO_CHARACTERISTIC : RIG_LINK_OK);
}

static inline void script(struct sending *it, const struct fake_answer *answers, guint n)
{
    it->fake->script = answers;
    it->fake->n_script = n;
}

static inline enum rig_update_result_kind play(struct sending *it)
{
    guint64 begin_us = it->fake->now_us;

    assert_true(it->update->protocol->transfer(it->update, &it->transfer, &it->report, &it->result, NULL));
    assert_true(it->result.text[0]);
    assert_true(it->fake->now_us - begin_us <= G_GUINT64_CONSTANT(3600000000));
    return it->result.kind;
}

static inline void end(struct sending *it)
{
    g_bytes_unref(it->parts[0].init_packet);
    g_bytes_unref(it->parts[0].bytes);
    rig_update_free(it->update);
    rig_faults_free(it->faults);
    fake_free(it->fake);
}

static inline void assert_arrived(struct sending *it)
{
    g_autoptr(GBytes) image = fake_image();

    if (!it->fake->activated)
        fail_msg("not activated: %s", it->result.text);
    assert_int_equal(it->report.offset, FAKE_IMAGE_BYTES);
    assert_false(it->fake->connected);
    assert_memory_equal(it->fake->taken, g_bytes_get_data(image, NULL), FAKE_IMAGE_BYTES);
}

static inline void assert_says(const struct sending *it, const char *piece)
{
    if (!strstr(it->result.text, piece))
        fail_msg("'%s' does not say '%s'", it->result.text, piece);
}

#endif
