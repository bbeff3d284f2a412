/* SPDX-License-Identifier: MIT
 * A chain of samplers as text: its options read, held against each other, and said. */
#include "../core/options.h"
#include "../core/near.h"
#include "../core/status.h"
#include "chain.h"
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *option;
    assay_sampler of;
    bool whole;
    double usual, least, most;
} settings[] = {
#define SETTING(id, option, arg, of, whole, usual, least, most, says) { option, of, whole, usual, least, most },
#include "settings.def"
#undef SETTING
};

static const char *const samplers[] = { "penalties", "top_k", "typical", "top_p", "min_p", "temperature" };

assay_chain assay_chain_usual(void)
{
    assay_chain c = { .n_order = ASSAY_CHAIN_ANY };
    for (int i = 0; i < ASSAY_SETTINGS; i++)
        c.set[i] = settings[i].usual;
    for (int i = 0; i < ASSAY_CHAIN_ANY; i++)
        c.order[i] = (assay_sampler)i;
    return c;
}

const char *assay_chain_option(assay_setting s)
{
    return settings[s].option;
}

const char *assay_chain_sampler(assay_sampler s)
{
    return samplers[s];
}

bool assay_chain_on(const assay_chain *c, assay_setting s)
{
    const bool all = (s == ASSAY_SET_TOP_P || s == ASSAY_SET_TYPICAL) && c->set[s] >= 1;
    return c->set[s] != settings[s].usual && !all;
}

bool assay_chain_penalizes(const assay_chain *c)
{
    return assay_chain_on(c, ASSAY_SET_REPETITION) || assay_chain_on(c, ASSAY_SET_FREQUENCY) ||
           assay_chain_on(c, ASSAY_SET_PRESENCE);
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

/* A number and nothing else: no blank, no plus, no nan. */
static bool number(const char *text, double *x)
{
    char *end;
    if (!strchr(".0123456789", text[*text == '-']) || !text[*text == '-'])
        return false;
    *x = strtod(text, &end);
    return end != text && !*end;
}

assay_status assay_chain_set(assay_chain *c, assay_setting s, const char *text, assay_why *why)
{
    uint64_t whole = 0;
    double x = 0;
    const char *end = settings[s].whole ? assay_digits(text, &whole) : NULL;
    const bool read = settings[s].whole ? end && !*end : number(text, &x);
    if (settings[s].whole)
        x = (double)whole;
    if (!read || !(x >= settings[s].least && x <= settings[s].most))
        return assay_fail(why, ASSAY_ERR_ARG, "--%s %.60s: a %snumber from %.17g to %.17g is needed",
                          settings[s].option, *text ? text : "''", settings[s].whole ? "whole " : "", settings[s].least,
                          settings[s].most);
    if (s == ASSAY_SET_TEMPERATURE && x > 0 && x < 1e-6)
        return assay_fail(why, ASSAY_ERR_ARG,
                          "--temperature %.60s: the number is 0, which takes the likeliest, or at "
                          "least 1e-06",
                          text);
    c->set[s] = x;
    c->given |= UINT32_C(1) << s;
    return ASSAY_OK;
}

assay_status assay_chain_order(assay_chain *c, const char *text, assay_why *why)
{
    int at[ASSAY_CHAIN_ANY]; /* place in the order; -1: not in it */
    for (int i = 0; i < ASSAY_CHAIN_ANY; i++)
        at[i] = -1;
    c->n_order = 0;
    for (const char *p = text;; p++) {
        char word[32], near[96];
        const size_t n = strcspn(p, ",");
        snprintf(word, sizeof word, "%.*s", (int)(n < 31 ? n : 31), p);
        assay_near like = { .word = word };
        int i = 0;
        while (i < ASSAY_CHAIN_ANY && strcmp(word, samplers[i]) != 0)
            assay_near_try(&like, samplers[i++]);
        if (i == ASSAY_CHAIN_ANY)
            return assay_fail(why, ASSAY_ERR_ARG,
                              "--samplers: '%s' is none of penalties, top_k, typical, top_p, min_p, temperature%s",
                              word, assay_near_text(&like, near, sizeof near));
        if (at[i] >= 0)
            return assay_fail(why, ASSAY_ERR_ARG, "--samplers: %s stands at places %d and %d", word, at[i] + 1,
                              c->n_order + 1);
        at[i] = c->n_order;
        c->order[c->n_order++] = (assay_sampler)i;
        p += n;
        if (!*p)
            break;
    }
    const int t = at[ASSAY_CHAIN_TEMPERATURE], penalties = at[ASSAY_CHAIN_PENALTIES];
    if (t >= 0 && penalties > t)
        return assay_fail(
            why, ASSAY_ERR_ARG,
            "--samplers: penalties, at place %d, are of logits: they come before temperature, at place %d",
            penalties + 1, t + 1);
    return ASSAY_OK;
}

assay_status assay_chain_bias(assay_chain *c, const char *text, assay_why *why)
{
    uint64_t id;
    double x = -INFINITY;
    const char *end = assay_digits(text, &id);
    if (!end || *end != '=' || id > INT32_MAX)
        return assay_fail(why, ASSAY_ERR_ARG,
                          "--logit-bias %.60s: TOKEN=VALUE is needed, TOKEN an id as of assay "
                          "tokenize",
                          text);
    if (strcmp(end + 1, "-inf") != 0 && (!number(end + 1, &x) || isinf((float)x)))
        return assay_fail(why, ASSAY_ERR_ARG, "--logit-bias %.60s: the value is a finite number, or -inf, which bans",
                          text);
    for (int i = 0; i < c->n_bias; i++)
        if (c->bias[i].id == (int32_t)id)
            return assay_fail(why, ASSAY_ERR_ARG, "--logit-bias %" PRIu64 "=%g and %.60s: one token has one bias", id,
                              (double)c->bias[i].value, text);
    if (c->n_bias == ASSAY_MOST_BIASES)
        return assay_fail(why, ASSAY_ERR_ARG, "--logit-bias %.60s is one too many: at most %d", text,
                          ASSAY_MOST_BIASES);
    c->bias[c->n_bias].id = (int32_t)id;
    c->bias[c->n_bias++].value = (float)x;
    return ASSAY_OK;
}

assay_status assay_chain_draw(assay_chain *c, const char *text, assay_why *why)
{
    if (strcmp(text, "gumbel") != 0 && strcmp(text, "inverse") != 0)
        return assay_fail(why, ASSAY_ERR_ARG, "--draw %.60s: it is inverse or gumbel", *text ? text : "''");
    c->gumbel = *text == 'g';
    return ASSAY_OK;
}

/* ---- what contradicts what -------------------------------------------------------------------------------------- */

static bool ordered(const assay_chain *c, assay_sampler s)
{
    bool found = s == ASSAY_CHAIN_ANY;
    for (int i = 0; i < c->n_order; i++)
        found |= c->order[i] == s;
    return found;
}

assay_status assay_chain_check(const assay_chain *c, assay_why *why)
{
    static const assay_setting cuts[] = { ASSAY_SET_TOP_K, ASSAY_SET_TYPICAL, ASSAY_SET_TOP_P, ASSAY_SET_MIN_P,
                                          ASSAY_SET_MIROSTAT };
    enum { CUTS = sizeof cuts / sizeof *cuts };
    const bool mirostat = assay_chain_on(c, ASSAY_SET_MIROSTAT);
    for (int i = 0; i < ASSAY_SETTINGS; i++)
        if (assay_chain_on(c, (assay_setting)i) && !ordered(c, settings[i].of))
            return assay_fail(why, ASSAY_ERR_ARG, "--%s %g: --samplers does not list %s", settings[i].option, c->set[i],
                              samplers[settings[i].of]);
    for (int i = 0; i < CUTS; i++) {
        const char *option = settings[cuts[i]].option;
        const double x = c->set[cuts[i]];
        if (!assay_chain_on(c, cuts[i]))
            continue;
        if (!(c->set[ASSAY_SET_TEMPERATURE] > 0))
            return assay_fail(why, ASSAY_ERR_ARG,
                              "--%s %g says what to draw from, but --temperature 0, the default, takes the likeliest "
                              "token and draws none",
                              option, x);
        if (mirostat && cuts[i] != ASSAY_SET_MIROSTAT)
            return assay_fail(why, ASSAY_ERR_ARG,
                              "--%s %g and --mirostat %g, which sets its own limit: only one can "
                              "count",
                              option, x, c->set[ASSAY_SET_MIROSTAT]);
    }
    for (int i = ASSAY_SET_TAU; i <= ASSAY_SET_ETA && !mirostat; i++)
        if (c->given >> i & 1)
            return assay_fail(why, ASSAY_ERR_ARG, "--%s %g is of --mirostat, which is not asked for",
                              settings[i].option, c->set[i]);
    if (c->gumbel && !(c->set[ASSAY_SET_TEMPERATURE] > 0))
        return assay_fail(
            why, ASSAY_ERR_ARG,
            "--draw gumbel says how to draw, but --temperature 0, the default, takes the likeliest token and "
            "draws none");
    if ((c->given >> ASSAY_SET_WINDOW & 1) && !assay_chain_penalizes(c))
        return assay_fail(why, ASSAY_ERR_ARG, "--penalty-window %g: no penalty is given that looks at it",
                          c->set[ASSAY_SET_WINDOW]);
    return ASSAY_OK;
}

/* ---- saying ----------------------------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void say(char text[ASSAY_CHAIN_TEXT], const char *format, ...)
{
    const size_t at = strlen(text);
    va_list list;
    va_start(list, format);
    vsnprintf(text + at, ASSAY_CHAIN_TEXT - at, format, list);
    va_end(list);
}

/* penalties (repetition-penalty 1.1, penalty-window 64), or top_k 40 */
static void say_sampler(const assay_chain *c, assay_sampler s, char text[ASSAY_CHAIN_TEXT])
{
    if (s == ASSAY_CHAIN_PENALTIES && assay_chain_penalizes(c)) {
        say(text, "penalties (");
        for (int i = ASSAY_SET_REPETITION; i <= ASSAY_SET_PRESENCE; i++)
            if (assay_chain_on(c, (assay_setting)i))
                say(text, "%s %g, ", settings[i].option, c->set[i]);
        say(text, "penalty-window %g), ", c->set[ASSAY_SET_WINDOW]);
    }
    for (int i = 0; i < ASSAY_SETTINGS && s != ASSAY_CHAIN_PENALTIES; i++)
        if (settings[i].of == s && assay_chain_on(c, (assay_setting)i))
            say(text, "%s %g, ", samplers[s], c->set[i]);
}

void assay_chain_say(const assay_chain *c, char text[ASSAY_CHAIN_TEXT])
{
    const double *set = c->set;
    text[0] = 0;
    if (c->n_bias)
        say(text, "logit-bias of %d token%s, ", c->n_bias, c->n_bias == 1 ? "" : "s");
    for (int i = 0; i < c->n_order; i++)
        say_sampler(c, c->order[i], text);
    if (assay_chain_on(c, ASSAY_SET_MIROSTAT))
        say(text, "mirostat %g (tau %g, eta %g), ", set[ASSAY_SET_MIROSTAT], set[ASSAY_SET_TAU], set[ASSAY_SET_ETA]);
    if (set[ASSAY_SET_TEMPERATURE] > 0)
        say(text, "a draw by %sseed %.0f", c->gumbel ? "gumbel and " : "", set[ASSAY_SET_SEED]);
    else
        say(text, "the likeliest token");
}
