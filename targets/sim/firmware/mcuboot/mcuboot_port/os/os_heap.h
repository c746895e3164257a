/* SPDX-License-Identifier: Apache-2.0 */
/* malloc() is the bench's: an arena that every boot finds empty. */
#include <stdlib.h>
