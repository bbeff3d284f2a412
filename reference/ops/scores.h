/* SPDX-License-Identifier: MIT
 * scores.h - what the reference and the bound of scores share: its operands as attention's. */
#ifndef ASSAY_REFERENCE_SCORES_H
#define ASSAY_REFERENCE_SCORES_H
#include "assay/params/scores.h"
#include "attention.h"

/* o is s (B,H,T,S); no pages, no tiles, no values */
static inline att scores_open(const assay_dense *a)
{
    const assay_scores_params *p = a->params;
    const int64_t *n = a->dim;
    void *const *x = a->operand;
    return (att){ .B = n[0],
                  .T = n[1],
                  .S = n[2],
                  .H = n[3],
                  .G = n[4],
                  .D = n[5],
                  .window = p->window,
                  .right = p->right ? p->right : p->window,
                  .q = x[0],
                  .k = x[1],
                  .mask = x[2],
                  .sinks = x[3],
                  .qpos = x[4],
                  .kpos = x[5],
                  .len = x[6],
                  .o = x[7],
                  .cap = p->softcap,
                  .causal = p->causal != 0,
                  .scale = p->scale != 0 ? (real)p->scale : att_usual_scale(n[5]) };
}
static inline bool scores_seen(const att *x, int64_t b, int64_t t, int64_t h, int64_t j)
{
    return j < att_len(x, b) && att_visible(x, b, t, h, j);
}
#endif
