/* SPDX-License-Identifier: MIT
 * cache: row pos[t] of the cache becomes x[t], for t = 0, 1, ... (of equal positions the last wins); all other rows
 * stay. The conversion to the cache's type is that of its encoder. */
#include "ref.h"

REFERENCE(cache)
{
    const int64_t T = a->dim[0], S = a->dim[1], row = a->dim[2] * a->dim[3];
    const real *x = a->operand[0], *pos = a->operand[1], *was = a->before[2];
    real *cache = a->operand[2];
    for (int64_t i = 0; i < S * row; i++)
        cache[i] = was[i];
    for (int64_t t = 0; t < T; t++)
        for (int64_t i = 0; i < row; i++)
            cache[(int64_t)pos[t] * row + i] = x[t * row + i];
}
