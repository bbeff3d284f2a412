/* SPDX-License-Identifier: MIT
 * calibrate.h - loops of which one knows what they do.  Each runs once and returns how many of its event it makes
 * (0: this machine cannot run it). */
#ifndef ASSAY_BENCH_CALIBRATE_H
#define ASSAY_BENCH_CALIBRATE_H
#include "machine.h"

double bench_truth_instructions(const bench_machine *m);
double bench_truth_cycles(const bench_machine *m);
double bench_truth_branches(const bench_machine *m);
double bench_truth_l1(const bench_machine *m);
double bench_truth_l2(const bench_machine *m);
double bench_truth_l3(const bench_machine *m);
double bench_truth_faults(const bench_machine *m);
double bench_truth_clock(const bench_machine *m);
double bench_truth_switches(const bench_machine *m);
double bench_truth_migrations(const bench_machine *m);
#endif
