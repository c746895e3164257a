# SPDX-License-Identifier: GPL-3.0-or-later
# cmake -DMADE=FILE -DKEPT=FILE -P compare.cmake: the committed copy is what the tables make, or how to refresh it.
file(READ ${MADE} made)
file(READ ${KEPT} kept)
if(NOT made STREQUAL kept)
  message(FATAL_ERROR "${KEPT} is not what the program makes now; refresh it by: ninja -C build reference")
endif()
