/* SPDX-License-Identifier: MIT */
#include "runner.h"
#include "abi.h"
#include "../../reference/core/dtype.h"
#include "../../reference/core/execute.h"
#include "../../reference/core/registry.h"
#include "../../reference/core/status.h"
#include "../../reference/core/tensor.h"
#include "beside.h"
#include "confine.h"
#include "fence.h"
#include "mapping.h"
#include "plugin.h"
#include "state.h"
#include <fcntl.h>
#include <omp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static assay_loaded_plugin loaded; /* plugin NULL: none */
static assay_why at_load;          /* what loading the plug-in left changed; empty: nothing */

/* ---- one job --------------------------------------------------------------------------------------------- */

static void call_kernel(const assay_job *j, const assay_kernel *k, assay_answer *a)
{
    assay_call c = { .op = j->op,
                     .kernel = k,
                     .threads = j->threads,
                     .grain = j->grain,
                     .share = (assay_which)j->share,
                     .border = j->border,
                     .reverse = j->reverse,
                     .alloc = assay_fence_alloc,
                     .release = assay_fence_free,
                     .wipe = assay_fence_wipe };
    assay_state before;
    assay_twin twin = { .made = false, .race = false };
    assay_fence_room(j->room);
    assay_fence_units(k->units ? 0 : j->op->split);
    assay_fence_arguments(j->op, j->t, j->dim, j->params, &c.args);
    assay_state_take(&before, j->beside == ASSAY_AT_ONCE ? 2 : j->threads, k->flags);
    if (!assay_kernel_accepts(k, c.args))
        a->status = ASSAY_UNSUPPORTED;
    else {
        c.args.variant = k->variant;
        a->phases = k->phases ? k->phases(&c.args) : 1;
        a->status = assay_call_pack(&c, &a->why);
        assay_fence_lock(c.packed);
        if (!a->status)
            a->status = assay_call_prepare(&c, &a->why);
        if (!a->status)
            a->status = j->beside ? assay_beside_run(&c, j, &twin, &a->why) : assay_call_run(&c);
        if ((unsigned)a->status > ASSAY_UNSUPPORTED) {
            a->by = ASSAY_BY_STATUS;
            a->status = assay_fail(&a->why, ASSAY_ERR_ARG, "returned the status %u", (unsigned)a->status);
        } else if (twin.race || !assay_fence_intact(&a->why))
            a->by = ASSAY_BY_MEMORY;
        assay_twin_free(&twin);
        assay_call_free(&c);
    }
    if (a->by == ASSAY_BY_NONE && !assay_state_same(&before, &a->why))
        a->by = ASSAY_BY_ABI;
}

void assay_runner_job(assay_job *j, int arena, assay_answer *a)
{
    assay_kernel own = j->kernel ? *j->kernel : assay_plugin_kernel(&loaded, (size_t)j->plugin);
    assay_abi_wrap(&own, j->kernel != NULL);
    *a = (assay_answer){ .number = j->number, .by = ASSAY_BY_NONE };
    assay_fence_poison(j->scratch);
    if (assay_mapping_make(j, arena))
        call_kernel(j, &own, a);
    else
        a->status = assay_fail(&a->why, ASSAY_ERR_NOMEM, "the runner cannot map the operands");
    assay_fence_forget();
    if (loaded.plugin)
        assay_mapping_forget();
    if (at_load.text[0]) {
        a->by = ASSAY_BY_ABI;
        assay_fail(&a->why, ASSAY_OK, "loading the plug-in changed the floating-point environment: %.150s",
                   at_load.text);
        at_load.text[0] = 0;
    } else if (assay_abi_broken(&a->why))
        a->by = ASSAY_BY_ABI;
    assay_abi_note(&a->note);
}

/* ---- plug-in --------------------------------------------------------------------------------------------- */

static void describe(const assay_kernel *k, assay_described *d)
{
    memset(d, 0, sizeof *d);
    snprintf(d->op, sizeof d->op, "%.47s", k->op ? k->op : "");
    snprintf(d->name, sizeof d->name, "%.63s", k->name ? k->name : "");
    snprintf(d->packing, sizeof d->packing, "%.63s", k->packing ? k->packing : "");
    d->has_run = k->run != NULL;
    d->op_version = k->op_version;
    d->flags = k->flags;
    d->isa = k->isa;
    const assay_op *op = assay_op_find(d->op);
    for (int i = 0; op && i < op->n_operands; i++) {
        d->types[i] = k->types ? k->types[i] : (assay_typeset){ { 0, 0 } };
        d->layouts[i] = k->layouts ? k->layouts[i] : 1;
    }
    d->has_contract = k->contract != NULL;
    if (!k->contract)
        return;
    const size_t size =
        k->contract->size && k->contract->size < sizeof d->contract ? k->contract->size : sizeof d->contract;
    memcpy(&d->contract, k->contract, size);
    for (int r = 0; r < 4; r++) {
        snprintf(d->round[r], sizeof d->round[r], "%.31s",
                 d->contract.round[r].operand ? d->contract.round[r].operand : "");
        d->contract.round[r].operand = NULL;
    }
}

static assay_status load(const char *path, assay_greeting *g)
{
    const assay_status s = assay_plugin_load(path, &loaded, &g->why);
    if (s)
        return s;
    const assay_plugin *p = loaded.plugin;
    snprintf(g->plugin, sizeof g->plugin, "%.60s %.60s", p->name ? p->name : "?", p->version ? p->version : "?");
    snprintf(g->name, sizeof g->name, "%.60s", p->name ? p->name : "");
    g->n_kernels = (uint32_t)p->n_kernels;
    return ASSAY_OK;
}

static void greet(int socket, const char *path)
{
    assay_greeting g = { .status = ASSAY_OK };
    if (path)
        g.status = load(path, &g);
    if (write(socket, &g, sizeof g) < 0)
        _exit(1);
    for (uint32_t i = 0; i < g.n_kernels; i++) {
        assay_described d;
        const assay_kernel k = assay_plugin_kernel(&loaded, i);
        describe(&k, &d);
        if (write(socket, &d, sizeof d) < 0)
            _exit(1);
    }
    if (path && !g.status)
        assay_plugin_lock(&loaded);
}

/* A stranger's kernel may do nothing but compute: what it prints is kept for the judge, the rest is refused. */
static void become_confined(const assay_runner_setup *s)
{
    const int nothing = open("/dev/null", O_RDONLY);
    omp_get_max_threads(); /* an OpenMP library may want to set itself up while files can still be made */
    dup2(nothing, STDIN_FILENO);
    dup2(s->said, STDOUT_FILENO);
    dup2(s->said, STDERR_FILENO);
    close(nothing);
    close(s->said);
    const assay_confinement c = { .memory = s->memory, .keep = { s->socket, s->arena }, .note = s->note };
    assay_confine(&c);
    assay_confine_calls(&c);
}

bool assay_runner_here(const assay_runner_setup *s, assay_greeting *g, assay_described *d)
{
    *g = (assay_greeting){ .status = ASSAY_OK };
    assay_fence_open(s->note, false);
    if (!assay_mapping_reserve(s->arena_bytes) || !assay_fence_desk())
        return false;
    if (s->plugin)
        g->status = load(s->plugin, g);
    for (uint32_t i = 0; i < g->n_kernels; i++) {
        const assay_kernel k = assay_plugin_kernel(&loaded, i);
        describe(&k, &d[i]);
    }
    assay_state_open();
    assay_abi_environment(&at_load);
    return true;
}

/* A library that ends the process (OpenMP's does) has said why: destructors, which would write what is read-only by
 * now, are not run. */
static void leave(int status, void *unused)
{
    (void)unused;
    _exit(status);
}

_Noreturn void assay_runner_main(const assay_runner_setup *s)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    assay_fence_open(s->note, true);
    if (!assay_mapping_reserve(s->arena_bytes) || !assay_fence_desk())
        _exit(1);
    if (s->plugin)
        become_confined(s);
    else
        assay_state_open();
    greet(s->socket, s->plugin);
    on_exit(leave, NULL);
    assay_abi_environment(&at_load); /* a constructor may have changed it, as gcc -ffast-math's does */
    assay_job j;
    while (read(s->socket, &j, sizeof j) == (ssize_t)sizeof j) {
        assay_answer a = { .number = j.number, .by = ASSAY_BY_NONE, .echo = 1 };
        if (j.op)
            assay_runner_job(&j, s->arena, &a);
        if (write(s->socket, &a, sizeof a) < 0)
            break;
    }
    _exit(0);
}
