/* SPDX-License-Identifier: MIT
 * layout.c - storage orders that strides cannot say.  Each knows its size and its way to and from dense double. */
#include "tensor.h"
#include "dtype.h"
#include <string.h>

/* ---- kpanel16: keys (..., S, G, D) as [...][S/16 rounded up][G][D][16] -------------------------------------------
 * The dot products of one query with 16 keys then come out as the lanes of one vector, without a horizontal sum.
 * Plain element types only (no blocks); the keys that fill the last panel are written as zeros. */

enum { PANEL = 16 };

typedef struct panels {
    int64_t outer, S, G, D, n;
} panels;

static panels panels_of(const assay_tensor *t)
{
    panels p = { 1, 1, 1, 1, 0 };
    const int r = t->rank;
    for (int i = 0; i < r - 3; i++)
        p.outer *= t->dim[i];
    p.S = r >= 3 ? t->dim[r - 3] : 1;
    p.G = r >= 2 ? t->dim[r - 2] : 1;
    p.D = r >= 1 ? t->dim[r - 1] : 1;
    p.n = (p.S + PANEL - 1) / PANEL;
    return p;
}

static size_t kpanel16_bytes(const assay_tensor *t)
{
    const panels p = panels_of(t);
    return (size_t)assay_dtype_bytes(t->type, p.outer * p.n * p.G * p.D * PANEL);
}

static void kpanel16_decode(double *dst, const assay_tensor *t)
{
    const panels p = panels_of(t);
    const assay_dtype_info *info = assay_dtype_of(t->type);
    const char *src = t->data;
    for (int64_t o = 0; o < p.outer; o++)
        for (int64_t s0 = 0; s0 < p.n * PANEL; s0 += PANEL)
            for (int64_t gd = 0; gd < p.G * p.D; gd++, src += PANEL * info->bytes) {
                double lane[PANEL];
                info->decode(lane, src, PANEL);
                for (int64_t s = s0; s < p.S && s < s0 + PANEL; s++)
                    dst[(o * p.S + s) * p.G * p.D + gd] = lane[s - s0];
            }
}

static void kpanel16_encode(const assay_tensor *t, const double *src)
{
    const panels p = panels_of(t);
    const assay_dtype_info *info = assay_dtype_of(t->type);
    char *dst = t->data;
    for (int64_t o = 0; o < p.outer; o++)
        for (int64_t s0 = 0; s0 < p.n * PANEL; s0 += PANEL)
            for (int64_t gd = 0; gd < p.G * p.D; gd++, dst += PANEL * info->bytes) {
                double lane[PANEL] = { 0 };
                for (int64_t s = s0; s < p.S && s < s0 + PANEL; s++)
                    lane[s - s0] = src[(o * p.S + s) * p.G * p.D + gd];
                info->encode(dst, lane, PANEL);
            }
}

static void kpanel16_copy(void *dst, const void *src, const assay_tensor *t)
{
    const panels p = panels_of(t);
    const size_t size = (size_t)assay_dtype_of(t->type)->bytes, panel = PANEL * size;
    size_t at = 0;
    for (int64_t o = 0; o < p.outer; o++)
        for (int64_t s0 = 0; s0 < p.n * PANEL; s0 += PANEL)
            for (int64_t gd = 0; gd < p.G * p.D; gd++, at += panel)
                memcpy((char *)dst + at, (const char *)src + at, p.S - s0 < PANEL ? (size_t)(p.S - s0) * size : panel);
}

/* ---- the table ----------------------------------------------------------------------------------------------- */

static const assay_layout_info table[] = {
    [ASSAY_LAYOUT_strided] = { .name = "strided" },
    [ASSAY_LAYOUT_kpanel16] = { "kpanel16", kpanel16_bytes, kpanel16_decode, kpanel16_encode, kpanel16_copy },
};

const assay_layout_info *assay_layout_of(uint32_t layout)
{
    return layout < sizeof table / sizeof *table && table[layout].name ? &table[layout] : NULL;
}

const assay_layout_info *assay_layout_find(const char *name, uint32_t *layout)
{
    for (uint32_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].name && strcmp(table[i].name, name) == 0) {
            if (layout)
                *layout = i;
            return &table[i];
        }
    return NULL;
}
