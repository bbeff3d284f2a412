/* SPDX-License-Identifier: MIT
 * map.h - y = f(a, b) over blocks of rows: the loop that elementwise kernels share.  `inputs` 1: b is a.  Four vectors
 * are loaded before four are stored; of the last one only what is there.  y may be a.  f is inlined: a kernel is its f
 * and one call; map_with: an f that is handed k, its constants. */
#ifndef ASSAY_ISA_MAP_H
#define ASSAY_ISA_MAP_H
#include "simd.h"

#define MAP_INLINE static inline __attribute__((always_inline))
typedef vec (*map_fn)(vec a, vec b);
typedef vec (*map_with_fn)(vec a, vec b, const vec *k);

/* Whichever of the two is there; both are known where this is inlined. */
MAP_INLINE vec map_one(map_fn f, map_with_fn g, vec a, vec b, const vec *k)
{
    return f ? f(a, b) : g(a, b, k);
}
MAP_INLINE assay_status map_either(const assay_args *a, int inputs, map_fn f, map_with_fn g, const vec *k)
{
    for (int64_t u = a->begin; u < a->end; u++) {
        const row_block at = row_block_at(a, u);
        const float *p = (const float *)tensor_row(&a->operand[0], at.r) + at.c;
        const float *q = inputs == 2 ? (const float *)tensor_row(&a->operand[1], at.r) + at.c : p;
        float *y = (float *)tensor_row(&a->operand[inputs], at.r) + at.c;
        int64_t c = 0;
        for (; c + 4 * LANES <= at.n; c += 4 * LANES) {
            const vec y0 = map_one(f, g, vec_load(p + c), vec_load(q + c), k);
            const vec y1 = map_one(f, g, vec_load(p + c + LANES), vec_load(q + c + LANES), k);
            const vec y2 = map_one(f, g, vec_load(p + c + 2 * LANES), vec_load(q + c + 2 * LANES), k);
            const vec y3 = map_one(f, g, vec_load(p + c + 3 * LANES), vec_load(q + c + 3 * LANES), k);
            vec_store(y + c, y0), vec_store(y + c + LANES, y1);
            vec_store(y + c + 2 * LANES, y2), vec_store(y + c + 3 * LANES, y3);
        }
        for (; c + LANES <= at.n; c += LANES)
            vec_store(y + c, map_one(f, g, vec_load(p + c), vec_load(q + c), k));
        if (c < at.n)
            vec_store_n(y + c, map_one(f, g, vec_load_n(p + c, at.n - c), vec_load_n(q + c, at.n - c), k), at.n - c);
    }
    return ASSAY_OK;
}
MAP_INLINE assay_status map(const assay_args *a, int inputs, map_fn f)
{
    return map_either(a, inputs, f, NULL, NULL);
}
MAP_INLINE assay_status map_with(const assay_args *a, int inputs, map_with_fn f, const vec *k)
{
    return map_either(a, inputs, NULL, f, k);
}

/* KERNEL members that every elementwise kernel shares */
#define MAP_KERNEL SIMD_ROWS, .units = row_blocks
#endif
