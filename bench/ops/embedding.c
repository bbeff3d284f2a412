/* SPDX-License-Identifier: MIT
 * embedding: workloads.  The tables are those of the models, or (llama3-8b, 128256 rows) its first 16384 rows. */
#include "../../reference/core/suite.h"

static const assay_workload rows[] = {
    { "smollm2-135m.decode", "T=1 V=49152 D=576 table=f32", 1 },
    { "smollm2-135m.decode", "T=1 V=49152 D=576 table=f16", 1 },
    { "smollm2-135m.decode", "T=1 V=49152 D=576 table=q8_0", 1 },
    { "smollm2-135m.prefill512", "T=512 V=49152 D=576 table=f32", 512 },
    { "smollm2-135m.prefill512", "T=512 V=49152 D=576 table=f16", 512 },
    { "smollm2-135m.prefill512", "T=512 V=49152 D=576 table=q8_0", 512 },
    { "llama3-8b.decode", "T=1 V=16384 D=4096 table=q4_k", 1 },
    { "llama3-8b.prefill512", "T=512 V=16384 D=4096 table=*", 512 },
};

const assay_workloads assay_workloads_embedding = { "embedding", rows, ASSAY_COUNT_OF(rows) };
