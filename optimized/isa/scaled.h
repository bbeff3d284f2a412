/* SPDX-License-Identifier: MIT
 * scaled.h - what kernels of matmul_scaled share: which scale and zero point a group of a row has, and tiles of codes
 * of 4 bits.
 *
 * A vector of 32-bit words holds TILE codes: nibble j of lane l is element 8 l + j.  A lane's eight are of one
 * group where groups are of eights. */
#ifndef ASSAY_ISA_SCALED_H
#define ASSAY_ISA_SCALED_H
#include "assay/params/matmul_scaled.h"
#include "decode.h"
#include "rows.h"
#include "unroll.h"

enum { T, N, K, R, G }; /* dims */
enum { X, W, SCALE, ZERO, X_SCALE, Y, BLOCK = 16, TILE = 8 * LANES };

static inline int64_t group_of(const assay_args *a)
{
    const assay_matmul_scaled_params *p = a->params;
    return p->group ? p->group : a->dim[K];
}
static inline bool by_eights(const assay_args *a)
{
    return a->dim[G] == 1 || group_of(a) % 8 == 0;
}

/* x is made ready row by row, then blocks of rows of w meet it */
static inline uint32_t two_phases(const assay_args *a)
{
    (void)a;
    return 2;
}
static inline int64_t rows_then_blocks(const assay_args *a)
{
    return a->phase == 0 ? a->dim[T] : (a->dim[N] + BLOCK - 1) / BLOCK;
}

typedef struct scales { /* of a row of w: of each group; in scratch */
    float *scale, *zero;
} scales;

static inline scales scales_of(const assay_args *a, int64_t n)
{
    const assay_matmul_scaled_params *p = a->params;
    const assay_tensor *zero = &a->operand[ZERO];
    const int64_t r = p->rows ? n / p->rows : 0;
    const scales s = { a->scratch, (float *)a->scratch + a->dim[G] };
    const int8_t *z = zero->data ? tensor_row(zero, r) : NULL;
    row_decode(s.scale, tensor_row(&a->operand[SCALE], r), a->operand[SCALE].type, a->dim[G]);
    int64_t g = 0;
    for (; z && zero->stride[1] == 1 && g + 32 <= a->dim[G]; g += 32)
        decode_scaled(s.zero + g, i8_codes(z + g), 1);
    const float same = z && !zero->stride[1] ? *z : 0; /* one number for all, or none */
    const bool each = z && zero->stride[1];
    for (; each && g < a->dim[G]; g++)
        s.zero[g] = z[g];
    for (; g < a->dim[G]; g++)
        s.zero[g] = same;
    return s;
}

typedef struct lanes { /* walks along a row, tile by tile: which group each lane is in */
    int64_t group, g, left, last;
    bool whole;    /* tiles do not cross groups */
    bool pairs;    /* groups of 16: two lanes each */
    int64_t parts; /* groups of a tile, each of 8, 16, 32 ... codes; 0: tiles hold no whole number of them */
} lanes;

static inline lanes lanes_of(const assay_args *a)
{
    const int64_t group = a->dim[G] > 1 ? group_of(a) : INT64_MAX / TILE * TILE;
    const int64_t parts = group < TILE && TILE % group == 0 && group % 8 == 0 ? TILE / group : 0;
    return (lanes){ group, 0, group, a->dim[G] - 1, group % TILE == 0, group == 16, parts };
}
/* The first numbers of v, each in as many lanes as its group has */
INLINE vec spread(vec v, int64_t parts)
{
    for (; parts < LANES; parts *= 2)
        v = vec_twice(v, 0);
    return v;
}
/* Of each lane of the next tile its scale and zero point */
INLINE void next_tile(lanes *l, scales s, vec *scale, vec *zero)
{
    float each[2][LANES];
    if (l->whole) {
        *scale = vec_set(s.scale[l->g]), *zero = vec_set(s.zero[l->g]);
        l->left -= TILE;
        if (!l->left)
            l->g += l->g < l->last, l->left = l->group;
        return;
    }
    if (l->pairs && l->g + LANES / 2 <= l->last + 1) {
        *scale = SIMD_OWN(twice)(s.scale + l->g), *zero = SIMD_OWN(twice)(s.zero + l->g);
        l->g += LANES / 2;
        return;
    }
    if (l->parts && l->g + LANES <= l->last + 1) { /* so that no more is read than there is */
        *scale = spread(vec_load(s.scale + l->g), l->parts), *zero = spread(vec_load(s.zero + l->g), l->parts);
        l->g += l->parts;
        return;
    }
    for (int i = 0; i < LANES; i++) {
        each[0][i] = s.scale[l->g], each[1][i] = s.zero[l->g];
        l->left -= 8;
        if (!l->left)
            l->g += l->g < l->last, l->left = l->group;
    }
    *scale = vec_load(each[0]), *zero = vec_load(each[1]);
}

/* The codes of the tile that begins with element k; of the last one, if it is not whole, in `room` */
INLINE const uint8_t *tile_at(const uint8_t *row, int64_t k, int64_t length, uint8_t *room)
{
    if (k + TILE <= length)
        return row + k / 2;
    memset(room, 0, TILE / 2);
    memcpy(room, row + k / 2, (size_t)(length - k) / 2);
    return room;
}

#endif
