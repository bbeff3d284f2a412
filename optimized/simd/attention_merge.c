/* SPDX-License-Identifier: MIT
 * attention_merge: of a row first the parts that are not empty and their weights, divided by their sum, in scratch;
 * then y in pieces of 4 vectors, each the sum over these parts. */
#include "../isa/ln.h"
#include "../isa/rows.h"
#include "../isa/simd.h"

enum { LSE, O, Y, LSE_OUT };

typedef struct parts {
    float *w;
    int64_t *place; /* where the i-th part that is not empty lies, in bytes from the first */
    int64_t n;
    float lse; /* of all; NaN: y is, too */
} parts;

/* Those of row r, with their lse for weights; the largest, or NaN if one of them is NaN or +inf */
static float gather(const assay_args *a, int64_t r, parts *k)
{
    const assay_tensor *lse = &a->operand[LSE];
    float top = -INFINITY, odd = 0;
    k->n = 0;
    for (int64_t p = 0; p < a->dim[0]; p++) {
        const float l = *(const float *)(const void *)((const char *)tensor_row(lse, p) + r * lse->stride[1]);
        if (l == -INFINITY)
            continue;
        top = l > top ? l : top;
        odd += l - l;
        k->w[k->n] = l;
        k->place[k->n++] = p * a->operand[O].stride[0];
    }
    return odd == 0 ? top : NAN;
}

static void weigh(const assay_args *a, int64_t r, parts *k)
{
    const float top = gather(a, r, k);
    const vec m = vec_set(top);
    vec sums = vec_zero();
    k->lse = top;
    if (!(top > -INFINITY))
        return;
    for (int64_t i = 0; i < k->n; i += LANES) {
        const int64_t n = k->n - i < LANES ? k->n - i : LANES;
        const vec below = vec_first_n(vec_sub(vec_load_n(k->w + i, n), m), n, vec_set(-INFINITY)), e = vec_exp(below);
        sums = vec_add(sums, e);
        vec_store_n(k->w + i, e, n);
    }
    const float sum = vec_sum(sums);
    for (int64_t i = 0; i < k->n; i++)
        k->w[i] *= 1 / sum;
    k->lse = top + ln_of(sum);
}

static inline __attribute__((always_inline)) void columns(const parts *k, const char *o, float *y, int64_t e, int64_t E,
                                                          int vectors)
{
    vec sum[4];
    for (int v = 0; v < vectors; v++)
        sum[v] = vec_zero();
    for (int64_t i = 0; i < k->n; i++) {
        const float *x = (const float *)(const void *)(o + k->place[i]) + e;
        const vec w = vec_set(k->w[i]);
        for (int v = 0; v < vectors; v++)
            sum[v] = vec_fma(w, vec_load_rest(x + v * LANES, E - e - v * LANES), sum[v]);
    }
    for (int v = 0; v < vectors; v++)
        vec_store_rest(y + e + v * LANES, sum[v], E - e - v * LANES);
}

static assay_status run(const assay_args *a)
{
    const assay_tensor *o = &a->operand[O];
    const int64_t P = a->dim[0], E = a->dim[2];
    parts k = { .w = a->scratch, .place = (int64_t *)a->scratch + (P + 1) / 2 };
    for (int64_t r = a->begin; r < a->end; r++) {
        const char *first = (const char *)o->data + r * o->stride[1];
        float *y = tensor_row(&a->operand[Y], r);
        int64_t e = 0;
        weigh(a, r, &k);
        if (k.lse != k.lse)
            for (; e < E; e++)
                y[e] = k.lse;
        for (; e + 4 * LANES <= E; e += 4 * LANES)
            columns(&k, first, y, e, E, 4);
        for (; e < E; e += LANES)
            columns(&k, first, y, e, E, 1);
        if (a->operand[LSE_OUT].data)
            *(float *)tensor_row(&a->operand[LSE_OUT], r) = k.lse;
    }
    return ASSAY_OK;
}

/* Weights, then places */
static size_t scratch(const assay_args *a)
{
    const size_t P = (size_t)a->dim[0];
    return ((P + 1) / 2 + P) * sizeof(int64_t);
}

SIMD_KERNEL(attention_merge) = {
    SIMD_ROWS,
    .op = "attention_merge",
    .flags = ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .scratch = scratch,
};
