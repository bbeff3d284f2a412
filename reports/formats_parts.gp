# SPDX-License-Identifier: MIT
# data: bits format kernel "type" outliers: a line for each type, both parts of its error
stats data using 1 nooutput
rows = STATS_records
set terminal svg size 960,(140 + 22 * rows) dynamic noenhanced font 'sans-serif,15' background rgb 'white'
set logscale x
set format x '%g'
set grid xtics ytics
set key above
set lmargin 18
set xlabel 'relative error of x W^T, normal weights'
set yrange [rows - 0.3:-0.7]
plot data using 2:0:ytic(sprintf('%s, %.4g bits', strcol(4), $1)) with points pt 7 ps 0.8 lc rgb blue title 'format: decoded weights against true ones', \
     data using 3:0 with points pt 5 ps 0.7 lc rgb orange title 'kernel: against decoded weights'
