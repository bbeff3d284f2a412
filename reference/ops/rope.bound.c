/* SPDX-License-Identifier: MIT
 * rope: with n = |x0| + |x1|,
 *   |y0 - g0| <= gamma(2) (|x0 c| + |x1 s| + (dt + e_sin u) n) + e_sin u n + |g1| dt + |g0| dt^2 / 2 + 3 eta
 * (and with 0, 1 swapped).  gamma(2): a product and a sum, of the sine and cosine that the kernel has; e_sin: their
 * error, absolute; dt: what the kernel's angle may be off, which turns the pair by dt and so moves g0 by g1 sin dt + g0
 * (1 - cos dt).  Angles are exact here, so
 *   inv_freq given:  dt = theta gamma(1)                         (theta = fl(pos * f))
 *   else:            dt = theta gamma(e_exp + 1 + e |ln base|)   (the power within e_exp u; its exponent e = 2r/R,
 *                    rounded to f32, adds e ln base unless R is a power of two, where the exponent is exact)
 * At position 131071 this is 0.8 % of the first pair: what f32 angles cost.  An angle that is off by 2 may be any: a
 * pair moves by |g1| + 2 |g0| at most.  Where theta may overflow NaN and infinities are right besides.  Copied elements
 * have bound 0. */
#include "assay/params/rope.h"
#include "bound.h"

typedef struct pair {
    int64_t first, second;
} pair;

static int64_t rotated(const assay_dense *a)
{
    const assay_rope_params *p = a->params;
    return p->n_dims ? p->n_dims : a->dim[2];
}
static pair pair_of(const assay_dense *a, int64_t r)
{
    const assay_rope_params *p = a->params;
    const pair half = { r, r + rotated(a) / 2 }, interleaved = { 2 * r, 2 * r + 1 };
    return p->mode == ASSAY_ROPE_HALF ? half : interleaved;
}

KAPPA(rope)
{
    const assay_rope_params *p = a->params;
    const int64_t T = a->dim[0], H = a->dim[1], D = a->dim[2], R = rotated(a);
    const double *x = a->operand[0], *pos = a->operand[1], *inv_freq = a->operand[2];
    const double base = p->base > 0 ? p->base : 10000;

    for (int64_t i = 0; i < T * H * D; i++)
        planes[0][i] = 0;
    for (int64_t i = 0; i < T * D; i++)
        planes[1][i] = 0;
    for (int64_t t = 0; t < T; t++)
        for (int64_t r = 0; r < R / 2; r++) {
            const double f = inv_freq ? inv_freq[r] : pow(base, -2 * (double)r / (double)R);
            const double theta = pos[t] * f, c = fabs(cos(theta)), s = fabs(sin(theta));
            const pair k = pair_of(a, r);
            planes[1][t * D + k.first] = planes[1][t * D + k.second] = fabs(theta);
            for (int64_t h = 0; h < H; h++) {
                const int64_t i = (t * H + h) * D + k.first, j = (t * H + h) * D + k.second;
                planes[0][i] = fabs(x[i]) * c + fabs(x[j]) * s;
                planes[0][j] = fabs(x[i]) * s + fabs(x[j]) * c;
            }
        }
}

BOUND(rope)
{
    const assay_rope_params *p = a->params;
    const int64_t T = a->dim[0], H = a->dim[1], D = a->dim[2], R = rotated(a);
    const double *x = a->operand[0], *g = a->operand[3];
    const double base = p->base > 0 ? p->base : 10000, u = bound_u(c);
    const double e_sin = BOUND_E(c, e_sin), e_pow = BOUND_E(c, e_exp);

    for (int64_t i = 0; i < T * H * D; i++)
        b[3][i] = 0;
    for (int64_t t = 0; t < T; t++)
        for (int64_t r = 0; r < R / 2; r++) {
            const pair k = pair_of(a, r);
            const double exponent = (R & (R - 1)) == 0 ? 0 : 2 * (double)r / (double)R;
            const double power = a->operand[2] ? 0 : e_pow + exponent * fabs(log(base));
            const double theta = planes[1][t * D + k.first], turn = fmin(theta * bound_gamma(power + 1, u), 2);
            for (int64_t h = 0; h < H; h++) {
                const int64_t i = (t * H + h) * D + k.first, j = (t * H + h) * D + k.second;
                const double two = bound_gamma(2, u), size = fabs(x[i]) + fabs(x[j]), either = bound_either(c, theta);
                const double sine = (two * (turn + e_sin * u) + e_sin * u) * size + 3 * bound_eta(c);
                b[3][i] = (two * planes[0][i] + sine + fabs(g[j]) * turn + fabs(g[i]) * turn * turn / 2) * either;
                b[3][j] = (two * planes[0][j] + sine + fabs(g[i]) * turn + fabs(g[j]) * turn * turn / 2) * either;
            }
        }
}
