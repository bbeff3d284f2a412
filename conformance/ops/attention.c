/* SPDX-License-Identifier: MIT
 * attention: cases.  Generators, and the rows. */
#include "../../reference/core/suite.h"
#include "attention_known.h" /* before the letters of the dimensions: it has variables of these names */
#include "attention_second.h"
#include <math.h>

/* What every generator leaves to the op: the operands above. */
static int64_t filled(const assay_case *c, int i, int64_t k, const int64_t *n)
{
    static const int open[] = { 1, 1, -1, 1, -128 };
    switch (i) {
    case QPOS:
        return qpos(c, k / c->dim[T], k % c->dim[T]);
    case KPOS:
        return kpos(c, k / c->dim[S], k % c->dim[S]);
    case LEN:
        return length(c, k);
    case PAGES:
        return page_of(c, k / c->dim[P], k % c->dim[P]);
    default: /* of an open tile any number but 0 */
        return allowed(c, (int64_t[]){ k / n[3] / n[2] / n[1], k / n[3] / n[2] % n[1], k / n[3] % n[2], k % n[3] })
                   ? open[k % 5]
                   : 0;
    }
}
static bool fill(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    static const int along[] = { B, H, X, Y };
    int64_t length_of[4]; /* of allow, as it is stored */
    (void)r;
    for (int d = 0; d < 4; d++)
        length_of[d] = c->spread_over[ALLOW] >> along[d] & 1 ? 1 : c->dim[along[d]];
    for (int64_t k = 0; k < n && i >= QPOS; k++)
        value[i][k] = (double)filled(c, i, k, length_of);
    return i >= QPOS;
}

/* Mask, slopes and sinks.  bias: what the mask adds where it is open. */
static bool rest(int i, int64_t n, double *v, assay_rng *r, double bias)
{
    for (int64_t k = 0; k < n; k++)
        switch (i) {
        case MASK:
            v[k] = assay_rng_below(r, 8) ? bias * assay_rng_normal(r) : -INFINITY;
            break;
        case SLOPES:
            v[k] = (double)(float)pow(2, -8.0 * (double)(k + 1) / (double)n);
            break;
        case SINKS:
            v[k] = 2 * assay_rng_normal(r);
            break;
        default:
            return false;
        }
    return true;
}

static bool gauss(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)c;
    return rest(i, n, value[i], r, 1);
}

/* ---- selection: keys are codes of +-4, a query is 32 times the code of its target: the softmax is one-hot, exactly.
 * The code names the row and the kv head, so a wrong row, page, head or visibility brings another row of v. ---- */

static double code(const assay_case *c, int64_t row, int64_t g, int64_t d)
{
    int64_t bits = 1;
    while (((int64_t)1 << bits) < c->dim[B] * c->dim[S] * c->dim[G])
        bits++;
    return (row * c->dim[G] + g) >> d % bits & 1 ? 4 : -4;
}
static bool selection(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t nd = c->dim[D] > 0 ? c->dim[D] : 1, heads = i == Q ? c->dim[H] : c->dim[G];
    if (i == SINKS) { /* of even heads nothing is left; of odd ones the sink takes nothing */
        for (int64_t k = 0; k < n; k++)
            value[i][k] = k % 2 ? -1e6 : 1e6;
        return true;
    }
    if (i > V)
        return rest(i, n, value[i], r, 0);
    if (i == V)
        return false;
    for (int64_t k = 0; k < n; k++) {
        const int64_t d = k % nd, h = k / nd % heads, row = k / nd / heads;
        if (i == K) {
            value[i][k] = code(c, row, h, d);
            continue;
        }
        const int64_t b = row / c->dim[T], j = target(c, b, row % c->dim[T], h);
        value[i][k] = j < 0 ? 1 : 32 * code(c, row_of(c, b, j), h * c->dim[G] / c->dim[H], d);
    }
    return true;
}

/* ---- forbidden: scores rise with the position in even heads (the newest visible key wins, any newer one would win
 * over it) and fall in odd ones; empty slots, keys beyond the length and rows outside the pages are the strongest. */

static bool forbidden(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t gd = c->dim[G] * c->dim[D];
    if (i == Q)
        for (int64_t k = 0; k < n; k++)
            value[i][k] = (k / (c->dim[D] > 0 ? c->dim[D] : 1)) % c->dim[H] % 2 ? -64 : 64;
    else if (i == K) {
        for (int64_t k = 0; k < n; k++)
            value[i][k] = (double)(c->dim[S] + 40);
        for (int64_t b = 0; b < c->dim[B]; b++)
            for (int64_t j = 0; j < length(c, b); j++)
                for (int64_t k = 0; k < gd && kpos(c, b, j) >= 0; k++)
                    value[i][row_of(c, b, j) * gd + k] = (double)kpos(c, b, j);
    } else
        return i > V && rest(i, n, value[i], r, 0);
    return true;
}

/* ---- alibi: no scores but those of the slopes, so steep that the nearest key (even heads) or the farthest wins. */

static bool alibi(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)c;
    for (int64_t k = 0; k < n; k++)
        if (i == Q || i == SLOPES)
            value[i][k] = i == Q ? 0 : k % 2 ? -128 : 128;
    return i == Q || i == SLOPES || (i > V && rest(i, n, value[i], r, 0));
}

/* ---- masked rows: whole rows closed; the first half closed; only the last key open; a constant throughout, -1e4, or
 * the lowest number of f16, which models write there for what is hidden. */

static bool masked_rows(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t s = c->dim[S];
    if (i != MASK || s == 0 || n % s)
        return i > V && rest(i, n, value[i], r, 1);
    const double low = c->type[MASK] == ASSAY_f16 ? -65504 : -1e4;
    for (int64_t k = 0; k < n; k++) {
        const int64_t kind = k / s % 4, j = k % s;
        value[i][k] = kind == 0 || (kind == 1 && j < s / 2) || (kind == 2 && j < s - 1) ? -INFINITY
                      : kind == 3                                                       ? low
                                                                                        : 0;
    }
    return true;
}

/* ---- scores of a given shape: one dimension of q and k carries it, the others are small and random. */

static bool shaped(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r, double first, double step)
{
    const int64_t nd = c->dim[D] > 0 ? c->dim[D] : 1;
    if (i > V)
        return rest(i, n, value[i], r, 1);
    for (int64_t k = 0; k < n; k++) {
        const double shape = i == Q ? sqrt((double)nd) : first + step * (double)(k / nd / c->dim[G] % c->dim[S]);
        value[i][k] = k % nd == 0 && i != V ? shape : assay_rng_normal(r);
    }
    return true;
}
static bool huge(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    return shaped(c, i, n, value, r, 1000, 0);
}
static bool ramp_up(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    return shaped(c, i, n, value, r, -20, 0.25);
}
static bool ramp_down(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    return shaped(c, i, n, value, r, 20, -0.25);
}
/* so slowly that no weight is lost: an online softmax rescales all it has at every block */
static bool creep(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t nd = c->dim[D] > 0 ? c->dim[D] : 1;
    if (i >= V)
        return i > V && rest(i, n, value[i], r, 0);
    for (int64_t k = 0; k < n; k++)
        value[i][k] = k % nd   ? 0
                      : i == Q ? sqrt((double)nd)
                               : ldexp((double)(k / nd / c->dim[G] % c->dim[S]) + 0.5 * assay_rng_uniform(r), -13);
    return true;
}
static bool deep(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    return shaped(c, i, n, value, r, -1e5, 0.125);
}

/* ---- two keys whose scores differ by just under ln 2 / 2, where a polynomial for exp is worst; values 1 and -1. */

static bool exp_edge(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)c;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = i == Q ? 1 - 0.001 * (double)k : i == K ? (k % 2 ? -0.3465 : 0) : k % 2 ? -1 : 1;
    return i <= V || rest(i, n, value[i], r, 0);
}

/* ---- all rows of v are equal: so must the output be. */

static bool equal_values(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t ne = c->dim[E] > 0 ? c->dim[E] : 1;
    if (i != V)
        return gauss(c, i, n, value, r);
    for (int64_t k = 0; k < n; k++)
        value[i][k] = 1 + 0.1 * (double)(k % ne % 7);
    return true;
}

/* ---- NaN and infinity in the newest key and in one in the middle: a query that does not see them must not know. */

static bool special(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t row = c->dim[G] * (i == V ? c->dim[E] : c->dim[D]), s = c->dim[S];
    if (i != K && i != V)
        return gauss(c, i, n, value, r);
    for (int64_t k = 0; k < n; k++)
        value[i][k] = assay_rng_normal(r);
    for (int64_t b = 0; b < c->dim[B] && s > 0 && row > 0; b++) {
        value[i][(b * s + s - 1) * row] = NAN;
        value[i][(b * s + s / 2) * row + row - 1] = i == V ? INFINITY : NAN;
    }
    return true;
}

/* ---- one key in four has a score of -inf and a value that is not finite: it counts for nothing. */

static bool lost(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t row = c->dim[G] * (i == V ? c->dim[E] : c->dim[D]);
    for (int64_t k = 0; k < n && i <= V; k++) {
        const bool counts = i == Q || k / row % 4;
        value[i][k] = counts ? fabs(assay_rng_normal(r)) + 0.1 : i == K ? -INFINITY : k % 3 ? INFINITY : NAN;
    }
    return i <= V || rest(i, n, value[i], r, 1);
}

/* ---- the last two keys are masked, for every query, and hold NaN and infinity: nobody may know. */

static bool under_mask(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t S_ = c->dim[S], row = c->dim[G] * (i == V ? c->dim[E] : c->dim[D]);
    for (int64_t k = 0; k < n && i <= MASK; k++) {
        const int64_t j = i == MASK ? k % S_ : i == Q ? 0 : k / row % S_;
        value[i][k] = i == MASK     ? (j + 2 < S_ ? 0 : -INFINITY)
                      : j + 2 < S_  ? assay_rng_normal(r)
                      : j == S_ - 1 ? NAN
                                    : INFINITY;
    }
    return i <= MASK || rest(i, n, value[i], r, 1);
}

/* ---- sinks so far above all scores that exp overflows without them in the maximum; values so large that what is left
 * for the keys is still a normal number. ---- */

static bool high_sinks(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)c;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = i == SINKS ? 100 : i == V ? ldexp(assay_rng_normal(r), 100) : assay_rng_normal(r);
    return i <= V || i == SINKS;
}

static const assay_gen gens[] = {
    { "gauss", ASSAY_TAG_RANDOM, gauss, .says = "normal deviates, optional operands of a fitting size" },
    { "selection", ASSAY_TAG_EXACT, selection,
      .says = "one key takes all the weight, bit for bit: a wrong row, page, head or visibility brings another value" },
    { "forbidden", ASSAY_TAG_EXACT, forbidden,
      .says = "hidden keys, empty slots and rows beyond the length are the strongest" },
    { "alibi", ASSAY_TAG_EXACT, alibi,
      .says = "scores by the slopes alone, so steep that the nearest or the farthest key takes all" },
    { "masked-rows", ASSAY_TAG_ADVERSARIAL, masked_rows,
      .says = "rows masked wholly, by half, but for the last key, or by -1e4, in f16 by -65504, throughout",
      .tight = true },
    { "huge", ASSAY_TAG_ADVERSARIAL, huge, .says = "scores of 1000" },
    { "creep", ASSAY_TAG_ADVERSARIAL, creep, .says = "scores that rise so slowly that no weight is lost" },
    { "deep", ASSAY_TAG_ADVERSARIAL, deep, .says = "scores about -100,000" },
    { "ramp-up", ASSAY_TAG_ADVERSARIAL, ramp_up, .says = "rising scores" },
    { "ramp-down", ASSAY_TAG_ADVERSARIAL, ramp_down, .says = "falling scores" },
    { "exp-edge", ASSAY_TAG_ADVERSARIAL, exp_edge, .says = "two keys whose scores differ by just under ln 2 / 2",
      .tight = true },
    { "equal-values", ASSAY_TAG_ADVERSARIAL, equal_values, .says = "all rows of v equal: so must the output be" },
    { "special", ASSAY_TAG_CLASS, special, .says = "NaN and infinity in the newest key and in one in the middle" },
    { "lost", ASSAY_TAG_CLASS, lost, .says = "one key in four with a score of -inf, and a value of infinity or NaN" },
    { "under-mask", ASSAY_TAG_CLASS, under_mask, .says = "NaN and infinity in two keys that are masked for all" },
    { "high-sinks", ASSAY_TAG_ADVERSARIAL, high_sinks,
      .says = "sinks so far above the scores that exp overflows without them in the maximum", .tight = true },
};

static const assay_rows rows[] = {
    /* sizes: key tails, head sizes, one query to a few; zero lengths */
    { "T={1,3} S={1..17,33,64,65} H=2 D=16 E=16 causal=1 gen=gauss", ASSAY_QUICK },
    { "T=3 S={7,31,47,66} H=2 D=8 E=8 gen=gauss", ASSAY_QUICK },
    { "T=2 S=21 H=3 D={1..17,40,80} E=1 causal=1 gen=gauss", ASSAY_QUICK },
    { "T=3 S=37 D=24 E={1..17,31,64,128} gen=gauss", ASSAY_QUICK },
    { "T=2 S=9 H={1..16} D=8 E=3 causal=1 gen=gauss", ASSAY_QUICK },
    { "T={0,2} S={0,3} D={1,4} E={0,4} gen=gauss", ASSAY_QUICK },
    { "B={0,2} T={1,2,17} S=35 H=6 G=2 D=16 E=8 causal={0,1} gen={gauss,selection}", ASSAY_QUICK },
    /* heads: every kind of sharing */
    { "T={1,4} S=35 H=12 G={1,2,3,4,12} D=16 E=8 causal=1 gen=selection", ASSAY_QUICK },
    { "T={1,7} S=40 H={7,28,42} G={1,7} D=16 E=8 causal=1 gen={selection,forbidden,gauss}", ASSAY_FULL },
    /* visibility: windows, positions, lengths, pages */
    { "B=2 T={1,6} S={33,70} H=4 G=2 D=16 E=8 causal=1 window={0,1,2,16} gen={selection,forbidden}", ASSAY_QUICK },
    { "B=2 T={1,6} S=70 H=2 G=1 D=16 E=8 window={0,1,33} gen={selection,forbidden}", ASSAY_QUICK },
    { "B=5 T={1,6} S=37 H=2 G=1 D=16 E=8 len=i32 causal={0,1} window={0,5} gen={selection,forbidden}", ASSAY_QUICK },
    { "B=5 T=5 S=77 H=2 G=1 D=16 E=8 len=i32 causal=1 gen=gauss", ASSAY_QUICK },
    { "B=3 T={1,6} S=75 H=2 G=1 D=16 E=8 kpos=i32 qpos=i32 causal=1 window={0,20} gen={selection,forbidden,gauss}",
      ASSAY_QUICK },
    { "B=64 S=2 D=64 kpos=i32 qpos=i32 gen=forbidden", ASSAY_QUICK }, /* newest slots that are empty */
    { "B=2 T={1,5} S=75 H=2 G=1 D=16 E=8 qpos=i32 causal={0,1} gen={selection,gauss}", ASSAY_QUICK },
    { "B=4 T={1,6} S=96 P=6 H=2 G=1 D=16 E=8 len=i32 pages=i32 page=16 causal=1 gen={selection,forbidden,gauss}",
      ASSAY_QUICK },
    { "B=2 T=5 S=64 P={2,9,10} H=2 D=16 E=8 pages=i32 page=7 causal={0,1} gen={selection,gauss}", ASSAY_QUICK },
    /* prefix, sides of the window, chunks, tiles of what may be seen */
    { "B=2 T=6 S=33 H=2 G=1 D=32 E=8 causal=1 prefix={1,20,32} window={0,9} gen={selection,forbidden}", ASSAY_QUICK },
    { "B=2 T=9 S=20 H=2 G=1 D=32 E=8 right={1,2,7} window={0,3} causal=0 gen={selection,forbidden}", ASSAY_QUICK },
    { "T=9 S=40 H=2 G=1 D=32 E=8 right=5 causal=1 prefix={33,39} chunk={0,16} gen={selection,gauss}", ASSAY_QUICK },
    { "T={1,9} S={5,9,70} H=2 G=1 D=16 E=8 chunk={1,7,64} causal={0,1} gen={selection,forbidden}", ASSAY_QUICK },
    { "B=2 T=5 S=20 H=2 G=1 D=32 E=8 kpos=i32 qpos=i32 chunk=8 prefix=9 causal={0,1} right={0,2} gen=selection",
      ASSAY_QUICK },
    /* numbers beyond 2^16 and 2^24, which cut to so many bits would hide keys */
    { "B=2 T=5 S=20 H=2 D=16 E=8 kpos=i32 qpos=i32 right={65538,16777217} gen=selection", ASSAY_QUICK },
    { "B=2 T=5 S=20 H=2 D=16 E=8 kpos=i32 qpos=i32 causal=1 prefix={65540,16777217} gen=selection", ASSAY_QUICK },
    { "B=2 T=5 S=20 H=2 D=16 E=8 kpos=i32 qpos=i32 chunk={65538,16777217} gen=selection", ASSAY_QUICK },
    /* more tiles than are needed: a kernel may take them for smaller ones */
    { "B=2 T=3 S=20 X=3 Y=20 H=4 G=2 D=16 E=8 allow=i8 tile=65538 gen=selection", ASSAY_QUICK },
    { "T=9 S=11 X=9 Y=11 H=2 G=1 D=32 E=32 k=* allow=i8 tile=2 gen=selection", ASSAY_QUICK },
    { "T=9 S=11 X=9 Y=11 H=2 G=1 D=32 E=32 v={f16,bf16,q8_0,q4_0,e4m3,e5m2} allow=i8 tile=3 gen=selection",
      ASSAY_QUICK },
    { "T=9 S=11 X=9 Y=11 H=2 G=1 D=32 E=8 o={f16,bf16} allow=i8 tile=4 gen=selection", ASSAY_QUICK },
    { "B=2 T=5 S=13 X=5 Y=13 H=4 G=2 D=32 E=8 allow={i8,i8/XY,i8/HY,i8/BX} causal={0,1} gen={selection,gauss}",
      ASSAY_QUICK },
    { "B=2 T=9 S=150 X=3 Y=50 H=4 G=2 D=16 E=8 allow=i8 tile=3 gen={selection,gauss,special}", ASSAY_QUICK },
    { "T=33 S=150 X=2 Y=5 H=2 D=16 E=8 allow={i8,i8/XY} tile=32 causal=1 gen=selection", ASSAY_QUICK },
    { "T=2 S=21 X=1 Y=1 H=4 D=16 E=8 allow=i8 tile=32 mask=f32 sinks=f32 gen={gauss,masked-rows}", ASSAY_QUICK },
    { "T=5 S={1,9,40} H=4 G=2 D=8 E=5 sinks={none,f32} causal={0,1} gen=lost", ASSAY_QUICK },
    /* what changes scores */
    { "B=2 T={1,5} S=50 H=4 G=2 D=16 E=8 mask={f32,f32/TS,f32/BH,f32/HT,f32/BS} causal={0,1} gen=gauss", ASSAY_QUICK },
    { "B=2 T=5 S=50 H=4 G=2 D=16 E=8 mask={f32,f32/TS,f32/HS} gen=masked-rows", ASSAY_QUICK },
    { "T={1,5} S=150 H=4 G=2 D=16 E=8 slopes=f32 causal=1 gen={gauss,alibi}", ASSAY_QUICK },
    { "T=5 S=40 H=4 G=2 D=16 E=8 slopes=f32 gen=gauss", ASSAY_QUICK },
    /* far from all keys: what the bias takes in rounding is nearly all */
    { "B=2 T=5 S=9 H=4 D=1 E=4 slopes=f32 kpos=i32 qpos=i32 right=1000 gen=gauss", ASSAY_QUICK },
    { "T={1,5} S=40 H=4 G=2 D=16 E=8 sinks=f32 causal=1 window={0,3} gen={gauss,selection}", ASSAY_QUICK },
    { "T={1,5} S=40 H=4 G=2 D=16 E=8 sinks=f32 gen=high-sinks", ASSAY_QUICK },
    { "T={1,5} S={9,40} H=4 G=2 D=16 E=8 mask={f32,f32/S} gen=under-mask", ASSAY_QUICK },
    { "T={1,5} S=65 H=2 G=1 D=16 E=8 softcap={0.7,2.3,50} scale={0,0.5,1.3} causal=1 gen={gauss,huge}", ASSAY_QUICK },
    { "B=2 T=4 S=65 H=4 G=2 D=16 E=8 mask=f32 slopes=f32 sinks=f32 len=i32 softcap=20 causal=1 gen=gauss",
      ASSAY_QUICK },
    { "B=2 T=4 S=65 H=4 G=2 D=16 E=8 mask=f32 slopes=f32 sinks=f32 kpos=i32 qpos=i32 window=30 gen=gauss",
      ASSAY_QUICK },
    /* numbers */
    { "T=4 S={64,130} H=2 G=1 D=16 E=8 causal={0,1} gen={huge,deep,ramp-up,ramp-down,equal-values,special}",
      ASSAY_QUICK },
    { "T=4 S=64 H=2 D=16 E=8 scale=1 causal={0,1} gen={zero,equal,positive,spike,uniform}", ASSAY_QUICK },
    { "T=70 S={1,2,5} H=1 D={1,8} E=8 gen={short,uniform}", ASSAY_QUICK },
    { "T=70 S=2 D=1 E=1 gen=exp-edge", ASSAY_QUICK },
    { "T=1 S=4096 D=4 E=1 gen={gauss,equal,positive,ramp,ramp-up,ramp-down,creep,equal-values}", ASSAY_QUICK },
    { "T=1 S=32768 D=1 E=1 gen={equal,positive,ramp,ramp-up,creep}", ASSAY_QUICK },
    { "T=3 S={130,600} H=2 D=16 E=8 gen=creep", ASSAY_QUICK },
    /* types and storage orders */
    { "T=1 S=20 H=2 G=1 D=32 E=32 k=* v=* causal=1 gen=gauss", ASSAY_QUICK },
    { "T=5 S=20 H=2 G=1 D=32 E=32 k=* v=* causal=1 gen=selection", ASSAY_QUICK },
    { "T=5 S=20 H=2 G=1 D=32 E=32 k=* o={f16,bf16} causal=1 gen=selection", ASSAY_QUICK },
    { "T={1,9} S=70 H=4 G=2 D=16 E={5,8,16} o={f16,bf16} causal=1 gen={gauss,special}", ASSAY_QUICK },
    { "T={1,5} S={1,15,16,17,90} H=4 G=2 D={16,33} E=32 k={f32:kpanel16,f16:kpanel16} v=f16 causal=1 gen=selection",
      ASSAY_QUICK },
    { "T={1,5} S=70 H=4 G=2 D=32 E=16 k={f32:kpanel16,f16:kpanel16} v={f32,f16} causal=1 gen=gauss", ASSAY_QUICK },
    { "B=2 T=6 S=50 H=2 D=16 E=8 k=bf16:kpanel16 len=i32 causal=1 gen=selection", ASSAY_QUICK },
    /* queries, caches and masks of 16 and 8 bits */
    { "T={1,7} S=40 H=4 G=2 D={16,17,33} E=8 q={f16,bf16} causal=1 gen={selection,gauss}", ASSAY_QUICK },
    { "T=5 S=40 H=4 G=2 D=33 E=8 q={f16,bf16} k={f16,bf16,e5m2} v={f16,e4m3} scale={0.3,1.3} gen={gauss,special}",
      ASSAY_QUICK },
    { "B=2 T={1,5} S=50 H=4 G=2 D=16 E=8 mask={f16,bf16,f16/TS,bf16/BS,f16/HT,bf16/BH} causal={0,1} gen=gauss",
      ASSAY_QUICK },
    { "B=2 T=5 S=50 H=4 G=2 D=16 E=8 q={f32,bf16} mask={f16,f16/TS,bf16,bf16/HS} gen={masked-rows,under-mask}",
      ASSAY_QUICK },
    { "T=9 S=11 X=9 Y=11 H=2 G=1 D=32 E=8 q={f16,bf16} allow=i8 tile=2 gen=selection", ASSAY_QUICK },
    { "T=9 S=11 X=9 Y=11 H=2 D=16 E=8 allow=i8 tile=3 mask={f32,f16/TS,bf16/BT} sinks=f32 gen=gauss", ASSAY_QUICK },
    /* sums that overflow before the sink is merged, and would not after */
    { "B=2 T=1 S=2 H=16 G=16 D=4 E=6 sinks=f32 gen=end@v", ASSAY_QUICK },
    { "T={1,5} S=70 H=2 G=1 D=16 E=8 k={e4m3,e5m2} v={e4m3,e5m2} causal=1 gen={gauss,selection,special}", ASSAY_QUICK },
    /* a query alone goes another way than among many: through segments of keys that units share, K in rows */
    { "T=13 S=520 H=2 G=1 D=32 E=8 k={f32,f16,q8_0} qpos=i32 causal=1 gen={gauss,special}", ASSAY_QUICK },
    { "B=2 T=14 S=530 H=2 G=1 D=16 E=8 mask=f32 qpos=i32 kpos=i32 window=300 sinks=f32 gen=gauss", ASSAY_QUICK },
    /* larger ones: several blocks of keys and queries, split decode */
    { "T=1 S=770 H=9 G=3 D=32 E=24 causal=1 gen={selection,forbidden,ramp-up}", ASSAY_QUICK },
    { "T=65 S=130 H=3 G=1 D=16 E=8 causal=1 window={0,50} gen=selection", ASSAY_QUICK },
    { "B=3 T=2 S=600 H=2 G=1 D=16 E=8 len=i32 causal=1 window={0,40} sinks=f32 gen=selection", ASSAY_QUICK },
    { "T=1 S={512,1100} H=9 G=3 D=64 E=64 k={f32,f16,q8_0} v={f32,f16,q8_0} causal=1 gen=gauss", ASSAY_FULL },
    { "T=1 S={513,2049} H=9 G=3 D=64 E=64 causal=1 gen={selection,forbidden,ramp-up,ramp-down}", ASSAY_FULL },
    { "T=130 S={130,300} H=6 G=2 D=64 E=64 causal={0,1} gen={gauss,selection}", ASSAY_FULL },
    { "B=3 T=2 S=700 H=4 G=2 D=16 E=16 len=i32 causal=1 window={0,40} sinks=f32 gen=gauss", ASSAY_FULL },
    { "T=2 S=4096 H=2 G=1 D=64 E=16 causal=1 gen={gauss,equal,ramp-up}", ASSAY_FULL },
    /* values at every place */
    { "B=2 T=3 S=19 H=2 G=1 D=8 E=20 gen=" ASSAY_VALUES "@{q,k,v}", ASSAY_QUICK },
    { "T=3 S=19 H=2 G=1 D=8 E=20 k={f16,bf16} v={f16,bf16} causal=1 gen=" ASSAY_VALUES "@{k,v}", ASSAY_QUICK },
    { "B=2 T=3 S=19 H=2 G=1 D=8 E=20 q={f16,bf16} gen=" ASSAY_VALUES "@q", ASSAY_QUICK },
    { "T=3 S=37 H=2 D=8 E=8 mask=f32 slopes=f32 sinks=f32 gen=" ASSAY_VALUES "@sinks", ASSAY_QUICK },
    /* not inf-inf: an infinite slope times a distance of 0 is NaN, which a kernel that leaves closed keys out never
       forms */
    { "T=3 S=37 H=2 D=8 E=8 mask=f32 slopes=f32 sinks=f32 "
      "gen={nan,inf,minus-inf,signed-zero,subnormal,smallest-normal,end,equal-start,zero-tile,low-tile,one-spike,"
      "all-low}@slopes",
      ASSAY_QUICK },
    { "T=3 S=37 H=2 D=8 E=8 mask={f32,f16,bf16} slopes=f32 sinks=f32 gen=" ASSAY_MASK_VALUES "@mask", ASSAY_QUICK },
    { "T=3 S=19 H=2 G=1 D=32 E=64 k=q8_0 v=q8_0 gen=" ASSAY_SCALES "@{k,v}", ASSAY_QUICK },
    { "T=3 S=37 H=2 D=8 E=8 gen={square-under,square-over,zero-inf}@{q,k}", ASSAY_QUICK },
    { "T=2 S=14 H=2 gen=end@k seed=4", ASSAY_QUICK }, /* two scores of 10^32, an ulp apart */
    { "D=8 E=8 gen=zero-inf@{q,k}", ASSAY_QUICK },
    { "T=3 S=37 H=4 G=2 D=8 E=8 scale=1e6 gen=subnormal@{q,k}", ASSAY_QUICK }, /* lifted far enough to decide */
    { "T=3 S=17 H=2 D=8 E=8 o={f16,bf16} gen=" ASSAY_VALUES "@v", ASSAY_QUICK },
    { "T=3 S=17 H=2 D=32 E=32 k=q4_0 v=q4_0 gen=" ASSAY_SCALES "@{k,v}", ASSAY_QUICK },
    /* pages and windows beyond 2^16 */
    { "B=2 T=2 S=65600 P=8 pages=i32 page=1 gen=gauss", ASSAY_QUICK },
    { "S=65600 P=2 D=17 E=1 pages=i32 page=65580 window=65538 causal=1 gen=selection", ASSAY_QUICK },
    { "S=65600 D=17 E=1 window=500 causal=1 kpos=i32 gen=selection", ASSAY_QUICK },
    { "B=2 T=3 S=37 H=2 G=1 D=16 E=8 kpos=i32 qpos=i32 window=16777217 causal={0,1} gen={selection,gauss}",
      ASSAY_QUICK }, /* beyond what a float holds, between positions with gaps */
};

/* Pages of 16 where no size is given, as many as hold the keys, and as many tiles; kpanel16 holds f32, f16 and bf16. */
static void mend(assay_case *c)
{
    assay_attention_params *p = (void *)c->params;
    if (!has(c, PAGES))
        p->page = 0;
    else if (!p->page)
        p->page = 16;
    c->dim[P] = has(c, PAGES) && c->dim[S] > 0 ? (c->dim[S] + p->page - 1) / p->page : 1;
    if (has(c, ALLOW) && !p->tile)
        p->tile = 1;
    c->dim[X] = has(c, ALLOW) ? (c->dim[T] + p->tile - 1) / p->tile : 1;
    c->dim[Y] = has(c, ALLOW) ? (c->dim[S] + p->tile - 1) / p->tile : 1;
    if (c->type[K] == ASSAY_q8_0 || c->type[K] == ASSAY_q4_0 || c->type[K] == ASSAY_e4m3 || c->type[K] == ASSAY_e5m2)
        c->layout[K] = 0;
}

static const char *const unseen[] = {
    "skips-slopes-sinks: no product has both",
    "skips-sinks-slopes: no product has both",
    "flushed-mask: it adds less than 2^-126 to a score, which no exponential shows",
    "flushed-sinks: it differs from 0 by less than 2^-126, which no exponential shows",
    "flushed-slopes: times any distance it adds less than 2^-94 to a score, which no exponential shows",
    "value-16-allow: its type holds 8 bits",
    "field-cut-page-24: a page that is longer than all keys is as good as another, and no case has 2^24 keys",
    NULL,
};

const assay_suite assay_suite_attention = {
    .op = "attention",
    .rows = rows,
    .n_rows = ASSAY_COUNT_OF(rows),
    .gens = gens,
    .n_gens = ASSAY_COUNT_OF(gens),
    .fill = fill,
    .second = second_attention,
    .known = attention_known,
    .unseen = unseen,
    .mend = mend,
};
