/* SPDX-License-Identifier: MIT
 * cache: workloads: the keys of one layer. */
#include "../../reference/core/suite.h"

static const assay_workload rows[] = {
    { "smollm2-135m.decode", "T=1 S=4096 G=3 D=64 cache=*", 1 },
    { "smollm2-135m.decode.panel", "T=1 S=4096 G=3 D=64 cache=f32:kpanel16", 1 },
    { "smollm2-135m.prefill512", "T=512 S=4096 G=3 D=64 cache=*", 512 },
    { "smollm2-135m.prefill512.panel", "T=512 S=4096 G=3 D=64 cache=f32:kpanel16", 512 },
    { "smollm2-135m.prefill512.f16-panel", "T=512 S=4096 G=3 D=64 cache=f16:kpanel16", 512 },
    { "llama3-8b.prefill512", "T=512 S=4096 G=8 D=128 cache=*", 512 },
};

const assay_workloads assay_workloads_cache = { "cache", rows, ASSAY_COUNT_OF(rows) };
