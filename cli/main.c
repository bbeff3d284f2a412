/* SPDX-License-Identifier: MIT
 * assay - one program, a table of commands; each command's code is in its own folder. */
#include "../reference/core/status.h"
#include "../reference/core/secret.h"
#include "../reference/core/save.h"
#include "assay_build.h"
#include "../reference/core/near.h"
#include "../reference/models/calls.h"
#include "commands.h"
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct command {
    const char *name;
    int (*run)(int, char **);
    const char *what;
} commands[] = {
    { "list", assay_cmd_list,
      "ops, generators, kernels, contracts, types, workloads, models, isa: what this build holds" },
#ifdef ASSAY_WITH_CHECK
    { "check", assay_cmd_check, "judge kernels against the reference" },
    { "primitives", assay_cmd_primitives, "test vector exp, tanh, sine, conversions, ... alone" },
#endif
#ifdef ASSAY_WITH_MERGE
    { "merge", assay_cmd_merge, "join results of several hosts and shards" },
#endif
#ifdef ASSAY_WITH_VECTORS
    { "vectors", assay_cmd_vectors, "golden vectors: generate, check, verify" },
#endif
#ifdef ASSAY_WITH_BENCH
    { "bench", assay_cmd_bench, "measure kernels against the machine's roofs and each other" },
    { "gate", assay_cmd_gate, "instructions and D1 misses of kernels, simulated, against a baseline" },
    { "doctor", assay_cmd_doctor, "what this machine can measure, and why not" },
#endif
#ifdef ASSAY_WITH_RUN
    { "run", assay_cmd_run, "run a model: text, tokens/s, shares of time per op" },
    { "ops", assay_cmd_ops, "the calls of ops that a model makes, with counts and shares, from its header" },
    { "synth", assay_cmd_synth, "a model of random numbers, of any family and size" },
    { "translate", assay_cmd_translate, "text to text, by a model with a decoder behind an encoder" },
    { "logits", assay_cmd_logits, "what a model answers to given numbers, held against golden answers" },
    { "fidelity", assay_cmd_fidelity, "how far a model's answers are from the oracle's, op by op" },
#endif
#ifdef ASSAY_WITH_TOKENIZE
    { "tokenize", assay_cmd_tokenize, "text to token ids and back" },
    { "embed", assay_cmd_embed, "vectors of sentences by an encoder, and their cosines" },
    { "fill", assay_cmd_fill, "what stands behind [MASK], by an encoder with a head for it" },
    { "similar", assay_cmd_similar, "the nearest words in a model's table of embeddings" },
#endif
#ifdef ASSAY_WITH_QUANTIZE
    { "quantize", assay_cmd_quantize, "a model file with its matrices in another element type" },
    { "formats", assay_cmd_formats, "error against bits per weight, of each element type" },
#endif
#ifdef ASSAY_WITH_REPORT
    { "compare", assay_cmd_compare, "two sides of results: slower, faster, wrong, new, gone; a gate" },
    { "report", assay_cmd_report, "results into index.html and report.md" },
#endif
};

static void usage(FILE *f)
{
    fputs("usage: assay COMMAND [OPTION...]   (assay COMMAND --help tells its options)\n\n", f);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        fprintf(f, "  %-10s %s\n", commands[i].name, commands[i].what);
    fputs("\n  help [COMMAND]      this, or its options\n  version, -V         version, commit, compiler and flags of "
          "this build\n",
          f);
}

/* How long a thread spins where it waits for the others.  The judge's parallel regions are many and tiny: threads that
 * spin between them cost ten times the work.  A model passes some 300 barriers a token: one thread that another program
 * keeps from its CPU has the others spin for all of their own time, so they give up after some microseconds (as many as
 * cost nothing on a machine of one's own).  OpenMP reads these once, when it is loaded, so start again; where that
 * fails (user-mode emulation) all goes on as it was. */
static void wait_as(const char *variable, const char *value, char **argv)
{
#ifdef __x86_64__
    if (!getenv("OMP_WAIT_POLICY") && !getenv(variable) && !setenv(variable, value, 1))
        execv("/proc/self/exe", argv);
#else
    (void)variable, (void)value, (void)argv;
#endif
}

static bool is(const char *word, const char *a, const char *b, const char *c)
{
    return !strcmp(word, a) || !strcmp(word, b) || !strcmp(word, c);
}

int main(int argc, char **argv)
{
    static char help[] = "--help";
    int fd; /* a caller may have closed the standard ones: what is opened in their places would be taken for them */
    while ((fd = open("/dev/null", O_RDWR)) >= 0 && fd <= STDERR_FILENO)
        ;
    close(fd);
    assay_stdout_watch();
    if (argc < 2) {
        usage(stderr);
        return 2;
    }
    if (is(argv[1], "help", "--help", "-h")) {
        if (argc < 3 || is(argv[2], "help", "version", "-")) {
            usage(stdout);
            return 0;
        }
        argv[1] = argv[2]; /* help COMMAND is COMMAND --help */
        argv[2] = help;
        argc = 3;
    }
    if (is(argv[1], "version", "--version", "-V")) {
        printf("assay %s (%s)\ncompiler: %s\nflags: %s\ntarget: %s\n", ASSAY_VERSION, ASSAY_COMMIT, ASSAY_COMPILER,
               ASSAY_FLAGS, ASSAY_TARGET);
        return 0;
    }
    assay_near near = { .word = argv[1] };
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        assay_near_try(&near, commands[i].name);
        if (strcmp(argv[1], commands[i].name) != 0)
            continue;
        if (!strcmp(argv[1], "check") || !strcmp(argv[1], "vectors"))
            wait_as("OMP_WAIT_POLICY", "passive", argv);
        else if (is(argv[1], "run", "translate", "embed") || is(argv[1], "fidelity", "logits", "fill"))
            wait_as("GOMP_SPINCOUNT", "3000", argv);
        assay_secret_take();
#ifdef ASSAY_WITH_RUN
        assay_calls_by(assay_calls_list); /* of check and bench, which know no models */
#endif
        if (argc == 3 && !strcmp(argv[2], "-h"))
            argv[2] = help;
        static char name[64];
        snprintf(name, sizeof name, "assay %s", argv[1]);
        argv[1] = name;
        return commands[i].run(argc - 1, argv + 1);
    }
    char best[64];
    assay_why why;
    assay_fail(&why, ASSAY_ERR_ARG, "no command %.60s%s (assay help lists them)", argv[1],
               assay_near_text(&near, best, sizeof best));
    fprintf(stderr, "assay: %s\n", why.text);
    return 2;
}
