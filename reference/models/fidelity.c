/* SPDX-License-Identifier: MIT */
#include "fidelity.h"
#include "../core/clock.h"
#include "../core/memory.h"
#include "../core/registry.h"
#include "../core/status.h"
#include "family.h"
#include "fidelity_parts.h"
#include "load.h"
#include "prompt.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct work {
    assay_fidelity *f;
    assay_loaded l;
    assay_inputs in;
    assay_map text;
    assay_feed feed;
    float *base, *mine; /* (rows, width): what all is held against, the implementation's */
    double *wide;       /* (width) */
    float *narrow;
} work;

typedef struct side { /* one run of the model */
    work *w;
    const char *says;
    uint64_t noise;      /* seed; 0: none */
    float *keep;         /* where its rows go, when all is compared; NULL: nowhere */
    const float *base;   /* what its rows are held against; NULL: the base's */
    assay_apart *from;   /* is told how far its rows are from the base; NULL: nothing is */
    assay_apart *toward; /* and how far the implementation's are from its rows */
    bool mark;           /* its ops and kernels become f->op */
    double *took;        /* seconds of its steps; NULL: nobody asks */
} side;

/* Which op is computed by which kernel: into f->op, once each. */
static void mark(assay_fidelity *f, const assay_session *s)
{
    assay_share share[64];
    for (int i = 0, n = assay_session_shares(s, share, 64); i < n; i++) {
        int k = 0;
        while (k < f->n_ops && strcmp(f->op[k].op, share[i].op))
            k++;
        if (!strcmp(share[i].kernel, "oracle") || k == ASSAY_FIDELITY_OPS)
            continue;
        assay_fidelity_op *o = &f->op[k];
        if (k == f->n_ops) {
            f->n_ops++;
            snprintf(o->op, sizeof o->op, "%s", share[i].op);
        }
        const assay_kernel *kernel = assay_kernel_find(share[i].op, share[i].kernel);
        f->rounds |= kernel && kernel->contract && kernel->contract->round[0].operand;
        const size_t used = strlen(o->kernels), length = strlen(share[i].kernel);
        const char *there = strstr(o->kernels, share[i].kernel);
        while (there && ((there > o->kernels && there[-1] != ' ') || (there[length] && there[length] != ',')))
            there = strstr(there + 1, share[i].kernel);
        if (!there && used + length + 3 < sizeof o->kernels)
            snprintf(o->kernels + used, sizeof o->kernels - used, "%s%s", used ? ", " : "", share[i].kernel);
    }
}

static void take(void *ctx, const assay_session *s, int64_t row, int64_t n)
{
    side *x = ctx;
    work *w = x->w;
    assay_fidelity *f = w->f;
    if (x->mark)
        mark(f, s);
    for (int64_t i = 0; i < n; i++) {
        const int64_t r = row + i;
        assay_session_logits(s, i, w->wide);
        for (int64_t v = 0; v < f->width; v++)
            w->narrow[v] = (float)w->wide[v];
        if (x->from)
            assay_apart_row(x->from, (x->base ? x->base : w->base) + r * f->width, w->narrow,
                            assay_feed_next(&w->feed, r), w->feed.ids);
        if (x->toward)
            assay_apart_row(x->toward, w->narrow, w->mine + r * f->width, assay_feed_next(&w->feed, r), w->feed.ids);
        if (x->keep)
            memcpy(x->keep + r * f->width, w->narrow, (size_t)f->width * sizeof *w->narrow);
    }
    if (f->progress)
        f->progress(row + n, f->rows, x->says);
}

static assay_status run(work *w, const assay_impl *impl, side *x, assay_why *why)
{
    assay_fidelity *f = w->f;
    assay_session *s = NULL;
    x->w = w;
    if (f->progress)
        f->progress(0, f->rows, x->says);
    if (x->from)
        assay_apart_begin(x->from, f->width, f->chances);
    if (x->toward)
        assay_apart_begin(x->toward, f->width, f->chances);
    assay_status status = assay_feed_session(&w->feed, impl, f->threads, &s, why);
    if (!status && x->noise)
        assay_session_noise(s, x->noise);
    const double begin = assay_seconds();
    if (!status)
        status = assay_feed_run(&w->feed, s, take, x, why);
    if (x->took)
        *x->took = assay_seconds() - begin;
    assay_session_free(s);
    if (x->from)
        assay_apart_end(x->from);
    if (x->toward)
        assay_apart_end(x->toward);
    return status;
}

static assay_impl oracle_of(const assay_fidelity *f)
{
    return (assay_impl){ .how = ASSAY_RUN_ORACLE, .isa = f->impl.isa };
}

/* impl with values rounded at random, from its own rows: into floor. */
static assay_status find_floor(work *w, const assay_impl *impl, const float *own, int seeds, assay_floor *floor,
                               assay_why *why)
{
    assay_status s = ASSAY_OK;
    for (int seed = 1; seed <= seeds && !s; seed++) {
        char says[64];
        assay_apart p;
        snprintf(says, sizeof says, "floor%s, %d of %d", impl->rounds_like ? ", rounding alike" : "", seed, seeds);
        s = run(w, impl, &(side){ .says = says, .noise = (uint64_t)seed, .base = own, .from = &p }, why);
        const assay_spread spread = assay_apart_spread(&p);
        floor->seeds++;
        floor->mean += spread.mean / seeds;
        floor->largest = fmax(floor->largest, spread.largest);
        floor->difference += assay_apart_difference(&p) / seeds;
        assay_apart_free(&p);
    }
    return s;
}

static int by_share(const void *a, const void *b)
{
    const assay_fidelity_op *x = a, *y = b;
    const int kl = (x->kl < y->kl) - (x->kl > y->kl),
              rest = (x->difference < y->difference) - (x->difference > y->difference);
    return kl ? kl : rest ? rest : strcmp(x->op, y->op);
}

/* The oracle with one op swapped, for each that the implementation does not leave to it. */
static assay_status single_ops(work *w, assay_why *why)
{
    assay_fidelity *f = w->f;
    assay_status s = ASSAY_OK;
    double sum = 0;
    for (int i = 0; i < f->n_ops && !s; i++) {
        assay_fidelity_op *o = &f->op[i];
        const assay_swap *asked = assay_impl_swap(&f->impl, o->op);
        assay_impl one = oracle_of(f);
        char says[96];
        assay_apart p;
        one.single = &f->impl;
        one.n_swaps = 1;
        one.swap[0] = asked ? *asked : (assay_swap){ .how = f->impl.how };
        memcpy(one.swap[0].op, o->op, sizeof o->op);
        snprintf(says, sizeof says, "%s alone, %d of %d", o->op, i + 1, f->n_ops);
        s = run(w, &one, &(side){ .says = says, .from = &p }, why);
        const assay_spread spread = assay_apart_spread(&p);
        o->kl = spread.mean, o->largest = spread.largest;
        o->difference = assay_apart_difference(&p);
        o->flips = p.n_flips;
        sum += o->kl;
        assay_apart_free(&p);
    }
    for (int i = 0; i < f->n_ops; i++)
        f->op[i].share = sum > 0 ? f->op[i].kl / sum : 0;
    qsort(f->op, (size_t)f->n_ops, sizeof *f->op, by_share);
    return s;
}

static assay_status base(work *w, assay_why *why)
{
    assay_fidelity *f = w->f;
    const assay_impl oracle = oracle_of(f);
    if (f->against)
        return assay_fidelity_base_read(f, &w->feed, w->base, why);
    snprintf(f->base_impl, sizeof f->base_impl, "oracle");
    snprintf(f->base_model, sizeof f->base_model, "%s", f->model);
    const assay_status s = run(w, &oracle, &(side){ .says = "oracle", .keep = w->base }, why);
    for (int64_t i = 0; i < f->rows * f->width && !s; i++)
        if (!isfinite(w->base[i]))
            return assay_fail(why, ASSAY_ERR_ARG,
                              "the oracle's logit %" PRId64 " of row %" PRId64
                              " is %.9g: there is nothing to compare with",
                              i % f->width, i / f->width, (double)w->base[i]);
    return s;
}

/* All runs of the model, the base's logits into its file besides. */
static assay_status runs(work *w, assay_why *why)
{
    assay_fidelity *f = w->f;
    const assay_impl oracle = oracle_of(f);
    assay_impl alike = oracle;
    alike.rounds_like = &f->impl;
    assay_status s = base(w, why);
    if (!s)
        s = run(w, &f->impl,
                &(side){ .says = f->impl_text, .keep = w->mine, .from = &f->all, .mark = true, .took = &f->took }, why);
    if (!s && f->without)
        s = run(w, f->without, &(side){ .says = "without the plug-in", .from = &f->beside, .took = &f->took_beside },
                why);
    f->rounds &= !f->against;
    if (!s && f->rounds) {
        s = run(w, &alike,
                &(side){ .says = "oracle, rounding alike", .keep = w->mine, .from = &f->alike, .toward = &f->rest },
                why);
        if (!s)
            s = find_floor(w, &alike, w->mine, f->seeds > 0, &f->alike_floor, why);
    }
    if (!s && !f->against)
        s = find_floor(w, &oracle, w->base, f->seeds, &f->floor, why);
    f->n_ops = f->ops ? f->n_ops : 0;
    if (!s)
        s = single_ops(w, why);
    return !s && f->keep_path ? assay_fidelity_base_write(f, &w->feed, w->base, why) : s;
}

/* What goes in where no file of inputs is: text as tokens, or tokens. */
static assay_status tokens(work *w, assay_why *why)
{
    assay_fidelity *f = w->f;
    w->in.label = f->text_path ? f->text_path : "--ids";
    assay_prompt text = { 0 };
    assay_status s = f->text_path ? assay_map_open(f->text_path, &w->text, why) : ASSAY_OK;
    if (!s && f->text_path)
        s = assay_prompt_make(&w->l.tokens, (const char *)w->text.data, w->text.n, f->special, &text, why);
    if (*text.note)
        fprintf(stderr, "assay fidelity: note: %s\n", text.note);
    if (!s && f->text_path && !text.n)
        s = assay_fail(why, ASSAY_ERR_ARG, "%s: a text of 0 tokens", f->text_path);
    const int32_t *from = f->text_path ? text.id : f->ids;
    w->in.ids.n = w->in.ids.last = f->text_path ? (int64_t)text.n : f->n_ids;
    w->in.ids.whole = assay_room((size_t)w->in.ids.n, sizeof(int32_t));
    if (!s && from)
        memcpy(w->in.ids.whole, from, (size_t)w->in.ids.n * sizeof *from);
    free(text.id);
    return s;
}

enum { USUAL = 512 }; /* tokens of a window */

/* Windows, tokens of steps, rows of answers. */
static assay_status fit(work *w, assay_why *why)
{
    assay_fidelity *f = w->f;
    const assay_graph *g = &w->l.graph;
    const int64_t most = g->context ? g->context : INT32_MAX;
    const int64_t usual = f->inputs_path ? w->in.ids.n : USUAL < most ? USUAL : most;
    const bool alone = g->steps && !g->encodes;
    if (g->encodes && g->steps && !f->inputs_path)
        return assay_fail(why, ASSAY_ERR_ARG,
                          "a model of family %s reads ids and decoder_ids, or frames: give --inputs", g->family);
    if (f->window && !alone)
        return assay_fail(why, ASSAY_ERR_ARG, "--window %" PRId64 ": a model of family %s sees its inputs at once",
                          f->window, g->family);
    if (!alone && f->text_path && w->in.ids.n > most)
        return assay_fail(why, ASSAY_ERR_ARG,
                          "%s: a text of %" PRId64
                          " tokens, which a model of family %s sees at once: its context is %" PRId64,
                          f->text_path, w->in.ids.n, g->family, most);
    w->feed = (assay_feed){ .g = &w->l.graph,
                            .in = &w->in,
                            .batch = f->batch,
                            .window = f->window ? f->window : usual,
                            .bos = f->text_path && w->l.tokens.add_bos ? w->l.tokens.bos : -1 };
    assay_status s = assay_feed_fit(&w->feed, why);
    if (s)
        return s;
    if (alone && (f->window > most || w->feed.window > most || (w->feed.window < 2 && w->feed.rows > 1)))
        return assay_fail(why, ASSAY_ERR_ARG, "windows of %" PRId64 " tokens, where the model's context is %" PRId64,
                          f->window ? f->window : w->feed.window, most);
    s = assay_loaded_reach(&w->l, f->kv, w->feed.window, why);
    if (s)
        return s;
    f->rows = w->feed.rows;
    f->width = g->width;
    f->positions = alone ? w->feed.window : 0;
    f->chances = g->logits != g->hidden && f->width > 1;
    snprintf(f->family, sizeof f->family, "%s", g->family);
    const double numbers = (double)f->rows * (double)f->width * 2;
    s = assay_memory_need(numbers < 0x1p60 ? (uint64_t)numbers * sizeof(float) : INT64_MAX,
                          "the logits of all rows, twice,", why);
    return s;
}

assay_status assay_fidelity_run(assay_fidelity *f, assay_why *why)
{
    work w = { .f = f };
    const double begin = assay_seconds();
    assay_status s = f->inputs_path ? assay_inputs_open(f->inputs_path, &w.in, why) : ASSAY_OK;
    if (!s)
        s = assay_load(f->model, f->kv, 0, f->text_path ? ASSAY_WANTS_TEXT : ASSAY_WANTS_NUMBERS, &w.l, why);
    if (!s && !f->inputs_path)
        s = tokens(&w, why);
    if (!s)
        s = fit(&w, why);
    if (!s) {
        w.base = assay_room((size_t)(f->rows * f->width), sizeof *w.base);
        w.mine = assay_room((size_t)(f->rows * f->width), sizeof *w.mine);
        w.wide = assay_room((size_t)f->width, sizeof *w.wide);
        w.narrow = assay_room((size_t)f->width, sizeof *w.narrow);
        s = runs(&w, why);
    }
    f->seconds = assay_seconds() - begin;
    free(w.base);
    free(w.mine);
    free(w.wide);
    free(w.narrow);
    assay_inputs_free(&w.in);
    assay_loaded_free(&w.l);
    assay_map_close(&w.text);
    return s;
}

void assay_fidelity_free(assay_fidelity *f)
{
    assay_apart_free(&f->all);
    assay_apart_free(&f->alike);
    assay_apart_free(&f->rest);
    assay_apart_free(&f->beside);
}

double assay_fidelity_times(const assay_apart *p, const assay_floor *floor)
{
    const double mean = p->rows ? assay_apart_spread(p).mean : 0;
    return !floor->seeds ? NAN : mean > 0 ? mean / floor->mean : 0;
}

double assay_fidelity_judged(const assay_fidelity *f)
{
    return f->alike_floor.seeds ? assay_fidelity_times(&f->rest, &f->alike_floor)
                                : assay_fidelity_times(&f->all, &f->floor);
}
