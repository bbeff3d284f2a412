/* SPDX-License-Identifier: MIT
 * rng.h - the counter-based generator behind every input: Philox4x32-10 (Salmon et al., Parallel Random Numbers:
 * As Easy as 1, 2, 3, SC 2011).  A value depends on (seed, stream, index) alone, never on the order of calls. */
#ifndef ASSAY_CORE_RNG_H
#define ASSAY_CORE_RNG_H
#include <stdint.h>

void assay_philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

typedef struct assay_rng {
    uint64_t seed, stream, index;
} assay_rng;
uint64_t assay_rng_u64(assay_rng *r);
double assay_rng_uniform(assay_rng *r);           /* [0, 1), 53 bits */
double assay_rng_normal(assay_rng *r);            /* N(0,1) by Box-Muller */
int64_t assay_rng_below(assay_rng *r, int64_t n); /* 0 .. n-1, n > 0 */
#endif
