/* SPDX-License-Identifier: MIT
 * assay compare: has it become slower, or wrong? */
#include "compare.h"
#include "../cli/commands.h"
#include "../reference/core/document.h"
#include "../reference/core/options.h"
#include "../reference/core/status.h"
#include <stdlib.h>
#include <string.h>

enum { KEY_AA = 256, KEY_NOISE, KEY_FAIL, KEY_CPU, KEY_JSON, KEY_MARKDOWN, KEY_CSV, KEY_GBENCH };
enum { OUT_JSON, OUT_MARKDOWN, OUT_CSV, OUT_GBENCH, OUTPUTS };
static const char *const output_name[OUTPUTS] = { "--json", "--markdown", "--csv", "--gbench" };

typedef struct options {
    const char *out[OUTPUTS], *noise;
    double fail; /* below 0: not asked */
    bool aa, all, cpu;
    char **file, **new_;      /* new_: what stands behind -- */
    int n_files, n_new, base; /* so many of them are base; 0: they are not of two sides */
} options;

static const struct argp_option option_table[] = {
    { "fail-if-slower", KEY_FAIL, "X%", 0,
      "exit with 1 if a row is slower, and by more than this; such a change is what counts as `same`, too (without it "
      "5 %)",
      0 },
    { "cpu-time", KEY_CPU, NULL, 0, "compare CPU time: for a machine that others use, too; of hot rows of one thread",
      0 },
    { "noise", KEY_NOISE, "FILE", 0, "how runs differ on this machine, as --aa wrote it", 0 },
    { "aa", KEY_AA, NULL, 0, "FILEs are runs of one program: say how they differ, and write it to --json for --noise",
      0 },
    { "json", KEY_JSON, "FILE", 0, "write the comparison there as JSON; -: standard output", 0 },
    { "markdown", KEY_MARKDOWN, "FILE", 0, "a summary for a pull request", 0 },
    { "csv", KEY_CSV, "FILE", 0, "every sample of all FILEs, for tools that look for change points", 0 },
    { "gbench", KEY_GBENCH, "FILE", 0,
      "FILEs are one side: write their rows as Google Benchmark would, for its compare.py", 0 },
    { "verbose", 'v', NULL, 0, "print rows that are the same, too", 0 },
    { 0 },
};

static void add_file(options *o, char *path)
{
    o->file = assay_grown(o->file, (size_t)o->n_files, sizeof *o->file);
    o->file[o->n_files++] = path;
}

/* "5", "5%": 0.05 */
static double per_cent(struct argp_state *state, const char *arg)
{
    char text[64];
    snprintf(text, sizeof text, "%.60s", arg);
    const size_t n = strlen(text);
    if (n && text[n - 1] == '%')
        text[n - 1] = 0;
    return assay_option_real(state, "--fail-if-slower", text, 0, 1000) / 100;
}

/* What stands before -- ; the rest is new, and argp never sees it. */
static void take_files(options *o, struct argp_state *state)
{
    const bool one_side = o->aa || o->out[OUT_GBENCH];
    for (int i = state->next; i < state->argc; i++)
        add_file(o, state->argv[i]);
    o->base = o->n_new || (o->n_files == 2 && !one_side) ? (o->n_new ? o->n_files : 1) : 0;
    for (int i = 0; i < o->n_new; i++)
        add_file(o, o->new_[i]);
    if (one_side && o->n_new)
        argp_error(state, "--aa and --gbench take the runs of one side, without --");
    else if (o->aa && o->n_files < 3)
        argp_error(state, "--aa: three runs are needed at least, better ten");
    else if (!o->base && !one_side && !o->out[OUT_CSV])
        argp_error(state, "two sides are needed: BASE NEW, or BASE... -- NEW...");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    options *o = state->input;
    switch (key) {
    case KEY_AA:
        o->aa = true;
        break;
    case KEY_NOISE:
        o->noise = arg;
        break;
    case KEY_FAIL:
        o->fail = per_cent(state, arg);
        break;
    case KEY_JSON:
    case KEY_MARKDOWN:
    case KEY_CSV:
    case KEY_GBENCH:
        o->out[key - KEY_JSON] = arg;
        break;
    case KEY_CPU:
        o->cpu = true;
        break;
    case 'v':
        o->all = true;
        break;
    case ARGP_KEY_ARGS:
        take_files(o, state);
        break;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which results? BASE NEW, or BASE... -- NEW...");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static assay_status read_all(const options *o, compare *c)
{
    assay_status s = ASSAY_OK;
    for (int i = 0; !s && i < o->n_files; i++)
        s = compare_read(c, o->file[i], o->base && i >= o->base ? COMPARE_NEW : COMPARE_BASE);
    s = s ? s : compare_rows_make(c);
    if (!s && c->check && (o->aa || o->out[OUT_CSV] || o->out[OUT_GBENCH]))
        s = assay_fail(c->why, ASSAY_ERR_ARG, "--aa, --csv and --gbench are for results of assay bench");
    if (!s && c->metric == COMPARE_ROOF && o->aa)
        s = assay_fail(c->why, ASSAY_ERR_ARG, "--aa: these are runs of several machines");
    return s || !o->noise ? s : compare_read_noise(c, o->noise);
}

typedef void (*write_text)(const compare *c, FILE *f);

static assay_status save_with(const compare *c, const char *path, write_text write)
{
    assay_save to;
    if (!path)
        return ASSAY_OK;
    const assay_status s = assay_save_open(&to, path, c->why);
    if (s)
        return s;
    write(c, to.f);
    return assay_save_commit(&to, c->why);
}

static assay_status write_all(const options *o, const compare *c)
{
    assay_json j = { 0 };
    assay_status s = save_with(c, o->out[OUT_CSV], compare_csv);
    if (!s && o->base)
        s = save_with(c, o->out[OUT_MARKDOWN], compare_markdown);
    if (!s && o->out[OUT_GBENCH]) {
        s = compare_gbench(c, &j);
        s = s ? s : assay_save_text(o->out[OUT_GBENCH], j.text, c->why);
        assay_json_free(&j);
    }
    if (s || !o->out[OUT_JSON])
        return s;
    j = (assay_json){ 0 };
    assay_document_open(&j, o->base ? "compare" : "noise");
    (o->base ? compare_json : compare_noise_json)(c, &j);
    return assay_document_write(&j, o->out[OUT_JSON], c->why);
}

/* 1: a row failed that passed, or is slower by more than was asked, or there was nothing to compare. */
static int code_of(const options *o, const compare *c)
{
    int worse = 0;
    for (size_t i = 0; i < c->n_rows; i++)
        worse += c->row[i].verdict == COMPARE_SLOWER && c->row[i].effect.ratio > 1 + o->fail;
    if (o->fail >= 0)
        printf("%d slower by more than %g %%\n", worse, 100 * o->fail);
    if (!c->both)
        printf("no row stands on both sides\n");
    return c->count[COMPARE_FAILED] || !c->both || (o->fail >= 0 && worse);
}

int assay_cmd_compare(int argc, char **argv)
{
    static const struct argp argp = {
        option_table,
        parse_option,
        "BASE NEW\nBASE... -- NEW...\n--aa RUN...",
        "Compare results of assay bench, or of assay check: what became slower, faster, wrong; what is new and gone.\v"
        "Five runs a side and more tell how runs differ, and only they give a verdict on times. Measured in turns, "
        "both "
        "sides share what the machine does meanwhile. How to read it: docs/compare.md.\n"
        "Exit status: 0 all right; 1 a row failed that passed, is slower by more than --fail-if-slower, or no row "
        "stands on both sides; 2 wrong use or unreadable results.",
        NULL,
        NULL,
        NULL
    };
    assay_why why = { "" };
    options o = { .fail = -1 };
    int quoted = 1;
    while (quoted < argc && strcmp(argv[quoted], "--") != 0)
        quoted++;
    o.new_ = argv + quoted + 1;
    o.n_new = argc > quoted + 1 ? argc - quoted - 1 : 0;
    assay_options_parse(&argp, quoted, argv, &o);
    compare c = { .why = &why, .margin = o.fail > 0 ? o.fail : 0.05, .metric = o.cpu ? COMPARE_CPU : COMPARE_TIME };
    int code = 0;
    assay_status s = assay_save_begin(output_name, o.out, OUTPUTS, &why);
    s = s ? s : read_all(&o, &c);
    if (!s && o.base) {
        compare_judge(&c);
        compare_print(&c, stdout, o.all);
        code = code_of(&o, &c);
    } else if (!s) {
        compare_know(&c);
        if (o.aa)
            compare_noise_print(&c, stdout);
    }
    s = s ? s : write_all(&o, &c);
    compare_free(&c);
    free(o.file);
    if (!s)
        return code;
    fprintf(stderr, "assay compare: %s\n", why.text);
    return 2;
}
