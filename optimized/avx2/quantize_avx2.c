/* SPDX-License-Identifier: MIT
 * quantize, AVX2. */
#include "../isa/encode_avx2.h"

#define ENCODE(type) avx2_encode_##type
#include "../isa/quantize.h"

const assay_kernel assay_quantize_avx2 = {
    .op = "quantize",
    .name = "avx2",
    .isa = ASSAY_ISA_avx2,
    .flags = ASSAY_BITEXACT | ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .run = run,
    .units = units,
};
