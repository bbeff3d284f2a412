/* SPDX-License-Identifier: MIT
 * Beam search over a table of a first-order model: what Hugging Face's generate answers, by both of its stops, and by
 * diverse groups. */
#include "../../../reference/core/registry.h"
#include "../../../reference/models/beams.h"
#include "../../../reference/models/lone.h"
#include "assay/params/beam_step.h"
#include "assay/params/penalize.h"
#include "unit.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { V = 4, MOST = 5 };
static const double table[V][V] = {
    { 0.6, 0.15, 0.1, 0.15 }, { 0.2, 0.05, 0.1, 0.65 }, { 0.15, 0.45, 0.05, 0.35 }, { 0.45, 0.35, 0.05, 0.15 }
};

/* Logits of what comes behind a token: unnormalised, for normalising is part of a search. */
static assay_status next(void *ctx, const int32_t *id, int64_t n, float *logits, assay_why *why)
{
    (void)why;
    for (int v = 0; v < V; v++)
        logits[v] = (float)(log(table[n ? id[n - 1] : 3][v]) + (double)n);
    ++*(int *)ctx;
    return ASSAY_OK;
}

static const struct {
    double penalty;
    int32_t early, stop;
    int64_t steps;
    struct {
        const char *id;
        double score;
    } text[2];
} known[] = {
    { 1, ASSAY_EARLY_FALSE, ASSAY_STOP_V5, 3, { { "130", -0.759704245603 }, { "0", -0.7985076962178 } } },
    { 1, ASSAY_EARLY_TRUE, ASSAY_STOP_V5, 2, { { "0", -0.7985076962178 }, { "10", -1.329630018466 } } },
    { 1, ASSAY_EARLY_NEVER, ASSAY_STOP_V5, 5, { { "13130", -0.75194355548 }, { "130", -0.759704245603 } } },
    { 0, ASSAY_EARLY_FALSE, ASSAY_STOP_V5, 3, { { "0", -0.7985076962178 }, { "130", -2.279112736809 } } },
    { 0, ASSAY_EARLY_TRUE, ASSAY_STOP_V5, 2, { { "0", -0.7985076962178 }, { "10", -2.659260036933 } } },
    { 0, ASSAY_EARLY_NEVER, ASSAY_STOP_V5, 3, { { "0", -0.7985076962178 }, { "130", -2.279112736809 } } },
    { 2, ASSAY_EARLY_FALSE, ASSAY_STOP_V5, 5, { { "13130", -0.150388711096 }, { "13131", -0.1604412882272 } } },
    { 2, ASSAY_EARLY_TRUE, ASSAY_STOP_V5, 2, { { "10", -0.6648150092332 }, { "0", -0.7985076962178 } } },
    { 2, ASSAY_EARLY_NEVER, ASSAY_STOP_V5, 5, { { "13130", -0.150388711096 }, { "13131", -0.1604412882272 } } },
    { 1, ASSAY_EARLY_FALSE, ASSAY_STOP_V4, 5, { { "13130", -0.75194355548 }, { "130", -0.759704245603 } } },
};

static assay_beams beams(const assay_impl *impl, int *calls, int64_t K, double penalty)
{
    static const int32_t end[] = { 0 };
    return (assay_beams){ .impl = impl,
                          .K = K,
                          .V = V,
                          .E = 1,
                          .ends = end,
                          .most = MOST,
                          .length_penalty = penalty,
                          .next = next,
                          .ctx = calls };
}

START_TEST(test_known)
{
    static const char *const impls[] = { "scalar", "best", "oracle" };
    for (size_t i = 0; i < sizeof known / sizeof *known * 3; i++) {
        assay_impl impl;
        assay_why why = { "" };
        int calls = 0;
        ck_assert_int_eq(assay_impl_parse(impls[i % 3], assay_cpu(), &impl, &why), ASSAY_OK);
        assay_beams b = beams(&impl, &calls, 2, known[i / 3].penalty);
        b.early = known[i / 3].early, b.stop = known[i / 3].stop;
        ck_assert_msg(assay_beams_search(&b, &why) == ASSAY_OK, "%s", why.text);
        ck_assert_int_eq(b.steps, known[i / 3].steps);
        for (int k = 0; k < 2; k++) {
            char text[MOST + 1] = "";
            for (int64_t t = 0; t < b.length[k]; t++)
                text[t] = (char)('0' + b.id[k * MOST + t]);
            ck_assert_str_eq(text, known[i / 3].text[k].id);
            ck_assert_msg(fabs((double)b.score[k] - known[i / 3].text[k].score) < 1e-6, "%s: a score of %.9g", text,
                          (double)b.score[k]);
        }
        ck_assert_int_eq(calls, 1 + 2 * (b.steps - 1)); /* at first there is one beam */
        free(b.id);
    }
}
END_TEST

/* With no token that ends, one beam is greedy; with as many beams as texts, the search is exhaustive. */
START_TEST(test_ends)
{
    assay_impl impl;
    int calls = 0;
    ck_assert_int_eq(assay_impl_parse("best", assay_cpu(), &impl, NULL), ASSAY_OK);
    assay_beams b = beams(&impl, &calls, 1, 1);
    b.E = 0;
    ck_assert_int_eq(assay_beams_search(&b, NULL), ASSAY_OK);
    static const int32_t greedy[] = { 0, 0, 0, 0, 0 };
    ck_assert_int_eq(b.length[0], MOST);
    ck_assert(!memcmp(b.id, greedy, sizeof greedy));
    free(b.id);
    b = beams(&impl, &calls, 64, 0);
    b.E = 0, b.most = 3;
    ck_assert_int_eq(assay_beams_search(&b, NULL), ASSAY_OK);
    double last = 1, sum = 0;
    for (int k = 0; k < 64; k++) {
        const int32_t *id = b.id + k * 3;
        const double p = table[3][id[0]] * table[id[0]][id[1]] * table[id[1]][id[2]];
        ck_assert_int_eq(b.length[k], 3);
        ck_assert_msg(fabs(exp((double)b.score[k]) - p) < 1e-6 && p < last + 1e-7, "text %d has %g", k, p);
        last = p, sum += p;
    }
    ck_assert(fabs(sum - 1) < 1e-12);
    free(b.id);
    b = beams(&impl, &calls, 65, 0);
    assay_why why = { "" };
    ck_assert_int_ne(assay_beams_search(&b, &why), ASSAY_OK);
    ck_assert(strstr(why.text, "65 beams"));
}
END_TEST

/* Hugging Face's transformers 4.46.3: two groups of two beams, what the first goes on by is 0.5 less for the second. */
START_TEST(test_groups)
{
    static const char *const impls[] = { "scalar", "best", "oracle" }, *const text[] = { "130", "0", "0", "130" };
    static const double score[] = { -0.759704245603, -0.7985076962178, -0.7985076962178, -1.093037578936 };
    for (int i = 0; i < 3; i++) {
        assay_impl impl;
        assay_why why = { "" };
        int calls = 0;
        ck_assert_int_eq(assay_impl_parse(impls[i], assay_cpu(), &impl, &why), ASSAY_OK);
        assay_beams b = beams(&impl, &calls, 4, 1);
        b.stop = ASSAY_STOP_V4, b.most = 3, b.groups = 2, b.diverse = 0.5;
        ck_assert_msg(assay_beams_search(&b, &why) == ASSAY_OK, "%s", why.text);
        ck_assert_int_eq(b.steps, 3);
        for (int k = 0; k < 4; k++) {
            ck_assert_int_eq(b.length[k], strlen(text[k]));
            for (int64_t t = 0; t < b.length[k]; t++)
                ck_assert_int_eq(b.id[k * 3 + t], text[k][t] - '0');
            ck_assert_msg(fabs((double)b.score[k] - score[k]) < 1e-6, "%s: a score of %.9g", text[k],
                          (double)b.score[k]);
        }
        free(b.id);
    }
}
END_TEST

/* The first step of two groups of one beam: the first runs on with 1, and these are the second's log-probabilities. */
START_TEST(test_lowered)
{
    static const double seen[] = { -0.7985076962178, -1.549822124499, -2.995732273554, -1.897119984886 };
    const assay_penalize_params lower = { .frequency = 0.5f };
    const int64_t dim[] = { 1, V };
    float logits[V], logp[V], taken[V] = { 0, 1, 0, 0 }, lowered[V];
    assay_impl impl;
    int calls = 0;
    ck_assert_int_eq(assay_impl_parse("best", assay_cpu(), &impl, NULL), ASSAY_OK);
    ck_assert_int_eq(next(&calls, NULL, 0, logits, NULL), ASSAY_OK);
    ck_assert_int_eq(assay_lone(&impl, "log_softmax", dim, NULL, (void *const[]){ logits, NULL, logp }, NULL),
                     ASSAY_OK);
    ck_assert_int_eq(
        assay_lone(&impl, "penalize", dim, &lower, (void *const[]){ logp, taken, NULL, NULL, lowered }, NULL),
        ASSAY_OK);
    for (int v = 0; v < V; v++)
        ck_assert_msg(fabs((double)lowered[v] - seen[v]) < 1e-6, "%d: %.9g", v, (double)lowered[v]);
}
END_TEST

/* So much less that each of four groups begins otherwise, by what the others leave; and nothing less: all find what one
 * search finds. */
START_TEST(test_groups_apart)
{
    static const int32_t order[] = { 0, 1, 3, 2 };
    assay_impl impl;
    int calls = 0;
    ck_assert_int_eq(assay_impl_parse("best", assay_cpu(), &impl, NULL), ASSAY_OK);
    assay_beams b = beams(&impl, &calls, 4, 1);
    b.E = 0, b.stop = ASSAY_STOP_V4, b.most = 1, b.groups = 4, b.diverse = 50;
    ck_assert_int_eq(assay_beams_search(&b, NULL), ASSAY_OK);
    for (int k = 0; k < 4; k++) {
        ck_assert_int_eq(b.id[k], order[k]);
        ck_assert(fabs((double)b.score[k] - log(table[3][order[k]])) < 1e-6);
    }
    free(b.id);
    assay_beams one = beams(&impl, &calls, 2, 1), same = beams(&impl, &calls, 6, 1);
    one.stop = same.stop = ASSAY_STOP_V4, same.groups = 3;
    ck_assert_int_eq(assay_beams_search(&one, NULL), ASSAY_OK);
    ck_assert_int_eq(assay_beams_search(&same, NULL), ASSAY_OK);
    for (int k = 0; k < 6; k++) {
        ck_assert_int_eq(same.length[k], one.length[k / 3]);
        ck_assert(same.score[k] == one.score[k / 3]);
        ck_assert(!memcmp(same.id + k * MOST, one.id + k / 3 * MOST, (size_t)same.length[k] * sizeof *same.id));
    }
    free(one.id);
    free(same.id);
    assay_why why = { "" };
    same.groups = 4;
    ck_assert_int_ne(assay_beams_search(&same, &why), ASSAY_OK);
    ck_assert_msg(strstr(why.text, "6 beams in 4 groups"), "%s", why.text);
}
END_TEST

Suite *assay_unit_beams(void)
{
    Suite *s = suite_create("beams");
    TCase *t = tcase_create("beams");
    tcase_set_tags(t, "beam_step log_softmax penalize");
    tcase_add_test(t, test_known);
    tcase_add_test(t, test_ends);
    tcase_add_test(t, test_groups);
    tcase_add_test(t, test_lowered);
    tcase_add_test(t, test_groups_apart);
    suite_add_tcase(s, t);
    return s;
}
