/* SPDX-License-Identifier: MIT
 * golden: what the double reference says, written down so that two builds of it can be compared (ci/goldens).
 *
 *   golden write FILE [OP...]   the quick cases of every op, thinned; ops named here call libm, and so do fused ops of
 *                               such parts
 *   golden compare A B          0: the same; 1: not; prints per op cases, elements, bits that differ, worst distance
 *
 * Ops that call nothing of libm but the square root must agree in every bit: hashed.  The others may differ where two
 * libms do: their values are written with what an error of a double computation may be, 2^-48 of kappa, kappa being the
 * strict bound over 2^-24. */
#include "../reference/core/problem.h"
#include "../reference/core/registry.h"
#include "../reference/core/tensor.h"
#define XXH_INLINE_ALL
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { CASES = 120, ELEMENTS = 1 << 14 }; /* per op; inputs of a case */

/* The registry's tables that a build of the reference alone does not hold. */
#define OP(id)                                                                                                         \
    extern const assay_faults assay_faults_##id;                                                                       \
    const assay_faults assay_faults_##id = { #id, NULL, 0 };                                                           \
    void assay_##id##_float(const assay_dense *);                                                                      \
    void assay_##id##_float(const assay_dense *a)                                                                      \
    {                                                                                                                  \
        (void)a;                                                                                                       \
    }
#include "../reference/ops.def"
#undef OP
#define PROBE(id)                                                                                                      \
    const assay_op assay_op_##id = { .name = "" };                                                                     \
    const assay_suite assay_suite_##id = { .op = "" };                                                                 \
    const assay_kernel assay_kernel_##id = { .op = "" };
#include "../conformance/proof/probes/probes.def"
#undef PROBE

const assay_faults assay_faults_abi = { "abi", NULL, 0 };

/* One output of one case, followed by n pairs (value, slack) if libm is set. */
typedef struct record {
    char op[24], operand[16], line[200];
    uint64_t inputs, golden; /* hashes */
    int64_t n;
    int32_t libm, bounded;
} record;

typedef struct job {
    FILE *out;
    char **libm;
    int n_libm, at, step;
} job;

static bool calls_libm(const job *j, const assay_op *op)
{
    for (int i = 0; i < j->n_libm; i++) {
        if (!strcmp(j->libm[i], op->name))
            return true;
        for (int p = 0; p < op->n_parts; p++)
            if (!strcmp(j->libm[i], op->parts[p].op))
                return true;
    }
    return false;
}

static uint64_t inputs_of(const assay_problem *p, int64_t *elements)
{
    XXH64_state_t *s = XXH64_createState();
    XXH64_reset(s, 0);
    *elements = 0;
    for (int i = 0; i < p->c.op->n_operands; i++)
        if (p->t[i].data) {
            XXH64_update(s, p->t[i].data, assay_tensor_bytes(&p->t[i]));
            *elements += assay_tensor_count(&p->t[i]);
        }
    const uint64_t h = XXH64_digest(s);
    XXH64_freeState(s);
    return h;
}

/* NaN has many bits, and which one an operation yields is the compiler's choice. */
static void canonical(double *v, int64_t n)
{
    for (int64_t k = 0; k < n; k++)
        v[k] = isnan(v[k]) ? NAN : v[k];
}

static void write_outputs(const job *j, assay_problem *p, const char *line, uint64_t inputs)
{
    static const assay_contract strict;
    const assay_op *op = p->c.op;
    double *bound[ASSAY_MAX_OPND] = { NULL };
    for (int i = 0; i < op->n_operands; i++)
        if (op->operands[i].access != ASSAY_IN && op->operands[i].verdict == ASSAY_BOUNDED && (p->c.present >> i & 1))
            bound[i] = calloc((size_t)assay_tensor_count(&p->t[i]) + 1, sizeof(double));
    const assay_dense d = assay_problem_dense(p);
    if (op->bound)
        op->bound(&d, p->plane, &strict, bound);
    for (int i = 0; i < op->n_operands; i++) {
        if (op->operands[i].access == ASSAY_IN || !(p->c.present >> i & 1))
            continue;
        record r = { .n = assay_tensor_count(&p->t[i]), .libm = calls_libm(j, op), .bounded = bound[i] != NULL };
        canonical(p->value[i], r.n);
        snprintf(r.op, sizeof r.op, "%s", op->name);
        snprintf(r.operand, sizeof r.operand, "%s", op->operands[i].name);
        snprintf(r.line, sizeof r.line, "%s", line);
        r.inputs = inputs;
        r.golden = XXH64(p->value[i], (size_t)r.n * sizeof(double), 0);
        fwrite(&r, sizeof r, 1, j->out);
        for (int64_t k = 0; r.libm && k < r.n; k++) {
            const double pair[2] = { p->value[i][k], bound[i] ? 0x1p-24 * fabs(bound[i][k]) : 0 };
            fwrite(pair, sizeof pair, 1, j->out);
        }
        free(bound[i]);
    }
}

static assay_status count(const char *line, void *ctx, assay_why *why)
{
    (void)line, (void)why;
    ++*(int *)ctx;
    return ASSAY_OK;
}

static assay_status visit(const char *line, void *ctx, assay_why *why)
{
    job *j = ctx;
    assay_case c;
    assay_problem p;
    int64_t elements;
    if (j->at++ % j->step)
        return ASSAY_OK;
    assay_status s = assay_case_parse(line, &c, why);
    if (s)
        return s;
    s = assay_problem_make(&c, &p, why);
    if (!s) {
        const uint64_t inputs = inputs_of(&p, &elements);
        if (elements <= ELEMENTS && !(s = assay_problem_solve(&p, NULL, why)))
            write_outputs(j, &p, line, inputs);
    }
    assay_problem_free(&p);
    return s;
}

static int write_all(job *j)
{
    const assay_op *op;
    assay_why why = { "" };
    for (size_t i = 0; (op = assay_op_at(i)) && *op->name; i++) {
        const assay_suite *suite = assay_suite_of(op);
        int n = 0;
        for (size_t r = 0; r < suite->n_rows; r++)
            if (suite->rows[r].level == ASSAY_QUICK)
                assay_case_expand(op, suite->rows[r].pattern, count, &n, &why);
        j->at = 0, j->step = n / CASES + 1;
        for (size_t r = 0; r < suite->n_rows; r++)
            if (suite->rows[r].level == ASSAY_QUICK && assay_case_expand(op, suite->rows[r].pattern, visit, j, &why)) {
                fprintf(stderr, "golden: %s: %s\n", suite->rows[r].pattern, why.text);
                return 2;
            }
    }
    return fclose(j->out) ? 2 : 0;
}

/* ---- compare -------------------------------------------------------------------------------------------------- */

typedef struct total {
    char op[24];
    int cases, wrong, libm;
    int64_t elements, differ;
    double worst; /* of the slack, where libm may differ */
} total;

static double distance(double a, double b, double slack)
{
    if (a == b || (isnan(a) && isnan(b)))
        return 0;
    return fabs(a - b) <= INFINITY && slack > 0 ? fabs(a - b) / slack : INFINITY;
}

/* Reads the values of a record from both files; the number that differ. */
static bool compare_values(FILE *a, FILE *b, int64_t n, total *t, bool *ok)
{
    for (int64_t k = 0; k < n; k++) {
        double x[2], y[2];
        if (fread(x, sizeof x, 1, a) != 1 || fread(y, sizeof y, 1, b) != 1)
            return false;
        const double used = distance(x[0], y[0], fmin(x[1], y[1]));
        t->differ += used > 0;
        t->worst = fmax(t->worst, used);
        *ok = *ok && used <= 1;
    }
    return true;
}

static bool compare_next(FILE *a, FILE *b, const record *r, const record *s, total *t)
{
    const bool comparable = !strcmp(r->line, s->line) && r->n == s->n && r->libm == s->libm;
    bool ok = comparable && r->inputs == s->inputs;
    if (!comparable)
        return false;
    t->cases++;
    t->elements += r->n;
    t->libm = r->libm;
    if (r->libm && !compare_values(a, b, r->n, t, &ok))
        return false;
    ok = ok && (r->libm || r->golden == s->golden);
    if (!ok && t->wrong++ == 0)
        printf("  %s: %s differ: %s\n", r->operand, r->inputs != s->inputs ? "already the inputs" : "the goldens",
               r->line);
    return true;
}

static int compare(FILE *a, FILE *b)
{
    static total all[64];
    int n = 0, wrong = 0, cases = 0;
    record r, s;
    size_t more_a, more_b;
    while ((more_a = fread(&r, sizeof r, 1, a)) & (more_b = fread(&s, sizeof s, 1, b))) {
        r.op[sizeof r.op - 1] = 0;
        if (!n || strcmp(all[n - 1].op, r.op) != 0) {
            if (n == (int)ASSAY_COUNT_OF(all))
                return 2;
            memcpy(all[n++].op, r.op, sizeof r.op);
        }
        if (!compare_next(a, b, &r, &s, &all[n - 1])) {
            printf("the files hold different cases from %s on\n", r.op);
            return 1;
        }
    }
    for (int i = 0; i < n; i++) {
        const total *t = &all[i];
        wrong += t->wrong, cases += t->cases;
        if (t->libm)
            printf("  %-12s %4d outputs %7lld elements: %lld differ, by %.3g of 2^-48 kappa at most%s\n", t->op,
                   t->cases, (long long)t->elements, (long long)t->differ, t->worst, t->wrong ? "  <-- WRONG" : "");
        else
            printf("  %-12s %4d outputs %7lld elements: %d of the outputs differ in a bit%s\n", t->op, t->cases,
                   (long long)t->elements, t->wrong, t->wrong ? "  <-- WRONG" : "");
    }
    printf("  %d outputs compared, %d wrong\n", cases, wrong);
    return more_a != more_b || wrong || !cases;
}

int main(int argc, char **argv)
{
    FILE *a = argc > 2 ? fopen(argv[2], strcmp(argv[1], "write") ? "rb" : "wb") : NULL, *b = NULL;
    if (a && !strcmp(argv[1], "write"))
        return write_all(&(job){ .out = a, .libm = argv + 3, .n_libm = argc - 3 });
    if (a && argc == 4 && !strcmp(argv[1], "compare") && (b = fopen(argv[3], "rb")))
        return compare(a, b);
    fprintf(stderr, "usage: golden write FILE [OP...] | golden compare A B\n");
    return 2;
}
