/* SPDX-License-Identifier: MIT
 * The statistics of assay compare: Student's t against printed tables, and a study of simulated runs whose noise is
 * that of real ones (docs/compare.md): how often two equal sides are called different, how often a real change is
 * found. */
#include "../../../reports/compare.h"
#include "../../../reference/core/rng.h"
#include "../../../reference/core/student.h"
#include "unit.h"
#include <math.h>
#include <stdio.h>

START_TEST(student)
{
    static const struct {
        int freedom;
        double tail, t;
    } printed[] = { { 1, 0.05, 12.7062 },    { 2, 0.01, 9.9248 },   { 3, 0.001, 12.9240 }, { 4, 0.05, 2.7764 },
                    { 9, 0.01, 3.2498 },     { 10, 0.001, 4.5869 }, { 30, 0.05, 2.0423 },  { 120, 0.01, 2.6174 },
                    { 1000000, 0.05, 1.96 }, { 8, 0.0001, 7.1200 } };
    for (size_t i = 0; i < sizeof printed / sizeof *printed; i++) {
        const double t = assay_student_quantile(printed[i].tail, printed[i].freedom);
        ck_assert_msg(fabs(t - printed[i].t) < 6e-5 * printed[i].t, "t of %d and %g: %.6g, not %g", printed[i].freedom,
                      printed[i].tail, t, printed[i].t);
    }
    ck_assert(assay_student_tail(0, 5) == 1);
}
END_TEST

START_TEST(effects)
{
    const double base[] = { 0, 0.02, -0.02 }, same[] = { 0.01, 0.02, -0.03 }, slow[] = { 0.5, 0.52, 0.48 };
    const compare_noise none = { 0, 0 }, calm = { 1e-4, 9 }, wild = { 1, 9 };
    compare_effect e = compare_effect_of((compare_sample){ base, 3 }, (compare_sample){ slow, 3 }, none, 0, 0.01);
    /* s = 0.02, its error 0.02 sqrt(2 / 3), t of 4 and 1 %: 4.6041 */
    ck_assert(e.known && e.freedom == 4 && fabs(e.ratio - exp(0.5)) < 1e-12);
    ck_assert(fabs(log(e.low) - (0.5 - 4.60409 * 0.02 * sqrt(2.0 / 3))) < 1e-6 && e.p < 1e-4);
    e = compare_effect_of((compare_sample){ base, 3 }, (compare_sample){ same, 3 }, none, 0, 0.01);
    ck_assert(e.low < 1 && e.high > 1 && e.p > 0.5);
    /* one run a side: nothing is known without a noise file, and its own spread counts where that is more */
    e = compare_effect_of((compare_sample){ base, 1 }, (compare_sample){ slow, 1 }, none, 0, 0.01);
    ck_assert(!e.known && fabs(e.ratio - exp(0.5)) < 1e-12);
    e = compare_effect_of((compare_sample){ base, 1 }, (compare_sample){ slow, 1 }, calm, 0, 0.01);
    ck_assert(e.known && e.freedom == 9 && e.low > 1);
    e = compare_effect_of((compare_sample){ base, 1 }, (compare_sample){ slow, 1 }, calm, 0.25, 0.01);
    ck_assert(e.low < 1);
    /* a noise file of a calm day does not make a wild one calm, nor the other way round */
    const double rough[] = { 0.1, -0.4, 0.4 };
    e = compare_effect_of((compare_sample){ rough, 3 }, (compare_sample){ slow, 3 }, calm, 0, 0.01);
    ck_assert(e.freedom == 4 && e.low < 1);
    e = compare_effect_of((compare_sample){ base, 3 }, (compare_sample){ slow, 3 }, wild, 0, 0.01);
    ck_assert(e.freedom == 13 && e.low < 1);
    ck_assert(compare_enough(5, 5, 0.005) && !compare_enough(4, 4, 0.005));   /* 252 and 70 deals */
    ck_assert(compare_enough(10, 3, 0.005) && compare_enough(3, 10, 0.005));  /* 286 */
    ck_assert(!compare_enough(8, 3, 0.005) && !compare_enough(2, 30, 0.005)); /* 165; two runs */
    const double flat[] = { 7, 7, 7, 7 }, spread[] = { 7, 9, 7, 9, 8, 7, 9, 8 };
    ck_assert(compare_within(flat, 4) < 1e-20 && compare_within(spread, 8) > 0);
    ck_assert(compare_within(spread, 8) < compare_within(spread, 4) + 0.02);
}
END_TEST

/* ---- simulated runs ---------------------------------------------------------------------------------------------- */

enum { ROWS = 9, MOST_RUNS = 20, COMPARISONS = 1000 };

typedef struct machine {
    double calm;          /* deviation of one run's log median */
    double often, by;     /* runs that something disturbs, and how strongly it can */
    double modes;         /* between two states that a run finds by chance, each the same for all rows */
    double drift, memory; /* what all rows of a run share, and how much of it lasts to the next run */
} machine;

/* One run after the other: all rows of a run share a state that drifts. */
static void simulate(const machine *m, assay_rng *r, double *state, double x[ROWS])
{
    *state = m->memory * *state + m->drift * sqrt(1 - m->memory * m->memory) * assay_rng_normal(r);
    const double mode = assay_rng_uniform(r) < 0.5 ? 0 : m->modes;
    const bool all = assay_rng_uniform(r) < m->often / 2;
    for (int i = 0; i < ROWS; i++) {
        const bool one = assay_rng_uniform(r) < m->often / 2;
        x[i] = *state + mode + m->calm * (1 + i % 3) / 2 * assay_rng_normal(r) +
               (one || all ? m->by * assay_rng_uniform(r) : 0);
    }
}

typedef struct study {
    int alarms, found; /* comparisons with a row called slower or faster; those in which row 0 was called slower */
} study;

/* So many runs a side in a random order, after `before` runs for a noise file; row 0 of new is slower by `slower`. */
static study try_machine(const machine *m, int runs, int before, double slower)
{
    study s = { 0, 0 };
    assay_rng r = { 14, 5, 0 };
    double state = 0;
    for (int k = 0; k < COMPARISONS; k++) {
        double x[ROWS], all[2][ROWS][MOST_RUNS], noise[ROWS][MOST_RUNS];
        int have[2] = { 0, 0 };
        for (int b = 0; b < before; b++) {
            simulate(m, &r, &state, x);
            for (int i = 0; i < ROWS; i++)
                noise[i][b] = x[i];
        }
        for (int b = 0; b < 2 * runs; b++) {
            const int left[2] = { runs - have[0], runs - have[1] };
            const int side = (int)assay_rng_below(&r, left[0] + left[1]) >= left[0];
            simulate(m, &r, &state, x);
            for (int i = 0; i < ROWS; i++)
                all[side][i][have[side]] = x[i] + (side == 1 && i == 0 ? log(1 + slower) : 0);
            have[side]++;
        }
        bool alarm = false;
        for (int i = 0; i < ROWS; i++) {
            const compare_noise known = compare_noise_of((compare_sample){ noise[i], before });
            const compare_effect e =
                compare_effect_of((compare_sample){ all[0][i], runs }, (compare_sample){ all[1][i], runs }, known, 0,
                                  COMPARE_CHANCE / ROWS);
            const bool enough = compare_enough(runs, runs, COMPARE_CHANCE);
            alarm |= enough && (e.low > 1 || e.high < 1);
            s.found += enough && i == 0 && e.low > 1;
        }
        s.alarms += alarm;
    }
    return s;
}

/* A quiet machine, one that others use, and one with two states (two clocks, say); the last has little other noise. */
static const machine kind[] = { { 0.01, 0.02, 0.1, 0, 0.01, 0.4 },
                                { 0.03, 0.2, 0.5, 0, 0.1, 0.4 },
                                { 0.002, 0, 0, 0.3, 0.001, 0 } };
static const char *const kind_name[] = { "quiet", "used by others", "of two states" };

START_TEST(false_alarms)
{
    static const int design[][2] = { { 5, 0 }, { 8, 0 }, { 5, 10 } };
    for (size_t i = 0; i < sizeof design / sizeof *design; i++)
        for (int k = 0; k < 3; k++) {
            const study s = try_machine(&kind[k], design[i][0], design[i][1], 0);
            printf("%d runs a side, noise of %d, a machine %s: %d alarms in %d\n", design[i][0], design[i][1],
                   kind_name[k], s.alarms, COMPARISONS);
            ck_assert_msg(s.alarms <= COMPARISONS / 100, "%d runs a side, noise of %d, a machine %s: %d alarms in %d",
                          design[i][0], design[i][1], kind_name[k], s.alarms, COMPARISONS);
        }
    /* three a side are too few, and are told so: without that rule a machine of two states would give alarms */
    ck_assert_int_eq(try_machine(&kind[2], 3, 0, 0).alarms, 0);
}
END_TEST

/* On the quiet machine; what was found is printed, and at least so many of a hundred must be. */
START_TEST(power)
{
    static const struct {
        int runs, noise;
        double slower;
        int least;
    } want[] = { { 5, 0, 0.1, 90 }, { 5, 0, 0.3, 99 }, { 5, 10, 0.1, 90 }, { 10, 0, 0.05, 90 } };
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        const study s = try_machine(&kind[0], want[i].runs, want[i].noise, want[i].slower);
        printf("%d runs a side, noise of %d, %g %% slower: found %d of %d\n", want[i].runs, want[i].noise,
               100 * want[i].slower, s.found, COMPARISONS);
        ck_assert_msg(s.found >= want[i].least * COMPARISONS / 100, "%d runs a side: %g %% found in %d of %d",
                      want[i].runs, 100 * want[i].slower, s.found, COMPARISONS);
    }
}
END_TEST

Suite *assay_unit_compared(void)
{
    Suite *s = suite_create("compared");
    TCase *c = tcase_create("compared");
    tcase_add_test(c, student);
    tcase_add_test(c, effects);
    tcase_add_test(c, false_alarms);
    tcase_add_test(c, power);
    suite_add_tcase(s, c);
    return s;
}
