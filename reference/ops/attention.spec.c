/* SPDX-License-Identifier: MIT */
#include "assay/params/attention.h"
#include "spec.h"
#include "../core/dtype.h"
#include "../core/status.h"

enum { Q, K, V, MASK, SLOPES, SINKS, QPOS, KPOS, LEN, PAGES, ALLOW, OUT };
#define CACHED TYPES(FLOATS | T(q8_0) | T(q4_0) | T(e4m3) | T(e5m2))

static const assay_operand operands[] = {
    { .name = "q", .shape = "BTHD", .types = TYPES(FLOATS) },
    { .name = "k", .shape = "BSGD", .types = CACHED, .layouts = 1u << ASSAY_LAYOUT_kpanel16 },
    { .name = "v", .shape = "BSGE", .types = CACHED },
    { .name = "mask", .shape = "BHTS", .types = TYPES(FLOATS), .flags = ASSAY_OPTIONAL | ASSAY_BROADCAST | ASSAY_MASK },
    { .name = "slopes", .shape = "H", .types = TYPES(T(f32)), .flags = ASSAY_OPTIONAL },
    { .name = "sinks", .shape = "H", .types = TYPES(T(f32)), .flags = ASSAY_OPTIONAL },
    { .name = "qpos", .shape = "BT", .types = TYPES(T(i32)), .flags = ASSAY_OPTIONAL | ASSAY_POSITION },
    { .name = "kpos", .shape = "BS", .types = TYPES(T(i32)), .flags = ASSAY_OPTIONAL | ASSAY_POSITION },
    { .name = "len", .shape = "B", .types = TYPES(T(i32)), .flags = ASSAY_OPTIONAL | ASSAY_COUNT, .index_of = 'S' },
    { .name = "pages", .shape = "BP", .types = TYPES(T(i32)), .flags = ASSAY_OPTIONAL },
    { .name = "allow", .shape = "BHXY", .types = TYPES(T(i8)), .flags = ASSAY_OPTIONAL | ASSAY_BROADCAST },
    { .name = "o", .shape = "BTHE", .types = TYPES(FLOATS), .access = ASSAY_OUT },
};
static const assay_field fields[] = {
    ASSAY_FIELD(assay_attention_params, scale, 0, 1e6),
    ASSAY_FIELD(assay_attention_params, softcap, 0, 1e6),
    ASSAY_FIELD(assay_attention_params, causal, 0, 1),
    ASSAY_FIELD_ALONG(assay_attention_params, window, 0, 1 << 30, 'S'),
    ASSAY_FIELD_ALONG(assay_attention_params, page, 0, 1 << 30, 'S'),
    ASSAY_FIELD_ALONG(assay_attention_params, right, 0, 1 << 30, 'S'),
    ASSAY_FIELD_ALONG(assay_attention_params, prefix, 0, 1 << 30, 'S'),
    ASSAY_FIELD_ALONG(assay_attention_params, chunk, 0, 1 << 30, 'S'),
    ASSAY_FIELD(assay_attention_params, tile, 0, 1 << 20),
};
static const assay_plane planes[] = {
    { "abs", "BTHE" },   { "dot", "BTHE" },  { "rest", "BTHE" },      { "weight", "BTHE" }, { "tanh", "BTHE" },
    { "under", "BTHE" }, { "over", "BTHE" }, { "range", "BTHE" },     { "raises", "BTH" },  { "count", "BTH" },
    { "sigma", "BTH" },  { "reach", "BTH" }, { "most under", "BTH" }, { "size", "BTH" },
};
static const assay_said says[] = {
    { "B", "sequences" },
    { "T", "queries of a sequence" },
    { "S", "keys and values that a sequence has room for" },
    { "H", "heads of queries" },
    { "G", "heads of keys and values; query head h reads head h G / H" },
    { "D", "length of a query and of a key" },
    { "E", "length of a value" },
    { "P", "entries of a sequence's page table" },
    { "X", "tiles of allow along the queries" },
    { "Y", "tiles of allow along the keys" },
    { "q", "queries" },
    { "k", "keys" },
    { "v", "values" },
    { "mask", "added to each score; -inf hides the key" },
    { "slopes", "ALiBi: slope of each head, subtracted times the distance of the positions" },
    { "sinks", "a score per head that joins the softmax and has no value" },
    { "qpos", "position of each query; left out: the last T of the keys in use" },
    { "kpos", "position of each key, negative: an empty slot; left out: 0 1 2 ..." },
    { "len", "keys in use of each sequence; left out: all S, or as many as its pages hold" },
    { "pages",
      "pages[b][i]: which page of k and v, of all sequences together, holds keys i page .. i page + page - 1" },
    { "allow", "not 0: queries of this tile may look at keys of this tile, by their numbers; 0: hidden; with tile=1 "
               "ONNX's and PyTorch's mask of truth values" },
    { "scale", "of q.k; 0: 1/sqrt(D)" },
    { "softcap", "c tanh(score / c) before mask and slopes; 0: off" },
    { "causal", "1: a key is visible if its position is not after the query's" },
    { "window", "W: |query position - key position| < W; 0: all keys" },
    { "right", "R: key position - query position < R, in place of the window's W; 0: as the window" },
    { "prefix", "causal hides no key at a position below this" },
    { "chunk", "C: only keys of the query's own chunk of positions, i C .. i C + C - 1; 0: all" },
    { "tile", "queries and keys of a tile of allow; 0: 1" },
    { "page", "keys of a page; not 0 exactly where pages are given" },
    { NULL, "H is a multiple of G" },
    { NULL, "len[b] is at most S and, with pages, at most P page; no page reaches beyond the B S rows of k and v" },
    { NULL, "X tile covers T and Y tile covers S, where allow is given" },
    { NULL, "kpanel16 holds f32, f16 and bf16 only" },
    { NULL, "a key whose score is -inf counts for nothing; NaN is right besides where its value is not finite" },
    { NULL, "a query that sees no key, or scores of -inf alone (sinks, too), gets zeros" },
    { NULL, "kernels never see scale=0: 1/sqrt(D) stands there" },
};

/* Bytes of n elements of a type, for counting. */
static double size_of(assay_dtype t, double n)
{
    const assay_dtype_info *d = assay_dtype_of(t);
    return n * d->bytes / d->block;
}

/* One i32 of a view of rank 1 or 2. */
static int32_t at(const assay_tensor *t, int64_t i, int64_t j)
{
    int32_t v;
    const char *p = (const char *)t->data + i * t->stride[0] + (t->rank > 1 ? j * t->stride[1] : 0);
    __builtin_memcpy(&v, p, sizeof v);
    return v;
}

/* Keys of sequence b in use, 0 where the operands are not there to tell. */
static int64_t keys(const assay_args *a, int64_t b)
{
    const assay_attention_params *p = a->params;
    const int64_t S = a->dim[2], P = a->dim[7];
    if (a->operand[LEN].data)
        return at(&a->operand[LEN], b, 0);
    return p->page > 0 && P * p->page < S ? P * p->page : S;
}

static assay_status resolve(const assay_args *a, void *params, assay_why *why)
{
    assay_attention_params *p = params;
    const int64_t B = a->dim[0], S = a->dim[2], H = a->dim[3], G = a->dim[4], D = a->dim[5], P = a->dim[7];
    const bool paged = a->operand[PAGES].rank > 0;
    if (G <= 0 ? H > 0 : H % G)
        return assay_fail(why, ASSAY_ERR_SHAPE, "attention: H=%lld is not a multiple of G=%lld", (long long)H,
                          (long long)G);
    if (a->operand[K].layout == ASSAY_LAYOUT_kpanel16 && size_of(a->operand[K].type, 1) < 2)
        return assay_fail(why, ASSAY_ERR_LAYOUT, "attention: k is %s, and kpanel16 holds f32, f16 and bf16 only",
                          assay_dtype_of(a->operand[K].type)->name);
    if (p->tile == 0)
        p->tile = 1;
    if (a->operand[ALLOW].rank > 0 && (a->dim[8] * p->tile < a->dim[1] || a->dim[9] * p->tile < S))
        return assay_fail(why, ASSAY_ERR_SHAPE, "attention: X=%lld, Y=%lld tiles of %d, but T=%lld, S=%lld",
                          (long long)a->dim[8], (long long)a->dim[9], (int)p->tile, (long long)a->dim[1], (long long)S);
    if (paged != (p->page > 0))
        return assay_fail(why, ASSAY_ERR_PARAM, "attention: page=%d, but pages %s given", (int)p->page,
                          paged ? "are" : "are not");
    if (p->scale == 0)
        p->scale = D > 0 ? 1 / __builtin_sqrtf((float)D) : 1;
    for (int64_t b = 0; b < B; b++) {
        const int64_t n = a->operand[LEN].data || !paged ? keys(a, b) : (P * p->page < S ? P * p->page : S);
        if (n < 0 || n > S)
            return assay_fail(why, ASSAY_ERR_PARAM, "attention: len[%lld]=%lld, but S=%lld", (long long)b, (long long)n,
                              (long long)S);
        if (!paged)
            continue;
        if (n > P * p->page)
            return assay_fail(why, ASSAY_ERR_PARAM, "attention: len[%lld]=%lld, but P=%lld pages of %d keys",
                              (long long)b, (long long)n, (long long)P, (int)p->page);
        for (int64_t i = 0; a->operand[PAGES].data && i * p->page < n; i++) {
            const int64_t id = at(&a->operand[PAGES], b, i),
                          last = n - i * p->page < p->page ? n - i * p->page : p->page;
            if (id < 0 || id * p->page + last > B * S)
                return assay_fail(why, ASSAY_ERR_PARAM,
                                  "attention: pages[%lld][%lld]=%lld, but %lld rows hold %lld pages", (long long)b,
                                  (long long)i, (long long)id, (long long)(B * S), (long long)(B * S / p->page));
        }
    }
    return ASSAY_OK;
}

/* What a query at q sees by position: from .. end - 1.  Both rise with q. */
static void span(const assay_attention_params *p, int64_t q, int64_t *from, int64_t *end)
{
    const int64_t W = p->window, R = p->right ? p->right : W, most = (int64_t)1 << 40;
    int64_t lo = W > 0 ? q - W + 1 : 0, hi = R > 0 ? q + R : most;
    if (p->causal && hi > q + 1)
        hi = q + 1 > p->prefix ? q + 1 : hi < p->prefix ? hi : p->prefix;
    if (p->chunk > 0) {
        const int64_t first = q < 0 ? -1 : q / p->chunk * p->chunk, last = q < 0 ? 0 : first + p->chunk;
        lo = lo > first ? lo : first, hi = hi < last ? hi : last;
    }
    *from = lo > 0 ? lo : 0, *end = hi;
}

/* Without positions query t is at n - T + t. */
static void count_in_order(const assay_attention_params *p, int64_t T, int64_t n, double *pairs, double *used)
{
    int64_t next = 0; /* the first key that no query has seen */
    for (int64_t t = 0; t < T; t++) {
        int64_t from, end;
        span(p, n - T + t, &from, &end);
        end = end < n ? end : n;
        if (end <= from)
            continue;
        *pairs += (double)(end - from);
        *used += (double)(end > next ? end - (from > next ? from : next) : 0);
        next = end > next ? end : next;
    }
}

/* Pairs of query and key that see each other by position (mask and allow are not asked), and
 * keys that any query sees. */
static void count(const assay_args *a, double *pairs, double *used)
{
    const assay_attention_params *p = a->params;
    const int64_t B = a->dim[0], T = a->dim[1];
    *pairs = *used = 0;
    for (int64_t b = 0; b < B; b++) {
        const int64_t n = keys(a, b);
        if (!a->operand[QPOS].data && !a->operand[KPOS].data) {
            const double times = a->operand[LEN].data ? 1 : (double)B; /* all sequences are alike */
            double one[2] = { 0, 0 };
            count_in_order(p, T, n, &one[0], &one[1]);
            *pairs += times * one[0], *used += times * one[1];
            if (times > 1)
                break;
            continue;
        }
        for (int64_t j = 0; j < n; j++) {
            const int64_t s = a->operand[KPOS].data ? at(&a->operand[KPOS], b, j) : j;
            int64_t sees = 0;
            for (int64_t t = 0; t < T && s >= 0; t++) {
                int64_t from, end;
                span(p, a->operand[QPOS].data ? at(&a->operand[QPOS], b, t) : n - T + t, &from, &end);
                sees += s >= from && s < end;
            }
            *pairs += (double)sees, *used += sees > 0;
        }
    }
}

static double flops(const assay_args *a)
{
    double pairs, used;
    count(a, &pairs, &used);
    return 2 * pairs * (double)a->dim[3] * (double)(a->dim[5] + a->dim[6]);
}

static double bytes(const assay_args *a)
{
    const double rows = (double)a->dim[0] * (double)a->dim[1] * (double)a->dim[3], G = (double)a->dim[4];
    double pairs, used;
    count(a, &pairs, &used);
    return size_of(a->operand[Q].type, rows * (double)a->dim[5]) +
           size_of(a->operand[OUT].type, rows * (double)a->dim[6]) +
           size_of(a->operand[K].type, used * G * (double)a->dim[5]) +
           size_of(a->operand[V].type, used * G * (double)a->dim[6]) +
           (a->operand[MASK].rank > 0 ? size_of(a->operand[MASK].type, pairs * (double)a->dim[3]) : 0);
}

SPEC(attention) = {
    USUAL(attention),
    BOUNDED(attention),
    .formula = "o = softmax(cap(scale q.k) + mask - slope |t - s|) v over visible keys",
    .dims = "BTSHGDEPXY",
    .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_ROWS, ASSAY_ROLE_KEYS, ASSAY_ROLE_HEADS, ASSAY_ROLE_GROUPS, ASSAY_ROLE_HEAD,
              ASSAY_ROLE_HEAD, ASSAY_ROLE_DERIVED, ASSAY_ROLE_DERIVED, ASSAY_ROLE_DERIVED },
    .split = 'T',
    FIELDS(fields, assay_attention_params),
    .resolve = resolve,
    .flops = flops,
    .bytes = bytes,
};
