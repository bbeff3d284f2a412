/* SPDX-License-Identifier: MIT
 * softmax: cases; rows whose answer is exact. */
#include "logits.h"
#include "tables.h"
#include <string.h>

static bool pair(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    (void)n;
    return some_winners(c, i, 2, value, rng);
}
/* Sinks beside the largest logit of their row: at it, above and below, and so far above that e^(sink - it) overflows;
 * in cases whose answer is exact so far off that either takes all.  Where there is none, every other one is -inf, too.
 */
enum { SINKS = 2 };
static const double *beside_top(const assay_gen *gen)
{
    static const double any[4] = { 0, 3, -2, 90 }, off[4] = { 4096, -4096, 4096, -4096 };
    static const double above[4] = { 2, 3, 2.5, 1.5 }, below[4] = { -2, -2.5, -3, -1.5 };
    return gen->tag == ASSAY_TAG_EXACT        ? off
           : !strcmp(gen->name, "high-sinks") ? above
           : !strcmp(gen->name, "low-sinks")  ? below
                                              : any;
}
static bool sinks(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    const assay_softmax_params *p = (const void *)c->params;
    const double scale = p->scale == 0 ? 1 : (double)p->scale, *beside = beside_top(c->gen);
    const int64_t C = c->dim[1];
    for (int64_t r = 0; r < n && i == SINKS; r++) {
        double top = -INFINITY;
        for (int64_t k = r * C; k < (r + 1) * C; k++) {
            const double z = scale * value[X][k] + (masked(c) ? value[MASK][k] : 0);
            top = z > top ? z : top;
        }
        value[i][r] = isfinite(top) ? top + beside[r % 4] : r % 2 ? -INFINITY : assay_rng_normal(rng);
    }
    return i == SINKS && !c->gen_at;
}
/* The largest 2^k <= C winners: each gets exactly 2^-k. */
static bool uniform_2k(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    (void)n;
    int64_t k = 1;
    while (2 * k <= c->dim[1])
        k *= 2;
    return some_winners(c, i, k, value, rng);
}

static const assay_gen gens[] = {
    GEN_FILL("pair", EXACT, pair, "two elements take a half each"),
    GEN_FILL("uniform-2k", EXACT, uniform_2k, "2^k elements take 2^-k each"),
    /* sinks all alike, so that what the bound says of one above, and of one below, is asked by itself */
    { "high-sinks", ASSAY_TAG_ADVERSARIAL, .says = "sinks a little above the largest logit", .tight = true },
    { "low-sinks", ASSAY_TAG_ADVERSARIAL, .says = "sinks a little below the largest logit", .tight = true },
    LOGIT_GENS,
    TIGHT_FILL("faint", ADVERSARIAL, faint, "weights that are subnormal"),
};

static const assay_rows rows[] = {
    { "R={1,3} C={1..40} gen={gauss,one-hot}", ASSAY_QUICK },
    { "R=7 C={2..19,31..33,64,67} gen={masked-rows,hollow,pair,uniform-2k}", ASSAY_QUICK },
    { "R=7 C={2..19,31..33,64,67} mask=f32 gen={masked-rows,hollow,one-hot,pair,spread}", ASSAY_QUICK },
    { "R=6 C={8,17,63,130} mask=f32 scale={0,0.125,0.3} gen={huge,ramp,gauss}", ASSAY_QUICK },
    { "R=6 C={9,40,67} scale={0,0.125,0.3,2.3} gen={huge,ramp,spread,uniform-2k}", ASSAY_QUICK },
    { "R={1,9} C={1..17,33,70} sinks=f32 gen={gauss,one-hot}", ASSAY_QUICK },
    { "R=9 C={8,17,67} mask=f32 sinks=f32 scale={0,0.3} gen={masked-rows,hollow,spread,huge}", ASSAY_QUICK },
    { "R=70 C={1..4} sinks=f32 gen={short,spread}", ASSAY_QUICK },
    { "R=40 C={1..3} sinks=f32 gen={high-sinks,low-sinks}", ASSAY_QUICK },
    { "R={4,10..15} C=3 sinks=f32 gen=gauss", ASSAY_QUICK },
    { "R=5 C={130,1021} sinks=f32 gen={ramp,creep,equal,uniform-2k}", ASSAY_QUICK },
    { "R=5 C=17 x={f16,bf16} y={f16,bf16} sinks=f32 gen=gauss", ASSAY_QUICK },
    { "R=66 C={1..8} gen=short", ASSAY_QUICK },
    { "R=8 C={2,5,9} gen=binades", ASSAY_QUICK },
    { "R=6 C={5,40} gen=faint", ASSAY_QUICK },
    { "R=66 C={1..9} mask=f32 scale=0.125 gen=spread", ASSAY_QUICK },
    { "R=70 C={31,64,257} gen={gauss,uniform,spread}", ASSAY_QUICK },
    { "R={0,1} C=0 gen=gauss", ASSAY_QUICK },
    { "R=3 C={9,40} gen={special,zero,signed-zero,denormal,equal,positive,spike,wide}", ASSAY_QUICK },
    { "R=2 C={17,32} x={f16,bf16} y={f32,f16,bf16} gen={gauss,one-hot}", ASSAY_QUICK },
    { "R=2 C={17,32} x=f32 y={f16,bf16} mask=f32 gen={spread,one-hot}", ASSAY_QUICK },
    { "R=2 C={512,1021,1024} gen={gauss,equal,uniform-2k,ramp,creep}", ASSAY_QUICK },
    { "R=1 C={4096,32768} gen={gauss,positive,equal,ramp,creep,huge,uniform-2k}", ASSAY_QUICK },
    { "R=6 C=4096 gen={gauss,equal,ramp,huge,one-hot}", ASSAY_FULL },
    { "R=1 C=49152 scale={0,0.7} gen={gauss,spread,uniform-2k}", ASSAY_FULL },
    /* values at every place */
    { "R=7 C=70 gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
    { "R=5 C=37 x={f16,bf16} y={f16,bf16} gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
    { "R=7 C=70 mask=f32 scale=0.125 gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
    { "R=7 C=70 mask=f32 scale=0.125 gen=" ASSAY_MASK_VALUES "@mask", ASSAY_QUICK },
    { "R=7 C=70 gen=" ASSAY_SQUARES "@x", ASSAY_QUICK },
    { "R=7 C=19 sinks=f32 gen=" ASSAY_VALUES "@{x,sinks}", ASSAY_QUICK },
    { "R=13 C=8 x={f32,bf16} mask={none,f32} scale=2.3 gen=end@x", ASSAY_QUICK }, /* the largest logit overflows */
};

static const char *const unseen[] = {
    "out-inf-y: results lie between 0 and 1",
    "flushed-mask: it adds less than 2^-126 to a logit, which no exponential shows",
    "flushed-sinks: it differs from 0 by less than 2^-126, which no exponential shows", NULL
};
/* Worked out outside this project, and what is ours to say: a row that is masked wholly is 0, a NaN under a mask
 * hidden. */
static const assay_known_answer answers[] = {
    { "C=3 mask=f32", { { 1, 2, 1000 } }, { 0, 0, 1 } },
    { "C=3 mask=f32", { { 0.1, 0.2, 0.3 } }, { 0.30060960535572734, 0.3322249935333473, 0.3671654011109253 } },
    { "C=3 mask=f32", { { 1, 2, 3 }, { -INFINITY, -INFINITY, -INFINITY } }, { 0, 0, 0 } },
    { "C=3 mask=f32", { { NAN, 7, 7 }, { -INFINITY, 0, 0 } }, { 0, 0.5, 0.5 } },
    { "C=3 mask=f32",
      { { 3, 2, 1 }, { -0x1.fffffep127, -0x1.fffffep127, -0x1.fffffep127 } },
      { 1 / 3.0, 1 / 3.0, 1 / 3.0 } },
    { "C=2 sinks=f32", { { 1, 2 }, { 0 }, { 0.5 } }, { 0.2312238976221495, 0.6285317192117624 } },
    { "C=2 mask=f32 sinks=f32", { { 1, 2 }, { -INFINITY, -INFINITY }, { 0.5 } }, { 0, 0 } },
    { "C=2 mask=f32 sinks=f32", { { 1, 2 }, { -INFINITY, -INFINITY }, { -INFINITY } }, { 0, 0 } },
    { "R=2 C=1 sinks=f32 scale=0.5", { { 3, 3 }, { 0 }, { 1.5, 800 } }, { 0.5, 0 } },
};

SECOND(softmax)
{
    const int64_t C = a->dim[1];
    double *y = a->operand[3];
    const double *sink = a->operand[SINKS];
    for (int64_t r = 0; r < a->dim[0]; r++) {
        long double top;
        long double sum = sum_below(a, r, &top);
        if (sink && sink[r] != -INFINITY) {
            const long double up = isnan(sink[r]) || sink[r] > top ? sink[r] : top;
            sum = (top == -INFINITY ? sum : sum * expl(top - up)) + expl(sink[r] - up);
            top = up;
        }
        for (int64_t i = r * C; i < (r + 1) * C; i++)
            y[i] = isnan(sum) || top == INFINITY ? NAN
                   : logit(a, i) == -INFINITY    ? 0
                                                 : (double)(expl(logit(a, i) - top) / sum);
    }
}

static const assay_workload workloads[] = {
    { "smollm2-135m.decode.scores1024", "R=9 C=1024 scale=0.125", 1 },
    { "smollm2-135m.prefill512.scores", "R=4608 C=512 scale=0.125 mask=f32", 512 },
    { "smollm2-135m.decode.vocab", "R=1 C=49152", 1 },
    { "llama3-8b.decode.scores4096", "R=32 C=4096 scale=0.08838834764831845", 1 },
    { "llama3-8b.decode.vocab", "R=1 C=128256", 1 },
    { "square.4096", "R=4096 C=4096", 0 },
};

static const assay_vector_case vectors[] = {
    { "plain", "R=4 C=17 gen=gauss" },
    { "masked", "R=5 C=19 mask=f32 scale=0.125 gen=gauss" },
    { "huge", "R=4 C=12 gen=huge" },
    { "bf16", "R=3 C=9 x=bf16 y=f16 gen=gauss" },
    { "sinks", "R=6 C=11 mask=f32 sinks=f32 scale=0.125 gen=masked-rows" },
};

#define SOFT "R=5 C={7,43} gen=gauss seed=3"
static const assay_relation relations[] = {
    AFFINE("x + 8: the same", SOFT, "x", 1, 8, 1, LOOSE),
    ALONG(REVERSE, "columns in reverse: in y too", SOFT, "C", LOOSE),
    ALONG(REVERSE, "rows in reverse: in y too", SOFT, "R", LOOSE),
    MORE("three logits of -inf more: the same", SOFT, "C", "x", (double)-INFINITY, LOOSE),
    MORE("three masked columns more: the same", "R=5 C={7,43} mask=f32 gen=gauss seed=3", "C", "mask",
         (double)-INFINITY, LOOSE),
    AFFINE("mask + 4: the same", "R=5 C={7,43} mask=f32 gen=gauss seed=3", "mask", 1, 4, 1, LOOSE),
    ALONG(CUT, "rows in two calls: the same", SOFT, "R", LOOSE),
    ALONG(REVERSE, "rows and sinks in reverse: in y too", "R=5 C={7,43} sinks=f32 gen=gauss seed=3", "R", LOOSE),
    { "rows sum to 1", SOFT, ASSAY_ACT_TOTAL, .by = 1, .slack = LOOSE },
    { "rows sum to 1", "R=5 C={7,43} scale=0.3 gen=huge seed=3", ASSAY_ACT_TOTAL, .by = 1, .slack = LOOSE },
};

SUITE(softmax) = { USUAL_TABLES(softmax), .fill = sinks, .unseen = unseen };
TABLES(softmax);
