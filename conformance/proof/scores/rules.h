/* SPDX-License-Identifier: MIT
 * rules.h - how other projects decide that a kernel is right, as comparators that see the outputs which our judge sees.
 * Facts of each rule were read in its source (docs/judge.md names file and commit); the code is ours.  A rule has a
 * row per op that its project tests, or one for all others; an op without a row is not judged by it. */
#ifndef ASSAY_RULES_H
#define ASSAY_RULES_H
#include "../../../reference/core/problem.h"

typedef struct assay_rule_op {
    const char *op;
    double p[3]; /* what the rule's function makes of it */
} assay_rule_op;

typedef struct assay_output { /* one output of one call */
    const assay_problem *p;
    int operand;
    assay_dtype type;
    int64_t n;
    const double *got, *want; /* want: the golden, rounded to the output's type */
    const assay_rule_op *row;
} assay_output;

typedef struct assay_rule {
    const char *name, *what; /* what it demands, in a line */
    const char *inputs;      /* its own kind of input, in words */
    const assay_gen *gen;    /* the same as a generator */
    const assay_rule_op *op;
    size_t n_ops;
    bool (*accepts)(const assay_output *o);
} assay_rule;

enum { ASSAY_RULES = 8 };
extern const assay_rule assay_rules[ASSAY_RULES];
/* The rules' own kinds of input (rules_inputs.c), in the order of assay_rules; rules that share one share the pointer.
 */
extern const assay_gen assay_gen_ggml, assay_gen_pytorch, assay_gen_onnx, assay_gen_benchdnn, assay_gen_xnnpack,
    assay_gen_tosa;
enum { ASSAY_TOSA_SETS = 6 };
int assay_tosa_set(const assay_case *c); /* which of TOSA's sets of data c holds; -1: none, other inputs */

/* What a rule says of one call.  NO_RULE: it has no row for this op, or nothing for these types.  BLIND: rejected, and
 * it would reject the golden itself, rounded to the output's type (NaN where NaN is right). */
typedef enum assay_opinion { ASSAY_NO_RULE, ASSAY_ACCEPTS, ASSAY_REJECTS, ASSAY_BLIND } assay_opinion;

/* got: views of the outputs as the kernel left them, NULL where it crashed (rejected by all); p is solved. */
void assay_rules_judge(const assay_problem *p, const assay_tensor *got, assay_opinion opinion[ASSAY_RULES]);
#endif
