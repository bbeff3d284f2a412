# SPDX-License-Identifier: MIT
# data: blocks of "x y": caught on the rule's own inputs, on ours only, missed, not asked; "x y text": counts, ops; the
# size; "x y name": rules
stats data index 6 using 1 nooutput name 'W'
stats data index 6 using 2 nooutput name 'H'
left = narrow ? 17 : 12
height = (narrow ? 150 : 90) + int((H_max + 5) * width / (W_max + left))
set terminal @canvas
unset border
unset tics
unset grid
set margins 0,0,0,0
set xrange [-left:W_max - 0.5]
set yrange [H_max + 1.5:narrow ? -22 : -6.5]
set key at graph 0.5, graph 0.995 center top horizontal maxrows (narrow ? 2 : 1) samplen 1 width -2
sky = '#9cc9e6'
plot data index 0 using 1:2:($1-0.44):($1+0.44):($2-0.44):($2+0.44) with boxxyerror lc rgb blue title 'caught', \
     data index 1 using 1:2:($1-0.44):($1+0.44):($2-0.44):($2+0.44) with boxxyerror lc rgb sky title 'only on our inputs', \
     data index 2 using 1:2:($1-0.44):($1+0.44):($2-0.44):($2+0.44) with boxxyerror lc rgb orange title 'missed', \
     data index 3 using 1:2:($1-0.44):($1+0.44):($2-0.44):($2+0.44) with boxxyerror lc rgb '#e4eaf0' title 'not asked', \
     data index 4 using (narrow ? NaN : $1):2:3 with labels font ',10' tc rgb '#51606e' notitle, \
     data index 5 using 1:2:3 with labels right font (narrow ? ',11' : ',13') notitle, \
     data index 7 using 1:2:3 with labels center rotate by (narrow ? 90 : 0) font (narrow ? ',10' : ',13') notitle
