/* SPDX-License-Identifier: MIT
 * softmax in any order of the sum, in two passes, or online over blocks and in parts, with four exponentials and three
 * quotients. */
#include "variants.h"
#include "assay/params/softmax.h"
#include <math.h>
#include <stdlib.h>

enum { X, MASK, Y };

static float maximum(const float *z, int64_t n, float m)
{
    for (int64_t i = 0; i < n; i++)
        m = z[i] > m || z[i] != z[i] ? z[i] : m;
    return m;
}

static float weight(float z, float m, int form)
{
    return z == -INFINITY ? 0 : assay_vary_exp(form, z - m);
}

/* Keys in blocks: the sum so far is rescaled where the maximum grows.  e: room for a block. */
static float online(const assay_sum *s, const float *z, int64_t n, int64_t block, float *e, float *m)
{
    float sum = 0;
    *m = -INFINITY;
    for (int64_t at = 0; at < n; at += block) {
        const int64_t len = n - at < block ? n - at : block;
        const float top = maximum(z + at, len, *m);
        for (int64_t i = 0; i < len; i++)
            e[i] = weight(z[at + i], top, s->row);
        sum = (*m == top || *m == -INFINITY ? sum : sum * assay_vary_exp(s->row, *m - top)) +
              assay_sum_of(s, e, 1, NULL, 0, len);
        *m = top;
    }
    return sum;
}

/* Parts, each online, brought to the largest maximum at the end. */
static float merged(const assay_sum *s, const float *z, int64_t n, int64_t block, float *e, float *m)
{
    const int64_t parts = s->splits > 1 ? s->splits : 1;
    assay_sum whole = *s;
    float part[8], top[8], sum = 0;
    whole.splits = 0;
    *m = -INFINITY;
    for (int64_t p = 0; p < parts; p++) {
        const int64_t from = n * p / parts, len = n * (p + 1) / parts - from;
        part[p] = online(&whole, z + from, len, block, e, &top[p]);
        *m = maximum(&top[p], 1, *m);
    }
    for (int64_t p = 0; p < parts; p++)
        sum += top[p] == -INFINITY ? 0 : top[p] == *m ? part[p] : part[p] * assay_vary_exp(s->row, top[p] - *m);
    return sum;
}

static void one_row(const assay_sum *s, const float *z, float *e, float *y, int64_t n)
{
    /* online needs a chain over the blocks: only where the contract allows any order */
    static const int64_t sizes[] = { 0, 1, 7, 16, 64, 256 };
    const int64_t block = s->depth == ASSAY_DEPTH_ANY ? sizes[s->row / 3 % 6] : 0;
    float m, sum;
    if (block)
        sum = merged(s, z, n, block, e, &m);
    else {
        m = maximum(z, n, -INFINITY);
        for (int64_t i = 0; i < n; i++)
            e[i] = weight(z[i], m, s->row);
        sum = assay_sum_of(s, e, 1, NULL, 0, n);
    }
    const float inverse = s->row % 3 == 1 ? assay_vary_reciprocal(s->row, sum) : 1 / sum;
    for (int64_t i = 0; i < n; i++) {
        const float v = weight(z[i], m, s->row);
        y[i] = sum == 0 ? 0 : s->row % 3 == 2 ? v / sum : v * inverse;
    }
}

assay_status assay_vary_softmax(const assay_args *a)
{
    const assay_sum *s = a->variant;
    const assay_softmax_params *p = a->params;
    const float scale = p->scale == 0 ? 1 : p->scale;
    const int64_t C = a->dim[1];
    float *z = malloc((size_t)(4 * C + 1) * sizeof *z);
    if (!z)
        return ASSAY_ERR_NOMEM;
    float *e = z + C, *y = e + C, *mask = y + C;
    for (int64_t r = 0; r < a->dim[0]; r++) {
        assay_vary_read(&a->operand[X], r, 0, C, z);
        if (a->operand[MASK].data)
            assay_vary_read(&a->operand[MASK], r, 0, C, mask);
        for (int64_t c = 0; c < C; c++) {
            const float bias = a->operand[MASK].data ? mask[c] : 0;
            z[c] = bias == -INFINITY ? bias : s->by == ASSAY_FUSED ? fmaf(scale, z[c], bias) : scale * z[c] + bias;
        }
        one_row(s, z, e, y, C);
        assay_vary_write(&a->operand[Y], r, 0, C, y);
    }
    free(z);
    return ASSAY_OK;
}
