/* SPDX-License-Identifier: MIT
 * Beam search over a table of a first-order model: what Hugging Face's generate answers, by both of its stops. */
#include "../../../reference/core/registry.h"
#include "../../../reference/models/beams.h"
#include "assay/params/beam_step.h"
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

Suite *assay_unit_beams(void)
{
    Suite *s = suite_create("beams");
    TCase *t = tcase_create("beams");
    tcase_add_test(t, test_known);
    tcase_add_test(t, test_ends);
    suite_add_tcase(s, t);
    return s;
}
