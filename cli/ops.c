/* SPDX-License-Identifier: MIT
 * assay ops MODEL: which calls a model makes, how often, and what they weigh. */
#include "../conformance/results/terminal.h"
#include "../reference/core/document.h"
#include "../reference/core/options.h"
#include "../reference/core/save.h"
#include "../reference/models/calls.h"
#include "commands.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_IMPL = 256, KEY_ISA, KEY_JSON, OPS = 64 };

typedef struct options {
    assay_calls_asked asked;
    const char *json;
} options;

static const struct argp_option option_table[] = {
    { "impl", KEY_IMPL, "IMPL", 0,
      "as of assay run: best (default), scalar, which fuses nothing, or op=kernel with best for the rest", 0 },
    { "isa", KEY_ISA, "TIER", 0, "kernels up to this tier", 0 },
    { "json", KEY_JSON, "FILE", 0, "write the same as JSON; -: standard output", 0 },
    { 0 },
};
static const struct argp_child children[] = { { &assay_calls_argp, 0, NULL, 0 }, { 0 } };

static error_t take(int key, char *arg, struct argp_state *state)
{
    options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->asked;
        return 0;
    case KEY_IMPL:
        o->asked.impl = arg;
        return 0;
    case KEY_ISA:
        o->asked.isa = arg;
        return 0;
    case KEY_JSON:
        o->json = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (o->asked.model)
            argp_error(state, "one MODEL; '%s' is too much", arg);
        o->asked.model = arg;
        assay_save_spare(arg);
        return 0;
    case ARGP_KEY_END:
        if (!o->asked.model)
            argp_error(state, "MODEL is missing");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

typedef struct share { /* of a phase: a call, or all calls of an op */
    const assay_model_call *call;
    const char *op;
    int64_t calls;
    double flops, bytes;
} share;

static int by_flops(const void *a, const void *b)
{
    const share *x = a, *y = b;
    return x->flops != y->flops ? (x->flops < y->flops) - (x->flops > y->flops)
                                : (x->bytes < y->bytes) - (x->bytes > y->bytes);
}

static int by_bytes(const void *a, const void *b)
{
    const share *x = a, *y = b;
    return x->bytes != y->bytes ? (x->bytes < y->bytes) - (x->bytes > y->bytes)
                                : (x->flops < y->flops) - (x->flops > y->flops);
}

/* One token's work is bounded by memory, that of many by arithmetic: the dearest first. */
static void sort(const assay_calls_phase *p, share *s, size_t n)
{
    qsort(s, n, sizeof *s, p->tokens > 1 ? by_flops : by_bytes);
}

static size_t calls_of(const assay_calls *c, int phase, share *out)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++) {
        const double k = (double)c->call[i].count[phase];
        if (k > 0)
            out[n++] = (share){ &c->call[i], c->call[i].op->name, c->call[i].count[phase], k * c->call[i].flops,
                                k * c->call[i].bytes };
    }
    sort(&c->phase[phase], out, n);
    return n;
}

static size_t ops_of(const assay_calls *c, int phase, const share *call, size_t n, share *out)
{
    size_t ops = 0;
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < ops && strcmp(out[k].op, call[i].op) != 0)
            k++;
        if (k == ops)
            out[ops++] = (share){ .op = call[i].op };
        out[k].calls += call[i].calls, out[k].flops += call[i].flops, out[k].bytes += call[i].bytes;
    }
    sort(&c->phase[phase], out, ops);
    return ops;
}

static double part(double x, double of)
{
    return of > 0 ? x / of : 0;
}

/* 12.3 k, M, G, T */
static void amount(double x, char text[16])
{
    static const char *const unit[] = { "", "k", "M", "G", "T", "P" };
    size_t u = 0;
    for (; x >= 999.5 && u + 1 < sizeof unit / sizeof *unit; u++)
        x /= 1000;
    snprintf(text, 16, "%.*f %s", !u || x >= 99.95 ? 0 : x >= 9.995 ? 1 : 2, x, unit[u]);
}

static void print_share(const assay_calls_phase *p, const share *s)
{
    char flops[16], bytes[16];
    amount(s->flops, flops);
    amount(s->bytes, bytes);
    printf("%7" PRId64 " %10s %5.1f %% %10s %5.1f %%  ", s->calls, flops, 100 * part(s->flops, p->flops), bytes,
           100 * part(s->bytes, p->bytes));
}

static void print_phase(const assay_calls *c, int phase, const share *call, size_t n, const share *op, size_t ops)
{
    const assay_calls_phase *p = &c->phase[phase];
    char flops[16], bytes[16];
    int width = 6;
    for (size_t i = 0; i < n; i++)
        width = (int)strlen(call[i].call->kernel) > width ? (int)strlen(call[i].call->kernel) : width;
    amount(p->flops, flops);
    amount(p->bytes, bytes);
    printf("\n%s: ", p->name);
    if (p->tokens)
        printf("%" PRId64 " token%s, ", p->tokens, assay_s(p->tokens));
    printf("%" PRId64 " calls (%zu different), %sFLOP, %sB\n", p->calls, n, flops, bytes);
    printf("  calls       FLOP   share      bytes   share  %-*s  case\n", width, "kernel");
    for (size_t i = 0; i < n; i++) {
        print_share(p, &call[i]);
        printf("%-*s  %s\n", width, call[i].call->kernel, call[i].call->line);
    }
    printf("  by op\n");
    for (size_t i = 0; i < ops; i++) {
        print_share(p, &op[i]);
        puts(op[i].op);
    }
}

static int by_count(const void *a, const void *b)
{
    const assay_calls_other *x = a, *y = b;
    return x->count != y->count ? (x->count < y->count) - (x->count > y->count) : strcmp(x->name, y->name);
}

/* Nodes of an ONNX graph that are no calls. */
static void say_others(const assay_calls *c, assay_json *j)
{
    int64_t nodes = 0;
    for (size_t i = 0; i < c->n_others; i++)
        nodes += c->other[i].count;
    if (!strcmp(c->family, "onnx"))
        printf("\n%" PRId64 " node%s of the graph are none of these calls and are not weighed%s\n", nodes,
               assay_s(nodes), nodes ? ":" : ".");
    if (c->n_others)
        qsort(c->other, c->n_others, sizeof *c->other, by_count);
    assay_json_open(j, "others", '[');
    for (size_t i = 0; i < c->n_others; i++) {
        printf("%7" PRId64 " %-28s %s\n", c->other[i].count, c->other[i].name, c->other[i].reason);
        assay_json_open(j, NULL, '{');
        assay_json_str(j, "node", c->other[i].name);
        assay_json_int(j, "count", c->other[i].count);
        assay_json_str(j, "reason", c->other[i].reason);
        assay_json_close(j);
    }
    assay_json_close(j);
}

static void write_share(assay_json *j, const assay_calls_phase *p, const share *s)
{
    assay_json_open(j, NULL, '{');
    assay_json_str(j, "op", s->op);
    if (s->call) {
        assay_json_str(j, "case", s->call->line);
        assay_json_str(j, "kernel", s->call->kernel);
    }
    assay_json_int(j, "calls", s->calls);
    if (s->call) {
        assay_json_num(j, "flops_each", s->call->flops);
        assay_json_num(j, "bytes_each", s->call->bytes);
    }
    assay_json_num(j, "flops", s->flops);
    assay_json_num(j, "bytes", s->bytes);
    assay_json_num(j, "flops_share", part(s->flops, p->flops));
    assay_json_num(j, "bytes_share", part(s->bytes, p->bytes));
    assay_json_close(j);
}

static void write_phase(assay_json *j, const assay_calls_phase *p, const share *call, size_t n, const share *op,
                        size_t ops)
{
    assay_json_open(j, NULL, '{');
    assay_json_str(j, "name", p->name);
    assay_json_int(j, "tokens", p->tokens);
    assay_json_int(j, "calls", p->calls);
    assay_json_num(j, "flops", p->flops);
    assay_json_num(j, "bytes", p->bytes);
    assay_json_open(j, "cases", '[');
    for (size_t i = 0; i < n; i++)
        write_share(j, p, &call[i]);
    assay_json_close(j);
    assay_json_open(j, "ops", '[');
    for (size_t i = 0; i < ops; i++)
        write_share(j, p, &op[i]);
    assay_json_close(j);
    assay_json_close(j);
}

static assay_status say(const options *o, const assay_calls *c, assay_why *why)
{
    const char *impl = o->asked.impl ? o->asked.impl : "best";
    share *call = assay_room(c->n + 1, sizeof *call), op[OPS];
    assay_json j = { 0 };
    assay_document_open(&j, "ops");
    assay_json_str(&j, "model", o->asked.model);
    assay_json_str(&j, "name", c->name);
    assay_json_str(&j, "family", c->family);
    assay_json_num(&j, "parameters", c->parameters);
    assay_json_str(&j, "impl", impl);
    assay_json_str(&j, "isa", c->tier);
    assay_json_str(&j, "kv", c->kv);
    assay_json_open(&j, "phases", '[');
    printf("%s: family %s, %.0f parameters\n", c->name, c->family, c->parameters);
    if (!strcmp(c->family, "onnx"))
        puts("The calls of our ops that the nodes of the graph make, one pass over its lengths; none is fused.");
    else
        printf("The calls that assay run --impl %s --isa %s --kv %s makes: runs of calls that a kernel takes as one op "
               "are one%s.\n",
               impl, c->tier, c->kv, strcmp(impl, "scalar") ? " (--impl scalar: all apart)" : "; scalar takes none");
    for (int p = 0; p < c->n_phases; p++) {
        const size_t n = calls_of(c, p, call), ops = ops_of(c, p, call, n, op);
        print_phase(c, p, call, n, op, ops);
        write_phase(&j, &c->phase[p], call, n, op, ops);
    }
    assay_json_close(&j);
    say_others(c, &j);
    free(call);
    return assay_document_write(&j, o->json, why);
}

int assay_cmd_ops(int argc, char **argv)
{
    static const struct argp argp = {
        option_table,
        take,
        "MODEL",
        "Prints the calls of ops that a model makes for a prompt and for one more token, from the headers of its "
        "files: each different call once, as the line that `assay check --case` and `assay bench --case` take, with "
        "how often it is made, the kernel that assay run would choose, and its share of the arithmetic and of the "
        "bytes that the ops count.  `assay check --model` and `assay bench --model` judge and measure exactly "
        "these.\vExit status: 0 done, 2 wrong use or unreadable input.",
        children,
        NULL,
        NULL
    };
    options o = { 0 };
    assay_calls c = { 0 };
    assay_why why = { "" };
    assay_options_parse(&argp, argc, argv, &o);
    assay_status s = assay_save_begin((const char *const[]){ "--json" }, &o.json, 1, &why);
    if (!s)
        s = assay_calls_of(&o.asked, &c, &why);
    if (!s)
        s = say(&o, &c, &why);
    assay_calls_free(&c);
    if (s)
        fprintf(stderr, "assay ops: %s\n", why.text);
    return s ? 2 : 0;
}
