/* SPDX-License-Identifier: MIT
 * machine_name.h - which kind of machine this is, for results: the CPU's own name and the features that count here. */
#ifndef ASSAY_MACHINE_NAME_H
#define ASSAY_MACHINE_NAME_H

const char *assay_machine_name(void);     /* "AMD EPYC 7B13"; "qemu-user on ..." where an emulator runs this program */
const char *assay_machine_features(void); /* "avx2 fma f16c bmi2" */
#endif
