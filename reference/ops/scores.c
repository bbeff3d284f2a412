/* SPDX-License-Identifier: MIT
 * scores: what attention computes on its way to o, of every query and key: s[b,h,t,j] =
 *   product   scale q.k_j                                of every key, seen or not
 *   capped    cap(scale q.k_j),  cap(x) = c tanh(x / c)  the same
 *   masked    cap(scale q.k_j) + mask_j;  -inf where t does not see j
 *   weights   softmax over the keys that are seen, and the sink, of the latter;  0 where t does not see j
 * ONNX Attention's qk_matmul_output, Hugging Face's output_attentions.  Which keys are seen is in attention.h.  A query
 * that sees no key, or scores of -inf alone, has weights of 0. */
#include "scores.h"

static real product(const att *x, int64_t b, int64_t t, int64_t h, int64_t j)
{
    const real *q = att_q(x, b, t, h), *k = att_k(x, b, h, j);
    real s = 0;
    for (int64_t d = 0; d < x->D; d++)
        s += q[d] * k[d];
    return s * x->scale;
}

/* Scores of a row become weights. */
static void weigh(real *z, int64_t S, const real *sink)
{
    real m = -INFINITY, sum = 0;
    for (int64_t j = 0; j < S; j++)
        m = z[j] > m || z[j] != z[j] ? z[j] : m;
    const bool any = m != -INFINITY;
    if (sink) {
        m = *sink > m ? *sink : m;
        sum = exp(*sink - m);
    }
    for (int64_t j = 0; j < S; j++)
        sum += z[j] == -INFINITY ? 0 : exp(z[j] - m);
    for (int64_t j = 0; j < S; j++)
        z[j] = any && z[j] != -INFINITY ? exp(z[j] - m) / sum : 0;
}

REFERENCE(scores)
{
    const assay_scores_params *p = a->params;
    const att x = scores_open(a);
    const bool capped = p->stage != ASSAY_SCORES_PRODUCT && x.cap > 0;
    const bool masked = p->stage == ASSAY_SCORES_MASKED || p->stage == ASSAY_SCORES_WEIGHTS;
    for (int64_t i = 0; i < x.B * x.H * x.T; i++) {
        const int64_t t = i % x.T, h = i / x.T % x.H, b = i / x.T / x.H;
        real *s = x.o + i * x.S;
        for (int64_t j = 0; j < x.S; j++) {
            s[j] = product(&x, b, t, h, j);
            if (capped)
                s[j] = x.cap * tanh(s[j] / x.cap);
            if (masked)
                s[j] = scores_seen(&x, b, t, h, j) ? s[j] + att_mask(&x, b, t, h, j) : -INFINITY;
        }
        if (p->stage == ASSAY_SCORES_WEIGHTS)
            weigh(s, x.S, x.sinks ? &x.sinks[h] : NULL);
    }
}
