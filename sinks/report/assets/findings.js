'use strict';
// What is wrong with records themselves, what changed later, and who signs.

/** doubtTable lists the matched groups that have an exception, and shows that they are a part of all matched. */
function doubtTable() {
  const { doubtful } = report.total;
  if (!doubtful.groups) return null;
  const list = report.doubts || [];
  const matched = verdictSum(report.total, 'matched').billed;
  const rules = (d) => d.rules.map((rule) => label('rule', rule)).join(t('semicolon'));
  const columns = [
    { key: 'group', label: t('groupKey'), type: 'text', value: (d) => d.key, cell: (d) => h('span', { class: 'id' }, d.key) },
    { key: 'day', label: t('day'), type: 'text', class: 'words', value: (d) => d.day },
    { key: 'account', label: t('account'), type: 'text', class: 'name', value: (d) => accountName(d.account), search: (d) => accountName(d.account) + ' ' + d.account },
    fenColumn('due', 'due', (d) => d.billed), fenColumn('paid', 'paid', (d) => d.settled),
    { key: 'rules', label: t('rule'), type: 'text', class: 'wide', value: rules, search: (d) => rules(d) + ' ' + d.rules.join(' ') },
  ];
  const filters = [
    { key: 'rule', label: t('rule'), value: (d) => d.rules[0], name: (rule) => label('rule', rule) },
    { key: 'account', label: t('account'), value: (d) => d.account, name: accountName },
  ];
  const about = t('doubtsAbout', { matched: yuan(matched), certain: yuan(sumFen([matched, negate(doubtful.billed)])), doubtful: yuan(doubtful.billed), n: count(doubtful.groups) });
  return part('doubts', h('p', { class: 'about' }, about, list.length < doubtful.groups ? ' ' + t('doubtsLeft', { n: count(list.length) }) : null),
    dataTable('doubt-table', columns, list, { caption: t('doubts'), sort: ['due', true], filters, search: true, pageSize: 10, totals: true }));
}

function exceptionTable() {
  const example = (x) => h('li', null, [x.day, x.account && accountName(x.account), x.order, x.ledger_id, x.settle_id].filter(Boolean).join(' · '), ' ', say(x.detail),
    x.expected || x.actual ? h('span', { class: 'soft' }, ' (' + t('should') + ' ' + yuan(x.expected) + t('comma') + t('is') + ' ' + yuan(x.actual) + ')') : null);
  const columns = [
    { key: 'rule', label: t('rule'), type: 'text', value: (r) => label('rule', r.rule), search: (r) => label('rule', r.rule) + ' ' + r.rule, cell: (r) => [label('rule', r.rule), h('div', { class: 'id soft' }, r.rule)] },
    { key: 'severity', label: t('severity'), type: 'text', value: (r) => r.severity, cell: (r) => h('span', { class: 'tag ' + (r.severity === 'error' ? 'bad' : 'warn') }, t(r.severity === 'error' ? 'severityError' : 'severityWarning')) },
    { key: 'count', label: t('countOf'), type: 'count', value: (r) => r.count },
    { key: 'meaning', label: t('meaning'), type: 'text', class: 'wide', value: (r) => meaning('rule', r.rule) },
    { key: 'todo', label: t('toDo'), type: 'text', class: 'wide', value: (r) => advice('rule', r.rule) },
    { key: 'examples', label: t('examples'), type: 'text', class: 'examples', value: () => '', cell: (r) => ((r.examples || []).length ? h('details', null, h('summary', null, t('showExamples', { n: r.examples.length })), h('ul', { class: 'small' }, r.examples.map(example))) : '') },
  ];
  return part('exceptions', dataTable('exception-table', columns, report.exceptions || [], { caption: t('exceptions'), sort: null, pageSize: 50, totals: true }));
}

/** changeColumns are the columns of the changes of days. */
function changeColumns() {
  const example = (x) => h('li', null, [accountName(x.account), x.order, x.ledger_id].filter(Boolean).join(' · '), ' ', label('change', x.change), t('comma'), signedYuan(x.total), t('comma'),
    t('batches', { from: x.old_generation, to: x.new_generation }), t('comma'), chinaTime(x.at), (x.columns || []).length ? ' (' + x.columns.map((column) => label('column', column)).join(t('comma')) + ')' : '');
  const countColumn = (key) => ({ key, label: t(key), type: 'count', value: (r) => r[key] });
  return [
    countColumn('added'), countColumn('removed'), countColumn('changed'),
    fenColumn('total', 'effectTotal', (r) => r.total, { signed: true }), fenColumn('merchant', 'effectMerchant', (r) => r.merchant, { signed: true }),
    { key: 'unknown', label: t('unknownEffect'), type: 'count', value: (r) => r.unknown },
    { key: 'examples', label: t('examples'), type: 'text', class: 'examples', value: () => '', cell: (r) => ((r.examples || []).length ? h('details', null, h('summary', null, t('showExamples', { n: r.examples.length })), h('ul', { class: 'small' }, r.examples.map(example))) : '') },
  ];
}

/** closedTable has the closed days whose bills changed after, or says that there are none. */
function closedTable() {
  const closed = report.closed || [];
  const days = new Set((report.units || []).map((unit) => unit.day)).size;
  const changed = closed.filter((day) => day.added + day.removed + day.changed);
  const counts = { closed: count(closed.length), open: count(days - closed.length) };
  if (!changed.length) return h('p', { class: closed.length ? 'good' : 'note' }, t(closed.length ? 'closedClean' : 'closedNone', counts));
  const columns = [
    { key: 'day', label: t('day'), type: 'text', class: 'words', value: (d) => d.day },
    { key: 'by', label: t('closedBy'), type: 'text', class: 'words', value: (d) => d.by },
    { key: 'at', label: t('closedAt'), type: 'text', class: 'words', value: (d) => chinaTime(d.at) },
    { key: 'generation', label: t('closedBatch'), type: 'text', value: (d) => 'g' + d.generation },
    ...changeColumns(),
  ];
  return [h('p', { class: 'about' }, t('closedAbout', counts)), dataTable('closed-table', columns, changed, { caption: t('restatements'), sort: ['day', false], pageSize: 20, totals: true })];
}

function restatementTable() {
  const list = report.restatements || [];
  const columns = [{ key: 'day', label: t('day'), type: 'text', value: (r) => r.day }, ...changeColumns()];
  return part('restatements', closedTable(), h('h3', null, t('allChanges')), list.length
    ? dataTable('restatement-table', columns, list, { caption: t('allChanges'), sort: ['day', false], pageSize: 20, totals: true }) : h('p', { class: 'good' }, t('restatedNone')));
}

function signature() {
  return part('sign', h('div', { class: 'sign' }, ['prepared', 'reviewed', 'dated'].map((key) => h('div', null, t(key)))),
    facts([[t('batch'), 'g' + report.as_of.generation], [t('asOf'), chinaTime(report.as_of.published_at)], [t('run'), report.as_of.run_id], [t('made'), chinaTime(report.made_at)], [t('lake'), report.lake], [t('program'), 'billwalk ' + report.billwalk]]),
    h('p', { class: 'note' }, t('signs')));
}
