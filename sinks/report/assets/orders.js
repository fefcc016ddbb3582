'use strict';
// What is open: the to-do list, how old it is, and the largest differences.

const orderColumns = () => [
  { key: 'order', label: t('order'), type: 'text', value: orderName, search: (o) => [orderName(o), o.key, o.order, o.item, o.store, storeName(o.store)].join(' '),
    cell: (o) => h('span', { class: 'id' }, orderName(o)), under: (o) => storeName(o.store) || null },
  { key: 'account', label: t('account'), type: 'text', class: 'name', value: (o) => accountName(o.account), search: (o) => accountName(o.account) + ' ' + o.account,
    cell: (o) => [accountName(o.account), o.accounts > 1 ? h('span', { class: 'soft' }, ' ' + t('severalAccounts', { n: o.accounts })) : null] },
];

function bandOf(age) {
  const bands = ageBands();
  return bands.findIndex((band) => age >= band.least && (!band.most || age <= band.most));
}

function ageBands() {
  const seen = new Map();
  for (const age of report.ages || []) seen.set(age.band.least, age.band);
  return [...seen.values()].sort((a, b) => a.least - b.least);
}

function bandText(band) {
  return band.most ? t('band', { from: band.least, to: band.most }) : t('bandOpen', { from: band.least });
}

/** whyUnder says why an order is open, and what a person has noted of it. */
const whyUnder = (order) => [whyText(order), notedText(order)].filter(Boolean).join(t('semicolon'));

function todoTable() {
  const { orders } = report;
  const columns = [
    ...orderColumns(),
    { key: 'verdict', label: t('verdictWhy'), type: 'text', class: 'name', value: (o) => label('verdict', o.verdict), cell: (o) => coded('verdict', o.verdict), search: (o) => [label('verdict', o.verdict), o.verdict, ...(o.reasons || []), whyUnder(o)].join(' '), under: whyUnder },
    fenColumn('due', 'due', (o) => o.legs[0].billed), fenColumn('paid', 'paid', (o) => o.legs[0].settled),
    fenColumn('diff', 'diff', (o) => o.legs[0].diff, { signed: true, byMagnitude: true }), fenColumn('stake', 'stake', (o) => o.stake),
    { key: 'age', label: t('age'), type: 'count', noTotal: true, value: (o) => o.age },
    { key: 'todo', label: t('toDo'), type: 'text', class: 'wide', value: orderAdvice },
    { key: 'owner', label: t('owner'), type: 'text', class: 'byhand', value: () => '' },
  ];
  const filters = [
    { key: 'verdict', label: t('verdict'), value: (o) => o.verdict, name: (v) => label('verdict', v) },
    { key: 'account', label: t('account'), value: (o) => o.account, name: accountName },
    { key: 'reason', label: t('reason'), value: causeOf, name: causeName },
    { key: 'day', label: t('day'), value: (o) => o.last, matches: (o, day) => o.first <= day && day <= o.last },
    { key: 'age', label: t('ageBand'), value: (o) => String(bandOf(o.age)), name: (v) => bandText(ageBands()[v] || { least: 0, most: 0 }) },
  ];
  const sums = [t('todoSum', { n: count(orders.open.orders), yuan: yuan(orders.open.stake) }), orders.left.orders ? t('todoLeft', { n: count(orders.left.orders), yuan: yuan(orders.left.stake) }) : '',
    orders.resolved.orders ? t('todoResolved', { n: count(orders.resolved.orders), yuan: yuan(orders.resolved.stake) }) : ''];
  return part('todo', h('p', { class: 'about' }, sums.join(' '), ' ', t('todoAbout')),
    dataTable('order-table', columns, orders.list || [], { caption: t('todo'), sort: ['stake', true], filters, search: true, pageSize: 20, totals: true, open: openOrder }),
    orderFooting());
}

/** resolvedTable lists the orders that people have settled by hand, apart from the open ones. */
function resolvedTable() {
  const { resolved, resolved_list: list } = report.orders;
  if (!resolved.orders) return null;
  const text = (key, name, value, more) => ({ key, label: t(name), type: 'text', value, ...more });
  const columns = [
    ...orderColumns(),
    text('verdict', 'verdict', (o) => label('verdict', o.verdict), { class: 'name', cell: (o) => coded('verdict', o.verdict) }),
    fenColumn('due', 'due', (o) => o.legs[0].billed), fenColumn('paid', 'paid', (o) => o.legs[0].settled),
    fenColumn('diff', 'diff', (o) => o.legs[0].diff, { signed: true, byMagnitude: true }), fenColumn('stake', 'stake', (o) => o.stake),
    text('by', 'resolvedBy', (o) => o.noted.by, { class: 'words' }), text('at', 'resolvedAt', (o) => chinaTime(o.noted.at), { class: 'words' }),
    text('reason', 'resolvedWhy', (o) => o.noted.reason, { class: 'wide' }),
  ];
  return part('resolved', h('p', { class: 'about' }, t('resolvedAbout', { n: count(resolved.orders), yuan: yuan(resolved.stake) })),
    dataTable('resolved-table', columns, list, { caption: t('resolved'), sort: ['stake', true], search: true, pageSize: 20, totals: true, open: openOrder }));
}

/** orderFooting shows that the orders add up to the bridge. */
function orderFooting() {
  const { orders } = report;
  const verdicts = report.total.verdicts || [];
  const row = (name, sum, kind) => h('tr', { class: kind }, h('th', { scope: 'row' }, t(name)), h('td', { class: 'count' }, sum.orders === undefined ? '' : count(sum.orders)), h('td', { class: 'fen' }, amount(sum.billed)), h('td', { class: 'fen' }, amount(sum.settled)));
  return h('details', { class: 'footing' }, h('summary', null, t('todoFooting')), h('table', { class: 'statement' },
    h('thead', null, h('tr', null, h('td', null), ['orders', 'due', 'paid'].map((key) => h('th', { scope: 'col', class: 'fen' }, t(key))))),
    h('tbody', null, row('openOrders', orders.open), orders.resolved.orders ? row('resolvedOrders', orders.resolved) : null, row('closedOrders', orders.closed),
      row('total', { billed: sumFen(verdicts.map((v) => v.billed)), settled: sumFen(verdicts.map((v) => v.settled)) }, 'sum'))));
}

/** filterOrders shows the to-do list filtered as given, and nothing else picked. */
function filterOrders(picked) {
  const { view } = document.getElementById('order-table');
  Object.assign(view.state, { text: '', picked, page: 0 });
  const fresh = todoTable();
  document.getElementById('todo').replaceWith(fresh);
  numberSections(document.querySelector('main'));
  fresh.scrollIntoView();
  const first = fresh.querySelector('button.open') || fresh.querySelector('select');
  if (first) first.focus({ preventScroll: true });
}

function ageTable() {
  const bands = ageBands();
  const ages = report.ages || [];
  const settled = (verdict) => verdict === 'mismatched' || verdict === 'settlement_only';
  const verdicts = [...new Set(ages.map((age) => age.verdict))].sort((a, b) => settled(a) - settled(b));
  const unsettled = ages.filter((age) => !settled(age.verdict));
  const find = (verdict, band) => ages.find((age) => age.verdict === verdict && age.band.least === band.least);
  const cell = (verdict, band) => {
    const age = find(verdict, band);
    if (!age || !age.orders) return h('td', { class: 'fen soft' }, '·');
    const pick = () => filterOrders({ verdict, age: String(bands.indexOf(band)) });
    return h('td', { class: 'fen' }, h('button', { type: 'button', class: 'open', onclick: pick }, yuan(age.stake)), h('div', { class: 'soft small' }, count(age.orders)));
  };
  const sum = (list) => h('td', { class: 'fen' }, amount(sumFen(list.map((age) => age.stake)) || '0'), h('div', { class: 'soft small' }, count(list.reduce((n, age) => n + age.orders, 0))));
  const row = (verdict) => h('tr', null, h('th', { scope: 'row' }, coded('verdict', verdict)), bands.map((band) => cell(verdict, band)), sum(ages.filter((age) => age.verdict === verdict)));
  const sumRow = (name, list) => h('tr', { class: 'sum' }, h('th', { scope: 'row' }, t(name)), bands.map((band) => sum(list.filter((age) => age.band.least === band.least))), sum(list));
  return part('ages', h('p', { class: 'about' }, t('agesAbout'), ' ', t('agesBases')), h('div', { class: 'table' }, h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': t('ages') },
    h('table', { class: 'data plain' }, h('caption', { class: 'unseen' }, t('ages')),
      h('thead', null, h('tr', null, h('th', { scope: 'col' }, t('verdict')), bands.map((band) => h('th', { scope: 'col', class: 'fen' }, bandText(band))), h('th', { scope: 'col', class: 'fen' }, t('total')))),
      h('tbody', null, verdicts.filter((v) => !settled(v)).map(row), sumRow('unsettledSum', unsettled), verdicts.filter(settled).map(row)),
      h('tfoot', null, sumRow('openSum', ages))))), ageBridge(sumFen(unsettled.map((age) => age.stake)) || '0'));
}

/** ageBridge leads from what the bridge has as not settled to the sum of the ages. */
function ageBridge(byOrder) {
  const byGroup = negate(term(report.total, 'bill_only', 'rule_never_answered', 'pending', 'failed', 'no_key', 'not_configured').fen);
  return [h('h3', null, t('ageBridge')), h('table', { class: 'statement', id: 'age-bridge' }, h('tbody', null,
    line(t('ageByGroup'), byGroup, 'start'), line(t('ageOffset'), sumFen([byOrder, negate(byGroup)])), line(t('ageByOrder'), byOrder, 'sum')))];
}

/** causeOf is why an order is open, in one code: the cause of its difference, else its first reason. */
function causeOf(order) {
  const [first] = reasonsOf(order);
  return order.cause ? 'cause:' + order.cause : first ? 'reason:' + first.split(':')[0] : '';
}

function causeName(code) {
  return code ? label(...code.split(':')) : '—';
}

/** causeTable adds the differing orders up by cause. */
function causeTable(orders) {
  const causes = new Map();
  for (const order of orders) {
    const code = causeOf(order);
    if (!causes.has(code)) causes.set(code, []);
    causes.get(code).push(order);
  }
  const list = [...causes].map(([code, of]) => {
    const diffs = of.map((order) => order.legs[0].diff);
    const known = diffs.filter((fen) => fen !== null);
    return { code, n: of.length, net: sumFen(diffs), over: sumFen(known.filter((fen) => BigInt(fen) > 0n)) || '0', short: sumFen(known.filter((fen) => BigInt(fen) < 0n)) || '0' };
  });
  const columns = [
    { key: 'cause', label: t('cause'), type: 'text', value: (c) => causeName(c.code), cell: (c) => (c.code ? coded(...c.code.split(':')) : '—') },
    { key: 'n', label: t('orders'), type: 'count', value: (c) => c.n },
    fenColumn('over', 'over', (c) => c.over, { signed: true }), fenColumn('short', 'short', (c) => c.short, { byMagnitude: true }), fenColumn('net', 'netDiff', (c) => c.net, { signed: true, byMagnitude: true }),
  ];
  return dataTable('cause-table', columns, list,
    { caption: t('byCause'), sort: ['n', true], totals: true, open: (c) => filterOrders({ verdict: 'mismatched', reason: c.code }) });
}

/** differenceBridge leads from the difference by group to that by order. */
function differenceBridge(orders) {
  const byGroup = verdictSum(report.total, 'mismatched').diff;
  const byOrder = sumFen(orders.map((order) => order.legs[0].diff)) || '0';
  const stake = sumFen((report.ages || []).filter((age) => age.verdict === 'mismatched').map((age) => age.stake)) || '0';
  return [h('h3', null, t('diffBridge')), h('table', { class: 'statement', id: 'difference-bridge' }, h('tbody', null,
    line(t('diffByGroup'), byGroup, 'start'), line(t('diffOffset'), sumFen([byOrder, negate(byGroup)])), line(t('diffByOrder'), byOrder, 'sum'), line(t('diffStake'), stake)))];
}

function largestTable() {
  const differing = (report.orders.list || []).filter((order) => order.verdict === 'mismatched');
  const columns = [
    ...orderColumns(),
    ...legNames.map((name, i) => fenColumn('leg' + i, name, (o) => o.legs[i].diff, { signed: true, byMagnitude: true })),
    fenColumn('due', 'due', (o) => o.legs[0].billed),
    { key: 'cause', label: t('cause'), type: 'text', value: whyText },
  ];
  return part('largest', h('p', { class: 'about' }, t('largestAbout')), differenceBridge(differing), h('h3', null, t('byCause')), causeTable(differing), h('h3', null, t('byOrder')),
    dataTable('difference-table', columns, differing, { caption: t('largest'), sort: ['leg0', true], pageSize: 10, totals: true, open: openOrder }));
}

/** refundTable lists the orders that were refunded after they had been shared out, and adds them up by store. */
function refundTable() {
  const { refunds } = report;
  if (!refunds || !refunds.bills) return part('refunds', h('p', { class: 'good' }, t('refundsNone')));
  const open = (r) => openOrder([...report.orders.list, ...report.orders.resolved_list].find((o) => o.key === r.key) || {
    ...r, order: r.key, item: '', verdict: '', reasons: [], age: 0, drill: r.drill, legs: legNames.map((_, i) => ({ billed: null, settled: i ? null : r.settled, diff: null })),
  });
  const bills = { key: 'bills', label: t('refundBills'), type: 'count', value: (r) => r.bills };
  const account = { key: 'account', label: t('account'), type: 'text', class: 'name', value: (r) => accountName(r.account), search: (r) => accountName(r.account) + ' ' + r.account };
  const refund = fenColumn('refund', 'refundYuan', (r) => r.refund, { byMagnitude: true });
  const byOrder = [
    { key: 'order', label: t('order'), type: 'text', value: orderName, search: (r) => r.key + ' ' + r.store, cell: (r) => h('span', { class: 'id' }, orderName(r)), under: (r) => storeName(r.store) || null },
    account, bills, refund, fenColumn('paid', 'paid', (r) => r.settled),
    { key: 'settled_at', label: t('settledAt'), type: 'text', class: 'words', value: (r) => (r.settled_at ? chinaTime(r.settled_at) : '') },
    { key: 'days', label: t('refundDays'), type: 'text', class: 'words', value: (r) => (r.first === r.last ? r.first : t('to', { from: r.first, to: r.last })) },
  ];
  const byStore = [{ key: 'store', label: t('store'), type: 'text', value: (s) => storeName(s.store) || t('wholeAccount') }, account, bills, refund];
  const about = [t('refundsAbout', { n: count(refunds.bills), orders: count(refunds.orders), yuan: yuan(refunds.refund), since: refunds.since }),
    refunds.unknown ? t('refundsUnknown', { n: count(refunds.unknown) }) : '', refunds.list.length < refunds.orders ? t('doubtsLeft', { n: count(refunds.list.length) }) : ''];
  return part('refunds', h('p', { class: 'about' }, about.filter(Boolean).join(' ')),
    dataTable('refund-table', byOrder, refunds.list, { caption: t('refunds'), sort: ['refund', true], search: true, pageSize: 10, totals: true, open }),
    h('h3', null, t('byStore')), dataTable('refund-store-table', byStore, refunds.stores, { caption: t('byStore'), sort: ['refund', true], pageSize: 10, totals: true }));
}
