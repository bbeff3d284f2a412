/* SPDX-License-Identifier: MIT
 * matmul_id: phase 0 sorts the ids by expert into shared, in tiles of up to 8 of one expert; phase 1 has a unit for
 * each tile and block of 16 outputs.  A row of weights is read, or decoded, once for the tile. */
#include "../isa/decode.h"
#include "../isa/rows.h"
#include "../isa/simd.h"

enum { X, W, IDS, BIAS, Y, TILE = 8, BLOCK = 16 };

/* In shared: how many tiles there are; of each its expert and where its calls begin, of one more where all end; the
 * calls (t A + a) by expert; and, while they are sorted, how many calls each expert has. */
typedef struct plan {
    int32_t *tiles, *expert, *first, *call, *count;
} plan;

static plan plan_of(const assay_args *a)
{
    const int64_t calls = a->dim[0] * a->dim[1];
    int32_t *p = a->shared;
    return (plan){ p, p + 1, p + 1 + calls, p + 2 + 2 * calls, p + 2 + 3 * calls };
}
static size_t shared(const assay_args *a)
{
    return (size_t)(2 + 3 * a->dim[0] * a->dim[1] + a->dim[2] + 1) * sizeof(int32_t);
}

static void sort(const assay_args *a)
{
    const int64_t T = a->dim[0], A = a->dim[1], experts = a->dim[2];
    const assay_tensor *ids = &a->operand[IDS];
    const plan p = plan_of(a);
    int32_t end = 0;
    *p.tiles = 0;
    for (int64_t e = 0; e <= experts; e++)
        p.count[e] = 0;
    for (int64_t t = 0; t < T; t++)
        for (int64_t i = 0; i < A; i++)
            p.count[*(const int32_t *)(const void *)((const char *)tensor_row(ids, t) + i * ids->stride[1])]++;
    for (int64_t e = 0; e < experts; e++) { /* count becomes where the next call of an expert goes */
        const int32_t n = p.count[e];
        for (int32_t i = 0; i < n; i += TILE)
            p.expert[*p.tiles] = (int32_t)e, p.first[(*p.tiles)++] = end + i;
        p.count[e] = end;
        end += n;
    }
    p.first[*p.tiles] = end;
    for (int64_t t = 0; t < T; t++)
        for (int64_t i = 0; i < A; i++) {
            const int32_t e = *(const int32_t *)(const void *)((const char *)tensor_row(ids, t) + i * ids->stride[1]);
            p.call[p.count[e]++] = (int32_t)(t * A + i);
        }
}

/* The products of a row of weights with rows of x: 4 of them at once, or one */
static inline __attribute__((always_inline)) void dots(const float *const *x, const float *w, int64_t K, int rows,
                                                       float *y)
{
    vec s[8];
    int64_t k = 0;
    for (int i = 0; i < 2 * rows; i++)
        s[i] = vec_zero();
    for (; k + 2 * LANES <= K; k += 2 * LANES) {
        const vec v0 = vec_load_once(w + k), v1 = vec_load_once(w + k + LANES);
        for (int i = 0; i < rows; i++) {
            s[2 * i] = vec_fma(v0, vec_load(x[i] + k), s[2 * i]);
            s[2 * i + 1] = vec_fma(v1, vec_load(x[i] + k + LANES), s[2 * i + 1]);
        }
    }
    for (; k < K; k += LANES) {
        const int64_t left = K - k < LANES ? K - k : LANES;
        const vec v = vec_load_n(w + k, left);
        for (int i = 0; i < rows; i++)
            s[2 * i] = vec_fma(v, vec_load_n(x[i] + k, left), s[2 * i]);
    }
    for (int i = 0; i < rows; i++)
        y[i] = vec_sum(vec_add(s[2 * i], s[2 * i + 1]));
}

static void tile_block(const assay_args *a, const plan *p, int64_t tile, int64_t begin, int64_t end)
{
    const assay_tensor *w = &a->operand[W], *y = &a->operand[Y], *bias = &a->operand[BIAS];
    const int64_t A = a->dim[1], K = a->dim[4], e = p->expert[tile], n = p->first[tile + 1] - p->first[tile];
    const int32_t *call = p->call + p->first[tile];
    const float *x[TILE], *b = bias->data ? tensor_row(bias, e) : NULL;
    float *out[TILE], sum[TILE];
    for (int64_t i = 0; i < n; i++) {
        x[i] = tensor_row(&a->operand[X], call[i] / A);
        out[i] = (float *)(void *)((char *)tensor_row(y, call[i] / A) + call[i] % A * y->stride[1]);
    }
    for (int64_t c = begin; c < end; c++) {
        const void *row = (const char *)tensor_row(w, e) + c * w->stride[1];
        const float *v = row;
        int64_t i = 0;
        if (w->type != ASSAY_f32)
            row_decode(a->scratch, row, w->type, K), v = a->scratch;
        for (; i + 4 <= n; i += 4)
            dots(x + i, v, K, 4, sum + i);
        for (; i < n; i++)
            dots(x + i, v, K, 1, sum + i);
        for (i = 0; i < n; i++)
            out[i][c] = b ? sum[i] + b[c] : sum[i];
    }
}

static assay_status run(const assay_args *a)
{
    if (a->phase == 0) {
        sort(a);
        return ASSAY_OK;
    }
    const int64_t N = a->dim[3], blocks = (N + BLOCK - 1) / BLOCK;
    const plan p = plan_of(a);
    for (int64_t u = a->begin; u < a->end; u++) {
        const int64_t c = u % blocks * BLOCK;
        tile_block(a, &p, u / blocks, c, N - c < BLOCK ? N : c + BLOCK);
    }
    return ASSAY_OK;
}

static uint32_t phases(const assay_args *a)
{
    (void)a;
    return 2;
}
static int64_t units(const assay_args *a)
{
    return a->phase == 0 ? 1 : *plan_of(a).tiles * ((a->dim[3] + BLOCK - 1) / BLOCK);
}
static size_t scratch(const assay_args *a)
{
    return a->operand[W].type == ASSAY_f32 ? 0 : (size_t)a->dim[4] * sizeof(float);
}

#define F32 ASSAY_TYPES(ASSAY_T(f32))
static const assay_typeset types[] = {
    F32, ASSAY_TYPES(ASSAY_T(f32) | ASSAY_T(f16) | ASSAY_T(bf16) | ASSAY_T(e4m3) | ASSAY_T(e5m2) | DECODE_BLOCKS),
    ASSAY_TYPES(ASSAY_T(i32)), F32, F32
};
static const assay_contract contract = { .h = { ASSAY_DEPTH_LANES, 2 * LANES, 0 } };

SIMD_KERNEL(matmul_id) = {
    .op = "matmul_id",
    .name = SIMD_TIER,
    .isa = SIMD_ISA,
    .flags = ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .contract = &contract,
    .run = run,
    .phases = phases,
    .units = units,
    .shared = shared,
    .scratch = scratch,
};
