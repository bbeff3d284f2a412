/* SPDX-License-Identifier: MIT
 * unfold: a patch is runs of kernel_w elements, moved as bytes, whatever their type.  Where a row of the image and the
 * patch have room, a run is whole vectors: what lies behind it in the patch is written again by the next run. */
#include "assay/params/unfold.h"
#include "../isa/simd.h"
#include <string.h>

enum { X, Y };
enum { VECTOR = LANES * (int)sizeof(float), SHORT = 16, STRIP = 16 }; /* bytes, bytes, patches */

static inline int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* n bytes, of room that may be read and written */
static inline void move(char *y, const char *x, int64_t n, int64_t room)
{
    int64_t i = 0;
    if (n <= SHORT && room >= SHORT) {
        memcpy(y, x, SHORT);
        return;
    }
    for (; i < n && i + VECTOR <= room; i += VECTOR)
        vec_store((float *)(void *)(y + i), vec_load((const float *)(const void *)(x + i)));
    for (; i < n; i += 2)
        memcpy(y + i, x + i, 2);
}
static inline void clear(char *y, int64_t n)
{
    for (int64_t i = 0; i < n; i += 2)
        memset(y + i, 0, 2);
}

typedef struct patch {
    char *y;
    int64_t from, to; /* of each of its rows these bytes lie in the image, */
    int64_t at;       /* there from this byte of a row on */
} patch;

/* n patches of image b from t on, which lie side by side: the same rows of the image, one after the other */
static inline __attribute__((always_inline)) void strip(const assay_args *a, int64_t b, int64_t t, int64_t n,
                                                        int64_t across, int64_t size)
{
    const assay_unfold_params *p = a->params;
    const assay_tensor *x = &a->operand[X], *y = &a->operand[Y];
    const int64_t H = a->dim[2], W = a->dim[3], run = p->kernel_w * size, all = a->dim[5] * size;
    const int64_t top = t / across * p->stride_h - p->pad_h;
    int64_t left = t % across * p->stride_w - p->pad_w, done = 0;
    patch of[STRIP];
    for (int64_t j = 0; j < n; j++, left += p->stride_w)
        of[j] = (patch){ (char *)y->data + b * y->stride[0] + (t + j) * y->stride[1], left < 0 ? -left * size : 0,
                         least(p->kernel_w, W - left) * size, left > 0 ? left * size : 0 };
    for (int64_t c = 0; c < a->dim[1]; c++)
        for (int64_t h = top; h < top + p->kernel_h; h++, done += run) {
            const char *row = (const char *)x->data + b * x->stride[0] + c * x->stride[1];
            for (int64_t j = 0; j < n; j++) {
                char *to = of[j].y + done;
                if (h < 0 || h >= H) {
                    clear(to, run);
                    continue;
                }
                clear(to, of[j].from);
                move(to + of[j].from, row + h * x->stride[2] + of[j].at, of[j].to - of[j].from,
                     least(all - done - of[j].from, W * size - of[j].at));
                clear(to + of[j].to, run - of[j].to);
            }
        }
}

static assay_status run(const assay_args *a)
{
    const assay_unfold_params *p = a->params;
    const int64_t T = a->dim[4], across = (a->dim[3] + 2 * p->pad_w - p->kernel_w) / p->stride_w + 1;
    for (int64_t u = a->begin; u < a->end;) {
        const int64_t t = u % T, n = least(least(across - t % across, STRIP), a->end - u);
        if (a->operand[X].type == ASSAY_f32)
            strip(a, u / T, t, n, across, 4);
        else
            strip(a, u / T, t, n, across, 2);
        u += n;
    }
    return ASSAY_OK;
}

static int64_t units(const assay_args *a)
{
    return a->dim[0] * a->dim[4];
}

#define FLOATS ASSAY_TYPES(ASSAY_T(f32) | ASSAY_T(f16) | ASSAY_T(bf16))
static const assay_typeset types[] = { FLOATS, FLOATS };

SIMD_KERNEL(unfold) = {
    .op = "unfold",
    .name = SIMD_TIER,
    .isa = SIMD_ISA,
    .flags = ASSAY_BITEXACT | ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .run = run,
    .units = units,
};
