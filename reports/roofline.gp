# SPDX-License-Identifier: MIT
# data: block 0 one line: ops xmin xmax ymin ymax; 1 arithmetic: GFLOP/s, where it begins, "name"; 2 reading: GB/s, where it
# begins and ends, "name"; 3 the extremes: intensity GFLOP/s "name" 1 = to the left; from 4 on an op each: its name, then intensity GFLOP/s
stats data index 0 using 1 nooutput name 'N'
stats data index 0 using 2 nooutput name 'A'
stats data index 0 using 3 nooutput name 'B'
stats data index 0 using 4 nooutput name 'C'
stats data index 0 using 5 nooutput name 'D'
height = narrow ? 520 : 640
set terminal @canvas
set logscale xy
set xlabel 'operations per byte'
set ylabel 'GFLOP/s (GOP/s)' offset (narrow ? 1.5 : 0),0
set grid xtics ytics
set key at screen 0.5, screen 0.995 center top horizontal maxrows (narrow ? 4 : 2) samplen 0.5
set lmargin at screen (narrow ? 0.17 : 0.09)
set rmargin at screen 0.975
set tmargin at screen (narrow ? 0.78 : 0.88)
set bmargin at screen (narrow ? 0.13 : 0.105)
set xrange [A_max:B_max]
set yrange [C_max:D_max]
set format '%g'
array colour[8] = ['#1f6f9f', '#c8641b', '#2c7a3f', '#8a4fa3', '#b8860b', '#17868f', '#a3324f', '#7b8794']
set angles degrees
set style textbox opaque noborder margins 0.3,0.3 fillcolor rgb 'white'
steep = atan2(height * (narrow ? 0.65 : 0.775) / log10(D_max / C_max), width * (narrow ? 0.805 : 0.885) / log10(B_max / A_max))
plot data index 1 using 2:1:(B_max - $2):(0) with vectors nohead lw 2 lc rgb grey dt 2 notitle, \
     data index 1 using (B_max / 1.05):($1 * 1.09):3 with labels right font (narrow ? ',10' : ',12') tc rgb ink notitle, \
     data index 2 using 2:($1 * $2):($3 - $2):($1 * ($3 - $2)) with vectors nohead lw 2 lc rgb grey notitle, \
     data index 2 using ($2 * 1.15):($1 * $2 * 1.33):4 with labels left rotate by steep font (narrow ? ',10' : ',12') tc rgb ink notitle, \
     for [i=1:int(N_max)] data index (i + 3) using 1:2 with points pt (i % 2 ? 7 : 5) ps 0.55 lc rgb colour[i < 8 ? i : 8] title columnheader(2), \
     data index 3 using 1:2 with points pt 6 ps 1.4 lw 2 lc rgb ink notitle, \
     data index 3 using ($4==0&&!narrow?$1:NaN):2:3 with labels left offset 1.4,0 boxed font ',13' tc rgb ink notitle, \
     data index 3 using ($4==1&&!narrow?$1:NaN):2:3 with labels right offset -1.4,0 boxed font ',13' tc rgb ink notitle
