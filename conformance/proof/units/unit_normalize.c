/* SPDX-License-Identifier: MIT
 * Text as SentencePiece's pieces are written: blanks, text that is no UTF-8, compiled rules that are built here, sound
 * and damaged. */
#include "../../../reference/models/normalize.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>

#define BLANK  "\xE2\x96\x81"
#define BROKEN "\xEF\xBF\xBD"

enum { PAGES = 16, UNITS = PAGES * 256, TEXTS = 32 };

/* A page of children for each node that has some; a rule's text hangs on the first unit of the page. */
typedef struct rules {
    uint32_t unit[UNITS];
    char text[TEXTS];
    uint32_t page, n;
    unsigned char blob[4 + 4 * UNITS + TEXTS];
} rules;

static uint32_t children(rules *r, uint32_t node)
{
    if (!(r->unit[node] >> 10))
        r->unit[node] |= (node ^ ++r->page << 8) << 10;
    return node ^ r->unit[node] >> 10;
}

static void add(rules *r, const char *key, const char *to)
{
    uint32_t node = 0;
    for (; *key; key++) {
        node = children(r, node) | (unsigned char)*key;
        r->unit[node] |= (unsigned char)*key;
    }
    r->unit[children(r, node)] = 1u << 31 | r->n;
    r->unit[node] |= 0x100;
    strcpy(r->text + r->n, to);
    r->n += (uint32_t)strlen(to) + 1;
}

static assay_span blob(rules *r)
{
    for (size_t i = 0; i < 4 * (UNITS + 1); i++)
        r->blob[i] = (unsigned char)((i < 4 ? 4 * UNITS : r->unit[i / 4 - 1]) >> 8 * (i % 4));
    memcpy(r->blob + 4 * (UNITS + 1), r->text, r->n);
    return (assay_span){ (const char *)r->blob, 4 * (UNITS + 1) + r->n };
}

static rules *some_rules(void)
{
    rules *r = calloc(1, sizeof *r);
    ck_assert_ptr_nonnull(r);
    add(r, "A", "a");
    add(r, "\t", " ");
    add(r, "x", "");
    add(r, "xy", "ab");
    add(r, "\xEF\xAC\x81", "b b"); /* U+FB01 */
    return r;
}

typedef struct known {
    const char *text, *want;
} known;

static void check(const assay_vocab *v, bool first, bool last, const known *k, size_t n)
{
    assay_normalizer z;
    assay_why why = { "" };
    ck_assert_msg(assay_normalizer_make(v, &z, &why) == ASSAY_OK, "%s", why.text);
    for (size_t i = 0; i < n; i++, k++) {
        char *got;
        size_t n_got;
        ck_assert_int_eq(assay_normalize(&z, k->text, strlen(k->text), first, last, &got, &n_got, &why), ASSAY_OK);
        ck_assert_msg(n_got == strlen(k->want) && !memcmp(got, k->want, n_got), "'%s': '%.*s', not '%s'", k->text,
                      (int)n_got, got, k->want);
        free(got);
    }
    assay_normalizer_free(&z);
}
#define CHECK(first, last, k, ...)                                                                                     \
    check(&(const assay_vocab){ .label = "memory", __VA_ARGS__ }, first, last, k, sizeof(k) / sizeof *(k))

START_TEST(test_blanks)
{
    static const known kept[] = { { "", "" }, { " a  b ", " a  b " }, { "  ", "  " }, { "a" BLANK "b", "a b" } };
    static const known prefix[] = { { "", "" }, { " a", "  a" }, { "a", " a" }, { " ", "  " } };
    static const known both[] = { { "", "" }, { "  a  b  ", " a b" }, { "   ", "" }, { "a\tb", " a\tb" } };
    static const known inner[] = { { "  a  b  ", " a b" }, { "   ", "" } };
    static const known outer[] = { { "  a  b  ", " a b " }, { "   ", " " } };
    /* U+2581 is a blank only when it ends a text: nothing else counts it, as in SentencePiece. */
    static const known written[] = { { BLANK BLANK "a" BLANK " " BLANK, "   a" }, { BLANK " " BLANK, "" } };
    CHECK(true, true, kept, .n = 0);
    CHECK(true, true, prefix, .space_prefix = true);
    CHECK(false, true, kept, .space_prefix = true);
    CHECK(true, true, both, .space_prefix = true, .squeeze = true);
    CHECK(true, true, written, .space_prefix = true, .squeeze = true);
    CHECK(false, true, inner, .space_prefix = true, .squeeze = true);
    CHECK(true, false, outer, .space_prefix = true, .squeeze = true);
}
END_TEST

START_TEST(test_broken)
{
    static const known k[] = {
        { "\xFF", BROKEN },
        { "\xE6\xBC", BROKEN BROKEN },
        { "\xC0\xAF", BROKEN BROKEN },
        { "\xED\xA0\x80", BROKEN BROKEN BROKEN }, /* a surrogate */
        { "\xF4\x90\x80\x80", BROKEN BROKEN BROKEN BROKEN },
        { "\xE6\xBC\xA2\xE6", "\xE6\xBC\xA2" BROKEN },
    };
    CHECK(true, true, k, .n = 0);
}
END_TEST

START_TEST(test_rules)
{
    static const known k[] = {
        { "Aa", "aa" },
        { "x", "" },
        { "xyz", "abz" }, /* the longest rule */
        { "xAxxyx", "aab" },
        { "\xEF\xAC\x81", "b b" },
        { "\xEF\xAC\x82", "\xEF\xAC\x82" }, /* rules begin so, but none ends: the character */
        { "\xEF\xAC", BROKEN BROKEN },
        { "a\t \tb", "a b" },
        { "x \xEF\xAC\x81\t", "b b" },
        { "\t\t", "" },
    };
    rules *r = some_rules();
    CHECK(true, true, k, .squeeze = true, .charsmap = blob(r));
    free(r);
}
END_TEST

static void refused(rules *r, size_t n, const char *says)
{
    assay_normalizer z;
    assay_why why = { "" };
    assay_vocab v = { .label = "memory", .charsmap = blob(r) };
    v.charsmap.n = n ? n : v.charsmap.n;
    ck_assert_int_ne(assay_normalizer_make(&v, &z, &why), ASSAY_OK);
    ck_assert_msg(strstr(why.text, says) && strstr(why.text, "memory: "), "'%s', not '%s'", why.text, says);
}

START_TEST(test_damaged)
{
    rules *r = some_rules();
    refused(r, 3, "of 3 bytes: its trie has 0");
    refused(r, 4 + 4 * UNITS, "its trie has 16384");
    refused(r, 100, "of 100 bytes: its trie has 16384");
    refused(r, 4 + 4 * UNITS + 1, "the last of 1 bytes of text is no NUL");
    const rules sound = *r;
    r->unit[UNITS - 1] = 1u << 31 | r->n;
    refused(r, 0, "unit 4095 names byte");
    *r = sound;
    r->unit[300] = 4096u << 10;
    refused(r, 0, "of 4096 units");
    *r = sound;
    r->unit[1000] = 0x100 | (1000 ^ 3840) << 10;
    refused(r, 0, "unit 1000 ends a rule, but unit 3840 names no text");
    *r = sound;
    r->unit[0] |= 1u << 31;
    refused(r, 0, "charsmap: unit 0");
    free(r);
}
END_TEST

/* Whatever the rules say, their bytes are not left: any one byte of them is damaged, then text walks through them. */
START_TEST(test_any_byte)
{
    rules *r = some_rules();
    const assay_span map = blob(r);
    const char text[] = "xyA\tx\xEF\xAC\x81\x80x";
    uint32_t random = 1;
    size_t made = 0;
    for (int i = 0; i < 20000; i++) {
        assay_normalizer z;
        assay_why why;
        random = random * 1664525 + 1013904223;
        const size_t at = i % 2 ? random % map.n : 4 + 4 * (random / 64 % 2560);
        const unsigned char was = r->blob[at];
        r->blob[at] = (unsigned char)(random >> 24);
        if (assay_normalizer_make(&(assay_vocab){ .label = "memory", .charsmap = map }, &z, &why) == ASSAY_OK) {
            char *got;
            size_t n_got;
            ck_assert_int_eq(assay_normalize(&z, text, sizeof text, true, true, &got, &n_got, &why), ASSAY_OK);
            free(got);
            assay_normalizer_free(&z);
            made++;
        }
        r->blob[at] = was;
    }
    ck_assert_uint_gt(made, 1000);
    free(r);
}
END_TEST

Suite *assay_unit_normalize(void)
{
    Suite *s = suite_create("normalize");
    TCase *c = tcase_create("normalize");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, test_blanks);
    tcase_add_test(c, test_broken);
    tcase_add_test(c, test_rules);
    tcase_add_test(c, test_damaged);
    tcase_add_test(c, test_any_byte);
    suite_add_tcase(s, c);
    return s;
}
