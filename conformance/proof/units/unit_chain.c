/* SPDX-License-Identifier: MIT
 * The chain from logits to a token, without a model: known answers of each rule (float64 NumPy, Hugging Face
 * transformers), their order, draws and mirostat once more from their definitions, and what is refused; by the
 * baseline, the best kernels and the oracle. */
#include "../../../reference/models/chain.h"
#include "../../../reference/core/registry.h"
#include "../../../reference/core/rng.h"
#include "unit.h"
#include <math.h>
#include <string.h>

enum { MOST = 5 };
static const char *const impls[] = { "scalar", "best", "oracle" };
#define PAGE                                                                                                           \
    {                                                                                                                  \
        2, 1, 0.5f, -1, -3                                                                                             \
    }
static const float page[] = PAGE;
/* softmax of the page's logits, and of them over 0.7 */
static const double at_1[] = { 0.6069675197545, 0.2232908719765, 0.1354327598877, 0.03021913340309, 0.004089714978272 },
                    at_07[] = { 0.7291156773938, 0.1747333277734, 0.08553924325808, 0.01003539268737,
                                0.0005763588874148 };

/* Options as on a command line: "top-k:40 seed:1". */
static assay_status ask(assay_chain *c, const char *options, assay_why *why)
{
    char text[256], *save, *word;
    assay_status s = ASSAY_OK;
    *c = assay_chain_usual();
    snprintf(text, sizeof text, "%s", options);
    for (word = strtok_r(text, " ", &save); word && !s; word = strtok_r(NULL, " ", &save)) {
        char *value = strchr(word, ':');
        int i = 0;
        *value++ = 0;
        while (i < ASSAY_SETTINGS && strcmp(word, assay_chain_option((assay_setting)i)) != 0)
            i++;
        s = i < ASSAY_SETTINGS          ? assay_chain_set(c, (assay_setting)i, value, why)
            : !strcmp(word, "samplers") ? assay_chain_order(c, value, why)
            : !strcmp(word, "draw")     ? assay_chain_draw(c, value, why)
                                        : assay_chain_bias(c, value, why);
    }
    return s;
}

static assay_tensor row_of(const float *z, int64_t V)
{
    return (assay_tensor){ .data = (void *)(uintptr_t)z, .type = ASSAY_f32, .rank = 2, .dim = { 1, V } };
}

static void begin(assay_chain_run *r, assay_chain *c, assay_impl *how, const char *options, const char *impl, int64_t V)
{
    assay_why why = { "" };
    ck_assert_msg(ask(c, options, &why) == ASSAY_OK, "%s: %s", options, why.text);
    ck_assert_int_eq(assay_impl_parse(impl, assay_cpu(), how, &why), ASSAY_OK);
    ck_assert_msg(assay_chain_begin(r, c, how, V, &why) == ASSAY_OK, "%s: %s", options, why.text);
}

/* What is left of a row, and the token. */
static int32_t pick(const char *options, const char *impl, const float *z, int64_t V, const int32_t *said, int64_t n,
                    int64_t step, float *left)
{
    assay_chain c;
    assay_chain_run r;
    assay_impl how;
    assay_why why = { "" };
    int32_t id = -1;
    const assay_tensor row = row_of(z, V);
    begin(&r, &c, &how, options, impl, V);
    const assay_status s = assay_chain_pick(&r, &row, said, n, step, &id, &why);
    ck_assert_msg(s == ASSAY_OK, "%s by %s: %s", options, impl, why.text);
    memcpy(left, r.z, (size_t)V * sizeof *left);
    assay_chain_end(&r);
    return id;
}

#define NO  (-INFINITY)
#define ANY (-1)
static const struct {
    const char *options;
    int64_t V;
    float z[MOST], left[MOST];
    int64_t n;
    int32_t said[8];
    int32_t id; /* ANY: it is drawn from several */
} known[] = {
    { "seed:7", 5, PAGE, PAGE, 0, { 0 }, 0 },
    { "top-k:0", 4, { 1, 3, 3, 0 }, { 1, 3, 3, 0 }, 0, { 0 }, 1 },
    { "temperature:1 top-k:2", 5, { 1, 3, 2, 2, 0 }, { NO, 3, 2, NO, NO }, 0, { 0 }, ANY },
/* ln of 0.5 0.25 0.125 0.125 */
#define HALVES                                                                                                         \
    {                                                                                                                  \
        -0.6931472f, -1.3862944f, -2.0794415f, -2.0794415f                                                             \
    }
    { "temperature:1 top-p:0.6", 4, HALVES, { -0.6931472f, -1.3862944f, NO, NO }, 0, { 0 }, ANY },
    { "temperature:1 top-p:0.76", 4, HALVES, { -0.6931472f, -1.3862944f, -2.0794415f, NO }, 0, { 0 }, ANY },
    { "temperature:1 top-p:0.05", 4, HALVES, { -0.6931472f, NO, NO, NO }, 0, { 0 }, 0 },
    { "temperature:1 top-p:1 typical:1", 4, HALVES, HALVES, 0, { 0 }, ANY },
    { "temperature:1 min-p:0.2", 5, PAGE, { 2, 1, 0.5f, NO, NO }, 0, { 0 }, ANY },
    { "temperature:1 typical:0.5", 5, PAGE, { 2, 1, NO, NO, NO }, 0, { 0 }, ANY },
    { "temperature:1 typical:0.2", 5, PAGE, { NO, 1, NO, NO, NO }, 0, { 0 }, 1 }, /* not the likeliest */
    { "temperature:1e-4 typical:0.9999", 5, PAGE, PAGE, 0, { 0 }, 0 },            /* ggml-org/llama.cpp#4261 */
    /* once for a token, however often it occurred (ohdearquant/lattice#312); a negative logit falls
     * (huggingface/transformers#2302) */
    { "repetition-penalty:1.2", 5, PAGE, { 1.6666667f, 1, 0.5f, -1.2f, -3 }, 6, { 0, 3, 0, 0, 3, 0 }, 0 },
    { "frequency-penalty:0.1 presence-penalty:0.4", 5, PAGE, { 1.3f, 1, 0, -1, -3 }, 4, { 2, 0, 0, 0 }, 0 },
    { "frequency-penalty:1", 5, PAGE, { -1, 1, -0.5f, -1, -3 }, 4, { 2, 0, 0, 0 }, 1 },
    /* the last of them, not the first (abetlen/llama-cpp-python#1295) */
    { "presence-penalty:2 penalty-window:2", 5, PAGE, { 0, 1, 0.5f, -1, -5 }, 4, { 1, 2, 0, 4 }, 1 },
    { "presence-penalty:2 penalty-window:0", 5, PAGE, { 0, -1, -1.5f, -1, -5 }, 4, { 1, 2, 0, 4 }, 0 },
    { "presence-penalty:2 penalty-window:9", 5, PAGE, { 0, -1, -1.5f, -1, -5 }, 4, { 1, 2, 0, 4 }, 0 },
    { "logit-bias:0=-inf logit-bias:3=2.5", 5, PAGE, { NO, 1, 0.5f, 1.5f, -3 }, 0, { 0 }, 3 },
    /* the bias stands before all, so repetition sees 4, not 2; and it lets 4 into the best two */
    { "repetition-penalty:2 logit-bias:0=2", 5, PAGE, { 2, 1, 0.5f, -1, -3 }, 1, { 0 }, 0 },
    { "temperature:1 top-k:2 logit-bias:4=4.5 samplers:top_k,temperature",
      5,
      PAGE,
      { 2, NO, NO, NO, 1.5f },
      0,
      { 0 },
      ANY },
    /* the order decides: temperature first keeps three, last two */
    { "temperature:2 top-p:0.8 samplers:temperature,top_p", 4, { 3, 2, 1, 0 }, { 3, 2, 1, NO }, 0, { 0 }, ANY },
    { "temperature:2 top-p:0.8", 4, { 3, 2, 1, 0 }, { 3, 2, NO, NO }, 0, { 0 }, ANY },
    { "temperature:1 top-k:1 presence-penalty:3", 5, PAGE, { NO, 1, NO, NO, NO }, 1, { 0 }, 1 },
    { "temperature:1 top-k:1 presence-penalty:3 samplers:top_k,penalties,temperature",
      5,
      PAGE,
      { -1, NO, NO, NO, NO },
      1,
      { 0 },
      0 },
    /* probabilities are taken anew: the likeliest has 0.73 of the two best, 0.61 of all */
    { "temperature:1 top-k:2 top-p:0.72 samplers:top_k,top_p,temperature",
      5,
      PAGE,
      { 2, NO, NO, NO, NO },
      0,
      { 0 },
      0 },
    { "temperature:1 top-k:2 top-p:0.72 samplers:top_p,top_k,temperature",
      5,
      PAGE,
      { 2, 1, NO, NO, NO },
      0,
      { 0 },
      ANY },
};

START_TEST(test_known)
{
    for (size_t i = 0; i < sizeof known / sizeof *known * 3; i++) {
        const char *impl = impls[i % 3], *options = known[i / 3].options;
        const float *want = known[i / 3].left;
        float left[MOST];
        const int32_t id =
            pick(options, impl, known[i / 3].z, known[i / 3].V, known[i / 3].said, known[i / 3].n, 0, left);
        for (int64_t v = 0; v < known[i / 3].V; v++)
            ck_assert_msg(left[v] == want[v] || fabsf(left[v] - want[v]) <= 1e-6f, "%s by %s: logit %d is %g, not %g",
                          options, impl, (int)v, (double)left[v], (double)want[v]);
        if (known[i / 3].id != ANY)
            ck_assert_msg(id == known[i / 3].id, "%s by %s: token %d, not %d", options, impl, (int)id,
                          (int)known[i / 3].id);
        ck_assert_msg(left[id] > NO, "%s by %s: %d was taken out, and drawn", options, impl, (int)id);
    }
}
END_TEST

/* Of the draw at a step: the upper 24 bits of the first word of its block. */
static double uniform(uint32_t seed, uint32_t step)
{
    const uint32_t counter[] = { 0, 0, step, 0 }, key[] = { seed, 0 };
    uint32_t word[4];
    assay_philox4x32(counter, key, word);
    return (word[0] >> 8) * 0x1p-24;
}

/* The smallest token with u below its cumulated probability, among those that stay; margin: how near an edge is. */
static int32_t invert(const double *p, const bool *stays, double u, double *margin)
{
    double sum = 0, cum = 0;
    int32_t id = -1;
    *margin = 1;
    for (int v = 0; v < MOST; v++)
        sum += stays && !stays[v] ? 0 : p[v];
    for (int32_t v = 0; v < MOST; v++) {
        if (stays && !stays[v])
            continue;
        cum += p[v];
        *margin = fmin(*margin, fabs(u * sum - cum));
        if (id < 0 && u * sum < cum)
            id = v;
    }
    return id;
}

START_TEST(test_draw)
{
    for (uint32_t i = 0; i < 300; i++) {
        const bool cold = i % 2;
        const uint32_t seed = i / 3, step = i % 3 * 1000;
        char options[64];
        float left[MOST];
        double margin;
        const int32_t want = invert(cold ? at_07 : at_1, NULL, uniform(seed, step), &margin);
        snprintf(options, sizeof options, "temperature:%s seed:%u", cold ? "0.7" : "1", (unsigned)seed);
        for (int k = 0; k < 3 && margin > 1e-6; k++)
            ck_assert_int_eq(pick(options, impls[k], page, MOST, NULL, 0, step, left), want);
    }
}
END_TEST

/* Once more from the definition: the three that top-k leaves have the words of one block. */
START_TEST(test_gumbel)
{
    int other = 0;
    for (uint32_t i = 0; i < 300; i++) {
        const uint32_t seed = i / 3, step = i % 3 * 1000, key[] = { seed, 0 };
        const double temp = (double)(i % 2 ? 0.7F : 1.0F);
        char options[64];
        float left[MOST];
        uint32_t word[4];
        double best = -INFINITY, second = -INFINITY;
        int32_t want = -1;
        assay_philox4x32((const uint32_t[]){ 0, 0, step, 0 }, key, word);
        for (int v = 0; v < 3; v++) { /* top-k 3 */
            const double sum = (double)page[v] / temp - log(-log(((word[v] >> 9) + 0.5) * 0x1p-23));
            second = sum > best ? best : fmax(second, sum);
            want = sum > best ? v : want, best = fmax(best, sum);
        }
        snprintf(options, sizeof options, "temperature:%g top-k:3 draw:gumbel seed:%u", temp, (unsigned)seed);
        for (int k = 0; k < 3 && best - second > 1e-5; k++)
            ck_assert_int_eq(pick(options, impls[k], page, MOST, NULL, 0, step, left), want);
        options[strlen("temperature:1 top-k:3 ") + (i % 2 ? 2 : 0)] = 0;
        snprintf(options + strlen(options), 40, "draw:inverse seed:%u", (unsigned)seed);
        other += pick(options, impls[0], page, MOST, NULL, 0, step, left) != want;
    }
    ck_assert_int_gt(other, 50);
}
END_TEST

/* k of the first form (mpmath, from the paper's formulas): of Zipf's laws, and of eight logits that follow none */
START_TEST(test_k)
{
    enum { LAW = 5000 };
    static const float eight[] = { 9, 7, 6.5f, 6, 5.5f, 4, 3, 2 };
    static const struct {
        double s; /* of a law; 0: the eight */
        int64_t m, V, k;
        double temp, limit;
    } at_limit[] = {
        { 0.5, 100, LAW, 1, 1, 3 },  { 0.5, 100, LAW, 3, 1, 8 },     { 0.5, 100, LAW, 53, 1, 10 },
        { 1, 100, LAW, 1, 1, 3 },    { 1, 100, LAW, 30, 1, 8 },      { 1, 100, LAW, 1923, 1, 14 },
        { 1.3, 100, LAW, 2, 1, 3 },  { 1.3, 100, LAW, 87, 1, 10 },   { 1.3, 100, LAW, 735, 1, 14 },
        { 3, 100, LAW, 12, 1, 10 },  { 6, 100, LAW, 12, 2, 10 },     { 0.5, 100, LAW, LAW, 1, 14 },
        { 0.5, 100, LAW, 1, 1, -9 }, { 1.3, 100, LAW, LAW, 1, 1e9 }, { 0, 8, 8, 1, 1, 1 },
        { 0, 8, 8, 2, 1, 2.5 },      { 0, 8, 8, 4, 1, 5 },           { 0, 4, 8, 5, 1, 5 },
        { 0, 8, 32000, 14, 1, 10 },  { 0, 8, 8, 1, 1, -1e300 },      { 0, 1, 8, 1, 1, 9 },
    };
    for (size_t i = 0; i < sizeof at_limit / sizeof *at_limit; i++) {
        float z[100];
        for (int v = 0; v < 100; v++)
            z[v] = at_limit[i].s > 0 ? (float)(-at_limit[i].s * log(v + 1.0)) : v < 8 ? eight[v] : NO;
        const int64_t k = assay_mirostat_k(z, at_limit[i].m, at_limit[i].V, at_limit[i].temp, at_limit[i].limit);
        ck_assert_msg(k == at_limit[i].k, "known answer %d: k is %d, not %d", (int)i, (int)k, (int)at_limit[i].k);
    }
    const float level[] = { 1, 1, 1 }, banned[] = { 3, NO, NO }, broken[] = { NAN, 1, 0 };
    ck_assert_int_eq(assay_mirostat_k(level, 3, 3, 1, 1.59), 3); /* each has 1.585 bits by log2 3, 1 by the law's sum */
    ck_assert_int_eq(assay_mirostat_k(level, 3, 3, 1, 0.99), 1);
    ck_assert_int_eq(assay_mirostat_k(banned, 3, 3, 1, 20), 1);
    ck_assert_int_eq(assay_mirostat_k(broken, 3, 3, 1, 20), 1);
}
END_TEST

/* The update once more, by probabilities: mirostat of one distribution, whose entropy is 1.15 and 1.5 bits.  Of
 * the first form s is the page's (mpmath). */
START_TEST(test_mirostat)
{
    enum { STEPS = 1500 };
    static const double taus[] = { 1, 1.3, 0.2, 30 };
    static const double *const ps[] = { at_07, at_1, at_1, at_1 };
    for (int k = 0; k < 24; k++) {
        assay_chain c;
        assay_chain_run r;
        assay_impl impl;
        char options[96];
        const assay_tensor row = row_of(page, MOST);
        const int form = 1 + k / 12;
        const double tau = taus[k / 3 % 4], eta = 0.4, *p = ps[k / 3 % 4];
        const double s = p == at_07 ? 3.25934330819904 : 2.28154031573933, sum_of = (1 - pow(MOST, 1 - s)) / (s - 1);
        double limit = 2 * tau, sum = 0;
        snprintf(options, sizeof options, "temperature:%g mirostat:%d mirostat-tau:%g mirostat-eta:%g",
                 p == at_07 ? 0.7 : 1, form, tau, eta);
        begin(&r, &c, &impl, options, impls[k % 3], MOST);
        for (int step = 0; step < STEPS; step++) {
            bool stays[MOST];
            double edge = 1, margin;
            for (int v = 0; v < MOST; v++) {
                const double bits = form == 1 ? s * log2(v + 1.0) + log2(sum_of) : -log2(p[v]);
                stays[v] = v == 0 || bits <= limit;
                edge = fmin(edge, fabs(bits - limit));
            }
            int32_t id, want = invert(p, stays, uniform(0, (uint32_t)step), &margin);
            ck_assert_int_eq(assay_chain_pick(&r, &row, NULL, 0, step, &id, NULL), ASSAY_OK);
            if (margin > 1e-6 && edge > 1e-5)
                ck_assert_msg(id == want, "%s, tau %g, step %d: token %d, not %d", impls[k % 3], tau, step, (int)id,
                              (int)want);
            sum += -log2(p[id]);
            limit -= eta * (-log2(p[id]) - tau);
            ck_assert_msg(fabs(limit - r.limit) < 1e-3, "%s, tau %g, step %d: a limit of %g, not %g", impls[k % 3], tau,
                          step, r.limit, limit);
        }
        ck_assert(fabs(r.surprise - sum) < 1e-3 && r.drawn == STEPS);
        /* what can be reached is reached; the least surprise is 0.72 bits, the entropy 1.496: a limit for 0.2 falls
         * without end, one for 30 rises */
        if (tau < 0.5)
            ck_assert(r.limit < -100 && fabs(sum / STEPS - 0.7203) < 0.01);
        else if (tau > 2)
            ck_assert(r.limit > 1000 && fabs(sum / STEPS - 1.496) < 0.15);
        else
            ck_assert_msg(fabs(sum / STEPS - tau) < 0.02, "%g bits on average, not %g", sum / STEPS, tau);
        assay_chain_end(&r);
    }
}
END_TEST

/* Rows of the oracle's width, and rows that leave nothing. */
START_TEST(test_rows)
{
    static const double wide[] = { 1, 4, 2 };
    static const float broken[] = { 1, NAN, 2 };
    static const int32_t said[] = { 1, 3 };
    const assay_tensor good = { .data = (void *)(uintptr_t)wide, .type = ASSAY_f64, .rank = 2, .dim = { 1, 3 } },
                       bad = row_of(broken, 3);
    for (int k = 0; k < 6; k++) {
        const char *temperature = k / 3 ? "temperature:1" : "temperature:0";
        char options[96];
        assay_chain c;
        assay_chain_run r;
        assay_impl impl;
        assay_why why = { "" };
        int32_t id;
        begin(&r, &c, &impl, temperature, impls[k % 3], 3);
        ck_assert_int_eq(assay_chain_pick(&r, &good, said, 1, 0, &id, &why), ASSAY_OK);
        ck_assert(k / 3 || id == 1);
        ck_assert_int_ne(assay_chain_pick(&r, &bad, said, 1, 0, &id, &why), ASSAY_OK);
        ck_assert(strstr(why.text, "no token can be picked"));
        ck_assert_int_ne(assay_chain_pick(&r, &good, said, 2, 0, &id, &why), ASSAY_OK);
        ck_assert(strstr(why.text, "token 1 so far is 3, not in 0 .. 2"));
        assay_chain_end(&r);
        snprintf(options, sizeof options, "%s logit-bias:0=-inf logit-bias:1=-inf logit-bias:2=-inf", temperature);
        begin(&r, &c, &impl, options, impls[k % 3], 3);
        ck_assert_int_ne(assay_chain_pick(&r, &good, said, 0, 0, &id, &why), ASSAY_OK);
        ck_assert(strstr(why.text, "all of them -inf by --logit-bias"));
        assay_chain_end(&r);
    }
}
END_TEST

START_TEST(test_refused)
{
    static const char *const refused[][2] = {
        { "temperature:-1", "--temperature -1: a number from 0 to 1000000" },
        { "temperature:nan", "--temperature nan: a number" },
        { "temperature:1e-7", "--temperature 1e-7: the number is 0" },
        { "top-k:-1", "--top-k -1: a whole number from 0 to 16777216" },
        { "top-k:1.5", "--top-k 1.5: a whole number" },
        { "top-p:1.01", "--top-p 1.01: a number from 0 to 1" },
        { "min-p:-0.1", "--min-p -0.1: a number from 0 to 1" },
        { "typical:2", "--typical 2: a number from 0 to 1" },
        { "repetition-penalty:0", "--repetition-penalty 0: a number from 0.01" },
        { "frequency-penalty:101", "--frequency-penalty 101: a number from -100 to 100" },
        { "presence-penalty:--1", "--presence-penalty --1: a number from -100 to 100" },
        { "mirostat:1", "--mirostat 1 says what to draw from, but --temperature 0" },
        { "draw:gumbel", "--draw gumbel says how to draw, but --temperature 0" },
        { "draw:max", "--draw max: it is inverse or gumbel" },
        { "temperature:1 mirostat:1 top-k:9", "--top-k 9 and --mirostat 1" },
        { "mirostat:3", "--mirostat 3: a whole number from 0 to 2" },
        { "samplers:top_k,", "--samplers: '' is none of" },
        { "samplers:topk",
          "'topk' is none of penalties, top_k, typical, top_p, min_p, temperature; did you mean top_k?" },
        { "samplers:top_p,min_p,top_p", "top_p stands at places 1 and 3" },
        { "samplers:top_p,temperature,penalties", "penalties, at place 3, are of logits" },
        { "logit-bias:x=1", "--logit-bias x=1: TOKEN=VALUE" },
        { "logit-bias:99999999999=1", "--logit-bias 99999999999=1: TOKEN=VALUE" },
        { "logit-bias:3=", "--logit-bias 3=: the value is a finite number" },
        { "logit-bias:3=inf", "--logit-bias 3=inf: the value is a finite number" },
        { "logit-bias:3=1e39", "--logit-bias 3=1e39: the value is a finite number" },
        { "logit-bias:3=1 logit-bias:3=2", "--logit-bias 3=1 and 3=2" },
        { "logit-bias:5=1", "--logit-bias 5=1: token ids are 0 .. 4" },
        { "top-k:40", "--top-k 40 says what to draw from, but --temperature 0" },
        { "mirostat:2", "--mirostat 2 says what to draw from, but --temperature 0" },
        { "temperature:1 mirostat:2 min-p:0.1", "--min-p 0.1 and --mirostat 2" },
        { "temperature:1 mirostat-tau:3", "--mirostat-tau 3 is of --mirostat," },
        { "mirostat-eta:0.1", "--mirostat-eta 0.1 is of --mirostat," },
        { "penalty-window:64", "--penalty-window 64: no penalty" },
        { "temperature:1 top-p:0.9 samplers:temperature", "--top-p 0.9: --samplers does not list top_p" },
        { "temperature:1 samplers:top_k", "--temperature 1: --samplers does not list temperature" },
        { "presence-penalty:1 samplers:temperature", "--presence-penalty 1: --samplers does not list penalties" },
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        const assay_impl impl = { .how = ASSAY_RUN_SCALAR };
        assay_chain c;
        assay_chain_run r;
        assay_why why = { "" };
        const bool good = !ask(&c, refused[i][0], &why) && !assay_chain_begin(&r, &c, &impl, MOST, &why);
        ck_assert_msg(!good && strstr(why.text, refused[i][1]), "%s: '%s' is not said in: %s", refused[i][0],
                      refused[i][1], why.text);
    }
}
END_TEST

START_TEST(test_said)
{
    static const char *const said[][2] = {
        { "top-k:0 typical:1 top-p:1", "the likeliest token" },
        { "temperature:0.8 seed:9007199254740992", "temperature 0.8, a draw by seed 9007199254740992" },
        { "temperature:1 min-p:0.1 top-k:7 presence-penalty:-0.5 logit-bias:1=2 "
          "samplers:min_p,penalties,top_k,temperature",
          "logit-bias of 1 token, min_p 0.1, penalties (presence-penalty -0.5, penalty-window 64), top_k 7, "
          "temperature "
          "1, a draw by seed 0" },
        { "temperature:2 mirostat:2 mirostat-tau:3", "temperature 2, mirostat 2 (tau 3, eta 0.1), a draw by seed 0" },
        { "temperature:2 mirostat:1 draw:gumbel seed:3",
          "temperature 2, mirostat 1 (tau 5, eta 0.1), a draw by gumbel and seed 3" },
    };
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        assay_chain c;
        assay_why why = { "" };
        char text[ASSAY_CHAIN_TEXT];
        ck_assert_msg(ask(&c, said[i][0], &why) == ASSAY_OK && assay_chain_check(&c, &why) == ASSAY_OK, "%s", why.text);
        assay_chain_say(&c, text);
        ck_assert_str_eq(text, said[i][1]);
    }
}
END_TEST

Suite *assay_unit_chain(void)
{
    Suite *s = suite_create("chain");
    TCase *t = tcase_create("chain");
    tcase_set_tags(t, "truncate penalize topk sample argmax gumbel");
    tcase_add_test(t, test_known);
    tcase_add_test(t, test_draw);
    tcase_add_test(t, test_gumbel);
    tcase_add_test(t, test_k);
    tcase_add_test(t, test_mirostat);
    tcase_add_test(t, test_rows);
    tcase_add_test(t, test_refused);
    tcase_add_test(t, test_said);
    suite_add_tcase(s, t);
    return s;
}
