/* SPDX-License-Identifier: MIT
 * libFuzzer target: the input is a vocab.txt whose tokenizer, cased or not by its first byte, encodes the input's own
 * bytes; a small vocabulary of ours encodes them, too, and its ids must be words and rests in turn. */
#include "../reference/models/tokenizer.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OURS = 1 + 3 * 26, UNKNOWN = 0 }; /* tokens: [UNK], then words and rests */

static void encode(const assay_tokenizer *t, const char *text, size_t n, bool special, bool ours)
{
    int32_t *ids;
    size_t n_ids;
    assay_why why;
    if (assay_tokenizer_encode(t, text, n, special, &ids, &n_ids, &why))
        abort(); /* no text is refused */
    for (size_t i = 0; i < n_ids; i++) {
        if (ids[i] < 0 || ids[i] >= t->n)
            abort();
        const assay_span now = assay_tokenizer_piece(t, ids[i], true);
        const bool rest = ours && ids[i] != UNKNOWN && *now.at != ' ';
        if (rest && (i == 0 || ids[i - 1] == UNKNOWN)) /* a word is known as a whole or not at all */
            abort();
    }
    free(ids);
}

static bool make(const void *text, size_t n, bool lower, bool strip_accents, assay_tokenizer *t)
{
    assay_vocab v;
    assay_why why;
    if (assay_vocab_txt(text, n, "fuzz", &v, &why))
        return false;
    v.lower = lower;
    v.strip_accents = strip_accents;
    const bool good = assay_tokenizer_make(&v, t, &why) == ASSAY_OK;
    assay_vocab_free(&v);
    return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static assay_tokenizer ours[4];
    assay_tokenizer t;
    if (!ours[0].n) { /* once */
        char text[8 + 3 * 26 * 8] = "[UNK]\n";
        size_t n = strlen(text);
        for (int c = 'a'; c <= 'z'; c++) {
            const char lines[] = { (char)c, '\n', '#', '#', (char)c, '\n', '#', '#', (char)c, 'e', '\n' };
            memcpy(text + n, lines, sizeof lines);
            n += sizeof lines;
        }
        for (int i = 0; i < 4; i++)
            if (!make(text, n, i & 1, i & 2, &ours[i]) || ours[i].n != OURS)
                abort();
    }
    if (size && make(data, size, data[0] & 1, data[0] & 2, &t)) {
        encode(&t, (const char *)data, size, true, false);
        encode(&t, (const char *)data, size, false, false);
        assay_tokenizer_free(&t);
    }
    for (int i = 0; i < 4; i++)
        encode(&ours[i], (const char *)data, size, i & 1, true);
    return 0;
}
