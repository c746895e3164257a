/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which image stands somewhere in flash, also when it was encrypted on its way there. */
#ifndef RIG_EXPLORE_RUNNING_H
#define RIG_EXPLORE_RUNNING_H

#include "explore/subject.h"

G_BEGIN_DECLS

/* Does the flash hold at this place what `bytes`, the file of an encrypted image, is when it is decrypted?
 * Header and TLVs stay as they are, and the stored hash is the one of the plain image: no key is needed
 * [SRC mcu-tools/mcuboot docs/encrypted_images.md]. false also when the file has no hash that is known. */
bool rig_holds_decrypted(const struct sim_flash *flash, guint device, guint32 offset, const guint8 *bytes,
                         gsize n_bytes);

G_END_DECLS

#endif
