/* SPDX-License-Identifier: MIT
 * docs/bounds.md against the code: the page's formulas, in binary128 and from the inputs alone, on the small cases of
 * each op's suite; then each number of the page changed, which must be seen. */
#include "../../../reference/core/problem.h"
#include "../../../reference/core/registry.h"
#include "../../../reference/core/tensor.h"
#include "../../../vectors/vector.h"
#include "bounds_page.h"
#include "unit.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CASES = 40, TRIED = 24, ELEMENTS = 700 };

/* ---- the small cases of a suite, thinned ----------------------------------------------------------------------- */

typedef struct cases {
    assay_problem p[CASES];
    char line[CASES][ASSAY_CASE_LINE];
    int n, small, step; /* step 0: count the small ones */
} cases;

static bool is_small(const assay_case *c)
{
    assay_tensor t[ASSAY_MAX_OPND];
    int64_t elements = 0, volume = 1;
    assay_case_tensors(c, t);
    for (int i = 0; i < c->op->n_operands; i++)
        elements += t[i].rank ? assay_tensor_count(&t[i]) : 0;
    for (int d = 0; c->op->dims[d]; d++)
        volume *= c->dim[d] ? c->dim[d] : 1;
    return elements <= ELEMENTS && volume <= 8 * ELEMENTS;
}

static assay_status visit(const char *line, void *ctx, assay_why *why)
{
    cases *s = ctx;
    assay_case c;
    assay_status st = assay_case_parse(line, &c, why);
    if (st || !is_small(&c))
        return st;
    if (s->small++, s->step == 0 || s->small % s->step || s->n == CASES)
        return ASSAY_OK;
    st = assay_problem_make(&c, &s->p[s->n], why);
    if (!st)
        st = assay_problem_solve(&s->p[s->n], NULL, why);
    snprintf(s->line[s->n++], ASSAY_CASE_LINE, "%s", line);
    return st;
}

/* Small cases with everything at once. */
static const struct {
    const char *op, *line;
} more[] = {
    { "attention", "B=2 T=2 S=7 H=2 G=1 D=4 E=2 mask=f32 slopes=f32 sinks=f32 softcap=2 kpos=i32 qpos=i32 causal=1 "
                   "window=4 gen=gauss" },
    { "attention", "T=2 S=9 H=2 G=1 D=4 E=2 mask=f32 slopes=f32 sinks=f32 softcap=0.5 gen=gauss" },
    { "attention", "T=2 S=9 H=2 G=1 D=4 E=2 softcap=3 gen=gauss" },
    /* by this seed the near slots are empty: two keys are left, farther away than 2^24 */
    { "attention", "S=8 H=2 D=4 E=2 slopes=f32 kpos=i32 qpos=i32 window=16777219 gen=gauss seed=42650" },
    { "attention", "B=2 T=2 S=8 P=3 H=2 G=1 D=4 E=2 len=i32 pages=i32 page=2 gen=gauss" },
    { "attention", "T=4 S=9 H=2 G=1 D=4 E=2 mask=f32 slopes=f32 gen={gauss,creep,masked-rows,huge}" },
    { "attention", "T=2 S=40 H=1 D=2 E=1 softcap={0,0.01,3} gen=creep" },
    { "gate_up", "T=2 N=3 K=70 gen={gauss,ramp}" },
    { "matmul", "T=2 N=3 K=70 gen={gauss,ramp}" },
    { "matmul", "T=1 N=1 K=330 gen=gauss" },                 /* under bf16, as above */
    { "matmul", "T=2 N=2 K=64 w=q4_1 gen={gauss,uniform}" }, /* under split_min */
    { "matmul", "T=9 N=3 K=5 gen={end@x,end@w,square-over@x}" },
    { "matmul", "T=2 N=8 K={33..44} gen=gauss" }, /* a last block that is not whole, under split_min, too */
    { "gate_up", "T=9 N=3 K=5 gen={end@x,square-over@x}" },
    { "layernorm", "R=14 C=9 w=f32 eps=1e-12 gen=offset" },
    { "layernorm", "R=9 C=5 w=f32 eps=1e-05 gen={square-over@x,end@w}" },
    { "layernorm", "R=3 C=5 bias=f32 gen=equal" },
    { "rmsnorm", "R=9 C=5 gen={square-over@x,end@w}" },
    { "rmsnorm", "R=1 C=150 gen=gauss" }, /* the third and ninth under bf16: what is left of its sum */
    { "rmsnorm", "R=33 C=5 gen=square-under@x" },
    { "rmsnorm", "R=2 C={5,6,7,8} eps=0.1 gen=gauss" },
    { "rmsnorm", "R=1 C=220 gen=gauss" },
    { "rope", "T=3 H=1 D=8 F=4 inv_freq=f32 gen=end@inv_freq" },
    { "attention", "T=2 S=9 H=2 G=1 D=4 E=2 mask=f32 slopes=f32 gen={end@q,end@v,end@slopes,end@mask}" },
    { "rope", "T=3 H=1 D=8 gen={gauss,far}" },
    { "softmax", "R=7 C=5 mask=f32 scale=0.3 gen={masked-rows,spread,huge,hollow}" },
    { "softmax", "R=13 C=8 x=bf16 scale=2 gen=end@x" },
};

static void add_case(cases *s, const char *line, const assay_op *op)
{
    assay_why why = { "" };
    s->step = 1;
    ck_assert_msg(!assay_case_expand(op, line, visit, s, &why), "%s", why.text);
}

static cases *collect(const assay_op *op)
{
    cases *s = calloc(1, sizeof *s);
    const assay_suite *suite = assay_suite_of(op);
    assay_why why = { "" };
    const assay_vector_case *v;
    for (size_t i = 0; s && i < sizeof more / sizeof *more; i++)
        if (!strcmp(more[i].op, op->name))
            add_case(s, more[i].line, op);
    for (size_t i = 0; s && (v = assay_vector_case_of(op, i)); i++)
        add_case(s, v->line, op);
    for (int pass = 0; s && pass < 2; pass++) {
        s->step = pass ? s->small / CASES + 1 : 0, s->small = 0;
        for (size_t r = 0; r < suite->n_rows; r++)
            if (suite->rows[r].level == ASSAY_QUICK)
                ck_assert_msg(!assay_case_expand(op, suite->rows[r].pattern, visit, s, &why), "%s", why.text);
    }
    ck_assert(s && s->n > 0);
    return s;
}

static void discard(cases *s)
{
    for (int i = 0; i < s->n; i++)
        assay_problem_free(&s->p[i]);
    free(s);
}

/* ---- the tests --------------------------------------------------------------------------------------------------- */

START_TEST(test_page)
{
    const assay_op *op;
    char *text = bounds_page(), *shared = bounds_block(text, "shared");
    int wrong = 0;
    ck_assert(shared != NULL);
    for (size_t o = 0; (op = assay_op_at(o)); o++) {
        char *own = bounds_block(text, op->name);
        const bool probe = !strncmp(op->name, "probe", 5), listed = !strcmp(op->name, "sample");
        ck_assert_msg(own || probe || listed, "docs/bounds.md has no block for %s", op->name);
        if (!own)
            continue;
        cases *s = collect(op);
        int64_t compared = 0;
        for (int i = 0; i < s->n; i++)
            for (int k = 0; k < 3; k++) {
                const int which = k ? (3 * i + k) % BOUNDS_CONTRACTS : 0;
                const verdict v = bounds_compare(&s->p[i], &bounds_contract[which], shared, own);
                if (!v.same && wrong++ < 20)
                    printf("%s (contract %d): %s\n", s->line[i], which, v.why);
                compared += v.compared;
            }
        ck_assert_msg(compared > 300, "%s: only %lld values compared", op->name, (long long)compared);
        discard(s);
        free(own);
    }
    ck_assert_int_eq(wrong, 0);
    free(shared);
    free(text);
}
END_TEST

/* Numbers that no small case can see: what the page says from there on, and why. */
static const struct {
    const char *op, *at, *reason;
} unseen[] = {
    { "shared", "3/4 ? k*u",
      "no small case has so many roundings that k u lies between 3/4 and what a change makes of it" },
    { "shared", "4 ? k*u", "the same" },
    { "rmsnorm", "3/4 ?", "the same" },
    { "rmsnorm", "4 ?", "the same" },
    { "shared", "65520 :", "no case lies between the largest number of a type and the next that a change makes of it" },
    { "shared", "2^119 :", "the same" },
    { "shared", "119 :", "the same" },
    { "shared", "2^1023", "the same" },
    { "shared", "1023 :", "the same" },
    { "shared", "2^103)", "the same" },
    { "shared", "103) ?", "the same" },
    { "attention", "2*sigma[b,t,h,s]/min(", "the same" },
    { "attention", "1)\nparts", "the same: a scale above 1" },
    { "attention", "1 ? inf", "nor a sum that may be off by all of itself" },
    { "attention", "750", "no case has a key at e^-750 of the largest" },
    { "attention", "2^-24\nd32", "how close two scores must lie to be taken for equal: no small case has such" },
    { "attention", "24\nd32", "the same" },
    { "attention", "1)*u32", "the same" },
    { "attention", "1 - (D + 1)*u32", "the same" },
    { "attention", "6*cth", "the same" },
    { "attention", "2*(d32", "the same" },
    { "attention", "2*u32)*sigma[b,t,h,s]/softcap) : 1)", "the same" },
    { "softmax", "2^-24*moved", "how close two logits must lie to be taken for equal: no small case has such" },
    { "softmax", "24*moved", "the same" },
    { "softmax", "4*u*far[r]))\nhalf", "where it counts, the online bound is the larger" },
    { "softmax", "1/2\nall", "between knowing and not knowing a row lies no case" },
    { "softmax", "2\nall", "the same" },
    { "softmax", "0 ? |scale*x", "no small case has a product that overflows to -inf under a mask above 0" },
};

static bool excused(const char *name, const char *at)
{
    for (size_t i = 0; i < sizeof unseen / sizeof *unseen; i++)
        if (!strcmp(unseen[i].op, name) && !strncmp(at, unseen[i].at, strlen(unseen[i].at)))
            return true;
    return false;
}

/* One op with its block and cases. */
typedef struct subject {
    const char *name;
    char *own;
    cases *s;
} subject;

/* Does a case tell these texts from the code?  Each case under the strict contract and two others. */
static bool seen(const subject *x, const char *shared, const char *own)
{
    for (int i = 0; i < x->s->n && i < TRIED; i++)
        for (int k = 0; k < 3; k++)
            if (!bounds_compare(&x->s->p[i], &bounds_contract[k ? (2 * i + k) % BOUNDS_CONTRACTS : 0], shared, own)
                     .same)
                return true;
    return false;
}

/* The text with the number at `at` made larger by 7; end: where the number ends. */
static char *changed(const char *text, size_t at, size_t *end)
{
    char *stop;
    const double v = strtod(text + at, &stop);
    char *copy = calloc(1, strlen(text) + 32);
    *end = (size_t)(stop - text);
    if (copy)
        sprintf(copy, "%.*s%.17g%s", (int)at, text, v + 7, stop);
    return copy;
}

/* Changes every number of a block, one at a time: x's own (n 1), or of the shared one, which any of the n must see. */
static int missed(const subject *x, int n, const char *name, const char *text, const char *shared, int *numbers)
{
    int lost = 0;
    for (size_t at = 0, end; text[at]; at++) {
        if (!isdigit((unsigned char)text[at]) || (at && (isalnum((unsigned char)text[at - 1]) || text[at - 1] == '_')))
            continue;
        char *other = changed(text, at, &end);
        bool found = excused(name, text + at);
        for (int i = 0; i < n && !found; i++)
            found = seen(&x[i], shared ? shared : other, shared ? other : x[i].own);
        ++*numbers;
        if (!found)
            printf("%s: a change of the number at \"%.40s\" is not seen\n", name, text + at), lost++;
        free(other);
        at = end - 1;
    }
    return lost;
}

START_TEST(test_numbers)
{
    const assay_op *op;
    char *text = bounds_page(), *shared = bounds_block(text, "shared");
    int n = 0, lost = 0, numbers = 0;
    while (assay_op_at((size_t)n))
        n++;
    subject *all = calloc((size_t)n + 1, sizeof *all);
    ck_assert(all != NULL);
    n = 0;
    for (size_t o = 0; (op = assay_op_at(o)); o++) {
        all[n] = (subject){ .name = op->name, .own = bounds_block(text, op->name) };
        if (all[n].own)
            all[n].s = collect(op), n++;
    }
    for (int i = 0; i < n; i++)
        lost += missed(&all[i], 1, all[i].name, all[i].own, shared, &numbers);
    lost += missed(all, n, "shared", shared, NULL, &numbers);
    printf("docs/bounds.md: %d numbers changed, one at a time, %d not seen\n", numbers, lost);
    ck_assert_int_eq(lost, 0);
    ck_assert(numbers > 100);
    for (int i = 0; i < n; i++)
        discard(all[i].s), free(all[i].own);
    free(all);
    free(shared);
    free(text);
}
END_TEST

Suite *assay_unit_bounds(void)
{
    Suite *s = suite_create("bounds");
    TCase *t = tcase_create("bounds");
    tcase_set_timeout(t, 300);
    tcase_add_test(t, test_page);
    tcase_add_test(t, test_numbers);
    suite_add_tcase(s, t);
    return s;
}
