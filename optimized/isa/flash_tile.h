/* SPDX-License-Identifier: MIT
 * flash_tile.h - the inner loops of attention over the vectors of simd.h; the including kernel takes its simd_<tier>.h
 * and defines the vf_* helpers, which only attention needs.  A tile is R query rows of a group of ROWS; scores go to
 * s[r * KEYS + j], outputs to o[r * ldo + e].
 *
 *   scores  R rows x 16 NP keys: per d, NP * 16 / LANES loads of a K panel and R broadcasts of q  (all FMA)
 *   values  R rows x NE vectors of E: per key, NE loads of a V row and R broadcasts of p                 (all FMA)
 *
 * R, NP and NE are constants in every caller, so that sums and the vectors of K or V
 * (together at most TILE + 4) stay in registers. */
#ifndef ASSAY_ISA_FLASH_TILE_H
#define ASSAY_ISA_FLASH_TILE_H

#define FLASH_INLINE static inline __attribute__((always_inline))
#ifdef __clang__
#define FLASH_UNROLL _Pragma("unroll")
#else
#define FLASH_UNROLL _Pragma("GCC unroll 16")
#endif
enum {
    KEYS = 64,
    PANEL = 16,
    PANEL_VECTORS = PANEL / LANES,
    MOST_VECTORS = 4 * PANEL_VECTORS > 8 ? 4 * PANEL_VECTORS : 8
};

FLASH_INLINE vec flash_load(const void *p, int64_t i, const bool half)
{
    return half ? vec_f16((const uint16_t *)p + i) : vec_load((const float *)p + i);
}

/* k: NP panels [D][16], `step` elements apart; q: rows of D. */
FLASH_INLINE void flash_score_tile(const int R, const int NP, const bool half, const float *q, const void *k,
                                   int64_t step, int64_t D, float *s)
{
    vec acc[ROWS][MOST_VECTORS];
    const int NV = NP * PANEL_VECTORS;
    FLASH_UNROLL
    for (int r = 0; r < R; r++)
        FLASH_UNROLL
    for (int v = 0; v < NV; v++)
        acc[r][v] = vec_set(0);
    for (int64_t d = 0; d < D; d++) {
        vec kv[MOST_VECTORS];
        FLASH_UNROLL
        for (int v = 0; v < NV; v++)
            kv[v] = flash_load(k, v / PANEL_VECTORS * step + d * PANEL + v % PANEL_VECTORS * LANES, half);
        FLASH_UNROLL
        for (int r = 0; r < R; r++) {
            const vec b = vec_set(q[r * D + d]);
            FLASH_UNROLL
            for (int v = 0; v < NV; v++)
                acc[r][v] = vec_fma(b, kv[v], acc[r][v]);
        }
    }
    FLASH_UNROLL
    for (int r = 0; r < R; r++)
        FLASH_UNROLL
    for (int v = 0; v < NV; v++)
        vec_store(s + r * KEYS + v * LANES, acc[r][v]);
}

FLASH_INLINE void flash_scores_of(const int R, const bool half, const float *q, const void *k, int64_t step, int64_t D,
                                  int64_t from, int64_t to, float *s)
{
    const int most = (TILE + 4) / ((R + 1) * PANEL_VECTORS), NP = most >= 4 ? 4 : most >= 2 ? 2 : 1;
    const char *panel = k;
    const int64_t size = step * (half ? 2 : 4);
    int64_t p = from;
    for (; p + NP <= to; p += NP)
        flash_score_tile(R, NP, half, q, panel + p * size, step, D, s + p * PANEL);
    if (NP > 1)
        for (; p < to; p++)
            flash_score_tile(R, 1, half, q, panel + p * size, step, D, s + p * PANEL);
}

/* The same scores, bit for bit, of a few rows and DIRECT_KEYS keys that lie in rows of f32, f16 or q8_0: four words of
 * each key at a time are turned in registers, so that lanes are keys.  D is a multiple of DIRECT_D. */
enum {
    DIRECT_D = 32,
    DIRECT_VECTORS = 2,
    DIRECT_KEYS = DIRECT_VECTORS * LANES,
    DIRECT_MOST = FLASH_ROWS > 6 ? 6 : 4 /* rows at once, as registers allow */
};
typedef struct direct {
    vec k[DIRECT_VECTORS][4]; /* four elements of the keys */
    vec sum[DIRECT_MOST][DIRECT_VECTORS];
} direct;

FLASH_INLINE void flash_direct_step(const int R, direct *x, const float *q, int64_t D)
{
    FLASH_UNROLL
    for (int r = 0; r < R; r++)
        FLASH_UNROLL
    for (int i = 0; i < 4; i++) {
        const vec b = vec_set(q[r * D + i]);
        FLASH_UNROLL
        for (int v = 0; v < DIRECT_VECTORS; v++)
            x->sum[r][v] = vec_fma(b, x->k[v][i], x->sum[r][v]);
    }
}

/* Four elements (words, of bytes) at `at` bytes of each key. */
FLASH_INLINE void flash_direct_load(const bool half, const char *const *row, int64_t at, vec k[DIRECT_VECTORS][4])
{
    FLASH_UNROLL
    for (int v = 0; v < DIRECT_VECTORS; v++) {
        FLASH_UNROLL
        for (int i = 0; i < 4; i++)
            k[v][i] = half ? vf_quad_f16(row + v * LANES + i, at) : vf_quad_f32(row + v * LANES + i, at);
        vf_turn(k[v]);
    }
}

/* 32 elements of q8_0: scale times byte, as flash_widen has them. */
FLASH_INLINE void flash_direct_block(const int R, direct *x, const char *const *row, int64_t at, const float *q,
                                     int64_t D)
{
    vec word[DIRECT_VECTORS][4], scale[DIRECT_VECTORS];
    float d[DIRECT_KEYS];
    for (int i = 0; i < DIRECT_KEYS; i++)
        d[i] = vf_one_f16(((const assay_q8_0 *)(const void *)(row[i] + at))->d);
    for (int v = 0; v < DIRECT_VECTORS; v++)
        scale[v] = vec_load(d + v * LANES);
    at += (int64_t)offsetof(assay_q8_0, q);
    for (int half = 0; half < 2; half++, at += 16, q += 16) {
        flash_direct_load(false, row, at, word);
        FLASH_UNROLL
        for (int w = 0; w < 4; w++) {
            FLASH_UNROLL
            for (int v = 0; v < DIRECT_VECTORS; v++)
                FLASH_UNROLL
            for (int i = 0; i < 4; i++)
                x->k[v][i] = vec_mul(scale[v], vf_byte(word[v][w], i));
            flash_direct_step(R, x, q + 4 * w, D);
        }
    }
}

FLASH_INLINE void flash_direct_tile(const int R, const assay_dtype type, const float *q, const char *const *row,
                                    int64_t D, float *s)
{
    direct x;
    const bool half = type == ASSAY_f16;
    FLASH_UNROLL
    for (int r = 0; r < R; r++)
        FLASH_UNROLL
    for (int v = 0; v < DIRECT_VECTORS; v++)
        x.sum[r][v] = vec_set(0);
    for (int64_t d = 0; type == ASSAY_q8_0 && d < D; d += 32)
        flash_direct_block(R, &x, row, d / 32 * (int64_t)sizeof(assay_q8_0), q + d, D);
    for (int64_t d = 0; type != ASSAY_q8_0 && d < D; d += 4) {
        flash_direct_load(half, row, d * (half ? 2 : 4), x.k);
        flash_direct_step(R, &x, q + d, D);
    }
    FLASH_UNROLL
    for (int r = 0; r < R; r++)
        FLASH_UNROLL
    for (int v = 0; v < DIRECT_VECTORS; v++)
        vec_store(s + r * KEYS + v * LANES, x.sum[r][v]);
}
#define DIRECT_CASE(R)                                                                                                 \
    case R:                                                                                                            \
        if (type == ASSAY_f32)                                                                                         \
            flash_direct_tile(R, ASSAY_f32, q, row, D, s);                                                             \
        else if (type == ASSAY_f16)                                                                                    \
            flash_direct_tile(R, ASSAY_f16, q, row, D, s);                                                             \
        else                                                                                                           \
            flash_direct_tile(R, ASSAY_q8_0, q, row, D, s);                                                            \
        break;
static void flash_direct(int R, assay_dtype type, const float *q, const char *const *row, int64_t D, float *s)
{
    for (; R > 0; R -= DIRECT_MOST, q += DIRECT_MOST * D, s += DIRECT_MOST * KEYS)
        switch (R < DIRECT_MOST ? R : DIRECT_MOST) {
            DIRECT_CASE(1)
            DIRECT_CASE(2)
            DIRECT_CASE(3)
            DIRECT_CASE(4)
#if FLASH_ROWS > 6
            DIRECT_CASE(5)
            DIRECT_CASE(6)
#endif
        }
}

/* v: row j at v + j * step bytes; a: what each row of o is multiplied by first. */
FLASH_INLINE void flash_value_tile(const int R, const int NE, const bool half, const float *p, const char *v,
                                   int64_t step, int64_t from, int64_t to, const float *a, float *o, int64_t ldo)
{
    vec acc[ROWS][MOST_VECTORS];
    FLASH_UNROLL
    for (int r = 0; r < R; r++) {
        const vec keep = vec_set(a[r]);
        FLASH_UNROLL
        for (int e = 0; e < NE; e++)
            acc[r][e] = vec_mul(keep, vec_load(o + r * ldo + e * LANES));
    }
    for (int64_t j = from; j < to; j++) {
        vec row[MOST_VECTORS];
        FLASH_UNROLL
        for (int e = 0; e < NE; e++)
            row[e] = flash_load(v + j * step, e * LANES, half);
        FLASH_UNROLL
        for (int r = 0; r < R; r++) {
            const vec w = vec_set(p[r * KEYS + j]);
            FLASH_UNROLL
            for (int e = 0; e < NE; e++)
                acc[r][e] = vec_fma(w, row[e], acc[r][e]);
        }
    }
    FLASH_UNROLL
    for (int r = 0; r < R; r++)
        FLASH_UNROLL
    for (int e = 0; e < NE; e++)
        vec_store(o + r * ldo + e * LANES, acc[r][e]);
}

FLASH_INLINE void flash_values_of(const int R, const bool half, const float *p, const char *v, int64_t step,
                                  int64_t from, int64_t to, const float *a, float *o, int64_t ldo)
{
    const int most = (TILE + 4) / (R + 1), NE = most >= 8 ? 8 : most >= 4 ? 4 : 2, size = half ? 2 : 4;
    const int64_t n = ldo / LANES;
    int64_t e = 0;
    for (; e + NE <= n; e += NE)
        flash_value_tile(R, NE, half, p, v + e * LANES * size, step, from, to, a, o + e * LANES, ldo);
    for (; e < n; e++)
        flash_value_tile(R, 1, half, p, v + e * LANES * size, step, from, to, a, o + e * LANES, ldo);
}

/* The tiles that exist; a group of other R is rounded up (its packed q, p and o have room for ROWS rows). */
static inline int flash_tile_of(int R, bool half)
{
    return 2 * (R <= 4 ? R : R <= 6 ? 6 : R <= 8 ? 8 : 12) + half;
}
#define FLASH_CASE(n, call, ...)                                                                                       \
    case 2 * (n):                                                                                                      \
        call(n, false, __VA_ARGS__);                                                                                   \
        break;                                                                                                         \
    case 2 * (n) + 1:                                                                                                  \
        call(n, true, __VA_ARGS__);                                                                                    \
        break;
#if FLASH_ROWS == 6
#define FLASH_CASES(...)                                                                                               \
    FLASH_CASE(1, __VA_ARGS__)                                                                                         \
    FLASH_CASE(2, __VA_ARGS__)                                                                                         \
    FLASH_CASE(3, __VA_ARGS__)                                                                                         \
    FLASH_CASE(4, __VA_ARGS__)                                                                                         \
    FLASH_CASE(6, __VA_ARGS__)
#else
#define FLASH_CASES(...)                                                                                               \
    FLASH_CASE(1, __VA_ARGS__)                                                                                         \
    FLASH_CASE(2, __VA_ARGS__)                                                                                         \
    FLASH_CASE(3, __VA_ARGS__)                                                                                         \
    FLASH_CASE(4, __VA_ARGS__)                                                                                         \
    FLASH_CASE(6, __VA_ARGS__)                                                                                         \
    FLASH_CASE(8, __VA_ARGS__)                                                                                         \
    FLASH_CASE(12, __VA_ARGS__)
#endif
static void flash_scores(int R, bool half, const float *q, const void *k, int64_t step, int64_t D, int64_t from,
                         int64_t to, float *s)
{
    switch (flash_tile_of(R, half)) {
        FLASH_CASES(flash_scores_of, q, k, step, D, from, to, s)
    }
}
static void flash_values(int R, bool half, const float *p, const char *v, int64_t step, int64_t from, int64_t to,
                         const float *a, float *o, int64_t ldo)
{
    switch (flash_tile_of(R, half)) {
        FLASH_CASES(flash_values_of, p, v, step, from, to, a, o, ldo)
    }
}

/* n numbers of any type that queries, caches and masks may have, as floats; n is a multiple of 32 for blocks. */
static void flash_widen(float *dst, const void *src, assay_dtype type, int64_t n)
{
    int64_t i = 0;
    if (type == ASSAY_q8_0) {
        for (const assay_q8_0 *b = src; i < n; i += 32, b++) {
            const vec d = vec_set(vf_one_f16(b->d));
            for (int j = 0; j < 32; j += LANES)
                vec_store(dst + i + j, vec_mul(d, vf_i8(b->q + j)));
        }
        return;
    }
    row_decode(dst, src, type, n);
}
#endif
