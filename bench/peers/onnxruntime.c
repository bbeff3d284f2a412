/* SPDX-License-Identifier: MIT
 * onnxruntime.c - onnxruntime's CPU kernels as a supplier: a plug-in built by ci/peers beside the shared library of its
 * PyPI wheel.  That wheel has no headers: the functions used stand below with their places in its table (OrtApi), which
 * by its promise never change.  A kernel is a session of a model of one node; sessions are kept, by what tells two
 * nodes apart and a hash of their constants.  Tensors of a session are dense: what is not is copied, in and out. */
#include "onnx_ops.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct status status; /* OrtStatus; NULL: all right */
enum { API_VERSION = 13, WARNINGS_OFF = 4, EVERY_OPTIMIZATION = 99, ARENA = 1 };
static struct {
    const char *(*message)(const status *);
    status *(*create_env)(int level, const char *id, void **env);
    status *(*create_session)(const void *env, const void *model, size_t bytes, const void *options, void **session);
    status *(*run)(void *session, const void *how, const char *const *names, const void *const *in, size_t n,
                   const char *const *out_names, size_t n_out, void **out);
    status *(*create_options)(void **options);
    status *(*optimize)(void *options, int level);
    status *(*set_threads)(void *options, int n);
    status *(*create_tensor)(const void *where, void *data, size_t bytes, const int64_t *dim, size_t rank, int type,
                             void **value);
    status *(*create_where)(int allocator, int memory, void **where);
    void (*release_status)(status *);
    void (*release_session)(void *);
    void (*release_value)(void *);
} ort;
static const struct {
    void *function;
    int place;
} places[] = {
    { &ort.message, 2 },         { &ort.create_env, 3 },      { &ort.create_session, 8 },   { &ort.run, 9 },
    { &ort.create_options, 10 }, { &ort.optimize, 23 },       { &ort.set_threads, 24 },     { &ort.create_tensor, 49 },
    { &ort.create_where, 69 },   { &ort.release_status, 93 }, { &ort.release_session, 95 }, { &ort.release_value, 96 }
};
typedef struct base { /* OrtApiBase */
    const void *const *(*table)(uint32_t version);
    const char *(*version)(void);
} base;
const base *OrtGetApiBase(void);

enum { KEPT = 64 };
typedef struct kept {
    onnx_node node; /* without lengths of what is not constant */
    uint64_t id;
    void *session;
} kept;
static kept sessions[KEPT];
static int newest;
static void *env, *options, *where;

static bool well(status *s)
{
    if (!s)
        return true;
    if (getenv("ASSAY_PEER_TELL"))
        fprintf(stderr, "onnxruntime: %s\n", ort.message(s));
    ort.release_status(s);
    return false;
}

static void described(const assay_args *a, onnx_node *n)
{
    const onnx_packed *p = a->packed;
    memset(n, 0, sizeof *n);
    ((const onnx_way *)a->variant)->describe(a, n);
    for (int i = 0; p && i < n->n_in; i++)
        if (p->left_out >> i & 1)
            memset(&n->in[i], 0, sizeof n->in[i]);
}

static size_t after(size_t at, const onnx_tensor *t)
{
    return at + (onnx_size(t) + 63) / 64 * 64;
}

/* Where the constants stand behind p, and the bytes of all. */
static size_t constants(const onnx_node *n, void *p, void **at)
{
    size_t bytes = 64;
    for (int i = 0; i < n->n_in; i++) {
        at[i] = p && n->in[i].constant ? (char *)p + bytes : NULL;
        bytes = n->in[i].constant ? after(bytes, &n->in[i]) : bytes;
    }
    return bytes;
}

static void open_lengths(onnx_tensor *t)
{
    for (int i = 0; i < t->rank - t->last_known; i++)
        t->dim[i] = 0;
}

/* Nodes are the same session if they differ in lengths of what is no constant alone. */
static void *session_of(const assay_args *a, const onnx_node *n, const onnx_packed *p)
{
    onnx_node key = *n;
    void *at[ONNX_MOST_INPUTS];
    for (int i = 0; i < key.n_in; i++)
        if (!key.in[i].constant)
            open_lengths(&key.in[i]);
    open_lengths(&key.out);
    for (int i = 0; i < KEPT; i++) {
        const kept *k = &sessions[(newest + KEPT - i) % KEPT];
        if (k->session && k->id == (p ? p->id : 0) && !memcmp(&k->node, &key, sizeof key))
            return k->session;
    }
    newest = (newest + 1) % KEPT;
    kept *k = &sessions[newest];
    if (k->session)
        ort.release_session(k->session);
    k->session = NULL;
    onnx_node whole;
    assay_args unpacked = *a; /* constants lie where they would if none were left out */
    unpacked.packed = NULL;
    described(&unpacked, &whole);
    constants(&whole, (void *)p, at);
    onnx_bytes model = onnx_model(n, (const void *const *)at);
    if (!well(ort.create_session(env, model.data, model.n, options, &k->session)))
        k->session = NULL;
    free(model.data);
    k->node = key;
    k->id = p ? p->id : 0;
    return k->session;
}

static size_t element(const assay_tensor *t)
{
    return t->type == ASSAY_f32 || t->type == ASSAY_i32 ? 4 : 1;
}
static bool dense(const assay_tensor *t)
{
    int64_t step = (int64_t)element(t);
    for (int i = t->rank - 1; i >= 0; step *= t->dim[i--])
        if (t->dim[i] != 1 && t->stride[i] != step)
            return false;
    return true;
}

/* Rows of t to or from dense memory; positions become whole numbers of 64 bits. */
static void copy(const assay_tensor *t, char *flat, bool back)
{
    const int inner = t->rank - 1;
    const int64_t n = t->dim[inner];
    const size_t row = (size_t)n * element(t);
    int64_t rows = 1;
    for (int i = 0; i < inner; i++)
        rows *= t->dim[i];
    for (int64_t r = 0; r < rows; r++) {
        char *at = t->data;
        int64_t left = r;
        for (int i = inner - 1; i >= 0; left /= t->dim[i--])
            at += left % t->dim[i] * t->stride[i];
        if (back)
            memcpy(at, flat + (size_t)r * row, row);
        else if (t->type != ASSAY_i32)
            memcpy(flat + (size_t)r * row, at, row);
        else
            for (int64_t i = 0; i < n; i++)
                ((int64_t *)(void *)flat)[r * n + i] = ((const int32_t *)(const void *)at)[i];
    }
}

/* What of scratch a tensor takes: 0 where its own memory will do. */
static size_t copied(const assay_args *a, const onnx_tensor *t)
{
    const assay_tensor *o = &a->operand[t->operand];
    return t->name && !t->constant && t->rank > 0 && (t->type == ONNX_INT64 || !dense(o)) ? after(0, t) : 0;
}

size_t onnx_scratch(const assay_args *a)
{
    onnx_node n;
    described(a, &n);
    size_t bytes = 64 + copied(a, &n.out);
    for (int i = 0; i < n.n_in; i++)
        bytes += copied(a, &n.in[i]);
    return bytes;
}

assay_status onnx_run(const assay_args *a)
{
    onnx_node n;
    const char *names[ONNX_MOST_INPUTS];
    void *values[ONNX_MOST_INPUTS + 1];
    char *spare = a->scratch, *out = NULL;
    int many = 0;
    described(a, &n);
    const onnx_packed *p = a->packed;
    void *session = p && p->refused ? NULL : session_of(a, &n, p);
    if (!session)
        return ASSAY_UNSUPPORTED;
    bool ok = true;
    for (int i = 0; ok && i <= n.n_in; i++) {
        const onnx_tensor *t = i < n.n_in ? &n.in[i] : &n.out;
        if (!t->name || t->constant)
            continue;
        const size_t room = copied(a, t);
        char *data = room ? spare : a->operand[t->operand].data;
        if (room && i < n.n_in)
            copy(&a->operand[t->operand], data, false);
        spare += room;
        out = data;
        if (i < n.n_in)
            names[many] = t->name;
        ok = well(ort.create_tensor(where, data, onnx_size(t), t->dim, (size_t)t->rank, t->type, &values[many]));
        many += ok;
    }
    ok = ok && well(ort.run(session, NULL, names, (const void *const *)values, (size_t)many - 1, &n.out.name, 1,
                            &values[many - 1]));
    while (many > 0)
        ort.release_value(values[--many]);
    if (ok && out != a->operand[n.out.operand].data)
        copy(&a->operand[n.out.operand], out, true);
    return ok ? ASSAY_OK : ASSAY_UNSUPPORTED;
}

size_t onnx_packed_bytes(const assay_args *a)
{
    onnx_node n;
    void *at[ONNX_MOST_INPUTS];
    described(a, &n);
    return constants(&n, NULL, at);
}

/* What is kept packed is the constants; the session, which packs them once more for itself, is made here, too. */
void onnx_pack(const assay_args *a, void *dst)
{
    onnx_node n;
    void *at[ONNX_MOST_INPUTS];
    onnx_packed *p = dst;
    assay_args packed = *a;
    described(a, &n);
    const size_t bytes = constants(&n, dst, at);
    memset(dst, 0, bytes);
    for (int i = 0; i < n.n_in; i++)
        if (n.in[i].constant)
            ((const onnx_way *)a->variant)->fill(a, &n, i, at[i], p);
    uint64_t id = 1469598103934665603u;
    for (size_t i = 8; i < bytes; i += 8)
        id = (id ^ *(const uint64_t *)(const void *)((const char *)dst + i)) * 1099511628211u;
    p->id = id;
    packed.packed = dst;
    described(&packed, &n);
    if (!p->refused)
        session_of(a, &n, p);
}

static assay_plugin plugin = {
    ASSAY_ABI, sizeof(assay_kernel), sizeof(assay_op), "onnxruntime", NULL, onnx_kernels, 0, NULL, 0
};

const assay_plugin *assay_plugin_v1(void);
const assay_plugin *assay_plugin_v1(void)
{
    static char version[96];
    const base *b = OrtGetApiBase();
    const void *const *table = b->table(API_VERSION);
    const char *many = getenv("ASSAY_PEER_THREADS");
    const int threads = many && atoi(many) > 1 ? atoi(many) : 1;
    if (!table)
        return NULL;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        memcpy(places[i].function, &table[places[i].place], sizeof(void *));
    if (!env && !(well(ort.create_env(WARNINGS_OFF, "assay", &env)) && well(ort.create_options(&options)) &&
                  well(ort.optimize(options, EVERY_OPTIMIZATION)) && well(ort.set_threads(options, threads)) &&
                  well(ort.create_where(ARENA, 0, &where))))
        return NULL;
    snprintf(version, sizeof version, "%s, threads %d (chooses its instructions by the CPU; says none)", b->version(),
             threads);
    plugin.version = version;
    plugin.n_kernels = onnx_n_kernels;
    return &plugin;
}
