/* SPDX-License-Identifier: MIT
 * embedding: y[t,d] = table[ids[t],d] */
#include "ref.h"

REFERENCE(embedding)
{
    const int64_t T = a->dim[0], D = a->dim[2];
    const real *ids = a->operand[0];   /* (T)   */
    const real *table = a->operand[1]; /* (V,D) */
    real *y = a->operand[2];           /* (T,D) */

    for (int64_t t = 0; t < T; t++) {
        const real *row = table + (int64_t)ids[t] * D;
        for (int64_t d = 0; d < D; d++)
            y[t * D + d] = row[d];
    }
}
