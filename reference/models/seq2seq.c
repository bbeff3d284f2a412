/* SPDX-License-Identifier: MIT
 * The encoder's pass: embeddings, layers, a norm, and the keys and values of all cross-attention.  A step: embeddings,
 * layers, a norm, logits. */
#include "seq2seq.h"
#include "../core/status.h"
#include "assay/params.h"
#include "decoder.h"
#include <inttypes.h>

#define LIST ASSAY_LIST
#define OF   ASSAY_OF
enum { T = ASSAY_DIM_T, L = ASSAY_DIM_L };

static const char *const sides[] = { "enc", "dec" }, *const blocks[] = { "enc.blk", "dec.blk" };

assay_status assay_seq2seq_read(assay_model *m, assay_seq2seq *s, bool apart, assay_why *why)
{
    assay_stack *e = &s->side[ASSAY_ENCODER], *d = &s->side[ASSAY_DECODER];
    const struct {
        const char *key;
        bool required;
        int64_t hi, *out;
    } ints[] = {
        { "embedding_length|d_model", true, 1 << 20, &e->d },
        { "block_count|encoder_layers|num_layers", true, ASSAY_MOST_LAYERS, &e->layers },
        { "decoder_block_count|decoder_layers|num_decoder_layers", false, ASSAY_MOST_LAYERS, &d->layers },
        { "attention.head_count|encoder_attention_heads|num_heads", true, 4096, &e->H },
        { "decoder.attention.head_count|decoder_attention_heads", apart, 4096, &d->H },
        { "attention.key_length|d_kv", false, 65536, &e->D },
        { "feed_forward_length|encoder_ffn_dim|d_ff", true, 1 << 24, &e->F },
        { "decoder.feed_forward_length|decoder_ffn_dim", false, 1 << 24, &d->F },
        { "context_length|max_target_positions|max_position_embeddings", false, INT32_MAX, &s->context },
    };
    d->layers = -1;
    assay_status st = ASSAY_OK;
    for (size_t i = 0; i < sizeof ints / sizeof *ints && !st; i++)
        st = assay_model_int(m, ints[i].key, ints[i].required, i == 2 ? 0 : 1, ints[i].hi, ints[i].out, why);
    if (!st)
        st = assay_model_real(m,
                              "attention.layer_norm_rms_epsilon|attention.layer_norm_epsilon|layer_norm_epsilon|"
                              "layer_norm_eps",
                              false, 0, 1, &e->eps, why);
    d->d = e->d, d->eps = e->eps, d->D = e->D;
    d->layers = d->layers < 0 ? e->layers : d->layers;
    d->H = d->H ? d->H : e->H;
    d->F = d->F ? d->F : e->F;
    for (int k = 0; k < 2 && !st; k++) {
        assay_stack *x = &s->side[k];
        x->prefix = blocks[k], x->short_o = true;
        x->causal = x->cross = k == ASSAY_DECODER;
        x->G = x->H;
        if (!x->D && x->d % x->H)
            return assay_fail(why, ASSAY_ERR_FORMAT,
                              "%s: embedding length %" PRId64 " is no multiple of %" PRId64 " heads", m->label, x->d,
                              x->H);
        x->D = x->D ? x->D : x->d / x->H;
    }
    return st;
}

static int placed(const assay_builder *b, const assay_seq2seq *s, int x, int k)
{
    char name[64];
    snprintf(name, sizeof name, "%s.position_embd.weight", sides[k]);
    if (s->placing[k] == ASSAY_PLACING_TABLE)
        return assay_build_placed(b, x, name, s->shift);
    if (s->placing[k] == ASSAY_PLACING_NONE)
        return x;
    const bool halves = s->placing[k] == ASSAY_PLACING_HALVES;
    const int y = assay_build_temp(b, T, b->s->d, "embedding.placed", -1);
    assay_node *n = assay_graph_call(b->g, "sinusoid", "TD", LIST(T, b->s->d), "x pos y", OF(x, b->pos, y), -1);
    assay_graph_set(b->g, n, "layout", halves ? ASSAY_SINUSOID_CONCATENATED : ASSAY_SINUSOID_INTERLEAVED);
    assay_graph_set(b->g, n, "spacing", halves ? ASSAY_SINUSOID_TENSOR2TENSOR : ASSAY_SINUSOID_PAPER);
    return y;
}

/* What the layers of a side get. */
static int embedded(const assay_builder *b, const assay_seq2seq *s, int k)
{
    const int64_t d = b->s->d, V = b->g->vocab;
    char name[64];
    int x;
    if (k == ASSAY_ENCODER && s->stem) {
        x = s->stem(b);
    } else {
        const int table = s->own_tables
                              ? assay_graph_weight(b->g, b->m, 2, LIST(V, d), "%s.token_embd.weight", sides[k])
                              : assay_graph_weight(b->g, b->m, 2, LIST(V, d), "token_embd.weight");
        x = assay_build_lookup(b, b->ids, T, table, V, d, "embedding");
        x = assay_build_scaled(b, x, T, d, s->embed_scale > 0 ? s->embed_scale : 1,
                               k ? "embedding.scaled" : "source.embedding.scaled");
    }
    x = placed(b, s, x, k);
    snprintf(name, sizeof name, "%s.token_embd_norm", sides[k]);
    return s->embed_norm ? assay_build_norm(b, x, T, name, -1) : x;
}

static void encode(assay_model *m, const assay_seq2seq *s, assay_dtype kv, bool decodes, assay_graph *g)
{
    g->pass = ASSAY_PASS_ENCODE;
    assay_builder b = assay_stack_begin(g, m, &s->side[ASSAY_ENCODER], kv);
    int x = assay_stack_layers(&b, embedded(&b, s, ASSAY_ENCODER));
    if (s->last_norm)
        x = assay_build_norm(&b, x, T, "enc.output_norm", -1);
    g->hidden = x;
    if (decodes)
        assay_stack_memory(&s->side[ASSAY_DECODER], g, m, x, b.s->d);
}

static void decode(assay_model *m, const assay_seq2seq *s, assay_dtype kv, bool own_head, assay_graph *g)
{
    g->pass = ASSAY_PASS_STEP;
    assay_builder b = assay_stack_begin(g, m, &s->side[ASSAY_DECODER], kv);
    const int64_t d = b.s->d, V = g->vocab;
    int x = assay_graph_tail(g, assay_stack_layers(&b, embedded(&b, s, ASSAY_DECODER)));
    if (s->last_norm)
        x = assay_build_norm(&b, x, L, "dec.output_norm", -1);
    if (!own_head && s->tied_scale > 0)
        x = assay_build_scaled(&b, x, L, d, s->tied_scale, "head.scaled");
    const int head = assay_graph_weight(g, m, 2, LIST(V, d), own_head ? "output.weight" : "token_embd.weight");
    const bool biased = s->output_biased == 2 || (s->output_biased && assay_model_has(m, "output.bias"));
    const int bias = biased ? assay_graph_vector(g, m, 1, LIST(V), "output.bias") : -1;
    g->logits = assay_build_product(&b, x, head, bias, L, V, d, "logits", -1);
    g->width = V;
}

assay_status assay_seq2seq_graph(assay_model *m, const assay_seq2seq *s, assay_dtype kv, assay_graph *g, assay_why *why)
{
    const bool decodes = m->blank || assay_model_has(m, "dec.blk.0.attn_q.weight");
    *g = (assay_graph){ .encodes = true, .steps = decodes, .hidden = -1, .context = s->context };
    snprintf(g->family, sizeof g->family, "%s", m->family->name);
    if (decodes || !s->stem)
        g->vocab = assay_build_rows(g, m, s->own_tables ? "dec.token_embd.weight" : "token_embd.weight", "vocab_size");
    const bool own_head = assay_build_own_head(g, m, true);
    encode(m, s, kv, decodes, g);
    if (decodes)
        decode(m, s, kv, own_head, g);
    else
        g->logits = g->hidden, g->width = s->side[ASSAY_ENCODER].d;
    return assay_graph_done(m, g, why);
}
