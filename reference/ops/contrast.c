/* SPDX-License-Identifier: MIT
 * contrast: a candidate's score in contrastive search: its chance, less what it is like: (1 - alpha) p[k] - alpha times
 * the largest cosine of its hidden row h[k,] and a row of the context; a cosine with a zero row is 0, and a NaN among
 * them is the largest.  argmax takes the best.  (Su et al. 2022, eq. 5.) */
#include "assay/params/contrast.h"
#include "ref.h"

static real cosine(const real *a, const real *b, int64_t D)
{
    real dot = 0, aa = 0, bb = 0;
    for (int64_t d = 0; d < D; d++) {
        dot += a[d] * b[d];
        aa += a[d] * a[d];
        bb += b[d] * b[d];
    }
    const real size = sqrt(aa) * sqrt(bb);
    return size == 0 ? 0 : dot / size;
}

REFERENCE(contrast)
{
    const assay_contrast_params *p = a->params;
    const int64_t K = a->dim[0], S = a->dim[1], D = a->dim[2];
    const real *chance = a->operand[0], *h = a->operand[1], *context = a->operand[2]; /* (K) (K,D) (S,D) */
    real *score = a->operand[3];                                                      /* (K) */

    for (int64_t k = 0; k < K; k++) {
        real most = -INFINITY;
        for (int64_t s = 0; s < S; s++) {
            const real like = cosine(h + k * D, context + s * D, D);
            if (isnan(like) || like > most)
                most = like;
        }
        score[k] = (1 - (real)p->alpha) * chance[k] - p->alpha * most;
    }
}
