/* SPDX-License-Identifier: MIT */
#include "runner.h"
#include "abi.h"
#include "../reference/core/dtype.h"
#include "../reference/core/execute.h"
#include "../reference/core/registry.h"
#include "../reference/core/status.h"
#include "../reference/core/tensor.h"
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static size_t page;
static char *place; /* where operands are mapped: reserved once, nothing accessible between jobs */
static size_t place_bytes;
static char *note_page;
static const assay_job *current;
static char *mapped[ASSAY_MAX_OPND];
static unsigned char poison;
static const assay_plugin *plugin;
static assay_why at_load; /* what loading the plug-in left changed; empty: nothing */

/* ---- a wild access: name the operand, then die ----------------------------------------------------------- */

static void on_fault(int signal, siginfo_t *info, void *context)
{
    (void)context;
    const char *at = info->si_addr;
    for (int i = 0; current && i < current->op->n_operands; i++) {
        const assay_job *j = current;
        if (!mapped[i])
            continue;
        const char *lo = mapped[i], *hi = lo + j->page_bytes[i], *first = lo + (j->offset[i] - j->page_at[i]);
        const char *end = first + assay_tensor_bytes(&j->t[i]);
        if (at >= lo - (ptrdiff_t)page && at < hi + (ptrdiff_t)page)
            snprintf(note_page, ASSAY_NOTE_BYTES, "M%s %td bytes %s %s (%zu bytes long)",
                     at >= lo && at < hi ? "writes the input" : "touches",
                     at < first  ? first - at
                     : at >= end ? at - end
                                 : at - first,
                     at < first  ? "before the start of"
                     : at >= end ? "past the end of"
                                 : "into",
                     j->op->operands[i].name, assay_tensor_bytes(&j->t[i]));
    }
    if (!note_page[0])
        snprintf(note_page, ASSAY_NOTE_BYTES, "Csignal %d (%s) at address %p", signal, strsignal(signal),
                 info->si_addr);
    _exit(128 + signal);
}

static void catch_faults(void)
{
    static char stack[64 * 1024];
    const stack_t alternate = { .ss_sp = stack, .ss_size = sizeof stack };
    struct sigaction act = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    sigaltstack(&alternate, NULL);
    static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE };
    for (size_t i = 0; i < ASSAY_COUNT_OF(signals); i++)
        sigaction(signals[i], &act, NULL);
}

/* ---- memory: scratch, shared and packed end at a guard page ---------------------------------------------- */

static size_t whole_pages(size_t bytes)
{
    return (bytes + 63 + page - 1) / page * page;
}

static void *guarded(size_t bytes)
{
    const size_t body = whole_pages(bytes);
    char *p = mmap(NULL, body + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED || mprotect(p + page, body, PROT_READ | PROT_WRITE))
        return NULL;
    memset(p + page, poison, body);
    return p + page + body - (bytes + 63) / 64 * 64;
}

static void unguard(void *p, size_t bytes)
{
    const size_t body = whole_pages(bytes);
    munmap((char *)p + (bytes + 63) / 64 * 64 - body - page, body + 2 * page);
}

/* Kernel i of the plug-in.  One built against an older, shorter header gets zeros for what it does not know. */
static assay_kernel plugin_kernel(uint32_t i)
{
    assay_kernel k = { 0 };
    memcpy(&k, (const char *)plugin->kernels + (size_t)i * plugin->kernel_size, plugin->kernel_size);
    return k;
}

/* ---- one job --------------------------------------------------------------------------------------------- */

static bool map_operands(assay_job *j, int arena)
{
    size_t at = page;
    for (int i = 0; i < j->op->n_operands; i++) {
        mapped[i] = NULL;
        j->t[i].data = NULL;
        if (!j->page_bytes[i])
            continue;
        if (at + j->page_bytes[i] + page > place_bytes)
            return false;
        const int prot = j->writable[i] ? PROT_READ | PROT_WRITE : PROT_READ;
        mapped[i] = mmap(place + at, j->page_bytes[i], prot, MAP_SHARED | MAP_FIXED, arena, (off_t)j->page_at[i]);
        if (mapped[i] == MAP_FAILED)
            return false;
        j->t[i].data = mapped[i] + (j->offset[i] - j->page_at[i]);
        at += j->page_bytes[i] + page;
    }
    for (int i = 0; i < j->op->n_operands; i++)
        if (j->over[i])
            j->t[i].data = j->t[j->over[i] - 1].data;
    return true;
}

static void unmap_operands(void)
{
    mmap(place, place_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
}

static void run_job(assay_job *j, int arena, assay_answer *a)
{
    assay_kernel own = j->kernel ? *j->kernel : plugin_kernel((uint32_t)j->plugin);
    const assay_kernel *k = &own;
    assay_abi_wrap(&own);
    *a = (assay_answer){ .by = ASSAY_BY_NONE };
    if (!map_operands(j, arena)) {
        a->status = assay_fail(&a->why, ASSAY_ERR_NOMEM, "the runner cannot map the operands");
        return;
    }
    poison = j->poison;
    current = j;
    assay_call c = { .op = j->op,
                     .kernel = k,
                     .args = { .operand = j->t, .dim = j->dim, .params = j->params },
                     .threads = j->threads,
                     .grain = j->grain,
                     .reverse = j->reverse,
                     .alloc = guarded,
                     .release = unguard };
    if (k->accepts && !k->accepts(&c.args))
        a->status = ASSAY_UNSUPPORTED;
    else {
        a->status = assay_call_pack(&c, &a->why);
        if (!a->status)
            a->status = assay_call_prepare(&c, &a->why);
        if (!a->status)
            a->status = assay_call_run(&c);
        assay_call_free(&c);
    }
    current = NULL;
    unmap_operands();
    if (at_load.text[0]) {
        a->by = ASSAY_BY_ABI;
        assay_fail(&a->why, ASSAY_OK, "loading the plug-in changed the floating-point environment: %.150s",
                   at_load.text);
        at_load.text[0] = 0;
    } else if (assay_abi_broken(&a->why))
        a->by = ASSAY_BY_ABI;
}

/* ---- plug-in --------------------------------------------------------------------------------------------- */

static void describe(const assay_kernel *k, assay_described *d)
{
    memset(d, 0, sizeof *d);
    snprintf(d->op, sizeof d->op, "%s", k->op ? k->op : "");
    snprintf(d->name, sizeof d->name, "%s", k->name ? k->name : "");
    snprintf(d->packing, sizeof d->packing, "%s", k->packing ? k->packing : "");
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
    for (int r = 0; r < 4; r++)
        snprintf(d->round[r], sizeof d->round[r], "%s",
                 d->contract.round[r].operand ? d->contract.round[r].operand : "");
}

static assay_status load(const char *path, assay_greeting *g)
{
    void *so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!so)
        return assay_fail(&g->why, ASSAY_ERR_IO, "%s", dlerror());
    assay_plugin_fn entry = NULL;
    *(void **)&entry = dlsym(so, "assay_plugin_v1");
    if (!entry)
        return assay_fail(&g->why, ASSAY_ERR_ABI, "%s: exports no assay_plugin_v1", path);
    plugin = entry();
    if (!plugin || plugin->abi != ASSAY_ABI)
        return assay_fail(&g->why, ASSAY_ERR_ABI, "%s: built against ABI %u, this is ABI %u", path,
                          plugin ? plugin->abi : 0, ASSAY_ABI);
    if (plugin->kernel_size > sizeof(assay_kernel) || plugin->kernel_size < offsetof(assay_kernel, accepts))
        return assay_fail(&g->why, ASSAY_ERR_ABI, "%s: its assay_kernel has %u bytes, this one reads %zu to %zu", path,
                          plugin->kernel_size, offsetof(assay_kernel, accepts), sizeof(assay_kernel));
    if (plugin->n_kernels > ASSAY_PLUGIN_KERNELS)
        return assay_fail(&g->why, ASSAY_ERR_ABI, "%s: %zu kernels, at most %d", path, plugin->n_kernels,
                          ASSAY_PLUGIN_KERNELS);
    if (plugin->n_ops)
        return assay_fail(&g->why, ASSAY_UNSUPPORTED,
                          "%s: brings %zu ops of its own; only kernels of known ops are judged", path, plugin->n_ops);
    snprintf(g->plugin, sizeof g->plugin, "%s %s", plugin->name ? plugin->name : "?",
             plugin->version ? plugin->version : "?");
    g->n_kernels = (uint32_t)plugin->n_kernels;
    return ASSAY_OK;
}

static void greet(int socket, const char *path)
{
    assay_greeting g = { .status = ASSAY_OK };
    if (path)
        g.status = load(path, &g);
    if (send(socket, &g, sizeof g, MSG_NOSIGNAL) < 0)
        _exit(1);
    for (uint32_t i = 0; i < g.n_kernels; i++) {
        assay_described d;
        const assay_kernel k = plugin_kernel(i);
        describe(&k, &d);
        if (send(socket, &d, sizeof d, MSG_NOSIGNAL) < 0)
            _exit(1);
    }
}

_Noreturn void assay_runner_main(int socket, int arena, size_t arena_bytes, char *note, const char *path)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    page = (size_t)sysconf(_SC_PAGESIZE);
    note_page = note;
    place_bytes = 2 * arena_bytes;
    place = mmap(NULL, place_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (place == MAP_FAILED)
        _exit(1);
    const int quiet = open("/dev/null", O_WRONLY);
    if (path && quiet >= 0) /* a stranger's kernel may print what it likes */
        dup2(quiet, STDOUT_FILENO);
    catch_faults();
    greet(socket, path);
    assay_abi_environment(&at_load); /* a constructor may have changed it, as gcc -ffast-math's does */
    assay_job j;
    while (recv(socket, &j, sizeof j, 0) == (ssize_t)sizeof j) {
        assay_answer a;
        run_job(&j, arena, &a);
        if (send(socket, &a, sizeof a, MSG_NOSIGNAL) < 0)
            break;
    }
    _exit(0);
}
