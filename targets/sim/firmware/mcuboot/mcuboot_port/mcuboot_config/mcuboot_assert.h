/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCUBOOT_ASSERT_H
#define MCUBOOT_ASSERT_H

void port_assert_failed(const char *file, int line, const char *text) __attribute__((noreturn));

#undef assert
#define ASSERT(x) ((x) ? (void)0 : port_assert_failed(__FILE__, __LINE__, #x))
#define assert(x) ASSERT(x)

#endif
