/* SPDX-License-Identifier: MIT
 * add: workloads, named after models. */
#include "../../reference/core/suite.h"

static const assay_workload rows[] = {
    { "smollm2-135m.decode", "R=1 C=576", 1 },
    { "smollm2-135m.prefill512", "R=512 C=576", 512 },
    { "llama3-8b.decode", "R=1 C=4096", 1 },
    { "llama3-8b.prefill512", "R=512 C=4096", 512 },
};

const assay_workloads assay_workloads_add = { "add", rows, ASSAY_COUNT_OF(rows) };
