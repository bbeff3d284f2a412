/* SPDX-License-Identifier: MIT */
#include "noise.h"
#include "../core/rng.h"
#include <math.h>

double assay_noise_round(double x, uint32_t u)
{
    const float near = (float)x;
    const double d = x - (double)near;
    if (d == 0 || !isfinite(near) || isnan(x))
        return x;
    const float far = nextafterf(near, d > 0 ? INFINITY : -INFINITY);
    const double share = d / ((double)far - (double)near); /* of the way from near to far: 0 to 1/2 */
    return u < share * 0x1p32 ? (double)far : (double)near;
}

void assay_noise_rows(double *x, int64_t n, uint64_t seed, uint64_t call)
{
    const uint32_t key[] = { (uint32_t)seed, (uint32_t)(seed >> 32) };
    for (int64_t i = 0; i < n; i += 4) {
        const uint64_t block = (uint64_t)i / 4;
        const uint32_t counter[] = { (uint32_t)block, (uint32_t)(block >> 32), (uint32_t)call, (uint32_t)(call >> 32) };
        uint32_t bits[4];
        assay_philox4x32(counter, key, bits);
        for (int64_t k = 0; k < 4 && i + k < n; k++)
            x[i + k] = assay_noise_round(x[i + k], bits[k]);
    }
}
