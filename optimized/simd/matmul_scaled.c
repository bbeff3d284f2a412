/* SPDX-License-Identifier: MIT
 * matmul_scaled: phase 0 makes rows of x floats, times their scales; phase 1 has a unit for each 16 rows of w, which it
 * decodes to scratch and multiplies with all of x.  A single token by codes of 4 bits is multiplied as they are read.
 * With those x and decoded rows stand in the order of its tiles: each [8][LANES]. */
#include "../isa/decode.h"
#include "../isa/scaled.h"

static bool four(const assay_args *a)
{
    return a->operand[W].type == ASSAY_u4 || a->operand[W].type == ASSAY_e2m1;
}
static int64_t row_floats(const assay_args *a) /* of x and w, filled up with zeros */
{
    const int64_t step = four(a) ? TILE : LANES;
    return (a->dim[K] + step - 1) / step * step;
}
static inline int64_t place(int64_t k) /* of element k in a row of tiles */
{
    return k / TILE * TILE + k % 8 * LANES + k % TILE / 8;
}

/* ---- 4 bits ---- */

/* Nibble j of each word at q, as a number of u4 or of e2m1 */
INLINE vec codes(assay_dtype type, const uint8_t *q, int j)
{
    return type == ASSAY_e2m1 ? SIMD_OWN(e2m1_of_words)(q, j) : SIMD_OWN(nibbles_of_words)(q, j);
}

INLINE float product_of(assay_dtype type, const assay_args *a, const uint8_t *row, scales s, const float *x)
{
    lanes l = lanes_of(a);
    vec sum = vec_zero();
    uint8_t room[TILE / 2];
    for (int64_t k = 0; k < a->dim[K]; k += TILE, x += TILE) {
        const uint8_t *q = tile_at(row, k, a->dim[K], room);
        vec scale, zero, part[2] = { vec_zero(), vec_zero() };
        next_tile(&l, s, &scale, &zero);
        foreach(j, 8) part[j % 2] = vec_fma(vec_sub(codes(type, q, j), zero), vec_load(x + j * LANES), part[j % 2]);
        sum = vec_fma(vec_add(part[0], part[1]), scale, sum);
    }
    return vec_sum(sum);
}
static float row_product(const assay_args *a, const uint8_t *row, scales s, const float *x)
{
    return a->operand[W].type == ASSAY_e2m1 ? product_of(ASSAY_e2m1, a, row, s, x) : product_of(ASSAY_u4, a, row, s, x);
}
INLINE void decode_of(assay_dtype type, const assay_args *a, const uint8_t *row, scales s, float *w)
{
    lanes l = lanes_of(a);
    uint8_t room[TILE / 2];
    for (int64_t k = 0; k < a->dim[K]; k += TILE, w += TILE) {
        const uint8_t *q = tile_at(row, k, a->dim[K], room);
        vec scale, zero;
        next_tile(&l, s, &scale, &zero);
        foreach(j, 8) vec_store(w + j * LANES, vec_mul(vec_sub(codes(type, q, j), zero), scale));
    }
}
static void decode_tiles(const assay_args *a, const uint8_t *row, scales s, float *w)
{
    if (a->operand[W].type == ASSAY_e2m1)
        decode_of(ASSAY_e2m1, a, row, s, w);
    else
        decode_of(ASSAY_u4, a, row, s, w);
}
/* Groups of any length */
static void decode_codes(const assay_args *a, const uint8_t *row, scales s, float *w)
{
    const bool floats = a->operand[W].type == ASSAY_e2m1;
    const int64_t group = group_of(a);
    for (int64_t k = 0; k < row_floats(a); k++)
        w[k] = 0;
    for (int64_t k = 0, g = 0, left = group; k < a->dim[K]; k++, left--) {
        if (!left)
            g++, left = group;
        const int code = row[k / 2] >> k % 2 * 4 & 15;
        w[place(k)] = ((floats ? 0.5f * e2m1_values[code] : (float)code) - s.zero[g]) * s.scale[g];
    }
}
/* ---- bytes ---- */

static void decode_row(const assay_args *a, const void *row, scales s, float *w)
{
    const int64_t length = a->dim[K], group = group_of(a);
    const int8_t *code = row;
    int64_t k = 0;
    if (a->operand[W].type != ASSAY_i8) {
        row_decode(w, row, a->operand[W].type, length);
    } else {
        for (; k + 32 <= length; k += 32)
            decode_scaled(w + k, i8_codes(code + k), 1);
        for (; k < length; k++)
            w[k] = code[k];
    }
    for (k = length; k < row_floats(a); k++)
        w[k] = 0;
    k = 0;
    for (int64_t g = 0; g < a->dim[G]; g++) {
        const int64_t end = length - k < group ? length : k + group;
        const vec scale = vec_set(s.scale[g]), zero = vec_set(s.zero[g]);
        for (; k + LANES <= end; k += LANES)
            vec_store(w + k, vec_mul(vec_sub(vec_load(w + k), zero), scale));
        vec_store_n(w + k, vec_mul(vec_sub(vec_load_n(w + k, end - k), zero), scale), end - k);
        k = end;
    }
}

/* ---- both ---- */

/* C rows of w, `step` apart, times rows of x */
INLINE void dots(const float *x, const float *w, int64_t step, int rows, int columns, float *y)
{
    vec s[8];
    foreach(i, rows * columns) s[i] = vec_zero();
    for (int64_t k = 0; k < step; k += LANES) {
        vec v[4];
        foreach(c, columns) v[c] = vec_load_once(w + c * step + k);
        foreach(r, rows)
        {
            const vec u = vec_load_once(x + r * step + k);
            foreach(c, columns) s[r * columns + c] = vec_fma(v[c], u, s[r * columns + c]);
        }
    }
    foreach(i, rows * columns) y[i] = vec_sum(s[i]);
}

/* Rows n to `end` of w, at most BLOCK */
static void block(const assay_args *a, int64_t n, int64_t end)
{
    const int64_t step = row_floats(a), tokens = a->dim[T];
    float *const w = (float *)a->scratch + 2 * a->dim[G], y[8];
    for (int64_t i = 0; i < BLOCK; i++) {
        float *to = w + i * step;
        const uint8_t *row = n + i < end ? tensor_row(&a->operand[W], n + i) : NULL;
        const scales s = row ? scales_of(a, n + i) : (scales){ NULL, NULL };
        if (row && four(a))
            (by_eights(a) ? decode_tiles : decode_codes)(a, row, s, to);
        else if (row)
            decode_row(a, row, s, to);
        else
            memset(to, 0, (size_t)step * sizeof *to);
    }
    for (int64_t t = 0; t < tokens;) {
        const float *x = (const float *)a->shared + t * step;
        const int rows = tokens - t >= 4 ? 4 : 1, columns = rows == 4 ? 2 : 4;
        for (int64_t c = 0; n + c < end; c += columns) {
            if (rows == 4)
                dots(x, w + c * step, step, 4, 2, y);
            else
                dots(x, w + c * step, step, 1, 4, y);
            for (int i = 0; i < rows * columns; i++)
                if (n + c + i % columns < end)
                    ((float *)tensor_row(&a->operand[Y], t + i / columns))[n + c + i % columns] = y[i];
        }
        t += rows;
    }
}

static void activations(const assay_args *a, int64_t t)
{
    const assay_tensor *scale = &a->operand[X_SCALE];
    const int64_t length = a->dim[K], group = group_of(a), step = row_floats(a);
    float *x = (float *)a->shared + t * step, *natural = four(a) ? a->scratch : x;
    row_decode(natural, tensor_row(&a->operand[X], t), a->operand[X].type, length);
    for (int64_t g = 0; scale->data && g < a->dim[G]; g++) {
        const float s = *(const float *)(const void *)((const char *)tensor_row(scale, t) + g * scale->stride[1]);
        for (int64_t k = g * group; k < length && k < (g + 1) * group; k++)
            natural[k] *= s;
    }
    for (int64_t k = length; k < step; k++)
        natural[k] = 0;
    for (int64_t k = 0; four(a) && k < step; k++)
        x[place(k)] = natural[k];
}

static assay_status run(const assay_args *a)
{
    for (int64_t u = a->begin; u < a->end; u++) {
        const int64_t n = u * BLOCK, end = a->dim[N] - n < BLOCK ? a->dim[N] : n + BLOCK;
        if (a->phase == 0)
            activations(a, u);
        else if (a->dim[T] != 1 || !four(a) || !by_eights(a))
            block(a, n, end);
        else
            for (int64_t i = n; i < end; i++)
                ((float *)a->operand[Y].data)[i] =
                    row_product(a, tensor_row(&a->operand[W], i), scales_of(a, i), a->shared);
    }
    return ASSAY_OK;
}

static size_t shared(const assay_args *a)
{
    return (size_t)(a->dim[T] * row_floats(a) + 1) * sizeof(float); /* never none: a row of K = 0 has a place, too */
}
static size_t scratch(const assay_args *a)
{
    return (size_t)(2 * a->dim[G] + BLOCK * row_floats(a) + 1) * sizeof(float);
}

#define F32    ASSAY_TYPES(ASSAY_T(f32))
#define FLOATS (ASSAY_T(f32) | ASSAY_T(f16) | ASSAY_T(bf16))
static const assay_typeset types[] = { ASSAY_TYPES(FLOATS | ASSAY_T(e4m3) | ASSAY_T(e2m1)),
                                       ASSAY_TYPES(ASSAY_T(i8) | ASSAY_T(u4) | ASSAY_T(e2m1) | ASSAY_T(e4m3) |
                                                   ASSAY_T(e5m2)),
                                       ASSAY_TYPES(FLOATS | ASSAY_T(e4m3)),
                                       ASSAY_TYPES(ASSAY_T(i8)),
                                       F32,
                                       F32 };
static const assay_contract contract = { .h = { ASSAY_DEPTH_LANES, LANES, 0 } };

SIMD_KERNEL(matmul_scaled) = {
    .op = "matmul_scaled",
    .name = SIMD_TIER,
    .isa = SIMD_ISA,
    .flags = ASSAY_DETERMINISTIC,
    .types = types,
    .contract = &contract,
    .run = run,
    .phases = two_phases,
    .units = rows_then_blocks,
    .shared = shared,
    .scratch = scratch,
};
