/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A person's question about an image, "is it whole, and who signed it?", for everything that imgtool makes,
 * whatever one certain bootloader was compiled with (that is rig_image_verify()). What cannot be judged is
 * said to be so, and never called damaged or unsigned. GLib-free. Format facts: [SRC mcu-tools/mcuboot
 * scripts/imgtool/image.py, boot/bootutil/src/image_validate.c]. */
#ifndef RIG_IMAGE_JUDGE_H
#define RIG_IMAGE_JUDGE_H

#include "image/encrypt.h"
#include "image/key.h"

enum rig_image_verdict {
    RIG_IMAGE_PASSES,
    RIG_IMAGE_FAILS,      /* damaged, or signed by none of the keys */
    RIG_IMAGE_NOT_JUDGED, /* nothing found is wrong, but not all of it could be looked at */
};

struct rig_image_judgement {
    enum rig_image_verdict verdict;
    enum rig_image_status status; /* of a failing one: the nearest */
    struct rig_image_layout layout;
    char why[256];       /* FAILS, NOT_JUDGED: a phrase */
    char hash[128];      /* what was found about it: "the hash matches (SHA-512)"; "" nothing */
    char signature[200]; /* "the signature matches (ecdsa-p384)"; "" when there is none, or nothing to check
                            with */
};

/* Hashes of SHA-256, SHA-384, SHA-512; ECDSA P-256 and P-384, RSA-PSS, Ed25519 over the hash or pure; keys
 * named by KEYHASH or carried whole (PUBKEY). Without keys a signature is held against a key that the image
 * carries, else not at all. An encrypted image is decrypted with `secret`; where that is NULL only the
 * signature over the stored hash is checked. A compressed one is unpacked and held against what it says of
 * itself. What could not be looked at makes the verdict NOT_JUDGED at best.
 * max_bytes: as in a policy. */
void rig_image_judge(const struct rig_image_source *source, const struct rig_key *const *keys, size_t n_keys,
                     const struct rig_encrypt_key *secret, uint32_t max_bytes,
                     struct rig_image_judgement *judgement);

#endif
