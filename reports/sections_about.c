/* SPDX-License-Identifier: MIT
 * What the page is about: its parts at a glance, the machine, what is missing, what its words mean. */
#include "report.h"
#include <string.h>

static const cJSON *passport(const report *r)
{
    return member(r->bench, "context.assay");
}

/* The parts of a report: what each asks, and what makes it where it is missing. */
static const struct part {
    const char *kind, *asks, *command;
    answer (*answer)(const report *r, char *text, size_t n);
} parts[] = {
    { "check", "Are the kernels right?", "assay check --json FILE", answer_check },
    { "faults", "Does the judge find what is wrong, and only that?", "assay check --self --json FILE", answer_faults },
    { "mutants", "Does it find what nobody thought of?", "ctest --test-dir build -L mutants", answer_mutants },
    { "proof", "Would the proof of the reference find an error in it?", "conformance/proof/mutants/prove build",
      answer_proof },
    { "metamorphic", "How much is seen without a reference?", "assay check --metamorphic --json FILE",
      answer_relations },
    { "cheats", "Can a kernel cheat?", "ci/contain build/assay . cc cheats --json FILE", answer_cheats },
    { "hostile", "Can a kernel do harm?", "ci/contain build/assay . cc hostile --json FILE", answer_hostile },
    { "primitives", "Are exp, sine and their kind right, alone?", "assay primitives --json FILE", answer_primitives },
    { "certificate", "What do kernels hold to besides?", "assay check --certificate '*' --json FILE",
      answer_certificates },
    { "bench", "What are they worth?", "assay bench --quick --json FILE", answer_bench },
    { "model", "Does a model run on them?", "assay run MODEL.gguf -p TEXT --json FILE", answer_models },
    { "fidelity", "How far from the oracle are whole models?", "assay fidelity MODEL --text FILE --json FILE",
      answer_fidelity },
    { "formats", "What does each element type cost?", "assay formats --json FILE", answer_formats },
};
enum { PARTS = sizeof parts / sizeof *parts };

/* What --absent said of a part: why it is not here, or what of it is not; NULL: nothing. */
static const char *left_out(const report *r, const char *kind)
{
    const size_t n = strlen(kind);
    for (int i = 0; i < r->n_absent; i++)
        if (!strncmp(r->absent[i], kind, n) && r->absent[i][n] == ':')
            return r->absent[i] + n + 1 + strspn(r->absent[i] + n + 1, " ");
    return NULL;
}

static const char *reason(const report *r, const char *kind)
{
    const char *why = left_out(r, kind);
    return why ? why : "no file of it was given";
}

void parts_in_words(report *r)
{
    char text[512];
    for (int i = 0; i < PARTS; i++)
        if (left_out(r, parts[i].kind) && parts[i].answer(r, text, sizeof text) != NOT_RUN)
            page_item(r, "In part", "%s %.400s.", parts[i].asks, left_out(r, parts[i].kind));
}

void failures_in_words(report *r)
{
    char text[512];
    for (int i = 0; i < PARTS; i++)
        if (parts[i].answer(r, text, sizeof text) == BAD)
            page_item(r, "FAILED", "%s %s", parts[i].asks, text);
}

void section_summary(report *r)
{
    char text[512];
    const cJSON *from = r->check ? r->check : passport(r);
    page_heading(r, "What was asked, and the answers");
    page_text(r, "Assay judges the kernels of a transformer (matrix products, attention, norms and the rest) against a "
                 "reference in double, within error bounds that are derived, and measures them against the roofs of "
                 "the machine. What the words mean stands at the end of the page.");
    page_table(r, "~question|~answer");
    for (int i = 0; i < PARTS; i++) {
        const answer a = parts[i].answer(r, text, sizeof text);
        if (a == NOT_RUN)
            snprintf(text, sizeof text, "not in this report: %.300s", reason(r, parts[i].kind));
        page_row(r, "%s|%s%s%s", parts[i].asks,
                 a == NOT_RUN ? "{na}"
                 : a == GOOD  ? ""
                              : "FAILED: ",
                 text, a != NOT_RUN && left_out(r, parts[i].kind) ? "; in part, see the end" : "");
    }
    page_table_end(r);
    page_text(r, "Assay %s, commit %s, %s.", member_text(from, "version", "?"), member_text(from, "commit", "?"),
              member_text(passport(r), "date", "no date"));
    const char *secret = member_text(from, "secret", "");
    if (*secret)
        page_text(r, "Inputs were made with a secret besides the seeds: secret %s.", secret);
}

void section_machine(report *r)
{
    const cJSON *p = passport(r), *c;
    if (!p)
        return;
    page_heading(r, "Machine");
    if (r->hosts > 1)
        page_text(
            r,
            "The measurements are of %d kinds of CPU, which stand side by side above; the rest of this page is of "
            "the first.",
            r->hosts);
    page_table(r, "what|this machine");
    page_row(r, "CPU|%s, %.0f cores, %.0f threads", member_text(p, "cpu.model", "?"), member_number(p, "cpu.cores", 0),
             member_number(p, "cpu.threads", 0));
    EACH (c, member(p, "caches"))
        if (strcmp(member_text(c, "type", ""), "instruction") != 0)
            page_row(r, "L%.0f %s|%.0f KiB, shared by %.0f", member_number(c, "level", 0), member_text(c, "type", ""),
                     member_number(c, "bytes", 0) / 1024, member_number(c, "shared_by", 1));
    page_row(r, "memory|%.1f GiB", member_number(p, "memory.total", 0) / (1 << 30));
    page_row(r, "system|%s, %s", member_text(p, "system.os", "?"), member_text(p, "system.kernel", "?"));
    page_row(r, "compiler|%s", member_text(p, "compiler", "?"));
    const double load = item_number(member(p, "system.load"), 0);
    page_row(r, "load when it began|%s%.1f", load > member_number(p, "cpu.threads", 1) / 2 ? "{bad}" : "", load);
    page_table_end(r);
    if (load > member_number(p, "cpu.threads", 1) / 2)
        page_text(r,
                  "The machine was busy with other work while it was measured: times are longer, and teams of threads "
                  "suffer most. Verdicts do not depend on it.");
    page_text(r, "Measured roofs, the most that this machine was seen to do. fma: multiply-adds of floats, int8: of "
                 "8-bit integers, by instruction set; read: bytes read from a cache level or from memory; 1t: by one "
                 "thread. call: what an empty kernel costs.");
    page_table(r, "roof|>value|unit");
    EACH (c, member(r->bench, "roofs"))
        page_row(r, "%s|%.1f|%s", member_text(c, "name", "?"), member_number(c, "value", 0),
                 member_text(c, "unit", ""));
    page_table_end(r);
}

/* What is not covered, by the reason; the same thing for the same reason once. */
typedef struct lacks {
    char why[64][256], what[1024][120];
    int of[1024], n_whys, n, dropped; /* of: which reason; dropped: there is no room for them */
} lacks;

static void lack(lacks *l, const char *why, const char *a, const char *b, const char *c)
{
    char what[sizeof l->what[0]];
    int w = 0, i = 0;
    snprintf(what, sizeof what, "%s%s%s", a, b, c);
    while (w < l->n_whys && strncmp(l->why[w], why, sizeof l->why[w] - 1) != 0)
        w++;
    if (w == 64 || l->n == 1024) {
        l->dropped++;
        return;
    }
    if (w == l->n_whys)
        snprintf(l->why[l->n_whys++], sizeof l->why[w], "%.255s", why);
    while (i < l->n && (l->of[i] != w || strcmp(l->what[i], what) != 0))
        i++;
    if (i == l->n) {
        memcpy(l->what[l->n], what, sizeof what);
        l->of[l->n++] = w;
    }
}

static void lack_row(report *r, const lacks *l, int w)
{
    char text[3000] = "";
    size_t at = 0;
    int n = 0, shown = 0;
    for (int i = 0; i < l->n; i++)
        n += l->of[i] == w;
    for (int i = 0; i < l->n; i++)
        if (l->of[i] == w && at + 200 < sizeof text) {
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", shown ? ", " : "", l->what[i]);
            shown++;
        }
    if (shown < n)
        snprintf(text + at, sizeof text - at, " and %d more", n - shown);
    page_row(r, "%s|%d|%s", l->why[w], n, text);
}

void section_missing(report *r)
{
    static lacks l;
    char text[512];
    const cJSON *k;
    l.n = l.n_whys = l.dropped = 0;
    page_heading(r, "Not in this report, and why");
    page_table(r, "~part|~why|~what makes it");
    for (int i = 0; i < PARTS; i++)
        if (parts[i].answer(r, text, sizeof text) == NOT_RUN)
            page_row(r, "%s|%s|%s", parts[i].asks, reason(r, parts[i].kind), parts[i].command);
        else if (left_out(r, parts[i].kind))
            page_row(r, "%s|in part: %.3000s|%s", parts[i].asks, left_out(r, parts[i].kind), parts[i].command);
    page_table_end(r);
    EACH (k, member(r->check, "not_built"))
        lack(&l, "not built for this target", "", cJSON_IsString(k) ? k->valuestring : "?", "");
    EACH (k, member(r->faults, "not_judged"))
        lack(&l, "the judge was not judged on this op in this run", "", cJSON_IsString(k) ? k->valuestring : "?", "");
    EACH (k, member(r->check, "kernels"))
        if (!strcmp(member_text(k, "verdict", ""), "not on this CPU")) {
            snprintf(text, sizeof text, "not on this CPU: %.60s", member_text(k, "isa", "?"));
            lack(&l, text, member_text(k, "op", "?"), "/", member_text(k, "kernel", "?"));
        }
    EACH (k, member(r->bench, "not_measured"))
        lack(&l, member_text(k, "why", "?"), "", member_text(k, "name", "?"), "");
    EACH (k, member(passport(r), "counters"))
        if (!strcmp(member_text(k, "from", ""), "n/a"))
            lack(&l, member_text(k, "why", "?"), "counter ", k->string ? k->string : "?", "");
    page_text(r, "Kernels, workloads and counters that this machine or this run could not cover:");
    page_table(r, "~why|>how many|~what");
    for (int w = 0; w < l.n_whys; w++)
        lack_row(r, &l, w);
    if (l.dropped)
        page_row(r, "other reasons|%d|not listed here: see the JSON", l.dropped);
    page_table_end(r);
}

void section_words(report *r)
{
    static const char *const words[] = {
        "op|what is computed: matmul, attention, softmax ...; gate_up is silu(x G^T) times (x U^T), fused",
        "probe_...|small ops that no model here uses; they prove that the interface holds what may come",
        "kernel, tier|one implementation of an op; the instruction set that it needs (avx2, avx512, neon; scalar: "
        "none)",
        "types|element types of the operands that have a choice, in order; q8_0, q4_0, q4_1: blocks of 32 weights of 8 "
        "or 4 bits with a scale "
        "(q4_1: and a minimum); q4_k, q6_k: blocks of 256",
        "case, generator|one problem: an op, its lengths, types, and numbers by a named rule (gauss, spike, subnormal "
        "...)",
        "bound, worst|how far an output may be from the double reference, derived for each element; the largest share "
        "of "
        "it that any output used: 1 is the limit",
        "contract|what a kernel says about its arithmetic (number of partial sums, operands that it rounds); strict: "
        "nothing",
        "u, ulp|2^-24, the roundoff of a float; the distance from a float to the next",
        "class|verdict: NaN, infinities and numbers stand where the reference has them",
        "EX|verdict: bit for bit, where an output is exact by nature",
        "T1|verdict: every output within its bound",
        "T2|verdict: the errors of all outputs together are no larger than rounding at random makes them, and do not "
        "drift",
        "DISCRETE|verdict on an index or a code: every answer that the bounds allow, no other",
        "memory, abi|verdicts: nothing touched besides the operands; registers, stack, modes and threads left as they "
        "were",
        "promise, relation|verdicts: what the kernel declares of itself; what two results must have to do with each "
        "other",
        "crash, timeout, status|verdicts: the call died, used up its CPU time, or returned an error",
        "workload|lengths as a model has them: smollm2 (135 M parameters), llama3 (8 B); prefill reads a prompt, "
        "decode "
        "makes one token",
        "hot, cold|the same buffers call after call; all of them flushed out of the caches before each call",
        "roof, share|the most that was measured of arithmetic, or of reading from where the data lies; how much of the "
        "one "
        "that binds a row reaches",
        "speed-up|over the scalar code with weights decoded to float beforehand, one thread",
        "GFLOP/s, GB/s|10^9 operations, and bytes that must be touched, per second; KiB and GiB are 2^10 and 2^30 "
        "bytes",
    };
    page_heading(r, "Words and units");
    page_table(r, "word|~meaning");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        page_row(r, "%s", words[i]);
    page_table_end(r);
}
