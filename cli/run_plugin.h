/* SPDX-License-Identifier: MIT
 * run_plugin.h - a model's run with kernels of plug-ins: in a process of its own, which gives up what the judge's
 * runners give up (confine.h) before it loads them.  It may print, and read files; what it saves, this process saves.
 */
#ifndef ASSAY_CLI_RUN_PLUGIN_H
#define ASSAY_CLI_RUN_PLUGIN_H
#include <argp.h>

enum { ASSAY_RUN_PLUGINS = 8 };

typedef struct assay_run_apart {
    const char *command; /* "run": who speaks */
    char *plugin[ASSAY_RUN_PLUGINS];
    int n_plugins;
    const char *const *out; /* paths that may be saved to, n_out of them; NULLs among them are none */
    int n_out;
    int (*body)(void *ctx); /* the run, with the plug-ins' kernels in the list (strangers.h); its exit status */
    void *ctx;
} assay_run_apart;

/* --plugin FILE: one more; an argp_error where there is no room.  Free in any case. */
void assay_run_apart_add(assay_run_apart *a, struct argp_state *state, const char *file);
void assay_run_apart_free(assay_run_apart *a);
/* Before any thread exists.  The body's exit status; 1 where a plug-in ended the process, with a sentence on standard
 * error that names plug-in, kernel and op; 2 where one cannot be loaded. */
int assay_run_apart_main(const assay_run_apart *a);
#endif
