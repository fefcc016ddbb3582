'use strict';
// What waits to be withdrawn (余额调节表), and the withdrawals with their bills.

/** payeeName is what people call an account that is paid. */
function payeeName(id) {
  const payee = report.withdrawals.accounts.find((account) => account.account === id);
  return (payee && payee.name) || accountName(id);
}

const payeeColumn = () => ({
  key: 'payee', label: t('payee'), type: 'text', class: 'name', value: (r) => payeeName(r.account), search: (r) => payeeName(r.account) + ' ' + r.account,
  cell: (r) => h('span', null, payeeName(r.account), payeeName(r.account) === r.account ? null : h('div', { class: 'id soft' }, r.account)),
});

/** balanceColumns are the columns of a roll-forward; over several days only what moved adds up. */
const balanceColumns = (overDays) => [
  fenColumn('opening', 'opening', (r) => r.opening, { noTotal: overDays }), fenColumn('in', 'moneyIn', (r) => r.in), fenColumn('out', 'moneyOut', (r) => r.out),
  fenColumn('withdrawn', 'withdrawn', (r) => r.withdrawn), fenColumn('closing', 'closingWaits', (r) => r.closing, { noTotal: overDays }),
];

/** balanceStatement is the roll-forward of all accounts, and its check against the bills that wait. */
function balanceStatement() {
  const { total } = report.withdrawals;
  const waiting = sumFen(total.waiting.map((band) => band.fen));
  const remainder = sumFen([total.closing, total.unexplained_since, negate(waiting)]);
  const foots = BigInt(remainder) === 0n;
  return h('table', { class: 'statement', id: 'balance-statement' }, h('tbody', null,
    line(t('opening'), total.opening, 'start'), line(t('plus', { what: t('moneyIn') }), total.in), line(t('less', { what: t('moneyOut') }), negate(total.out)),
    line(t('less', { what: t('withdrawn') }), negate(total.withdrawn)), line(t('closingWaits'), total.closing, 'sum'),
    line(t('plus', { what: t('unexplainedSince', { day: report.withdrawals.since }) }), total.unexplained_since),
    line(t('waitingBills'), waiting, 'sum', total.waiting.reduce((n, band) => n + band.bills, 0), 'billRows'),
    h('tr', { class: 'check ' + (foots ? 'good' : 'bad') }, h('th', { scope: 'row' }, t('check'), ' · ', t(foots ? 'foots' : 'doesNotFoot')), h('td', null), h('td', { class: 'fen' }, amount(remainder)))));
}

function balanceTable() {
  const followed = report.withdrawals;
  if (!followed) return null;
  const bands = ['waiting01', 'waiting27', 'waiting830', 'waiting31'].map((key, i) => fenColumn(key, key, (r) => r.waiting[i].fen));
  const accounts = dataTable('balance-table', [payeeColumn(), ...balanceColumns(false), ...bands, fenColumn('unexplained', 'unexplained', (r) => r.unexplained, { signed: true })],
    followed.accounts, { caption: t('balance'), sort: ['closing', true], search: followed.accounts.length > 10, pageSize: 20, totals: true });
  const periods = followed.periods.length ? dataTable('period-table', [{ key: 'period', label: t(followed.by_month ? 'month' : 'day'), type: 'text', class: 'words', value: (r) => r.period }, payeeColumn(), ...balanceColumns(true),
    { key: 'waits', label: t('billsWaiting'), type: 'count', value: (r) => r.bills_waiting }, { key: 'paid', label: t('billsWithdrawn'), type: 'count', value: (r) => r.bills_withdrawn },
    { key: 'unknown', label: t('billsUnknown'), type: 'count', value: (r) => r.bills_unknown }], followed.periods,
  { caption: t('balancePeriods'), sort: null, filters: [{ key: 'payee', label: t('payee'), value: (r) => r.account, name: payeeName }], search: true, pageSize: 20, totals: true }) : h('p', { class: 'note' }, t('periodsMany'));
  return part('balance', h('p', { class: 'about' }, t('balanceAbout', { day: followed.since, to: report.to })), balanceStatement(), h('h3', null, t('balanceAccounts')), accounts, h('h3', null, t('balancePeriods')), periods);
}

/** withdrawnBills lists the first bills of a withdrawal. */
function withdrawnBills(w) {
  if (w.bill_rows === null) return t('noList');
  const list = w.list || [];
  if (!list.length) return t('billRows', { n: count(w.bill_rows) });
  const row = (b) => h('li', null, h('span', { class: 'id' }, b.ledger_id), ' ', b.billed_on || h('span', { class: 'tag warn' }, t('notInBills')), ' ', yuan(b.amount));
  return h('details', null, h('summary', null, t('billRows', { n: count(w.bill_rows) })), h('ul', { class: 'small' }, list.map(row)),
    list.length < w.bill_rows ? h('p', { class: 'note' }, t('billsLeft', { n: count(w.bill_rows - list.length), id: w.id })) : null);
}

function withdrawalTable() {
  const followed = report.withdrawals;
  if (!followed) return null;
  const kind = { tied: 'good', mismatched: 'bad', failed: 'bad' };
  const todo = (w) => (w.verdict === 'tied' ? '' : advice('withdraw', w.verdict));
  const columns = [
    { key: 'id', label: t('withdrawID'), type: 'text', value: (w) => w.id, cell: (w) => h('span', { class: 'id' }, w.id), under: (w) => (w.logid ? 'logid ' + w.logid : '') },
    { key: 'day', label: t('launched'), type: 'text', class: 'words', value: (w) => w.launched || w.day, cell: (w) => (w.launched ? chinaTime(w.launched) : w.day), under: (w) => (w.paid ? t('paidAt', { at: chinaTime(w.paid) }) : '') },
    payeeColumn(),
    { key: 'verdict', label: t('withdrawVerdict'), type: 'text', value: (w) => label('withdraw', w.verdict), cell: (w) => h('span', { class: 'tag ' + (kind[w.verdict] || 'warn') }, coded('withdraw', w.verdict)), under: (w) => w.message || '' },
    fenColumn('amount', 'withdrawAmount', (w) => w.amount), fenColumn('bills', 'billsSum', (w) => w.bills), fenColumn('diff', 'withdrawDiff', (w) => w.diff, { signed: true, byMagnitude: true }),
    { key: 'list', label: t('withdrawnBills'), type: 'text', class: 'examples', value: (w) => (w.list || []).map((b) => b.ledger_id).join(' '), cell: withdrawnBills },
    { key: 'todo', label: t('toDo'), type: 'text', class: 'wide', value: todo },
  ];
  const filters = [
    { key: 'verdict', label: t('withdrawVerdict'), value: (w) => w.verdict, name: (v) => label('withdraw', v) },
    { key: 'payee', label: t('payee'), value: (w) => w.account, name: payeeName },
  ];
  const sums = h('table', { class: 'statement', id: 'withdrawal-sums' }, h('tbody', null, followed.verdicts.map((v) => h('tr', null, h('th', { scope: 'row' }, coded('withdraw', v.verdict)),
    h('td', { class: 'count' }, t('withdrawalCount', { n: count(v.count) })), h('td', { class: 'fen' }, amount(v.amount))))));
  return part('withdrawn', followed.verdicts.length ? sums : h('p', { class: 'note' }, t('withdrawnNone')), followed.left ? h('p', { class: 'note' }, t('withdrawalsLeft', { n: count(followed.left), listed: count(followed.list.length) })) : null,
    followed.list.length ? dataTable('withdrawal-table', columns, followed.list, { caption: t('withdrawn'), sort: null, filters, search: true, pageSize: 10, totals: !followed.left, rowClass: (w) => (kind[w.verdict] === 'bad' ? 'trouble' : '') }) : null);
}
