/* SPDX-License-Identifier: MIT
 * gate_up: workloads, named after models. */
#include "../../reference/core/suite.h"

#define EACH(name, line, tokens)                                                                                       \
    { name ".f32", line " gate=f32 up=f32", tokens }, { name ".q8_0", line " gate=q8_0 up=q8_0", tokens },             \
        { name ".q4_0", line " gate=q4_0 up=q4_0", tokens },                                                           \
    {                                                                                                                  \
        name ".q4_1", line " gate=q4_1 up=q4_1", tokens                                                                \
    }

static const assay_workload rows[] = {
    EACH ("smollm2-135m.decode.ffn", "T=1 N=1536 K=576", 1),
    EACH ("smollm2-135m.prefill512.ffn", "T=512 N=1536 K=576", 512),
    EACH ("llama3-8b.decode.ffn", "T=1 N=14336 K=4096", 1),
    EACH ("llama3-8b.prefill512.ffn", "T=512 N=14336 K=4096", 512),
};

const assay_workloads assay_workloads_gate_up = { "gate_up", rows, ASSAY_COUNT_OF(rows) };
