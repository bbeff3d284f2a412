/* SPDX-License-Identifier: MIT
 * The case lines and patterns of docs/cases.md: each line of its ```case blocks is read, printed and read again as the
 * same case; `PATTERN => N` means N of them. */
#include "../../../reference/core/registry.h"
#include "assay_build.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Counts the lines of a pattern. */
static assay_status read_twice(const char *line, void *ctx, assay_why *why)
{
    assay_case c, again;
    char text[ASSAY_CASE_LINE], text_again[ASSAY_CASE_LINE];
    const assay_status s = assay_case_parse(line, &c, why);
    if (s)
        return s;
    assay_case_print(&c, text, sizeof text);
    ck_assert_msg(strstr(text, "none") == NULL, "%s: what is left out is printed", text);
    ck_assert_msg(!assay_case_parse(text, &again, why), "%s: %s", text, why->text);
    assay_case_print(&again, text_again, sizeof text_again);
    ck_assert_str_eq(text, text_again);
    ++*(int *)ctx;
    return ASSAY_OK;
}

START_TEST(page)
{
    FILE *f = fopen(ASSAY_SOURCE_DIR "/docs/cases.md", "r");
    char line[ASSAY_CASE_LINE];
    bool inside = false;
    int lines = 0;
    ck_assert_ptr_nonnull(f);
    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = 0;
        if (!strncmp(line, "```", 3)) {
            inside = !strcmp(line, "```case");
            continue;
        }
        if (!inside)
            continue;
        char *count = strstr(line, " => "), *keys = strchr(line, ' ');
        assay_why why = { "" };
        int n = 0;
        if (count)
            *count = 0;
        ck_assert_ptr_nonnull(keys);
        *keys = 0;
        ck_assert_msg(!assay_case_expand(assay_op_find(line), keys + 1, read_twice, &n, &why), "%s: %s", keys + 1,
                      why.text);
        ck_assert_int_eq(n, count ? atoi(count + 4) : 1);
        lines++;
    }
    fclose(f);
    ck_assert_int_ge(lines, 6);
}
END_TEST

static void expect_line(const char *line, const char *want)
{
    assay_case c;
    assay_why why = { "" };
    char text[ASSAY_CASE_LINE];
    ck_assert_msg(!assay_case_parse(line, &c, &why), "%s: %s", line, why.text);
    c.seed = 0;
    assay_case_print(&c, text, sizeof text);
    ck_assert_str_eq(text, want);
}

START_TEST(absence)
{
    assay_case given, absent, plain;
    assay_why why = { "" };
    expect_line("matmul T=2 N=3 K=4 bias=none", "matmul T=2 N=3 K=4 gen=gauss");
    expect_line("matmul T=2 N=3 K=4 bias=f32 bias=none", "matmul T=2 N=3 K=4 gen=gauss");
    expect_line("attention mask=f32/TS mask=f32",
                "attention B=1 T=1 S=1 H=1 G=1 D=1 E=1 P=1 X=1 Y=1 mask=f32 gen=gauss");
    ck_assert(!assay_case_parse("matmul bias=f32", &given, &why) &&
              !assay_case_parse("matmul bias=none", &absent, &why) && !assay_case_parse("matmul", &plain, &why));
    ck_assert(given.present != absent.present && absent.present == plain.present && absent.seed == plain.seed);
    ck_assert_int_eq(assay_case_parse("matmul w=none", &plain, &why), ASSAY_ERR_ARG);
    ck_assert_int_eq(assay_case_parse("matmul bias=none/N", &plain, &why), ASSAY_ERR_DTYPE);
}
END_TEST

Suite *assay_unit_case(void)
{
    Suite *s = suite_create("case");
    TCase *c = tcase_create("case");
    tcase_add_test(c, page);
    tcase_add_test(c, absence);
    suite_add_tcase(s, c);
    return s;
}
