/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The simulated board's debug port: SW-DP, AHB-AP, the core's debug registers and the memory map of an
 * nRF52840, as far as a debugger touches them. No CPU is emulated: a halted core is a board whose time stands
 * still. GLib-free. Facts: [SPEC ADIv5.2, ARMv7-M ARM], [DS nRF52840 PS 1.7: memory, FICR, NVMC], [CAP
 * openocd 0.12.0]. */
#ifndef SIM_DEBUG_DEBUG_H
#define SIM_DEBUG_DEBUG_H

#include "sim/board.h"

#define SIM_DEBUG_DPIDR 0x2ba01477u /* SW-DP of a Cortex-M4 */

enum sim_debug_answer {
    SIM_DEBUG_OK,
    SIM_DEBUG_FAULT, /* the bus refused the address or width; STICKYERR is set */
    SIM_DEBUG_DEAD,  /* nobody answers: the board has no power */
};

struct sim_debug;

/* board: borrowed, must outlive it; its internal flash must be made of whole 4 KiB pages. NULL: it is not, or
 * no memory. */
struct sim_debug *sim_debug_new(struct sim_board *board);
void sim_debug_free(struct sim_debug *debug);

/* The state of port, core and RAM at one instant; to be freed with sim_debug_free(). NULL: no memory. */
struct sim_debug *sim_debug_save(const struct sim_debug *debug);
void sim_debug_restore(struct sim_debug *debug, const struct sim_debug *saved);

/* What FICR INFO.PART says; 0x52840 until it is set. */
#define SIM_DEBUG_PART_AT 0x10000100u
void sim_debug_set_part(struct sim_debug *debug, uint32_t part);

/* Access port protection as on current revisions of the nRF52: a power-on or a reset by the pin closes AP 0
 * (its IDR reads as zero, and so nobody finds a MEM-AP) until the firmware writes APPROTECT.DISABLE, which
 * the simulated application does at its start, or not; the CTRL-AP (AP 1) stays open: it tells
 * APPROTECTSTATUS, resets, and erases all, which opens AP 0 until the next such reset. [DS nRF52840 PS 1.7:
 * CTRL-AP, UICR.APPROTECT; IN-141] */
enum sim_debug_lock { SIM_DEBUG_LOCK_NONE, SIM_DEBUG_LOCK_FIRMWARE_OPENS, SIM_DEBUG_LOCK_STAYS };
/* NONE until it is set; the port is closed from then on. */
void sim_debug_set_lock(struct sim_debug *debug, enum sim_debug_lock lock);

/* To be called after each step and each switch of power: a power loss takes halt, breakpoints, RAM and DP
 * state along. */
void sim_debug_notice(struct sim_debug *debug);
/* The board died ahead of the clock that the debugger lives by: until this is taken back the port answers as
 * if it had power. Flash reads as it was at the death. */
void sim_debug_linger(struct sim_debug *debug, bool on);
/* To be called from the board's boot callback: where the core is from now on (application: the
 * bootloader handed over to it), and that it came through a
 * reset. */
void sim_debug_saw_boot(struct sim_debug *debug, bool application);
/* The core is halted or held in reset: whoever paces the board must not step it. */
bool sim_debug_stopped(const struct sim_debug *debug);
/* A console line of the board, without its end: it goes into RAM as SEGGER's RTT puts it there (control block
 * "SEGGER RTT" with one ring of 4 KiB up and one of 16 bytes down, made with the first line after power-on).
 * Lines that find no room are lost. [SRC SEGGER_RTT.c, openocd src/target/rtt.c] */
#define SIM_DEBUG_RTT_NAME "SEGGER RTT"
void sim_debug_console(struct sim_debug *debug, const char *line);
/* What a debugger does by several writes: stop, go on, start anew and (halt) stand before the first
 * instruction. Nothing happens without power. */
void sim_debug_halt(struct sim_debug *debug);
void sim_debug_resume(struct sim_debug *debug);
void sim_debug_reset(struct sim_debug *debug, bool halt);
/* The instruction that a debugger last ran was "go on" or "stop": a server may use the change. */
bool sim_debug_halted(const struct sim_debug *debug);
/* A sample of the program counter as DWT_PCSR gives it: below slot 0 in the bootloader, inside slot 0 in the
 * application. */
uint32_t sim_debug_pc(struct sim_debug *debug);

/* The reset pin, as nRESET of a probe. Low holds the core. */
void sim_debug_pin_reset(struct sim_debug *debug, bool low);
/* What a probe measures at VTref, in millivolts. */
uint32_t sim_debug_vtref_mv(const struct sim_debug *debug);

/* Debug port registers by address (0, 4, 8, c), access port registers by address (0..fc). */
enum sim_debug_answer sim_debug_read_dp(struct sim_debug *debug, unsigned address, uint32_t *value);
enum sim_debug_answer sim_debug_write_dp(struct sim_debug *debug, unsigned address, uint32_t value);
enum sim_debug_answer sim_debug_read_ap(struct sim_debug *debug, unsigned ap, unsigned address,
                                        uint32_t *value);
enum sim_debug_answer sim_debug_write_ap(struct sim_debug *debug, unsigned ap, unsigned address,
                                         uint32_t value);

/* Memory through AP 0. width: 1, 2 or 4; n_bytes a multiple of it; address aligned to it. *stopped_at: where
 * the fault was. */
enum sim_debug_answer sim_debug_read(struct sim_debug *debug, uint32_t address, unsigned width, uint8_t *into,
                                     size_t n_bytes, uint32_t *stopped_at);
enum sim_debug_answer sim_debug_write(struct sim_debug *debug, uint32_t address, unsigned width,
                                      const uint8_t *bytes, size_t n_bytes, uint32_t *stopped_at);

#endif
