/* SPDX-License-Identifier: MIT
 * What fuzz_model.c writes into the files of a model: names of keys in either format, and values as JSON. */
#ifndef ASSAY_CI_FUZZ_MODEL_WORDS_H
#define ASSAY_CI_FUZZ_MODEL_WORDS_H
/* clang-format off */
#define ORIGINAL "\"original_max_position_embeddings\":64"
static const char *const names[] = {
    "layer_types", "sliding_window", "attention.sliding_window", "rope_scaling", "rope_parameters", "rope_theta",
    "rope.scaling.type", "rope.scaling.factor", "rope.scaling.original_context_length", "rope.dimension_count",
    "rope.freq_base", "partial_rotary_factor", "rotary_pct", "attention.key_length", "attention.value_length",
    "head_dim", "expert_count", "expert_used_count", "expert_feed_forward_length", "expert_shared_count",
    "num_experts_per_tok", "mlp_only_layers", "decoder_sparse_step", "norm_topk_prob", "tie_word_embeddings",
    "hidden_act", "activation_function", "feed_forward_proj", "attention_bias", "mlp_bias", "use_sliding_window",
    "max_window_layers", "query_pre_attn_scalar", "attn_logit_softcapping", "final_logit_softcapping",
    "max_position_embeddings", "context_length", "sliding_window_pattern", "attention.head_count_kv", "alibi",
    "new_decoder_architecture", "multi_query", "parallel_attn", "relative_attention_max_distance",
    "attention.relative_buckets_count", "rope_local_base_freq", "quantization_config", "swiglu_limit", "image_size",
    "patch_size", "num_labels", "num_mel_bins", "vocab_size", "pad_token_id", "decoder_block_count",
    "attention.scale",
};
static const char *const values[] = {
    "0", "1", "2", "3", "-1", "7", "16", "0.5", "1e308", "-1e308", "1e400", "65536", "1048576", "2147483647",
    "9007199254740992", "true", "false", "null", "\"\"", "\"gelu\"", "\"relu\"", "\"gated-gelu\"", "\"yarn\"",
    "\"linear\"", "[]", "[1]", "[0,1,2,3]", "[\"full_attention\",\"sliding_attention\"]", "[1e308,-1]", "{}",
    "{\"rope_type\":\"linear\",\"factor\":2}", ("{\"rope_type\":\"yarn\",\"factor\":4," ORIGINAL "}"),
    ("{\"rope_type\":\"llama3\",\"factor\":8,\"low_freq_factor\":1,\"high_freq_factor\":4," ORIGINAL "}"),
    ("{\"rope_type\":\"longrope\",\"factor\":4,\"short_factor\":[1,1,1,1],\"long_factor\":[1,2,3,4]}"),
    "{\"type\":\"dynamic\",\"factor\":2}", "{\"full_attention\":{\"rope_type\":\"default\"}}",
};
#undef ORIGINAL
/* clang-format on */
#endif
