# SPDX-License-Identifier: MIT
# data: index "name tier" worst-over-promise contract-over-promise
stats data using 3 nooutput
rows = STATS_records
set terminal svg size 960,(130 + 30 * rows) dynamic noenhanced font 'sans-serif,15' background rgb 'white'
set grid xtics ytics
set lmargin 20
set key outside top center horizontal
set xlabel 'worst error over what is promised'
set xrange [0:*]
set yrange [rows - 0.3:-0.7]
set arrow from 1, graph 0 to 1, graph 1 nohead lc rgb orange lw 2
plot data using 3:1:ytic(2) with points pt 7 ps 1.2 lc rgb blue title 'worst error', \
     data using 4:1 with points pt 12 ps 1.3 lw 2 lc rgb grey title 'contracts assume', \
     NaN with lines lc rgb orange lw 2 title 'the promise'
