# SPDX-License-Identifier: MIT
# Shared look of all figures.  width, narrow: 960 and 0; for a phone 400 and 1, where names of bars stand above them.
height = narrow ? 420 : 540
canvas = "svg size width,height dynamic noenhanced font 'sans-serif,15' background rgb 'white'"
set terminal @canvas
legend = narrow ? "at screen 0.5, screen 0.998 center top vertical maxrows 3" : "at screen 0.5, screen 0.995 center top horizontal maxrows 1 maxcols 4"
set border 3 lc rgb '#51606e'
set tics nomirror
set grid ytics lc rgb '#e4eaf0' lt 1
set key top left Left reverse samplen 2
set style fill solid 0.85 noborder
blue = '#1f6f9f'; orange = '#c8641b'; green = '#2c7a3f'; grey = '#9aa7b3'; ink = '#1b2733'
# Bars: pixels from one to the next, half of one's thickness, how far below its name it lies, and the name beside the axis. Names above bars lie
# outside of the picture where they are not wanted: labels that are all NaN crash gnuplot 5.4.
pitch = narrow ? 46 : 24
half = narrow ? 0.17 : 0.34
low = narrow ? 0.2 : 0
beside(name) = narrow ? "" : name
above(y) = narrow ? y - 0.22 : -9
