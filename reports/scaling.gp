# SPDX-License-Identifier: MIT
# data: index "kernel workload types" threads speed-up
stats data using 3 nooutput
rows = STATS_records
most = STATS_max
set terminal svg size 960,(120 + 20 * rows) dynamic noenhanced font 'sans-serif,14' background rgb 'white'
unset key
set grid xtics noytics
set lmargin 56
set xlabel 'times one thread'
stats data using 4 nooutput name 'S'
set xrange [0:1.15 * (S_max > most ? S_max : most)]
set yrange [rows - 0.3:-0.7]
do for [t=2:int(most)] { set arrow from t, graph 0 to t, graph 1 nohead lc rgb orange dt 2 }
plot data using (0):1:(0):4:($1-0.35):($1+0.35):ytic(2) with boxxyerror lc rgb green, \
     data using ($4+0.02):1:(sprintf('%.2f on %d', $4, $3)) with labels left font ',11' tc rgb '#51606e'
