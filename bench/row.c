/* SPDX-License-Identifier: MIT
 * row.c - one result as JSON: times, rates, shares of the measured roofs (docs/results.md). */
#include "../reference/core/dtype.h"
#include "../reference/core/tensor.h"
#include "bench.h"
#include "limits.h"
#include <cjson/cJSON.h>
#include <string.h>

/* Element types worth naming: of operands that have a choice and did not choose f32; each once. */
void bench_types_of(const assay_case *c, char *text, size_t n)
{
    size_t at = 0;
    uint64_t seen = 0;
    for (int i = 0; i < c->op->n_operands; i++) {
        const assay_typeset *s = &c->op->operands[i].types;
        const bool choice = (s->bits[0] & (s->bits[0] - 1)) || s->bits[1];
        const assay_dtype t = c->type[i];
        if (!(c->present >> i & 1) || ((!choice || t == ASSAY_f32 || seen >> (t & 63) & 1) && !c->layout[i]))
            continue;
        seen |= UINT64_C(1) << (t & 63);
        at += (size_t)snprintf(text + at, at < n ? n - at : 0, "%s%s%s%s", at ? "+" : "", assay_dtype_of(t)->name,
                               c->layout[i] ? ":" : "", c->layout[i] ? assay_layout_of(c->layout[i])->name : "");
        at = at < n ? at : n - 1;
    }
    if (at == 0)
        snprintf(text, n, "f32");
}

void bench_work_of(const assay_problem *p, const char *workload, double tokens, bench_work *w)
{
    const assay_op *op = p->c.op;
    const assay_args a = { .operand = p->t, .dim = p->c.dim, .params = p->c.params };
    *w = (bench_work){ .workload = workload, .tokens = tokens };
    w->flops = op->flops ? op->flops(&a) : 0;
    w->bytes = op->bytes ? op->bytes(&a) : assay_operand_bytes(op, p->t, true, true);
    bench_types_of(&p->c, w->types, sizeof w->types);
    assay_case_print(&p->c, w->line, sizeof w->line);
}

void bench_row_name(const bench_work *w, const assay_kernel *k, int threads, bool cold, char name[BENCH_NAME])
{
    snprintf(name, BENCH_NAME, "%s/%s/%s/%s/%dt/%s", k->op, k->name, w->workload, w->types, threads,
             cold ? "cold" : "hot");
}

/* The roof for so many threads: of arithmetic (float or 8-bit integers) the best tier within bits, of reading the
 * level's. */
static const bench_roof *roof_of(const bench_roofs_table *table, const char *kind, const char *unit, const char *level,
                                 uint64_t bits, int threads)
{
    const bench_roof *best = NULL;
    for (int i = 0; i < table->n; i++) {
        const bench_roof *r = &table->roof[i];
        const assay_isa *isa = r->isa[0] ? assay_isa_find(r->isa) : NULL;
        if (r->why[0] || r->threads != threads || strcmp(r->kind, kind) != 0 || strcmp(r->unit, unit) != 0 ||
            strcmp(r->level, level) != 0)
            continue;
        if (strcmp(kind, "memory") != 0 && (!isa || (isa->bits & ~bits)))
            continue;
        /* of chains that of the highest tier: adding may be quicker than the multiply-add of kernels that have one */
        if (!best || r->value > best->value || strcmp(kind, "latency") == 0)
            best = r;
    }
    return best;
}

static bool integer_kernel(const assay_kernel *k)
{
    for (int i = 0; k->contract && i < 4 && k->contract->round[i].operand; i++) {
        const assay_dtype t = k->contract->round[i].to;
        if (t == ASSAY_q8_0 || t == ASSAY_q8_1 || t == ASSAY_i8)
            return true;
    }
    return false;
}

static double share(const bench_roof *r, double value, const char *key, assay_json *j)
{
    if (!r || value <= 0)
        return 0;
    assay_json_open(j, key, '{');
    assay_json_str(j, "roof", r->name);
    assay_json_num(j, "peak", r->value);
    assay_json_num(j, "share", value / r->value);
    assay_json_close(j);
    return value / r->value;
}

/* The float reference converts an INOUT operand whole, a kernel touches what it appends: no ratio to be proud of. */
static bool rewrites(const assay_op *op)
{
    for (int i = 0; i < op->n_operands; i++)
        if (op->operands[i].access == ASSAY_INOUT)
            return true;
    return false;
}

double bench_touched(const bench_work *w, const bench_task *t, const bench_result *r)
{
    const bool packs = r->packed_bytes > 0 && !t->p->c.op->bytes;
    return packs ? w->bytes - assay_operand_bytes(t->p->c.op, t->p->t, true, false) + (double)r->packed_bytes
                 : w->bytes;
}

void bench_rates_json(const bench_work *w, const bench_task *t, const bench_result *r, const bench_roofs_table *roofs,
                      double ns, double low, bench_facts *f, assay_json *j)
{
    const double weights = assay_operand_bytes(t->p->c.op, t->p->t, true, false);
    const bool packs = r->packed_bytes > 0;
    const double bytes = bench_touched(w, t, r);
    const double all = (packs ? (double)r->packed_bytes : weights) +
                       BENCH_SETS * assay_operand_bytes(t->p->c.op, t->p->t, false, true);
    /* an op that looks rows up touches less than its operands hold */
    const double footprint = t->p->c.op->bytes && BENCH_SETS * bytes < all ? BENCH_SETS * bytes : all;
    int64_t below = 0;
    const char *level = t->cold ? "memory" : bench_machine_level(t->machine, (int64_t)footprint, t->threads, &below);
    /* what a call touches and that level at least must deliver: a hot loop may find the rest in the level before it */
    const double delivered = footprint > 0 ? 1 - (double)below / footprint : 1;
    const double gflops = w->flops / ns, gbps = bytes / ns, best = ns / low;
    if (w->flops > 0) {
        assay_json_num(j, "flops", w->flops);
        assay_json_num(j, "gflops", gflops);
    }
    assay_json_num(j, "bytes", bytes);
    assay_json_num(j, "gbps", gbps);
    if (w->tokens > 0) {
        assay_json_num(j, "tokens", w->tokens);
        assay_json_num(j, "tokens_per_s", w->tokens / ns * 1e9);
    }
    if (r->vary_ns > 0)
        assay_json_num(j, "vary_ns", r->vary_ns);
    if (packs) {
        assay_json_num(j, "pack_ns", r->pack_ns);
        assay_json_int(j, "packed_bytes", r->packed_bytes);
        assay_json_str(j, "packing", t->k->packing ? t->k->packing : t->k->name);
    }
    assay_json_str(j, "level", level);
    f->level = level;
    assay_json_num(j, "footprint", footprint);
    assay_json_open(j, "roofs", '{');
    const double compute =
        share(roof_of(roofs, "compute", integer_kernel(t->k) ? "GOP/s" : "GFLOP/s", "", t->k->isa, t->threads), gflops,
              "compute", j);
    const double memory = share(roof_of(roofs, "memory", "GB/s", level, 0, t->threads), gbps, "memory", j);
    assay_json_close(j);
    if (compute > 0 || memory > 0) {
        assay_json_num(j, "share", compute > memory ? compute : memory);
        assay_json_num(j, "share_best", (compute > memory ? compute : memory) * best);
        assay_json_str(j, "bound_by", compute > memory ? "compute" : "memory");
        f->compute = compute, f->memory = memory * delivered;
        f->share = compute > memory * delivered ? compute : memory * delivered;
        assay_json_bool(j, "impossible", f->share > 1.05);
    }
    if (w->scalar_ns > 0 && !rewrites(assay_op_find(t->k->op))) {
        assay_json_num(j, "speedup", w->scalar_ns / ns);
        assay_json_num(j, "scalar_ns", w->scalar_ns);
        assay_json_str(j, "scalar_how", w->scalar_how);
    }
}

/* Dependent additions of all sums, one sum after another; 0: not known.  Of ops that sum along one dimension: the
 * reference makes one sum after another; of a kernel that declares in how many lanes it sums, where there is one sum
 * alone, for of several nobody knows how many it makes at once. */
static double chain_steps(const bench_task *t)
{
    const assay_case *c = &t->p->c;
    const assay_contract *k = t->k->contract;
    const int lanes = !t->k->run ? 1 : k && k->h.kind == ASSAY_DEPTH_LANES ? k->h.lanes : 0;
    double sums = 1, n = 0;
    for (int d = 0; c->op->dims[d]; d++)
        if (c->op->role[d] == ASSAY_ROLE_SUM)
            n = n > 0 ? -1 : (double)c->dim[d];
    for (int i = 0; n > 0 && i < c->op->n_operands; i++) {
        if (c->op->operands[i].access != ASSAY_OUT || !(c->present >> i & 1))
            continue;
        for (const char *s = c->op->operands[i].shape; *s; s++) {
            const int d = assay_op_dim(c->op, *s);
            sums *= d >= 0 && c->op->role[d] != ASSAY_ROLE_SUM ? (double)c->dim[d] : 1;
        }
        break;
    }
    return n > 0 && lanes > 0 && (!t->k->run || sums <= 1) ? sums * bench_chain(n, lanes) : 0;
}

/* Why it takes so long; best: how many times as long as the best repetition the median took. */
static void limits(const bench_work *w, const bench_task *t, const bench_result *r, const bench_roofs_table *roofs,
                   const bench_facts *facts, double low, double best, const bench_counter *counter, int n,
                   assay_json *j)
{
    const assay_isa *isa = assay_isa_of(t->k->isa);
    const bench_roof *step = roof_of(roofs, "latency", "Gstep/s", "", t->k->isa, 1);
    bench_limits_facts f = { .level = facts->level,
                             .no_roofs = roofs->n ? NULL : "no roofs were measured",
                             .impossible = facts->share * best > 1.05,
                             .isa = isa ? isa->name : NULL,
                             .integers = integer_kernel(t->k),
                             .flops = w->flops,
                             .bytes = bench_touched(w, t, r),
                             .least = w->bytes,
                             .counter = counter,
                             .n = n,
                             .threads = t->threads,
                             .wall = r->balance.wall,
                             .busiest = r->balance.most,
                             .mean = r->balance.mean };
    if (f.wall > 0)
        f.share[BENCH_WAITING] = 1 - f.mean / f.wall;
    f.share[BENCH_COMPUTE] = facts->compute * best;
    f.share[BENCH_LEVEL] = facts->memory * best;
    if (step)
        f.share[BENCH_LATENCY] = chain_steps(t) / step->value / t->threads / low;
    for (int i = 0; t->threads == 1 && i < roofs->n; i++)
        if (!strcmp(roofs->roof[i].kind, "call") && !roofs->roof[i].why[0])
            f.share[BENCH_CALL] = (roofs->roof[i].value + r->vary_ns) / low;
    bench_limits_json(&f, j);
}

void bench_row_json(const bench_work *w, const bench_task *t, const bench_result *r, const bench_verdict *v,
                    const bench_roofs_table *roofs, const cJSON *one, const bench_counter *counter, int n,
                    assay_json *j)
{
    char name[BENCH_NAME];
    const double ns = bench_median(r->sample, r->n);
    bench_row_name(w, t->k, t->threads, t->cold, name);
    assay_json_open(j, NULL, '{');
    assay_json_str(j, "line", "row");
    assay_json_str(j, "name", name);
    assay_json_str(j, "run_name", name);
    assay_json_str(j, "run_type", "iteration");
    assay_json_str(j, "op", t->k->op);
    assay_json_str(j, "kernel", t->k->name);
    assay_json_str(j, "workload", w->workload);
    assay_json_str(j, "types", w->types);
    assay_json_int(j, "threads", t->threads);
    assay_json_str(j, "cache", t->cold ? "cold" : "hot");
    assay_json_str(j, "case", w->line);
    if (w->calls) {
        assay_json_str(j, "model", w->model);
        assay_json_str(j, "phase", w->phase);
        assay_json_int(j, "calls", w->calls);
    }
    assay_json_str(j, "isa", assay_isa_of(t->k->isa) ? assay_isa_of(t->k->isa)->name : "unknown");
    assay_json_str(j, "supplier", t->supplier ? t->supplier : "built-in");
    assay_json_uint(j, "seed", t->p->c.seed);
    bench_verdict_json(v, j, "verdict");
    if (v->pass && r->n > 0) { /* no time for what is wrong */
        double low = r->sample[0], high = r->sample[0];
        assay_json_int(j, "repetitions", r->n);
        assay_json_int(j, "repetition_index", 0);
        assay_json_int(j, "iterations", r->iterations);
        assay_json_num(j, "real_time", ns);
        assay_json_num(j, "cpu_time", r->cpu_ns);
        assay_json_str(j, "time_unit", "ns");
        assay_json_open(j, "samples", '[');
        for (int i = 0; i < r->n; i++) {
            assay_json_num(j, NULL, r->sample[i]);
            low = r->sample[i] < low ? r->sample[i] : low;
            high = r->sample[i] > high ? r->sample[i] : high;
        }
        assay_json_close(j);
        assay_json_open(j, "cpu_samples", '[');
        for (int i = 0; i < r->n; i++)
            assay_json_num(j, NULL, r->cpu[i]);
        assay_json_close(j);
        assay_json_num(j, "low", low);
        assay_json_num(j, "high", high);
        const cJSON *time = cJSON_GetObjectItem(one, "real_time");
        bench_facts f = { .team = t->threads, .cpus = t->machine->threads, .used = r->used, .preempted = r->preempted };
        f.around = r->around, f.own_threads = r->own_threads, f.fresh = r->fresh;
        if (r->team > 0)
            assay_json_int(j, "team", r->team);
        if (r->used > 0)
            assay_json_num(j, "used_cpus", r->used);
        bench_rates_json(w, t, r, roofs, ns, low, &f, j);
        if (cJSON_IsNumber(time)) {
            f.scaling = time->valuedouble / ns;
            f.level_1 = cJSON_GetStringValue(cJSON_GetObjectItem(one, "level"));
        }
        bench_marks_json(&f, j);
        limits(w, t, r, roofs, &f, low, ns / low, counter, n, j);
    }
    bench_counters_json(counter, n, j, "counters", true);
}
