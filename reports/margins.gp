# SPDX-License-Identifier: MIT
# data: index "op kernel" share-of-bound
stats data using 3 nooutput
rows = STATS_records
height = 100 + pitch * rows
set terminal @canvas
unset key
set grid xtics noytics
set lmargin narrow ? 2 : 32
set rmargin 2
set xlabel 'worst share of the bound used'
set xrange [0:1.05]
set yrange [rows - 0.3:-0.7]
set arrow from 1, graph 0 to 1, graph 1 nohead lc rgb orange lw 2
plot data using (0):($1+low):(0):3:($1+low-half):($1+low+half):ytic(beside(strcol(2))) with boxxyerror lc rgb blue, \
     data using (0):(above($1)):2 with labels left offset 0.3,0 font ',14' tc rgb ink
