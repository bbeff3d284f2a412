/* SPDX-License-Identifier: MIT
 * sample: workloads, named after models: one token by usual settings. */
#include "../../reference/core/suite.h"

static const assay_workload rows[] = {
    { "smollm2-135m.decode.temp", "R=1 V=49152 temp=0.8", 1 },
    { "smollm2-135m.decode.topk40", "R=1 V=49152 temp=0.8 top_k=40 top_p=0.95", 1 },
    { "llama3-8b.decode.topp", "R=1 V=128256 temp=0.6 top_p=0.9", 1 },
};

const assay_workloads assay_workloads_sample = { "sample", rows, ASSAY_COUNT_OF(rows) };
