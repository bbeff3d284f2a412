/* SPDX-License-Identifier: MIT
 * attention: o[b,t,h] = sum_j w_j v[j],  w = softmax over the visible keys j (and the sink) of
 *            z_j = cap(scale q.k_j) + mask_j - slope_h |position of t - position of j|,  cap(s) = c tanh(s / c).
 * Vaswani et al. 2017 (A1), Ainslie et al. 2023 (kv head of h: h G / H), Press et al. 2022 (slopes), Gemma 2 (cap
 * before any bias), gpt-oss (sinks: one more logit without a value).  Which keys are visible is in attention.h.  One
 * whose score is -inf counts for nothing, whatever its value.  No visible key, or all of them at -inf: zeros.
 * Two passes over the keys, scores computed again in the second: nothing of size T x S is held. */
#include "attention.h"

static real score(const att *x, int64_t b, int64_t t, int64_t h, int64_t j)
{
    const real *q = att_q(x, b, t, h), *k = att_k(x, b, h, j);
    real s = 0;
    for (int64_t d = 0; d < x->D; d++)
        s += q[d] * k[d];
    s *= x->scale;
    if (x->cap > 0)
        s = x->cap * tanh(s / x->cap);
    return s + att_mask(x, b, t, h, j) + att_alibi(x, b, t, h, j);
}

static void attend(const att *x, int64_t b, int64_t t, int64_t h)
{
    const int64_t n = att_len(x, b);
    real *o = x->o + ((b * x->T + t) * x->H + h) * x->E, m = -INFINITY, sum = 0;
    for (int64_t j = 0; j < n; j++)
        if (att_visible(x, b, t, h, j)) {
            const real s = score(x, b, t, h, j);
            m = s > m || s != s ? s : m;
        }
    for (int64_t e = 0; e < x->E; e++)
        o[e] = 0;
    if (m == -INFINITY)
        return;
    if (x->sinks) {
        m = x->sinks[h] > m ? x->sinks[h] : m;
        sum = exp(x->sinks[h] - m);
    }
    for (int64_t j = 0; j < n; j++)
        if (att_visible(x, b, t, h, j)) {
            const real z = score(x, b, t, h, j), w = exp(z - m), *v = att_v(x, b, h, j);
            if (z == -INFINITY)
                continue;
            sum += w;
            for (int64_t e = 0; e < x->E; e++)
                o[e] += w * v[e];
        }
    for (int64_t e = 0; e < x->E; e++)
        o[e] /= sum;
}

REFERENCE(attention)
{
    const att x = att_open(a);
    for (int64_t b = 0; b < x.B; b++)
        for (int64_t t = 0; t < x.T; t++)
            for (int64_t h = 0; h < x.H; h++)
                attend(&x, b, t, h);
}
