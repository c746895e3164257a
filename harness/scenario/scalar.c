/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Raw text to typed values: nothing is guessed, and a near miss gets its remedy. */
#include "scenario/scalar.h"

#include "base/words.h"

#include <string.h>

/* --- numbers and quantities: exact decimal arithmetic, units that must be written, bounds. Each read_
 * fills its member of value, checks field->min and max, and on false fills problem --- */

/* A decimal number and what follows it. */
struct decimal {
    guint64 digits;   /* 12.50 -> 1250 */
    guint n_fraction; /* 2 */
    bool too_large;
    gsize n_text;     /* bytes of the number */
    const char *unit; /* the rest of the text */
};

static bool parse_decimal(const char *text, struct decimal *number)
{
    const char *at = text;
    bool in_fraction = false;

    *number = (struct decimal){0};
    if (!g_ascii_isdigit(*at))
        return false;
    for (; g_ascii_isdigit(*at) || (*at == '.' && !in_fraction && g_ascii_isdigit(at[1])); at++) {
        if (*at == '.') {
            in_fraction = true;
            continue;
        }
        number->too_large = number->too_large || !g_uint64_checked_mul(&number->digits, number->digits, 10) ||
                            !g_uint64_checked_add(&number->digits, number->digits, (guint64)(*at - '0'));
        number->n_fraction += in_fraction;
    }
    number->n_text = (gsize)(at - text);
    number->unit = at;
    return true;
}

static bool G_GNUC_PRINTF(3, 4)
    refuse(struct rig_scalar_problem *problem, char *hint, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    problem->message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    problem->hint = hint;
    return false;
}

static char *meant(const char *number, gsize n_number, const char *unit)
{
    return g_strdup_printf("did you mean '%.*s%s'?", (int)n_number, number, unit);
}

struct unit {
    const char *name;
    guint64 scale;
};

static const struct unit duration_units[] = {{"us", 1}, {"ms", 1000}, {"s", 1000000}, {"min", 60000000}};
static const struct unit size_units[] = {{"B", 1}, {"KiB", 1024}, {"MiB", 1024 * 1024}};
static const struct unit probability_units[] = {{"%", 1}};

/* What people write for a unit, and the unit that they mean. */
static const char *const near_units[][2] = {
    {"sec", "s"},        {"secs", "s"},       {"second", "s"},    {"seconds", "s"}, {"m", "min"},
    {"mins", "min"},     {"minute", "min"},   {"minutes", "min"}, {"msec", "ms"},   {"usec", "us"},
    {"\xc2\xb5s", "us"}, {"\xce\xbcs", "us"}, {"byte", "B"},      {"bytes", "B"},   {"k", "KiB"},
    {"kb", "KiB"},       {"ki", "KiB"},       {"mb", "MiB"},      {"mi", "MiB"},    {"percent", "%"}};

struct quantity {
    const char *wants; /* "a duration with a unit" */
    const struct unit *units;
    gsize n_units;
    const char *usual; /* the unit to propose for a bare number */
};
static const struct quantity duration_quantity = {"wants a duration with a unit", duration_units,
                                                  G_N_ELEMENTS(duration_units), "s"};
static const struct quantity size_quantity = {"wants a size with a unit", size_units,
                                              G_N_ELEMENTS(size_units), "B"};
static const struct quantity probability_quantity = {"wants a probability in percent", probability_units,
                                                     G_N_ELEMENTS(probability_units), "%"};

static const struct unit *find_unit(const struct quantity *quantity, const char *name, bool any_case)
{
    for (gsize i = 0; i < quantity->n_units; i++)
        if ((any_case ? g_ascii_strcasecmp : strcmp)(quantity->units[i].name, name) == 0)
            return &quantity->units[i];
    return NULL;
}

static const struct unit *guess_unit(const struct quantity *quantity, const char *written)
{
    g_autofree char *stripped = g_strstrip(g_strdup(written));
    const struct unit *unit = find_unit(quantity, *stripped ? stripped : quantity->usual, true);

    for (gsize i = 0; !unit && i < G_N_ELEMENTS(near_units); i++)
        if (g_ascii_strcasecmp(near_units[i][0], stripped) == 0)
            unit = find_unit(quantity, near_units[i][1], false);
    return unit;
}

static const struct unit *parse_quantity(const struct quantity *quantity, const char *text,
                                         struct decimal *number, struct rig_scalar_problem *problem)
{
    const struct unit *unit = NULL;

    if (*text == '-' && parse_decimal(text + 1, number)) {
        refuse(problem, NULL, "may not be negative");
    } else if (!parse_decimal(text, number)) {
        refuse(problem, NULL, "%s, such as %s", quantity->wants,
               quantity == &size_quantity       ? "16KiB"
               : quantity == &duration_quantity ? "40ms"
                                                : "5%");
    } else if (!(unit = find_unit(quantity, number->unit, false))) {
        const struct unit *near = guess_unit(quantity, number->unit);

        refuse(problem, near ? meant(text, number->n_text, near->name) : NULL, "%s", quantity->wants);
    }
    return unit;
}

static bool scale_exactly(const struct decimal *number, const struct unit *unit, const char *finest,
                          guint64 *scaled, struct rig_scalar_problem *problem)
{
    guint64 product = 0;

    if (number->too_large || !g_uint64_checked_mul(&product, number->digits, unit->scale))
        return refuse(problem, NULL, "is too large");
    for (guint i = 0; i < number->n_fraction; i++) {
        if (product % 10)
            return refuse(problem, NULL, "is finer than one %s", finest);
        product /= 10;
    }
    *scaled = product;
    return true;
}

char *rig_scalar_format(enum rig_type type, guint64 number)
{
    const struct unit *units = type == RIG_TYPE_DURATION ? duration_units : size_units;
    gsize i = type == RIG_TYPE_DURATION ? G_N_ELEMENTS(duration_units) - 1 : G_N_ELEMENTS(size_units) - 1;

    if (type == RIG_TYPE_SPAN)
        return rig_scalar_format(RIG_TYPE_DURATION, number);
    if ((type != RIG_TYPE_DURATION && type != RIG_TYPE_SIZE) || number == 0)
        return g_strdup_printf("%" G_GUINT64_FORMAT, number);
    while (i > 0 && number % units[i].scale)
        i--;
    return g_strdup_printf("%" G_GUINT64_FORMAT "%s", number / units[i].scale, units[i].name);
}

guint64 rig_field_max(const struct rig_field *field)
{
    switch (field->type) {
    case RIG_TYPE_COUNT:
    case RIG_TYPE_INTEGER:
        return field->max ? field->max : RIG_MAX_COUNT;
    case RIG_TYPE_SIZE:
        return field->max ? field->max : RIG_MAX_SIZE_BYTES;
    case RIG_TYPE_DURATION:
    case RIG_TYPE_SPAN:
        return field->max ? field->max : RIG_MAX_DURATION_US;
    case RIG_TYPE_FLAG:
    case RIG_TYPE_PROBABILITY:
    case RIG_TYPE_TEXT:
    case RIG_TYPE_LINE:
    case RIG_TYPE_NAME:
    case RIG_TYPE_VERSION:
    case RIG_TYPE_ADDRESS:
    case RIG_TYPE_UUID:
    case RIG_TYPE_HEX:
    case RIG_TYPE_CHOICE:
    case RIG_TYPE_IMAGE:
    case RIG_TYPE_RECORD:
    case RIG_TYPE_VARIANT:
    case RIG_TYPE_STEPS:
    case RIG_TYPE_CASES:
        break;
    }
    return 0;
}

static bool check_bounds(const struct rig_field *field, guint64 number, struct rig_scalar_problem *problem)
{
    guint64 max = rig_field_max(field);
    bool too_small = number < field->min;
    g_autofree char *bound = rig_scalar_format(field->type, too_small ? field->min : max);

    if (too_small)
        return refuse(problem, NULL, "must be at least %s", bound);
    if (number > max)
        return refuse(problem, NULL, "must be at most %s", bound);
    return true;
}

static bool read_duration(const struct rig_field *field, const char *text, struct rig_value *value,
                          struct rig_scalar_problem *problem)
{
    struct decimal number;
    const struct unit *unit;

    value->count = 0;
    if (strcmp(text, "0") != 0) {
        unit = parse_quantity(&duration_quantity, text, &number, problem);
        if (!unit || !scale_exactly(&number, unit, "microsecond", &value->count, problem))
            return false;
    }
    return check_bounds(field, value->count, problem);
}

static bool read_span(const struct rig_field *field, const char *text, struct rig_value *value,
                      struct rig_scalar_problem *problem)
{
    const char *dots = strstr(text, "..");
    g_autofree char *from = dots ? g_strndup(text, (gsize)(dots - text)) : NULL;
    struct rig_value end = {0};

    if (!dots)
        return refuse(problem, NULL, "wants a span, such as 5ms..900ms");
    if (!read_duration(field, from, value, problem) || !read_duration(field, dots + 2, &end, problem))
        return false;
    value->span = (struct rig_span){value->count, end.count};
    return value->span.end_us >= value->span.begin_us || refuse(problem, NULL, "ends before it begins");
}

static bool parse_hex(const char *text, guint64 *number)
{
    gsize n = strlen(text);

    if (n == 0 || n > 16 || strspn(text, "0123456789abcdefABCDEF") != n)
        return false;
    *number = g_ascii_strtoull(text, NULL, 16);
    return true;
}

static bool read_hex_number(const char *text, guint64 *number, struct rig_scalar_problem *problem)
{
    return parse_hex(text + 2, number) ||
           refuse(problem, NULL, "wants a whole number; after 0x come 1 to 16 hex digits");
}

static bool read_size(const struct rig_field *field, const char *text, struct rig_value *value,
                      struct rig_scalar_problem *problem)
{
    struct decimal number;
    const struct unit *unit;

    value->count = 0;
    if (g_str_has_prefix(text, "0x"))
        return read_hex_number(text, &value->count, problem) && check_bounds(field, value->count, problem);
    if (strcmp(text, "0") != 0) {
        unit = parse_quantity(&size_quantity, text, &number, problem);
        if (!unit || !scale_exactly(&number, unit, "byte", &value->count, problem))
            return false;
    }
    return check_bounds(field, value->count, problem);
}

static double to_double(const struct decimal *number)
{
    double result = (double)number->digits;

    for (guint i = 0; i < number->n_fraction; i++)
        result /= 10;
    return result;
}

static bool read_probability(const struct rig_field *field, const char *text, struct rig_value *value,
                             struct rig_scalar_problem *problem)
{
    struct decimal number;

    (void)field;
    if (parse_decimal(text, &number) && !*number.unit && number.n_fraction && to_double(&number) <= 1)
        return refuse(problem, g_strdup_printf("did you mean '%g%%'?", to_double(&number) * 100),
                      "wants a probability in percent");
    if (!parse_quantity(&probability_quantity, text, &number, problem))
        return false;
    value->probability = to_double(&number) / 100;
    if (number.too_large || value->probability > 1)
        return refuse(problem, NULL, "is more than 100%%");
    return value->probability > 0 || refuse(problem, NULL, "is never: it must be more than 0%%");
}

static char *hint_for_whole_number(const char *text, const struct decimal *number)
{
    const char *rest = number->unit;
    guint64 exponent = 0;

    if (g_ascii_strncasecmp(text, "0o", 2) == 0 && strspn(text + 2, "01234567") == strlen(text + 2) &&
        text[2])
        return g_strdup_printf("did you mean '%" G_GUINT64_FORMAT "'?", g_ascii_strtoull(text + 2, NULL, 8));
    if ((*rest == 'e' || *rest == 'E') && g_ascii_isdigit(rest[1]) && !number->n_fraction)
        exponent = g_ascii_strtoull(rest + 1, NULL, 10);
    if (exponent > 0 && exponent <= 12) {
        g_autofree char *zeros = g_strnfill(exponent, '0');

        return g_strdup_printf("did you mean '%.*s%s'?", (int)number->n_text, text, zeros);
    }
    if (strchr("_,'", *rest) && *rest && g_ascii_isdigit(rest[1])) {
        g_auto(GStrv) parts = g_strsplit_set(text, "_,'", -1);
        g_autofree char *joined = g_strjoinv("", parts);

        return g_strdup_printf("did you mean '%s'?", joined);
    }
    return NULL;
}

static bool refuse_leading_zero(const char *text, struct rig_scalar_problem *problem)
{
    const char *decimal = text + MIN(strspn(text, "0"), strlen(text) - 1);
    bool is_octal = strspn(text, "01234567") == strlen(text) && strlen(text) < 20;
    char *hint = is_octal ? g_strdup_printf("did you mean %s or 0x%" G_GINT64_MODIFIER "x?", decimal,
                                            g_ascii_strtoull(text, NULL, 8))
                          : g_strdup_printf("did you mean %s?", decimal);

    return refuse(problem, hint, "may not begin with 0: it could be octal");
}

static bool parse_magnitude(const char *text, guint64 *magnitude, struct rig_scalar_problem *problem)
{
    struct decimal number;

    if (text[0] == '0' && text[1] == 'x')
        return read_hex_number(text, magnitude, problem);
    if (*text == '+' && g_ascii_isdigit(text[1]))
        return refuse(problem, g_strdup_printf("did you mean '%s'?", text + 1),
                      "wants a whole number without '+'");
    if (!parse_decimal(text, &number))
        return refuse(problem, NULL, "wants a whole number");
    if (*number.unit || number.n_fraction)
        return refuse(problem, hint_for_whole_number(text, &number), "wants a whole number");
    if (text[0] == '0' && text[1])
        return refuse_leading_zero(text, problem);
    *magnitude = number.digits;
    return !number.too_large || refuse(problem, NULL, "is too large");
}

static bool read_count(const struct rig_field *field, const char *text, struct rig_value *value,
                       struct rig_scalar_problem *problem)
{
    if (*text == '-' && g_ascii_isdigit(text[1]))
        return refuse(problem, NULL, "may not be negative");
    return parse_magnitude(text, &value->count, problem) && check_bounds(field, value->count, problem);
}

static bool read_integer(const struct rig_field *field, const char *text, struct rig_value *value,
                         struct rig_scalar_problem *problem)
{
    bool is_negative = *text == '-';
    guint64 magnitude = 0;

    if (!parse_magnitude(text + is_negative, &magnitude, problem))
        return false;
    if (magnitude > (guint64)G_MAXINT64)
        return refuse(problem, NULL, "is too large");
    value->integer = is_negative ? -(gint64)magnitude : (gint64)magnitude;
    value->count = is_negative ? 0 : magnitude;
    return is_negative || check_bounds(field, magnitude, problem);
}

/* --- scalars --- */

void rig_scalar_problem_clear(struct rig_scalar_problem *problem)
{
    g_clear_pointer(&problem->message, g_free);
    g_clear_pointer(&problem->hint, g_free);
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
    if ((guint64)g_utf8_strlen(text, -1) < field->min)
        return refuse(problem, NULL, "may not be an empty text: it is in each");
    if (field->max == 0 || strlen(text) <= field->max)
        return true;
    problem->message =
        g_strdup_printf("has %" G_GUINT64_FORMAT " bytes at the most, not %zu", field->max, strlen(text));
    return false;
}

/* What no line of a console can hold would never be seen. */
static bool read_line(const struct rig_field *field, const char *text, struct rig_value *value,
                      struct rig_scalar_problem *problem)
{
    if (!rig_is_line(text))
        return refuse(problem, NULL,
                      "is a piece of one line: it cannot hold a line break or another control character");
    return read_text(field, text, value, problem);
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

/* [SPEC Core Vol 3 Part B 2.5.1] */
static bool read_uuid(const struct rig_field *field, const char *text, struct rig_value *value,
                      struct rig_scalar_problem *problem)
{
    gsize n = strlen(text), n_good = 0;

    (void)field, (void)value;
    while (text[n_good] && (n == 36 && (n_good == 8 || n_good == 13 || n_good == 18 || n_good == 23)
                                ? text[n_good] == '-'
                                : g_ascii_isxdigit(text[n_good])))
        n_good++;
    if (n_good == n && (n == 4 || n == 36))
        return true;
    return refuse(problem, NULL,
                  "wants a UUID such as 8d53dc1d-1db7-4cd3-868b-8a527460aa84, or four digits such as 180a");
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
    if (field->max && bytes->len > field->max)
        return refuse(problem, NULL, "has too many bytes");
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
    [RIG_TYPE_COUNT] = {"count", "a whole number", read_count},
    [RIG_TYPE_INTEGER] = {"integer", "a whole number", read_integer},
    [RIG_TYPE_DURATION] = {"duration", "a duration such as 40ms", read_duration},
    [RIG_TYPE_SPAN] = {"span", "a span such as 5ms..900ms", read_span},
    [RIG_TYPE_SIZE] = {"size", "a size such as 16KiB", read_size},
    [RIG_TYPE_PROBABILITY] = {"probability", "a probability such as 5%", read_probability},
    [RIG_TYPE_TEXT] = {"text", "a text", read_text},
    [RIG_TYPE_LINE] = {"piece of a line", "a piece of a line", read_line},
    [RIG_TYPE_NAME] = {"name", "a name", read_name},
    [RIG_TYPE_VERSION] = {"version", "a version such as 1.2.3", read_version},
    [RIG_TYPE_ADDRESS] = {"address", "an address such as 12:34:56:11:22:33", read_address},
    [RIG_TYPE_UUID] = {"UUID", "a UUID such as 8d53dc1d-1db7-4cd3-868b-8a527460aa84", read_uuid},
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
    value->max = rig_field_max(field);
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
