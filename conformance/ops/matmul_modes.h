/* SPDX-License-Identifier: MIT
 * matmul_modes.h - what is wrong, or legal, in each kernel of faults/matmul.c. */
#ifndef ASSAY_FAULTS_MATMUL_MODES_H
#define ASSAY_FAULTS_MATMUL_MODES_H
#include "faults.h"

enum { T, N, K };
enum { X, W, BIAS, Y };

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(LAST_K, "last-k-dropped", "slip: docs/museum.md")                                                                \
    X(TAIL_K, "tail-of-k-skipped", "slip: docs/museum.md")                                                             \
    X(TAIL_TWICE, "tail-element-counted-twice", "slip: docs/museum.md")                                                \
    X(TAIL_N, "tail-of-n-skipped-where-n-mod-8-is-7", "slip: docs/museum.md")                                          \
    X(STALE, "last-output-zero", "slip: docs/museum.md")                                                               \
    X(PERCENT, "one-output-off-by-1-percent", "slip: docs/museum.md")                                                  \
    X(BF16_IN, "x-rounded-to-bf16", "slip: docs/museum.md")                                                            \
    X(BF16_ACC, "sum-spilled-to-bf16-every-64", "slip: docs/museum.md")                                                \
    X(DENSE_ROWS, "row-stride-of-y-taken-as-n", "slip: docs/museum.md")                                                \
    X(TOWARD_ZERO, "sum-rounded-toward-zero", "not to nearest: a drift that T2 sees (docs/judge.md)")                  \
    X(NO_BIAS, "bias-ignored", "slip: beta")                                                                           \
    X(BIAS_TWICE, "bias-once-per-piece-of-k", "K pieces of 256")                                                       \
    X(PIECE, "second-piece-of-k-overwrites", "K pieces of 256")                                                        \
    X(SWALLOW, "nan-counts-as-zero", "NaN in an input")                                                                \
    X(FLUSH, "subnormal-inputs-flushed", "subnormal inputs")                                                           \
    X(BEYOND, "reads-one-past-the-row", "flame/blis#635")                                                              \
    X(TILE4, "slice-rounded-down-to-tiles-of-4", "google/gemmlowp#105")                                                \
    X(PANEL4, "packed-16-wide-read-4-wide", "microsoft/onnxruntime#20030")                                             \
    X(NOBODY, "columns-left-to-nobody", "tile-ai/tilelang#2537")                                                       \
    X(UNZEROED, "accumulator-not-zeroed", "OpenMathLib/OpenBLAS#5917")                                                 \
    X(MERGED, "tail-merges-zeros-into-the-sums", "NVIDIA/NeMo-Speech.cpp#33")                                          \
    X(UNROLLED, "wrong-variable-in-one-of-four-steps", "ggml-org/llama.cpp#16518")                                     \
    X(EDGE_BETA, "beta-0-reads-y-in-edge-tiles", "robertknight/rten#81")                                               \
    X(HALF_LOST, "upper-half-of-the-lanes-lost", "gnuradio/volk#382")                                                  \
    X(INDEX15, "index-product-too-narrow", "vllm-project/vllm#53907: 15 bits for 31")

#define BF16_FAULTS(X) X(TRUNCATED, "y-truncated-to-bf16", "slip: docs/museum.md")

#define Q8_FAULTS(X)                                                                                                   \
    X(MADDUBS, "pair-sums-saturate-at-16-bit", "uxlfoundation/oneDNN#518")                                             \
    X(NEXT_SCALE, "scale-of-the-next-block", "slip: docs/museum.md")                                                   \
    X(SKIP_BLOCK, "last-block-skipped", "slip: docs/museum.md")                                                        \
    X(SIGN, "sign-trick-negates-minus-128", "ggml-org/llama.cpp#1393")                                                 \
    X(FORM, "activations-in-another-form", "ikawrakow/ik_llama.cpp#364")                                               \
    X(ODD_BLOCK, "odd-block-lost", "ggml-org/llama.cpp#8556")                                                          \
    X(REMAINDER, "remainder-of-four-with-one-scale", "ikawrakow/ik_llama.cpp#951")

#define Q4_FAULTS(X)                                                                                                   \
    X(INT16, "block-sums-wrap-at-16-bit", "16-bit accumulation; microsoft/BitNet#459")                                 \
    X(NIBBLES, "nibbles-interleaved", "kekzl/imp#722")                                                                 \
    X(NO_OFFSET, "offset-8-missing", "slip: docs/museum.md")                                                           \
    X(ROW_BYTES, "row-stride-without-scales", "ROCm/hip-ep#588")

/* X(mode, name, where, of which types) */
#define GROUP_FAULTS(X)                                                                                                \
    X(SWAP_HALVES, "scale-of-the-other-half", "slip: groups of 16", halves)                                            \
    X(UNSIGNED_SCALE, "signed-scale-as-unsigned", "slip: scales of q6_k and q3_k are signed", signed_scales)           \
    X(WRAP_SUPER, "scaled-sums-wrap-at-16-bit", "slip: a group's sum times its scale has 24 bits", signed_scales)      \
    X(HALF_START, "offset-by-the-sum-of-the-first-half", "slip: offset folded into the start value", of_32)            \
    X(LOW_BITS, "upper-bits-of-codes-lost", "slip: bits that are stored apart", split_codes)                           \
    X(TWICE, "doubled-values-with-the-whole-scale", "slip: the values of mxfp4 are kept doubled", powers)
#define MINIMUM_FAULTS(X)                                                                                              \
    X(NEXT_SUPER, "scale-of-the-next-super-block", "slip: one super-block ahead", supers)                              \
    X(WHOLE_SUM, "minima-by-the-sum-of-both-halves", "slip: groups of 16", two_bits)                                   \
    X(PLUS_MINIMA, "minima-added", "slip: w = d sc q - dmin mn", supers)

/* X(mode, name, where, of which types): floats of 8 bits */
#define FLOAT8_FAULTS(X)                                                                                               \
    X(NORMAL_8, "subnormal-codes-as-normal", "local-inference-lab/b12x#388", of_8)                                     \
    X(INF_8, "e5m2-inf-as-number", "iree-org/iree#10875", of_e5m2)                                                     \
    X(END_8, "e4m3-7f-as-480", "formats 1: e4m3 has a NaN and no infinities", of_e4m3)                                 \
    X(SWALLOW_8, "nan-codes-count-as-zero", "slip: NaN in the weights", of_8)                                          \
    X(FNUZ_8, "8-bit-floats-halved", "formats 10: FNUZ has another bias", of_8)                                        \
    X(ZERO_8, "8-bit-minus-zero-as-nan", "formats 1: FNUZ has its NaN where -0 would be", of_8)                        \
    X(FLUSH_8, "8-bit-floats-flushed", "formats 1: subnormals", of_8)                                                  \
    X(OTHER_8, "bits-of-the-other-form", "formats 1: e4m3 and e5m2", of_8)                                             \
    X(FAINT_8, "bias-mended-after-the-sum", "slip: products of a 256th of e4m3 underflow", of_e4m3)                    \
    X(PAIR_8, "columns-of-a-pair-swapped", "slip: columns packed in pairs", of_8)

#define LEGAL(X)                                                                                                       \
    X(SEQUENTIAL, "sequential", "legal: first to last")                                                                \
    X(REVERSED, "reversed", "legal: last to first")                                                                    \
    X(FUSED, "sequential-fma", "legal: fused")                                                                         \
    X(PAIRWISE, "pairwise", "legal: balanced tree")                                                                    \
    X(RANDOM_TREE, "random-tree", "legal: a tree by hash")                                                             \
    X(LANES4, "lanes-4", "legal: 4 sums")                                                                              \
    X(LANES8, "lanes-8-fma", "legal: 8 fused sums")                                                                    \
    X(LANES16, "lanes-16", "legal: 16 sums")                                                                           \
    X(LANES32, "lanes-32-fma", "legal: 32 fused sums")                                                                 \
    X(LANES64, "lanes-64", "legal: 64 sums")                                                                           \
    X(BLOCK64, "k-blocks-of-64", "legal: blocked")                                                                     \
    X(BLOCK1024, "k-blocks-of-1024", "legal: blocked")                                                                 \
    X(SPLIT2, "split-k-2", "legal: two parts")                                                                         \
    X(SPLIT8, "split-k-8-fma", "legal: eight fused parts")                                                             \
    X(KAHAN, "kahan", "legal: compensated")                                                                            \
    X(DOUBLE, "f64-sums", "legal: more precise")                                                                       \
    X(BIAS_FIRST, "bias-first", "legal: the chain begins with the bias")

#define ALL(X)                            FAULTS(X) BF16_FAULTS(X) Q8_FAULTS(X) Q4_FAULTS(X) LEGAL(X)
#define TYPED_MODE(m, name, where, types) m,
typedef enum mode {
    ALL(MODE) GROUP_FAULTS(TYPED_MODE) MINIMUM_FAULTS(TYPED_MODE) FLOAT8_FAULTS(TYPED_MODE) PLAIN_8
} mode;
#endif
