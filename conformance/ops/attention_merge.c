/* SPDX-License-Identifier: MIT
 * attention_merge: cases. */
#include "../../reference/core/values.h"
#include "tables.h"
#include <math.h>

enum { LSE, O, Y, LSE_OUT };

static int64_t at_least_1(int64_t n)
{
    return n ? n : 1;
}
static int64_t part(const assay_case *c, int i, int64_t j)
{
    return j / at_least_1(c->dim[1]) / (i == O ? at_least_1(c->dim[2]) : 1);
}
static int64_t row(const assay_case *c, int i, int64_t j)
{
    return j / (i == O ? at_least_1(c->dim[2]) : 1) % at_least_1(c->dim[1]);
}

/* A third of the parts are empty, all of every fifth row, all but one of the next; in o stands there what must not be
 * seen. */
static bool empty(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    static const double spoilt[] = { NAN, INFINITY, -INFINITY, -0x1.fffffep127 };
    const int64_t E = at_least_1(c->dim[2]);
    for (int64_t k = 0; k < n; k++) {
        const double x = assay_rng_normal(r);
        const int64_t at = row(c, i, k) % 5;
        if (i == LSE)
            value[i][k] = at == 0 || (at == 1 && part(c, i, k)) || (at > 2 && !assay_rng_below(r, 3)) ? -INFINITY : x;
        else
            value[i][k] = value[LSE][k / E] == -INFINITY ? spoilt[k % 4] : x;
    }
    return true;
}
/* One part takes all: the others are empty, or so far below that their weight is 0, also in double. */
static bool one_part(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t P = at_least_1(c->dim[0]);
    for (int64_t k = 0; k < n; k++) {
        const int64_t j = row(c, i, k), top = 8 * (j % 5 + 1);
        const bool wins = part(c, i, k) == j % P;
        const double below = assay_rng_below(r, 2) ? -INFINITY : (double)top - 1024 - 8 * (double)part(c, i, k);
        const double whole = (double)assay_rng_below(r, 255) - 127;
        value[i][k] = i == O ? whole : wins ? (double)top : below;
    }
    return true;
}
/* One kind per row: rising, falling, large of both signs in turn, far above 0, far below it. */
static double far(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const double p = (double)part(c, i, j), x = assay_rng_normal(r);
    const double at[] = { 37.3 * p, -37.3 * p, part(c, i, j) % 2 ? 60 : -60, 95, -110 };
    return i == LSE ? at[row(c, i, j) % 5] + 3 * x : x;
}
static double huge(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    static const double at[] = { 1000, -1000, 3e4, -0x1p20, 0x1p30 };
    const double x = assay_rng_normal(r);
    return i == LSE ? at[row(c, i, j) % 5] * (1 + 0x1p-23 * (double)part(c, i, j)) + x : x;
}
/* Every other part has little weight, and large values. */
static double heavy(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const bool light = part(c, i, j) % 2 == row(c, i, j) % 2;
    const double x = assay_rng_normal(r);
    return i == LSE ? (light ? -17 : 0) + 0.1 * x : light ? ldexp(x, 24) : x;
}
/* All but the first part have subnormal weights, and values that bring them back. */
static double faint(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const double x = assay_rng_normal(r), u = assay_rng_uniform(r);
    const bool first = part(c, i, j) == 0;
    return i == LSE ? (first ? 0 : -88 - 12 * u) : first ? 0 : ldexp(x, 110);
}
/* Parts that undo each other, and whose logarithms are about -ln P: so is what is left of lse_out. */
static double across(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const double little = assay_rng_normal(r) / 64, P = (double)at_least_1(c->dim[0]);
    return i == LSE ? little - log(P) : (part(c, i, j) % 2 ? 3 : -3) + little;
}
/* One kind per row, each in one part: an lse of +inf, and NaN, beside others; NaN beside none but empty parts; then, in
 * o, infinity and NaN, where the others lie 95 above, and so far that its weight underflows, which is not empty. */
static double special(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    enum { KINDS = 5 };
    const double x = assay_rng_normal(r), lse[KINDS] = { INFINITY, NAN, NAN, 0, 0 };
    const double beside[KINDS] = { x, x, -INFINITY, x + 95, x + 115 };
    const int64_t kind = row(c, i, j) % KINDS;
    if (part(c, i, j) != row(c, i, j) / KINDS % at_least_1(c->dim[0]))
        return i == LSE ? beside[kind] : x;
    return i == LSE ? lse[kind] : kind < 3 ? 0 : j % 2 ? NAN : -INFINITY;
}

static const assay_gen gens[] = {
    TIGHT_FILL("empty", ADVERSARIAL, empty,
               "empty parts, wholly empty rows; NaN and infinity in o where a part is empty"),
    GEN_FILL("one-part", EXACT, one_part, "one part takes all"),
    TIGHT_DRAW("far", ADVERSARIAL, far, "lse that rise, fall, differ by 120, or lie beyond what an exponential bears"),
    TIGHT_DRAW("huge", ADVERSARIAL, huge, "lse of 1000 and more that differ little"),
    TIGHT_DRAW("heavy", ADVERSARIAL, heavy, "parts of little weight with large values"),
    TIGHT_DRAW("faint", ADVERSARIAL, faint, "subnormal weights, and values that bring them back"),
    GEN_DRAW("across", ADVERSARIAL, across, "parts that cancel; lse_out about 0"),
    GEN_DRAW(
        "special", CLASS, special,
        "lse of NaN and +inf, NaN beside empty parts alone; infinity and NaN in o of parts of little or no weight"),
};

static const assay_rows rows[] = {
    { "P={1..9} R=5 E=9 lse_out=f32 gen={gauss,empty,far}", ASSAY_QUICK },
    { "P={2,5} R=5 E={1,9} lse_out={f32,none} gen={gauss,empty,far}", ASSAY_QUICK },
    { "P=3 R=6 E={1..17} lse_out=f32 gen={gauss,one-part,heavy}", ASSAY_QUICK },
    { "P={2,3,8} R=10 E={33,64,130} lse_out=f32 gen={empty,far,huge,heavy,across}", ASSAY_QUICK },
    { "P={2,5} R=10 E={8,19} o={f16,bf16} y={f32,f16,bf16} lse_out=f32 gen={gauss,empty,one-part}", ASSAY_QUICK },
    { "P={0,1} R={0,1,7} E={0,5} lse_out=f32 gen=gauss", ASSAY_QUICK },
    { "P={16,33,64,130} R=5 E=20 lse_out=f32 gen={gauss,empty,far,huge}", ASSAY_QUICK },
    { "P={2,3,17,40} R=9 E=5 lse_out=f32 gen=faint", ASSAY_QUICK },
    { "P={2,3,17,40} R=10 E=5 lse_out=f32 gen=special", ASSAY_QUICK },
    { "P=2 R={10..20,40} E=3 lse_out=f32 gen={gauss,across}", ASSAY_QUICK },
    /* values at every place */
    { "P=3 R=5 E=37 o={f32,f16,bf16} lse_out=f32 gen=" ASSAY_VALUES "@{o,lse}", ASSAY_QUICK },
    { "P=3 R=5 E=37 lse_out=f32 gen={zero,signed-zero,denormal,wide}", ASSAY_QUICK },
    { "P=3 R=9 E=37 y={f32,f16,bf16} gen=end@y", ASSAY_QUICK },
    { "P=3 R=12 E=3 lse_out=f32 gen=end@lse_out", ASSAY_QUICK },
};

static const char *const unseen[] = {
    "flushed-lse: beside 0 it changes no exponential",
    "out-flushed-lse_out: where it is subnormal a rounding of the sum takes more",
    NULL,
};

/* All parts hold it, of lse_out what f32 has of it. */
static double land(const assay_case *c, int i, int64_t j)
{
    const int64_t E = at_least_1(c->dim[2]);
    if (c->gen_at == 1 + LSE_OUT)
        return i == LSE ? assay_held(ASSAY_f32, assay_landing(c, row(c, i, j))) : 0;
    return i == O ? assay_landing(c, row(c, i, j) * E + j % E) : 0;
}

/* A14 of the definitions: keys 0, and 1 and 2, of row 1 of A1, whose result it is; and what is ours to say. */
static const assay_known_answer answers[] = {
    { "P=2 E=2 lse_out=f32",
      { { -1.06066017177982, -0.0139596006266021 }, { 1, -2, 3, 1.75 } },
      { 2.480281630255, 0.7755280567281, 0.2869552195475 } },
    { "P=2 lse_out=f32", { { 0, 1.09861228866811 }, { 4, 8 } }, { 7, 1.38629436111989 } },
    { "P=2 lse_out=f32", { { 1000, 1000 }, { 4, 8 } }, { 6, 1000.69314718056 } },
    { "P=2 E=2 lse_out=f32", { { -INFINITY, 3 }, { NAN, INFINITY, -0.5, 7 } }, { -0.5, 7, 3 } },
    { "P=2 lse_out=f32", { { -INFINITY, -INFINITY }, { NAN, 5 } }, { 0, -INFINITY } },
    { "P=2 lse_out=f32", { { INFINITY, 1 }, { 4, 8 } }, { NAN, NAN } },
    { "P=2 lse_out=f32", { { 1, NAN }, { 4, 8 } }, { NAN, NAN } },
    { "P=1 lse_out=f32", { { -7 }, { 0.3 } }, { 0.3, -7 } },
};

/* One pass from the last part to the first: what there is so far is brought down whenever a higher lse comes. */
SECOND(attention_merge)
{
    const int64_t P = a->dim[0], R = a->dim[1], E = a->dim[2];
    const double *lse = a->operand[LSE], *o = a->operand[O];
    double *y = a->operand[Y], *all = a->operand[LSE_OUT];
    for (int64_t i = 0; i < R * at_least_1(E); i++) {
        const int64_t r = i / at_least_1(E);
        long double top = -INFINITY, sum = 0, of = 0;
        bool odd = false;
        for (int64_t p = P - 1; p >= 0; p--) {
            const double l = lse[p * R + r];
            odd |= isnan(l) || l == INFINITY;
            if (l == -INFINITY)
                continue;
            const long double up = fmaxl(top, l), down = top == -INFINITY ? 0 : expl(top - up), w = expl(l - up);
            sum = sum * down + w;
            of = (top == -INFINITY ? 0 : of * down) + (E ? w * o[p * R * E + i] : 0);
            top = up;
        }
        if (E)
            y[i] = odd ? NAN : sum == 0 ? 0 : (double)(of / sum);
        if (all)
            all[r] = odd ? NAN : sum == 0 ? -INFINITY : (double)(top + logl(sum));
    }
}

static const assay_workload workloads[] = {
    { "llama3-8b.decode.split8", "P=8 R=32 E=128", 1 },
    { "llama3-70b.decode.split32", "P=32 R=64 E=128", 1 },
    { "gpt-oss-20b.decode32.split4", "P=4 R=2048 E=64", 32 },
    { "llama3-8b.prefill512.prefix", "P=2 R=16384 E=128 lse_out=f32", 512 },
    { "deepseek-v3.decode.ring8", "P=8 R=128 E=512 lse_out=f32", 1 },
};

static const assay_vector_case vectors[] = {
    { "plain", "P=3 R=5 E=19 lse_out=f32 gen=gauss" },   { "empty", "P=4 R=10 E=9 lse_out=f32 gen=empty" },
    { "far", "P=5 R=5 E=9 lse_out=f32 gen=far" },        { "huge", "P=3 R=5 E=9 lse_out=f32 gen=huge" },
    { "narrow", "P=3 R=5 E=19 o=bf16 y=f16 gen=gauss" }, { "special", "P=3 R=10 E=5 lse_out=f32 gen=special" },
};

#define PARTS "P=5 R=7 E=19 gen={gauss,empty} seed=3"
#define BOTH  "P=5 R=7 E=19 lse_out=f32 gen={gauss,empty} seed=3"
static const assay_relation relations[] = {
    ALONG(REVERSE, "parts in reverse: the same", BOTH, "P", LOOSE),
    ALONG(REVERSE, "rows in reverse: in both results, too", BOTH, "R", 0),
    ALONG(REVERSE, "elements in reverse: in y too", PARTS, "E", 0),
    ALONG(CUT, "rows in two calls: the same", BOTH, "R", 0),
    MORE("three empty parts more: the same", BOTH, "P", "lse", (double)-INFINITY, LOOSE),
    AFFINE("4 o: 4 y", PARTS, "o", 4, 0, 4, 0),
    AFFINE("lse + 8: y is the same", PARTS, "lse", 1, 8, 1, LOOSE),
    { "one part: y is its o", "P=1 R=7 E=19 gen=gauss seed=3", ASSAY_ACT_AFFINE, .on = "lse", .by = 1, .plus = 1,
      .equals = "o" },
};

SUITE(attention_merge) = { USUAL_TABLES(attention_merge), .land = land, .unseen = unseen };
TABLES(attention_merge);
