# SPDX-License-Identifier: MIT
# data index 0: intensity, GFLOP/s, kernel, not-scalar; 1: compute roofs; 2: read bandwidths
load ARG0[:strlen(ARG0)-strlen('roofline.gp')].'style.gp'
set logscale xy
set xlabel 'operations per byte'
set ylabel 'GFLOP/s (GOP/s)'
set grid xtics ytics
set key outside right top
set xrange [0.05:2000]
set yrange [0.1:2000]
set format y '%g'
roofs = system("awk 'BEGIN{b=0} /^$/{if(!e)b++;e=1;next} {e=0} b==1{print}' ".data." | wc -l")
plot for [i=0:int(roofs)-1] data index 1 every ::i::i using (0.05):1:(2000 - 0.05):(0) with vectors nohead lw 2 lc rgb grey dt 2 notitle, \
     data index 1 using (90):($1*1.12):2 with labels left font ',11' tc rgb '#51606e' notitle, \
     data index 2 using (0.05):($1*0.05):(2000 - 0.05):($1*(2000 - 0.05)) with vectors nohead lw 1 lc rgb grey notitle, \
     data index 2 using (0.06):($1*0.06*1.2):2 with labels left font ',10' tc rgb '#51606e' notitle, \
     data index 0 using ($4==1?$1:NaN):2 with points pt 7 ps 0.9 lc rgb blue title 'kernels', \
     data index 0 using ($4==0?$1:NaN):2 with points pt 6 ps 0.9 lc rgb orange title 'scalar'
