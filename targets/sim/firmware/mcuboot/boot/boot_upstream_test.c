/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What upstream does on layouts that it cannot serve, and what it says: every console text of the model is
 * upstream's or is marked. Facts: [SRC mcu-tools/mcuboot v2.3.0 boot/bootutil/src/loader.c, bootutil_misc.c,
 * swap_move.c, swap_scratch.c, swap_offset.c, image_validate.c, boot/zephyr/main.c]. */
#include "sim/firmware/mcuboot/boot/boot_fixture.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct layout {
    struct board_plan plan;
    bool runs; /* the old image; false: nothing boots */
    const char *says;
};

#define TOO_SMALL(n) "W: Failed reading sectors; BOOT_MAX_IMG_SECTORS=" #n " - too small?\n"
#define NOT_VALID "E: Image in the primary slot is not valid!\nE: Unable to find bootable image\n"

static const struct layout layouts[] = {
    {{.mode = RIG_SWAP_MOVE, .n_primary = 128, .sector_bytes = 1024, .max_sectors = 31},
     false,
     TOO_SMALL(31) NOT_VALID},
    {{.mode = RIG_SWAP_SCRATCH, .n_primary = 32, .max_sectors = 31}, false, TOO_SMALL(31) NOT_VALID},
    {{.mode = RIG_SWAP_OFFSET, .n_primary = 32, .max_sectors = 31}, false, TOO_SMALL(31) NOT_VALID},
    {{.mode = RIG_SWAP_OVERWRITE, .n_primary = 32, .max_sectors = 31}, false, TOO_SMALL(31) NOT_VALID},
    {{.mode = RIG_SWAP_SCRATCH, .n_primary = 16, .scratch_bytes = 128 * 1024, .max_sectors = 31},
     false,
     TOO_SMALL(31) NOT_VALID},
    {{.mode = RIG_SWAP_MOVE, .n_primary = 31, .n_secondary = 32, .max_sectors = 31},
     true,
     TOO_SMALL(31) "W: Cannot upgrade: not a compatible amount of sectors\n"},
    {{.mode = RIG_SWAP_OFFSET, .n_primary = 31, .n_secondary = 32, .max_sectors = 31},
     true,
     TOO_SMALL(31) "W: Cannot upgrade: not a compatible amount of sectors\n"},
    {{.mode = RIG_SWAP_OVERWRITE, .n_primary = 31, .n_secondary = 32, .max_sectors = 31},
     true,
     TOO_SMALL(31) "W: Cannot upgrade: slots are not compatible\n"},
    {{.mode = RIG_SWAP_SCRATCH, .n_primary = 8, .sector_bytes = 8192, .scratch_bytes = 4096},
     false,
     "W: Cannot upgrade: not all sectors fit inside scratch\n"
     "W: Cannot upgrade: not all sectors fit inside scratch\n" NOT_VALID},
    {{.mode = RIG_SWAP_SCRATCH,
      .n_primary = 16,
      .n_secondary = 8,
      .secondary_sector_bytes = 8192,
      .scratch_bytes = 4096},
     false,
     "W: Cannot upgrade: not all sectors fit inside scratch\n"
     "W: Cannot upgrade: not all sectors fit inside scratch\n" NOT_VALID},
    {{.mode = RIG_SWAP_SCRATCH,
      .sector_bytes = 12288,
      .n_primary = 6,
      .n_secondary = 9,
      .secondary_sector_bytes = 8192,
      .scratch_bytes = 65536},
     false,
     "W: Cannot upgrade: slots have non-compatible sectors\n"
     "W: Cannot upgrade: slots have non-compatible sectors\n" NOT_VALID},
    {{.mode = RIG_SWAP_SCRATCH,
      .sector_bytes = 8192,
      .n_primary = 9,
      .n_secondary = 8,
      .scratch_bytes = 8192},
     true,
     "W: Cannot upgrade: slots are not compatible\n"},
    {{.mode = RIG_SWAP_OFFSET, .sector_bytes = 8192, .n_primary = 9, .n_secondary = 8},
     true,
     "W: Cannot upgrade: not a compatible amount of sectors\n"},
    {{.mode = RIG_SWAP_OVERWRITE, .sector_bytes = 8192, .n_primary = 9, .n_secondary = 8},
     true,
     "W: Cannot upgrade: slots are not compatible\n"},
    {{.mode = RIG_SWAP_MOVE, .n_primary = 16, .n_secondary = 8, .secondary_sector_bytes = 8192},
     true,
     "W: Cannot upgrade: not a compatible amount of sectors\n"},
};

static void layouts_that_cannot_be_served_end_as_upstreams(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++) {
        const struct layout *layout = &layouts[i];
        struct board board;
        board_make(&board, &layout->plan);
        board.config.validate_primary = true;
        board_stage(&board, true);
        board_boot_counted(&board, layout->runs ? SIM_BOOT_RUNS : SIM_BOOT_NO_IMAGE);
        const char *at = strstr(board.log, "W: ");
        if (at == NULL || strncmp(at, layout->says, strlen(layout->says)) != 0) {
            print_error("layout %zu says:\n%s", i, board.log);
            fail();
        }
        assert_true(!layout->runs || board_runs(&board, &board.old));
        board_clear(&board);
    }
}

/* Only the header's magic is looked at then, and that was not read. */
static void without_validation_a_sector_table_that_is_too_small_boots_nothing_either(void **state)
{
    (void)state;
    struct board board;
    board_make(&board, &(struct board_plan){.mode = RIG_SWAP_MOVE, .n_primary = 32, .max_sectors = 31});
    board.config.validate_primary = false;
    board_stage(&board, true);
    board_boot_counted(&board, SIM_BOOT_NO_IMAGE);
    assert_non_null(strstr(board.log, TOO_SMALL(31) "E: Bad image magic 0x0; Image=0\n"));
    board_clear(&board);
}

/* With '%' for each conversion. "Bad image magic" and "Insufficient version" as they are since v2.4.0. */
static const char *const upstream_texts[] = {
    "%: magic=%, swap_type=%, copy_done=%, image_ok=%",
    "Bad image magic %; Image=%",
    "Boot source: %",
    "boot_verify_logical_sectors: misaligned offset (%)",
    "Bootloader chainload address offset: %",
    "Cannot upgrade: more sectors than allowed",
    "Cannot upgrade: not a compatible amount of sectors",
    "Cannot upgrade: not all sectors fit inside scratch",
    "Cannot upgrade: not same sector layout",
    "Cannot upgrade: slots are not compatible",
    "Cannot upgrade: slots have non-compatible sectors",
    "Cleared image % primary slot trailer due to stuck revert",
    "Detected inconsistent status!",
    "Erasing the primary slot",
    "%9s slot: version=%.%.%+%",
    "Bad image magic %",
    "Failed reading image headers.",
    "Failed reading image headers; Image=%",
    "Failed to set copy_done flag of the image in the % slot.",
    "Image % % slot: image not found",
    "Image % RAM load address % is invalid.",
    "Image % RAM loading to % is succeeded.",
    "Image % RAM loading to address % would overlap with another image.",
    "Image % loaded from the % slot",
    "Image in % slot at % has been built for offset %, skipping",
    "Image in the % slot is not valid!",
    "Image not bootable",
    "Image size bigger than designated area: % > %",
    "No slot to load for image %",
    "Removing image % from SRAM at address %",
    "Removing image % slot % from flash",
    "Security counter update failed after image % validation",
    "Failed reading sectors; BOOT_MAX_IMG_SECTORS=% - too small?",
    "Image % copying the secondary slot to the primary slot: % bytes",
    "Image % in slot 1 erased due to downgrade prevention",
    "Image % upgrade secondary slot -> primary slot",
    "Image in the primary slot is not valid!",
    "Image in the secondary slot is not valid!",
    "Image index: %, Swap type: %",
    "Image security counter value % lower than monotonic value %",
    "Image version: v%.%.%",
    "Insufficient version in secondary slot",
    "Jumping to the first image slot",
    "Jumping to the image slot",
    "Not enough free space to run swap upgrade",
    "Secondary header magic detected in first sector, wrong upload address?",
    "Starting Direct-XIP bootloader",
    "Starting bootloader",
    "Starting swap using move algorithm.",
    "Starting swap using offset algorithm.",
    "Starting swap using scratch algorithm.",
    "Unable to find bootable image",
    "boot_read_enc_key: No key, read all 0xFF",
    "required % bytes but only % are available",
};
#define MARK "sim: "
#define MODEL_DIR RIG_SOURCE_DIR "/targets/sim/firmware/mcuboot/boot"

/* "0x%x" and "%u" -> "%" */
static void normalise(const char *format, size_t n_format, char *text)
{
    for (size_t i = 0; i < n_format; i++) {
        i += strncmp(format + i, "0x%", 3) == 0 ? 2 : 0;
        *text++ = format[i];
        if (format[i] == '%') {
            i++;
        }
    }
    *text = '\0';
}

static bool is_upstreams(const char *text)
{
    for (size_t i = 0; i < sizeof upstream_texts / sizeof upstream_texts[0]; i++) {
        if (strcmp(upstream_texts[i], text) == 0) {
            return true;
        }
    }
    return false;
}

static size_t look_at_texts(const char *source, const char *name)
{
    static const char call[] = "boot_say(";
    size_t n_texts = 0;
    for (const char *at = strstr(source, call); at; at = strstr(at + 1, call)) {
        const char *begin = strchr(at, '"');
        const char *end = begin ? strchr(begin + 1, '"') : NULL;
        const char *statement = strchr(at, ';');
        char text[256];
        if (!begin || !end || strncmp(at + strlen(call), "struct", 6) == 0) {
            continue; /* its declaration */
        }
        assert_true(statement && begin < statement + 1 + sizeof text && (size_t)(end - begin) < sizeof text);
        normalise(begin + 1, (size_t)(end - begin - 1), text);
        n_texts++;
        if (strncmp(text, MARK, strlen(MARK)) != 0 && !is_upstreams(text)) {
            print_error("%s: \"%s\" is not upstream's: mark it with \"%s\"\n", name, text, MARK);
            fail();
        }
    }
    return n_texts;
}

static char *read_source(const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", MODEL_DIR, name);
    FILE *file = fopen(path, "rb");
    char *source = calloc(1, 256 * 1024);
    assert_non_null(file);
    assert_non_null(source);
    size_t n_bytes = fread(source, 1, 256 * 1024 - 1, file);
    assert_true(n_bytes > 0 && n_bytes < 256 * 1024 - 1);
    fclose(file);
    return source;
}

static void every_console_text_is_upstreams_or_marked(void **state)
{
    (void)state;
    size_t n_texts = 0;
    DIR *folder = opendir(MODEL_DIR);
    assert_non_null(folder);
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        size_t n_name = strlen(entry->d_name);
        if (n_name < 3 || strcmp(entry->d_name + n_name - 2, ".c") != 0 || strstr(entry->d_name, "_test.c")) {
            continue;
        }
        char *source = read_source(entry->d_name);
        n_texts += look_at_texts(source, entry->d_name);
        free(source);
    }
    closedir(folder);
    assert_true(n_texts > 25);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layouts_that_cannot_be_served_end_as_upstreams),
        cmocka_unit_test(without_validation_a_sector_table_that_is_too_small_boots_nothing_either),
        cmocka_unit_test(every_console_text_is_upstreams_or_marked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
