/* SPDX-License-Identifier: MIT
 * unroll.h - loops over registers: their lengths are constants, and their arrays never reach memory. */
#ifndef ASSAY_ISA_UNROLL_H
#define ASSAY_ISA_UNROLL_H

#define INLINE static inline __attribute__((always_inline))
/* foreach (i, n): i = 0 .. n - 1, unrolled */
#ifdef __clang__
#define FULLY _Pragma("clang loop unroll(full)")
#else
#define FULLY _Pragma("GCC unroll 16")
#endif
#define foreach(i, n) FULLY for (int i = 0; i < (n); i++)
/* The counter of a loop that may run once, as an index: a constant then, or clang leaves the array in memory. */
#define at(i, n) ((n) > 1 ? (i) : 0)
#endif
