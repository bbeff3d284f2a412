/* SPDX-License-Identifier: MIT
 * gemm_panels.h - y = f(x W^T [+ residual] + bias) in f32, for every vector width: one packed form of W serves GEMM,
 * skinny and GEMV.
 *
 * A file that includes this defines first the places of its operands, X, W, BIAS and Y, and of RESIDUAL, or -1 where it
 * takes none, and whether it MAPS its sums: then it has mapped(), else NO_MAP stands for it.  What fits a tier's
 * registers, gemm_<tier>.h says: PANEL_VECS, ROWS           a panel is PANEL_VECS vectors wide; ROWS x panel is the
 * largest tile PANELS_FOR(rows), TILES    tile shapes up to ROWS: as many panels as registers hold; all shapes
 *   MANY_ROWS, MANY_PANELS     the tile where a block has MANY rows of x
 *   PACKING                    the name of the packed form, by the width of a panel
 *
 * Packed W: panels of PANEL rows of W, each [K][PANEL] in the weights' own type; the last panel is filled up with
 * zeros. bf16 stands in pairs of columns (c, c + LANES), floats of 8 bits in pairs (c, c + PANEL / 2), so that one
 * load, a shift and a mask give two vectors.  What a NaN of e4m3 decodes to is a number, for all its exponents are
 * those of numbers: behind such a panel stands a float for each column, NaN or -0, that is added to the outputs.  K is
 * cut in equal pieces of at most KC: each is summed in registers, one product after the other, and added to y, so no
 * chain is longer than KC + K/KC.  That order is the same whatever the tile: bits depend on neither batch nor
 * partition. */
#ifndef ASSAY_GEMM_PANELS_H
#define ASSAY_GEMM_PANELS_H
#include "simd.h"
#include "unroll.h"
#include SIMD_FILE(gemm)

enum { PANEL = PANEL_VECS * LANES, KC = 256, T_BLOCK = 32 * ROWS, MANY = 128 };

typedef struct tile_job {
    const float *x;    /* rows of ldx floats */
    const char *w;     /* first panel at its first k; the next one at + step bytes */
    const float *base; /* rows of ldbase floats that the sums are added to: earlier pieces in y, or the residual */
    const float *bias; /* of the panel's columns, in the first piece */
    float *y;          /* rows of ldy floats */
    int64_t ldx, ldbase, ldy, step, n;
    int64_t columns;   /* of y from here on: the last panel may be cut */
    const char *ahead; /* what will be needed next: one touch per step of k, ahead_step bytes apart */
    int64_t ahead_step;
} tile_job;

INLINE int64_t element_size(assay_dtype type)
{
    return type == ASSAY_f32 ? 4 : type == ASSAY_f16 || type == ASSAY_bf16 ? 2 : 1;
}

/* Vector v of one row [PANEL] of a panel. */
INLINE vec panel_vec(assay_dtype type, const char *row, int v)
{
    switch (type) {
    case ASSAY_f16:
        return vec_f16((const uint16_t *)row + v * LANES);
    case ASSAY_bf16: {
        const uint32_t *pair = (const uint32_t *)row + v / 2 * LANES;
        return v % 2 ? vec_bf16_odd(pair) : vec_bf16_even(pair);
    }
    case ASSAY_e4m3:
        return vec_mul(vec_float8((const uint16_t *)row, v, true), vec_set(256));
    case ASSAY_e5m2:
        return vec_float8((const uint16_t *)row, v, false);
    default:
        return vec_load((const float *)row + v * LANES);
    }
}

/* The cut panel: `sums` holds rows of `width` floats, of which the first j->columns belong to y. */
static void store_cut(const tile_job *j, int rows, int width, const float *sums)
{
    for (int r = 0; r < rows; r++)
        for (int64_t c = 0; c < j->columns; c += LANES) {
            const int64_t n = j->columns - c < LANES ? j->columns - c : LANES;
            vec sum = vec_load(sums + r * width + c);
            if (j->base)
                sum = vec_add(vec_load_n(j->base + r * j->ldbase + c, n), sum);
            if (j->bias)
                sum = vec_add(vec_load_n(j->bias + c, n), sum);
            vec_store_n(j->y + r * j->ldy + c, sum, n);
        }
}

/* rows x (panels * PANEL) outputs over j->n values of k.  Every loop but that over k unrolls, and acc lives in
 * registers: one index per loop, or clang leaves it in memory. */
INLINE void tile(assay_dtype type, int rows, int panels, const tile_job *j)
{
    const int64_t line = PANEL * element_size(type), n = j->n, ldx = j->ldx, step = j->step;
    const float *x = j->x;
    const char *w = j->w, *ahead = j->ahead;
    vec acc[ROWS][4][PANEL_VECS];
    foreach(r, rows) foreach(p, panels) foreach(v, PANEL_VECS) acc[at(r, rows)][at(p, panels)][v] = vec_zero();
    foreach(r, rows) __builtin_prefetch(j->y + r * j->ldy, 1);
    for (int64_t k = 0; k < n; k++, w += line, ahead += j->ahead_step) {
        __builtin_prefetch(ahead, 0, 2);
        foreach(p, panels)
        {
            vec b[PANEL_VECS];
            foreach(v, PANEL_VECS) b[v] = panel_vec(type, w + p * step, v);
            foreach(r, rows)
            {
                const vec xv = vec_all(x + r * ldx + k);
                foreach(v, PANEL_VECS) acc[at(r, rows)][at(p, panels)][v] =
                    vec_fma(b[v], xv, acc[at(r, rows)][at(p, panels)][v]);
            }
        }
    }
    const bool cut = j->columns < panels * PANEL;
    const float *base = cut ? NULL : j->base, *bias = cut ? NULL : j->bias;
    float sums[ROWS * 4 * PANEL], *out = cut ? sums : j->y;
    const int64_t ld = cut ? panels * PANEL : j->ldy;
    if (base)
        foreach(r, rows) foreach(p, panels) foreach(v, PANEL_VECS) acc[at(r, rows)][at(p, panels)][v] =
            vec_add(vec_load(base + r * j->ldbase + p * PANEL + v * LANES), acc[at(r, rows)][at(p, panels)][v]);
    if (bias)
        foreach(r, rows) foreach(p, panels) foreach(v, PANEL_VECS) acc[at(r, rows)][at(p, panels)][v] =
            vec_add(vec_load(bias + p * PANEL + v * LANES), acc[at(r, rows)][at(p, panels)][v]);
    foreach(r, rows) foreach(p, panels) foreach(v, PANEL_VECS)
        vec_store(out + r * ld + p * PANEL + v * LANES, acc[at(r, rows)][at(p, panels)][v]);
    if (cut)
        store_cut(j, rows, panels * PANEL, sums);
}

typedef void (*tile_fn)(const tile_job *j);
/* Defined by the including file's TILES list: X(rows, panels). */
#define TILE_STUB(type, rows, panels)                                                                                  \
    static void tile_##type##_##rows##x##panels(const tile_job *j)                                                     \
    {                                                                                                                  \
        tile(ASSAY_##type, rows, panels, j);                                                                           \
    }
#define TILE_STUBS(rows, panels)                                                                                       \
    TILE_STUB(f32, rows, panels)                                                                                       \
    TILE_STUB(f16, rows, panels)                                                                                       \
    TILE_STUB(bf16, rows, panels)                                                                                      \
    TILE_STUB(e4m3, rows, panels)                                                                                      \
    TILE_STUB(e5m2, rows, panels)
TILES(TILE_STUBS)

enum { OF_F32, OF_F16, OF_BF16, OF_E4M3, OF_E5M2, N_TYPES };
#define TILE_ENTRY(type, rows, panels) tile_##type##_##rows##x##panels
#define TILE_ENTRIES(rows, panels)                                                                                     \
    [rows][panels] = { TILE_ENTRY(f32, rows, panels), TILE_ENTRY(f16, rows, panels), TILE_ENTRY(bf16, rows, panels),   \
                       TILE_ENTRY(e4m3, rows, panels), TILE_ENTRY(e5m2, rows, panels) },
static const tile_fn tiles[ROWS + 1][5][N_TYPES] = { TILES(TILE_ENTRIES) };

static inline tile_fn tile_for(assay_dtype type, int64_t rows, int64_t panels)
{
    return tiles[rows][panels][type == ASSAY_f32    ? OF_F32
                               : type == ASSAY_f16  ? OF_F16
                               : type == ASSAY_bf16 ? OF_BF16
                               : type == ASSAY_e4m3 ? OF_E4M3
                                                    : OF_E5M2];
}

enum { T, N, K }; /* dims */

static inline int64_t min64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}
/* Row t of an operand (T,N) from panel p on */
static inline float *columns_at(const assay_args *a, int operand, int64_t t, int64_t p)
{
    const assay_tensor *to = &a->operand[operand];
    return (float *)(void *)((char *)to->data + t * to->stride[0]) + p * PANEL;
}
static inline int64_t row_step(const assay_args *a, int operand)
{
    return a->operand[operand].stride[0] / (int64_t)sizeof(float);
}
/* What the rows t .. of panels p .. are added to, from piece k of W on, and that many floats apart */
static inline const float *base_at(const assay_args *a, int64_t t, int64_t p, int64_t k)
{
    return k > 0 ? columns_at(a, Y, t, p) : RESIDUAL >= 0 ? columns_at(a, RESIDUAL, t, p) : NULL;
}
static inline int64_t base_step(const assay_args *a, int64_t k)
{
    return k > 0 ? row_step(a, Y) : RESIDUAL >= 0 ? row_step(a, RESIDUAL) : 0;
}
static inline int64_t panels_of(const assay_args *a)
{
    return (a->dim[N] + PANEL - 1) / PANEL;
}
static inline int64_t panel_bytes(const assay_args *a)
{
    const assay_dtype type = a->operand[W].type;
    return a->dim[K] * PANEL * element_size(type) + (type == ASSAY_e4m3 ? PANEL * (int64_t)sizeof(float) : 0);
}
static inline int64_t blocks_of(const assay_args *a)
{
    return a->dim[T] <= ROWS ? 1 : (a->dim[T] + T_BLOCK - 1) / T_BLOCK;
}

/* K in pieces of equal length, at most KC. */
static inline int64_t piece_of(const assay_args *a)
{
    const int64_t pieces = (a->dim[K] + KC - 1) / KC;
    return pieces ? ((a->dim[K] + pieces - 1) / pieces + 7) / 8 * 8 : KC;
}

/* One unit is one panel for one block of rows of x; neighbours share the block of rows. */
static int64_t units(const assay_args *a)
{
    return a->dim[T] > 0 ? blocks_of(a) * panels_of(a) : 0;
}

static size_t scratch(const assay_args *a)
{
    const size_t decoded = a->operand[W].type != ASSAY_f32 ? KC * PANEL * MANY_PANELS : 0;
    return a->dim[T] <= ROWS ? 0 : (T_BLOCK * KC + decoded) * sizeof(float);
}

static size_t packed_bytes(const assay_args *a)
{
    return (size_t)(panels_of(a) * panel_bytes(a));
}

/* n values of one row of w down one column of a panel; of two rows down a pair of neighbouring columns of 16 or of 8
 * bits. */
static inline void pack_f32(float *dst, const float *row, int64_t n)
{
    for (int64_t k = 0; k < n; k++)
        dst[k * PANEL] = row[k];
}
static inline void pack_pair(uint32_t *dst, const uint16_t *low, const uint16_t *high, int64_t n)
{
    for (int64_t k = 0; k < n; k++)
        dst[k * PANEL / 2] = low[k] | (uint32_t)(high ? high[k] : 0) << 16;
}
static inline void pack_bytes(uint16_t *dst, const uint8_t *low, const uint8_t *high, int64_t n)
{
    for (int64_t k = 0; k < n; k++)
        dst[k * PANEL / 2] = (uint16_t)(low[k] | (high ? high[k] : 0) << 8);
}

static inline void pack_piece(const assay_tensor *w, void *panel, int64_t row0, int64_t columns, int64_t k, int64_t n)
{
    const char *rows = (const char *)w->data + row0 * w->stride[0] + k * element_size(w->type);
    if (w->type == ASSAY_f32)
        for (int64_t c = 0; c < columns; c++)
            pack_f32((float *)panel + k * PANEL + c, (const float *)(rows + c * w->stride[0]), n);
    else if (element_size(w->type) == 1)
        for (int64_t c = 0; c < PANEL / 2 && c < columns; c++)
            pack_bytes((uint16_t *)panel + k * PANEL / 2 + c, (const uint8_t *)(rows + c * w->stride[0]),
                       c + PANEL / 2 < columns ? (const uint8_t *)(rows + (c + PANEL / 2) * w->stride[0]) : NULL, n);
    else
        for (int64_t i = 0; i < PANEL / 2; i++) {
            const int64_t low = w->type == ASSAY_f16 ? 2 * i : i / LANES * 2 * LANES + i % LANES;
            const int64_t high = low + (w->type == ASSAY_f16 ? 1 : LANES);
            if (low < columns)
                pack_pair((uint32_t *)panel + k * PANEL / 2 + i, (const uint16_t *)(rows + low * w->stride[0]),
                          high < columns ? (const uint16_t *)(rows + high * w->stride[0]) : NULL, n);
        }
}

/* What is added to the outputs of a row of n codes of e4m3: NaN where one of them is, else -0, which changes nothing */
static inline float nan_of(const uint8_t *row, int64_t n)
{
    bool nan = false;
    for (int64_t k = 0; k < n; k++)
        nan |= (row[k] & 0x7f) == 0x7f;
    return nan ? NAN : -0.0f;
}

static void pack(const assay_args *a, void *dst)
{
    enum { PIECE = 64 };
    for (int64_t p = 0; p < panels_of(a); p++) {
        char *panel = (char *)dst + p * panel_bytes(a);
        const int64_t columns = min64(PANEL, a->dim[N] - p * PANEL);
        if (columns < PANEL)
            memset(panel, 0, (size_t)panel_bytes(a));
        for (int64_t k = 0; k < a->dim[K]; k += PIECE)
            pack_piece(&a->operand[W], panel, p * PANEL, columns, k, min64(PIECE, a->dim[K] - k));
        for (int64_t c = 0; c < columns && a->operand[W].type == ASSAY_e4m3; c++)
            ((float *)(panel + a->dim[K] * PANEL))[c] =
                nan_of((const uint8_t *)a->operand[W].data + (p * PANEL + c) * a->operand[W].stride[0], a->dim[K]);
    }
}

/* f of the sums of a panel */
static inline vec mapped(const assay_args *a, vec sum);
#define NO_MAP                                                                                                         \
    static inline vec mapped(const assay_args *a, vec sum)                                                             \
    {                                                                                                                  \
        (void)a;                                                                                                       \
        return sum;                                                                                                    \
    }

/* The outputs of panels p0 .. p1 - 1 for rows t0 .. t0 + rows - 1 of x, whose sums are complete: NaN where a code of
 * e4m3 is, and mapped */
static void finish(const assay_args *a, int64_t t0, int64_t rows, int64_t p0, int64_t p1)
{
    const bool nans = a->operand[W].type == ASSAY_e4m3 && a->dim[K] > 0;
    if (!nans && !MAPS)
        return;
    for (int64_t t = t0; t < t0 + rows; t++)
        for (int64_t p = p0; p < p1; p++) {
            const float *nan = (const float *)((const char *)a->packed + p * panel_bytes(a) + a->dim[K] * PANEL);
            float *out = columns_at(a, Y, t, p);
            for (int64_t c = 0; c < PANEL && p * PANEL + c < a->dim[N]; c += LANES) {
                const int64_t n = min64(LANES, a->dim[N] - p * PANEL - c);
                vec sum = vec_load_n(out + c, n);
                sum = nans ? vec_add(sum, vec_load_n(nan + c, n)) : sum;
                vec_store_n(out + c, mapped(a, sum), n);
            }
        }
}

/* n rows of a panel of narrow floats as f32 */
INLINE void decode_panel(assay_dtype type, float *to, const char *panel, int64_t n)
{
    for (int64_t k = 0; k < n; k++)
        foreach(v, PANEL_VECS)
            vec_store(to + k * PANEL + v * LANES, panel_vec(type, panel + k * PANEL * element_size(type), v));
}
static void decode_piece(assay_dtype type, float *to, const char *panel, int64_t n)
{
    if (type == ASSAY_f16)
        decode_panel(ASSAY_f16, to, panel, n);
    else if (type == ASSAY_bf16)
        decode_panel(ASSAY_bf16, to, panel, n);
    else if (type == ASSAY_e4m3)
        decode_panel(ASSAY_e4m3, to, panel, n);
    else
        decode_panel(ASSAY_e5m2, to, panel, n);
}

/* Up to ROWS rows of x: each weight is read once, several panels side by side (as many streams from memory). */
static void skinny(const assay_args *a)
{
    const int64_t rows = a->dim[T], bytes = panel_bytes(a), size = element_size(a->operand[W].type);
    const int64_t piece = piece_of(a);
    const char *packed = a->packed ? a->packed : ""; /* K = 0: nothing is packed, and nothing is added to NULL */
    const float *bias = a->operand[BIAS].data;
    for (int64_t p = a->begin, m; p < a->end; p += m) {
        m = min64(PANELS_FOR(rows), a->end - p);
        const tile_fn fn = tile_for(a->operand[W].type, rows, m);
        int64_t k = 0;
        do {
            const tile_job j = {
                .x = (const float *)a->operand[X].data + k,
                .ldx = row_step(a, X),
                .w = packed + p * bytes + k * PANEL * size,
                .step = bytes,
                .n = min64(piece, a->dim[K] - k),
                .base = base_at(a, 0, p, k),
                .ldbase = base_step(a, k),
                .bias = bias && k == 0 ? bias + p * PANEL : NULL,
                .y = columns_at(a, Y, 0, p),
                .ldy = row_step(a, Y),
                .columns = a->dim[N] - p * PANEL,
                /* one stream needs help, several do not */
                .ahead = packed + p * bytes + (m == 1 ? k + piece : k) * PANEL * size,
                .ahead_step = m == 1 ? PANEL * size : 0,
            };
            fn(&j);
            k += piece;
        } while (k < a->dim[K]);
        finish(a, 0, rows, p, p + m);
    }
}

/* Panels p0 .. p1 - 1 for rows t0 .. t0 + rows - 1 of x.  A piece of those rows is copied once and lives in L2, a piece
 * of a panel in L1, while all tiles of rows pass over it; meanwhile the next panel's piece is fetched.  Floats of 8
 * bits are decoded there once.  Many rows pay for floats of 16 bits to be decoded, too, and for a tile that loads less
 * for each product, whose panels come from L2: they are fetched by tiles in turn. */
static void block(const assay_args *a, int64_t t0, int64_t rows, int64_t p0, int64_t p1)
{
    const assay_tensor *x = &a->operand[X];
    const bool many = rows >= MANY;
    const assay_dtype type = a->operand[W].type, as = many || element_size(type) == 1 ? ASSAY_f32 : type;
    const int64_t bytes = panel_bytes(a), line = PANEL * element_size(type), piece = piece_of(a);
    const int64_t tile_rows = many ? MANY_ROWS : ROWS, n_tiles = (rows + tile_rows - 1) / tile_rows;
    const char *packed = a->packed ? a->packed : ""; /* K = 0: nothing is packed, and nothing is added to NULL */
    const float *bias = a->operand[BIAS].data;
    float *xs = a->scratch, *decoded = xs + T_BLOCK * KC;
    int64_t k = 0;
    do {
        const int64_t n = min64(piece, a->dim[K] - k);
        for (int64_t t = 0; t < rows; t++)
            memcpy(xs + t * KC, (const char *)x->data + (t0 + t) * x->stride[0] + k * (int64_t)sizeof(float),
                   (size_t)n * sizeof(float));
        for (int64_t p = p0, panels; p < p1; p += panels) {
            panels = min64(many ? MANY_PANELS : 1, p1 - p);
            const char *w = packed + p * bytes + k * line, *next = p + 2 * panels <= p1 ? w + panels * bytes : w;
            const int64_t turns = (n_tiles + panels - 1) / panels;
            for (int64_t d = 0; d < panels && as != type; d++)
                decode_piece(type, decoded + d * KC * PANEL, w + d * bytes, n);
            for (int64_t i = 0; i < n_tiles; i++) {
                const int64_t t = rows * i / n_tiles, m = rows * (i + 1) / n_tiles - t;
                const tile_job j = {
                    .x = xs + t * KC,
                    .ldx = KC,
                    .w = as == type ? w : (const char *)decoded,
                    .step = as == type ? bytes : KC * PANEL * (int64_t)sizeof(float),
                    .n = n,
                    .base = base_at(a, t0 + t, p, k),
                    .ldbase = base_step(a, k),
                    .bias = bias && k == 0 ? bias + p * PANEL : NULL,
                    .y = columns_at(a, Y, t0 + t, p),
                    .ldy = row_step(a, Y),
                    .columns = a->dim[N] - p * PANEL,
                    .ahead = next + i % panels * bytes + n * line * (i / panels) / turns,
                    .ahead_step = line / turns,
                };
                tile_for(as, m, panels)(&j);
            }
            if (k + n == a->dim[K])
                finish(a, t0, rows, p, p + panels);
        }
        k += piece;
    } while (k < a->dim[K]);
}

static assay_status run(const assay_args *a)
{
    if (a->dim[T] <= ROWS) {
        skinny(a);
        return ASSAY_OK;
    }
    const int64_t panels = panels_of(a), blocks = blocks_of(a);
    for (int64_t u = a->begin; u < a->end;) {
        const int64_t b = u / panels, p0 = u % panels, p1 = min64(panels, p0 + a->end - u);
        const int64_t t0 = a->dim[T] * b / blocks, rows = a->dim[T] * (b + 1) / blocks - t0;
        block(a, t0, rows, p0, p1);
        u += p1 - p0;
    }
    return ASSAY_OK;
}

#define GEMM_F32     ASSAY_TYPES(ASSAY_T(f32))
#define GEMM_WEIGHTS ASSAY_TYPES(ASSAY_T(f32) | ASSAY_T(f16) | ASSAY_T(bf16) | ASSAY_T(e4m3) | ASSAY_T(e5m2))
#define GEMM_DEPTH                                                                                                     \
    {                                                                                                                  \
        ASSAY_DEPTH_BLOCKED, 0, KC                                                                                     \
    }

/* KERNEL members that every op shares which is made of this; its source has `types` and `contract` */
#define GEMM_KERNEL                                                                                                    \
    .name = SIMD_TIER, .isa = SIMD_ISA, .types = types, .contract = &contract, .packing = PACKING, .run = run,         \
    .units = units, .scratch = scratch, .packed_bytes = packed_bytes, .pack = pack
#endif
