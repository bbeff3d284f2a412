/* SPDX-License-Identifier: MIT
 * slips.h - the slips that every spec implies: a wrong kernel for each dimension and rung, operand, axis, field and
 * type of an op, made around the op's own reference.  No op is known by name.  slips.c: which there are; spoil.c: what
 * each does to the numbers, slips_sum.c: to sums, slips_field.c: to parameters; slips_run.c: the kernel. */
#ifndef ASSAY_RULES_SLIPS_H
#define ASSAY_RULES_SLIPS_H
#include "../../reference/core/suite.h"
#include "../select.h"

/* Where a slip takes hold: of the inputs before the reference computes, of its outputs, or of the call itself (which
 * memory, whose turn), so that only a runner can tell what becomes of it. */
typedef enum assay_slip_at { ASSAY_AT_INPUT, ASSAY_AT_OUTPUT, ASSAY_AT_CALL } assay_slip_at;

enum {                   /* of assay_slip_kinds */
       ASSAY_SLIP_RIGHT, /* none: the same kernel must pass */
       ASSAY_SLIP_BEYOND,
       ASSAY_SLIP_BOTH,
       ASSAY_SLIP_DROPPED,
       ASSAY_SLIP_UNWRITTEN,
       ASSAY_SLIP_DOUBLED,
       ASSAY_SLIP_LOST,
       ASSAY_SLIP_REPEATED,
       ASSAY_SLIP_SHIFTED,
       ASSAY_SLIP_FIRST,
       ASSAY_SLIP_TRANSPOSED,
       ASSAY_SLIP_SPREAD,
       ASSAY_SLIP_ZEROS,
       ASSAY_SLIP_ONES,
       ASSAY_SLIP_LEFT_OUT,
       ASSAY_SLIP_MADE_UP,
       ASSAY_SLIP_ROUNDED,
       ASSAY_SLIP_NARROWED,
       ASSAY_SLIP_SUMMED,
       ASSAY_SLIP_NAN,
       ASSAY_SLIP_NAN_MINUS,
       ASSAY_SLIP_NAN_FULL,
       ASSAY_SLIP_NAN_LAST,
       ASSAY_SLIP_INF,
       ASSAY_SLIP_FLUSHED,
       ASSAY_SLIP_UNSIGNED,
       ASSAY_SLIP_OUT_NAN,
       ASSAY_SLIP_OUT_INF,
       ASSAY_SLIP_OUT_FLUSHED,
       ASSAY_SLIP_OUT_UNSIGNED,
       ASSAY_SLIP_SKIPS,
       ASSAY_SLIP_WRAPS,
       ASSAY_SLIP_SHORT,
       ASSAY_SLIP_VALUE,
       ASSAY_SLIP_OUT_VALUE,
       ASSAY_SLIP_FIELD_ZERO,
       ASSAY_SLIP_FIELD_DEFAULT,
       ASSAY_SLIP_FIELD_TWICE,
       ASSAY_SLIP_FIELD_TYPE,
       ASSAY_SLIP_FIELD_CUT,
       ASSAY_SLIP_FIELD_ROUNDED,
       ASSAY_SLIP_FIELD_WHOLE,
       ASSAY_SLIP_FIELD_SMALL,
       ASSAY_SLIP_FIELD_BESIDE,
       ASSAY_SLIP_FIELD_BEFORE,
       ASSAY_SLIP_DENSE,
       ASSAY_SLIP_NEAR,
       ASSAY_SLIP_LAYOUT,
       ASSAY_SLIP_PAST,
       ASSAY_SLIP_STATE,
       ASSAY_SLIP_NEIGHBOUR,
       ASSAY_SLIP_PUT_BACK,
       ASSAY_SLIP_KINDS
};

struct assay_slip_call;
typedef struct assay_slip_kind {
    const char *name, *sentence;
    assay_slip_at at;
    void (*spoil)(struct assay_slip_call *c); /* AT_CALL: NULL, slips_run.c does it */
} assay_slip_kind;

typedef struct assay_slip { /* what a kernel's variant points to */
    const assay_op *op;
    const assay_slip_kind *kind;
    int8_t operand, axis, other, field; /* which, or -1; axis: of the operand's shape, or of op->dims */
    int8_t type;                        /* an assay_dtype, or -1 */
    int64_t n, m;                       /* rungs; a tail's length; bits */
    const char *idle;                   /* by rule no slip: why; NULL: it is one */
    char name[64];
    assay_kernel kernel;
} assay_slip;

/* One call, as the reference sees it.  Inputs are already decoded; a slip may change them, or the outputs. */
typedef struct assay_slip_call {
    const assay_slip *slip;
    const assay_tensor *t; /* types and lengths */
    const int64_t *dim;
    double *value[ASSAY_MAX_OPND]; /* NULL: left out */
    double *was;                   /* AT_OUTPUT: what stood in the slip's operand */
    double *spare;                 /* room for the largest operand */
    const char *idle;              /* why the slip is none in this call; NULL: it is one */
    _Alignas(16) unsigned char params[ASSAY_MAX_PARAMS];
} assay_slip_call;

/* Makes all slips that the filter means; before a pool is opened, so that runners know them, too. */
void assay_slips_prepare(const assay_filter *f);
const assay_slip *assay_slips_of(const assay_op *op, size_t *n);

void assay_slip_summed(assay_slip_call *c); /* slips_sum.c */

/* slips_field.c */
void assay_slip_field_zero(assay_slip_call *c);
void assay_slip_field_default(assay_slip_call *c);
void assay_slip_field_twice(assay_slip_call *c);
void assay_slip_field_type(assay_slip_call *c);
void assay_slip_field_cut(assay_slip_call *c);
void assay_slip_field_rounded(assay_slip_call *c);
void assay_slip_field_whole(assay_slip_call *c);
void assay_slip_field_small(assay_slip_call *c);
void assay_slip_field_beside(assay_slip_call *c);

/* What the slip does there, if c has the operand that it is about. */
void assay_slip_spoil(assay_slip_call *c, assay_slip_at at);
/* Its field in c's parameters; another value there, if the op takes it. */
double assay_slip_field(const assay_slip_call *c);
void assay_slip_set(assay_slip_call *c, double v);

extern const assay_slip_kind assay_slip_kinds[ASSAY_SLIP_KINDS];
size_t assay_slip_room(const assay_op *op, const int64_t *dim); /* elements of the largest operand */
bool assay_slip_is(const assay_slip *s, int kind);
bool assay_slip_in_units(const assay_slip *s); /* it is about work units; the others compute all of the call at once */
assay_status assay_slip_run(const assay_args *a);
size_t assay_slip_scratch(const assay_args *a);
#endif
