/* SPDX-License-Identifier: MIT
 * rmsnorm: kernels that are wrong on purpose, and legal ones, in any order of the sum and in eight rational forms. */
#include "rms_row.h"

/* BY_BATCH and so on: right, with another order of the sum for a reason that the kernel says it has not */
enum { PLAIN = RMS_MODES, BY_BATCH, BY_CALL, BY_SLICE, KEEPS_PROMISE };

static void one_row(const assay_row *k)
{
    rms_row(k, k->in[0], k->in[1], k->mode == PLAIN ? k->order->row % 8 : 0);
}

static assay_status run(const assay_args *a)
{
    static int calls;
    const int mode = mode_of(a);
    const bool backward = mode == BY_BATCH   ? a->dim[0] == 1
                          : mode == BY_CALL  ? calls++ % 2
                          : mode == BY_SLICE ? a->begin % 2
                                             : mode == KEEPS_PROMISE;
    return assay_by_rows(a, 2, one_row, mode, &assay_sums[backward ? 3 : 1]);
}
BY_ORDERS(2, one_row, PLAIN)

#define KERNEL_BASE .op = "rmsnorm", .types = assay_types_floats
/* X(what it is, mode, name, what it declares, where it comes from) */
#define PROMISES(X)                                                                                                    \
    X(ASSAY_FAULT, BY_BATCH, "batch-invariance-declared-and-broken", ASSAY_BATCH_INVARIANT,                            \
      "own: the order of a sum depends on the batch")                                                                  \
    X(ASSAY_FAULT, BY_CALL, "determinism-declared-and-broken-by-call", ASSAY_DETERMINISTIC,                            \
      "own: first come, first added")                                                                                  \
    X(ASSAY_FAULT, BY_SLICE, "determinism-declared-and-broken-by-slice", ASSAY_DETERMINISTIC,                          \
      "own: the order of a sum depends on the partition")                                                              \
    X(ASSAY_LEGAL, KEEPS_PROMISE, "promises-kept", ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT | ASSAY_INPLACE,        \
      "legal: declares all and holds it")
#define PROMISE_ROW(kind, m, title, says, where)                                                                       \
    { kind, { KERNEL_BASE, .name = title, .run = run, .variant = MODE_OF(m), .flags = says }, where },
static const assay_fault table[] = { SUMS(VARY_ROW) RMS_FAULTS(BAD_ROW) PROMISES(PROMISE_ROW) };

const assay_faults assay_faults_rmsnorm = { "rmsnorm", table, ASSAY_COUNT_OF(table) };
