/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `bootrig image`: make, info, verify, damage and key. Arguments in, files and text out; the work is done in
 * image/. */
#ifndef RIG_CLI_IMAGE_COMMAND_H
#define RIG_CLI_IMAGE_COMMAND_H

/* argv[0] is "image". Returns the exit code: 0 done, 1 the image did not verify, 2 bad usage or bad input.
 * Results go to stdout, complaints to stderr. --help ends the process. */
int rig_cli_image(int argc, char **argv);

#endif
