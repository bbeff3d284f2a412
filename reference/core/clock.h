/* SPDX-License-Identifier: MIT
 * clock.h - the clock by which everything here is timed. */
#ifndef ASSAY_CORE_CLOCK_H
#define ASSAY_CORE_CLOCK_H

double assay_seconds(void); /* since some moment before the process began; never set back (CLOCK_MONOTONIC) */

#endif
