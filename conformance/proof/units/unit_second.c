/* SPDX-License-Identifier: MIT
 * Second derivations agree with the references, and a wrong one is found out: one element off by 2^-40, of another
 * class, another index. */
#include "../../../reference/core/registry.h"
#include "../../second.h"
#include "unit.h"
#include <math.h>
#include <string.h>

static assay_second right;

static void a_little_off(const assay_dense *a)
{
    right(a);
    ((double *)a->operand[1])[3] *= 1 + 0x1p-40;
}
static void not_a_number(const assay_dense *a)
{
    right(a);
    ((double *)a->operand[1])[0] = NAN;
}
static void another_index(const assay_dense *a)
{
    right(a);
    ((double *)a->operand[1])[1] += 1;
}

static bool agrees(const char *line, assay_second second, assay_why *why)
{
    assay_case c;
    assay_problem p;
    ck_assert_msg(assay_case_parse(line, &c, why) == ASSAY_OK && assay_problem_make(&c, &p, why) == ASSAY_OK, "%s: %s",
                  line, why->text);
    const bool same = assay_second_agrees(&p, second, why);
    assay_problem_free(&p);
    return same;
}

START_TEST(wrong_ones)
{
    static const struct {
        const char *op, *line, *says;
        assay_second wrong;
    } rows[] = {
        { "silu", "silu R=2 C=5 gen=gauss seed=1", "y[3]", a_little_off },
        { "silu", "silu R=2 C=5 gen=gauss seed=1", "y[0]", not_a_number },
        { "argmax", "argmax R=3 V=9 gen=gauss seed=1", "id[1]", another_index },
    };
    for (size_t i = 0; i < ASSAY_COUNT_OF(rows); i++) {
        assay_why why = { "" };
        right = assay_suite_of(assay_op_find(rows[i].op))->second;
        ck_assert_msg(agrees(rows[i].line, right, &why), "%s", why.text);
        ck_assert(!agrees(rows[i].line, rows[i].wrong, &why));
        ck_assert_msg(strstr(why.text, rows[i].says), "%s: nothing of %s", why.text, rows[i].says);
    }
}
END_TEST

Suite *assay_unit_second(void)
{
    Suite *s = suite_create("second");
    TCase *t = tcase_create("all");
    tcase_add_test(t, wrong_ones);
    suite_add_tcase(s, t);
    return s;
}
