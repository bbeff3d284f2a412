/* SPDX-License-Identifier: MIT
 * Shrinking: seeded faults on large cases, and the smallest case that is known to show each. */
#include "../../../reference/core/registry.h"
#include "../../explain/shrink.h"
#include "unit.h"
#include <string.h>

static const struct known {
    const char *fault, *line, *least;
} table[] = {
    { "tail-skipped", "silu R=6 C=37 gen=wide", "silu R=1 C=9 gen=zero seed=1" },
    { "tail-of-n-skipped-where-n-mod-8-is-7", "matmul T=5 N=39 K=96 bias=f32", "matmul T=1 N=7 K=1 gen=zero seed=1" },
    { "tail-not-summed", "rmsnorm R=7 C=77 eps=1e-5", "rmsnorm R=1 C=9 gen=equal seed=1" },
    { "bias-once-per-piece-of-k", "matmul T=5 N=9 K=600 bias=f32", "matmul T=1 N=1 K=257 bias=f32 gen=equal seed=1" },
    { "scale-of-next-block", "dequantize R=5 C=256 x=q8_0", "dequantize R=1 C=64 x=q4_0 gen=ramp seed=1" },
    { "causal+1", "attention B=2 T=5 S=9 H=4 G=2 D=16 E=16 causal=1",
      "attention B=1 T=2 S=1 H=1 G=1 D=1 E=1 P=1 X=1 Y=1 causal=1 gen=equal seed=1" },
    { "sine-negated", "rope T=9 H=4 D=64 n_dims=32 base=1e4", "rope T=2 H=1 D=2 F=1 S=1 P=1 gen=equal seed=1" },
    { "last-head-lost", "cache T=4 S=9 G=3 D=8", "cache T=1 S=1 G=2 D=1 gen=equal seed=1" },
};

START_TEST(test_least)
{
    const struct known *t = &table[_i];
    assay_case c;
    assay_problem p;
    assay_finding f;
    assay_shrunk s;
    assay_why why = { "" };
    assay_pool *pool = assay_pool_open(NULL, &why);
    ck_assert_msg(pool && !assay_case_parse(t->line, &c, &why), "%s", why.text);
    const assay_faults *all = assay_faults_of(c.op);
    const assay_kernel *k = NULL;
    for (size_t i = 0; i < all->n; i++)
        if (!strcmp(all->fault[i].kernel.name, t->fault))
            k = &all->fault[i].kernel;
    ck_assert_msg(k != NULL, "%s: no such fault", t->fault);
    ck_assert_msg(!assay_problem_make(&c, &p, &why) && !assay_problem_solve(&p, k->contract, &why), "%s", why.text);
    ck_assert_msg(assay_judge(pool, &p, k, -1, 2, &f) == ASSAY_FAILED, "%s passes %s", t->fault, t->line);
    assay_shrink(pool, &p.c, k, -1, 2, &f, &s);
    assay_problem_free(&p);
    ck_assert_msg(!strcmp(s.line, t->least), "%s on %s: '%s', not '%s'", t->fault, t->line, s.line, t->least);
    ck_assert_msg(s.calls <= ASSAY_SHRINK_CALLS, "%d calls", s.calls);

    ck_assert_msg(!assay_case_parse(s.line, &c, &why) && !assay_problem_make(&c, &p, &why) &&
                      !assay_problem_solve(&p, k->contract, &why),
                  "%s", why.text);
    ck_assert_msg(assay_judge(pool, &p, k, -1, 2, &f) == ASSAY_FAILED, "%s passes its shrunk line %s", t->fault,
                  s.line);
    assay_problem_free(&p);
    assay_pool_close(pool);
}
END_TEST

Suite *assay_unit_shrink(void)
{
    Suite *s = suite_create("shrink");
    TCase *t = tcase_create("shrink");
    tcase_add_loop_test(t, test_least, 0, sizeof table / sizeof *table);
    suite_add_tcase(s, t);
    return s;
}
