/* SPDX-License-Identifier: MIT
 * layernorm: workloads, named after models. */
#include "../../reference/core/suite.h"

static const assay_workload rows[] = {
    { "gpt2.decode", "R=1 C=768 w=f32 bias=f32 eps=1e-05", 1 },
    { "gpt2.prefill512", "R=512 C=768 w=f32 bias=f32 eps=1e-05", 512 },
    { "bert-large.encode128", "R=128 C=1024 w=f32 bias=f32 eps=1e-12", 128 },
};

const assay_workloads assay_workloads_layernorm = { "layernorm", rows, ASSAY_COUNT_OF(rows) };
