/* SPDX-License-Identifier: MIT
 * A GGUF file's tensors: string, u32 rank, u64 dim[rank] innermost first, u32 type, u64 offset. */
#include "dtype.h"
#include "gguf_parts.h"
#include "gguf_write.h"
#include "status.h"
#include <inttypes.h>

enum { MAX_GGUF_RANK = 4 };

static const char *other_type(uint64_t type) /* element types of GGUF that Assay does not have yet */
{
    static const struct {
        uint8_t number;
        const char *name;
    } known[] = {
        { 25, "i16" },
        { 41, "q1_0" },
        { 42, "q2_0" },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].number == type)
            return known[i].name;
    return NULL;
}

/* Type and dims to a dense view with its bytes; every product is checked. */
static assay_status shape_tensor(assay_gguf_cursor *c, assay_gguf_tensor *x, uint64_t type, uint64_t rank,
                                 const uint64_t *ne)
{
    const assay_span n = x->name;
    const bool stored = type < ASSAY_DTYPE_END && assay_gguf_stores((assay_dtype)type);
    const assay_dtype_info *info = stored ? assay_dtype_of((assay_dtype)type) : NULL;
    if (!info && other_type(type))
        return assay_fail(c->why, ASSAY_UNSUPPORTED,
                          "%s: tensor '%.*s' has element type %s (%" PRIu64 "), which Assay does not have", c->label,
                          assay_gguf_shown(n), n.at, other_type(type), type);
    if (!info)
        return assay_fail(c->why, ASSAY_ERR_FORMAT, "%s: tensor '%.*s' has unknown element type %" PRIu64, c->label,
                          assay_gguf_shown(n), n.at, type);
    if (ne[0] % (uint64_t)info->block)
        return assay_fail(c->why, ASSAY_ERR_FORMAT,
                          "%s: tensor '%.*s': rows of %" PRIu64 " elements are no whole blocks of %d (%s)", c->label,
                          assay_gguf_shown(n), n.at, ne[0], info->block, info->name);
    uint64_t count = 1;
    bool empty = false;
    for (uint64_t i = 0; i < rank; i++) {
        empty |= ne[i] == 0;
        if (ne[i] > INT64_MAX || (ne[i] && count > (uint64_t)INT64_MAX / ne[i]))
            return assay_fail(c->why, ASSAY_ERR_FORMAT,
                              "%s: tensor '%.*s': dimension %" PRIu64 " of %" PRIu64 " overflows", c->label,
                              assay_gguf_shown(n), n.at, i, ne[i]);
        count *= ne[i] ? ne[i] : 1;
    }
    const uint64_t blocks = count / (uint64_t)info->block;
    if (blocks > (uint64_t)INT64_MAX / (uint64_t)info->bytes)
        return assay_fail(c->why, ASSAY_ERR_FORMAT, "%s: tensor '%.*s': %" PRIu64 " elements overflow", c->label,
                          assay_gguf_shown(n), n.at, count);
    x->bytes = empty ? 0 : blocks * (uint64_t)info->bytes;
    x->t = (assay_tensor){ .type = (assay_dtype)type, .rank = (int32_t)rank };
    int64_t step = info->bytes;
    for (int i = (int)rank; i-- > 0;) {
        const int64_t length = (int64_t)ne[(int)rank - 1 - i];
        x->t.dim[i] = length;
        x->t.stride[i] = step;
        step *= i == (int)rank - 1 ? length / info->block : length;
    }
    return ASSAY_OK;
}

assay_status assay_gguf_take_tensor(assay_gguf_cursor *c, assay_gguf_tensor *x)
{
    uint64_t rank = 0, ne[MAX_GGUF_RANK] = { 0 }, type = 0;
    assay_status s = assay_gguf_take_name(c, "tensor name", &x->name);
    if (!s)
        s = assay_gguf_take(c, 4, "a tensor's rank", &rank);
    if (!s && (rank < 1 || rank > MAX_GGUF_RANK))
        return assay_fail(c->why, ASSAY_ERR_FORMAT, "%s: tensor '%.*s' has rank %" PRIu64 " (1 to %d are legal)",
                          c->label, assay_gguf_shown(x->name), x->name.at, rank, MAX_GGUF_RANK);
    for (uint64_t i = 0; !s && i < rank; i++)
        s = assay_gguf_take(c, 8, "a tensor's dimension", &ne[i]);
    if (!s)
        s = assay_gguf_take(c, 4, "a tensor's type", &type);
    if (!s)
        s = assay_gguf_take(c, 8, "a tensor's offset", &x->offset);
    return s ? s : shape_tensor(c, x, type, rank, ne);
}
