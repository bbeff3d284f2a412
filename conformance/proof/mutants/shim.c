/* SPDX-License-Identifier: MIT
 * shim.c - a plug-in of mutants: the scalar reference behind kernels <op>_m000 (unchanged), <op>_m001, ...  Operands
 * that are dense f32 are handed over as they lie, between the judge's guard pages; others are decoded into arrays that
 * end at a guard page.  ASSAY_MUTANTS_FROM=N: the 256 kernels from mutant N on, as many as a plug-in may hold.  A
 * mutant that has used LIMIT_MS of CPU time is ended by SIGPROF: endless loops. */
#define ASSAY_MUTANTS_SHIM
#include "mutants.h"
#include "../../../reference/core/dtype.h"
#include "../../../reference/core/tensor.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

enum { LIMIT_MS = 300, ROOM = 256, KEPT = 16 };

int *assay_mutant_is;
static char **kept; /* memory for the next call */

/* ---- memory: [length][guard page][canary, data][guard page]; what is given back is kept for the next call ---- */

static const unsigned char canary[2] = { 0xa5, 0x7f };

static size_t page_bytes(void)
{
    static size_t page;
    return page ? page : (page = (size_t)sysconf(_SC_PAGESIZE));
}

static size_t body_bytes(size_t bytes)
{
    return (bytes + page_bytes() - 1) / page_bytes() * page_bytes();
}

static void *guarded(size_t bytes)
{
    const size_t page = page_bytes(), body = body_bytes(bytes);
    char *p = NULL;
    for (int i = 0; !p && i < KEPT; i++)
        if (kept[i] && !memcmp(kept[i], &body, sizeof body))
            p = kept[i], kept[i] = NULL;
    if (!p) {
        p = mmap(NULL, body + 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED)
            return NULL;
        memcpy(p, &body, sizeof body);
        mprotect(p + page, page, PROT_NONE);
        mprotect(p + 2 * page + body, page, PROT_NONE);
    }
    memset(p + 2 * page, 0xff, body);
    for (size_t i = 0; i + 1 < body - bytes; i += 2) /* a NaN; an index far outside */
        memcpy(p + 2 * page + i, canary, sizeof canary);
    return p + 2 * page + body - bytes;
}

/* What lies before the data must be as it was. */
static void check(const char *body, const char *data)
{
    for (; body + 1 < data; body += 2)
        if (memcmp(body, canary, sizeof canary))
            abort();
}

static void keep(char *p, size_t body)
{
    for (int i = 0; i < KEPT; i++)
        if (!kept[i]) {
            kept[i] = p;
            return;
        }
    munmap(p, body + 3 * page_bytes());
}

static void unguard(void *data, size_t bytes)
{
    const size_t page = page_bytes(), body = body_bytes(bytes);
    if (!data)
        return;
    check((char *)data + bytes - body, data);
    keep((char *)data + bytes - body - 2 * page, body);
}

void *assay_mutants_alloc(size_t bytes)
{
    return guarded((bytes + 7) / 8 * 8);
}

void assay_mutants_free(void *data)
{
    const size_t page = page_bytes();
    char *p = data;
    if (!p)
        return;
    check(p - (uintptr_t)p % page, p);
    p -= (uintptr_t)p % page; /* within the first page of the body, or at the guard page behind an empty one */
    keep(p - 2 * page, *(size_t *)(void *)(p - 2 * page));
}

/* ---- one call ------------------------------------------------------------------------------------------------- */

/* Whole rows of floats one after the other: the reference may work on them as they lie. */
static bool dense_f32(const assay_tensor *t)
{
    int64_t step = 4;
    if (t->type != ASSAY_f32 || t->layout)
        return false;
    for (int r = t->rank - 1; r >= 0; step *= t->dim[r--])
        if (t->stride[r] != step && t->dim[r] > 1)
            return false;
    return (uintptr_t)t->data % 4 == 0;
}

static void decode(const assay_tensor *t, float *to, int64_t n)
{
    double *d = guarded((size_t)n * sizeof *d);
    assay_tensor_decode(d, t);
    for (int64_t i = 0; i < n; i++)
        to[i] = (float)d[i];
    unguard(d, (size_t)n * sizeof *d);
}

/* No integer among them that no float holds: the baseline refuses those, too (reference/core/execute.c). */
static bool held(const assay_tensor *t)
{
    if (!t->data || (t->type != ASSAY_i32 && t->type != ASSAY_i64))
        return true;
    const int64_t n = assay_tensor_count(t);
    double *d = guarded((size_t)n * sizeof *d);
    bool all = true;
    assay_tensor_decode(d, t);
    for (int64_t i = 0; i < n; i++)
        all = all && (double)(float)d[i] == d[i];
    unguard(d, (size_t)n * sizeof *d);
    return all;
}

static double *doubles(const float *from, int64_t n)
{
    double *d = guarded((size_t)n * sizeof *d);
    for (int64_t i = 0; i < n; i++)
        d[i] = (double)from[i];
    return d;
}

static void encode(const assay_tensor *t, const float *from, const float *was, int64_t n)
{
    double *d = doubles(from, n), *before = was ? doubles(was, n) : NULL;
    assay_tensor_encode_changed(t, d, before);
    unguard(before, (size_t)n * sizeof *d);
    unguard(d, (size_t)n * sizeof *d);
}

static void limit(int ms)
{
    const struct itimerval t = { { 0, 0 }, { 0, 1000 * ms } };
    setitimer(ITIMER_PROF, &t, NULL);
}

static assay_status run(const assay_args *a)
{
    const int mutant = *(const int *)a->variant;
    const assay_mutated *m = &assay_mutated_op;
    void *x[ASSAY_MAX_OPND + 2] = { NULL }, *was[ASSAY_MAX_OPND + 2] = { NULL }; /* [-1] and [n] are NULL */
    bool own[ASSAY_MAX_OPND] = { false };
    int64_t dim[ASSAY_MAX_DIMS + 2], n[ASSAY_MAX_OPND] = { 0 };
    for (int i = 0; i < m->n_operands; i++)
        if (m->operands[i].access != ASSAY_OUT && !held(&a->operand[i]))
            return ASSAY_UNSUPPORTED;
    for (int i = 0; i < ASSAY_MAX_DIMS + 2; i++)
        dim[i] = i > 0 && i <= m->n_dims ? a->dim[i - 1] : INT64_C(1) << 40;
    assay_mutant = m->where[mutant] == ASSAY_MUTATED_DECODERS ? mutant : 0;
    limit(LIMIT_MS);
    for (int i = 0; i < m->n_operands; i++) {
        const assay_tensor *t = &a->operand[i];
        const assay_access access = m->operands[i].access;
        if (!t->data)
            continue;
        n[i] = assay_tensor_count(t);
        own[i] = !dense_f32(t);
        x[1 + i] = own[i] ? guarded((size_t)n[i] * sizeof(float)) : t->data;
        if (own[i] && access != ASSAY_OUT)
            decode(t, x[1 + i], n[i]);
        if (access == ASSAY_INOUT) {
            was[1 + i] = guarded((size_t)n[i] * sizeof(float));
            decode(t, was[1 + i], n[i]);
        }
    }
    const assay_dense d = { x + 1, was + 1, dim + 1, a->params };
    assay_mutant = m->where[mutant] == ASSAY_MUTATED_REFERENCE ? mutant : 0;
    m->reference(&d);
    assay_mutant = m->where[mutant] == ASSAY_MUTATED_ENCODERS ? mutant : 0;
    for (int i = 0; i < m->n_operands; i++) {
        if (own[i] && m->operands[i].access != ASSAY_IN)
            encode(&a->operand[i], x[1 + i], was[1 + i], n[i]);
        if (own[i])
            unguard(x[1 + i], (size_t)n[i] * sizeof(float));
        unguard(was[1 + i], (size_t)n[i] * sizeof(float));
    }
    limit(0);
    return ASSAY_OK;
}

/* ---- a kernel per mutant -------------------------------------------------------------------------------------- */

const assay_plugin *assay_plugin_v1(void);
const assay_plugin *assay_plugin_v1(void)
{
    static assay_kernel kernel[ROOM];
    static assay_typeset types[ROOM][ASSAY_MAX_OPND];
    static uint32_t layouts[ASSAY_MAX_OPND];
    static char name[ROOM][64];
    static int number[ROOM];
    static assay_plugin plugin = { .abi = ASSAY_ABI,
                                   .kernel_size = sizeof(assay_kernel),
                                   .op_size = sizeof(assay_op),
                                   .name = "mutants",
                                   .version = "1",
                                   .kernels = kernel };
    const assay_mutated *m = &assay_mutated_op;
    const char *from = getenv("ASSAY_MUTANTS_FROM");
    struct {
        char *kept[KEPT];
        int mutant;
    } *state = mmap(NULL, page_bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (state == MAP_FAILED)
        return NULL;
    kept = state->kept, assay_mutant_is = &state->mutant; /* static memory is locked after this call */
    const int first = from ? atoi(from) : 0;
    size_t k = 0;
    for (int i = 0; i < ROOM && first + i <= m->n_mutants; i++) {
        const int mutant = number[k] = first + i;
        if (m->where[mutant] == ASSAY_MUTATED_NOT)
            continue;
        snprintf(name[k], sizeof name[k], "%s_m%03d", m->op, mutant);
        for (int o = 0; o < m->n_operands; o++) {
            const bool in = m->operands[o].access == ASSAY_IN;
            types[k][o] = m->operands[o].types;
            if (m->takes[mutant] && m->where[mutant] == (in ? ASSAY_MUTATED_DECODERS : ASSAY_MUTATED_ENCODERS))
                types[k][o].bits[0] &= m->takes[mutant];
            layouts[o] = m->operands[o].layouts | 1;
        }
        kernel[k] = (assay_kernel){ .op = m->op,
                                    .name = name[k],
                                    .flags = ASSAY_UNSLICED | ASSAY_OWN_THREADS | ASSAY_BITEXACT,
                                    .types = types[k],
                                    .layouts = layouts,
                                    .run = run,
                                    .variant = &number[k] };
        k++;
    }
    plugin.n_kernels = k;
    return &plugin;
}
