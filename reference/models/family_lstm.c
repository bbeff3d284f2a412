/* SPDX-License-Identifier: MIT
 * An LSTM language model, as PyTorch's examples have it: x = E[id]; per layer i, f, g, o = W x + b + U h + d, rows of i
 * first; c = sigmoid(f) c + sigmoid(i) tanh(g); h = sigmoid(o) tanh(c), the next layer's x; logits = W h + b.
 * h and c are zero at the start of a text. */
#include "decoder.h"
#include "assay/params.h"
#include <inttypes.h>

#define LIST ASSAY_LIST
#define OF   ASSAY_OF
enum { L = ASSAY_DIM_L };

static const assay_tensor_name names[] = {
    { "token_embd", "encoder", ASSAY_FORM_SAME },
    { "blk.#.ih.weight", "rnn.weight_ih_l#", ASSAY_FORM_SAME },
    { "blk.#.ih.bias", "rnn.bias_ih_l#", ASSAY_FORM_SAME },
    { "blk.#.hh.weight", "rnn.weight_hh_l#", ASSAY_FORM_SAME },
    { "blk.#.hh.bias", "rnn.bias_hh_l#", ASSAY_FORM_SAME },
    { "output", "decoder", ASSAY_FORM_SAME },
    { 0 },
};

/* W x + b, the four gates as rows of H. */
static int gates(const assay_builder *b, int x, int64_t H, int64_t K, const char *which, int i)
{
    const int w = assay_graph_weight(b->g, b->m, 2, LIST(4 * H, K), "blk.%d.%s.weight", i, which);
    const int bias = assay_graph_vector(b->g, b->m, 1, LIST(4 * H), "blk.%d.%s.bias", i, which);
    const int y = assay_build_temp(b, 4, H, which, i);
    assay_graph_call(b->g, "matmul", "TNK", LIST(1, 4 * H, K), "x w bias y", OF(x, w, bias, y), i);
    return y;
}

static int state(const assay_builder *b, int64_t H, const char *name, int i)
{
    return assay_graph_value(b->g, ASSAY_VALUE_STATE, ASSAY_f32, 2, LIST(1, H), "%s.%d", name, i);
}

/* One layer on x (1, K); what it leaves is its state h. */
static int cell(const assay_builder *b, int x, int64_t H, int64_t K, int i)
{
    assay_graph *g = b->g;
    const int h = state(b, H, "h", i), c = state(b, H, "c", i);
    const int z = assay_build_add(b, gates(b, x, H, K, "ih", i), gates(b, h, H, H, "hh", i), 4, H, "gates", i);
    const int in_forget =
        assay_build_each(b, assay_graph_rows(g, z, 0, 2), 2, H, "activation", ASSAY_ACTIVATION_SIGMOID, "in_forget", i);
    const int new =
        assay_build_each(b, assay_graph_rows(g, z, 2, 1), 1, H, "activation", ASSAY_ACTIVATION_TANH, "new", i);
    const int out =
        assay_build_each(b, assay_graph_rows(g, z, 3, 1), 1, H, "activation", ASSAY_ACTIVATION_SIGMOID, "out", i);
    const int taken = assay_build_temp(b, 1, H, "taken", i), kept = assay_build_temp(b, 1, H, "kept", i);
    assay_graph_call(g, "mul", "RC", LIST(1, H), "a b y", OF(assay_graph_rows(g, in_forget, 0, 1), new, taken), i);
    assay_graph_call(g, "mul", "RC", LIST(1, H), "a b y", OF(assay_graph_rows(g, in_forget, 1, 1), c, kept), i);
    assay_graph_call(g, "add", "RC", LIST(1, H), "a b y", OF(kept, taken, c), i);
    const int shown = assay_build_each(b, c, 1, H, "activation", ASSAY_ACTIVATION_TANH, "shown", i);
    assay_graph_call(g, "mul", "RC", LIST(1, H), "a b y", OF(out, shown, h), i);
    return h;
}

static assay_status graph(assay_model *m, assay_dtype kv, assay_graph *g, assay_why *why)
{
    int64_t E = 0, H = 0, layers = 0;
    assay_status s = assay_model_int(m, "embedding_size", true, 1, 1 << 20, &E, why);
    if (!s)
        s = assay_model_int(m, "hidden_size", true, 1, 1 << 20, &H, why);
    if (!s)
        s = assay_model_int(m, "num_layers", true, 1, ASSAY_MOST_LAYERS, &layers, why);
    if (s)
        return s;
    *g = (assay_graph){ .steps = true, .serial = true, .hidden = -1 };
    snprintf(g->family, sizeof g->family, "%s", m->family->name);
    const assay_builder b = { .g = g, .m = m, .kv = kv };
    const int64_t V = g->vocab = g->width = assay_build_rows(g, m, "token_embd.weight", "vocab_size");
    const bool own = assay_build_own_head(g, m, false);
    if (!own && E != H)
        assay_graph_fail(g, ASSAY_ERR_FORMAT,
                         "%s: one table for words of %" PRId64 " numbers and a head of states of %" PRId64, m->label, E,
                         H);
    const int ids = assay_graph_value(g, ASSAY_VALUE_IDS, ASSAY_i32, 1, LIST(ASSAY_DIM_T), "ids");
    const int table = assay_graph_weight(g, m, 2, LIST(V, E), "token_embd.weight");
    int x = assay_build_lookup(&b, ids, 1, table, V, E, "embedding");
    for (int i = 0; i < layers && !g->status; i++)
        x = cell(&b, x, H, i ? H : E, i);
    const int head = assay_graph_weight(g, m, 2, LIST(V, H), own ? "output.weight" : "token_embd.weight");
    const int bias = assay_graph_vector(g, m, 1, LIST(V), "output.bias");
    g->logits = assay_build_product(&b, x, head, bias, L, V, H, "logits", -1);
    return assay_graph_done(m, g, why);
}

static const char *const small[] = { "vocab_size=352", "embedding_size=96", "hidden_size=96", "num_layers=2", NULL };
const assay_family assay_family_lstm = {
    .name = "lstm",
    .says = "LSTM language models, as PyTorch's examples have them",
    .arch = { "lstm" },
    .names = names,
    .graph = graph,
    .sizes = small,
};
