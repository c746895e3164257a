/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as an init packet, secure and legacy. What decodes is within the bounds of its arrays, encodes to
 * something that decodes to the same, and can be verified. */
#include <stdlib.h>
#include <string.h>

#include "image/init_packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void demand(bool holds)
{
    if (!holds)
        abort();
}

static void bounds(const struct rig_init_packet *packet, size_t n_bytes)
{
    demand(packet->n_sd_req <= RIG_INIT_MAX_SD_REQ);
    demand(packet->n_hash_bytes <= RIG_INIT_MAX_HASH_BYTES);
    demand(packet->n_signature_bytes <= RIG_INIT_SIGNATURE_BYTES);
    demand(packet->n_boot_validations <= RIG_INIT_MAX_BOOT_VALIDATIONS);
    for (size_t i = 0; i < packet->n_boot_validations; i++)
        demand(packet->boot_validations[i].n_bytes <= RIG_INIT_MAX_BOOT_VALIDATION_BYTES);
    demand(packet->covered_offset <= n_bytes && packet->n_covered_bytes <= n_bytes - packet->covered_offset);
    demand(packet->length_bytes >= 1 && packet->length_bytes <= packet->covered_offset);
}

/* The places in the packet differ when somebody else encoded it in another way. */
static void forget_places(struct rig_init_packet *packet)
{
    packet->covered_offset = packet->n_covered_bytes = packet->length_bytes = 0;
}

static void secure(const uint8_t *bytes, size_t n_bytes, const struct rig_key *key)
{
    struct rig_init_packet packet, again;
    uint8_t encoded[RIG_INIT_PACKET_MAX_BYTES];
    size_t n_encoded;

    if (rig_init_packet_decode(bytes, n_bytes, &packet) != RIG_INIT_OK)
        return;
    bounds(&packet, n_bytes);
    /* Nobody signs as the test key does by chance, but whoever is in the corpus. */
    (void)rig_init_packet_verify(&packet, bytes, key);
    again = packet;
    demand(rig_init_packet_encode(&again, NULL, encoded, &n_encoded) == RIG_INIT_OK);
    demand(rig_init_packet_decode(encoded, n_encoded, &again) == RIG_INIT_OK);
    forget_places(&packet);
    forget_places(&again);
    demand(memcmp(&packet, &again, sizeof packet) == 0);
}

static void legacy(const uint8_t *bytes, size_t n_bytes)
{
    struct rig_legacy_init init;
    uint8_t encoded[RIG_LEGACY_INIT_MAX_BYTES];
    size_t n_encoded;

    if (rig_legacy_init_decode(bytes, n_bytes, &init) != RIG_INIT_OK)
        return;
    demand(rig_legacy_init_encode(&init, encoded, &n_encoded) == RIG_INIT_OK);
    demand(n_encoded == n_bytes && memcmp(encoded, bytes, n_bytes) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    static struct rig_key *key;

    if (!key)
        key = rig_key_test(RIG_KEY_ECDSA_P256, 0, NULL);
    secure(bytes, n_bytes, key);
    legacy(bytes, n_bytes);
    return 0;
}
