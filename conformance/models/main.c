/* SPDX-License-Identifier: MIT
 * assay-models MODEL | --inputs FILE MODEL | --synthetic FILE | --write FILE: judges whole models (models.h).  Exit: 0
 * all good, 1 something failed, 2 wrong use or unreadable input, 77 the weights are absent and ASSAY_NO_MODEL=1 allows
 * it. */
#include "../../reference/core/clock.h"
#include "../../reference/core/registry.h"
#include "../../reference/core/save.h"
#include "../../reference/core/status.h"
#include "../../reference/models/session_parts.h"
#include "../../reference/models/synth.h"
#include "models.h"
#include <inttypes.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <stdarg.h>
#include <unistd.h>

static int failures;

static void verdict(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void verdict(bool good, const char *format, ...)
{
    va_list args;
    printf("%s  ", good ? "ok    " : "FAILED");
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
    failures += !good;
}

static assay_impl impl_of(const subject *m, const char *text)
{
    assay_impl impl;
    assay_why why = { "" };
    if (assay_impl_parse(text, m->isa, &impl, &why)) {
        fprintf(stderr, "assay-models: %s\n", why.text);
        exit(2);
    }
    return impl;
}

/* Runs or dies: a model that cannot be run is not a result. */
static outcome run(subject *m, assay_graph *g, const assay_impl *impl, feed in)
{
    outcome o;
    assay_why why = { "" };
    if (subject_run(m, g, impl, in, &o, &why)) {
        fprintf(stderr, "assay-models: %s\n", why.text);
        exit(1);
    }
    return o;
}

/* Where a prompt begins among the logits of all. */
static outcome of_prompt(const subject *m, const outcome *all, int prompt, int64_t most)
{
    int64_t before = 0;
    for (int p = 0; p < prompt; p++)
        before += m->n[p];
    return (outcome){ all->logits + before * m->l.graph.width, subject_tokens(m, prompt, most) };
}

/* Each variant takes half of one prompt, in turn: the bound is at most what all of them on all prompts would give. */
static double bound(subject *m, const outcome *oracle, bool rounded)
{
    double worst = 0, least = INFINITY;
    int which = 0;
    const double begin = assay_seconds();
    for (int i = 0; i < VARIANTS; i++) {
        const assay_impl impl = variant_impl(m->isa, i, rounded);
        const outcome want = of_prompt(m, oracle, i % m->prompts, HALF);
        outcome o = run(m, &m->l.graph, &impl, (feed){ 1u << i % m->prompts, .most = HALF });
        const double e = largest_error(m, &want, &o, o.rows);
        which = e > worst ? i : which;
        worst = fmax(worst, e);
        least = fmin(least, e);
        outcome_free(&o);
    }
    printf("bound: 4 x %.3g, the largest logit error of %d legal float variants%s, each on half of a prompt (%s; least "
           "%.3g), %.1f s\n",
           worst, VARIANTS, rounded ? " that round activations to q8_0" : "", variant_name(which), least,
           assay_seconds() - begin);
    fflush(stdout);
    return 4 * worst;
}

static int64_t best_of(const double *x, int64_t n)
{
    int64_t k = 0;
    for (int64_t i = 1; i < n; i++)
        k = x[i] > x[k] ? i : k;
    return k;
}

/* Greedy choice at every position of the given text; a flip is excused only where the oracle's margin is below what the
 * two logits may be off. */
static void judge_choices(const subject *m, const char *name, const outcome *oracle, const outcome *o, double limit)
{
    const int64_t V = m->l.graph.width;
    int flips = 0, wrong = 0;
    for (int64_t r = 0; r < o->rows; r++) {
        const double *g = oracle->logits + r * V;
        const int64_t a = best_of(g, V), b = best_of(o->logits + r * V, V);
        flips += a != b;
        wrong += a != b && !(g[a] - g[b] <= 2 * limit);
    }
    verdict(wrong == 0, "%s: greedy choice at %" PRId64 " forced steps: %d differ, all but %d within the error", name,
            o->rows, flips, wrong);
}

static bool same_bits(const subject *m, const outcome *a, const outcome *b)
{
    return !memcmp(a->logits, b->logits, (size_t)(b->rows * m->l.graph.width) * sizeof(double));
}

/* One implementation: prefill, chunks and token by token (chunks[] ends with 0), against the oracle that rounds alike.
 */
static void judge(subject *m, const char *name, const char *impl_text, const outcome *oracle, const outcome *plain,
                  double limit, unsigned prompts, const int64_t *chunks)
{
    const assay_impl impl = impl_of(m, impl_text);
    double begin = assay_seconds();
    outcome whole = run(m, &m->l.graph, &impl, (feed){ prompts });
    const double seconds = assay_seconds() - begin, e = largest_error(m, oracle, &whole, whole.rows);
    double mean, largest;
    verdict(e <= limit, "%s: prefill of %" PRId64 " positions: largest logit error %.3g of %.3g (%.0f %%), %.1f s",
            name, whole.rows, e, limit, 100 * e / limit, seconds);
    divergence(m, plain, &whole, whole.rows, &mean, &largest);
    verdict(mean <= 4e-3 && largest <= 0.1, "%s: KL against the plain oracle: mean %.3g of 4e-3, largest %.3g of 0.1",
            name, mean, largest);
    judge_choices(m, name, oracle, &whole, limit);
    for (; *chunks; chunks++) {
        outcome o = run(m, &m->l.graph, &impl, (feed){ prompts, .chunk = *chunks });
        const double d = largest_error(m, oracle, &o, o.rows), between = largest_error(m, &whole, &o, o.rows);
        verdict(d <= limit, "%s: %s: largest logit error %.3g of %.3g, from prefill at once %.3g", name,
                *chunks == 1 ? "token by token" : "chunked prefill", d, limit, between);
        if (whole.invariant && o.invariant)
            verdict(same_bits(m, &whole, &o), "%s: %s: the same bits as prefill at once, as all its kernels declare",
                    name, *chunks == 1 ? "token by token" : "chunked prefill");
        outcome_free(&o);
    }
    outcome_free(&whole);
}

/* The oracle by itself: chunks must not matter. */
static void judge_oracle(subject *m, const outcome *oracle)
{
    static const int64_t chunks[] = { 7, 1 };
    const assay_impl impl = impl_of(m, "oracle");
    for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
        outcome o = run(m, &m->l.graph, &impl, (feed){ FIRST, .most = i ? HALF : 0, .chunk = chunks[i] });
        verdict(same_bits(m, oracle, &o),
                "oracle: %" PRId64 " positions in steps of %" PRId64 ": the same bits as at once", o.rows, chunks[i]);
        outcome_free(&o);
    }
}

static assay_graph copy_graph(const assay_graph *g)
{
    assay_graph c = *g;
    c.value = malloc((size_t)(g->n_values + 8) * sizeof *c.value);
    c.node = malloc((size_t)g->n_nodes * sizeof *c.node);
    if (!c.value || !c.node)
        exit(1);
    memcpy(c.value, g->value, (size_t)g->n_values * sizeof *c.value);
    memcpy(c.node, g->node, (size_t)g->n_nodes * sizeof *c.node);
    c.values_room = g->n_values + 8;
    c.nodes_room = g->n_nodes;
    return c;
}

/* Decoded weights belong to the graph that was copied, but for those that a fault replaced. */
static void free_copy(assay_graph *c, const assay_graph *g)
{
    for (int i = 0; i < c->n_values; i++)
        if (i >= g->n_values || c->value[i].weight.data != g->value[i].weight.data) {
            free(c->value[i].weight.data);
            free(c->value[i].as_f32);
            free(c->value[i].as_f64);
        }
    free(c->value);
    free(c->node);
}

static void judge_faults(subject *m, const outcome *oracle, double limit)
{
    int there = 0;
    for (size_t i = 0; i < n_model_faults; i++) {
        assay_graph g = copy_graph(&m->l.graph);
        if (!model_faults[i].apply(&g)) {
            free_copy(&g, &m->l.graph);
            continue;
        }
        there++;
        for (int v = 0; v < m->l.graph.n_values; v++)
            if (g.value[v].weight.data != m->l.graph.value[v].weight.data)
                g.value[v].as_f32 = NULL, g.value[v].as_f64 = NULL;
        const assay_impl impl = variant_impl(m->isa, 0, false);
        outcome o = run(m, &g, &impl, (feed){ FIRST, .most = HALF });
        const double e = largest_error(m, oracle, &o, o.rows);
        verdict(e > limit, "fault '%s' must fail: largest logit error %.3g, %.3g x the bound", model_faults[i].name, e,
                e / limit);
        outcome_free(&o);
        free_copy(&g, &m->l.graph);
    }
    verdict(there >= FEWEST_FAULTS, "%d faults of %zu are possible in this graph (at least %d)", there, n_model_faults,
            FEWEST_FAULTS);
}

/* What each op's error alone does to the logits: the oracle with one op swapped, on the first positions. */
static void show_single_ops(subject *m, const outcome *oracle)
{
    enum { TOKENS = 24 };
    const char *done[32];
    int n_done = 0;
    printf("what one op's error alone does to the logits (%" PRId64
           " positions of prompt 1; the rest is the oracle):\n",
           subject_tokens(m, 0, TOKENS));
    for (int i = 0; i < m->l.graph.n_nodes; i++) {
        const assay_op *op = m->l.graph.node[i].op;
        const int parts = op->n_parts ? op->n_parts : 1;
        for (int p = 0; p < parts; p++) {
            const char *name = op->n_parts ? op->parts[p].op : op->name;
            int k = 0;
            while (k < n_done && strcmp(done[k], name))
                k++;
            if (k < n_done || n_done == 32)
                continue;
            done[n_done++] = name;
            for (int best = 0; best < 2; best++) {
                char text[64];
                double mean, largest;
                snprintf(text, sizeof text, "oracle,%s=%s", name, best ? "best" : "scalar");
                const assay_impl impl = impl_of(m, text);
                outcome o = run(m, &m->l.graph, &impl, (feed){ FIRST, .most = TOKENS });
                divergence(m, oracle, &o, o.rows, &mean, &largest);
                printf("  %-10s %-7s largest logit error %-10.3g KL mean %.2g, largest %.2g\n", name,
                       best ? "best" : "scalar", largest_error(m, oracle, &o, o.rows), mean, largest);
                outcome_free(&o);
            }
        }
    }
}

static bool rounds(const subject *m, const assay_impl *impl, assay_graph *g)
{
    (void)m;
    for (int i = 0; i < g->n_nodes; i++)
        for (size_t k = 0; assay_kernel_at(k); k++) {
            const assay_kernel *kernel = assay_kernel_at(k);
            if (!strcmp(kernel->op, "matmul") && !(kernel->isa & ~impl->isa) && kernel->contract &&
                kernel->contract->round[0].operand)
                for (int v = 0; v < g->n_values; v++)
                    if (g->value[v].kind == ASSAY_VALUE_WEIGHT && ASSAY_HAS(kernel->types[1], g->value[v].type))
                        return true;
        }
    return false;
}

static bool has_float_kernel(const subject *m, char *text, size_t n)
{
    bool found = false;
    for (size_t k = 0; assay_kernel_at(k); k++) {
        const assay_kernel *kernel = assay_kernel_at(k);
        if (strcmp(kernel->op, "matmul") || !kernel->run || (kernel->isa & ~m->isa) ||
            !ASSAY_HAS(kernel->types[1], ASSAY_f32))
            continue;
        snprintf(text, n, "best,matmul=%s", kernel->name);
        found = true;
    }
    return found;
}

static void judge_model(subject *m)
{
    static const int64_t none[] = { 0 }, many[] = { 17, 1, 0 };
    const int64_t *const some = m->l.graph.steps ? many : none;
    const assay_impl plain = impl_of(m, "oracle"), best = impl_of(m, "best");
    char text[128];
    double begin = assay_seconds();
    outcome oracle = run(m, &m->l.graph, &plain, (feed){ ALL });
    printf("oracle: %" PRId64 " positions of %d prompt%s, %.1f s\n", oracle.rows, m->prompts,
           m->prompts == 1 ? "" : "s", assay_seconds() - begin);
    verdict(oracle.rows >= (m->in.label ? 1 : 256), "%" PRId64 " positions", oracle.rows);
    if (m->l.graph.steps)
        judge_oracle(m, &oracle);
    const double limit = bound(m, &oracle, false);
    judge_faults(m, &oracle, limit);
    judge(m, "scalar", "scalar", &oracle, &oracle, limit, ALL, none);
    if (has_float_kernel(m, text, sizeof text))
        judge(m, text, text, &oracle, &oracle, limit, FIRST, some);
    if (rounds(m, &best, &m->l.graph)) {
        assay_impl like = plain;
        like.rounds_like = &best;
        begin = assay_seconds();
        outcome alike = run(m, &m->l.graph, &like, (feed){ ALL });
        printf("oracle with the roundings of the best kernels: %.1f s\n", assay_seconds() - begin);
        judge(m, "best", "best", &alike, &oracle, bound(m, &alike, true), ALL, some);
        outcome_free(&alike);
    } else {
        judge(m, "best", "best", &oracle, &oracle, limit, ALL, some);
    }
    if (!m->in.label)
        show_single_ops(m, &oracle);
    outcome_free(&oracle);
}

/* One text as numbers: of a decoder its ids, of an encoder what it reads, and the ids that the decoder is given. */
static assay_status take_inputs(const char *inputs, subject *m, assay_why *why)
{
    const assay_graph *g = &m->l.graph;
    assay_status s = assay_inputs_open(inputs, &m->in, why);
    if (!s && g->encodes)
        s = assay_inputs_rows(&m->in, g, &m->source, why);
    if (s)
        return s;
    const assay_given *text = g->encodes ? &m->in.decoder_ids : &m->in.ids;
    m->prompts = 1;
    m->ids[0] = text->whole;
    m->n[0] = g->steps ? text->n : g->value[g->logits].dim[0] == 1 ? 1 : m->source;
    m->positions = m->longest = m->n[0];
    return m->n[0] ? ASSAY_OK : assay_fail(why, ASSAY_ERR_ARG, "%s: no ids", inputs);
}

static assay_status make_subject(const char *path, const char *inputs, subject *m, assay_why *why)
{
    *m = (subject){ .threads = 2, .isa = assay_cpu() };
    if (omp_get_num_procs() < 2)
        m->threads = 1;
    assay_status s = assay_load(path, ASSAY_f32, 0, inputs ? ASSAY_WANTS_NUMBERS : ASSAY_WANTS_TEXT, &m->l, why);
    if (s || inputs)
        return s ? s : take_inputs(inputs, m, why);
    for (m->prompts = 0; m->prompts < PROMPTS && !s; m->prompts++) {
        const int p = m->prompts;
        size_t n = 0;
        s = assay_tokenizer_encode(&m->l.tokens, model_prompts[p], strlen(model_prompts[p]), true, &m->ids[p], &n, why);
        m->n[p] = n < LONGEST ? (int64_t)n : LONGEST;
        m->positions += m->n[p];
        m->longest = m->n[p] > m->longest ? m->n[p] : m->longest;
    }
    return s;
}

int main(int argc, char **argv)
{
    assay_stdout_watch();
    const bool write_only = argc == 3 && !strcmp(argv[1], "--write");
    const char *inputs = argc == 4 && !strcmp(argv[1], "--inputs") ? argv[2] : NULL;
    const bool synthetic = write_only || (argc == 3 && !strcmp(argv[1], "--synthetic"));
    const char *path = argc > 1 ? argv[argc - 1] : NULL;
    const double begin = assay_seconds();
    assay_why why = { "" };
    subject m;
    if (argc != 2 && !synthetic && !inputs) {
        fputs("usage: assay-models MODEL | --inputs FILE MODEL | --synthetic FILE | --write FILE (a synthetic model: "
              "judge it, "
              "or only write it)\n",
              stderr);
        return 2;
    }
    assay_synth small = { .family = assay_family_find("llama"), .seed = 1, .type = ASSAY_q4_1, .table = ASSAY_q8_0 };
    if (synthetic && assay_synth_write(&small, path, &why)) {
        fprintf(stderr, "assay-models: %s\n", why.text);
        return 2;
    }
    if (write_only)
        return 0;
    if (access(path, R_OK) != 0) {
        const char *no_model = getenv("ASSAY_NO_MODEL");
        const bool allowed = no_model && !strcmp(no_model, "1");
        fprintf(stderr, "assay-models: %s: no weights there (ci/models fetches them)%s\n", path,
                allowed ? "; ASSAY_NO_MODEL=1: skipped" : "; ASSAY_NO_MODEL=1 would skip");
        return allowed ? 77 : 1;
    }
    if (make_subject(path, inputs, &m, &why)) {
        fprintf(stderr, "assay-models: %s\n", why.text);
        return 2;
    }
    judge_model(&m);
    printf("%s: %d failed, %.1f s\n", path, failures, assay_seconds() - begin);
    for (int p = 0; p < m.prompts && !inputs; p++)
        free(m.ids[p]);
    if (inputs)
        assay_inputs_free(&m.in);
    assay_loaded_free(&m.l);
    return failures ? 1 : 0;
}
