/* SPDX-License-Identifier: MIT
 * RNNsearch (Bahdanau, Cho, Bengio 2014, appendix A), without biases as its formulas are.  A GRU's cell is the paper's:
 * r, z = sigmoid(x + U h), h' = (1 - z) h + z tanh(x + U (r h)), rows of x and U: r, z, the candidate.
 * Encoder: a GRU forth and one back over E[id]; the annotation of a word is what both left there, side by side, and
 * s = tanh(W h) of the first word's backward one begins the decoder.  A step: the context is the annotations weighed by
 * the softmax of v.tanh(W s + U annotation); logits = W max(pairs of U s + V E[id] + C context); then s goes on. */
#include "decoder.h"
#include "assay/params.h"
#include <inttypes.h>

#define LIST ASSAY_LIST
#define OF   ASSAY_OF
enum { T = ASSAY_DIM_T, L = ASSAY_DIM_L, M = ASSAY_DIM_M, N = ASSAY_DIM_N };

static const assay_tensor_name names[] = {
    { "enc.token_embd", "encoder.embed", ASSAY_FORM_SAME },
    { "enc.forth_ih.weight", "encoder.gru.weight_ih_l0", ASSAY_FORM_SAME },
    { "enc.forth_hh.weight", "encoder.gru.weight_hh_l0", ASSAY_FORM_SAME },
    { "enc.back_ih.weight", "encoder.gru.weight_ih_l0_reverse", ASSAY_FORM_SAME },
    { "enc.back_hh.weight", "encoder.gru.weight_hh_l0_reverse", ASSAY_FORM_SAME },
    { "dec.init", "decoder.init", ASSAY_FORM_SAME },
    { "dec.token_embd", "decoder.embed", ASSAY_FORM_SAME },
    { "dec.ih.weight", "decoder.gru.weight_ih", ASSAY_FORM_SAME },
    { "dec.hh.weight", "decoder.gru.weight_hh", ASSAY_FORM_SAME },
    { "dec.ch.weight", "decoder.gru.weight_ch", ASSAY_FORM_SAME },
    { "dec.attn_q", "decoder.attention.query", ASSAY_FORM_SAME },
    { "dec.attn_k", "decoder.attention.key", ASSAY_FORM_SAME },
    { "dec.attn_score", "decoder.attention.score", ASSAY_FORM_SAME },
    { "dec.max_state", "decoder.maxout.state", ASSAY_FORM_SAME },
    { "dec.max_embd", "decoder.maxout.embed", ASSAY_FORM_SAME },
    { "dec.max_context", "decoder.maxout.context", ASSAY_FORM_SAME },
    { "output", "decoder.output", ASSAY_FORM_SAME },
    { 0 },
};

typedef struct net { /* lengths: a word, a state, the alignment's inside, the maxout layer's; shared values */
    assay_builder b;
    int64_t m, n, a, l;
    int memory, keys, s;
} net;

static int linear(const net *x, int from, int64_t rows, int64_t to, int64_t width, const char *tensor)
{
    return assay_build_linear(&x->b, from, rows, to, width, tensor, false, -1);
}

static int mul(const net *x, int a, int b, const char *name)
{
    const int y = assay_build_temp(&x->b, 1, x->n, name, -1);
    assay_graph_call(x->b.g, "mul", "RC", LIST(1, x->n), "a b y", OF(a, b, y), -1);
    return y;
}

static int same(const net *x, assay_dtype type, int64_t rows, int64_t width, double fill, const char *name)
{
    const int v = assay_graph_value(x->b.g, ASSAY_VALUE_SAME, type, 2, LIST(rows, width), "%s", name);
    if (!x->b.g->status)
        x->b.g->value[v].fill = fill;
    return v;
}

static int state(const net *x, int64_t rows, int64_t width, const char *name)
{
    return assay_graph_value(x->b.g, ASSAY_VALUE_STATE, ASSAY_f32, 2, LIST(rows, width), "%s", name);
}

/* A function of x (rows, n) in place of each element. */
static int each(const net *x, int from, int64_t rows, int form, const char *name)
{
    return assay_build_each(&x->b, from, rows, x->n, "activation", form, name, -1);
}

/* A cell: gates (2, n) and candidate (1, n) are what its inputs give; h goes on, and is left in `also`, too (-1: no).
 */
static void cell(const net *x, int gates, int candidate, int h, const char *tensor, int also)
{
    assay_graph *g = x->b.g;
    const int64_t n = x->n;
    const int u = assay_graph_weight(g, x->b.m, 2, LIST(3 * n, n), "%s.weight", tensor);
    const int u_rz = assay_graph_part(g, u, 0, 2 * n, "%s.gates.weight", tensor);
    const int u_n = assay_graph_part(g, u, 2 * n, n, "%s.new.weight", tensor);
    const int of_h = assay_build_temp(&x->b, 2, n, "of_h", -1), of_rh = assay_build_temp(&x->b, 1, n, "of_rh", -1);
    assay_graph_call(g, "matmul", "TNK", LIST(1, 2 * n, n), "x w y", OF(h, u_rz, of_h), -1);
    const int rz = each(x, assay_build_add(&x->b, gates, of_h, 2, n, "gates", -1), 2, ASSAY_ACTIVATION_SIGMOID, "rz");
    const int r = assay_graph_rows(g, rz, 0, 1), z = assay_graph_rows(g, rz, 1, 1);
    assay_graph_call(g, "matmul", "TNK", LIST(1, n, n), "x w y", OF(mul(x, r, h, "rh"), u_n, of_rh), -1);
    const int new =
        each(x, assay_build_add(&x->b, candidate, of_rh, 1, n, "candidate", -1), 1, ASSAY_ACTIVATION_TANH, "new");
    const int less = mul(x, z, same(x, ASSAY_f32, 1, n, -1, "minus_one"), "less");
    const int rest = assay_build_add(&x->b, same(x, ASSAY_f32, 1, n, 1, "one"), less, 1, n, "rest", -1);
    const int kept = mul(x, rest, h, "kept"), taken = mul(x, z, new, "taken");
    if (also >= 0)
        assay_graph_call(g, "add", "RC", LIST(1, n), "a b y", OF(kept, taken, also), -1);
    assay_graph_call(g, "add", "RC", LIST(1, n), "a b y", OF(kept, taken, h), -1);
}

/* Over the rows of what the words give (T, 3 n): annotations' halves. */
static void direction(const net *x, int words, const char *tensor, int half)
{
    assay_graph *g = x->b.g;
    const int64_t n = x->n;
    const int h = state(x, 1, n, half ? "back" : "forth");
    cell(x, assay_graph_at(g, words, 3, 0, 2, n), assay_graph_at(g, words, 3, 2, 1, n), h, tensor,
         assay_graph_at(g, x->memory, 2, half, 1, n));
    if (!half)
        return;
    const int k = assay_graph_weight(g, x->b.m, 2, LIST(x->a, 2 * n), "dec.attn_k.weight");
    assay_graph_call(g, "matmul", "TNK", LIST(1, x->a, 2 * n), "x w y",
                     OF(assay_graph_at(g, x->memory, 1, 0, 1, 2 * n), k, assay_graph_at(g, x->keys, 1, 0, 1, x->a)),
                     -1);
    const int first = linear(x, h, 1, n, n, "dec.init"); /* of every word; the first one's is the last */
    assay_node *tanh = assay_graph_call(g, "activation", "RC", LIST(1, n), "x y", OF(first, x->s), -1);
    assay_graph_set(g, tanh, "form", ASSAY_ACTIVATION_TANH);
}

static void encode(const net *x)
{
    assay_graph *g = x->b.g;
    g->pass = ASSAY_PASS_ENCODE;
    const int64_t V = assay_build_rows(g, x->b.m, "enc.token_embd.weight", "vocab_size");
    const int ids = assay_graph_value(g, ASSAY_VALUE_IDS, ASSAY_i32, 1, LIST(T), "source");
    const int table = assay_graph_weight(g, x->b.m, 2, LIST(V, x->m), "enc.token_embd.weight");
    const int e = assay_build_lookup(&x->b, ids, T, table, V, x->m, "embedding");
    const int forth = linear(x, e, T, 3 * x->n, x->m, "enc.forth_ih");
    const int back = linear(x, e, T, 3 * x->n, x->m, "enc.back_ih");
    g->pass = ASSAY_PASS_FORTH;
    direction(x, forth, "enc.forth_hh", 0);
    g->pass = ASSAY_PASS_BACK;
    direction(x, back, "enc.back_hh", 1);
}

/* The annotations weighed by how well they fit the state: (1, 2 n).  Row 0 of the state's projection is looked up for
 * each of them: so it is added to all.  The scores are keys of length 1 for a query of 1. */
static int context(const net *x)
{
    assay_graph *g = x->b.g;
    const int64_t a = x->a;
    const int q = linear(x, x->s, 1, a, x->n, "dec.attn_q");
    const int zeros = assay_graph_value(g, ASSAY_VALUE_SAME, ASSAY_i32, 1, LIST(M), "zeros");
    const int all = assay_build_lookup(&x->b, zeros, M, q, 1, a, "query.rows");
    const int sum = assay_build_add(&x->b, x->keys, all, M, a, "alignment", -1);
    const int inside = assay_build_each(&x->b, sum, M, a, "activation", ASSAY_ACTIVATION_TANH, "alignment.tanh", -1);
    const int scores = linear(x, inside, M, 1, a, "dec.attn_score");
    const int o = assay_build_temp(&x->b, 1, 2 * x->n, "context", -1);
    assay_node *n = assay_graph_call(g, "attention", "BTSHGDEPXY", LIST(1, 1, M, 1, 1, 1, 2 * x->n, 1, 1, 1), "q k v o",
                                     OF(same(x, ASSAY_f32, 1, 1, 1, "query.one"), scores, x->memory, o), -1);
    assay_graph_set(g, n, "scale", 1);
    return o;
}

static void step(const net *x)
{
    assay_graph *g = x->b.g;
    const int64_t n = x->n, m = x->m, l = x->l, V = g->vocab;
    g->pass = ASSAY_PASS_STEP;
    const int ids = assay_graph_value(g, ASSAY_VALUE_IDS, ASSAY_i32, 1, LIST(T), "ids");
    const int table = assay_graph_weight(g, x->b.m, 2, LIST(V, m), "dec.token_embd.weight");
    const int e = assay_build_lookup(&x->b, ids, 1, table, V, m, "embedding");
    const int c = context(x);
    int t = assay_build_add(&x->b, linear(x, x->s, 1, 2 * l, n, "dec.max_state"),
                            linear(x, e, 1, 2 * l, m, "dec.max_embd"), 1, 2 * l, "maxout.known", -1);
    t = assay_build_add(&x->b, t, linear(x, c, 1, 2 * l, 2 * n, "dec.max_context"), 1, 2 * l, "maxout.pairs", -1);
    const int which = assay_graph_value(g, ASSAY_VALUE_TEMP, ASSAY_i32, 2, LIST(l, 1), "maxout.which");
    const int best = assay_build_temp(&x->b, l, 1, "maxout", -1);
    assay_graph_call(g, "topk", "RVK", LIST(l, 2, 1), "x ids values", OF(t, which, best), -1);
    g->logits = linear(x, best, L, V, l, "output");
    const int y = assay_build_temp(&x->b, 3, n, "cell.x", -1), of_e = linear(x, e, 1, 3 * n, m, "dec.ih");
    assay_graph_call(g, "add", "RC", LIST(1, 3 * n), "a b y", OF(of_e, linear(x, c, 1, 3 * n, 2 * n, "dec.ch"), y), -1);
    cell(x, assay_graph_rows(g, y, 0, 2), assay_graph_rows(g, y, 2, 1), x->s, "dec.hh", -1);
}

static assay_status graph(assay_model *m, assay_dtype kv, assay_graph *g, assay_why *why)
{
    net x = { .b = { .g = g, .m = m, .kv = kv } };
    const struct {
        const char *key;
        int64_t *out;
    } sizes[] = {
        { "embedding_size", &x.m }, { "hidden_size", &x.n }, { "alignment_size", &x.a }, { "maxout_size", &x.l }
    };
    assay_status s = ASSAY_OK;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes && !s; i++)
        s = assay_model_int(m, sizes[i].key, true, 1, 1 << 20, sizes[i].out, why);
    if (s)
        return s;
    *g = (assay_graph){ .encodes = true, .steps = true, .serial = true, .hidden = -1 };
    snprintf(g->family, sizeof g->family, "%s", m->family->name);
    g->vocab = g->width = assay_build_rows(g, m, "dec.token_embd.weight", "target_vocab_size");
    x.memory = state(&x, N, 2 * x.n, "annotations");
    x.keys = state(&x, N, x.a, "keys");
    x.s = state(&x, 1, x.n, "state");
    encode(&x);
    step(&x);
    return assay_graph_done(m, g, why);
}

static const assay_key_rule keys[] = {
    { "target_vocab_size", true, { 0, 0 }, "the rows of the token table count" },
    { "decoder_start_token_id", true, { 0, 0 }, "what assay run begins with" },
    { 0 },
};

static const char *const small[] = { "vocab_size=352",
                                     "target_vocab_size=352",
                                     "embedding_size=48",
                                     "hidden_size=64",
                                     "alignment_size=48",
                                     "maxout_size=32",
                                     NULL };
const assay_family assay_family_rnnsearch = {
    .name = "rnnsearch",
    .says = "RNNsearch: GRUs with attention, a maxout layer",
    .arch = { "rnnsearch" },
    .names = names,
    .keys = keys,
    .graph = graph,
    .sizes = small,
};
