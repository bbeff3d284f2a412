/* SPDX-License-Identifier: MIT
 * The trees of a kernel in words, what its contract says of them, and what it could say. */
#include "order.h"
#include "../../reference/bound.h"
#include "../../reference/core/contract.h"
#include "../../reference/core/dtype.h"
#include "../../reference/core/tensor.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const assay_contract strict = { .size = sizeof strict };

static const assay_contract *contract_of(const assay_kernel *k)
{
    return k->contract ? k->contract : &strict;
}

bool assay_orders_good(const assay_orders *o)
{
    bool good = true;
    for (size_t i = 0; i < o->n; i++)
        good &= !o->all[i].tree.node || o->all[i].longest <= o->all[i].declared;
    return good;
}

/* ---- what could be declared -----------------------------------------------------------------------------------------
 */

const assay_order *assay_orders_largest(const assay_orders *o)
{
    const assay_order *best = NULL;
    for (size_t i = 0; i < o->n; i++)
        if (o->all[i].tree.node && o->all[i].block == 1 && (!best || o->all[i].terms > best->terms))
            best = &o->all[i];
    return best;
}

static bool holds(const assay_orders *o, const assay_contract *c)
{
    for (size_t i = 0; i < o->n; i++)
        if (o->all[i].rule->chains || !o->all[i].tree.node ||
            o->all[i].longest > bound_depth(c, (double)o->all[i].terms))
            return false;
    return true;
}

/* Is every tree as low as a tree can be? */
static bool pairwise(const assay_orders *o)
{
    bool low = true;
    for (size_t i = 0; i < o->n; i++)
        low &= !o->all[i].tree.node || o->all[i].longest <= ceil(log2((double)o->all[i].terms));
    return low;
}

bool assay_orders_suggest(const assay_kernel *k, const assay_orders *o, assay_contract *c)
{
    const assay_order *most = assay_orders_largest(o);
    const assay_depth kinds[] = { ASSAY_DEPTH_PAIRWISE, ASSAY_DEPTH_LANES, ASSAY_DEPTH_BLOCKED };
    double best = most ? (double)most->declared / 1.5 : 0;
    bool any = false;
    for (int i = most && pairwise(o) ? 0 : 1; most && !any && i < 3; i++)
        for (int32_t n = 1; n <= 1024; n *= 2) {
            assay_contract next = *contract_of(k);
            next.h.kind = kinds[i];
            next.h.lanes = kinds[i] == ASSAY_DEPTH_LANES ? n : 0;
            next.h.block = kinds[i] == ASSAY_DEPTH_LANES ? 0 : n;
            const double depth = bound_depth(&next, (double)most->terms);
            if (depth > best || (any && depth == best) || !holds(o, &next))
                continue;
            best = depth;
            *c = next;
            any = true;
        }
    return any;
}

/* How many times tighter a bound by c is at the sum with most terms; *terms: how many these are. */
static double tighter(const assay_kernel *k, const assay_orders *o, const assay_contract *c, int64_t *terms)
{
    *terms = assay_orders_largest(o)->terms;
    return bound_c(contract_of(k), (double)*terms, 1) / bound_c(c, (double)*terms, 1);
}

static const char *depth_words(const assay_contract *c, char *text, size_t n)
{
    const assay_contract only = { .size = sizeof only, .h = c->h };
    return assay_contract_text(&only, text, n);
}

/* ---- rows alone and beside others ----------------------------------------------------------------------------------
 */

static int dims_apart(const assay_case *a, const assay_case *b)
{
    int n = 0;
    for (int d = 0; a->op->dims[d]; d++)
        n += a->dim[d] != b->dim[d];
    return n;
}

/* The same sum where one other length is larger: more rows, or groups of them. */
static const assay_order *with_more_rows(const assay_orders *o, size_t i)
{
    const assay_order *x = &o->all[i];
    for (size_t k = i + 1; k < o->n; k++) {
        const assay_order *y = &o->all[k];
        if (y->rule == x->rule && y->terms == x->terms && y->tree.node && x->tree.node &&
            dims_apart(&x->c, &y->c) == 1 && y->c.present == x->c.present &&
            !memcmp(y->c.type, x->c.type, sizeof x->c.type) && !memcmp(y->c.params, x->c.params, sizeof x->c.params))
            return y;
    }
    return NULL;
}

/* ---- the page -------------------------------------------------------------------------------------------------------
 */

/* The case without op, generator and seed. */
static void short_line(const assay_order *x, char *line, size_t n)
{
    char whole[ASSAY_CASE_LINE];
    assay_case_print(&x->c, whole, sizeof whole);
    char *from = strchr(whole, ' '), *end = strstr(whole, " gen=");
    if (end)
        *end = 0;
    snprintf(line, n, "%s", from ? from + 1 : whole);
}

static void say_block(const assay_kernel *k, const assay_order *x)
{
    char words[600];
    if (x->block == 1)
        return;
    if (x->same.node)
        printf("      of the first terms of the blocks: %s\n", assay_sum_words(&x->same, words, sizeof words));
    printf("      one term is seen of each block of %d", x->block);
    if (x->exact_tries)
        printf("; the sum inside a block %s (%d tries)",
               x->exact                    ? "is exact: whole numbers, scaled once"
               : contract_of(k)->split_min ? "is rounded, codes and minimum apart"
                                           : "is rounded",
               x->exact_tries);
    putchar('\n');
}

/* Is there the same to say of both? */
static bool alike(const assay_order *x, const assay_order *y)
{
    char a[600], b[600];
    if (x->rule != y->rule || !x->tree.node != !y->tree.node)
        return false;
    if (!x->tree.node)
        return !strcmp(x->tree.why.text, y->tree.why.text);
    return x->longest == y->longest && x->declared == y->declared && x->block == y->block && x->exact == y->exact &&
           x->exact_tries == y->exact_tries && x->f64 == y->f64 && x->differs == y->differs &&
           !x->same.node == !y->same.node &&
           !strcmp(assay_sum_words(&x->tree, a, sizeof a), assay_sum_words(&y->tree, b, sizeof b));
}

static void print_one(const assay_kernel *k, const assay_order *x)
{
    char words[600], contract[128];
    if (!x->tree.node) {
        printf("    not seen: %s\n", x->tree.why.text);
        return;
    }
    printf("    %s\n", assay_sum_words(&x->tree, words, sizeof words));
    printf("      longest chain %d addition%s, %d by contract (%s)%s%s\n", x->longest, x->longest == 1 ? "" : "s",
           x->declared, depth_words(contract_of(k), contract, sizeof contract), x->f64 ? "; accumulates in f64" : "",
           x->longest > x->declared ? ": BREAKS WHAT IT DECLARES" : "");
    say_block(k, x);
    if (x->differs >= 0)
        printf("      of output 0; output %lld is added in another order\n", (long long)x->differs);
}

/* The words of a line that another lacks; all if it lacks none. */
static void shorter(const char *line, const char *than, char *to, size_t n)
{
    char copy[ASSAY_CASE_LINE], other[ASSAY_CASE_LINE + 2], word[ASSAY_CASE_LINE + 2], *save = NULL;
    size_t at = 0;
    snprintf(copy, sizeof copy, "%s", line);
    snprintf(other, sizeof other, " %s ", than);
    to[0] = 0;
    for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
        snprintf(word, sizeof word, " %.500s ", w);
        if (!strstr(other, word) && at < n)
            at += (size_t)snprintf(to + at, n - at, "%s%s", at ? " " : "", w);
    }
    if (!at)
        snprintf(to, n, "%s", line);
}

/* The i-th, and with it the shapes of all of which there is the same to say: of a later one what is other than in the
 * first. */
static void print_group(const assay_kernel *k, const assay_orders *o, size_t i)
{
    char first[ASSAY_CASE_LINE], line[ASSAY_CASE_LINE], part[ASSAY_CASE_LINE];
    for (size_t before = 0; before < i; before++)
        if (alike(&o->all[before], &o->all[i]))
            return;
    print_one(k, &o->all[i]);
    short_line(&o->all[i], first, sizeof first);
    size_t at = (size_t)printf("      at %s", first);
    for (size_t same = i + 1; same < o->n; same++)
        if (alike(&o->all[i], &o->all[same])) {
            short_line(&o->all[same], line, sizeof line);
            shorter(line, first, part, sizeof part);
            if (at + strlen(part) + 2 > 116)
                at = 9 + (size_t)printf(";\n         %s", part) - 11;
            else
                at += (size_t)printf("; %s", part);
        }
    putchar('\n');
}

static void print_alone(const assay_orders *o, size_t i)
{
    const assay_order *x = &o->all[i], *y = with_more_rows(o, i);
    char one[ASSAY_CASE_LINE], more[ASSAY_CASE_LINE], part[ASSAY_CASE_LINE], other[ASSAY_CASE_LINE], words[600];
    if (!y || assay_sum_same(&x->tree, &y->tree))
        return;
    short_line(x, one, sizeof one);
    short_line(y, more, sizeof more);
    shorter(one, more, part, sizeof part);
    shorter(more, one, other, sizeof other);
    printf("      %s is added otherwise than %s: there it is %s\n", part, other,
           assay_sum_words(&y->tree, words, sizeof words));
}

void assay_orders_print(const assay_kernel *k, const assay_orders *o)
{
    const assay_sum_rule *rule = NULL;
    assay_contract c;
    char text[128];
    int64_t terms;
    for (const assay_sum_rule *r = assay_sum_rules; r->op; r++)
        if (r->none && !strcmp(r->op, k->op))
            printf("  order of the sum  %s: not seen, they %s\n", r->says, r->none);
    for (size_t i = 0; i < o->n; i++) {
        if (o->all[i].rule != rule)
            printf("  order of the sum  %s\n", o->all[i].rule->says);
        rule = o->all[i].rule;
        print_group(k, o, i);
        print_alone(o, i);
    }
    if (assay_orders_largest(o)) {
        printf("  a tree            of the terms 0 .. %lld above\n", (long long)assay_orders_largest(o)->terms - 1);
        assay_sum_print(&assay_orders_largest(o)->tree, "    ", 12);
    }
    if (assay_orders_suggest(k, o, &c)) {
        const double times = tighter(k, o, &c, &terms);
        printf("  could declare     %s: %.0f additions of %lld terms in place of %.0f, a bound %.1f times tighter, by "
               "these "
               "shapes\n",
               depth_words(&c, text, sizeof text), bound_depth(&c, (double)terms), (long long)terms,
               bound_depth(contract_of(k), (double)terms), times);
    }
}

static void json_one(assay_json *j, const assay_orders *o, size_t i)
{
    const assay_order *x = &o->all[i], *more = with_more_rows(o, i);
    char line[ASSAY_CASE_LINE], words[600];
    short_line(x, line, sizeof line);
    assay_json_open(j, NULL, '{');
    assay_json_str(j, "sum", x->rule->says);
    assay_json_str(j, "shape", line);
    assay_json_int(j, "terms", x->terms);
    assay_json_str(j, "not_seen", x->tree.node ? NULL : x->tree.why.text);
    if (x->tree.node) {
        char *tree = assay_sum_text(&x->tree);
        assay_json_str(j, "words", assay_sum_words(&x->tree, words, sizeof words));
        assay_json_int(j, "longest", x->longest);
        assay_json_int(j, "declared", x->declared);
        assay_json_int(j, "seen_of_each", x->block);
        assay_json_bool(j, "exact_inside", x->exact_tries > 0 && x->exact);
        assay_json_str(j, "accumulator", x->f64 ? "f64" : "f32");
        assay_json_bool(j, "every_output", x->differs < 0);
        assay_json_int(j, "calls", x->tree.calls);
        if (more)
            assay_json_bool(j, "as_with_more_rows", assay_sum_same(&x->tree, &more->tree));
        assay_json_str(j, "tree", tree);
        free(tree);
    }
    assay_json_close(j);
}

void assay_orders_json(assay_json *j, const assay_kernel *k, const assay_orders *o)
{
    assay_contract c;
    char text[128];
    assay_json_open(j, "sums", '[');
    for (size_t i = 0; i < o->n; i++)
        json_one(j, o, i);
    assay_json_close(j);
    if (assay_orders_suggest(k, o, &c)) {
        int64_t terms;
        const double times = tighter(k, o, &c, &terms);
        assay_json_open(j, "could_declare", '{');
        assay_json_str(j, "contract", depth_words(&c, text, sizeof text));
        assay_json_int(j, "terms", terms);
        assay_json_num(j, "longest", bound_depth(&c, (double)terms));
        assay_json_num(j, "times_tighter", times);
        assay_json_close(j);
    }
}
