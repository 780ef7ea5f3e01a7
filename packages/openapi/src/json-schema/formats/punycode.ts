/** RFC 3492 §6.2: the label behind "xn--"; undefined where it does not decode. */
export function decodePunycode(encoded: string): string | undefined {
  const cut = encoded.lastIndexOf('-');
  const output: number[] = [];
  for (let i = 0; i < cut; i++) output.push(encoded.charCodeAt(i));
  let n = 128;
  let i = 0;
  let bias = 72;
  let at = cut < 0 ? 0 : cut + 1;
  if (cut === 0) return undefined;
  while (at < encoded.length) {
    const before = i;
    let weight = 1;
    for (let k = 36; ; k += 36) {
      const digit = digitOf(encoded.charCodeAt(at++));
      if (digit === undefined) return undefined;
      i += digit * weight;
      const threshold = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
      if (digit < threshold) break;
      weight *= 36 - threshold;
      if (weight > 2 ** 40) return undefined;
    }
    const length = output.length + 1;
    bias = adapt(i - before, length, before === 0);
    n += Math.floor(i / length);
    i %= length;
    if (n > 0x10ffff || (n >= 0xd800 && n <= 0xdfff)) return undefined;
    output.splice(i++, 0, n);
  }
  return String.fromCodePoint(...output);
}

/** RFC 3492 §6.3. */
export function encodePunycode(label: string): string {
  const input = Array.from(label, (char) => char.codePointAt(0)!);
  let output = input
    .filter((point) => point < 128)
    .map((p) => String.fromCharCode(p))
    .join('');
  const basic = output.length;
  let handled = basic;
  if (basic > 0) output += '-';
  let n = 128;
  let delta = 0;
  let bias = 72;
  while (handled < input.length) {
    const next = Math.min(...input.filter((point) => point >= n));
    delta += (next - n) * (handled + 1);
    n = next;
    for (const point of input) {
      if (point < n) delta++;
      if (point !== n) continue;
      let rest = delta;
      for (let k = 36; ; k += 36) {
        const threshold = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
        if (rest < threshold) break;
        output += letterOf(threshold + ((rest - threshold) % (36 - threshold)));
        rest = Math.floor((rest - threshold) / (36 - threshold));
      }
      output += letterOf(rest);
      bias = adapt(delta, handled + 1, handled === basic);
      delta = 0;
      handled++;
    }
    delta++;
    n++;
  }
  return output;
}

function adapt(given: number, length: number, isFirst: boolean): number {
  let delta = isFirst ? Math.floor(given / 700) : Math.floor(given / 2);
  delta += Math.floor(delta / length);
  let k = 0;
  for (; delta > 455; k += 36) delta = Math.floor(delta / 35);
  return k + Math.floor((36 * delta) / (delta + 38));
}

function digitOf(code: number): number | undefined {
  if (code >= 48 && code <= 57) return code - 22;
  if (code >= 65 && code <= 90) return code - 65;
  if (code >= 97 && code <= 122) return code - 97;
  return undefined;
}

const letterOf = (digit: number): string =>
  String.fromCharCode(digit < 26 ? digit + 97 : digit + 22);
