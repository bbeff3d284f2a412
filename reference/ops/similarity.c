/* SPDX-License-Identifier: MIT
 * similarity: s[t,n] of a[t,] and b[n,]: dot: sum_d a b;  cosine: a b / (|a| |b|), 0 where either is 0;
 * l2: sqrt(sum_d (a - b)^2), from the differences: a a + b b - 2 a b would cancel.  A cosine may round past 1. */
#include "assay/params/similarity.h"
#include "ref.h"

REFERENCE(similarity)
{
    const assay_similarity_params *p = a->params;
    const int64_t T = a->dim[0], N = a->dim[1], D = a->dim[2];
    const real *x = a->operand[0], *y = a->operand[1]; /* (T,D) (N,D) */
    real *s = a->operand[2];                           /* (T,N) */

    for (int64_t t = 0; t < T; t++)
        for (int64_t n = 0; n < N; n++) {
            real dot = 0, xx = 0, yy = 0, apart = 0;
            for (int64_t d = 0; d < D; d++) {
                const real u = x[t * D + d], v = y[n * D + d];
                dot += u * v;
                xx += u * u;
                yy += v * v;
                apart += (u - v) * (u - v);
            }
            const real size = sqrt(xx) * sqrt(yy);
            s[t * N + n] = p->form == ASSAY_SIMILARITY_DOT  ? dot
                           : p->form == ASSAY_SIMILARITY_L2 ? sqrt(apart)
                           : size == 0                      ? 0
                                                            : dot / size;
        }
}
