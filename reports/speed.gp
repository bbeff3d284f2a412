# SPDX-License-Identifier: MIT
# data index 0: line "op kernel types" share-of-roof-in-percent; 1: line least greatest largest-team
stats data index 1 using 3 nooutput
rows = STATS_records
set terminal svg size 960,(120 + 20 * rows) dynamic noenhanced font 'sans-serif,14' background rgb 'white'
unset key
set grid xtics noytics
set lmargin 40
set xlabel 'share of the roof that binds, %'
set xrange [0:(STATS_max > 105 ? 1.1 * STATS_max : 115)]
set yrange [rows - 0.3:-0.7]
set arrow from 100, graph 0 to 100, graph 1 nohead lc rgb orange lw 2
plot data index 1 using 2:1:($3-$2):(0) with vectors nohead lw 2 lc rgb grey, \
     data index 0 using 3:1:ytic(2) with points pt 7 ps 0.6 lc rgb '#a01f6f9f'
