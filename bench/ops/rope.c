/* SPDX-License-Identifier: MIT
 * rope: workloads, named after models; q and k of one layer. */
#include "../../reference/core/suite.h"

static const assay_workload rows[] = {
    { "smollm2-135m.decode.q", "T=1 H=9 D=64 F=32 inv_freq=f32", 1 },
    { "smollm2-135m.decode.k", "T=1 H=3 D=64 F=32 inv_freq=f32", 1 },
    { "smollm2-135m.prefill512.q", "T=512 H=9 D=64 F=32 inv_freq=f32", 512 },
    { "smollm2-135m.prefill512.q.half", "T=512 H=9 D=64 F=32 inv_freq=f32 mode=half", 512 },
    { "smollm2-135m.prefill512.q.base", "T=512 H=9 D=64 base=100000", 512 },
    { "llama3-8b.decode.q", "T=1 H=32 D=128 F=64 inv_freq=f32", 1 },
    { "llama3-8b.prefill512.q", "T=512 H=32 D=128 F=64 inv_freq=f32", 512 },
    { "llama3-8b.prefill512.q.half", "T=512 H=32 D=128 F=64 inv_freq=f32 mode=half", 512 },
};

const assay_workloads assay_workloads_rope = { "rope", rows, ASSAY_COUNT_OF(rows) };
