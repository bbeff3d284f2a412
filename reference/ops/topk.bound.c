/* SPDX-License-Identifier: MIT
 * topk: EXACT: of given scores one order is right (ties and NaN are in the definition), so there is no condition
 * quantity and the bound is 0. */
#include "bound.h"

KAPPA(topk)
{
    (void)a, (void)planes;
}
BOUND(topk)
{
    (void)planes, (void)c;
    for (int64_t i = 0; i < a->dim[0] * a->dim[2]; i++) {
        if (b[1])
            b[1][i] = 0;
        if (b[2])
            b[2][i] = 0;
    }
}
