'use strict';
// The money's way, and how it stands by account, day and store.

function waterfall() {
  const steps = report.waterfall || [];
  const shown = steps.filter((step) => step.subtotal || BigInt(step.fen) !== 0n);
  const bars = shown.map((step, i) => ({ label: label('step', step.code), fen: step.fen, total: step.subtotal || i === 0 }));
  const chart = h('div', { class: 'chart', role: 'img', 'aria-label': t('waterfall') });
  chart.draw = () => bars.length && waterfallChart(chart, bars);
  const table = h('table', { class: 'statement' }, h('tbody', null, shown.map((step) =>
    h('tr', { class: step.subtotal ? 'sum' : null }, h('th', { scope: 'row' }, label('step', step.code)), h('td', { class: 'count' }, step.subtotal ? '' : t('billRows', { n: count(step.bills) })), h('td', { class: 'fen' }, amount(step.fen))))));
  return part('waterfall', chart, h('details', null, h('summary', null, t('waterfallSum')), table));
}

/** unitState is a unit's state; a complete one without a bill is told from one that has some. */
function unitState(unit) {
  return unit.state === 'complete' && unit.account && !unit.sums.bills ? 'empty' : unit.state;
}

function accountState(account) {
  const days = Object.entries(account.days || {});
  const odd = days.filter(([state, n]) => n && state !== 'complete');
  const empty = (report.units || []).filter((unit) => unit.account === account.id && unitState(unit) === 'empty').length;
  const without = empty ? t('comma') + t('emptyDays', { n: empty }) : '';
  if (!odd.length) return days.length ? stateText('complete') + without : '—';
  return odd.map(([state, n]) => stateText(state) + ' ' + t('days', { n })).join(t('comma'));
}

const fenColumn = (key, name, value, more) => ({ key, label: t(name), type: 'fen', value, ...more });

/** figureColumns are the columns that accounts and units share; what is not there has no figures. */
function figureColumns(there) {
  const known = (value) => (row) => (there(row) ? value(row) : null);
  return [
    fenColumn('forward', 'forward', known((r) => r.sums.forward)),
    fenColumn('refund', 'refundShort', known((r) => r.sums.refund)),
    fenColumn('other', 'otherShort', known((r) => r.sums.other)),
    fenColumn('matched', 'matched', known((r) => verdictSum(r, 'matched').billed)),
    fenColumn('diff', 'differenceNet', known((r) => term(r, 'mismatched').fen), { signed: true, byMagnitude: true }),
    fenColumn('unsettled', 'unsettled', known((r) => negate(term(r, 'bill_only', 'rule_never_answered', 'pending', 'no_key', 'not_configured').fen))),
    fenColumn('failed', 'failedCol', known((r) => negate(term(r, 'failed').fen))),
    fenColumn('crossDay', 'crossDay', known((r) => term(r, 'matched').fen), { signed: true }),
    fenColumn('settlementOnly', 'settlementOnly', known((r) => term(r, 'settlement_only').fen)),
    fenColumn('settled', 'settledCol', known((r) => r.bridge.settled)),
    fenColumn('merchant', 'merchant', known((r) => r.sums.merchant)),
  ];
}

/** mayBeZero are the figures whose column is left out where no account has any, so that the rest fits a screen. */
const mayBeZero = ['other', 'failed', 'crossDay', 'settlementOnly'];

function accountTable() {
  const odd = (account) => Object.entries(account.days || {}).some(([state, n]) => n && state !== 'complete');
  const there = (account) => !Object.keys(account.days || {}).length || Object.entries(account.days).some(([state, n]) => n && whole({ state }));
  const name = (account) => h('span', null, accountName(account.id), account.id && account.name ? h('div', { class: 'id soft' }, account.id) : null);
  const columns = [
    { key: 'account', label: t('account'), type: 'text', value: (a) => accountName(a.id), search: (a) => accountName(a.id) + ' ' + a.id, cell: name },
    { key: 'state', label: t('state'), type: 'text', class: 'name', value: accountState },
    ...figureColumns(there).filter((column) => !mayBeZero.includes(column.key) || (report.accounts || []).some((account) => column.value(account) && BigInt(column.value(account)))),
  ];
  const others = (report.others || []).map((other) => (other.name ? other.name + ' ' : '') + other.id).join(t('comma'));
  return part('accounts', h('p', { class: 'about' }, t('accountsAbout')), others ? h('p', { class: 'note' }, t('others', { names: others })) : null, dataTable('account-table', columns, report.accounts || [],
    { caption: t('accounts'), sort: null, search: (report.accounts || []).length > 10, pageSize: 20, totals: true, rowClass: (a) => (odd(a) ? 'trouble' : '') }));
}

/** latestFirst orders units by day, and on a day those that are not complete first. */
function latestFirst(units) {
  const odd = (unit) => Number(unit.state !== 'complete');
  return [...units].sort((a, b) => (a.day < b.day) - (a.day > b.day) || odd(b) - odd(a));
}

/** daySums adds the units up by day, the last day first; a day of which nothing arrived has no figures. */
function daySums(units) {
  const days = [...new Set(units.map((unit) => unit.day))].sort().reverse()
    .map((day) => ({ day, units: units.filter((unit) => unit.day === day) }));
  const ofAccounts = (d) => d.units.filter((unit) => unit.account);
  const here = (d) => ofAccounts(d).filter(whole).length;
  const columns = [
    { key: 'day', label: t('day'), type: 'text', class: 'words', value: (d) => d.day },
    { key: 'here', label: t('here'), type: 'text', class: 'words', value: here, cell: (d) => t('ofExpected', { here: here(d), all: ofAccounts(d).length }) },
    ...figureColumns(whole).filter((c) => !mayBeZero.includes(c.key) || units.some((u) => c.value(u) && BigInt(c.value(u))))
      .map((c) => ({ ...c, value: (d) => sumFen(d.units.map(c.value)) })),
  ];
  return dataTable('day-table', columns, days,
    { caption: t('daySums'), sort: null, pageSize: 10, totals: true, rowClass: (d) => (here(d) < ofAccounts(d).length ? 'trouble' : '') });
}

function unitTable() {
  const units = report.units || [];
  const hint = (unit) => say(unit.hint) || (unit.state === 'unavailable' ? t('hintUnavailable') : unit.state === 'missing' ? t('hintMissing') : '');
  const why = (unit) => [unitWhy(unit) && unitWhy(unit) + (unit.code ? t('code', unit) : ''), hint(unit), unit.logid && 'logid ' + unit.logid].filter(Boolean).join(t('semicolon'));
  const columns = [
    { key: 'day', label: t('day'), type: 'text', class: 'words', value: (u) => u.day },
    { key: 'account', label: t('account'), type: 'text', class: 'name', value: (u) => accountName(u.account), search: (u) => accountName(u.account) + ' ' + u.account },
    { key: 'state', label: t('stateReason'), type: 'text', class: 'wide', value: (u) => stateText(unitState(u)), search: (u) => stateText(unitState(u)) + ' ' + why(u), under: why },
    ...figureColumns(whole).filter((c) => !['other', 'matched', 'crossDay', 'settlementOnly'].includes(c.key)),
  ];
  const filters = [
    { key: 'state', label: t('state'), value: unitState, name: stateText },
    { key: 'account', label: t('account'), value: (u) => u.account, name: accountName },
    { key: 'day', label: t('day'), value: (u) => u.day },
  ];
  return part('byDay', h('h3', null, t('daySums')), daySums(units), h('h3', null, t('dayUnits')), dataTable('unit-table', columns, latestFirst(units),
    { caption: t('byDay'), sort: null, filters, search: true, pageSize: 20, totals: true, rowClass: (u) => (u.state === 'complete' ? '' : 'trouble') }));
}

function heatMap() {
  const units = report.units || [];
  const days = [...new Set(units.map((unit) => unit.day))].sort();
  const ids = (report.accounts || []).map((account) => account.id).filter((id) => units.some((unit) => unit.account === id));
  const cells = units.map((unit) => {
    const sums = verdictSum(unit, 'mismatched');
    const gross = sumFen([sums.over, negate(sums.short)]);
    const there = whole(unit);
    return {
      x: days.indexOf(unit.day), y: ids.indexOf(unit.account), fen: gross, account: unit.account, day: unit.day,
      state: there ? 'whole' : unit.state === 'unavailable' ? 'unavailable' : 'failed',
      lines: there ? [unit.day + ' ' + accountName(unit.account), t('over') + ' ' + yuan(sums.over), t('short') + ' ' + yuan(sums.short), t('groups', { n: count(sums.groups) })]
        : [unit.day + ' ' + accountName(unit.account), stateText(unit.state), unitWhy(unit)],
    };
  });
  const chart = h('div', { class: 'chart', role: 'img', 'aria-label': t('heatAria') });
  chart.draw = () => units.length && heatChart(chart, days, ids.map(accountName), cells, (cell) => filterOrders({ account: cell.account, day: cell.day }));
  const swatch = (colour, key) => { const i = h('i'); i.style.background = colour; return h('span', null, i, t(key)); };
  return part('heat', h('p', { class: 'about' }, t('heatAbout')), chart, h('div', { class: 'legend' },
    swatch('#eef2f6', 'heatNone'), swatch('#f6d9a8', 'heatLess'), swatch('#a0252b', 'heatMore'), swatch('#3a3f47', 'heatAbsent'), swatch('#c9c4b7', 'heatUnavailable')));
}

/** percent writes basis points as "2.50%". */
function percent(points) {
  if (points === null || points === undefined) return '—';
  return yuan(points) + '%';
}

/** lacking says how many bills are in no rate, as they do not state an amount. */
function lacking(store) {
  return [['total', 'dueSum'], ['fee', 'feeYuan'], ['commissions', 'legCommission']].filter(([key]) => store.lacking[key])
    .map(([key, name]) => t('lacks', { what: t(name), n: count(store.lacking[key]) })).join(t('semicolon'));
}

function storeTable() {
  const mark = (s) => (s.outlying ? 'outlier' : s.rate === null ? 'unrated' : 'usual');
  const text = (key, name, value, more) => ({ key, label: t(name), type: 'text', value, ...more });
  const rate = (key, name) => ({ key, label: t(name), type: 'fen', noTotal: true, value: (s) => s[key], cell: (s) => percent(s[key]) });
  const partRate = (name, of) => ({ key: name, label: t(name), type: 'fen', noTotal: true, value: (s) => of(s).rate, cell: (s) => percent(of(s).rate) });
  const columns = [
    text('store', 'store', (s) => s.name || s.id || t('wholeAccount'), { search: (s) => [s.name, s.id].join(' '), cell: (s) => h('span', null, s.name || s.id || t('wholeAccount'), s.name ? h('div', { class: 'id soft' }, s.id) : null) }),
    text('account', 'account', (s) => accountName(s.account), { search: (s) => accountName(s.account) + ' ' + s.account }),
    { key: 'bills', label: t('rows'), type: 'count', value: (s) => s.bills },
    fenColumn('total', 'dueSum', (s) => s.total), fenColumn('fee', 'feeYuan', (s) => s.fee),
    rate('rate', 'rate'), rate('median', 'median'),
    text('mark', 'mark', (s) => t(mark(s)), { cell: (s) => h('span', { class: s.outlying ? 'tag bad' : 'soft' }, t(mark(s))) }),
    fenColumn('commission', 'legCommission', (s) => s.commissions.part), partRate('commissionRate', (s) => s.commissions), partRate('totalRate', (s) => s.taken),
    text('lacking', 'unknownBills', lacking, { class: 'name' }),
  ];
  const filters = [
    { key: 'mark', label: t('mark'), value: mark, name: t },
    { key: 'account', label: t('account'), value: (s) => s.account, name: accountName },
  ];
  const stores = [...(report.stores || [])].sort((a, b) => Number(b.outlying) - Number(a.outlying));
  const all = report.all_stores;
  return part('stores', h('p', null, h('strong', null, t('allStores', { fee: percent(all.rate), commission: percent(all.commissions.rate), total: percent(all.taken.rate) }))), h('p', { class: 'about' }, t('storesAbout')),
    dataTable('store-table', columns, stores, { caption: t('stores'), sort: null, filters, search: true, pageSize: 20, totals: true, rowClass: (s) => (s.outlying ? 'trouble' : '') }));
}
