/* SPDX-License-Identifier: MIT
 * The Transformer of 2017: x = d^1/2 E[id] + place[p]; norms behind the sums; relu; logits = x E^T (Vaswani et al.,
 * "Attention is all you need").  No format of files is usual for it: config.json's members and the tensors' names are
 * those that docs and vectors of this project write.  position_table: interleaved (the paper's: a sine, a cosine, ...),
 * halves (tensor2tensor's: all sines first) or learned; tie_word_embeddings false: a table for either side and a head
 * with a bias. */
#include "../core/status.h"
#include "decoder.h"
#include "seq2seq.h"
#include <math.h>

#define LAYERS(side, hf)                                                                                               \
    { side ".blk.#.attn_q", hf ".layers.#.self_attn.q_proj", ASSAY_FORM_SAME },                                        \
        { side ".blk.#.attn_k", hf ".layers.#.self_attn.k_proj", ASSAY_FORM_SAME },                                    \
        { side ".blk.#.attn_v", hf ".layers.#.self_attn.v_proj", ASSAY_FORM_SAME },                                    \
        { side ".blk.#.attn_o", hf ".layers.#.self_attn.o_proj", ASSAY_FORM_SAME },                                    \
        { side ".blk.#.attn_output_norm", hf ".layers.#.self_attn_norm", ASSAY_FORM_SAME },                            \
        { side ".blk.#.ffn_up", hf ".layers.#.fc1", ASSAY_FORM_SAME },                                                 \
        { side ".blk.#.ffn_down", hf ".layers.#.fc2", ASSAY_FORM_SAME },                                               \
        { side ".blk.#.layer_output_norm", hf ".layers.#.ffn_norm", ASSAY_FORM_SAME },                                 \
        { side ".token_embd", hf ".embed", ASSAY_FORM_SAME },                                                          \
    {                                                                                                                  \
        side ".position_embd", hf ".positions", ASSAY_FORM_SAME                                                        \
    }

static const assay_tensor_name names[] = {
    { "token_embd", "embed", ASSAY_FORM_SAME },
    { "output", "output", ASSAY_FORM_SAME },
    LAYERS("enc", "encoder"),
    LAYERS("dec", "decoder"),
    { "dec.blk.#.cross_attn_q", "decoder.layers.#.cross_attn.q_proj", ASSAY_FORM_SAME },
    { "dec.blk.#.cross_attn_k", "decoder.layers.#.cross_attn.k_proj", ASSAY_FORM_SAME },
    { "dec.blk.#.cross_attn_v", "decoder.layers.#.cross_attn.v_proj", ASSAY_FORM_SAME },
    { "dec.blk.#.cross_attn_o", "decoder.layers.#.cross_attn.o_proj", ASSAY_FORM_SAME },
    { "dec.blk.#.cross_attn_output_norm", "decoder.layers.#.cross_attn_norm", ASSAY_FORM_SAME },
    { 0 },
};

static assay_status read_placing(assay_model *m, assay_placing *p, assay_why *why)
{
    static const char *const known[] = { "learned", "interleaved", "halves" };
    static const assay_placing is[] = { ASSAY_PLACING_TABLE, ASSAY_PLACING_PAPER, ASSAY_PLACING_HALVES };
    assay_span text = { "interleaved", 11 };
    const assay_status s = assay_model_text(m, "position_table", &text, why);
    for (size_t i = 0; i < sizeof is / sizeof *is && !s; i++)
        if (assay_span_is(text, known[i])) {
            *p = is[i];
            return ASSAY_OK;
        }
    return s ? s
             : assay_fail(why, ASSAY_UNSUPPORTED,
                          "%s: key 'position_table' is '%.*s'; interleaved, halves and learned are known", m->label,
                          text.n < 40 ? (int)text.n : 40, text.at);
}

static assay_status graph(assay_model *m, assay_dtype kv, assay_graph *g, assay_why *why)
{
    assay_seq2seq x = { .side = { { .eps = 1e-6 } } };
    bool bias = false, tied = true;
    assay_status s = assay_seq2seq_read(m, &x, false, why);
    if (!s)
        s = read_placing(m, &x.placing[0], why);
    if (!s)
        s = assay_model_truth(m, "attention_bias", &bias, why);
    if (!s)
        s = assay_model_truth(m, "tie_word_embeddings", &tied, why);
    if (s)
        return s;
    x.placing[1] = x.placing[0];
    for (int k = 0; k < 2; k++) {
        x.side[k].place = ASSAY_NORM_AFTER;
        x.side[k].layer_norm = true;
        x.side[k].bias = bias ? ASSAY_BIAS_ALL : ASSAY_BIAS_NET | ASSAY_BIAS_NORM;
        x.side[k].net = ASSAY_NET_RELU;
    }
    x.own_tables = !tied;
    x.output_biased = tied ? 0 : 2;
    x.embed_scale = sqrt((double)x.side[0].d);
    return assay_seq2seq_graph(m, &x, kv, g, why);
}

static const char *const small[] = { "vocab_size=352",
                                     "embedding_length=96",
                                     "block_count=3",
                                     "decoder_block_count=2",
                                     "attention.head_count=6",
                                     "feed_forward_length=160",
                                     NULL };
const assay_family assay_family_transformer = {
    .name = "transformer",
    .says = "the Transformer of 2017: encoder and decoder, sines and cosines as positions",
    .arch = { "transformer" },
    .names = names,
    .graph = graph,
    .sizes = small,
};
