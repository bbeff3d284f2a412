/* SPDX-License-Identifier: MIT
 * matmul and gate_up with weights in blocks of 32 and x rounded to q8_0: exact integers per block, and the blocks'
 * terms in any order of variants.h.  q4_1 (w = d q + m): the codes and the minima summed apart. */
#include "variants.h"
#include "../../reference/core/dtype.h"
#include "assay/blocks.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

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

/* Codes of a block of w and its minimum; returns its scale.  q4_0: less 8. */
static float codes(assay_dtype type, const unsigned char *p, int *q, float *minimum)
{
    uint16_t head[2];
    memcpy(head, p, sizeof head);
    *minimum = type == ASSAY_q4_1 ? assay_f16_to_f32(head[1]) : 0;
    p += type == ASSAY_q4_1 ? 4 : 2;
    for (int k = 0; k < 32; k++)
        q[k] = type == ASSAY_q8_0 ? (int8_t)p[k] : (p[k % 16] >> (k / 16 * 4) & 15) - (type == ASSAY_q4_0 ? 8 : 0);
    return assay_f16_to_f32(head[0]);
}

static float dot(const assay_sum *s, const assay_tensor *w, int64_t n, const rounded *r, int64_t t)
{
    const unsigned char *row = (const unsigned char *)w->data + n * w->stride[0];
    for (int64_t b = 0; b < r->n; b++) {
        const assay_q8_0 *x = &r->block[t * r->n + b];
        int q[32], sum = 0, all = 0;
        float minimum;
        const float d = codes(w->type, row + b * assay_dtype_of(w->type)->bytes, q, &minimum);
        const float dx = assay_f16_to_f32(x->d);
        for (int k = 0; k < 32; k++)
            sum += q[k] * x->q[k], all += x->q[k];
        /* d and dx have 11 bits: their product is exact; so is dx times a sum of 13 bits */
        r->a[b] = s->row % 2 ? d * (float)sum : d * dx;
        r->b[b] = s->row % 2 ? dx : (float)sum;
        r->c[b] = minimum;
        r->d[b] = dx * (float)all;
    }
    const float y = assay_sum_of(s, r->a, 1, r->b, 1, r->n);
    return w->type == ASSAY_q4_1 ? y + assay_sum_of(s, r->c, 1, r->d, 1, r->n) : y;
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
