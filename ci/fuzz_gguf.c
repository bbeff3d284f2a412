/* SPDX-License-Identifier: MIT
 * libFuzzer target: no bytes may make the GGUF reader read beyond them, overflow or leak; what it accepts is walked. */
#include "../reference/core/gguf.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static volatile size_t sink;
    assay_gguf g;
    assay_why why;
    assay_span *text = NULL;
    size_t n = 0, sum = 0;
    void *copy = aligned_alloc(64, (size + 64) / 64 * 64); /* the reader wants aligned bytes */
    if (!copy)
        return 0;
    memcpy(copy, data, size);
    if (assay_gguf_parse(copy, size, "fuzz", &g, &why) == ASSAY_OK) {
        for (size_t i = 0; i < g.n_tensors; i++)
            for (uint64_t b = 0; b < g.tensor[i].bytes; b++)
                sum += ((const unsigned char *)g.tensor[i].t.data)[b];
        int64_t whole = 0;
        double real = 0;
        bool truth = false;
        assay_span span;
        assay_gguf_int(&g, "i", true, -5, 5, &whole, &why);
        assay_gguf_real(&g, "r", true, 0, 1, &real, &why);
        assay_gguf_bool(&g, "b", true, &truth, &why);
        assay_gguf_text(&g, "t", true, &span, &why);
        if (assay_gguf_texts(&g, "a", &text, &n, &why) == ASSAY_OK)
            for (size_t i = 0; i < n; i++)
                sum += text[i].n ? (unsigned char)text[i].at[text[i].n - 1] : 0;
        free(text);
        assay_gguf_close(&g);
    }
    free(copy);
    sink = sum;
    (void)sink;
    return 0;
}
