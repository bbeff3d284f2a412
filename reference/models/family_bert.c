/* SPDX-License-Identifier: MIT
 * BERT and RoBERTa: x = norm(word[id] + type[t] + place[p]); per layer x = norm(x + o(attention x)), x = norm(x + down
 * (gelu(up x))), all keys seen; the answer is x (T, d), or what the head for masked tokens makes of it: norm(gelu
 * (dense x)) word^T + bias (transformers modeling_bert.py, modeling_roberta.py).  RoBERTa has its first place in row
 * pad_token_id + 1 of the table; a text holds no padding.  GGUF has one arch for both, and no head; there llama.cpp cut
 * RoBERTa's first rows away. */
#include "../core/status.h"
#include "decoder.h"
#include <string.h>

#define LIST ASSAY_LIST
enum { T = ASSAY_DIM_T };

#define ANY(hf) hf "|bert." hf "|roberta." hf
#define ROW(gguf, hf)                                                                                                  \
    {                                                                                                                  \
        gguf, ANY(hf), ASSAY_FORM_SAME                                                                                 \
    }
#define NORM(gguf, hf) /* old files say gamma and beta */                                                              \
    { gguf ".weight", ANY(hf ".weight") "|" ANY(hf ".gamma"), ASSAY_FORM_SAME },                                       \
    {                                                                                                                  \
        gguf ".bias", ANY(hf ".bias") "|" ANY(hf ".beta"), ASSAY_FORM_SAME                                             \
    }
#define DROPPED(hf)                                                                                                    \
    { "", hf, ASSAY_FORM_SAME }, { "", "bert." hf, ASSAY_FORM_SAME },                                                  \
    {                                                                                                                  \
        "", "roberta." hf, ASSAY_FORM_SAME                                                                             \
    }

static const assay_tensor_name names[] = {
    ROW("token_embd", "embeddings.word_embeddings"),
    ROW("position_embd", "embeddings.position_embeddings"),
    ROW("token_types", "embeddings.token_type_embeddings"),
    NORM("token_embd_norm", "embeddings.LayerNorm"),
    ROW("blk.#.attn_q", "encoder.layer.#.attention.self.query"),
    ROW("blk.#.attn_k", "encoder.layer.#.attention.self.key"),
    ROW("blk.#.attn_v", "encoder.layer.#.attention.self.value"),
    ROW("blk.#.attn_output", "encoder.layer.#.attention.output.dense"),
    NORM("blk.#.attn_output_norm", "encoder.layer.#.attention.output.LayerNorm"),
    ROW("blk.#.ffn_up", "encoder.layer.#.intermediate.dense"),
    ROW("blk.#.ffn_down", "encoder.layer.#.output.dense"),
    NORM("blk.#.layer_output_norm", "encoder.layer.#.output.LayerNorm"),
    { "mlm_dense", "cls.predictions.transform.dense|lm_head.dense", ASSAY_FORM_SAME },
    { "mlm_norm", "cls.predictions.transform.LayerNorm|lm_head.layer_norm", ASSAY_FORM_SAME },
    { "mlm_norm.weight", "cls.predictions.transform.LayerNorm.gamma", ASSAY_FORM_SAME },
    { "mlm_norm.bias", "cls.predictions.transform.LayerNorm.beta", ASSAY_FORM_SAME },
    { "output.weight", "cls.predictions.decoder.weight|lm_head.decoder.weight", ASSAY_FORM_SAME },
    { "output.bias", "cls.predictions.bias|lm_head.bias|cls.predictions.decoder.bias|lm_head.decoder.bias",
      ASSAY_FORM_SAME },
    DROPPED("pooler.dense"), /* of sentences: no part of what each token gets */
    DROPPED("embeddings.position_ids"),
    { "", "cls.seq_relationship", ASSAY_FORM_SAME },
    { "", "cls.predictions.decoder.bias", ASSAY_FORM_SAME }, /* the same numbers once more */
    { "", "lm_head.decoder.bias", ASSAY_FORM_SAME },
    { 0 },
};
static const assay_key_rule keys[] = {
    { "is_decoder", false, { 0, 0 }, "no key is seen that lies ahead" },
    { "attention.causal", false, { 0, 0 }, "no key is seen that lies ahead" },
    { "pooling_type", true, { 0, 0 }, "what is made of the rows of the answer" },
    { "pooler_*", true, { 0, 0 }, "a head that no graph has" },
    { "type_vocab_size", true, { 0, 0 }, "the rows of the table count" },
    { "directionality", true, { 0, 0 }, "nothing reads it" },
    { 0 },
};

static int head(const assay_builder *b, int x, assay_net act, bool own, int64_t V)
{
    const int64_t d = b->s->d;
    x = assay_build_linear(b, x, T, d, d, "mlm_dense", true, -1);
    x = assay_build_activation(b, x, T, d, act, "mlm_activation", -1);
    x = assay_build_norm(b, x, T, "mlm_norm", -1);
    const int w = assay_graph_weight(b->g, b->m, 2, LIST(V, d), own ? "output.weight" : "token_embd.weight");
    return assay_build_product(b, x, w, assay_graph_vector(b->g, b->m, 1, LIST(V), "output.bias"), T, V, d, "logits",
                               -1);
}

static int embedded(const assay_builder *b, int64_t V, int64_t shift)
{
    assay_graph *g = b->g;
    const int64_t d = b->s->d, types = assay_build_rows(g, b->m, "token_types.weight", "type_vocab_size");
    const int table = assay_graph_weight(g, b->m, 2, LIST(V, d), "token_embd.weight");
    const int kinds = assay_graph_weight(g, b->m, 2, LIST(types, d), "token_types.weight");
    const int type = assay_graph_value(g, ASSAY_VALUE_TYPES, ASSAY_i32, 1, LIST(T), "types");
    const int x = assay_build_lookup(b, b->ids, T, table, V, d, "embedding");
    const int t = assay_build_lookup(b, type, T, kinds, types, d, "type");
    const int both = assay_build_add(b, x, t, T, d, "embedding.typed", -1);
    return assay_build_norm(b, assay_build_placed(b, both, "position_embd.weight", shift), T, "token_embd_norm", -1);
}

static assay_status read(assay_model *m, assay_decoder *d, assay_why *why)
{
    assay_span placing = { "absolute", 8 };
    assay_status s = assay_decoder_read(m, d, why);
    d->s.causal = false;
    if (!s)
        s = assay_activation_read(m, "hidden_act", &d->s.net, why);
    if (!s)
        s = assay_model_text(m, "position_embedding_type", &placing, why);
    if (!s && !assay_span_is(placing, "absolute"))
        s = assay_fail(why, ASSAY_UNSUPPORTED, "%s: positions of type '%.*s' are not known; absolute are", m->label,
                       placing.n < 40 ? (int)placing.n : 40, placing.at);
    return s;
}

static assay_status graph(assay_model *m, assay_dtype kv, assay_graph *g, assay_why *why, assay_net act, int64_t shift)
{
    assay_decoder d = { .s = { .place = ASSAY_NORM_AFTER,
                               .layer_norm = true,
                               .eps = 1e-12,
                               .bias = ASSAY_BIAS_ALL,
                               .net = ASSAY_NET_GELU } };
    const assay_status s = read(m, &d, why);
    if (s)
        return s;
    *g = (assay_graph){ .encodes = true,
                        .context = d.context > shift ? d.context - shift : 0,
                        .pass = ASSAY_PASS_ENCODE };
    snprintf(g->family, sizeof g->family, "%s", m->family->name);
    g->vocab = assay_build_rows(g, m, "token_embd.weight", "vocab_size");
    const bool masked = assay_model_has(m, "mlm_dense.weight"), own = assay_build_own_head(g, m, true);
    assay_builder b = assay_stack_begin(g, m, &d.s, kv);
    g->hidden = g->logits = assay_stack_layers(&b, embedded(&b, g->vocab, shift));
    g->width = d.s.d;
    if (masked) {
        g->width = g->vocab;
        g->logits = head(&b, g->hidden, act == ASSAY_NET_SWIGLU ? d.s.net : act, own, g->vocab);
    }
    return assay_graph_done(m, g, why);
}

/* The head's activation is the layers'; RoBERTa's is gelu whatever they have. */
static assay_status bert(assay_model *m, assay_dtype kv, assay_graph *g, assay_why *why)
{
    return graph(m, kv, g, why, ASSAY_NET_SWIGLU, 0);
}

static assay_status roberta(assay_model *m, assay_dtype kv, assay_graph *g, assay_why *why)
{
    int64_t pad = 1;
    const assay_status s = assay_model_int(m, "pad_token_id", false, 0, INT32_MAX - 1, &pad, why);
    return s ? s : graph(m, kv, g, why, ASSAY_NET_GELU, pad + 1);
}

static const char *const small[] = { "vocab_size=352",          "embedding_length=96",
                                     "block_count=3",           "attention.head_count=6",
                                     "context_length=64",       "type_vocab_size=2",
                                     "feed_forward_length=160", NULL };
const assay_family assay_family_bert = {
    .name = "bert",
    .says = "BERT, MiniLM: an encoder, its rows or the head for masked tokens",
    .arch = { "bert" },
    .names = names,
    .keys = keys,
    .graph = bert,
    .sizes = small,
};
const assay_family assay_family_roberta = {
    .name = "roberta",
    .says = "RoBERTa, XLM-R: BERT whose positions begin behind the padding's",
    .arch = { "roberta", "xlm-roberta", "camembert" },
    .names = names,
    .keys = keys,
    .graph = roberta,
    .sizes = small,
};
