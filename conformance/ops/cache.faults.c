/* SPDX-License-Identifier: MIT
 * cache: kernels that are wrong on purpose, and legal ones that must pass.  f32 and f16, rows and K panels. */
#include "../../reference/core/dtype.h"
#include "faults.h"

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(FIRST_WINS, "first-of-equal-positions-wins", "own: order of equal positions")                                    \
    X(LAST_HEAD_LOST, "last-head-lost", "slip: one output of many left stale")                                         \
    X(LAST_COLUMN_LOST, "tail-column-lost", "slip: tail skipped")                                                      \
    X(NEXT_ROW, "row-plus-one", "slip: rope position+1, for the cache")                                                \
    X(SOURCE_STRIDE, "source-head-stride", "tenstorrent/tt-metal#54742")                                               \
    X(TRUNCATED, "f16-truncated", "slip: truncated instead of RNE")                                                    \
    X(PANEL_TRANSPOSED, "panel-transposed", "microsoft/onnxruntime#20030")                                             \
    X(APPEND_AT_END, "append-at-the-end", "jundot/omlx#2172")                                                          \
    X(NEXT_ZEROED, "next-row-zeroed", "slip: writes padding")                                                          \
    X(PANEL_FILLED, "panel-padding-filled", "slip: a whole vector is stored to the last panel")

#define LEGAL(X)                                                                                                       \
    X(SEQUENTIAL, "sequential", "legal: one by one")                                                                   \
    X(REVERSED_COLUMNS, "columns-reversed", "legal: last column first")                                                \
    X(REVERSED_HEADS, "heads-reversed", "legal: last head of the slice first")                                         \
    X(PLAIN, "plain", "legal: one by one, again")                                                                      \
    X(BY_DOUBLE, "f16-from-double", "legal: widened first")                                                            \
    X(CLEARED_FIRST, "cleared-first", "legal: zeros, then the value")                                                  \
    X(COLUMNS_FIRST, "columns-first", "legal: tokens in the inner loop")                                               \
    X(PAIRS, "columns-in-pairs", "legal: odd column first")                                                            \
    X(SKIP_DEAD, "dead-rows-skipped", "legal: what is overwritten anyway is not written")                              \
    X(TWICE, "written-twice", "legal: the same bytes twice")

enum { FAULTS(MODE) LEGAL(MODE) };

/* Where element (s,g,d) of the cache lies. */
static char *cell(const assay_args *a, int64_t s, int64_t g, int64_t d, int mode)
{
    const assay_tensor *c = &a->operand[2];
    const int64_t size = c->type == ASSAY_f16 ? 2 : 4, G = a->dim[2], D = a->dim[3];
    if (c->layout == ASSAY_LAYOUT_kpanel16)
        return (char *)c->data +
               size * (((s / 16 * G + g) * D) * 16 + (mode == PANEL_TRANSPOSED ? s % 16 * D + d : d * 16 + s % 16));
    return (char *)c->data + s * c->stride[0] + g * c->stride[1] + d * c->stride[2];
}
static void put(char *at, assay_dtype type, float v, int mode)
{
    uint16_t h = mode == BY_DOUBLE ? assay_f16_from_f64((double)v) : assay_f16_from_f32(v);
    if (mode == TRUNCATED && fabsf(assay_f16_to_f32(h)) > fabsf(v))
        h--;
    if (type == ASSAY_f16)
        memcpy(at, &h, sizeof h);
    else
        memcpy(at, &v, sizeof v);
}
static int64_t position(const assay_args *a, int64_t t)
{
    int32_t s;
    memcpy(&s, (char *)a->operand[1].data + t * a->operand[1].stride[0], sizeof s);
    return s;
}
/* A later token goes to the same row. */
static bool dead(const assay_args *a, int64_t t)
{
    for (int64_t i = t + 1; i < a->dim[0]; i++)
        if (position(a, i) == position(a, t))
            return true;
    return false;
}

static void one(const assay_args *a, int64_t t, int64_t g, int64_t d, int mode)
{
    const int64_t T = a->dim[0], S = a->dim[1], G = a->dim[2], D = a->dim[3];
    const assay_tensor *x = &a->operand[0], *c = &a->operand[2];
    int64_t s = position(a, t);
    if ((mode == LAST_HEAD_LOST && G > 1 && g == G - 1) || (mode == LAST_COLUMN_LOST && d == D - 1 && D % 8) ||
        (mode == SKIP_DEAD && dead(a, t)))
        return;
    if (mode == APPEND_AT_END)
        s = S - T + t < 0 ? 0 : S - T + t;
    if (mode == NEXT_ROW)
        s = s + 1 < S ? s + 1 : s;
    const int64_t head = mode == SOURCE_STRIDE && T < S && c->layout == 0 ? (g * T + s) % (S * G) : -1;
    char *at = head < 0 ? cell(a, s, g, d, mode) : cell(a, head / G, head % G, d, mode);
    float v;
    memcpy(&v, (char *)x->data + t * x->stride[0] + g * x->stride[1] + d * x->stride[2], sizeof v);
    if (mode == CLEARED_FIRST)
        put(at, c->type, 0, mode);
    put(at, c->type, v, mode);
    if (mode == NEXT_ZEROED && s + 1 < S && t == T - 1)
        put(cell(a, s + 1, g, d, mode), c->type, 0, mode);
    for (int64_t i = s + 1; mode == PANEL_FILLED && c->layout == ASSAY_LAYOUT_kpanel16 && s == S - 1 && i % 16; i++)
        put(cell(a, i, g, d, mode), c->type, v, mode);
    if (mode == TWICE)
        put(at, c->type, v, mode);
}

static assay_status run(const assay_args *a)
{
    const int mode = mode_of(a);
    const int64_t T = a->dim[0], D = a->dim[3], n = T * D;
    for (int64_t i = a->begin; i < a->end; i++)
        for (int64_t w = 0; w < n; w++) {
            const int64_t g = mode == REVERSED_HEADS ? a->end - 1 - (i - a->begin) : i;
            const int64_t at = mode == COLUMNS_FIRST ? w % T : w / D, k = mode == COLUMNS_FIRST ? w / T : w % D;
            const int64_t t = mode == FIRST_WINS ? T - 1 - at : at;
            const int64_t d = mode == REVERSED_COLUMNS ? D - 1 - k : mode == PAIRS && (k ^ 1) < D ? k ^ 1 : k;
            one(a, t, g, d, mode);
        }
    return ASSAY_OK;
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(i32)),
                                       ASSAY_TYPES(ASSAY_T(f32) | ASSAY_T(f16)) };
static const uint32_t layouts[] = { 1, 1, 1u | 1u << ASSAY_LAYOUT_kpanel16 };
#define KERNEL_BASE .op = "cache", .types = types, .layouts = layouts
static const assay_fault table[] = { FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_cache = { "cache", table, ASSAY_COUNT_OF(table) };
