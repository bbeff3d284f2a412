/* SPDX-License-Identifier: MIT
 * attention with every sum (q.k, the weights, the values) in any order: in two passes, online over blocks of keys, in
 * parts that are merged; the scale in q or after the dot; weights normalised before or after.  Only visible keys are
 * visited. */
#define ASSAY_REAL float
#include "variants.h"
#include "../../reference/ops/attention.h"
#include "../../reference/core/tensor.h"
#include <stdlib.h>
#include <string.h>

enum { V = 2, SINKS = 5, OUT = 11, OPERANDS };

typedef struct keys {     /* what one query sees */
    float *z, *e, *v, *o; /* scores; room for weights; values, row by row; room for a part's sum */
    int64_t n;
} keys;

typedef struct state { /* of a part of the keys: largest score, sum of weights; the weighted sum lies in o */
    float m, l;
} state;

/* One block of keys at once joins the state. */
static void block(const assay_sum *s, const att *x, const keys *k, int64_t at, int64_t n, state *st, float *o)
{
    float top = st->m;
    for (int64_t i = at; i < at + n; i++)
        top = k->z[i] > top || k->z[i] != k->z[i] ? k->z[i] : top;
    if (top == -INFINITY)
        return;
    const float keep = st->m == -INFINITY ? 0 : st->m == top ? 1 : assay_vary_exp(s->row, st->m - top);
    for (int64_t i = at; i < at + n; i++)
        k->e[i] = k->z[i] == -INFINITY ? 0 : assay_vary_exp(s->row, k->z[i] - top);
    const float l = assay_sum_of(s, k->e + at, 1, NULL, 0, n);
    const bool first = st->m == -INFINITY;
    st->l = first ? l : st->l * keep + l;
    for (int64_t c = 0; c < x->E; c++) {
        const float v = assay_sum_of(s, k->e + at, 1, k->v + at * x->E + c, x->E, n);
        o[c] = first ? v : o[c] * keep + v;
    }
    st->m = top;
}

static float score(const assay_sum *s, const att *x, const float *q, int64_t b, int64_t t, int64_t h, int64_t j)
{
    const float dot = assay_sum_of(s, q, 1, att_k(x, b, h, j), 1, x->D), z = s->row % 2 ? dot : dot * x->scale;
    const float capped = x->cap > 0 ? x->cap * assay_vary_tanh(s->row, z / x->cap) : z, bias = att_mask(x, b, t, h, j);
    return (x->mask ? capped + bias : capped) + (x->slopes ? att_alibi(x, b, t, h, j) : 0);
}

static void gather(const assay_sum *s, const att *x, int64_t b, int64_t t, int64_t h, float *q, keys *k)
{
    memcpy(q, att_q(x, b, t, h), (size_t)x->D * sizeof *q);
    for (int64_t d = 0; d < x->D && s->row % 2; d++)
        q[d] *= x->scale;
    k->n = 0;
    for (int64_t j = 0; j < att_len(x, b); j++)
        if (att_visible(x, b, t, h, j)) {
            k->z[k->n] = score(s, x, q, b, t, h, j);
            memcpy(k->v + k->n++ * x->E, att_v(x, b, h, j), (size_t)x->E * sizeof *k->v);
        }
}

/* Parts of the keys, each in blocks; the parts are brought to the largest maximum at once. */
static void attend(const assay_sum *s, const att *x, const keys *k, const float *sink, float *out)
{
    static const int64_t sizes[] = { 0, 1, 7, 16, 64, 128 };
    const int64_t parts = s->splits > 1 ? s->splits : 1;
    const int64_t size = s->depth == ASSAY_DEPTH_ANY && sizes[s->row / 3 % 6] ? sizes[s->row / 3 % 6] : k->n + 1;
    assay_sum whole = *s;
    state st[8];
    float m = -INFINITY, l = 0;
    whole.splits = 0;
    for (int64_t p = 0; p < parts; p++) {
        const int64_t from = k->n * p / parts, to = k->n * (p + 1) / parts;
        st[p] = (state){ -INFINITY, 0 };
        for (int64_t at = from; at < to; at += size)
            block(&whole, x, k, at, to - at < size ? to - at : size, &st[p], k->o + p * x->E);
        m = st[p].m > m || st[p].m != st[p].m ? st[p].m : m;
    }
    memset(out, 0, (size_t)x->E * sizeof *out);
    if (m == -INFINITY)
        return;
    m = sink && *sink > m ? *sink : m;
    for (int64_t p = 0; p < parts; p++) {
        const float keep = st[p].m == -INFINITY ? 0 : st[p].m == m ? 1 : assay_vary_exp(s->row, st[p].m - m);
        l += st[p].l * keep;
        for (int64_t c = 0; c < x->E && st[p].m != -INFINITY; c++)
            out[c] += k->o[p * x->E + c] * keep;
    }
    l += sink ? assay_vary_exp(s->row, *sink - m) : 0;
    const float inverse = s->row % 3 == 1 ? assay_vary_reciprocal(s->row, l) : 1 / l;
    for (int64_t c = 0; c < x->E; c++)
        out[c] = s->row % 3 == 2 ? out[c] / l : out[c] * inverse;
}

assay_status assay_vary_attention(const assay_args *a)
{
    const assay_sum *s = a->variant;
    void *operand[OPERANDS] = { NULL }, *none[OPERANDS] = { NULL };
    const assay_status opened = assay_vary_open(a, OPERANDS, SINKS + 1, operand);
    const assay_dense d = { operand, none, a->dim, a->params };
    const att x = att_open(&d);
    const size_t S = (size_t)x.S + 1, E = (size_t)x.E;
    float *room = malloc((2 * S + S * E + 8 * E + (size_t)x.D + 1) * sizeof *room);
    keys k = { 0 };
    if (room)
        k = (keys){ room, room + S, room + 2 * S, room + 2 * S + S * E, 0 };
    for (int64_t i = 0; !opened && room && i < x.B * x.T * x.H; i++) {
        const int64_t b = i / x.H / x.T, t = i / x.H % x.T, h = i % x.H;
        gather(s, &x, b, t, h, k.o + 8 * E, &k);
        attend(s, &x, &k, x.sinks ? &x.sinks[h] : NULL, x.o + i * x.E);
        assay_vary_write(&a->operand[OUT], i, 0, x.E, x.o + i * x.E);
    }
    assay_vary_close(OPERANDS, operand);
    free(room);
    return opened ? opened : room ? ASSAY_OK : ASSAY_ERR_NOMEM;
}
