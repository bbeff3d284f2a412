/* SPDX-License-Identifier: MIT
 * contrast: each row of the context is read once from memory, for its norm and against every candidate; cosines (S, K)
 * stand in shared, of which a second phase takes each candidate's largest.  Norms of candidates stand in scratch. */
#include "assay/params/contrast.h"
#include "../isa/simd.h"
#include <math.h>

enum { P, H, CONTEXT, SCORE };

static inline float total(const vec *s)
{
    return vec_sum(vec_add(vec_add(s[0], s[1]), vec_add(s[2], s[3])));
}

typedef struct sums {
    vec ab[4], bb[4];
} sums;

static inline __attribute__((always_inline)) void add(sums *s, int i, vec a, vec b, bool norm)
{
    s->ab[i] = vec_fma(a, b, s->ab[i]);
    if (norm)
        s->bb[i] = vec_fma(b, b, s->bb[i]);
}

/* The product of two rows, and the norm of b if it is asked for */
static inline __attribute__((always_inline)) float of_rows(const float *a, const float *b, int64_t D, float *norm)
{
    const vec zero = vec_zero();
    sums s = { { zero, zero, zero, zero }, { zero, zero, zero, zero } };
    int64_t d = 0;
    for (; d + 4 * LANES <= D; d += 4 * LANES) { /* by constants: a loop over i would keep the sums in memory */
        const int64_t e = d + LANES, f = e + LANES, g = f + LANES;
        add(&s, 0, vec_load(a + d), vec_load(b + d), norm != NULL);
        add(&s, 1, vec_load(a + e), vec_load(b + e), norm != NULL);
        add(&s, 2, vec_load(a + f), vec_load(b + f), norm != NULL);
        add(&s, 3, vec_load(a + g), vec_load(b + g), norm != NULL);
    }
    if (d + LANES <= D) /* what is over goes into sums of its own: none has two more terms than another */
        add(&s, 0, vec_load(a + d), vec_load(b + d), norm != NULL), d += LANES;
    if (d + LANES <= D)
        add(&s, 1, vec_load(a + d), vec_load(b + d), norm != NULL), d += LANES;
    if (d + LANES <= D)
        add(&s, 2, vec_load(a + d), vec_load(b + d), norm != NULL), d += LANES;
    if (d < D)
        add(&s, 3, vec_load_n(a + d, D - d), vec_load_n(b + d, D - d), norm != NULL);
    if (norm)
        *norm = sqrtf(total(s.bb));
    return total(s.ab);
}

/* Rows begin .. end - 1 of the context against all candidates */
static void likeness(const assay_args *a)
{
    const int64_t K = a->dim[0], D = a->dim[2];
    float *norms = a->scratch, *cosines = a->shared, norm = 0;
    for (int64_t k = 0; k < K; k++) {
        const float *h = tensor_row(&a->operand[H], k);
        of_rows(h, h, D, &norms[k]);
    }
    for (int64_t s = a->begin; s < a->end; s++) {
        const float *y = tensor_row(&a->operand[CONTEXT], s);
        for (int64_t k = 0; k < K; k++) {
            const float *h = tensor_row(&a->operand[H], k);
            const float dot = k == 0 ? of_rows(h, y, D, &norm) : of_rows(h, y, D, NULL), size = norms[k] * norm;
            cosines[s * K + k] = size == 0 ? 0 : dot / size;
        }
    }
}

static void scores(const assay_args *a)
{
    const assay_contrast_params *p = a->params;
    const int64_t K = a->dim[0], S = a->dim[1];
    const float *cosines = a->shared;
    for (int64_t k = a->begin; k < a->end; k++) {
        float most = cosines[k];
        for (int64_t s = 1; s < S; s++) {
            const float like = cosines[s * K + k];
            most = like <= most || most != most ? most : like; /* a NaN stays */
        }
        const float chance = *(const float *)tensor_row(&a->operand[P], k);
        *(float *)tensor_row(&a->operand[SCORE], k) = (1 - p->alpha) * chance - p->alpha * most;
    }
}

static assay_status run(const assay_args *a)
{
    if (a->phase == 0)
        likeness(a);
    else
        scores(a);
    return ASSAY_OK;
}

static uint32_t phases(const assay_args *a)
{
    (void)a;
    return 2;
}
static int64_t units(const assay_args *a)
{
    return a->dim[a->phase == 0];
}
static size_t shared(const assay_args *a)
{
    return (size_t)(a->dim[0] * a->dim[1]) * sizeof(float);
}
static size_t scratch(const assay_args *a)
{
    return (size_t)a->dim[0] * sizeof(float);
}

static const assay_contract contract = { .h = { ASSAY_DEPTH_LANES, 4 * LANES, 0 } };

SIMD_KERNEL(contrast) = {
    .op = "contrast",
    .name = SIMD_TIER,
    .isa = SIMD_ISA,
    .flags = ASSAY_DETERMINISTIC,
    .types = simd_f32,
    .contract = &contract,
    .run = run,
    .phases = phases,
    .units = units,
    .shared = shared,
    .scratch = scratch,
};
