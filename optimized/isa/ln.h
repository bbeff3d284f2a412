/* SPDX-License-Identifier: MIT
 * ln.h - the logarithm of one number, for kernels that take one a row: plain C for every instruction set. */
#ifndef ASSAY_ISA_LN_H
#define ASSAY_ISA_LN_H
#include <stdint.h>
#include <string.h>

/* ln s, s >= 1 (NaN and infinity stay), within 1.01 u (1.0030 at 0x1.5bff44p+1, of all up to 4 and every seventh up to
 * 2^26): s = 2^e m, m about 1, and ln m = 2 artanh((m - 1) / (m + 1)), both in double, rounded once.  ln 1 is 0. */
static inline float ln_of(float s)
{
    uint32_t bits;
    float m;
    if (!(s < __builtin_inff()))
        return s;
    memcpy(&bits, &s, sizeof bits);
    const uint32_t e = (bits - 0x3f3504f3u) >> 23; /* m from sqrt(1/2) on */
    bits -= e << 23;
    memcpy(&m, &bits, sizeof m);
    const double t = ((double)m - 1) / ((double)m + 1), q = t * t;
    const double p = 2 + q * (2.0 / 3 + q * (2.0 / 5 + q * (2.0 / 7 + q * (2.0 / 9))));
    return (float)((double)e * 0x1.62e42fefa39efp-1 + t * p);
}
#endif
