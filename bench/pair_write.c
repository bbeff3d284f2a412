/* SPDX-License-Identifier: MIT
 * pair_write.c - what is written and printed of two kernels that took turns: each one's time, rate and share of its
 * roof, the ratio with its interval, and why, as far as it is known. */
#include "bench.h"
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

/* Counts of the simulator where the machine has none: of both, or of neither. */
static void simulate(const bench_session *s, const bench_task *t, bench_result *r)
{
    bench_counter sim[2][8];
    int n[2] = { 0, 0 };
    const char *how = s->o->simulate ? s->o->simulate : t[0].plugin || t[1].plugin ? "none" : "some";
    if (!strcmp(how, "none") || t[0].threads > 1 || t[0].cold || bench_not_simulated(&t[0]) ||
        bench_not_simulated(&t[1]))
        return;
    for (int k = 0; k < 2; k++)
        n[k] = bench_simulate(&t[k], sim[k], 8);
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < n[k] && n[0] == n[1]; i++)
            for (int c = 0; c < BENCH_COUNTERS; c++)
                if (!strcmp(r[k].counter[c].name, sim[k][i].name) && r[k].counter[c].from == BENCH_NA)
                    r[k].counter[c] = sim[k][i];
}

static void side_json(const bench_session *s, const bench_work *w, const bench_task *t, const bench_result *r,
                      const char *key, assay_json *j)
{
    bench_facts f = { .team = t->threads, .cpus = t->machine->threads, .used = r->used, .own_threads = r->own_threads };
    f.around = r->around, f.preempted = r->preempted, f.fresh = r->fresh;
    assay_json_open(j, key, '{');
    if (r->team > 0)
        assay_json_int(j, "team", r->team);
    bench_rates_json(w, t, r, &s->roofs, r->sample[0], r->sample[0], &f, j);
    bench_marks_json(&f, j);
    if (r->counter[0].name[0])
        bench_counters_json(r->counter, BENCH_COUNTERS, j, "counters", true);
    assay_json_close(j);
}

/* Three digits, whatever the size. */
static const char *digits(double x, char text[32])
{
    snprintf(text, 32, x < 0.0995 ? "%.2e" : x < 0.9995 ? "%.3f" : x < 9.995 ? "%.2f" : x < 99.95 ? "%.1f" : "%.0f", x);
    return text;
}

static void print_side(const cJSON *o, const char *name, double ns, const cJSON *verdict)
{
    printf("    %-24s ", name);
    bench_print_rates(o, ns);
    printf("  %s %.3f\n", cJSON_GetStringValue(cJSON_GetObjectItem(verdict, "by")),
           cJSON_GetNumberValue(cJSON_GetObjectItem(verdict, "used")));
    bench_print_marks(o, "        ");
}

static void print_pair(const char *text, const char *const name[2], const bench_result *r, const bench_ratio *x)
{
    cJSON *o = cJSON_Parse(text);
    char number[3][32];
    const cJSON *words = cJSON_GetObjectItem(o, "why");
    for (int k = 0; k < 2; k++)
        print_side(cJSON_GetObjectItem(o, k ? "side_b" : "side_a"), name[k], r[k].sample[0],
                   cJSON_GetObjectItem(o, k ? "verdict_b" : "verdict_a"));
    printf("    time of %s over time of %s: %s [%s, %s] at 95 %%: ", name[0], name[1], digits(x->ratio, number[0]),
           digits(x->low, number[1]), digits(x->high, number[2]));
    const int slower = bench_differs(x, 0);
    if (slower)
        printf("%s is faster\n", name[slower < 0]);
    else
        puts(x->low > 1 || x->high < 1 ? "not in CPU time, so others may have made it" : "no difference seen");
    if (x->disturbed)
        printf("    by CPU time, for others used the CPUs: %s [%s, %s]\n", digits(x->cpu_ratio, number[0]),
               digits(x->cpu_low, number[1]), digits(x->cpu_high, number[2]));
    for (words = words ? words->child : NULL; words; words = words->next)
        printf("    %s\n", cJSON_GetStringValue(words));
    cJSON_Delete(o);
}

assay_status bench_pair_write(bench_session *s, const char *name, const bench_work *w, const bench_task *t,
                              bench_result *r, const bench_verdict *v, const bench_ratio *x)
{
    static const char *const keys[2][4] = { { "a", "a_ns", "verdict_a", "side_a" },
                                            { "b", "b_ns", "verdict_b", "side_b" } };
    const char *const kernel[2] = { t[0].k->name, t[1].k->name };
    const bool good = v[0].pass && v[1].pass && x->rounds > 0;
    char one[BENCH_NAME], both[BENCH_NAME];
    assay_json j = { 0 };
    assay_json_open(&j, NULL, '{');
    assay_json_str(&j, "line", "pair");
    assay_json_str(&j, "name", name);
    assay_json_str(&j, "case", w->line);
    if (good)
        simulate(s, t, r);
    for (int k = 0; k < 2; k++) {
        assay_json_str(&j, keys[k][0], kernel[k]);
        bench_verdict_json(&v[k], &j, keys[k][2]);
        if (!good)
            continue;
        assay_json_num(&j, keys[k][1], r[k].sample[0]);
        side_json(s, w, &t[k], &r[k], keys[k][3], &j);
    }
    if (good) {
        assay_json_num(&j, "ratio", x->ratio);
        assay_json_num(&j, "low", x->low);
        assay_json_num(&j, "high", x->high);
        assay_json_num(&j, "confidence", 0.95);
        assay_json_num(&j, "cpu_ratio", x->cpu_ratio);
        assay_json_num(&j, "cpu_low", x->cpu_low);
        assay_json_num(&j, "cpu_high", x->cpu_high);
        assay_json_bool(&j, "disturbed", x->disturbed);
        assay_json_int(&j, "rounds", x->rounds);
        snprintf(both, sizeof both, "%s:%s", kernel[0], kernel[1]);
        snprintf(one, sizeof one, "%s/%.100s/%.80s/%.40s/1t/hot", t[0].k->op, both, w->workload, w->types);
        if (s->o->fail_slower > 0)
            assay_json_bool(&j, "slower", bench_differs(x, s->o->fail_slower) > 0);
        if (bench_differs(x, 0))
            bench_why_json(t, r, w, bench_journal_get(&s->journal, "pair", one), &j);
    }
    assay_json_close(&j);
    s->rows++;
    s->failed += !good;
    s->slower += good && s->o->fail_slower > 0 && bench_differs(x, s->o->fail_slower) > 0;
    const assay_status st = bench_journal_add(&s->journal, &j, &s->why);
    puts(name);
    if (good)
        print_pair(j.text, kernel, r, x);
    if (good && s->o->fail_slower > 0 && bench_differs(x, s->o->fail_slower) > 0)
        printf("    SLOWER: %s takes more than %g %% longer\n", kernel[1], 100 * s->o->fail_slower);
    for (int k = 0; !good && k < 2; k++)
        printf("    %-24s %s%s\n", kernel[k],
               v[k].pass                          ? "passed"
               : r[k].status == ASSAY_UNSUPPORTED ? "n/a: "
                                                  : "FAILED: ",
               v[k].pass ? "" : v[k].why);
    fflush(stdout);
    assay_json_free(&j);
    return st;
}
