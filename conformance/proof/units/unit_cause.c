/* SPDX-License-Identifier: MIT
 * Causes: cases that fail by a rule, and what is said of them; names that were mistyped, and what is offered. */
#include "../../../reference/core/near.h"
#include "../../../reference/core/registry.h"
#include "../../explain/cause.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>

static bool odd_bias(const assay_case *c)
{
    return c->present >> 2 & 1 && c->dim[1] % 2;
}
static bool tail(const assay_case *c)
{
    return c->dim[2] % 4 != 0;
}
static bool long_k(const assay_case *c)
{
    return c->dim[2] >= 12;
}
static bool block(const assay_case *c)
{
    return c->type[1] == ASSAY_f16;
}
static bool two(const assay_case *c)
{
    return block(c) || !strcmp(c->gen->name, "spike");
}
static bool always(const assay_case *c)
{
    return c->dim[0] > 0;
}
static bool once(const assay_case *c)
{
    return c->dim[0] == 1 && c->dim[1] == 3 && c->dim[2] == 8 && !(c->present >> 2 & 1) && c->type[1] == ASSAY_f32 &&
           !strcmp(c->gen->name, "gauss");
}
static bool all_but_one(const assay_case *c)
{
    return !once(c);
}

/* As if by dice: 117 of 128 fail. */
static bool scattered(const assay_case *c)
{
    return (7 * c->dim[0] + 13 * c->dim[1] + 29 * c->dim[2] + 31 * (c->present >> 2 & 1) + 37 * block(c) +
            41 * !strcmp(c->gen->name, "spike")) %
               11 !=
           0;
}
static bool but_three(const assay_case *c)
{
    return c->dim[1] > 3;
}

static const char pattern[] = "T={1,2} N={3,4} K={5,8,12,18} {w=f32,w=f16} {bias=f32,gen=gauss} {gen=gauss,gen=spike}";
static const char lengths[] = "T=1 N={1..128} K=8";
static const struct {
    bool (*fails)(const assay_case *c);
    const char *first, *second; /* "": nothing is said */
    const char *pattern;        /* NULL: the first */
} table[] = {
    { odd_bias, "all 32 cases that fail have bias given and N odd, none of the 96 that pass", "", NULL },
    { tail, "all 64 cases that fail have K no multiple of 4, none of the 64 that pass", "", NULL },
    { long_k, "all 64 cases that fail have K > 8, none of the 64 that pass", "", NULL },
    { block, "all 64 cases that fail have w=f16, none of the 64 that pass", "", NULL },
    { two, "64 of the 96 cases that fail have w=f16, none of the 32 that pass",
      "32 of the 96 cases that fail have gen=spike, none of the 32 that pass", NULL },
    { always, "", "", NULL },
    { once, "", "", NULL },
    { all_but_one, "", "", NULL },
    { scattered, "", "", NULL },
    { but_three, "all 125 cases that fail have N > 3, none of the 3 that pass", "", lengths },
};

typedef struct gathered {
    assay_caused all[128];
    size_t n;
    bool (*fails)(const assay_case *c);
} gathered;

static assay_status gather(const char *line, void *ctx, assay_why *why)
{
    gathered *g = ctx;
    assay_caused *x = &g->all[g->n];
    ck_assert_msg(g->n++ < 128 && !assay_case_parse(line, &x->c, why), "%s", line);
    const bool failed = g->fails(&x->c);
    x->t = (assay_traced){ .passed = !failed, .failed = failed, .by = ASSAY_BY_T1 };
    return ASSAY_OK;
}

START_TEST(test_causes)
{
    char text[ASSAY_CAUSES][ASSAY_CAUSE_TEXT] = { "" };
    gathered *g = calloc(1, sizeof *g);
    ck_assert_ptr_nonnull(g);
    const char *lines = table[_i].pattern ? table[_i].pattern : pattern;
    g->fails = table[_i].fails;
    ck_assert(!assay_case_expand(assay_op_find("matmul"), lines, gather, g, NULL) && g->n == 128);
    const int n = assay_causes(g->all, g->n, text);
    ck_assert_int_eq(n, (table[_i].first[0] != 0) + (table[_i].second[0] != 0));
    ck_assert_str_eq(text[0], table[_i].first);
    ck_assert_str_eq(text[1], table[_i].second);
    free(g);
}
END_TEST

static const struct {
    const char *word, *meant;
} typed[] = { { "matmull", "matmul" }, { "mamtul", "matmul" }, { "matm", "matmul" }, { "sofmax", "softmax" },
              { "ad", "add" },         { "frobnicate", NULL }, { "x", NULL },        { "", NULL } };

START_TEST(test_near)
{
    assay_near near = { .word = typed[_i].word };
    for (size_t i = 0; assay_op_at(i); i++)
        assay_near_try(&near, assay_op_at(i)->name);
    ck_assert_msg(!near.best == !typed[_i].meant, "%s: %s", typed[_i].word, near.best ? near.best : "nothing");
    if (near.best)
        ck_assert_str_eq(near.best, typed[_i].meant);
}
END_TEST

Suite *assay_unit_cause(void)
{
    Suite *s = suite_create("cause");
    TCase *t = tcase_create("cause");
    tcase_add_loop_test(t, test_causes, 0, (int)(sizeof table / sizeof *table));
    tcase_add_loop_test(t, test_near, 0, (int)(sizeof typed / sizeof *typed));
    suite_add_tcase(s, t);
    return s;
}
