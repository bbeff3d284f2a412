/* SPDX-License-Identifier: MIT
 * docs/bounds.md and each op's page against the code: their formulas, in binary128 and from the inputs alone, on the
 * small cases of each op's suite and page; then each number of them changed, which must be seen. */
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

enum { CASES = 40, TRIED = 26, ELEMENTS = 700 };

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

static void add_case(cases *s, const char *line, const assay_op *op)
{
    assay_why why = { "" };
    s->step = 1;
    ck_assert_msg(!assay_case_expand(op, line, visit, s, &why), "%s", why.text);
}

/* The lines of the page's block `cases`, but for comments. */
static void add_lines(cases *s, const char *page, const assay_op *op)
{
    char *block = bounds_block(page, "cases", op->name), *save = NULL;
    for (char *line = block ? strtok_r(block, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save))
        if (*line != '#')
            add_case(s, line, op);
    free(block);
}

static cases *collect(const assay_op *op, const char *page)
{
    cases *s = calloc(1, sizeof *s);
    const assay_suite *suite = assay_suite_of(op);
    assay_why why = { "" };
    const assay_vector_case *v;
    if (s)
        add_lines(s, page, op);
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

/* Is one of several right answers asked for, and no bound? */
static bool is_set(const assay_op *op)
{
    bool set = false;
    for (int i = 0; i < op->n_operands; i++)
        set |= op->operands[i].access != ASSAY_IN && op->operands[i].verdict == ASSAY_DISCRETE;
    return set;
}

START_TEST(test_page)
{
    const assay_op *op;
    char *text = bounds_page(NULL), *shared = bounds_block(text, "bound", "shared");
    int wrong = 0;
    ck_assert(shared != NULL);
    for (size_t o = 0; (op = assay_op_at(o)); o++) {
        char link[128], *page = bounds_page(op->name);
        if (!assay_tables_of(op) && !page) /* a probe */
            continue;
        ck_assert_msg(page != NULL, "there is no reference/ops/%s.bound.md", op->name);
        snprintf(link, sizeof link, "(../reference/ops/%s.bound.md)", op->name);
        ck_assert_msg(strstr(text, link) != NULL, "docs/bounds.md has no link to %s", link);
        char *own = bounds_block(page, "bound", op->name);
        ck_assert_msg(own || is_set(op), "reference/ops/%s.bound.md has no block ```bound %s", op->name, op->name);
        if (!own) {
            free(page);
            continue;
        }
        cases *s = collect(op, page);
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
        free(page);
    }
    ck_assert_int_eq(wrong, 0);
    free(shared);
    free(text);
}
END_TEST

/* Does the text at `at` begin as this line of a block `unseen` says?  TEXT :: reason, \n in it for the end of a line.
 */
static bool begins(const char *at, const char *line)
{
    const char *end = strstr(line, " :: ");
    ck_assert_msg(end != NULL, "no reason stands after \" :: \": %.60s", line);
    for (; line < end; at++) {
        const bool broken = line[0] == '\\' && line[1] == 'n';
        if (*at != (broken ? '\n' : *line))
            return false;
        line += broken ? 2 : 1;
    }
    return true;
}

/* Numbers that no small case can see.  unseen: the block; NULL: the page has none. */
static bool excused(const char *unseen, const char *at)
{
    for (const char *line = unseen; line && *line; line = strchr(line, '\n') + 1)
        if (begins(at, line))
            return true;
    return false;
}

/* One op with its block and cases. */
typedef struct subject {
    const char *name;
    char *own, *unseen;
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
static int missed(const subject *x, int n, const subject *of, const char *shared, int *numbers)
{
    const char *text = of->own, *name = of->name;
    int lost = 0;
    for (size_t at = 0, end; text[at]; at++) {
        if (!isdigit((unsigned char)text[at]) || (at && (isalnum((unsigned char)text[at - 1]) || text[at - 1] == '_')))
            continue;
        char *other = changed(text, at, &end);
        bool found = excused(of->unseen, text + at);
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
    char *text = bounds_page(NULL);
    subject shared = { "shared", bounds_block(text, "bound", "shared"), bounds_block(text, "unseen", "shared"), NULL };
    int n = 0, lost = 0, numbers = 0;
    while (assay_op_at((size_t)n))
        n++;
    subject *all = calloc((size_t)n + 1, sizeof *all);
    ck_assert(all != NULL && shared.own != NULL);
    n = 0;
    for (size_t o = 0; (op = assay_op_at(o)); o++) {
        char *page = bounds_page(op->name), *own = page ? bounds_block(page, "bound", op->name) : NULL;
        if (own)
            all[n++] = (subject){ op->name, own, bounds_block(page, "unseen", op->name), collect(op, page) };
        free(page);
    }
    for (int i = 0; i < n; i++)
        lost += missed(&all[i], 1, &all[i], shared.own, &numbers);
    lost += missed(all, n, &shared, NULL, &numbers);
    printf("docs/bounds.md and the ops' pages: %d numbers changed, one at a time, %d not seen\n", numbers, lost);
    ck_assert_int_eq(lost, 0);
    ck_assert(numbers > 100);
    for (int i = 0; i < n; i++)
        discard(all[i].s), free(all[i].own), free(all[i].unseen);
    free(all);
    free(shared.own);
    free(shared.unseen);
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
