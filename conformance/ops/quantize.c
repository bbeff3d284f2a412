/* SPDX-License-Identifier: MIT
 * quantize: cases.  Generators know the type that is written, so that every tie, extreme and edge of its rule occurs.
 */
#include "../../reference/core/dtype.h"
#include "tables.h"
#include "../../reference/core/values.h"
#include "quantize_known.h"
#include "../judge/raw.h"
#include <math.h>
#include <string.h>

enum { X, Y };

static double from_bits(uint32_t u)
{
    float f;
    memcpy(&f, &u, sizeof f);
    return (double)f;
}

/* Steps of a block of 32 from 0, or its minimum, to its extreme */
static int steps_of(assay_dtype t)
{
    return t == ASSAY_q4_0                        ? 8
           : t == ASSAY_q4_1                      ? 15
           : t == ASSAY_q5_0                      ? 16
           : t == ASSAY_q5_1                      ? 31
           : t == ASSAY_mxfp4                     ? 12
           : t == ASSAY_tq1_0 || t == ASSAY_tq2_0 ? 1
                                                  : 127;
}
static bool has_minimum(assay_dtype t)
{
    return t == ASSAY_q4_1 || t == ASSAY_q5_1;
}

/* The length over which a generator draws a size: a block's; where a super-block has scales of its own, less */
static int64_t run_of(assay_dtype t)
{
    return assay_dtype_of(t)->search || assay_dtype_of(t)->block < 256 ? 32 : 256;
}

/* Of codes that are floats: their sizes in rising order, with a scale of 1; how many.  0: they are none. */
static int sizes_of(assay_dtype t, double size[128])
{
    const assay_dtype_info *info = assay_dtype_of(t);
    const bool nv = t == ASSAY_nvfp4, six = t == ASSAY_mxfp6_e2m3 || t == ASSAY_mxfp6_e3m2;
    int n = 0;
    if (!nv && !six && t != ASSAY_mxfp8_e4m3 && t != ASSAY_mxfp8_e5m2)
        return 0;
    for (int most = nv ? 8 : six ? 32 : 128; n < most; n++) {
        unsigned char block[64] = { nv ? 0x38 : 127 };
        double v[64];
        block[nv ? 4 : 1] = (unsigned char)n;
        info->decode(v, block, info->block);
        if (!isfinite(v[0]))
            break;
        size[n] = v[0];
    }
    return n;
}

/* Numbers midway between two codes of floats, or beside, by a scale that is known: the largest code is there. */
static void middles(assay_dtype t, double *x, int64_t n, assay_rng *r)
{
    double size[128];
    const int codes = sizes_of(t, size), run = t == ASSAY_nvfp4 ? 16 : 32;
    for (int64_t b = 0; b < n; b += run) {
        const int e = (int)assay_rng_below(r, 9) - 4, m = t == ASSAY_nvfp4 ? (int)assay_rng_below(r, 8) : 0;
        const double scale = ldexp(8 + m, e - 3);
        const int64_t end = assay_rng_below(r, run);
        for (int64_t k = b; k < n && k < b + run; k++) {
            const int64_t c = assay_rng_below(r, codes - 1), side = assay_rng_below(r, 4);
            const float middle = (float)(scale * (size[c] + size[c + 1]) / 2);
            const float v = side < 2 ? middle : nextafterf(middle, side == 2 ? 0 : INFINITY);
            x[k] = (double)(assay_rng_below(r, 2) ? v : -v);
        }
        if (b + end < n)
            x[b + end] = (assay_rng_below(r, 2) ? scale : -scale) * size[codes - 1];
    }
}

/* Blocks: half steps of the codes, the extremes in place so that d is 1 up to the block's power of two.  floats:
 * values midway between two codes, over all exponents of the type. */
static bool half_steps(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const assay_dtype t = c->type[Y];
    double *x = value[i];
    if (assay_dtype_of(t)->block == 1) {
        const uint32_t cut = t == ASSAY_f16                           ? 0x1000u
                             : t == ASSAY_bf16                        ? 0x8000u
                             : t == ASSAY_e4m3 || t == ASSAY_e4m3fnuz ? 0x80000u
                                                                      : 0x100000u; /* e5m2 */
        for (int64_t k = 0; k < n; k++) {
            const uint32_t sign = (uint32_t)assay_rng_below(r, 2) << 31, m = (uint32_t)assay_rng_below(r, 1 << 23);
            const uint32_t e = t == ASSAY_bf16                          ? (uint32_t)assay_rng_below(r, 255)
                               : t == ASSAY_e4m3 || t == ASSAY_e4m3fnuz ? 115 + (uint32_t)assay_rng_below(r, 22)
                                                                        : 100 + (uint32_t)assay_rng_below(r, 44);
            x[k] = from_bits(sign | e << 23 | (m & -(2 * cut)) | cut);
            if (k % 4 == 3) /* and its neighbours, which are no ties */
                x[k] = from_bits(sign | e << 23 | (m & -(2 * cut)) | (cut + (k % 8 == 3 ? 1 : -1u)));
        }
        return true;
    }
    double size[128];
    if (sizes_of(t, size)) {
        middles(t, x, n, r);
        return true;
    }
    const int64_t M = has_minimum(t) ? steps_of(t) : 2 * steps_of(t), run = run_of(t);
    for (int64_t k = 0; k < n; k++)
        x[k] = (double)(assay_rng_below(r, 2 * M + 1) - M) / 2;
    for (int64_t b = 0; b + run <= n; b += run) {
        const int64_t p = assay_rng_below(r, run), q = (p + 1 + assay_rng_below(r, run - 1)) % run;
        x[b + p] = -(double)M / 2;
        if (b / run % 2)
            x[b + q] = (double)M / 2; /* of both ends the first one gives q4_0 and q5_0 their sign */
        const double scale = ldexp(1, (int)assay_rng_below(r, 9) - 4);
        for (int64_t k = 0; k < run; k++)
            x[b + k] *= scale;
    }
    return true;
}

/* Values whose quotient by d lies within an ulp of a tie, d with a full mantissa: a product in place of the quotient, a
 * fused sum or d rounded too early gives another code. */
static bool near_ties(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const assay_dtype t = c->type[Y];
    const int steps = steps_of(t);
    const bool minimum = has_minimum(t);
    const int64_t run = run_of(t);
    double *x = value[i];
    for (int64_t b = 0; b < n; b += run) {
        const double size = 1 + assay_rng_uniform(r);
        const float mx = (float)(assay_rng_below(r, 2) ? size : -size), d = mx / (float)steps;
        const float lo = minimum ? (float)assay_rng_normal(r) : 0, id = 1 / d;
        for (int64_t k = b; k < n && k < b + run; k++) {
            const int64_t code = minimum ? assay_rng_below(r, steps) : assay_rng_below(r, 2 * steps) - steps;
            const float v = (float)(((double)code + 0.5) / (double)id) + lo;
            x[k] = (double)(assay_rng_below(r, 2) ? v : nextafterf(v, assay_rng_below(r, 2) ? INFINITY : -INFINITY));
        }
        x[b] = (double)lo;
        x[b + (n - b < run ? n - b : run) - 1] = (double)(lo + mx);
    }
    return true;
}

/* One pattern per run of 32: the extreme first, last, twice with both signs, all equal, a lone value, zeros of both
 * signs, codes at +-max. */
static bool extremes(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)c;
    double *x = value[i];
    for (int64_t b = 0; b < n; b += 32) {
        const int64_t len = n - b < 32 ? n - b : 32, p = assay_rng_below(r, len), q = assay_rng_below(r, len);
        const double size = 1 + assay_rng_uniform(r), big = assay_rng_below(r, 2) ? size : -size;
        const int64_t pattern = assay_rng_below(r, 9);
        for (int64_t k = 0; k < len; k++) {
            const double small = (double)(float)(assay_rng_normal(r) / 8);
            x[b + k] = pattern < 3    ? small
                       : pattern == 3 ? big
                       : pattern == 4 ? 0
                       : pattern == 5 ? (assay_rng_below(r, 2) ? 0.0 : -0.0)
                       : pattern == 6 ? (assay_rng_below(r, 2) ? big : -big)
                       : pattern == 7 ? fabs(small) * (assay_rng_below(r, 2) ? 1 : 0)
                                      : -fabs(small) * (assay_rng_below(r, 2) ? 1 : 0);
        }
        if (pattern < 5 && pattern != 3)
            x[b + (pattern == 0 ? 0 : pattern == 1 ? len - 1 : p)] = big;
        if (pattern == 2)
            x[b + q] = -big;
    }
    return true;
}

/* A scale of its own for each block, over all exponents of f32: f16 scales that are subnormal, zero or infinite, and
 * scales whose inverse overflows. */
static bool block_scales(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)c;
    double *x = value[i];
    for (int64_t b = 0; b < n; b += 32) {
        const int e =
            (int)assay_rng_below(r, 4) ? (int)assay_rng_below(r, 64) - 40 : (int)assay_rng_below(r, 275) - 148;
        for (int64_t k = b; k < n && k < b + 32; k++)
            x[k] = (double)(float)ldexp(2 * assay_rng_uniform(r) - 1, e);
    }
    return true;
}

/* Six times the number midway between two numbers of 8 bits, E4M3, or the first of them; the first 240 of them are
 * scales of nvfp4 */
static double between_scales(int code, bool exact)
{
    double v[2];
    const unsigned char pair[] = { (unsigned char)code, (unsigned char)(code + 1) };
    assay_dtype_of(ASSAY_e4m3)->decode(v, pair, 2);
    return isnan(v[1]) ? 6 * 448 : 3 * (v[0] + (exact ? v[0] : v[1]));
}

/* Scales midway between two f16, and one ulp of f32 to either side: every exponent, the smallest subnormals and the
 * step to infinity among them.  Where there is a minimum every other block has such a one instead.
 * mxfp4 and OCP MX: a size of a power of two, or beside, often so small that the scale ends at its least.  nvfp4: a
 * sixth of the size midway between two scales. */
static bool scale_ties(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    static const uint16_t edge[] = { 0, 1, 0x3ff, 0x400, 0x7bfe, 0x7bff };
    const assay_dtype t = c->type[Y];
    const assay_block_parts *parts = assay_block_parts_of(t);
    const bool power = parts && parts->scale < 0 && t != ASSAY_q8_k;
    const int steps = power ? 1 : steps_of(t);
    const int64_t run = t == ASSAY_nvfp4 ? 16 : run_of(t);
    double *x = value[i];
    for (int64_t b = 0; b < n; b += run) {
        const bool lower = has_minimum(t) && b % 64;
        const int64_t len = n - b < run ? n - b : run, side = assay_rng_below(r, 3);
        const uint16_t h = assay_rng_below(r, 4) ? (uint16_t)assay_rng_below(r, 0x7c00)
                                                 : edge[assay_rng_below(r, (int64_t)(sizeof edge / sizeof *edge))];
        const double next = h == 0x7bff ? 65536 : assay_f16_to_f64((uint16_t)(h + 1));
        const float tie = t == ASSAY_nvfp4 ? (float)between_scales(h % 0x7f, h & 0x400)
                          : power          ? ldexpf(1, h % 2 ? h / 2 % 8 - 130 : h / 2 % 254 - 126)
                                           : (float)((assay_f16_to_f64(h) + next) / 2);
        const float d = side == 0 ? tie : nextafterf(tie, side == 1 ? 0 : INFINITY);
        const double sign = assay_rng_below(r, 2) ? 1 : -1, lo = lower ? sign * (double)d : 0;
        const double size = has_minimum(t) ? (double)d : sign * (double)d;
        for (int64_t k = 0; k < len; k++)
            x[b + k] = (double)(float)(lo + size * (double)assay_rng_below(r, steps));
        x[b] = lo;
        x[b + len - 1] = (double)(float)(lo + size * steps);
    }
    return true;
}

/* Super-blocks of one size whose scale is a subnormal f16 (not so small that its rounding alone decides) or a small
 * normal one; groups of zeros, and of one negative value, among the others. */
static bool small_scales(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    double *x = value[i];
    const int e = (int)assay_rng_below(r, 5) - (c->type[Y] == ASSAY_q4_k ? 10 : 8);
    const int64_t kind = assay_rng_below(r, 3);
    for (int64_t b = 0; b < n; b += 32) {
        const int64_t flat = assay_rng_below(r, 12);
        const double size = ldexp(1, e), level = flat == 0 ? 0 : -size;
        for (int64_t k = b; k < n && k < b + 32; k++) {
            const double v = size * (2 * assay_rng_uniform(r) - 1);
            x[k] = flat < 2 ? level : (double)(float)(kind == 0 ? v : kind == 1 ? fabs(v) : v - size);
        }
    }
    return true;
}

/* Groups of one sign that are constant or nearly so, rising from a level: one code or two for all of them, and in the
 * middle of the super-block groups with both signs. */
static bool level(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)c;
    double *x = value[i];
    for (int64_t b = 0; b < n; b += 32) {
        const int power =
            (int)assay_rng_below(r, 4) - 2; /* a draw per statement: compilers order arguments as they like */
        const double size = ldexp(1 + assay_rng_uniform(r), power), sign = b / 256 % 3 == 2 ? -1 : 1;
        const double spread = b % 256 == 96 ? 2 : assay_rng_below(r, 4) ? ldexp(1, -(int)assay_rng_below(r, 12)) : 0;
        for (int64_t k = b; k < n && k < b + 32; k++)
            x[k] = (double)(float)(sign * size * (1 - spread * assay_rng_uniform(r)));
    }
    return true;
}

/* Groups of 16 with steps of exactly 1 or 1/32, up to +-32 of them, one pair in each super-block with both signs; the
 * others are smaller and fit no step. */
static bool unit_steps(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)c;
    double *x = value[i];
    for (int64_t b = 0; b < n; b += 256) {
        const double size = assay_rng_below(r, 2) ? 1 : 0x1p-5, sign = assay_rng_below(r, 2) ? 1 : -1;
        for (int64_t g = b; g < n && g < b + 256; g += 16) {
            const bool whole = g - b < 32;
            for (int64_t k = g; k < n && k < g + 16; k++)
                x[k] = whole ? size * (double)(assay_rng_below(r, 63) - 31)
                             : (double)(float)(size * 30 * (2 * assay_rng_uniform(r) - 1));
            if (whole)
                x[g] = sign * size * (g == b ? -32 : 32);
        }
    }
    return true;
}

/* Every third block (second super-block) holds a NaN or an infinity, first, last or somewhere; its neighbours must not
 * notice. */
static bool poisoned(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const bool super = assay_dtype_of(c->type[Y])->block == 256;
    const int64_t block = super ? 256 : 32, step = super ? 512 : 96;
    double *x = value[i];
    for (int64_t k = 0; k < n; k++)
        x[k] = (double)(float)assay_rng_normal(r);
    for (int64_t b = 0; b < n; b += step) {
        const int64_t len = n - b < block ? n - b : block, any = assay_rng_below(r, len), kind = assay_rng_below(r, 4);
        const int64_t at = b / step % 3, p = b + (at == 0 ? 0 : at == 1 ? len - 1 : any);
        x[p] = kind == 0 ? INFINITY : kind == 1 ? -INFINITY : kind == 2 ? (double)NAN : from_bits(0xff800001u);
    }
    return true;
}

static const assay_gen gens[] = {
    { "half-steps", ASSAY_TAG_EXACT, half_steps,
      .says = "half steps of the codes; for floats the middle of two codes" },
    { "near-ties", ASSAY_TAG_ADVERSARIAL, near_ties, .says = "quotients by the scale within an ulp of a tie" },
    { "extremes", ASSAY_TAG_EXACT, extremes,
      .says = "the extreme of a block first, last, twice, alone; all equal; zeros" },
    { "block-scales", ASSAY_TAG_ADVERSARIAL, block_scales, .says = "a scale per block, over all exponents of f32" },
    { "poisoned", ASSAY_TAG_CLASS, poisoned, .says = "a NaN or an infinity in every third block" },
    { "edges", ASSAY_TAG_ADVERSARIAL, raw_default, .says = "bytes: floats at the ends of their type" },
    { "any-bits", ASSAY_TAG_CLASS, raw_default, .says = "random bytes" },
    { "scale-ties", ASSAY_TAG_EXACT, scale_ties, .says = "scales in the middle of two f16, and beside it" },
    { "small-scales", ASSAY_TAG_ADVERSARIAL, small_scales, .says = "scales that are subnormal f16 or small" },
    { "unit-steps", ASSAY_TAG_ADVERSARIAL, unit_steps,
      .says = "groups with steps of exactly 1 or 1/32, and some that fit no step" },
    { "level", ASSAY_TAG_ADVERSARIAL, level, .says = "groups of one sign, constant or nearly so" },
};

/* NaNs with every payload: a double cannot carry a signalling NaN to f32 */
static bool raw(const assay_case *c, int i, void *data, size_t n, assay_rng *r)
{
    return raw_operand(c, i, X, data, n, r);
}

#define NUMBERS  "f16,bf16,e4m3,e5m2,e4m3fnuz,e5m2fnuz"
#define OCP      "mxfp8_e4m3,mxfp8_e5m2,mxfp6_e2m3,mxfp6_e3m2,mxint8"
#define EXACT    "q8_0,q8_1,q4_0,q4_1,q5_0,q5_1,mxfp4," OCP
#define OF_256   "q8_k,tq1_0,tq2_0"
#define SEARCHES "q2_k,q3_k,q4_k,q5_k,q6_k,iq4_nl,iq4_xs"
#define GRIDS    "iq1_s,iq1_m,iq2_xxs,iq2_xs,iq2_s,iq3_xxs,iq3_s"
static const assay_rows rows[] = {
    { "R=3 C={1..17} y={" NUMBERS "} gen=half-steps", ASSAY_QUICK },
    { "R=2 C={31,1000} y={" NUMBERS "} "
      "gen={gauss,half-steps,extremes,block-scales,edges,any-bits,special,denormal}",
      ASSAY_QUICK },
    { "R=3 C={32,64,96,128,160,224} y={" EXACT "} gen={gauss,half-steps}", ASSAY_QUICK },
    { "R=4 C=480 y={" EXACT "} "
      "gen={half-steps,near-ties,extremes,block-scales,poisoned,edges,any-bits}",
      ASSAY_QUICK },
    { "R=2 C=96 y={" EXACT "} "
      "gen={uniform,positive,spike,signed-zero,denormal,special,wide,equal}",
      ASSAY_QUICK },
    { "R=1 C={0,4064,4128,8256} y={" EXACT "," NUMBERS "} gen=gauss", ASSAY_QUICK },
    { "R=0 C=256 y=* gen=gauss", ASSAY_QUICK },
    { "R={4,5} C=960 y={" EXACT ",nvfp4} gen=scale-ties", ASSAY_QUICK },
    { "R={4,16} C=2048 y={" OF_256 "} gen=scale-ties", ASSAY_QUICK },
    { "R=3 C={256,512,768} y={" OF_256 ",nvfp4} gen={gauss,half-steps}", ASSAY_QUICK },
    { "R=4 C=1280 y={" OF_256 ",nvfp4} gen={half-steps,near-ties,extremes,block-scales,poisoned,edges,any-bits}",
      ASSAY_QUICK },
    { "R=2 C=256 y={" OF_256 ",nvfp4} gen={uniform,positive,spike,signed-zero,denormal,special,wide,equal}",
      ASSAY_QUICK },
    { "R=1 C={0,3840,4352} y={" OF_256 ",nvfp4} gen=gauss", ASSAY_QUICK },
    { "R={1,2,3} C={768,1024} y={" SEARCHES "} gen={small-scales,unit-steps,level}", ASSAY_QUICK },
    { "R=2 C={256,768} y={" SEARCHES "} "
      "gen={gauss,uniform,positive,extremes,block-scales,poisoned,zero}",
      ASSAY_QUICK },
    { "R=4 C=1024 y={" SEARCHES "} gen={gauss,uniform}", ASSAY_QUICK }, /* many super-blocks: verify() sums over them */
    { "R=1 C=256 y={" GRIDS "} gen={gauss,positive,extremes,block-scales,zero,small-scales}", ASSAY_QUICK },
    { "R=1 C=2048 y={" GRIDS "} gen={gauss,uniform}", ASSAY_QUICK },
    { "R=1 C=768 y={" GRIDS "} gen=poisoned", ASSAY_QUICK },
    { "R=5 C=8192 y={" EXACT "," NUMBERS "," OF_256 "," SEARCHES
      ",nvfp4} gen={half-steps,near-ties,extremes,block-scales,poisoned,edges}",
      ASSAY_FULL },
    /* values at every place */
    { "R=4 C=37 y={" NUMBERS "} gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
    { "R=4 C=37 y={" NUMBERS "} gen=" ASSAY_SQUARES "@x", ASSAY_QUICK },
    { "R=4 C=37 y={" NUMBERS "} gen=end@y", ASSAY_QUICK },
    { "R=3 C=256 y={" EXACT "," OF_256 "," SEARCHES ",nvfp4} gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
    { "R=1 C=256 y={" GRIDS "} gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
    { "R=3 C=256 y={" EXACT "," OF_256 "," SEARCHES ",nvfp4} gen=" ASSAY_SQUARES "@x", ASSAY_QUICK },
};

/* A block of a grid takes milliseconds: few of them.  Shorter rows become one block. */
static void mend(assay_case *c)
{
    enum { BLOCK = 256, MOST = 512 };
    if (!assay_dtype_of(c->type[Y])->grid)
        return;
    c->dim[1] = c->dim[1] < MOST ? c->dim[1] : MOST;
    const int64_t long_row = c->dim[1] < BLOCK ? BLOCK : c->dim[1];
    while (c->dim[0] > 1 && c->dim[0] * long_row > MOST)
        c->dim[0] /= 2;
}

static double land(const assay_case *c, int i, int64_t j)
{
    (void)i;
    return assay_landing(c, j);
}

/* The harness writes both once more (second_formats.c) and compares the bytes, but for those of a search: it is
 * ours, and what a search must keep is the op's verify(). */
SECOND(quantize)
{
    for (int64_t i = 0; i < a->dim[0] * a->dim[1]; i++)
        ((double *)a->operand[Y])[i] = ((const double *)a->operand[X])[i];
}

const assay_suite assay_suite_quantize = {
    .op = "quantize",
    .draws_own = true,
    .land = land,
    .mend = mend,
    .rows = rows,
    .n_rows = ASSAY_COUNT_OF(rows),
    .gens = gens,
    .n_gens = ASSAY_COUNT_OF(gens),
    .second = second_quantize,
    .known = assay_quantize_known,
    .raw = raw,
};
