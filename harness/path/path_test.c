/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The event of a path: what is read back is what was written, and hostile ones stay within their bounds. */
#include "path/path_event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static char *json_of(const struct rig_path *path, bool in_full)
{
    g_autoptr(rig_event) event = rig_path_to_event(path, in_full);
    g_autoptr(GString) text = g_string_new(NULL);

    assert_non_null(event);
    rig_event_write_json(event, text);
    return g_strdup(text->str);
}

static struct rig_path *path_of(const char *json)
{
    g_autoptr(rig_event) event = rig_event_parse_json(json, strlen(json));

    assert_non_null(event);
    return rig_path_from_event(event);
}

static void add_trailer(GArray *trailers, guint area, const char *magic, gint64 size)
{
    struct rig_path_trailer trailer = {.area = area,
                                       .magic = magic,
                                       .type = "test",
                                       .copy_done = "unset",
                                       .image_ok = "set",
                                       .status = "step 4, state 1 is done",
                                       .progress = "4.1",
                                       .size = size};

    g_array_append_val(trailers, trailer);
}

static void add_cells(GArray *cells, enum rig_path_holds holds, bool part, guint from, guint n)
{
    for (guint i = 0; i < n; i++) {
        struct rig_path_cell cell = {(guint8)holds, part, from + i};

        g_array_append_val(cells, cell);
    }
}

static struct rig_path *make_path(void)
{
    struct rig_path *path = rig_path_new();
    struct rig_path_area *area = rig_path_add_area(path, "primary");
    struct rig_path_cycle *cycle = rig_path_add_cycle(path, 3);
    struct rig_path_step *step = rig_path_step_new();
    struct rig_path_change changes[] = {{0, 1, {RIG_PATH_NEW, true, 5}},
                                        {0, 2, {RIG_PATH_NEW, true, 6}},
                                        {1, 0, {RIG_PATH_TRAILER, false, 0}}};

    path->old_name = "old";
    path->new_name = "fresh \"one\"";
    rig_path_set_origin(path, "steps.0", "app,0,19h,run");
    rig_path_add_broken(path, "boots", "It boots.", "no bootable image");
    path->n_left_out = 3;
    rig_path_add_sectors(area, 4096, 4);
    rig_path_add_sectors(area, 8192, 3);
    area->trailer = 6;
    add_cells(area->cells, RIG_PATH_OLD, false, 0, 3);
    add_cells(area->cells, RIG_PATH_OLD, true, 3, 1);
    add_cells(area->cells, RIG_PATH_OTHER, false, 0, 1);
    add_cells(area->cells, RIG_PATH_ERASED, false, 0, 1);
    add_cells(area->cells, RIG_PATH_TRAILER, false, 0, 1);
    area = rig_path_add_area(path, "scratch");
    rig_path_add_sectors(area, 4096, 1);
    area->trailer = 1;
    add_cells(area->cells, RIG_PATH_NEW, false, 2, 1);
    add_trailer(path->trailers, 0, "good", 0);
    cycle->n_operations = 2;
    cycle->decision = "test";
    cycle->runs = "new";
    cycle->action = "confirm";
    cycle->cut = "before operation 2";
    g_ptr_array_add(cycle->operations, (gpointer) "write");
    g_ptr_array_add(cycle->operations, (gpointer) "write again");
    step->kind = RIG_PATH_WRITE;
    step->by_application = step->torn = true;
    step->area = 0;
    step->sector = 1;
    step->to = 2;
    step->n = 2;
    step->field = "magic";
    step->text = "write primary sectors 1 to 2";
    g_array_append_vals(step->cells, changes, G_N_ELEMENTS(changes));
    add_trailer(step->trailers, 1, "bad", 4096);
    g_ptr_array_add(cycle->steps, step);
    step = rig_path_step_new();
    step->kind = RIG_PATH_MORE;
    step->first = 2;
    step->n = 40;
    step->text = "the same 4 times more";
    g_ptr_array_add(cycle->steps, step);
    rig_path_add_cycle(path, 4)->stop = "no bootable image";
    return path;
}

static void what_is_read_back_is_what_was_written(void **state)
{
    g_autoptr(rig_path) path = make_path();
    g_autofree char *json = json_of(path, true);
    g_autoptr(rig_path) again = path_of(json);
    g_autofree char *json_again = json_of(again, true);

    (void)state;
    assert_non_null(strstr(json, "\"sectors\":\"4096*4 8192*3\""));
    assert_non_null(strstr(json, "\"cells\":\"o0*3 o3~ x . t\""));
    assert_non_null(strstr(json, "\"cells\":\"0:1=n5~*2 1:0=t\""));
    assert_non_null(strstr(json, "\"each\":[\"write\",\"write again\"]"));
    assert_string_equal(json_again, json);
}

static void operations_are_told_where_they_are_asked_for(void **state)
{
    g_autoptr(rig_path) path = make_path();
    g_autofree char *json = json_of(path, false);
    g_autoptr(rig_path) again = path_of(json);

    (void)state;
    assert_null(strstr(json, "\"each\""));
    assert_int_equal(((const struct rig_path_cycle *)again->cycles->pdata[0])->operations->len, 0);
}

static void a_path_on_which_nothing_happened_is_no_event(void **state)
{
    g_autoptr(rig_path) path = rig_path_new();

    (void)state;
    assert_null(rig_path_to_event(path, false));
    assert_null(path_of("{\"ev\":\"path\",\"legs\":[]}"));
}

/* Areas, sectors and cells that are not there are not made up by what names them. */
static void what_a_journal_makes_up_is_bounded(void **state)
{
    g_autoptr(rig_path) path =
        path_of("{\"ev\":\"path\",\"areas\":[{\"name\":\"p\",\"sectors\":\"4096*99999999 "
                "4096*5\",\"trailer\":-4,\"cells\":\"o1*2 q\"},{\"name\":\"empty\"}],"
                "\"trailers\":[{\"area\":7}],\"legs\":[{\"number\":-9,\"steps\":["
                "{\"area\":-1,\"sector\":3,\"n\":-4},{\"area\":1},{\"area\":0,\"sector\":99999999,"
                "\"to\":2,\"cells\":\"0:65530=n1*900 7:0=.\"}]}]}");
    const struct rig_path_area *area = path->areas->pdata[0];
    const struct rig_path_cycle *cycle = path->cycles->pdata[0];
    const struct rig_path_step *const *steps = (const struct rig_path_step *const *)cycle->steps->pdata;

    (void)state;
    assert_int_equal(area->n_sectors, RIG_PATH_MAX_SECTORS);
    assert_int_equal(area->cells->len, RIG_PATH_MAX_SECTORS);
    assert_int_equal(g_array_index(area->cells, struct rig_path_cell, 1).sectors, 2);
    assert_int_equal(g_array_index(area->cells, struct rig_path_cell, 2).holds, RIG_PATH_OTHER);
    assert_int_equal(area->trailer, 0);
    assert_int_equal(path->trailers->len, 0);
    assert_int_equal(cycle->number, 0);
    assert_int_equal(steps[0]->area, -1);
    assert_int_equal(steps[0]->n, 1);
    assert_int_equal(steps[1]->area, -1); /* it has no sector */
    assert_int_equal(steps[2]->sector, RIG_PATH_MAX_SECTORS - 1);
    assert_int_equal(steps[2]->to, RIG_PATH_MAX_SECTORS - 1);
    assert_int_equal(steps[2]->cells->len, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read_back_is_what_was_written),
        cmocka_unit_test(operations_are_told_where_they_are_asked_for),
        cmocka_unit_test(a_path_on_which_nothing_happened_is_no_event),
        cmocka_unit_test(what_a_journal_makes_up_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
