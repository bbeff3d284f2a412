/* SPDX-License-Identifier: MIT
 * alibi: -m d, off by the slope m, which is a power of two's own or the k-th power of another, and by one product;
 * alibi.bound.md derives it.  planes: k, and the exponent times ln 2. */
#include "assay/params/alibi.h"
#include "bound.h"

KAPPA(alibi)
{
    const assay_alibi_params *p = a->params;
    const double most = p->max_bias > 0 ? p->max_bias : 8;
    int64_t P = 1;
    while (2 * P <= a->dim[0])
        P *= 2;
    for (int64_t h = 0; h < a->dim[0]; h++) {
        const double k = (double)(h < P ? h + 1 : 2 * (h - P) + 1), exponent = most * k / (double)(h < P ? P : 2 * P);
        planes[0][h] = k, planes[1][h] = exponent * log(2);
    }
}

BOUND(alibi)
{
    const int64_t T = a->dim[1], S = a->dim[2];
    const double *q = a->operand[0], *k = a->operand[1], *y = a->operand[2];
    const double u = bound_u(c), e_exp = BOUND_E(c, e_exp);
    for (int64_t i = 0; i < a->dim[0] * T * S; i++) {
        const int64_t h = i / (T * S);
        const double power = fmax(planes[0][h] * (e_exp + 1), planes[1][h]) + e_exp;
        const double far = fabs(q[i / S % T] - k[i % S]) > 1 / u;
        b[2][i] = fabs(y[i]) * bound_gamma(power + 1 + far, u);
    }
}
