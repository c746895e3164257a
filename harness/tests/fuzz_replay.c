/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Feeds every file of the directories named on the command line to a fuzz target, so that a corpus is a test.
 */
#define _DEFAULT_SOURCE
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static int feed_file(const char *path, size_t n_bytes)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(n_bytes ? n_bytes : 1);
    int ok = file && bytes && fread(bytes, 1, n_bytes, file) == n_bytes;

    if (ok)
        LLVMFuzzerTestOneInput(bytes, n_bytes);
    free(bytes);
    if (file)
        fclose(file);
    return ok;
}

static long feed_directory(const char *directory)
{
    DIR *entries = opendir(directory);
    long n_fed = 0;

    for (struct dirent *entry; entries && (entry = readdir(entries));) {
        char path[4096];
        struct stat status;

        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        if (stat(path, &status) == 0 && S_ISREG(status.st_mode) && feed_file(path, (size_t)status.st_size))
            n_fed++;
    }
    if (entries)
        closedir(entries);
    return n_fed;
}

int main(int argc, char **argv)
{
    long n_fed = 0;

    for (int i = 1; i < argc; i++)
        n_fed += feed_directory(argv[i]);
    printf("%ld inputs\n", n_fed);
    return n_fed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
