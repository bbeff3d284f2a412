/* SPDX-License-Identifier: MIT
 * Known answers of SentencePiece BPE, worked out by hand on small vocabularies, and its files: the order of merges,
 * pieces that are split again, bytes and unknown text, blanks, user-defined pieces, damaged files. */
#include "../../../reference/models/prompt.h"
#include "tokens.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>

#define BLANK "\xE2\x96\x81"
typedef struct known {
    const char *text;
    bool special;
    size_t n;
    int32_t id[12];
} known;

static assay_tokenizer made(const token *list, int32_t n, bool bytes, bool prefix, bool squeeze)
{
    const token_options o = { bytes, prefix, squeeze, false };
    assay_tokenizer t;
    assay_why why = { "" };
    ck_assert_msg(assay_unit_tokens(&assay_kind_pieces, list, n, o, &t, &why) == ASSAY_OK, "%s", why.text);
    return t;
}

static void check(const assay_tokenizer *t, const known *k, size_t n)
{
    for (size_t i = 0; i < n; i++, k++)
        assay_unit_becomes(t, k->text, strlen(k->text), k->special, k->id, k->n);
}
#define CHECK(t, k) check(t, k, sizeof(k) / sizeof *(k))

START_TEST(test_merges)
{
    static const token list[] = {
        { "<unk>", U, 0 }, { "a", N, -9 },  { "b", N, -9 },   { "c", N, -9 },   { "ab", N, -2 },
        { "bc", N, -1 },   { "aa", N, -3 }, { "aab", N, -4 }, { "abc", N, -5 }, { "ca", N, -3 },
    };
    static const known k[] = {
        { "abc", false, 1, { 8 } },                                 /* bc (-1) before ab (-2), then a with bc */
        { "ab", false, 1, { 4 } },      { "aab", false, 1, { 7 } }, /* ab first, then a with ab */
        { "aaa", false, 2, { 6, 1 } },                              /* leftmost on ties */
        { "aaaa", false, 2, { 6, 6 } }, { "", false, 0, { 0 } },
        { "caa", false, 2, { 9, 1 } }, /* ca and aa have one score */
        { "aaca", false, 2, { 6, 9 } }, { "bcab", false, 2, { 5, 4 } },
    };
    assay_tokenizer t = made(list, sizeof list / sizeof *list, false, false, false);
    CHECK(&t, k);
    assay_tokenizer_free(&t);
}
END_TEST

/* A piece that is not used is merged, then split as it was merged last. */
START_TEST(test_unused)
{
    static const token list[] = {
        { "<unk>", U, 0 }, { "a", N, -9 },  { "b", N, -9 },   { "c", N, -9 },  { "ab", X, -1 },
        { "abc", X, -2 },  { "bb", N, -5 }, { "cab", N, -3 }, { "cc", X, -4 }, { "d", X, -9 },
    };
    static const known k[] = {
        { "ab", false, 2, { 1, 2 } }, { "abc", false, 3, { 1, 2, 3 } },
        { "cab", false, 1, { 7 } },   { "abb", false, 3, { 1, 2, 2 } }, /* ab was first, so bb is not */
        { "cc", false, 2, { 3, 3 } }, { "d", false, 1, { 0 } },         /* a character is not split: unknown */
    };
    assay_tokenizer t = made(list, sizeof list / sizeof *list, false, false, false);
    CHECK(&t, k);
    assay_tokenizer_free(&t);
}
END_TEST

START_TEST(test_unknown)
{
    static const token list[] = { { "<unk>", U, 0 }, { "a", N, 0 }, { "\xC3\xA9", N, 0 }, { "b", N, 0 } };
    static const known fused[] = {
        { "xa", false, 2, { 0, 1 } },          { "xyza", false, 2, { 0, 1 } },
        { "axybz", false, 4, { 1, 0, 3, 0 } }, { "\xC3\xA9\xE6\xBC\xA2\xF0\x9F\x99\x82", false, 2, { 2, 0 } },
        { "<unk>", true, 1, { 0 } },
    };
    static const known bytes[] = {
        { "xa", false, 2, { 4 + 'x', 1 } },
        { "\xC3\xA9\xE6\xBC\xA2", false, 4, { 2, 4 + 0xE6, 4 + 0xBC, 4 + 0xA2 } },
        { "\xFF"
          "b",
          false,
          4,
          { 4 + 0xEF, 4 + 0xBF, 4 + 0xBD, 3 } },                 /* no UTF-8: U+FFFD */
        { " a", false, 4, { 4 + 0xE2, 4 + 0x96, 4 + 0x81, 1 } }, /* as it would be written in a piece */
        { "<0x41>", false, 6, { 4 + '<', 4 + '0', 4 + 'x', 4 + '4', 4 + '1', 4 + '>' } },
    };
    assay_tokenizer t = made(list, 4, false, false, false);
    CHECK(&t, fused);
    assay_tokenizer_free(&t);
    t = made(list, 4, true, false, false);
    CHECK(&t, bytes);
    ck_assert(assay_span_is(assay_tokenizer_piece(&t, 4 + 'x', false), "x"));
    assay_tokenizer_free(&t);
    t = made(list + 1, 3, false, false, false); /* neither: left out, and said */
    assay_prompt p;
    assay_why why = { "" };
    ck_assert_int_eq(assay_prompt_make(&t, "xaxx", 4, false, &p, &why), ASSAY_OK);
    ck_assert(p.n == 1 && p.id[0] == 0 && strstr(p.note, "3 bytes") && strstr(p.note, "0x78"));
    free(p.id);
    assay_tokenizer_free(&t);
}
END_TEST

START_TEST(test_blanks)
{
    static const token list[] = {
        { "<unk>", U, 0 }, { "<s>", C, 0 },      { BLANK, N, -9 },       { "a", N, -9 },
        { "b", N, -9 },    { BLANK "a", N, -1 }, { BLANK BLANK, N, -2 }, { "b" BLANK, N, -3 },
    };
    static const known plain[] = {
        { "a", false, 1, { 3 } },      { " a", false, 1, { 5 } },
        { "  a", false, 2, { 2, 5 } }, { "a b", false, 3, { 3, 2, 4 } },
        { "b b", false, 2, { 7, 4 } }, { BLANK "a", false, 1, { 5 } }, /* U+2581 in a text is a blank */
    };
    static const known prefix[] = {
        { "a", false, 1, { 5 } },
        { " a", false, 2, { 2, 5 } },
        { "", false, 0, { 0 } },
        { "ba", false, 3, { 2, 4, 3 } },
        { "<s>a<s>b", true, 5, { 1, 5, 1, 2, 4 } },
        { "b<s>", true, 3, { 2, 4, 1 } },
    };
    static const known squeezed[] = {
        { "  a  b ", false, 3, { 5, 2, 4 } },
        { "   ", false, 0, { 0 } },
        { "a", false, 1, { 5 } },
    };
    assay_tokenizer t = made(list, sizeof list / sizeof *list, false, false, false);
    ck_assert(!t.drop_blank);
    CHECK(&t, plain);
    ck_assert(assay_span_is(assay_tokenizer_piece(&t, 5, false), " a"));
    assay_tokenizer_free(&t);
    t = made(list, sizeof list / sizeof *list, false, true, false);
    ck_assert(t.drop_blank);
    CHECK(&t, prefix);
    assay_tokenizer_free(&t);
    t = made(list, sizeof list / sizeof *list, false, true, true);
    CHECK(&t, squeezed);
    assay_tokenizer_free(&t);
}
END_TEST

/* They are no part of a merge; a text has one blank in front, whether it begins with one or not. */
START_TEST(test_users)
{
    static const token list[] = {
        { "<unk>", U, 0 },     { BLANK, N, -9 }, { "a", N, -9 },   { "ab", N, -1 },
        { "b", N, -9 },        { "<x>", D, 0 },  { "<x>>", D, 0 }, { "ba", D, 0 },
        { BLANK BLANK, D, 0 }, { ">a", N, 0 },   { ">", N, -9 },   { BLANK "a", N, -1 },
    };
    static const known k[] = {
        { "<x>a", false, 3, { 1, 5, 2 } },
        { "a<x>>a", false, 3, { 11, 6, 2 } }, /* the longest */
        { "aba", false, 2, { 11, 7 } },       /* ab would have been first */
        { "<x> a", false, 3, { 1, 5, 11 } },
        { " a", false, 2, { 8, 2 } },
        { "b" BLANK " a", false, 4, { 1, 4, 8, 2 } },
    };
    assay_tokenizer t = made(list, sizeof list / sizeof *list, false, true, false);
    CHECK(&t, k);
    ck_assert(assay_span_is(assay_tokenizer_piece(&t, 8, false), "  "));
    assay_tokenizer_free(&t);
    static const known squeezed[] = { { " a  <x>   a ", false, 4, { 11, 1, 5, 11 } } };
    t = made(list, sizeof list / sizeof *list, false, true, true);
    CHECK(&t, squeezed);
    assay_tokenizer_free(&t);
}
END_TEST

/* 1 MB of one letter: a text that is merged pair by pair. */
START_TEST(test_long)
{
    enum { LONG = 1 << 20 };
    static const token list[] = { { "<unk>", U, 0 }, { "a", N, -9 },   { "aa", N, -1 },
                                  { "aaaa", N, -2 }, { "aaa", N, -3 }, { "aaaaaaaa", N, -4 } };
    assay_tokenizer t = made(list, sizeof list / sizeof *list, false, false, false);
    int32_t *ids;
    const size_t n = assay_unit_long(&t, 'a', LONG - 1, 20, &ids);
    ck_assert_uint_eq(n, LONG / 8 - 1 + 2); /* the last 7: aaaa, then aa and a make aaa */
    ck_assert_int_eq(ids[0], 5);
    ck_assert(ids[n - 2] == 3 && ids[n - 1] == 4);
    free(ids);
    assay_tokenizer_free(&t);
}
END_TEST

Suite *assay_unit_pieces(void)
{
    Suite *s = suite_create("pieces");
    TCase *c = tcase_create("pieces");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, test_merges);
    tcase_add_test(c, test_unused);
    tcase_add_test(c, test_unknown);
    tcase_add_test(c, test_blanks);
    tcase_add_test(c, test_users);
    tcase_add_test(c, test_long);
    suite_add_tcase(s, c);
    return s;
}
