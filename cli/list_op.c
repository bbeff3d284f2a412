/* SPDX-License-Identifier: MIT
 * assay list op NAME: all that a case line of the op may say, and who computes it.  assay list gens. */
#include "../reference/core/contract.h"
#include "../reference/core/dtype.h"
#include "../reference/core/registry.h"
#include "../reference/core/status.h"
#include "../reference/core/tensor.h"
#include "../reference/core/values.h"
#include "commands.h"
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* The op's sentence about a dimension, an operand or a field; "": none. */
static const char *said(const assay_op *op, const char *of)
{
    for (int i = 0; i < op->n_says; i++)
        if (op->says[i].of && !strcmp(op->says[i].of, of))
            return op->says[i].says;
    return "";
}

static void print_dims(const assay_op *op)
{
    puts("\ndimensions, 1 each where a case does not say:");
    for (int d = 0; op->dims[d]; d++) {
        const char letter[2] = { op->dims[d], 0 };
        const char *says = said(op, letter);
        printf("    %s           %s%s%s\n", letter, says, *says && op->role[d] == ASSAY_ROLE_ROWS ? "; " : "",
               op->role[d] == ASSAY_ROLE_ROWS ? "none sees another's entries" : "");
    }
    printf("  begin .. end of a call count %c, where a kernel has no units() of its own\n", op->split);
}

static const struct {
    uint32_t flag;
    const char *says;
} flags[] = {
    { ASSAY_WEIGHT, "known when a model is loaded" },
    { ASSAY_BROADCAST, "may be broadcast (TYPE/LETTERS)" },
    { ASSAY_MASK, "finite or -inf" },
    { ASSAY_ANY_ZERO, "zeros of either sign" },
};

/* Begins the second line of an operand, or goes on with it. */
static void note(bool *begun, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void note(bool *begun, const char *format, ...)
{
    va_list ap;
    printf("%s", *begun ? "; " : "\n                ");
    *begun = true;
    va_start(ap, format);
    vprintf(format, ap);
    va_end(ap);
}

static void print_operand(const assay_op *op, const assay_operand *o)
{
    static const char *const access[] = { "in", "out", "in and out" };
    static const char *const verdict[] = { "within the op's bound", "bit for bit", "one of several right answers" };
    bool begun = false;
    printf("    %-10s  (%s) %s%s:", o->name, o->shape, access[o->access], o->flags & ASSAY_OPTIONAL ? ", or none" : "");
    for (int t = 0; t < ASSAY_DTYPE_END; t++)
        if (ASSAY_HAS(o->types, t))
            printf(" %s", assay_dtype_of((assay_dtype)t)->name);
    for (uint32_t l = 1; l < ASSAY_LAYOUT_END; l++)
        if (o->layouts >> l & 1)
            printf(", also TYPE:%s", assay_layout_of(l)->name);
    if (*said(op, o->name))
        note(&begun, "%s", said(op, o->name));
    else if (o->flags & ASSAY_POSITION)
        note(&begun, "positions");
    else if (o->flags & ASSAY_COUNT)
        note(&begun, "how many entries of %c are in use", o->index_of);
    for (size_t f = 0; f < ASSAY_COUNT_OF(flags); f++)
        if (o->flags & flags[f].flag)
            note(&begun, "%s", flags[f].says);
    if (o->flags & ASSAY_INDEX)
        note(&begun, o->flags & ASSAY_POSITION ? "up to %c-1" : "0 .. %c-1", o->index_of);
    if (o->access != ASSAY_IN)
        note(&begun, "right is %s", verdict[o->verdict]);
    putchar('\n');
}

static void print_fields(const assay_op *op)
{
    if (op->n_fields)
        puts("\nparameters, 0 or the first name each where a case does not say:");
    for (int i = 0; i < op->n_fields; i++) {
        const assay_field *f = &op->fields[i];
        const char *says = said(op, f->name);
        printf("    %-10s  ", f->name);
        if (f->kind != ASSAY_KIND_ENUM)
            printf("%s from %.10g to %.10g", f->kind == ASSAY_KIND_F32 ? "a number" : "a whole number", f->min, f->max);
        for (int n = 0; f->kind == ASSAY_KIND_ENUM && f->names[n]; n++)
            printf("%s%s", n ? ", " : "", f->names[n]);
        printf("%s%s\n", *says ? ": " : "", says);
    }
}

static void print_rules(const assay_op *op)
{
    bool any = false;
    for (int i = 0; i < op->n_says; i++)
        if (!op->says[i].of) {
            if (!any)
                puts("\nwhat ties them together:");
            any = true;
            printf("    %s\n", op->says[i].says);
        }
}

/* Without the end of the line. */
static void print_gen(const assay_gen *g)
{
    static const char *const tag[] = { "random", "exact", "adversarial", "class" };
    printf("    %-16s  %-11s  %s", g->name, tag[g->tag], g->says ? g->says : "");
}

/* gen=KIND@OPERAND: a line for each kind, with the operands that may hold it. */
static void print_value_gens(const assay_op *op)
{
    assay_value_gen v;
    const assay_gen *last = NULL;
    const size_t n = assay_gens_of(op, SIZE_MAX, &v);
    if (n)
        printf("\nvalues that one operand holds (gen=KIND@OPERAND):");
    for (size_t i = 0; i < n; i++, last = v.gen) {
        assay_gens_of(op, i, &v);
        if (v.gen != last) {
            putchar('\n');
            print_gen(v.gen);
            putchar(':');
        }
        printf(" @%s", op->operands[v.operand].name);
    }
    if (n)
        putchar('\n');
}

static void print_gens(const assay_op *op)
{
    const assay_suite *s = assay_suite_of(op);
    if (!s)
        return;
    if (s->n_gens)
        puts("\ngenerators of its own (gen=NAME):");
    for (size_t i = 0; i < s->n_gens; i++)
        print_gen(&s->gens[i]), putchar('\n');
    printf("%sbesides its own, those of `assay list gens`", s->n_gens ? "  " : "\ngenerators: ");
    for (size_t i = 0; s->exact && s->exact[i]; i++)
        printf("%s %s", i ? "" : "; of these exact here:", s->exact[i]);
    putchar('\n');
    print_value_gens(op);
}

static void print_absent(const assay_op *op)
{
    const assay_tables *t = assay_tables_of(op);
    if (t && !assay_workload_of(op, 0))
        printf("\nno workloads: %s\n", t->workloads[0].name);
    if (t && !assay_vector_case_of(op, 0))
        printf("\nno vectors: %s\n", t->vectors[0].name);
    if (t && !assay_relation_of(op, 0))
        printf("\nno relations: %s\n", t->relations[0].says);
}

static void print_kernels(const assay_op *op)
{
    const assay_kernel *k;
    char text[256];
    puts("\nkernels, with the contract of each:");
    for (size_t i = 0; (k = assay_kernel_at(i)); i++)
        if (!strcmp(k->op, op->name))
            printf("    %-24s  %s%s\n", k->name, assay_contract_text(k->contract, text, sizeof text),
                   k->isa & ~assay_cpu() ? "; not on this CPU" : "");
}

int assay_list_op(const char *name)
{
    assay_why why;
    const assay_op *op = assay_op_find(name);
    if (!op) {
        assay_no_op(name, &why);
        fprintf(stderr, "assay list: %s\n", why.text);
        return 2;
    }
    printf("%s: %s\n", op->name, op->formula);
    print_dims(op);
    puts("\noperands, of the first type each where a case does not say:");
    for (int i = 0; i < op->n_operands; i++)
        print_operand(op, &op->operands[i]);
    print_fields(op);
    print_rules(op);
    print_gens(op);
    print_absent(op);
    print_kernels(op);
    return 0;
}

void assay_list_gens(void)
{
    puts("random: full mantissas;  exact: every legal order of operations gives one result, bit for bit, in the ops "
         "that\n"
         "say so;  adversarial: hard for the bound;  class: NaN, infinities and signs are the point\n");
    for (size_t i = 0; i < assay_n_gens; i++)
        print_gen(&assay_gens[i]), putchar('\n');
    puts("\nvalues that one operand holds, the others numbers that let them decide the result (gen=KIND@OPERAND;\n"
         "`assay list op NAME` says of which operands):\n");
    for (size_t i = 0; i < assay_n_value_kinds; i++)
        print_gen(&assay_value_kinds[i].gen), putchar('\n');
}
