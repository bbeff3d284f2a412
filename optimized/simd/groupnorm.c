/* SPDX-License-Identifier: MIT
 * groupnorm: three passes per group: mean, variance, result.  A group is one run of numbers for the first two; where
 * its channels do not follow on each other they are copied first. */
#include "assay/params/groupnorm.h"
#include "../isa/mean.h"
#include <string.h>

enum { X, W, BIAS, Y };

static char *group_at(const assay_tensor *t, int64_t b, int64_t g)
{
    return (char *)t->data + b * t->stride[0] + g * t->stride[1];
}
static float per_channel(const assay_tensor *t, int64_t g, int64_t d, float absent)
{
    return t->data ? ((const float *)(const void *)((const char *)t->data + g * t->stride[0]))[d] : absent;
}

/* y = s (x - m) w + bias over n places */
static void channel(const float *x, float *y, int64_t n, vec m, vec s, vec w, vec bias)
{
    int64_t c = 0;
    for (; c + LANES <= n; c += LANES)
        vec_store(y + c, vec_fma(vec_mul(s, vec_sub(vec_load(x + c), m)), w, bias));
    vec_store_n(y + c, vec_fma(vec_mul(s, vec_sub(vec_load_n(x + c, n - c), m)), w, bias), n - c);
}

static assay_status run(const assay_args *a)
{
    const assay_groupnorm_params *p = a->params;
    const assay_tensor *X_ = &a->operand[X], *Y_ = &a->operand[Y];
    const int64_t G = a->dim[1], D = a->dim[2], S = a->dim[3], bytes = S * (int64_t)sizeof(float);

    for (int64_t u = a->begin; u < a->end; u++) {
        const char *from = group_at(X_, u / G, u % G);
        char *to = group_at(Y_, u / G, u % G);
        const float *x = (const float *)(const void *)from;
        for (int64_t d = 0; X_->stride[2] != bytes && d < D; d++)
            memcpy((float *)a->scratch + d * S, from + d * X_->stride[2], (size_t)bytes), x = a->scratch;
        const vec m = vec_set(mean(x, D * S, vec_zero(), 1));
        const vec s = vec_set(1.0f / sqrtf(mean(x, D * S, m, 2) + p->eps));
        for (int64_t d = 0; d < D; d++)
            channel(x + d * S, (float *)(void *)(to + d * Y_->stride[2]), S, m, s,
                    vec_set(per_channel(&a->operand[W], u % G, d, 1)),
                    vec_set(per_channel(&a->operand[BIAS], u % G, d, 0)));
    }
    return ASSAY_OK;
}

static int64_t units(const assay_args *a)
{
    return a->dim[0] * a->dim[1];
}
static size_t scratch(const assay_args *a)
{
    return (size_t)(a->dim[2] * a->dim[3]) * sizeof(float);
}

SIMD_KERNEL(groupnorm) = {
    SIMD_ROWS,      .op = "groupnorm",  .flags = SIMD_PROMISES, .contract = &mean_contract,
    .units = units, .scratch = scratch,
};
