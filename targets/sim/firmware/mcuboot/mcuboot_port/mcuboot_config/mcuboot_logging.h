/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCUBOOT_LOGGING_H
#define MCUBOOT_LOGGING_H

/* A line for the bench's console. level: 'E', 'W', 'I'. */
void port_log(char level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define MCUBOOT_LOG_MODULE_DECLARE(domain)
#define MCUBOOT_LOG_MODULE_REGISTER(domain)
#define MCUBOOT_LOG_ERR(...) port_log('E', __VA_ARGS__)
#define MCUBOOT_LOG_WRN(...) port_log('W', __VA_ARGS__)
#define MCUBOOT_LOG_INF(...) port_log('I', __VA_ARGS__)
#define MCUBOOT_LOG_DBG(...) ((void)0) /* costs most of the time */
#define MCUBOOT_LOG_SIM(...) ((void)0)

#endif
