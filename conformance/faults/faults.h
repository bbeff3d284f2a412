/* SPDX-License-Identifier: MIT
 * faults.h - how a table of wrong (and of legal) kernels is written: one function with a mode, one line per mode.
 *
 *   static assay_status go(const assay_args *a, int mode) { ... }
 *   #define MODES(X) X(0) X(1) X(2)
 *   FAULT_STUBS(MODES)
 *   static const assay_fault table[] = { BAD(1, "no-eps", "numerics 3"), GOOD(0, "sequential", "legal: one by one") };
 */
#ifndef ASSAY_FAULTS_H
#define ASSAY_FAULTS_H
#include "../../reference/core/suite.h"
#include "assay/params.h"
#include <math.h>
#include <string.h>

#define FAULT_STUB(n)                                                                                                  \
    static assay_status run_##n(const assay_args *a)                                                                   \
    {                                                                                                                  \
        return go(a, n);                                                                                               \
    }
#define FAULT_STUBS(MODES) MODES(FAULT_STUB)
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
