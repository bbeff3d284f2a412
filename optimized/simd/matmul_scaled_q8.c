/* SPDX-License-Identifier: MIT
 * matmul_scaled, u4 by activations rounded to q8_0, by contract: products of codes are summed as integers.  Phase 0
 * rounds rows of x; phase 1 has a unit for each 16 rows of w.  A lane's sum is of 8 products, exact, less the zero
 * point times the sum of the same activations, exact too; then it meets both scales. */
#include "../isa/encode.h"
#include "../isa/scaled.h"

/* TOKENS: multiplied with a row at once.  AHEAD: bytes between what is read and what is asked for */
enum { TOKENS = 4, AHEAD = 2048 };
typedef struct tile { /* of x: even and odd elements; of each lane the block's scale, x_scale, and the sum of its codes
                       */
    int8_t code[8 * LANES];
    float scale[LANES], x_scale[LANES], sum[LANES]; /* scales apart: their product may underflow where x does not */
} tile;

static int64_t tiles_of(const assay_args *a)
{
    return (a->dim[K] + TILE - 1) / TILE;
}
static float x_scale_at(const assay_args *a, int64_t t, int64_t g)
{
    const assay_tensor *s = &a->operand[X_SCALE];
    const char *row = s->data ? tensor_row(s, t) : NULL;
    return row ? *(const float *)(const void *)(row + (g < a->dim[G] ? g : a->dim[G] - 1) * s->stride[1]) : 1;
}

static void activations(const assay_args *a, int64_t t)
{
    const int64_t padded = tiles_of(a) * TILE, group = a->dim[G] > 1 ? group_of(a) : padded + 1;
    float *x = a->scratch;
    assay_q8_0 *q = (assay_q8_0 *)(void *)(x + padded);
    tile *to = (tile *)a->shared + t * tiles_of(a);
    row_decode(x, tensor_row(&a->operand[X], t), a->operand[X].type, a->dim[K]);
    for (int64_t k = a->dim[K]; k < padded; k++)
        x[k] = 0;
    ENCODE(q8_0)(q, x, padded);
    for (int64_t k = 0; k < padded; k += 8) {
        tile *u = &to[k / TILE];
        const int64_t lane = k % TILE / 8;
        int sum = 0;
        for (int64_t i = 0; i < 8; i++) {
            const int8_t code = q[k / 32].q[k % 32 + i];
            u->code[i % 2 * 4 * LANES + lane * 4 + i / 2] = code;
            sum += code;
        }
        u->sum[lane] = (float)sum;
        u->scale[lane] = k < a->dim[K] ? half_to_f32(q[k / 32].d) : 0; /* no code past the end meets infinity */
        u->x_scale[lane] = k < a->dim[K] ? x_scale_at(a, t, k / group) : 0;
    }
}

/* Groups of whole tiles: their sums are scaled */
INLINE void by_groups(const assay_args *a, const uint8_t *q, scales s, const tile *x, int tokens, vec *sum)
{
    const int64_t step = tiles_of(a), tiles = step / a->dim[G];
    for (int64_t g = 0; g < a->dim[G]; g++) {
        const vec zero = vec_set(s.zero[g]), scale = vec_set(s.scale[g]);
        vec part[TOKENS];
        foreach(t, tokens) part[t] = vec_zero();
        for (int64_t i = 0; i < tiles; i++, q += TILE / 2, x++) {
            __builtin_prefetch(q + AHEAD);
            foreach(t, tokens)
            {
                const tile *u = x + t * step;
                const vec dot = vec_fnma(zero, vec_load(u->sum), SIMD_OWN(nibble_dots)(q, u->code));
                part[t] = vec_fma(dot, vec_load(u->scale), part[t]);
            }
        }
        foreach(t, tokens) sum[t] = vec_fma(vec_mul(part[t], scale), vec_load((x - 1 + t * step)->x_scale), sum[t]);
    }
}
INLINE void by_tiles(const assay_args *a, const uint8_t *row, scales s, const tile *x, int tokens, vec *sum)
{
    const int64_t length = a->dim[K], step = tiles_of(a);
    lanes l = lanes_of(a);
    uint8_t room[TILE / 2];
    for (int64_t k = 0; k < length; k += TILE, x++) {
        const uint8_t *q = tile_at(row, k, length, room);
        vec scale, zero;
        next_tile(&l, s, &scale, &zero);
        foreach(t, tokens)
        {
            const tile *u = x + t * step;
            const vec dot = vec_fnma(zero, vec_load(u->sum), SIMD_OWN(nibble_dots)(q, u->code));
            sum[t] = vec_fma(vec_mul(vec_mul(dot, vec_load(u->scale)), scale), vec_load(u->x_scale), sum[t]);
        }
    }
}
/* Whole tiles of `parts` groups each */
INLINE void by_parts(const assay_args *a, const uint8_t *q, scales s, const tile *x, int tokens, int parts, vec *sum)
{
    const int64_t step = tiles_of(a);
    for (int64_t i = 0; i < step; i++, q += TILE / 2, x++, s.scale += parts, s.zero += parts) {
        const vec scale = spread(vec_load(s.scale), parts), zero = spread(vec_load(s.zero), parts);
        __builtin_prefetch(q + AHEAD);
        foreach(t, tokens)
        {
            const tile *u = x + t * step;
            const vec dot = vec_fnma(zero, vec_load(u->sum), SIMD_OWN(nibble_dots)(q, u->code));
            sum[t] = vec_fma(vec_mul(vec_mul(dot, vec_load(u->scale)), scale), vec_load(u->x_scale), sum[t]);
        }
    }
}
/* A row times `tokens` rows of x */
INLINE void product(const assay_args *a, const uint8_t *row, scales s, const tile *x, int tokens, float *y)
{
    const int64_t length = a->dim[K];
    const bool whole =
        length && length % TILE == 0 && (a->dim[G] == 1 || (group_of(a) % TILE == 0 && length % group_of(a) == 0));
    vec sum[TOKENS];
    foreach(t, tokens) sum[t] = vec_zero();
    if (whole)
        by_groups(a, row, s, x, tokens, sum);
    else if (length % TILE == 0 && a->dim[G] > 1 && group_of(a) == TILE / 2)
        by_parts(a, row, s, x, tokens, 2, sum);
    else if (length % TILE == 0 && a->dim[G] > 1 && group_of(a) == TILE / 4)
        by_parts(a, row, s, x, tokens, 4, sum);
    else
        by_tiles(a, row, s, x, tokens, sum);
    foreach(t, tokens) y[t] = vec_sum(sum[t]);
}
/* Groups of any length, term by term */
static float product_any(const assay_args *a, const uint8_t *row, scales s, const tile *x, int64_t t)
{
    const int64_t group = group_of(a);
    float part[TILE] = { 0 };
    for (int64_t k = 0, g = 0, left = group; k < a->dim[K]; k++, left--) {
        const tile *u = &x[k / TILE];
        if (!left)
            g++, left = group;
        const float w = ((float)(row[k / 2] >> k % 2 * 4 & 15) - s.zero[g]) * s.scale[g];
        const float v = u->code[k % 2 * 4 * LANES + k % TILE / 2] * u->scale[k % TILE / 8];
        part[k % TILE] += v * x_scale_at(a, t, g) * w;
    }
    for (int n = TILE / 2; n > 0; n /= 2)
        for (int i = 0; i < n; i++)
            part[i] += part[i + n];
    return part[0];
}

static assay_status run(const assay_args *a)
{
    for (int64_t u = a->begin; u < a->end; u++) {
        if (a->phase == 0) {
            activations(a, u);
            continue;
        }
        for (int64_t n = u * BLOCK; n < a->dim[N] && n < (u + 1) * BLOCK; n++) {
            const uint8_t *row = tensor_row(&a->operand[W], n);
            const scales s = scales_of(a, n);
            for (int64_t t = 0, tokens; t < a->dim[T]; t += tokens) {
                const tile *x = (const tile *)a->shared + t * tiles_of(a);
                float y[TOKENS];
                tokens = by_eights(a) && a->dim[T] - t >= TOKENS ? TOKENS : 1;
                if (tokens > 1)
                    product(a, row, s, x, TOKENS, y);
                else if (by_eights(a))
                    product(a, row, s, x, 1, y);
                else
                    *y = product_any(a, row, s, x, t);
                for (int64_t i = 0; i < tokens; i++)
                    ((float *)tensor_row(&a->operand[Y], t + i))[n] = y[i];
            }
        }
    }
    return ASSAY_OK;
}

static size_t shared(const assay_args *a)
{
    return (size_t)(a->dim[T] * tiles_of(a) + 1) * sizeof(tile); /* never none: a row of K = 0 has a place, too */
}
static size_t scratch(const assay_args *a)
{
    const size_t padded = (size_t)(tiles_of(a) * TILE), row = padded * sizeof(float) + padded / 32 * sizeof(assay_q8_0);
    return row + (size_t)(2 * a->dim[G] + 1) * sizeof(float);
}

#define F32 ASSAY_TYPES(ASSAY_T(f32))
static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32) | ASSAY_T(f16) | ASSAY_T(bf16)),
                                       ASSAY_TYPES(ASSAY_T(u4)),
                                       ASSAY_TYPES(ASSAY_T(f32) | ASSAY_T(f16) | ASSAY_T(bf16)),
                                       ASSAY_TYPES(ASSAY_T(i8)),
                                       F32,
                                       F32 };
static const assay_contract contract = { .h = { ASSAY_DEPTH_LANES, TILE, 0 }, .round = { { "x", ASSAY_q8_0, 0 } } };

SIMD_KERNEL(matmul_scaled_q8) = {
    .op = "matmul_scaled",
    .name = "q8_0_" SIMD_TIER,
    .isa = SIMD_ISA,
    .flags = ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .contract = &contract,
    .run = run,
    .phases = two_phases,
    .units = rows_then_blocks,
    .shared = shared,
    .scratch = scratch,
};
