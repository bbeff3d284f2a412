/* SPDX-License-Identifier: MIT
 * rope: pair (a, b) of a head at position p turns by theta = p * f:  m (a cos - b sin, a sin + b cos)
 * f of pair r is inv_freq[r] if that is given, else base^(-2r/R), R = n_dims or D.  p of pair r is that of its axis
 * (M-RoPE).  With tables row p of them holds cosine and sine.  m is the magnitude.  Elements from R on are copied.
 * Su et al. 2021 (RoFormer), eq. 34; interleaved pairs as in LLaMA's own files and GGUF, half as in NeoX and HF. */
#include "assay/params/rope.h"
#include "ref.h"

REFERENCE(rope)
{
    const assay_rope_params *p = a->params;
    const int64_t T = a->dim[0], H = a->dim[1], D = a->dim[2];
    const real *x = a->operand[0];        /* (T,H,D) */
    const real *pos = a->operand[1];      /* (S,T)   */
    const real *inv_freq = a->operand[2]; /* (F) or NULL, F = R / 2 */
    const real *axis = a->operand[3];     /* (F) or NULL */
    const real *cosine = a->operand[4];   /* (P,F) or NULL */
    const real *sine = a->operand[5];     /* (P,F) or NULL */
    real *y = a->operand[6];              /* (T,H,D) */
    const int64_t R = p->n_dims ? p->n_dims : D;
    const real base = p->base > 0 ? p->base : 10000;
    const real m = p->magnitude > 0 ? p->magnitude : 1;

    for (int64_t i = 0; i < T * H; i++)
        for (int64_t d = R; d < D; d++)
            y[i * D + d] = x[i * D + d];
    for (int64_t t = 0; t < T; t++)
        for (int64_t r = 0; r < R / 2; r++) {
            const real where = pos[(axis ? (int64_t)axis[r] : 0) * T + t];
            const real theta = where * (inv_freq ? inv_freq[r] : pow(base, -2 * (real)r / (real)R));
            const int64_t entry = (int64_t)where * (R / 2) + r;
            const real c = m * (cosine ? cosine[entry] : cos(theta)), s = m * (sine ? sine[entry] : sin(theta));
            const int64_t first = p->mode == ASSAY_ROPE_HALF ? r : 2 * r;
            const int64_t second = p->mode == ASSAY_ROPE_HALF ? r + R / 2 : 2 * r + 1;
            for (int64_t h = 0; h < H; h++) {
                const real *xh = x + (t * H + h) * D;
                real *yh = y + (t * H + h) * D;
                yh[first] = xh[first] * c - xh[second] * s;
                yh[second] = xh[first] * s + xh[second] * c;
            }
        }
}
