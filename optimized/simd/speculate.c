/* SPDX-License-Identifier: MIT
 * speculate: two numbers a place until one is not accepted; then one row, once for its sum and once up to the block of
 * vectors in which w times the sum is passed. */
#include "../isa/simd.h"
#include <float.h>
#include <math.h>

enum { P, Q, LAST, DRAFT, U, W, COUNT, TOKEN };
enum { BLOCK = 4 * LANES };

static bool is_chance(float x)
{
    return x >= 0 && x < INFINITY;
}
static bool is_uniform(float u)
{
    return u >= 0 && u < 1;
}
static void *at(const assay_args *a, int i, int64_t r, int64_t t)
{
    const assay_tensor *x = &a->operand[i];
    return (char *)x->data + r * x->stride[0] + (x->rank > 1 ? t * x->stride[1] : 0);
}

/* Are all of them chances?  -0 is one. */
static bool are_chances(const float *x, int64_t V)
{
    for (int64_t v = 0; v < V; v += LANES) {
        const vec c = vec_load_n(x + v, V - v < LANES ? V - v : LANES);
        if (!vec_all_within(c, FLT_MAX) || vec_any(vec_negative(vec_add(c, vec_zero()))))
            return false;
    }
    return true;
}

/* Of a block from v on, what p has more than q, or p; returns its sum. */
static float block(const float *p, const float *q, int64_t v, int64_t V, float *rest)
{
    vec sum = vec_zero();
    for (int64_t i = 0; i < BLOCK; i += LANES) {
        const int64_t left = V - v - i, n = left < 0 ? 0 : left < LANES ? left : LANES;
        const vec x = vec_load_n(p + v + (n ? i : 0), n);
        const vec d = q ? vec_at_least(vec_sub(x, vec_load_n(q + v + (n ? i : 0), n)), vec_zero()) : x;
        vec_store(rest + i, d), sum = vec_add(sum, d);
    }
    return vec_sum(sum);
}

/* The first of a block whose sum, upto and those before it included, passes aim; none: the last that is not 0. */
static int32_t passes(const float *rest, float upto, float aim)
{
    int32_t last = 0;
    for (int32_t i = 0; i < BLOCK; i++) {
        upto += rest[i], last = rest[i] > 0 ? i : last;
        if (aim < upto)
            return i;
    }
    return last;
}

static int32_t draw(const float *p, const float *q, int64_t V, float w)
{
    float rest[BLOCK], sum = 0, upto = 0;
    int64_t last = -1;
    for (int64_t v = 0; v < V; v += BLOCK)
        sum += block(p, q, v, V, rest);
    if (sum == 0)
        return q ? draw(p, NULL, V, w) : -1;
    for (int64_t v = 0; v < V; v += BLOCK) {
        const float part = block(p, q, v, V, rest);
        if (w * sum < upto + part)
            return (int32_t)v + passes(rest, upto, w * sum);
        upto += part, last = part > 0 ? v : last;
    }
    block(p, q, last, V, rest); /* rounding: sums in another order come to less */
    return (int32_t)last + passes(rest, 0, INFINITY);
}

static int32_t next_id(const assay_args *a, int64_t r, int32_t *count)
{
    const int64_t T = a->dim[1], V = a->dim[2];
    const float w = *(const float *)at(a, W, r, 0);
    int64_t t = 0;
    for (; t < T; t++) {
        const int32_t id = *(const int32_t *)at(a, DRAFT, r, t);
        const float p = ((const float *)at(a, P, r, t))[id], q = ((const float *)at(a, Q, r, t))[id];
        const float u = *(const float *)at(a, U, r, t);
        if (!is_chance(p) || !is_chance(q) || !is_uniform(u))
            return -1;
        if (!(p > 0 && u * q <= p))
            break;
    }
    const float *p = t < T ? at(a, P, r, t) : at(a, LAST, r, 0), *q = t < T ? at(a, Q, r, t) : NULL;
    *count = (int32_t)t;
    return is_uniform(w) && are_chances(p, V) && (!q || are_chances(q, V)) ? draw(p, q, V, w) : -1;
}

static assay_status run(const assay_args *a)
{
    for (int64_t r = a->begin; r < a->end; r++) {
        int32_t count = -1;
        const int32_t id = next_id(a, r, &count);
        *(int32_t *)at(a, TOKEN, r, 0) = id;
        *(int32_t *)at(a, COUNT, r, 0) = id < 0 ? -1 : count;
    }
    return ASSAY_OK;
}

#define F32 ASSAY_TYPES(ASSAY_T(f32))
#define I32 ASSAY_TYPES(ASSAY_T(i32))
static const assay_typeset types[] = { F32, F32, F32, I32, F32, F32, I32, I32 };

SIMD_KERNEL(speculate) = {
    .op = "speculate",
    .name = SIMD_TIER,
    .isa = SIMD_ISA,
    .flags = ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .run = run,
};
