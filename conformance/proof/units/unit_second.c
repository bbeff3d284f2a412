/* SPDX-License-Identifier: MIT
 * Second derivations agree with the references, and a wrong one is found out: one element off by 2^-40, of another
 * class, another index.  Those of the formats give what other programs write and read; every op has one. */
#include "../../../reference/core/dtype.h"
#include "../../../reference/core/registry.h"
#include "../../ops/formats_known.h"
#include "../../second.h"
#include "unit.h"
#include <math.h>
#include <string.h>

static const assay_op *op;

/* The right answers of the op's only output, which is its last operand. */
static double *right(const assay_dense *a)
{
    assay_suite_of(op)->second(a);
    return a->operand[op->n_operands - 1];
}
static void a_little_off(const assay_dense *a)
{
    right(a)[3] *= 1 + 0x1p-40;
}
static void not_a_number(const assay_dense *a)
{
    right(a)[0] = NAN;
}
static void another_index(const assay_dense *a)
{
    double *id = right(a);
    id[1] = id[1] == 0;
}
static void first_id(const assay_dense *a)
{
    right(a)[0] = 0;
}

static bool agrees(const char *line, assay_second second, assay_why *why)
{
    assay_case c;
    assay_problem p;
    ck_assert_msg(assay_case_parse(line, &c, why) == ASSAY_OK && assay_problem_make(&c, &p, why) == ASSAY_OK, "%s: %s",
                  line, why->text);
    const bool same = assay_second_agrees(&p, second, why);
    assay_problem_free(&p);
    return same;
}

START_TEST(wrong_ones)
{
    static const struct {
        const char *op, *line, *says;
        assay_second wrong;
    } rows[] = {
        { "silu", "silu R=2 C=5 gen=gauss seed=1", "y[3]", a_little_off },
        { "silu", "silu R=2 C=5 gen=gauss seed=1", "y[0]", not_a_number },
        { "argmax", "argmax R=3 V=9 gen=gauss seed=1", "id[1]", another_index },
        { "gate_up", "gate_up T=2 N=5 K=32 gate=q4_0 gen=unit seed=1", "y[3]", a_little_off },
        { "attention", "attention T=3 S=5 D=2 E=2 causal=1 gen=gauss seed=1", "o[3]", a_little_off },
        { "sample", "sample R=3 V=9 temp=1 gen=model seed=1", "id[1]", another_index },
    };
    for (size_t i = 0; i < ASSAY_COUNT_OF(rows); i++) {
        assay_why why = { "" };
        op = assay_op_find(rows[i].op);
        ck_assert_msg(agrees(rows[i].line, assay_suite_of(op)->second, &why), "%s", why.text);
        ck_assert(!agrees(rows[i].line, rows[i].wrong, &why));
        ck_assert_msg(strstr(why.text, rows[i].says), "%s: nothing of %s", why.text, rows[i].says);
    }
}
END_TEST

/* u is 1/2 and both ids are as likely: the second is right, and within rounding the first is. */
START_TEST(ties)
{
    static const char line[] = "sample R=1 V=2 temp=1 key=77 step=46256773 gen=zero";
    assay_why why = { "" };
    op = assay_op_find("sample");
    ck_assert_msg(agrees(line, assay_suite_of(op)->second, &why), "%s", why.text);
    ck_assert_msg(agrees(line, first_id, &why), "%s", why.text);
    ck_assert(!agrees(line, not_a_number, &why));
}
END_TEST

/* Bytes and values of the formats are those that other programs have (formats_known.h). */
START_TEST(formats)
{
    enum { N = 65536, K = 11264, ROOM = 512 };
    static double x[N + ROOM];
    static unsigned char block[N * 2];
    for (size_t i = 0; i < ASSAY_COUNT_OF(known_quality); i++) {
        assay_dtype t;
        const assay_dtype_info *ty = assay_dtype_find(known_quality[i].type, &t);
        for (int k = 0; k < 2; k++) {
            const int64_t n = k ? K : N;
            k ? known_K(x, K) : known_N(x, N);
            for (int64_t b = 0; b < n / ty->block; b++)
                ck_assert(assay_second_write(t, x + b * ty->block, block + b * ty->bytes) == !ty->search);
            if (!ty->search)
                ck_assert_uint_eq(known_crc(block, (size_t)(n / ty->block * ty->bytes)),
                                  k ? known_quality[i].k : known_quality[i].n);
        }
    }
    for (size_t i = 0; i < ASSAY_COUNT_OF(known_decode); i++) {
        assay_dtype t;
        const assay_dtype_info *ty = assay_dtype_find(known_decode[i].type, &t);
        float y[256] = { 0 };
        for (int k = 0; k < ty->bytes; k++)
            block[k] = (unsigned char)(37 * k + 11);
        known_scale(block, known_decode[i].d);
        if (known_decode[i].m >= 0) {
            block[known_decode[i].m] = known_decode[i].second & 255;
            block[known_decode[i].m + 1] = (unsigned char)(known_decode[i].second >> 8);
        }
        for (int j = 0; j < ty->block; j++)
            y[j] = (float)assay_second_read(t, block, j) + 0.0F;
        ck_assert_uint_eq(known_crc(y, (size_t)ty->block * sizeof *y), known_decode[i].values);
    }
}
END_TEST

static assay_status count_small(const char *line, void *ctx, assay_why *why)
{
    assay_case c;
    *(int *)ctx += !assay_case_parse(line, &c, why) && assay_second_affords(&c);
    return ASSAY_OK;
}

/* Each op that is no probe has a second derivation, and many small cases in its rows. */
START_TEST(every_op)
{
    for (size_t i = 0; (op = assay_op_at(i)); i++) {
        const assay_suite *s = assay_suite_of(op);
        int small = 0;
        if (s->rows_only)
            continue;
        for (size_t r = 0; r < s->n_rows; r++)
            if (s->rows[r].level == ASSAY_QUICK)
                ck_assert(!assay_case_expand(op, s->rows[r].pattern, count_small, &small, NULL));
        ck_assert_msg(s->second && small >= 100, "%s: %s second derivation, %d small cases", op->name,
                      s->second ? "a" : "no", small);
    }
}
END_TEST

Suite *assay_unit_second(void)
{
    Suite *s = suite_create("second");
    TCase *t = tcase_create("all");
    tcase_add_test(t, wrong_ones);
    tcase_add_test(t, ties);
    tcase_add_test(t, formats);
    tcase_add_test(t, every_op);
    suite_add_tcase(s, t);
    return s;
}
