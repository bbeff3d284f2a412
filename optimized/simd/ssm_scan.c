/* SPDX-License-Identifier: MIT
 * ssm_scan: channels in blocks, first the steps of a block's channels for some tokens, then for each channel the
 * numbers of its state in vectors, token by token. */
#include "../isa/simd.h"
#include "../isa/simd_math.h"

enum { X, DT, A, WRITE, READ, SKIP, BIAS, STATE, Y, LAST };
enum {
    BLOCK = 16,
    TOKENS = 32,
    HELD = 4
}; /* channels and tokens of a block; vectors of state that stay in registers */

static float *at(const assay_tensor *t, int64_t b, int64_t r)
{
    return (float *)(void *)((char *)t->data + b * t->stride[0] + r * t->stride[1]);
}

typedef struct block {
    const assay_args *a;
    int64_t b, d, n, t, tokens; /* sequence; channels d, ..., d + n - 1; tokens t, ... */
    float step[TOKENS * BLOCK]; /* softplus of each token's channels */
    float *h;                   /* (BLOCK, N) */
} block;

static void steps(block *k)
{
    const assay_tensor *bias = &k->a->operand[BIAS];
    for (int64_t t = 0; t < k->tokens; t++)
        for (int64_t d = 0; d < k->n; d += LANES) {
            const int64_t left = k->n - d < LANES ? k->n - d : LANES;
            vec z = vec_load_n(at(&k->a->operand[DT], k->b, k->t + t) + k->d + d, left);
            if (bias->data)
                z = vec_add(z, vec_load_n((const float *)bias->data + k->d + d, left));
            vec_store_n(k->step + t * BLOCK + d,
                        vec_add(vec_at_least(z, vec_zero()), vec_log1p(vec_exp(vec_minus_abs(z)))), left);
        }
}

/* `vectors` of the state of channel d from number n on, `left` of them, through the block's tokens */
static inline __attribute__((always_inline)) void scan(const block *k, int64_t d, int64_t n, int64_t left, int vectors)
{
    const assay_tensor *t = k->a->operand;
    const float *a = (const float *)(const void *)((const char *)t[A].data + (k->d + d) * t[A].stride[0]) + n;
    float *state = k->h + d * k->a->dim[3] + n;
    vec h[HELD], rate[HELD];
    for (int v = 0; v < vectors; v++) {
        h[v] = vec_load_rest(state + v * LANES, left - v * LANES);
        rate[v] = vec_load_rest(a + v * LANES, left - v * LANES);
    }
    for (int64_t i = 0; i < k->tokens; i++) {
        const float step = k->step[i * BLOCK + d], enters = step * at(&t[X], k->b, k->t + i)[k->d + d];
        const float *write = at(&t[WRITE], k->b, k->t + i) + n, *read = at(&t[READ], k->b, k->t + i) + n;
        vec sum = vec_zero();
        for (int v = 0; v < vectors; v++) {
            const int64_t rest = left - v * LANES;
            const vec fall = vec_exp(vec_mul(vec_set(step), rate[v]));
            h[v] = vec_fma(fall, h[v], vec_mul(vec_set(enters), vec_load_rest(write + v * LANES, rest)));
            sum = vec_fma(h[v], vec_load_rest(read + v * LANES, rest), sum);
        }
        at(&t[Y], k->b, k->t + i)[k->d + d] += vec_sum(sum);
    }
    for (int v = 0; v < vectors; v++)
        vec_store_rest(state + v * LANES, h[v], left - v * LANES);
}

static void tokens(block *k)
{
    const assay_tensor *t = k->a->operand, *skip = &t[SKIP];
    const int64_t N = k->a->dim[3];
    steps(k);
    for (int64_t i = 0; i < k->tokens; i++)
        for (int64_t d = k->d; d < k->d + k->n; d++)
            at(&t[Y], k->b, k->t + i)[d] =
                skip->data ? ((const float *)skip->data)[d] * at(&t[X], k->b, k->t + i)[d] : 0;
    for (int64_t d = 0; d < k->n; d++) {
        int64_t n = 0;
        for (; n + HELD * LANES <= N; n += HELD * LANES)
            scan(k, d, n, HELD * LANES, HELD);
        if (n + 2 * LANES <= N)
            scan(k, d, n, 2 * LANES, 2), n += 2 * LANES;
        for (; n < N; n += LANES)
            scan(k, d, n, N - n < LANES ? N - n : LANES, 1);
    }
}

static int64_t blocks(const assay_args *a)
{
    return (a->dim[2] + BLOCK - 1) / BLOCK;
}

static assay_status run(const assay_args *a)
{
    const assay_tensor *state = &a->operand[STATE], *last = &a->operand[LAST];
    const int64_t T = a->dim[1], D = a->dim[2], N = a->dim[3];
    for (int64_t u = a->begin; u < a->end; u++) {
        block k = { .a = a, .b = u / blocks(a), .d = u % blocks(a) * BLOCK, .h = a->scratch };
        k.n = D - k.d < BLOCK ? D - k.d : BLOCK;
        for (int64_t i = 0; i < k.n * N; i++)
            k.h[i] = state->data ? at(state, k.b, k.d + i / N)[i % N] : 0;
        for (; k.t < T; k.t += TOKENS) {
            k.tokens = T - k.t < TOKENS ? T - k.t : TOKENS;
            tokens(&k);
        }
        for (int64_t i = 0; last->data && i < k.n * N; i++)
            at(last, k.b, k.d + i / N)[i % N] = k.h[i];
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

#define F32 ASSAY_TYPES(ASSAY_T(f32))
static const assay_typeset types[] = { F32, F32, F32, F32, F32, F32, F32, F32, F32, F32 };
/* Of the sum along the state: four vectors are added to one, and that to y; where some are left there are more of these
 * additions than 4 LANES lanes would have. */
static const assay_contract contract = { .h = { ASSAY_DEPTH_LANES, LANES, 0 } };

SIMD_KERNEL(ssm_scan) = {
    .op = "ssm_scan",
    .name = SIMD_TIER,
    .isa = SIMD_ISA,
    .flags = ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .contract = &contract,
    .run = run,
    .units = units,
    .scratch = scratch,
};
