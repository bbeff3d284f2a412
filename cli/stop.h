/* SPDX-License-Identifier: MIT
 * stop.h - long work that an interrupt ends between two steps, so that what it has open is taken away. */
#ifndef ASSAY_CLI_STOP_H
#define ASSAY_CLI_STOP_H
#include <stdbool.h>
#include <stdint.h>

void assay_stop_on_signals(void); /* SIGINT, SIGTERM and SIGHUP ask to stop, from here on */
/* Shows how far the work is and at what; false: stop. */
bool assay_stop_step(int64_t done, const char *what);
bool assay_stop_goes_on(void *ctx); /* the same without showing; from any thread */
#endif
