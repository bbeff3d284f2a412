/* SPDX-License-Identifier: MIT
 * GPTQ on a planted case, whose answers are of a program that eliminates columns one by one and knows no factor; AWQ's
 * searches against their own definitions, tried once more here; SmoothQuant's balance.  vectors/independent/methods.py
 * holds the same functions against NumPy on larger weights. */
#include "../../../reference/quantize/methods.h"
#include "unit.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of two sizes of rows and tokens: a spread of weights, inputs of which a few are large. */
enum { ROWS = 6, IN = 48, TOKENS = 20, GROUP = 16, GROUPS = IN / GROUP };
static double w[ROWS * IN], x[TOKENS * IN];

static void fill(void)
{
    for (int i = 0; i < ROWS * IN; i++)
        w[i] = ((31 * i * i + 7 * i + 3) % 1009 - 504) / 970.0;
    for (int i = 0; i < TOKENS * IN; i++)
        x[i] = ((17 * i * i + 5 * i + 1) % 211 - 105) / 50.0 * (i % IN % 7 == 3 ? 20 : 1);
}

/* ---- GPTQ ---- */

static const struct {
    bool act_order;
    uint8_t code[16], zero[4];
    double scale[4]; /* of group 0, 1 of row 0, then of row 1 */
    int32_t group_of[8];
    double margin, loss;
} planted[] = {
    { false,
      { 0, 1, 4, 9, 9, 15, 0, 9, 0, 10, 2, 15, 15, 7, 2, 0 },
      { 15, 8, 9, 14 },
      { 0.086082474, 0.113503636, 0.133848794, 0.084251784 },
      { 0, 0, 0, 0, 1, 1, 1, 1 },
      0.0189,
      0.210844848 },
    { true,
      { 0, 0, 3, 5, 9, 15, 3, 15, 0, 15, 3, 15, 9, 5, 2, 0 },
      { 9, 13, 9, 13 },
      { 0.139175256, 0.091074173, 0.133848794, 0.090992665 },
      { 0, 1, 1, 0, 0, 0, 1, 1 },
      0.00265,
      0.39421736 },
};

typedef struct found {
    uint8_t code[16], zero[4];
    double scale[4], margin, w[16], x[128], h[64], y[16];
    int32_t group_of[8];
} found;

/* Square of (W - Y) X'. */
static double loss_of(const found *f)
{
    double all = 0;
    for (int r = 0; r < 2; r++)
        for (int t = 0; t < 16; t++) {
            double e = 0;
            for (int k = 0; k < 8; k++)
                e += (f->y[r * 8 + k] - f->w[r * 8 + k]) * f->x[t * 8 + k];
            all += e * e;
        }
    return all;
}

static void run(found *f, const assay_gptq *m)
{
    assay_why why = { "" };
    for (int i = 0; i < 16; i++)
        f->w[i] = (double)(float)(((31 * i * i + 7 * i + 3) % 1009 - 504) / 97.0) / 4;
    for (int k = 0; k < 128; k++)
        f->x[k] = ((17 * k * k + 5 * k + 1) % 211 - 105) / 50.0;
    for (int i = 0; i < 64; i++) {
        f->h[i] = 0;
        for (int t = 0; t < 16; t++)
            f->h[i] += 2 / 16.0 * f->x[t * 8 + i / 8] * f->x[t * 8 + i % 8];
    }
    const assay_status s =
        assay_gptq_run(m, f->w, f->h, 2, 8, f->code, f->zero, f->scale, f->group_of, &f->margin, &why);
    ck_assert_msg(s == ASSAY_OK, "%s", why.text);
    for (int i = 0; i < 16; i++) {
        const int at = f->group_of[i % 8] * 2 + i / 8;
        f->y[i] = assay_grid_value((assay_step){ f->scale[at], f->zero[at] }, f->code[i]);
    }
}

START_TEST(gptq_planted)
{
    const assay_gptq m = {
        .grid = { .rule = ASSAY_GRID_GPTQ, .bits = 4 }, .group = 4, .damping = 0.01, .act_order = planted[_i].act_order
    };
    found f;
    run(&f, &m);
    for (int i = 0; i < 16; i++)
        ck_assert_msg(f.code[i] == planted[_i].code[i], "code %d: %d", i, f.code[i]);
    for (int r = 0; r < 2; r++)
        for (int g = 0; g < 2; g++) {
            ck_assert_int_eq(f.zero[g * 2 + r], planted[_i].zero[r * 2 + g]);
            ck_assert_double_eq_tol(f.scale[g * 2 + r], planted[_i].scale[r * 2 + g], 1e-9);
        }
    for (int k = 0; k < 8; k++)
        ck_assert_int_eq(f.group_of[k], planted[_i].group_of[k]);
    ck_assert_double_eq_tol(f.margin, planted[_i].margin, planted[_i].margin * 3e-3);
    ck_assert_double_eq_tol(loss_of(&f), planted[_i].loss, 1e-9);
}
END_TEST

/* Rounding alone is what GPTQ does where H is diagonal, and worse on the planted case. */
START_TEST(gptq_and_nearest)
{
    static const uint8_t code[16] = { 0, 1, 4, 9, 9, 15, 0, 9, 0, 10, 2, 15, 15, 8, 3, 0 };
    const assay_gptq m = { .grid = { .rule = ASSAY_GRID_GPTQ, .bits = 4 }, .group = 4, .damping = 0.01 };
    found f;
    run(&f, &m);
    const double with = loss_of(&f);
    memcpy(f.y, f.w, sizeof f.y);
    assay_grid_round(&m.grid, f.y, 2, 8, 4);
    ck_assert_double_eq_tol(loss_of(&f), 0.437088898, 1e-9);
    ck_assert_double_lt(with, loss_of(&f));
    for (int i = 0; i < 64; i++)
        f.h[i] = i / 8 == i % 8 ? 1 + i : 0;
    ck_assert_int_eq(assay_gptq_run(&m, f.w, f.h, 2, 8, f.code, f.zero, f.scale, f.group_of, &f.margin, NULL),
                     ASSAY_OK);
    ck_assert(!memcmp(f.code, code, sizeof code));
}
END_TEST

/* An input that is always 0 takes its weights with it; an H that is none is refused. */
START_TEST(gptq_ends)
{
    assay_gptq m = { .grid = { .rule = ASSAY_GRID_GPTQ, .bits = 4 }, .group = 8, .damping = 0.01 };
    found f;
    assay_why why = { "" };
    run(&f, &m);
    for (int i = 0; i < 8; i++)
        f.h[3 * 8 + i] = f.h[i * 8 + 3] = 0;
    ck_assert_int_eq(assay_gptq_run(&m, f.w, f.h, 2, 8, f.code, f.zero, f.scale, f.group_of, &f.margin, &why),
                     ASSAY_OK);
    ck_assert(f.code[3] == f.zero[0] && f.code[8 + 3] == f.zero[1]);
    f.h[0 * 8 + 1] = f.h[1 * 8 + 0] = 2 * f.h[0] + 2 * f.h[9];
    ck_assert_int_ne(assay_gptq_run(&m, f.w, f.h, 2, 8, f.code, f.zero, f.scale, f.group_of, &f.margin, &why),
                     ASSAY_OK);
    ck_assert_msg(strstr(why.text, "not positive definite at column 0") != NULL, "%s", why.text);
}
END_TEST

/* ---- grids ---- */

static const struct {
    assay_grid g;
    double w[4], scale;
    int zero, code[4];
} grids[] = {
    { { ASSAY_GRID_AWQ, 4, false, false, false }, { -3, 0, 1.5, 12 }, 1, 3, { 0, 3, 5, 15 } }, /* 1.5: to even */
    { { ASSAY_GRID_AWQ, 4, false, false, false }, { 15, 20, 25, 30 }, 1, 0, { 15, 15, 15, 15 } },
    { { ASSAY_GRID_AWQ, 4, false, false, false }, { -15, -20, -25, -30 }, 1, 15, { 0, 0, 0, 0 } },
    { { ASSAY_GRID_AWQ, 4, false, false, false }, { 0, 0, 0, 0 }, 1e-5 / 15, 0, { 0, 0, 0, 0 } },
    { { ASSAY_GRID_AWQ, 4, true, false, false }, { -7, 0.5, 3.5, 6 }, 1, 8, { 1, 8, 12, 14 } },
    { { ASSAY_GRID_GPTQ, 4, false, false, false }, { 15, 20, 25, 30 }, 2, 0, { 8, 10, 12, 15 } },
    { { ASSAY_GRID_GPTQ, 4, false, false, false }, { 0, 0, 0, 0 }, 2 / 15.0, 8, { 8, 8, 8, 8 } },
    { { ASSAY_GRID_GPTQ, 4, true, false, false }, { -7.5, 0.5, 3.5, 6 }, 1, 8, { 0, 8, 12, 14 } },
    { { ASSAY_GRID_GPTQ, 2, false, false, false }, { -3, 0, 1.5, 6 }, 3, 1, { 0, 1, 1, 3 } },
    { { ASSAY_GRID_GPTQ, 8, false, false, false }, { -1, 0, 1.5, 254 }, 1, 1, { 0, 1, 3, 255 } },
    { { ASSAY_GRID_GPTQ, 4, false, true, false }, { 0, 0, 0, 15.001 }, 1, 0, { 0, 0, 0, 15 } }, /* f16(1.0000667) */
    { { ASSAY_GRID_GPTQ, 4, false, true, false }, { 0, 0, 0, 1e-8 }, 0x1p-24, 0, { 0, 0, 0, 0 } },
};

START_TEST(grid)
{
    const assay_step s = assay_grid_fit(&grids[_i].g, grids[_i].w, 4);
    ck_assert_double_eq_tol(s.scale, grids[_i].scale, grids[_i].scale * 1e-15);
    ck_assert_int_eq(s.zero, grids[_i].zero);
    for (int k = 0; k < 4; k++)
        ck_assert_msg(assay_grid_code(&grids[_i].g, s, grids[_i].w[k]) == grids[_i].code[k], "%d: %d", k,
                      assay_grid_code(&grids[_i].g, s, grids[_i].w[k]));
}
END_TEST

/* One far weight: a shorter range is better by |error|^2.4, and it is the best of the eighty. */
START_TEST(grid_shrunk)
{
    assay_grid g = { ASSAY_GRID_GPTQ, 3, false, false, true };
    double v[65], whole = 0, least = INFINITY, got = 0;
    for (int i = 0; i < 65; i++)
        v[i] = i == 64 ? 1.3 : sin(i);
    const assay_step best = assay_grid_fit(&g, v, 65);
    for (int i = 0; i < 80; i++) {
        double low = 0, high = 0, e = 0;
        for (int k = 0; k < 65; k++)
            low = fmin(low, v[k]), high = fmax(high, v[k]);
        const double s = (1 - i / 100.0) * (high - low) / 7, z = nearbyint(-(1 - i / 100.0) * low / s);
        for (int k = 0; k < 65; k++)
            e += pow(fabs((fmin(fmax(nearbyint(v[k] / s) + z, 0), 7) - z) * s - v[k]), 2.4);
        whole = i ? whole : e;
        least = fmin(least, e);
    }
    for (int k = 0; k < 65; k++)
        got += pow(fabs(assay_grid_value(best, assay_grid_code(&g, best, v[k])) - v[k]), 2.4);
    ck_assert_double_eq_tol(got, least, 1e-9 * least);
    ck_assert_double_lt(got, whole);
}
END_TEST

/* ---- AWQ ---- */

/* The product's loss with scales s, from the definition. */
static double tried(const double *s)
{
    double q[ROWS * IN] = { 0 }, all = 0;
    for (int r = 0; r < ROWS; r++)
        for (int g = 0; g < GROUPS; g++) {
            double low = INFINITY, high = -INFINITY;
            for (int k = g * GROUP; k < (g + 1) * GROUP; k++)
                low = fmin(low, w[r * IN + k] * s[k]), high = fmax(high, w[r * IN + k] * s[k]);
            const double step = fmax(high - low, 1e-5) / 15, z = fmin(fmax(-nearbyint(low / step), 0), 15);
            for (int k = g * GROUP; k < (g + 1) * GROUP; k++)
                q[r * IN + k] = (fmin(fmax(nearbyint(w[r * IN + k] * s[k] / step) + z, 0), 15) - z) * step / s[k];
        }
    for (int t = 0; t < TOKENS; t++)
        for (int r = 0; r < ROWS; r++) {
            double e = 0;
            for (int k = 0; k < IN; k++)
                e += x[t * IN + k] * (q[r * IN + k] - w[r * IN + k]);
            all += e * e;
        }
    return all / (TOKENS * ROWS);
}

static assay_awq awq(bool duo)
{
    fill();
    return (assay_awq){ .grid = { .rule = ASSAY_GRID_AWQ, .bits = 4 },
                        .group = GROUP,
                        .rows = ROWS,
                        .in = IN,
                        .tokens = TOKENS,
                        .w = w,
                        .x = x,
                        .duo = duo };
}

START_TEST(awq_least)
{
    double s[IN], mean[IN], best[IN];
    assay_awq m = awq(_i == 1);
    assay_awq_search(&m, best);
    for (int k = 0; k < IN; k++) {
        mean[k] = 0;
        for (int t = 0; t < TOKENS; t++)
            mean[k] += fabs(x[t * IN + k]) / TOKENS;
    }
    double least = INFINITY, most = 0;
    for (int i = 0; i < ASSAY_AWQ_POWERS; i++) {
        double low = INFINITY, high = 0;
        for (int k = 0; k < IN; k++) {
            double by = 0;
            for (int r = 0; r < ROWS; r++) {
                double top = 0;
                for (int j = k / GROUP * GROUP; j < (k / GROUP + 1) * GROUP; j++)
                    top = fmax(top, fabs(w[r * IN + j]));
                by += fabs(w[r * IN + k]) / (top + 1e-6) / ROWS;
            }
            by = _i ? pow(by, 1 - i / 20.0) + 1e-4 : 1;
            s[k] = fmax(pow(mean[k], i / 20.0) / by, 1e-4);
            low = fmin(low, s[k]), high = fmax(high, s[k]);
        }
        for (int k = 0; k < IN; k++)
            s[k] /= sqrt(low * high);
        const double loss = tried(s);
        ck_assert_double_eq_tol(m.loss[i], loss, 1e-6 * loss);
        least = fmin(least, loss), most = fmax(most, loss);
    }
    ck_assert_double_eq_tol(m.loss[m.best], least, 1e-6 * least);
    ck_assert_double_lt(m.loss[m.best], 0.9 * most);
    for (int i = 0; i < m.best; i++)
        ck_assert_double_gt(m.loss[i], m.loss[m.best]); /* the first that is least */
    if (!_i)
        ck_assert_double_lt(m.loss[m.best], m.loss[0]); /* the power 0 is plain rounding */
    ck_assert_double_eq_tol(tried(best), least, 1e-6 * least);
}
END_TEST

static double asked(void *ctx, const double *y)
{
    int *calls = ctx;
    double sum = 0;
    for (int i = 0; i < ROWS * IN; i++)
        sum += fabs(y[i] - w[i]);
    return ++*calls == 7 ? 0 : sum;
}

/* The module that is looked at is the caller's. */
START_TEST(awq_module)
{
    double s[IN], mean[IN], seventh[IN];
    int calls = 0;
    assay_awq m = awq(false);
    m.loss_of = asked, m.ctx = &calls;
    assay_awq_search(&m, s);
    ck_assert_int_eq(calls, ASSAY_AWQ_POWERS);
    ck_assert_int_eq(m.best, 6);
    assay_awq_mean(&m, mean);
    assay_awq_scales(&m, mean, 6, seventh);
    ck_assert(!memcmp(s, seventh, sizeof s));
}
END_TEST

START_TEST(awq_clip)
{
    double most[ROWS * GROUPS], loss[ROWS * GROUPS], first[ROWS * GROUPS];
    assay_awq m = awq(false);
    m.grid.bits = 3; /* the coarser, the more there is to gain */
    assay_awq_clip(&m, most, loss, first);
    int shorter = 0;
    for (int i = 0; i < ROWS * GROUPS; i++) {
        double high = 0, least = INFINITY;
        const double *part = w + i / GROUPS * IN + i % GROUPS * GROUP;
        for (int k = 0; k < GROUP; k++)
            high = fmax(high, fabs(part[k]));
        for (int c = 0; c < ASSAY_AWQ_CLIPS; c++) { /* each once more */
            double held[GROUP], all = 0;
            for (int k = 0; k < GROUP; k++)
                held[k] = fmax(fmin(part[k], high * (1 - c / 20.0)), -high * (1 - c / 20.0));
            assay_grid_round(&m.grid, held, 1, GROUP, GROUP);
            for (int t = 0; t < TOKENS; t++) {
                double e = 0;
                for (int k = 0; k < GROUP; k++)
                    e += x[t * IN + i % GROUPS * GROUP + k] * (held[k] - part[k]);
                all += e * e / TOKENS;
            }
            if (c == 0)
                ck_assert_double_eq_tol(first[i], all, 1e-9 * all);
            if (all < least) {
                least = all;
                if (fabs(high * (1 - c / 20.0) - most[i]) < 1e-12)
                    shorter += c > 0;
            }
        }
        ck_assert_double_eq_tol(loss[i], least, 1e-9 * least);
        ck_assert_double_le(loss[i], first[i]);
        ck_assert(most[i] <= high && most[i] >= 0.55 * high - 1e-12);
    }
    ck_assert_int_gt(shorter, 0);
}
END_TEST

/* ---- SmoothQuant, and folding ---- */

/* A norm with factors and bias before the product, or a matrix: X W' is what it was. */
START_TEST(folds)
{
    double s[IN], mean[IN], factor[IN], bias[IN], before[IN * 5], old_w[ROWS * IN];
    const assay_awq m = awq(false);
    assay_awq_mean(&m, mean);
    assay_awq_scales(&m, mean, 11, s);
    memcpy(old_w, w, sizeof w);
    for (int k = 0; k < IN; k++)
        factor[k] = 0.5 + k % 5, bias[k] = k % 3 - 1.0;
    for (int i = 0; i < IN * 5; i++)
        before[i] = sin(i);
    double want[TOKENS * ROWS][2], moved = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < TOKENS * ROWS; i++) {
            double by_norm = 0, by_matrix = 0, size = 0;
            for (int k = 0; k < IN; k++) {
                const double weight = w[i % ROWS * IN + k], n = x[i / ROWS * IN + k] * factor[k] + bias[k];
                double y = 0;
                for (int j = 0; j < 5; j++)
                    y += before[k * 5 + j] * x[i / ROWS * IN + j];
                by_norm += n * weight, by_matrix += y * weight;
                size += fabs(n * weight) + fabs(y * weight);
            }
            if (pass) {
                ck_assert_double_eq_tol(by_norm, want[i][0], 1e-13 * size);
                ck_assert_double_eq_tol(by_matrix, want[i][1], 1e-13 * size);
            }
            want[i][0] = by_norm, want[i][1] = by_matrix;
        }
        if (!pass) {
            assay_fold_columns(w, ROWS, IN, s);
            assay_fold_rows(factor, IN, 1, s);
            assay_fold_rows(bias, IN, 1, s);
            assay_fold_rows(before, IN, 5, s);
        }
    }
    for (int i = 0; i < ROWS * IN; i++)
        moved = fmax(moved, fabs(w[i] - old_w[i]));
    ck_assert_double_gt(moved, 0.1);
}
END_TEST

START_TEST(smooth)
{
    double s[IN], most_x[IN] = { 0 }, most_w[IN] = { 0 };
    fill();
    for (int i = 0; i < TOKENS * IN; i++)
        most_x[i % IN] = fmax(most_x[i % IN], fabs(x[i]));
    for (int i = 0; i < ROWS * IN; i++)
        most_w[i % IN] = fmax(most_w[i % IN], fabs(w[i]));
    assay_smooth_scales(most_x, most_w, IN, 0.5, s);
    for (int k = 0; k < IN; k++) /* balanced */
        ck_assert_double_eq_tol(most_x[k] / s[k], most_w[k] * s[k], 1e-13 * most_w[k] * s[k]);
    assay_smooth_scales(most_x, most_w, IN, 0.8, s);
    for (int k = 0; k < IN; k++)
        ck_assert_double_eq_tol(log(s[k]), 0.8 * log(most_x[k]) - 0.2 * log(most_w[k]), 1e-12);
    const double none[3] = { 0, 0, 1 }, weight[3] = { 1, 0, 0 };
    assay_smooth_scales(none, weight, 3, 0.5, s);
    ck_assert_double_eq(s[0], 1e-5); /* an input that is always 0 */
    ck_assert_double_eq(s[1], 1e-5);
    ck_assert_double_eq_tol(s[2], pow(1e-5, -0.5), 1e-9); /* weights that are all 0 */
}
END_TEST

Suite *assay_unit_methods(void)
{
    Suite *s = suite_create("methods");
    TCase *c = tcase_create("methods");
    tcase_set_tags(c, "quantize");
    tcase_add_loop_test(c, gptq_planted, 0, sizeof planted / sizeof *planted);
    tcase_add_test(c, gptq_and_nearest);
    tcase_add_test(c, gptq_ends);
    tcase_add_loop_test(c, grid, 0, sizeof grids / sizeof *grids);
    tcase_add_test(c, grid_shrunk);
    tcase_add_loop_test(c, awq_least, 0, 2);
    tcase_add_test(c, awq_module);
    tcase_add_test(c, awq_clip);
    tcase_add_test(c, folds);
    tcase_add_test(c, smooth);
    suite_add_tcase(s, c);
    return s;
}
