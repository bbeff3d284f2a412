/* SPDX-License-Identifier: MIT
 * clock.c - the clock by which everything here is timed. */
#include "core/clock.h"
#include <time.h>

double assay_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
