/* SPDX-License-Identifier: MIT
 * Contracts from text and back into words; the table of their fields: it has every member of the struct, each can be
 * loosened, is then called looser, and no bound gets smaller by it. */
#include "../../../reference/core/contract.h"
#include "../../../reference/core/problem.h"
#include "../../../reference/core/registry.h"
#include "../../../reference/core/tensor.h"
#include "assay_build.h"
#include "unit.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct pair {
    const char *text, *says; /* says: the words, or a part of the refusal */
    bool good;
} pairs[] = {
    { "", "strict", true },
    { "acc=bf16 lanes=8", "accumulates in bf16; 8 lanes", true },
    { " block=32  e_exp=8 ", "blocks of 32; exp within 8 u", true },
    { "pairwise=1 e_rsqrt=2.5", "pairwise sums; rsqrt within 2.5 u", true },
    { "p_round=f16 ftz=1 nan_ignored=0", "probabilities rounded to f16; subnormals flushed", true },
    { "one_pass_var=1 nan_ignored=1 masked_nan=1 erfc=1 odd_rounding=1 split_min=1",
      "one-pass variance; NaN ignored; fully masked rows are NaN; complementary error function; odd rounding; minimum "
      "summed "
      "apart",
      true },
    { "e_log=1 e_tanh=1 e_erf=1 e_div=1 e_sin=1",
      "log within 1 u; tanh within 1 u; erf within 1 u; div within 1 u; sin within 1 u", true },
    { "round.x=q8_0 round.w=f16", "x rounded to q8_0; w rounded to f16", true },
    { "round.w=f16:fast", "round.w=f16:fast: a rounding other than the type's own", false },
    { "ftz=2", "ftz=2: a whole number from 0 to 1", false },
    { "ftz=yes", "ftz=yes", false },
    { "ftz", "is not key=value", false },
    { "lanes=0", "lanes=0: a whole number from 1", false },
    { "lanes=1.5", "lanes=1.5", false },
    { "lanes=8 pairwise=1", "one of lanes, block and pairwise", false },
    { "e_exp=0", "e_exp=0: a number of units from above 0", false },
    { "e_exp=nan", "e_exp=nan", false },
    { "e_exp=1e9", "e_exp=1e9", false },
    { "acc=i32", "acc=i32", false },
    { "e_epx=1", "did you mean e_exp?", false },
    { "round.v=q8_0", "matmul has no such input", false },
    { "round.y=q8_0", "matmul has no such input", false },
    { "round.x=q5", "round.x=q5", false },
    { "round.x=q8_0:slow", "judged under round.x=q8_0", false },
    { "round.x=f16 round.x=f16 round.x=f16 round.x=f16 round.x=f16", "4 operands are rounded already", false },
};

START_TEST(test_parse)
{
    const struct pair *q = &pairs[_i];
    assay_contract c;
    assay_why why = { "" };
    char text[256];
    const assay_status s = assay_contract_parse(q->text, assay_op_find("matmul"), &c, &why);
    ck_assert_msg(!s == q->good, "'%s': %s", q->text, why.text);
    if (q->good)
        ck_assert_str_eq(assay_contract_text(&c, text, sizeof text), q->says);
    else
        ck_assert_msg(strstr(why.text, q->says) != NULL, "'%s': %s", q->text, why.text);
}
END_TEST

/* ---- the table ------------------------------------------------------------------------------------------------ */

static const assay_contract_field *const fields = assay_contract_fields;

static bool in_table(const char *member)
{
    /* of the struct, but no fields: its size; h and its kind, which the counts imply; the list of rounded operands */
    static const char *const others[] = { "size", "h", "kind", "round" };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (!strcmp(others[i], member))
            return true;
    for (int i = 0; i < ASSAY_CONTRACT_FIELDS; i++)
        if (!strcmp(fields[i].name, member))
            return true;
    return false;
}

/* Every name that stands before a comma, a semicolon or a bracket in the struct of assay.h. */
START_TEST(test_complete)
{
    static char text[1 << 16];
    FILE *f = fopen(ASSAY_SOURCE_DIR "/include/assay/assay.h", "r");
    int members = 0;
    ck_assert_ptr_nonnull(f);
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    char *from = strstr(text, "typedef struct assay_contract {"), *to = from ? strstr(from, "} assay_contract;") : NULL;
    ck_assert_ptr_nonnull(to);
    *to = 0;
    for (char *c; (c = strstr(from, "/*"));) {
        char *end = strstr(c, "*/");
        ck_assert_ptr_nonnull(end);
        memset(c, ' ', (size_t)(end + 2 - c));
    }
    for (char *at = from; *at; at++)
        if (*at == ',' || *at == ';' || *at == '[') {
            char *first = at, last = *at;
            while (isalnum((unsigned char)first[-1]) || first[-1] == '_')
                first--;
            *at = 0;
            ck_assert_msg(!*first || isdigit((unsigned char)*first) || in_table(first),
                          "assay_contract.%s stands in no line of assay_contract_fields", first);
            members += isalpha((unsigned char)*first) != 0;
            *at = last;
        }
    ck_assert_int_eq(members, ASSAY_CONTRACT_FIELDS - 1 + 4); /* block and pairwise share a member */
}
END_TEST

/* Whatever can be loosened is called looser, carried into another contract, and leaves all else of that alone. */
START_TEST(test_loosen)
{
    const assay_contract_field *f = &fields[_i];
    const assay_contract own = { .acc = ASSAY_f64, .h = { ASSAY_DEPTH_LANES, 8, 0 }, .e_exp = 1, .e_div = 1, .ftz = 1 };
    const assay_contract sharp = { .acc = ASSAY_f64, .h = { ASSAY_DEPTH_LANES, 8, 0 }, .e_exp = 1, .e_log = 2 };
    assay_contract only;
    char text[256];
    ck_assert(!assay_contract_looser(&sharp) && assay_contract_looser(&own));
    ck_assert_int_eq(assay_contract_loosening(f, 0, &only), f->looser != ASSAY_LOOSER_NEVER);
    for (int k = 0; assay_contract_loosening(f, k, &only); k++) {
        assay_contract with = own;
        ck_assert_msg(assay_contract_looser(&only), "%s", f->name);
        ck_assert(assay_contract_sane(f, &only));
        ck_assert_str_ne(assay_contract_text(&only, text, sizeof text), "strict");
        assay_contract_loosen(&with, &only);
        for (int i = 0; i < ASSAY_CONTRACT_FIELDS; i++)
            ck_assert_msg(assay_contract_value(&fields[i], &with) ==
                              assay_contract_value(&fields[i], &fields[i] == f ? &only : &own),
                          "%s, loosened, and %s", f->name, fields[i].name);
    }
}
END_TEST

/* Bounds of one case under the strict contract and another. */
typedef struct pair_of_bounds {
    const assay_contract *other;
    bool equal; /* else: nowhere smaller */
    int64_t compared;
} pair_of_bounds;

static assay_status first_case(const char *line, void *ctx, assay_why *why)
{
    static const assay_contract strict;
    pair_of_bounds *x = ctx;
    assay_case c;
    assay_problem p;
    double *b[2][ASSAY_MAX_OPND] = { { NULL } };
    ck_assert_msg(!assay_case_parse(line, &c, why) && !assay_problem_make(&c, &p, why) &&
                      !assay_problem_solve(&p, &strict, why),
                  "%s: %s", line, why->text);
    const assay_dense d = assay_problem_dense(&p);
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < c.op->n_operands; i++)
            if ((p.c.present >> i & 1) && c.op->operands[i].access != ASSAY_IN)
                b[k][i] = calloc((size_t)assay_tensor_count(&p.t[i]) + 1, sizeof(double));
        c.op->bound(&d, (double *const *)p.plane, k ? x->other : &strict, b[k]);
    }
    for (int i = 0; i < c.op->n_operands; i++) {
        for (int64_t j = 0; b[0][i] && j < assay_tensor_count(&p.t[i]); j++, x->compared++)
            ck_assert_msg(!(fabs(b[1][i][j]) < fabs(b[0][i][j])) && !(b[0][i][j] < 0 && b[1][i][j] > 0) &&
                              !(x->equal && b[1][i][j] > b[0][i][j]),
                          "%s: strict %g, else %g", line, b[0][i][j], b[1][i][j]);
        free(b[0][i]), free(b[1][i]);
    }
    assay_problem_free(&p);
    return ASSAY_UNSUPPORTED; /* no more of this row */
}

static int64_t compare_bounds(const assay_contract *other, bool equal)
{
    const assay_op *op;
    pair_of_bounds x = { other, equal, 0 };
    assay_why why;
    for (size_t i = 0; (op = assay_op_at(i)); i++) {
        const assay_suite *s = assay_suite_of(op);
        for (size_t r = 0; op->bound && r < s->n_rows && r < 6; r++)
            if (s->rows[r].level == ASSAY_QUICK)
                assay_case_expand(op, s->rows[r].pattern, first_case, &x, &why);
    }
    return x.compared;
}

START_TEST(test_bounds)
{
    assay_contract spelt = { 0 }, only;
    for (int i = 0; i < ASSAY_CONTRACT_FIELDS; i++) {
        if (fields[i].kind == ASSAY_CONTRACT_WITHIN)
            memcpy((char *)&spelt + fields[i].offset, &fields[i].usual, sizeof fields[i].usual);
        for (int k = 0; assay_contract_loosening(&fields[i], k, &only); k++)
            compare_bounds(&only, false);
    }
    ck_assert_int_gt(compare_bounds(&spelt, true), 1000); /* 0 means what the table says it means */
}
END_TEST

Suite *assay_unit_contract(void)
{
    Suite *s = suite_create("contract");
    TCase *t = tcase_create("text");
    tcase_add_loop_test(t, test_parse, 0, (int)(sizeof pairs / sizeof *pairs));
    suite_add_tcase(s, t);
    t = tcase_create("table");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, test_complete);
    tcase_add_loop_test(t, test_loosen, 0, ASSAY_CONTRACT_FIELDS);
    tcase_add_test(t, test_bounds);
    suite_add_tcase(s, t);
    return s;
}
