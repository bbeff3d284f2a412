/* SPDX-License-Identifier: MIT
 * What each slip does to the numbers around the reference: dense doubles, one array per operand. */
#include "../../reference/core/dtype.h"
#include "../../reference/core/registry.h"
#include "slips.h"
#include <float.h>
#include <math.h>
#include <string.h>

/* Operand i as rows of its axis: outer x length x inner elements. */
typedef struct axis {
    int64_t outer, length, inner;
    double *v;
} axis;

static axis axis_of(const assay_slip_call *c, int i, int r)
{
    int64_t dim[ASSAY_MAX_RANK] = { 1 };
    axis a = { 1, 1, 1, c->value[i] };
    const char *shape = c->slip->op->operands[i].shape;
    assay_op_shape(c->slip->op, shape, c->dim, dim);
    for (int k = 0; shape[k]; k++)
        *(k < r ? &a.outer : k == r ? &a.length : &a.inner) *= dim[k];
    return a;
}

static int64_t elements(const assay_slip_call *c, int i)
{
    return assay_op_shape(c->slip->op, c->slip->op->operands[i].shape, c->dim, NULL);
}

/* Another value of its kind, off by more than it is and than a sum of thousands may be, so that a single result that
 * happens to lie near 0 is enough: these slips are about where, not about how much.  0 for what is not finite. */
static double wrong(double v)
{
    return !isfinite(v) ? 0 : fabs(v) < 0x1p29 ? 2 * v + (v < 0 ? -0x1p20 : 0x1p20) : v / 2;
}

/* ---- lengths ------------------------------------------------------------------------------------------------- */

/* How the elements of operand i lie along dimension d of the op: element k has index first + k / inner % length.  Where
 * it has none, each is at the last. */
typedef struct along {
    int64_t first, inner, length;
} along;

static along along_of(const assay_slip_call *c, int i, int d)
{
    const char *shape = c->slip->op->operands[i].shape, *at = d < 0 ? NULL : strchr(shape, c->slip->op->dims[d]);
    if (!at)
        return (along){ d < 0 ? 0 : c->dim[d] - 1, 1, 1 };
    const axis a = axis_of(c, i, (int)(at - shape));
    return (along){ 0, a.inner, a.length };
}

static int64_t index_of(along a, int64_t k)
{
    return a.first + k / a.inner % a.length;
}

static void beyond(assay_slip_call *c)
{
    const assay_slip *s = c->slip;
    for (int i = 0; i < s->op->n_operands; i++) {
        if (s->op->operands[i].access == ASSAY_IN || !c->value[i])
            continue;
        const along d = along_of(c, i, s->axis), e = along_of(c, i, s->other);
        const int64_t m = s->other < 0 ? 0 : s->m;
        for (int64_t k = 0, n = elements(c, i); k < n; k++)
            if (index_of(d, k) >= s->n && index_of(e, k) >= m)
                c->value[i][k] = wrong(c->value[i][k]);
    }
}

/* An index of 16 bits: what lies beyond is what lies 2^16 before. */
static void wraps(assay_slip_call *c)
{
    const assay_slip *s = c->slip;
    const axis a = axis_of(c, s->operand, s->axis);
    for (int64_t o = 0; o < a.outer; o++)
        for (int64_t k = s->n; k < a.length; k++)
            memcpy(a.v + (o * a.length + k) * a.inner, a.v + (o * a.length + k % s->n) * a.inner,
                   (size_t)a.inner * sizeof *a.v);
}

/* The last n elements of the axis, or what is over of groups of n: times factor, or what stood there before. */
static void tail(assay_slip_call *c, double factor, const double *was)
{
    const assay_slip *s = c->slip;
    const axis a = axis_of(c, s->operand, s->axis);
    const int64_t first = s->n == 1 ? a.length - 1 : a.length / s->n * s->n;
    for (int64_t o = 0; o < a.outer; o++)
        for (int64_t k = first * a.inner; first >= 0 && k < a.length * a.inner; k++) {
            double *v = &a.v[o * a.length * a.inner + k];
            *v = was ? was[o * a.length * a.inner + k] : factor == 0 ? 0 : *v * factor;
        }
}

static void dropped(assay_slip_call *c)
{
    tail(c, 0, NULL);
}

static void doubled(assay_slip_call *c)
{
    tail(c, 2, NULL);
}

static void unwritten(assay_slip_call *c)
{
    tail(c, 0, c->was);
}

/* A length of 16 bits: what lies beyond is not there. */
static void cut_short(assay_slip_call *c)
{
    const axis a = axis_of(c, c->slip->operand, c->slip->axis);
    const int64_t from = a.length >= c->slip->n ? a.length % c->slip->n : a.length;
    for (int64_t o = 0; o < a.outer; o++)
        memset(a.v + (o * a.length + from) * a.inner, 0, (size_t)((a.length - from) * a.inner) * sizeof *a.v);
}

/* ---- operands ------------------------------------------------------------------------------------------------ */

static void shifted(assay_slip_call *c)
{
    const axis a = axis_of(c, c->slip->operand, c->slip->axis);
    for (int64_t o = 0; a.length > 1 && o < a.outer; o++)
        memmove(a.v + o * a.length * a.inner, a.v + (o * a.length + 1) * a.inner,
                (size_t)((a.length - 1) * a.inner) * sizeof *a.v);
}

static void first_of(assay_slip_call *c)
{
    const axis a = axis_of(c, c->slip->operand, c->slip->axis);
    for (int64_t o = 0; o < a.outer; o++)
        for (int64_t k = 1; k < a.length; k++)
            memcpy(a.v + (o * a.length + k) * a.inner, a.v + o * a.length * a.inner, (size_t)a.inner * sizeof *a.v);
}

/* This axis and the next, read as if they lay the other way round. */
static void transposed(assay_slip_call *c)
{
    const int i = c->slip->operand;
    const axis a = axis_of(c, i, c->slip->axis), b = axis_of(c, i, c->slip->axis + 1);
    const int64_t plane = a.length * b.length;
    memcpy(c->spare, a.v, (size_t)elements(c, i) * sizeof *a.v);
    for (int64_t o = 0; o < a.outer; o++)
        for (int64_t x = 0; x < a.length; x++)
            for (int64_t y = 0; y < b.length; y++)
                memcpy(a.v + (o * plane + x * b.length + y) * b.inner,
                       c->spare + (o * plane + y * a.length + x) * b.inner, (size_t)b.inner * sizeof *a.v);
}

/* Broadcast over this axis, and read as if over the next: where all are alike along it, its index counts in place of
 * the next one's. */
static void misspread(assay_slip_call *c)
{
    const int i = c->slip->operand;
    const axis a = axis_of(c, i, c->slip->axis), b = axis_of(c, i, c->slip->axis + 1);
    const size_t row = (size_t)b.inner * sizeof *a.v, plane = (size_t)b.length * row;
    for (int64_t k = 0; k < a.outer * a.length; k++)
        if (memcmp(a.v + k / a.length * a.length * a.inner, a.v + k * a.inner, plane))
            return;
    for (int64_t k = 0; k < a.outer * a.length; k++) {
        double *const at = a.v + k * a.inner;
        memcpy(c->spare, at, plane);
        for (int64_t y = 0; y < b.length; y++)
            memcpy(at + y * b.inner, c->spare + k % a.length % b.length * b.inner, row);
    }
}

/* Each element by itself, in place. */
static void each(assay_slip_call *c, double (*f)(const assay_slip_call *c, double v))
{
    const int i = c->slip->operand;
    for (int64_t k = 0, n = elements(c, i); k < n; k++)
        c->value[i][k] = f(c, c->value[i][k]);
}

static assay_dtype type_of(const assay_slip_call *c)
{
    return c->t[c->slip->operand].type;
}

static double to_zero(const assay_slip_call *c, double v)
{
    (void)c, (void)v;
    return 0;
}
static double to_one(const assay_slip_call *c, double v)
{
    (void)c, (void)v;
    return 1;
}
static double without_nan(const assay_slip_call *c, double v)
{
    (void)c;
    return isnan(v) ? 0 : v;
}
static double without_minus_nan(const assay_slip_call *c, double v)
{
    (void)c;
    return isnan(v) && signbit(v) ? 0 : v;
}
/* A NaN's mantissa but for the bit that marks it, as a double has it: 51 bits, of which a bf16 has the first 6. */
static uint64_t payload_of(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits & ((UINT64_C(1) << 51) - 1);
}
static double without_full_nan(const assay_slip_call *c, double v)
{
    (void)c;
    return isnan(v) && payload_of(v) >> 45 == 63 ? 0 : v;
}
static double without_last_nan(const assay_slip_call *c, double v)
{
    const uint64_t payload = payload_of(v);
    (void)c;
    return isnan(v) && payload && !(payload & (payload - 1)) ? 0 : v;
}
static double without_inf(const assay_slip_call *c, double v)
{
    return isinf(v) ? copysign(type_of(c) == ASSAY_f16 ? 65504 : (double)FLT_MAX, v) : v;
}
static double without_subnormals(const assay_slip_call *c, double v)
{
    return fabs(v) < (type_of(c) == ASSAY_f16 ? 0x1p-14 : 0x1p-126) ? copysign(0, v) : v;
}
static double without_sign(const assay_slip_call *c, double v)
{
    (void)c;
    return v == 0 ? 0 : v;
}
static double of_few_bits(const assay_slip_call *c, double v)
{
    return v < 0 ? v : fmod(v, ldexp(1, (int)c->slip->n));
}

static void zeros(assay_slip_call *c)
{
    each(c, to_zero);
}
static void ones(assay_slip_call *c)
{
    each(c, to_one);
}
static void no_nan(assay_slip_call *c)
{
    each(c, without_nan);
}
static void no_minus_nan(assay_slip_call *c)
{
    each(c, without_minus_nan);
}
static void no_full_nan(assay_slip_call *c)
{
    each(c, without_full_nan);
}
static void no_last_nan(assay_slip_call *c)
{
    each(c, without_last_nan);
}
static void no_inf(assay_slip_call *c)
{
    each(c, without_inf);
}
static void flushed(assay_slip_call *c)
{
    each(c, without_subnormals);
}
static void unsigned_zero(assay_slip_call *c)
{
    each(c, without_sign);
}
static void cut_values(assay_slip_call *c)
{
    each(c, of_few_bits);
}

static void left_out(assay_slip_call *c)
{
    c->value[c->slip->operand] = NULL;
}

/* Nobody gave it: read all the same, as whatever lies there. */
static void made_up(assay_slip_call *c)
{
    const int i = c->slip->operand;
    if (c->value[i])
        return;
    c->value[i] = c->spare;
    for (int64_t k = 0, n = elements(c, i); k < n; k++)
        c->spare[k] = (double)(k % 7) * 0.25 + 0.25;
}

/* Through the type's encoder and decoder, in blocks along the last axis; what is over of a block stays. */
static void rounded(assay_slip_call *c)
{
    const int i = c->slip->operand, rank = (int)strlen(c->slip->op->operands[i].shape);
    const assay_dtype_info *ty = assay_dtype_of((assay_dtype)c->slip->type);
    const axis a = axis_of(c, i, rank - 1);
    unsigned char block[64];
    for (int64_t o = 0; o < a.outer; o++)
        for (int64_t k = 0; k + ty->block <= a.length; k += ty->block) {
            ty->encode(block, a.v + o * a.length + k, ty->block);
            ty->decode(a.v + o * a.length + k, block, ty->block);
        }
}

/* An element of operand i meets all elements of another that share its indices of the dimensions that both have: their
 * number is its key. */
typedef struct meeting {
    along shared[ASSAY_MAX_DIMS];
    int64_t length[ASSAY_MAX_DIMS];
    int n;
} meeting;

static meeting meeting_of(const assay_slip_call *c, int i, int other)
{
    const assay_op *op = c->slip->op;
    meeting m = { .n = 0 };
    for (int d = 0; op->dims[d]; d++)
        if (strchr(op->operands[i].shape, op->dims[d]) && strchr(op->operands[other].shape, op->dims[d])) {
            m.shared[m.n] = along_of(c, i, d);
            m.length[m.n++] = c->dim[d];
        }
    return m;
}

static int64_t key_of(const meeting *m, int64_t k)
{
    int64_t key = 0;
    for (int d = 0; d < m->n; d++)
        key = key * m->length[d] + index_of(m->shared[d], k);
    return key;
}

/* Where operand `other` is 0 in all that an element of `operand` meets, the product is skipped: what is not finite
 * there is lost. */
static void skips(assay_slip_call *c)
{
    const int i = c->slip->operand, other = c->slip->other;
    const int64_t n = elements(c, i), n_other = c->value[other] ? elements(c, other) : 0;
    bool finite = true;
    for (int64_t k = 0; finite && k < n; k++)
        finite = isfinite(c->value[i][k]);
    if (finite || !c->value[other])
        return;
    const meeting mine = meeting_of(c, i, other), others = meeting_of(c, other, i);
    for (int64_t k = 0; k < n; k++)
        c->spare[key_of(&mine, k)] = 1;
    for (int64_t k = 0; k < n_other; k++)
        if (c->value[other][k] != 0)
            c->spare[key_of(&others, k)] = 0;
    for (int64_t k = 0; k < n; k++)
        if (!isfinite(c->value[i][k]) && c->spare[key_of(&mine, k)] != 0)
            c->value[i][k] = 0;
}

/* ---- the table ----------------------------------------------------------------------------------------------- */

const assay_slip_kind assay_slip_kinds[ASSAY_SLIP_KINDS] = {
    [ASSAY_SLIP_RIGHT] = { "right", "no slip", ASSAY_AT_CALL, NULL },
    [ASSAY_SLIP_BEYOND] = { "beyond", "results beyond this index, or of longer reductions, are wrong", ASSAY_AT_OUTPUT,
                            beyond },
    [ASSAY_SLIP_BOTH] = { "both", "results beyond both of two indices are wrong", ASSAY_AT_OUTPUT, beyond },
    [ASSAY_SLIP_DROPPED] = { "dropped", "the last of an output, or what is over of groups, is 0", ASSAY_AT_OUTPUT,
                             dropped },
    [ASSAY_SLIP_UNWRITTEN] = { "unwritten", "the last of an output, or what is over of groups, is not written",
                               ASSAY_AT_OUTPUT, unwritten },
    [ASSAY_SLIP_DOUBLED] = { "doubled", "the last of an output, or what is over of groups, is doubled", ASSAY_AT_OUTPUT,
                             doubled },
    [ASSAY_SLIP_LOST] = { "lost", "the last of an input, or what is over of groups, counts as 0", ASSAY_AT_INPUT,
                          dropped },
    [ASSAY_SLIP_REPEATED] = { "repeated", "the last of an input, or what is over of groups, counts twice",
                              ASSAY_AT_INPUT, doubled },
    [ASSAY_SLIP_SHIFTED] = { "shifted", "each index of an operand reads the next one", ASSAY_AT_INPUT, shifted },
    [ASSAY_SLIP_FIRST] = { "first", "each index of an operand reads the first", ASSAY_AT_INPUT, first_of },
    [ASSAY_SLIP_TRANSPOSED] = { "transposed", "two axes of an operand are read the other way round", ASSAY_AT_INPUT,
                                transposed },
    [ASSAY_SLIP_SPREAD] = { "spread", "an operand that is broadcast over one axis is read as if over the next",
                            ASSAY_AT_INPUT, misspread },
    [ASSAY_SLIP_ZEROS] = { "zeros", "an operand is not read: zeros", ASSAY_AT_INPUT, zeros },
    [ASSAY_SLIP_ONES] = { "ones", "an operand is not read: ones", ASSAY_AT_INPUT, ones },
    [ASSAY_SLIP_LEFT_OUT] = { "left-out", "an optional operand is ignored", ASSAY_AT_INPUT, left_out },
    [ASSAY_SLIP_MADE_UP] = { "made-up", "an optional operand is used where it is absent", ASSAY_AT_INPUT, made_up },
    [ASSAY_SLIP_ROUNDED] = { "rounded", "an operand is rounded to a narrower type", ASSAY_AT_INPUT, rounded },
    [ASSAY_SLIP_NARROWED] = { "narrowed", "a result is rounded to a narrower type", ASSAY_AT_OUTPUT, rounded },
    [ASSAY_SLIP_SUMMED] = { "summed", "a sum is kept in a narrower type", ASSAY_AT_OUTPUT, assay_slip_summed },
    [ASSAY_SLIP_NAN] = { "nan", "NaN in an operand counts as 0", ASSAY_AT_INPUT, no_nan },
    [ASSAY_SLIP_NAN_MINUS] = { "nan-minus", "NaN with its sign set counts as 0", ASSAY_AT_INPUT, no_minus_nan },
    [ASSAY_SLIP_NAN_FULL] = { "nan-full", "NaN with all of its mantissa set counts as 0", ASSAY_AT_INPUT, no_full_nan },
    [ASSAY_SLIP_NAN_LAST] = { "nan-last", "NaN with the last bit of its mantissa set counts as 0", ASSAY_AT_INPUT,
                              no_last_nan },
    [ASSAY_SLIP_INF] = { "inf", "infinity in an operand is clamped", ASSAY_AT_INPUT, no_inf },
    [ASSAY_SLIP_FLUSHED] = { "flushed", "subnormals in an operand are flushed", ASSAY_AT_INPUT, flushed },
    [ASSAY_SLIP_UNSIGNED] = { "unsigned", "zeros in an operand lose their sign", ASSAY_AT_INPUT, unsigned_zero },
    [ASSAY_SLIP_OUT_NAN] = { "out-nan", "NaN in a result becomes 0", ASSAY_AT_OUTPUT, no_nan },
    [ASSAY_SLIP_OUT_INF] = { "out-inf", "infinity in a result is clamped", ASSAY_AT_OUTPUT, no_inf },
    [ASSAY_SLIP_OUT_FLUSHED] = { "out-flushed", "subnormal results are flushed", ASSAY_AT_OUTPUT, flushed },
    [ASSAY_SLIP_OUT_UNSIGNED] = { "out-unsigned", "zeros in a result lose their sign", ASSAY_AT_OUTPUT, unsigned_zero },
    [ASSAY_SLIP_SKIPS] = { "skips", "where the second operand is 0, what is not finite in the first is lost",
                           ASSAY_AT_INPUT, skips },
    [ASSAY_SLIP_WRAPS] = { "wraps", "an index is kept in 16 bits", ASSAY_AT_OUTPUT, wraps },
    [ASSAY_SLIP_SHORT] = { "short", "a length is kept in 16 bits", ASSAY_AT_INPUT, cut_short },
    [ASSAY_SLIP_VALUE] = { "value", "an operand's integers are kept in so many bits", ASSAY_AT_INPUT, cut_values },
    [ASSAY_SLIP_OUT_VALUE] = { "out-value", "integers of a result are kept in 16 bits", ASSAY_AT_OUTPUT, cut_values },
    [ASSAY_SLIP_FIELD_ZERO] = { "field-zero", "a parameter counts as 0", ASSAY_AT_INPUT, assay_slip_field_zero },
    [ASSAY_SLIP_FIELD_DEFAULT] = { "field-default", "a parameter counts as its default", ASSAY_AT_INPUT,
                                   assay_slip_field_default },
    [ASSAY_SLIP_FIELD_TWICE] = { "field-twice", "a parameter is doubled, or its next name", ASSAY_AT_INPUT,
                                 assay_slip_field_twice },
    [ASSAY_SLIP_FIELD_TYPE] = { "field-type", "a parameter is ignored where an operand has this type", ASSAY_AT_INPUT,
                                assay_slip_field_type },
    [ASSAY_SLIP_FIELD_CUT] = { "field-cut", "a parameter is kept in so many bits (24: in a float)", ASSAY_AT_INPUT,
                               assay_slip_field_cut },
    [ASSAY_SLIP_FIELD_ROUNDED] = { "field-rounded", "a parameter is rounded to a narrower type", ASSAY_AT_INPUT,
                                   assay_slip_field_rounded },
    [ASSAY_SLIP_FIELD_WHOLE] = { "field-whole", "a parameter above 1 is cut to a whole number", ASSAY_AT_INPUT,
                                 assay_slip_field_whole },
    [ASSAY_SLIP_FIELD_SMALL] = { "field-small", "a parameter below 1 counts as 0", ASSAY_AT_INPUT,
                                 assay_slip_field_small },
    [ASSAY_SLIP_FIELD_BESIDE] = { "field-beside",
                                  "a parameter just below the length along which it counts is taken for that length",
                                  ASSAY_AT_INPUT, assay_slip_field_beside },
    [ASSAY_SLIP_FIELD_BEFORE] = { "field-before", "a parameter is that of the call before", ASSAY_AT_CALL, NULL },
    [ASSAY_SLIP_DENSE] = { "dense", "an operand's strides are ignored", ASSAY_AT_CALL, NULL },
    [ASSAY_SLIP_NEAR] = { "near", "an operand's strides are kept in 32 bits", ASSAY_AT_CALL, NULL },
    [ASSAY_SLIP_LAYOUT] = { "layout", "an operand's storage order is ignored", ASSAY_AT_CALL, NULL },
    [ASSAY_SLIP_PAST] = { "past", "one element more than there are is written", ASSAY_AT_CALL, NULL },
    [ASSAY_SLIP_STATE] = { "state", "the result of the first call at these addresses is returned again", ASSAY_AT_CALL,
                           NULL },
    [ASSAY_SLIP_NEIGHBOUR] = { "neighbour", "a work unit writes the next one's results, too", ASSAY_AT_CALL, NULL },
    [ASSAY_SLIP_PUT_BACK] = { "put-back", "a work unit puts back a byte of the next one's part", ASSAY_AT_CALL, NULL },
};

void assay_slip_spoil(assay_slip_call *c, assay_slip_at at)
{
    const assay_slip *s = c->slip;
    const bool there = s->operand < 0 || c->value[s->operand] || s->kind->spoil == made_up;
    if (s->kind->at == at && s->kind->spoil && there)
        s->kind->spoil(c);
}
