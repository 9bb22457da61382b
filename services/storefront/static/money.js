/** Money: integer minor units in, text for people out. */

export function formatMoney(minor, currency) {
  try {
    const format = new Intl.NumberFormat("en-IE", { style: "currency", currency });
    return format.format(minor / 10 ** format.resolvedOptions().maximumFractionDigits);
  } catch {
    return `${currency} ${(minor / 100).toFixed(2)}`; // not a currency code
  }
}
