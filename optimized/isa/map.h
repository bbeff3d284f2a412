/* SPDX-License-Identifier: MIT
 * map.h - y = f(a, b, k) over blocks of rows: the loop that elementwise kernels share.  `inputs` 1: b is a; k: the
 * constants of f, NULL where it has none.  Four vectors are loaded before four are stored; of the last one only what is
 * there.  y may be a.  f is inlined: a kernel is its f and one call. */
#ifndef ASSAY_ISA_MAP_H
#define ASSAY_ISA_MAP_H
#include "simd.h"

#define MAP_INLINE static inline __attribute__((always_inline))
typedef vec (*map_fn)(vec a, vec b, const vec *k);

MAP_INLINE assay_status map(const assay_args *a, int inputs, map_fn f, const vec *k)
{
    for (int64_t u = a->begin; u < a->end; u++) {
        const row_block at = row_block_at(a, u);
        const float *p = (const float *)tensor_row(&a->operand[0], at.r) + at.c;
        const float *q = inputs == 2 ? (const float *)tensor_row(&a->operand[1], at.r) + at.c : p;
        float *y = (float *)tensor_row(&a->operand[inputs], at.r) + at.c;
        int64_t c = 0;
        for (; c + 4 * LANES <= at.n; c += 4 * LANES) {
            const vec y0 = f(vec_load(p + c), vec_load(q + c), k);
            const vec y1 = f(vec_load(p + c + LANES), vec_load(q + c + LANES), k);
            const vec y2 = f(vec_load(p + c + 2 * LANES), vec_load(q + c + 2 * LANES), k);
            const vec y3 = f(vec_load(p + c + 3 * LANES), vec_load(q + c + 3 * LANES), k);
            vec_store(y + c, y0), vec_store(y + c + LANES, y1);
            vec_store(y + c + 2 * LANES, y2), vec_store(y + c + 3 * LANES, y3);
        }
        for (; c + LANES <= at.n; c += LANES)
            vec_store(y + c, f(vec_load(p + c), vec_load(q + c), k));
        if (c < at.n)
            vec_store_n(y + c, f(vec_load_n(p + c, at.n - c), vec_load_n(q + c, at.n - c), k), at.n - c);
    }
    return ASSAY_OK;
}

/* KERNEL members that every elementwise kernel shares */
#define MAP_KERNEL SIMD_ROWS, .units = row_blocks
#endif
