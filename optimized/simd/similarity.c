/* SPDX-License-Identifier: MIT
 * similarity: row after row of the table, each read once from memory and against every query; of a cosine its norm is
 * taken on the way with the first.  Norms of the queries stand in scratch. */
#include "assay/params/similarity.h"
#include "../isa/simd.h"
#include <string.h>

enum { L2 = ASSAY_SIMILARITY_L2, COSINE = ASSAY_SIMILARITY_COSINE };

static inline vec from_table(const void *b, int64_t d, bool half)
{
    return half ? vec_f16((const uint16_t *)b + d) : vec_load((const float *)b + d);
}
/* the last n */
static inline vec last_of_table(const void *b, int64_t d, int64_t n, bool half)
{
    uint16_t last[LANES] = { 0 };
    if (!half)
        return vec_load_n((const float *)b + d, n);
    memcpy(last, (const uint16_t *)b + d, (size_t)n * sizeof *last);
    return vec_f16(last);
}

typedef struct sums {
    vec ab[4], bb[4]; /* of l2 ab holds the squared differences */
} sums;

static inline __attribute__((always_inline)) void add(sums *s, int i, vec a, vec b, bool l2, bool norm)
{
    const vec apart = vec_sub(a, b);
    s->ab[i] = l2 ? vec_fma(apart, apart, s->ab[i]) : vec_fma(a, b, s->ab[i]);
    if (norm)
        s->bb[i] = vec_fma(b, b, s->bb[i]);
}
static inline float total(const vec *s)
{
    return vec_sum(vec_add(vec_add(s[0], s[1]), vec_add(s[2], s[3])));
}

/* The product of two rows, or the square of their distance; *norm: that of b, if it is asked for */
static inline __attribute__((always_inline)) float of_rows(const float *a, const void *b, int64_t D, bool l2, bool half,
                                                           float *norm)
{
    const vec zero = vec_zero();
    sums s = { { zero, zero, zero, zero }, { zero, zero, zero, zero } };
    int64_t d = 0;
    for (; d + 4 * LANES <= D; d += 4 * LANES) { /* by constants: a loop over i would keep the sums in memory */
        const int64_t e = d + LANES, f = e + LANES, g = f + LANES;
        add(&s, 0, vec_load(a + d), from_table(b, d, half), l2, norm != NULL);
        add(&s, 1, vec_load(a + e), from_table(b, e, half), l2, norm != NULL);
        add(&s, 2, vec_load(a + f), from_table(b, f, half), l2, norm != NULL);
        add(&s, 3, vec_load(a + g), from_table(b, g, half), l2, norm != NULL);
    }
    for (; d + LANES <= D; d += LANES)
        add(&s, 0, vec_load(a + d), from_table(b, d, half), l2, norm != NULL);
    if (d < D)
        add(&s, 1, vec_load_n(a + d, D - d), last_of_table(b, d, D - d, half), l2, norm != NULL);
    if (norm)
        *norm = sqrtf(total(s.bb));
    return total(s.ab);
}

static inline __attribute__((always_inline)) void rows(const assay_args *a, int form, bool half)
{
    const int64_t T = a->dim[0], D = a->dim[2];
    float *norms = a->scratch, size;
    for (int64_t t = 0; form == COSINE && t < T; t++) {
        const float *x = tensor_row(&a->operand[0], t);
        of_rows(x, x, D, false, false, &norms[t]);
    }
    for (int64_t n = a->begin; n < a->end; n++) {
        const void *y = tensor_row(&a->operand[1], n);
        float norm = 0;
        for (int64_t t = 0; t < T; t++) {
            const float *x = tensor_row(&a->operand[0], t);
            float *s = (float *)tensor_row(&a->operand[2], t) + n;
            if (form != COSINE) {
                *s = of_rows(x, y, D, form == L2, half, NULL);
                *s = form == L2 ? sqrtf(*s) : *s;
                continue;
            }
            *s = t == 0 ? of_rows(x, y, D, false, half, &norm) : of_rows(x, y, D, false, half, NULL);
            size = norms[t] * norm;
            *s = size == 0 ? 0 : *s / size;
        }
    }
}

static assay_status run(const assay_args *a)
{
    const assay_similarity_params *p = a->params;
    const bool half = a->operand[1].type == ASSAY_f16;
    switch (p->form * 2 + half) {
    case 0:
        rows(a, ASSAY_SIMILARITY_DOT, false);
        break;
    case 1:
        rows(a, ASSAY_SIMILARITY_DOT, true);
        break;
    case 2:
        rows(a, COSINE, false);
        break;
    case 3:
        rows(a, COSINE, true);
        break;
    case 4:
        rows(a, L2, false);
        break;
    default:
        rows(a, L2, true);
    }
    return ASSAY_OK;
}

static size_t scratch(const assay_args *a)
{
    return (size_t)a->dim[0] * sizeof(float);
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32) | ASSAY_T(f16)),
                                       ASSAY_TYPES(ASSAY_T(f32)) };
static const assay_contract contract = { .h = { ASSAY_DEPTH_LANES, 4 * LANES, 0 } };

SIMD_KERNEL(similarity) = {
    .op = "similarity",
    .name = SIMD_TIER,
    .isa = SIMD_ISA,
    .flags = ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .contract = &contract,
    .run = run,
    .scratch = scratch,
};
