'use strict';
// The first screen: is the money right, is everything there, and how do bills lead to settlements.

function masthead() {
  const { close, as_of: asOf } = report;
  const seal = h('div', { class: 'seal ' + (close.ready ? 'good' : 'bad') }, close.ready ? t('ready') : t('notReady'));
  const meta = asOf.published_at ? t('meta', { job: report.job, at: chinaTime(asOf.published_at), generation: asOf.generation }) : t('metaNone', { job: report.job });
  return [
    h('div', { class: 'masthead' },
      h('div', null, h('h1', null, t(report.from === report.to ? 'titleDay' : 'title') + ' ', h('span', { class: 'fen' }, rangeText())), h('p', { class: 'meta' }, meta)), seal),
    whyClosed(close),
  ];
}

function whyClosed(close) {
  if (close.ready) return h('div', { class: 'why clear' }, t('readyWhy'));
  return h('div', { class: 'why' }, h('strong', null, t('notReadyWhy')), h('ul', null, (close.blockers || []).map((blocker) => {
    const money = blocker.fen === null || blocker.fen === undefined ? t('aboutUnknown') : t('aboutYuan', { yuan: yuan(blocker.fen) });
    const todo = advice('blocker', blocker.code);
    return h('li', null, h('strong', null, label('blocker', blocker.code), ' × ', count(blocker.count)), t('comma'), money, todo ? [t('semicolon'), todo] : null);
  })));
}

function figures() {
  const total = report.total;
  const matched = verdictSum(total, 'matched');
  const differs = verdictSum(total, 'mismatched');
  const groups = (total.verdicts || []).filter((v) => v.verdict !== 'not_applicable').reduce((n, v) => n + v.groups, 0);
  const never = term(total, 'rule_never_answered');
  const billOnly = term(total, 'bill_only', 'rule_never_answered');
  const ofGroups = (x) => t('groups', { n: count(x.groups) });
  const settledByHand = (report.orders.resolved_list || []).filter((order) => order.verdict === 'mismatched');
  const byHand = settledByHand.length && report.orders.resolved.orders === report.orders.resolved_list.length
    ? t('ofWhichResolved', { n: count(settledByHand.length), yuan: signedYuan(sumFen(settledByHand.map((order) => order.legs[0].diff))) }) : null;
  const share = groups ? (Math.floor((matched.groups * 1000) / groups) / 10).toFixed(1) : '—';
  return h('div', { class: 'figures', role: 'group', 'aria-label': t('keyFigures') },
    figure('billed', total.bridge.forward, t('forwardRows', { n: count(forwardBills()), all: count(total.sums.bills) })),
    figure('settled', total.bridge.settled, t('groups', { n: count(total.bridge.settled_groups) })),
    figure('matchedGroups', matched.billed, t('outOf', { n: count(matched.groups), share }),
      total.doubtful.groups ? t('ofWhichDoubtful', { n: count(total.doubtful.groups), yuan: yuan(total.doubtful.billed) }) : null),
    figure('difference', differs.diff, ofGroups(differs), differs.groups ? t('overShort', { over: yuan(differs.over), short: yuan(negate(differs.short)) }) : null, byHand, true),
    figure('inFlight', negate(term(total, 'pending').fen), ofGroups(term(total, 'pending'))),
    figure('billOnly', negate(billOnly.fen), ofGroups(billOnly), never.groups ? t('ofWhichNever', { yuan: yuan(negate(never.fen)) }) : null),
    figure('settlementOnly', term(total, 'settlement_only').fen, ofGroups(term(total, 'settlement_only'))),
    figure('failedSettle', negate(term(total, 'failed').fen), ofGroups(term(total, 'failed'))));
}

/** forwardBills counts the forward bills, whether their ledger_total is known or not. */
function forwardBills() {
  const total = (report.waterfall || []).find((step) => step.code === 'ledger_total');
  return (total ? total.bills : 0) + report.total.sums.unknown_forward;
}

function figure(name, fen, ...notes) {
  const signed = notes.at(-1) === true && notes.pop();
  return h('div', { class: 'figure', 'data-figure': name }, h('span', { class: 'name' }, t(name)), h('span', { class: 'yuan' }, amount(fen, signed)),
    notes.filter(Boolean).map((note) => h('span', { class: 'n' }, note, h('br'))));
}

function completeness() {
  const units = (report.units || []).filter((unit) => unit.account); // settlements without a bill are of no account
  const absent = units.filter((unit) => !whole(unit));
  const stale = units.filter((unit) => unit.state === 'stale');
  const accounts = new Set(units.map((unit) => unit.account)).size;
  const days = new Set(units.map((unit) => unit.day)).size;
  const row = (name, text, kind) => h('tr', null, h('th', { scope: 'row' }, name), h('td', { class: kind || '' }, text));
  const table = h('table', { class: 'statement' }, h('tbody', null,
    row(t('expected'), t('unitsCount', { accounts: count(accounts), days: count(days), units: count(units.length) })),
    row(t('arrived'), t('unitsOf', { n: count(units.length - absent.length) })),
    row(t('absent'), absent.length ? t('unitsOf', { n: count(absent.length) }) + t('comma') + t('aboutUnknown') : t('none'), absent.length ? 'bad' : 'good'),
    stale.length ? row(t('staleRow'), t('unitsOf', { n: count(stale.length) }), 'warn') : null));
  return part('completeness', table, absentList(absent.concat(stale)));
}

/** absentList names who is missing and why, an account with the same reason once. */
function absentList(units) {
  if (!units.length) return h('p', { class: 'good' }, t('allThere'));
  const byReason = new Map();
  for (const unit of units) {
    const key = JSON.stringify([unit.account, unit.state, unit.reason || '']);
    byReason.set(key, (byReason.get(key) || []).concat(unit));
  }
  const groups = [...byReason.values()];
  const items = groups.slice(0, 8).map((list) => {
    const [unit] = list;
    const days = list.length > 3 ? t('daysFrom', { n: count(list.length), from: list[0].day, to: list.at(-1).day }) : list.map((u) => u.day).join(t('comma'));
    return h('li', null, h('strong', null, accountName(unit.account)), ' ', days, t('comma'), stateText(unit.state), unitWhy(unit) ? [t('comma'), unitWhy(unit)] : null);
  });
  return h('div', null, h('ul', { class: 'small' }, items), groups.length > 8 ? h('p', { class: 'note' }, t('moreUnits', { n: groups.length - 8 })) : null);
}

function billSums() {
  const { sums } = report.total;
  const notes = [['uncounted', 'notCounted'], ['unknown_direction', 'unknownDirection'], ['unknown_total', 'unknownTotal'], ['unknown_merchant', 'unknownMerchant']]
    .filter(([field]) => sums[field] > 0).map(([field, key]) => h('p', { class: 'note warn' }, t(key, { n: count(sums[field]) })));
  const absent = (report.units || []).filter((unit) => unit.account && !whole(unit)).length;
  return part('bills', h('table', { class: 'statement' }, h('tbody', null,
    line(t('forward'), sums.forward), line(t('refund'), sums.refund), line(t('other'), sums.other), line(t('net'), sums.net, 'sum'),
    line(t('merchant'), sums.merchant, 'start'))),
  h('p', { class: 'note' }, t(absent ? 'dueInAbsent' : 'dueIn', { yuan: yuan(sums.merchant), n: count(absent) }), ' ', t(report.withdrawals ? 'withdrawalsFollowed' : 'withdrawals')), notes);
}

/** line is one line of a statement: its name, how many groups where that is said, how much. */
function line(name, fen, kind, groups, counted = 'groups') {
  const number = groups === undefined ? null : h('div', { class: 'soft small' }, t(counted, { n: count(groups) }));
  return h('tr', { class: kind }, h('th', { scope: 'row' }, name), h('td', { class: 'count' }, number), h('td', { class: 'fen' }, amount(fen)));
}

function bridgeStatement() {
  const { bridge } = report.total;
  const terms = (bridge.terms || []).filter((x) => x.groups || BigInt(x.fen));
  const foots = BigInt(bridge.remainder) === 0n;
  return part('bridge', h('table', { class: 'statement' }, h('tbody', null,
    line(t('bridgeForward'), bridge.forward, 'start'),
    terms.map((x) => line(t(BigInt(x.fen) < 0n ? 'less' : 'plus', { what: label('term', x.code) }), x.fen, null, x.groups, x.code === 'matched' ? 'netOfMatched' : 'groups')),
    line(t('bridgeSettled'), bridge.settled, 'sum'),
    h('tr', { class: 'check ' + (foots ? 'good' : 'bad') }, h('th', { scope: 'row' }, t('check'), ' · ', t(foots ? 'foots' : 'doesNotFoot')), h('td', null), h('td', { class: 'fen' }, amount(bridge.remainder))))));
}
