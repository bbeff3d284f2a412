/* SPDX-License-Identifier: MIT
 * Writing: the keys, the list of tensors, then each tensor's data, piece by piece over a team; at last all is read back
 * from the file that was written, before it takes its place. */
#include "requant.h"
#include "../core/dtype.h"
#include "../core/dtype_weighted.h"
#include "../core/gguf_write.h"
#include "../core/save.h"
#include "../core/status.h"
#include "assay_build.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <xxhash.h>

enum { PIECE = 1 << 16, PIECES = 256 }; /* elements of a row, a multiple of every block; pieces between two writes */

/* ---- keys ---- */

/* general.file_type of a file whose matrices are mostly of this type; -1: llama.cpp has no number for it. */
static int file_type(assay_dtype t)
{
    static const struct {
        uint8_t type, number; /* of the element type, of the file type */
    } known[] = { { 0, 0 },   { 1, 1 },   { 2, 2 },   { 3, 3 },   { 8, 7 },   { 6, 8 },   { 7, 9 },
                  { 10, 10 }, { 11, 11 }, { 12, 14 }, { 13, 16 }, { 14, 18 }, { 16, 19 }, { 17, 20 },
                  { 18, 23 }, { 19, 24 }, { 20, 25 }, { 21, 26 }, { 22, 28 }, { 23, 30 }, { 29, 31 },
                  { 30, 32 }, { 34, 36 }, { 35, 37 }, { 39, 38 }, { 40, 39 } };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].type == t)
            return known[i].number;
    return -1;
}

/* What the file says of how it was quantized is said anew. */
static bool replaced(assay_span key)
{
    return assay_span_is(key, "general.file_type") || assay_span_is(key, "general.quantization_version") ||
           (key.n > 9 && !memcmp(key.at, "quantize.", 9));
}

static int by_place(const void *a, const void *b)
{
    const assay_gguf_value *x = *(const assay_gguf_value *const *)a, *y = *(const assay_gguf_value *const *)b;
    return (x->key.at > y->key.at) - (x->key.at < y->key.at);
}

/* Keys of a GGUF file in its order; of safetensors its metadata. */
static uint64_t put_old_keys(const assay_requant *r, assay_gguf_writer *w)
{
    uint64_t n = 0;
    char key[300];
    const assay_gguf_value **order = assay_zeros(r->gguf.n_values, sizeof *order);
    for (size_t i = 0; i < r->gguf.n_values; i++)
        order[i] = &r->gguf.value[i];
    qsort(order, r->gguf.n_values, sizeof *order, by_place);
    for (size_t i = 0; i < r->gguf.n_values; i++)
        if (!replaced(order[i]->key)) {
            assay_gguf_put_value(w, order[i]);
            n++;
        }
    free(order);
    if (r->gguf.n_tensors)
        return n;
    assay_gguf_put_text(w, "general.architecture", "unknown");
    for (size_t i = 0; i < r->st.n_meta; i++) {
        snprintf(key, sizeof key, "safetensors.%s", r->st.meta[i].key);
        assay_gguf_put_text(w, key, r->st.meta[i].value);
    }
    return 1 + r->st.n_meta;
}

static uint64_t put_keys(const assay_requant *r, assay_gguf_writer *w)
{
    uint64_t n = put_old_keys(r, w);
    const char *slash = r->imatrix ? strrchr(r->imatrix, '/') : NULL;
    if (file_type(r->type) >= 0) {
        assay_gguf_put_u32(w, "general.file_type", (uint32_t)file_type(r->type));
        n++;
    }
    assay_gguf_put_u32(w, "general.quantization_version", 2);
    assay_gguf_put_text(w, "quantize.assay.version", ASSAY_VERSION);
    n += 2;
    if (r->how.method) {
        assay_gguf_put_text(w, "quantize.assay.method", assay_method_name(r->how.method));
        n++;
    }
    if (r->imatrix) {
        assay_gguf_put_text(w, "quantize.imatrix.file", slash ? slash + 1 : r->imatrix);
        assay_gguf_put_u32(w, "quantize.imatrix.entries_count", (uint32_t)r->importance.n);
        n += 2;
    }
    return n;
}

/* How many keys there will be: the head says it first. */
static uint64_t count_keys(const assay_requant *r)
{
    FILE *nowhere = fopen("/dev/null", "wb");
    assay_gguf_writer w = { .f = nowhere, .alignment = 32 };
    const uint64_t n = nowhere ? put_keys(r, &w) : 0;
    if (nowhere)
        fclose(nowhere);
    return n;
}

/* ---- data ---- */

typedef struct piece { /* of a row */
    int64_t at, n, column;
    const float *weight; /* of its columns */
    double e2, x2, most_e, we2, wx2;
    int64_t bad; /* the element that is no finite number, or becomes none; -1: none */
} piece;

/* Of a block that is lost the number that did it: none at all, or the largest. */
static void blame(piece *p, const double *x, int block)
{
    const int64_t first = p->bad / block * block;
    for (int64_t i = first; i < first + block; i++)
        if (!isnan(x[p->bad]) && !(fabs(x[i]) <= fabs(x[p->bad])))
            p->bad = i;
    p->x2 = x[p->bad];
}

static void encode_piece(const assay_requant_tensor *t, piece *p, unsigned char *out, double *x, double *y)
{
    const assay_dtype_info *from = assay_dtype_of(t->from), *to = assay_dtype_of(t->to);
    from->decode(x, t->data + assay_dtype_bytes(t->from, p->at), p->n);
    if (t->weighted)
        assay_dtype_encode_weighted(t->to, out, x, p->n, p->weight);
    else
        to->encode(out, x, p->n);
    to->decode(y, out, p->n);
    for (int64_t i = 0; i < p->n; i++) {
        const double e = y[i] - x[i], w = p->weight ? (double)p->weight[i] : 0;
        if (!isfinite(y[i]) && p->bad < 0)
            p->bad = i;
        p->e2 += e * e, p->x2 += x[i] * x[i];
        p->we2 += w * e * e, p->wx2 += w * x[i] * x[i];
        p->most_e = fmax(p->most_e, fabs(e));
    }
    if (p->bad >= 0)
        blame(p, x, to->block);
}

static assay_status refuse(const assay_requant *r, const assay_requant_tensor *t, const piece *p, assay_why *why)
{
    const double x = p->x2; /* left by encode_piece */
    const int64_t at = p->at + p->bad;
    if (isfinite(x))
        return assay_fail(why, ASSAY_ERR_FORMAT,
                          "%s: tensor '%.80s': %.9g in row %" PRId64 ", column %" PRId64 " has no finite form in %s",
                          r->in, r->name, x, at / t->width, at % t->width, assay_dtype_of(t->to)->name);
    return assay_fail(why, ASSAY_ERR_FORMAT,
                      "%s: tensor '%.80s': %g in row %" PRId64 ", column %" PRId64 ": no block can hold it", r->in,
                      r->name, x, at / t->width, at % t->width);
}

typedef struct team { /* buffers: values of a piece before and after, of each thread; codes of all pieces */
    int threads;
    double *x;
    unsigned char *out;
    piece piece[PIECES];
} team;

assay_status assay_requant_stopped(const assay_requant *r, assay_why *why)
{
    return assay_fail(why, ASSAY_UNSUPPORTED, "interrupted; %s is as it was", r->out);
}

static assay_status encode_tensor(assay_requant *r, assay_requant_tensor *t, team *m, assay_gguf_writer *w,
                                  XXH3_state_t *hash, int64_t *done, assay_why *why)
{
    const int64_t per_row = (t->width + PIECE - 1) / PIECE, all = t->rows * per_row;
    const size_t most = (size_t)assay_dtype_bytes(t->to, PIECE);
    for (int64_t first = 0; first < all; first += PIECES) {
        const int n = all - first < PIECES ? (int)(all - first) : PIECES;
#pragma omp parallel for num_threads(m->threads) schedule(dynamic)
        for (int i = 0; i < n; i++) {
            const int64_t row = (first + i) / per_row, column = (first + i) % per_row * PIECE;
            const int64_t matrix = t->matrices > 1 ? row / (t->rows / t->matrices) : 0;
            const int64_t left = t->width - column;
            m->piece[i] = (piece){ .at = row * t->width + column, .n = left < PIECE ? left : PIECE, .bad = -1 };
            m->piece[i].weight = t->weight ? t->weight + matrix * t->width + column : NULL;
            double *x = m->x + (size_t)omp_get_thread_num() * 2 * PIECE;
            encode_piece(t, &m->piece[i], m->out + (size_t)i * most, x, x + PIECE);
        }
        for (int i = 0; i < n; i++) {
            const piece *p = &m->piece[i];
            const size_t bytes = (size_t)assay_dtype_bytes(t->to, p->n);
            if (p->bad >= 0)
                return refuse(r, t, p, why);
            t->e2 += p->e2, t->x2 += p->x2, t->we2 += p->we2, t->wx2 += p->wx2;
            t->most_e = fmax(t->most_e, p->most_e);
            assay_gguf_put_bytes(w, m->out + (size_t)i * most, bytes);
            XXH3_64bits_update(hash, m->out + (size_t)i * most, bytes);
            *done += p->n;
        }
        if (r->step && !r->step(r->ctx, *done, r->name))
            return assay_requant_stopped(r, why);
    }
    return ASSAY_OK;
}

/* Weights that are not as the file has them: of few bits, or by a method. */
static assay_status encode_made(assay_requant *r, assay_requant_tensor *t, team *m, assay_gguf_writer *w,
                                XXH3_state_t *hash, int64_t *done, assay_why *why)
{
    const unsigned char *data = t->data;
    const assay_dtype from = t->from;
    double *all = assay_method_weights(r, t);
    assay_status s = ASSAY_OK;
    if (r->how.method == ASSAY_METHOD_GPTQ && r->change[t - r->tensor].x)
        s = assay_method_compensate(r, t, all, why);
    t->data = (const unsigned char *)all;
    t->from = ASSAY_f64;
    if (!s)
        s = encode_tensor(r, t, m, w, hash, done, why);
    t->data = data;
    t->from = from;
    free(all);
    return s;
}

static assay_status put_data(assay_requant *r, team *m, assay_gguf_writer *w, assay_why *why)
{
    int64_t done = r->searched;
    assay_status s = ASSAY_OK;
    XXH3_state_t *hash = XXH3_createState();
    for (size_t i = 0; i < r->n_tensors && !s; i++) {
        assay_requant_tensor *t = &r->tensor[i];
        snprintf(r->name, sizeof r->name, "%.*s", (int)t->name.n, t->name.at);
        XXH3_64bits_reset(hash);
        assay_gguf_pad(w);
        if (t->packed || assay_method_changes(r, t)) {
            s = encode_made(r, t, m, w, hash, &done, why);
        } else if (t->from != t->to) {
            s = encode_tensor(r, t, m, w, hash, &done, why);
        } else {
            assay_gguf_put_bytes(w, t->data, (size_t)t->bytes);
            XXH3_64bits_update(hash, t->data, (size_t)t->bytes);
        }
        t->hash = XXH3_64bits_digest(hash);
        if (!s && ferror(w->f))
            s = assay_fail(why, ASSAY_ERR_IO, "%.150s: cannot be written: %s", r->out, strerror(errno));
        if (!s && r->step && !r->step(r->ctx, done, r->name))
            s = assay_requant_stopped(r, why);
    }
    assay_gguf_pad(w);
    XXH3_freeState(hash);
    return s;
}

/* ---- the whole ---- */

/* What the written file says, against what was meant. */
static assay_status read_back(const assay_requant *r, const char *path, assay_why *why)
{
    assay_gguf g;
    assay_status s = assay_gguf_open(path, &g, why);
    if (s)
        return s;
    for (size_t i = 0; i < r->n_tensors && !s; i++) {
        const assay_requant_tensor *t = &r->tensor[i];
        const assay_gguf_tensor key = { .name = t->name }, *x = NULL;
        for (size_t k = 0; k < g.n_tensors && !x; k++)
            if (g.tensor[k].name.n == key.name.n && !memcmp(g.tensor[k].name.at, key.name.at, key.name.n))
                x = &g.tensor[k];
        if (!x || x->t.type != t->to || x->t.rank != t->rank || memcmp(x->t.dim, t->dim, sizeof *t->dim * t->rank) ||
            x->bytes != t->bytes || XXH3_64bits(x->t.data, (size_t)x->bytes) != t->hash)
            s = assay_fail(why, ASSAY_ERR_IO, "%s: what was written reads back otherwise: tensor '%.*s'", r->out,
                           t->name.n < 80 ? (int)t->name.n : 80, t->name.at);
    }
    for (size_t i = 0; i < r->gguf.n_values && !s; i++) {
        const assay_gguf_value *v = &r->gguf.value[i], *x = NULL;
        for (size_t k = 0; k < g.n_values && !x; k++)
            if (g.value[k].key.n == v->key.n && !memcmp(g.value[k].key.at, v->key.at, v->key.n))
                x = &g.value[k];
        if (!replaced(v->key) && (!x || x->kind != v->kind || x->item != v->item || x->count != v->count ||
                                  x->bytes != v->bytes || memcmp(x->data, v->data, v->bytes) != 0))
            s = assay_fail(why, ASSAY_ERR_IO, "%s: what was written reads back otherwise: key '%.*s'", r->out,
                           v->key.n < 80 ? (int)v->key.n : 80, v->key.at);
    }
    if (!s && g.n_tensors != r->n_tensors)
        s = assay_fail(why, ASSAY_ERR_IO, "%s: what was written reads back with %zu tensors, not %zu", r->out,
                       g.n_tensors, r->n_tensors);
    assay_gguf_close(&g);
    return s;
}

/* Before the work: is there room for it? */
static assay_status room(const assay_requant *r, const char *aside, assay_why *why)
{
    struct statvfs v;
    if (statvfs(aside, &v))
        return ASSAY_OK; /* nobody says */
    const uint64_t left = (uint64_t)v.f_bavail * v.f_frsize;
    return left >= r->bytes_out
               ? ASSAY_OK
               : assay_fail(why, ASSAY_ERR_IO, "%.100s: needs %" PRIu64 " bytes; %" PRIu64 " are free there", r->out,
                            r->bytes_out, left);
}

assay_status assay_requant_write(assay_requant *r, assay_why *why)
{
    assay_save save;
    if (!assay_save_regular(r->out))
        return assay_fail(why, ASSAY_ERR_ARG, "%.150s: not a regular file: what is written is read back from it",
                          r->out);
    assay_status s = assay_save_open(&save, r->out, why);
    if (s)
        return s;
    team *m = assay_zeros(1, sizeof *m);
    m->threads = r->threads > 1 ? r->threads : 1;
    m->x = assay_room((size_t)m->threads * 2 * PIECE, sizeof *m->x);
    m->out = assay_room((size_t)PIECES * PIECE, sizeof(double)); /* no type is wider */
    assay_gguf_writer w = { .f = save.f, .alignment = r->gguf.alignment ? r->gguf.alignment : 32 };
    s = room(r, save.aside, why);
    if (!s && r->how.method)
        s = assay_method_search(r, why);
    if (!s) {
        assay_gguf_put_head(&w, r->n_tensors, count_keys(r));
        put_keys(r, &w);
        for (size_t i = 0; i < r->n_tensors; i++)
            assay_gguf_put_tensor(&w, r->tensor[i].name, r->tensor[i].to, r->tensor[i].rank, r->tensor[i].dim);
        s = put_data(r, m, &w, why);
    }
    if (!s && fflush(save.f))
        s = assay_fail(why, ASSAY_ERR_IO, "%.150s: cannot be written: %s", r->out, strerror(errno));
    if (!s)
        s = read_back(r, save.aside, why);
    free(m->x);
    free(m->out);
    free(m);
    if (!s)
        return assay_save_commit(&save, why);
    assay_save_cancel(&save);
    return s;
}
