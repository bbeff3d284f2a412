/* SPDX-License-Identifier: MIT
 * integer_blocks.h - blocks of every format whose weights are integers, written by their bytes, so that no encoder has
 * a say: d is 1 or -1, groups have small scales, minima are small integers. */
#ifndef ASSAY_INTEGER_BLOCKS_H
#define ASSAY_INTEGER_BLOCKS_H
#include "../../reference/core/dtype.h"
#include "../../reference/core/dtype_super.h"
#include "../../reference/core/values.h"
#include "assay/blocks.h"
#include <string.h>

/* Small weights: any codes (of those with a table or 8 bits: few), scales of groups to `scale`.  Extreme ones: the code
 * that is farthest from 0 times `most`, so that 1024 products with 127 stay below 2^24. */
typedef struct integer_form {
    int first, codes; /* stored codes from first on */
    int extreme;      /* the stored code */
    int scale, most;  /* of groups */
    int minimum;      /* 0 to this */
} integer_form;
static const integer_form integer_forms[ASSAY_DTYPE_END] = {
    [ASSAY_q8_0] = { -7, 15, -128, 0, 0, 0 }, [ASSAY_q4_0] = { 0, 16, 0, 0, 0, 0 },
    [ASSAY_q4_1] = { 0, 16, 15, 0, 0, 8 },    [ASSAY_q5_0] = { 0, 32, 0, 0, 0, 0 },
    [ASSAY_q5_1] = { 0, 32, 31, 0, 0, 16 },   [ASSAY_iq4_nl] = { 4, 8, 0, 0, 0, 0 },
    [ASSAY_mxfp4] = { 0, 16, 7, 0, 0, 0 },    [ASSAY_q2_k] = { 0, 4, 3, 3, 15, 3 },
    [ASSAY_q3_k] = { -4, 8, -4, 2, 32, 0 },   [ASSAY_q4_k] = { 0, 16, 15, 2, 8, 7 },
    [ASSAY_q5_k] = { 0, 32, 31, 1, 4, 4 },    [ASSAY_q6_k] = { -32, 64, -32, 1, 4, 0 },
    [ASSAY_iq4_xs] = { 4, 8, 0, 2, 1, 0 },
};

static int integer_code(const integer_form *f, bool extreme, assay_rng *r)
{
    return extreme ? f->extreme : f->first + (int)assay_rng_below(r, f->codes);
}

static void integer_super(assay_dtype t, const integer_form *f, bool extreme, uint16_t d, unsigned char *b,
                          assay_rng *r)
{
    const int groups = t == ASSAY_q4_k || t == ASSAY_q5_k || t == ASSAY_iq4_xs ? 8 : 16;
    assay_super s = { .d = d, .dmin = 0x3c00 };
    for (int g = 0; g < groups; g++) {
        const int sign = f->minimum || assay_rng_below(r, 2) ? 1 : -1;
        const int scale = sign * (1 + (int)assay_rng_below(r, f->scale));
        s.scale[g] = (int16_t)(!extreme ? scale : f->minimum ? f->most : -f->most);
        s.minimum[g] = (int16_t)assay_rng_below(r, f->minimum + 1);
    }
    for (int k = 0; k < ASSAY_SUPER; k++)
        s.code[k] = (int16_t)integer_code(f, extreme, r);
    assay_super_write(b, &s, t);
}

/* One block: small weights of any sign, or all of them extreme and of one sign but for their minimum. */
static void integer_block(assay_dtype t, bool extreme, bool negative, unsigned char *b, assay_rng *r)
{
    const integer_form *f = &integer_forms[t];
    const assay_dtype_info *info = assay_dtype_of(t);
    const assay_block_parts *parts = assay_block_parts_of(t);
    const bool down = negative != (t == ASSAY_q8_0 || t == ASSAY_q4_0 || t == ASSAY_q5_0 || t == ASSAY_iq4_nl);
    const uint16_t d = extreme && down ? 0xbc00 : 0x3c00,
                   m = assay_f16_from_f64(-(double)assay_rng_below(r, f->minimum + 1));
    memset(b, 0, (size_t)info->bytes);
    if (info->block > 32) {
        integer_super(t, f, extreme, extreme && negative ? 0xbc00 : 0x3c00, b, r);
        return;
    }
    if (t == ASSAY_mxfp4)
        *b = 128;
    else
        memcpy(b + parts->scale, &d, sizeof d);
    if (parts->minimum >= 0)
        memcpy(b + parts->minimum, &m, sizeof m);
    const bool fifth = f->codes == 32;
    unsigned char *high = b + parts->codes, *low = high + (fifth ? 4 : 0);
    for (int k = 0; k < 32; k++) {
        int code = integer_code(f, extreme, r);
        if (t == ASSAY_mxfp4 && extreme && negative)
            code |= 8;
        if (t == ASSAY_q8_0)
            low[k] = (unsigned char)code;
        else
            low[k % 16] |= (unsigned char)((code & 15) << (k / 16 * 4));
        if (fifth)
            high[k / 8] |= (unsigned char)(code >> 4 << k % 8);
    }
}

/* n bytes of rows of K elements; extreme ones of odd rows are negative. */
static void integer_blocks(assay_dtype t, bool extreme, int64_t K, void *data, size_t n, assay_rng *r)
{
    const size_t size = (size_t)assay_dtype_of(t)->bytes, row = (size_t)assay_dtype_bytes(t, K);
    for (size_t at = 0; at + size <= n; at += size)
        integer_block(t, extreme, row && at / row % 2, (unsigned char *)data + at, r);
}
#endif
