/* SPDX-License-Identifier: MIT
 * What a run of `--self` found of some ops, as it lies in memory.  It is meant for the same program on the same
 * machine, which the header makes sure of; pointers are set anew when it is read. Shape: header; per kind of input, and
 * of the contracts, one table of entries; the subjects. */
#include "../../../reference/core/registry.h"
#include "../../../reference/core/save.h"
#include "../../../reference/core/status.h"
#include "contracts.h"
#include "self.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct header {
    char magic[8];
    int64_t size, inode, seconds, nanoseconds; /* of this program's file: another build writes another */
    int64_t level;
    uint64_t entry, subject, n[ASSAY_SELF_INPUTS + 1]; /* sizes; entries per table */
} header;

typedef struct totals {
    int64_t cases, peer_cases;
    double seconds;
} totals;

/* Table i: our cases, each peer's inputs, at last the faults under other contracts. */
static assay_ledger *table(assay_self *s, int i)
{
    return i == s->n_inputs ? &s->again : i ? &s->ledger[i] : &s->session.ledger;
}

static bool of_op(const assay_entry *e, const char *op)
{
    return e->fault && (!op || !strcmp(e->kernel->op, op));
}

static header header_of(assay_self *s, const char *op)
{
    header h;
    struct stat st;
    memset(&h, 0, sizeof h);
    memcpy(h.magic, "assay-1", sizeof h.magic);
    if (!stat("/proc/self/exe", &st)) {
        h.size = st.st_size;
        h.inode = (int64_t)st.st_ino;
        h.seconds = st.st_mtim.tv_sec;
        h.nanoseconds = st.st_mtim.tv_nsec;
    }
    h.level = s->session.filter->level;
    h.entry = sizeof(assay_entry);
    h.subject = sizeof(assay_seeded);
    for (int i = 0; i <= s->n_inputs; i++)
        for (size_t k = 0; k < table(s, i)->n; k++)
            h.n[i] += of_op(&table(s, i)->entry[k], op);
    return h;
}

assay_status assay_self_write_part(const assay_self *from, const char *path, assay_why *why)
{
    assay_self copy = *from, *s = &copy; /* the tables are found by one function for both ways */
    const header h = header_of(s, NULL);
    const totals t = { s->session.ledger.cases, (int64_t)s->peer_cases, s->seconds };
    assay_save to;
    const assay_status st = assay_save_open(&to, path, why);
    if (st)
        return st;
    fwrite(&h, sizeof h, 1, to.f);
    fwrite(&t, sizeof t, 1, to.f);
    for (int i = 0; i <= s->n_inputs; i++) /* shipped kernels stand behind the faults and variants */
        fwrite(table(s, i)->entry, sizeof(assay_entry), h.n[i], to.f);
    for (uint64_t k = 0; k < h.n[0]; k++)
        if (table(s, 0)->entry[k].n_shared)
            fwrite(table(s, 0)->entry[k].shared, sizeof(assay_shared), (size_t)table(s, 0)->entry[k].n_shared, to.f);
    fwrite(s->subject, sizeof *s->subject, h.n[0], to.f);
    const assay_op *op;
    for (size_t i = 0; (op = assay_op_at(i)); i++) {
        const assay_implied_score score = assay_implied_of(s->session.implied, op);
        if (header_of(s, op->name).n[0])
            fwrite(&score, sizeof score, 1, to.f);
    }
    return assay_save_commit(&to, why);
}

static bool read_table(assay_ledger *l, bool ours, const char *op, FILE *f)
{
    for (size_t k = 0; k < l->n; k++) {
        assay_entry *e = &l->entry[k], got;
        if (!of_op(e, op))
            continue;
        if (fread(&got, sizeof got, 1, f) != 1)
            return false;
        got.kernel = e->kernel;
        got.fault = e->fault;
        got.typed = NULL;
        got.n_typed = got.typed_room = 0;
        got.more = got.expected = (assay_more){ 0 }; /* the first failures of each are enough for a score */
        got.trace = NULL;
        got.n_trace = 0;
        got.shared = NULL; /* follows, of our own cases */
        got.n_shared = ours ? got.n_shared : 0;
        *e = got;
    }
    return true;
}

static bool read_shares(assay_entry *e, FILE *f)
{
    e->shared = calloc((size_t)e->n_shared + 1, sizeof *e->shared);
    if (!e->shared)
        abort();
    return fread(e->shared, sizeof *e->shared, (size_t)e->n_shared, f) == (size_t)e->n_shared;
}

static assay_status read_part(assay_self *s, const char *path, const char *op, assay_why *why)
{
    const header want = header_of(s, op);
    header h;
    totals t;
    FILE *f = fopen(path, "rb");
    bool ok = f && fread(&h, sizeof h, 1, f) == 1 && fread(&t, sizeof t, 1, f) == 1;
    if (ok && memcmp(&h, &want, sizeof h) != 0) {
        fclose(f);
        return assay_fail(why, ASSAY_ERR_ARG, "%s: written by another build, at another level or for other kernels",
                          path);
    }
    for (int i = 0; ok && i <= s->n_inputs; i++)
        ok = read_table(table(s, i), i == 0, op, f);
    for (size_t k = 0; ok && k < s->session.ledger.n; k++)
        if (of_op(&s->session.ledger.entry[k], op))
            ok = read_shares(&s->session.ledger.entry[k], f);
    for (size_t k = 0; ok && k < s->session.ledger.n; k++)
        if (of_op(&s->session.ledger.entry[k], op))
            ok = fread(&s->subject[k], sizeof s->subject[k], 1, f) == 1;
    assay_implied_score implied;
    ok = ok && fread(&implied, sizeof implied, 1, f) == 1;
    if (ok) {
        assay_implied_put(s->session.implied, assay_op_find(op), &implied);
        s->session.ledger.cases += t.cases;
        s->peer_cases += (size_t)t.peer_cases;
        s->seconds += t.seconds;
    }
    if (f)
        fclose(f);
    return ok ? ASSAY_OK : assay_fail(why, ASSAY_ERR_IO, "%s: cannot be read", path);
}

/* The first name of a list, apart by commas, and what follows it; NULL: the list has ended. */
const char *assay_self_name(const char *list, char name[ASSAY_SELF_GEN_NAME])
{
    const size_t n = list ? strcspn(list, ",") : 0;
    if (!list || !*list)
        return NULL;
    snprintf(name, ASSAY_SELF_GEN_NAME, "%.*s", (int)(n < ASSAY_SELF_GEN_NAME ? n : ASSAY_SELF_GEN_NAME), list);
    return list + n + (list[n] == ',');
}

static bool without(const assay_self *s, const char *op)
{
    char name[ASSAY_SELF_GEN_NAME];
    for (const char *rest = s->without; (rest = assay_self_name(rest, name));)
        if (!strcmp(name, op))
            return true;
    return false;
}

void assay_self_leave_out(const assay_self *s, assay_ledger *l)
{
    size_t kept = 0;
    for (size_t i = 0; i < l->n; i++)
        if (!without(s, l->entry[i].kernel->op))
            l->entry[kept++] = l->entry[i];
    l->n = kept;
}

assay_status assay_self_read_parts(assay_self *s, const char *dir, assay_why *why)
{
    const assay_op *op;
    assay_session again = { .filter = s->session.filter };
    assay_status st = ASSAY_OK;
    assay_contracts_entries(&again);
    assay_self_leave_out(s, &again.ledger);
    s->again = again.ledger;
    for (size_t i = 0; !st && (op = assay_op_at(i)); i++) {
        char path[4096];
        const header h = header_of(s, op->name);
        snprintf(path, sizeof path, "%s/%s.part", dir, op->name);
        if (h.n[0])
            st = read_part(s, path, op->name, why);
    }
    return st;
}
