# SPDX-License-Identifier: MIT
# data: index "kernel workload types" L1-misses-per-line L3-misses-per-line
stats data using 3 nooutput
rows = STATS_records
set terminal svg size 960,(120 + 20 * rows) dynamic noenhanced font 'sans-serif,14' background rgb 'white'
set grid xtics noytics
set lmargin 40
set key outside top center horizontal
set xlabel 'misses per cache line that must be touched'
set xrange [0:*]
set yrange [rows - 0.3:-0.7]
plot data using (0):1:(0):3:($1-0.35):($1):ytic(2) with boxxyerror lc rgb blue title 'L1', \
     data using (0):1:(0):4:($1):($1+0.35) with boxxyerror lc rgb orange title 'last level'
