/* SPDX-License-Identifier: MIT
 * faults_print.h - what became of each seeded fault and legal variant. */
#ifndef ASSAY_FAULTS_PRINT_H
#define ASSAY_FAULTS_PRINT_H
#include "ledger.h"

int assay_faults_print(const assay_ledger *l); /* returns the exit code; a ledger's other entries are left out */
#endif
