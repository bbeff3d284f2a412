/* SPDX-License-Identifier: MIT
 * libFuzzer target: the input is a GGUF file whose metadata becomes a tokenizer, which then encodes the input's own
 * bytes; a second tokenizer, from a small file of ours, encodes them too, and must give them back. */
#include "../reference/models/ids.h"
#include "../reference/models/prompt.h"
#include "../reference/models/synth.h"
#include "../reference/models/tokenizer.h"
#include "../reference/models/utf8.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Encodes and decodes; whole: every byte has a token, so the text must come back. */
static void round_trip(const assay_tokenizer *t, const char *text, size_t n, bool special, bool whole)
{
    int32_t *ids;
    size_t n_ids, at = 0;
    char out[ASSAY_UTF8_OUT];
    assay_utf8 stream = { 0 };
    assay_why why;
    if (assay_tokenizer_encode(t, text, n, special, &ids, &n_ids, &why))
        return;
    for (size_t i = 0; i < n_ids; i++) {
        const assay_span piece = assay_tokenizer_piece(t, ids[i], true);
        if (whole && (piece.n > n - at || memcmp(piece.at, text + at, piece.n)))
            abort();
        at += piece.n;
        for (size_t k = 0; k < piece.n; k++)
            if (assay_utf8_push(&stream, (unsigned char)piece.at[k], out) > sizeof out)
                abort();
    }
    assay_utf8_end(&stream, out);
    if (whole && at != n)
        abort();
    free(ids);
}

static void from_file(const uint8_t *data, size_t size)
{
    assay_gguf g;
    assay_tokenizer t;
    assay_why why;
    void *copy = aligned_alloc(64, (size + 64) / 64 * 64);
    if (!copy)
        return;
    memcpy(copy, data, size);
    if (assay_gguf_parse(copy, size, "fuzz", &g, &why) == ASSAY_OK) {
        if (assay_tokenizer_gguf(&g, &t, &why) == ASSAY_OK) {
            assay_prompt p;
            round_trip(&t, (const char *)data, size, true, false);
            if (assay_prompt_make(&t, (const char *)data, size, false, &p, &why) == ASSAY_OK)
                free(p.id);
            assay_tokenizer_free(&t);
        }
        assay_gguf_close(&g);
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static assay_gguf ours;
    static assay_tokenizer good;
    assay_why why;
    if (!good.n) { /* once */
        char path[] = "/tmp/fuzz_tokenizer_XXXXXX";
        const int fd = mkstemp(path);
        static const char *const tiny[] = { "embedding_length=32",    "block_count=1",
                                            "attention.head_count=1", "attention.head_count_kv=1",
                                            "feed_forward_length=32", NULL };
        assay_synth m = {
            .family = assay_family_find("llama"), .set = tiny, .seed = 1, .type = ASSAY_f32, .table = ASSAY_f32
        };
        if (fd < 0 || assay_synth_write(&m, path, &why) || assay_gguf_open(path, &ours, &why) ||
            assay_tokenizer_gguf(&ours, &good, &why))
            abort();
        close(fd);
        unlink(path);
    }
    from_file(data, size);
    round_trip(&good, (const char *)data, size, true, true);
    round_trip(&good, (const char *)data, size, false, true);
    int32_t *ids;
    size_t n;
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = 0;
    if (assay_ids_parse(text, 1000, &ids, &n, &why) == ASSAY_OK)
        free(ids);
    free(text);
    return 0;
}
