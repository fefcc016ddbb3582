'use strict';
// The two charts. Lengths and colours come from magnitude(), every figure that is read from yuan().

const charts = new Set();

function drawChart(element, height, option, onclick) {
  element.style.height = height + 'px';
  const chart = echarts.init(element, null, { renderer: 'svg' });
  chart.setOption({ animation: false, textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: '#17202c' }, ...option });
  if (onclick) chart.on('click', onclick);
  charts.add(chart);
}

function disposeCharts() {
  for (const chart of charts) chart.dispose();
  charts.clear();
}

/** resizeCharts fits the charts to their place, or to a width, at once: paper does not wait for the next frame. */
function resizeCharts(width) {
  for (const chart of charts) {
    chart.resize(width ? { width } : undefined);
    chart.getZr().flush();
  }
}

const tooltip = { confine: true, backgroundColor: '#fff', borderColor: '#8b8f96', textStyle: { color: '#17202c', fontSize: 13 } };

const labelsInside = { outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' };

/** lines makes a tooltip of text lines; ECharts would read a string as HTML. */
function lines(...texts) {
  return h('div', null, texts.filter(Boolean).map((text) => h('div', null, text)));
}

/** waterfallChart draws steps {label, fen, total}: totals stand on zero, the others hang between two sums. */
function waterfallChart(element, steps) {
  let sum = 0n;
  const bars = steps.map((step) => {
    const before = sum;
    sum = step.total ? BigInt(step.fen || 0) : sum + BigInt(step.fen || 0);
    const from = step.total ? 0n : before;
    return { ...step, low: from < sum ? from : sum, high: from < sum ? sum : from };
  });
  const colour = (bar) => (bar.total ? '#1d4e7c' : BigInt(bar.fen || 0) < 0n ? '#b5545a' : '#4c8a68');
  drawChart(element, 34 * bars.length + 46, {
    grid: { left: 12, right: 110, top: 10, bottom: 12, ...labelsInside },
    tooltip: { ...tooltip, trigger: 'item', formatter: (p) => lines(bars[p.dataIndex].label, yuan(bars[p.dataIndex].fen)) },
    xAxis: { type: 'value', axisLabel: { formatter: (v) => count(Math.round(v)), hideOverlap: true, color: '#55606e' }, splitLine: { lineStyle: { color: '#ece8de' } } },
    yAxis: { type: 'category', inverse: true, data: bars.map((bar) => bar.label), axisTick: { show: false }, axisLabel: { color: '#17202c', fontSize: 13, width: element.clientWidth < 600 ? 96 : 190, overflow: 'break' } },
    series: [
      { type: 'bar', stack: 'all', silent: true, itemStyle: { color: 'transparent' }, data: bars.map((bar) => magnitude(bar.low)) },
      {
        type: 'bar', stack: 'all', barWidth: '62%',
        data: bars.map((bar) => ({ value: magnitude(bar.high - bar.low), itemStyle: { color: colour(bar) } })),
        label: { show: true, position: 'right', color: '#17202c', fontSize: 13, formatter: (p) => yuan(bars[p.dataIndex].fen) },
      },
    ],
  });
}

/** heatChart draws cells {x, y, fen, state, label}: state 'whole' is coloured by |fen|, others have a colour of their own. */
function heatChart(element, days, names, cells, onclick) {
  const most = cells.reduce((max, cell) => (absFen(cell.fen) > max ? absFen(cell.fen) : max), 1n);
  const whole = cells.filter((cell) => cell.state === 'whole');
  const other = cells.filter((cell) => cell.state !== 'whole');
  const cellOf = (list) => list.map((cell) => ({ value: [cell.x, cell.y, magnitude(absFen(cell.fen))], cell }));
  const border = { borderColor: '#fff', borderWidth: 1 };
  drawChart(element, 26 * names.length + 84, {
    grid: { left: 12, right: 12, top: 10, bottom: 10, ...labelsInside },
    tooltip: { ...tooltip, formatter: (p) => lines(...p.data.cell.lines) },
    xAxis: { type: 'category', data: days.map((day) => day.slice(5)), axisTick: { show: false }, axisLabel: { color: '#55606e', hideOverlap: true } },
    yAxis: { type: 'category', inverse: true, data: names, axisTick: { show: false }, axisLabel: { color: '#17202c', width: element.clientWidth < 600 ? 92 : 250, overflow: element.clientWidth < 600 ? 'truncate' : 'break' } },
    visualMap: { show: false, seriesIndex: 0, min: 0, max: magnitude(most), dimension: 2, inRange: { color: ['#eef2f6', '#f6d9a8', '#e08a4a', '#a0252b'] } },
    series: [
      { type: 'heatmap', data: cellOf(whole), itemStyle: border, emphasis: { itemStyle: { borderColor: '#17202c', borderWidth: 2 } } },
      { type: 'heatmap', data: cellOf(other).map((d) => ({ ...d, itemStyle: { color: d.cell.state === 'failed' ? '#3a3f47' : '#c9c4b7' } })), itemStyle: border },
    ],
  }, onclick && ((p) => p.data && p.data.cell && onclick(p.data.cell)));
}
