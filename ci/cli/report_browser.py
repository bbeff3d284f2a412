#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Asks a browser about a page of assay report: what is wider than the window, what is missing, what has no name.
usage: report_browser.py CHROMIUM INDEX.html [WIDTH...]     exit status 1 and a line for each thing that is wrong"""
import html, json, os, re, subprocess, sys, tempfile

ASK = """
<script>addEventListener('load', () => {
  const bad = [], say = (what, e) => bad.push(what + ': ' + (e.textContent || e.outerHTML).trim().replace(/\\s+/g, ' ').slice(0, 80));
  const shown = e => e.getClientRects().length > 0;
  document.querySelectorAll('details').forEach(e => e.open = true);
  if (document.documentElement.scrollWidth > document.documentElement.clientWidth) bad.push('the page is wider than the window');
  for (const e of document.querySelectorAll('body *:not(svg *)')) {
    if (!shown(e)) continue;
    if (e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0 && getComputedStyle(e).display != 'inline') say('wider than its box', e);
    if (e.getBoundingClientRect().right > innerWidth + 1) say('beyond the edge', e);
  }
  for (const e of document.querySelectorAll('td,th')) if (!e.textContent.trim()) say('empty cell', e.parentNode);
  for (const e of document.querySelectorAll('td,li,figcaption,svg text'))
    if (/undefined|%[0-9.]*[sdfg]\\b|(^|[^a-z])-?nan($|[^a-z])|^-?(NaN|inf)\\b.{0,8}$|[0-9] \\(null\\)/.test(e.textContent)) say('missing value', e);
  for (const e of document.querySelectorAll('table')) {
    const n = e.querySelectorAll('thead th').length;
    if (!n) say('no heading', e);
    for (const row of e.querySelectorAll('tbody tr')) if (row.cells.length != n) say('cells without a heading', row);
  }
  for (const e of document.querySelectorAll('img')) if (!e.alt) say('no alt text', e);
  for (const e of document.querySelectorAll('svg')) {
    const named = (e.getAttribute('aria-labelledby') || '').split(' ').map(id => document.getElementById(id));
    if (e.getAttribute('role') != 'img' || named.length < 2 || named.some(x => !x || !x.textContent.trim())) say('picture without a name', e);
    const box = e.getBoundingClientRect(), name = e.querySelector('title').textContent;
    if (!shown(e)) continue;
    const lines = [...e.querySelectorAll('text')].filter(t => t.textContent.trim());
    // an axis has a name where the lowest words of the picture are no number; pictures without axes say so by having no ticks
    const low = Math.max(...lines.map(t => t.getBoundingClientRect().bottom));
    const ticks = lines.filter(t => /^[\\s\\d.e+-]+$/.test(t.textContent));
    if (ticks.length > 2 && lines.every(t => t.getBoundingClientRect().bottom < low - 2 || /^[\\s\\d.e+-]+$/.test(t.textContent)))
      bad.push('axis without a name: ' + name);
    for (const t of lines) {
      const b = t.getBoundingClientRect();
      if (b.left < box.left - 1 || b.right > box.right + 1 || b.bottom > box.bottom + 1) bad.push('cut off in ' + name + ': ' + t.textContent);
      if (b.height < LEAST) bad.push('letters of ' + b.height.toFixed(1) + ' px in ' + name + ': ' + t.textContent);
    }
  }
  const e = document.createElement('pre');
  e.id = 'asked';
  e.textContent = JSON.stringify({bad, tables: document.querySelectorAll('table').length, pictures: document.querySelectorAll('svg').length});
  document.body.append(e);
})</script>
"""


def ask(chromium, page, width, scratch):
    with open(page, encoding="utf-8") as f:
        text = f.read().replace("</html>", ASK.replace("LEAST", "9") + "</html>")
    copy = os.path.join(scratch, "asked.html")
    with open(copy, "w", encoding="utf-8") as f:
        f.write(text)
    # a window of a browser without a screen is at least 500 wide: the page stands in a frame that is as wide as asked for
    frame = os.path.join(scratch, "frame.html")
    with open(frame, "w", encoding="utf-8") as f:
        f.write(f"<iframe src='asked.html' style='border:0;width:{width}px;height:900px'></iframe><script>onload = () => setTimeout(() => "
                "document.body.append(document.querySelector('iframe').contentDocument.getElementById('asked')), 50)</script>")
    out = subprocess.run([chromium, "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files", f"--user-data-dir={scratch}/profile",
                          "--window-size=1600,1000", "--virtual-time-budget=4000", "--dump-dom", "file://" + os.path.realpath(frame)],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    found = re.search(r"<pre id=.asked.>(.*?)</pre>", out.stdout, re.S)
    if not found:
        sys.exit(f"report_browser: no answer at {width} px\n{out.stderr[-400:]}")
    return json.loads(html.unescape(found[1]))


def main():
    chromium, page, widths = sys.argv[1], sys.argv[2], [int(w) for w in sys.argv[3:]] or [390, 1440]
    wrong = 0
    with tempfile.TemporaryDirectory() as scratch:
        for width in widths:
            said = ask(chromium, page, width, scratch)
            wrong += len(said["bad"])
            for line in said["bad"][:20]:
                print(f"{width} px: {line}")
            print(f"{width} px: {said['tables']} tables, {said['pictures']} pictures, {len(said['bad'])} wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
