/* SPDX-License-Identifier: MIT
 * The judge judged: the holes of admired comparators (docs/judge.md, The score), each as a test of ours. */
#include "../../../reference/core/compare.h"
#include "../../../reference/core/status.h"
#include "../../../reference/core/tensor.h"
#include "unit.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { R = 4, C = 80, N = R * C };
typedef struct bench { /* a solved problem and outputs that agree with it */
    assay_problem p;
    float out[N];
    assay_tensor got[ASSAY_MAX_OPND];
    assay_finding f;
} bench;

static void set_up(bench *b, const char *line)
{
    assay_case c;
    assay_why why = { "" };
    memset(b, 0, sizeof *b);
    ck_assert_msg(assay_case_parse(line, &c, &why) == ASSAY_OK, "%s", why.text);
    ck_assert_msg(assay_problem_make(&c, &b->p, &why) == ASSAY_OK, "%s", why.text);
    ck_assert_msg(assay_problem_solve(&b->p, NULL, &why) == ASSAY_OK, "%s", why.text);
    b->got[2] = assay_tensor_dense(ASSAY_f32, 0, 2, (const int64_t[]){ R, C });
    b->got[2].data = b->out;
    for (int i = 0; i < N; i++)
        b->out[i] = (float)b->p.value[2][i];
}

static bool verdict(bench *b)
{
    assay_compare(&b->p, NULL, b->got, &b->f);
    return b->f.pass;
}

/* One element of golden and output replaced: must the pair pass? */
static const struct pair {
    double want;
    float got;
    bool pass;
    assay_by by;
    const char *hole;
} pairs[] = {
    { 1, NAN, false, ASSAY_BY_CLASS, "NaN passes (KleidiAI, llm.c)" },
    { NAN, 1, false, ASSAY_BY_CLASS, "a finite number for NaN" },
    { NAN, NAN, true, ASSAY_BY_T1, "NaN where NaN is due" },
    { 0, 1e-3f, false, ASSAY_BY_T1, "anything passes against a zero (KleidiAI)" },
    { (double)INFINITY, INFINITY, true, ASSAY_BY_T1, "infinity where it is due" },
    { (double)INFINITY, -INFINITY, false, ASSAY_BY_CLASS, "the other infinity" },
    { (double)INFINITY, 0x1.fffffep127f, false, ASSAY_BY_CLASS, "FLT_MAX for infinity (checkasm)" },
    { 0x1p127, INFINITY, false, ASSAY_BY_CLASS, "infinity for a large number" },
    { 1, 1.01f, false, ASSAY_BY_T1, "one element off by 1 %" },
    { 1, 1 + 0x1p-10f, false, ASSAY_BY_T1, "one element off by 2^-10" },
};

START_TEST(test_pairs)
{
    const struct pair *q = &pairs[_i];
    bench b;
    set_up(&b, "rmsnorm R=4 C=80 eps=1e-05 gen=positive");
    ck_assert(verdict(&b));
    b.p.value[2][77] = q->want;
    b.out[77] = q->got;
    ck_assert_msg(verdict(&b) == q->pass, "%s: %s", q->hole, b.f.why.text);
    ck_assert_msg(b.f.by == q->by, "%s: by %s", q->hole, assay_by_name(b.f.by));
    ck_assert(q->pass || b.f.index == 77);
    assay_problem_free(&b.p);
}
END_TEST

/* ggml: one matching infinity makes its error NaN, and any garbage elsewhere passes. */
START_TEST(test_infinity_hides_nothing)
{
    bench b;
    set_up(&b, "rmsnorm R=4 C=80 eps=1e-05 gen=gauss");
    b.p.value[2][3] = (double)INFINITY;
    b.out[3] = INFINITY;
    b.out[50] = 1e9f;
    ck_assert(!verdict(&b) && b.f.index == 50);
    assay_problem_free(&b.p);
}
END_TEST

/* A share of elements that may be wrong (KleidiAI: 5 %) does not exist here. */
START_TEST(test_last_column)
{
    bench b;
    set_up(&b, "rmsnorm R=4 C=80 eps=1e-05 gen=gauss");
    for (int r = 0; r < R; r++)
        b.out[r * C + C - 1] = 0;
    ck_assert(!verdict(&b) && b.f.index == C - 1 && b.f.by == ASSAY_BY_T1);
    assay_problem_free(&b.p);
}
END_TEST

/* The share of the bound that was used is the worst element's, and the golden itself uses little of it. */
START_TEST(test_used)
{
    bench b;
    set_up(&b, "rmsnorm R=4 C=80 eps=1e-05 gen=gauss");
    ck_assert(verdict(&b) && b.f.used > 0 && b.f.used < 0.5);
    const double before = b.f.used;
    const int big = 5;
    for (int k = 0; k < 4; k++)
        b.out[big] = nextafterf(b.out[big], 100);
    ck_assert(verdict(&b) && b.f.used > before && b.f.index == big);
    assay_problem_free(&b.p);
}
END_TEST

/* B counts the last rounding of an f32 kernel with an f32 output: what RN(g + B) adds to that is too much. */
START_TEST(test_last_rounding)
{
    const assay_contract f32 = { 0 }, f64 = { .acc = ASSAY_f64 }, f16 = { .acc = ASSAY_f16 };
    const double want = 1, b = 3.25 * 0x1p-24; /* the next floats above 1: 2 u and 4 u more */
    double lo, hi;
    ck_assert(!assay_rounds_output(ASSAY_f32, &f32) && !assay_rounds_output(ASSAY_f32, &f16));
    ck_assert(assay_rounds_output(ASSAY_f32, &f64) && assay_rounds_output(ASSAY_f16, &f32));
    ck_assert(assay_rounds_output(ASSAY_bf16, &f16) && !assay_rounds_output(ASSAY_f16, &f16));
    assay_interval(ASSAY_f32, true, &want, &b, 1, &lo, &hi);
    ck_assert(hi == 1 + 0x1p-22 && lo == 1 - 3 * 0x1p-24);
    assay_interval(ASSAY_f32, false, &want, &b, 1, &lo, &hi);
    ck_assert(hi < 1 + 0x1p-22 && hi >= 1 + 3.25 * 0x1p-24 && lo <= 1 - 3.25 * 0x1p-24 && lo > 1 - 4 * 0x1p-24);
    const double most = 0x1.fffffep127, step = 0x1p103; /* half a step above FLT_MAX and beyond */
    assay_interval(ASSAY_f32, false, &most, &step, 1, &lo, &hi);
    ck_assert(isinf(hi) && !isinf(lo));
}
END_TEST

/* The golden rounded to the output's type is no error at all, however wide the bound; a quarter of the elements exactly
 * right, or all but a few, is no typical share. */
START_TEST(test_shares)
{
    const assay_contract bf16 = { .acc = ASSAY_bf16 };
    assay_case c;
    assay_problem p;
    assay_finding f;
    assay_tensor got[ASSAY_MAX_OPND] = { 0 };
    uint16_t out[N];
    ck_assert(!assay_case_parse("rmsnorm R=4 C=80 y=f16 eps=1e-05 gen=gauss", &c, NULL));
    ck_assert(!assay_problem_make(&c, &p, NULL) && !assay_problem_solve(&p, &bf16, NULL));
    got[2] = assay_tensor_dense(ASSAY_f16, 0, 2, (const int64_t[]){ R, C });
    got[2].data = out;
    assay_tensor_encode(&got[2], p.value[2]);
    assay_compare(&p, &bf16, got, &f);
    ck_assert(f.pass && f.used == 0 && f.typical == 0);
    assay_problem_free(&p);
    double x[20] = { 0, 0.5, 0, 0.25, 7, 6, 5, 4, 3, 2, 1, 9, 8, 0, 11, 12, 13, 14, 15, 16 };
    ck_assert(assay_typical(x, 19) == 3); /* of 16, the fifth: 0.25 0.5 1 2 3 .. */
    for (int k = 0; k < 20; k++)
        x[k] = k < 15;
    ck_assert(assay_typical(x, 20) == 0);
}
END_TEST

START_TEST(test_empty)
{
    assay_case c;
    assay_problem p;
    assay_finding f;
    assay_tensor got[ASSAY_MAX_OPND] = { 0 };
    float none;
    ck_assert(assay_case_parse("rmsnorm R=0 C=5 gen=gauss", &c, NULL) == ASSAY_OK);
    ck_assert(assay_problem_make(&c, &p, NULL) == ASSAY_OK && assay_problem_solve(&p, NULL, NULL) == ASSAY_OK);
    got[2] = assay_tensor_dense(ASSAY_f32, 0, 2, (const int64_t[]){ 0, 5 });
    got[2].data = &none;
    assay_compare(&p, NULL, got, &f);
    ck_assert(f.pass && f.used == 0 && f.index == -1);
    assay_problem_free(&p);
}
END_TEST

/* What is marked open is not judged, in every verdict: bounds, exact values, bytes of blocks, searched blocks, ids. */
static const struct open_case {
    const char *line;
    int out, n; /* the output; elements to mark, from the first on: whole rows of it */
} opens[] = {
    { "rmsnorm R=2 C=320 gen=gauss", 2, 320 },       { "argmax R=2 V=9 gen=gauss", 1, 1 },
    { "quantize R=1 C=64 y=q8_0 gen=gauss", 1, 32 }, { "quantize R=1 C=512 y=q4_k gen=gauss", 1, 256 },
    { "sample R=2 V=9 temp=1 gen=gauss", 1, 1 },
};

START_TEST(test_open)
{
    const struct open_case *q = &opens[_i];
    assay_case c;
    assay_problem p;
    assay_tensor got[ASSAY_MAX_OPND] = { 0 };
    assay_finding f;
    assay_why why = { "" };
    ck_assert_msg(assay_case_parse(q->line, &c, &why) == ASSAY_OK, "%s", why.text);
    ck_assert(assay_problem_make(&c, &p, NULL) == ASSAY_OK && assay_problem_solve(&p, NULL, NULL) == ASSAY_OK);
    assay_tensor *y = &got[q->out];
    *y = p.t[q->out];
    const size_t bytes = assay_tensor_bytes(y), n = (size_t)assay_tensor_count(y), part = bytes * (size_t)q->n / n;
    y->data = calloc(bytes, 1);
    assay_tensor_encode(y, p.value[q->out]);
    assay_compare(&p, NULL, got, &f);
    ck_assert_msg(f.pass, "%s: %s", q->line, f.why.text);
    memset(y->data, 0x7e, part); /* no value that could be right; NaN where the type has one */
    assay_compare(&p, NULL, got, &f);
    ck_assert_msg(!f.pass, "%s", q->line);
    p.open[q->out] = calloc(n, 1);
    memset(p.open[q->out], 1, (size_t)q->n);
    assay_compare(&p, NULL, got, &f);
    ck_assert_msg(f.pass, "%s: %s", q->line, f.why.text);
    memset((char *)y->data + part, 0x7e, part);
    assay_compare(&p, NULL, got, &f);
    ck_assert_msg(!f.pass, "%s: the other half is judged", q->line);
    free(y->data);
    assay_problem_free(&p);
}
END_TEST

/* Numbers that differ never look alike in a sentence. */
START_TEST(test_two_numbers)
{
    static const struct {
        double a, b;
        const char *text[2];
    } t[] = {
        { 1, 1.5, { "1", "1.5" } },
        { (double)0.1f, (double)0.1f, { "0.100000001", "0.100000001" } },
        { 1, 1 + 0x1p-20, { "1", "1.00000095" } },
        { 1, 1 + 0x1p-52, { "1", "1.0000000000000002" } },
        { -0.0, 0, { "-0", "0" } },
        { (double)NAN, 1, { "nan", "1" } },
        { -(double)NAN, (double)INFINITY, { "nan", "inf" } },
        { 5e-324, 1e-323, { "4.94065646e-324", "9.88131292e-324" } },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        const assay_pair is = assay_two(t[i].a, t[i].b);
        ck_assert_str_eq(is.a, t[i].text[0]);
        ck_assert_str_eq(is.b, t[i].text[1]);
    }
    for (double x = 1.25; x < 1e300; x *= 1.7) {
        const assay_pair is = assay_two(x, nextafter(x, 0));
        ck_assert_str_ne(is.a, is.b);
    }
}
END_TEST

/* What stands in a failure's sentence: an exact output's golden as the type has it; no element where it is about all.
 */
START_TEST(test_sentences)
{
    bench b;
    set_up(&b, "add R=4 C=80 gen=gauss");
    b.got[2].data = b.out;
    b.p.value[2][7] = 0.1;
    b.out[7] = 0.1f;
    ck_assert_msg(verdict(&b), "%s", b.f.why.text);
    b.out[7] = nextafterf(0.1f, 1);
    ck_assert(!verdict(&b) && b.f.by == ASSAY_BY_EX);
    ck_assert_msg(strstr(b.f.why.text, "y[7]: got 0.100000009, want 0.100000001, "), "%s", b.f.why.text);
    assay_problem_free(&b.p);

    assay_case c;
    ck_assert(!assay_case_parse("matmul T=4 N=80 K=64 gen=gauss", &c, NULL));
    ck_assert(!assay_problem_make(&c, &b.p, NULL) && !assay_problem_solve(&b.p, NULL, NULL));
    const int y = assay_op_operand(c.op, "y");
    b.got[y] = assay_tensor_dense(ASSAY_f32, 0, 2, (const int64_t[]){ 4, 80 });
    b.got[y].data = b.out;
    const double *want = b.p.value[y];
    for (int ulps = 0; b.f.by != ASSAY_BY_T2 && ulps < 64; ulps++) { /* all too large, until it is seen */
        for (int i = 0; i < N; i++)
            b.out[i] = (float)(want[i] * (1 + ulps * 0x1p-24));
        verdict(&b);
    }
    ck_assert_msg(!b.f.pass, "%s", b.f.why.text);
    ck_assert_msg(!strncmp(b.f.why.text, "y: T2: ", 7) && !strstr(b.f.why.text, "nan"), "%s", b.f.why.text);
    assay_problem_free(&b.p);
}
END_TEST

/* y[at] of a product is given: does it pass? */
static bool product_passes(bench *b, const assay_contract *k, int at, float got)
{
    const float right = b->out[at];
    b->out[at] = got;
    assay_compare(&b->p, k, b->got, &b->f);
    b->out[at] = right;
    return b->f.pass;
}

static void set_up_product(bench *b, const char *line)
{
    assay_case c;
    ck_assert(!assay_case_parse(line, &c, NULL));
    ck_assert(!assay_problem_make(&c, &b->p, NULL) && !assay_problem_solve(&b->p, NULL, NULL));
    const int y = assay_op_operand(c.op, "y");
    b->got[y] = assay_tensor_dense(ASSAY_f32, 0, 2, (const int64_t[]){ R, C });
    b->got[y].data = b->out;
    for (int i = 0; i < N; i++)
        b->out[i] = (float)b->p.value[y][i];
}

/* So many roundings that k u exceeds 1 still do not make everything right. */
START_TEST(test_many_roundings)
{
    const assay_contract f16 = { .acc = ASSAY_f16 };
    bench b = { 0 };
    set_up_product(&b, "matmul T=4 N=80 K=2500 gen=uniform");
    ck_assert_msg(product_passes(&b, &f16, 7, b.out[7] + 500), "%s", b.f.why.text);
    ck_assert(!product_passes(&b, &f16, 7, 1e5f) && b.f.by == ASSAY_BY_T1);
    ck_assert(!product_passes(&b, &f16, 7, NAN) && b.f.by == ASSAY_BY_CLASS);
    ck_assert(!product_passes(&b, &f16, 7, INFINITY) && b.f.by == ASSAY_BY_CLASS);
    assay_problem_free(&b.p);
}
END_TEST

/* Where a partial sum may overflow NaN and infinities are right, and of the numbers those within the bound. */
START_TEST(test_overflow)
{
    bench b = { 0 };
    int at = 0;
    set_up_product(&b, "matmul T=4 N=80 K=5 gen=end@x");
    for (int i = 0; i < N; i++)
        at = fabsf(b.out[i]) > 0x1.8p127f && isfinite(b.out[i]) ? i : at;
    ck_assert(fabsf(b.out[at]) > 0x1.8p127f);
    ck_assert(product_passes(&b, NULL, at, NAN) && product_passes(&b, NULL, at, -INFINITY));
    ck_assert(!product_passes(&b, NULL, at, b.out[at] / 2) && b.f.by == ASSAY_BY_T1 && b.f.bound > 0);
    assay_problem_free(&b.p);
}
END_TEST

/* A product of bf16 with a bias, as f32 arithmetic makes it, or its golden rounded towards 0, always. */
static void judge_short(const char *line, bool towards_0, assay_finding *f)
{
    enum { MOST = 13000 };
    static float out[MOST];
    assay_case c;
    assay_problem p;
    assay_tensor got[ASSAY_MAX_OPND] = { { NULL } };
    ck_assert(!assay_case_parse(line, &c, NULL));
    ck_assert(!assay_problem_make(&c, &p, NULL) && !assay_problem_solve(&p, NULL, NULL));
    const int y = assay_op_operand(c.op, "y");
    const int64_t n = c.dim[1], K = c.dim[2], all = c.dim[0] * n;
    got[y] = assay_tensor_dense(ASSAY_f32, 0, 2, c.dim);
    got[y].data = out;
    for (int64_t i = 0; i < all && all <= MOST; i++) {
        const double want = p.value[y][i];
        float sum = 0;
        for (int64_t k = 0; k < K; k++)
            sum += (float)p.value[0][i / n * K + k] * (float)p.value[1][i % n * K + k];
        out[i] = towards_0 ? (float)want : sum + (float)p.value[2][i % n];
        if (towards_0 && fabs((double)out[i]) > fabs(want))
            out[i] = nextafterf(out[i], 0);
    }
    assay_compare(&p, NULL, got, f);
    assay_problem_free(&p);
}

/* Such products are exact, so that the errors of a column of y hang on its bias alone: a hundred errors, not 12,900,
 * which may well lean to one side.  All of a thousand to one side is still seen. */
START_TEST(test_drift)
{
    assay_finding f;
    judge_short("matmul T=129 N=100 K=3 x=bf16 w=bf16 bias=f32 gen=gauss seed=3710734466", false, &f);
    ck_assert_msg(f.pass, "%s", f.why.text);
    judge_short("matmul T=13 N=1000 K=3 x=bf16 w=bf16 bias=f32 gen=gauss seed=1", false, &f);
    ck_assert_msg(f.pass, "%s", f.why.text);
    judge_short("matmul T=13 N=1000 K=3 x=bf16 w=bf16 bias=f32 gen=gauss seed=1", true, &f);
    ck_assert_msg(!f.pass && f.by == ASSAY_BY_T2, "%s", f.why.text);
}
END_TEST

Suite *assay_unit_compare(void)
{
    Suite *s = suite_create("compare");
    TCase *t = tcase_create("holes of other comparators");
    tcase_add_loop_test(t, test_pairs, 0, (int)ASSAY_COUNT_OF(pairs));
    tcase_add_test(t, test_infinity_hides_nothing);
    tcase_add_test(t, test_last_column);
    tcase_add_test(t, test_used);
    tcase_add_test(t, test_last_rounding);
    tcase_add_test(t, test_shares);
    tcase_add_test(t, test_empty);
    tcase_add_loop_test(t, test_open, 0, (int)ASSAY_COUNT_OF(opens));
    tcase_add_test(t, test_two_numbers);
    tcase_add_test(t, test_sentences);
    tcase_add_test(t, test_drift);
    tcase_add_test(t, test_many_roundings);
    tcase_add_test(t, test_overflow);
    suite_add_tcase(s, t);
    return s;
}
