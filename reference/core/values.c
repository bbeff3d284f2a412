/* SPDX-License-Identifier: MIT
 * Which KIND@OPERAND generators an op has, and how they are written. */
#include "values.h"
#include "dtype.h"
#include "near.h"
#include "registry.h"
#include "status.h"
#include <stdio.h>
#include <string.h>

static const uint64_t wide = ASSAY_T(f32) | ASSAY_T(bf16), floats = ASSAY_T(f32) | ASSAY_T(f16) | ASSAY_T(bf16),
                      of_8_bits = ASSAY_T(e4m3) | ASSAY_T(e5m2) | ASSAY_T(e4m3fnuz) | ASSAY_T(e5m2fnuz);

static char innermost(const assay_operand *o)
{
    return *o->shape ? o->shape[strlen(o->shape) - 1] : 0;
}

/* Some output varies over this dimension. */
static bool in_output(const assay_op *op, char letter)
{
    for (int i = 0; i < op->n_operands; i++)
        if (op->operands[i].access != ASSAY_IN && strchr(op->operands[i].shape, letter))
            return true;
    return false;
}

bool assay_values_beside(const assay_op *op, int i, int k)
{
    const char *a = op->operands[i].shape, *b = op->operands[k].shape;
    const size_t n = strlen(a);
    bool summed = false;
    if (n < 2 || n != strlen(b) || strncmp(a, b, n - 1) != 0 || a[n - 1] == b[n - 1])
        return false;
    for (size_t r = 0; r + 1 < n; r++)
        summed |= !in_output(op, a[r]);
    return summed;
}

static bool has_pair(const assay_op *op, int i)
{
    const uint32_t role = ASSAY_INDEX | ASSAY_POSITION | ASSAY_COUNT | ASSAY_MASK;
    for (int k = 0; k < op->n_operands; k++) {
        const assay_operand *o = &op->operands[k];
        if (k != i && o->access != ASSAY_OUT && !(o->flags & role) && (o->types.bits[0] & floats) &&
            (innermost(o) == innermost(&op->operands[i]) || assay_values_beside(op, i, k)))
            return true;
    }
    return false;
}

bool assay_values_land(const assay_op *op, int i)
{
    const assay_suite *s = op->operands[i].access != ASSAY_IN ? assay_suite_of(op) : NULL;
    return s && s->land;
}

/* The types of operand i with which a kind makes sense. */
static uint64_t types_of(const assay_op *op, const assay_value_kind *k, int i)
{
    const assay_operand *o = &op->operands[i];
    uint64_t types = 0, blocks = 0, scales = 0, minima = 0;
    for (int t = 0; t < 64; t++) {
        const assay_block_parts *p = assay_block_parts_of((assay_dtype)t);
        blocks |= p ? UINT64_C(1) << t : 0;
        scales |= p && p->scale >= 0 ? UINT64_C(1) << t : 0;
        minima |= p && p->minimum >= 0 ? UINT64_C(1) << t : 0;
    }
    if ((k->on & ASSAY_ON_OUTPUT) && assay_values_land(op, i))
        return o->types.bits[0] & (floats | of_8_bits);
    if ((k->on & ASSAY_ON_POSITIONS) && (o->flags & ASSAY_POSITION) && !(o->flags & ASSAY_OPTIONAL))
        return o->types.bits[0];
    if (o->access == ASSAY_OUT || (o->flags & (ASSAY_INDEX | ASSAY_POSITION | ASSAY_COUNT)) ||
        ((o->flags & ASSAY_MASK) && !(k->on & ASSAY_ON_MASK)) || ((k->on & ASSAY_ON_PAIRS) && !has_pair(op, i)))
        return 0;
    types |= k->on & ASSAY_ON_FLOATS ? floats : 0;
    types |= k->on & ASSAY_ON_WIDE ? wide : 0;
    types |= k->on & ASSAY_ON_BLOCKS ? blocks : 0;
    types |= k->on & ASSAY_ON_SCALES ? scales : 0;
    types |= k->on & ASSAY_ON_MINIMA ? minima : 0;
    return o->types.bits[0] & types;
}

static const assay_value_kind *kind_of(const assay_case *c)
{
    return c->gen_at ? (const assay_value_kind *)(const void *)c->gen : NULL; /* its first member */
}

size_t assay_gens_of(const assay_op *op, size_t at, assay_value_gen *out)
{
    size_t n = 0;
    for (size_t k = 0; k < assay_n_value_kinds; k++)
        for (int i = 0; i < op->n_operands; i++) {
            const uint64_t types = types_of(op, &assay_value_kinds[k], i);
            if (types && n++ == at)
                *out = (assay_value_gen){ &assay_value_kinds[k].gen, i, { { types, 0 } } };
        }
    return n;
}

int assay_gen_print(const assay_case *c, char *text, size_t n)
{
    return snprintf(text, n, "%s%s%s", c->gen ? c->gen->name : "none", c->gen_at ? "@" : "",
                    c->gen_at ? c->op->operands[c->gen_at - 1].name : "");
}

assay_status assay_value_gen_parse(const char *text, assay_case *c, assay_why *why)
{
    const assay_op *op = c->op;
    const char *name = strchr(text, '@') + 1;
    const size_t len = (size_t)(name - 1 - text);
    const int i = assay_op_operand(op, name);
    assay_near near = { .word = text };
    char best[80], kind[64];
    snprintf(kind, sizeof kind, "%.*s", (int)len, text);
    near.word = i < 0 ? name : kind;
    for (int k = 0; i < 0 && k < op->n_operands; k++)
        assay_near_try(&near, op->operands[k].name);
    if (i < 0)
        return assay_fail(why, ASSAY_ERR_ARG, "%s: gen=%.60s: no operand %.40s%s", op->name, text, name,
                          assay_near_text(&near, best, sizeof best));
    for (size_t k = 0; k < assay_n_value_kinds; k++) {
        assay_near_try(&near, assay_value_kinds[k].gen.name);
        if (!strcmp(assay_value_kinds[k].gen.name, kind)) {
            c->gen = &assay_value_kinds[k].gen;
            c->gen_at = (uint8_t)(i + 1);
            return ASSAY_OK;
        }
    }
    return assay_fail(why, ASSAY_ERR_ARG, "%s: gen=%.60s: no such kind of values%s", op->name, text,
                      assay_near_text(&near, best, sizeof best));
}

assay_status assay_value_gen_check(const assay_case *c, assay_why *why)
{
    const assay_value_kind *k = kind_of(c);
    const int i = c->gen_at - 1;
    if (!k)
        return ASSAY_OK;
    const assay_operand *o = &c->op->operands[i];
    if (!(c->present >> i & 1))
        return assay_fail(why, ASSAY_ERR_ARG, "%s: gen=%s@%s: %s is left out", c->op->name, k->gen.name, o->name,
                          o->name);
    if (!(types_of(c->op, k, i) >> c->type[i] & 1))
        return assay_fail(why, ASSAY_ERR_ARG, "%s: gen=%s@%s: makes no sense for %s=%s", c->op->name, k->gen.name,
                          o->name, o->name, assay_dtype_of(c->type[i])->name);
    return ASSAY_OK;
}
