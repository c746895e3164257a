/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `bootrig target check`: what MCUboot makes of a board's flash layout. */
#include "cli/cli.h"

#include "base/error.h"
#include "drivers/sim/sim_driver.h"
#include "layouts/foreign.h"
#include "layouts/verdict.h"

#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

struct check {
    struct rig_target *target;
    struct rig_board *board;
    struct rig_layout_verdict verdicts[RIG_LAYOUT_MAX_VERDICTS];
    guint n_verdicts;
};

static void check_clear(struct check *check)
{
    if (check->board)
        check->board->ops->free(check->board);
    rig_target_free(check->target);
}

/* Whether the target says how it swaps: a devicetree does not. */
static bool has_chosen(const struct check *check)
{
    return check->target->spec->options && check->target->spec->options->swap;
}

/* By enum rig_layout_answer. */
static const char *const answers[] = {"yes", "cannot upgrade", "does not boot", "breaks"};

/* --- for people --- */

static char *size_text(guint32 n_bytes)
{
    return n_bytes % 1024 ? g_strdup_printf("0x%x (%u bytes)", n_bytes, n_bytes)
                          : g_strdup_printf("0x%x (%u KiB)", n_bytes, n_bytes / 1024);
}

static void print_area(const struct rig_slot *area)
{
    g_autofree char *size = size_text(area->n_bytes);

    printf("  %-8s %s 0x%x, %s", area->name, area->device, area->device_offset, size);
    if (area->mixed_sectors)
        printf(", sectors of several sizes\n");
    else
        printf(", %u sectors of %u bytes\n", area->sector_bytes ? area->n_bytes / area->sector_bytes : 0,
               area->sector_bytes);
}

static void print_layout(const struct check *check)
{
    const struct rig_layout *layout = &check->board->layout;

    printf("%s: %s\n", check->target->name, check->target->about);
    for (guint i = 0; i < layout->n_slots; i++)
        print_area(&layout->slots[i]);
    if (layout->scratch.n_bytes)
        print_area(&layout->scratch);
    printf("\n");
}

static void print_time(const char *what, guint64 us)
{
    if (us)
        printf(", %s %" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT " s", what, us / 1000000, us / 100000 % 10);
}

static void print_cuts(const struct rig_layout_cuts *cuts)
{
    if (cuts->n_tried == 0)
        return;
    printf("             power lost at %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " places: ",
           cuts->n_tried, cuts->n_places);
    if (cuts->n_lost == 0)
        printf("an image runs each time\n");
    else
        printf("LOST at %" G_GUINT64_FORMAT " of them\n             first %s\n", cuts->n_lost, cuts->first);
}

static void print_verdict(const struct rig_layout_verdict *verdict, bool chosen)
{
    g_autofree char *largest = size_text(verdict->largest_bytes);
    g_autofree char *safe = size_text(verdict->safe_bytes);

    printf("%c %-17s %s%s%s\n", chosen ? '*' : ' ', rig_swap_mode_name(verdict->mode),
           answers[verdict->answer], verdict->reason[0] ? ": " : "", verdict->reason);
    if (verdict->answer == RIG_LAYOUT_CANNOT_UPGRADE || verdict->answer == RIG_LAYOUT_DOES_NOT_BOOT)
        return;
    printf("             largest image %s", largest);
    if (verdict->answer == RIG_LAYOUT_BREAKS)
        printf("; upgrade and revert go well up to %s", safe);
    print_time("upgrade", verdict->upgrade_us);
    print_time("revert", verdict->revert_us);
    printf("\n             %" G_GUINT64_FORMAT " flash operations; ", verdict->n_operations);
    if (verdict->max_erases)
        printf("the sector at %s is erased most, %u times\n", verdict->worn, verdict->max_erases);
    else
        printf("nothing is erased\n");
    print_cuts(&verdict->cuts);
    for (guint i = 0; i < verdict->n_hazards; i++)
        printf("             known: %s\n", verdict->hazards[i]);
}

static void print_text(const struct check *check)
{
    print_layout(check);
    for (guint i = 0; i < check->n_verdicts; i++)
        print_verdict(&check->verdicts[i], has_chosen(check) && check->verdicts[i].chosen);
    printf("\n%sTimes are those of its flash (write-time, erase-time), with images of the largest size.\n",
           has_chosen(check) ? "* the mode of this target. " : "");
}

/* --- for programs --- */

static void add_text(JsonBuilder *builder, const char *name, const char *text)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, text);
}

static void add_number(JsonBuilder *builder, const char *name, guint64 number)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_int_value(builder, (gint64)number);
}

static void add_flag(JsonBuilder *builder, const char *name, bool flag)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_boolean_value(builder, flag);
}

static void add_area(JsonBuilder *builder, const struct rig_slot *area)
{
    json_builder_begin_object(builder);
    add_text(builder, "name", area->name);
    add_text(builder, "device", area->device);
    add_number(builder, "offset", area->device_offset);
    add_number(builder, "bytes", area->n_bytes);
    add_number(builder, "sector_bytes", area->sector_bytes);
    add_flag(builder, "mixed_sectors", area->mixed_sectors);
    json_builder_end_object(builder);
}

static void add_cuts(JsonBuilder *builder, const struct rig_layout_cuts *cuts)
{
    json_builder_set_member_name(builder, "power_cuts");
    json_builder_begin_object(builder);
    add_number(builder, "places", cuts->n_places);
    add_number(builder, "tried", cuts->n_tried);
    add_number(builder, "lost", cuts->n_lost);
    if (cuts->first[0])
        add_text(builder, "first_lost", cuts->first);
    json_builder_end_object(builder);
}

static void add_verdict(JsonBuilder *builder, const struct rig_layout_verdict *verdict, bool chosen)
{
    json_builder_begin_object(builder);
    add_text(builder, "swap", rig_swap_mode_name(verdict->mode));
    add_flag(builder, "chosen", chosen);
    add_text(builder, "answer", answers[verdict->answer]);
    if (verdict->reason[0])
        add_text(builder, "reason", verdict->reason);
    add_number(builder, "largest_image_bytes", verdict->largest_bytes);
    add_number(builder, "safe_image_bytes", verdict->safe_bytes);
    add_number(builder, "upgrade_us", verdict->upgrade_us);
    add_number(builder, "revert_us", verdict->revert_us);
    add_number(builder, "flash_operations", verdict->n_operations);
    add_number(builder, "most_erases_of_a_sector", verdict->max_erases);
    if (verdict->worn[0])
        add_text(builder, "most_erased_sector", verdict->worn);
    add_cuts(builder, &verdict->cuts);
    json_builder_set_member_name(builder, "known");
    json_builder_begin_array(builder);
    for (guint i = 0; i < verdict->n_hazards; i++)
        json_builder_add_string_value(builder, verdict->hazards[i]);
    json_builder_end_array(builder);
    json_builder_end_object(builder);
}

static void print_json(const struct check *check)
{
    const struct rig_layout *layout = &check->board->layout;
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(JsonNode) root = NULL;
    g_autofree char *text = NULL;

    json_builder_begin_object(builder);
    add_text(builder, "target", check->target->name);
    json_builder_set_member_name(builder, "areas");
    json_builder_begin_array(builder);
    for (guint i = 0; i < layout->n_slots; i++)
        add_area(builder, &layout->slots[i]);
    if (layout->scratch.n_bytes)
        add_area(builder, &layout->scratch);
    json_builder_end_array(builder);
    json_builder_set_member_name(builder, "modes");
    json_builder_begin_array(builder);
    for (guint i = 0; i < check->n_verdicts; i++)
        add_verdict(builder, &check->verdicts[i], has_chosen(check) && check->verdicts[i].chosen);
    json_builder_end_array(builder);
    json_builder_end_object(builder);
    root = json_builder_get_root(builder);
    text = json_to_string(root, TRUE);
    printf("%s\n", text);
}

/* --- the command --- */

/* NULL without an error: it is a target. */
static char *read_foreign(const char *path, GError **error)
{
    g_autoptr(rig_source) source = rig_source_read(path, error);

    if (source)
        return rig_layout_read_foreign(source, error);
    g_prefix_error(error, "layout '%s': ", path);
    return NULL;
}

static bool is_file(const char *what)
{
    static const char *const endings[] = {".dts", ".dtsi", ".overlay", ".yml", ".yaml"};

    for (guint i = 0; i < G_N_ELEMENTS(endings); i++)
        if (g_str_has_suffix(what, endings[i]))
            return true;
    return strchr(what, '/') != NULL;
}

/* The text of a target file of what others wrote; NULL without an error: it is a target. */
static char *text_of(const char *const *what, GError **error)
{
    if (what[1] || g_str_has_suffix(what[0], ".hex"))
        return rig_layout_read_binaries(what, error);
    return is_file(what[0]) ? read_foreign(what[0], error) : NULL;
}

static struct rig_target *load_target(const char *const *what, GError **error)
{
    g_autofree char *targets = rig_data_path("targets");
    GError *problem = NULL;
    g_autofree char *text = text_of(what, &problem);

    if (problem) {
        g_propagate_error(error, problem);
        return NULL;
    }
    return text ? rig_target_from_source(rig_source_from_text(what[0], text), what[0], error)
                : rig_target_load(what[0], targets, error);
}

static bool make_check(struct check *check, const char *const *what, GError **error)
{
    check->target = load_target(what, error);
    check->board = check->target ? rig_sim_board_new(check->target, error) : NULL;
    check->n_verdicts = check->board ? rig_layout_judge(check->board, check->verdicts, error) : 0;
    return check->n_verdicts > 0;
}

static int exit_code_of(const struct check *check)
{
    bool any = false;

    for (guint i = 0; i < check->n_verdicts; i++) {
        bool upgrades = check->verdicts[i].answer == RIG_LAYOUT_UPGRADES;

        any = any || upgrades;
        if (has_chosen(check) && check->verdicts[i].chosen)
            return upgrades ? RIG_EXIT_PASSED : RIG_EXIT_FAILED;
    }
    return any && !has_chosen(check) ? RIG_EXIT_PASSED : RIG_EXIT_FAILED;
}

static int check_one(const char *const *what, bool json)
{
    struct check check = {0};
    GError *error = NULL;
    int exit_code;

    if (!make_check(&check, what, &error)) {
        check_clear(&check);
        return rig_cli_fail(error);
    }
    if (json)
        print_json(&check);
    else
        print_text(&check);
    exit_code = exit_code_of(&check);
    check_clear(&check);
    return exit_code;
}

/* Files of others as a target file. */
static int make_one(const char *const *what)
{
    GError *error = NULL;
    g_autofree char *text = text_of(what, &error);

    if (error)
        return rig_cli_fail(error);
    if (!text) {
        fprintf(stderr, "bootrig: '%s' is neither a devicetree nor a partition table nor a HEX file\n",
                what[0]);
        return RIG_EXIT_ERROR;
    }
    printf("%s", text);
    return RIG_EXIT_PASSED;
}

int rig_cli_target(int argc, char **argv)
{
    gboolean json = FALSE;
    g_auto(GStrv) words = NULL;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "machine-readable", NULL},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &words, NULL, NULL},
        {0},
    };
    int exit_code;

    if (!rig_cli_parse(
            &argc, &argv, entries, "check TARGET|FILE [FILE] | make FILE [FILE]",
            "Says what MCUboot makes of a flash layout: whether it can upgrade in each mode, or boots at "
            "all, the largest image, time and wear.",
            "FILE is a target file, a devicetree (zephyr.dts of a build) or a partition table of the "
            "partition manager (partitions.yml, pm_static.yml), or HEX files of bootloader and padded "
            "application, apart or merged. 'make' prints all but the first as a target file. The bootloader "
            "model is run on the layout; no device is touched.\n\n"
            "Exit codes: 0 the target's mode can upgrade (where none is chosen: one can), 1 it cannot, "
            "2 error.",
            &exit_code))
        return exit_code;
    if (words && g_str_equal(words[0], "check") && words[1] && g_strv_length(words) <= 3)
        return check_one((const char *const *)words + 1, json);
    if (words && g_str_equal(words[0], "make") && words[1] && g_strv_length(words) <= 3 && !json)
        return make_one((const char *const *)words + 1);
    fprintf(stderr, "bootrig: target wants 'check' or 'make', and one target or file\n");
    return RIG_EXIT_ERROR;
}
