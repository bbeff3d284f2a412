/* SPDX-License-Identifier: MIT
 * The rules of other projects, against answers that follow from their sources: what each accepts and rejects, the holes
 * included. */
#include "../../../reference/core/registry.h"
#include "../scores/rules.h"
#include "unit.h"
#include <math.h>
#include <string.h>

enum { GGML, PYTORCH, ONNX, BENCHDNN, XNNPACK, KLEIDIAI, KLEIDIAI_NEXT, TOSA };

/* What the rules say of a case of matmul (T = 1, N = 8, K = 4; all x and w 1, so that every y is 4), y spoilt at one
 * place. */
static void judge(const char *line, int64_t at, float got, assay_opinion is[ASSAY_RULES])
{
    static float y[64];
    assay_case c;
    assay_problem p;
    assay_why why;
    assay_tensor out[ASSAY_MAX_OPND];
    ck_assert_int_eq(assay_case_parse(line, &c, &why), ASSAY_OK);
    ck_assert_int_eq(assay_problem_make(&c, &p, &why), ASSAY_OK);
    ck_assert_int_eq(assay_problem_solve(&p, NULL, &why), ASSAY_OK);
    const int last = c.op->n_operands - 1;
    memcpy(out, p.t, sizeof out);
    for (int64_t i = 0; i < 8; i++)
        y[i] = (float)p.value[last][i];
    if (at >= 0)
        y[at] = isnan(got) || isinf(got) ? got : y[at] * got;
    out[last].data = y;
    assay_rules_judge(&p, out, is);
    assay_problem_free(&p);
}

#define CASE "matmul T=1 N=8 K=4 gen=positive seed=1"

/* From one part in 10^7 to ten per cent: where each rule begins to reject one of eight elements. */
START_TEST(test_thresholds)
{
    static const struct {
        float factor;
        bool accepts[ASSAY_RULES];
    } rows[] = {
        { 1.0f, { true, true, true, true, true, true, true, true } },
        { 1.0000003f, { true, true, true, false, true, true, true, true } },
        { 1.000001f, { true, true, true, false, false, true, true, false } },
        { 1.00001f, { true, false, true, false, false, true, true, false } },
        { 1.005f, { true, false, false, false, false, true, false, false } },
        { 1.2f, { false, false, false, false, false, false, false, false } },
    };
    assay_opinion is[ASSAY_RULES];
    for (size_t i = 0; i < ASSAY_COUNT_OF(rows); i++) {
        judge(CASE, 3, rows[i].factor, is);
        for (int r = 0; r < ASSAY_RULES; r++)
            ck_assert_msg((is[r] == ASSAY_ACCEPTS) == rows[i].accepts[r] && is[r] != ASSAY_NO_RULE,
                          "one element times %.8g: %s says %d", (double)rows[i].factor, assay_rules[r].name,
                          (int)is[r]);
    }
}
END_TEST

/* NaN for a number: seen by all but KleidiAI, whose comparisons are both false. */
START_TEST(test_nan)
{
    assay_opinion is[ASSAY_RULES];
    judge(CASE, 3, NAN, is);
    for (int r = 0; r < ASSAY_RULES; r++)
        ck_assert_int_eq(is[r], r == KLEIDIAI || r == KLEIDIAI_NEXT ? ASSAY_ACCEPTS : ASSAY_REJECTS);
}
END_TEST

/* An infinity that is right makes ggml's error NaN: any other element may be wrong.  A NaN that is right it rejects. */
START_TEST(test_holes)
{
    assay_opinion is[ASSAY_RULES];
    assay_case c;
    assay_problem p;
    assay_why why;
    assay_tensor out[ASSAY_MAX_OPND];
    float x[8], y[8];
    ck_assert_int_eq(assay_case_parse("add R=1 C=8 gen=gauss seed=1", &c, &why), ASSAY_OK);
    ck_assert_int_eq(assay_problem_make(&c, &p, &why), ASSAY_OK);
    memcpy(x, p.t[0].data, sizeof x);
    for (int nan = 0; nan < 2; nan++) {
        x[0] = nan ? NAN : INFINITY;
        memcpy(p.t[0].data, x, sizeof x);
        ck_assert_int_eq(assay_problem_solve(&p, NULL, &why), ASSAY_OK);
        memcpy(out, p.t, sizeof out);
        for (int i = 0; i < 8; i++)
            y[i] = (float)p.value[2][i] * (i == 5 && !nan ? 3 : 1);
        out[2].data = y;
        assay_rules_judge(&p, out, is);
        ck_assert_int_eq(is[GGML], nan ? ASSAY_BLIND : ASSAY_ACCEPTS);
        ck_assert_int_eq(is[PYTORCH], nan ? ASSAY_ACCEPTS : ASSAY_REJECTS);
        ck_assert_int_eq(is[ONNX], nan ? ASSAY_ACCEPTS : ASSAY_REJECTS);
        ck_assert_int_eq(is[KLEIDIAI], ASSAY_NO_RULE);
    }
    assay_problem_free(&p);
}
END_TEST

/* TOSA's six sets of data: products with zero are zero; errors of one sign are seen in the sets that are not biased. */
START_TEST(test_tosa)
{
    enum { K = 64, OUTPUTS = 64 };
    const double e = 0.9 * sqrt(4 * 0.4 * K); /* squares are within what is allowed on average */
    float y[OUTPUTS];
    for (int set = 0; set < ASSAY_TOSA_SETS; set++) {
        assay_opinion is[ASSAY_RULES];
        assay_case c;
        assay_problem p;
        assay_why why;
        assay_tensor out[ASSAY_MAX_OPND];
        ck_assert_int_eq(assay_case_parse("matmul T=8 N=8 K=64", &c, &why), ASSAY_OK);
        c.gen = &assay_gen_tosa;
        c.seed = 6 + (uint64_t)set;
        ck_assert_int_eq(assay_tosa_set(&c), set);
        ck_assert_int_eq(assay_problem_make(&c, &p, &why), ASSAY_OK);
        ck_assert_int_eq(assay_problem_solve(&p, NULL, &why), ASSAY_OK);
        memcpy(out, p.t, sizeof out);
        out[3].data = y;
        for (int spoilt = 0; spoilt < 2; spoilt++) {
            for (int i = 0; i < OUTPUTS; i++) {
                ck_assert((p.plane[0][i] == 0) == (set == 0));
                y[i] = (float)(p.value[3][i] + spoilt * e * 0x1p-24 * p.plane[0][i]);
            }
            assay_rules_judge(&p, out, is);
            ck_assert_msg(is[TOSA] == (spoilt && set > 2 ? ASSAY_REJECTS : ASSAY_ACCEPTS), "set %d: %d", set,
                          (int)is[TOSA]);
        }
        assay_problem_free(&p);
    }
}
END_TEST

/* Rows name ops that stand, all others a last row; a crash is rejected by every rule that has a row. */
START_TEST(test_rows)
{
    assay_opinion is[ASSAY_RULES];
    for (int r = 0; r < ASSAY_RULES; r++)
        for (size_t i = 0; i < assay_rules[r].n_ops; i++)
            ck_assert_msg(assay_rules[r].op[i].op ? assay_op_find(assay_rules[r].op[i].op) != NULL
                                                  : i + 1 == assay_rules[r].n_ops,
                          "%s: row %zu: %s", assay_rules[r].name, i,
                          assay_rules[r].op[i].op ? assay_rules[r].op[i].op : "all others, and rows behind");
    assay_problem p = { .c.op = assay_op_find("sample") };
    assay_rules_judge(&p, NULL, is);
    ck_assert_int_eq(is[GGML], ASSAY_NO_RULE);
    p.c.op = assay_op_find("rope");
    assay_rules_judge(&p, NULL, is);
    ck_assert_int_eq(is[XNNPACK], ASSAY_REJECTS);
    ck_assert_int_eq(is[BENCHDNN], ASSAY_NO_RULE);
}
END_TEST

Suite *assay_unit_rules(void)
{
    Suite *s = suite_create("rules");
    TCase *t = tcase_create("rules");
    tcase_add_test(t, test_thresholds);
    tcase_add_test(t, test_nan);
    tcase_add_test(t, test_holes);
    tcase_add_test(t, test_tosa);
    tcase_add_test(t, test_rows);
    suite_add_tcase(s, t);
    return s;
}
