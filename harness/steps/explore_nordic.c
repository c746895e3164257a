/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is explored on a board with one of Nordic's bootloaders: packages as its host sends them. */
#include "steps/explore_subject.h"

#include "base/bytes.h"
#include "explore/nordic.h"
#include "image/init_packet.h"

#include <string.h>

static bool take_old(struct rig_run *run, const char *name, struct rig_explore_image *image)
{
    const struct rig_built_image *built = rig_run_image(run, name);

    if (!built)
        return false;
    if (built->n_parts != 1 || built->parts[0].firmware != RIG_DFU_APPLICATION) {
        rig_run_error_text(run, "image '%s' is no application: it cannot be the one that runs at the begin",
                           name);
        return false;
    }
    image->name = built->name;
    image->bytes = g_bytes_get_data(built->parts[0].bytes, &image->n_bytes);
    image->verified = true;
    return true;
}

/* Signature and hash are what the bootloader must demand. */
static bool is_good(const struct sim_secure_config *config, const struct rig_explore_part *part)
{
    struct rig_init_packet init;
    guint8 hash[RIG_IMAGE_HASH_BYTES];

    if (rig_init_packet_decode(part->init_packet, part->n_init_packet, &init) != RIG_INIT_OK)
        return false;
    if ((init.is_signed || !config->accepts_unsigned || part->firmware != RIG_DFU_APPLICATION) &&
        (!config->key || !rig_init_packet_verify(&init, part->init_packet, config->key)))
        return false;
    return rig_init_hash_of(part->bytes, part->n_bytes, hash) && init.hash_type == RIG_INIT_HASH_SHA256 &&
           init.n_hash_bytes == sizeof hash && memcmp(hash, init.hash, sizeof hash) == 0;
}

static bool take_new(struct rig_run *run, const char *name, struct rig_explore_package *package,
                     struct rig_explore_image *image)
{
    const struct rig_built_image *built = rig_run_image(run, name);

    if (!built)
        return false;
    if (built->n_parts == 0 || built->n_parts > RIG_EXPLORE_MAX_PARTS) {
        rig_run_error_text(run, "image '%s' is no distribution package", name);
        return false;
    }
    image->name = built->name;
    image->verified = true;
    for (guint i = 0; i < built->n_parts; i++) {
        struct rig_explore_part *part = &package->parts[package->n_parts++];

        part->firmware = built->parts[i].firmware;
        part->init_packet = g_bytes_get_data(built->parts[i].init_packet, &part->n_init_packet);
        part->bytes = g_bytes_get_data(built->parts[i].bytes, &part->n_bytes);
        part->softdevice_bytes =
            part->n_bytes - MIN((gsize)built->parts[i].n_bootloader_bytes, part->n_bytes);
        image->bytes = part->bytes;
        image->n_bytes = part->n_bytes;
    }
    return true;
}

/* By what the board is at first, although signature and hash are good; NULL: nothing. Static. */
static const char *refused_for(const struct rig_board_nordic *board, const struct rig_explore_part *part)
{
    const struct sim_secure_config *config = board->secure;
    guint8 page[RIG_NORDIC_SETTINGS_BYTES];
    struct rig_nordic_settings settings;
    struct rig_init_packet init;

    if (config->debug ||
        rig_init_packet_decode(part->init_packet, part->n_init_packet, &init) != RIG_INIT_OK ||
        sim_flash_peek(board->flash, SIM_FLASH_INTERNAL, config->map.settings_at, page, sizeof page) !=
            SIM_OK)
        return NULL;
    rig_nordic_settings_decode(page, &settings);
    if (init.has_hw_version && init.hw_version != config->hardware_version)
        return "it is for other hardware";
    if (part->firmware == RIG_DFU_APPLICATION && !config->allows_downgrade && init.has_fw_version &&
        init.fw_version < settings.app_version)
        return "its version is lower than the one that the board has";
    return NULL;
}

/* The CRC is all that a legacy bootloader can demand. */
static bool is_good_legacy(const struct rig_explore_part *part)
{
    struct rig_legacy_init init;

    return rig_legacy_init_decode(part->init_packet, part->n_init_packet, &init) == RIG_INIT_OK &&
           init.n_extended_bytes >= 2 &&
           rig_get_le16(init.extended) == rig_legacy_crc16(0xffff, part->bytes, part->n_bytes);
}

static void judge_new(const struct rig_board_nordic *board, const struct rig_explore_package *package,
                      struct rig_explored *explored)
{
    struct rig_explore_image *image = &explored->plan->images[RIG_IMAGE_NEW];

    for (guint i = 0; i < package->n_parts; i++)
        image->verified &=
            board->secure ? is_good(board->secure, &package->parts[i]) : is_good_legacy(&package->parts[i]);
    for (guint i = 0; board->secure && image->verified && i < package->n_parts; i++) {
        const char *why = refused_for(board, &package->parts[i]);

        if (why && !explored->never_runs)
            explored->never_runs = g_strdup_printf("'%s' is to be refused: %s", image->name, why);
    }
    if (!image->verified)
        explored->never_runs = g_strdup_printf("'%s' is to be refused: its %s", image->name,
                                               board->secure ? "signature or hash is wrong" : "CRC is wrong");
}

bool rig_explored_nordic(struct rig_run *run, const char *const names[RIG_N_EXPLORE_NAMES],
                         struct rig_explored *explored)
{
    struct rig_explore_image *images = explored->plan->images;
    struct rig_explore_package package = {.n_parts = 0};
    struct rig_board_nordic board;

    run->board->subject->nordic(run->board, &board);
    package.bonded = board.bonded;
    if (names[RIG_EXPLORE_SECOND_OLD] || names[RIG_EXPLORE_SECOND_NEW]) {
        rig_run_error_text(run, "this board has one image: leave 'second-old' and 'second-new' out");
        return false;
    }
    if (!take_old(run, names[RIG_EXPLORE_OLD], &images[RIG_IMAGE_OLD]) ||
        !take_new(run, names[RIG_EXPLORE_NEW], &package, &images[RIG_IMAGE_NEW]))
        return false;
    judge_new(&board, &package, explored);
    explored->subject = board.secure ? rig_subject_secure(board.secure, board.flash, &package)
                                     : rig_subject_legacy(board.legacy, board.flash, &package);
    explored->plan->subject = explored->subject;
    if (!explored->subject)
        rig_run_error_text(run, "out of memory");
    else if (rig_subject_changes_nothing(explored->subject))
        rig_run_error_text(run,
                           "'%s' brings what this board has already: nothing tells whether it was installed",
                           names[RIG_EXPLORE_NEW]);
    return !rig_run_troubled(run);
}
