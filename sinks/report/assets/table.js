'use strict';
// A table holds its rows as data and has one page of them in the document, so that 100,000 rows stay usable.

/** tables remembers each table's order, filter and page while the language changes. */
const tables = new Map();

/**
 * dataTable returns a table that sorts, filters and pages.
 * columns: {key, label, type: 'text'|'fen'|'count', value(row), cell(row), under(row), search(row), signed}; rows: any objects.
 * options: {sort: [key, descending], filters: [{key, label, value(row), matches(row, value), name(value)}], open(row), openLabel(row),
 *   search: bool, pageSize, totals: bool, caption, empty, rowClass(row)}
 */
function dataTable(id, columns, rows, options) {
  const state = tables.get(id) || { sort: options.sort, text: '', picked: {}, page: 0, size: options.pageSize || 20 };
  tables.set(id, state);
  const view = { id, columns, rows, options, state, shown: rows, texts: null };
  view.body = h('tbody');
  view.foot = h('tfoot');
  view.status = h('span', { role: 'status', class: 'range' });
  view.head = columns.map((column) => headCell(view, column));
  const table = h('table', { class: columns.length > 5 ? 'data cards' : 'data' }, h('caption', { class: 'unseen' }, options.caption),
    h('thead', null, h('tr', null, view.head)), view.body, view.foot);
  const root = h('div', { class: 'table', id }, toolbar(view),
    h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': options.caption }, table), pager(view));
  view.refresh = () => { select(view); draw(view); };
  root.view = view;
  view.refresh();
  return root;
}

function headCell(view, column) {
  const sort = () => {
    const { state } = view;
    const descending = state.sort && state.sort[0] === column.key ? !state.sort[1] : column.type !== 'text';
    Object.assign(state, { sort: [column.key, descending], page: 0 });
    view.refresh();
  };
  const cell = h('th', { scope: 'col', class: column.type + (column.class === 'byhand' ? ' byhand' : '') }, h('button', { type: 'button', class: 'sort', onclick: sort }, column.label),
    h('span', { class: 'onpaper', 'aria-hidden': 'true' }, column.label)); // a browser does not repeat buttons on each sheet
  cell.key = column.key;
  return cell;
}

function toolbar(view) {
  const { options, state, rows } = view;
  const controls = [];
  if (options.search) {
    const input = h('input', { type: 'search', placeholder: t('search'), 'aria-label': t('search') + ' ' + options.caption });
    input.value = state.text;
    input.addEventListener('input', () => { Object.assign(state, { text: input.value, page: 0 }); view.refresh(); });
    controls.push(input);
  }
  for (const filter of options.filters || []) {
    const picked = state.picked[filter.key] ? [state.picked[filter.key]] : [];
    const values = [...new Set([...rows.map(filter.value), ...picked])].sort();
    if (values.length < 2 && !state.picked[filter.key]) continue;
    const choices = values.map((value) => h('option', { value }, filter.name ? filter.name(value) : value));
    const picker = h('select', { 'aria-label': filter.label, 'data-filter': filter.key }, h('option', { value: '' }, t('all', { what: filter.label })), choices);
    picker.value = state.picked[filter.key] || '';
    picker.addEventListener('change', () => { state.picked[filter.key] = picker.value; state.page = 0; view.refresh(); });
    controls.push(picker);
  }
  return controls.length ? h('div', { class: 'tools' }, controls) : null;
}

function pager(view) {
  const turn = (pages) => () => { view.state.page += pages; draw(view); };
  view.first = h('button', { type: 'button', onclick: () => { view.state.page = 0; draw(view); } }, t('first'));
  view.previous = h('button', { type: 'button', onclick: turn(-1) }, t('previous'));
  view.next = h('button', { type: 'button', onclick: turn(1) }, t('next'));
  const size = h('select', { 'aria-label': t('rowsPerPage') }, [10, 20, 50, 100].map((n) => h('option', { value: n }, t('perPage', { n }))));
  size.value = view.state.size;
  size.addEventListener('change', () => { Object.assign(view.state, { size: Number(size.value), page: 0 }); draw(view); });
  view.pager = h('div', { class: 'pager' }, view.status, h('span', { class: 'turn' }, view.first, view.previous, view.next, size));
  return view.pager;
}

/** select filters and sorts the rows. */
function select(view) {
  const { state, options, columns } = view;
  const wanted = state.text.trim().toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length && !view.texts) view.texts = view.rows.map((row) => rowText(columns, row));
  const picked = (options.filters || []).filter((filter) => state.picked[filter.key]);
  view.shown = view.rows.filter((row, i) =>
    picked.every((filter) => (filter.matches ? filter.matches(row, state.picked[filter.key]) : String(filter.value(row)) === state.picked[filter.key])) && wanted.every((word) => view.texts[i].includes(word)));
  const column = state.sort && columns.find((c) => c.key === state.sort[0]);
  if (!column) return;
  const sign = state.sort[1] ? -1 : 1;
  const keyed = view.shown.map((row, i) => ({ row, i, key: sortKey(column, row) }));
  keyed.sort((a, b) => {
    if (a.key === null || b.key === null) return (a.key === null) - (b.key === null) || a.i - b.i; // unknown is last
    return a.key < b.key ? -sign : a.key > b.key ? sign : a.i - b.i;
  });
  view.shown = keyed.map((entry) => entry.row);
}

function sortKey(column, row) {
  const value = column.value(row);
  if (value === null || value === undefined) return null;
  if (column.type === 'fen') return column.byMagnitude ? absFen(value) : BigInt(value);
  return column.type === 'count' ? Number(value) : String(value);
}

function rowText(columns, row) {
  return columns.map((column) => {
    const value = column.search ? column.search(row) : column.value(row);
    return column.type === 'fen' ? yuan(value) : String(value === null || value === undefined ? '' : value);
  }).join(' ').toLowerCase();
}

/** draw puts the page of rows into the document. */
function draw(view) {
  const { state, shown, columns, options } = view;
  const last = Math.max(0, Math.ceil(shown.length / state.size) - 1);
  state.page = Math.min(Math.max(state.page, 0), last);
  const from = state.page * state.size;
  const page = shown.slice(from, from + state.size);
  view.body.replaceChildren(...page.map((row) => dataRow(view, row)));
  if (!page.length) view.body.append(h('tr', null, h('td', { colspan: columns.length, class: 'empty' }, view.rows.length ? t('noneFound') : options.empty || t('none'))));
  view.foot.replaceChildren(...(options.totals && shown.length ? [totalRow(view)] : []));
  for (const cell of view.head) {
    const sorted = state.sort && state.sort[0] === cell.key;
    if (sorted) cell.setAttribute('aria-sort', state.sort[1] ? 'descending' : 'ascending');
    else cell.removeAttribute('aria-sort');
  }
  view.status.textContent = t('range', { from: count(page.length ? from + 1 : 0), to: count(from + page.length), all: count(shown.length) }) +
    (shown.length < view.rows.length ? t('filteredFrom', { n: count(view.rows.length) }) : '');
  view.first.disabled = view.previous.disabled = state.page === 0;
  view.next.disabled = state.page === last;
  view.pager.hidden = view.rows.length <= (options.pageSize || 20);
}

function dataRow(view, row) {
  const { columns, options } = view;
  const cells = columns.map((column, i) => {
    let content = column.cell ? column.cell(row) : column.type === 'fen' ? amount(column.value(row), column.signed)
      : column.type === 'count' ? count(column.value(row)) : column.value(row);
    if (i === 0 && options.open) content = h('button', { type: 'button', class: 'open' }, content);
    const under = column.under && column.under(row);
    if (under) content = [content, h('div', { class: 'soft small' }, under)];
    return h('td', { class: [column.type, column.class].filter(Boolean).join(' '), 'data-label': column.label }, content);
  });
  const open = options.open && (() => { if (!String(getSelection())) options.open(row); });
  return h('tr', { class: [options.open ? 'opens' : '', options.rowClass ? options.rowClass(row) : ''].join(' ').trim() || null, onclick: open || null }, cells);
}

function totalRow(view) {
  return h('tr', null, view.columns.map((column, i) => {
    if (i === 0) return h('th', { scope: 'row' }, t('total'));
    if (column.noTotal || column.type === 'text') return h('td', { class: column.class === 'byhand' ? 'byhand' : 'blank' });
    if (column.type === 'count') return h('td', { class: 'count', 'data-label': column.label }, count(view.shown.reduce((sum, row) => sum + Number(column.value(row) || 0), 0)));
    return h('td', { class: 'fen', 'data-label': column.label }, amount(sumFen(view.shown.map(column.value)), column.signed));
  }));
}
