/* SPDX-License-Identifier: MIT
 * libFuzzer target: no bytes may make the reader of packed weights (AWQ, GPTQ) read beyond them; what it takes is
 * decoded.  What says how they are packed stands in the file's own metadata. */
#include "../reference/quantize/checkpoint.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Rows of nothing may be many: their number is bounded by no byte. */
enum { MOST = 1 << 20 };

static void walk(const assay_safetensors *s, size_t i, const assay_packed_config *c)
{
    assay_packed p;
    assay_packed_part part;
    assay_why why;
    char name[64];
    bool lies;
    if (assay_packed_part_of(s, i, "fuzz", &part, &why) || part != ASSAY_PACKED_CODES ||
        assay_packed_take(s, i, c, "fuzz", &p, name, sizeof name, &lies, &why) || p.in > MOST / p.out)
        return;
    double *w = malloc((size_t)(p.in * p.out) * sizeof *w);
    if (w)
        assay_packed_decode(&p, w, 1);
    free(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    assay_safetensors s;
    assay_packed_config c;
    assay_why why;
    if (assay_safetensors_parse(data, size, "fuzz", &s, &why) != ASSAY_OK)
        return 0;
    const char *meta = assay_safetensors_meta(&s, "quantization_config");
    if (meta && !assay_packed_config_parse(meta, strlen(meta), "fuzz", &c, &why))
        for (size_t i = 0; i < s.n_tensors; i++)
            walk(&s, i, &c);
    assay_safetensors_close(&s);
    return 0;
}
