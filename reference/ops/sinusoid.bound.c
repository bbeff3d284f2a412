/* SPDX-License-Identifier: MIT
 * sinusoid: y = x + w, w a sine or cosine of theta, off by the primitive and by what the angle is off (dt), rounded
 * once; sinusoid.bound.md derives it. */
#include "assay/params/sinusoid.h"
#include "bound.h"

typedef struct wave {
    double exponent; /* of 10000^-1 */
    bool sine;
} wave;

static wave wave_of(const assay_dense *a, int64_t d)
{
    const assay_sinusoid_params *p = a->params;
    const int64_t pairs = a->dim[1] / 2, N = p->spacing == ASSAY_SINUSOID_PAPER || pairs < 2 ? pairs : pairs - 1;
    const bool both = p->layout == ASSAY_SINUSOID_CONCATENATED;
    return (wave){ (double)(both ? d % pairs : d / 2) / (double)N, both ? d < pairs : d % 2 == 0 };
}

KAPPA(sinusoid)
{
    const double *pos = a->operand[1];
    for (int64_t i = 0; i < a->dim[0] * a->dim[1]; i++)
        planes[0][i] = pos[i / a->dim[1]] * pow(10000, -wave_of(a, i % a->dim[1]).exponent);
}

BOUND(sinusoid)
{
    const double *y = a->operand[2], u = bound_u(c), flushed = c->ftz ? bound_eta(c) : 0;
    for (int64_t i = 0; i < a->dim[0] * a->dim[1]; i++) {
        const wave w = wave_of(a, i % a->dim[1]);
        const double theta = planes[0][i], s = fabs(sin(theta)), co = fabs(cos(theta));
        const double dt = fabs(theta) * bound_gamma(BOUND_E(c, e_exp) + 2 * w.exponent * log(10000) + 1, u);
        const double moved = w.sine ? co * dt + s * dt * dt / 2 : s * dt + co * dt * dt / 2;
        const double off = moved + BOUND_E(c, e_sin) * u, over = bound_over(c, fabs(theta));
        b[2][i] = off * (1 + u) + u * fabs(y[i]) + flushed + over;
    }
}
