/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"

#include "tests/scratch.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on

static int remove_folder(void **state)
{
    bool gone = rig_tree_remove(*state);

    g_free(*state);
    return gone ? 0 : -1;
}

static void replacing_puts_files_whole_and_writes_devices_in_place(void **state)
{
    g_autofree char *path = g_build_filename(*state, "report", NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;

    assert_true(rig_file_replace(path, RIG_FILE_PUBLIC, "first", 5, NULL));
    assert_true(rig_file_replace(path, RIG_FILE_PUBLIC, "next", 4, NULL));
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    assert_string_equal(text, "next");
    g_unlink(path);
    assert_true(rig_file_replace("/dev/null", RIG_FILE_PUBLIC, "x", 1, NULL));
    assert_false(g_file_test("/dev/null", G_FILE_TEST_IS_REGULAR));
    assert_false(rig_file_replace("/dev/full", RIG_FILE_PUBLIC, "x", 1, &error));
    assert_false(g_file_test("/dev/full", G_FILE_TEST_IS_REGULAR));
}

static guint n_files_in(const char *path)
{
    g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
    guint n = 0;

    while (g_dir_read_name(directory))
        n++;
    return n;
}

/* The file size limit stands in for the full disk. */
static void a_file_that_does_not_fit_is_an_error_and_leaves_the_old_one_alone(void **state)
{
    g_autofree char *folder = g_build_filename(*state, "small-disk", NULL);
    g_autofree char *path = g_build_filename(folder, "report", NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    struct rlimit limit;
    struct rlimit small;

    g_mkdir(folder, 0700);
    assert_true(rig_file_replace(path, RIG_FILE_PUBLIC, "old", 3, NULL));
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    small = limit;
    small.rlim_cur = 4;
    setrlimit(RLIMIT_FSIZE, &small);
    assert_false(rig_file_replace(path, RIG_FILE_PUBLIC, "a longer one", 12, &error));
    setrlimit(RLIMIT_FSIZE, &limit);
    assert_non_null(strstr(error->message, "cannot write "));
    assert_non_null(strstr(error->message, "File too large"));
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    assert_string_equal(text, "old");
    assert_int_equal(n_files_in(folder), 1);
    g_unlink(path);
    g_rmdir(folder);
}

static void a_symbolic_link_stays_one_and_a_secret_is_the_owners(void **state)
{
    g_autofree char *path = g_build_filename(*state, "secret", NULL);
    g_autofree char *link_path = g_build_filename(*state, "link", NULL);
    g_autofree char *text = NULL;
    struct stat status;

    assert_true(rig_file_replace(path, RIG_FILE_SECRET, "old", 3, NULL));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(symlink("secret", link_path), 0);
    assert_true(rig_file_replace(link_path, RIG_FILE_SECRET, "new", 3, NULL));
    assert_true(g_file_test(link_path, G_FILE_TEST_IS_SYMLINK));
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    assert_string_equal(text, "new");
}

static void a_folder_cannot_be_written_as_a_file(void **state)
{
    g_autoptr(GError) error = NULL;

    assert_false(rig_file_replace(*state, RIG_FILE_PUBLIC, "x", 1, &error));
    assert_non_null(strstr(error->message, ": it is a folder"));
    assert_true(g_file_test(*state, G_FILE_TEST_IS_DIR));
}

static void a_tree_is_removed_without_what_its_links_lead_to(void **state)
{
    g_autofree char *tree = g_build_filename(*state, "tree", NULL);
    g_autofree char *below = g_build_filename(tree, "below", NULL);
    g_autofree char *away = g_build_filename(*state, "away", NULL);
    g_autofree char *link_path = g_build_filename(tree, "link", NULL);

    assert_int_equal(g_mkdir_with_parents(below, 0700), 0);
    assert_int_equal(g_mkdir(away, 0700), 0);
    assert_int_equal(symlink(away, link_path), 0);
    assert_true(rig_tree_remove(tree));
    assert_false(g_file_test(tree, G_FILE_TEST_EXISTS));
    assert_true(g_file_test(away, G_FILE_TEST_IS_DIR));
    assert_true(rig_tree_remove(tree));
}

static void unfinished_files_are_known_by_their_names(void **state)
{
    (void)state;
    assert_true(rig_file_is_unfinished("junit.xml.1a2b3c4d", "junit.xml"));
    assert_false(rig_file_is_unfinished("junit.xml", "junit.xml"));
    assert_false(rig_file_is_unfinished("junit.xml.1a2b3c4", "junit.xml"));
    assert_false(rig_file_is_unfinished("junit.xml.1a2b3c4x", "junit.xml"));
    assert_false(rig_file_is_unfinished("report.html.1a2b3c4d", "junit.xml"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replacing_puts_files_whole_and_writes_devices_in_place),
        cmocka_unit_test(a_file_that_does_not_fit_is_an_error_and_leaves_the_old_one_alone),
        cmocka_unit_test(a_symbolic_link_stays_one_and_a_secret_is_the_owners),
        cmocka_unit_test(a_folder_cannot_be_written_as_a_file),
        cmocka_unit_test(a_tree_is_removed_without_what_its_links_lead_to),
        cmocka_unit_test(unfinished_files_are_known_by_their_names),
    };

    return cmocka_run_group_tests_name("file", tests, scratch_make, remove_folder);
}
