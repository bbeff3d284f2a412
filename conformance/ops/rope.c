/* SPDX-License-Identifier: MIT
 * rope: cases. */
#include "../../reference/core/values.h"
#include "tables.h"
#include "assay/params/rope.h"
#include <math.h>
#include <stdlib.h>

enum { X, POS, FREQ, AXIS, COS, SIN, Y };

/* Frequencies as models have them: base^(-2r/R), the slower half divided by 8 (Llama-3), so that no formula of the
 * op's own gives them. */
static void usual_frequencies(int64_t n, double *f)
{
    for (int64_t r = 0; r < n; r++)
        f[r] = pow(10000, -(double)r / (double)n) / (2 * r < n ? 1 : 8);
}

/* Position 0: the identity, bit for bit. */
static bool origin(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)c;
    for (int64_t k = 0; k < n && i != AXIS; k++)
        value[i][k] = i == POS || i == SIN ? 0 : i == COS ? 1 : (double)(assay_rng_below(r, 17) - 8);
    return i != AXIS;
}

/* Quarter turns: pairs change places and signs; every element has a value of its own. */
static bool quarter(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)c, (void)r;
    for (int64_t k = 0; k < n && i != AXIS; k++)
        value[i][k] = i == POS    ? (double)(k % 4)
                      : i == FREQ ? (double)(1 + k % 3) * 1.57079632679489662
                      : i == COS  ? (double)(k % 4 == 0) - (k % 4 == 2)
                      : i == SIN  ? (double)(k % 4 == 1) - (k % 4 == 3)
                                  : 1 + (double)k;
    return i != AXIS;
}

/* As positions, what[k]; vectors are left to gauss. */
static bool placed(int i, int64_t n, double *const *value, const int32_t *what, size_t n_what)
{
    if (i == FREQ)
        usual_frequencies(n, value[i]);
    for (int64_t k = 0; i == POS && k < n; k++)
        value[i][k] = what[(size_t)k % n_what];
    return i == FREQ || i == POS;
}
static bool far(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    static const int32_t p[] = { 131071, 131070, 100003, 65537, 77777, 32768 };
    (void)c, (void)r;
    return placed(i, n, value, p, ASSAY_COUNT_OF(p));
}
static bool scattered(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    static const int32_t p[] = { 7, 0, 4096, 1, 131071, 2, 1024, -3, 7, 999999 };
    (void)c, (void)r;
    return placed(i, n, value, p, ASSAY_COUNT_OF(p));
}
static bool neighbours(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    static const int32_t p[] = { 255, 256, 257, 258, 259, 260, 15962, 15963 };
    (void)c, (void)r;
    return placed(i, n, value, p, ASSAY_COUNT_OF(p));
}
/* One element of each head is 1: shows which pair it belongs to. */
static bool unit(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t D = c->dim[2];
    (void)r;
    if (i == FREQ)
        usual_frequencies(n, value[i]);
    for (int64_t k = 0; k < n && (i == POS || i == X); k++)
        value[i][k] = i == POS ? (double)(k + 1) : (double)(k % D == k / D % D);
    return i <= FREQ;
}

/* Products that are subnormal. */
static bool faint(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    for (int64_t k = 0; k < n && i == X; k++)
        value[i][k] = 0x1p-140 * assay_rng_normal(r);
    return i == X || unit(c, i, n, value, r);
}
/* Axes in sections, or where pairs lie side by side in turn, as Qwen2-VL and Qwen3-VL have them. */
static bool sections(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const assay_rope_params *p = (const void *)c->params;
    const int64_t S = c->dim[4];
    (void)r;
    for (int64_t k = 0; i == AXIS && S && k < n; k++)
        value[i][k] = (double)(p->mode == ASSAY_ROPE_HALF ? k * S / n : k % S);
    return i == AXIS;
}
/* Positions, whatever the generator: each axis its own, and with tables those that they have. */
static bool positions(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t T = c->dim[0], P = c->dim[5] ? c->dim[5] : 1;
    if (i != POS)
        return false;
    const bool said = c->gen->fill && c->gen->fill(c, i, n, value, r);
    for (int64_t k = 0; k < n; k++) {
        const int64_t at = said ? (int64_t)value[i][k] : k % T + 5 * (k / T);
        value[i][k] = (double)(c->present >> COS & 1 ? llabs(at) % P : at);
    }
    return true;
}

static const assay_gen gens[] = {
    GEN_FILL("origin", EXACT, origin, "position 0: the identity"),
    TIGHT_FILL("quarter", ADVERSARIAL, quarter, "quarter turns: pairs change places and signs"),
    TIGHT_FILL("far", ADVERSARIAL, far, "positions up to 131,071"),
    TIGHT_FILL("scattered", ADVERSARIAL, scattered, "positions in no order, one negative, one twice"),
    TIGHT_FILL("neighbours", ADVERSARIAL, neighbours, "positions that follow each other"),
    TIGHT_FILL("faint", ADVERSARIAL, faint, "products that are subnormal"),
    TIGHT_FILL("unit", ADVERSARIAL, unit, "one element of each head is 1"),
    GEN_FILL("sections", ADVERSARIAL, sections, "axes in sections, or in turn"),
};

#define BOTH "mode={interleaved,half} "
/* Every tail of a table of frequencies */
#define TABLE(F, R)                                                                                                    \
    {                                                                                                                  \
        "T=2 H=2 D=" #R " F=" #F " inv_freq=f32 mode={interleaved,half} gen=gauss", ASSAY_QUICK                        \
    }
static const assay_rows rows[] = {
    TABLE(1, 2),
    TABLE(2, 4),
    TABLE(3, 6),
    TABLE(4, 8),
    TABLE(5, 10),
    TABLE(6, 12),
    TABLE(7, 14),
    TABLE(8, 16),
    TABLE(9, 18),
    TABLE(10, 20),
    TABLE(11, 22),
    TABLE(12, 24),
    TABLE(13, 26),
    TABLE(14, 28),
    TABLE(15, 30),
    { "T=3 H=2 D={2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,32,34} " BOTH "gen=gauss", ASSAY_QUICK },
    { "T=6 H=2 D={64,80,96,128,256} " BOTH "gen={gauss,far,scattered,neighbours,unit}", ASSAY_QUICK },
    { "T=4 H=3 D=64 base={0.7,500.3,500000} " BOTH "gen={uniform,far}", ASSAY_QUICK },
    { "T=3 H=2 D=40 n_dims={2,6,16,34} " BOTH "gen={gauss,far,origin,unit}", ASSAY_QUICK },
    { "T=3 H=2 D={7,9,11,13,15,17,19} n_dims=6 " BOTH "gen=gauss", ASSAY_QUICK },
    { "T=3 H=2 D={3,5} n_dims=2 " BOTH "gen={gauss,unit}", ASSAY_QUICK },
    { "T=2 H={9,16,17,31,33,64} D=6 " BOTH "gen=gauss", ASSAY_QUICK },
    { "T=8 H=2 D=32 F=16 inv_freq=f32 " BOTH "gen={gauss,quarter,far,scattered,neighbours,unit,origin}", ASSAY_QUICK },
    { "T=6 H=1 D=50 n_dims=34 F=17 inv_freq=f32 " BOTH "gen={uniform,quarter,far,unit}", ASSAY_QUICK },
    { "T=6 H=2 D={8,34} " BOTH "gen=faint", ASSAY_QUICK },
    { "T={0,1} H={0,1} D={0,2,34} " BOTH "gen=gauss", ASSAY_QUICK },
    { "T=3 H=2 D={18,32} " BOTH "gen={special,zero,signed-zero,denormal,equal,wide}", ASSAY_QUICK },
    { "T=70 H=9 D=64 F=32 inv_freq=f32 " BOTH "gen={gauss,far}", ASSAY_FULL },
    { "T=40 H=3 D=128 " BOTH "gen={gauss,far,ramp}", ASSAY_FULL },
    /* magnitude, axes, tables */
    { "T=4 H=2 D=18 n_dims={0,4} magnitude={0.7,1.3465736} " BOTH "gen={gauss,far,faint,origin}", ASSAY_QUICK },
    { "T=3 H=2 D=18 magnitude=1.3465736 " BOTH "gen={special,zero,signed-zero,denormal,equal,wide}", ASSAY_QUICK },
    { "T=5 H=2 D=34 F=17 inv_freq={f32,none} axis=i32 S={2,3} magnitude=1.3465736 " BOTH
      "gen={gauss,sections,scattered,unit}",
      ASSAY_QUICK },
    { "T=5 H=2 D=35 n_dims=34 F=17 cos=f32 sin=f32 P=7 magnitude={0,0.7} " BOTH "gen={gauss,quarter,unit,faint,origin}",
      ASSAY_QUICK },
    { "T=3 H=2 D={2,3} F=1 cos=f32 sin=f32 axis={i32,none} n_dims=2 S=2 P=9 " BOTH "gen=gauss", ASSAY_QUICK },
    { "T=3 H=2 D={16,21} F=8 cos=f32 sin=f32 axis={i32,none} n_dims=16 S=3 P=9 " BOTH "gen={gauss,sections}",
      ASSAY_QUICK },
    { "T=6 H=1 D=4 F=2 P=70000 cos=f32 sin=f32 " BOTH "gen=far", ASSAY_QUICK }, /* rows beyond 2^16 */
    { "T=3 H=2 D=18 F=9 P=5 cos=f32 sin=f32 magnitude={0,1.3465736} gen={special,zero,signed-zero,denormal,equal,wide}",
      ASSAY_QUICK },
    /* values at every place */
    { "T=5 H=3 D=40 F=20 mode=half inv_freq=f32 gen=" ASSAY_VALUES "@{x,inv_freq}", ASSAY_QUICK },
    { "T=5 H=3 D=40 gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
    { "T=5 H=3 D=40 F=20 P=4 S=2 axis=i32 cos=f32 sin=f32 gen=" ASSAY_VALUES "@{cos,sin}", ASSAY_QUICK },
    { "T=5 H=2 D=12 F=6 inv_freq=f32 gen=nan@inv_freq seed={1..6}", ASSAY_QUICK }, /* one NaN each, of every sort */
    { "T=8 H=2 D={6,40} " BOTH "gen=far@pos", ASSAY_QUICK },
    { "T=8 H=1 D=40 F=20 S=2 axis=i32 inv_freq=f32 gen=far@pos", ASSAY_QUICK },
    { "T=130 D=262 F=131 inv_freq=f32 gen=gauss", ASSAY_QUICK }, /* a long table of frequencies in many rows */
    { "T=1 H=130 D=262 F=131 inv_freq=f32 gen=gauss", ASSAY_QUICK },
};

static const char *const unseen[] = {
    "field-cut-n_dims-16: at most a head is rotated, and no head is longer than 2^16",
    "flushed-inv_freq: positions end at 2^24, and such an angle is below the error of any sine",
    "made-up-axis: without it nothing says how many axes there are",
    "made-up-cos: without the sines, and positions that they have, none of its rows is asked for",
    "made-up-sin: the same without the cosines",
    "skips-inv_freq-cos: tables and frequencies are not given together",
    "skips-inv_freq-sin: the same",
    "skips-cos-inv_freq: the same",
    "skips-sin-inv_freq: the same",
    "value-16-axis: a head has no 2^15 axes",
    NULL,
};
static const char *const holes[] = { "D=1: a pair has two elements", NULL };

/* An even number of elements is turned: of an odd D all but the last. */
static void mend(assay_case *c)
{
    enum { TABLES = 1 << COS | 1 << SIN };
    assay_rope_params *p = (void *)c->params;
    int64_t R = p->n_dims ? p->n_dims : c->dim[2];
    R = (R < c->dim[2] ? R : c->dim[2]) & ~(int64_t)1;
    if (c->dim[2] == 1)
        c->dim[2] = R = 2;
    p->n_dims = R == c->dim[2] && !p->n_dims ? 0 : (int32_t)R;
    c->present |= c->present & TABLES ? TABLES : 0;
    c->present &= c->present & TABLES ? ~(1u << FREQ) : ~0u;
    c->dim[3] = c->present & (TABLES | 1u << FREQ | 1u << AXIS) ? R / 2 : 1;
    c->dim[5] = c->present & TABLES ? 2 + c->dim[0] % 128 : 1;
}

/* Position 0 turns by nothing. */
static double land(const assay_case *c, int i, int64_t j)
{
    const float m = ((const assay_rope_params *)(const void *)c->params)->magnitude;
    return i == X ? assay_held(ASSAY_f32, assay_landing(c, j) / (m > 0 ? (double)m : 1)) : i != SIN;
}

static const assay_known_answer answers[] = {
    { "D=4", { { 1, 2, 3, 4 }, { 3 } }, { -1.27223251272, -1.838864985141, 2.878668100437, 4.088186635603 } },
    { "D=4 mode=half", { { 1, 2, 3, 4 }, { 3 } }, { -1.41335252078, 1.879118066688, -2.828857481741, 4.058191135401 } },
    { "D=4 mode=half base=10000",
      { { 1, 2, 3, 4 }, { 3 } },
      { -1.41335252078, 1.879118066688, -2.828857481741, 4.058191135401 } },
    { "D=6 mode=half n_dims=4",
      { { 1, 2, 3, 4, 5, 6 }, { 2 } },
      { -3.144039117024, 1.91960534656, -0.3391430828157, 4.039197360053, 5, 6 } },
    { "D=6 F=3 inv_freq=f32 mode=half",
      { { 1, 2, 3, 4, 5, 6 }, { 2 }, { 1, 0.046415888336127789, 0 } },
      { -4.05333654385, 1.527895944354, 3, -0.7552899193629, 5.163868122176, 6 } },
    /* time, height, width 2, 3, 5: sections of 1, 2, 1 pairs, then in turn (2, 1, 1) */
    { "D=8 F=4 S=3 axis=i32 mode=half",
      { { 1, 2, 3, 4, 5, 6, 7, 8 }, { 2, 3, 5 }, { 0 }, { 0, 1, 1, 2 } },
      { -4.962633970676, 0.1375517382832, 2.788681599829, 3.959950166771, -1.17143675591, 6.323059348076, 7.08683673685,
        8.019899916875 } },
    { "D=8 F=4 S=3 axis=i32 mode=half",
      { { 1, 2, 3, 4, 5, 6, 7, 8 }, { 2, 3, 5 }, { 0 }, { 0, 1, 2, 0 } },
      { -4.962633970676, 0.1375517382832, 2.64639659629, 3.983992010669, -1.17143675591, 6.323059348076, 7.141189330577,
        8.007983994672 } },
    /* an image's rows and columns: frequencies begin anew */
    { "D=8 F=4 S=2 axis=i32 inv_freq=f32 mode=half",
      { { 1, 2, 3, 4, 5, 6, 7, 8 }, { 2, 3 }, { 1, 0.01, 1, 0.01 }, { 0, 0, 1, 1 } },
      { -4.962633970676, 1.879608013173, -3.95781754622, 3.758236133376, -1.17143675591, 6.038797373386,
        -6.506587452024, 8.116382270802 } },
    /* the first answer, 1.5 times */
    { "D=4 magnitude=1.5",
      { { 1, 2, 3, 4 }, { 3 } },
      { -1.90834876908, -2.758297477711, 4.318002150655, 6.132279953404 } },
    { "D=4 F=2 P=2 cos=f32 sin=f32 magnitude=2",
      { { 1, 2, 3, 4 }, { 1 }, { 0 }, { 0 }, { 9, 9, 0, 0.5 }, { 9, 9, 1, -2 } },
      { -4, 2, 19, -8 } },
};

/* Each element of the result by itself: its own times the cosine, its partner's times the sine of the pair's angle,
 * less it if it is the first of the two. */
SECOND(rope)
{
    const assay_rope_params *p = a->params;
    const int64_t T = a->dim[0], H = a->dim[1], D = a->dim[2], F = a->dim[3], R = p->n_dims ? p->n_dims : D;
    const double *x = a->operand[X], *pos = a->operand[POS], *f = a->operand[FREQ], *axis = a->operand[AXIS];
    const double *cosine = a->operand[COS], *sine = a->operand[SIN];
    const bool half = p->mode == ASSAY_ROPE_HALF;
    double *y = a->operand[Y];
    for (int64_t i = 0; i < T * H * D; i++) {
        const int64_t d = i % D, t = i / D / H, r = half ? d % (R > 1 ? R / 2 : 1) : d / 2;
        const bool first = half ? d < R / 2 : d % 2 == 0;
        const int64_t partner = i + (first ? 1 : -1) * (half ? R / 2 : 1);
        if (d >= R) {
            y[i] = x[i];
            continue;
        }
        const int64_t at = (int64_t)pos[t + T * (axis ? (int64_t)axis[r] : 0)];
        const long double rate = f ? (long double)f[r] : powl(p->base > 0 ? p->base : 10000, -2 * (long double)r / R);
        const long double angle = (long double)at * rate;
        const long double own = x[i] * (cosine ? (long double)cosine[at * F + r] : cosl(angle));
        const long double turned = x[partner] * (sine ? (long double)sine[at * F + r] : sinl(angle));
        y[i] = (double)((p->magnitude > 0 ? (long double)p->magnitude : 1) * (own + (first ? -turned : turned)));
    }
}

static const assay_workload workloads[] = {
    /* q and k of one layer */
    { "smollm2-135m.decode.q", "T=1 H=9 D=64 F=32 inv_freq=f32", 1 },
    { "smollm2-135m.decode.k", "T=1 H=3 D=64 F=32 inv_freq=f32", 1 },
    { "smollm2-135m.prefill512.q", "T=512 H=9 D=64 F=32 inv_freq=f32", 512 },
    { "smollm2-135m.prefill512.q.half", "T=512 H=9 D=64 F=32 inv_freq=f32 mode=half", 512 },
    { "smollm2-135m.prefill512.q.base", "T=512 H=9 D=64 base=100000", 512 },
    { "llama3-8b.decode.q", "T=1 H=32 D=128 F=64 inv_freq=f32", 1 },
    { "llama3-8b.prefill512.q", "T=512 H=32 D=128 F=64 inv_freq=f32", 512 },
    { "llama3-8b.prefill512.q.half", "T=512 H=32 D=128 F=64 inv_freq=f32 mode=half", 512 },
    { "llama3-8b.prefill512.q.tables", "T=512 H=32 D=128 F=64 P=512 cos=f32 sin=f32 mode=half", 512 },
    { "gpt-oss-20b.prefill512.q", "T=512 H=64 D=64 F=32 inv_freq=f32 magnitude=1.3465736 mode=half", 512 },
    { "qwen2-vl-7b.prefill512.q", "T=512 H=28 D=128 F=64 S=3 axis=i32 base=1e6 mode=half", 512 },
};

static const assay_vector_case vectors[] = {
    { "interleaved", "T=3 H=2 D=20 gen=gauss" },
    { "half", "T=3 H=2 D=20 mode=half gen=gauss" },
    { "partial", "T=3 H=2 D=11 n_dims=6 base=500000 mode=half gen=far" },
    { "far", "T=6 H=1 D=64 mode=half gen=far" },
    { "inv_freq", "T=4 H=2 D=18 F=9 inv_freq=f32 gen=scattered" },
    { "inv_freq_half", "T=4 H=2 D=18 F=9 inv_freq=f32 mode=half gen=quarter" },
    { "origin", "T=2 H=2 D=16 gen=origin" },
    { "magnitude", "T=3 H=2 D=18 n_dims=16 magnitude=1.3465736 gen=scattered" },
    { "sections", "T=4 H=2 D=18 F=9 S=3 axis=i32 mode=half magnitude=0.7 gen=sections" },
    { "in_turn", "T=4 H=2 D=18 F=9 S=3 inv_freq=f32 axis=i32 gen=sections" },
    { "tables", "T=4 H=2 D=18 F=9 P=7 cos=f32 sin=f32 mode=half gen=gauss" },
    { "tables_by_axes", "T=4 H=2 D=19 n_dims=18 F=9 S=2 P=7 axis=i32 cos=f32 sin=f32 magnitude=1.3465736 gen=gauss" },
};

#define ROPE   "T=4 H=3 D={12,44} mode={interleaved,half} base=1e4 gen=gauss seed=3"
#define AXES   "T=4 H=3 D=12 F=6 S=3 axis=i32 mode={interleaved,half} magnitude=1.3465736 gen=gauss seed=3"
#define TABLED "T=4 H=3 D=12 F=6 P=9 cos=f32 sin=f32 mode={interleaved,half} magnitude={0,0.7} gen=gauss seed=3"
static const assay_relation relations[] = {
    AFFINE("4 x: 4 y", ROPE, "x", 4, 0, 4, 0),
    AFFINE("-x: -y", ROPE, "x", -1, 0, -1, 0),
    AFFINE("4 x, with axes: 4 y", AXES, "x", 4, 0, 4, 0),
    AFFINE("4 times the tables: 4 y", TABLED, "cos sin", 4, 0, 4, 0),
    { "at position 0: x", ROPE, ASSAY_ACT_AFFINE, .on = "pos", .by = 0, .equals = "x" },
    { "rows keep their length", ROPE, ASSAY_ACT_NORM, .on = "x", .slack = LOOSE },
    ALONG(REVERSE, "tokens in reverse: in y too", ROPE, "T", LOOSE),
    ALONG(REVERSE, "tokens in reverse, with axes: in y too", AXES, "T", LOOSE),
    ALONG(REVERSE, "heads in reverse: in y too", ROPE, "H", LOOSE),
    ALONG(CUT, "tokens in two calls: the same", ROPE, "T", LOOSE),
    ALONG(CUT, "tokens in two calls, with axes: the same", AXES, "T", LOOSE),
    ALONG(CUT, "tokens in two calls, by tables: the same", TABLED, "T", LOOSE),
};

SUITE(rope) = { USUAL_TABLES(rope), .fill = positions, .mend = mend, .land = land, .holes = holes, .unseen = unseen };
TABLES(rope);
