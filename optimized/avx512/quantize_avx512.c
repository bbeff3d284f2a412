/* SPDX-License-Identifier: MIT
 * quantize, AVX-512. */
#include "../isa/encode_avx512.h"

#define ENCODE(type) avx512_encode_##type
#include "../isa/quantize.h"

const assay_kernel assay_quantize_avx512 = {
    .op = "quantize",
    .name = "avx512",
    .isa = ASSAY_ISA_avx512,
    .flags = ASSAY_BITEXACT | ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .run = run,
    .units = units,
};
