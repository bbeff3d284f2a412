/* SPDX-License-Identifier: MIT
 * scores: cases; positions about the ends of windows, rows masked in parts, scores that rise slowly or are large. */
#include "tables.h"
#include "../../reference/core/secret.h"
#include "../../reference/core/status.h"
#include "assay/params/scores.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { Q, K, MASK, SINKS, QPOS, KPOS, LEN, OUT };
enum { B, T, S, H, G, D };

static bool has(const assay_case *c, int i)
{
    return c->present >> i & 1;
}
static uint64_t mix(const assay_case *c, uint64_t stream, int64_t i)
{
    assay_rng r = { assay_secret_seed(c->seed), 0x73636f00 + stream, (uint64_t)i };
    return assay_rng_u64(&r) >> 33;
}
/* Of every four sequences one is full, one empty, two of any length. */
static int64_t length(const assay_case *c, int64_t b)
{
    if (!has(c, LEN) || b % 4 == 0)
        return c->dim[S];
    return b % 4 == 3 ? 0 : (int64_t)(mix(c, 1, b) % (uint64_t)(c->dim[S] + 1));
}
/* Given, the last ones, in odd sequences from the last to the first; beside given positions of keys as far on as the
 * window reaches back. */
static int64_t qpos(const assay_case *c, int64_t b, int64_t t)
{
    const assay_scores_params *p = (const void *)c->params;
    const int64_t past = length(c, b) - c->dim[T], at = has(c, KPOS) ? p->window + 8 : past > 0 ? past : 0;
    return has(c, QPOS) ? at + (b % 2 ? c->dim[T] - 1 - t : t) : past + t;
}
/* Near a query, about as far behind or ahead of one as the window ends; every ninth slot is empty. */
static int64_t kpos(const assay_case *c, int64_t b, int64_t j)
{
    static const int64_t empty[] = { -1, -2, -1000, INT32_MIN };
    const assay_scores_params *p = (const void *)c->params;
    const int64_t at = qpos(c, b, j / 3 % (c->dim[T] ? c->dim[T] : 1)), off = (int64_t)(mix(c, 2, j) % 3) - 1;
    const int64_t right = p->right ? p->right : p->window;
    const int64_t s = at + off + (j % 3 == 1 ? -p->window : j % 3 == 2 ? right : 0);
    const uint64_t slot = mix(c, 3, b * c->dim[S] + j);
    return slot % 9 == 0 ? empty[slot / 9 % 4] : s < 0 ? j : s < INT32_MAX ? s : INT32_MAX;
}
static bool fill(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    (void)rng;
    for (int64_t k = 0; k < n && i >= QPOS; k++)
        value[i][k] = (double)(i == QPOS   ? qpos(c, k / c->dim[T], k % c->dim[T])
                               : i == KPOS ? kpos(c, k / c->dim[S], k % c->dim[S])
                                           : length(c, k));
    return i >= QPOS;
}

/* Mask and sinks; elsewhere normal deviates */
static double rest(int i, assay_rng *rng)
{
    const double x = assay_rng_normal(rng);
    return i == MASK ? assay_rng_below(rng, 8) ? x : -INFINITY : i == SINKS ? 2 * x : x;
}
static bool gauss(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    (void)c;
    for (int64_t j = 0; j < n; j++)
        value[i][j] = rest(i, rng);
    return true;
}
/* Whole rows closed; the first half; all but the last key; -1e4 throughout */
static bool masked_rows(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    const int64_t s = c->dim[S];
    for (int64_t k = 0; k < n; k++) {
        const int64_t kind = k / (s ? s : 1) % 4, j = k % (s ? s : 1);
        const bool shut = kind == 0 || (kind == 1 && j < s / 2) || (kind == 2 && j < s - 1);
        value[i][k] = i != MASK ? rest(i, rng) : shut ? -INFINITY : kind == 3 ? -1e4 : 0;
    }
    return true;
}
/* One place of q and k carries scores that go from first by step, the others are small and random. */
static bool shaped(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng, double first,
                   double step)
{
    const int64_t nd = c->dim[D] > 0 ? c->dim[D] : 1;
    for (int64_t k = 0; k < n; k++) {
        const double shape = i != K ? sqrt((double)nd) : first + step * (double)(k / nd / c->dim[G] % c->dim[S]);
        value[i][k] = i <= K && k % nd == 0 ? shape : i <= K && step != 0 ? 0 : rest(i, rng);
    }
    return true;
}
static bool huge(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    return shaped(c, i, n, value, rng, 1000, 0);
}
static bool deep(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    return shaped(c, i, n, value, rng, -1e5, 0.125);
}
/* so slowly that no weight is lost */
static bool creep(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    return shaped(c, i, n, value, rng, 0, 0x1p-13);
}
static bool fall(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    return shaped(c, i, n, value, rng, 1, -0x1p-13);
}
/* NaN and infinity in the newest key and in one in the middle: a query that does not see them must not know. */
static bool special(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    const int64_t row = c->dim[G] * c->dim[D], s = c->dim[S];
    gauss(c, i, n, value, rng);
    for (int64_t b = 0; i == K && b < c->dim[B] && s > 0 && row > 0; b++) {
        value[K][(b * s + s - 1) * row] = NAN;
        value[K][(b * s + s / 2) * row + row - 1] = INFINITY;
    }
    return true;
}
/* The last two keys are masked for every query, and are not finite. */
static bool under_mask(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    const int64_t row = c->dim[G] * c->dim[D], s = c->dim[S] ? c->dim[S] : 1;
    for (int64_t k = 0; k < n; k++) {
        const int64_t j = (i == MASK ? k : row ? k / row : 0) % s;
        const double x = rest(i, rng);
        value[i][k] = i == MASK ? j + 2 < s ? 0 : -INFINITY : i != K || j + 2 < s ? x : j + 1 == s ? NAN : INFINITY;
    }
    return true;
}
/* Sinks so far above the scores that an exponential overflows without them in the maximum */
static bool high_sinks(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    (void)c;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = i == SINKS ? 80 + (double)(k % 3) * 8 : rest(i, rng);
    return true;
}

static const assay_gen gens[] = {
    GEN_FILL("gauss", RANDOM, gauss, "normal deviates, optional operands of a fitting size"),
    TIGHT_FILL("masked-rows", ADVERSARIAL, masked_rows,
               "rows masked wholly, by half, but for the last key, or by -1e4 throughout"),
    TIGHT_FILL("huge", ADVERSARIAL, huge, "scores of 1000"),
    GEN_FILL("deep", ADVERSARIAL, deep, "scores about -100,000"),
    GEN_FILL("creep", ADVERSARIAL, creep, "scores that rise so slowly that no weight is lost"),
    GEN_FILL("fall", ADVERSARIAL, fall, "scores that fall so slowly"),
    GEN_FILL("special", CLASS, special, "NaN and infinity in the newest key and in one in the middle"),
    GEN_FILL("under-mask", CLASS, under_mask, "NaN and infinity in two keys that are masked for all"),
    GEN_FILL("high-sinks", ADVERSARIAL, high_sinks, "sinks far above the scores"),
};

#define STAGES "stage={masked,product,capped,weights}"
static const assay_rows rows[] = {
    { "T=2 S={1,2,3,5,8,15..17,33,65} H=2 D=16 causal=1 stage={masked,weights} gen=gauss", ASSAY_QUICK },
    { "T=2 S=5 H=2 D={1,2,3,5,8,15..17,40,80} stage={product,weights} softcap=2.3 gen=gauss", ASSAY_QUICK },
    { "T=3 S=9 H={1..5,8,11..13,16,17} D=8 causal=1 gen=gauss", ASSAY_QUICK },
    /* remainders that no other row has */
    { "S=10 H=7 D=7 stage=weights gen=gauss", ASSAY_QUICK },
    { "S=12 H=9 D=9 stage=weights gen=gauss", ASSAY_QUICK },
    { "S=13 H=10 D=10 stage=weights gen=gauss", ASSAY_QUICK },
    { "S=2 H=14 D=11 stage=weights gen=gauss", ASSAY_QUICK },
    { "S=2 H=15 D={12..14} stage=weights gen=gauss", ASSAY_QUICK },
    { "B={0,2} T={0,9} S={0,5} H=6 G=2 D={0,8} stage={masked,weights} gen=gauss", ASSAY_QUICK },
    { "T=3 S=20 H=12 G={1,2,3,4,12} D=16 causal=1 gen=gauss", ASSAY_QUICK },
    /* what is seen */
    { "B=2 T=6 S=33 H=2 D=8 causal={0,1} window={0,1,2,16} right={0,1,7} gen=gauss", ASSAY_QUICK },
    { "B=5 T={1,6} S=37 H=2 G=1 D=8 len=i32 causal={0,1} " STAGES " gen=gauss", ASSAY_QUICK },
    { "B=3 T={1,6} S=75 H=2 D=8 kpos=i32 qpos=i32 causal={0,1} window={0,20} stage={masked,weights} gen=gauss",
      ASSAY_QUICK },
    { "B=2 T=5 S=40 H=2 D=8 qpos=i32 causal={0,1} gen=gauss", ASSAY_QUICK },
    { "B=2 T=3 S=40 H=2 D=8 kpos=i32 qpos=i32 window={0,65538,16777217} right={0,65540,16777219} gen=gauss",
      ASSAY_QUICK },
    { "B=2 T=3 S=40 H=2 D=8 kpos=i32 causal={0,1} window=5 gen=gauss", ASSAY_QUICK },
    /* the sum of a position and the window has more than 31 bits */
    { "B=2 T=3 S=40 D=2 kpos=i32 qpos=i32 window={0,1073741824} right={0,1073741824} gen=gauss", ASSAY_QUICK },
    { "T=65 S=70 D=1 causal=1 gen=gauss", ASSAY_QUICK },
    { "T=130 S=130 D=1 causal=1 gen=gauss", ASSAY_QUICK },
    /* what changes scores */
    { "B=2 T=3 S=20 H=4 G=2 D=8 mask={f32,f32/TS,f32/BH,f32/HT,f32/BS,f32/T} stage={masked,product} gen=gauss",
      ASSAY_QUICK },
    { "B=2 T=5 S=20 H=4 D=8 mask={f32,f32/TS} stage={masked,weights} sinks={none,f32} gen=masked-rows", ASSAY_QUICK },
    { "T=5 S=40 H=4 D=8 sinks=f32 " STAGES " causal=1 gen={gauss,high-sinks}", ASSAY_QUICK },
    { "T=3 S=20 H=2 D=16 softcap={0.7,50} scale={0.3,1.3} stage={masked,capped} gen={gauss,huge}", ASSAY_QUICK },
    { "B=2 T=4 S=30 H=4 G=2 D=8 mask=f32 sinks=f32 len=i32 softcap=20 causal=1 " STAGES " gen=gauss", ASSAY_QUICK },
    { "T=5 S={9,40} H=4 G=2 D=8 mask={f32,f32/S} stage={masked,weights} gen=under-mask", ASSAY_QUICK },
    /* numbers */
    { "T=4 S={64,130} H=2 G=1 D=16 causal={0,1} stage=weights gen={huge,deep,creep,fall,special}", ASSAY_QUICK },
    { "T=2 S=20 H=2 D=16 scale=1 stage={product,weights} gen={zero,equal,positive,spike,uniform}", ASSAY_QUICK },
    { "T=1 S=600 D=2 stage=weights gen={gauss,creep,fall,positive,huge}", ASSAY_QUICK },
    { "S=4100 D=2 stage={masked,weights} gen=gauss", ASSAY_QUICK },
    /* scores about -1e8 and -1.1e9, which rise by more than an exponential holds beyond the 4096th */
    { "S={9,4100} D=1 scale={1000,11000} stage=weights gen=deep", ASSAY_QUICK },
    { "T=2 S=3 H=2 D={512,1024,4096} stage=product gen=gauss", ASSAY_QUICK },
    /* types */
    { "T=2 S=20 H=2 G=1 D=32 k=* s={f32,f16,bf16} stage={product,weights} gen=gauss", ASSAY_QUICK },
    { "T=3 S={7,40} H=2 D=8 s={f16,bf16} stage={masked,weights} causal=1 gen={gauss,special}", ASSAY_QUICK },
    { "T=3 S=20 D={1,4} s={f16,bf16} scale=0.5 stage={masked,product} gen=ints-wide", ASSAY_QUICK },
    /* values at every place */
    { "B=2 T=2 S=9 H=2 G=1 D=8 stage=weights gen=" ASSAY_VALUES "@{q,k}", ASSAY_QUICK },
    { "T=2 S=9 H=2 D=8 softcap=3 mask=f32 gen=" ASSAY_VALUES "@{q,k}", ASSAY_QUICK },
    { "T=3 S=19 H=2 D=8 mask=f32 sinks=f32 stage=weights gen=" ASSAY_VALUES "@sinks", ASSAY_QUICK },
    { "T=3 S=19 H=2 D=8 mask=f32 sinks=f32 stage={masked,weights} gen=" ASSAY_MASK_VALUES "@mask", ASSAY_QUICK },
    { "T=3 S=19 H=2 D=8 stage={product,weights} gen={square-under,square-over,zero-inf}@{q,k}", ASSAY_QUICK },
    { "T=2 S={1..6} H=3 sinks=f32 stage=weights gen=nan@sinks", ASSAY_QUICK },
    { "S=130 D=1030 stage=product gen=gauss", ASSAY_QUICK },
    { "T=3 S=9 H=2 D=32 k=q8_0 gen=" ASSAY_SCALES "@k", ASSAY_QUICK },
};

/* Sums of products of whole numbers are exact, half steps of 16 bits among them, and so is a power of two of them. */
static const char *const exact[] = { "ints-wide", NULL };
static bool fits(const assay_case *c, assay_why *why)
{
    const assay_scores_params *p = (const void *)c->params;
    const float scale = p->scale != 0 ? p->scale : 1 / sqrtf((float)c->dim[D]);
    int e;
    const bool plain = p->softcap == 0 && !has(c, MASK) && p->stage != ASSAY_SCORES_WEIGHTS;
    if (strcmp(c->gen->name, exact[0]) != 0 || (plain && c->dim[D] <= 4096 && frexpf(scale, &e) == 0.5f))
        return true;
    return assay_fail(why, ASSAY_ERR_ARG,
                      "scores: gen=%s is exact for a scale that is a power of 2, and D to 4096, "
                      "without cap, mask and weights",
                      exact[0]) == ASSAY_OK;
}

static const char *const unseen[] = {
    "flushed-sinks: it differs from 0 by less than 2^-126, which no exponential shows",
    NULL,
};

/* Definitions A4 to A6 (scores by q = 1, D = 1), A1 */
static const assay_known_answer answers[] = {
    { "S=3 mask=f32 stage=weights",
      { { 1 }, { 0.5, 1, -0.5 }, { 0, -INFINITY, 0 } },
      { 0.73105857863, 0, 0.26894142137 } },
    { "S=3 mask=f32 stage=weights",
      { { 1 }, { 0.5, 1, -0.5 }, { 0.25, -1, 0 } },
      { 0.5685464148511, 0.2685623100565, 0.1628912750925 } },
    { "S=3 mask=f32 stage=weights softcap=2",
      { { 1 }, { 1, 3, 5 }, { 0, 0, -INFINITY } },
      { 0.2919231205516, 0.7080768794484, 0 } },
    { "S=3 mask=f32 stage=weights softcap=2",
      { { 1 }, { 1, 3, 5 }, { 0, -1, 0.5 } },
      { 0.1515370187029, 0.1352185199011, 0.713244461396 } },
    { "S=2 sinks=f32 stage=weights", { { 1 }, { 1, 2 }, { 0 }, { 0.5 } }, { 0.2312238976221, 0.6285317192118 } },
    { "S=2 mask=f32 stage=weights", { { 1 }, { 1, 2 }, { -INFINITY, -INFINITY } }, { 0, 0 } },
    { "T=2 S=3 D=2 scale=0.5 stage=product causal=1",
      { { 1, 0, 0.5, -1 }, { 1, 2, -1, 0.5, 0, 1 } },
      { 0.5, -0.5, 0, -0.75, -0.5, -0.5 } },
    { "S=3 stage=capped softcap=2", { { 1 }, { 2, 0, -4 } }, { 1.523188311911530, 0, -1.928055160151634 } },
};

static const double *given(const assay_dense *a, int i)
{
    return a->operand[i];
}
/* A score by itself, last to first, in long double; -inf: not seen. */
static long double score(const assay_dense *a, const int64_t at[4], int32_t stage)
{
    const assay_scores_params *p = a->params;
    const int64_t *n = a->dim, b = at[0], h = at[1], t = at[2], s = at[3];
    const double *q = given(a, Q) + ((b * n[T] + t) * n[H] + h) * n[D];
    const double *k = given(a, K) + ((b * n[S] + s) * n[G] + h / (n[H] / n[G])) * n[D];
    const int64_t used = given(a, LEN) ? (int64_t)given(a, LEN)[b] : n[S];
    const double here = given(a, QPOS) ? given(a, QPOS)[b * n[T] + t] : (double)(used - n[T] + t);
    const double place = given(a, KPOS) ? given(a, KPOS)[b * n[S] + s] : (double)s, far = fabs(here - place);
    const double mask = given(a, MASK) ? given(a, MASK)[((b * n[H] + h) * n[T] + t) * n[S] + s] : 0;
    const double reach = place <= here ? p->window : p->right ? p->right : p->window;
    long double z = 0;
    for (int64_t d = n[D] - 1; d >= 0; d--)
        z += (long double)q[d] * k[d];
    z *= p->scale;
    if (stage != ASSAY_SCORES_PRODUCT && p->softcap > 0)
        z = p->softcap * tanhl(z / p->softcap);
    if (stage == ASSAY_SCORES_PRODUCT || stage == ASSAY_SCORES_CAPPED)
        return z;
    const bool shut = s >= used || place < 0 || (p->causal && place > here) || (reach > 0 && far >= reach);
    return shut || mask == -INFINITY ? -INFINITY : z + mask;
}
/* The sum is taken from the last key to the first, and the sink last. */
SECOND(scores)
{
    const int32_t stage = ((const assay_scores_params *)a->params)->stage;
    const int64_t *n = a->dim;
    double *out = a->operand[OUT];
    long double *z = calloc((size_t)n[S] + 1, sizeof *z);
    for (int64_t row = 0; z && row < n[B] * n[H] * n[T]; row++, out += n[S]) {
        int64_t at[] = { row / n[T] / n[H], row / n[T] % n[H], row % n[T], 0 };
        const long double sink = given(a, SINKS) ? given(a, SINKS)[at[1]] : -INFINITY;
        long double top = -INFINITY, sum = 0;
        for (at[3] = 0; at[3] < n[S]; at[3]++) {
            const long double one = z[at[3]] = score(a, at, stage);
            top = isnan(one) || one > top ? one : top;
            out[at[3]] = (double)one;
        }
        const bool any = top != -INFINITY;
        top = sink > top ? sink : top;
        if (stage != ASSAY_SCORES_WEIGHTS)
            continue;
        for (int64_t s = n[S] - 1; s >= 0; s--)
            sum += z[s] = z[s] == -INFINITY ? 0 : expl(z[s] - top);
        sum += any && given(a, SINKS) ? expl(sink - top) : 0;
        for (int64_t s = 0; s < n[S]; s++)
            out[s] = any && z[s] != 0 ? (double)(z[s] / sum) : 0;
    }
    free(z);
}

static const assay_workload workloads[] = {
    { "whisper-base.alignment", "T=128 S=1500 H=8 G=8 D=64 stage=weights", 128 },
    { "bert-base.output-attentions", "B=2 T=128 S=128 H=12 G=12 D=64 len=i32 stage=weights", 256 },
    { "llama3-8b.snapkv32", "T=32 S=4096 k=f16 H=32 G=8 D=128 causal=1 stage=weights", 32 },
    { "smollm2-135m.prefill512", "T=512 S=512 H=9 G=3 D=64 causal=1", 512 },
    { "smollm2-135m.decode4096", "S=4096 H=9 G=3 D=64 causal=1 stage=weights", 1 },
};

static const assay_vector_case vectors[] = {
    { "masked", "B=2 T=3 S=13 H=4 G=2 D=8 mask=f32 len=i32 softcap=20 causal=1 gen=gauss" },
    { "positions", "B=2 T=3 S=13 H=2 G=1 D=8 kpos=i32 qpos=i32 causal=1 window=6 right=3 gen=gauss" },
    { "product", "B=2 T=3 S=13 H=4 G=2 D=8 k=f16 len=i32 causal=1 stage=product gen=gauss" },
    { "capped", "T=3 S=13 H=2 D=32 k=q8_0 s=bf16 softcap=2 scale=0.3 stage=capped gen=gauss" },
    { "weights", "B=2 T=3 S=13 H=4 G=2 D=8 mask=f32/TS sinks=f32 stage=weights gen=gauss" },
    { "weights_masked", "B=2 T=4 S=13 H=2 D=8 mask=f32 s=f16 stage=weights gen=masked-rows" },
    { "types", "T=3 S=7 H=2 D=32 k=bf16 mask=f32 right=2 stage=weights gen=gauss" },
    { "window", "T=3 S=7 H=2 D=8 s=f16 window=3 gen=gauss" },
};

#define ALL "B=3 T=3 S={7,43} H=4 G=2 D=16 scale=0.25 " STAGES " gen=gauss seed=3"
static const assay_relation relations[] = {
    AFFINE("4 q: 4 s", "B=2 T=3 S={7,43} H=4 G=2 D=16 scale=0.25 stage={masked,product} gen=gauss seed=3", "q", 4, 0, 4,
           0),
    AFFINE("-k: -s", "T=3 S={7,43} H=4 G=2 D=16 stage={product,capped} softcap={0,2} gen=gauss seed=3", "k", -1, 0, -1,
           LOOSE),
    AFFINE("mask + 4: the same weights",
           "B=2 T=3 S={7,43} H=4 G=2 D=16 mask=f32 scale=0.25 stage=weights gen=gauss seed=3", "mask", 1, 4, 1, LOOSE),
    ALONG(REVERSE, "sequences in reverse: in s too", ALL, "B", LOOSE),
    ALONG(REVERSE, "heads and kv heads in reverse: in s too", ALL, "HG", LOOSE),
    ALONG(PREFIX, "half of the heads and kv heads: the same", ALL, "HG", LOOSE),
    ALONG(REVERSE, "keys in reverse: in s too", ALL, "S", LOOSE),
    ALONG(REVERSE, "channels in reverse: the same", ALL, "D", LOOSE),
    ALONG(CUT, "sequences in two calls: the same", ALL, "B", LOOSE),
};

SUITE(scores) = {
    .op = "scores",
    .rows = rows,
    .n_rows = ASSAY_COUNT_OF(rows),
    .gens = gens,
    .n_gens = ASSAY_COUNT_OF(gens),
    .fill = fill,
    .answers = answers,
    .n_answers = ASSAY_COUNT_OF(answers),
    .second = second_scores,
    .fits = fits,
    .exact = exact,
    .unseen = unseen,
};
TABLES(scores);
