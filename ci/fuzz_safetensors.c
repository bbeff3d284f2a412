/* SPDX-License-Identifier: MIT
 * libFuzzer target: no bytes may make the safetensors reader read beyond them, overflow or leak; data is walked. */
#include "../reference/core/safetensors.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static volatile unsigned char sink;
    assay_safetensors s;
    assay_why why;
    if (assay_safetensors_parse(data, size, "fuzz", &s, &why) == ASSAY_OK) {
        for (size_t i = 0; i < s.n_tensors; i++)
            for (uint64_t b = 0; b < s.tensor[i].bytes; b++)
                sink ^= ((const unsigned char *)s.tensor[i].data)[b];
        for (size_t i = 0; i < s.n_meta; i++)
            sink ^= (unsigned char)strlen(s.meta[i].value);
        assay_safetensors_find(&s, "x");
        assay_safetensors_meta(&s, "x");
        assay_safetensors_close(&s);
    }
    return sink & 0;
}
