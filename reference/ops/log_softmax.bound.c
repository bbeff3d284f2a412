/* SPDX-License-Identifier: MIT
 * log_softmax: (z - m) - ln s, derived in log_softmax.bound.md: absolute, for ln s may be as small as it likes.  What
 * moves all z alike moves nothing: of z_i and the others only the difference counts.  The sum of e^(z - m) is off by
 * factors, ln s by its own error, the difference z - m by its rounding, u |z - m|, and the last difference by u |y|.
 * Where the maximum may overflow nothing is asked. */
#include "logsum.h"

KAPPA(log_softmax)
{
    logit_planes(a, planes);
}

BOUND(log_softmax)
{
    const int64_t R = a->dim[0], C = a->dim[1];
    const double *y = a->operand[2];
    for (int64_t r = 0; r < R; r++) {
        const logsum s = logsum_of(a, planes, c, r);
        const double over = bound_over(c, peak(a, r)), ln = log(planes[SUM][r]);
        for (int64_t i = 0; i < C; i++) {
            const logsum_part k = logsum_at(a, planes, &s, r, i);
            const double others = fmax(s.all - k.share * (k.moved + k.kept + k.moved * k.kept), 0);
            const double factor = k.share * k.kept + (1 - k.share) * k.moved + (1 + k.moved) * others;
            const double off = s.far < 0.5 ? log1p(factor) : k.shift + s.far + logsum_open(&s);
            const double part = off + s.u * k.distance + s.e_log * s.u * (ln + s.far + off);
            b[2][r * C + i] = isfinite(y[r * C + i]) ? part + s.u * (fabs(y[r * C + i]) + part) + 2 * s.eta + over
                              : over > 0             ? NAN
                                                     : 0;
        }
    }
}
