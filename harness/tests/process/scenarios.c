/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The scenarios that tests of the real binary run. */
#include "process.h"

#define IMAGES                                                                                               \
    "images:\n"                                                                                              \
    "  old: {version: 1.0.0, size: 8KiB}\n"                                                                  \
    "  new: {version: 2.0.0, size: 8KiB}\n"

const char scenario_passing[] = "scenario: small\n"
                                "about: An update that is kept or reverted.\n"
                                "tags: [quick, mcuboot]\n"
                                "matrix:\n"
                                "  as: [test, permanent]\n" IMAGES "setup:\n"
                                "  - board: {slot0: old}\n"
                                "  - connect:\n"
                                "steps:\n"
                                "  - upload: new\n"
                                "  - mark: {image: new, as: $as}\n"
                                "  - reset:\n"
                                "  - expect-boot: {image: new, within: 2s}\n";

const char scenario_failing[] = "scenario: wrong-hope\n"
                                "about: Nobody uploaded what is expected here.\n"
                                "tags: [quick, hopeless]\n" IMAGES "setup:\n"
                                "  - board: {slot0: old}\n"
                                "steps:\n"
                                "  - expect-boot: {image: new, within: 2s}\n"
                                "cleanup:\n"
                                "  - note: cleanup ran\n";

const char scenario_erring[] = "scenario: no-such-slot\n"
                               "tags: [broken]\n"
                               "images: {old: {version: 1.0.0, size: 8KiB}}\n"
                               "setup:\n"
                               "  - board: {slot0: old}\n"
                               "steps:\n"
                               "  - dump-slot: 4\n";

const char scenario_flaky[] =
    "scenario: unlucky\n"
    "about: One lost chunk ends the upload; how many are lost depends on the seed.\n" IMAGES "setup:\n"
    "  - board: {slot0: old}\n"
    "  - connect:\n"
    "steps:\n"
    "  - with-faults:\n"
    "      faults: [{drop: {probability: 2%}}]\n"
    "      must-happen: false\n"
    "    do:\n"
    "      - upload: {image: new, failures: 1}\n";

const char scenario_sweep[] = "scenario: long-sweep\n"
                              "about: Takes a while on purpose.\n" IMAGES "setup:\n"
                              "  - board: {slot0: old}\n"
                              "  - connect:\n"
                              "  - upload: new\n"
                              "  - mark: new\n"
                              "steps:\n"
                              "  - each-power-cut:\n"
                              "      during:\n"
                              "        - reset:\n"
                              "      torn: [none, half-write, half-erase]\n"
                              "      then:\n"
                              "        - expect-boot: {image: [old, new], boots: 4}\n"
                              "cleanup:\n"
                              "  - note: cleanup ran\n";

const char scenario_losses[] = "scenario: many-losses\n"
                               "about: Takes a while on purpose.\n" IMAGES "setup:\n"
                               "  - board: {slot0: old, mtu: 23}\n"
                               "  - connect:\n"
                               "steps:\n"
                               "  - each-link-loss:\n"
                               "      by: [host, board, silence]\n"
                               "      during:\n"
                               "        - upload: {image: new, retry: resume}\n"
                               "      then:\n"
                               "        - expect-slot: {slot: 1, image: new}\n"
                               "cleanup:\n"
                               "  - note: cleanup ran\n";
