/* SPDX-License-Identifier: MIT
 * An expert FFN as a list of ops: moe_gate, moe_slots, matmul_id (gate and up), swiglu, matmul_id (down), moe_combine;
 * beside the whole of it written out in double: each expert serves a queue of so many places. */
#include "../../../reference/core/registry.h"
#include "../../../reference/core/rng.h"
#include "../../../reference/models/lone.h"
#include "assay/params/activation.h"
#include "assay/params/moe_gate.h"
#include "assay/params/moe_slots.h"
#include "unit.h"
#include <math.h>
#include <string.h>

enum { T = 9, X = 4, K = 2, D = 19, H = 7 }; /* tokens, experts, choices, width, hidden width */

typedef struct layer {
    float x[T * D], router[T * X], gate[X * H * D], up[X * H * D], down[X * D * H];
} layer;

/* Half of the tokens like one expert best, so that there is a queue. */
static layer make(void)
{
    layer l;
    assay_rng r = { 7, 0, 0 };
    float *const all[] = { l.x, l.gate, l.up, l.down };
    const int n[] = { T * D, X * H * D, X * H * D, X * D * H };
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < n[i]; k++)
            all[i][k] = (float)assay_rng_normal(&r);
    for (int k = 0; k < T * X; k++)
        l.router[k] = (float)assay_rng_normal(&r) + (k % X == 1 && k / X % 2 == 0 ? 3 : 0);
    return l;
}

static double dot(const float *a, const float *b, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

/* y += w FFN_e(x) */
static void serve(const layer *l, const float *x, int e, double w, double *y)
{
    for (int h = 0; h < H; h++) {
        const double g = dot(l->gate + (e * H + h) * D, x, D), u = dot(l->up + (e * H + h) * D, x, D);
        for (int d = 0; d < D; d++)
            y[d] += w * (double)l->down[(e * D + d) * H + h] * (g / (1 + exp(-g)) * u);
    }
}

/* The likeliest expert but one; -1: of all. */
static int likeliest(const float *z, int but)
{
    int best = but == 0;
    for (int e = 0; e < X; e++)
        if (e != but && z[e] > z[best])
            best = e;
    return best;
}

/* Of each token the first choice, then of each the second: whose queue is full sends it away. */
static void written_out(const layer *l, int capacity, double y[T][D], int served[T])
{
    int queue[X] = { 0 };
    memset(y, 0, T * sizeof *y);
    memset(served, 0, T * sizeof *served);
    for (int k = 0; k < K; k++)
        for (int t = 0; t < T; t++) {
            const float *z = l->router + t * X;
            const int first = likeliest(z, -1), second = likeliest(z, first), e = k ? second : first;
            const double other = exp((double)z[k ? first : second] - (double)z[e]);
            if (capacity == 0 || queue[e]++ < capacity) {
                serve(l, l->x + t * D, e, 1 / (1 + other), y[t]);
                served[t]++;
            }
        }
}

#define RUN(op, params, dims, ...)                                                                                     \
    ck_assert_msg(assay_lone(&impl, op, (const int64_t[])dims, params, (void *[]){ __VA_ARGS__ }, &why) == ASSAY_OK,   \
                  "%s", why.text)
#define DIMS(...)                                                                                                      \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }

/* By ops; what an expert gives to who was dropped, or chose none, is spoilt before it is combined. */
static void by_ops(layer *l, int capacity, const char *how, float y[T * D])
{
    const assay_moe_gate_params gate = { .score = ASSAY_GATE_SOFTMAX, .norm = 1 };
    const assay_moe_slots_params seats = { .capacity = capacity, .order = ASSAY_SLOTS_CHOICES };
    int32_t ids[T * K], slots[T * K], count[X], chose = 0;
    float w[T * K], g[T * K * H], u[T * K * H], a[T * K * H], out[T * K * D];
    assay_impl impl;
    assay_why why = { "" };
    ck_assert_int_eq(assay_impl_parse(how, assay_cpu(), &impl, &why), ASSAY_OK);
    RUN("moe_gate", &gate, DIMS(T, X, K), l->router, NULL, ids, w);
    RUN("moe_slots", &seats, DIMS(1, T, X, K), ids, slots, count);
    for (int i = 0; i < T * K; i++) {
        chose += ids[i] < 0;
        ids[i] = ids[i] < 0 ? 0 : ids[i]; /* any: its slot says that it does not count */
    }
    RUN("matmul_id", NULL, DIMS(T, K, X, H, D), l->x, l->gate, ids, NULL, g);
    RUN("matmul_id", NULL, DIMS(T, K, X, H, D), l->x, l->up, ids, NULL, u);
    RUN("swiglu", NULL, DIMS(T * K, H), g, u, a);
    RUN("matmul_id", NULL, DIMS(T * K, 1, X, D, H), a, l->down, ids, NULL, out);
    for (int i = 0; i < T * K * D; i++)
        if (slots[i / D] < 0)
            out[i] = NAN;
    RUN("moe_combine", NULL, DIMS(T, K, D), w, slots, out, NULL, NULL, y);
    for (int e = 0; e < X; e++)
        chose += count[e];
    ck_assert_int_eq(chose, T * K);
}

START_TEST(test_experts)
{
    static const char *const impls[] = { "scalar", "best", "oracle" };
    static const int capacities[] = { 0, 1, 3, 5, T * K };
    layer l = make();
    int gone = 0;
    for (int i = 0; i < 15; i++) {
        const int capacity = capacities[i / 3];
        double want[T][D];
        int served[T];
        float y[T * D];
        written_out(&l, capacity, want, served);
        by_ops(&l, capacity, impls[i % 3], y);
        for (int k = 0; k < T * D; k++)
            ck_assert_msg(fabs((double)y[k] - want[k / D][k % D]) < 1e-4, "capacity %d by %s: y[%d,%d] is %g, not %g",
                          capacity, impls[i % 3], k / D, k % D, (double)y[k], want[k / D][k % D]);
        for (int t = 0; t < T; t++) {
            ck_assert(capacity > 0 || served[t] == K);
            gone += served[t] == 0;
            for (int d = 0; d < D && served[t] == 0; d++) /* what is added to the residual */
                ck_assert(y[t * D + d] == 0);
        }
    }
    ck_assert_int_gt(gone, 0);
}
END_TEST

/* Who has no expert (ids of -1: logits that are NaN) gets nothing, and nobody else notices. */
START_TEST(test_none)
{
    static const char *const impls[] = { "scalar", "best", "oracle" };
    layer l = make(), without = l;
    float y[T * D], others[T * D];
    by_ops(&l, 0, impls[_i], others);
    for (int e = 0; e < X; e++)
        without.router[4 * X + e] = NAN;
    by_ops(&without, 0, impls[_i], y);
    for (int k = 0; k < T * D; k++)
        ck_assert(y[k] == (k / D == 4 ? 0 : others[k]));
}
END_TEST

/* Noisy top-k (Shazeer et al. 2017, eq. 3 to 5) as a list: the gates are those of x W_g + noise softplus(x W_n).
 * Without noise they are the plain ones; the noise here is such that some token chooses others. */
START_TEST(test_noisy)
{
    const assay_activation_params form = { .form = ASSAY_ACTIVATION_SOFTPLUS };
    const assay_moe_gate_params gate = { .score = ASSAY_GATE_CHOSEN };
    layer l = make();
    float noise[T * X], width[T * X], soft[T * X], moved_by[T * X], z[T * X], w[T * K];
    int32_t ids[T * K];
    assay_impl impl;
    assay_why why = { "" };
    assay_rng r = { 8, 0, 0 };
    int moved = 0;
    ck_assert_int_eq(assay_impl_parse("best", assay_cpu(), &impl, &why), ASSAY_OK);
    for (int i = 0; i < T * X; i++)
        noise[i] = (float)assay_rng_normal(&r);
    RUN("matmul", NULL, DIMS(T, X, D), l.x, l.gate, NULL, width); /* X rows of some matrix serve as W_n */
    RUN("activation", &form, DIMS(T, X), width, soft);
    RUN("mul", NULL, DIMS(T, X), noise, soft, moved_by);
    RUN("add", NULL, DIMS(T, X), l.router, moved_by, z);
    RUN("moe_gate", &gate, DIMS(T, X, K), z, NULL, ids, w);
    for (int t = 0; t < T; t++) {
        float h[X];
        for (int e = 0; e < X; e++)
            h[e] = l.router[t * X + e] + noise[t * X + e] * (float)log1p(exp(dot(l.x + t * D, l.gate + e * D, D)));
        const int first = likeliest(h, -1), second = likeliest(h, first);
        const double share = 1 / (1 + exp((double)h[second] - (double)h[first]));
        ck_assert_int_eq(ids[t * K], first);
        ck_assert_int_eq(ids[t * K + 1], second);
        ck_assert(fabs((double)w[t * K] - share) < 1e-5 && fabs((double)w[t * K + 1] - (1 - share)) < 1e-5);
        moved += first != likeliest(l.router + t * X, -1);
    }
    ck_assert_int_gt(moved, 0);
}
END_TEST

/* A negative id is no choice to moe_slots, and refused where an expert must be named. */
START_TEST(test_ids)
{
    static layer l;
    int32_t ids[2] = { 0, X }, slots[2];
    float y[2 * H];
    assay_impl impl;
    assay_why why = { "" };
    void *const seats[] = { ids, slots, NULL }, *const product[] = { l.x, l.gate, ids, NULL, y };
    ck_assert_int_eq(assay_impl_parse("best", assay_cpu(), &impl, &why), ASSAY_OK);
    ck_assert_int_ne(assay_lone(&impl, "moe_slots", (const int64_t[]){ 1, 2, X, 1 }, NULL, seats, &why), ASSAY_OK);
    ck_assert_str_eq(why.text, "moe_slots: ids[1]=4 is outside 0 .. X-1 = 3, and not negative");
    ids[1] = -7;
    ck_assert_int_eq(assay_lone(&impl, "moe_slots", (const int64_t[]){ 1, 2, X, 1 }, NULL, seats, &why), ASSAY_OK);
    ck_assert(slots[0] == 0 && slots[1] == -1);
    ck_assert_int_ne(assay_lone(&impl, "matmul_id", (const int64_t[]){ 2, 1, X, H, D }, NULL, product, &why), ASSAY_OK);
    ck_assert_str_eq(why.text, "matmul_id: ids[1]=-7 is outside 0 .. X-1 = 3");
}
END_TEST

Suite *assay_unit_experts(void)
{
    Suite *s = suite_create("experts");
    TCase *c = tcase_create("list of ops");
    tcase_set_tags(c, "activation add matmul matmul_id moe_combine moe_gate moe_slots mul swiglu");
    tcase_add_test(c, test_experts);
    tcase_add_test(c, test_noisy);
    tcase_add_loop_test(c, test_none, 0, 3);
    tcase_add_test(c, test_ids);
    suite_add_tcase(s, c);
    return s;
}
