/* SPDX-License-Identifier: MIT
 * Baichuan 1, 2: LLaMA's graph with q, k and v in one matrix.  7B turns q and k; 13B has biases by distance (ALiBi)
 * instead.  Of Baichuan 2 the head's rows have length 1.  No key says which: of config.json max_position_embeddings is
 * there where heads turn, and z_loss_weight, or the vocabulary of 125696, where rows are divided; GGUF is told by its
 * layers, 32 or 40, as llama.cpp does, and by its vocabulary (to divide twice changes nothing). */
#include "decoder.h"
#include "../core/status.h"
#include <inttypes.h>

static const assay_key_rule keys[] = {
    { "_from_model_config", true, { 0, 0 }, "where the file came from" },
    { "user_token_id", true, { 0, 0 }, "the tokenizer says it" },
    { "assistant_token_id", true, { 0, 0 }, "the tokenizer says it" },
    { 0 },
};

enum { SECOND = 125696, SMALLER = 32, LARGER = 40 };

static assay_status turns(assay_model *m, const assay_decoder *d, bool *out, assay_why *why)
{
    *out = m->hf ? assay_model_find(m, "max_position_embeddings") != NULL : d->s.layers == SMALLER;
    if (m->hf || m->blank || d->s.layers == SMALLER || d->s.layers == LARGER)
        return ASSAY_OK;
    return assay_fail(why, ASSAY_UNSUPPORTED,
                      "%s: %" PRId64 " layers: GGUF files of %d turn heads, those of %d have biases by distance, and "
                      "no key says it of others",
                      m->label, d->s.layers, SMALLER, LARGER);
}

static assay_status graph(assay_model *m, assay_dtype kv, assay_graph *g, assay_why *why)
{
    assay_decoder d = { .s = { .half = true, .eps = 1e-6, .one_turn = true } };
    assay_tensor table = { 0 };
    bool turn = false;
    assay_status s = assay_decoder_read(m, &d, why);
    if (!s)
        s = assay_silu_read(m, why);
    if (!s)
        s = turns(m, &d, &turn, why);
    if (!s && !turn) {
        d.s.turn[0].rotary = 0;
        assay_stack_slopes(&d.s);
    }
    assay_why ignored = { "" };
    if (!s && assay_model_has(m, "token_embd.weight"))
        assay_model_weight(m, "token_embd.weight", 2, (const int64_t[]){ -1, -1 }, &table, &ignored);
    d.unit_rows = assay_model_find(m, "z_loss_weight") || (table.rank == 2 && table.dim[0] == SECOND);
    if (!s)
        s = assay_decoder_graph(m, &d, kv, g, why);
    assay_decoder_free(&d);
    return s;
}

static const char *const small[] = { "vocab_size=352",
                                     "embedding_length=96",
                                     "block_count=32",
                                     "attention.head_count=6",
                                     "feed_forward_length=160",
                                     "context_length=2048",
                                     NULL };
const assay_family assay_family_baichuan = {
    .name = "baichuan",
    .says = "Baichuan 1, 2: rope (7B) or ALiBi (13B), a head of unit rows (2)",
    .arch = { "baichuan" },
    .rope_of_gguf = "interleaved",
    .names = assay_llama_names,
    .keys = keys,
    .graph = graph,
    .sizes = small,
};
