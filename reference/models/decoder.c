/* SPDX-License-Identifier: MIT
 * x = E[id]; layers; norm; logits = W x.  Sources of the keys' names: llama.cpp's gguf-py constants, and the
 * config.json of each family. */
#include "decoder.h"
#include "../core/dtype.h"
#include "../core/status.h"
#include "../core/tensor.h"
#include "assay/params.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LIST ASSAY_LIST
#define OF   ASSAY_OF
enum { T = ASSAY_DIM_T, L = ASSAY_DIM_L };

static assay_status whole_heads(const assay_model *m, assay_stack *s, assay_why *why)
{
    s->G = s->G ? s->G : s->H;
    if (s->H % s->G)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: %" PRId64 " heads are no multiple of %" PRId64 " kv heads",
                          m->label, s->H, s->G);
    if (!s->D && s->d % s->H)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: embedding length %" PRId64 " is no multiple of %" PRId64 " heads",
                          m->label, s->d, s->H);
    s->D = s->D ? s->D : s->d / s->H;
    return ASSAY_OK;
}

/* How many elements of a head turn: said, a part of the head, or all. */
static assay_status read_turn(assay_model *m, assay_decoder *d, assay_why *why)
{
    assay_turn *t = &d->s.turn[0];
    double part = d->part > 0 && (m->hf || m->blank) ? d->part : 1;
    int64_t rotary = 0;
    if (!m->family->rope_of_gguf)
        return ASSAY_OK;
    assay_status s = assay_model_int(m, "rope.dimension_count", false, 1, 65536, &rotary, why);
    if (!s)
        s = assay_model_real(m, "partial_rotary_factor|rotary_pct", false, 0, 1, &part, why);
    if (!s)
        s = assay_model_real(m, "rope.freq_base|rope_theta|rotary_emb_base", false, 1, 1e12, &t->base, why);
    if (s)
        return s;
    t->rotary = rotary ? rotary : t->rotary ? t->rotary : (int64_t)((double)d->s.D * part);
    if (t->rotary > d->s.D || t->rotary % 2 || !t->rotary)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: %" PRId64 " rotated of %" PRId64 " dimensions per head", m->label,
                          t->rotary, d->s.D);
    d->s.half = m->hf ? d->s.half : !strcmp(m->family->rope_of_gguf, "half");
    return assay_turn_read(m, d->context, t, why);
}

assay_status assay_decoder_read(assay_model *m, assay_decoder *d, assay_why *why)
{
    assay_stack *s = &d->s;
    int64_t value_length = 0;
    const struct {
        const char *key;
        bool required;
        int64_t lo, hi, *out;
    } ints[] = {
        { "embedding_length|hidden_size|n_embd|n_embed", true, 1, 1 << 20, &s->d },
        { "block_count|num_hidden_layers|num_layers|n_layer", true, 1, ASSAY_MOST_LAYERS, &s->layers },
        { "attention.head_count|num_attention_heads|n_head", true, 1, 4096, &s->H },
        { "attention.head_count_kv|num_key_value_heads|multi_query_group_num", false, 1, 4096, &s->G },
        { "attention.key_length|head_dim|kv_channels", false, 1, 65536, &s->D },
        { "attention.value_length", false, 1, 65536, &value_length },
        { "feed_forward_length|intermediate_size|ffn_hidden_size|n_inner", s->F == 0 && !d->wide_net, 1, 1 << 24,
          &s->F },
        { "context_length|max_position_embeddings|n_positions|seq_length|model_max_length", false, 1, INT32_MAX,
          &d->context },
        { "attention.sliding_window|sliding_window", false, 0, INT32_MAX, &s->window },
    };
    assay_status st = ASSAY_OK;
    s->prefix = "blk";
    s->causal = true;
    s->turn[0].base = s->turn[0].base > 0 ? s->turn[0].base : 1e4;
    for (size_t i = 0; i < sizeof ints / sizeof *ints && !st; i++)
        st = assay_model_int(m, ints[i].key, ints[i].required, ints[i].lo, ints[i].hi, ints[i].out, why);
    if (!st)
        st = assay_model_real(m,
                              s->layer_norm ? "attention.layer_norm_epsilon|layer_norm_epsilon|layer_norm_eps"
                                            : "attention.layer_norm_rms_epsilon|rms_norm_eps|layernorm_epsilon",
                              !m->hf && !m->blank, 0, 1, &s->eps, why);
    if (!st)
        st = assay_model_real(m, "attention.scale", false, 0, 1e6, &s->scale, why);
    if (!st)
        st = assay_model_real(m, "attn_logit_softcapping", false, 0, 1e6, &s->cap, why);
    if (!st)
        st = whole_heads(m, s, why);
    if (!s->F)
        s->F = 4 * s->d;
    m->heads = s->H, m->kv_heads = s->G;
    if (!st && value_length && value_length != s->D)
        return assay_fail(why, ASSAY_UNSUPPORTED,
                          "%s: values of %" PRId64 " elements per head beside keys of %" PRId64 " are not known",
                          m->label, value_length, s->D);
    return st ? st : read_turn(m, d, why);
}

assay_status assay_layers_read(assay_model *m, assay_stack *s, bool *by_list, assay_why *why)
{
    const assay_model_key *k = assay_model_find(m, "layer_types");
    *by_list = k != NULL;
    if (k && (k->kind != ASSAY_KEY_LIST || k->number != (double)s->layers))
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: key 'layer_types' is no list of %" PRId64 " texts", m->label,
                          s->layers);
    for (int64_t i = 0; k && i < s->layers; i++) {
        const char *is = assay_model_item(m, "layer_types", (size_t)i);
        if (!is || (strcmp(is, "full_attention") && strcmp(is, "sliding_attention")))
            return assay_fail(why, ASSAY_UNSUPPORTED, "%s: layer %" PRId64 " is of type '%s'", m->label, i,
                              is ? is : "");
        s->local[i] = is[0] == 's';
    }
    return ASSAY_OK;
}

assay_status assay_experts_read(assay_model *m, assay_stack *s, bool must, assay_why *why)
{
    assay_status st =
        assay_model_int(m, "expert_count|num_local_experts|num_experts", false, 0, 1 << 16, &s->experts, why);
    if (!st)
        st = assay_model_int(m, "expert_used_count|num_experts_per_tok|experts_per_token", s->experts > 0, 0, 1 << 16,
                             &s->chosen, why);
    s->expert_F = s->F;
    if (!st && must && !s->experts)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: a model of family %s without experts", m->label, m->family->name);
    if (!st && (s->chosen > s->experts || (s->experts && !s->chosen)))
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: a token has %" PRId64 " of %" PRId64 " experts", m->label,
                          s->chosen, s->experts);
    return st;
}

assay_status assay_silu_read(assay_model *m, assay_why *why)
{
    assay_span is = { "silu", 4 };
    const assay_status s = assay_model_text(m, "hidden_act", &is, why);
    return s || assay_span_is(is, "silu") ? s : assay_activation_unknown(m, is, "silu", why);
}

assay_status assay_activation_unknown(const assay_model *m, assay_span is, const char *known, assay_why *why)
{
    return assay_fail(why, ASSAY_UNSUPPORTED, "%s: activation '%.*s' in this family is not known; %s is", m->label,
                      is.n < 40 ? (int)is.n : 40, is.at, known);
}

/* Each row divided by max(its length, 1e-12), once. */
static int unit_rows(assay_graph *g, const assay_model *m, int w)
{
    if (g->status || m->blank)
        return w;
    const int64_t n = g->value[w].dim[0], d = g->value[w].dim[1];
    if (m->shapes) {
        const int unit = assay_graph_part(g, w, 0, n, "output.unit");
        g->value[unit].type = ASSAY_f32;
        return unit;
    }
    double *x = malloc((size_t)(n * d) * sizeof *x + 1);
    if (x)
        assay_tensor_decode(x, &g->value[w].weight);
    for (int64_t r = 0; x && r < n; r++) {
        double squares = 0;
        for (int64_t c = 0; c < d; c++)
            squares += x[r * d + c] * x[r * d + c];
        const double length = fmax(sqrt(squares), 1e-12);
        for (int64_t c = 0; c < d; c++)
            x[r * d + c] /= length;
    }
    return assay_graph_matrix(g, x, n, d, "output.unit");
}

assay_status assay_graph_done(assay_model *m, assay_graph *g, assay_why *why)
{
    if (!g->status && !m->blank)
        g->status = assay_model_rest(m, &g->why);
    const assay_status s = g->status;
    if (s && why)
        *why = g->why;
    if (s)
        assay_graph_free(g);
    return s;
}

assay_status assay_decoder_graph(assay_model *m, const assay_decoder *d, assay_dtype kv, assay_graph *g, assay_why *why)
{
    const assay_stack *s = &d->s;
    *g = (assay_graph){ .steps = true, .hidden = -1, .context = d->context };
    snprintf(g->family, sizeof g->family, "%s", m->family->name);
    const int64_t V = g->vocab = g->width = assay_build_rows(g, m, "token_embd.weight", "vocab_size");
    assay_builder b = assay_stack_begin(g, m, s, kv);
    const int table = assay_graph_weight(g, m, 2, LIST(V, s->d), "token_embd.weight");
    int x = assay_build_lookup(&b, b.ids, T, table, V, s->d, "embedding");
    if (d->embed_scale > 0)
        x = assay_build_scaled(&b, x, T, s->d, d->embed_scale, "embedding.scaled");
    if (d->embed_norm)
        x = assay_build_norm(&b, x, T, "token_embd_norm", -1);
    if (d->positions) {
        const int places = assay_graph_weight(g, m, 2, LIST(d->context, s->d), "position_embd.weight");
        const int at = assay_build_lookup(&b, b.pos, T, places, d->context, s->d, "position");
        x = assay_build_add(&b, x, at, T, s->d, "embedding.placed", -1);
    }
    x = assay_stack_layers(&b, x);
    x = assay_graph_tail(g, x);
    if (s->place != ASSAY_NORM_AFTER)
        x = assay_build_norm(&b, x, L, "output_norm", -1);
    const bool untied = assay_build_own_head(g, m, false);
    int head = assay_graph_weight(g, m, 2, LIST(V, s->d), untied ? "output.weight" : "token_embd.weight");
    if (d->unit_rows)
        head = unit_rows(g, m, head);
    const int bias = d->head_bias ? assay_graph_vector(g, m, 1, LIST(V), "output.bias") : -1;
    g->logits = assay_build_product(&b, x, head, bias, L, V, s->d, "logits", -1);
    if (d->logit_cap > 0) {
        const int y = assay_build_temp(&b, L, V, "logits.capped", -1);
        assay_node *n = assay_graph_call(g, "activation", "RC", LIST(L, V), "x y", OF(g->logits, y), -1);
        assay_graph_set(g, n, "form", ASSAY_ACTIVATION_SOFTCAP);
        assay_graph_set(g, n, "cap", d->logit_cap);
        g->logits = y;
    }
    return assay_graph_done(m, g, why);
}

void assay_decoder_free(assay_decoder *d)
{
    free(d->s.slopes);
    for (int k = 0; k < 2; k++)
        free(d->s.turn[k].divisor);
    *d = (assay_decoder){ 0 };
}
