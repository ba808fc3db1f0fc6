/** A cache that forgets what was used longest ago, with an optional lifetime for each entry. */

interface Entry<V> {
  value: V;
  expiresAt: number;
}

export interface LruOptions {
  /** Most entries kept. */
  capacity: number;
  /** Milliseconds an entry lives; for ever where it is left out. */
  lifetimeMs?: number;
  /** The clock, for tests. */
  now?: () => number;
}

export class LruCache<K, V> {
  private readonly entries = new Map<K, Entry<V>>();
  private readonly now: () => number;

  constructor(private readonly options: LruOptions) {
    if (options.capacity < 1) {
      throw new RangeError("capacity must be at least 1");
    }
    this.now = options.now ?? Date.now;
  }

  get size(): number {
    return this.entries.size;
  }

  get(key: K): V | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) {
      return undefined;
    }
    this.entries.delete(key);
    if (entry.expiresAt <= this.now()) {
      return undefined;
    }
    this.entries.set(key, entry);
    return entry.value;
  }

  set(key: K, value: V): void {
    this.entries.delete(key);
    const lifetime = this.options.lifetimeMs ?? Infinity;
    this.entries.set(key, { value, expiresAt: this.now() + lifetime });
    if (this.entries.size > this.options.capacity) {
      const oldest = this.entries.keys().next().value as K;
      this.entries.delete(oldest);
    }
  }

  /** The value of a key, computed and remembered where it is missing. */
  async getOrCompute(key: K, compute: () => Promise<V>): Promise<V> {
    const known = this.get(key);
    if (known !== undefined) {
      return known;
    }
    const value = await compute();
    this.set(key, value);
    return value;
  }

  /** Drops what has expired; returns how many entries that were. */
  prune(): number {
    let dropped = 0;
    for (const [key, entry] of this.entries) {
      if (entry.expiresAt <= this.now()) {
        this.entries.delete(key);
        dropped += 1;
      }
    }
    return dropped;
  }
}
