/* SPDX-License-Identifier: MIT
 * attention_modes.h - what is wrong, or legal, in each kernel of faults/attention.c. */
#ifndef ASSAY_FAULTS_ATTENTION_MODES_H
#define ASSAY_FAULTS_ATTENTION_MODES_H
#include "faults.h"

#define MODE_OF_TYPES(m, name, where, types) m,

/* X(mode, name, where it comes from) */
#define LEGAL(X)                                                                                                       \
    X(BLOCK64, "block64", "legal: online softmax over 64 keys")                                                        \
    X(BLOCK1, "block1", "legal: online softmax key by key")                                                            \
    X(BLOCK7, "block7", "legal: online softmax over 7 keys")                                                           \
    X(TWO_PASS, "two-pass", "legal: maximum first")                                                                    \
    X(FOLDED, "scale-in-q", "legal: scale folded into q")                                                              \
    X(LANES8, "lanes8", "legal: dots in 8 lanes")                                                                      \
    X(BACKWARD, "backward", "legal: keys from the last block to the first")                                            \
    X(SPLIT3, "split3", "legal: three parts, merged")                                                                  \
    X(RECIPROCAL, "reciprocal", "legal: times 1/sum")                                                                  \
    X(FMA, "fma-reversed", "legal: fused, last first")                                                                 \
    X(DOUBLE, "double-sums", "legal: f64 accumulation")                                                                \
    X(POLY6, "polynomial-exp", "legal: exp by a polynomial of degree 7")                                               \
    X(BASE2, "exp2", "legal: base 2")                                                                                  \
    X(PAIRWISE, "pairwise", "legal: products added in pairs")

#define FAULTS(X)                                                                                                      \
    X(SCALE_D, "scale-1/d", "slip: docs/museum.md")                                                                    \
    X(NO_SCALE, "no-scale", "slip: docs/museum.md")                                                                    \
    X(CAUSAL_PLUS, "causal+1", "slip: docs/museum.md")                                                                 \
    X(CAUSAL_MINUS, "causal-1", "slip: docs/museum.md")                                                                \
    X(HEAD_MOD, "kv-head-mod", "slip: docs/museum.md")                                                                 \
    X(LAST_DROPPED, "last-key-dropped", "slip: docs/museum.md")                                                        \
    X(STALE_ROW, "stale-row", "slip: docs/museum.md")                                                                  \
    X(ACC_STAYS, "acc-not-rescaled", "slip: docs/museum.md")                                                           \
    X(SUM_STAYS, "sum-not-rescaled", "slip: docs/museum.md")                                                           \
    X(NO_MAX, "no-max", "slip: docs/museum.md")                                                                        \
    X(P_BF16, "p-bf16", "slip: docs/museum.md")                                                                        \
    X(S_BF16, "s-bf16", "slip: docs/museum.md")                                                                        \
    X(NEXT_SLOPE, "slope-of-next-head", "slip: docs/museum.md")                                                        \
    X(NO_SINK, "sink-omitted", "slip: docs/museum.md")                                                                 \
    X(WINDOW_PLUS, "window+1", "slip: docs/museum.md")                                                                 \
    X(WINDOW_PAGES, "window-in-pages", "vllm-project/vllm#27650")                                                      \
    X(MASKED_NAN, "masked-row-nan", "tracel-ai/burn#4694")                                                             \
    X(FINITE_MIN, "finite-minus-infinity", "flashinfer-ai/flashinfer#4267")                                            \
    X(CONSTANT_MAX, "constant-for-maximum", "HabanaAI/vllm-fork#275")                                                  \
    X(MASK_LATE, "mask-after-softmax", "lucidrains/memory-compressed-attention#2")                                     \
    X(CAP_LATE, "cap-after-mask", "ggml-org/llama.cpp#29034")                                                          \
    X(HEAD_DIV, "kv-head-div", "PSAL-POSTECH/ONNXim#33")                                                               \
    X(TOP_LEFT, "causal-top-left", "gittensor-ai-lab/sparkinfer#3")                                                    \
    X(EMPTY_MERGE, "merge-of-empty-parts", "flashinfer-ai/flashinfer#4051")                                            \
    X(SINK_TWICE, "sink-in-every-part", "ROCm/rocm-libraries#12229")                                                   \
    X(NO_LEN, "length-ignored", "padding leakage")                                                                     \
    X(NO_PAGES, "pages-ignored", "page table")                                                                         \
    X(POLY5, "exp-degree-5", "slip: softmax, degree-5 exp")                                                            \
    X(BY_CELL, "window-by-cells", "ikawrakow/ik_llama.cpp#2186")                                                       \
    X(MASK_HEAD, "mask-of-head-0", "own: mask head stride")                                                            \
    X(RIGHT_PLUS, "right+1", "own: FlashAttention's count of other keys taken for ours")                               \
    X(PREFIX_PLUS, "prefix+1", "own")                                                                                  \
    X(PREFIX_AFTER, "causal-after-prefix", "own: the prefix joined by and, not by or")                                 \
    X(CHUNK_SLIDES, "chunk-slides", "own: a chunk taken for a window of its length")                                   \
    X(ALLOW_HIDES, "true-hides", "torch.nn.MultiheadAttention: its masks say what to leave out")                       \
    X(ALLOW_ONE, "true-is-1", "own: any other number taken for false")                                                 \
    X(ALLOW_HEAD, "tiles-of-head-0", "own: head stride of the tiles")                                                  \
    X(ALLOW_TILE_DOWN, "ragged-tile-lost", "own: the last key by the tile before its own")                             \
    X(SUM_BF16, "sum-bf16", "pytorch/executorch#20089")                                                                \
    X(SUM_SHORT, "sum-skips-last", "slip: softmax")                                                                    \
    X(PERMUTED, "heads-permuted-for-a-square-grid", "HazyResearch/HipKittens#22")

/* X(mode, name, where it comes from, of which types): slips in operands of 16 and 8 bits, in a copy of the call */
#define NARROW_FAULTS(X)                                                                                               \
    X(OTHER_8, "bits-of-the-other-form", "vllm-project/vllm#54341", caches_of_8)                                       \
    X(Q_OTHER, "q-f16-taken-for-bf16", "own: 16 bits are 16 bits", queries_of_16)                                      \
    X(Q_ROUNDED, "scaled-q-rounded", "antirez/h3.c#3", queries_of_16)                                                  \
    X(SUM_F16, "mask-added-in-f16", "huggingface/transformers#17306", masks_of_f16)                                    \
    X(LOWEST_HIDES, "lowest-of-f16-hides", "own: torch.finfo(torch.float16).min taken for -inf", masks_of_f16)

enum { LEGAL(MODE) FAULTS(MODE) NARROW_FAULTS(MODE_OF_TYPES) FLUSHED }; /* FLUSHED: legal for who declares it */
#endif
