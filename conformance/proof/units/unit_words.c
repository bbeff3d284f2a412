/* SPDX-License-Identifier: MIT
 * Failures in words: seeded faults whose sentence is known beforehand. */
#include "../../../reference/core/registry.h"
#include "unit.h"
#include "../../explain/words.h"
#include <string.h>

static const struct known {
    const char *fault, *line, *words;
} table[] = {
    { "tail-of-n-skipped-where-n-mod-8-is-7", "matmul T=3 N=23 K=9",
      "the last 7 N (left over after a multiple of 16): never written" },
    { "last-output-zero", "matmul T=3 N=16 K=9", "the last T, the last N: 0" },
    { "slice-rounded-down-to-tiles-of-4", "matmul T=3 N=23 K=9",
      NULL }, /* which slices there are depends on the seed */
    { "sum-rounded-toward-zero", "matmul T=16 N=33 K=1024",
      "no element by itself; the errors together are larger than legal rounding makes them, most of them toward zero" },
    { "plus-one-ignored", "rmsnorm R=3 C=20 eps=1e-5 plus_one=1", "every element: the factor is w, not 1 + w" },
    { "tail-not-summed", "rmsnorm R=3 C=20 eps=1e-5", "every element: each R by a factor of its own, 1.146 to 1.262" },
    { "weight-shifted", "rmsnorm R=3 C=20 eps=1e-5", "every element: w is taken from C+1" },
    { "rest-not-copied", "rope T=3 H=2 D=12 n_dims=8", "the last 4 D (left over after a multiple of 8): 0" },
    { "last-pair-not-turned", "rope T=3 H=2 D=12", "the last 2 T, the last 2 D: x itself stands there" },
    { "one-based", "argmax R=9 V=40", "every element: 1 too large" },
    { "tail-skipped", "silu R=3 C=20", "the last 4 C (left over after a multiple of 16): never written" },
    { "swallows-nan", "silu R=6 C=20 gen=special", "wherever NaN is wanted: a number where NaN is wanted" },
    { "up-of-the-next", "swiglu R=3 C=20", "the first 19 C: up is taken from C+1" },
    { "first-row-for-all", "argmax R=9 V=40", "the last 8 R: all are 33" },
    { "row-0-of-b-for-all", "add R=3 C=20", "the last 2 R: b is taken from R=0" },
    { "next-element", "mul R=3 C=20", "the first 19 C: b is taken from C+1" },
    { "negative-zero-lost", "add R=3 C=20 gen=signed-zero", "every C = 2k+1: a zero of the other sign" },
    { "capacity-0-keeps-nobody", "moe_slots T=2000 X=2 gen=one-expert", "every element: all are -1" },
    { "scale-of-next-block", "dequantize R=3 C=128 x=q4_0", NULL },
    { "next-row", "embedding T=9 V=50 D=8", NULL },
};

static const float *row(const assay_tensor *t, int64_t r)
{
    return (const float *)(const void *)((const char *)t->data + r * t->stride[0]);
}

/* Of add; its kind is made by rule (conformance/rules), so that no suite has it. */
static assay_status row_0_for_all(const assay_args *a)
{
    for (int64_t r = a->begin; r < a->end; r++) {
        float *y = (float *)(void *)((char *)a->operand[2].data + r * a->operand[2].stride[0]);
        for (int64_t c = 0; c < a->dim[1]; c++)
            y[c] = row(&a->operand[0], r)[c] + row(&a->operand[1], 0)[c];
    }
    return ASSAY_OK;
}
static const assay_typeset f32[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)) };
static const assay_kernel own = { .op = "add", .name = "row-0-of-b-for-all", .types = f32, .run = row_0_for_all };

static const assay_kernel *fault(const assay_op *op, const char *name)
{
    if (!strcmp(name, own.name))
        return &own;

    const assay_faults *all = assay_faults_of(op);
    for (size_t i = 0; all && i < all->n; i++)
        if (!strcmp(all->fault[i].kernel.name, name))
            return &all->fault[i].kernel;
    return NULL;
}

static assay_pool *pool;

START_TEST(test_sentence)
{
    const struct known *t = &table[_i];
    assay_case c;
    assay_problem p;
    assay_finding f;
    assay_why why = { "" };
    char text[ASSAY_WORDS];
    pool = pool ? pool : assay_pool_open(NULL, &why);
    ck_assert_msg(pool && !assay_case_parse(t->line, &c, &why), "%s", why.text);
    const assay_kernel *k = fault(c.op, t->fault);
    ck_assert_msg(k != NULL, "%s: no such fault", t->fault);
    ck_assert_msg(!assay_problem_make(&c, &p, &why) && !assay_problem_solve(&p, k->contract, &why), "%s", why.text);
    ck_assert_msg(assay_judge(pool, &p, k, -1, 2, &f) == ASSAY_FAILED, "%s passes %s", t->fault, t->line);
    const bool said = assay_explain(pool, &p, k, -1, &f, false, text, sizeof text);
    ck_assert_msg(said && (!t->words || !strcmp(text, t->words)), "%s on %s: '%s', not '%s'", t->fault, t->line, text,
                  t->words ? t->words : "(any)");
    assay_problem_free(&p);
}
END_TEST

/* Noise has no words: every element replaced by a number that has nothing to do with it. */
START_TEST(test_quiet)
{
    assay_case c;
    assay_problem p;
    assay_scene s;
    assay_say w;
    assay_why why = { "" };
    ck_assert(!assay_case_parse("add R=8 C=8", &c, &why) && !assay_problem_make(&c, &p, &why) &&
              !assay_problem_solve(&p, NULL, &why));
    assay_tensor out[ASSAY_MAX_OPND] = { { 0 } };
    float y[64];
    assay_rng rng = { 11, 0, 0 };
    for (int i = 0; i < 64; i++)
        y[i] = (float)assay_rng_normal(&rng);
    out[2] = p.t[2];
    out[2].data = y;
    ck_assert(assay_scene_open(&p, NULL, out, 2, 0xff, &s));
    ck_assert_int_eq(s.n_wrong, 64);
    ck_assert_msg(!assay_words(&s, &w), "said of noise: %s", w.text);
    assay_scene_close(&s);
    assay_problem_free(&p);
    assay_pool_close(pool);
    pool = NULL;
}
END_TEST

Suite *assay_unit_words(void)
{
    Suite *s = suite_create("words");
    TCase *t = tcase_create("words");
    tcase_add_loop_test(t, test_sentence, 0, sizeof table / sizeof *table);
    tcase_add_test(t, test_quiet);
    suite_add_tcase(s, t);
    return s;
}
