/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For tests: a link over the made-up bluetoothd, and its operations with errors asserted away. */
#ifndef RIG_TESTS_BLUEZ_STAND_H
#define RIG_TESTS_BLUEZ_STAND_H

#include "tests/bluez_fake.h"

struct bluez_stand {
    struct bluez_fake *fake;
    struct rig_link *link;
    guint16 mtu; /* of the next connection; 0 = the most */
};
/* cmocka's set-up and teardown: *state becomes the stand. */
int stand_open(void **state);
int stand_close(void **state);

guint64 stand_now_us(struct bluez_stand *stand);
struct rig_link_state stand_state(struct bluez_stand *stand);
enum rig_link_outcome stand_connect(struct bluez_stand *stand, bool pair);
enum rig_link_outcome stand_connect_within(struct bluez_stand *stand, bool pair, guint within_ms);
/* The connection must be an error of the rig; its message, owned by the caller. */
char *stand_connect_error(struct bluez_stand *stand);
char *stand_connect_error_within(struct bluez_stand *stand, guint within_ms);
enum rig_link_outcome stand_pair(struct bluez_stand *stand);
enum rig_link_outcome stand_subscribe(struct bluez_stand *stand, bool on);
enum rig_link_outcome stand_write(struct bluez_stand *stand, const guint8 *bytes, gsize n_bytes);
/* A packet must come. */
GBytes *stand_receive(struct bluez_stand *stand);
/* NULL: none, see *outcome. */
GBytes *stand_receive_within(struct bluez_stand *stand, guint within_ms, enum rig_link_outcome *outcome);

#endif
