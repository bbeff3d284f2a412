# SPDX-License-Identifier: MIT
# data: block 0 line "op kernel" share-of-time-% allowed-% (nan: not known); 1 line "what the lines below it are of"
stats data index 0 using 3 nooutput
stats data index 0 using 1 nooutput name 'L'
height = (narrow ? 190 : 120) + (narrow ? 46 : 26) * (L_max + 1)
set terminal @canvas
set grid xtics noytics
set lmargin narrow ? 2 : 34
set rmargin 2
set key @legend
set tmargin narrow ? 5.5 : 2.5
set xlabel "% of the token's time"
set xrange [0:1.05 * STATS_max]
set x2range [0:1]
set yrange [L_max + 0.7:-0.7]
plot data index 0 using (0):($1+low):(0):3:($1+low-half):($1+low):ytic(beside(strcol(2))) with boxxyerror lc rgb blue title 'time', \
     data index 0 using (0):($1+low):(0):4:($1+low):($1+low+half) with boxxyerror lc rgb orange title 'what its roof allows', \
     data index 0 using (0):(above($1)):2 axes x2y1 with labels left offset 0.3,0 font ',14' tc rgb ink notitle, \
     data index 1 using (0):1:2 axes x2y1 with labels left offset 0.3,0 font ',15' tc rgb ink notitle
