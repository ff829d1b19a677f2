// A generator of random numbers that gives the same ones for the same seed.
export class Random {
  constructor(seed) { this.state = seed >>> 0; }

  // In [0, 1).
  next() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  below(n) { return Math.floor(this.next() * n); }
  chance(p) { return this.next() < p; }
  pick(list) { return list[this.below(list.length)]; }

  // One of the keys of { key: weight }.
  weighted(weights) {
    let at = this.next() * Object.values(weights).reduce((a, b) => a + b);
    for (const [key, weight] of Object.entries(weights)) if ((at -= weight) < 0) return key;
    return Object.keys(weights)[0];
  }

  // Text that is unlike itself, so that it is not compressed away, with what JSON and UTF-8 make hard.
  text(length) {
    const hard = ['"', '\\', '\n', '\t', '\u0001', 'é', '\u2028', '😀', ',"data":', '{', '}', '[*]', '/'];
    let out = '';
    while (out.length < length) out += this.chance(0.1) ? this.pick(hard) : this.next().toString(36).slice(2);
    return out.slice(0, length).replace(/[\ud800-\udbff]$/, '');
  }

  uuid() {
    const hex = Array.from({ length: 32 }, () => this.below(16).toString(16)).join('');
    return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-4$3-8$4-$5');
  }
}
