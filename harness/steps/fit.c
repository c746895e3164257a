/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Options, images and slots of a case against those of a board. */
#include "steps/fit.h"

#include "image/build.h"

#define IMAGE_LIST_BYTES 256u /* two entries with their hashes and flags, and the header */
#define HEADER_BYTES 32u
#define TLV_HEADER_BYTES 4u
#define TLV_AREA_BYTES 4u
#define HASH_TLV_BYTES (TLV_HEADER_BYTES + 32u)
#define COUNTER_BYTES 4u
#define DEPENDENCY_BYTES 12u

const struct rig_value *rig_fit_option(const struct rig_fit *fit, const char *name)
{
    const struct rig_value *own = rig_record_get(fit->target->record, "options");
    const struct rig_value *chosen = fit->options ? rig_record_get(fit->options, name) : NULL;

    return chosen ? chosen : own ? rig_record_get(own->record, name) : NULL;
}

bool rig_fit_is_chosen(const struct rig_fit *fit, const char *name)
{
    return fit->options && rig_record_get(fit->options, name);
}

bool rig_fit_minds(const struct rig_fit *fit, const char *name)
{
    return rig_fit_is_chosen(fit, name) || fit->the_case->scenario->target;
}

const char *rig_fit_choice(const struct rig_fit *fit, const char *name, const char *otherwise)
{
    const struct rig_value *value = rig_fit_option(fit, name);

    return value ? value->keyword : otherwise;
}

bool rig_fit_flag(const struct rig_fit *fit, const char *name)
{
    const struct rig_value *value = rig_fit_option(fit, name);

    return value ? value->flag : rig_board_option_is_on_by_default(name);
}

guint64 rig_fit_count(const struct rig_fit *fit, const char *name, guint64 otherwise)
{
    const struct rig_value *value = rig_fit_option(fit, name);

    return value ? value->count : otherwise;
}

const struct rig_image_spec *rig_fit_image(const struct rig_fit *fit, const char *name)
{
    for (guint i = 0; i < fit->the_case->images->len; i++) {
        const struct rig_image_plan *plan = g_ptr_array_index(fit->the_case->images, i);

        if (g_str_equal(plan->name, name))
            return plan->spec;
    }
    return NULL;
}

static guint signature_bytes(enum rig_key_kind kind)
{
    static const guint bytes[] = {[RIG_KEY_ECDSA_P256] = 72,
                                  [RIG_KEY_RSA2048] = 256,
                                  [RIG_KEY_RSA3072] = 384,
                                  [RIG_KEY_ED25519] = 64,
                                  [RIG_KEY_ECDSA_P384] = 104};

    return bytes[kind];
}

/* Of the TLV with the key or its hash, at most. */
static guint key_bytes(enum rig_key_kind kind, const struct rig_signed_how *how)
{
    static const guint whole[] = {[RIG_KEY_ECDSA_P256] = 91,
                                  [RIG_KEY_RSA2048] = 270,
                                  [RIG_KEY_RSA3072] = 398,
                                  [RIG_KEY_ED25519] = 44,
                                  [RIG_KEY_ECDSA_P384] = 120};

    return how->key_in_image ? whole[kind] : (guint)rig_image_hash_bytes(rig_key_hash_type(kind, how));
}

/* The entries with hash, key and signature, at most. */
static guint64 sealed_bytes(const struct rig_fit *fit, const struct rig_image_spec *spec)
{
    struct rig_signed_how how;
    enum rig_key_kind kind;

    if (!rig_layout_signs(&fit->layout, spec->sign, &kind, &how))
        return TLV_HEADER_BYTES + RIG_IMAGE_HASH_BYTES;
    if (spec->key_in_image)
        how.key_in_image = *spec->key_in_image;
    return 3 * TLV_HEADER_BYTES + rig_image_hash_bytes(rig_key_hash_type(kind, &how)) +
           key_bytes(kind, &how) + signature_bytes(kind) + (how.pure ? TLV_HEADER_BYTES + 1 : 0);
}

static guint64 protected_bytes(const struct rig_fit *fit, const struct rig_image_spec *spec)
{
    bool counted = spec->security_counter ||
                   (rig_fit_option(fit, "security-counter") && !rig_fit_is_chosen(fit, "security-counter"));
    guint64 n_bytes = counted ? TLV_HEADER_BYTES + COUNTER_BYTES : 0;

    for (guint i = 0; spec->dependencies && spec->dependencies[i]; i++)
        n_bytes += TLV_HEADER_BYTES + DEPENDENCY_BYTES;
    for (guint i = 0; spec->custom_tlvs && spec->custom_tlvs[i]; i++)
        n_bytes += TLV_HEADER_BYTES + g_bytes_get_size(spec->custom_tlvs[i]->bytes);
    return n_bytes ? n_bytes + TLV_AREA_BYTES : 0;
}

/* With the zeros that the payload is filled up with. */
static guint64 key_tlv_bytes(const struct rig_fit *fit, const struct rig_image_spec *spec)
{
    enum rig_encrypt_kind kind = fit->layout.encryption;

    if (spec->encrypt ? !*spec->encrypt : kind == RIG_ENCRYPT_NONE)
        return 0;
    kind = kind == RIG_ENCRYPT_NONE ? RIG_ENCRYPT_ECIES_P256 : kind;
    return TLV_HEADER_BYTES + rig_encrypt_tlv_bytes(kind, fit->layout.aes_bits) +
           (16 - spec->payload_bytes % 16) % 16;
}

guint64 rig_fit_image_bytes(const struct rig_fit *fit, const char *name)
{
    const struct rig_image_spec *spec = rig_fit_image(fit, name);
    guint64 header_bytes = spec && spec->header_bytes ? *spec->header_bytes
                           : fit->board->header_bytes ? fit->board->header_bytes
                                                      : HEADER_BYTES;

    if (!spec || spec->file)
        return 0;
    if (fit->layout.family != RIG_BOOTLOADER_MCUBOOT)
        return spec->type && !g_str_equal(spec->type, "application") ? 0 : spec->payload_bytes;
    return header_bytes + spec->payload_bytes + protected_bytes(fit, spec) + TLV_AREA_BYTES +
           sealed_bytes(fit, spec) + key_tlv_bytes(fit, spec);
}

/* By its kind, or a bit of the key's hash or of the signature, behind the hash. */
static bool damages_the_signature(const struct rig_damage_spec *damage)
{
    static const char *const of_packages[] = {"wrong-signature", "short-signature", "signature-type", NULL};

    return g_str_equal(damage->kind, "no-signature") || g_str_equal(damage->kind, "no-key") ||
           g_strv_contains(of_packages, damage->kind) ||
           (g_str_equal(damage->kind, "flip-tlv") && (!damage->at || *damage->at >= 32));
}

bool rig_fit_bad_by_signature(const struct rig_fit *fit, const char *name)
{
    const struct rig_image_spec *spec = rig_fit_image(fit, name);
    bool bad;

    if (!spec || spec->file)
        return false;
    bad = !g_str_equal(spec->sign, "target") || g_str_equal(spec->key, "stranger");
    for (guint i = 0; spec->damages && spec->damages[i]; i++) {
        if (!damages_the_signature(spec->damages[i]))
            return false;
        bad = true;
    }
    return bad;
}

char *rig_fit_no_slot(const struct rig_fit *fit, guint64 slot)
{
    /* A slot that no board has is the scenario's mistake, and told as one when it runs. */
    if (slot < fit->layout.n_slots || slot >= G_N_ELEMENTS(fit->layout.slots))
        return NULL;
    return g_strdup_printf("target '%s' has no slot %" G_GUINT64_FORMAT ": it has %u", fit->target->name,
                           slot, fit->layout.n_slots);
}

char *rig_fit_no_scratch(const struct rig_fit *fit)
{
    return fit->layout.scratch.n_bytes
               ? NULL
               : g_strdup_printf("target '%s' has no scratch area", fit->target->name);
}

char *rig_fit_no_space(const struct rig_fit *fit, const char *image, guint slot, guint64 at)
{
    guint64 n_bytes = rig_fit_image_bytes(fit, image);
    char *reason = rig_fit_no_slot(fit, slot);

    if (reason || slot >= fit->layout.n_slots || at + n_bytes <= fit->layout.slots[slot].n_bytes)
        return reason;
    return g_strdup_printf("image '%s' (%" G_GUINT64_FORMAT " bytes) does not fit slot %u of target '%s' (%u "
                           "bytes)",
                           image, n_bytes, slot, fit->target->name, fit->layout.slots[slot].n_bytes);
}

char *rig_fit_no_room(const struct rig_fit *fit, const char *image, guint slot)
{
    guint64 n_bytes = rig_fit_image_bytes(fit, image);

    if (slot >= fit->layout.n_slots || n_bytes <= fit->layout.slots[slot].room_bytes)
        return NULL;
    return g_strdup_printf("image '%s' has %" G_GUINT64_FORMAT " bytes, and in slot %u of target '%s' there "
                           "is room for %u beside the trailer",
                           image, n_bytes, slot, fit->target->name, fit->layout.slots[slot].room_bytes);
}

static bool awaited(const GPtrArray *steps, const char *image);

static bool step_awaits(const struct rig_step *step, const char *image)
{
    const struct rig_value *value;

    if (awaited(step->block, image))
        return true;
    for (gsize i = 0; step->arguments && i < step->arguments->shape->n_fields; i++) {
        value = step->arguments->values[i];
        if (value && awaited(value->steps, image))
            return true;
    }
    if (!g_str_equal(step->verb->name, "expect-boot"))
        return false;
    value = rig_record_get(step->arguments, "image");
    return value->items->len == 1 &&
           g_str_equal(((const struct rig_value *)g_ptr_array_index(value->items, 0))->text, image);
}

/* Whether some step wants to see the image run, and it alone. */
static bool awaited(const GPtrArray *steps, const char *image)
{
    for (guint i = 0; steps && i < steps->len; i++)
        if (step_awaits(g_ptr_array_index(steps, i), image))
            return true;
    return false;
}

/* A signature that is not of the SHA-256 hash, by the target and not by the case. */
static const char *other_hash(const struct rig_fit *fit)
{
    static const char *const others[] = {"ecdsa-p384", "ed25519-sha512", "ed25519-pure", NULL};
    const char *sign = rig_fit_is_chosen(fit, "sign") ? "none" : rig_fit_choice(fit, "sign", "none");

    return g_strv_contains(others, sign) ? sign : NULL;
}

/* By its hash alone: what a pure signature is of is the image itself. */
static bool bad_by_hash(const struct rig_image_spec *spec)
{
    const struct rig_damage_spec *damage = spec && spec->damages ? spec->damages[0] : NULL;

    return damage && !spec->damages[1] &&
           (g_str_equal(damage->kind, "no-hash") || g_str_equal(damage->kind, "wrong-hash") ||
            (g_str_equal(damage->kind, "flip-tlv") && damage->at && *damage->at < 64));
}

static char *otherwise_hashed(const struct rig_fit *fit, const char *image)
{
    const struct rig_image_spec *spec = rig_fit_image(fit, image);
    const char *sign = other_hash(fit);

    if (!sign || !spec || spec->file)
        return NULL;
    if (!g_str_equal(spec->sign, "target"))
        return g_strdup_printf(
            "image '%s' is hashed by SHA-256, and the server of target '%s' ('sign: %s') names "
            "images by another hash",
            image, fit->target->name, sign);
    return g_str_equal(sign, "ed25519-pure") && bad_by_hash(spec)
               ? g_strdup_printf(
                     "image '%s' is a bad one by its hash alone, and target '%s' checks none ('sign: %s')",
                     image, fit->target->name, sign)
               : NULL;
}

char *rig_fit_unchecked(const struct rig_fit *fit, const char *image)
{
    const struct rig_case *the_case = fit->the_case;
    char *reason = otherwise_hashed(fit, image);

    if (reason)
        return reason;

    if (awaited(the_case->setup, image) || awaited(the_case->steps, image) || fit->layout.signing_needed ||
        rig_fit_is_chosen(fit, "sign") || !rig_fit_bad_by_signature(fit, image))
        return NULL;
    return g_strdup_printf("image '%s' is a bad one by its signature alone, and target '%s' checks none "
                           "('sign: none')",
                           image, fit->target->name);
}

char *rig_fit_no_image_request(const struct rig_fit *fit, bool marks, bool not_supported)
{
    if (fit->layout.family != RIG_BOOTLOADER_MCUBOOT || not_supported)
        return NULL;
    if (fit->layout.mode == RIG_SWAP_SINGLE && !fit->in_recovery)
        return g_strdup_printf("the application of target '%s' has no image commands ('swap: single')",
                               fit->target->name);
    if (fit->update_runs && fit->layout.mode != RIG_SWAP_SINGLE && rig_layout_n_images(&fit->layout) > 1 &&
        !rig_swap_mode_moves_images(fit->layout.mode))
        return g_strdup_printf("the update runs from slot 1 ('swap: %s'), and with several images the server "
                               "of target '%s' takes slot 0 for the one that runs",
                               rig_swap_mode_name(fit->layout.mode), fit->target->name);
    if (marks && fit->layout.mode == RIG_SWAP_DIRECT_XIP)
        return g_strdup_printf("with 'swap: direct-xip' the newest image runs, and the server of target '%s' "
                               "takes no marks",
                               fit->target->name);
    return NULL;
}

char *rig_fit_no_list(const struct rig_fit *fit)
{
    guint64 n_bytes = rig_fit_count(fit, "buffer-size", IMAGE_LIST_BYTES);

    if (n_bytes >= IMAGE_LIST_BYTES || rig_fit_is_chosen(fit, "buffer-size"))
        return NULL;
    return g_strdup_printf("the list of images does not fit the buffer of target '%s' (%" G_GUINT64_FORMAT
                           " bytes)",
                           fit->target->name, n_bytes);
}
