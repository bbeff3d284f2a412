/* SPDX-License-Identifier: MIT
 * matmul: workloads, named after models: the projections of one layer and the output matrix. */
#include "../../reference/core/suite.h"

static const assay_workload rows[] = {
    { "smollm2-135m.decode.qkv", "T=1 N=960 K=576 w=*", 1 },
    { "smollm2-135m.decode.o", "T=1 N=576 K=576 w=*", 1 },
    { "smollm2-135m.decode.ffn_up", "T=1 N=1536 K=576 w=*", 1 },
    { "smollm2-135m.decode.ffn_down", "T=1 N=576 K=1536 w=*", 1 },
    { "smollm2-135m.decode.lm_head", "T=1 N=49152 K=576 w=*", 1 },
    { "smollm2-135m.batch8.ffn_up", "T=8 N=1536 K=576 w=*", 8 },
    { "smollm2-135m.batch8.qkv", "T=8 N=960 K=576 w=*", 8 },
    { "smollm2-135m.batch8.ffn_down", "T=8 N=576 K=1536 w=*", 8 },
    { "smollm2-135m.batch8.lm_head", "T=8 N=49152 K=576 w=*", 8 },
    { "smollm2-135m.prefill512.qkv", "T=512 N=960 K=576 w=*", 512 },
    { "smollm2-135m.prefill512.o", "T=512 N=576 K=576 w=*", 512 },
    { "smollm2-135m.prefill512.ffn_up", "T=512 N=1536 K=576 w=*", 512 },
    { "smollm2-135m.prefill512.ffn_down", "T=512 N=576 K=1536 w=*", 512 },
    { "llama3-8b.decode.qkv", "T=1 N=6144 K=4096 w=*", 1 },
    { "llama3-8b.decode.o", "T=1 N=4096 K=4096 w=*", 1 },
    { "llama3-8b.decode.ffn_up", "T=1 N=14336 K=4096 w=*", 1 },
    { "llama3-8b.decode.ffn_down", "T=1 N=4096 K=14336 w=*", 1 },
    { "llama3-8b.decode.lm_head", "T=1 N=128256 K=4096 w=q8_0", 1 },
    { "llama3-8b.batch8.qkv", "T=8 N=6144 K=4096 w=*", 8 },
    { "llama3-8b.batch8.o", "T=8 N=4096 K=4096 w=*", 8 },
    { "llama3-8b.batch8.ffn_up", "T=8 N=14336 K=4096 w=*", 8 },
    { "llama3-8b.batch8.ffn_down", "T=8 N=4096 K=14336 w=*", 8 },
    { "llama3-8b.prefill512.qkv", "T=512 N=6144 K=4096 w=*", 512 },
    { "llama3-8b.prefill512.o", "T=512 N=4096 K=4096 w=*", 512 },
    { "llama3-8b.prefill512.ffn_up", "T=512 N=14336 K=4096 w=*", 512 },
    { "llama3-8b.prefill512.ffn_down", "T=512 N=4096 K=14336 w=*", 512 },
};

const assay_workloads assay_workloads_matmul = { "matmul", rows, ASSAY_COUNT_OF(rows) };
