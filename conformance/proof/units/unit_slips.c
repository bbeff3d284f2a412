/* SPDX-License-Identifier: MIT
 * The slips that specs imply: each does to the numbers what its name says, every kind occurs, and names are one each.
 */
#include "../../../reference/core/registry.h"
#include "../../rules/slips.h"
#include "unit.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { X, W, BIAS, Y, ROOM = 12, OFF = 1 << 20 };

static const assay_slip *named(const char *op, const char *name)
{
    size_t n;
    const assay_slip *s = assay_slips_of(assay_op_find(op), &n);
    for (size_t i = 0; i < n; i++)
        if (!strcmp(s[i].name + strlen("implied-"), name))
            return &s[i];
    ck_abort_msg("%s has no slip %s", op, name);
    return NULL;
}

/* matmul of T = 3, N = 3, K = 4: x and y hold 1 2 3 ..., or what a row says; 9 stood in y. */
START_TEST(test_numbers)
{
    static const struct {
        const char *slip;
        int operand;
        double from[ROOM], to[ROOM];
        int64_t n; /* in place of the slip's own; 0: its own */
    } rows[] = {
        { "shifted-x-K", X, { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 }, { 2, 3, 4, 4, 6, 7, 8, 8, 10, 11, 12, 12 } },
        { "shifted-x-T", X, { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 }, { 5, 6, 7, 8, 9, 10, 11, 12, 9, 10, 11, 12 } },
        { "first-x-T", X, { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 }, { 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4 } },
        { "first-x-K", X, { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 }, { 1, 1, 1, 1, 5, 5, 5, 5, 9, 9, 9, 9 } },
        { "transposed-x-TK", X, { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 }, { 1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12 } },
        { "lost-x-K1", X, { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 }, { 1, 2, 3, 0, 5, 6, 7, 0, 9, 10, 11, 0 } },
        { "lost-x-K8", X, { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 }, { 0 } },
        { "lost-x-K4", X, { 1, 2, 3, 4, 5, 6 }, { 1, 2, 3, 4, 5, 6 } },
        { "repeated-x-K1", X, { 1, 2, 3, 4, 5, 6, 7, 8 }, { 1, 2, 3, 8, 5, 6, 7, 16 } },
        { "zeros-x", X, { 1, 2, 3 }, { 0 } },
        { "ones-x", X, { 5 }, { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 } },
        { "rounded-x-bf16", X, { 1 + 0x1p-9, 3 }, { 1, 3 } },
        { "nan-x", X, { NAN, INFINITY, 2 }, { 0, INFINITY, 2 } },
        { "inf-x", X, { -INFINITY, 2 }, { -0x1.fffffep127, 2 } },
        { "flushed-x", X, { 0x1p-127, 0x1p-126 }, { 0, 0x1p-126 } },
        { "skips-x-w", X, { 1, NAN, INFINITY, 4 }, { 1, NAN, 0, 4 } }, /* w is 0 at k = 2 */
        { "beyond-N2", Y, { 1, 2, 3, 4, 5, 6, 7, 8, 9 }, { 1, 2, 6 + OFF, 4, 5, 12 + OFF, 7, 8, 18 + OFF } },
        { "beyond-K2", Y, { 1, 0, NAN, 4 }, { 2 + OFF, OFF, 0, 8 + OFF, OFF, OFF, OFF, OFF, OFF } },
        { "beyond-K4", Y, { 1, 2, 3 }, { 1, 2, 3 } },
        { "both-T15-N15", Y, { 1, 2, 3, 4, 5, 6, 7, 8, 9 }, { 1, 2, 3, 4, 5, 6, 7, 8, 18 + OFF }, 2 },
        { "dropped-y-N1", Y, { 1, 2, 3, 4, 5, 6, 7, 8, 9 }, { 1, 2, 0, 4, 5, 0, 7, 8, 0 } },
        { "dropped-y-T1", Y, { 1, 2, 3, 4, 5, 6, 7, 8, 9 }, { 1, 2, 3, 4, 5, 6 } },
        { "unwritten-y-N1", Y, { 1, 2, 3, 4, 5, 6, 7, 8, 5 }, { 1, 2, 9, 4, 5, 9, 7, 8, 9 } },
        { "doubled-y-T4", Y, { 1, 2, 3, 4, 5, 6, 7, 8, 9 }, { 2, 4, 6, 8, 10, 12, 14, 16, 18 } },
        { "narrowed-y-f16", Y, { 1 + 0x1p-12, 7 }, { 1, 7 } },
        { "out-nan-y", Y, { NAN, 7 }, { 0, 7 } },
    };
    for (size_t i = 0; i < ASSAY_COUNT_OF(rows); i++) {
        assay_slip mine = *named("matmul", rows[i].slip);
        const assay_slip *const s = &mine;
        double v[4][ROOM] = { { 0 }, { 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0, 1 } }, spare[ROOM], was[ROOM];
        const int64_t dim[] = { 3, 3, 4 };
        assay_tensor t[4] = {
            { .type = ASSAY_f32 }, { .type = ASSAY_f32 }, { .type = ASSAY_f32 }, { .type = ASSAY_f32 }
        };
        assay_slip_call c = { .slip = s, .t = t, .dim = dim, .value = { v[X], v[W], NULL, v[Y] }, .was = was };
        c.spare = spare;
        mine.n = rows[i].n ? rows[i].n : mine.n, mine.m = rows[i].n ? rows[i].n : mine.m;
        for (int k = 0; k < ROOM; k++)
            was[k] = 9;
        memcpy(v[rows[i].operand], rows[i].from, sizeof v[0]);
        assay_slip_spoil(&c, s->kind->at);
        for (int k = 0; k < (rows[i].operand == X ? 12 : 9); k++) {
            const double got = v[rows[i].operand][k], want = rows[i].to[k];
            ck_assert_msg(got == want || (isnan(got) && isnan(want)), "%s: element %d is %g, not %g", rows[i].slip, k,
                          got, want);
        }
    }
}
END_TEST

/* A parameter's other value, where the op takes it; another is no slip, and says why. */
START_TEST(test_fields)
{
    static const struct {
        const char *op, *slip;
        double from, to;
        bool idle;
    } rows[] = {
        { "rmsnorm", "field-zero-eps", 0.5, 0, false },
        { "rmsnorm", "field-default-eps", 0.5, 0.5, true },
        { "rmsnorm", "field-twice-eps", 0.25, 0.5, false },
        { "rmsnorm", "field-twice-plus_one", 1, 0, false },
        { "softmax", "field-zero-scale", 3, 0, false },
        { "softmax", "field-default-scale", 3, 1, false },
        { "sample", "field-cut-key-16", 65541, 5, false },
        { "sample", "field-cut-step-24", 16777217, 16777216, false },
        { "sample", "field-twice-top_k", 3, 6, false },
    };
    for (size_t i = 0; i < ASSAY_COUNT_OF(rows); i++) {
        const assay_slip *s = named(rows[i].op, rows[i].slip);
        const int64_t dim[ASSAY_MAX_DIMS] = { 2, 4 };
        const assay_tensor t[ASSAY_MAX_OPND] = { { 0 } };
        assay_slip_call c = { .slip = s, .t = t, .dim = dim };
        assay_slip_set(&c, rows[i].from);
        ck_assert_double_eq(assay_slip_field(&c), rows[i].from);
        assay_slip_spoil(&c, s->kind->at);
        ck_assert_msg(assay_slip_field(&c) == rows[i].to, "%s: %g, not %g", rows[i].slip, assay_slip_field(&c),
                      rows[i].to);
        ck_assert_int_eq(c.idle != NULL, rows[i].idle);
    }
}
END_TEST

/* 256 and three ones: in bf16 256 + 1 is 256 each time; y is what x w gives.  No sum where y is not that. */
START_TEST(test_sums)
{
    const assay_slip *s = named("matmul", "summed-x-K-bf16");
    const int64_t dim[] = { 1, 1, 4 };
    const assay_tensor t[4] = {
        { .type = ASSAY_f32 }, { .type = ASSAY_f32 }, { .type = ASSAY_f32 }, { .type = ASSAY_f32 }
    };
    for (int other = 0; other < 2; other++) {
        double x[] = { 256, 1, 1, 1 }, w[] = { 1, 1, 1, 1 }, y[] = { 259 + other }, spare[4], was[4];
        assay_slip_call c = { .slip = s, .t = t, .dim = dim, .value = { x, w, NULL, y }, .was = was, .spare = spare };
        assay_slip_spoil(&c, ASSAY_AT_OUTPUT);
        ck_assert_double_eq(y[0], other ? 260 : 256);
        ck_assert(x[0] == 256 && x[3] == 1 && (c.idle != NULL) == (other == 1));
    }
}
END_TEST

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

START_TEST(test_all)
{
    size_t made[ASSAY_SLIP_KINDS] = { 0 };
    const assay_op *op;
    for (size_t o = 0; (op = assay_op_at(o)); o++) {
        size_t n;
        const assay_slip *s = assay_slips_of(op, &n);
        ck_assert_msg(n > 0, "%s has no slips", op->name);
        const char **name = malloc(n * sizeof *name);
        for (size_t i = 0; i < n; i++) { /* ck_assert writes a message each time */
            made[s[i].kind - assay_slip_kinds]++;
            name[i] = s[i].name;
            if (s[i].kernel.variant != &s[i] || strlen(s[i].name) + 1 >= sizeof s[i].name)
                ck_abort_msg("%s: %s does not fit, or its kernel has not the slip as its variant", op->name, s[i].name);
        }
        qsort(name, n, sizeof *name, by_name);
        for (size_t i = 1; i < n; i++)
            if (!strcmp(name[i - 1], name[i]))
                ck_abort_msg("%s: %s is the name of two slips", op->name, name[i]);
        free(name);
    }
    for (int k = 0; k < ASSAY_SLIP_KINDS; k++)
        ck_assert_msg(made[k], "no op has a slip of the kind %s", assay_slip_kinds[k].name);
}
END_TEST

Suite *assay_unit_slips(void)
{
    static const assay_filter all = { 0 };
    Suite *s = suite_create("slips");
    TCase *c = tcase_create("slips");
    assay_slips_prepare(&all);
    tcase_add_test(c, test_numbers);
    tcase_add_test(c, test_fields);
    tcase_add_test(c, test_sums);
    tcase_add_test(c, test_all);
    suite_add_tcase(s, c);
    return s;
}
