/* SPDX-License-Identifier: MIT
 * alibi: bias[h,t,s] = -m_h (q - k), q and k the positions of query t and key s; symmetric: -m_h |q - k|
 * Press et al. 2021, 3.  P is the largest power of two up to H.  Heads below P have the slopes 2^(-max_bias (h + 1)/P),
 * head P + i every second one of the series of 2 P: 2^(-max_bias (2i + 1)/(2P)). */
#include "assay/params/alibi.h"
#include "ref.h"

REFERENCE(alibi)
{
    const assay_alibi_params *p = a->params;
    const int64_t H = a->dim[0], T = a->dim[1], S = a->dim[2];
    const real *qpos = a->operand[0]; /* (T)     */
    const real *kpos = a->operand[1]; /* (S)     */
    real *y = a->operand[2];          /* (H,T,S) */
    const real most = p->max_bias > 0 ? p->max_bias : 8;
    int64_t P = 1;

    while (2 * P <= H)
        P *= 2;
    for (int64_t h = 0; h < H; h++) {
        const real step = h < P ? (real)(h + 1) : (real)(h - P) + (real)0.5;
        const real slope = exp2(-most * (step / (real)P));
        for (int64_t i = 0; i < T * S; i++) {
            const real d = qpos[i / S] - kpos[i % S];
            y[h * T * S + i] = -slope * (p->symmetric ? fabs(d) : d);
        }
    }
}
