/* SPDX-License-Identifier: MIT
 * Over the cases of an op, each operand lies at every offset within 64 bytes that its element type allows, and dense
 * beside others that are padded. */
#include "../../../reference/core/dtype.h"
#include "../../../reference/core/registry.h"
#include "../../judge/placement.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>

typedef struct seen {
    uint64_t head[ASSAY_MAX_OPND]; /* bit: an offset in bytes; of types of 4 bytes */
    int64_t cases[ASSAY_MAX_OPND], dense[ASSAY_MAX_OPND];
} seen;

static int64_t step_of(assay_dtype t)
{
    const assay_dtype_info *ty = assay_dtype_of(t);
    return ty->block > 1 ? 2 : ty->bytes;
}

static assay_status look(const char *line, void *ctx, assay_why *why)
{
    seen *s = ctx;
    assay_case c;
    const assay_status st = assay_case_parse(line, &c, why);
    for (int i = 0; !st && i < c.op->n_operands; i++)
        if ((c.present >> i & 1) && step_of(c.type[i]) == 4) {
            const assay_misplaced m = assay_misplace(&c, i);
            s->head[i] |= UINT64_C(1) << m.head;
            s->cases[i]++;
            s->dense[i] += m.pad == 0;
        }
    return st;
}

START_TEST(every_offset_and_some_dense)
{
    int judged = 0;
    for (size_t n = 0; assay_op_at(n); n++) {
        const assay_op *op = assay_op_at(n);
        const assay_suite *suite = assay_suite_of(op);
        seen s;
        assay_why why = { "" };
        memset(&s, 0, sizeof s);
        for (size_t r = 0; suite && r < suite->n_rows; r++)
            ck_assert_msg(!assay_case_expand(op, suite->rows[r].pattern, look, &s, &why), "%s", why.text);
        for (int i = 0; i < op->n_operands; i++) {
            if (s.cases[i] < 128) /* 16 offsets: by chance one is missed in 4 of 1000 */
                continue;
            judged++;
            ck_assert_msg(s.head[i] == UINT64_C(0x1111111111111111),
                          "%s: %s lies at offsets 0x%016llx only, in %lld cases", op->name, op->operands[i].name,
                          (unsigned long long)s.head[i], (long long)s.cases[i]);
            ck_assert_msg(s.dense[i] > 0 && s.dense[i] < s.cases[i], "%s: %s is dense in %lld of %lld cases", op->name,
                          op->operands[i].name, (long long)s.dense[i], (long long)s.cases[i]);
        }
    }
    printf("%d operands at all 16 offsets\n", judged);
    ck_assert_int_gt(judged, 15);
}
END_TEST

Suite *assay_unit_place(void)
{
    Suite *s = suite_create("place");
    TCase *c = tcase_create("place");
    tcase_add_test(c, every_offset_and_some_dense);
    suite_add_tcase(s, c);
    return s;
}
