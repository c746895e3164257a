/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MCUmgr SMP messages: header, CBOR bodies of the OS and image groups, requests and responses, both header
 * versions. Encode and decode only; no I/O; GLib-free; CBOR by libcbor. Serves the client, the simulated
 * board's server and the reports. Facts: [SRC zephyr subsys/mgmt/mcumgr,
 * doc/services/device_mgmt/smp_protocol.rst]; marked [obs] in the reference sheet: captured. */
#ifndef RIG_PROTOCOL_SMP_SMP_H
#define RIG_PROTOCOL_SMP_SMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RIG_SMP_HEADER_BYTES 8u
#define RIG_SMP_MAX_MESSAGE_BYTES 4096u
/* Over Bluetooth LE. [SRC zephyr doc/services/device_mgmt/smp_transport.rst] */
#define RIG_SMP_SERVICE_UUID "8d53dc1d-1db7-4cd3-868b-8a527460aa84"
#define RIG_SMP_CHARACTERISTIC_UUID "da2e7828-fbce-4e01-ae9e-261174997c48"

enum rig_smp_op { RIG_SMP_READ, RIG_SMP_READ_RSP, RIG_SMP_WRITE, RIG_SMP_WRITE_RSP };
enum rig_smp_group { RIG_SMP_GROUP_OS = 0, RIG_SMP_GROUP_IMAGE = 1 };
enum rig_smp_os_command {
    RIG_SMP_OS_ECHO = 0,
    RIG_SMP_OS_RESET = 5,
    RIG_SMP_OS_PARAMETERS = 6,
    RIG_SMP_OS_INFO = 7,
    RIG_SMP_OS_BOOTLOADER = 8
};
enum rig_smp_image_command {
    RIG_SMP_IMAGE_STATE = 0,
    RIG_SMP_IMAGE_UPLOAD = 1,
    RIG_SMP_IMAGE_ERASE = 5,
    RIG_SMP_IMAGE_SLOT_INFO = 6
};

enum rig_smp_rc { /* generic table */
                  RIG_SMP_RC_OK = 0,
                  RIG_SMP_RC_UNKNOWN,
                  RIG_SMP_RC_NO_MEMORY,
                  RIG_SMP_RC_INVALID,
                  RIG_SMP_RC_TIMEOUT,
                  RIG_SMP_RC_NO_ENTRY,
                  RIG_SMP_RC_BAD_STATE,
                  RIG_SMP_RC_TOO_LARGE,
                  RIG_SMP_RC_NOT_SUPPORTED,
                  RIG_SMP_RC_CORRUPT,
                  RIG_SMP_RC_BUSY,
                  RIG_SMP_RC_DENIED,
                  RIG_SMP_RC_TOO_OLD,
                  RIG_SMP_RC_TOO_NEW,
};
enum rig_smp_image_rc { /* image group table: the ones used by name; all numbers have a text */
                        RIG_SMP_IMAGE_RC_OK = 0,
                        RIG_SMP_IMAGE_RC_UNKNOWN = 1,
                        RIG_SMP_IMAGE_RC_HASH_NOT_FOUND = 8,
                        RIG_SMP_IMAGE_RC_NO_FREE_SLOT = 9,
                        RIG_SMP_IMAGE_RC_FLASH_WRITE = 12,
                        RIG_SMP_IMAGE_RC_BAD_SLOT = 14,
                        RIG_SMP_IMAGE_RC_NO_OFF = 20,
                        RIG_SMP_IMAGE_RC_NO_LEN = 21,
                        RIG_SMP_IMAGE_RC_SHORT_HEADER = 22,
                        RIG_SMP_IMAGE_RC_BAD_MAGIC = 23,
                        RIG_SMP_IMAGE_RC_BAD_HASH = 24,
                        RIG_SMP_IMAGE_RC_OLDER = 27,
                        RIG_SMP_IMAGE_RC_PENDING = 28,
                        RIG_SMP_IMAGE_RC_TOO_LARGE = 30,
                        RIG_SMP_IMAGE_RC_OVERRUN = 31,
                        RIG_SMP_IMAGE_RC_CONFIRM_DENIED = 32,
                        RIG_SMP_IMAGE_RC_ACTIVE_DENIED = 33,
};
const char *
rig_smp_rc_text(unsigned rc); /* "invalid value"; "code 77" style for the unknown is up to the caller: NULL */
const char *rig_smp_group_rc_text(unsigned group, unsigned rc); /* NULL when unknown */

struct rig_smp_header {
    uint8_t version; /* 0 original, 1 current */
    uint8_t op;      /* enum rig_smp_op */
    uint8_t flags;
    uint16_t length; /* of the body */
    uint16_t group;
    uint8_t sequence;
    uint8_t command;
};
void rig_smp_header_encode(const struct rig_smp_header *header, uint8_t bytes[RIG_SMP_HEADER_BYTES]);
void rig_smp_header_decode(const uint8_t bytes[RIG_SMP_HEADER_BYTES], struct rig_smp_header *header);

/* --- requests; each writes a whole message (header, body) and returns its length, 0 when it does not fit ---
 */
struct rig_smp_request_id {
    uint8_t version;
    uint8_t sequence;
};
struct rig_smp_upload_chunk {
    unsigned image; /* sent in the first chunk when not 0 */
    uint32_t offset;
    uint32_t total_bytes; /* first chunk */
    const uint8_t *sha;   /* first chunk, 32 bytes or NULL */
    bool upgrade;         /* first chunk */
    const uint8_t *bytes;
    size_t n_bytes;
};
size_t rig_smp_encode_echo(struct rig_smp_request_id id, const char *text, uint8_t *into, size_t room);
size_t rig_smp_encode_parameters(struct rig_smp_request_id id, uint8_t *into, size_t room);
/* to_bootloader: boot_mode 1. */
size_t rig_smp_encode_reset(struct rig_smp_request_id id, bool force, bool to_bootloader, uint8_t *into,
                            size_t room);
size_t rig_smp_encode_image_list(struct rig_smp_request_id id, uint8_t *into, size_t room);
size_t rig_smp_encode_image_write(struct rig_smp_request_id id, const uint8_t *hash, size_t n_hash,
                                  bool confirm, uint8_t *into, size_t room); /* hash NULL: none */
size_t rig_smp_encode_upload(struct rig_smp_request_id id, const struct rig_smp_upload_chunk *chunk,
                             uint8_t *into, size_t room);
size_t rig_smp_encode_erase(struct rig_smp_request_id id, int slot, uint8_t *into,
                            size_t room); /* slot < 0: server's default */
/* How many data bytes fit a chunk so that the whole message is at most message_bytes; 0: not even one. */
size_t rig_smp_upload_room(const struct rig_smp_upload_chunk *chunk, size_t message_bytes);

/* --- responses --- */
struct rig_smp_error {
    bool failed;
    bool group_error; /* {"err": {...}}; else {"rc": n} */
    uint16_t group;
    uint32_t rc;
    char reason[64]; /* "rsn" of version 0 */
};
/* For people: "image group: an image is already pending (28)", "rc 3: invalid value". NUL-terminated, cut to
 * room. */
void rig_smp_error_text(const struct rig_smp_error *error, char *text, size_t room);

#define RIG_SMP_MAX_IMAGES 32 /* entries of a list: 16 images of two slots */
struct rig_smp_image_entry {
    unsigned image;
    unsigned slot;
    char version[32];
    uint8_t hash[64];
    size_t hash_bytes;
    bool bootable, pending, confirmed, active, permanent;
};
struct rig_smp_response {
    struct rig_smp_header header;
    struct rig_smp_error error;
    bool has_off;
    uint64_t off;
    bool has_match, match;
    bool has_echo;
    char echo[256]; /* to show: cut, and ends at a NUL; contract.h compares it whole */
    bool has_parameters;
    uint32_t buf_size, buf_count;
    bool has_images;
    struct rig_smp_image_entry images[RIG_SMP_MAX_IMAGES];
    size_t n_images;
};
enum rig_smp_status {
    RIG_SMP_OK = 0,
    RIG_SMP_SHORT,     /* fewer bytes than the header says (or than a header): wait for more */
    RIG_SMP_MALFORMED, /* not one CBOR map, types that cannot be, nesting bomb, too many images */
    RIG_SMP_NO_MEMORY,
};
/* Decodes one message; accepts definite and indefinite forms; unknown keys are skipped. Whether it is an
 * answer to some request is judged in contract.h. */
enum rig_smp_status rig_smp_decode_response(const uint8_t *bytes, size_t n_bytes,
                                            struct rig_smp_response *response);
/* What came of decoding a message, for those who look at it after that. */
struct rig_smp_decoded {
    enum rig_smp_status status;
    struct rig_smp_response response;
};

/* One line for people about any SMP message, request or response: "write image upload off=4096 data=220 B seq
 * 17" or "rsp image upload off=4316". Never fails; says what is wrong with a malformed one ("length 26112 >
 * 12 bytes present"). NUL-terminated, cut to room. decoded: of a response, by rig_smp_decode_response();
 * NULL: it is decoded here. */
void rig_smp_describe(const uint8_t *bytes, size_t n_bytes, const struct rig_smp_decoded *decoded, char *text,
                      size_t room);
/* What kind of message it is, from its header alone: "write image state". */
void rig_smp_describe_kind(const struct rig_smp_header *header, char *text, size_t room);

#endif
