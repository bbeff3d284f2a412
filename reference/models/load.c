/* SPDX-License-Identifier: MIT */
#include "load.h"
#include "../core/status.h"
#include "family.h"

assay_status assay_model_tokenizer(const assay_model *m, assay_wants wants, assay_tokenizer *t, assay_why *why)
{
    char path[8192];
    *t = (assay_tokenizer){ .bos = -1, .eos = -1 };
    if (!m->hf) {
        if (wants == ASSAY_WANTS_IDS && !assay_gguf_find(m->gguf, "tokenizer.ggml.model"))
            return ASSAY_OK;
        return assay_tokenizer_gguf(m->gguf, t, why);
    }
    if (assay_tokenizer_in(m->folder, path, sizeof path))
        return assay_tokenizer_open(path, t, why);
    return wants == ASSAY_WANTS_IDS
               ? ASSAY_OK
               : assay_fail(why, ASSAY_ERR_IO,
                            "%s: no tokenizer.json, tokenizer.model, spiece.model or vocab.txt there: "
                            "give ids (--ids) in place of text",
                            m->folder);
}

assay_status assay_load(const char *path, assay_dtype kv, int64_t longest, assay_wants wants, assay_loaded *l,
                        assay_why *why)
{
    *l = (assay_loaded){ 0 };
    assay_status s = assay_model_open(path, &l->model, why);
    l->model.longest = longest;
    l->model.shapes = wants == ASSAY_WANTS_SHAPES;
    if (!s)
        s = assay_family_graph(&l->model, kv, &l->graph, why);
    if (!s && (wants == ASSAY_WANTS_IDS || wants == ASSAY_WANTS_TEXT))
        s = assay_model_tokenizer(&l->model, wants, &l->tokens, why);
    return s;
}

assay_status assay_loaded_reach(assay_loaded *l, assay_dtype kv, int64_t longest, assay_why *why)
{
    if (!l->model.by_length || l->model.longest == longest)
        return ASSAY_OK;
    l->model.longest = longest;
    assay_graph_free(&l->graph);
    return assay_family_graph(&l->model, kv, &l->graph, why);
}

void assay_loaded_free(assay_loaded *l)
{
    if (l->tokens.kind)
        assay_tokenizer_free(&l->tokens);
    assay_graph_free(&l->graph);
    if (l->model.label)
        assay_model_close(&l->model);
    *l = (assay_loaded){ 0 };
}
