/* SPDX-License-Identifier: MIT
 * A tokenizer from any file that holds a vocabulary: which format it is shows in its first bytes. */
#include "../core/status.h"
#include "tokenizer.h"
#include <cjson/cJSON.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

assay_status assay_vocab_config(const void *bytes, size_t n, const char *label, assay_vocab *v, assay_why *why)
{
    cJSON *root = cJSON_ParseWithLength(bytes, n);
    const cJSON *lower = cJSON_GetObjectItemCaseSensitive(root, "do_lower_case"),
                *accents = cJSON_GetObjectItemCaseSensitive(root, "strip_accents"),
                *han = cJSON_GetObjectItemCaseSensitive(root, "tokenize_chinese_chars");
    const char *wrong = NULL;
    if (!cJSON_IsObject(root))
        wrong = "no JSON object";
    else if (lower && !cJSON_IsBool(lower))
        wrong = "do_lower_case is neither true nor false";
    else if (accents && !cJSON_IsBool(accents) && !cJSON_IsNull(accents))
        wrong = "strip_accents is neither true nor false nor null";
    else if (cJSON_IsFalse(han))
        wrong = "tokenize_chinese_chars is false, which is not done";
    v->lower = !cJSON_IsFalse(lower);
    v->strip_accents = cJSON_IsBool(accents) ? cJSON_IsTrue(accents) : v->lower;
    cJSON_Delete(root);
    return wrong ? assay_fail(why, ASSAY_UNSUPPORTED, "%s: %s", label, wrong) : ASSAY_OK;
}

/* Of a vocab.txt, which does not say whether it is cased: the tokenizer_config.json beside it, if there is one. */
static assay_status read_beside(const char *path, assay_vocab *v, assay_why *why)
{
    char beside[PATH_MAX];
    assay_map m;
    const char *slash = strrchr(path, '/');
    const int folder = slash ? (int)(slash - path) + 1 : 0;
    const int n = snprintf(beside, sizeof beside, "%.*stokenizer_config.json", folder, path);
    if (n < 0 || (size_t)n >= sizeof beside || access(beside, F_OK))
        return ASSAY_OK;
    assay_status s = assay_map_open(beside, &m, why);
    if (s)
        return s;
    s = assay_vocab_config(m.data, m.n, beside, v, why);
    assay_map_close(&m);
    return s;
}

bool assay_tokenizer_in(const char *folder, char *path, size_t size)
{
    static const char *const known[] = { "tokenizer.json", "tokenizer.model", "spiece.model", "vocab.txt" };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const int n = snprintf(path, size, "%s/%s", folder, known[i]);
        if (n > 0 && (size_t)n < size && !access(path, R_OK))
            return true;
    }
    return false;
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
    else if ((s = read_beside(path, &v, why)))
        assay_vocab_free(&v);
    if (!s) {
        s = assay_tokenizer_make(&v, t, why);
        assay_vocab_free(&v);
    }
    assay_map_close(&m);
    return s;
}
