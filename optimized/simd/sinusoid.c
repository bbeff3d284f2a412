/* SPDX-License-Identifier: MIT
 * sinusoid: frequencies first, as double powers rounded once, by one unit; then every row by itself.  Pairs side by
 * side: each sine and each cosine stands twice, and 0 or 1 times it is added, so that only one of the two sums rounds.
 */
#include "assay/params/sinusoid.h"
#include "../isa/rows.h"
#include "../isa/simd_sincos.h"

static uint32_t phases(const assay_args *a)
{
    (void)a;
    return 2;
}
static int64_t units(const assay_args *a)
{
    return a->phase == 0 ? 1 : a->dim[0];
}
static size_t shared(const assay_args *a)
{
    return (size_t)a->dim[1] / 2 * sizeof(float);
}

static void frequencies(const assay_args *a)
{
    const assay_sinusoid_params *p = a->params;
    const int64_t pairs = a->dim[1] / 2, N = p->spacing == ASSAY_SINUSOID_PAPER || pairs < 2 ? pairs : pairs - 1;
    float *f = a->shared;
    for (int64_t r = 0; a->begin < a->end && r < pairs; r++)
        f[r] = (float)pow(10000, -(double)r / (double)N);
}

static void row_concatenated(const float *x, float *y, float p, const float *f, int64_t pairs)
{
    vec s, c;
    for (int64_t r = 0; r < pairs; r += LANES) {
        const int64_t n = pairs - r < LANES ? pairs - r : LANES;
        vec_angles(vec_set(p), f + r, n, &s, &c);
        vec_store_n(y + r, vec_add(vec_load_n(x + r, n), s), n);
        vec_store_n(y + pairs + r, vec_add(vec_load_n(x + pairs + r, n), c), n);
    }
}

static void row_interleaved(const float *x, float *y, float p, const float *f, int64_t pairs)
{
    static const float flags[] = { 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1 };
    _Static_assert(LANES < sizeof flags / sizeof *flags, "a flag for each lane, and one more");
    const vec even = vec_load(flags), odd = vec_load(flags + 1);
    vec s, c;
    for (int64_t r = 0; r < pairs; r += LANES) {
        const int64_t n = pairs - r < LANES ? pairs - r : LANES;
        vec_angles(vec_set(p), f + r, n, &s, &c);
        for (int half = 0; half < 2; half++) {
            const int64_t at = 2 * r + half * LANES, left = 2 * (r + n) - at,
                          m = left < 0       ? 0
                              : left < LANES ? left
                                             : LANES;
            const vec with = vec_fma(vec_twice(c, half), odd, vec_load_n(x + at, m));
            vec_store_n(y + at, vec_fma(vec_twice(s, half), even, with), m);
        }
    }
}

static assay_status run(const assay_args *a)
{
    const assay_sinusoid_params *p = a->params;
    const int64_t pairs = a->dim[1] / 2;
    const int32_t *pos = a->operand[1].data;
    if (a->phase == 0) {
        frequencies(a);
        return ASSAY_OK;
    }
    for (int64_t t = a->begin; t < a->end; t++) {
        const float *x = tensor_row(&a->operand[0], t);
        float *y = tensor_row(&a->operand[2], t);
        if (p->layout == ASSAY_SINUSOID_CONCATENATED)
            row_concatenated(x, y, (float)pos[t], a->shared, pairs);
        else
            row_interleaved(x, y, (float)pos[t], a->shared, pairs);
    }
    return ASSAY_OK;
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(i32)),
                                       ASSAY_TYPES(ASSAY_T(f32)) };

SIMD_KERNEL(sinusoid) = {
    .op = "sinusoid",
    .name = SIMD_TIER,
    .isa = SIMD_ISA,
    .flags = SIMD_PROMISES,
    .types = types,
    .run = run,
    .phases = phases,
    .units = units,
    .shared = shared,
};
