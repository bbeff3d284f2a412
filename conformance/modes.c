/* SPDX-License-Identifier: MIT */
#include "modes.h"
#include <string.h>

typedef enum given {
    LINE = 1 << 0,
    SHARD = 1 << 1,
    SEED = 1 << 2,
    RESUME = 1 << 3,
    ROWS = 1 << 4,
    FULL = 1 << 5,
    MOST = 1 << 6,
    SHRINK = 1 << 7,
    THREADS = 1 << 8,
    PLUGIN = 1 << 9,
    KERNEL = 1 << 10,
    ISA = 1 << 11,
    JSON = 1 << 12,
    REPORTS = 1 << 13,
    EXHAUSTIVE = 1 << 14,
    MODEL = 1 << 15,
    KNOWN = 1 << 16,
    CLAIMS = 1 << 17
} given;

enum {
    WHICH = KERNEL | ISA | THREADS,
    LEVEL = FULL | EXHAUSTIVE,
    CASES = LINE | SHARD | SEED | RESUME | ROWS | LEVEL | MOST | SHRINK | WHICH | JSON | REPORTS
};

/* What each mode heeds, beside -o and the limits; cases by hand alone are what those of seeded faults are anyway. */
static const struct mode {
    const char *name;
    int heeds;
    bool alone; /* does all itself; of these one at a time */
} modes[MODES] = {
    [FAULTS] = { "--faults", CASES, false },
    [TIGHTNESS] = { "--tightness", CASES | PLUGIN, false },
    [MUTANTS] = { "--mutants", CASES | PLUGIN, false },
    [CONTRACTS] = { "--contracts", LINE | SHARD | SEED | ROWS | LEVEL | WHICH | JSON, true },
    [CERTIFICATE] = { "--certificate", SEED | ROWS | LEVEL | ISA | PLUGIN | JSON, true },
    [METAMORPHIC] = { "--metamorphic", KERNEL | ISA | JSON, true },
    [SELF] = { "--self", SEED | ROWS | LEVEL | WHICH | JSON, true },
    [LEGAL] = { "--legal", SEED | LEVEL | WHICH, true },
    [COVERAGE] = { "--coverage", LEVEL, true },
};

/* In the order in which they are named. */
typedef struct choice {
    given what;
    const char *name;
    bool here;
} choice;
enum { OPTIONS = 18 };

static void list_given(const assay_asked *o, choice list[OPTIONS])
{
    const assay_filter *f = &o->filter;
    bool reports = false;
    for (int i = 1; i < ASSAY_OUTPUTS; i++)
        reports |= o->outputs.path[i] != NULL;
    const choice all[OPTIONS] = { { LINE, o->detail ? "--repro" : "--case", o->line != NULL },
                                  { MODEL, "--model", o->calls.model != NULL },
                                  { KNOWN, "--known", o->known != NULL },
                                  { CLAIMS, "--claims", o->claims != NULL },
                                  { SHARD, "--shard", f->shards > 0 },
                                  { RESUME, "--resume", o->resume },
                                  { ROWS, "--rows", f->rows_only },
                                  { FULL, "--full", f->level == ASSAY_FULL },
                                  { EXHAUSTIVE, "--exhaustive", f->level == ASSAY_EXHAUSTIVE },
                                  { JSON, "--json", f->json != NULL },
                                  { REPORTS, "--junit, --tap and --markdown", reports },
                                  { SEED, "--seed", f->has_seed },
                                  { MOST, "--max-failures", o->max_failures > 0 },
                                  { SHRINK, "--shrink", o->shrink },
                                  { PLUGIN, "--plugin", f->plugin != NULL },
                                  { KERNEL, "-k", f->kernel != NULL },
                                  { ISA, "--isa", f->isa != NULL },
                                  { THREADS, "--threads", f->n_threads > 0 } };
    memcpy(list, all, sizeof all);
}

static void refuse(const assay_asked *o, const struct argp_state *state, const char *mode, int heeds,
                   const char *because)
{
    choice list[OPTIONS];
    list_given(o, list);
    for (int i = 0; i < OPTIONS; i++)
        if (list[i].here && !(list[i].what & heeds))
            argp_error(state, "%s does not go with %s%s", mode, list[i].name, because);
}

/* Which modes go together. */
static void check_alone(const assay_asked *o, const struct argp_state *state)
{
    int alone = 0, others = 0;
    for (int i = 0; i < MODES; i++)
        *(modes[i].alone ? &alone : &others) += o->mode[i];
    if (alone > 1 || (alone && others && !o->mode[SELF]) || (o->mode[SELF] && o->mode[MUTANTS]))
        argp_error(state, "one mode at a time (--self goes with --faults and --tightness)");
    if (o->mode[MUTANTS] && (!o->filter.plugin || o->mode[FAULTS]))
        argp_error(state, "--mutants needs --plugin FILE.so and no --faults");
    if (o->arg[CONTRACTS] && strcmp(o->arg[CONTRACTS], "all"))
        argp_error(state, "--contracts=%s: all or nothing", o->arg[CONTRACTS]);
    if ((o->how.part || o->how.parts) && (!o->mode[SELF] || (o->how.parts && others)))
        argp_error(state, "--part and --parts are about --self; a join has neither --faults nor --tightness");
    if (o->how.without && !o->how.parts)
        argp_error(state, "--without is about --parts DIR");
    for (int i = 0; i < MODES; i++)
        if (o->mode[i] && (o->in_process || o->search.seconds > 0) && !(i == FAULTS && o->in_process))
            argp_error(state, "%s does not go with another mode", o->in_process ? "--in-process" : "--for");
}

static bool any_mode(const assay_asked *o)
{
    for (int i = 0; i < MODES; i++)
        if (o->mode[i])
            return true;
    return false;
}

void assay_modes_check(const assay_asked *o, const struct argp_state *state)
{
    if (o->resume && !o->filter.json)
        argp_error(state, "--resume needs the --json FILE that it goes on with");
    if (o->in_process && !o->line)
        argp_error(state, "--in-process needs the case: --repro LINE or --case PATTERN");
    if (o->line && o->calls.model)
        argp_error(state, "--model does not go with %s: its calls are the cases", o->detail ? "--repro" : "--case");
    if (!o->calls.model && (o->calls.prompt || o->calls.context || o->calls.kv))
        argp_error(state, "--prompt, --context and --kv are about --model MODEL");
    check_alone(o, state);
    for (int i = 0; i < MODES; i++)
        if (o->mode[i])
            refuse(o, state, modes[i].name, modes[i].heeds, ", which it would not heed");
    if (o->in_process)
        refuse(o, state, "--in-process", LINE | SHARD | SEED | ROWS | LEVEL | MOST | WHICH | PLUGIN,
               ": it is no verdict, so it writes no results and shrinks nothing");
    if (o->filter.plugin_b && (any_mode(o) || o->in_process || o->search.seconds > 0))
        argp_error(state, "two builds (--plugin twice) are judged as kernels are, in no other mode");
    if (o->filter.plugin_b)
        refuse(o, state, "--plugin given twice", ~(RESUME | MODEL | KNOWN | CLAIMS),
               ": the cases are the ops' or --case's, and two runs have no one journal");
    if (o->claims)
        refuse(o, state, "--claims", ~(LINE | MODEL | SHARD | MOST | KERNEL | ISA),
               ": it asks of all cases which of them were run");
    if (o->search.seconds > 0)
        refuse(o, state, "--for", SEED | FULL | MOST | SHRINK | WHICH | PLUGIN,
               ": it draws its own cases until the time is over, and keeps what fails in --keep FILE");
}
