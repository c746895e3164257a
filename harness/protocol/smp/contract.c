/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers against their requests: tables of keys, one reader of them, and what follows from a request. */
#include "protocol/smp/contract.h"

#include "protocol/smp/cbor.h"
#include "protocol/smp/smp_server.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum value_kind {
    KIND_UINT,
    KIND_INT,
    KIND_BOOL,
    KIND_TEXT,
    KIND_BYTES,
    KIND_LIST,  /* of maps by `inside`; without: of anything */
    KIND_MAP,   /* by `inside` */
    KIND_NAMED, /* a map of any names, to maps by `inside` */
    KIND_ANY,
};

struct rule {
    const char *name; /* NULL: the end of a table */
    enum value_kind kind;
    bool required;
    const struct rule *inside;
};

static const struct rule group_error[] = {
    {"group", KIND_UINT, true, NULL}, {"rc", KIND_UINT, true, NULL}, {0}};
static const struct rule common[] = {{"rc", KIND_UINT, false, NULL},
                                     {"err", KIND_MAP, false, group_error},
                                     {"rsn", KIND_TEXT, false, NULL},
                                     {0}};

static const struct rule nothing[] = {{0}};
static const struct rule echo[] = {{"r", KIND_TEXT, true, NULL}, {0}};
static const struct rule task[] = {{"prio", KIND_INT, false, NULL},     {"tid", KIND_UINT, false, NULL},
                                   {"state", KIND_UINT, false, NULL},   {"stkuse", KIND_UINT, false, NULL},
                                   {"stksiz", KIND_UINT, false, NULL},  {"cswcnt", KIND_UINT, false, NULL},
                                   {"runtime", KIND_UINT, false, NULL}, {0}};
static const struct rule tasks[] = {{"tasks", KIND_NAMED, true, task}, {0}};
static const struct rule datetime[] = {{"datetime", KIND_TEXT, true, NULL}, {0}};
static const struct rule parameters[] = {
    {"buf_size", KIND_UINT, true, NULL}, {"buf_count", KIND_UINT, true, NULL}, {0}};
static const struct rule facts[] = {{"output", KIND_TEXT, true, NULL}, {0}};
static const struct rule bootloader[] = {{"bootloader", KIND_TEXT, false, NULL},
                                         {"mode", KIND_INT, false, NULL},
                                         {"no-downgrade", KIND_BOOL, false, NULL},
                                         {0}};
static const struct rule image_entry[] = {
    {"image", KIND_UINT, false, NULL},     {"slot", KIND_UINT, true, NULL},
    {"version", KIND_TEXT, true, NULL},    {"hash", KIND_BYTES, false, NULL},
    {"bootable", KIND_BOOL, false, NULL},  {"pending", KIND_BOOL, false, NULL},
    {"confirmed", KIND_BOOL, false, NULL}, {"active", KIND_BOOL, false, NULL},
    {"permanent", KIND_BOOL, false, NULL}, {0}};
static const struct rule image_state[] = {
    {"images", KIND_LIST, true, image_entry}, {"splitStatus", KIND_INT, false, NULL}, {0}};
static const struct rule upload[] = {{"off", KIND_UINT, true, NULL}, {"match", KIND_BOOL, false, NULL}, {0}};
static const struct rule slot_size[] = {{"slot", KIND_UINT, true, NULL},
                                        {"size", KIND_UINT, false, NULL},
                                        {"upload_image_id", KIND_UINT, false, NULL},
                                        {0}};
static const struct rule slots_of_image[] = {{"image", KIND_UINT, true, NULL},
                                             {"slots", KIND_LIST, true, slot_size},
                                             {"max_image_size", KIND_UINT, false, NULL},
                                             {0}};
static const struct rule slot_info[] = {{"images", KIND_LIST, true, slots_of_image}, {0}};
static const struct rule statistics[] = {
    {"name", KIND_TEXT, true, NULL}, {"fields", KIND_MAP, true, nothing}, {0}};
static const struct rule statistic_list[] = {{"stat_list", KIND_LIST, true, NULL}, {0}};
static const struct rule setting[] = {{"val", KIND_BYTES, true, NULL}, {0}};
static const struct rule file_piece[] = {
    {"off", KIND_UINT, true, NULL}, {"data", KIND_BYTES, true, NULL}, {"len", KIND_UINT, false, NULL}, {0}};
static const struct rule file_offset[] = {{"off", KIND_UINT, true, NULL}, {0}};
static const struct rule file_status[] = {{"len", KIND_UINT, true, NULL}, {0}};
static const struct rule file_hash[] = {
    {"type", KIND_TEXT, true, NULL}, {"len", KIND_UINT, true, NULL}, {"output", KIND_ANY, true, NULL}, {0}};
static const struct rule file_hash_types[] = {{"types", KIND_NAMED, true, nothing}, {0}};
static const struct rule shell[] = {{"o", KIND_TEXT, true, NULL}, {"ret", KIND_INT, true, NULL}, {0}};
static const struct rule group_count[] = {{"count", KIND_UINT, true, NULL}, {0}};
static const struct rule group_list[] = {{"groups", KIND_LIST, true, NULL}, {0}};
static const struct rule one_group[] = {
    {"group", KIND_UINT, true, NULL}, {"end", KIND_BOOL, false, NULL}, {0}};

#define READ RIG_SMP_READ
#define WRITE RIG_SMP_WRITE
static const struct contract {
    uint16_t group;
    uint8_t command;
    uint8_t op;
    const struct rule *rules;
} contracts[] = {
    {RIG_SMP_GROUP_OS, RIG_SMP_OS_ECHO, READ, echo},
    {RIG_SMP_GROUP_OS, RIG_SMP_OS_ECHO, WRITE, echo},
    {RIG_SMP_GROUP_OS, 2, READ, tasks},
    {RIG_SMP_GROUP_OS, 4, READ, datetime},
    {RIG_SMP_GROUP_OS, RIG_SMP_OS_PARAMETERS, READ, parameters},
    {RIG_SMP_GROUP_OS, RIG_SMP_OS_INFO, READ, facts},
    {RIG_SMP_GROUP_OS, RIG_SMP_OS_BOOTLOADER, READ, bootloader},
    {RIG_SMP_GROUP_IMAGE, RIG_SMP_IMAGE_STATE, READ, image_state},
    {RIG_SMP_GROUP_IMAGE, RIG_SMP_IMAGE_STATE, WRITE, image_state},
    {RIG_SMP_GROUP_IMAGE, RIG_SMP_IMAGE_UPLOAD, WRITE, upload},
    {RIG_SMP_GROUP_IMAGE, RIG_SMP_IMAGE_SLOT_INFO, READ, slot_info},
    {2, 0, READ, statistics},
    {2, 1, READ, statistic_list},
    {3, 0, READ, setting},
    {8, 0, READ, file_piece},
    {8, 0, WRITE, file_offset},
    {8, 1, READ, file_status},
    {8, 2, READ, file_hash},
    {8, 3, READ, file_hash_types},
    {9, 0, WRITE, shell},
    {10, 0, READ, group_count},
    {10, 1, READ, group_list},
    {10, 2, READ, one_group},
    {10, 3, READ, group_list},
};

struct judge {
    const uint8_t *request, *answer;
    size_t n_request, n_answer;
    struct rig_smp_header asked, got;
    const struct rig_smp_response *response;
    char *why;
    size_t room;
};

static bool broken(const struct judge *judge, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool broken(const struct judge *judge, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(judge->why, judge->room, format, arguments);
    va_end(arguments);
    return false;
}

/* A server answers an op that it does not know as if it were a write. */
static bool op_answers(uint8_t asked, uint8_t got)
{
    if (asked == RIG_SMP_READ || asked == RIG_SMP_WRITE)
        return got == asked + 1;
    return got == RIG_SMP_READ_RSP || got == RIG_SMP_WRITE_RSP;
}

static bool header_keeps(const struct judge *judge)
{
    const struct rig_smp_header *asked = &judge->asked, *got = &judge->got;
    unsigned newest = asked->version > 1 ? 1 : asked->version;

    if (!op_answers(asked->op, got->op))
        return broken(judge, "op %u does not answer op %u", got->op, asked->op);
    if (got->group != asked->group)
        return broken(judge, "it is of group %u, asked was group %u", got->group, asked->group);
    if (got->command != asked->command)
        return broken(judge, "it is of command %u, asked was command %u", got->command, asked->command);
    if (got->sequence != asked->sequence)
        return broken(judge, "it is of sequence %u, asked was sequence %u", got->sequence, asked->sequence);
    if (got->version > newest)
        return broken(judge, "header version %u answers version %u", got->version, asked->version);
    if (judge->answer[0] >> 5 || got->flags)
        return broken(judge, "reserved bits or flags of the header are set");
    if (judge->n_answer != RIG_SMP_HEADER_BYTES + (size_t)got->length)
        return broken(judge, "its header says %u bytes of body, %zu came", got->length,
                      judge->n_answer - RIG_SMP_HEADER_BYTES);
    return true;
}

static const char *kind_text(enum value_kind kind)
{
    static const char *const texts[] = {
        [KIND_UINT] = "a number", [KIND_INT] = "an integer", [KIND_BOOL] = "true or false",
        [KIND_TEXT] = "text",     [KIND_BYTES] = "bytes",    [KIND_LIST] = "an array",
        [KIND_MAP] = "a map",     [KIND_NAMED] = "a map",    [KIND_ANY] = "anything"};

    return texts[kind];
}

static const char *item_text(const struct rig_cbor_item *item)
{
    static const char *const texts[] = {[RIG_CBOR_UINT] = "a number",
                                        [RIG_CBOR_NEGATIVE] = "a negative number",
                                        [RIG_CBOR_BYTES] = "bytes",
                                        [RIG_CBOR_TEXT] = "text",
                                        [RIG_CBOR_PIECES] = "a string in pieces",
                                        [RIG_CBOR_ARRAY] = "an array",
                                        [RIG_CBOR_MAP] = "a map",
                                        [RIG_CBOR_TAG] = "tagged",
                                        [RIG_CBOR_BOOL] = "true or false",
                                        [RIG_CBOR_OTHER] = "null or a float",
                                        [RIG_CBOR_BREAK] = "a break"};

    return texts[item->kind];
}

static bool kind_fits(enum value_kind kind, enum rig_cbor_kind seen)
{
    switch (kind) {
    case KIND_UINT:
        return seen == RIG_CBOR_UINT;
    case KIND_INT:
        return seen == RIG_CBOR_UINT || seen == RIG_CBOR_NEGATIVE;
    case KIND_BOOL:
        return seen == RIG_CBOR_BOOL;
    case KIND_TEXT:
        return seen == RIG_CBOR_TEXT;
    case KIND_BYTES:
        return seen == RIG_CBOR_BYTES;
    case KIND_LIST:
        return seen == RIG_CBOR_ARRAY;
    case KIND_MAP:
    case KIND_NAMED:
        return seen == RIG_CBOR_MAP;
    case KIND_ANY:
        return true;
    }
    return false;
}

static const struct rule *find_rule(const struct rule *rules, const struct rig_cbor_item *key)
{
    for (; rules->name; rules++) {
        if (rig_cbor_text_is(key, rules->name))
            return rules;
    }
    return NULL;
}

/* Was this key there before in its map, whose pairs begin at `pairs`? */
static bool was_there(struct rig_cbor_reader pairs, const struct rig_cbor_item *key)
{
    struct rig_cbor_item earlier, value;

    while (rig_cbor_next(&pairs, &earlier) && earlier.bytes != key->bytes) {
        if (earlier.kind == RIG_CBOR_TEXT && earlier.n_bytes == key->n_bytes &&
            memcmp(earlier.bytes, key->bytes, key->n_bytes) == 0)
            return true;
        if (!rig_cbor_next(&pairs, &value) || !rig_cbor_skip(&pairs, &value))
            return false;
    }
    return false;
}

static bool map_fits(const struct judge *judge, struct rig_cbor_reader *reader,
                     const struct rig_cbor_item *map, const struct rule *rules, const struct rule *also);

static bool elements_fit(const struct judge *judge, struct rig_cbor_reader *reader,
                         const struct rig_cbor_item *list, const struct rule *rule)
{
    struct rig_cbor_run run = rig_cbor_open(list);
    enum rig_cbor_step step;

    while ((step = rig_cbor_step(reader, &run)) == RIG_CBOR_MORE) {
        struct rig_cbor_item item;

        if (rule->kind == KIND_NAMED && (!rig_cbor_next(reader, &item) || item.kind != RIG_CBOR_TEXT))
            return broken(judge, "a key in '%s' is no text", rule->name);
        if (!rig_cbor_next(reader, &item))
            return broken(judge, "'%s' is not CBOR, or cut short", rule->name);
        if (item.kind != RIG_CBOR_MAP)
            return broken(judge, "an element of '%s' is %s, not a map", rule->name, item_text(&item));
        if (!map_fits(judge, reader, &item, rule->inside, NULL))
            return false;
    }
    return step == RIG_CBOR_END || broken(judge, "'%s' is cut short", rule->name);
}

static bool value_fits(const struct judge *judge, struct rig_cbor_reader *reader, const struct rule *rule)
{
    struct rig_cbor_item item;

    if (!rig_cbor_next(reader, &item))
        return broken(judge, "the value of '%s' is not CBOR, or cut short", rule->name);
    if (!kind_fits(rule->kind, item.kind))
        return broken(judge, "'%s' is %s, not %s", rule->name, item_text(&item), kind_text(rule->kind));
    if (rule->kind == KIND_MAP)
        return map_fits(judge, reader, &item, rule->inside, NULL);
    if (rule->kind == KIND_NAMED || (rule->kind == KIND_LIST && rule->inside))
        return elements_fit(judge, reader, &item, rule);
    return rig_cbor_skip(reader, &item) ||
           broken(judge, "the value of '%s' is not CBOR, cut short, or nested too deeply", rule->name);
}

static bool skip_unknown(const struct judge *judge, struct rig_cbor_reader *reader)
{
    struct rig_cbor_item item;

    return (rig_cbor_next(reader, &item) && rig_cbor_skip(reader, &item)) ||
           broken(judge, "the body is not a CBOR map: cut short, or nested too deeply");
}

/* Each pair of a map: keys are text, each one there once, those of the tables with the right type; all keys
 * of `rules` that are required. also: keys of any answer, for its outermost map, where an error needs no
 * other key; NULL inside. */
static bool map_fits(const struct judge *judge, struct rig_cbor_reader *reader,
                     const struct rig_cbor_item *map, const struct rule *rules, const struct rule *also)
{
    const struct rig_cbor_reader pairs = *reader;
    struct rig_cbor_run run = rig_cbor_open(map);
    enum rig_cbor_step step;
    uint32_t seen = 0;

    while ((step = rig_cbor_step(reader, &run)) == RIG_CBOR_MORE) {
        struct rig_cbor_item key;
        const struct rule *rule;

        if (!rig_cbor_next(reader, &key) || key.kind != RIG_CBOR_TEXT)
            return broken(judge, "the body is not a CBOR map with keys of text");
        if (was_there(pairs, &key))
            return broken(judge, "key '%.*s' is there twice", (int)key.n_bytes, (const char *)key.bytes);
        rule = find_rule(rules, &key);
        if (rule)
            seen |= 1u << (rule - rules);
        else if (also)
            rule = find_rule(also, &key);
        if (rule ? !value_fits(judge, reader, rule) : !skip_unknown(judge, reader))
            return false;
    }
    if (step == RIG_CBOR_BAD)
        return broken(judge, "the body is not a CBOR map: cut short");
    for (size_t i = 0; !also && rules[i].name; i++) {
        if (rules[i].required && !(seen & 1u << i))
            return broken(judge, "'%s' is missing", rules[i].name);
    }
    return true;
}

static const struct rule *rules_for(const struct rig_smp_header *asked)
{
    for (size_t i = 0; i < sizeof contracts / sizeof *contracts; i++) {
        const struct contract *contract = &contracts[i];

        if (contract->group == asked->group && contract->command == asked->command &&
            contract->op == asked->op)
            return contract->rules;
    }
    return nothing;
}

/* The value of a key of the answer's map, which is well formed. */
static bool find_value(const struct judge *judge, const char *name, struct rig_cbor_item *value)
{
    struct rig_cbor_reader reader = {.at = judge->answer + RIG_SMP_HEADER_BYTES, .n_left = judge->got.length};
    struct rig_cbor_item key;

    if (!rig_cbor_next(&reader, value))
        return false;
    struct rig_cbor_run run = rig_cbor_open(value);

    while (rig_cbor_step(&reader, &run) == RIG_CBOR_MORE && rig_cbor_next(&reader, &key) &&
           rig_cbor_next(&reader, value)) {
        if (rig_cbor_text_is(&key, name))
            return true;
        if (!rig_cbor_skip(&reader, value))
            return false;
    }
    return false;
}

static bool has_key(const struct judge *judge, const char *name)
{
    struct rig_cbor_item ignored;

    return find_value(judge, name, &ignored);
}

static bool body_keeps(const struct judge *judge)
{
    struct rig_cbor_reader reader = {.at = judge->answer + RIG_SMP_HEADER_BYTES, .n_left = judge->got.length};
    struct rig_cbor_item map;

    if (!rig_cbor_next(&reader, &map))
        return broken(judge, judge->got.length ? "the body is not CBOR" : "there is no body");
    if (map.kind != RIG_CBOR_MAP)
        return broken(judge, "the body is %s, not a map", item_text(&map));
    if (!map_fits(judge, &reader, &map, rules_for(&judge->asked), common))
        return false;
    if (reader.n_left > 0)
        return broken(judge, "%zu byte%s behind the map", reader.n_left, reader.n_left == 1 ? "" : "s");
    return true;
}

static bool errors_keep(const struct judge *judge)
{
    const struct rig_smp_error *error = &judge->response->error;
    bool has_err = has_key(judge, "err");

    if (has_err && has_key(judge, "rc"))
        return broken(judge, "both 'rc' and 'err' are there");
    if (has_err && judge->got.version == 0)
        return broken(judge, "'err' in an answer of header version 0, which has 'rc' only");
    if (has_err && !error->failed)
        return broken(judge, "'err' says that there is no error (rc 0)");
    return true;
}

/* An error, or what its command promises; never both. */
static bool keys_keep(const struct judge *judge)
{
    bool failed = judge->response->error.failed;

    for (const struct rule *rule = rules_for(&judge->asked); rule->name; rule++) {
        bool there = has_key(judge, rule->name);

        /* fs tells the length beside its error: only an upload goes on by what it answers. */
        if (failed && there && rule->required && judge->asked.group == RIG_SMP_GROUP_IMAGE)
            return broken(judge, "'%s' is there beside an error (rc %u)", rule->name,
                          (unsigned)judge->response->error.rc);
        if (!failed && !there && rule->required)
            return broken(judge, "'%s' is missing", rule->name);
    }
    return true;
}

/* 1.2.3 or 1.2.3.4 in the ranges of an image header, or what Zephyr says of an image that it cannot read. */
static bool is_version(const char *text)
{
    unsigned long parts[4];
    char rest = 0;
    int n = sscanf(text, "%3lu.%3lu.%5lu.%10lu%c", &parts[0], &parts[1], &parts[2], &parts[3], &rest);
    char again[64];

    if (strcmp(text, "<\?\?\?>") == 0)
        return true;
    if (n < 3 || n > 4 || parts[0] > 255 || parts[1] > 255 || parts[2] > 65535 ||
        (n == 4 && parts[3] > UINT32_MAX))
        return false;
    snprintf(again, sizeof again, n == 4 ? "%lu.%lu.%lu.%lu" : "%lu.%lu.%lu", parts[0], parts[1], parts[2],
             parts[3]);
    return strcmp(again, text) == 0;
}

static bool entry_keeps(const struct judge *judge, size_t index)
{
    const struct rig_smp_image_entry *entry = &judge->response->images[index];
    bool recovery = has_key(judge, "rc");

    if (!is_version(entry->version))
        return broken(judge, "the version '%s' of slot %u is none", entry->version, entry->slot);
    if (entry->hash_bytes != 32 && entry->hash_bytes != 48 && entry->hash_bytes != 64 &&
        !(entry->hash_bytes == 0 && recovery))
        return broken(judge, "the hash of slot %u has %zu bytes", entry->slot, entry->hash_bytes);
    for (size_t i = 0; i < index; i++) {
        if (judge->response->images[i].image == entry->image &&
            judge->response->images[i].slot == entry->slot)
            return broken(judge, "slot %u of image %u is there twice", entry->slot, entry->image);
    }
    return true;
}

/* A mark for test that succeeded is told by the list that comes with it. */
static bool mark_keeps(const struct judge *judge, const struct rig_smp_request *request)
{
    const struct rig_smp_value *hash = &request->keys[RIG_SMP_KEY_HASH];

    if (judge->asked.op != RIG_SMP_WRITE || !hash->present || hash->n_bytes == 0)
        return true;
    for (size_t i = 0; i < judge->response->n_images; i++) {
        const struct rig_smp_image_entry *entry = &judge->response->images[i];

        if (entry->hash_bytes != hash->n_bytes || memcmp(entry->hash, hash->bytes, hash->n_bytes) != 0)
            continue;
        if (request->keys[RIG_SMP_KEY_CONFIRM].number || entry->pending)
            return true;
        return broken(judge, "the image that was marked for a test is not pending (slot %u)", entry->slot);
    }
    return broken(judge, "the image that was named is not in the list");
}

static bool state_keeps(const struct judge *judge, const struct rig_smp_request *request)
{
    for (size_t i = 0; i < judge->response->n_images; i++) {
        if (!entry_keeps(judge, i))
            return false;
    }
    return !request || mark_keeps(judge, request);
}

static bool echo_keeps(const struct judge *judge, const struct rig_smp_request *request)
{
    const struct rig_smp_value *sent = &request->keys[RIG_SMP_KEY_ECHO];
    struct rig_cbor_item got;
    size_t same = 0;

    if (!find_value(judge, "r", &got))
        return broken(judge, "'r' is missing");
    while (same < sent->n_bytes && same < got.n_bytes && sent->bytes[same] == got.bytes[same])
        same++;
    if (sent->n_bytes == got.n_bytes && same == sent->n_bytes)
        return true;
    return broken(judge, "the echo is another text: %zu bytes came, %zu were sent, and byte %zu differs",
                  got.n_bytes, sent->n_bytes, same);
}

static bool upload_keeps(const struct judge *judge, const struct rig_smp_request *request)
{
    const struct rig_smp_value *off = &request->keys[RIG_SMP_KEY_OFF];
    const struct rig_smp_value *len = &request->keys[RIG_SMP_KEY_LEN];
    const struct rig_smp_value *chunk = &request->keys[RIG_SMP_KEY_CHUNK];
    uint64_t answered = judge->response->off;
    /* Not checked by Zephyr on the first packet, which may carry more than it announces. */
    uint64_t whole = len->number > chunk->n_bytes ? len->number : chunk->n_bytes;
    bool first = off->present && off->number == 0 && len->present;

    if (first && answered > whole)
        return broken(judge, "'off' %llu is beyond the image's %llu bytes", (unsigned long long)answered,
                      (unsigned long long)len->number);
    if (first && answered == whole && chunk->n_bytes < whole &&
        !(judge->response->has_match && judge->response->match))
        return broken(judge, "'off' is the whole length after the first chunk, without 'match'");
    return true;
}

static bool parameters_keep(const struct judge *judge)
{
    if (judge->response->buf_size <= RIG_SMP_HEADER_BYTES)
        return broken(judge, "'buf_size' %u holds no message", (unsigned)judge->response->buf_size);
    return judge->response->buf_count > 0 || broken(judge, "'buf_count' is 0");
}

static bool bootloader_keeps(const struct judge *judge, const struct rig_smp_request *request)
{
    const struct rig_smp_value *query = &request->keys[RIG_SMP_KEY_QUERY];
    bool mode = query->n_bytes == 4 && memcmp(query->bytes, "mode", 4) == 0;
    const char *key = !query->present ? "bootloader" : mode ? "mode" : NULL;

    return !key || has_key(judge, key) || broken(judge, "'%s' is missing", key);
}

/* What a success of this command means, beyond types. request: NULL when it cannot be read. */
static bool values_keep(const struct judge *judge, const struct rig_smp_request *request)
{
    bool os = judge->asked.group == RIG_SMP_GROUP_OS, image = judge->asked.group == RIG_SMP_GROUP_IMAGE;

    if (image && judge->asked.command == RIG_SMP_IMAGE_STATE)
        return state_keeps(judge, request);
    if (os && judge->asked.command == RIG_SMP_OS_PARAMETERS)
        return parameters_keep(judge);
    if (!request)
        return true;
    if (os && judge->asked.command == RIG_SMP_OS_ECHO)
        return echo_keeps(judge, request);
    if (os && judge->asked.command == RIG_SMP_OS_BOOTLOADER)
        return bootloader_keeps(judge, request);
    if (image && judge->asked.command == RIG_SMP_IMAGE_UPLOAD)
        return upload_keeps(judge, request);
    return true;
}

bool rig_smp_answer_keeps(const uint8_t *request, size_t n_request, const uint8_t *answer, size_t n_answer,
                          const struct rig_smp_decoded *decoded, char *why, size_t room)
{
    struct judge judge = {.request = request,
                          .n_request = n_request,
                          .answer = answer,
                          .n_answer = n_answer,
                          .response = &decoded->response,
                          .why = why,
                          .room = room};
    struct rig_smp_request asked;
    bool readable;

    if (n_answer < RIG_SMP_HEADER_BYTES)
        return broken(&judge, "%zu byte%s, shorter than an SMP header", n_answer, n_answer == 1 ? "" : "s");
    rig_smp_header_decode(request, &judge.asked);
    rig_smp_header_decode(answer, &judge.got);
    if (!header_keeps(&judge) || !body_keeps(&judge))
        return false;
    if (decoded->status != RIG_SMP_OK)
        return broken(&judge, "a value is too large, or there are more than %u images", RIG_SMP_MAX_IMAGES);
    if (!errors_keep(&judge) || !keys_keep(&judge))
        return false;
    readable = rig_smp_decode_request(request, n_request, &asked) == RIG_SMP_OK;
    return judge.response->error.failed || values_keep(&judge, readable ? &asked : NULL);
}

const uint8_t *rig_smp_find_request(const uint8_t *sent, size_t n_sent, const uint8_t *answer,
                                    size_t n_answer, size_t *n_request)
{
    if (n_answer < RIG_SMP_HEADER_BYTES)
        return NULL;
    for (size_t at = 0; at + RIG_SMP_HEADER_BYTES <= n_sent; at++) {
        if (memcmp(sent + at + 4, answer + 4, 4) == 0) {
            *n_request = n_sent - at;
            return sent + at;
        }
    }
    return NULL;
}
