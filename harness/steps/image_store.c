/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From an image plan to the bytes of a file. */
#include "steps/image_store.h"

#include "base/error.h"
#include "image/build.h"
#include "image/judge.h"
#include "package/package.h"
#include "steps/package_image.h"

#include <string.h>

#define MAX_FILE_BYTES (32u * 1024 * 1024)

struct rig_image_store {
    GHashTable *built; /* key text -> struct rig_built_image */
    struct rig_key *keys[RIG_KEY_N_KINDS][2];
    struct rig_encrypt_key *encryption_keys[RIG_ENCRYPT_N_KINDS][2][2]; /* by kind, AES-256, stranger */
};

static void built_free(gpointer item)
{
    struct rig_built_image *built = item;

    g_free(built->name);
    g_free(built->version_text);
    for (guint i = 0; i < built->n_parts; i++) {
        g_bytes_unref(built->parts[i].init_packet);
        g_bytes_unref(built->parts[i].bytes);
    }
    g_clear_pointer(&built->file, g_bytes_unref);
    g_clear_pointer(&built->clear, g_bytes_unref);
    g_free(built);
}

struct rig_image_store *rig_image_store_new(void)
{
    struct rig_image_store *store = g_new0(struct rig_image_store, 1);

    store->built = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, built_free);
    return store;
}

void rig_image_store_free(struct rig_image_store *store)
{
    if (!store)
        return;
    g_hash_table_unref(store->built);
    for (guint kind = 0; kind < RIG_KEY_N_KINDS; kind++)
        for (guint i = 0; i < 2; i++)
            rig_key_free(store->keys[kind][i]);
    for (guint kind = 0; kind < RIG_ENCRYPT_N_KINDS; kind++)
        for (guint i = 0; i < 4; i++)
            rig_encrypt_key_free(store->encryption_keys[kind][i / 2][i % 2]);
    g_free(store);
}

/* Whatever is demanded of applications: a secure bootloader of Nordic's wants all else signed, and legacy
 * packages of version 0.8 are those with a signature. */
static bool needs_signature(const struct rig_image_spec *spec, const struct rig_board *board)
{
    bool secure = board->layout.family == RIG_BOOTLOADER_NORDIC_SECURE;

    return board->layout.signing_needed || (spec->package && g_str_equal(spec->package, "0.8")) ||
           (secure && spec->type && !g_str_equal(spec->type, "application"));
}

struct signer {
    const struct rig_key *key; /* NULL: it is not signed */
    struct rig_signed_how how;
};

static const struct rig_key *key_for(struct rig_image_store *store, const struct rig_image_spec *spec,
                                     const struct rig_board *board, struct rig_signed_how *how,
                                     GError **error)
{
    guint stranger = g_str_equal(spec->key, "stranger");
    enum rig_key_kind kind;
    const char *why = NULL;

    if (!rig_layout_signs(&board->layout, spec->sign, &kind, how) &&
        !(g_str_equal(spec->sign, "target") && needs_signature(spec, board)))
        return NULL;
    if (spec->key_in_image)
        how->key_in_image = *spec->key_in_image;
    if (board->key && !stranger && kind == rig_key_kind(board->key)) {
        if (!rig_key_is_private(board->key) && !spec->file)
            g_set_error_literal(
                error, RIG_ERROR, RIG_ERROR_INPUT,
                "the key of the target has no private part, so that no image can be signed for it: "
                "take images from files, or say 'sign: none'");
        return board->key;
    }
    if (!store->keys[kind][stranger] && !(store->keys[kind][stranger] = rig_key_test(kind, stranger, &why)))
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot make the %s test key: %s",
                    rig_key_kind_name(kind), why);
    return store->keys[kind][stranger];
}

/* What an image is encrypted with; on a board that decrypts none in a way that it does not know. */
struct encryption {
    const struct rig_encrypt_key *key; /* NULL: it is not encrypted */
    enum rig_encrypt_kind kind;
    guint aes_bits;
    guint8 seed[RIG_ENCRYPT_SEED_BYTES];
};

static bool choose_encryption(struct rig_image_store *store, const struct rig_image_spec *spec,
                              const struct rig_board *board, struct encryption *encryption, GError **error)
{
    const struct rig_layout *layout = &board->layout;
    guint stranger = g_str_equal(spec->encryption_key, "stranger");
    struct rig_encrypt_key **kept;
    const char *why = NULL;

    *encryption = (struct encryption){.kind = layout->encryption, .aes_bits = layout->aes_bits};
    if (spec->encrypt ? !*spec->encrypt : layout->encryption == RIG_ENCRYPT_NONE)
        return true;
    if (layout->encryption == RIG_ENCRYPT_NONE)
        encryption->kind = RIG_ENCRYPT_ECIES_P256;
    if (board->encryption_key && !stranger &&
        rig_encrypt_key_fits(board->encryption_key, encryption->kind, encryption->aes_bits)) {
        encryption->key = board->encryption_key;
        return true;
    }
    kept = &store->encryption_keys[encryption->kind][encryption->aes_bits == 256][stranger];
    if (!*kept)
        *kept = rig_encrypt_key_test(encryption->kind, encryption->aes_bits, stranger, &why);
    if (!*kept)
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot make the %s test encryption key: %s",
                    rig_encrypt_kind_name(encryption->kind), why);
    encryption->key = *kept;
    return *kept != NULL;
}

/* Without a seed the images of all scenarios differ. */
static guint64 payload_seed(const struct rig_case *the_case, const char *name, const char *seed)
{
    g_autofree char *text =
        seed ? g_strdup_printf("seed/%s", seed) : g_strdup_printf("%s/%s/", the_case->scenario->name, name);
    g_autoptr(GChecksum) digest = g_checksum_new(G_CHECKSUM_SHA256);
    guint8 bytes[32];
    gsize n_bytes = sizeof bytes;
    guint64 value;

    g_checksum_update(digest, (const guchar *)text, -1);
    g_checksum_get_digest(digest, bytes, &n_bytes);
    memcpy(&value, bytes, sizeof value);
    return value;
}

static GBytes *make_payload(const struct rig_case *the_case, const char *name,
                            const struct rig_image_spec *spec, const struct rig_board *board, gsize n_bytes,
                            GError **error)
{
    struct rig_payload_plan payload_plan = {
        .behaviour = spec->behaviour->text,
        .self_test_us = spec->self_test_us,
        .watchdog_us = spec->watchdog_us,
        .seed = payload_seed(the_case, name, spec->seed),
    };
    GBytes *payload;

    /* A version that has no such number is told where the package is made. */
    if (!rig_package_version_number(&spec->version, &payload_plan.fw_version) || spec->fw_version)
        payload_plan.fw_version = spec->fw_version ? *spec->fw_version : 0;
    payload = board->application->make_payload(board, &payload_plan, n_bytes, error);

    if (!payload)
        g_prefix_error(error, "image '%s': ", name);
    return payload;
}

/* Arrays that a recipe borrows. */
struct recipe_parts {
    GArray *dependencies;
    GArray *custom;
};

static void collect_parts(const struct rig_image_spec *spec, struct recipe_parts *parts)
{
    parts->dependencies = g_array_new(FALSE, TRUE, sizeof(struct rig_image_dependency));
    parts->custom = g_array_new(FALSE, TRUE, sizeof(struct rig_image_custom_tlv));
    for (guint i = 0; spec->dependencies && spec->dependencies[i]; i++) {
        struct rig_image_dependency dependency = {.image = spec->dependencies[i]->image,
                                                  .minimum = spec->dependencies[i]->version};

        g_array_append_val(parts->dependencies, dependency);
    }
    for (guint i = 0; spec->custom_tlvs && spec->custom_tlvs[i]; i++) {
        gsize n_bytes;
        const guint8 *bytes = g_bytes_get_data(spec->custom_tlvs[i]->bytes, &n_bytes);
        struct rig_image_custom_tlv tlv = {spec->custom_tlvs[i]->type, bytes, (guint16)n_bytes};

        g_array_append_val(parts->custom, tlv);
    }
}

static bool damage(const struct rig_image_spec *spec, const char *name, struct rig_bytes *bytes,
                   GError **error)
{
    for (guint i = 0; spec->damages && spec->damages[i]; i++) {
        const struct rig_damage_spec *damage = spec->damages[i];
        enum rig_image_damage kind;
        enum rig_image_status status;

        if (!rig_image_damage_from_name(damage->kind, &kind)) {
            g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                        "image '%s': '%s' is a damage of packages for Nordic's bootloaders", name,
                        damage->kind);
            return false;
        }
        status = rig_image_damage(bytes, kind, damage->at ? *damage->at : G_MAXUINT32);
        if (status != RIG_IMAGE_OK) {
            g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "image '%s' cannot be damaged by '%s': %s", name,
                        damage->kind, rig_image_status_text(status));
            return false;
        }
    }
    return true;
}

static bool is_padded(const struct rig_image_spec *spec)
{
    return spec->pad || spec->confirmed;
}

/* Where a padded image of this plan goes: the secondary slot of its image. false: it is not padded, or the
 * board has no such slot. */
static bool pad_slot(const struct rig_image_spec *spec, const struct rig_board *board, struct rig_slot *slot)
{
    return is_padded(spec) && board->probe &&
           rig_layout_slot(board->probe->layout, 2 * spec->index + 1, slot);
}

/* false: the board does not say how large the slot is. */
static bool pad(const struct rig_image_spec *spec, const struct rig_board *board,
                struct rig_image_recipe *recipe)
{
    struct rig_slot slot;

    if (!pad_slot(spec, board, &slot))
        return !is_padded(spec);
    recipe->pad_to_bytes = slot.n_bytes - slot.image_offset;
    recipe->confirm = spec->confirmed;
    recipe->max_align = (guint8)slot.geometry.max_align;
    recipe->erased = slot.geometry.erased;
    return true;
}

/* Where the header says that the image runs; false: no such slot. */
static bool place(const struct rig_image_spec *spec, const struct rig_board *board,
                  struct rig_image_recipe *recipe)
{
    const struct rig_layout *layout = &board->layout;
    bool ram = spec->ram_load ? *spec->ram_load : spec->load_address || rig_swap_mode_loads_ram(layout->mode);

    if (spec->built_for) {
        if (*spec->built_for >= layout->n_slots)
            return false;
        recipe->flags |= RIG_IMAGE_FLAG_ROM_FIXED;
        recipe->load_address = layout->slots[*spec->built_for].device_offset;
    } else if (ram) {
        recipe->flags |= RIG_IMAGE_FLAG_RAM_LOAD;
        recipe->load_address = spec->load_address ? *spec->load_address : layout->ram_start;
    }
    return true;
}

static bool make_bytes(const struct rig_case *the_case, const char *name, const struct rig_image_spec *spec,
                       const struct rig_board *board, const struct signer *signer,
                       const struct encryption *encryption, bool clear, struct rig_bytes *bytes,
                       GError **error)
{
    g_autoptr(GBytes) payload = make_payload(the_case, name, spec, board, spec->payload_bytes, error);
    const guint32 *counter = spec->security_counter;
    struct recipe_parts parts;
    struct rig_image_recipe recipe = {
        .version = spec->version,
        .header_bytes = spec->header_bytes ? *spec->header_bytes : board->header_bytes,
        .key = signer->key,
        .how = signer->how,
        .has_security_counter = counter || board->demands.counter,
        .security_counter = counter ? *counter : board->demands.least_counter,
        .erased = 0xff,
        .encrypt_to = encryption->key,
        .aes_bits = encryption->aes_bits,
        .hmac_sha512 = encryption->kind == RIG_ENCRYPT_ECIES_X25519_SHA512,
        .encrypt_seed = encryption->seed,
        .clear = clear,
    };
    enum rig_image_status status;

    if (!payload)
        return false;
    if (!place(spec, board, &recipe)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                    "image '%s' is built for slot %u of a board that "
                    "has none",
                    name, *spec->built_for);
        return false;
    }
    recipe.payload = g_bytes_get_data(payload, &recipe.payload_bytes);
    collect_parts(spec, &parts);
    recipe.dependencies = (const struct rig_image_dependency *)(gpointer)parts.dependencies->data;
    recipe.n_dependencies = parts.dependencies->len;
    recipe.custom = (const struct rig_image_custom_tlv *)(gpointer)parts.custom->data;
    recipe.n_custom = parts.custom->len;
    status = pad(spec, board, &recipe) ? rig_image_build(&recipe, bytes) : RIG_IMAGE_UNSUPPORTED;
    g_array_unref(parts.dependencies);
    g_array_unref(parts.custom);
    if (status == RIG_IMAGE_UNSUPPORTED)
        g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                    "image '%s' cannot be padded: this board does not say how large the slot is", name);
    else if (status != RIG_IMAGE_OK)
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "image '%s' cannot be built: %s", name,
                    rig_image_status_text(status));
    return status == RIG_IMAGE_OK;
}

static GBytes *read_file(const struct rig_case *the_case, const char *name, const char *path, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(the_case->scenario->source->path);
    g_autofree char *full = g_path_is_absolute(path) ? g_strdup(path) : g_build_filename(folder, path, NULL);
    g_autoptr(GMappedFile) file = NULL;
    GError *cause = NULL;

    if (g_file_test(full, G_FILE_TEST_IS_DIR)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "image '%s': '%s' is a directory", name, full);
        return NULL;
    }
    file = g_mapped_file_new(full, FALSE, &cause);
    if (!file) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "image '%s': %s", name, cause->message);
        g_error_free(cause);
        return NULL;
    }
    if (g_mapped_file_get_length(file) == 0 || g_mapped_file_get_length(file) > MAX_FILE_BYTES) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "image '%s': '%s' is empty or larger than 32 MiB",
                    name, full);
        return NULL;
    }
    return g_bytes_new(g_mapped_file_get_contents(file), g_mapped_file_get_length(file));
}

static void no_application(const char *name, GError **error)
{
    g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                "image '%s': this board needs an image from a file: add 'file: PATH'", name);
}

/* The file with the damages of the plan; takes it. */
static GBytes *damage_file(const struct rig_image_spec *spec, const char *name, GBytes *file, GError **error)
{
    g_autoptr(GBytes) taken = file;
    struct rig_bytes bytes = {.n_bytes = g_bytes_get_size(file)};
    GBytes *damaged = NULL;

    if (!spec->damages)
        return g_steal_pointer(&taken);
    bytes.bytes = g_memdup2(g_bytes_get_data(file, NULL), bytes.n_bytes); /* GLib's memory is malloc's */
    if (damage(spec, name, &bytes, error))
        damaged = g_bytes_new(bytes.bytes, bytes.n_bytes);
    rig_bytes_clear(&bytes);
    return damaged;
}

static void identify(struct rig_built_image *built, const struct rig_image_spec *spec)
{
    gsize n_bytes;
    struct rig_memory_image memory = {.bytes = g_bytes_get_data(built->file, &n_bytes)};
    struct rig_image_source source;
    struct rig_image_layout layout;
    g_autoptr(GChecksum) digest = g_checksum_new(G_CHECKSUM_SHA256);
    gsize n_sha = sizeof built->sha;
    char text[RIG_IMAGE_VERSION_TEXT_BYTES];

    memory.n_bytes = n_bytes;
    source = rig_image_source_from_memory(&memory);
    built->version = spec->version;
    if (rig_image_read_layout(&source, G_MAXUINT32, &layout) == RIG_IMAGE_OK) {
        if (spec->file)
            built->version = layout.header.version;
        built->has_hash = rig_image_stored_hash(&source, &layout, built->hash) == RIG_IMAGE_OK ||
                          rig_image_compute_hash(&source, &layout, built->hash) == RIG_IMAGE_OK;
        built->n_smp_hash = rig_image_stored_hash_of_any(&source, &layout, NULL, built->smp_hash);
        if (built->n_smp_hash == 0 && built->has_hash) {
            built->n_smp_hash = sizeof built->hash;
            memcpy(built->smp_hash, built->hash, sizeof built->hash);
        }
    }
    rig_image_version_format(&built->version, text);
    built->version_text = g_strdup(text);
    g_checksum_update(digest, memory.bytes, (gssize)n_bytes);
    g_checksum_get_digest(digest, built->sha, &n_sha);
}

/* Bytes of the file, or of the payload where the plan needs one. false + error: there are none. */
static bool package_payload(const struct rig_case *the_case, struct rig_package_order *order, GError **error)
{
    const struct rig_image_spec *spec = order->spec;

    order->payload = NULL;
    if (spec->file)
        return (order->payload = read_file(the_case, order->name, spec->file, error)) != NULL;
    if (spec->type && !g_str_equal(spec->type, "application") && !g_str_equal(spec->type, "all"))
        return true;
    if (!order->board->application) {
        no_application(order->name, error);
        return false;
    }
    order->payload = make_payload(the_case, order->name, spec, order->board, spec->payload_bytes, error);
    return order->payload != NULL;
}

static bool build_package(struct rig_image_store *store, const struct rig_case *the_case,
                          const struct rig_image_spec *spec, const struct rig_board *board,
                          struct rig_built_image *built, GError **error)
{
    GError *cause = NULL;
    struct rig_signed_how how;
    struct rig_package_order order = {
        .name = built->name,
        .spec = spec,
        .board = board,
        .key = key_for(store, spec, board, &how, &cause),
        .seed = payload_seed(the_case, built->name, spec->seed),
    };

    if (cause || !package_payload(the_case, &order, &cause) ||
        !rig_package_image_build(&order, built, &cause))
        g_propagate_error(error, cause);
    g_clear_pointer(&order.payload, g_bytes_unref);
    return cause == NULL;
}

static GBytes *take_bytes(struct rig_bytes *bytes)
{
    GBytes *taken = g_bytes_new(bytes->bytes, bytes->n_bytes);

    rig_bytes_clear(bytes);
    return taken;
}

static GBytes *make_file(const struct rig_case *the_case, const struct rig_image_spec *spec,
                         const struct rig_board *board, const struct signer *signer,
                         const struct encryption *encryption, bool clear, const char *name, GError **error)
{
    struct rig_bytes bytes = {0};

    if (make_bytes(the_case, name, spec, board, signer, encryption, clear, &bytes, error) &&
        damage(spec, name, &bytes, error))
        return take_bytes(&bytes);
    rig_bytes_clear(&bytes);
    return NULL;
}

/* The image of a file as the board's bootloader decrypts it; the file itself where it is plain already, or is
 * not for this board. */
static GBytes *decrypt_file(GBytes *file, const struct rig_board *board)
{
    const struct rig_layout *layout = &board->layout;
    gsize n_bytes;
    struct rig_memory_image memory = {.bytes = g_bytes_get_data(file, &n_bytes)};
    struct rig_decrypted_image decrypted = {.ctr = NULL};
    struct rig_image_source source = rig_encrypt_decrypting_source(&decrypted);
    const struct rig_image_policy policy = {
        .check_hash = true, .decrypted = true, .max_image_bytes = G_MAXUINT32};
    struct rig_image_layout image;
    guint8 image_key[RIG_IMAGE_KEY_MAX_BYTES];
    GBytes *clear = NULL;

    memory.n_bytes = n_bytes;
    decrypted.inner = rig_image_source_from_memory(&memory);
    source.n_bytes = decrypted.inner.n_bytes;
    if (!board->encryption_key || !rig_encrypt_key_is_private(board->encryption_key) ||
        rig_image_read_layout(&decrypted.inner, G_MAXUINT32, &image) != RIG_IMAGE_OK ||
        rig_encrypt_bits_of_flags(image.header.flags) != layout->aes_bits ||
        rig_encrypt_image_key(&decrypted.inner, &image, layout->encryption, board->encryption_key,
                              layout->aes_bits, image_key) != RIG_IMAGE_OK)
        return g_bytes_ref(file);
    decrypted.header = image.header;
    decrypted.ctr = rig_ctr_new(image_key, layout->aes_bits);
    if (decrypted.ctr && rig_image_verify(&source, &policy, &image) == RIG_IMAGE_OK) {
        guint8 *bytes = g_malloc(n_bytes);

        if (source.read(source.user, 0, bytes, n_bytes))
            clear = g_bytes_new_take(bytes, n_bytes);
        else
            g_free(bytes);
    }
    rig_ctr_free(decrypted.ctr);
    return clear ? clear : g_bytes_ref(file);
}

static bool build_own(struct rig_image_store *store, const struct rig_case *the_case,
                      const struct rig_image_spec *spec, const struct rig_board *board,
                      struct rig_built_image *built, GError **error)
{
    GError *cause = NULL;
    struct signer signer = {0};
    struct encryption encryption;
    guint64 seed = payload_seed(the_case, built->name, spec->seed);

    signer.key = key_for(store, spec, board, &signer.how, &cause);
    if (!signer.key)
        signer.how = (struct rig_signed_how){0};
    if (!cause && choose_encryption(store, spec, board, &encryption, &cause)) {
        rig_image_fill_payload(seed, encryption.seed, sizeof encryption.seed);
        built->file = make_file(the_case, spec, board, &signer, &encryption, false, built->name, &cause);
    }
    if (built->file)
        built->clear = encryption.key
                           ? make_file(the_case, spec, board, &signer, &encryption, true, built->name, &cause)
                           : g_bytes_ref(built->file);
    if (cause)
        g_propagate_error(error, cause);
    return built->clear != NULL;
}

static bool build_image(struct rig_image_store *store, const struct rig_case *the_case,
                        const struct rig_image_spec *spec, const struct rig_board *board,
                        struct rig_built_image *built, GError **error)
{
    if (spec->file) {
        built->file = read_file(the_case, built->name, spec->file, error);
        if (!built->file || !(built->file = damage_file(spec, built->name, built->file, error)))
            return false;
        built->clear = decrypt_file(built->file, board);
    } else if (!board->application) {
        no_application(built->name, error);
        return false;
    } else if (!build_own(store, the_case, spec, board, built, error)) {
        return false;
    }
    built->index = spec->index;
    identify(built, spec);
    return true;
}

static struct rig_built_image *build(struct rig_image_store *store, const struct rig_case *the_case,
                                     const char *name, const struct rig_image_spec *spec,
                                     const struct rig_board *board, GError **error)
{
    const char *foreign = rig_package_image_foreign(spec, board);
    struct rig_built_image *built;

    if (foreign) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                    "image '%s': '%s' has no meaning for a board with %s", name, foreign,
                    rig_bootloader_family_name(board->layout.family));
        return NULL;
    }
    built = g_new0(struct rig_built_image, 1);
    built->name = g_strdup(name);
    if (board->layout.family != RIG_BOOTLOADER_MCUBOOT
            ? build_package(store, the_case, spec, board, built, error)
            : build_image(store, the_case, spec, board, built, error)) {
        built->clear = built->clear ? built->clear : g_bytes_ref(built->file);
        return built;
    }
    built_free(built);
    return NULL;
}

static char *store_key(const struct rig_image_plan *plan, const struct rig_board *board)
{
    const struct rig_nordic_layout *nordic = &board->layout.nordic;
    struct rig_slot slot = {0};
    struct rig_image_recipe placed = {0};

    pad_slot(plan->spec, board, &slot);
    (void)place(plan->spec, board, &placed);
    return g_strdup_printf("%p/%p/%p/%d/%u/%u/%s/%d/%d/%u/%u/%u/%d/%u/%d/%u/%u/%u/%x/%x", (const void *)plan,
                           (const void *)board->key, (const void *)board->encryption_key,
                           board->layout.encryption, board->layout.aes_bits, board->header_bytes,
                           rig_signing_name(board->layout.signing, &board->layout.signed_how),
                           board->layout.signed_how.key_in_image, board->layout.signing_needed, slot.n_bytes,
                           slot.image_offset, slot.geometry.max_align, board->demands.counter,
                           board->demands.least_counter, board->layout.family, nordic->hardware_version,
                           nordic->softdevice_id, nordic->softdevice_bytes, placed.flags,
                           placed.load_address);
}

/* Only what is written: an image that bootrig made knows how it behaves. */
static bool teach(const struct rig_built_image *built, const struct rig_image_spec *spec,
                  struct rig_board *board, GError **error)
{
    const struct rig_payload_plan how = {.behaviour = spec->behaviour->text,
                                         .self_test_us = spec->self_test_us,
                                         .watchdog_us = spec->watchdog_us};

    return !built || !spec->file || !spec->behaviour->node || !built->has_hash || !board->application ||
           !board->application->teach || board->application->teach(board, built->hash, &how, error);
}

/* Cases share an image when no variable made its plan differ: the model shares the plan then. */
const struct rig_built_image *rig_image_store_get(struct rig_image_store *store,
                                                  const struct rig_case *the_case, const char *name,
                                                  struct rig_board *board, GError **error)
{
    for (guint i = 0; i < the_case->images->len; i++) {
        const struct rig_image_plan *plan = g_ptr_array_index(the_case->images, i);
        g_autofree char *key = NULL;
        struct rig_built_image *built;

        if (!g_str_equal(plan->name, name))
            continue;
        key = store_key(plan, board);
        built = g_hash_table_lookup(store->built, key);
        if (!built && (built = build(store, the_case, name, plan->spec, board, error)))
            g_hash_table_insert(store->built, g_steal_pointer(&key), built);
        return teach(built, plan->spec, board, error) ? built : NULL;
    }
    g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "there is no image '%s' in this scenario", name);
    return NULL;
}
