/* SPDX-License-Identifier: MIT
 * run.c - one problem: the scalar baseline, then every kernel, team size and cache state; each row is measured, judged,
 * written and printed before the next one starts. */
#include "../conformance/results/terminal.h"
#include "../reference/core/status.h"
#include "../reference/core/tensor.h"
#include "bench.h"
#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const assay_kernel *bench_kernel_at(const bench_session *s, size_t i, int *nth)
{
    *nth = -1;
    if (!s->pool)
        return assay_kernel_at(i);
    *nth = (int)i;
    return assay_pool_plugin_kernel(s->pool, i);
}

bench_task bench_task_of(const bench_session *s, const assay_problem *p, const assay_kernel *k, int nth, int threads,
                         bool cold)
{
    const bool full = s->o->filter.level > ASSAY_QUICK;
    return (bench_task){ .machine = &s->machine,
                         .p = p,
                         .k = k,
                         .plugin = nth >= 0 ? s->o->filter.plugin : NULL,
                         .nth = nth,
                         .supplier = nth >= 0 ? assay_pool_plugin_name(s->pool) : NULL,
                         .threads = threads,
                         .cold = cold,
                         .repetitions = full ? 15 : 7,
                         .min_seconds = full ? 0.04 : 0.01,
                         .counters = true,
                         .counter = s->counter,
                         .limit_seconds = (full ? 5 : 1) * assay_pool_limits.seconds };
}

bool bench_judge_whole(assay_level level, double flops)
{
    return flops <= (level ? 2e9 : 3e8);
}

void bench_print_marks(const cJSON *row, const char *indent)
{
    const cJSON *mark;
    cJSON_ArrayForEach(mark, cJSON_GetObjectItem(row, "marks"))
    {
        printf("%s! %s: %s\n", indent, cJSON_GetStringValue(cJSON_GetObjectItem(mark, "name")),
               cJSON_GetStringValue(cJSON_GetObjectItem(mark, "words")));
    }
}

/* Three digits at least, whatever the size: a small number is not "0.0". */
static int decimals(double x)
{
    const double n = x > 0 ? 2 - floor(log10(x)) : 1;
    return n < 1 ? 1 : n > 9 ? 9 : (int)n;
}

void bench_print_rates(const cJSON *o, double ns)
{
    const cJSON *gflops = cJSON_GetObjectItem(o, "gflops"), *gbps = cJSON_GetObjectItem(o, "gbps");
    const cJSON *share = cJSON_GetObjectItem(o, "share");
    const char *bound = cJSON_GetStringValue(cJSON_GetObjectItem(o, "bound_by"));
    const double rate = gflops ? gflops->valuedouble : gbps ? gbps->valuedouble : 0;
    printf("%12.*f us %8.*f %s", decimals(ns / 1e3), ns / 1e3, decimals(rate), rate, gflops ? "GFLOP/s" : "GB/s   ");
    if (share)
        printf(" %5.*f %% of %s%s", decimals(100 * share->valuedouble), 100 * share->valuedouble,
               cJSON_GetStringValue(cJSON_GetObjectItem(o, bound && !strcmp(bound, "memory") ? "level" : "bound_by")),
               cJSON_IsTrue(cJSON_GetObjectItem(o, "impossible")) ? " (IMPOSSIBLE)" : "");
}

/* What bounds it, and what was counted; what was not stands in the JSON. */
static void print_why(const cJSON *why)
{
    const cJSON *word;
    bool first = true;
    cJSON_ArrayForEach(word, cJSON_GetObjectItem(why, "words"))
    {
        const char *text = cJSON_GetStringValue(word);
        if (!first && strstr(text, "n/a ("))
            continue;
        printf("%s%s", first ? "    why: " : "; ", text);
        first = false;
    }
    if (!first)
        putchar('\n');
}

static void print_row(const assay_json *j)
{
    cJSON *o = cJSON_Parse(j->text);
    const cJSON *v = cJSON_GetObjectItem(o, "verdict"), *time = cJSON_GetObjectItem(o, "real_time");
    const cJSON *speedup = cJSON_GetObjectItem(o, "speedup");
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItem(o, "name"));
    static bool head;
    assay_progress_clear();
    if (!head)
        printf("%-72s %15s %16s %s\n", "op/kernel/workload/types/threads/state", "time", "rate",
               "share of the roof, against the scalar reference, verdict and share of its bound");
    head = true;
    printf("%-72s ", name ? name : "?");
    if (!cJSON_IsTrue(cJSON_GetObjectItem(v, "pass")))
        printf("FAILED: %s", cJSON_GetStringValue(cJSON_GetObjectItem(v, "why")));
    else if (cJSON_IsNumber(time)) {
        bench_print_rates(o, time->valuedouble);
        if (speedup)
            printf("  %.3gx scalar", speedup->valuedouble);
        printf("  %s %.3f", cJSON_GetStringValue(cJSON_GetObjectItem(v, "by")),
               cJSON_GetNumberValue(cJSON_GetObjectItem(v, "used")));
    }
    putchar('\n');
    bench_print_marks(o, "    ");
    print_why(cJSON_GetObjectItem(o, "why"));
    fflush(stdout);
    cJSON_Delete(o);
}

/* Simulation takes seconds: once per op, kernel and types unless all are asked for. */
static bool wants_simulation(bench_session *s, const bench_work *w, const bench_task *t)
{
    const char *how = s->o->simulate ? s->o->simulate : t->plugin ? "none" : "some"; /* callgrind cannot be confined */
    char *key = NULL, *all;
    if (!strcmp(how, "none") || t->threads != 1 || t->cold || bench_not_simulated(t))
        return false;
    if (!strcmp(how, "all"))
        return true;
    const char *done = s->simulated ? s->simulated : "";
    if (asprintf(&key, "\n%s/%s/%s\n", t->k->op, t->k->name, w->types) < 0)
        abort();
    const bool first = !strstr(done, key);
    if (first && asprintf(&all, "%s%s", done, key) < 0)
        abort();
    free(key);
    if (first) {
        free(s->simulated);
        s->simulated = all;
    }
    return first;
}

/* Measured counters, and simulated ones: in their place where there is none, beside them (name.sim) where there is. */
enum { COUNTERS = 2 * BENCH_COUNTERS + 8 };
static int counters(bench_session *s, const bench_work *w, const bench_task *t, const bench_result *r,
                    bench_counter all[COUNTERS])
{
    int n = 0;
    if (r->counter[0].name[0]) {
        memcpy(all, r->counter, sizeof r->counter);
        n = BENCH_COUNTERS;
    }
    if (wants_simulation(s, w, t)) {
        bench_counter sim[8];
        const int k = bench_simulate(t, sim, 8);
        for (int i = 0; i < k; i++) {
            int at = 0;
            while (at < n && strcmp(all[at].name, sim[i].name) != 0)
                at++;
            if (at < n && all[at].from == BENCH_NA && sim[i].from != BENCH_NA)
                all[at] = sim[i];
            else if (at == n || sim[i].from != BENCH_NA) {
                all[n] = sim[i];
                if (at < n)
                    snprintf(all[n].name, sizeof all[n].name, "%.19s.sim", sim[i].name);
                n++;
            }
        }
    }
    return n;
}

static assay_status write_row(bench_session *s, const bench_work *w, const bench_task *t, const bench_result *r,
                              const bench_verdict *v)
{
    assay_json j = { 0 };
    char name[BENCH_NAME];
    bench_counter all[COUNTERS];
    const int n = counters(s, w, t, r, all);
    bench_row_name(w, t->k, 1, t->cold, name);
    bench_row_json(w, t, r, v, &s->roofs, t->threads > 1 ? bench_journal_get(&s->journal, "row", name) : NULL, all, n,
                   &j);
    assay_json_close(&j);
    s->rows++;
    s->failed += !v->pass;
    const assay_status st = bench_journal_add(&s->journal, &j, &s->why);
    if (!st)
        print_row(&j);
    assay_json_free(&j);
    return st;
}

/* One kernel, one team size, one cache state. */
static assay_status row(bench_session *s, const bench_work *w, assay_problem *p, const assay_kernel *k, int nth,
                        int threads, bool cold)
{
    char name[BENCH_NAME];
    bench_task t = bench_task_of(s, p, k, nth, threads, cold);
    bench_result r;
    bench_verdict v;
    bench_row_name(w, k, threads, cold, name);
    if (*s->interrupted || bench_journal_has(&s->journal, "row", name)) {
        s->skipped += !*s->interrupted;
        return ASSAY_OK;
    }
    char shown[BENCH_NAME + 32] = "";
    if (s->until > 0)
        snprintf(shown, sizeof shown, "%.0f s left, ", fmax(0, bench_budget_left(s)));
    strncat(shown, name, BENCH_NAME);
    assay_progress_at(s->rows, shown);
    assay_status st = bench_stage_fits(&t, &s->why);
    if (st)
        return st;
    if (!bench_outputs_make(&t))
        return assay_fail(&s->why, ASSAY_ERR_NOMEM, "%s: no memory for the outputs", name);
    bench_measure(&t, &r);
    if (r.status == ASSAY_UNSUPPORTED) {
        bench_journal_not(&s->journal, name, "row", r.why);
        if (r.team && r.team < threads)
            printf("%-72s NOT MEASURED: %s\n", name, r.why);
    } else if (!*s->interrupted) {
        bench_judge(&t, &r, p, bench_judge_whole(s->o->filter.level, w->flops), &v);
        if (!*s->interrupted)
            st = write_row(s, w, &t, &r, &v);
    }
    bench_outputs_free(&t);
    return st;
}

/* The float reference: on the whole, or on as many rows of the weights as a short while allows. */
static assay_status baseline(bench_session *s, bench_work *w, assay_problem *p, bool wanted)
{
    const assay_kernel *k = assay_kernel_find(p->c.op->name, "scalar");
    const double limit = s->o->filter.level ? 4e8 : 5e7;
    const int d = bench_part_dim(&p->c);
    const int64_t all = d >= 0 ? p->c.dim[d] : 0;
    int64_t n = w->flops > limit ? (int64_t)((double)all * limit / w->flops) : all;
    char name[BENCH_NAME];
    assay_problem part;
    bench_result r;
    bench_verdict v;
    bench_row_name(w, k, 1, false, name);
    const cJSON *known = bench_journal_get(&s->journal, "row", name);
    const cJSON *time = cJSON_GetObjectItem(known, "real_time"), *how = cJSON_GetObjectItem(known, "scalar_how");
    if (cJSON_IsNumber(time)) {
        s->skipped += wanted;
        w->scalar_ns = time->valuedouble;
        snprintf(w->scalar_how, sizeof w->scalar_how, "%s",
                 cJSON_GetStringValue(how) ? cJSON_GetStringValue(how) : "measured");
        return ASSAY_OK;
    }
    bench_task t = bench_task_of(s, p, k, -1, 1, false);
    t.repetitions = w->flops > limit && d < 0 ? 1 : 5;
    t.counters = wanted;
    n = n < 1 ? 1 : n;
    bool cut = d >= 0 && n < all;
    if (cut) {
        int64_t *index = malloc((size_t)n * sizeof *index);
        for (int64_t i = 0; index && i < n; i++)
            index[i] = all * i / n;
        cut = index && bench_part(p, d, index, n, &part);
        free(index);
    }
    t.p = cut ? &part : p;
    assay_progress_at(s->rows, name);
    if (!bench_outputs_make(&t))
        return assay_fail(&s->why, ASSAY_ERR_NOMEM, "%s: no memory for the outputs", name);
    bench_measure(&t, &r);
    assay_status st = ASSAY_OK;
    if (!r.status && !*s->interrupted) {
        bench_judge(&t, &r, cut ? &part : p, cut || bench_judge_whole(s->o->filter.level, w->flops), &v);
        for (int i = 0; cut && i < r.n; i++)
            r.sample[i] *= (double)all / (double)n;
        w->scalar_ns = v.pass ? bench_median(r.sample, r.n) : 0;
        snprintf(w->scalar_how, sizeof w->scalar_how, "measured");
        if (cut) {
            snprintf(w->scalar_how, sizeof w->scalar_how, "scaled from %c=%lld", p->c.op->dims[d], (long long)n);
            snprintf(v.how, sizeof v.how, "all of %c=%lld, which was measured", p->c.op->dims[d], (long long)n);
            memset(r.counter, 0, sizeof r.counter); /* counted on a part: not this row's */
        }
        if (wanted) {
            t.p = p;
            st = write_row(s, w, &t, &r, &v);
        }
    } else if (r.status && !*s->interrupted)
        bench_journal_not(&s->journal, name, "row", r.why);
    t.p = cut ? &part : p;
    bench_outputs_free(&t);
    if (cut)
        assay_problem_free(&part);
    return st;
}

void bench_weigh(const assay_case *c, double *elements, double *flops)
{
    bool by_shape = true;
    assay_tensor t[ASSAY_MAX_OPND];
    assay_case_tensors(c, t);
    *elements = 0;
    for (int i = 0; i < c->op->n_operands; i++) {
        *elements += (c->present >> i & 1) ? (double)assay_tensor_count(&t[i]) : 0;
        by_shape &= !(c->op->operands[i].flags & (ASSAY_INDEX | ASSAY_POSITION | ASSAY_MASK | ASSAY_COUNT));
    }
    const assay_args a = { .operand = t, .dim = c->dim, .params = c->params };
    *flops = by_shape && c->op->flops ? c->op->flops(&a) : 0;
}

bool bench_too_large(const assay_case *c)
{
    double elements, flops;
    bench_weigh(c, &elements, &flops);
    return elements > 3e7 || flops > 1e9;
}

/* Is there any kernel of the op besides the scalar one, on whatever machine? */
static bool has_kernels(const assay_op *op)
{
    const assay_kernel *k;
    for (size_t i = 0; (k = assay_kernel_at(i)); i++)
        if (k->run && !strcmp(k->op, op->name))
            return true;
    return false;
}

assay_status bench_rows(bench_session *s, const char *line, const char *workload, double tokens)
{
    assay_case c;
    assay_problem p;
    assay_why why = { "" };
    const assay_kernel *k;
    bench_work w;
    char name[BENCH_NAME];
    int nth, takers = 0;
    bool scalar = false;
    const bool asked = s->call || s->o->line || s->vector; /* this very problem, whatever it costs */
    if (*s->interrupted)
        return ASSAY_OK;
    if (bench_case(s, line, &c, &why)) {
        if (s->o->line)
            return assay_fail(&s->why, ASSAY_ERR_ARG, "%s", why.text);
        snprintf(name, sizeof name, "%.*s/*/%.80s (%.100s)", (int)strcspn(line, " "), line, workload,
                 line + strcspn(line, " ") + 1);
        bench_journal_not(&s->journal, name, "workload", why.text);
        return ASSAY_OK;
    }
    if (!bench_in_shard(s, workload, &c))
        return ASSAY_OK;
    if (s->o->filter.has_seed && !s->vector)
        c.seed = s->o->filter.seed;
    assay_tensor views[ASSAY_MAX_OPND];
    assay_case_tensors(&c, views);
    const assay_args a = { .operand = views, .dim = c.dim, .params = c.params };
    for (size_t i = 0; (k = bench_kernel_at(s, i, &nth)); i++) {
        const bool is_scalar = nth < 0 && !k->run;
        if (strcmp(k->op, c.op->name) || assay_filter_kernel(&s->o->filter, k) != ASSAY_RUNS ||
            !bench_model_means(s, k))
            continue;
        scalar |= is_scalar;
        takers += !is_scalar && assay_kernel_takes(c.op, k, &a) && !bench_budget_skips(s, c.op, &a, k);
    }
    if (!takers && s->pass == BENCH_OTHERS)
        return ASSAY_OK;
    char types[64];
    bench_types_of(&c, types, sizeof types);
    snprintf(name, sizeof name, "%s/*/%s/%s", c.op->name, workload, types);
    if (!takers && s->call && !scalar) {
        bench_journal_not(&s->journal, name, "workload", "no kernel of this run takes this call");
        return ASSAY_OK;
    }
    if (!takers && !asked && (!scalar || (!s->o->filter.kernel && has_kernels(c.op)))) {
        bench_journal_not(&s->journal, name, "workload",
                          "no kernel of this run takes these types (scalar alone is not worth the time)");
        return ASSAY_OK;
    }
    if (s->o->filter.level == ASSAY_QUICK && !asked && bench_too_large(&c)) {
        bench_journal_not(&s->journal, name, "workload",
                          "too large for --quick (over 30 million elements or 1 GFLOP); --full measures it");
        return ASSAY_OK;
    }
    if (bench_problem(s, &c, &p, &why)) {
        bench_journal_not(&s->journal, name, "workload", why.text);
        assay_problem_free(&p);
        return ASSAY_OK;
    }
    bench_work_of(&p, workload, tokens, &w);
    if (s->call) {
        w.model = s->model->name, w.phase = s->model->phase[s->phase].name;
        w.calls = s->call->count[s->phase];
    }
    assay_status st = baseline(s, &w, &p, scalar);
    for (size_t i = 0; !st && (k = bench_kernel_at(s, i, &nth)); i++) {
        if (strcmp(k->op, c.op->name) || assay_filter_kernel(&s->o->filter, k) != ASSAY_RUNS || (nth < 0 && !k->run) ||
            !assay_kernel_takes(c.op, k, &a) || !bench_model_means(s, k) || bench_budget_skips(s, c.op, &a, k))
            continue;
        for (int n = 0; !st && n < s->n_threads; n++)
            st = row(s, &w, &p, k, nth, s->threads[n], false);
        for (int n = 0; !st && n < (s->o->filter.level ? s->n_threads : 1); n++)
            st = row(s, &w, &p, k, nth, s->threads[n], true);
    }
    assay_problem_free(&p);
    return st;
}
