# SPDX-License-Identifier: MIT
# data: index "name tier" worst-over-promise contract-over-promise
stats data using 3 nooutput
rows = STATS_records
height = (narrow ? 190 : 120) + (narrow ? 46 : 28) * rows
set terminal @canvas
set grid xtics ytics
set lmargin narrow ? 2 : 20
set rmargin 2
set key @legend
set tmargin narrow ? 5.5 : 2.5
set xlabel 'worst error over what is promised'
set xrange [0:*]
set yrange [rows - 0.3:-0.7]
set arrow from 1, graph 0 to 1, graph 1 nohead lc rgb orange lw 2
plot data using 3:($1+low):ytic(beside(strcol(2))) with points pt 7 ps 1.2 lc rgb blue title 'worst error', \
     data using 4:($1+low) with points pt 12 ps 1.3 lw 2 lc rgb grey title 'contracts assume', \
     NaN with lines lc rgb orange lw 2 title 'the promise', \
     data using (0):(above($1)):2 with labels left offset 0.3,0 font ',14' tc rgb ink notitle
