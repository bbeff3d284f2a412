/* SPDX-License-Identifier: MIT
 * speculate: how many of T drafted ids stand, and which id follows them.
 *   accepted  draft[t], which the draft drew by q[t], if p[t] of it is not 0 and u[t] q[t] <= p[t]; up to the first
 *             that is not
 *   next      by the rest max(0, p[t] - q[t]) of the first place that is not accepted, by p[t] where nothing is left;
 *             where all are, by last: the smallest id with w sum < the sum up to it, as sample's
 * What is read of p, q and last must be 0 or more and finite, of u and w at least 0 and below 1; else, or where all is
 * 0, there is no answer: -1 for both.  (Leviathan et al. 2023, algorithm 1.) */
#include "ref.h"

typedef struct sequence {
    int64_t T, V;
    const real *p, *q, *last, *draft, *u; /* (T,V) (T,V) (V) (T) (T) */
    real w;
} sequence;

static bool is_chance(real x)
{
    return x >= 0 && x < INFINITY;
}
static bool is_uniform(real u)
{
    return u >= 0 && u < 1;
}
/* q may be NULL */
static real rest(const real *p, const real *q, int64_t v)
{
    return !q ? p[v] : q[v] < p[v] ? p[v] - q[v] : 0;
}

/* Subnormal sums: w sum may round to the sum itself; then it is the last that can be. */
static int64_t draw(const real *p, const real *q, int64_t V, real w)
{
    real sum = 0, upto = 0;
    int64_t last = -1;
    for (int64_t v = 0; v < V; v++) {
        if (!is_chance(p[v]) || (q && !is_chance(q[v])))
            return -1;
        sum += rest(p, q, v);
    }
    if (q && sum == 0)
        return draw(p, NULL, V, w);
    for (int64_t v = 0; v < V; v++) {
        upto += rest(p, q, v);
        if (w * sum < upto)
            return v;
        last = rest(p, q, v) > 0 ? v : last;
    }
    return last;
}

/* Returns the id that follows, -1: there is no answer. */
static int64_t next_id(const sequence *s, int64_t *count)
{
    const int64_t V = s->V;
    int64_t t = 0;
    for (; t < s->T; t++) {
        const real p = s->p[t * V + (int64_t)s->draft[t]], q = s->q[t * V + (int64_t)s->draft[t]], u = s->u[t];
        if (!is_chance(p) || !is_chance(q) || !is_uniform(u))
            return -1;
        if (!(p > 0 && u * q <= p))
            break;
    }
    *count = t;
    if (!is_uniform(s->w))
        return -1;
    return t < s->T ? draw(s->p + t * V, s->q + t * V, V, s->w) : draw(s->last, NULL, V, s->w);
}

REFERENCE(speculate)
{
    const int64_t R = a->dim[0], T = a->dim[1], V = a->dim[2];
    const real *const *in = (const real *const *)a->operand;
    real *count = a->operand[6], *token = a->operand[7]; /* (R) */

    for (int64_t r = 0; r < R; r++) {
        const sequence s = {
            T, V, in[0] + r * T * V, in[1] + r * T * V, in[2] + r * V, in[3] + r * T, in[4] + r * T, in[5][r]
        };
        int64_t n = -1;
        token[r] = (real)next_id(&s, &n);
        count[r] = token[r] < 0 ? -1 : (real)n;
    }
}
