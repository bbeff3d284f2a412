/* SPDX-License-Identifier: MIT
 * argmax: id[r] = the lowest c with x[r,c] = max over c; the first NaN if the row has one (as NumPy and PyTorch). */
#include "ref.h"

REFERENCE(argmax)
{
    const int64_t R = a->dim[0], V = a->dim[1];
    const real *x = a->operand[0]; /* (R,V) */
    real *id = a->operand[1];      /* (R)   */

    for (int64_t r = 0; r < R; r++, x += V) {
        int64_t best = 0;
        for (int64_t v = 1; v < V && !isnan(x[best]); v++)
            if (isnan(x[v]) || x[v] > x[best])
                best = v;
        id[r] = (real)best;
    }
}
