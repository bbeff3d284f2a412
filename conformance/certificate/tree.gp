# SPDX-License-Identifier: MIT
# The tree of a sum.  data: block 0 chains as triangles, x y shade, apart by empty lines; 1 other additions, lines x y;
# 2 the longest chain; 3 names x y "text"; 4 heights y "additions"; 5 place, term, shade; 6 number of terms; title, words: texts
stats data index 6 using 1 nooutput name 'N'
height = 640
set terminal @canvas
shade(s) = s > 0 ? 0xa9c8dd : 0xd3e3ee
dark(s) = s > 0 ? 0x1f6f9f : 0x7fa9c4
set label 1 title at screen 0.085,0.975 left font ',16' tc rgb ink
set label 4 words at screen 0.085,0.94 left font ',13' tc rgb '#51606e'
set label 2 'additions' at screen 0.022,0.63 center rotate tc rgb ink
set label 3 'term' at screen 0.022,0.24 center rotate tc rgb ink
set lmargin at screen 0.085
set rmargin at screen 0.985
set xrange [-0.012 * N_max - 0.5:1.012 * N_max - 0.5]
set multiplot
set tmargin at screen 0.87
set bmargin at screen 0.40
set border 2 lc rgb '#51606e'
unset xtics
unset grid
set yrange [0:1.06]
set ytics ()
set key at screen 0.985,0.922 right top horizontal samplen 2 width -2 maxrows 1
plot data index 0 using 1:2:(shade($3)) with filledcurves closed fs solid 1 border lc rgb '#51606e' lc rgb variable notitle, \
     keyentry with boxes fs solid 1 lc rgb 0xa9c8dd title 'chain of terms', \
     data index 1 using 1:2 with lines lw 1.2 lc rgb ink title 'sums added', \
     data index 2 using 1:2 with lines lw 3 lc rgb orange title 'longest way', \
     data index 3 using 1:2:3 with labels font ',13' tc rgb ink notitle, \
     data index 4 using (-0.012 * N_max - 0.5):1:ytic(2) with points pt 0 notitle
unset key
set tmargin at screen 0.37
set bmargin at screen 0.115
set border 3 lc rgb '#51606e'
unset label
set xlabel 'terms in the order of the tree'
set autoscale y
set yrange [-0.03 * N_max - 0.5:1.03 * N_max - 0.5]
set ytics autofreq
set xtics nomirror autofreq
set grid ytics lc rgb '#e4eaf0' lt 1
plot data index 5 using 1:2:(dark($3)) with points pt 7 ps (N_max > 200 ? 0.25 : 0.5) lc rgb variable notitle
unset multiplot
