/* SPDX-License-Identifier: MIT
 * The model's half: its file with the matrices in the type, written aside, run by the oracle and by the best kernels.
 */
#include "../core/dtype.h"
#include "../core/status.h"
#include "divergence.h"
#include "formats.h"
#include "prompt.h"
#include "session.h"
#include "load.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct assay_format_truth {
    int32_t *id;
    int64_t n, vocab;
    double *logits; /* (n, vocab), of the file as it is, by the oracle */
};

/* Logits of all positions, to be freed. */
static assay_status run(const assay_formats *f, assay_graph *g, const char *impl_text, const assay_format_truth *t,
                        double **logits, assay_why *why)
{
    assay_impl impl;
    assay_session *s = NULL;
    assay_status status = assay_impl_parse(impl_text, f->isa, &impl, why);
    *logits = NULL;
    if (!status)
        status = assay_session_make(g, &impl, t->n, t->n, t->n + 1, 0, f->threads, &s, why);
    if (!status)
        status = assay_session_step(s, t->id, t->n, t->n, why);
    if (!status)
        *logits = assay_room((size_t)(t->n * g->vocab), sizeof **logits);
    for (int64_t i = 0; i < t->n && !status; i++)
        assay_session_logits(s, i, *logits + i * g->vocab);
    assay_session_free(s);
    return status;
}

assay_status assay_format_truth_make(const assay_formats *f, assay_format_truth **out, assay_why *why)
{
    assay_format_truth *t = assay_zeros(1, sizeof *t);
    assay_loaded l;
    assay_prompt prompt = { 0 };
    *out = t;
    assay_status s = assay_load(f->model, ASSAY_f32, 0, ASSAY_WANTS_TEXT, &l, why);
    if (!s && (l.graph.encodes || !l.graph.steps))
        s = assay_fail(why, ASSAY_UNSUPPORTED,
                       "%s: family %s has an encoder, and texts are continued by a decoder alone", f->model,
                       l.graph.family);
    if (!s)
        s = assay_prompt_make(&l.tokens, f->prompt, strlen(f->prompt), false, &prompt, why);
    t->id = prompt.id, t->n = (int64_t)prompt.n, t->vocab = l.graph.vocab;
    if (l.graph.context && t->n > l.graph.context)
        t->n = l.graph.context; /* its beginning */
    if (!s && t->n < 2)
        s = assay_fail(why, ASSAY_ERR_ARG, "the text has %lld token%s; 2 are needed at least", (long long)t->n,
                       t->n == 1 ? "" : "s");
    if (!s)
        s = run(f, &l.graph, "oracle", t, &t->logits, why);
    assay_loaded_free(&l);
    return s;
}

void assay_format_truth_free(assay_format_truth *t)
{
    if (t) {
        free(t->id);
        free(t->logits);
    }
    free(t);
}

static int64_t best_of(const double *x, int64_t n)
{
    int64_t k = 0;
    for (int64_t i = 1; i < n; i++)
        k = x[i] > x[k] ? i : k;
    return k;
}

/* part 0: the format's, 1: the kernels' */
static void compare(const assay_format_truth *t, const double *a, const double *b, int part, assay_format_row *r)
{
    for (int64_t i = 0; i < t->n; i++) {
        const double kl = assay_divergence(a + i * t->vocab, b + i * t->vocab, t->vocab);
        r->kl[part] += kl / (double)t->n;
        r->worst[part] = isnan(kl) ? INFINITY : fmax(r->worst[part], kl);
        if (!part)
            r->same += (best_of(a + i * t->vocab, t->vocab) == best_of(b + i * t->vocab, t->vocab)) / (double)t->n;
    }
}

/* path: the model in the type; kernels: whether they take it as it is. */
static assay_status outputs(assay_formats *f, assay_format_truth *t, const char *path, bool kernels,
                            assay_format_row *r, assay_why *why)
{
    assay_loaded l;
    double *oracle = NULL, *best = NULL;
    assay_status s = assay_load(path, ASSAY_f32, 0, ASSAY_WANTS_IDS, &l, why);
    if (!s)
        s = run(f, &l.graph, "oracle", t, &oracle, why);
    if (!s && kernels)
        s = run(f, &l.graph, "best", t, &best, why);
    if (!s) {
        compare(t, t->logits, oracle, 0, r);
        if (best)
            compare(t, oracle, best, 1, r);
        r->ran = true;
    }
    free(oracle);
    free(best);
    assay_loaded_free(&l);
    return s;
}

static bool go_on(void *ctx, int64_t weights, const char *tensor)
{
    const assay_formats *f = ctx;
    (void)weights;
    return !f->step || f->step(NULL, f->at, tensor);
}

static assay_status temporary(char path[512], assay_why *why)
{
    const char *folder = getenv("TMPDIR");
    snprintf(path, 512, "%s/assay-formats.XXXXXX", folder && *folder ? folder : "/tmp");
    const int fd = mkstemp(path);
    if (fd < 0)
        return assay_fail(why, ASSAY_ERR_IO, "%.200s: cannot be written: %s", path, strerror(errno));
    close(fd);
    return ASSAY_OK;
}

/* What matmul does not take as it is the oracle sees decoded, in f32. */
static assay_status decoded(assay_formats *f, assay_format_truth *t, const char *path, assay_format_row *r,
                            assay_why *why)
{
    char wide[512];
    assay_status s = temporary(wide, why);
    if (s)
        return s;
    assay_requant q = { .in = path, .out = wide, .type = ASSAY_f32, .fallback = ASSAY_DTYPE_END };
    q.threads = f->threads, q.step = go_on, q.ctx = f;
    s = assay_requant_plan(&q, why);
    if (!s)
        s = assay_requant_write(&q, why);
    assay_requant_free(&q);
    if (!s)
        s = outputs(f, t, wide, false, r, why);
    unlink(wide);
    return s;
}

static assay_status judge(assay_formats *f, assay_format_truth *t, assay_requant *q, assay_format_row *r,
                          assay_why *why)
{
    char path[512];
    double e2 = 0, x2 = 0;
    assay_status s = temporary(path, why);
    if (s)
        return s;
    q->out = path;
    s = assay_requant_write(q, why);
    for (size_t i = 0; i < q->n_tensors; i++)
        e2 += q->tensor[i].e2, x2 += q->tensor[i].x2;
    r->model_weight = x2 > 0 ? sqrt(e2 / x2) : 0;
    if (!s)
        s = assay_requant_runs(r->type) ? outputs(f, t, path, true, r, why) : decoded(f, t, path, r, why);
    unlink(path);
    return s;
}

assay_status assay_format_model(assay_formats *f, assay_format_truth *t, assay_format_row *r, assay_why *why)
{
    assay_requant q = { .in = f->model, .out = "", .type = r->type, .fallback = ASSAY_DTYPE_END };
    q.threads = f->threads, q.step = go_on, q.ctx = f;
    f->positions = t->n;
    assay_status s = assay_requant_plan(&q, why);
    double inside = 0, all = 0, numbers = 0;
    for (size_t i = 0; i < q.n_tensors && !s; i++) {
        const double n = (double)(q.tensor[i].rows * q.tensor[i].width);
        numbers += n;
        all += q.tensor[i].rank > 1 ? n : 0;
        inside += q.tensor[i].rank > 1 && q.tensor[i].to == r->type ? n : 0;
    }
    r->share = all > 0 ? inside / all : 0;
    r->model_bits = numbers > 0 ? 8 * (double)q.bytes_out / numbers : 0;
    if (!s && r->share >= 0.5)
        s = judge(f, t, &q, r, why);
    assay_requant_free(&q);
    return s;
}
