# SPDX-License-Identifier: MIT
# data: block 0 line "kernel types" median-share-in-% "op"; 1 line share low high impossible
stats data index 0 using 3 nooutput
rows = STATS_records
stats data index 1 using 2 nooutput
top = STATS_max > 105 ? 1.08 * STATS_max : 112
height = (narrow ? 200 : 180) + pitch * rows
set terminal @canvas
set grid xtics noytics
set lmargin narrow ? 2 : 40
set rmargin 2
set key @legend
set tmargin narrow ? 5.5 : 4.2
set xlabel 'share of the roof that binds, %'
set xrange [0:top]
set yrange [rows - 0.3:-0.7]
set arrow from 100, graph 0 to 100, graph 1 nohead lc rgb orange lw 2
plot data index 0 using (0):($1+low):(0):3:($1+low-half):($1+low+half):ytic(beside(strcol(2))) with boxxyerror lc rgb '#9cc9e6' title 'middle workload', \
     data index 1 using ($5==0?$2:NaN):($1+low):3:4 with xerrorbars pt 7 ps 0.5 lw 1 lc rgb blue title 'a workload, with its interval', \
     data index 1 using ($5==1?$2:NaN):($1+low) with points pt 2 ps 0.9 lw 2 lc rgb orange title 'cannot be', \
     data index 0 using (0):(above($1)):2 with labels left offset 0.3,0 font ',14' tc rgb ink notitle, \
     data index 0 using (0):(strlen(strcol(4)) && $1>0 ? $1-0.5 : NaN):(top):(0) with vectors nohead lc rgb grey lw 1 notitle
