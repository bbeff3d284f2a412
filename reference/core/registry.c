/* SPDX-License-Identifier: MIT */
#include "registry.h"
#include "strangers.h"
#include "assay_build.h" /* IF_<isa>(x): x on targets that can build <isa>, else nothing; assay_*.def: CMakeLists.txt */
#include "../../optimized/tiers.h"
#include <stdio.h>
#include <string.h>

#define OP(op)                                                                                                         \
    extern const assay_op assay_op_##op;                                                                               \
    extern const assay_suite assay_suite_##op;                                                                         \
    extern const assay_tables assay_tables_##op;                                                                       \
    extern const assay_faults assay_faults_##op;
#include "assay_ops.def"
#undef OP
#define PROBE(op)                                                                                                      \
    extern const assay_op assay_op_##op;                                                                               \
    extern const assay_suite assay_suite_##op;                                                                         \
    extern const assay_kernel assay_kernel_##op;
#include "../../conformance/proof/probes/probes.def"
#undef PROBE

static const struct entry {
    const assay_op *op;
    const assay_suite *suite;
    const assay_tables *tables;
    const assay_faults *faults;
} entries[] = {
#define OP(op) { &assay_op_##op, &assay_suite_##op, &assay_tables_##op, &assay_faults_##op },
#include "assay_ops.def"
#undef OP
#define PROBE(op) { &assay_op_##op, &assay_suite_##op, NULL, NULL },
#include "../../conformance/proof/probes/probes.def"
#undef PROBE
};
extern const assay_faults assay_faults_abi;
static const assay_faults *const fault_tables[] = {
#define OP(op) &assay_faults_##op,
#include "assay_ops.def"
#undef OP
    &assay_faults_abi
};
enum { ENTRIES = sizeof entries / sizeof *entries };

#define KERNEL(dir, tiers, stem) EACH_TIER(KERNEL_TIER, tiers, dir, stem)

#define KERNEL_TIER(isa, dir, stem) IF_##isa(extern const assay_kernel assay_##stem##_##isa;)
#include "assay_kernels.def"
#undef KERNEL_TIER
static const assay_kernel *const built_in[] = {
#define KERNEL_TIER(isa, dir, stem) IF_##isa(&assay_##stem##_##isa, )
#include "assay_kernels.def"
#undef KERNEL_TIER
#define PROBE(op) &assay_kernel_##op,
#include "../../conformance/proof/probes/probes.def"
#undef PROBE
    NULL
};

static const char *const files[] = {
#define KERNEL_TIER(isa, dir, stem) IF_##isa(#dir "/" #stem "_" #isa, )
#include "assay_kernels.def"
#undef KERNEL_TIER
#define PROBE(op) "probes/" #op,
#include "../../conformance/proof/probes/probes.def"
#undef PROBE
    NULL
};

#define KERNEL_TIER(isa, dir, stem) IF_NOT_##isa(#dir "/" #stem "_" #isa, )
static const char *const not_built[] = {
#include "assay_kernels.def"
#undef KERNEL_TIER
    NULL
};

const assay_op *assay_op_at(size_t i)
{
    return i < ENTRIES ? entries[i].op : NULL;
}

const assay_op *assay_op_find(const char *name)
{
    for (size_t i = 0; i < ENTRIES; i++)
        if (!strcmp(entries[i].op->name, name))
            return entries[i].op;
    return NULL;
}

static const struct entry *entry_of(const assay_op *op)
{
    for (size_t i = 0; i < ENTRIES; i++)
        if (entries[i].op == op)
            return &entries[i];
    return NULL;
}

const assay_suite *assay_suite_of(const assay_op *op)
{
    const struct entry *e = entry_of(op);
    return e ? e->suite : NULL;
}

const assay_faults *assay_faults_of(const assay_op *op)
{
    const struct entry *e = entry_of(op);
    return e ? e->faults : NULL;
}

const assay_faults *assay_faults_at(size_t i)
{
    return i < sizeof fault_tables / sizeof *fault_tables ? fault_tables[i] : NULL;
}

const assay_tables *assay_tables_of(const assay_op *op)
{
    const struct entry *e = entry_of(op);
    return e ? e->tables : NULL;
}

const assay_workload *assay_workload_of(const assay_op *op, size_t k)
{
    const assay_tables *t = assay_tables_of(op);
    return t && k < t->n_workloads && t->workloads[k].line ? &t->workloads[k] : NULL;
}

const assay_vector_case *assay_vector_case_of(const assay_op *op, size_t k)
{
    const assay_tables *t = assay_tables_of(op);
    return t && k < t->n_vectors && t->vectors[k].line ? &t->vectors[k] : NULL;
}

const assay_relation *assay_relation_of(const assay_op *op, size_t k)
{
    const assay_tables *t = assay_tables_of(op);
    return t && k < t->n_relations && t->relations[k].line ? &t->relations[k] : NULL;
}

/* The scalar baseline of each op: run == NULL tells execute.c to call op->scalar over float arrays. */
static const assay_kernel *scalar_of(size_t i)
{
    static assay_kernel scalar[ENTRIES];
    static assay_typeset types[ENTRIES][ASSAY_MAX_OPND];
    static uint32_t layouts[ENTRIES][ASSAY_MAX_OPND];
    if (!scalar[i].op) {
        const assay_op *op = entries[i].op;
        for (int k = 0; k < op->n_operands; k++) {
            types[i][k] = op->operands[k].types;
            layouts[i][k] = op->operands[k].layouts | 1;
        }
        scalar[i] = (assay_kernel){ .op = op->name,
                                    .name = "scalar",
                                    .op_version = op->version,
                                    .flags = ASSAY_UNSLICED,
                                    .types = types[i],
                                    .layouts = layouts[i] };
    }
    return &scalar[i];
}

const assay_kernel *assay_kernel_at(size_t i)
{
    const size_t n = sizeof built_in / sizeof *built_in - 1;
    for (size_t e = 0; e < ENTRIES; e++)
        if ((entries[e].op->scalar || entries[e].op->n_parts) && i-- == 0) /* a probe has its kernel only */
            return scalar_of(e);
    return i < n ? built_in[i] : assay_stranger_at(i - n);
}

const assay_kernel *assay_kernel_find(const char *op, const char *name)
{
    const assay_kernel *k;
    for (size_t i = 0; (k = assay_kernel_at(i)); i++)
        if (!strcmp(k->op, op) && !strcmp(k->name, name))
            return k;
    return NULL;
}

const char *assay_kernel_file(const assay_kernel *k)
{
    static char scalar[ENTRIES][64];
    for (size_t i = 0; i < sizeof built_in / sizeof *built_in - 1; i++)
        if (built_in[i] == k)
            return files[i];
    for (size_t e = 0; e < ENTRIES; e++)
        if (!strcmp(entries[e].op->name, k->op) && !strcmp(k->name, "scalar") && k == scalar_of(e)) {
            snprintf(scalar[e], sizeof scalar[e], "reference/ops/%s", k->op);
            return scalar[e];
        }
    return NULL;
}

const char *assay_kernel_not_built(size_t i)
{
    return i < sizeof not_built / sizeof *not_built ? not_built[i] : NULL;
}
