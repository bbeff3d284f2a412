/* SPDX-License-Identifier: MIT
 * dequantize: workloads: a weight matrix or a part of it, unpacked for a float kernel; the rows of a KV cache. */
#include "../../reference/core/suite.h"

static const assay_workload rows[] = {
    { "smollm2-135m.ffn_up", "R=576 C=1536 x=*", 0 },
    { "smollm2-135m.kv512", "R=512 C=192 x=q8_0", 0 },
    { "llama3-8b.o.64rows", "R=64 C=4096 x=*", 0 },
    { "llama3-8b.o", "R=4096 C=4096 x=*", 0 },
};

const assay_workloads assay_workloads_dequantize = { "dequantize", rows, ASSAY_COUNT_OF(rows) };
