/* SPDX-License-Identifier: MIT
 * attention: workloads.  Decode reads the whole cache for one token; a prefill works through its causal half. */
#include "../../reference/core/suite.h"

#define SMOL  " H=9 G=3 D=64 E=64 causal=1"
#define LLAMA " H=32 G=8 D=128 E=128 causal=1"
static const assay_workload rows[] = {
    { "smollm2-135m.prefill512", "T=512 S=512" SMOL, 512 },
    { "smollm2-135m.prefill512.f16", "T=512 S=512 k=f16 v=f16" SMOL, 512 },
    { "smollm2-135m.prefill512x4096", "T=512 S=4096" SMOL, 512 },
    { "smollm2-135m.prefill512x4096.f16-panel", "T=512 S=4096 k=f16:kpanel16 v=f16" SMOL, 512 },
    { "smollm2-135m.decode512", "T=1 S=512" SMOL, 1 },
    { "smollm2-135m.decode512.f16", "T=1 S=512 k=f16 v=f16" SMOL, 1 },
    { "smollm2-135m.decode4096", "T=1 S=4096" SMOL, 1 },
    { "smollm2-135m.decode4096.panel", "T=1 S=4096 k=f32:kpanel16" SMOL, 1 },
    { "smollm2-135m.decode4096.f16", "T=1 S=4096 k=f16 v=f16" SMOL, 1 },
    { "smollm2-135m.decode4096.f16-panel", "T=1 S=4096 k=f16:kpanel16 v=f16" SMOL, 1 },
    { "smollm2-135m.decode4096.q8_0", "T=1 S=4096 k=q8_0 v=q8_0" SMOL, 1 },
    { "llama3-8b.prefill512", "T=512 S=512 k=f16 v=f16" LLAMA, 512 },
    { "llama3-8b.decode4096", "T=1 S=4096 k=f16 v=f16" LLAMA, 1 },
    { "llama3-8b.decode4096.panel", "T=1 S=4096 k=f16:kpanel16 v=f16" LLAMA, 1 },
};

const assay_workloads assay_workloads_attention = { "attention", rows, ASSAY_COUNT_OF(rows) };
