/* SPDX-License-Identifier: MIT
 * ssm_scan: h[t] = e^(s[t] a) h[t-1] + s[t] x[t] write[t], y[t] = read[t] h[t] + skip x[t], s = softplus(dt + bias)
 * Mamba's selective scan (Gu and Dao 2023, algorithm 2): a channel d has N numbers of state; a is the paper's A (below
 * 0 in every model), write and read are B and C, which all channels share, skip is D.  The input enters by s B (Euler),
 * as in every implementation, and not by the zero-order hold of the paper's equation 4.  The gate of Mamba's block,
 * silu(z), is swiglu. */
#include "ref.h"

enum { X, DT, A, WRITE, READ, SKIP, BIAS, STATE, Y, LAST };

static real softplus(real z)
{
    return (z > 0 ? z : 0) + log1p(exp(-fabs(z)));
}

REFERENCE(ssm_scan)
{
    const int64_t T = a->dim[1], D = a->dim[2], N = a->dim[3];
    const real *x = a->operand[X], *dt = a->operand[DT];             /* (B,T,D) (B,T,D) */
    const real *rate = a->operand[A];                                /* (D,N) */
    const real *write = a->operand[WRITE], *read = a->operand[READ]; /* (B,T,N) (B,T,N) */
    const real *skip = a->operand[SKIP], *bias = a->operand[BIAS];   /* (D) or NULL */
    const real *state = a->operand[STATE];                           /* (B,D,N) or NULL */
    real *y = a->operand[Y], *last = a->operand[LAST];               /* (B,T,D) (B,D,N) or NULL */

    for (int64_t i = 0; i < a->dim[0] * T * D; i++)
        y[i] = skip ? skip[i % D] * x[i] : 0;
    for (int64_t i = 0; i < a->dim[0] * D * N; i++) {
        const int64_t b = i / N / D, d = i / N % D, n = i % N;
        real h = state ? state[i] : 0;
        for (int64_t t = b * T; t < (b + 1) * T; t++) {
            const real s = softplus(dt[t * D + d] + (bias ? bias[d] : 0));
            h = exp(s * rate[d * N + n]) * h + s * x[t * D + d] * write[t * N + n];
            y[t * D + d] += read[t * N + n] * h;
        }
        if (last)
            last[i] = h;
    }
}
