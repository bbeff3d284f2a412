/* SPDX-License-Identifier: MIT
 * assay report: results on disk into pictures and tables. */
#include "../cli/commands.h"
#include "report.h"
#include <argp.h>
#include <stdlib.h>
#include <string.h>

typedef struct options {
    const char *check, *bench, *faults, *self, *out, *model[REPORT_MODELS];
    int n_models;
} options;

static const struct argp_option option_table[] = {
    { "check", 'c', "FILE", 0, "what assay check --json wrote", 0 },
    { "bench", 'b', "FILE", 0, "what assay bench --json wrote", 0 },
    { "faults", 'f', "FILE", 0, "what assay check --faults --json wrote", 0 },
    { "self", 's', "FILE", 0, "what assay check --self --json wrote", 0 },
    { "model", 'm', "FILE", 0, "what assay run --json wrote; may be given up to 16 times", 0 },
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
    case 'f':
        o->faults = arg;
        break;
    case 's':
        o->self = arg;
        break;
    case 'o':
        o->out = arg;
        break;
    case 'm':
        if (o->n_models == REPORT_MODELS)
            argp_error(state, "--model: at most %d files", REPORT_MODELS);
        o->model[o->n_models++] = arg;
        break;
    case ARGP_KEY_ARG:
        argp_error(state, "%s: no argument is expected", arg);
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

static void write_sections(report *r)
{
    static void (*const sections[])(report *) = { section_summary, section_machine, section_verdicts, section_margins,
                                                  section_faults,  section_self,    section_roofline, section_speed,
                                                  section_scaling, section_misses,  section_models,   section_missing };
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        sections[i](r);
}

int assay_cmd_report(int argc, char **argv)
{
    static const struct argp argp = {
        option_table,
        parse_option,
        "",
        "Turn results into DIR/index.html and DIR/report.md.\v"
        "Exit status: 0 written; 2 wrong use, unreadable results or an unwritable folder.",
        NULL,
        NULL,
        NULL
    };
    options o = { .out = "report" };
    argp_err_exit_status = 2;
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    report r = { .out = o.out, .n_models = o.n_models, .gnuplot = system("gnuplot --version >/dev/null 2>&1") == 0 };
    if (!o.check && !o.bench && !o.self && !o.n_models) {
        fprintf(stderr,
                "assay report: nothing to report: give --check, --bench, --self or --model (assay report --help)\n");
        return 2;
    }
    bool ok = load(o.check, &r.check) && load(o.bench, &r.bench) && load(o.faults, &r.faults) && load(o.self, &r.self);
    for (int i = 0; ok && i < o.n_models; i++)
        ok = load(o.model[i], &r.model[i]);
    if (ok && !page_open(&r, "Assay: transformer kernels on this machine")) {
        fprintf(stderr, "assay report: %s: cannot be written\n", o.out);
        ok = false;
    } else if (ok) {
        write_sections(&r);
        ok = page_close(&r);
        if (ok)
            printf("%s/index.html\n%s/report.md\n", o.out, o.out);
        else
            fprintf(stderr, "assay report: %s: could not be written whole\n", o.out);
    }
    cJSON_Delete(r.check);
    cJSON_Delete(r.bench);
    cJSON_Delete(r.faults);
    cJSON_Delete(r.self);
    for (int i = 0; i < r.n_models; i++)
        cJSON_Delete(r.model[i]);
    return ok ? 0 : 2;
}
