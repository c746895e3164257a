/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The words of the journal: its keys with their types, its kinds of events with the keys that each has, and
 * the objects inside of events. reports/journal.md tells what they mean; a test compares the two. */
#ifndef RIG_REPORT_EVENT_TABLE_H
#define RIG_REPORT_EVENT_TABLE_H

/* clang-format off */

/* X(constant after RIG_KEY_, key, type of its value), by key and type. */
#define RIG_EVENT_KEYS(X) \
    X(ABOUT, "about", TEXT) \
    X(ACTION, "action", TEXT) \
    X(AFTER_US, "after_us", COUNT) \
    X(AIMED_US, "aimed_us", COUNT) \
    X(ALSO, "also", LIST) \
    X(APP, "app", FLAG) \
    X(AREA, "area", COUNT) \
    X(AREAS, "areas", MAPS) \
    X(ARGV, "argv", LIST) \
    X(BONDED, "bonded", FLAG) \
    X(BOOTS, "boots", COUNT) \
    X(BROKEN, "broken", MAPS) \
    X(BY, "by", TEXT) \
    X(BYTES, "bytes", COUNT) \
    X(BYTES_HEX, "bytes", TEXT) \
    X(CASES, "cases", MAPS) \
    X(CAUSE, "cause", TEXT) \
    X(CELLS, "cells", TEXT) \
    X(CLOSED, "closed", FLAG) \
    X(COLUMN, "column", COUNT) \
    X(CONTENTS, "contents", COUNT) \
    X(COPY_DONE, "copy_done", TEXT) \
    X(CUT, "cut", TEXT) \
    X(CUTS, "cuts", COUNT) \
    X(DECISION, "decision", TEXT) \
    X(DEVICE, "device", TEXT) \
    X(DIR, "dir", TEXT) \
    X(DURATION_MS, "duration_ms", COUNT) \
    X(EACH, "each", LIST) \
    X(ELAPSED_US, "elapsed_us", COUNT) \
    X(ENCRYPTED, "encrypted", FLAG) \
    X(EVIDENCE, "evidence", LIST) \
    X(EXPECTED, "expected", TEXT) \
    X(FAULT, "fault", TEXT) \
    X(FIELD, "field", TEXT) \
    X(FILE, "file", TEXT) \
    X(FINAL, "final", FLAG) \
    X(FINDINGS, "findings", MAPS) \
    X(FIRST, "first", COUNT) \
    X(FORM, "form", TEXT) \
    X(FORMAT, "format", COUNT) \
    X(FORMAT_TEXT, "format", TEXT) \
    X(FORMS, "forms", LIST) \
    X(HEALS_AFTER, "heals_after", COUNT) \
    X(HOST, "host", TEXT) \
    X(ID, "id", TEXT) \
    X(IMAGE_OK, "image_ok", TEXT) \
    X(INTERRUPTED, "interrupted", FLAG) \
    X(INVARIANT, "invariant", TEXT) \
    X(INVARIANTS, "invariants", MAPS) \
    X(KIND, "kind", TEXT) \
    X(LEFT_OUT, "left_out", COUNT) \
    X(LEFT_OUT_WHY, "left_out", TEXT) \
    X(LEFT_OUT_CONSOLE, "left_out_console", COUNT) \
    X(LEFT_OUT_LINK, "left_out_link", COUNT) \
    X(LEFT_OUT_PACKETS, "left_out_packets", COUNT) \
    X(LEGS, "legs", MAPS) \
    X(LIFE, "life", LIST) \
    X(LINE, "line", COUNT) \
    X(LINE_TEXT, "line", TEXT) \
    X(LONGEST, "longest", COUNT) \
    X(MAGIC, "magic", TEXT) \
    X(MEANS, "means", TEXT) \
    X(MEASURED_US, "measured_us", COUNT) \
    X(MESSAGE, "message", TEXT) \
    X(N, "n", COUNT) \
    X(N_CASES, "n_cases", COUNT) \
    X(N_CUTS, "n_cuts", COUNT) \
    X(N_FAILED, "n_failed", COUNT) \
    X(N_LOSSES, "n_losses", COUNT) \
    X(N_PHASES, "n_phases", COUNT) \
    X(N_PHASES_HIT, "n_phases_hit", COUNT) \
    X(N_PLACES, "n_places", COUNT) \
    X(N_PLACES_HIT, "n_places_hit", COUNT) \
    X(NAME, "name", TEXT) \
    X(NEW, "new", TEXT) \
    X(NODES, "nodes", COUNT) \
    X(NOT_JUDGED, "not_judged", TEXT) \
    X(NUMBER, "number", COUNT) \
    X(OFFSET, "offset", COUNT) \
    X(OK, "ok", FLAG) \
    X(OLD, "old", TEXT) \
    X(OPERATION, "operation", COUNT) \
    X(OPERATIONS, "operations", COUNT) \
    X(OUTCOME, "outcome", TEXT) \
    X(PATH, "path", TEXT) \
    X(PHASE, "phase", TEXT) \
    X(PLACE, "place", TEXT) \
    X(POINT, "point", TEXT) \
    X(PROGRESS, "progress", TEXT) \
    X(PROOF, "proof", TEXT) \
    X(PROPERTIES, "properties", MAP) \
    X(REPLAY, "replay", TEXT) \
    X(RESUMED, "resumed", FLAG) \
    X(RUNS, "runs", TEXT) \
    X(SCENARIO, "scenario", TEXT) \
    X(SECTOR, "sector", COUNT) \
    X(SECTORS, "sectors", TEXT) \
    X(SEED, "seed", TEXT) \
    X(SEEN, "seen", TEXT) \
    X(SIZE, "size", COUNT) \
    X(SKIP_REASON, "skip_reason", TEXT) \
    X(SLOT, "slot", TEXT) \
    X(STATES, "states", COUNT) \
    X(STATUS, "status", TEXT) \
    X(STEP, "step", TEXT) \
    X(STEPS, "steps", MAPS) \
    X(STOP, "stop", TEXT) \
    X(SWAP, "swap", TEXT) \
    X(TAGS, "tags", LIST) \
    X(TARGET, "target", TEXT) \
    X(TARGET_ABOUT, "target_about", TEXT) \
    X(TEXT, "text", TEXT) \
    X(TIMEOUT_SCALE, "timeout_scale", REAL) \
    X(TO, "to", COUNT) \
    X(TORN, "torn", FLAG) \
    X(TORN_CUTS, "torn_cuts", COUNT) \
    X(TRAILER, "trailer", COUNT) \
    X(TRAILER_TEXTS, "trailers", LIST) \
    X(TRAILERS, "trailers", MAPS) \
    X(TYPE, "type", TEXT) \
    X(UNFINISHED, "unfinished", FLAG) \
    X(VERB, "verb", TEXT) \
    X(VERDICT, "verdict", TEXT) \
    X(VERSION, "version", TEXT) \
    X(WALL, "wall", TEXT) \
    X(WHAT, "what", TEXT) \
    X(WHERE, "where", MAP) \
    X(WHY_OPEN, "why_open", TEXT)

/* X(constant after RIG_EVENT_, kind, its keys ...). RIG_KEY_LEFT_OUT_WHY may be in any. */
#define RIG_EVENT_KINDS(X) \
    X(RUN_START, "run-start", RIG_KEY_FORMAT, RIG_KEY_VERSION, RIG_KEY_WALL, RIG_KEY_ARGV, \
      RIG_KEY_TARGET, RIG_KEY_TARGET_ABOUT, RIG_KEY_SEED, RIG_KEY_TIMEOUT_SCALE, RIG_KEY_HOST, \
      RIG_KEY_PROPERTIES, RIG_KEY_N_CASES, RIG_KEY_CASES) \
    X(CASES, "cases", RIG_KEY_CASES) \
    X(LOAD_ERROR, "load-error", RIG_KEY_FILE, RIG_KEY_TEXT) \
    X(RUN_ERROR, "run-error", RIG_KEY_TEXT) \
    X(RUN_END, "run-end", RIG_KEY_WALL, RIG_KEY_DURATION_MS, RIG_KEY_INTERRUPTED) \
    X(CASE_START, "case-start", RIG_KEY_WALL, RIG_KEY_SEED, RIG_KEY_TARGET) \
    X(CASE_END, "case-end", RIG_KEY_VERDICT, RIG_KEY_WALL, RIG_KEY_ELAPSED_US, RIG_KEY_DURATION_MS, \
      RIG_KEY_MESSAGE, RIG_KEY_WHERE, RIG_KEY_EXPECTED, RIG_KEY_SEEN, RIG_KEY_REPLAY, RIG_KEY_FINAL, \
      RIG_KEY_SKIP_REASON, RIG_KEY_TRAILER_TEXTS, RIG_KEY_UNFINISHED, RIG_KEY_ALSO, RIG_KEY_EVIDENCE) \
    X(STEP_START, "step-start", RIG_KEY_STEP, RIG_KEY_VERB, RIG_KEY_TEXT, RIG_KEY_FILE, RIG_KEY_LINE, \
      RIG_KEY_COLUMN) \
    X(STEP_END, "step-end", RIG_KEY_STEP, RIG_KEY_VERDICT, RIG_KEY_ELAPSED_US) \
    X(EXPECT, "expect", RIG_KEY_STEP, RIG_KEY_OK, RIG_KEY_WHAT, RIG_KEY_EXPECTED, RIG_KEY_SEEN) \
    X(CONSOLE, "console", RIG_KEY_LINE_TEXT) \
    X(LINK, "link", RIG_KEY_DIR, RIG_KEY_BYTES_HEX, RIG_KEY_TEXT, RIG_KEY_FAULT) \
    X(LINK_STATE, "link-state", RIG_KEY_TEXT, RIG_KEY_ENCRYPTED, RIG_KEY_BONDED) \
    X(POWER, "power", RIG_KEY_WHAT, RIG_KEY_TEXT, RIG_KEY_PROOF, RIG_KEY_MEASURED_US, RIG_KEY_AIMED_US) \
    X(BOOT, "boot", RIG_KEY_TEXT, RIG_KEY_OUTCOME, RIG_KEY_SWAP, RIG_KEY_RESUMED, RIG_KEY_OPERATIONS) \
    X(FAULT, "fault", RIG_KEY_TEXT) \
    X(CUT, "cut", RIG_KEY_OPERATION, RIG_KEY_FORM, RIG_KEY_KIND, RIG_KEY_DEVICE, RIG_KEY_OFFSET, \
      RIG_KEY_BYTES, RIG_KEY_VERDICT, RIG_KEY_TEXT, RIG_KEY_AFTER_US, RIG_KEY_AIMED_US, \
      RIG_KEY_MEASURED_US, RIG_KEY_PROOF, RIG_KEY_PLACE) \
    X(LOSS, "loss", RIG_KEY_POINT, RIG_KEY_PHASE, RIG_KEY_BY, RIG_KEY_VERDICT, RIG_KEY_TEXT) \
    X(TRAILER, "trailer", RIG_KEY_SLOT, RIG_KEY_TEXT) \
    X(PACKET, "packet", RIG_KEY_TEXT, RIG_KEY_MEANS) \
    X(EXPLORE_START, "explore-start", RIG_KEY_STEP, RIG_KEY_LIFE, RIG_KEY_FORMS, RIG_KEY_INVARIANTS) \
    X(EXPLORE_END, "explore-end", RIG_KEY_STEP, RIG_KEY_CLOSED, RIG_KEY_WHY_OPEN, RIG_KEY_CONTENTS, \
      RIG_KEY_NODES, RIG_KEY_CUTS, RIG_KEY_TORN_CUTS, RIG_KEY_BOOTS, RIG_KEY_LONGEST, \
      RIG_KEY_ELAPSED_US, RIG_KEY_BYTES, RIG_KEY_INVARIANTS) \
    X(PATH, "path", RIG_KEY_STEP, RIG_KEY_PATH, RIG_KEY_BROKEN, RIG_KEY_OLD, RIG_KEY_NEW, \
      RIG_KEY_LEFT_OUT, RIG_KEY_AREAS, RIG_KEY_TRAILERS, RIG_KEY_LEGS) \
    X(NOTE, "note", RIG_KEY_TEXT, RIG_KEY_LEFT_OUT_CONSOLE, RIG_KEY_LEFT_OUT_LINK, \
      RIG_KEY_LEFT_OUT_PACKETS, RIG_KEY_N_CUTS, RIG_KEY_N_FAILED, RIG_KEY_N_PLACES_HIT, \
      RIG_KEY_N_PLACES, RIG_KEY_N_LOSSES, RIG_KEY_N_PHASES_HIT, RIG_KEY_N_PHASES, RIG_KEY_PHASE) \
    X(RETRY, "retry", RIG_KEY_TEXT)

/* X(constant after RIG_OBJECT_ and of the MAP or MAPS key that holds it, its keys ...). */
#define RIG_EVENT_OBJECTS(X) \
    X(PROPERTIES, RIG_KEY_UNKNOWN) \
    X(CASES, RIG_KEY_ID, RIG_KEY_FILE, RIG_KEY_LINE, RIG_KEY_SCENARIO, RIG_KEY_NAME, RIG_KEY_ABOUT, \
      RIG_KEY_TAGS) \
    X(WHERE, RIG_KEY_STEP, RIG_KEY_FILE, RIG_KEY_LINE, RIG_KEY_COLUMN, RIG_KEY_TEXT) \
    X(INVARIANTS, RIG_KEY_NAME, RIG_KEY_ABOUT, RIG_KEY_NOT_JUDGED, RIG_KEY_VERDICT, RIG_KEY_TEXT, \
      RIG_KEY_PATH, RIG_KEY_N_CUTS, RIG_KEY_STATES, RIG_KEY_FINDINGS) \
    X(FINDINGS, RIG_KEY_CAUSE, RIG_KEY_N_CUTS, RIG_KEY_STATES, RIG_KEY_PATH, RIG_KEY_TEXT, \
      RIG_KEY_HEALS_AFTER) \
    X(BROKEN, RIG_KEY_INVARIANT, RIG_KEY_ABOUT, RIG_KEY_TEXT) \
    X(AREAS, RIG_KEY_NAME, RIG_KEY_SECTORS, RIG_KEY_TRAILER, RIG_KEY_CELLS) \
    X(TRAILERS, RIG_KEY_AREA, RIG_KEY_MAGIC, RIG_KEY_TYPE, RIG_KEY_COPY_DONE, RIG_KEY_IMAGE_OK, \
      RIG_KEY_SIZE, RIG_KEY_STATUS, RIG_KEY_PROGRESS) \
    X(LEGS, RIG_KEY_NUMBER, RIG_KEY_DECISION, RIG_KEY_RUNS, RIG_KEY_ACTION, RIG_KEY_STOP, RIG_KEY_CUT, \
      RIG_KEY_OPERATIONS, RIG_KEY_STEPS, RIG_KEY_EACH) \
    X(STEPS, RIG_KEY_KIND, RIG_KEY_APP, RIG_KEY_TORN, RIG_KEY_AREA, RIG_KEY_SECTOR, RIG_KEY_TO, \
      RIG_KEY_FIRST, RIG_KEY_N, RIG_KEY_FIELD, RIG_KEY_TEXT, RIG_KEY_CELLS, RIG_KEY_TRAILERS)

/* clang-format on */

#endif
