/* SPDX-License-Identifier: MIT
 * faults.h - how a table of wrong (and of legal) kernels is written: one function with a mode, one line per mode.
 *
 *   #define FAULTS(X) X(NO_EPS, "no-eps", "numerics 3")
 *   #define LEGAL(X)  X(PLAIN, "sequential", "legal: one by one")
 *   enum { FAULTS(MODE) LEGAL(MODE) };
 *   static assay_status go(const assay_args *a, int mode) { ... }
 *   FAULTS(STUB)
 *   LEGAL(STUB)
 *   static const assay_fault table[] = { FAULTS(BAD_ROW) LEGAL(GOOD_ROW) }; */
#ifndef ASSAY_FAULTS_H
#define ASSAY_FAULTS_H
#include "../../reference/core/suite.h"
#include <math.h>
#include <string.h>

/* Keeps so many bits of the fraction. */
static inline float chop(float x, unsigned bits)
{
    uint32_t i;
    memcpy(&i, &x, sizeof i);
    i &= ~((UINT32_C(1) << (23 - bits)) - 1);
    memcpy(&x, &i, sizeof i);
    return x;
}

#define FAULT_STUB(n)                                                                                                  \
    static assay_status run_##n(const assay_args *a)                                                                   \
    {                                                                                                                  \
        return go(a, n);                                                                                               \
    }
#define MODE(m, name, where)     m,
#define STUB(m, name, where)     FAULT_STUB(m)
#define BAD_ROW(m, name, where)  BAD(m, name, where),
#define GOOD_ROW(m, name, where) GOOD(m, name, where),
/* KERNEL_BASE: the designators that all kernels of the table share: .op = "rmsnorm", .types = types, ... */
#define BAD(n, title, where)                                                                                           \
    {                                                                                                                  \
        ASSAY_FAULT, { KERNEL_BASE, .name = title, .run = run_##n }, where                                             \
    }
#define GOOD(n, title, where)                                                                                          \
    {                                                                                                                  \
        ASSAY_LEGAL, { KERNEL_BASE, .name = title, .run = run_##n }, where                                             \
    }
#endif
