/* SPDX-License-Identifier: MIT
 * assay list ops|gens|kernels|contracts|faults|types|workloads|models|isa; list_op.c: op NAME and gens */
#include "../reference/core/contract.h"
#include "../reference/core/dtype.h"
#include "../reference/core/near.h"
#include "../reference/core/options.h"
#include "../reference/core/registry.h"
#include "commands.h"
#ifdef ASSAY_WITH_CHECK
#include "../conformance/judge/pool.h"
#include "../conformance/select.h"
#endif
#ifdef ASSAY_WITH_RUN
#include "../reference/models/family.h"
#endif
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
        const assay_workload *w;
        for (size_t k = 0; (w = assay_workload_of(op, k)); k++)
            printf("%-10s %-40s %s\n", op->name, w->name, w->line);
    }
}

static void list_models(void)
{
#ifdef ASSAY_WITH_RUN
    const assay_family *f;
    for (size_t i = 0; (f = assay_family_at(i)); i++) {
        printf("%-12s %s; as", f->name, f->says);
        for (size_t k = 0; k < sizeof f->arch / sizeof *f->arch && f->arch[k]; k++)
            printf(" %s", f->arch[k]);
        putchar('\n');
    }
#else
    puts("this build runs no models");
#endif
}

static void list_isa(void)
{
    const assay_isa *isa;
    for (size_t i = 0; (isa = assay_isa_at(i)); i++)
        printf("%-11s %s\n", isa->name, isa->bits & ~assay_cpu() ? "not on this CPU" : "yes");
}

static const struct {
    const char *name;
    void (*print)(void);
} lists[] = {
    { "ops", list_ops },
    { "gens", assay_list_gens },
    { "kernels", list_kernels },
    { "faults", list_faults },
    { "types", list_types },
    { "workloads", list_workloads },
    { "contracts", list_contracts },
    { "models", list_models },
    { "isa", list_isa },
};

#ifdef ASSAY_WITH_CHECK
/* In a process of its own, as for every command. */
static int list_plugin(const char *file)
{
    assay_why why = { "" };
    char contract[256];
    assay_pool *pool = assay_pool_open(file, &why);
    if (!pool) {
        fprintf(stderr, "assay list: %s\n", why.text);
        return 2;
    }
    for (size_t i = 0; i < assay_pool_plugin_count(pool); i++) {
        const assay_kernel *k = assay_pool_plugin_kernel(pool, i);
        printf("%-12s %-24s %-11s %s%s\n", k->op, k->name, assay_isa_of(k->isa) ? assay_isa_of(k->isa)->name : "?",
               assay_contract_text(k->contract, contract, sizeof contract),
               k->isa & ~assay_cpu() ? "; not on this CPU" : "");
    }
    printf("of %s\n", assay_pool_plugin_name(pool));
    assay_pool_close(pool);
    return 0;
}
#endif

typedef struct options {
    const char *list, *op, *plugin; /* op: of `op NAME` */
} options;

static error_t take(int key, char *arg, struct argp_state *state)
{
    options *o = state->input;
    char best[64];
    assay_near near = { .word = arg };
    switch (key) {
    case 'p':
        o->plugin = assay_plugin_path(arg);
        return 0;
    case ARGP_KEY_ARG:
        if (!o->list && (!strcmp(arg, "op") || !strcmp(arg, "model")))
            return o->list = arg, 0;
        if (o->list && (!strcmp(o->list, "op") || !strcmp(o->list, "model")) && !o->op)
            return o->op = arg, 0;
        for (size_t i = 0; i < ASSAY_COUNT_OF(lists); i++) {
            assay_near_try(&near, lists[i].name);
            if (!strcmp(arg, lists[i].name) && !o->list)
                return o->list = arg, 0;
        }
        argp_error(state, o->list ? "%s: one list at a time" : "no list of %s%s", arg,
                   o->list ? "" : assay_near_text(&near, best, sizeof best));
        return 0;
    case ARGP_KEY_END:
        if (!o->list)
            argp_error(state, "which list?");
        else if (!strcmp(o->list, "op") && !o->op)
            argp_error(state, "list op: which op? (assay list ops)");
        else if (!strcmp(o->list, "model") && !o->op)
            argp_error(state, "list model: which file or folder?");
        else if (o->plugin && strcmp(o->list, "kernels") != 0)
            argp_error(state, "--plugin goes with kernels");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int assay_cmd_list(int argc, char **argv)
{
    static const struct argp_option table[] = {
#ifdef ASSAY_WITH_CHECK
        { "plugin", 'p', "FILE.so", 0, "With kernels: those of this shared object, with their contracts", 0 },
#endif
        { 0 }
    };
    static const struct argp argp = {
        table,
        take,
        "ops|gens|kernels|contracts|faults|types|workloads|models|isa\n"
        "op NAME\n"
        "model MODEL",
        "Prints what this build holds, one a line; op NAME: all about one op; model MODEL: "
        "what a model's file says, and what is done with each of its keys.",
        NULL,
        NULL,
        NULL
    };
    options o = { NULL, NULL, NULL };
    assay_options_parse(&argp, argc, argv, &o);
#ifdef ASSAY_WITH_CHECK
    if (o.plugin)
        return list_plugin(o.plugin);
#endif
    if (!strcmp(o.list, "model"))
        return assay_list_model(o.op);
    if (o.op)
        return assay_list_op(o.op);
    for (size_t i = 0; i < ASSAY_COUNT_OF(lists); i++)
        if (!strcmp(o.list, lists[i].name))
            lists[i].print();
    return 0;
}
