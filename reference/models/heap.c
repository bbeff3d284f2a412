/* SPDX-License-Identifier: MIT */
#include "heap.h"
#include <stdbool.h>

static bool before(const assay_candidate *a, const assay_candidate *b)
{
    return a->key < b->key || (!(a->key > b->key) && a->at < b->at);
}

void assay_heap_push(assay_heap *h, assay_candidate c)
{
    size_t k = h->n++;
    for (; k && before(&c, &h->item[(k - 1) / 2]); k = (k - 1) / 2)
        h->item[k] = h->item[(k - 1) / 2];
    h->item[k] = c;
}

assay_candidate assay_heap_pop(assay_heap *h)
{
    const assay_candidate top = h->item[0], last = h->item[--h->n];
    size_t k = 0;
    for (size_t child; (child = 2 * k + 1) < h->n; k = child) {
        if (child + 1 < h->n && before(&h->item[child + 1], &h->item[child]))
            child++;
        if (!before(&h->item[child], &last))
            break;
        h->item[k] = h->item[child];
    }
    h->item[k] = last;
    return top;
}
