/* SPDX-License-Identifier: MIT
 * Spreads and percentiles: known answers, and how often the interval holds the mean of normal numbers. */
#include "../../../reference/models/spread.h"
#include "../../../reference/core/rng.h"
#include "unit.h"
#include <math.h>

static void near(const char *what, double got, double want, double off)
{
    ck_assert_msg(fabs(got - want) <= off, "%s is %.17g, not %.17g", what, got, want);
}

START_TEST(test_spread)
{
    static const double x[] = { 2, 4, 4, 4, 5, 5, 7, 9 }; /* squares of deviations: 9 1 1 1 0 0 4 16 */
    const assay_spread s = assay_spread_of(x, 8);
    near("the mean", s.mean, 5, 0);
    near("the deviation", s.deviation, sqrt(32.0 / 7), 1e-15);
    near("the interval", s.high - s.mean, 2.364624 * sqrt(32.0 / 7 / 8), 1e-4);
    near("its middle", s.high + s.low, 10, 1e-14);
    const assay_spread one = assay_spread_of(x, 1);
    ck_assert(one.mean == 2 && isnan(one.deviation) && isnan(one.low) && isnan(one.high));
    ck_assert(isnan(assay_spread_of(x, 0).mean));
}
END_TEST

/* 95 of 100 intervals hold the mean, whatever n: by counting, beside what the binomial allows (5 deviations). */
START_TEST(test_interval)
{
    enum { TRIES = 20000 };
    static const int64_t n[] = { 2, 3, 5, 9, 20, 21, 22, 40 };
    assay_rng r = { .seed = 1 };
    for (size_t k = 0; k < sizeof n / sizeof *n; k++) {
        int holds = 0;
        for (int i = 0; i < TRIES; i++) {
            double x[40];
            for (int64_t j = 0; j < n[k]; j++)
                x[j] = 3 + 2 * assay_rng_normal(&r);
            const assay_spread s = assay_spread_of(x, n[k]);
            holds += s.low <= 3 && 3 <= s.high;
        }
        near("how many hold", holds, 0.95 * TRIES, 5 * sqrt(0.95 * 0.05 * TRIES));
    }
}
END_TEST

START_TEST(test_percentile)
{
    double x[101];
    for (int i = 0; i < 101; i++)
        x[i] = (double)(i * 37 % 101); /* 0 .. 100, in disorder */
    ck_assert(assay_percentile_least(50) == 1 && assay_percentile_least(95) == 20 && assay_percentile_least(99) == 100);
    ck_assert(isnan(assay_percentile(x, 99, 99)) && isnan(assay_percentile(x, 19, 95)));
    near("p99 of 101", assay_percentile(x, 101, 99), 99, 0); /* 0 .. 99 are 100 of 101 numbers: 99.0 % */
    near("p50 of 101", assay_percentile(x, 101, 50), 50, 0);
    near("p95 of 20", assay_percentile(x, 20, 95), 18, 0);
    near("p99 of 100", assay_percentile(x, 100, 99), 98, 0);
    near("p50 of 1", assay_percentile(x, 1, 50), 0, 0);
    near("p50 of 2", assay_percentile(x, 2, 50), 0, 0);
}
END_TEST

Suite *assay_unit_spread(void)
{
    Suite *s = suite_create("spread");
    TCase *t = tcase_create("spread");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, test_spread);
    tcase_add_test(t, test_interval);
    tcase_add_test(t, test_percentile);
    suite_add_tcase(s, t);
    return s;
}
