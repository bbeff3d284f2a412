/* SPDX-License-Identifier: MIT
 * beam_step: cases. */
#include "assay/params/beam_step.h"
#include "beam_known.h"
#include "tables.h"
#include <math.h>
#include <stdlib.h>

/* Scores of texts of some length, now and then none: what stands beside log-probabilities. */
static double score_of(int i, int64_t k, int64_t K, assay_rng *r)
{
    const double score = -8 * assay_rng_uniform(r);
    const bool none = assay_rng_below(r, i == OLD ? 3 : 8) == 0;
    return none && (i == OLD || k % K) ? -INFINITY : i == OLD ? score / 4 : score;
}
static double log_probability(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const double tail = log((double)(c->dim[2] > 1 ? c->dim[2] : 2));
    return i == LOGP ? -fabs(2 * assay_rng_normal(r)) - tail / 2 : score_of(i, j, c->dim[1] ? c->dim[1] : 1, r);
}
/* Four values: sums and quotients of many are equal. */
static double ties(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)c, (void)i, (void)j;
    return -(double)assay_rng_below(r, 4);
}
/* The first step: one beam, no finished text. */
static double start(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const int64_t K = c->dim[1] ? c->dim[1] : 1;
    return i == LOGP ? -3 * assay_rng_uniform(r) : i == SCORE && j % K == 0 ? 0 : -INFINITY;
}
/* What ends a text is likely, and all slots are full of scores like those that come. */
static bool near_end(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const assay_beam_step_params *p = (const assay_beam_step_params *)(const void *)c->params;
    const int64_t V = c->dim[2] ? c->dim[2] : 1;
    for (int64_t k = 0; k < n; k++) {
        const double most = 1 + 2 * assay_rng_uniform(r);
        value[i][k] = i == EOS     ? (double)(V - 1 - k % V)
                      : i == LOGP  ? -(k % V >= V - 2 ? 0.1 : 1) - most / 2 + 0.5
                      : i == SCORE ? -most
                                   : -(0.7 + 0.5 * most) / pow(p->n + 1, p->length_penalty);
    }
    return true;
}
/* Sums that differ by less than half a step of f32, and are equal when they are rounded. */
static double near_ties(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)c, (void)j;
    return i == LOGP ? -1 - (double)assay_rng_below(r, 8) * 0x1p-22 : i == SCORE ? -64 : -20 * assay_rng_uniform(r);
}
static const assay_gen gens[] = {
    GEN_DRAW("log-probability", EXACT, log_probability, "log-probabilities and scores, some slots and beams empty"),
    GEN_DRAW("ties", EXACT, ties, "four values: many equal sums"),
    GEN_DRAW("near-ties", EXACT, near_ties, "sums that are equal once rounded"),
    GEN_DRAW("start", EXACT, start, "one beam, nothing finished"),
    GEN_FILL("near-end", EXACT, near_end, "ends are likely, and all slots full"),
};

#define LENGTHS "n={0,6} most={0,7,20} length_penalty={0,1}"
static const assay_rows rows[] = {
    { "R=3 K={1..16} V=9 n=2 length_penalty=1 E=1 gen=log-probability", ASSAY_QUICK },
    { "R=3 K={1..4} V={1..9} n=2 length_penalty=1 gen={log-probability,ties}", ASSAY_QUICK },
    { "R=3 K=2 V={10..15} n=2 length_penalty=1 gen={log-probability,uniform}", ASSAY_QUICK },
    { "R=5 K=4 V=17 E={0..3} " LENGTHS " early={false,true,never} gen={log-probability,near-end}", ASSAY_QUICK },
    { "R=5 K=3 V=40 n=4 most={5,9} length_penalty={-0.4,0.7,1.3} early={false,never} stop={v5,v4} gen={near-end,start}",
      ASSAY_QUICK },
    { "R=5 K={2,5} V=33 E=2 n=7 most={0,8} early={false,true,never} stop={v5,v4} gen={ties,near-ties}", ASSAY_QUICK },
    { "R=2 K={8,64} V=130 E=16 n=3 length_penalty=1 gen={log-probability,ties}", ASSAY_QUICK },
    { "R={0,1} K=2 V=3 gen=start", ASSAY_QUICK },
    { "R=65540 K=2 V=3 E=1 gen=log-probability", ASSAY_QUICK },
    { "R=5 K=2 V=65600 E=2 gen=near-end", ASSAY_QUICK },
    /* all that can follow ends; the length `most` is 1, or is reached by the next step */
    { "R=3 K=3 V={1,2} E={1,2} n=2 gen={start,near-end}", ASSAY_QUICK },
    { "R=5 K=3 V=17 E=1 n=0 most=1 stop={v5,v4} early={false,true,never} gen=near-end", ASSAY_QUICK },
    { "R=5 K=3 V=17 E=1 n=6 most=8 length_penalty={-0.4,1} stop={v5,v4} early=never gen=near-end", ASSAY_QUICK },
    { "R=1 K=4 V=32000 n=9 length_penalty=1 gen=log-probability", ASSAY_QUICK },
    /* values at every place */
    { "R=7 K=3 V=37 n=3 most=9 length_penalty=1 stop={v5,v4} gen=" ASSAY_VALUES "@{logp,score,old}", ASSAY_QUICK },
};

static const char *const unseen[] = {
    "out-nan-*: no result is NaN",
    "out-value-16-parent: it is below 64",
    "out-value-16-go: it is -1, 0 or 1",
    NULL,
};

static int64_t within(int64_t n, int64_t least, int64_t most)
{
    return n < least ? least : n > most ? least + n % (most - least + 1) : n;
}
static void mend(assay_case *c)
{
    c->dim[1] = within(c->dim[1], 1, c->dim[2] > 1000 ? 8 : 64), c->dim[2] = within(c->dim[2], 1, 1 << 17);
    c->dim[3] = within(c->dim[3], 0, 16);
}

/* All sums, sorted: by themselves, and behind those that do not end. */
typedef struct item {
    float acc;
    int64_t id;
    bool ends;
} item;
static int by_sum(const void *x, const void *y)
{
    const item *a = x, *b = y;
    return a->acc != b->acc ? (a->acc > b->acc ? -1 : 1) : a->id < b->id ? -1 : 1;
}
static int by_end(const void *x, const void *y)
{
    const item *a = x, *b = y;
    return a->ends != b->ends ? (a->ends ? 1 : -1) : by_sum(x, y);
}
static float by_length(const assay_beam_step_params *p, float acc, int32_t length)
{
    return acc / (float)powl(length, p->length_penalty);
}

/* What may fill a slot, in the order in which equal ones are taken; `open`: how many slots nothing fills. */
typedef struct fillers {
    float score[3 * 64];
    int64_t from[3 * 64], n, open;
} fillers;
static void add(fillers *f, float score, int64_t from)
{
    if (!(score > -INFINITY))
        return;
    f->score[f->n] = score, f->from[f->n++] = from;
    f->open -= f->open > 0;
}
static void fill_slots(const fillers *f, int64_t K, double *from, double *best)
{
    for (int64_t i = 0; i < f->n; i++) {
        int64_t ahead = 0;
        for (int64_t j = 0; j < f->n; j++)
            ahead += f->score[j] > f->score[i] || (j < i && f->score[j] == f->score[i]);
        if (ahead < K)
            from[ahead] = (double)f->from[i], best[ahead] = f->score[i];
    }
}

/* One search; r: which. */
static void search(const assay_dense *a, int64_t r, item *all)
{
    const assay_beam_step_params *p = a->params;
    const int64_t K = a->dim[1], V = a->dim[2], E = a->dim[3], N = K * V;
    const bool at_length = p->most > 0 && p->most <= p->n + 1, v4 = p->stop == ASSAY_STOP_V4;
    const double *eos = a->operand[EOS], *old = (const double *)a->operand[OLD] + r * K;
    double *out[GO + 1], *go = (double *)a->operand[GO] + r;
    fillers f = { .open = K };
    *go = -1;
    for (int i = PARENT; i <= BEST; i++) {
        out[i] = (double *)a->operand[i] + r * K;
        for (int64_t k = 0; k < K; k++)
            out[i][k] = i == NEXT || i == BEST ? -INFINITY : -1;
    }
    for (int64_t id = 0; id < N; id++) {
        const long double sum = (long double)((const double *)a->operand[LOGP])[r * N + id] +
                                ((const double *)a->operand[SCORE])[r * K + id / V];
        all[id] = (item){ (float)sum, id, at_length && !v4 };
        for (int64_t e = 0; e < E; e++)
            all[id].ends |= eos[e] == (double)(id % V);
        if (!(all[id].acc < INFINITY))
            return;
    }
    for (int64_t k = 0; k < K; k++)
        add(&f, (float)old[k], k);
    qsort(all, (size_t)N, sizeof *all, by_sum);
    float top = all[0].acc;
    for (int64_t i = 0; i < K; i++)
        if (all[i].ends)
            add(&f, by_length(p, all[i].acc, p->n + 1), K + all[i].id);
    const bool done = f.open == 0 && p->early == ASSAY_EARLY_TRUE;
    qsort(all, (size_t)N, sizeof *all, by_end); /* at most E of each beam end before others: (1 + E) K are enough */
    for (int64_t k = 0; k < K; k++) {
        out[PARENT][k] = (double)(all[k].id / V), out[TOKEN][k] = (double)(all[k].id % V);
        out[NEXT][k] = all[k].ends ? -INFINITY : all[k].acc;
        if (v4 && at_length && !done)
            add(&f, by_length(p, (float)out[NEXT][k], p->n + 1), K + all[k].id);
    }
    fill_slots(&f, K, out[FROM], out[BEST]);
    top = v4 ? top : (float)out[NEXT][0];
    const bool longest = p->early == ASSAY_EARLY_NEVER && p->length_penalty > 0 && p->most > 0;
    const bool hopes = f.open > 0 || by_length(p, top, longest ? p->most : p->n + 1) > (float)out[BEST][K - 1];
    *go = !at_length && out[NEXT][0] > -INFINITY && !done && hopes;
}

SECOND(beam_step)
{
    item *all = malloc((size_t)(a->dim[1] * a->dim[2]) * sizeof *all);
    for (int64_t r = 0; all && r < a->dim[0]; r++)
        search(a, r, all);
    free(all);
}

static const assay_workload workloads[] = {
    { "bart-large.beam4", "R=1 K=4 V=50265 E=1 n=20 most=142 length_penalty=2 early=true", 4 },
    { "nllb-600m.beam5.batch8", "R=8 K=5 V=256206 E=1 n=20 most=200 length_penalty=1", 40 },
    { "llama3-8b.beam4", "R=1 K=4 V=128256 E=2 n=20 length_penalty=1", 4 },
};

static const assay_vector_case vectors[] = {
    { "start", "R=2 K=3 V=11 E=1 gen=start" },
    { "runs", "R=5 K=3 V=11 E=2 n=4 length_penalty=1 gen=log-probability" },
    { "ties", "R=5 K=3 V=11 E=2 n=4 length_penalty=0.5 gen=ties" },
    { "near_end", "R=5 K=3 V=11 E=1 n=4 length_penalty=2 early=never most=9 gen=near-end" },
    { "at_length", "R=5 K=3 V=11 E=1 n=4 length_penalty=1 most=5 gen=near-end" },
    { "nan", "R=14 K=3 V=5 E=1 n=4 length_penalty=1 gen=nan@logp" },
    { "at_length_early", "R=5 K=3 V=11 E=1 n=4 length_penalty=1 most=5 early=true stop=v4 gen=near-end" },
    { "at_length_v4", "R=5 K=3 V=11 E=1 n=4 length_penalty=1 most=5 stop=v4 gen=near-end" },
};

#define RUNS "R=5 K=3 V={7,43} E=2 n=4 length_penalty={0,1} gen=log-probability seed=3"
static const assay_relation relations[] = {
    ALONG(CUT, "searches in two calls: the same", RUNS, "R", 0),
    ALONG(REVERSE, "searches in reverse: in all results, too", RUNS, "R", 0),
    ALONG(REVERSE, "ends in reverse: the same", RUNS, "E", 0),
};

static const assay_known_answer answers[] = {
    { "V=3 n=1 length_penalty=1", { { -1, -2, -3 }, { -1 }, { -INFINITY }, { 0 } }, { 0, 1, -3, 1, -1, 0 } },
    { "V=3 n=1 length_penalty=1", { { -1, -2, -3 }, { -1 }, { -0.5 }, { 2 } }, { 0, 0, -2, 0, -0.5, 0 } },
    { "V=3 n=1 most=2", { { -1, -2, -3 }, { -1 }, { -INFINITY }, { 2 } }, { 0, 0, -INFINITY, 1, -2, 0 } },
    { "V=3 n=1 most=2 stop=v4", { { -1, -2, -3 }, { -1 }, { -INFINITY }, { 2 } }, { 0, 0, -2, 1, -2, 0 } },
};

SUITE(beam_step) = { USUAL_TABLES(beam_step), .mend = mend, .unseen = unseen, .known = beam_known };
TABLES(beam_step);
