/* SPDX-License-Identifier: MIT
 * Mixtral: Mistral's attention; the net is a choice of experts, down(silu(gate h) * up h) each, weighed by the softmax
 * of the router's logits, divided by the sum of the chosen (transformers modeling_mixtral.py).  Of an expert w1 is the
 * gate, w3 up, w2 down.  In GGUF it is of architecture llama, with a count of experts. */
#include "decoder.h"

static const assay_tensor_name names[] = {
    { "blk.#.ffn_gate_inp", "model.layers.#.block_sparse_moe.gate", ASSAY_FORM_SAME },
    { "blk.#.ffn_gate_exps", "model.layers.#.block_sparse_moe.experts.*.w1", ASSAY_FORM_SAME },
    { "blk.#.ffn_up_exps", "model.layers.#.block_sparse_moe.experts.*.w3", ASSAY_FORM_SAME },
    { "blk.#.ffn_down_exps", "model.layers.#.block_sparse_moe.experts.*.w2", ASSAY_FORM_SAME },
    { 0 },
};

static const char *const small[] = { "vocab_size=352",
                                     "embedding_length=96",
                                     "block_count=2",
                                     "attention.head_count=6",
                                     "attention.head_count_kv=2",
                                     "attention.key_length=32",
                                     "feed_forward_length=64",
                                     "context_length=2048",
                                     "expert_count=8",
                                     "expert_used_count=2",
                                     NULL };
const assay_family assay_family_mixtral = {
    .name = "mixtral",
    .says = "Mixtral: Mistral with a choice of experts in place of the net",
    .arch = { "mixtral" },
    .rope_of_gguf = "interleaved",
    .names = names,
    .also = assay_llama_names,
    .graph = assay_llama_graph,
    .sizes = small,
};
