/* SPDX-License-Identifier: MIT
 * argmax: one pass over blocks of 1024; a block's maximum is compared with the best so far, and only the block that
 * holds the answer is searched again for the place.  A NaN ends the row in its block. */
#include "../isa/simd.h"

enum { BLOCK = 1024 };

/* Maximum of x[0 .. n); *nan: whether there is a NaN (then the maximum means nothing) */
static inline float block_max(const float *x, int64_t n, bool *nan)
{
    const vec low = vec_set(-INFINITY);
    vec m0 = low, m1 = low, m2 = low, m3 = low;
    vec_mask bad = vec_none();
    int64_t i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES) {
        const vec a = vec_load_once(x + i), b = vec_load_once(x + i + LANES);
        const vec c = vec_load_once(x + i + 2 * LANES), d = vec_load_once(x + i + 3 * LANES);
        bad = vec_either(bad, vec_either(vec_unordered(a, b), vec_unordered(c, d)));
        m0 = vec_max(m0, a), m1 = vec_max(m1, b);
        m2 = vec_max(m2, c), m3 = vec_max(m3, d);
    }
    for (; i < n; i += LANES) {
        const int64_t left = n - i < LANES ? n - i : LANES;
        const vec a = vec_first_n(vec_load_n(x + i, left), left, low);
        bad = vec_either(bad, vec_unordered(a, a));
        m0 = vec_max(m0, a);
    }
    *nan = vec_any(bad);
    return vec_top(vec_max(vec_max(m0, m1), vec_max(m2, m3)));
}

static int64_t row(const float *x, int64_t V)
{
    float best = -INFINITY;
    int64_t at = 0, i;
    bool nan = false;
    for (int64_t b = 0; b < V && !nan; b += BLOCK) {
        const float m = block_max(x + b, V - b < BLOCK ? V - b : BLOCK, &nan);
        if (m > best || nan)
            best = m, at = b;
    }
    const vec want = vec_set(best);
    for (i = at; i + LANES <= V; i += LANES) {
        const vec v = vec_load(x + i);
        if (vec_any(nan ? vec_unordered(v, v) : vec_eq(v, want)))
            break;
    }
    for (; i < V - 1 && (nan ? x[i] == x[i] : x[i] != best); i++)
        ;
    return i;
}

static assay_status run(const assay_args *a)
{
    int32_t *id = a->operand[1].data;
    for (int64_t r = a->begin; r < a->end; r++)
        id[r] = (int32_t)row(tensor_row(&a->operand[0], r), a->dim[1]);
    return ASSAY_OK;
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(i32)) };

SIMD_KERNEL(argmax) = {
    .op = "argmax",
    .name = SIMD_TIER,
    .isa = SIMD_ISA,
    .flags = ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .run = run,
};
