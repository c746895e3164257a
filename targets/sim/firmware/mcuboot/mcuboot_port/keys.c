/* SPDX-License-Identifier: Apache-2.0 */
/* The keys, as bytes of their DER; the guide says which commands write the two files. */
#include <bootutil/sign_key.h>

#if defined(MCUBOOT_SIGN_EC256) || defined(MCUBOOT_SIGN_RSA) || defined(MCUBOOT_SIGN_ED25519)
static const uint8_t signing_key[] = {
#include "signing_key.inc"
};
static const unsigned signing_key_bytes = sizeof signing_key;
const struct bootutil_key bootutil_keys[] = {{signing_key, &signing_key_bytes}};
const int bootutil_key_cnt = 1;
#endif

#ifdef MCUBOOT_ENC_IMAGES
static const uint8_t encryption_key[] = {
#include "encryption_key.inc"
};
static const unsigned encryption_key_bytes = sizeof encryption_key;
const struct bootutil_key bootutil_enc_key = {encryption_key, &encryption_key_bytes};
#endif
