/* SPDX-License-Identifier: MIT
 * registry.h - ops, kernels, suites and the CPU: everything that lists of the source tree say. */
#ifndef ASSAY_CORE_REGISTRY_H
#define ASSAY_CORE_REGISTRY_H
#include "suite.h"

const assay_op *assay_op_at(size_t i); /* NULL past the last; the order of ops.def */
const assay_op *assay_op_find(const char *name);
const assay_suite *assay_suite_of(const assay_op *op);
const assay_faults *assay_faults_of(const assay_op *op);
const assay_faults *assay_faults_at(size_t i); /* every table of faults: one per op, then those of the harness itself */
const assay_tables *assay_tables_of(const assay_op *op); /* NULL: a probe */
/* The k-th of the op; NULL past the last. */
const assay_workload *assay_workload_of(const assay_op *op, size_t k);
const assay_vector_case *assay_vector_case_of(const assay_op *op, size_t k);
const assay_relation *assay_relation_of(const assay_op *op, size_t k);

/* Kernels that this build holds: per op "scalar" (the float reference, run == NULL) first, then kernels.def. */
const assay_kernel *assay_kernel_at(size_t i);
const assay_kernel *assay_kernel_find(const char *op, const char *name);
/* Lines of kernels.def that this build could not hold, as {op-less} names: "avx512/matmul_f32_avx512" (NULL past the
 * last). */
const char *assay_kernel_not_built(size_t i);

/* Its line: "avx2/matmul_avx2", "probes/probe_lstm", "reference/ops/matmul" for scalar; NULL: not of this program. */
const char *assay_kernel_file(const assay_kernel *k);

typedef struct assay_isa {
    const char *name;
    uint64_t bits;
} assay_isa;
const assay_isa *assay_isa_at(size_t i);      /* scalar, avx2, avx512, ...: NULL past the last */
const assay_isa *assay_isa_of(uint64_t bits); /* the smallest bundle that holds bits */
const assay_isa *assay_isa_find(const char *name);
uint64_t assay_cpu(void);                    /* features present (CPUID and XGETBV, HWCAP) */
const char *assay_cpu_feature(unsigned bit); /* "avx2" as /proc/cpuinfo writes it */

/* Threads of the largest team that may be asked for: so many, or so many for each CPU of this machine. */
enum { ASSAY_TEAM = 64, ASSAY_TEAM_PER_CPU = 16 };
int assay_cpu_team(int *cpus);

/* Does k take these types and layouts?  a->operand holds types, maybe no data. */
bool assay_kernel_takes(const assay_op *op, const assay_kernel *k, const assay_args *a);
bool assay_kernel_accepts(const assay_kernel *k, assay_args a); /* its accepts(), if it has one, says yes */
/* A member of a params struct as a number; an enum's is its place among the names.  v is within the kind's range. */
double assay_field_value(const assay_field *f, const unsigned char *params);
void assay_field_set(const assay_field *f, double v, unsigned char *params);
/* Checks shapes, types, field ranges, index values and resolve(); params is written (defaults).  Before any kernel. */
assay_status assay_check(const assay_op *op, const assay_args *a, void *params, assay_why *why);
#endif
