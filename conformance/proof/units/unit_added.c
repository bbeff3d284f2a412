/* SPDX-License-Identifier: MIT
 * Small tokenizer.json files: added tokens that take blanks along, are words alone or are looked for in normalized
 * text; BPE of characters, unigram; what stands around a text; what is refused.  The ids are those of Hugging Face's
 * tokenizers 0.23.3 (vectors/independent/families.py compares far more). */
#include "../../../reference/models/prompt.h"
#include "tokens.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>

#define BLOCK "\xE2\x96\x81"

typedef struct sections { /* of a file, in JSON; NULL: null */
    const char *added, *normalizer, *pre, *post, *model;
} sections;

static assay_status open(const sections *f, assay_tokenizer *t, assay_why *why)
{
    enum { ROOM = 16384 };
    assay_vocab v;
    char *text = malloc(ROOM);
    ck_assert_ptr_nonnull(text);
#define OR(x) ((x) ? (x) : "null")
    const int n = snprintf(text, ROOM,
                           "{\"added_tokens\":[%s],\"normalizer\":%s,\"pre_tokenizer\":%s,\"post_processor\":%s,"
                           "\"model\":%s}",
                           f->added ? f->added : "", OR(f->normalizer), OR(f->pre), OR(f->post), f->model);
    ck_assert(n > 0 && n < ROOM);
    assay_status s = assay_vocab_json(text, (size_t)n, "memory", &v, why);
    if (!s) {
        s = assay_tokenizer_make(&v, t, why);
        assay_vocab_free(&v);
    }
    free(text);
    return s;
}

typedef struct known {
    const char *text;
    size_t n;
    int32_t id[8];
} known;

static void becomes(const sections *f, bool special, const known *k, size_t n)
{
    assay_tokenizer t;
    assay_why why = { "" };
    ck_assert_msg(open(f, &t, &why) == ASSAY_OK, "%s", why.text);
    for (size_t i = 0; i < n; i++)
        assay_unit_becomes(&t, k[i].text, strlen(k[i].text), special, k[i].id, k[i].n);
    assay_tokenizer_free(&t);
}
#define BECOMES(f, special, k) becomes(f, special, k, sizeof(k) / sizeof *(k))

#define BYTES     "{\"type\":\"ByteLevel\",\"add_prefix_space\":false}"
#define TOKEN(x)  "{\"special\":true,\"content\":" x "}"
#define METASPACE "{\"type\":\"Metaspace\",\"replacement\":\"" BLOCK "\",\"prepend_scheme\":\"first\",\"split\":false}"
#define TO_BLOCK  "{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"" BLOCK "\"}"
#define IN_FRONT  "{\"type\":\"Prepend\",\"prepend\":\"" BLOCK "\"}"
#define BOTH      "{\"type\":\"Sequence\",\"normalizers\":[" IN_FRONT "," TO_BLOCK "]}"
#define MERGES    "\"merges\":[\"a b\",[\"b\",\"c\"],\"a b\"]" /* of the two the last counts */
#define SMALL                                                                                                          \
    "{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":1,\"c\":2,\"\xC4\xA0\":3,\"ab\":4,\"bc\":5,\"<\":6,\">\":7}," MERGES "}"
#define PIECES(x)                                                                                                      \
    "{\"type\":\"BPE\",\"unk_token\":\"<unk>\"," x ",\"vocab\":{\"<unk>\":0,\"a\":1,\"b\":2,\"" BLOCK                  \
    "\":3,\"ab\":4,\"" BLOCK "a\":5,\"" BLOCK "ab\":6},\"merges\":[\"" BLOCK " a\",\"a b\",\"" BLOCK "a b\"]}"

START_TEST(test_added)
{
    static const sections f = { "{\"id\":8,\"content\":\"<l>\",\"lstrip\":true,\"special\":true},"
                                "{\"id\":9,\"content\":\"<r>\",\"rstrip\":true,\"special\":true},"
                                "{\"id\":10,\"content\":\"cab\",\"single_word\":true},"
                                "{\"id\":11,\"content\":\"<lr>\",\"lstrip\":true,\"rstrip\":true,\"special\":true},"
                                "{\"id\":12,\"content\":\"<l>>\",\"normalized\":true,\"special\":true}",
                                NULL, BYTES, NULL, SMALL };
    static const known all[] = {
        { "a  <l> b", 4, { 0, 8, 3, 1 } },
        { "a <r>  \xC2\xA0"
          "b",
          4,
          { 0, 3, 9, 1 } },
        { "a  <lr> <lr> b", 4, { 0, 11, 11, 1 } }, /* blanks that the first took are not there for the second */
        { "cab", 1, { 10 } },
        { "cabc", 3, { 2, 0, 5 } },
        { "a cab <cab>", 7, { 0, 3, 10, 3, 6, 10, 7 } },
        { "cab_ cab", 4, { 2, 4, 3, 10 } }, /* _ is of a word */
        { "cab\xE2\x93\x90", 2, { 2, 4 } }, /* and U+24D0 is, which has no token */
        { "<l>>", 2, { 8, 7 } },            /* what is looked for in normalized text comes later */
        { "a<r> <l>b", 4, { 0, 9, 8, 1 } },
    };
    static const known plain[] = {
        { "a  <l> b", 7, { 0, 3, 3, 6, 7, 3, 1 } },
        { "a cab <cab>", 7, { 0, 3, 10, 3, 6, 10, 7 } },
        { "<l>>", 3, { 6, 7, 7 } },
        { "<c<l>", 4, { 6, 2, 6, 7 } },
        { "abc", 2, { 0, 5 } },
    };
    BECOMES(&f, true, all);
    BECOMES(&f, false, plain);
}
END_TEST

START_TEST(test_characters)
{
    static const known prepended[] = {
        { "ab ab", 2, { 6, 6 } },
        { "xyab", 3, { 3, 0, 4 } },
        { "a\xC3\xA9", 2, { 5, 0 } },
        { "  a", 3, { 3, 3, 5 } },
        { "<unk>ab", 2, { 0, 6 } },
        { "a<unk>b", 4, { 5, 0, 3, 2 } },
        { "ab ab a", 3, { 6, 6, 5 } },
        { "b a", 1, { 7 } }, /* U+2581 in front, as in the token's text */
        { "", 0, { 0 } },
        { "ab\xFF", 2, { 6, 0 } },
    };
    static const known first[] = {
        { "ab ab", 2, { 6, 6 } },
        { "  a", 2, { 3, 5 } },
        { "<unk>ab", 2, { 0, 4 } },
        { " <unk> a", 3, { 3, 0, 5 } },
    };
    static const known each[] = { { "xyab", 3, { 0, 0, 4 } }, { "ab ab", 2, { 4, 6 } } };
    static const known fused[] = { { "xyab", 2, { 0, 4 } }, { "xx", 1, { 0 } } };
    sections f = { TOKEN("\"<unk>\",\"id\":0") ",{\"id\":7,\"content\":\"b a\",\"normalized\":true}", BOTH, NULL, NULL,
                   PIECES("\"fuse_unk\":true") };
    BECOMES(&f, true, prepended);
    f.added = TOKEN("\"<unk>\",\"id\":0");
    f.normalizer = NULL;
    f.pre = METASPACE;
    BECOMES(&f, true, first);
    f.normalizer = TO_BLOCK;
    f.pre = "{\"type\":\"Split\",\"pattern\":{\"String\":\" \"},\"behavior\":\"MergedWithPrevious\",\"invert\":false}";
    BECOMES(&f, true, fused);
    f.model = PIECES("\"fuse_unk\":false");
    BECOMES(&f, true, each);
}
END_TEST

/* A score in double: a float holds no difference between the two ways to write "ab". */
START_TEST(test_unigram)
{
    static const known k[] = { { "ab", 3, { 1, 2, 4 } },
                               { "a  x y", 6, { 1, 2, 1, 0, 1, 0 } },
                               { "", 0, { 0 } },
                               { " z<s>b", 4, { 5, 6, 1, 4 } } };
    const sections f = {
        TOKEN("\"<s>\",\"id\":6"),
        "{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Strip\",\"strip_left\":false,\"strip_right\":true},"
        "{\"type\":\"Replace\",\"pattern\":{\"Regex\":\" {2,}\"},\"content\":\" \"}]}",
        "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"WhitespaceSplit\"},{\"type\":\"Metaspace\","
        "\"replacement\":\"" BLOCK "\",\"add_prefix_space\":true}]}",
        NULL,
        "{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":[[\"<unk>\",0],[\"" BLOCK "\",-1],[\"a\",-1],"
        "[\"ab\",-3.000000001],[\"b\",-2],[\"" BLOCK "z\",-1.5],[\"<s>\",0]]}"
    };
    BECOMES(&f, true, k);
}
END_TEST

/* A token with a character that stands for no byte is never a piece of text, though pieces that are tokens are taken
 * whole. */
START_TEST(test_outside)
{
    static const known k[] = { { "\xE6\xBC\xA2", 3, { 0, 1, 2 } }, { "ab", 1, { 5 } } };
    const sections f = {
        NULL, NULL, BYTES, NULL,
        "{\"type\":\"BPE\",\"ignore_merges\":true,\"vocab\":{\"\xC3\xA6\":0,\"\xC2\xBC\":1,\"\xC2\xA2\":2,"
        "\"\xE6\xBC\xA2\":3,\"\xC4\xA0\xE6\xBC\xA2\":4,\"ab\":5},\"merges\":[]}"
    };
    assay_tokenizer t;
    assay_why why = { "" };
    BECOMES(&f, false, k);
    ck_assert_int_eq(open(&f, &t, &why), ASSAY_OK);
    ck_assert(assay_span_is(assay_tokenizer_piece(&t, 4, false), "\xC4\xA0\xE6\xBC\xA2")); /* as it is written */
    assay_tokenizer_free(&t);
}
END_TEST

/* Thousands of tokens that begin alike cost no more than one. */
START_TEST(test_many)
{
    enum { TOKENS = 30000, LETTERS = 300000 };
    token *list = calloc(TOKENS, sizeof *list);
    char(*text)[16] = calloc(TOKENS, sizeof *text);
    int32_t *ids;
    assay_tokenizer t;
    assay_why why = { "" };
    ck_assert(list && text);
    for (int i = 0; i < TOKENS; i++) {
        snprintf(text[i], sizeof *text, i ? "<%05d>" : "<", i);
        list[i] = (token){ text[i], i ? D : N, 0 };
    }
    ck_assert_msg(assay_unit_tokens(&assay_kind_unigram, list, TOKENS, (token_options){ .bytes = true }, &t, &why) ==
                      ASSAY_OK,
                  "%s", why.text);
    ck_assert_uint_eq(assay_unit_long(&t, '<', LETTERS, 10, &ids), LETTERS);
    free(ids);
    assay_unit_becomes(&t, "<<01234><", 9, false, (const int32_t[]){ 0, 1234, 0 }, 3);
    assay_tokenizer_free(&t);
    free(list);
    free(text);
}
END_TEST

static void prompt(const char *post, const char *text, const int32_t *want, size_t n)
{
    const sections f = { TOKEN("\"<s>\",\"id\":8") "," TOKEN("\"<t>\",\"id\":9"), NULL, BYTES, post, SMALL };
    assay_tokenizer t;
    assay_prompt p;
    assay_why why = { "" };
    ck_assert_msg(open(&f, &t, &why) == ASSAY_OK, "%s", why.text);
    ck_assert_int_eq(assay_prompt_make(&t, text, strlen(text), true, &p, &why), ASSAY_OK);
    ck_assert_msg(p.n == n && !memcmp(p.id, want, n * sizeof *want), "%s: %zu ids", post, p.n);
    free(p.id);
    assay_tokenizer_free(&t);
}

START_TEST(test_frames)
{
    static const int32_t whisper[] = { 8, 9, 9, 0, 8 }, roberta[] = { 8, 0, 9 }, none[] = { 0 };
    prompt("{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"S\"}},{\"SpecialToken\":{\"id\":"
           "\"T\"}},"
           "{\"Sequence\":{\"id\":\"A\"}},{\"SpecialToken\":{\"id\":\"S\"}}],\"special_tokens\":{\"S\":{\"ids\":[8]},"
           "\"T\":{\"ids\":[9,9]}}}",
           "a", whisper, 5);
    prompt("{\"type\":\"Sequence\",\"processors\":[{\"type\":\"ByteLevel\"},{\"type\":\"RobertaProcessing\",\"cls\":["
           "\"<s>\",8],"
           "\"sep\":[\"<t>\",9]}]}",
           "a", roberta, 3);
    prompt("null", "a", none, 1);
}
END_TEST

static void refused(const sections *f, const char *says)
{
    assay_tokenizer t;
    assay_why why = { "" };
    ck_assert_int_ne(open(f, &t, &why), ASSAY_OK);
    ck_assert_msg(strstr(why.text, says) && strstr(why.text, "memory: "), "'%s', not '%s'", why.text, says);
}

START_TEST(test_refused)
{
    static const struct {
        sections f;
        const char *says;
    } k[] = {
        { { .pre = BYTES, .normalizer = "{\"type\":\"NFKC\"}", .model = SMALL }, "none and NFC" },
        { { .pre = "{\"type\":\"Whitespace\"}", .model = PIECES("\"fuse_unk\":true") }, "of pieces Metaspace" },
        { { .model = PIECES("\"fuse_unk\":true") }, "none where the normalizer replaces blanks" },
        { { .normalizer = "{\"type\":\"Lowercase\"}", .pre = METASPACE, .model = PIECES("\"fuse_unk\":true") },
          "Prepend, Replace" },
        { { .normalizer = "{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"AAA\"}",
            .pre = METASPACE,
            .model = PIECES("\"fuse_unk\":true") },
          "no base64" },
        { { .normalizer = "{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"AAAA\"}",
            .pre = METASPACE,
            .model = PIECES("\"fuse_unk\":true") },
          "charsmap of 3 bytes" },
        { { .normalizer = "{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"x+\"},\"content\":\"\"}",
            .pre = METASPACE,
            .model = PIECES("\"fuse_unk\":true") },
          "' {2,}'" },
        { { .pre = METASPACE, .model = "{\"type\":\"BPE\",\"unk_token\":\"?\",\"vocab\":{\"a\":0},\"merges\":[]}" },
          "no token is that" },
        { { .pre = METASPACE,
            .model = "{\"type\":\"BPE\",\"byte_fallback\":true,\"vocab\":{\"<0x00>\":0},\"merges\":[]}" },
          "1 bytes, not 256" },
        { { .pre = METASPACE, .model = "{\"type\":\"Unigram\",\"unk_id\":2,\"vocab\":[[\"a\",0]]}" }, "no piece's" },
        { { .pre = METASPACE, .model = "{\"type\":\"Unigram\",\"vocab\":[[\"a\",0]]}" }, "unknown text" },
        { { .pre = METASPACE, .model = "{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":[[\"a\"]]}" }, "piece 0" },
        { { .pre = METASPACE, .model = "{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":{\"a\":0}}" }, "list of pieces" },
        { { .pre = BYTES, .post = "{\"type\":\"BertProcessing\",\"cls\":[\"\",8],\"sep\":[\"\",0]}", .model = SMALL },
          "not in the vocabulary" },
        { { .added = TOKEN("\"a\",\"id\":9"), .pre = BYTES, .model = SMALL }, "has the id 0, and another, 9" },
    };
    for (size_t i = 0; i < sizeof k / sizeof *k; i++)
        refused(&k[i].f, k[i].says);
}
END_TEST

Suite *assay_unit_added(void)
{
    Suite *s = suite_create("added");
    TCase *c = tcase_create("added");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, test_added);
    tcase_add_test(c, test_characters);
    tcase_add_test(c, test_unigram);
    tcase_add_test(c, test_outside);
    tcase_add_test(c, test_many);
    tcase_add_test(c, test_frames);
    tcase_add_test(c, test_refused);
    suite_add_tcase(s, c);
    return s;
}
