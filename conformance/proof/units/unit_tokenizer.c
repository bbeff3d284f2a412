/* SPDX-License-Identifier: MIT
 * Known answers of the tokenizer: pre-tokenizers as measured with Hugging Face tokenizers, merge order, special tokens,
 * text that is no UTF-8. */
#include "../../../reference/core/registry.h"
#include "../../../reference/models/ids.h"
#include "../../../reference/models/pretokenize.h"
#include "../../../reference/models/synth.h"
#include "../../../reference/models/tokenizer.h"
#include "../../../reference/models/utf8.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static assay_status collect(void *ctx, const char *text, size_t n, assay_why *why)
{
    char *out = ctx;
    (void)why;
    if (*out)
        strcat(out, "|");
    strncat(out, text, n);
    return ASSAY_OK;
}

static void pieces(const char *name, const char *text, const char *want)
{
    char got[256] = "";
    assay_pretokenizer p;
    assay_why why = { "" };
    ck_assert_int_eq(assay_pretokenizer_make((assay_span){ name, strlen(name) }, "file", &p, &why), ASSAY_OK);
    ck_assert_int_eq(assay_pretokenize(&p, text, strlen(text), collect, got, &why), ASSAY_OK);
    assay_pretokenizer_free(&p);
    ck_assert_msg(strcmp(got, want) == 0, "%s of '%s': '%s', not '%s'", name, text, got, want);
}

START_TEST(test_pieces)
{
    static const char *const names[] = { "gpt-2", "llama-bpe", "qwen2", "smollm" };
    static const struct {
        const char *text, *want[4]; /* NULL: as the column before */
    } known[] = {
        { "Hello  world 1234 a  1",
          { "Hello| | world| 1234| a| | 1", "Hello| | world| |123|4| a| | |1", "Hello| | world| |1|2|3|4| a| | |1",
            "Hello| | world| |1|2|3|4| a|  |1" } },
        { "I'LL can't", { "I|'|LL| can|'t", "I|'LL| can|'t", NULL, "I|'|LL| can|'t" } },
        { "a\n\nb \n c", { "a|\n|\n|b| \n| c", "a|\n\n|b| \n| c", NULL, "a|\n|\n|b| \n| c" } },
        { "a  \n  b", { "a|  \n | b", "a|  \n| | b", NULL, "a|  \n | b" } },
        { "x\t\ty  ", { "x|\t|\t|y|  ", "x|\t|\ty|  ", NULL, "x|\t|\t|y|  " } },
        { "!!\r\n\r\nz", { "!!|\r\n\r|\n|z", "!!\r\n\r\n|z", NULL, "!!|\r\n\r|\n|z" } },
        { "a_b-c", { "a|_|b|-|c", "a|_b|-c", NULL, "a|_|b|-|c" } },
        { "e\xCC\x81", { "e|\xCC\x81", NULL, NULL, NULL } }, /* a combining mark is no letter */
        { "a\xE1\xA0\x8E"
          "b",
          { "a|\xE1\xA0\x8E|b",
            "a|\xE1\xA0\x8E"
            "b",
            NULL, "a|\xE1\xA0\x8E|b" } }, /* U+180E is no blank */
        { "a\xE3\x80\x80\xE3\x80\x80"
          "b",
          { "a|\xE3\x80\x80|\xE3\x80\x80|b",
            "a|\xE3\x80\x80|\xE3\x80\x80"
            "b",
            NULL, "a|\xE3\x80\x80|\xE3\x80\x80|b" } },
        { "a'\xC5\xBF"
          "b",
          { "a|'|\xC5\xBF"
            "b",
            "a|'\xC5\xBF|b", NULL,
            "a|'|\xC5\xBF"
            "b" } },                                              /* the long s folds to s */
        { "a\xFF\xFE b", { "a|\xFF\xFE| b", NULL, NULL, NULL } }, /* no UTF-8: a piece of its own */
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const char *want = "";
        for (int k = 0; k < 4; k++) {
            want = known[i].want[k] ? known[i].want[k] : want;
            pieces(names[k], known[i].text, want);
        }
    }
    assay_pretokenizer p;
    assay_why why = { "" };
    ck_assert_int_eq(assay_pretokenizer_make((assay_span){ "other", 5 }, "file", &p, &why), ASSAY_UNSUPPORTED);
}
END_TEST

START_TEST(test_rows)
{
    static const char text[] = "Hello  camelCASE'S e\xCC\x81 12345 (3) \xE4\xB8\xAD\xE6\x96\x87"
                               "a...\n\n x\xE3\x80\x82y  z";
    static const struct {
        const char *name, *want;
    } known[] = {
        { "gpt-2", "Hello| | camelCASE|'|S| e|\xCC\x81| 12345| (|3|)| \xE4\xB8\xAD\xE6\x96\x87"
                   "a|...|\n\n| x|\xE3\x80\x82|y| | z" },
        { "smollm", "Hello| | camelCASE|'|S| e|\xCC\x81| |1|2|3|4|5| (|3|)| \xE4\xB8\xAD\xE6\x96\x87"
                    "a|...|\n\n| x|\xE3\x80\x82|y| | z" },
        { "llama-bpe", "Hello| | camelCASE|'S| e|\xCC\x81| |123|45| (|3|)| \xE4\xB8\xAD\xE6\x96\x87"
                       "a|...\n\n| x|\xE3\x80\x82y| | z" },
        { "dbrx", "Hello| | camelCASE|'S| e|\xCC\x81| |123|45| (|3|)| \xE4\xB8\xAD\xE6\x96\x87"
                  "a|...\n\n| x|\xE3\x80\x82y| | z" },
        { "qwen2", "Hello| | camelCASE|'S| e|\xCC\x81| |1|2|3|4|5| (|3|)| \xE4\xB8\xAD\xE6\x96\x87"
                   "a|...\n\n| x|\xE3\x80\x82y| | z" },
        { "qwen35", "Hello| | camelCASE|'S| e\xCC\x81| |1|2|3|4|5| (|3|)| \xE4\xB8\xAD\xE6\x96\x87"
                    "a|...\n\n| x|\xE3\x80\x82y| | z" },
        { "tekken", "Hello| | camel|CASE|'S| e\xCC\x81| |1|2|3|4|5| (|3|)| \xE4\xB8\xAD\xE6\x96\x87"
                    "a|...\n\n| x|\xE3\x80\x82y| | z" },
        { "gpt-4o", "Hello| | camel|CASE'S| e\xCC\x81| |123|45| (|3|)| \xE4\xB8\xAD\xE6\x96\x87"
                    "a|...\n\n| x|\xE3\x80\x82y| | z" },
        { "deepseek-llm", "Hello| | camelCASE|'|S| e|\xCC\x81 |12345| (|3|)| |\xE4\xB8\xAD\xE6\x96\x87|a|...|\n|\n| "
                          "x|\xE3\x80\x82|y| | z" },
        { "deepseek-coder", "Hello| | camelCASE|'|S| e|\xCC\x81 |1|2|3|4|5| (|3|)| "
                            "|\xE4\xB8\xAD\xE6\x96\x87|a|...|\n|\n| x|\xE3\x80\x82|y| | z" },
        { "deepseek-v3", "Hello| | camelCASE|'S| e\xCC\x81| |123|45| (|3|)| |\xE4\xB8\xAD\xE6\x96\x87|a|...\n\n| "
                         "x|\xE3\x80\x82|y| | z" },
        { "falcon", "Hello| | camelCASE|'|S| e|\xCC\x81| |123|45| |(|3|)| \xE4\xB8\xAD\xE6\x96\x87"
                    "a|...|\n\n| x|\xE3\x80\x82|y| | z" },
        { "default", "Hello| | camelCASE|'|S| e|\xCC\x81| |123|45| |(|3|)| \xE4\xB8\xAD\xE6\x96\x87"
                     "a|...|\n\n| x|\xE3\x80\x82|y| | z" },
        { "bloom", "Hello| | camelCASE'S| e\xCC\x81| 12345| (|3|)| \xE4\xB8\xAD\xE6\x96\x87"
                   "a|...\n\n| x|\xE3\x80\x82|y| | z" },
        { "viking", "Hello| | camelCASE'S| e\xCC\x81| |1|2|3|4|5| (|3|)| \xE4\xB8\xAD\xE6\x96\x87"
                    "a|...\n\n| x|\xE3\x80\x82|y| | z" },
        { "jais-2", "Hello| | camelCASE|'S| e|\xCC\x81| |123|45| (|3|)| \xE4\xB8\xAD\xE6\x96\x87"
                    "a|...\n\n| x|\xE3\x80\x82y| | z" },
        { "seed-coder", "Hello| | camelCASE|'S| e|\xCC\x81| |1|2|3|4|5| (|3|)| \xE4\xB8\xAD\xE6\x96\x87"
                        "a|...|\n\n| x|\xE3\x80\x82y| | z" },
        { "bailingmoe", "Hello| | camelCASE|'S| e|\xCC\x81| |1|2|3|4|5| (|3|)| \xE4\xB8\xAD\xE6\x96\x87"
                        "a|...\n\n| x|\xE3\x80\x82y| | z" },
        { "exaone-moe", "Hello| | camelCASE|'S| e\xCC\x81| |1|2|3|4|5| (|3|)| \xE4\xB8\xAD\xE6\x96\x87"
                        "a|...\n|\n| x|\xE3\x80\x82y| | z" },
        { "minicpm5", "Hello| | camelCASE|'S| e|\xCC\x81| |123|45| (|3|)| \xE4\xB8\xAD\xE6\x96\x87"
                      "a|...\n\n| x|\xE3\x80\x82y| | z" },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        pieces(known[i].name, text, known[i].want);
    pieces("glm4", "12345", "123|45"); /* another name of a row */
    const assay_span split[] = { { "\\p{N}", 5 }, { assay_pretokenizer_gpt2, strlen(assay_pretokenizer_gpt2) } };
    ck_assert(assay_span_is(assay_pretokenizer_find(split, 2), "smollm"));
    ck_assert(assay_span_is(assay_pretokenizer_find(split + 1, 1), "gpt-2"));
    ck_assert_uint_eq(assay_pretokenizer_find(split, 1).n, 0);
    ck_assert_uint_eq(assay_pretokenizer_find(split, 0).n, 0);
}
END_TEST

static void stream(const char *bytes, const char *want)
{
    char got[64] = "", out[ASSAY_UTF8_OUT];
    size_t n = 0;
    assay_utf8 u = { 0 };
    for (; *bytes; bytes++) {
        const size_t k = assay_utf8_push(&u, (unsigned char)*bytes, out);
        memcpy(got + n, out, k);
        n += k;
    }
    const size_t k = assay_utf8_end(&u, out);
    memcpy(got + n, out, k);
    got[n + k] = 0;
    ck_assert_str_eq(got, want);
}

START_TEST(test_utf8)
{
#define BAD "\xEF\xBF\xBD"
    stream("a\xC3\xA9\xE6\xBC\xA2\xF0\x9F\x99\x82", "a\xC3\xA9\xE6\xBC\xA2\xF0\x9F\x99\x82");
    stream("\xC3", BAD); /* broken off */
    stream("\xC3"
           "a",
           BAD "a");             /* broken by a character */
    stream("\xF0\x9F\x99", BAD); /* one per maximal subpart */
    stream("\xF0\x9F\x99\xC3\xA9", BAD "\xC3\xA9");
    stream("\xC0\xAF", BAD BAD); /* overlong */
    stream("\xE0\x80\xAF", BAD BAD BAD);
    stream("\xED\xA0\x80", BAD BAD BAD);         /* surrogate */
    stream("\xF4\x90\x80\x80", BAD BAD BAD BAD); /* beyond U+10FFFF */
    stream("\x80\xFF", BAD BAD);
    for (unsigned code = 1; code < 0x110000; code += code < 0x3000 ? 1 : 97) {
        char s[5] = "";
        if (code >= 0xD800 && code < 0xE000)
            continue;
        const int n = assay_utf8_write(code, s);
        ck_assert_int_eq(assay_utf8_length((unsigned char *)s, (size_t)n), n);
        ck_assert_uint_eq(assay_utf8_code((unsigned char *)s, n), code);
        if (n > 1)
            ck_assert_int_eq(assay_utf8_length((unsigned char *)s, (size_t)n - 1), 0);
    }
}
END_TEST

START_TEST(test_synthetic)
{
    char path[] = "/tmp/assay_unit_XXXXXX";
    const int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    static const char *const tiny[] = { "embedding_length=32",       "block_count=1",          "attention.head_count=1",
                                        "attention.head_count_kv=1", "feed_forward_length=32", NULL };
    assay_synth m = {
        .family = assay_family_find("llama"), .set = tiny, .seed = 1, .type = ASSAY_f32, .table = ASSAY_f32
    };
    assay_why why = { "" };
    assay_gguf g;
    assay_tokenizer t;
    ck_assert_int_eq(assay_synth_write(&m, path, &why), ASSAY_OK);
    ck_assert_int_eq(assay_gguf_open(path, &g, &why), ASSAY_OK);
    ck_assert_int_eq(assay_tokenizer_gguf(&g, &t, &why), ASSAY_OK);
    unlink(path);
    static const struct {
        const char *text;
        bool special;
        size_t n;
        int32_t id[8];
    } known[] = {
        { "x", false, 1, { 3 + 'x' } },
        { "et", false, 1, { 3 + 256 + 1 } },
        { "eet", false, 2, { 3 + 256, 3 + 't' } },           /* ee (rank 0) before et (rank 1), leftmost */
        { "teet", false, 3, { 3 + 't', 3 + 256, 3 + 't' } }, /* ee before te */
        { "eee", false, 2, { 3 + 256, 3 + 'e' } },           /* leftmost on ties */
        { "<|im_end|>", true, 1, { 2 } },
        { "x<|im_end|>y<|im_start|>", true, 4, { 3 + 'x', 2, 3 + 'y', 1 } },
        { "", true, 0, { 0 } },
        { "\xFF"
          "e",
          false,
          2,
          { 3 + 255, 3 + 'e' } },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        int32_t *ids;
        size_t n;
        ck_assert_int_eq(
            assay_tokenizer_encode(&t, known[i].text, strlen(known[i].text), known[i].special, &ids, &n, &why),
            ASSAY_OK);
        ck_assert_msg(n == known[i].n && !memcmp(ids, known[i].id, n * sizeof *ids), "'%s': %zu ids, first %d",
                      known[i].text, n, n ? ids[0] : -1);
        free(ids);
    }
    ck_assert_uint_eq(assay_tokenizer_piece(&t, 2, false).n, 0); /* control tokens print nothing, unless asked */
    ck_assert(assay_span_is(assay_tokenizer_piece(&t, 2, true), "<|im_end|>"));
    ck_assert_uint_eq(assay_tokenizer_piece(&t, -1, true).n, 0);
    ck_assert_uint_eq(assay_tokenizer_piece(&t, t.n, true).n, 0);
    assay_tokenizer_free(&t);
    assay_gguf_close(&g);
}
END_TEST

START_TEST(test_ids)
{
    int32_t *ids;
    size_t n;
    assay_why why = { "" };
    ck_assert_int_eq(assay_ids_parse("1,2 , 30\n", 31, &ids, &n, &why), ASSAY_OK);
    ck_assert(n == 3 && ids[0] == 1 && ids[1] == 2 && ids[2] == 30);
    free(ids);
    static const char *const bad[] = { "31", "-1", "1,x", "1.5", "99999999999999999999", "0x1" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_int_eq(assay_ids_parse(bad[i], 31, &ids, &n, &why), ASSAY_ERR_ARG);
}
END_TEST

Suite *assay_unit_tokenizer(void)
{
    Suite *s = suite_create("tokenizer");
    TCase *c = tcase_create("tokenizer");
    tcase_add_test(c, test_pieces);
    tcase_add_test(c, test_rows);
    tcase_add_test(c, test_utf8);
    tcase_add_test(c, test_synthetic);
    tcase_add_test(c, test_ids);
    suite_add_tcase(s, c);
    return s;
}
