/* SPDX-License-Identifier: MIT
 * cache: the append.  A unit is one kv head: its rows are written in order, so that of equal positions the last wins.
 * Into K panels, 16 tokens that fill a panel in order go by transposes; any other token is scattered, 16 elements
 * apart. */
#include "../isa/encode.h"
#include "../isa/panel16.h"

enum { PANEL = 16 };

static int64_t cache_pos(const assay_args *a, int64_t t)
{
    int32_t s;
    memcpy(&s, (const char *)a->operand[1].data + t * a->operand[1].stride[0], sizeof s);
    return s;
}
static const float *cache_source(const assay_args *a, int64_t t, int64_t g)
{
    const assay_tensor *x = &a->operand[0];
    return (const float *)((const char *)x->data + t * x->stride[0] + g * x->stride[1]);
}

static void cache_halfs(assay_dtype t, uint16_t *y, const float *x, int64_t n)
{
    if (t == ASSAY_f16)
        ENCODE(f16)(y, x, n);
    else
        ENCODE(bf16)(y, x, n);
}
static void cache_row(const assay_tensor *c, int64_t s, int64_t g, const float *x, int64_t D)
{
    char *dst = (char *)c->data + s * c->stride[0] + g * c->stride[1];
    if (c->type == ASSAY_f32)
        memcpy(dst, x, (size_t)D * sizeof(float));
    else if (c->type == ASSAY_q8_0)
        ENCODE(q8_0)((assay_q8_0 *)(void *)dst, x, D);
    else if (c->type == ASSAY_q4_0)
        ENCODE(q4_0)((assay_q4_0 *)(void *)dst, x, D);
    else
        cache_halfs(c->type, (uint16_t *)(void *)dst, x, D);
}

/* Do tokens t .. t + 15 fill one panel in order? */
static bool cache_fills(const assay_args *a, int64_t t)
{
    const int64_t s = cache_pos(a, t);
    bool yes = t + PANEL <= a->dim[0] && s % PANEL == 0;
    for (int64_t i = 1; yes && i < PANEL; i++)
        yes = cache_pos(a, t + i) == s + i;
    return yes;
}

/* Up to 64 columns at a time, so that the widened panel stays in a local array; returns how many tokens were written.
 */
static int64_t cache_into_panel(const assay_args *a, int64_t t, int64_t g)
{
    enum { COLUMNS = 64 };
    const assay_tensor *c = &a->operand[2];
    const int64_t s = cache_pos(a, t), D = a->dim[3], n = cache_fills(a, t) ? PANEL : 1;
    const int64_t first = (s / PANEL * a->dim[2] + g) * D * PANEL;
    float wide[COLUMNS * PANEL], *f32 = (float *)c->data + first;
    uint16_t *halfs = (uint16_t *)c->data + first, half[COLUMNS];
    for (int64_t d = 0; d < D; d += COLUMNS) {
        const int64_t w = D - d < COLUMNS ? D - d : COLUMNS;
        if (n == PANEL) {
            const float *row[PANEL];
            for (int i = 0; i < PANEL; i++)
                row[i] = cache_source(a, t + i, g) + d;
            panel16(c->type == ASSAY_f32 ? f32 + d * PANEL : wide, row, w);
            if (c->type != ASSAY_f32)
                cache_halfs(c->type, halfs + d * PANEL, wide, w * PANEL);
            continue;
        }
        const float *x = cache_source(a, t, g) + d;
        if (c->type != ASSAY_f32)
            cache_halfs(c->type, half, x, w);
        for (int64_t i = 0; i < w; i++)
            if (c->type != ASSAY_f32)
                halfs[(d + i) * PANEL + s % PANEL] = half[i];
            else
                f32[(d + i) * PANEL + s % PANEL] = x[i];
    }
    return n;
}

static assay_status run(const assay_args *a)
{
    const assay_tensor *c = &a->operand[2];
    for (int64_t g = a->begin; g < a->end; g++)
        for (int64_t t = 0; t < a->dim[0];) {
            if (c->layout == ASSAY_LAYOUT_kpanel16) {
                t += cache_into_panel(a, t, g);
                continue;
            }
            cache_row(c, cache_pos(a, t), g, cache_source(a, t, g), a->dim[3]);
            t++;
        }
    return ASSAY_OK;
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(i32)),
                                       ASSAY_TYPES(ASSAY_T(f32) | ASSAY_T(f16) | ASSAY_T(bf16) | ASSAY_T(q8_0) |
                                                   ASSAY_T(q4_0)) };
static const uint32_t layouts[] = { 1, 1, 1u | 1u << ASSAY_LAYOUT_kpanel16 };

SIMD_KERNEL(cache) = {
    .op = "cache",
    .name = SIMD_TIER,
    .isa = SIMD_ISA,
    .flags = ASSAY_BITEXACT | ASSAY_DETERMINISTIC,
    .types = types,
    .layouts = layouts,
    .run = run,
};
