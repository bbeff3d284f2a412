/* SPDX-License-Identifier: MIT
 * Text of strangers in each medium. */
#include "../../../reference/core/plain.h"
#include "../../../reference/core/status.h"
#include "unit.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

START_TEST(what_is_plain)
{
    static const struct {
        const char *from, *to;
    } t[] = {
        { "plain", "plain" },
        { "", "" },
        { "Stra\xc3\x9f"
          "e \xe5\xae\xb6 \xf0\x9f\x98\x80",
          "Stra\xc3\x9f"
          "e \xe5\xae\xb6 \xf0\x9f\x98\x80" },
        { "\x1b[2J\r\n\t\x7f", "?[2J????" },
        { "a\xc2\x9b"
          "1m",
          "a??1m" }, /* C1: a terminal takes it for ESC [ */
        { "\xe2\x80\xae"
          "evil\xe2\x80\xac",
          "???evil???" }, /* text turned round */
        { "a\xe2\x80\x8b"
          "b\xef\xbb\xbf",
          "a???b???" },
        { "\xff\xc3(\xed\xa0\x80\xc0\x80", "?"
                                           "?(?????" },
        { "cut \xe5\xae", "cut ??" },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        char text[64];
        strcpy(text, t[i].from);
        ck_assert_str_eq(assay_plain(text), t[i].to);
        ck_assert_int_eq(assay_plain_is(t[i].from), !strcmp(t[i].from, t[i].to));
        ck_assert(assay_plain_is(text));
    }
}
END_TEST

static const char *put(assay_medium m, const char *text)
{
    static char out[200];
    FILE *f = fmemopen(out, sizeof out, "w");
    ck_assert_ptr_nonnull(f);
    assay_plain_put(f, m, text, strlen(text));
    fputc(0, f);
    fclose(f);
    return out;
}

START_TEST(media)
{
    ck_assert_str_eq(put(ASSAY_MARKUP, "<a href='x\"'>&amp;\x1b"), "&lt;a href=&apos;x&quot;&apos;&gt;&amp;amp;?");
    ck_assert_str_eq(put(ASSAY_MARKDOWN, "*b* `c` [l](u) <i> a|b ~ &lt; \\ _u_ avx2_6x16 \n#"),
                     "\\*b\\* \\`c\\` \\[l\\](u) \\<i\\> a\\|b \\~ \\&lt; \\\\ \\_u\\_ avx2_6x16 ?#");
    ck_assert_str_eq(put(ASSAY_PLOT, "a\"b\\n`c`\n"), "a'b/n`c`?");
    ck_assert_str_eq(put(ASSAY_MARKUP, "\xe5\xae\xb6\xe5\xae"), "\xe5\xae\xb6??");
}
END_TEST

/* Sentences quote what stands in files. */
START_TEST(sentences)
{
    assay_why why;
    assay_fail(&why, ASSAY_ERR_FORMAT, "tensor '%s' of rank %d", "a\x1b[31m\n", 3);
    ck_assert_str_eq(why.text, "tensor 'a?[31m?' of rank 3");
}
END_TEST

/* A pipe gets what a model wrote byte for byte, a terminal what it may show. */
START_TEST(a_terminal)
{
    static const char text[] = "a\x1b[2J\tb\n\xc2\x9b";
    char got[64] = "";
    FILE *f = fmemopen(got, sizeof got, "w");
    assay_plain_say(f, text, sizeof text - 1);
    fclose(f);
    ck_assert_str_eq(got, text);
    const int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) || unlockpt(master))
        return; /* n/a: no terminals here */
    FILE *tty = fopen(ptsname(master), "w");
    ck_assert_ptr_nonnull(tty);
    assay_plain_say(tty, text, sizeof text - 1);
    fflush(tty);
    FILE *end = fdopen(master, "r");
    ck_assert_ptr_nonnull(fgets(got, sizeof got, end));
    ck_assert_ptr_nonnull(strstr(got, "a?[2J"));
    ck_assert_ptr_nonnull(strchr(got, 'b'));
    fclose(tty);
    fclose(end);
}
END_TEST

Suite *assay_unit_plain(void)
{
    Suite *s = suite_create("plain");
    TCase *c = tcase_create("plain");
    tcase_add_test(c, what_is_plain);
    tcase_add_test(c, media);
    tcase_add_test(c, sentences);
    tcase_add_test(c, a_terminal);
    suite_add_tcase(s, c);
    return s;
}
