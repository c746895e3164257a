/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is explored on a board with MCUboot: the model or a foreign bootloader, images for slots. */
#include "steps/explore_subject.h"

#include "explore/mcuboot.h"
#include "image/judge.h"

void rig_explored_clear(struct rig_explored *explored)
{
    g_free(explored->never_runs);
    g_free(explored->not_judged);
    rig_subject_free(explored->subject);
    *explored = (struct rig_explored){.plan = NULL};
}

/* What imgtool --pad put behind the image is a trailer, and no part of it. */
static void trim(struct rig_run *run, struct rig_explore_image *image, const struct rig_image_layout *layout)
{
    if (layout->end >= image->n_bytes)
        return;
    rig_run_note(run,
                 "image '%s' is padded: its %u bytes are explored, not the %" G_GSIZE_FORMAT " of its file",
                 image->name, layout->end, image->n_bytes);
    image->n_bytes = layout->end;
}

static void note_encryption(struct rig_explore_image *image, const struct rig_image_header *header,
                            struct rig_explored *explored)
{
    guint32 key_bytes = header->flags & RIG_IMAGE_FLAG_ENCRYPTED_AES256   ? 32
                        : header->flags & RIG_IMAGE_FLAG_ENCRYPTED_AES128 ? 16
                                                                          : 0;

    image->encrypted = key_bytes > 0;
    explored->key_bytes = MAX(explored->key_bytes, key_bytes);
}

/* Of an encrypted image for a bootloader that decrypts: its key must be wrapped for that one, and what it
 * decrypts to is judged. */
static bool verifies_decrypted(const struct rig_explore_image *image, bool is_old,
                               const struct sim_boot_config *config, const struct rig_image_source *source,
                               const struct rig_image_policy *policy)
{
    /* A file that is plain already can run; as an update it is decrypted to nonsense. */
    const guint8 *runs = image->clear ? image->clear : is_old ? image->bytes : NULL;
    struct rig_memory_image memory = {runs, (guint32)image->n_bytes};
    struct rig_image_source clear = rig_image_source_from_memory(&memory);
    struct rig_image_policy decrypted = *policy;
    struct rig_image_layout layout;
    guint8 image_key[RIG_IMAGE_KEY_MAX_BYTES];

    decrypted.decrypted = true;
    return runs && rig_image_read_layout(source, G_MAXUINT32, &layout) == RIG_IMAGE_OK &&
           rig_encrypt_image_key(source, &layout, config->encryption, config->encryption_key,
                                 config->aes_bits, image_key) == RIG_IMAGE_OK &&
           rig_image_verify(&clear, &decrypted, &layout) == RIG_IMAGE_OK;
}

/* What the model does not take is not bad for that; a foreign bootloader may take more than the model.
 * false: trouble. */
static bool judge_image(struct rig_run *run, struct rig_explore_image *image, bool is_old,
                        const struct sim_boot_config *config, const struct rig_image_source *source,
                        const struct rig_image_policy *policy, struct rig_explored *explored)
{
    struct rig_image_judgement judgement;
    struct rig_image_layout layout;

    if (image->encrypted && config->encryption != RIG_ENCRYPT_NONE) {
        image->verified = verifies_decrypted(image, is_old, config, source, policy);
        return true;
    }
    image->verified = rig_image_verify(source, policy, &layout) == RIG_IMAGE_OK;
    if (image->verified)
        return true;
    rig_image_judge(source, policy->keys, policy->n_keys, NULL, G_MAXUINT32, &judgement);
    if (judgement.verdict == RIG_IMAGE_FAILS)
        return true;
    if (explored->on_model && is_old) {
        rig_run_error_text(run, "image '%s' cannot run on the built-in model: %s", image->name,
                           *judgement.why ? judgement.why : "it is of a kind that the model does not take");
        return false;
    }
    if (explored->on_model && !explored->never_runs)
        explored->never_runs =
            g_strdup_printf("the built-in model does not take '%s': %s", image->name,
                            *judgement.why ? judgement.why : "it is of another kind than its own");
    else if (!explored->on_model && judgement.verdict == RIG_IMAGE_NOT_JUDGED && !explored->not_judged)
        explored->not_judged = g_strdup_printf("'%s' cannot be judged: %s", image->name, judgement.why);
    image->verified = true;
    return true;
}

static bool take_image(struct rig_run *run, const char *name, bool old, const struct sim_boot_config *config,
                       struct rig_explored *explored, struct rig_explore_image *image)
{
    const struct rig_built_image *built = rig_run_image(run, name);
    struct rig_image_policy policy = {.check_hash = true,
                                      .need_signature = config->need_signature,
                                      .how = config->how,
                                      .keys = config->keys,
                                      .n_keys = config->n_keys,
                                      .max_image_bytes = G_MAXUINT32};
    struct rig_image_source source;
    struct rig_image_layout layout;
    struct rig_memory_image memory;

    if (!built)
        return false;
    image->name = built->name;
    image->bytes = g_bytes_get_data(built->file, &image->n_bytes);
    if (built->clear != built->file)
        image->clear = g_bytes_get_data(built->clear, NULL);
    memory = (struct rig_memory_image){image->bytes, (guint32)image->n_bytes};
    source = rig_image_source_from_memory(&memory);
    if (rig_image_read_layout(&source, G_MAXUINT32, &layout) == RIG_IMAGE_OK) {
        trim(run, image, &layout);
        note_encryption(image, &layout.header, explored);
    }
    return judge_image(run, image, old, config, &source, &policy, explored);
}

/* Both or none. */
static bool take_second_images(struct rig_run *run, const char *const names[RIG_N_EXPLORE_NAMES],
                               const struct sim_boot_config *config, struct rig_explored *explored)
{
    bool old = names[RIG_EXPLORE_SECOND_OLD] != NULL;

    if (old != (names[RIG_EXPLORE_SECOND_NEW] != NULL)) {
        rig_run_error_text(run, "'second-old' and 'second-new' go together: give both or none");
        return false;
    }
    if (old && config->n_images < 2) {
        rig_run_error_text(run, "this board has one image: take a target with two, or leave 'second-old' and "
                                "'second-new' out");
        return false;
    }
    if (!old && config->n_images > 1)
        rig_run_note(run,
                     "only the first of the board's images is updated: 'second-old' and 'second-new' are "
                     "not given");
    for (guint i = 0; old && i < RIG_N_EXPLORE_IMAGES; i++) {
        struct rig_explore_image second = {.verified = false};

        if (!take_image(run, names[RIG_EXPLORE_SECOND_OLD + i], i == RIG_IMAGE_OLD, config, explored,
                        &second))
            return false;
        if (second.encrypted && config->encryption == RIG_ENCRYPT_NONE) {
            rig_run_error_text(run, "image '%s' is encrypted, and the target does not say how ('encrypt:')",
                               second.name);
            return false;
        }
        explored->plan->images[i].second_bytes = second.bytes;
        explored->plan->images[i].second_clear = second.clear;
        explored->plan->images[i].n_second_bytes = second.n_bytes;
        explored->plan->images[i].verified &= second.verified;
    }
    return true;
}

bool rig_explored_mcuboot(struct rig_run *run, const char *const names[RIG_N_EXPLORE_NAMES],
                          struct rig_explored *explored)
{
    const struct rig_board_subject *board = run->board->subject;
    const struct sim_boot_config *config = NULL;
    const struct sim_flash *flash = NULL;
    struct sim_guest *guest = board->bootloader(run->board, &config, &flash);
    struct rig_explore_image *images = explored->plan->images;
    struct sim_boot_config own = *config;

    explored->on_model = !guest;
    if (!take_image(run, names[RIG_EXPLORE_OLD], true, config, explored, &images[RIG_IMAGE_OLD]) ||
        !take_image(run, names[RIG_EXPLORE_NEW], false, config, explored, &images[RIG_IMAGE_NEW]) ||
        !take_second_images(run, names, config, explored))
        return false;
    if (config->encryption == RIG_ENCRYPT_NONE)
        own.key_bytes = explored->key_bytes;
    explored->subject = guest ? rig_subject_guest(&own, flash, guest) : rig_subject_model(&own, flash);
    if (!explored->subject) {
        rig_run_error_text(run, "out of memory");
        return false;
    }
    for (guint i = 0; i < config->n_images; i++)
        rig_subject_set_counter(explored->subject, i, board->security_counter(run->board, i));
    explored->plan->subject = explored->subject;
    return true;
}
