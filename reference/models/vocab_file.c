/* SPDX-License-Identifier: MIT
 * A tokenizer from any file that holds a vocabulary: which format it is shows in its first bytes. */
#include "../core/status.h"
#include "tokenizer.h"
#include <string.h>

static assay_status of_gguf(const char *path, assay_tokenizer *t, assay_why *why)
{
    assay_gguf g;
    assay_status s = assay_gguf_open(path, &g, why);
    if (s)
        return s;
    s = assay_tokenizer_gguf(&g, t, why);
    assay_gguf_close(&g);
    return s;
}

static bool begins_json(const assay_map *m)
{
    size_t i = 0;
    while (i < m->n && strchr(" \t\r\n", m->data[i]) && m->data[i])
        i++;
    return i < m->n && m->data[i] == '{';
}

assay_status assay_tokenizer_open(const char *path, assay_tokenizer *t, assay_why *why)
{
    assay_map m;
    assay_vocab v;
    assay_why as_text = { "" };
    *t = (assay_tokenizer){ .bos = -1, .eos = -1 };
    assay_status s = assay_map_open(path, &m, why);
    if (s)
        return s;
    if (m.n == 0)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: 0 bytes: no vocabulary", path);
    if (m.n >= 4 && !memcmp(m.data, "GGUF", 4)) {
        assay_map_close(&m);
        return of_gguf(path, t, why);
    }
    if (begins_json(&m))
        s = assay_vocab_json(m.data, m.n, path, &v, why);
    else if (m.n > 2 && m.data[0] == '\n' && m.data[2] == '\n') /* field 1, of it field 1: a piece and its text */
        s = assay_vocab_spm(m.data, m.n, path, &v, why);
    else if ((s = assay_vocab_txt(m.data, m.n, path, &v, &as_text)))
        assay_fail(why, s, "%s (nor is it a GGUF file, a tokenizer.json or a tokenizer.model)", as_text.text);
    if (!s) {
        s = assay_tokenizer_make(&v, t, why);
        assay_vocab_free(&v);
    }
    assay_map_close(&m);
    return s;
}
