/* SPDX-License-Identifier: MIT
 * seq2seq.h - models of an encoder and of a decoder that attends to the rows that it left, or of the encoder alone (a
 * file without dec.blk.0): what their files say in common, and their graph.  Names of tensors are those that GGUF has
 * for T5: enc.blk.#.attn_o, dec.blk.#.cross_attn_q, enc.output_norm; besides them enc.position_embd and
 * enc.token_embd_norm, which T5 has not. */
#ifndef ASSAY_MODELS_SEQ2SEQ_H
#define ASSAY_MODELS_SEQ2SEQ_H
#include "stack.h"

enum { ASSAY_ENCODER, ASSAY_DECODER };

typedef enum assay_placing { /* what is added to embeddings by position */
                             ASSAY_PLACING_NONE,
                             ASSAY_PLACING_TABLE, /* rows of enc.position_embd, dec.position_embd        */
                             ASSAY_PLACING_PAPER, /* op sinusoid: a sine and a cosine side by side       */
                             ASSAY_PLACING_HALVES /* all sines first, with the spacing of tensor2tensor  */
} assay_placing;

typedef struct assay_seq2seq {
    assay_stack side[2];
    assay_placing placing[2];
    int64_t context;                     /* of the decoder; 0: it has no end */
    int64_t shift;                       /* row of position 0 in tables of positions */
    double embed_scale;                  /* of embeddings; 0: 1 */
    double tied_scale;                   /* of what a head gets whose table is the tokens'; 0: 1 */
    bool own_tables;                     /* enc.token_embd and dec.token_embd; else token_embd is both */
    bool embed_norm;                     /* enc.token_embd_norm, dec.token_embd_norm */
    bool last_norm;                      /* enc.output_norm, dec.output_norm */
    unsigned output_biased;              /* 0: output has no bias; 1: it may have one; 2: it must */
    int (*stem)(const assay_builder *b); /* what the encoder has in place of embeddings, (T, d); NULL: those of ids */
} assay_seq2seq;

/* Sizes of both sides; the decoder's are the encoder's where no key says them.  apart: heads of the decoder have a key
 * of their own, which must be there. */
assay_status assay_seq2seq_read(assay_model *m, assay_seq2seq *s, bool apart, assay_why *why);
assay_status assay_seq2seq_graph(assay_model *m, const assay_seq2seq *s, assay_dtype kv, assay_graph *g,
                                 assay_why *why);

/* Rows of tables of names: the layers of BART and Whisper, whose norms stand in other places: side is enc or dec, hf
 * encoder or decoder.  Files of the bare model have no model. in front. */
#define ASSAY_BART_NAME(gguf, hf)                                                                                      \
    {                                                                                                                  \
        gguf, "model." hf "|" hf, ASSAY_FORM_SAME                                                                      \
    }
#define ASSAY_BART_LAYERS(side, hf, self_norm, net_norm)                                                               \
    ASSAY_BART_NAME(side ".blk.#.attn_q", hf ".layers.#.self_attn.q_proj"),                                            \
        ASSAY_BART_NAME(side ".blk.#.attn_k", hf ".layers.#.self_attn.k_proj"),                                        \
        ASSAY_BART_NAME(side ".blk.#.attn_v", hf ".layers.#.self_attn.v_proj"),                                        \
        ASSAY_BART_NAME(side ".blk.#.attn_o", hf ".layers.#.self_attn.out_proj"),                                      \
        ASSAY_BART_NAME(side ".blk.#." self_norm, hf ".layers.#.self_attn_layer_norm"),                                \
        ASSAY_BART_NAME(side ".blk.#.ffn_up", hf ".layers.#.fc1"),                                                     \
        ASSAY_BART_NAME(side ".blk.#.ffn_down", hf ".layers.#.fc2"),                                                   \
        ASSAY_BART_NAME(side ".blk.#." net_norm, hf ".layers.#.final_layer_norm"),                                     \
        ASSAY_BART_NAME(side ".position_embd", hf ".embed_positions")
#define ASSAY_BART_CROSS(norm)                                                                                         \
    ASSAY_BART_NAME("dec.blk.#.cross_attn_q", "decoder.layers.#.encoder_attn.q_proj"),                                 \
        ASSAY_BART_NAME("dec.blk.#.cross_attn_k", "decoder.layers.#.encoder_attn.k_proj"),                             \
        ASSAY_BART_NAME("dec.blk.#.cross_attn_v", "decoder.layers.#.encoder_attn.v_proj"),                             \
        ASSAY_BART_NAME("dec.blk.#.cross_attn_o", "decoder.layers.#.encoder_attn.out_proj"),                           \
        ASSAY_BART_NAME("dec.blk.#." norm, "decoder.layers.#.encoder_attn_layer_norm")
#endif
