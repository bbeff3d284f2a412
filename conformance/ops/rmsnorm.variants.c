/* SPDX-License-Identifier: MIT
 * rmsnorm in any order of the sum of squares and in eight rational forms. */
#include "variants.h"
#include "assay/params/rmsnorm.h"
#include <math.h>
#include <stdlib.h>

enum { X, W, Y };

/* 1 / sqrt(mean + eps) */
static float scale_of(float sum, int64_t n, float eps, int form, int32_t row)
{
    const float mean = form == 5   ? sum * (1 / (float)n)
                       : form == 6 ? (sum + eps * (float)n) / (float)n
                                   : sum / (float)n;
    const float v = form == 6 ? mean : mean + eps;
    return form == 4 ? assay_vary_rsqrt(row / 8, v) : form == 7 ? (float)(1 / sqrt((double)v)) : 1 / sqrtf(v);
}

static float element(float x, float g, float s, float root, int form)
{
    switch (form) {
    case 1:
        return g * x * s;
    case 2:
    case 5:
        return x * (g * s);
    case 3:
        return x / root * g;
    default:
        return g * (s * x);
    }
}

assay_status assay_vary_rmsnorm(const assay_args *a)
{
    const assay_sum *s = a->variant;
    const assay_rmsnorm_params *p = a->params;
    const int64_t C = a->dim[1];
    const int form = s->row % 8;
    float *x = malloc((size_t)(3 * C + 1) * sizeof *x);
    if (!x)
        return ASSAY_ERR_NOMEM;
    float *w = x + C, *y = w + C;
    assay_vary_read(&a->operand[W], 0, 0, C, w);
    for (int64_t r = 0; r < a->dim[0]; r++) {
        assay_vary_read(&a->operand[X], r, 0, C, x);
        const float sum = assay_sum_of(s, x, 1, x, 1, C), scale = scale_of(sum, C, p->eps, form, s->row);
        for (int64_t c = 0; c < C; c++)
            y[c] = element(x[c], p->plus_one ? 1 + w[c] : w[c], scale, sqrtf(sum / (float)C + p->eps), form);
        assay_vary_write(&a->operand[Y], r, 0, C, y);
    }
    free(x);
    return ASSAY_OK;
}
