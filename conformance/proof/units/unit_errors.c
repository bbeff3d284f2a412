/* SPDX-License-Identifier: MIT
 * Models of errors: products that round, slice into integers or multiply as Strassen did, and what is said of each; all
 * products of this program. */
#include "../../certificate/certificate.h"
#include "../../../reference/core/registry.h"
#include "../../../reference/core/status.h"
#include "unit.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct how { /* what a kernel does to its factors and sums */
    int keep[2];     /* bits of each number of x and of w; 0: all */
    int fixed[2];    /* bits of the largest of `within` numbers: -1: of all, 0: of the row */
    int64_t within;
    int deep;                       /* levels of Strassen's */
    int64_t strassen_at;            /* rows from which on */
    int sums;                       /* bits of a sum; 0: all */
    bool half, cuts, wide, forgets; /* f16; truncated; sums of f64; the last term is left out */
} how;

static float kept(float v, int bits, bool cuts)
{
    int e;
    const double m = ldexp(frexp((double)v, &e), bits);
    return (float)ldexp(cuts ? trunc(m) : nearbyint(m), e - bits);
}

static float as_half(float v)
{
    const float size = fabsf(v);
    return size >= 65520     ? copysignf(INFINITY, v)
           : size < 0x1p-14F ? nearbyintf(v * 0x1p24F) * 0x1p-24F
                             : kept(v, 11, false);
}

static void fix(double *x, int64_t n, int bits)
{
    double most = 0;
    for (int64_t i = 0; i < n; i++)
        most = fmax(most, fabs(x[i]));
    const double step = most / (ldexp(1, bits - 1) - 1);
    for (int64_t i = 0; i < n && step > 0; i++)
        x[i] = nearbyint(x[i] / step) * step;
}

/* Rows of operand f, dense, as the kernel's arithmetic has them. */
static double *factor(const assay_args *a, const how *h, int f, int64_t rows)
{
    const int64_t K = a->dim[2], within = h->within > 0 ? h->within : K;
    const assay_tensor *t = &a->operand[f];
    double *x = assay_zeros((size_t)(rows * K), sizeof *x);
    for (int64_t i = 0; i < rows * K; i++) {
        const float v = ((const float *)((const char *)t->data + i / K * t->stride[0]))[i % K];
        x[i] = (double)(h->half ? as_half(v) : h->keep[f] ? kept(v, h->keep[f], h->cuts) : v);
    }
    if (h->fixed[f] && h->within < 0)
        fix(x, rows * K, h->fixed[f]);
    for (int64_t at = 0; h->fixed[f] && h->within >= 0 && at < rows * K; at += within)
        fix(x + at, within, h->fixed[f]);
    return x;
}

static double rounded(const how *h, double v)
{
    const float f = (float)v;
    return h->wide ? v : h->sums ? (double)kept(f, h->sums, false) : (double)f;
}

typedef struct view { /* of a matrix, row by row */
    double *at;
    int64_t step;
} view;

static void plain(const how *h, view x, view w, view y, int64_t T, int64_t N, int64_t K)
{
    for (int64_t t = 0; t < T; t++)
        for (int64_t n = 0; n < N; n++) {
            double s = 0;
            for (int64_t k = 0; k < K - h->forgets; k++)
                s = rounded(h, s + x.at[t * x.step + k] * w.at[n * w.step + k]);
            y.at[t * y.step + n] = s;
        }
}

/* The sum of the quarters of m by signs, each rows x columns. */
static view mixed(const how *h, view m, const signed char sign[4], int64_t rows, int64_t columns)
{
    const view to = { assay_zeros((size_t)(rows * columns), sizeof(double)), columns };
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < columns; c++)
            for (int q = 0; q < 4; q++)
                to.at[r * columns + c] = rounded(
                    h, to.at[r * columns + c] + sign[q] * m.at[(r + q / 2 * rows) * m.step + c + q % 2 * columns]);
    return to;
}

/* Strassen's seven products; quarters are numbered 11, 12, 21, 22, those of w, which lies transposed, 11, 21, 12, 22.
 */
static void strassen(const how *h, view x, view w, view y, int64_t T, int64_t N, int64_t K, int deep)
{
    static const signed char of_x[7][4] = { { 1, 0, 0, 1 }, { 0, 0, 1, 1 },  { 1, 0, 0, 0 }, { 0, 0, 0, 1 },
                                            { 1, 1, 0, 0 }, { -1, 0, 1, 0 }, { 0, 1, 0, -1 } };
    static const signed char of_w[7][4] = { { 1, 0, 0, 1 }, { 1, 0, 0, 0 }, { 0, 0, 1, -1 }, { -1, 1, 0, 0 },
                                            { 0, 0, 0, 1 }, { 1, 0, 1, 0 }, { 0, 1, 0, 1 } };
    static const signed char of_y[4][7] = {
        { 1, 0, 0, 1, -1, 0, 1 }, { 0, 0, 1, 0, 1, 0, 0 }, { 0, 1, 0, 1, 0, 0, 0 }, { 1, -1, 1, 0, 0, 1, 0 }
    };
    if (!deep || T % 2 || N % 2 || K % 2 || T < 2) {
        plain(h, x, w, y, T, N, K);
        return;
    }
    const view all[4] = {
        y, { y.at + N / 2, y.step }, { y.at + T / 2 * y.step, y.step }, { y.at + T / 2 * y.step + N / 2, y.step }
    };
    for (int64_t i = 0; i < T * N; i++)
        y.at[i / N * y.step + i % N] = 0;
    for (int p = 0; p < 7; p++) {
        const view a = mixed(h, x, of_x[p], T / 2, K / 2), b = mixed(h, w, of_w[p], N / 2, K / 2);
        const view m = { assay_zeros((size_t)(T * N / 4), sizeof(double)), N / 2 };
        strassen(h, a, b, m, T / 2, N / 2, K / 2, deep - 1);
        for (int64_t i = 0; i < T * N; i++) {
            const int64_t r = i / 4 / (N / 2), c = i / 4 % (N / 2);
            double *to = &all[i % 4].at[r * y.step + c];
            *to = rounded(h, *to + of_y[i % 4][p] * m.at[r * m.step + c]);
        }
        free(a.at);
        free(b.at);
        free(m.at);
    }
}

static assay_status multiply(const assay_args *a, const how *h)
{
    const int64_t T = a->dim[0], N = a->dim[1], K = a->dim[2];
    double *x = factor(a, h, 0, T), *w = factor(a, h, 1, N), *y = assay_zeros((size_t)(T * N), sizeof *y);
    strassen(h, (view){ x, K }, (view){ w, K }, (view){ y, N }, T, N, K, T >= h->strassen_at ? h->deep : 0);
    for (int64_t i = 0; i < T * N; i++)
        ((float *)((char *)a->operand[3].data + i / N * a->operand[3].stride[0]))[i % N] = (float)y[i];
    free(x);
    free(w);
    free(y);
    return ASSAY_OK;
}

static bool no_bias(const assay_args *a)
{
    return !a->operand[2].rank;
}

#define F32 ASSAY_TYPES(ASSAY_T(f32))
static const assay_typeset f32[4] = { F32, F32, [3] = F32 };
#define KERNEL(id, ...)                                                                                                \
    static assay_status run_##id(const assay_args *a)                                                                  \
    {                                                                                                                  \
        return multiply(a, &(how)__VA_ARGS__);                                                                         \
    }                                                                                                                  \
    static const assay_kernel id = {                                                                                   \
        .op = "matmul", .name = #id, .types = f32, .run = run_##id, .accepts = no_bias, .flags = ASSAY_UNSLICED        \
    };
KERNEL(in_f32, { .deep = 0 })
KERNEL(in_f64, { .wide = true })
KERNEL(strassen_1, { .deep = 1 })
KERNEL(strassen_5, { .deep = 5 })
KERNEL(strassen_of_f64, { .deep = 3, .wide = true })
KERNEL(strassen_from_16_rows, { .deep = 2, .strassen_at = 16 })
KERNEL(bf16, { .keep = { 8, 8 } })
KERNEL(bf16_cut, { .keep = { 8, 8 }, .cuts = true })
KERNEL(bf16_of_w, { .keep = { 0, 8 } })
KERNEL(tf32, { .keep = { 11, 11 } })
KERNEL(tf32_of_x, { .keep = { 11, 0 } })
KERNEL(f16, { .half = true })
KERNEL(twice_bf16, { .keep = { 16, 16 } })
KERNEL(sums_of_bf16, { .sums = 8 })
KERNEL(slice_of_8, { .fixed = { 8, 8 } })
KERNEL(slice_of_8_all, { .fixed = { 8, 8 }, .within = -1 })
KERNEL(slice_of_8_by_32, { .fixed = { 8, 0 }, .within = 32 })
KERNEL(slices_of_15, { .fixed = { 15, 15 }, .wide = true })
KERNEL(slices_of_22, { .fixed = { 22, 22 } })
KERNEL(slices_of_30, { .fixed = { 30, 30 }, .wide = true })
KERNEL(slices_of_40, { .fixed = { 40, 40 }, .wide = true })
KERNEL(slices_of_w, { .fixed = { 0, 22 } })
KERNEL(forgets, { .forgets = true })
KERNEL(of_4_bits, { .fixed = { 2, 2 } })

#define COMPONENT ASSAY_ERRORS_COMPONENT
#define ROUNDED   ASSAY_ERRORS_ROUNDED
#define FIXED     ASSAY_ERRORS_FIXED
#define NORM      ASSAY_ERRORS_NORM
#define NOTHING   ASSAY_ERRORS_NONE
static const struct {
    const assay_kernel *k;
    assay_error_kind kind;
    int bits;
    bool x, w, sums, narrow;
    int64_t within;
} table[] = {
    { &in_f32, COMPONENT },
    { &in_f64, COMPONENT },
    { &strassen_1, NORM },
    { &strassen_5, NORM },
    { &strassen_of_f64, COMPONENT },
    { &strassen_from_16_rows, NORM },
    { &bf16, ROUNDED, 8, true, true },
    { &bf16_cut, ROUNDED, 8, true, true },
    { &bf16_of_w, ROUNDED, 8, false, true },
    { &tf32, ROUNDED, 11, true, true },
    { &tf32_of_x, ROUNDED, 11, true, false },
    { &f16, ROUNDED, 11, true, true, false, true },
    { &twice_bf16, ROUNDED, 16, true, true },
    { &sums_of_bf16, ROUNDED, 8, true, true, true },
    { &slice_of_8, FIXED, 8, true, true },
    { &slice_of_8_all, FIXED, 8, true, true, .within = -1 },
    { &slice_of_8_by_32, FIXED, 8, true, false, .within = 32 },
    { &slices_of_15, FIXED, 15, true, true },
    { &slices_of_22, FIXED, 22, true, true },
    { &slices_of_30, FIXED, 30, true, true },
    { &slices_of_40, FIXED, 40, true, true },
    { &slices_of_w, FIXED, 22, false, true },
    { &forgets, NOTHING },
    { &of_4_bits, NOTHING },
};

static assay_pool *pool;

START_TEST(test_model)
{
    const assay_kernel *k = table[_i].k;
    assay_errors e = { NULL, 0 };
    assay_errors_measure(pool, k, -1, &e);
    ck_assert_msg(e.n == 1, "%s: %zu", k->name, e.n);
    const assay_error_model *m = e.all;
    ck_assert_msg(m->kind == table[_i].kind, "%s: %s; %g %g %s", k->name, assay_error_name(m->kind), m->component,
                  m->norm, m->why.text);
    if (table[_i].bits)
        ck_assert_msg(m->bits == table[_i].bits && m->of[0] == table[_i].x && m->of[1] == table[_i].w &&
                          m->sums == table[_i].sums && m->narrow == table[_i].narrow && m->within == table[_i].within,
                      "%s: %d bits of %d %d, sums %d, narrow %d, within %d", k->name, m->bits, m->of[0], m->of[1],
                      m->sums, m->narrow, (int)m->within);
    assay_errors_free(&e);
}
END_TEST

/* All of ours are sums of products, of operands as they say that they round them. */
START_TEST(test_ours)
{
    const assay_kernel *k;
    int n = 0;
    for (size_t i = 0; (k = assay_kernel_at(i)); i++) {
        assay_errors e = { NULL, 0 };
        if (!k->run || k->isa & ~assay_cpu() || !assay_errors_asked(k))
            continue;
        assay_errors_measure(pool, k, -1, &e);
        for (size_t m = 0; m < e.n; m++)
            ck_assert_msg(e.all[m].kind == COMPONENT, "%s/%s, %zu: %s, %d bits, %g %g %s", k->op, k->name, m,
                          assay_error_name(e.all[m].kind), e.all[m].bits, e.all[m].component, e.all[m].norm,
                          e.all[m].why.text);
        n += e.n > 0;
        assay_errors_free(&e);
    }
    ck_assert_msg(n >= 6, "%d kernels", n);
}
END_TEST

/* A certificate on which nothing is wrong, and one thing of it changed: the grade. */
START_TEST(test_grade)
{
    enum {
        NOTHING_ELSE,
        CASE,
        LOST,
        ALONE,
        EACH_RUN,
        MODEL,
        NO_MODEL,
        TIGHT,
        TIGHT_AS_SCALAR,
        NOT_ASKED,
        NO_CASE,
        BOTH
    };
    static const char expected[] = { 'A', 'F', 0, 'B', 'C', 'C', 0, 'B', 'A', 0, 0, 'F' };
    assay_error_model m = { .kind = _i == MODEL ? NORM : _i == NO_MODEL ? ASSAY_ERRORS_UNKNOWN : COMPONENT };
    assay_certificate c = { .kernel = &in_f32, .n_gens = 1, .errors = { &m, 1 } };
    assay_grade g;
    for (int i = 0; assay_properties[i].name; i++)
        c.property[i].same = 3;
    c.gen[0].used = _i == TIGHT || _i == TIGHT_AS_SCALAR ? 0.9 : 0.1;
    c.gen[0].scalar_used = _i == TIGHT_AS_SCALAR ? 0.9 : 0.1;
    c.property[0].differ = _i == EACH_RUN;
    c.property[1].lost = _i == LOST || _i == BOTH;
    c.property[4].differ = _i == ALONE;
    c.property[6].same = _i == NOT_ASKED ? 0 : 3;
    c.cases = _i == NO_CASE ? 0 : 9;
    c.passed = c.cases - (_i == CASE || _i == BOTH);
    assay_grade_of(&c, &g);
    ck_assert_msg(g.letter == expected[_i], "%d: grade %c", _i, g.letter ? g.letter : '-');
}
END_TEST

static void open_pool(void)
{
    assay_why why = { "" };
    pool = assay_pool_open(NULL, &why);
    ck_assert_msg(pool != NULL, "%s", why.text);
}
static void close_pool(void)
{
    assay_pool_close(pool);
}

Suite *assay_unit_errors(void)
{
    Suite *s = suite_create("errors");
    TCase *t = tcase_create("errors");
    tcase_set_tags(t, "matmul");
    tcase_add_unchecked_fixture(t, open_pool, close_pool);
    tcase_add_loop_test(t, test_model, 0, sizeof table / sizeof *table);
    tcase_add_test(t, test_ours);
    tcase_add_loop_test(t, test_grade, 0, 12);
    tcase_set_timeout(t, 0);
    suite_add_tcase(s, t);
    return s;
}
