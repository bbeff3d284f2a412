/* SPDX-License-Identifier: MIT */
#include "run_capture.h"
#include "../reference/core/problem.h"
#include "../reference/core/registry.h"
#include "../reference/core/status.h"
#include "../vectors/vector.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST = 1024 }; /* files of one capture */

static bool whole(const char *text, int64_t *n)
{
    char *end;
    errno = 0;
    *n = strtoll(text, &end, 10);
    return end != text && !*end && !errno && *n >= 0;
}

/* op is needed; without a layer it is of all, without a step of the first. */
static assay_status parse(const char *text, assay_run_capture *c, assay_why *why)
{
    char copy[128], *save = NULL;
    const int n = snprintf(copy, sizeof copy, "%s", text);
    c->w = (assay_capture){ .any = true };
    if (n >= (int)sizeof copy)
        return assay_fail(why, ASSAY_ERR_ARG, "--capture %.40s...: too long", text);
    for (char *pair = strtok_r(copy, ",", &save); pair; pair = strtok_r(NULL, ",", &save)) {
        const bool op = !strncmp(pair, "op=", 3), layer = !strncmp(pair, "layer=", 6);
        if (op) {
            if (!(c->w.op = assay_op_find(pair + 3)))
                return assay_no_op(pair + 3, why);
        } else if (layer && whole(pair + 6, &c->w.layer)) {
            c->w.any = false;
        } else if (strncmp(pair, "step=", 5) != 0 || !whole(pair + 5, &c->w.step)) {
            return assay_fail(why, ASSAY_ERR_ARG, "--capture %.80s: '%.40s' is none of op=OP, layer=N and step=N", text,
                              pair);
        }
    }
    return c->w.op ? ASSAY_OK : assay_fail(why, ASSAY_ERR_ARG, "--capture %.80s: op=OP is missing", text);
}

enum { KEY_CAPTURE = 512, KEY_DIR };

static const struct argp_option option_table[] = {
    { "capture", KEY_CAPTURE, "op=OP[,layer=N][,step=N]", 0,
      "Keep the operands of these calls as vectors (docs/vectors.md); a step is one pass of tokens, the first (0) that "
      "of the prompt",
      3 },
    { "capture-dir", KEY_DIR, "DIR", 0, "Where they are put (default captured)", 3 },
    { 0 },
};

static error_t take(int key, char *arg, struct argp_state *state)
{
    assay_run_capture *c = state->input;
    assay_why why = { "" };
    switch (key) {
    case KEY_CAPTURE:
        if (parse(arg, c, &why))
            argp_error(state, "%s", why.text);
        return 0;
    case KEY_DIR:
        c->dir = arg;
        return 0;
    case ARGP_KEY_END:
        if (c->dir && !c->w.op)
            argp_error(state, "--capture-dir %s is of --capture, which is not asked for", c->dir);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp assay_run_capture_argp = { option_table, take, NULL, NULL, NULL, NULL, NULL };

static void path_of(const assay_run_capture *c, int64_t step, int64_t layer, int64_t nth, char *path, size_t n)
{
    char place[32] = "outside";
    if (layer >= 0)
        snprintf(place, sizeof place, "layer%" PRId64, layer);
    snprintf(path, n, "%s/%s.step%" PRId64 ".%s.%" PRId64 ".safetensors", c->dir, c->w.op->name, step, place, nth);
}

static assay_status write_call(const assay_run_capture *c, const assay_captured *call, assay_why *why)
{
    static const assay_gen file = { .name = "file", .tag = ASSAY_TAG_ADVERSARIAL };
    char path[4096], where[64];
    assay_problem p = { 0 };
    assay_case it = call->c;
    it.gen = &file;
    path_of(c, call->step, call->layer, call->nth, path, sizeof path);
    if (!access(path, F_OK))
        return assay_fail(why, ASSAY_ERR_ARG, "%.160s is there already: name another --capture-dir", path);
    snprintf(where, sizeof where, "step %" PRId64 ", layer %" PRId32, call->step, call->layer);
    const assay_st_pair more[] = { { "x-model", c->model }, { "x-call", where }, { "x-kernel", call->kernel } };
    assay_status s = assay_problem_load(&it, call->data, call->bytes, &p, why);
    if (!s)
        s = assay_problem_solve(&p, NULL, why);
    if (!s)
        s = assay_vector_write(&p, more, sizeof more / sizeof *more, path, why);
    assay_problem_free(&p);
    return s;
}

static void keep(void *ctx, const assay_captured *call)
{
    assay_run_capture *c = ctx;
    if (c->status)
        return;
    if (c->written == MOST)
        c->status = assay_fail(&c->why, ASSAY_ERR_ARG, "--capture: more than %d calls; name a layer", MOST);
    else if (!(c->status = write_call(c, call, &c->why)))
        c->written++;
}

assay_status assay_run_capture_begin(assay_run_capture *c, const char *model, assay_why *why)
{
    const char *slash = strrchr(model, '/');
    c->dir = c->dir ? c->dir : "captured", c->model = slash && slash[1] ? slash + 1 : model;
    c->w.keep = keep, c->w.ctx = c;
    if (mkdir(c->dir, 0777) && errno != EEXIST)
        return assay_fail(why, ASSAY_ERR_IO, "--capture-dir %.160s: %s", c->dir, strerror(errno));
    return ASSAY_OK;
}

assay_status assay_run_capture_end(const assay_run_capture *c, assay_why *why)
{
    if (c->written)
        printf("captured: %" PRId64 " call%s of %s in %s, which assay vectors check and assay bench --vector take\n",
               c->written, c->written == 1 ? "" : "s", c->w.op->name, c->dir);
    if (c->status)
        return assay_fail(why, c->status, "%s", c->why.text);
    if (!c->written)
        return assay_fail(why, ASSAY_ERR_ARG,
                          "--capture: no call of %s in %s of step %" PRId64 " was made by a kernel (of %" PRId64
                          " steps; assay ops lists the calls of a model)%s",
                          c->w.op->name, c->w.any ? "any layer" : "this layer", c->w.step, c->w.steps,
                          c->w.seen ? "; a reference computed them, which has no operands of its own" : "");
    return ASSAY_OK;
}
