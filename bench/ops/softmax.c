/* SPDX-License-Identifier: MIT
 * softmax: workloads, named after models. */
#include "../../reference/core/suite.h"

static const assay_workload rows[] = {
    { "smollm2-135m.decode.scores1024", "R=9 C=1024 scale=0.125", 1 },
    { "smollm2-135m.prefill512.scores", "R=4608 C=512 scale=0.125 mask=f32", 512 },
    { "smollm2-135m.decode.vocab", "R=1 C=49152", 1 },
    { "llama3-8b.decode.scores4096", "R=32 C=4096 scale=0.08838834764831845", 1 },
    { "llama3-8b.decode.vocab", "R=1 C=128256", 1 },
    { "square.4096", "R=4096 C=4096", 0 },
};

const assay_workloads assay_workloads_softmax = { "softmax", rows, ASSAY_COUNT_OF(rows) };
