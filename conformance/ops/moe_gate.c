/* SPDX-License-Identifier: MIT
 * moe_gate: cases. */
#include "assay/params/moe_gate.h"
#include "tables.h"
#include <math.h>
#include <stdlib.h>

enum { Z, BIAS, IDS, WEIGHTS };

static int64_t experts(const assay_case *c)
{
    return c->dim[1] ? c->dim[1] : 1;
}
/* Four logits and four biases: many ties of both. */
static double ties(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)c, (void)j;
    return i == Z ? (double)assay_rng_below(r, 4) - 1 : 0.25 * (double)assay_rng_below(r, 4);
}
/* Neighbours in f32: scores tie where logits do not. */
static double near_ties(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)c, (void)i, (void)j;
    const float v = (float)(1 + (int)assay_rng_below(r, 3)), to = (float)(assay_rng_below(r, 3) * 10);
    return (double)nextafterf(v, to);
}
/* Whatever is done with the logits, the bias makes all scores about -3. */
static double low(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)c, (void)j;
    return assay_rng_normal(r) - (i == BIAS ? 4 : 0);
}
/* Sigmoids that are small: sums are about the floor of 6e-5 that others have, about ours of 1e-20, or anywhere. */
static double faint(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const int64_t row = j / experts(c) % 3;
    const double x = assay_rng_uniform(r);
    return i == BIAS ? assay_rng_normal(r) : row == 0 ? -10 - x : row == 1 ? -46 - x : -10 - 50 * x;
}
/* All logits alike, of a token its number; biases alike, too. */
static double level(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)r;
    return i == BIAS ? 0.5 : 0.25 * (double)(j / experts(c)) - 1;
}
/* Most experts are forbidden; of every third token all. */
static double forbidden(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const double x = assay_rng_normal(r);
    return i == Z && (assay_rng_below(r, 5) || j / experts(c) % 3 == 2) ? -INFINITY : x;
}
/* Every eighth expert stands out, its neighbours are last: groups by their best and by their two best differ. */
static double peaks(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const int64_t X = experts(c), at = (j % X + j / X) % 8;
    return i == BIAS ? 0.01 * assay_rng_normal(r) : (at == 0 ? 3 : at < 4 ? -3 : 1) + 0.5 * assay_rng_normal(r);
}
/* One expert is chosen by all: the first or the last. */
static double one_expert(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const int64_t X = experts(c), at = j / X % 2 ? X - 1 : 0;
    return i == BIAS ? 0 : assay_rng_uniform(r) + (j % X == at ? 6 : 0);
}
/* Rows without an answer among rows with one. */
static bool invalid(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t X = experts(c);
    for (int64_t k = 0; k < n; k++)
        value[i][k] = assay_rng_normal(r);
    for (int64_t row = 0; i == Z && row < n / X; row++)
        if (row % 4 > 1)
            value[i][row * X + assay_rng_below(r, X)] = row % 4 == 2 ? NAN : INFINITY;
    return true;
}

static const assay_gen gens[] = {
    GEN_DRAW("ties", ADVERSARIAL, ties, "four logits and four biases"),
    GEN_DRAW("near-ties", ADVERSARIAL, near_ties, "neighbours in f32"),
    GEN_DRAW("low", ADVERSARIAL, low, "scores and biases that are about -3 together"),
    GEN_DRAW("faint", ADVERSARIAL, faint, "logits from -10 to -60: sums of sigmoids about their floor, and others'"),
    GEN_DRAW("level", ADVERSARIAL, level, "all logits alike, all biases alike"),
    GEN_DRAW("forbidden", ADVERSARIAL, forbidden, "most logits -inf, of every third token all"),
    GEN_DRAW("peaks", ADVERSARIAL, peaks, "one expert in eight far above the rest, others far below"),
    GEN_DRAW("one-expert", ADVERSARIAL, one_expert, "all tokens to the first expert or to the last"),
    GEN_FILL("invalid", CLASS, invalid, "rows with NaN or infinity among others"),
};

#define SCORES "score={softmax,sigmoid,chosen} "
#define OWN    "gen={gauss,ties,near-ties,low,faint,level,forbidden,peaks,one-expert,invalid}"
static const assay_rows rows[] = {
    { "T=7 X={1..17} K=2 " SCORES "gen={gauss,ties}", ASSAY_QUICK },
    { "T=7 X={5,31} K=3 " SCORES "bias={f32,none} norm=1 " OWN, ASSAY_QUICK },
    { "T=7 X=24 K=4 groups={3,8} keep=2 best={two,most} " SCORES "bias={f32,none} norm=1 scale=2.5 "
      "gen={gauss,ties,forbidden,peaks}",
      ASSAY_QUICK },
    { "T=5 X=16 K=3 groups={4,8,16} keep={1,3} best={two,most} score=sigmoid bias=f32 gen={ties,low,level,peaks}",
      ASSAY_QUICK },
    { "T=5 X=37 K={1,8,36,37,40} " SCORES "norm={0,1} scale=0.3 gen={gauss,faint}", ASSAY_QUICK },
    { "T=5 X=12 K={0,5,6,12,13} groups=4 keep=2 score={softmax,chosen} bias=f32 norm=1 gen={gauss,forbidden}",
      ASSAY_QUICK },
    { "T={0,1,8..17} X=9 K=3 gen=gauss", ASSAY_QUICK },
    { "T=3 X=19 K={0..17} gen=gauss", ASSAY_QUICK },
    { "T=2 X={0,1} K={0,2} " SCORES "norm=1 gen=gauss", ASSAY_QUICK },
    { "T=9 X=256 K=8 groups=8 keep=4 score=sigmoid bias=f32 norm=1 scale=2.5 " OWN, ASSAY_QUICK },
    { "T=9 X={64,160} K=6 " SCORES "norm={0,1} gen={gauss,peaks}", ASSAY_QUICK },
    { "T=2 X=2051 K=65 " SCORES "gen={gauss,one-expert}", ASSAY_QUICK },
    { "T=3 X={8,64,128,160,256} K={2,6,8} score={softmax,sigmoid} bias=f32 gen=gauss",
      ASSAY_QUICK },                                                          /* sizes kernels have code for */
    { "T=2 X=65600 K=2 score={softmax,chosen} gen=one-expert", ASSAY_QUICK }, /* the second token's is the last */
    /* values at every place */
    { "T=7 X=37 K=4 " SCORES "bias=f32 norm=1 gen=" ASSAY_VALUES "@{z,bias}", ASSAY_QUICK },
    { "T={1,2,5} X=24 K=4 " SCORES "bias=f32 gen={zero-inf,zero-nan}@{z,bias}", ASSAY_QUICK },
    { "T=7 X=36 K={4,20} groups=6 keep=3 best={two,most} " SCORES "bias=f32 gen={end,minus-inf}@bias", ASSAY_QUICK },
    { "T=7 X=36 K=4 groups=6 keep=3 " SCORES "bias=f32 gen={special,zero,signed-zero,denormal,wide}", ASSAY_QUICK },
};

/* groups: the largest of what was drawn that divides X */
static void mend(assay_case *c)
{
    assay_moe_gate_params *p = (void *)c->params;
    const int64_t X = c->dim[1];
    while (p->groups > 1 && X % p->groups)
        p->groups--;
    const int32_t most = p->groups > 1 ? p->groups : 1;
    p->keep = p->keep > most ? most : p->keep;
}

static const assay_known_answer answers[] = {
    { "X=4 K=2 scale=1", { { 1, 2, 0.5, 2.5 } }, { 3, 1, 0.5089068616592, 0.3086676145344 } },
    { "X=4 K=2 norm=1 scale=1", { { 1, 2, 0.5, 2.5 } }, { 3, 1, 0.6224593312019, 0.3775406687981 } },
    { "X=4 K=2 score=chosen scale=1", { { 1, 2, 0.5, 2.5 } }, { 3, 1, 0.6224593312019, 0.3775406687981 } },
    { "X=8 K=2 groups=4 keep=2 score=sigmoid norm=1 scale=2.5 bias=f32",
      { { 0.2, 1.5, -0.3, 0.8, 2, -1, 0.4, 0.9 }, { 0, -0.3, 0.5, 0, 0.2, -0.9, 0.2, 0 } },
      { 2, 6, 1.03871003434, 1.46128996566 } },
    { "X=3 K=2 score=chosen scale=1", /* noisy: logits + noise softplus(noise's logits) */
      { { 1.207944154168, 2.075914025022, -0.6253046750073 } },
      { 1, 0, 0.704323094837, 0.295676905163 } },
    { "X=4 K=2 score=chosen scale=1", { { 1, 2, 2, 2 } }, { 1, 2, 0.5, 0.5 } },
    { "X=3 K=2 score=sigmoid norm=1 scale=1", { { 1, NAN, 2 } }, { -1, -1, 0, 0 } },
};

/* ---- once more: an expert's place is how many come before it */

/* exp of what does not overflow, as doubles hold it */
static double weight(double z, double top)
{
    return z == -INFINITY ? 0 : (double)expl((long double)z - top);
}

static void scores(const assay_moe_gate_params *p, const double *z, int64_t X, double *s)
{
    long double all = 0;
    double top = -INFINITY;
    for (int64_t i = 0; i < X; i++)
        top = fmax(top, z[i]);
    for (int64_t i = 0; i < X; i++)
        all += s[i] = p->score == ASSAY_GATE_SOFTMAX   ? weight(z[i], top)
                      : p->score == ASSAY_GATE_SIGMOID ? (double)(1 / (1 + expl(-(long double)z[i])))
                                                       : z[i];
    for (int64_t i = 0; p->score == ASSAY_GATE_SOFTMAX && i < X; i++)
        s[i] = all == 0 ? 0 : (double)(s[i] / all);
}

/* How many of c[0 .. n) come before i */
static int64_t ahead(const double *c, int64_t n, int64_t i)
{
    int64_t before = 0;
    for (int64_t j = 0; j < n; j++)
        before += c[j] > c[i] || (j < i && c[j] == c[i]);
    return before;
}

/* of the experts of a group the first in order, and the second if it counts and is there */
static double of_group(const double *c, int64_t n, bool two)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += ahead(c, n, i) < (two ? 2 : 1) ? c[i] : 0;
    return n ? sum : -INFINITY;
}

static void gate_once_more(const assay_dense *a, int64_t t, double *s, double *c, double *kept, double *group)
{
    const assay_moe_gate_params *p = a->params;
    const int64_t X = a->dim[1], K = a->dim[2], size = X / p->groups;
    const double *z = (const double *)a->operand[Z] + t * X, *bias = a->operand[BIAS];
    double *ids = (double *)a->operand[IDS] + t * K, *w = (double *)a->operand[WEIGHTS] + t * K, top = -INFINITY;
    long double sum = 0;
    for (int64_t k = 0; k < K; k++)
        ids[k] = -1, w[k] = 0;
    for (int64_t i = 0; i < X; i++)
        if (isnan(z[i]) || z[i] == INFINITY || (bias && (isnan(bias[i]) || bias[i] == INFINITY)))
            return;
    scores(p, z, X, s);
    for (int64_t i = 0; i < X; i++)
        c[i] = bias ? s[i] + bias[i] : s[i];
    for (int64_t g = 0; g < p->groups; g++)
        group[g] = of_group(c + g * size, size, p->best == ASSAY_GATE_TWO);
    for (int64_t i = 0; i < X; i++)
        kept[i] = ahead(group, p->groups, i / size) < p->keep;
    for (int64_t i = 0; i < X; i++) {
        int64_t place = 0;
        for (int64_t j = 0; j < X; j++)
            place += kept[j] > 0 && (c[j] > c[i] || (j < i && c[j] == c[i]));
        if (kept[i] == 0 || place >= K)
            continue;
        ids[place] = (double)i;
        top = fmax(top, z[i]);
    }
    for (int64_t k = 0; k < K; k++) {
        w[k] = ids[k] < 0 ? 0 : p->score == ASSAY_GATE_CHOSEN ? weight(z[(int64_t)ids[k]], top) : s[(int64_t)ids[k]];
        sum += w[k];
    }
    for (int64_t k = 0; k < K; k++)
        if (p->score == ASSAY_GATE_CHOSEN)
            w[k] = sum > 0 ? (double)(w[k] / sum * p->scale) : 0;
        else
            w[k] = (double)(p->norm ? w[k] / (sum + 1e-20L) * p->scale : (long double)w[k] * p->scale);
}

SECOND(moe_gate)
{
    const assay_moe_gate_params *p = a->params;
    const int64_t X = a->dim[1];
    double *room = malloc((size_t)(3 * X + p->groups + 1) * sizeof *room);
    for (int64_t t = 0; room && t < a->dim[0]; t++)
        gate_once_more(a, t, room, room + X, room + 2 * X, room + 3 * X);
    free(room);
}

static const assay_workload workloads[] = {
    { "mixtral-8x7b.prefill512", "T=512 X=8 K=2 norm=1", 512 },
    { "gpt-oss-120b.prefill512", "T=512 X=128 K=4 score=chosen", 512 },
    { "qwen3-30b-a3b.prefill512", "T=512 X=128 K=8 norm=1", 512 },
    { "deepseek-v2.prefill512", "T=512 X=160 K=6 groups=8 keep=3 best=most scale=16", 512 },
    { "deepseek-v3.prefill512", "T=512 X=256 K=8 groups=8 keep=4 score=sigmoid norm=1 scale=2.5 bias=f32", 512 },
    { "deepseek-v3.decode", "T=1 X=256 K=8 groups=8 keep=4 score=sigmoid norm=1 scale=2.5 bias=f32", 1 },
};

static const assay_vector_case vectors[] = {
    { "softmax", "T=6 X=11 K=3 gen=gauss" },
    { "softmax_norm", "T=6 X=11 K=3 norm=1 gen=peaks" },
    { "chosen", "T=6 X=11 K=3 score=chosen scale=0.5 gen=ties" },
    { "sigmoid_bias", "T=6 X=11 K=3 score=sigmoid norm=1 bias=f32 gen=low" },
    { "groups_two", "T=6 X=24 K=4 groups=6 keep=2 score=sigmoid norm=1 scale=2.5 bias=f32 gen=gauss" },
    { "groups_most", "T=6 X=24 K=4 groups=6 keep=2 best=most scale=16 gen=peaks" },
    { "faint", "T=6 X=11 K=3 score=sigmoid norm=1 gen=faint" },
    { "forbidden", "T=6 X=11 K=4 norm=1 gen=forbidden" },
    { "invalid", "T=8 X=5 K=7 norm=1 gen=invalid" },
};

#define GATE "T=9 X={5,43} K=4 score={softmax,chosen} norm={0,1} gen=gauss seed=3"
static const assay_relation relations[] = {
    AFFINE("logits + 8: the same", "T=9 X={5,43} K=4 score={softmax,chosen} norm={0,1} gen=ints-narrow seed=3", "z", 1,
           8, 1, 0),
    MORE("three logits of -inf more: the same", GATE, "X", "z", (double)-INFINITY, LOOSE),
    ALONG(REVERSE, "tokens in reverse: in ids and weights, too", GATE, "T", 0),
    ALONG(CUT, "tokens in two calls: the same", GATE, "T", 0),
    ALONG(PREFIX, "the first half of K, not divided: the same", "T=9 X={5,43} K=4 gen=gauss seed=3", "K", 0),
};

static const char *const unseen[] = {
    "out-nan-weights: no weight is NaN",
    "out-inf-weights: no weight is infinite",
    "out-value-16-ids: experts are hundreds",
    NULL,
};

SUITE(moe_gate) = { USUAL_TABLES(moe_gate), .mend = mend, .unseen = unseen };
TABLES(moe_gate);
