'use strict';
// Reads the data, puts the sections in order, and switches the language.

const numerals = ['一', '二', '三', '四', '五', '六', '七', '八', '九', '十', '十一', '十二', '十三', '十四', '十五', '十六', '十七', '十八', '十九', '二十'];
let sectionCount = 0;

/** part is a section of the page: its number, its name, and the question that it answers. */
function part(name, ...children) {
  return h('section', { id: name, 'aria-labelledby': name + '-title' },
    h('h2', { id: name + '-title' }, h('span', { class: 'no' }), t(name), words[name + 'Q'] ? h('span', { class: 'soft small' }, t(name + 'Q')) : null), children);
}

function numberSections(main) {
  const list = [...main.querySelectorAll('section > h2')];
  list.forEach((title, i) => { title.querySelector('.no').textContent = language.code === 'en' ? i + 1 + '.' : numerals[i] + '、'; });
  return list;
}

function render() {
  disposeCharts();
  document.documentElement.lang = language.code === 'en' ? 'en' : 'zh-CN';
  document.title = t(report.from === report.to ? 'titleDay' : 'title') + ' ' + rangeText();
  const main = h('main', null,
    h('div', { class: 'lead' }, masthead(), figures(), h('div', { class: 'columns statements' }, completeness(), billSums(), bridgeStatement())),
    balanceTable(), withdrawalTable(), waterfall(), accountTable(), heatMap(), unitTable(), todoTable(), resolvedTable(), ageTable(), largestTable(), refundTable(), storeTable(), doubtTable(), exceptionTable(), restatementTable(), signature());
  const titles = numberSections(main);
  const links = titles.map((title) => h('li', null, h('a', { href: '#' + title.parentElement.id }, title.childNodes[1].textContent)));
  document.body.replaceChildren(bar(),
    h('div', { class: 'frame' }, h('nav', { class: 'sections', 'aria-label': t('sections') }, h('ol', null, links)), main),
    h('dialog', { id: 'order', class: 'order', 'aria-labelledby': 'order-title' }));
  for (const chart of document.querySelectorAll('.chart')) chart.draw();
}

function bar() {
  const ready = report.close.ready;
  return h('div', { class: 'bar' }, h('span', { class: 'brand' }, 'billwalk'), h('span', { class: 'state ' + (ready ? 'good' : 'bad') }, '■ ', t(ready ? 'ready' : 'notReady')), h('span', { class: 'fill' }),
    h('button', { type: 'button', id: 'print', onclick: () => print() }, t('print')),
    h('button', { type: 'button', id: 'language', lang: language.code === 'en' ? 'zh-CN' : 'en', onclick: switchLanguage }, t('switchTo')));
}

function switchLanguage() {
  language.code = language.code === 'en' ? 'zh' : 'en';
  const y = scrollY;
  render();
  scrollTo({ top: y, behavior: 'instant' });
  document.getElementById('language').focus({ preventScroll: true });
}

/** unpack reads the report from the page: JSON, compressed, as base64 for URLs. */
async function unpack() {
  const text = atob(document.getElementById('data').textContent.trim().replaceAll('-', '+').replaceAll('_', '/'));
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Response(stream).json();
}

addEventListener('resize', () => resizeCharts());
addEventListener('beforeprint', () => resizeCharts(1000)); // A4, landscape
addEventListener('afterprint', () => resizeCharts());

unpack().then((data) => {
  report = data;
  indexNames();
  render();
}, (error) => {
  document.getElementById('opening').textContent = '无法打开报告，请用较新的浏览器 (Chrome 80、Edge 80、Firefox 113、Safari 16.4 以上)。This browser is too old for the report. ' + error;
});
