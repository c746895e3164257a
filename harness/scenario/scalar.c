/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Raw text to typed values: nothing is guessed, and a near miss gets its remedy. Quantities with units are in
 * quantity.c. */
#include "scenario/scalar.h"

#include <string.h>

#include "scenario/quantity.h"

void rig_scalar_problem_clear(struct rig_scalar_problem *problem)
{
    g_clear_pointer(&problem->message, g_free);
    g_clear_pointer(&problem->hint, g_free);
}

static bool refuse(struct rig_scalar_problem *problem, char *hint, const char *message)
{
    problem->message = g_strdup(message);
    problem->hint = hint;
    return false;
}

static char *did_you_mean(const char *text)
{
    return text ? g_strdup_printf("did you mean '%s'?", text) : NULL;
}

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (g_ascii_strcasecmp(text, *words) == 0)
            return true;
    return false;
}

static bool read_flag(const struct rig_field *field, const char *text, struct rig_value *value,
                      struct rig_scalar_problem *problem)
{
    static const char *const yes[] = {"true", "yes", "on", "y", "1", NULL};
    static const char *const no[] = {"false", "no", "off", "n", "0", NULL};
    const char *meant = is_one_of(text, yes) ? "true" : is_one_of(text, no) ? "false" : NULL;

    value->flag = strcmp(text, "true") == 0;
    if (!value->flag && field->min && strcmp(text, "false") == 0)
        return refuse(problem, g_strdup("leave it out"), "has no effect when it is false");
    if (value->flag || strcmp(text, "false") == 0)
        return true;
    problem->is_sentence = true;
    problem->message = g_strdup_printf("'%s' is not true or false", text);
    problem->hint = did_you_mean(meant);
    return false;
}

static bool read_text(const struct rig_field *field, const char *text, struct rig_value *value,
                      struct rig_scalar_problem *problem)
{
    (void)value;
    return (guint64)g_utf8_strlen(text, -1) >= field->min ||
           refuse(problem, NULL, "may not be an empty text: it is in each");
}

static bool is_name(const char *text)
{
    if (!g_ascii_isalnum(*text))
        return false;
    for (; *text; text++)
        if (!g_ascii_isalnum(*text) && !strchr("._-", *text))
            return false;
    return true;
}

static bool read_name(const struct rig_field *field, const char *text, struct rig_value *value,
                      struct rig_scalar_problem *problem)
{
    g_autofree char *meant = NULL;

    (void)field;
    (void)value;
    if (is_name(text))
        return true;
    meant = g_strcanon(g_strdup(text), G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "._-", '-');
    return refuse(problem, is_name(meant) ? did_you_mean(meant) : NULL,
                  "wants a name of letters, digits, '.', '_' and '-' that begins with a letter or digit");
}

static bool read_version(const struct rig_field *field, const char *text, struct rig_value *value,
                         struct rig_scalar_problem *problem)
{
    bool has_v = (*text == 'v' || *text == 'V') && rig_image_version_parse(text + 1, &value->version);
    g_autofree char *longer = g_strdup_printf("%s.0", text);

    (void)field;
    if (rig_image_version_parse(text, &value->version))
        return true;
    return refuse(problem,
                  has_v                                              ? did_you_mean(text + 1)
                  : rig_image_version_parse(longer, &value->version) ? did_you_mean(longer)
                                                                     : NULL,
                  "wants a version such as 1.2.3 or 1.2.3+4");
}

static bool parse_address(const char *text, const char *separators, guint8 address[6])
{
    for (guint i = 0; i < 6; i++, text += 3) {
        if (!g_ascii_isxdigit(text[0]) || !g_ascii_isxdigit(text[1]))
            return false;
        address[i] = (guint8)(g_ascii_xdigit_value(text[0]) << 4 | g_ascii_xdigit_value(text[1]));
        if (i == 5 ? text[2] != '\0' : text[2] == '\0' || !strchr(separators, text[2]))
            return false;
    }
    return true;
}

static bool read_address(const struct rig_field *field, const char *text, struct rig_value *value,
                         struct rig_scalar_problem *problem)
{
    guint8 address[6];
    g_autofree char *meant = NULL;

    (void)field;
    if (parse_address(text, ":", value->address))
        return true;
    if (parse_address(text, ":-_", address))
        meant = g_strdelimit(g_strdup(text), "-_", ':');
    return refuse(problem, did_you_mean(meant), "wants an address such as 12:34:56:11:22:33");
}

static bool read_hex(const struct rig_field *field, const char *text, struct rig_value *value,
                     struct rig_scalar_problem *problem)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    const char *at = text;

    for (; *at; at++) {
        guint8 byte;

        if (*at == ' ')
            continue;
        if (!g_ascii_isxdigit(at[0]) || !g_ascii_isxdigit(at[1]))
            break;
        byte = (guint8)(g_ascii_xdigit_value(at[0]) << 4 | g_ascii_xdigit_value(at[1]));
        g_byte_array_append(bytes, &byte, 1);
        at++;
    }
    if (*at)
        return refuse(problem, g_str_has_prefix(text, "0x") ? did_you_mean(text + 2) : NULL,
                      "wants bytes in hex, two digits each, such as '0a00 0009'");
    if (bytes->len < field->min)
        return refuse(problem, NULL, "wants at least one byte");
    value->bytes = g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
    return true;
}

static bool read_choice(const struct rig_field *field, const char *text, struct rig_value *value,
                        struct rig_scalar_problem *problem)
{
    g_autofree char *all = g_strjoinv(", ", (char **)field->choices);

    (void)value;
    problem->message = g_strdup_printf("wants one of: %s", all);
    problem->hint = did_you_mean(rig_nearest(text, field->choices, g_strv_length((char **)field->choices)));
    return false;
}

typedef bool (*scalar_reader)(const struct rig_field *field, const char *text, struct rig_value *value,
                              struct rig_scalar_problem *problem);

struct type_row {
    const char *name;
    const char *wants;
    scalar_reader read;
};

static const struct type_row types[] = {
    [RIG_TYPE_FLAG] = {"flag", "true or false", read_flag},
    [RIG_TYPE_COUNT] = {"count", "a whole number", rig_quantity_read_count},
    [RIG_TYPE_INTEGER] = {"integer", "a whole number", rig_quantity_read_integer},
    [RIG_TYPE_DURATION] = {"duration", "a duration such as 40ms", rig_quantity_read_duration},
    [RIG_TYPE_SPAN] = {"span", "a span such as 5ms..900ms", rig_quantity_read_span},
    [RIG_TYPE_SIZE] = {"size", "a size such as 16KiB", rig_quantity_read_size},
    [RIG_TYPE_PROBABILITY] = {"probability", "a probability such as 5%", rig_quantity_read_probability},
    [RIG_TYPE_TEXT] = {"text", "a text", read_text},
    [RIG_TYPE_NAME] = {"name", "a name", read_name},
    [RIG_TYPE_VERSION] = {"version", "a version such as 1.2.3", read_version},
    [RIG_TYPE_ADDRESS] = {"address", "an address such as 12:34:56:11:22:33", read_address},
    [RIG_TYPE_HEX] = {"hex bytes", "bytes in hex such as '0a00 0009'", read_hex},
    [RIG_TYPE_CHOICE] = {"choice", "one of its words", read_choice},
    [RIG_TYPE_IMAGE] = {"image", "the name of an image", read_text},
    [RIG_TYPE_RECORD] = {"map", "a map", NULL},
    [RIG_TYPE_VARIANT] = {"map with one key", "a map with one key", NULL},
    [RIG_TYPE_STEPS] = {"steps", "a list of steps", NULL},
    [RIG_TYPE_CASES] = {"conditions", "a map of variables and values", NULL},
};

const char *rig_type_wants(enum rig_type type)
{
    return types[type].wants;
}

const char *rig_type_name(enum rig_type type)
{
    return types[type].name;
}

/* A letter or digit from another script, or of another width, looks right and is not: show what it is. */
static void explain_foreign_letter(const char *text, struct rig_scalar_problem *problem)
{
    g_autofree char *plain = g_utf8_normalize(text, -1, G_NORMALIZE_ALL);
    const char *at = text;
    char *message;

    while (*at && (guchar)*at < 0x80)
        at++;
    if (!*at)
        return;
    message = g_strdup_printf("%s; '%.*s' is the character U+%04X", problem->message,
                              (int)(g_utf8_next_char(at) - at), at, g_utf8_get_char(at));
    g_free(problem->message);
    problem->message = message;
    if (!problem->hint && plain && g_str_is_ascii(plain))
        problem->hint = did_you_mean(plain);
}

/* YAML is checked as a whole; what comes by a socket or the command line is not, and everything behind walks
 * over characters. */
static bool is_text(const char *text, struct rig_scalar_problem *problem)
{
    const char *end;

    if (g_utf8_validate(text, -1, &end))
        return true;
    problem->message = g_strdup_printf("is not UTF-8: byte 0x%02x at place %u", (guint)(guchar)*end,
                                       (guint)(end - text) + 1);
    return false;
}

bool rig_scalar_read(const struct rig_field *field, const char *text, struct rig_value *value,
                     struct rig_scalar_problem *problem)
{
    const struct type_row *row = &types[field->type];
    g_autofree char *stripped = NULL;

    *problem = (struct rig_scalar_problem){NULL, NULL, false};
    value->type = field->type;
    value->text = text;
    if (!is_text(text, problem))
        return false;
    if (row->read(field, text, value, problem))
        return true;
    stripped = g_strstrip(g_strdup(text));
    if (!problem->hint && *stripped && strcmp(stripped, text) != 0)
        problem->hint = g_strdup("there is a space at an end of it");
    explain_foreign_letter(text, problem);
    return false;
}
