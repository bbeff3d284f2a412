/* SPDX-License-Identifier: MIT
 * penalize: logits by what was said before.  z = logits + bias; of an id that was seen z / repetition, or z repetition
 * where z < 0 (Keskar et al. 2019, as mended by Hugging Face: a divided negative logit would rise); then
 * y = z - counts frequency - presence where counts > 0 (OpenAI).  seen left out: what was counted was seen. */
#include "assay/params/penalize.h"
#include "ref.h"

REFERENCE(penalize)
{
    const assay_penalize_params *p = a->params;
    const int64_t n = a->dim[0] * a->dim[1];
    const real *logits = a->operand[0], *counts = a->operand[1]; /* (R,V) */
    const real *seen = a->operand[2], *bias = a->operand[3];     /* (R,V) or NULL */
    real *y = a->operand[4];                                     /* (R,V) */

    for (int64_t i = 0; i < n; i++) {
        real z = logits[i];
        if (bias)
            z += bias[i];
        if ((seen ? seen[i] : counts[i]) > 0)
            z = z < 0 ? z * p->repetition : z / p->repetition;
        y[i] = z - (counts[i] * p->frequency + (counts[i] > 0 ? p->presence : 0));
    }
}
