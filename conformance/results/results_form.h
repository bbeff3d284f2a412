/* SPDX-License-Identifier: MIT
 * results_form.h - the members of a part as tables, which writer and reader share. */
#ifndef ASSAY_RESULTS_FORM_H
#define ASSAY_RESULTS_FORM_H
#include "results.h"

typedef enum assay_m_kind {
    ASSAY_M_TEXT,      /* const char * */
    ASSAY_M_MAYBE,     /* const char *, NULL: left out */
    ASSAY_M_ADVICE,    /* the same, and no digest covers it: it may differ where the verdicts do not */
    ASSAY_M_WORDS,     /* const char *, words apart by a space: an array */
    ASSAY_M_TEXTS,     /* const char **, size_t: an array */
    ASSAY_M_COUNT,     /* int64_t from -1 to 2^40 */
    ASSAY_M_LATER,     /* the same, 0: left out, so that it changes no older part */
    ASSAY_M_NUMBER,    /* double */
    ASSAY_M_SECONDS,   /* double, 0: left out; as advice, no digest covers it */
    ASSAY_M_BOOL,      /* bool */
    ASSAY_M_REACHED,   /* assay_reached by name */
    ASSAY_M_LIST,      /* structures, size_t: an array of objects */
    ASSAY_M_LATER_LIST /* the same, empty: left out */
} assay_m_kind;

typedef struct assay_member {
    const char *name; /* NULL: the last */
    assay_m_kind kind;
    size_t at, n_at, size;         /* offsets of the member and of its count; size of one */
    const struct assay_member *of; /* LIST */
} assay_member;

extern const assay_member assay_m_part[], assay_m_kernel[], assay_m_failure[], assay_m_typed[];

void assay_members_write(assay_json *j, const void *o, const assay_member *m, bool advice);
/* Text of a part without its digest; release with free(). */
char *assay_part_text(const assay_result_part *p, bool advice);

static inline void *assay_m_at(const void *o, size_t at)
{
    return (char *)(uintptr_t)o + at;
}
#endif
