/* SPDX-License-Identifier: MIT
 * quantize, NEON. */
#include "../isa/encode_neon.h"

#define ENCODE(type) neon_encode_##type
#include "../isa/quantize.h"

const assay_kernel assay_quantize_neon = {
    .op = "quantize",
    .name = "neon",
    .isa = ASSAY_ISA_neon,
    .flags = ASSAY_BITEXACT | ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .run = run,
    .units = units,
};
