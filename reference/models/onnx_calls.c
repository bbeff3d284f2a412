/* SPDX-License-Identifier: MIT */
#include "onnx_calls.h"
#include "../core/registry.h"
#include "onnx_rules.h"
#include "session.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { USUAL = 512 };

static void other(assay_calls *c, const assay_onnx_node *n, const char *reason)
{
    assay_calls_other o = { .count = 1 };
    size_t k = 0;
    if (n->domain.n && !assay_span_is(n->domain, "ai.onnx"))
        snprintf(o.name, sizeof o.name, "%.*s.", n->domain.n < 24 ? (int)n->domain.n : 24, n->domain.at);
    const size_t at = strlen(o.name);
    snprintf(o.name + at, sizeof o.name - at, "%.*s", n->op.n < 36 ? (int)n->op.n : 36, n->op.at);
    for (char *p = o.name; *p; p++)
        *p = isgraph((unsigned char)*p) && !(*p & 128) ? *p : '?';
    if (n->inner)
        snprintf(o.reason, sizeof o.reason, "holds graphs of its own, whose nodes are not listed");
    else
        snprintf(o.reason, sizeof o.reason, "%.90s", reason);
    while (k < c->n_others && (strcmp(c->other[k].name, o.name) != 0 || strcmp(c->other[k].reason, o.reason) != 0))
        k++;
    if (k == c->n_others) {
        c->other = assay_grown(c->other, k, sizeof *c->other);
        c->other[c->n_others++] = o;
    } else {
        c->other[k].count++;
    }
}

typedef struct lengths {
    const assay_calls_asked *asked;
    bool prompt, used[ASSAY_CALLS_DIMS]; /* of the options: did a name of the file ask for it? */
} lengths;

/* Of the options; else a batch is 1, a sequence the prompt, and a past is empty. */
static bool length(void *ctx, assay_span name, bool input, int64_t *n)
{
    static const struct {
        const char *name;
        int what; /* 0: as long; -1: the prompt */
    } usual[] = { { "batch", 1 },
                  { "batch_size", 1 },
                  { "sequence", -1 },
                  { "sequence_length", -1 },
                  { "seq", -1 },
                  { "seq_len", -1 },
                  { "seq_length", -1 },
                  { "past_sequence_length", 0 },
                  { "total_sequence_length", -1 } };
    lengths *l = ctx;
    const assay_calls_asked *a = l->asked;
    for (int i = 0; i < a->n_lengths; i++) {
        const char *end = strrchr(a->length[i], '=');
        if (end && (size_t)(end - a->length[i]) == name.n && !memcmp(a->length[i], name.at, name.n)) {
            *n = strtoll(end + 1, NULL, 10);
            l->used[i] = true;
            return true;
        }
    }
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (assay_span_is(name, usual[i].name)) {
            l->prompt |= input && usual[i].what < 0; /* others follow from these, or are what they are */
            *n = usual[i].what >= 0 ? usual[i].what : a->prompt ? a->prompt : USUAL;
            return true;
        }
    return false;
}

assay_status assay_onnx_calls_of(const assay_calls_asked *a, const unsigned char *data, size_t n, assay_calls *c,
                                 assay_why *why)
{
    assay_onnx g;
    const assay_isa *tier = a->isa ? assay_isa_find(a->isa) : NULL;
    assay_onnx_work w = { .c = c, .g = &g, .isa = assay_cpu() & (tier ? tier->bits : UINT64_MAX) };
    if (a->impl && !strcmp(a->impl, "scalar"))
        w.isa = 0;
    c->prompt = a->prompt ? a->prompt : USUAL;
    lengths l = { .asked = a };
    assay_status s = assay_onnx_parse(data, n, a->model, length, &l, &g, why);
    if (!s && a->prompt && !l.prompt)
        s = assay_fail(why, ASSAY_ERR_ARG, "%.200s: --prompt says nothing: no length has the name of a sequence",
                       a->model);
    for (int i = 0; i < a->n_lengths && !s; i++)
        if (!l.used[i])
            s = assay_fail(why, ASSAY_ERR_ARG, "--dim %.80s: %.200s has no length of this name", a->length[i],
                           a->model);
    if (!s) {
        assay_onnx_shapes(&g);
        c->n_phases = 1;
        if (l.prompt)
            c->phase[0].tokens = c->prompt;
        snprintf(c->phase[0].name, sizeof c->phase[0].name, l.prompt ? "pass%" PRId64 : "pass", c->prompt);
        for (size_t i = 0; i < g.n_nodes; i++) {
            w.n = &g.node[i];
            const char *reason = assay_onnx_call(&w);
            if (reason)
                other(c, w.n, reason);
        }
        c->parameters = g.parameters;
        c->tier = assay_impl_tier(&(assay_impl){ .isa = w.isa });
        c->kv = "f32";
        snprintf(c->family, sizeof c->family, "onnx");
    }
    assay_onnx_free(&g);
    return s;
}

assay_status assay_onnx_calls(const assay_calls_asked *a, assay_calls *c, assay_why *why)
{
    assay_map m;
    if (a->kv || a->context || (a->impl && strcmp(a->impl, "best") != 0 && strcmp(a->impl, "scalar") != 0))
        return assay_fail(why, ASSAY_ERR_ARG,
                          "%.200s: of an ONNX file --context, --kv and --impl OP=KERNEL say nothing", a->model);
    if (a->isa && !assay_isa_find(a->isa))
        return assay_fail(why, ASSAY_ERR_ARG, "--isa %.40s: no such tier (assay list isa)", a->isa);
    assay_status s = assay_map_open(a->model, &m, why);
    if (s)
        return s;
    s = assay_onnx_calls_of(a, m.data, m.n, c, why);
    assay_map_close(&m);
    const char *slash = strrchr(a->model, '/'), *name = slash ? slash + 1 : a->model;
    for (size_t i = 0; i < 48 && name[i] && name[i + 5]; i++)
        c->name[i] = (char)(isalnum((unsigned char)name[i]) || strchr("._-+", name[i]) ? name[i] : '_');
    return s;
}
