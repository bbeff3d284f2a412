/* SPDX-License-Identifier: MIT
 * t5_bias: bias[h,t,s] = table[bucket][h], the bucket by how far key s lies from query t
 * Raffel et al. 2020, 2.1.  n buckets a side: the first e = n / 2 for distances 0 .. e - 1, the others in equal steps
 * of the logarithm up to max_distance.  Of both sides: keys ahead have the second half of the table. */
#include "assay/params/t5_bias.h"
#include "ref.h"

/* In double whatever `real` is: a distance on the edge of a bucket belongs to the upper one, though the quotient may
 * come out below by its rounding (less than the 2^-33 that are added, of up to 2^15 buckets). */
static int64_t bucket_of(int64_t distance, int64_t n, int64_t most)
{
    const int64_t e = n / 2;
    if (distance < e)
        return distance;
    const double far = log1p((double)(distance - e) / (double)e), all = log1p((double)(most - e) / (double)e);
    const double step = far / all * (double)(n - e);
    const int64_t bucket = e + (int64_t)(step + 0x1p-33);
    return bucket < n ? bucket : n - 1;
}

REFERENCE(t5_bias)
{
    const assay_t5_bias_params *p = a->params;
    const int64_t H = a->dim[0], T = a->dim[1], S = a->dim[2], N = a->dim[3];
    const real *table = a->operand[0]; /* (N,H)   */
    const real *qpos = a->operand[1];  /* (T)     */
    const real *kpos = a->operand[2];  /* (S)     */
    real *y = a->operand[3];           /* (H,T,S) */
    const int64_t n = p->causal ? N : N / 2, most = p->max_distance ? p->max_distance : 128;

    for (int64_t i = 0; i < T * S; i++) {
        const int64_t ahead = (int64_t)kpos[i % S] - (int64_t)qpos[i / S];
        const int64_t side = p->causal || ahead <= 0 ? 0 : n, distance = ahead <= 0 ? -ahead : p->causal ? 0 : ahead;
        const int64_t bucket = side + bucket_of(distance, n, most);
        for (int64_t h = 0; h < H; h++)
            y[h * T * S + i] = table[bucket * H + h];
    }
}
