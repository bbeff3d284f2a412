/* SPDX-License-Identifier: MIT
 * Which slips an op's spec implies: of each dimension, operand, axis, field and type, by rule. */
#include "slips.h"
#include "../../reference/core/dtype.h"
#include "../../reference/core/registry.h"
#include "../judge/mapping.h"
#include "ladder.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPS = 256, TAILS = 4, CUT16 = 1 << 16 };

static const int64_t tails[TAILS] = { 1, 4, 8, 16 };

typedef struct list {
    const assay_op *op;
    assay_slip *slip;
    size_t n, room;
    assay_typeset types[ASSAY_MAX_OPND];
    uint32_t layouts[ASSAY_MAX_OPND];
} list;

static list *lists[OPS];

static const uint64_t floats = ASSAY_T(f32) | ASSAY_T(f16) | ASSAY_T(bf16);

static bool is_float(const assay_operand *o) /* numbers, of blocks, too; not places */
{
    return !((o->types.bits[0] & (ASSAY_T(i32) | ASSAY_T(i64) | ASSAY_T(i8)))) &&
           !(o->flags & (ASSAY_INDEX | ASSAY_COUNT | ASSAY_POSITION));
}

static bool is_input(const assay_operand *o)
{
    return o->access != ASSAY_OUT;
}

static bool is_output(const assay_operand *o)
{
    return o->access != ASSAY_IN;
}

/* Some output varies over this dimension. */
static bool in_output(const assay_op *op, char letter)
{
    bool any = false;
    for (int i = 0; i < op->n_operands; i++)
        any |= is_output(&op->operands[i]) && strchr(op->operands[i].shape, letter);
    return any;
}

static assay_slip *add(list *l, int kind, const char *format, ...) __attribute__((format(printf, 3, 4)));
static assay_slip *add(list *l, int kind, const char *format, ...)
{
    va_list args;
    char of[48];
    if (l->n == l->room) {
        l->room = l->room ? 2 * l->room : 256;
        l->slip = realloc(l->slip, l->room * sizeof *l->slip);
        if (!l->slip)
            abort();
    }
    va_start(args, format);
    vsnprintf(of, sizeof of, format, args);
    va_end(args);
    assay_slip *s = &l->slip[l->n++];
    *s = (assay_slip){
        .op = l->op, .kind = &assay_slip_kinds[kind], .operand = -1, .axis = -1, .other = -1, .field = -1, .type = -1
    };
    snprintf(s->name, sizeof s->name, "implied-%s%s%s", s->kind->name, of[0] ? "-" : "", of);
    return s;
}

/* ---- lengths ------------------------------------------------------------------------------------------------- */

/* Every mark of each dimension alone, and of two with each other, but for those whose length follows from others.  The
 * highest come first: who is caught for what lies beyond n is caught for what lies beyond less (implied.c). */
static void add_lengths(list *l)
{
    const assay_op *op = l->op;
    const int n = (int)strlen(op->dims);
    int64_t mark[ASSAY_MAX_DIMS][ASSAY_MARKS];
    int marks[ASSAY_MAX_DIMS];
    for (int d = 0; d < n; d++) {
        marks[d] = assay_ladder_marks(op->role[d], false, mark[d]);
        for (int r = marks[d] - 1; r >= 0; r--) {
            assay_slip *s = add(l, ASSAY_SLIP_BEYOND, "%c%lld", op->dims[d], (long long)mark[d][r]);
            s->axis = (int8_t)d, s->n = mark[d][r];
        }
        marks[d] = op->role[d] == ASSAY_ROLE_DERIVED ? 0 : assay_ladder_marks(op->role[d], true, mark[d]);
    }
    for (int d = 0; d < n; d++)
        for (int e = d + 1; e < n; e++)
            for (int r = marks[d] * marks[e] - 1; r >= 0; r--) {
                const int64_t x = mark[d][r / marks[e]], y = mark[e][r % marks[e]];
                assay_slip *s =
                    add(l, ASSAY_SLIP_BOTH, "%c%lld-%c%lld", op->dims[d], (long long)x, op->dims[e], (long long)y);
                s->axis = (int8_t)d, s->n = x, s->other = (int8_t)e, s->m = y;
            }
}

/* In names: the second axis along the same dimension has the small letter. */
static char axis_name(const assay_operand *o, int axis)
{
    return strchr(o->shape, o->shape[axis]) == o->shape + axis ? o->shape[axis] : (char)(o->shape[axis] | 0x20);
}

static bool climbs_past(assay_role role, int64_t length)
{
    const assay_ladder l = assay_ladder_of(role);
    return l.rung[l.n - 1] + l.tails > length;
}

static void add_tails(list *l, int i, int axis)
{
    static const int of_output[] = { ASSAY_SLIP_DROPPED, ASSAY_SLIP_UNWRITTEN, ASSAY_SLIP_DOUBLED },
                     of_input[] = { ASSAY_SLIP_LOST, ASSAY_SLIP_REPEATED };
    const assay_operand *o = &l->op->operands[i];
    const char letter = axis_name(o, axis);
    if (!is_output(o) && in_output(l->op, o->shape[axis]))
        return; /* the output's own tail stands for it */
    const int *kinds = is_output(o) ? of_output : of_input;
    const size_t n = is_output(o) ? ASSAY_COUNT_OF(of_output) : ASSAY_COUNT_OF(of_input);
    for (size_t k = 0; k < n; k++)
        for (int t = 0; t < TAILS; t++) {
            assay_slip *s = add(l, kinds[k], "%s-%c%lld", o->name, letter, (long long)tails[t]);
            s->operand = (int8_t)i, s->axis = (int8_t)axis, s->n = tails[t];
            if (!is_output(o) && !is_float(o))
                s->idle = "places have no sum that a tail could be missing from";
            else if (s->kind == &assay_slip_kinds[ASSAY_SLIP_DOUBLED] && !is_float(o))
                s->idle = "integers are not summed";
        }
    assay_slip *s = add(l, is_output(o) ? ASSAY_SLIP_WRAPS : ASSAY_SLIP_SHORT, "%s-%c", o->name, letter);
    s->operand = (int8_t)i, s->axis = (int8_t)axis, s->n = CUT16;
    if (!climbs_past(l->op->role[assay_op_dim(l->op, o->shape[axis])], CUT16))
        s->idle = "no length of its kind is longer than 2^16";
}

/* ---- operands ------------------------------------------------------------------------------------------------ */

static void of_operand(list *l, int kind, int i)
{
    add(l, kind, "%s", l->op->operands[i].name)->operand = (int8_t)i;
}

static void add_axes(list *l, int i)
{
    const assay_operand *o = &l->op->operands[i];
    const int rank = (int)strlen(o->shape);
    for (int r = 0; r < rank; r++) {
        add_tails(l, i, r);
        for (int k = 0; k < 2 && is_input(o); k++) {
            assay_slip *s = add(l, k ? ASSAY_SLIP_FIRST : ASSAY_SLIP_SHIFTED, "%s-%c", o->name, axis_name(o, r));
            s->operand = (int8_t)i, s->axis = (int8_t)r;
        }
        for (int k = 0; k < 2 && is_input(o) && r + 1 < rank; k++) {
            if (k && !(o->flags & ASSAY_BROADCAST))
                continue;
            assay_slip *s = add(l, k ? ASSAY_SLIP_SPREAD : ASSAY_SLIP_TRANSPOSED, "%s-%c%c", o->name, axis_name(o, r),
                                axis_name(o, r + 1));
            s->operand = (int8_t)i, s->axis = (int8_t)r;
        }
    }
}

/* An output of this op on which the sign of zero is judged. */
static bool judges_zero(const assay_op *op, int i)
{
    const assay_operand *o = &op->operands[i];
    return is_output(o) && o->verdict == ASSAY_EXACT && !(o->flags & ASSAY_ANY_ZERO) && is_float(o);
}

static bool any_judges_zero(const assay_op *op)
{
    bool any = false;
    for (int i = 0; i < op->n_operands; i++)
        any |= judges_zero(op, i);
    return any;
}

/* May elements of two operands be factors of one product?  Where they are summed over together, or one of them lies
 * along the last axes of the other. */
static bool multiplied(const assay_op *op, const char *a, const char *b)
{
    const size_t n = strlen(a), m = strlen(b);
    bool summed = false;
    for (const char *c = a; *c; c++)
        summed |= strchr(b, *c) && !in_output(op, *c);
    return summed || !strcmp(a + (n > m ? n - m : 0), b + (m > n ? m - n : 0));
}

static void add_classes(list *l, int i)
{
    static const int of_input[] = { ASSAY_SLIP_NAN, ASSAY_SLIP_NAN_MINUS, ASSAY_SLIP_NAN_FULL, ASSAY_SLIP_NAN_LAST,
                                    ASSAY_SLIP_INF, ASSAY_SLIP_FLUSHED,   ASSAY_SLIP_UNSIGNED },
                     of_output[] = { ASSAY_SLIP_OUT_NAN, ASSAY_SLIP_OUT_INF, ASSAY_SLIP_OUT_FLUSHED,
                                     ASSAY_SLIP_OUT_UNSIGNED };
    const assay_op *op = l->op;
    const assay_operand *o = &op->operands[i];
    for (int side = 0; side < 2; side++)
        for (int k = 0; k < (side ? 4 : 7) && (side ? is_output(o) : is_input(o)); k++) {
            of_operand(l, side ? of_output[k] : of_input[k], i);
            assay_slip *s = &l->slip[l->n - 1];
            if (k == (side ? 3 : 6) && !(side ? judges_zero(op, i) : any_judges_zero(op)))
                s->idle = "no output of this op has a sign of zero that is judged";
            else if (k < (side ? 1 : 4) && (o->flags & ASSAY_MASK))
                s->idle = "a mask holds no NaN";
        }
    for (int k = 0; k < op->n_operands && is_input(o); k++) {
        const assay_operand *z = &op->operands[k];
        if (k == i || !is_input(z) || !is_float(z) || !multiplied(op, o->shape, z->shape))
            continue;
        assay_slip *s = add(l, ASSAY_SLIP_SKIPS, "%s-%s", o->name, z->name);
        s->operand = (int8_t)i, s->other = (int8_t)k;
        if (o->flags & ASSAY_MASK || z->flags & ASSAY_MASK)
            s->idle = "a mask is added, not multiplied";
    }
}

static void add_roundings(list *l, int i)
{
    static const assay_dtype to[] = { ASSAY_f16, ASSAY_bf16, ASSAY_q8_0 };
    const assay_operand *o = &l->op->operands[i];
    for (size_t k = 0; k < ASSAY_COUNT_OF(to); k++) {
        const bool wider = (o->types.bits[0] & floats & ~ASSAY_T(bf16)) != 0;
        const bool narrow = to[k] == ASSAY_f16 ? (o->types.bits[0] & ASSAY_T(f32)) != 0 : wider;
        for (int side = 0; side < 2; side++) {
            if (!narrow || !(side ? is_output(o) && to[k] != ASSAY_q8_0 : is_input(o)))
                continue;
            assay_slip *s =
                add(l, side ? ASSAY_SLIP_NARROWED : ASSAY_SLIP_ROUNDED, "%s-%s", o->name, assay_dtype_of(to[k])->name);
            s->operand = (int8_t)i, s->type = (int8_t)to[k];
        }
    }
}

/* Along each dimension that is summed over; of ops with one output, which the inputs alone decide. */
static void add_sums(list *l, int i)
{
    static const assay_dtype to[] = { ASSAY_f16, ASSAY_bf16 };
    const assay_operand *o = &l->op->operands[i];
    int outputs = 0;
    bool one = is_float(o) && o->access == ASSAY_IN;
    for (int k = 0; k < l->op->n_operands; k++) {
        outputs += is_output(&l->op->operands[k]);
        one = one && l->op->operands[k].access != ASSAY_INOUT &&
              (is_float(&l->op->operands[k]) || !is_output(&l->op->operands[k]));
    }
    for (int r = 0; one && outputs == 1 && o->shape[r]; r++) {
        const int role = l->op->role[assay_op_dim(l->op, o->shape[r])];
        for (size_t k = 0; (role == ASSAY_ROLE_SUM || role == ASSAY_ROLE_KEYS) && k < ASSAY_COUNT_OF(to); k++) {
            assay_slip *s =
                add(l, ASSAY_SLIP_SUMMED, "%s-%c-%s", o->name, axis_name(o, r), assay_dtype_of(to[k])->name);
            s->operand = (int8_t)i, s->axis = (int8_t)r, s->type = (int8_t)to[k];
        }
    }
}

/* Integers in 16 bits; positions that must be given, most ops take them to 2^24, in more. */
static void add_bits(list *l, int i)
{
    static const int bits[] = { 16, 20, 22, 24 };
    const assay_operand *o = &l->op->operands[i];
    const bool far = (o->flags & ASSAY_POSITION) && !(o->flags & (ASSAY_OPTIONAL | ASSAY_INDEX));
    for (size_t k = 0; k < (far ? ASSAY_COUNT_OF(bits) : 1); k++) {
        assay_slip *s = add(l, is_input(o) ? ASSAY_SLIP_VALUE : ASSAY_SLIP_OUT_VALUE, "%d-%s", bits[k], o->name);
        s->operand = (int8_t)i, s->n = bits[k];
    }
}

static void add_operand(list *l, int i)
{
    const assay_operand *o = &l->op->operands[i];
    const bool strided = o->shape[0] && o->shape[1];
    add_axes(l, i);
    if (is_input(o))
        of_operand(l, ASSAY_SLIP_ZEROS, i);
    if (is_input(o) && is_float(o))
        of_operand(l, ASSAY_SLIP_ONES, i);
    if (is_input(o) && (o->flags & ASSAY_OPTIONAL)) {
        of_operand(l, ASSAY_SLIP_LEFT_OUT, i);
        if (is_float(o))
            of_operand(l, ASSAY_SLIP_MADE_UP, i);
    }
    if (is_float(o)) {
        add_classes(l, i);
        add_roundings(l, i);
        add_sums(l, i);
    } else
        add_bits(l, i);
    if (strided) {
        of_operand(l, ASSAY_SLIP_DENSE, i);
        of_operand(l, ASSAY_SLIP_NEAR, i);
        if (!assay_mapping_far())
            l->slip[l->n - 1].idle = "this machine maps no operands far apart";
    }
    if (o->layouts & ~1u)
        of_operand(l, ASSAY_SLIP_LAYOUT, i);
    if (is_output(o))
        of_operand(l, ASSAY_SLIP_PAST, i);
}

/* ---- fields -------------------------------------------------------------------------------------------------- */

static void add_field_types(list *l, int f)
{
    for (int i = 0; i < l->op->n_operands; i++) {
        const uint64_t types = l->op->operands[i].types.bits[0];
        for (int t = 0; t < 64 && (types & (types - 1)); t++)
            if (types >> t & 1) {
                assay_slip *s = add(l, ASSAY_SLIP_FIELD_TYPE, "%s-%s-%s", l->op->fields[f].name,
                                    l->op->operands[i].name, assay_dtype_of((assay_dtype)t)->name);
                s->operand = (int8_t)i, s->field = (int8_t)f, s->type = (int8_t)t;
            }
    }
}

static void add_field(list *l, int f)
{
    static const int plain[] = { ASSAY_SLIP_FIELD_ZERO, ASSAY_SLIP_FIELD_DEFAULT, ASSAY_SLIP_FIELD_TWICE,
                                 ASSAY_SLIP_FIELD_BEFORE };
    static const int bits[] = { 16, 24, 32 };
    static const assay_dtype to[] = { ASSAY_f16, ASSAY_bf16 };
    const assay_field *field = &l->op->fields[f];
    for (size_t k = 0; k < ASSAY_COUNT_OF(plain); k++)
        add(l, plain[k], "%s", field->name)->field = (int8_t)f;
    for (size_t k = 0; k < ASSAY_COUNT_OF(bits); k++)
        if ((field->kind == ASSAY_KIND_I32 || field->kind == ASSAY_KIND_I64) &&
            field->max > (double)(INT64_C(1) << bits[k]) - (bits[k] != 24)) { /* 2^24 itself is a float */
            assay_slip *s = add(l, ASSAY_SLIP_FIELD_CUT, "%s-%d", field->name, bits[k]);
            s->field = (int8_t)f, s->n = bits[k];
        }
    for (size_t k = 0; field->kind == ASSAY_KIND_F32 && k < ASSAY_COUNT_OF(to); k++) {
        assay_slip *s = add(l, ASSAY_SLIP_FIELD_ROUNDED, "%s-%s", field->name, assay_dtype_of(to[k])->name);
        s->field = (int8_t)f, s->type = (int8_t)to[k];
    }
    if (field->kind == ASSAY_KIND_F32 && field->max > 1) {
        add(l, ASSAY_SLIP_FIELD_WHOLE, "%s", field->name)->field = (int8_t)f;
        add(l, ASSAY_SLIP_FIELD_SMALL, "%s", field->name)->field = (int8_t)f;
    }
    if (field->along)
        add(l, ASSAY_SLIP_FIELD_BESIDE, "%s", field->name)->field = (int8_t)f;
    add_field_types(l, f);
}

/* ---- all of an op -------------------------------------------------------------------------------------------- */

static void make(list *l)
{
    const assay_op *op = l->op;
    add(l, ASSAY_SLIP_RIGHT, "%s", "");
    add_lengths(l);
    for (int i = 0; i < op->n_operands; i++)
        add_operand(l, i);
    for (int f = 0; f < op->n_fields; f++)
        add_field(l, f);
    add(l, ASSAY_SLIP_STATE, "%s", "");
    if (op->split)
        add(l, ASSAY_SLIP_NEIGHBOUR, "%s", "");
    for (int i = 0, n = 0; op->split && i < op->n_operands;
         i++) /* what stood in an INOUT may be what is written, too */
        if (op->operands[i].access == ASSAY_OUT && strchr(op->operands[i].shape, op->split) && !n++)
            add(l, ASSAY_SLIP_PUT_BACK, "%s", "");
}

static void finish(list *l, const assay_filter *f)
{
    size_t kept = 0;
    for (int i = 0; i < l->op->n_operands; i++) {
        l->types[i] = l->op->operands[i].types;
        l->layouts[i] = l->op->operands[i].layouts | 1;
    }
    for (size_t i = 0; i < l->n; i++) {
        l->slip[kept] = l->slip[i];
        assay_slip *s = &l->slip[kept];
        s->kernel = (assay_kernel){ .op = l->op->name,
                                    .name = s->name,
                                    .op_version = l->op->version,
                                    .flags = assay_slip_in_units(s) ? 0 : ASSAY_UNSLICED,
                                    .types = l->types,
                                    .layouts = l->layouts,
                                    .run = assay_slip_run,
                                    .scratch = assay_slip_scratch,
                                    .variant = s };
        kept += assay_filter_kernel(f, &s->kernel) == ASSAY_RUNS;
    }
    l->n = kept;
}

void assay_slips_prepare(const assay_filter *f)
{
    const assay_op *op;
    for (size_t i = 0; i < OPS && (op = assay_op_at(i)); i++) {
        if (f->op && strcmp(f->op, op->name) != 0)
            continue;
        list *l = calloc(1, sizeof *l);
        if (!l)
            abort();
        l->op = op;
        make(l);
        finish(l, f);
        lists[i] = l;
    }
}

const assay_slip *assay_slips_of(const assay_op *op, size_t *n)
{
    for (size_t i = 0; i < OPS; i++)
        if (lists[i] && lists[i]->op == op) {
            *n = lists[i]->n;
            return lists[i]->slip;
        }
    *n = 0;
    return NULL;
}
