/* SPDX-License-Identifier: MIT
 * cache_rows.h - the cache append for every instruction set.  The including file defines
 *   cache_f16(dst, src, n), cache_q8_0(dst, src, n): n floats by the rules of the types
 *   cache_panel(dst, row, D): 16 rows of D floats to [D][16]
 * A unit is one kv head: its rows are written in order, so that of equal positions the last wins.  Into K panels, 16
 * tokens that fill a panel in order go by transposes; any other token is scattered, 16 elements apart. */
#ifndef ASSAY_ISA_CACHE_ROWS_H
#define ASSAY_ISA_CACHE_ROWS_H

enum { CACHE_PANEL = 16 };

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

static void cache_row(const assay_tensor *c, int64_t s, int64_t g, const float *x, int64_t D)
{
    char *dst = (char *)c->data + s * c->stride[0] + g * c->stride[1];
    if (c->type == ASSAY_f32)
        memcpy(dst, x, (size_t)D * sizeof(float));
    else if (c->type == ASSAY_f16)
        cache_f16((uint16_t *)(void *)dst, x, D);
    else
        cache_q8_0((assay_q8_0 *)(void *)dst, x, D);
}

/* Do tokens t .. t + 15 fill one panel in order? */
static bool cache_fills(const assay_args *a, int64_t t)
{
    const int64_t s = cache_pos(a, t);
    bool yes = t + CACHE_PANEL <= a->dim[0] && s % CACHE_PANEL == 0;
    for (int64_t i = 1; yes && i < CACHE_PANEL; i++)
        yes = cache_pos(a, t + i) == s + i;
    return yes;
}

/* Up to 64 columns at a time, so that the widened panel stays in a local array; returns how many tokens were written.
 */
static int64_t cache_into_panel(const assay_args *a, int64_t t, int64_t g)
{
    enum { COLUMNS = 64 };
    const assay_tensor *c = &a->operand[2];
    const int64_t s = cache_pos(a, t), D = a->dim[3], n = cache_fills(a, t) ? CACHE_PANEL : 1;
    const int64_t first = (s / CACHE_PANEL * a->dim[2] + g) * D * CACHE_PANEL;
    float wide[COLUMNS * CACHE_PANEL], *f32 = (float *)c->data + first;
    uint16_t *f16 = (uint16_t *)c->data + first, half[COLUMNS];
    for (int64_t d = 0; d < D; d += COLUMNS) {
        const int64_t w = D - d < COLUMNS ? D - d : COLUMNS;
        if (n == CACHE_PANEL) {
            const float *row[CACHE_PANEL];
            for (int i = 0; i < CACHE_PANEL; i++)
                row[i] = cache_source(a, t + i, g) + d;
            cache_panel(c->type == ASSAY_f32 ? f32 + d * CACHE_PANEL : wide, row, w);
            if (c->type == ASSAY_f16)
                cache_f16(f16 + d * CACHE_PANEL, wide, w * CACHE_PANEL);
            continue;
        }
        const float *x = cache_source(a, t, g) + d;
        if (c->type == ASSAY_f16)
            cache_f16(half, x, w);
        for (int64_t i = 0; i < w; i++)
            if (c->type == ASSAY_f16)
                f16[(d + i) * CACHE_PANEL + s % CACHE_PANEL] = half[i];
            else
                f32[(d + i) * CACHE_PANEL + s % CACHE_PANEL] = x[i];
    }
    return n;
}

static assay_status cache_run(const assay_args *a)
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

static const assay_typeset cache_types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(i32)),
                                             ASSAY_TYPES(ASSAY_T(f32) | ASSAY_T(f16) | ASSAY_T(q8_0)) };
static const uint32_t cache_layouts[] = { 1, 1, 1u | 1u << ASSAY_LAYOUT_kpanel16 };

/* KERNEL members that every tier shares */
#define CACHE_KERNEL                                                                                                   \
    .flags = ASSAY_BITEXACT | ASSAY_DETERMINISTIC, .types = cache_types, .layouts = cache_layouts, .run = cache_run
#endif
