/* SPDX-License-Identifier: MIT
 * The seeded half: weights of variance 1, 64 rows of 2048, and 16 rows of activations of variance 1.  Outliers: each
 * 64th column of the weights is 8 times as large. */
#include "formats.h"
#include "../core/document.h"
#include "../core/dtype.h"
#include "../core/execute.h"
#include "../core/registry.h"
#include "../core/rng.h"
#include "../core/status.h"
#include "../core/tensor.h"
#include "product.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { T = 16, N = 64, K = 2048, OUTLIER = 64 };

typedef struct sample {
    double w[N * K], x[T * K], y[T * N]; /* what is true */
    double decoded[N * K], by_format[T * N], by_kernel[T * N];
    float narrow[T * K], out[T * N];
    _Alignas(64) unsigned char codes[N * K * sizeof(double)];
} sample;

static double relative(const double *a, const double *truth, const double *scale, int n)
{
    double e = 0, all = 0;
    for (int i = 0; i < n; i++) {
        e += (a[i] - truth[i]) * (a[i] - truth[i]);
        all += scale[i] * scale[i];
    }
    return sqrt(e / all);
}

/* The same values for every type: exact in f32, as a model's are. */
static void fill(sample *s, int kind)
{
    assay_rng rng = { 12, (uint64_t)kind, 0 };
    for (int i = 0; i < N * K; i++)
        s->w[i] = (float)(assay_rng_normal(&rng) * (kind && i % K % OUTLIER == 0 ? 8 : 1));
    for (int i = 0; i < T * K; i++)
        s->x[i] = s->narrow[i] = (float)assay_rng_normal(&rng);
}

static bool product(sample *s, const double *w, double *y)
{
    const int64_t dim[] = { N, K };
    assay_tensor t = assay_tensor_dense(ASSAY_f64, 0, 2, dim);
    t.data = (void *)(uintptr_t)w;
    return assay_product(s->x, &t, NULL, y, T, N, K, 0, N);
}

static int rank_of(uint64_t bits)
{
    return __builtin_popcountll(bits);
}

/* The richest tier's kernel that takes the operands as they are; the scalar form where none does. */
static const assay_kernel *best(const assay_op *op, const assay_args *a, uint64_t isa)
{
    const assay_kernel *found = assay_kernel_find(op->name, "scalar"), *k;
    int most = -1;
    for (size_t i = 0; (k = assay_kernel_at(i)); i++)
        if (k->run && !strcmp(k->op, op->name) && !(k->isa & ~isa) && rank_of(k->isa) >= most &&
            assay_kernel_takes(op, k, a) && assay_kernel_accepts(k, *a))
            found = k, most = rank_of(k->isa);
    return found;
}

static assay_status by_kernel(const assay_formats *f, sample *s, assay_format_row *r, assay_why *why)
{
    const assay_op *op = assay_op_find("matmul");
    const int64_t dim[ASSAY_MAX_DIMS] = { T, N, K }, x[] = { T, K }, w[] = { N, K }, y[] = { T, N };
    _Alignas(16) unsigned char params[ASSAY_MAX_PARAMS] = { 0 };
    assay_tensor t[ASSAY_MAX_OPND] = { assay_tensor_dense(ASSAY_f32, 0, 2, x),
                                       assay_tensor_dense(r->type, 0, 2, w),
                                       { 0 },
                                       assay_tensor_dense(ASSAY_f32, 0, 2, y) };
    t[0].data = s->narrow, t[1].data = s->codes, t[3].data = s->out;
    const assay_args a = { .operand = t, .dim = dim, .params = params, .end = INT64_MAX };
    if (!op || !assay_requant_runs(r->type))
        return ASSAY_OK;
    assay_status status = assay_check(op, &a, params, why);
    r->by = best(op, &a, f->isa);
    assay_call c = { .op = op, .kernel = r->by, .threads = 1, .args = { .operand = t, .dim = dim, .params = params } };
    if (!status)
        status = assay_call_pack(&c, why);
    if (!status)
        status = assay_call_prepare(&c, why);
    if (!status && (status = assay_call_run(&c)) != ASSAY_OK)
        assay_fail(why, status, "matmul/%s failed on w=%s", r->by->name, assay_dtype_of(r->type)->name);
    for (int i = 0; i < T * N; i++)
        s->by_kernel[i] = (double)s->out[i];
    assay_call_free(&c);
    return status;
}

static assay_status seeded(const assay_formats *f, sample *s, assay_format_row *r, assay_why *why)
{
    const assay_dtype_info *d = assay_dtype_of(r->type);
    for (int kind = 0; kind < ASSAY_FORMATS_KINDS; kind++) {
        fill(s, kind);
        d->encode(s->codes, s->w, (int64_t)N * K);
        d->decode(s->decoded, s->codes, (int64_t)N * K);
        if (!product(s, s->w, s->y) || !product(s, s->decoded, s->by_format))
            return assay_fail(why, ASSAY_ERR_NOMEM, "no memory for a product");
        r->weight[kind] = relative(s->decoded, s->w, s->w, N * K);
        r->format[kind] = relative(s->by_format, s->y, s->y, T * N);
        const assay_status status = by_kernel(f, s, r, why);
        if (status)
            return status;
        if (r->by)
            r->kernel[kind] = relative(s->by_kernel, s->by_format, s->y, T * N);
    }
    return ASSAY_OK;
}

static int by_bits(const void *a, const void *b)
{
    const assay_format_row *x = a, *y = b;
    return x->bits != y->bits ? (x->bits > y->bits) - (x->bits < y->bits) : (int)x->type - (int)y->type;
}

assay_status assay_formats_run(assay_formats *f, assay_why *why)
{
    assay_format_truth *truth = NULL;
    assay_status s = f->model ? assay_format_truth_make(f, &truth, why) : ASSAY_OK;
    sample *all = assay_aligned(sizeof *all);
    f->row = assay_zeros(ASSAY_DTYPE_END, sizeof *f->row);
    for (int t = 0; t < ASSAY_DTYPE_END; t++)
        if (f->want[t]) {
            const assay_dtype_info *d = assay_dtype_of((assay_dtype)t);
            f->row[f->n++] = (assay_format_row){ .type = (assay_dtype)t, .bits = 8.0 * d->bytes / d->block };
        }
    qsort(f->row, (size_t)f->n, sizeof *f->row, by_bits);
    for (f->at = 0; f->at < f->n && !s; f->at++) {
        assay_format_row *r = &f->row[f->at];
        if (f->step && !f->step(NULL, f->at, assay_dtype_of(r->type)->name))
            s = assay_fail(why, ASSAY_UNSUPPORTED, "interrupted");
        if (!s)
            s = all ? seeded(f, all, r, why) : assay_fail(why, ASSAY_ERR_NOMEM, "no memory for seeded weights");
        if (!s && f->model)
            s = assay_format_model(f, truth, r, why);
    }
    free(all);
    assay_format_truth_free(truth);
    return s;
}

void assay_formats_free(assay_formats *f)
{
    free(f->row);
    f->row = NULL;
    f->n = 0;
}

void assay_formats_print(const assay_formats *f)
{
    printf(
        "x W^T on seeded weights (%d x %d), %d rows; errors relative to what is true.  Format: weights decoded against "
        "true ones, in double.\nKernel: against the product with decoded weights.\n\n",
        N, K, T);
    printf("%-7s %7s  normal: %-9s %-9s %-9s  outliers: %-9s %-9s %-9s  %s\n", "type", "bits", "weights", "format",
           "kernel", "weights", "format", "kernel", "by");
    for (int i = 0; i < f->n; i++) {
        const assay_format_row *r = &f->row[i];
        char kernel[ASSAY_FORMATS_KINDS][16] = { "-", "-" };
        for (int k = 0; k < ASSAY_FORMATS_KINDS && r->by; k++)
            snprintf(kernel[k], sizeof *kernel, "%.3g", r->kernel[k]);
        printf("%-7s %7.4g          %-9.3g %-9.3g %-9s            %-9.3g %-9.3g %-9s  %s\n",
               assay_dtype_of(r->type)->name, r->bits, r->weight[0], r->format[0], kernel[0], r->weight[1],
               r->format[1], kernel[1], r->by ? r->by->name : "matmul takes no such weights");
    }
    if (!f->model)
        return;
    printf("\n%s, its matrices in each type; divergence of its output in nats, over %" PRId64
           " positions.\nFormat: by the "
           "oracle, from that of the file.  Kernel: by the best kernels, from the oracle with the same weights.\n\n",
           f->model, f->positions);
    printf("%-7s %7s %6s %9s   %-9s %-9s   %-9s %-9s   %s\n", "type", "bits", "fits", "weights", "format", "largest",
           "kernel", "largest", "same first token");
    for (int i = 0; i < f->n; i++) {
        const assay_format_row *r = &f->row[i];
        printf("%-7s %7.4g %5.0f%% ", assay_dtype_of(r->type)->name, r->model_bits, 100 * r->share);
        char kernel[2][16] = { "-", "-" };
        if (r->by)
            snprintf(kernel[0], sizeof *kernel, "%.3g", r->kl[1]),
                snprintf(kernel[1], sizeof *kernel, "%.3g", r->worst[1]);
        if (r->ran)
            printf("%9.3g   %-9.3g %-9.3g   %-9s %-9s   %.0f%%\n", r->model_weight, r->kl[0], r->worst[0], kernel[0],
                   kernel[1], 100 * r->same);
        else
            puts("  most rows are no whole blocks of it");
    }
}

static void json_row(assay_json *j, const assay_format_row *r)
{
    static const char *const kind[] = { "normal", "outliers" };
    assay_json_open(j, NULL, '{');
    assay_json_str(j, "type", assay_dtype_of(r->type)->name);
    assay_json_num(j, "bits", r->bits);
    assay_json_str(j, "kernel", r->by ? r->by->name : NULL);
    for (int k = 0; k < ASSAY_FORMATS_KINDS; k++) {
        assay_json_open(j, kind[k], '{');
        assay_json_num(j, "weights", r->weight[k]);
        assay_json_num(j, "format", r->format[k]);
        if (r->by)
            assay_json_num(j, "kernel", r->kernel[k]);
        assay_json_close(j);
    }
    if (r->ran) {
        assay_json_open(j, "model", '{');
        assay_json_num(j, "bits", r->model_bits);
        assay_json_num(j, "fits", r->share);
        assay_json_num(j, "weights", r->model_weight);
        assay_json_num(j, "kl_format", r->kl[0]);
        assay_json_num(j, "kl_format_largest", r->worst[0]);
        if (r->by) {
            assay_json_num(j, "kl_kernel", r->kl[1]);
            assay_json_num(j, "kl_kernel_largest", r->worst[1]);
        }
        assay_json_num(j, "same_first", r->same);
        assay_json_close(j);
    }
    assay_json_close(j);
}

char *assay_formats_json(const assay_formats *f)
{
    assay_json j = { 0 };
    assay_document_open(&j, "formats");
    assay_json_str(&j, "model", f->model);
    if (f->model)
        assay_json_int(&j, "positions", f->positions);
    assay_json_open(&j, "formats", '[');
    for (int i = 0; i < f->n; i++)
        json_row(&j, &f->row[i]);
    assay_json_close(&j);
    assay_json_close(&j);
    if (j.failed) {
        assay_json_free(&j);
        return NULL;
    }
    return j.text;
}
