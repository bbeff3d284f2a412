/* SPDX-License-Identifier: MIT
 * gated_linear: S[t] = f[t] S[t-1] + k[t] v[t]^T, y[t] = q[t] S[t], f[t,h,d] = decay[h] e^(gate[t,h,d])
 * Linear attention whose state falls: by one factor of a head (RetNet: Sun et al. 2023), by a gate of each token and
 * channel of the keys (GLA: Yang et al. 2023), by both, or not at all.  gate is a logarithm, so that -inf forgets
 * everything.  q comes scaled. */
#include "ref.h"

enum { Q, K, V, DECAY, GATE, STATE, Y, LAST };

REFERENCE(gated_linear)
{
    const int64_t T = a->dim[1], H = a->dim[2], D = a->dim[3], E = a->dim[4];
    const real *q = a->operand[Q], *k = a->operand[K], *v = a->operand[V]; /* (B,T,H,D) (B,T,H,D) (B,T,H,E) */
    const real *decay = a->operand[DECAY], *gate = a->operand[GATE];       /* (H) or NULL, (B,T,H,D) or NULL */
    const real *state = a->operand[STATE];                                 /* (B,H,D,E) or NULL */
    real *y = a->operand[Y], *last = a->operand[LAST];                     /* (B,T,H,E) (B,H,D,E) or NULL */

    for (int64_t i = 0; i < a->dim[0] * T * H * E; i++)
        y[i] = 0;
    for (int64_t i = 0; i < a->dim[0] * H * D * E; i++) {
        const int64_t b = i / E / D / H, h = i / E / D % H, d = i / E % D, e = i % E;
        real s = state ? state[i] : 0;
        for (int64_t t = 0; t < T; t++) {
            const int64_t row = (b * T + t) * H + h; /* of token and head */
            const real f = (decay ? decay[h] : 1) * (gate ? exp(gate[row * D + d]) : 1);
            s = f * s + k[row * D + d] * v[row * E + e];
            y[row * E + e] += q[row * D + d] * s;
        }
        if (last)
            last[i] = s;
    }
}
