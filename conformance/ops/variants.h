/* SPDX-License-Identifier: MIT
 * variants.h - legal kernels, generated (docs/judge.md, Legal variants): one table of summation orders, and per op a
 * function that computes the op with any of them (rows.h, or <op>.variants.c).  A row of SUMS is a legal kernel of
 * every op that joins; an op joins with two lines in <op>.faults.c:
 *
 *   #define VARY assay_vary_matmul
 *   static const assay_fault table[] = { ..., SUMS(VARY_ROW) };   with VARY_BASE: .op = "matmul", .types = ...
 *
 * Each row declares the sharpest contract that it keeps, so the bounds of the contracts are tried as well.  The row's
 * number also selects among the op's rational forms (times a reciprocal or divided, ...). */
#ifndef ASSAY_VARIANTS_H
#define ASSAY_VARIANTS_H
#include "../../reference/core/suite.h"

typedef enum assay_order {
    ASSAY_FORWARD,
    ASSAY_BACKWARD,
    ASSAY_STRIDED,  /* in one chain: 0, 8, 16, ..., 1, 9, ... */
    ASSAY_PERMUTED, /* in one chain, by a random affine permutation */
    ASSAY_HALVES,   /* a balanced tree */
    ASSAY_TREE,     /* a random binary tree */
} assay_order;
typedef enum assay_adder { ASSAY_PLAIN, ASSAY_FUSED, ASSAY_KAHAN, ASSAY_WIDE } assay_adder;

/* split into `splits` parts, these into blocks of `block`, these dealt to `lanes`, each of them in `order` */
typedef struct assay_sum {
    int32_t row;       /* of the table: seed and rational form */
    assay_depth depth; /* as its contract declares */
    assay_order order;
    int32_t lanes, block, splits; /* 0 or 1: none */
    assay_adder by;
} assay_sum;

/* X(row, name, depth, order, lanes, block, splits, adder) */
/* clang-format off */
#define SUMS(X) \
    X(0, "sum-forward", ANY, FORWARD, 0, 0, 0, PLAIN) \
    X(1, "sum-forward-fma", ANY, FORWARD, 0, 0, 0, FUSED) \
    X(2, "sum-backward", ANY, BACKWARD, 0, 0, 0, PLAIN) \
    X(3, "sum-backward-fma", ANY, BACKWARD, 0, 0, 0, FUSED) \
    X(4, "sum-strided", ANY, STRIDED, 0, 0, 0, PLAIN) \
    X(5, "sum-strided-fma", ANY, STRIDED, 0, 0, 0, FUSED) \
    X(6, "sum-permuted", ANY, PERMUTED, 0, 0, 0, PLAIN) \
    X(7, "sum-permuted-fma", ANY, PERMUTED, 0, 0, 0, FUSED) \
    X(8, "sum-tree-a", ANY, TREE, 0, 0, 0, PLAIN) \
    X(9, "sum-tree-b", ANY, TREE, 0, 0, 0, FUSED) \
    X(10, "sum-tree-c", ANY, TREE, 0, 0, 0, PLAIN) \
    X(11, "sum-pairwise", PAIRWISE, HALVES, 0, 0, 0, PLAIN) \
    X(12, "sum-pairwise-fma", PAIRWISE, HALVES, 0, 0, 0, FUSED) \
    X(13, "sum-4-lanes", LANES, FORWARD, 4, 0, 0, PLAIN) \
    X(14, "sum-4-lanes-fma", LANES, FORWARD, 4, 0, 0, FUSED) \
    X(15, "sum-8-lanes", LANES, FORWARD, 8, 0, 0, PLAIN) \
    X(16, "sum-8-lanes-fma", LANES, FORWARD, 8, 0, 0, FUSED) \
    X(17, "sum-8-lanes-backward", LANES, BACKWARD, 8, 0, 0, PLAIN) \
    X(18, "sum-16-lanes", LANES, FORWARD, 16, 0, 0, PLAIN) \
    X(19, "sum-16-lanes-fma", LANES, FORWARD, 16, 0, 0, FUSED) \
    X(20, "sum-32-lanes", LANES, FORWARD, 32, 0, 0, PLAIN) \
    X(21, "sum-32-lanes-fma", LANES, PERMUTED, 32, 0, 0, FUSED) \
    X(22, "sum-64-lanes", LANES, FORWARD, 64, 0, 0, PLAIN) \
    X(23, "sum-64-lanes-tree", LANES, TREE, 64, 0, 0, FUSED) \
    X(24, "sum-blocks-of-64", BLOCKED, FORWARD, 0, 64, 0, FUSED) \
    X(25, "sum-blocks-of-128", BLOCKED, BACKWARD, 4, 128, 0, PLAIN) \
    X(26, "sum-blocks-of-256", BLOCKED, FORWARD, 0, 256, 0, PLAIN) \
    X(27, "sum-blocks-of-512", BLOCKED, FORWARD, 8, 512, 0, FUSED) \
    X(28, "sum-blocks-of-1024", BLOCKED, TREE, 0, 1024, 0, PLAIN) \
    X(29, "sum-split-2", ANY, FORWARD, 0, 0, 2, PLAIN) \
    X(30, "sum-split-3", ANY, BACKWARD, 0, 0, 3, FUSED) \
    X(31, "sum-split-4", ANY, FORWARD, 8, 0, 4, FUSED) \
    X(32, "sum-split-5", ANY, TREE, 0, 0, 5, PLAIN) \
    X(33, "sum-split-6", ANY, FORWARD, 16, 64, 6, PLAIN) \
    X(34, "sum-split-7", ANY, PERMUTED, 0, 0, 7, FUSED) \
    X(35, "sum-split-8", ANY, FORWARD, 4, 32, 8, FUSED) \
    X(36, "sum-kahan", ANY, FORWARD, 0, 0, 0, KAHAN) \
    X(37, "sum-kahan-lanes", LANES, BACKWARD, 8, 0, 0, KAHAN) \
    X(38, "sum-f64", ANY, FORWARD, 0, 0, 0, WIDE) \
    X(39, "sum-f64-blocks", BLOCKED, STRIDED, 0, 256, 0, WIDE)
/* clang-format on */
/* Rows that blocks of quantized weights are summed by, too: X(row, name) */
/* clang-format off */
#define BLOCK_SUMS(X) \
    X(0, "forward") X(1, "forward-fma") X(2, "backward") X(4, "strided") X(6, "permuted") X(7, "permuted-fma") \
    X(8, "tree-a") X(9, "tree-b") X(11, "pairwise") X(13, "4-lanes") X(16, "8-lanes-fma") X(22, "64-lanes") \
    X(24, "blocks-of-64") X(29, "split-2") X(30, "split-3") X(35, "split-8") X(36, "kahan") X(38, "f64")
/* clang-format on */
enum { ASSAY_SUMS = 40 };
extern const assay_sum assay_sums[ASSAY_SUMS];
extern const assay_contract assay_sum_contracts[ASSAY_SUMS];

/* sum of x[i xs] w[i ws], i < n; w NULL: of x[i xs] */
float assay_sum_of(const assay_sum *s, const float *x, int64_t xs, const float *w, int64_t ws, int64_t n);

/* ---- what the functions of the ops share ---- */

/* Primitives by a library function, a polynomial or Newton's step from 12 bits, or as bad as the strict contract
 * allows; form: which.  d <= 0 */
float assay_vary_exp(int32_t form, float d);
float assay_vary_polynomial(int degree, float d); /* e^d by its series; too coarse below degree 6 */
float assay_vary_log(int32_t form, float s);      /* s >= 1 */
float assay_vary_reciprocal(int32_t form, float x);
float assay_vary_rsqrt(int32_t form, float x);
float assay_vary_tanh(int32_t form, float x);
float assay_vary_swiglu(int32_t form, float g, float u);
/* n elements of row `row` (leading dimensions flattened) from `from` on, of any element type, and back */
void assay_vary_read(const assay_tensor *t, int64_t row, int64_t from, int64_t n, float *to);
void assay_vary_write(const assay_tensor *t, int64_t row, int64_t from, int64_t n, const float *src);

/* Inputs as floats, dense, broadcast ones expanded, and room for outputs (the last operand); NULL where there are none.
 * exact: those from which on floats must hold every number, positions; UNSUPPORTED: they do not. */
assay_status assay_vary_open(const assay_args *a, int n, int exact, void **operand);
void assay_vary_close(int n, void **operand);

/* By ops: the whole call, UNSLICED; its variant is the row of assay_sums */
assay_status assay_vary_matmul(const assay_args *a);
/* Operands x, w, bias; residual: the operand that is added, -1: none; out: y; map: of each sum, NULL: as it is */
typedef float assay_vary_map(const void *params, float sum, int32_t kind);
assay_status assay_vary_product(const assay_args *a, const assay_sum *s, int residual, int out, assay_vary_map *map,
                                int32_t kind);
assay_status assay_vary_gate_up(const assay_args *a);
assay_status assay_vary_attention(const assay_args *a);
assay_status assay_vary_sample(const assay_args *a);
/* weights in blocks, x rounded to q8_0: exact integers per block */
assay_status assay_vary_matmul_blocks(const assay_args *a);
assay_status assay_vary_gate_up_blocks(const assay_args *a);

#define VARY_F32       ASSAY_TYPES(ASSAY_T(f32))
#define VARY_I32       ASSAY_TYPES(ASSAY_T(i32))
#define VARY_FLOATS    ASSAY_TYPES(ASSAY_T(f32) | ASSAY_T(f16) | ASSAY_T(bf16))
#define VARY_KEYS      ASSAY_TYPES(ASSAY_T(f32) | ASSAY_T(f16) | ASSAY_T(bf16) | ASSAY_T(q8_0))
#define VARY_WEIGHTS   ASSAY_TYPES(VARY_WEIGHTS_OF)
#define VARY_WEIGHTS_8 ASSAY_TYPES(VARY_WEIGHTS_OF | ASSAY_T(e4m3) | ASSAY_T(e5m2))
#define VARY_WEIGHTS_OF                                                                                                \
    (ASSAY_T(f32) | ASSAY_T(f16) | ASSAY_T(bf16) | ASSAY_T(q8_0) | ASSAY_T(q4_0) | ASSAY_T(q4_1) | ASSAY_T(q5_0) |     \
     ASSAY_T(q5_1) | ASSAY_T(iq4_nl) | ASSAY_T(mxfp4) | ASSAY_T(q2_k) | ASSAY_T(q3_k) | ASSAY_T(q4_k) |                \
     ASSAY_T(q5_k) | ASSAY_T(q6_k) | ASSAY_T(iq4_xs))
/* those that have minima, and those that have none, for blocks in integers */
#define VARY_MINIMA ASSAY_TYPES(ASSAY_T(q4_1) | ASSAY_T(q5_1) | ASSAY_T(q2_k) | ASSAY_T(q4_k) | ASSAY_T(q5_k))
#define VARY_CENTRED                                                                                                   \
    ASSAY_TYPES(ASSAY_T(q8_0) | ASSAY_T(q4_0) | ASSAY_T(q5_0) | ASSAY_T(iq4_nl) | ASSAY_T(mxfp4) | ASSAY_T(q3_k) |     \
                ASSAY_T(q6_k) | ASSAY_T(iq4_xs))
#define VARY_ROW(n, title, depth, order, lanes, block, splits, adder)                                                  \
    { ASSAY_LEGAL,                                                                                                     \
      { VARY_BASE, .name = title, .flags = ASSAY_UNSLICED, .contract = &assay_sum_contracts[n], .run = VARY,           \
        .variant = &assay_sums[n] },                                                                                   \
      "legal: generated" },
/* Of kernels that round x to q8_0: so many lanes by the float sums of a block of 32; whether minima are summed apart */
#define BLOCK_CONTRACT(lanes, apart)                                                                                   \
    {                                                                                                                  \
        .h = { ASSAY_DEPTH_LANES, lanes, 0 }, .split_min = apart, .round = { { "x", ASSAY_q8_0, 0 } }                  \
    }
/* The same for blocks: VARY_BLOCKS is the function, VARY_Q8 and VARY_Q4_1 are designators of the kernels */
#define VARY_Q8_ROW(n, title)                                                                                          \
    { ASSAY_LEGAL,                                                                                                     \
      { VARY_Q8, .name = "sum-q8-" title, .flags = ASSAY_UNSLICED, .run = VARY_BLOCKS, .variant = &assay_sums[n] },    \
      "legal: generated" },
#define VARY_Q4_1_ROW(n, title)                                                                                        \
    { ASSAY_LEGAL,                                                                                                     \
      { VARY_Q4_1, .name = "sum-q4_1-" title, .flags = ASSAY_UNSLICED, .run = VARY_BLOCKS,                             \
        .variant = &assay_sums[n] },                                                                                   \
      "legal: generated" },
/* and under the contract c of kernels that make more sums of a block, whose own formats have no short rows */
#define VARY_Q4_1_AS(name_of_op, title, c)                                                                             \
    { ASSAY_LEGAL,                                                                                                     \
      { .op = name_of_op,                                                                                              \
        .name = "sum-q4_1-as-" title,                                                                                  \
        .types = vary_q4_1_types,                                                                                      \
        .contract = c,                                                                                                 \
        .flags = ASSAY_UNSLICED,                                                                                       \
        .run = VARY_BLOCKS,                                                                                            \
        .variant = &assay_sums[13] },                                                                                  \
      "legal: generated" },
#endif
