/* SPDX-License-Identifier: MIT
 * Contracts from text and back into words. */
#include "../../reference/core/contract.h"
#include "../../reference/core/registry.h"
#include "unit.h"
#include <string.h>

Suite *assay_unit_contract(void);

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
    { "round.x=q8_0 round.w=f16:fast", "x rounded to q8_0; w rounded to f16 by reciprocal", true },
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
    { "round.x=q8_0:slow", "q8_0:slow", false },
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

Suite *assay_unit_contract(void)
{
    Suite *s = suite_create("contract");
    TCase *t = tcase_create("text");
    tcase_add_loop_test(t, test_parse, 0, (int)(sizeof pairs / sizeof *pairs));
    suite_add_tcase(s, t);
    return s;
}
