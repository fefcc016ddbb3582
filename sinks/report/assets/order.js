'use strict';
// One order: its bills and settlements side by side, the ticket text, and the SQL that shows the same.

function openOrder(order) {
  const dialog = document.getElementById('order');
  dialog.replaceChildren(h('header', null,
    h('h2', { id: 'order-title' }, t('order'), ' ', h('span', { class: 'id' }, orderName(order))),
    copyButton(t('copyTicket'), () => ticketText(order)),
    h('button', { type: 'button', class: 'primary', onclick: () => dialog.close() }, t('close'))),
  h('div', { class: 'inside' }, orderFacts(order), legTable(order), records(order),
    h('h3', null, t('sql')), h('pre', { id: 'order-sql' }, orderSQL(order)), copyButton(t('copySQL'), () => orderSQL(order))));
  dialog.showModal();
  dialog.scrollTop = 0;
}

function facts(pairs) {
  return h('dl', { class: 'facts' }, pairs.filter(([, value]) => value !== '' && value !== null && value !== undefined)
    .map(([name, value]) => [h('dt', null, name), h('dd', null, value)]));
}

function orderPairs(order) {
  const name = accountNames.get(order.account);
  return [
    [t('account'), [order.account ? (name ? name + ' ' + order.account : order.account) : t('noAccount'), order.accounts > 1 ? ' ' + t('severalAccounts', { n: order.accounts }) : ''].join('')],
    [t('store'), order.store ? [storeNames.get(order.store), order.store].filter(Boolean).join(' ') : ''],
    [t('itemOrder'), order.item],
    [t('period'), (order.first === order.last ? order.first : t('to', { from: order.first, to: order.last })) + t('comma') + t('ageShort') + ' ' + t('days', { n: order.age })],
    [t('verdict'), codedText('verdict', order.verdict)],
    [t('cause'), order.cause ? codedText('cause', order.cause) : ''],
    [t('reason'), reasonsOf(order).map((reason) => codedText('reason', reason)).join(t('semicolon'))],
    [t('noted'), notedText(order)],
    [t('toDo'), orderAdvice(order)],
  ];
}

function orderFacts(order) {
  return facts(orderPairs(order));
}

function legTable(order) {
  return [h('h3', null, t('legs')), h('div', { class: 'scroll' }, h('table', { class: 'data legs' },
    h('thead', null, h('tr', null, h('th', { scope: 'col' }, t('leg')), ['billSide', 'settleSide', 'diff'].map((key) => h('th', { scope: 'col', class: 'fen' }, t(key))))),
    h('tbody', null, legNames.map((name, i) => h('tr', null, h('th', { scope: 'row' }, i === 3 ? t('legNetBill') + ' / ' + t(name) : t(name)),
      h('td', { class: 'fen' }, amount(order.legs[i].billed)), h('td', { class: 'fen' }, amount(order.legs[i].settled)), h('td', { class: 'fen' }, amount(order.legs[i].diff, true)))))))];
}

function records(order) {
  const { drill } = order;
  if (!drill) return h('p', { class: 'note' }, t('noDrill'));
  const bills = drill.bills || [];
  const settlements = drill.settlements || [];
  const more = (n) => (n ? h('p', { class: 'note' }, t('moreRecords', { n })) : null);
  return h('div', { class: 'columns' },
    h('div', null, h('h3', null, t('theBills', { n: bills.length })), bills.length ? bills.map(billCard) : h('p', { class: 'soft' }, t('noBills')), more(drill.bills_left)),
    h('div', null, h('h3', null, t('theSettlements', { n: settlements.length })), settlements.length ? settlements.map(settlementCard) : h('p', { class: 'soft' }, t('noSettlements')), more(drill.settlements_left)));
}

const legPairs = (legs, net) => legNames.map((name, i) => [t(i === 3 ? net : name), amount(legs[i])]);

function billCard(bill) {
  return h('div', { class: 'record' }, h('strong', null, bill.day), ' ', h('span', { class: 'id' }, bill.ledger_id), bill.counted ? null : h('span', { class: 'tag warn' }, t('uncountedBill')),
    facts([...legPairs(bill.legs, 'legNetBill'), [t('settleType'), label('settle_type', String(bill.settle_type))], [t('account'), accountName(bill.account)], [t('store'), storeName(bill.store)], [t('itemOrder'), bill.item], [t('product'), bill.product],
      [t('settleTime'), bill.time ? chinaTime(bill.time) : ''], [t('fetched'), chinaTime(bill.fetched_at)], [t('logid'), bill.logid], [t('archive'), bill.source]]));
}

function settlementCard(s) {
  return h('div', { class: 'record' }, h('strong', null, s.day), ' ', h('span', { class: 'id' }, s.settle_id), ' ', h('span', { class: 'tag ' + (s.status === 'SUCCESS' ? 'good' : s.status === 'FAIL' ? 'bad' : 'warn') }, label('status', s.status)),
    facts([...legPairs(s.legs, 'legNet'), [t('message'), s.message], [t('outSettleNo'), s.out_settle_no], [t('itemOrder'), s.item],
      [t('settleTime'), s.time ? chinaTime(s.time) : ''], [t('fetched'), chinaTime(s.fetched_at)], [t('source'), label('source', s.source)], [t('askedBy'), s.asked_by], [t('logid'), s.logid]]));
}

/** ticketText is what goes into a ticket to the platform or to a colleague. */
function ticketText(order) {
  const colon = language.code === 'en' ? ': ' : '：';
  const pair = ([name, value]) => name + colon + value;
  const drill = order.drill || {};
  const legs = legNames.map((name, i) => t(name) + colon + [t('billSide') + ' ' + yuan(order.legs[i].billed), t('settleSide') + ' ' + yuan(order.legs[i].settled), t('diff') + ' ' + signedYuan(order.legs[i].diff)].join(t('comma')));
  const bills = (drill.bills || []).map((b) => t('billSide') + ' ' + [b.ledger_id, b.day, yuan(b.legs[0]), b.logid && 'logid ' + b.logid].filter(Boolean).join(t('comma')));
  const settlements = (drill.settlements || []).map((s) => t('settleSide') + ' ' + [s.settle_id, label('status', s.status), yuan(s.legs[0]), s.time && chinaTime(s.time), s.message, s.logid && 'logid ' + s.logid].filter(Boolean).join(t('comma')));
  return [t('ticketTitle'), pair([t('order'), orderName(order)]), ...orderPairs(order).filter(([, value]) => value).map(pair), ...legs, ...bills, ...settlements,
    t('asOf') + ' ' + chinaTime(report.as_of.published_at) + t('comma') + t('batch') + ' g' + report.as_of.generation].join('\n');
}

const sqlText = (text) => "'" + String(text).replaceAll("'", "''") + "'";

/** orderSQL selects the order's groups, bills and settlements from the lake. */
function orderSQL(order) {
  const lake = report.lake.replace(/^file:(\/\/)?/, '').replace(/\/$/, '');
  const from = (table) => `read_parquet(${sqlText(lake + '/' + table + '/*/*.parquet')}, hive_partitioning = true, union_by_name = true)`;
  const key = sqlText(order.key);
  const byKey = order.key.startsWith('ext:') ? `order_ext_id = ${sqlText(order.key.slice(4))}`
    : order.key.startsWith('bill:') ? `ledger_id = ${sqlText(order.key.slice(5))}` : `shop_order_id = ${key}`;
  const ids = [...new Set((order.drill && order.drill.settlements || []).map((s) => s.settle_id))];
  const groups = `group_key = ${key} OR starts_with(group_key, ${key} || '/') OR starts_with(group_key, ${key} || '#')`;
  return [
    `SELECT * FROM ${from('reconciliation')}\nWHERE ${groups};`,
    order.key.startsWith('settlement:') ? '' : `SELECT * FROM ${from('bills')}\nWHERE ${byKey};`,
    `SELECT * FROM ${from('settlements')}\nWHERE ${ids.length ? `settle_id IN (${ids.map(sqlText).join(', ')})` : groups};`,
  ].filter(Boolean).join('\n\n');
}
