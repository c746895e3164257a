/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Paths of kept files. */
#include "report/evidence.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

#define MAX_NAME_BYTES 100u

struct rig_evidence {
    char *directory;
    char *folder;     /* of this attempt */
    GPtrArray *files; /* char *, a NULL at the end */
};

struct rig_evidence *rig_evidence_new(const char *directory)
{
    struct rig_evidence *evidence = g_new0(struct rig_evidence, 1);

    evidence->directory = g_strdup(directory);
    evidence->files = g_ptr_array_new_with_free_func(g_free);
    rig_evidence_begin(evidence, 0, "case", 0);
    return evidence;
}

void rig_evidence_free(struct rig_evidence *evidence)
{
    if (!evidence)
        return;
    g_free(evidence->directory);
    g_free(evidence->folder);
    g_ptr_array_unref(evidence->files);
    g_free(evidence);
}

static char *tame(const char *name)
{
    char *tamed = g_strndup(name, MAX_NAME_BYTES);

    g_strcanon(tamed, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-", '-');
    if (*tamed == '.' || *tamed == '\0') {
        g_free(tamed);
        return g_strdup("file");
    }
    return tamed;
}

/* "small[as=test]" -> "small-as-test": one '-' in a row, none at an end. */
static char *folder_name(const char *case_name)
{
    g_autofree char *tamed = tame(case_name);
    g_auto(GStrv) words = g_strsplit(tamed, "-", -1);
    g_autoptr(GString) name = g_string_new(NULL);

    for (char **word = words; *word; word++)
        if (**word)
            g_string_append_printf(name, "%s%s", name->len ? "-" : "", *word);
    return g_strdup(name->len ? name->str : "case");
}

/* The number makes it unique, whatever the names are and whatever the file system takes for the same. */
void rig_evidence_begin(struct rig_evidence *evidence, guint case_index, const char *case_name, guint attempt)
{
    g_autofree char *of_case = folder_name(case_name);
    g_autofree char *name = attempt ? g_strdup_printf("%03u-%s-attempt-%u", case_index, of_case, attempt + 1)
                                    : g_strdup_printf("%03u-%s", case_index, of_case);

    g_free(evidence->folder);
    evidence->folder = g_build_filename(evidence->directory, RIG_EVIDENCE_FOLDER, name, NULL);
    g_ptr_array_set_size(evidence->files, 0);
    g_ptr_array_add(evidence->files, NULL);
}

const char *rig_evidence_directory(const struct rig_evidence *evidence)
{
    return evidence->directory;
}

static bool is_taken(const struct rig_evidence *evidence, const char *path)
{
    for (guint i = 0; i + 1 < evidence->files->len; i++)
        if (g_str_equal(g_ptr_array_index(evidence->files, i), path))
            return true;
    return false;
}

/* "slot1.bin" -> "slot1-2.bin". */
static char *numbered(const char *name, guint number)
{
    const char *dot = strrchr(name, '.');

    if (number == 1)
        return g_strdup(name);
    if (!dot)
        return g_strdup_printf("%s-%u", name, number);
    return g_strdup_printf("%.*s-%u%s", (int)(dot - name), name, number, dot);
}

char *rig_evidence_file(struct rig_evidence *evidence, const char *name, GError **error)
{
    g_autofree char *tamed = tame(name);
    char *path = NULL;

    if (evidence->files->len > RIG_EVIDENCE_MAX_FILES) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO,
                    "a case keeps no more than %u files: '%s' is one too many", RIG_EVIDENCE_MAX_FILES, name);
        return NULL;
    }
    if (g_mkdir_with_parents(evidence->folder, 0777) != 0) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot make the folder %s: %s", evidence->folder,
                    g_strerror(errno));
        return NULL;
    }
    for (guint number = 1; !path; number++) {
        g_autofree char *candidate = numbered(tamed, number);

        path = g_build_filename(evidence->folder, candidate, NULL);
        if (is_taken(evidence, path))
            g_clear_pointer(&path, g_free);
    }
    g_ptr_array_insert(evidence->files, (gint)evidence->files->len - 1, g_strdup(path));
    return path;
}

const char *const *rig_evidence_files(struct rig_evidence *evidence)
{
    return (const char *const *)evidence->files->pdata;
}

static bool is_folder(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static void clear_folder(const char *path)
{
    g_autoptr(GDir) folder = is_folder(path) ? g_dir_open(path, 0, NULL) : NULL;
    const char *name;

    while (folder && (name = g_dir_read_name(folder))) {
        g_autofree char *file = g_build_filename(path, name, NULL);

        if (!is_folder(file))
            unlink(file);
    }
    rmdir(path);
}

/* "003-small-as-test", and "003" of older versions. */
static bool is_of_an_attempt(const char *name)
{
    gsize n_digits = strspn(name, "0123456789");

    return n_digits >= 3 && (name[n_digits] == '-' || name[n_digits] == '\0');
}

void rig_evidence_clear(const char *directory)
{
    g_autofree char *path = g_build_filename(directory, RIG_EVIDENCE_FOLDER, NULL);
    g_autoptr(GDir) folder = is_folder(path) ? g_dir_open(path, 0, NULL) : NULL;
    const char *name;

    while (folder && (name = g_dir_read_name(folder))) {
        g_autofree char *attempt = g_build_filename(path, name, NULL);

        if (is_of_an_attempt(name))
            clear_folder(attempt);
        else if (g_str_has_prefix(name, RIG_EVIDENCE_PICTURES) && g_str_has_suffix(name, ".svg"))
            unlink(attempt);
    }
    rmdir(path);
}
