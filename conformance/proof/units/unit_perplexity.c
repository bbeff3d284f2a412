/* SPDX-License-Identifier: MIT
 * The likelihood of a sequence: a known answer (float64 NumPy), its error by the sample's deviation, and rows without
 * an answer.  The windows are tried on a model, by cli.perplexity. */
#include "../../../reference/models/divergence.h"
#include "../../../reference/models/perplexity.h"
#include "unit.h"
#include <math.h>

static void near(const char *what, double got, double want)
{
    ck_assert_msg(fabs(got - want) <= 1e-13 * fabs(want), "%s is %.17g, not %.17g", what, got, want);
}

START_TEST(test_known)
{
    static const int32_t id[] = { 2, 0, 1 };
    assay_score s = { 0 };
    for (int t = 0; t < 3; t++) {
        double row[4];
        for (int v = 0; v < 4; v++)
            row[v] = ((7 * (4 * t + v) + 3) % 11 - 5) / 8.0;
        assay_score_add(&s, assay_log_sum(row, 4) - row[id[t]]);
    }
    near("L", -s.sum, -4.29376531298218);
    near("L / T", -assay_score_mean(&s), -1.43125510432739);
    near("the perplexity", exp(assay_score_mean(&s)), 4.18394718806431);
}
END_TEST

START_TEST(test_error)
{
    static const double nats[] = { 1, 2, 4, 9 }; /* mean 4, deviations 9 4 0 25: 38 / 3 / 4 */
    assay_score s = { 0 };
    for (int i = 0; i < 4; i++) {
        assay_score_add(&s, nats[i]);
        ck_assert(i || isnan(assay_score_error(&s)));
    }
    near("the mean", assay_score_mean(&s), 4);
    near("its error", assay_score_error(&s), sqrt(38.0 / 12));
    s = (assay_score){ 0 };
    for (int i = 0; i < 9; i++)
        assay_score_add(&s, 0.1);
    ck_assert(assay_score_error(&s) < 1e-8);
}
END_TEST

START_TEST(test_rows)
{
    static const double rows[][3] = {
        { 0, NAN, 1 }, { NAN, 0, 1 }, { INFINITY, 0, 1 }, { -INFINITY, -INFINITY, -INFINITY }
    };
    static const double far[] = { 5e5, 5e5 - 1, -INFINITY }, low[] = { -5e5, -5e5, -6e5 };
    for (int i = 0; i < 4; i++)
        ck_assert(isnan(assay_log_sum(rows[i], 3)));
    ck_assert(fabs(assay_log_sum(far, 3) - far[0] - log1p(exp(-1))) < 0x1p-33); /* half a step of 5e5 */
    near("far below 0", assay_log_sum(low, 3), -5e5 + log(2));
}
END_TEST

Suite *assay_unit_perplexity(void)
{
    Suite *s = suite_create("perplexity");
    TCase *t = tcase_create("perplexity");
    tcase_add_test(t, test_known);
    tcase_add_test(t, test_error);
    tcase_add_test(t, test_rows);
    suite_add_tcase(s, t);
    return s;
}
