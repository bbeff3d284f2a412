/* SPDX-License-Identifier: MIT
 * beam_step: EXACT: sums and quotients are rounded to f32 by definition, and their order is too, so the bound is 0. */
#include "bound.h"

KAPPA(beam_step)
{
    (void)a, (void)planes;
}
BOUND(beam_step)
{
    (void)planes, (void)c;
    for (int i = 4; i < 10; i++)
        for (int64_t k = 0; b[i] && k < a->dim[0] * (i < 9 ? a->dim[1] : 1); k++)
            b[i][k] = 0;
}
