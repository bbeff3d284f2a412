/* SPDX-License-Identifier: MIT
 * rope: with m the magnitude and n = m (|x0| + |x1|),
 *   |y0 - g0| <= gamma(k) (m |x0 c| + m |x1 s| + (dt + e_sin u) n) + e_sin u n + |g1| dt + |g0| dt^2 / 2 + lost
 * (and with 0, 1 swapped).  gamma(k): a product and a sum, of the sine and cosine that the kernel has, and one rounding
 * more where m is not 1; e_sin: their error, absolute; dt: what the kernel's angle may be off, which turns the pair by
 * dt and so moves g0 by g1 sin dt + g0 (1 - cos dt).  Angles are exact here, so
 *   tables given:    dt = 0, e_sin = 0
 *   inv_freq given:  dt = theta gamma(1)                         (theta = fl(pos * f))
 *   else:            dt = theta gamma(e_exp + 1 + e |ln base|)   (the power within e_exp u; its exponent e = 2r/R,
 *                    rounded to f32, adds e ln base unless R is a power of two, where the exponent is exact)
 * At position 131071 this is 0.8 % of the first pair: what f32 angles cost.  An angle that is off by 2 may be any: a
 * pair moves by |g1| + 2 |g0| at most.  lost: what two products and a sum lose to underflow, before m or after it, and
 * m c itself.  Where theta, a product, or a sum that m comes after may overflow NaN and infinities are right besides.
 * Copied elements have bound 0. */
#include "assay/params/rope.h"
#include "bound.h"

enum { X, POS, FREQ, AXIS, COS, SIN, Y };

typedef struct pair {
    int64_t first, second;
} pair;
typedef struct angle {
    double theta, c, s; /* absolute values */
} angle;

static int64_t rotated(const assay_dense *a)
{
    const assay_rope_params *p = a->params;
    return p->n_dims ? p->n_dims : a->dim[2];
}
static double magnitude(const assay_dense *a)
{
    const assay_rope_params *p = a->params;
    return p->magnitude > 0 ? (double)p->magnitude : 1;
}
static double base_of(const assay_dense *a)
{
    const assay_rope_params *p = a->params;
    return p->base > 0 ? (double)p->base : 10000;
}
static pair pair_of(const assay_dense *a, int64_t r)
{
    const assay_rope_params *p = a->params;
    const pair half = { r, r + rotated(a) / 2 }, interleaved = { 2 * r, 2 * r + 1 };
    return p->mode == ASSAY_ROPE_HALF ? half : interleaved;
}
/* Of pair r of row t, as the tables have it. */
static angle given(const assay_dense *a, int64_t t, int64_t r)
{
    const double *pos = a->operand[POS], *axis = a->operand[AXIS], *c = a->operand[COS], *s = a->operand[SIN];
    const int64_t entry = (int64_t)pos[(axis ? (int64_t)axis[r] : 0) * a->dim[0] + t] * a->dim[3] + r;
    return (angle){ 0, fabs(c[entry]), fabs(s[entry]) };
}
static angle computed(const assay_dense *a, int64_t t, int64_t r)
{
    const double *pos = a->operand[POS], *axis = a->operand[AXIS], *inv_freq = a->operand[FREQ];
    const double f = inv_freq ? inv_freq[r] : pow(base_of(a), -2 * (double)r / (double)rotated(a));
    const double theta = pos[(axis ? (int64_t)axis[r] : 0) * a->dim[0] + t] * f;
    return (angle){ fabs(theta), fabs(cos(theta)), fabs(sin(theta)) };
}

KAPPA(rope)
{
    const int64_t T = a->dim[0], H = a->dim[1], D = a->dim[2], R = rotated(a);
    const double *x = a->operand[X], m = magnitude(a);

    for (int64_t i = 0; i < T * H * D; i++)
        planes[0][i] = 0;
    for (int64_t i = 0; i < T * D; i++)
        planes[1][i] = 0;
    for (int64_t t = 0; t < T; t++)
        for (int64_t r = 0; r < R / 2; r++) {
            const angle k = a->operand[COS] ? given(a, t, r) : computed(a, t, r);
            const pair at = pair_of(a, r);
            planes[1][t * D + at.first] = planes[1][t * D + at.second] = k.theta;
            for (int64_t h = 0; h < H; h++) {
                const int64_t i = (t * H + h) * D + at.first, j = (t * H + h) * D + at.second;
                planes[0][i] = m * (fabs(x[i]) * k.c + fabs(x[j]) * k.s);
                planes[0][j] = m * (fabs(x[i]) * k.s + fabs(x[j]) * k.c);
            }
        }
}

/* The largest number on the way to x c -+ w s, all of them absolute: either product; with a magnitude their sum, before
 * it or after, and what it makes of c and s. */
static double widest(double x, double c, double w, double s, double m, double u)
{
    const double one = x * c, other = w * s;
    if (m == 1)
        return fmax(one, other);
    return fmax(m, 1) * fmax(one + other, fmax(c, s)) * (1 + bound_gamma(3, u));
}

BOUND(rope)
{
    const int64_t T = a->dim[0], H = a->dim[1], D = a->dim[2], R = rotated(a);
    const double *x = a->operand[X], *g = a->operand[Y], u = bound_u(c), m = magnitude(a);
    const double e_pow = BOUND_E(c, e_exp), e_sin = a->operand[COS] ? 0 : BOUND_E(c, e_sin);
    const double roundings = bound_gamma(m == 1 ? 2 : 3, u), eta = bound_eta(c);

    for (int64_t i = 0; i < T * H * D; i++)
        b[Y][i] = 0;
    for (int64_t t = 0; t < T; t++)
        for (int64_t r = 0; r < R / 2; r++) {
            const pair at = pair_of(a, r);
            const angle k = a->operand[COS] ? given(a, t, r) : (angle){ 0, 1, 1 };
            const double exponent = (R & (R - 1)) == 0 ? 0 : 2 * (double)r / (double)R;
            const double power = a->operand[FREQ] ? 0 : e_pow + exponent * fabs(log(base_of(a)));
            const double theta = planes[1][t * D + at.first], turn = fmin(theta * bound_gamma(power + 1, u), 2);
            for (int64_t h = 0; h < H; h++) {
                const int64_t i = (t * H + h) * D + at.first, j = (t * H + h) * D + at.second;
                const double v = fabs(x[i]), w = fabs(x[j]), lost = eta * (3 * fmax(m, 1) + (m == 1 ? 0 : v + w));
                const double sine = (roundings * (turn + e_sin * u) + e_sin * u) * m * (v + w) + lost;
                b[Y][i] = roundings * planes[0][i] + sine + fabs(g[j]) * turn + fabs(g[i]) * turn * turn / 2;
                b[Y][j] = roundings * planes[0][j] + sine + fabs(g[i]) * turn + fabs(g[j]) * turn * turn / 2;
                b[Y][i] *= bound_either(c, fmax(theta, widest(v, k.c, w, k.s, m, u)));
                b[Y][j] *= bound_either(c, fmax(theta, widest(v, k.s, w, k.c, m, u)));
            }
        }
}
