/* SPDX-License-Identifier: MIT
 * matmul_scaled: cases.  Whole codes are drawn over their range by whatever generator fills the rest; floats of 4
 * and 8 bits are numbers as any, and by "codes" all that they may hold. */
#include "assay/params/matmul_scaled.h"
#include "../../reference/core/status.h"
#include "../../reference/core/suite.h"
#include "../../reference/core/values.h"
#include "tables.h"
#include <math.h>
#include <string.h>

enum { X, W, SCALE, ZERO, X_SCALE, Y };

static int64_t length(const assay_case *c)
{
    return c->dim[2] ? c->dim[2] : 1;
}
static bool of_floats(const assay_case *c)
{
    return c->type[W] == ASSAY_e4m3 || c->type[W] == ASSAY_e5m2 || c->type[W] == ASSAY_e2m1;
}
static bool is_code(const assay_case *c, int i)
{
    return i == ZERO || (i == W && !of_floats(c));
}
/* Zero points of u4 are 0 to 16, which GPTQ has, too. */
static double any_code(const assay_case *c, int i, assay_rng *r)
{
    return c->type[W] != ASSAY_u4 ? (double)(assay_rng_below(r, 256) - 128)
                                  : (double)assay_rng_below(r, 16 + (i == ZERO));
}

/* Scales are powers of two that differ between neighbours, activations and floats of 8 bits small integers. */
static double whole_scale(int i, int64_t j)
{
    return ldexp(1, (int)(i == X_SCALE ? j % 2 : j % 3) - 1);
}
static double whole(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const double small = (double)(assay_rng_below(r, 17) - 8);
    return is_code(c, i) ? any_code(c, i, r) : i == SCALE || i == X_SCALE ? whole_scale(i, j) : small;
}
/* Rows of the largest codes and of the smallest, zero points at the other end, activations of one sign. */
static double ends(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const bool four = c->type[W] == ASSAY_u4, low = (i == W ? j / length(c) : j) % 3 == 0;
    (void)r;
    if (is_code(c, i))
        return low == (i == W) ? (four ? 0 : -128) : four ? (i == ZERO ? 16 : 15) : 127;
    return i == SCALE || i == X_SCALE ? whole_scale(i, j) : i == W ? (low ? -8 : 8) : j / length(c) % 2 ? -8 : 7;
}

/* Codes within one step of their zero point, neighbours in x that almost undo each other. */
static bool balanced(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t middle = c->type[W] == ASSAY_u4 ? 8 : 100;
    for (int64_t j = 0; j < n; j++) {
        const double step = (double)(assay_rng_below(r, 3) - 1), x = assay_rng_normal(r);
        value[i][j] = i == ZERO         ? (double)middle
                      : is_code(c, i)   ? (double)middle + step
                      : i == X && j % 2 ? -value[i][j - 1] * (1 + x / 64)
                                        : x;
    }
    return true;
}

/* Scales of neighbours that differ by up to 2^20 */
static double uneven(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const double x = 1 + assay_rng_uniform(r);
    return is_code(c, i) ? any_code(c, i, r) : i == X || i == W ? 3 * x - 4.5 : ldexp(x, (int)(j * 7 % 11) * 2 - 10);
}
/* Products that are subnormal, or less than that */
static double faint(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const double x = 1 + assay_rng_uniform(r), sign = assay_rng_below(r, 2) ? 1 : -1;
    const int wide = c->type[i] == ASSAY_f32 || c->type[i] == ASSAY_bf16, down = (int)(j * 5 % 7);
    if (is_code(c, i))
        return any_code(c, i, r);
    return i == W ? sign * x : sign * ldexp(x, wide ? (i == X ? -72 : i == SCALE ? -66 : -10) - down : -8);
}
/* The product of x_scale and x (of an even number of tokens: and scale) is subnormal, and what that loses is lifted by
 * the other. */
static double lifted(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const double x = 1 + assay_rng_uniform(r);
    const int low = c->dim[0] % 2 ? X : SCALE, down = (int)(j * 5 % 7);
    const bool wide = c->type[i] == ASSAY_f32 || c->type[i] == ASSAY_bf16;
    const bool low_wide = c->type[low] == ASSAY_f32 || c->type[low] == ASSAY_bf16;
    if (is_code(c, i))
        return any_code(c, i, r);
    return i == W         ? x
           : i == X_SCALE ? ldexp(x, (low_wide ? -20 : -138) - down)
           : i == low     ? ldexp(x, wide ? -120 : 0)
                          : ldexp(x, wide ? 40 : 8);
}
/* Of the scales and x two overflow together, the third brings them back. */
static double vast(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const double x = 1 + assay_rng_uniform(r);
    const int wide = c->type[i] == ASSAY_f32 || c->type[i] == ASSAY_bf16, down = (int)(j * 5 % 7);
    if (is_code(c, i))
        return any_code(c, i, r);
    return i == W ? x
                  : ldexp(x, !wide ? 0
                                   : (i == SCALE ? 118
                                      : i == X   ? (c->present >> X_SCALE & 1 ? 30 : -100)
                                                 : -110) -
                                         down);
}
/* In every other row of w each code is its zero point: 0 times scales that are numbers, infinite, or none. */
static bool nothing(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    static const double scales[] = { 1.5, INFINITY, 0, NAN, -0.0, -INFINITY, 0.25, -2 };
    const double zero = !(c->present >> ZERO & 1) ? 0 : c->type[W] == ASSAY_u4 ? 5 : -77;
    for (int64_t j = 0; j < n; j++)
        value[i][j] = i == ZERO                          ? zero
                      : i == W && j / length(c) % 2 == 0 ? zero
                      : is_code(c, i)                    ? any_code(c, i, r)
                      : i == X || i == W                 ? assay_rng_normal(r)
                                                         : scales[(j + assay_rng_below(r, 2)) % 8];
    return true;
}
/* Integers that rounding to 8 bits by blocks leaves alone, whatever the type of the scale: 127 or -127 in each 32 */
static bool q8_exact(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    for (int64_t j = 0; j < n; j++)
        value[i][j] = whole(c, i, j, r);
    for (int64_t k = 0; i == X && k + 32 <= n; k += 32)
        value[X][k + assay_rng_below(r, 32)] = assay_rng_below(r, 2) ? 127 : -127;
    return true;
}
/* raw() writes the codes */
static double usual(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const double x = assay_rng_normal(r);
    (void)j;
    return is_code(c, i) ? any_code(c, i, r) : x;
}
enum { WHOLE, ENDS, LIFTED = 5, CODES = 8 };
static const assay_gen gens[] = {
    GEN_DRAW("whole", EXACT, whole, "all codes, scales that are powers of two, x of small integers"),
    GEN_DRAW("ends", EXACT, ends, "rows of the largest and of the smallest codes, zero points at the other end"),
    TIGHT_FILL("balanced", ADVERSARIAL, balanced, "codes within a step of their zero point, x that almost cancels"),
    GEN_DRAW("uneven", ADVERSARIAL, uneven, "scales of neighbours that differ by up to 2^20"),
    TIGHT_DRAW("faint", ADVERSARIAL, faint, "products that are subnormal"),
    TIGHT_DRAW("lifted", ADVERSARIAL, lifted,
               "x times its scale is subnormal, the scale of w large, or the other way round"),
    GEN_DRAW("vast", ADVERSARIAL, vast, "products of some factors that overflow"),
    GEN_FILL("nothing", CLASS, nothing, "rows of zero points alone, under scales that are infinite, NaN or 0"),
    GEN_DRAW("codes", ADVERSARIAL, usual, "any codes of 4 or 8 bits in a float, NaN in one row of eight"),
    GEN_FILL("q8-exact", ADVERSARIAL, q8_exact, "x of integers that rounding to 8 bits by blocks of 32 leaves alone"),
};
static const char *const exact[] = { "zero", NULL };

/* Codes, for the generators that know only of numbers */
static bool codes(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const bool own = assay_fills(c, gens, ASSAY_COUNT_OF(gens));
    for (int64_t j = 0; !own && is_code(c, i) && j < n; j++)
        value[i][j] = any_code(c, i, r);
    return !own && is_code(c, i);
}

/* Floats of 4 and 8 bits, all codes, but NaN and infinities in one row of eight only */
static bool raw(const assay_case *c, int i, void *data, size_t n, assay_rng *r)
{
    const int first = c->type[i] == ASSAY_e2m1 ? 128 : c->type[i] == ASSAY_e4m3 ? 0x7f : 0x7c; /* that is no number */
    const bool ours = c->gen == &gens[CODES] && i == W && of_floats(c);
    for (size_t k = 0; ours && k < n; k++) {
        const int code = (int)assay_rng_below(r, 256);
        ((unsigned char *)data)[k] =
            (unsigned char)(code % 128 >= first && (int64_t)k / length(c) % 8 != 5 ? code - first : code);
    }
    return ours;
}

/* Sums of integers times 2 stay below 2^24 quarters. */
static bool fits(const assay_case *c, assay_why *why)
{
    if (c->gen == &gens[LIFTED] && !(c->present >> X_SCALE & 1))
        return assay_fail(why, ASSAY_ERR_ARG, "matmul_scaled: gen=lifted is about x_scale") == ASSAY_OK;
    const bool exact_sums = c->gen == &gens[WHOLE] || c->gen == &gens[ENDS];
    if (!exact_sums || c->dim[2] <= 1000)
        return true;
    return assay_fail(why, ASSAY_ERR_ARG, "matmul_scaled: gen=%s is not exact beyond K=1000", c->gen->name) == ASSAY_OK;
}
static int64_t blocks(int64_t n, int64_t size)
{
    return size && n ? (n - 1) / size + 1 : n > 0;
}
static void mend(assay_case *c)
{
    const assay_matmul_scaled_params *p = (const void *)c->params;
    c->dim[3] = blocks(c->dim[1], p->rows);
    c->dim[4] = blocks(c->dim[2], p->group);
    if (of_floats(c))
        c->present &= ~(1u << ZERO);
}

/* One code of a row is 1, the others and the zero points are 0. */
static double land(const assay_case *c, int i, int64_t j)
{
    const int64_t t = i == X ? j / length(c) : 0;
    return i == W ? j % length(c) == 0 : i == SCALE || i == X_SCALE ? 1 : i == X ? assay_landing(c, t) : 0;
}

#define AWQ   "w=u4 zero=i8 rows=1 group=4 " /* in small */
#define FP8   "w=e4m3 rows=3 group=4 "       /* 3 by 4 for 128 by 128 */
#define FP8_X FP8 "x=e4m3 x_scale=f32 "
#define NVFP4 "w=e2m1 scale=e4m3 rows=1 group=16 x_scale=f32/ "
/* So many groups, of one column each */
#define GROUPS(G)                                                                                                      \
    {                                                                                                                  \
        "T=2 N=3 K=" #G " R=3 G=" #G " zero=i8 x_scale=f32 rows=1 group=1 gen=gauss", ASSAY_QUICK                      \
    }
static const assay_rows rows[] = {
    /* every tail of every dimension; the last group and the last rows are shorter */
    { "T={1..17} N=5 K=10 R=5 G=3 " AWQ "gen={gauss,whole}", ASSAY_QUICK },
    { "T=2 N=7 K={9..12} R=3 G=3 w=i8 zero=i8 rows=3 group=4 gen={gauss,whole,ends,balanced}", ASSAY_QUICK },
    { "T=2 N={7..9} K=13 R=3 G=4 " FP8_X "gen={gauss,whole}", ASSAY_QUICK },
    { "T=3 N={1..34} K=6 R=1 G=2 w=u4 zero=i8/ group=4 gen=gauss", ASSAY_QUICK },
    { "T=3 N=4 K={1..34} R=1 G=1 w=i8 zero=i8 x_scale=f32 gen=gauss", ASSAY_QUICK },
    { "T=3 N=4 K={2,6,14,22,30,62,66,126} R=1 G=1 w=u4 zero=i8 gen={gauss,ends,whole}", ASSAY_QUICK },
    { "T={0,2} N=3 K=4 R=3 G=1 w={i8,u4} rows=1 x_scale=f32 gen=gauss", ASSAY_QUICK },
    { "T=0 N=9 K=264 R=1 G=1 w=u4 gen=gauss", ASSAY_QUICK },
    { "T={1,5} N=9 K={2,40} R=1 G=1 w=u4 x_scale={none,f32/} gen=square-over@x", ASSAY_QUICK },
    { "T={1,5} N=9 K={4,8} R=1 G=1 w=u4 x_scale=f32/ zero=i8/ gen=vast seed={1..4}", ASSAY_QUICK },
    { "T=2 N=0 K=4 R=0 G=1 zero=i8 gen=gauss", ASSAY_QUICK },
    { "T=2 N=3 K=0 R=3 G=0 rows=1 group=4 zero=i8 x_scale=f32 gen=gauss", ASSAY_QUICK },
    { "T={1,5} N=3 K=0 R=3 G=0 w=u4 rows=1 group={4,128} gen=gauss", ASSAY_QUICK },
    { "T=1 N=65540 K=2 R=65540 G=1 w=u4 zero=i8 rows=1 gen=gauss", ASSAY_QUICK },
    { "T=1 N=2 K=65540 R=2 G=513 "
      "w=u4 zero=i8 rows=1 group=128 gen=gauss",
      ASSAY_QUICK },
    /* groups of models: 32, 64, 128, whole rows, all; in an odd group a byte lies in two */
    { "T={1,5} N=19 K=256 R=19 G=8 w=u4 zero={i8,i8/,none} rows=1 group=32 gen={gauss,whole}", ASSAY_QUICK },
    /* groups smaller than a tile of codes: many in a tile, and a last tile that has fewer */
    { "T={1,5} N=3 K=1104 R=3 G=138 w=u4 zero={i8,none} rows=1 group=8 gen=gauss", ASSAY_QUICK },
    { "T={1,5} N=3 K=1104 R=3 G=69 w=u4 zero={i8,i8/} rows=1 group=16 gen=gauss", ASSAY_QUICK },
    { "T={1,5} N=3 K=1120 R=3 G=35 w=u4 zero={i8,i8/} rows=1 group=32 gen=gauss", ASSAY_QUICK },
    { "T={1,9} N=17 K=320 R=17 G=5 w={u4,i8} zero={i8,none} rows=1 group=64 gen={gauss,uneven}", ASSAY_QUICK },
    { "T={1,2} N=33 K=384 R=33 G=3 w=u4 scale={f16,bf16} zero=i8 rows=1 group=128 gen={gauss,balanced}", ASSAY_QUICK },
    { "T=4 N=9 K=200 R=9 G=2 w=u4 zero=i8 rows=1 group=128 gen={gauss,ends,uneven}", ASSAY_QUICK },
    { "T={1,5} N=19 K=256 R=19 G=8 w=u4 zero={i8,i8/,none} rows=1 group=32 gen=q8-exact", ASSAY_QUICK },
    { "T={1,3} N=9 K=40 R=9 G=1 w={i8,e4m3,e5m2} x_scale={f32,f32/T,none} rows=1 gen=gauss", ASSAY_QUICK },
    { "T={1,3} N=9 K=40 R=1 G=1 w={i8,e4m3,e5m2} x_scale={f32/T,f32/} gen=gauss", ASSAY_QUICK },
    { "T={1,5} N=6 K=22 R=6 G=8 w=u4 zero=i8 rows=1 group=3 gen={gauss,whole}", ASSAY_QUICK },
    { "T={1,3} N=130 K=140 R=2 G=2 w=e4m3 x={e4m3,bf16} x_scale=f32 rows=128 group=128 gen={gauss,codes}",
      ASSAY_QUICK },
    { "T=5 N=7 K=10 R=3 G=3 " FP8_X "gen={uneven,codes}", ASSAY_QUICK },
    { "T=5 N=17 K=37 R=6 G=10 w={e4m3,e5m2} rows=3 group=4 gen={codes,special,signed-zero}", ASSAY_QUICK },
    { "T=3 N=5 K=10 R=5 G=3 " AWQ "x_scale={f32,f32/T,f32/G,f32/} gen={gauss,uneven}", ASSAY_QUICK },
    { "T=3 N=5 K=10 R=5 G=3 " AWQ "zero={i8/R,i8/G} gen={gauss,whole}", ASSAY_QUICK },
    { "T=3 N=5 K=10 R=5 G=3 x={f32,f16,bf16,e4m3} y={f32,f16,bf16} " AWQ "gen={gauss,whole}", ASSAY_QUICK },
    { "T=8 N=64 K=8 R=64 G=1 y={f16,bf16} rows=1 group=8 gen=whole", ASSAY_QUICK }, /* sums half-way between two of y */
    { "T={1,2} N=3 K=4100 R=3 G=33 w=u4 zero=i8 rows=1 group=128 gen={gauss,uneven,balanced}", ASSAY_QUICK },
    { "T=1 N=2 K=4096 R=2 G=1 w={i8,u4} zero=i8 rows=1 gen={positive,balanced}", ASSAY_QUICK },
    { "T=5 N=7 K=10 R=7 G=1 zero=i8 x_scale={none,f32} rows=1 gen={gauss,balanced}", ASSAY_QUICK },
    GROUPS(6),
    GROUPS(7),
    GROUPS(9),
    GROUPS(11),
    GROUPS(12),
    GROUPS(13),
    GROUPS(14),
    GROUPS(15),
    /* NVFP4: groups of 16, the tensor's scale in x_scale; x likewise by codes */
    { "T={1,5} N=17 K={2,16} R=17 G=1 " NVFP4 "gen={gauss,whole}", ASSAY_QUICK },
    { "T={1,5} N=17 K={50,62,64} R=17 G=4 " NVFP4 "gen={gauss,whole}", ASSAY_QUICK },
    { "T={1,5} N=17 K={114,126,128} R=17 G=8 " NVFP4 "gen={gauss,whole}", ASSAY_QUICK },
    { "T={1,5} N=17 K=130 R=17 G=9 " NVFP4 "gen={gauss,whole}", ASSAY_QUICK },
    { "T={1..5} N=18 K=256 R=18 G=16 " NVFP4 "gen={gauss,codes,balanced,uneven}", ASSAY_QUICK },
    { "T={1,3} N=9 K=320 R=9 G=20 x={e2m1,f16,bf16,e4m3} w=e2m1 scale={e4m3,f32} rows=1 group=16 x_scale=f32 "
      "gen={gauss,codes}",
      ASSAY_QUICK },
    { "T={1,3} N=9 K=40 R=9 G=2 w=e2m1 rows=1 group=20 gen={gauss,codes}", ASSAY_QUICK },
    { "T={1,5} N=6 K=22 R=6 G=8 w=e2m1 rows=1 group=3 gen={gauss,whole}", ASSAY_QUICK },
    { "T={1,5} N=7 K=32 R=7 G=2 " NVFP4 "gen={special,zero,signed-zero,denormal,wide,spike,vast,nothing,faint}",
      ASSAY_QUICK },
    { "T=5 N=7 K=32 R=7 G=2 " NVFP4 "gen=" ASSAY_VALUES "@{x,x_scale}", ASSAY_QUICK },
    { "T={1,2} N=3 K=4096 R=3 G=256 " NVFP4 "gen={gauss,uneven}", ASSAY_QUICK },
    /* values at every place */
    { "T=5 N=7 K=10 R=7 G=3 " AWQ "x_scale=f32 gen=" ASSAY_VALUES "@{x,scale,x_scale}", ASSAY_QUICK },
    { "T=5 N=7 K=10 R=3 G=3 x={f16,bf16} scale={f16,bf16} " FP8 "gen=" ASSAY_VALUES "@{x,scale}", ASSAY_QUICK },
    { "T={1,5} N=7 K=10 R=7 G=3 " AWQ "x_scale={none,f32} "
      "gen={special,zero,signed-zero,denormal,wide,spike,vast,nothing}",
      ASSAY_QUICK },
    { "T=5 N=7 K=10 R=7 G=3 " AWQ "x_scale={none,f32} gen=faint", ASSAY_QUICK },
    { "T={1,5} N=7 K=10 R=7 G=3 " AWQ "x_scale=f32 gen=lifted", ASSAY_QUICK },
    { "T={2,4} N=7 K=10 R=7 G=3 w=u4 rows=1 group=4 x_scale=f32 gen=lifted", ASSAY_QUICK },
    { "T=5 N=7 K=10 R=3 G=3 " FP8_X "gen={special,wide,faint,vast,nothing}", ASSAY_QUICK },
    { "T=5 N=7 K=10 R=3 G=3 y={f16,bf16} w={u4,i8,e4m3} rows=3 group=4 gen=end@y", ASSAY_QUICK },
};

static const char *const unseen[] = {
    "value-16-*: codes have 8 bits",
    "field-*-rows*: R, which the scales have, leaves no other value that makes a difference",
    "field-*-group*: G does",
    NULL,
};

/* By hand; the second with a zero point and a shorter last group, the third by blocks of 3 rows and a column */
static const assay_known_answer answers[] = {
    { "N=2 K=3 R=2 G=1 rows=1", { { 1, -2, 3 }, { 4, 5, 6, -1, 0, 127 }, { 0.5, 2 } }, { 6, 760 } },
    { "T=2 N=1 K=4 R=1 G=2 w=u4 zero=i8 rows=1 group=3",
      { { 1, 2, 3, 4, -1, 0.5, 0, 2 }, { 15, 8, 0, 3 }, { 0.5, 4 }, { 8, 1 } },
      { -8.5 + 32, -3.5 + 16 } },
    { "T=1 N=4 K=2 R=2 G=2 w=e4m3 x=e4m3 x_scale=f32 rows=3 group=1",
      { { 1, 2 }, { 1, 2, -1, 8, 1, 1, 0.5, 2 }, { 1, 2, 3, 4 }, { 0 }, { 0.5, 10 } },
      { 80.5, 319.5, 40.5, 160.75 } },
    { "T=1 N=2 K=4 R=2 G=2 w=e2m1 scale=e4m3 x_scale=f32/ rows=1 group=2",
      { { 1, 2, -1, 4 }, { 0.5, -6, 3, 1.5, 0, 1, 4, -2 }, { 2, 0.5, 448, 0.001953125 }, { 0 }, { 0.25, 0.25 } },
      { -5.375, 223.994140625 } },
};

/* Group by group from the last, all of what a group's codes are worth before any is multiplied with the scales */
SECOND(matmul_scaled)
{
    const assay_matmul_scaled_params *p = a->params;
    const int64_t N = a->dim[1], K = a->dim[2], G = a->dim[4];
    const int64_t tall = p->rows ? p->rows : N, group = p->group ? p->group : K;
    const double *zero = a->operand[ZERO], *x_scale = a->operand[X_SCALE];
    for (int64_t i = a->dim[0] * N - 1; i >= 0; i--) {
        const double *x = (const double *)a->operand[X] + i / N * K, *w = (const double *)a->operand[W] + i % N * K;
        const double *scale = (const double *)a->operand[SCALE] + i % N / tall * G;
        long double y = 0;
        for (int64_t g = G - 1, end = K; g >= 0; g--) {
            const int64_t start = g * group;
            long double sum = 0;
            for (int64_t k = end - 1; k >= start; k--)
                sum += (w[k] - (zero ? zero[i % N / tall * G + g] : 0)) * (long double)x[k];
            y += sum * (scale[g] * (x_scale ? (long double)x_scale[i / N * G + g] : 1));
            end = start;
        }
        ((double *)a->operand[Y])[i] = (double)y;
    }
}

/* Projections of models as they are shipped: Llama 3 8B by AWQ, groups of 128, and by NVFP4; DeepSeek-V3's floats of 8
 * bits */
#define LLAMA       "K=4096 G=32 w=u4 zero=i8 scale=f16 rows=1 group=128"
#define DEEP        "w=e4m3 rows=128 group=128"
#define NVFP4_LLAMA "K=4096 G=256 " NVFP4
static const assay_workload workloads[] = {
    { "llama3-8b-awq.q.decode", "T=1 N=4096 R=4096 " LLAMA, 1 },
    { "llama3-8b-awq.up.decode", "T=1 N=14336 R=14336 " LLAMA, 1 },
    { "llama3-8b-awq.up.batch8", "T=8 N=14336 R=14336 " LLAMA, 8 },
    { "llama3-8b-awq.q.prefill512", "T=512 N=4096 R=4096 " LLAMA, 512 },
    { "llama3-8b-gptq.q.decode", "T=1 N=4096 R=4096 K=4096 G=32 w=u4 zero=i8/ scale=f16 rows=1 group=128", 1 },
    { "deepseek-v3-fp8.q_a.decode", "T=1 N=1536 K=7168 R=12 G=56 " DEEP, 1 },
    { "deepseek-v3-fp8.kv_a.decode", "T=1 N=576 K=7168 R=5 G=56 " DEEP, 1 },
    { "deepseek-v3-fp8.kv_a.batch8", "T=8 N=576 K=7168 R=5 G=56 x=e4m3 x_scale=f32 " DEEP, 8 },
    { "llama3-8b-int8.q.decode", "T=1 N=4096 K=4096 R=4096 G=1 w=i8 rows=1", 1 },
    { "llama3-8b-nvfp4.q.decode", "T=1 N=4096 R=4096 " NVFP4_LLAMA, 1 },
    { "llama3-8b-nvfp4.q.batch8", "T=8 N=4096 R=4096 " NVFP4_LLAMA, 8 },
};

static const assay_vector_case vectors[] = {
    { "awq", "T=3 N=5 K=70 R=5 G=3 w=u4 zero=i8 scale=f16 rows=1 group=32 gen=gauss" },
    { "symmetric", "T=3 N=5 K=64 R=5 G=2 w=u4 zero=i8/ scale=bf16 rows=1 group=32 gen=balanced" },
    { "channel", "T=3 N=5 K=37 R=5 G=1 w=i8 rows=1 gen=gauss" },
    { "tensor", "T=3 N=5 K=37 R=1 G=1 w=e5m2 x_scale=f32/T gen=codes" },
    { "deepseek", "T=3 N=9 K=37 R=3 G=5 w=e4m3 x=e4m3 x_scale=f32 rows=4 group=8 gen=codes" },
    { "ends", "T=4 N=6 K=34 R=2 G=7 w=i8 zero=i8 x=bf16 y=f16 rows=5 group=5 gen=ends" },
    { "nvfp4", "T=3 N=5 K=70 R=5 G=5 w=e2m1 scale=e4m3 x_scale=f32/ rows=1 group=16 gen=codes" },
    { "nothing", "T=3 N=7 K=9 R=7 G=2 w=i8 zero=i8 rows=1 group=5 gen=nothing" },
};

#define LINE "T={1,6} N=12 K=70 R=12 G=5 w={u4,i8} zero=i8 rows=1 group=16 "
static const assay_relation relations[] = {
    AFFINE("4 scale: 4 y", LINE "gen=gauss seed=3", "scale", 4, 0, 4, 0),
    AFFINE("-x: -y", LINE "gen=gauss seed=3", "x", -1, 0, -1, 0),
    AFFINE("x_scale / 2: y / 2", LINE "x_scale=f32 gen=gauss seed=3", "x_scale", 0.5, 0, 0.5, 0),
    AFFINE("codes and zero points 3 lower: the same",
           "T=6 N=12 K=70 R=12 G=5 zero=i8 rows=1 group=16 gen=balanced seed=3", "w zero", 1, -3, 1, LOOSE),
    ALONG(REVERSE, "tokens in reverse: in y too", LINE "x_scale=f32 gen=gauss seed=3", "T", 0),
    ALONG(REVERSE, "channels and their scales in reverse: in y too", LINE "gen=gauss seed=3", "NR", LOOSE),
    ALONG(CUT, "tokens in two calls: the same", LINE "gen=gauss seed=3", "T", LOOSE),
};

SUITE(matmul_scaled) = { USUAL_TABLES(matmul_scaled),
                         .fill = codes,
                         .mend = mend,
                         .fits = fits,
                         .land = land,
                         .exact = exact,
                         .unseen = unseen,
                         .raw = raw };
TABLES(matmul_scaled);
