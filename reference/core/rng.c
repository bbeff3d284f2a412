/* SPDX-License-Identifier: MIT
 * Philox4x32-10: ten rounds of two 32x32->64 multiplications; constants of the paper (table 2). */
#include "rng.h"
#include <math.h>

void assay_philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3], k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        const uint64_t a = (uint64_t)0xD2511F53u * c0, b = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(b >> 32) ^ c1 ^ k0;
        c2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)b;
        c3 = (uint32_t)a;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

uint64_t assay_rng_u64(assay_rng *r)
{
    const uint32_t counter[4] = { (uint32_t)r->index, (uint32_t)(r->index >> 32), (uint32_t)r->stream,
                                  (uint32_t)(r->stream >> 32) };
    const uint32_t key[2] = { (uint32_t)r->seed, (uint32_t)(r->seed >> 32) };
    uint32_t out[4];
    assay_philox4x32(counter, key, out);
    r->index++;
    return (uint64_t)out[1] << 32 | out[0];
}

double assay_rng_uniform(assay_rng *r)
{
    return (double)(assay_rng_u64(r) >> 11) * 0x1p-53;
}

double assay_rng_normal(assay_rng *r)
{
    const uint64_t a = assay_rng_u64(r), b = assay_rng_u64(r); /* together: their rounds overlap */
    const double u = ((double)(a >> 11) + 1) * 0x1p-53;        /* (0, 1] */
    return sqrt(-2 * log(u)) * cos(6.283185307179586476925286766559 * ((double)(b >> 11) * 0x1p-53));
}

int64_t assay_rng_below(assay_rng *r, int64_t n)
{
    return (int64_t)(assay_rng_u64(r) % (uint64_t)n); /* bias below n / 2^64 */
}
