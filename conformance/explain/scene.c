/* SPDX-License-Identifier: MIT */
#include "scene.h"
#include "../../reference/core/dtype.h"
#include "../../reference/core/status.h"
#include "../../reference/core/tensor.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ELEMENTS = 1 << 20, ROWS_BEFORE = 2, ROWS_AFTER = 5 };

bool assay_scene_fits(const assay_scene *s, double got, int64_t at)
{
    const double want = s->want[at];
    if (s->p->open[s->operand] && s->p->open[s->operand][at])
        return true;
    if (isnan(s->bound[at]) && want == 0)
        return isnan(got) || got == 0;
    if (isfinite(want) && assay_overflowed(s->bound[at], got))
        return true;
    if (isnan(want) || isnan(got))
        return isnan(want) && isnan(got);
    if (isinf(want))
        return got == want;
    return got >= s->lo[at] && got <= s->hi[at];
}

/* The type's own writing of the goldens: where one right answer is wanted, or the interval around it. */
static void fill_want(assay_scene *s, const assay_contract *k, const assay_tensor *out)
{
    const assay_problem *p = s->p;
    const assay_op *op = p->c.op;
    const assay_dense d = assay_problem_dense(p);
    double *bound[ASSAY_MAX_OPND] = { NULL };
    static const assay_contract strict;
    if (op->operands[s->operand].verdict == ASSAY_BOUNDED && !p->exact) {
        for (int i = 0; i < op->n_operands; i++)
            if (op->operands[i].access != ASSAY_IN && op->operands[i].verdict == ASSAY_BOUNDED &&
                (p->c.present >> i & 1))
                bound[i] = assay_zeros((size_t)assay_tensor_count(&p->t[i]), sizeof(double));
        op->bound(&d, (double *const *)p->plane, k ? k : &strict, bound);
        for (int64_t j = 0; j < s->n; j++)
            s->bound[j] = bound[s->operand][j] +
                          (p->extra[s->operand] ? copysign(p->extra[s->operand][j], bound[s->operand][j]) : 0);
        for (int i = 0; i < op->n_operands; i++)
            free(bound[i]);
        const bool rounds = assay_rounds_output(out->type, k ? k : &strict);
        assay_interval(out->type, rounds, p->value[s->operand], s->bound, s->n, s->lo, s->hi);
    }
    assay_tensor dense = assay_tensor_dense(out->type, 0, out->rank, out->dim);
    dense.data = assay_zeros(assay_tensor_bytes(&dense), 1);
    assay_tensor_encode(&dense, p->value[s->operand]);
    assay_tensor_decode(s->want, &dense);
    if (op->operands[s->operand].verdict != ASSAY_BOUNDED || p->exact) {
        memcpy(s->lo, s->want, (size_t)s->n * sizeof *s->lo);
        memcpy(s->hi, s->want, (size_t)s->n * sizeof *s->hi);
    }
    free(dense.data);
}

bool assay_scene_open(const assay_problem *p, const assay_contract *k, const assay_tensor *out, int operand,
                      unsigned char poison, assay_scene *s)
{
    const assay_tensor *t = &out[operand];
    *s = (assay_scene){ .p = p, .operand = operand };
    if (operand < 0 || !t->data || assay_tensor_count(t) > MOST_ELEMENTS || assay_tensor_count(t) < 1)
        return false;
    s->letter = p->c.op->operands[operand].shape;
    s->rank = t->rank;
    s->n = assay_tensor_count(t);
    memcpy(s->dim, t->dim, sizeof s->dim);
    double **part[] = { &s->got, &s->want, &s->lo, &s->hi, &s->bound };
    for (size_t i = 0; i < sizeof part / sizeof *part; i++)
        *part[i] = assay_zeros((size_t)s->n, sizeof(double));
    s->wrong = assay_zeros((size_t)s->n, sizeof *s->wrong);
    s->poison = assay_zeros((size_t)s->n, sizeof *s->poison);
    assay_tensor_decode(s->got, t);
    fill_want(s, k, t);
    const assay_dtype_info *ty = assay_dtype_of(t->type);
    const bool zeros =
        p->c.op->operands[operand].verdict == ASSAY_EXACT && !(p->c.op->operands[operand].flags & ASSAY_ANY_ZERO);
    for (int64_t i = 0; i < s->n; i++) {
        const unsigned char *code = (const unsigned char *)t->data + i / ty->block * ty->bytes;
        int same = 0;
        while (same < ty->bytes && code[same] == poison)
            same++;
        s->poison[i] = same == ty->bytes;
        s->wrong[i] = !assay_scene_fits(s, s->got[i], i) ||
                      (zeros && s->want[i] == 0 && signbit(s->want[i]) != signbit(s->got[i]));
        s->n_wrong += s->wrong[i];
    }
    return true;
}

void assay_scene_close(assay_scene *s)
{
    void *part[] = { s->got, s->want, s->lo, s->hi, s->bound, s->wrong, s->poison };
    for (size_t i = 0; i < sizeof part / sizeof *part; i++)
        free(part[i]);
    *s = (assay_scene){ 0 };
}

int64_t assay_scene_step(const assay_scene *s, int r)
{
    int64_t step = 1;
    for (int i = r + 1; i < s->rank; i++)
        step *= s->dim[i];
    return step;
}

int64_t assay_scene_at(const assay_scene *s, int64_t i, int r)
{
    return i / assay_scene_step(s, r) % s->dim[r];
}

const char *assay_scene_name(const assay_scene *s, int64_t i, char *text, size_t n)
{
    size_t at = 0;
    text[0] = 0;
    for (int r = 0; r < s->rank && at < n; r++)
        at += (size_t)snprintf(text + at, n - at, "%s%c=%lld", r ? " " : "", s->letter[r],
                               (long long)assay_scene_at(s, i, r));
    return text;
}

void assay_scene_print(const assay_scene *s)
{
    double err = 0, share = 0;
    int64_t first = -1;
    for (int64_t i = 0; i < s->n; i++) {
        if (!s->wrong[i])
            continue;
        first = first < 0 ? i : first;
        const double e = fabs(s->got[i] - s->want[i]);
        err = e > err || isnan(e) ? e : err;
        if (s->bound[i] != 0 && e / fabs(s->bound[i]) > share)
            share = e / fabs(s->bound[i]);
    }
    printf("    %lld of %lld elements of %s are wrong", (long long)s->n_wrong, (long long)s->n,
           s->p->c.op->operands[s->operand].name);
    if (first < 0) {
        printf(": no element by itself\n");
        return;
    }
    printf(", by at most %.3g", err);
    if (share > 0 && isfinite(err))
        printf(" (%.3g bounds)", share);
    printf("\n      %-22s %16s %16s %10s\n", "element", "expected", "got", "bound");
    const int64_t from = first > ROWS_BEFORE ? first - ROWS_BEFORE : 0;
    for (int64_t i = from; i < s->n && i <= first + ROWS_AFTER; i++) {
        char name[96];
        const assay_pair is = assay_two(s->want[i], s->got[i]);
        printf("    %s %-22s %16s %16s %10.3g%s\n", s->wrong[i] ? ">" : " ", assay_scene_name(s, i, name, sizeof name),
               is.a, is.b, fabs(s->bound[i]), s->poison[i] ? "  (not written)" : "");
    }
}
