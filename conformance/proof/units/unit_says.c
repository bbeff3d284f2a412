/* SPDX-License-Identifier: MIT
 * What `assay list op` says: each dimension and field of an op has a sentence, each operand that its formula does not
 * name, too; who resolves says what; no sentence is about nothing.  Each generator has one. */
#include "../../../reference/core/registry.h"
#include "unit.h"
#include <ctype.h>
#include <string.h>

static bool has(const assay_op *op, const char *of)
{
    for (int i = 0; i < op->n_says; i++)
        if (of && op->says[i].of ? !strcmp(op->says[i].of, of) : of == op->says[i].of)
            return true;
    return false;
}

/* The formula holds the name as a word of its own. */
static bool named(const char *formula, const char *name)
{
    const size_t n = strlen(name);
    for (const char *at = formula; (at = strstr(at, name)); at++)
        if ((at == formula || !isalpha((unsigned char)at[-1])) && !isalpha((unsigned char)at[n]))
            return true;
    return false;
}

START_TEST(each_part)
{
    const assay_op *op;
    for (size_t i = 0; (op = assay_op_at(i)); i++) {
        if (!assay_faults_of(op)) /* a probe */
            continue;
        for (int d = 0; op->dims[d]; d++)
            ck_assert_msg(has(op, (const char[]){ op->dims[d], 0 }), "%s: no sentence for %c", op->name, op->dims[d]);
        for (int f = 0; f < op->n_fields; f++)
            ck_assert_msg(has(op, op->fields[f].name), "%s: no sentence for %s", op->name, op->fields[f].name);
        for (int k = 0; k < op->n_operands; k++)
            ck_assert_msg(has(op, op->operands[k].name) || named(op->formula, op->operands[k].name),
                          "%s: neither a sentence nor the formula names %s", op->name, op->operands[k].name);
        ck_assert_msg(!op->resolve || has(op, NULL), "%s: no sentence says what resolve() does", op->name);
    }
}
END_TEST

START_TEST(of_something)
{
    const assay_op *op;
    for (size_t i = 0; (op = assay_op_at(i)); i++)
        for (int s = 0; s < op->n_says; s++) {
            const char *of = op->says[s].of;
            bool known = !of || (!of[1] && assay_op_dim(op, *of) >= 0) || assay_op_operand(op, of) >= 0;
            for (int f = 0; !known && f < op->n_fields; f++)
                known = !strcmp(op->fields[f].name, of);
            ck_assert_msg(known, "%s: a sentence about %s, which it does not have", op->name, of);
            ck_assert_int_gt(strlen(op->says[s].says), 3);
        }
}
END_TEST

static void expect_gens(const char *whose, const assay_gen *g, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(g[i].says && strlen(g[i].says) > 3, "%s: no sentence for gen=%s", whose, g[i].name);
}

START_TEST(generators)
{
    const assay_op *op;
    expect_gens("all", assay_gens, assay_n_gens);
    for (size_t i = 0; (op = assay_op_at(i)); i++) {
        const assay_suite *s = assay_suite_of(op);
        assay_value_gen v;
        expect_gens(op->name, s->gens, s->n_gens);
        for (size_t k = 0; k < assay_gens_of(op, k, &v); k++)
            expect_gens(op->name, v.gen, 1);
    }
}
END_TEST

Suite *assay_unit_says(void)
{
    Suite *s = suite_create("says");
    TCase *c = tcase_create("says");
    tcase_add_test(c, each_part);
    tcase_add_test(c, of_something);
    tcase_add_test(c, generators);
    suite_add_tcase(s, c);
    return s;
}
