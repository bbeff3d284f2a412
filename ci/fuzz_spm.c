/* SPDX-License-Identifier: MIT
 * libFuzzer target: the input is a tokenizer.model of SentencePiece, which becomes a tokenizer that then encodes the
 * input's own bytes, as a text and between special tokens. */
#include "../reference/models/tokenizer.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void encode(const assay_tokenizer *t, const char *text, size_t n, bool special)
{
    int32_t *ids;
    size_t n_ids;
    assay_why why;
    if (assay_tokenizer_encode(t, text, n, special, &ids, &n_ids, &why))
        return;
    for (size_t i = 0; i < n_ids; i++)
        if (ids[i] < 0 || ids[i] >= t->n)
            abort();
    free(ids);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    assay_vocab v;
    assay_tokenizer t;
    assay_why why;
    char *copy = malloc(size); /* of this size, so that whoever reads on is seen */
    if (!copy && size)
        return 0;
    memcpy(copy ? copy : "", data, copy ? size : 0);
    if (assay_vocab_spm(copy, size, "fuzz", &v, &why) == ASSAY_OK) {
        const assay_status s = assay_tokenizer_make(&v, &t, &why);
        assay_vocab_free(&v);
        if (s == ASSAY_OK) {
            encode(&t, (const char *)data, size, false);
            encode(&t, (const char *)data, size, true);
            assay_tokenizer_free(&t);
        }
    }
    free(copy);
    return 0;
}
