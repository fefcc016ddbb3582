'use strict';
// Amounts are strings of fen, or null where unknown. They are added as BigInt and never become a floating-point
// number, except for the length of a bar or the depth of a colour (see magnitude).

/** yuan formats fen as "-1,234.56"; unknown is "—". */
function yuan(fen) {
  if (fen === null || fen === undefined) return '—';
  const value = BigInt(fen);
  const digits = (value < 0n ? -value : value).toString().padStart(3, '0');
  const whole = digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ',');
  return (value < 0n ? '-' : '') + whole + '.' + digits.slice(-2);
}

/** signedYuan is yuan with a plus before what is above zero. */
function signedYuan(fen) {
  return fen !== null && fen !== undefined && BigInt(fen) > 0n ? '+' + yuan(fen) : yuan(fen);
}

/** sumFen adds what is known; of nothing known it is null. */
function sumFen(amounts) {
  let sum = null;
  for (const fen of amounts) {
    if (fen !== null && fen !== undefined) sum = (sum === null ? 0n : sum) + BigInt(fen);
  }
  return sum === null ? null : sum.toString();
}

function absFen(fen) {
  return fen === null || fen === undefined ? 0n : BigInt(fen) < 0n ? -BigInt(fen) : BigInt(fen);
}

/** magnitude is an amount as a chart draws it, in yuan; never for a figure that is read. */
function magnitude(fen) {
  return Number(BigInt(fen === null || fen === undefined ? 0 : fen)) / 100;
}

function count(n) {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ',');
}
