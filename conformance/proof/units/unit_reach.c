/* SPDX-License-Identifier: MIT
 * The cases that are made by rule: every length, every pair, always the same ones. */
#include "../../../reference/core/dtype.h"
#include "../../../reference/core/problem.h"
#include "../../../reference/core/registry.h"
#include "../../../reference/core/tensor.h"
#include "../../rules/cases.h"
#include "../../rules/ladder.h"
#include "unit.h"
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct longest {
    int64_t dim[ASSAY_MAX_DIMS];
} longest;

static longest of(const assay_cases *all)
{
    longest l = { { 0 } };
    for (size_t i = 0; i < all->n; i++) {
        assay_case c;
        assay_why why = { "" };
        ck_assert_msg(assay_case_parse(all->line[i], &c, &why) == ASSAY_OK, "%s: %s", all->line[i], why.text);
        for (int d = 0; c.op->dims[d]; d++)
            l.dim[d] = c.dim[d] > l.dim[d] ? c.dim[d] : l.dim[d];
    }
    return l;
}

/* The pairs that can be asked for.  Where an op has no odd lengths, say, its suite names the remainders as holes: each
 * of them is refused with everything else. */
static int64_t can_be(const assay_suite *s, const assay_cover *v)
{
    for (const char *const *hole = s->holes; hole && *hole; hole++)
        if (strstr(*hole, " mod 16 = "))
            return v->sets - v->refused;
    return v->sets;
}

static assay_status is_there(const char *line, void *ctx, assay_why *why)
{
    const assay_cases *all = ctx;
    assay_case c;
    char printed[ASSAY_CASE_LINE];
    bool there = false;
    (void)why; /* w=* may name a type whose blocks do not fit (unit.workloads) */
    if (assay_case_parse(line, &c, NULL) || !assay_cases_have_work(ASSAY_QUICK, &c))
        return ASSAY_OK;
    assay_case_print(&c, printed, sizeof printed);
    for (size_t i = 0; !there && i < all->n; i++)
        there = !strcmp(all->line[i], printed);
    ck_assert_msg(there, "%s: no case of quick", printed);
    return ASSAY_OK;
}

/* Each dimension climbs past every block that kernels use, and past 2^16 where its ladder does; nothing is counted
 * twice or lost; what bench measures is a case, up to this level's price. */
START_TEST(every_rung)
{
    const assay_op *op;
    for (size_t i = 0; (op = assay_op_at(i)); i++) {
        const assay_suite *suite = assay_suite_of(op);
        if (!suite || suite->rows_only)
            continue;
        const assay_cases *all = assay_cases_of(op, ASSAY_QUICK);
        const assay_cover *v = &all->pairs;
        const longest l = of(all);
        const assay_workload *w;
        for (size_t k = 0; (w = assay_workload_of(op, k)); k++)
            ck_assert(assay_case_expand(op, w->line, is_there, (void *)all, NULL) == ASSAY_OK);
        ck_assert_msg(v->covered + v->refused + v->dear == v->sets, "%s: %lld + %lld + %lld is not %lld", op->name,
                      (long long)v->covered, (long long)v->refused, (long long)v->dear, (long long)v->sets);
        ck_assert_msg(v->covered * 100 >= can_be(suite, v) * 85, "%s: %lld of %lld pairs", op->name,
                      (long long)v->covered, (long long)can_be(suite, v));
        for (int d = 0; op->dims[d]; d++) {
            const assay_ladder ladder = assay_ladder_of(op->role[d]);
            const int64_t top = ladder.n ? ladder.rung[ladder.n - 1] : 0, least = top < 65537 ? top : 65537;
            ck_assert_msg(l.dim[d] >= least, "%s: %c is %lld at most, not %lld", op->name, op->dims[d],
                          (long long)l.dim[d], (long long)least);
        }
    }
}
END_TEST

static bool has_case(const char *op, bool (*is)(const assay_case *c))
{
    const assay_cases *all = assay_cases_of(assay_op_find(op), ASSAY_QUICK);
    bool any = false;
    for (size_t i = all->n_rows; !any && i < all->n; i++) {
        assay_case c;
        any = assay_case_parse(all->line[i], &c, NULL) == ASSAY_OK && is(&c);
    }
    return any;
}
static bool wide_product(const assay_case *c)
{
    return c->dim[0] >= 8 && c->dim[1] >= 128 && c->dim[2] >= 128 && c->type[1] == ASSAY_f32;
}
static bool half_product(const assay_case *c)
{
    return c->type[0] == ASSAY_bf16 && c->type[1] == ASSAY_bf16 && c->type[3] == ASSAY_bf16;
}
static bool long_head(const assay_case *c)
{
    return c->dim[5] >= 128 && c->dim[2] > 1;
}
static bool many_rows(const assay_case *c)
{
    return c->dim[0] > 65536;
}

/* Wrong kernels of strangers that no hand-written case had reached. */
START_TEST(what_strangers_found)
{
    ck_assert(has_case("matmul", wide_product));
    ck_assert(has_case("matmul", half_product));
    ck_assert(has_case("attention", long_head));
    ck_assert(has_case("rmsnorm", many_rows));
}
END_TEST

/* Each length that few models have, whole and ragged, of every head. */
START_TEST(heads_of_few_models)
{
    const assay_op *op;
    for (size_t i = 0; (op = assay_op_at(i)); i++)
        for (int d = 0; assay_suite_of(op) && op->dims[d]; d++) {
            const assay_ladder l = assay_ladder_of(op->role[d]);
            for (int r = 0; r < l.n; r++) {
                bool whole = false, ragged = false;
                const assay_cases *all = assay_ladder_apart(op->role[d], l.rung[r]) == ASSAY_APART_SELDOM
                                             ? assay_cases_of(op, ASSAY_QUICK)
                                             : NULL;
                for (size_t k = 0; all && k < all->n; k++) {
                    assay_case c;
                    ck_assert(assay_case_parse(all->line[k], &c, NULL) == ASSAY_OK);
                    whole |= c.dim[d] == l.rung[r];
                    ragged |= c.dim[d] > l.rung[r] && c.dim[d] < l.rung[r] + ASSAY_TAILS;
                }
                ck_assert_msg(!all || (whole && ragged), "%s: %c=%lld is not tried %s", op->name, op->dims[d],
                              (long long)l.rung[r], whole ? "ragged" : "whole");
            }
        }
}
END_TEST

/* What is drawn at random is legal, can be paid, and depends on the seed alone. */
START_TEST(drawn)
{
    enum { DRAWS = 100 };
    static assay_space s;
    const assay_op *op;
    for (size_t i = 0; (op = assay_op_at(i)); i++) {
        if (!assay_suite_of(op) || assay_suite_of(op)->rows_only)
            continue;
        assay_rng a = { .seed = 3 }, b = a;
        int64_t least = INT64_MAX, most = 0;
        assay_cases_space(op, ASSAY_QUICK, &s);
        for (int n = 0; n < DRAWS; n++) {
            assay_case c, again;
            assay_why why = { "" };
            char line[ASSAY_CASE_LINE], other[ASSAY_CASE_LINE];
            ck_assert_msg(assay_space_draw(&s, &a, &c) && assay_space_draw(&s, &b, &again), "%s: %d", op->name, n);
            assay_case_print(&c, line, sizeof line);
            assay_case_print(&again, other, sizeof other);
            ck_assert_str_eq(line, other);
            ck_assert_msg(assay_case_parse(line, &c, &why) == ASSAY_OK, "%s: %s", line, why.text);
            ck_assert_msg(assay_case_price(&c, 0x1p18) <= 0x1p18, "%s", line);
            const int64_t price = (int64_t)assay_case_price(&c, 0x1p18);
            least = price < least ? price : least;
            most = price > most ? price : most;
        }
        ck_assert_msg(least < 1 << 12 && most > 1 << 14, "%s: %lld to %lld", op->name, (long long)least,
                      (long long)most);
    }
}
END_TEST

/* Of the outputs of a case gen=end@OUTPUT: does one lie at the end of its type, does one round to infinity (e4m3: NaN)?
 */
static void see_ends(const assay_case *c, bool *at, bool *beyond)
{
    const int o = c->gen_at - 1;
    const assay_dtype t = c->type[o];
    const double end = t == ASSAY_f16                           ? 65504
                       : t == ASSAY_bf16                        ? 0x1.fep127
                       : t == ASSAY_e4m3                        ? 448
                       : t == ASSAY_e4m3fnuz                    ? 240
                       : t == ASSAY_e5m2 || t == ASSAY_e5m2fnuz ? 57344
                                                                : 0x1.fffffep127;
    assay_problem p;
    assay_why why = { "" };
    ck_assert_msg(!assay_problem_make(c, &p, &why) && !assay_problem_solve(&p, NULL, &why), "%s", why.text);
    for (int64_t k = 0; k < assay_tensor_count(&p.t[o]); k++) {
        double y = p.value[o][k];
        uint32_t code;
        assay_dtype_of(c->type[o])->encode(&code, &y, 1);
        assay_dtype_of(c->type[o])->decode(&y, &code, 1);
        *at |= fabs(y) >= end * (1 - 0x1p-6) && isfinite(y);
        *beyond |= !isfinite(y);
    }
    assay_problem_free(&p);
}

/* Outputs come where gen=end@OUTPUT says, whatever type they have; those of 16 bits on both sides of the end. */
START_TEST(outputs_at_their_ends)
{
    const assay_op *op;
    for (size_t i = 0; (op = assay_op_at(i)); i++) {
        const assay_suite *suite = assay_suite_of(op);
        bool at[ASSAY_DTYPE_END] = { false }, beyond[ASSAY_DTYPE_END] = { false }, any = false;
        const assay_cases *all = suite && suite->land ? assay_cases_of(op, ASSAY_QUICK) : NULL;
        for (size_t k = 0; all && k < all->n; k++) {
            assay_case c;
            ck_assert(assay_case_parse(all->line[k], &c, NULL) == ASSAY_OK);
            const int o = c.gen_at - 1;
            if (o < 0 || op->operands[o].access == ASSAY_IN || strcmp(c.gen->name, "end") != 0 ||
                (at[c.type[o]] && beyond[c.type[o]]))
                continue;
            see_ends(&c, &at[c.type[o]], &beyond[c.type[o]]);
            any = true;
        }
        ck_assert_msg(any || !all, "%s: no case has gen=end@OUTPUT", op->name);
        for (int o = 0; all && o < op->n_operands; o++)
            for (int t = 0; op->operands[o].access != ASSAY_IN && t < ASSAY_DTYPE_END; t++)
                ck_assert_msg((at[t] && beyond[t]) || t == ASSAY_f32 || !ASSAY_HAS(op->operands[o].types, t) ||
                                  assay_dtype_of((assay_dtype)t)->block > 1,
                              "%s: no %s of type %s %s", op->name, op->operands[o].name,
                              assay_dtype_of((assay_dtype)t)->name, at[t] ? "rounds to infinity" : "lies at its end");
    }
}
END_TEST

/* A parameter that is a real number is tried at 0, at both ends, and at two values inside at least, which the rows
 * have; each meets every generator: eps squares of its own size (1e-05 with gen=tiny), a temperature tokens that tie.
 */
START_TEST(real_fields)
{
    static assay_space s;
    const assay_op *op;
    for (size_t i = 0; (op = assay_op_at(i)); i++) {
        if (!assay_suite_of(op) || assay_suite_of(op)->rows_only)
            continue;
        assay_cases_space(op, ASSAY_QUICK, &s);
        for (int f = 0; f < s.n; f++) {
            const assay_factor *a = &s.factor[f];
            const assay_field *field = &op->fields[a->of];
            int inside = 0, ends = 0;
            if (a->what != ASSAY_FIELD_AT || field->kind != ASSAY_KIND_F32)
                continue;
            for (int k = 0; k < a->n; k++) {
                const double v = s.field[f][k];
                inside += v > field->min && v < field->max && v != 0;
                ends += v == (double)(float)field->min || v == (double)(float)field->max;
            }
            ck_assert_msg(ends == 2 && inside >= 2, "%s: %s is tried at %d ends and %d values inside", op->name,
                          field->name, ends, inside);
        }
    }
}
END_TEST

/* ---- lengths of 0 and 1 ---- */

static char asked[ASSAY_CASE_LINE]; /* what is being made, for who must say where it died */

static void died(int signal)
{
    static const char words[] = ": its generator dies\n";
    if (write(STDERR_FILENO, asked, strlen(asked)) < 0 || write(STDERR_FILENO, words, sizeof words - 1) < 0)
        _exit(3);
    _exit(signal);
}

/* Every length 4, or `few` where `which` has its bit; all optional operands or none. */
static void lengths(const assay_op *op, const char *gen, uint32_t which, int few, bool given)
{
    size_t at = (size_t)snprintf(asked, sizeof asked, "%s", op->name);
    for (int d = 0; op->dims[d]; d++)
        at += (size_t)snprintf(asked + at, sizeof asked - at, " %c=%d", op->dims[d], which >> d & 1 ? few : 4);
    for (int i = 0; i < op->n_operands; i++)
        for (int t = 0; given && (op->operands[i].flags & ASSAY_OPTIONAL) && t < ASSAY_DTYPE_END; t++)
            if (ASSAY_HAS(op->operands[i].types, t)) {
                at += (size_t)snprintf(asked + at, sizeof asked - at, " %s=%s", op->operands[i].name,
                                       assay_dtype_of((assay_dtype)t)->name);
                break;
            }
    snprintf(asked + at, sizeof asked - at, " gen=%s seed=1", gen);
}

/* Makes what stands in asked, and its golden, if the op allows it. */
static bool made(const assay_suite *suite)
{
    assay_case c;
    assay_problem p;
    if (assay_case_parse(asked, &c, NULL))
        return false;
    if (suite->mend)
        suite->mend(&c);
    const bool ok = !assay_problem_make(&c, &p, NULL) && !assay_problem_solve(&p, NULL, NULL);
    assay_problem_free(&p);
    return ok;
}

static int of_gen(const assay_op *op, const char *gen)
{
    int n = 0;
    for (uint32_t d = 0, n_dims = (uint32_t)strlen(op->dims); d <= n_dims; d++)
        for (int way = 0; way < 4; way++) {
            lengths(op, gen, d < n_dims ? 1u << d : UINT32_MAX, way & 1, way >> 1);
            n += made(assay_suite_of(op));
        }
    return n;
}

/* No generator, own, common or of special values, counts on a length: each dimension is 0 or 1, then all are. */
START_TEST(nothing_to_fill)
{
    const assay_op *op;
    signal(SIGFPE, died);
    signal(SIGSEGV, died);
    for (size_t i = 0; (op = assay_op_at(i)); i++) {
        const assay_suite *suite = assay_suite_of(op);
        int n = 0;
        assay_value_gen g;
        for (size_t k = 0; suite && k < suite->n_gens; k++)
            n += of_gen(op, suite->gens[k].name);
        for (size_t k = 0; suite && k < assay_n_gens; k++)
            n += of_gen(op, assay_gens[k].name);
        for (size_t k = 0; suite && k < assay_gens_of(op, k, &g); k++) {
            char name[ASSAY_CASE_LINE];
            snprintf(name, sizeof name, "%s@%s", g.gen->name, op->operands[g.operand].name);
            n += of_gen(op, name);
        }
        ck_assert_msg(n > 0 || !suite, "%s: no case with a length of 0 or 1 was made", op->name);
    }
}
END_TEST

Suite *assay_unit_reach(void)
{
    Suite *s = suite_create("reach");
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, every_rung);
    tcase_add_test(t, what_strangers_found);
    tcase_add_test(t, heads_of_few_models);
    tcase_add_test(t, drawn);
    tcase_add_test(t, outputs_at_their_ends);
    tcase_add_test(t, real_fields);
    tcase_add_test(t, nothing_to_fill);
    suite_add_tcase(s, t);
    return s;
}
