# SPDX-License-Identifier: MIT
# data index 0: line "op kernel types" times-one-thread; 1: line least greatest largest-team
stats data index 1 using 4 nooutput name 'T'
stats data index 1 using 3 nooutput
rows = STATS_records
set terminal svg size 960,(120 + 20 * rows) dynamic noenhanced font 'sans-serif,14' background rgb 'white'
unset key
set grid xtics noytics
set lmargin 40
set xlabel 'times one thread'
set xrange [0:1.15 * STATS_max]
set yrange [rows - 0.3:-0.7]
do for [t=1:int(T_max)] { set arrow from t, graph 0 to t, graph 1 nohead lc rgb orange dt 2 }
plot data index 1 using 2:1:($3-$2):(0) with vectors nohead lw 2 lc rgb grey, \
     data index 0 using 3:1:ytic(2) with points pt 7 ps 0.6 lc rgb green
