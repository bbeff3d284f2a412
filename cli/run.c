/* SPDX-License-Identifier: MIT
 * assay run MODEL -p TEXT -n N: text as it comes, then what it cost. */
#include "../conformance/results/terminal.h"
#include "../conformance/select.h"
#include "../reference/core/dtype.h"
#include "../reference/core/options.h"
#include "../reference/core/registry.h"
#include "../reference/core/save.h"
#include "../reference/models/generate.h"
#include "../reference/models/ids.h"
#include "../reference/models/perplexity.h"
#include "commands.h"
#include "run_capture.h"
#include "run_plugin.h"
#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEY_IMPL = 256,
    KEY_ISA,
    KEY_IDS,
    KEY_DECODER_IDS,
    KEY_SOURCE,
    KEY_KV,
    KEY_THREADS,
    KEY_LOGITS,
    KEY_JSON,
    KEY_SPECIAL,
    KEY_IGNORE_EOS,
    KEY_BATCH,
    KEY_IMATRIX,
    KEY_INPUTS,
    KEY_PERPLEXITY,
    KEY_WINDOW,
    KEY_BEAMS,
    KEY_LENGTH_PENALTY,
    KEY_GROUPS,
    KEY_DIVERSE,
    KEY_DRAFT,
    KEY_DRAFT_TOKENS,
    KEY_SAMPLERS,
    KEY_BIAS,
    KEY_DRAW,
    KEY_CHAT,
    KEY_SYSTEM,
    KEY_PLUGIN,
    KEY_REPEAT,
    KEY_DATE,
    KEY_SETTING /* the last: + an assay_setting */
};

typedef struct options {
    const char *impl, *isa, *ids, *decoder_ids, *kv, *threads;
    bool sampler, length;  /* given: an option of the chain, --length-penalty */
    const char *generates; /* an option that only a run that generates heeds */
    assay_run_apart apart; /* with plug-ins */
    assay_run_capture captured;
    assay_generate g;
} options;

static const struct argp_child children[] = { { &assay_run_capture_argp, 0, NULL, 3 }, { 0 } };
static const struct argp_option option_table[] = {
    { "prompt", 'p', "TEXT", 0, "What to continue; of a model with an encoder what this reads", 0 },
    { "ids", KEY_IDS, "IDS", 0, "Token ids (1,2,3) instead of text", 0 },
    { "chat", KEY_CHAT, NULL, 0, "TEXT is what a user says: write it as the model's chat template does", 0 },
    { "system", KEY_SYSTEM, "TEXT", 0, "What stands before it, instead of what the template has for it", 0 },
    { "date", KEY_DATE, "TEXT", 0, "The date that the template writes, instead of the one that it has itself", 0 },
    { "decoder-ids", KEY_DECODER_IDS, "IDS", 0,
      "What a decoder behind an encoder begins with (default: as the model's files say)", 0 },
    { "inputs", KEY_SOURCE, "FILE.safetensors", 0, "The numbers that an encoder of sounds reads (mel), instead of text",
      0 },
    { "special", KEY_SPECIAL, NULL, 0, "Recognise special tokens in TEXT", 0 },
    { NULL, 'n', "N", 0, "Tokens to generate (default 64)", 0 },
    { "ignore-eos", KEY_IGNORE_EOS, NULL, 0, "Go on after an end token", 0 },
    { "impl", KEY_IMPL, "IMPL", 0,
      "oracle, scalar, best (default), plugin (with --plugin: default), or op=kernel[,op=kernel...] with best for "
      "the rest",
      1 },
    { "plugin", KEY_PLUGIN, "FILE.so", ASSAY_OPTION_REPEATS,
      "Kernels of this shared object for their ops, where they accept the call (or as --impl says: op=kernel, "
      "plugin); may be repeated",
      1 },
    { "isa", KEY_ISA, "TIER", 0, "Use kernels up to this tier (assay list isa)", 1 },
    { "kv", KEY_KV, "TYPE", 0, "Element type of the KV cache: f32 (default), f16, q8_0", 1 },
    { "threads", KEY_THREADS, "N", 0, "Threads (default 1)", 1 },
    { "batch", KEY_BATCH, "N", 0, "Most prompt tokens per step (default 512)", 1 },
#define SETTING(id, option, arg, of, whole, usual, least, most, says)                                                  \
    { option, KEY_SETTING + ASSAY_SET_##id, arg, 0, says, 2 },
#include "../reference/models/settings.def"
#undef SETTING
    { "logit-bias", KEY_BIAS, "TOKEN=VALUE", ASSAY_OPTION_REPEATS,
      "Add VALUE to the logit of the token with this id, before all else; -inf bans it; may be repeated", 2 },
    { "draw", KEY_DRAW, "HOW", 0,
      "inverse (default): by one number at random and the sums of chances; gumbel: the largest of logits / "
      "temperature and noise",
      2 },
    { "samplers", KEY_SAMPLERS, "LIST", 0,
      "What is done with logits, in this order (default penalties,top_k,typical,top_p,min_p,temperature)", 2 },
    { "beams", KEY_BEAMS, "N", 0, "Beam search: of N texts at a time the likeliest, in place of samplers (at most 64)",
      2 },
    { "length-penalty", KEY_LENGTH_PENALTY, "X", 0,
      "Of --beams: a text's score is its log-likelihood over its length to the power of X (default 1; above 0 long "
      "ones are favoured)",
      2 },
    { "beam-groups", KEY_GROUPS, "N", 0,
      "Of --beams: N groups of as many beams each, which search in turn, so that their texts differ", 2 },
    { "diverse", KEY_DIVERSE, "X", 0,
      "Of --beam-groups: take X off a token's log-probability for each beam of the groups before that goes on by it",
      2 },
    { "draft", KEY_DRAFT, "SMALL", 0,
      "Let a smaller model of the same tokens draft some, and MODEL judge them in one step: the same distribution, "
      "and the same text at temperature 0",
      2 },
    { "draft-tokens", KEY_DRAFT_TOKENS, "N", 0, "Of --draft: how many before each step (default 4)", 2 },
    { "repeat", KEY_REPEAT, "N", 0,
      "Generate the same N times again, in the same session, and say how times vary; a repetition with another text "
      "fails",
      3 },
    { "perplexity", KEY_PERPLEXITY, "FILE", 0, "Generate nothing: say how well the model foretells the text in FILE",
      3 },
    { "window", KEY_WINDOW, "N", 0,
      "Of --perplexity: tokens are foretold in windows of N, each of which begins N / 2 behind the one before "
      "(default 512)",
      3 },
    { "logits", KEY_LOGITS, "FILE", 0, "Write every position's logits as safetensors; -: standard output", 3 },
    { "json", KEY_JSON, "FILE", 0, "Write ids, top 5 logits per step and timings; -: standard output", 3 },
    { "imatrix-out", KEY_IMATRIX, "FILE", 0,
      "Write how much each column of the layers' matrices matters in this run, for assay quantize --imatrix", 3 },
    { "activations-out", KEY_INPUTS, "FILE", 0,
      "Write what the layers' matrices are multiplied with in this run, for assay quantize --method", 3 },
    { 0 },
};

/* Options of the chain of samplers. */
static error_t take_sampler(int key, const char *arg, struct argp_state *state, options *o)
{
    assay_chain *const c = &o->g.chain;
    assay_why why = { "" };
    assay_status s = ASSAY_OK;
    if (key == KEY_SAMPLERS)
        s = assay_chain_order(c, arg, &why);
    else if (key == KEY_DRAW)
        s = assay_chain_draw(c, arg, &why);
    else if (key == KEY_BIAS)
        s = assay_chain_bias(c, arg, &why);
    else if (key >= KEY_SETTING && key < KEY_SETTING + ASSAY_SETTINGS)
        s = assay_chain_set(c, (assay_setting)(key - KEY_SETTING), arg, &why);
    else
        return ARGP_ERR_UNKNOWN;
    o->generates = "a sampler";
    o->sampler = true;
    if (s)
        argp_error(state, "%s", why.text);
    return 0;
}

/* What does not go with what. */
static void check(struct argp_state *state, const options *o)
{
    const assay_generate *g = &o->g;
    if (!g->model)
        argp_error(state, "MODEL is missing: a GGUF file or a folder");
    if (g->text_path && (g->prompt || o->ids || o->generates))
        argp_error(state, "--perplexity generates nothing: it does not go with %s",
                   g->prompt ? "a prompt"
                   : o->ids  ? "--ids"
                             : o->generates);
    if (g->beams && (o->sampler || g->logits_path || g->n == 0))
        argp_error(state, "--beams %lld: it does not go with %s", (long long)g->beams,
                   o->sampler       ? "samplers"
                   : g->logits_path ? "--logits"
                                    : "-n 0");
    if (o->length && !g->beams)
        argp_error(state, "--length-penalty %g is of --beams, which is not asked for", g->length_penalty);
    if (g->beam_groups && !g->beams)
        argp_error(state, "--beam-groups %lld is of --beams, which is not asked for", (long long)g->beam_groups);
    if (g->beam_groups && g->beams % g->beam_groups)
        argp_error(state, "--beam-groups %lld: --beams %lld are not that many groups of as many beams each",
                   (long long)g->beam_groups, (long long)g->beams);
    if (!g->beam_groups != !(g->diverse > 0))
        argp_error(state, "--beam-groups %lld, --diverse %g: groups differ only if both are above 0",
                   (long long)g->beam_groups, g->diverse);
    if (g->draft && (g->beams || g->logits_path || g->imatrix_path || g->inputs_path || g->n == 0 ||
                     g->chain.set[ASSAY_SET_MIROSTAT] > 0 || g->chain.gumbel))
        argp_error(state, "--draft %s: it does not go with %s", g->draft,
                   g->beams          ? "--beams"
                   : g->logits_path  ? "--logits"
                   : g->imatrix_path ? "--imatrix-out"
                   : g->inputs_path  ? "--activations-out"
                   : g->n == 0       ? "-n 0"
                   : g->chain.gumbel ? "--draw gumbel"
                                     : "--mirostat");
    if (g->repeat && (g->logits_path || g->imatrix_path || g->inputs_path))
        argp_error(state, "--repeat %lld: it does not go with %s", (long long)g->repeat,
                   g->logits_path    ? "--logits"
                   : g->imatrix_path ? "--imatrix-out"
                                     : "--activations-out");
    if (o->captured.w.op && (o->apart.n_plugins || g->repeat || g->draft || g->text_path))
        argp_error(state, "--capture: it does not go with %s",
                   o->apart.n_plugins ? "--plugin, whose process may write no file"
                   : g->repeat        ? "--repeat"
                   : g->draft         ? "--draft"
                                      : "--perplexity");
    if (g->draft_tokens && !g->draft)
        argp_error(state, "--draft-tokens %lld is of --draft, which is not asked for", (long long)g->draft_tokens);
    if (g->window && !g->text_path)
        argp_error(state, "--window %lld is of --perplexity, which is not asked for", (long long)g->window);
    if (g->chat && (!g->prompt || g->special))
        argp_error(state, "--chat: it goes with -p TEXT, and without --special");
    if (g->system && !g->chat)
        argp_error(state, "--system '%s' is of --chat, which is not asked for", g->system);
    if (g->date && !g->chat)
        argp_error(state, "--date '%s' is of --chat, which is not asked for", g->date);
    const int sources = (g->prompt != NULL) + (o->ids != NULL) + (g->source_path != NULL);
    if (!g->text_path && sources != 1)
        argp_error(state, "%s%s", sources ? "there is more than one prompt: " : "",
                   g->translates ? "give a TEXT, or --ids IDS" : "give a prompt, either -p TEXT or --ids IDS");
}

static error_t take(int key, char *arg, struct argp_state *state)
{
    options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->captured;
        return 0;
    case 'p':
        o->g.prompt = arg;
        return 0;
    case KEY_CHAT:
        o->g.chat = true;
        return 0;
    case KEY_SYSTEM:
        o->g.system = arg;
        return 0;
    case KEY_DATE:
        o->g.date = arg;
        return 0;
    case KEY_PERPLEXITY:
        o->g.text_path = arg;
        assay_save_spare(arg);
        return 0;
    case KEY_BEAMS:
        o->g.beams = (int64_t)assay_option_whole(state, "--beams", arg, 1, 64);
        o->generates = "--beams";
        return 0;
    case KEY_LENGTH_PENALTY:
        o->length = true;
        o->g.length_penalty = assay_option_real(state, "--length-penalty", arg, -4, 4);
        return 0;
    case KEY_GROUPS:
        o->g.beam_groups = (int64_t)assay_option_whole(state, "--beam-groups", arg, 2, 64);
        return 0;
    case KEY_DIVERSE:
        o->g.diverse = assay_option_real(state, "--diverse", arg, 0, 100);
        return 0;
    case KEY_DRAFT:
        o->g.draft = arg;
        o->generates = "--draft";
        assay_save_spare(arg);
        return 0;
    case KEY_DRAFT_TOKENS:
        o->g.draft_tokens = (int64_t)assay_option_whole(state, "--draft-tokens", arg, 1, 256);
        return 0;
    case KEY_REPEAT:
        o->generates = "--repeat";
        o->g.repeat = (int64_t)assay_option_whole(state, "--repeat", arg, 1, 10000);
        return 0;
    case KEY_WINDOW:
        o->g.window = (int64_t)assay_option_whole(state, "--window", arg, 2, 1 << 24);
        return 0;
    case 'n':
        o->generates = "-n";
        o->g.n = (int64_t)assay_option_whole(state, "-n", arg, 0, 1 << 24);
        return 0;
    case KEY_IDS:
        o->ids = arg;
        return 0;
    case KEY_DECODER_IDS:
        o->decoder_ids = arg;
        return 0;
    case KEY_SOURCE:
        o->g.source_path = arg;
        assay_save_spare(arg);
        return 0;
    case KEY_SPECIAL:
        o->g.special = true;
        return 0;
    case KEY_IGNORE_EOS:
        o->g.ignore_eos = true;
        o->generates = "--ignore-eos";
        return 0;
    case KEY_IMPL:
        o->impl = arg;
        return 0;
    case KEY_PLUGIN:
        assay_run_apart_add(&o->apart, state, arg);
        return 0;
    case KEY_ISA:
        o->isa = arg;
        return 0;
    case KEY_KV:
        o->kv = arg;
        return 0;
    case KEY_THREADS:
        assay_option_threads(state, arg, &o->g.threads, 1);
        return 0;
    case KEY_BATCH:
        o->g.batch = (int64_t)assay_option_whole(state, "--batch", arg, 1, 1 << 16);
        return 0;
    case KEY_LOGITS:
        o->g.logits_path = arg;
        o->generates = "--logits";
        return 0;
    case KEY_IMATRIX:
        o->g.imatrix_path = arg;
        o->generates = "--imatrix-out";
        return 0;
    case KEY_INPUTS:
        o->g.inputs_path = arg;
        o->generates = "--activations-out";
        return 0;
    case KEY_JSON:
        o->g.json_path = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (o->g.translates && state->arg_num == 1 && !o->g.prompt) {
            o->g.prompt = arg;
            return 0;
        }
        if (state->arg_num > 0)
            argp_error(state, "one MODEL%s; '%s' is too much", o->g.translates ? " and one TEXT" : "", arg);
        o->g.model = arg;
        assay_save_spare(arg);
        return 0;
    case ARGP_KEY_END:
        check(state, o);
        return 0;
    default:
        return take_sampler(key, arg, state, o);
    }
}

static void progress(int64_t tokens, int64_t all)
{
    if (tokens == 0)
        assay_progress_begin(all, "tokens");
    if (tokens == all)
        assay_progress_clear();
    else
        assay_progress_at(tokens, "");
}

static assay_status resolve(options *o, assay_why *why)
{
    o->g.impl_text = o->impl;
    if (!assay_dtype_find(o->kv, &o->g.kv) || (o->g.kv != ASSAY_f32 && o->g.kv != ASSAY_f16 && o->g.kv != ASSAY_q8_0)) {
        snprintf(why->text, sizeof why->text, "--kv %.40s: f32, f16 and q8_0 are known", o->kv);
        return ASSAY_ERR_ARG;
    }
    assay_status s = assay_impl_option(o->impl, o->isa, &o->g.impl, why);
    if (!s && o->ids)
        s = assay_ids_parse(o->ids, INT32_MAX, &o->g.ids, &o->g.n_ids, why);
    if (!s && o->decoder_ids)
        s = assay_ids_parse(o->decoder_ids, INT32_MAX, &o->g.begin, &o->g.n_begin, why);
    return s;
}

static int body(void *ctx)
{
    options *o = ctx;
    assay_why why = { "" };
    assay_status s = resolve(o, &why);
    if (!s && o->captured.w.op)
        s = assay_run_capture_begin(&o->captured, o->g.model, &why);
    o->g.capture = o->captured.w.op ? &o->captured.w : NULL;
    if (!s)
        s = o->g.text_path ? assay_perplexity_run(&o->g, stdout, &why) : assay_generate_run(&o->g, stdout, &why);
    if (!s && o->captured.w.op)
        s = assay_run_capture_end(&o->captured, &why);
    free(o->g.ids);
    free(o->g.begin);
    if (s || o->g.not_finite || o->g.differs) {
        fflush(stdout);
        fprintf(stderr, "assay %s: %s\n", o->g.translates ? "translate" : "run", why.text);
    }
    return s ? 2 : o->g.not_finite || o->g.differs;
}

static int run(int argc, char **argv, const struct argp *argp, bool translates)
{
    options o = { .kv = "f32",
                  .g = { .n = 64,
                         .threads = 1,
                         .batch = 512,
                         .length_penalty = 1,
                         .chain = assay_chain_usual(),
                         .translates = translates,
                         .progress = progress } };
    assay_why why = { "" };
    assay_options_parse(argp, argc, argv, &o);
    if (!o.g.draft_tokens)
        o.g.draft_tokens = 4;
    if (!o.impl)
        o.impl = o.apart.n_plugins ? "plugin" : "best";
    static const char *const option[] = { "--json", "--logits", "--imatrix-out", "--activations-out" };
    const char *const out[] = { o.g.json_path, o.g.logits_path, o.g.imatrix_path, o.g.inputs_path };
    assay_status s = assay_chain_check(&o.g.chain, &why);
    if (!s)
        s = assay_save_begin(option, out, 4, &why);
    if (s) {
        fprintf(stderr, "assay %s: %s\n", translates ? "translate" : "run", why.text);
        assay_run_apart_free(&o.apart);
        return 2;
    }
    o.apart.command = translates ? "translate" : "run";
    o.apart.out = out, o.apart.n_out = 4, o.apart.body = body, o.apart.ctx = &o;
    const int code = o.apart.n_plugins ? assay_run_apart_main(&o.apart) : body(&o);
    assay_run_apart_free(&o.apart);
    return code;
}

int assay_cmd_run(int argc, char **argv)
{
    static const struct argp argp = { option_table,
                                      take,
                                      "MODEL",
                                      "Runs a model, a GGUF file or a folder of config.json and safetensors: prints "
                                      "the text as it comes, then prefill and decode tokens/s, time to the first "
                                      "token, each op's share of the time and the bytes of packed weights.\vExit "
                                      "status: 0 done, 1 logits that are not finite, a repetition with another text "
                                      "or a plug-in that crashed, 2 wrong use or unreadable input.",
                                      children,
                                      NULL,
                                      NULL };
    return run(argc, argv, &argp, false);
}

int assay_cmd_translate(int argc, char **argv)
{
    static const struct argp argp = {
        option_table,
        take,
        "MODEL TEXT",
        "Runs a model with a decoder behind an encoder: the encoder reads TEXT (or --ids), and what the decoder "
        "makes of it is printed, with all options of assay run.\vExit status: as that of assay run.",
        children,
        NULL,
        NULL
    };
    return run(argc, argv, &argp, true);
}
