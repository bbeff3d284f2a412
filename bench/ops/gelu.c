/* SPDX-License-Identifier: MIT
 * gelu: workloads, named after models. */
#include "../../reference/core/suite.h"

static const assay_workload rows[] = {
    { "gpt2.decode.ffn", "R=1 C=3072 form=tanh", 1 },
    { "gpt2.prefill512.ffn", "R=512 C=3072 form=tanh", 512 },
    { "bert-base.encode128.ffn", "R=128 C=3072", 128 },
    { "clip-vit-b32.encode50.ffn", "R=50 C=3072 form=quick", 50 },
};

const assay_workloads assay_workloads_gelu = { "gelu", rows, ASSAY_COUNT_OF(rows) };
