/* SPDX-License-Identifier: MIT */
#include "faults_print.h"
#include "terminal.h"
#include <stdio.h>
#include <string.h>

/* Caught, and for the reason for which it must be. */
static bool found_out(const assay_entry *e)
{
    return e->failed && (!e->fault->says || strstr(e->finding[0].why.text, e->fault->says));
}

int assay_faults_print(const assay_ledger *l)
{
    const bool shard = assay_ledger_shard(l);
    assay_progress_clear();
    int64_t caught = 0, faults = 0, legal = 0, flagged = 0, runs = 0, worded = 0;
    for (size_t i = 0; i < l->n; i++) {
        const assay_entry *e = &l->entry[i];
        if (!e->fault)
            continue;
        if (!e->on_cpu) {
            printf("  not on this CPU  %s/%s\n", e->kernel->op, e->kernel->name);
            continue;
        }
        runs += e->passed + e->failed;
        if (e->fault->kind == ASSAY_LEGAL) {
            legal++;
            const bool good = shard ? !e->failed : assay_entry_good(e) && e->passed;
            flagged += !good;
            printf("  %s legal %s/%s: %lld run%s, worst %.3f of bound (%s)\n", good ? "ok  " : "FLAGGED", e->kernel->op,
                   e->kernel->name, (long long)(e->passed + e->failed), assay_s(e->passed + e->failed), e->used,
                   e->fault->source);
            for (int k = 0; k < e->failed && k < 3; k++)
                printf("    %s: %s\n      %s\n", assay_by_words(e->finding[k].by), e->finding[k].why.text, e->line[k]);
        } else {
            faults++;
            const bool found = found_out(e);
            caught += found;
            printf("  %s fault %s/%s: by %s (%s)\n",
                   found                 ? "ok  "
                   : shard && !e->failed ? "not yet"
                                         : "MISSED",
                   e->kernel->op, e->kernel->name, e->failed ? assay_by_words(e->finding[0].by) : "nothing",
                   e->fault->source);
            if (e->failed)
                printf("    %s\n      %s\n", e->finding[0].why.text, e->line[0]);
            worded += e->failed && e->words[0][0];
            if (e->words[0][0])
                printf("      in words: %s\n", e->words[0]);
            if (e->shrunk.line[0])
                printf("      shrunk: %s (operands %s, %d calls)\n", e->shrunk.line,
                       assay_place_name(e->shrunk.finding.place), e->shrunk.calls);
        }
    }
    printf(
        "%lld faults seeded, %lld caught (%lld of them said in words); %lld legal variants, %lld flagged; %lld runs\n",
        (long long)faults, (long long)caught, (long long)worded, (long long)legal, (long long)flagged, (long long)runs);
    if (shard) {
        printf("shard %d/%d: assay merge judges the whole\n", l->filter->shard, l->filter->shards);
        return flagged ? 1 : 0;
    }
    return runs && caught == faults && !flagged ? 0 : 1;
}
