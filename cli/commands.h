/* SPDX-License-Identifier: MIT
 * commands.h - the entry function of each command: argv[0] is "assay COMMAND"; returns the exit code. */
#ifndef ASSAY_COMMANDS_H
#define ASSAY_COMMANDS_H
#include "assay/assay.h"
int assay_cmd_list(int argc, char **argv);
int assay_cmd_check(int argc, char **argv);
int assay_cmd_primitives(int argc, char **argv);
int assay_cmd_merge(int argc, char **argv);
int assay_cmd_vectors(int argc, char **argv);
int assay_cmd_bench(int argc, char **argv);
int assay_cmd_gate(int argc, char **argv);
int assay_cmd_doctor(int argc, char **argv);
int assay_cmd_run(int argc, char **argv);
int assay_cmd_ops(int argc, char **argv);
int assay_cmd_translate(int argc, char **argv);
int assay_cmd_tokenize(int argc, char **argv);
int assay_cmd_logits(int argc, char **argv);
int assay_cmd_synth(int argc, char **argv);
int assay_cmd_fidelity(int argc, char **argv);
int assay_cmd_similar(int argc, char **argv);
int assay_cmd_embed(int argc, char **argv);
int assay_cmd_fill(int argc, char **argv);
int assay_cmd_quantize(int argc, char **argv);
int assay_cmd_formats(int argc, char **argv);
int assay_cmd_compare(int argc, char **argv);
int assay_cmd_report(int argc, char **argv);

/* quantize.c, for formats.c and synth.c: the value of an option, a type that model files are written in; or the program
 * ends */
struct argp_state;
assay_dtype assay_requant_type(struct argp_state *state, const char *option, const char *text);

/* impl.c: --impl and --isa (NULL: all that the CPU has) as an implementation */
struct assay_impl;
assay_status assay_impl_option(const char *impl, const char *isa, struct assay_impl *out, assay_why *why);

/* list_op.c, for list.c */
int assay_list_op(const char *name);    /* the exit code */
int assay_list_model(const char *path); /* list_model.c: the same */
void assay_list_gens(void);
#endif
