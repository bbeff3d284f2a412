/* SPDX-License-Identifier: MIT
 * raw.h - operands as a file may hold them: blocks of random codes, scales of every kind.  For ops that read blocks. */
#ifndef ASSAY_RAW_H
#define ASSAY_RAW_H
#include "../../reference/core/dtype.h"
#include "../../reference/core/suite.h"
#include "../../reference/core/values.h"
#include <string.h>

/* FINITE: scales finite, of any exponent; EDGES: zero, subnormal, largest, infinite, NaN scales and extreme codes;
 * ANY: every bit random. */
enum raw_kind { RAW_FINITE, RAW_EDGES, RAW_ANY };

static inline uint16_t raw_scale(assay_rng *r, enum raw_kind kind)
{
    static const uint16_t edge[] = { 0,      0x8000, 1,      0x8001, 0x03ff, 0x0400,
                                     0x7bff, 0xfbff, 0x7c00, 0xfc00, 0x7e00, 0x3c00 };
    uint16_t h = (uint16_t)assay_rng_u64(r);
    if (kind == RAW_EDGES)
        h = edge[assay_rng_below(r, (int64_t)ASSAY_COUNT_OF(edge))];
    else if ((h & 0x7c00) == 0x7c00)
        h &= 0xbbff; /* not infinite, not NaN */
    return h;
}

/* One block of type t, or one number */
static inline void raw_block(assay_dtype t, unsigned char *b, assay_rng *r, enum raw_kind kind)
{
    const int bytes = assay_dtype_of(t)->bytes;
    const assay_block_parts *parts = assay_block_parts_of(t);
    const int at[2] = { parts ? parts->scale : 0, t == ASSAY_q8_1 ? 2 : parts ? parts->minimum : -1 };
    for (int i = 0; i < bytes; i++)
        b[i] = (unsigned char)assay_rng_u64(r);
    if (kind == RAW_EDGES && assay_rng_below(r, 2)) {
        static const unsigned char fill[] = { 0x00, 0xff, 0x80, 0x7f, 0x0f, 0xf0, 0x88 };
        memset(b, fill[assay_rng_below(r, (int64_t)sizeof fill)], (size_t)bytes);
    }
    if (kind == RAW_EDGES && t == ASSAY_f32) {
        static const uint32_t edge[] = { 0x7f800001, 0xff80ffff, 0x7fffffff, 0x7fc00000, 0x7f800000, 0xff800000,
                                         0x7f7fffff, 0xff7fffff, 0x00000001, 0x807fffff, 0x00800000, 0x80000000,
                                         0x7f7f8000, 0x477ff000, 0x33000000, 0x00008000 };
        const uint32_t u = assay_rng_below(r, 4) ? (uint32_t)(0x3f000000 + assay_rng_below(r, 1 << 24))
                                                 : edge[assay_rng_below(r, (int64_t)ASSAY_COUNT_OF(edge))];
        memcpy(b, &u, 4);
        return;
    }
    if (kind == RAW_ANY || t == ASSAY_f32 || t == ASSAY_bf16)
        return;
    if (bytes == 1 || (parts && parts->scale < 0)) { /* floats of 8 bits, or powers of two in front */
        static const unsigned char edge[] = { 0, 1, 2, 7, 8, 0x7b, 0x7c, 0x7e, 0x7f, 0x80, 0xfc, 0xfd, 0xfe, 0xff };
        for (int i = 0; i < (parts ? parts->codes : 1); i++) /* the upper byte of q8_k's f32 is the last */
            if (kind == RAW_EDGES)
                b[i] = edge[assay_rng_below(r, (int64_t)ASSAY_COUNT_OF(edge))];
            else if ((b[i] & 0x7c) == 0x7c)
                b[i] &= 0xbf;
        return;
    }
    for (int i = 0; i < 2; i++)
        if (at[i] >= 0)
            assay_block_put(t, b, at[i], raw_scale(r, kind));
}

static inline bool raw_fill(assay_dtype t, void *data, size_t n, assay_rng *r, enum raw_kind kind)
{
    const size_t step = (size_t)assay_dtype_of(t)->bytes;
    for (size_t i = 0; i + step <= n; i += step)
        raw_block(t, (unsigned char *)data + i, r, kind);
    return true;
}
/* The generators that raw_operand() answers to; their fill leaves every operand to the default. */
static bool raw_default(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)c, (void)i, (void)n, (void)value, (void)r;
    return false;
}
#define RAW_GENS                                                                                                       \
    { "codes", ASSAY_TAG_EXACT, raw_default, .says = "bytes: any codes, finite scales and floats" },                   \
        { "edges", ASSAY_TAG_ADVERSARIAL, raw_default,                                                                 \
          .says = "bytes: scales and floats at the ends of their types" },                                             \
    {                                                                                                                  \
        "any-bits", ASSAY_TAG_CLASS, raw_default, .says = "random bytes"                                               \
    }
static inline bool raw_operand(const assay_case *c, int i, int operand, void *data, size_t n, assay_rng *r)
{
    if (i != operand || !c->gen || c->gen->fill != raw_default)
        return false;
    return raw_fill(c->type[i], data, n, r,
                    c->gen->tag == ASSAY_TAG_EXACT   ? RAW_FINITE
                    : c->gen->tag == ASSAY_TAG_CLASS ? RAW_ANY
                                                     : RAW_EDGES);
}
#endif
