/* SPDX-License-Identifier: MIT */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "pretokenize.h"
#include "../core/status.h"
#include "utf8.h"
#include <pcre2.h>
#include <stdio.h>
#include <string.h>

/* Expressions as they are written in tokenizer.json files, for Oniguruma: \s is Unicode's White_Space. */
#define CUTS           "'s|'t|'re|'ve|'m|'ll|'d"
#define GPT2           CUTS "| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"
#define ANYCASE        "(?i:" CUTS ")"
#define TAIL           "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+"
#define BLANKS         "|\\s+(?!\\S)|\\s+"
#define LLAMA3(digits) ANYCASE "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" digits TAIL BLANKS
/* Words of capitals, then small letters; what may follow either; digits. */
#define UPPER "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define LOWER "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
#define CAMEL(behind, digits)                                                                                          \
    "[^\\r\\n\\p{L}\\p{N}]?" UPPER "*" LOWER "+" behind "|[^\\r\\n\\p{L}\\p{N}]?" UPPER "+" LOWER "*" behind           \
    "|" digits "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+" BLANKS
#define BLOOM     " ?[^(\\s|.,!?\u2026\u3002\uFF0C\u3001\u0964\u06D4\u060C)]+"
#define HAN       "[\u4E00-\u9FA5\u3040-\u309F\u30A0-\u30FF]+"
#define HALVES(n) "\\s{" n "}(?!\\S)|"

#define LETTERS /* of DeepSeek's first models: not all of Unicode */                                                   \
    "A-Za-z\u00B5\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u01BA\u01BC-\u01BF\u01C4-\u0293\u0295-\u02AF"                       \
    "\u0370-\u0373\u0376\u0377\u037B-\u037D\u037F\u0386\u0388-\u038A\u038C\u038E-\u03A1\u03A3-\u03F5"                  \
    "\u03F7-\u0481\u048A-\u052F\u0531-\u0556\u10A0-\u10C5\u13A0-\u13F5\u13F8-\u13FD\u1C90-\u1CBA"                      \
    "\u1CBD-\u1CBF\u1D00-\u1D2B\u1D6B-\u1D77\u1D79-\u1D9A\u1E00-\u1F15\u1F18-\u1F1D\u1F20-\u1F45"                      \
    "\u1F48-\u1F4D\u1F50-\u1F57\u1F59\u1F5B\u1F5D\u1F5F-\u1F7D\u1F80-\u1FB4\u1FB6-\u1FBC\u1FBE"                        \
    "\u1FC2-\u1FC4\u1FC6-\u1FCC\u1FD0-\u1FD3\u1FD6-\u1FDB\u1FE0-\u1FEC\u1FF2-\u1FF4\u1FF6-\u1FFC\u2102"                \
    "\u2107\u210A-\u2113\u2115\u2119-\u211D\u2124\u2126\u2128\u212A-\u212D\u212F-\u2134\u2139"                         \
    "\u213C-\u213F\u2145-\u2149\u214E\u2183\u2184\u2C00-\u2C7B\u2C7E-\u2CE4\u2CEB-\u2CEE\u2CF2\u2CF3"                  \
    "\uA640-\uA66D\uA680-\uA69B\uA722-\uA76F\uA771-\uA787\uA78B-\uA78E\uAB70-\uABBF\uFB00-\uFB06"                      \
    "\uFB13-\uFB17\uFF21-\uFF3A\uFF41-\uFF5A\U00010400-\U0001044F\U000104B0-\U000104D3"                                \
    "\U000104D8-\U000104FB\U00010C80-\U00010CB2\U00010CC0-\U00010CF2\U000118A0-\U000118DF"                             \
    "\U0001E900-\U0001E943"

const char assay_pretokenizer_gpt2[] = GPT2;

enum { STEPS = ASSAY_PRETOKENIZER_STEPS };
static const struct {
    const char *names; /* of tokenizer.ggml.pre, with blanks between */
    const char *expression[STEPS];
    bool ignore_merges, add_bos;
} table[] = {
    { "gpt-2 phi-2 jina-es jina-de jina-v2-es jina-v2-de gigachat a.x-4.0 mellum modern-bert mpt olmo jais trillion "
      "granite-docling exaone4",
      { GPT2 },
      false,
      false },
    { "smollm starcoder refact command-r codeshell exaone minerva-7b mellum2", { "\\p{N}", GPT2 }, false, false },
    { "llama-bpe llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano",
      { LLAMA3("\\p{N}{1,3}") },
      true,
      true },
    { "dbrx smaug-bpe glm4 chatglm-bpe", { LLAMA3("\\p{N}{1,3}") }, false, false },
    { "qwen2 stablelm2 deepseek-r1-qwen kormo f2llmv2 megrez hunyuan solar-open grok-2",
      { LLAMA3("\\p{N}") },
      false,
      false },
    { "qwen35",
      { ANYCASE
        "|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+" BLANKS },
      false,
      false },
    { "tekken", { CAMEL("", "\\p{N}") }, true, true },
    { "gpt-4o llama4 kanana2 talkie minimax-m2", { CAMEL(ANYCASE "?", "\\p{N}{1,3}") }, false, false },
    { "deepseek-llm",
      { "[\r\n]", "\\s?[" LETTERS "]+", "\\s?[!-/:-~\uFF01-\uFF0F\uFF1A-\uFF5E\u2018-\u201F\u3000-\u3002]+", "\\s+$",
        "[\u4E00-\u9FA5\u0800-\u4E00\uAC00-\uD7FF]+", "\\p{N}+" },
      false,
      false },
    { "deepseek-coder",
      { "[\r\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", "[\u4E00-\u9FA5\u0800-\u4E00\uAC00-\uD7FF]+", "\\p{N}" },
      false,
      false },
    { "deepseek-v3 hunyuan-dense joyai-llm hy_v4",
      { "\\p{N}{1,3}", HAN,
        "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
        "| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+" BLANKS },
      false,
      false },
    { "falcon", { "[\\p{P}\\$\\+<=>\\^~\\|`]+", GPT2, "[0-9][0-9][0-9]" }, false, false },
    { "default", { "[\\p{P}\\$\\+<=>\\^~\\|]+", GPT2, "\\p{N}+", "[0-9][0-9][0-9]" }, false, false },
    { "bloom poro-chat gpt3-finnish", { BLOOM }, false, false },
    { "viking", { BLOOM, "\\p{N}" }, false, false },
    { "jais-2",
      { ANYCASE "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}" TAIL "|" HALVES("512") HALVES("256") HALVES("128")
            HALVES("64") HALVES("32") HALVES("16") HALVES("8") HALVES("4") HALVES("1,2") "\\s{1}" },
      false,
      false },
    { "seed-coder",
      { ANYCASE "|[^\r\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1}| ?[^\\s\\p{L}\\p{N}\r\n]+|\\s*[\r\n]+" BLANKS },
      false,
      false },
    { "bailingmoe bailingmoe2 llada-moe",
      { "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}| "
        "?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]" BLANKS },
      false,
      false },
    { "exaone-moe",
      { ANYCASE "|[^\\r\\n\\p{L}\\p{N}]?(?:\\p{L}\\p{M}*(?: \\p{L}\\p{M}*)*)+|\\p{N}"
                "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]?|\\s*[\\r\\n]" BLANKS },
      false,
      false },
    { "minicpm5", { "\\p{N}{1,3}", LLAMA3("\\p{N}+") }, true, false },
};

enum { ROWS = sizeof table / sizeof *table, EXPRESSION = 2000 };

/* An expression as PCRE2 has it, whose own \s is not White_Space (it has U+180E); \r and \n are written out, so that
 * what is written in two ways is one.  false: it does not fit. */
static bool translate(assay_span from, char to[EXPRESSION])
{
    static const struct {
        const char *escape, *alone, *inside; /* of a class; NULL: as it is */
    } known[] = {
        { "\\s", "[\\p{Z}\\x{09}-\\x{0D}\\x{85}]", "\\p{Z}\\x{09}-\\x{0D}\\x{85}" },
        { "\\S", "[^\\p{Z}\\x{09}-\\x{0D}\\x{85}]", NULL },
        { "\\r", "\r", "\r" },
        { "\\n", "\n", "\n" },
    };
    bool inside = false;
    size_t made = 0;
    for (size_t i = 0, size; i < from.n; i += size) {
        assay_span put = { from.at + i, size = from.at[i] == '\\' && i + 1 < from.n ? 2 : 1 };
        for (size_t k = 0; size == 2 && k < sizeof known / sizeof *known; k++) {
            const char *with = inside ? known[k].inside : known[k].alone;
            if (with && assay_span_is(put, known[k].escape)) {
                put = (assay_span){ with, strlen(with) };
                break;
            }
        }
        inside = size == 1 && from.at[i] == '[' ? true : size == 1 && from.at[i] == ']' ? false : inside;
        if (EXPRESSION - made <= put.n)
            return false;
        memcpy(to + made, put.at, put.n);
        made += put.n;
    }
    to[made] = 0;
    return true;
}

static assay_span span_of(const char *text)
{
    return (assay_span){ text, strlen(text) };
}

/* The next name from *names on; empty: there is none. */
static assay_span next_name(const char **names)
{
    const assay_span name = { *names, strcspn(*names, " ") };
    *names += name.n + strspn(*names + name.n, " ");
    return name;
}

static bool has_name(const char *names, assay_span name)
{
    for (assay_span w; (w = next_name(&names)).n;)
        if (w.n == name.n && !memcmp(w.at, name.at, w.n))
            return true;
    return false;
}

assay_span assay_pretokenizer_find(const assay_span *expression, int n)
{
    char theirs[EXPRESSION], ours[EXPRESSION];
    for (size_t row = 0; row < ROWS; row++) {
        bool same = true;
        for (int i = 0; i < STEPS && same; i++) {
            const char *own = table[row].expression[i];
            same =
                !own == (i >= n) &&
                (!own || (translate(span_of(own), ours) && translate(expression[i], theirs) && !strcmp(ours, theirs)));
        }
        const char *names = table[row].names;
        if (same)
            return next_name(&names);
    }
    return (assay_span){ 0 };
}

static assay_status compile(const char *expression, const char *name, void **code, void **match, assay_why *why)
{
    char text[EXPRESSION];
    int error = 0;
    PCRE2_SIZE at = 0;
    if (translate(span_of(expression), text))
        *code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_UCP, &error, &at, NULL);
    if (*code)
        *match = pcre2_match_data_create(1, NULL);
    if (!*match)
        return assay_fail(why, ASSAY_ERR_NOMEM, "pre-tokenizer %s: PCRE2 error %d at %zu", name, error, (size_t)at);
    return ASSAY_OK;
}

assay_status assay_pretokenizer_make(assay_span name, const char *label, assay_pretokenizer *p, assay_why *why)
{
    *p = (assay_pretokenizer){ 0 };
    size_t row = 0;
    while (row < ROWS && !has_name(table[row].names, name))
        row++;
    if (row == ROWS)
        return assay_fail(why, ASSAY_UNSUPPORTED,
                          "%s: tokenizer.ggml.pre is '%.*s', which is not known (docs/tokenizers.md lists those that "
                          "are)",
                          label, name.n < 40 ? (int)name.n : 40, name.at);
    p->ignore_merges = table[row].ignore_merges;
    p->add_bos = table[row].add_bos;
    assay_status s = ASSAY_OK;
    snprintf(p->name, sizeof p->name, "%.*s", (int)name.n, name.at);
    for (int i = 0; i < STEPS && table[row].expression[i] && !s; i++)
        s = compile(table[row].expression[i], p->name, &p->code[i], &p->match[i], why);
    if (s)
        assay_pretokenizer_free(p);
    return s;
}

void assay_pretokenizer_free(assay_pretokenizer *p)
{
    for (int i = 0; i < STEPS; i++) {
        pcre2_match_data_free(p->match[i]);
        pcre2_code_free(p->code[i]);
    }
    *p = (assay_pretokenizer){ 0 };
}

typedef struct sink {
    assay_piece piece;
    void *ctx;
    assay_why *why;
} sink;

/* Cuts well-formed text by expression i: matches, and what lies between them, are parts for expression i + 1. */
static assay_status cut(const assay_pretokenizer *p, int i, const char *text, size_t n, const sink *to)
{
    if (n == 0)
        return ASSAY_OK;
    if (i == STEPS || !p->code[i])
        return to->piece(to->ctx, text, n, to->why);
    assay_status s = ASSAY_OK;
    size_t at = 0, begin, end;
    while (at < n && !s) {
        const int found = pcre2_match(p->code[i], (PCRE2_SPTR)text, n, at, PCRE2_NO_UTF_CHECK, p->match[i], NULL);
        if (found < 0 && found != PCRE2_ERROR_NOMATCH)
            return assay_fail(to->why, ASSAY_UNSUPPORTED, "pre-tokenizer %s: PCRE2 error %d at byte %zu of %zu",
                              p->name, found, at, n);
        begin = end = n;
        if (found > 0) {
            const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(p->match[i]);
            begin = ends[0];
            end = ends[1];
        }
        s = cut(p, i + 1, text + at, begin - at, to);
        if (!s)
            s = cut(p, i + 1, text + begin, end - begin, to);
        at = end;
    }
    return s;
}

assay_status assay_pretokenize(const assay_pretokenizer *p, const char *text, size_t n, assay_piece piece, void *ctx,
                               assay_why *why)
{
    const unsigned char *t = (const unsigned char *)text;
    const sink to = { piece, ctx, why };
    assay_status s = ASSAY_OK;
    for (size_t at = 0, next; at < n && !s; at = next) {
        int length = assay_utf8_length(t + at, n - at);
        const bool good = length > 0;
        for (next = at; next < n; next += good ? (size_t)length : 1) {
            length = assay_utf8_length(t + next, n - next);
            if ((length > 0) != good)
                break;
        }
        s = good ? cut(p, 0, text + at, next - at, &to) : piece(ctx, text + at, next - at, why);
    }
    return s;
}
