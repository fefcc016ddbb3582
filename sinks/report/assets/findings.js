'use strict';
// What is wrong with records themselves, what changed later, and who signs.

function exceptionTable() {
  const example = (x) => h('li', null, [x.day, x.account && accountName(x.account), x.order, x.ledger_id, x.settle_id].filter(Boolean).join(' · '), ' ', x.detail,
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

function restatementTable() {
  const list = report.restatements || [];
  if (!list.length) return part('restatements', h('p', { class: 'good' }, t('restatedNone')));
  const example = (x) => h('li', null, [accountName(x.account), x.order, x.ledger_id].filter(Boolean).join(' · '), ' ', label('change', x.change), t('comma'), signedYuan(x.total), t('comma'),
    t('batches', { from: x.old_generation, to: x.new_generation }), t('comma'), chinaTime(x.at), (x.columns || []).length ? ' (' + x.columns.join(', ') + ')' : '');
  const countColumn = (key) => ({ key, label: t(key), type: 'count', value: (r) => r[key] });
  const columns = [
    { key: 'day', label: t('day'), type: 'text', value: (r) => r.day },
    countColumn('added'), countColumn('removed'), countColumn('changed'),
    fenColumn('total', 'effectTotal', (r) => r.total, { signed: true }), fenColumn('merchant', 'effectMerchant', (r) => r.merchant, { signed: true }),
    { key: 'unknown', label: t('unknownEffect'), type: 'count', value: (r) => r.unknown },
    { key: 'examples', label: t('examples'), type: 'text', class: 'examples', value: () => '', cell: (r) => ((r.examples || []).length ? h('details', null, h('summary', null, t('showExamples', { n: r.examples.length })), h('ul', { class: 'small' }, r.examples.map(example))) : '') },
  ];
  return part('restatements', dataTable('restatement-table', columns, list, { caption: t('restatements'), sort: ['day', false], pageSize: 20, totals: true }));
}

function signature() {
  return part('sign', h('div', { class: 'sign' }, ['prepared', 'reviewed', 'dated'].map((key) => h('div', null, t(key)))),
    facts([[t('batch'), 'g' + report.as_of.generation], [t('asOf'), chinaTime(report.as_of.published_at)], [t('run'), report.as_of.run_id], [t('made'), chinaTime(report.made_at)], [t('lake'), report.lake], [t('program'), 'billwalk ' + report.billwalk]]),
    h('p', { class: 'note' }, t('signs')));
}
