/* SPDX-License-Identifier: MIT
 * attention_second.h - attention once more: each element of the result by itself, from all keys of its sequence, in
 * long double. */
#ifndef ASSAY_ATTENTION_SECOND_H
#define ASSAY_ATTENTION_SECOND_H
#include "attention_keys.h"
#include <math.h>

static const double *given(const assay_dense *a, int i)
{
    return a->operand[i];
}
static int64_t in_use(const assay_dense *a, int64_t b)
{
    const int64_t s = a->dim[S], held = a->dim[P] * ((const assay_attention_params *)a->params)->page;
    return given(a, LEN) ? (int64_t)given(a, LEN)[b] : given(a, PAGES) && held < s ? held : s;
}
/* The row of k and v, of all B S, that holds key s of sequence b */
static int64_t stored_at(const assay_dense *a, int64_t b, int64_t s)
{
    const int64_t page = ((const assay_attention_params *)a->params)->page;
    return given(a, PAGES) ? (int64_t)given(a, PAGES)[b * a->dim[P] + s / page] * page + s % page : b * a->dim[S] + s;
}
/* The score of key s for head h of query t; false: the query does not see it. */
static bool score(const assay_dense *a, int64_t b, int64_t t, int64_t h, int64_t s, long double *z)
{
    const assay_attention_params *p = a->params;
    const int64_t *n = a->dim, g = h / (n[H] / n[G]);
    const double *q = given(a, Q) + ((b * n[T] + t) * n[H] + h) * n[D];
    const double *k = given(a, K) + (stored_at(a, b, s) * n[G] + g) * n[D];
    const double mask = given(a, MASK) ? given(a, MASK)[((b * n[H] + h) * n[T] + t) * n[S] + s] : 0;
    const double place = given(a, KPOS) ? given(a, KPOS)[b * n[S] + s] : (double)s;
    const double here = given(a, QPOS) ? given(a, QPOS)[b * n[T] + t] : (double)(in_use(a, b) - n[T] + t);
    const double far = fabs(here - place);
    if (place < 0 || (p->causal && place > here && place >= p->prefix) || mask == -INFINITY)
        return false;
    const double reach = place <= here ? p->window : p->right ? p->right : p->window;
    if (reach > 0 && far >= reach)
        return false;
    if (p->chunk && floor(place / p->chunk) != floor(here / p->chunk))
        return false;
    if (given(a, ALLOW) && !given(a, ALLOW)[((b * n[H] + h) * n[X] + t / p->tile) * n[Y] + s / p->tile])
        return false;
    *z = 0;
    for (int64_t d = n[D] - 1; d >= 0; d--)
        *z += (long double)q[d] * k[d];
    *z *= p->scale;
    if (p->softcap > 0)
        *z = p->softcap * tanhl(*z / p->softcap);
    *z += mask;
    if (given(a, SLOPES))
        *z -= (long double)given(a, SLOPES)[h] * far;
    return true;
}

SECOND(attention)
{
    const int64_t *n = a->dim;
    for (int64_t i = 0; i < n[B] * n[T] * n[H] * n[E]; i++) {
        const int64_t e = i % n[E], h = i / n[E] % n[H], t = i / n[E] / n[H] % n[T], b = i / n[E] / n[H] / n[T];
        const int64_t used = in_use(a, b), column = h / (n[H] / n[G]) * n[E] + e;
        const long double sink = given(a, SINKS) ? given(a, SINKS)[h] : -INFINITY;
        long double z, top = sink, sum = 0, of = 0;
        bool any = false;
        for (int64_t s = 0; s < used; s++)
            if (score(a, b, t, h, s, &z)) {
                any = true;
                top = isnan(z) || z > top ? z : top;
            }
        for (int64_t s = used - 1; s >= 0; s--)
            if (score(a, b, t, h, s, &z) && z != -INFINITY) {
                sum += expl(z - top);
                of += expl(z - top) * given(a, V)[stored_at(a, b, s) * n[G] * n[E] + column];
            }
        sum += given(a, SINKS) ? expl(sink - top) : 0;
        ((double *)a->operand[OUT])[i] = any && top != -INFINITY ? (double)(of / sum) : 0;
    }
}
#endif
