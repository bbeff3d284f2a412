/* SPDX-License-Identifier: MIT
 * argmax: workloads, named after models: greedy choice of one token, and of a batch. */
#include "../../reference/core/suite.h"

static const assay_workload rows[] = {
    { "smollm2-135m.decode.greedy", "R=1 V=49152", 1 },
    { "smollm2-135m.batch8.greedy", "R=8 V=49152", 8 },
    { "llama3-8b.decode.greedy", "R=1 V=128256", 1 },
};

const assay_workloads assay_workloads_argmax = { "argmax", rows, ASSAY_COUNT_OF(rows) };
