/* SPDX-License-Identifier: MIT
 * speculate: verify() accepts the counts that a kernel within its contract can reach, and with each the ids that it can
 * then draw (speculate.bound.md). */
#include "weights.h"
#include "../core/status.h"

KAPPA(speculate)
{
    (void)a, (void)planes;
}
BOUND(speculate)
{
    (void)a, (void)planes, (void)c, (void)b;
}

typedef struct sequence {
    int64_t T, V;
    const double *p, *q, *last, *draft, *u;
    double w, count, token; /* what was drawn by, what the kernel says */
    entry *e;
    const assay_contract *c;
} sequence;

static bool is_chance(double x)
{
    return x >= 0 && x < INFINITY;
}
static bool is_uniform(double u)
{
    return u >= 0 && u < 1;
}
static bool no_answer(const sequence *s)
{
    return s->count == -1 && s->token == -1;
}

/* Is it right if t are accepted and no more? */
static bool after(const sequence *s, int64_t t)
{
    const double *p = t < s->T ? s->p + t * s->V : s->last, *q = t < s->T ? s->q + t * s->V : NULL;
    double sum = 0, all = 0;
    bool valid = is_uniform(s->w);
    for (int64_t v = 0; v < s->V; v++) {
        const double rest = q ? fmax(p[v] - q[v], 0) : p[v];
        valid = valid && is_chance(p[v]) && (!q || is_chance(q[v]));
        s->e[v] = (entry){ .w = rest, .error = q ? bound_u(s->c) * rest : 0, .id = v, .state = IN };
        sum += rest, all += p[v];
    }
    if (!valid || all == 0)
        return no_answer(s);
    for (int64_t v = 0; v < s->V && sum == 0; v++)
        s->e[v].w = p[v];
    if (bound_over(s->c, sum == 0 ? all : sum) > 0) /* nothing is asked but an id of the vocabulary, or -1 */
        return no_answer(s) || (s->count == (double)t && s->token >= 0 && s->token < (double)s->V);
    return s->count == (double)t && s->token >= 0 && s->token < (double)s->V && s->token == floor(s->token) &&
           reachable(s->e, s->V, (int64_t)s->token, s->w, s->c);
}

static bool right(const sequence *s)
{
    for (int64_t t = 0; t < s->T; t++) {
        const int64_t at = t * s->V + (int64_t)s->draft[t];
        const double p = s->p[at], q = s->q[at], u = s->u[t];
        if (!is_chance(p) || !is_chance(q) || !is_uniform(u))
            return no_answer(s);
        const double slack = bound_gamma(BOUND_E(s->c, e_div) + 1, bound_u(s->c)), uq = u * q;
        const double tiny = s->c->ftz || uq > 0 ? bound_eta(s->c) * (1 + q) : 0;
        if (uq * (1 + slack) + tiny >= p && after(s, t))
            return true;
        if (!(p > 0) || uq * (1 - slack) - tiny > p)
            return false;
    }
    return after(s, s->T);
}

VERIFY(speculate)
{
    const int64_t T = a->dim[1], V = a->dim[2];
    const double *const *in = (const double *const *)a->operand, *count = got[6], *token = got[7];
    sequence s = { .T = T, .V = V, .e = malloc((size_t)V * sizeof *s.e), .c = c };
    bool ok = s.e != NULL;
    if (!ok)
        assay_fail(why, ASSAY_ERR_NOMEM, "speculate: no memory for V=%lld", (long long)V);
    for (int64_t r = 0; ok && r < a->dim[0]; r++) {
        s.p = in[0] + r * T * V, s.q = in[1] + r * T * V, s.last = in[2] + r * V;
        s.draft = in[3] + r * T, s.u = in[4] + r * T, s.w = in[5][r];
        s.count = count[r], s.token = token[r];
        ok = right(&s);
        if (!ok)
            assay_fail(why, ASSAY_ERR_ARG,
                       "speculate: sequence %lld: %.0f accepted and id %.0f cannot be; the reference accepts %.0f, and "
                       "draws %.0f",
                       (long long)r, count[r], token[r], in[6][r], in[7][r]);
    }
    free(s.e);
    return ok;
}
