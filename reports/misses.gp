# SPDX-License-Identifier: MIT
# data: index "op kernel types" L1-misses-per-line L3-misses-per-line
stats data using 3 nooutput
rows = STATS_records
height = (narrow ? 190 : 120) + pitch * rows
set terminal @canvas
set grid xtics noytics
set lmargin narrow ? 2 : 40
set rmargin 2
set key @legend
set tmargin narrow ? 5.5 : 2.5
set xlabel 'misses per cache line that must be touched'
set xrange [0:*]
set yrange [rows - 0.3:-0.7]
plot data using (0):($1+low):(0):3:($1+low-half):($1+low):ytic(beside(strcol(2))) with boxxyerror lc rgb blue title 'L1', \
     data using (0):($1+low):(0):4:($1+low):($1+low+half) with boxxyerror lc rgb orange title 'last level', \
     data using (0):(above($1)):2 with labels left offset 0.3,0 font (narrow ? ',11' : ',13') tc rgb ink notitle
