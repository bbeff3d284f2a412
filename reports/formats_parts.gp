# SPDX-License-Identifier: MIT
# data: bits format kernel "type" outliers: a line for each type, both parts of its error
stats data using 1 nooutput
rows = STATS_records
height = (narrow ? 150 : 120) + (narrow ? 46 : 22) * rows
set terminal @canvas
set logscale x
set format x '%g'
set grid xtics ytics
set key above vertical maxrows 2
set lmargin narrow ? 2 : 18
set rmargin 3
set xlabel 'relative error of x W^T, normal weights'
set x2range [0:1]
set yrange [rows - 0.3:-0.7]
named(name, bits) = sprintf('%s, %.4g bits', name, bits)
plot data using 2:($0+low):ytic(beside(named(strcol(4), $1))) with points pt 7 ps 0.8 lc rgb blue title 'format: decoded weights against true ones', \
     data using 3:($0+low) with points pt 5 ps 0.7 lc rgb orange title 'kernel: against decoded weights', \
     data using (0):(above($0)):(named(strcol(4), $1)) axes x2y1 with labels left offset 0.3,0 font ',14' tc rgb ink notitle
