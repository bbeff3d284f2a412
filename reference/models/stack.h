/* SPDX-License-Identifier: MIT
 * stack.h - a stack of transformer layers as data.  Families differ in where norms stand, what turns queries and keys,
 * which keys are seen, and what the feed-forward net is: each of that is a field, and 0 is the plainest.  What a file
 * alone tells (a bias that is there, queries, keys and values in one matrix) is seen by its tensors.
 * Names of tensors are GGUF's: blk.#.attn_q, or enc.blk.#, dec.blk.# of an encoder and a decoder. */
#ifndef ASSAY_MODELS_STACK_H
#define ASSAY_MODELS_STACK_H
#include "family.h"
#include "scaling.h"

typedef enum assay_place {                      /* of norms */
                           ASSAY_NORM_BEFORE,   /* x += f(norm x): attn_norm, ffn_norm  */
                           ASSAY_NORM_AFTER,    /* x = norm(x + f(x)): attn_output_norm, cross_attn_output_norm,
                                                   layer_output_norm             */
                           ASSAY_NORM_AROUND,   /* x += norm(f(norm x)): and post_attention_norm, post_ffw_norm  */
                           ASSAY_NORM_PARALLEL, /* h = norm x; x += attention(h) + net(h): attn_norm */
                           ASSAY_NORM_BESIDE    /* x += attention(norm x) + net(norm x), a norm each */
} assay_place;

typedef enum assay_net {
    ASSAY_NET_SWIGLU, /* down(silu(gate h) * up h); those with a gate first */
    ASSAY_NET_GEGLU,  /* gelu, by erf */
    ASSAY_NET_GEGLU_TANH,
    ASSAY_NET_REGLU,
    ASSAY_NET_CLAMPED, /* gpt-oss: (u + 1) g sigmoid(1.702 g), clamped at limit */
    ASSAY_NET_GELU,    /* down(gelu(up h)) */
    ASSAY_NET_GELU_TANH,
    ASSAY_NET_GELU_QUICK,
    ASSAY_NET_RELU,
    ASSAY_NET_SILU
} assay_net;

enum { /* biases that must be there; others are there if the file has them */
       ASSAY_BIAS_Q = 1,
       ASSAY_BIAS_K = 2,
       ASSAY_BIAS_V = 4,
       ASSAY_BIAS_O = 8,
       ASSAY_BIAS_NET = 16,
       ASSAY_BIAS_NORM = 32, /* of layer norms */
       ASSAY_BIAS_ALL = 63
};

typedef struct assay_turn { /* what turns queries and keys */
    int64_t rotary;         /* elements of a head; 0: nothing does */
    double base;
    assay_scaling scaling; /* R, base and divisor are set when the graph is made */
    double *divisor;       /* of each pair, rotary / 2 of them; NULL: none; the caller's */
} assay_turn;

enum { ASSAY_MOST_LAYERS = 1024 };

typedef struct assay_stack {
    const char *prefix;         /* "blk", "enc.blk", "dec.blk" */
    bool short_o;               /* attn_o and cross_attn_o, as T5 has it, in place of attn_output, cross_attn_output */
    int64_t d, layers, H, G, D; /* width, layers, heads of queries, of keys and values, length of a head */
    int64_t E;                  /* of a value's; 0: D */
    int64_t F;                  /* width of the net */
    bool one_qkv, one_up;       /* q, k and v, gate and up are one matrix, of a model that has no file to say it */
    assay_place place;
    const char *attention_norm; /* in front of attention; NULL: attn_norm */
    bool from_norm;             /* what is added is added to the normed value, not to what was normed */
    bool layer_norm, plus_one;  /* a norm takes the mean off; its factor is 1 + w */
    double eps;
    unsigned bias;
    /* attention */
    bool causal, cross; /* sees no key that lies ahead; attends to what the encoder left, too */
    double scale, cap;  /* of scores; 0: D^-1/2, none */
    bool by_layer;      /* layer i divides its scores by i + 1 */
    int64_t window;     /* keys seen by local layers; 0: no layer is local */
    uint8_t local[ASSAY_MOST_LAYERS];
    bool half;                 /* pairs: (r, r + R/2); else (2r, 2r + 1) */
    assay_turn turn[2];        /* of layers that see all, and of local ones */
    bool one_turn;             /* local layers turn as all do */
    double *slopes;            /* ALiBi's, H of them; NULL: none; the caller's */
    bool head_norm;            /* RMS of each head of q and k before they are turned: attn_q_norm, attn_k_norm */
    bool sinks;                /* attn_sinks */
    int64_t buckets, distance; /* T5's relative biases: attn_rel_b of layer 0; 0: none */
    /* net */
    assay_net net;
    const char *net_norm;             /* before it; NULL: ffn_norm */
    double limit;                     /* of the clamped */
    int64_t experts, chosen;          /* 0: none */
    uint8_t plain[ASSAY_MOST_LAYERS]; /* layers without a choice, F wide */
    int64_t expert_F, shared_F;       /* widths of an expert, of what all tokens go through besides (0: nothing) */
    int gate;                         /* ASSAY_GATE_SOFTMAX ...: how experts are weighed */
    bool gate_sums;                   /* and the weights sum to 1 */
    bool shared_gate;                 /* what all go through is weighed by a sigmoid: ffn_gate_inp_shexp */
} assay_stack;

typedef struct assay_builder {
    assay_graph *g;
    assay_model *m;
    const assay_stack *s;
    assay_dtype kv;
    int ids, pos, key_pos;             /* inputs; key_pos: 0 .. S - 1, where biases need it, -1 else */
    int inv_freq[2], slopes, relative; /* values; -1: none */
    double magnitude[2];
} assay_builder;

/* Lists of lengths and values for calls. */
#define ASSAY_LIST(...) ((const int64_t[]){ __VA_ARGS__ })
#define ASSAY_OF(...)   ((const int[]){ __VA_ARGS__ })

/* ALiBi's slopes of H heads (Press 2021, 2108.12409): of the largest power of two n of them 2^(-8 (h + 1) / n), of the
 * rest every second of those of 2 n. */
void assay_stack_slopes(assay_stack *s);
/* Begins a stack in the pass that the graph is at: inputs, frequencies, slopes, biases by distance. */
assay_builder assay_stack_begin(assay_graph *g, assay_model *m, const assay_stack *s, assay_dtype kv);
/* What the layers make of x (T, d).  A norm at the end, if any, is the caller's. */
int assay_stack_layers(assay_builder *b, int x);
/* Of a decoder with cross-attention: keys and values of all its layers, of the rows that an encoder left (T, width):
 * called in the encoder's pass. */
void assay_stack_memory(const assay_stack *decoder, assay_graph *g, assay_model *m, int rows, int64_t width);

/* Pieces that families use by themselves.  All say (T, ...) temporaries unless rows is given; layer -1: none. */
int assay_build_temp(const assay_builder *b, int64_t rows, int64_t width, const char *name, int layer);
/* y = x W^T + bias, W (N, K) of tensor name.weight (whole name); must: a bias must be there. */
int assay_build_linear(const assay_builder *b, int x, int64_t rows, int64_t N, int64_t K, const char *name, bool must,
                       int layer);
int assay_build_product(const assay_builder *b, int x, int w, int bias, int64_t rows, int64_t N, int64_t K,
                        const char *name, int layer);
/* The stack's norm with tensors name.weight, name.bias. */
int assay_build_norm(const assay_builder *b, int x, int64_t rows, const char *name, int layer);
int assay_build_add(const assay_builder *b, int x, int y, int64_t rows, int64_t width, const char *name, int layer);
int assay_build_scaled(const assay_builder *b, int x, int64_t rows, int64_t width, double by, const char *name);
/* A function of each element: op ("gelu", "activation", ...), its field form at that number. */
int assay_build_each(const assay_builder *b, int x, int64_t rows, int64_t width, const char *op, int form,
                     const char *name, int layer);
/* The function of a net without a gate. */
int assay_build_activation(const assay_builder *b, int x, int64_t rows, int64_t width, assay_net net, const char *name,
                           int layer);
/* Such a function by the name that config.json has for it; a key that is absent leaves *out as it was. */
assay_status assay_activation_read(assay_model *m, const char *key, assay_net *out, assay_why *why);
/* Rows of a table by an input of numbers: ids, positions, types. */
int assay_build_lookup(const assay_builder *b, int ids, int64_t rows, int table, int64_t V, int64_t d,
                       const char *name);
/* Rows of a matrix of the file, which are counted, not what it says of them; of a blank model the key says it. */
int64_t assay_build_rows(assay_graph *g, assay_model *m, const char *tensor, const char *key);
/* Has the head a table of its own?  GGUF says it by holding output.weight; config.json by a key, and a table that it
 * calls the token table's is not looked at.  usually_tied: what a config.json means that says nothing; else the table
 * itself says it. */
bool assay_build_own_head(assay_graph *g, assay_model *m, bool usually_tied);
/* x (T, d) plus the rows of a table of positions, which has position 0 in row shift. */
int assay_build_placed(const assay_builder *b, int x, const char *tensor, int64_t shift);
/* The net of layer i on h (T, d), what is added to the residual: stack_net.c. */
int assay_build_net(const assay_builder *b, int h, int i);
#endif
