'use strict';
// Elements are built from text nodes alone: whatever an account, order or reason is called stays text.

const language = { code: 'zh' };

/** t returns a word of the page in the reader's language, with {name} replaced by what is given. */
function t(key, values) {
  const pair = words[key];
  if (!pair) return key;
  const text = pair[language.code === 'en' ? 1 : 0];
  const filled = values ? text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole)) : text;
  return values && language.code === 'en' ? filled.replace(ofOne, '1 $1') : filled;
}

/** ofOne finds English plurals of one: numbers that end in 1, signs and ranges are no one. */
const ofOne = /(?<![\d,.–-])1 (order|group|day|bill|account|account-day|settlement|withdrawal|row|store|change)s\b/g;

/** say returns a text that comes in both languages. */
function say(bilingual) {
  if (!bilingual) return '';
  return language.code === 'en' ? bilingual.en || bilingual.zh || '' : bilingual.zh || bilingual.en || '';
}

/** h makes an element: h('td', {class: 'fen', onclick: f}, 'text', node, [more]). */
function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
}

/** amount is a cell's figure; what is below zero is red as well as signed. */
function amount(fen, signed) {
  const known = fen !== null && fen !== undefined;
  return h('span', { class: known && BigInt(fen) < 0n ? 'fen negative' : 'fen', title: known ? null : t('unknown') },
    signed ? signedYuan(fen) : yuan(fen));
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return;
  } catch {
    // A browser may refuse the clipboard to a page that was opened from a folder: the old way still works there.
  }
  const area = h('textarea', { class: 'offscreen', 'aria-hidden': 'true' });
  area.value = text;
  (document.querySelector('dialog[open]') || document.body).append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}

/** copyButton copies what text() returns, and says so. */
function copyButton(label, text) {
  const status = h('span', { class: 'copied', role: 'status' });
  const button = h('button', {
    type: 'button',
    onclick: async () => {
      await copyText(text());
      status.textContent = t('copied');
      setTimeout(() => { status.textContent = ''; }, 2500);
    },
  }, label);
  return h('span', { class: 'copy' }, button, status);
}
