/* SPDX-License-Identifier: MIT
 * swiglu: workloads, named after models. */
#include "../../reference/core/suite.h"

static const assay_workload rows[] = {
    { "smollm2-135m.decode.ffn", "R=1 C=1536", 1 },
    { "smollm2-135m.prefill512.ffn", "R=512 C=1536", 512 },
    { "llama3-8b.decode.ffn", "R=1 C=14336", 1 },
    { "llama3-8b.prefill512.ffn", "R=512 C=14336", 512 },
};

const assay_workloads assay_workloads_swiglu = { "swiglu", rows, ASSAY_COUNT_OF(rows) };
