/* SPDX-License-Identifier: MIT
 * sinusoid: y[t] = x[t] + PE(pos[t]); pair r of D/2 is sin and cos of p f, f = 10000^(-r/N)
 * Vaswani et al. 2017, 3.5: N = D/2, pairs side by side.  tensor2tensor, fairseq, M2M100, Whisper: N = D/2 - 1 (1 at
 * least), all sines first. */
#include "assay/params/sinusoid.h"
#include "ref.h"

REFERENCE(sinusoid)
{
    const assay_sinusoid_params *p = a->params;
    const int64_t T = a->dim[0], D = a->dim[1], pairs = D / 2;
    const real *x = a->operand[0];   /* (T,D) */
    const real *pos = a->operand[1]; /* (T)   */
    real *y = a->operand[2];         /* (T,D) */
    const int64_t N = p->spacing == ASSAY_SINUSOID_PAPER || pairs < 2 ? pairs : pairs - 1;
    const bool both = p->layout == ASSAY_SINUSOID_CONCATENATED;

    for (int64_t t = 0; t < T; t++)
        for (int64_t r = 0; r < pairs; r++) {
            const real theta = pos[t] * pow((real)10000, -(real)r / (real)N);
            const int64_t s = t * D + (both ? r : 2 * r), c = t * D + (both ? pairs + r : 2 * r + 1);
            y[s] = x[s] + sin(theta);
            y[c] = x[c] + cos(theta);
        }
}
