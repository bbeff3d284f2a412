/* SPDX-License-Identifier: MIT
 * assay list ops|kernels|contracts|faults|types|workloads|models|isa */
#include "../reference/core/contract.h"
#include "../reference/core/dtype.h"
#include "../reference/core/registry.h"
#include "commands.h"
#include <stdio.h>
#include <string.h>

static void list_ops(void)
{
    const assay_op *op;
    for (size_t i = 0; (op = assay_op_at(i)); i++) {
        printf("%-10s %s\n", op->name, op->formula);
        for (int k = 0; k < op->n_operands; k++) {
            const assay_operand *o = &op->operands[k];
            printf("    %-8s (%s) %s%s:", o->name, o->shape,
                   o->access == ASSAY_IN    ? "in"
                   : o->access == ASSAY_OUT ? "out"
                                            : "in and out",
                   o->flags & ASSAY_OPTIONAL ? ", optional" : "");
            for (int t = 0; t < ASSAY_DTYPE_END; t++)
                if (ASSAY_HAS(o->types, t))
                    printf(" %s", assay_dtype_of((assay_dtype)t)->name);
            putchar('\n');
        }
        for (int f = 0; f < op->n_fields; f++)
            printf("    %-8s from %g to %g\n", op->fields[f].name, op->fields[f].min, op->fields[f].max);
    }
}

static void list_kernels(void)
{
    const assay_kernel *k;
    for (size_t i = 0; (k = assay_kernel_at(i)); i++)
        printf("%-12s %-24s %-11s %s\n", k->op, k->name, assay_isa_of(k->isa)->name,
               k->isa & ~assay_cpu() ? "not on this CPU" : "");
    for (size_t i = 0; assay_kernel_not_built(i); i++)
        printf("not built for this target: %s\n", assay_kernel_not_built(i));
}

/* What each kernel promises about its arithmetic; the float references and faults are strict. */
static void list_contracts(void)
{
    const assay_kernel *k;
    char text[256];
    for (size_t i = 0; (k = assay_kernel_at(i)); i++)
        if (k->run)
            printf("%-12s %-24s %s\n", k->op, k->name, assay_contract_text(k->contract, text, sizeof text));
}

/* The judge's own test: wrong kernels and legal variants, each with where it comes from. */
static void list_faults(void)
{
    const assay_op *op;
    for (size_t i = 0; (op = assay_op_at(i)); i++) {
        const assay_faults *all = assay_faults_of(op);
        for (size_t k = 0; all && k < all->n; k++)
            printf("%-5s %s/%s: %s\n", all->fault[k].kind == ASSAY_FAULT ? "fault" : "legal", op->name,
                   all->fault[k].kernel.name, all->fault[k].source);
    }
}

static void list_types(void)
{
    for (int t = 0; t < ASSAY_DTYPE_END; t++) {
        const assay_dtype_info *ty = assay_dtype_of((assay_dtype)t);
        if (ty)
            printf("%-6s number %2d, %3d elements in %3d bytes (%.4g bits each)\n", ty->name, t, ty->block, ty->bytes,
                   8.0 * ty->bytes / ty->block);
    }
}

static void list_workloads(void)
{
    const assay_op *op;
    for (size_t i = 0; (op = assay_op_at(i)); i++) {
        const assay_workloads *w = assay_workloads_of(op);
        for (size_t k = 0; w && k < w->n; k++)
            printf("%-10s %-40s %s\n", op->name, w->row[k].name, w->row[k].line);
    }
}

static void list_models(void)
{
    puts("llama      GGUF files of the llama architecture (LLaMA 1-3, SmolLM2, Mistral)");
}

static void list_isa(void)
{
    const assay_isa *isa;
    for (size_t i = 0; (isa = assay_isa_at(i)); i++)
        printf("%-11s %s\n", isa->name, isa->bits & ~assay_cpu() ? "not on this CPU" : "yes");
}

int assay_cmd_list(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*print)(void);
    } lists[] = {
        { "ops", list_ops },
        { "kernels", list_kernels },
        { "faults", list_faults },
        { "types", list_types },
        { "workloads", list_workloads },
        { "contracts", list_contracts },
        { "models", list_models },
        { "isa", list_isa },
    };
    for (size_t i = 0; argc == 2 && i < ASSAY_COUNT_OF(lists); i++)
        if (!strcmp(argv[1], lists[i].name)) {
            lists[i].print();
            return 0;
        }
    const bool help = argc == 2 && !strcmp(argv[1], "--help");
    fputs("usage: assay list ops|kernels|contracts|faults|types|workloads|models|isa\n", help ? stdout : stderr);
    return help ? 0 : 2;
}
