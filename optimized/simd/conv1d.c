/* SPDX-License-Identifier: MIT
 * conv1d: channels in blocks of 4 vectors, whose taps are turned once, so that each token is K products of rows. */
#include "../isa/simd.h"

enum { X, W, BIAS, STATE, Y, LAST };
enum { BLOCK = 4 * LANES };

typedef struct block {
    const assay_args *a;
    int64_t b, from, n, K; /* of sequence b channels from, from + 1, ..., n of them */
    const float *taps;     /* (K, BLOCK) */
    float bias[BLOCK];
} block;

static float *at(const assay_tensor *t, int64_t b, int64_t r, int64_t d)
{
    return (float *)(void *)((char *)t->data + b * t->stride[0] + r * t->stride[1]) + d;
}

/* The block's part of token t, which came before the call where it is negative */
static const float *token(const block *k, int64_t t)
{
    static const float zeros[BLOCK];
    const assay_tensor *state = &k->a->operand[STATE];
    return t >= 0 ? at(&k->a->operand[X], k->b, t, k->from) : state->data ? at(state, k->b, k->K + t, k->from) : zeros;
}

static void copy(float *to, const float *from, int64_t n)
{
    for (; n >= LANES; n -= LANES, to += LANES, from += LANES)
        vec_store(to, vec_load(from));
    vec_store_n(to, vec_load_n(from, n), n);
}

static inline __attribute__((always_inline)) void step(const block *k, int64_t t, bool whole)
{
    vec sum[4];
    float *y = at(&k->a->operand[Y], k->b, t, k->from);
    for (int v = 0; v < 4; v++)
        sum[v] = vec_load(k->bias + v * LANES);
    for (int64_t j = 0; j < k->K; j++) {
        const float *x = token(k, t + j + 1 - k->K), *w = k->taps + j * BLOCK;
        for (int v = 0; v < 4; v++) {
            const int64_t left = k->n - v * LANES;
            if (whole || left >= LANES)
                sum[v] = vec_fma(vec_load(w + v * LANES), vec_load(x + v * LANES), sum[v]);
            else if (left > 0)
                sum[v] = vec_fma(vec_load(w + v * LANES), vec_load_n(x + v * LANES, left), sum[v]);
        }
    }
    for (int v = 0; v < 4; v++) {
        const int64_t left = k->n - v * LANES;
        if (whole || left >= LANES)
            vec_store(y + v * LANES, sum[v]);
        else if (left > 0)
            vec_store_n(y + v * LANES, sum[v], left);
    }
}

static int64_t blocks(const assay_args *a)
{
    return (a->dim[2] + BLOCK - 1) / BLOCK;
}

static assay_status run(const assay_args *a)
{
    const assay_tensor *w = &a->operand[W], *bias = &a->operand[BIAS], *last = &a->operand[LAST];
    const int64_t T = a->dim[1], D = a->dim[2], K = a->dim[3];
    float *taps = a->scratch;
    for (int64_t u = a->begin; u < a->end; u++) {
        const int64_t from = u % blocks(a) * BLOCK, left = D - from;
        block k = { .a = a, .b = u / blocks(a), .from = from, .n = left < BLOCK ? left : BLOCK, .K = K, .taps = taps };
        for (int64_t i = 0; i < K * BLOCK; i++) /* K = 0: there is no scratch memory */
            taps[i] = 0;
        for (int64_t d = 0; d < k.n; d++) {
            const float *row = (const float *)(const void *)((const char *)w->data + (from + d) * w->stride[0]);
            for (int64_t j = 0; j < K; j++)
                taps[j * BLOCK + d] = row[j];
            k.bias[d] = bias->data ? ((const float *)bias->data)[from + d] : 0;
        }
        for (int64_t t = 0; t < T; t++)
            if (k.n == BLOCK)
                step(&k, t, true);
            else
                step(&k, t, false);
        for (int64_t j = 0; last->data && j < K; j++)
            copy(at(last, k.b, j, from), token(&k, T + j - K), k.n);
    }
    return ASSAY_OK;
}

static int64_t units(const assay_args *a)
{
    return a->dim[0] * blocks(a);
}
static size_t scratch(const assay_args *a)
{
    return (size_t)(a->dim[3] * BLOCK) * sizeof(float);
}

SIMD_KERNEL(conv1d) = {
    SIMD_ROWS, .op = "conv1d", .flags = ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT, .units = units, .scratch = scratch,
};
