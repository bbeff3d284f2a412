/* SPDX-License-Identifier: MIT
 * What bench measures was judged at that size: every workload of every op means cases that the spec resolves, each of
 * them a case of `assay check` or judged by bench where it is measured, and how. */
#include "../../../bench/bench.h"
#include "../../rules/cases.h"
#include "unit.h"
#include <string.h>

typedef struct tally {
    int64_t cases, of[ASSAY_EXHAUSTIVE + 1], way[BENCH_CROSS + 1];
    int64_t unfit; /* w=*: a type whose blocks do not divide the length */
} tally;

static assay_status visit(const char *line, void *ctx, assay_why *why)
{
    tally *t = ctx;
    assay_case c;
    assay_tensor view[ASSAY_MAX_OPND];
    _Alignas(16) unsigned char params[ASSAY_MAX_PARAMS];
    if (assay_case_parse(line, &c, why)) {
        ck_assert_msg(strstr(why->text, "is not a multiple of its block"), "%s: %s", line, why->text);
        t->unfit++;
        return ASSAY_OK;
    }
    assay_case_tensors(&c, view);
    memcpy(params, c.params, sizeof params);
    const assay_args a = { .operand = view, .dim = c.dim, .params = params };
    ck_assert_msg(assay_check(c.op, &a, params, why) == ASSAY_OK, "%s: %s", line, why->text);
    t->cases++;
    for (int l = 0; l <= ASSAY_EXHAUSTIVE; l++)
        t->of[l] += assay_cases_have_work((assay_level)l, &c);
    const double flops =
        !c.op->flops ? 0 : c.op->flops(&(assay_args){ .operand = view, .dim = c.dim, .params = c.params });
    t->way[bench_way_of(&c, bench_judge_whole(ASSAY_QUICK, flops))]++;
    return ASSAY_OK;
}

START_TEST(each_is_judged)
{
    const assay_op *op;
    printf("%-12s %6s of check at quick, full, exhaustive; bench: whole, Freivalds, crosses\n", "op", "cases");
    for (size_t i = 0; (op = assay_op_at(i)); i++) {
        const assay_workload *w;
        tally t = { .cases = 0 };
        assay_why why = { "" };
        if (!assay_workload_of(op, 0) || !assay_suite_of(op))
            continue;
        for (size_t k = 0; (w = assay_workload_of(op, k)); k++) {
            const int64_t before = t.cases;
            ck_assert_msg(assay_case_expand(op, w->line, visit, &t, &why) == ASSAY_OK, "%s", why.text);
            ck_assert_msg(t.cases > before, "%s %s means no case", op->name, w->name);
        }
        ck_assert_int_eq(t.way[BENCH_WHOLE] + t.way[BENCH_FREIVALDS] + t.way[BENCH_CROSS], t.cases);
        ck_assert_msg(t.of[ASSAY_FULL] > 0, "%s: check has no workload at all", op->name);
        printf("%-12s %6lld %11lld %5lld %11lld %13lld %10lld %8lld\n", op->name, (long long)t.cases,
               (long long)t.of[ASSAY_QUICK], (long long)t.of[ASSAY_FULL], (long long)t.of[ASSAY_EXHAUSTIVE],
               (long long)t.way[BENCH_WHOLE], (long long)t.way[BENCH_FREIVALDS], (long long)t.way[BENCH_CROSS]);
    }
}
END_TEST

/* Above the limit, where the shapes and types alone decide. */
START_TEST(how_large_ones_are)
{
    static const struct {
        const char *line;
        bench_way way;
    } rows[] = { { "matmul T=512 N=4096 K=4096", BENCH_FREIVALDS },
                 { "matmul T=512 N=4096 K=4096 w=q4_0", BENCH_FREIVALDS },
                 { "matmul T=512 N=4096 K=4096 x=bf16 w=bf16", BENCH_FREIVALDS },
                 { "matmul T=512 N=4096 K=4096 w=q6_k", BENCH_CROSS },
                 { "matmul T=512 N=4096 K=4096 y=f16", BENCH_CROSS },
                 { "matmul T=512 N=4096 K=4096 bias=f32", BENCH_CROSS },
                 { "gate_up T=512 N=4096 K=4096", BENCH_CROSS },
                 { "attention T=512 S=4096 H=32 G=8 D=128 E=128", BENCH_WHOLE },
                 { "softmax R=4096 C=4096", BENCH_WHOLE } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assay_case c;
        ck_assert_int_eq(assay_case_parse(rows[i].line, &c, NULL), ASSAY_OK);
        ck_assert_msg(bench_way_of(&c, false) == rows[i].way, "%s: %d", rows[i].line, bench_way_of(&c, false));
        ck_assert_int_eq(bench_way_of(&c, true), BENCH_WHOLE);
    }
}
END_TEST

Suite *assay_unit_workloads(void)
{
    Suite *s = suite_create("workloads");
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, each_is_judged);
    tcase_add_test(t, how_large_ones_are);
    suite_add_tcase(s, t);
    return s;
}
