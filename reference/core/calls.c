/* SPDX-License-Identifier: MIT */
#include "calls.h"
#include "options.h"
#include "save.h"
#include "tensor.h"
#include <stdlib.h>
#include <string.h>

static assay_calls_lister *lister;

void assay_calls_by(assay_calls_lister *by)
{
    lister = by;
}

assay_status assay_calls_of(const assay_calls_asked *asked, assay_calls *c, assay_why *why)
{
    *c = (assay_calls){ 0 };
    return lister ? lister(asked, c, why)
                  : assay_fail(why, ASSAY_UNSUPPORTED, "%.200s: this build runs no models", asked->model);
}

void assay_calls_free(assay_calls *c)
{
    free(c->call);
    free(c->other);
    *c = (assay_calls){ 0 };
}

void assay_calls_add(assay_calls *c, const assay_model_call *call, int64_t times)
{
    size_t i = 0;
    while (i < c->n && strcmp(c->call[i].line, call->line) != 0)
        i++;
    if (i == c->n) {
        c->call = assay_grown(c->call, c->n, sizeof *c->call);
        c->call[c->n++] = *call;
    }
    assay_calls_phase *p = &c->phase[c->n_phases - 1];
    c->call[i].count[c->n_phases - 1] += times;
    p->calls += times;
    p->flops += (double)times * call->flops;
    p->bytes += (double)times * call->bytes;
}

void assay_calls_workload(const assay_calls *c, int phase, char *text, size_t n)
{
    snprintf(text, n, "model:%s.%s", c->name, c->phase[phase].name);
}

double assay_operand_bytes(const assay_op *op, const assay_tensor *t, bool weights, bool others)
{
    double sum = 0;
    for (int i = 0; i < op->n_operands; i++)
        if ((t[i].rank > 0 || !*op->operands[i].shape) && (op->operands[i].flags & ASSAY_WEIGHT ? weights : others))
            sum += (double)assay_tensor_bytes(&t[i]) * (op->operands[i].access == ASSAY_INOUT ? 2 : 1);
    return sum;
}

enum { KEY_MODEL = 0x1000, KEY_PROMPT, KEY_CONTEXT, KEY_KV, KEY_DIM };

static error_t parse(int key, char *arg, struct argp_state *state)
{
    assay_calls_asked *a = state->input;
    switch (key) {
    case KEY_MODEL:
        a->model = arg;
        assay_save_spare(arg);
        return 0;
    case KEY_PROMPT:
        a->prompt = (int64_t)assay_option_whole(state, "--prompt", arg, 1, 1 << 20);
        return 0;
    case KEY_CONTEXT:
        a->context = (int64_t)assay_option_whole(state, "--context", arg, 1, 1 << 24);
        return 0;
    case KEY_KV:
        a->kv = arg;
        return 0;
    case KEY_DIM:
        if (a->n_lengths == ASSAY_CALLS_DIMS)
            argp_error(state, "--dim: at most %d lengths", ASSAY_CALLS_DIMS);
        if (!strrchr(arg, '='))
            argp_error(state, "--dim %.80s: NAME=N is meant", arg);
        assay_option_whole(state, "--dim", strrchr(arg, '=') + 1, 0, 1 << 30);
        a->length[a->n_lengths++] = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

#define SIZES                                                                                                           \
    {                                                                                                                   \
        "prompt", KEY_PROMPT, "N", 0, "tokens of the prompt, rows of an encoder (default 512, or all that it takes)", 0 \
    },                                                                                                                  \
        { "context", KEY_CONTEXT, "N", 0, "tokens before the one that is decoded (default: the prompt's)", 0 },         \
        { "kv", KEY_KV, "TYPE", 0, "element type of the model's caches: f32 (default), f16 or q8_0", 0 },               \
        { "dim", KEY_DIM, "NAME=N", ASSAY_OPTION_REPEATS, "a length that ONNX only names (repeat)", 0 },                \
    {                                                                                                                   \
        0                                                                                                               \
    }

static const struct argp_option sizes[] = { SIZES };
static const struct argp_option model[] = {
    { "model", KEY_MODEL, "MODEL", 0, "the calls of this model's prompt and decoding, each once, with their counts",
      0 },
    SIZES,
};
const struct argp assay_calls_argp = { sizes, parse, NULL, NULL, NULL, NULL, NULL };
const struct argp assay_calls_model_argp = { model, parse, NULL, NULL, NULL, NULL, NULL };
