/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fuzz target: any bytes as a journal, through the reader and one of the reports; what comes out as XML and
 * JSON must parse. */
#include <json-glib/json-glib.h>
#include <libxml/parser.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "report/junit.h"
#include "report/page.h"
#include "report/terminal.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void check_junit(const struct rig_results *results, bool strict)
{
    const char *const attachments[] = {"reports/out/journal.jsonl", NULL};
    struct rig_junit_options options = {.strict = strict, .attachments = attachments};
    gsize n_bytes = 0;
    g_autofree char *text = rig_junit_text(results, &options, &n_bytes, NULL);
    xmlDocPtr document = xmlReadMemory(text, (int)n_bytes, "junit", NULL, XML_PARSE_NOERROR | XML_PARSE_HUGE);

    g_assert(document);
    xmlFreeDoc(document);
    if (rig_results_exit_code(results) == 0)
        g_assert(!strstr(text, "<failure ") && !strstr(text, "<error "));
}

static void check_json(const struct rig_results *results)
{
    gsize n_bytes = 0;
    g_autofree char *text = rig_summary_json(results, &n_bytes);
    g_autoptr(JsonParser) parser = json_parser_new();

    g_assert(json_parser_load_from_data(parser, text, (gssize)n_bytes, NULL));
}

static void check_terminal(const struct rig_results *results)
{
    struct rig_terminal_options options = {.loudness = RIG_VERBOSE, .colour = true, .width = 80};
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *out = open_memstream(&text, &n_bytes);

    rig_terminal_report(out, &options, results);
    fclose(out);
    g_assert(g_utf8_validate(text, (gssize)n_bytes, NULL));
    free(text);
}

static void check_html(const struct rig_results *results)
{
    gsize n_bytes = 0;
    g_autofree char *page = rig_html_page(results, &n_bytes);

    g_assert(g_utf8_validate(page, (gssize)n_bytes, NULL));
}

/* The first byte chooses the report: one for each input keeps the target fast. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    g_autoptr(rig_results) results = rig_results_from_bytes(bytes + (n_bytes > 0), n_bytes - (n_bytes > 0));

    switch (n_bytes > 0 ? bytes[0] % 5 : 0) {
    case 0:
        check_junit(results, false);
        break;
    case 1:
        check_junit(results, true);
        break;
    case 2:
        check_json(results);
        break;
    case 3:
        check_terminal(results);
        break;
    default:
        check_html(results);
        break;
    }
    return 0;
}
