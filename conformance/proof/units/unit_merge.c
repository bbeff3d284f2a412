/* SPDX-License-Identifier: MIT
 * attention_merge of attention over parts of the keys is attention over all of them: split anywhere, with masks that
 * leave parts empty, grouped heads and a sink, which one part has.  lse of a part is written out in double. */
#include "../../../reference/core/registry.h"
#include "../../../reference/core/rng.h"
#include "../../../reference/models/lone.h"
#include "assay/params/attention.h"
#include "unit.h"
#include <math.h>
#include <string.h>

enum { T = 4, S = 13, H = 4, G = 2, D = 8, E = 11, R = T * H, MOST = S };

typedef struct layer {
    float q[T * H * D], k[S * G * D], v[S * G * E], mask[H * T * S], sinks[H];
} layer;

/* Query 0 sees nothing but by the sink, query 1 key 0 alone, the others most keys. */
static layer make(void)
{
    layer l;
    assay_rng r = { 11, 0, 0 };
    float *const all[] = { l.q, l.k, l.v, l.sinks };
    const int n[] = { T * H * D, S * G * D, S * G * E, H };
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < n[i]; k++)
            all[i][k] = (float)assay_rng_normal(&r);
    for (int i = 0; i < H * T * S; i++) {
        const int t = i / S % T, s = i % S;
        l.mask[i] = t == 0 || (t == 1 && s) || (t > 1 && s % 5 == t) ? -INFINITY : (float)assay_rng_normal(&r) / 4;
    }
    return l;
}

/* ln of the sum of e^z over keys first to last - 1, and of the sink, if it counts here */
static double lse_of(const layer *l, int t, int h, int first, int last, bool sink)
{
    double sum = sink ? exp((double)l->sinks[h]) : 0;
    for (int s = first; s < last; s++) {
        double z = 0;
        for (int d = 0; d < D; d++)
            z += (double)l->q[(t * H + h) * D + d] * (double)l->k[(s * G + h / (H / G)) * D + d];
        sum += exp(z / sqrt(D) + (double)l->mask[(h * T + t) * S + s]);
    }
    return log(sum);
}

static assay_impl impl;
static void run(const char *op, const int64_t *dim, const void *params, void *const *operand)
{
    assay_why why = { "" };
    ck_assert_msg(assay_lone(&impl, op, dim, params, operand, &why) == ASSAY_OK, "%s", why.text);
}

static void attend(layer *l, int first, int last, bool sink, float *o)
{
    static float mask[H * T * S];
    const int n = last - first;
    const int64_t dim[] = { 1, T, n, H, G, D, E, 1, 1, 1 };
    const assay_attention_params params = { 0 };
    for (int i = 0; i < H * T * n; i++)
        mask[i] = l->mask[i / n * S + first + i % n];
    run("attention", dim, &params,
        (void *[]){ l->q, l->k + first * G * D, l->v + first * G * E, mask, NULL, sink ? l->sinks : NULL, NULL, NULL,
                    NULL, NULL, NULL, o });
}

/* P parts that end where `ends` says; the sink is in part `has` (-1: there is none).  What stands in o of an empty part
 * is spoilt. */
static void in_parts(layer *l, int P, const int *ends, int has)
{
    static float whole[R * E], lse[MOST * R], o[MOST * R * E], y[R * E], lse_out[R];
    int empty = 0;
    attend(l, 0, S, has >= 0, whole);
    for (int p = 0; p < P; p++) {
        attend(l, p ? ends[p - 1] : 0, ends[p], p == has, o + p * R * E);
        for (int r = 0; r < R; r++) {
            lse[p * R + r] = (float)lse_of(l, r / H, r % H, p ? ends[p - 1] : 0, ends[p], p == has);
            for (int e = 0; e < E && lse[p * R + r] == -INFINITY; e++)
                o[(p * R + r) * E + e] = e % 2 ? NAN : INFINITY;
            empty += lse[p * R + r] == -INFINITY;
        }
    }
    ck_assert_int_gt(empty, 0);
    run("attention_merge", (const int64_t[]){ P, R, E }, NULL, (void *[]){ lse, o, y, lse_out });
    for (int i = 0; i < R * E; i++)
        ck_assert_msg(fabs((double)y[i] - (double)whole[i]) < 2e-6, "%d parts: y[%d,%d] is %g, not %g", P, i / E, i % E,
                      (double)y[i], (double)whole[i]);
    for (int r = 0; r < R; r++) {
        const double all = lse_of(l, r / H, r % H, 0, S, has >= 0);
        ck_assert_msg((double)lse_out[r] == all || fabs((double)lse_out[r] - all) < 2e-6,
                      "%d parts: lse_out[%d] is %g, not %g", P, r, (double)lse_out[r], all);
    }
}

START_TEST(test_parts)
{
    static const char *const impls[] = { "scalar", "best", "oracle" };
    static const int one[] = { S }, two[] = { 1, S }, four[] = { 3, 4, 11, S };
    int each[MOST];
    layer l = make();
    assay_why why = { "" };
    for (int s = 0; s < S; s++)
        each[s] = s + 1;
    ck_assert_int_eq(assay_impl_parse(impls[_i], assay_cpu(), &impl, &why), ASSAY_OK);
    in_parts(&l, 1, one, -1);
    in_parts(&l, 2, two, 0);
    in_parts(&l, 4, four, 2);
    in_parts(&l, 4, four, -1);
    in_parts(&l, S, each, S - 1);
}
END_TEST

Suite *assay_unit_merge(void)
{
    Suite *s = suite_create("merge");
    TCase *c = tcase_create("attention in parts");
    tcase_set_tags(c, "attention attention_merge");
    tcase_add_loop_test(c, test_parts, 0, 3);
    suite_add_tcase(s, c);
    return s;
}
