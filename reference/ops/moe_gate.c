/* SPDX-License-Identifier: MIT
 * moe_gate: which K of X experts a row of logits z chooses, and their weights.
 *   score   s = softmax(z), sigmoid(z), or z itself (CHOSEN);  c = s + bias: the bias chooses and does not weigh
 *   groups  of X / groups experts each: by the sum of its two largest c, or by the largest; `keep` of them stay
 *   choice  the K largest c in descending order; of equal ones the lower index, of groups too
 *   weights s of the chosen, divided by their sum + 1e-20 if norm; CHOSEN: softmax of the chosen z; all times scale
 * A logit of -inf has the score 0 (CHOSEN: -inf); where all are, so are all weights.  Where fewer than K experts are
 * left the rest is -1 and 0, and so is a whole row with NaN or +inf in z or in the bias.
 * Shazeer et al. 2017; Fedus et al. 2021; DeepSeek-V3 (2412.19437), eq. 12 to 16. */
#include "assay/params/moe_gate.h"
#include "ref.h"
#include <stdlib.h>

static void softmax(real *v, int64_t n)
{
    real m = -INFINITY, sum = 0;
    for (int64_t i = 0; i < n; i++)
        m = v[i] > m ? v[i] : m;
    for (int64_t i = 0; i < n; i++) {
        v[i] = v[i] == -INFINITY ? 0 : exp(v[i] - m);
        sum += v[i];
    }
    for (int64_t i = 0; i < n; i++)
        v[i] = sum == 0 ? 0 : v[i] / sum;
}

static real sigmoid(real z)
{
    const real e = exp(-fabs(z));
    return (z < 0 ? e : 1) / (1 + e);
}

/* The k largest of c in order, as ids; -1 where none is left.  What is chosen becomes NaN in c. */
static void choose(real *c, int64_t n, int64_t k, real *ids)
{
    for (int64_t at = 0; at < k; at++) {
        int64_t best = -1;
        for (int64_t i = 0; i < n; i++)
            if (!isnan(c[i]) && (best < 0 || c[i] > c[best]))
                best = i;
        ids[at] = (real)best;
        if (best >= 0)
            c[best] = NAN;
    }
}

static real group_score(const real *c, int64_t n, int best)
{
    real first = -INFINITY, second = -INFINITY;
    for (int64_t i = 0; i < n; i++) {
        second = c[i] > first ? first : c[i] > second ? c[i] : second;
        first = c[i] > first ? c[i] : first;
    }
    return best == ASSAY_GATE_MOST || n < 2 ? first : first + second;
}

/* Makes the experts of all groups but `keep` NaN; room: 2 groups */
static void exclude(real *c, int64_t X, int64_t groups, int64_t keep, int best, real *room)
{
    const int64_t size = X / groups;
    for (int64_t g = 0; g < groups; g++)
        room[g] = group_score(c + g * size, size, best);
    choose(room, groups, keep, room + groups);
    for (int64_t i = 0; i < X; i++)
        c[i] = isnan(room[i / size]) ? c[i] : NAN;
}

/* room: 2 X and 2 groups */
static void gate(const assay_moe_gate_params *p, const real *z, const real *bias, int64_t X, int64_t K, real *ids,
                 real *weights, real *room)
{
    const int64_t groups = p->groups > 0 && X % p->groups == 0 ? p->groups : 1, keep = p->keep > 0 ? p->keep : groups;
    real *s = room, *c = room + X, sum = 0;
    bool bad = false;
    for (int64_t i = 0; i < X; i++) {
        s[i] = p->score == ASSAY_GATE_SIGMOID ? sigmoid(z[i]) : z[i];
        bad = bad || isnan(z[i]) || z[i] == INFINITY || (bias && (isnan(bias[i]) || bias[i] == INFINITY));
    }
    if (p->score == ASSAY_GATE_SOFTMAX)
        softmax(s, X);
    for (int64_t i = 0; i < X; i++)
        c[i] = bad ? NAN : bias ? s[i] + bias[i] : s[i];
    if (!bad)
        exclude(c, X, groups, keep, p->best, room + 2 * X);
    choose(c, X, K, ids);
    for (int64_t k = 0; k < K; k++) {
        weights[k] = ids[k] >= 0 ? s[(int64_t)ids[k]] : p->score == ASSAY_GATE_CHOSEN ? -INFINITY : 0;
        sum += weights[k];
    }
    if (p->score == ASSAY_GATE_CHOSEN)
        softmax(weights, K);
    for (int64_t k = 0; k < K; k++) {
        if (p->norm && p->score != ASSAY_GATE_CHOSEN)
            weights[k] /= sum + (real)1e-20;
        weights[k] *= p->scale;
    }
}

REFERENCE(moe_gate)
{
    const int64_t T = a->dim[0], X = a->dim[1], K = a->dim[2];
    const real *z = a->operand[0], *bias = a->operand[1]; /* (T,X) (X) or NULL */
    real *ids = a->operand[2], *weights = a->operand[3];  /* (T,K) (T,K) */
    const int64_t groups = ((const assay_moe_gate_params *)a->params)->groups;
    real *room = malloc((size_t)(2 * X + 2 * groups + 3) * sizeof *room);

    for (int64_t t = 0; room && t < T; t++)
        gate(a->params, z + t * X, bias, X, K, ids + t * K, weights + t * K, room);
    free(room);
}
