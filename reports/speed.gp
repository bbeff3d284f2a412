# SPDX-License-Identifier: MIT
# data: index "kernel workload types" share-of-roof-in-percent speed-up
stats data using 3 nooutput
rows = STATS_records
set terminal svg size 960,(120 + 20 * rows) dynamic noenhanced font 'sans-serif,14' background rgb 'white'
unset key
set grid xtics noytics
set lmargin 40
set xlabel 'share of the roof that binds, %'
set xrange [0:(STATS_max > 105 ? 1.1 * STATS_max : 115)]
set yrange [rows - 0.3:-0.7]
set arrow from 100, graph 0 to 100, graph 1 nohead lc rgb orange lw 2
plot data using (0):1:(0):3:($1-0.35):($1+0.35):ytic(2) with boxxyerror lc rgb blue, \
     data using ($3+1):1:($4 > 0 ? sprintf('%.1fx', $4) : '') with labels left font ',11' tc rgb '#51606e'
