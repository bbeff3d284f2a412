/* SPDX-License-Identifier: MIT
 * decoder.h - models of one stack that sees what lies behind: what their files say in common, and their graph. */
#ifndef ASSAY_MODELS_DECODER_H
#define ASSAY_MODELS_DECODER_H
#include "stack.h"

typedef struct assay_decoder {
    assay_stack s;
    int64_t V, context;
    double embed_scale; /* of the embedding; 0: 1 */
    double logit_cap;   /* c tanh(logit / c); 0: none */
    double part;        /* of a head that turns, where config.json does not say it; 0: all */
    bool wide_net;      /* the net's width is 4 d where the file does not say it */
    bool embed_norm;    /* the embedding is normed: token_embd_norm */
    bool positions;     /* a table of positions is added: position_embd, context rows */
    bool unit_rows;     /* the head's rows are divided by their lengths (Baichuan 2) */
    bool head_bias;     /* output.bias must be there */
} assay_decoder;

/* Shapes, eps, rope's base and scaling, window: keys that most families call alike.  What is not there stands as it
 * did: a family may set what is usual with it before. */
assay_status assay_decoder_read(assay_model *m, assay_decoder *d, assay_why *why);
assay_status assay_decoder_graph(assay_model *m, const assay_decoder *d, assay_dtype kv, assay_graph *g,
                                 assay_why *why);
void assay_decoder_free(assay_decoder *d);
/* Of s->turn[k] (scaling_keys.c): rope's scaling as GGUF's rope.scaling.* and config.json's rope_scaling.* say it. */
assay_status assay_turn_read(assay_model *m, int64_t context, assay_turn *t, assay_why *why);
/* Layers that see a window, by config.json's layer_types (then *by_list), else left alone. */
assay_status assay_layers_read(assay_model *m, assay_stack *s, bool *by_list, assay_why *why);
/* How many experts there are (0: the net is none of them; refused if they must be there) and how many a token has; each
 * is F wide until a family says otherwise. */
assay_status assay_experts_read(assay_model *m, assay_stack *s, bool must, assay_why *why);
assay_status assay_silu_read(assay_model *m, assay_why *why); /* hidden_act must be silu, where it is said */
assay_status assay_activation_unknown(const assay_model *m, assay_span is, const char *known, assay_why *why);
extern const assay_tensor_name assay_llama_names[]; /* of all that are built like LLaMA: family_llama.c */
assay_status assay_llama_graph(assay_model *m, assay_dtype kv, assay_graph *g, assay_why *why); /* and their graph */
/* A graph that failed gives its reason and is freed; else all keys and tensors must have been understood. */
assay_status assay_graph_done(assay_model *m, assay_graph *g, assay_why *why);
#endif
