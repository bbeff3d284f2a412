/* SPDX-License-Identifier: MIT
 * matmul and gate_up with weights in blocks and x rounded to q8_0: exact integers per 32, and their terms in any order
 * of variants.h.  Of formats with minima (w = d q + m) the codes and the minima are summed apart. */
#include "variants.h"
#include "block_integers.h"
#include "assay/blocks.h"
#include <stdlib.h>

typedef struct rounded { /* rows of x as blocks */
    assay_q8_0 *block;
    float *a, *b, *c, *d; /* terms of one dot: a b (the codes), c d (the minima) */
    int64_t n;            /* blocks of a row */
} rounded;

static bool open_rows(const assay_tensor *x, int64_t rows, int64_t K, rounded *r)
{
    float *row = malloc((size_t)(K + 1) * sizeof *row);
    double *wide = malloc((size_t)(K + 1) * sizeof *wide);
    r->n = K / 32;
    r->block = malloc((size_t)(rows * r->n + 1) * sizeof *r->block);
    r->a = malloc((size_t)(4 * r->n + 1) * sizeof *r->a);
    const bool ok = row && wide && r->block && r->a;
    if (ok)
        r->b = r->a + r->n, r->c = r->b + r->n, r->d = r->c + r->n;
    for (int64_t t = 0; ok && t < rows; t++) {
        assay_vary_read(x, t, 0, K, row);
        for (int64_t k = 0; k < K; k++)
            wide[k] = row[k];
        assay_dtype_of(ASSAY_q8_0)->encode(r->block + t * r->n, wide, K);
    }
    free(row);
    free(wide);
    return ok;
}

static void close_rows(rounded *r)
{
    free(r->block);
    free(r->a);
}

static float dot(const assay_sum *s, const assay_tensor *w, int64_t n, const rounded *r, int64_t t)
{
    const unsigned char *row = (const unsigned char *)w->data + n * w->stride[0];
    assay_super super;
    block_integers v;
    for (int64_t b = 0; b < r->n; b++) {
        const assay_q8_0 *x = &r->block[t * r->n + b];
        int sum = 0, all = 0;
        take_integers(&v, &super, w->type, row, b);
        for (int k = 0; k < 32; k++)
            sum += v.scale[k / 16] * v.q[k] * x->q[k], all += v.minimum[k / 16] * x->q[k];
        /* sums of 24 bits: exact as floats; a product of theirs is rounded as one of x w is */
        const float dx = assay_f16_to_f32(x->d), codes = (float)sum;
        r->a[b] = s->row % 2 ? v.d * codes : codes * dx;
        r->b[b] = s->row % 2 ? dx : v.d;
        r->c[b] = v.m;
        r->d[b] = dx * (float)all;
    }
    const float y = assay_sum_of(s, r->a, 1, r->b, 1, r->n);
    return assay_block_parts_of(w->type)->minimum >= 0 ? y + assay_sum_of(s, r->c, 1, r->d, 1, r->n) : y;
}

assay_status assay_vary_matmul_blocks(const assay_args *a)
{
    const assay_sum *s = a->variant;
    enum { T, N, K, X = 0, W, BIAS, Y };
    rounded r;
    const bool ok = open_rows(&a->operand[X], a->dim[T], a->dim[K], &r);
    for (int64_t n = 0; ok && n < a->dim[N]; n++) {
        float bias = 0;
        if (a->operand[BIAS].data)
            assay_vary_read(&a->operand[BIAS], 0, n, 1, &bias);
        for (int64_t t = 0; t < a->dim[T]; t++) {
            const float dotted = dot(s, &a->operand[W], n, &r, t), y = a->operand[BIAS].data ? dotted + bias : dotted;
            assay_vary_write(&a->operand[Y], t, n, 1, &y);
        }
    }
    close_rows(&r);
    return ok ? ASSAY_OK : ASSAY_ERR_NOMEM;
}

assay_status assay_vary_gate_up_blocks(const assay_args *a)
{
    const assay_sum *s = a->variant;
    enum { T, N, K, X = 0, GATE, UP, Y };
    rounded r;
    const bool ok = open_rows(&a->operand[X], a->dim[T], a->dim[K], &r);
    for (int64_t n = 0; ok && n < a->dim[N]; n++)
        for (int64_t t = 0; t < a->dim[T]; t++) {
            const float g = dot(s, &a->operand[GATE], n, &r, t), u = dot(s, &a->operand[UP], n, &r, t);
            const float y = assay_vary_swiglu(s->row, g, u);
            assay_vary_write(&a->operand[Y], t, n, 1, &y);
        }
    close_rows(&r);
    return ok ? ASSAY_OK : ASSAY_ERR_NOMEM;
}
