# SPDX-License-Identifier: MIT
# data: bits format kernel "type" -: a line for each type, both parts of the divergence
stats data using 1 nooutput
rows = STATS_records
set terminal svg size 960,(140 + 22 * rows) dynamic noenhanced font 'sans-serif,15' background rgb 'white'
set logscale x
set format x '%g'
set grid xtics ytics
set key above
set lmargin 18
set xlabel 'mean divergence of the output, nats'
set xrange [1e-6:*]
set yrange [rows - 0.3:-0.7]
plot data using 2:0:ytic(sprintf('%s, %.4g bits', strcol(4), $1)) with points pt 7 ps 0.8 lc rgb blue title 'format: from the output of the file as it is', \
     data using 3:0 with points pt 5 ps 0.7 lc rgb orange title 'kernels: from the oracle with the same weights'
