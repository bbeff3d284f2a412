/* SPDX-License-Identifier: MIT
 * moe_combine: a token's row in pieces of 4 vectors, each the sum over its experts. */
#include "../isa/rows.h"
#include "../isa/simd.h"

enum { W, SLOTS, X, SHARED, GATE, Y };

typedef struct token {
    int64_t K;
    const char *w, *slots, *x; /* slots NULL: none was dropped */
    int64_t w_step, slots_step, x_step;
    const float *shared; /* NULL: there is none */
    vec share;           /* of it */
} token;

static inline __attribute__((always_inline)) void columns(const token *k, float *y, int64_t d, int64_t D, int vectors)
{
    vec sum[4];
    for (int v = 0; v < vectors; v++)
        sum[v] =
            k->shared ? vec_mul(k->share, vec_load_rest(k->shared + d + v * LANES, D - d - v * LANES)) : vec_zero();
    for (int64_t e = 0; e < k->K; e++) {
        const float *x = (const float *)(const void *)(k->x + e * k->x_step) + d;
        if (k->slots && *(const int32_t *)(const void *)(k->slots + e * k->slots_step) < 0)
            continue;
        const vec w = vec_all((const float *)(const void *)(k->w + e * k->w_step));
        for (int v = 0; v < vectors; v++)
            sum[v] = vec_fma(w, vec_load_rest(x + v * LANES, D - d - v * LANES), sum[v]);
    }
    for (int v = 0; v < vectors; v++)
        vec_store_rest(y + d + v * LANES, sum[v], D - d - v * LANES);
}

static float sigmoid(float z)
{
    const vec e = vec_exp(vec_set(z < 0 ? z : -z));
    return vec_top(vec_div(z < 0 ? e : vec_set(1), vec_add(vec_set(1), e)));
}

static assay_status run(const assay_args *a)
{
    const assay_tensor *x = &a->operand[X], *w = &a->operand[W], *slots = &a->operand[SLOTS];
    const int64_t D = a->dim[2];
    for (int64_t t = a->begin; t < a->end; t++) {
        const float z = a->operand[GATE].data ? *(const float *)tensor_row(&a->operand[GATE], t) : 0;
        const token k = { a->dim[1],
                          tensor_row(w, t),
                          slots->data ? tensor_row(slots, t) : NULL,
                          tensor_row(x, t),
                          w->stride[1],
                          slots->data ? slots->stride[1] : 0,
                          x->stride[1],
                          a->operand[SHARED].data ? tensor_row(&a->operand[SHARED], t) : NULL,
                          vec_set(!a->operand[GATE].data ? 1
                                  : z != z               ? z
                                                         : sigmoid(z)) };
        float *y = tensor_row(&a->operand[Y], t);
        int64_t d = 0;
        for (; d + 4 * LANES <= D; d += 4 * LANES)
            columns(&k, y, d, D, 4);
        for (; d < D; d += LANES)
            columns(&k, y, d, D, 1);
    }
    return ASSAY_OK;
}

#define F32 ASSAY_TYPES(ASSAY_T(f32))
static const assay_typeset types[] = { F32, ASSAY_TYPES(ASSAY_T(i32)), F32, F32, F32, F32 };

SIMD_KERNEL(moe_combine) = {
    .op = "moe_combine",
    .name = SIMD_TIER,
    .isa = SIMD_ISA,
    .flags = ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .run = run,
};
