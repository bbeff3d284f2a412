/* SPDX-License-Identifier: MIT
 * What a comparison of whole models is made of: rounding at random goes to a neighbour and is right on average, a
 * divergence of nearly the same chances keeps its digits, shares and flips have known answers.  The whole is tried on
 * models, by cli.fidelity. */
#include "../../../reference/core/rng.h"
#include "../../../reference/models/divergence.h"
#include "../../../reference/models/fidelity_measure.h"
#include "../../../reference/models/noise.h"
#include "unit.h"
#include <math.h>
#include <string.h>

static void near(const char *what, double got, double want, double relative)
{
    ck_assert_msg(fabs(got - want) <= relative * fabs(want), "%s is %.17g, not %.17g", what, got, want);
}

START_TEST(test_neighbours)
{
    assay_rng r = { .seed = 5 };
    for (int i = 0; i < 100000; i++) {
        const double x = ldexp(assay_rng_normal(&r), (int)assay_rng_below(&r, 250) - 140);
        const float n = (float)x, below = (double)n <= x ? n : nextafterf(n, -INFINITY),
                    above = (double)n >= x ? n : nextafterf(n, INFINITY);
        const double y = assay_noise_round(x, (uint32_t)assay_rng_u64(&r));
        ck_assert_msg(y == (double)below || y == (double)above, "%.17g became %.17g", x, y);
    }
    static const double kept[] = { 0, -0.0, 1, -0x1p-149, 0x1.fffffep127, INFINITY, -INFINITY };
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        ck_assert(!memcmp(&(double){ assay_noise_round(kept[i], 0) }, &kept[i], sizeof *kept));
    ck_assert(isnan(assay_noise_round(NAN, 0)));
    ck_assert(assay_noise_round(1e300, 0) == 1e300); /* f32 has no neighbour above */
}
END_TEST

START_TEST(test_average)
{
    enum { N = 1 << 20 };
    static const double part[] = { 0, 0x1p-30, 0.1, 0.25, 0.5, 0.75, 0.9 }; /* of the way to the next */
    for (size_t k = 0; k < sizeof part / sizeof *part; k++)
        for (int sign = -1; sign < 2; sign += 2) {
            static double x[N];
            double up = 0;
            for (int i = 0; i < N; i++)
                x[i] = sign * (1.5 + part[k] * 0x1p-23);
            assay_noise_rows(x, N, 7, k);
            for (int i = 0; i < N; i++)
                up += (fabs(x[i]) - 1.5) * 0x1p23 / N;
            ck_assert_msg(fabs(up - part[k]) <= 5 * sqrt(part[k] * (1 - part[k]) / N),
                          "%g of the way: %g of the numbers go up", part[k], up);
        }
}
END_TEST

START_TEST(test_seeds)
{
    enum { N = 103 };
    double x[4][N];
    const uint64_t seed[] = { 1, 1, 2, 1 }, call[] = { 0, 0, 0, 1 };
    for (int k = 0; k < 4; k++) {
        for (int i = 0; i < N; i++)
            x[k][i] = 1.0 / (i + 3);
        assay_noise_rows(x[k], N, seed[k], call[k]);
    }
    ck_assert(!memcmp(x[0], x[1], sizeof x[0]));
    ck_assert(memcmp(x[0], x[2], sizeof x[0]) != 0 && memcmp(x[0], x[3], sizeof x[0]) != 0);
}
END_TEST

/* Of two tokens with logits 0 and t, beside 0 and t + h: KL = s (1 - s) h^2 / 2 + s (1 - s) (1 - 2 s) h^3 / 6 + O(h^4),
 * s = 1 / (1 + e^-t). */
START_TEST(test_small)
{
    const double t = 0.75, s = 1 / (1 + exp(-t));
    for (int e = -4; e > -24; e -= 4) {
        const double h = ldexp(1, e), a[] = { 0, t }, b[] = { 0, t + h };
        near("the divergence", assay_divergence(a, b, 2), s * (1 - s) * h * h * (0.5 + (1 - 2 * s) * h / 6),
             h * h + 0x1p-50 / h);
    }
    const double a[] = { 3, 1, -2 }, b[] = { -4, 1, 5 };
    ck_assert(assay_divergence(a, a, 3) == 0);
    near("the divergence", assay_divergence(a, b, 3), 7.973331789605037, 1e-13);
}
END_TEST

START_TEST(test_rows)
{
    static const float base[][3] = { { 2, 1, 0 }, { 0, 1, 1 }, { 5, 0, 4 }, { 0, 0, 1 } },
                       other[][3] = { { 2, 1, 0 }, { 0, 1, 1.5f }, { 4, 0, 4.5f }, { 0, 0, NAN } };
    assay_apart p;
    assay_apart_begin(&p, 3, true);
    for (int i = 0; i < 4; i++)
        assay_apart_row(&p, base[i], other[i], i == 2 ? -1 : 1, true);
    assay_apart_end(&p);
    ck_assert(p.rows == 4 && p.broken == 1 && p.n_flips == 2 && p.base.n == 2);
    ck_assert(p.flip[0].row == 2 && p.flip[0].base == 0 && p.flip[0].other == 2 && p.flip[0].margin == 1 &&
              p.flip[0].margin_other == 0.5);
    ck_assert(p.flip[1].row == 1 && p.flip[1].base == 1 && p.flip[1].margin == 0 && p.flip[1].margin_other == 0.5);
    near("the same", assay_apart_same(&p), 0.25, 0);
    const double change = exp(1) / (1 + exp(1) + exp(1.5)) - exp(1) / (1 + 2 * exp(1));
    near("the change", assay_apart_change(&p), sqrt(change * change / 2), 1e-13);
    const assay_spread s = assay_apart_spread(&p);
    ck_assert(p.kl[0] == 0 && p.kl[1] > 0 && isinf(p.kl[3]) && isinf(s.mean) && isinf(s.largest) && s.at == 3);
    near("the median", s.median, (p.kl[1] + p.kl[2]) / 2, 1e-15);
    assay_apart_free(&p);
}
END_TEST

Suite *assay_unit_fidelity(void)
{
    Suite *s = suite_create("fidelity");
    TCase *t = tcase_create("fidelity");
    tcase_add_test(t, test_neighbours);
    tcase_add_test(t, test_average);
    tcase_add_test(t, test_seeds);
    tcase_add_test(t, test_small);
    tcase_add_test(t, test_rows);
    suite_add_tcase(s, t);
    return s;
}
