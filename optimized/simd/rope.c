/* SPDX-License-Identifier: MIT
 * rope: per position sines and cosines of all pairs, then every head.  Pairs that lie apart (half) are two vectors; of
 * pairs side by side (interleaved) a vector holds LANES / 2, and the table each cosine twice and each sine as -s, +s,
 * so that y = x c + swap(x) s. */
#include "../isa/rope.h"
#include "../isa/simd_sincos.h"

/* Of pairs r .. r + LANES, as far as there are any. */
static void angles(const rope_row *row, int64_t r, vec *s, vec *c)
{
    const int64_t n = row->F - r < LANES ? row->F - r : LANES;
    if (row->cosine)
        *c = vec_load_n(row->cosine + r, n), *s = vec_load_n(row->sine + r, n);
    else
        vec_angles(row->each ? vec_load_n(row->each + r, n) : vec_set(row->p), row->f + r, n, s, c);
    *c = vec_mul(*c, vec_set(row->m)), *s = vec_mul(*s, vec_set(row->m));
}

static void table(const rope_row *row, float *cosine, float *sine)
{
    static const float signs[] = { -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1 };
    _Static_assert(LANES <= sizeof signs / sizeof *signs, "a sign for each lane");
    const vec sign = vec_load(signs);
    vec s, c;
    for (int64_t r = 0; r < row->F; r += LANES) {
        angles(row, r, &s, &c);
        if (row->half) {
            vec_store(cosine + r, c);
            vec_store(sine + r, s);
        } else {
            vec_store(cosine + 2 * r, vec_twice(c, 0));
            vec_store(cosine + 2 * r + LANES, vec_twice(c, 1));
            vec_store(sine + 2 * r, vec_mul(vec_twice(s, 0), sign));
            vec_store(sine + 2 * r + LANES, vec_mul(vec_twice(s, 1), sign));
        }
    }
}

static void turn_half(const float *x, float *y, int64_t F, const float *cosine, const float *sine)
{
    int64_t r = 0;
    for (; r + LANES <= F; r += LANES) {
        const vec c = vec_load(cosine + r), s = vec_load(sine + r), v = vec_load(x + r), w = vec_load(x + r + F);
        vec_store(y + r, vec_fms(v, c, vec_mul(w, s)));
        vec_store(y + r + F, vec_fma(v, s, vec_mul(w, c)));
    }
    if (r < F) {
        const int64_t n = F - r;
        const vec c = vec_load(cosine + r), s = vec_load(sine + r);
        const vec v = vec_load_n(x + r, n), w = vec_load_n(x + r + F, n);
        vec_store_n(y + r, vec_fms(v, c, vec_mul(w, s)), n);
        vec_store_n(y + r + F, vec_fma(v, s, vec_mul(w, c)), n);
    }
}

static void turn_interleaved(const float *x, float *y, int64_t F, const float *cosine, const float *sine)
{
    const int64_t R = 2 * F;
    int64_t d = 0;
    for (; d + LANES <= R; d += LANES) {
        const vec v = vec_load_once(x + d);
        vec_store(y + d, vec_fma(v, vec_load(cosine + d), vec_mul(vec_swap(v), vec_load(sine + d))));
    }
    if (d < R) {
        const vec v = vec_load_n(x + d, R - d);
        const vec w = vec_mul(vec_swap(v), vec_load(sine + d));
        vec_store_n(y + d, vec_fma(v, vec_load(cosine + d), w), R - d);
    }
}

static void turn(const float *x, float *y, int64_t F, bool half, const float *cosine, const float *sine)
{
    if (half)
        turn_half(x, y, F, cosine, sine);
    else
        turn_interleaved(x, y, F, cosine, sine);
}

static assay_status run(const assay_args *a)
{
    return rope_run(a, table, turn);
}

SIMD_KERNEL(rope) = {
    .op = "rope",
    .name = SIMD_TIER,
    .isa = SIMD_ISA,
    .flags = SIMD_PROMISES,
    .types = rope_types,
    .run = run,
    .phases = rope_phases,
    .units = rope_units,
    .shared = rope_shared,
    .scratch = rope_scratch,
};
