/* SPDX-License-Identifier: MIT
 * gated_linear: a head's values in blocks of 4 vectors; a block's state stays at hand, and each token is D steps over
 * it. */
#include "../isa/simd.h"

enum { Q, K, V, DECAY, GATE, STATE, Y, LAST };
enum { BLOCK = 4 * LANES };

static float *at(const assay_tensor *t, int64_t b, int64_t r, int64_t h)
{
    return (float *)(void *)((char *)t->data + b * t->stride[0] + r * t->stride[1] + h * t->stride[2]);
}
static void copy(float *to, const float *from, int64_t n)
{
    for (; n >= LANES; n -= LANES, to += LANES, from += LANES)
        vec_store(to, vec_load(from));
    vec_store_n(to, vec_load_n(from, n), n);
}

/* What each row of the state is multiplied by at token t, into f */
static void factors(const assay_args *a, int64_t b, int64_t t, int64_t h, float *f)
{
    const assay_tensor *decay = &a->operand[DECAY], *gate = &a->operand[GATE];
    const int64_t D = a->dim[3];
    const vec all = vec_set(decay->data ? ((const float *)decay->data)[h] : 1);
    for (int64_t d = 0; d < D; d += LANES) {
        const int64_t n = D - d < LANES ? D - d : LANES;
        const vec p = gate->data ? vec_mul(all, vec_exp(vec_load_n(at(gate, b, t, h) + d, n))) : all;
        vec_store_n(f + d, p, n);
    }
}

/* Token t: the state S (D, BLOCK) of values from e on, n of them in `vectors` vectors */
static inline __attribute__((always_inline)) void token(const assay_args *a, int64_t b, int64_t t, int64_t h, int64_t e,
                                                        int64_t n, const float *f, float *S, int vectors)
{
    const float *q = at(&a->operand[Q], b, t, h), *k = at(&a->operand[K], b, t, h),
                *v = at(&a->operand[V], b, t, h) + e;
    float *y = at(&a->operand[Y], b, t, h) + e;
    vec value[4], sum[4];
    for (int i = 0; i < vectors; i++) {
        value[i] = vec_load_rest(v + i * LANES, n - i * LANES);
        sum[i] = vec_zero();
    }
    for (int64_t d = 0; d < a->dim[3]; d++, S += BLOCK)
        for (int i = 0; i < vectors; i++) {
            const vec s = vec_fma(vec_all(f + d), vec_load(S + i * LANES), vec_mul(vec_all(k + d), value[i]));
            vec_store(S + i * LANES, s);
            sum[i] = vec_fma(vec_all(q + d), s, sum[i]);
        }
    for (int i = 0; i < vectors; i++)
        vec_store_rest(y + i * LANES, sum[i], n - i * LANES);
}

static int64_t blocks(const assay_args *a)
{
    return (a->dim[4] + BLOCK - 1) / BLOCK;
}

static assay_status run(const assay_args *a)
{
    const assay_tensor *state = &a->operand[STATE], *last = &a->operand[LAST];
    const int64_t T = a->dim[1], H = a->dim[2], D = a->dim[3], E = a->dim[4];
    float *S = a->scratch, *f = S + D * BLOCK;
    for (int64_t u = a->begin; u < a->end; u++) {
        const int64_t e = u % blocks(a) * BLOCK, h = u / blocks(a) % H, b = u / blocks(a) / H;
        const int64_t n = E - e < BLOCK ? E - e : BLOCK;
        for (int64_t i = 0; i < D * BLOCK; i++)
            S[i] = 0;
        for (int64_t d = 0; state->data && d < D; d++)
            copy(S + d * BLOCK, at(state, b, h, d) + e, n);
        for (int64_t t = 0; t < T; t++) {
            factors(a, b, t, h, f);
            if (n == BLOCK)
                token(a, b, t, h, e, BLOCK, f, S, 4);
            else
                for (int64_t i = 0; i < n; i += LANES)
                    token(a, b, t, h, e + i, n - i < LANES ? n - i : LANES, f, S + i, 1);
        }
        for (int64_t d = 0; last->data && d < D; d++)
            copy(at(last, b, h, d) + e, S + d * BLOCK, n);
    }
    return ASSAY_OK;
}

static int64_t units(const assay_args *a)
{
    return a->dim[0] * a->dim[2] * blocks(a);
}
static size_t scratch(const assay_args *a)
{
    return (size_t)(a->dim[3] * (BLOCK + 1)) * sizeof(float);
}

#define F32 ASSAY_TYPES(ASSAY_T(f32))
static const assay_typeset types[] = { F32, F32, F32, F32, F32, F32, F32, F32 };

SIMD_KERNEL(gated_linear) = {
    .op = "gated_linear",
    .name = SIMD_TIER,
    .isa = SIMD_ISA,
    .flags = ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .run = run,
    .units = units,
    .scratch = scratch,
};
