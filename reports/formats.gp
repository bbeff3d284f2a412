# SPDX-License-Identifier: MIT
# data: bits format kernel "type" outliers
set logscale y
set grid xtics ytics
set key outside top center horizontal maxrows (narrow ? 2 : 1)
set xlabel 'bits per weight'
set ylabel 'relative error of x W^T, by the format'
set format y '%g'
set xrange [1:9.5]
set xtics 1
plot data using 1:2 with points pt 7 ps 0.8 lc rgb blue title 'normal weights', \
     data using 1:5 with points pt 6 ps 0.8 lc rgb orange title 'with columns of outliers', \
     data using (int($0)%2 ? $1 : NaN):2:4 with labels left offset 0.7,0.1 font ',12' tc rgb '#1b2733' notitle, \
     data using (int($0)%2 ? NaN : $1):2:4 with labels right offset -0.7,-0.1 font ',12' tc rgb '#1b2733' notitle
