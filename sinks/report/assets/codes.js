'use strict';
// What the codes, accounts and times of the data are called.

let report;

/** gloss finds the entry of a code; what follows a colon in it is of one group. */
function gloss(kind, code) {
  return report.glossary[kind + ':' + code.split(':')[0]];
}

/** label names a code: by the glossary, else by the page's own words, else by itself. */
function label(kind, code) {
  const word = gloss(kind, code);
  return (word && say(word.label)) || (words[kind + ':' + code] ? t(kind + ':' + code) : code);
}

/** coded is a code's name, and in English the code itself below it, which is what queries and logs say. */
function coded(kind, code) {
  const name = label(kind, code);
  return language.code === 'en' && code && name !== code ? [name, h('div', { class: 'id soft' }, code)] : name;
}

/** codedText is the same in one line of text. */
function codedText(kind, code) {
  const name = label(kind, code);
  return language.code === 'en' && name !== code ? name + t('code', { code }) : name;
}

function meaning(kind, code) {
  const word = gloss(kind, code);
  return word ? say(word.meaning) : '';
}

function advice(kind, code) {
  const word = gloss(kind, code);
  return word ? say(word.advice) : '';
}

const legNames = ['legTotal', 'legFee', 'legCommission', 'legNet'];

/** reasonsOf lists an order's reasons, those last that only say which amount was not there to compare. */
function reasonsOf(order) {
  const reasons = order.reasons || [];
  const gap = (reason) => /_not_(billed|settled)$/.test(reason);
  return [...reasons.filter((reason) => !gap(reason)), ...reasons.filter(gap)];
}

/** orderAdvice says what to do about an order: by its first reason that knows, else by its verdict. */
function orderAdvice(order) {
  for (const reason of reasonsOf(order)) {
    const text = advice('reason', reason);
    if (text) return text;
  }
  return advice('verdict', order.verdict);
}

/** whyText says in words why an order is open: the cause of its difference, then its reasons. */
function whyText(order) {
  const parts = [];
  if (order.cause) parts.push(label('cause', order.cause));
  for (const reason of reasonsOf(order)) parts.push(label('reason', reason));
  return [...new Set(parts)].join(t('semicolon'));
}

/** notedText says what a person has noted of an order, and what it is worth. */
function notedText(order) {
  const { noted } = order;
  return noted ? t('notedText', { state: t('noted:' + noted.state), by: noted.by, at: chinaTime(noted.at), reason: noted.reason }) : '';
}

const accountNames = new Map();
const idEnds = new Map(); // of accounts that are called the same
const storeNames = new Map();

function indexNames() {
  for (const account of report.accounts || []) {
    const others = report.accounts.filter((other) => account.name && other.name === account.name && other.id !== account.id);
    if (others.length) idEnds.set(account.id, idEnd(account.id, others.map((other) => other.id)));
    accountNames.set(account.id, account.name || '');
  }
  for (const store of report.stores || []) if (store.name) storeNames.set(store.id, store.name);
}

/** idEnd is the end of an id, at least four digits, that none of the others has. */
function idEnd(id, others) {
  let n = 4;
  while (n < id.length && others.some((other) => other.endsWith(id.slice(-n)))) n++;
  return id.slice(-n);
}

/** accountName is what people call an account, with the end of its id where others are called the same; its id where it has no name. */
function accountName(id) {
  const name = accountNames.get(id);
  if (idEnds.has(id)) return name + t('endOfId', { end: idEnds.get(id) });
  return id ? name || id : t('noAccount');
}

function storeName(id) {
  return storeNames.get(id) || id || '';
}

/** orderName is the order's number, else its bill's, or the key of what has neither. */
function orderName(order) {
  const bill = /^bill:[^/]*\/([^/]*)\//.exec(order.key);
  return order.order || (bill ? t('billWithoutOrder', { id: bill[1] }) : order.key);
}

const clock = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Shanghai', dateStyle: 'short', timeStyle: 'medium' });

/** chinaTime writes an instant as a clock in China shows it. */
function chinaTime(instant) {
  return instant ? clock.format(new Date(instant)) : '—';
}

function rangeText() {
  return report.from === report.to ? report.from : t('to', report);
}

function stateText(state) {
  return label('state', state);
}

function negate(fen) {
  return fen === null || fen === undefined ? null : (-BigInt(fen)).toString();
}

/** verdictSum is a figure's sums of one verdict, zero if it has no groups. */
function verdictSum(figures, verdict) {
  return (figures.verdicts || []).find((v) => v.verdict === verdict) || { groups: 0, billed: '0', settled: '0', diff: '0', over: '0', short: '0' };
}

function term(figures, ...codes) {
  const found = (figures.bridge.terms || []).filter((x) => codes.includes(x.code));
  return { fen: sumFen(found.map((x) => x.fen)) || '0', groups: found.reduce((n, x) => n + x.groups, 0) };
}

/** unitWhy says why a unit is not complete. */
function unitWhy(unit) {
  return say(unit.why) || unit.reason || '';
}

function whole(unit) {
  return unit.state === 'complete' || unit.state === 'stale';
}
