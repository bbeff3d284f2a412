/* SPDX-License-Identifier: MIT
 * A build without the JSON reader keeps no journal. */
#include "../../reference/core/status.h"
#include "record.h"

assay_status assay_record_open(assay_record **r, const char *file, bool resume, const assay_ledger *l, assay_why *why)
{
    (void)file, (void)l;
    *r = NULL;
    return resume
               ? assay_fail(why, ASSAY_UNSUPPORTED, "--resume: this build holds the judge alone and keeps no journal")
               : ASSAY_OK;
}

bool assay_record_replay(assay_record *r, assay_ledger *l, const assay_case *c)
{
    (void)r, (void)l, (void)c;
    return false;
}

void assay_record_run(assay_record *r, const assay_ledger *l, const assay_entry *e, assay_outcome o,
                      const assay_finding *f)
{
    (void)r, (void)l, (void)e, (void)o, (void)f;
}

assay_status assay_record_case(assay_record *r, const assay_case *c, const assay_case *made, assay_why *why)
{
    (void)r, (void)c, (void)made, (void)why;
    return ASSAY_OK;
}

assay_status assay_record_close(assay_record *r, bool finished, assay_why *why)
{
    (void)r, (void)finished, (void)why;
    return ASSAY_OK;
}
