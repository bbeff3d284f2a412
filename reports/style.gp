# SPDX-License-Identifier: MIT
# Shared look of all figures: wide, scalable, readable in print and on a phone.
set terminal svg size 960,540 dynamic noenhanced font 'sans-serif,15' background rgb 'white'
set border 3 lc rgb '#51606e'
set tics nomirror
set grid ytics lc rgb '#e4eaf0' lt 1
set key top left Left reverse samplen 2
set style fill solid 0.85 noborder
blue = '#1f6f9f'; orange = '#c8641b'; green = '#2c7a3f'; grey = '#9aa7b3'
