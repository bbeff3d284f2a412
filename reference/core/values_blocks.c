/* SPDX-License-Identifier: MIT
 * Block formats by their bytes: scales and minima that no encoder writes, among ordinary ones, with codes of every
 * kind. Formats are known by where their parts lie. */
#include "assay/blocks.h"
#include "dtype.h"
#include "dtype_super.h"
#include "values.h"
#include <stddef.h>
#include <string.h>

static const assay_block_parts parts[ASSAY_DTYPE_END] = {
    [ASSAY_q8_0] = { offsetof(assay_q8_0, d), -1, offsetof(assay_q8_0, q) },
    [ASSAY_q8_1] = { offsetof(assay_q8_1, d), -1, offsetof(assay_q8_1, q) },
    [ASSAY_q4_0] = { offsetof(assay_q4_0, d), -1, offsetof(assay_q4_0, q) },
    [ASSAY_q4_1] = { offsetof(assay_q4_1, d), offsetof(assay_q4_1, m), offsetof(assay_q4_1, q) },
    [ASSAY_q5_0] = { offsetof(assay_q5_0, d), -1, offsetof(assay_q5_0, h) },
    [ASSAY_q5_1] = { offsetof(assay_q5_1, d), offsetof(assay_q5_1, m), offsetof(assay_q5_1, h) },
    [ASSAY_iq4_nl] = { offsetof(assay_iq4_nl, d), -1, offsetof(assay_iq4_nl, q) },
    [ASSAY_mxfp4] = { -1, -1, offsetof(assay_mxfp4, q) },
    [ASSAY_nvfp4] = { -1, -1, offsetof(assay_nvfp4, q) },
    [ASSAY_mxfp8_e4m3] = { -1, -1, offsetof(assay_mx8, q) },
    [ASSAY_mxfp8_e5m2] = { -1, -1, offsetof(assay_mx8, q) },
    [ASSAY_mxfp6_e2m3] = { -1, -1, offsetof(assay_mx6, q) },
    [ASSAY_mxfp6_e3m2] = { -1, -1, offsetof(assay_mx6, q) },
    [ASSAY_mxint8] = { -1, -1, offsetof(assay_mx8, q) },
    [ASSAY_iq4_xs] = { offsetof(assay_iq4_xs, d), -1, offsetof(assay_iq4_xs, q) },
    [ASSAY_tq1_0] = { offsetof(assay_tq1_0, d), -1, offsetof(assay_tq1_0, q) },
    [ASSAY_tq2_0] = { offsetof(assay_tq2_0, d), -1, offsetof(assay_tq2_0, q) },
    [ASSAY_iq1_s] = { 0, -1, 2 },
    [ASSAY_iq1_m] = { 48, -1, 0 }, /* in the upper nibbles of four words: assay_block_put */
    [ASSAY_iq2_xxs] = { 0, -1, 2 },
    [ASSAY_iq2_xs] = { 0, -1, 2 },
    [ASSAY_iq2_s] = { 0, -1, 2 },
    [ASSAY_iq3_xxs] = { 0, -1, 2 },
    [ASSAY_iq3_s] = { 0, -1, 2 },
    [ASSAY_q8_k] = { -1, -1, offsetof(assay_q8_k, q) }, /* its scale is an f32 */
    [ASSAY_q2_k] = { offsetof(assay_q2_k, d), offsetof(assay_q2_k, dmin), offsetof(assay_q2_k, q) },
    [ASSAY_q3_k] = { offsetof(assay_q3_k, d), -1, offsetof(assay_q3_k, h) },
    [ASSAY_q5_k] = { offsetof(assay_q5_k, d), offsetof(assay_q5_k, dmin), offsetof(assay_q5_k, h) },
    [ASSAY_q4_k] = { offsetof(assay_q4_k, d), offsetof(assay_q4_k, dmin), offsetof(assay_q4_k, q) },
    [ASSAY_q6_k] = { offsetof(assay_q6_k, d), -1, offsetof(assay_q6_k, ql) },
};

const assay_block_parts *assay_block_parts_of(assay_dtype t)
{
    const assay_dtype_info *ty = assay_dtype_of(t);
    return ty && ty->block > 2 ? &parts[t] : NULL; /* two codes in a byte have no parts */
}

static bool is_inf(assay_dtype t, const unsigned char *block, int at)
{
    uint16_t h = 0;
    for (int k = 0; t == ASSAY_iq1_m && k < 4; k++)
        h |= (uint16_t)(block[49 + 2 * k] >> 4 << 4 * k);
    if (t != ASSAY_iq1_m && at >= 0)
        memcpy(&h, block + at, sizeof h);
    return (h & 0x7fff) == 0x7c00;
}

bool assay_block_inf(assay_dtype t, const void *data, size_t bytes)
{
    const assay_block_parts *p = assay_block_parts_of(t);
    const size_t step = (size_t)assay_dtype_of(t)->bytes;
    bool found = false;
    for (size_t at = 0; p && at + step <= bytes && !found; at += step) {
        const unsigned char *block = (const unsigned char *)data + at;
        found = is_inf(t, block, p->scale) || is_inf(t, block, p->minimum);
    }
    return found;
}

void assay_block_minima(assay_dtype t, double *m, const void *data, int64_t n)
{
    const assay_dtype_info *ty = assay_dtype_of(t);
    const unsigned char *block = data;
    for (int64_t i = 0; i < n; i += ty->block, block += ty->bytes) {
        uint16_t h;
        assay_super s;
        memcpy(&h, block + parts[t].minimum, sizeof h);
        if (ty->block > 32)
            assay_super_read(&s, block, t);
        for (int k = 0; k < ty->block; k++)
            m[i + k] = ty->block == 32 ? assay_f16_to_f64(h)
                                       : -assay_f16_to_f64(h) * s.minimum[k / (t == ASSAY_q2_k ? 16 : 32)];
    }
}

void assay_block_put(assay_dtype t, unsigned char *block, int at, uint16_t h)
{
    for (int k = 0; t == ASSAY_iq1_m && k < 4; k++)
        block[49 + 2 * k] = (unsigned char)((block[49 + 2 * k] & 15) | (h >> 4 * k & 15) << 4);
    if (t != ASSAY_iq1_m)
        memcpy(block + at, &h, sizeof h);
}

/* 2^-4 to 2^-1, of either sign where that is ordinary */
static uint16_t ordinary(assay_rng *r, bool any_sign)
{
    const uint16_t size = (uint16_t)(0x2c00 + assay_rng_below(r, 0x0c00)), sign = (uint16_t)(assay_rng_u64(r) & 1);
    return (uint16_t)(size | (any_sign ? sign << 15 : 0));
}

static void codes(unsigned char *block, const assay_dtype_info *ty, assay_rng *r)
{
    for (int k = 0; k < ty->bytes; k++)
        block[k] = (unsigned char)assay_rng_u64(r);
}

void assay_value_codes(assay_dtype t, void *data, size_t n, assay_rng *r)
{
    const assay_dtype_info *ty = assay_dtype_of(t);
    for (size_t at = 0; at + (size_t)ty->bytes <= n; at += (size_t)ty->bytes) {
        unsigned char *block = (unsigned char *)data + at;
        codes(block, ty, r);
        const uint16_t scale = ordinary(r, false);
        assay_block_put(t, block, parts[t].scale, scale);
    }
}

bool assay_value_raw(const assay_case *c, int i, void *data, size_t n, assay_rng *r)
{
    const assay_value_kind *kind = (const assay_value_kind *)(const void *)c->gen;
    const assay_dtype_info *ty = assay_dtype_of(c->type[i]);
    const assay_block_parts *p = assay_block_parts_of(c->type[i]);
    if (i != c->gen_at - 1 || !kind->code || !p || p->scale < 0)
        return false;
    for (size_t at = 0; at + (size_t)ty->bytes <= n; at += (size_t)ty->bytes) {
        unsigned char *block = (unsigned char *)data + at;
        codes(block, ty, r);
        const bool special = assay_rng_below(r, 3) == 0;
        const uint16_t value = kind->code(r), scale = ordinary(r, false), minimum = ordinary(r, true);
        assay_block_put(c->type[i], block, p->scale, special && !kind->minimum ? value : scale);
        if (p->minimum >= 0)
            assay_block_put(c->type[i], block, p->minimum, special && kind->minimum ? value : minimum);
    }
    return true;
}

static uint16_t sign(assay_rng *r)
{
    return assay_rng_u64(r) & 1 ? 0x8000 : 0;
}
uint16_t assay_code_zero(assay_rng *r)
{
    return sign(r);
}
uint16_t assay_code_subnormal(assay_rng *r)
{
    const uint16_t s = sign(r);
    return (uint16_t)(s | (1 + assay_rng_below(r, 0x3ff)));
}
uint16_t assay_code_minus(assay_rng *r)
{
    return ordinary(r, false) | 0x8000;
}
uint16_t assay_code_end(assay_rng *r)
{
    return 0x7bff | sign(r);
}
uint16_t assay_code_inf(assay_rng *r)
{
    return 0x7c00 | sign(r);
}
/* Quiet and signalling, of either sign. */
uint16_t assay_code_nan(assay_rng *r)
{
    const uint16_t s = sign(r);
    return (uint16_t)(s | 0x7c00 | (1 + assay_rng_below(r, 0x3ff)));
}
