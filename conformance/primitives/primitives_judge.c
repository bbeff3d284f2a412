/* SPDX-License-Identifier: MIT
 * Inputs: all 2^16 of 16-bit types; of f32 32 (quick), 256 (full) or all 65536 (exhaustive) for each upper half-word,
 * so every exponent, sign, infinity, NaN and zero.  Error: |out - golden| in units of u = 2^-24, relative to the golden
 * or absolute as the contracts count it; where the golden is subnormal its last rounding is taken off. */
#include "primitives_judge.h"
#include "../../reference/core/dtype.h"
#include "../../reference/core/rng.h"
#include <math.h>
#include <string.h>

enum { CHUNK = 65536, BLOCK = 256 };

static double sin_4097(double x) /* 4097 x is exact: 13 and 24 bits */
{
    return sin(4097 * x);
}
static double cos_4097(double x)
{
    return cos(4097 * x);
}
static double reciprocal(double x) /* 0 where 1/x is not finite in f32 */
{
    return fabsf((float)(1 / x)) < INFINITY ? 1 / x : 0;
}
static double expm1_below(double x)
{
    return expm1(-fabs(x));
}
static double log1p_above(double x)
{
    return log1p(fabs(x));
}
static double gauss_tail(double x)
{
    return erfc(fabs(x) * 0.70710678118654752440) / 2;
}
static double same(double x)
{
    return x;
}

static const meaning meanings[] = {
    { "exp", ASSAY_f32, ASSAY_f32, RELATIVE, 4, 0, exp },
    { "tanh", ASSAY_f32, ASSAY_f32, RELATIVE, 4, 0, tanh },
    { "expm1", ASSAY_f32, ASSAY_f32, RELATIVE, 4, 0, expm1_below },
    { "log1p", ASSAY_f32, ASSAY_f32, RELATIVE, 4, 1, log1p_above },
    { "gauss_tail", ASSAY_f32, ASSAY_f32, RELATIVE, 6, 12.9, gauss_tail },
    { "sin", ASSAY_f32, ASSAY_f32, ABSOLUTE, 4, 0x1p20, sin },
    { "cos", ASSAY_f32, ASSAY_f32, ABSOLUTE, 4, 0x1p20, cos },
    { "sin_4097", ASSAY_f32, ASSAY_f32, ABSOLUTE, 4, 0x1p20 / 4097, sin_4097 },
    { "cos_4097", ASSAY_f32, ASSAY_f32, ABSOLUTE, 4, 0x1p20 / 4097, cos_4097 },
    { "reciprocal", ASSAY_f32, ASSAY_f32, RELATIVE, 2, 0, reciprocal },
    { "f32_to_f16", ASSAY_f32, ASSAY_f16, EXACT, 0, 0, same },
    { "f32_to_bf16", ASSAY_f32, ASSAY_bf16, EXACT, 0, 0, same },
    { "f16_to_f32", ASSAY_f16, ASSAY_f32, EXACT, 0, 0, same },
    { "bf16_to_f32", ASSAY_bf16, ASSAY_f32, EXACT, 0, 0, same },
};

const meaning *assay_primitive_meaning(const assay_primitive *p)
{
    for (size_t i = 0; i < ASSAY_COUNT_OF(meanings); i++)
        if (!strcmp(meanings[i].name, p->name))
            return &meanings[i];
    return NULL;
}

static void note_wrong(result *r, uint32_t at, double got, double want)
{
    if (!r->wrong++)
        r->wrong_at = at, r->got = got, r->want = want;
}

static void judge_one(const meaning *m, uint32_t at, double x, double got, double want, result *r)
{
    if (m->far > 0 && !(fabs(x) <= m->far)) {
        r->far++;
        return;
    }
    r->inputs++;
    const double size = fabs(want), rounded = (double)(float)want;
    if (isnan(want) || isnan(got)) {
        if (isnan(want) != isnan(got))
            note_wrong(r, at, got, want);
        return;
    }
    if (isinf(got) || isinf(rounded) || want == 0) { /* infinite where the golden rounds to it, or its bound does */
        const double B = m->bound * 0x1p-24, most = (double)(float)(want * (1 + B)),
                     least = (double)(float)(want * (1 - B));
        if (got != rounded && got != most && got != least)
            note_wrong(r, at, got, want);
        return;
    }
    const double error = fabs(got - want), scale = m->measure == RELATIVE ? size : 1;
    const double least = m->measure == RELATIVE && r->ulp < r->u ? r->ulp : r->u; /* 1 ulp is 1 u to 2 u */
    if (error <= least * scale * 0x1p-24)
        return;
    const double over = size < 0x1p-126 ? error - 0x1p-150 : error, u = over > 0 ? over / scale * 0x1p24 : 0;
    if (u > r->u) {
        r->u = u, r->u_at = at;
        if (!r->wrong)
            r->got = got, r->want = want;
    }
    if (m->measure == RELATIVE) {
        const double ulp = ldexp(error, 23 - (size < 0x1p-126 ? -126 : ilogb(size)));
        if (ulp > r->ulp)
            r->ulp = ulp, r->ulp_at = at;
    }
}

/* The bits must be those of the definition in reference/core/dtype.h; one NaN is as good as another. */
static void judge_exact(const meaning *m, const uint32_t *bits, const double *x, const unsigned char *out, int n,
                        result *r)
{
    unsigned char right[4 * BLOCK];
    const assay_dtype_info *to = assay_dtype_of(m->to);
    r->inputs += n;
    to->encode(right, x, n);
    if (!memcmp(right, out, (size_t)(n * to->bytes)))
        return;
    for (int i = 0; i < n; i++) {
        double got, want;
        to->decode(&want, right + i * to->bytes, 1);
        to->decode(&got, out + i * to->bytes, 1);
        if (isnan(want) ? !isnan(got) : memcmp(right + i * to->bytes, out + i * to->bytes, (size_t)to->bytes) != 0)
            note_wrong(r, bits[i], got, want);
    }
}

/* n inputs, given by their bits: a multiple of ASSAY_PRIMITIVE_STEP */
static void judge_block(const assay_primitive *p, const meaning *m, const uint32_t *bits, int n, result *r)
{
    _Alignas(64) unsigned char in[4 * BLOCK], out[4 * BLOCK];
    double x[BLOCK], got[BLOCK];
    const assay_dtype_info *from = assay_dtype_of(m->from), *to = assay_dtype_of(m->to);
    for (int i = 0; i < n; i++) {
        const uint16_t half = (uint16_t)bits[i];
        memcpy(in + i * from->bytes, from->bytes == 2 ? (const void *)&half : &bits[i], (size_t)from->bytes);
    }
    memset(out, 0xa5, sizeof out);
    p->run(in, out, n);
    from->decode(x, in, n);
    if (m->measure == EXACT) {
        judge_exact(m, bits, x, out, n, r);
        return;
    }
    to->decode(got, out, n);
    for (int i = 0; i < n; i++)
        judge_one(m, bits[i], x[i], got[i], m->golden(x[i]), r);
}

/* How the low half-word of input j of an upper half-word is chosen: ends, middle and ties first, then by chance. */
static uint32_t low_of(uint32_t high, int j, int per)
{
    static const uint16_t first[] = { 0, 1, 0x7fff, 0x8000, 0x8001, 0xffff, 0x0fff, 0x1000, 0x1001, 0xefff };
    if (per == CHUNK)
        return (uint32_t)j;
    if (j < (int)ASSAY_COUNT_OF(first))
        return first[j];
    uint32_t out[4];
    const uint32_t counter[4] = { high, (uint32_t)j, 0, 0 }, key[2] = { 2026, 11 };
    assay_philox4x32(counter, key, out);
    return out[0] & 0xffff;
}

/* Of equal errors the one at the smaller input, whichever thread met it. */
static bool worse(double a, uint32_t a_at, double b, uint32_t b_at)
{
    return a > b || (a == b && a_at < b_at);
}

static void merge(result *to, const result *r)
{
    const bool u = worse(r->u, r->u_at, to->u, to->u_at);
    if (r->wrong && (!to->wrong || r->wrong_at < to->wrong_at))
        to->wrong_at = r->wrong_at, to->got = r->got, to->want = r->want;
    else if (!to->wrong && u)
        to->got = r->got, to->want = r->want;
    if (u)
        to->u = r->u, to->u_at = r->u_at;
    if (worse(r->ulp, r->ulp_at, to->ulp, to->ulp_at))
        to->ulp = r->ulp, to->ulp_at = r->ulp_at;
    to->inputs += r->inputs, to->far += r->far, to->wrong += r->wrong;
}

result assay_primitive_judge(const assay_primitive *p, const meaning *m, assay_level level)
{
    result all = { 0 };
    if (assay_dtype_of(m->from)->bytes == 2) {
        for (uint32_t b = 0; b < CHUNK; b += BLOCK) {
            uint32_t bits[BLOCK] = { 0 };
            for (uint32_t i = 0; i < BLOCK; i++)
                bits[i] = b + i;
            judge_block(p, m, bits, BLOCK, &all);
        }
        return all;
    }
    const int per = level == ASSAY_EXHAUSTIVE ? CHUNK : level == ASSAY_FULL ? 256 : ASSAY_PRIMITIVE_STEP;
    const int step = per < BLOCK ? per : BLOCK;
#pragma omp parallel
    {
        result mine = { 0 };
#pragma omp for schedule(dynamic, 64)
        for (uint32_t high = 0; high < CHUNK; high++)
            for (int j = 0; j < per; j += step) {
                uint32_t bits[BLOCK] = { 0 };
                for (int i = 0; i < step; i++)
                    bits[i] = high << 16 | low_of(high, j + i, per);
                judge_block(p, m, bits, step, &mine);
            }
#pragma omp critical
        merge(&all, &mine);
    }
    return all;
}
