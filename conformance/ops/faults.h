/* SPDX-License-Identifier: MIT
 * faults.h - how a table of wrong (and of legal) kernels is written: one function with a mode, one line per mode.
 *
 *   #define FAULTS(X) X(NO_EPS, "no-eps", "slip: docs/museum.md")
 *   #define LEGAL(X)  X(PLAIN, "sequential", "legal: one by one")
 *   enum { FAULTS(MODE) LEGAL(MODE) };
 *   static assay_status run(const assay_args *a) { const int mode = mode_of(a); ... }
 *   static const assay_fault table[] = { FAULTS(BAD_ROW) LEGAL(GOOD_ROW) }; */
#ifndef ASSAY_FAULTS_H
#define ASSAY_FAULTS_H
#include "../../reference/core/dtype.h"
#include "../../reference/core/suite.h"
#include <math.h>
#include <string.h>

/* Keeps so many bits of the fraction.  Not inlined: gcc 12 forgets the mask where it is one side of a ?: (wrong code;
 * not with -fno-tree-ter, nor clang). */
static __attribute__((noinline, unused)) float chop(float x, unsigned bits)
{
    uint32_t i;
    memcpy(&i, &x, sizeof i);
    i &= ~((UINT32_C(1) << (23 - bits)) - 1);
    memcpy(&x, &i, sizeof i);
    return x;
}

static inline float as_bf16(float x) /* rounded to bf16 */
{
    return assay_bf16_to_f32(assay_bf16_from_f64((double)x));
}

/* The number by which the kernels of a table differ, as their variant, and as run() finds it. */
#define MODE_OF(m)                                                                                                     \
    &(const int)                                                                                                       \
    {                                                                                                                  \
        m                                                                                                              \
    }
static inline int mode_of(const assay_args *a)
{
    return *(const int *)a->variant;
}

#define MODE(m, name, where)     m,
#define BAD_ROW(m, name, where)  BAD(m, name, where),
#define GOOD_ROW(m, name, where) GOOD(m, name, where),
/* KERNEL_BASE: the designators that all kernels of the table share: .op = "rmsnorm", .types = types, ... */
#define BAD(n, title, where)                                                                                           \
    {                                                                                                                  \
        ASSAY_FAULT, { KERNEL_BASE, .name = title, .run = run, .variant = MODE_OF(n) }, where                          \
    }
#define GOOD(n, title, where)                                                                                          \
    {                                                                                                                  \
        ASSAY_LEGAL, { KERNEL_BASE, .name = title, .run = run, .variant = MODE_OF(n) }, where                          \
    }
/* Right by a contract of its own */
#define DECLARED(n, title, says, where)                                                                                \
    {                                                                                                                  \
        ASSAY_LEGAL, { KERNEL_BASE, .name = title, .run = run, .variant = MODE_OF(n), .contract = says }, where        \
    }
#endif
