/* SPDX-License-Identifier: MIT
 * Known answers of rope's scalings (float64 NumPy, Hugging Face transformers), the same once more from their
 * definitions by wavelength, and what is refused. */
#include "../../../reference/models/scaling.h"
#include "unit.h"
#include <math.h>
#include <string.h>

enum { MOST = 64 };

#define KINDS(name) .kind = ASSAY_SCALING_##name
static const double shorts[] = { 1, 1.25 }, longs[] = { 1, 8 };

static const struct {
    assay_scaling s;
    struct {
        int pair;
        double f;
    } want[MOST / 8];
    double m, score; /* 0: 1 */
} known[] = {
    { { KINDS(NONE), .R = 4 }, { { 0, 1 }, { 1, 0.01 } }, 0, 0 },
    { { KINDS(LINEAR), .R = 4, .factor = 4 }, { { 0, 0.25 }, { 1, 0.0025 } }, 0, 0 },
    { { KINDS(NTK), .R = 8, .factor = 4 },
      { { 0, 1 }, { 1, 0.06299605249474 }, { 2, 0.00396850262992 }, { 3, 0.00025 } },
      0,
      0 },
    { { KINDS(DYNAMIC), .R = 8, .factor = 2, .original = 2048, .length = 4096 },
      { { 0, 1 }, { 1, 0.06933612743506 }, { 2, 0.004807498567691 }, { 3, 0.0003333333333333 } },
      0,
      0 },
    { { KINDS(DYNAMIC), .R = 8, .factor = 2, .original = 2048, .length = 2048 },
      { { 0, 1 }, { 1, 0.1 }, { 2, 0.01 }, { 3, 0.001 } },
      0,
      0 },
    { { KINDS(DYNAMIC), .R = 8, .factor = 2, .original = 2048, .length = 7 },
      { { 0, 1 }, { 1, 0.1 }, { 2, 0.01 }, { 3, 0.001 } },
      0,
      0 },
    { { KINDS(YARN), .R = 16, .factor = 4, .original = 2048, .whole = true },
      { { 0, 1 }, { 2, 0.1 }, { 3, 0.02569350598887 }, { 4, 0.00625 }, { 5, 0.001383496476324 }, { 6, 0.00025 } },
      1.138629436112,
      0 },
    { { KINDS(YARN), .R = 16, .factor = 40, .original = 2048, .whole = true, .mscale = 1, .mscale_all = 1 },
      { { 0, 1 } },
      1,
      1.873854207093 },
    { { KINDS(LLAMA3), .R = 128, .base = 5e5, .factor = 8, .original = 8192 },
      { { 0, 1 },
        { 28, 0.003211445994753 },
        { 29, 0.002166570763503 },
        { 32, 0.000524846160993 },
        { 35, 9.556212353965e-05 },
        { 36, 7.784655273932e-05 },
        { 63, 3.068925988915e-07 } },
      0,
      0 },
    { { KINDS(LONGROPE), .R = 4, .original = 4096, .length = 131072, .divisor = shorts },
      { { 0, 1 }, { 1, 0.008 } },
      1.190238071424,
      0 },
    { { KINDS(LONGROPE), .R = 4, .original = 4096, .length = 131072, .divisor = longs },
      { { 0, 1 }, { 1, 0.00125 } },
      1.190238071424,
      0 },
    { { KINDS(LONGROPE), .R = 4, .original = 4096, .length = 4096, .divisor = longs },
      { { 0, 1 }, { 1, 0.00125 } },
      1,
      0 },
};

static void near(const char *what, const char *kind, double got, double want)
{
    ck_assert_msg(fabs(got - want) <= 1e-12 * fabs(want), "%s of %s: %.15g, not %.15g", what, kind, got, want);
}

START_TEST(test_known)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const char *kind = assay_scaling_name(known[i].s.kind);
        double f[MOST];
        assay_scaled out;
        assay_why why = { "" };
        ck_assert_msg(assay_scaling_fill(&known[i].s, f, &out, &why) == ASSAY_OK, "%s", why.text);
        for (size_t k = 0; k < sizeof known->want / sizeof *known->want && known[i].want[k].f > 0; k++)
            near("a frequency", kind, f[known[i].want[k].pair], known[i].want[k].f);
        near("m", kind, out.m, known[i].m > 0 ? known[i].m : 1);
        near("the scores' factor", kind, out.score, known[i].score > 0 ? known[i].score : 1);
    }
}
END_TEST

/* The frequency of a pair from its turns: how often it goes round in L0 positions.  YaRN's ramp over pairs is one over
 * the logarithm of turns. */
static long double by_turns(const assay_scaling *s, int64_t r)
{
    const long double base = s->base > 0 ? s->base : 10000, R = s->R, tau = 6.283185307179586476925286766559L;
    const long double wave = tau * powl(base, 2 * r / R), L0 = s->original, turns = L0 / wave, k = s->factor;
    const long double divisor = s->divisor ? s->divisor[r] : 1, lasting = s->length > s->original ? s->length : L0;
    long double share;
    switch (s->kind) {
    case ASSAY_SCALING_LINEAR:
        return tau / (wave * divisor * k);
    case ASSAY_SCALING_NTK: /* the last pair is stretched k times, the first not at all, those between geometrically */
        return tau / (wave * divisor * powl(k, 2 * r / (R - 2)));
    case ASSAY_SCALING_DYNAMIC:
        return tau / (wave * divisor * powl(1 + k * (lasting - L0) / L0, 2 * r / (R - 2)));
    case ASSAY_SCALING_YARN:
        share = (logl(s->beta_fast) - logl(turns)) / (logl(s->beta_fast) - logl(s->beta_slow));
        share = share < 0 ? 0 : share > 1 ? 1 : share;
        return tau / (wave * divisor) * (1 - share * (1 - 1 / k));
    case ASSAY_SCALING_LLAMA3:
        share = (s->high - L0 / (wave * divisor)) / (s->high - s->low);
        share = share < 0 ? 0 : share > 1 ? 1 : share;
        return tau / (wave * divisor) * (1 - share * (1 - 1 / k));
    default:
        return tau / (wave * divisor);
    }
}

START_TEST(test_second)
{
    static const int64_t sizes[] = { 4, 6, 64, 128 };
    static const double bases[] = { 0, 500, 5e5, 1e6 }, factors[] = { 1, 1.5, 40 };
    double divisor[MOST], f[MOST];
    for (int r = 0; r < MOST; r++)
        divisor[r] = 1 + 0.37 * r;
    for (int i = 0; i < 7 * 4 * 4 * 3 * 2; i++) {
        const assay_scaling s = { .kind = (assay_scaling_kind)(i % 7),
                                  .R = sizes[i / 7 % 4],
                                  .base = bases[i / 28 % 4],
                                  .factor = factors[i / 112 % 3],
                                  .original = 1024,
                                  .length = 3000,
                                  .beta_fast = 20,
                                  .beta_slow = 2,
                                  .low = 1.5,
                                  .high = 5,
                                  .divisor = i / 336 || i % 7 == ASSAY_SCALING_LONGROPE ? divisor : NULL };
        assay_scaled out;
        assay_why why = { "" };
        ck_assert_msg(assay_scaling_fill(&s, f, &out, &why) == ASSAY_OK, "%s", why.text);
        for (int64_t r = 0; r < s.R / 2; r++)
            near("a frequency, by turns,", assay_scaling_name(s.kind), f[r], (double)by_turns(&s, r));
    }
}
END_TEST

/* Llama-3's rule, and the same frequencies by ggml's rope_freqs. */
START_TEST(test_divisors)
{
    const assay_scaling rule = { KINDS(LLAMA3), .R = 128, .base = 5e5, .factor = 8, .original = 8192 };
    double plain[MOST], f[MOST], divisor[MOST], again[MOST];
    assay_scaled out;
    assay_scaling none = { KINDS(NONE), .R = 128, .base = 5e5 };
    ck_assert_int_eq(assay_scaling_fill(&none, plain, &out, NULL), ASSAY_OK);
    ck_assert_int_eq(assay_scaling_fill(&rule, f, &out, NULL), ASSAY_OK);
    for (int r = 0; r < MOST; r++)
        divisor[r] = plain[r] / f[r];
    static const double want[][2] = { { 28, 1 }, { 29, 1.207483871284 }, { 32, 2.694529687895 }, { 35, 8 }, { 63, 8 } };
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        near("a divisor", "llama3", divisor[(int)want[i][0]], want[i][1]);
    none.divisor = divisor;
    ck_assert_int_eq(assay_scaling_fill(&none, again, &out, NULL), ASSAY_OK);
    for (int r = 0; r < MOST; r++)
        near("a frequency", "rope_freqs", again[r], f[r]);
}
END_TEST

START_TEST(test_refused)
{
    static const double bad[] = { 1, -8 };
    static const struct {
        assay_scaling s;
        const char *said;
    } refused[] = {
        { { KINDS(NONE), .R = 5 }, "5 rotated elements: must be even" },
        { { KINDS(NONE), .R = 0 }, "0 rotated elements" },
        { { KINDS(NONE), .R = 4, .base = -1 }, "base is -1" },
        { { KINDS(YARN), .R = 4, .base = 1, .factor = 2, .original = 9 }, "base is 1: must be a number above 1" },
        { { KINDS(LINEAR), .R = 4, .factor = 0.5 }, "linear: factor is 0.5" },
        { { KINDS(LINEAR), .R = 4 }, "linear: factor is 0" },
        { { KINDS(YARN), .R = 4, .factor = INFINITY, .original = 9 }, "yarn: factor is inf" },
        { { KINDS(NTK), .R = 2, .factor = 2 }, "ntk: 2 rotated elements" },
        { { KINDS(DYNAMIC), .R = 2, .factor = 2, .original = 9 }, "dynamic: 2 rotated elements" },
        { { KINDS(DYNAMIC), .R = 4, .factor = 2 }, "original context length is 0" },
        { { KINDS(DYNAMIC), .R = 4, .factor = 2, .original = 9, .length = NAN }, "length is nan" },
        { { KINDS(YARN), .R = 4, .factor = 2, .original = 99, .beta_fast = 1, .beta_slow = 2 },
          "beta_slow is 2, beta_fast 1" },
        { { KINDS(YARN), .R = 32, .factor = 2, .original = 2, .whole = true },
          "original context length of 2 does not go with base 10000" },
        { { KINDS(YARN), .R = 4, .factor = 2, .original = 1e12, .base = 10 }, "begin at pair" },
        { { KINDS(YARN), .R = 4, .factor = 2, .original = 2048, .mscale = -1 }, "mscale is -1" },
        { { KINDS(LLAMA3), .R = 4, .factor = 2, .original = 9, .low = 4, .high = 4 },
          "low_freq_factor is 4, high_freq_factor 4" },
        { { KINDS(LONGROPE), .R = 4, .original = 1, .divisor = longs }, "original context length is 1" },
        { { KINDS(LONGROPE), .R = 4, .original = 9 }, "no list of 2 divisors" },
        { { KINDS(LONGROPE), .R = 4, .original = 9, .divisor = bad }, "divisor 1 of 2 is -8" },
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        double f[MOST];
        assay_scaled out;
        assay_why why = { "" };
        ck_assert_int_eq(assay_scaling_fill(&refused[i].s, f, &out, &why), ASSAY_ERR_PARAM);
        ck_assert_msg(strstr(why.text, refused[i].said) != NULL, "'%s' is not said in: %s", refused[i].said, why.text);
    }
}
END_TEST

Suite *assay_unit_scaling(void)
{
    Suite *s = suite_create("scaling");
    TCase *t = tcase_create("scaling");
    tcase_set_tags(t, "rope");
    tcase_add_test(t, test_known);
    tcase_add_test(t, test_second);
    tcase_add_test(t, test_divisors);
    tcase_add_test(t, test_refused);
    suite_add_tcase(s, t);
    return s;
}
