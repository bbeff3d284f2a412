/* SPDX-License-Identifier: MIT */
#include "tokens.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

assay_status assay_unit_tokens(const assay_tokenizer_kind *kind, const token *list, int32_t n, token_options o,
                               assay_tokenizer *t, assay_why *why)
{
    assay_vocab v = { .label = "memory", .kind = kind, .n = o.bytes ? n + 256 : n, .add_bos = -1, .add_eos = -1 };
    char byte[256][8];
    memset(v.named, 0xff, sizeof v.named);
    v.text = malloc((size_t)v.n * sizeof *v.text);
    v.type = malloc((size_t)v.n);
    v.score = calloc((size_t)v.n, sizeof *v.score);
    v.space_prefix = o.prefix;
    v.squeeze = o.squeeze;
    ck_assert(v.text && v.type && v.score);
    for (int32_t i = 0; i < n; i++) {
        v.text[i] = (assay_span){ list[i].text, strlen(list[i].text) };
        v.type[i] = (uint8_t)list[i].type;
        v.score[i] = list[i].score;
        if (o.eos && list[i].type == C)
            v.named[ASSAY_NAMED_EOS] = i;
    }
    for (int32_t i = n; i < v.n; i++) {
        snprintf(byte[i - n], sizeof byte[0], "<0x%02X>", (unsigned)(i - n) & 0xff);
        v.text[i] = (assay_span){ byte[i - n], 6 };
        v.type[i] = ASSAY_TOKEN_BYTE;
    }
    const assay_status s = assay_tokenizer_make(&v, t, why);
    assay_vocab_free(&v);
    return s;
}

void assay_unit_becomes(const assay_tokenizer *t, const char *text, size_t n, bool special, const int32_t *want,
                        size_t n_want)
{
    int32_t *ids;
    size_t n_ids;
    assay_why why = { "" };
    char got[200] = "";
    ck_assert_msg(assay_tokenizer_encode(t, text, n, special, &ids, &n_ids, &why) == ASSAY_OK, "%s", why.text);
    for (size_t j = 0; j < n_ids && j < 20; j++)
        snprintf(got + strlen(got), sizeof got - strlen(got), " %d", ids[j]);
    ck_assert_msg(n_ids == n_want && !memcmp(ids, want, n_ids * sizeof *ids), "'%.*s': %zu ids, not %zu:%s",
                  n < 80 ? (int)n : 80, text, n_ids, n_want, got);
    free(ids);
}

size_t assay_unit_long(const assay_tokenizer *t, char letter, size_t n, int seconds, int32_t **ids)
{
    char *text = malloc(n);
    size_t n_ids = 0;
    assay_why why = { "" };
    ck_assert_ptr_nonnull(text);
    memset(text, letter, n);
    const clock_t begin = clock();
    ck_assert_int_eq(assay_tokenizer_encode(t, text, n, false, ids, &n_ids, &why), ASSAY_OK);
    ck_assert_msg(clock() - begin < seconds * CLOCKS_PER_SEC, "%.1f s", (double)(clock() - begin) / CLOCKS_PER_SEC);
    free(text);
    return n_ids;
}
