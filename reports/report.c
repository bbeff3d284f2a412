/* SPDX-License-Identifier: MIT
 * assay report: results on disk into pictures and tables. */
#include "../reference/core/options.h"
#include "../cli/commands.h"
#include "report.h"
#include <argp.h>
#include <stdlib.h>
#include <string.h>

typedef struct options {
    const char *check, *bench, *faults, *self, *base, *out, *model[REPORT_MODELS], *absent[REPORT_MORE];
    char **more;
    int n_models, n_absent, n_more;
} options;

static const struct argp_option option_table[] = {
    { "check", 'c', "FILE", 0, "what assay check --json wrote", 0 },
    { "bench", 'b', "FILE", 0, "what assay bench --json wrote", 0 },
    { "base", 'B', "FILE", 0, "an earlier one of assay bench: say what has changed", 0 },
    { "faults", 'f', "FILE", 0, "what assay check --faults --json wrote", 0 },
    { "self", 's', "FILE", 0, "what assay check --self --json wrote", 0 },
    { "model", 'm', "FILE", ASSAY_OPTION_REPEATS, "what assay run --json wrote; may be given up to 16 times", 0 },
    { "absent", 'a', "KIND:WHY", ASSAY_OPTION_REPEATS,
      "say on the page why a part is not in it (mutants, proof, metamorphic, cheats, hostile, primitives, certificate, "
      "formats, fidelity, "
      "bench, model)",
      0 },
    { "out", 'o', "DIR", 0, "folder of index.html and report.md (default: report)", 0 },
    { 0 },
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    options *o = state->input;
    switch (key) {
    case 'c':
        o->check = arg;
        break;
    case 'b':
        o->bench = arg;
        break;
    case 'B':
        o->base = arg;
        break;
    case 'f':
        o->faults = arg;
        break;
    case 's':
        o->self = arg;
        break;
    case 'o':
        o->out = arg;
        if (!strcmp(arg, "-"))
            argp_error(state, "--out -: a folder is needed");
        break;
    case 'm':
        if (o->n_models == REPORT_MODELS)
            argp_error(state, "--model: at most %d files", REPORT_MODELS);
        o->model[o->n_models++] = arg;
        break;
    case 'a':
        if (o->n_absent == REPORT_MORE)
            argp_error(state, "--absent: at most %d times", REPORT_MORE);
        o->absent[o->n_absent++] = arg;
        break;
    case ARGP_KEY_ARGS:
        o->more = state->argv + state->next;
        o->n_more = state->argc - state->next;
        if (o->n_more > REPORT_MORE)
            argp_error(state, "at most %d files", REPORT_MORE);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static bool load(const char *path, cJSON **j)
{
    char why[4400] = "";
    if (path && !(*j = json_load(path, why, sizeof why))) {
        fprintf(stderr, "assay report: %s\n", why);
        return false;
    }
    return true;
}

/* Of the last file: some section must draw it. */
static bool known_kind(const report *r, const char *path)
{
    static const char *const kinds[] = { "primitives", "certificate", "metamorphic", "mutants", "proof",  "cheats",
                                         "hostile",    "formats",     "fidelity",    "bench",   "compare" };
    const char *kind = member_text(r->more[r->n_more - 1], "kind", "none");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kind, kinds[i]))
            return true;
    fprintf(stderr, "assay report: %s: its kind is %.40s, which belongs behind an option or into no report\n", path,
            kind);
    return false;
}

static void write_sections(report *r)
{
    static void (*const sections[])(
        report *) = { section_first,    section_models,    section_costs,     section_roofline,   section_speed,
                      section_why,      section_peers,     section_scaling,   section_hosts,      section_compared,
                      section_base,     section_formats,   section_misses,    section_machine,    section_summary,
                      section_verdicts, section_margins,   section_fidelity,  section_faults,     section_self,
                      section_mutants,  section_contained, section_relations, section_primitives, section_certificates,
                      section_missing,  section_words };
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        sections[i](r);
}

int assay_cmd_report(int argc, char **argv)
{
    static const struct argp argp = {
        option_table,
        parse_option,
        "[FILE...]",
        "Turn results into DIR/index.html and DIR/report.md.\v"
        "FILE: what assay primitives, formats, fidelity, compare, check --certificate, check --metamorphic, ci/contain "
        "and the mutants' test wrote with --json, in any order; further results of assay bench: pairs with peers, the "
        "calls of a model (bench --model), or other machines, which stand side by side. The page says of each part "
        "that is not there what makes it.\n"
        "Exit status: 0 written; 1 written, and gnuplot failed on a picture; 2 wrong use, unreadable results or an "
        "unwritable folder.",
        NULL,
        NULL,
        NULL
    };
    options o = { .out = "report" };
    assay_options_parse(&argp, argc, argv, &o);
    report r = { .out = o.out, .n_models = o.n_models, .n_absent = o.n_absent };
    memcpy(r.absent, o.absent, sizeof r.absent);
    if (!o.check && !o.bench && !o.self && !o.n_models && !o.n_more) {
        fprintf(
            stderr,
            "assay report: nothing to report: give --check, --bench, --self, --model or FILE (assay report --help)\n");
        return 2;
    }
    bool ok = load(o.check, &r.check) && load(o.bench, &r.bench) && load(o.faults, &r.faults) &&
              load(o.self, &r.self) && load(o.base, &r.base);
    if (ok)
        hosts_choose(&r);
    for (int i = 0; ok && i < o.n_models; i++)
        ok = load(o.model[i], &r.model[i]);
    if (r.n_more + o.n_more > REPORT_MORE) {
        fprintf(stderr, "assay report: at most %d files and other hosts\n", REPORT_MORE);
        ok = false;
    }
    for (int i = 0; ok && i < o.n_more; i++)
        ok = load(o.more[i], &r.more[r.n_more++]) && known_kind(&r, o.more[i]);
    char title[256];
    first_title(&r, title, sizeof title);
    if (ok && page_open(&r, title)) {
        write_sections(&r);
        if (page_close(&r))
            printf("%s/index.html\n%s/report.md\n", o.out, o.out);
    }
    if (r.why.text[0])
        fprintf(stderr, "assay report: %s\n", r.why.text);
    ok = ok && !r.why.text[0];
    cJSON_Delete(r.check);
    cJSON_Delete(r.bench);
    cJSON_Delete(r.faults);
    cJSON_Delete(r.self);
    cJSON_Delete(r.base);
    for (int i = 0; i < r.n_models; i++)
        cJSON_Delete(r.model[i]);
    for (int i = 0; i < r.n_more; i++)
        cJSON_Delete(r.more[i]);
    return !ok ? 2 : r.undrawn ? 1 : 0;
}
