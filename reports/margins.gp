# SPDX-License-Identifier: MIT
# data: index "op kernel" share-of-bound
stats data using 3 nooutput
rows = STATS_records
set terminal svg size 960,(120 + 24 * rows) dynamic noenhanced font 'sans-serif,15' background rgb 'white'
unset key
set grid xtics noytics
set lmargin 32
set xlabel 'worst share of the bound used'
set xrange [0:1.05]
set yrange [rows - 0.3:-0.7]
set arrow from 1, graph 0 to 1, graph 1 nohead lc rgb orange lw 2
plot data using (0):1:(0):3:($1-0.35):($1+0.35):ytic(2) with boxxyerror lc rgb blue
