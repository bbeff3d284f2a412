/* SPDX-License-Identifier: MIT
 * What `assay check --self` ends with: the scores, as a table and as JSON. */
#include "../../../reference/core/json.h"
#include "../../../reference/core/status.h"
#include "contracts.h"
#include "../../results/output.h"
#include "self.h"
#include "tightness.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int assay_self_own(const assay_self *s, int rule)
{
    for (int i = 1; i < s->n_inputs; i++)
        if (s->gen[i] == assay_rules[rule].gen)
            return i;
    return 0;
}

static assay_tally tally_of(const assay_self *s, int input, int rule, size_t i)
{
    const assay_entry *e = &assay_self_ledger(s, input)->entry[i];
    const int64_t runs = e->passed + e->failed - (input ? 0 : s->subject[i].apart);
    return rule >= 0 ? s->subject[i].rule[input][rule]
                     : (assay_tally){ (int32_t)runs, (int32_t)e->failed, (int32_t)e->failed };
}

/* Wrong numbers (or none: a crash).  What touches memory that is not its own, or leaves the machine's state wrong, may
 * hand back right ones: no rule about outputs is asked for these. */
static bool about_outputs(const assay_entry *e)
{
    return !e->failed || (e->finding[0].by != ASSAY_BY_MEMORY && e->finding[0].by != ASSAY_BY_ABI);
}

assay_score assay_self_score(const assay_self *s, int input, int rule)
{
    assay_score c = { 0 };
    for (size_t i = 0; i < s->session.ledger.n && s->session.ledger.entry[i].fault; i++) {
        const assay_tally t = tally_of(s, input, rule, i);
        const bool all = !input && rule < 0;
        if (!t.runs || !(all || about_outputs(&s->session.ledger.entry[i])))
            continue;
        if (s->session.ledger.entry[i].fault->kind == ASSAY_FAULT) {
            c.faults++;
            c.caught += t.rejected > 0;
            c.told += t.told > 0;
        } else {
            c.legal++;
            c.flagged += t.rejected > 0;
            c.runs += t.runs;
            c.flagged_runs += t.rejected;
        }
    }
    return c;
}

/* ---- text ---------------------------------------------------------------------------------------------------- */

static void print_score(const char *rule, const char *inputs, assay_score c)
{
    if (!c.faults && !c.legal)
        return;
    printf("  %-14s %-9s %6lld %8lld %6lld %6.1f %% %8lld %7lld %9lld %8lld\n", rule, inputs, (long long)c.faults,
           (long long)c.caught, (long long)c.told, c.faults ? 100.0 * (double)c.told / (double)c.faults : 0.0,
           (long long)c.legal, (long long)c.flagged, (long long)c.runs, (long long)c.flagged_runs);
}

typedef struct count {
    char name[64];
    int n;
} count;
typedef struct counts {
    count *of;
    size_t n;
} counts;

static void add_to(counts *list, const char *name)
{
    size_t i = 0;
    while (i < list->n && strcmp(list->of[i].name, name) != 0)
        i++;
    if (i == list->n) {
        list->of = realloc(list->of, ++list->n * sizeof *list->of);
        if (!list->of)
            abort();
        list->of[i].n = 0;
        snprintf(list->of[i].name, sizeof list->of[i].name, "%s", name);
    }
    list->of[i].n++;
}

static int by_count(const void *a, const void *b)
{
    return ((const count *)b)->n - ((const count *)a)->n;
}

static void print_counts(const char *title, counts *list)
{
    printf("  %s:", title);
    if (list->n)
        qsort(list->of, list->n, sizeof *list->of, by_count);
    for (size_t i = 0; i < list->n; i++)
        printf("%s %s %d", i ? "," : "", list->of[i].name, list->of[i].n);
    putchar('\n');
    free(list->of);
}

/* The generator in a case's line; "" if it has none. */
static void generator_of(const char *line, char name[64])
{
    const char *g = strstr(line, " gen=");
    name[0] = 0;
    if (g)
        sscanf(g + 5, "%63s", name);
}

static void print_how(const assay_self *s)
{
    counts verdict = { 0 }, first = { 0 };
    char gen[64];
    int one = 0, few = 0, many = 0, bugs = 0;
    for (size_t i = 0; i < s->session.ledger.n; i++) {
        const assay_entry *e = &s->session.ledger.entry[i];
        if (!e->fault || e->fault->kind != ASSAY_FAULT || !e->failed)
            continue;
        bugs += strchr(e->fault->source, '#') != NULL;
        add_to(&verdict, assay_by_name(e->finding[0].by));
        generator_of(e->line[0], gen);
        add_to(&first, gen);
        one += s->subject[i].n_gens == 1;
        few += s->subject[i].n_gens == 2 || s->subject[i].n_gens == 3;
        many += s->subject[i].n_gens > 3;
    }
    print_counts("first caught by", &verdict);
    print_counts("first caught on", &first);
    printf("  public bugs among those caught (docs/museum.md): %d\n", bugs);
    printf("  caught on one generator only: %d, on two or three: %d, on more: %d\n", one, few, many);
}

static void print_missed(const assay_self *s)
{
    const assay_ledger *l = &s->session.ledger;
    for (size_t i = 0; i < l->n && l->entry[i].fault; i++) { /* shipped kernels stand behind these */
        const assay_entry *e = &l->entry[i];
        if (e->fault->kind == ASSAY_FAULT && e->on_cpu && !e->failed)
            printf("  MISSED fault %s/%s (%s)\n", e->kernel->op, e->kernel->name, e->fault->source);
        if (e->fault->kind == ASSAY_LEGAL && e->failed)
            printf("  FLAGGED legal %s/%s (%s): %s\n", e->kernel->op, e->kernel->name, e->fault->source,
                   e->finding[0].why.text);
    }
}

bool assay_self_print(const assay_self *s)
{
    const assay_score ours = assay_self_score(s, 0, -1);
    const assay_implied_score implied = assay_implied_all(s->session.implied);
    print_missed(s);
    printf("The judge, judged: %lld cases of ours, %zu shapes with each peer's kind of input, %.0f s\n",
           (long long)s->session.ledger.cases, s->peer_cases, s->seconds);
    if (s->without)
        printf("  of a part of the ops; not judged in this run: %s\n", s->without);
    printf("  faults seeded %lld, caught %lld; legal variants %lld in %lld runs, flagged %lld\n",
           (long long)ours.faults, (long long)ours.caught, (long long)ours.legal, (long long)ours.runs,
           (long long)ours.flagged);
    printf("  implied faults made %d, caught %d, not observable %d, out of reach %d, escaped %d, of these known %d; "
           "%.0f s\n",
           implied.made, implied.caught, implied.idle, implied.far, implied.escaped, implied.allowed, implied.seconds);
    print_how(s);
    puts("\n  rule           inputs    faults rejected caught detection variants flagged      runs  flagged");
    print_score("Assay", "ours", ours);
    for (int i = 1; i < s->n_inputs; i++)
        print_score("Assay", s->gen[i]->name, assay_self_score(s, i, -1));
    for (int r = 0; r < ASSAY_RULES; r++) {
        print_score(assay_rules[r].name, "ours", assay_self_score(s, 0, r));
        print_score(assay_rules[r].name, "its own", assay_self_score(s, assay_self_own(s, r), r));
    }
    /* a probe has implied faults alone */
    return (ours.faults + ours.legal || !s->session.ledger.n) && ours.caught == ours.faults && !ours.flagged &&
           implied.escaped <= implied.allowed && !implied.flagged;
}

/* ---- JSON ---------------------------------------------------------------------------------------------------- */

static void json_score(assay_json *j, const char *key, assay_score c)
{
    assay_json_open(j, key, '{');
    assay_json_int(j, "faults", c.faults);
    assay_json_int(j, "rejected", c.caught);
    assay_json_int(j, "caught", c.told);
    assay_json_int(j, "legal", c.legal);
    assay_json_int(j, "flagged", c.flagged);
    assay_json_int(j, "runs", c.runs);
    assay_json_int(j, "flagged_runs", c.flagged_runs);
    assay_json_close(j);
}

static void json_rules(assay_json *j, const assay_self *s)
{
    assay_json_open(j, "rules", '[');
    for (int r = 0; r < ASSAY_RULES; r++) {
        assay_json_open(j, NULL, '{');
        assay_json_str(j, "name", assay_rules[r].name);
        assay_json_str(j, "what", assay_rules[r].what);
        assay_json_str(j, "inputs", assay_rules[r].inputs);
        json_score(j, "ours", assay_self_score(s, 0, r));
        json_score(j, "own", assay_self_score(s, assay_self_own(s, r), r));
        assay_json_close(j);
    }
    assay_json_close(j);
}

/* Per kernel and rule: runs, runs rejected, cases told apart, on our inputs; then the same on the rule's own. */
static void json_kernel(assay_json *j, const assay_self *s, size_t i)
{
    const assay_entry *e = &s->session.ledger.entry[i];
    char gen[64] = "";
    generator_of(e->line[0], gen);
    assay_json_open(j, NULL, '{');
    assay_json_str(j, "op", e->kernel->op);
    assay_json_str(j, "kernel", e->kernel->name);
    assay_json_str(j, "expected", e->fault->kind == ASSAY_FAULT ? "fault" : "legal");
    assay_json_str(j, "source", e->fault->source);
    assay_json_int(j, "runs", tally_of(s, 0, -1, i).runs);
    assay_json_int(j, "judged", e->passed + e->failed);
    assay_json_int(j, "failed", e->failed);
    assay_json_str(j, "caught_by", e->failed ? assay_by_name(e->finding[0].by) : NULL);
    assay_json_str(j, "caught_on", e->failed ? gen : NULL);
    assay_json_str(j, "case", e->failed ? e->line[0] : NULL);
    assay_json_open(j, "generators", '[');
    for (int g = 0; g < s->subject[i].n_gens; g++)
        assay_json_str(j, NULL, s->subject[i].gen[g]);
    assay_json_close(j);
    assay_json_open(j, "rules", '[');
    for (int r = 0; r < ASSAY_RULES; r++) {
        const assay_tally ours = s->subject[i].rule[0][r], own = s->subject[i].rule[assay_self_own(s, r)][r];
        assay_json_open(j, NULL, '[');
        for (int o = 0; o < 2; o++) {
            const assay_tally t = o ? own : ours;
            assay_json_int(j, NULL, t.runs);
            assay_json_int(j, NULL, t.rejected);
            assay_json_int(j, NULL, t.told);
        }
        assay_json_close(j);
    }
    assay_json_close(j);
    assay_json_close(j);
}

bool assay_self_print_bounds(const assay_self *s)
{
    assay_results r = { 0 };
    assay_summary sum;
    putchar('\n');
    const int missed = assay_contracts_print(&s->again);
    putchar('\n');
    assay_ledger_results(&s->session.ledger, &r);
    assay_summarize(&r, &sum);
    const int loose = assay_tightness_print(&sum);
    assay_summary_free(&sum);
    assay_results_free(&r);
    return !missed && !loose;
}

static void json_implied(assay_json *j, const assay_self *s)
{
    const assay_op *op;
    assay_json_open(j, "implied", '[');
    for (size_t i = 0; (op = assay_op_at(i)); i++) {
        const assay_implied_score c = assay_implied_of(s->session.implied, op);
        if (!c.made)
            continue;
        assay_json_open(j, NULL, '{');
        assay_json_str(j, "op", op->name);
        assay_json_int(j, "made", c.made);
        assay_json_int(j, "caught", c.caught);
        assay_json_int(j, "not_observable", c.idle);
        assay_json_int(j, "out_of_reach", c.far);
        assay_json_int(j, "escaped", c.escaped);
        assay_json_int(j, "known", c.allowed);
        assay_json_num(j, "seconds", c.seconds);
        assay_json_close(j);
    }
    assay_json_close(j);
}

static void json_bounds(assay_json *j, const assay_self *s)
{
    assay_results r = { 0 };
    assay_summary sum;
    assay_contracts_json(&s->again, j);
    assay_ledger_results(&s->session.ledger, &r);
    assay_summarize(&r, &sum);
    assay_tightness_json(&sum, j);
    assay_summary_free(&sum);
    assay_results_free(&r);
}

assay_status assay_self_json(const assay_self *s, const char *path, assay_why *why)
{
    assay_json j = { 0 };
    assay_document_open(&j, "self");
    assay_json_int(&j, "cases", s->session.ledger.cases);
    assay_json_int(&j, "peer_cases", (int64_t)s->peer_cases);
    assay_json_num(&j, "seconds", s->seconds);
    char name[ASSAY_SELF_GEN_NAME];
    assay_json_open(&j, "not_judged", '[');
    for (const char *rest = s->without; (rest = assay_self_name(rest, name));)
        assay_json_str(&j, NULL, name);
    assay_json_close(&j);
    json_score(&j, "totals", assay_self_score(s, 0, -1));
    assay_json_open(&j, "assay_on", '{');
    for (int i = 1; i < s->n_inputs; i++)
        json_score(&j, s->gen[i]->name, assay_self_score(s, i, -1));
    assay_json_close(&j);
    json_rules(&j, s);
    json_implied(&j, s);
    json_bounds(&j, s);
    assay_json_open(&j, "kernels", '[');
    for (size_t i = 0; i < s->session.ledger.n; i++)
        if (s->session.ledger.entry[i].fault && s->session.ledger.entry[i].on_cpu)
            json_kernel(&j, s, i);
    assay_json_close(&j);
    return assay_document_write(&j, path, why);
}
