/* SPDX-License-Identifier: MIT
 * embed_sum: y[t] = token[ids[t]] + place[pos[t] + offset] + segment[segs[t]]
 * Devlin et al. 2018 (BERT: three tables); GPT-2, OPT, BART without segments. */
#include "assay/params/embed_sum.h"
#include "ref.h"

REFERENCE(embed_sum)
{
    const assay_embed_sum_params *p = a->params;
    const int64_t T = a->dim[0], D = a->dim[1];
    const real *ids = a->operand[0], *token = a->operand[1];    /* (T) (V,D) */
    const real *pos = a->operand[2], *place = a->operand[3];    /* (T) (P,D) */
    const real *segs = a->operand[4], *segment = a->operand[5]; /* (T) (G,D) or NULL */
    real *y = a->operand[6];                                    /* (T,D) */

    for (int64_t i = 0; i < T * D; i++) {
        const int64_t t = i / D, d = i % D;
        y[i] = token[(int64_t)ids[t] * D + d] + place[((int64_t)pos[t] + p->offset) * D + d];
        if (segs)
            y[i] += segment[(int64_t)segs[t] * D + d];
    }
}
