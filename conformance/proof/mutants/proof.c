/* SPDX-License-Identifier: MIT
 * proof OP DIR N: the oracle of OP is linked in a form that holds its mutants 1 .. N.  For each, in a process of its
 * own: do the known answers of its suite, the committed vectors under DIR, or its second derivation on the suite's
 * small rows say that it is wrong?  One line per mutant: its number, then `known`, `memory`, `vectors`, `second`,
 * `crash`, `timeout` or `survived`, and the first sentence. */
#define ASSAY_MUTANTS_SHIM
#include "mutants.h"
#include "../../../reference/core/fused.h"
#include "../../../reference/core/registry.h"
#include "../../../reference/core/tensor.h"
#include "../../../vectors/vector.h"
#include "../../known.h"
#include "../../second.h"
#include <glob.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIMIT_S = 10 };

static int now;
int *assay_mutant_is = &now;

static bool known_holds(const assay_op *op, char *note, size_t room)
{
    assay_why why = { "" };
    const assay_suite *s = assay_suite_of(op);
    const bool holds = !s || assay_known_holds(op, s, &why);
    if (!holds)
        snprintf(note, room, "known %s", why.text);
    return holds;
}

/* What stands before operand i: no copy of what stands before another. */
static double edge(int i)
{
    return ldexp(0x1.23456789abcdep-300, i);
}

/* A copy of n doubles of operand i (NULL: nothing in it) that ends at a guard page, edge(i) before it */
static double *fenced(int i, const double *from, int64_t n)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = (size_t)(n + 1) * sizeof *from;
    const size_t body = (bytes + page - 1) / page * page;
    char *p = mmap(NULL, body + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED || mprotect(p + body, page, PROT_NONE))
        _exit(2);
    double *d = (double *)(void *)(p + body - bytes);
    *d++ = edge(i);
    if (from)
        memcpy(d, from, (size_t)n * sizeof *d);
    return d;
}

/* The oracle on a vector's operands touches nothing beyond them and writes nothing before them. */
static bool stays_inside(const assay_vector *v)
{
    const assay_problem *p = &v->p;
    void *x[ASSAY_MAX_OPND] = { NULL }, *was[ASSAY_MAX_OPND] = { NULL };
    for (int i = 0; i < p->c.op->n_operands; i++) {
        const int64_t n = p->value[i] ? assay_tensor_count(&p->t[i]) : 0;
        if (p->value[i])
            x[i] = fenced(i, p->c.op->operands[i].access == ASSAY_OUT ? NULL : p->value[i], n);
        if (p->before[i])
            was[i] = fenced(i, p->before[i], n);
    }
    assay_reference(p->c.op, &(assay_dense){ x, was, p->c.dim, p->c.params }, sizeof(double), NULL);
    for (int i = 0; i < p->c.op->n_operands; i++)
        if ((x[i] && ((double *)x[i])[-1] != edge(i)) || (was[i] && ((double *)was[i])[-1] != edge(i)))
            return false;
    return true;
}

static bool vectors_hold(const char *pattern, char *note, size_t room)
{
    glob_t g = { 0 };
    bool hold = true;
    glob(pattern, 0, NULL, &g);
    for (size_t i = 0; hold && i < g.gl_pathc; i++) {
        assay_vector v;
        assay_why why = { "" };
        const int mutant = assay_mutant;
        assay_mutant = 0; /* the file is read by code that is right */
        const assay_status s = assay_vector_load(g.gl_pathv[i], NULL, &v, &why);
        assay_mutant = mutant;
        hold = s || stays_inside(&v);
        if (!hold)
            snprintf(note, room, "memory %s", strrchr(g.gl_pathv[i], '/') + 1);
        else if (s || assay_vector_verify(&v, &why)) {
            hold = false;
            snprintf(note, room, "vectors %s: %s", strrchr(g.gl_pathv[i], '/') + 1, why.text);
        }
        if (!s)
            assay_vector_free(&v);
    }
    globfree(&g);
    return hold;
}

static assay_status derive_again(const char *line, void *ctx, assay_why *why)
{
    const int mutant = assay_mutant;
    assay_case c;
    assay_problem p;
    (void)ctx;
    assay_mutant = 0; /* inputs are made by code that is right */
    if (assay_case_parse(line, &c, why) || !assay_second_affords(&c) || assay_problem_make(&c, &p, why))
        return assay_mutant = mutant, ASSAY_OK;
    assay_mutant = mutant;
    const bool same = assay_second_agrees(&p, assay_suite_of(c.op)->second, why);
    assay_problem_free(&p);
    return same ? ASSAY_OK : ASSAY_ERR_ARG;
}

static bool second_holds(const assay_op *op, char *note, size_t room)
{
    const assay_suite *s = assay_suite_of(op);
    assay_why why = { "" };
    bool holds = true;
    for (size_t i = 0; s && s->second && holds && i < s->n_rows; i++)
        holds = s->rows[i].level != ASSAY_QUICK || !assay_case_expand(op, s->rows[i].pattern, derive_again, NULL, &why);
    if (!holds)
        snprintf(note, room, "second %s", why.text);
    return holds;
}

int main(int argc, char **argv)
{
    enum { ROOM = 1024 };
    char pattern[4096], *note = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    const assay_op *op = argc == 4 ? assay_op_find(argv[1]) : NULL;
    if (!op || note == MAP_FAILED)
        return 2;
    snprintf(pattern, sizeof pattern, "%s/%s/*.safetensors", argv[2], op->name);
    for (int m = 0; m <= atoi(argv[3]); m++) {
        memset(note, 0, ROOM);
        fflush(stdout);
        const pid_t child = fork();
        if (child == 0) {
            const struct itimerval limit = { { 0, 0 }, { LIMIT_S, 0 } };
            setitimer(ITIMER_PROF, &limit, NULL);
            if (!freopen("/dev/null", "w", stderr))
                _exit(2);
            assay_mutant = m;
            _exit(!(known_holds(op, note, ROOM) && vectors_hold(pattern, note, ROOM) && second_holds(op, note, ROOM)));
        }
        int status = 0;
        if (child < 0 || waitpid(child, &status, 0) != child)
            return 2;
        if (WIFSIGNALED(status))
            printf("%d %s signal %d\n", m, WTERMSIG(status) == SIGPROF ? "timeout" : "crash", WTERMSIG(status));
        else
            printf("%d %s\n", m, WEXITSTATUS(status) ? note : "survived");
    }
    return 0;
}
