/* SPDX-License-Identifier: MIT
 * How well an encoder searches: its square error over that of our own search, on random data.  Data, no verdict: any
 * search is legal that the op's verify() accepts. */
#include "../../reference/core/dtype.h"
#include "../../reference/core/status.h"
#include "../../reference/core/tensor.h"
#include "certificate.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static double square_error(const double *x, const double *y, int64_t n)
{
    double e = 0;
    for (int64_t i = 0; i < n; i++)
        e += (x[i] - y[i]) * (x[i] - y[i]);
    return e;
}

/* x: what was to be written. */
static void add(assay_quality *q, const double *x, const assay_tensor *got)
{
    const assay_dtype_info *ty = assay_dtype_of(got->type);
    const int64_t n = assay_tensor_count(got);
    void *code = assay_zeros((size_t)(n / ty->block), (size_t)ty->bytes);
    double *ours = assay_zeros((size_t)n, sizeof *ours), *theirs = assay_zeros((size_t)n, sizeof *theirs);
    ty->encode(code, x, n);
    ty->decode(ours, code, n);
    assay_tensor_decode(theirs, got);
    q->type = got->type;
    q->blocks += n / ty->block;
    q->error += square_error(x, theirs, n);
    q->ours += square_error(x, ours, n);
    free(code);
    free(ours);
    free(theirs);
}

void assay_quality_add(const assay_probe *x, assay_quality *all)
{
    for (int i = 0; i < x->p->c.op->n_operands && x->p->tag == ASSAY_TAG_RANDOM; i++) {
        const assay_dtype_info *ty = x->base[i].data ? assay_dtype_of(x->base[i].type) : NULL;
        int q = 0;
        if (!ty || !ty->search || x->p->c.op->operands[i].verdict != ASSAY_EXACT)
            continue;
        while (q < ASSAY_CERTIFICATE_TYPES && all[q].blocks && all[q].type != x->base[i].type)
            q++;
        if (q < ASSAY_CERTIFICATE_TYPES)
            add(&all[q], x->p->value[i], &x->base[i]);
    }
}

void assay_quality_print(const assay_quality *all)
{
    for (int q = 0; q < ASSAY_CERTIFICATE_TYPES && all[q].blocks; q++)
        printf("  square error of %-18s %.4f times our search's, on %lld blocks of random data\n",
               assay_dtype_of(all[q].type)->name, all[q].error / all[q].ours, (long long)all[q].blocks);
}

void assay_quality_json(assay_json *j, const assay_quality *all)
{
    assay_json_open(j, "encoders", '[');
    for (int q = 0; q < ASSAY_CERTIFICATE_TYPES && all[q].blocks; q++) {
        assay_json_open(j, NULL, '{');
        assay_json_str(j, "type", assay_dtype_of(all[q].type)->name);
        assay_json_int(j, "blocks", all[q].blocks);
        assay_json_num(j, "square_error", all[q].error);
        assay_json_num(j, "our_search", all[q].ours);
        assay_json_close(j);
    }
    assay_json_close(j);
}
