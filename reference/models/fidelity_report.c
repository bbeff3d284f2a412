/* SPDX-License-Identifier: MIT
 * What is said of a comparison: tables for people, all of it as JSON. */
#include "../core/document.h"
#include "../core/dtype.h"
#include "fidelity.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN = 10 }; /* flips */

static const char *base_of(const assay_fidelity *f)
{
    return f->against ? f->against : "the oracle";
}

static void row(const char *name, const assay_apart *p)
{
    const assay_spread s = assay_apart_spread(p);
    char change[16] = "n/a"; /* of a row alone, which no token follows */
    if (!isnan(assay_apart_change(p)))
        snprintf(change, sizeof change, "%.3g", assay_apart_change(p));
    if (p->chances)
        printf("  %-28.28s %9.3g %9.3g %9.3g %9.3g %9.3g at %-6" PRId64 " %8.2f %% %6" PRId64 " %9s", name, s.mean,
               s.median, s.p99, s.p999, s.largest, s.at, 100 * assay_apart_same(p), p->n_flips, change);
    else
        printf("  %-28.28s", name);
    printf(" %9.3g %9.3g\n", assay_apart_difference(p), p->difference);
}

static void perplexity(const char *name, const assay_score *s)
{
    const double mean = assay_score_mean(s), error = assay_score_error(s);
    printf("%s %.6g +- %.3g (%.6f +- %.6f nats)", name, exp(mean), exp(mean) * error, mean, error);
}

static void perplexities(const assay_fidelity *f)
{
    const assay_apart *p = &f->all;
    if (!p->base.n)
        return;
    perplexity("perplexity: base", &p->base);
    if (p->broken)
        printf("; the implementation's is none\n");
    else {
        perplexity("; implementation", &p->other);
        printf("\n  change %.3g +- %.2g nats a token, of the same %" PRId64 " tokens\n", assay_score_mean(&p->change),
               assay_score_error(&p->change), p->change.n);
    }
}

/* With the plug-in and without, in a sentence; one pass each says little of speed, and says so. */
static void beside(const assay_fidelity *f)
{
    const assay_apart *with = &f->all, *without = &f->beside;
    const char *unit = f->positions ? "tokens" : "rows";
    if (with->chances)
        printf("with the plug-in: KL %.3g, %.2f %% same first tokens", assay_apart_spread(with).mean,
               100 * assay_apart_same(with));
    else
        printf("with the plug-in: RMS of the difference %.3g", assay_apart_difference(with));
    if (with->other.n && !with->broken)
        printf(", perplexity %.6g", exp(assay_score_mean(&with->other)));
    printf(", %.1f %s/s; without: ", (double)f->rows / f->took, unit);
    if (with->chances)
        printf("KL %.3g, %.2f %%", assay_apart_spread(without).mean, 100 * assay_apart_same(without));
    else
        printf("%.3g", assay_apart_difference(without));
    if (without->other.n && !without->broken)
        printf(", perplexity %.6g", exp(assay_score_mean(&without->other)));
    printf(", %.1f %s/s (one pass each, many rows at once)\n", (double)f->rows / f->took_beside, unit);
}

static void flips(const assay_apart *p)
{
    if (!p->n_flips)
        return;
    printf("flips by margin (how far the base's token was above the other in the base's logits, and below in the "
           "other's):\n");
    for (int64_t i = 0; i < p->n_flips && i < SHOWN; i++)
        printf("  row %-6" PRId64 " %6" PRId32 " -> %-6" PRId32 " %9.3g %9.3g\n", p->flip[i].row, p->flip[i].base,
               p->flip[i].other, p->flip[i].margin, p->flip[i].margin_other);
    if (p->n_flips > SHOWN)
        printf("  and %" PRId64 " more\n", p->n_flips - SHOWN);
}

static void floor_line(const char *whose, const assay_floor *floor, const char *what, const assay_apart *p)
{
    if (!floor->seeds)
        return;
    printf("noise floor: %s with values rounded to f32 at random, from itself (%d seed%s): ", whose, floor->seeds,
           floor->seeds == 1 ? "" : "s");
    if (p->chances)
        printf("KL mean %.3g, largest %.3g; %s is %.3g times that\n", floor->mean, floor->largest, what,
               assay_fidelity_times(p, floor));
    else
        printf("RMS of the difference %.3g\n", floor->difference);
}

static void ops(const assay_fidelity *f)
{
    double sum = 0;
    for (int i = 0; i < f->n_ops; i++)
        sum += f->op[i].kl;
    if (!f->n_ops)
        return;
    printf("one op at a time by the implementation, the rest by the oracle");
    if (f->chances)
        printf(" (sum of mean KLs %.3g):\n  %7s %9s %9s %6s %9s  %-16s %s\n", sum, "share", "KL mean", "largest",
               "flips", "RMS of dl", "op", "kernels");
    else
        printf(":\n  %9s  %-16s %s\n", "RMS", "op", "kernels");
    for (int i = 0; i < f->n_ops; i++) {
        const assay_fidelity_op *o = &f->op[i];
        if (!f->chances) {
            printf("  %9.3g  %-16s %s\n", o->difference, o->op, o->kernels);
            continue;
        }
        printf("  %5.1f %% %9.3g %9.3g %6" PRId64 " %9.3g  %-16s %s\n", 100 * o->share, o->kl, o->largest, o->flips,
               o->difference, o->op, o->kernels);
    }
}

void assay_fidelity_print(const assay_fidelity *f)
{
    printf("model %s, family %s; %s (%s), kv %s, %d thread%s, against %s", f->model, f->family, f->impl_text,
           assay_impl_tier(&f->impl), assay_dtype_of(f->kv)->name, f->threads, f->threads == 1 ? "" : "s", base_of(f));
    if (f->against && *f->base_impl)
        printf(" (%s%s%s)", f->base_impl, *f->base_model ? " of " : "", f->base_model);
    printf("\n%" PRId64 " row%s of %" PRId64 " %s", f->rows, f->rows == 1 ? "" : "s", f->width,
           f->chances ? "logits" : "numbers, no chances");
    if (f->positions)
        printf(", each token once, in windows of %" PRId64, f->positions);
    printf("; %.1f s\n\n", f->seconds);
    if (f->chances)
        printf("  %-28s %9s %9s %9s %9s %9s    %-6s %10s %6s %9s %9s %9s\n", "KL from the base, in nats", "mean",
               "median", "99 %", "99.9 %", "largest", "row", "same first", "flips", "RMS of dp", "RMS of dl",
               "largest");
    else
        printf("  %-28s %9s %9s\n", "difference from the base", "RMS", "largest");
    row(f->impl_text, &f->all);
    if (f->without)
        row("without the plug-in", &f->beside);
    if (f->rounds) {
        row("oracle, rounding alike", &f->alike);
        row("the implementation from that", &f->rest);
    }
    if (f->all.broken)
        printf("%" PRId64 " row%s with logits that are not finite\n", f->all.broken, f->all.broken == 1 ? "" : "s");
    floor_line("the oracle", &f->floor, f->impl_text, &f->all);
    floor_line("the oracle that rounds alike", &f->alike_floor, "the implementation from it", &f->rest);
    if (!f->floor.seeds)
        printf("noise floor: not known\n");
    perplexities(f);
    if (f->without)
        beside(f);
    flips(&f->all);
    ops(f);
}

static void json_score(assay_json *j, const char *name, const assay_score *s)
{
    if (!s->n)
        return;
    assay_json_open(j, name, '{');
    assay_json_int(j, "tokens", s->n);
    assay_json_num(j, "nats", assay_score_mean(s));
    assay_json_num(j, "nats_error", assay_score_error(s));
    assay_json_num(j, "perplexity", exp(assay_score_mean(s)));
    assay_json_close(j);
}

static void json_apart(assay_json *j, const char *name, const assay_apart *p)
{
    assay_json_open(j, name, '{');
    if (p->chances) {
        const assay_spread s = assay_apart_spread(p);
        assay_json_open(j, "kl", '{');
        assay_json_num(j, "mean", s.mean);
        assay_json_num(j, "median", s.median);
        assay_json_num(j, "p99", s.p99);
        assay_json_num(j, "p999", s.p999);
        assay_json_num(j, "largest", s.largest);
        assay_json_int(j, "largest_row", s.at);
        assay_json_close(j);
        assay_json_num(j, "same_first", assay_apart_same(p));
        assay_json_int(j, "flips", p->n_flips);
        assay_json_num(j, "probability_rms", assay_apart_change(p));
    }
    assay_json_num(j, "logits_rms", assay_apart_difference(p));
    assay_json_num(j, "logits_largest", p->difference);
    assay_json_int(j, "not_finite", p->broken);
    assay_json_close(j);
}

static void json_flips(assay_json *j, const assay_apart *p)
{
    assay_json_open(j, "flips", '[');
    for (int64_t i = 0; i < p->n_flips; i++) {
        assay_json_open(j, NULL, '{');
        assay_json_int(j, "row", p->flip[i].row);
        assay_json_int(j, "base", p->flip[i].base);
        assay_json_int(j, "other", p->flip[i].other);
        assay_json_num(j, "margin", p->flip[i].margin);
        assay_json_num(j, "margin_other", p->flip[i].margin_other);
        assay_json_close(j);
    }
    assay_json_close(j);
}

static void json_floor(assay_json *j, const char *name, const assay_floor *floor, double times)
{
    if (!floor->seeds)
        return;
    assay_json_open(j, name, '{');
    assay_json_int(j, "seeds", floor->seeds);
    assay_json_num(j, "kl_mean", floor->mean);
    assay_json_num(j, "kl_largest", floor->largest);
    assay_json_num(j, "logits_rms", floor->difference);
    assay_json_num(j, "times", times);
    assay_json_close(j);
}

static void json_ops(assay_json *j, const assay_fidelity *f)
{
    assay_json_open(j, "ops", '[');
    for (int i = 0; i < f->n_ops; i++) {
        const assay_fidelity_op *o = &f->op[i];
        assay_json_open(j, NULL, '{');
        assay_json_str(j, "op", o->op);
        assay_json_str(j, "kernels", o->kernels);
        assay_json_num(j, "kl_mean", o->kl);
        assay_json_num(j, "kl_largest", o->largest);
        assay_json_num(j, "share", o->share);
        assay_json_int(j, "flips", o->flips);
        assay_json_num(j, "logits_rms", o->difference);
        assay_json_close(j);
    }
    assay_json_close(j);
}

assay_status assay_fidelity_json(const assay_fidelity *f, assay_why *why)
{
    assay_json j = { 0 };
    assay_document_open(&j, "fidelity");
    assay_json_str(&j, "model", f->model);
    assay_json_str(&j, "family", f->family);
    assay_json_str(&j, "impl", f->impl_text);
    assay_json_str(&j, "isa", assay_impl_tier(&f->impl));
    assay_json_str(&j, "kv", assay_dtype_of(f->kv)->name);
    assay_json_int(&j, "threads", f->threads);
    assay_json_str(&j, "against", f->against ? f->against : "oracle");
    assay_json_int(&j, "rows", f->rows);
    assay_json_int(&j, "width", f->width);
    assay_json_int(&j, "window", f->positions);
    assay_json_bool(&j, "chances", f->chances);
    json_apart(&j, "all", &f->all);
    if (f->rounds) {
        json_apart(&j, "alike", &f->alike);
        json_apart(&j, "rest", &f->rest);
    }
    if (f->without) {
        json_apart(&j, "without_plugin", &f->beside);
        json_score(&j, "score_without_plugin", &f->beside.other);
        assay_json_num(&j, "rows_per_second", (double)f->rows / f->took);
        assay_json_num(&j, "rows_per_second_without_plugin", (double)f->rows / f->took_beside);
    }
    json_floor(&j, "floor", &f->floor, assay_fidelity_times(&f->all, &f->floor));
    json_floor(&j, "alike_floor", &f->alike_floor, assay_fidelity_times(&f->rest, &f->alike_floor));
    if (!isnan(assay_fidelity_judged(f)))
        assay_json_num(&j, "times", assay_fidelity_judged(f));
    json_score(&j, "base_score", &f->all.base);
    if (!f->all.broken) {
        json_score(&j, "score", &f->all.other);
        if (f->all.change.n) {
            assay_json_num(&j, "nats_change", assay_score_mean(&f->all.change));
            assay_json_num(&j, "nats_change_error", assay_score_error(&f->all.change));
        }
    }
    json_ops(&j, f);
    json_flips(&j, &f->all);
    assay_json_num(&j, "seconds", f->seconds);
    return assay_document_write(&j, f->json_path, why);
}
