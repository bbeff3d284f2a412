/* SPDX-License-Identifier: MIT
 * matmul_batch: y (B,T,N) of x (B,T,K) and w (B,N,K), or of these transposed.  A work unit is one product's block of 64
 * columns of y.  w as rows: dot products, tiles of 6 rows by 2; w transposed: each x[k] times a row of it, tiles of 6
 * rows by 2 vectors (4 where there are 32 registers).  What is no float, transposed in x, or shared along its innermost
 * dimension is laid out in scratch; so are 6 rows of y that are no floats. */
#include "../isa/decode.h"
#include "../isa/encode.h"
#include "../isa/rows.h"
#include "../isa/simd.h"

enum { X, XT, W, WT, Y, ROWS = 6, BLOCK = 64, SUMS = 12, MOST = LANES == 8 ? SUMS : 24 };

/* Rows of floats, so many bytes apart */
typedef struct view {
    const char *p;
    int64_t step;
} view;

static inline const float *row_of(view v, int64_t i)
{
    return (const float *)(const void *)(v.p + i * v.step);
}
static bool in_place(const assay_tensor *t)
{
    return t->type == ASSAY_f32 && t->stride[2];
}

/* n rows of m numbers of t[b], from row r and column c on: where they lie, or laid out in room */
static view rows_of(const assay_tensor *t, int64_t b, int64_t r, int64_t c, int64_t n, int64_t m, float *room)
{
    const char *p = (const char *)t->data + b * t->stride[0] + r * t->stride[1] + c * t->stride[2];
    if (in_place(t))
        return (view){ p, t->stride[1] };
    for (int64_t i = 0; i < n; i++, p += t->stride[1]) {
        float *to = room + i * m;
        row_decode(to, p, t->type, t->stride[2] || m == 0 ? m : 1);
        for (int64_t k = 1; k < m && !t->stride[2]; k++)
            to[k] = to[0];
    }
    return (view){ (const char *)room, m * (int64_t)sizeof *room };
}
/* n rows of x[b] from t on, K long; room: for 2 n of them */
static view x_rows(const assay_args *a, int64_t b, int64_t t, int64_t n, float *room)
{
    const int64_t K = a->dim[3];
    if (a->operand[X].data)
        return rows_of(&a->operand[X], b, t, 0, n, K, room);
    const view v = rows_of(&a->operand[XT], b, 0, t, K, n, room + n * K);
    for (int64_t k = 0; k < K; k++)
        for (int64_t i = 0; i < n; i++)
            room[i * K + k] = row_of(v, k)[i];
    return (view){ (const char *)room, K * (int64_t)sizeof *room };
}

/* Products of `rows` rows of x with `columns` rows of w */
static inline __attribute__((always_inline)) void dots(view x, view w, int64_t K, int rows, int columns,
                                                       float *const *y)
{
    vec s[SUMS], v[SUMS];
    int64_t k = 0;
    for (int i = 0; i < rows * columns; i++)
        s[i] = vec_zero();
    for (; k + LANES <= K; k += LANES) {
        for (int j = 0; j < columns; j++)
            v[j] = vec_load_once(row_of(w, j) + k);
        for (int i = 0; i < rows; i++) {
            const vec p = vec_load_once(row_of(x, i) + k);
            for (int j = 0; j < columns; j++)
                s[i * columns + j] = vec_fma(p, v[j], s[i * columns + j]);
        }
    }
    if (k < K) {
        for (int j = 0; j < columns; j++)
            v[j] = vec_load_n(row_of(w, j) + k, K - k);
        for (int i = 0; i < rows; i++) {
            const vec p = vec_load_n(row_of(x, i) + k, K - k);
            for (int j = 0; j < columns; j++)
                s[i * columns + j] = vec_fma(p, v[j], s[i * columns + j]);
        }
    }
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++)
            y[i][j] = vec_sum(s[i * columns + j]);
}
/* Products of `rows` rows of x with `left` columns of wt, of so many vectors */
static inline __attribute__((always_inline)) void outer(view x, view w, int64_t K, int rows, int vectors, int64_t left,
                                                        float *const *y)
{
    vec s[MOST], v[MOST];
    for (int i = 0; i < rows * vectors; i++)
        s[i] = vec_zero();
    for (int64_t k = 0; k < K; k++) {
        for (int j = 0; j < vectors; j++)
            v[j] = left - j * LANES < LANES ? vec_load_n(row_of(w, k) + j * LANES, left - j * LANES)
                                            : vec_load_once(row_of(w, k) + j * LANES);
        for (int i = 0; i < rows; i++) {
            const vec p = vec_set(row_of(x, i)[k]);
            for (int j = 0; j < vectors; j++)
                s[i * vectors + j] = vec_fma(p, v[j], s[i * vectors + j]);
        }
    }
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < vectors; j++)
            vec_store_rest(y[i] + j * LANES, s[i * vectors + j], left - j * LANES);
}

/* n columns of y, of a tile of rows: most of them `step` (rows of w) or so many vectors at once, the rest one by one */
static inline __attribute__((always_inline)) void tile(view x, view w, bool as_rows, int64_t K, int64_t n, int rows,
                                                       int step, int vectors, float **y)
{
    for (int64_t c = 0; c < n;) {
        const bool whole = as_rows ? c + step <= n : c + vectors * LANES <= n;
        const int64_t most = as_rows ? 1 : n - c < LANES ? n - c : LANES;
        const int64_t did = !whole ? most : as_rows ? step : vectors * LANES;
        if (as_rows && whole)
            dots(x, w, K, rows, step, y);
        else if (as_rows)
            dots(x, w, K, rows, 1, y);
        else if (whole)
            outer(x, w, K, rows, vectors, vectors * LANES, y);
        else
            outer(x, w, K, rows, 1, most, y);
        w.p += did * (as_rows ? w.step : (int64_t)sizeof(float));
        for (int i = 0; i < rows; i++)
            y[i] += did;
        c += did;
    }
}

/* So many rows of n floats, BLOCK apart, to y[b] from row t and column c on: f16 or bf16 */
static void encode_rows(const assay_tensor *y, int64_t b, int64_t t, int64_t c, int rows, int64_t n, const float *from)
{
    for (int i = 0; i < rows; i++, from += BLOCK) {
        void *to = (uint16_t *)(void *)((char *)y->data + b * y->stride[0] + (t + i) * y->stride[1]) + c;
        if (y->type == ASSAY_f16)
            ENCODE(f16)(to, from, n);
        else
            ENCODE(bf16)(to, from, n);
    }
}

static void block(const assay_args *a, int64_t b, int64_t c, int64_t n)
{
    const int64_t T = a->dim[1], K = a->dim[3];
    const assay_tensor *y = &a->operand[Y];
    const bool as_rows = a->operand[W].data, floats = y->type == ASSAY_f32;
    float *y_room = a->scratch, *room = y_room + ROWS * BLOCK;
    float *x_room = room + (in_place(&a->operand[as_rows ? W : WT]) ? 0 : n * K);
    const view w =
        as_rows ? rows_of(&a->operand[W], b, c, 0, n, K, room) : rows_of(&a->operand[WT], b, 0, c, K, n, room);
    for (int64_t t = 0; t < T;) {
        const int rows = T - t >= ROWS ? ROWS : T - t >= 2 ? 2 : 1;
        const view x = x_rows(a, b, t, rows, x_room);
        float *out[ROWS];
        for (int i = 0; i < rows; i++)
            out[i] = floats ? (float *)(void *)((char *)y->data + b * y->stride[0] + (t + i) * y->stride[1]) + c
                            : y_room + i * BLOCK;
        if (rows == ROWS)
            tile(x, w, as_rows, K, n, ROWS, SUMS / ROWS, MOST / ROWS, out);
        else if (rows == 2)
            tile(x, w, as_rows, K, n, 2, 4, 4, out);
        else
            tile(x, w, as_rows, K, n, 1, 8, LANES == 16 ? BLOCK / LANES : 8, out);
        if (!floats)
            encode_rows(y, b, t, c, rows, n, y_room);
        t += rows;
    }
}

static int64_t units(const assay_args *a)
{
    return a->dim[0] * ((a->dim[2] + BLOCK - 1) / BLOCK);
}
static assay_status run(const assay_args *a)
{
    const int64_t N = a->dim[2], blocks = (N + BLOCK - 1) / BLOCK;
    for (int64_t u = a->begin; u < a->end; u++) {
        const int64_t c = u % blocks * BLOCK;
        block(a, u / blocks, c, N - c < BLOCK ? N - c : BLOCK);
    }
    return ASSAY_OK;
}
static size_t scratch(const assay_args *a)
{
    const bool x = !a->operand[X].rank || !in_place(&a->operand[X]);
    const bool w = !in_place(&a->operand[a->operand[W].rank ? W : WT]);
    const int64_t rows = a->dim[1] < ROWS ? a->dim[1] : ROWS, columns = a->dim[2] < BLOCK ? a->dim[2] : BLOCK;
    return (size_t)(ROWS * BLOCK + ((x ? 2 * rows : 0) + (w ? columns : 0)) * a->dim[3]) * sizeof(float);
}

#define FLOATS ASSAY_TYPES(ASSAY_T(f32) | ASSAY_T(f16) | ASSAY_T(bf16))
static const assay_typeset types[] = { FLOATS, FLOATS, FLOATS, FLOATS, FLOATS };

SIMD_KERNEL(matmul_batch) = {
    .op = "matmul_batch",
    .name = SIMD_TIER,
    .isa = SIMD_ISA,
    .flags = ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .run = run,
    .units = units,
    .scratch = scratch,
};
