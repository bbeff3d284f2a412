# SPDX-License-Identifier: MIT
# data: block 0 line "kernel types" median-times-one-thread "op"; 1 line times low high impossible; 2 the largest team
stats data index 2 using 1 nooutput name 'T'
stats data index 0 using 3 nooutput
rows = STATS_records
stats data index 1 using 2 nooutput
height = (narrow ? 200 : 180) + pitch * rows
set terminal @canvas
set grid noxtics noytics
set lmargin narrow ? 2 : 40
set rmargin 2
set key @legend
set tmargin narrow ? 5.5 : 4.2
set xlabel 'times one thread'
set xrange [0:(STATS_max > 1.1 * T_max ? 1.1 * STATS_max : 1.2 * T_max)]
set yrange [rows - 0.3:-0.7]
do for [t=1:int(T_max)] { set arrow from t, graph 0 to t, graph 1 nohead lc rgb orange dt 2 }
plot data index 0 using (0):($1+low):(0):3:($1+low-half):($1+low+half):ytic(beside(strcol(2))) with boxxyerror lc rgb '#b9dcc2' title 'middle workload', \
     data index 1 using ($5==0?$2:NaN):($1+low):3:4 with xerrorbars pt 7 ps 0.5 lw 1 lc rgb green title 'a workload, with its interval', \
     data index 1 using ($5==1?$2:NaN):($1+low) with points pt 2 ps 0.9 lw 2 lc rgb orange title 'cannot be', \
     data index 0 using (0):(above($1)):2 with labels left offset 0.3,0 font ',14' tc rgb ink notitle
