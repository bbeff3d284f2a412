/* SPDX-License-Identifier: MIT
 * groupnorm: y[b,g,d,s] = w[g,d] (x[b,g,d,s] - m[b,g]) / sqrt(v[b,g] + eps) + bias[g,d],
 * m = mean(x[b,g,,]), v = mean((x[b,g,,] - m)^2)
 * Wu and He 2018; divided by D S, not by one less; in two passes.  Equal elements have no deviation to divide by if eps
 * is 0: y is the bias. */
#include "assay/params/groupnorm.h"
#include "ref.h"

REFERENCE(groupnorm)
{
    const assay_groupnorm_params *p = a->params;
    const int64_t B = a->dim[0], G = a->dim[1], D = a->dim[2], S = a->dim[3], n = D * S;
    const real *x = a->operand[0], *w = a->operand[1], *bias = a->operand[2]; /* (B,G,D,S) (G,D) (G,D) */
    real *y = a->operand[3];                                                  /* (B,G,D,S) */

    for (int64_t r = 0; r < B * G; r++, x += n, y += n) {
        real m = 0, v = 0;
        for (int64_t k = 0; k < n; k++)
            m += x[k];
        m /= n;
        for (int64_t k = 0; k < n; k++)
            v += (x[k] - m) * (x[k] - m);
        v = v / n + p->eps;
        const real s = v > 0 ? 1 / sqrt(v) : 0;
        for (int64_t k = 0; k < n; k++) {
            const int64_t at = r % G * D + k / S; /* the channel */
            y[k] = (w ? w[at] : 1) * (s * (x[k] - m)) + (bias ? bias[at] : 0);
        }
    }
}
