/* SPDX-License-Identifier: MIT
 * WordPiece from a vocabulary in memory: greedy prefixes, whole words that are unknown, what cleaning leaves of a text,
 * and what a vocab.txt must not say.  Answers are those of Hugging Face's tokenizers 0.23.3 on the same vocabulary
 * (vectors/independent/words.py compares far more). */
#include "../../../reference/models/prompt.h"
#include "tokens.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>

enum { PAD, UNUSED, UNK, CLS, SEP, MASK, UN, AFF, ABLE, HELLO, WORLD, COMMA, BANG, A, AA, CAFE, CAFE_ACCENT, HAN, SS };
static const char vocabulary[] =
    "[PAD]\n[unused0]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nun\n##aff\n##able\nhello\nworld\n,\n!\na\n##a\n"
    "cafe\ncaf\xC3\xA9\n\xE6\xBC\xA2\n##\xC3\x9F\n$\n\xE2\x82\xAC\n##\xE2\x82\xAC\nHello\n"
    "##\xE2\x96\x81\n\xE2\x96\x81\ni\n##\xCC\x87\n##\xF0\x9D\x85\xA5\n##\xE3\x80\xAE\n[\ncls\n]";
enum { DOLLAR = SS + 1, EURO, EURO_REST, HELLO_CASED, MARK_REST, MARK, I, DOT, STEM, SIDE, OPEN, CLS_WORD, CLOSE };

static assay_tokenizer made(const char *text, size_t n, bool lower, bool strip_accents)
{
    assay_vocab v;
    assay_tokenizer t;
    assay_why why = { "" };
    ck_assert_msg(assay_vocab_txt(text, n, "vocab.txt", &v, &why) == ASSAY_OK, "%s", why.text);
    v.lower = lower;
    v.strip_accents = strip_accents;
    ck_assert_msg(assay_tokenizer_make(&v, &t, &why) == ASSAY_OK, "%s", why.text);
    assay_vocab_free(&v);
    return t;
}

typedef struct known {
    const char *text;
    size_t n;
    int32_t id[8];
} known;

static void all_become(const assay_tokenizer *t, bool special, const known *k, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assay_unit_becomes(t, k[i].text, strlen(k[i].text), special, k[i].id, k[i].n);
}

START_TEST(test_words)
{
    static const known uncased[] = {
        { "unaffable", 3, { UN, AFF, ABLE } },
        { "unaffablex", 1, { UNK } }, /* the whole word */
        { "x unaff", 3, { UNK, UN, AFF } },
        { "Hello, WORLD!", 4, { HELLO, COMMA, WORLD, BANG } },
        { " hello\t\r\nworld \xE2\x80\xA8", 2, { HELLO, WORLD } }, /* U+2028 is a blank */
        { "hel\x0Blo", 1, { HELLO } },                             /* a control character */
        { "hel\xC2\xADlo\xE2\x80\x8B", 1, { HELLO } },             /* U+00AD, U+200B */
        { "hel\xEF\xBF\xBDlo", 1, { HELLO } },                     /* U+FFFD */
        { "hel\xFFlo\xC3", 1, { HELLO } },                         /* no UTF-8: as U+FFFD */
        { "CAF\xC3\x89 cafe\xCC\x81", 2, { CAFE, CAFE } },
        { "a\xE6\xBC\xA2"
          "a\xE6\xBC\xA2\xE6\xBC\xA2",
          5,
          { A, HAN, A, HAN, HAN } },
        { "a\xE3\x81\x8B", 1, { UNK } }, /* kana are letters */
        { "a$a", 3, { A, DOLLAR, A } },
        { "a\xE2\x82\xAC \xE2\x82\xAC", 3, { A, EURO_REST, EURO } }, /* no punctuation */
        { "a\xE2\x80\x94"
          "a",
          3,
          { A, UNK, A } }, /* a dash */
        { "a\xE1\xBF\xAF"
          "a",
          3,
          { A, UNK, A } }, /* U+1FEF is decomposed into ` */
        { "aa \xE2\x96\x81", 3, { A, AA, MARK } },
        { "a\xE2\x96\x81", 2, { A, MARK_REST } },
        { "A\xE3\x80\xAE\xF0\x9D\x85\xA5", 3, { A, STEM, SIDE } }, /* U+302E, of order 224, and U+1D165, of 216 */
        { "a\xC3\x9F \xE1\xBA\x9E", 3, { A, SS, UNK } },
        { "\xC4\xB0", 1, { I } },
        { "[CLS]", 3, { OPEN, CLS_WORD, CLOSE } },
        { "a\xE0\xA3\x8A", 1, { UNK } }, /* U+08CA: a mark since Unicode 14, a letter here */
        { "a\xD8\x9D"
          "a",
          1,
          { UNK } }, /* U+061D: punctuation since Unicode 14 */
        { "a\xE1\x99\xAD"
          "a",
          3,
          { A, UNK, A } }, /* U+166D: punctuation until Unicode 11 */
        { "", 0, { 0 } },
        { " \n", 0, { 0 } },
    };
    static const known cased[] = {
        { "Hello hello HELLO", 3, { HELLO_CASED, HELLO, UNK } },
        { "caf\xC3\xA9 cafe\xCC\x81 cafe", 3, { CAFE_ACCENT, UNK, CAFE } },
        { "a\xE6\xBC\xA2", 2, { A, HAN } },
    };
    static const known special[] = {
        { "[CLS]hello[MASK]aa[SEP]", 6, { CLS, HELLO, MASK, A, AA, SEP } },
        { "[cls]", 3, { OPEN, CLS_WORD, CLOSE } },
        { "hel[UNK]lo", 3, { UNK, UNK, UNK } },
    };
    static const known lower_alone[] = { { "\xC4\xB0", 2, { I, DOT } }, { "CAF\xC3\x89", 1, { CAFE_ACCENT } } };
    static const known accents_alone[] = { { "caf\xC3\xA9 Hello", 2, { CAFE, HELLO_CASED } }, { "CAFE", 1, { UNK } } };
    assay_tokenizer t = made(vocabulary, strlen(vocabulary), true, true);
    ck_assert(t.add_bos && t.bos == CLS && t.add_eos && t.eos == SEP && t.drop_blank);
    ck_assert(t.type[CLS] == ASSAY_TOKEN_CONTROL && t.type[MASK] == ASSAY_TOKEN_CONTROL &&
              t.type[UNUSED] == ASSAY_TOKEN_UNUSED && t.type[UN] == ASSAY_TOKEN_NORMAL);
    all_become(&t, false, uncased, sizeof uncased / sizeof *uncased);
    all_become(&t, true, special, sizeof special / sizeof *special);
    assay_unit_becomes(&t, "hel\0lo", 6, false, (const int32_t[]){ HELLO }, 1); /* U+0000 */
    ck_assert(assay_span_is(assay_tokenizer_piece(&t, HELLO, false), " hello"));
    ck_assert(assay_span_is(assay_tokenizer_piece(&t, ABLE, false), "able"));
    ck_assert(assay_span_is(assay_tokenizer_piece(&t, MARK_REST, false), "\xE2\x96\x81"));
    ck_assert(assay_span_is(assay_tokenizer_piece(&t, UNK, true), "[UNK]"));
    assay_tokenizer_free(&t);
    t = made(vocabulary, strlen(vocabulary), false, false);
    all_become(&t, false, cased, sizeof cased / sizeof *cased);
    assay_tokenizer_free(&t);
    t = made(vocabulary, strlen(vocabulary), true, false);
    all_become(&t, false, lower_alone, sizeof lower_alone / sizeof *lower_alone);
    assay_tokenizer_free(&t);
    t = made(vocabulary, strlen(vocabulary), false, true);
    all_become(&t, false, accents_alone, sizeof accents_alone / sizeof *accents_alone);
    assay_tokenizer_free(&t);
}
END_TEST

START_TEST(test_long_words)
{
    char text[401];
    int32_t want[101] = { A };
    const int32_t unknown = UNK;
    assay_tokenizer t = made(vocabulary, strlen(vocabulary), true, true);
    for (int i = 1; i < 101; i++)
        want[i] = AA;
    memset(text, 'a', sizeof text);
    assay_unit_becomes(&t, text, 100, false, want, 100);
    assay_unit_becomes(&t, text, 101, false, &unknown, 1);
    assay_unit_becomes(&t, text, sizeof text, false, &unknown, 1);
    text[100] = ' '; /* what follows a long word is not lost */
    assay_unit_becomes(&t, text, 101, false, want, 100);
    for (size_t i = 1; i < sizeof text - 1; i += 2) /* dropped marks do not count */
        memcpy(text + i, "\xCC\x81", 2);
    assay_unit_becomes(&t, text, 201, false, want, 1);
    assay_tokenizer_free(&t);
}
END_TEST

static void refused(const char *text, size_t n, const char *part)
{
    assay_vocab v;
    assay_why why = { "" };
    ck_assert_int_eq(assay_vocab_txt(text, n, "vocab.txt", &v, &why), ASSAY_ERR_FORMAT);
    ck_assert_msg(strstr(why.text, part) && strstr(why.text, "vocab.txt"), "'%s' lacks '%s'", why.text, part);
}

START_TEST(test_files)
{
    static const char windows[] = "[UNK]\r\n\r\na\r\n##a\r\na\r\n", nul[] = "[UNK]\na\0b\n";
    static const int32_t want[] = { 4, 3 };
    assay_tokenizer t = made(windows, strlen(windows), true, true);
    ck_assert_int_eq(t.n, 5);
    ck_assert(!t.add_bos && !t.add_eos && t.lacks_bos && t.lacks_eos);
    assay_prompt p;
    assay_why why = { "" };
    ck_assert_int_eq(assay_prompt_make(&t, "a", 1, false, &p, &why), ASSAY_OK);
    ck_assert_msg(strstr(p.note, "[CLS]") && strstr(p.note, "[SEP]"), "'%s'", p.note);
    free(p.id);
    assay_unit_becomes(&t, "aa", 2, false, want, 2); /* of two equals the last */
    assay_tokenizer_free(&t);
    refused("", 0, "0 lines");
    refused("a\nb\n", 4, "[UNK]");
    refused("[UNK]\na\n[UNK]", 13, "in line 1 and again in line 3");
    refused("[UNK]\n[SEP]\n[SEP]\n", 18, "[SEP] stands in line 2");
    refused("[UNK]\n\na\xC3\n", 10, "line 3, byte 2");
    refused(nul, sizeof nul - 1, "line 2, byte 2");
}
END_TEST

START_TEST(test_config)
{
    static const struct {
        const char *text;
        bool lower, strip_accents;
        const char *wrong; /* NULL: read */
    } k[] = {
        { "{}", true, true, NULL },
        { "{\"do_lower_case\":false}", false, false, NULL },
        { "{\"do_lower_case\":false,\"strip_accents\":true}", false, true, NULL },
        { "{\"do_lower_case\":true,\"strip_accents\":null}", true, true, NULL },
        { "{\"strip_accents\":false,\"tokenize_chinese_chars\":true}", true, false, NULL },
        { "{\"do_lower_case\":1}", true, true, "do_lower_case" },
        { "{\"strip_accents\":\"no\"}", true, true, "strip_accents" },
        { "{\"tokenize_chinese_chars\":false}", true, true, "tokenize_chinese_chars" },
        { "[]", true, true, "no JSON object" },
    };
    for (size_t i = 0; i < sizeof k / sizeof *k; i++) {
        assay_vocab v = { .lower = !k[i].lower, .strip_accents = !k[i].strip_accents };
        assay_why why = { "" };
        const assay_status s = assay_vocab_config(k[i].text, strlen(k[i].text), "config", &v, &why);
        ck_assert_msg((s != ASSAY_OK) == (k[i].wrong != NULL), "%s: '%s'", k[i].text, why.text);
        if (k[i].wrong)
            ck_assert_msg(strstr(why.text, k[i].wrong), "%s: '%s'", k[i].text, why.text);
        else
            ck_assert_msg(v.lower == k[i].lower && v.strip_accents == k[i].strip_accents, "%s", k[i].text);
    }
}
END_TEST

Suite *assay_unit_wordpiece(void)
{
    Suite *s = suite_create("wordpiece");
    TCase *c = tcase_create("words");
    tcase_add_test(c, test_words);
    tcase_add_test(c, test_long_words);
    tcase_add_test(c, test_files);
    tcase_add_test(c, test_config);
    suite_add_tcase(s, c);
    return s;
}
