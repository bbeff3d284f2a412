/* SPDX-License-Identifier: MIT */
#include "options.h"
#include "near.h"
#include "registry.h"
#include "status.h"
#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void (*option_visit)(void *ctx, const struct argp_option *o);

static void each_option(const struct argp *argp, option_visit visit, void *ctx)
{
    for (const struct argp_option *o = argp->options; o && (o->name || o->key || o->doc); o++)
        visit(ctx, o);
    for (const struct argp_child *c = argp->children; c && c->argp; c++)
        each_option(c->argp, visit, ctx);
}

static bool needs_value(const struct argp_option *o)
{
    return o->arg && !(o->flags & OPTION_ARG_OPTIONAL);
}

typedef struct search {
    const char *name; /* without its dashes */
    size_t length;
    int key;
    bool known, value;
    const struct argp_option *option;
    assay_near near;
} search;

enum { GIVEN = 32 };
typedef struct given { /* what was met on the command line, each with its value */
    const struct argp_option *option[GIVEN];
    const char *value[GIVEN];
    int n;
} given;

/* As getopt does it: what a long option begins with is enough. */
static void by_name(void *ctx, const struct argp_option *o)
{
    search *s = ctx;
    if (!o->name)
        return;
    assay_near_try(&s->near, o->name);
    if (strncmp(o->name, s->name, s->length) != 0)
        return;
    if (!o->name[s->length] || !s->known)
        s->value = needs_value(o), s->option = o;
    s->known = true;
}

static void by_key(void *ctx, const struct argp_option *o)
{
    search *s = ctx;
    if (o->key == s->key)
        s->known = true, s->value = needs_value(o), s->option = o;
}

/* Of two values all commands would take the last: what the first names, a file, an op, a plug-in, would be lost without
 * a word. */
static void refuse_second(given *g, const struct argp_option *o, const char *value, const char *command)
{
    assay_why why;
    for (int i = 0; i < g->n && value; i++) {
        if (g->option[i] != o || !strcmp(g->value[i], value) || (o->flags & ASSAY_OPTION_REPEATS))
            continue;
        char name[64] = { '-', (char)o->key };
        if (o->name)
            snprintf(name, sizeof name, "--%s", o->name);
        assay_fail(&why, ASSAY_ERR_ARG, "%s: %s is given twice, as %.100s and as %.100s: only one can count", command,
                   name, g->value[i], value);
        fprintf(stderr, "%s\n", why.text);
        exit(2);
    }
    if (value && g->n < GIVEN)
        g->option[g->n] = o, g->value[g->n++] = value;
}

/* A cluster of short ones, as -vk NAME; true: its last takes the next word. */
static bool short_ones(const struct argp *argp, const char *letters, const char *next, given *g, const char *command)
{
    for (; *letters; letters++) {
        search s = { .key = *letters };
        each_option(argp, by_key, &s);
        if (s.value) {
            refuse_second(g, s.option, letters[1] ? letters + 1 : next, command);
            return !letters[1];
        }
        if (!s.known)
            return false; /* argp says it */
    }
    return false;
}

/* Options that there are none of, and those that are given twice. */
static void refuse_wrong(const struct argp *argp, int argc, char **argv)
{
    static const struct argp_option own[] = { { "help", '?', NULL, 0, "", 0 },
                                              { "usage", 0x7fff, NULL, 0, "", 0 },
                                              { 0 } };
    const struct argp builtin = { own, NULL, NULL, NULL, NULL, NULL, NULL };
    given g = { .n = 0 };
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        char name[64], text[96];
        const char *next = i + 1 < argc ? argv[i + 1] : NULL; /* if it is missing argp says so */
        if (argv[i][0] != '-' || argv[i][1] != '-') {
            if (argv[i][0] == '-')
                i += short_ones(argp, argv[i] + 1, next, &g, argv[0]);
            continue;
        }
        const size_t length = strcspn(argv[i] + 2, "=");
        snprintf(name, sizeof name, "%.*s", (int)length, argv[i] + 2);
        search s = { .name = name, .length = strlen(name), .near.word = name };
        each_option(argp, by_name, &s);
        each_option(&builtin, by_name, &s);
        if (s.known) {
            const bool here = argv[i][2 + length] == '=';
            if (s.value)
                refuse_second(&g, s.option, here ? argv[i] + 3 + length : next, argv[0]);
            i += s.value && !here;
            continue;
        }
        char best[80] = "";
        if (s.near.best)
            snprintf(best, sizeof best, "--%s", s.near.best);
        s.near.best = best[0] ? best : NULL;
        assay_why why;
        assay_fail(&why, ASSAY_ERR_ARG, "%s: no option --%s%s (%s --help lists all)", argv[0], name,
                   assay_near_text(&s.near, text, sizeof text), argv[0]);
        fprintf(stderr, "%s\n", why.text);
        exit(2);
    }
}

void assay_options_parse(const struct argp *argp, int argc, char **argv, void *input)
{
    argp_err_exit_status = 2;
    unsetenv("ARGP_HELP_FMT"); /* glibc's --help does not end for some of its values */
    refuse_wrong(argp, argc, argv);
    argp_parse(argp, argc, argv, 0, NULL, input);
}

/* ---- numbers ---------------------------------------------------------------------------------------------------- */

const char *assay_digits(const char *text, uint64_t *x)
{
    char *end;
    const bool hex = text[0] == '0' && text[1] == 'x' && isxdigit((unsigned char)text[2]);
    errno = 0;
    *x = isdigit((unsigned char)*text) ? strtoull(text, &end, hex ? 16 : 10) : 0;
    return isdigit((unsigned char)*text) && !errno ? end : NULL;
}

double assay_option_real(struct argp_state *state, const char *name, const char *arg, double lo, double hi)
{
    char *end, limit[40] = "on";
    const double x = strtod(arg, &end);
    if (hi < DBL_MAX)
        snprintf(limit, sizeof limit, "to %g", hi);
    if (!strchr(".0123456789", arg[*arg == '-']) || end == arg || *end || !(x >= lo && x <= hi))
        argp_error(state, "%s %.80s: a number from %g %s is needed", name, *arg ? arg : "''", lo, limit);
    return x;
}

double assay_option_percent(struct argp_state *state, const char *name, const char *arg)
{
    char *end;
    const double x = strtod(arg, &end);
    if (!strchr(".0123456789", *arg) || end == arg || strcmp(end, "%") || !(x > 0 && x <= 10000))
        argp_error(state, "%s %.80s: so many per cent are needed, 5%% or 2.5%%", name, *arg ? arg : "''");
    return x / 100;
}

uint64_t assay_option_whole(struct argp_state *state, const char *name, const char *arg, uint64_t lo, uint64_t hi)
{
    uint64_t x;
    const char *end = assay_digits(arg, &x);
    if (!end || *end || x < lo || x > hi)
        argp_error(state, "%s %s: a whole number from %llu to %llu is needed", name, *arg ? arg : "''",
                   (unsigned long long)lo, (unsigned long long)hi);
    return x;
}

int assay_option_threads(struct argp_state *state, const char *arg, int *list, int most)
{
    int cpus;
    const uint64_t team = (uint64_t)assay_cpu_team(&cpus);
    uint64_t x;
    int n = 0;
    for (const char *at = arg;; at++) {
        at = n < most ? assay_digits(at, &x) : NULL;
        if (!at || x < 1 || x > team || (*at && *at != ','))
            argp_error(
                state,
                "--threads %s: %s from 1 to %llu is needed (this machine has %d CPU%s: %d threads for each, or %d)",
                *arg ? arg : "''", most > 1 ? "a whole number, or up to eight as in 1,2," : "a whole number",
                (unsigned long long)team, cpus, cpus == 1 ? "" : "s", ASSAY_TEAM_PER_CPU, ASSAY_TEAM);
        list[n++] = (int)x;
        if (!*at)
            return n;
    }
}
