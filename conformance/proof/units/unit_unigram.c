/* SPDX-License-Identifier: MIT
 * Known answers of SentencePiece unigram, worked out by hand on small vocabularies: ties, unknown text, unused and
 * user-defined pieces, bytes, blanks; what is refused; a long text. */
#include "tokens.h"
#include "unit.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BLANK "\xE2\x96\x81"
typedef token_options options;

/* Of tokens up to the first without a text. */
static assay_status make(const token *list, options o, assay_tokenizer *t, assay_why *why)
{
    int32_t n = 0;
    while (list[n].text)
        n++;
    o.eos = true;
    return assay_unit_tokens(&assay_kind_unigram, list, n, o, t, why);
}

typedef struct known {
    const char *text;
    size_t n;
    int32_t id[12];
} known;

static void check(const token *list, options o, const known *k, size_t n)
{
    assay_tokenizer t;
    assay_why why = { "" };
    ck_assert_msg(make(list, o, &t, &why) == ASSAY_OK, "%s", why.text);
    for (size_t i = 0; i < n; i++, k++)
        assay_unit_becomes(&t, k->text, strlen(k->text), true, k->id, k->n);
    assay_tokenizer_free(&t);
}
#define CHECK(list, o, k) check(list, o, k, sizeof(k) / sizeof *(k))

static const token small[] = {
    { "<unk>", U, 0 }, { "a", N, -1 },    { "b", N, -1 },  { "ab", N, -2 }, { "</s>", C, 0 },
    { "aa", N, -1.5 }, { "ba", N, -1.5 }, { "c", X, -.5 }, { "bb", X, -1 }, { NULL, 0, 0 },
};

START_TEST(test_ways)
{
    static const known k[] = {
        { "", 0, { 0 } },
        { "ab", 1, { 3 } }, /* of equal ways the one whose last piece is longer */
        { "abxy", 2, { 3, 0 } },
        { "xay", 3, { 0, 1, 0 } },
        { "aba", 2, { 1, 6 } }, /* -2.5, where ab and a have -3 */
        { "aaba", 2, { 5, 6 } },
        { "aaa", 2, { 1, 5 } }, /* both -2.5 */
        { "bb", 2, { 2, 2 } },  /* unused: neither alone nor with others */
        { "cc", 1, { 0 } },
        { "a</s>b", 3, { 1, 4, 2 } },
        { "\xE6\xBC\xA2\xFF\xE6", 1, { 0 } },
    };
    CHECK(small, ((options){ 0 }), k);
    static const token far[] = {
        { "<unk>", U, 0 }, { "a", N, -1 }, { "xy", N, -30 }, { "xb", N, -41.5 }, { NULL, 0, 0 }
    };
    static const known unknown[] = {
        { "xy", 1, { 2 } }, /* -30; twice unknown has 2 * (-41.5 - 10) */
        { "xb", 1, { 3 } },     { "axa", 3, { 1, 0, 1 } },
        { "xxy", 2, { 0, 2 } }, { "xyb", 2, { 2, 0 } }, /* x and yb would be less */
    };
    CHECK(far, ((options){ 0 }), unknown);
}
END_TEST

START_TEST(test_users)
{
    static const token list[] = {
        { "<unk>", U, 0 }, { "a", N, -1 },     { "b", N, -1 },       { "<x>", D, 0 },
        { "<x>>", D, 0 },  { "abb", N, -0.5 }, { "ba", D, -99 },     { "q" BLANK, D, 0 },
        { ">", N, -1 },    { BLANK, N, -1 },   { "a b", N, -.0001 }, { NULL, 0, 0 },
    };
    static const known k[] = {
        { "a<x>b", 3, { 1, 3, 2 } }, { "a<x>>b", 3, { 1, 4, 2 } }, { "<x>>>", 2, { 4, 8 } },
        { "bab", 2, { 6, 2 } },      { "q b", 2, { 7, 2 } }, /* a user-defined piece costs nothing, but */
        { "babb", 2, { 2, 5 } },                             /* b and abb: -1.5; ba, b and b: 0.1 - 2 */
        { "a b", 3, { 1, 9, 2 } },                           /* in pieces a blank is written U+2581 */
    };
    CHECK(list, ((options){ 0 }), k);
}
END_TEST

START_TEST(test_bytes)
{
    static const known k[] = {
        { "ab", 1, { 3 } },
        { "axyb", 4, { 1, 9 + 'x', 9 + 'y', 2 } },
        { "\xE6\xBC\xA2", 3, { 9 + 0xE6, 9 + 0xBC, 9 + 0xA2 } },
        { "\xFF"
          "a",
          4,
          { 9 + 0xEF, 9 + 0xBF, 9 + 0xBD, 1 } }, /* no UTF-8: U+FFFD */
        { "c", 1, { 9 + 'c' } },
        { "b ", 4, { 2, 9 + 0xE2, 9 + 0x96, 9 + 0x81 } }, /* a blank is written U+2581 */
    };
    CHECK(small, ((options){ .bytes = true }), k);
}
END_TEST

START_TEST(test_blanks)
{
    static const token list[] = { { "<unk>", U, 0 },    { BLANK, N, -3 },       { "a", N, -3 },
                                  { BLANK "a", N, -2 }, { BLANK BLANK, N, -4 }, { NULL, 0, 0 } };
    static const known kept[] = {
        { "a", 1, { 2 } }, { " a ", 2, { 3, 1 } }, { "   a", 2, { 4, 3 } }, { "a" BLANK "a", 2, { 2, 3 } },
        { " ", 1, { 1 } },
    };
    static const known prefix[] = { { "a", 1, { 3 } }, { "", 0, { 0 } }, { " a", 2, { 1, 3 } }, { " ", 1, { 4 } } };
    static const known squeezed[] = { { "  a   a ", 2, { 3, 3 } }, { "   ", 0, { 0 } }, { "aa", 2, { 3, 2 } } };
    static const known bare[] = { { "  a   a ", 2, { 2, 3 } }, { " ", 0, { 0 } } };
    CHECK(list, ((options){ 0 }), kept);
    CHECK(list, ((options){ .prefix = true }), prefix);
    CHECK(list, ((options){ .prefix = true, .squeeze = true }), squeezed);
    CHECK(list, ((options){ .squeeze = true }), bare);
}
END_TEST

START_TEST(test_refused)
{
    static const token no_unknown[] = { { "a", N, -1 }, { NULL, 0, 0 } };
    const token no_number[] = { { "<unk>", U, 0 }, { "a", N, NAN }, { NULL, 0, 0 } };
    assay_tokenizer t;
    assay_why why = { "" };
    ck_assert_int_eq(make(no_unknown, (options){ 0 }, &t, &why), ASSAY_ERR_FORMAT);
    ck_assert_msg(strstr(why.text, "0 of 256 bytes"), "%s", why.text);
    ck_assert_int_eq(make(no_number, (options){ 0 }, &t, &why), ASSAY_ERR_FORMAT);
    ck_assert_msg(strstr(why.text, "token 1 is not finite"), "%s", why.text);
    ck_assert_int_eq(make(no_unknown, (options){ .bytes = true }, &t, &why), ASSAY_OK);
    ck_assert(!t.add_bos && !t.add_eos);
    assay_tokenizer_free(&t);
    ck_assert_int_eq(make(small, (options){ .prefix = true }, &t, &why), ASSAY_OK);
    ck_assert(!t.add_bos && t.add_eos && t.eos == 4 && t.drop_blank);
    assay_tokenizer_free(&t);
}
END_TEST

/* A million letters, whose sum of scores is counted anew on the way. */
START_TEST(test_long)
{
    enum { LETTERS = 1000001 };
    int32_t *ids;
    assay_tokenizer t;
    assay_why why = { "" };
    ck_assert_int_eq(make(small, (options){ 0 }, &t, &why), ASSAY_OK);
    const size_t n = assay_unit_long(&t, 'a', LETTERS, 10, &ids);
    ck_assert_uint_eq(n, LETTERS / 2 + 1);
    free(ids);
    assay_tokenizer_free(&t);
}
END_TEST

Suite *assay_unit_unigram(void)
{
    Suite *s = suite_create("unigram");
    TCase *c = tcase_create("unigram");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, test_ways);
    tcase_add_test(c, test_users);
    tcase_add_test(c, test_bytes);
    tcase_add_test(c, test_blanks);
    tcase_add_test(c, test_refused);
    tcase_add_test(c, test_long);
    suite_add_tcase(s, c);
    return s;
}
