/* SPDX-License-Identifier: MIT
 * attention_merge: lse_out[r] = m + ln s,  y[r] = sum_p exp(lse[p,r] - m) o[p,r] / s,
 *                  s = sum_p exp(lse[p,r] - m),  m = max_p lse[p,r]
 * Attention of a query over all keys from that over each part of them (Milakov and Gimelshein 2018, Dao 2022): split-K
 * decoding, ring attention, shared prefixes.  An empty part (lse -inf) is no operand: nothing of its o reaches y, not
 * even NaN; where all are empty y is 0 and lse_out -inf.  An lse of +inf makes NaN, as a logit of +inf does in softmax.
 */
#include "ref.h"

REFERENCE(attention_merge)
{
    const int64_t P = a->dim[0], R = a->dim[1], E = a->dim[2];
    const real *lse = a->operand[0], *o = a->operand[1]; /* (P,R) (P,R,E) */
    real *y = a->operand[2], *lse_out = a->operand[3];   /* (R,E) (R) or NULL */

    for (int64_t r = 0; r < R; r++) {
        real m = -INFINITY, s = 0;
        for (int64_t p = 0; p < P; p++)
            m = lse[p * R + r] > m || isnan(lse[p * R + r]) ? lse[p * R + r] : m;
        for (int64_t e = 0; e < E; e++)
            y[r * E + e] = 0;
        for (int64_t p = 0; p < P; p++) {
            if (lse[p * R + r] == -INFINITY)
                continue;
            const real w = exp(lse[p * R + r] - m);
            s += w;
            for (int64_t e = 0; e < E; e++)
                y[r * E + e] += w * o[(p * R + r) * E + e];
        }
        for (int64_t e = 0; e < E && m != -INFINITY; e++)
            y[r * E + e] /= s;
        if (lse_out)
            lse_out[r] = m == -INFINITY ? m : m + log(s);
    }
}
