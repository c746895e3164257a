/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What runs from bank 0, its start, and what of a bond goes to the bootloader. */
#include "sim/firmware/nordic/application.h"

#include "base/bytes.h"
#include "image/nordic_image.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define PIECE_BYTES 4096u

struct bank_reader {
    const struct sim_flash *flash;
    uint32_t at;
};

static bool hash_range(const struct sim_flash *flash, uint32_t at, uint32_t n_bytes,
                       uint8_t hash[RIG_IMAGE_HASH_BYTES])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint8_t piece[PIECE_BYTES];
    bool fits = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;

    for (uint32_t done = 0; fits && done < n_bytes; done += PIECE_BYTES) {
        size_t n_piece = n_bytes - done < PIECE_BYTES ? n_bytes - done : PIECE_BYTES;

        fits = sim_flash_peek(flash, SIM_FLASH_INTERNAL, at + done, piece, n_piece) == SIM_OK &&
               EVP_DigestUpdate(context, piece, n_piece) == 1;
    }
    fits = fits && EVP_DigestFinal_ex(context, hash, NULL) == 1;
    EVP_MD_CTX_free(context);
    return fits;
}

static bool read_bank(const void *user, uint32_t offset, void *into, size_t n_bytes)
{
    const struct bank_reader *reader = user;

    return sim_flash_peek(reader->flash, SIM_FLASH_INTERNAL, reader->at + offset, into, n_bytes) == SIM_OK;
}

static bool is_damaged(const struct sim_nordic_bank_0 *bank, const struct sim_flash *flash)
{
    const struct bank_reader reader = {flash, bank->at};
    const struct rig_image_source source = {.read = read_bank, .user = &reader, .n_bytes = bank->n_bytes};

    return rig_nordic_read_seal(&source, bank->n_bytes, NULL) == RIG_NORDIC_DAMAGED;
}

static const struct sim_nordic_hash *recall(const struct sim_nordic_bank_0 *bank,
                                            const struct sim_flash *flash, struct sim_nordic_hashes *memo)
{
    struct sim_nordic_hash *entry;
    uint64_t key[2];

    if (!sim_flash_range_hash(flash, SIM_FLASH_INTERNAL, bank->at, bank->n_bytes, key))
        return NULL;
    for (unsigned i = 0; i < SIM_NORDIC_HASHES; i++) {
        entry = &memo->entries[i];
        if (entry->n_bytes == bank->n_bytes && memcmp(entry->key, key, sizeof key) == 0)
            return entry;
    }
    entry = &memo->entries[memo->next++ % SIM_NORDIC_HASHES];
    *entry = (struct sim_nordic_hash){.n_bytes = bank->n_bytes, .intact = !is_damaged(bank, flash)};
    memcpy(entry->key, key, sizeof key);
    if (!hash_range(flash, bank->at, bank->n_bytes, entry->hash))
        memset(entry->hash, 0, sizeof entry->hash);
    return entry;
}

static bool is_there(const struct sim_nordic_bank_0 *bank, const struct sim_flash *flash)
{
    uint32_t flash_bytes = sim_flash_bytes(flash, SIM_FLASH_INTERNAL);
    uint8_t word[4];

    return bank->valid && bank->n_bytes >= sizeof word && bank->at < flash_bytes &&
           bank->n_bytes <= flash_bytes - bank->at &&
           sim_flash_peek(flash, SIM_FLASH_INTERNAL, bank->at, word, sizeof word) == SIM_OK &&
           rig_get_le32(word) != 0xffffffffu;
}

void sim_nordic_look(const struct sim_nordic_bank_0 *bank, const struct sim_flash *flash,
                     struct sim_nordic_hashes *memo, struct sim_nordic_running *running)
{
    const uint32_t version = bank->firmware_version;
    const struct sim_nordic_hash *entry;
    uint8_t bytes[SIM_APP_PERSONALITY_BYTES];

    memset(running, 0, sizeof *running);
    if (!is_there(bank, flash))
        return;
    running->has_image = true;
    running->version = (struct rig_image_version){.major = (uint8_t)(version / 1000000u),
                                                  .minor = (uint8_t)(version / 1000u % 1000u),
                                                  .revision = (uint16_t)(version % 1000u)};
    entry = recall(bank, flash, memo);
    if (entry) {
        running->intact = entry->intact;
        memcpy(running->hash, entry->hash, sizeof running->hash);
    }
    if (bank->n_bytes >= sizeof bytes &&
        sim_flash_peek(flash, SIM_FLASH_INTERNAL, bank->at, bytes, sizeof bytes) == SIM_OK)
        sim_app_read_personality(bytes, &running->personality);
}

void sim_nordic_fill_view(const struct sim_nordic_running *running, struct sim_image_view *view)
{
    *view = (struct sim_image_view){
        .has_image = running->has_image, .version = running->version, .confirmed = running->has_image};
    memcpy(view->hash, running->hash, sizeof view->hash);
}

bool sim_nordic_start(struct sim_chip *chip, const struct sim_nordic_running *running,
                      unsigned self_test_timer)
{
    char version[RIG_IMAGE_VERSION_TEXT_BYTES], line[64];

    sim_chip_application_starts(chip);
    if (!running->has_image || !running->intact) {
        sim_chip_line(chip, "app: hard fault");
        sim_chip_crash(chip);
        return false;
    }
    sim_chip_enter(chip, SIM_BOARD_RUNNING);
    rig_image_version_format(&running->version, version);
    snprintf(line, sizeof line, "app: version %s", version);
    sim_chip_line(chip, line);
    sim_chip_advertise(chip, &(struct sim_ble_advertiser){0});
    sim_chip_line(chip, "app: advertising");
    if (running->personality.behaviour != SIM_APP_NEVER_CONFIRMS)
        sim_chip_set_timer(chip, self_test_timer, sim_chip_now_us(chip) + running->personality.self_test_us);
    return true;
}

/* --- bonds --- */

static const uint8_t bond_mark[16] = "bonds of the app";

static bool has_mark(const struct sim_flash *flash, uint32_t at)
{
    uint8_t there[sizeof bond_mark];

    return sim_flash_read(flash, SIM_FLASH_INTERNAL, at, there, sizeof there) == SIM_OK &&
           memcmp(there, bond_mark, sizeof there) == 0;
}

void sim_nordic_load_bonds(struct sim_chip *chip, uint32_t bootloader_at, uint32_t page_bytes)
{
    const uint32_t at = bootloader_at - SIM_NORDIC_BOND_PAGES * page_bytes;

    if (has_mark(chip->flash, at))
        sim_chip_drop_bonds_not_stored(chip);
    else
        sim_chip_forget_bonds(chip);
}

void sim_nordic_store_bonds(struct sim_chip *chip, const struct sim_nordic_bank_0 *application,
                            uint32_t bootloader_at, uint32_t page_bytes)
{
    const uint32_t at = bootloader_at - SIM_NORDIC_BOND_PAGES * page_bytes;

    if ((uint64_t)application->at + application->n_bytes > at)
        return;
    if (!has_mark(chip->flash, at) &&
        (sim_flash_erase(chip->flash, SIM_FLASH_INTERNAL, at, page_bytes) != SIM_OK ||
         sim_flash_write(chip->flash, SIM_FLASH_INTERNAL, at, bond_mark, sizeof bond_mark) != SIM_OK))
        return;
    sim_chip_bonds_are_stored(chip);
}

/* Of ble_gap_enc_info_t [SRC nRF5 SDK 17 components/softdevice/s140/headers/ble_gap.h]. */
#define KEY_IS_SECURE 0x01u
#define KEY_IS_AUTHENTICATED 0x02u
#define KEY_BYTES_SHIFT 2
#define ADDRESS_TYPE_SHIFT 1 /* of ble_gap_addr_t: the lowest bit says that it was resolved */

/* The system attributes of a SoftDevice as far as they matter: attribute, length, value, CRC-16. */
#define SERVICE_CHANGED_CCC 0x000du

static uint16_t crc16(const uint8_t *bytes, size_t n_bytes)
{
    uint16_t crc = 0xffff;

    for (size_t i = 0; i < n_bytes; i++) {
        crc = (uint16_t)(crc >> 8 | crc << 8);
        crc = (uint16_t)(crc ^ bytes[i]);
        crc = (uint16_t)(crc ^ (crc & 0xff) >> 4);
        crc = (uint16_t)(crc ^ crc << 12);
        crc = (uint16_t)(crc ^ (crc & 0xff) << 5);
    }
    return crc;
}

static void put_attributes(bool wants_changes, uint8_t bytes[8])
{
    rig_put_le16(bytes, SERVICE_CHANGED_CCC);
    rig_put_le16(bytes + 2, 2);
    rig_put_le16(bytes + 4, wants_changes ? 2 : 0);
    rig_put_le16(bytes + 6, crc16(bytes, 6));
}

static bool wants_changes(const uint8_t bytes[8])
{
    return rig_get_le16(bytes) == SERVICE_CHANGED_CCC && rig_get_le16(bytes + 2) == 2 &&
           rig_get_le16(bytes + 6) == crc16(bytes, 6) && rig_get_le16(bytes + 4) & 2;
}

static void reverse(uint8_t *to, const uint8_t *from, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++)
        to[i] = from[n_bytes - 1 - i];
}

bool sim_nordic_take_peer(const struct sim_chip *chip, struct rig_nordic_peer *peer)
{
    const struct sim_bond *bond = sim_chip_bond(chip);

    if (!bond)
        return false;
    memset(peer, 0, sizeof *peer);
    memcpy(peer->irk, bond->irk, sizeof peer->irk);
    peer->address_type = (uint8_t)(bond->address_type << ADDRESS_TYPE_SHIFT);
    reverse(peer->address, bond->address, sizeof peer->address);
    memcpy(peer->ltk, bond->ltk, sizeof peer->ltk);
    peer->key_flags =
        (uint8_t)((bond->secure ? KEY_IS_SECURE : 0) | (bond->authenticated ? KEY_IS_AUTHENTICATED : 0) |
                  (unsigned)bond->key_bytes << KEY_BYTES_SHIFT);
    peer->ediv = bond->ediv;
    memcpy(peer->random, bond->rand, sizeof peer->random);
    put_attributes(bond->wants_changes, peer->system_attributes);
    return true;
}

void sim_nordic_advertiser_for(const struct rig_nordic_peer *peer, struct sim_ble_advertiser *advertiser)
{
    struct sim_bond *bond = &advertiser->handed;

    advertiser->without_bonds = advertiser->has_handed_bond = true;
    *bond = (struct sim_bond){.used = true,
                              .address_type = peer->address_type >> ADDRESS_TYPE_SHIFT,
                              .secure = peer->key_flags & KEY_IS_SECURE,
                              .authenticated = peer->key_flags & KEY_IS_AUTHENTICATED,
                              .key_bytes = peer->key_flags >> KEY_BYTES_SHIFT,
                              .ediv = peer->ediv,
                              .wants_changes = wants_changes(peer->system_attributes)};
    reverse(bond->address, peer->address, sizeof bond->address);
    memcpy(bond->irk, peer->irk, sizeof bond->irk);
    memcpy(bond->ltk, peer->ltk, sizeof bond->ltk);
    memcpy(bond->rand, peer->random, sizeof bond->rand);
}
