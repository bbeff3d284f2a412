/* SPDX-License-Identifier: MIT
 * Which tokens end a generation.  Files name one or two of them at best; the field's reference (llama.cpp,
 * src/llama-vocab.cpp) goes by the tokens' text beside the keys, and so does this table. */
#include "encoding.h"
#include <string.h>

typedef struct end {
    const char *text;
    int instead; /* a role, 0 for none: where a token is named for it the text alone says nothing */
} end;

enum { PAD = ASSAY_NAMED_FIM_PAD, REP = ASSAY_NAMED_FIM_REP, SEP = ASSAY_NAMED_FIM_SEP };
static const end texts[] = {
    { "<|eot_id|>", 0 },
    { "<|im_end|>", 0 },
    { "<|end|>", 0 },
    { "<|return|>", 0 },
    { "<|call|>", 0 },
    { "<|calls|>", 0 },
    { "<|flush|>", 0 },
    { "<end_of_turn>", 0 },
    { "<|endoftext|>", 0 },
    { "</s>", 0 },
    { "<|eom_id|>", 0 },
    { "<EOT>", 0 },
    { "_<EOT>", 0 },
    { "[EOT]", 0 },
    { "[EOS]", 0 },
    { "<|end_of_text|>", 0 },
    { "<end_of_utterance>", 0 },
    { "<eos>", 0 },
    { "<turn|>", 0 },
    { "<|tool_response>", 0 },
    { "<\xEF\xBD\x9C"
      "end\xE2\x96\x81of\xE2\x96\x81sentence\xEF\xBD\x9C>",
      0 },
    { "[e~[", 0 },
    { "<|fim_pad|>", PAD },
    { "<fim-pad>", PAD },
    { "<fim_pad>", PAD },
    { "<PAD>", PAD },
    { "[PAD]", PAD },
    { "<|fim_repo|>", REP },
    { "<|repo_name|>", REP },
    { "<fim-repo>", REP },
    { "<REPO>", REP },
    { "<reponame>", REP },
    { "<|file_sep|>", SEP },
};
/* A vocabulary that has both others uses the first inside a turn.  All of them stand in the list above. */
static const char *const inside[][3] = {
    { "<|end|>", "<|return|>", "<|call|>" }, { "<|end|>", "<|return|>", "<|calls|>" },
    { "<|end|>", "<|flush|>", "<|call|>" },  { "<|end|>", "<|flush|>", "<|calls|>" },
    { "</s>", "<|tool_response>", "</s>" },
};
static const int roles[] = { ASSAY_NAMED_EOS, ASSAY_NAMED_EOT, ASSAY_NAMED_EOM, PAD, REP, SEP };

enum { TEXTS = sizeof texts / sizeof *texts };

/* The first token of each text; -1: none. */
static void find_all(const assay_tokenizer *t, const assay_span *text, int32_t id[TEXTS])
{
    for (int k = 0; k < TEXTS; k++)
        id[k] = -1;
    for (int32_t i = 0; i < t->n; i++)
        for (int k = 0; k < TEXTS && text[i].n && strchr("<[_", text[i].at[0]); k++) /* all of them begin so */
            if (id[k] < 0 && assay_span_is(text[i], texts[k].text))
                id[k] = i;
}

static int32_t found(const int32_t id[TEXTS], const char *text)
{
    int k = 0;
    while (strcmp(texts[k].text, text) != 0)
        k++;
    return id[k];
}

void assay_ends_mark(const assay_vocab *v, assay_tokenizer *t)
{
    int32_t id[TEXTS];
    find_all(t, v->text, id);
    for (int k = 0; k < TEXTS; k++) {
        if (id[k] < 0 || (texts[k].instead && v->named[texts[k].instead] >= 0))
            continue;
        t->ends[id[k]] = true;
        t->type[id[k]] = ASSAY_TOKEN_CONTROL; /* whatever the file says: text does not become such a token */
    }
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (v->named[roles[i]] >= 0)
            t->ends[v->named[roles[i]]] = true;
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++)
        if (found(id, inside[i][0]) >= 0 && found(id, inside[i][1]) >= 0 && found(id, inside[i][2]) >= 0)
            t->ends[found(id, inside[i][0])] = false;
}
