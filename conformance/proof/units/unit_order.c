/* SPDX-License-Identifier: MIT
 * Orders of summation that are known are revealed exactly: each sum is written once over "add", which adds floats for
 * the revealer and, for the test, joins sets of terms: the smallest set that holds i and j is their subtree. */
#include "../../certificate/tree.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 64 };

typedef struct value {
    float sum;
    uint64_t terms;
} value;

typedef struct adder {
    uint64_t set[4 * MOST], part[4 * MOST][8]; /* what was added, and of what; parts: 0 ends */
    int n;
} adder;

static int count(uint64_t set)
{
    return __builtin_popcountll(set);
}

static value add(adder *a, value x, value y)
{
    const value z = { x.sum + y.sum, x.terms | y.terms };
    a->set[a->n] = z.terms;
    a->part[a->n][0] = 0;
    a->n += x.terms && y.terms;
    return z;
}

/* s + x[0] + .. + x[m - 1], rounded once */
static value add_at_once(adder *a, value s, const value *x, int m)
{
    double rounded = (double)s.sum;
    uint64_t *part = a->part[a->n];
    value z = { 0, s.terms };
    *part++ = s.terms;
    for (int i = 0; i < m; i++) {
        rounded += (double)x[i].sum;
        z.terms |= x[i].terms;
        part[i] = x[i].terms;
    }
    part[m] = 0;
    a->set[a->n++] = z.terms;
    z.sum = (float)rounded;
    return z;
}

typedef value (*order)(adder *a, const value *x, int n);

static value sequential(adder *a, const value *x, int n)
{
    value s = x[0];
    for (int i = 1; i < n; i++)
        s = add(a, s, x[i]);
    return s;
}
static value reversed(adder *a, const value *x, int n)
{
    value s = x[n - 1];
    for (int i = n - 2; i >= 0; i--)
        s = add(a, s, x[i]);
    return s;
}
static value pairwise(adder *a, const value *x, int n)
{
    return n == 1 ? x[0] : add(a, pairwise(a, x, n / 2), pairwise(a, x + n / 2, n - n / 2));
}
static value lanes(adder *a, const value *x, int n)
{
    value lane[8] = { { 0 } };
    for (int i = 0; i < n; i++)
        lane[i % 8] = lane[i % 8].terms ? add(a, lane[i % 8], x[i]) : x[i];
    for (int half = 4; half; half /= 2)
        for (int i = 0; i < half; i++)
            lane[i] = lane[i + half].terms ? add(a, lane[i], lane[i + half]) : lane[i];
    return lane[0];
}
static value blocked(adder *a, const value *x, int n)
{
    value s = sequential(a, x, n < 16 ? n : 16);
    for (int i = 16; i < n; i += 16)
        s = add(a, s, sequential(a, x + i, n - i < 16 ? n - i : 16));
    return s;
}
static value at_random(adder *a, const value *x, int n)
{
    value rest[MOST];
    uint32_t r = 12345;
    memcpy(rest, x, (size_t)n * sizeof *rest);
    for (int left = n; left > 1; left--) {
        const int i = (int)((r = r * 1664525 + 1013904223) >> 8) % left;
        const value one = rest[i];
        rest[i] = rest[left - 1];
        const int j = (int)((r = r * 1664525 + 1013904223) >> 8) % (left - 1);
        rest[j] = add(a, rest[j], one);
    }
    return rest[0];
}
static value fused(adder *a, const value *x, int n)
{
    value s = add_at_once(a, x[0], x + 1, 3);
    for (int i = 4; i + 4 <= n; i += 4)
        s = add_at_once(a, s, x + i, 4);
    for (int i = n / 4 * 4; i < n; i++)
        s = add(a, s, x[i]);
    return s;
}

typedef struct sum {
    order f;
    int n;
    float swallows; /* M */
    adder a;
} sum;

static int64_t left_of(void *ctx, int i, int j)
{
    sum *s = ctx;
    value x[MOST];
    for (int k = 0; k < s->n; k++)
        x[k] = (value){ k == i ? s->swallows : k == j ? -s->swallows : 1, UINT64_C(1) << k };
    s->a.n = 0;
    return (int64_t)s->f(&s->a, x, s->n).sum;
}

/* By the sets: of the smallest that holds both all terms are gone, or those of the two parts that hold them. */
static int64_t left_by_sets(const sum *s, int i, int j)
{
    const uint64_t both = UINT64_C(1) << i | UINT64_C(1) << j;
    int best = s->a.n ? s->a.n - 1 : 0, gone = 0; /* the last one holds all */
    for (int k = 0; k < s->a.n; k++)
        if ((s->a.set[k] & both) == both && count(s->a.set[k]) < count(s->a.set[best]))
            best = k;
    for (const uint64_t *part = s->a.part[best]; *part; part++)
        gone += (*part & both) ? count(*part) : 0;
    return s->n - (s->a.part[best][0] ? gone : count(s->a.set[best]));
}

static const struct known {
    const char *name;
    order f;
    int n, longest;
    const char *words;
} known[] = {
    { "sequential", sequential, 64, 63, "a chain of 64" },
    { "sequential", sequential, 2, 1, "a chain of 2" },
    { "one", sequential, 1, 0, "one term" },
    { "reversed", reversed, 61, 60, "a chain of 61, from the last to the first" },
    { "pairwise", pairwise, 64, 6, "64 terms added pairwise" },
    { "pairwise", pairwise, 63, 6, "63 terms added pairwise" },
    { "lanes", lanes, 64, 10, "8 lanes, each a chain of 8, added pairwise" },
    { "lanes", lanes, 61, 10, "8 lanes, each a chain of 7 to 8, added pairwise" },
    { "lanes", lanes, 5, 3, NULL },
    { "blocked", blocked, 64, 18, "4 sums, each a chain of 16, added one after the other" },
    { "blocked", blocked, 50, 18, "4 sums, each a chain of 2 to 16, added one after the other" },
    { "at random", at_random, 64, -1, "an uneven tree of 64" },
    { "at random", at_random, 37, -1, NULL },
    { "fused", fused, 64, 16, "a chain of 64, up to 4 at once" },
    { "fused", fused, 63, 18, "a chain of 63, up to 4 at once" },
};

START_TEST(test_known)
{
    const struct known *k = &known[_i];
    sum s = { k->f, k->n, 0x1p40f, { .n = 0 } };
    assay_sum_tree t;
    char words[400];
    ck_assert_msg(assay_sum_reveal(&t, k->n, left_of, &s, 16), "%s: %s", k->name, t.why.text);
    for (int i = 0; i < k->n; i++)
        for (int j = 0; j < k->n; j++)
            if (i != j) {
                ck_assert_int_eq(left_of(&s, i, j), left_by_sets(&s, i, j));
                ck_assert_int_eq(assay_sum_answer(&t, i, j), left_by_sets(&s, i, j));
            }
    assay_sum_words(&t, words, sizeof words);
    printf("%s of %d: %s (%lld calls, longest %d)\n", k->name, k->n, words, (long long)t.calls, assay_sum_longest(&t));
    if (k->longest >= 0)
        ck_assert_int_eq(assay_sum_longest(&t), k->longest);
    if (k->words)
        ck_assert_str_eq(words, k->words);
    ck_assert(assay_sum_same(&t, &t) && !assay_sum_exact(&t));
    assay_sum_free(&t);
}
END_TEST

static int64_t wider(void *ctx, int i, int j)
{
    const sum *s = ctx;
    double total = 0;
    for (int k = 0; k < s->n; k++)
        total += k == i ? (double)s->swallows : k == j ? -(double)s->swallows : 1;
    return (int64_t)total;
}
static int64_t compensated(void *ctx, int i, int j)
{
    const sum *s = ctx;
    volatile float whole = 0, lost = 0;
    for (int k = 0; k < s->n; k++) {
        const float x = k == i ? s->swallows : k == j ? -s->swallows : 1;
        volatile float after = whole + x;
        lost += whole * whole >= x * x ? (whole - after) + x : (x - after) + whole;
        whole = after;
    }
    return (int64_t)(whole + lost);
}
/* Answers of no tree. */
static int64_t nonsense(void *ctx, int i, int j)
{
    const sum *s = ctx;
    return (i * 7 + j * 13) % (s->n - 1);
}

START_TEST(test_unseen)
{
    sum s = { NULL, 50, 0x1p40f, { .n = 0 } };
    assay_sum_tree t;
    ck_assert(assay_sum_reveal(&t, s.n, wider, &s, 8) && assay_sum_exact(&t)); /* M is too small for doubles */
    assay_sum_free(&t);
    s.swallows = 0x1p80f;
    ck_assert(assay_sum_reveal(&t, s.n, wider, &s, 8) && assay_sum_longest(&t) == 49);
    assay_sum_free(&t);
    ck_assert(assay_sum_reveal(&t, s.n, compensated, &s, 8) && assay_sum_exact(&t)); /* whatever M is */
    assay_sum_free(&t);
    ck_assert(!assay_sum_reveal(&t, s.n, nonsense, &s, 8) && t.why.text[0]);
    assay_sum_free(&t);
}
END_TEST

START_TEST(test_different)
{
    sum a = { lanes, 64, 0x1p40f, { .n = 0 } }, b = { blocked, 64, 0x1p40f, { .n = 0 } };
    assay_sum_tree t, u;
    ck_assert(assay_sum_reveal(&t, 64, left_of, &a, 8) && assay_sum_reveal(&u, 64, left_of, &b, 8));
    ck_assert(!assay_sum_same(&t, &u));
    char *text = assay_sum_text(&u);
    ck_assert_msg(strstr(text, "(((0 1) 2) 3)"), "%s", text);
    free(text);
    assay_sum_free(&t);
    assay_sum_free(&u);
}
END_TEST

Suite *assay_unit_order(void)
{
    Suite *s = suite_create("order");
    TCase *t = tcase_create("order");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, test_known, 0, sizeof known / sizeof *known);
    tcase_add_test(t, test_unseen);
    tcase_add_test(t, test_different);
    suite_add_tcase(s, t);
    return s;
}
