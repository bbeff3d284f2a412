/* SPDX-License-Identifier: MIT
 * Speculative decoding over tables: whatever the draft, texts come as often as the model's own chances say, counted
 * over seeds; T14's share of accepted tokens; and greedy, the model's text. */
#include "../../../reference/core/registry.h"
#include "../../../reference/models/draft.h"
#include "unit.h"
#include <math.h>
#include <string.h>

enum { V = 4, MOST = 3, TEXTS = 64 };
typedef const float chances[V][V]; /* of the next token by the last one, at first by that of id 3 */

static chances model = { { 0.6F, 0.15F, 0.1F, 0.15F },
                         { 0.25F, 0, 0.1F, 0.65F },
                         { 0.15F, 0.45F, 0.05F, 0.35F },
                         { 0.45F, 0.35F, 0.05F, 0.15F } };
/* Like it; at odds with it: no chance where it has one, and the other way round. */
static chances like = {
    { 0.5F, 0.2F, 0.15F, 0.15F }, { 0.2F, 0.05F, 0.15F, 0.6F }, { 0.2F, 0.35F, 0.1F, 0.35F }, { 0.4F, 0.4F, 0.1F, 0.1F }
};
static chances odd = { { 0.1F, 0.2F, 0.7F, 0 }, { 0, 0.9F, 0.1F, 0 }, { 0, 0, 1, 0 }, { 0.05F, 0.25F, 0.5F, 0.2F } };

typedef struct pair {
    const float *model, *draft; /* tables */
} pair;

static const float *row(const float *of, const int32_t *id, int64_t n)
{
    return of + V * (n ? id[n - 1] : 3);
}
static assay_status small(void *ctx, const int32_t *id, int64_t n, float *q, assay_why *why)
{
    (void)why;
    memcpy(q, row(((const pair *)ctx)->draft, id, n), V * sizeof *q);
    return ASSAY_OK;
}
static assay_status large(void *ctx, const int32_t *id, int64_t n, int64_t T, float *p, assay_why *why)
{
    (void)why;
    for (int64_t t = 0; t <= T; t++)
        memcpy(p + t * V, row(((const pair *)ctx)->model, id, n + t), V * sizeof *p);
    return ASSAY_OK;
}

static assay_draft draft(const assay_impl *impl, pair *of, int64_t most)
{
    assay_draft d = { .impl = impl, .V = V, .most = most, .small = small, .large = large, .ctx = of };
    ck_assert_int_eq(assay_draft_begin(&d, NULL), ASSAY_OK);
    return d;
}

/* A text of so many tokens, in rounds as a run takes them. */
static void write(assay_draft *d, int32_t *id, int64_t length)
{
    assay_why why = { "" };
    for (int64_t n = 0, made = 0; n < length; n += made) {
        const int64_t T = length - n - 1 < d->most ? length - n - 1 : d->most;
        ck_assert_msg(assay_draft_round(d, id, n, T, n, &made, &why) == ASSAY_OK, "%s", why.text);
        ck_assert(made >= 1 && made <= T + 1);
    }
}

/* What a right count of so many independent kinds exceeds once in 10^6 times, by Wilson and Hilferty. */
static double limit(int free)
{
    const double k = free, v = 2 / (9 * k);
    return k * pow(1 - v + 4.753424 * sqrt(v), 3);
}

/* chi^2 of texts of three tokens against the chances of `as`, over its limit.  Rare texts are one kind. */
static double apart(const assay_impl *impl, chances as, chances by, chances drafts, int64_t most, int seeds)
{
    pair of = { by[0], drafts[0] };
    assay_draft d = draft(impl, &of, most);
    int count[TEXTS] = { 0 }, kinds = 0;
    double chi = 0, rare = 0, rare_seen = 0;
    for (d.seed = 0; d.seed < seeds; d.seed++) {
        int32_t id[MOST] = { 0 };
        write(&d, id, MOST);
        count[(id[0] * V + id[1]) * V + id[2]]++;
    }
    assay_draft_end(&d);
    for (int i = 0; i < TEXTS; i++) {
        const int a = i / 16, b = i / 4 % 4, c = i % 4;
        const double want = (double)as[3][a] * (double)as[a][b] * (double)as[b][c] * seeds;
        if (want >= 20)
            chi += (count[i] - want) * (count[i] - want) / want, kinds++;
        else
            rare += want, rare_seen += count[i];
        if (want == 0 && count[i])
            chi = INFINITY;
    }
    if (rare > 0)
        chi += (rare_seen - rare) * (rare_seen - rare) / rare, kinds++;
    return chi / limit(kinds - 1);
}

/* Of a right loop one of these twelve counts fails at most once in 83,000 times, were seeds drawn anew; by the draft's
 * chances, or by a table a little off, far beyond. */
START_TEST(test_distribution)
{
    static const char *const impls[] = { "scalar", "best", "oracle" };
    chances off = { { 0.6F, 0.15F, 0.1F, 0.15F },
                    { 0.25F, 0, 0.1F, 0.65F },
                    { 0.15F, 0.45F, 0.05F, 0.35F },
                    { 0.5F, 0.3F, 0.05F, 0.15F } };
    for (int i = 0; i < 12; i++) {
        assay_impl impl;
        const int most = 1 + i / 3 % 2;
        ck_assert_int_eq(assay_impl_parse(impls[i % 3], assay_cpu(), &impl, NULL), ASSAY_OK);
        const double chi = apart(&impl, model, model, i < 6 ? like : odd, most, 8000);
        ck_assert_msg(chi < 1, "%s, %d drafted: chi^2 is %.3g of its limit", impls[i % 3], most, chi);
        if (i)
            continue;
        ck_assert(apart(&impl, model, like, like, most, 8000) > 3);
        ck_assert(apart(&impl, model, off, like, most, 8000) > 1);
    }
}
END_TEST

/* One token drafted of two distributions that are the same everywhere: sum min(p, q) of them stand, within 5 deviations
 * (once in 1.7 10^6 times beyond). */
START_TEST(test_share)
{
    static const struct {
        float p[V], q[V];
        double share;
    } known[] = { { { 0.5F, 0.3F, 0.2F, 0 }, { 0.2F, 0.6F, 0.2F, 0 }, 0.7 },
                  { { 0.1F, 0.2F, 0.3F, 0.4F }, { 0.4F, 0.3F, 0.2F, 0.1F }, 0.6 },
                  { { 0.5F, 0.5F, 0, 0 }, { 0, 0, 0.25F, 0.75F }, 0 },
                  { { 0.1F, 0.2F, 0.3F, 0.4F }, { 0.1F, 0.2F, 0.3F, 0.4F }, 1 } };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        float p[V][V], q[V][V];
        assay_impl impl;
        pair of = { p[0], q[0] };
        for (int v = 0; v < V * V; v++)
            p[v / V][v % V] = known[i].p[v % V], q[v / V][v % V] = known[i].q[v % V];
        ck_assert_int_eq(assay_impl_parse("best", assay_cpu(), &impl, NULL), ASSAY_OK);
        assay_draft d = draft(&impl, &of, 1);
        int32_t id[2];
        int64_t made;
        for (d.seed = 0; d.seed < 10000; d.seed++)
            ck_assert_int_eq(assay_draft_round(&d, id, 0, 1, 0, &made, NULL), ASSAY_OK);
        const double share = (double)d.accepted / (double)d.drafted, s = known[i].share;
        ck_assert_int_eq(d.rounds, 10000);
        ck_assert_msg(fabs(share - s) <= 5 * sqrt(s * (1 - s) / 10000), "%g accepted, not %g", share, s);
        assay_draft_end(&d);
    }
}
END_TEST

/* Chances of 1: the model's text, and all of a right draft stands. */
START_TEST(test_greedy)
{
    chances cycle = { { 0, 1, 0, 0 }, { 0, 0, 1, 0 }, { 0, 0, 0, 1 }, { 1, 0, 0, 0 } };
    chances wrong = { { 0, 1, 0, 0 }, { 1, 0, 0, 0 }, { 1, 0, 0, 0 }, { 1, 0, 0, 0 } };
    assay_impl impl;
    ck_assert_int_eq(assay_impl_parse("best", assay_cpu(), &impl, NULL), ASSAY_OK);
    for (int64_t most = 1; most <= 9; most++) {
        pair same = { cycle[0], cycle[0] }, other = { cycle[0], wrong[0] };
        assay_draft d = draft(&impl, &same, most), e = draft(&impl, &other, most);
        int32_t id[32], ie[32];
        write(&d, id, 32);
        write(&e, ie, 32);
        for (int n = 0; n < 32; n++)
            ck_assert(id[n] == n % 4 && ie[n] == n % 4);
        ck_assert(d.accepted == d.drafted && d.rounds == (32 + most) / (most + 1));
        ck_assert(e.accepted < e.drafted && e.accepted + e.rounds == 32);
        assay_draft_end(&d);
        assay_draft_end(&e);
    }
}
END_TEST

/* Chances that are none. */
START_TEST(test_none)
{
    chances nothing = { { 0 } };
    pair of = { nothing[0], model[0] };
    int32_t id[2];
    int64_t made;
    assay_why why = { "" };
    assay_impl impl;
    ck_assert_int_eq(assay_impl_parse("best", assay_cpu(), &impl, NULL), ASSAY_OK);
    assay_draft d = draft(&impl, &of, 1);
    ck_assert_int_ne(assay_draft_round(&d, id, 0, 1, 0, &made, &why), ASSAY_OK);
    ck_assert_msg(strstr(why.text, "no token can be drawn"), "%s", why.text);
    assay_draft_end(&d);
}
END_TEST

Suite *assay_unit_draft(void)
{
    Suite *s = suite_create("draft");
    TCase *t = tcase_create("draft");
    tcase_set_tags(t, "speculate");
    tcase_set_timeout(t, 300);
    tcase_add_test(t, test_distribution);
    tcase_add_test(t, test_share);
    tcase_add_test(t, test_greedy);
    tcase_add_test(t, test_none);
    suite_add_tcase(s, t);
    return s;
}
