/* SPDX-License-Identifier: MIT
 * libFuzzer target: the input is a tokenizer.json, up to a NUL if there is one, whose tokenizer encodes the input's own
 * bytes, special tokens or not, and says what each id prints. */
#include "../reference/models/prompt.h"
#include "../reference/models/tokenizer.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void encode(const assay_tokenizer *t, const char *text, size_t n, bool special)
{
    assay_prompt p;
    assay_why why = { "" };
    if (assay_prompt_make(t, text, n, special, &p, &why))
        return;
    for (size_t i = 0; i < p.n; i++)
        if (p.id[i] < 0 || p.id[i] >= t->n ||
            (assay_tokenizer_piece(t, p.id[i], true).n && !assay_tokenizer_piece(t, p.id[i], true).at))
            abort();
    free(p.id);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const size_t file = strnlen(text, size);
    assay_vocab v;
    assay_tokenizer t;
    assay_why why = { "" };
    if (assay_vocab_json(text, file, "fuzz", &v, &why))
        return 0;
    const bool made = assay_tokenizer_make(&v, &t, &why) == ASSAY_OK;
    assay_vocab_free(&v);
    if (!made)
        return 0;
    encode(&t, text, size, true);
    encode(&t, text, size, false);
    assay_tokenizer_free(&t);
    return 0;
}
