/* SPDX-License-Identifier: MIT
 * logsumexp: m + ln s, derived in logsumexp.bound.md.  What rounding moves z moves lse by no more; the sum of e^(z - m)
 * is off by the factor 1 + all, ln s by its own error, and the last sum is rounded.  Where lse is near 0, m and ln s
 * cancel: the bound stays absolute. */
#include "logsum.h"

KAPPA(logsumexp)
{
    logit_planes(a, planes);
}

BOUND(logsumexp)
{
    const double *lse = a->operand[2];
    for (int64_t r = 0; r < a->dim[0]; r++) {
        const logsum s = logsum_of(a, planes, c, r);
        const double off = s.far < 0.5 ? log1p(s.all) : s.far + logsum_open(&s);
        const double sum = off + s.e_log * s.u * (log(planes[SUM][r]) + s.far + off);
        b[2][r] = isfinite(lse[r]) ? sum + s.u * (fabs(lse[r]) + sum) + s.eta + bound_over(c, peak(a, r)) : 0;
    }
}
