/* SPDX-License-Identifier: MIT */
#include "compare_stats.h"
#include "../reference/core/rng.h"
#include "../reference/core/student.h"
#include <math.h>

static double mean_of(compare_sample s)
{
    double sum = 0;
    for (int i = 0; i < s.n; i++)
        sum += s.x[i];
    return sum / s.n;
}

compare_noise compare_noise_of(compare_sample s)
{
    if (s.n < 2)
        return (compare_noise){ 0, 0 };
    const double mean = mean_of(s);
    double squares = 0;
    for (int i = 0; i < s.n; i++)
        squares += (s.x[i] - mean) * (s.x[i] - mean);
    return (compare_noise){ squares / (s.n - 1), s.n - 1 };
}

/* Of two independent estimates of one variance. */
static compare_noise pooled(compare_noise a, compare_noise b)
{
    const int freedom = a.freedom + b.freedom;
    return (compare_noise){ freedom ? (a.variance * a.freedom + b.variance * b.freedom) / freedom : 0, freedom };
}

double compare_within(const double *ns, int n)
{
    enum { DRAWS = 100, MOST = 256 };
    double again[MOST], median[DRAWS];
    assay_rng rng = { 1, 14, 0 };
    if (n < 2)
        return 0;
    n = n < MOST ? n : MOST;
    for (int k = 0; k < DRAWS; k++) {
        for (int i = 0, at = 0; i < n; i++, at++) {
            at = i % 2 ? at : (int)assay_rng_below(&rng, n);
            again[i] = ns[at % n];
        }
        median[k] = log(assay_median(again, n));
    }
    return compare_noise_of((compare_sample){ median, DRAWS }).variance;
}

bool compare_enough(int base, int new_, double chance)
{
    const int all = base + new_, few = base < new_ ? base : new_;
    double ways = 1;
    for (int k = 1; k <= few; k++)
        ways *= (double)(all - few + k) / k;
    return few >= 3 && ways * chance >= 1;
}

double compare_smallest(compare_noise run, int base, int new_, double chance)
{
    const double power = 0.8, se = sqrt(run.variance * (1.0 / base + 1.0 / new_));
    return exp(se *
               (assay_student_quantile(chance, run.freedom) + assay_student_quantile(2 * (1 - power), run.freedom)));
}

compare_effect compare_effect_of(compare_sample base, compare_sample new_, compare_noise known, double within,
                                 double chance)
{
    const double d = mean_of(new_) - mean_of(base);
    const compare_noise own = pooled(compare_noise_of(base), compare_noise_of(new_)), both = pooled(own, known);
    compare_noise run = own.freedom && own.variance > both.variance ? own : both;
    compare_effect e = { .ratio = exp(d), .freedom = run.freedom, .known = run.freedom > 0 };
    if (!e.known)
        return e;
    if (!own.freedom)
        run.variance = fmax(run.variance, within);
    const double se = sqrt(run.variance * (1.0 / base.n + 1.0 / new_.n));
    const double half = assay_student_quantile(chance, run.freedom) * se;
    e.low = exp(d - half), e.high = exp(d + half);
    e.p = se > 0 ? assay_student_tail(d / se, run.freedom) : d == 0;
    e.smallest = compare_smallest(run, base.n, new_.n, chance);
    return e;
}
