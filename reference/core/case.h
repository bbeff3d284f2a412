/* SPDX-License-Identifier: MIT
 * case.h - one description of a problem, shared by conformance, bench, vectors and models, printed and parsed as one
 * line that reproduces it:
 *
 *   matmul T=3 N=17 K=64 w=q4_0 bias=f32 eps=1e-05 gen=gauss seed=7
 *
 * A capital letter is a dimension (1 when not given), an operand's name gives its element type (type:layout for a
 * storage order, type/LETTERS for a BROADCAST operand that varies over these dimensions only) and, for an optional
 * operand, says that it is present (none: that it is left out, which is not printed); a field's name gives a
 * parameter; gen=KIND@OPERAND puts values of the kind into that operand (values.h).  docs/cases.md tells the same to
 * users, with examples that unit.case expands. */
#ifndef ASSAY_CORE_CASE_H
#define ASSAY_CORE_CASE_H
#include "assay/assay.h"

typedef struct assay_gen assay_gen;

typedef struct assay_case {
    const assay_op *op;
    int64_t dim[ASSAY_MAX_DIMS];
    assay_dtype type[ASSAY_MAX_OPND];
    uint32_t layout[ASSAY_MAX_OPND];
    uint32_t present;                     /* bit i: operand i is given */
    uint32_t spread_over[ASSAY_MAX_OPND]; /* BROADCAST operand: bit d set: dimension d has stride 0 */
    const assay_gen *gen;
    uint8_t gen_at; /* gen=KIND@OPERAND: 1 + the number of the operand; 0: the generator names none */
    uint64_t seed;
    _Alignas(16) unsigned char params[ASSAY_MAX_PARAMS];
} assay_case;

enum { ASSAY_CASE_LINE = 512 };

assay_status assay_no_op(const char *name, assay_why *why); /* fails, with the one that may have been meant */
/* Fails if no case line of op may hold KEY=text: what the op does not have. */
assay_status assay_case_key(const assay_op *op, const char *key, const char *text, assay_why *why);
assay_status assay_case_parse(const char *line, assay_case *c, assay_why *why);
/* Writes the line; returns its length as snprintf does. */
int assay_case_print(const assay_case *c, char *line, size_t n);
/* With what a line may leave out: first types, operands that are not given (none), parameters that are 0. */
int assay_case_print_all(const assay_case *c, char *line, size_t n);

/* A pattern is a line in which {a,b,c} stands for each of its items in turn and {2..9} for each number; the product
 * over all braces is visited.  w=* stands for every element type that the op allows there, bias={f32,none} for an
 * optional operand given and left out. */
typedef assay_status (*assay_case_visit)(const char *line, void *ctx, assay_why *why);
assay_status assay_case_expand(const assay_op *op, const char *pattern, assay_case_visit visit, void *ctx,
                               assay_why *why);

/* Dense views of every operand (data NULL, also rank 0 for those left out). */
void assay_case_tensors(const assay_case *c, assay_tensor t[ASSAY_MAX_OPND]);
/* assay_check of them: what the op says of the case before there are numbers. */
assay_status assay_case_check(const assay_case *c, assay_why *why);
int assay_op_dim(const assay_op *op, char letter); /* index in op->dims, -1 if none */
int64_t assay_op_shape(const assay_op *op, const char *shape, const int64_t *dim, int64_t out[ASSAY_MAX_RANK]);
int assay_op_operand(const assay_op *op, const char *name); /* -1 if none */
#endif
