/* SPDX-License-Identifier: MIT
 * quantize: workloads: activations before a quantized matmul (q8_0, q8_1), rows of a KV cache, weights at load time. */
#include "../../reference/core/suite.h"

static const assay_workload rows[] = {
    { "smollm2-135m.decode.x", "R=1 C=576 y=q8_0", 1 },
    { "smollm2-135m.decode.ffn", "R=1 C=1536 y=*", 1 },
    { "smollm2-135m.prefill512.x", "R=512 C=576 y=q8_0", 512 },
    { "smollm2-135m.prefill512.ffn", "R=512 C=1536 y=*", 512 },
    { "llama3-8b.decode.x", "R=1 C=4096 y=*", 1 },
    { "llama3-8b.decode.ffn", "R=1 C=14336 y=*", 1 },
    { "llama3-8b.prefill512.x", "R=512 C=4096 y=*", 512 },
};

const assay_workloads assay_workloads_quantize = { "quantize", rows, ASSAY_COUNT_OF(rows) };
