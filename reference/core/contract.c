/* SPDX-License-Identifier: MIT */
#include "contract.h"
#include "dtype.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct words {
    char *text;
    size_t n, at;
} words;

static void say(words *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(words *w, const char *format, ...)
{
    va_list ap;
    if (w->at && w->at < w->n)
        w->at += (size_t)snprintf(w->text + w->at, w->n - w->at, "; ");
    va_start(ap, format);
    if (w->at < w->n)
        w->at += (size_t)vsnprintf(w->text + w->at, w->n - w->at, format, ap);
    va_end(ap);
}

const char *assay_contract_text(const assay_contract *c, char *text, size_t n)
{
    static const assay_contract strict;
    words w = { text, n, 0 };
    text[0] = 0;
    c = c ? c : &strict;
    if (c->acc != ASSAY_f32)
        say(&w, "accumulates in %s", assay_dtype_of(c->acc)->name);
    if (c->h.kind == ASSAY_DEPTH_LANES)
        say(&w, "%d lanes", (int)c->h.lanes);
    else if (c->h.kind == ASSAY_DEPTH_BLOCKED)
        say(&w, "blocks of %d", (int)c->h.block);
    else if (c->h.kind == ASSAY_DEPTH_PAIRWISE)
        say(&w, "pairwise sums");
    const struct {
        const char *name;
        float e;
    } errors[] = { { "exp", c->e_exp },     { "log", c->e_log }, { "tanh", c->e_tanh }, { "erf", c->e_erf },
                   { "rsqrt", c->e_rsqrt }, { "div", c->e_div }, { "sin", c->e_sin } };
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].e > 0)
            say(&w, "%s within %g u", errors[i].name, (double)errors[i].e);
    if (c->p_round != ASSAY_f32)
        say(&w, "probabilities rounded to %s", assay_dtype_of(c->p_round)->name);
    const struct {
        const char *name;
        bool set;
    } flags[] = { { "one-pass variance", c->one_pass_var },    { "subnormals flushed", c->ftz },
                  { "NaN ignored", c->nan_ignored },           { "fully masked rows are NaN", c->masked_nan },
                  { "complementary error function", c->erfc }, { "odd rounding", c->odd_rounding },
                  { "minimum summed apart", c->split_min } };
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (flags[i].set)
            say(&w, "%s", flags[i].name);
    for (size_t i = 0; i < sizeof c->round / sizeof *c->round && c->round[i].operand; i++)
        say(&w, "%s rounded to %s%s", c->round[i].operand, assay_dtype_of(c->round[i].to)->name,
            c->round[i].fast ? " by reciprocal" : "");
    if (!w.at)
        say(&w, "strict");
    return text;
}
