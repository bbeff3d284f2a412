# SPDX-License-Identifier: MIT
# data: prompt-length prefill-tokens/s decode-tokens/s
set key outside top center horizontal
set xlabel 'tokens in the context'
set ylabel 'tokens/s'
set logscale x 2
set yrange [0:*]
plot data using 1:2 smooth unique with linespoints pt 7 lw 2 lc rgb blue title 'prefill', \
     data using 1:3 smooth unique with linespoints pt 5 lw 2 lc rgb orange title 'decode'
