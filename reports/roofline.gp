# SPDX-License-Identifier: MIT
# data index 0: intensity, GFLOP/s, kernel, not-scalar; 1: compute roofs; 2: read bandwidths
set logscale xy
set xlabel 'operations per byte'
set ylabel 'GFLOP/s (GOP/s)'
set grid xtics ytics
set key inside bottom right
set margins 10,3,4,1
set xrange [0.05:4000]
set yrange [0.05:2000]
set format '%g'
# Names of roofs stand where no kernel can: right of the points, and along the slopes above them.
plot data index 1 using (0.05):1:(4000 - 0.05):(0) with vectors nohead lw 2 lc rgb grey dt 2 notitle, \
     data index 1 using (3800):($1*1.35):2 with labels right font ',13' tc rgb '#1b2733' notitle, \
     data index 2 using (0.05):($1*0.05):(4000 - 0.05):($1*(4000 - 0.05)) with vectors nohead lw 1 lc rgb grey notitle, \
     data index 2 using (700/$1):(700*1.35):2 with labels center rotate by 28 font ',12' tc rgb '#1b2733' notitle, \
     data index 0 using ($4==1?$1:NaN):2 with points pt 7 ps 0.6 lc rgb '#601f6f9f' title 'kernels', \
     data index 0 using ($4==0?$1:NaN):2 with points pt 6 ps 0.6 lc rgb orange title 'scalar'
